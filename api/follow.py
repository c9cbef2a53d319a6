"""Follows one controller's journal: into the picture at once, into the site store as soon as it takes it.

Public names: Follower, Followed, Memory.

Both go on by themselves: a journal that is not there yet or is replaced by another, a locked store, a full disk are
said in ``followed`` and tried again every second; neither holds up the other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from edge.core.events import AlarmChanged, DeviceChanged, Measured
from edge.core.names import ALARMS
from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, Value
from edge.journal.source import JournalSource
from edge.site.store import SiteStore
from edge.views.history import HOUR_US, KINDS_COUNTED, History

log = logging.getLogger(__name__)
_T = TypeVar("_T")
POLL_S = 0.08
RETRY_S = 1.0
SILENT_S = 30.0
"""A controller tells its numbers every 10 s; when nothing came for so long, it is dead."""
PORTION = 1_000
WARM_UP = 30_000
"""Records before the newest with which the picture begins: about ten minutes of a busy controller."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was so before the first record: by line the masks of full and disabled lanes; the devices' newest words; the
    newest change of each alarm; by PLC its PackML state.
    """

    lanes: dict[str, tuple[int, int]]
    devices: tuple[DeviceChanged, ...]
    alarms: tuple[AlarmChanged, ...]
    machines: dict[str, int]


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a journal is followed. ``last_us``: time of the newest record. No trouble = empty."""

    controller: str
    journal: str
    seen: int = 0
    projected: int = 0
    last_us: int = 0
    journal_trouble: str = "not read yet"
    store_trouble: str = ""


class Follower:
    """Follows one journal until cancelled.

    ``begin`` gets what the controller remembered before the first record, ``take`` the values in order, both in the
    event loop; ``store`` gives the site store, raising OSError while there is none. ``devices``: the controller's, as
    its records name them. ``history`` makes an empty one; filled with the hour that went before the first record, in a
    thread of its own, it is given to ``recall`` in the event loop.
    """

    def __init__(
        self,
        controller: str,
        journal: Path,
        devices: tuple[str, ...],
        begin: Callable[[Memory], None],
        take: Callable[[list[Value]], None],
        store: Callable[[], SiteStore],
        history: Callable[[], History],
        recall: Callable[[History], None],
    ) -> None:
        self.followed = Followed(controller, str(journal))
        self._journal = journal
        self._devices = devices
        self._begin = begin
        self._take = take
        self._store = store
        self._history = history
        self._recall = recall
        self._start: asyncio.Queue[int] = asyncio.Queue()

    async def run(self) -> None:
        """Runs until cancelled. An error that is no trouble of journal or store ends it, and stays in ``followed``."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch())
                tasks.create_task(self._remember_hours())
                tasks.create_task(self._project())
        except ExceptionGroup as errors:
            log.exception("%s: the journal is no longer followed", self.followed.controller)
            self.followed = replace(self.followed, journal_trouble=f"not followed any more: {errors.exceptions[0]!r}")

    async def _watch(self) -> None:
        source = JournalSource(self._journal, self.followed.controller)
        seq = 0
        measures, heard_s = False, time.monotonic()
        silence = f"journal {self._journal}: nothing new for {SILENT_S:.0f} s: is `lanewise run` running?"

        def read() -> tuple[Memory | None, int, list[Record], list[Value], str]:
            reader, another = source.open()
            memory, start = None, seq
            if another:
                start = max(0, reader.last() - WARM_UP)
                memory = self._remember(reader)
            records = reader.after(start, PORTION)
            values, trouble = [], ""
            for record in records:
                try:
                    values.append(record.value)
                except JournalError as error:
                    trouble = f"journal {self._journal}: record {record.seq}: {error}"
            return memory, start, records, values, trouble

        try:
            with ThreadPoolExecutor(1, "watch") as pool:
                while True:
                    try:
                        memory, start, records, values, trouble = await self._in(pool, read)
                    except JournalError as error:
                        source.close()
                        self.followed = replace(self.followed, journal_trouble=str(error))
                        await asyncio.sleep(RETRY_S)
                        continue
                    if memory is not None:
                        self._begin(memory)
                        self._start.put_nowait(start)
                    if records:
                        seq = records[-1].seq
                        self.followed = replace(self.followed, last_us=records[-1].at_us)
                        self._take(values)
                        heard_s = time.monotonic()
                        measures = measures or any(isinstance(value, Measured) for value in values)
                    elif measures and time.monotonic() - heard_s > SILENT_S:
                        trouble = silence
                    if trouble or not records or self.followed.journal_trouble in ("not read yet", silence):
                        self.followed = replace(self.followed, journal_trouble=trouble)
                    self.followed = replace(self.followed, seen=seq)
                    if len(records) < PORTION:
                        await asyncio.sleep(POLL_S)
        finally:
            source.close()

    def _remember(self, reader: JournalReader) -> Memory:
        found = reader.checkpoint(CoreState)
        lines = found[1].lines if found else {}
        devices: list[DeviceChanged] = []
        with suppress(OSError):  # then the picture says that they were not heard of yet
            store = self._store()
            for name in self._devices:
                values = [record.value for record in store.by_ref(name)[-1:]]
                devices += [value for value in values if isinstance(value, DeviceChanged)]
        machines = {name: plc.machine for name, plc in found[1].plcs.items()} if found else {}
        lanes = {name: (line.lanes_full, line.lanes_disabled) for name, line in lines.items()}
        changes = [value for record in reader.by_ref(ALARMS) if isinstance(value := record.value, AlarmChanged)]
        alarms = {change.alarm: change for change in changes}
        return Memory(lanes, tuple(devices), tuple(alarms.values()), machines)

    async def _remember_hours(self) -> None:
        """For every journal file that is begun: the hour before the record with which the picture began."""

        ending = threading.Event()

        def read(before: int) -> History:
            history = self._history()
            reader = JournalReader(self._journal)
            try:
                newest = reader.after(before - 1, 1)
                for record in reader.counted(KINDS_COUNTED, newest[0].at_us - HOUR_US, before) if newest else ():
                    if ending.is_set():
                        break
                    with suppress(JournalError):  # a record of another version is shown as trouble where it is followed
                        history.apply(record.value)
            finally:
                reader.close()
            return history

        with ThreadPoolExecutor(1, "recall") as pool:
            try:
                while True:
                    before = await self._start.get()
                    with suppress(JournalError):  # gone again: the next one that is begun has another hour
                        self._recall(await self._in(pool, partial(read, before)))
            finally:
                ending.set()

    async def _project(self) -> None:
        source = JournalSource(self._journal, self.followed.controller)

        def project() -> tuple[int, int]:
            reader, _ = source.open()
            node = source.node(reader)
            if not node:
                return 0, 0
            store = self._store()
            records = reader.after(store.cursor(node), PORTION)
            return store.project(node, records) if records else store.cursor(node), len(records)

        try:
            with ThreadPoolExecutor(1, "project") as pool:
                while True:
                    try:
                        projected, count = await self._in(pool, project)
                    except (JournalError, OSError) as error:
                        source.close()
                        trouble = str(error) if isinstance(error, OSError) or self._journal.exists() else ""
                        self.followed = replace(self.followed, store_trouble=trouble)
                        await asyncio.sleep(RETRY_S)
                        continue
                    self.followed = replace(self.followed, projected=projected, store_trouble="")
                    if count < PORTION:
                        await asyncio.sleep(POLL_S * 2)
        finally:
            source.close()

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
