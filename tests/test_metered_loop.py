"""The clock that the contracts are judged by: it moves by what is waited for, and nobody who is busy can stop it.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from contract import SECOND_S, Belongings, MeteredLoop, ends_in_time, slams


def judged(busy: bool, left: threading.Event | None = None) -> None:
    """A task ends at once; a thread of its own, where there is one, when it may."""

    async def main() -> None:
        before = Belongings.now()
        if left is not None:
            threading.Thread(target=left.wait, daemon=True).start()
        await ends_in_time(asyncio.create_task(asyncio.sleep(0)), before, hangs_s=0.1)

    async def beside() -> None:
        async with slams(8, False):
            await main()

    with asyncio.Runner(loop_factory=MeteredLoop) as runner:
        runner.run(beside() if busy else main())


@pytest.mark.parametrize("busy", [False, True])
def test_a_second_is_over_whatever_else_is_busy(busy: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, MeteredLoop)
        loop.meter(frozenset(threading.enumerate()))
        begin_s = loop.time()

        async def waits() -> None:
            while busy:  # noqa: ASYNC110  that is the case
                await asyncio.sleep(0)
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits(), SECOND_S)
        assert SECOND_S <= loop.time() - begin_s < SECOND_S + 0.01

    with asyncio.Runner(loop_factory=MeteredLoop) as runner:
        runner.run(main())


@pytest.mark.parametrize("busy", [False, True])
def test_what_is_left_is_found_whatever_else_is_busy(busy: bool) -> None:
    judged(busy)
    left = threading.Event()
    try:
        with pytest.raises(AssertionError, match="it left behind: thread"):
            judged(busy, left)
    finally:
        left.set()


def test_a_thread_that_works_has_all_the_time_it_needs() -> None:
    """Whatever the clock of others says: the metered one stands beside it, also where somebody is busy."""

    async def main() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        assert isinstance(loop, MeteredLoop)

        def work() -> None:
            time.sleep(0.05)
            loop.call_soon_threadsafe(done.set)

        loop.meter(frozenset(threading.enumerate()))
        begin_s = loop.time()
        threading.Thread(target=work).start()
        while not done.is_set():  # noqa: ASYNC110  likewise
            await asyncio.sleep(0)
        assert loop.time() - begin_s < 0.01

    with asyncio.Runner(loop_factory=MeteredLoop) as runner:
        runner.run(main())
