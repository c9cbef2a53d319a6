"""Every line as a PackML machine: a fold over journal records.

Public names: Machines.

A line stands as its PLC does; Execute with a jam is Held, since nothing passes; a PLC that does not answer is
Undefined, and when it answers again in the state in which it was, it stands there since then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from edge.core.events import DeviceChanged, MachineReported, Outcome, PlcConnected, PlcEvent, Sorted
from edge.core.values.layout import LineLayout
from edge.journal.record import Value
from edge.views.picture import Machine
from plc.packml import PackmlState
from plc.words import EventType


@dataclass(slots=True)
class _Plc:
    """What a PLC tells, as long as it answers."""

    state: int = 0
    answers: bool = True
    jams: set[int] = field(default_factory=set)
    stood: int = 0
    stood_us: int = 0
    """In which state it stood as long as it answered, and since when."""

    @property
    def stands(self) -> int:
        if not self.answers:
            return PackmlState.UNDEFINED
        return PackmlState.HELD if self.jams and self.state == PackmlState.EXECUTE else self.state

    def since_us(self, at_us: int) -> int:
        """Since when it stands as it does, having changed now: after an outage it goes on as it stood before."""
        if self.stands == PackmlState.UNDEFINED:
            return at_us
        if self.stands != self.stood:
            self.stood, self.stood_us = self.stands, at_us
        return self.stood_us


class Machines:
    """The machines of a controller or a site."""

    def __init__(self, layouts: Iterable[LineLayout]) -> None:
        self._machines = {layout.name: Machine(layout.name, layout.plc) for layout in layouts}
        self._plcs = {machine.plc: _Plc() for machine in self._machines.values()}

    def all(self) -> tuple[Machine, ...]:
        """One for each line."""
        return tuple(self._machines.values())

    def begin_with(self, states: Mapping[str, int], entered_us: Mapping[str, int]) -> None:
        """What was so before the records that follow: PackML state by PLC, and since when, where that is known."""
        for name, state in states.items():
            if name in self._plcs:
                self._plcs[name].state = state
                list(self._follow(name, entered_us.get(name, 0)))

    def apply(self, value: Value) -> list[Machine]:
        """Takes the next record's value; the machines that changed."""
        match value:
            case PlcEvent(type=EventType.STATE, station=0) if value.plc in self._plcs:
                self._plcs[value.plc].state = value.value
                return list(self._follow(value.plc, value.at_us))
            case PlcEvent(type=EventType.JAM) if value.plc in self._plcs:
                jams = self._plcs[value.plc].jams
                (jams.add if value.value else jams.discard)(value.station)
                return list(self._follow(value.plc, value.at_us))
            case PlcConnected(fresh=True) if value.plc in self._plcs:
                self._plcs[value.plc].jams.clear()
                return list(self._follow(value.plc, value.at_us))
            case MachineReported() if value.plc in self._plcs:
                self._plcs[value.plc].state = value.state
                return list(self._follow(value.plc, value.at_us, value))
            case DeviceChanged(device=device) if device.partition(".")[2] in self._plcs and device.startswith("plc."):
                name = device.partition(".")[2]
                self._plcs[name].answers = value.up
                return list(self._follow(name, value.at_us))
            case Sorted() if value.line in self._machines:
                machine = self._machines[value.line]
                bad = value.outcome is not Outcome.CONFIRMED
                machine = replace(
                    machine,
                    processed=machine.processed + bool(value.lane),
                    defective=machine.defective + bad,
                )
                self._machines[value.line] = machine
                return [machine]
            case _:
                return []

    def _follow(self, plc: str, at_us: int, told: MachineReported | None = None) -> Iterator[Machine]:
        known = self._plcs[plc]
        for before in [machine for machine in self._machines.values() if machine.plc == plc]:
            machine = replace(before, state=int(known.stands), jams=tuple(sorted(known.jams)))
            if told is not None:
                machine = replace(
                    machine,
                    mode=told.mode or machine.mode,
                    speed=told.speed or machine.speed,
                    told_processed=told.processed if told.processed >= 0 else machine.told_processed,
                    told_defective=told.defective if told.defective >= 0 else machine.told_defective,
                )
            if machine.state != before.state:
                machine = replace(machine, since_us=known.since_us(at_us))
            if machine != before:
                self._machines[machine.line] = machine
                yield machine
