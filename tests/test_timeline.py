"""The story of one thing: everything that belongs to it, nothing of others, the same from journal and site store."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from house import make_house
from made_up_floor import MadeUpFloor, item, order, parcel, tote

from edge.config.load import load_line
from edge.core.events import (
    INPUT_KINDS,
    KINDS,
    AlarmRequested,
    CommandHandled,
    CommandSent,
    Finding,
    FindingKind,
    OrderChanged,
    OrderShipped,
    Outcome,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    ToteChecked,
)
from edge.core.values.alarm import AlarmAction
from edge.core.values.layout import LineLayout
from edge.core.values.order import OrderState
from edge.journal.reader import JournalReader
from edge.journal.record import Record, Value
from edge.journal.writer import Journal
from edge.site.store import SiteStore
from edge.views.sentences import Teller
from edge.views.timeline import timeline
from edge.views.words.table import say
from plc.words import EventType
from rfid.epc.identity import describe, identify

T0 = 1_790_000_000_000_000
TOTE = identify(tote(5))
MINE = replace(order(1, "DHL", "express"), tote=TOTE)
LATER = replace(order(2, "UPS", "standard"), tote=TOTE)
ITEMS = tuple(epc for line in MINE.lines for epc in line.epcs)


def seen(at_s: float, plc: str, kind: EventType, track: int, station: int, session: int = 7) -> PlcEvent:
    at_us = T0 + round(at_s * 1e6)
    return PlcEvent(
        at_us=at_us,
        device_us=at_us - 3000,
        plc=plc,
        session=session,
        seq=round(at_s * 10),
        type=kind,
        track_id=track,
        station=station,
        cause=0,
        value=0,
        plc_ms=0,
    )


def us(at_s: float) -> int:
    return T0 + round(at_s * 1e6)


STORY: list[Value] = [
    OrderChanged(us(0), 1, MINE),
    # Its tote is verified on line tote1 as track 11.
    seen(10, "tote1", EventType.INDUCTED, 11, 1),
    ToteChecked(
        at_us=us(14),
        line="tote1",
        track_id=11,
        passage=4,
        tote=TOTE,
        order=MINE.id,
        final=True,
        matched=ITEMS,
        findings=(),
    ),
    RouteDecided(
        at_us=us(14),
        line="tote1",
        track_id=11,
        subject=TOTE,
        order=MINE.id,
        lane=1,
        reason=RouteReason.VERIFIED,
        round=0,
        expiry_ms=0,
    ),
    CommandSent(
        at_us=us(14.001), plc="tote1", session=7, seq=3, opcode=1, value=11, target=1, expiry_ms=0, found=False
    ),
    CommandHandled(at_us=us(14.008), plc="tote1", seq=3, opcode=1, value=11, target=1, refusal=0),
    seen(20, "tote1", EventType.DIVERTED, 11, 1),
    Sorted(
        at_us=us(20),
        line="tote1",
        track_id=11,
        subject=TOTE,
        order=MINE.id,
        outcome=Outcome.CONFIRMED,
        lane=1,
        wanted=1,
    ),
    # Another parcel had its track number on the sorter, in the session before.
    seen(21, "sorter", EventType.INDUCTED, 30, 1, session=6),
    RouteDecided(
        at_us=us(21.1),
        line="sorter",
        track_id=30,
        subject=identify(parcel(99)),
        order="A-1099",
        lane=4,
        reason=RouteReason.ASSIGNED,
        round=0,
        expiry_ms=0,
    ),
    seen(24, "sorter", EventType.DIVERTED, 30, 4, session=6),
    # Its parcel goes to lane 1 of the sorter as track 30.
    seen(40, "sorter", EventType.INDUCTED, 30, 1),
    RouteDecided(
        at_us=us(40.1),
        line="sorter",
        track_id=30,
        subject=identify(parcel(1)),
        order=MINE.id,
        lane=1,
        reason=RouteReason.ASSIGNED,
        round=0,
        expiry_ms=0,
    ),
    seen(42, "sorter", EventType.DIVERTED, 30, 1),
    Sorted(
        at_us=us(42),
        line="sorter",
        track_id=30,
        subject=identify(parcel(1)),
        order=MINE.id,
        outcome=Outcome.CONFIRMED,
        lane=1,
        wanted=1,
    ),
    OrderShipped(us(42), "sorter", MINE.id, identify(parcel(1)), 1),
    # The tote is used again, for another order; an item of the first order lies in it.
    OrderChanged(us(60), 2, LATER),
    seen(70, "tote1", EventType.INDUCTED, 12, 1),
    ToteChecked(
        at_us=us(74),
        line="tote1",
        track_id=12,
        passage=5,
        tote=TOTE,
        order=LATER.id,
        final=True,
        matched=(),
        findings=(Finding(FindingKind.DUPLICATE, ITEMS[0], order=MINE.id, text="already shipped"),),
    ),
    RouteDecided(
        at_us=us(74),
        line="tote1",
        track_id=12,
        subject=TOTE,
        order=LATER.id,
        lane=2,
        reason=RouteReason.REFUSED,
        round=0,
        expiry_ms=0,
        text="duplicate",
    ),
]

GOLDEN = [
    f"Order A-1001 came from api: 4 items in 4 lines, DHL express, tote {TOTE}, parcel {MINE.parcel}",
    "Inducted on tote1 as track 11",
    f"Tote verified finally: 3 items as ordered ({TOTE}, order A-1001)",
    "Lane 1 (Packing) decided: its content is right",
    "Route of track 11 to lane 1 (Packing) sent to PLC tote1 as command 3",
    "PLC tote1 accepted: Route of track 11 to lane 1 (Packing)",
    "Is in lane 1 (Packing)",
    "Confirmed in lane 1 (Packing)",
    "Inducted on sorter as track 30",
    "Lane 1 (DHL Express) decided: the lane of its carrier",
    "Is in lane 1 (DHL Express)",
    "Confirmed in lane 1 (DHL Express)",
    "Order A-1001 is shipped: its parcel is in lane 1 (DHL Express)",
    f"Tote refused finally: already shipped (A-1001): {ITEMS[0]} ({TOTE}, order A-1002)",
]


@pytest.fixture(params=["journal", "store"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, Sequence[LineLayout]], list[str]]:
    """The sentences about a key, from a journal and from the site store that followed it."""
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.append(STORY)
    journal.flush()
    journal.close()
    reader = JournalReader(path)
    if request.param == "journal":
        return lambda key, layouts: [say(entry.said) for entry in timeline(key, reader.by_ref, layouts)]
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite")
    store.put_orders([MINE], us(0))
    store.put_orders([replace(MINE, state=OrderState.SHIPPED)], us(59))
    store.put_orders([LATER], us(60))
    store.project("edge1", reader.after(0))

    def told(key: str, layouts: Sequence[LineLayout]) -> list[str]:
        # The store alone also says that the order's state changed when its parcel was in its lane.
        return [say(one.said) for one in store.timeline(key, layouts) if one.said.code != "order-shipped"]

    return told


def test_an_order_has_its_whole_story_and_no_other(
    story: Callable[[str, Sequence[LineLayout]], list[str]], layouts: tuple[LineLayout, ...]
) -> None:
    assert story(MINE.id, layouts) == GOLDEN
    for name in ("hex", "uri", "element_string", "digital_link"):
        assert story(str(describe(parcel(1))[name]), layouts) == GOLDEN
    assert story(item(12).lower(), layouts)[:13] == GOLDEN[:13]
    assert story("sorter#30", layouts)[:1] == GOLDEN[:1]
    assert story("A-9999", layouts) == []


def test_a_tote_has_the_stories_of_all_its_orders(
    story: Callable[[str, Sequence[LineLayout]], list[str]], layouts: tuple[LineLayout, ...]
) -> None:
    told = story(TOTE, layouts)
    assert set(GOLDEN) < set(told)
    assert "Lane 2 (Quality) decided: its content is not right (duplicate)" in told
    assert not any("track 30" in text and "6" in text for text in story(MINE.id, layouts))
    assert not any("A-1099" in text or "FedEx" in text for text in told), "the session before is another parcel's"


def test_without_layouts_lines_are_their_plcs(story: Callable[[str, Sequence[LineLayout]], list[str]]) -> None:
    assert story(MINE.id, ())[-2] == "Order A-1001 is shipped: its parcel is in lane 1"


def test_every_value_has_a_sentence(layouts: tuple[LineLayout, ...]) -> None:
    """One plain sentence in one line for whatever a floor brings."""
    teller = Teller(layouts)
    told = {type(value).__name__: teller.tell(value) for value in MadeUpFloor(layouts, T0).until(T0 + 120_000_000)}
    for sentence in told.values():
        assert say(sentence) and "\n" not in say(sentence)
    assert set(told) <= set(KINDS) | set(INPUT_KINDS)


def test_a_trace_is_lines_that_can_be_read(project: Path, tmp_path: Path) -> None:
    """Version 0.1.0 took control characters from people; a terminal would obey them, and a line would be forged."""
    house = make_house(project, tmp_path)
    journal = Journal(load_line(house.folder / "LINE.toml").journal)
    asked = AlarmRequested(
        at_us=T0, feed_seq=1, alarm="jam.x", action=AlarmAction.ACKNOWLEDGE, by="Ann\x1b[2K\nBob", comment="\u202eok"
    )
    journal.append([asked])
    journal.flush()
    journal.close()
    (line,) = house.run("trace", "jam.x").out.splitlines()
    assert line.isprintable() and r"Ann\x1b[2K\nBob" in line


def test_a_number_of_many_sessions_is_read_once_and_its_lives_stay_apart(project: Path) -> None:
    sessions = 60
    records = runpy.run_path(str(project / "bench" / "timeline.py"))["records_of"](sessions)
    asked: Counter[str] = Counter()

    def by_ref(name: str) -> list[Record]:
        asked[name] += 1
        return records.get(name, [])

    whole = timeline("sorter#7", by_ref)
    assert [entry.record.seq for entry in whole] == list(range(1, 9 * sessions + 1))
    assert max(asked.values()) <= 2, "for the key itself, and for its lives"
    for session in (1, 30, sessions):
        life = timeline(f"order-{session}", by_ref)
        assert [entry.record.seq for entry in life] == list(range(9 * session - 8, 9 * session + 1))
