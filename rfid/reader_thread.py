"""Blocking libraries behind a reader driver: their work in a thread, what they say on the event loop.

Public names: run_in_thread, Tell, Work.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from rfid.driver import ReaderEvent

Tell: TypeAlias = Callable[[ReaderEvent], None]
Work: TypeAlias = Callable[[threading.Event, Tell], None]
"""(stop, tell): blocks until ``stop`` is set, raises ``ReaderError`` for what trying again may mend."""
_LEAVE_S = 0.8


async def run_in_thread(name: str, work: Work, emit: Callable[[ReaderEvent], None]) -> None:
    """Runs ``work`` until it raises or the task is cancelled; events reach ``emit`` in order, on the loop.

    What ``work`` raises is raised here, and what ``emit`` raises as well. A thread that does not end within a second
    of being told, as in a connection attempt, is left to end by itself; it is not heard any more.
    """
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    failed: asyncio.Future[None] = loop.create_future()
    gone: asyncio.Future[None] = loop.create_future()

    def fail(error: Exception) -> None:
        if not failed.done():
            failed.set_exception(error)

    def heard(event: ReaderEvent) -> None:
        if stop.is_set() or failed.done():
            return
        try:
            emit(event)
        except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
            fail(error)

    def leave() -> None:
        if not gone.done():
            gone.set_result(None)

    def on_loop(call: Callable[..., None], *values: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(call, *values)

    def live() -> None:
        try:
            work(stop, lambda event: on_loop(heard, event))
        except Exception as error:  # noqa: BLE001  whatever it is, it is raised again on the loop
            on_loop(fail, error)
        finally:
            on_loop(leave)

    thread = threading.Thread(target=live, name=name, daemon=True)
    thread.start()
    try:
        await failed
    finally:
        stop.set()
        await asyncio.wait((gone,), timeout=_LEAVE_S)
        if gone.done():
            thread.join()
