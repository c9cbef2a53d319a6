"""Manifests of loads that left: weighed, and laid into the folders of their carriers.

Public names: weighed, file_manifests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from edge.site import departures
from edge.site.departures import GoodsWeight
from edge.site.tables import tracking as tables
from edge.views.manifest import Manifest, manifest_csv

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def weighed(db: sa.Connection, manifest: Manifest) -> Manifest:
    """A manifest with what its parcels weigh, as far as their articles say."""
    known = departures.weights(db, {line.order for line in manifest.lines if line.order})
    lines = tuple(
        replace(line, mass_g=its.mass_g, limited=its.limited)
        for line in manifest.lines
        for its in (known.get(line.order, GoodsWeight()),)
    )
    made = replace(manifest, lines=lines)
    limited_g = sum(line.mass_g for line in made.aboard if line.limited)
    return replace(made, mass_g=sum(line.mass_g for line in made.aboard), limited_g=limited_g)


def file_manifests(
    at: StoreConnections, folder_of: Callable[[str], Path | None], load_of: Callable[[str], Manifest | None], at_us: int
) -> list[str]:
    """Writes what the carriers' folders do not have yet; the loads. One that was written is not written again.

    Raises OSError for a folder that cannot be written: its loads stay due.
    """
    its = tables.departures
    with at.reading() as db:
        due = db.execute(sa.select(its.c.load, its.c.carrier).where(its.c.filed_us == 0).limit(100)).all()
    done: list[str] = []
    for load, carrier in due:
        folder, manifest = folder_of(carrier), load_of(load)
        if folder is not None and manifest is not None:
            with at.reading() as db:
                manifest = weighed(db, manifest)
            _written(folder, load, {"json": msgspec.json.encode(manifest), "csv": manifest_csv(manifest).encode()})
            done.append(load)
        if folder is None or manifest is not None:
            with at.writing() as db:
                db.execute(its.update().where(its.c.load == load).values(filed_us=at_us))
    return done


def _written(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Whole or not at all, since somebody else takes them as soon as they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, body in files.items():
        with NamedTemporaryFile(dir=folder, prefix=".", suffix=f".{kind}", delete=False) as room:
            room.write(body)
        Path(room.name).chmod(0o644)
        Path(room.name).replace(folder / f"{name}.{kind}")
