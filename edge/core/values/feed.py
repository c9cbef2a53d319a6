"""A place in a site store's feed, and what stands behind it.

Public names: FeedPlace, FeedPortion, EPOCHS_KEPT.

A feed has an epoch for each time that somebody began to write it, and a store that was restored begins one. Two copies
of a store have the same epochs up to where they parted, and never after: each epoch has a mark that no other has.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.core.values.inputs import FeedEpoch, OrderChanged, Requested

EPOCHS_KEPT = 64
"""The newest epochs that are remembered; a copy from before them counts as another store."""


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """How far a follower is. ``epochs``: of the feed that it followed last, none = it knows of none.

    ``known``: requests up to this number were done before; they stand in the feed, and are not to be done again.
    """

    seq: int
    epochs: tuple[FeedEpoch, ...] = ()
    known: int = 0


@dataclass(frozen=True, slots=True)
class FeedPortion:
    """The next values, in order, of the feed as it is now.

    ``store``: what its first epoch is marked with, empty in a store of 0.1.0, which has no ``epochs``. ``newest``: its
    last number. ``anew``: the place that was asked for is none of this feed, so there are no values, and the follower
    begins at 0. ``known``: see FeedPlace, in this feed's numbers.
    """

    values: tuple[OrderChanged | Requested, ...]
    store: str = ""
    epochs: tuple[FeedEpoch, ...] = ()
    newest: int = 0
    anew: bool = False
    known: int = 0
