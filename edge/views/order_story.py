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
    ParcelGated,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    Sorted,
    ToteChecked,
)
from edge.core.iso_time import iso
from edge.journal.record import Value
from edge.views.case_words import tell_case
from edge.views.plan_sentences import pickup_shown
from edge.views.station_sentences import of_aspect, of_fault, of_settlement
from edge.views.track_words import of_mail, of_parcel_code
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
    if what.startswith("case-"):
        said = tell_case(what.removeprefix("case-"), body)
        return StoryPart(said, phrase("at.case", case=str(body["case"])), person)
    match what:
        case "taken":
            return _taken(body)
        case "judged":
            return StoryPart(_found(body), phrase("at.review"), phrase("because.rules"))
        case "planned":
            carrier, cutoff = f"{body['carrier']} {body['code']}".strip(), iso(_count(body, "cutoff_us"))
            said = phrase("sale.planned", by=carrier, cutoff=cutoff)
            return StoryPart(said, _wave(body), phrase("because.pickup", pickup=pickup_shown(str(body["pickup"]))))
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
        case "checked" | "quality-refused" | "quality-settled" | "packed":
            return StoryPart(_at_station(what, body), _station(body), person)
        case "labelled":
            return StoryPart(phrase("sale.labelled", sscc=str(body["sscc"])), phrase("at.packing"), person)
        case "label-void":
            return StoryPart(phrase("sale.label-void", sscc=str(body["sscc"])), phrase("at.packing"), person)
        case "rerouted" | "stuck":
            place, was = phrase(f"carriers.where.{body['where']}"), str(body["from"])
            name = str(body["fulfilment"])
            if what == "stuck":
                return StoryPart(phrase("sale.stuck", fulfilment=name, where=place, was=was), phrase("at.desk"), person)
            to, code = str(body["carrier"]), str(body["code"])
            said = phrase("sale.rerouted", fulfilment=name, where=place, was=was, carrier=to, code=code)
            return StoryPart(said, phrase("at.desk"), person)
        case _:
            wish = StoryPart(phrase(f"sale.{what}", more=_more(by, reason, body)), phrase("at.desk"), person)
            return _of_way(what, by, body) or wish


def _at_station(what: str, body: Body) -> Phrase:
    sku = str(body.get("sku", ""))
    match what:
        case "checked":
            code = "sale.checked" if sku else "sale.checked-all"
            return phrase(code, sku=sku, aspect=of_aspect(str(body["aspect"])))
        case "quality-refused":
            fault = of_fault(str(body["fault"]))
            return phrase("sale.quality-refused", units=_count(body, "units"), sku=sku, fault=fault)
        case "quality-settled":
            settlement = of_settlement(str(body["settlement"]))
            return phrase("sale.quality-settled", sku=sku, settlement=settlement)
        case _:
            return phrase("sale.packed", sscc=str(body["sscc"]), more=_packed(body))


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
        case ParcelGated(dock=dock):
            return phrase("at.dock", dock=dock), journaled
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


def _of_way(what: str, by: str, body: Body) -> StoryPart | None:
    """What was told of its parcel on its way, or done about it; None = it is of something else."""
    match what:
        case "parcel-told":
            state = of_parcel_code(str(body["code"]))
            said = phrase("sale.parcel-told", sscc=str(body["sscc"]), state=state)
            place = phrase("at.dock", dock=str(body["given"])) if by == "dock" else _town(body)
            return StoryPart(said, place, phrase("because.carrier", carrier=by) if by != "dock" else None)
        case "parcel-trouble":
            said = phrase(
                "sale.parcel-trouble", sscc=str(body["sscc"]), trouble=phrase(f"track.trouble.{body['trouble']}")
            )
            case = _count(body, "case")
            return StoryPart(said, None, phrase("because.case", number=case) if case else None)
        case "mailed":
            kind = of_mail(str(body["kind"]), str(body["fulfilment"]))
            return StoryPart(phrase("sale.mailed", kind=kind), None, phrase("because.parcel", sscc=str(body["sscc"])))
        case "rated":
            said = phrase("sale.rated", score=_count(body, "score"))
            return StoryPart(said, None, phrase("because.parcel", sscc=str(body["sscc"])))
        case _:
            return None


def _town(body: Body) -> Phrase | None:
    return phrase("at.town", town=str(body["place"])) if body.get("place") else None


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
