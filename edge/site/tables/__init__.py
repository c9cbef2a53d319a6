"""The tables of the site store, a file for each concept; a new file is named here, and in a migration."""

from edge.site.tables import carriers, cases, floor, kpis, metadata, parcels, picks, sales, stations, stock, tracking, webhooks
from edge.site.tables.floor import (
    SCHEMA,
    SCHEMA_RELEASES,
    SCHEMAS,
    feed,
    feed_epochs,
    feed_refs,
    mirror,
    mirror_refs,
    order_codes,
    order_items,
    orders,
    progress,
    schema_version,
)
from edge.site.tables.metadata import METADATA, REVISION

__all__ = [
    "METADATA",
    "REVISION",
    "SCHEMA",
    "SCHEMAS",
    "SCHEMA_RELEASES",
    "carriers",
    "cases",
    "feed",
    "feed_epochs",
    "feed_refs",
    "floor",
    "kpis",
    "metadata",
    "mirror",
    "mirror_refs",
    "order_codes",
    "order_items",
    "orders",
    "parcels",
    "picks",
    "progress",
    "sales",
    "schema_version",
    "stations",
    "stock",
    "tracking",
    "webhooks",
]
