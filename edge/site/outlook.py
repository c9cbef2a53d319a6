"""What an upgrade would do to a site: to its store, tried on a copy, and to what its lines decide from then on.

Public names: outlook.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.config.lines import LineConfig
from edge.core.events import Started
from edge.core.values.flags import FLAGS
from edge.journal.disk import free_bytes
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.site.copies import backup
from edge.site.engine import StoreError, named, sqlite_file
from edge.site.schema import Step, upgrade
from edge.site.tables import REVISION

_MB = 1_000_000


def outlook(url: str, lines: list[LineConfig]) -> Iterator[str]:
    """A line each; nothing of the site is changed. Raises StoreError, at the end where the trial on the copy failed."""
    steps = upgrade(url, dry_run=True)
    for line in lines:
        yield from _of_journal(line)
    yield from _of_store(url, steps)


def _of_store(url: str, steps: list[Step]) -> Iterator[str]:
    name, file = named(url), sqlite_file(url)
    if not steps:
        yield f"{name}: of this version"
        return
    size = "" if file is None else f", {file.stat().st_size / _MB:,.1f} MB"
    yield f"{name}: {len(steps)} step(s) behind revision {REVISION} of this version{size}"
    for step in steps:
        yield f"  would run {step.revision}: {step.what}"
    yield f"  {'PostgreSQL: how long it takes is not tried here' if file is None else _tried(url, file)}"
    yield "  back: only by a backup made before, since an earlier version refuses these tables"


def _tried(url: str, file: Path) -> str:
    """How long it takes, by doing it to a copy."""
    needed = 3 * file.stat().st_size
    if (free := free_bytes(file)) < needed:
        return f"not tried on a copy: {needed / _MB:,.0f} MB are needed beside it, {free / _MB:,.0f} MB are free"
    with TemporaryDirectory(prefix=".upgrade-tried-", dir=file.parent) as folder:
        copy = Path(folder) / file.name
        begun_s = time.monotonic()
        backup(url, copy)
        copied_s = time.monotonic()
        try:
            upgrade(f"sqlite:///{copy}", dry_run=False)
        except StoreError as error:
            raise StoreError(f"the upgrade was tried on a copy and fails, do not begin it: {error}") from None
        took = f"backup {copied_s - begun_s:.1f} s, upgrade {time.monotonic() - copied_s:.1f} s"
    return f"tried on a copy: {took}; the api is away for as long, the lines go on"


def _of_journal(line: LineConfig) -> Iterator[str]:
    here = f"controller {line.controller}: {line.journal}"
    try:
        with closing(JournalReader(line.journal)) as reader:
            begun = reader.of_kind(Started.__name__, 1)
            last = reader.last()
    except JournalError as error:
        yield f"controller {line.controller}: {error}"
        return
    started = begun[0].value if begun else None
    if not isinstance(started, Started):
        yield f"{here}: empty"
        return
    size = line.journal.stat().st_size / _MB
    yield f"{here}: {size:,.1f} MB, last record {last:,}, written by {started.version}, this is {version('lanewise')}"
    if unknown := [flag for flag in started.flags if flag not in FLAGS]:
        yield f"  refused: decided by {', '.join(unknown)}, which this version does not know: start a newer one"
    elif newer := [flag for flag in FLAGS if flag not in started.flags]:
        yield f"  decides otherwise from then on, as CHANGELOG.md says: {', '.join(newer)}"
        yield "  back: an earlier version refuses this journal from then on, and takes a new path for it"
    else:
        yield "  decides as before; back: the version before goes on with it while nothing new is written"
    yield f"  the lines are away from stop to start, some seconds; publishers go on where they were: {_cursors(line)}"


def _cursors(line: LineConfig) -> str:
    if not line.publish:
        return "there are none"
    try:
        with closing(sqlite3.connect(f"{line.publish_state.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (form,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return f"{line.publish_state} is not there yet"
    return f"{line.publish_state}, form {form}"
