"""The short history of the key figures: nothing is counted twice or forgotten, however it was put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from example_site import START_US, client_of, example_site, write_journal
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_floor import MadeUpFloor
from waiting import until

from api import follow
from api.app import create_app
from edge.config.lines import SiteConfig
from edge.core.alarms.rules import RULES
from edge.core.events import AlarmChanged, Measured, Outcome, PlcEvent, RouteDecided, RouteReason, Sorted, ToteChecked
from edge.core.values.alarm import AlarmKind, AlarmState
from edge.core.values.layout import Job, LineLayout
from edge.journal.record import Value
from edge.views.history import HOUR_US, KINDS_COUNTED, MINUTES, POINTS, History, LineWindow
from plc.words import EventType

SECONDS = 600


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    return example_site(project, tmp_path)


@pytest.fixture(scope="module")
def values(layouts: tuple[LineLayout, ...]) -> list[Value]:
    return list(MadeUpFloor(layouts, START_US).until(START_US + SECONDS * 1_000_000))


def test_a_plc_shows_the_worst_of_each_point(layouts: tuple[LineLayout, ...]) -> None:
    history = History(layouts)
    for at_s, trip, age in ((0, 300, 4_000), (10, 900, 2_000), (20, 200, 1_000)):
        numbers = (("round_trip_us", trip), ("heartbeat_age_us", age))
        history.apply(Measured(START_US + at_s * 1_000_000, "plc.sorter", numbers))
        history.apply(Measured(START_US + at_s * 1_000_000, "plc.another", numbers))
    older = History(layouts)
    older.apply(Measured(START_US, "plc.sorter", (("round_trip_us", 400.0),)))
    history.merge(older)
    window = history.window(START_US + 20_000_000, 15)
    assert set(window.plcs) == {layout.plc for layout in layouts}
    known = [trip for trip in window.plcs["sorter"].round_trip_us if trip is not None]
    assert known == ([900, 200] if START_US // 1_000_000 % 15 < 5 else [400, 900])
    assert set(window.plcs["tote1"].heartbeat_age_us) == {None}


def folded(layouts: tuple[LineLayout, ...], values: list[Value]) -> History:
    history = History(layouts)
    for value in values:
        history.apply(value)
    return history


def test_every_alarm_counts_wherever_it_is(layouts: tuple[LineLayout, ...]) -> None:
    rule = next(rule for rule in RULES if rule.kind is AlarmKind.WRONG_LOAD)
    places = ("sorter", "door1", "")
    came = [
        AlarmChanged(
            at_us=START_US,
            line=place,
            alarm=f"wrong-load.{place}",
            kind=rule.kind,
            plc="",
            before=AlarmState.NORMAL,
            state=AlarmState.UNACKNOWLEDGED,
            active=True,
            since_us=START_US,
            priority=rule.priority,
            text="",
            cause="",
            consequence="",
            action="",
        )
        for place in places
    ]
    window = folded(layouts, list(came)).window(START_US, 15)
    assert [sum(window.lines["sorter"].alarms), sum(window.alarms)] == [1, 2]


def totals(line: LineWindow) -> dict[str, Any]:
    counts = ("inducted", "verified", "refused", "decided", "no_read", "defaulted", "wrong", "alarms")
    return {name: sum(getattr(line, name)) for name in counts} | {
        "lanes": {number: sum(its) for number, its in line.lanes.items()}
    }


def test_every_record_counts_once_in_its_step(layouts: tuple[LineLayout, ...], values: list[Value]) -> None:
    now_us = START_US + SECONDS * 1_000_000
    window = folded(layouts, values).window(now_us, 30)
    assert window.known_us == START_US
    for layout in layouts:
        line = window.lines[layout.name]
        events = [value for value in values if isinstance(value, PlcEvent) and value.plc == layout.plc]
        mine = [value for value in values if getattr(value, "line", "") == layout.name]
        assert totals(line) == {
            "inducted": sum(event.type == EventType.INDUCTED and not event.value for event in events),
            "verified": sum(isinstance(one, ToteChecked) and one.final and one.verified for one in mine),
            "refused": sum(isinstance(one, ToteChecked) and one.final and not one.verified for one in mine),
            "decided": sum(isinstance(one, RouteDecided) and not one.round for one in mine),
            "no_read": sum(isinstance(one, RouteDecided) and one.reason is RouteReason.NO_READ for one in mine),
            "defaulted": 0,
            "wrong": sum(isinstance(one, Sorted) and one.outcome is Outcome.MISSORTED for one in mine),
            "alarms": 0,
            "lanes": {
                lane.number: sum(e.type == EventType.DIVERTED and e.station == lane.number for e in events)
                for lane in layout.lanes
            },
        }
        assert (line.reaction.count > 0) == (layout.job is Job.SORT)
        least = min(us for us in line.margin_us if us is not None)
        assert 100_000 < least < 300_000, "routes of the made-up floor expire after 300 ms"


@settings(max_examples=5, deadline=None)
@given(cut=st.floats(0, 1), minutes=st.sampled_from(MINUTES))
def test_any_cut_and_any_length_gives_the_same(
    layouts: tuple[LineLayout, ...], values: list[Value], cut: float, minutes: int
) -> None:
    """Of what is merged only routes that were under way at the cut have no reaction and no margin."""
    at, now_us = int(cut * len(values)), START_US + SECONDS * 1_000_000
    whole, merged = folded(layouts, values), folded(layouts, values[at:])
    merged.merge(folded(layouts, [value for value in values[:at] if type(value).__name__ in KINDS_COUNTED]))
    one, other = whole.window(now_us, minutes), merged.window(now_us, minutes)
    assert (one.from_us, one.step_us) == (other.from_us, other.step_us)
    for name, line in one.lines.items():
        assert len(line.inducted) == POINTS
        assert totals(line) == totals(other.lines[name])
        assert 0 <= line.reaction.count - other.lines[name].reaction.count <= 20


def test_the_hour_before_the_picture_is_recalled(
    site: SiteConfig,
    layouts: tuple[LineLayout, ...],
    values: list[Value],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also from a journal of another day, to which the page comes later than its newest record."""
    monkeypatch.setattr(follow, "WARM_UP", 500)
    write_journal(site, SECONDS)
    now_us = START_US + SECONDS * 1_000_000
    monkeypatch.setattr("api.site_state.now_us", lambda: now_us)
    expected = folded(layouts, values).window(now_us, 60)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            answer: dict[str, Any] = {}

            async def warm() -> bool:
                answer.update((await client.get("/api/history", params={"minutes": 60})).json())
                return bool(answer["lines"]["sorter"]["inducted"] == list(expected.lines["sorter"].inducted))

            await until(warm)
            assert answer["from_us"] == expected.from_us and answer["step_us"] == HOUR_US // POINTS
            assert 0 <= answer["known_us"] - START_US < 1_000_000
            assert answer["lines"]["tote1"]["lanes"]["1"] == list(expected.lines["tote1"].lanes[1])
            answer = await client.get("/api/history", params={"minutes": 7})
            assert answer.status_code == 422
            assert answer.json()["problems"] == ["minutes: 7: allowed are 15, 30, 60"]

    run(talk())
