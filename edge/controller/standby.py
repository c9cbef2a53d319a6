"""Two controllers, one floor: asks for the lease, renews it, and says when the lines are this controller's.

Public names: Standby, boot_us.

While the store does not answer, the lease runs out by this machine's own clock, and nothing is written to a PLC after
that: `may_write` is asked before each block. What was on its way then, the PLC refuses by its epoch.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from edge.controller.lease import Lease
from edge.controller.rounds import TellStanding
from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, LeaseStore, LeaseTold, node_of
from edge.journal.aside import Aside

log = logging.getLogger(__name__)

RENEWALS = 4
"""So many in the time that the lease lasts."""
LOOKS = 10
"""And so many looks of whoever stands by."""
WAITS_MS = 500
"""Who stands by says so this often."""
ALONE_US = 5_000_000
"""Nobody stands by when nobody said so for this long."""
GIVES_S = 2.0
"""So long the store has to hear that the lease is free."""


class Leads(Protocol):
    """Commands the lines from now on. ``ours``: nobody else did since we did last. Else ``told`` is what the holder
    before told of them, None = nothing; ``now_us``: of the store's clock.
    """

    async def __call__(self, epoch: int, told: LeaseTold | None, now_us: int, ours: bool) -> None: ...


def boot_us() -> int:
    """Microseconds since this machine was started; they go on while it sleeps or the process is stopped."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Standby:
    """One controller's. ``node``: its name, another for each controller of the lease.

    ``body``: what is told of the lines; True = all of it, for a hand-over. ``lead``, ``cease``: the lines are ours from
    now on, or no more; both may take their time; True = another has them, or may. ``threaded`` False asks the store in
    the loop.
    """

    def __init__(
        self,
        node: str,
        hold_ms: int,
        store: LeaseStore,
        *,
        body: Callable[[bool], str],
        lead: Leads,
        cease: Callable[[bool], Awaitable[None]],
        tell: TellStanding,
        threaded: bool = True,
        clock: Callable[[], int] = boot_us,
    ) -> None:
        self.node = node
        self._lease = Lease(f"{node}/{secrets.token_hex(4)}", hold_ms * 1000)
        self._store = store
        self._body = body
        self._lead = lead
        self._cease = cease
        self._tell = tell
        self._clock = clock
        self._threaded = threaded
        self._aside: Aside | None = None
        self._woken = asyncio.Event()
        self._above: int | None = None
        self._turn = asyncio.Lock()
        self._leading = self._offered = self._kept = False
        self._waits: tuple[str, int] = ("", 0)
        self._waits_us = self._say_us = 0

    @property
    def epoch(self) -> int:
        """Of the lease as it was seen last."""
        return 0 if self._lease.row is None else self._lease.row.epoch

    @property
    def leads(self) -> bool:
        """Whether the lines are this controller's."""
        return self._leading

    @property
    def holder(self) -> str:
        """The node that holds the lease, as it was seen last; empty = nobody."""
        return "" if self._lease.row is None else node_of(self._lease.row.holder)

    def may_write(self) -> bool:
        """Whether a PLC may be written to now."""
        return self._leading and self._lease.leads(self._clock())

    def pass_epoch(self, epoch: int) -> None:
        """A PLC obeys this epoch, which is none of the lease: the lease's is to be a newer one."""
        if self._above != epoch:
            self._above = epoch
            self._woken.set()

    async def run(self) -> None:
        """Until cancelled; then the lines are offered to others."""
        self._waits_us = self._clock()
        self._aside = Aside("lease") if self._threaded else None
        try:
            while True:
                await self._once()
                lease = self._lease
                holds = lease.row is not None and lease.row.holder == lease.me
                rest_us = lease.hold_us // RENEWALS if holds else min(lease.hold_us // LOOKS, WAITS_MS * 1000)
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest_us / 1e6):
                        await self._woken.wait()
                self._woken.clear()
        except asyncio.CancelledError:
            if self._leading:
                self._leading = False
                await self._release()
            raise
        finally:
            if self._aside is not None:
                self._aside.end()

    async def _once(self) -> None:
        lease = self._lease
        async with self._turn:
            before, now_us, above = lease.row, self._clock(), self._above
            ask = lease.ask(now_us, above)
            if ask.deed is LeaseDeed.RENEW and self._leading:
                ask = replace(ask, body=self._body(False))
            elif ask.deed is LeaseDeed.LOOK and now_us >= self._say_us:
                ask, self._say_us = replace(ask, waits=True), now_us + WAITS_MS * 1000
            row = await self._asked(ask)
        if row is not None:
            if row.done and self._above == above:
                self._above = None
            self._look_at(row)
        if lease.leads(self._clock()) and not self._leading:
            self._leading = True
            assert row is not None
            known = before or row
            ours = not self._offered and {node_of(known.last), known.told_by} <= {"", self.node}
            self._offered = self._kept = False
            log.info("%s commands the lines, epoch %d", self.node, row.epoch)
            try:
                await self._lead(row.epoch, None if ours else row.told, row.now_us, ours)
            except BaseException:
                self._leading = False
                raise
        elif self._leading and not lease.leads(self._clock()):
            await self._end("the lease ran out, or another controller took it")
        elif self._leading and row is not None and row.asked == row.epoch and self._waits[0]:
            self._leading = False
            self._offered = True
            await self._release()
            await self._end("they are handed over, as somebody asked")
        if self._kept and row is not None and row.holder not in ("", lease.me):
            self._kept = False
            await self._cease(True)

    async def _end(self, why: str) -> None:
        """What is known of the lines is kept until another has them."""
        self._leading = False
        self._kept = not self._offered
        log.warning("%s commands the lines no more: %s", self.node, why)
        await self._cease(self._offered)

    async def _release(self) -> None:
        """Offers the lease to others, with all that is known of the lines. Unheard, it runs out."""
        lease = self._lease
        lease.give_away(self._clock())
        body = self._body(True)
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVES_S), self._turn:
                while (ask := lease.ask(self._clock())).deed is LeaseDeed.RELEASE:
                    if await self._asked(replace(ask, body=body)) is None:
                        break
        if lease.row is not None and lease.row.holder == lease.me:
            log.warning("the store does not hear that the lease is free; it runs out by itself")

    async def _asked(self, ask: LeaseAsk) -> LeaseRow | None:
        """What the store answers; None = it does not. While it is asked, the lease may run out."""
        asked_us = self._clock()
        try:
            if self._aside is None:
                row = self._store(ask)
            else:
                row = await self._in_time(self._aside, ask)
        except OSError as error:
            if self._leading or self._lease.row is None:
                self._tell("standby", f"the lease: {error}")
            return None
        self._lease.answered(ask, row, asked_us, self._clock())
        return row

    async def _in_time(self, aside: Aside, ask: LeaseAsk) -> LeaseRow:
        asked = aside.call(partial(self._store, ask))
        if self._leading:
            left_us = self._lease.until_us - self._clock()
            await asyncio.wait((asked,), timeout=max(0, left_us) / 1e6)
            if not asked.done():
                await self._end("the store of the lease does not answer")
        return await asked

    def _look_at(self, row: LeaseRow) -> None:
        """Says whether somebody stands by, or, of ourselves, that we do."""
        now_us = self._clock()
        if row.holder != self._lease.me:
            if node_of(row.holder) == self.node and row.holder:
                self._tell("standby", f"another process calls itself {self.node!r}, or a run before ended just now")
            else:
                self._tell("standby", None, f"{self.node} stands by")
            self._waits_us = now_us
            return
        waits = row.waits, row.waits_beat
        if waits != self._waits and node_of(row.waits) != self.node:
            self._waits, self._waits_us = waits, now_us
            self._tell("standby", None, f"{node_of(row.waits)} stands by")
        elif now_us - self._waits_us > ALONE_US:
            self._waits = "", row.waits_beat
            self._tell("standby", f"no other controller stands by for {self.node}")
