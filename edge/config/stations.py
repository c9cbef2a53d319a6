"""[quality] and [station.NAME] of SITE.toml: what is looked at before it is packed, and what a packing station has.

Public names: QualityTable, QualityRuleTable, StationTable, AspectName, station_problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.table import Frozen, Name

_Text = Annotated[str, StringConstraints(max_length=80)]
_Share = Annotated[float, Field(ge=0, le=1)]
AspectName = Literal["appearance", "quantity", "function", "label", "expiry"]
_Aspects = Annotated[tuple[AspectName, ...], Field(min_length=1, max_length=5)]
_Address = Annotated[str, StringConstraints(pattern=r"^(.+:\d{1,5})?$")]


class QualityRuleTable(Frozen):
    """Of what is looked at more often or less, or otherwise."""

    sku: Annotated[str, StringConstraints(max_length=200)] = Field(default="", description="of an article; empty = any")
    supplier: _Text = Field(default="", description="of a supplier; empty = any")
    share: _Share = Field(description="of its fulfilments, 1 = all of them")
    aspects: _Aspects = Field(default=("appearance", "quantity", "label"), description="what is looked at")


class QualityTable(Frozen):
    """What is looked at before a parcel gets its label."""

    share: _Share = Field(default=0, description="of all fulfilments, 1 = all of them, 0 = those of rules alone")
    aspects: _Aspects = Field(default=("appearance", "quantity", "label"), description="what is looked at")
    new_lot: int = Field(
        default=0, ge=0, le=10_000, description="so many fulfilments with goods of a new lot are looked at first"
    )
    bin: _Text = Field(
        default="", description="the bin where refused goods are put; empty = they are booked where they came from"
    )
    rule: tuple[QualityRuleTable, ...] = Field(default=(), description="the first that fits counts")


class StationTable(Frozen):
    """A packing station."""

    printer: Annotated[str, StringConstraints(max_length=40)] = Field(
        default="", description="one of `label.printer`, where its labels come out; empty = they are fetched"
    )
    scale: _Address = Field(default="", description="its scale over TCP, `10.0.0.9:4001`; empty = weights are typed")
    scale_asks: Annotated[str, StringConstraints(max_length=16, pattern=r"^[\x20-\x7e]*$")] = Field(
        default="", description="what the scale wants to be asked, as `SI` or `W`; empty = it tells by itself"
    )
    weigh: bool = Field(default=False, description="no parcel without a weight")


def station_problems(
    stations: Mapping[Name, StationTable], printers: Mapping[Name, str], quality: QualityTable
) -> Iterator[str]:
    """What they say against each other."""
    for name, one in stations.items():
        if one.printer and one.printer not in printers:
            yield f"station.{name}.printer: {one.printer!r}: label.printer has {', '.join(printers) or 'none'}"
        if one.scale and not 1 <= int(one.scale.rpartition(":")[2]) <= 65535:
            yield f"station.{name}.scale: {one.scale!r}: the port is not one of 1..65535"
        if one.scale_asks and not one.scale:
            yield f"station.{name}.scale: missing: scale_asks says how it is asked"
    for n, rule in enumerate(quality.rule):
        if not rule.sku and not rule.supplier:
            yield f"quality.rule.{n}: sku, supplier: missing: say of what, or set quality.share"
