"""A load's manifest: what is aboard, what is not, and since when; as values and as CSV.

Public names: Manifest, ManifestLine, manifest_of, manifest_csv, MANIFEST_COLUMNS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.core.dock.loads import LoadCheck
from edge.core.events import LoadClosed
from edge.core.iso_time import iso
from edge.core.values.load import Aboard, Load
from edge.views.csv_table import csv_table

MANIFEST_COLUMNS = (
    "load", "dock", "trailer", "parcel", "status", "order", "carrier", "service", "at", "by", "note", "mass_g",
    "limited_quantity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One parcel. ``status``: aboard, wrong, missing or undetermined. ``at_us`` 0: it is not known to be aboard.

    ``mass_g``: of its goods, 0 = nobody knows; ``limited``: dangerous goods in limited quantities are among them.
    """

    parcel: str
    status: str
    order: str = ""
    carrier: str = ""
    service: str = ""
    at_us: int = 0
    by: str = ""
    note: str = ""
    mass_g: int = 0
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """A load with all its parcels. ``closed_us`` 0: it is open, and this is how it is now.

    ``reason``: why it was closed although it was not complete. ``later``: see `edge.core.dock.loads.LoadCheck`.
    ``mass_g``: of what is aboard, as far as it is known; ``limited_g``: of parcels among it with dangerous goods in
    limited quantities, which a carrier must be told before.
    """

    load: Load
    opened_us: int
    closed_us: int
    by: str
    reason: str
    complete: bool
    later: int
    lines: tuple[ManifestLine, ...]
    mass_g: int = 0
    limited_g: int = 0

    @property
    def aboard(self) -> tuple[ManifestLine, ...]:
        """The parcels that are known to be aboard, wrong ones too."""
        return tuple(line for line in self.lines if line.status in ("aboard", "wrong"))


def manifest_of(given: LoadCheck | LoadClosed) -> Manifest:
    """Of an open load as it is, or of a closed one as it left."""
    lines = tuple(_lines(given))
    complete = all(line.status == "aboard" for line in lines)
    if isinstance(given, LoadClosed):
        return Manifest(given.load, given.opened_us, given.at_us, given.by, given.reason, complete, 0, lines)
    return Manifest(given.load, given.opened_us, 0, given.by, "", complete, given.later, lines)


def _lines(given: LoadCheck | LoadClosed) -> Iterator[ManifestLine]:
    for status, parcels in (("aboard", given.aboard), ("wrong", given.wrong)):
        yield from (_line(one, status) for one in parcels)
    for status, names in (("missing", given.missing), ("undetermined", given.undetermined)):
        yield from (ManifestLine(name, status) for name in names)


def _line(one: Aboard, status: str) -> ManifestLine:
    return ManifestLine(one.parcel, status, one.order, one.carrier, one.service, one.at_us, one.by, one.text)


def manifest_csv(manifest: Manifest) -> str:
    """UTF-8 with a header, a row for each parcel (`MANIFEST_COLUMNS`), times in UTC."""
    load = manifest.load
    rows = (
        (
            load.id,
            load.dock,
            load.trailer,
            line.parcel,
            line.status,
            line.order,
            line.carrier,
            line.service,
            iso(line.at_us) if line.at_us else "",
            line.by,
            line.note,
            str(line.mass_g or ""),
            "1" if line.limited else "",
        )
        for line in manifest.lines
    )
    return csv_table(MANIFEST_COLUMNS, rows)
