"""An order's timeline over HTTP: what was done to it, and what the floor saw of its fulfilments.

Public names: SaidEntry, SaleEntry, said_story, story_of.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.site_state import Site
from api.v1_bodies import known_id
from edge.core.iso_time import iso
from edge.views.order_story import tell_change, tell_record
from edge.views.words.phrase import Phrase, Word
from edge.views.words.table import say


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleEntry:
    """One entry of an order's timeline; ``text``, ``place`` and ``cause`` in English, empty = nobody knows.

    ``fulfilment``: that it is about.
    """

    at: str
    at_us: int
    code: str
    values: dict[str, Word]
    text: str
    place: str = ""
    cause: str = ""
    by: str = ""
    reason: str = ""
    fulfilment: str = ""


@dataclass(frozen=True, slots=True)
class SaidEntry:
    """One entry of an order's timeline, for any language. ``fulfilment``: that it is about."""

    at_us: int
    said: Phrase
    place: Phrase | None
    cause: Phrase | None
    by: str = ""
    reason: str = ""
    fulfilment: str = ""

    @property
    def at(self) -> str:
        """Its time, ISO 8601."""
        return iso(self.at_us)


def said_story(site: Site, name: str) -> list[SaidEntry]:
    """The timeline of an order with those of its fulfilments. Raises UnknownSale."""
    desk, store = site.desk(), site.store()
    found = []
    for one in desk.story(known_id(name)):
        part = tell_change(one.what, one.by, one.reason, one.body)
        parcel = str(one.body.get("fulfilment", ""))
        found.append(SaidEntry(one.at_us, part.said, part.place, part.cause, one.by, one.reason, parcel))
    for parcel in desk.fulfilments(name):
        for entry in store.timeline(parcel, site.layouts):
            place, cause = tell_record(entry.record.value, entry.record.seq)
            found.append(SaidEntry(entry.at_us, entry.said, place, cause, fulfilment=parcel))
    return sorted(found, key=lambda one: one.at_us)


def story_of(site: Site, name: str) -> list[SaleEntry]:
    """The same as it is sent."""
    return [
        SaleEntry(
            at=one.at,
            at_us=one.at_us,
            code=one.said.code,
            values=one.said.values,
            text=say(one.said),
            place="" if one.place is None else say(one.place),
            cause="" if one.cause is None else say(one.cause),
            by=one.by,
            reason=one.reason,
            fulfilment=one.fulfilment,
        )
        for one in said_story(site, name)
    ]
