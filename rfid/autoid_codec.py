"""Scan results and scan settings of AutoID devices, as the octets that OPC UA carries.

Public names: Sighting, ScanResult, ScanSettings, decode_scan_result, encode_scan_result, encode_scan_settings,
decode_scan_settings, AutoIdError, AUTOID_URI, RFID_SCAN_RESULT, SCAN_SETTINGS.

Little-endian; a string or byte string is its length as Int32 (-1 = null) and its octets; a structure with optional
fields begins with a UInt32 whose bit 0 is the first of them; a union begins with a UInt32 that counts its fields from
1, 0 = none; a time is an Int64 in 100 ns since 1601-01-01 UTC.

Source: OPC 30010 AutoID Devices 1.01, 9.3 (ScanSettings, ScanData, ScanDataEpc, RfidSighting, RfidScanResult);
OPC 10000-6 1.05, 5.2 (UA binary). Identifiers of the encodings: NodeSet of AutoID 1.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

AUTOID_URI = "http://opcfoundation.org/UA/AutoID/"
RFID_SCAN_RESULT = 5011
"""Identifier of the binary encoding of RfidScanResult in the namespace AUTOID_URI."""
SCAN_SETTINGS = 5015
"""Of ScanSettings."""

_U16 = Struct("<H")
_I32 = Struct("<i")
_U32 = Struct("<I")
_I64 = Struct("<q")
_F64 = Struct("<d")
_SIGHTING = Struct("<iiqi")
_EPOCH_US = 11_644_473_600_000_000
"""From 1601 to 1970."""
_LOCATION = 1
_LOCATION_TYPE = 1
_BYTES, _TEXT, _EPC = 1, 2, 3


class AutoIdError(ValueError):
    """Octets that are no such structure. The text says where and why."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One antenna saw the tag. ``strength_dbm``: power received; ``power``: of the reader then, as it counts it."""

    antenna: int
    strength_dbm: int
    at_us: int
    power: int = 0


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One code. ``data``: octets of an EPC, a UID or what else a tag holds, or a text.

    ``pc``: protocol control word of an EPC, None = the device did not call it one.
    """

    code_type: str
    data: bytes | str
    at_us: int
    sightings: tuple[Sighting, ...] = ()
    pc: int | None = None


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """``duration_ms`` and ``cycles`` 0: without end. ``data_available``: end as soon as there is a result."""

    duration_ms: float = 0.0
    cycles: int = 0
    data_available: bool = False


def encode_scan_settings(settings: ScanSettings) -> bytes:
    """The body, without a location type."""
    return (
        _U32.pack(0) + _F64.pack(settings.duration_ms) + _I32.pack(settings.cycles) + bytes([settings.data_available])
    )


def decode_scan_settings(octets: bytes) -> ScanSettings:
    """The body; a location type is passed over. Raises AutoIdError."""
    body = _Body(octets)
    mask = body.take(_U32)
    settings = ScanSettings(body.double(), body.take(_I32), body.octets(1) != b"\0")
    if mask & _LOCATION_TYPE:
        body.take(_I32)
    body.end()
    return settings


def encode_scan_result(result: ScanResult) -> bytes:
    """The body of an RfidScanResult without a location."""
    if isinstance(result.data, str):
        data = _U32.pack(_TEXT) + _string(result.data.encode())
    elif result.pc is None:
        data = _U32.pack(_BYTES) + _string(result.data)
    else:
        data = _U32.pack(_EPC) + _U16.pack(result.pc) + _string(result.data) + _U16.pack(0) * 2
    seen = b"".join(
        _SIGHTING.pack(one.antenna, one.strength_dbm, _ticks(one.at_us), one.power) for one in result.sightings
    )
    head = _U32.pack(0) + _string(result.code_type.encode()) + data + _I64.pack(_ticks(result.at_us))
    return head + _I32.pack(len(result.sightings)) + seen


def decode_scan_result(octets: bytes) -> ScanResult:
    """The body of an RfidScanResult; a location is passed over. Raises AutoIdError."""
    body = _Body(octets)
    mask = body.take(_U32)
    code_type = body.text()
    pc: int | None = None
    data: bytes | str
    match body.take(_U32):
        case 1:
            data = body.string()
        case 2:
            data = body.text()
        case 3:
            pc = body.take(_U16)
            data = body.string()
            body.octets(4)  # XPC_W1, XPC_W2
        case kind:
            raise AutoIdError(f"octet {body.at}: ScanData of kind {kind}: allowed are 1 ByteString, 2 String, 3 Epc")
    at_us = _us(body.take(_I64))
    if mask & _LOCATION:
        body.location()
    count = max(0, body.take(_I32))
    if count * _SIGHTING.size > len(octets):
        raise AutoIdError(f"octet {body.at}: {count} sightings do not fit")
    seen = (_SIGHTING.unpack(body.octets(_SIGHTING.size)) for _ in range(count))
    sightings = tuple(Sighting(antenna, strength, _us(ticks), power) for antenna, strength, ticks, power in seen)
    body.end()
    return ScanResult(code_type, data, at_us, sightings, pc)


class _Body:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.at = 0

    def octets(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self._octets):
            raise AutoIdError(f"octet {self.at}: {count} octets are needed, {len(self._octets) - self.at} are left")
        found, self.at = self._octets[self.at : end], end
        return found

    def take(self, kind: Struct) -> int:
        value: int = kind.unpack(self.octets(kind.size))[0]
        return value

    def double(self) -> float:
        value: float = _F64.unpack(self.octets(8))[0]
        return value

    def string(self) -> bytes:
        return self.octets(max(0, self.take(_I32)))

    def text(self) -> str:
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise AutoIdError(f"octet {self.at}: a text that is not UTF-8") from None

    def location(self) -> None:
        match self.take(_U32):
            case 0:
                pass
            case 1 | 4:  # NMEA, Name
                self.string()
            case 2:  # Local
                self.octets(44)
            case 3:  # WGS84
                self.string()
                self.octets(8)
                self.string()
                self.octets(40)
            case kind:
                raise AutoIdError(f"octet {self.at}: Location of kind {kind}: allowed are 1 to 4")

    def end(self) -> None:
        if self.at != len(self._octets):
            raise AutoIdError(f"octet {self.at}: {len(self._octets) - self.at} octets too many")


def _string(octets: bytes) -> bytes:
    return _I32.pack(len(octets)) + octets


def _ticks(at_us: int) -> int:
    return (at_us + _EPOCH_US) * 10


def _us(ticks: int) -> int:
    return ticks // 10 - _EPOCH_US
