"""An event loop whose time jumps to the next timer as soon as no socket has anything to say.

Public names: run_virtual, stand_still.
Everything that talks must run in this one loop: loopback TCP delivers within the sender's call, so that "nothing is
readable" means "nobody has anything more to do now". Hours pass in seconds, on real sockets.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

DEADLOCK_S = 20.0
"""Real time without any timer or socket event after which the test is stuck."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            ready = super().select(DEADLOCK_S)
            if not ready:
                raise TimeoutError("virtual time: nothing is scheduled and no socket speaks")
            return ready
        self.now_s += timeout
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def stand_still(for_s: float) -> None:
    """The process gets no time for so long: everything that was due meanwhile is late."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _VirtualLoop)
    loop._jumping.now_s += for_s


def run_virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time, which starts at 0."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(coroutine)
