"""LLRP messages as JSON-able objects, with the names of the standard, and files of them.

Public names: to_json, decode_file, message_number.

A message is ``{"message": name, "id": ..., "version": ..., field or parameter: value, ...}``. Enumerated values are
their names (numbers where the standard has none), one-bit fields are true or false, octets and bit strings upper-case
hexadecimal, a bit string as ``{"bits": count, "hex": ...}``. A parameter that may come more than once is a list.
What the standard does not know stands under ``"unknown"`` as ``{"type": number, "hex": ...}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from rfid.llrp.codec import BitString, LlrpError, Message, Parameter, RawMessage, RawParameter, Value, decode
from rfid.llrp.frames import HEADER, MAX_FRAME, BadFrame, Frame, Frames
from rfid.llrp.schema import ENUMERATIONS, MESSAGES, MESSAGES_BY_NAME, WireField, WireKind

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json]"


def to_json(message: Message | RawMessage) -> dict[str, Json]:
    """The message as an object that ``json.dumps`` takes."""
    if isinstance(message, RawMessage):
        return {
            "message": f"type {message.number}",
            "id": message.id,
            "version": message.version,
            "hex": message.body.hex().upper(),
        }
    head: dict[str, Json] = {"message": message.name, "id": message.id, "version": message.version}
    return head | _content(message)


def message_number(body_type: str | int) -> int:
    """The type number for a number, digits or a name in any case and with or without underscores.

    Raises ``ValueError`` for a name that the standard does not know and a number outside 0..1023.
    """
    text = str(body_type).strip()
    if text.isdecimal():
        if int(text) > 0x3FF:
            raise ValueError(f"message type {text} is not in 0..1023")
        return int(text)
    wanted = text.replace("_", "").upper()
    for name, definition in MESSAGES_BY_NAME.items():
        if name.replace("_", "") == wanted:
            return definition.number
    raise ValueError(f"message type {text} is not in the standard, nor a number in 0..1023")


def decode_file(octets: bytes, body_type: str | int | None = None) -> Iterator[dict[str, Json]]:
    """One object per message in the octets of a file; what is no message gives an object with ``error``.

    With ``body_type`` the octets are the body of one message of that type, without the header of 10 octets.
    Raises ``ValueError`` for a ``body_type`` that ``message_number`` does not take.
    """
    if body_type is not None:
        yield _decoded(Frame(message_number(body_type), 0, 1, octets))
        return
    at = 0
    for frame in Frames(limit=max(MAX_FRAME, len(octets))).feed(octets):
        if isinstance(frame, BadFrame):
            yield {"error": f"octet {at}: {frame.reason}", "hex": frame.octets.hex().upper()}
            return
        yield _decoded(frame)
        at += HEADER.size + len(frame.body)
    if at < len(octets):
        rest = octets[at:]
        yield {"error": f"octet {at}: {len(rest)} octets are no whole message", "hex": rest[:64].hex().upper()}


def _decoded(frame: Frame) -> dict[str, Json]:
    try:
        return to_json(decode(frame))
    except LlrpError as error:
        name = MESSAGES[frame.number].name if frame.number in MESSAGES else f"type {frame.number}"
        return {"message": name, "id": frame.id, "version": frame.version, "error": str(error)}


def _content(element: Message | Parameter) -> dict[str, Json]:
    definition = element.definition
    found: dict[str, Json] = {
        field.name: _value(field, value) for field, value in zip(definition.named, element.fields, strict=True)
    }
    below: dict[str, list[Json]] = {}
    for child in element.parameters:
        if isinstance(child, RawParameter):
            raw: dict[str, Json] = {"type": child.number, "hex": child.body.hex().upper()}
            below.setdefault("unknown", []).append(raw)
        else:
            below.setdefault(child.name, []).append(_content(child))
    for name, several in below.items():
        alone = len(several) == 1 and name not in definition.may_repeat and name != "unknown"
        found[name] = several[0] if alone else several
    return found


def _value(field: WireField, value: Value) -> Json:
    names = ENUMERATIONS[field.enumeration] if field.enumeration else {}
    match value:
        case int():
            return bool(value) if field.kind is WireKind.U1 and not names else names.get(value, value)
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case bytes():
            return [names.get(octet, octet) for octet in value] if names else value.hex().upper()
        case BitString(count, octets):
            return {"bits": count, "hex": octets.hex().upper()}
        case tuple():
            return list(value)
        case _:
            assert_never(value)
