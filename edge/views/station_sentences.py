"""Why a parcel is not packed so, as sentences.

Public names: tell_pack_error.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.orders.eligibility import ServiceRefusal
from edge.views.plan_sentences import tell_refusal
from edge.views.words.phrase import Phrase, Word, phrase


def tell_pack_error(code: str, values: Mapping[str, str | int | ServiceRefusal]) -> Phrase:
    """``code`` and ``values``: as `edge.site.packing.PackError` has them."""
    words: dict[str, Word] = {
        key: tell_refusal(value) if isinstance(value, ServiceRefusal) else value for key, value in values.items()
    }
    if "state" in words:
        words["state"] = phrase(f"state.{words['state']}")
    if "fault" in words:
        words["fault"] = phrase(f"quality.fault.{words['fault']}")
    return phrase(f"station.refused.{code}", **words)
