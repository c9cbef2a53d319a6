"""Hosts of the mailbox over any link: one that routes and is done, one that goes on through faults and remembers.

Public names: PARCELS, route_all, RoutingHost, Kept, read_in_the_end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from waiting import HANGS_S

from plc.driver import PlcError, PlcLink
from plc.host_signals import (
    Connected,
    Fenced,
    Found,
    Handled,
    HostSignal,
    Incompatible,
    Restarted,
)
from plc.mailbox import Host, Remembered
from plc.modbus import ModbusLink
from plc.wires import Tcp
from plc.words import CommandRecord, EventRecord, EventType, Opcode, Sent

PARCELS = 30


async def route_all(link: PlcLink, parcels: int, *, at_once: bool) -> list[int]:
    """Routes so many parcels, whose INDUCTED wait in the PLC, and acknowledges all; the tracks in order."""
    await link.connect()
    host, handled, stored = Host(), list[int](), 0
    signals = host.connect(await link.read_up(), await link.read_down(), time.monotonic_ns() // 1000)
    async with asyncio.timeout(HANGS_S):
        while True:
            for signal in signals:
                match signal:
                    case EventRecord() as event:
                        host.event_stored(event.seq)
                        stored = event.seq
                        if event.type is EventType.INDUCTED:
                            host.command(
                                CommandRecord(Opcode.ROUTE, event.track_id, 3, host.plc_ms + 60_000 & 0xFFFF_FFFF)
                            )
                    case Handled(sent, None):
                        handled.append(sent.command.value)
                        host.command_stored(sent.seq)
                    case _:
                        pass
            if len(handled) == parcels and host.up is not None and host.up.event_acked == stored:
                return handled
            words, more = host.down(time.monotonic_ns() // 1000)
            if words is None:
                up = await link.read_up()
            elif at_once:
                up = await link.exchange(words)
            else:
                await link.write_down(words)
                up = await link.read_up()
            signals = more + host.on_up(up, time.monotonic_ns() // 1000)
            await asyncio.sleep(0.001)


class Kept:
    """What survives a host: stored events and commands of each session, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[int, EventRecord]] = []
        self.commands: list[tuple[int, Sent]] = []
        self.memory: Remembered | None = None

    def tracks(self, session: int) -> list[int]:
        return [event.track_id for of, event in self.events if of == session and event.type is EventType.INDUCTED]


class RoutingHost:
    """A host with its loop: routes each parcel to a lane by its number, stores, acknowledges, reconnects."""

    def __init__(
        self, port: int, journal: Kept, *, stores: bool = True, timeout_ms: int = 1000, link: PlcLink | None = None
    ) -> None:
        self.journal = journal
        self.host = Host(journal.memory)
        self.link = link or ModbusLink("sorter1", Tcp("127.0.0.1", port), timeout_ms=timeout_ms)
        self.stores = stores
        self.signals: list[HostSignal] = []
        self.faults: list[str] = []
        self.received: list[EventRecord] = []
        self.sent: list[Sent] = []
        self.routed: set[int] = set()  # track ids that have a route, found or given
        self.connected = False

    async def until(self, reached: Callable[[], bool]) -> None:
        """Cycles until it is reached; fails when that hangs."""
        try:
            async with asyncio.timeout(HANGS_S):
                while not reached():
                    await self.cycle()
        except TimeoutError:
            pytest.fail(f"not reached in {HANGS_S} s: {self.host.up}, faults {self.faults[-3:]}, {self.signals[-5:]}")

    async def until_routed(self, parcels: int) -> None:
        await self.until(lambda: len(self.routed) >= parcels)

    async def until_faults(self, faults: int) -> None:
        await self.until(lambda: len(self.faults) >= faults)

    async def look(self) -> Sequence[int]:
        """UP as it is now, over as many connections as that takes."""
        while True:
            if self.connected:
                with suppress(PlcError):
                    return await self.link.read_up()
            await self.cycle()

    async def cycle(self) -> None:
        now_us = time.monotonic_ns() // 1000
        try:
            if not self.connected:
                await self.link.connect()
                up = await self.link.read_up()
                down = await self.link.read_down()
                self.connected = True
                self.take(self.host.connect(up, down, now_us))
            else:
                self.take(self.host.on_up(await self.link.read_up(), now_us))
            words, signals = self.host.down(now_us)
            self.take(signals)
            if words is not None:
                await self.link.write_down(words)
        except PlcError as error:
            self.faults.append(str(error))
            self.connected = False
        if self.stores:
            self.store()
        await asyncio.sleep(0.001)

    def take(self, signals: Sequence[HostSignal]) -> None:
        self.signals += signals
        for signal in signals:
            match signal:
                case Connected(found=found):
                    self.sent += found
                    self.routed |= {sent.command.value for sent in found}
                case Found(sent):
                    self.sent.append(sent)
                    self.routed.add(sent.command.value)
                case Restarted():
                    self.received, self.sent = [], []
                case Incompatible() | Fenced():
                    self.connected = False  # until a handshake finds the right layout
                case EventRecord() as event:
                    self.received.append(event)
                    if event.type is EventType.INDUCTED and event.track_id not in self.routed:
                        self.routed.add(event.track_id)
                        expiry_ms = (self.host.plc_ms + 60_000) & 0xFFFF_FFFF
                        self.host.command(
                            CommandRecord(Opcode.ROUTE, event.track_id, event.track_id % 9 + 1, expiry_ms)
                        )
                case Sent() as sent:
                    self.sent.append(sent)
                case _:
                    pass

    def store(self) -> None:
        session = self.host.session
        if session is None:
            return
        for event in self.received:
            self.journal.events.append((session, event))
            self.host.event_stored(event.seq, session)
        for sent in self.sent:
            self.journal.commands.append((session, sent))
            self.host.command_stored(sent.seq, session)
        memory = self.journal.memory
        same = memory is not None and memory.session == session
        event_seq = self.received[-1].seq if self.received else memory.event_seq if memory and same else None
        command_seq = self.sent[-1].seq if self.sent else memory.command_seq if memory and same else None
        if event_seq is not None:
            up = self.host.up
            assert up is not None
            self.journal.memory = Remembered(session, event_seq, up.cmd_done if command_seq is None else command_seq, 0)
        self.received, self.sent = [], []

    def said(self, *kinds: type[HostSignal]) -> list[Any]:
        return [signal for signal in self.signals if isinstance(signal, kinds)]


async def read_in_the_end(link: PlcLink) -> Sequence[int]:
    """UP, over as many connections as a busy machine needs to answer within the link's limit."""
    while True:
        with suppress(PlcError):
            await link.connect()
            return await link.read_up()
