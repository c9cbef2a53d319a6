"""Points over OPC UA: all read in as few requests as the server takes, written one by one.

Public names: OpcUaPoints, from_node, to_node.

Source: OPC 10000-4 1.05, 5.11.2 (Read) and 5.11.4 (Write); OPC 30000 (PLCopen), mapping of elementary types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.uaerrors import UaStatusCodeError

from plc.driver import PlcError
from plc.opcua_reads import NodeReads
from plc.opcua_session import Security, UaSession, reason_of
from plc.point_plan import NODES_MOST
from plc.points import Point, PointError, PointFault, PointFound, PointKind, Uncertain, Value, encode, scaled, unscaled

_TYPES: dict[PointKind, tuple[ua.VariantType, ...]] = {
    PointKind.BOOL: (ua.VariantType.Boolean,),
    PointKind.SINT: (ua.VariantType.SByte,),
    PointKind.USINT: (ua.VariantType.Byte,),
    PointKind.BYTE: (ua.VariantType.Byte,),
    PointKind.INT: (ua.VariantType.Int16,),
    PointKind.UINT: (ua.VariantType.UInt16,),
    PointKind.WORD: (ua.VariantType.UInt16,),
    PointKind.DINT: (ua.VariantType.Int32,),
    PointKind.UDINT: (ua.VariantType.UInt32,),
    PointKind.DWORD: (ua.VariantType.UInt32,),
    PointKind.LINT: (ua.VariantType.Int64,),
    PointKind.ULINT: (ua.VariantType.UInt64,),
    PointKind.LWORD: (ua.VariantType.UInt64,),
    PointKind.REAL: (ua.VariantType.Float,),
    PointKind.LREAL: (ua.VariantType.Double,),
    PointKind.STRING: (ua.VariantType.String,),
    PointKind.TIME: (ua.VariantType.Double, ua.VariantType.Int32, ua.VariantType.Int64),
    PointKind.DATE_AND_TIME: (ua.VariantType.DateTime, ua.VariantType.UInt32),
}
"""What a server may hold for each type, the standard's mapping first."""


class OpcUaPoints:
    """One session with the server of the PLC ``name`` for its points (a PointLink); see UaSession.

    A point whose node id this server cannot have is a PointFault of its own, like one whose node it refuses.
    """

    def __init__(
        self,
        name: str,
        url: str,
        security: Security | None,
        points: Sequence[Point],
        timeout_ms: int = 1000,
        idle_ms: int = 0,
    ) -> None:
        self._session = UaSession(name, url, security, timeout_ms, idle_ms=idle_ms)
        self._points = tuple(points)
        self._reads = NodeReads(self._session, NODES_MOST)
        self._nodes: dict[str, Node] = {}
        self._nowhere: dict[str, PointFault] = {}
        self._held: dict[str, ua.VariantType] = {}

    async def connect(self) -> None:
        await self._session.open(self._find)

    async def read(self) -> Mapping[str, PointFound]:
        values: dict[str, PointFound] = dict(self._nowhere)
        found = [point for point in self._points if point.name in self._nodes]
        for point, answer in zip(found, await self._reads.read(), strict=True):
            values[point.name] = from_node(point, answer)
            if answer.Value is not None:
                self._held[point.name] = answer.Value.VariantType
        return values

    async def write(self, point: Point, value: Value) -> None:
        encode(point, value)
        kind = self._held.get(point.name)
        if not self._session.is_open:
            raise PlcError(f"{self._session.where}: not connected")
        if (nowhere := self._nowhere.get(point.name)) is not None:
            raise PointError(f"{point.name}: {nowhere.reason}")
        node = self._nodes[point.name]

        async def attempt() -> str:
            try:
                await node.write_value(ua.DataValue(to_node(point, value, kind)))
            except UaStatusCodeError as error:
                return reason_of(error)
            return ""

        trouble = await self._session.within(attempt(), point.name)
        if trouble:
            raise PointError(f"{point.name}: {point.where}: {trouble}")

    async def close(self) -> None:
        await self._session.close()

    async def _find(self, client: Client) -> None:
        self._nodes, self._nowhere = {}, {}
        for point in self._points:
            try:
                self._nodes[point.name] = await self._session.node(point.node)
            except ValueError as error:
                self._nowhere[point.name] = PointFault(str(error))
        await self._reads.begin(client, [node.nodeid for node in self._nodes.values()])


def from_node(point: Point, answer: ua.DataValue) -> PointFound:
    """What a node holds, as the point's value."""
    status = answer.StatusCode
    if status is not None and status.is_bad():
        return PointFault(str(status.name))
    found = answer.Value
    allowed = _TYPES[point.type.kind]
    if status is not None and not status.is_good() and (found is None or found.Value is None):
        return PointFault(str(status.name))
    if found is None or found.VariantType not in allowed or isinstance(found.Value, list):
        held = "nothing" if found is None else found.VariantType.name
        many = "several of " if found is not None and isinstance(found.Value, list) else ""
        return PointFault(
            f"{point.node} holds {many}{held}, {point.type} needs {' or '.join(one.name for one in allowed)}"
        )
    value = _shown(point, found.Value)
    if status is None or status.is_good() or isinstance(value, PointFault):
        return value
    return Uncertain(value, str(status.name))


def to_node(point: Point, value: Value, kind: ua.VariantType | None = None) -> ua.Variant:
    """The value as a node holds it; ``kind`` None: as the standard maps the point's type."""
    kind = kind if kind in _TYPES[point.type.kind] else _TYPES[point.type.kind][0]
    if isinstance(value, bool | str):
        return ua.Variant(value, kind)
    raw = unscaled(point, value)
    if kind is ua.VariantType.DateTime:
        return ua.Variant(datetime.fromtimestamp(raw, UTC), kind)
    return ua.Variant(float(raw) if kind in (ua.VariantType.Double, ua.VariantType.Float) else raw, kind)


def _shown(point: Point, raw: Any) -> Value | PointFault:
    """A node's value as the point's; OPC UA has text of any length, and None for an empty one."""
    match raw:
        case None:
            return ""
        case bool() | str():
            return raw
        case datetime():
            raw = int(raw.replace(tzinfo=raw.tzinfo or UTC).timestamp())
        case float() if point.type.kind is PointKind.TIME and isfinite(raw):
            raw = round(raw)
        case _:
            pass
    try:
        return scaled(point, raw)
    except PointError as error:
        return PointFault(str(error))
