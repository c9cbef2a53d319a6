"""The keys of things as every border takes them: in every spelling, and only what names one thing.

Public names: item, tote, parcel, code, order_id, ID_LENGTH.

The first four raise ValueError with what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from edge.core.totes import ToteNames
from edge.core.values.text import one_line
from rfid.barcode import identify_code, identify_key
from rfid.epc.identity import EpcError

ID_LENGTH = 64
"""The longest id of an order."""


def _named(allowed: str, lead: str, digits: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            found = identify_key(text)
        except EpcError as error:
            raise ValueError(str(error)) from None
        if not found.startswith(lead):
            raise ValueError(f"is {found}: allowed is {allowed}")
        if not found[len(lead) : len(lead) + digits].strip("0"):
            raise ValueError(f"is {found}: all zeros name nothing")
        return found

    return check


item = _named("an item, (01)…(21)…", "(01)", 14)
_grai = _named("a tote, (8003)…", "(8003)", 14)
parcel = _named("a parcel, (00)…", "(00)", 18)


def tote(text: str, names: ToteNames | None = None) -> str:
    """A tote: a GRAI, or by a number of the house's own. Raises ValueError."""
    named = None if names is None else names.named(text.strip())
    return _grai(text) if named is None else named


def code(text: str) -> str:
    """Another barcode by which a parcel is known; the identity, where it names one."""
    return identify_code(one_line(text))


def order_id(channel: str, external: str) -> str:
    """An id that no other channel and number have: the first hyphen ends the channel, a long one ends in its digest."""
    made = f"{_escaped(channel, '%-')}-{_escaped(external, '%')}"
    if len(made) <= ID_LENGTH:
        return made
    mark = sha256(made.encode()).hexdigest()[:16]
    return f"{made[: ID_LENGTH - len(mark) - 1]}~{mark}"


def _escaped(text: str, also: str) -> str:
    return "".join(
        "".join(f"%{octet:02X}" for octet in one.encode()) if one.isspace() or one in also else one for one in text
    )
