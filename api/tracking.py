"""Parcels that left, over HTTP: where they are, what was told of them, files of carriers in, what customers say out.

Public names: tracking_routes, parcel_detail, take_file, ParcelDetail, ParcelTold, FileTaken.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import Field

from api.answers import json_answer
from api.parcels import Sscc
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import After, Body, Limit, Word
from edge.intake.carrier_words import CarrierFileError, read_words_file
from edge.intake.operators import By
from edge.journal.host_time import now_us
from edge.orders.tracking import ParcelCode, ParcelTrouble
from edge.site import hooks, mails, tracking, tracking_shown
from edge.site.hooks import Unexplained
from edge.site.mails import MailRow
from edge.site.tracking import Took, TrackedParcel
from edge.site.tracking_shown import ParcelFilter, ParcelRow, Rated, TroubleRow

_Number = Annotated[str, Field(min_length=1, max_length=80)]
_Time = Annotated[int, Query(ge=0, le=2**53, description="microseconds since 1970 UTC")]
_EXAMPLE = "Sendung;Status;Datum;Zeit;Ort\n095211410000000175;DL;30.11.2026;14:05;Kiel\n"
_FILE = {
    "requestBody": {
        "required": True,
        "description": "CSV as the carrier writes it, with the `columns` of its table in SITE.toml.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
_PROBLEMS = 100


class NumberBody(Body):
    """A carrier's own number of a parcel."""

    parcel: Sscc
    number: _Number


class NumbersBody(Body):
    """What carriers call parcels."""

    by: By
    numbers: Annotated[tuple[NumberBody, ...], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelTold:
    """One thing told of a parcel. ``given``: the code in its source's words; ``zone``: in which its time was read."""

    at_us: int
    code: ParcelCode
    given: str
    place: str
    source: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelDetail:
    """All that is known of a parcel that left. ``link``: what its customer sees, empty = nobody may."""

    parcel: ParcelRow
    events: tuple[ParcelTold, ...]
    troubles: tuple[TroubleRow, ...]
    mails: tuple[MailRow, ...]
    feedback: Rated | None
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTaken(Took):
    """``unread``: rows of which nothing could be made, the first hundred with the reason."""

    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NumbersNoted:
    """So many numbers are known now."""

    numbers: int


def tracking_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/tracking", responses=V1_PROBLEMS, tags=["tracking"])

    @routes.get("", response_model=tuple[ParcelRow, ...])
    def listed(
        state: ParcelCode | Literal[""] = "",
        carrier: After = "",
        trouble: ParcelTrouble | Literal["", "any"] = "",
        after: After = "",
        limit: Limit = 100,
    ) -> Response:
        """Parcels that are followed, those that moved last first; ``trouble``: only those that are not there yet."""
        which = ParcelFilter(state=str(state), carrier=carrier, trouble=str(trouble), after=after)
        with site.store().connections.reading() as db:
            return json_answer(tracking_shown.parcel_rows(db, which, limit))

    @routes.get("/codes", response_model=tuple[Unexplained, ...])
    def codes() -> Response:
        """Codes of carriers that nobody explained; they move no parcel."""
        with site.store().connections.reading() as db:
            return json_answer(hooks.unexplained(db))

    @routes.get("/feedback.csv", response_class=Response)
    def feedback(since_us: _Time = 0, until_us: _Time = 2**53) -> Response:
        """What customers said of their deliveries, as CSV."""
        with site.store().connections.reading() as db:
            text = tracking_shown.feedback_csv(db, since_us, until_us)
        headers = {"content-disposition": 'attachment; filename="feedback.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.post("/imports", response_model=FileTaken, openapi_extra=_FILE)
    async def imported(carrier: Word, request: Request) -> Response:
        """Takes a carrier's file, CSV; the same file again changes nothing."""
        body = await request.body()
        try:
            return json_answer(await asyncio.to_thread(take_file, site, carrier, body))
        except CarrierFileError as error:
            raise HTTPException(422, f"body: {error}") from None

    @routes.post("/numbers", response_model=NumbersNoted)
    async def numbered(body: NumbersBody) -> Response:
        """Notes carriers' own numbers of parcels; what was told of them before is theirs."""
        pairs = [(one.parcel, one.number) for one in body.numbers]
        at = site.store().connections
        await asyncio.to_thread(lambda: hooks.take_numbers(at, pairs, now_us(), site.doors.rules))
        return json_answer(NumbersNoted(len(pairs)))

    @routes.get("/{sscc}", response_model=ParcelDetail)
    def one(sscc: Sscc) -> Response:
        """A parcel with all that was told of it."""
        found = parcel_detail(site, sscc)
        if found is None:
            raise HTTPException(404, f"parcel {sscc}: nobody follows it: it was not sorted yet, or is not ours")
        return json_answer(found)

    return routes


def parcel_detail(site: Site, sscc: str) -> ParcelDetail | None:
    """A parcel by its 18 digits; None = nobody follows it."""
    with site.store().connections.reading() as db:
        track, its = tracking.track_of(db, sscc), tracking.state_of(db, sscc)
        if track is None or its is None:
            return None
        troubles = tuple(tracking_shown.troubles_of(db, sscc))
        events = tuple(
            ParcelTold(
                at_us=row.at_us,
                code=ParcelCode(row.code),
                given=row.given,
                place=row.place,
                source=row.source,
                zone=row.zone,
            )
            for row in tracking.words_of(db, sscc)
        )
        written = tuple(mails.mails_of(db, sscc))
        rated = tracking_shown.feedback_of(db, sscc)
    same = {name: getattr(track, name) for name in ParcelRow.__slots__ if name in TrackedParcel.__slots__}
    row = ParcelRow(**same, its=its, troubles=tuple(str(one.kind) for one in troubles))
    link = f"{site.config.tracking.url}/track/{track.token}" if site.config.tracking.public else ""
    return ParcelDetail(parcel=row, events=events, troubles=troubles, mails=written, feedback=rated, link=link)


def take_file(site: Site, carrier: str, body: bytes) -> FileTaken:
    """A carrier's file. Raises CarrierFileError, HTTPException for a carrier that SITE.toml does not name."""
    table = site.config.carrier.get(carrier)
    if table is None:
        known = ", ".join(site.config.carrier) or "none yet"
        raise HTTPException(404, f"carrier {carrier}: there is none: [carrier.NAME] in SITE.toml has {known}")
    read = read_words_file(body, table)
    at = site.store().connections
    took = hooks.take_words(at, carrier, read.words, read.numbers, now_us(), site.doors.rules)
    site.doors.took(carrier, took, len(read.problems))
    same = {name: getattr(took, name) for name in Took.__slots__}
    return FileTaken(**same, unread=tuple(read.problems[:_PROBLEMS]))
