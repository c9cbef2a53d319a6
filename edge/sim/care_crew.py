"""Who hears of the simulated shop's parcels once they came: customers, the returns station, the desk that cares.

Public names: CareCrew.

A customer rates, complains, sends back: what was announced, another unit, one less, one more, or without a word. The
returns station scans what is in the box, inspects it and lays it on its shelf, where it is sold again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from edge.sim.errands import Errands
from edge.sim.fates import Fate, Wish, fate_of, wish_of
from edge.sim.goods import House
from edge.sim.parcel_book import CarriedParcel, ParcelBook
from edge.sim.sales import Sale, SaleTrouble, WareLine
from edge.sim.shop_book import ShopBook
from rfid.epc.identity import identify

CARE = "Cleo, care"
STATION = "Rita, returns"
REMITTED = "the carrier's remittance"
THINK_S = (2.0, 6.0)
WAY_S = (8.0, 20.0)
"""Of a box that comes back."""
LOOK_S = 2.0
CALL_S = 5.0
TALK_S = (10.0, 30.0)
"""From the answer to what is agreed."""
WAY_BACK = {"CN": 1_000}
"""What a customer pays for it by country, as `[returns.*]` of the example says."""
DESK_S = 10.0
HELD_S = 90.0
"""So long a case of a parcel in trouble is open."""
_WANTS = (Wish.RETURN, Wish.SWAPPED, Wish.FEWER, Wish.MORE, Wish.EXCHANGE)
_SCRAPPED = 0.1


@dataclass(slots=True)
class _Asked:
    """What is awaited in a case. ``number`` 0: nobody asked, and its box opens one; ``right``: units that are here."""

    sku: str
    units: int
    number: int = 0
    label: str = ""
    right: int = 0


class CareCrew:
    """``seed``: of the floor."""

    def __init__(self, errands: Errands, house: House, book: ShopBook, parcels: ParcelBook, seed: int) -> None:
        self._errands, self._house, self._book, self._parcels, self._seed = errands, house, book, parcels, seed
        self._boxes = 0

    async def arrived(self, parcel: CarriedParcel, code: str) -> None:
        """A parcel is there, or lost (``LO``)."""
        name = self._book.lead_of(parcel.fulfilment)
        sale = self._book.sales[name]
        rng = Random(f"{self._seed}/{parcel.fulfilment}/care")
        if code == "LO":
            await asyncio.sleep(rng.uniform(*THINK_S))
            await self._complain(rng, sale, parcel, "transport", "where is it?", round(self._parcels.worth(sale)[0]))
            return
        await self._collected(sale, parcel)
        await asyncio.sleep(rng.uniform(*THINK_S))
        damaged = fate_of(self._seed, sale.index) is Fate.DAMAGED
        wish = wish_of(self._seed, sale.index)
        if sale.trouble is SaleTrouble.EXCHANGE:
            wish = Wish.KEEP  # whoever exchanged is content
        if damaged:
            await self._complain(rng, sale, parcel, "transport", "the box is crushed", 500)
        elif wish is Wish.COMPLAIN:
            await self._complain(
                rng, sale, parcel, rng.choice(("packing", "quality", "service")), "not what I thought", 0
            )
        elif wish is Wish.RATE:
            await self._rate(rng, sale, parcel)
        elif wish is Wish.UNASKED:
            mine = _of_sale(sale, parcel)[:1]
            for sku, _ in mine:
                asked = _Asked(sku, 1)
                await self._box(rng, parcel, mine, asked)
                await self._settle(sale, asked, Wish.UNASKED)
        elif wish in _WANTS:
            await self._return(rng, sale, parcel, wish)

    # ---- customers ---------------------------------------------------------------------------------------------------

    async def _collected(self, sale: Sale, parcel: CarriedParcel) -> None:
        """What its carrier collected at the door comes in."""
        if not sale.cod or sale.id in self._book.cancelled:
            return
        label = await self._errands.door.ask("/api/v1/parcels/{}", parcel.sscc)
        if not self._errands.expect(label, "label"):
            return
        worth = round(self._parcels.worth(sale)[0])
        if label.body["cod"] != worth:
            self._parcels.said.append(f"money: {parcel.sscc}: asks {label.body['cod']} at the door, {worth} is true")
        await self._pay(sale, label.body["cod"], REMITTED)

    async def _pay(self, sale: Sale, amount: int, by: str) -> None:
        if amount <= 0:
            return
        body = {"by": by, "amount": amount}
        paid = await self._errands.door.ask("/api/v1/sales-orders/{}/pay", sale.id, body=body, version="*")
        if self._errands.expect(paid, "pay"):
            self._parcels.wallet[sale.id] += amount

    async def _rate(self, rng: Random, sale: Sale, parcel: CarriedParcel) -> None:
        """By the page that a mail has the link of."""
        shown = await self._errands.door.ask("/api/v1/tracking/{}", parcel.sscc)
        if not self._errands.expect(shown, "tracking") or not shown.body["link"]:
            return
        said = {"score": f"{rng.choice((3, 4, 5, 5))}", "reason": "good", "said": f"Thank you. {sale.customer.name}"}
        if self._errands.expect(await self._errands.door.fill_in(f"/track/{shown.body['link'][-22:]}", said), "rating"):
            self._parcels.rated += 1

    async def _complain(
        self, rng: Random, sale: Sale, parcel: CarriedParcel, about: str, words: str, goodwill: int
    ) -> None:
        """Somebody calls; the desk answers, and gives something back where there is a reason."""
        ask, expect = self._errands.door.ask, self._errands.expect
        told = {
            "kind": "complaint",
            "class": about,
            "key": f"call {parcel.sscc}",
            "order": sale.id,
            "parcels": [parcel.sscc],
            "by": "customer",
            "words": f"{words} {sale.customer.name}, {sale.customer.phone}",
        }
        case = await ask("/api/v1/cases", body=told)
        if not expect(case, "complaint"):
            return
        number = case.body["id"]
        self._parcels.cases[number] = "complaint"
        await asyncio.sleep(CALL_S)
        said = {"by": CARE, "reason": "we look after it"}
        expect(await ask("/api/v1/cases/{}/answer", f"{number}", body=said), "answer")
        await asyncio.sleep(rng.uniform(*TALK_S))
        amount = goodwill if self._parcels.paid_by(sale) >= goodwill else 0
        settled = await ask("/api/v1/cases/{}/settle", f"{number}", body={"by": CARE, "goodwill": amount})
        if expect(settled, "settle complaint"):
            self._parcels.settled.add(number)
            self._parcels.goodwill[sale.id] += amount
        if about == "transport":
            cause = {"kind": "carrier", "value": parcel.carrier, "by": CARE}
            expect(await ask("/api/v1/cases/{}/causes", f"{number}", body=cause), "cause")

    async def _return(self, rng: Random, sale: Sale, parcel: CarriedParcel, wish: Wish) -> None:
        """Asks, and sends what it sends once it may."""
        ask, expect = self._errands.door.ask, self._errands.expect
        mine = _of_sale(sale, parcel)
        known = await ask("/api/v1/sales-orders/{}", sale.id)
        if not mine or not expect(known, "order"):
            return
        sku = mine[0][0]
        alike = [one for one in mine if one[0] == sku]
        asked = _Asked(sku, 2 if wish is Wish.FEWER and len(alike) > 1 else 1)
        line = next(one["number"] for one in known.body["order"]["lines"] if one["sku"] == sku)
        body = {
            "order": sale.id,
            "lines": [{"line": line, "units": asked.units, "reason": "does-not-fit"}],
            "key": f"return {parcel.sscc}",
            "want": "exchange" if wish is Wish.EXCHANGE else "refund",
            "channel": "page",
            "by": "customer",
            "words": f"too large for me. {sale.customer.name}, {sale.customer.street}",
        }
        case = await ask("/api/v1/cases/returns", body=body)
        if not expect(case, "return"):
            return
        asked.number = case.body["id"]
        self._parcels.cases[asked.number] = "exchange" if wish is Wish.EXCHANGE else "return"
        if case.body["state"] == "person":
            yes = {"by": CARE, "reason": "it may"}
            case = await ask("/api/v1/cases/{}/authorise", f"{asked.number}", body=yes)
            if not expect(case, "authorise"):
                return
        if case.body["state"] != "waiting":
            self._parcels.said.append(f"cases: {asked.number}: asked in time, and yet {case.body['state']}")
            return
        asked.label = case.body["number"]
        if wish is Wish.SWAPPED:
            await self._box(rng, parcel, [(sku, self._house.tag(sku))], asked)
        more = [one for one in mine if one is not alike[0]][:1] if wish is Wish.MORE else []
        await self._box(rng, parcel, [alike[0], *more], asked)
        await self._settle(sale, asked, wish)

    # ---- the returns station -----------------------------------------------------------------------------------------

    async def _box(self, rng: Random, parcel: CarriedParcel, units: Sequence[tuple[str, str]], asked: _Asked) -> None:
        """What is in a box is scanned and inspected."""
        await asyncio.sleep(rng.uniform(*WAY_S))
        self._boxes += 1
        body = {
            "cause": f"box {self._seed}-{self._boxes}",
            "epcs": [identify(tag) for _, tag in units],
            "number": asked.label,
            "by": STATION,
        }
        seen = await self._errands.door.ask("/api/v1/cases/gate", body=body)
        if not self._errands.expect(seen, "gate"):
            return
        again = await self._errands.door.ask("/api/v1/cases/gate", body=body)  # the scanner is impatient
        found = {one["unit"]["epc"]: one for one in seen.body}
        if not again.done or {one["unit"]["epc"]: one for one in again.body} != found:
            self._parcels.said.append(f"cases: {body['cause']}: scanned twice, and not the same")
        for sku, tag in units:
            one = found[identify(tag)]
            if not asked.number:
                asked.number = one["case"]
                self._parcels.cases[asked.number] = "return"
            true = "surplus"
            if tag not in [other for _, other in parcel.holds]:
                true = "swapped"
            elif sku == asked.sku and asked.right < asked.units:
                true = "right"
                asked.right += 1
            finding = one["unit"]["finding"]
            self._parcels.came[true] += 1
            if finding != true:
                self._parcels.said.append(f"cases: {one['case']}: {one['unit']['epc']} is {true}, and yet {finding}")
            await asyncio.sleep(LOOK_S)
            await self._inspect(rng, one, sku, tag)

    async def _inspect(self, rng: Random, seen: Mapping[str, Any], sku: str, tag: str) -> None:
        """Whatever is not what was sold goes back to the customer; the rest onto its shelf, unless it is broken."""
        right = seen["unit"]["finding"] == "right"
        how = "back" if not right else "scrap" if rng.random() < _SCRAPPED else "restock"
        body: dict[str, str] = {"disposition": how, "by": STATION}
        if how == "restock":
            body["bin"] = self._house.home(sku)
        names = f"{seen['case']}", f"{seen['unit']['seq']}"
        done = await self._errands.door.ask("/api/v1/cases/{}/units/{}", *names, body=body)
        if not self._errands.expect(done, "inspect"):
            return
        self._parcels.dispositions[how] += 1
        if how == "restock":
            self._house.put_back(body["bin"], sku, tag)
            self._parcels.restocked.add(tag)

    # ---- the desk ----------------------------------------------------------------------------------------------------

    async def _settle(self, sale: Sale, asked: _Asked, wish: Wish) -> None:
        """Money, or other goods, for what came."""
        if not asked.number or not asked.right:
            return
        body: dict[str, Any] = {"by": CARE, "reason": "as it came"}
        other = None
        if wish is Wish.EXCHANGE:
            plenty = [ware for ware in self._house.wares if not ware.scarce and ware.sku != asked.sku]
            ware = plenty[sale.index % len(plenty)]
            other = WareLine(ware.sku, ware.name, 1, ware.price)
            body["instead"] = [{"sku": ware.sku, "units": 1, "price": ware.price, "gtin": ware.gtin, "name": ware.name}]
        done = await self._errands.door.ask("/api/v1/cases/{}/settle", f"{asked.number}", body=body)
        if not self._errands.expect(done, "settle"):
            return
        self._parcels.settled.add(asked.number)
        before = self._parcels.worth(sale)[0]
        for _ in range(asked.right):
            self._parcels.credit(sale.id, asked.sku)
        credit = round(before - self._parcels.worth(sale)[0])
        self._parcels.way_back[sale.id] += min(credit, WAY_BACK.get(sale.customer.country, 0))
        if other is not None:
            await self._exchanged(sale, other, asked.number)

    async def _exchanged(self, sale: Sale, line: WareLine, case: int) -> None:
        """The order in exchange is a sale like others, of which the customer pays what is left."""
        new = replace(
            sale,
            external=f"{sale.external}-x{case}",
            trouble=SaleTrouble.EXCHANGE,
            lines=(line,),
            freight=0,
            total=line.price,
            paid=False,
            cod=False,
            pair="",
        )
        self._parcels.account_of[new.id] = self._parcels.account_of.get(sale.id, sale.id)
        self._book.take(new)
        await asyncio.sleep(CALL_S)
        known = await self._errands.door.ask("/api/v1/sales-orders/{}", new.id)
        if self._errands.expect(known, "exchange"):
            await self._pay(new, known.body["amounts"]["due"], "customer")

    async def look(self) -> None:
        """The desk takes the cases of parcels in trouble, and closes what has become known."""
        ask, expect = self._errands.door.ask, self._errands.expect
        taken: dict[int, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(DESK_S)
            rows = await ask("/api/v1/cases?kind=exception&limit=200")
            for row in rows.body if rows.done else ():
                number, now_s = row["case"]["id"], loop.time()
                if number not in taken:
                    taken[number] = now_s
                    expect(await ask("/api/v1/cases/{}/take", f"{number}", body={"by": CARE}), "take")
                elif now_s - taken[number] > HELD_S and row["case"]["state"] not in ("resolved", "closed"):
                    expect(await ask("/api/v1/cases/{}/settle", f"{number}", body={"by": CARE}), "settle exception")


def _of_sale(sale: Sale, parcel: CarriedParcel) -> list[tuple[str, str]]:
    """The units in a parcel that are the sale's own, where another ships with it."""
    skus = {line.sku for line in sale.lines}
    return [one for one in parcel.holds if one[0] in skus]
