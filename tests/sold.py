"""Sales orders as shops send them, made up.

Public names: sold, person.
"""

from __future__ import annotations

from edge.orders.sales import Consignee, Draft, Payment, PaymentKind, SalesLine, SalesOrder


def person(number: int) -> Consignee:
    """Somebody in Taipei."""
    return Consignee(
        name=f"王小明{number}",
        phone=f"+8869{number:08d}",
        phone_given=f"09{number:08d}",
        email=f"ming{number}@example.org",
        country="TW",
        city="臺北市",
        district="大安區",
        street=f"和平東路二段{number}號3樓",
        postcode="106",
    )


def sold(number: int, quantity: int = 1, revision: int = 0, channel: str = "shop", lines: int = 3) -> Draft:
    """An order of three articles; ``quantity``: of the first."""
    its = tuple(
        SalesLine(
            number=at, sku=f"SKU-{number % 50 + at}", quantity=quantity if at == 1 else 1, price=9900, name="襯衫"
        )
        for at in range(1, lines + 1)
    )
    total = sum(line.price * line.quantity for line in its)
    order = SalesOrder(
        id=f"{channel}-{number}",
        channel=channel,
        external=f"#{number}",
        lines=its,
        payment=Payment(kind=PaymentKind.PREPAID, currency="TWD", total=total, paid=total),
        revision=revision,
        ordered_us=1_790_000_000_000_000 + number,
        promised="2026-12-24",
    )
    return Draft(order=order, consignee=person(number))
