"""The PLC's side in Structured Text: parsed by a foreign grammar, translated, and held to the contract and the model.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from st_to_c import StError, to_c
from virtual_time import run_virtual

from edge.cli import main
from plc.conformance.check import ConformanceReport, RuleOutcome, check
from plc.modbus import ModbusLink
from plc.plc_side import PlcSide
from plc.wires import Tcp
from plc.words import (
    COMMAND_WORDS,
    DOWN_RING_AT,
    EMPTY_COMMAND,
    EventType,
    Opcode,
    Refusal,
    Sent,
    decode_up,
    encode_command,
)
from plc.words import CommandRecord as Order

LANES = 24
STRICT = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wsign-conversion"]
LAWS = int(os.environ.get("LANEWISE_ST_EXAMPLES", "60"))


class Sorter:
    """The translated program, scan by scan."""

    def __init__(self, library: ctypes.CDLL, session: int = 7, epoch: int = 0) -> None:
        self._library = library
        self._up = (ctypes.c_uint16 * 104)()
        library.st_start(session, epoch, LANES)

    def seq(self, event: int, command: int) -> None:
        self._library.st_seq(event, command)

    def scan(
        self, down: list[int], now: int, state: int = 6, *, induct: bool = False, moved_mm: int = 0, eye: int = 0
    ) -> list[int]:
        words = (ctypes.c_uint16 * 74)(*down)
        self._library.st_scan(words, self._up, ctypes.c_uint32(now), state, int(induct), moved_mm, eye)
        return list(self._up)

    def diverts(self) -> list[int]:
        return [lane for lane in range(1, LANES + 1) if self._library.st_diverts(lane)]


@pytest.fixture(scope="module")
def translated(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = tmp_path_factory.mktemp("st") / "conveyor.c"
    text.write_text(to_c([project / "plc" / "st" / name for name in ("mailbox.st", "conveyor.st")]))
    return text


def compiled(translated: Path, cc: str, *more: str) -> Path:
    program = translated.parent / ("server" if "-DSERVER" in more else "library.so")
    source = Path(__file__).with_name("st_plc.c")
    flags = [*STRICT, "-Wno-unused-but-set-variable", f'-DLW_C="{translated}"']
    subprocess.run([cc, *flags, str(source), "-o", str(program), *more], check=True)
    return program


@pytest.fixture(scope="module")
def library(translated: Path, peer: Callable[[str], str]) -> ctypes.CDLL:
    return ctypes.CDLL(str(compiled(translated, peer("cc"), "-shared", "-fPIC")))


class ScannedLink:
    """A host's way to the program, which scans every 5 ms of the loop's time (a PlcLink)."""

    reads_and_writes_at_once = False

    def __init__(self, sorter: Sorter) -> None:
        self._sorter = sorter
        self._down = [0] * 74
        self._scanned = -1

    async def connect(self) -> None: ...

    async def close(self) -> None: ...

    async def read_up(self) -> Sequence[int]:
        now = int(asyncio.get_running_loop().time() * 200)
        for scan in range(self._scanned + 1, now + 1):
            self._up = self._sorter.scan(self._down, 4_294_000_000 + scan * 5)
        self._scanned = max(self._scanned, now)
        return self._up

    async def read_down(self) -> Sequence[int]:
        return self._down

    async def write_down(self, words: Sequence[int]) -> None:
        await self.read_up()  # what was due before
        self._down = list(words)

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        await self.write_down(words)
        return await self.read_up()


def assert_kept(report: ConformanceReport) -> None:
    assert [f"{verdict.rule}: {verdict.detail}" for verdict in report.failed] == []
    assert report.count(RuleOutcome.PASS) == 34


def test_the_structured_text_keeps_every_rule(library: ctypes.CDLL) -> None:
    assert_kept(run_virtual(check(ScannedLink(Sorter(library)), range(1, LANES + 1))))


@pytest.mark.skipif("LANEWISE_ST_SERVER" not in os.environ, reason="takes 9 s of real time: set LANEWISE_ST_SERVER")
def test_the_structured_text_keeps_every_rule_on_libmodbus(
    run: Any, translated: Path, peer: Callable[[str], str]
) -> None:
    cc, pkg_config = peer("cc"), peer("pkg-config")
    found = subprocess.run([pkg_config, "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=True)
    program = compiled(translated, cc, "-DSERVER", *shlex.split(found.stdout))
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as plc:
        assert plc.stdout is not None
        port = int(plc.stdout.readline().removeprefix("listening "))
        report = run(check(ModbusLink("sorter1", Tcp("127.0.0.1", port)), range(1, LANES + 1)))
        plc.kill()
    assert_kept(report)


def test_what_is_no_structured_text_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.st"
    for text, where in (
        ("FUNCTION f : BOOL\n  f := ;\nEND_FUNCTION", "wrong.st:2"),
        ("VAR_GLOBAL END_VAR", "wrong.st:1"),
    ):
        wrong.write_text(text)
        with pytest.raises(StError, match=where):
            to_c([wrong])


def test_the_files_are_written_out_once(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plc", "st", str(tmp_path)]) == 0
    for name in ("README.md", "conveyor.st", "mailbox.st"):
        assert (tmp_path / name).read_text() == (project / "plc" / "st" / name).read_text()
    assert main(["plc", "st", str(tmp_path)]) == 2
    assert "README.md: File exists" in capsys.readouterr().err


# ---- as the model ----------------------------------------------------------------------------------------------------


def down(epoch: int, beat: int, ack: int, orders: dict[int, Order], head: int, seen: int = 0) -> list[int]:
    words = [0x4C57, 2, beat, epoch, ack, head, seen, 0, 0, 0, *EMPTY_COMMAND * 8]
    for seq, order in orders.items():
        at = DOWN_RING_AT + seq % 8 * COMMAND_WORDS
        words[at : at + COMMAND_WORDS] = encode_command(Sent(seq, order))
    return words


ORDERS = st.builds(
    Order,
    st.sampled_from(Opcode),
    st.integers(0, 5) | st.just(2**32 - 1),
    st.integers(0, 30),
    st.sampled_from([0, 900, 1_000, 1_001, 5_000, 2**31 + 500, 2**32 - 1]),
)
SCANS = st.lists(
    st.tuples(
        st.lists(ORDERS, max_size=4),
        st.sampled_from(["good"] * 8 + ["layout", "version", "old", "newer", "torn", "ahead", "late", "unknown"]),
        st.integers(0, 9),  # how many events are acknowledged
        st.integers(0, 9),  # how many are seen
        st.sampled_from([1] * 9 + [600]),  # ms since the scan before
        st.sampled_from([6, 6, 6, 11]),
        st.booleans(),  # a parcel at the induction
    ),
    max_size=25,
)


@given(SCANS, st.sampled_from([1, 65_530, 32_760]), st.sampled_from([0, 1, 40_000, 65_535]))
@settings(max_examples=LAWS)
def test_any_scans_leave_the_registers_as_the_model_does(  # noqa: C901  a case for each kind of scan
    library: ctypes.CDLL, scans: Any, first: int, kept_epoch: int
) -> None:
    sorter, known = Sorter(library, epoch=kept_epoch), set[int]()
    lanes_off: set[int] = set()
    side = PlcSide(7, first_event_seq=first, first_command_seq=first, epoch=kept_epoch, keep=512, buffer=256)
    sorter.seq(first, first)
    state, was, wet, head, orders, previous = 6, 6, False, (first - 1) % 65536, dict[int, Order](), None
    side.scan([0] * 74, 0)  # st_start made one

    def act(order: Order) -> Refusal | None:
        lane_known = 1 <= order.target <= LANES
        match order.opcode:
            case Opcode.ROUTE:
                if not lane_known:
                    return Refusal.NO_TARGET
                if order.value not in known:
                    return Refusal.UNKNOWN_TRACK
                return None if state == 6 else Refusal.NOT_EXECUTE
            case Opcode.RELEASE | Opcode.HOLD:
                if order.target > 15:
                    return Refusal.NO_TARGET
                return None if order.value in known else Refusal.UNKNOWN_TRACK
            case Opcode.LANE:
                if not lane_known or order.value > 1:
                    return Refusal.NO_TARGET
                if (order.target in lanes_off) is bool(order.value):
                    lanes_off.symmetric_difference_update({order.target})
                    side.emit(EventType.LANE, 0, order.target, value=2 + order.value)
                return None
            case Opcode.OUTPUT:
                return Refusal.NO_TARGET if order.target > 15 else None

    epoch = kept_epoch or 5
    now = 1_000
    for beat, (given_orders, kind, acked, seen, passed, state, induct) in enumerate(scans):
        for order in given_orders:
            head = (head + 1) % 65536
            orders[head] = order
            orders.pop((head - 8) % 65536, None)
        ack = (side.event_acked + acked) % 65536
        block = down(epoch, beat, ack, orders, head, (side.event_seen + seen) % 65536)
        match kind:
            case "layout" | "version":
                block[0 if kind == "layout" else 1] += 1
            case "old":
                block[3] = (epoch - 3) % 65536
            case "newer":
                epoch = block[3] = (epoch + 20_000) % 65536
            case "torn":
                block[DOWN_RING_AT + (side.cmd_done + 1) % 8 * COMMAND_WORDS + 7] ^= 1
            case "ahead":
                at = DOWN_RING_AT + (side.cmd_done + 1) % 8 * COMMAND_WORDS
                block[at] = block[at + 7] = (block[at] + 8) % 65536
            case "late" if previous is not None:
                block = previous
            case "unknown":
                block[DOWN_RING_AT + (side.cmd_done + 1) % 8 * COMMAND_WORDS + 1] = 77
        previous = block
        now += passed
        side.plc_state = state
        side.scan(block, now, act)
        if state != was:
            side.emit(EventType.STATE, value=state)
        was = state
        if induct and not wet:
            known.add(len(known) + 1)
            side.emit(EventType.INDUCTED, len(known), 1)
        wet = induct
        side.lanes_disabled = sum(1 << lane - 1 for lane in lanes_off)
        assert sorter.scan(block, now, state, induct=induct) == side.up(now)


def test_what_the_buffer_cannot_hold_is_counted(library: ctypes.CDLL) -> None:
    sorter, side = Sorter(library), PlcSide(7, keep=512, buffer=256)
    side.scan([0] * 74, 0)
    for scan in range(900):
        block = down(5, scan, max(0, scan - 880), {}, 0, scan)
        side.plc_state = 6 + (scan + 1) % 2
        side.scan(block, scan)
        side.emit(EventType.STATE, value=side.plc_state)
        assert sorter.scan(block, scan, side.plc_state) == side.up(scan)
    assert side.events_lost > 10


# ---- parcels ---------------------------------------------------------------------------------------------------------


def events(up: list[int]) -> list[tuple[int, int, int, int]]:
    """Type, track, station, value of what is in the ring, oldest first."""
    held = sorted((event for event in decode_up(up).events if event and event.seq), key=lambda event: event.seq)
    return [(int(event.type), event.track_id, event.station, event.value) for event in held]


def test_a_parcel_goes_where_it_is_sent_or_to_the_default_lane(library: ctypes.CDLL) -> None:
    sorter = Sorter(library)
    far = 2**31
    sorter.scan(down(5, 1, 0, {}, 0), 10, induct=True)
    routes = {1: Order(Opcode.ROUTE, 1, 9, far), 2: Order(Opcode.ROUTE, 1, 3, far)}  # the second replaces the first
    sorter.scan(down(5, 2, 1, routes, 2), 20, moved_mm=700, induct=False)
    sorter.scan(down(5, 3, 1, routes, 2), 30, moved_mm=0, induct=True)  # parcel 2 gets no route
    up = sorter.scan(down(5, 4, 1, routes, 2), 40, moved_mm=800)  # parcel 1 is at its decision point
    assert sorter.diverts() == []
    routes[3] = Order(Opcode.ROUTE, 1, 4, far)
    up = sorter.scan(down(5, 5, 1, routes, 3), 50, moved_mm=1_900)
    assert decode_up(up).refusal == Refusal.PAST_DECISION and events(up)[-1] == (EventType.REFUSED, 1, 3, 6)
    assert sorter.diverts() == [3]
    up = sorter.scan(down(5, 6, 1, routes, 3), 60, eye=3)
    assert events(up)[-1] == (EventType.DIVERTED, 1, 3, 0) and sorter.diverts() == [3]
    up = sorter.scan(down(5, 7, 1, routes, 3), 70, moved_mm=2_000 + 500 * LANES - 2_700, eye=LANES)
    assert events(up)[-1] == (EventType.DEFAULTED, 2, LANES, 0)


def test_while_the_host_is_gone_everything_takes_the_default_lane_and_what_no_eye_sees_is_lost(
    library: ctypes.CDLL,
) -> None:
    sorter = Sorter(library)
    route = {1: Order(Opcode.ROUTE, 1, 3, 2**31)}
    sorter.scan(down(5, 1, 0, {}, 0), 10, induct=True)
    sorter.scan(down(5, 2, 0, route, 1), 20)
    up = sorter.scan(down(5, 2, 0, route, 1), 521, moved_mm=1_500)
    up = sorter.scan(down(5, 3, 0, route, 1), 522, moved_mm=500 + 500 * LANES)
    assert sorter.diverts() == [LANES]
    up = sorter.scan(down(5, 3, 0, route, 1), 530, moved_mm=801)
    assert events(up) == [
        (EventType.INDUCTED, 1, 1, 0),
        (EventType.ROUTED, 1, 3, 1),
        (EventType.LOST, 1, LANES, 0),
    ]
