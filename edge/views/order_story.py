"""What was done to an order, as sentences: what, where, and what was the cause.

Public names: StoryPart, tell_change, tell_record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.core.events import (
    Anomaly,
    CommandHandled,
    CommandSent,
    ItemReleased,
    OrderChanged,
    OrderShipped,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    Sorted,
    ToteChecked,
)
from edge.core.iso_time import iso
from edge.journal.record import Value
from edge.views.station_sentences import of_aspect, of_fault, of_settlement
from edge.views.words.phrase import Phrase, phrase

Body = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class StoryPart:
    """One thing that happened. ``place`` and ``cause``: None = nobody knows."""

    said: Phrase
    place: Phrase | None = None
    cause: Phrase | None = None


def tell_change(what: str, by: str, reason: str, body: Body) -> StoryPart:
    """What was done to an order; ``what`` and ``body`` as `edge.site.stories` has them."""
    person, units, sku = _of_person(by, reason), _count(body, "units"), str(body.get("sku", ""))
    if what.startswith("floor-"):
        state = phrase(f"fulfilment.{what.removeprefix('floor-')}")
        return StoryPart(phrase("sale.floor", fulfilment=str(body["fulfilment"]), state=state), phrase("at.floor"))
    match what:
        case "taken":
            return _taken(body)
        case "judged":
            return StoryPart(_found(body), phrase("at.review"), phrase("because.rules"))
        case "planned":
            carrier, cutoff = f"{body['carrier']} {body['code']}".strip(), iso(_count(body, "cutoff_us"))
            said = phrase("sale.planned", by=carrier, cutoff=cutoff)
            return StoryPart(said, _wave(body), phrase("because.pickup", pickup=str(body["pickup"])))
        case "wave-released":
            return StoryPart(phrase("sale.wave-released", fulfilment=str(body["fulfilment"])), _wave(body), person)
        case "withdrawn":
            return StoryPart(phrase("sale.withdrawn", fulfilment=str(body["fulfilment"])), _wave(body), person)
        case "claimed":
            return StoryPart(phrase("sale.claimed", by=by), _round(body), person)
        case "handed-back":
            return StoryPart(phrase("sale.handed-back", by=by), _round(body), person)
        case "picked":
            return StoryPart(phrase("sale.picked", by=by, units=units, sku=sku), _bin(body), _line(body))
        case "short":
            why = phrase(f"pick.short.{body['short']}")
            said = phrase("sale.short", why=why, bin=str(body["bin"]), units=units, sku=sku)
            return StoryPart(said, _bin(body), _line(body))
        case "to-put-back":
            why = phrase("because.cancelled") if reason == "cancelled" else phrase("because.reason", reason=reason)
            said = phrase("sale.to-put-back", bin=str(body["bin"]), units=units, sku=sku)
            return StoryPart(said, phrase("at.tote", tote=str(body["tote"])) if body["tote"] else None, why)
        case "back-in-bin":
            return StoryPart(phrase("sale.back-in-bin", units=units, sku=sku), _bin(body), person)
        case "checked":
            aspect = of_aspect(str(body["aspect"]))
            return StoryPart(phrase("sale.checked", sku=sku, aspect=aspect), _station(body), person)
        case "quality-refused":
            fault = of_fault(str(body["fault"]))
            return StoryPart(phrase("sale.quality-refused", units=units, sku=sku, fault=fault), _station(body), person)
        case "quality-settled":
            settlement = of_settlement(str(body["settlement"]))
            return StoryPart(phrase("sale.quality-settled", sku=sku, settlement=settlement), _station(body), person)
        case "packed":
            return StoryPart(phrase("sale.packed", sscc=str(body["sscc"]), more=_packed(body)), _station(body), person)
        case "labelled":
            return StoryPart(phrase("sale.labelled", sscc=str(body["sscc"])), phrase("at.packing"), person)
        case "label-void":
            return StoryPart(phrase("sale.label-void", sscc=str(body["sscc"])), phrase("at.packing"), person)
        case _:
            return StoryPart(phrase(f"sale.{what}", more=_more(by, reason, body)), phrase("at.desk"), person)


def tell_record(value: Value, seq: int) -> tuple[Phrase | None, Phrase | None]:
    """Place and cause of what a journal or the feed tells; ``seq``: its number there."""
    journaled = phrase("because.record", number=seq)
    match value:
        case OrderChanged() | ItemReleased():
            return phrase("at.feed"), phrase("because.feed", number=value.feed_seq)
        case RouteDecided(line=line, lane=lane) | Sorted(line=line, lane=lane) | OrderShipped(line=line, lane=lane):
            return phrase("at.lane", line=line, lane=lane), journaled
        case PlcEvent(plc=plc, track_id=track) | ToteChecked(line=plc, track_id=track):
            return phrase("at.track", line=plc, track=track), journaled
        case PassageSeen(line=line, track_id=track) | Anomaly(line=line, track_id=track):
            return phrase("at.track", line=line, track=track), journaled
        case CommandSent(plc=plc) | CommandHandled(plc=plc):
            return phrase("at.plc", plc=plc), journaled
        case _:
            return None, journaled


def _more(by: str, reason: str, body: Body) -> tuple[Phrase, ...]:
    """What is said of a wish beside what it is."""
    more: list[Phrase] = []
    if outcome := body.get("outcome"):
        more.append(phrase("sale.more.outcome", outcome=phrase(f"contact.{outcome}")))
    more += [phrase("sale.more.of", of=str(body[key])) for key in ("channel", "other", "fulfilment") if body.get(key)]
    if isinstance(codes := body.get("codes"), list) and codes:
        more.append(phrase("sale.more.codes", codes=tuple(codes)))
    if isinstance(lines := body.get("lines"), list) and lines:
        more.append(phrase("sale.more.lines", lines=tuple(lines)))
    if by:
        more.append(phrase("sale.more.by", by=by))
    if reason:
        more.append(phrase("sale.more.reason", reason=reason))
    return tuple(more)


def _taken(body: Body) -> StoryPart:
    channel, run = str(body.get("channel", "")), str(body.get("run", ""))
    cause = phrase("because.import", run=run) if run else None
    place = phrase("at.channel", channel=channel)
    if file := body.get("file"):
        place = phrase("at.row", file=str(file), row=_count(body, "row"))
    return StoryPart(phrase("sale.taken", channel=channel), place, cause)


def _found(body: Body) -> Phrase:
    codes = body.get("codes")
    rules = tuple(phrase(f"rule.{one}") for one in codes) if isinstance(codes, list) else ()
    if not body.get("stage"):  # it was accepted, and is found wanting now
        return phrase("sale.judged", rules=rules)
    return phrase("sale.found", rules=rules) if rules else phrase("sale.passed")


def _of_person(by: str, reason: str) -> Phrase | None:
    if not by:
        return None
    return phrase("because.person-why", by=by, reason=reason) if reason else phrase("because.person", by=by)


def _packed(body: Body) -> tuple[Phrase, ...]:
    """What is said of a parcel beside its number."""
    more: list[Phrase] = []
    if carton := str(body.get("carton", "")):
        more.append(phrase("sale.more.carton", carton=carton))
    if grams := _count(body, "grams"):
        more.append(phrase("sale.more.grams", grams=grams))
    reasons = {code: str(body.get(code, "")) for code in ("overruled", "unverified", "differs")}
    more += [phrase(f"sale.more.{code}", reason=reason) for code, reason in reasons.items() if reason]
    return tuple(more)


def _station(body: Body) -> Phrase:
    return phrase("at.station", station=str(body["station"]))


def _wave(body: Body) -> Phrase:
    return phrase("at.wave", wave=str(body["wave"]))


def _round(body: Body) -> Phrase:
    return phrase("at.round", round=str(body["round"]))


def _bin(body: Body) -> Phrase:
    return phrase("at.bin", bin=str(body["bin"]))


def _line(body: Body) -> Phrase:
    return phrase("because.line", round=str(body["round"]), line=_count(body, "line"))


def _count(body: Body, key: str) -> int:
    found = body.get(key)
    return found if isinstance(found, int) else 0
