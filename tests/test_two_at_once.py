"""Two people at one tote, order, parcel, case, alarm or load at once: one wins, the other is told who and what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from came_back import CARE, RULES
from came_back import planning as cared
from conftest import Run
from example_site import client_of, example_site, journal_of
from made_up_floor import order, parcel, tote
from sold import sold
from stocked import NOW_US, accept, planning, stocked
from waiting import HANGS_S, until

from api.app import create_app
from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import AlarmRequested, Event, Journaled, LoadRequested, Route, SetLane, SetOutput, Started
from edge.core.values.alarm import AlarmAction, AlarmState
from edge.core.values.load import Load, LoadAction
from edge.core.values.wishes import AlarmWish
from edge.journal.record import Record, encode
from edge.journal.writer import Journal
from edge.orders.amend import Amend
from edge.orders.cases import CaseKind
from edge.orders.packed import AfterCheck, Proposed
from edge.orders.quality import Aspect, Fault, QualityRules, Settlement
from edge.orders.sscc import SsccRange
from edge.orders.work import WishRefused
from edge.site import drafts, packing, picking, quality, releasing, rounds, totes
from edge.site.case_desk import CaseDesk, CaseOpened, CaseSettlement
from edge.site.desk import SalesDesk
from edge.site.packing import PackSaid
from edge.site.picking import Picked
from edge.site.quality import CheckSaid
from edge.site.store import SiteStore, WishTakenError
from rfid.epc.identity import identify

TIMES = 5
TWO = ("Ann", "Bob")


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    made = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    yield made
    made.close()


def at_once(*wishes: Callable[[], object]) -> list[object]:
    """What came of each, all begun at the same moment; what was raised, where it was refused."""
    start = Barrier(len(wishes))

    def ask(wish: Callable[[], object]) -> object:
        start.wait(HANGS_S)
        try:
            return wish()
        except ValueError as error:
            return error

    with ThreadPoolExecutor(len(wishes)) as pool:
        return list(pool.map(ask, wishes))


def one_wins(ann: Callable[[], object], bob: Callable[[], object], *deeds: str) -> str:
    """Who did; the other was told the name, and which of ``deeds``, Ann's or Bob's, it was."""
    came = at_once(ann, bob)
    lost = [isinstance(one, ValueError | WishRefused) for one in came]
    assert sorted(lost) == [False, True], came
    winner = TWO[lost.index(False)]
    said = str(came[lost.index(True)])
    assert winner in said and deeds[min(len(deeds) - 1, TWO.index(winner))] in said, said
    return winner


def test_an_order_is_held_cancelled_amended_by_one(store: SiteStore) -> None:
    desk = SalesDesk(store, RULES)

    def turn(n: int) -> None:
        (taken,) = desk.take([sold(n)], NOW_US)
        name, version = taken.id, desk.detail(taken.id).order.version
        amend = Amend(order=name, by="Bob", reason="rang", wanted={2: 0})
        who = one_wins(
            lambda: desk.hold(name, version, "Ann", "looks odd", NOW_US + n),
            lambda: desk.amend(amend, version, NOW_US + n),
            "held by Ann",
            "amended by Bob",
        )
        if who == "Bob":
            desk.hold(name, None, "Eve", "so that it is held", NOW_US + n)
        version = desk.detail(name).order.version
        one_wins(
            lambda: desk.release(name, version, "Ann", "is right", [], NOW_US + 9),
            lambda: desk.cancel(name, version, "Bob", "rang again", NOW_US + 9),
            "released by Ann",
            "cancelled by Bob",
        )

    for n in range(TIMES):
        turn(n)


def test_a_tote_and_a_round_are_one_persons(store: SiteStore) -> None:
    store.put_orders([order(n) for n in range(2 * TIMES)], NOW_US)

    def bind(n: int) -> None:
        here, names = identify(tote(n)), (f"A-{1000 + 2 * n}", f"A-{1001 + 2 * n}")
        came = at_once(*(lambda name=name: totes.bind_tote(store.connections, name, here, NOW_US) for name in names))
        (holder,) = [name for name, one in zip(names, came, strict=True) if one is None]
        assert f"{holder} has it" in str(next(filter(None, came)))

    for n in range(TIMES):
        bind(n)
    stocked(store)
    accept(store, [(1, {0: 2})])
    for wave in drafts.plan(store.connections, planning(), NOW_US).new:
        releasing.release(store.connections, wave, planning().limits, "Lee", NOW_US)
    one, two = at_once(*(lambda who=who: rounds.claim(store.connections, who, NOW_US) for who in TWO))
    assert (one is None) is not (two is None), "there was one round"
    mine = one or two
    assert isinstance(mine, rounds.PickTask)
    other = TWO[1 - TWO.index(mine.picker)]

    def pick(who: str) -> object:
        said = Picked(task=mine.id, n=1, units=2, picker=who, version=mine.version)
        return picking.pick(store.connections, said, NOW_US)

    came = at_once(lambda: pick(mine.picker), lambda: pick(other))
    assert f"it is {mine.picker}'s, not {other}'s" in str(came[1]), came
    with pytest.raises(rounds.StalePickError, match="version"):
        pick(mine.picker)


def test_a_parcel_is_packed_and_a_refusal_settled_by_one(store: SiteStore) -> None:
    store.put_orders([replace(order(n), parcel=None) for n in range(TIMES)], NOW_US)
    at, labels = store.connections, SsccRange("4712345")

    def pack(name: str, who: str) -> object:
        known = store.order(name)
        assert known is not None
        said = PackSaid(
            order=name,
            station=f"pack-{who}",
            by=who,
            units={line.gtin: line.quantity for line in known.lines},
            checked=frozenset(AfterCheck),
            unverified="no portal",
            differs="no tags here",
        )
        return packing.pack(at, store.keys, labels, QualityRules(), lambda _: Proposed(), said, NOW_US)

    def settle(seq: int, what: Settlement, who: str) -> object:
        return quality.settle(at, seq, what, who, "", NOW_US)

    def turn(name: str) -> None:
        looked = CheckSaid(
            fulfilment=name, aspects=(Aspect.APPEARANCE,), station="qa", by="Eve", sku="09521234000105",
            fault=Fault.SCRATCHED,
        )  # fmt: skip
        (row,) = quality.check(at, looked, NOW_US)
        seq = row.seq
        who = one_wins(
            lambda: settle(seq, Settlement.REWORK, "Ann"),
            lambda: settle(seq, Settlement.SCRAP, "Bob"),
            "rework",
            "scrap",
        )
        its = (Settlement.REWORK, Settlement.SCRAP)[TWO.index(who)]
        assert settle(seq, its, who), "said again"
        who = one_wins(lambda: pack(name, "Ann"), lambda: pack(name, "Bob"), "pack-Ann", "pack-Bob")
        assert pack(name, who), "said again"

    for n in range(TIMES):
        turn(f"A-{1000 + n}")


def test_a_case_is_taken_settled_and_closed_by_one(store: SiteStore) -> None:
    desk = CaseDesk(store, CARE, RULES, cared)

    def turn(n: int) -> None:
        opened = CaseOpened(kind=CaseKind.COMPLAINT, class_="quality", key=str(n), by="Eve")
        case = desk.open(opened, NOW_US)
        number, version = case.id, case.version
        who = one_wins(
            lambda: desk.take(number, "Ann", "", NOW_US, version),
            lambda: desk.take(number, "Bob", "", NOW_US, version),
            "taken by",
        )
        assert desk.detail(number).case.owner == who
        one_wins(
            lambda: desk.settle(number, CaseSettlement(by="Ann", reason="sorry"), NOW_US),
            lambda: desk.settle(number, CaseSettlement(by="Bob", reason="no"), NOW_US),
            "resolved it meanwhile",
        )
        who = one_wins(
            lambda: desk.close(number, "Ann", NOW_US), lambda: desk.close(number, "Bob", NOW_US), "closed by"
        )
        assert desk.close(number, who, NOW_US), "said again"

    for n in range(TIMES):
        turn(n)


def test_an_alarm_is_asked_for_by_one_of_two_apis(store: SiteStore) -> None:
    """Whose memories are apart: the feed says who was first, until the controller's journal has it."""

    def ask(by: str, at_us: int) -> int:
        return store.request(AlarmWish("missorts.sorter", AlarmAction.ACKNOWLEDGE, by), at_us)

    def asks(by: str) -> object:
        try:
            return ask(by, NOW_US)
        except WishTakenError as error:
            return error

    for n in range(TIMES):
        came = at_once(lambda: asks("Ann"), lambda: asks("Bob"))
        ((winner, seq),) = [(who, one) for who, one in zip(TWO, came, strict=True) if isinstance(one, int)]
        (lost,) = [one for one in came if isinstance(one, WishTakenError)]
        assert lost.by == winner and f"{winner} asked for that" in str(lost)
        assert ask(winner, NOW_US) > seq, "said again"
        done = store.feed(0, 1_000)[-1]
        assert isinstance(done, AlarmRequested)
        record = Record(n + 1, NOW_US, "sorter", type(done).__name__, encode(done))
        store.project("line", [record])
    with pytest.raises(WishTakenError):
        ask("Eve", NOW_US) and ask("Ann", NOW_US)
    assert ask("Ann", NOW_US + 86_400_000_001), "nobody answered for a day"


def test_an_alarm_and_a_load_are_one_persons(store_url: str, project: Path, tmp_path: Path, run: Run) -> None:
    site = example_site(project, tmp_path).model_copy(update={"store": store_url})
    line = load_line(site.controller[0].config)
    core, journal = Core(()), Journal(journal_of(site))

    def tell(given: Journaled) -> None:
        """As the controller journals what it is asked."""
        values: list[Journaled | Event] = [given]
        values += [one for one in core.step(given) if not isinstance(one, Route | SetLane | SetOutput)]
        journal.append(values)
        journal.flush()

    tell(
        Started(
            at_us=NOW_US, controller=line.controller, version="0", layouts=line.layouts(), alarms=line.alarms(),
            docks=line.docks(),
        )
    )  # fmt: skip
    alarm, load = "missorts.sorter", Load(id="L1", dock="door1", carrier="UPS")

    async def talk() -> None:
        app = create_app(site)
        async with client_of(app) as client:

            def shelve(who: str) -> asyncio.Task[tuple[int, str]]:
                async def ask() -> tuple[int, str]:
                    answer = await client.post(f"/api/v1/alarms/{alarm}/out-of-service", json={"by": who})
                    return answer.status_code, answer.text

                return asyncio.create_task(ask())

            its = app.state.site
            await until(lambda: bool(its.workings.controllers()))  # before that the picture is not begun
            came = await asyncio.gather(*map(shelve, TWO))
            assert sorted(status for status, _ in came) == [202, 409], came
            winner = TWO[[status for status, _ in came].index(202)]
            told = next(said for status, said in came if status == 409)
            assert f"{winner} asked for that, and its controller has not answered yet" in told
            assert (await shelve(winner))[0] == 202, "said again"
            tell(
                AlarmRequested(at_us=NOW_US + 1, feed_seq=1, alarm=alarm, action=AlarmAction.OUT_OF_SERVICE, by=winner)
            )
            await until(lambda: its.alarm(alarm).state is AlarmState.OUT_OF_SERVICE)
            assert not its.awaited
            status, said = await shelve("Eve")
            assert status == 409 and f"it is out-of-service, allowed are in-service: {winner} was first" in said, said

            asked = {"at_us": NOW_US, "load_id": "L1", "by": "Ann"}
            tell(LoadRequested(**asked, feed_seq=2, action=LoadAction.OPEN, load=load))
            await until(lambda: any(board.check("L1") for board in its.boards))
            answer = await client.post("/api/loads", json={"by": "Bob", "dock": "door1", "carrier": "UPS"})
            assert answer.status_code == 409 and "load L1: Ann opened it" in answer.json()["problems"]
            tell(LoadRequested(**asked, feed_seq=3, action=LoadAction.CLOSE, forced=True, reason="the truck leaves"))

            async def closed() -> bool:
                answer = await client.post("/api/loads/L1/add", json={"by": "Bob", "parcel": identify(parcel(1))})
                return answer.status_code == 409 and "Ann closed it" in answer.text

            await until(closed)

    run(talk())
    journal.close()
