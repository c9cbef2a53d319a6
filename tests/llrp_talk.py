"""LLRP without a wire and with one: a session and a device that talk, and who listens to a client.

Public names: SETTINGS, READ_96, READ_128, Talk, Ear.
"""

from __future__ import annotations

import asyncio

from waiting import HANGS_S

from rfid.driver import (
    ClockSample,
    PortChanged,
    ReaderEvent,
    ReaderReady,
    TagRead,
)
from rfid.llrp.codec import Message, decode
from rfid.llrp.frames import Frame, Frames
from rfid.llrp.phase import Send, SessionOutput
from rfid.llrp.session import LlrpSession
from rfid.llrp.settings import LlrpSettings
from rfid.llrp_device.answers import complaint
from rfid.llrp_device.device import LlrpDevice

SETTINGS = LlrpSettings("portal1", antennas=(1, 2), power_dbm=19.9, tag_session=1, mode="m4-250k")
READ_96 = TagRead("30340F1234567890ABCDEF01", 1, -51.0, 1_700_000_000_000_000, 3)
READ_128 = TagRead("30" * 16, 2, -60.0, 1_700_000_000_001_000, 1)


class Talk:
    """A session and a device with nothing between them; remembers what went over the wire."""

    def __init__(self, settings: LlrpSettings = SETTINGS, device: LlrpDevice | None = None) -> None:
        self.device = device or LlrpDevice("sim", antennas=2)
        self.session = LlrpSession(settings, 0)
        self.now_us = 0
        self.wire: list[tuple[bool, bytes]] = []
        self.events: list[SessionOutput] = []

    def start(self) -> Talk:
        self.from_reader(self.device.connect(self.now_us))
        return self

    def from_reader(self, octets: bytes | None) -> list[SessionOutput]:
        """Delivers, and everything that follows from it; gives the session's events."""
        before = len(self.events)
        if octets:
            self.wire.append((False, octets))
            self.carry_out(self.session.receive(octets, self.now_us))
        return self.events[before:]

    def carry_out(self, outputs: list[SessionOutput]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self.wire.append((True, output.octets))
                self.from_reader(self.device.receive(output.octets, self.now_us).octets)
            else:
                self.events.append(output)

    def said(self, by_client: bool) -> list[Message]:
        found = []
        for frame in Frames().feed(b"".join(octets for client, octets in self.wire if client == by_client)):
            assert isinstance(frame, Frame)
            one = decode(frame)
            assert isinstance(one, Message) and complaint(one) is None
            found.append(one)
        return found


class Ear:
    """Collects events and lets a test wait for the next one; every wait has a limit that only a hang reaches."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[ReaderEvent] = asyncio.Queue()

    def __call__(self, event: ReaderEvent) -> None:
        self._heard.put_nowait(event)

    async def next(self) -> ReaderEvent:
        return await asyncio.wait_for(self._heard.get(), HANGS_S)

    async def ready(self) -> ReaderReady:
        """Skips what the reader tells of its clock and ports before it reads."""
        while not isinstance(event := await self.next(), ReaderReady):
            assert isinstance(event, ClockSample | PortChanged), event
        return event
