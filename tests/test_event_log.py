"""The event log and the alarms' past: every record has one kind, pages are the whole, calls follow the alarms."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from example_site import START_US, client_of, example_site, journal_of, write_journal
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import until

from api import journals
from api.app import create_app
from api.journals import Journals, SpanAsked
from edge.config.load import load_line
from edge.core.alarms.rules import RULES
from edge.core.core import Core
from edge.core.events import (
    KINDS,
    AlarmChanged,
    AlarmRequested,
    DeviceChanged,
    LaneChanged,
    LaneRequested,
    Started,
    Tick,
)
from edge.core.values.alarm import AlarmAction, AlarmState
from edge.core.values.layout import LineLayout
from edge.intake.calendars import CalendarError
from edge.intake.spans import asked_span
from edge.journal.host_time import local
from edge.journal.record import Value
from edge.journal.writer import Journal
from edge.views.alarm_history import STANDS_US, Calls, figures
from edge.views.event_log import KINDS_OF, LogEntry, LogFilter, LogKind, LogWeight, changed_since
from edge.views.lane_hands import lane_hands
from edge.views.live import LiveView
from edge.views.words.table import say

S = 1_000_000
MIN = 60 * S


def test_every_record_has_one_kind() -> None:
    told = Counter(kind.__name__ for kinds in KINDS_OF.values() for kind in kinds)
    assert told == Counter(dict.fromkeys(KINDS, 1)) and set(KINDS_OF) == set(LogKind)


# ---- calls -----------------------------------------------------------------------------------------------------------

Turn = tuple[str, int]
turns = st.lists(
    st.tuples(st.sampled_from(("down", "up", *AlarmAction)), st.integers(1, 40).map(lambda s: s * S)), max_size=60
)


def changes_of(turns: list[Turn], layouts: tuple[LineLayout, ...]) -> Iterator[AlarmChanged]:
    """What becomes of an alarm of a reader that comes and goes while somebody works on it."""
    core, at_us = Core(()), START_US
    given: list[object] = [Started(at_us=at_us, controller="edge1", version="0", layouts=layouts, alarms=RULES)]
    for what, later_us in turns:
        at_us += later_us
        given.append(Tick(at_us))
        if what in ("down", "up"):
            given.append(DeviceChanged(at_us, "reader.sorter", what == "up", what))
        else:
            asked = {"alarm": "reader-down.sorter", "action": AlarmAction(what), "by": "Ann", "for_us": 60 * S}
            given.append(AlarmRequested(at_us=at_us, feed_seq=1, **asked))  # type: ignore[arg-type]
    for one in given:
        yield from (its for its in core.step(one) if isinstance(its, AlarmChanged))  # type: ignore[arg-type]


@settings(max_examples=60)
@given(turns)
def test_a_call_is_each_time_that_people_were_called(layouts: tuple[LineLayout, ...], turns: list[Turn]) -> None:
    changes, calls = list(changes_of(turns, layouts)), Calls()
    for change in changes:
        calls.take(change)
    found = calls.calls
    assert [call.came_us for call in found] == [change.at_us for change in changes if change.annunciates]
    for call in found:
        assert not call.acknowledged_us or (call.by == "Ann" and call.acknowledged_us >= call.came_us)
        assert not call.over_us or call.over_us >= call.came_us
    if changes and found and changes[-1].state is AlarmState.UNACKNOWLEDGED:
        assert not found[-1].over_us and not found[-1].acknowledged_us
    told = figures(found, START_US, START_US + 10 * MIN)
    assert told.count == sum(one.count for one in told.by_kind) == sum(one.count for one in told.by_place)
    assert not told.count or told.by_kind[-1].together == pytest.approx(100)


def test_what_chatters_and_what_stands(layouts: tuple[LineLayout, ...]) -> None:
    flaps = [(what, us) for _ in range(4) for what, us in (("down", 1 * S), ("up", 4 * S), ("up", 11 * S))]
    calls = Calls()
    for change in changes_of([*flaps, ("down", 60 * S), ("down", 5 * S)], layouts):
        calls.take(change)
    end_us = START_US + 2 * STANDS_US
    told = figures(calls.calls, START_US, end_us)
    assert [(one.alarm, one.count, one.bursts, one.most) for one in told.chattering] == [
        ("reader-down.sorter", 5, 1, 4)
    ]
    assert told.standing == calls.calls[-1:] and told.unseen == told.count == 5
    later = figures(calls.calls, START_US + STANDS_US, end_us)
    assert later.count == 0 and later.standing == told.standing, "what came before a span may stand in it"


# ---- who -------------------------------------------------------------------------------------------------------------


def test_who_turned_a_lane_off_stands_on_it(layouts: tuple[LineLayout, ...]) -> None:
    def asked(at_us: int, enabled: bool, by: str) -> LaneRequested:
        return LaneRequested(at_us=at_us, feed_seq=1, line="sorter", lane=3, enabled=enabled, by=by)

    ways: tuple[tuple[list[Value], tuple[str, int]], ...] = (
        ([asked(5, False, "Ann"), LaneChanged(6, "sorter", 3, False, True)], ("Ann", 6)),
        ([LaneChanged(6, "sorter", 3, False, True)], ("", 6)),
        ([asked(5, False, "Ann"), LaneChanged(5 + 2 * MIN, "sorter", 3, False, True)], ("", 5 + 2 * MIN)),
        ([asked(5, False, "Ann"), LaneChanged(6, "sorter", 3, False, True), LaneChanged(7, "sorter", 3, True, True)],
         ("Ann", 6)),
        ([asked(5, False, "Ann"), LaneChanged(6, "sorter", 3, False, True), asked(7, True, "Bo"),
          LaneChanged(8, "sorter", 3, False, False)], ("", 0)),
    )  # fmt: skip
    for values, (by, off_us) in ways:
        live, again = LiveView(layouts), LiveView(layouts)
        for value in values:
            live.apply(value)
        again.begin_with({"sorter": (0, 4 if off_us else 0)}, (), hands=lane_hands(values))
        for view in (live, again):
            lane = next(one for one in view.snapshot(0).lines["sorter"].lanes if one.number == 3)
            assert (lane.by, lane.off_us) == (by, off_us)
            sorter = next(one for one in layouts if one.name == "sorter")
            its = next(one for one in sorter.lanes if one.number == 3)
            others = bool(its.alternatives)  # they take it as well
            assert view.off_since_us(its.carrier, "x") == (0 if others else off_us)


def test_a_start_says_what_is_configured_otherwise(layouts: tuple[LineLayout, ...]) -> None:
    def started(layouts: tuple[LineLayout, ...], rules: int = 0) -> Started:
        return Started(at_us=1, controller="edge1", version="1", layouts=layouts, alarms=RULES[rules:])

    assert list(changed_since(started(layouts), started(layouts))) == []
    told = [say(one) for one in changed_since(started(layouts), started(layouts[1:], 1))]
    assert told == [f"line {layouts[0].name} is gone", "alarms: PLC does not answer"]


# ---- by time ---------------------------------------------------------------------------------------------------------


def test_times_are_meant_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    at_us, quarter = 1_796_000_000 * S, 15 * MIN  # 2026-11-30 00:53:20 UTC, 08:53:20 in Taipei
    day = at_us - (53 * 60 + 20) * S
    assert asked_span("", "", at_us, quarter, "UTC") == (at_us - quarter, at_us)
    assert asked_span("00:10", "00:20", at_us, quarter, "UTC") == (day + 10 * MIN, day + 20 * MIN)
    assert asked_span("22:00", "06:00", at_us, quarter, "UTC") == (day - 120 * MIN, day + 360 * MIN)
    assert asked_span("2026-11-29T22:00", "", at_us, quarter, "Asia/Taipei") == (day - 10 * 60 * MIN, at_us)
    monkeypatch.setenv("TZ", "Asia/Taipei")
    time.tzset()
    try:
        assert asked_span("08:10", "08:20", at_us, quarter) == (day + 10 * MIN, day + 20 * MIN)
        assert local(at_us) == "2026-11-30T08:53:20+08:00"
    finally:
        monkeypatch.undo()
        time.tzset()
    for begin, end in (
        ("25:00", ""),
        ("2026-11-29T22:00", "2026-11-29T21:00"),
        ("2020-01-01T00:00", ""),
        ("x", ""),
        ("0001-01-01T00:00", "0001-01-02T00:00"),
        ("9999-12-31T23:00", ""),
    ):
        with pytest.raises(CalendarError):
            asked_span(begin, end, at_us, quarter, "UTC")


@pytest.fixture
def two(tmp_path: Path, layouts: tuple[LineLayout, ...]) -> Iterator[Journals]:
    """Two controllers whose records lie between each other's."""
    paths = {name: tmp_path / f"{name}.sqlite" for name in ("edge1", "edge2")}
    for at, path in enumerate(paths.values()):
        journal = Journal(path)
        journal.append(
            [
                DeviceChanged(
                    START_US + (2 * number + at) * S, f"reader.{'sorter' if number % 3 else 'tote1'}", False, "-"
                )
                for number in range(300)
            ]
        )
        journal.flush()
        journal.close()
    opened = Journals(paths, layouts)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "which", [LogFilter(), LogFilter(line="sorter"), LogFilter(device="tote1"), LogFilter(text="中斷")]
)
def test_pages_are_the_whole_log_in_order(two: Journals, which: LogFilter, monkeypatch: pytest.MonkeyPatch) -> None:
    span = START_US + 100 * S, START_US + 500 * S
    whole = two.log(SpanAsked(*span, which, 10_000))
    assert not whole.after and whole.troubles == ()
    times = [one.at_us for one in whole.entries]
    assert times == sorted(times) and all(span[0] <= at_us < span[1] for at_us in times)
    assert len(times) == {"sorter": 266, "tote1": 134}.get(which.line or which.device, 400)
    for stride, looked, limit in ((7, 21, 1_000), (50, 10_000, 13)):
        monkeypatch.setattr(journals, "STRIDE", stride)
        monkeypatch.setattr(journals, "LOOKED_AT", looked)
        found: list[LogEntry] = []
        after: dict[str, int] = {}
        while True:
            page = two.log(SpanAsked(*span, which, limit, after))
            found += page.entries
            if not page.after:
                break
            after = dict(page.after)
        assert sorted(found, key=lambda one: (one.at_us, one.controller)) == list(whole.entries)


def test_the_past_is_asked_for_over_http(project: Path, tmp_path: Path, run: Run) -> None:
    site = example_site(project, tmp_path)
    write_journal(site)
    line = load_line(site.controller[0].config)
    at_us = START_US + 70 * S
    journal = Journal(journal_of(site))
    core = Core(())
    for given_ in (
        Started(at_us=at_us, controller="edge1", version="0", layouts=line.layouts(), alarms=line.alarms()),
        DeviceChanged(at_us + 1, "reader.sorter", False, "127.0.0.1: connection refused"),
        DeviceChanged(at_us + 4 * S, "plc.tote1", True, "answers"),
        AlarmRequested(
            at_us=at_us + 5 * S, feed_seq=1, alarm="reader-down.sorter", action=AlarmAction.ACKNOWLEDGE, by="Ann"
        ),
        LaneRequested(at_us=at_us + 6 * S, feed_seq=2, line="sorter", lane=3, enabled=False, by="Ann"),
    ):  # fmt: skip
        told = [one for one in core.step(given_) if type(one).__name__ in KINDS]
        journal.append([given_, *told])  # type: ignore[list-item]
    journal.flush()
    journal.close()
    span = "from=2026-09-21T14:13:20Z&to=2026-09-21T14:16:00Z"

    async def talk() -> None:
        async with client_of(create_app(site)) as client:

            async def ask(path: str) -> object:
                answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                return answer.json() if "json" in answer.headers["content-type"] else answer.text

            async def read() -> bool:
                return bool((await client.get("/api/v1/alarms")).json())

            await until(read)
            history = await ask(f"/api/v1/alarms/history?{span}")
            assert [(one["alarm"], one["by"]) for one in history["calls"]] == [("reader-down.sorter", "Ann")]  # type: ignore[index]
            assert "reader-down.sorter,reader-down,sorter" in await ask(f"/api/v1/alarms/history.csv?{span}")  # type: ignore[operator]
            told = await ask(f"/api/v1/alarms/figures?{span}")
            assert (told["count"], told["unseen"], told["by_place"][0]["name"]) == (1, 0, "sorter")  # type: ignore[index]
            log = await ask(f"/api/v1/log?{span}&line=sorter&kind=requests&kind=alarms")
            texts = [one["text"] for one in log["entries"]]  # type: ignore[index]
            assert texts[-1] == "Ann asks to disable lane 3 (UPS) of sorter"
            assert any(text.startswith("Ann acknowledges alarm reader-down.sorter") for text in texts)
            heavy = await ask(f"/api/v1/log?{span}&least={LogWeight.HIGH}")
            assert [one["key"] for one in heavy["entries"]] == ["reader-down.sorter"]  # type: ignore[index]
            assert "Ann 要求停用" in await ask(f"/api/v1/log.csv?{span}&kind=requests&language=zh-Hant")  # type: ignore[operator]
            for path in ("/alarms", f"/alarms/history?{span}", f"/alarms/figures?{span}", f"/log?{span}"):
                assert "sorter" in await ask(path)  # type: ignore[operator]
            for form, status in (
                ({"by": "Ann"}, 422),
                ({"comment": "new"}, 422),
                ({"by": "Ann", "comment": "new"}, 303),
            ):
                answer = await client.post("/alarms/a/reader-down.sorter/shelve", data=form)
                assert answer.status_code == status
            assert (await client.get("/api/v1/log?from=nonsense")).status_code == 422
            assert (await client.get("/api/v1/log?shift=nowhere")).status_code == 404

    run(talk())
