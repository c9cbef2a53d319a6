"""Sales orders taken within a transaction, many at once: what is new is stored, and what became of each is said.

Public names: take, take_untold, told_of, SaleTaken, SaleOutcome, FreshSale, Stages, AT_ONCE.

An order is known by channel and the channel's number, or by its id where the channel gives none. What is known and
different is not changed here: what an amendment means is for `edge.orders` to decide, by where the goods are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import sqlalchemy as sa

from edge.orders.sales import Draft, OrderStage, SalesOrder
from edge.site import dialect, ledger, outbox, sales
from edge.site.personal import Keys, PersonKeys
from edge.site.tables import sales as tables

AT_ONCE = 1_000
"""Orders that are taken in one transaction; then others have their turn."""
_LARGEST = 2**53
"""Numbers up to here are the same in every database, file and language."""
_SMALL = 2**31
_LONGEST = {"id": 200, "channel": 64, "external": 200}
_Key: TypeAlias = tuple[str, str]


class SaleOutcome(StrEnum):
    """What became of an order that came in."""

    NEW = "new"  # it is stored, for review
    SAME = "same"  # it was, word for word
    NEWER = "newer"  # known otherwise, and this is the channel's later word: to be amended
    OLDER = "older"  # known otherwise, and this is an earlier word: ignored
    CHANGED = "changed"  # known otherwise, and nothing says which is later: a person decides
    CONFLICT = "conflict"  # its id is another order's
    REFUSED = "refused"  # nothing that can be stored


@dataclass(frozen=True, slots=True)
class SaleTaken:
    """``id`` and ``version``: of the stored order, empty and 0 = there is none. ``text``: why not."""

    outcome: SaleOutcome
    id: str = ""
    version: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class FreshSale:
    """An order that is about to be stored. ``when_us``: it was ordered, or is taken where nobody says."""

    draft: Draft
    content: str
    known_by: PersonKeys
    when_us: int


Stages: TypeAlias = Callable[[Sequence[FreshSale]], Mapping[str, OrderStage]]
"""The stage of each new order by id, before it is stored; of one that is left out, its own."""


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    channel: str
    external: str
    content: str
    revision: int
    version: int


def take(db: sa.Connection, keys: Keys, drafts: Sequence[Draft], at_us: int) -> list[SaleTaken]:
    """Stores the orders that are new; what became of each, in their order. The outbox says ``order.taken``."""
    found = take_untold(db, keys, drafts, at_us)
    outbox.append(db, told_of(found), at_us)
    return found


def told_of(found: Iterable[SaleTaken]) -> list[outbox.OutboxTold]:
    """What the outbox says of orders that came in."""
    return [outbox.OutboxTold("order.taken.v1", one.id) for one in found if one.outcome is SaleOutcome.NEW]


def take_untold(
    db: sa.Connection, keys: Keys, drafts: Sequence[Draft], at_us: int, stages: Stages | None = None, of: str = ""
) -> list[SaleTaken]:
    """As `take`, for who has more to do before the outbox is told. ``stages``: says where new orders begin.

    ``of``: the order in exchange for which they are, from whose account what is paid of them comes; empty = of none.
    """
    found: dict[int, SaleTaken] = {}
    asked: dict[int, tuple[Draft, str]] = {}
    for at, draft in enumerate(drafts):
        text, content = _checked(keys, draft)
        if text:
            found[at] = SaleTaken(SaleOutcome.REFUSED, text=text)
        else:
            asked[at] = draft, content
    while asked:  # again only for those that another process took meanwhile
        fresh: dict[str, int] = {}
        judged = _judge(db, asked, fresh)
        news = [_fresh(keys, *asked[at], at_us) for at in fresh.values()]
        taken = _insert(db, news, stages(news) if stages else {}, at_us, of)
        again = {at for name, at in fresh.items() if name not in taken}
        names = {drafts[at].order.id for at in again}
        again |= {at for at, one in judged.items() if one.id in names}
        found |= {at: one for at, one in judged.items() if at not in again}
        asked = {at: asked[at] for at in sorted(again)}
    return [found[at] for at in range(len(drafts))]


def _checked(keys: Keys, draft: Draft) -> tuple[str, str]:
    """Why it cannot be stored, and the key of its content."""
    order = draft.order
    if not order.id or not order.channel:
        return "an order has an id and a channel", ""
    for name, longest in _LONGEST.items():
        if len(getattr(order, name)) > longest:
            return f"{name}: {len(getattr(order, name))} characters: allowed are up to {longest}", ""
    if len(order.promised) > 10 or len(order.payment.currency) > 3:
        return "a day is YYYY-MM-DD, a currency three letters", ""
    numbers = {line.number for line in order.lines}
    if len(numbers) != len(order.lines):
        return "a line's number stands twice", ""
    for line in order.lines:
        if not (0 <= line.cancelled <= line.quantity < _SMALL and 0 < line.number < _SMALL and len(line.gtin) <= 14):
            return f"line {line.number}: {line.cancelled} of {line.quantity} cancelled, GTIN {line.gtin!r}", ""
        if max(abs(line.price), abs(line.discount), abs(line.share)) > _LARGEST:
            return f"line {line.number}: an amount beyond {_LARGEST}", ""
    paid = order.payment
    amounts = (paid.total, paid.paid, paid.freight, paid.discount, paid.tax, order.revision)
    if max(map(abs, (*amounts, order.ordered_us, order.paid_us, order.ship_by_us))) > _LARGEST:
        return f"an amount or a time beyond {_LARGEST}", ""
    if not -_SMALL < order.priority < _SMALL:
        return f"priority {order.priority}", ""
    try:
        content, said = keys.content(draft)
    except UnicodeEncodeError:
        return "half of a character: it is no Unicode text", ""
    if "\0" in f"{order.id}{order.channel}{order.external}" or b"\\u0000" in said.replace(b"\\\\", b""):
        return "a character of number 0", ""
    return "", content


def _judge(db: sa.Connection, asked: Mapping[int, tuple[Draft, str]], fresh: dict[str, int]) -> dict[int, SaleTaken]:
    """What becomes of each; ``fresh`` gets those that are new, by id."""
    by_key, by_id = _look_up(db, [draft.order for draft, _ in asked.values()])
    found: dict[int, SaleTaken] = {}
    for at, (draft, content) in asked.items():
        order = draft.order
        known = by_key.get((order.channel, order.external)) if order.external else None
        owner = by_id.get(order.id)
        if known is None and owner is not None:
            if order.external or owner.channel != order.channel:
                theirs = f"order {order.id} is {owner.external or 'one without a number'!r} of channel {owner.channel}"
                found[at] = SaleTaken(SaleOutcome.CONFLICT, owner.id, owner.version, theirs)
                continue
            known = owner
        if known is not None:
            found[at] = _compared(known, order, content)
            continue
        known = _Known(order.id, order.channel, order.external, content, order.revision, order.version)
        by_id[order.id] = known
        if order.external:
            by_key[order.channel, order.external] = known
        fresh[order.id] = at
        found[at] = SaleTaken(SaleOutcome.NEW, order.id, order.version)
    return found


def _compared(known: _Known, order: SalesOrder, content: str) -> SaleTaken:
    if known.content == content:
        outcome = SaleOutcome.SAME
    elif order.revision > known.revision:
        outcome = SaleOutcome.NEWER
    elif order.revision < known.revision:
        outcome = SaleOutcome.OLDER
    else:
        outcome = SaleOutcome.CHANGED
    return SaleTaken(outcome, known.id, known.version)


def _look_up(db: sa.Connection, orders: Sequence[SalesOrder]) -> tuple[dict[_Key, _Known], dict[str, _Known]]:
    columns = tables.orders.c
    numbers: dict[str, set[str]] = {}
    for order in orders:
        if order.external:
            numbers.setdefault(order.channel, set()).add(order.external)
    conditions = [dialect.among(db, columns.id, (order.id for order in orders))]
    for channel, externals in numbers.items():
        conditions.append(sa.and_(columns.channel == channel, dialect.among(db, columns.external, externals)))
    by_key: dict[_Key, _Known] = {}
    by_id: dict[str, _Known] = {}
    for condition in conditions:
        query = sa.select(
            columns.id, columns.channel, columns.external, columns.content, columns.revision, columns.version
        ).where(condition)
        for name, channel, external, content, revision, version in db.execute(query):
            known = _Known(name, channel, external or "", content, revision, version)
            by_id[name] = known
            if external:
                by_key[channel, external] = known
    return by_key, by_id


def _fresh(keys: Keys, draft: Draft, content: str, at_us: int) -> FreshSale:
    order = draft.order
    return FreshSale(draft, content, keys.all_of(draft.consignee, order.lines), order.ordered_us or at_us)


def _insert(
    db: sa.Connection, fresh: Sequence[FreshSale], stages: Mapping[str, OrderStage], at_us: int, of: str
) -> set[str]:
    """Stores new orders with their lines and consignees; the ids of those that nobody else took meanwhile."""
    if not fresh:
        return set()
    fresh = sorted(fresh, key=lambda one: (one.draft.order.channel, one.draft.order.external))  # as every process does
    rows = [(*sales.order_row(one.draft.order, stages.get(one.draft.order.id)), one.content, at_us) for one in fresh]
    taken = dialect.insert_new(db, tables.orders, (*sales.ORDER, "content", "taken_us"), rows, "id")
    stored = [one for one in fresh if one.draft.order.id in taken]
    drafts = [one.draft for one in stored]
    lines = [(draft.order.id, *sales.line_row(line)) for draft in drafts for line in draft.order.lines]
    dialect.bulk_insert(db, tables.lines, ("order_id", *sales.LINE), lines)
    seen = [(draft.order.id, one.code, one.where, one.value) for draft in drafts for one in draft.noted]
    dialect.bulk_insert(db, tables.noted, ("order_id", "code", "place", "value"), seen)
    people = [(*sales.person_row(one.draft.order.id, one.draft.consignee, one.known_by), one.when_us) for one in stored]
    dialect.bulk_insert(db, tables.consignees, (*sales.PERSON, "when_us"), people)
    paid = [(draft.order.id, draft.order.payment.paid, draft.order.payment.currency) for draft in drafts]
    ledger.book_taken(db, paid, at_us, of)
    return taken
