"""Quality and packing stations over HTTP: what is to be done, what was seen and refused, what was packed.

Public names: station_routes, propose_for, order_scanned, check_station, weight_at, packed, PackBody.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import Field

from api.answers import json_answer
from api.parcels import Sscc, range_of
from api.picks import Item
from api.problem_details import V1_PROBLEMS
from api.scales import weigh
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit, Units, Word
from edge.config.quality_rules import quality_rules
from edge.config.stations import StationTable
from edge.core.values.order import OrderState
from edge.intake import keys
from edge.intake.operators import By, Remark
from edge.intake.scales import ScaleError
from edge.journal.host_time import now_us
from edge.orders.packed import AfterCheck, of_plan, proposed
from edge.orders.packing import PackItem
from edge.orders.quality import Aspect, DefectRate, Fault, Settlement
from edge.orders.weighing import WeightVerdict
from edge.site import lots, pack_jobs, packing, quality
from edge.site.lots import LotRow
from edge.site.pack_jobs import PackedItem, PackJob, PackRow, Propose
from edge.site.packing import PackError, PackSaid
from edge.site.quality import CheckRow, CheckSaid

_DAY_US = 86_400_000_000
_Station = Annotated[str, Path(max_length=80, description="of SITE.toml; any name where it has none")]


class QualityBody(Body):
    """What was seen. ``fault``: none = all aspects are good; ``sku``: none = of all of it."""

    order: Key
    aspects: Annotated[tuple[Aspect, ...], Field(min_length=1, max_length=5)]
    by: By
    sku: Key | None = None
    lot: Word = ""
    epc: Item | None = None
    fault: Fault | None = None
    units: Units = 1
    note: Remark = ""


class SettleBody(Body):
    """What becomes of what was refused."""

    settlement: Settlement
    by: By
    reason: Remark = ""


class PackBody(Body):
    """``units``: without tags by article, ``epcs``: items; or ``from_tote``: what the portal verified.

    ``sscc``: one of the station's own numbers; ``again``: why a parcel that has one gets another. ``unverified``,
    ``differs``, ``overruled``: why, though no portal verified its tote, other items are in it, or its weight is off.
    ``rest``: what lacks goes into another parcel. ``back``: units by article that were cancelled and lie beside it now.
    """

    order: Key
    by: By
    units: Annotated[dict[Key, Units], Field(max_length=1_000, default_factory=dict)]
    epcs: Annotated[tuple[Item, ...], Field(max_length=10_000)] = ()
    from_tote: bool = False
    weight_g: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    carton: Word = ""
    checked: Annotated[tuple[AfterCheck, ...], Field(max_length=10)] = ()
    materials: Annotated[dict[Key, Units], Field(max_length=100)] | None = None
    unverified: Remark = ""
    differs: Remark = ""
    overruled: Remark = ""
    sscc: Sscc | None = None
    again: Remark = ""
    rest: bool = False
    back: Annotated[dict[Key, Units], Field(max_length=1_000, default_factory=dict)]


class LotBody(Body):
    """A lot of an article, and why somebody stops or frees it."""

    sku: Key
    lot: Word
    by: By
    reason: Remark = ""


class SupplierBody(Body):
    """Whose a lot is; ``lot`` empty: all lots of the article that have none of their own."""

    sku: Key
    lot: Word
    supplier: Word
    by: By


@dataclass(frozen=True, slots=True)
class PackedParcelShown:
    """A packed parcel and what lies in it."""

    packed: PackRow
    items: tuple[PackedItem, ...]


@dataclass(frozen=True, slots=True)
class ScaleShown:
    """What stands on a station's scale."""

    grams: int


@dataclass(frozen=True, slots=True)
class StationShown:
    """A station as SITE.toml has it."""

    name: str
    printer: str
    scale: bool
    weigh: bool


@dataclass(frozen=True, slots=True)
class PackJobShown:
    """``verdict``: of a weight that was given, none = nobody gave one, or not all masses are known."""

    job: PackJob
    verdict: WeightVerdict | None


def station_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["stations"])

    @routes.get("/stations", response_model=tuple[StationShown, ...])
    def listed() -> Response:
        """The packing stations."""
        its = site.config.station.items()
        return json_answer([StationShown(name, one.printer, bool(one.scale), one.weigh) for name, one in its])

    @routes.get("/stations/{station}/pack/{order}", response_model=PackJobShown)
    def job(station: _Station, order: Key, weight_g: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> Response:
        """What is to be done with an order; ``weight_g``: what that would mean."""
        check_station(site, station)
        with site.store().connections.reading() as db:
            found = pack_jobs.job_of(db, order, quality_rules(site.config.quality), propose_for(site))
        if found is None:
            raise HTTPException(404, f"order {order}: there is none")
        return json_answer(PackJobShown(found, packing.weighed(found, weight_g).verdict))

    @routes.post("/stations/{station}/pack", response_model=PackRow)
    async def pack(station: _Station, body: PackBody) -> Response:
        """Packs an order's parcel and gives it its label; said again, it is the same one."""
        return json_answer(await asyncio.to_thread(packed, site, station, body))

    @routes.get("/stations/{station}/weight", response_model=ScaleShown)
    async def weight(station: _Station) -> Response:
        """What stands on its scale; 503 where the scale tells none, 404 where there is none."""
        if not check_station(site, station).scale:
            raise HTTPException(404, f"station: {station}: SITE.toml gives it no scale: type the weight")
        try:
            return json_answer(ScaleShown(await asyncio.to_thread(weight_at, site, station)))
        except ScaleError as error:
            raise HTTPException(503, str(error)) from None

    @routes.get("/parcels/{sscc}/items", response_model=PackedParcelShown)
    def items(sscc: Annotated[Sscc, Path(max_length=200)]) -> Response:
        """How a parcel was packed, and what lies in it."""
        with site.store().connections.reading() as db:
            found = pack_jobs.pack_of(db, sscc)
            inside = tuple(pack_jobs.items_of(db, sscc))
        if found is None:
            raise HTTPException(404, f"parcel {sscc}: it was packed at no station")
        return json_answer(PackedParcelShown(found, inside))

    _quality_routes(routes, site)
    return routes


def _quality_routes(routes: APIRouter, site: Site) -> None:
    @routes.get("/quality", response_model=tuple[CheckRow, ...])
    def refusals(
        order: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Limit = 100,
    ) -> Response:
        """Refusals that nobody settled; ``order``: all that was looked at of an order."""
        with site.store().connections.reading() as db:
            found = quality.checks_of(db, order) if order else quality.open_refusals(db, after, limit)
        return json_answer(found)

    @routes.get("/quality/rates", response_model=tuple[DefectRate, ...])
    def rates(days: Annotated[int, Query(ge=1, le=3_660)] = 30) -> Response:
        """How often something was wrong, by lot and by supplier, the worst first."""
        with site.store().connections.reading() as db:
            return json_answer(quality.rates_of(db, now_us() - days * _DAY_US))

    @routes.post("/stations/{station}/quality", response_model=tuple[CheckRow, ...])
    async def look(station: _Station, body: QualityBody) -> Response:
        """What was seen; what is refused must not leave until it is settled."""
        said = CheckSaid(
            fulfilment=body.order,
            aspects=body.aspects,
            station=station,
            by=body.by,
            sku=body.sku or "",
            lot=body.lot,
            epc=body.epc or "",
            fault=body.fault,
            units=body.units,
            note=body.note,
        )
        return json_answer(await asyncio.to_thread(lambda: quality.check(site.store().connections, said, now_us())))

    @routes.post("/quality/{seq}/settle", response_model=CheckRow)
    async def settle(seq: Annotated[int, Path(ge=1, le=2**53)], body: SettleBody) -> Response:
        """What becomes of what was refused; the order goes on with its last refusal."""
        at, bin_ = site.store().connections, site.config.quality.bin
        return json_answer(
            await asyncio.to_thread(
                lambda: quality.settle(at, seq, body.settlement, body.by, body.reason, now_us(), bin_)
            )
        )

    @routes.get("/lots", response_model=tuple[LotRow, ...])
    def listed(
        sku: Annotated[str, Query(max_length=200)] = "",
        after: After = "",
        lot: After = "",
        limit: Limit = 1_000,
        *,
        blocked: bool = False,
    ) -> Response:
        """Lots by SKU and name: of an article, or those that are blocked.

        ``after`` and ``lot``: the SKU and the name of the last one that is known; of one article ``lot`` is enough.
        """
        known = (after or sku, lot) if after or lot else ("", "")
        with site.store().connections.reading() as db:
            return json_answer(lots.lots_where(db, [sku] if sku else None, blocked or not sku, known, limit))

    @routes.post("/lots/block", response_model=LotRow)
    async def block(body: LotBody) -> Response:
        """Nothing of a lot is picked or packed any more."""
        at = site.store().connections
        return json_answer(
            await asyncio.to_thread(lambda: lots.block_lot(at, body.sku, body.lot, body.by, body.reason, now_us()))
        )

    @routes.post("/lots/free", response_model=LotRow)
    async def free(body: LotBody) -> Response:
        """A lot is sold again."""
        at = site.store().connections
        return json_answer(
            await asyncio.to_thread(lambda: lots.free_lot(at, body.sku, body.lot, body.by, body.reason, now_us()))
        )

    @routes.post("/lots/supplier", response_model=LotRow)
    async def supplier(body: SupplierBody) -> Response:
        """Whose a lot is."""
        at = site.store().connections
        assert body.by, "somebody says so"
        return json_answer(await asyncio.to_thread(lambda: lots.set_supplier(at, body.sku, body.lot, body.supplier)))


def propose_for(site: Site) -> Propose:
    """How this site packs: into its cartons, or where it describes none by volume alone."""
    volumes = site.config.plan.cartons
    if not site.packing.cartons:
        return lambda contents: proposed(contents, volumes)
    return lambda contents: of_plan(site.packer.plan(PackItem(article, units) for article, units in contents))


def check_station(site: Site, name: str) -> StationTable:
    """A station's table. Raises HTTPException where SITE.toml has others."""
    known = site.config.station
    if known and name not in known:
        raise HTTPException(404, f"station {name}: SITE.toml has {', '.join(known)}")
    return known.get(name) or StationTable()


def weight_at(site: Site, station: str) -> int:
    """Grams on a station's scale. Raises ScaleError."""
    its = check_station(site, station)
    if not its.scale:
        raise ScaleError(f"station {station}: station.{station}.scale: missing: type the weight")
    return weigh(station, its.scale, its.scale_asks)


def packed(site: Site, station: str, body: PackBody) -> PackRow:
    """Packs. Raises PackError, ParcelError."""
    its, store = check_station(site, station), site.store()
    said = PackSaid(
        order=body.order,
        station=station,
        by=body.by,
        units=body.units,
        epcs=body.epcs,
        from_tote=body.from_tote,
        weighed_g=body.weight_g,
        carton=body.carton,
        checked=frozenset(body.checked),
        materials=body.materials,
        unverified=body.unverified,
        differs=body.differs,
        overruled=body.overruled,
        sscc=body.sscc or "",
        again=body.again,
        rest=body.rest,
        back=body.back,
    )
    return packing.pack(
        store.connections,
        store.keys,
        range_of(site),
        quality_rules(site.config.quality),
        propose_for(site),
        said,
        now_us(),
        needs_weight=its.weigh,
        planning=site.planning,
    )


def order_scanned(site: Site, text: str) -> str:
    """The order that was scanned: by its number, its tote or its label. Raises PackError."""
    store, text = site.store(), text.strip()
    if text and store.order(text) is not None:
        return text
    for read in (partial(keys.tote, names=site.totes), keys.parcel):
        try:
            name = read(text)
        except ValueError:
            continue
        found = store.find(name)
        held = [one.id for one in found if one.state is OrderState.OPEN] or [one.id for one in found]
        if len(held) == 1 or (held and read is keys.parcel):
            return held[0]
    raise PackError("no-order", order=text[:80] or "?")
