"""What is known of a parcel for whoever claims that something is wrong with it: reads, verdict, lane, door. Ids only.

Public names: evidence_of.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.core.values.layout import LineLayout
from edge.site.store import SiteStore
from edge.views.evidence import Evidence, evidence


def evidence_of(store: SiteStore, key: str, layouts: Iterable[LineLayout]) -> Evidence:
    """Of a parcel by its SSCC, or of a fulfilment by its id."""
    name = f"(00){key}" if key.isascii() and key.isdigit() and len(key) == 18 else key
    return evidence(key, store.timeline(name, layouts))
