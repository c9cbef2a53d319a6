"""The rules of the mailbox that a host can try from its side, each with the play that proves it.

Public names: RULES, Rule, Unprovable.

Source: docs/plc-mailbox.md, "Where a reading could differ" and "What the PLC has to do".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from plc.conformance.commands import (
    accepted,
    cmd_head,
    eight,
    expiry,
    expiry_serial,
    handled,
    in_order,
    late_block,
    no_target,
    once,
    refused_event,
    torn_command,
    unknown_opcode,
)
from plc.conformance.parcels import default_lane, host_gone, not_execute, past_decision, route_replaced
from plc.conformance.probe import LONG_S, WAIT_S, Probe, Unprovable, Violation
from plc.conformance.seen import (
    again_to_gone,
    again_to_new,
    kept_counted,
    room_used_up,
    routed_event,
    seen_forward,
    seen_frees,
)
from plc.words import (
    LAYOUT,
    LONG_MAX,
    RING,
    VERSIONS,
    down_problem,
    serial_add,
    serial_after,
    serial_behind,
)

HEARTBEAT_S = 0.1
REACH = 256
"""Commands given to come past a wrap without being asked to."""
BACKLOG = 3 * RING

Play: TypeAlias = Callable[[Probe], Awaitable[str]]
"""Plays a rule through and says what was seen; raises Violation or Unprovable."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``needed``: when it is broken, no other can be tried. ``since``: the version that first has it."""

    name: str
    says: str
    prove: Play
    needed: bool = False
    since: int = 1


# ---- the blocks ------------------------------------------------------------------------------------------------------


async def _layout(probe: Probe) -> str:
    up = await probe.begin()
    return f"layout {LAYOUT:#06x}, version {up.version}, session {up.session}, PackML state {up.plc_state}"


async def _alone(probe: Probe) -> str:
    first = await probe.link.read_down()
    for _ in range(5):
        await asyncio.sleep(WAIT_S)
        now = await probe.link.read_down()
        if list(now) != list(first):
            raise Violation(f"another host writes DOWN, heartbeat {first[2]} became {now[2]}: stop it first")
    if down_problem(first) is None:
        return f"the last host had epoch {first[3]}"
    return "no host has written yet"


async def _down_kept(probe: Probe) -> str:
    probe.epoch = _next(probe.epoch)
    block = probe.block()
    await probe.link.write_down(block)
    found = await probe.link.read_down()
    if list(found) != block:
        at = next(at for at, word in enumerate(block) if found[at] != word)
        raise Violation(f"word {at} of DOWN was written as {block[at]} and is read as {found[at]}")
    return "74 words written and read back"


async def _heartbeat(probe: Probe) -> str:
    probe.heartbeat_s = probe.cycle_s = 0.0
    await probe.stay(12 * HEARTBEAT_S)
    limit_s = HEARTBEAT_S + 2 * probe.cycle_s
    if not 0 < probe.heartbeat_s <= limit_s:
        seen = f"stood for {probe.heartbeat_s * 1000:.0f} ms" if probe.heartbeat_s else "did not change"
        raise Violation(f"plc_heartbeat {seen}, seen every {probe.cycle_s * 1000:.0f} ms; allowed are 100 ms")
    return f"changed at least every {probe.heartbeat_s * 1000:.0f} ms"


async def _plc_time(probe: Probe) -> str:
    loop = asyncio.get_running_loop()
    await probe.look()
    began, first = loop.time(), probe.up.plc_ms
    await probe.stay(LONG_S)
    went_ms, took_ms = (probe.up.plc_ms - first) & LONG_MAX, (loop.time() - began) * 1000
    slack_ms = 20 + 2000 * probe.cycle_s
    if abs(went_ms - took_ms) > slack_ms:
        raise Violation(f"plc_ms went on by {went_ms} in {took_ms:.0f} ms")
    return f"went on by {went_ms} in {took_ms:.0f} ms"


# ---- epochs and foreign blocks ---------------------------------------------------------------------------------------


async def _epoch_new(probe: Probe) -> str:
    for _ in range(2):
        probe.epoch = _next(probe.epoch)
        if not await probe.until(lambda: probe.words[14] == probe.epoch):
            raise Violation(f"epoch {probe.epoch} is written for {LONG_S:.0f} s, UP shows {probe.words[14]}")
    return f"epoch {probe.epoch} shown"


async def _epoch_old(probe: Probe) -> str:
    return await _ignored(probe, f"epoch {_before(probe.epoch)}", epoch=_before(probe.epoch))


async def _epoch_serial(probe: Probe) -> str:
    while True:
        before, probe.epoch = probe.epoch, _next(serial_add(probe.epoch, 0x6FFF))
        if not await probe.until(lambda: probe.words[14] == probe.epoch):
            raise Violation(f"epoch {probe.epoch} is newer than {before}, UP still shows {probe.words[14]}")
        if probe.epoch < before:
            return await _ignored(probe, f"epoch {before} after {probe.epoch}", epoch=before)


async def _wrong_layout(probe: Probe) -> str:
    return await _ignored(probe, "layout 0x4c58", layout=LAYOUT + 1, epoch=_next(probe.epoch))


async def _wrong_version(probe: Probe) -> str:
    other = VERSIONS[-1] + 1
    return await _ignored(probe, f"version {other}", version=other, epoch=_next(probe.epoch))


async def _ignored(probe: Probe, what: str, **words: int) -> str:
    """A block that must change nothing brings a good command; in a good block the same command counts."""
    done, epoch = probe.words[15], probe.words[14]
    seq = serial_add(probe.head, 1)
    probe.put(seq, probe.to_nobody(1, probe.lane))
    await probe.stay(WAIT_S, head=seq, **words)
    if probe.words[15] != done:
        raise Violation(f"a block with {what} was obeyed: command {seq} in it was handled")
    if probe.words[14] != epoch:
        raise Violation(f"a block with {what} was obeyed: UP shows its epoch {probe.words[14]}")
    probe.head = seq
    if not await probe.until(lambda: probe.handled(seq)):
        raise Violation(f"after a block with {what} a good block is not obeyed any more")
    return f"a block with {what} changed nothing"


# ---- events ----------------------------------------------------------------------------------------------------------


async def _events_kept(probe: Probe) -> str:
    lost = probe.words[19]
    first = serial_add(probe.head, 1)
    probe.acks = probe.sees = False
    for number in range(BACKLOG):
        await probe.send(probe.to_nobody(number, probe.lane))
    await probe.stay(WAIT_S)
    probe.acks = probe.sees = True
    wanted = [serial_add(first, step) for step in range(BACKLOG)]

    def came() -> list[int]:
        return [event.station for event in probe.refused]

    await probe.until(lambda: len(came()) + serial_behind(lost, probe.words[19]) >= BACKLOG)
    await probe.stay(WAIT_S)
    counted = serial_behind(lost, probe.words[19])
    got = came()
    if len(got) + counted != BACKLOG or got != [seq for seq in wanted if seq in got]:
        raise Violation(
            f"{BACKLOG} events with no acknowledgement: {len(got)} came afterwards, in the order of commands "
            f"{got[:3]}...{got[-3:]}, and events_lost counts {counted}"
        )
    if counted:
        return f"of {BACKLOG} events {counted} were dropped and counted: its buffer holds {BACKLOG - RING - counted}"
    return f"{BACKLOG} events waited for their acknowledgement, none was lost"


async def _ack_forward(probe: Probe) -> str:
    await probe.send(*(probe.to_nobody(number, probe.lane) for number in range(RING)))
    await probe.until(lambda: probe.words[21] == probe.words[18] == probe.ack)
    acked = probe.words[21]
    if acked != probe.ack:
        raise Violation(f"event {probe.ack} is acknowledged for {LONG_S:.0f} s, event_acked is {acked}")
    await probe.stay(WAIT_S, ack=serial_add(acked, -5))
    if serial_after(acked, probe.words[21]):
        raise Violation(
            f"event_ack was {acked}, then {serial_add(acked, -5)}: event_acked went back to {probe.words[21]}"
        )
    return f"event_acked stayed at {acked}"


async def _ack_limit(probe: Probe) -> str:
    await probe.send(probe.to_nobody(13, probe.lane))
    head = probe.words[18]
    beyond = serial_add(head, 100)
    await probe.stay(WAIT_S, ack=beyond)
    if serial_after(probe.words[21], probe.words[18]):
        raise Violation(f"event_ack {beyond} is past event_head {head}, and event_acked became {probe.words[21]}")
    return "an acknowledgement of events that were not shown counted for nothing"


async def _event_record(probe: Probe) -> str:
    await probe.send(probe.to_nobody(15, probe.lane))
    await probe.until(lambda: bool(probe.events or probe.faults))
    if not probe.events and "event-record" not in probe.faults:
        raise Unprovable("no event was seen")
    return "each whole and in its slot"


async def _event_sequence(probe: Probe) -> str:
    if not probe.events:
        raise Unprovable("no event was seen")
    return f"{probe.events} events without a hole"


async def _session(probe: Probe) -> str:
    before = probe.words[20]
    if not probe.restart_s:
        raise Unprovable(f"needs a start of the PLC: the session is {before} now, and must be another one after it")
    probe.say(f"start the PLC anew, within {probe.restart_s:.0f} s")
    loop = asyncio.get_running_loop()
    end_s = loop.time() + probe.restart_s
    gone = False
    while loop.time() < end_s:
        await asyncio.sleep(WAIT_S)
        up = await probe.reconnect()
        gone = gone or up is None
        if up is not None and up.session != before:
            if (up.cmd_done, up.event_acked) != (0, 0):
                raise Violation(
                    f"after a start, session {up.session}: cmd_done is {up.cmd_done} and event_acked {up.event_acked}, "
                    "sequences begin with 1"
                )
            await probe.begin()
            return f"session {before} before a start, {up.session} after it"
        if up is not None and (up.event_head < probe.words[18] or up.cmd_done < probe.words[15]):
            raise Violation(
                f"the PLC counts anew, event_head {up.event_head} and cmd_done {up.cmd_done}, in session {before}"
            )
    away = ", though it was away in between" if gone else ""
    raise Unprovable(f"no start was seen within {probe.restart_s:.0f} s: the session is still {before}{away}")


async def _wrap(probe: Probe) -> str:
    reach = 0x10000 if probe.goes_for_wrap else REACH
    sequences = {"cmd_done": probe.words[15], "event_head": probe.words[18]}
    near = {name: 0x10000 - at for name, at in sequences.items() if 0x10000 - at <= reach}
    if not near:
        if probe.wrapped:
            return f"{' and '.join(sorted(probe.wrapped))} wrapped on the way"
        far = min(0x10000 - at for at in sequences.values())
        raise Unprovable(f"the next wrap is {far} commands away: ask for it, it takes minutes")
    first, left = serial_add(probe.head, 1), max(near.values()) + RING
    taken = 0
    while left > 0:
        batch = min(RING, left)
        last = await probe.send(*(probe.to_nobody(number, probe.lane) for number in range(batch)))
        await probe.reported(last)
        order = [event.station for event in probe.refused]
        if order != [serial_add(first, taken + step) for step in range(batch)]:
            raise Violation(f"commands {serial_add(last, 1 - batch)} to {last} were reported in the order {order}")
        for rule in ("event-sequence", "event-record"):
            if rule in probe.faults:
                raise Violation(probe.faults.pop(rule))
        probe.refused.clear()
        taken += batch
        left -= batch
    return f"{' and '.join(near)} wrapped, {taken} commands and their events in order"


def _next(epoch: int) -> int:
    return serial_add(epoch, 1) or 1


def _before(epoch: int) -> int:
    return serial_add(epoch, -1) or 0xFFFF


RULES: tuple[Rule, ...] = (
    Rule("layout", "UP begins with layout 0x4C57 and version 1 or 2", _layout, needed=True),
    Rule("alone", "no other host writes DOWN during the check", _alone, needed=True),
    Rule("down-kept", "DOWN is read back as it was written", _down_kept),
    Rule("heartbeat", "plc_heartbeat changes at least every 100 ms", _heartbeat),
    Rule("plc-time", "plc_ms counts milliseconds", _plc_time),
    Rule("epoch-new", "a newer epoch is accepted at once and shown in UP", _epoch_new, needed=True),
    Rule("command-handled", "a refused command counts as handled, and words 16-17 show it", handled, needed=True),
    Rule("event-record", "event s stands whole in slot s mod 8", _event_record),
    Rule("refused-event", "every refusal is also a REFUSED event", refused_event),
    Rule("command-accepted", "a good command is carried out", accepted),
    Rule("epoch-old", "a block with an older epoch is ignored", _epoch_old),
    Rule("epoch-serial", "epochs compare as serial numbers", _epoch_serial),
    Rule("wrong-layout", "a block with another layout is ignored", _wrong_layout),
    Rule("wrong-version", "a block with another version is ignored", _wrong_version),
    Rule("expiry", "a command past its expiry is refused with 2", expiry),
    Rule("expiry-serial", "expiry and PLC time compare as serial numbers", expiry_serial),
    Rule("no-target", "a lane that does not exist is refused with 4", no_target),
    Rule("unknown-opcode", "an opcode that is unknown is refused with 4", unknown_opcode),
    Rule("once-only", "a command is handled once, however often its block is written", once),
    Rule("in-order", "commands are handled strictly in sequence", in_order),
    Rule("torn-command", "a record whose copies of the sequence differ is not read", torn_command),
    Rule("cmd-head", "a record newer than cmd_head is not in the ring", cmd_head),
    Rule("ack-forward", "event_ack only moves forward", _ack_forward),
    Rule("ack-limit", "event_ack never passes event_head", _ack_limit),
    Rule("late-block", "an older block that comes late changes nothing", late_block),
    Rule("eight-at-once", "eight commands in one block are handled, in order", eight),
    Rule("events-kept", "an event stays until it is acknowledged; later ones wait, or are counted lost", _events_kept),
    Rule("event-sequence", "event sequences have no hole and never go back", _event_sequence),
    Rule("wrap", "sequences wrap from 65535 to 0", _wrap),
    Rule("seen-frees", "a slot is free for the next event when its event is seen", seen_frees, since=2),
    Rule("kept", "kept counts what is not acknowledged, room what more can be, 256 in all", kept_counted, since=2),
    Rule("seen-forward", "event_seen only moves forward within an epoch", seen_forward, since=2),
    Rule("again-to-new", "a host with a new epoch gets what is not acknowledged again", again_to_new, since=2),
    Rule("again-to-gone", "so does a host that was gone", again_to_gone, since=2),
    Rule("room-used-up", "with no room left events wait, or are counted lost", room_used_up, since=2),
    Rule("default-lane", "a parcel without a route takes the default lane, and DEFAULTED says so", default_lane),
    Rule("route-replaced", "a second ROUTE before the decision point replaces the first", route_replaced),
    Rule("past-decision", "a ROUTE past the decision point is refused with 6", past_decision),
    Rule("routed-event", "every ROUTE that is accepted is also a ROUTED event", routed_event, since=2),
    Rule("not-execute", "a ROUTE outside Execute is refused with 7", not_execute),
    Rule("host-gone", "a host that is silent for 500 ms is gone: parcels default until it is back", host_gone),
    Rule("session", "the session changes at every start, and only then", _session),
)  # fmt: skip
