"""The rows of one order -> its draft, or everything that is wrong with it: an order is taken whole or not at all.

Public names: draft_of, status_of, noted_of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from edge.config.channels import ChannelTable
from edge.config.problem import shown
from edge.intake import keys
from edge.intake.address import address_findings
from edge.intake.cells import day_of, identifier_of, moment_of, quantity_of, revision_of, text_of, whole_of
from edge.intake.given import gtin as gtin_of
from edge.intake.grouping import Group, OrderProblem, View, among, limited, money
from edge.intake.phone import read_phone
from edge.intake.rows import Cell, Row
from edge.orders.sales import Consignee, Draft, Noted, Payment, PaymentKind, SalesLine, SalesOrder

_Value = TypeVar("_Value")
_LINES = 1000


def status_of(group: Group) -> str:
    """The state that an order is in; empty = nothing says so. Raises OrderProblem."""
    return _Order(group).text("status")


def draft_of(name: str, channel: ChannelTable, group: Group, items: Group) -> Draft:
    """The order as it came in; ``items`` is the same group where the articles stand in the same rows.

    Raises ExceptionGroup of OrderProblem with everything that is wrong.
    """
    return _Order(group, items).draft(name, channel)


# ---- one order -------------------------------------------------------------------------------------------------------


class _Order:
    """Reads an order's rows and keeps what is wrong with them."""

    def __init__(self, group: Group, items: Group | None = None) -> None:
        self._group, self._items = group, items or group
        self._problems: list[Exception] = list(group.problems)
        if items is not None and items is not group:
            self._problems += items.problems

    def text(self, key: str) -> str:
        """A text that the whole order has. Raises OrderProblem."""
        return self._one(key, lambda cell: limited(key, text_of(cell))) or ""

    def draft(self, name: str, channel: ChannelTable) -> Draft:
        rows = self._items.rows if self._problems else self._distinct(channel)
        lines = self._lines(rows, channel)
        payment = self._payment(lines, rows, channel)
        consignee, noted = self._consignee(channel)
        zone, dates = channel.time_zone, channel.dates

        def moment(key: str) -> int:
            return self._read(key, lambda cell: moment_of(cell, zone, dates)) or 0

        order = SalesOrder(
            id=keys.order_id(name, self._group.number),
            channel=name,
            external=self._group.number,
            lines=lines,
            payment=payment,
            revision=self._read("revision", lambda cell: revision_of(cell, zone, dates)) or 0,
            ordered_us=moment("ordered"),
            paid_us=moment("paid_at"),
            ship_by_us=moment("ship_by"),
            promised=self._read("promised", lambda cell: day_of(cell, zone, dates)) or "",
            service=self._words("service"),
            priority=self._read("priority", whole_of) or 0,
            note=self._words("note"),
        )
        if self._problems:
            raise ExceptionGroup(self._group.number, self._problems)
        table = self._group.view.table
        sheet = f", sheet {table.sheet}" if table.sheet else ""
        where = f"{table.file}{sheet}, row {self._group.rows[0].number}"
        return Draft(order=order, consignee=consignee, where=where, noted=noted)

    def _one(self, key: str, convert: Callable[[Cell], _Value]) -> _Value | None:
        """What the rows of an order say alike; None = nothing. Raises OrderProblem."""
        view = self._group.view
        first: tuple[Row, list[tuple[Cell, int]]] | None = None
        for row in self._group.rows if view.has(key) else ():
            found = view.cells(row, key)
            if not found:
                continue
            if first is None:
                first = row, found
            elif [cell for cell, _ in found] != [cell for cell, _ in first[1]]:
                cell, index = found[0]
                said = f"row {first[0].number} of the same order has {shown(first[1][0][0])}"
                raise view.problem(row.number, index, cell, said)
        return None if first is None else view.value(first[0], key, convert)

    def _read(self, key: str, convert: Callable[[Cell], _Value]) -> _Value | None:
        """The same, where a problem is kept."""
        try:
            return self._one(key, convert)
        except OrderProblem as problem:
            self._problems.append(problem)
            return None

    def _words(self, key: str) -> str:
        return self._read(key, lambda cell: limited(key, text_of(cell))) or ""

    def _wrong(self, key: str, reason: str, value: object = "") -> None:
        row = self._group.rows[0].number if self._group.rows else 0
        self._problems.append(OrderProblem(row, self._group.view.column(key), value, reason))

    # -- articles

    def _distinct(self, channel: ChannelTable) -> list[Row]:
        """Each article's row once. What is known to be a repeat goes; what may be one is a problem."""
        view = self._items.view
        seen: dict[tuple[object, ...], Row] = {}
        made: list[Row] = []
        for row in self._items.rows:
            named = view.cells(row, "line")
            key: tuple[object, ...] = tuple(row.cells)
            if named:
                key = ("line", named[0][0])
            first = seen.setdefault(key, row)
            if first is row or (not named and channel.same_rows == "lines"):
                made.append(row)
            elif named and list(first.cells) != list(row.cells):
                cell, index = named[0]
                said = f"row {first.number} has this line with other content"
                self._problems.append(view.problem(row.number, index, cell, said))
            elif not named and channel.same_rows == "refuse":
                said = f"is row {first.number} again: one article twice, or one row twice? See same_rows"
                self._problems.append(OrderProblem(row.number, "", "", said))
        return made

    def _lines(self, rows: Sequence[Row], channel: ChannelTable) -> tuple[SalesLine, ...]:
        made: list[tuple[tuple[object, ...], SalesLine]] = []
        for row in rows:
            try:
                made.append(_line(self._items.view, row, channel))
            except OrderProblem as problem:
                self._problems.append(problem)
        if len(rows) > _LINES:
            self._wrong("order", f"{len(rows):,} articles: allowed are {_LINES:,}")
        if not rows and not self._problems:
            self._wrong("order", "no articles", self._group.number)
        made.sort(key=lambda one: one[0])
        return tuple(
            SalesLine(
                number=number,
                sku=line.sku,
                quantity=line.quantity,
                gtin=line.gtin,
                name=line.name,
                price=line.price,
                discount=line.discount,
            )
            for number, (_, line) in enumerate(made, 1)
        )

    # -- money

    def _payment(self, lines: Iterable[SalesLine], rows: Sequence[Row], channel: ChannelTable) -> Payment:
        parts = {key: self._amount(key, rows, channel) for key in ("total", "freight", "discount", "tax")}
        freight, tax = parts["freight"] or 0, parts["tax"] or 0
        discount = abs(parts["discount"] or 0)
        goods = sum(line.price * line.quantity - line.discount for line in lines)
        total = goods - discount + freight + tax if parts["total"] is None else parts["total"]
        kind = PaymentKind(channel.payment)
        if among(self._words("method"), channel.cod_words):
            kind = PaymentKind.COD
        paid = self._amount("paid", self._group.rows[:1], channel, of_rows=False)
        if paid is None:
            paid = total if self._is_paid(kind, channel) else 0
        currency = self._words("currency").upper() or channel.currency
        if not currency and (total or goods):
            self._wrong("currency", "missing: give the channel's currency, or its column")
        elif currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            self._wrong("currency", "allowed are three letters, as EUR", currency)
        if total < 0 or paid < 0:
            self._wrong("total", "an amount below zero", total if total < 0 else paid)
        return Payment(
            kind=kind, currency=currency, total=total, paid=paid, freight=freight, discount=discount, tax=tax
        )

    def _is_paid(self, kind: PaymentKind, channel: ChannelTable) -> bool:
        if channel.settled:
            return kind is not PaymentKind.COD
        return among(self._words("paid_state"), channel.paid_words) or bool(
            any(self._group.view.cells(row, "paid_at") for row in self._group.rows)
        )

    def _amount(
        self, key: str, rows: Sequence[Row], channel: ChannelTable, *, of_rows: bool | None = None
    ) -> int | None:
        """An amount of the order: as each row says it, or the sum of what the rows say; None = none says any."""
        view = self._group.view
        by_line = channel.amounts == "line" if of_rows is None else of_rows
        try:
            if not by_line:
                return self._one_amount(key, channel)
            said = [money(view, row, key, channel) for row in rows] if view.has(key) else []
        except OrderProblem as problem:
            self._problems.append(problem)
            return None
        amounts = [one for one in said if one is not None]
        return sum(amounts) if amounts else None

    def _one_amount(self, key: str, channel: ChannelTable) -> int | None:
        self._one(key, lambda cell: cell)  # says where two rows differ
        view = self._group.view
        row = next((row for row in self._group.rows if view.has(key) and view.cells(row, key)), None)
        return None if row is None else money(view, row, key, channel)

    # -- the consignee

    def _consignee(self, channel: ChannelTable) -> tuple[Consignee, tuple[Noted, ...]]:
        country = self._country(channel)
        given = self._words("phone")
        phone = read_phone(given, country)
        consignee = Consignee(
            name=self._words("name"),
            phone=phone.number,
            extension=phone.extension,
            phone_given=given,
            masked=phone.masked,
            email=self._words("email"),
            country=country,
            region=self._words("region"),
            city=self._words("city"),
            district=self._words("district"),
            street=self._words("street"),
            postcode=self._words("postcode"),
        )
        return consignee, noted_of(consignee)

    def _country(self, channel: ChannelTable) -> str:
        given = self._words("country")
        if not given:
            return channel.country
        for word, code in channel.countries.items():
            if among(given, (word,)):
                return code
        if len(given) == 2 and given.isascii() and given.isalpha():
            return given.upper()
        self._wrong("country", "allowed are two letters, as TW, or a word of the channel's countries", given)
        return ""


def noted_of(consignee: Consignee) -> tuple[Noted, ...]:
    """What the border sees in a consignee and a review weighs."""
    return (*_of_phone(consignee), *address_findings(consignee))


def _of_phone(consignee: Consignee) -> Iterator[Noted]:
    phone = read_phone(consignee.phone_given, consignee.country)
    if phone.masked:
        yield Noted("phone-masked", "phone", consignee.phone_given)
    elif phone.virtual:
        yield Noted("phone-virtual", "phone", consignee.phone_given)
    elif consignee.phone_given and not phone.number:
        yield Noted("phone-implausible", "phone", consignee.phone_given)


def _line(view: View, row: Row, channel: ChannelTable) -> tuple[tuple[object, ...], SalesLine]:
    """An article, and by what articles stand in order: content, so that the order of rows does not matter."""

    def text(key: str, convert: Callable[[Cell], str]) -> str:
        return view.value(row, key, lambda cell: limited(key, convert(cell))) or ""

    sku = text("sku", text_of)
    gtin = text("gtin", lambda cell: gtin_of(identifier_of(cell)))
    quantity = view.value(row, "quantity", quantity_of)
    if quantity is None:
        raise OrderProblem(row.number, view.column("quantity"), "", "missing: how many")
    if not sku and not gtin:
        raise OrderProblem(row.number, view.column("sku") or view.column("gtin"), "", "missing: which article")
    amount = money(view, row, "price", channel) or 0
    discount = abs(money(view, row, "line_discount", channel) or 0)
    price = amount
    if channel.price_of == "line":
        price = -(-amount // quantity)
        discount += price * quantity - amount
    if price < 0:
        raise OrderProblem(row.number, view.column("price"), price, "an amount below zero")
    name = text("product", text_of)
    line = SalesLine(
        number=1, sku=sku, quantity=quantity, gtin=gtin, name=name, price=price, discount=discount
    )  # its number follows from its place
    named = view.cells(row, "line")
    return (sku, gtin, f"{named[0][0]}" if named else "", name, price, discount, quantity), line
