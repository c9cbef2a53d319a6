"""Together: what the portals of one line saw of one item, as the evidence to decide by.

Public names: Sightings, gathered.

A line with a second portal is decided by both: what each saw is kept until the other has told as well. At the last
moment, and when no neighbour can change anything any more, they are looked at together. One that saw nothing says
nothing, and one whose readers are away counts only where the other one is not better (docs/adr/0041).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.core.events import Claim, PassageSeen, Stage
from edge.core.line.line import Line

KEEP = 200
"""Items of which one portal waits for the other; more are not between two portals."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was seen of one item, that of the first portal first; of a line with one portal that alone.

    ``newest``: by which it is decided now.
    """

    seen: tuple[PassageSeen, ...]
    newest: PassageSeen

    @property
    def stage(self) -> Stage:
        """FINAL where nothing can change any of it, and somebody saw it."""
        if len(self.seen) == 1:
            return self.newest.stage
        if any(one.passage for one in self.seen) and all(map(_is_final, self.seen)):
            return Stage.FINAL
        return Stage.DUE if self.newest.stage is Stage.FINAL else self.newest.stage

    @property
    def passage(self) -> int:
        """Of the first portal that saw it; 0 = none did."""
        return next((one.passage for one in self.seen if one.passage), 0)

    @property
    def sound(self) -> tuple[PassageSeen, ...]:
        """Those of which all was read; where there are none, all."""
        return tuple(one for one in self.seen if not (one.cause or one.flooded)) or self.seen

    @property
    def cause(self) -> str:
        """Why reads may be missing at each portal; empty where one has all."""
        return (
            "" if any(not one.cause for one in self.seen) else "; ".join(dict.fromkeys(one.cause for one in self.seen))
        )

    @property
    def flooded(self) -> bool:
        """Whether tags were left out at each portal of which nothing else is missing."""
        return all(one.flooded for one in self.sound)

    @property
    def own(self) -> tuple[Claim, ...]:
        """The claims that hold, each tag once, with the strongest."""
        if len(self.seen) == 1:
            return self.newest.own
        found: dict[str, Claim] = {}
        for claim in (claim for one in self.sound for claim in one.own):
            known = found.get(claim.epc)
            if known is None or claim.weight > known.weight:
                found[claim.epc] = claim
        return tuple(found.values())

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that scanners surely found on it."""
        return tuple(dict.fromkeys(code for one in self.seen for code in one.codes))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The codes that may be a neighbour's."""
        return tuple(dict.fromkeys(code for one in self.seen for code in one.doubtful))

    @property
    def doubted(self) -> tuple[str, ...]:
        """EPCs of tags that were heard in a way that proves nothing."""
        if len(self.seen) == 1:
            return self.newest.doubted
        owned = {claim.epc for claim in self.own}
        return tuple(dict.fromkeys(epc for one in self.sound for epc in one.doubted if epc not in owned))


def gathered(line: Line, seen: PassageSeen) -> Sightings | None:
    """The evidence with what a portal just saw; None = it waits for the other portal."""
    check = line.check
    if check is None:
        return Sightings((seen,), seen)
    if not seen.track_id:  # nobody knows whose it is, so the other portal has nothing of it
        return Sightings((seen,), seen) if not seen.portal else None
    kept = line.state.sightings
    known = {one.portal: one for one in kept.pop(seen.track_id, ())}
    before = known.get(seen.portal)
    if before is None or not (before.stage is Stage.FINAL and before.passage == seen.passage):
        known[seen.portal] = replace(seen, tags=())
    both = tuple(known[name] for name in ("", check.name) if name in known)
    evidence = Sightings(both, seen)
    over = len(both) > 1 and evidence.stage is Stage.FINAL
    if not over:
        kept[seen.track_id] = both
        if len(kept) > KEEP:
            del kept[next(iter(kept))]
    if over:
        return evidence
    told_last = seen.portal == check.name and seen.stage is not Stage.FINAL
    return evidence if told_last and len(both) > 1 else None


def _is_final(seen: PassageSeen) -> bool:
    """Nothing more comes of a portal that did not see it while it passed."""
    return seen.stage is Stage.FINAL or not seen.passage
