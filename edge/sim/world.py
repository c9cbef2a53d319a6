"""What moves on the simulated floor, and the truth about it: orders, totes, items, parcels and their tags.

Public names: FloorFault, TOTE_FAULTS, PlacedTag, FloorLoad, World, by_hand, relabelled.

Everything follows from the seed: each tote and parcel has a random generator of its own, made from seed, line and
index, so no timing and no neighbour ever changes a content. Streams are endless; ``index`` counts from 0.
Article numbers and labels use GS1 prefix 952, which is reserved for demonstrations.
Parcels carry the label's tag only: readers of a sorter select SSCC tags by their header and leave items alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from edge.config.cards import read_cards
from edge.config.lines import LineConfig
from edge.config.readers import SerialConfig
from edge.core.totes import ToteNames, names_by
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order, OrderLine, OrderState
from edge.sim.tags import tag_of
from rfid.epc.identity import grai96, gtin_of, identify, sgtin96, sscc96

PREFIX = 9521141
"""Company prefix of articles and totes, 7 digits; lines beyond the sixteenth use the following ones."""

_THINGS = ("Lamp", "Mug", "Kettle", "Notebook", "Backpack", "Charger", "Headset", "T-shirt", "Scarf", "Candle", "Clock")
_LOOKS = (
    "oak",
    "white",
    "black",
    "red",
    "green",
    "blue",
    "grey",
    "sand",
    "copper",
    "striped",
    "small",
    "large",
    "round",
)
_GOLDEN = 0.6180339887498949
_UNPROGRAMMED = ("000000000000000000000000", "E28011052000", "E280689400005017")


class FloorFault(StrEnum):
    """The one thing put in wrong on purpose."""

    NONE = "none"
    MISSING = "missing"  # an item of the order is not in the tote
    EXTRA = "extra"  # an article that the order does not have, and no order knows the item
    FOREIGN = "foreign"  # an item that another open order names
    DUPLICATE = "duplicate"  # an item of an order that is shipped
    DEAD_TAG = "dead-tag"  # the item is there, its tag answers to nobody
    UNPROGRAMMED = "unprogrammed"  # the item is there, its tag was never given an EPC
    PARCEL_DEAD_TAG = "parcel-dead-tag"
    PARCEL_UNKNOWN = "parcel-unknown"  # a label that no order has
    PARCEL_RELABELLED = "parcel-relabelled"  # another parcel's label before the second portal than before the first
    PARCEL_WRONG_BARCODE = "parcel-wrong-barcode"  # the barcode is another parcel's; only where a scanner looks at it


TOTE_FAULTS = (
    FloorFault.MISSING,
    FloorFault.EXTRA,
    FloorFault.FOREIGN,
    FloorFault.DUPLICATE,
    FloorFault.DEAD_TAG,
    FloorFault.UNPROGRAMMED,
)
"""Those of totes; the others are parcels'."""


@dataclass(frozen=True, slots=True)
class PlacedTag:
    """A tag that answers, and its place in mm: along from its load's middle (+ downstream), across, above the belt."""

    epc: str
    along_mm: int
    across_mm: int
    up_mm: int


@dataclass(frozen=True, slots=True)
class FloorLoad:
    """One tote or parcel with its truth.

    ``name``: the same for the same seed, whatever the timing. ``barcode``: what a scanner reads on it, ``disc``: the
    EPC that its 125 kHz disc means; empty = nothing. ``order``: the order it belongs to, None where it has none.
    ``companions``: other orders that its fault needs the site to know. ``relabel``: the tag of the label that it bears
    before a second portal, empty = the same. ``by_hand``: somebody put it there, and sees to what follows.
    ``followed``: the next one comes right behind it, with the least gap.
    """

    line: str
    index: int
    name: str
    identity: str
    length_mm: int
    fault: FloorFault
    order: Order | None
    companions: tuple[Order, ...]
    tags: tuple[PlacedTag, ...]
    barcode: str = ""
    disc: str = ""
    relabel: str = ""
    by_hand: bool = False
    followed: bool = False

    @property
    def good(self) -> bool:
        """Whether it may go its way: a right tote to packing, a parcel to its carrier."""
        return self.fault is FloorFault.NONE

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that the site must know before this load comes."""
        return self.companions if self.order is None else (*self.companions, self.order)


@dataclass(frozen=True, slots=True)
class _Article:
    reference: str  # indicator and item reference, 6 digits
    gtin: dict[str, str]  # by company prefix
    sku: str
    name: str


@dataclass(frozen=True, slots=True)
class _Service:
    line: str
    carrier: str
    service: str


class World:
    """The contents of every line of one configuration for one seed. ``discs``: by line, the EPCs of totes that bear a
    disc which its card readers know.
    """

    def __init__(self, config: LineConfig, seed: int) -> None:
        self._sim = config.sim
        self._seed = seed
        layouts = config.layouts()
        self._number = {layout.name: number for number, layout in enumerate(layouts)}
        self._layouts = {layout.name: layout for layout in layouts}
        self._services = {layout.name: list(_services(layout)) for layout in layouts if layout.job is Job.SORT}
        self._checked = {layout.name for layout in layouts if layout.check is not None}
        self._scanned = {layout.name for layout in layouts if layout.scanners}
        self.totes = names_by(layouts[0].totes if layouts else ())
        self.discs = _discs(config, self.totes)
        self._all_services = [service for services in self._services.values() for service in services]
        rng = Random(f"{seed}/articles")
        names = [f"{thing}, {look}" for thing in _THINGS for look in _LOOKS]
        prefixes = {self._prefix(layout.name) for layout in layouts}
        self._articles = [
            _article(f"0{10_000 + 37 * number:05d}", prefixes, f"A{1000 + number}", name)
            for number, name in enumerate(rng.sample(names, len(names)))
        ]

    def tote(self, line: str, index: int, fault: FloorFault | None = None) -> FloorLoad:
        """The tote that comes as number ``index`` on a verifying line; ``fault``: None = by the shares."""
        rng = Random(f"{self._seed}/{line}/{index}")
        fault = self._tote_fault(self._draw(line, index)) if fault is None else fault
        order, items = self._order_with_items(rng, line, index)
        companions: tuple[Order, ...] = ()
        spare = self._spare_item(rng, line, index, order)
        match fault:
            case FloorFault.MISSING | FloorFault.DEAD_TAG:
                items.pop(rng.randrange(len(items)))
            case FloorFault.UNPROGRAMMED:
                items[rng.randrange(len(items))] = rng.choice(_UNPROGRAMMED)
            case FloorFault.EXTRA:
                items.append(spare)
            case FloorFault.FOREIGN | FloorFault.DUPLICATE:
                state = OrderState.OPEN if fault is FloorFault.FOREIGN else OrderState.SHIPPED
                companions = (self._companion(rng, f"{order.id}-other", spare, state),)
                if len(items) > 1 and rng.random() < 0.5:
                    items.pop(rng.randrange(len(items)))
                items.append(spare)
            case _:
                pass
        label, identity = self._tote_tag(line, index), order.tote or ""
        place = rng.choice((-270, 270)), rng.randint(-60, 60), rng.randint(120, 180)
        tags = [PlacedTag(label, *place)] if label else []
        tags += [PlacedTag(epc, rng.randint(-240, 240), rng.randint(-160, 160), rng.randint(40, 280)) for epc in items]
        load = FloorLoad(line, index, f"{line}/{index}", identity, 600, fault, order, companions, tuple(tags))
        if index < len(self.discs[line]):
            load = replace(load, tags=load.tags[1:], disc=label)
        return self._labelled(load, self.totes.code_of(identity) or identity)

    def parcel(self, line: str, index: int, fault: FloorFault | None = None, lane: int | None = None) -> FloorLoad:
        """The parcel that comes as number ``index`` of those packed elsewhere to a sorting line.

        ``fault``: None = by the shares. ``lane``: one of a carrier, to which its order goes; None = to any.
        """
        rng = Random(f"{self._seed}/{line}/{index}")
        fault = self._parcel_fault(line, self._draw(line, index)) if fault is None else fault
        label = self._label(line, index)
        service = rng.choice(self._services[line])
        if lane is not None:
            service = next(_services(self._layouts[line], lane))
        lines = tuple(
            OrderLine(article.gtin[self._prefix(line)], rng.randint(1, 3), article.sku, article.name)
            for article in rng.sample(self._articles, rng.randint(1, 2))
        )
        order: Order | None = Order(
            id=f"SO{self._seed}-{line}-{index:06d}",
            carrier=service.carrier,
            service=service.service,
            lines=lines,
            parcel=identify(label),
        )
        if fault is FloorFault.PARCEL_UNKNOWN:
            order = None
        parcel = _parcel(rng, line, index, f"{line}/{index}", label, fault, order)
        if fault is FloorFault.PARCEL_RELABELLED:
            parcel = replace(parcel, relabel=self._label(line, index + 5_000_000))
        wrong = fault is FloorFault.PARCEL_WRONG_BARCODE
        return self._labelled(parcel, identify(self._label(line, index + 5_000_000)) if wrong else parcel.identity)

    def made(self, line: str, index: int, fault: FloorFault, lane: int | None = None) -> FloorLoad:
        """A tote, or a parcel for one lane, that somebody puts there, with nothing wrong but ``fault``."""
        if self._layouts[line].job is Job.VERIFY:
            load = self.tote(line, index, fault)
        else:
            load = self.parcel(line, index, fault, lane)
        code = load.barcode if fault is FloorFault.PARCEL_WRONG_BARCODE else self._code(load)
        code = "" if fault is FloorFault.PARCEL_DEAD_TAG else code
        return replace(load, barcode=code, fault=fault, by_hand=True)

    def packed(self, tote: FloorLoad) -> tuple[str, FloorLoad] | None:
        """The sorting line and the parcel that a tote's order is packed into; None where no line takes it."""
        order = tote.order
        if order is None:
            return None
        destination = next(
            (
                service.line
                for service in self._all_services
                if (service.carrier, service.service) == (order.carrier, order.service)
            ),
            None,
        )
        if destination is None:
            return None
        rng = Random(f"{self._seed}/{tote.line}/{tote.index}/packed")
        parcel = _parcel(
            rng, destination, tote.index, tote.name, self._label(tote.line, tote.index), FloorFault.NONE, order
        )
        return destination, self._labelled(parcel, parcel.identity)

    def _labelled(self, load: FloorLoad, identity: str) -> FloorLoad:
        """With its barcode, where a scanner looks at it; then a parcel whose tag is dead is known all the same."""
        if load.line not in self._scanned:
            return load
        rng = Random(f"{self._seed}/{load.name}/barcode")
        if rng.random() < self._sim.faults.barcode_unreadable and load.fault is not FloorFault.PARCEL_WRONG_BARCODE:
            return load
        known = load.fault is FloorFault.PARCEL_DEAD_TAG
        return replace(load, barcode=identity, fault=FloorFault.NONE if known else load.fault)

    def _code(self, load: FloorLoad) -> str:
        """What a scanner can read on it, where there is one."""
        return (self.totes.code_of(load.identity) or load.identity) if load.line in self._scanned else ""

    def packing_us(self, tote: FloorLoad) -> int:
        """How long packing takes, from the tote's arrival to the parcel at the sorter."""
        return Random(f"{self._seed}/{tote.line}/{tote.index}/packing").randint(20_000_000, 40_000_000)

    def _draw(self, line: str, index: int) -> float:
        """0..1, spread evenly over neighbouring loads too, so that a short run has its share of faults."""
        return (Random(f"{self._seed}/{line}/faults").random() + index * _GOLDEN) % 1.0

    def faults(self, line: str) -> tuple[FloorFault, ...]:
        """What may be wrong with what comes to a line."""
        if self._layouts[line].job is Job.VERIFY:
            return TOTE_FAULTS
        found = [FloorFault.PARCEL_DEAD_TAG, FloorFault.PARCEL_UNKNOWN]
        found += [FloorFault.PARCEL_RELABELLED] if line in self._checked else []
        return (*found, FloorFault.PARCEL_WRONG_BARCODE) if line in self._scanned else tuple(found)

    def _parcel_fault(self, line: str, draw: float) -> FloorFault:
        shares = self._sim.faults
        if draw < shares.parcel_dead_tag:
            return FloorFault.PARCEL_DEAD_TAG
        if draw < shares.parcel_dead_tag + shares.parcel_unknown:
            return FloorFault.PARCEL_UNKNOWN
        if line in self._checked and draw < shares.parcel_dead_tag + shares.parcel_unknown + shares.parcel_relabelled:
            return FloorFault.PARCEL_RELABELLED
        if line in self._scanned and draw > 1 - shares.parcel_wrong_barcode:
            return FloorFault.PARCEL_WRONG_BARCODE
        return FloorFault.NONE

    def _tote_fault(self, draw: float) -> FloorFault:
        shares = self._sim.faults
        for fault, share in (
            (FloorFault.MISSING, shares.missing),
            (FloorFault.EXTRA, shares.extra),
            (FloorFault.FOREIGN, shares.foreign),
            (FloorFault.DUPLICATE, shares.duplicate),
            (FloorFault.DEAD_TAG, shares.dead_tag),
            (FloorFault.UNPROGRAMMED, shares.unprogrammed),
        ):
            if draw < share:
                return fault
            draw -= share
        return FloorFault.NONE

    def _order_with_items(self, rng: Random, line: str, index: int) -> tuple[Order, list[str]]:
        """An order and the hexadecimal EPCs of exactly what it asks for."""
        total = rng.randint(min(self._sim.items_min, self._sim.items_max), self._sim.items_max)
        kinds = min(total, rng.randint(1, 6))
        cuts = sorted(rng.sample(range(1, total), kinds - 1)) if kinds > 1 else []
        quantities = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
        exact = rng.random() < 1 / 3
        items: list[str] = []
        lines: list[OrderLine] = []
        for article, quantity in zip(rng.sample(self._articles, kinds), quantities, strict=True):
            tags = [self._item(line, index, 1 + len(items) + number, article) for number in range(quantity)]
            items += tags
            lines.append(
                OrderLine(
                    article.gtin[self._prefix(line)],
                    quantity,
                    article.sku,
                    article.name,
                    tuple(identify(tag) for tag in tags) if exact else (),
                )
            )
        service = rng.choice(self._all_services) if self._all_services else _Service("", "DHL", "standard")
        order = Order(
            id=f"SO{self._seed}-{line}-{index:06d}",
            carrier=service.carrier,
            service=service.service,
            lines=tuple(lines),
            tote=self._tote_name(line, index),
            parcel=identify(self._label(line, index)),
        )
        return order, items

    def _spare_item(self, rng: Random, line: str, index: int, order: Order) -> str:
        """An item of an article that the order does not have."""
        wanted = {order_line.gtin for order_line in order.lines}
        article = rng.choice([one for one in self._articles if one.gtin[self._prefix(line)] not in wanted])
        return self._item(line, index, 255, article)

    def _companion(self, rng: Random, name: str, epc: str, state: OrderState) -> Order:
        """Another order, whose tote never comes, that names this very item."""
        identity = identify(epc)
        service = rng.choice(self._all_services) if self._all_services else _Service("", "DHL", "standard")
        gtin = gtin_of(identity)
        assert gtin is not None
        return Order(
            id=name,
            carrier=service.carrier,
            service=service.service,
            lines=(OrderLine(gtin, 1, epcs=(identity,)),),
            state=state,
        )

    def _item(self, line: str, index: int, number: int, article: _Article) -> str:
        return sgtin96(self._prefix(line), article.reference, self._serial(line, index, number))

    def _tote_tag(self, line: str, index: int) -> str:
        """Totes whose discs the site knows come first, each once; those behind them bear a tag instead, or, empty, a
        barcode alone.
        """
        discs = self.discs[line]
        if index < len(discs):
            return discs[index]
        name = self._own_name(line, index)
        if name is None:
            return grai96(self._prefix(line), "00010", self._serial(line, index, 0))
        tag = self.totes.tag_of(name)
        return "" if tag is None else tag_of(tag)

    def _tote_name(self, line: str, index: int) -> str:
        own = self._own_name(line, index) if index >= len(self.discs[line]) else None
        return own or self.totes.of_tag(self._tote_tag(line, index)) or ""

    def _own_name(self, line: str, index: int) -> str | None:
        """By a plan of the house's own; None = it has none."""
        return self.totes.numbered((self._seed & 63) << 14 | index * len(self._number) + self._number[line])

    def _prefix(self, line: str) -> str:
        return str(PREFIX + self._number[line] // 16)

    def _serial(self, line: str, index: int, number: int) -> int:
        """38 bits: 6 of the seed, 4 of the line, 20 of the load, 8 of the item."""
        return (self._seed & 63) << 32 | (self._number[line] & 15) << 28 | (index & 0xFFFFF) << 8 | (number & 255)

    def _label(self, line: str, index: int) -> str:
        """The tag of a parcel's label: extension and serial from seed, line and load."""
        number = f"{self._seed % 100:02d}{self._number[line] % 100:02d}{index % 10_000_000:07d}"
        return sscc96(str(PREFIX)[:6], number)


def by_hand(layout: LineLayout, index: int, tags: Sequence[str]) -> FloorLoad:
    """A tote or parcel that somebody puts on a belt, with these tags on and in it, hexadecimal; the first names it.

    Raises EpcError for a first tag that names nothing.
    """
    name = f"{layout.name}/by hand {index}"
    rng = Random(name)
    placed = tuple(PlacedTag(tag, rng.randint(-80, 80), rng.randint(-100, 100), rng.randint(60, 250)) for tag in tags)
    length_mm = 600 if layout.job is Job.VERIFY else 300
    identity = names_by(layout.totes).of_tag(tags[0]) or identify(tags[0])
    return FloorLoad(layout.name, index, name, identity, length_mm, FloorFault.NONE, None, (), placed, by_hand=True)


def relabelled(load: FloorLoad) -> tuple[PlacedTag, ...]:
    """The tags of a load behind the first portal."""
    return tuple(replace(tag, epc=load.relabel) for tag in load.tags) if load.relabel else load.tags


def _parcel(
    rng: Random, line: str, index: int, name: str, label: str, fault: FloorFault, order: Order | None
) -> FloorLoad:
    length_mm = rng.randint(250, 350)
    tag = PlacedTag(label, rng.randint(-80, 80), rng.randint(-100, 100), rng.randint(60, 250))
    load = FloorLoad(line, index, name, identify(label), length_mm, fault, order, (), (tag,))
    return replace(load, tags=()) if fault is FloorFault.PARCEL_DEAD_TAG else load


def _article(reference: str, prefixes: set[str], sku: str, name: str) -> _Article:
    """Its GTIN is the same for every serial."""
    gtins = {prefix: gtin_of(identify(sgtin96(prefix, reference, 0))) or "" for prefix in prefixes}
    return _Article(reference, gtins, sku, name)


def _discs(config: LineConfig, names: ToteNames) -> dict[str, tuple[str, ...]]:
    """By line, the EPCs of the totes that the files of its card readers know; each tote is on one line only."""
    placed: set[str] = set()
    found = {}
    for name, line in config.line.items():
        readers = [reader for portal in line.portals.values() for reader in portal.readers]
        tables = [table for reader in readers if (table := config.reader.get(reader)) is not None]
        files = [table.cards for table in tables if isinstance(table, SerialConfig) and table.cards is not None]
        epcs = dict.fromkeys(epc for file in files for epc in read_cards(file).epcs.values())
        totes = [epc for epc in epcs if epc not in placed and names.of_tag(epc) is not None]
        placed.update(totes)
        found[name] = tuple(totes)
    return found


def _services(layout: LineLayout, number: int | None = None) -> Iterator[_Service]:
    """Each carrier lane, or one of them, once per service; a lane of all services stands for ``standard``."""
    for lane in layout.lanes:
        if lane.role is LaneRole.CARRIER and number in (None, lane.number):
            for service in lane.services or ("standard",):
                yield _Service(layout.name, lane.carrier, service)
