"""Carriers on a store: contracts by the day, suspensions and what follows, places at pickups, the true weight.

Laws: C1 no pickup has more than its room, C2 each parcel has one live service, which the lines know, C4 nothing is
chosen that is suspended. C3, the optimum, is judged in `test_plan`.
"""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import sqlalchemy as sa
from example_site import example_site
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ports import free_port
from stocked import CUTOFF_US, NOW_US, accept, stocked
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.cli import main
from edge.config.load import load_site
from edge.config.shipping import PlanTable, ServiceTable, contract_findings, shipping_problems
from edge.core.events import OrderShipped, RouteDecided, RouteReason
from edge.core.iso_time import iso
from edge.core.values.order import Order, OrderState
from edge.intake.calendars import day_begin_us
from edge.intake.planning import planning_of
from edge.journal.host_time import now_us
from edge.journal.record import Record, Value, encode
from edge.orders.articles import Goods
from edge.orders.eligibility import ParcelPlan, Terms
from edge.orders.plan import planned
from edge.orders.planning import Planning
from edge.orders.reroute import HeldPlace, Where, rerouted
from edge.orders.review import ReviewRules
from edge.orders.scorecard import ParcelFate, performance_of, scored
from edge.orders.services import Performance, Pickup, Rate, Service, Suspension, TransportMode, suspension_of
from edge.orders.sscc import SsccRange
from edge.orders.stages import FulfilmentTurn
from edge.orders.waves import WaveLimits
from edge.site import choosing, dialect, drafts, orders, parcels, releasing, suspending, tables
from edge.site.sales_work import SaleWork
from edge.site.store import SiteStore
from edge.site.suspending import Stop, SuspensionError

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
ROOM = {"post": 4, "air": 3, "van": 2}
RANGE = SsccRange("4712345")
NAMES = st.sampled_from(("post", "post", "air", "van"))


def planning(at_us: int = NOW_US, promised_us: int = CUTOFF_US + 2 * DAY_US) -> Planning:
    """Three services with a pickup each and little room; the van comes after what was promised."""
    services = {
        name: Service(
            id=name,
            carrier=name.title(),
            code="std",
            lane="3" if name == "van" else "",
            volume_per_g=5_000,
            rates=(Rate("home", ((1_000, price), (5_000, 4 * price))),),
        )
        for name, price in (("post", 100), ("air", 300), ("van", 200))
    }
    days = {"post": 1, "air": 1, "van": 3}
    pickups = tuple(
        Pickup(
            service=name,
            cutoff_us=CUTOFF_US,
            arrives=(("home", CUTOFF_US + days[name] * DAY_US),),
            parcels=room,
            grams=3_000 if name == "air" else None,
        )
        for name, room in ROOM.items()
    )
    return Planning(
        services=services,
        pickups=pickups,
        terms=Terms(now_us=at_us, release_by_us={one.id: CUTOFF_US - HOUR_US for one in pickups}),
        zone_of=lambda *_: "home",
        promised_us=lambda *_: promised_us,
        limits=WaveLimits(totes=2),
    )


class Carriers(RuleBasedStateMachine):
    """Orders, waves, labels, a belt, and carriers that stop and come again."""

    def __init__(self, store: SiteStore) -> None:
        super().__init__()
        with store.connections.writing() as db:
            for table in reversed(tables.METADATA.sorted_tables):
                if table.name not in ("schema_version", "key_mark", "feed_epoch", "alembic_version"):
                    db.execute(table.delete())
        self.store, self.at = store, store.connections
        stocked(store, units=50, bins=1)
        self.number = self.seq = 0
        self.now_us = NOW_US

    def _by(self) -> Planning:
        self.now_us += 1_000_000
        return planning(self.now_us)

    def _members(self) -> list[sa.Row[tuple[object, ...]]]:
        its, wave = tables.picks.members, tables.picks.waves.c
        query = sa.select(its, wave.released_us).join(tables.picks.waves, wave.id == its.c.wave)
        with self.at.reading() as db:
            return list(db.execute(query.order_by(its.c.fulfilment)).all())

    def _orders(self) -> dict[str, Order]:
        with self.at.reading() as db:
            return {one.id: one for one in orders.orders_where(db, sa.true())}

    def _one(self, which: int) -> str:
        names = [row.fulfilment for row in self._members() if row.released_us]
        return names[which % len(names)] if names else ""

    def _told(self, value: Value) -> None:
        self.seq += 1
        self.store.project("node@1", [Record(self.seq, self.now_us, "a", type(value).__name__, encode(value))])

    # ---- what happens ------------------------------------------------------------------------------------------------

    @initialize(units=st.integers(1, 3), labels=st.lists(st.booleans(), max_size=4), lies=st.booleans())
    def day_begins(self, units: int, labels: list[bool], lies: bool) -> None:
        """With parcels that are released, some of them packed or on the belt, the first in its lane."""
        self.order(5, units, False)
        self.plan()
        self.release()
        for which, moves in enumerate(labels):
            self.label(which, moves)
        if lies:
            self.sort(0)
        self.order(3, 1, False)
        self.plan()

    @rule(count=st.integers(1, 4), units=st.integers(1, 3), urgent=st.booleans())
    def order(self, count: int, units: int, urgent: bool) -> None:
        accept(self.store, [(self.number + at, {0: units}) for at in range(count)], urgent)
        _promised(self.store)
        self.number += count

    @rule()
    def plan(self) -> None:
        drafts.plan(self.at, self._by(), self.now_us)

    @rule()
    def release(self) -> None:
        by = self._by()
        for name in sorted({row.wave for row in self._members() if not row.released_us}):
            releasing.release(self.at, name, by.limits, "Ann", self.now_us, by)

    @rule(which=st.integers(0, 30), moves=st.booleans())
    def label(self, which: int, moves: bool) -> None:
        """And onto the belt, where a line routes it."""
        name = self._one(which)
        order = self.store.order(name) if name else None
        if order is None or order.state is not OrderState.OPEN or order.parcel:
            return
        with self.at.writing() as db:
            work = SaleWork(db, None, ReviewRules(), self.now_us)
            work.report(name, FulfilmentTurn.VERIFIED)
            work.finish()
        parcel = parcels.give_label(self.at, self.store.keys, RANGE, name, "Bob", self.now_us)
        if moves:
            self.now_us += 1
            self._told(
                RouteDecided(
                    at_us=self.now_us, line="a", track_id=1, subject=f"(00){parcel.sscc}", order=name, lane=1,
                    reason=RouteReason.ASSIGNED, round=0, expiry_ms=0,
                )
            )  # fmt: skip

    @rule(which=st.integers(0, 30))
    def sort(self, which: int) -> None:
        name = self._one(which)
        order = self.store.order(name) if name else None
        if order is not None and order.parcel and order.state is OrderState.OPEN:
            self._told(OrderShipped(self.now_us, "a", name, order.parcel, 1))

    @rule(what=NAMES, as_=st.sampled_from(("carrier", "service", "lane")), hours=st.sampled_from((0, 1)))
    def suspend(self, what: str, as_: str, hours: int) -> None:
        by = self._by()
        until_us = self.now_us + hours * HOUR_US if hours else 0
        if as_ == "carrier":
            stop = Stop(by="Ann", reason="strike", carrier=what.title(), until_us=until_us)
        elif as_ == "service":
            stop = Stop(by="Ann", reason="strike", service=what, until_us=until_us)
        else:
            stop = Stop(by="Ann", reason="blocked", lane="3", until_us=until_us)
        before = {row.fulfilment: row.pickup for row in self._members()}
        suspending.suspend(self.at, stop, by, self.now_us)
        self._stayed(before)

    @rule(which=st.integers(0, 5))
    def resume(self, which: int) -> None:
        """H31: what is released stays where it went."""
        with self.at.reading() as db:
            open_ones = suspending.suspensions(db)
        if open_ones:
            before = {row.fulfilment: row.pickup for row in self._members() if row.released_us}
            suspending.resume(self.at, open_ones[which % len(open_ones)].seq, "Ann", "over", self._by(), self.now_us)
            after = {row.fulfilment: row.pickup for row in self._members()}
            with self.at.reading() as db:
                moved = {one.fulfilment for one in suspending.moves_of(db) if one.at_us == self.now_us}
            assert all(after[name] == pickup for name, pickup in before.items() if name not in moved)

    @rule(hours=st.sampled_from((0, 1)))
    def time_passes(self, hours: int) -> None:
        self.now_us += hours * HOUR_US // 8
        suspending.follow_up(self.at, self._by(), self.now_us)

    @rule(which=st.integers(0, 30), mass_g=st.integers(1, 6_000), edge_mm=st.sampled_from((10, 300)))
    def weigh(self, which: int, mass_g: int, edge_mm: int) -> None:
        """H32: before the label by true weight, after it never."""
        name = self._one(which)
        if not name:
            return
        before, order = next(row for row in self._members() if row.fulfilment == name), self.store.order(name)
        by = self._by()
        with self.at.writing() as db:
            dialect.lock(db, dialect.Lock.SALES)
            found = choosing.rechoose(db, by, name, mass_g, (edge_mm, edge_mm, edge_mm), self.now_us)
            now = choosing.in_force(db, by)
        assert found is not None and order is not None
        after = next(row for row in self._members() if row.fulfilment == name)
        assert (found.carrier, found.pickup) == (after.carrier, after.pickup)
        if order.parcel or found.refused:
            assert after.pickup == before.pickup and not found.changed
        else:
            charged = max(mass_g, edge_mm**3 // 5_000)
            assert charged <= 5_000 and after.mass_g == mass_g
            assert found.freight == (1 if charged <= 1_000 else 4) * by.services[found.service].rates[0].steps[0][1]
            assert not suspension_of(by.services[found.service], now.terms.suspensions, self.now_us), "C4"

    def _stayed(self, before: dict[str, str]) -> None:
        """H30: what lies in its lane is not moved."""
        lines = self._orders()
        for row in self._members():
            if row.released_us and lines[row.fulfilment].state is OrderState.SHIPPED:
                assert before[row.fulfilment] == row.pickup

    # ---- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def places_services_and_lines_agree(self) -> None:
        """What waits for a person, or lies in its lane already, may be with who takes nothing; nothing else is."""
        members, lines = self._members(), self._orders()
        load = Counter(row.service for row in members if row.released_us)
        assert all(n <= ROOM[name] for name, n in load.items()), "C1"
        assert sum(row.mass_g for row in members if row.released_us and row.service == "air") <= 3_000, "C1"
        with self.at.reading() as db:
            by = choosing.in_force(db, planning(self.now_us))
            stuck = {one.fulfilment for one in suspending.stuck_parcels(db)}
            told = tables.sales.outbox.c
            delays = db.execute(sa.select(told.subject).where(told.type == "parcel.delayed.v1")).scalars()
            assert all(n == 1 for n in Counter(delays).values()), "once"
        for row in members:
            order = lines.get(row.fulfilment)
            assert row.service.title() == row.carrier and row.pickup.startswith(row.service)
            if row.released_us and order is not None:
                assert (order.carrier, order.service) == (row.carrier, row.code), "C2"
            if suspension_of(by.services[row.service], by.terms.suspensions, self.now_us):
                gone = order is not None and order.state is OrderState.SHIPPED
                assert row.released_us and (gone or row.fulfilment in stuck), "C4"


def test_the_laws_of_carriers_hold_whatever_comes(tmp_path: Path) -> None:
    """Few ways in SQLite, with LANEWISE_LAWS many; what one suspension does is tried in both databases below."""
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite", secret_file=tmp_path / "site.secret")
    many = bool(os.environ.get("LANEWISE_LAWS"))
    settings = hypothesis.settings(
        max_examples=100 if many else 4, stateful_step_count=20 if many else 10, deadline=None
    )
    run_state_machine_as_test(lambda: Carriers(store), settings=settings)  # type: ignore[arg-type]
    store.close()


def _promised(store: SiteStore) -> None:
    """Until when `planning` says."""
    with store.connections.writing() as db:
        db.execute(tables.sales.orders.update().values(promised="2026-12-24"))


def _released(store: SiteStore, count: int) -> list[str]:
    stocked(store, units=50, bins=1)
    names = accept(store, [(number, {0: 1}) for number in range(count)])
    _promised(store)
    by = planning()
    for wave in drafts.plan(store.connections, by, NOW_US).new:
        releasing.release(store.connections, wave, by.limits, "Ann", NOW_US, by)
    return names


def test_a_suspension_moves_what_can_be_moved_and_says_of_each_what_became_of_it(
    store_url: str, tmp_path: Path
) -> None:
    """H30, H31. Post stops: of four parcels one lies in its lane, one is on the belt, one is packed, one in a tote."""
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    at = store.connections
    in_lane, on_belt, packed, in_tote = _released(store, 4)
    machine = Carriers.__new__(Carriers)
    machine.store, machine.at, machine.seq, machine.now_us = store, at, 0, NOW_US
    labels = {}
    for which, name in enumerate((in_lane, on_belt, packed)):
        machine.label(which, name != packed)
        order = store.order(name)
        assert order is not None
        labels[name] = order.parcel
    machine.sort(0)
    accept(store, [(9, {0: 1})])
    _promised(store)
    drafts.plan(at, planning(), NOW_US)
    row, done = suspending.suspend(at, Stop(by="Ann", reason="strike", carrier="Post"), planning(), NOW_US + 9)
    assert (done.moved, done.relabel, done.stays, done.stuck, done.told) == (3, 1, 1, 0, 0)
    carriers = {name: store.order(name).carrier for name in (in_lane, on_belt, packed, in_tote)}  # type: ignore[union-attr]
    assert carriers.pop(in_lane) == "Post" and set(carriers.values()) == {"Air"}
    assert store.order(on_belt).parcel == labels[on_belt]  # type: ignore[union-attr]
    assert store.order(packed).parcel is None  # type: ignore[union-attr]
    with at.reading() as db:
        how = {one.fulfilment: (one.where, one.label) for one in suspending.moves_of(db)}
        void = parcels.parcel_of(db, str(labels[packed]).removeprefix("(00)"))
        drafted = db.execute(
            sa.select(tables.picks.members.c.service).where(tables.picks.members.c.sales_id == "shop-9")
        )
        assert drafted.scalars().all() == [], "what comes too late waits: nobody is late by plan"
    assert how == {on_belt: ("moving", "kept"), packed: ("packed", "void"), in_tote: ("released", "")}
    assert void is not None and void.voided_us and void.reason == "suspended"
    told = [(one.told.type, one.told.subject) for one in store.outbox(0) if "suspended" in one.told.type]
    assert told == [("service.suspended.v1", "Post")]

    _, more = suspending.suspend(at, Stop(by="Ann", reason="fog", service="air"), planning(), NOW_US + 10)
    assert (more.moved, more.stuck, more.told) == (2, 1, 2)  # the van has room for two, and comes too late
    with at.reading() as db:
        (left,) = suspending.stuck_parcels(db)
        assert {one.code for one in left.refusals} == {"suspended", "full"}
    _, again = suspending.suspend(at, Stop(by="Ann", reason="fog again", service="air"), planning(), NOW_US + 11)
    assert (again.moved, again.stuck, again.told) == (0, 1, 0)
    gone = suspending.resume(at, row.seq, "Ann", "they work again", planning(), NOW_US + 12)
    assert gone is not None and gone[1].moved == 1 and not gone[1].stuck  # Post takes what fitted nowhere, and no more
    assert suspending.resume(at, row.seq, "Ann", "twice", planning(), NOW_US + 13) == (
        gone[0],
        replace(gone[1], moved=0, drafts=0),
    )
    with at.reading() as db:
        drafted = db.execute(
            sa.select(tables.picks.members.c.service).where(tables.picks.members.c.sales_id == "shop-9")
        )
        assert drafted.scalars().all() == ["post"], "only what nobody released returns"
    types = Counter(one.told.type for one in store.outbox(0))
    assert (types["parcel.delayed.v1"], types["parcel.stuck.v1"], types["fulfilment.rerouted.v1"]) == (2, 1, 6)
    for wrong in (
        Stop(by="A", reason="r"),
        Stop(by="A", reason="r", carrier="DHL"),
        Stop(by="A", reason="r", service="air", until_us=1),
    ):
        with pytest.raises(SuspensionError):
            suspending.suspend(at, wrong, planning(), NOW_US + 14)
    store.close()


def test_a_suspension_begins_and_ends_by_itself(store_url: str, tmp_path: Path) -> None:
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    at = store.connections
    (name,) = _released(store, 1)
    later = Stop(by="Ann", reason="holiday", service="post", from_us=NOW_US + HOUR_US, until_us=NOW_US + 2 * HOUR_US)
    _, done = suspending.suspend(at, later, planning(), NOW_US)
    assert done.moved == 0 and suspending.follow_up(at, planning(NOW_US + 1), NOW_US + 1) is None
    begun = suspending.follow_up(at, planning(NOW_US + HOUR_US), NOW_US + HOUR_US)
    assert begun is not None and begun.moved == 1 and store.order(name).carrier == "Air"  # type: ignore[union-attr]
    assert suspending.follow_up(at, planning(NOW_US + HOUR_US + 1), NOW_US + HOUR_US + 1) is None
    over_us = NOW_US + 2 * HOUR_US
    assert suspending.follow_up(at, planning(over_us), over_us) is not None
    with at.reading() as db:
        (row,) = suspending.suspensions(db, everything=True)
        assert (row.ended_us, row.ended_why) == (over_us, "until") and not suspending.suspensions(db)
    store.close()


def test_on_the_belt_limited_quantities_keep_to_the_mode_that_their_mark_is_for() -> None:
    """H11: packed ones may fly with another mark, where the carrier takes them."""
    takes = Goods.LIMITED_QUANTITY
    base = Service(id="", carrier="", code="s", rates=(Rate("X", ((9_000, 10),)),), takes=takes)
    services = {
        "road": replace(base, id="road"),
        "air": replace(base, id="air", mode=TransportMode.AIR),
        "dry": replace(base, id="dry", takes=Goods(0)),
    }
    ways = [Pickup(service=name, cutoff_us=9, arrives=(("X", 9),), parcels=9) for name in services]
    shut = Suspension(reason="", from_us=0, service="road")
    terms = Terms(now_us=0, release_by_us={one.id: 9 for one in ways}, suspensions=(shut,))
    held = [
        HeldPlace(ParcelPlan(order=name, zone="X", mass_g=1, goods=int(takes)), "road", "road@9", where)
        for name, where in (("belt", Where.MOVING), ("packed", Where.PACKED))
    ]
    done = rerouted(held, ways, services, terms)
    assert [(one.held.parcel.order, one.service, one.label) for one in done.moved] == [("packed", "air", "void")]
    assert [one.held.parcel.order for one in done.stuck] == ["belt"]


# ---- over HTTP, on the page, by commands ----------------------------------------------------------------------------


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMES = ["23:59"]
TABLES = """
[service.post]
carrier = "Post"
time_zone = "UTC"
cutoffs = { CUTOFFS }
transit_days = { home = 1 }
rates = { home = [[30000, 100]] }
fuel_percent = 10
[[service.post.contract]]
from = 2020-01-01

[service.air]
carrier = "Air"
cutoffs = { CUTOFFS }
transit_days = { home = 1 }
rates = { home = [[30000, 300]] }
[[service.air.contract]]
until = 2020-01-01
[[service.air.contract]]
from = 2020-01-01
parcels = 7
""".replace("CUTOFFS", ", ".join(f"{day} = {TIMES}".replace("'", '"') for day in DAYS))


@pytest.fixture
def served(project: Path, tmp_path: Path) -> Iterator[tuple[httpx.Client, Path, SiteStore]]:
    """A served site with two services, its SITE.toml, and its store."""
    example_site(project, tmp_path)
    path = tmp_path / "SITE.toml"
    plan = "[plan]\nlead_minutes = 0\nmargin_minutes = 0\nevery_minutes = 0\nzone.home = {}\ncurrency = 'TWD'\n"
    text = path.read_text(encoding="utf-8")
    port = free_port()
    head = re.sub(r"(?ms)^\[\[?(?:plan|service)\b.*?(?=^\[(?!\[?(?:plan|service)\b)|\Z)", "", text)
    head = re.sub(r'listen = ".*"', f'listen = "127.0.0.1:{port}"', head)
    path.write_text(f"{head}\n{plan}{TABLES}", encoding="utf-8")
    app = create_app(load_site(path))
    listener = listen("127.0.0.1", port)
    serving = server(app)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    store = app.state.site.store()
    stocked(store, units=5, bins=1)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANGS_S) as client:
        yield client, path, store
    serving.should_exit = True
    thread.join(HANGS_S)
    listener.close()


def test_carriers_are_seen_suspended_and_reckoned_over_http_on_the_page_and_by_commands(
    served: tuple[httpx.Client, Path, SiteStore], capsys: pytest.CaptureFixture[str]
) -> None:
    client, path, store = served
    first = iso(now_us())[:10]

    def command(*words: str, status: int = 0) -> str:
        assert main(["carriers", *words[:1], *words[1:], "--site", str(path)]) == status
        return capsys.readouterr().out

    def get(what: str) -> Any:
        answer = client.get(f"/api/v1/services{what}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    accept(store, [(1, {0: 1})])
    (wave,) = client.post("/api/v1/waves/plan", json={"by": "Ann"}).json()["new"]
    assert client.post(f"/api/v1/waves/{wave}/release", json={"by": "Ann"}).json()["members"] == 1
    assert [one["findings"] for one in get("")] == [[], []]  # a day that ended long ago is nobody's any more
    assert "overlap" not in command("check") and "closes" in command("list")
    (choice,) = get("/choices?order=shop-1")
    assert (choice["service"], choice["freight"], choice["released"]) == ("post", 110, True)
    assert [one["cost"] for one in choice["best"]] == [110, 110, 110]
    assert f"by post {iso(choice['cutoff_us'])}: 110" in command("choice", "shop-1")
    pickups = get("/pickups")
    assert sum(one["taken"] for one in pickups) == 1
    assert {one["parcels"] for one in pickups if one["service"] == "air"} == {7}

    wrong = client.post("/api/v1/services/suspensions", json={"by": "Ann", "reason": "strike", "carrier": "DHL"})
    assert wrong.status_code == 409 and "no service of the site" in wrong.json()["detail"]
    said = command("suspend", "carrier", "Post", "--reason", "strike", "--until", "2099-01-01T00:00", "--by", "Ann")
    assert said.startswith("1: carrier Post from ") and "1 parcels have another carrier" in said
    assert store.order("shop-1").carrier == "Air"  # type: ignore[union-attr]
    refused = client.post("/carriers/suspend", data={"what": "service:air", "reason": "", "by": "Ann"})
    assert refused.status_code == 422 and "reason" in refused.text
    form = {"what": "service:air", "reason": "霧", "by": "Ann", "from": "", "until": ""}
    assert client.post("/carriers/suspend", data=form).status_code == 303
    assert "no other one takes them" in client.get("/carriers").text and "shop-1" in command("stuck", status=1)
    page = client.get("/carriers", headers={"accept-language": "zh-TW"}).text
    assert "待人工處理" in page and "暫停中：霧" in page and "物流箱中" in page
    assert "3.00 TWD" in client.get("/orders/o/shop-1").text
    assert "改走 Air" in client.get("/orders/o/shop-1", headers={"accept-language": "zh-TW"}).text
    assert [one["reason"] for one in get("/suspensions")] == ["霧", "strike"]
    assert command("resume", "1", "--reason", "over", "--by", "Ann").startswith("1: carrier Post over since ")
    assert store.order("shop-1").carrier == "Post" and get("/stuck") == []  # type: ignore[union-attr]
    assert client.post("/carriers/end", data={"seq": "2", "reason": "fine", "by": "Ann"}).status_code == 303
    assert get("/suspensions") == [] and len(get("/suspensions?everything=true")) == 2 and len(get("/moves")) == 2
    assert client.post("/api/v1/services/suspensions/9/end", json={"by": "A", "reason": "r"}).status_code == 404

    last = iso(now_us())[:10]
    cheaper = path.with_name("cheaper.toml")
    cheaper.write_text(TABLES.replace("300]]", "90]]"), encoding="utf-8")
    told = command("what-if", str(cheaper), "--since", first, "--until", last)
    assert "1 parcels, sent for 110" in told and "air: 1 parcels, 90" in told
    form = {"contract": cheaper.read_text(), "since": first, "until": last}
    page = client.post("/carriers/what-if", data=form).text
    assert 'data-run="after"' in page and "0.90 TWD" in page
    bad = client.post("/api/v1/services/what-if", json={**form, "contract": "[service.x]\ncarrier = 1"})
    assert bad.status_code == 422 and "service.x" in bad.json()["detail"]
    assert client.get("/api/v1/services/scorecard?since=2020-01-01&until=2026-01-01").status_code == 422


def test_scores_count_what_is_known_and_nothing_else() -> None:
    """On time is by the end of the promised local day, H28; what nobody knows yet is neither."""
    day = DAY_US
    fate = ParcelFate(service="post", promised_us=5 * day, due_us=3 * day, departed_us=day, freight=100)
    fates = [
        replace(fate, delivered_us=3 * day, scanned_us=day + HOUR_US),  # in time by both
        replace(fate, delivered_us=4 * day, scanned_us=day - 1, freight=101),  # later than the carrier said
        replace(fate, delivered_us=6 * day, damaged=True),
        replace(fate, lost=True),
        replace(fate, promised_us=9 * day, due_us=0),  # still under way
        replace(fate, service="air", promised_us=0, due_us=0, departed_us=0),
    ]
    air, post = scored(fates, 8 * day)
    assert (air.parcels, air.promised, air.due, air.transit_us, air.handover_us, air.cost) == (1, 0, 0, None, None, 100)
    assert (post.parcels, post.delivered, post.promised, post.late, post.due, post.overdue) == (5, 3, 4, 2, 4, 3)
    assert (post.lost, post.damaged, post.freight, post.cost) == (1, 1, 501, 100)
    assert (post.transit_us, post.handover_us) == (5 * day, HOUR_US)
    assert performance_of([post])["post"] == Performance(4, 2, 2)


# ---- contracts -------------------------------------------------------------------------------------------------------

SERVICE = {
    "carrier": "Post",
    "time_zone": "Asia/Taipei",
    "cutoffs": {day: ["16:00", "20:30"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    "transit_days": {"home": 1},
    "rates": {"home": [[1_000, 120], [5_000, 190]]},
    "weight_unit_g": 500,
    "volume_per_g": 5_000,
    "fuel_percent": 10,
    "long_mm": [[600, 50], [1_200, 180]],
    "surcharges": {"liquid": 7},
    "parcels": 50,
    "capacity": {"20:30": 5, "thu 20:30": 9},
    "contract": [
        {"from": "2026-01-01", "until": "2026-12-31"},
        {"from": "2027-01-01", "until": "2027-06-30", "rates": {"home": [[2_000, 99]]}, "fuel_percent": 0},
    ],
}
PLAN = PlanTable.model_validate({"zone": {"home": {}}, "time_zone": "Asia/Taipei", "horizon_days": 2})


def _findings(*rows: dict[str, str], today: str = "2026-11-29") -> Iterator[str]:
    table = ServiceTable.model_validate(SERVICE | {"contract": list(rows)})
    return contract_findings({"post": table}, date.fromisoformat(today))


def test_next_years_prices_stand_beside_this_years() -> None:
    table = ServiceTable.model_validate(SERVICE)
    assert list(shipping_problems({"post": table}, PLAN)) == []
    eve_us = day_begin_us(date(2026, 12, 31), "Asia/Taipei")
    by = planning_of({"post": table}, PLAN, eve_us)
    first, last = by.pickups[0], by.pickups[-1]
    assert [(one.contract, one.parcels) for one in by.pickups] == [
        ("", 50), ("", 9), ("post 2027-01-01", 50), ("post 2027-01-01", 5),
    ]  # fmt: skip
    assert first.id != last.id and {one.service for one in by.pickups} == {"post"}

    def paid(only: Pickup, **more: object) -> tuple[int, int]:
        parcel = replace(ParcelPlan(order="1", zone="home", mass_g=700, goods=int(Goods.LIQUID)), **more)  # type: ignore[arg-type]
        taking = {name: replace(one, takes=Goods.LIQUID) for name, one in by.services.items()}
        (done,) = planned([parcel], [only], taking, by.terms).planned
        return done.quote.rate, done.quote.surcharge

    assert paid(first) == (120, 7 + 12) and paid(last) == (99, 7)
    assert paid(first, volume_mm3=5_000_001) == (190, 7 + 19)  # a gram more is 500 g more
    assert paid(first, longest_mm=600) == (120, 19) and paid(first, longest_mm=601) == (120, 69)
    assert paid(last, longest_mm=1_201) == (99, 187)
    gone = planned(
        [ParcelPlan(order="1", zone="home", mass_g=1_001, volume_mm3=20_000_001)], [last], by.services, by.terms
    )
    assert [one.code for one in gone.left[0].refusals] == ["too-heavy"]
    in_july = planning_of({"post": table}, PLAN, day_begin_us(date(2027, 7, 1), "Asia/Taipei"))
    assert in_july.pickups == () and "post" in in_july.services


def test_gaps_and_overlaps_of_a_contract_are_said() -> None:
    assert list(contract_findings({"post": ServiceTable.model_validate(SERVICE)}, date(2026, 11, 29))) == [
        "service.post.contract: gap: no row from 2027-07-01 on"
    ]
    assert list(_findings({"from": "2026-01-01", "until": "2026-12-31"}, {"from": "2026-12-25"})) == [
        "service.post.contract: overlap: two rows from 2026-12-25 until 2026-12-31: the one that began last holds"
    ]
    assert list(_findings({"from": "2027-01-01"}, {"until": "2026-12-15"})) == [
        "service.post.contract: gap: no row from 2026-12-16 until 2026-12-31"
    ]
    assert list(_findings({"until": "2026-11-28"})) == ["service.post.contract: gap: no row from 2026-11-29 on"]
    assert list(_findings({"from": "2020-01-01"})) == [] == list(_findings())
    wrong = SERVICE | {"capacity": {"21:00": 1}, "contract": [{"from": "2027-01-01", "until": "2026-01-01"}]}
    told = list(shipping_problems({"post": ServiceTable.model_validate(wrong)}, PLAN))
    assert len(told) == 2 and "contract.0.until" in told[0] and "capacity.21:00: it never closes then" in told[1]
