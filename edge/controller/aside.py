"""Calls that may wait long, as for a store or a disk, in a thread beside the loop.

Public names: Aside.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Call(NamedTuple, Generic[T]):
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[T]
    work: Callable[[], T]


class Aside:
    """One thread, which takes one call after the other. Unlike an executor's it keeps no process from ending: a store
    whose server says nothing any more would keep the next controller from the journal.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call[object] | None] = SimpleQueue()
        threading.Thread(target=self._take, name=name, daemon=True).start()

    def call(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What it gives, or raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._calls.put(_Call(loop, answer, work))  # type: ignore[arg-type]  # each answer takes what its work gives
        return answer

    def end(self) -> None:
        """Takes no call behind those that there are."""
        self._calls.put(None)

    def _take(self) -> None:
        while (call := self._calls.get()) is not None:
            if call.answer.cancelled():
                continue
            try:
                found, error = call.work(), None
            except BaseException as raised:  # noqa: BLE001  whoever asked is told
                found, error = None, raised
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                call.loop.call_soon_threadsafe(_tell, call.answer, found, error)


def _tell(answer: asyncio.Future[object], found: object, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(found)
    else:
        answer.set_exception(error)
