"""The simulated shop's packers and the quality desk beside them.

Public names: PackCrew, PackDone, PACKER, QUALITY.

A packer scans a tote, sometimes errs, and is told; what a portal verified is bound to the parcel. What is due is looked
at; what is refused is reworked, or another unit is picked in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from edge.sim.door import DoorAnswer
from edge.sim.errands import Errands, units_of
from edge.sim.fates import PackSlip, pack_slip_of
from edge.sim.goods import House
from edge.sim.parcel_book import ParcelBook
from edge.sim.shop_book import Tote
from rfid.epc.identity import identify

PACKER, OTHER_PACKER = "Pia, packing", "Paul, packing"
QUALITY = "Quentin, quality"
PACK_S = (3.0, 6.0)
LOOK_S = 2.0
TRIES = 8
HAND_G, HEAVIER_G = 2_000, 440
"""What lies on the scale besides: a hand, or a carton that nobody proposed."""
REFUSED = 0.4
"""Of what is looked at, since a good day shows nothing; of that so much is put right, the rest replaced."""
REWORKED = 0.6
_LOOKS = ("protected", "closed", "intact", "marked")
_REFUSED = "station.refused."


@dataclass(frozen=True, slots=True)
class PackDone:
    """``label``: the tag, and the order as the site has it; None = it goes to the quality desk, or ``waits`` there."""

    label: tuple[str, Mapping[str, Any]] | None = None
    waits: bool = False


class PackCrew:
    """``seed``: of the floor."""

    def __init__(self, errands: Errands, house: House, parcels: ParcelBook, seed: int) -> None:
        self._errands, self._house, self._parcels, self._seed = errands, house, parcels, seed
        self._stations: tuple[str, ...] = ()
        self._erred: set[str] = set()

    async def pack(self, tote: Tote) -> PackDone:
        """One tote into one parcel."""
        rng = Random(f"{self._seed}/{tote.fulfilment}/pack/{tote.rounds}")
        await asyncio.sleep(rng.uniform(*PACK_S))
        station = await self._station(rng)
        sale = self._parcels.shop.sales.get(self._parcels.shop.lead_of(tote.fulfilment))
        slip = PackSlip.NONE
        if sale is not None and tote.fulfilment not in self._erred:
            slip = pack_slip_of(self._seed, sale.index)
            self._erred.add(tote.fulfilment)
        said = await self._said(rng, station, tote)
        if said is None:
            return PackDone()
        right = dict(said)
        match slip:
            case PackSlip.FORGOTTEN:
                said["epcs"] = said["epcs"][1:]
            case PackSlip.WRONG_CARTON:
                right |= {"carton": "large", "weight_g": said["weight_g"] + HEAVIER_G}
                said = dict(right)
            case PackSlip.UNLOOKED:
                said["checked"] = []
            case PackSlip.WEIGHT_OFF if said["weight_g"]:
                said["weight_g"] += HAND_G
            case _:
                slip = PackSlip.NONE
        if slip is not PackSlip.NONE:
            self._parcels.slips[slip] += 1
        for _ in range(TRIES):
            answer = await self._errands.door.ask("/api/v1/stations/{}/pack", station, body=said)
            if answer.done:
                if slip not in (PackSlip.NONE, PackSlip.WRONG_CARTON) and said is not right:
                    self._parcels.said.append(f"parcels: {tote.fulfilment}: {slip}, and yet packed")
                self._parcels.packed += 1
                return PackDone(await self._label(tote.fulfilment, answer.body["sscc"]))
            match _code(answer):
                case "due":
                    if await self._look(rng, station, tote):
                        return PackDone(waits=True)
                case "too-few" | "unchecked-closed" | "unchecked-protected" if said is not right:
                    said = right
                case "weight-light" | "weight-heavy":
                    if said is right:
                        self._parcels.overruled += 1
                        right["overruled"] = "another carton than proposed"
                    said = right
                case "not-verified" if not said.get("unverified"):
                    right["unverified"] = said["unverified"] = "looked through by hand"
                case _:  # cancelled meanwhile, or not what is wanted any more
                    self._errands.expect(answer, "pack")
                    return PackDone()
            await asyncio.sleep(1)
        self._errands.refused("pack", f"{tote.fulfilment}: not within {TRIES} times")
        return PackDone()

    async def relabel(self, parcel: Tote) -> tuple[str, Mapping[str, Any]] | None:
        """A parcel whose label is void gets another one."""
        rng = Random(f"{self._seed}/{parcel.fulfilment}/again/{parcel.rounds}")
        station = await self._station(rng)
        said = await self._said(rng, station, parcel)
        if said is None:
            return None
        said |= {"again": "its label is void", "overruled": "it was right before", "unverified": "packed before"}
        answer = await self._errands.door.ask("/api/v1/stations/{}/pack", station, body=said)
        if not self._errands.expect(answer, "relabel"):
            return None
        return await self._label(parcel.fulfilment, answer.body["sscc"])

    async def _station(self, rng: Random) -> str:
        if not self._stations:
            known = await self._errands.door.ask("/api/v1/stations")
            self._stations = tuple(one["name"] for one in known.body or ()) or ("pack1",)
        return rng.choice(self._stations)

    async def _said(self, rng: Random, station: str, tote: Tote) -> dict[str, Any] | None:
        """What a packer says who does it right, with what the scale shows."""
        job = await self._errands.door.ask("/api/v1/stations/{}/pack/{}", station, tote.fulfilment)
        if not self._errands.expect(job, "pack job"):
            return None
        packaging = job.body["job"]["proposed"]["packaging_g"]
        grams = sum(self._house.by_sku[sku].mass_g * rng.gauss(1, 0.005) for sku, _ in tote.holds)
        return {
            "order": tote.fulfilment,
            "by": PACKER if station.endswith("1") else OTHER_PACKER,
            "epcs": [identify(tag) for _, tag in tote.holds],
            "weight_g": round(grams + rng.uniform(*packaging)) if packaging else 0,
            "checked": list(_LOOKS),
        }

    async def _look(self, rng: Random, station: str, tote: Tote) -> bool:
        """The quality desk looks at what is due. Whether another unit is to be picked."""
        await asyncio.sleep(LOOK_S)
        ask, expect = self._errands.door.ask, self._errands.expect
        job = await ask("/api/v1/stations/{}/pack/{}", station, tote.fulfilment)
        if not expect(job, "pack job"):
            return False
        waits = False
        for due in job.body["job"]["due"]:
            body = {"order": tote.fulfilment, "by": QUALITY, "sku": due["sku"], "lot": due["lot"]}
            if rng.random() >= REFUSED:
                expect(await ask("/api/v1/stations/quality/quality", body={**body, "aspects": due["aspects"]}), "look")
                continue
            unit = next((one for one in tote.holds if one[0] == due["sku"]), None)
            if unit is None:
                continue
            others = [one for one in due["aspects"] if one != "appearance"]
            if others:
                expect(await ask("/api/v1/stations/quality/quality", body={**body, "aspects": others}), "look")
            refused = {**body, "aspects": ["appearance"], "fault": "scratched", "epc": identify(unit[1])}
            answer = await ask("/api/v1/stations/quality/quality", body=refused)
            if not expect(answer, "refuse"):
                continue
            await asyncio.sleep(LOOK_S)
            how = "rework" if rng.random() < REWORKED else "replace"
            settle = {"settlement": how, "by": QUALITY, "reason": "polished" if how == "rework" else "a scratch"}
            if expect(await ask(f"/api/v1/quality/{answer.body[0]['seq']}/settle", body=settle), "settle"):
                self._parcels.quality[how] += 1
                if how == "replace":
                    tote.holds.remove(unit)
                    tote.booked -= 1
                    order = await self._errands.order(tote.fulfilment)
                    waits |= order is not None and units_of(order).total() > tote.booked
        return waits

    async def _label(self, fulfilment: str, sscc: str) -> tuple[str, Mapping[str, Any]] | None:
        parcel = await self._errands.door.ask("/api/v1/parcels/{}", sscc)
        order = await self._errands.order(fulfilment)
        if not self._errands.expect(parcel, "label") or order is None:
            return None
        return parcel.body["tag"], order


def _code(answer: DoorAnswer) -> str:
    """Why a parcel was not packed, as `/api/words` has it."""
    said = answer.body.get("code", "") if isinstance(answer.body, Mapping) else ""
    return str(said).removeprefix(_REFUSED)
