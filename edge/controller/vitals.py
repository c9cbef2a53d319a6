"""What the controller measures of itself, its devices and lines, so that the journal shows that they live.

Public names: Vitals, samples, EVERY_S.

Counting costs a dictionary look-up on each poll and report; the numbers are put together every EVERY_S. Their names are
fields of `edge.publish.schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.core.values.state import CoreState, DockState, LineState
from edge.metrics import Sample
from plc.mailbox import Host
from plc.packml import PackmlStatus
from rfid.driver import UNMEASURED_DBM, TagRead, rows

EVERY_S = 10.0
Values = tuple[tuple[str, float], ...]


@dataclass(slots=True)
class _Polls:
    count: int = 0
    total_us: int = 0
    longest_us: int = 0


@dataclass(slots=True)
class _Reads:
    reports: int = 0
    left_out: int = 0
    held: int = 0
    antennas: dict[int, tuple[int, int, float]] = field(default_factory=dict)  # reads, those with an RSSI, its sum


class Vitals:
    """Counts since the numbers were last asked for. ``lanes``: by line the numbers of its lanes."""

    def __init__(
        self, plcs: Iterable[str], readers: Iterable[str], lanes: dict[str, tuple[int, ...]], docks: Iterable[str] = ()
    ) -> None:
        self._polls = {name: _Polls() for name in plcs}
        self._reads = {name: _Reads() for name in readers}
        self._lanes = lanes
        self._docks = tuple(docks)
        self._left_out: dict[str, int] = {}

    def polled(self, plc: str, round_trip_us: int) -> None:
        """A PLC answered."""
        polls = self._polls[plc]
        polls.count += 1
        polls.total_us += round_trip_us
        polls.longest_us = max(polls.longest_us, round_trip_us)

    def read(self, reader: str, reads: Sequence[TagRead], held: bool) -> None:
        """A report came. What the reader had ``held`` back is of another time, and counts apart."""
        counted = self._reads[reader]
        if held:
            counted.held += len(reads)
            return
        counted.reports += 1
        for _, antenna, rssi_dbm, _, _ in rows(reads):
            count, measured, rssi = counted.antennas.get(antenna, (0, 0, 0.0))
            if rssi_dbm == UNMEASURED_DBM:
                counted.antennas[antenna] = count + 1, measured, rssi
            else:
                counted.antennas[antenna] = count + 1, measured + 1, rssi + rssi_dbm

    def left_out(self, reads: Mapping[str, int]) -> None:
        """By reader, how many reads were left out as a flood since the start."""
        for name, count in reads.items():
            if name in self._reads:
                self._reads[name].left_out = count - self._left_out.get(name, 0)
        self._left_out = dict(reads)

    def measured(
        self,
        hosts: Mapping[str, Host],
        machines: Mapping[str, PackmlStatus | None],
        is_up: Callable[[str], bool],
        now_us: Callable[[], int],
        state: CoreState,
        clock_of: Callable[[str], Values] = lambda _: (),
    ) -> Iterator[tuple[str, Values]]:
        """Every device and line with its numbers, each as it is when asked for; their counting begins anew.

        ``machines``: by PLC what its PackML object tells now, None = it is not read. ``clock_of``: how a device's clock
        stands to the host's.
        """
        for name in {**hosts, **machines}:
            device = f"plc.{name}"
            host, machine = hosts.get(name), machines.get(name)
            values = dict(self._of_plc(name, is_up(device), host, now_us())) if host is not None else {}
            if machine is not None:
                values |= _of_machine(machine)
            if host is not None:
                values |= clock_of(device)
            if values:
                yield device, tuple(values.items())
        for name in self._reads:
            device = f"reader.{name}"
            yield device, (*self._of_reader(name, is_up(device)), *clock_of(device))
        for name, lanes in self._lanes.items():
            yield f"line.{name}", _of_line(state.lines[name], lanes)
        for name in self._docks:
            yield f"dock.{name}", _of_dock(state.loads.docks.get(name, DockState()))

    @staticmethod
    def alarms(state: CoreState, now_us: int) -> Values:
        """Every alarm that is active, with how long it has been."""
        active = ((name, record) for name, record in sorted(state.alarms.alarms.items()) if record.active)
        return tuple((f"alarm.{name}", now_us - record.since_us) for name, record in active)

    def _of_plc(self, name: str, up: bool, host: Host, now_us: int) -> Values:
        polls, self._polls[name] = self._polls[name], _Polls()
        values: list[tuple[str, float]] = [("up", int(up)), ("polls", polls.count)]
        if polls.count:
            values += [("round_trip_us", polls.total_us // polls.count), ("round_trip_max_us", polls.longest_us)]
        words = host.up
        if words is not None:
            values += [
                ("heartbeat_age_us", now_us - host.moved_us),
                ("events_unacknowledged", words.unacknowledged),
                ("packml_state", words.plc_state),
                ("mailbox_version", words.version),
            ]
            if host.room is not None:
                values.append(("events_room", host.room))
        values += [("epoch", host.epoch), ("fenced", int(host.fenced))]
        return (*values, ("commands_queued", host.queued), ("commands_unhandled", host.unhandled))

    def _of_reader(self, name: str, up: bool) -> Values:
        counted, self._reads[name] = self._reads[name], _Reads()
        total = sum(count for count, *_ in counted.antennas.values())
        values: list[tuple[str, float]] = [("up", int(up)), ("reads", total), ("reports", counted.reports)]
        if counted.held:
            values.append(("held", counted.held))
        if counted.left_out:
            values.append(("left_out", counted.left_out))
        for antenna, (count, measured, rssi) in sorted(counted.antennas.items()):
            values.append((f"reads.{antenna}", count))
            if measured:
                values.append((f"rssi_dbm.{antenna}", round(rssi / measured, 2)))
        return tuple(values)


def _of_machine(machine: PackmlStatus) -> Values:
    """What a PackML object tells; its state goes before that in the mailbox, as it does in the journal."""
    told = {
        "packml_state": machine.state,
        "packml_mode": machine.mode or None,
        "processed": machine.processed if machine.processed >= 0 else None,
        "defective": machine.defective if machine.defective >= 0 else None,
        "products_per_min": machine.speed,
    }
    return tuple((name, number) for name, number in told.items() if number is not None)


def _of_line(line: LineState, lanes: tuple[int, ...]) -> Values:
    tracks = sum(track.inducted and not track.ended for track in line.tracks.values())
    bits = [(line.lanes_full >> lane - 1 & 1) | (line.lanes_disabled >> lane - 1 & 1) << 1 for lane in lanes]
    return (("tracks", tracks), *((f"lane.{lane}", bit) for lane, bit in zip(lanes, bits, strict=True)))


def _of_dock(door: DockState) -> Values:
    on = int(bool(door.light_until_us)), int(bool(door.buzzer_until_us))
    return (("light", on[0]), ("buzzer", on[1]), ("wrong", len(door.wrong)))


def samples(
    told: Mapping[str, Values], kinds: Mapping[str, int], left_out: Mapping[str, int] | None = None
) -> Iterator[Sample]:
    """For Prometheus: the newest numbers of each device, the records stored by kind, the reads left out by reader."""
    for reader, count in sorted((left_out or {}).items()):
        text = "reads left out since the start, as the reader floods"
        yield Sample("reads_left_out", text, count, (("reader", reader),), counts=True)
    for kind, count in sorted(kinds.items()):
        yield Sample("records", "records stored since the start", count, (("kind", kind),), counts=True)
    for device, values in sorted(told.items()):
        group, _, name = device.partition(".")
        label = ((group, name),) if name else ()
        for key, number in values:
            what, _, part = key.partition(".")
            name_of, part_of = _PARTS.get(what, (f"antenna_{what}", "antenna")) if part else (f"{group}_{what}", "")
            labels = (*label, (part_of, part)) if part else label
            yield Sample(name_of, "the newest of every 10 s: docs/telemetry.md", number, labels)


_PARTS = {
    "lane": ("lane_state", "lane"),
    "backlog": ("follower_backlog", "follower"),
    "alarm": ("alarm_active_us", "alarm"),
}
"""For what is told of a part: the name, and the label of the part. Of a lane bit 0 = full, bit 1 = disabled."""
