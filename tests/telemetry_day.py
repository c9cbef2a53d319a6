"""A short day whose journal has every kind of record, as points.

Public names: day, lives, happenings, site_numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pure_site import START_US, PureSite, example

from edge.core.events import (
    AlarmChanged,
    AlarmRequested,
    Anomaly,
    AnomalyCode,
    BarcodesRead,
    CommandDropped,
    CommandHandled,
    DeviceChanged,
    DeviceNotice,
    DockChanged,
    DockReason,
    Event,
    EventsMissed,
    GateVerdict,
    Journaled,
    LaneChanged,
    LaneRequested,
    LoadClosed,
    LoadOpened,
    MachineReported,
    Measured,
    OrderChanged,
    ParcelGated,
    PlcEvent,
    PointChanged,
    PointWritten,
)
from edge.core.values.alarm import AlarmAction, AlarmKind, AlarmState, Priority
from edge.core.values.dock import Direction
from edge.core.values.load import Load
from edge.core.values.order import Order, OrderLine, OrderState
from edge.orders.kpis import KPIS, Better, Unit
from edge.publish import schema
from edge.publish.measures import Measures
from edge.publish.schema import SeriesPoint
from plc.points import Quality
from plc.words import EventType, LaneChange, Opcode, Refusal

_MINUTE_US = 60_000_000


def day(project: Path) -> list[SeriesPoint]:
    """The points of some totes and parcels through the pure core, and of what else can happen to a line."""
    site = PureSite(example(project, tote_rate=2_400), 3, {"sorter": 150, "tote1": 12})
    values = [*site.run(600).journal, *happenings(START_US, 2 * _MINUTE_US), *lives()]
    values.sort(key=lambda value: value.at_us)
    measures = Measures(example(project).layouts())
    points = [point for seq, value in enumerate(values, 1) for point in measures.points(seq, value)]
    return points + [_publisher(minute) for minute in range(10)]


def _publisher(minute: int) -> SeriesPoint:
    fields: dict[str, schema.FieldValue] = {
        "records": minute * 100, "backlog": 3, "lag_us": 40_000, "set_aside": minute // 5, "failures": 0, "up": 1,
    }  # fmt: skip
    return SeriesPoint(schema.PUBLISHER, ("influx", "influx"), fields, (START_US + minute * _MINUTE_US) * 1000)


def lives() -> Iterator[Journaled]:
    """What a controller measures every 10 s."""
    for beat in range(60):
        at_us = START_US + beat * 10_000_000 + 1
        ours = {"unstored": 2, "orders_open": 40 - beat % 7, "loop_late_us": 120 + beat, "journal_records": beat * 90,
                "journal_bytes": 1e6 + beat * 4e4, "disk_free_bytes": 4e9, "backlog.influx": beat % 5}  # fmt: skip
        if beat >= 48:  # a jam that lasts
            ours["alarm.jam.sorter.8"] = (beat - 48) * 10e6
        yield Measured(at_us, "controller", tuple(ours.items()))
        for name in ("sorter", "tote1"):
            link: dict[str, float]
            link = {"up": 1, "polls": 1500, "round_trip_us": 400 + beat, "round_trip_max_us": 900 + beat * 3,
                    "heartbeat_age_us": 20_000, "events_unacknowledged": beat % 3, "commands_queued": 0,
                    "commands_unhandled": 1, "packml_state": 6 if beat % 20 else 11}  # fmt: skip
            if name == "sorter":  # its PackML object is read
                link |= {"packml_mode": 1 + beat // 40, "processed": 900 + 9 * beat, "defective": beat // 9}
                link |= {"products_per_min": 98.5 if beat % 20 else 0}
            yield Measured(at_us, f"plc.{name}", tuple(link.items()))
            heard: dict[str, float] = {"up": int(beat != 30), "reads": 500 + beat, "reports": 20}
            heard |= {
                f"{what}.{antenna}": value
                for antenna in (1, 2)
                for what, value in (("reads", 250 + 9 * antenna), ("rssi_dbm", -58.5 - antenna))
            }
            yield Measured(at_us, f"reader.{name}", tuple(heard.items()))
        lanes = {f"lane.{lane}": float(lane == 3 and 20 < beat < 30) for lane in range(1, 12)}
        yield Measured(at_us, "line.sorter", (("tracks", 9 + beat % 4), *lanes.items()))
        if beat % 6 == 0:
            yield from site_numbers(at_us, beat // 6)
        called = int(24 <= beat < 40)
        yield Measured(at_us, "dock.door1", (("light", called), ("buzzer", 0), ("wrong", called)))


def site_numbers(at_us: int, beat: int) -> Iterator[Measured]:
    """What a site notes of its order flow every minute; ``beat``: counts them."""
    stages = (
        ("review", 3),
        ("held", 7 + beat // 4),
        ("accepted", 90 - beat),
        ("released", 40),
        ("verified", 12),
        ("labelled", 9),
        ("sorted", 60),
        ("case-overdue", 2),
        ("untold", 5),
    )
    flow = [(f"{what}.{name}", number) for name, count in stages
            for what, number in (("orders", count), ("oldest_us", count * 40e6))]  # fmt: skip
    yield Measured(at_us, "site.flow", tuple(flow))
    yield Measured(at_us, "site.holds", (("orders.unpaid", 4), ("orders.address-incomplete", 3 + beat // 4)))
    pickups = [(f"{what}.{name}", number) for name, to_go in (("SF/express", 190), ("DHL/48h", 95))
               for what, number in (("open", to_go - beat), ("missed", 1), ("left_us", 9e9 - beat * 6e7))]  # fmt: skip
    yield Measured(at_us, "site.pickups", tuple(pickups))
    yield Measured(
        at_us, "site.late", (("orders.all", 3 + beat // 9), ("orders.pick", 2), ("orders.lane", 1 + beat // 9))
    )
    members = {"channel": ("shop", "tmall"), "carrier": ("SF/express", "DHL/48h"), "station": ("tote1", "door1"),
               "reason": ("missing", "damaged", "lost")}  # fmt: skip
    for place, kpi in enumerate(KPIS, 1):
        its: list[tuple[str, float]] = []
        parts = ["site", *(f"{one}:{name}" for one in kpi.dimensions for name in members.get(one, ()))]
        for at, part in enumerate(parts):
            of = 600 + 10 * beat - 40 * at
            wrong = (place + at) % 7 + beat // 20
            good = wrong if kpi.better is Better.DOWN else of - 4 * wrong
            value = good / of if kpi.unit is Unit.SHARE else 1_180 + 9 * at if kpi.unit is Unit.MONEY else 4.4 - at / 10
            if kpi.unit is Unit.TIME:
                value = place * 210e6 + at * 60e6 + beat * 1e6
                its.append((f"p90_us.{part}", value * 2.5))
            its += [(f"numerator.{part}", good), (f"denominator.{part}", of), (f"value.{part}", value)]
        yield Measured(at_us, f"kpi.{kpi.name}", tuple(its))


def _jams(plc: str, at_us: int, number: int) -> Iterator[Journaled | Event]:
    """One jam of 25 s or more at one of some photo-eyes, as the PLC, the core and the alarms tell it."""
    station, over_us = (3, 3, 5, 3, 8)[number % 5], at_us + 25_000_000 + number * 4_000_000
    for told_us, active in ((at_us, True), (over_us, False)):
        seq = 60_000 + 2 * number + active
        yield PlcEvent(
            at_us=told_us,
            device_us=told_us,
            plc=plc,
            session=1,
            seq=seq,
            type=int(EventType.JAM),
            track_id=0,
            station=station,
            cause=0,
            value=int(active),
            plc_ms=0,
        )
        yield _jam(plc, told_us, station, active=active)
    yield Anomaly(
        at_us=at_us,
        line=plc,
        code=AnomalyCode.JAM,
        text=f"photo-eye {station} of {plc} reports a jam",
        track_id=0,
        subject="",
    )


def happenings(start_us: int, step_us: int) -> Iterator[Journaled | Event]:
    """What the simulated floor does not have: jams, one after each step, then whatever else is rare."""
    at_us = start_us + 3 * step_us
    for number in range(3):
        yield from _jams("sorter", start_us + (1 + number) * step_us, number)
    full_us = at_us + 1_000_000
    yield PlcEvent(
        at_us=full_us,
        device_us=full_us,
        plc="sorter",
        session=1,
        seq=62_000,
        type=int(EventType.LANE),
        track_id=0,
        station=3,
        cause=0,
        value=int(LaneChange.FULL),
        plc_ms=0,
    )
    yield LaneChanged(full_us, "sorter", 3, True, False)
    yield LaneRequested(at_us=at_us, feed_seq=1, line="sorter", lane=4, enabled=False, by="kim")
    yield AlarmRequested(at_us=at_us, feed_seq=2, alarm="jam.sorter.3", action=AlarmAction.ACKNOWLEDGE, by="kim")
    yield Measured(at_us + 2, "controller", (("alarm.jam.sorter.5", 5e6), ("backlog.influx", 3)))
    yield EventsMissed(at_us, "sorter", 5, 7, 3)
    yield BarcodesRead(at_us, "scanner1", ("(00)095211410000000014",))
    yield DeviceNotice(at_us, "reader.tote1", AnomalyCode.READER_NOTICE, "a report came late")
    yield DeviceChanged(at_us, "plc.sorter", True, "127.0.0.1:15023 answers")
    yield CommandDropped(at_us=at_us, plc="sorter", opcode=int(Opcode.ROUTE), value=7, target=3, why="no connection")
    yield CommandHandled(
        at_us=at_us, plc="sorter", seq=999, opcode=int(Opcode.LANE), value=0, target=4, refusal=int(Refusal.EXPIRED)
    )
    yield PointChanged(
        at_us=at_us,
        plc="tote1",
        point="drive/speed",
        value=0.6,
        unit="m/s",
        quality=Quality.GOOD,
        reason="",
        read_us=at_us,
    )
    yield PointChanged(
        at_us=at_us + 1,
        plc="tote1",
        point="drive/temperature",
        value=41.5,
        unit="°C",
        quality=Quality.STALE,
        reason="no answer",
        read_us=at_us - 9_000_000,
    )
    for minute in range(3):
        yield MachineReported(
            at_us=at_us + minute, plc="sorter", state=6, mode=1, processed=100 + minute, defective=minute, speed=98.5
        )
    yield PointWritten(at_us=at_us, asked=3, plc="tote1", point="drive/setpoint", value=0.7, by="kim", trouble="")
    load = Load(
        id="L-1", dock="door1", carrier="DHL", departure_us=at_us + 90 * _MINUTE_US, cutoff_us=at_us + 60 * _MINUTE_US
    )
    yield LoadOpened(at_us, 4, load, "kim")
    gone, left = "(00)095212340000000018", "(00)095212340000000025"
    for verdict in (GateVerdict.RIGHT, GateVerdict.WRONG):
        yield ParcelGated(
            at_us=at_us,
            dock="door1",
            direction=Direction.OUT,
            verdict=verdict,
            parcel=gone,
            order="A-1",
            carrier="DHL",
            service="express",
            load=load.id,
        )
    yield DockChanged(
        at_us=at_us, dock="door1", light=True, buzzer=False, wrong=(gone,), reason=DockReason.WRONG_PARCEL
    )
    yield LoadClosed(
        at_us=at_us,
        feed_seq=5,
        load=load,
        by="kim",
        reason="",
        opened_us=at_us,
        aboard=(),
        wrong=(),
        missing=(left,),
        undetermined=(),
    )
    order = Order(
        id="A-cancelled",
        carrier="DHL",
        service="express",
        lines=(OrderLine("09521234000105", 1),),
        state=OrderState.CANCELLED,
    )
    yield OrderChanged(at_us, 99, order)


def _jam(plc: str, at_us: int, station: int, *, active: bool) -> AlarmChanged:
    before, after = AlarmState.NORMAL, AlarmState.UNACKNOWLEDGED
    return AlarmChanged(
        at_us=at_us,
        line=plc,
        alarm=f"jam.{plc}.{station}",
        kind=AlarmKind.JAM,
        plc=plc,
        before=before if active else after,
        state=after if active else AlarmState.RETURNED,
        active=active,
        since_us=at_us,
        priority=Priority.HIGH,
        text=f"photo-eye {station}",
        cause="",
        consequence="",
        action="",
    )
