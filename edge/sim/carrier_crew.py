"""The simulated shop's carriers: they fetch parcels, and say what happens to them; and who stops one for a while.

Public names: CarrierCrew.

What carriers say comes signed, as Standard Webhooks has it: several things in one message, in no order, some of it
late, some of it twice, some by a code that nobody explained. What a parcel's fate is stands in `edge.sim.fates`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from edge.config.webhooks import signing_key
from edge.core.iso_time import iso
from edge.journal.host_time import now_us
from edge.sim.devices import SimulatedFloor
from edge.sim.errands import Errands
from edge.sim.fates import fate_of, legs_of
from edge.sim.parcel_book import CarriedParcel, ParcelBook
from edge.sim.shop_book import Tote

LEADER = "Lee, shift lead"
STOPPED = ("SF", "DHL")
"""Those that take nothing for a while, in turn; the others take what is theirs meanwhile."""
FIRST_STOP_S = 40.0
STOP_S = 20.0
EVERY_S = 150.0
POST_S = 1.0
"""A carrier's computer tells what there is so often."""
LATE_S = 8.0
LATE = 0.15
TWICE = 0.2
SEVERAL = 4


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that a carrier says. ``place``: on the parcel's way; ``due_s``: by the loop's clock."""

    parcel: CarriedParcel
    place: int
    code: str
    event: Mapping[str, str]
    due_s: float


class CarrierCrew:
    """``secret``: file with what carriers sign with, as SITE.toml's doors have it; None or not there: they say nothing.

    ``arrived``: what is done with a parcel whose delivery or loss the site was told of.
    """

    def __init__(
        self,
        floor: SimulatedFloor,
        errands: Errands,
        parcels: ParcelBook,
        secret: Path | None,
        arrived: Callable[[CarriedParcel, str], Coroutine[Any, Any, None]],
    ) -> None:
        self._floor, self._errands, self._parcels, self._arrived = floor, errands, parcels, arrived
        self._key = signing_key(secret) if secret is not None and secret.is_file() else b""
        self._doors = {carrier: door for door, carrier in floor.config.sim.docks.items()}
        self._rng = Random(f"{floor.seed}/carriers")
        self._due: dict[str, list[_Said]] = {}
        self._messages = 0

    async def fetch(self, parcel: Tote, lane: str, carrier: str) -> None:
        """A parcel in a lane is taken by its carrier, from another one's lane by hand."""
        if carrier != lane and carrier in self._doors:
            self._floor.carry(self._doors[carrier], parcel.tag)
        if not self._key:
            return
        its = self._parcels.carried[parcel.identity.removeprefix("(00)")]
        its.carrier = carrier
        sale = self._parcels.shop.sales[self._parcels.shop.lead_of(parcel.fulfilment)]
        rng = Random(f"{self._floor.seed}/{parcel.fulfilment}/carriage")
        fate, customer = fate_of(self._floor.seed, sale.index), sale.customer
        for place, leg in enumerate(legs_of(rng, fate, customer.town, customer.country)):
            await asyncio.sleep(leg.after_s)
            event = {
                "id": f"{its.sscc}/{place}",
                "parcel": its.sscc,
                "code": leg.code,
                "town": leg.town,
                "time": iso(now_us(), 6),
                "receiver": f"{customer.name} {customer.phone}",  # carriers say it; it stays with the message
            }
            late_s = LATE_S * rng.random() if rng.random() < LATE else 0.0
            due_s = asyncio.get_running_loop().time() + late_s
            if carrier.lower() not in self._due:
                self._due[carrier.lower()] = []
                self._errands.start(self._post(carrier.lower()))
            self._due[carrier.lower()].append(_Said(its, place, leg.code, event, due_s))

    async def _post(self, door: str) -> None:
        """One carrier's computer."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(POST_S)
            now_s = loop.time()
            due = [one for one in self._due[door] if one.due_s <= now_s]
            self._due[door] = [one for one in self._due[door] if one.due_s > now_s]
            self._rng.shuffle(due)
            while due:
                said, due = due[:SEVERAL], due[SEVERAL:]
                twice = [one for one in said if self._rng.random() < TWICE]
                for some in filter(None, (said, twice)):
                    await self._message(door, some)
                self._parcels.twice += len(twice)

    async def _message(self, door: str, said: list[_Said]) -> None:
        self._messages += 1
        body = json.dumps({"events": [one.event for one in said]}, ensure_ascii=False).encode()
        name, stamp = f"{door}-{self._floor.seed}-{self._messages}", str(now_us() // 1_000_000)
        mac = hmac.digest(self._key, b".".join((name.encode(), stamp.encode(), body)), "sha256")
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{b64encode(mac).decode()}",
        }
        for one in said:
            one.parcel.tried[one.place] = one.code
        answer = await self._errands.door.send(f"/api/v1/hooks/{door}", body, headers)
        if not self._errands.expect(answer, "hook"):
            return
        loop = asyncio.get_running_loop()
        for one in said:
            if one.place in one.parcel.said:
                continue
            one.parcel.said[one.place] = one.code
            self._parcels.told += 1
            self._parcels.odd += one.code == "XX"
            if one.code in ("LO", "DM"):
                one.parcel.troubled_s[one.code] = loop.time()
            if one.code in ("LO", "DL"):
                self._errands.start(self._arrived(one.parcel, one.code))

    async def stop_in_turn(self) -> None:
        """The leader of the shift hears that a carrier takes nothing, and later that it does again."""
        await asyncio.sleep(FIRST_STOP_S)
        place = self._floor.seed
        ask, expect = self._errands.door.ask, self._errands.expect
        while True:
            carrier = STOPPED[place % len(STOPPED)]
            place += 1
            body: dict[str, Any] = {"by": LEADER, "reason": "their hub is closed", "carrier": carrier}
            stopped = await ask("/api/v1/services/suspensions", body=body)
            if expect(stopped, "suspend"):
                self._parcels.stops += 1
                await asyncio.sleep(STOP_S)
                again = {"by": LEADER, "reason": "they come again"}
                number = stopped.body["suspension"]["seq"]
                expect(await ask(f"/api/v1/services/suspensions/{number}/end", body=again), "resume")
            await asyncio.sleep(EVERY_S - STOP_S)
