"""JSON of readers, by maker: messages, lists and lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from fuzz.borders import Take
from rfid.bad_messages import BadMessages
from rfid.driver import ReaderEvent
from rfid.http_reader import JsonLines
from rfid.vendor_json import Vendor, heard

_AT = "2026-01-31T23:59:59.123456789Z"
_MESSAGES: dict[Vendor, list[object]] = {
    Vendor.IMPINJ: [
        {
            "timestamp": _AT,
            "eventType": "tagInventory",
            "tagInventoryEvent": {
                "epc": "MDQle_cZTkAAABqF",
                "epcHex": "3034257BF7194E4000001A85",
                "antennaPort": 1,
                "peakRssiCdbm": -5050,
                "phaseAngle": 12.5,
                "tid": "4oARYA==",
                "lastSeenTime": _AT,
            },
        },
        {"timestamp": _AT, "gpiTransitionEvent": {"gpi": 1, "transition": "low-to-high"}},
        {"timestamp": _AT, "inventoryStatusEvent": {"inventoryStatus": "running"}},
        {"timestamp": _AT, "antennaConnectedEvent": {"antennaPort": 2}},
    ],
    Vendor.ZEBRA: [
        {
            "type": "SIMPLE",
            "timestamp": "2026-02-01T07:59:59.123+0800",
            "data": {
                "format": "epc",
                "idHex": "3034257bf7194e4000001a85",
                "antenna": 1,
                "peakRssi": -50,
                "reads": 2,
                "phase": 0.5,
                "TID": "e2801160",
            },
        },
        {"type": "gpi", "timestamp": _AT, "data": {"pin": 1, "state": "HIGH"}},
        {"component": "RC", "eventNum": 1, "type": "heartbeat", "timestamp": _AT, "data": {"radio_control": {}}},
    ],
}


def seeds() -> Iterable[bytes]:
    """One message of each kind alone, all as a list and all as lines; the first octet is the maker."""
    for number, vendor in enumerate(Vendor):
        texts = [json.dumps(one).encode() for one in _MESSAGES[vendor]]
        for body in (*texts, b"[" + b",".join(texts) + b"]", b"\n".join(texts) + b"\n"):
            yield bytes((number,)) + body


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    vendor = [*Vendor][octets[0] % len(Vendor) if octets else 0]
    whole = octets[1:]
    told = _told(vendor, whole)
    if whole.startswith(b"[") and len(whole) < 1_000:
        long = b"[" + b" " * 40_000 + whole[1:]  # is taken entry by entry
        assert len(told) <= len(_told(vendor, long)), "a long message says less than a short one"
    for line in JsonLines().feed(whole):
        _told(vendor, line)


def _told(vendor: Vendor, octets: bytes) -> list[ReaderEvent]:
    events: list[ReaderEvent] = []
    for _ in heard(vendor, octets, BadMessages(), lambda: None, events.append):
        pass
    return events
