"""Flood: what a reader may tell of tags that no order expects, and what is left out of more than that.

Public names: FloodWatch, Taken, Allowance, STRANGERS, BY_ARTICLE, WINDOW_US, KEEP_TAGS, TELL_US.

A tag costs work as long as its passages are weighed, whoever it belongs to; no reader singulates much more than a
thousand tags a second, but one that is broken, or set up wrongly, tells as many as the network carries. So new tags
that no order expects have an allowance, at once and for each second. One tag more, and it is a flood: from then on
they are left out, and forgotten where they were taken in, until a whole WINDOW_US brings no more than the allowance of
that time. Tags that an order wants by their article have an allowance of their own, as serial numbers can be made up;
what orders name (tote, parcel, item) is always taken. As long as nothing is left out, all is as if nobody had counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.core.values.verdicts import Expected
from rfid.driver import ReadColumns, TagRead

WINDOW_US = 5_000_000
TELL_US = 30_000_000
"""A flood that lasts is told again after so long."""
KEEP_TAGS = 5_000
"""Tags remembered of each of the newest two windows."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """``burst``: new tags at once, ``each_s``: and more each second. ``what``: whose, in words."""

    burst: int
    each_s: int
    what: str


STRANGERS = Allowance(300, 200, "that no order expects")
"""A passage with all of them is weighed in about 5 ms."""
BY_ARTICLE = Allowance(1_500, 500, "of articles in open orders that no order names")


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be taken of a report. ``left_us``: first and last time of what was left out, None = nothing was.

    ``forget``: tags that were taken before and count as left out now. ``notice``: what people are to know, or empty.
    """

    reads: Sequence[TagRead]
    left_us: tuple[int, int] | None = None
    forget: frozenset[str] = frozenset()
    notice: str = ""


@dataclass(slots=True)
class _Share:
    """How an allowance is used. ``left``: of it; ``told``: tags in this window."""

    allowance: Allowance
    left: float
    told: int = 0
    flooded: bool = False


class FloodWatch:
    """One reader's. ``left_out``: reads that were left out since the start."""

    def __init__(self, reader: str) -> None:
        self.left_out = 0
        self._reader = reader
        self._shares = {
            Expected.NO: _Share(STRANGERS, STRANGERS.burst),
            Expected.BY_ARTICLE: _Share(BY_ARTICLE, BY_ARTICLE.burst),
        }
        self._known: dict[str, Expected] = {}
        self._before: dict[str, Expected] = {}
        self._at_us = self._window_us = self._told_us = 0
        self._told = 0

    def __len__(self) -> int:
        """Tags remembered, at most 2 * KEEP_TAGS."""
        return len(self._known) + len(self._before)

    @property
    def flooded(self) -> bool:
        """Whether something is left out now."""
        return any(share.flooded for share in self._shares.values())

    def take(self, reads: Sequence[TagRead], at_us: int, expected: Callable[[str], Expected]) -> Taken:
        """Takes a report that came at ``at_us``. ``expected``: of a tag, asked for new ones and while it floods."""
        epcs = reads.epcs if isinstance(reads, ReadColumns) else [read.epc for read in reads]
        if 0 <= self._window_us - at_us <= WINDOW_US and self._known.keys() >= set(epcs) and not self.flooded:
            return Taken(reads)
        self._pass_time(at_us)
        shares = self._shares
        began: set[Expected] = set()
        out: set[str] = set()
        for epc in dict.fromkeys(epcs):
            if (how := self._meet(epc, expected)) is Expected.BY_NAME:
                continue
            share = shares[how]
            if not share.flooded and share.left < 0:
                share.flooded = True
                began.add(how)
            if share.flooded:
                out.add(epc)
        if not out:
            return Taken(reads)
        seen = (self._before, self._known) if began else ()
        forget = frozenset(epc for known in seen for epc, how in known.items() if how in began)
        out |= forget
        kept = [place for place, epc in enumerate(epcs) if epc not in out]
        left = [read_us for epc, read_us in zip(epcs, _times(reads), strict=True) if epc in out]
        self.left_out += len(left)
        return Taken(_picked(reads, kept), (min(left), max(left)), forget, self._notice(began, at_us))

    def _meet(self, epc: str, expected: Callable[[str], Expected]) -> Expected:
        """What is expected of a tag; counts it where it is new."""
        known = self._known
        how = known.get(epc)
        new = how is None
        if how is None or (how is not Expected.BY_NAME and self._shares[how].flooded):
            how = expected(epc)
        if new and how is not Expected.BY_NAME:
            share = self._shares[how]
            share.told += 1
            if epc not in self._before:
                share.left = max(-1.0, share.left - 1)
        if len(known) < KEEP_TAGS or not new:
            known[epc] = how
        return how

    def _pass_time(self, at_us: int) -> None:
        for share in self._shares.values():
            more = share.allowance.each_s * max(0, at_us - self._at_us) / 1e6
            share.left = min(share.allowance.burst, share.left + more)
        self._at_us = at_us
        if 0 <= self._window_us - at_us <= WINDOW_US:
            return
        follows = 0 < at_us - self._window_us < WINDOW_US
        for share in self._shares.values():
            share.flooded = share.flooded and follows and share.told > share.allowance.each_s * WINDOW_US / 1e6
            share.told = 0
        self._before = self._known if follows else {}
        self._known = {}
        self._window_us = at_us + WINDOW_US

    def _notice(self, began: set[Expected], at_us: int) -> str:
        if not began and 0 <= at_us - self._told_us < TELL_US:
            return ""
        if began:
            more = [share.allowance for how, share in self._shares.items() if how in began]
            text = "; ".join(
                f"{self._reader} floods: more than {one.burst} tags at once, or {one.each_s} a second, {one.what}: "
                "they are left out"
                for one in more
            )
        else:
            what = " or ".join(share.allowance.what for share in self._shares.values() if share.flooded)
            text = f"{self._reader} floods: {self.left_out - self._told} reads of tags {what} were left out"
        self._told_us, self._told = at_us, self.left_out
        return text


def _times(reads: Sequence[TagRead]) -> Sequence[int]:
    return reads.at_us if isinstance(reads, ReadColumns) else [read.at_us for read in reads]


def _picked(reads: Sequence[TagRead], places: Sequence[int]) -> Sequence[TagRead]:
    if not isinstance(reads, ReadColumns):
        return [reads[place] for place in places]
    return ReadColumns(
        [reads.epcs[place] for place in places],
        [reads.antennas[place] for place in places],
        [reads.rssi_dbm[place] for place in places],
        [reads.at_us[place] for place in places],
        [reads.seen[place] for place in places],
    )
