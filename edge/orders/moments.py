"""The moment table: what wishes mean by where the goods are, and what others have to do about them.

Public names: Less, Elsewhere, Meaning, MOMENTS, Effect, and its kinds FreeReservation, Reserve, Unplan, WithdrawPick,
AmendFeed, TakeOut, Restock, Missing, RemoveFromLoad, PlanAgain, Relabel, AskCarrier, Refund, Tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge.orders.stages import FulfilmentState


class Less(StrEnum):
    """What becomes of a unit that is not wanted any more."""

    FREED = "free again"
    WITHDRAWN = "not picked; if it is in the tote already, put back"
    PULLED = "the portal refuses the tote; put back"
    UNPACKED = "to the quality lane, unpacked and put back"
    STOPPED = "the door says wrong; unpacked and put back"
    REMOVED = "the door asks for its removal; unpacked and put back"
    INTERCEPTED = "the carrier is asked to bring it back; else a return"
    NOTHING = "nothing more than before"


class Elsewhere(StrEnum):
    """What becomes of a fulfilment whose address or service is another."""

    PLANNED = "planned again"
    WAVE = "planned again; it stays in its wave if the carrier is the same"
    TOTE = "planned again; the tote stays as it is"
    LABEL = "another label; the old one is void"
    REMOVED = "the door asks for its removal; another label"
    REDIRECTED = "the carrier is asked to redirect it"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What wishes mean for a fulfilment."""

    less: Less
    elsewhere: Elsewhere
    merge: bool = False


_S = FulfilmentState
MOMENTS: dict[FulfilmentState, Meaning] = {
    _S.PLANNED: Meaning(Less.FREED, Elsewhere.PLANNED, merge=True),
    _S.RELEASED: Meaning(Less.WITHDRAWN, Elsewhere.WAVE),
    _S.SHORT: Meaning(Less.PULLED, Elsewhere.TOTE),
    _S.PICKED: Meaning(Less.PULLED, Elsewhere.TOTE),
    _S.REFUSED: Meaning(Less.PULLED, Elsewhere.TOTE),
    _S.VERIFIED: Meaning(Less.PULLED, Elsewhere.TOTE),
    _S.PACKED: Meaning(Less.UNPACKED, Elsewhere.LABEL),
    _S.SORTED: Meaning(Less.STOPPED, Elsewhere.LABEL),
    _S.LOADED: Meaning(Less.REMOVED, Elsewhere.REMOVED),
    _S.DEPARTED: Meaning(Less.INTERCEPTED, Elsewhere.REDIRECTED),
    _S.CANCELLING: Meaning(Less.UNPACKED, Elsewhere.NOTHING),
    _S.CANCELLED: Meaning(Less.NOTHING, Elsewhere.NOTHING),
}


@dataclass(frozen=True, slots=True)
class FreeReservation:
    """The stock book gives units of a line back, also those that had bins."""

    order: str
    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """The stock book reserves what of an order is not reserved yet."""

    order: str


@dataclass(frozen=True, slots=True)
class Unplan:
    """The bins of a fulfilment are free; its orders keep what is reserved for them."""

    fulfilment: str


@dataclass(frozen=True, slots=True)
class WithdrawPick:
    """So many units are not to be picked for it any more."""

    fulfilment: str
    order: str
    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class AmendFeed:
    """The line is told what is in a fulfilment now, and its state, `line_state`."""

    fulfilment: str


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Somebody takes units out of its tote; ``unpack``: out of its parcel."""

    fulfilment: str
    order: str
    line: int
    quantity: int
    unpack: bool


@dataclass(frozen=True, slots=True)
class Restock:
    """Units that were put back are stock again; not ``seen``: a person says that they are not, they are written off."""

    fulfilment: str
    order: str
    line: int
    quantity: int
    seen: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Units that were not found: they are open again, and their bins are suspect until somebody counts."""

    fulfilment: str
    order: str
    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class RemoveFromLoad:
    """The door asks for its parcel."""

    fulfilment: str


@dataclass(frozen=True, slots=True)
class PlanAgain:
    """Its carrier is chosen again; ``keep_wave`` if that is the same as before."""

    fulfilment: str
    keep_wave: bool


@dataclass(frozen=True, slots=True)
class Relabel:
    """Its parcel gets another SSCC and label, the old one is void."""

    fulfilment: str


@dataclass(frozen=True, slots=True)
class AskCarrier:
    """The carrier is asked to bring a parcel back, or to ``redirect`` it; if it cannot, a return is prepared."""

    fulfilment: str
    redirect: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """So much is paid back, in minor units. The order's ``paid`` is less by that already."""

    order: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Tell:
    """What others hear, through the outbox."""

    order: str
    event: str  # "order.amended"


Effect: TypeAlias = (
    FreeReservation | Reserve | Unplan | WithdrawPick | AmendFeed | TakeOut | Restock | Missing | RemoveFromLoad
    | PlanAgain | Relabel | AskCarrier | Refund | Tell
)  # fmt: skip
