"""What is said of a case: its state, its kind, what was found, what was done.

Public names: of_state, of_kind, of_class, of_want, of_channel, of_finding, of_disposition, of_cause, of_money, of_done,
more_of, tell_case.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.orders.cases import CaseKind, CaseState, CauseKind, ComplaintClass, ContactChannel, CustomerWant
from edge.orders.returns import Disposition, ReturnReason, UnitFinding
from edge.orders.tracking import ParcelTrouble
from edge.views.words.phrase import Phrase, Word, phrase

Body = Mapping[str, str | int | list[str]]
_CLASSES = frozenset((*ComplaintClass, *ReturnReason, "intercept"))
_TROUBLES = frozenset(ParcelTrouble)


def of_state(state: CaseState) -> Phrase:
    """How far it is."""
    return phrase(f"case.state.{state}")


def of_kind(kind: CaseKind) -> Phrase:
    """What it is."""
    return phrase(f"case.kind.{kind}")


def of_class(class_: str) -> Word:
    """What it is about; a code that has no words stays one."""
    if class_ in _CLASSES:
        return phrase(f"case.class.{class_}")
    return phrase(f"track.trouble.{class_}") if class_ in _TROUBLES else class_


def of_want(want: CustomerWant) -> Phrase:
    """What the customer wishes."""
    return phrase(f"case.want.{want}")


def of_channel(channel: ContactChannel) -> Phrase:
    """How somebody told."""
    return phrase(f"case.by.{channel}")


def of_finding(finding: UnitFinding) -> Phrase:
    """What a unit is."""
    return phrase(f"case.found.{finding}")


def of_disposition(to: Disposition) -> Phrase:
    """What becomes of it."""
    return phrase(f"case.to.{to}")


def of_cause(kind: CauseKind) -> Phrase:
    """Where a cause lies."""
    return phrase(f"case.cause.{kind}")


def of_money(kind: str) -> Phrase:
    """What an amount of the ledger is."""
    return phrase(f"case.money.{kind}")


def of_done(what: str) -> Phrase:
    """What was done to a case."""
    return phrase(f"case.did.{what}")


def more_of(what: str, body: Body) -> tuple[Phrase, ...]:
    """What is said of it besides."""
    more: list[Phrase] = []
    if what == "came":
        more.append(phrase("sale.more.outcome", outcome=of_finding(UnitFinding(str(body["finding"])))))
    if what == "inspected":
        more.append(phrase("sale.more.outcome", outcome=of_disposition(Disposition(str(body["disposition"])))))
    if isinstance(codes := body.get("codes"), list) and codes:
        more += [phrase("sale.more.of", of=phrase(f"case.why.{code}")) for code in codes]
    if what == "money":
        amounts = [f"{key} {body[key]}" for key in ("credit", "freight", "moved", "refund") if body.get(key)]
        more += [phrase("sale.more.of", of=f"{one} {body['currency']}") for one in amounts]
    keys = ("number", "epc", "sku", "order", "owner", "lead", "value", "reason")
    more += [phrase("sale.more.of", of=str(body[key])) for key in keys if body.get(key)]
    return tuple(more)


def tell_case(what: str, body: Body) -> Phrase:
    """What was done to a case, said at its order. ``body``: with its number as ``case``."""
    return phrase("sale.case", case=str(body["case"]), did=of_done(what), more=more_of(what, body))
