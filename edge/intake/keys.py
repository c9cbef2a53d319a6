"""The keys of things as every border takes them: in every spelling, and only what names one thing.

Public names: item, tote, parcel, code.

All raise ValueError with what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.core.values.text import one_line
from rfid.barcode import identify_code, identify_key
from rfid.epc.identity import EpcError


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
tote = _named("a tote, (8003)…", "(8003)", 14)
parcel = _named("a parcel, (00)…", "(00)", 18)


def code(text: str) -> str:
    """Another barcode by which a parcel is known; the identity, where it names one."""
    return identify_code(one_line(text))
