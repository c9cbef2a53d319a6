"""Reasons that the decisions give in English words, in the words of every language.

Public names: reason_told.

A journal keeps the words of its time; those that are not known here are told as they stand there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.views.words.phrase import Phrase, Word, phrase

_KNOWN: tuple[tuple[re.Pattern[str], Callable[..., Phrase]], ...] = tuple(
    (re.compile(pattern), made)
    for pattern, made in (
        ("no order has this parcel", lambda: phrase("why.no-order")),
        ("no parcel label was read", lambda: phrase("why.no-label")),
        ("no load is open at this door", lambda: phrase("why.no-load")),
        ("its route came too late", lambda: phrase("why.late")),
        ("its route never reached the PLC", lambda: phrase("why.never-reached")),
        ("nothing was decided in time", lambda: phrase("why.undecided")),
        (r"load (\S+) does not list it", lambda load: phrase("why.not-listed", load=load)),
        (r"order (\S+) was cancelled", lambda order: phrase("why.cancelled", order=order)),
        (r"order (\S+) was refused by quality", lambda order: phrase("why.refused", order=order)),
        (r"order (\S+) was shipped before", lambda order: phrase("why.shipped", order=order)),
        (r"no lane takes (.+)", lambda wanted: phrase("why.no-lane", wanted=wanted)),
        (r"lane (\d+) is full or disabled", lambda lane: phrase("why.lane-full", lane=lane)),
        (r"it is for (.+), the load takes (.+)", lambda its, takes: phrase("why.other-load", its=its, takes=takes)),
    )
)


def reason_told(text: str) -> Word:
    """A reason as `edge.core` gives it, with all that may stand behind it after ``; ``."""
    return tuple(_told(part) for part in text.split("; ")) if "; " in text else _told(text)


def _told(text: str) -> Word:
    for pattern, made in _KNOWN:
        if (found := pattern.fullmatch(text)) is not None:
            return made(*found.groups())
    return text
