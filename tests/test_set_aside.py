"""What is told of a parcel or tote that came into a quality or reject lane: each once, as the list of them has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import Run
from example_site import START_US, client_of, example_site, journal_of
from fastapi import FastAPI
from journals import records
from made_up_floor import MadeUpFloor
from sold import sold
from stocked import NOW_US
from waiting import until

from api.app import create_app
from edge.config.load import load_line
from edge.core.events import KINDS, Outcome, RouteDecided, RouteReason, Sorted, Started
from edge.core.values.layout import LaneRole, LineLayout
from edge.journal.record import Record, Value, decode
from edge.journal.writer import Journal
from edge.site import sales
from edge.site.listing import ListAsked, listed
from edge.site.outbox import OutboxTold
from edge.site.sales import SaleLink
from edge.site.set_aside import ASIDE
from edge.site.store import SiteStore

SCENARIOS = Path(__file__).with_name("scenarios")
GOLDEN = {
    "cancelled-under-way": ["parcel 095211410000000014 lane 3 quality: cancelled, A-1"],
    "lane-full": ["parcel 095211410000000021 lane 4 reject: reject, A-2"],
    "late-decision": [
        "parcel sorter#1 lane 3 quality: no-read, ",
        "parcel 095211410000000021 lane 4 reject: defaulted, A-2",
        "parcel 095211410000000038 lane 4 reject: defaulted, A-3",
    ],
    "tag-and-barcode": ["parcel sorter#2 lane 3 quality: contradiction, "],
    "parcel-sorted": [],
    "tote-verified": [],
    "tote-refused": [
        "tote (8003)095211411234541 lane 2 quality: missing, A-1",
        "tote (8003)095211411234542 lane 2 quality: foreign, A-2",
        "tote (8003)095211411234543 lane 2 quality: unreadable,duplicate,extra, A-3",
        "tote (8003)095211411234545 lane 2 quality: no-order, ",
    ],
}


def layouts_of(name: str) -> tuple[LineLayout, ...]:
    return load_line(SCENARIOS / name / "LINE.toml").layouts()


def decided(name: str) -> list[Record]:
    """A scenario's decisions as its controller's journal has them, behind its start."""
    lines = (SCENARIOS / name / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [next(iter(msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items())) for line in lines]
    values = [decode(kind, bytes(body)) for kind, body in pairs if kind in KINDS]
    return records([Started(at_us=0, controller=name, version="0", layouts=layouts_of(name)), *values])


@pytest.fixture
def opened(store_url: str, tmp_path: Path) -> Iterator[list[SiteStore]]:
    """The store, which a test may open again."""
    found = [SiteStore(store_url, secret_file=tmp_path / "site.secret")]
    yield found
    found[-1].close()


def aside(store: SiteStore, after: int = 0) -> list[OutboxTold]:
    return [row.told for row in store.outbox(after, 10_000) if row.told.type.endswith(".set-aside.v1")]


def said(told: OutboxTold) -> str:
    its = told.body
    what = told.type.removesuffix(".set-aside.v1")
    return f"{what} {told.subject} lane {its['lane']} {its['role']}: {its['reason']}, {its.get('order', '')}"


@pytest.mark.parametrize("cut", [1, 7, 1_000])
def test_what_the_core_sets_aside_is_told_once(
    opened: list[SiteStore], tmp_path: Path, store_url: str, cut: int
) -> None:
    """However its journal is cut, told again, opened again, or begun anew under another name."""
    for name, wanted in GOLDEN.items():
        journal, newest = decided(name), opened[-1].outbox(0, 10_000)
        after = newest[-1].seq if newest else 0
        for at in range(0, len(journal), cut):
            opened[-1].project(f"{name}@1", journal[max(0, at - 3) : at + cut], 0, layouts_of(name))
            if cut > 1:
                opened[-1].close()
                opened.append(SiteStore(store_url, secret_file=tmp_path / "site.secret"))
        told = aside(opened[-1], after)
        assert [said(one) for one in told] == wanted
        opened[-1].project(f"{name}@2", journal)
        opened[-1].project(f"{name}@3", journal[1:], 0, layouts_of(name))
        assert aside(opened[-1], after) == told
        with opened[-1].connections.reading() as db:
            rows = listed(db, "aside", layouts_of(name), ListAsked(limit=1_000)).rows
        listed_here = {row.at_us: row.code for row in rows if row.after.endswith(f".{name}@1")}
        assert listed_here == {one.body["at_us"]: one.body["reason"] for one in told}


def test_a_parcel_is_told_with_its_number_and_its_orders(opened: list[SiteStore]) -> None:
    """What a lane is for the newest start says; nothing of a person is told."""
    store, layouts = opened[-1], layouts_of("parcel-sorted")
    store.take_sales([sold(1)], NOW_US)
    with store.connections.writing() as db:
        sales.link(db, [SaleLink("f-1", "shop-1", 1, 1)])
    turned = tuple(
        replace(one, lanes=tuple(replace(its, role=LaneRole.CARRIER, carrier="X") for its in one.lanes))
        for one in layouts
    )
    values: list[Value] = [Started(at_us=0, controller="edge1", version="0", layouts=layouts)]
    for track, (parcel, order, lane, why) in enumerate(
        (
            ("(00)095211410000000014", "A-1", 1, RouteReason.ASSIGNED),
            ("(00)095211410000000021", "f-1", 3, RouteReason.QUALITY),
            ("(00)095211410000000038", "", 3, RouteReason.NO_ORDER),
            ("", "", 4, RouteReason.NO_READ),
            ("(00)095211410000000045", "", 3, RouteReason.NO_ORDER),
        ),
        start=1,
    ):
        if track == 5:
            values.append(Started(at_us=NOW_US, controller="edge1", version="0", layouts=turned, running=True))
        its: dict[str, Any] = {"line": "sorter", "track_id": track, "subject": parcel, "order": order, "lane": lane}
        values += [
            RouteDecided(at_us=NOW_US, reason=why, round=0, expiry_ms=1, **its),
            Sorted(at_us=NOW_US + track, outcome=Outcome.CONFIRMED, wanted=lane, **its),
        ]
    store.project("edge1@1", records(values))
    its = {"line": "sorter", "lane": 3, "role": "quality"}
    assert aside(store) == [
        OutboxTold(
            "parcel.set-aside.v1",
            "095211410000000021",
            its
            | {"reason": "quality", "track": "sorter#2", "at_us": NOW_US + 2, "order": "f-1"}
            | {"sales_orders": ["shop-1"], "sscc": "095211410000000021"},
        ),
        OutboxTold(
            "parcel.set-aside.v1",
            "095211410000000038",
            its | {"reason": "no-order", "track": "sorter#3", "at_us": NOW_US + 3} | {"sscc": "095211410000000038"},
        ),
        OutboxTold(
            "parcel.set-aside.v1",
            "sorter#4",
            its | {"lane": 4, "role": "reject", "reason": "no-read", "track": "sorter#4", "at_us": NOW_US + 4},
        ),
    ]


def test_an_api_that_begins_anew_goes_on_telling(project: Path, tmp_path: Path, run: Run) -> None:
    """What a lane is for stands in a record that was taken long before."""
    site = example_site(project, tmp_path)
    layouts = load_line(site.controller[0].config).layouts()
    lanes = {(its.name, lane.number): str(lane.role) for its in layouts for lane in its.lanes if lane.role in ASIDE}
    floor, values = MadeUpFloor(layouts, START_US), list[Value]()
    for seconds in (20, 40):
        more = list(floor.until(START_US + seconds * 1_000_000))
        values += more
        journal = Journal(journal_of(site))
        journal.append(more)
        journal.flush()
        journal.close()
        lying = [its for its in values if isinstance(its, Sorted) and (its.line, its.lane) in lanes]

        async def asked(app: FastAPI, seen: int) -> list[dict[str, Any]]:
            async with client_of(app) as client:
                await until(lambda: app.state.site.health().controllers[0].projected == seen)
                batch: list[dict[str, Any]] = (await client.get("/api/v1/events?after=0")).json()
                return [one for one in batch if ".set-aside." in one["type"]]

        told = run(asked(create_app(site), len(values)))
        assert [(one["data"]["at_us"], one["data"]["role"]) for one in told] == [
            (its.at_us, lanes[its.line, its.lane]) for its in lying
        ]
    assert {one["type"] for one in told} == {f"com.lanewise.{what}.set-aside.v1" for what in ("parcel", "tote")}
