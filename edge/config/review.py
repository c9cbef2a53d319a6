"""[review] of SITE.toml: which orders people must look at.

Public names: ReviewTable.

Its rules are named in `edge/config/review_rules.py`: a controller, which reads these files too, knows no order.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from edge.config.table import Frozen

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Digits = Annotated[int, Field(ge=0, le=4)]
Amount = Annotated[int, Field(ge=0)]


class ReviewTable(Frozen):
    """When people must look at an order before it is shipped; the rules by their codes are in
    [sales orders](sales-orders.md). Amounts are whole numbers in the smallest unit of their currency."""

    off: tuple[str, ...] = Field(default=(), description="rules that are not applied")
    warn: tuple[str, ...] = Field(default=(), description="rules that only warn")
    hold: tuple[str, ...] = Field(default=(), description="rules that hold an order, beside those that do anyway")
    quantity_factor: int = Field(
        default=3, ge=1, le=1_000, description="times what 99 of 100 orders of an article do not exceed is unusual"
    )
    quantity_max: int = Field(
        default=100, ge=1, le=1_000_000, description="more pieces are unusual where nobody knows what is usual"
    )
    amount_tolerance: int = Field(
        default=0, ge=0, le=1_000_000, description="so much may lines and total differ, as channels round"
    )
    cod_max: dict[Currency, Amount] = Field(
        default={}, description="the most to be collected at the door, by currency; the carriers' own limits count too"
    )
    currencies: tuple[Currency, ...] = Field(default=(), description="that are taken; empty = all")
    digits: dict[Currency, Digits] = Field(
        default={}, description="of a currency's smallest unit, where it is not as ISO 4217 says, as `TWD = 0`"
    )
    duplicate_days: int = Field(default=7, ge=1, le=90, description="so far back duplicates are looked for")
    duplicate_score: int = Field(
        default=90,
        ge=1,
        le=100,
        description="from which likeness the texts of two addresses count as one; numbers must be equal",
    )
    velocity_max: int = Field(
        default=5, ge=1, le=10_000, description="more orders of one phone or address within a day are looked at"
    )
    refusals_max: int = Field(
        default=1, ge=0, le=100, description="after more parcels refused at the door, cash on delivery is looked at"
    )
    unpaid_h: int = Field(default=48, ge=1, le=2_160, description="so long stock is kept for what is not paid")
    test_marks: tuple[Annotated[str, StringConstraints(min_length=2, max_length=40)], ...] = Field(
        default=(), description="what the number, the note or an article of a test order begins with"
    )
