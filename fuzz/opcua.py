"""OPC UA: values of nodes as they reach points, machines and AutoID readers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from struct import unpack_from
from typing import Any

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from edge.core.events import MachineReported, PointChanged
from edge.journal.record import kept
from fuzz.borders import Take
from plc.opcua_packml import status_of
from plc.opcua_points import from_node, to_node
from plc.point_table import PointTable
from plc.points import Point, PointError, PointFault, PointKind, Uncertain, parse_type
from rfid.autoid_codec import (
    AutoIdError,
    ScanResult,
    ScanSettings,
    Sighting,
    decode_scan_result,
    decode_scan_settings,
    encode_scan_result,
    encode_scan_settings,
)

_POINTS = [
    Point("a/b", parse_type(f"{kind}[8]" if kind is PointKind.STRING else kind), node="i=1", scale=scale)
    for kind in PointKind
    for scale in ((1.0,) if kind in (PointKind.BOOL, PointKind.STRING) else (1.0, 0.1, 1e300))
]


_STATUSES = (
    ua.StatusCode(),
    None,
    ua.StatusCode(ua.UInt32(StatusCodes.UncertainInitialValue)),
    ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)),
)
_NUMBERS = {
    ua.VariantType.SByte: "b", ua.VariantType.Byte: "B", ua.VariantType.Int16: "h", ua.VariantType.UInt16: "H",
    ua.VariantType.Int32: "i", ua.VariantType.UInt32: "I", ua.VariantType.Int64: "q", ua.VariantType.UInt64: "Q",
    ua.VariantType.Float: "f", ua.VariantType.Double: "d",
}  # fmt: skip
_OTHERS = ("boolean", "text", "time", "localized", "octets", "structures", "nothing")
_KINDS = (*_NUMBERS, *_OTHERS)


def seeds() -> Iterable[bytes]:
    """Octets for the point, the kind of value, its status and whether it comes alone, then the value; or 255 or 254 and
    a structure.
    """
    for number in (0, 7, 20, 40):
        for kind in range(len(_KINDS)):
            for status in (0, 2, 3):
                yield bytes((number, kind, status, 0)) + b"\0\x01Execute\0"
    seen = (Sighting(1, -50, 1_790_000_000_000_000), Sighting(2, -60, 0))
    for result in (
        ScanResult("RAW:STRING", "3034257BF7194E4000001A85", 1_790_000_000_000_000, seen),
        ScanResult("RAW:BYTES", bytes.fromhex("3034257BF7194E4000001A85"), 1_790_000_000_000_000, seen, 0x3000),
    ):
        yield b"\xff" + encode_scan_result(result)
    yield b"\xfe" + encode_scan_settings(ScanSettings(100.0, 3, True))


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    number, body = octets[0] if octets else 0, octets[1:]
    with suppress(AutoIdError):
        if number == 0xFF:
            found = decode_scan_result(body)
            assert decode_scan_result(encode_scan_result(found)) == found, "it encodes to another result"
        elif number == 0xFE:
            decode_scan_settings(body)
    if number < 0xFE:
        _read(_POINTS[number % len(_POINTS)], _value(body))


def _value(octets: bytes) -> ua.DataValue:
    """As the library hands it over."""
    kind, status, several = octets[:3].ljust(3, b"\0")
    name = _KINDS[kind % len(_KINDS)]
    raw = octets[3:]
    value: Any
    type_ = name if isinstance(name, ua.VariantType) else ua.VariantType.Null
    match name:
        case ua.VariantType():
            (value,) = unpack_from(f"<{_NUMBERS[name]}", raw.ljust(8, b"\0"))
        case "boolean":
            value, type_ = bool(raw), ua.VariantType.Boolean
        case "text":
            value, type_ = raw.decode("utf-8", "surrogateescape") if raw else None, ua.VariantType.String
        case "time":
            ticks = int.from_bytes(raw[:8].ljust(8, b"\0"), "little", signed=True)
            value, type_ = ua.win_epoch_to_datetime(ticks), ua.VariantType.DateTime
        case "localized":
            value, type_ = ua.LocalizedText(raw.decode("utf-8", "replace") or None), ua.VariantType.LocalizedText
        case "octets":
            value, type_ = raw, ua.VariantType.ByteString
        case "structures":
            value, type_ = (
                [ua.ExtensionObject(Body=ua.ByteString(raw) if raw else None)] * (several % 4),
                ua.VariantType.ExtensionObject,
            )
        case _:
            value = None
    if several & 0x80 and name in _NUMBERS:
        value = [value] * (several & 3)
    held = None if name == "nothing" else ua.Variant(value, type_)
    return ua.DataValue(held, StatusCode=_STATUSES[status % len(_STATUSES)])


def _read(point: Point, answer: ua.DataValue) -> None:
    found = from_node(point, answer)
    for one in PointTable([point], 1_000_000).took({point.name: found}, 1):
        told = PointChanged(
            at_us=1,
            plc="p",
            point=point.name,
            value=one.value,
            unit="",
            quality=one.quality,
            reason=one.reason,
            read_us=one.read_us,
        )
        kept(told)
    if not isinstance(found, PointFault | Uncertain):
        with suppress(PointError):
            to_node(point, found)
    raw: Any = answer.Value.Value if answer.Value is not None else None
    status = status_of(dict.fromkeys(("", "MachineState", "mode", "speed", "processed", "defective"), raw))
    kept(
        MachineReported(
            at_us=1,
            plc="p",
            state=status.state,
            mode=status.mode,
            processed=status.processed,
            defective=status.defective,
            speed=status.speed or 0.0,
        )
    )
