"""Which metrics of Sparkplug B a journal's records become: the controller is a node, each line a device.

Public names: SparkplugMetrics, Metric, MetricType, Change, NODE.

Pure. What metrics there are follows from the configuration alone, so that a birth can name all of them; one that was
never told is null.
Source: Sparkplug 3.0.0, 6.4.16 (data types).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from edge.core.events import AlarmChanged, Event, Journaled, OrderShipped, Sorted, ToteChecked
from edge.core.values.layout import LineLayout
from edge.publish import schema
from edge.publish.line_states import LineStates
from edge.publish.topics import COUNTED, AlarmNow, DeviceNow, Figures, LaneNow, Numbers, PointNow
from plc.points import PointKind

NODE = ""
"""Stands for the node where a device's name stands."""
MetricValue = int | float | bool | str | None


class MetricType(IntEnum):
    """Data types, by their numbers on the wire."""

    INT64 = 4
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13


class Metric(NamedTuple):
    """One value of one metric. ``value`` None: null; of a DATE_TIME microseconds since 1970 UTC."""

    name: str
    kind: MetricType
    value: MetricValue
    at_us: int


class Change(NamedTuple):
    """What a record changes on a device, or on the node."""

    device: str
    metrics: tuple[Metric, ...]


_SORTED = {
    "Order": MetricType.STRING,
    "Subject": MetricType.STRING,
    "Outcome": MetricType.STRING,
    "Lane": MetricType.INT64,
}
_TOTE = {
    "Order": MetricType.STRING,
    "Tote": MetricType.STRING,
    "Verified": MetricType.BOOLEAN,
    "Findings": MetricType.INT64,
}
_SHIPPED = {"Order": MetricType.STRING, "Parcel": MetricType.STRING, "Lane": MetricType.INT64}
_NUMBERS = {"plc": schema.PLC, "controller": schema.CONTROLLER}
_POINTS = {PointKind.BOOL: MetricType.BOOLEAN, PointKind.STRING: MetricType.STRING}
"""All others are numbers, which a scale may have made."""
_KINDS = {
    schema.FieldKind.INTEGER: MetricType.INT64,
    schema.FieldKind.FLOAT: MetricType.DOUBLE,
    schema.FieldKind.TEXT: MetricType.STRING,
}


class SparkplugMetrics:
    """Give it every record of one controller once, in order.

    ``devices``: the controller's as `edge.core.events.DeviceChanged` names them; ``alarms``: all that it has;
    ``points``: of its PLCs, by PLC and name.
    """

    def __init__(
        self,
        layouts: Iterable[LineLayout],
        devices: Iterable[str],
        alarms: Iterable[AlarmChanged],
        points: Mapping[tuple[str, str], PointKind] | None = None,
    ) -> None:
        layouts = tuple(layouts)
        self._states = LineStates(layouts)
        self.kinds: dict[str, dict[str, MetricType]] = {NODE: {}, **{layout.name: {} for layout in layouts}}
        for layout in layouts:
            its = self.kinds[layout.name]
            for lane in layout.lanes:
                its[f"Lanes/{lane.number}/Full"] = its[f"Lanes/{lane.number}/Disabled"] = MetricType.BOOLEAN
            its |= {f"Counts/{name}": MetricType.INT64 for name in COUNTED} | {"Counts/from": MetricType.DATE_TIME}
            for group, names in (("Sorted", _SORTED), ("Tote", _TOTE), ("Shipped", _SHIPPED)):
                its |= {f"{group}/{name}": kind for name, kind in names.items()}
        node = self.kinds[NODE]
        for device in (*devices, "site-store", "journal", "controller"):
            measurement = _NUMBERS.get(device.partition(".")[0])
            for one in measurement.fields if measurement else ():
                node[f"Devices/{device}/{one.name}"] = _KINDS[one.kind]
            if device != "controller":
                node |= {f"Devices/{device}/Up": MetricType.BOOLEAN, f"Devices/{device}/Reason": MetricType.STRING}
        for (plc, point), kind in (points or {}).items():
            node[f"Points/{plc}/{point}"] = _POINTS.get(kind, MetricType.DOUBLE)
        for alarm in alarms:
            its = self.kinds.get(alarm.line, node)
            its |= {
                f"Alarms/{alarm.alarm}/State": MetricType.STRING,
                f"Alarms/{alarm.alarm}/Active": MetricType.BOOLEAN,
            }

    def take(self, record_id: str, value: Journaled | Event) -> list[Change]:
        """What a record changes, in order; metrics that the birth does not name are left out."""
        changes = []
        for device, told in self._told(record_id, value):
            kinds = self.kinds.get(device, {})
            metrics = tuple(
                Metric(
                    name,
                    kinds[name],
                    float(its) if kinds[name] is MetricType.DOUBLE and its is not None else its,
                    value.at_us,
                )
                for name, its in told.items()
                if name in kinds
            )
            if metrics:
                changes.append(Change(device, metrics))
        return changes

    def _told(self, record_id: str, value: Journaled | Event) -> Iterator[tuple[str, dict[str, MetricValue]]]:
        for _, now in self._states.take(record_id, value):
            match now:
                case LaneNow(line=line, lane=lane):
                    yield line, {f"Lanes/{lane}/Full": now.full, f"Lanes/{lane}/Disabled": now.disabled}
                case AlarmNow(alarm=alarm):
                    device = now.line if now.line in self.kinds else NODE
                    yield device, {f"Alarms/{alarm}/State": now.state.value, f"Alarms/{alarm}/Active": now.active}
                case DeviceNow(device=device):
                    yield NODE, {f"Devices/{device}/Up": now.up, f"Devices/{device}/Reason": now.reason}
                case PointNow(plc=plc, point=point):
                    yield NODE, {f"Points/{plc}/{point}": now.value}
                case Figures(line=line):
                    counts = {f"Counts/{name}": count for name, count in now.counts.items()}
                    yield line, {**counts, "Counts/from": now.from_us}
                case Numbers(device=device):
                    yield NODE, {f"Devices/{device}/{name}": _whole(number) for name, number in now.values.items()}
                case _:
                    pass
        match value:
            case Sorted():
                told: dict[str, MetricValue] = {
                    "Order": value.order,
                    "Subject": value.subject,
                    "Outcome": value.outcome.value,
                }
                yield value.line, {f"Sorted/{name}": its for name, its in {**told, "Lane": value.lane}.items()}
            case ToteChecked(final=True):
                told = {"Order": value.order, "Tote": value.tote}
                counted = {"Verified": value.verified, "Findings": len(value.findings)}
                yield value.line, {f"Tote/{name}": its for name, its in {**told, **counted}.items()}
            case OrderShipped():
                told = {"Order": value.order, "Parcel": value.parcel}
                yield value.line, {f"Shipped/{name}": its for name, its in {**told, "Lane": value.lane}.items()}
            case _:
                pass


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number
