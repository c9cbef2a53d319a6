"""The rules for commands, each with the play that proves it: handled once, in sequence, in time, or refused.

Public names: the plays of plc.conformance.rules that concern commands.

Source: docs/plc-mailbox.md, "What the PLC has to do", 2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from plc.conformance.probe import WAIT_S, Probe, Violation
from plc.packml import PackmlState
from plc.words import RING, Opcode, Refusal, Sent, encode_command, serial_add, serial_after

FAR_MS = 0x7FFF_0000
"""Nearly half of the millisecond counter: 24.8 days."""


async def handled(probe: Probe) -> str:
    before = probe.words[15]
    seq = await probe.send(probe.to_nobody(2, probe.lane))
    if probe.words[15] != seq:
        raise Violation(f"cmd_done went from {before} to {probe.words[15]}, one command was given: {seq}")
    allowed = (
        (Refusal.UNKNOWN_TRACK,)
        if probe.up.plc_state == PackmlState.EXECUTE
        else (Refusal.UNKNOWN_TRACK, Refusal.NOT_EXECUTE)
    )
    _shown_refused(probe, seq, allowed)
    return f"command {seq} refused with {probe.words[17]}, and handled"


async def refused_event(probe: Probe) -> str:
    command = probe.to_nobody(3, probe.lane)
    seq = await probe.send(command)
    if not await probe.reported(seq):
        raise Violation(f"command {seq} was refused, and no REFUSED event says so")
    event = next(one for one in probe.refused if one.station == seq)
    if event.value != probe.words[17] or event.track_id != command.value:
        raise Violation(
            f"REFUSED of command {seq} says track {event.track_id} and reason {event.value}; "
            f"it was track {command.value} and reason {probe.words[17]}"
        )
    return f"REFUSED with station {seq}, reason {event.value} and the track id"


async def accepted(probe: Probe) -> str:
    lane = probe.enabled_lane()
    before = list(probe.words[16:18])
    seq = await probe.send(probe.command(Opcode.LANE, 1, lane))
    if list(probe.words[16:18]) != before:
        raise Violation(f"LANE {lane} enable, which changes nothing, was refused with {probe.words[17]}")
    await probe.stay(WAIT_S)
    if probe.refusals(seq):
        raise Violation(f"LANE {lane} enable was handled as good, and reported as REFUSED")
    return f"LANE {lane} enable was carried out"


async def expiry(probe: Probe) -> str:
    lane = probe.enabled_lane()
    seq = await probe.send(probe.command(Opcode.LANE, 1, lane, -1_000))
    _shown_refused(probe, seq, (Refusal.EXPIRED,))
    return "a command that expired a second ago was refused with 2"


async def expiry_serial(probe: Probe) -> str:
    lane = probe.enabled_lane()
    before = list(probe.words[16:18])
    seq = await probe.send(probe.command(Opcode.LANE, 1, lane, FAR_MS))
    if list(probe.words[16:18]) != before:
        raise Violation(f"command {seq}, valid for 24.8 days, was refused with {probe.words[17]}: PLC time wraps")
    seq = await probe.send(probe.command(Opcode.LANE, 1, lane, -FAR_MS))
    _shown_refused(probe, seq, (Refusal.EXPIRED,))
    return "right on both sides of the counter's wrap"


async def no_target(probe: Probe) -> str:
    seq = await probe.send(probe.command(Opcode.LANE, 1, 0xFFFF))
    _shown_refused(probe, seq, (Refusal.NO_TARGET,))
    return "lane 65535 was refused with 4"


async def unknown_opcode(probe: Probe) -> str:
    seq = probe.head = serial_add(probe.head, 1)
    record = encode_command(Sent(seq, probe.to_nobody(4)))
    record[1] = 99
    probe.put_words(seq, record)
    if not await probe.until(lambda: probe.handled(seq)):
        raise Violation(f"command {seq} with opcode 99 is not handled: every later one waits behind it")
    _shown_refused(probe, seq, (Refusal.NO_TARGET,))
    return "opcode 99 was refused with 4, and handled"


async def once(probe: Probe) -> str:
    seq = await probe.send(probe.to_nobody(5, probe.lane))
    await probe.stay(2 * WAIT_S)
    if probe.words[15] != seq:
        raise Violation(f"cmd_done went on from {seq} to {probe.words[15]} as the same block was written again")
    times = len(probe.refusals(seq))
    if times > 1:
        raise Violation(f"command {seq} was handled {times} times as the same block was written again")
    return "the same block written again and again changed nothing"


async def in_order(probe: Probe) -> str:
    done = probe.words[15]
    first, second, later = (serial_add(done, step) for step in (1, 2, 1 + RING))
    probe.put(second, probe.to_nobody(7, probe.lane))
    probe.head = second
    await probe.stay(WAIT_S)
    if probe.words[15] != done:
        raise Violation(f"command {second} was handled before {first} was there")
    probe.put(first, probe.to_nobody(6, probe.lane))
    if not await probe.until(lambda: probe.handled(second)):
        raise Violation(f"commands {first} and {second} are both there, cmd_done is {probe.words[15]}")
    await probe.reported(second)
    order = [event.station for event in probe.refused if event.station in (first, second)]
    if order != [first, second]:
        raise Violation(f"commands {first} and {second} were handled in the order {order}")
    done = probe.words[15]
    later = serial_add(done, 1 + RING)
    probe.put(later, probe.to_nobody(8, probe.lane))
    probe.head = later
    await probe.stay(WAIT_S)
    if probe.words[15] != done:
        raise Violation(f"command {later} stood in the slot of {serial_add(done, 1)}, and was handled")
    return "a command waits for the one before it"


async def torn_command(probe: Probe) -> str:
    done = probe.words[15]
    seq = serial_add(done, 1)
    record = encode_command(Sent(seq, probe.to_nobody(9, probe.lane)))
    for at, other in ((7, serial_add(seq, -RING)), (0, serial_add(seq, -RING))):
        half = list(record)
        half[at] = other
        probe.put_words(seq, half)
        probe.head = seq
        await probe.stay(WAIT_S)
        if probe.words[15] != done:
            raise Violation(f"command {seq} was handled with the copies {half[0]} and {half[7]}")
    probe.put_words(seq, record)
    if not await probe.until(lambda: probe.handled(seq)):
        raise Violation(f"command {seq} was half written; now it is whole, and is not handled")
    return "a half-written command waited until it was whole"


async def cmd_head(probe: Probe) -> str:
    done = probe.words[15]
    seq = serial_add(done, 1)
    probe.put(seq, probe.to_nobody(10, probe.lane))
    await probe.stay(WAIT_S)
    if probe.words[15] != done:
        raise Violation(f"command {seq} was handled, cmd_head is {probe.head}")
    probe.head = seq
    if not await probe.until(lambda: probe.handled(seq)):
        raise Violation(f"cmd_head has reached {seq}, and it is not handled")
    return "a command past cmd_head waited"


async def late_block(probe: Probe) -> str:
    first = await probe.send(probe.to_nobody(11, probe.lane))
    old = probe.block()
    second = await probe.send(probe.to_nobody(12, probe.lane))
    await probe.reported(second)
    await probe.stay(WAIT_S)
    acked = probe.words[21]
    end = asyncio.get_running_loop().time() + WAIT_S
    while asyncio.get_running_loop().time() < end:
        await probe.link.write_down(old)
        await asyncio.sleep(probe.poll_s)
        await probe.look()
    if probe.words[15] != second:
        raise Violation(f"an older block came late, and cmd_done went from {second} to {probe.words[15]}")
    for seq in (first, second):
        if len(probe.refusals(seq)) > 1:
            raise Violation(f"an older block came late, and command {seq} was handled again")
    if serial_after(acked, probe.words[21]):
        raise Violation(f"an older block came late, and event_acked went back from {acked} to {probe.words[21]}")
    return "an older block, executed late, changed nothing"


async def eight(probe: Probe) -> str:
    last = await probe.send(*(probe.to_nobody(number, probe.lane) for number in range(RING)))
    await probe.reported(last)
    wanted = [serial_add(last, 1 - RING + step) for step in range(RING)]
    order = [event.station for event in probe.refused]
    if order != wanted:
        raise Violation(f"eight commands in one block were handled in the order {order}")
    return "eight commands in one block, handled in order"


def _shown_refused(probe: Probe, seq: int, reasons: Sequence[Refusal]) -> None:
    if probe.words[16] != seq:
        raise Violation(f"command {seq} should be refused with {reasons[0]}, cmd_refused is {probe.words[16]}")
    if probe.words[17] not in reasons:
        raise Violation(f"command {seq} was refused with {probe.words[17]}, the reason is {reasons[0]}")
