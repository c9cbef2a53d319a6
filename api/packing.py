"""Packing plans over HTTP: what an order, or anything, would be packed into, and why not.

Public names: packing_routes, PlanShown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Response
from pydantic import Field

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body, Key, Word
from edge.intake.planning import planning_of
from edge.journal.host_time import now_us
from edge.orders.articles import Edges
from edge.orders.cartons import Placement
from edge.orders.packing import PackedParcel, PackItem, PackPlan
from edge.orders.services import TransportMode
from edge.site import pack_plans
from edge.views.pack_sentences import tell_unpacked
from edge.views.words.table import say


class UnitsBody(Body):
    """So many units of an article."""

    sku: Key
    units: Annotated[int, Field(ge=1, le=1_000)]


class PackingPlanBody(Body):
    """``order``: a fulfilment or a sales order; or ``items``. ``service``: of SITE.toml, whose goods and mode hold."""

    order: Key | None = None
    items: Annotated[tuple[UnitsBody, ...], Field(max_length=200)] = ()
    service: Word = ""


@dataclass(frozen=True, slots=True)
class MaterialShown:
    """``what``: a need, or filler; ``amount``: pieces, of a filler millilitres. Empty names = SITE.toml has none."""

    what: str
    name: str
    sku: str
    amount: int
    least_g: int
    most_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedParcelShown:
    """``carton`` empty: it goes as it is. ``contents``: (SKU, units). ``goods``: bits, as of articles."""

    carton: str
    carton_sku: str
    inner_mm: Edges
    outer_mm: Edges
    contents: tuple[tuple[str, int], ...]
    placements: tuple[Placement, ...]
    materials: tuple[MaterialShown, ...]
    marks: tuple[str, ...]
    papers: tuple[str, ...]
    goods: int
    planned_g: int
    least_g: int
    most_g: int


@dataclass(frozen=True, slots=True)
class RefusalShown:
    """``said``: the same in English."""

    sku: str
    units: int
    code: str
    value: int
    limit: int
    said: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """``edition``, ``source``: of the table of dangerous goods that was asked."""

    parcels: tuple[PlannedParcelShown, ...]
    refusals: tuple[RefusalShown, ...]
    edition: str
    source: str


def packing_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/packing", responses=V1_PROBLEMS, tags=["packing"])
    rules = site.packing.rules

    def asked(body: PackingPlanBody) -> tuple[PackItem, ...]:
        with site.store().connections.reading() as db:
            if body.order is None:
                units: Counter[str] = Counter()
                for one in body.items:
                    units[one.sku] += one.units
                return pack_plans.items_of(db, units)
            if (items := pack_plans.items_in(db, body.order)) is None:
                raise HTTPException(404, f"order {body.order}: there is none")
            return items

    @routes.post("/plan", response_model=PlanShown)
    async def plan(body: PackingPlanBody) -> Response:
        """What it would be packed into; nothing is changed."""
        if (body.order is None) == (not body.items):
            raise HTTPException(422, "order: give an order, or items, and not both")
        service = None
        if body.service:
            known = planning_of(site.config.service, site.config.plan, now_us()).services
            service = known.get(body.service)
            if service is None:
                raise HTTPException(422, f"service: {body.service!r}: there is none in SITE.toml")

        def planned() -> PackPlan:
            return site.packer.plan(
                asked(body),
                mode=service.mode if service else TransportMode.EXPRESS,
                takes=service.takes if service else None,
            )

        made = await asyncio.to_thread(planned)
        return json_answer(
            PlanShown(
                tuple(_shown(one) for one in made.parcels),
                tuple(
                    RefusalShown(one.sku, one.units, one.code, int(one.value), int(one.limit), say(tell_unpacked(one)))
                    for one in made.refusals
                ),
                rules.edition,
                rules.source,
            )
        )

    return routes


def _shown(parcel: PackedParcel) -> PlannedParcelShown:
    fillers = (
        MaterialShown("filler", one.filler.name, one.filler.sku, one.volume_ml, one.least_g, one.most_g)
        for one in parcel.fillers
    )
    others = (
        MaterialShown(
            one.kind,
            one.material.name if one.material else "",
            one.material.sku if one.material else "",
            one.pieces,
            one.g,
            one.g,
        )
        for one in parcel.protections
    )
    return PlannedParcelShown(
        carton=parcel.carton.name,
        carton_sku=parcel.carton.sku,
        inner_mm=parcel.carton.inner_mm,
        outer_mm=parcel.carton.outer_mm,
        contents=tuple((one.article.sku, one.units) for one in parcel.contents),
        placements=parcel.placements,
        materials=(*others, *fillers),
        marks=parcel.marks,
        papers=parcel.papers,
        goods=int(parcel.goods),
        planned_g=parcel.planned_g,
        least_g=parcel.range_g[0],
        most_g=parcel.range_g[1],
    )
