"""Asks InfluxDB what a page would ask: Grafana's macros and variables put in, the answer as series.

Public names: Span, Series, ask, filled_in.

Source: Grafana, InfluxDB data source, InfluxQL: `$timeFilter`, `$__interval`,
`$__interval_ms`, `$__range_s`, `${__to}`, `${name}`, `${name:regex}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

Value: TypeAlias = float | int | str | None
_ROUND_S = (
    (15, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900), (1500, 1200),
    (2700, 1800), (5400, 3600), (9000, 7200), (16_200, 10_800), (32_400, 21_600), (86_400, 43_200),
)  # fmt: skip
"""Below which length of a step Grafana takes which."""
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Span:
    """The chosen time, in milliseconds since 1970."""

    from_ms: int
    to_ms: int

    def step_s(self, points: int = 200, least: str = "30s") -> int:
        """What `$__interval` is in a panel of so many points whose shortest step is given."""
        wanted = (self.to_ms - self.from_ms) / 1000 / points
        return max(
            int(least[:-1]) * _UNITS[least[-1]], next((step for below, step in _ROUND_S if wanted < below), 86_400)
        )


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer. ``rows``: a value for each column; the first column is `time` in milliseconds."""

    name: str
    tags: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def filled_in(query: str, span: Span, variables: Mapping[str, str], step_s: int = 30) -> str:
    """The query as the data source sends it. A variable that is not given stays as it is."""
    text = query.replace("$timeFilter", f"time >= {span.from_ms}ms and time <= {span.to_ms}ms")
    text = text.replace("$__interval_ms", str(step_s * 1000)).replace("$__interval", f"{step_s}s")
    text = text.replace("$__range_s", str((span.to_ms - span.from_ms) // 1000))
    given = {**variables, "__to": str(span.to_ms)}
    return re.sub(r"\$\{(\w+)(?::regex)?\}", lambda found: given.get(found[1], found[0]), text)


def ask(url: str, database: str, query: str) -> list[Series]:
    """The answer of an InfluxDB 1.x at ``url``. Raises ValueError with the server's words when it refuses the query."""
    asked = urlencode({"db": database, "epoch": "ms", "q": query})
    try:
        with urlopen(f"{url}/query?{asked}", timeout=30) as answer:  # noqa: S310  an address of ours
            result = json.load(answer)["results"][0]
    except HTTPError as error:
        raise ValueError(f"{query}: {error.read().decode()}") from None
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
