"""The simulated shop's pickers, and who counts the shelves that they find empty.

Public names: PickCrew.

A picker claims a round, walks to its shelves, scans bin and tote, and sometimes errs; a finished tote goes onto a line.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from edge.config.sim import ShopConfig
from edge.sim.belt_crew import BeltCrew
from edge.sim.door import DoorAnswer
from edge.sim.errands import Errands, units_of
from edge.sim.goods import House
from edge.sim.sales import SaleTrouble
from edge.sim.shop_book import ShopBook, Slip, slip_of

COUNTER = "Cora, counting"
IDLE_S = 2.5
STEP_S = 0.1
"""From one place of an aisle to the next: these people are quick, so that a minute shows the whole way."""
COUNT_S = 8.0
TOLD_S = 4.0
"""From a customer's change to the tote on the belt: the line knows it by then."""


class PickCrew:
    """``seed``: of the floor; ``belts``: who brings totes onto a line."""

    def __init__(
        self, errands: Errands, shop: ShopConfig, house: House, book: ShopBook, belts: BeltCrew, seed: int
    ) -> None:
        self._errands, self._shop, self._house, self._book = errands, shop, house, book
        self._belts, self._seed = belts, seed
        self._counts = 0

    def begin(self) -> None:
        """Everybody comes to work."""
        for number in range(self._shop.pickers):
            self._errands.start(self._work(f"picker {number + 1}"))

    async def cancel(self, name: str, by: str, why: str) -> None:
        """All of a sale is not wanted any more."""
        answer = await self._errands.door.ask(
            "/api/v1/sales-orders/{}/cancel", name, body={"by": by, "reason": why}, version="*"
        )
        if self._errands.expect(answer, "cancel"):
            self._book.cancelled.add(name)
            self._book.wanted[name] = Counter()

    # ---- pickers -----------------------------------------------------------------------------------------------------

    async def _work(self, picker: str) -> None:
        while True:
            task = await self._errands.door.ask("/api/v1/pick-tasks/claim", body={"picker": picker})
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
            if fulfilment in self._belts.totes:
                self._errands.start(self._ready(fulfilment))

    async def _line(self, picker: str, task: Mapping[str, Any], line: Mapping[str, Any]) -> Mapping[str, Any]:
        """One shelf. Returns the round as it is then."""
        at, fulfilment = line["at"], line["fulfilment"]
        tote = self._belts.tote_of(fulfilment)
        body = {"picker": picker, "bin": at["bin"], "tote": tote.identity}
        slip = slip_of(self._seed, fulfilment, at["sku"], self._shop.mistakes)
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
                self._errands.expect(answer, "pick")
            else:
                self._errands.refused("pick", f"{answer.status}: changed meanwhile")
            fresh = await self._errands.door.ask("/api/v1/pick-tasks/{}", task["id"])
            return fresh.body if fresh.done else {"lines": []}
        tote.booked += len(got)
        if short:
            self._book.short += 1
            self._errands.start(self._count(at))
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
            beside = [self._belts.totes[name] for name in sorted(others) if name in self._belts.totes]
            if other_tote := next(iter(beside), None):
                self._book.slips += 1
                other_tote.holds.append(got.pop())
        tote.holds += got
        return self._as_task(answer, task)

    async def _say(self, task: Mapping[str, Any], line: Mapping[str, Any], body: Mapping[str, Any]) -> DoorAnswer:
        return await self._errands.door.ask(
            f"/api/v1/pick-tasks/{{}}/lines/{line['n']}", task["id"], body=body, version=f'"{task["version"]}"'
        )

    def _as_task(self, answer: DoorAnswer, task: Mapping[str, Any]) -> Mapping[str, Any]:
        body: Mapping[str, Any] = answer.body or task
        return body

    async def _learn(self, task: Mapping[str, Any]) -> None:
        names = {line["fulfilment"] for line in task["lines"]}
        self._book.released |= names
        wave = await self._errands.door.ask("/api/v1/waves/{}", task["wave"])
        if wave.done:
            self._belts.cutoffs.update(dict.fromkeys(names, wave.body["cutoff_us"]))

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
        self._errands.expect(await self._errands.door.ask("/api/v1/stock/counts", body=body), "count")

    # ---- totes onto the belt, and what becomes of them ---------------------------------------------------------------

    async def _ready(self, fulfilment: str) -> None:
        """A tote with all that is to be in it goes onto a line; one that lacks something waits on its rack."""
        order = await self._errands.order(fulfilment)
        if order is None:
            return
        tote = self._belts.totes[fulfilment]
        if order["state"] == "open" and units_of(order).total() > tote.booked:
            return  # another round brings the rest
        again = fulfilment in self._book.picked
        self._book.picked.add(fulfilment)
        sale = self._book.sales.get(self._book.lead_of(fulfilment))
        if sale is not None and fulfilment == sale.id and not again:
            await self._reconsidered(fulfilment, sale.trouble)
        await self._belts.induct(tote)

    async def _reconsidered(self, name: str, trouble: SaleTrouble) -> None:
        """The customer thinks again, now that the tote is ready."""
        if trouble is SaleTrouble.CANCELLED_PICKED:
            await self.cancel(name, "customer", "too late for the birthday")
            await asyncio.sleep(TOLD_S)
        elif trouble is SaleTrouble.FEWER_PICKED:
            first = self._book.sales[name].lines[0]
            known = await self._errands.door.ask("/api/v1/sales-orders/{}", name)
            lines = known.body["order"]["lines"] if self._errands.expect(known, "order") else ()
            numbers = [line["number"] for line in lines if line["sku"] == first.sku]
            wanted = {f"{number}": first.units - 1 for number in numbers}
            body = {"by": "customer", "reason": "one less will do", "wanted": wanted}
            answer = await self._errands.door.ask("/api/v1/sales-orders/{}/amend", name, body=body, version="*")
            if self._errands.expect(answer, "amend"):
                self._book.wanted[name][first.sku] = first.units - 1
            await asyncio.sleep(TOLD_S)


def _next(task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for line in task["lines"]:
        if not (line["withdrawn"] or line["reason"] or line["picked"] >= line["quantity"]):
            found: Mapping[str, Any] = line
            return found
    return None
