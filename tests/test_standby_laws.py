"""Two controllers and one lease: whatever is late, lost or stands still, no two command a PLC in one epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from leases import LeaseTable

from edge.controller.lease import Lease
from edge.core.values.lease import LeaseAsk, LeaseRow
from plc.mailbox import Host
from plc.plc_side import PlcSide
from plc.words import DOWN_WORDS, CommandRecord, Opcode, Refusal, serial_after

STEP_US = 5_000
HOLD_US = 1_000_000
ASKS_US = 100_000
FOREVER = 0x7FFF_0000
CALM_US = 4 * HOLD_US


@dataclass
class Way:
    """An ask on its way: when the store does it, and when its answer comes, if it does."""

    ask: LeaseAsk
    asked_us: int
    done_us: int
    comes_us: int
    lost: bool
    row: LeaseRow | None = None


@dataclass
class Node:
    """``rate``: of its clock, in thousandths. ``late``: blocks on their way to the PLC, by when they arrive."""

    name: str
    rate: int
    lease: Lease = field(init=False)
    stands: bool = False
    host: Host | None = None
    way: Way | None = None
    next_us: int = 0
    late: list[tuple[int, list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lease = Lease(f"{self.name}/0", HOLD_US)

    def clock(self, at_us: int) -> int:
        return 17 * HOLD_US * (1 + ord(self.name[0])) + at_us * self.rate // 1000


class Floor:
    """``delays``: of the way to the store, back from it, and to the PLC, in steps; and whether an answer is lost."""

    def __init__(self, rates: tuple[int, int], delays: list[tuple[int, int, int, bool]], obeyed: int) -> None:
        self.at_us = 0
        self.nodes = [Node("a", rates[0]), Node("b", rates[1])]
        self.table = LeaseTable(lambda: self.at_us)
        self.side = PlcSide(act=self._act)
        self.registers = [0] * DOWN_WORDS
        self.delays, self.turn = delays, 0
        self.calm = False
        self.owner: dict[int, int] = {}
        self.epochs: list[int] = []
        if obeyed:
            self._before(obeyed)

    def _before(self, times: int) -> None:
        """Controllers without a lease had the PLC so many times."""
        for _ in range(times):
            host = Host()
            host.connect(self.side.up(0), self.registers, 0)
            self.registers = host.down(0)[0] or self.registers
            self.side.scan(self.registers, 0)

    def _act(self, command: CommandRecord) -> Refusal | None:
        assert self.owner.setdefault(self.side.epoch, command.value) == command.value, "two commanded in one epoch"
        return None

    def _delay(self) -> tuple[int, int, int, bool]:
        self.turn += 1
        return (0, 0, 0, False) if self.calm else self.delays[self.turn % len(self.delays)]

    def step(self) -> None:
        self.at_us += STEP_US
        for number, node in enumerate(self.nodes):
            self._arrive(node)
            if not node.stands:
                self._ask(node)
                self._command(node, number)
        leading = [node.name for node in self.nodes if node.lease.leads(node.clock(self.at_us))]
        assert len(leading) < 2, "two hold the lease"
        self.side.scan(self.registers, self.at_us // 1000)
        if not self.epochs or self.epochs[-1] != self.side.epoch:
            assert not self.epochs or serial_after(self.side.epoch, self.epochs[-1])
            self.epochs.append(self.side.epoch)

    def _arrive(self, node: Node) -> None:
        """What is on its way arrives, whether the process stands still or not."""
        for at_us, block in [*node.late]:
            if at_us <= self.at_us:
                node.late.remove((at_us, block))
                self.registers = block
                self.side.scan(self.registers, self.at_us // 1000)
        if (way := node.way) is not None and way.row is None and way.done_us <= self.at_us:
            way.row = self.table(way.ask)

    def _ask(self, node: Node) -> None:
        way, now_us = node.way, node.clock(self.at_us)
        if way is not None and way.comes_us <= self.at_us:
            node.way = None
            if not way.lost and way.row is not None:
                node.lease.answered(way.ask, way.row, way.asked_us, now_us)
        elif way is None and self.at_us >= node.next_us:
            there, back, _, lost = self._delay()
            done_us = self.at_us + there * STEP_US
            above = None if node.host is None else node.host.to_pass
            node.way = Way(node.lease.ask(now_us, above), now_us, done_us, done_us + back * STEP_US, lost)
            node.next_us = self.at_us + ASKS_US

    def _command(self, node: Node, number: int) -> None:
        if not node.lease.leads(node.clock(self.at_us)):
            node.host = None
            return
        assert node.lease.row is not None
        if node.host is None:
            node.host = Host(epoch=node.lease.row.epoch)
            node.host.connect(self.side.up(self.at_us // 1000), self.registers, self.at_us)
        host = node.host
        host.on_up(self.side.up(self.at_us // 1000), self.at_us)
        if host.fenced:
            host.lease(node.lease.row.epoch)
            host.connect(self.side.up(self.at_us // 1000), self.registers, self.at_us)
        if host.queued < 4:
            host.command(CommandRecord(Opcode.OUTPUT, number, 1, FOREVER))
        for seq in range(self.side.cmd_done - 8, self.side.cmd_done + 1):
            host.command_stored(seq & 0xFFFF)
        words, _ = host.down(self.at_us)
        if words is not None:
            node.late.append((self.at_us + self._delay()[2] * STEP_US, words))


RATES = st.tuples(st.integers(990, 1010), st.integers(990, 1010))
DELAYS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 300), st.booleans()), min_size=1, max_size=12
)
DEEDS = st.lists(
    st.tuples(st.sampled_from(["stop", "go on", "give"]), st.integers(0, 1), st.integers(1, 250)), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(RATES, DELAYS, DEEDS, st.sampled_from([0, 3]))
def test_never_two_command_and_one_does_in_the_end(
    rates: tuple[int, int], delays: list[tuple[int, int, int, bool]], deeds: list[tuple[str, int, int]], obeyed: int
) -> None:
    floor = Floor(rates, delays, obeyed)
    for deed, which, steps in deeds:
        node = floor.nodes[which]
        if deed == "give" and not node.stands:
            node.lease.give_away(node.clock(floor.at_us))
        else:
            node.stands = deed == "stop"
        for _ in range(steps):
            floor.step()
    floor.calm = True
    for node in floor.nodes:
        node.stands = False
    end_us = CALM_US + max([floor.at_us, *(at_us for node in floor.nodes for at_us, _ in node.late)])
    while floor.at_us < end_us:
        floor.step()
    leading = [node for node in floor.nodes if node.lease.leads(node.clock(floor.at_us))]
    assert len(leading) == 1
    assert leading[0].host is not None and leading[0].host.commanding
    assert leading[0].host.epoch == floor.side.epoch


def test_who_gives_it_away_is_followed_at_once_and_who_falls_silent_when_it_ran_out() -> None:
    floor = Floor((1000, 1000), [(1, 1, 1, False)], 0)
    while not floor.owner:
        floor.step()
    first = next(node for node in floor.nodes if node.host is not None)
    other = floor.nodes[1 - floor.nodes.index(first)]
    for _ in range(100):
        floor.step()
    first.lease.give_away(first.clock(floor.at_us))
    given_us = floor.at_us
    while other.host is None or not other.host.commanding:
        floor.step()
    assert floor.at_us - given_us <= 2 * ASKS_US + 10 * STEP_US
    other.stands, silent_us = True, floor.at_us
    while first.host is None or not first.host.commanding:
        floor.step()
    assert HOLD_US - 2 * ASKS_US <= floor.at_us - silent_us <= HOLD_US * 1.05 + 2 * ASKS_US + 10 * STEP_US


def test_a_plc_that_somebody_else_took_is_passed_when_that_one_is_gone() -> None:
    floor = Floor((1000, 1000), [(0, 0, 0, False)], 2)
    while not floor.owner:
        floor.step()
    epoch = floor.side.epoch
    floor._before(1)
    assert floor.side.epoch == epoch + 1
    for _ in range(round(5.5e6 / STEP_US)):
        floor.step()
    (leading,) = (node for node in floor.nodes if node.host is not None)
    assert leading.host is not None and leading.host.commanding and floor.side.epoch == epoch + 2
