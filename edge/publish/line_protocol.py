"""Points as InfluxDB line protocol: one line of bytes for each point, without the line's end.

Public names: LineEncoder.

Source: InfluxDB line protocol reference (v2): elements, special characters, data types. What it cannot carry is made
to fit: control characters become spaces, a backslash in a tag becomes a slash, a number that is no number is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

from edge.publish.schema import BASE_TAGS, Measurement, SeriesPoint

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_TAG_SPECIAL = re.compile(r"[, =]")
KEEP_SERIES = 50_000
"""Series whose escaped names are kept."""


class LineEncoder:
    """Encodes the points of one controller; ``base``: values of BASE_TAGS."""

    def __init__(self, base: Sequence[str]) -> None:
        self._base = tuple(zip(BASE_TAGS, base, strict=True))
        self._series: dict[tuple[str, tuple[str, ...]], str] = {}

    def lines(self, points: Iterable[SeriesPoint]) -> list[bytes]:
        """A line for each point that has a field which line protocol can carry."""
        return [line for _, _, line in self.numbered(((0, points),))]

    def numbered(self, records: Iterable[tuple[int, Iterable[SeriesPoint]]]) -> Iterator[tuple[int, str, bytes]]:
        """The same for some records: record's number, the point's series as line protocol has it, line."""
        kept = self._series
        for seq, points in records:
            for measurement, tags, fields, time_ns in points:
                text = ""
                for name, value in fields.items():
                    if isinstance(value, int):
                        text = f"{text},{name}={value}i"
                    elif isinstance(value, str):
                        text = f'{text},{name}="{_text(value)}"'
                    elif isfinite(value):
                        text = f"{text},{name}={value!r}"
                if text:
                    series = kept.get((measurement.name, tags)) or self._name(measurement, tags)
                    yield seq, series, f"{series} {text[1:]} {time_ns}".encode()

    def _name(self, measurement: Measurement, tags: tuple[str, ...]) -> str:
        if len(self._series) >= KEEP_SERIES:
            self._series.clear()
        named = sorted((*self._base, *zip(measurement.tags, tags, strict=True)))  # sorted saves the server's time
        name = "".join([measurement.name, *(f",{tag}={_tag(value)}" for tag, value in named if value)])
        self._series[measurement.name, tags] = name
        return name


def _tag(value: str) -> str:
    return _TAG_SPECIAL.sub(r"\\\g<0>", _CONTROLS.sub(" ", value).replace("\\", "/"))


def _text(value: str) -> str:
    if not value.isprintable():
        value = _CONTROLS.sub(" ", value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return value
