"""Decide: from a passage's evidence to a verdict and a route.

Public names: decide.
"""

from __future__ import annotations

from dataclasses import replace
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
from edge.core.line.sort import Choice, choose_lane, combine, identify_parcel, set_aside
from edge.core.line.station import Result, Station
from edge.core.line.verify import check
from edge.core.values.layout import Job, LaneRole
from edge.core.values.state import Track


def decide(station: Station, seen: PassageSeen, out: list[Result]) -> None:
    """Adds what follows from the evidence of one passage: verdict, route, or nothing yet."""
    match station.layout.job:
        case Job.VERIFY:
            _verify(station, seen, out)
        case Job.SORT:
            _sort(station, seen, out)
        case _ as job:
            assert_never(job)


def _verify(station: Station, seen: PassageSeen, out: list[Result]) -> None:
    if seen.stage is Stage.EARLY:
        return
    result = check(seen.own, station.book, seen.codes)
    findings = result.findings
    if seen.cause:  # what was not read cannot be said to be right
        findings = (*findings, Finding(FindingKind.UNREADABLE, "", text=seen.cause))
    verdict = ToteChecked(
        seen.at_us,
        station.name,
        seen.track_id,
        seen.passage,
        result.tote,
        result.order,
        seen.stage is Stage.FINAL,
        result.matched,
        findings,
    )
    out.append(verdict)
    _compare_with_provisional(station, verdict, out)
    if verdict.final and verdict.verified:
        station.book.bind(result.matched, result.order)
    track = station.state.tracks.get(seen.track_id)
    if track is None or track.lane or not track.inducted:
        return
    track.subject, track.order = result.tote, result.order
    _route(station, track, _lane_for(station, verdict), seen.at_us, out)


def _compare_with_provisional(station: Station, verdict: ToteChecked, out: list[Result]) -> None:
    before = station.state.provisional.pop(verdict.passage, None)
    if not verdict.final:
        station.state.provisional[verdict.passage] = verdict.verified
    elif before is not None and before != verdict.verified:
        was = "verified" if before else "refused"
        text = f"tote {verdict.tote or '?'} was {was} in time, and is not so in the end"
        out.append(
            Anomaly(verdict.at_us, station.name, AnomalyCode.VERDICT_CHANGED, text, verdict.track_id, verdict.tote)
        )


def _lane_for(station: Station, verdict: ToteChecked) -> Choice:
    verified = station.layout.lane_of_role(LaneRole.VERIFIED)
    if verdict.verified and verified is not None:
        return Choice(verified.number, RouteReason.VERIFIED)
    reason = RouteReason.REFUSED
    if not verdict.order:
        reason = RouteReason.NO_ORDER if verdict.tote else RouteReason.NO_READ
    words = ", ".join(dict.fromkeys(finding.kind.value for finding in verdict.findings))
    return set_aside(station.layout, station.usable, reason, words)


def _sort(station: Station, seen: PassageSeen, out: list[Result]) -> None:
    track = station.state.tracks.get(seen.track_id)
    if track is None or not track.inducted:
        return
    # Where reads may be missing, a neighbour's label can look like the only one.
    named = combine(() if seen.cause else identify_parcel(seen.own), seen.codes, station.book)
    parcels = named.parcels
    if track.lane:
        if seen.stage is Stage.FINAL and named.contradiction and track.subject:
            _contradiction(station, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        elif seen.stage is Stage.FINAL and parcels and track.subject and track.subject not in parcels:
            text = f"track {track.track_id} was sorted as {track.subject}, its evidence in the end says {parcels[0]}"
            out.append(
                Anomaly(seen.at_us, station.name, AnomalyCode.IDENTITY_CHANGED, text, track.track_id, track.subject)
            )
        return
    doubt = len(parcels) > 1 or named.contradiction
    settled = seen.settled or not station.layout.portal.readers
    if seen.stage is Stage.EARLY and (doubt or (not parcels and (seen.cause or not settled))):
        track.early = True
        return  # its neighbours, or reads that are still under way, may settle it
    if not parcels and track.round and track.subject:
        parcels = (track.subject,)  # it was read the last time round
    if named.contradiction:
        _contradiction(station, seen, parcels[0], f"track {track.track_id}: {named.contradiction}", out)
        choice = set_aside(station.layout, station.usable, RouteReason.CONTRADICTION, named.contradiction)
        _route(station, track, choice, seen.at_us, out)
        return
    choice = choose_lane(station.layout, parcels, station.book, station.usable, track.round)
    if len(parcels) == 1:
        order = station.book.of_parcel(parcels[0])
        track.subject, track.order = parcels[0], order.id if order else ""
    if seen.cause and not parcels:
        choice = replace(choice, text=f"{choice.text}; {seen.cause}")
    if seen.doubtful and not parcels:
        choice = replace(choice, text=f"{choice.text}; barcode {', '.join(seen.doubtful)} may be a neighbour's")
    _route(station, track, choice, seen.at_us, out)


def _contradiction(station: Station, seen: PassageSeen, subject: str, text: str, out: list[Result]) -> None:
    out.append(Anomaly(seen.at_us, station.name, AnomalyCode.CONTRADICTION, text, seen.track_id, subject))


def _route(station: Station, track: Track, choice: Choice, at_us: int, out: list[Result]) -> None:
    track.lane = choice.lane
    out.append(
        RouteDecided(
            at_us,
            station.name,
            track.track_id,
            track.subject,
            track.order,
            choice.lane,
            choice.reason,
            track.round,
            track.expiry_ms,
            choice.text,
        )
    )
    out.append(Route(station.layout.plc, track.track_id, choice.lane, track.expiry_ms))
