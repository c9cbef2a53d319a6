"""Panels as they are shown: where each stands once it is repeated, and what Grafana's own code makes of its answers.

Public names: PanelPlace, placed, NumberShown, ColumnShown, LineShown, PanelShown, Json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from grafana.ask import Value

Json: TypeAlias = dict[str, Any]


class PanelPlace(NamedTuple):
    """A panel or heading with the variables that are its own, and where it stands: x of 24, y in rows."""

    panel: Json
    variables: dict[str, str]
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class NumberShown:
    """A number of a panel: what stands over it, itself with its unit, its colour."""

    title: str
    text: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShown:
    """A column of a table. ``width`` in pixels, 0 = its share of what is left; ``bar``: its numbers are drawn."""

    name: str
    type: str
    width: int
    linked: bool
    bar: bool
    values: list[Value]
    texts: list[str]
    colors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """A line or band over time. ``values``: None = nothing is drawn there. ``legend``: what stands beside its name."""

    name: str
    times: list[float]
    values: list[Value]
    unit: str
    color: str
    dash: list[float]
    legend: list[str]
    states: list[str]


@dataclass(frozen=True, slots=True)
class PanelShown:
    """A panel as it is shown. ``none``: what it says when it has nothing."""

    panel: Json
    title: str
    none: str
    texts: list[NumberShown]
    columns: list[ColumnShown]
    lines: list[LineShown]


def placed(panels: Sequence[Json], values: Mapping[str, Sequence[str]]) -> list[PanelPlace]:
    """Every panel of a page where it stands, repeated for the values of its variable, or with its heading."""
    made: list[PanelPlace] = []
    down = 0
    for block in _blocks(panels):
        top = block[0]["gridPos"]["y"]
        below = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in block)
        name = block[0].get("repeat", "") if block[0]["type"] == "row" else ""
        for value in values.get(name, [""]):
            own = {name: value} if name else {}
            more = 0
            for panel in block:
                more += _put(made, panel, own, down + more, values)
            down += below - top + more
        down -= below - top
    return made


def _put(
    made: list[PanelPlace], panel: Json, own: Mapping[str, str], down: int, values: Mapping[str, Sequence[str]]
) -> int:
    """Adds a panel as often as it is repeated. Returns by how many rows that moves what is below."""
    place, name = panel["gridPos"], panel.get("repeat", "") if panel["type"] != "row" else ""
    if not name:
        made.append(PanelPlace(panel, dict(own), place["x"], place["y"] + down))
        return 0
    across: int = panel["maxPerRow"]
    found = values.get(name, [""])
    for at, value in enumerate(found):
        x, y = at % across * place["w"], place["y"] + down + at // across * place["h"]
        made.append(PanelPlace(panel, {**own, name: value}, x, y))
    height: int = place["h"]
    return max(0, len(found) - 1) // across * height


def _blocks(panels: Sequence[Json]) -> Iterator[list[Json]]:
    """A heading with what is under it, one after the other."""
    block: list[Json] = []
    for panel in panels:
        if panel["type"] == "row" and block:
            yield block
            block = []
        block.append(panel)
    yield block
