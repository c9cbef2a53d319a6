"""What really became of the loads, against what should have become of them and what the journal says.

Public names: FloorReport, PlcEvents, ReactionMs, Tally, Decision, own_lanes, other_lanes, percentiles_ms,
JournalFigures, journal_figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, assert_never

from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order
from edge.journal.reader import JournalReader
from edge.sim.floor import Landed
from edge.sim.parcel_book import ShopTold


class PlcEvents(TypedDict):
    """What a PLC has reported: its session, how many events it showed, and how many its own buffer dropped."""

    session: int
    events: int
    lost: int


class ReactionMs(TypedDict):
    """Nearest-rank percentiles in milliseconds, and how many samples; zeros without samples."""

    p50: float
    p99: float
    p999: float
    n: int


class FloorReport(TypedDict):
    """The floor's own truth about one run.

    ``seconds``: time with inflow, None = until stopped. ``missorted``: in a carrier's lane that is neither one for the
    order's carrier and service nor an alternative of one. ``defaulted``: loads without a route in time.
    ``recirculated``: inductions after the first. ``false_accepts``, ``false_refusals``: wrong totes in packing, right
    ones in quality. ``tag_reads``: at the lines, delivered. ``reaction_ms``: INDUCTED shown in UP until its
    ROUTE was handled, sorting lines. ``late_ms``: the most by which the floor itself was behind its time, which a busy
    machine causes and reactions suffer from. ``unacknowledged``: PLC events. ``refused``: commands, by reason.
    ``shop``: None = there is none.
    """

    seed: int
    rate: int
    seconds: float | None
    parcels_inducted: int
    parcels_diverted: int
    parcels_in_assigned_lane: int
    parcels_in_alternative_lane: int
    missorted: int
    defaulted: int
    recirculated: int
    to_quality: int
    to_reject: int
    good_parcels_to_quality: int
    totes_inducted: int
    totes_to_packing: int
    totes_to_quality: int
    false_accepts: int
    false_refusals: int
    left_on_belt: int
    tag_reads: int
    reaction_ms: ReactionMs
    late_ms: float
    unacknowledged: int
    plc_events: dict[str, PlcEvents]
    refused: dict[str, int]
    shop: ShopTold | None


class JournalFigures(TypedDict):
    """What a journal holds of one run.

    ``totes_verified``, ``totes_refused``: the last verdict of each passage. ``journal_events``: PLC events of the run.
    ``events_missing``, ``events_doubled``: against what the PLCs have shown; both 0 when each is there exactly once.
    """

    totes_verified: int
    totes_refused: int
    journal_records: int
    journal_events: int
    events_missing: int
    events_doubled: int


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """Where a load ended. ``load``: its name in the world; ``rounds``: times it went round before."""

    line: str
    load: str
    lane: int
    rounds: int


@dataclass(slots=True)
class Tally:
    """Counts of loads that left the belts. A parcel sent round again has not left. ``decisions`` None: not kept."""

    parcels_diverted: int = 0
    parcels_in_assigned_lane: int = 0
    parcels_in_alternative_lane: int = 0
    missorted: int = 0
    defaulted: int = 0
    to_quality: int = 0
    to_reject: int = 0
    good_parcels_to_quality: int = 0
    totes_to_packing: int = 0
    totes_to_quality: int = 0
    false_accepts: int = 0
    false_refusals: int = 0
    decisions: list[Decision] | None = None

    def add(self, layout: LineLayout, landed: Landed) -> None:
        """A load is in a lane."""
        if landed.defaulted:
            self.defaulted += 1
        if landed.lane.role is LaneRole.RECIRCULATE:
            return
        if self.decisions is not None:
            self.decisions.append(Decision(layout.name, landed.load.name, landed.lane.number, landed.rounds))
        match layout.job:
            case Job.SORT:
                self._parcel(layout, landed)
            case Job.VERIFY:
                self._tote(landed)
            case _ as job:
                assert_never(job)

    def _parcel(self, layout: LineLayout, landed: Landed) -> None:
        self.parcels_diverted += 1
        number = landed.lane.number
        match landed.lane.role:
            case LaneRole.CARRIER:
                order = landed.load.order if landed.load.good else None
                if number in own_lanes(layout, order):
                    self.parcels_in_assigned_lane += 1
                elif number in other_lanes(layout, order):
                    self.parcels_in_alternative_lane += 1
                else:
                    self.missorted += 1
            case LaneRole.REJECT:
                self.to_reject += 1
            case _:
                self.to_quality += 1
                self.good_parcels_to_quality += landed.load.good

    def _tote(self, landed: Landed) -> None:
        if landed.lane.role is LaneRole.VERIFIED:
            self.totes_to_packing += 1
            self.false_accepts += not landed.load.good
        else:
            self.totes_to_quality += 1
            self.false_refusals += landed.load.good


def own_lanes(layout: LineLayout, order: Order | None) -> set[int]:
    """Lanes of the order's carrier that take its service."""
    if order is None:
        return set()
    return {
        lane.number
        for lane in layout.lanes
        if lane.role is LaneRole.CARRIER
        and lane.carrier == order.carrier
        and (not lane.services or order.service in lane.services)
    }


def other_lanes(layout: LineLayout, order: Order | None) -> set[int]:
    """The alternatives of those lanes."""
    own = own_lanes(layout, order)
    return {other for lane in layout.lanes if lane.number in own for other in lane.alternatives} - own


def percentiles_ms(samples_us: Sequence[int]) -> ReactionMs:
    """Of samples in microseconds."""
    ordered = sorted(samples_us)

    def rank(per_mille: int) -> float:
        return ordered[-(-per_mille * len(ordered) // 1000) - 1] / 1000 if ordered else 0.0

    return ReactionMs(p50=rank(500), p99=rank(990), p999=rank(999), n=len(ordered))


def journal_figures(journal: Path, plc_events: Mapping[str, PlcEvents]) -> JournalFigures:
    """Reads a journal after a run. Raises JournalError where it cannot be read."""
    verdicts: dict[tuple[str, int, int], bool] = {}
    newest: dict[str, int] = {}  # place of the newest event in its session, wraps counted
    places: dict[str, set[int]] = {name: set() for name in plc_events}
    records = events = 0
    reader = JournalReader(journal)
    try:
        for record in reader.every():
            records += 1
            if record.kind == "ToteChecked":
                body = json.loads(record.body)
                verdicts[body["line"], body["passage"], body["track_id"]] = not body["findings"]
            elif record.kind == "PlcEvent":
                body = json.loads(record.body)
                name = body["plc"]
                if name in plc_events and body["session"] == plc_events[name]["session"]:
                    last = newest.get(name, 0)
                    step = (body["seq"] - last) % 65_536
                    place = last + (step if step < 32_768 else step - 65_536)
                    newest[name] = max(last, place)
                    places[name].add(place)
                    events += 1
    finally:
        reader.close()
    different = sum(len(found) for found in places.values())
    return JournalFigures(
        totes_verified=sum(verdicts.values()),
        totes_refused=len(verdicts) - sum(verdicts.values()),
        journal_records=records,
        journal_events=events,
        events_missing=sum(shown["events"] for shown in plc_events.values()) - different,
        events_doubled=events - different,
    )
