"""Which carton a tag is in: our evidence beside the plain window and the best RSSI threshold, on one hard floor.

Public names: main. Run: ``python -m bench.portal``.

Cartons with 20 items and a tag of their own every 6 s, 1.9 s in the photo-eye; 4 antennas among metal, about 130
reads/s, echoes, neighbours' tags read for 3 s and more. A carton is right when its tags are exactly those inside. Ours
is told nothing but reads and photo-eye: ``live`` decides each carton as it goes, from the first one on; ``recorded`` is
`lanewise portal replay`. The others are given what they never have on a real floor: the true distance from photo-eye to
antennas, and the threshold, the same for all cartons, that is best for this very recording.

Four cartons wait before the belt, and a tenth of their tags is heard. The last table is what comes of that with the
rules of `edge.core.portal.places` and without them, and how far the weakest tag that is inside is from being doubted.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from edge.commands.portal_replay import RecordedPassage, Recording, judge
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.sim import RoomKind
from edge.core.events import PassageSeen
from edge.core.portal import places
from edge.core.portal.passage import PortalWatch
from edge.core.values.state import PortalState
from edge.sim.conveyor import Conveyor, PassingLoad
from edge.sim.floor import InventoryRound
from plc.words import EventType
from rfid.driver import TagRead

LINE = "tote1"
SPEED_MM_S = 320
EYE_MM, ANTENNA_MM = 1500, 1790
TRUE_OFFSET_US = (ANTENNA_MM - EYE_MM) * 1_000_000 // SPEED_MM_S


def hard_floor(example: Path) -> LineConfig:
    """The example's first line, slowed down and set among metal."""
    config = load_line(example)
    table = config.line[LINE]
    portal = table.portal.model_copy(update={"eye_mm": EYE_MM, "antenna_mm": ANTENNA_MM})
    sim = config.sim.model_copy(update={"tote_rate": 600, "items_min": 20, "items_max": 20, "room": RoomKind.HARD})
    line = {LINE: table.model_copy(update={"speed_mm_s": SPEED_MM_S, "portal": portal})}
    return config.model_copy(update={"sim": sim, "line": line, "reader": {LINE: config.reader[LINE]}})


def run(config: LineConfig, seed: int, cartons: int) -> tuple[Conveyor, Recording, list[PassageSeen]]:
    """The floor from its first carton to its last: the truth, what was read, and what our portal said meanwhile."""
    conveyor = Conveyor(config, LINE, seed, cartons)
    watch = PortalWatch(conveyor.layout, PortalState())
    watch.reader_changed(LINE, "", -1)
    reads: list[tuple[str, TagRead]] = []
    seen: list[PassageSeen] = []
    for happening in conveyor.happenings():
        if isinstance(happening, InventoryRound):
            watch.read(happening.reads, happening.reader)
            reads += [(happening.reader, read) for read in happening.reads]
        elif happening.type is EventType.ENTERED:
            watch.entered(happening.track_id, happening.at_us)
        else:
            watch.left(happening.track_id, happening.at_us)
        seen += watch.finals(happening.at_us)
    while (due_us := watch.deadline_us()) is not None:
        seen += watch.finals(due_us)
    passages = [RecordedPassage(one.name, one.start_us, one.stop_us, one.epcs) for one in conveyor.cartons]
    recording = Recording(tuple(sorted(reads, key=lambda one: one[1].at_us)), tuple(passages))
    return conveyor, recording, seen


def strongest_dbm(recording: Recording, carton: PassingLoad) -> dict[str, float]:
    """The strongest read of each tag while a carton was before the antennas."""
    found: dict[str, float] = {}
    for _, read in recording.reads:
        if carton.start_us <= read.at_us - TRUE_OFFSET_US <= carton.stop_us:
            found[read.epc] = max(found.get(read.epc, -200.0), read.rssi_dbm)
    return found


def main(argv: list[str] | None = None) -> int:
    """Prints the share of cartons exactly right of each way, for each seed and for all."""
    options = argparse.ArgumentParser(description="cartons exactly right: ours beside a plain window and a threshold")
    options.add_argument("--cartons", type=int, default=200, help="for each seed")
    options.add_argument("--seeds", type=int, default=5, help="how many different floors")
    given = options.parse_args(argv)
    config = hard_floor(Path(__file__).resolve().parents[1] / "examples" / "warehouse" / "LINE.toml")
    print(
        f"{'floor':>6}  {'reads/s':>7}  {'tag read for':>12}  {'window':>7}  {'threshold':>9}  {'ours live':>9}  "
        "recorded"
    )
    total = [0, 0, 0, 0]
    for seed in range(given.seeds):
        conveyor, recording, seen = run(config, seed, given.cartons)
        cartons = conveyor.cartons
        inside = [carton.epcs for carton in cartons]
        strongest = [strongest_dbm(recording, carton) for carton in cartons]
        by_threshold = [
            sum(
                {epc for epc, dbm in found.items() if dbm >= least} == truth
                for found, truth in zip(strongest, inside, strict=True)
            )
            for least in range(-90, -30)
        ]
        owned = {one.track_id: frozenset(one.owned) for one in seen}
        judged, _ = judge(recording)
        right = [
            sum(found.keys() == truth for found, truth in zip(strongest, inside, strict=True)),
            max(by_threshold),
            sum(owned[number] == truth for number, truth in enumerate(inside, 1)),
            sum(not one.missed and not one.stray for one in judged),
        ]
        total = [before + now for before, now in zip(total, right, strict=True)]
        _row(str(seed), recording, right, len(cartons))
    _row("all", None, total, given.seeds * given.cartons)
    _queue(config, given.seeds, given.cartons)
    return 0


def _queue(config: LineConfig, seeds: int, cartons: int) -> None:
    """What waits before the portal, by what its antennas look at."""
    print(
        f"\n{'antennas':<24}  {'cartons':>7}  {'right':>5}  {'without rules':>13}  {'least evidence':>14}  fewest reads"
    )
    for name, facing, upstream in (
        ("four facing", (), ()),
        ("two facing, two aside", (1, 2), (3, 4)),
        ("two facing", (1, 2), ()),
    ):
        table = config.line[LINE]
        portal = table.portal.model_copy(update={"facing": facing, "upstream": upstream})
        looking = config.model_copy(update={"line": {LINE: table.model_copy(update={"portal": portal})}})
        right, weakest = [0, 0], [(1.0, 0)]
        for seed in range(seeds):
            rules: Any
            for place, rules in enumerate(({}, {"LOUDER": 1e99, "CLEARLY": 0.0, "FAINT": 1e99})):
                with patch.multiple(places, **rules) if rules else nullcontext():
                    conveyor, _, seen = run(looking, seed, cartons)
                inside = [carton.epcs for carton in conveyor.cartons]
                right[place] += sum(frozenset(one.owned) == inside[one.track_id - 1] for one in seen)
                if not rules:
                    weakest += [_weakest(one, inside[one.track_id - 1]) for one in seen]
        least, fewest = min(share for share, _ in weakest), min(count for _, count in weakest[1:])
        total = seeds * cartons
        print(f"{name:<24}  {total:>7}  {right[0]:>5}  {right[1]:>13}  {f'1/{1 / least:.0f} of median':>14}  {fewest}")


def _weakest(seen: PassageSeen, inside: frozenset[str]) -> tuple[float, int]:
    """Of the tags that are inside and were heard: the least evidence, as a share of the median's; the fewest reads."""
    usual = median([claim.weight for claim in seen.own])
    counts = {claim.epc: 0 for claim in seen.claims if claim.epc in inside}
    for tag in seen.tags:
        if tag.epc in counts:
            counts[tag.epc] += tag.count
    return min(claim.weight for claim in seen.claims if claim.epc in counts) / usual, min(counts.values())


def _row(name: str, recording: Recording | None, right: list[int], cartons: int) -> None:
    rate = span = ""
    if recording is not None:
        times: dict[str, list[int]] = {}
        for _, read in recording.reads:
            times.setdefault(read.epc, []).append(read.at_us)
        rate = f"{len(recording.reads) * 1e6 / (recording.reads[-1][1].at_us - recording.reads[0][1].at_us):.0f}"
        span = f"{median(some[-1] - some[0] for some in times.values()) / 1e6:.1f} s"
    window, threshold, live, recorded = (f"{100 * one / cartons:.1f} %" for one in right)
    print(f"{name:>6}  {rate:>7}  {span:>12}  {window:>7}  {threshold:>9}  {live:>9}  {recorded:>8}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
