"""The OPC UA face of a controller: its portals as AutoID devices, its lines as PackML machines; to be read only.

Public names: Face, Door, FaceError, NODESETS, NAMESPACE.

The types come from the NodeSets of the OPC Foundation, so that a client which knows AutoID or PackML knows this server.

Source: OPC 30010 AutoID Devices 1.01; OPC 30050 PackML 1.01; OPC 10000-100 DI 1.04 and 1.05; OPC 10000-6 1.05, annex F.
"""

from __future__ import annotations

import hmac
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from asyncua import ua
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.event_generator import EventGenerator
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from edge.core.events import PassageSeen
from edge.core.values.layout import LineLayout
from edge.views.picture import Machine
from plc.opcua_trust import APPLICATION_URI, Own, TrustList
from plc.packml import PackmlState
from rfid.autoid_codec import AUTOID_URI, RFID_SCAN_RESULT, ScanResult, Sighting, encode_scan_result

NAMESPACE = "urn:lanewise:site"
NODESETS = ("Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.AutoID.NodeSet2.xml", "Opc.Ua.PackML.NodeSet2.xml")
"""Files that the folder of NodeSets must have, in the order in which they build on each other."""

_EDITIONS = "DI 1.04.0 and 1.05.0, AutoID 1.01, PackML 1.01"
"""What the NodeSets have been tried in."""
DI_URI = "http://opcfoundation.org/UA/DI/"
PACKML_URI = "http://opcfoundation.org/UA/PackML/"
_DEVICE_SET, _RFID_READER, _RFID_SCAN_EVENT = 5001, 1003, 1006
_PACKML_OBJECT, _BASE_STATES, _MACHINE_STATES, _EXECUTE_STATES = 6, 3, 2, 1
_IDLE, _ERROR, _SCANNING = 0, 1, 2
_SECURE = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]
_IN_BASE = {PackmlState.ABORTED: "Aborted", PackmlState.ABORTING: "Aborting"}
_IN_MACHINE = {PackmlState.STOPPED: "Stopped", PackmlState.STOPPING: "Stopping", PackmlState.CLEARING: "Clearing"}
_RENAMED = {PackmlState.COMPLETED: "Complete"}
"""The state machine of OPC 30050 1.01 has the name of the 2015 edition."""

log = logging.getLogger(__name__)
logging.getLogger("asyncua").addHandler(logging.NullHandler())
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class FaceError(OSError):
    """The server cannot be started. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Door:
    """Who we are, which clients we trust, and who may log in: password by name."""

    own: Own
    trusted: TrustList
    users: Mapping[str, str]


class Face:
    """One server. ``door`` None: anybody may read, without security; the caller sees to it who can."""

    def __init__(
        self,
        controller: str,
        version: str,
        layouts: Iterable[LineLayout],
        nodesets: Path,
        door: Door | None = None,
    ) -> None:
        self._controller = controller
        self._version = version
        self._layouts = tuple(layouts)
        self._nodesets = nodesets
        self._door = door
        self._server = Server(user_manager=_Logins(None if door is None else door.users))
        self._at: dict[str, int] = {}
        self._portals: dict[str, _Portal] = {}
        self._lines: dict[str, dict[str, Node]] = {}
        self._states: dict[str, ua.NodeId] = {}
        self.url = ""

    async def start(self, host: str, port: int) -> None:
        """Listens. Raises FaceError."""
        for file in NODESETS:
            path = self._nodesets / file
            if not path.is_file():
                raise FaceError(f"{path}: no such file: nodesets names a folder with {', '.join(NODESETS)}")
        server = self._server
        await server.init()
        await server.set_application_uri(APPLICATION_URI)
        self.url = f"opc.tcp://{host}:{port}"
        server.set_endpoint(self.url)
        server.set_server_name(f"Lanewise {self._controller}")
        if self._door is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            server.set_identity_tokens([ua.AnonymousIdentityToken])
        else:
            server.set_security_policy(_SECURE)
            server.set_identity_tokens([ua.UserNameIdentityToken])
            own = self._door.own
            server.set_certificate_validator(partial(_validate, self._door.trusted))
            try:
                await server.load_certificate(str(own.certificate))
                await server.load_private_key(str(own.key))
            except (OSError, ValueError) as error:
                raise FaceError(f"{own.certificate}, {own.key}: {error}") from None
        await self._build()
        try:
            await server.start()
        except OSError as error:
            raise FaceError(f"{self.url}: {error.strerror or error}") from None

    async def stop(self) -> None:
        """Closes every session and the listener."""
        await self._server.stop()

    # ---- what is shown -----------------------------------------------------------------------------------------------

    async def passed(self, seen: PassageSeen) -> None:
        """A passage whose evidence is final: one scan result for each tag that is its own. Of a line's first portal."""
        portal = self._portals.get(seen.line)
        if portal is None or seen.portal or not seen.owned:
            return
        results = [_scan_result(seen, epc) for epc in seen.owned]
        last = max((one for result in results for one in result.sightings), key=lambda one: one.at_us)
        await portal.values["LastScanData"].write_value(ua.DataValue(ua.Variant(seen.owned[-1], ua.VariantType.String)))
        await portal.values["LastScanTimestamp"].write_value(_variant(_time(last.at_us), ua.VariantType.DateTime))
        await portal.values["LastScanAntenna"].write_value(_variant(last.antenna, ua.VariantType.Int32))
        await portal.values["LastScanRSSI"].write_value(_variant(last.strength_dbm, ua.VariantType.Int32))
        kind = _node_id(RFID_SCAN_RESULT, self._at[AUTOID_URI])
        structures = [ua.ExtensionObject(kind, ua.ByteString(encode_scan_result(result))) for result in results]
        for generator in portal.events:
            generator.event.ScanResult = structures
            generator.event.DeviceName = portal.name
            generator.event.Severity = 100
            await generator.trigger(_time(seen.at_us), f"{len(results)} tags, track {seen.track_id}")

    async def readers_are(self, line: str, up: bool | None) -> None:
        """Whether all readers of a line's portal answer; None = not known."""
        portal = self._portals[line]
        status = _IDLE if up is None else _SCANNING if up else _ERROR
        await portal.values["DeviceStatus"].write_value(_variant(status, ua.VariantType.Int32))
        await portal.values["ScanActive"].write_value(_variant(bool(up), ua.VariantType.Boolean))

    async def stands(self, machine: Machine) -> None:
        """A line as a PackML machine."""
        nodes = self._lines[machine.line]
        state = machine.state
        known = state in PackmlState.__members__.values()
        name = PackmlState(state).name.title() if known and state else ""
        base = _IN_BASE.get(state) or ("Cleared" if name else "")  # type: ignore[call-overload]
        inner = "" if base != "Cleared" else _IN_MACHINE.get(state) or "Running"  # type: ignore[call-overload]
        execute = "" if inner != "Running" else _RENAMED.get(state) or name  # type: ignore[call-overload]
        await self._state(nodes, "base", base)
        await self._state(nodes, "machine", inner)
        await self._state(nodes, "execute", execute)
        await nodes["UnitModeCurrent"].write_value(_variant(machine.mode or 1, ua.VariantType.Int32))
        await nodes["EquipmentBlocked"].write_value(_variant(bool(machine.jams), ua.VariantType.Boolean))
        await nodes["CurMachSpeed"].write_value(_variant(machine.speed, ua.VariantType.Float))
        told = machine.told_processed, machine.told_defective
        for what, ours, own in zip(
            ("ProdProcessedCount", "ProdDefectiveCount"), (machine.processed, machine.defective), told, strict=True
        ):
            await nodes[what].write_value(_counts(ours if own < 0 else own))

    async def _state(self, nodes: Mapping[str, Node], which: str, name: str) -> None:
        current, identifier = nodes[which], nodes[f"{which}.id"]
        if name:
            text = ua.Variant(ua.LocalizedText(name, "en"), ua.VariantType.LocalizedText)
            await current.write_value(ua.DataValue(text))
            await identifier.write_value(_variant(self._states[f"{which}.{name}"], ua.VariantType.NodeId))
            return
        inactive = ua.StatusCode(ua.UInt32(StatusCodes.BadStateNotActive))
        for node in (current, identifier):
            await node.write_value(ua.DataValue(ua.Variant(None), inactive))

    # ---- the address space -------------------------------------------------------------------------------------------

    async def _build(self) -> None:
        server = self._server
        for file in NODESETS:
            path = self._nodesets / file
            try:
                await server.import_xml(xmlstring=_to_serve(path))
            except (UaError, ValueError, SyntaxError) as error:  # a broken XML is a SyntaxError
                raise FaceError(f"{path}: no NodeSet that can be used: {error}; take {_EDITIONS}") from None
        await server.load_data_type_definitions()
        own = await server.register_namespace(NAMESPACE)
        self._at = {uri: place for place, uri in enumerate(await server.get_namespace_array())}
        for kind, type_ in (("base", _BASE_STATES), ("machine", _MACHINE_STATES), ("execute", _EXECUTE_STATES)):
            for node in await server.get_node(_node_id(type_, self._at[PACKML_URI])).get_children():
                self._states[f"{kind}.{(await node.read_browse_name()).Name}"] = node.nodeid
        for layout in self._layouts:
            await self._add_portal(layout, own)
            await self._add_line(layout, own)

    async def _add_portal(self, layout: LineLayout, own: int) -> None:
        autoid, di = self._at[AUTOID_URI], self._at[DI_URI]
        name = layout.portal.name
        device_set = self._server.get_node(_node_id(_DEVICE_SET, di))
        device = await device_set.add_object(
            _text_id(f"portal.{layout.name}", own),
            ua.QualifiedName(layout.name, ua.UInt16(own)),
            objecttype=_node_id(_RFID_READER, autoid),
            instantiate_optional=False,
        )
        values = {"DeviceStatus": await device.get_child([f"{autoid}:DeviceStatus"])}
        for what, kind, first in (
            ("LastScanData", ua.VariantType.String, ""),
            ("LastScanTimestamp", ua.VariantType.DateTime, _time(0)),
            ("LastScanAntenna", ua.VariantType.Int32, 0),
            ("LastScanRSSI", ua.VariantType.Int32, 0),
            ("ScanActive", ua.VariantType.Boolean, False),
        ):
            identifier = _text_id(f"portal.{layout.name}.{what}", own)
            values[what] = await device.add_variable(identifier, ua.QualifiedName(what, ua.UInt16(autoid)), first, kind)
        for path, text in (
            (f"{autoid}:DeviceName", name),
            (f"{autoid}:AutoIdModelVersion", "1.01"),
            (f"{di}:SerialNumber", f"{self._controller}/{layout.name}/{name}"),
            (f"{di}:SoftwareRevision", self._version),
        ):
            await (await device.get_child([path])).write_value(_variant(text, ua.VariantType.String))
        for path, text in ((f"{di}:Manufacturer", "Lanewise"), (f"{di}:Model", f"portal {name}")):
            await (await device.get_child([path])).write_value(
                _variant(ua.LocalizedText(text), ua.VariantType.LocalizedText)
            )
        events: list[EventGenerator] = []
        for emitter in (device.nodeid, self._server.nodes.server.nodeid):
            generator = await self._server.get_event_generator(_node_id(_RFID_SCAN_EVENT, autoid), emitter)
            generator.event.SourceNode, generator.event.SourceName = device.nodeid, layout.name
            generator.event.data_types["ScanResult"] = ua.VariantType.ExtensionObject
            generator.event.data_types["DeviceName"] = ua.VariantType.String
            events.append(generator)
        self._portals[layout.name] = _Portal(name, values, events)
        await self.readers_are(layout.name, None)

    async def _add_line(self, layout: LineLayout, own: int) -> None:
        packml = self._at[PACKML_URI]
        line = await self._server.nodes.objects.add_object(
            _text_id(f"line.{layout.name}", own),
            ua.QualifiedName(layout.name, ua.UInt16(own)),
            objecttype=_node_id(_PACKML_OBJECT, packml),
            instantiate_optional=False,
        )
        machine = [f"{packml}:BaseStateMachine", f"{packml}:MachineState"]
        nodes: dict[str, Node] = {}
        for which, path in (
            ("base", machine[:1]),
            ("machine", machine),
            ("execute", [*machine, f"{packml}:ExecuteState"]),
        ):
            nodes[which] = await line.get_child([*path, "0:CurrentState"])
            nodes[f"{which}.id"] = await self._id_of(nodes[which], own)
        status = await line.get_child([f"{packml}:Status"])
        for what in ("UnitModeCurrent", "EquipmentBlocked", "CurMachSpeed"):
            nodes[what] = await status.get_child([f"{packml}:{what}"])
        admin = await line.get_child([f"{packml}:Admin"])
        for what in ("ProdProcessedCount", "ProdDefectiveCount"):
            identifier = _text_id(f"line.{layout.name}.{what}", own)
            nodes[what] = await admin.add_variable(
                identifier,
                ua.QualifiedName(what, ua.UInt16(packml)),
                _counts(0).Value,
                datatype=_count_type().data_type,
            )
        for method in await line.get_methods():
            self._server.link_method(method, _refuse)
        self._lines[layout.name] = nodes
        await self.stands(Machine(layout.name, layout.plc))

    async def _id_of(self, current: Node, own: int) -> Node:
        """The property Id of a current state; the instance of a deep state machine comes without."""
        try:
            return await current.get_child(["0:Id"])
        except UaError:
            identifier = _text_id(f"{current.nodeid.Identifier!s}.Id", own)
            return await current.add_property(identifier, "0:Id", ua.NodeId(), ua.VariantType.NodeId)


class _Portal:
    def __init__(self, name: str, values: dict[str, Node], events: Sequence[EventGenerator]) -> None:
        self.name = name
        self.values = values
        self.events = events


class _Logins(UserManager):
    """Who may log in, to read; ``users`` None = anybody."""

    def __init__(self, users: Mapping[str, str] | None) -> None:
        self._users = users

    def get_user(
        self,
        _: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,  # noqa: ARG002  the library gives it by this name
    ) -> User | None:
        if self._users is not None:
            wanted = self._users.get(username or "")
            if wanted is None or not hmac.compare_digest(wanted.encode(), (password or "").encode()):
                return None
        return User(role=UserRole.User, name=username)


async def _validate(trusted: TrustList, certificate: x509.Certificate, _: ua.ApplicationDescription) -> None:
    try:
        known = certificate in trusted.certificates()
    except OSError as error:
        log.error("trust list %s: %s", trusted.folder, error.strerror)
        known = False
    if not known:
        raise ua.uaerrors.BadCertificateUntrusted
    if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        raise ua.uaerrors.BadCertificateTimeInvalid


def _to_serve(nodeset: Path) -> str:
    """A NodeSet without the nodes that are for design tools alone: they hang on no other node, no server has them."""
    root = ElementTree.parse(nodeset).getroot()  # noqa: S314  the library that reads it next takes no more care
    for node in [node for node in root if node.get("DesignToolOnly") == "true"]:
        root.remove(node)
    return ElementTree.tostring(root, encoding="unicode")


def _refuse(*_: object) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(StatusCodes.BadUserAccessDenied))


def _scan_result(seen: PassageSeen, epc: str) -> ScanResult:
    """What was seen of a tag by antenna; strength: of the mean read, weighted by its nearness to the middle."""
    sightings = tuple(
        Sighting(tag.antenna, round(10 * math.log10(max(tag.weight / tag.count, 1e-12))), tag.first_us)
        for tag in seen.tags
        if tag.epc == epc
    )
    octets = bytes.fromhex(epc)
    return ScanResult("EPC", octets, seen.start_us, sightings, len(octets) // 2 << 11)


def _count_type() -> Any:
    """The class that the library made from the NodeSet."""
    return vars(ua)["PackMLCountDataType"]


def _counts(count: int) -> ua.DataValue:
    made = _count_type()(ID=0, Name="items", Count=count, AccCount=count)
    return ua.DataValue(ua.Variant([made], ua.VariantType.ExtensionObject, is_array=True))


def _variant(value: Any, kind: ua.VariantType) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, kind))


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)


def _node_id(identifier: int, namespace: int = 0) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier), ua.Int16(namespace))


def _text_id(identifier: str, namespace: int) -> ua.NodeId:
    return ua.NodeId(ua.String(identifier), ua.Int16(namespace))
