"""What a host that comes new to a PLC of version 2 takes before it tells any of it: which ROUTE is of which round.

Public names: Gathering.

Source: docs/plc-mailbox.md, "Version 2: seen and stored"; docs/adr/0033.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plc.host_signals import Found, HostSignal
from plc.words import CommandRecord, EventRecord, EventType, Opcode, Sent, serial_add, serial_after, serial_behind


@dataclass(slots=True)
class Gathering:
    """``fresh``, ``found``: as in Connected, the commands of DOWN alone.

    ``known``: the newest command that is accounted for; with ``ours`` no ROUTED up to that is news, else every one is:
    a sequence that never reached the PLC was given out again. ``moved_us``: when something came last. ``goal``: the
    newest event that the PLC kept when it obeyed us and had handled the commands of DOWN, None = not yet. ``signals``:
    what came so far.
    """

    fresh: bool
    found: tuple[Sent, ...]
    known: int
    ours: bool
    moved_us: int
    goal: int | None = None
    signals: list[HostSignal] = field(default_factory=list)

    def sorted_out(self, done: int) -> tuple[tuple[Sent, ...], set[int], list[HostSignal]]:
        """What Connected is to say of ``found``, the commands that are accounted for, and what to tell behind it.

        A ROUTE that is not stored is told before the INDUCTED of the round that it belongs to; in the first is only
        what belongs to a round that began before. ``done``: newest command that was handled.
        """
        events = [signal for signal in self.signals if isinstance(signal, EventRecord)]
        told = {event.value for event in events if event.type == EventType.ROUTED}
        told |= {event.station for event in events if event.type == EventType.REFUSED}
        untold = [sent for sent in self.found if sent.seq not in told]
        routes = {sent.command.value: sent for sent in untold if sent.command.opcode is Opcode.ROUTE}
        signals: list[HostSignal] = []
        for signal in reversed(self.signals):
            signals.append(signal)
            match signal:
                case EventRecord(type=EventType.ROUTED, track_id=track, station=lane):
                    if not self.ours or serial_after(signal.value, self.known):
                        routes.setdefault(track, Sent(signal.value, CommandRecord(Opcode.ROUTE, track, lane, 0)))
                case EventRecord(type=EventType.INDUCTED, track_id=track) if track in routes:
                    signals.append(Found(routes.pop(track)))
                case _:
                    pass
        others = [sent for sent in untold if sent.command.opcode is not Opcode.ROUTE]
        oldest = serial_add(done, -0x8000)
        found = sorted((*others, *routes.values()), key=lambda sent: serial_behind(oldest, sent.seq))
        signals.reverse()
        return tuple(found), told | {sent.seq for sent in self.found}, signals
