"""The core: routes inputs to lines, decides, merges deadlines. The one entrance to all decisions of a controller.

Public names: Core, DOORS, ALARMS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import assert_never

from edge.core.alarms.alarms import Alarms
from edge.core.alarms.facts import REFUSAL_TEXT, facts
from edge.core.book import BY_STATE, STOPS, OrderBook
from edge.core.dock.gate import Gate
from edge.core.events import (
    AlarmDue,
    AlarmRequested,
    Anomaly,
    AnomalyCode,
    BarcodesRead,
    CertificateChecked,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    DoorSeen,
    EventsMissed,
    Expected,
    FeedFollowed,
    Input,
    InputFailed,
    ItemReleased,
    LaneRequested,
    LinesTaken,
    LoadRequested,
    MachineReported,
    Measured,
    OrderChanged,
    OrderShipped,
    OutputSet,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    PointChanged,
    PointWriteRequested,
    PointWritten,
    Route,
    SetLane,
    Stage,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line import trial
from edge.core.line.closing import bound_for, role_problems, with_closing
from edge.core.line.decide import TURNED, decide, turnable, turned
from edge.core.line.journey import (
    ROUTED_RULES,
    ended,
    inducted,
    keeps_lane,
    lane_changed,
    lanes_seen,
    passed_eye,
    routed,
)
from edge.core.line.line import CHECKED, KEPT, NEVER_US, Line, PortalSight, Result
from edge.core.portal.flood import FloodWatch
from edge.core.totes import names_by, plans_of
from edge.core.values.dock import DockLayout
from edge.core.values.flags import check_flags
from edge.core.values.layout import Job, LineLayout
from edge.core.values.state import CoreState, LineState, PlcState
from edge.core.values.track import RouteState, Track, Turn
from edge.core.values.verdicts import Trial
from plc.packml import PackmlState, state_name
from plc.words import EventType, Opcode, serial_after
from rfid.epc.identity import fresh_identity

LANE_VALID_US = 5_000_000
TEXT_BODY = 200
"""Characters of an input that a text shows."""
UNJOURNALED = frozenset((Tick, TagsRead))
"""Inputs of which no record is kept."""
DOORS, ALARMS = "doors", "alarms"
"""What falls due by time and is no line's; a line is `line.<name>`."""


class Core:
    """All lines and dock doors of one controller.

    ``step`` never raises for what the floor does; UnknownFlag for a Started, or a state, of a newer version. Where it
    raises all the same, a fault of ours, what it remembers may be half changed: a core made from the journal takes
    over. ``acting``: what was due by time when it raised, DOORS, ALARMS or a line; the input had been taken then, and
    ``done`` had followed. Empty = the input itself. ``weighing``: the passage that it was about, None = none. ``live``
    False: portals and doors report nothing of their own, so that journaled PassageSeen and DoorSeen can be given as
    inputs (start after a crash, replay). A state decides by its own lines and doors, where it tells them.
    """

    def __init__(
        self,
        layouts: Iterable[LineLayout],
        state: CoreState | None = None,
        *,
        docks: Iterable[DockLayout] = (),
        live: bool = True,
    ) -> None:
        self.state = CoreState() if state is None else state
        self.live = live
        self.book = OrderBook(self.state.book, by_state=False, stops=False)
        self._keeps = self._checks = self._turns = self._routed = False
        self._alarms = Alarms(self.state.alarms)
        self._lines: dict[str, Line] = {}
        self._by_plc: dict[str, list[Line]] = {}
        self._by_reader: dict[str, Line] = {}
        self._dues_us: dict[str, int] = {}
        self._soonest_us = NEVER_US
        self._stepped: set[str] = set()  # lines and DOORS that the newest step may have changed since ``done``
        self._stepped_before: set[str] = set()  # and before that
        self._rests: dict[str, int] = {}
        self.acting = ""
        self._out: list[Result] = []
        self._done = 0
        self.weighing: PassageSeen | None = None
        self._touched: set[str] = set()  # lines of which it is not known any more when they are due
        if (started := self.state.started) is None:
            self._take_layouts(layouts, docks)
        else:
            self._take_flags(started)
            self._take_layouts(started.layouts, started.docks)

    def deadline_us(self) -> int | None:
        """When to give a Tick at the latest; None = nothing is waiting for time."""
        due_us = self._lines_due_us()
        for time_us in (self._rested(ALARMS, self._due_us()), self._rested(DOORS, self._gate.doors.deadline_us())):
            due_us = due_us if time_us is None else min(due_us, time_us)
        return None if due_us == NEVER_US else due_us

    def _lines_due_us(self) -> int:
        """When the first of the lines is due; NEVER_US without any."""
        if self._touched:
            for name in self._touched:
                self._dues_us[name] = max(self._lines[name].due_us(), self._rests.get(f"line.{name}", 0))
            self._touched.clear()
            self._soonest_us = min(self._dues_us.values())
        return self._soonest_us

    def _rested(self, part: str, due_us: int | None) -> int | None:
        return due_us if due_us is None or not self._rests else max(due_us, self._rests.get(part, 0))

    def _due_us(self) -> int | None:
        """When a delay of an alarm or the time of a door's light is over."""
        alarm_us, light_us = self._alarms.deadline_us(), self._gate.deadline_us()
        if alarm_us is None or light_us is None:
            return light_us if alarm_us is None else alarm_us
        return min(alarm_us, light_us)

    def step(self, given: Input) -> list[Result]:  # noqa: C901  the one entrance: a case for each input
        """Takes one input and returns what follows from it, in order; first the cases of what comes with each item."""
        out: list[Result] = []
        self._stepped.clear()
        self._stepped_before.clear()
        journaled = type(given) not in UNJOURNALED
        if journaled:
            self._pass_time(given.at_us, out)
        match given:
            case PlcEvent():
                self._concern(self._by_plc.get(given.plc, ()))
                self._plc_event(given, out)
            case CommandSent():
                self._concern(self._by_plc.get(given.plc, ()))
                if given.found and self._routed:
                    self._plc(given).found[given.value] = given.target, given.seq
                else:
                    self._command_sent(given)
            case CommandHandled():
                if given.opcode == Opcode.ROUTE:
                    for _, track in self._tracks(given.plc, given.value):
                        if track.route_seq == given.seq:
                            track.take(Turn.HANDLED)
            case PassageSeen():
                if (seen_by := self._lines.get(given.line)) is not None:
                    self._concern((seen_by,))
                    if (sight := seen_by.sight(given.portal)) is not None:
                        sight.portal.reported(given)
                        decide(seen_by, given, out)
            case TagsRead():
                self._tags_read(given, out)
            case Tick() | AlarmDue() | Measured() | PointChanged() | PointWritten() | CertificateChecked():
                pass
            case BarcodesRead():
                scanned_by = self._by_reader.get(given.reader)
                if scanned_by is not None:
                    self._concern((scanned_by,))
                    scanned_by.sight_of(given.reader).scans.read(given)
            case PointWriteRequested():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
            case MachineReported():
                if (known := self.state.plcs.get(given.plc)) is not None:
                    known.machine = given.state
            case DoorSeen():
                self._gate.decide(given, out)
            case InputFailed():
                self._concern([line for line in self._lines.values() if line.name == given.line])
                self._set_aside(given, out)
            case FeedFollowed():
                self.state.feed_epochs, self.state.feed_known = given.epochs, given.known
                if given.anew:
                    self.state.feed_seq = 0
                self._gate.loads.take(given)
            case LinesTaken():
                self._concern(self._lines.values())
                self._lines_taken(given)
            case OrderChanged():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
                turns = self._turns and self.book.order(given.order.id) is not None
                moving = turnable(self._lines.values(), given.order.id, given.at_us) if turns else []
                self.book.put(given.order, again=0 < given.feed_seq <= self.state.feed_known)
                self._concern(one.line for one in moving)
                for one in moving:
                    turned(one, given.at_us, out)
                if (order := self.book.order(given.order.id)) is not None:
                    self._gate.recall(order, given.at_us, out)
                self._gate.loads.take(given)
            case ItemReleased():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
                self.book.release(given.epc)
            case LaneRequested():
                self._lane_requested(given, out)
            case AlarmRequested():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
                out += self._alarms.request(given)
                self._gate.acknowledge(given, out)
            case LoadRequested():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
                self._gate.request(given, out)
            case OutputSet():
                pass
            case PlcConnected():
                self._concern(self._by_plc.get(given.plc, ()))
                self._plc_connected(given, out)
                self._gate.device_up(f"plc.{given.plc}", out)
            case CommandDropped():
                track_id = given.value if given.opcode == Opcode.ROUTE else 0
                what = f"opcode {given.opcode} for {given.value}, target {given.target}"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line=self._line_of_track(given.plc, track_id),
                        code=AnomalyCode.COMMAND_DROPPED,
                        text=f"{given.plc}: {what}: {given.why}",
                        track_id=track_id,
                    )
                )
            case EventsMissed():
                what = (
                    f"events {given.first} to {given.last} never came"
                    if given.first or given.last
                    else "buffer ran over"
                )
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line="",
                        code=AnomalyCode.EVENTS_MISSED,
                        text=f"{given.plc}: {what}, {given.count} lost",
                        track_id=0,
                        subject=given.plc,
                    )
                )
            case DeviceNotice():
                if given.code is AnomalyCode.CLOCK_JUMPED:
                    for line in self._lines.values():
                        for its, sight in zip(line.layout.portals, line.sights, strict=False):
                            if given.device in (line.layout.plc, *its.readers):
                                sight.portal.clock_moved(given.device)
                _noticed(given, out)
            case DeviceChanged():
                self._concern(self._lines.values())
                kind, _, name = given.device.partition(".")
                watched_by = self._by_reader.get(name) if kind == "reader" else None
                if watched_by is not None:
                    watched_by.reader_changed(name, "" if given.up else given.reason, given.at_us)
                if kind == "reader" and given.up:
                    self._gate.device_up(given.device, out)
            case Started():
                self._concern(self._lines.values())
                self._started(given, out)
            case _:
                assert_never(given)
        if journaled:
            self._tell_alarms(given, out, 0)
            self.state.at_us = given.at_us
        if self.live:
            self._time_went_by(given.at_us, out)
        return out

    def _concern(self, lines: Iterable[Line]) -> None:
        """These lines may be due at another time now, and are not whole any more where this step raises."""
        for line in lines:
            self._touched.add(line.name)
            self._stepped.add(line.name)

    def _pass_time(self, at_us: int, out: list[Result]) -> None:
        due_us = self._due_us()
        if due_us is not None and due_us <= at_us:
            out += self._gate.pass_time(at_us)
            out += self._alarms.pass_time(at_us)

    def _started(self, given: Started, out: list[Result]) -> None:
        self._take_flags(given)
        self.state.started = given
        set_back_us = max(0, self.state.at_us - given.at_us)
        if given.running:
            self._follow_layouts(given.layouts, given.docks)
        else:
            self._take_layouts(given.layouts, given.docks)
        self._gate.loads.take(given)
        out += self._alarms.started(given, set_back_us)
        if set_back_us:
            self._gate.clock_set_back(set_back_us)
            for line in self._lines.values():
                for sight in line.sights:
                    sight.portal.clock_set_back()
                for track in line.state.tracks.values():
                    track.due_us = given.at_us

    def _lines_taken(self, given: LinesTaken) -> None:
        """Goes on with lines and PLCs as another controller told them; of its readers nothing is known yet."""
        self.state.lines = deepcopy(given.lines)
        self.state.plcs = deepcopy(given.plcs)
        self.state.book.bound.update(given.bound)
        if given.loads is not None:
            self.state.loads = deepcopy(given.loads)
        if (started := self.state.started) is not None:
            self._take_layouts(started.layouts, started.docks)
            self._gate.loads.take(started)

    def _take_flags(self, started: Started) -> None:
        check_flags(started.flags)
        self.book.decide(BY_STATE in started.flags, STOPS in started.flags)
        self._keeps = KEPT in started.flags
        self._checks = CHECKED in started.flags
        self._turns = TURNED in started.flags
        self._routed = ROUTED_RULES in started.flags
        self._alarms.decide(started.flags)

    def _tell_alarms(self, given: Input, out: list[Result], since: int) -> None:
        """Gives the alarms an input and what followed from it, ``out[since:]``."""
        changes: list[Result] = []
        for value in (given, *out[since:]):
            if type(value) is OrderShipped:
                self._gate.loads.take(value, self.book.order(value.order))
            for fact in facts(value):
                changes += self._alarms.take(fact, given.at_us)
        out += changes

    def _take_layouts(self, layouts: Iterable[LineLayout], docks: Iterable[DockLayout]) -> None:
        self._gate = Gate(docks, self.state.loads, self.book)
        self._floods: dict[str, FloodWatch] = {}
        self._lines.clear()
        self._place(layouts)

    def _follow_layouts(self, layouts: Iterable[LineLayout], docks: Iterable[DockLayout]) -> None:
        """As _take_layouts, while the lines run: what their readers told is not forgotten."""
        self._gate.follow(docks)
        self._place(layouts)

    def _place(self, layouts: Iterable[LineLayout]) -> None:
        before = dict(self._lines)
        self._lines.clear()
        self._by_plc.clear()
        self._by_reader.clear()
        for layout in layouts:
            line = before.get(layout.name)
            if line is None:
                state = self.state.lines.setdefault(layout.name, LineState())
                line = Line(layout, state, self.book, self._keeps, self._checks)
            else:
                line.follow(layout)
            self._lines[layout.name] = line
            self._by_plc.setdefault(layout.plc, []).append(line)
            for reader in (*layout.readers, *layout.scanners):
                self._by_reader[reader] = line
        self._totes = names_by(plans_of(line.layout.totes for line in self._lines.values()))
        readers = (*self._by_reader, *(dock.reader for dock in self._gate.docks.values()))
        self._floods = {reader: self._floods.get(reader) or FloodWatch(reader) for reader in readers}
        self._dues_us = dict.fromkeys(self._lines, NEVER_US)  # in the lines' order, which is that of what is told
        self._soonest_us = NEVER_US
        self._touched = set(self._lines)

    # ---- another configuration ---------------------------------------------------------------------------------------

    def following(self, layouts: Iterable[LineLayout]) -> tuple[LineLayout, ...]:
        """By which layouts to go on now: those given, with the lanes that must close first (`edge.core.line.closing`).

        The same again once all have closed.
        """
        before = () if self.state.started is None else self.state.started.layouts
        bound = {name: bound_for(line) for name, line in self.state.lines.items()}
        return with_closing(before, layouts, bound)

    def held(self, layouts: Iterable[LineLayout], docks: Iterable[DockLayout]) -> list[str]:
        """What the floor does not allow now of other lines and doors, as problems of a configuration."""
        found = self._gate.held(docks)
        for after in layouts:
            if (line := self._lines.get(after.name)) is not None:
                found += role_problems(line.layout, after, bound_for(line.state))
        return found

    def on_belt(self, line: str) -> int:
        """How many are between a line's induction and their end."""
        known = self.state.lines.get(line)
        return 0 if known is None else sum(not track.ended for track in known.tracks.values())

    # ---- after a fault -----------------------------------------------------------------------------------------------

    def take_over(self, before: Core, whole: bool = False) -> list[LineLayout]:
        """Goes on for a core whose newest step raised: with its lines, doors and counts that this step did not concern.

        ``whole``: nothing of that step counts, not even what was ``done`` before it raised, if it did.
        Call it on what the journal gives, once, before any step. Returns the layouts of the lines that go on with what
        the journal says of them alone: they know no reads, and of no reader that it is there.
        """
        anew: list[LineLayout] = []
        stepped = before._stepped | before._stepped_before if whole else before._stepped
        for name, line in before._lines.items():
            if name in stepped:
                anew.append(line.layout)
                continue
            line.book = self.book
            self.state.lines[name] = line.state
            self._lines[name] = line
        self._by_plc.clear()
        for line in self._lines.values():
            self._by_plc.setdefault(line.layout.plc, []).append(line)
            for reader in (*line.layout.readers, *line.layout.scanners):
                self._by_reader[reader] = line
        if DOORS not in stepped:
            self._gate.doors = before._gate.doors
        for reader, watch in before._floods.items():
            at = self._by_reader.get(reader)
            if (DOORS if at is None else at.name) in stepped:
                self._floods[reader].left_out = watch.left_out
            else:
                self._floods[reader] = watch
        self._rests = before._rests
        self._touched = set(self._lines)
        return anew

    def rest(self, part: str, until_us: int) -> None:
        """What is due of a part is not looked at before a time: it raised (``acting``)."""
        self._rests[part] = until_us
        self._touched = set(self._lines)

    def _set_aside(self, given: InputFailed, out: list[Result]) -> None:
        self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
        if (line := self._lines.get(given.line)) is not None:
            line.state.tracks.pop(given.track_id, None)
            for sight in line.sights:
                sight.portal.give_up(given.passage)
        if given.plc:
            plc = self.state.plcs.get(given.plc)
            if plc is None or plc.session != given.session:
                plc = self.state.plcs[given.plc] = PlcState(given.session, 0, 0)
            plc.event_seq = plc.event_seq if given.event_seq is None else given.event_seq
            plc.command_seq = plc.command_seq if given.command_seq is None else given.command_seq
        text = f"{given.source}: a fault of this program at {given.kind} {given.body[:TEXT_BODY]}: {given.why}"
        code = AnomalyCode.INPUT_FAILED
        out.append(
            Anomaly(at_us=given.at_us, line="", code=code, text=text, track_id=given.track_id, subject=given.source)
        )

    # ---- PLC ---------------------------------------------------------------------------------------------------------

    def _plc_connected(self, given: PlcConnected, out: list[Result]) -> None:
        known = self.state.plcs.get(given.plc)
        if known is None or given.fresh or known.session != given.session:
            self.state.plcs[given.plc] = PlcState(
                given.session, given.event_acked, given.command_head, given.events_lost
            )
        if given.fresh:
            out += self._alarms.plc_began_anew(given.plc, given.at_us)
        for line in self._by_plc.get(given.plc, ()):
            if given.fresh:
                line.state.sightings.clear()
            if given.fresh and line.state.tracks:
                count = len(line.state.tracks)
                line.state.tracks.clear()
                text = f"{given.plc} started anew (session {given.session}): {count} tracks are unknown to it"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line=line.name,
                        code=AnomalyCode.PLC_RESTARTED,
                        text=text,
                        track_id=0,
                        subject=given.plc,
                    )
                )
            lanes_seen(line, given, out)
        if self._routed:
            self._routes_kept(given, out)
        else:
            for sent in given.found:
                self._command_sent(sent)
        if not given.resumed:
            # Decided before the crash, but the write did not reach the PLC: the same lane once more.
            for line in self._by_plc.get(given.plc, ()):
                for track in line.state.tracks.values():
                    lost = track.route_seq is None or serial_after(track.route_seq, given.command_head)
                    if track.route is RouteState.DECIDED and track.inducted and not track.ended and lost:
                        out.append(Route(given.plc, track.track_id, track.lane, track.expiry_ms))

    def _routes_kept(self, given: PlcConnected, out: list[Result]) -> None:
        """What the PLC has, rules over what was decided again; a ROUTE that is older than a track's own is none."""
        plc = self.state.plcs[given.plc]
        if serial_after(plc.command_seq, given.command_head):
            plc.command_seq = given.command_head  # newer ones never arrived, and their sequences are given out again
        newest, plc.news_to = plc.command_seq, given.news_to
        for sent in given.found:
            tracks = list(self._tracks(given.plc, sent.value)) if sent.opcode == Opcode.ROUTE else []
            if any(track.route_seq is not None and not serial_after(sent.seq, track.route_seq) for _, track in tracks):
                continue
            for line, track in tracks:
                keeps_lane(line, track, sent.target, given, out)
            self._command_sent(sent)
            newest = sent.seq if serial_after(sent.seq, newest) else newest
        plc.command_seq = newest

    def _plc(self, given: CommandSent | PlcEvent) -> PlcState:
        plc = self.state.plcs.get(given.plc)
        if plc is None or plc.session != given.session:
            plc = self.state.plcs[given.plc] = PlcState(given.session, 0, 0)
        return plc

    def _command_sent(self, given: CommandSent) -> None:
        self._plc(given).command_seq = given.seq
        if given.opcode != Opcode.ROUTE:
            return
        turn = Turn.SENT if not given.found else Turn.FOUND if given.target else Turn.FOUND_EMPTY
        known = [track for _, track in self._tracks(given.plc, given.value)]
        if given.found and not known:
            # Its INDUCTED was not stored either and comes again: the parcel keeps the route it has.
            for line in self._by_plc.get(given.plc, ()):
                if given.target in line.lanes:
                    known = [line.state.tracks.setdefault(given.value, Track(given.value))]
                    break
        for track in known:
            track.route_seq = given.seq
            track.take(turn)
            if given.found:
                track.lane = given.target

    def _plc_event(self, given: PlcEvent, out: list[Result]) -> None:
        self._plc(given).event_seq = given.seq
        self._stepped.add(DOORS)
        self._gate.doors.eye(given)
        lines = self._by_plc.get(given.plc, [])
        for line in lines:
            for sight in line.sights:
                sight.portal.told(given.device_us, given.at_us)
        match given.type:
            case EventType.INDUCTED:
                self._inducted(given, lines, out)
            case EventType.ENTERED | EventType.LEFT:
                for line in lines:
                    passed_eye(line, given)
            case EventType.DIVERTED | EventType.DEFAULTED | EventType.DIVERT_FAILED | EventType.LOST:
                for line, track in self._tracks(given.plc, given.track_id):
                    ended(line, track, given, out)
                    return
                text = f"{given.plc}: event type {given.type} at {given.station} for a track that no line knows"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line="",
                        code=AnomalyCode.UNKNOWN_TRACK,
                        text=text,
                        track_id=given.track_id,
                        subject=given.plc,
                    )
                )
            case EventType.ROUTED if self._routed:
                self._route_accepted(given, out)
            case EventType.LANE:
                for line in lines:
                    if given.station in line.lanes:
                        lane_changed(line, given, out)
            case EventType.REFUSED:
                reason = REFUSAL_TEXT.get(given.value, f"reason {given.value}")
                text = f"{given.plc} refused command {given.station}: {reason}"
                name = self._line_of_track(given.plc, given.track_id)
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line=name,
                        code=AnomalyCode.COMMAND_REFUSED,
                        text=text,
                        track_id=given.track_id,
                    )
                )
            case EventType.JAM:
                text = f"jam at photo-eye {given.station} of {given.plc} {'set' if given.value else 'cleared'}"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line="",
                        code=AnomalyCode.JAM if given.value else AnomalyCode.JAM_CLEARED,
                        text=text,
                        track_id=given.track_id,
                        subject=given.plc,
                    )
                )
            case EventType.STRAY:
                text = f"untracked object at photo-eye {given.station} of {given.plc}"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line="",
                        code=AnomalyCode.STRAY,
                        text=text,
                        track_id=given.track_id,
                        subject=given.plc,
                    )
                )
            case EventType.STATE:
                if given.station == 0:
                    self._plc(given).machine = given.value
                if given.station == 0 and given.value != PackmlState.EXECUTE:
                    text = f"{given.plc} left Execute: PackML state {given.value} ({state_name(given.value)})"
                    out.append(
                        Anomaly(
                            at_us=given.at_us,
                            line="",
                            code=AnomalyCode.MACHINE_STATE,
                            text=text,
                            track_id=0,
                            subject=given.plc,
                        )
                    )
            case EventType.INPUT:
                pass
            case _:
                version = 2 if self._routed else 1
                text = f"{given.plc}: event type {given.type} is not in mailbox version {version}"
                out.append(
                    Anomaly(
                        at_us=given.at_us,
                        line="",
                        code=AnomalyCode.UNKNOWN_EVENT,
                        text=text,
                        track_id=given.track_id,
                        subject=given.plc,
                    )
                )

    def _inducted(self, given: PlcEvent, lines: Iterable[Line], out: list[Result]) -> None:
        has = self._plc(given).found.pop(given.track_id, None)
        for line in lines:
            if line.layout.induction == given.station:
                inducted(line, given, out, has)
                return
        text = f"{given.plc}: INDUCTED at station {given.station}, which no line has as its induction"
        out.append(
            Anomaly(
                at_us=given.at_us,
                line="",
                code=AnomalyCode.UNKNOWN_INDUCTION,
                text=text,
                track_id=given.track_id,
                subject=given.plc,
            )
        )

    def _route_accepted(self, given: PlcEvent, out: list[Result]) -> None:
        plc = self._plc(given)
        known = not serial_after(given.value, plc.command_seq)
        plc.command_seq = plc.command_seq if known else given.value
        if plc.news_to is not None and not serial_after(given.seq, plc.news_to):
            known = False
        for line, track in self._tracks(given.plc, given.track_id):
            routed(line, track, given, out, known=known)

    def _lane_requested(self, given: LaneRequested, out: list[Result]) -> None:
        self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
        line = self._lines.get(given.line)
        if line is None:
            return  # another controller's
        if given.trial is not Trial.NONE:
            trial.asked(line, given, out)
            return
        if given.lane not in line.lanes:
            allowed = ", ".join(map(str, line.lanes))
            text = f"{given.by} asked for lane {given.lane}, which is none of {allowed}"
            out.append(Anomaly(at_us=given.at_us, line=given.line, code=AnomalyCode.NO_SUCH_LANE, text=text))
            return
        out.append(SetLane(line.layout.plc, given.lane, given.enabled, LANE_VALID_US))

    def _tracks(self, plc: str, track_id: int) -> Iterable[tuple[Line, Track]]:
        for line in self._by_plc.get(plc, ()):
            track = line.state.tracks.get(track_id)
            if track is not None:
                yield line, track

    def _line_of_track(self, plc: str, track_id: int) -> str:
        return next((line.name for line, _ in self._tracks(plc, track_id)), "")

    # ---- portals -----------------------------------------------------------------------------------------------------

    def _early(self, line: Line, track: Track, now_us: int, out: list[Result]) -> None:
        """A sorter decides when a parcel's own window is over and its scanners have spoken, if nothing is in doubt."""
        if not self.live or line.layout.job is not Job.SORT or track.route is not RouteState.UNDECIDED:
            return
        early_us = line.early_us(track.track_id)
        if early_us is not None and early_us <= now_us:
            self._weighed(line, track, Stage.EARLY, now_us, out)

    def _time_went_by(self, now_us: int, out: list[Result]) -> None:
        if self._lines_due_us() <= now_us:
            for name in [name for name, due_us in self._dues_us.items() if due_us <= now_us]:
                self._touched.add(name)
                self._act(f"line.{name}", out, name)
                self._line_due(self._lines[name], now_us, out)
        due_us = self._rested(DOORS, self._gate.doors.deadline_us())
        if due_us is not None and due_us <= now_us:
            self._act(DOORS, out, DOORS)
            self._door_seen(self._gate.doors.sweep(now_us), out)
        due_us = self._rested(ALARMS, self._due_us())
        if due_us is not None and due_us <= now_us:
            self._act(ALARMS, out)
            self._own(AlarmDue(now_us), out, lambda: None)
        self.acting = ""

    def _act(self, part: str, out: list[Result], *changes: str) -> None:
        """What is before this is done, also when what comes raises; ``changes``: what it may change then."""
        self.acting, self._out, self._done = part, out, len(out)
        self._stepped_before |= self._stepped
        self._stepped.clear()
        self._stepped.update(changes)

    @property
    def done(self) -> list[Result]:
        """What had followed from the newest input before something that was due raised."""
        return self._out[: self._done]

    def _line_due(self, line: Line, now_us: int, out: list[Result]) -> None:
        for sight in line.sights:
            for seen in sight.portal.finals(now_us):
                self._seen(line, sight, seen, out)
        for track in line.undecided():
            if track.due_us <= now_us:
                self._weighed(line, track, Stage.DUE, now_us, out)
            else:
                self._early(line, track, now_us, out)

    def _weighed(self, line: Line, track: Track, stage: Stage, now_us: int, out: list[Result]) -> None:
        """What each portal saw of a track by now, since the one before it did."""
        since_us = 0
        for sight in line.sights:
            self._seen(line, sight, sight.portal.evidence(track.track_id, stage, now_us, since_us), out)
            since_us = sight.portal.entered_us(track.track_id)

    def _seen(self, line: Line, sight: PortalSight, seen: PassageSeen, out: list[Result]) -> None:
        if sight.name:
            seen = replace(seen, portal=sight.name)
        if scans := sight.scans.of(seen.passage):
            seen = replace(seen, scans=scans)
        self.weighing = seen
        if seen.stage is Stage.FINAL:
            sight.scans.seen(seen)
        self._own(seen, out, lambda: decide(line, seen, out))
        self.weighing = None

    def _door_seen(self, found: Iterable[DoorSeen], out: list[Result]) -> None:
        for seen in found:
            self._own(seen, out, lambda seen=seen: self._gate.decide(seen, out))  # type: ignore[misc]

    def _tags_read(self, given: TagsRead, out: list[Result]) -> None:
        """Reads for a portal or a door, without what is too much."""
        watch, line = self._floods.get(given.reader), self._by_reader.get(given.reader)
        if line is not None:
            self._stepped.add(line.name)
        if watch is None:
            return
        taken = watch.take(given.reads, given.at_us, self._expected)
        if line is not None:
            portal = line.sight_of(given.reader).portal
            if taken.left_us is not None:
                portal.leave_out(*taken.left_us, taken.forget)
            portal.read(taken.reads, given.reader, given.at_us)
            if portal.moved:
                self._touched.add(line.name)
        else:
            self._stepped.add(DOORS)
            self._door_seen(self._gate.doors.read(replace(given, reads=taken.reads)), out)
        if taken.notice and self.live:
            notice = DeviceNotice(given.at_us, given.reader, AnomalyCode.READER_FLOODS, taken.notice)
            self._own(notice, out, lambda: _noticed(notice, out))

    def _expected(self, epc: str) -> Expected:
        return self.book.expects(self._totes.of_tag(epc) or fresh_identity(epc))

    def left_out(self) -> dict[str, int]:
        """By reader, how many reads were left out as a flood since the controller began."""
        return {reader: watch.left_out for reader, watch in self._floods.items()}

    def _own(
        self, given: PassageSeen | DoorSeen | AlarmDue | DeviceNotice, out: list[Result], act: Callable[[], None]
    ) -> None:
        """An input that the controller gives itself, treated as when it comes from a journal."""
        out.append(given)
        self.state.at_us = given.at_us
        since = len(out)
        self._pass_time(given.at_us, out)
        act()
        self._tell_alarms(given, out, since)


def _noticed(given: DeviceNotice, out: list[Result]) -> None:
    out.append(Anomaly(at_us=given.at_us, line="", code=given.code, text=given.text, track_id=0, subject=given.device))
