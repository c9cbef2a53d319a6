"""The large parts of the decisions' state, stored by what changed in them.

Public names: SCHEMA, READ, packed, store, whole, Checkpoint.

``part(name, key, seq, place, value)``: what a key of a part is since record ``seq``, as JSON, NULL = gone; ``place``:
where it stands among the others. The state behind a record is in each part of each key the newest row up to there.
A row that another one replaces stays only for the sake of a mark between them. Beside them a state holds the rest, as
a list of it and of its parts' names: a version that does not know them takes it for none, and derives it from the
records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from edge.core.values.noted import NotedChanges

SCHEMA = """
CREATE TABLE IF NOT EXISTS part(name TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, place INTEGER NOT NULL,
    value TEXT, PRIMARY KEY(name, key, seq)) WITHOUT ROWID;
"""
READ = """
    SELECT key, value FROM (SELECT key, place, value, max(seq) FROM part WHERE name=? AND seq<=? GROUP BY key)
    WHERE typeof(key)='text' AND typeof(value)='text' ORDER BY place
"""
"""Of a part and a sequence: its keys and values there, in order."""
_PLACES = 1 << 24
"""More than come in between two checkpoints."""
_PUT = """
    INSERT OR REPLACE INTO part VALUES(?,?,?,coalesce(
        ?, (SELECT place FROM part WHERE name=? AND key=? AND seq<=? ORDER BY seq DESC LIMIT 1), 0), ?)
"""
_REPLACED = "DELETE FROM part WHERE name=? AND key=? AND seq>? AND seq<?"
_NEVER_THERE = """
    DELETE FROM part WHERE name=? AND key=? AND seq=?
    AND NOT EXISTS (SELECT 1 FROM part older WHERE older.name=part.name AND older.key=part.key AND older.seq<part.seq)
"""
_ALL_GONE = "INSERT OR REPLACE INTO part SELECT name, key, ?, place, NULL FROM part WHERE name=? GROUP BY key"
_ALL_REPLACED = "DELETE FROM part WHERE name=? AND seq>? AND seq<?"
_NONE_EVER_THERE = """
    DELETE FROM part WHERE name=? AND seq=? AND value IS NULL
    AND NOT EXISTS (SELECT 1 FROM part older WHERE older.name=part.name AND older.key=part.key AND older.seq<part.seq)
"""
_encoder = msgspec.json.Encoder()
_rest = msgspec.json.Decoder(tuple[dict[str, msgspec.Raw], list[str]])
_room = msgspec.json.Decoder(dict[str, msgspec.Raw])

Read = Callable[[str, int], Iterable[tuple[str, str]]]
"""What `READ` finds."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state to be stored. ``started``: sequence of the Started that held there, 0 = it must not become a mark."""

    seq: int
    rest: bytes
    started: int
    parts: dict[str, NotedChanges[Any]]

    def behind(self, earlier: Checkpoint | None) -> Checkpoint:
        """With what an earlier one, which was not stored yet, changed as well."""
        if earlier is None:
            return self
        return replace(self, parts={name: earlier.parts[name].then(its) for name, its in self.parts.items()})


def packed(rest: object, names: Iterable[str]) -> bytes:
    """A state's rest as it is stored. Raises msgspec.MsgspecError, TypeError."""
    return _encoder.encode([rest, list(names)])


def store(db: sqlite3.Connection, given: Checkpoint, marked: int) -> None:
    """Stores the parts of a checkpoint, within a transaction. ``marked``: the newest mark before it. sqlite3.Error."""
    seq = given.seq
    for name, its in given.parts.items():
        if its.whole:
            db.execute(_ALL_GONE, (seq, name))
        rows = []
        for at, (key, (value, new, gone)) in enumerate(its.changed.items()):
            place = seq * _PLACES + at if new else None
            rows.append((name, key, seq, place, name, key, seq, None if gone else _encoder.encode(value).decode()))
        db.executemany(_PUT, rows)
        if its.whole:
            db.execute(_ALL_REPLACED, (name, marked, seq))
            db.execute(_NONE_EVER_THERE, (name, seq))
        else:
            db.executemany(_REPLACED, [(name, key, marked, seq) for key in its.changed])
            db.executemany(_NEVER_THERE, [(name, key, seq) for key, one in its.changed.items() if one.gone])


def whole(body: bytes, seq: int, read: Read) -> bytes:
    """A stored state with its parts in it; the same, if it has none apart. Raises msgspec.MsgspecError."""
    if not body.startswith(b"["):
        return body
    rest, names = _rest.decode(body)
    for name in names:
        room, _, word = name.partition(".")
        if room not in rest:
            raise msgspec.ValidationError(f"a part {name} of nothing")
        its = _room.decode(rest[room])
        told = bytearray(b"{")
        for key, value in read(name, seq):
            told += _encoder.encode(key) + b":" + value.encode() + b","
        its[word] = msgspec.Raw(bytes(told[:-1] if len(told) > 1 else told) + b"}")
        rest[room] = msgspec.Raw(_encoder.encode(its))
    return _encoder.encode(rest)
