"""Cuts an LLRP byte stream into frames, whatever the stream brings.

Public names: Frames, Frame, BadFrame, HEADER, MAX_FRAME.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 16.1; 1.1 headers (version 2) are taken as well.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

HEADER = struct.Struct(">HII")
"""Reserved (3 bits), version (3), type (10); length of the whole message in octets; message id."""
MAX_FRAME = 4 * 1024 * 1024
"""Octets of the longest message taken; about 100,000 tags in one report."""
_VERSIONS = (1, 2)


class Frame(NamedTuple):
    """A message still packed: the header's values and the body without the header."""

    number: int
    id: int
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Octets that are no message. ``octets``: at most the first 64 of them, for people; of a bad header its 10.

    ``desynchronised``: where the next message begins is unknown, so nothing more can be had from this stream;
    connect anew. Otherwise this message alone is lost.
    """

    reason: str
    octets: bytes
    desynchronised: bool


class Frames:
    """Cuts a byte stream into frames; any split of the stream gives the same frames.

    A header with a wrong version, reserved bits or a length outside 10..limit means that the stream cannot be
    trusted any more: one ``BadFrame`` says so and all that follows is dropped.
    """

    __slots__ = ("_limit", "_rest", "desynchronised")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._rest = bytearray()
        self.desynchronised = False

    def feed(self, octets: bytes) -> list[Frame | BadFrame]:
        """The frames that these octets complete. Never raises."""
        found: list[Frame | BadFrame] = []
        if self.desynchronised:
            return found
        rest = self._rest
        rest += octets
        at, end = 0, len(rest)
        while end - at >= HEADER.size:
            word, length, number = HEADER.unpack_from(rest, at)
            version = word >> 10
            if version not in _VERSIONS or not HEADER.size <= length <= self._limit:
                reason = (
                    f"length {length} is not in {HEADER.size}..{self._limit}"
                    if version in _VERSIONS
                    else f"version {version & 7} with reserved bits {version >> 3} is not 1 or 2"
                )
                found.append(BadFrame(reason, bytes(rest[at : at + HEADER.size]), desynchronised=True))
                self.desynchronised = True
                rest.clear()
                return found
            if end - at < length:
                break
            found.append(Frame(word & 0x3FF, number, version, bytes(rest[at + HEADER.size : at + length])))
            at += length
        del rest[:at]
        return found
