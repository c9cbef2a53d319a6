"""Serial cards: frames of 125 kHz readers, with pauses between octets."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import reduce
from operator import xor
from pathlib import Path

from fuzz.borders import Take
from rfid.serial_frames import CardFrames, Garbled, Presence, card_of_pyrfid


def seeds() -> Iterable[bytes]:
    """Whole frames, one that breaks off, and what pyrfid keeps."""
    for card in ("0123456789", "AbCdEf0000"):
        digits = f"{card}{reduce(xor, bytes.fromhex(card)):02X}"
        yield b"\0\x02" + digits.encode() + b"\x03"
        yield b"\x07\x02" + digits.encode() + b"\r\n\x03\x02" + digits[:5].encode()
        yield b"\0" + "".join(str(ord(digit)) for digit in digits).encode()


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    pause, stream = octets[0] if octets else 0, octets[1:]
    frames, single, shown = CardFrames(), CardFrames(), Presence(1_000_000)
    whole = frames.feed(stream, 0)
    assert whole == [one for octet in stream for one in single.feed(bytes((octet,)), 0)], "a split changes what is told"
    broken = CardFrames()
    for at, octet in enumerate(stream):
        for one in broken.feed(bytes((octet,)), at * pause * 10_000):
            if not isinstance(one, Garbled):
                shown.comes(one, at * pause * 10_000)
    with suppress(ValueError):
        card_of_pyrfid(stream.decode("latin-1"))
