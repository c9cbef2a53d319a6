"""What is said of shop orders: findings, refusals, stages, places, contacts.

Public names: of_finding, of_stored, of_rule, of_refusal, of_stage, of_state, of_place, of_contact,
of_outcome.
"""

from __future__ import annotations

from edge.orders.contact import ContactOutcome
from edge.orders.review import ReviewFinding
from edge.orders.sales import OrderStage
from edge.orders.stages import FulfilmentState, FulfilmentTurn, Place
from edge.orders.work import WishRefused
from edge.views.words.phrase import Phrase, Word, phrase


def of_finding(finding: ReviewFinding) -> Phrase:
    """One sentence: where, the value, what is allowed, what to do."""
    return of_stored(finding.code, finding.where, finding.value, finding.limit)


def of_stored(found: str, where: str, value: str, limit: str) -> Phrase:
    """The same of a finding as the store has it, also of one that is no rule's: that somebody holds an order."""
    code = f"review.{found}"
    return Phrase(code, {"where": where, "value": value, "limit": limit})


def of_rule(found: str) -> Phrase:
    """A finding in a word or two, by its code alone."""
    return phrase(f"rule.{found}")


def of_refusal(refused: WishRefused) -> Phrase:
    """Why a wish or a report changes nothing."""
    code = f"order-refused.{refused.code}"
    values: dict[str, Word] = dict(refused.values)
    if "stage" in values:
        values["stage"] = phrase(f"order-stage.{refused.values['stage']}")
    for key in ("state", "turn"):
        if key in values:
            values[key] = phrase(f"fulfilment.{refused.values[key]}")
    return Phrase(code, values)


def of_stage(stage: OrderStage) -> Phrase:
    """How far an order is."""
    return phrase(f"order-stage.{stage}")


def of_state(state: FulfilmentState | FulfilmentTurn) -> Phrase:
    """Where the goods of a fulfilment are, or what was said of them."""
    return phrase(f"fulfilment.{state}")


def of_place(place: Place) -> Phrase:
    """Where a unit is."""
    return phrase(f"place.{place}")


def of_contact(outcome: ContactOutcome) -> Phrase:
    """What came of asking a customer."""
    return phrase(f"contact.{outcome}")


def of_outcome(outcome: str) -> Phrase:
    """What became of an order that came in, by its code as an import notes it."""
    return phrase(f"sales.outcome.{outcome}")
