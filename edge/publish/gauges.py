"""Numbers of what lives, as points: devices, lines and the controller every 10 s, the order flow every minute.

Public names: measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge.core.events import Measured
from edge.publish import schema
from edge.publish.schema import FieldKind, FieldValue, Measurement

_GAUGES: dict[str, Measurement] = {"plc": schema.PLC, "reader": schema.READER, "line": schema.LINE, "dock": schema.DOCK}

_Made = Iterator[tuple[Measurement, tuple[str, ...], dict[str, FieldValue]]]


def measured(value: Measured) -> _Made:
    """``plc.``, ``reader.``, ``line.`` and ``dock.NAME`` have a measurement each, as ``site.NAME`` and ``kpi.NAME``;
    all else is the controller's own.

    A name with a dot belongs to a part: ``reads.2`` and ``rssi_dbm.2`` to antenna 2, ``lane.3`` to lane 3 (bit 0 =
    full, bit 1 = disabled), ``backlog.NAME`` to a follower, ``alarm.NAME`` to an alarm that is active.
    """
    group, _, name = value.device.partition(".")
    if group in ("site", "kpi"):
        yield from _of_site(group, name, value.values)
        return
    whole: dict[str, FieldValue] = {}
    antennas: dict[str, dict[str, FieldValue]] = {}
    measurement = _GAUGES.get(group, schema.CONTROLLER)
    if measurement is schema.DOCK:
        yield measurement, (name, ""), {key: int(number) for key, number in value.values}
        return
    for key, number in value.values:
        what, dot, part = key.partition(".")
        if not dot:
            _take(whole, measurement, key, number)
        elif what == "lane":
            bits = int(number)
            yield schema.LANE, (name, part), {"full": bits & 1, "disabled": bits >> 1 & 1}
        elif what == "backlog":
            yield schema.BACKLOG, (part,), {"records": int(number)}
        elif what == "alarm":
            yield schema.ALARM_ACTIVE, (part, part.partition(".")[0]), {"active_us": int(number)}
        else:
            _take(antennas.setdefault(part, {}), schema.ANTENNA, what, number)
    if whole:
        yield measurement, (name,) if measurement.tags else (), whole
    for antenna, fields in antennas.items():
        if fields:
            yield schema.ANTENNA, (name, antenna), fields


_OF_SITE: dict[str, Measurement] = {
    "flow": schema.ORDER_FLOW,
    "holds": schema.ORDER_HOLD,
    "pickups": schema.PICKUP,
    "late": schema.LATE_FORECAST,
}


def _of_site(group: str, name: str, values: Iterable[tuple[str, float]]) -> _Made:
    """A point for each part: ``orders.held`` of stage `held`, ``open.SF/express`` of a carrier's service,
    ``value.carrier:SF`` of a key figure's dimension and member.
    """
    measurement = schema.KPI if group == "kpi" else _OF_SITE.get(name)
    if measurement is None:
        return
    parts: dict[str, dict[str, FieldValue]] = {}
    for key, number in values:
        what, _, part = key.partition(".")
        _take(parts.setdefault(part, {}), measurement, what, number)
    for part, fields in parts.items():
        tags: tuple[str, ...] = (part,)
        if measurement is schema.KPI:
            dimension, _, member = part.partition(":")
            tags = (name, dimension, member)
        elif measurement is schema.PICKUP:
            carrier, _, service = part.partition("/")
            tags = (carrier, service)
        if fields:
            yield measurement, tags, fields


_NUMBERS = {
    measurement.name: {field.name: field.kind for field in measurement.fields if field.kind is not FieldKind.TEXT}
    for measurement in schema.MEASUREMENTS.values()
}


def _take(fields: dict[str, FieldValue], measurement: Measurement, name: str, number: float) -> None:
    """Adds a number under a name of the schema; others are of another version, and left out."""
    kind = _NUMBERS[measurement.name].get(name)
    if kind is not None:
        fields[name] = int(number) if kind is FieldKind.INTEGER else float(number)
