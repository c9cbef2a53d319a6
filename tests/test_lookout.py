"""When a PLC is looked at more often than it is polled."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pure_site import example

from edge.core.events import PlcEvent
from edge.core.values.layout import LineLayout
from edge.devices.lookout import KEEP, LOOK_US, Lookout
from plc.words import EventType

POLL_US = 5_000


def sorter(project: Path) -> LineLayout:
    return next(layout for layout in example(project).layouts() if layout.name == "sorter")


def event(kind: EventType, track: int, station: int, at_us: int) -> PlcEvent:
    return PlcEvent(
        at_us=at_us,
        device_us=at_us,
        plc="sorter",
        session=1,
        seq=1,
        type=int(kind),
        track_id=track,
        station=station,
        cause=0,
        value=0,
        plc_ms=at_us // 1000,
    )


@given(
    st.floats(0.5, 2.0),
    st.lists(
        st.tuples(st.integers(90_000, 400_000), st.integers(-LOOK_US // 2, LOOK_US // 2)), min_size=30, max_size=40
    ),
    st.sampled_from((None, -60_000, -20_000, 20_000, 60_000)),
)
def test_a_belt_that_runs_evenly_is_seen_as_it_happens(
    project: Path, speed: float, items: list[tuple[int, int]], hiccup_us: int | None
) -> None:
    """Whatever the drawing says of its speed, and with a hiccup now and then; it is looked at more often only then."""
    line = sorter(project)
    lookout = Lookout([line], POLL_US)
    way_us = round(line.travel_us(line.portal.eye_mm, 0) * speed)
    happens: list[tuple[int, EventType, int]] = []
    at_us = 1_700_000_000_000_000
    uneven = set() if hiccup_us is None else set(range(4, len(items) + 1, 8))
    for track, (gap_us, off_us) in enumerate(items, 1):
        at_us += gap_us
        off_us += hiccup_us or 0 if track in uneven else 0
        happens += [
            (at_us, EventType.ENTERED, track),
            (at_us + way_us + off_us, EventType.INDUCTED, track),
        ]
    happens.sort()
    now_us, late, looks = happens[0][0], {}, []
    while happens:
        while happens and happens[0][0] <= now_us:
            when_us, kind, track = happens.pop(0)
            station = line.portal.eye if kind is EventType.ENTERED else line.induction
            lookout.event(event(kind, track, station, when_us))
            if kind is EventType.INDUCTED:
                late[track] = now_us - when_us
        due_us, next_us = now_us + POLL_US, lookout.next_us(now_us)
        assert next_us is None or next_us >= now_us + LOOK_US
        now_us = due_us if next_us is None else min(due_us, next_us)
        looks.append(now_us)
    assert max(late.values()) <= POLL_US
    if hiccup_us is None:
        assert max(late_us for track, late_us in late.items() if track > 1) <= LOOK_US, "the first shows the way"
    assert max(late_us for track, late_us in late.items() if track > 10 and track not in uneven) <= 2 * LOOK_US
    assert len(looks) <= (looks[-1] - looks[0]) / POLL_US + 10 * len(items)


def test_what_never_comes_is_given_up(project: Path) -> None:
    line = sorter(project)
    lookout = Lookout([line], POLL_US)
    now_us = 1_700_000_000_000_000
    for track in range(10 * KEEP):
        lookout.event(event(EventType.ENTERED, track, line.portal.eye, now_us))
    assert lookout.next_us(now_us) == now_us + line.travel_us(line.portal.eye_mm, 0) - POLL_US // 2
    assert lookout.next_us(now_us + 3_600_000_000) is None
    assert Lookout([], POLL_US).next_us(now_us) is None
