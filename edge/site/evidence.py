"""What is known of a parcel for whoever claims that something is wrong with it: reads, verdict, lane, door. Ids only.

Public names: evidence_of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from edge.core.values.layout import LineLayout
from edge.site.store import SiteStore
from edge.site.tables import stations
from edge.views.evidence import Evidence, ParcelWeight, evidence


def evidence_of(store: SiteStore, key: str, layouts: Iterable[LineLayout]) -> Evidence:
    """Of a parcel by its SSCC, or of a fulfilment by its id."""
    name = f"(00){key}" if key.isascii() and key.isdigit() and len(key) == 18 else key
    found = evidence(key, store.timeline(name, layouts))
    pack = stations.packs
    of = sa.or_(pack.c.sscc == key, pack.c.fulfilment.in_(found.orders))
    with store.connections.reading() as db:
        row = db.execute(sa.select(pack).where(of).order_by(pack.c.at_us.desc()).limit(1)).first()
    if row is None:
        return found
    weight = ParcelWeight(row.station, row.at_us, row.weighed_g, row.expected_g, row.tolerance_g, row.result)
    return replace(found, weight=weight)
