"""The rules that need parcels on the belt: the default lane, the decision point, a second ROUTE, a host that is gone.

Public names: default_lane, route_replaced, past_decision, not_execute, host_gone; inducted, lane_for.

Here parcels are really routed, into lanes that the caller names.
Source: docs/plc-mailbox.md, "What the PLC has to do", 2, 4 and 5.
"""

from __future__ import annotations

import asyncio

from plc.conformance.probe import LONG_S, WAIT_S, Belt, Probe, Unprovable, Violation
from plc.packml import PackmlState
from plc.words import LONG_MAX, EventRecord, EventType, Opcode, Refusal

_ENDS = (EventType.DEFAULTED, EventType.DIVERTED, EventType.DIVERT_FAILED, EventType.LOST)
_GONE_MS = 500
_SLACK_MS = 150
"""What a scan, a poll and the way of a block may take of a decision's time."""


async def default_lane(probe: Probe) -> str:
    parcel, belt = await inducted(probe)
    end = await _end(probe, parcel)
    if end.type != EventType.DEFAULTED:
        raise Violation(f"track {parcel.track_id} had no route, and {_told(end)} came instead of DEFAULTED")
    if end.station != belt.default:
        raise Violation(f"track {parcel.track_id} had no route: {_told(end)}, the default lane is {belt.default}")
    return f"track {parcel.track_id} had no route and took lane {end.station}"


async def past_decision(probe: Probe) -> str:
    parcel, belt = await inducted(probe)
    await _end(probe, parcel)
    seq = await probe.send(probe.command(Opcode.ROUTE, parcel.track_id, lane_for(probe, belt)))
    why = probe.words[17] if probe.words[16] == seq else 0
    if why == Refusal.UNKNOWN_TRACK:
        return f"track {parcel.track_id} had left the belt when it was told: refused with 3"
    if why != Refusal.PAST_DECISION:
        raise Violation(f"a ROUTE for track {parcel.track_id}, past the decision point, was {_answer(why)}, not with 6")
    return f"a ROUTE for track {parcel.track_id} was refused with 6"


async def route_replaced(probe: Probe) -> str:
    parcel, belt = await inducted(probe)
    first, second = _two(probe, belt)
    for lane in (first, second):
        await _route(probe, parcel, lane)
    end = await _end(probe, parcel)
    if end.type == EventType.DEFAULTED or end.station != second:
        raise Violation(f"track {parcel.track_id} was routed to lane {first}, then to {second}, and {_told(end)} came")
    return f"track {parcel.track_id} was routed to lane {first}, then to {second}, and went there"


async def not_execute(probe: Probe) -> str:
    if probe.up.plc_state == PackmlState.EXECUTE:
        raise Unprovable("needs the machine stopped while a parcel is on the belt")
    known = [event for event in probe.floor if event.type == EventType.INDUCTED]
    if not known or not probe.parcels_s:
        raise Unprovable("the machine is stopped, and a parcel on the belt is needed")
    parcel = known[-1]
    seq = await probe.send(probe.command(Opcode.ROUTE, parcel.track_id, lane_for(probe, _belt(probe, parcel))))
    why = probe.words[17] if probe.words[16] == seq else 0
    if why == 0:
        raise Violation(f"a ROUTE for track {parcel.track_id} was accepted in PackML state {probe.up.plc_state}")
    return f"a ROUTE for track {parcel.track_id} was refused with {why} in PackML state {probe.up.plc_state}"


async def host_gone(probe: Probe) -> str:
    """Silent for two seconds, or as long as a parcel that has its route takes to its decision point."""
    parcel: EventRecord | None = None
    lane = left_ms = 0
    probe.floor.clear()
    if probe.parcels_s:
        parcel, belt = await inducted(probe)
        lane = lane_for(probe, belt)
        await _route(probe, parcel, lane)
        await probe.write()
        left_ms = (parcel.plc_ms + belt.decision_ms - probe.up.plc_ms) & LONG_MAX
        left_ms = 0 if left_ms > LONG_MAX // 2 else left_ms
    loop = asyncio.get_running_loop()
    end_s = loop.time() + max(2 * LONG_S, (left_ms + _GONE_MS) / 1000)
    while loop.time() < end_s:
        await asyncio.sleep(0.02)
        await probe.look()
    try:
        await probe.send(probe.to_nobody(14, probe.lane))
    except Violation as violation:
        raise Violation(f"the host was silent for 2 s and came back: {violation}") from violation
    await probe.stay(WAIT_S)
    if parcel is None:
        if any(event.type == EventType.DEFAULTED for event in probe.floor):
            return "parcels took the default lane, and it obeys again after 2 s of silence"
        raise Unprovable(
            "obeys again after 2 s of silence; that parcels take the default lane meanwhile needs parcels on the belt"
        )
    end = await _end(probe, parcel)
    if end.type == EventType.DEFAULTED:
        return (
            f"track {parcel.track_id} had its route to lane {lane}, and took the default lane while the host was gone"
        )
    if left_ms < _GONE_MS + _SLACK_MS:
        raise Unprovable(f"{left_ms} ms from route to decision point: too short a way for a host to be gone on it")
    raise Violation(
        f"the host was silent for {left_ms} ms when track {parcel.track_id} was at its decision point, and "
        f"{_told(end)} came instead of DEFAULTED"
    )


async def inducted(probe: Probe) -> tuple[EventRecord, Belt]:
    """The next parcel that is inducted. Raises Unprovable."""
    if not probe.parcels_s:
        raise Unprovable("needs a parcel on the belt: ask for it, and let some come")
    probe.floor.clear()

    def came() -> list[EventRecord]:
        return [event for event in probe.floor if event.type == EventType.INDUCTED and probe.belts.get(event.station)]

    if not await probe.until(lambda: bool(came()), probe.parcels_s):
        raise Unprovable(f"no parcel was inducted within {probe.parcels_s:.0f} s")
    return came()[-1], _belt(probe, came()[-1])


def _belt(probe: Probe, parcel: EventRecord) -> Belt:
    return probe.belts[parcel.station]


async def _route(probe: Probe, parcel: EventRecord, lane: int) -> None:
    seq = await probe.send(probe.command(Opcode.ROUTE, parcel.track_id, lane))
    if probe.words[16] != seq:
        return
    if probe.words[17] in (Refusal.PAST_DECISION, Refusal.NOT_EXECUTE):
        raise Unprovable(f"a ROUTE for track {parcel.track_id} was {_answer(probe.words[17])}")
    raise Violation(
        f"a ROUTE to lane {lane} for track {parcel.track_id}, just inducted, was {_answer(probe.words[17])}"
    )


async def _end(probe: Probe, parcel: EventRecord) -> EventRecord:
    """What became of a parcel. Raises Unprovable where nothing is told of it."""

    def ends() -> list[EventRecord]:
        return [event for event in probe.floor if event.track_id == parcel.track_id and event.type in _ENDS]

    if not await probe.until(lambda: bool(ends()), 2 * _belt(probe, parcel).decision_ms / 1000 + probe.parcels_s):
        raise Violation(f"track {parcel.track_id} was inducted, and nothing tells what became of it")
    if ends()[0].type == EventType.LOST:
        raise Unprovable(f"track {parcel.track_id} was lost on its way")
    return ends()[0]


def _two(probe: Probe, belt: Belt) -> tuple[int, int]:
    """Two lanes that can take a parcel, the second one not the default lane. Raises Unprovable."""
    closed = probe.up.lanes_disabled | probe.up.lanes_full
    able = [lane for lane in belt.lanes if not closed >> (lane - 1) & 1]
    others = [lane for lane in able if lane != belt.default]
    if not others or len(able) < 2:
        raise Unprovable("needs two lanes that are neither full nor disabled")
    return next(lane for lane in able if lane != others[-1]), others[-1]


def lane_for(probe: Probe, belt: Belt) -> int:
    """A lane that can take a parcel and is not the default lane. Raises Unprovable."""
    return _two(probe, belt)[1]


def _answer(why: int) -> str:
    return f"refused with {why}" if why else "accepted"


def _told(event: EventRecord) -> str:
    name = event.type.name if isinstance(event.type, EventType) else f"type {event.type}"
    return f"{name} at lane {event.station}"
