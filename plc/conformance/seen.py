"""The rules of version 2, each with the play that proves it: what is seen leaves the ring, what is stored is let go.

Public names: the plays of plc.conformance.rules that concern event_seen, kept, room and ROUTED.

Source: docs/plc-mailbox.md, "Version 2: seen and stored" and "What the PLC has to do", 7 and 8.
"""

from __future__ import annotations

import asyncio

from plc.conformance.parcels import inducted, lane_for
from plc.conformance.probe import LONG_S, WAIT_S, Probe, Unprovable, Violation
from plc.words import RING, EventType, Opcode, serial_add, serial_after, serial_behind

LEAST_KEPT = 256
REACH = 4_096
"""So much room is used up to see what comes then; more of it takes too long."""
GONE_S = 0.7
STILL_S = 0.4
SOME = 2 * RING + 4


async def seen_frees(probe: Probe) -> str:
    before = probe.words[21]
    await _unstored(probe, SOME)
    if probe.words[21] != before:
        raise Violation(f"nothing was acknowledged, and event_acked went from {before} to {probe.words[21]}")
    if len(probe.refused) < SOME:
        raise Violation(
            f"of {SOME} events that were seen one after the other {len(probe.refused)} came: slots stay taken"
        )
    return f"{SOME} events came with nothing but event_seen"


async def kept_counted(probe: Probe) -> str:
    await probe.until(lambda: probe.up.kept == 0)
    idle = probe.up
    if idle.kept or idle.room < LEAST_KEPT:
        raise Violation(
            f"kept is {idle.kept} and room {idle.room} while every event is acknowledged: "
            f"they must be 0 and at least {LEAST_KEPT}"
        )
    await _unstored(probe, SOME)
    up = probe.up
    unacknowledged = serial_behind(up.event_acked, up.event_head)
    if up.kept != unacknowledged or up.kept + up.room != idle.room:
        raise Violation(
            f"kept is {up.kept} and room {up.room}; {unacknowledged} events are not acknowledged, "
            f"and before them there was room for {idle.room}"
        )
    return f"room for {idle.room} events, of which {up.kept} were kept"


async def seen_forward(probe: Probe) -> str:
    await _unstored(probe, SOME)
    head = probe.words[18]
    await probe.stay(WAIT_S, seen=serial_add(probe.seen, -2 * RING))
    if serial_after(head, probe.words[18]) and probe.cycle_s > STILL_S:
        raise Unprovable(f"this host stood still for {probe.cycle_s * 1000:.0f} ms, and may have counted as gone")
    if serial_after(head, probe.words[18]):
        raise Violation(
            f"event_seen was {head}, then {2 * RING} less: event_head went back from {head} to {probe.words[18]}"
        )
    return f"event_head stayed at {head}"


async def again_to_new(probe: Probe) -> str:
    await _unstored(probe, SOME)
    probe.sees, probe.seen = False, probe.words[21]
    probe.epoch = serial_add(probe.epoch, 1) or 1
    return await _again(probe, f"epoch {probe.epoch} is new")


async def again_to_gone(probe: Probe) -> str:
    await _unstored(probe, SOME)
    end_s = asyncio.get_running_loop().time() + GONE_S
    while asyncio.get_running_loop().time() < end_s:
        await asyncio.sleep(0.02)
        await probe.look()
    probe.sees, probe.seen = False, probe.words[21]
    return await _again(probe, f"the host was silent for {GONE_S:.1f} s")


async def room_used_up(probe: Probe) -> str:
    room = probe.up.room
    if room > REACH:
        raise Unprovable(f"it has room for {room} events: more than {REACH} are not tried")
    lost, more = probe.words[19], SOME
    await _unstored(probe, room + more, at_least=0)
    up, came = probe.up, len(probe.refused)
    if up.room or came > room + more:
        raise Violation(f"{room + more} events are unacknowledged, and room is {up.room}; it was {room}")
    probe.acks = True
    await probe.until(lambda: len(probe.refused) + serial_behind(lost, probe.words[19]) >= room + more)
    await probe.until(lambda: probe.words[21] == probe.words[18])
    counted = serial_behind(lost, probe.words[19])
    if len(probe.refused) + counted != room + more:
        raise Violation(
            f"{room + more} events with room for {room}: {len(probe.refused)} came, and events_lost counts {counted}"
        )
    waited = f"{more - counted} waited" + (f", {counted} were dropped and counted" if counted else "")
    return f"after {room} events room was used up; of {more} more {waited}"


async def routed_event(probe: Probe) -> str:
    parcel, belt = await inducted(probe)
    lane = lane_for(probe, belt)
    seq = await probe.send(probe.command(Opcode.ROUTE, parcel.track_id, lane))
    if probe.words[16] == seq:
        raise Unprovable(f"a ROUTE for track {parcel.track_id} was refused with {probe.words[17]}")

    def told() -> list[tuple[int, int, int]]:
        return [(one.track_id, one.station, one.value) for one in probe.floor if one.type == EventType.ROUTED]

    await probe.until(lambda: bool(told()), LONG_S)
    if (parcel.track_id, lane, seq) not in told():
        raise Violation(
            f"command {seq}, a ROUTE of track {parcel.track_id} to lane {lane}, was accepted; ROUTED: {told()}"
        )
    return f"ROUTED with track {parcel.track_id}, lane {lane} and command {seq}"


async def _unstored(probe: Probe, count: int, at_least: int | None = None) -> None:
    """So many events of which none is acknowledged, and each is seen as it comes."""
    probe.acks = False
    wanted = len(probe.refused) + (count if at_least is None else at_least)
    while count > 0:
        await probe.send(*(probe.to_nobody(number, probe.lane) for number in range(min(RING, count))))
        count -= RING
    await probe.until(lambda: len(probe.refused) >= wanted)
    await probe.stay(WAIT_S)


async def _again(probe: Probe, why: str) -> str:
    """The ring from event_acked + 1 on, with the same sequences."""
    first = serial_add(probe.words[21], 1)
    if not await probe.until(lambda: probe.words[18] == serial_add(first, RING - 1)):
        raise Violation(
            f"{why}, event_acked is {probe.words[21]}: the ring has to end with event {serial_add(first, RING - 1)}, "
            f"event_head is {probe.words[18]}"
        )
    shown = [event.seq for event in probe.up.events if event is not None]
    if sorted(shown, key=lambda seq: serial_behind(first, seq)) != [serial_add(first, step) for step in range(RING)]:
        raise Violation(f"{why}: the ring has to begin with event {first} again, it holds {shown}")
    return f"{why}: events from {first} on came again"
