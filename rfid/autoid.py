"""Readers that are AutoID devices on OPC UA: their scan events become reads.

Public names: AutoIdReader, UaConnection.

Source: OPC 30010 AutoID Devices 1.01, 7.2 (AutoIdDeviceType: ScanStart, ScanStop, DeviceStatus), 7.3
(RfidReaderDeviceType), 8.2 (RfidScanEventType).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.events import Event
from asyncua.common.node import Node
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from rfid.autoid_codec import (
    AUTOID_URI,
    RFID_SCAN_RESULT,
    SCAN_SETTINGS,
    AutoIdError,
    ScanResult,
    ScanSettings,
    decode_scan_result,
    encode_scan_settings,
)
from rfid.bad_messages import BadMessages
from rfid.driver import (
    UNMEASURED_DBM,
    ReaderClock,
    ReaderError,
    ReaderEvent,
    ReaderFailure,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagRead,
)
from rfid.epc.hexadecimal import plain_hex

T = TypeVar("T")

DI_URI = "http://opcfoundation.org/UA/DI/"

_STRENGTH_MOST = 1000
"""The standard gives a strength no unit, so that more than any dBm is taken; beyond this it is no power."""
_DEVICE_SET = 5001
_RFID_READER_TYPE = 1003
_SCAN_EVENT_TYPE = 1004
_QUEUE = 10_000
_PUBLISH_MS = 10
_STOP_S = 0.3
_STATUSES = ("idle", "error", "scanning", "busy")
_SUBSCRIBE_TO_EVENTS = 1


class UaConnection(Protocol):
    """A session with an OPC UA server, secured and limited in time by who made it; its faults are ReaderError."""

    @property
    def client(self) -> Client: ...

    async def open(self, prepare: Callable[[Client], Awaitable[None]] | None = None) -> None: ...

    async def within(self, call: Awaitable[T], what: str, limit_s: float = 0.0) -> T: ...

    async def node(self, text: str) -> Node: ...

    async def close(self) -> None: ...


class AutoIdReader:
    """A reader behind an OPC UA server (a Reader).

    ``device``: its browse name or node id (``ns=4;i=5000``); empty = the only RFID reader that the server has.
    ``antennas``: whose sightings count. ``start``: ScanStart is called where the device has it; False = something else
    starts it. ``keepalive_ms``: how often it is asked how it is.
    """

    def __init__(
        self,
        name: str,
        connection: UaConnection,
        antennas: tuple[int, ...],
        *,
        device: str = "",
        start: bool = True,
        keepalive_ms: int = 2000,
    ) -> None:
        self._name = name
        self._connection = connection
        self._antennas = frozenset(antennas)
        self._wanted = device
        self._start = start
        self._keepalive_s = keepalive_ms / 1000
        self._emit: Callable[[ReaderEvent], None] = lambda _: None
        self._device: Node | None = None
        self._status: Node | None = None
        self._autoid = 0
        self._about = ""
        self._bad = BadMessages()
        self._ended: asyncio.Future[None] | None = None
        self._stop: Node | None = None

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """See Reader."""
        self._emit = emit
        self._ended = ended = asyncio.get_running_loop().create_future()
        try:
            await self._connection.open(self._prepare)
            emit(ReaderReady(self._about))
            said = 0
            while True:
                await asyncio.wait([ended], timeout=self._keepalive_s)
                if ended.done():
                    ended.result()
                assert self._status is not None
                status = int(await self._connection.within(self._status.read_value(), "DeviceStatus"))
                if status != said and status == 1:
                    emit(ReaderNotice("the device says that it is in error"))
                said = status
        finally:
            await self._end()

    # ---- the subscription's callbacks --------------------------------------------------------------------------------

    def event_notification(self, event: Event) -> None:
        """One event of the device; what is no scan has no ScanResult."""
        fields = event.get_event_props_as_fields_dict()
        results = fields["ScanResult"].Value
        if fields["EventType"].Value == _node_id(ObjectIds.EventQueueOverflowEventType):
            self._tell(ReaderNotice("the device had more events than its server keeps: reads are lost"))
        elif isinstance(results, list):
            reads: list[TagRead] = []
            for result in results:
                try:
                    reads += self._reads(result)
                except AutoIdError as error:
                    octets = result.Body if isinstance(result, ua.ExtensionObject) else None
                    if notice := self._bad.notice(str(error), octets or b""):
                        self._tell(notice)
            if reads:
                timed = all(read.at_us > 0 for read in reads)
                self._tell(Reads(tuple(reads), ReaderClock.UTC if timed else ReaderClock.NONE))

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        """The server ended the subscription."""
        self._fail(ReaderError(f"{self._name}: the subscription ended: {status.Status.name}"))

    def _tell(self, event: ReaderEvent) -> None:
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(error)
            self._ended.exception()  # or the loop would complain where ``run`` was cancelled before it could ask

    def _reads(self, result: Any) -> list[TagRead]:
        if not isinstance(result, ua.ExtensionObject) or result.Body is None:
            raise AutoIdError(f"{type(result).__name__} instead of a structure")
        if result.TypeId != _node_id(RFID_SCAN_RESULT, self._autoid):
            raise AutoIdError(f"type {result.TypeId.to_string()} is not RfidScanResult")
        found = decode_scan_result(result.Body)
        epc = _epc(found)
        for one in found.sightings:
            if abs(one.strength_dbm) > _STRENGTH_MOST:
                raise AutoIdError(f"strength {one.strength_dbm} is not in {-_STRENGTH_MOST}..{_STRENGTH_MOST}")
        if not found.sightings:
            return [TagRead(epc, min(self._antennas), UNMEASURED_DBM, found.at_us, 1)]
        return [
            TagRead(epc, one.antenna, float(one.strength_dbm), one.at_us if one.at_us > 0 else found.at_us, 1)
            for one in found.sightings
            if one.antenna in self._antennas
        ]

    # ---- beginning and end -------------------------------------------------------------------------------------------

    async def _prepare(self, client: Client) -> None:
        namespaces = await client.get_namespace_array()
        if AUTOID_URI not in namespaces or DI_URI not in namespaces:
            raise ReaderError(f"{self._name}: the server knows no AutoID devices ({AUTOID_URI})", ReaderFailure.SETUP)
        self._autoid = namespaces.index(AUTOID_URI)
        device = self._device = await self._find(
            client, client.get_node(_node_id(_DEVICE_SET, namespaces.index(DI_URI)))
        )
        self._status = await device.get_child([f"{self._autoid}:DeviceStatus"])
        notifier = await device.read_attribute(AttributeIds.EventNotifier)
        loud = bool((notifier.Value.Value if notifier.Value else 0) & _SUBSCRIBE_TO_EVENTS)
        subscription = await client.create_subscription(_PUBLISH_MS, self)
        await subscription.subscribe_events(
            device if loud else client.nodes.server, evfilter=self._filter(), queuesize=_QUEUE
        )
        if self._start:
            await self._start_scan(device)
        status = int(await self._status.read_value())
        kind = _STATUSES[status] if 0 <= status < len(_STATUSES) else str(status)
        name = (await device.read_display_name()).Text
        self._about = f"AutoID device {name}, {kind}, antennas {', '.join(map(str, sorted(self._antennas)))}"

    def _filter(self) -> ua.EventFilter:
        def field(kind: ua.NodeId, name: str, namespace: int) -> ua.SimpleAttributeOperand:
            path = [ua.QualifiedName(name, ua.UInt16(namespace))]
            return ua.SimpleAttributeOperand(kind, path, AttributeIds.Value)

        base = _node_id(ObjectIds.BaseEventType)
        scan = _node_id(_SCAN_EVENT_TYPE, self._autoid)
        return ua.EventFilter([field(base, "EventType", 0), field(scan, "ScanResult", self._autoid)])

    async def _find(self, client: Client, device_set: Node) -> Node:
        if self._wanted.startswith(("ns=", "nsu=", "i=", "s=", "g=", "b=")):
            return await self._connection.node(self._wanted)
        readers: dict[str, Node] = {}
        for node in await device_set.get_children():
            if await self._is_reader(client, await node.read_type_definition()):
                readers[(await node.read_browse_name()).Name] = node
        found = readers.get(self._wanted) if self._wanted else None
        if found is None and not self._wanted and len(readers) == 1:
            (found,) = readers.values()
        if found is None:
            has = f"it has {', '.join(sorted(readers)) or 'none'}"
            wish = f"no RFID reader {self._wanted!r}" if self._wanted else "say which RFID reader with `device`"
            raise ReaderError(f"{self._name}: {wish}: {has}", ReaderFailure.SETUP)
        return found

    async def _is_reader(self, client: Client, kind: ua.NodeId | None) -> bool:
        while kind is not None:
            if kind == _node_id(_RFID_READER_TYPE, self._autoid):
                return True
            if kind.NamespaceIndex == 0:
                return False
            above = await client.get_node(kind).get_references(ObjectIds.HasSubtype, ua.BrowseDirection.Inverse)
            kind = above[0].NodeId if above else None
        return False

    async def _start_scan(self, device: Node) -> None:
        try:
            start = await device.get_child([f"{self._autoid}:ScanStart"])
        except UaError:
            return  # it reads by itself
        body = encode_scan_settings(ScanSettings())
        settings = ua.ExtensionObject(_node_id(SCAN_SETTINGS, self._autoid), ua.ByteString(body))
        try:
            status = await device.call_method(start.nodeid, ua.Variant(settings, ua.VariantType.ExtensionObject))
        except UaStatusCodeError as error:
            if error.code != StatusCodes.BadInvalidState:  # it scans already
                raise
            return
        if status:
            raise ReaderError(
                f"{self._name}: ScanStart: AutoIdOperationStatus {status}: see the device", ReaderFailure.SETUP
            )
        with suppress(UaError):
            self._stop = await device.get_child([f"{self._autoid}:ScanStop"])

    async def _end(self) -> None:
        stop, self._stop, self._ended = self._stop, None, None
        if stop is not None and self._device is not None:
            with suppress(ReaderError):
                await self._connection.within(self._device.call_method(stop.nodeid), "ScanStop", _STOP_S)
        await self._connection.close()


def _node_id(identifier: int, namespace: int = 0) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier), ua.Int16(namespace))


def _epc(found: ScanResult) -> str:
    epc = plain_hex(found.data.hex() if isinstance(found.data, bytes) else found.data)
    if epc is None:
        raise AutoIdError(f"{found.code_type} {found.data[:40]!r} is no EPC in hexadecimal")
    return epc
