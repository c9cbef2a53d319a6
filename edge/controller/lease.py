"""One controller's view of the lease: when it may command, and what it asks of the store. No clock and no I/O.

Public names: Lease.

Source: docs/adr/0038. Nothing is compared between clocks of two machines: who holds it counts from when it *asked* for
its newest renewal, who waits from when it *heard* of it.
"""

from __future__ import annotations

from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, next_epoch
from plc.words import serial_after

PATIENCE = 1.05
"""Who waits does so for this much longer than the holder counts: their clocks may differ by 1 % each."""
STANDS_BACK = 4
"""Who gave it away asks for it again only when nobody took it for so many times as long as it lasts."""


class Lease:
    """``me``: this process, a name that no other has. ``hold_us``: how long a renewal lasts.

    ``at_us`` is a clock of this machine that only goes forward, also while the machine sleeps. Calls of ``ask`` and
    ``answered`` alternate; an ask that failed, or whose answer never came, is followed by the next ``ask``.
    """

    def __init__(self, me: str, hold_us: int) -> None:
        self.me = me
        self.hold_us = hold_us
        self.row: LeaseRow | None = None
        self._seen_us = 0
        self._until_us = 0
        self._back_us = 0
        self._giving = False

    def leads(self, at_us: int) -> bool:
        """Whether this process may command now."""
        return at_us < self._until_us

    @property
    def until_us(self) -> int:
        """When it may not any more, unless it renews; in the past = it may not."""
        return self._until_us

    def give_away(self, at_us: int) -> None:
        """Commands no more from now on; the next ask offers the lease to others."""
        self._until_us = 0
        self._giving = True
        self._back_us = at_us + STANDS_BACK * self.hold_us

    def ask(self, at_us: int, above: int | None = None) -> LeaseAsk:
        """What to ask now. ``above``: a PLC obeys this epoch, and the lease's is to pass it; None = there is none."""
        row = self.row
        deed = LeaseDeed.LOOK
        if row is None:
            return LeaseAsk(deed=deed, me=self.me)
        epoch = row.epoch
        if row.holder == self.me:
            deed = LeaseDeed.RELEASE if self._giving else LeaseDeed.RENEW
            if above is not None and not serial_after(epoch, above):
                epoch = next_epoch(above)
        elif at_us >= self._back_us and (not row.holder or at_us - self._seen_us >= round(self.hold_us * PATIENCE)):
            deed, epoch = LeaseDeed.TAKE, next_epoch(epoch)
        return LeaseAsk(deed=deed, me=self.me, epoch=row.epoch, beat=row.beat, to_epoch=epoch)

    def answered(self, ask: LeaseAsk, row: LeaseRow, asked_us: int, at_us: int) -> None:
        """``row``: what followed from an ask that was made at ``asked_us``."""
        if self.row is None or (self.row.epoch, self.row.beat) != (row.epoch, row.beat):
            self._seen_us = at_us
        self.row = row
        if row.holder != self.me:
            self._until_us = 0
            self._giving = False
            self._back_us = 0 if row.holder else self._back_us
        elif row.done and ask.deed in (LeaseDeed.TAKE, LeaseDeed.RENEW) and not self._giving:
            self._until_us = asked_us + self.hold_us
