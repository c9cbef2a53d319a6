"""Parcels that left a small warehouse, so that something can come back.

Public names: GTINS, CARE, RULES, DAY_US, planning, item, draft, ship, release, leave, floor_says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sold import sold
from stocked import ARTICLES, NOW_US, stocked
from stocked import planning as planned_by

from edge.config.care import CareTable, ReturnsTable, TeamTable
from edge.core.events import OrderShipped, ToteChecked
from edge.intake.care import CareRules, care_rules
from edge.journal.record import Record, Value, encode
from edge.orders.articles import Article, Goods
from edge.orders.money import apportioned
from edge.orders.planning import Planning
from edge.orders.review import ReviewRule, ReviewRules
from edge.orders.sales import Draft, Payment, PaymentKind, SalesLine
from edge.site import catalogue, drafts, releasing
from edge.site.desk import SalesDesk
from edge.site.store import SiteStore
from rfid.epc.identity import check_digit

DAY_US = 86_400_000_000
RULES = ReviewRules(off=frozenset({ReviewRule.OUT_OF_STOCK, ReviewRule.QUANTITY_UNUSUAL, ReviewRule.VELOCITY}))
GTINS = [(body := f"095211410{at:04d}") + str(check_digit(body)) for at in range(ARTICLES)]
CARE: CareRules = care_rules(
    {
        "care": TeamTable(lead="Lee", time_zone="Asia/Taipei", holidays="TW", answer_hours=2, due_hours=9),
        "parcels": TeamTable(classes=("exception", "transport"), due={"lost": 4}),
    },
    {
        "tw": ReturnsTable(
            countries=("TW",),
            days=7,
            time_zone="Asia/Taipei",
            excluded=("SKU-7",),
            freight_amount=60,
            transit_days=1,
        ),
        "rest": ReturnsTable(days=14, automatic=False),
    },
    CareTable(bin="BACK-1"),
)


def planning(_: int = 0) -> Planning:
    """As of the small warehouse; its carrier asks for money at the door."""
    by = planned_by()
    return replace(by, services={name: replace(its, takes=Goods.COD) for name, its in by.services.items()})


def item(article: int, serial: int) -> str:
    """The identity of an item."""
    return f"(01){GTINS[article]}(21){serial}"


def floor_says(store: SiteStore, *values: Value) -> None:
    """What a controller's journal tells the store."""
    first = store.cursor("line") + 1
    records = []
    for seq, one in enumerate(values, first):
        line = getattr(one, "line", "a")
        records.append(Record(seq, one.at_us, line, type(one).__name__, encode(one)))
    store.project("line", records)


def draft(number: int, wanted: Sequence[tuple[int, int, int]], paid: int | None = None, discount: int = 0) -> Draft:
    """An order of (article, units, price). ``paid``: None = all of it."""
    its = sold(number)
    lines = tuple(
        SalesLine(number=n, sku=f"SKU-{article}", gtin=GTINS[article], quantity=units, price=price, name="x")
        for n, (article, units, price) in enumerate(wanted, 1)
    )
    total = sum(line.price * line.quantity for line in lines) - discount
    kind = PaymentKind.PREPAID if paid is None else PaymentKind.COD
    payment = Payment(kind=kind, currency="TWD", total=total, paid=total if paid is None else paid, discount=discount)
    order = replace(its.order, lines=lines, payment=payment, promised="")
    return replace(its, order=apportioned(order))


def ship(store: SiteStore, one: Draft, epcs: Sequence[str], at_us: int = NOW_US) -> str:
    """Takes an order, and sends it in one parcel with these items; its fulfilment."""
    with store.connections.writing() as db:
        known = catalogue.skus_of(db, ["SKU-0"])
    if not known:
        stocked(store)
        with store.connections.writing() as db:
            articles = [Article(sku=f"SKU-{at}", mass_g=200, gtins=((GTINS[at], 1),)) for at in range(ARTICLES)]
            catalogue.put_skus(db, [catalogue.Sku(article, article.sku) for article in articles])
    desk = SalesDesk(store, RULES, ["TW"], planning)
    if store.sales_order(one.order.id) is None:
        (taken,) = desk.take([one], at_us)
        assert taken.id, taken
    release(store, at_us)
    (name,) = desk.fulfilments(one.order.id)
    leave(store, name, epcs, at_us)
    return name


def release(store: SiteStore, at_us: int) -> None:
    """Plans and releases what is accepted."""
    at, by = store.connections, planning()
    for wave in drafts.plan(at, by, at_us).new:
        releasing.release(at, wave, by.limits, "Lee", at_us)


def leave(store: SiteStore, fulfilment: str, epcs: Sequence[str], at_us: int) -> None:
    """Its tote is verified with these items, and its parcel is in its lane."""
    checked = ToteChecked(
        at_us=at_us + 1,
        line="a",
        track_id=1,
        passage=1,
        tote="T",
        order=fulfilment,
        final=True,
        matched=tuple(epcs),
        findings=(),
    )
    floor_says(store, checked, OrderShipped(at_us=at_us + 2, line="a", order=fulfilment, parcel="", lane=1))
