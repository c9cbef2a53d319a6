"""Journal files: rows with values that no writer of ours writes, and octets that a disk has spoilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from struct import iter_unpack

from edge.core.events import DeviceChanged, OrderChanged
from edge.core.values.order import Order
from edge.core.values.state import CoreState
from edge.journal.damage import look_for_damage
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, readable
from edge.journal.replay import begin_of, replay
from edge.journal.writer import Journal
from fuzz.borders import Take

_COLUMNS = ("seq", "at_us", "line", "kind", "body")


def seeds() -> Iterable[bytes]:
    """Changes of rows, five octets and a text each: row, column, type; and of octets: four of place and one."""
    for column in range(len(_COLUMNS)):
        for type_ in range(5):
            yield bytes((0, 2, column, type_)) + b"7"
    yield b"\0\x01\x03\x02OrderChanged"
    yield b"\1\x00\x00\x10\x05\xff\x00\x00\x20\x10\x00"


@contextmanager
def opened(folder: Path) -> Iterator[Take]:
    """With a journal of a few records, made anew for each input."""
    path = folder / "journal.sqlite"
    journal = Journal(path)
    order = Order(id="A-1", carrier="DHL", service="express", lines=())
    journal.append(
        [DeviceChanged(at_us=at, device="plc.a", up=True, reason="x" * (at % 9)) for at in range(1, 30)]
        + [OrderChanged(at_us=30, order=order, feed_seq=1)]
    )
    journal.flush()
    journal.checkpoint(30, CoreState(at_us=30))
    journal.flush()
    journal.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode=DELETE")
    for more in folder.glob("journal.sqlite-*"):
        more.unlink()
    image = path.read_bytes()

    def take(octets: bytes) -> None:
        mode, changes = octets[0] & 1 if octets else 0, octets[1:]
        if mode:
            spoilt = bytearray(image)
            for place, octet in iter_unpack(">IB", changes[: len(changes) // 5 * 5]):
                spoilt[place % len(spoilt)] = octet
            path.write_bytes(spoilt)
        else:
            path.write_bytes(image)
            _change(path, changes)
        _read(path)

    yield take


def _change(path: Path, changes: bytes) -> None:
    row, column, type_ = changes[:3].ljust(3, b"\0")
    given = changes[3:]
    value: object
    match type_ % 5:
        case 0:
            value = None
        case 1:
            value = int.from_bytes(given[:8].ljust(8, b"\0"), "big", signed=True)
        case 2:
            value = given.decode("utf-8", "replace")
        case 3:
            value = given
        case _:
            value = float(len(given)) + 0.5
    name = _COLUMNS[column % len(_COLUMNS)]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        with suppress(sqlite3.IntegrityError):  # SQLite's own refusal
            cast = "CAST(? AS TEXT)" if type_ & 0x80 else "?"
            db.execute(f"UPDATE record SET {name} = {cast} WHERE seq = ?", (value, 1 + row % 30))
        with suppress(sqlite3.IntegrityError):
            if type_ & 0x40:
                db.execute("UPDATE checkpoint SET state = ?", (value,))


def _read(path: Path) -> None:
    with suppress(OSError):
        look_for_damage(path)
    try:
        reader = JournalReader(path)
    except JournalError:
        return
    with closing(reader):
        for look in (
            lambda: readable(reader.every()),
            lambda: [reader.last(), reader.trimmed(), reader.marks(), reader.used_bytes()],
            lambda: reader.checkpoint(CoreState),
            lambda: reader.origin(CoreState),
            lambda: [reader.older(10), reader.by_ref("A-1"), reader.of_kind("OrderChanged")],
            lambda: _replayed(reader),
        ):
            with suppress(JournalError):
                look()


def _replayed(reader: JournalReader) -> None:
    seq, core = begin_of(reader)
    replay(reader.every(seq), core)
