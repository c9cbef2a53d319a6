"""Two hosts on one PLC: never both command, and the line is not without one for longer than it must be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from controllers import UTC_US, feed_of, stop
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.controller.controller import Controller
from edge.core.events import AlarmChanged, AlarmRequested, DeviceChanged, OrderChanged, Requested
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from plc.host_signals import Fenced, Unaccounted
from plc.mailbox import Host, Remembered
from plc.plc_side import PlcSide
from plc.words import DOWN_WORDS, CommandRecord, Opcode, Refusal

STEP_US = 10_000
TAKEOVER_US = 1_000_000
SLACK_US = 100_000
"""What a look, a claim and a scan of the PLC take beyond the time that was configured."""
FOREVER = 0x7FFF_0000


class Site:
    """Two machines, each with one process at a time, and a PLC; every step each that lives polls and the PLC scans."""

    def __init__(self) -> None:
        self.at_us = 0
        self.side = PlcSide(act=self._act)
        self.registers = [0] * DOWN_WORDS
        self.hosts: list[Host | None] = [None, None]
        self.lives = [False, False]
        self.seen_us = [0, 0]
        self.processes = [0, 0]
        self.owner: dict[int, tuple[int, int]] = {}
        self.without_us = 0

    def _act(self, command: CommandRecord) -> Refusal | None:
        which = command.value % 2, command.value // 2
        assert self.owner.setdefault(self.side.epoch, which) == which, "two processes commanded in one epoch"
        return None

    def start(self, which: int) -> None:
        """A new process; the one before is gone."""
        self.processes[which] += 1
        self.hosts[which] = Host(takeover_us=TAKEOVER_US)
        self.lives[which] = True
        self._connect(which)

    def stop(self, which: int) -> None:
        """It stands still: killed, stopped, or cut off."""
        self.lives[which] = False

    def go_on(self, which: int) -> None:
        """It lives as if nothing had been."""
        self.lives[which] = self.hosts[which] is not None

    def step(self, first: int) -> None:
        self.at_us += STEP_US
        for which in (first, 1 - first):
            if self.lives[which]:
                self._poll(which)
            self.side.scan(self.registers, self.at_us // 1000)
        living = [host for host, lives in zip(self.hosts, self.lives, strict=True) if host is not None and lives]
        obeyed = [host for host in living if host.commanding and host.epoch == self.side.epoch]
        assert len(obeyed) <= 1
        self.without_us = 0 if obeyed or not living else self.without_us + STEP_US
        assert self.without_us <= TAKEOVER_US + SLACK_US, "without a host"

    def _connect(self, which: int) -> None:
        host = self.hosts[which]
        assert host is not None
        other_us = self.seen_us[1 - which]
        was_fenced = host.fenced
        host.connect(self.side.up(self.at_us // 1000), self.registers, self.at_us)
        if was_fenced and not host.fenced:
            assert self.at_us - other_us >= TAKEOVER_US, "the other lives"
        self._write(which)

    def _poll(self, which: int) -> None:
        host = self.hosts[which]
        assert host is not None
        host.on_up(self.side.up(self.at_us // 1000), self.at_us)
        if host.fenced:
            self._connect(which)
            return
        if host.queued < 4:
            host.command(CommandRecord(Opcode.OUTPUT, self.processes[which] * 2 + which, 1, FOREVER))
        for seq in range(self.side.cmd_done - 8, self.side.cmd_done + 1):
            host.command_stored(seq & 0xFFFF)
        self._write(which)

    def _write(self, which: int) -> None:
        host = self.hosts[which]
        assert host is not None
        words, _ = host.down(self.at_us)
        if words is not None:
            self.registers = words
        if not host.fenced:
            self.seen_us[which] = self.at_us
            self.side.scan(self.registers, self.at_us // 1000)


DEEDS = st.lists(
    st.tuples(st.sampled_from(["start", "stop", "go_on"]), st.integers(0, 1), st.integers(1, 250), st.integers(0, 1)),
    min_size=3,
    max_size=10,
)


@settings(max_examples=200, deadline=None)
@given(DEEDS)
def test_two_hosts_never_both_command_and_the_line_is_never_long_without_one(
    deeds: list[tuple[str, int, int, int]],
) -> None:
    site = Site()
    for deed, which, steps, first in deeds:
        getattr(site, deed)(which)
        for _ in range(steps):
            site.step(first)
    for which in range(2):
        site.go_on(which)
    for _ in range(150):
        site.step(0)


def talk(host: Host, side: PlcSide, registers: list[int], at_us: int) -> list[int]:
    """One poll; what then stands in DOWN."""
    host.on_up(side.up(at_us // 1000), at_us)
    words, _ = host.down(at_us)
    side.scan(words or registers, at_us // 1000)
    return words or registers


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_visit_is_told_and_ends_by_itself_or_by_hand(by_hand: bool) -> None:
    """A laptop for 14 s: never taken from while it lives unless somebody says so, then back within 5 s."""
    side, first, visit = PlcSide(), Host(), Host()
    registers = [0] * DOWN_WORDS
    first.connect(side.up(0), registers, 0)
    registers = talk(first, side, registers, 10_000)
    visit.connect(side.up(10), registers, 20_000)
    said, back_us = list[object](), 0
    for at_us in range(30_000, 24_000_000, 10_000):
        if at_us < 14_000_000:
            registers = talk(visit, side, registers, at_us)
        said += first.on_up(side.up(at_us // 1000), at_us)
        if first.fenced:
            if by_hand and at_us >= 7_000_000:
                first.take_over()
            said += first.connect(side.up(at_us // 1000), registers, at_us)
        if not first.fenced:
            registers = talk(first, side, registers, at_us)
            if side.epoch == first.epoch > 2:
                back_us = back_us or at_us
    assert {signal for signal in said if isinstance(signal, Fenced)} == {Fenced(2, 1, 30_000)}
    assert first.commanding and first.epoch == 4
    assert 7_000_000 <= back_us <= 7_050_000 if by_hand else 18_900_000 <= back_us <= 19_100_000
    assert visit.fenced == by_hand and not [signal for signal in said if isinstance(signal, Unaccounted)]
    heir = Host(Remembered(1, 0, 0, 0))
    heir.connect(side.up(0), registers, 24_000_000)
    assert heir.epoch == 5, "a new process never waits"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_controller_says_who_has_its_plc_and_takes_it_back(project: Path, tmp_path: Path, by_hand: bool) -> None:
    config = on_free_ports(example(project, scan_ms=50), tmp_path, poll_ms=50)
    only = {key: {"tote1": getattr(config, key)["tote1"]} for key in ("plc", "reader", "line")}
    config = config.model_copy(update=only)
    laptop = config.model_copy(update={"journal": tmp_path / "laptop.sqlite", "reader": config.reader})
    wishes: list[OrderChanged | Requested] = []

    async def work() -> None:
        floor = SimulatedFloor(config)
        await floor.start()
        tasks = [asyncio.create_task(Controller(config, feed_of(wishes), threaded=False, zero_us=UTC_US).run())]
        await asyncio.sleep(3)
        visit = asyncio.create_task(Controller(laptop, threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(4)
        if by_hand:
            wish = AlarmRequested(at_us=1, feed_seq=1, alarm="fenced.tote1", action=AlarmAction.TAKE_OVER, by="Ann")
            wishes.append(wish)
            await asyncio.sleep(2)
            await stop(visit)
        else:
            await stop(visit)
            await asyncio.sleep(7)
        await stop(tasks[0])
        await floor.stop()

    run_virtual(work())
    records = journal(config)
    values = [record.value for record in records]
    down, up = (value for value in values if isinstance(value, DeviceChanged) and value.device == "host.tote1")
    assert "tote1: epoch 2 of another controller is obeyed since 2026-01-01T00:00:03" in down.reason
    assert down.reason.endswith("Z, ours is 1") and up.reason == "tote1 obeys this controller again, epoch 4"
    low_us, high_us = (3_900_000, 4_300_000) if by_hand else (8_800_000, 9_600_000)
    assert low_us <= up.at_us - down.at_us <= high_us
    told = [value.active for value in values if isinstance(value, AlarmChanged) and value.kind is AlarmKind.FENCED]
    assert told[0] and not told[-1]
    assert replay(records).difference is None
