"""Reads to RO_ACCESS_REPORT, as a reader sends them. Pure; the simulated reader's and the bench's.

Public names: ReportEncoder.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 13.6.1 and 16.2.7.3.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Sequence

from rfid.driver import ReaderClock, TagDetail, TagRead
from rfid.llrp.codec import Parameter
from rfid.llrp.frames import HEADER
from rfid.llrp.impinj import ImpinjOptions, reported
from rfid.llrp.schema import PARAMETERS_BY_NAME

_REPORT = 61
_TAG = 240
_EPC_BITS = 241
_TLV = struct.Struct(">HH")
_TIMES = ("FirstSeenTimestampUTC", "FirstSeenTimestampUptime", "LastSeenTimestampUTC", "LastSeenTimestampUptime")
_ENCODED = {
    "ROSpecID": "I",
    "SpecIndex": "H",
    "InventoryParameterSpecID": "H",
    "AntennaID": "H",
    "ChannelIndex": "H",
    "PeakRSSI": "b",
    "TagSeenCount": "H",
    "AccessSpecID": "I",
} | dict.fromkeys(_TIMES, "Q")
_EPC_HEADER = struct.Struct(">HHH")
_NO_DETAIL = TagDetail(None, None, "")


class ReportEncoder:
    """Encodes reads as a reader does. ``selector``: the standard's TagReportContentSelector.

    ``clock`` says in which parameters the times go; none of them with ``ReaderClock.NONE``. A read's time is both
    first and last seen. Powers are rounded into -128..127 dBm, counts cut at 65,535. ``impinj``: what is appended.
    """

    __slots__ = ("_epc_memory", "_impinj", "_places", "_tail", "_template")

    def __init__(
        self, selector: Parameter, rospec_id: int, clock: ReaderClock, impinj: ImpinjOptions | None = None
    ) -> None:
        self._impinj = impinj
        times = {
            "EnableFirstSeenTimestamp": f"FirstSeenTimestamp{'UTC' if clock is ReaderClock.UTC else 'Uptime'}",
            "EnableLastSeenTimestamp": f"LastSeenTimestamp{'UTC' if clock is ReaderClock.UTC else 'Uptime'}",
        }
        if clock is ReaderClock.NONE:
            times = dict.fromkeys(times, "")
        given: dict[str, int] = {"ROSpecID": rospec_id, "SpecIndex": 1, "InventoryParameterSpecID": 1}
        codes, template, places = ">", list[int](), dict[str, list[int]]()
        for field in selector.definition.named:
            name = times.get(field.name, field.name.removeprefix("Enable"))
            if not name or not selector.number(field.name):
                continue
            definition = PARAMETERS_BY_NAME[name]
            codes += "B" + _ENCODED[name]
            template += [0x80 | definition.number, given.get(name, 0)]
            places.setdefault(name.removeprefix("First").removeprefix("Last")[:13], []).append(len(template) - 1)
        self._tail = struct.Struct(codes)
        self._template = template
        self._places = tuple(
            places.get(name, []) for name in ("AntennaID", "PeakRSSI", "SeenTimestamp", "TagSeenCount")
        )
        memory = selector.first("C1G2EPCMemorySelector")
        self._epc_memory = (memory.number("EnableCRC"), memory.number("EnablePCBits")) if memory else (0, 0)

    def encode(
        self,
        reads: Sequence[TagRead],
        message_id: int,
        details: Sequence[TagDetail] = (),
        results: Sequence[bytes] = (),
    ) -> bytes:
        """One whole RO_ACCESS_REPORT. ``results``: for each read the encoded results of an access spec, or empty.

        Raises ``ValueError`` for an EPC that is no hexadecimal of whole words.
        """
        body = b"".join(
            self._tag(read, details[place] if details else _NO_DETAIL, results[place] if results else b"")
            for place, read in enumerate(reads)
        )
        return HEADER.pack(1 << 10 | _REPORT, HEADER.size + len(body), message_id) + body

    def _tag(self, read: TagRead, detail: TagDetail, results: bytes) -> bytes:
        epc = bytes.fromhex(read.epc)
        if len(epc) % 2:
            raise ValueError(f"EPC {read.epc} is not whole words of 16 bit")
        values = self._template.copy()
        antennas, powers, times, counts = self._places
        for place in antennas:
            values[place] = read.antenna
        for place in powers:
            values[place] = max(-128, min(127, round(read.rssi_dbm)))
        for place in times:
            values[place] = read.at_us
        for place in counts:
            values[place] = min(read.seen, 0xFFFF)
        octets = b"\x8d" + epc if len(epc) == 12 else _EPC_HEADER.pack(_EPC_BITS, 6 + len(epc), len(epc) * 8) + epc
        octets += self._tail.pack(*values)
        if any(self._epc_memory):
            octets += self._memory(epc)
        octets += results
        if self._impinj is not None:
            octets += reported(self._impinj, read.rssi_dbm, detail)
        return _TLV.pack(_TAG, _TLV.size + len(octets)) + octets

    def _memory(self, epc: bytes) -> bytes:
        """Protocol control (length in words) and CRC-16 as a tag backscatters them."""
        control = len(epc) // 2 << 11
        crc = crc_hqx(control.to_bytes(2, "big") + epc, 0xFFFF) ^ 0xFFFF
        with_crc, with_control = self._epc_memory
        return (b"\x8c" + control.to_bytes(2, "big") if with_control else b"") + (
            b"\x8b" + crc.to_bytes(2, "big") if with_crc else b""
        )
