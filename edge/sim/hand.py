"""Somebody beside the simulated floor: puts loads on belts, carries them through doors, holds tags before readers.

Public names: Hand, Bring.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeAlias

from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order
from edge.sim.devices import SimulatedFloor
from edge.sim.faults import FaultError
from edge.sim.put_order import PutOrder
from edge.sim.tags import tag_of
from edge.sim.world import FloorFault, FloorLoad, by_hand
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import EpcError, identify, sgtin96

FIRST = 900_000
"""What is made up here is counted from there, far behind what comes by itself."""
KNOWN_US = 2_000_000
"""So long after its order was taken a load comes: the controller knows it by then."""
HELD_S = 5.0
_TELL = 10
"""So many loads are told of one by one."""
_OPTIONS = {
    "belt": {"tags", "lanes", "wrong", "count", "close", "order"},
    "door": {"tags", "back", "order"},
    "reader": {"tags", "antenna", "seconds"},
}
_SSCC = re.compile(r"(00)?\d{18}")
_SPELLED = {"lanes": "--lane", "tags": "TAG"}

Bring: TypeAlias = Callable[[Sequence[Order]], Awaitable[int]]
"""Brings orders to the site; how many of them it did not know. Raises FaultError."""


class Hand:
    """``bring``: None = no site is told of any order."""

    def __init__(self, floor: SimulatedFloor, bring: Bring | None) -> None:
        self._floor = floor
        self._bring = bring
        self._layouts = {layout.name: layout for layout in floor.config.layouts()}
        self._doors = [dock.name for dock in floor.config.dock]
        self._next = dict.fromkeys(self._layouts, FIRST)
        self._named = count(1)
        self._orders: dict[str, FloorLoad] = {}

    async def put(self, wish: PutOrder) -> list[str]:
        """Does it; a line for each load. Raises FaultError for what cannot be."""
        kind, _, name = wish.where.rpartition(".")
        if wish.where in self._layouts:
            _allow(wish, "belt")
            return await self._on_belt(self._layouts[wish.where], wish)
        if wish.where in self._doors:
            _allow(wish, "door")
            return [self._through(wish)]
        if kind == "reader" and name in self._floor.config.reader:
            _allow(wish, "reader")
            return [self._before(name, wish)]
        there = (*self._layouts, *self._doors, *(f"reader.{one}" for one in self._floor.config.reader))
        raise FaultError(f"no line, door or reader {wish.where!r}, there are {', '.join(there)}")

    # ---- a belt ------------------------------------------------------------------------------------------------------

    async def _on_belt(self, layout: LineLayout, wish: PutOrder) -> list[str]:
        if self._floor.streams[layout.name].stopped:
            raise FaultError(f"{layout.name}: the inflow has ended: start `lanewise sim` without --seconds")
        of_tags = [one for one in ("lanes", "wrong", "count", "close", "order") if one in wish.said()]
        if wish.tags and of_tags:
            raise FaultError(f"{layout.name}: tags name one load: leave {_spelled(of_tags)} out")
        if wish.order and len(of_tags) > 1:
            raise FaultError(f"{layout.name}: --order names one load: leave the other options out")
        if wish.tags:
            loads = [self._with_tags(layout, wish)]
        elif wish.order:
            loads = [self._again(layout, wish.order)]
        else:
            loads = await self._made(layout, wish)
        if wish.close:
            loads = [replace(load, followed=load is not loads[-1]) for load in loads]
        known_us = KNOWN_US if self._bring is not None and not wish.tags else 0
        for place, load in enumerate(loads):
            self._floor.streams[layout.name].add(self._floor.floor_us + known_us + place, load)
        told = [self._told(layout, load) for load in loads[:_TELL]]
        told += [f"and {len(loads) - _TELL} more"] if len(loads) > _TELL else []
        if waits := [] if self._floor.moving else self._floor.waits_for():
            told.append(f"the belts stand, and wait for {', '.join(waits)}")
        return told

    def _with_tags(self, layout: LineLayout, wish: PutOrder) -> FloorLoad:
        try:
            return by_hand(layout, next(self._named), _plain(wish))
        except EpcError as error:
            raise FaultError(f"{layout.name}: {error}") from None

    def _again(self, layout: LineLayout, order: str) -> FloorLoad:
        """The load of an order, or the parcel that its tote is packed into."""
        load = self._known(layout.name, order)
        if load.line == layout.name:
            return load
        packed = None if load.order is None or layout.job is Job.VERIFY else self._floor.world.packed(load)
        if packed is None or packed[0] != layout.name:
            to = "" if packed is None else f", it is packed for {packed[0]}"
            raise FaultError(f"{layout.name}: order {order} has no load for this line{to}")
        return replace(packed[1], by_hand=True)

    def _known(self, where: str, order: str) -> FloorLoad:
        if order not in self._orders:
            there = ", ".join(list(self._orders)[-_TELL:]) or "none yet"
            raise FaultError(f"{where}: nothing of order {order!r} was put there by hand, but of: {there}")
        return self._orders[order]

    async def _made(self, layout: LineLayout, wish: PutOrder) -> list[FloorLoad]:
        fault = self._fault(layout, wish.wrong)
        lanes: list[int | None] = list(_checked(layout, wish.lanes)) or [None]
        loads: list[FloorLoad] = []
        for place in range(wish.count or len(lanes)):
            while True:
                number = self._next[layout.name]
                load = self._floor.world.made(layout.name, number, fault, lanes[place % len(lanes)])
                # the first one finds the numbers of which the site knows nothing
                new = bool(loads) or self._bring is None or not load.orders or await self._bring(load.orders) > 0
                self._next[layout.name] = number + 1
                if new:
                    break
            loads.append(load)
        if self._bring is not None and (rest := [order for load in loads[1:] for order in load.orders]):
            await self._bring(rest)
        self._orders |= {load.order.id: load for load in loads if load.order is not None}
        return loads

    def _fault(self, layout: LineLayout, wrong: str) -> FloorFault:
        may = self._floor.world.faults(layout.name)
        if wrong and wrong not in may:
            raise FaultError(f"{layout.name}: --wrong {wrong}: allowed: {', '.join(may)}")
        return FloorFault(wrong) if wrong else FloorFault.NONE

    def _told(self, layout: LineLayout, load: FloorLoad) -> str:
        what = "tote" if layout.job is Job.VERIFY else "parcel"
        name = f"{what} {load.identity}"
        match load.fault:
            case FloorFault.PARCEL_DEAD_TAG:
                name = f"{what} without a tag that answers or a barcode that can be read"
            case FloorFault.PARCEL_WRONG_BARCODE:
                name += f" with the barcode of {load.barcode}"
            case FloorFault.PARCEL_RELABELLED:
                name += f", behind the first portal {identify(load.relabel)}"
            case _:
                pass
        said = [f"{layout.name}: {name}", *self._inside(layout, load)]
        if load.order is None:
            return ", ".join([*said, "of no order" if load.fault is FloorFault.PARCEL_UNKNOWN else "as its tags say"])
        said.append(f"order {load.order.id} ({load.order.carrier} {load.order.service})")
        lane = next(layout.lanes_for(load.order.carrier, load.order.service), None)
        if lane is not None and load.good:
            said.append(f"for lane {lane}")
        return ", ".join(said) + ("" if self._bring is not None else "; no site knows it, without --orders")

    def _inside(self, layout: LineLayout, load: FloorLoad) -> Iterator[str]:
        """What a tote has too few and too many."""
        if layout.job is not Job.VERIFY or load.order is None or load.fault is FloorFault.NONE:
            return
        right = {tag.epc for tag in self._floor.world.made(layout.name, load.index, FloorFault.NONE).tags}
        has = {tag.epc for tag in load.tags}
        for what, epcs in (("without", right - has), ("with", has - right)):
            if epcs:
                yield f"{what} {', '.join(sorted(map(_named, epcs)))}"
        yield from (f"of order {one.id}" for one in load.companions)

    # ---- a door, a reader --------------------------------------------------------------------------------------------

    def _through(self, wish: PutOrder) -> str:
        if bool(wish.order) == bool(wish.tags):
            raise FaultError(f"{wish.where}: say what is carried: a TAG, or --order ORDER")
        if wish.order:
            load = self._known(wish.where, wish.order)
            packed = self._floor.world.packed(load) if load.order and load.order.tote else (load.line, load)
            tags = [tag.epc for tag in packed[1].tags] if packed is not None else []
            if not tags:
                raise FaultError(f"{wish.where}: the parcel of order {wish.order} has no tag that answers")
        else:
            tags = _plain(wish)
        self._floor.carry(wish.where, tags[0], wish.back)
        return f"{wish.where}: {_named(tags[0])} is carried {'in again' if wish.back else 'out'}"

    def _before(self, name: str, wish: PutOrder) -> str:
        floor, here = self._floor, f"reader.{name}"
        if not floor.readers.heard(name):
            raise FaultError(
                f"{here}: nobody listens to it: `lanewise rfid watch {name}` does, or the controller, `lanewise run`"
            )
        if floor.readers.speaks_codes(name):
            if not wish.tags or wish.antenna is not None or wish.seconds is not None:
                raise FaultError(f"{here}: is no UHF reader: say what passes it, without --antenna and --seconds")
            if not floor.readers.pass_by(name, wish.tags):
                raise FaultError(
                    f"{here}: {wish.tags[0]!r}: no card: allowed are its ten digits, or the tag that it means"
                )
            return f"{here}: {', '.join(wish.tags)} passes"
        antennas = floor.config.reader[name].antennas
        first = antennas[0] if wish.antenna is None else wish.antenna
        if first not in antennas:
            there = ", ".join(map(str, antennas))
            raise FaultError(f"{here}: no antenna {first}, LINE.toml has {there}")
        tags = _plain(wish) or [sgtin96("9521141", "099999", next(self._named))]
        seconds = HELD_S if wish.seconds is None else wish.seconds
        others = [one for one in antennas if one != first]
        floor.hold(name, [first, *others], tags, seconds)
        return f"{here}: {', '.join(map(_named, tags))} before antenna {first} for {seconds:g} s"


def _allow(wish: PutOrder, kind: str) -> None:
    if wrong := [one for one in wish.said() if one not in _OPTIONS[kind]]:
        raise FaultError(f"{wish.where}: is a {kind}: {_spelled(wrong)} cannot be there")


def _spelled(options: Sequence[str]) -> str:
    return ", ".join(_SPELLED.get(one, f"--{one}") for one in options)


def _checked(layout: LineLayout, lanes: Sequence[int]) -> Sequence[int]:
    if lanes and layout.job is Job.VERIFY:
        raise FaultError(f"{layout.name}: --lane: is for parcels: a tote goes where its content says")
    may = {lane.number: lane for lane in layout.lanes if lane.role is LaneRole.CARRIER}
    for lane in lanes:
        if lane not in may:
            there = ", ".join(f"{number} ({one.name})" for number, one in may.items())
            raise FaultError(f"{layout.name}: --lane {lane}: is no carrier's lane: allowed: {there}")
    return lanes


def _plain(wish: PutOrder) -> list[str]:
    """Hexadecimal, of what was said so or by name. Raises FaultError."""
    found = []
    for tag in wish.tags:
        plain = None if _SSCC.fullmatch(tag) else plain_hex(tag)
        try:
            plain = tag_of(identify(tag)) if plain is None else plain
        except EpcError:
            plain = ""
        if not plain or len(plain) % 4:
            raise FaultError(
                f"{wish.where}: {tag!r} is no tag: allowed are hexadecimal digits, by fours, or a name as '(00)…'"
            ) from None
        found.append(plain)
    return found


def _named(epc: str) -> str:
    try:
        return identify(epc)
    except EpcError:
        return epc
