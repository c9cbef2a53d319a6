"""Key figures: what a day of known troubles gives in both databases, and that number, members and orders agree."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa
from conftest import Run
from example_site import client_of, example_site
from journals import records
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from sold import sold
from stocked import CUTOFF_US, NOW_US, accept, planning, stocked

from api.app import create_app
from edge.config.kpis import KpiTable
from edge.core.events import (
    Event,
    Journaled,
    LoadClosed,
    OrderShipped,
    Outcome,
    ParcelGated,
    RouteDecided,
    RouteReason,
    Sorted,
    ToteChecked,
)
from edge.core.values.dock import Direction
from edge.core.values.evidence import Finding
from edge.core.values.load import Aboard, Load
from edge.core.values.verdicts import FindingKind, GateVerdict
from edge.intake.calendars import local_day
from edge.orders.kpis import BY_NAME, KPIS, Dimension, Figure, Unit
from edge.orders.picking import ShortReason
from edge.orders.review import ReviewRule, ReviewRules
from edge.orders.sales import Payment, PaymentKind, SalesOrder
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.site import drafts, kpi_days, moving, picking, releasing, rounds, tables
from edge.site.desk import SalesDesk
from edge.site.kpi_sources import PART, source_of
from edge.site.picking import Picked
from edge.site.store import SiteStore
from edge.views.kpi_board import trend_line

ZONE = "UTC"
DAY = local_day(NOW_US, ZONE)
MINUTE_US = 60_000_000
Found: TypeAlias = dict[tuple[str, Dimension, str], Figure]
RULES = ReviewRules(off=frozenset({ReviewRule.AMOUNT_MISMATCH, ReviewRule.OUT_OF_STOCK, ReviewRule.UNKNOWN_SKU}))
NOT_HERE = {
    "late-forecast",
    "stock-accuracy",
    "cycle.accepted-released",
    "cycle.verified-packed",
    "cycle.packed-sorted",
}
"""What that day does not have."""
END_US = CUTOFF_US + 120 * MINUTE_US


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    with closing(SiteStore(store_url, secret_file=tmp_path / "site.secret")) as made:
        yield made


def at(minutes: int) -> int:
    return NOW_US + minutes * MINUTE_US


def parcel_of(order: str) -> str:
    digits = f"09521234{int(order.rpartition('-')[2]):09d}"
    check = -sum(int(one) * (3 if at % 2 == 0 else 1) for at, one in enumerate(digits)) % 10
    return f"(00){digits}{check}"


def _sorted(order: str, minutes: int, outcome: Outcome = Outcome.CONFIRMED) -> Sorted:
    return Sorted(
        at_us=at(minutes), line="sorter", track_id=minutes, subject=parcel_of(order), order=order, outcome=outcome,
        wanted=3, lane=3 if outcome is Outcome.CONFIRMED else 4,
    )  # fmt: skip


def _route(order: str, minutes: int, reason: RouteReason = RouteReason.ASSIGNED, number: int = 0) -> RouteDecided:
    return RouteDecided(
        at_us=at(minutes), line="sorter", track_id=minutes, subject="", order=order, lane=3, reason=reason,
        round=number, expiry_ms=0,
    )  # fmt: skip


def _checked(order: str, minutes: int, *found: FindingKind) -> ToteChecked:
    findings = tuple(Finding(kind=kind, subject="(01)09521234000105(21)1", quantity=1) for kind in found)
    return ToteChecked(
        at_us=at(minutes), line="tote1", track_id=minutes, passage=1, tote="T", order=order, final=True, matched=(),
        findings=findings,
    )  # fmt: skip


def _gated(order: str, minutes: int, verdict: GateVerdict, way: Direction = Direction.OUT) -> ParcelGated:
    return ParcelGated(
        at_us=at(minutes), dock="door1", direction=way, verdict=verdict, parcel=parcel_of(order), order=order,
        carrier="Post", service="48h", load="L",
    )  # fmt: skip


def _closed(minutes: int, *orders: str) -> LoadClosed:
    aboard = tuple(
        Aboard(
            parcel=parcel_of(one),
            order=one,
            carrier="Post",
            service="48h",
            at_us=at(minutes),
            sorted_us=0,
            dock="door1",
        )
        for one in orders
    )
    load = Load(id="L", dock="door1", carrier="Post", departure_us=at(300), cutoff_us=CUTOFF_US)
    return LoadClosed(
        at_us=at(minutes), feed_seq=1, load=load, by="kim", reason="", opened_us=0, aboard=aboard, wrong=(), missing=(),
        undetermined=(),
    )  # fmt: skip


def a_day(store: SiteStore) -> list[str]:
    """Five orders on their way: one refused at first, one short, one too late, one missorted, one that never left."""
    stocked(store, units=20, bins=1)
    names = accept(store, [(number, {0: 2, 1: 1}) for number in range(1, 6)])
    (wave,) = drafts.plan(store.connections, planning(), at(1)).new
    assert releasing.release(store.connections, wave, planning().limits, "Ann", at(10)) is not None
    while (task := rounds.claim(store.connections, "Bob", at(11))) is not None:
        line = next(line for line in task.lines if not line.ended)
        short = line.fulfilment == names[1] and line.at.sku == "SKU-0"
        said = Picked(
            task=task.id, n=line.n, units=line.quantity - short, picker="Bob", version=task.version,
            reason=ShortReason.DAMAGED if short else None,
        )  # fmt: skip
        picking.pick(store.connections, said, at(12))
    told: list[Journaled | Event] = [
        _checked(names[0], 20, FindingKind.MISSING),
        _checked(names[0], 30),
        *(_checked(name, 20 + n) for n, name in enumerate(names[1:], 1)),
        _route("", 40, RouteReason.NO_READ),
        _route(names[0], 41, RouteReason.NO_READ, number=1),
        *(_route(name, 42 + n) for n, name in enumerate(names[:4])),
        _sorted(names[0], 50),
        _sorted(names[1], 51, Outcome.MISSORTED),
        *(_sorted(name, 52 + n) for n, name in enumerate(names[2:4])),
        *(OrderShipped(at(n), "sorter", names[k], parcel_of(names[k]), 3) for k, n in enumerate((50, 52, 53, 250))),
        _gated(names[0], 255, GateVerdict.WRONG),
        _gated(names[0], 256, GateVerdict.UNLOADED, Direction.IN),
        *(_gated(name, 257, GateVerdict.RIGHT) for name in names[:3]),
        _closed(260, *names[:3]),
    ]  # fmt: skip
    store.project("edge1@1", records(told))
    return names


def beyond_the_door(store: SiteStore, names: list[str]) -> None:
    """What carriers, customers and stations say of that day: one parcel late, one lost, one unit back, two cases."""

    def row(table: sa.Table, **values: object) -> None:
        blank = {
            one.name: values.get(one.name, "" if isinstance(one.type, sa.String) else 0)
            for one in table.columns
            if one.name in values or not (one.primary_key and one.autoincrement is True)
        }
        db.execute(table.insert().values(blank))

    at_tables = tables.tracking
    with store.connections.writing() as db:
        for table in (at_tables.states, at_tables.tracks):
            db.execute(table.delete())
        for n, (name, arrived) in enumerate(zip(names, (300, 330, 0), strict=False)):
            track = {"fulfilment": name, "sales_id": name, "carrier": "Post", "service": "48h", "token": name}
            row(at_tables.tracks, sscc=str(n), promised_us=at(310), **track)
            state = {"state": "departed", "departed_us": at(260), "delivered_us": at(arrived) if arrived else 0}
            row(at_tables.states, sscc=str(n), **state)
            row(tables.parcels.parcels, sscc=str(n), fulfilment="", drawn_us=at(1))
        row(at_tables.troubles, sscc="2", kind="lost", at_us=at(280))
        row(at_tables.feedback, sscc="0", score=5, at_us=at(301))
        row(at_tables.feedback, sscc="1", score=2, at_us=at(340))
        case = {"order_id": names[0], "parcels": "[]", "items": "[]", "owner": "desk", "opened_us": at(310)}
        one = {"kind": "return", "state": "closed", "due_us": at(320), "resolved_us": at(315), "first_us": at(312)}
        row(tables.cases.cases, id=1, cause="a", **case, **one, **{"class": ""})
        two = {"kind": "complaint", "state": "open", "due_us": at(320), "overdue_us": at(321)}
        row(tables.cases.cases, id=2, cause="b", **case, **two, **{"class": "wrong-or-missing"})
        row(tables.cases.lines, case=1, n=1, order_id=names[0], line=1, sku="SKU-0", units=1, reason="too-small")
        for fault in ("", "", "", "crushed"):
            passed = int(not fault)
            row(tables.stations.checks, fulfilment=names[0], fault=fault, passed=passed, units=1, at_us=at(45))
        full = {"carton": "SKU-7", "weighed_g": 500, "at_us": at(46), "station": "pack1", "body": "{}"}
        row(tables.stations.packs, sscc="0", fulfilment=names[0], **full)
        row(tables.stations.packs, sscc="1", fulfilment=names[1], overruled="wet", **full)
        row(tables.stations.pack_items, sscc="0", article="SKU-0", units=2)
        its = tables.stock.skus
        for sku, volume in (("SKU-7", 1_000), ("SKU-0", 300)):
            db.execute(its.update().where(its.c.sku == sku).values(volume_mm3=volume))
        db.execute(its.update().where(its.c.sku == "SKU-7").values(material=True, value=45))
        used = StockCause("pack", "0")
        box = BinKey("B7-0", "SKU-7")
        moving.record(db, [Movement(cause=used, kind=MovementKind.SHIP, quantity=3, at_us=at(46), source=box)])
        labels = tables.parcels.parcels
        db.execute(labels.update().where(labels.c.sscc == "0").values(fulfilment=names[0], labelled_us=at(46)))


def figures(store: SiteStore) -> Found:
    kpi_days.count_days(store.connections, ZONE, END_US)
    with store.connections.reading() as db:
        found = [one.figure for one in kpi_days.days_of(db, DAY.isoformat(), DAY.isoformat())]
    return {(one.kpi, one.dimension, one.member): one for one in found}


def share(found: Found, kpi: str, by: Dimension = Dimension.SITE, of: str = "") -> tuple[int, int]:
    its = found[kpi, by, of]
    return its.numerator, its.denominator


def test_a_day_of_known_troubles(store: SiteStore) -> None:
    """Each number is what happened, by the whole site and by who or what it was; and by what is behind it."""
    beyond_the_door(store, a_day(store))
    desk = SalesDesk(store, RULES, ["TW"])
    owed = replace(sold(102).order, payment=Payment(kind=PaymentKind.PREPAID, currency="TWD", total=29_700, paid=0))
    desk.take([sold(101), replace(sold(102), order=owed), sold(103, quantity=999)], NOW_US)
    done = desk.release("shop-102", None, "Ann", "paid in cash", ["unpaid"], at(5))
    assert isinstance(done, SalesOrder), done
    found = figures(store)
    assert share(found, "touchless", Dimension.CHANNEL, "shop") == (1, 2)
    assert share(found, "held") == (2, 8), "those of the small warehouse were judged by nobody"
    assert share(found, "held", Dimension.REASON, "unpaid") == (1, 8)
    assert found["cycle.taken-accepted", Dimension.SITE, ""][3:] == (5 * MINUTE_US, 2, 0, 5 * MINUTE_US)
    assert share(found, "pick-accuracy") == share(found, "pick-accuracy", Dimension.PICKER, "Bob") == (4, 5)
    assert share(found, "refused", Dimension.REASON, "missing") == (1, 5)
    assert share(found, "no-read") == share(found, "no-read", Dimension.STATION, "sorter") == (1, 5)
    assert share(found, "mis-sort") == (1, 4) and share(found, "wrong-door") == (1, 4)
    assert share(found, "short", Dimension.REASON, "damaged") == share(found, "short", Dimension.PICKER, "Bob")
    assert share(found, "short") == (1, 15) and share(found, "fill-rate", Dimension.GOODS, "plain") == (14, 15)
    assert share(found, "on-time-departed", Dimension.CARRIER, "Post/48h") == (3, 5)
    assert found["cycle.released-verified", Dimension.SITE, ""].p50 == (23 - 10) * MINUTE_US
    assert found["cycle.released-verified", Dimension.SITE, ""].p90 == (30 - 10) * MINUTE_US
    assert found["cycle.taken-departed", Dimension.CHANNEL, "shop"].denominator == 3
    assert share(found, "cost.parcel") == (400, 4) and share(found, "cost.order") == (400, 4)
    assert share(found, "material") == (3, 1) and share(found, "cost.material") == (135, 1)
    assert share(found, "on-time-delivered") == (1, 3)
    assert found["cycle.departed-delivered", Dimension.SITE, ""][3:] == (
        (40 + 70) * MINUTE_US,
        2,
        40 * MINUTE_US,
        70 * MINUTE_US,
    )
    assert share(found, "parcel-trouble", Dimension.REASON, "lost") == (1, 4)
    assert share(found, "satisfaction", Dimension.CARRIER, "Post/48h") == (7, 2)
    assert share(found, "return-rate", Dimension.REASON, "too-small") == (1, 11), (
        "three went with three units, one with two"
    )
    assert share(found, "mis-ship") == (1, 4) and share(found, "case.overdue") == (1, 2)
    assert found["case.resolved", Dimension.SITE, ""].p50 == 5 * MINUTE_US
    assert found["case.first-answer", Dimension.SITE, ""].p50 == 2 * MINUTE_US
    assert share(found, "quality-refused", Dimension.REASON, "crushed") == (1, 4)
    assert share(found, "weight-overruled", Dimension.STATION, "pack1") == (1, 2)
    assert share(found, "carton-fill") == (600, 2_000)
    assert {one.name for one in KPIS} - {kpi for kpi, _, _ in found} == NOT_HERE
    _agree(store, found)


def _agree(store: SiteStore, found: Found) -> None:
    """What the database adds up is what its rows give one by one, and a list behind a number adds up to it."""
    window = kpi_days.window_of(DAY, ZONE, END_US)
    checked = 0
    with store.connections.reading() as db:
        for kpi in KPIS:
            rows = db.execute(sa.select(source_of(db, kpi.name, window))).mappings().all()
            whole = sum(row["weight"] for row in rows)
            for by in (Dimension.SITE, *kpi.dimensions):
                parts: dict[str, list[int]] = defaultdict(list)
                weights: dict[str, int] = defaultdict(int)
                causes = by is Dimension.REASON and bool(rows) and PART in rows[0]
                for row in rows:
                    of = "" if by is Dimension.SITE else row[by]
                    member = f"{of:02d}" if by is Dimension.HOUR else of
                    if (member or by is Dimension.SITE) and (row[PART] if causes else True):
                        parts[member].append(row[PART if causes else "hit"])
                        weights[member] += row["weight"]
                for member, hits in parts.items():
                    if not (causes or weights[member]):
                        continue
                    its = found[kpi.name, by, member]
                    assert (its.numerator, its.denominator) == (sum(hits), whole if causes else weights[member])
                    if kpi.unit is Unit.TIME:
                        hits.sort()
                        nearest = [hits[math.ceil(len(hits) * part) - 1] for part in (0.5, 0.9)]
                        assert [its.p50, its.p90] == nearest
                    behind = kpi_days.subjects_of(db, kpi.name, window, by, member, 1_000)
                    assert sum(one.hit for one in behind) == its.numerator
                    checked += 1
            assert {one for one in found if one[0] == kpi.name} <= {
                (kpi.name, by, member) for _, by, member in found if by in (Dimension.SITE, *kpi.dimensions)
            }
    assert checked > 40


def test_what_comes_late_belongs_to_its_day(store: SiteStore) -> None:
    """Counted again nothing changes; a day that is over changes by what is told now, and begins where the site says."""
    names = a_day(store)
    at_once = figures(store)
    assert figures(store) == at_once
    late = [_checked(names[0], 19), _checked(names[4], 90), _route("", -24 * 60, RouteReason.NO_READ)]
    store.project("edge2@1", records(late))
    now = figures(store)
    assert share(now, "pick-accuracy") == (5, 5), "its first check was at another line, which tells it last"
    assert now["cycle.released-verified", Dimension.SITE, ""].numerator == (9 + 11 + 12 + 13 + 14) * MINUTE_US
    before = (DAY - timedelta(days=1)).isoformat()
    with store.connections.reading() as db:
        (one,) = kpi_days.days_of(db, before, before, "no-read", "site")
    assert (one.figure.numerator, one.figure.denominator) == (1, 1)

    # the same hours are another day where midnight is another; a day of a change of clocks has its 23 hours
    sides = [kpi_days.window_of(date(2026, 9, one), "Asia/Taipei", END_US) for one in (21, 22)]
    assert sides[0].end_us == sides[1].begin_us
    with store.connections.reading() as db:
        gates = [kpi_days.figures_of(db, one, [BY_NAME["wrong-door"]]) for one in sides]
    assert not gates[0] and gates[1][0][3:5] == (1, 4)
    spring = kpi_days.window_of(date(2026, 3, 29), "Europe/Berlin", END_US)
    assert spring.end_us - spring.begin_us == 23 * 60 * MINUTE_US


def test_pages_files_reports_and_the_orders_behind_a_number(project: Path, tmp_path: Path, run: Run) -> None:
    """All doors tell the same numbers; who erred is shown where SITE.toml says so, and nowhere else."""
    shifts = {"day": (time(13), time(19)), "night": (time(22), time(6))}
    config = example_site(project, tmp_path)
    apps = [
        create_app(config.model_copy(update={"kpi": KpiTable(time_zone="UTC", shifts=shifts, people=people)}))
        for people in (True, False)
    ]

    async def asked() -> None:
        async with client_of(apps[0]) as client:
            names = a_day(apps[0].state.site.store())
            whole = {"since": DAY.isoformat(), "until": DAY.isoformat()}
            assert (await client.post("/api/v1/kpis/count", json={**whole, "by": "Ann"})).json()["rows"] > 50
            days = (await client.get("/api/v1/kpis", params=whole)).json()
            number = {(one["kpi"], one["dimension"], one["member"]): one for one in days}
            assert number["mis-sort", "carrier", "Post/48h"]["value"] == 0.25

            page = (await client.get("/kpis", params={"day": DAY.isoformat(), "days": 3})).text
            assert "75.0 %" not in page and "80.0 %" in page and "60.0 %" in page and "<polyline" not in page
            assert trend_line([1.0, None, None]) == () and len(trend_line([1.0, None, 2.0, 3.0])) == 2
            chinese = (await client.get("/kpis", params={"day": DAY.isoformat(), "lang": "zh-Hant"})).text
            assert "揀貨正確率" in chinese and "Pick accuracy" not in chinese
            one = {"day": DAY.isoformat(), "by": "reason", "member": "missing"}
            behind = (await client.get("/kpis/k/refused", params=one)).text
            assert f">{names[0]}</a>" in behind and f">{names[1]}</a>" not in behind.partition('id="behind"')[2]
            told = await client.get("/api/v1/kpis/on-time-departed/behind", params={"day": DAY.isoformat(), "limit": 2})
            assert [one["subject"] for one in told.json()] == [names[3], names[4]], "who was late comes first"

            table = (await client.get("/api/v1/kpis/days.csv", params=whole)).text
            rows = list(csv.DictReader(io.StringIO(table)))
            book = await client.get("/api/v1/kpis/days.xlsx", params={**whole, "language": "zh-Hant"})
            sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
            values = sheets.get_sheet_by_index(0).to_python()[1:]
            assert [str(row[1]) for row in values] == [row["kpi"] for row in rows] == [one["kpi"] for one in days]
            assert sum(int(float(str(row[4]))) for row in values) == sum(one["numerator"] for one in days)

            shift = (await client.get("/kpis/shift/day", params={"day": DAY.isoformat()})).text
            paper = await client.get("/kpis/shift/day/report.pdf", params={"day": DAY.isoformat(), "lang": "zh-Hant"})
            text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(paper.content)).pages)
            assert "80.0 %" in shift and "80.0 %" in text and "班報" in text and "缺件" in text
            night = (await client.get("/api/v1/kpis/shifts/night", params={"day": DAY.isoformat()})).json()
            assert not night["figures"] and night["end_us"] - night["begin_us"] == 8 * 60 * MINUTE_US
            train = (await client.get("/kpis/people", params={"day": DAY.isoformat()})).text
            assert "Bob" in train and "損壞" in train
        async with client_of(apps[1]) as client:
            days = (await client.get("/api/v1/kpis", params=whole)).json()
            assert days and "Bob" not in str(days)
            assert (await client.get("/api/v1/kpis/people", params=whole)).status_code == 403
            who = {"day": DAY.isoformat(), "dimension": "picker", "member": "Bob"}
            assert (await client.get("/api/v1/kpis/short/behind", params=who)).status_code == 422

    run(asked())
