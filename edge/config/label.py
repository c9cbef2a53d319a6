"""[label] of SITE.toml: whose numbers parcels get, what their labels look like, and where they are printed.

Public names: LabelTable, label_problems, label_warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.table import Frozen, Name

_Line = Annotated[str, StringConstraints(max_length=60)]
_Address = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]


class LabelTable(Frozen):
    """SSCCs under a GS1 company prefix, and labels for them."""

    prefix: str = Field(
        default="", pattern=r"^(\d{6,12})?$", description="GS1 company prefix; empty = no labels are made here"
    )
    extensions: str = Field(
        default="0", pattern=r"^\d{1,10}$", description="extension digits of this site's numbers, each once"
    )
    first: int = Field(default=0, ge=0, description="the lowest serial reference that is this site's")
    last: int | None = Field(default=None, ge=0, description="and the highest; none = all that there are")
    per_day: int = Field(default=0, ge=0, le=10_000_000, description="parcels a day, so that check can count")
    sender: Annotated[tuple[_Line, ...], Field(max_length=4)] = Field(default=(), description="lines of the sender")
    width_mm: int = Field(default=100, ge=90, le=210, description="of a label")
    height_mm: int = Field(default=150, ge=100, le=300, description="of a label")
    dpi: Literal[203, 300, 600] = Field(default=203, description="dots an inch of thermal printers")
    tag: bool = Field(default=True, description="whether labels have a tag, which the printer writes")
    printer: dict[Name, _Address] = Field(default={}, description='printers that take ZPL: `pack1 = "10.0.0.9:9100"`')

    @property
    def dots_mm(self) -> int:
        """Dots a millimetre."""
        return {203: 8, 300: 12, 600: 24}[self.dpi]


def label_problems(label: LabelTable) -> Iterator[str]:
    """What it says against itself."""
    if len(set(label.extensions)) < len(label.extensions):
        yield f"label.extensions: {label.extensions!r}: a digit stands twice"
    if not label.prefix:
        if label.printer:
            yield "label.prefix: missing: printers are named, but no numbers for labels"
        return
    highest = 10 ** (16 - len(label.prefix)) - 1
    last = highest if label.last is None else label.last
    if last > highest:
        yield f"label.last: {last}: allowed is up to {highest} with a prefix of {len(label.prefix)} digits"
    if label.first > last:
        yield f"label.first: {label.first}: is behind last = {last}"
    for name, address in label.printer.items():
        if not 1 <= int(address.rpartition(":")[2]) <= 65535:
            yield f"label.printer.{name}: {address!r}: the port is not one of 1..65535"


def label_warnings(label: LabelTable) -> Iterator[str]:
    """What will come to an end: GS1 lets no number be used twice within a year."""
    if not label.prefix or not label.per_day:
        return
    last = 10 ** (16 - len(label.prefix)) - 1 if label.last is None else label.last
    numbers = len(label.extensions) * (last - label.first + 1)
    if (days := numbers // label.per_day) < 365:
        yield (
            f"label: {numbers} numbers are given out in {days} days at per_day = {label.per_day}; none may be used "
            "again within 365: add extensions, widen first and last, or get another prefix"
        )
