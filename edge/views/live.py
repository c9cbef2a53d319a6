"""What is on the lines now: a fold over journal records into the picture that people look at.

Public names: LiveView.

Pure: time comes in with the records and calls. Everything is bounded, however long it runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from edge.core.events import (
    AlarmChanged,
    AlarmDue,
    AlarmRequested,
    Anomaly,
    BarcodesRead,
    CertificateChecked,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    DockChanged,
    DoorSeen,
    EventsMissed,
    FeedFollowed,
    InputFailed,
    ItemReleased,
    LaneChanged,
    LaneRequested,
    LinesTaken,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    LoadRequested,
    MachineReported,
    Measured,
    OrderChanged,
    OrderShipped,
    Outcome,
    OutputSet,
    ParcelGated,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    PointChanged,
    PointWriteRequested,
    PointWritten,
    RouteDecided,
    RouteReason,
    Sorted,
    Started,
    ToteChecked,
)
from edge.core.values.alarm import AlarmState
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.verdicts import Trial
from edge.journal.record import Value
from edge.views.given_texts import text_told
from edge.views.lane_hands import Lane, LaneHand
from edge.views.machines import Machines
from edge.views.picture import (
    AlarmView,
    AnomalyView,
    Changes,
    Counts,
    Device,
    ItemView,
    LaneView,
    LineChange,
    LineView,
    Machine,
    PointView,
    Reaction,
    Snapshot,
    Verdict,
    alarm_view,
    anomaly_view,
)
from edge.views.words.phrase import phrase
from edge.views.words.table import say
from plc.point_table import REFRESH_US
from plc.points import Quality
from plc.words import EventType, Opcode

KEEP_ITEMS = 400
KEEP_VERDICTS = 40
KEEP_ANOMALIES = 60
KEEP_REACTIONS = 500
KEEP_ARRIVALS = 200
RATE_US = 300_000_000
"""Items an hour are counted over this time, or over what is known if that is less."""
RATE_FROM_US = 10_000_000
MINUTE_US = 60_000_000
SILENT_US = REFRESH_US * 5 // 2
"""A point of which nothing is heard for so long is stale, whatever was told last."""
STALE_US = 10_000_000
"""How long past the end of the belt an item may stay unheard of."""


@dataclass(slots=True)
class _Line:
    """What is kept for one line; the second half is what changed since the last call of ``changes``."""

    layout: LineLayout
    items: dict[int, ItemView] = field(default_factory=dict)
    lanes: dict[int, LaneView] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    arrivals: dict[int, deque[int]] = field(default_factory=dict)
    reactions: deque[int] = field(default_factory=lambda: deque(maxlen=KEEP_REACTIONS))
    inductions: deque[int] = field(default_factory=deque)
    inducted_us: dict[int, int] = field(default_factory=dict)
    entered: dict[int, int] = field(default_factory=dict)
    hands: dict[int, LaneHand] = field(default_factory=dict)

    new_items: dict[int, ItemView] = field(default_factory=dict)
    new_lanes: dict[int, LaneView] = field(default_factory=dict)
    new_verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    told_counts: Counts = field(default_factory=Counts)
    new_reaction: bool = False

    def __post_init__(self) -> None:
        self.lanes = {lane.number: LaneView(lane.number) for lane in self.layout.lanes}
        self.arrivals = {lane.number: deque(maxlen=KEEP_ARRIVALS) for lane in self.layout.lanes}
        self.hands = {lane.number: LaneHand() for lane in self.layout.lanes}

    @property
    def eyes(self) -> dict[int, int]:
        """Where each portal's photo-eye is, by its number."""
        return {portal.eye: portal.eye_mm for portal in self.layout.portals}

    @property
    def end_mm(self) -> int:
        return max(lane.divert_mm for lane in self.layout.lanes)

    def put(self, item: ItemView) -> None:
        self.new_items[item.track] = item
        if item.place == "belt":
            self.items[item.track] = item
            if len(self.items) > KEEP_ITEMS:
                oldest = min(self.items.values(), key=lambda known: known.at_us)
                self.put(replace(oldest, place="gone"))
        else:
            self.items.pop(item.track, None)
            self.inducted_us.pop(item.track, None)
            self.entered.pop(item.track, None)

    def set_lane(self, lane: LaneView) -> None:
        if self.lanes.get(lane.number) != lane:
            self.lanes[lane.number] = self.new_lanes[lane.number] = lane

    def reaction(self) -> Reaction:
        if not self.reactions:
            return Reaction()
        ordered = sorted(self.reactions)
        count = len(ordered)
        return Reaction(ordered[(count - 1) // 2], ordered[(count - 1) * 99 // 100], count)

    def take_changes(self) -> LineChange | None:
        counts = None if self.counts == self.told_counts else self.counts
        if not (self.new_items or self.new_lanes or self.new_verdicts or counts or self.new_reaction):
            return None
        change = LineChange(
            tuple(self.new_items.values()),
            tuple(self.new_lanes.values()),
            tuple(self.new_verdicts.values()),
            counts,
            self.reaction() if self.new_reaction else None,
        )
        self.new_items, self.new_lanes, self.new_verdicts = {}, {}, {}
        self.told_counts, self.new_reaction = self.counts, False
        return change


def _device(told: DeviceChanged) -> Device:
    return Device(told.device, told.up, told.reason, told.at_us, text_told(told.reason))


class LiveView:
    """The picture of all lines of a site. ``devices``, ``points``: shown before they are heard of."""

    def __init__(
        self, layouts: Iterable[LineLayout], devices: Iterable[str] = (), points: Iterable[PointView] = ()
    ) -> None:
        self._lines = {layout.name: _Line(layout) for layout in layouts}
        self._devices = {name: Device(name) for name in devices}
        self._new_devices: dict[str, Device] = {}
        self._anomalies: deque[AnomalyView] = deque(maxlen=KEEP_ANOMALIES)
        self._new_anomalies: deque[AnomalyView] = deque(maxlen=KEEP_ANOMALIES)
        self._alarms: dict[str, AlarmView] = {}
        self._new_alarms: dict[str, AlarmView] = {}
        self._points = {(point.plc, point.point): point for point in points}
        self._new_points: dict[tuple[str, str], PointView] = {}
        self._machines = Machines([line.layout for line in self._lines.values()])
        self._new_machines: dict[str, Machine] = {}
        self._since_us = 0

    # ---- in --------------------------------------------------------------------------------------------------------

    def begin_with(
        self,
        lanes: Mapping[str, tuple[int, int]],
        devices: Iterable[DeviceChanged],
        alarms: Iterable[AlarmChanged] = (),
        machines: Mapping[str, int] | None = None,
        entered_us: Mapping[str, int] | None = None,
        hands: Mapping[Lane, LaneHand] | None = None,
    ) -> None:
        """What was so before the records that follow: by line the bit masks of full and disabled lanes (bit 0 =
        lane 1), the newest that is known of the devices, the alarms' changes in order of time, by PLC its PackML
        state and since when, and who turned lanes off.
        """
        self._machines.begin_with(machines or {}, entered_us or {})
        for (name, lane), hand in (hands or {}).items():
            if name in self._lines and lane in self._lines[name].hands:
                self._lines[name].hands[lane] = hand
        for alarm in alarms:
            self._set_alarm(alarm)
        for name, (full, disabled) in lanes.items():
            if name in self._lines:
                self._set_masks(self._lines[name], full, disabled)
        for device in devices:
            self._set_device(_device(device))
            self._machines.apply(device)

    def apply(self, value: Value) -> None:  # noqa: C901  a case for each kind of value
        """Takes the next record's value."""
        self._since_us = self._since_us or value.at_us
        self._new_machines.update((machine.line, machine) for machine in self._machines.apply(value))
        match value:
            case PlcEvent():
                self._plc_event(value)
            case ToteChecked():
                self._tote_checked(value)
            case RouteDecided():
                self._route_decided(value)
            case Sorted():
                self._sorted(value)
            case CommandHandled():
                self._command_handled(value)
            case LaneChanged():
                line = self._lines.get(value.line)
                lane = line.lanes.get(value.lane) if line else None
                if line and lane:
                    wish = "" if value.disabled == (lane.wish == "disable") else lane.wish
                    hand = line.hands[value.lane]
                    hand.take(value)
                    now = replace(lane, full=value.full, disabled=value.disabled, wish=wish)
                    line.set_lane(replace(now, by=hand.by, off_us=hand.since_us))
            case LaneRequested():
                line = self._lines.get(value.line)
                lane = line.lanes.get(value.lane) if line else None
                if line and lane and value.trial is Trial.NONE:
                    line.hands[value.lane].take(value)
                if line and lane and value.trial is Trial.NONE and lane.disabled == value.enabled:
                    line.set_lane(replace(lane, wish="enable" if value.enabled else "disable"))
            case PlcConnected():
                for line in self._of_plc(value.plc):
                    self._set_masks(line, value.lanes_full, value.lanes_disabled, value.at_us)
                    if value.fresh:
                        for item in list(line.items.values()):
                            line.put(replace(item, place="gone"))
            case Started(running=False):
                self._begun(value)
            case DeviceChanged():
                self._set_device(_device(value))
            case AlarmChanged():
                self._set_alarm(value)
            case PointChanged():
                self._set_point(
                    PointView(
                        value.plc,
                        value.point,
                        value.unit,
                        value.value,
                        value.quality,
                        value.reason,
                        value.read_us,
                        value.at_us,
                        said=text_told(value.reason),
                    )
                )
            case Anomaly():
                noticed = anomaly_view(value)
                self._anomalies.appendleft(noticed)
                self._new_anomalies.append(noticed)
            case (
                Started()
                | BarcodesRead()
                | EventsMissed()
                | DeviceNotice()
                | Measured()
                | MachineReported()
                | CertificateChecked()
                | FeedFollowed()
                | LinesTaken()
                | InputFailed()
                | CommandSent()
                | CommandDropped()
                | OrderChanged()
                | OrderShipped()
                | PassageSeen()
                | AlarmRequested()
                | AlarmDue()
                | PointWriteRequested()
                | PointWritten()
                | LoadRequested()
                | ItemReleased()
                | OutputSet()
                | DoorSeen()
                | ParcelGated()
                | LoadOpened()
                | LoadClosed()
                | LoadRefused()
                | DockChanged()
            ):
                pass
            case _:
                assert_never(value)

    def pass_time(self, now_us: int) -> None:
        """Forgets what was not heard of for long, and counts the items an hour anew."""
        for line in self._lines.values():
            for item in list(line.items.values()):
                way_us = line.layout.travel_us(item.at_mm, line.end_mm)
                if now_us - item.at_us > max(0, way_us) * 3 // 2 + STALE_US:
                    line.put(replace(item, place="gone"))
            for number, arrivals in line.arrivals.items():
                while arrivals and arrivals[0] < now_us - MINUTE_US:
                    arrivals.popleft()
                line.set_lane(replace(line.lanes[number], minute=len(arrivals)))
            while line.inductions and line.inductions[0] < now_us - RATE_US:
                line.inductions.popleft()
            per_hour = 0
            if line.inductions:
                window_us = min(RATE_US, max(RATE_FROM_US, now_us - self._since_us))
                per_hour = round(len(line.inductions) * 3_600_000_000 / window_us)
            line.counts = replace(line.counts, per_hour=per_hour)
        for point in list(self._points.values()):
            if point.quality in (Quality.GOOD, Quality.UNCERTAIN) and now_us - point.told_us > SILENT_US:
                why = phrase("points.silent")
                self._set_point(replace(point, quality=Quality.STALE, reason=say(why), reason_code=why.code, said=why))

    # ---- out -------------------------------------------------------------------------------------------------------

    def off_since_us(self, carrier: str, service: str) -> int:
        """Since when all lanes that take such parcels are off; 0 = one is on, or no line sorts them. For any thread."""
        lanes = [
            line.lanes[number]
            for line in self._lines.values()
            if line.layout.job is Job.SORT
            for number in line.layout.lanes_for(carrier, service)
        ]
        return max((lane.off_us for lane in lanes), default=0) if all(lane.disabled for lane in lanes) else 0

    def snapshot(self, now_us: int) -> Snapshot:
        """The whole picture; what is still to be told as a change stays so."""
        lines = {
            name: LineView(
                tuple(line.items.values()),
                tuple(line.lanes.values()),
                tuple(reversed(line.verdicts.values())),
                line.counts,
                line.reaction(),
            )
            for name, line in self._lines.items()
        }
        devices, alarms = tuple(self._devices.values()), tuple(self._alarms.values())
        points = tuple(self._points.values())
        return Snapshot(
            now_us, self._since_us, lines, devices, tuple(self._anomalies), alarms, points, self._machines.all()
        )

    def alarm(self, name: str) -> AlarmView | None:
        """An alarm that is not normal."""
        return self._alarms.get(name)

    def changes(self, now_us: int) -> Changes:
        """What changed since the last call, each thing in its newest state."""
        lines = {name: change for name, line in self._lines.items() if (change := line.take_changes())}
        devices, alarms = tuple(self._new_devices.values()), tuple(self._new_alarms.values())
        points = tuple(self._new_points.values())
        machines = tuple(self._new_machines.values())
        changes = Changes(now_us, self._since_us, lines, devices, tuple(self._new_anomalies), alarms, points, machines)
        self._new_machines.clear()
        self._new_points.clear()
        self._new_devices.clear()
        self._new_alarms.clear()
        self._new_anomalies.clear()
        return changes

    # ---- how -------------------------------------------------------------------------------------------------------

    def _of_plc(self, plc: str) -> list[_Line]:
        return [line for line in self._lines.values() if line.layout.plc == plc]

    def _begun(self, started: Started) -> None:
        """A new process knows of no reader that it is there before it hears it."""
        readers = {f"reader.{dock.reader}" for dock in started.docks}
        for layout in started.layouts:
            readers.update(f"reader.{name}" for name in (*layout.readers, *layout.scanners))
        for name in sorted(readers):
            known = self._devices.get(name)
            if known is not None and known.up:
                self._set_device(Device(name, None, "", started.at_us))

    def _set_device(self, device: Device) -> None:
        self._devices[device.name] = self._new_devices[device.name] = device

    def _set_point(self, point: PointView) -> None:
        key = point.plc, point.point
        self._points[key] = self._new_points[key] = point

    def _set_alarm(self, change: AlarmChanged) -> None:
        alarm = alarm_view(change)
        self._new_alarms[alarm.alarm] = alarm
        if alarm.state is AlarmState.NORMAL:
            self._alarms.pop(alarm.alarm, None)
        else:
            self._alarms[alarm.alarm] = alarm

    def _set_masks(self, line: _Line, full: int, disabled: int, at_us: int = 0) -> None:
        for lane in list(line.lanes.values()):
            bit = 1 << (lane.number - 1)
            hand = line.hands[lane.number]
            hand.is_off(bool(disabled & bit), at_us)
            now = replace(lane, full=bool(full & bit), disabled=bool(disabled & bit))
            line.set_lane(replace(now, by=hand.by, off_us=hand.since_us))

    def _plc_event(self, event: PlcEvent) -> None:
        for line in self._of_plc(event.plc):
            known = line.items.get(event.track_id)
            layout = line.layout
            match event.type:
                case EventType.INDUCTED if event.station == layout.induction:
                    item = known or ItemView(event.track_id, 0, event.device_us)
                    line.put(replace(item, at_mm=0, at_us=event.device_us, round=event.value, lane=0, reason=""))
                    line.inducted_us[event.track_id] = event.at_us
                    if not event.value:
                        line.counts = replace(line.counts, inducted=line.counts.inducted + 1)
                        line.inductions.append(event.at_us)
                        if len(line.inductions) > 10_000:
                            line.inductions.popleft()
                case EventType.ENTERED if (at_mm := line.eyes.get(event.station)) is not None and event.track_id:
                    item = known or ItemView(event.track_id, 0, 0)
                    line.entered[event.track_id] = event.device_us
                    line.put(replace(item, at_mm=at_mm, at_us=event.device_us))
                case EventType.LEFT if event.station in line.eyes and known:
                    entered_us = line.entered.pop(event.track_id, None)
                    if entered_us is not None:
                        length_mm = (event.device_us - entered_us) * layout.speed_mm_s // 1_000_000
                        line.put(replace(known, length_mm=max(0, min(length_mm, 3_000))))
                case EventType.DIVERTED if known and event.station in line.lanes:
                    line.put(replace(known, place="lane", lane=event.station, at_us=event.device_us))
                    self._count_lane(line, event.station, event.device_us)
                case EventType.DEFAULTED if known:
                    line.put(replace(known, lane=event.station))
                case EventType.DIVERT_FAILED if known and event.value in line.lanes:
                    line.put(replace(known, place="lane", lane=event.value, at_us=event.device_us))
                    self._count_lane(line, event.value, event.device_us)
                case EventType.DIVERT_FAILED if known:
                    line.put(replace(known, lane=0, reason="failed"))
                case EventType.LOST if known:
                    line.put(replace(known, place="lost", at_us=event.device_us))
                case _:
                    pass

    def _count_lane(self, line: _Line, number: int, at_us: int) -> None:
        lane = line.lanes[number]
        line.arrivals[number].append(at_us)
        line.set_lane(replace(lane, count=lane.count + 1, minute=len(line.arrivals[number])))
        role = next(known.role for known in line.layout.lanes if known.number == number)
        if role is LaneRole.RECIRCULATE:
            line.counts = replace(line.counts, recirculated=line.counts.recirculated + 1)

    def _tote_checked(self, value: ToteChecked) -> None:
        line = self._lines.get(value.line)
        if line is None:
            return
        key = (value.passage, value.track_id)
        verdict = Verdict(
            value.passage,
            value.track_id,
            value.at_us,
            value.tote,
            value.order,
            value.verified,
            value.final,
            len(value.matched),
            value.findings,
        )
        before = line.verdicts.get(key)
        if before is None or before.verified != verdict.verified:
            down = {None: (0, 0), True: (1, 0), False: (0, 1)}[None if before is None else before.verified]
            line.counts = replace(
                line.counts,
                totes_verified=line.counts.totes_verified + verdict.verified - down[0],
                totes_refused=line.counts.totes_refused + (not verdict.verified) - down[1],
            )
        line.verdicts[key] = line.new_verdicts[key] = verdict
        while len(line.verdicts) > KEEP_VERDICTS:
            del line.verdicts[next(iter(line.verdicts))]
        item = line.items.get(value.track_id)
        if item is not None:
            word = "verified" if value.verified else "refused"
            line.put(replace(item, subject=value.tote, order=value.order, verdict=word))

    def _route_decided(self, value: RouteDecided) -> None:
        line = self._lines.get(value.line)
        if line is None:
            return
        if value.reason is RouteReason.NO_READ and not value.round:
            line.counts = replace(line.counts, no_read=line.counts.no_read + 1)
        item = line.items.get(value.track_id)
        if item is not None:
            subject, order = value.subject or item.subject, value.order or item.order
            line.put(replace(item, subject=subject, order=order, lane=value.lane, reason=value.reason.value))

    def _sorted(self, value: Sorted) -> None:
        line = self._lines.get(value.line)
        if line is None:
            return
        counts = line.counts
        match value.outcome:
            case Outcome.CONFIRMED:
                line.counts = replace(counts, confirmed=counts.confirmed + 1)
            case Outcome.MISSORTED:
                line.counts = replace(counts, missorted=counts.missorted + 1)
            case Outcome.DEFAULTED:
                line.counts = replace(counts, defaulted=counts.defaulted + 1)
            case Outcome.FAILED:
                line.counts = replace(counts, failed=counts.failed + 1)
            case Outcome.LOST:
                line.counts = replace(counts, lost=counts.lost + 1)
            case _:
                assert_never(value.outcome)

    def _command_handled(self, value: CommandHandled) -> None:
        for line in self._of_plc(value.plc):
            if value.opcode == Opcode.ROUTE:
                inducted_us = line.inducted_us.pop(value.value, None)
                if inducted_us is not None and line.layout.known_at_induction:
                    line.reactions.append(max(0, value.at_us - inducted_us))
                    line.new_reaction = True
            elif value.opcode == Opcode.LANE and value.refusal and value.target in line.lanes:
                line.hands[value.target].forget()
                line.set_lane(replace(line.lanes[value.target], wish=""))
