"""Follows one controller's journal: into picture and doors at once, into the site store as soon as it takes it.

Public names: JournalWatch, Followed, Memory, Shown.

Both go on by themselves: a journal that is not there yet or is replaced by another, a locked store, a full disk are
said in ``followed`` and tried again every second; neither holds up the other.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from edge.core.events import AlarmChanged, DeviceChanged, Measured, PlcEvent, Started
from edge.core.iso_time import iso
from edge.core.names import ALARMS, STARTS, lane_name, machine_name
from edge.core.values.layout import LineLayout
from edge.core.values.state import CoreState, LoadsState
from edge.journal.follower import Fold, Follower, Opened, follow_until_cancelled
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, Value, readable
from edge.journal.sign import WriterSign, shown
from edge.journal.source import JournalSource
from edge.site.store import SiteStore
from edge.views.docks import BOARD_KINDS, DockBoard
from edge.views.history import HOUR_US, KINDS_COUNTED, History
from edge.views.lane_hands import Lane, LaneHand, lane_hands

log = logging.getLogger(__name__)
POLL_S = 0.08
SILENT_S = 30.0
"""A controller tells its numbers every 10 s; when nothing came for so long, it is dead."""
PORTION = 1_000
START_RECORDS = 50
"""So many starts are looked at for the newest one of a process; the others took another configuration."""
LANE_RECORDS = 50
"""So many of what was asked of a lane that is off, and became of it, tell who turned it off."""
WARM_UP = 30_000
"""Records before the newest with which the picture begins: about ten minutes of a busy controller."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was so before the first record: by line the masks of full and disabled lanes; the devices' newest words; the
    newest change of each alarm; by PLC its PackML state, and since when where that is known; who turned lanes off.
    """

    lanes: dict[str, tuple[int, int]]
    devices: tuple[DeviceChanged, ...]
    alarms: tuple[AlarmChanged, ...]
    machines: dict[str, int]
    entered_us: dict[str, int]
    hands: dict[Lane, LaneHand]


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a journal is followed. ``last_us``: time of the newest record. No trouble = empty.

    ``unwritable``: why its controller cannot write it, in a word, since ``unwritable_us``; empty = it can.
    """

    controller: str
    journal: str
    seen: int = 0
    projected: int = 0
    last_us: int = 0
    journal_trouble: str = "not read yet"
    store_trouble: str = ""
    unwritable: str = ""
    unwritable_us: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Who is told of the journal, in the event loop: ``begin`` what the controller remembered before the first record,
    ``take`` the values in order, ``recall`` the hour that went before, ``doors`` that their board has changed.
    """

    begin: Callable[[Memory], None]
    take: Callable[[list[Value]], None]
    recall: Callable[[History], None]
    doors: Callable[[], None]


class JournalWatch:
    """Follows one journal until cancelled, in one thread for what is shown and one for the store.

    ``devices``: the controller's, as its records name them. ``store`` gives the site store, raising OSError while
    there is none. ``history`` makes an empty one. ``board``: of the controller's doors, None = it has none.
    ``layouts``: of the controller's lines where its journal has no start.
    """

    def __init__(
        self,
        controller: str,
        journal: Path,
        devices: tuple[str, ...],
        shown: Shown,
        store: Callable[[], SiteStore],
        history: Callable[[], History],
        board: DockBoard | None = None,
        layouts: tuple[LineLayout, ...] = (),
    ) -> None:
        self._controller = controller
        self._journal = journal
        self._loop: asyncio.AbstractEventLoop | None = None
        self._source = JournalSource(journal, controller)
        self._picture = _Picture(journal, devices, shown, self._in_loop, store, history)
        self._shown: list[Fold] = [self._picture]
        if board is not None:
            self._shown.append(_Board(board, shown, self._in_loop))
        self._projection = _Projection(journal, store, layouts)

    @property
    def followed(self) -> Followed:
        """How far it is."""
        followed = Followed(
            self._controller,
            str(self._journal),
            self._picture.seen,
            self._projection.projected,
            self._picture.last_us,
            self._picture.said,
            self._projection.said,
        )
        sign = self._picture.sign
        if sign is None or sign.why is None:
            return followed
        trouble = f"journal {self._journal}: cannot be written since {iso(sign.since_s * 1_000_000)}: {sign.why}"
        return replace(
            followed, journal_trouble=trouble, unwritable=str(sign.why), unwritable_us=sign.since_s * 1_000_000
        )

    async def run(self) -> None:
        """Runs until cancelled."""
        self._loop = asyncio.get_running_loop()
        shown = [Follower(self._source, fold, POLL_S) for fold in self._shown]
        stored = Follower(self._source, self._projection, 2 * POLL_S, bears=(OSError,))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(follow_until_cancelled("watch", *shown))
                tasks.create_task(follow_until_cancelled("project", stored))
        finally:
            self._source.close()

    def _in_loop(self, call: Callable[[], None]) -> None:
        async def called() -> None:
            call()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(called(), self._loop).result()


InLoop = Callable[[Callable[[], None]], None]
"""Calls in the event loop, and waits until that is done."""


@dataclass(slots=True)
class _Picture:
    """Shows what the records tell, and once, in portions between them, the hour that went before."""

    journal: Path
    devices: tuple[str, ...]
    shown: Shown
    in_loop: InLoop
    store: Callable[[], SiteStore]
    history: Callable[[], History]
    portion: int = PORTION
    seen: int = 0
    last_us: int = 0
    said: str = "not read yet"
    sign: WriterSign | None = None
    hour: Iterator[bool] | None = None
    heard_s: float = math.inf
    """When anything was heard last of a controller that tells its numbers."""

    def begin(self, journal: Opened) -> int:
        if journal.after is not None:
            return journal.after
        start = max(0, journal.reader.last() - WARM_UP)
        memory = self._remember(journal.reader)
        self.in_loop(lambda: self.shown.begin(memory))
        self.hour = self._hour_before(journal.reader, start)
        return start

    def take(self, records: Sequence[Record]) -> bool:
        self.sign = None if records else shown(self.journal)  # whoever is read writes
        known, trouble = readable(records)
        values = [record.value for record in known]
        if records:
            self.in_loop(lambda: self.shown.take(values))
            self.seen, self.last_us = records[-1].seq, records[-1].at_us
            if self.heard_s < math.inf or any(isinstance(value, Measured) for value in values):
                self.heard_s = time.monotonic()
        elif time.monotonic() - self.heard_s > SILENT_S:
            trouble = f"nothing new for {SILENT_S:.0f} s: is `lanewise run` running?"
        self.said = f"journal {self.journal}: {trouble}" if trouble else ""
        return self.hour is not None and next(self.hour, False)

    def trouble(self, error: Exception) -> None:
        self.sign = shown(self.journal)
        self.said = str(error)

    def _remember(self, reader: JournalReader) -> Memory:
        _, state = reader.checkpoint(CoreState) or (0, CoreState())
        devices: list[DeviceChanged] = []
        with suppress(OSError):  # then the picture says that they were not heard of yet
            store = self.store()
            for name in self.devices:
                values = [record.value for record in store.by_ref(name)[-1:]]
                devices += [value for value in values if isinstance(value, DeviceChanged)]
        starts = [record.value for record in readable(reader.named(STARTS, most=START_RECORDS))[0]]
        begun_us = max((one.at_us for one in starts if isinstance(one, Started) and not one.running), default=0)
        readers = [one for one in devices if one.device.startswith("reader.") and one.up and one.at_us < begun_us]
        devices = [one for one in devices if one not in readers]  # they were heard by a process that is over
        changes = [value for record in reader.by_ref(ALARMS) if isinstance(value := record.value, AlarmChanged)]
        return Memory(
            {name: (line.lanes_full, line.lanes_disabled) for name, line in state.lines.items()},
            tuple(devices),
            tuple({change.alarm: change for change in changes}.values()),
            {name: plc.machine for name, plc in state.plcs.items()},
            _entered(reader, state),
            _hands(reader, state),
        )

    def _hour_before(self, reader: JournalReader, before: int) -> Iterator[bool]:
        """Reads the hour before a record, and has it shown when all is read; True after each portion."""
        older = self.history()
        with suppress(JournalError):  # gone: the journal that comes in its place has another hour
            for newest in reader.after(before - 1, 1):
                records = reader.counted(KINDS_COUNTED, newest.at_us - HOUR_US, before)
                while some := list(islice(records, PORTION)):
                    for record in readable(some)[0]:
                        older.apply(record.value)
                    yield True
            self.in_loop(lambda: self.shown.recall(older))


def _entered(reader: JournalReader, state: CoreState) -> dict[str, int]:
    """By PLC since when it is in the state that the checkpoint has, where a record says so."""
    found: dict[str, int] = {}
    for name, plc in state.plcs.items():
        for record in readable(reader.named(machine_name(name), most=1))[0]:
            if isinstance(value := record.value, PlcEvent) and value.value == plc.machine:
                found[name] = value.at_us
    return found


def _hands(reader: JournalReader, state: CoreState) -> dict[Lane, LaneHand]:
    """Who turned the lanes off that are off."""
    records = [
        record
        for name, line in state.lines.items()
        for lane in range(1, line.lanes_disabled.bit_length() + 1)
        if line.lanes_disabled >> (lane - 1) & 1
        for record in reader.named(lane_name(name, lane), most=LANE_RECORDS)
    ]
    return lane_hands(record.value for record in readable(records)[0])


@dataclass(slots=True)
class _Board:
    """Keeps the board of the doors; what cannot be read is said by the picture."""

    board: DockBoard
    shown: Shown
    in_loop: InLoop
    portion: int = 5_000

    def begin(self, journal: Opened) -> int:
        if journal.after is not None:
            return journal.after
        seq, state = journal.reader.checkpoint(CoreState) or (0, CoreState())
        self.in_loop(lambda: self._show(state.loads, ()))
        return seq

    def take(self, records: Sequence[Record]) -> bool:
        values = [one.value for one in readable(record for record in records if record.kind in BOARD_KINDS)[0]]
        if values:
            self.in_loop(lambda: self._show(None, values))
        return False

    def trouble(self, error: Exception) -> None:
        pass

    def _show(self, begun: LoadsState | None, values: Sequence[Value]) -> None:
        if begun is not None:
            self.board.begin(begun)
        for value in values:
            self.board.take(value)
        self.shown.doors()


@dataclass(slots=True)
class _Projection:
    """Brings the records into the site store, from where the store says that it has them."""

    journal: Path
    store: Callable[[], SiteStore]
    layouts: tuple[LineLayout, ...]
    portion: int = PORTION
    projected: int = 0
    said: str = ""
    node: str = ""

    def begin(self, journal: Opened) -> int:
        self.node = journal.node
        self.projected = self.store().cursor(self.node)
        self._start(journal.reader.named(STARTS, upto=self.projected, most=1))
        return self.projected

    def take(self, records: Sequence[Record]) -> bool:
        if records:
            self.projected = self.store().project(self.node, records, self.projected, self.layouts)
            self._start(record for record in records if record.kind == Started.__name__)
        self.said = ""
        return False

    def _start(self, records: Iterable[Record]) -> None:
        """The lines from these starts on."""
        for record in readable(records)[0]:
            if isinstance(value := record.value, Started):
                self.layouts = value.layouts

    def trouble(self, error: Exception) -> None:
        self.said = str(error) if isinstance(error, OSError) or self.journal.exists() else ""
