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
_HEADER_SIZE = HEADER.size
_unpack = HEADER.unpack_from
_new_frame = tuple.__new__  # a named tuple's own constructor is Python code


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

    __slots__ = ("_due", "_limit", "_rest", "desynchronised")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._due = HEADER.size  # so many octets must be there before looking at the rest is worth it
        self.desynchronised = False

    def feed(self, octets: bytes) -> list[Frame | BadFrame]:
        """The frames that these octets complete. Never raises."""
        found: list[Frame | BadFrame] = []
        if self.desynchronised:
            return found
        if self._rest:
            self._rest += octets
            if len(self._rest) < self._due:
                return found
            octets = bytes(self._rest)
            self._rest.clear()
        at, end, due = 0, len(octets), _HEADER_SIZE
        if end >= due:  # a message alone, whole and good, is what mostly comes
            word, length, number = _unpack(octets)
            if length == end <= self._limit and word >> 10 in _VERSIONS:
                return [_new_frame(Frame, (word & 0x3FF, number, word >> 10, octets[_HEADER_SIZE:]))]
        while end - at >= _HEADER_SIZE:
            word, due, number = _unpack(octets, at)
            version = word >> 10
            if version not in _VERSIONS or not _HEADER_SIZE <= due <= self._limit:
                reason = (
                    f"length {due} is not in {_HEADER_SIZE}..{self._limit}"
                    if version in _VERSIONS
                    else f"version {version & 7} with reserved bits {version >> 3} is not 1 or 2"
                )
                found.append(BadFrame(reason, octets[at : at + _HEADER_SIZE], desynchronised=True))
                self.desynchronised = True
                return found
            if end - at < due:
                break
            body = octets[at + _HEADER_SIZE : at + due]
            found.append(_new_frame(Frame, (word & 0x3FF, number, version, body)))
            at += due
            due = _HEADER_SIZE
        if at < end:
            self._rest += octets[at:]
            self._due = due
        return found
