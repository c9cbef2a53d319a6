"""Journal records: the body of each kind, and states of decisions, as a newer, older or damaged file has them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import msgspec

from edge.core.events import KINDS
from edge.core.names import refs
from edge.core.values.state import CoreState
from edge.journal.reader import _state
from edge.journal.record import JournalError, NotKept, decode, decode_all, kept
from fuzz.borders import Take

_NAMES = sorted(KINDS)


def seeds() -> Iterable[bytes]:
    """The least of each kind that decodes, and a state; the first octet is the kind, 255 a state."""
    for number, name in enumerate(_NAMES):
        body = msgspec.json.encode(_least(KINDS[name]))
        yield bytes((number,)) + body
    yield b"\xff" + msgspec.json.encode(CoreState())
    yield b'\xff{"lines":{"a":{"tracks":{"1":{"inducted":true,"ended":false,"lane":3}}}}}'


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _least(kind: Any) -> Any:
    """A value of a type as JSON has it, as small as may be."""
    schema, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    return _made(schema[0], parts)


def _made(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _made(parts[schema["$ref"]], parts)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _made(schema["anyOf"][0], parts)
    match schema.get("type"):
        case "object":
            its = schema.get("properties", {})
            return {name: _made(its[name], parts) for name in its if name in schema.get("required", ())}
        case "array":
            return [_made(one, parts) for one in schema.get("prefixItems", ())]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "a"


def _take(octets: bytes) -> None:
    number, body = octets[0] if octets else 0, octets[1:]
    if number == 0xFF:
        _state(body, CoreState)
        return
    kind = _NAMES[number % len(_NAMES)]
    try:
        value = decode(kind, body)
    except JournalError:
        return
    with suppress(JournalError):
        decode_all(kind, body)
    refs(value)
    try:
        entered = kept(value)
    except NotKept:
        return
    assert decode(kind, entered.body) == entered.value, "it comes back otherwise"
