"""What the site does by itself: each duty does what is due and says so, in one process; no fault ends another."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import Run
from example_site import example_site
from stocked import NOW_US, accept, stocked
from waiting import HANGS_S, until

from api import site_state
from api.site_state import Site
from edge.config.shipping import PlanTable, ServiceTable, ZoneTable
from edge.intake.folder import ChannelFolder
from edge.journal.disk import DiskWatch
from edge.orders.picking import ShortReason
from edge.orders.sales import OrderStage
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockError
from edge.site import dialect, picking, rounds, stock_shown, stocktaking, tables, unplanned, waiting, wave_rows
from edge.site.connections import StoreConnections
from edge.site.dialect import Lock
from edge.site.duties import Duty, duties_of, turn
from edge.site.picking import Picked
from edge.site.store import SiteStore
from edge.views.live import LiveView

HOUR_US = 3_600_000_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POST = ServiceTable.model_validate(
    {
        "carrier": "Post",
        "cutoffs": dict.fromkeys(DAYS, ("00:00", "06:00", "12:00", "18:00")),
        "transit_days": {"home": 1},
        "rates": {"home": [[30_000, 100]]},
    }
)
PLAN = PlanTable(zone={"home": ZoneTable()}, lead_minutes=0, margin_minutes=0, release_minutes=30)


def test_only_what_a_site_wants_is_a_duty() -> None:
    assert {one.name for one in duties_of({}, PlanTable(), None, lambda *_: 0)} == {
        "forecast",
        "allocate-again",
        "lapse",
    }
    assert {one.name for one in duties_of({"post": POST}, PlanTable(), None, lambda *_: 0)} == {
        "plan",
        "suspensions",
        "forecast",
        "allocate-again",
        "lapse",
    }
    off = PlanTable(every_minutes=0, again_minutes=0, forecast_minutes=0, held_hours=None)
    assert [one.name for one in duties_of({"post": POST}, off, None, lambda *_: 0)] == ["suspensions"]


def test_a_day_of_duties(store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edge.site.duties")
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    stocked(store, units=1, bins=1)
    accept(store, [(1, {0: 1}), (2, {1: 1}), (3, {2: 1})])
    off_us = {("Post", "standard"): 0}
    duties = duties_of({"post": POST}, PLAN, None, lambda carrier, service: off_us[carrier, service])
    do = {one.name: one for one in duties}

    def told(name: str, at_us: int) -> str:
        caplog.clear()
        assert turn(store.connections, do[name], at_us)
        return " ".join(caplog.messages)

    struck = ServiceTable.model_validate(POST.model_dump() | {"suspended": "strike"})
    (on_strike,) = (one for one in duties_of({"post": struck}, PLAN, None, lambda *_: 0) if one.name == "plan")

    def nobody_carries() -> list[tuple[str, int, set[str]]]:
        with store.connections.reading() as db:
            rows = unplanned.unplanned_rows(db, "", 9)
            assert [its for one in rows for its in unplanned.unplanned_of(db, one.order)] == rows
        return [(one.order, one.since_us, {str(why.code) for why in one.refusals}) for one in rows]

    for at_us in (NOW_US - 2, NOW_US - 1):
        assert turn(store.connections, on_strike, at_us)
        assert nobody_carries() == [(f"shop-{n}", NOW_US - 2, {"suspended"}) for n in (1, 2, 3)]
    assert told("plan", NOW_US) == "plan: 1 new drafts, 0 replaced, 0 orders that nobody carries"
    assert nobody_carries() == []
    assert told("plan", NOW_US) == ""
    with store.connections.reading() as db:
        (wave,) = wave_rows.wave_rows(db)
    assert told("release", wave.release_by_us - 31 * 60_000_000) == ""
    assert told("release", wave.release_by_us - 29 * 60_000_000) == "release: 1 waves"
    assert told("release", wave.release_by_us) == ""
    # somebody finds a bin empty; stock comes to another one, and is found
    task = rounds.claim(store.connections, "Bob", NOW_US)
    assert task is not None
    line = task.lines[0]
    said = Picked(
        task=task.id, n=line.n, units=0, picker="Bob", version=task.version, reason=ShortReason.EMPTY, bin=line.at.bin
    )
    picking.pick(store.connections, said, NOW_US)
    assert told("allocate-again", NOW_US) == ""
    other = BinKey(f"B{(int(line.at.bin[1]) + 4) % 8}-0", line.at.sku)
    came = Movement(
        cause=StockCause("receipt", "again"), kind=MovementKind.RECEIPT, quantity=1, at_us=NOW_US, target=other
    )
    stocktaking.recorded(store.connections, [came], "Ann", NOW_US)
    assert told("allocate-again", NOW_US) == "allocate-again: 1 units that were short have a bin"
    assert told("forecast", wave.release_by_us - HOUR_US) == ""
    off_us["Post", "standard"] = wave.release_by_us - 24 * HOUR_US  # since then all its lanes have been off
    assert told("forecast", wave.release_by_us - HOUR_US) == "forecast: 3 orders will miss their cut-off"
    off_us["Post", "standard"] = wave.release_by_us - HOUR_US - 1
    assert told("forecast", wave.release_by_us - HOUR_US) == ""
    assert told("forecast", wave.cutoff_us + 1) == "forecast: 3 orders will miss their cut-off"
    # what is held for long, or over, has nothing any more; what is in a wave keeps all
    for number, stage in ((4, OrderStage.HELD), (5, OrderStage.CANCELLED), (6, OrderStage.ACCEPTED)):
        (name,) = accept(store, [(number, {number: 1})])
        assert waiting.reserve_waiting(store.connections, NOW_US, [name])[0].complete
        with store.connections.writing() as db:
            table = tables.sales.orders
            db.execute(table.update().where(table.c.id == name).values(stage=str(stage)))
    assert told("lapse", NOW_US + 71 * HOUR_US) == "lapse: 1 units of orders that do not go are free"
    assert told("lapse", NOW_US + 73 * HOUR_US) == "lapse: 1 units of orders that do not go are free"
    assert told("lapse", NOW_US + 99 * HOUR_US) == ""
    with store.connections.reading() as db:
        assert stock_shown.audit(db) == []
        assert [row.promised for row in stock_shown.stock_rows(db)] == [1, 1, 1, 0, 0, 0, 1, 0]
    store.close()


def test_one_of_all_processes_does_the_duties(postgres_url: str, tmp_path: Path) -> None:
    one = SiteStore(postgres_url, secret_file=tmp_path / "site.secret")
    other = SiteStore(postgres_url, secret_file=tmp_path / "site.secret")
    done: list[int] = []

    def work(_: StoreConnections, at_us: int) -> str:
        done.append(at_us)
        return ""

    duty = Duty("test", 1, work)
    assert [turn(its.connections, duty, n) for n, its in enumerate((one, other, one, other))] == [
        True,
        False,
        True,
        False,
    ]
    with one.connections.first() as db:  # the server ends the connection of whoever leads
        held = sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 20")
        assert db.execute(held).scalars().all() == [True]
    assert sum(turn(its.connections, duty, 9) for its in (other, one, other)) >= 1
    one.close()
    assert turn(other.connections, duty, 10)
    other.close()
    assert done[:2] == [0, 2] and done[-1] == 10


def test_the_fault_of_one_duty_ends_no_other(
    project: Path, tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    turns = {"broken": 0, "refused": 0, "sound": 0}

    async def serve() -> None:
        site = Site(example_site(project, tmp_path))
        seen = asyncio.Event()
        loop = asyncio.get_running_loop()

        def duty(name: str, error: Exception | None) -> Duty:
            def work(_: StoreConnections, __: int) -> str:
                turns[name] += 1
                if all(count >= 3 for count in turns.values()):
                    loop.call_soon_threadsafe(seen.set)
                if error is not None:
                    raise error
                return ""

            return Duty(name, 1_000, work)

        kinds = (("broken", ZeroDivisionError("1/0")), ("refused", StockError("no")), ("sound", None))
        tasks = [asyncio.create_task(site.on_duty(duty(name, error))) for name, error in kinds]
        async with asyncio.timeout(HANGS_S):
            await seen.wait()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        site.store().close()

    run(serve())
    assert "broken: a fault; the next turn begins anew" in caplog.text and "ZeroDivisionError" in caplog.text
    assert "refused: no; tried again" in caplog.text


def test_a_fault_of_what_the_api_does_again_and_again_is_said_and_ends_nothing_else(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of it, and the folder of one channel among several."""
    for name in ("BEAT_S", "DISK_EVERY_S", "STORE_EVERY_S", "KEEP_S"):
        monkeypatch.setattr(site_state, name, 0.01)
    broken = {"channel taobao", "page", "store-disk", "store", "store-keeping"}
    mended, looked = threading.Event(), set[str]()

    def breaks(owner: type, method: str) -> None:
        sound = getattr(owner, method)

        def planted(*given: Any) -> Any:
            if not mended.is_set():
                raise ZeroDivisionError("planted")
            return sound(*given)

        monkeypatch.setattr(owner, method, planted)

    breaks(LiveView, "pass_time")
    breaks(DiskWatch, "look")
    breaks(SiteStore, "flow_now")
    breaks(SiteStore, "keep_up")
    step = ChannelFolder.step

    def stepped(folder: ChannelFolder, at_us: int) -> Any:
        if folder._name == "taobao" and not mended.is_set():
            raise ZeroDivisionError("planted")
        looked.add(folder._name)
        return step(folder, at_us)

    monkeypatch.setattr(ChannelFolder, "step", stepped)
    config = example_site(project, tmp_path)
    config = config.model_copy(update={"intake": config.intake.model_copy(update={"poll_s": 0.01})})

    async def serve() -> None:
        site = Site(config)

        def said() -> set[str]:
            told = (one for one in site.health().troubles if one.code == "trouble.chore")
            return {one.values["name"] for one in told if "ZeroDivisionError" in one.values["why"]}

        async with site.running():
            await until(lambda: said() == broken and looked == {"pinduoduo", "shopify"})
            assert [one.value for one in site.metrics() if one.name == "api_faults"] == [len(broken)]
            mended.set()
            await until(lambda: said() == set() and "taobao" in looked)

    run(serve())
    told = [one for one in caplog.records if one.exc_info and "begins anew" in one.getMessage()]
    assert {one.getMessage().partition(":")[0] for one in told} == broken and len(told) == len(broken), "each once"


def test_no_two_locks_are_one(store_url: str, tmp_path: Path) -> None:
    """A process that led held every desk still, since two names of an enumeration with one number are one."""
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    assert store.connections.leads()
    with store.connections.writing() as db:
        if dialect.is_postgresql(db):
            db.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        for one in Lock:
            if one not in (Lock.IN_USE, Lock.LEADER):
                dialect.lock(db, one)
    store.close()
