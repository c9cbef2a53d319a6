"""Two books of stock: what may be promised, and where it lies. Each change has one cause and is said before it is made.

Public names: StockError, StockCondition, BinKey, Promise, BinStock, StockCause, MovementKind, Movement, BookChange,
Books, after, movement_change, counted.

The **promise book** has a row for each SKU and answers "may I accept?"; the **bin book** one for each bin, SKU, lot and
condition and answers "where do I pick?". What was picked stays on hand in its bin, allocated, until it departs. A bin
that is suspected changes no book: it is not offered until it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class StockError(ValueError):
    """What the books do not bear; says the row, the value and the limit."""


class StockCondition(StrEnum):
    """Whether units may be sold."""

    SELLABLE = "sellable"
    INSPECTION = "inspection"  # came back, and nobody has decided about it
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, order=True)
class BinKey:
    """A row of the bin book. ``lot``: empty = none."""

    bin: str
    sku: str
    lot: str = ""
    condition: StockCondition = StockCondition.SELLABLE

    def __str__(self) -> str:
        return " ".join(filter(None, (self.bin, self.sku, self.lot, self.condition.value)))


@dataclass(frozen=True, slots=True)
class Promise:
    """A row of the promise book; never more promised than is sellable."""

    sku: str
    sellable: int = 0
    promised: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.promised <= self.sellable:
            raise StockError(f"{self.sku}: promised {self.promised} is not within 0..{self.sellable}, what is sellable")

    @property
    def free(self) -> int:
        """What may still be promised."""
        return self.sellable - self.promised


@dataclass(frozen=True, slots=True)
class BinStock:
    """What a row of the bin book holds; never more allocated than is on hand."""

    key: BinKey
    on_hand: int = 0
    allocated: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.allocated <= self.on_hand:
            raise StockError(f"{self.key}: allocated {self.allocated} is not within 0..{self.on_hand}, what is on hand")

    @property
    def free(self) -> int:
        """What no order has yet."""
        return self.on_hand - self.allocated


@dataclass(frozen=True, slots=True, order=True)
class StockCause:
    """Why something moved: ``n`` counts the movements of one cause. A cause moves once."""

    kind: str  # "receipt", "load", "count", "portal"
    id: str
    n: int = 0


class MovementKind(StrEnum):
    """Why units came or went."""

    RECEIPT = "receipt"
    MOVE = "move"
    SHIP = "ship"
    RETURN_IN = "return-in"
    RESTOCK = "restock"
    SCRAP = "scrap"
    RETURN_OUT = "return-out"  # to the supplier, or back to the customer
    COUNT = "count"
    CORRECTION = "correction"  # a tag was seen where the book has it not


_ANY = tuple(StockCondition)
_SHAPES: dict[MovementKind, tuple[tuple[StockCondition, ...], tuple[StockCondition, ...]]] = {
    MovementKind.RECEIPT: ((), _ANY),
    MovementKind.MOVE: (_ANY, _ANY),
    MovementKind.SHIP: ((StockCondition.SELLABLE,), ()),
    MovementKind.RETURN_IN: ((), (StockCondition.INSPECTION,)),
    MovementKind.RESTOCK: ((StockCondition.INSPECTION, StockCondition.DAMAGED), (StockCondition.SELLABLE,)),
    MovementKind.SCRAP: (_ANY, ()),
    MovementKind.RETURN_OUT: ((StockCondition.INSPECTION, StockCondition.DAMAGED), ()),
}
"""Of which condition a movement takes, and to which it brings; nothing there = it has no such side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A line of the ledger. ``source`` and ``target``: None = from or to outside the books. ``epc``: empty = not known.

    Raises:
        StockError: the sides do not fit the kind, the article changes on the way, or nothing moves.
    """

    cause: StockCause
    kind: MovementKind
    quantity: int
    at_us: int
    source: BinKey | None = None
    target: BinKey | None = None
    epc: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        sides = (self.source, self.target)
        if self.quantity < 1:
            raise StockError(f"{self.kind} {self.cause}: {self.quantity} units cannot move")
        if shape := _SHAPES.get(self.kind):
            fits = all((side.condition in may) if side else not may for side, may in zip(sides, shape, strict=True))
        else:  # what is counted is more or less; what is corrected may also lie elsewhere
            fits = sides != (None, None) and (self.kind is MovementKind.CORRECTION or None in sides)
        if not fits:
            raise StockError(f"{self.kind}: not from {self.source} to {self.target}")
        if self.source and self.target and (self.source.sku, self.source.lot) != (self.target.sku, self.target.lot):
            raise StockError(f"{self.kind}: {self.source} cannot become {self.target}")


@dataclass(frozen=True, slots=True)
class BookChange:
    """What is added to both books at once, in the order in which their rows are locked: by SKU, then by bin."""

    promises: tuple[tuple[str, int, int], ...] = ()  # SKU, sellable, promised
    bins: tuple[tuple[BinKey, int, int], ...] = ()  # row, on hand, allocated

    def __add__(self, other: BookChange) -> BookChange:
        return BookChange.summed((self, other))

    @classmethod
    def made(
        cls, promises: Iterable[tuple[str, int, int]] = (), bins: Iterable[tuple[BinKey, int, int]] = ()
    ) -> BookChange:
        """Of rows in any order, also several of the same one."""
        sellable, promised, on_hand, allocated = Counter[str](), Counter[str](), Counter[BinKey](), Counter[BinKey]()
        for sku, one, two in promises:
            sellable[sku] += one
            promised[sku] += two
        for key, one, two in bins:
            on_hand[key] += one
            allocated[key] += two
        return cls(
            tuple((sku, sellable[sku], promised[sku]) for sku in sorted(sellable) if sellable[sku] or promised[sku]),
            tuple(
                (key, on_hand[key], allocated[key])
                for key in sorted(on_hand, key=lambda key: (key.sku, key))
                if on_hand[key] or allocated[key]
            ),
        )

    @classmethod
    def summed(cls, changes: Iterable[BookChange]) -> BookChange:
        """Several as one."""
        every = tuple(changes)
        return cls.made(
            (row for change in every for row in change.promises), (row for change in every for row in change.bins)
        )


def movement_change(movement: Movement) -> BookChange:
    """What a movement does to the books."""
    sides = [(side, sign * movement.quantity) for side, sign in ((movement.source, -1), (movement.target, 1)) if side]
    return BookChange.made(
        ((side.sku, n, 0) for side, n in sides if side.condition is StockCondition.SELLABLE),
        ((side, n, 0) for side, n in sides),
    )


def counted(stock: BinStock, seen: int, staged: int, cause: StockCause, at_us: int) -> Movement | None:
    """What a count found more or less; None = it is as booked. ``staged``: units of the row that lie in totes."""
    if not (more := seen + staged - stock.on_hand):
        return None
    source, target = (None, stock.key) if more > 0 else (stock.key, None)
    return Movement(cause=cause, kind=MovementKind.COUNT, quantity=abs(more), at_us=at_us, source=source, target=target)


@dataclass(slots=True)
class Books:
    """Both books in memory, as a simulated shop and the laws need them. A store does the same by its rows."""

    promises: dict[str, Promise] = field(default_factory=dict)
    bins: dict[BinKey, BinStock] = field(default_factory=dict)
    causes: set[StockCause] = field(default_factory=set)

    def take(self, cause: StockCause, change: BookChange) -> bool:
        """All of a change or nothing of it; False = its cause has moved already.

        Raises:
            StockError: a row would not bear it.
        """
        if cause in self.causes:
            return False
        promises, bins = after(self.promises, self.bins, change)
        self.promises |= promises
        self.bins |= bins
        self.causes.add(cause)
        return True


def after(
    promises: Mapping[str, Promise], bins: Mapping[BinKey, BinStock], change: BookChange
) -> tuple[dict[str, Promise], dict[BinKey, BinStock]]:
    """The rows that a change leaves behind.

    Raises:
        StockError: a row would not bear it.
    """
    new_promises, new_bins = {}, {}
    for sku, sellable, promised in change.promises:
        row = promises.get(sku) or Promise(sku)
        new_promises[sku] = Promise(sku, row.sellable + sellable, row.promised + promised)
    for key, on_hand, allocated in change.bins:
        lies = bins.get(key) or BinStock(key)
        new_bins[key] = BinStock(key, lies.on_hand + on_hand, lies.allocated + allocated)
    return new_promises, new_bins
