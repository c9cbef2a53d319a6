"""The simulated warehouse: articles on shelves, what really lies there, and the tags on it.

Public names: Ware, Shelf, House, PREFIX, TOTE_TYPE.

The books may be wrong about a shelf on purpose, as they are in every house; what is here is what lies there.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from math import isqrt
from random import Random

from rfid.epc.identity import grai96, gtin_of, identify, sgtin96

PREFIX = "9521140"
"""Company prefix of what the simulated shop sells; those of the streams in `edge.sim.world` follow it."""
TOTE_TYPE = "00020"
AISLES = 4
PLACES = 12
SHELF_UNITS = 60
SCARCE_UNITS = 4
"""So many of each scarce article there are before goods come."""

_THINGS = ("Teapot", "Bowl", "Lantern", "Pen", "Basket", "Vase", "Tray", "Stool")
_LOOKS = ("birch", "navy", "ivory")


@dataclass(frozen=True, slots=True)
class Ware:
    """An article. ``price``: of one, in minor units; ``scarce``: there are few until goods come."""

    number: int
    sku: str
    name: str
    gtin: str
    price: int
    mass_g: int
    scarce: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """A place for one article. ``booked``: what the books are told; ``lies``: what is there."""

    bin: str
    aisle: int
    place: int
    ware: Ware
    lot: str
    booked: int
    lies: int


class House:
    """All of it for one seed. Units get their tags when they are taken, so that each is there once; those that came
    back have theirs, and are taken first.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = Random(f"{seed}/goods")
        names = [f"{thing}, {look}" for thing in _THINGS for look in _LOOKS]
        self.wares = tuple(
            _ware(number, name, rng.randint(8, 90) * 100, rng.randint(80, 900), scarce=number % 8 == 7)
            for number, name in enumerate(names)
        )
        self.by_sku = {ware.sku: ware for ware in self.wares}
        self.shelves = tuple(self._shelves(rng))
        self.at = {shelf.bin: shelf for shelf in self.shelves}
        self._lies: Counter[tuple[str, str]] = Counter()
        for shelf in self.shelves:
            self._lies[shelf.bin, shelf.ware.sku] += shelf.lies
        self._back: dict[tuple[str, str], deque[str]] = {}
        self._serial = 0

    def _shelves(self, rng: Random) -> list[Shelf]:
        """Two for each article; one in sixteen has fewer than the books say."""
        found = []
        for number in range(2 * len(self.wares)):
            ware = self.wares[number % len(self.wares)]
            second = number >= len(self.wares)
            booked = (SCARCE_UNITS if not second else 0) if ware.scarce else SHELF_UNITS
            lies = booked
            if number % 16 == 3 and booked:
                lies = rng.randint(1, 3)
            aisle, place = number % AISLES + 1, number // AISLES % PLACES + 1
            lot = f"L{1 + second}" if ware.number % 4 == 0 else ""
            found.append(Shelf(f"{'ABCD'[aisle - 1]}-{place:02d}", aisle, place, ware, lot, booked, lies))
        return found

    def lies_in(self, bin_: str, sku: str) -> int:
        """Units of an article that are there."""
        return self._lies[bin_, sku]

    def take(self, bin_: str, sku: str, units: int) -> list[str]:
        """Takes so many units or what there is; their tags, hexadecimal."""
        units = min(units, self._lies[bin_, sku])
        self._lies[bin_, sku] -= units
        back = self._back.get((bin_, sku), deque())
        return [back.popleft() if back else self.tag(sku) for _ in range(units)]

    def put(self, bin_: str, sku: str, units: int) -> None:
        """Units come, or are laid where they were taken from."""
        self._lies[bin_, sku] += units

    def put_back(self, bin_: str, sku: str, tag: str) -> None:
        """A unit that was sold is for sale again, with its tag."""
        self._lies[bin_, sku] += 1
        self._back.setdefault((bin_, sku), deque()).append(tag)

    def home(self, sku: str) -> str:
        """Where an article has its first place."""
        return next(shelf.bin for shelf in self.shelves if shelf.ware.sku == sku)

    def neighbour(self, bin_: str) -> Shelf | None:
        """The nearest shelf with another article of which something is there: where a hand goes wrong."""
        here = self.at[bin_]
        others = [
            shelf for shelf in self.shelves if shelf.ware is not here.ware and self._lies[shelf.bin, shelf.ware.sku] > 0
        ]
        return min(others, key=lambda one: (self.way(bin_, one.bin), one.bin), default=None)

    def way(self, from_: str, to: str) -> int:
        """Places to walk between two shelves, around the aisles' ends."""
        a, b = self.at.get(from_), self.at[to]
        if a is None:
            return b.place + b.aisle
        if a.aisle == b.aisle:
            return abs(a.place - b.place)
        return min(a.place + b.place, 2 * PLACES - a.place - b.place) + 2 * abs(a.aisle - b.aisle)

    def tote_tag(self, number: int) -> str:
        """Of the house's totes, hexadecimal."""
        return grai96(PREFIX, TOTE_TYPE, (self._seed & 63) << 20 | number)

    def stock_csv(self) -> str:
        """What the books are told when the house opens, as `lanewise stock import` takes it."""
        rows = [
            "sku,name,gtins,mass_g,volume_mm3,longest_mm,length_mm,width_mm,height_mm,bin,aisle,place,lot,expires,quantity"
        ]
        for one in self.shelves:
            ware = one.ware
            expires = "2099-12-31" if one.lot else ""
            edge = isqrt(ware.mass_g * 4000 // 240)
            rows.append(
                f'{ware.sku},"{ware.name}",{ware.gtin},{ware.mass_g},{ware.mass_g * 4000},240,240,{edge},{edge},'
                f"{one.bin},{one.aisle},{one.place},{one.lot},{expires},{one.booked or ''}"
            )
        return "\n".join(rows) + "\n"

    def tag(self, sku: str) -> str:
        """Of a unit that nobody has taken yet, hexadecimal."""
        self._serial += 1
        return sgtin96(PREFIX, self._reference(sku), (self._seed & 63) << 26 | self._serial)

    def _reference(self, sku: str) -> str:
        return f"0{20_000 + 41 * self.by_sku[sku].number:05d}"


def _ware(number: int, name: str, price: int, mass_g: int, *, scarce: bool) -> Ware:
    gtin = gtin_of(identify(sgtin96(PREFIX, f"0{20_000 + 41 * number:05d}", 0))) or ""
    return Ware(number, f"W-{101 + number}", name, gtin, price, mass_g, scarce)
