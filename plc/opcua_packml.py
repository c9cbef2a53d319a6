"""A machine's PackML object on an OPC UA server: its state, mode, speed and counts, read together.

Public names: PackmlObject, status_of.

Source: OPC 30050 PackML 1.01, 6.2 (PackMLBaseObjectType), 6.3 (status), 6.4 (admin), 6.5 (state machines, one within
the other); a count is a PackMLCountDataType, whose last two fields are Count and AccCount, Int32 each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from struct import Struct
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.uaerrors import UaError

from plc.driver import PlcError
from plc.opcua_reads import NodeReads
from plc.opcua_session import Security, UaSession
from plc.packml import PackmlState, PackmlStatus

PACKML_URI = "http://opcfoundation.org/UA/PackML/"
_COUNTS = Struct("<ii")
_STATES = ("", "MachineState", "MachineState/ExecuteState")
"""State machines within BaseStateMachine, the innermost active one tells."""
_OTHERS = {
    "mode": "Status/UnitModeCurrent",
    "speed": "Status/CurMachSpeed",
    "processed": "Admin/ProdProcessedCount",
    "defective": "Admin/ProdDefectiveCount",
}
_BY_NAME = {state.name: state for state in PackmlState} | {"COMPLETE": PackmlState.COMPLETED}


class PackmlObject:
    """The object ``node`` (``ns=4;s=machine``) of the PLC ``name``; see UaSession. Faults are PlcError."""

    def __init__(
        self, name: str, url: str, node: str, security: Security | None, timeout_ms: int = 1000, idle_ms: int = 0
    ) -> None:
        self._session = UaSession(name, url, security, timeout_ms, idle_ms=idle_ms)
        self._node = node
        self._found: tuple[str, ...] = ()
        self._reads = NodeReads(self._session, len(tuple(_paths())))

    async def connect(self) -> None:
        """Opens a session and finds what the object has; only the states are needed."""
        await self._session.open(self._prepare)

    async def read(self) -> PackmlStatus:
        """How the machine stands now."""
        got = await self._reads.read()
        values = {
            what: value.Value.Value
            for what, value in zip(self._found, got, strict=True)
            if value.Value is not None and value.StatusCode is not None and value.StatusCode.is_good()
        }
        return status_of(values)

    async def close(self) -> None:
        """Ends the session."""
        await self._session.close()

    async def _prepare(self, client: Client) -> None:
        namespaces = await client.get_namespace_array()
        if PACKML_URI not in namespaces:
            raise PlcError(f"{self._session.where}: the server knows no PackML ({PACKML_URI})")
        place = namespaces.index(PACKML_URI)
        machine = await self._session.node(self._node)
        nodes: dict[str, Node] = {}
        for what, path in _paths():
            steps = [f"{0 if step == 'CurrentState' else place}:{step}" for step in path.split("/")]
            try:
                nodes[what] = await machine.get_child(steps)
            except UaError:
                if what == _STATES[0]:
                    raise PlcError(f"{self._session.where}: {self._node}: has no {path}: no PackML object") from None
        self._found = tuple(nodes)
        await self._reads.begin(client, [node.nodeid for node in nodes.values()])


def status_of(values: Mapping[str, Any]) -> PackmlStatus:
    """How a machine stands, by what its nodes hold: ``""``, ``MachineState`` and so on, ``mode``, ``speed``, counts."""
    return PackmlStatus(
        state=_innermost(values),
        mode=int(_number(values.get("mode"))),
        processed=_count(values.get("processed")),
        defective=_count(values.get("defective")),
        speed=_speed(values.get("speed")),
    )


def _paths() -> Iterator[tuple[str, str]]:
    for inner in _STATES:
        yield inner, "/".join(filter(None, ("BaseStateMachine", inner, "CurrentState")))
    yield from _OTHERS.items()


def _innermost(values: Mapping[str, Any]) -> int:
    """The state's number; 0 where no machine tells one that the standard knows."""
    state = 0
    for machine in _STATES:
        text = getattr(values.get(machine), "Text", None) or ""
        state = int(_BY_NAME.get(text.upper(), state))
    return state


def _number(value: Any) -> int | float:
    """0 = not told, or something else than a number."""
    return value if isinstance(value, int | float) and isfinite(value) else 0


def _speed(value: Any) -> float | None:
    """None = not told, or something else than a number."""
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def _count(value: Any) -> int:
    """The sum over all products, -1 = not told."""
    bodies = [one.Body for one in value if isinstance(one, ua.ExtensionObject)] if isinstance(value, list) else []
    counts = [_COUNTS.unpack(body[-_COUNTS.size :])[0] for body in bodies if body and len(body) >= _COUNTS.size]
    return sum(counts) if counts else -1
