"""The people around the simulated shop: customers, the desk that looks at held orders, the leader of the shift.

Public names: ShopCrew.

They know the site by its doors alone: watched folders, the till's and the desk's requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.config.lines import LineConfig
from edge.config.sim import ShopConfig
from edge.journal.host_time import now_us
from edge.sim.belt_crew import BeltCrew
from edge.sim.care_crew import CareCrew
from edge.sim.carrier_crew import LEADER, CarrierCrew
from edge.sim.devices import SimulatedFloor
from edge.sim.door import DoorAnswer, SiteDoor
from edge.sim.errands import Errands
from edge.sim.goods import House
from edge.sim.pack_crew import PackCrew
from edge.sim.parcel_book import ParcelBook, ShopTold, SiteSaid, told_of
from edge.sim.pick_crew import PickCrew
from edge.sim.sale_files import files_of, order_of
from edge.sim.sales import Customers, Sale, SaleTrouble
from edge.sim.shop_book import ShopBook

DESK = "Dana at the desk"
GOODS_IN = "Gil, goods in"
FILE_S = 4.0
"""A channel brings what was ordered meanwhile so often."""
DESK_S = 2.0
ASK_S = 12.0
"""Until somebody has asked the customer of a held order: so long it is seen in the queue."""
LEAD_S = 8.0
GOODS_S = 15.0
CASE = 24
"""So many of an article come at once, when as many are sold."""
CLOSE_S = 2.0
WHOLE_S = 600.0
"""A site with the orders of hours is asked for each of them so long."""
MANY = 500


class ShopCrew:
    """``trouble``: why nothing gets through at the moment, or empty."""

    def __init__(
        self, floor: SimulatedFloor, config: LineConfig, shop: ShopConfig, url: str, token: str | None
    ) -> None:
        self._floor, self._shop = floor, shop
        self._door = SiteDoor(url, token, config.sim.lost_answers, floor.seed)
        self._house = House(floor.seed)
        self._customers = Customers(self._house, floor.seed, shop.troubles)
        self.book = ShopBook()
        self._parcels = ParcelBook(self.book)
        self._errands = Errands(self._door, self.book.refusals)
        self._care = CareCrew(self._errands, self._house, self.book, self._parcels, floor.seed)
        self._carriers = CarrierCrew(floor, self._errands, self._parcels, shop.secret_file, self._care.arrived)
        packing = PackCrew(self._errands, self._house, self._parcels, floor.seed)
        self._belts = BeltCrew(
            floor, config, self._errands, self._house, self.book, self._parcels, packing, self._carriers.fetch
        )
        self._picking = PickCrew(self._errands, shop, self._house, self.book, self._belts, floor.seed)
        self._orders: dict[str, Mapping[str, Any]] = {}
        self._tracks: dict[str, Mapping[str, Any]] = {}
        self._files: dict[str, list[Sale]] = {}
        self._numbers = 0
        self._goods: list[tuple[str, int]] = []
        self._sold_of: Counter[str] = Counter()
        self._handled: set[tuple[str, str]] = set()
        self._held: dict[str, float] = {}

    @property
    def trouble(self) -> str:
        """Why nothing gets through at the moment, or empty."""
        return self._door.trouble

    async def run(self) -> None:
        """Until cancelled."""
        opened = await self._door.ask("/api/v1/stock/imports", text=self._house.stock_csv())
        self._errands.expect(opened, "stock")
        async with asyncio.TaskGroup() as all_:
            self._errands.begin(all_)
            for work in (self._sell, self._bring, self._look, self._lead, self._receive, self._belts.run):
                self._errands.start(work())
            self._errands.start(self._carriers.stop_in_turn())
            self._errands.start(self._care.look())
            self._picking.begin()

    # ---- customers ---------------------------------------------------------------------------------------------------

    async def _sell(self) -> None:
        """Sales come by the floor's time, as long as anything comes."""
        period_us, index = 3_600_000_000 / self._shop.rate, 0
        while True:
            while self._floor.moving and not self._floor.ending and index * period_us <= self._floor.floor_us:
                for sale in self._customers.sales(index):
                    await self._sold(sale)
                index += 1
            await asyncio.sleep(0.2)

    async def _sold(self, sale: Sale) -> None:
        if sale.channel in self._shop.folders:
            self._files.setdefault(sale.channel, []).append(sale)
        else:
            self.book.take(sale)
            told = await self._door.ask("/api/v1/sales-orders", body=order_of(sale, now_us()))
            if sale.trouble is not SaleTrouble.SHORTENED or told.done:
                self._errands.expect(told, "sales-orders")
        for line in sale.lines:
            ware = self._house.by_sku.get(line.sku)
            if ware is not None and ware.scarce:
                self._goods.append((line.sku, line.units))
            elif ware is not None:
                self._sold_of[line.sku] += line.units
                if self._sold_of[line.sku] >= CASE:
                    self._sold_of[line.sku] -= CASE
                    self._goods.append((line.sku, CASE))

    async def _bring(self) -> None:
        """Files of the channels; one whose sale says so comes a second time by another name."""
        twice: list[tuple[Path, dict[str, bytes]]] = []
        while True:
            await asyncio.sleep(FILE_S)
            for folder, files in twice:
                self._door.drop(folder, files)
            twice.clear()
            for channel, sales in self._files.items():
                if not sales:
                    continue
                self._numbers += 1
                files = files_of(channel, sales, self._numbers, now_us())
                self._door.drop(self._shop.folders[channel], files)
                for sale in sales:
                    self.book.take(sale)
                if any(sale.trouble is SaleTrouble.AGAIN for sale in sales):
                    self.book.again += len(sales)
                    twice.append((self._shop.folders[channel], {f"again-{name}": body for name, body in files.items()}))
                sales.clear()

    # ---- the desk ----------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Held orders one by one; what may ship together; who changed their mind."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(DESK_S)
            held = await self._door.ask("/api/v1/sales-orders?stage=held&limit=200")
            for row in held.body["orders"] if held.done else ():
                name = row["id"]
                fresh = {code for code in row["findings"] if (name, code) not in self._handled}
                self.book.found.setdefault(name, set()).update(row["findings"])
                since = self._held.setdefault(name, loop.time())
                if fresh and loop.time() - since > ASK_S and (sale := self.book.sales.get(name)) is not None:
                    self._handled |= {(name, code) for code in fresh}
                    await self._decide(sale, fresh)
            for sale in list(self.book.sales.values()):
                if sale.trouble in (SaleTrouble.MERGE, SaleTrouble.CANCELLED) and (sale.id, "") not in self._handled:
                    await self._change(sale)

    async def _decide(self, sale: Sale, codes: set[str]) -> None:
        """What the desk does about findings, as it learns from the customer."""
        match sale.trouble:
            case SaleTrouble.DUPLICATE | SaleTrouble.UNKNOWN_SKU:
                why = "ordered twice by mistake" if sale.trouble is SaleTrouble.DUPLICATE else "we do not have it"
                await self._picking.cancel(sale.id, DESK, why)
            case SaleTrouble.BAD_ADDRESS:
                customer = sale.customer
                right = {
                    "name": customer.name,
                    "phone": customer.phone,
                    "email": customer.email,
                    "country": customer.country,
                    "city": "Dresden",
                    "street": customer.street,
                    "postcode": "01067",
                }
                await self._wish(sale.id, "amend", {"reason": "the customer told us", "consignee": right})
                self.book.let_go.add(sale.id)
            case SaleTrouble.UNPAID:
                if (await self._wish(sale.id, "pay", {"amount": sale.total})).done:
                    self._parcels.wallet[sale.id] += sale.total
                self.book.let_go.add(sale.id)
            case SaleTrouble.SCARCE if codes == {"out-of-stock"}:
                pass  # goods are on their way
            case SaleTrouble.EXCHANGE if codes == {"unpaid"}:
                pass  # the customer pays the difference
            case _:
                await self._wish(sale.id, "contact", {"outcome": "reached", "note": ""})
                await self._wish(sale.id, "release", {"reason": "asked, it is right", "codes": sorted(codes)})
                self.book.let_go.add(sale.id)

    async def _change(self, sale: Sale) -> None:
        """A second order of a household joins the first; an order is cancelled before it is picked."""
        found = await self._door.ask("/api/v1/sales-orders/{}", sale.id)
        if not found.done or found.body["order"]["stage"] in ("review", "held"):
            return
        self._handled.add((sale.id, ""))
        if sale.trouble is SaleTrouble.CANCELLED:
            await self._picking.cancel(sale.id, "customer", "changed my mind")
        elif found.body["order"]["stage"] == "accepted":
            await self._join(sale)

    async def _join(self, sale: Sale) -> None:
        """Two orders of one household become one parcel, where the site proposes it and is not quicker."""
        first = await self._door.ask("/api/v1/sales-orders/{}", sale.pair)
        second = await self._door.ask("/api/v1/sales-orders/{}", sale.id)
        pair = [one.body for one in (first, second)]
        waiting = all(one["order"]["stage"] == "accepted" and not one["fulfilments"] for one in pair)
        proposal = next((one for one in pair[1]["merges"] if sale.pair in (one["into"], one["other"])), None)
        if waiting and (proposal is None or proposal["why_not"] not in ("", "merge-begun")):  # begun meanwhile
            self.book.said.append(f"{sale.id}: one household with {sale.pair}, and yet not proposed: {proposal}")
        if proposal is None or proposal["why_not"]:
            return
        into, other = proposal["into"], proposal["other"]
        body = {"by": DESK, "reason": "one household", "other": other}
        done = await self._door.ask("/api/v1/sales-orders/{}/merge", into, body=body, version="*")
        if done.done:
            self.book.merged_into[other] = into
        elif done.status != 409:  # released meanwhile
            self._errands.expect(done, "merge")

    async def _wish(self, name: str, action: str, body: Mapping[str, object]) -> DoorAnswer:
        answer = await self._door.ask(
            f"/api/v1/sales-orders/{{}}/{action}", name, body={"by": DESK, **body}, version="*"
        )
        self._errands.expect(answer, action)
        return answer

    # ---- the leader of the shift, and goods in -----------------------------------------------------------------------

    async def _lead(self) -> None:
        """Plans, releases what is planned, and reads who will be late."""
        await asyncio.sleep(LEAD_S / 2)
        while True:
            self._errands.expect(await self._door.ask("/api/v1/waves/plan", body={"by": LEADER}), "plan")
            waves = await self._door.ask("/api/v1/waves?limit=200")
            for wave in waves.body if waves.done else ():
                if not wave["released_us"]:
                    done = await self._door.ask("/api/v1/waves/{}/release", wave["id"], body={"by": LEADER})
                    if done.status != 404:  # planned anew meanwhile
                        self._errands.expect(done, "release")
            late = await self._door.ask("/api/v1/waves/late")
            self.book.told_late.update(one["fulfilment"] for one in (late.body if late.done else ()))
            await asyncio.sleep(LEAD_S)

    async def _receive(self) -> None:
        """What was sold, and what was ordered beyond the stock, comes a while later."""
        delivery = 0
        while True:
            await asyncio.sleep(GOODS_S)
            goods, self._goods = self._goods, []
            if not goods:
                continue
            delivery += 1
            movements = []
            for n, (sku, units) in enumerate(goods):
                shelf = next(one for one in self._house.shelves if one.ware.sku == sku)
                self._house.put(shelf.bin, sku, units)
                cause = {"kind": "receipt", "id": f"delivery {delivery}", "n": n}
                movements.append(
                    {
                        "cause": cause,
                        "kind": "receipt",
                        "sku": sku,
                        "quantity": units,
                        "lot": shelf.lot,
                        "target": shelf.bin,
                    }
                )
            told = await self._door.ask("/api/v1/stock/movements", body={"by": GOODS_IN, "movements": movements})
            self._errands.expect(told, "movements")

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Everybody ends what they have in hand; whatever comes after that is not done."""
        await self._door.closing(CLOSE_S)

    async def report(self, within_s: float, whole: bool) -> ShopTold:
        """The truth beside what the site says; waits until both are one, so long at most. When all have ended.

        ``whole``: each order, parcel and case is looked at once, however long that takes; else orders in their list.
        """
        self._door.reopen()
        told = None
        try:
            async with asyncio.timeout(WHOLE_S if whole else within_s) as limit:
                while True:
                    first, told = told is None, await self._compared(whole)
                    if not told["differences"] or not whole:
                        return told
                    if first:
                        limit.reschedule(asyncio.get_running_loop().time() + within_s)
                    await asyncio.sleep(0.5)
        except TimeoutError:
            if told is None:
                self.book.said.append(f"the site does not answer: {self.trouble}")
        return told or told_of(self.book.report((), ()), self._parcels, ())

    async def _compared(self, whole: bool) -> ShopTold:
        """What was as it should be when it was last looked at is not asked for again."""
        rows = await self._rows()
        orders = self.book.report(rows, await self._tasks())
        if not whole:
            return told_of(orders, self._parcels, ())
        for row in rows:
            name = row["id"]
            if (name not in self._orders or self._orders[name]["order"]["version"] != row["version"]) and (
                (known := await self._door.ask("/api/v1/sales-orders/{}", name)).done
            ):
                self._orders[name] = known.body
        for sscc in self._parcels.carried.keys() - self._tracks.keys():
            if (track := await self._door.ask("/api/v1/tracking/{}", sscc)).done:
                self._tracks[sscc] = track.body
        cases: list[Any] = []
        while (page := await self._door.ask(f"/api/v1/cases?everything=true&limit={MANY}&after={len(cases)}")).body:
            cases += page.body
        codes = (await self._door.ask("/api/v1/tracking/codes")).body
        site = SiteSaid(orders=self._orders, parcels=self._tracks, cases=cases, codes=codes)
        found = list(self._parcels.differences(site, asyncio.get_running_loop().time()))
        told = told_of(orders, self._parcels, found)
        for kept in (self._orders, self._tracks):
            for name in [one for one in kept if any(one in text for text in found)]:
                del kept[name]
        return told

    async def _rows(self) -> list[Any]:
        rows: list[Any] = []
        after = ""
        while True:
            page = await self._door.ask(f"/api/v1/sales-orders?limit={MANY}&after={after}")
            rows += page.body["orders"]
            if not (after := page.body["after"]):
                return rows

    async def _tasks(self) -> list[Any]:
        tasks: list[Any] = []
        while True:
            page = await self._door.ask(
                "/api/v1/pick-tasks?limit=1000" + (f"&after={tasks[-1]['id']}" if tasks else "")
            )
            tasks += page.body
            if len(page.body) < 1000:
                return tasks
