"""What every link to a PLC keeps, of mailboxes, points and machines alike (plc/driver.py): one suite for all of them.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import pytest
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
    places,
    pulls,
    slams,
    taken,
    turns,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from link_peers import LIMIT_MS, LINKS, NAME, Link, LinkCase, LinkPeer
from loops import Loop
from numbered_device import NumberedDevice
from programs import Programs
from waiting import HANGS_S, until

from edge.config.plcs import PlcConfig, Transport
from plc.driver import PlcError

OPENING = 10
"""Times the limit of a call that a session may take to be opened: keys are long."""
TURNS = 40
"""Turns of a loop that a connection needs, and more."""
Planted = Callable[[Any], Any]

every_link = pytest.mark.parametrize("name", LINKS)
tried = Tried(LINKS)
dialled = [name for name, case in LINKS.items() if case.dials]
lines = [name for name, case in LINKS.items() if not case.dials]


def as_it_is(link: Link) -> Link:
    return link


@dataclass
class Life:
    """A link that is connected and then asked one thing after the other, over and over."""

    case: LinkCase
    peer: LinkPeer
    link: Link
    before: Belongings
    said: list[Any] = field(default_factory=list)
    task: asyncio.Task[None] = field(init=False)

    async def live(self) -> None:
        await self.link.connect()
        while True:
            for call in self.case.calls:
                self.said.append(await call(self.link))
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:  # told between two calls, no call can end the link
                    await self.link.close()
                    raise

    async def goes_on(self) -> None:
        """Until the way is over, or all was asked twice."""
        twice = 2 * len(self.case.calls)
        await until(lambda: len(self.said) >= twice or self.peer.over.is_set() or self.task.done())
        self.peer.end()
        await turns()

    async def error(self, hangs_s: float = HANGS_S) -> PlcError:
        """How it ended by itself; then nothing can be asked any more."""
        await ends_in_time(self.task, self.before, hangs_s)
        assert not self.task.cancelled()
        error = blamed(self.task.exception())
        for call in self.case.calls:
            with pytest.raises(PlcError, match=f"^{NAME}: .*: not connected$"):
                await call(self.link)
        return error


def blamed(error: BaseException | None) -> PlcError:
    assert isinstance(error, PlcError), f"not an error of the contract: {error!r}"
    assert str(error).startswith(f"{NAME}: "), f"names no PLC: {error}"
    return error


@asynccontextmanager
async def life(case: LinkCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> AsyncIterator[Life]:
    async with case.stand(programs, way) as peer:
        its = Life(case, peer, planted(case.make(programs, peer.keys)), Belongings.now())
        its.task = asyncio.create_task(its.live())
        try:
            yield its
        finally:
            its.task.cancel()
            await asyncio.wait((its.task,), timeout=HANGS_S)


# ---- the contract ----------------------------------------------------------------------------------------------------


async def ends_when_cancelled(
    case: LinkCase, programs: Programs, way: Way, planted: Planted = as_it_is, hangs_s: float = HANGS_S
) -> None:
    async with life(case, programs, way, planted) as its:
        await its.goes_on()
        its.task.cancel()
        await ends_in_time(its.task, its.before, hangs_s)
        assert its.task.cancelled(), f"it took no notice: {its.task}"


async def is_closed(case: LinkCase, programs: Programs, planted: Planted = as_it_is, hangs_s: float = HANGS_S) -> None:
    async with case.stand(programs, Way()) as peer:
        link, before = planted(case.make(programs, peer.keys)), Belongings.now()
        await link.connect()
        for call in case.calls:
            await call(link)
        task = asyncio.create_task(link.close())
        await ends_in_time(task, before, hangs_s)
        assert task.exception() is None
        await link.close()


async def ends_unheard(case: LinkCase, programs: Programs, keys: dict[str, Any]) -> None:
    link, before = case.make(programs, keys), Belongings.now()
    task = asyncio.create_task(link.connect())
    await turns(20)
    task.cancel()
    await ends_in_time(task, before)
    assert task.cancelled()


async def ends_at_any_turn(case: LinkCase, programs: Programs) -> None:
    """Told while it connects, also in the very turn in which the connection is there."""
    async with case.stand(programs, Way()) as peer:
        for number in range(TURNS):
            link, before = case.make(programs, peer.keys), Belongings.now()
            task = asyncio.create_task(link.connect())
            await turns(number)
            told = task.cancel()
            await asyncio.wait((task,))
            assert task.cancelled() or not told, f"it took no notice in turn {number}: {task}"
            await link.close()
            await until(lambda before=before: not before.left())  # type: ignore[misc]


async def gives_up(case: LinkCase, programs: Programs, keys: dict[str, Any]) -> PlcError:
    link, before, loop = case.make(programs, keys), Belongings.now(), asyncio.get_running_loop()
    assert isinstance(loop, MeteredLoop)
    loop.meter(before.threads)
    task = asyncio.create_task(link.connect())
    await asyncio.wait((task,), timeout=OPENING * LIMIT_MS / 1000 + 1)
    assert task.done(), f"it waits longer than its limit: {task}"
    await ends_in_time(task, before)
    return blamed(task.exception())


async def says_why_it_ended(
    case: LinkCase, programs: Programs, way: Way, planted: Planted = as_it_is, hangs_s: float = HANGS_S
) -> PlcError:
    async with life(case, programs, way, planted) as its:
        await its.goes_on()
        return await its.error(hangs_s)


async def waits_no_longer_than_its_limit(
    case: LinkCase, programs: Programs, way: Way, planted: Planted = as_it_is
) -> PlcError:
    """The peer falls silent; what was asked may wait for it as long as its own limit allows."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MeteredLoop)
    async with life(case, programs, way, planted) as its:
        await its.goes_on()
        loop.meter(its.before.threads)
        await asyncio.wait((its.task,), timeout=(1 if its.said else OPENING) * LIMIT_MS / 1000 + 1)
        assert its.task.done(), f"it waits longer than its limit: {its.task}"
        return await its.error()


async def bears(case: LinkCase, programs: Programs, way: Way, planted: Planted = as_it_is) -> None:
    async with life(case, programs, way, planted) as its:
        with suppress(TimeoutError):  # what was spoilt may be what it would have said next
            async with asyncio.timeout(case.looks_s):
                await its.goes_on()
        its.peer.end()
        await turns()  # so that it waits for an answer, and is not between two requests
        if its.task.done():
            blamed(its.task.exception())
        its.task.cancel()
        await ends_in_time(its.task, its.before)
        if not its.task.cancelled():
            blamed(its.task.exception())


async def comes_again_alone(case: LinkCase, programs: Programs) -> None:
    """The peer closes every connection beside the one it serves, until it knows that this is over."""
    async with case.stand(programs, Way(single=True)) as peer:
        link, served = case.make(programs, peer.keys), 0
        async with asyncio.timeout(HANGS_S):
            while served < 3:
                with suppress(PlcError):
                    await link.connect()
                    for call in case.calls:
                        await call(link)
                    served += 1
                await turns()
        await link.close()


async def says(case: LinkCase, programs: Programs, way: Way) -> tuple[bytes, list[Any]]:
    """What came, and what it made of them."""
    async with life(case, programs, way) as its:
        await its.goes_on()
        assert not its.task.done(), its.task
        said, octets = its.said[: len(case.calls)], bytes(its.peer.said)
        its.task.cancel()
        await ends_in_time(its.task, its.before)
        return octets, said


WHOLE: dict[str, tuple[bytes, list[Any]]] = {}


def whole(run: Run, programs: Programs, name: str) -> tuple[bytes, list[Any]]:
    """What is said when nothing is in the way."""
    if name not in WHOLE:
        WHOLE[name] = run(says(LINKS[name], programs, Way()), loop=MeteredLoop)
    return WHOLE[name]


def breaks(run: Run, programs: Programs, name: str) -> list[int]:
    return places(len(whole(run, programs, name)[0]), LINKS[name].breaks)


@LOOPS
@every_link
def test_cancelled_anywhere_it_ends_within_a_second_and_leaves_nothing(
    run: Run, programs: Programs, name: str, loop: Loop
) -> None:
    case = LINKS[name]
    for most in (*breaks(run, programs, name), None):
        run(ends_when_cancelled(case, programs, Way(most=most)), loop=loop)
    run(is_closed(case, programs), loop=loop)
    run(ends_at_any_turn(case, programs), loop=loop)
    if case.dials is not None:
        with deaf() as port:
            run(ends_unheard(case, programs, case.dials(programs, port)), loop=loop)


@every_link
def test_a_peer_that_closes_anywhere_is_said_by_the_contracts_error(run: Run, programs: Programs, name: str) -> None:
    for most in (*breaks(run, programs, name), None):
        run(says_why_it_ended(LINKS[name], programs, Way(most=most, then=Then.CLOSE)), loop=MeteredLoop)


@tried("flood", LINKS)
def test_a_flood_of_nonsense_is_borne(run: Run, programs: Programs, name: str) -> None:
    at = breaks(run, programs, name)
    for most in (0, at[len(at) // 2]):
        for flood in FLOODS:
            run(bears(LINKS[name], programs, Way(most=most, last=flood[: LINKS[name].holds])), loop=MeteredLoop)


@every_link
def test_a_flood_of_old_answers_keeps_it_no_longer_than_its_limit(run: Run, programs: Programs, name: str) -> None:
    case, (octets, _), at = LINKS[name], whole(run, programs, name), breaks(run, programs, name)
    last = (octets * (case.holds // len(octets) + 1))[: case.holds]
    for most in (0, at[len(at) // 2]):
        run(waits_no_longer_than_its_limit(case, programs, Way(most=most, last=last)), loop=MeteredLoop)


async def slammed(case: LinkCase, programs: Programs, after: int, reset: bool, says: bytes = b"") -> PlcError:
    assert case.dials is not None
    async with slams(after, reset, says) as port:
        link, before = case.make(programs, case.dials(programs, port)), Belongings.now()

        async def ask() -> None:
            await link.connect()
            while True:
                await case.calls[0](link)

        task = asyncio.create_task(ask())
        await ends_in_time(task, before)
        return blamed(task.exception())


@LOOPS
@tried("slam", dialled)
def test_a_peer_that_lets_it_in_and_closes_at_once_is_said(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    for after, reset in SLAMS:
        run(slammed(LINKS[name], programs, after, reset), loop=loop)


@tried("busy", dialled)
def test_what_comes_while_the_loop_is_busy_is_said(run: Run, programs: Programs, name: str) -> None:
    """It stands, says something and is over before anybody has looked."""
    for says in NONSENSE:
        for reset in (False, True):
            for after in (0, 2):
                run(slammed(LINKS[name], programs, after, reset, says), loop=MeteredLoop)


async def pulled(case: LinkCase, programs: Programs, after: int, says: bytes) -> PlcError:
    async with pulls(after, says) as device, case.stand(programs, Way()) as peer:
        link, before = case.make(programs, peer.keys | {"device": device}), Belongings.now()

        async def ask() -> None:
            await link.connect()
            while True:
                await case.calls[0](link)

        task = asyncio.create_task(ask())
        await ends_in_time(task, before)
        return blamed(task.exception())


@LOOPS
@tried("slam", lines)
def test_a_line_that_is_pulled_out_at_once_is_said(run: Run, programs: Programs, name: str, loop: Loop) -> None:
    for after in (0, 1, 2, 5):
        run(pulled(LINKS[name], programs, after, b""), loop=loop)


@tried("busy", lines)
def test_what_comes_on_a_line_while_the_loop_is_busy_is_said(run: Run, programs: Programs, name: str) -> None:
    for says in NONSENSE:
        for after in (0, 2):
            run(pulled(LINKS[name], programs, after, says), loop=MeteredLoop)


@tried("single connection", lines)
def test_a_line_that_another_program_has_is_said_and_ours_afterwards(run: Run, programs: Programs, name: str) -> None:
    async def main() -> None:
        case = LINKS[name]
        async with case.stand(programs, Way()) as peer:
            link, before = case.make(programs, peer.keys), Belongings.now()
            with taken(peer.keys["device"]), pytest.raises(PlcError, match=f"^{NAME}: "):
                await link.connect()
            assert not before.left()
            await link.connect()
            for call in case.calls:
                await call(link)
            await link.close()

    run(main(), loop=MeteredLoop)


@tried("reset in every state", LINKS)
def test_a_peer_that_resets_anywhere_is_said_by_the_contracts_error(run: Run, programs: Programs, name: str) -> None:
    for most in breaks(run, programs, name)[::2]:
        run(says_why_it_ended(LINKS[name], programs, Way(most=most, then=Then.RESET)), loop=MeteredLoop)


@tried("busy", [name for name, case in LINKS.items() if case.driver in ("modbus", "remote-io")])
def test_a_device_that_says_later_is_asked_again(
    run: Run, programs: Programs, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three requests get exception 6, whatever they come by."""
    answer, number = NumberedDevice.answer, count()

    def later(self: NumberedDevice, pdu: bytes) -> bytes:
        return answer(self, pdu) if next(number) % 3 == 2 else bytes((pdu[0] | 0x80, 6))

    async def main() -> None:
        async with NumberedDevice() as device:
            for program in ("modbus_plc", "modbus_io"):
                monkeypatch.setitem(vars(programs), program, device.port)
            async with life(LINKS[name], programs, Way()) as its:
                await its.goes_on()
                assert len(its.said) >= 2 * len(its.case.calls), its.task

    monkeypatch.setattr(NumberedDevice, "answer", later)
    run(main(), loop=MeteredLoop)
    assert next(number) > 6


@tried("single connection", dialled)
def test_a_peer_with_one_connection_serves_whoever_connects_anew(run: Run, programs: Programs, name: str) -> None:
    run(comes_again_alone(LINKS[name], programs), loop=MeteredLoop)


@tried("silent after connect", LINKS)
def test_a_peer_that_falls_silent_anywhere_is_waited_for_as_long_as_the_limit(
    run: Run, programs: Programs, name: str
) -> None:
    for most in breaks(run, programs, name)[::2]:
        run(waits_no_longer_than_its_limit(LINKS[name], programs, Way(most=most)), loop=MeteredLoop)


@tried("garbage", LINKS)
def test_nonsense_from_anywhere_on_raises_nothing_else(run: Run, programs: Programs, name: str) -> None:
    for most in breaks(run, programs, name)[::4]:
        for last in NONSENSE:
            run(bears(LINKS[name], programs, Way(most=most, last=last)), loop=MeteredLoop)


@every_link
def test_a_wrong_octet_anywhere_raises_nothing_else(run: Run, programs: Programs, name: str) -> None:
    masks = cycle(MASKS)
    for place in breaks(run, programs, name):
        run(bears(LINKS[name], programs, Way(spoilt=(place, next(masks)))), loop=MeteredLoop)


@pytest.mark.parametrize("name", dialled)
def test_whom_it_cannot_reach_is_said(run: Run, programs: Programs, name: str) -> None:
    case = LINKS[name]
    assert case.dials is not None
    with deaf() as port:
        run(gives_up(case, programs, case.dials(programs, port)), loop=MeteredLoop)
    keys = case.dials(programs, 1)
    run(gives_up(case, programs, keys), loop=MeteredLoop)
    for host in ("no..host", "x" * 64):
        run(gives_up(case, programs, elsewhere(keys, host)), loop=MeteredLoop)


@every_link
def test_any_split_of_what_comes_says_the_same(run: Run, programs: Programs, name: str) -> None:
    case = LINKS[name]
    octets, expected = whole(run, programs, name)
    for size in (1, 7):
        assert run(says(case, programs, Way(range(0, 1 << 20, size))), loop=MeteredLoop)[1] == expected

    @settings(max_examples=case.splits)
    @given(st.sets(st.integers(1, len(octets)), max_size=30))
    def cut(cuts: set[int]) -> None:
        assert run(says(case, programs, Way(cuts)), loop=MeteredLoop)[1] == expected

    cut()


# ---- that the suite refuses what breaks the contract -----------------------------------------------------------------


def test_every_habit_of_peers_is_tried_with_every_link() -> None:
    assert not tried.missing()


def test_every_driver_and_transport_has_a_peer() -> None:
    def those(**of: str) -> list[LinkCase]:
        return [case for case in LINKS.values() if all(getattr(case, key) == value for key, value in of.items())]

    drivers = names_of(PlcConfig, "driver")
    assert {case.driver for case in those(of="mailbox")} == drivers
    assert {case.transport for case in those(of="mailbox", driver="modbus")} == {one.value for one in Transport}
    assert {case.driver for case in those(of="points")} == drivers - {"remote-io"}, "whose points are Modbus's"
    assert those(of="packml")


class Plant:
    """A link to points that does wrong; ``after``: what is to be let go at the end."""

    after = ExitStack()

    def __init__(self, link: Any) -> None:
        self.link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self.link, name)


class LeavesATask(Plant):
    async def connect(self) -> None:
        self.task = asyncio.create_task(asyncio.Event().wait())
        await self.link.connect()


class LeavesAThread(Plant):
    async def connect(self) -> None:
        over = threading.Event()
        thread = threading.Thread(target=over.wait, name="planted")
        self.after.callback(thread.join)
        self.after.callback(over.set)
        thread.start()
        await self.link.connect()


class LeavesASocket(Plant):
    async def connect(self) -> None:
        self.after.enter_context(socket.socket())
        await self.link.connect()


class TakesNoNotice(Plant):
    async def read(self) -> Any:
        with suppress(asyncio.CancelledError):
            return await self.link.read()
        return await asyncio.Event().wait()


class TakesTwoSeconds(Plant):
    async def read(self) -> Any:
        try:
            return await self.link.read()
        except asyncio.CancelledError:
            await asyncio.sleep(2)
            raise


class LeavesSlowly(Plant):
    async def close(self) -> None:
        await asyncio.sleep(2)
        await self.link.close()


class SaysItsOwn(Plant):
    async def read(self) -> Any:
        try:
            return await self.link.read()
        except PlcError as error:
            raise ConnectionError(str(error)) from error


class NamesNobody(Plant):
    async def read(self) -> Any:
        try:
            return await self.link.read()
        except PlcError as error:
            raise PlcError("the PLC closed the connection") from error


class WaitsForEver(Plant):
    async def read(self) -> Any:
        with suppress(PlcError):
            return await self.link.read()
        return await asyncio.Event().wait()


PLANTED = LINKS["points over modbus"]
HALFWAY = 25
"""Octets: within the first answer to a read."""


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (LeavesATask, "it left behind: task "),
        (LeavesAThread, "it left behind: thread planted"),
        (LeavesASocket, "it left behind: open socket:"),
        (TakesNoNotice, "it has not ended: "),
        (TakesTwoSeconds, "it has not ended: "),
    ],
)
def test_a_link_that_does_not_end_as_it_must_is_refused(
    run: Run, programs: Programs, planted: type[Plant], said: str
) -> None:
    with planted.after, pytest.raises(AssertionError, match=f"^{said}"):
        run(ends_when_cancelled(PLANTED, programs, Way(most=HALFWAY), planted, hangs_s=0.2), loop=MeteredLoop)


def test_a_link_that_closes_slowly_is_refused(run: Run, programs: Programs) -> None:
    with pytest.raises(AssertionError, match=r"^it has not ended: "):
        run(is_closed(PLANTED, programs, LeavesSlowly), loop=MeteredLoop)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (SaysItsOwn, "not an error of the contract: ConnectionError"),
        (NamesNobody, "names no PLC: the PLC closed the connection"),
        (LeavesATask, "it left behind: task "),
    ],
)
def test_a_link_that_fails_in_its_own_words_is_refused(
    run: Run, programs: Programs, planted: type[Plant], said: str
) -> None:
    way = Way(most=HALFWAY, then=Then.CLOSE)
    with pytest.raises(AssertionError, match=f"^{said}"):
        run(says_why_it_ended(PLANTED, programs, way, planted, hangs_s=0.2), loop=MeteredLoop)


def test_a_link_that_waits_for_ever_is_refused(run: Run, programs: Programs) -> None:
    with pytest.raises(AssertionError, match=r"^it waits longer than its limit"):
        run(waits_no_longer_than_its_limit(PLANTED, programs, Way(most=HALFWAY), WaitsForEver), loop=MeteredLoop)
