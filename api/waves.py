"""Waves over HTTP: drafts planned anew, a wave released or taken back, and who will be late.

Public names: wave_routes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Response

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit
from edge.intake.operators import By
from edge.journal.host_time import now_us
from edge.orders.forecast import Late
from edge.orders.measured import MeasuredPace
from edge.orders.pick_list import Material
from edge.orders.planning import Planning
from edge.site import drafts, lateness, measuring, releasing, wave_rows
from edge.site.drafts import PlanResult
from edge.site.pick_lists import materials_of
from edge.site.releasing import Released
from edge.site.unplanned import Unplanned, unplanned_rows
from edge.site.wave_rows import WaveRow


class ByBody(Body):
    """Who asks."""

    by: By


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Fulfilments that are planned again, and those that stay since somebody has begun them."""

    withdrawn: int
    stay: int


def wave_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/waves", responses=V1_PROBLEMS, tags=["waves"])

    @routes.get("", response_model=tuple[WaveRow, ...])
    def listed(after: After = "", limit: Limit = 100, everything: bool = False) -> Response:
        """Waves by id; without ``everything`` those that are not done."""
        with site.store().connections.reading() as db:
            return json_answer(wave_rows.wave_rows(db, after, limit, everything))

    @routes.post("/plan", response_model=PlanResult)
    async def plan(body: ByBody) -> Response:
        """Plans all accepted orders that have their stock anew; released waves stay."""
        assert body.by, "somebody asks"
        at_us = now_us()

        def planned() -> PlanResult:
            by = _by(site, at_us)
            return drafts.plan(site.store().connections, by, at_us)

        return json_answer(await asyncio.to_thread(planned))

    @routes.get("/late", response_model=tuple[Late, ...])
    def late(after: After = "", limit: Limit = 1_000) -> Response:
        """Fulfilments that will miss their cut-off, in the order of release, with what keeps them; the outbox tells
        each once. ``after``: a fulfilment that is on its way, late or not.
        """
        at_us = now_us()
        by = _by(site, at_us)
        found = lateness.late_behind(site.store().connections, by, site.live.off_since_us, at_us, after, limit)
        if found is None:
            raise HTTPException(404, f"after {after}: it is not on its way any more: begin anew")
        return json_answer(found)

    @routes.get("/unplanned", response_model=tuple[Unplanned, ...])
    def unplanned(after: After = "", limit: Limit = 1_000) -> Response:
        """Accepted orders whose parcels nobody carries, by the newest plan, with the reason of every pickup.

        ``after``: a fulfilment.
        """
        with site.store().connections.reading() as db:
            return json_answer(unplanned_rows(db, after, limit))

    @routes.get("/measured", response_model=tuple[MeasuredPace, ...])
    def taken() -> Response:
        """What picking, the line and the whole way took of late, in microseconds, and what plans go by."""
        return json_answer(_by(site, now_us()).measured)

    @routes.get("/{wave}", response_model=WaveRow)
    def one(wave: Key) -> Response:
        """A wave with its members and rounds, counted."""
        with site.store().connections.reading() as db:
            found = wave_rows.wave_of(db, wave)
        if found is None:
            raise _none(wave)
        return json_answer(found)

    @routes.get("/{wave}/materials", response_model=tuple[Material, ...])
    def needed(wave: Key) -> Response:
        """Packing material that a wave needs, and what the stock lacks of it."""
        with site.store().connections.reading() as db:
            if wave_rows.wave_of(db, wave) is None:
                raise _none(wave)
            return json_answer(
                materials_of(db, wave, site.config.plan.cartons, site.packer if site.packing.cartons else None)
            )

    @routes.post("/{wave}/release", response_model=Released)
    async def release(wave: Key, body: ByBody) -> Response:
        """Gives bins, rounds and the line's orders to all members that have their stock; again, nothing changes."""
        at_us = now_us()

        def released() -> Released | None:
            by = _by(site, at_us)
            return releasing.release(site.store().connections, wave, by.limits, body.by, at_us, by)

        done = await asyncio.to_thread(released)
        if done is None:
            raise _none(wave)
        return json_answer(done)

    @routes.post("/{wave}/withdraw", response_model=Withdrawn)
    async def withdraw(wave: Key, body: ByBody) -> Response:
        """Takes a wave back as far as nobody has begun it."""
        done = await asyncio.to_thread(lambda: releasing.withdraw(site.store().connections, wave, body.by, now_us()))
        if done is None:
            raise _none(wave)
        return json_answer(Withdrawn(*done))

    return routes


def _by(site: Site, at_us: int) -> Planning:
    return measuring.planning_now(site.store().connections, site.config.service, site.config.plan, at_us)


def _none(wave: str) -> HTTPException:
    return HTTPException(404, f"wave {wave}: there is none")
