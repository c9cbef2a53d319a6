"""The table of a lease in memory: what PostgreSQL does with each deed; tests/test_standby_wire.py holds it to that.

Public names: LeaseTable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, LeaseTold, node_of


class LeaseTable:
    """``now_us``: the clock of its machine."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.row = LeaseRow(done=False, holder="", epoch=0, beat=0)
        self._told: LeaseTold | None = None
        self._now_us = now_us

    def __call__(self, ask: LeaseAsk) -> LeaseRow:
        row, now_us = self.row, self._now_us()
        as_seen = (ask.epoch, ask.beat) == (row.epoch, row.beat)
        done = True
        match ask.deed:
            case LeaseDeed.TAKE if as_seen:
                took = {"holder": ask.me, "last": ask.me, "epoch": ask.to_epoch}
                self.row = replace(row, **took, beat=row.beat + 1, asked=0)
            case LeaseDeed.RENEW if as_seen and row.holder == ask.me:
                self.row = replace(row, epoch=ask.to_epoch, beat=row.beat + 1)
            case LeaseDeed.RELEASE if as_seen and row.holder == ask.me:
                self.row = replace(row, holder="", beat=row.beat + 1, asked=0)
            case LeaseDeed.LOOK if ask.waits:
                self.row, done = replace(row, waits=ask.me, waits_beat=row.waits_beat + 1), False
            case _:
                done = False
        if done and ask.body and ask.deed is not LeaseDeed.TAKE:
            self._told = LeaseTold(node_of(ask.me), now_us, ask.body)
            self.row = replace(self.row, told_by=node_of(ask.me))
        told = self._told if done and ask.deed is LeaseDeed.TAKE else None
        return replace(self.row, done=done, told=told, now_us=now_us)

    def ask_hand_over(self) -> LeaseRow:
        """Asks the holder to give it away."""
        self.row = replace(self.row, asked=self.row.epoch)
        return self.row
