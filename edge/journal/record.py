"""One row of a journal, and the text that a journaled value is there.

Public names: Record, Value, JournalError, encode, decode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from edge.core.events import KINDS, Event, Journaled

Value: TypeAlias = Journaled | Event
_encoder = msgspec.json.Encoder()
_decoders: dict[str, msgspec.json.Decoder[Value]] = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


class JournalError(Exception):
    """The journal cannot be opened or read. The text names the file and the reason."""


def encode(value: Value) -> str:
    """A journaled value as JSON, without its kind."""
    return _encoder.encode(value).decode()


def decode(kind: str, body: str | bytes) -> Value:
    """The value of a record. Raises JournalError for an unknown kind or a body that does not fit."""
    try:
        return _decoders[kind].decode(body)
    except KeyError:
        raise JournalError(f"record of unknown kind {kind!r}: written by a newer version?") from None
    except msgspec.MsgspecError as error:
        raise JournalError(f"record of kind {kind!r}: {error}") from None


@dataclass(frozen=True, slots=True)
class Record:
    """One row. ``line`` is empty where no single line is concerned."""

    seq: int
    at_us: int
    line: str
    kind: str
    body: str

    @property
    def value(self) -> Value:
        """The decoded value; raises JournalError."""
        return decode(self.kind, self.body)
