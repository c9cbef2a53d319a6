"""Both blocks of a mailbox, decoded for people and for programs.

Public names: Seen, described, told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from plc.packml import state_name
from plc.words import (
    LANES,
    RING,
    Down,
    EventRecord,
    EventType,
    Refusal,
    Sent,
    Up,
    decode_down,
    decode_up,
    down_problem,
    serial_add,
    serial_behind,
    up_problem,
)

Record: TypeAlias = dict[str, int | str]
Value: TypeAlias = int | str | list[int] | list[Record] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """The words of both blocks, read one after the other."""

    up: Sequence[int]
    down: Sequence[int]


def described(seen: Seen) -> dict[str, dict[str, Value]]:
    """``up`` and ``down`` by the contract's names; a block that is none has only ``problem``. Ready for JSON."""
    problems = (up_problem(seen.up), down_problem(seen.down))
    return {
        "up": {"problem": problems[0]} if problems[0] else _up(decode_up(seen.up)),
        "down": {"problem": problems[1]} if problems[1] else _down(decode_down(seen.down), seen.up),
    }


def told(seen: Seen) -> list[str]:
    """As ``described``, in lines for people."""
    lines: list[str] = []
    blocks = described(seen)
    for block, values in blocks.items():
        lines.append(block.upper())
        for name, value in values.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                lines.append(f"  {name}")
                lines += ["    " + " ".join(f"{key}={one}" for key, one in record.items()) for record in value]
            elif isinstance(value, list):
                lines.append(f"  {name:15} {' '.join(map(str, value)) or '-'}")
            else:
                lines.append(f"  {name:15} {'-' if value is None else value}")
    obeyed, written = (blocks[block].get("epoch") for block in ("up", "down"))
    room = blocks["up"].get("room")
    if room == 0:
        lines.append(
            f"  no room for more events: {blocks['up']['kept']} wait to be stored, the controller's disk is too slow"
        )
    if obeyed is not None and written is not None and obeyed != written:
        lines.append(
            f"  the PLC obeys epoch {obeyed}, and DOWN is written with {written}: another controller comes or was there"
        )
    return lines


def _up(up: Up) -> dict[str, Value]:
    newest = min(serial_behind(up.event_acked, up.event_head), RING)
    ring = {event.seq: event for event in up.events if event is not None}
    waiting = [serial_add(up.event_head, 1 - newest + step) for step in range(newest)]
    kept: dict[str, Value] = {} if up.version == 1 else {"kept": up.kept, "room": up.room}
    return {
        "version": up.version,
        "plc_heartbeat": up.plc_heartbeat,
        "plc_state": f"{up.plc_state} {state_name(up.plc_state)}",
        "plc_ms": up.plc_ms,
        "lanes_full": _lanes(up.lanes_full),
        "lanes_disabled": _lanes(up.lanes_disabled),
        "session": up.session,
        "epoch": up.epoch,
        "cmd_done": up.cmd_done,
        "cmd_refused": up.cmd_refused or None,
        "refusal": f"{up.refusal} {Refusal(up.refusal).name}" if up.cmd_refused else None,
        "event_head": up.event_head,
        "event_acked": up.event_acked,
        "events_lost": up.events_lost,
        **kept,
        "unacknowledged": [_event(seq, ring.get(seq)) for seq in waiting],
    }


def _down(down: Down, up: Sequence[int]) -> dict[str, Value]:
    there = sorted(filter(None, down.commands), key=lambda sent: -serial_behind(sent.seq, down.cmd_head))
    done = up[15] if up_problem(up) is None else down.cmd_head
    return {
        "version": down.version,
        "host_heartbeat": down.host_heartbeat,
        "epoch": down.epoch,
        "event_ack": down.event_ack,
        **({} if down.version == 1 else {"event_seen": down.event_seen}),
        "cmd_head": down.cmd_head,
        "commands": [_command(sent, done) for sent in there],
    }


def _event(seq: int, event: EventRecord | None) -> Record:
    if event is None:
        return {"seq": seq, "type": "half written"}
    name = event.type.name if isinstance(event.type, EventType) else f"type {event.type}"
    record: Record = {"seq": seq, "type": name, "track_id": event.track_id, "station": event.station}
    return {**record, "cause": event.cause, "value": event.value, "plc_ms": event.plc_ms}


def _command(sent: Sent, done: int) -> Record:
    command = sent.command
    state = "handled" if serial_behind(sent.seq, done) < 0x8000 else "waits"
    record: Record = {"seq": sent.seq, "opcode": command.opcode.name, "value": command.value}
    return {**record, "target": command.target, "expiry_ms": command.expiry_ms, "is": state}


def _lanes(mask: int) -> list[int]:
    return [lane for lane in range(1, LANES + 1) if mask >> (lane - 1) & 1]
