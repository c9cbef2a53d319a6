"""Whether an LLRP reader answers at an address, and whether somebody holds it.

Public names: probe, FoundDevice, Availability.

The reader's greeting is read, and where it greets us as its client, what it is; then it is left at once. Nothing is
configured. A reader that somebody else holds says so and is not disturbed.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9.1, 12.1 and 18.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from rfid.llrp.codec import LlrpError, Message, decode, encode, message
from rfid.llrp.frames import Frame, Frames
from rfid.llrp.plan import about

_OCTETS = 65_536
_FREE = 0


class Availability(StrEnum):
    """What was found at an address."""

    FREE = "free"  # a reader without a client
    BUSY = "busy"  # a reader that another client holds
    OTHER = "other"  # something that speaks no LLRP, or says nothing


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """Something that took the connection. ``about``: maker, model and firmware, or what it did instead."""

    host: str
    port: int
    answer: Availability
    about: str


async def probe(host: str, port: int, patience_s: float) -> FoundDevice | None:
    """None where nobody takes a connection within ``patience_s``; the same patience again for each answer."""
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return None
    try:
        return await _asked(host, port, reader, writer, patience_s)
    except (OSError, TimeoutError, LlrpError) as error:
        return FoundDevice(
            host, port, Availability.OTHER, "says nothing" if isinstance(error, TimeoutError) else str(error)
        )
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(patience_s):
                await writer.wait_closed()


async def _asked(
    host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience_s: float
) -> FoundDevice:
    frames = Frames()
    waiting: list[Message] = []

    async def heard(name: str) -> Message:
        async with asyncio.timeout(patience_s):
            while True:
                while waiting:
                    got = waiting.pop(0)
                    if got.name == name:
                        return got
                octets = await reader.read(_OCTETS)
                if not octets:
                    raise ConnectionResetError("takes connections and closes them")
                for frame in frames.feed(octets):
                    if not isinstance(frame, Frame):
                        raise ConnectionResetError(f"speaks no LLRP: {frame.reason}")
                    got_now = decode(frame)
                    if isinstance(got_now, Message):
                        waiting.append(got_now)

    greeting = await heard("READER_EVENT_NOTIFICATION")
    data = greeting.first("ReaderEventNotificationData")
    attempt = data.first("ConnectionAttemptEvent") if data else None
    if attempt is not None and attempt.number("Status") != _FREE:
        return FoundDevice(host, port, Availability.BUSY, "another client holds it")
    writer.write(encode(message("GET_READER_CAPABILITIES", 1, RequestedData=0)))
    capabilities = await heard("GET_READER_CAPABILITIES_RESPONSE")
    writer.write(encode(message("CLOSE_CONNECTION", 2)))
    with suppress(OSError, TimeoutError):
        await heard("CLOSE_CONNECTION_RESPONSE")
    return FoundDevice(host, port, Availability.FREE, about(capabilities, None))
