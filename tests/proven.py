"""An order's way, as a journal proves it.

Public names: WAY, GTIN, order, parcel.
"""

from __future__ import annotations

from typing import Any

from edge.core.events import ItemReleased, LoadClosed, OrderChanged, OrderShipped, ParcelGated, ToteChecked
from edge.core.values.dock import Direction
from edge.core.values.evidence import Finding
from edge.core.values.load import Aboard, Load
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.verdicts import FindingKind, GateVerdict
from edge.journal.record import Value
from rfid.epc.identity import check_digit

START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
TOTE = "(8003)04006381333931A 1/7".replace(" ", "-")
GTIN = "04006381333931"
ITEMS = tuple(f"(01){GTIN}(21){n}" for n in range(3))


def parcel(number: int) -> str:
    body = f"04712345{number:09d}"
    return f"(00){body}{check_digit(body)}"


def order(**more: Any) -> Order:
    lines = (OrderLine(gtin=GTIN, quantity=3, epcs=ITEMS[:2]), OrderLine(gtin=GTIN, quantity=1))
    return Order(**({"id": "TM/2611 訂", "carrier": "Post", "service": "48h", "lines": lines} | more))


def checked(at: int, *findings: Finding, final: bool = True, tote: str = TOTE) -> ToteChecked:
    return ToteChecked(
        at_us=START_US + at * SECOND_US,
        line="tote1",
        track_id=1,
        passage=1,
        tote=tote,
        order="TM/2611 訂",
        final=final,
        matched=ITEMS[:2],
        findings=findings,
    )


def gated(at: int, verdict: GateVerdict, by: str = "") -> ParcelGated:
    return ParcelGated(
        at_us=START_US + at * SECOND_US,
        dock="dock1",
        direction=Direction.OUT,
        verdict=verdict,
        parcel=parcel(2),
        order="TM/2611 訂",
        carrier="Post",
        service="48h",
        load="L-1",
        by=by,
    )


def changed(at: int, **more: Any) -> OrderChanged:
    return OrderChanged(START_US + at * SECOND_US, at, order(**more))


ABOARD = Aboard(parcel=parcel(2), order="TM/2611 訂", carrier="Post", service="48h", at_us=1, sorted_us=1, dock="dock1")
WAY: tuple[Value, ...] = (
    changed(0, tote=TOTE),
    checked(1, Finding(FindingKind.EXTRA, ITEMS[2]), Finding(FindingKind.MISSING, GTIN)),
    checked(2, Finding(FindingKind.MISSING, GTIN)),
    checked(3, Finding(FindingKind.NO_ORDER, ""), tote=""),
    checked(4, final=False),
    checked(4),
    changed(5, parcel=parcel(1)),
    changed(6, parcel=parcel(1), codes=("AB1",)),
    changed(7, parcel=parcel(2), items=ITEMS),
    OrderShipped(START_US + 8 * SECOND_US, "sorter", "TM/2611 訂", parcel(2), 3),
    changed(9, parcel=parcel(2), state=OrderState.SHIPPED),
    gated(10, GateVerdict.RIGHT),
    gated(11, GateVerdict.UNDETERMINED),
    gated(12, GateVerdict.UNLOADED),
    gated(13, GateVerdict.RIGHT, by="Ann"),
    LoadClosed(
        at_us=START_US + 14 * SECOND_US,
        feed_seq=14,
        load=Load(id="L-1", dock="dock1", carrier="Post"),
        by="Ann",
        reason="",
        opened_us=1,
        aboard=(ABOARD,),
        wrong=(),
        missing=(),
        undetermined=(),
    ),
    ItemReleased(START_US + 15 * SECOND_US, 15, ITEMS[0], "RMA-1"),
)
