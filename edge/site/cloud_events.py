"""What the outbox tells as CloudEvents 1.0: ids and codes, nothing personal.

Public names: CloudEvent, cloud_event, events_behind, records_behind, EVENT_TYPE, BATCH_TYPE.

Source: CloudEvents 1.0.2 with its JSON format and the extension `sequence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec
import sqlalchemy as sa

from edge.core.iso_time import iso
from edge.journal.record import Record
from edge.site.outbox import OutboxRow, rows_behind

EVENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """``id``: with ``source`` no other event's, and the same whenever it is told. ``sequence``: its order."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    sequence: str
    data: dict[str, str | int | list[str]]


def cloud_event(site: str, row: OutboxRow) -> CloudEvent:
    """A row of a site's outbox."""
    return CloudEvent(
        specversion="1.0",
        id=f"{row.seq}-{row.at_us}",
        source=f"/sites/{quote(site, safe='')}",
        type=f"com.lanewise.{row.told.type}",
        subject=row.told.subject,
        time=iso(row.at_us, 6),
        datacontenttype="application/json",
        sequence=f"{row.seq:020d}",
        data=row.told.body,
    )


def events_behind(db: sa.Connection, site: str, after: int, limit: int) -> list[CloudEvent]:
    """Up to ``limit`` of a site's events behind a sequence, in order."""
    return [cloud_event(site, row) for row in rows_behind(db, after, limit)]


def records_behind(db: sa.Connection, site: str, after: int, limit: int) -> list[Record]:
    """The same as records of a journal, whose kind is that of `edge.publish.told`."""
    return [
        Record(row.seq, row.at_us, "", "SiteTold", msgspec.json.encode(cloud_event(site, row)).decode())
        for row in rows_behind(db, after, limit)
    ]
