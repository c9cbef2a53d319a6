"""Everything known about one order, tote, parcel, item or track, in order of time.

Public names: timeline, spellings, TimelineEntry, ByRef.

Starts from the records that name the key and goes on along what belongs together: order <-> tote <-> parcel <-> items,
and the tracks (``<line>#<track>``) under which the PLC knew them. Totes and track numbers are used again: a tote's
unclaimed records count for an order only until the tote gets another order, a track only within one PLC session.
Works on a journal (`edge.journal.writer.JournalReader.by_ref`) and on the site store
(`edge.site.store.SiteStore.by_ref`) alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from edge.core.events import (
    Anomaly,
    CommandHandled,
    CommandSent,
    OrderChanged,
    OrderShipped,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    Sorted,
    ToteChecked,
)
from edge.core.totes import ToteNames, names_by, plans_of
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order
from edge.journal.record import Record, Value
from edge.views.sentences import Teller
from edge.views.words.phrase import Phrase
from rfid.barcode import identify_code, identify_key
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import EpcError

ByRef = Callable[[str], Sequence[Record]]
"""The records that name an identity, order id or track, in order of time."""

_TRACK = re.compile(r"(.+)#([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, and what is said of it."""

    at_us: int
    said: Phrase
    record: Record


def timeline(key: str, by_ref: ByRef, layouts: Iterable[LineLayout] = ()) -> list[TimelineEntry]:
    """The story of an order id, tote, parcel, item (in every spelling), tag (hexadecimal) or ``<line>#<track>``.

    Empty where nothing is known. Without ``layouts`` a line is taken to have the name of its PLC.
    """
    story = _Story(by_ref, tuple(layouts))
    for name in spellings(key, names_by(plans_of(layout.totes for layout in layouts))):
        story.begin(name)
    story.follow_orders()
    return story.entries()


def spellings(key: str, totes: ToteNames | None = None) -> tuple[str, ...]:
    """The names under which a key may be recorded: as it is, its identity, as scanners say it, a tag's hexadecimal.

    ``totes``: what totes of the house's own are called.
    """
    key = key.strip()
    names = {key: None}
    with suppress(EpcError):
        names[identify_key(key)] = None
    names[identify_code(key)] = None
    names[plain_hex(key) or ""] = None
    if totes is not None:
        names |= {named: None for name in [*names] if (named := totes.named(name)) is not None}
    return tuple(name for name in names if name)


class _Story:
    """Collects records; a record is taken once, whatever leads to it."""

    def __init__(self, by_ref: ByRef, layouts: tuple[LineLayout, ...]) -> None:
        self._by_ref = by_ref
        self._teller = Teller(layouts)
        self._plc_of = {layout.name: layout.plc for layout in layouts}
        self._records: dict[Record, None] = {}
        self._orders: dict[str, None] = {}
        self._values: dict[Record, Value] = {}
        self._lives: dict[tuple[str, int], dict[Record, list[Record]]] = {}

    def begin(self, name: str) -> None:
        """Takes what names the key itself."""
        track = _TRACK.fullmatch(name)
        for record in self._by_ref(name):
            value = self._value(record)
            match value:
                case OrderChanged(order=order):
                    self._orders[order.id] = None
                case OrderShipped(order=order_id):
                    self._orders[order_id] = None
                case ToteChecked(line=line, track_id=track_id, tote=tote, order=order_id, matched=matched):
                    self._records[record] = None
                    own = track is not None or name in (tote, order_id) or name in matched
                    if own or any(finding.subject == name for finding in value.findings):
                        self._follow_track(line, track_id, record)
                    if own and order_id:
                        self._orders[order_id] = None
                case (
                    RouteDecided(line=line, track_id=track_id, order=order_id)
                    | Sorted(line=line, track_id=track_id, order=order_id)
                ):
                    self._records[record] = None
                    self._follow_track(line, track_id, record)
                    if order_id:
                        self._orders[order_id] = None
                case PassageSeen(line=line, track_id=track_id) | Anomaly(line=line, track_id=track_id):
                    self._records[record] = None
                    self._follow_track(line, track_id, record)
                case PlcEvent(plc=plc) | CommandSent(plc=plc) | CommandHandled(plc=plc) if track is not None:
                    self._follow_track(plc, int(track[2]), record)
                case _:
                    self._records[record] = None
        if track is not None:  # what its lives say of orders
            for record in list(self._records):
                match self._value(record):
                    case ToteChecked(order=order_id) | RouteDecided(order=order_id) | Sorted(order=order_id) if (
                        order_id
                    ):
                        self._orders[order_id] = None
                    case _:
                        pass

    def follow_orders(self) -> None:
        """Takes the whole story of every order that the key belongs to."""
        for order_id in self._orders:
            changes: list[tuple[Record, Order]] = []
            for record in self._by_ref(order_id):
                value = self._value(record)
                match value:
                    case OrderChanged(order=order):
                        if order.id == order_id:
                            self._records[record] = None
                            changes.append((record, order))
                    case (
                        ToteChecked(line=line, track_id=track_id, order=named)
                        | RouteDecided(line=line, track_id=track_id, order=named)
                        | Sorted(line=line, track_id=track_id, order=named)
                    ):
                        # An item of this order in another order's tote: that verdict belongs here, that tote does not.
                        self._records[record] = None
                        if named == order_id:
                            self._follow_track(line, track_id, record)
                    case _:
                        self._records[record] = None
            for identity in {name: None for _, order in changes for name in (order.tote, order.parcel) if name}:
                self._follow_carrier(order_id, identity, changes[0][0].at_us)

    def _follow_carrier(self, order_id: str, identity: str, since_us: int) -> None:
        """Takes what names the order's tote or parcel but no order, until it gets another order."""
        records = self._by_ref(identity)
        until_us: int | None = None
        for record in records:
            match self._value(record):
                case OrderChanged(order=order) if order.id != order_id and record.at_us >= since_us:
                    if identity in (order.tote, order.parcel):
                        until_us = record.at_us if until_us is None else min(until_us, record.at_us)
                case _:
                    pass
        for record in records:
            if record.at_us < since_us or (until_us is not None and record.at_us >= until_us):
                continue
            match self._value(record):
                case (
                    ToteChecked(line=line, track_id=track_id, order="")
                    | RouteDecided(line=line, track_id=track_id, order="")
                    | Sorted(line=line, track_id=track_id, order="")
                    | Anomaly(line=line, track_id=track_id)
                ):
                    self._records[record] = None
                    self._follow_track(line, track_id, record)
                case _:
                    pass

    def _follow_track(self, line: str, track_id: int, inside: Record) -> None:
        """Takes the records of a track's life that ``inside`` is part of: one session of the PLC."""
        if not track_id or not line:
            return
        lives = self._lives.get((line, track_id))
        if lives is None:
            plc = self._plc_of.get(line, line)
            names = dict.fromkeys((plc, line, *(name for name, its in self._plc_of.items() if its == plc)))
            lives = self._lives[line, track_id] = self._lives_of(f"{name}#{track_id}" for name in names)
        if life := lives.get(inside):
            self._records.update(dict.fromkeys(life))
            life.clear()  # taken for every record in it

    def _lives_of(self, names: Iterable[str]) -> dict[Record, list[Record]]:
        """By each record that names a track, those of the same session of its PLC."""
        found = {record: None for name in names for record in self._by_ref(name)}
        lives: dict[Record, list[Record]] = {}
        life: list[Record] = []
        session: int | None = None
        for record in sorted(found, key=_order_of):
            match self._value(record):
                case PlcEvent(session=own) | CommandSent(session=own):
                    if session is not None and own != session:
                        life = []
                    session = own
                case _:
                    pass
            life.append(record)
            lives[record] = life
        return lives

    def _value(self, record: Record) -> Value:
        """What a record says, read once."""
        value = self._values.get(record)
        if value is None:
            value = self._values[record] = record.value
        return value

    def entries(self) -> list[TimelineEntry]:
        """What was taken, in order of time."""
        known: dict[str, Order] = {}
        entries: list[TimelineEntry] = []
        for record in sorted(self._records, key=_order_of):
            value = self._value(record)
            before = None
            if isinstance(value, OrderChanged):
                before = known.get(value.order.id)
                known[value.order.id] = value.order
            entries.append(TimelineEntry(record.at_us, self._teller.tell(value, before), record))
        return entries


def _order_of(record: Record) -> tuple[int, int]:
    return record.at_us, record.seq
