"""An event of a site's outbox as publishers take it: a record whose text is a CloudEvent.

Public names: TOLD, SiteTold, site_told.

`lanewise publish SITE.toml` reads the outbox as if it were a journal; no journal has such records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from edge.journal.record import JournalError, Record

TOLD = "SiteTold"
"""The kind of these records."""
_PREFIX = "com.lanewise."


@dataclass(frozen=True, slots=True)
class SiteTold:
    """``type``: behind ``com.lanewise.``; ``data``: ids and codes, nothing personal."""

    at_us: int
    type: str
    subject: str
    data: dict[str, str | int | list[str]]


def site_told(record: Record) -> SiteTold:
    """Raises JournalError for a text that is none."""
    try:
        event = json.loads(record.body)
        return SiteTold(record.at_us, event["type"].removeprefix(_PREFIX), event["subject"], event["data"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"event {record.seq} of the outbox: {error!r}") from None
