"""Calls that may wait long, as for a store or a disk, in a thread beside the loop.

Public names: Aside.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """One thread, which takes one call after the other. Unlike an executor's it keeps no process from ending: a store
    whose server says nothing any more would keep the next controller from the journal.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._take, name=name, daemon=True).start()

    def call(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What it gives, or raises."""
        answer: Future[T] = Future()

        def take() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(work())
                except Exception as error:  # noqa: BLE001  whoever asked is told
                    answer.set_exception(error)

        self._calls.put(take)
        return asyncio.wrap_future(answer)

    def end(self) -> None:
        """Takes no call behind those that there are."""
        self._calls.put(None)

    def _take(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
