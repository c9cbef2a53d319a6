"""Decide: from a passage's evidence to a verdict and a route.

Public names: decide, Turnable, turnable, turned, TURNED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from edge.core.events import (
    Anomaly,
    AnomalyCode,
    Finding,
    FindingKind,
    PassageSeen,
    Route,
    RouteDecided,
    RouteReason,
    Stage,
    ToteChecked,
)
from edge.core.line.line import Line, Result
from edge.core.line.sort import Choice, choose_lane, combine, identify_parcel, set_aside
from edge.core.line.trial import tried
from edge.core.line.verify import check
from edge.core.values.layout import Job, LaneRole
from edge.core.values.order import Order, OrderState
from edge.core.values.track import Track, Turn

TURNED = "turned-on-the-belt"
"""Decision flag: a parcel whose order changes before the decision point gets the lane that it would get now. Before, it
kept the one that it had."""
FLOODED = "a reader floods: tags that no order expects were left out"


def decide(line: Line, seen: PassageSeen, out: list[Result]) -> None:
    """Adds what follows from the evidence of one passage: verdict, route, or nothing yet."""
    match line.layout.job:
        case Job.VERIFY:
            _verify(line, seen, out)
        case Job.SORT:
            _sort(line, seen, out)
        case _ as job:
            assert_never(job)


def _verify(line: Line, seen: PassageSeen, out: list[Result]) -> None:
    if seen.stage is Stage.EARLY:
        return
    result = check(seen.own, line.book, seen.codes, seen.doubted, _whose(line, seen.passage), line.totes)
    findings = result.findings
    if seen.cause:  # what was not read cannot be said to be right
        findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=seen.cause))
    if seen.flooded:
        findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=FLOODED))
    verdict = ToteChecked(
        at_us=seen.at_us,
        line=line.name,
        track_id=seen.track_id,
        passage=seen.passage,
        tote=result.tote,
        order=result.order,
        final=seen.stage is Stage.FINAL,
        matched=result.matched,
        findings=findings,
    )
    out.append(verdict)
    _compare_with_provisional(line, verdict, out)
    if verdict.final and verdict.verified:
        line.book.bind(result.matched, result.order)
    track = line.state.tracks.get(seen.track_id)
    if track is None or not track.undecided or not track.inducted:
        return
    track.subject, track.order = result.tote, result.order
    choice = tried(line, track, _lane_for(line, verdict), seen.at_us, out)
    _route(line, track, choice, seen.at_us, out)


def _whose(line: Line, passage: int) -> Callable[[str], Order | None]:
    """Whose a tote is: until its verdict is final that of the order by which it was verified in time.

    That one may have given it up since, and the next one may have it: what passed the portal was its content.
    """
    judged, by_whom = line.state.judged.get(passage, ("", ""))
    order = line.book.order(by_whom) if by_whom else None
    if order is None or order.state is OrderState.CANCELLED:
        return line.book.of_tote
    return lambda tote: order if tote == judged else line.book.of_tote(tote)


def _compare_with_provisional(line: Line, verdict: ToteChecked, out: list[Result]) -> None:
    before = line.state.provisional.pop(verdict.passage, None)
    line.state.judged.pop(verdict.passage, None)
    if not verdict.final:
        line.state.provisional[verdict.passage] = verdict.verified
        if verdict.verified and line.keeps:
            line.state.judged[verdict.passage] = verdict.tote, verdict.order
    elif before is not None and before != verdict.verified:
        was = "verified" if before else "refused"
        text = f"tote {verdict.tote or '?'} was {was} in time, and is not so in the end"
        out.append(
            Anomaly(
                at_us=verdict.at_us,
                line=line.name,
                code=AnomalyCode.VERDICT_CHANGED,
                text=text,
                track_id=verdict.track_id,
                subject=verdict.tote,
            )
        )


def _lane_for(line: Line, verdict: ToteChecked) -> Choice:
    order = line.book.order(verdict.order) if verdict.verified else None
    if order is not None and order.refused:
        return set_aside(line.layout, line.usable, RouteReason.QUALITY, f"order {order.id} was refused by quality")
    verified = line.layout.lane_of_role(LaneRole.VERIFIED)
    if verdict.verified and verified is not None:
        return Choice(verified.number, RouteReason.VERIFIED)
    reason = RouteReason.REFUSED
    if not verdict.order:
        reason = RouteReason.NO_ORDER if verdict.tote else RouteReason.NO_READ
    words = ", ".join(dict.fromkeys(finding.kind.value for finding in verdict.findings))
    return set_aside(line.layout, line.usable, reason, words)


def _sort(line: Line, seen: PassageSeen, out: list[Result]) -> None:
    track = line.state.tracks.get(seen.track_id)
    if track is None or not track.inducted:
        return
    # Where reads may be missing, a neighbour's label can look like the only one.
    named = combine(() if seen.cause else identify_parcel(seen.own), seen.codes, line.book)
    parcels = named.parcels
    if not track.undecided:
        if seen.stage is Stage.FINAL and named.contradiction and track.subject:
            _contradiction(line, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        elif seen.stage is Stage.FINAL and parcels and track.subject and track.subject not in parcels:
            text = f"track {track.track_id} was sorted as {track.subject}, its evidence in the end says {parcels[0]}"
            out.append(
                Anomaly(
                    at_us=seen.at_us,
                    line=line.name,
                    code=AnomalyCode.IDENTITY_CHANGED,
                    text=text,
                    track_id=track.track_id,
                    subject=track.subject,
                )
            )
        return
    doubt = len(parcels) > 1 or named.contradiction
    settled = seen.settled or not line.layout.portal.readers
    if seen.stage is Stage.EARLY and (doubt or (not parcels and (seen.cause or not settled))):
        track.take(Turn.DOUBTED)
        return  # its neighbours, or reads that are still under way, may settle it
    if not parcels and track.round and track.subject:
        parcels = (track.subject,)  # it was read the last time round
    if named.contradiction:
        _contradiction(line, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        choice = set_aside(line.layout, line.usable, RouteReason.CONTRADICTION, named.contradiction)
        _route(line, track, choice, seen.at_us, out)
        return
    choice = choose_lane(line.layout, parcels, line.book, line.usable, track.round)
    if len(parcels) == 1:
        order = line.book.of_parcel(parcels[0])
        track.subject, track.order = parcels[0], order.id if order else ""
    if seen.cause and not parcels:
        choice = replace(choice, text=f"{choice.text}; {seen.cause}")
    if seen.doubtful and not parcels:
        choice = replace(choice, text=f"{choice.text}; barcode {', '.join(seen.doubtful)} may be a neighbour's")
    _route(line, track, tried(line, track, choice, seen.at_us, out), seen.at_us, out)


@dataclass(frozen=True, slots=True)
class Turnable:
    """A parcel on its way to its lane that a change of its order may turn; ``lane``: where it would go before that."""

    line: Line
    track: Track
    lane: int


def turnable(lines: Iterable[Line], order: str, at_us: int) -> list[Turnable]:
    """The parcels of an order that have a lane and have not reached the decision point, before the order changes."""
    return [
        Turnable(line, track, choose_lane(line.layout, (track.subject,), line.book, line.usable, track.round).lane)
        for line in lines
        if line.layout.job is Job.SORT
        for track in line.state.tracks.values()
        if track.order == order
        and track.inducted
        and not (track.ended or track.undecided)
        and track.lane
        and at_us < track.due_us
    ]


def turned(one: Turnable, at_us: int, out: list[Result]) -> None:
    """Its order changed: where that means another lane, the PLC hears of it; a later ROUTE replaces the earlier one."""
    line, track = one.line, one.track
    choice = choose_lane(line.layout, (track.subject,), line.book, line.usable, track.round)
    if choice.lane in (one.lane, track.lane):
        return
    text = "; ".join(filter(None, (f"order {track.order} changed on its way to lane {track.lane}", choice.text)))
    track.take(Turn.TURNED)
    track.route_seq = None
    _route(line, track, replace(choice, text=text), at_us, out, turned=True)


def _contradiction(line: Line, seen: PassageSeen, subject: str, text: str, out: list[Result]) -> None:
    out.append(
        Anomaly(
            at_us=seen.at_us,
            line=line.name,
            code=AnomalyCode.CONTRADICTION,
            text=text,
            track_id=seen.track_id,
            subject=subject,
        )
    )


def _route(line: Line, track: Track, choice: Choice, at_us: int, out: list[Result], *, turned: bool = False) -> None:
    track.lane = choice.lane
    track.take(Turn.DECIDED)
    out.append(
        RouteDecided(
            at_us=at_us,
            line=line.name,
            track_id=track.track_id,
            subject=track.subject,
            order=track.order,
            lane=choice.lane,
            reason=choice.reason,
            round=track.round,
            expiry_ms=track.expiry_ms,
            text=choice.text,
            turned=turned,
        )
    )
    out.append(Route(line.layout.plc, track.track_id, choice.lane, track.expiry_ms))
