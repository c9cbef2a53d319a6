"""The simulated shop's pickers, packers and quality desk, between the site's requests and the belts.

Public names: PickCrew.

A picker claims a round, walks to its shelves, scans bin and tote, and sometimes errs; a finished tote goes onto a line.
What a portal sends back is put right at the quality desk and comes again; what it lets pass is packed and sorted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from edge.config.lines import LineConfig
from edge.config.sim import ShopConfig
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order, OrderLine
from edge.journal.host_time import now_us
from edge.sim.devices import SimulatedFloor
from edge.sim.door import DoorAnswer, SiteDoor
from edge.sim.floor import Landed
from edge.sim.goods import House
from edge.sim.sales import SaleTrouble
from edge.sim.shop_book import ShopBook, Slip, Tote, slip_of
from edge.sim.world import FloorFault, FloorLoad, PlacedTag
from rfid.epc.identity import identify

PACKER = "Pia, packing"
QUALITY = "Quentin, quality"
COUNTER = "Cora, counting"
TOTES = 400
IDLE_S = 2.5
STEP_S = 0.1
"""From one place of an aisle to the next: these people are quick, so that a minute shows the whole way."""
PACK_S = (3.0, 6.0)
MEND_S = 6.0
COUNT_S = 8.0
TOLD_S = 4.0
"""From a customer's change to the tote on the belt: the line knows it by then."""
TOTE_MM = 600


class PickCrew:
    """``floor``: whose belts take totes and parcels."""

    def __init__(
        self, floor: SimulatedFloor, config: LineConfig, shop: ShopConfig, door: SiteDoor, house: House, book: ShopBook
    ) -> None:
        self._floor, self._shop, self._door, self._house, self._book = floor, shop, door, house, book
        layouts = config.layouts()
        self._verify = [layout.name for layout in layouts if layout.job is Job.VERIFY]
        self._sort = [layout for layout in layouts if layout.job is Job.SORT]
        self._free = deque(
            Tote(number, tag, identify(tag)) for number in range(TOTES) for tag in (house.tote_tag(number),)
        )
        self._totes: dict[str, Tote] = {}
        self._orders: dict[str, Mapping[str, Any]] = {}
        self._cutoffs: dict[str, int] = {}
        self._landed: asyncio.Queue[tuple[LineLayout, Landed]] = asyncio.Queue()
        self._jobs: asyncio.TaskGroup | None = None
        self._loads = 0
        self._parcels: dict[str, Tote] = {}
        self._counts = 0
        floor.takes = self._takes

    async def run(self, all_: asyncio.TaskGroup) -> None:
        """Until cancelled."""
        self._jobs = all_
        for number in range(self._shop.pickers):
            all_.create_task(self._work(f"picker {number + 1}"))
        while True:
            layout, landed = await self._landed.get()
            all_.create_task(self._after(layout, landed))

    def expect(self, answer: DoorAnswer, what: str) -> bool:
        """Whether it was done; else what was refused is counted, with the reason."""
        if not answer.done:
            said = answer.body.get("detail", "") if isinstance(answer.body, Mapping) else answer.body
            self._book.refusals[f"{what}: {answer.status}: {said}"[:200]] += 1
        return answer.done

    async def cancel(self, name: str, by: str, why: str) -> None:
        """All of a sale is not wanted any more."""
        answer = await self._door.ask(
            "/api/v1/sales-orders/{}/cancel", name, body={"by": by, "reason": why}, version="*"
        )
        if self.expect(answer, "cancel"):
            self._book.cancelled.add(name)
            self._book.wanted[name] = Counter()

    # ---- pickers -----------------------------------------------------------------------------------------------------

    async def _work(self, picker: str) -> None:
        while True:
            task = await self._door.ask("/api/v1/pick-tasks/claim", body={"picker": picker})
            if task.status != 200:
                await asyncio.sleep(IDLE_S)
                continue
            await self._round(picker, task.body)

    async def _round(self, picker: str, task: Mapping[str, Any]) -> None:
        """All lines of a round, in its order; then its totes go."""
        await self._learn(task)
        here = ""
        while (line := _next(task)) is not None:
            at = line["at"]
            await asyncio.sleep(self._shop.pick_s + STEP_S * self._house.way(here, at["bin"]))
            here = at["bin"]
            task = await self._line(picker, task, line)
        for fulfilment in dict.fromkeys(line["fulfilment"] for line in task["lines"]):
            if fulfilment in self._totes:
                self._start(self._ready(fulfilment))

    async def _line(self, picker: str, task: Mapping[str, Any], line: Mapping[str, Any]) -> Mapping[str, Any]:
        """One shelf. Returns the round as it is then."""
        at, fulfilment = line["at"], line["fulfilment"]
        tote = self._tote_of(fulfilment)
        body = {"picker": picker, "bin": at["bin"], "tote": tote.identity}
        slip = slip_of(self._floor.seed, fulfilment, at["sku"], self._shop.mistakes)
        units = line["quantity"] - line["picked"]
        neighbour = self._house.neighbour(at["bin"])
        if slip is Slip.WRONG_BIN and neighbour is not None:
            self._book.slips += 1
            self._book.at_scan += 1
            wrong = {**body, "bin": neighbour.bin, "units": line["quantity"]}
            answer = await self._say(task, line, wrong)
            if answer.done:
                self._book.said.append(f"{fulfilment}: bin {neighbour.bin} was scanned for {at['bin']}, and taken")
                return self._as_task(answer, task)
        got = [(at["sku"], tag) for tag in self._house.take(at["bin"], at["sku"], units)]
        if short := len(got) < units:
            body["reason"] = "could-not-locate" if got else "empty"
        answer = await self._say(task, line, {**body, "units": line["picked"] + len(got)})
        if not answer.done:
            self._house.put(at["bin"], at["sku"], len(got))
            if answer.status not in (409, 412):
                self.expect(answer, "pick")
            else:
                self._book.refusals[f"pick: {answer.status}: changed meanwhile"] += 1
            fresh = await self._door.ask("/api/v1/pick-tasks/{}", task["id"])
            return fresh.body if fresh.done else {"lines": []}
        tote.booked += len(got)
        if short:
            self._book.short += 1
            self._start(self._count(at))
        elif slip is Slip.WRONG_ITEM and neighbour is not None and got:
            if other := self._house.take(neighbour.bin, neighbour.ware.sku, 1):
                self._book.slips += 1
                self._house.put(at["bin"], at["sku"], 1)
                got[-1] = (neighbour.ware.sku, other[0])
        elif slip is Slip.ONE_FEWER and got:
            self._book.slips += 1
            self._house.put(at["bin"], at["sku"], 1)
            got.pop()
        elif slip is Slip.WRONG_TOTE and got:
            others = {one["fulfilment"] for one in task["lines"]} - {fulfilment}
            if other_tote := next((self._totes[name] for name in sorted(others) if name in self._totes), None):
                self._book.slips += 1
                other_tote.holds.append(got.pop())
        tote.holds += got
        return self._as_task(answer, task)

    async def _say(self, task: Mapping[str, Any], line: Mapping[str, Any], body: Mapping[str, Any]) -> DoorAnswer:
        return await self._door.ask(
            f"/api/v1/pick-tasks/{{}}/lines/{line['n']}", task["id"], body=body, version=f'"{task["version"]}"'
        )

    def _as_task(self, answer: DoorAnswer, task: Mapping[str, Any]) -> Mapping[str, Any]:
        body: Mapping[str, Any] = answer.body or task
        return body

    async def _learn(self, task: Mapping[str, Any]) -> None:
        names = {line["fulfilment"] for line in task["lines"]}
        self._book.released |= names
        wave = await self._door.ask("/api/v1/waves/{}", task["wave"])
        if wave.done:
            self._cutoffs.update(dict.fromkeys(names, wave.body["cutoff_us"]))

    def _tote_of(self, fulfilment: str) -> Tote:
        tote = self._totes.get(fulfilment)
        if tote is None:
            tote = self._totes[fulfilment] = self._free.popleft()
            tote.fulfilment = fulfilment
        return tote

    async def _count(self, at: Mapping[str, Any]) -> None:
        """Somebody counts a shelf of which too little lay there."""
        await asyncio.sleep(COUNT_S)
        self._counts += 1
        seen = self._house.lies_in(at["bin"], at["sku"])
        body = {
            "by": COUNTER,
            "cause": {"kind": "count", "id": f"count {self._counts}"},
            "bin": at["bin"],
            "sku": at["sku"],
            "lot": at["lot"],
            "seen": seen,
        }
        self.expect(await self._door.ask("/api/v1/stock/counts", body=body), "count")

    # ---- totes onto the belt, and what becomes of them ---------------------------------------------------------------

    async def _ready(self, fulfilment: str) -> None:
        """A tote with all that is to be in it goes onto a line; one that lacks something waits on its rack."""
        order = await self._order(fulfilment)
        if order is None:
            return
        tote = self._totes[fulfilment]
        if order["state"] == "open" and _units(order).total() > tote.booked:
            return  # another round brings the rest
        self._book.picked.add(fulfilment)
        sale = self._book.sales.get(self._book.lead_of(fulfilment))
        if sale is not None and fulfilment == sale.id:
            await self._reconsidered(fulfilment, sale.trouble)
        await self._induct(tote)

    async def _reconsidered(self, name: str, trouble: SaleTrouble) -> None:
        """The customer thinks again, now that the tote is ready."""
        if trouble is SaleTrouble.CANCELLED_PICKED:
            await self.cancel(name, "customer", "too late for the birthday")
            await asyncio.sleep(TOLD_S)
        elif trouble is SaleTrouble.FEWER_PICKED:
            first = self._book.sales[name].lines[0]
            known = await self._door.ask("/api/v1/sales-orders/{}", name)
            lines = known.body["order"]["lines"] if self.expect(known, "order") else ()
            numbers = [line["number"] for line in lines if line["sku"] == first.sku]
            wanted = {f"{number}": first.units - 1 for number in numbers}
            body = {"by": "customer", "reason": "one less will do", "wanted": wanted}
            answer = await self._door.ask("/api/v1/sales-orders/{}/amend", name, body=body, version="*")
            if self.expect(answer, "amend"):
                self._book.wanted[name][first.sku] = first.units - 1
            await asyncio.sleep(TOLD_S)

    async def _induct(self, tote: Tote) -> None:
        """The tote comes to its line, with the truth about it."""
        order = await self._order(tote.fulfilment)
        if order is None:
            return
        asked = _units(order) if order["state"] == "open" else Counter[str]()
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
        self._parcels[load.name] = tote
        self._floor.streams[line].add(self._floor.floor_us, load)

    def _takes(self, layout: LineLayout, landed: Landed) -> bool:
        """Whether what landed is the shop's; then somebody comes for it."""
        if landed.load.name not in self._parcels:
            return False
        self._landed.put_nowait((layout, landed))
        return True

    async def _after(self, layout: LineLayout, landed: Landed) -> None:
        tote = self._parcels.pop(landed.load.name)
        match layout.job, landed.lane.role:
            case Job.VERIFY, LaneRole.VERIFIED:
                await self._pack(tote)
            case Job.VERIFY, _:
                self._book.refused += 1
                await self._mend(tote)
            case _, LaneRole.CARRIER:
                load = landed.load
                assert load.order is not None, "the shop's parcels have one"
                self._book.send(
                    tote.fulfilment, tote.holds, Counter({one.sku: one.quantity for one in load.order.lines})
                )
                if now_us() > self._cutoffs.get(tote.fulfilment, now_us()):
                    self._book.late.add(tote.fulfilment)
            case _:
                await asyncio.sleep(MEND_S)
                await self._sortable(tote, landed.load)

    async def _mend(self, tote: Tote) -> None:
        """The quality desk: what is too much goes to its shelf, what lacks is fetched, the tote comes again."""
        await asyncio.sleep(MEND_S)
        order = await self._order(tote.fulfilment)
        if order is None:
            return
        wanted = _units(order) if order["state"] == "open" else Counter[str]()
        kept: list[tuple[str, str]] = []
        for sku, tag in tote.holds:
            if Counter(one for one, _ in kept)[sku] < wanted[sku]:
                kept.append((sku, tag))
            else:
                self._house.put(self._home(sku), sku, 1)
        for sku, units in (wanted - Counter(sku for sku, _ in kept)).items():
            for shelf in self._house.shelves:
                if shelf.ware.sku == sku and units:
                    more = self._house.take(shelf.bin, sku, units)
                    units -= len(more)
                    kept += [(sku, tag) for tag in more]
        tote.holds = kept
        await self._put_back(tote)
        if wanted:
            await self._induct(tote)
        else:
            await self._emptied(tote)
            self._totes.pop(tote.fulfilment, None)
            self._free.append(Tote(tote.number, tote.tag, tote.identity))

    async def _put_back(self, tote: Tote) -> None:
        """Says of each piece that was to be put back that it was; the order's too."""
        rows = await self._door.ask("/api/v1/put-backs?limit=1000")
        for row in rows.body if rows.done else ():
            if row["fulfilment"] == tote.fulfilment:
                body = {"by": QUALITY}
                self.expect(await self._door.ask(f"/api/v1/put-backs/{row['seq']}/done", body=body), "put-back")
        for sale in self._book.family(self._book.lead_of(tote.fulfilment)):
            detail = await self._door.ask("/api/v1/sales-orders/{}", sale)
            for held in detail.body["fulfilments"] if detail.done else ():
                for one in held["portions"]:
                    if held["id"] == tote.fulfilment and one["order"] == sale and one["putting_back"]:
                        body = {
                            "by": QUALITY,
                            "fulfilment": held["id"],
                            "line": one["line"],
                            "units": one["putting_back"],
                        }
                        told = await self._door.ask("/api/v1/sales-orders/{}/put-back", sale, body=body, version="*")
                        self.expect(told, "sale put-back")

    async def _pack(self, tote: Tote) -> None:
        """Goods into a parcel, the label onto it, the tote back to the pool."""
        rng = Random(f"{self._floor.seed}/{tote.fulfilment}/pack")
        await asyncio.sleep(rng.uniform(*PACK_S))
        await self._emptied(tote)
        order = await self._order(tote.fulfilment)
        if order is None:
            return
        answer = await self._door.ask("/api/v1/parcels", body={"order": tote.fulfilment, "by": PACKER})
        if not self.expect(answer, "label"):
            return
        label = answer.body["tag"]
        body = {**order, "tote": None, "parcel": identify(label)}
        parcel = Tote(tote.number, label, identify(label), tote.fulfilment, tote.holds)
        self._totes.pop(tote.fulfilment, None)
        self._free.append(Tote(tote.number, tote.tag, tote.identity))
        line = next(
            (layout.name for layout in self._sort if any(lane.carrier == order["carrier"] for lane in layout.lanes)),
            self._sort[0].name if self._sort else "",
        )
        if not line:
            return
        self._loads += 1
        tag = PlacedTag(label, rng.randint(-80, 80), rng.randint(-100, 100), rng.randint(60, 250))
        load = FloorLoad(
            line=line,
            index=self._loads,
            name=f"shop/{tote.fulfilment}/parcel",
            identity=parcel.identity,
            length_mm=rng.randint(250, 350),
            fault=FloorFault.NONE,
            order=_order(body),
            companions=(),
            tags=(tag,),
        )
        await self._sortable(parcel, load)

    async def _sortable(self, parcel: Tote, load: FloorLoad) -> None:
        parcel.rounds += 1
        load = replace(load, name=f"shop/{parcel.fulfilment}/parcel/{parcel.rounds}")
        self._parcels[load.name] = parcel
        self._floor.streams[load.line].add(self._floor.floor_us, load)

    async def _emptied(self, tote: Tote) -> None:
        self.expect(await self._door.ask("/api/v1/totes/{}/emptied", tote.identity, body={"by": PACKER}), "emptied")

    async def _order(self, fulfilment: str) -> Mapping[str, Any] | None:
        """What the site wants in a tote now; None = it knows nothing of it."""
        answer = await self._door.ask("/api/orders/{}", fulfilment)
        return answer.body if self.expect(answer, "order") else None

    def _home(self, sku: str) -> str:
        return next(shelf.bin for shelf in self._house.shelves if shelf.ware.sku == sku)

    def _start(self, job: Any) -> None:
        assert self._jobs is not None, "it runs"
        self._jobs.create_task(job)


def _next(task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for line in task["lines"]:
        if not (line["withdrawn"] or line["reason"] or line["picked"] >= line["quantity"]):
            found: Mapping[str, Any] = line
            return found
    return None


def _units(order: Mapping[str, Any]) -> Counter[str]:
    """Pieces by SKU."""
    return Counter({line["sku"]: line["quantity"] for line in order["lines"] if line["quantity"]})


def _order(order: Mapping[str, Any]) -> Order:
    """As the tally knows orders."""
    lines = tuple(OrderLine(line["gtin"], line["quantity"], line["sku"], line["name"]) for line in order["lines"])
    return Order(id=order["id"], carrier=order["carrier"], service=order["service"], lines=lines)
