"""Why a parcel is not packed so, as sentences.

Public names: tell_pack_error.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.views.words.phrase import Phrase, Word, phrase


def tell_pack_error(code: str, values: Mapping[str, str | int]) -> Phrase:
    """``code`` and ``values``: as `edge.site.packing.PackError` has them."""
    words: dict[str, Word] = dict(values)
    if "state" in words:
        words["state"] = phrase(f"state.{words['state']}")
    if "fault" in words:
        words["fault"] = phrase(f"quality.fault.{words['fault']}")
    return phrase(f"station.refused.{code}", **words)
