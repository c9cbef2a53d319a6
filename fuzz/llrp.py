"""LLRP: what a reader sends, whole conversations with all messages and reports in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from fuzz.borders import Take
from rfid.llrp.as_json import decode_file, to_json
from rfid.llrp.codec import BitString, LlrpError, Message, decode, encode, message, parameter
from rfid.llrp.frames import HEADER, Frame, Frames
from rfid.llrp.impinj import ImpinjOptions
from rfid.llrp.phase import Send
from rfid.llrp.reports import ReportDecoder
from rfid.llrp.session import LlrpSession
from rfid.llrp.settings import LlrpSettings
from rfid.llrp_device.device import LlrpDevice

_SETTINGS = (LlrpSettings("r"), LlrpSettings("r", (1, 2), impinj=ImpinjOptions(details=True, fast_id=True)))
_EPC = "3034257BF7194E4000001A85"


def seeds() -> Iterable[bytes]:
    """Conversations of our own device; the first octet says which settings the session has."""
    for number, settings in enumerate(_SETTINGS):
        yield bytes((number,)) + b"".join(_spoken(settings, 25_882 if number else 0))
    tags = [
        parameter(
            "TagReportData",
            parameter("EPC_96", EPC=bytes.fromhex(_EPC)),
            parameter("AntennaID", AntennaID=1),
            parameter("PeakRSSI", PeakRSSI=-50),
            parameter("FirstSeenTimestampUTC", Microseconds=1_790_000_000_000_000),
            parameter("TagSeenCount", TagCount=3),
        ),
        parameter("TagReportData", parameter("EPCData", EPC=_bits(_EPC[:8])), parameter("AntennaID", AntennaID=2)),
    ]
    yield b"\0" + encode(message("RO_ACCESS_REPORT", 9, *tags))
    yield b"\0" + encode(message("KEEPALIVE", 4))


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _bits(epc_hex: str) -> BitString:
    return BitString(4 * len(epc_hex), bytes.fromhex(epc_hex))


def _spoken(settings: LlrpSettings, maker: int) -> Iterator[bytes]:
    """What a device says from its greeting until it reads, and a keepalive."""
    device = LlrpDevice("r", maker=maker)
    session = LlrpSession(settings, 0)
    waiting = [device.connect(0)]
    while waiting:
        octets = waiting.pop(0)
        yield octets
        asked = [one.octets for one in session.receive(octets, 0) if isinstance(one, Send)]
        waiting += filter(None, (device.receive(one, 0).octets for one in asked))
    yield device.keepalive()


def _take(octets: bytes) -> None:
    settings, stream = _SETTINGS[octets[0] % len(_SETTINGS) if octets else 0], octets[1:]
    for frame in Frames().feed(stream):
        if isinstance(frame, Frame):
            _frame(frame)
    for told in decode_file(stream):
        json.dumps(told)
    whole, split = (LlrpSession(settings, 0) for _ in range(2))
    said = whole.receive(stream, 1)
    half = len(stream) // 2
    assert said == split.receive(stream[:half], 1) + split.receive(stream[half:], 1), "a split changes what is told"
    assert whole.phase == split.phase
    whole.expire(10_000_000)
    whole.close(10_000_001)


def _frame(frame: Frame) -> None:
    try:
        told = decode(frame)
    except LlrpError:
        return
    assert encode(told)[HEADER.size :] == frame.body, "it encodes to other octets"
    json.dumps(to_json(told))
    if isinstance(told, Message) and told.name == "RO_ACCESS_REPORT":
        quick, plain = ReportDecoder(), ReportDecoder()
        with suppress(LlrpError):
            for _ in range(3):  # what a tag does not say is as it was reported last
                assert quick.decode(frame.body) == plain.take(told), "both ways say the same"
