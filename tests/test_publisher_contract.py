"""What every publisher keeps, whatever its target (edge/publish/follow.py, Publisher): one suite for all of them.

Public names: none; run by pytest.

A publisher has a thread, whose waiting nobody can meter: here all its limits but that of its goodbye are longer than a
hang, so that it ends within them only when it is told.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from contract import (
    FLOODS,
    MASKS,
    NONSENSE,
    SECOND_S,
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
    slams,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_floor import MadeUpFloor
from programs import Programs
from publisher_peers import PUBLISHERS, broker_keys, publisher_table
from reader_peers import packet, text
from waiting import HANGS_S, until

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.publish import PublisherConfig
from edge.journal.source import JournalSource
from edge.journal.writer import Journal
from edge.publish import mqtt_connection
from edge.publish.cursors import Cursors, SetAside
from edge.publish.epcis_events import TOLD_KINDS
from edge.publish.follow import Delivery, Entry, Publisher, TargetDown, TargetFollower
from edge.publish.process import KINDS, open_publisher

NAME = "target"
START_US = 1_790_000_000_000_000
FAULT = "a fault of this program: "
RECORDS, PROOFS = 30, 8
"""How many there are, and how many of them a repository of EPCIS is told."""
BREAKS = 16
Planted = Callable[[Publisher], Publisher]

every_publisher = pytest.mark.parametrize("kind", PUBLISHERS)
tried = Tried(PUBLISHERS)


def as_it_is(publisher: Publisher) -> Publisher:
    return publisher


@dataclass(frozen=True)
class Site:
    """A line with a journal, and folders for cursors."""

    config: LineConfig
    folder: Path
    numbers: Iterator[int]

    def cursors(self) -> Cursors:
        return Cursors(self.folder / f"{next(self.numbers)}.sqlite")


@pytest.fixture(scope="module")
def site(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    config = load_line(project / "examples" / "warehouse" / "LINE.toml")
    writer = Journal(folder / "journal.sqlite")
    floor = list(MadeUpFloor(config.layouts(), START_US).until(START_US + 60_000_000))
    proofs = [one for one in floor if type(one).__name__ in TOLD_KINDS][:PROOFS]
    writer.append([*floor[: RECORDS - PROOFS], *proofs])
    writer.flush()
    writer.close()
    return Site(config.model_copy(update={"journal": folder / "journal.sqlite"}), folder, count())


@pytest.fixture(autouse=True)
def nothing_but_being_told_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("CONNECT_S", "ACKNOWLEDGE_S"):
        monkeypatch.setattr(mqtt_connection, limit, 10 * HANGS_S)
    monkeypatch.setattr(mqtt_connection, "LEAVE_S", 0.05)
    monkeypatch.setattr("edge.publish.mqtt_commands.HTTP_S", 10 * HANGS_S)
    for name in ("POLL_S", "RETRY_FIRST_S", "RETRY_LAST_S"):
        monkeypatch.setattr(f"edge.publish.follow.{name}", 0.001)


@dataclass
class Going:
    """A publisher that follows the journal in a thread of its own."""

    follower: TargetFollower
    stop: threading.Event
    ended: asyncio.Future[None]
    before: Belongings

    @property
    def delivered(self) -> bool:
        return self.follower.following.seq == RECORDS

    @property
    def trouble(self) -> str:
        trouble = self.follower.following.trouble
        assert not trouble.startswith(FAULT), f"not an error of the contract: {trouble.removeprefix(FAULT)}"
        return "" if trouble == "not begun" else trouble

    async def ends(self, hangs_s: float = HANGS_S) -> None:
        """It is told to end."""
        self.stop.set()
        self.follower.give_up()
        await ends_in_time(self.ended, self.before, hangs_s)
        assert self.ended.exception() is None, f"not an error of the contract: {self.ended.exception()!r}"


@asynccontextmanager
async def going(site: Site, keys: dict[str, Any], planted: Planted = as_it_is, **table: Any) -> AsyncIterator[Going]:
    loop, cursors, stop = asyncio.get_running_loop(), site.cursors(), threading.Event()
    publish = {NAME: publisher_table(keys).model_copy(update=table)}
    config = site.config.model_copy(update={"publish": publish})
    source = JournalSource(config.journal, config.controller)
    follower = TargetFollower(NAME, source, cursors, lambda: planted(open_publisher(NAME, config)))
    ended: asyncio.Future[None] = loop.create_future()
    before = Belongings.now()

    def follow() -> None:
        error: BaseException | None = None
        try:
            follower.run(stop)
        except Exception as raised:  # noqa: BLE001  whatever it is, the test raises it
            error = raised
        source.close()
        loop.call_soon_threadsafe(ended.set_result if error is None else ended.set_exception, error)

    thread = threading.Thread(target=follow, name="publisher")
    thread.start()
    try:
        yield Going(follower, stop, ended, before)
    finally:
        stop.set()
        follower.give_up()
        await asyncio.to_thread(thread.join, HANGS_S)
        cursors.close()


# ---- the contract ----------------------------------------------------------------------------------------------------


async def ends_when_told(
    site: Site, programs: Programs, kind: str, way: Way, planted: Planted = as_it_is, hangs_s: float = HANGS_S
) -> int:
    """How many octets its target said."""
    case = PUBLISHERS[kind]
    async with case.stand(programs, way) as relay, going(site, case.keys(programs, relay.port), planted) as its:
        await until(lambda: its.delivered or relay.over.is_set() or its.ended.done())
        said = len(relay.said)
        await its.ends(hangs_s)
        return said


async def ends_unheard(site: Site, keys: dict[str, Any]) -> None:
    async with going(site, keys) as its:
        await asyncio.sleep(0.05)  # it is connecting, or about to
        await its.ends()
        assert not its.delivered


async def says_who_is_down(site: Site, programs: Programs, kind: str, way: Way, planted: Planted = as_it_is) -> None:
    case = PUBLISHERS[kind]
    async with case.stand(programs, way) as relay, going(site, case.keys(programs, relay.port), planted) as its:
        await until(lambda: its.delivered or bool(its.trouble) or its.ended.done())
        relay.end()
        trouble, delivered = its.trouble, its.delivered
        await its.ends()
        assert delivered or trouble.startswith(case.where.format(relay.port)), f"names no target: {trouble}"


async def bears(site: Site, programs: Programs, kind: str, way: Way) -> None:
    case = PUBLISHERS[kind]
    async with case.stand(programs, way) as relay, going(site, case.keys(programs, relay.port)) as its:
        with suppress(TimeoutError):  # what was spoilt may be what it would have said next
            async with asyncio.timeout(0.05):
                await until(lambda: its.delivered or bool(its.trouble) or its.ended.done())
        trouble = its.trouble
        await its.ends()
        assert not trouble or trouble.startswith(case.where.format(relay.port)), f"names no target: {trouble}"


async def gives_up(site: Site, keys: dict[str, Any], **table: Any) -> str:
    async with going(site, keys, **table) as its:
        await until(lambda: bool(its.trouble) or its.ended.done())
        trouble = its.trouble
        await its.ends()
        return trouble


async def delivers(site: Site, programs: Programs, kind: str, way: Way) -> None:
    case = PUBLISHERS[kind]
    async with case.stand(programs, way) as relay, going(site, case.keys(programs, relay.port)) as its:
        await until(lambda: its.delivered or bool(its.trouble) or its.ended.done())
        await its.ends()
        following = its.follower.following
        assert (following.seq, following.failures, following.set_aside) == (RECORDS, 0, 0)


LENGTHS: dict[str, int] = {}


def length(run: Run, site: Site, programs: Programs, kind: str) -> int:
    """Of what the target says, in octets."""
    if kind not in LENGTHS:
        LENGTHS[kind] = run(ends_when_told(site, programs, kind, Way()), loop=MeteredLoop)
    return LENGTHS[kind]


GOODBYE_S = mqtt_connection.LEAVE_S
"""As it is in the field."""


def test_a_goodbye_takes_less_than_a_second() -> None:
    assert GOODBYE_S < SECOND_S


@every_publisher
def test_told_to_end_anywhere_it_does_and_leaves_nothing(run: Run, site: Site, programs: Programs, kind: str) -> None:
    case = PUBLISHERS[kind]
    for most in (*places(length(run, site, programs, kind), BREAKS), None):
        run(ends_when_told(site, programs, kind, Way(most=most)), loop=MeteredLoop)
    with deaf() as port:
        run(ends_unheard(site, case.keys(programs, port)), loop=MeteredLoop)

    with socket.create_server(("127.0.0.1", 0)) as mute:  # which is connected to, and shakes no hand
        run(ends_unheard(site, case.secure(programs, mute.getsockname()[1])), loop=MeteredLoop)


@every_publisher
def test_a_target_that_closes_anywhere_is_named(run: Run, site: Site, programs: Programs, kind: str) -> None:
    for most in places(length(run, site, programs, kind), BREAKS):
        run(says_who_is_down(site, programs, kind, Way(most=most, then=Then.CLOSE)), loop=MeteredLoop)


@tried("reset in every state", PUBLISHERS, "kind")
def test_a_target_that_resets_anywhere_is_named(run: Run, site: Site, programs: Programs, kind: str) -> None:
    for most in places(length(run, site, programs, kind), BREAKS):
        run(says_who_is_down(site, programs, kind, Way(most=most, then=Then.RESET)), loop=MeteredLoop)


async def slammed(site: Site, programs: Programs, kind: str, after: int, reset: bool, says: bytes = b"") -> None:
    async with slams(after, reset, says) as port, going(site, PUBLISHERS[kind].keys(programs, port)) as its:
        await until(lambda: bool(its.trouble) or its.ended.done())
        trouble = its.trouble
        await its.ends()
        assert trouble.startswith(PUBLISHERS[kind].where.format(port)), f"names no target: {trouble}"


@tried("slam", PUBLISHERS, "kind")
def test_a_target_that_lets_it_in_and_ends_at_once_is_named(
    run: Run, site: Site, programs: Programs, kind: str
) -> None:
    for after, reset in SLAMS:
        run(slammed(site, programs, kind, after, reset), loop=MeteredLoop)


@tried("busy", PUBLISHERS, "kind")
def test_what_a_target_says_before_anybody_looks_is_its_own(
    run: Run, site: Site, programs: Programs, kind: str
) -> None:
    for says in NONSENSE:
        for reset in (False, True):
            run(slammed(site, programs, kind, 0, reset, says), loop=MeteredLoop)


@tried("single connection", PUBLISHERS, "kind")
def test_a_target_with_one_connection_gets_everything(run: Run, site: Site, programs: Programs, kind: str) -> None:
    """It closes every connection beside the one that it serves, and that one in the middle."""

    async def main() -> None:
        case = PUBLISHERS[kind]
        alone = Way(single=True, then=Then.CLOSE)
        async with case.stand(programs, alone) as relay, going(site, case.keys(programs, relay.port)) as its:
            await until(lambda: bool(relay.said) or its.ended.done())
            relay.end()
            await until(lambda: its.delivered or its.ended.done())
            await its.ends()
            assert its.follower.following.set_aside == 0

    run(main(), loop=MeteredLoop)


@tried("silent after connect", PUBLISHERS, "kind")
def test_a_target_that_falls_silent_is_named(
    run: Run, site: Site, programs: Programs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = places(length(run, site, programs, kind), BREAKS)  # with the limits of a target that answers
    for limit in ("CONNECT_S", "ACKNOWLEDGE_S"):
        monkeypatch.setattr(mqtt_connection, limit, 0.2)
    impatient = {"timeout_ms": 200} if kind in ("influx", "epcis") else {}

    async def main(most: int) -> None:
        case = PUBLISHERS[kind]
        mute = Way(most=most)
        async with (
            case.stand(programs, mute) as relay,
            going(site, case.keys(programs, relay.port), **impatient) as its,
        ):
            await until(lambda: its.delivered or bool(its.trouble) or its.ended.done())
            trouble, delivered = its.trouble, its.delivered
            await its.ends()
            assert delivered or trouble.startswith(case.where.format(relay.port)), f"names no target: {trouble}"

    for most in at[::3]:
        run(main(most), loop=MeteredLoop)


@tried("flood", PUBLISHERS, "kind")
def test_a_flood_of_nonsense_is_borne(run: Run, site: Site, programs: Programs, kind: str) -> None:
    at = places(length(run, site, programs, kind), BREAKS)
    for most in (0, at[len(at) // 2]):
        for flood in FLOODS:
            run(bears(site, programs, kind, Way(most=most, last=flood)), loop=MeteredLoop)


@every_publisher
def test_any_split_of_what_comes_delivers_the_same(run: Run, site: Site, programs: Programs, kind: str) -> None:
    for size in (1, 7):
        run(delivers(site, programs, kind, Way(range(0, 1 << 20, size))), loop=MeteredLoop)

    @settings(max_examples=8)
    @given(st.sets(st.integers(1, length(run, site, programs, kind)), max_size=30))
    def cut(cuts: set[int]) -> None:
        run(delivers(site, programs, kind, Way(cuts)), loop=MeteredLoop)

    cut()


@tried("garbage", PUBLISHERS, "kind")
def test_nonsense_from_anywhere_on_and_wrong_octets_are_the_targets(
    run: Run, site: Site, programs: Programs, kind: str
) -> None:
    at = places(length(run, site, programs, kind), BREAKS)
    for most in at[::4]:
        for last in NONSENSE:
            run(bears(site, programs, kind, Way(most=most, last=last)), loop=MeteredLoop)
    masks = cycle(MASKS)
    for place in at:
        run(bears(site, programs, kind, Way(spoilt=(place, next(masks)))), loop=MeteredLoop)


@every_publisher
def test_whom_it_cannot_reach_is_named(
    run: Run, site: Site, programs: Programs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = PUBLISHERS[kind]
    keys = case.keys(programs, 1)
    assert run(gives_up(site, keys), loop=MeteredLoop).startswith(case.where.format(1))
    for host in ("no..host", "x" * 64):
        said = run(gives_up(site, elsewhere(keys, host)), loop=MeteredLoop)
        assert said.startswith(elsewhere(case.where, host).format(1))
    monkeypatch.setattr(mqtt_connection, "CONNECT_S", 0.05)
    impatient = {"timeout_ms": 50} if kind in ("influx", "epcis") else {}
    with deaf() as port:
        said = run(gives_up(site, case.keys(programs, port), **impatient), loop=MeteredLoop)
        assert said.startswith(case.where.format(port))


def test_an_api_that_does_not_answer_is_not_waited_for(run: Run, site: Site, programs: Programs) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as api:
            reader, writer = await asyncio.open_connection("127.0.0.1", programs.broker)
            keys = broker_keys("mqtt")(programs, programs.broker) | {"commands": ("lane",)}
            keys |= {"api": f"http://127.0.0.1:{api.getsockname()[1]}"}
            async with going(site, keys) as its:
                await until(lambda: its.delivered or its.ended.done())
                body = b'{"line": "sorter", "lane": 3, "enabled": false, "by": "Ann"}'
                writer.write(packet(0x10, text(b"MQTT"), b"\x04\x02\x00\x00", text(b"ann")))
                await reader.readexactly(4)
                writer.write(packet(0x30, text(b"lanewise/demo/_edge/edge1/command/lane"), body))
                api.setblocking(False)
                asked, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(api), HANGS_S)
                its.before = its.before._replace(files=Belongings.now().files)
                await its.ends()
                asked.close()
            writer.transport.abort()

    run(main(), loop=MeteredLoop)


# ---- that the suite refuses what breaks the contract -----------------------------------------------------------------


def test_every_habit_of_targets_is_tried_with_every_publisher() -> None:
    assert not tried.missing()


def test_every_kind_has_a_target() -> None:
    assert KINDS.keys() == names_of(PublisherConfig, "kind")
    assert PUBLISHERS.keys() == KINDS.keys() - {"files"}  # a folder is no peer: tests/test_site_publisher.py


class Plant:
    """A publisher that does wrong; ``after``: what is to be let go at the end."""

    after = ExitStack()

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher

    def __getattr__(self, name: str) -> Any:
        return getattr(self.publisher, name)


class LeavesAThread(Plant):
    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        over = threading.Event()
        thread = threading.Thread(target=over.wait, name="planted")
        self.after.callback(thread.join)
        self.after.callback(over.set)
        thread.start()
        return self.publisher.prepare(entries)


class LeavesASocket(Plant):
    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        self.after.enter_context(socket.socket())
        return self.publisher.prepare(entries)


class TakesNoNotice(Plant):
    """The first time."""

    told = False

    def give_up(self) -> None:
        if self.told:
            self.publisher.give_up()
        self.told = True


class SaysItsOwn(Plant):
    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        send = self.publisher.prepare(entries)

        def sent() -> Sequence[SetAside]:
            try:
                return send()
            except TargetDown as error:
                raise ConnectionError(str(error)) from error

        return sent


class NamesNobody(Plant):
    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        send = self.publisher.prepare(entries)

        def sent() -> Sequence[SetAside]:
            try:
                return send()
            except TargetDown as error:
                raise TargetDown("no answer") from error

        return sent


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (LeavesAThread, "it left behind: thread planted"),
        (LeavesASocket, "it left behind: open socket:"),
        (TakesNoNotice, "it has not ended: "),
    ],
)
@every_publisher
def test_a_publisher_that_does_not_end_as_it_must_is_refused(
    run: Run, site: Site, programs: Programs, kind: str, planted: type[Plant], said: str
) -> None:
    async def main() -> None:
        with pytest.raises(AssertionError, match=f"^{said}"), planted.after:
            await ends_when_told(site, programs, kind, Way(most=1), planted, hangs_s=0.2)

    run(main(), loop=MeteredLoop)


@pytest.mark.parametrize(
    ("planted", "said"),
    [(SaysItsOwn, "not an error of the contract: ConnectionError"), (NamesNobody, "names no target: no answer")],
)
def test_a_publisher_that_fails_in_its_own_words_is_refused(
    run: Run, site: Site, programs: Programs, planted: type[Plant], said: str
) -> None:
    with pytest.raises(AssertionError, match=f"^{said}"):
        run(says_who_is_down(site, programs, "influx", Way(most=1, then=Then.CLOSE), planted), loop=MeteredLoop)
