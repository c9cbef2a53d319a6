"""Points over OPC UA: all read in a few requests, written one by one.

Public names: OpcUaPoints, from_node, to_node.

Source: OPC 10000-4 1.05, 5.11.2 (Read) and 5.11.4 (Write); OPC 30000 (PLCopen), mapping of elementary types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaStatusCodeError

from plc.driver import PlcError
from plc.opcua_session import Security, UaSession, reason_of
from plc.point_plan import node_portions
from plc.points import Point, PointError, PointFault, PointKind, Value, encode, scaled, unscaled

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
    """One session with the server of the PLC ``name`` for its points (a PointLink); see UaSession."""

    def __init__(
        self, name: str, url: str, security: Security | None, points: Sequence[Point], timeout_ms: int = 1000
    ) -> None:
        self._session = UaSession(name, url, security, timeout_ms)
        self._points = tuple(points)
        self._nodes: dict[str, Node] = {}
        self._held: dict[str, ua.VariantType] = {}

    async def connect(self) -> None:
        await self._session.open(self._find)

    async def read(self) -> Mapping[str, Value | PointFault]:
        client, values = self._session.client, dict[str, Value | PointFault]()
        for portion in node_portions(self._points):
            nodes = [self._nodes[point.name] for point in portion]
            answers = await self._session.within(
                client.read_attributes(nodes, AttributeIds.Value), f"{len(nodes)} points"
            )
            if len(answers) != len(portion):
                await self._session.close()
                raise PlcError(f"{self._session.where}: {len(answers)} values came for {len(portion)} points")
            for point, answer in zip(portion, answers, strict=True):
                values[point.name] = from_node(point, answer)
                if answer.Value is not None:
                    self._held[point.name] = answer.Value.VariantType
        return values

    async def write(self, point: Point, value: Value) -> None:
        encode(point, value)
        kind = self._held.get(point.name)
        node = self._session.client.get_node(point.node)

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
        self._nodes = {point.name: client.get_node(point.node) for point in self._points}


def from_node(point: Point, answer: ua.DataValue) -> Value | PointFault:
    """What a node holds, as the point's value."""
    status = answer.StatusCode
    if status is not None and not status.is_good():
        return PointFault(str(status.name))
    found = answer.Value
    allowed = _TYPES[point.type.kind]
    if found is None or found.VariantType not in allowed or isinstance(found.Value, list):
        held = "nothing" if found is None else found.VariantType.name
        many = "several of " if found is not None and isinstance(found.Value, list) else ""
        return PointFault(
            f"{point.node} holds {many}{held}, {point.type} needs {' or '.join(one.name for one in allowed)}"
        )
    return _shown(point, found.Value)


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
        case float() if point.type.kind is PointKind.TIME:
            raw = round(raw)
        case _:
            pass
    try:
        return scaled(point, raw)
    except PointError as error:
        return PointFault(str(error))
