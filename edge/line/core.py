"""The core: routes inputs to stations, decides, merges deadlines. The one entrance to all decisions of a controller.

Public names: Core, REFUSAL_TEXT.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from edge.line.book import OrderBook
from edge.line.events import (
    Anomaly,
    Command,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    Event,
    EventsMissed,
    Finding,
    FindingKind,
    Input,
    LaneChanged,
    LaneRequested,
    OrderChanged,
    OrderShipped,
    Outcome,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    Route,
    RouteDecided,
    RouteReason,
    SetLane,
    Sorted,
    Stage,
    Started,
    TagsRead,
    Tick,
    ToteChecked,
)
from edge.line.layout import Job, LaneRole, LineLayout
from edge.line.passage import PortalWatch
from edge.line.sort import Choice, choose_lane, identify_parcel, set_aside
from edge.line.state import CoreState, LineState, PlcState, Track
from edge.line.verify import check
from plc.words import EventType, LaneChange, Opcode, Refusal, serial_after

Result = Event | Command

KEEP_TRACKS = 2_000
"""Tracks remembered per line; more than fit on a belt, so the oldest are those that the PLC forgot to end."""
EXECUTE = 6
"""PackML state number of a machine at work. Source: ANSI/ISA-TR88.00.02-2022."""
LANE_VALID_US = 5_000_000

REFUSAL_TEXT: dict[int, str] = {
    Refusal.OUT_OF_SEQUENCE: "out of sequence",
    Refusal.EXPIRED: "expired",
    Refusal.UNKNOWN_TRACK: "unknown track id",
    Refusal.NO_TARGET: "no such lane or target",
    Refusal.OLD_EPOCH: "old epoch",
    Refusal.PAST_DECISION: "past the decision point",
    Refusal.NOT_EXECUTE: "machine not in Execute",
}


class _Line:
    """One line's layout, state and portal."""

    def __init__(self, layout: LineLayout, state: LineState) -> None:
        self.layout = layout
        self.state = state
        self.portal = PortalWatch(layout, state.portal)
        self.lanes = {lane.number: lane for lane in layout.lanes}

    def usable(self, lane: int) -> bool:
        """Whether a lane is neither full nor disabled."""
        return not (self.state.lanes_full | self.state.lanes_disabled) >> (lane - 1) & 1


class Core:
    """All lines of one controller.

    ``step`` never raises for what the floor does. ``live`` False: portals report nothing of their own, so that
    journaled PassageSeen can be given as inputs (start after a crash, replay).
    """

    def __init__(self, layouts: Iterable[LineLayout], state: CoreState | None = None, *, live: bool = True) -> None:
        self.state = CoreState() if state is None else state
        self.live = live
        self.book = OrderBook(self.state.book)
        self._lines: dict[str, _Line] = {}
        self._by_plc: dict[str, list[_Line]] = {}
        self._by_reader: dict[str, _Line] = {}
        self._take_layouts(layouts)

    def deadline_us(self) -> int | None:
        """When to give a Tick at the latest; None = nothing is waiting for time."""
        times: list[int] = []
        for line in self._lines.values():
            for track in line.state.tracks.values():
                if track.inducted and not track.lane:
                    times.append(track.due_us)
                    if line.layout.job is Job.SORT:
                        early_us = line.portal.window_end_us(track.track_id)
                        if early_us is not None and early_us < track.due_us and not track.early:
                            times.append(early_us)
            final_us = line.portal.deadline_us()
            if final_us is not None:
                times.append(final_us)
        return min(times, default=None)

    def step(self, given: Input) -> list[Result]:
        """Takes one input and returns what follows from it, in order."""
        out: list[Result] = []
        match given:
            case TagsRead():
                line = self._by_reader.get(given.reader)
                if line is not None:
                    line.portal.read(given.reads)
            case Tick():
                pass
            case PlcEvent():
                self._plc_event(given, out)
            case PassageSeen():
                seen_by = self._lines.get(given.line)
                if seen_by is not None:
                    seen_by.portal.reported(given)
                    self._decide(seen_by, given, out)
            case OrderChanged():
                self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
                self.book.put(given.order)
            case LaneRequested():
                self._lane_requested(given, out)
            case PlcConnected():
                self._plc_connected(given, out)
            case CommandSent():
                self._command_sent(given)
            case CommandHandled():
                if given.opcode == Opcode.ROUTE:
                    for _, track in self._tracks(given.plc, given.value):
                        track.handled = track.handled or track.route_seq == given.seq
            case CommandDropped():
                out.append(
                    Anomaly(
                        given.at_us,
                        self._line_of_track(given.plc, given.value if given.opcode == Opcode.ROUTE else 0),
                        "command-dropped",
                        f"{given.plc}: opcode {given.opcode} for {given.value}, target {given.target}: {given.why}",
                        given.value if given.opcode == Opcode.ROUTE else 0,
                    )
                )
            case EventsMissed():
                what = (
                    f"events {given.first} to {given.last} never came"
                    if given.first or given.last
                    else "buffer ran over"
                )
                out.append(
                    Anomaly(given.at_us, "", "events-missed", f"{given.plc}: {what}, {given.count} lost", 0, given.plc)
                )
            case DeviceNotice():
                out.append(Anomaly(given.at_us, "", given.code, given.text, 0, given.device))
            case DeviceChanged():
                kind, _, name = given.device.partition(".")
                watched_by = self._by_reader.get(name) if kind == "reader" else None
                if watched_by is not None:
                    watched_by.portal.reader_changed(name, "" if given.up else given.reason, given.at_us)
            case Started():
                self._started(given)
            case _:
                assert_never(given)
        if not isinstance(given, Tick | TagsRead):
            self.state.at_us = given.at_us
        if self.live:
            self._time_went_by(given.at_us, out)
        return out

    def _started(self, given: Started) -> None:
        set_back = given.at_us < self.state.at_us
        self._take_layouts(given.layouts)
        if set_back:
            for line in self._lines.values():
                line.portal.clock_set_back()
                for track in line.state.tracks.values():
                    track.due_us = given.at_us

    def _take_layouts(self, layouts: Iterable[LineLayout]) -> None:
        self._lines.clear()
        self._by_plc.clear()
        self._by_reader.clear()
        for layout in layouts:
            line = _Line(layout, self.state.lines.setdefault(layout.name, LineState()))
            self._lines[layout.name] = line
            self._by_plc.setdefault(layout.plc, []).append(line)
            for reader in layout.portal.readers:
                self._by_reader[reader] = line

    # ---- PLC ---------------------------------------------------------------------------------------------------------

    def _plc_connected(self, given: PlcConnected, out: list[Result]) -> None:
        known = self.state.plcs.get(given.plc)
        if known is None or given.fresh or known.session != given.session:
            self.state.plcs[given.plc] = PlcState(
                given.session, given.event_acked, given.command_head, given.events_lost
            )
        for line in self._by_plc.get(given.plc, ()):
            if given.fresh and line.state.tracks:
                count = len(line.state.tracks)
                line.state.tracks.clear()
                text = f"{given.plc} started anew (session {given.session}): {count} tracks are unknown to it"
                out.append(Anomaly(given.at_us, line.layout.name, "plc-restarted", text, 0, given.plc))
            self._lanes_seen(line, given, out)
        for sent in given.found:
            self._command_sent(sent)
        if not given.resumed:
            # Decided before the crash, but the write did not reach the PLC: the same lane once more.
            for line in self._by_plc.get(given.plc, ()):
                for track in line.state.tracks.values():
                    lost = track.route_seq is None or serial_after(track.route_seq, given.command_head)
                    if track.inducted and track.lane and not track.handled and not track.ended and lost:
                        out.append(Route(given.plc, track.track_id, track.lane, track.expiry_ms))

    def _plc(self, given: CommandSent | PlcEvent) -> PlcState:
        plc = self.state.plcs.get(given.plc)
        if plc is None or plc.session != given.session:
            plc = self.state.plcs[given.plc] = PlcState(given.session, 0, 0)
        return plc

    def _lanes_seen(self, line: _Line, given: PlcConnected, out: list[Result]) -> None:
        state = line.state
        for number in line.lanes:
            bit = 1 << (number - 1)
            before = (bool(state.lanes_full & bit), bool(state.lanes_disabled & bit))
            now = (bool(given.lanes_full & bit), bool(given.lanes_disabled & bit))
            if before != now:
                out.append(LaneChanged(given.at_us, line.layout.name, number, *now))
        state.lanes_full, state.lanes_disabled = given.lanes_full, given.lanes_disabled

    def _command_sent(self, given: CommandSent) -> None:
        self._plc(given).command_seq = given.seq
        if given.opcode != Opcode.ROUTE:
            return
        known = list(self._tracks(given.plc, given.value))
        for _, track in known:
            track.route_seq, track.handled = given.seq, False
            if given.found:
                track.lane = given.target
        if given.found and not known:
            # Its INDUCTED was not stored either and comes again: the parcel keeps the route it has.
            for line in self._by_plc.get(given.plc, ()):
                if given.target in line.lanes:
                    line.state.tracks[given.value] = Track(given.value, lane=given.target, route_seq=given.seq)
                    break

    def _plc_event(self, given: PlcEvent, out: list[Result]) -> None:
        self._plc(given).event_seq = given.seq
        lines = self._by_plc.get(given.plc, [])
        match given.type:
            case EventType.INDUCTED:
                for line in lines:
                    if line.layout.induction == given.station:
                        self._inducted(line, given, out)
                        return
                text = f"{given.plc}: INDUCTED at station {given.station}, which no line has as its induction"
                out.append(Anomaly(given.at_us, "", "unknown-induction", text, given.track_id, given.plc))
            case EventType.ENTERED | EventType.LEFT:
                for line in lines:
                    if line.layout.portal.eye == given.station:
                        self._photo_eye(line, given)
            case EventType.DIVERTED | EventType.DEFAULTED | EventType.DIVERT_FAILED | EventType.LOST:
                self._ended(given, out)
            case EventType.LANE:
                for line in lines:
                    if given.station in line.lanes:
                        self._lane_event(line, given, out)
            case EventType.REFUSED:
                reason = REFUSAL_TEXT.get(given.value, f"reason {given.value}")
                text = f"{given.plc} refused command {given.station}: {reason}"
                name = self._line_of_track(given.plc, given.track_id)
                out.append(Anomaly(given.at_us, name, "command-refused", text, given.track_id))
            case EventType.JAM:
                text = f"jam at photo-eye {given.station} of {given.plc} {'set' if given.value else 'cleared'}"
                out.append(
                    Anomaly(given.at_us, "", "jam" if given.value else "jam-cleared", text, given.track_id, given.plc)
                )
            case EventType.STRAY:
                text = f"untracked object at photo-eye {given.station} of {given.plc}"
                out.append(Anomaly(given.at_us, "", "stray", text, given.track_id, given.plc))
            case EventType.STATE:
                if given.station == 0 and given.value != EXECUTE:
                    text = f"{given.plc} left Execute: PackML state {given.value}"
                    out.append(Anomaly(given.at_us, "", "machine-state", text, 0, given.plc))
            case EventType.INPUT:
                pass
            case _:
                text = f"{given.plc}: event type {given.type} is not in mailbox version 1"
                out.append(Anomaly(given.at_us, "", "unknown-event", text, given.track_id, given.plc))

    def _inducted(self, line: _Line, given: PlcEvent, out: list[Result]) -> None:
        tracks = line.state.tracks
        before = tracks.pop(given.track_id, None)
        track = Track(given.track_id, inducted=True, round=given.value)
        if before is not None:
            track.subject, track.order = before.subject, before.order
            if not before.inducted:  # found in DOWN after a crash: it keeps its route
                track.lane, track.route_seq, track.handled = before.lane, before.route_seq, before.handled
        tracks[given.track_id] = track
        if len(tracks) > KEEP_TRACKS:
            oldest = next(iter(tracks))
            del tracks[oldest]
            text = f"{given.plc} never said what became of track {oldest}"
            out.append(Anomaly(given.at_us, line.layout.name, "track-forgotten", text, oldest))
        self._set_deadline(line, track, 0, given)
        self._early(line, track, given.at_us, out)

    def _photo_eye(self, line: _Line, given: PlcEvent) -> None:
        if given.type == EventType.ENTERED:
            line.portal.entered(given.track_id, given.device_us)
            track = line.state.tracks.get(given.track_id)
            if track is not None and not track.lane and line.layout.portal.eye_mm > 0:
                self._set_deadline(line, track, line.layout.portal.eye_mm, given)
        else:
            line.portal.left(given.track_id, given.device_us)

    def _set_deadline(self, line: _Line, track: Track, at_mm: int, given: PlcEvent) -> None:
        layout = line.layout
        left_us = layout.travel_us(at_mm, layout.decision_mm) - layout.actuation_us
        track.expiry_ms = (given.plc_ms + left_us // 1000) % 2**32
        track.due_us = given.device_us + left_us - layout.margin_us

    def _ended(self, given: PlcEvent, out: list[Result]) -> None:
        for line, track in self._tracks(given.plc, given.track_id):
            wanted = track.lane
            taken = line.lanes.get(given.station)
            match given.type:
                case EventType.DIVERTED if track.ended:
                    del line.state.tracks[given.track_id]  # the lane of an end that was told before
                    return
                case EventType.DIVERTED:
                    outcome = Outcome.CONFIRMED if given.station == wanted else Outcome.MISSORTED
                    lane, text = given.station, ""
                case EventType.DEFAULTED:
                    outcome, lane = Outcome.DEFAULTED, given.station
                    text = self._why_defaulted(line, track)
                case EventType.DIVERT_FAILED:
                    outcome, lane = Outcome.FAILED, given.value
                    text = f"divert to lane {given.station} failed" + (f", cause {given.cause}" if given.cause else "")
                case _:
                    outcome, lane = Outcome.LOST, 0
                    text = f"last seen at photo-eye {given.station}"
            name = line.layout.name
            out.append(
                Sorted(given.at_us, name, track.track_id, track.subject, track.order, outcome, lane, wanted, text)
            )
            if outcome is Outcome.CONFIRMED and taken is not None and taken.role is LaneRole.CARRIER:
                self._ship(line, track, given, out)
            again = outcome is Outcome.CONFIRMED and taken is not None and taken.role is LaneRole.RECIRCULATE
            if again or outcome is Outcome.DEFAULTED or (outcome is Outcome.FAILED and not lane):
                track.ended = True
            else:
                del line.state.tracks[given.track_id]
            return
        text = f"{given.plc}: event type {given.type} at {given.station} for a track that no line knows"
        out.append(Anomaly(given.at_us, "", "unknown-track", text, given.track_id, given.plc))

    def _why_defaulted(self, line: _Line, track: Track) -> str:
        if not track.lane:
            return "; ".join(filter(None, ("nothing was decided in time")))
        return "its route came too late" if track.route_seq is not None else "its route never reached the PLC"

    def _ship(self, line: _Line, track: Track, given: PlcEvent, out: list[Result]) -> None:
        order = self.book.order(track.order)
        if order is not None:
            self.book.ship(order)
            out.append(OrderShipped(given.at_us, line.layout.name, order.id, track.subject, given.station))

    def _lane_event(self, line: _Line, given: PlcEvent, out: list[Result]) -> None:
        bit = 1 << (given.station - 1)
        state = line.state
        match given.value:
            case LaneChange.FREE:
                state.lanes_full &= ~bit
            case LaneChange.FULL:
                state.lanes_full |= bit
            case LaneChange.DISABLED:
                state.lanes_disabled |= bit
            case LaneChange.ENABLED:
                state.lanes_disabled &= ~bit
            case _:
                text = f"{given.plc}: LANE {given.station}: value {given.value} is not 0..3"
                out.append(Anomaly(given.at_us, line.layout.name, "unknown-event", text))
                return
        full, disabled = bool(state.lanes_full & bit), bool(state.lanes_disabled & bit)
        out.append(LaneChanged(given.at_us, line.layout.name, given.station, full, disabled))

    def _lane_requested(self, given: LaneRequested, out: list[Result]) -> None:
        self.state.feed_seq = max(self.state.feed_seq, given.feed_seq)
        line = self._lines.get(given.line)
        if line is None:
            return  # another controller's
        if given.lane not in line.lanes:
            allowed = ", ".join(map(str, line.lanes))
            text = f"{given.by} asked for lane {given.lane}, which is none of {allowed}"
            out.append(Anomaly(given.at_us, given.line, "no-such-lane", text))
            return
        out.append(SetLane(line.layout.plc, given.lane, given.enabled, LANE_VALID_US))

    def _tracks(self, plc: str, track_id: int) -> Iterable[tuple[_Line, Track]]:
        for line in self._by_plc.get(plc, ()):
            track = line.state.tracks.get(track_id)
            if track is not None:
                yield line, track

    def _line_of_track(self, plc: str, track_id: int) -> str:
        return next((line.layout.name for line, _ in self._tracks(plc, track_id)), "")

    # ---- portals -----------------------------------------------------------------------------------------------------

    def _early(self, line: _Line, track: Track, now_us: int, out: list[Result]) -> None:
        """A sorter decides as soon as the parcel's own window is over, if nothing is in doubt."""
        if not self.live or line.layout.job is not Job.SORT or track.lane or track.early:
            return
        if line.portal.window_over(track.track_id, now_us):
            track.early = True
            self._seen(line, line.portal.evidence(track.track_id, Stage.EARLY, now_us), out)

    def _time_went_by(self, now_us: int, out: list[Result]) -> None:
        for line in self._lines.values():
            for seen in line.portal.finals(now_us):
                self._seen(line, seen, out)
            for track in [item for item in line.state.tracks.values() if item.inducted and not item.lane]:
                if track.due_us <= now_us:
                    self._seen(line, line.portal.evidence(track.track_id, Stage.DUE, now_us), out)
                else:
                    self._early(line, track, now_us, out)

    def _seen(self, line: _Line, seen: PassageSeen, out: list[Result]) -> None:
        out.append(seen)
        self._decide(line, seen, out)

    # ---- decisions ---------------------------------------------------------------------------------------------------

    def _decide(self, line: _Line, seen: PassageSeen, out: list[Result]) -> None:
        match line.layout.job:
            case Job.VERIFY:
                self._verify(line, seen, out)
            case Job.SORT:
                self._sort(line, seen, out)
            case _ as job:
                assert_never(job)

    def _verify(self, line: _Line, seen: PassageSeen, out: list[Result]) -> None:
        if seen.stage is Stage.EARLY:
            return
        owned = [claim for claim in seen.claims if claim.owned]
        result = check(owned, self.book)
        findings = result.findings
        if seen.cause:  # what was not read cannot be said to be right
            findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=seen.cause))
        final = seen.stage is Stage.FINAL
        verdict = ToteChecked(
            seen.at_us,
            line.layout.name,
            seen.track_id,
            seen.passage,
            result.tote,
            result.order,
            final,
            result.matched,
            findings,
        )
        out.append(verdict)
        before = line.state.provisional.pop(seen.passage, None)
        if not final:
            line.state.provisional[seen.passage] = verdict.verified
        elif before is not None and before != verdict.verified:
            text = (
                f"tote {result.tote or '?'} was {'verified' if before else 'refused'} in time, and is not so in the end"
            )
            out.append(Anomaly(seen.at_us, line.layout.name, "verdict-changed", text, seen.track_id, result.tote))
        if final and verdict.verified:
            self.book.bind(result.matched, result.order)
        track = line.state.tracks.get(seen.track_id)
        if track is None or track.lane or not track.inducted:
            return
        track.subject, track.order = result.tote, result.order
        verified = line.layout.lane_of_role(LaneRole.VERIFIED)
        if verdict.verified and verified is not None:
            choice = Choice(verified.number, RouteReason.VERIFIED)
        else:
            reason = RouteReason.REFUSED
            if not result.order:
                reason = RouteReason.NO_ORDER if result.tote else RouteReason.NO_READ
            words = ", ".join(dict.fromkeys(finding.kind.value for finding in findings))
            choice = set_aside(line.layout, line.usable, reason, "; ".join(filter(None, (words, seen.cause))))
        self._route(line, track, choice, seen.at_us, out)

    def _sort(self, line: _Line, seen: PassageSeen, out: list[Result]) -> None:
        track = line.state.tracks.get(seen.track_id)
        if track is None or not track.inducted:
            return
        # Where reads may be missing, a neighbour's label can look like the only one.
        parcels = () if seen.cause else identify_parcel([claim for claim in seen.claims if claim.owned])
        if track.lane:
            if seen.stage is Stage.FINAL and parcels and track.subject and track.subject not in parcels:
                text = (
                    f"track {track.track_id} was sorted as {track.subject}, its evidence in the end says {parcels[0]}"
                )
                out.append(
                    Anomaly(seen.at_us, line.layout.name, "identity-changed", text, track.track_id, track.subject)
                )
            return
        if seen.stage is Stage.EARLY and len(parcels) != 1 and (parcels or seen.cause or not seen.settled):
            track.early = True
            return  # its neighbours, or reads that are still under way, may settle it
        if not parcels and track.round and track.subject:
            parcels = (track.subject,)  # it was read the last time round
        choice = choose_lane(line.layout, parcels, self.book, line.usable, track.round)
        if len(parcels) == 1:
            order = self.book.of_parcel(parcels[0])
            track.subject, track.order = parcels[0], order.id if order else ""
        if seen.cause and not parcels:
            choice = replace(choice, text=f"{choice.text}; {seen.cause}")
        self._route(line, track, choice, seen.at_us, out)

    def _route(self, line: _Line, track: Track, choice: Choice, at_us: int, out: list[Result]) -> None:
        track.lane = choice.lane
        out.append(
            RouteDecided(
                at_us,
                line.layout.name,
                track.track_id,
                track.subject,
                track.order,
                choice.lane,
                choice.reason,
                track.round,
                track.expiry_ms,
                choice.text,
            )
        )
        out.append(Route(line.layout.plc, track.track_id, choice.lane, track.expiry_ms))
