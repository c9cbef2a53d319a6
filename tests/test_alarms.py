"""Laws of alarms: allowed transitions only, no flapping, silence where it is promised, and replay agrees."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.alarms.alarms import (
    BY_HAND,
    FLAPPING_COUNTS,
    RECENT,
    TEXTS_FOLLOW,
    TRANSITIONS,
    Alarms,
    next_state,
    requested_state,
    unraised,
)
from edge.core.alarms.facts import PARTS, Attempt, Condition, Fact, Moment, identity
from edge.core.alarms.rules import RULES, SUPPRESSED_BY
from edge.core.core import Core
from edge.core.events import (
    AlarmChanged,
    AlarmRequested,
    AnomalyCode,
    DeviceChanged,
    DeviceNotice,
    Event,
    Input,
    Journaled,
    LaneRequested,
    PlcConnected,
    PlcEvent,
    Route,
    SetLane,
    Started,
    TagsRead,
    Tick,
)
from edge.core.values.alarm import ANNUNCIATED, MOMENTS, RATES, AlarmAction, AlarmKind, AlarmRule, AlarmState
from edge.core.values.flags import FLAGS
from edge.core.values.layout import LineLayout
from edge.core.values.state import AlarmsState, CoreState
from edge.journal.record import Record, encode
from edge.journal.replay import replay
from edge.views.sentences import Teller
from edge.views.words.table import say
from plc.words import EventType

AT_US = 1_700_000_000_000_000
S = 1_000_000
MIN = 60 * S
OF = {rule.kind: rule for rule in RULES}


@dataclass
class Desk:
    """The alarms of the example's lines, and all that they told. Delays end when they are due, not later."""

    layouts: tuple[LineLayout, ...]
    rules: tuple[AlarmRule, ...] = RULES
    state: AlarmsState = field(default_factory=AlarmsState)
    now_us: int = AT_US
    told: list[AlarmChanged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.state)
        self.told += self.alarms.started(
            Started(at_us=self.now_us, controller="edge1", version="0", layouts=self.layouts, alarms=self.rules), 0
        )

    def wait(self, for_us: int) -> list[AlarmChanged]:
        until_us = self.now_us + for_us
        before = len(self.told)
        while (due_us := self.alarms.deadline_us()) is not None and due_us <= until_us:
            assert due_us >= self.now_us
            self.now_us = due_us
            self.told += self.alarms.pass_time(due_us)
            assert self.alarms.deadline_us() != due_us, "what is due is done"
        self.now_us = until_us
        return self.told[before:]

    def take(self, *facts: Fact) -> list[AlarmChanged]:
        before = len(self.told)
        for fact in facts:
            self.told += self.alarms.take(fact, self.now_us)
        return self.told[before:]

    def ask(self, alarm: str, action: AlarmAction, for_us: int = 0) -> list[AlarmChanged]:
        before = len(self.told)
        self.told += self.alarms.request(
            AlarmRequested(at_us=self.now_us, feed_seq=0, alarm=alarm, action=action, by="Ann", for_us=for_us)
        )
        return self.told[before:]

    def stands(self, alarm: str) -> AlarmState:
        return self.state.alarms[alarm].state


def condition(kind: AlarmKind, place: str, on: bool = True) -> Condition:
    return Condition(kind, place, on, "seen")


PLACES = {
    **dict.fromkeys(PARTS, ("",)),
    **dict.fromkeys((AlarmKind.READER_DOWN, AlarmKind.PLC_DOWN, AlarmKind.MACHINE_STOPPED), ("sorter", "tote1")),
    AlarmKind.FENCED: ("sorter", "tote1"),
    **dict.fromkeys((AlarmKind.POINTS_DOWN, AlarmKind.PACKML_DOWN), ("sorter",)),
    AlarmKind.TARGET_DOWN: ("grafana",),
    **dict.fromkeys(MOMENTS | RATES, ("sorter", "tote1")),
    AlarmKind.JAM: ("sorter.3", "sorter.4", "tote1.2"),
    AlarmKind.LANE_FULL: ("sorter.3", "sorter.4"),
    AlarmKind.CERTIFICATE_ENDS: ("plc.sorter", "reader.tote1"),
}
NAMES = [identity(kind, place or "edge1") for kind, places in PLACES.items() for place in places]


def _fact(kind: AlarmKind, place: str, on: bool) -> Fact:
    if kind in RATES:
        return Attempt(kind, place, on)
    return Moment(kind, place, "seen") if kind in MOMENTS else condition(kind, place, on)


FACTS = st.builds(
    lambda kind_and_place, on: _fact(*kind_and_place, on),
    st.sampled_from([(kind, place) for kind, places in PLACES.items() for place in places]),
    st.booleans(),
)
REQUESTS = st.tuples(st.sampled_from(NAMES), st.sampled_from(AlarmAction), st.integers(0, 20 * MIN))
TIMES = st.sampled_from((1, 200_000, S, 3 * S, 10 * S, 60 * S, 10 * MIN)) | st.integers(1, 2 * MIN)
STEPS = st.lists(FACTS | REQUESTS | TIMES, max_size=120)
HASTE = st.booleans().map(lambda quick: RULES if not quick else tuple(_quick(rule) for rule in RULES))


def _quick(rule: AlarmRule) -> AlarmRule:
    """The same kind without delays (moments keep one), latched."""
    return replace(rule, on_delay_us=0, off_delay_us=S if rule.kind in MOMENTS else 0, latched=True)


@given(steps=STEPS, rules=HASTE, flags=st.sampled_from(((), (FLAPPING_COUNTS,))))
def test_the_laws_of_isa_18_2(
    layouts: tuple[LineLayout, ...], steps: list[object], rules: tuple[AlarmRule, ...], flags: tuple[str, ...]
) -> None:
    desk = Desk(layouts, rules)
    desk.alarms.decide(flags)
    for step in steps:
        match step:
            case int():
                desk.wait(step)
            case (str() as alarm, AlarmAction() as action, int() as for_us):
                before = desk.stands(alarm) if alarm in desk.state.alarms else None
                told = desk.ask(alarm, action, for_us)
                allowed = (
                    before is not None
                    and requested_state(AlarmKind(alarm.partition(".")[0]), before, action) is not None
                )
                assert bool(told) == allowed, "a request does what its state allows, and else nothing"
            case fact:
                desk.take(fact)  # type: ignore[arg-type]  # the only one left
        _check_now(desk)
    _check_story(desk, rules)


def _check_now(desk: Desk) -> None:
    for name, record in desk.state.alarms.items():
        if record.state in ANNUNCIATED | {AlarmState.SUPPRESSED}:
            assert record.active, name
        if record.state in (AlarmState.RETURNED, AlarmState.LATCHED, AlarmState.LATCHED_UNACKNOWLEDGED):
            assert not record.active, name
        if record.state is AlarmState.NORMAL:
            assert not record.active, name
        assert bool(record.until_us) == (record.state is AlarmState.SHELVED), "a shelf has an end"
        assert record.until_us == 0 or record.until_us > desk.now_us, "and keeps it"
        assert bool(record.suppressed_by) == (record.state is AlarmState.SUPPRESSED)
        if record.suppressed_by:
            cause = desk.state.alarms[record.suppressed_by]
            assert cause.active and cause.kind in SUPPRESSED_BY[record.kind]
            assert cause.state is not AlarmState.OUT_OF_SERVICE
        if record.state in ANNUNCIATED:
            for cause in desk.state.alarms.values():
                hides = cause.kind in SUPPRESSED_BY.get(record.kind, ()) and cause.kind is not record.kind
                at_its_place = cause.plc in ("", record.plc) and cause.line in ("", record.line)
                silent = not cause.active or cause.state is AlarmState.OUT_OF_SERVICE
                assert not (hides and at_its_place) or silent, "what has a cause is not annunciated"
    jams = [one for one in desk.state.alarms.values() if one.kind is AlarmKind.JAM and one.plc == "sorter"]
    assert sum(jam.state in ANNUNCIATED for jam in jams) <= 1 + sum(jam.state in BY_HAND for jam in jams)


def _check_story(desk: Desk, rules: tuple[AlarmRule, ...]) -> None:
    stories: dict[str, list[AlarmChanged]] = defaultdict(list)
    for change in desk.told:
        stories[change.alarm].append(change)
    of = {rule.kind: rule for rule in rules}
    for name, story in stories.items():
        assert story[0].before is AlarmState.NORMAL
        for change in story:
            if change.before is change.state:
                assert change.state in BY_HAND | {AlarmState.SHELVED}, "only what is aside changes unseen"
            else:
                assert change.state in TRANSITIONS[change.before], f"{name}: {change.before} to {change.state}"
            if change.annunciates:
                assert change.active and change.before not in ANNUNCIATED
                assert (not change.suppressed_by and change.by == "") or change.before in BY_HAND
            if change.state is AlarmState.ACKNOWLEDGED and change.before is not change.state:
                assert change.by == "Ann", "nobody acknowledges but people"
        for before, after in pairwise(story):
            assert after.before is before.state, "nothing happens between two changes"
            assert after.at_us >= before.at_us
        turns = [story[0], *(after for before, after in pairwise(story) if before.active != after.active)]
        rule = of[story[0].kind]
        for before, after in pairwise(turns):
            least_us = rule.off_delay_us if before.active else rule.on_delay_us
            assert after.since_us - before.since_us >= least_us, "no flapping within the delays"


@given(st.sampled_from(AlarmState), st.booleans(), st.booleans(), st.booleans())
def test_what_comes_by_itself_is_allowed_and_settles(
    state: AlarmState, active: bool, suppressed: bool, latched: bool
) -> None:
    after = next_state(state, active, suppressed, latched)
    assert after is state or after in TRANSITIONS[state]
    assert next_state(after, active, suppressed, latched) is after
    for action in AlarmAction:
        target = requested_state(AlarmKind.FENCED, state, action)
        assert target is None or target is state or target in TRANSITIONS[state]


def test_every_transition_is_reached_by_something() -> None:
    reached = {state: set[AlarmState]() for state in AlarmState}
    for state in AlarmState:
        for active in (False, True):
            for suppressed in (False, True):
                for latched in (False, True):
                    reached[state].add(next_state(state, active, suppressed, latched))
                    if state in BY_HAND:  # back from the shelf, or in service again
                        reached[state].add(next_state(AlarmState.NORMAL, active, suppressed, False))
        reached[state] |= {
            target for action in AlarmAction if (target := requested_state(AlarmKind.FENCED, state, action))
        }
    assert {state: targets - {state} for state, targets in reached.items()} == TRANSITIONS


LETTERS = dict(zip("NUARWLSPO", AlarmState, strict=True))
COURSES = {
    "N": "UPNN",
    "U": "UPRW",
    "A": "APNL",
    "R": "UPRR",
    "W": "UPWW",
    "L": "UPLL",
    "S": "SSSS",
    "P": "UPNN",
    "O": "OOOO",
}
"""Of each state: where it goes when active, active and hidden, over, over and latched."""
ASKED = {
    "N": "--S-O-",
    "U": "A-S-O-",
    "A": "--S-O-",
    "R": "N-S-O-",
    "W": "L-S-O-",
    "L": "-NS-O-",
    "S": "--SNO-",
    "P": "--S-O-",
    "O": "-----N",
}
"""Of each state: where each request leads, in the order of AlarmAction; the last two are newer, each of one kind."""


def test_the_tables_are_those_of_0_1_0() -> None:
    for letter, state in LETTERS.items():
        courses = ((True, False, False), (True, True, False), (False, False, False), (False, False, True))
        assert [next_state(state, *course) for course in courses] == [LETTERS[to] for to in COURSES[letter]]
        asked = [requested_state(AlarmKind.JAM, state, action) for action in AlarmAction]
        assert asked == [*(LETTERS.get(to) for to in ASKED[letter]), None, None]
        taken = requested_state(AlarmKind.FENCED, state, AlarmAction.TAKE_OVER)
        assert taken == (state if letter in "UA" else None)
        assert requested_state(AlarmKind.CONFIG_REFUSED, state, AlarmAction.TAKE_CONFIG) is state


def test_a_shelved_alarm_comes_back_after_its_time(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    name = "reader-down.tote1"
    desk.take(condition(AlarmKind.READER_DOWN, "tote1"))
    assert [change.state for change in desk.wait(4 * S)] == [AlarmState.UNACKNOWLEDGED]
    shelved = desk.ask(name, AlarmAction.SHELVE, 30 * MIN)[0]
    assert (shelved.state, shelved.by, shelved.until_us) == (AlarmState.SHELVED, "Ann", desk.now_us + 30 * MIN)
    assert desk.wait(30 * MIN - 1) == []
    back = desk.wait(1)
    assert [(change.state, change.before, change.by) for change in back] == [
        (AlarmState.UNACKNOWLEDGED, AlarmState.SHELVED, "")
    ]
    assert back[0].annunciates
    desk.ask(name, AlarmAction.SHELVE, 100 * 24 * 60 * MIN)
    assert desk.state.alarms[name].until_us == desk.now_us + OF[AlarmKind.READER_DOWN].shelve_max_us
    desk.take(condition(AlarmKind.READER_DOWN, "tote1", False))
    unseen = desk.wait(MIN)
    assert [(change.state, change.active) for change in unseen] == [(AlarmState.SHELVED, False)]
    assert desk.ask(name, AlarmAction.UNSHELVE)[0].state is AlarmState.NORMAL


def test_a_lost_host_link_hides_what_follows_from_it(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    desk.take(condition(AlarmKind.PLC_DOWN, "sorter"))
    desk.wait(10 * S)
    desk.take(condition(AlarmKind.PLC_DOWN, "sorter", False))
    desk.take(*[Attempt(AlarmKind.DEFAULTS, "sorter", True)] * 40, *[Attempt(AlarmKind.DEFAULTS, "tote1", True)] * 5)
    desk.take(Moment(AlarmKind.EVENTS_MISSED, "sorter", "12 lost"), condition(AlarmKind.JAM, "sorter.3"))
    desk.wait(20 * S)
    called = [change.alarm for change in desk.told if change.annunciates]
    assert called == ["plc-down.sorter", "defaults.tote1", "jam.sorter.3"], "the jam is there still"
    assert desk.stands("defaults.sorter") is AlarmState.NORMAL


def test_one_jam_is_one_alarm_and_the_first_is_named(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    desk.take(condition(AlarmKind.JAM, "sorter.4"))
    desk.wait(S)
    desk.take(condition(AlarmKind.JAM, "sorter.3"), condition(AlarmKind.MACHINE_STOPPED, "sorter"))
    desk.take(*[Attempt(AlarmKind.MISSORTS, "sorter", True)] * 9)
    desk.wait(MIN)
    called = [change for change in desk.told if change.annunciates]
    assert [(change.alarm, change.first_out) for change in called] == [("jam.sorter.4", True)]
    assert desk.stands("jam.sorter.3") is desk.stands("machine-stopped.sorter") is AlarmState.SUPPRESSED
    desk.take(condition(AlarmKind.JAM, "sorter.4", False))
    called = [change for change in desk.wait(MIN) if change.annunciates]
    assert [change.alarm for change in called] == ["jam.sorter.3"], "what is still jammed is said then"
    desk.take(condition(AlarmKind.LANE_FULL, "sorter.2"))
    assert [(change.alarm, change.first_out) for change in desk.wait(2 * MIN)] == [("lane-full.sorter.2", False)]


@pytest.mark.parametrize("kind", sorted(RATES))
def test_a_share_is_active_at_its_limit_and_over_below_its_deadband(
    layouts: tuple[LineLayout, ...], kind: AlarmKind
) -> None:
    rule, place = OF[kind], "tote1"
    desk = Desk(layouts)
    good, bad = Attempt(kind, place, False), Attempt(kind, place, True)
    comes, ends = round(rule.limit * RECENT), round((rule.limit - rule.deadband) * RECENT)
    desk.take(*[good] * RECENT, *[bad] * (comes - 1))
    assert desk.told == []
    assert desk.take(bad)[0].annunciates
    came = len(desk.told)
    desk.take(*[good] * (RECENT - ends - 1))
    assert len(desk.told) == came
    assert desk.take(good)[0].state is AlarmState.RETURNED


def test_a_share_has_a_deadband(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    good, bad = Attempt(AlarmKind.NO_READS, "sorter", False), Attempt(AlarmKind.NO_READS, "sorter", True)
    assert desk.take(*[good] * RECENT, *[bad] * 4) == []
    came = desk.take(bad)
    assert came[0].annunciates and came[0].text == "5 of the last 50"
    assert desk.take(*[good] * 46) == [], "4 of 50 are within the deadband"
    assert desk.take(good)[0].state is AlarmState.RETURNED


# ---- through the whole core ------------------------------------------------------------------------------------------


class Recorded:
    """A live core, its journal, and time that only ticks tell."""

    def __init__(self, layouts: tuple[LineLayout, ...]) -> None:
        self.layouts = layouts
        self.core = Core(())
        self.now_us = AT_US
        self.records: list[Record] = []
        self.start()

    def start(self) -> None:
        self.give(Started(at_us=self.now_us, controller="edge1", version="0", layouts=self.layouts, alarms=RULES))

    def give(self, given: Input) -> None:
        results = self.core.step(given)
        values: list[Journaled | Event] = [] if isinstance(given, Tick | TagsRead) else [given]
        values += [result for result in results if not isinstance(result, Route | SetLane)]
        for value in values:
            line = getattr(value, "line", "")
            self.records.append(Record(len(self.records) + 1, value.at_us, line, type(value).__name__, encode(value)))

    def restart(self, back_us: int) -> None:
        """A new process with the stored state, its clock set back."""
        stored = msgspec.json.decode(msgspec.json.encode(self.core.state), type=CoreState)
        assert stored == self.core.state
        self.core = Core(self.layouts, stored)
        self.now_us -= back_us
        self.start()


def test_confirmations_that_never_come_are_told_one_by_one_and_alarmed(layouts: tuple[LineLayout, ...]) -> None:
    """200 parcels of which nothing is heard again but of every fourth, then all are confirmed."""
    site = Recorded(layouts)

    def event(seq: int, kind: EventType, track: int, station: int) -> None:
        site.now_us += 300_000
        site.give(
            PlcEvent(
                at_us=site.now_us,
                device_us=site.now_us,
                plc="sorter",
                session=1,
                seq=seq,
                type=int(kind),
                track_id=track,
                station=station,
                cause=0,
                value=0,
                plc_ms=0,
            )
        )

    for track in range(1, 201):
        event(2 * track, EventType.INDUCTED, track, 1)
        if track % 4 == 0:
            event(2 * track + 1, EventType.DIVERTED, track, 3)
    told = [record.value for record in site.records if record.kind == "Anomaly"]
    silent = [one.track_id for one in told if one.code is AnomalyCode.UNCONFIRMED]
    assert silent == [track for track in range(1, silent[-1] + 1) if track % 4] and len(silent) == 151 - 140
    assert told[-1].text == "sorter never said that track 14 came to lane 9"
    assert site.core.state.alarms.alarms["unconfirmed.sorter"].state is AlarmState.UNACKNOWLEDGED
    for track in range(1, 201):
        if track % 4:
            event(400 + track, EventType.DIVERTED, track, 3)
    assert site.core.state.alarms.alarms["unconfirmed.sorter"].state is AlarmState.RETURNED
    assert replay(site.records).difference is None


PLC_EVENTS = st.tuples(
    st.sampled_from((EventType.JAM, EventType.STATE, EventType.LANE, EventType.INDUCTED, EventType.DEFAULTED)),
    st.integers(0, 4),
    st.sampled_from((0, 1, 2, 6)),
)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20 * S),
            PLC_EVENTS
            | st.sampled_from(("plc.sorter", "points.sorter", "reader.sorter", "journal", "site-store"))
            | REQUESTS
            | st.sampled_from((None, True, False)),
        ),
        max_size=60,
    )
)
def test_replay_derives_every_alarm_again(layouts: tuple[LineLayout, ...], steps: list[tuple[int, object]]) -> None:
    site = Recorded(layouts)
    up: dict[str, bool] = {}
    for seq, (later_us, what) in enumerate(steps, 1):
        site.now_us += later_us
        due_us = site.core.deadline_us()
        if due_us is not None and due_us <= site.now_us:
            site.give(Tick(site.now_us))
        now_us = site.now_us
        match what:
            case None:
                site.give(Tick(now_us))
            case True:
                site.restart(min(later_us, 5 * S))
            case False:
                site.give(
                    PlcConnected(
                        at_us=now_us,
                        plc="sorter",
                        session=seq,
                        epoch=1,
                        fresh=True,
                        resumed=False,
                        event_acked=0,
                        events_lost=0,
                        command_head=0,
                        found=(),
                        lanes_full=0b1000,
                        lanes_disabled=0,
                    )
                )
                site.give(DeviceNotice(now_us, "sorter", _notice(seq), "seen"))
            case str():
                up[what] = not up.get(what, True)
                site.give(DeviceChanged(now_us, what, up[what], "test"))
            case (EventType() as kind, int() as station, int() as value):
                site.give(
                    PlcEvent(
                        at_us=now_us,
                        device_us=now_us,
                        plc="sorter",
                        session=1,
                        seq=seq,
                        type=int(kind),
                        track_id=seq % 7,
                        station=station,
                        cause=0,
                        value=value,
                        plc_ms=0,
                    )
                )
            case (str() as alarm, AlarmAction() as action, int() as for_us):
                site.give(
                    AlarmRequested(at_us=now_us, feed_seq=seq, alarm=alarm, action=action, by="Ann", for_us=for_us)
                )
            case _:
                raise AssertionError(what)
    again = replay(site.records)
    assert again.difference is None, again.difference
    assert site.core.state.feed_seq == max((seq for seq, step in enumerate(steps, 1) if _asks(step[1])), default=0)


def _notice(seq: int) -> AnomalyCode:
    return (AnomalyCode.UNACCOUNTED_COMMANDS, AnomalyCode.INCOMPATIBLE, AnomalyCode.GPI_CHANGED)[seq % 3]


def _asks(what: object) -> bool:
    return isinstance(what, tuple) and isinstance(what[0], str)


@pytest.mark.parametrize("delay_us", [0, 5 * S])
def test_an_alarm_says_what_is_seen_of_it_now(layouts: tuple[LineLayout, ...], delay_us: int) -> None:
    """Another reason is told at once and calls nobody; by a journal of before the flag it has the first one."""
    rules = tuple(replace(rule, on_delay_us=delay_us, off_delay_us=5 * S) for rule in RULES)

    def tell(site: Desk, on: bool, text: str) -> list[AlarmChanged]:
        return site.take(Condition(AlarmKind.TARGET_DOWN, "influx", on, text))

    site, before = Desk(layouts, rules), Desk(layouts, rules)
    site.alarms.decide(FLAGS)
    before.alarms.decide([flag for flag in FLAGS if flag != TEXTS_FOLLOW])
    for one in (site, before):
        first = tell(one, True, "not begun")
        if delay_us:
            assert not first + tell(one, True, "begins")
            first = one.wait(delay_us)
        (came,) = first
        assert came.annunciates and came.text == ("begins" if delay_us else "not begun")
    (another,) = tell(site, True, "401: the token is wrong")
    assert another == replace(came, at_us=site.now_us, before=came.state, text="401: the token is wrong")
    assert not another.annunciates
    assert say(Teller(()).tell(another)).endswith(": 401: the token is wrong")
    assert not tell(site, True, "401: the token is wrong") and not tell(site, False, "")
    (again,) = tell(site, True, "no route to host")
    assert again.since_us == came.since_us and not again.annunciates
    assert not tell(before, True, "401: the token is wrong")


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (AlarmKind.PLC_DOWN, "sorter"),
        (AlarmKind.READER_DOWN, "tote1"),
        (AlarmKind.POINTS_DOWN, "sorter"),
        (AlarmKind.SITE_STORE_DOWN, ""),
        (AlarmKind.TARGET_DOWN, "influx"),
    ],
)
def test_a_device_that_comes_and_goes_is_down(layouts: tuple[LineLayout, ...], kind: AlarmKind, place: str) -> None:
    """It is up most of the time, and never lost for as long as the on delay; one call, until it stays."""
    rule = OF[kind]
    turn_us = min(rule.on_delay_us, rule.off_delay_us) // 4

    def flap(site: Desk, for_us: int) -> list[AlarmChanged]:
        told: list[AlarmChanged] = []
        for _ in range(for_us // (4 * turn_us)):
            told += site.take(condition(kind, place)) + site.wait(turn_us)
            told += site.take(condition(kind, place, False)) + site.wait(3 * turn_us)
        return told

    site, before = Desk(layouts), Desk(layouts)
    site.alarms.decide(FLAGS)
    before.alarms.decide([flag for flag in FLAGS if flag != FLAPPING_COUNTS])
    began_us = site.now_us
    (came,) = flap(site, 20 * MIN)
    assert came.annunciates and 0 <= came.since_us - began_us - rule.on_delay_us <= 4 * turn_us
    (over,) = site.wait(rule.off_delay_us)
    assert not over.active
    for _ in range(20):  # lost now and then, and well in between
        assert not site.take(condition(kind, place)) + site.wait(turn_us)
        assert not site.take(condition(kind, place, False)) + site.wait(rule.off_delay_us)
    assert not flap(before, 20 * MIN), "a journal of before the flag is decided as it was"


def test_a_journal_without_rules_has_no_alarms(layouts: tuple[LineLayout, ...]) -> None:
    core = Core(())
    core.step(Started(at_us=AT_US, controller="edge1", version="0", layouts=layouts))
    assert core.step(DeviceChanged(AT_US + 1, "plc.sorter", False, "test")) == []
    assert core.deadline_us() is None


def test_what_is_read_beside_the_mailbox_calls_unless_the_plc_is_away(layouts: tuple[LineLayout, ...]) -> None:
    site = Recorded(layouts)

    def calls(device: str, up: bool, later_us: int = 20 * S) -> list[str]:
        site.give(DeviceChanged(site.now_us, device, up, "test"))
        site.now_us += later_us
        site.give(Tick(site.now_us))
        return [name for name, record in site.core.state.alarms.alarms.items() if record.state in ANNUNCIATED]

    assert calls("points.sorter", True) == calls("packml.sorter", True) == []
    assert calls("points.sorter", False) == ["points-down.sorter"]
    assert calls("packml.sorter", False, 19 * S) == ["points-down.sorter"], "it may come back by itself"
    assert calls("plc.sorter", False) == ["plc-down.sorter"], "one cause, one alarm"
    assert calls("packml.sorter", True) == ["plc-down.sorter"]
    assert calls("plc.sorter", True) == ["points-down.sorter"]
    assert calls("points.sorter", True) == []
    assert replay(site.records).difference is None


def test_what_is_no_longer_configured_is_gone(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    desk.take(condition(AlarmKind.PLC_DOWN, "sorter"), condition(AlarmKind.PLC_DOWN, "tote1"))
    desk.wait(10 * S)
    fewer = tuple(layout for layout in layouts if layout.plc != "sorter")
    gone = desk.alarms.started(
        Started(at_us=desk.now_us, controller="edge1", version="0", layouts=fewer, alarms=RULES), 0
    )
    assert [(change.alarm, change.state) for change in gone] == [("plc-down.sorter", AlarmState.NORMAL)]
    rules = tuple(rule for rule in RULES if rule.kind is not AlarmKind.PLC_DOWN)
    gone = desk.alarms.started(
        Started(at_us=desk.now_us, controller="edge1", version="0", layouts=fewer, alarms=rules), 0
    )
    assert [(change.alarm, change.state) for change in gone] == [("plc-down.tote1", AlarmState.NORMAL)]


def test_a_clock_that_was_set_back_makes_no_delay_longer(layouts: tuple[LineLayout, ...]) -> None:
    desk = Desk(layouts)
    desk.ask("jam.sorter.1", AlarmAction.SHELVE)
    desk.ask("missorts.sorter", AlarmAction.SHELVE, 10 * MIN)
    desk.take(condition(AlarmKind.PLC_DOWN, "sorter"))
    hour_us = 60 * MIN
    desk.now_us -= hour_us
    desk.told += desk.alarms.started(
        Started(at_us=desk.now_us, controller="edge1", version="0", layouts=layouts, alarms=RULES), hour_us
    )
    assert [change.alarm for change in desk.wait(3 * S)] == ["plc-down.sorter"]
    assert [change.alarm for change in desk.wait(10 * MIN - 3 * S)] == ["missorts.sorter"]


def test_requests_of_lanes_do_not_disturb(layouts: tuple[LineLayout, ...]) -> None:
    core = Core(())
    core.step(Started(at_us=AT_US, controller="edge1", version="0", layouts=layouts, alarms=RULES))
    core.step(AlarmRequested(at_us=AT_US, feed_seq=5, alarm="jam.nowhere.1", action=AlarmAction.ACKNOWLEDGE, by="Ann"))
    core.step(LaneRequested(at_us=AT_US, feed_seq=6, line="nowhere", lane=1, enabled=True, by="Ann"))
    assert core.state.feed_seq == 6


def test_each_alarm_has_one_place(layouts: tuple[LineLayout, ...]) -> None:
    shared = tuple(replace(layout, plc="sorter") for layout in layouts)
    names = [
        alarm.alarm
        for alarm in unraised(Started(at_us=AT_US, controller="edge1", version="0", layouts=shared, alarms=RULES))
    ]
    assert len(names) == len(set(names)) and "certificate-ends.plc.sorter" in names
