"""What every reader driver keeps, whatever it drives (rfid/driver.py, Reader): one suite for all of them.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest
import uvloop
from conftest import Run
from contract import (
    FLOODS,
    LOOPS,
    MASKS,
    NONSENSE,
    SLAMS,
    Belongings,
    MeteredLoop,
    Then,
    Tried,
    Way,
    deaf,
    elsewhere,
    ends_in_time,
    names_of,
    passes,
    places,
    pulls,
    slams,
    taken,
    turns,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import Loop
from programs import Programs
from pydantic import TypeAdapter
from reader_peers import READERS, Peer, ReaderCase
from waiting import HANGS_S, until

from edge.config.readers import ReaderConfig
from edge.devices.reader_drivers import make_reader
from rfid.barcode import ScanFrames
from rfid.driver import CodesRead, Reader, ReaderError, ReaderEvent, ReaderReached, ReaderReady, Reads

NAME = "dock1"
Planted = Callable[[Reader], Reader]

every_reader = pytest.mark.parametrize("name", READERS)
tried = Tried(READERS)
dialled = [name for name, case in READERS.items() if case.dials]
listening = [name for name, case in READERS.items() if case.listens]
lines = [name for name in READERS if name not in dialled + listening]


def as_it_is(reader: Reader) -> Reader:
    return reader


@pytest.fixture(autouse=True)
def no_frame_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that gets no time for so long would take it for a pause on its line."""
    monkeypatch.setattr("rfid.pyrfid_reader.GAP_US", HANGS_S * 1e6)


@dataclass
class Talk:
    """One run of a driver, and what it said."""

    peer: Peer
    before: Belongings
    events: list[ReaderEvent] = field(default_factory=list)
    task: asyncio.Task[None] = field(init=False)

    @property
    def is_ready(self) -> bool:
        return any(isinstance(event, ReaderReady) for event in self.events)

    @property
    def stands(self) -> bool:
        return self.is_ready or any(isinstance(event, ReaderReached) for event in self.events)

    @property
    def data(self) -> list[ReaderEvent]:
        return [event for event in self.events if isinstance(event, Reads | CodesRead)]

    async def goes_on(self) -> None:
        """Until the way is over, or all was said that there is."""
        ended = lambda: self.peer.over.is_set() or self.task.done()  # noqa: E731
        await until(lambda: self.stands or ended())
        if not ended():
            await self.peer.tell()
            await until(lambda: len(self.data) >= len(self.peer.events) or ended())
        await turns()

    async def error(self, hangs_s: float = HANGS_S) -> ReaderError:
        """How it ended by itself."""
        await ends_in_time(self.task, self.before, hangs_s)
        assert not self.task.cancelled()
        return blamed(self.task.exception())


def blamed(error: BaseException | None) -> ReaderError:
    assert isinstance(error, ReaderError), f"not an error of the contract: {error!r}"
    assert str(error).startswith(f"{NAME}: "), f"names no reader: {error}"
    return error


def made(keys: dict[str, Any]) -> Reader:
    config: ReaderConfig = TypeAdapter(ReaderConfig).validate_python(keys)
    return make_reader(NAME, config)


@asynccontextmanager
async def talk(case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> AsyncIterator[Talk]:
    async with case.stand(programs, way) as peer:
        its = Talk(peer, Belongings.now())
        its.task = asyncio.create_task(planted(made(peer.keys)).run(its.events.append))
        try:
            yield its
        finally:
            its.task.cancel()
            await asyncio.wait((its.task,), timeout=HANGS_S)


# ---- the contract ----------------------------------------------------------------------------------------------------


async def ends_when_cancelled(
    case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is, hangs_s: float = HANGS_S
) -> None:
    async with talk(case, programs, way, planted) as its:
        await its.goes_on()
        its.task.cancel()
        await ends_in_time(its.task, its.before, hangs_s)
        assert its.task.cancelled(), f"it took no notice: {its.task}"


async def ends_amid_data(case: ReaderCase, programs: Programs) -> None:
    async with talk(case, programs, Way()) as its:
        await its.goes_on()

        async def go_on() -> None:
            while True:
                await its.peer.tell()
                await asyncio.sleep(0.001)

        more = asyncio.create_task(go_on())
        before = its.before._replace(tasks=its.before.tasks | {more})
        await until(lambda: len(its.data) >= 3 * len(its.peer.events))
        its.task.cancel()
        await ends_in_time(its.task, before)
        assert its.task.cancelled()
        more.cancel()
        await asyncio.wait((more,))


async def ends_unheard(keys: dict[str, Any]) -> None:
    before = Belongings.now()
    task = asyncio.create_task(made(keys).run(lambda _: None))
    await turns(20)
    task.cancel()
    await ends_in_time(task, before)
    assert task.cancelled()


async def gives_up(keys: dict[str, Any]) -> ReaderError:
    before, loop = Belongings.now(), asyncio.get_running_loop()
    assert isinstance(loop, MeteredLoop)
    loop.meter(before.threads)
    task = asyncio.create_task(made(keys).run(lambda _: None))
    async with asyncio.timeout(3_600):
        await asyncio.wait((task,))
    await ends_in_time(task, before)
    return blamed(task.exception())


async def says_why_it_ended(
    case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is, hangs_s: float = HANGS_S
) -> ReaderError:
    async with talk(case, programs, way, planted) as its:
        await its.goes_on()
        its.peer.end()
        return await its.error(hangs_s)


async def bears(case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> None:
    async with talk(case, programs, way, planted) as its:
        with suppress(TimeoutError):  # what was spoilt may be what it would have said next
            async with asyncio.timeout(case.looks_s):
                await its.goes_on()
        if its.task.done():
            blamed(its.task.exception())
        its.task.cancel()
        await ends_in_time(its.task, its.before)
        if not its.task.cancelled():
            blamed(its.task.exception())


async def is_up_when_it_is_heard(case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> None:
    """A broker, a port or a line that stands is no reader that lives."""
    async with talk(case, programs, way, planted) as its:
        await until(lambda: its.stands or its.peer.over.is_set() or its.task.done())
        await turns(50)
        assert its.is_ready == (case.answers and way.most is None), f"it was not heard: {its.events}"
        if way.most is None:
            await its.peer.tell()
            await until(lambda: len(its.data) >= len(its.peer.events) or its.task.done())
            ready = [place for place, event in enumerate(its.events) if isinstance(event, ReaderReady)]
            assert len(ready) == 1 and ready[0] < its.events.index(its.data[0]), its.events


async def says_the_same(case: ReaderCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> int:
    """How many octets the peer said."""
    loop = asyncio.get_running_loop()
    async with talk(case, programs, way, planted) as its:
        if isinstance(loop, MeteredLoop) and case.driver == "serial":
            loop.meter(its.before.threads)  # a pause breaks a frame off
        await its.goes_on()
        assert its.data == list(its.peer.events), its.events
        said = len(its.peer.said)
        its.task.cancel()
        await ends_in_time(its.task, its.before)
        return said


LENGTHS: dict[str, int] = {}


def length(run: Run, programs: Programs, name: str) -> int:
    """Of what the peer says, in octets."""
    if name not in LENGTHS:
        LENGTHS[name] = run(says_the_same(READERS[name], programs, Way()), loop=MeteredLoop)
    return LENGTHS[name]


def breaks(run: Run, programs: Programs, name: str) -> list[int]:
    return places(length(run, programs, name), READERS[name].breaks)


@LOOPS
@every_reader
def test_cancelled_anywhere_it_ends_within_a_second_and_leaves_nothing(
    run: Run, programs: Programs, name: str, loop: Loop
) -> None:
    case = READERS[name]
    for most in (*breaks(run, programs, name), None):
        run(ends_when_cancelled(case, programs, Way(most=most)), loop=loop)
    run(ends_amid_data(case, programs), loop=loop)
    if case.dials is not None:
        with deaf() as port:
            run(ends_unheard(case.dials(programs, port)), loop=loop)


@every_reader
def test_a_peer_that_closes_anywhere_is_said_by_the_contracts_error(run: Run, programs: Programs, name: str) -> None:
    for most in breaks(run, programs, name):
        run(says_why_it_ended(READERS[name], programs, Way(most=most, then=Then.CLOSE)), loop=MeteredLoop)


@tried("reset in every state", READERS)
def test_a_peer_that_resets_anywhere_is_said_by_the_contracts_error(run: Run, programs: Programs, name: str) -> None:
    for most in breaks(run, programs, name)[::2]:
        run(says_why_it_ended(READERS[name], programs, Way(most=most, then=Then.RESET)), loop=MeteredLoop)


async def comes_again_alone(case: ReaderCase, programs: Programs) -> None:
    """The peer closes every connection beside the one it serves, until it knows that this is over."""
    async with case.stand(programs, Way(single=True)) as peer:
        for _ in range(3):
            served = False
            async with asyncio.timeout(HANGS_S):
                while not served:
                    events: list[ReaderEvent] = []
                    task = asyncio.create_task(made(peer.keys).run(events.append))
                    while not task.done() and not any(isinstance(event, Reads | CodesRead) for event in events):
                        if any(isinstance(event, ReaderReached | ReaderReady) for event in events):
                            await peer.tell()
                        await asyncio.sleep(0.01)
                    served = not task.done()
                    task.cancel()
                    await asyncio.wait((task,))
                    if not served:
                        blamed(task.exception())


@tried("single connection", dialled)
def test_a_peer_with_one_connection_serves_whoever_connects_anew(run: Run, programs: Programs, name: str) -> None:
    run(comes_again_alone(READERS[name], programs), loop=MeteredLoop)


@tried("busy", dialled)
def test_what_comes_while_the_loop_is_busy_is_said(run: Run, programs: Programs, name: str) -> None:
    """It stands, says something and is over before anybody has looked."""
    for says in NONSENSE:
        for reset in (False, True):
            for after in (0, 2):
                run(slammed(READERS[name], programs, after, reset, says), loop=MeteredLoop)


async def is_passed_by(case: ReaderCase, programs: Programs, after: int, reset: bool, says: bytes) -> None:
    """Somebody connects to it and is gone before it looks; then the device itself, which may find it over."""
    async with talk(case, programs, Way()) as its:
        host, _, port = its.peer.keys["listen"].rpartition(":")
        await passes(host, int(port), after, reset, says)
        telling = asyncio.ensure_future(its.peer.tell())
        before = its.before._replace(tasks=its.before.tasks | {telling})
        await until(lambda: len(its.data) >= len(its.peer.events) or its.task.done())
        its.task.cancel()
        await ends_in_time(its.task, before)
        if not its.task.cancelled():
            blamed(its.task.exception())
        telling.cancel()
        await asyncio.wait((telling,))


async def ends_at_any_turn(case: ReaderCase, programs: Programs) -> None:
    """Told while it begins to listen, or when it has."""
    async with case.stand(programs, Way()) as peer:
        for number in range(10):
            before = Belongings.now()
            task = asyncio.create_task(made(peer.keys).run(lambda _: None))
            await turns(number)
            task.cancel()
            await asyncio.wait((task,))
            assert task.cancelled(), f"it took no notice in turn {number}: {task}"
            address = peer.keys["listen"].rpartition(":")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address[0], int(address[2])))
            await until(lambda before=before: not before.left())  # type: ignore[misc]


@LOOPS
@pytest.mark.parametrize("name", listening)
def test_told_to_end_at_any_turn_it_listens_no_more(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    run(ends_at_any_turn(READERS[name], programs), loop=loop)


@tried("slam", listening)
def test_who_comes_and_goes_at_once_is_borne(run: Run, programs: Programs, name: str) -> None:
    """In the loop of our processes; asyncio's own forgets who was let in just before it ceased to listen."""
    for after, reset in SLAMS[:6]:
        run(is_passed_by(READERS[name], programs, after, reset, b""), loop=uvloop.new_event_loop)


@tried("busy", listening)
def test_who_comes_and_goes_while_the_loop_is_busy_is_borne(run: Run, programs: Programs, name: str) -> None:
    for says in NONSENSE:
        for reset in (False, True):
            for after in (0, 2):
                run(is_passed_by(READERS[name], programs, after, reset, says), loop=uvloop.new_event_loop)


async def counts_the_newest(case: ReaderCase, programs: Programs) -> None:
    """A device that lost its connection comes anew, and the old one stands as ever for us."""
    async with talk(case, programs, Way()) as its:
        host, _, port = its.peer.keys["listen"].rpartition(":")
        await until(lambda: its.stands)
        await its.peer.tell()
        await until(lambda: len(its.data) >= len(its.peer.events))
        with socket.create_connection((host, int(port))) as anew:
            anew.setblocking(False)
            loop = asyncio.get_running_loop()
            if case.hello:
                await loop.sock_sendall(anew, case.hello)
                assert await loop.sock_recv(anew, 4_096)
            await loop.sock_sendall(anew, case.words)
            await until(lambda: len(its.data) >= 2 * len(its.peer.events))
            assert its.data == 2 * list(its.peer.events) and not its.task.done()
            before = its.before._replace(files=Belongings.now().files)
            its.task.cancel()
            await ends_in_time(its.task, before)


@LOOPS
@tried("single connection", listening)
def test_a_reader_that_comes_anew_is_heard_beside_its_old_connection(
    run: Run, programs: Programs, name: str, loop: Loop
) -> None:
    run(counts_the_newest(READERS[name], programs), loop=loop)


async def pulled(case: ReaderCase, programs: Programs, after: int, says: bytes) -> ReaderError:
    async with pulls(after, says) as device, case.stand(programs, Way()) as peer:
        before = Belongings.now()
        task = asyncio.create_task(made(peer.keys | {"device": device}).run(lambda _: None))
        await ends_in_time(task, before)
        return blamed(task.exception())


@LOOPS
@tried("slam", lines)
def test_a_line_that_is_pulled_out_at_once_is_said(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    for after in (0, 1, 2, 5):
        run(pulled(READERS[name], programs, after, b""), loop=loop)


@tried("busy", lines)
def test_what_comes_on_a_line_while_the_loop_is_busy_is_said(run: Run, programs: Programs, name: str) -> None:
    for says in NONSENSE:
        for after in (0, 2):
            run(pulled(READERS[name], programs, after, says), loop=MeteredLoop)


@tried("single connection", lines)
def test_a_line_that_another_program_has_is_said_and_ours_afterwards(run: Run, programs: Programs, name: str) -> None:
    async def main() -> None:
        case = READERS[name]
        async with case.stand(programs, Way()) as peer:
            with taken(peer.keys["device"]), pytest.raises(ReaderError, match=f"^{NAME}: "):
                await made(peer.keys).run(lambda _: None)
        assert await says_the_same(case, programs, Way())

    run(main(), loop=MeteredLoop)


@tried("flood", READERS)
def test_a_flood_of_nonsense_is_borne(run: Run, programs: Programs, name: str) -> None:
    at = breaks(run, programs, name)
    for most in (0, at[len(at) // 2]):
        for flood in FLOODS:
            run(bears(READERS[name], programs, Way(most=most, last=flood[: READERS[name].holds])), loop=MeteredLoop)


IMPATIENT: dict[str, dict[str, Any]] = {
    "autoid": {"timeout_ms": 1_000, "keepalive_ms": 1_000},
    "pyrfid": {"silent_s": 0.2},  # its thread has a clock of its own
}
"""Every timer that is waited for takes a moment on the metered clock too, and these have many."""


async def falls_silent(case: ReaderCase, programs: Programs, most: int) -> ReaderError:
    async with case.stand(programs, Way(most=most)) as peer:
        keys = peer.keys | ({} if case.answers else {"silent_s": 1}) | IMPATIENT.get(case.driver, {})
        before, loop = Belongings.now(), asyncio.get_running_loop()
        assert isinstance(loop, MeteredLoop)
        events: list[ReaderEvent] = []
        task = asyncio.create_task(made(keys).run(events.append))
        await until(lambda: bool(events) or peer.over.is_set() or task.done())
        loop.meter(before.threads)
        async with asyncio.timeout(3_600):
            await asyncio.wait((task,))
        await ends_in_time(task, before)
        return blamed(task.exception())


@tried("silent after connect", READERS)
def test_a_peer_that_is_silent_after_the_connect_is_said(
    run: Run, programs: Programs, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rfid.mqtt_reader._ANSWER_S", 1.0)
    for most in breaks(run, programs, name)[:6:2]:
        run(falls_silent(READERS[name], programs, most), loop=MeteredLoop)


async def slammed(case: ReaderCase, programs: Programs, after: int, reset: bool, says: bytes = b"") -> ReaderError:
    assert case.dials is not None
    async with slams(after, reset, says) as port:
        before = Belongings.now()
        task = asyncio.create_task(made(case.dials(programs, port)).run(lambda _: None))
        await ends_in_time(task, before)
        return blamed(task.exception())


@LOOPS
@tried("slam", dialled)
def test_a_peer_that_lets_it_in_and_closes_at_once_is_said(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    for after, reset in SLAMS:
        run(slammed(READERS[name], programs, after, reset), loop=loop)


@tried("garbage", READERS)
def test_nonsense_from_anywhere_on_raises_nothing_else(run: Run, programs: Programs, name: str) -> None:
    for most in breaks(run, programs, name)[::4]:
        for last in NONSENSE:
            run(bears(READERS[name], programs, Way(most=most, last=last)), loop=MeteredLoop)


@every_reader
def test_a_wrong_octet_anywhere_raises_nothing_else(run: Run, programs: Programs, name: str) -> None:
    masks = cycle(MASKS)
    for place in breaks(run, programs, name):
        run(bears(READERS[name], programs, Way(spoilt=(place, next(masks)))), loop=MeteredLoop)


@pytest.mark.parametrize("name", dialled)
def test_whom_it_cannot_reach_is_said(run: Run, programs: Programs, name: str) -> None:
    keys = READERS[name].dials
    assert keys is not None
    with deaf() as port:
        run(gives_up(keys(programs, port)), loop=MeteredLoop)
    run(gives_up(keys(programs, 1)), loop=MeteredLoop)
    for host in ("no..host", "x" * 64):
        run(gives_up(elsewhere(keys(programs, 1), host)), loop=MeteredLoop)


@every_reader
def test_any_split_of_what_comes_says_the_same(run: Run, programs: Programs, name: str) -> None:
    case = READERS[name]
    for size in (1, 7):
        run(says_the_same(case, programs, Way(range(0, 1 << 20, size))), loop=MeteredLoop)

    @settings(max_examples=case.splits)
    @given(st.sets(st.integers(1, length(run, programs, name)), max_size=30))
    def cut(cuts: set[int]) -> None:
        run(says_the_same(case, programs, Way(cuts)), loop=MeteredLoop)

    cut()


@LOOPS
@every_reader
@pytest.mark.parametrize("kind", [ReaderReady, Reads | CodesRead], ids=["ready", "data"])
def test_what_its_owner_raises_ends_it_and_comes_out(
    run: Run, programs: Programs, name: str, loop: Loop, kind: Any
) -> None:
    async def main() -> None:
        async with READERS[name].stand(programs, Way()) as peer:
            before, came = Belongings.now(), list[ReaderEvent]()

            def take(event: ReaderEvent) -> None:
                came.append(event)
                if isinstance(event, kind):
                    raise ZeroDivisionError

            task = asyncio.create_task(made(peer.keys).run(take))
            await until(lambda: task.done() or any(isinstance(event, ReaderReached | ReaderReady) for event in came))
            if not task.done():
                await peer.tell()
            await until(task.done)
            await ends_in_time(task, before)
            assert isinstance(task.exception(), ZeroDivisionError)

    run(main(), loop=loop)


@LOOPS
@every_reader
def test_up_means_heard(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    for way in (Way(), Way(most=0)):
        run(is_up_when_it_is_heard(READERS[name], programs, way), loop=loop)


# ---- that the suite refuses what breaks the contract -----------------------------------------------------------------


def test_every_habit_of_peers_is_tried_with_every_reader() -> None:
    assert not tried.missing()


def test_every_driver_has_a_peer() -> None:
    assert {case.driver for case in READERS.values()} == names_of(ReaderConfig, "driver")


class Plant:
    """A scanner's driver that does wrong; ``after``: what is to be let go at the end."""

    after = ExitStack()

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        await self.reader.run(emit)


class LeavesATask(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        self.task = asyncio.create_task(asyncio.Event().wait())
        await self.reader.run(emit)


class LeavesAThread(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        over = threading.Event()
        thread = threading.Thread(target=over.wait, name="planted")
        self.after.callback(thread.join)
        self.after.callback(over.set)
        thread.start()
        await self.reader.run(emit)


class LeavesASocket(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        self.after.enter_context(socket.socket())
        await self.reader.run(emit)


class TakesNoNotice(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        with suppress(asyncio.CancelledError):
            await self.reader.run(emit)
        await asyncio.Event().wait()


class ReturnsWhenCancelled(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        with suppress(asyncio.CancelledError):
            await self.reader.run(emit)


class TakesTwoSeconds(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        try:
            await self.reader.run(emit)
        finally:
            await asyncio.sleep(2)


class UpBeforeItIsHeard(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        await self.reader.run(lambda event: emit(ReaderReady("") if isinstance(event, ReaderReached) else event))


class SaysItsOwn(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        try:
            await self.reader.run(emit)
        except ReaderError as error:
            raise ConnectionError(str(error)) from error


class NamesNobody(Plant):
    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        try:
            await self.reader.run(emit)
        except ReaderError as error:
            raise ReaderError("the scanner ended the connection") from error


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (LeavesATask, "it left behind: task "),
        (LeavesAThread, "it left behind: thread planted"),
        (LeavesASocket, "it left behind: open socket:"),
        (TakesNoNotice, "it has not ended: "),
        (ReturnsWhenCancelled, "it took no notice: "),
        (TakesTwoSeconds, "it has not ended: "),
    ],
)
def test_a_driver_that_does_not_end_as_it_must_is_refused(
    run: Run, programs: Programs, planted: type[Plant], said: str
) -> None:
    with planted.after, pytest.raises(AssertionError, match=f"^{said}"):
        run(ends_when_cancelled(READERS["barcode"], programs, Way(), planted, hangs_s=0.2), loop=MeteredLoop)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (SaysItsOwn, "not an error of the contract: ConnectionError"),
        (NamesNobody, "names no reader: the scanner ended the connection"),
        (LeavesATask, "it left behind: task "),
    ],
)
def test_a_driver_that_fails_in_its_own_words_is_refused(
    run: Run, programs: Programs, planted: type[Plant], said: str
) -> None:
    with pytest.raises(AssertionError, match=f"^{said}"):
        run(
            says_why_it_ended(READERS["barcode"], programs, Way(then=Then.CLOSE), planted, hangs_s=0.2),
            loop=MeteredLoop,
        )


def test_a_driver_that_takes_a_connection_for_a_reader_is_refused(run: Run, programs: Programs) -> None:
    with pytest.raises(AssertionError, match=r"^it was not heard: "):
        run(is_up_when_it_is_heard(READERS["barcode"], programs, Way(), UpBeforeItIsHeard), loop=MeteredLoop)


def test_a_driver_that_takes_a_piece_for_the_whole_is_refused(
    run: Run, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = ScanFrames.feed

    def forgets(self: ScanFrames, octets: bytes) -> Any:
        self._held.clear()
        return feed(self, octets)

    monkeypatch.setattr(ScanFrames, "feed", forgets)
    run(says_the_same(READERS["barcode"], programs, Way()), loop=MeteredLoop)
    with pytest.raises(AssertionError):
        run(says_the_same(READERS["barcode"], programs, Way(range(0, 1 << 20, 5))), loop=MeteredLoop)
