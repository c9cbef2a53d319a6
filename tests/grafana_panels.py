"""What Grafana's own front-end code computes of our panels: names, texts, colours, gaps.

Public names: Judge, Asked, frames, asked, queries_of, chosen.

Frames are made as Grafana's InfluxDB data source makes them from InfluxQL: a frame for each series and column, or one
table of all. Source: Grafana 13.2, pkg/tsdb/influxdb/influxql, and `@grafana/data` 13.2.3 in Node for the rest.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from waiting import HANGS_S

from grafana.ask import Series, Span, Value, ask, filled_in
from grafana.influxql import SCOPES
from grafana.shown import ColumnShown, Json, LineShown, NumberShown, PanelPlace, PanelShown

SCRIPT = Path(__file__).with_suffix(".js")


Asked: TypeAlias = tuple[Json, list[Json], Mapping[str, str]]
"""A panel, the frames that it gets, and the variables of its title."""


class Judge:
    """`@grafana/data` in Node."""

    def __init__(self, folder: Path, node: str) -> None:
        self._command = [node, str(SCRIPT), str(folder)]

    def shown(self, asked: Sequence[Asked], now_ms: int) -> list[PanelShown]:
        """What each panel shows."""
        panels = [
            {"panel": panel, "frames": frames, "variables": variables, "ticks": []}
            for panel, frames, variables in asked
        ]
        answer = self._run({"nowMs": now_ms, "steps": [], "panels": panels})["panels"]
        return [
            PanelShown(
                panel,
                made["title"],
                made.get("none", ""),
                [NumberShown(**one) for one in made.get("texts", ())],
                [ColumnShown(**one) for one in made.get("columns", ())],
                [LineShown(**one) for one in made.get("fields", ())],
            )
            for (panel, _, _), made in zip(asked, answer, strict=True)
        ]

    def written(self, axes: Sequence[tuple[Json, Sequence[float]]]) -> list[list[str]]:
        """Numbers as the axis of a panel writes them."""
        panels = [{"panel": panel, "frames": [], "variables": {}, "ticks": list(ticks)} for panel, ticks in axes]
        return [made["ticks"] for made in self._run({"nowMs": 0, "steps": [], "panels": panels})["panels"]]

    def steps_ms(self, asked: Iterable[tuple[int, int, str]]) -> list[int]:
        """What `$__interval` is: for ranges in ms, numbers of points and shortest steps."""
        made: list[int] = self._run({"nowMs": 1_764_000_000_000, "steps": list(asked), "panels": []})["steps"]
        return made

    def _run(self, asked: Json) -> Json:
        made = subprocess.run(
            self._command, input=json.dumps(asked), capture_output=True, text=True, timeout=HANGS_S, check=False
        )
        assert not made.returncode, made.stderr
        computed: Json = json.loads(made.stdout)
        return computed


def chosen(url: str, database: str, page: Json, span: Span) -> dict[str, list[str]]:
    """The values of a page's variables: what its dropdowns offer."""
    found: dict[str, list[str]] = {}
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            answer = ask(url, database, filled_in(variable["query"], span, dict.fromkeys(SCOPES, ".*")))
            found[variable["name"]] = sorted({str(row[1]) for one in answer for row in one.rows})
    return found


def queries_of(places: Sequence[PanelPlace], span: Span, given: Mapping[str, str]) -> Iterator[tuple[Json, str]]:
    """Every panel with each of its queries, as Grafana sends them. ``given``: variables that people type in."""
    for panel, own, _, _ in places:
        for target in panel.get("targets", ()):
            yield panel, _sent(panel, target, own, span, given)


def _sent(panel: Json, target: Json, own: Mapping[str, str], span: Span, given: Mapping[str, str]) -> str:
    escaped = {name: re.sub(r"[.\\/^$*+?()|\[\]{}]", r"\\\g<0>", value) for name, value in own.items()}
    variables = {**dict.fromkeys(SCOPES, ".*"), **given, **escaped}
    return filled_in(target["query"], span, variables, span.step_s(panel["maxDataPoints"], panel["interval"]))


def asked(url: str, database: str, places: Sequence[PanelPlace], span: Span, given: Mapping[str, str]) -> list[Asked]:
    """Every panel with the frames of its queries. ``given``: variables that people type in."""
    made: list[Asked] = []
    for panel, own, _, _ in places:
        if panel["type"] == "row":
            continue
        found = [
            frame
            for target in panel["targets"]
            for frame in frames(target, ask(url, database, _sent(panel, target, own, span, given)))
        ]
        made.append((panel, found, own))
    return made


def frames(target: Json, answer: Sequence[Series]) -> list[Json]:
    """The frames of one query's answer."""
    if target["resultFormat"] == "table":
        return [_table(answer)] if answer else []
    return [
        _series(target, series, at)
        for series in answer
        for at, column in enumerate(series.columns)
        if column != "time" and series.rows
    ]


def _series(target: Json, series: Series, at: int) -> Json:
    def named(found: re.Match[str]) -> str:
        name = found[1]
        return series.columns[at] if name == "col" else series.tags.get(name.removeprefix("tag_"), found[0])

    tags = " ".join(f"{tag}: {value}" for tag, value in series.tags.items())
    name = f"{series.name}.{series.columns[at]}" + (f" {{ {tags} }}" if tags else "")
    if target["alias"]:
        name = re.sub(r"\$(\w+)", named, target["alias"])
    times = {"name": "Time", "type": "time", "config": {}, "values": [row[0] for row in series.rows]}
    values = {
        "name": "Value",
        "type": "number",
        "labels": dict(series.tags),
        "config": {"displayNameFromDS": name},
        "values": [row[at] for row in series.rows],
    }
    return {"name": name, "refId": target["refId"], "fields": [times, values]}


def _table(answer: Sequence[Series]) -> Json:
    first = answer[0]
    columns: dict[str, list[Value]] = {"Time": [row[0] for series in answer for row in series.rows]}
    for tag in first.tags:
        columns[tag] = [series.tags[tag] for series in answer for _ in series.rows]
    for at, name in enumerate(first.columns[1:], start=1):
        columns[name] = [row[at] for series in answer for row in series.rows]
    fields = [
        {"name": name, "type": "time" if name == "Time" else _type(values), "config": {}, "values": values}
        for name, values in columns.items()
    ]
    return {"name": first.name, "fields": fields}


def _type(values: Sequence[Value]) -> str:
    known = next((value for value in values if value is not None), 0.0)
    return "string" if isinstance(known, str) else "number"
