"""Stock over HTTP: both books, the ledger, movements, counts, the audit, how long it lasts, what articles there are.

Public names: stock_routes, covered_soon, take_stock, Imported.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import Field, StringConstraints

from api.answers import json_answer
from api.guard import XLSX_TYPE
from api.problem_details import V1_PROBLEMS, problem_answer
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit, Units, Word
from edge.intake.operators import ONE_LINE, By, Remark, who_asks
from edge.intake.stock_rows import STOCK_EXAMPLE, read_stock
from edge.journal.host_time import now_us
from edge.orders.cover import CoverFinding, CoverLimits
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition
from edge.site import catalogue, cover_shown, moving, stock_shown, stocktaking
from edge.site.cover_shown import CoverAsked, CoverRow, Demand
from edge.site.moving import Recorded
from edge.site.stock_shown import BookDifference, LedgerRow, StockRow


class CauseBody(Body):
    """Why something moves; the same cause moves once. ``n`` counts the movements of one cause."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40), ONE_LINE]
    id: Key
    n: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def cause(self) -> StockCause:
        """As a value."""
        return StockCause(self.kind, self.id, self.n)


class MovementBody(Body):
    """Units that come, go or move. ``source``, ``target``: bins; none = from or to outside the books."""

    cause: CauseBody
    kind: MovementKind
    sku: Key
    quantity: Units
    lot: Word = ""
    source: Word = ""
    source_condition: StockCondition = StockCondition.SELLABLE
    target: Word = ""
    target_condition: StockCondition = StockCondition.SELLABLE
    epc: Annotated[str, StringConstraints(max_length=64), ONE_LINE] = ""
    why: Remark = ""

    def movement(self, at_us: int) -> Movement:
        """As a value; raises StockError."""
        return Movement(
            cause=self.cause.cause(),
            kind=self.kind,
            quantity=self.quantity,
            at_us=at_us,
            source=BinKey(self.source, self.sku, self.lot, self.source_condition) if self.source else None,
            target=BinKey(self.target, self.sku, self.lot, self.target_condition) if self.target else None,
            epc=self.epc,
            why=self.why,
        )


class MovementsBody(Body):
    """Movements, all or none of them."""

    by: By
    movements: Annotated[tuple[MovementBody, ...], Field(min_length=1, max_length=5_000)]


class CountBody(Body):
    """What was found in a bin of an article, a lot and a condition."""

    by: By
    cause: CauseBody
    bin: Annotated[str, StringConstraints(min_length=1, max_length=80), ONE_LINE]
    sku: Key
    seen: Annotated[int, Field(ge=0, lt=2**31)]
    lot: Word = ""
    condition: StockCondition = StockCondition.SELLABLE
    why: Remark = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """``known``: had moved before. ``gave_way``: orders that lost units of their bins or their promise by it."""

    new: int
    known: int
    gave_way: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought."""

    articles_new: int
    articles_changed: int
    bins: int
    receipts: int
    known: int


def _moved(done: Recorded) -> Moved:
    return Moved(done.new, done.known, tuple(sorted({one.held.its.order for one in done.gave_way})))


_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "CSV, TSV or a workbook with a row for each article, or for each bin of it; all or nothing.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": STOCK_EXAMPLE},
            "text/tab-separated-values": {"schema": {"type": "string"}, "example": STOCK_EXAMPLE.replace(",", "\t")},
            XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def take_stock(site: Site, body: bytes, by: str) -> Imported | tuple[str, ...]:
    """Takes a file, or nothing of it and says what is wrong, each with its place."""
    at_us = now_us()
    read = read_stock(body, site.config.plan.time_zone, at_us)
    if read.problems:
        return read.problems
    with site.store().connections.writing() as db:
        new, changed = catalogue.put_skus(db, [catalogue.Sku(*one) for one in read.articles])
        catalogue.put_bins(db, dict(read.bins))
        catalogue.put_lots(db, dict(read.lots))
        done = moving.record(db, read.receipts, by)
    return Imported(new, changed, len(read.bins), done.new, done.known)


_Finding = Annotated[CoverFinding | None, Query(description="only articles of which this is to be told; none = all")]


def _covered(site: Site, which: CoverAsked) -> list[CoverRow]:
    """Articles with how long they last, by the limits of the site."""
    limits, at_us = _limits(site), now_us()
    with site.store().connections.reading() as db:
        return cover_shown.cover_rows(db, site.demand.of(db, limits.used, at_us), limits, at_us, which)


def covered_soon(site: Site, which: CoverAsked) -> tuple[list[CoverRow], bool]:
    """The same without a wait where no finding is asked for; false: what orders want of them and what was used is not
    added up yet.
    """
    if which.finding is not None:
        return _covered(site, which), True
    limits, at_us = _limits(site), now_us()
    with site.store().connections.reading() as db:
        known = site.demand.soon(db, limits.used, at_us)
        wanted = known or Demand({}, {}, limits.used)
        return cover_shown.cover_rows(db, wanted, limits, at_us, which), known is not None


def _limits(site: Site) -> CoverLimits:
    table = site.config.stock
    return CoverLimits(table.least_days, table.most_days, table.slow_days, table.used_days)


def stock_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/stock", responses=V1_PROBLEMS, tags=["stock"])

    @routes.get("", response_model=tuple[StockRow, ...])
    def listed(after: After = "", sku: After = "", limit: Limit = 100) -> Response:
        """Articles with both books, by SKU; or the one of ``sku``."""
        with site.store().connections.reading() as db:
            return json_answer(stock_shown.stock_rows(db, after, limit, sku))

    @routes.get("/movements", response_model=tuple[LedgerRow, ...])
    def ledger(sku: After = "", after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 100) -> Response:
        """The ledger behind a number, in order."""
        with site.store().connections.reading() as db:
            return json_answer(stock_shown.ledger(db, sku, after, limit))

    @routes.get("/audit", response_model=tuple[BookDifference, ...])
    def audited() -> Response:
        """Where the books disagree; empty = nowhere."""
        with site.store().connections.reading() as db:
            return json_answer(stock_shown.audit(db))

    @routes.get("/cover", response_model=tuple[CoverRow, ...])
    def cover(finding: _Finding = None, after: After = "", limit: Limit = 100) -> Response:
        """How many days articles last and what is to be told of it, by SKU: orders wait for it, it runs low, there is
        too much, nobody wants it. Where open orders are many, what is wanted and used is of a moment ago.
        """
        return json_answer(_covered(site, CoverAsked(after=after, limit=limit, finding=finding)))

    @routes.post("/movements", response_model=Moved)
    async def move(body: MovementsBody) -> Response:
        """Books movements, all or none; those whose cause has moved change nothing."""
        at_us = now_us()
        movements = [one.movement(at_us) for one in body.movements]
        done = await asyncio.to_thread(
            lambda: stocktaking.recorded(site.store().connections, movements, body.by, at_us)
        )
        return json_answer(_moved(done))

    @routes.post("/counts", response_model=Moved)
    async def count(body: CountBody) -> Response:
        """Books what was found in a bin; what lies in totes counts as there. The bin is suspected no more."""
        key = BinKey(body.bin, body.sku, body.lot, body.condition)
        done = await asyncio.to_thread(
            lambda: stocktaking.counted_at(
                site.store().connections, key, body.seen, body.cause.cause(), body.by, body.why, now_us()
            )
        )
        return json_answer(_moved(done))

    @routes.post("/imports", response_model=Imported, openapi_extra=_FILE_BODY)
    async def take(request: Request) -> Response:
        """Takes articles, bins and what lies in them; the same file again changes nothing."""
        body = await request.body()
        found = await asyncio.to_thread(take_stock, site, body, who_asks("import"))
        if isinstance(found, tuple):
            fields = [tuple(one.partition(": ")[::2]) for one in found]
            return problem_answer(422, "the file is not taken", [(where, said) for where, said in fields])
        return json_answer(found)

    @routes.get("/{sku}", response_model=StockRow)
    def one(sku: Key) -> Response:
        """An article with both books."""
        with site.store().connections.reading() as db:
            rows = stock_shown.stock_rows(db, sku=sku)
        if not rows:
            raise HTTPException(404, f"sku {sku}: there is no such article")
        return json_answer(rows[0])

    return routes
