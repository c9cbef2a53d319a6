"""Frames of 125 kHz card readers on a serial line -> cards: values in, values out.

Public names: CardFrames, Garbled, Presence, card_of_pyrfid.

A frame is STX (0x02), ten hexadecimal digits of the card, two of the checksum, perhaps CR and LF, ETX (0x03). The
checksum is the exclusive or of the card's five octets. A card is its ten digits in capitals.

Source: data sheets of the ID-2/ID-12/ID-20 and RDM6300 reader modules, "output data format, ASCII".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

STX, ETX = 0x02, 0x03
GAP_US = 100_000
"""A pause within a frame that ends it: whole frames take 15 ms at 9,600 baud."""
_LONGEST = 14
_DIGITS = re.compile(rb"[0-9A-Fa-f]{12}(?:\r\n)?")
_CODES = re.compile(r"1[0-9]{2}|[4-9][0-9]")


@dataclass(frozen=True, slots=True)
class Garbled:
    """Octets that are no frame, and why."""

    reason: str
    octets: bytes


class CardFrames:
    """Takes a stream apart. Any split of the stream gives the same; after garbage the next STX begins anew."""

    def __init__(self) -> None:
        self._inside = False
        self._held = bytearray()
        self._newest_us = 0

    def feed(self, octets: bytes, now_us: int) -> list[str | Garbled]:
        """Takes octets that arrived at ``now_us`` of any clock that only goes forward; cards and garbage in order."""
        found: list[str | Garbled] = []
        if self._inside and now_us - self._newest_us > GAP_US:
            self._drop("the frame broke off", found)
        self._newest_us = now_us
        for octet in octets:
            if octet == STX:
                self._drop("a frame began within a frame" if self._inside else "octets outside a frame", found)
                self._inside = True
            elif self._inside and octet == ETX:
                found.append(_card(bytes(self._held)))
                self._inside = False
                self._held.clear()
            elif self._inside or octet not in b"\r\n":
                self._held.append(octet)
                if len(self._held) > _LONGEST:
                    self._drop("no end of a frame" if self._inside else "octets outside a frame", found)
        return found

    def _drop(self, reason: str, found: list[str | Garbled]) -> None:
        if self._held or self._inside:
            found.append(Garbled(reason, bytes(self._held)))
        self._inside = False
        self._held.clear()


def _card(octets: bytes) -> str | Garbled:
    if not _DIGITS.fullmatch(octets):
        return Garbled("a frame has twelve hexadecimal digits", octets)
    *card, checksum = bytes.fromhex(octets[:12].decode())
    if reduce(xor, card) != checksum:
        return Garbled(f"checksum {checksum:02X} must be {reduce(xor, card):02X}", octets)
    return octets[:10].decode().upper()


def card_of_pyrfid(raw: str) -> str:
    """The card of what pyrfid 1.2 keeps as ``rawTag``: the decimal codes of the frame's twelve characters in a row.

    Two digits for ``0-9 A-F a-c``, three for ``d-f``, so that it can be read in one way only. Raises ``ValueError``.
    """
    codes = _CODES.findall(raw)
    text = "".join(chr(int(code)) for code in codes)
    if "".join(codes) != raw or not _DIGITS.fullmatch(text.encode()):
        raise ValueError(f"{raw!r} is not what pyrfid 1.2 keeps of a card: twelve codes of hexadecimal digits")
    return text[:10].upper()


@dataclass(slots=True)
class Presence:
    """Tells a card that came from one that is still there: each is told once, until it was away for ``hold_us``."""

    hold_us: int
    _seen_us: dict[str, int] = field(default_factory=dict)

    def comes(self, card: str, now_us: int) -> bool:
        """Whether the card was not there; each sighting renews its being there."""
        self._seen_us = {known: at_us for known, at_us in self._seen_us.items() if now_us - at_us < self.hold_us}
        came = card not in self._seen_us
        self._seen_us[card] = now_us
        return came
