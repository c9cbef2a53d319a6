"""What the journal proves, as events of EPCIS 2.0: totes checked, parcels packed, sorted, loaded and gone, items back.

Public names: EpcisNames, epcis_events, epcis_document, order_before, Before, TOLD_KINDS.

One record gives the same events with the same ids whenever it is asked for. Nothing of who gets an order is in them.
Source: GS1, EPCIS 2.0 and CBV 2.0 (bizStep, disposition, Digital Link URIs as identifiers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeAlias

from edge.core.events import ItemReleased, LoadClosed, OrderChanged, OrderShipped, ParcelGated, ToteChecked
from edge.core.iso_time import iso
from edge.core.values.order import Order, OrderState
from edge.core.values.verdicts import FindingKind, GateVerdict
from edge.journal.reader import JournalReader
from edge.journal.record import Value
from edge.publish.told import SiteTold
from rfid.epc.identity import EpcError, gtin_of, parse

Event: TypeAlias = dict[str, Any]
Before: TypeAlias = Callable[[str], Order | None]
"""An order as it was before a record, by its id; None = there was none."""

CONTEXT = "https://ref.gs1.org/standards/epcis/epcis-context.jsonld"
_LINKS = "https://id.gs1.org"
_MISMATCH = frozenset({FindingKind.EXTRA, FindingKind.FOREIGN, FindingKind.DUPLICATE, FindingKind.CONTRADICTION})
TOLD_KINDS = frozenset(
    one.__name__ for one in (ToteChecked, OrderChanged, OrderShipped, ParcelGated, LoadClosed, ItemReleased, SiteTold)
)
"""The records that may say something."""
_HELD = ("held", "holding", "non_sellable_other")
_FOLLOWS = {
    "restock": [("inspected", "inspecting", "conformant")],
    "refurbish": [("inspected", "inspecting", "non_conformant"), ("repaired", "repairing", "in_progress")],
    "supplier": [("inspected", "inspecting", "non_conformant"), _HELD],
    "scrap": [("inspected", "inspecting", "non_conformant"), ("destroyed", "destroying", "destroyed")],
    "back": [("inspected", "inspecting", "non_conformant"), _HELD],
}
"""By what becomes of an item that came back: roles, steps and dispositions."""
_WENT_OUT = frozenset({GateVerdict.RIGHT, GateVerdict.WRONG, GateVerdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class EpcisNames:
    """``node``: the journal's name. ``places``: URIs of lines and doors by name, as a GLN's; others are made from
    ``base`` and the site.
    """

    site: str
    node: str
    base: str = "urn:lanewise"
    places: Mapping[str, str] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """The URI of a line or door."""
        return self.places.get(name) or self._named("place", name)

    def order(self, name: str) -> str:
        """The URI of an order."""
        return self._named("order", name)

    def case(self, name: str) -> str:
        """The URI of a case."""
        return self._named("case", name)

    def load(self, name: str) -> str:
        """The URI of a load."""
        return self._named("load", name)

    def _named(self, what: str, name: str) -> str:
        return f"{self.base}:{what}:{_escaped(self.site)}:{_escaped(name)}"


def epcis_events(seq: int, value: Value | SiteTold, names: EpcisNames, before: Before) -> Iterator[Event]:
    """What a record says; of most nothing. ``before`` is asked only where an order got a parcel."""
    match value:
        case SiteTold(type="case.received.v1" | "case.inspected.v1"):
            yield from _returned(seq, value, names)
        case ToteChecked(final=True):
            yield from _checked(seq, value, names)
        case OrderChanged(order=order) if order.parcel and order.state is OrderState.OPEN:
            yield from _packed(seq, value, names, before(order.id))
        case OrderShipped() if (parcel := _link(value.parcel)) is not None:
            orders = _transactions(names, value.order)
            yield _event(
                seq,
                "sorted",
                value.at_us,
                names,
                _seen((parcel,)),
                "staging_outbound",
                "in_progress",
                value.line,
                orders,
            )
        case ParcelGated() if not value.by and (parcel := _link(value.parcel)) is not None:
            if value.verdict in _WENT_OUT or value.verdict is GateVerdict.UNLOADED:
                out = value.verdict is not GateVerdict.UNLOADED
                orders = _transactions(names, value.order, value.load)
                step, state = ("loading", "in_progress") if out else ("unloading", "in_progress")
                yield _event(seq, step, value.at_us, names, _seen((parcel,)), step, state, value.dock, orders)
        case LoadClosed():
            parcels = tuple(filter(None, (_link(one.parcel) for one in (*value.aboard, *value.wrong))))
            if parcels:
                loads = _transactions(names, "", value.load.id)
                yield _event(
                    seq,
                    "departed",
                    value.at_us,
                    names,
                    _seen(parcels),
                    "departing",
                    "in_transit",
                    value.load.dock,
                    loads,
                )
        case ItemReleased() if (item := _link(value.epc)) is not None:
            yield _event(seq, "released", value.at_us, names, _seen((item,)), "stocking", "sellable_accessible", "", [])
        case _:
            pass


def epcis_document(events: Sequence[Event], created_us: int) -> dict[str, Any]:
    """A document of some events, valid for `POST /capture`."""
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": iso(created_us),
        "epcisBody": {"eventList": list(events)},
    }


def order_before(reader: JournalReader, seq: int, order: str) -> Order | None:
    """An order as the last record before ``seq`` has it; None = there is none. Raises JournalError."""
    last = None
    for one in reader.by_ref(order):
        if one.seq >= seq:
            break
        if one.kind == OrderChanged.__name__ and isinstance(value := one.value, OrderChanged):
            last = value.order
    return last


def _checked(seq: int, value: ToteChecked, names: EpcisNames) -> Iterator[Event]:
    """A tote's content, as the portal saw it."""
    found = (*value.matched, *(one.subject for one in value.findings if one.kind in _MISMATCH))
    items = tuple(dict.fromkeys(filter(None, (_link(one) for one in found))))
    tote = _link(value.tote)
    kinds = {one.kind for one in value.findings}
    if not kinds:
        state = "completeness_verified"
    elif kinds & _MISMATCH:
        state = "mismatch_instance"
    else:
        state = "mismatch_quantity" if FindingKind.MISSING in kinds else "non_conformant"
    what = _seen(items) if tote is None else _inside(tote, items, (), "OBSERVE")
    if tote is not None or items:
        orders = _transactions(names, value.order)
        yield _event(seq, "checked", value.at_us, names, what, "inspecting", state, value.line, orders)


def _packed(seq: int, value: OrderChanged, names: EpcisNames, before: Order | None) -> Iterator[Event]:
    """An order's goods in a parcel, since it has its number; and out of the one before, or of the same one as packed
    before.
    """
    order = value.order
    was = before.parcel if before is not None else None
    if was == order.parcel and (before is None or before.items == order.items):
        return
    orders = _transactions(names, order.id)
    if before is not None and was and (old := _link(was)) is not None:
        what = _inside(old, *_content(before), "DELETE")
        yield _event(seq, "unpacked", value.at_us, names, what, "unpacking", "in_progress", "", orders)
    if (parcel := _link(order.parcel or "")) is not None:
        what = _inside(parcel, *_content(order), "ADD")
        yield _event(seq, "packed", value.at_us, names, what, "packing", "in_progress", "", orders)


def _returned(seq: int, value: SiteTold, names: EpcisNames) -> Iterator[Event]:
    """Items that came back, and what an inspection found; restocked ones are told by the lines, as they may be sold."""
    data = value.data
    given = data.get("epcs", [])
    items = tuple(filter(None, map(_link, given if isinstance(given, list) else [])))
    if not items:
        return
    cause = [{"type": "rma", "bizTransaction": names.case(value.subject)}]
    cause += _transactions(names, str(data.get("order", "")))
    steps = [("received", "receiving", "returned")]
    if value.type == "case.inspected.v1":
        steps = _FOLLOWS[str(data["disposition"])]
    for role, step, state in steps:
        made = _event(seq, role, value.at_us, names, _seen(items), step, state, "", cause)
        yield made | {"action": "DELETE"} if state == "destroyed" else made


def _content(order: Order) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """Items by URI, and of each article how many more."""
    named = order.items or tuple(order.epcs)
    items = tuple(filter(None, map(_link, named)))
    known = Counter(gtin_of(one) for one in named)
    articles: dict[str, int] = {}
    for line in order.lines:
        taken = min(line.quantity, known[line.gtin]) if line.gtin else 0
        known[line.gtin] -= taken
        if line.gtin and line.quantity > taken:
            name = f"{_LINKS}/01/{line.gtin}"
            articles[name] = articles.get(name, 0) + line.quantity - taken
    return items, tuple(articles.items())


def _event(
    seq: int,
    role: str,
    at_us: int,
    names: EpcisNames,
    what: Event,
    step: str,
    state: str,
    place: str,
    orders: list[Event],
) -> Event:
    made = {
        "eventID": _id(f"{names.site}/{names.node}/{seq}/{role}"),
        **what,
        "eventTime": iso(at_us, 3),
        "eventTimeZoneOffset": "+00:00",
        "bizStep": step,
        "disposition": state,
    }
    if place:
        made["readPoint"] = {"id": names.place(place)}
    if orders:
        made["bizTransactionList"] = orders
    return made


def _seen(what: Iterable[str]) -> Event:
    return {"type": "ObjectEvent", "action": "OBSERVE", "epcList": list(what)}


def _inside(parent: str, items: Iterable[str], articles: Iterable[tuple[str, int]], action: str) -> Event:
    made: Event = {"type": "AggregationEvent", "action": action, "parentID": parent, "childEPCs": list(items)}
    if quantities := [{"epcClass": name, "quantity": count} for name, count in articles]:
        made["childQuantityList"] = quantities
    return made


def _transactions(names: EpcisNames, order: str, load: str = "") -> list[Event]:
    made = [{"type": "po", "bizTransaction": names.order(order)}] if order else []
    return made + ([{"type": "bol", "bizTransaction": names.load(load)}] if load else [])


def _id(name: str) -> str:
    """A UUID of a name, the same always: version 8 of RFC 9562, its bits are those of a SHA-256."""
    bits = int.from_bytes(sha256(name.encode()).digest()[:16], "big")
    digits = f"{bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62:032x}"
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _escaped(name: str) -> str:
    """As a part of a URN."""
    return "".join(
        one
        if one.isascii() and (one.isalnum() or one in "-._~")
        else "".join(f"%{octet:02X}" for octet in one.encode())
        for one in name
    )


def _link(identity: str) -> str | None:
    """An identity as a Digital Link URI; None = it is none, as a tote of the house's own."""
    try:
        return parse(identity).digital_link
    except EpcError:
        return None
