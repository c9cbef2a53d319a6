"""A whole site in one folder: store, journals, cursors of publishers and configuration, copied while all of it runs.

Public names: back_up, bring_back, HELD.

    SITE.toml, LINE.toml, files they name   as they lie beside SITE.toml; others by their whole path in `elsewhere`
    site.sqlite                             a store in SQLite
    CONTROLLER/journal.sqlite, publish.sqlite
    backup.json                             what is what, from where, of which size and SHA-256

The store goes first and journals last: what is in no copy of the store yet, the journals tell again. Secrets are in no
backup; which files they are, `backup.json` says.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from edge.config.bared import other_files, secret_files
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_controllers, load_site
from edge.core.iso_time import iso
from edge.journal.disk import begin_file
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.site.copies import backup, restore
from edge.site.engine import StoreError, named, sqlite_file

HELD = "backup.json"


@dataclass(frozen=True, slots=True)
class Copy:
    """One file, by its path in the folder. ``source``: where it was. ``last``: a journal's newest record."""

    file: str
    source: str
    octets: int
    sha256: str
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """What a backup holds. ``apart``: secrets, which are in none and are kept elsewhere."""

    lanewise: str
    at: str
    site: str
    store: str
    copies: tuple[Copy, ...]
    apart: tuple[str, ...]


def back_up(config: Path, folder: Path) -> Iterator[str]:
    """Writes all of a site to a new or empty folder; a line for each part.

    Raises StoreError, JournalError, ConfigError, OSError.
    """
    site = load_site(config)
    lines = load_controllers(site)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder}: there is something already: name a new folder for each backup")
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    copies: list[Copy] = []
    if sqlite_file(site.store) is None:
        yield f"{named(site.store)}: not in it: its own tools copy it, as pg_dump"
    else:
        copied = backup(site.store, folder / "site.sqlite")
        copies.append(_copy(folder, folder / "site.sqlite", site.store))
        yield f"{copies[-1].file}: {copied.orders} orders, feed up to {copied.newest}"
    for line in lines:
        for name, file in (("publish.sqlite", line.publish_state), ("journal.sqlite", line.journal)):
            if file.is_file():
                to = folder / line.controller / name
                copies.append(_database(folder, file, to, journal=file == line.journal))
                last = "" if copies[-1].last is None else f": up to record {copies[-1].last}"
                yield f"{copies[-1].file}{last}"
    for file in _written(config, site, lines):
        lies, here = file.resolve(), config.resolve().parent
        beside = lies.is_relative_to(here)
        to = folder / (lies.relative_to(here) if beside else Path("elsewhere", *lies.parts[1:]))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
        copies.append(_copy(folder, to, str(file)))
        yield copies[-1].file
    apart = tuple(dict.fromkeys(str(file) for file in _secrets(site, lines)))
    whole = Whole(version("lanewise"), iso(now_us()), site.site, named(site.store), tuple(copies), apart)
    (folder / HELD).write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1))
    if folders := dict.fromkeys(str(one) for its in (site, *lines) for one in other_files(its) if one.is_dir()):
        yield f"not in it, as they are folders: {', '.join(folders)}"
    yield f"not in it, to be kept apart: {', '.join(apart) or 'nothing secret is named'}"


def bring_back(config: Path, folder: Path) -> Iterator[str]:
    """Puts the store of a backup in its place, and journals and cursors where there are none; a line for each.

    The configuration stays as it is: `config` is read. Raises StoreError before anything is changed where a file of the
    backup is another than was written, and JournalError, ConfigError, OSError.
    """
    site = load_site(config)
    lines = load_controllers(site)
    whole = _held(folder)
    if sqlite_file(site.store) is not None and any(one.file == "site.sqlite" for one in whole.copies):
        copied = restore(site.store, folder / "site.sqlite")
        yield f"{named(site.store)}: {copied.orders} orders, feed up to {copied.newest}, epoch {copied.epoch}"
    else:
        yield f"{named(site.store)}: left as it is: this backup has no store in SQLite"
    for line in lines:
        for name, file in (("journal.sqlite", line.journal), ("publish.sqlite", line.publish_state)):
            its = next((one for one in whole.copies if one.file == f"{line.controller}/{name}"), None)
            if its is None:
                continue
            if file.exists():
                yield f"{file}: left as it is: it is there, and has what came since"
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f"{file.name}.unfinished")
            begin_file(unfinished)
            shutil.copyfile(folder / its.file, unfinished)
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(file)
            yield f"{file}: as it was{'' if its.last is None else f', up to record {its.last}'}"


def _held(folder: Path) -> Whole:
    try:
        whole = msgspec.json.decode((folder / HELD).read_bytes(), type=Whole)
    except FileNotFoundError:
        raise StoreError(f"{folder}: no whole backup: it has no {HELD}") from None
    except msgspec.DecodeError as error:
        raise StoreError(f"{folder / HELD}: {error}") from None
    for one in whole.copies:
        file = folder / one.file
        if not file.is_file() or _hash(file) != one.sha256:
            what = "is another than was written" if file.exists() else "is gone"
            raise StoreError(f"{file}: {what}: nothing was changed")
    return whole


def _database(folder: Path, file: Path, to: Path, *, journal: bool) -> Copy:
    """SQLite's own backup of a file that others write meanwhile."""
    to.parent.mkdir(parents=True, exist_ok=True)
    begin_file(to)
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(to, isolation_level=None)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise (JournalError if journal else StoreError)(f"{file}: {error}") from None
    return _copy(folder, to, str(file), _last(to) if journal else None)


def _last(journal: Path) -> int:
    with closing(JournalReader(journal)) as reader:
        return reader.last()


def _copy(folder: Path, file: Path, source: str, last: int | None = None) -> Copy:
    with file.open("rb") as written:
        os.fsync(written.fileno())
    return Copy(str(file.relative_to(folder)), source, file.stat().st_size, _hash(file), last)


def _hash(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _written(config: Path, site: SiteConfig, lines: list[LineConfig]) -> list[Path]:
    """What people wrote: the files of the configuration, and those that they name."""
    secret = {file.resolve() for file in _secrets(site, lines)}
    named_by = (file for one in (site, *lines) for file in other_files(one))
    files = dict.fromkeys((config, *(one.config for one in site.controller), *named_by))
    return [file for file in files if _is_text(file) and file.resolve() not in secret]


def _is_text(file: Path) -> bool:
    """Whether it is a file, and no database."""
    if not file.is_file():
        return False
    with file.open("rb") as read:
        return not read.read(16).startswith(b"SQLite format")


def _secrets(site: SiteConfig, lines: list[LineConfig]) -> Iterator[Path]:
    if (path := sqlite_file(site.store)) is not None or site.secret_file is not None:
        yield site.secret_file or Path(f"{path}.secret")
    for config in (site, *lines):
        yield from secret_files(config)
