"""What runs beside the decisions: devices and rounds, session after session, and how each stands.

Public names: Sessions, Runs, Session.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeAlias

from edge.core.events import DeviceChanged
from plc.driver import PlcError
from plc.words import MailboxError
from rfid.driver import ReaderError, ReaderFailure

log = logging.getLogger(__name__)

BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 2.0
FAULTS_LAST_S = 30.0
"""The longest wait after a fault of ours: to begin anew costs more than a connection."""

Session: TypeAlias = Callable[[], Awaitable[None]]


class Runs(NamedTuple):
    """What should run. ``by``: what it was made from; with another it is made anew. ``make`` gives its sessions."""

    by: object
    make: Callable[[], Session]


class Sessions:
    """All of one controller, by the names of devices. ``give`` takes what is to be journaled; ``now_us``: host time.

    ``reasons``: by what was ever told, why it is down, None = it is up.
    """

    def __init__(self, give: Callable[[DeviceChanged], object], now_us: Callable[[], int]) -> None:
        self._give = give
        self._now_us = now_us
        self.reasons: dict[str, str | None] = {}
        self.silent: set[str] = set()
        """Readers that were last given up because they said nothing: that they are connected again is no news."""
        self._running: dict[str, tuple[object, asyncio.Task[None]]] = {}

    def tell(self, device: str, trouble: str | None, text: str = "") -> None:
        """Says once that a device is down (``trouble``) or up (None)."""
        if device in self.reasons and self.reasons[device] == trouble:
            return
        was_down = self.reasons.get(device) is not None
        self.reasons[device] = trouble
        if trouble is None:
            log.info("%s", text)
        elif not was_down:
            log.warning("%s", trouble)
        self._give(DeviceChanged(self._now_us(), device, trouble is None, trouble or text))

    def is_up(self, device: str) -> bool:
        """Whether it is known to be up."""
        return device in self.reasons and self.reasons[device] is None

    async def follow(self, tasks: asyncio.TaskGroup, wanted: Mapping[str, Runs]) -> None:
        """Has running what is wanted: begins what is new, ends what is gone, and makes anew what is made otherwise."""
        over = {name: task for name, (by, task) in self._running.items() if name not in wanted or wanted[name].by != by}
        for name, task in over.items():
            task.cancel()
            del self._running[name]
            if name in wanted and self.is_up(name):
                self.tell(name, f"{name}: takes its new settings")
        for name in wanted.keys() - self._running.keys() - over.keys():
            self._begin(tasks, name, wanted[name])
        if over:
            await asyncio.wait(over.values())
        for name in over:
            if name in wanted:
                self._begin(tasks, name, wanted[name])
            else:
                self.reasons.pop(name, None)

    def _begin(self, tasks: asyncio.TaskGroup, name: str, wanted: Runs) -> None:
        self._running[name] = wanted.by, tasks.create_task(self._keep(name, wanted.make()))

    async def _keep(self, device: str, session: Session) -> None:
        """Devices have this one retry loop: session after session, with capped back-off and jitter, while we run.

        Whatever a session raises ends that session, and nothing else; what no driver may raise comes with a traceback.
        """
        loop = asyncio.get_running_loop()
        backoff_s = BACKOFF_FIRST_S
        while True:
            began = loop.time()
            last_s = BACKOFF_LAST_S
            try:
                await session()
                reason = f"{device}: the connection ended"
            except (PlcError, ReaderError, MailboxError) as error:
                _end_if_cancelled()  # a driver may fail while it is told to end
                reason = str(error)
                if isinstance(error, ReaderError) and error.failure is ReaderFailure.SILENT:
                    self.silent.add(device)
                else:
                    self.silent.discard(device)
            except (Exception, asyncio.CancelledError) as error:  # a library may cancel itself as well
                _end_if_cancelled()
                last_s = FAULTS_LAST_S
                reason = f"{device}: a fault of this program: {error!r}"
                if self.reasons.get(device) != reason:
                    log.exception("%s: its session ended by a fault, and begins anew", device)
            self.tell(device, reason)
            if loop.time() - began > 5:
                backoff_s = BACKOFF_FIRST_S
            await asyncio.sleep(backoff_s * (1 - random.random() / 2))
            backoff_s = min(last_s, backoff_s * 2)


def _end_if_cancelled() -> None:
    """Raises CancelledError where what a session raised came in its place."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
