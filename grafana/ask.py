"""Asks InfluxDB what a page would ask: Grafana's macros and variables put in, the answer as series.

Public names: Span, Series, ask, filled_in.

Source: Grafana, InfluxDB data source, InfluxQL: `$timeFilter`, `$__interval`, `$__range_s`, `${name}`, `${name:regex}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode
from urllib.request import urlopen

Value: TypeAlias = float | int | str | None
STEPS_S = (10, 30, 60, 120, 300, 600, 1800, 3600)
POINTS = 160
"""About as many points as a panel is wide enough for."""


@dataclass(frozen=True, slots=True)
class Span:
    """The chosen time, in milliseconds since 1970."""

    from_ms: int
    to_ms: int

    @property
    def interval_s(self) -> int:
        """What `$__interval` is: the shortest step that gives no more than POINTS, 10 s at least."""
        least = (self.to_ms - self.from_ms) / 1000 / POINTS
        return next((step for step in STEPS_S if step >= least), STEPS_S[-1])


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer. ``rows``: a value for each column; the first column is `time` in milliseconds."""

    name: str
    tags: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def filled_in(query: str, span: Span, variables: Mapping[str, str]) -> str:
    """The query as the data source sends it. A variable that is not given stays as it is."""
    text = query.replace("$timeFilter", f"time >= {span.from_ms}ms and time <= {span.to_ms}ms")
    text = text.replace("$__interval", f"{span.interval_s}s")
    text = text.replace("$__range_s", str((span.to_ms - span.from_ms) // 1000))
    return re.sub(r"\$\{(\w+)(?::regex)?\}", lambda found: variables.get(found[1], found[0]), text)


def ask(url: str, database: str, query: str) -> list[Series]:
    """The answer of an InfluxDB 1.x at ``url``. Raises ValueError with the server's words when it refuses the query."""
    asked = urlencode({"db": database, "epoch": "ms", "q": query})
    with urlopen(f"{url}/query?{asked}", timeout=30) as answer:  # noqa: S310  an address of ours
        result = json.load(answer)["results"][0]
    if "error" in result:
        raise ValueError(f"{query}: {result['error']}")
    return [
        Series(
            one.get("name", ""),
            one.get("tags", {}),
            tuple(one["columns"]),
            tuple(tuple(row) for row in one.get("values", ())),
        )
        for one in result.get("series", ())
    ]
