"""A controller that stands still, or a whole machine: whatever comes late and in bursts, nobody gets another's name.

Public names: none; run by pytest.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import example as such
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_site import STEP_US, PureSite, example

from edge.config.lines import LineConfig
from edge.core.events import AnomalyCode, DeviceNotice, RouteDecided, RouteReason, TagsRead
from edge.core.portal.passage import PortalWatch
from edge.core.values.state import PortalState
from edge.devices.clocks import DeviceClock, clock_set
from edge.sim.floor import InventoryRound, Scanned, Signal
from rfid.driver import TagRead, moved

START_US = 1_700_000_000_000_000
POLL_US = 20_000
Told = tuple[str, Signal | InventoryRound | Scanned]


class Still(PureSite):
    """From ``at_us`` of the floor's time on, something stands still for ``for_us``.

    ``what``: the host, then what was told comes at once, of each device in order of time, or with ``mixed`` the reports
    of a reader in any order, as over sockets; the whole machine, with floor and devices, as also a host's clock that
    leaps ahead looks; or the clock of a PLC or a reader alone.
    """

    def __init__(
        self, config: LineConfig, seed: int, loads: dict[str, int], at_us: int, for_us: int, what: str, mixed: bool
    ) -> None:
        self._clocks: dict[str, DeviceClock] = {}
        self._waiting: list[Told] = []
        self._at_us, self._for_us, self._what, self._mixed = START_US + at_us, for_us, what, mixed
        self._still = False
        self._chance = Random(seed)
        super().__init__(config, seed, loads)

    def happened(self, plc: str, happening: Signal | InventoryRound | Scanned) -> None:
        if self._still:
            self._waiting.append((plc, happening))
        else:
            self._tell(plc, happening)

    def time_went_by(self) -> None:
        floor_us = self._now_us - self.ahead_us
        if self._what == "machine" and not self.ahead_us and floor_us >= self._at_us:
            self.ahead_us = self._for_us
            self._now_us += self._for_us
        self._still = self._what == "host" and self._at_us <= floor_us < self._at_us + self._for_us
        if self._still:
            return
        waiting, self._waiting = self._waiting, []
        for told in self._order(waiting):
            self._tell(*told)
        if floor_us % POLL_US < STEP_US:
            for plc in self.floors:
                self._clock(plc, plc, self._shows("plc", floor_us), asked=True)
        super().time_went_by()

    def _shows(self, kind: str, at_us: int) -> int:
        """What the clock of a device showed at a time of the floor."""
        return at_us if self._what != kind or at_us < self._at_us else max(self._at_us, at_us - self._for_us)

    def _order(self, waiting: list[Told]) -> list[Told]:
        sources: dict[str, list[Told]] = {}
        for plc, happening in waiting:
            source = plc if isinstance(happening, Signal) else f"reader {plc}"
            sources.setdefault(source, []).append((plc, happening))
        if self._mixed:
            for source, told in sources.items():
                if source.startswith("reader "):
                    self._chance.shuffle(told)
        turns = [source for source, told in sources.items() for _ in told]
        self._chance.shuffle(turns)
        return [sources[source].pop(0) for source in turns]

    def _tell(self, plc: str, happening: Signal | InventoryRound | Scanned) -> None:
        match happening:
            case Signal():
                clock = self._clocks.setdefault(plc, DeviceClock())
                self._signal(plc, happening, clock.host_us(self._shows("plc", happening.at_us)))
            case InventoryRound():
                reads = [read._replace(at_us=self._shows("reader", read.at_us)) for read in happening.reads]
                newest_us = max(read.at_us for read in reads)
                clock = self._clock(f"reader {happening.reader}", happening.reader, newest_us)
                self.give(TagsRead(self._now_us, happening.reader, moved(reads, clock.host_us)))
            case Scanned():
                super().happened(plc, happening)

    def _clock(self, whose: str, name: str, device_us: int, *, asked: bool = False) -> DeviceClock:
        clock = self._clocks.setdefault(whose, DeviceClock())
        step_us = clock.observe(device_us, self._now_us, self._now_us if asked else None)
        if step_us:
            for other, one in self._clocks.items():
                if asked and step_us < 0 and other.startswith("reader "):
                    one.proven(step_us, self._now_us)
            text = clock_set(name, step_us)
            self.give(DeviceNotice(self._now_us, name, AnomalyCode.CLOCK_JUMPED, text))
        return clock


def wrong(site: Still, at_most_s: float) -> tuple[list[str], Counter[str]]:
    """Parcels and totes that were taken for others, or for right ones; and how many were known and not."""
    outcome = site.run(at_most_s)
    truth = {landed.track_id: landed.load for landed in outcome.landed}
    told: list[str] = []
    count: Counter[str] = Counter()
    for value in outcome.journal:
        if isinstance(value, RouteDecided) and value.track_id in truth:
            load = truth[value.track_id]
            right = value.reason in (RouteReason.ASSIGNED, RouteReason.ALTERNATIVE, RouteReason.VERIFIED)
            count["right" if right else "aside"] += 1
            if right and (value.subject != load.identity or not load.good):
                told.append(f"{value.track_id} is {load.name} ({load.fault}), and was taken for {value.subject}")
    return told, count


@such(line="sorter", at_ms=3_000, for_ms=2_478, what="machine", mixed=False, seed=5)
@such(line="sorter", at_ms=1_228, for_ms=1_408, what="plc", mixed=True, seed=14)
@such(line="sorter", at_ms=51, for_ms=8_822, what="host", mixed=False, seed=23)
@settings(max_examples=int(os.environ.get("LANEWISE_STALLS", "3")))
@given(
    line=st.sampled_from(("sorter", "tote1")),
    at_ms=st.integers(0, 20_000),
    for_ms=st.integers(0, 10_000),
    what=st.sampled_from(("host", "machine", "plc", "reader")),
    mixed=st.booleans(),
    seed=st.integers(1, 50),
)
def test_whatever_stands_still_nobody_is_taken_for_another(
    project: Path, line: str, at_ms: int, for_ms: int, what: str, mixed: bool, seed: int
) -> None:
    config = example(project, rate=6_000, seed=seed)
    told, count = wrong(Still(config, seed, {line: 32}, at_ms * 1000, for_ms * 1000, what, mixed), 180)
    assert not told
    assert count["right"] >= 12 or what in ("plc", "reader")


def test_the_edge_of_a_neighbour_whose_reads_were_lost_names_nobody(project: Path) -> None:
    """All that is left of two parcels 0.5 s apart is what was heard of the first one as the second came near."""
    layout = next(one for one in example(project).layouts() if one.name == "sorter")
    watch = PortalWatch(layout, PortalState())
    watch.reader_changed("sorter", "", -(2**62))
    for track, at_us in ((1, 0), (2, 500_000), (3, 4_000_000)):
        watch.entered(track, at_us)
        watch.left(track, at_us + 120_000)
    watch.read([TagRead("A", 1, -60.0, at_us, 1) for at_us in (370_000, 375_000)], "sorter", 380_000)
    watch.read([TagRead("C", 1, -50.0, at_us, 1) for at_us in range(3_950_000, 4_250_000, 9_000)], "sorter", 4_250_000)
    seen = {one.track_id: one for one in watch.finals(20_000_000)}
    assert seen[2].claims and not seen[2].owned and not seen[1].owned and seen[3].owned == ("C",)
