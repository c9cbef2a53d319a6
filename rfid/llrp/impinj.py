"""Impinj's extensions of LLRP: search mode, phase angle, Doppler shift, fine power and FastID's TID. Pure.

Public names: ImpinjOptions, IMPINJ, SEARCH_MODES, MODES; of the session enable_extensions, extension_status,
inventory_parameters, report_parameters; of reports REPORTED, Reported, TID_SUBTYPE, values_of, detail; of the simulated
reader answer_extensions, selected, reported.

They travel as Custom parameters and messages of vendor 25882; what is not listed here stays raw. A reader sends
them only to a client that has enabled the extensions on this connection.

Source: Impinj Octane LLRP extensions, release 5.12: IMPINJ_ENABLE_EXTENSIONS (message subtype 21, response 22),
ImpinjInventorySearchMode (parameter subtype 23), ImpinjTagReportContentSelector (50 with 51, 52, 53 and 67 inside),
ImpinjSerializedTID (55), ImpinjRFPhaseAngle (56), ImpinjPeakRSSI (57), ImpinjRFDopplerFrequency (68).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from rfid.driver import TagDetail
from rfid.llrp.codec import Message, Parameter, RawParameter, decode, encoded_parameter, message, parameter
from rfid.llrp.frames import Frame

IMPINJ = 25_882
"""Impinj's IANA private enterprise number."""
SEARCH_MODES = MappingProxyType(
    {
        "reader-selected": 0,
        "single-target": 1,
        "dual-target": 2,
        "tag-focus": 3,
        "single-target-reset": 5,
        "dual-target-b-to-a": 6,
    }
)
"""How tags that were counted are made to answer again: name -> InventorySearchMode."""
MODES = MappingProxyType(
    {
        "max-throughput": 0,
        "hybrid": 1,
        "dense-m4": 2,
        "dense-m8": 3,
        "max-miller": 4,
        "dense-m4-two": 5,
        "autoset-dense": 1000,
        "autoset-dense-deep": 1002,
        "autoset-static-fast": 1003,
        "autoset-static-dense": 1004,
    }
)
"""Impinj's names of RF modes; which of them a reader has, its own table says."""

_CUSTOM = 1023
_ENABLE, _ENABLED = 21, 22
_SEARCH_MODE, _SELECTOR = 23, 50
TID_SUBTYPE = 55
_SELECT_TID, _SELECT_PHASE, _SELECT_RSSI, _SELECT_DOPPLER = 51, 52, 53, 67
_TLV = struct.Struct(">HHII")


class Reported(NamedTuple):
    """One value in a tag report: its name, struct code and octets."""

    name: str
    code: str
    size: int


REPORTED = MappingProxyType(
    {
        56: Reported("ImpinjRFPhaseAngle", "H", 2),
        57: Reported("ImpinjPeakRSSI", "h", 2),
        68: Reported("ImpinjRFDopplerFrequency", "h", 2),
    }
)
"""Custom parameters of a fixed size in TagReportData, by subtype. Phase in 1/4096 turn, power in 1/100 dBm, Doppler
in 1/16 Hz."""
_PHASE_RAD = 2 * math.pi / 4096


@dataclass(frozen=True, slots=True)
class ImpinjOptions:
    """What an Impinj reader shall do beyond the standard. ``search_mode``: a name of ``SEARCH_MODES``.

    ``details``: phase, Doppler shift and power in 1/100 dBm with each read; ``fast_id``: the TID with each read.
    Raises ``ValueError`` for a search mode that does not exist.
    """

    search_mode: str | None = None
    details: bool = False
    fast_id: bool = False

    def __post_init__(self) -> None:
        if self.search_mode is not None and self.search_mode not in SEARCH_MODES:
            raise ValueError(f"search_mode: {self.search_mode!r} is not one of {', '.join(SEARCH_MODES)}")


def enable_extensions(message_id: int) -> Message:
    """IMPINJ_ENABLE_EXTENSIONS."""
    return message("CUSTOM_MESSAGE", message_id, VendorIdentifier=IMPINJ, MessageSubtype=_ENABLE, Data=bytes(4))


def extension_status(got: Message) -> Message | None:
    """The answer to ``enable_extensions`` as a message with LLRPStatus; None for any other message."""
    if (got.name, got.fields[:2]) != ("CUSTOM_MESSAGE", (IMPINJ, _ENABLED)):
        return None
    octets = got["Data"]
    assert isinstance(octets, bytes)
    answer = decode(Frame(13, got.id, got.version, octets))  # the body is that of any answer: LLRPStatus, more
    assert isinstance(answer, Message)
    return answer


def answer_extensions(asked: Message, maker: int, status: Parameter) -> Message | None:
    """An Impinj reader's answer to ``enable_extensions``; None for any other maker or message."""
    if maker != IMPINJ or (asked.name, asked.fields[:2]) != ("CUSTOM_MESSAGE", (IMPINJ, _ENABLE)):
        return None
    octets = encoded_parameter(status)
    return message("CUSTOM_MESSAGE", asked.id, VendorIdentifier=IMPINJ, MessageSubtype=_ENABLED, Data=octets)


def inventory_parameters(options: ImpinjOptions) -> tuple[Parameter, ...]:
    """What belongs into C1G2InventoryCommand."""
    if options.search_mode is None:
        return ()
    return (_custom(_SEARCH_MODE, struct.pack(">H", SEARCH_MODES[options.search_mode])),)


def report_parameters(options: ImpinjOptions) -> tuple[Parameter, ...]:
    """What belongs into ROReportSpec."""
    wanted = [_SELECT_TID] * options.fast_id
    wanted += [_SELECT_PHASE, _SELECT_RSSI, _SELECT_DOPPLER] * options.details
    inside = b"".join(encoded_parameter(_custom(subtype, b"\0\1")) for subtype in wanted)
    return (_custom(_SELECTOR, inside),) if wanted else ()


def selected(report: Parameter) -> ImpinjOptions:
    """Which values a ROReportSpec asks for. Raises ``LlrpError`` for a selector that is none."""
    for one in report.all("Custom"):
        if one.fields[:2] == (IMPINJ, _SELECTOR):
            octets = one["Data"]
            assert isinstance(octets, bytes)
            wanted = decode(Frame(61, 0, 1, octets))  # parameters only, as in a report
            assert isinstance(wanted, Message)
            on = {inside["ParameterSubtype"] for inside in wanted.all("Custom") if inside["Data"] == b"\0\1"}
            return ImpinjOptions(details=_SELECT_PHASE in on, fast_id=_SELECT_TID in on)
    return ImpinjOptions()


def detail(phase: int | None, doppler: int | None, tid: bytes) -> TagDetail:
    """The values of a report in units for people."""
    return TagDetail(
        None if phase is None else phase * _PHASE_RAD, None if doppler is None else doppler / 16, tid.hex().upper()
    )


def values_of(parameters: Iterable[Parameter | RawParameter]) -> dict[str, int | bytes]:
    """The values of a tag's Custom parameters by name; those of a wrong size are not there."""
    found: dict[str, int | bytes] = {}
    for one in parameters:
        if not isinstance(one, Parameter) or one.name != "Custom" or one.fields[0] != IMPINJ:
            continue
        _, subtype, octets = one.fields
        assert isinstance(subtype, int) and isinstance(octets, bytes)
        known = REPORTED.get(subtype)
        if known is not None and len(octets) == known.size:
            found.setdefault(known.name, struct.unpack(f">{known.code}", octets)[0])
        elif subtype == TID_SUBTYPE and len(octets) >= 2 and len(octets) == 2 + 2 * int.from_bytes(octets[:2], "big"):
            found.setdefault("ImpinjSerializedTID", octets[2:])
    return found


def reported(options: ImpinjOptions, rssi_dbm: float, given: TagDetail) -> bytes:
    """What a reader appends to a tag's report."""
    octets = b""
    if options.fast_id:
        tid = bytes.fromhex(given.tid)
        octets += _tlv(TID_SUBTYPE, struct.pack(">H", len(tid) // 2) + tid)
    if options.details:
        phase = round((given.phase_rad or 0.0) / _PHASE_RAD) % 4096
        octets += _tlv(56, struct.pack(">H", phase))
        octets += _tlv(57, struct.pack(">h", max(-0x8000, min(0x7FFF, round(rssi_dbm * 100)))))
        octets += _tlv(68, struct.pack(">h", max(-0x8000, min(0x7FFF, round((given.doppler_hz or 0.0) * 16)))))
    return octets


def _custom(subtype: int, octets: bytes) -> Parameter:
    return parameter("Custom", VendorIdentifier=IMPINJ, ParameterSubtype=subtype, Data=octets)


def _tlv(subtype: int, octets: bytes) -> bytes:
    return _TLV.pack(_CUSTOM, _TLV.size + len(octets), IMPINJ, subtype) + octets
