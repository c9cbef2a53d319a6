"""Carriers over HTTP, ``/api/v1/services``: contracts, pickups, suspensions, choices, scores, what others cost.

Public names: carrier_routes, StopBody, EndBody, WhatIfBody, planning_at, stop_of, scores_of, what_if_of.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import Field, StringConstraints, ValidationError

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit
from edge.config.keys import said_at
from edge.config.shipping import ServicesFile, ServiceTable, shipping_problems
from edge.intake.calendars import CalendarError, day_begin_us, day_end_us, local_day, moment_us
from edge.intake.operators import ONE_LINE, By
from edge.journal.host_time import now_us
from edge.orders.planning import Planning
from edge.orders.scorecard import ServiceScore, scored
from edge.orders.what_if import WhatIf
from edge.site import carriers_shown, measuring, suspending
from edge.site.carriers_shown import CarrierChoice, PickupRow
from edge.site.contracts_shown import ServiceView, service_views
from edge.site.rerouting import PlacesFollowed
from edge.site.suspending import CarrierMove, Stop, StuckParcel, SuspensionError, SuspensionRow
from edge.site.what_if import what_if

_Name = Annotated[str, StringConstraints(max_length=80, strip_whitespace=True), ONE_LINE]
_Why = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True), ONE_LINE]
_Moment = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True), ONE_LINE]
_Seq = Annotated[int, Query(ge=0, le=2**53)]
_Day = Annotated[date | None, Query(description="a local day; none = the last 30")]
_DAYS = 30
_MOST_DAYS = 400


class StopBody(Body):
    """What takes nothing for a while: one of ``carrier``, ``service``, ``lane``. Times by the clock of the plan's zone,
    ``2026-11-29T18:00``, or with their own; ``from`` empty = now, ``until`` empty = until somebody ends it.
    """

    by: By
    reason: _Why
    carrier: _Name = ""
    service: _Name = ""
    lane: _Name = ""
    from_: _Moment = Field(default="", alias="from")
    until: _Moment = ""


class EndBody(Body):
    """Who says that it is over, and why."""

    by: By
    reason: _Why


class WhatIfBody(Body):
    """``contract``: [service.NAME] tables as SITE.toml has them, TOML; days of release, both included."""

    contract: Annotated[str, StringConstraints(min_length=1, max_length=1_000_000)]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Suspended:
    """A suspension, and what followed at once."""

    suspension: SuspensionRow
    followed: PlacesFollowed


def carrier_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/services", responses=V1_PROBLEMS, tags=["carriers"])

    @routes.get("", response_model=tuple[ServiceView, ...])
    def services() -> Response:
        """Services with all rows of their contracts, and what is wrong with these."""
        return json_answer(service_views(site.config.service, now_us()))

    @routes.get("/pickups", response_model=tuple[PickupRow, ...])
    def pickups(hours: Annotated[int, Query(ge=1, le=720)] = 36) -> Response:
        """Pickups of the next hours with their cut-off and room."""
        at_us = now_us()
        by = planning_at(site, at_us)
        with site.store().connections.reading() as db:
            return json_answer(carriers_shown.pickup_rows(db, by, at_us + hours * 3_600_000_000))

    @routes.get("/suspensions", response_model=tuple[SuspensionRow, ...])
    def suspensions(everything: bool = False, before: _Seq = 0, limit: Limit = 100) -> Response:
        """The newest first; ``everything``: those that are over too."""
        with site.store().connections.reading() as db:
            return json_answer(suspending.suspensions(db, everything, before, limit))

    @routes.post("/suspensions", response_model=Suspended, status_code=201)
    async def suspend(body: StopBody) -> Response:
        """Nothing more goes there; what is not in its lane yet goes another way, in the same transaction."""
        return json_answer(await asyncio.to_thread(_suspend, site, body), 201)

    @routes.post("/suspensions/{seq}/end", response_model=Suspended)
    async def end(seq: Annotated[int, Field(ge=1, le=2**53)], body: EndBody) -> Response:
        """It is over; what went another way stays there, only drafts return. Again, nothing changes."""
        at_us = now_us()
        at = site.store().connections
        done = await asyncio.to_thread(
            lambda: suspending.resume(at, seq, body.by, body.reason, planning_at(site, at_us), at_us)
        )
        if done is None:
            raise HTTPException(404, f"suspension {seq}: there is none")
        return json_answer(Suspended(*done))

    @routes.post("/{service}/suspend", response_model=Suspended, status_code=201)
    async def suspend_one(service: Key, body: EndBody) -> Response:
        """A service takes nothing until somebody ends that."""
        stop = StopBody.model_validate({"by": body.by, "reason": body.reason, "service": service})
        return json_answer(await asyncio.to_thread(_suspend, site, stop), 201)

    @routes.get("/stuck", response_model=tuple[StuckParcel, ...])
    def stuck(after: After = "", limit: Limit = 100) -> Response:
        """Parcels of suspended services that fit nowhere: somebody must care for them."""
        with site.store().connections.reading() as db:
            return json_answer(suspending.stuck_parcels(db, after, limit))

    @routes.get("/moves", response_model=tuple[CarrierMove, ...])
    def moves(fulfilment: After = "", before: _Seq = 0, limit: Limit = 100) -> Response:
        """Parcels that went to another pickup, the newest first."""
        with site.store().connections.reading() as db:
            return json_answer(suspending.moves_of(db, fulfilment, before, limit))

    @routes.get("/choices", response_model=tuple[CarrierChoice, ...])
    def choices(order: Annotated[str, StringConstraints(min_length=1, max_length=200), ONE_LINE, Query()]) -> Response:
        """Who carries an order's parcels, the three cheapest of each with amounts, and why no other one."""
        with site.store().connections.reading() as db:
            return json_answer(carriers_shown.choices_of(db, [order]))

    @routes.get("/scorecard", response_model=tuple[ServiceScore, ...])
    def scorecard(since: _Day = None, until: _Day = None) -> Response:
        """How services did with parcels that were sorted in these days, both included."""
        return json_answer(scores_of(site, since, until))

    @routes.post("/what-if", response_model=WhatIf)
    async def other(body: WhatIfBody) -> Response:
        """What parcels that were released in these days would have cost by other contracts."""
        return json_answer(await asyncio.to_thread(what_if_of, site, body))

    return routes


def planning_at(site: Site, at_us: int) -> Planning:
    """What plans go by."""
    return measuring.planning_now(site.store().connections, site.config.service, site.config.plan, at_us)


def stop_of(site: Site, body: StopBody) -> Stop:
    """As the store knows it. Raises HTTPException."""
    zone = site.config.plan.time_zone
    times = {}
    for key, given in (("from_us", body.from_), ("until_us", body.until)):
        try:
            times[key] = moment_us(given, zone) if given else 0
        except CalendarError as error:
            raise HTTPException(422, f"{key.removesuffix('_us')}: {error}") from None
    return Stop(by=body.by, reason=body.reason, carrier=body.carrier, service=body.service, lane=body.lane, **times)


def _suspend(site: Site, body: StopBody) -> Suspended:
    at_us = now_us()
    try:
        done = suspending.suspend(site.store().connections, stop_of(site, body), planning_at(site, at_us), at_us)
    except SuspensionError as error:
        raise HTTPException(409, str(error)) from None
    return Suspended(*done)


def scores_of(site: Site, since: date | None, until: date | None) -> tuple[ServiceScore, ...]:
    """Scores of some days. Raises HTTPException."""
    at_us = now_us()
    begin_us, end_us = _range(site, since, until, at_us)
    with site.store().connections.reading() as db:
        return scored(carriers_shown.fates_of(db, begin_us, end_us), at_us)


def _range(site: Site, since: date | None, until: date | None, at_us: int) -> tuple[int, int]:
    """From the first instant of a day to behind another one. Raises HTTPException."""
    zone = site.config.plan.time_zone
    today = local_day(at_us, zone)
    last = until or today
    first = since or max(date.min, last - timedelta(days=_DAYS - 1))
    if not timedelta(0) <= last - first <= timedelta(days=_MOST_DAYS):
        raise HTTPException(422, f"since: {first}: allowed are up to {_MOST_DAYS} days before until, {last}")
    try:
        return day_begin_us(first, zone), day_end_us(last, zone)
    except OverflowError:
        raise HTTPException(422, f"until: {last}: there is no day behind it") from None


def _read(site: Site, text: str) -> tuple[Mapping[str, ServiceTable], list[str]]:
    """The services of a file, and what is wrong with it."""
    try:
        found = ServicesFile.model_validate(tomllib.loads(text)).service
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return {}, [f"contract: {error}"]
    except ValidationError as error:
        where = [(".".join(str(part) for part in item["loc"]), said_at(ServicesFile, item)) for item in error.errors()]
        return {}, [f"contract: {place}: {said}" for place, said in where]
    return found, [f"contract: {one}" for one in shipping_problems(found, site.config.plan)]


def what_if_of(site: Site, body: WhatIfBody) -> WhatIf:
    """Raises HTTPException."""
    at_us = now_us()
    _range(site, body.since, body.until, at_us)
    after, problems = _read(site, body.contract)
    if problems:
        raise HTTPException(422, "; ".join(problems))
    try:
        return what_if(
            site.store().connections, site.config.service, after, site.config.plan, body.since, body.until, at_us
        )
    except CalendarError as error:
        raise HTTPException(422, f"contract: {error}") from None
