"""What an order costs, and what of it is due: whole numbers in the minor unit of a currency.

Public names: Amounts, split, apportioned, worth, parts, amounts, at_the_door, refundable, exchange, digits_of, minor,
shown, priced, MoneyError.

Nothing is rounded twice: what an order's discount and freight are for each line is given once, and what a unit of the
line costs follows from that. Units are given back in turn; the last one brings the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from edge.orders.sales import PaymentKind, SalesLine, SalesOrder

_DIGITS = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
            *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
"""Of the minor unit, where it is not two. Source: ISO 4217, list one, 2024."""
_AMOUNT = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?")


class MoneyError(ValueError):
    """What is no amount of its currency; says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Of what an order has now. ``content`` = ``paid`` + ``due``, always; ``due`` below 0: so much is to be paid back.

    ``balance``: to be paid before it is shipped; ``cod``: to the carrier at the door.
    """

    content: int
    paid: int
    due: int
    balance: int = 0
    cod: int = 0


def split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """An amount by weights of 0 and more, all equal where none has any: what is left goes to the largest remainders.

    Its parts add up to it, and differ from their exact value by less than 1. Of equal remainders the first is served
    first. Raises ValueError without weights, or for one below 0.
    """
    if not weights or min(weights) < 0:
        raise ValueError(f"weights: {list(weights)}: allowed are numbers of 0 and more, one at least")
    if amount < 0:
        return tuple(-part for part in split(-amount, weights))
    if not amount:
        return (0,) * len(weights)
    whole = sum(weights)
    given = weights if whole else [1] * len(weights)
    whole = whole or len(weights)
    exact = [divmod(amount * weight, whole) for weight in given]
    missing = amount - sum(part for part, _ in exact)
    served = set(sorted(range(len(exact)), key=lambda index: (-exact[index][1], index))[:missing])
    return tuple(part + (index in served) for index, (part, _) in enumerate(exact))


def apportioned(order: SalesOrder) -> SalesOrder:
    """The order with its freight, tax and discount given to its lines, by what their goods cost."""
    if not order.lines:
        return order
    payment = order.payment
    weights = [max(0, _goods(line)) for line in order.lines]
    freight, discount = split(payment.freight + payment.tax, weights), split(payment.discount, weights)
    shares = [more - less for more, less in zip(freight, discount, strict=True)]
    if shares == [line.share for line in order.lines]:
        return order
    lines = tuple(replace(line, share=share) for line, share in zip(order.lines, shares, strict=True))
    return replace(order, lines=lines)


def worth(line: SalesLine) -> int:
    """What all of a line costs."""
    return _goods(line) + line.share


def parts(line: SalesLine, before: int, count: int) -> int:
    """What ``count`` of its units cost when ``before`` were given back earlier; all together give its worth."""
    if count < 0 or before < 0 or before + count > line.quantity:
        raise ValueError(f"line {line.number}: {before} + {count}: not within its {line.quantity} units")
    if not count:
        return 0
    each, more = divmod(worth(line), line.quantity)
    return each * count + min(before + count, more) - min(before, more)


def amounts(order: SalesOrder) -> Amounts:
    """Of its current content, less what came back of it; nothing where nothing is wanted."""
    payment = order.payment
    content = _content(order, {line.number: line.cancelled for line in order.lines}) - payment.credited
    due = content - payment.paid
    owed = max(0, due)
    match payment.kind:
        case PaymentKind.PREPAID | PaymentKind.DEPOSIT:
            return Amounts(content=content, paid=payment.paid, due=due, balance=owed)
        case PaymentKind.COD:
            return Amounts(content=content, paid=payment.paid, due=due, cod=owed)
        case PaymentKind.CREDIT:
            return Amounts(content=content, paid=payment.paid, due=due)
        case _:
            assert_never(payment.kind)


def at_the_door(order: SalesOrder, here: int, elsewhere: int, asked: int) -> int:
    """What one parcel's label says the carrier must collect.

    ``here``: what its units cost; ``elsewhere``: those that are in no labelled parcel yet; ``asked``: by the labels of
    others. The last parcel asks for the rest.
    """
    left = max(0, amounts(order).cod - asked)
    return split(left, (max(0, here), max(0, elsewhere)))[0] if here > 0 or elsewhere > 0 else left


def refundable(order: SalesOrder, unseen: Mapping[int, int]) -> int:
    """What may be paid back now. ``unseen``: cancelled units by line whose goods nobody has seen again: those wait."""
    safe = {line.number: line.cancelled - unseen.get(line.number, 0) for line in order.lines}
    return max(0, order.payment.paid - max(0, _content(order, safe) - order.payment.credited))


def exchange(line: SalesLine, before: int, count: int, new: Sequence[SalesLine]) -> int:
    """What a customer pays for new goods in place of ``count`` units; below 0: gets. What was paid is not touched."""
    return sum(worth(one) for one in new) - parts(line, before, count)


def digits_of(currency: str, channel: Mapping[str, int] | None = None) -> int:
    """How many digits the minor unit has: as the channel says, since nobody pays cents of TWD; else as ISO 4217."""
    return (channel or {}).get(currency, _DIGITS.get(currency, 2))


def minor(text: str, digits: int) -> int:
    """``"12.30"`` -> 1230. Raises MoneyError for what is no number, and for more digits that are not 0."""
    found = _AMOUNT.fullmatch(text.strip())
    fraction = (found[3] or "").rstrip("0") if found else ""
    if found is None or len(fraction) > digits:
        raise MoneyError(f"{text!r}: allowed is an amount with at most {digits} digits behind the point")
    amount = int(found[2] + fraction.ljust(digits, "0"))
    return -amount if found[1] == "-" else amount


def shown(amount: int, digits: int) -> str:
    """1230 -> ``"12.30"``."""
    if not digits:
        return str(amount)
    whole, fraction = divmod(abs(amount), 10**digits)
    return f"{'-' if amount < 0 else ''}{whole}.{fraction:0{digits}}"


def priced(currency: str, digits: int) -> Callable[[int], str]:
    """How amounts of a currency are shown, ``12.30 EUR``; empty = nobody says which, then as whole numbers."""
    return lambda amount: f"{shown(amount, digits)} {currency}" if currency else str(amount)


def _goods(line: SalesLine) -> int:
    return line.price * line.quantity - line.discount


def _content(order: SalesOrder, gone: Mapping[int, int]) -> int:
    if all(gone[line.number] == line.quantity for line in order.lines):
        return 0
    return order.payment.total - sum(parts(line, 0, gone[line.number]) for line in order.lines)
