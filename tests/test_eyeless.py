"""Portals without a photo-eye: what new tags open, whose it is, and what the configuration allows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import assert_replays
from pure_site import START_US, PureSite

from edge.config.lines import LineConfig
from edge.config.load import ConfigError, load_line
from edge.core.core import Core
from edge.core.events import (
    DeviceChanged,
    Event,
    Journaled,
    OrderChanged,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    Stage,
    Started,
    TagsRead,
    Tick,
    ToteChecked,
)
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderLine
from edge.sim.world import FloorFault
from plc.words import EventType
from rfid.driver import TagRead
from rfid.epc.identity import grai96, gtin_of, identity_of_hex, sgtin96

EYE = 'readers = ["tote1"], eye = 11, eye_mm = 1500, antenna_mm = 1700'
EYE_EVENTS = (EventType.ENTERED, EventType.LEFT)
PREFIX = "9521141"
GTIN = gtin_of(identity_of_hex(sgtin96(PREFIX, "000001", 1)) or "") or ""
STEP_US = 20_000
BEFORE_US = 3_167_000
"""From induction until an item's middle is before the antennas, 1900 mm at 600 mm/s."""


def eyeless(project: Path, tmp_path: Path, portal: str = 'readers = ["tote1"], antenna_mm = 1700') -> LineConfig:
    """The example warehouse with another portal at its first line."""
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    assert EYE in text
    (tmp_path / "LINE.toml").write_text(text.replace(EYE, portal, 1), encoding="utf-8")
    return load_line(tmp_path / "LINE.toml")


@pytest.fixture(scope="module")
def layout(project: Path, tmp_path_factory: pytest.TempPathFactory) -> LineLayout:
    return eyeless(project, tmp_path_factory.mktemp("eyeless")).layouts()[0]


class Belt:
    """Totes at chosen times past the antennas, each read for 0.6 s around the moment when it is before them."""

    def __init__(self, layout: LineLayout) -> None:
        self.core = Core([layout])
        self.layout = layout
        self.journal: list[Journaled | Event] = []
        self._given: list[tuple[int, Journaled | TagsRead]] = []
        for value in (
            Started(at_us=START_US, controller="edge1", version="0", layouts=(layout,)),
            DeviceChanged(START_US, "reader.tote1", True, "reads"),
            PlcConnected(
                at_us=START_US,
                plc=layout.plc,
                session=1,
                epoch=1,
                fresh=True,
                resumed=False,
                event_acked=0,
                events_lost=0,
                command_head=0,
                found=(),
                lanes_full=0,
                lanes_disabled=0,
            ),
        ):
            self._given.append((START_US, value))

    def order(self, order: Order) -> None:
        self._given.append((START_US, OrderChanged(START_US, 0, order)))

    def inducted(self, track: int, at_us: int) -> None:
        event = PlcEvent(
            at_us=at_us,
            device_us=at_us,
            plc=self.layout.plc,
            session=1,
            seq=track,
            type=int(EventType.INDUCTED),
            track_id=track,
            station=1,
            cause=0,
            value=0,
            plc_ms=0,
        )
        self._given.append((at_us, event))

    def reads(
        self,
        epcs: Iterable[str],
        middle_us: int,
        reach_us: int = 300_000,
        every_us: int = STEP_US,
        peak_dbm: float = -45.0,
    ) -> None:
        """Strongest in the middle; not all tags at once."""
        for turn, epc in enumerate(epcs):
            for at_us in range(middle_us - reach_us + turn * 7_000, middle_us + reach_us, every_us):
                power = peak_dbm - 20.0 * abs(at_us - middle_us) / reach_us
                self._given.append((at_us, TagsRead(at_us, "tote1", (TagRead(epc, 1, power, at_us, 1),))))

    def run(self) -> list[Journaled | Event]:
        """Everything in order of time, and all deadlines."""
        for at_us, value in sorted(self._given, key=lambda one: one[0]):
            while (due_us := self.core.deadline_us()) is not None and due_us < at_us:
                self._step(Tick(due_us))
            self._step(value)
        while (due_us := self.core.deadline_us()) is not None:
            self._step(Tick(due_us))
        return self.journal

    def _step(self, value: Journaled | TagsRead | Tick) -> None:
        if not isinstance(value, TagsRead | Tick):
            self.journal.append(value)
        results = self.core.step(value)
        self.journal += [one for one in results if type(one).__name__ not in ("Route", "SetLane", "SetOutput")]


def tote(number: int, items: int) -> tuple[list[str], Order]:
    """The tags of a tote and of the items of its order, and the order."""
    tag = grai96(PREFIX, "12345", number)
    tags = [sgtin96(PREFIX, "000001", number * 100 + item) for item in range(items)]
    lines = tuple(OrderLine(GTIN, 1, epcs=(identity_of_hex(epc) or "",)) for epc in tags)
    return [tag, *tags], Order(id=f"O{number}", carrier="DHL", service="", lines=lines, tote=identity_of_hex(tag))


def verdicts(belt: Belt) -> dict[int, bool]:
    return {one.track_id: one.verified for one in belt.journal if isinstance(one, ToteChecked) and one.final}


@settings(max_examples=25, deadline=None)
@given(
    totes=st.lists(
        st.tuples(st.integers(1_500, 6_000), st.sampled_from(["right", "missing", "extra"])), min_size=1, max_size=6
    ),
    off_ms=st.integers(-200, 200),
)
def test_totes_apart_are_each_judged_right(totes: list[tuple[int, str]], off_ms: int, layout: LineLayout) -> None:
    belt, at_us = Belt(layout), START_US + 5_000_000
    wanted = {}
    for track, (gap_ms, what) in enumerate(totes, 1):
        at_us += gap_ms * 1000
        tags, order = tote(track, 3)
        belt.order(order)
        belt.inducted(track, at_us)
        extra = [sgtin96(PREFIX, "000002", track)] if what == "extra" else []
        belt.reads([*(tags[:-1] if what == "missing" else tags), *extra], at_us + BEFORE_US + off_ms * 1000)
        wanted[track] = what == "right"
    belt.run()
    assert verdicts(belt) == wanted
    routes = {one.track_id: one.lane for one in belt.journal if isinstance(one, RouteDecided)}
    assert routes == {track: 1 if right else 2 for track, right in wanted.items()}
    assert_replays(belt.journal)


def test_what_stands_beside_the_belt_opens_nothing(layout: LineLayout) -> None:
    belt, at_us = Belt(layout), START_US + 30_000_000
    crowd = [sgtin96(PREFIX, "000003", number) for number in range(40)]
    for turn, epc in enumerate(crowd):  # there from the beginning, heard every second or so
        belt.reads([epc], START_US + 30_000_000 + turn * 1_000, 29_900_000, 700_000 + turn * 20_000)
    tags, order = tote(1, 3)
    belt.order(order)
    belt.inducted(1, at_us)
    belt.reads(tags, at_us + BEFORE_US)
    belt.reads(tags, at_us + BEFORE_US + 1_500_000, peak_dbm=-60.0)  # an echo of it, from further on
    belt.run()
    finals = [one for one in belt.journal if isinstance(one, PassageSeen) and one.stage is Stage.FINAL]
    assert [(one.passage, one.track_id) for one in finals] == [(1, 1)]
    assert set(finals[0].owned) >= set(tags)
    assert_replays(belt.journal)


@pytest.mark.parametrize("rate", [500, 2_000])
def test_the_simulated_line_never_packs_what_is_wrong(project: Path, tmp_path: Path, rate: int) -> None:
    config = eyeless(project, tmp_path, 'readers = ["tote1"], antenna_mm = 1700, quiet_ms = 800')
    faults = config.sim.faults.model_copy(update={"missing": 0.15, "extra": 0.15})
    config = config.model_copy(update={"sim": config.sim.model_copy(update={"tote_rate": rate, "faults": faults})})
    outcome = PureSite(config, 7, {"tote1": 30}).run(600)
    assert len(outcome.landed) == 30
    packed = [one.load for one in outcome.landed if one.lane.name == "Packing"]
    assert {load.fault for load in packed} <= {FloorFault.NONE}
    if rate == 500:
        right = sum(one.load.fault is FloorFault.NONE for one in outcome.landed)
        assert len(packed) == right >= 15
    assert not [one for one in outcome.journal if isinstance(one, PlcEvent) and one.type in EYE_EVENTS]
    assert_replays(outcome.journal)


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        (
            'readers = ["tote1"], eye = 11, antenna_mm = 1700',
            r"portal\.eye_mm: missing: a photo-eye has eye and eye_mm",
        ),
        ('readers = ["tote1"], eye_mm = 11, antenna_mm = 1700', r"portal\.eye: missing"),
        (f"{EYE}, quiet_ms = 500", r"portal\.quiet_ms: 500: only without eye"),
        ('readers = ["tote1"], antenna_mm = 1700, post_roll_ms = 100', r"portal\.post_roll_ms: 100: only with a photo"),
        (
            'readers = ["tote1"], antenna_mm = 1700, facing = [1], upstream = [2]',
            r"portal\.upstream: \(2,\): only with",
        ),
        (
            'readers = ["tote1"], antenna_mm = 1700, quiet_ms = 4000',
            r"decision_mm: 6000: reached 7166 ms after antennas",
        ),
    ],
)
def test_the_configuration_says_what_goes_together(project: Path, tmp_path: Path, portal: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        eyeless(project, tmp_path, portal)
