"""Points and the requests that read them, for people and for programs.

Public names: plan_text, plan_json, readings_text, readings_json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from edge.sentences import amount
from plc.point_plan import Request
from plc.point_table import Reading
from plc.points import Order, Point, Value


class ReadingJson(TypedDict):
    """One point as `lanewise plc watch --json` shows it. ``age_ms`` None: never read."""

    value: Value | None
    unit: str
    quality: str
    reason: str
    age_ms: int | None


class RequestJson(TypedDict):
    """One request as `lanewise plc plan --json` shows it."""

    table: str
    first: int
    count: int
    unused: int
    points: list[str]


def plan_text(name: str, points: Sequence[Point], requests: Sequence[Request], every_ms: int) -> Iterator[str]:
    """What is asked of a Modbus PLC, a line each request and each point in it."""
    yield f"{name}: {len(points)} points in {len(requests)} requests, every {every_ms} ms"
    for request in requests:
        what = ("bit" if request.table.of_bits else "register") + "s" * (request.count > 1)
        unused = f", {request.holes} of them for no point" if request.holes else ""
        yield f"  {request}: {request.count} {what}{unused}"
        for point in request.points:
            yield f"    {point.where.removeprefix(f'{point.table} '):>13}  {point.name}  {_kind(point)}"


def _kind(point: Point) -> str:
    words = [str(point.type)]
    words += ["low word first"] if point.word_order is Order.LOW_FIRST and point.size > 1 else []
    words += ["low byte first"] if point.byte_order is Order.LOW_FIRST else []
    words += [f"x {point.scale:g}"] if point.scale != 1 else []
    words += [f"{point.offset:+g}"] if point.offset else []
    words += [point.unit] if point.unit else []
    words += ["writable"] if point.writable else []
    return " ".join(words)


def plan_json(requests: Iterable[Request]) -> list[RequestJson]:
    """As ``plan_text``, for programs."""
    return [
        {
            "table": str(request.table),
            "first": request.first,
            "count": request.count,
            "unused": request.holes,
            "points": [point.name for point in request.points],
        }
        for request in requests
    ]


def readings_text(readings: Iterable[Reading], at_us: int) -> Iterator[str]:
    """Points as they are known, a line each."""
    for reading in readings:
        age = f"{(at_us - reading.read_us) / 1e6:.1f} s ago" if reading.read_us else ""
        said = f"{reading.quality}: {reading.reason}" if reading.reason else str(reading.quality)
        yield f"  {reading.point.name:28} {amount(reading.value, reading.point.unit):>20}  {age:>10}  {said}".rstrip()


def readings_json(readings: Iterable[Reading], at_us: int) -> dict[str, ReadingJson]:
    """As ``readings_text``, for programs."""
    return {
        reading.point.name: {
            "value": reading.value,
            "unit": reading.point.unit,
            "quality": str(reading.quality),
            "reason": reading.reason,
            "age_ms": (at_us - reading.read_us) // 1000 if reading.read_us else None,
        }
        for reading in readings
    }
