"""The site's own orders on the simulated belts: a tote with what an order asks for, then the parcel that is made of it.

Public names: OwnOrders, Coming.

Whoever picks and packs here errs in nothing. An order is looked at whenever the site's feed tells it: with a tote, that
tote comes to a verifying line; with a label and no tote, or behind a tote that was verified, its parcel comes to the
sorting line that takes it. What came once does not come again, unless it gets another tote or another label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from edge.core.totes import names_by, plans_of
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order, OrderState
from edge.sim.floor import Landed
from edge.sim.tags import tag_of
from edge.sim.world import FloorFault, FloorLoad, PlacedTag
from rfid.epc.identity import EpcError

PACK_US = (4_000_000, 8_000_000)
"""From a tote's verdict to its parcel at the sorter."""
_SERIALS = 1 << 37


@dataclass(frozen=True, slots=True)
class Coming:
    """A load that comes so long after now."""

    after_us: int
    load: FloorLoad


class OwnOrders:
    """``discs``: by line, the EPCs of totes that its card readers know. ``trouble``: by order, why it cannot come."""

    def __init__(self, layouts: Sequence[LineLayout], seed: int, discs: Mapping[str, Sequence[str]]) -> None:
        self.trouble: dict[str, str] = {}
        self._verifying = [layout for layout in layouts if layout.job is Job.VERIFY]
        self._sorting = [layout for layout in layouts if layout.job is Job.SORT]
        self._scanned = {layout.name for layout in layouts if layout.scanners}
        self._names = names_by(plans_of(layout.totes for layout in layouts))
        self._seed = seed
        self._discs = discs
        self._orders: dict[str, Order] = {}
        self._came: set[tuple[str, str]] = set()
        self._verified: set[str] = set()
        self._totes = 0

    def took(self, order: Order) -> list[Coming]:
        """What an order as it is now brings onto the belts."""
        self._orders[order.id] = order
        self.trouble.pop(order.id, None)
        try:
            return list(self._due(order))
        except EpcError as error:
            self.trouble[order.id] = str(error)
            return []

    def landed(self, layout: LineLayout, landed: Landed) -> list[Coming]:
        """What follows when a load has left its line: behind a tote that is right its parcel, if there is a label."""
        order = landed.load.order
        if order is None or layout.job is not Job.VERIFY or landed.lane.role is not LaneRole.VERIFIED:
            return []
        self._verified.add(order.id)
        return self.took(self._orders.get(order.id, order))

    def _due(self, order: Order) -> Iterator[Coming]:
        if order.state is not OrderState.OPEN or order.refused:
            return
        if order.tote and self._verifying:
            if (order.id, order.tote) not in self._came:
                tote = self._tote(order, order.tote)
                self._came.add((order.id, order.tote))
                yield Coming(0, tote)
            if order.id not in self._verified:
                return
        label = next(iter(order.labels), "")
        if not label or (order.id, label) in self._came or not self._sorting:
            return
        line = next((one for one in self._sorting if any(one.lanes_for(order.carrier, order.service))), None)
        if line is None:
            self.trouble[order.id] = f"no line takes {order.carrier} {order.service}".rstrip()
            return
        parcel = self._parcel(order, line, label)
        self._came.add((order.id, label))
        packed_us = Random(f"{self._seed}/{order.id}/packing").randint(*PACK_US)
        yield Coming(packed_us if order.id in self._verified else 0, parcel)

    def _tote(self, order: Order, name: str) -> FloorLoad:
        rng = Random(f"{self._seed}/{order.id}/{name}")
        line = self._verifying[self._totes % len(self._verifying)]
        label = self._label_of(name)
        items = [tag_of(epc) for epc in order.epcs]
        for one in order.lines:
            first = rng.randrange(_SERIALS)
            items += [tag_of(f"(01){one.gtin}(21){first + n}") for n in range(one.quantity - len(one.epcs))]
        disc = label if label in self._discs.get(line.name, ()) else ""
        place = rng.choice((-270, 270)), rng.randint(-60, 60), rng.randint(120, 180)
        tags = [PlacedTag(label, *place)] if label and not disc else []
        tags += [PlacedTag(epc, rng.randint(-240, 240), rng.randint(-160, 160), rng.randint(40, 280)) for epc in items]
        self._totes += 1
        return self._load(order, line, name, 600, tags, disc)

    def _label_of(self, name: str) -> str:
        """The tag of a tote, empty = it bears a barcode alone. Raises EpcError."""
        tag = self._names.tag_of(name)
        return "" if tag is None and self._names.code_of(name) is not None else tag_of(tag or name)

    def _parcel(self, order: Order, line: LineLayout, label: str) -> FloorLoad:
        rng = Random(f"{self._seed}/{order.id}/{label}")
        tags = []
        if order.parcel:
            place = rng.randint(-80, 80), rng.randint(-100, 100), rng.randint(60, 250)
            tags = [PlacedTag(tag_of(order.parcel), *place)]
        return self._load(order, line, label, rng.randint(250, 350), tags)

    def _load(
        self, order: Order, line: LineLayout, key: str, length_mm: int, tags: Sequence[PlacedTag], disc: str = ""
    ) -> FloorLoad:
        return FloorLoad(
            line=line.name,
            index=len(self._came),
            name=f"{order.id}/{key}",
            identity=key,
            length_mm=length_mm,
            fault=FloorFault.NONE,
            order=order,
            companions=(),
            tags=tuple(tags),
            barcode=(self._names.code_of(key) or key) if line.name in self._scanned else "",
            disc=disc,
        )
