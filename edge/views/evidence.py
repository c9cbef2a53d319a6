"""A parcel's timeline as evidence: which items were read how often, the portal's verdict, its lane, its dock door.

Public names: Evidence, EvidenceRow, ItemReads, ParcelWeight, evidence, told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.core.events import OrderChanged, OrderShipped, ParcelGated, PassageSeen, ToteChecked
from edge.core.iso_time import iso
from edge.views.timeline import TimelineEntry
from edge.views.words.phrase import Phrase, phrase
from rfid.epc.identity import identity_of_hex


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One thing that was journaled."""

    at_us: int
    line: str
    kind: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class ItemReads:
    """How often the tag of an item was read in the passage that the verdict is of; 0 = that is not kept any more.

    ``antennas``: by which, as ``reader/antenna``.
    """

    epc: str
    reads: int
    antennas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParcelWeight:
    """What the scale of a packing station said, in grams. ``result``: empty = nobody weighed it."""

    station: str
    at_us: int
    weighed_g: int
    expected_g: int
    tolerance_g: int
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Times in microseconds, 0 = it did not happen, or nobody knows. ``findings``: of the last verdict; none = good."""

    parcel: str
    orders: tuple[str, ...]
    verified: bool
    checked_us: int
    findings: tuple[str, ...]
    items: tuple[ItemReads, ...]
    sorted_us: int
    lane: int
    gated_us: int
    dock: str
    gate: str
    rows: tuple[EvidenceRow, ...]
    weight: ParcelWeight | None = None


def evidence(parcel: str, entries: Iterable[TimelineEntry]) -> Evidence:
    """What a timeline proves."""
    rows = tuple(entries)
    orders: dict[str, None] = {}
    passages: dict[tuple[str, int], PassageSeen] = {}
    checked: ToteChecked | None = None
    shipped: OrderShipped | None = None
    gated: ParcelGated | None = None
    for entry in rows:
        match entry.record.value:
            case OrderChanged(order=order):
                orders[order.id] = None
            case PassageSeen(line=line, passage=passage) as seen:
                passages[line, passage] = seen
            case ToteChecked() as one:
                checked = one
            case OrderShipped() as one:
                shipped = one
            case ParcelGated() as one:
                gated = one
            case _:
                pass
    seen_in = [
        seen
        for (line, passage), seen in passages.items()
        if checked is not None
        and line == checked.line
        and (passage == checked.passage or (seen.portal and seen.track_id == checked.track_id))
    ]
    return Evidence(
        parcel=parcel,
        orders=tuple(orders),
        verified=checked is not None and checked.verified,
        checked_us=checked.at_us if checked is not None else 0,
        findings=tuple(f"{one.kind} {one.subject}".strip() for one in checked.findings) if checked else (),
        items=tuple(_reads(seen_in, epc) for epc in checked.matched) if checked else (),
        sorted_us=shipped.at_us if shipped is not None else 0,
        lane=shipped.lane if shipped is not None else 0,
        gated_us=gated.at_us if gated is not None else 0,
        dock=gated.dock if gated is not None else "",
        gate=str(gated.verdict) if gated is not None else "",
        rows=tuple(EvidenceRow(one.at_us, one.record.line, one.record.kind, one.said) for one in rows),
    )


def _reads(passages: Sequence[PassageSeen], epc: str) -> ItemReads:
    tags = [tag for passage in passages for tag in passage.tags if identity_of_hex(tag.epc) == epc]
    antennas = dict.fromkeys(f"{tag.reader}/{tag.antenna}" for tag in tags)
    return ItemReads(epc, sum(tag.count for tag in tags), tuple(antennas))


def told(found: Evidence) -> list[Phrase]:
    """What it comes to, in a few lines."""
    lines: list[Phrase] = []
    if found.checked_us:
        verdict = phrase("verdict.verified") if found.verified else phrase("verdict.refused")
        at = iso(found.checked_us, 3)
        lines.append(phrase("evidence.verdict", verdict=verdict, at=at, findings=found.findings))
    if found.items:
        lines.append(phrase("evidence.items", n=len(found.items)))
        lines += [phrase("evidence.reads", epc=one.epc, reads=one.reads) for one in found.items]
    if (scale := found.weight) is not None and scale.weighed_g:
        at = iso(scale.at_us, 3)
        lines.append(
            phrase(
                "evidence.weight",
                station=scale.station,
                weighed=scale.weighed_g,
                expected=scale.expected_g,
                tolerance=scale.tolerance_g,
                at=at,
            )
        )
    if found.gated_us:
        gate = phrase(f"dock.verdict.{found.gate}")
        lines.append(phrase("evidence.dock", dock=found.dock, verdict=gate, at=iso(found.gated_us, 3)))
    return lines
