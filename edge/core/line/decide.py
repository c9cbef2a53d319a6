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
from edge.core.line.sort import Choice, Named, choose_lane, combine, identify_parcel, set_aside
from edge.core.line.together import Sightings, gathered
from edge.core.line.trial import tried
from edge.core.line.verify import check, totes_of
from edge.core.values.layout import Job, LaneRole
from edge.core.values.order import Order, OrderState
from edge.core.values.track import Track, Turn

TURNED = "turned-on-the-belt"
"""Decision flag: a parcel whose order changes before the decision point gets the lane that it would get now. Before, it
kept the one that it had."""
FLOODED = "a reader floods: tags that no order expects were left out"


def decide(line: Line, seen: PassageSeen, out: list[Result]) -> None:
    """Adds what follows from the evidence of one passage: verdict, route, or nothing yet."""
    evidence = gathered(line, seen)
    if evidence is None:
        return
    match line.layout.job:
        case Job.SORT:
            _sort(line, evidence, out)
        case Job.VERIFY:
            _verify(line, evidence, out)
        case _ as job:
            assert_never(job)


def _verify(line: Line, evidence: Sightings, out: list[Result]) -> None:
    seen = evidence.newest
    if evidence.stage is Stage.EARLY:
        return
    whose = _whose(line, evidence.passage)
    result = check(evidence.own, line.book, evidence.codes, evidence.doubted, whose, line.totes)
    findings = result.findings
    several = len(evidence.seen) > 1
    told = [(one, totes_of(one.own, one.codes, line.totes)) for one in evidence.seen] if several else []
    if apart := _apart(line, told):
        findings = (*findings, Finding(FindingKind.CONTRADICTION, result.tote, text=apart))
    if evidence.cause:  # what was not read cannot be said to be right
        findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=evidence.cause))
    if evidence.flooded:
        findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=FLOODED))
    verdict = ToteChecked(
        at_us=seen.at_us,
        line=line.name,
        track_id=seen.track_id,
        passage=evidence.passage,
        tote=result.tote,
        order=result.order,
        final=evidence.stage is Stage.FINAL,
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
    choice = _apart_lane(line, apart) if apart else _lane_for(line, verdict)
    choice = tried(line, track, choice, seen.at_us, out)
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


def _apart(line: Line, told: list[tuple[PassageSeen, tuple[str, ...]]]) -> str:
    """What the portals say against each other; empty = nothing, also where one of them named nothing."""
    named = [(one.portal or line.layout.portal.name, names) for one, names in told if names]
    if len(named) < 2 or set(named[0][1]) & set(named[1][1]):
        return ""
    return ", ".join(f"{portal} says {', '.join(names)}" for portal, names in named)


def _apart_lane(line: Line, text: str) -> Choice:
    """Two portals took two things for one, so it is rejected; where a line has no such lane, people look at it."""
    reject = line.layout.lane_of_role(LaneRole.REJECT)
    if reject is not None and line.usable(reject.number):
        return Choice(reject.number, RouteReason.CONTRADICTION, text)
    return set_aside(line.layout, line.usable, RouteReason.CONTRADICTION, text)


def _named(line: Line, evidence: Sightings) -> tuple[Named, str]:
    """The parcels that all portals together name, and what they say against each other."""
    # Where reads may be missing, a neighbour's label can look like the only one.
    told = [
        (one, combine(() if one.cause else identify_parcel(one.own), one.codes, line.book)) for one in evidence.seen
    ]
    if len(told) == 1:
        return told[0][1], ""
    some = [named for _, named in told if named.parcels]
    if apart := _apart(line, [(one, named.parcels) for one, named in told]):
        return Named(tuple(dict.fromkeys(name for named in some for name in named.parcels)), apart), apart
    if not some:
        return Named(()), ""
    both = tuple(name for name in some[0].parcels if name in some[-1].parcels)
    return Named(both, next((named.contradiction for named in some if named.contradiction), "")), ""


def _sort(line: Line, evidence: Sightings, out: list[Result]) -> None:
    seen, stage = evidence.newest, evidence.stage
    track = line.state.tracks.get(seen.track_id)
    if track is None or not track.inducted:
        return
    named, apart = _named(line, evidence)
    parcels = named.parcels
    if not track.undecided:
        if stage is Stage.FINAL and named.contradiction and track.subject:
            _contradiction(line, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        elif stage is Stage.FINAL and parcels and track.subject and track.subject not in parcels:
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
    if stage is Stage.EARLY and (doubt or (not parcels and _unsettled(line, evidence))):
        track.take(Turn.DOUBTED)
        return  # its neighbours, or reads that are still under way, may settle it
    if not parcels and track.round and track.subject:
        parcels = (track.subject,)  # it was read the last time round
    if named.contradiction:
        _contradiction(line, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        choice = (
            _apart_lane(line, apart)
            if apart
            else set_aside(line.layout, line.usable, RouteReason.CONTRADICTION, named.contradiction)
        )
        _route(line, track, choice, seen.at_us, out)
        return
    choice = choose_lane(line.layout, parcels, line.book, line.usable, track.round)
    if len(parcels) == 1:
        order = line.book.of_parcel(parcels[0])
        track.subject, track.order = parcels[0], order.id if order else ""
    if evidence.cause and not parcels:
        choice = replace(choice, text=f"{choice.text}; {evidence.cause}")
    if evidence.doubtful and not parcels:
        choice = replace(choice, text=f"{choice.text}; barcode {', '.join(evidence.doubtful)} may be a neighbour's")
    _route(line, track, tried(line, track, choice, seen.at_us, out), seen.at_us, out)


def _unsettled(line: Line, evidence: Sightings) -> bool:
    """Whether reads may still be under way, or are missing, at one of its portals."""
    return any(
        one.cause or not (one.settled or not its.readers)
        for one, its in zip(evidence.seen, line.layout.portals, strict=False)
    )


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
