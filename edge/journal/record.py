"""One row of a journal, and the text that a journaled value is there.

Public names: Record, Value, Entered, NotKept, JournalError, kept, encode, decode, decode_all, unknown_word, readable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from edge.core.events import KINDS, Event, Journaled

Value: TypeAlias = Journaled | Event
V = TypeVar("V", bound=Value)
_encoder = msgspec.json.Encoder()
_ABSENT = object()
_decoders: dict[str, msgspec.json.Decoder[Value]] = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


class JournalError(Exception):
    """The journal cannot be opened or read. The text names the file and the reason."""


class NotKept(ValueError):  # noqa: N818  # it is what the value is
    """A value that no journal gives back: a number that is none, or something that its kind does not have there."""


class Entered(NamedTuple, Generic[V]):
    """A value as a journal gives it back, and its text there."""

    value: V
    body: str


_TIMES = range(-(1 << 63), 1 << 63)
"""What SQLite has room for."""


def kept(value: V) -> Entered[V]:
    """The value as a journal gives it back: what is no text in it, lone surrogates, is ``?``. Raises NotKept."""
    kind = type(value).__name__
    body, cleaned = _encoded(value)
    try:
        back = decode(kind, body)
    except JournalError as error:
        raise NotKept(f"{error}: {value!r}") from None
    # JSON has no word for a number that is none; msgspec says null.
    same = _plain(back) == _plain(value) if cleaned else "null" not in body or back == value
    if not same or value.at_us not in _TIMES:
        raise NotKept(f"record of kind {kind!r}: it comes back otherwise: {value!r}")
    return Entered(back if cleaned else value, body)  # type: ignore[arg-type]  # it is of the same kind


def encode(value: Value) -> str:
    """A journaled value as JSON, without its kind. What is no text in it, lone surrogates, becomes ``?``."""
    return _encoded(value)[0]


def _encoded(value: Value) -> tuple[str, bool]:
    """And whether anything in it was no text."""
    try:
        return _encoder.encode(value).decode(), False
    except UnicodeEncodeError:
        return _encoder.encode(_plain(value)).decode(), True


def _plain(value: Value) -> object:
    return _text(msgspec.to_builtins(value, str_keys=True))


def _text(value: object) -> object:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_text(key): _text(one) for key, one in value.items()}
        case list() | tuple():
            return [_text(one) for one in value]
        case _:
            return value


def decode(kind: str, body: str | bytes) -> Value:
    """The value of a record. Raises JournalError for an unknown kind or a body that does not fit."""
    try:
        return _decoders[kind].decode(body)
    except KeyError:
        raise JournalError(f"record of unknown kind {kind!r}: written by a newer version?") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JournalError(f"record of kind {kind!r}: {error}") from None


def decode_all(kind: str, body: str | bytes) -> Value:
    """As decode, for whoever decides by it: a word that this version does not know raises JournalError as well."""
    value = decode(kind, body)
    try:
        word = unknown_word(value, body)
    except UnicodeDecodeError as error:
        raise JournalError(f"record of kind {kind!r}: {error}") from None
    if word:
        raise JournalError(f"record of kind {kind!r}: {word}: unknown word: written by a newer version?")
    return value


def unknown_word(value: object, body: str | bytes) -> str:
    """The first word of a JSON text that the value decoded from it does not have, with its path; empty = none.

    Raises UnicodeDecodeError where that word is no text.
    """
    if _encoder.encode(value) == (body.encode() if isinstance(body, str) else body):
        return ""
    return _unknown(msgspec.json.decode(body), msgspec.to_builtins(value, str_keys=True))


def _unknown(given: object, kept: object) -> str:
    pairs: Iterable[tuple[object, object, object]] = ()
    if isinstance(given, dict) and isinstance(kept, dict):
        pairs = ((key, one, kept.get(key, _ABSENT)) for key, one in given.items())
    elif isinstance(given, list) and isinstance(kept, list | tuple):
        pairs = zip(range(len(given)), given, kept, strict=True)
    for key, one, other in pairs:
        if other is _ABSENT:
            return str(key)
        if word := _unknown(one, other):
            return f"{key}.{word}"
    return ""


@dataclass(frozen=True, slots=True)
class Record:
    """One row. ``line`` is empty where no single line is concerned."""

    seq: int
    at_us: int
    line: str
    kind: str
    body: str
    _value: Value | None = field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return self.seq  # few of several journals have the same one; the text would be hashed anew for each look

    @property
    def value(self) -> Value:
        """The decoded value, decoded when it is asked for first; raises JournalError."""
        if self._value is None:
            object.__setattr__(self, "_value", decode(self.kind, self.body))
        assert self._value is not None
        return self._value


def readable(records: Iterable[Record]) -> tuple[list[Record], str]:
    """Those that can be decoded, and why the last of the others cannot; empty = all can."""
    found: list[Record] = []
    trouble = ""
    for record in records:
        try:
            record.value  # noqa: B018  # decoded here, for all who ask for it later
            found.append(record)
        except JournalError as error:
            trouble = f"record {record.seq}: {error}"
    return found, trouble
