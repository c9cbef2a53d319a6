"""From records to points: every record has its points, the same whoever makes them, each in its schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_site import PureSite, example

from edge.controller.vitals import Vitals
from edge.core.events import KINDS, Event, Journaled, Measured, OrderShipped, PlcEvent, RouteDecided, Sorted
from edge.core.values.state import CoreState, DockState
from edge.devices.clocks import DeviceClock
from edge.publish import measures as measures_module
from edge.publish.measures import Measures
from edge.publish.schema import BASE_TAGS, MEASUREMENTS, TAGS, FieldKind, SeriesPoint, point_ns
from plc.packml import PackmlStatus
from plc.words import EventType
from rfid.driver import TagRead

# Source: InfluxQL specification, "Keywords" (docs.influxdata.com/influxdb/v1/query_language/spec).
KEYWORDS = {
    "all", "alter", "analyze", "any", "as", "asc", "begin", "by", "create", "continuous", "database",
    "databases", "default", "delete", "desc", "destinations", "diagnostics", "distinct", "drop", "duration",
    "end", "every", "explain", "field", "for", "from", "grant", "grants", "group", "groups", "in", "inf",
    "insert", "into", "key", "keys", "kill", "limit", "show", "measurement", "measurements", "name", "offset",
    "on", "order", "password", "policy", "policies", "privileges", "queries", "query", "read", "replication",
    "resample", "retention", "revoke", "select", "series", "set", "shard", "shards", "slimit", "soffset",
    "stats", "subscription", "subscriptions", "tag", "to", "user", "users", "values", "where", "with", "write",
    "time",
}  # fmt: skip
PYTHON_TYPES = {FieldKind.INTEGER: int, FieldKind.FLOAT: float, FieldKind.TEXT: str}


@pytest.fixture(scope="module")
def ran(project: Path) -> tuple[PureSite, list[Journaled | Event]]:
    site = PureSite(example(project), 3, {"sorter": 60, "tote1": 8})
    return site, site.run(600).journal


def points_of(site: PureSite, values: Sequence[Journaled | Event], first: int = 1) -> list[list[SeriesPoint]]:
    made = Measures(site.core._lines[name].layout for name in site.core._lines)
    return [made.points(seq, value) for seq, value in enumerate(values, first)]


def holds(point: SeriesPoint) -> None:
    measurement = MEASUREMENTS[point.measurement.name]
    assert point.measurement is measurement
    assert len(point.tags) == len(measurement.tags)
    assert all(isinstance(tag, str) for tag in point.tags)
    assert point.fields
    kinds = {field.name: field.kind for field in measurement.fields}
    for name, value in point.fields.items():
        assert type(value) is PYTHON_TYPES[kinds[name]], (measurement.name, name, value)


def test_names_are_told_once_and_are_no_keywords() -> None:
    used = set(BASE_TAGS)
    for measurement in MEASUREMENTS.values():
        fields = [field.name for field in measurement.fields]
        names = [*BASE_TAGS, *measurement.tags, *fields]
        assert len(set(names)) == len(names)
        used.update(measurement.tags)
        for name in (measurement.name, *names):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
            assert name not in KEYWORDS
    assert used == set(TAGS)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=20)
@given(st.data())
def test_any_value_of_any_kind_makes_points_of_the_schema(kind: str, data: st.DataObject) -> None:
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
    for point in Measures(()).points(1, data.draw(st.from_type(KINDS[kind]))):
        holds(point)


def test_what_is_measured_goes_where_its_name_says() -> None:
    values = (("up", 1.0), ("reads", 9.0), ("reads.2", 9.0), ("rssi_dbm.2", -61.5), ("unheard-of", 1.0))
    points = Measures(()).points(7, Measured(5_000, "reader.tote1", values))
    assert [(point.measurement.name, point.tags, point.fields) for point in points] == [
        ("reader", ("tote1",), {"up": 1, "reads": 9}),
        ("antenna", ("tote1", "2"), {"reads": 9, "rssi_dbm": -61.5}),
    ]
    lanes = Measures(()).points(8, Measured(5_000, "line.sorter", (("tracks", 3.0), ("lane.4", 1.0), ("lane.5", 2.0))))
    assert [(point.measurement.name, point.tags, point.fields) for point in lanes] == [
        ("lane", ("sorter", "4"), {"full": 1, "disabled": 0}),
        ("lane", ("sorter", "5"), {"full": 0, "disabled": 1}),
        ("line", ("sorter",), {"tracks": 3}),
    ]
    ours = Measures(()).points(9, Measured(5_000, "controller", (("unstored", 2.0), ("backlog.grafana", 7.0))))
    assert {point.measurement.name: point.fields for point in ours} == {
        "backlog": {"records": 7},
        "controller": {"unstored": 2},
    }


def test_a_door_is_told_as_it_is_also_where_nothing_changes() -> None:
    """Else a red light of yesterday is no data."""
    state, door = CoreState(), DockState(wrong={"P1": "astray", "P2": "astray"}, light_until_us=9)
    state.loads.docks["d1"] = door
    told = dict(Vitals((), (), {}, ("d1", "d2")).measured({}, {}, lambda _: True, lambda: 5, state))
    points = [
        (point.measurement.name, point.tags, point.fields)
        for device in ("dock.d1", "dock.d2")
        for point in Measures(()).points(7, Measured(5_000, device, told[device]))
    ]
    assert points == [
        ("dock", ("d1", ""), {"light": 1, "buzzer": 0, "wrong": 2}),
        ("dock", ("d2", ""), {"light": 0, "buzzer": 0, "wrong": 0}),
    ]


def test_a_machine_is_told_as_it_stands_also_where_nothing_changes() -> None:
    """What it does not tell is left out, a speed of 0 is one, and nothing is told of an object that is not read."""
    told = {
        "labeler": PackmlStatus(state=11, mode=1, processed=700, defective=3, speed=0.0),
        "packer": PackmlStatus(state=6),
        "away": None,
    }
    vitals = Vitals(told, (), {}).measured({}, told, lambda _: True, lambda: 5, CoreState())
    points = [
        (point.tags, point.fields)
        for device, values in vitals
        for point in Measures(()).points(7, Measured(5_000, device, values))
    ]
    fields = {"packml_state": 11, "packml_mode": 1, "processed": 700, "defective": 3, "products_per_min": 0.0}
    assert points == [(("labeler",), fields), (("packer",), {"packml_state": 6})]


def test_what_a_reader_held_back_is_no_rate_of_now() -> None:
    vitals = Vitals((), ("r",), {})
    vitals.read("r", [TagRead("E2", 1, -60.0, 1, 1)] * 30, held=False)
    vitals.read("r", [TagRead("E2", 1, -60.0, 1, 1)] * 30_000, held=True)
    ((_, values),) = vitals.measured({}, {}, lambda _: True, lambda: 5, CoreState())
    (point, _) = Measures(()).points(7, Measured(5_000, "reader.r", values))
    assert point.fields == {"up": 1, "reads": 30, "held": 30_000, "reports": 1}


def test_a_clock_is_told_beside_the_host_s() -> None:
    clock = DeviceClock()
    assert clock.told() == ()
    clock.observe(1_000, 6_000)
    vitals = Vitals((), ("r",), {}).measured({}, {}, lambda _: True, lambda: 5, CoreState(), lambda _: clock.told())
    ((device, values),) = vitals
    (point,) = Measures(()).points(7, Measured(5_000, device, values))
    assert (point.fields["clock_ahead_us"], point.fields["clock_unsure_us"]) == (-5_000, 0)


def test_what_a_plc_kept_is_booked_when_it_happened(ran: tuple[PureSite, list[Journaled | Event]]) -> None:
    """Inductions, movements and outcomes of an outage are not drawn in the minute of its end."""
    site, journal = ran
    end_us = journal[-1].at_us
    late = [replace(value, at_us=end_us) if isinstance(value, PlcEvent | Sorted) else value for value in journal]
    at_once = [value.device_us for value in journal if isinstance(value, PlcEvent)]
    assert max(at_once) - min(at_once) > 30_000_000
    booked = [
        (point.measurement.name, point.tags, point.time_ns // 1_000_000, point.fields.get("transit_us"))
        for points in points_of(site, late)
        for point in points
        if point.measurement.name in ("induction", "outcome", "plc_event")
    ]
    wanted = [
        (point.measurement.name, point.tags, point.time_ns // 1_000_000, point.fields.get("transit_us"))
        for points in points_of(site, journal)
        for point in points
        if point.measurement.name in ("induction", "outcome", "plc_event")
    ]
    told = [one for one in booked if one[0] != "outcome"]
    assert told == [one for one in wanted if one[0] != "outcome"]
    assert len({one[2] for one in booked if one[0] == "outcome"}) > 10


def test_what_happened_is_what_the_points_say(ran: tuple[PureSite, list[Journaled | Event]]) -> None:
    site, journal = ran
    points = [point for made in points_of(site, journal) for point in made]
    for point in points:
        holds(point)

    def of(name: str) -> list[SeriesPoint]:
        return [point for point in points if point.measurement.name == name]

    def count(kind: type[Journaled | Event]) -> int:
        return sum(isinstance(value, kind) for value in journal)

    inducted = [value for value in journal if isinstance(value, PlcEvent) and value.type == EventType.INDUCTED]
    assert len(of("induction")) == len(inducted) > 60
    assert len(of("route")) == count(RouteDecided)
    assert len(of("outcome")) == count(Sorted)
    assert len(of("shipment")) == count(OrderShipped)
    assert len(of("reaction")) == len(of("command")) == len(of("route"))
    assert all("transit_us" in point.fields for point in of("outcome"))
    assert all(point.fields["margin_us"] > 0 and not point.fields["late"] for point in of("reaction"))
    assert all(("reaction_us" in point.fields) == (point.tags[0] == "sorter") for point in of("reaction"))
    assert {point.tags[1] for point in of("passage")} == {"portal-sorter", "portal-tote1"}
    seen = [(point.measurement.name, point.tags, point.time_ns) for point in points]
    assert len(set(seen)) == len(seen)  # no point overwrites another


def test_a_publisher_that_begins_anywhere_makes_the_same_points(
    ran: tuple[PureSite, list[Journaled | Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, journal = ran
    monkeypatch.setattr(measures_module, "WINDOW", 300)
    whole = points_of(site, journal)
    for begin in range(301, len(journal), 97):
        again = points_of(site, journal[begin - 301 :], begin - 300)
        assert again[301:] == whole[begin:]


@given(st.integers(0, 2**50), st.integers(1, 2**40), st.integers(1, 999_999), st.integers(0, 2_000))
def test_points_of_different_records_have_different_times(at_us: int, seq: int, later: int, after_us: int) -> None:
    assert point_ns(at_us, seq) != point_ns(at_us + after_us, seq + later)
    assert point_ns(at_us, seq) // 1_000_000 == at_us // 1000
