"""The simulated shop's totes and parcels on the belts, and who comes for what left them.

Public names: BeltCrew.

What a portal sends back is put right at the quality desk and comes again; what it lets pass is packed and sorted; what
lies in a carrier's lane is fetched from there.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from edge.config.lines import LineConfig
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order, OrderLine
from edge.journal.host_time import now_us
from edge.sim.devices import SimulatedFloor
from edge.sim.errands import Errands, units_of
from edge.sim.floor import Landed
from edge.sim.goods import House
from edge.sim.pack_crew import PACKER, QUALITY, PackCrew
from edge.sim.parcel_book import ParcelBook
from edge.sim.shop_book import ShopBook, Tote
from edge.sim.world import FloorFault, FloorLoad, PlacedTag
from rfid.epc.identity import identify

TOTES = 400
MEND_S = 6.0
TOTE_MM = 600


class BeltCrew:
    """``floor``: whose belts take totes and parcels. ``fetch``: who comes for a parcel in the lane of a carrier.

    ``cutoffs``: of fulfilments, in microseconds. ``totes``: those that are in use, by fulfilment.
    """

    def __init__(
        self,
        floor: SimulatedFloor,
        config: LineConfig,
        errands: Errands,
        house: House,
        book: ShopBook,
        parcels: ParcelBook,
        packing: PackCrew,
        fetch: Callable[[Tote, str, str], Awaitable[None]],
    ) -> None:
        self._floor, self._errands, self._house, self._book, self._parcels = floor, errands, house, book, parcels
        self._packing, self._fetch = packing, fetch
        layouts = config.layouts()
        self._verify = [layout.name for layout in layouts if layout.job is Job.VERIFY]
        self._sort = [layout for layout in layouts if layout.job is Job.SORT]
        self._free = deque(
            Tote(number, tag, identify(tag)) for number in range(TOTES) for tag in (house.tote_tag(number),)
        )
        self.totes: dict[str, Tote] = {}
        self.cutoffs: dict[str, int] = {}
        self._landed: asyncio.Queue[tuple[LineLayout, Landed]] = asyncio.Queue()
        self._loads = 0
        self._moving: dict[str, Tote] = {}
        floor.takes = self._takes
        floor.carried_for = self._carried_for

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            layout, landed = await self._landed.get()
            self._errands.start(self._after(layout, landed))

    def tote_of(self, fulfilment: str) -> Tote:
        """The tote into which it is picked."""
        tote = self.totes.get(fulfilment)
        if tote is None:
            tote = self.totes[fulfilment] = self._free.popleft()
            tote.fulfilment = fulfilment
        return tote

    async def induct(self, tote: Tote) -> None:
        """The tote comes to its line, with the truth about it."""
        order = await self._errands.order(tote.fulfilment)
        if order is None:
            return
        asked = units_of(order) if order["state"] == "open" else Counter[str]()
        wanted = self._book.wants(self._book.lead_of(tote.fulfilment))
        if asked - wanted:
            self._book.said.append(f"{tote.fulfilment}: asks for {dict(asked)}, {dict(wanted)} is wanted")
        good = order["state"] == "open" and tote.units == asked
        missing = bool(asked - tote.units)
        fault = FloorFault.NONE if good else FloorFault.MISSING if missing else FloorFault.EXTRA
        self._loads += 1
        line = self._verify[tote.number % len(self._verify)]
        rng = Random(f"{self._floor.seed}/{tote.fulfilment}/{tote.rounds}")
        tags = [PlacedTag(tote.tag, rng.choice((-270, 270)), rng.randint(-60, 60), rng.randint(120, 180))]
        tags += [
            PlacedTag(tag, rng.randint(-240, 240), rng.randint(-160, 160), rng.randint(40, 280))
            for _, tag in tote.holds
        ]
        load = FloorLoad(
            line=line,
            index=self._loads,
            name=f"shop/{tote.fulfilment}/{tote.rounds}",
            identity=tote.identity,
            length_mm=TOTE_MM,
            fault=fault,
            order=_order(order),
            companions=(),
            tags=tuple(tags),
        )
        tote.rounds += 1
        self._moving[load.name] = tote
        self._floor.streams[line].add(self._floor.floor_us, load)

    def _takes(self, layout: LineLayout, landed: Landed) -> bool:
        """Whether what landed is the shop's; then somebody comes for it."""
        if landed.load.name not in self._moving:
            return False
        self._landed.put_nowait((layout, landed))
        return True

    def _carried_for(self, landed: Landed) -> Landed:
        """A parcel of the shop as of its lane's carrier: whose it is now the site knows, and is asked at once."""
        order = landed.load.order
        if landed.load.name not in self._moving or landed.lane.role is not LaneRole.CARRIER or order is None:
            return landed
        service = order.service if order.service in landed.lane.services else next(iter(landed.lane.services), "")
        now = replace(order, carrier=landed.lane.carrier, service=service)
        return replace(landed, load=replace(landed.load, order=now))

    async def _after(self, layout: LineLayout, landed: Landed) -> None:
        tote = self._moving.pop(landed.load.name)
        match layout.job, landed.lane.role:
            case Job.VERIFY, LaneRole.VERIFIED:
                await self._pack(tote)
            case Job.VERIFY, _:
                self._book.refused += 1
                await self._mend(tote)
            case _, LaneRole.CARRIER:
                await self._left(tote, landed)
            case _:
                await asyncio.sleep(MEND_S)
                await self._again(tote, landed.load)

    async def _left(self, parcel: Tote, landed: Landed) -> None:
        """It lies in a lane: of the carrier that the site says now, or that it said until a moment ago."""
        load, lane = landed.load, landed.lane
        assert load.order is not None, "the shop's parcels have one"
        self._book.send(parcel.fulfilment, parcel.holds, Counter({one.sku: one.quantity for one in load.order.lines}))
        if now_us() > self.cutoffs.get(parcel.fulfilment, now_us()):
            self._book.late.add(parcel.fulfilment)
        self._parcels.left(parcel.fulfilment, parcel.identity.removeprefix("(00)"), parcel.holds)
        order = await self._errands.order(parcel.fulfilment)
        if order is None:
            return
        packed_for, now = load.order.carrier, order["carrier"]
        self._parcels.rerouted += lane.carrier != packed_for
        if lane.carrier not in (packed_for, now):
            self._book.said.append(f"{parcel.fulfilment}: {now}'s, and lies in {lane.carrier}'s lane")
        self._parcels.by_hand += lane.carrier != now
        await self._fetch(parcel, lane.carrier, now)

    async def _again(self, parcel: Tote, load: FloorLoad) -> None:
        """What was set aside is looked at: with another label, where its own is void, it goes round again."""
        order = await self._errands.order(parcel.fulfilment)
        if order is None:
            return
        if order["state"] == "shipped":
            self._book.said.append(f"{parcel.fulfilment}: {order['carrier']} has it, and yet it was set aside")
        elif order["state"] != "open":
            await self._unpack(parcel)
        elif order["parcel"] != parcel.identity:
            self._parcels.relabelled += 1
            fresh = await self._packing.relabel(parcel)
            if fresh is not None:
                await self._sortable(*self._parcel(parcel, fresh))
        else:
            await self._sortable(parcel, load)

    async def _mend(self, tote: Tote) -> None:
        """The quality desk: what is too much goes to its shelf, what lacks is fetched, the tote comes again."""
        await asyncio.sleep(MEND_S)
        order = await self._errands.order(tote.fulfilment)
        if order is None:
            return
        wanted = units_of(order) if order["state"] == "open" else Counter[str]()
        kept: list[tuple[str, str]] = []
        for sku, tag in tote.holds:
            if Counter(one for one, _ in kept)[sku] < wanted[sku]:
                kept.append((sku, tag))
            else:
                self._house.put(self._house.home(sku), sku, 1)
        for sku, units in (wanted - Counter(sku for sku, _ in kept)).items():
            for shelf in self._house.shelves:
                if shelf.ware.sku == sku and units:
                    more = self._house.take(shelf.bin, sku, units)
                    units -= len(more)
                    kept += [(sku, tag) for tag in more]
        tote.holds = kept
        await self._put_back(tote)
        if wanted:
            await self.induct(tote)
        else:
            await self._emptied(tote)
            self.totes.pop(tote.fulfilment, None)
            self._free.append(Tote(tote.number, tote.tag, tote.identity))

    async def _unpack(self, parcel: Tote) -> None:
        """Nobody wants it any more: its goods go to their shelves."""
        for sku, _ in parcel.holds:
            self._house.put(self._house.home(sku), sku, 1)
        await self._put_back(parcel)

    async def _put_back(self, tote: Tote) -> None:
        """Says of each piece that was to be put back that it was; the order's too."""
        ask, expect = self._errands.door.ask, self._errands.expect
        rows = await ask("/api/v1/put-backs?limit=1000")
        for row in rows.body if rows.done else ():
            if row["fulfilment"] == tote.fulfilment:
                body = {"by": QUALITY}
                expect(await ask(f"/api/v1/put-backs/{row['seq']}/done", body=body), "put-back")
        for sale in self._book.family(self._book.lead_of(tote.fulfilment)):
            detail = await ask("/api/v1/sales-orders/{}", sale)
            for held in detail.body["fulfilments"] if detail.done else ():
                for one in held["portions"]:
                    if held["id"] == tote.fulfilment and one["order"] == sale and one["putting_back"]:
                        body = {
                            "by": QUALITY,
                            "fulfilment": held["id"],
                            "line": one["line"],
                            "units": one["putting_back"],
                        }
                        told = await ask("/api/v1/sales-orders/{}/put-back", sale, body=body, version="*")
                        expect(told, "sale put-back")

    async def _pack(self, tote: Tote) -> None:
        """Goods into a parcel, its label onto it, the tote back to the pool; or to the quality desk."""
        done = await self._packing.pack(tote)
        if done.waits:
            return  # what was refused is picked anew, and the tote comes again
        if done.label is None:
            await self._mend(tote)
            return
        await self._emptied(tote)
        self.totes.pop(tote.fulfilment, None)
        self._free.append(Tote(tote.number, tote.tag, tote.identity))
        await self._sortable(*self._parcel(tote, done.label))

    def _parcel(self, tote: Tote, label: tuple[str, Mapping[str, Any]]) -> tuple[Tote, FloorLoad]:
        """``label``: its tag, and the order as the site has it."""
        tag, order = label
        rng = Random(f"{self._floor.seed}/{tote.fulfilment}/parcel/{tag}")
        parcel = Tote(tote.number, tag, identify(tag), tote.fulfilment, tote.holds, tote.rounds)
        line = next(
            (layout.name for layout in self._sort if any(lane.carrier == order["carrier"] for lane in layout.lanes)),
            self._sort[0].name,
        )
        self._loads += 1
        placed = PlacedTag(tag, rng.randint(-80, 80), rng.randint(-100, 100), rng.randint(60, 250))
        return parcel, FloorLoad(
            line=line,
            index=self._loads,
            name=f"shop/{tote.fulfilment}/parcel",
            identity=parcel.identity,
            length_mm=rng.randint(250, 350),
            fault=FloorFault.NONE,
            order=_order({**order, "tote": None, "parcel": parcel.identity}),
            companions=(),
            tags=(placed,),
        )

    async def _sortable(self, parcel: Tote, load: FloorLoad) -> None:
        parcel.rounds += 1
        load = replace(load, name=f"shop/{parcel.fulfilment}/parcel/{parcel.rounds}")
        self._moving[load.name] = parcel
        self._floor.streams[load.line].add(self._floor.floor_us, load)

    async def _emptied(self, tote: Tote) -> None:
        told = await self._errands.door.ask("/api/v1/totes/{}/emptied", tote.identity, body={"by": PACKER})
        self._errands.expect(told, "emptied")


def _order(order: Mapping[str, Any]) -> Order:
    """As the tally knows orders."""
    lines = tuple(OrderLine(line["gtin"], line["quantity"], line["sku"], line["name"]) for line in order["lines"])
    return Order(id=order["id"], carrier=order["carrier"], service=order["service"], lines=lines)
