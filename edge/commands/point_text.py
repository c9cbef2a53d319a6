"""Points and the requests that read them, for people and for programs.

Public names: plan_text, plan_json, nodes_text, nodes_json, readings_text, readings_json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from edge.views.sentences import amount
from edge.views.words.table import say
from plc.point_plan import Request, node_portions
from plc.point_table import Reading
from plc.points import Endianness, Point, Value


class ReadingJson(TypedDict):
    """One point as `lanewise plc watch --json` shows it. ``age_ms`` None: never read."""

    value: Value | None
    unit: str
    quality: str
    reason: str
    age_ms: int | None


class RequestJson(TypedDict):
    """One request to a Modbus PLC as `lanewise plc plan --json` shows it."""

    table: str
    first: int
    count: int
    unused: int
    points: list[str]


class NodesJson(TypedDict):
    """One request to an OPC UA server, likewise."""

    count: int
    nodes: list[str]
    points: list[str]


def plan_text(name: str, points: Sequence[Point], requests: Sequence[Request], every_ms: int) -> Iterator[str]:
    """What is asked of a Modbus PLC, a line each request and each point in it."""
    yield _head(name, len(points), len(requests), every_ms)
    for request in requests:
        what = _many(request.count, "bit" if request.table.of_bits else "register")
        unused = f", {request.holes} of them for no point" if request.holes else ""
        yield f"  {request}: {what}{unused}"
        for point in request.points:
            yield f"    {point.where.removeprefix(f'{point.table} '):>13}  {point.name}  {_kind(point)}"


def nodes_text(name: str, points: Sequence[Point], every_ms: int) -> Iterator[str]:
    """What is asked of an OPC UA server, likewise."""
    portions = list(node_portions(points))
    yield _head(name, len(points), len(portions), every_ms)
    for portion in portions:
        yield f"  {_many(len(portion), 'node')}"
        for point in portion:
            yield f"    {point.node}  {point.name}  {_kind(point)}"


def _head(name: str, points: int, requests: int, every_ms: int) -> str:
    return f"{name}: {_many(points, 'point')} in {_many(requests, 'request')}, every {every_ms} ms"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _kind(point: Point) -> str:
    words = [str(point.type)]
    words += ["low word first"] if point.word_order is Endianness.LOW_FIRST and point.size > 1 else []
    words += ["low byte first"] if point.byte_order is Endianness.LOW_FIRST else []
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


def nodes_json(points: Sequence[Point]) -> list[NodesJson]:
    """As ``nodes_text``, for programs."""
    return [
        {
            "count": len(portion),
            "nodes": [point.node for point in portion],
            "points": [point.name for point in portion],
        }
        for portion in node_portions(points)
    ]


def readings_text(readings: Iterable[Reading], at_us: int) -> Iterator[str]:
    """Points as they are known, a line each."""
    for reading in readings:
        age = f"{(at_us - reading.read_us) / 1e6:.1f} s ago" if reading.read_us else ""
        said = f"{reading.quality}: {reading.reason}" if reading.reason else str(reading.quality)
        value = say(amount(reading.value, reading.point.unit))
        yield f"  {reading.point.name:28} {value:>20}  {age:>10}  {said}".rstrip()


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
