"""Keeps the board of one controller's dock doors up to its journal.

Public names: DockFollower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from edge.core.values.state import CoreState, LoadsState
from edge.journal.record import JournalError, Value
from edge.journal.source import JournalSource
from edge.views.docks import BOARD_KINDS, DockBoard

POLL_S = 0.08
RETRY_S = 1.0
PORTION = 5_000


class DockFollower:
    """Begins with what the controller remembers and goes on along its journal, until cancelled.

    ``changed`` is called in the event loop when the board has.
    """

    def __init__(self, board: DockBoard, source: JournalSource, changed: Callable[[], None]) -> None:
        self.board = board
        self._source = source
        self._changed = changed

    async def run(self) -> None:
        """Follows; what cannot be read is said by `api.follow`, and tried again."""
        loop = asyncio.get_running_loop()
        seq = 0

        def read() -> tuple[LoadsState | None, int, int, list[Value]]:
            reader, another = self._source.open()
            begun, after = None, seq
            if another:
                found = reader.checkpoint(CoreState)
                after, begun = (found[0], found[1].loads) if found is not None else (0, LoadsState())
            records = reader.after(after, PORTION)
            values: list[Value] = []
            for record in records:
                if record.kind in BOARD_KINDS:
                    with suppress(JournalError):  # of another version: shown as trouble where all is followed
                        values.append(record.value)
            return begun, records[-1].seq if records else after, len(records), values

        try:
            with ThreadPoolExecutor(1, "docks") as pool:
                while True:
                    try:
                        begun, seq, count, values = await loop.run_in_executor(pool, read)
                    except JournalError:
                        self._source.close()
                        seq = 0
                        await asyncio.sleep(RETRY_S)
                        continue
                    if begun is not None:
                        self.board.begin(begun)
                    for value in values:
                        self.board.take(value)
                    if values or begun is not None:
                        self._changed()
                    if count < PORTION:
                        await asyncio.sleep(POLL_S)
        finally:
            self._source.close()
