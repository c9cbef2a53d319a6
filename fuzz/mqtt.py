"""MQTT: commands, and what Sparkplug hosts say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from edge.publish.mqtt_commands import REQUESTS, Answer, ask_of
from edge.publish.sparkplug_payload import asks_rebirth, host_state
from fuzz.borders import Take

_WHAT = [*REQUESTS, "orders", "sales-orders"]


def seeds() -> Iterable[bytes]:
    """A command of each kind, a state and a payload; the first octet says which."""
    lane = {"line": "sort1", "lane": 3, "enabled": False, "by": "Ann"}
    alarm = {"alarm": "sort1:jam", "action": "shelve", "by": "Ann", "minutes": 30, "comment": "belt"}
    for number, told in enumerate((lane, alarm, {"external": "1"}, [{"external": "1"}])):
        yield bytes((number,)) + json.dumps(told).encode()
    yield b"\x80" + json.dumps({"online": True, "timestamp": 1_790_000_000_000}).encode()
    yield b"\x80\x12\x1e\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    number, body = octets[0] if octets else 0, octets[1:]
    if number & 0x80:
        host_state(body)
        asks_rebirth(body)
        return
    asked = ask_of(_WHAT[number % len(_WHAT)], body)
    if isinstance(asked, Answer):
        json.loads(asked.encode())
    else:
        json.loads(asked.body)
        asked.path.encode("ascii")
