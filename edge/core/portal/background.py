"""Background: the tags at a portal that do not move, on a shelf beside the belt or a rack behind it.

Public names: Background.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import median_low

AFTER = 12
"""A tag read during so many passages in a row may be one that does not move."""
VARIES = 8.0
"""It does not, unless it was so many times stronger in one of them than usual: what goes round comes near again."""
NEAR = 0.8
"""Nor where more than this share of its power lies in the middle half of a cycle: what stands knows no middle."""
KEEP_TAGS = 5_000
"""Tags noted; of more, those noted first are forgotten."""
FAINT, FAINT_WITHIN, FAINT_SHARE = 0.03, 36, 0.75
"""Nor does one that was read in 12 of 36 passages, in most of them no stronger than this share of the strongest tag."""


class Background:
    """Notes the tags of one portal's passages. ``presence``: see PortalState."""

    def __init__(self, presence: dict[str, tuple[tuple[int, float, float, bool], ...]]) -> None:
        self._presence = presence
        self.tags = {epc for epc in presence if self._stands(epc)}
        """Those that are always there."""

    def __contains__(self, epc: str) -> bool:
        return epc in self.tags

    def _stands(self, epc: str) -> bool:
        known = self._presence.get(epc, ())
        if len(known) < AFTER:
            return False
        if sum(faint for *_, faint in known) >= FAINT_SHARE * AFTER:
            return True
        if known[-1][0] - known[0][0] >= AFTER:
            return False
        powers = [power for _, power, _, _ in known]
        near = sum(power for _, _, power, _ in known)
        return max(powers) <= VARIES * median_low(powers) and near <= NEAR * sum(powers)

    def note(self, number: int, powers: Mapping[str, tuple[float, float]], measured: Collection[str]) -> None:
        """One passage is final. ``powers``: by tag, its power in mW in that cycle, and in the cycle's middle half;
        ``measured``: those whose power a reader told, the others are not faint.
        """
        presence = self._presence
        faint = FAINT * max((every for epc, (every, _) in powers.items() if epc in measured), default=0.0)
        for epc, (every, near) in powers.items():
            presence[epc] = (
                *presence.get(epc, ())[1 - AFTER :],
                (number, every, near, epc in measured and every < faint),
            )
        gone = number - FAINT_WITHIN
        old = [epc for epc, known in presence.items() if known[0][0] <= gone]
        for epc in old:
            presence[epc] = tuple(one for one in presence[epc] if one[0] > gone)
            if not presence[epc]:
                del presence[epc]
        if len(presence) > KEEP_TAGS:
            for epc in list(presence)[:-KEEP_TAGS]:
                del presence[epc]
                self.tags.discard(epc)
        for epc in (*powers, *old):
            if self._stands(epc):
                self.tags.add(epc)
            else:
                self.tags.discard(epc)
