"""Alarms: what is told about them goes in, what people are to know comes out.

Public names: Alarms, Course, next_state, requested_state, unraised, places_of, BY_ITSELF, REQUESTS, TRANSITIONS,
BY_HAND, RECENT, REFUSALS_NAMED, TEXTS_FOLLOW, FLAPPING_COUNTS.

A condition becomes active after its on delay and inactive after its off delay; a share of bad items has a deadband
instead. The states follow from that, from causes that are active, and from what operators ask.

Source: ANSI/ISA-18.2-2016 (also IEC 62682), alarm state transition diagram; latching also OPC UA Part 9 1.05, 4.8.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import assert_never

from edge.core.alarms.facts import DEVICES, PARTS, Attempt, Condition, Fact, Moment, identity
from edge.core.alarms.rules import RULES, SUPPRESSED_BY
from edge.core.events import AlarmChanged, AlarmRequested, Started
from edge.core.values.alarm import ANNUNCIATED, MOMENTS, UNPLACED, AlarmAction, AlarmKind, AlarmRule, AlarmState
from edge.core.values.layout import Job
from edge.core.values.state import AlarmRecord, AlarmsState

RECENT = 50
"""Items of which a share is taken; fewer than 20 count as 20, so that the first bad one is not 100 %."""
FEWEST = 20
REFUSALS_NAMED = "refusals-named"
"""Decision flag: a share says of its newest bad item what was wrong, where that is known."""
TEXTS_FOLLOW = "texts-follow"
"""Decision flag: an active alarm is told again when what is seen of it is another; nobody is called by that.

Not so WRONG_LOAD, whose later texts count what is out there and do not name it.
"""
FLAPPING_COUNTS = "flapping-counts"
"""Decision flag: the on delay of a device counts from when it was first lost since it was up for its off delay."""
_ROUNDING = 1e-9
"""0.06 - 0.04 is less than 1 / 50."""

BY_HAND = frozenset({AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE})
"""States in which an operator took an alarm aside; it leaves them only by request or by time."""


class Course(StrEnum):
    """How it stands with what an alarm is about."""

    ACTIVE = "it is so"
    HIDDEN = "it is so because of another alarm"
    OVER = "it is over"
    OVER_LATCHED = "it is over, latched"


_S, _A = AlarmState, AlarmAction
_OVER = (_S.NORMAL, _S.RETURNED, _S.LATCHED_UNACKNOWLEDGED, _S.LATCHED)

BY_ITSELF: dict[tuple[AlarmState, Course], AlarmState] = {
    **{(state, Course.ACTIVE): _S.UNACKNOWLEDGED for state in (*_OVER, _S.SUPPRESSED)},
    **{(state, Course.HIDDEN): _S.SUPPRESSED for state in (*_OVER, *ANNUNCIATED)},
    (_S.UNACKNOWLEDGED, Course.OVER): _S.RETURNED,
    (_S.UNACKNOWLEDGED, Course.OVER_LATCHED): _S.LATCHED_UNACKNOWLEDGED,
    (_S.ACKNOWLEDGED, Course.OVER): _S.NORMAL,
    (_S.ACKNOWLEDGED, Course.OVER_LATCHED): _S.LATCHED,
    (_S.SUPPRESSED, Course.OVER): _S.NORMAL,
    (_S.SUPPRESSED, Course.OVER_LATCHED): _S.NORMAL,
}
"""Where an alarm goes by itself; else it stays. What an operator took aside stays aside."""

REQUESTS: dict[tuple[AlarmState, AlarmAction], AlarmState] = {
    (_S.UNACKNOWLEDGED, _A.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.RETURNED, _A.ACKNOWLEDGE): _S.NORMAL,
    (_S.LATCHED_UNACKNOWLEDGED, _A.ACKNOWLEDGE): _S.LATCHED,
    (_S.LATCHED, _A.RESET): _S.NORMAL,
    **{(state, _A.SHELVE): _S.SHELVED for state in _S if state is not _S.OUT_OF_SERVICE},
    (_S.SHELVED, _A.UNSHELVE): _S.NORMAL,
    **{(state, _A.OUT_OF_SERVICE): _S.OUT_OF_SERVICE for state in _S if state is not _S.OUT_OF_SERVICE},
    (_S.OUT_OF_SERVICE, _A.IN_SERVICE): _S.NORMAL,
}
"""Where an operator's request leads; what is not here is not allowed. NORMAL from aside: wherever it belongs then."""

TRANSITIONS: dict[AlarmState, frozenset[AlarmState]] = {
    state: frozenset(
        {to for (at, _), to in BY_ITSELF.items() if at is (_S.NORMAL if state in BY_HAND else state)}
        | {to for (at, _), to in REQUESTS.items() if at is state and to is not state}
    )
    for state in AlarmState
}
"""To which states each state may go."""


def next_state(state: AlarmState, active: bool, suppressed: bool, latched: bool) -> AlarmState:
    """Where an alarm goes by itself."""
    if active:
        course = Course.HIDDEN if suppressed else Course.ACTIVE
    else:
        course = Course.OVER_LATCHED if latched else Course.OVER
    return BY_ITSELF.get((state, course), state)


def requested_state(kind: AlarmKind, state: AlarmState, action: AlarmAction) -> AlarmState | None:
    """Where an operator's request leads, None = nowhere. To take over is for FENCED only, to take a configuration for
    CONFIG_REFUSED only; both change none.
    """
    if action is AlarmAction.TAKE_CONFIG:
        return state if kind is AlarmKind.CONFIG_REFUSED else None
    if action is AlarmAction.TAKE_OVER:
        return state if kind is AlarmKind.FENCED and state in ANNUNCIATED else None
    return REQUESTS.get((state, action))


class Alarms:
    """All alarms of one controller. Every call gives what changed, in order."""

    def __init__(self, state: AlarmsState) -> None:
        self._state = state
        self._rules: dict[AlarmKind, AlarmRule] = {rule.kind: rule for rule in state.rules}
        self._next_us: int | None = None
        self._named = self._texts_follow = self._flapping_counts = False
        self._find_next()

    def decide(self, flags: Collection[str]) -> None:
        """``flags``: the decision flags in force."""
        self._named = REFUSALS_NAMED in flags
        self._texts_follow = TEXTS_FOLLOW in flags
        self._flapping_counts = FLAPPING_COUNTS in flags

    def deadline_us(self) -> int | None:
        """When a delay or a shelving ends; None = none is under way."""
        return self._next_us

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def started(self, given: Started, set_back_us: int) -> list[AlarmChanged]:
        """New rules and lines. ``set_back_us``: by how much the host's clock was set back since the newest input.

        A new controller's own parts are good until told otherwise; alarms without a rule or a place are gone.
        """
        self._state.controller = given.controller
        self._state.rules = list(given.alarms)
        self._rules = {rule.kind: rule for rule in given.alarms}
        known = self._state.alarms
        for record in known.values():
            record.due_us -= set_back_us if record.due_us else 0
            record.until_us -= set_back_us if record.until_us else 0
            record.lost_us -= set_back_us if record.lost_us else 0
            record.well_us -= set_back_us if record.well_us else 0
            record.since_us -= set_back_us
        places = dict(places_of(given))
        out: list[AlarmChanged] = []
        for name, record in list(known.items()):
            if name in places:
                record.line, record.plc = places[name].line, places[name].plc
            elif not self._is_still_known(record, given):
                del known[name]
                before, record.state, record.active = record.state, AlarmState.NORMAL, False
                if before is not AlarmState.NORMAL:
                    out.append(self._told(name, record, before, given.at_us))
        for name, record in places.items():
            known.setdefault(name, record)
        for kind in PARTS if not given.running else ():
            out += self.take(Condition(kind, "", False, ""), given.at_us)
        self._find_next()
        return out + self._follow(given.at_us)

    def plc_began_anew(self, plc: str, at_us: int) -> list[AlarmChanged]:
        """A PLC's new session: it tells again what is jammed or stopped."""
        out: list[AlarmChanged] = []
        for name, record in list(self._state.alarms.items()):
            if record.plc == plc and record.kind in (AlarmKind.JAM, AlarmKind.MACHINE_STOPPED):
                out += self.take(Condition(record.kind, name.partition(".")[2], False, ""), at_us)
        return out

    def take(self, fact: Fact, at_us: int) -> list[AlarmChanged]:
        """One fact."""
        rule = self._rules.get(fact.kind)
        if rule is None:
            return []
        name = identity(fact.kind, fact.place or self._state.controller)
        record = self._state.alarms.get(name)
        if record is None:
            if fact.kind not in UNPLACED:
                return []
            plc = "" if fact.kind is AlarmKind.TARGET_DOWN else fact.place.partition(".")[0]
            record = self._state.alarms[name] = AlarmRecord(fact.kind, "", plc)
        seen = record.text
        match fact:
            case Attempt():
                changed = self._sample(name, record, rule, fact, at_us)
            case Condition():
                if fact.on:
                    record.text = fact.text
                changed = self._set_condition(record, rule, fact.on, at_us)
            case Moment():
                if self._cause_of(name, record):  # it happened because of that
                    return []
                record.text = fact.text
                changed = self._set_condition(record, rule, True, at_us)
                changed |= self._set_condition(record, rule, False, at_us)
            case _:
                assert_never(fact)
        if not changed and record.text == seen:
            return []
        if changed:
            self._find_next()
        out = self._follow(at_us) if changed else []
        other = record.active and record.text != seen and fact.kind is not AlarmKind.WRONG_LOAD
        if self._texts_follow and other and not any(one.alarm == name for one in out):
            out.append(self._told(name, record, record.state, at_us))
        return out

    def pass_time(self, at_us: int) -> list[AlarmChanged]:
        """Ends the delays and shelvings that are due."""
        if self._next_us is None or self._next_us > at_us:
            return []
        out: list[AlarmChanged] = []
        for record in self._state.alarms.values():
            if record.due_us and record.due_us <= at_us:
                self._set_active(record, record.condition, record.due_us)
        for name, record in self._state.alarms.items():
            if record.until_us and record.until_us <= at_us:
                record.by = record.comment = ""
                out.append(self._back(name, record, at_us))
        self._find_next()
        return out + self._follow(at_us)

    def request(self, given: AlarmRequested) -> list[AlarmChanged]:
        """An operator's request; nothing where the alarm is another controller's or its state does not have it."""
        record = self._state.alarms.get(given.alarm)
        target = None if record is None else requested_state(record.kind, record.state, given.action)
        if record is None or target is None or given.action is AlarmAction.TAKE_CONFIG:
            return []  # of the last the controller says what came of it
        before = record.state
        record.by, record.comment = given.by, given.comment
        if before in BY_HAND and target is AlarmState.NORMAL:
            out = [self._back(given.alarm, record, given.at_us)]
        else:
            record.state, record.suppressed_by, record.until_us = target, "", 0
            if target is AlarmState.SHELVED:
                longest_us = self._rules[record.kind].shelve_max_us
                record.until_us = given.at_us + max(1, min(given.for_us, longest_us))
            out = [self._told(given.alarm, record, before, given.at_us)]
        self._find_next()
        return out + self._follow(given.at_us)

    def _is_still_known(self, record: AlarmRecord, given: Started) -> bool:
        plcs = {layout.plc for layout in given.layouts}
        return record.kind in UNPLACED and record.plc in plcs and record.kind in self._rules

    # ---- delays and shares -------------------------------------------------------------------------------------------

    def _set_condition(self, record: AlarmRecord, rule: AlarmRule, on: bool, at_us: int) -> bool:
        """Takes a condition as told now; whether anything is different, be it only a deadline."""
        if record.condition == on:
            return False
        record.condition = on
        delay_us = rule.on_delay_us if on else rule.off_delay_us
        if record.kind in MOMENTS:
            delay_us = 0 if on else max(1, delay_us)
        if self._flapping_counts and record.kind in DEVICES:
            if not on:
                record.well_us = at_us + delay_us
            else:
                if at_us >= record.well_us:
                    record.lost_us = at_us
                delay_us = max(0, record.lost_us + delay_us - at_us)
        if on == record.active:
            record.due_us = 0
        elif delay_us:
            record.due_us = at_us + delay_us
        else:
            self._set_active(record, on, at_us)
        return True

    def _set_active(self, record: AlarmRecord, active: bool, at_us: int) -> None:
        record.active, record.since_us, record.due_us = active, at_us, 0

    def _sample(self, name: str, record: AlarmRecord, rule: AlarmRule, fact: Attempt, at_us: int) -> bool:
        """Takes one item into a share. What goes wrong because of another alarm does not count."""
        bad = fact.bad
        if bad and self._cause_of(name, record):
            return False
        record.history = (record.history << 1 | bad) & (1 << RECENT) - 1
        record.known = min(RECENT, record.known + 1)
        wrong = record.history.bit_count()
        share = wrong / max(FEWEST, record.known)
        if record.condition:
            return share <= rule.limit - rule.deadband + _ROUNDING and self._set_condition(record, rule, False, at_us)
        if wrong and share >= rule.limit - _ROUNDING:
            why = f", the newest: {fact.text}" if self._named and bad and fact.text else ""
            record.text = f"{wrong} of the last {record.known}{why}"
            return self._set_condition(record, rule, True, at_us)
        return False

    def _find_next(self) -> None:
        times = (time for record in self._state.alarms.values() for time in (record.due_us, record.until_us) if time)
        self._next_us = min(times, default=None)

    # ---- states ------------------------------------------------------------------------------------------------------

    def _follow(self, at_us: int) -> list[AlarmChanged]:
        """Brings every state to where its condition and its causes lead; what became active first comes first."""
        out: list[AlarmChanged] = []
        for name, record in sorted(self._state.alarms.items(), key=_by_time):
            before = record.state
            cause = self._cause_of(name, record) if record.active else ""
            after = next_state(before, record.active, bool(cause), self._rules[record.kind].latched)
            if after is not before:
                record.by = record.comment = ""
                self._enter(name, record, after, cause)
            if after is not before or record.active != record.told:
                out.append(self._told(name, record, before, at_us))
        return out

    def _back(self, name: str, record: AlarmRecord, at_us: int) -> AlarmChanged:
        """From the shelf, or in service again."""
        before = record.state
        cause = self._cause_of(name, record) if record.active else ""
        record.until_us = 0
        self._enter(name, record, next_state(AlarmState.NORMAL, record.active, bool(cause), False), cause)
        return self._told(name, record, before, at_us)

    def _enter(self, name: str, record: AlarmRecord, state: AlarmState, cause: str) -> None:
        if state is AlarmState.UNACKNOWLEDGED:
            record.first_out = not any(
                other.plc == record.plc and other.active and other.state in ANNUNCIATED
                for known, other in self._state.alarms.items()
                if known != name
            )
        record.state = state
        record.suppressed_by = cause if state is AlarmState.SUPPRESSED else ""

    def _cause_of(self, name: str, record: AlarmRecord) -> str:
        """The name of an active alarm that is the cause of this one; out of service, an alarm is no cause."""
        for kind in SUPPRESSED_BY.get(record.kind, ()):
            for other_name, other in self._state.alarms.items():
                if other.kind is not kind or not other.active or other.state is AlarmState.OUT_OF_SERVICE:
                    continue
                if other.plc not in ("", record.plc) or other.line not in ("", record.line):
                    continue
                if kind is not record.kind or (other.since_us, other_name) < (record.since_us, name):
                    return other_name
        return ""

    def _told(self, name: str, record: AlarmRecord, before: AlarmState, at_us: int) -> AlarmChanged:
        rule = self._rules.get(record.kind) or next(rule for rule in RULES if rule.kind is record.kind)
        record.told = record.active
        return AlarmChanged(
            at_us=at_us,
            line=record.line,
            alarm=name,
            kind=record.kind,
            plc=record.plc,
            before=before,
            state=record.state,
            active=record.active,
            since_us=record.since_us,
            priority=rule.priority,
            text=record.text,
            cause=rule.cause,
            consequence=rule.consequence,
            action=rule.action,
            by=record.by,
            comment=record.comment,
            until_us=record.until_us,
            first_out=record.first_out and record.state in ANNUNCIATED,
            suppressed_by=record.suppressed_by,
        )


def unraised(given: Started) -> Iterator[AlarmChanged]:
    """Every alarm that a controller has from the start, normal, as if never raised."""
    rules = {rule.kind: rule for rule in given.alarms}
    for name, record in places_of(given):
        rule, normal = rules[record.kind], AlarmState.NORMAL
        yield AlarmChanged(
            at_us=0,
            line=record.line,
            alarm=name,
            kind=record.kind,
            plc=record.plc,
            before=normal,
            state=normal,
            active=False,
            since_us=0,
            priority=rule.priority,
            text="",
            cause=rule.cause,
            consequence=rule.consequence,
            action=rule.action,
        )


def places_of(given: Started) -> Iterator[tuple[str, AlarmRecord]]:
    """Every alarm that a controller has from the start, by its name."""
    for kind in (rule.kind for rule in given.alarms):
        for place, line, plc in _places(kind, given):
            yield identity(kind, place), AlarmRecord(kind, line, plc)


def _places(kind: AlarmKind, given: Started) -> Iterator[tuple[str, str, str]]:
    match kind:
        case (
            AlarmKind.SITE_STORE_DOWN
            | AlarmKind.FEED_CHANGED
            | AlarmKind.PROGRAM_FAULT
            | AlarmKind.JOURNAL_DOWN
            | AlarmKind.JOURNAL_FULL
            | AlarmKind.DISK_LOW
            | AlarmKind.DISK_SLOW
            | AlarmKind.FILE_DAMAGED
            | AlarmKind.CONFIG_REFUSED
            | AlarmKind.NO_STANDBY
        ):
            yield given.controller, "", ""
        case (
            AlarmKind.PLC_DOWN
            | AlarmKind.INCOMPATIBLE
            | AlarmKind.FENCED
            | AlarmKind.OTHER_HOST
            | AlarmKind.EVENTS_MISSED
            | AlarmKind.COMMANDS_REFUSED
            | AlarmKind.MACHINE_STOPPED
        ):
            for plc in _plcs(given):
                yield plc, "", plc
        case AlarmKind.READER_DOWN | AlarmKind.READER_FLOODS:
            yield from _readers(given)
        case AlarmKind.SCANNER_DOWN | AlarmKind.SCANNER_REFUSED:
            for layout in given.layouts:
                for scanner in layout.scanners:
                    yield scanner, layout.name, layout.plc
        case AlarmKind.WRONG_LOAD:
            for its in given.docks:
                yield its.name, its.name, ""
        case AlarmKind.CERTIFICATE_ENDS:
            for plc in _plcs(given):
                yield f"plc.{plc}", "", plc
            for reader, line, plc in _readers(given):
                yield f"reader.{reader}", line, plc
        case AlarmKind.LANE_FULL:
            for layout in given.layouts:
                for lane in layout.lanes:
                    yield f"{layout.name}.{lane.number}", layout.name, layout.plc
        case (
            AlarmKind.NO_READS
            | AlarmKind.MISSORTS
            | AlarmKind.DEFAULTS
            | AlarmKind.UNCONFIRMED
            | AlarmKind.TOTES_REFUSED
        ):
            for layout in given.layouts:
                if kind is not AlarmKind.TOTES_REFUSED or layout.job is Job.VERIFY:
                    yield layout.name, layout.name, layout.plc
        case AlarmKind.JAM | AlarmKind.POINTS_DOWN | AlarmKind.PACKML_DOWN | AlarmKind.TARGET_DOWN:
            return
        case _:
            assert_never(kind)


def _plcs(given: Started) -> Iterable[str]:
    return dict.fromkeys((*(layout.plc for layout in given.layouts), *_dock_plcs(given)))


def _readers(given: Started) -> Iterator[tuple[str, str, str]]:
    """Each reader with its line and that line's PLC, or with its dock."""
    for layout in given.layouts:
        for reader in layout.readers:
            yield reader, layout.name, layout.plc
    for reader, dock in {dock.reader: dock.name for dock in given.docks}.items():
        yield reader, dock, ""


def _dock_plcs(given: Started) -> Iterator[str]:
    for dock in given.docks:
        if dock.eyes is not None:
            yield dock.eyes.plc
        for output in (dock.light, dock.buzzer):
            if output is not None and output.device.startswith("plc."):
                yield output.device.removeprefix("plc.")


def _by_time(item: tuple[str, AlarmRecord]) -> tuple[int, str]:
    return item[1].since_us, item[0]
