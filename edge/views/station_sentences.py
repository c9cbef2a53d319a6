"""What is said at quality and packing stations: what is looked at, what is wrong, and why a parcel is not packed so.

Public names: tell_pack_error, of_aspect, of_fault, of_settlement, of_cause, of_check.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.orders.eligibility import ServiceRefusal
from edge.views.plan_sentences import tell_refusal
from edge.views.words.phrase import Phrase, Word, phrase


def tell_pack_error(why: str, values: Mapping[str, str | int | ServiceRefusal]) -> Phrase:
    """``why`` and ``values``: its code, and the rest as `edge.site.packing.PackError` has it."""
    words: dict[str, Word] = {
        key: tell_refusal(value) if isinstance(value, ServiceRefusal) else value for key, value in values.items()
    }
    if "state" in words:
        words["state"] = phrase(f"state.{values['state']}")
    if "fault" in words:
        words["fault"] = of_fault(str(values["fault"]))
    code = f"station.refused.{why}"
    return Phrase(code, words)


def of_aspect(one: str) -> Phrase:
    """What is looked at."""
    return phrase(f"quality.aspect.{one}")


def of_fault(one: str) -> Phrase:
    """What is wrong."""
    return phrase(f"quality.fault.{one}")


def of_settlement(one: str) -> Phrase:
    """What becomes of it."""
    return phrase(f"quality.settlement.{one}")


def of_cause(one: str) -> Phrase:
    """Why something is looked at."""
    return phrase(f"quality.cause.{one}")


def of_check(one: str) -> Phrase:
    """What is looked at on a closed one."""
    return phrase(f"station.check.{one}")
