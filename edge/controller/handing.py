"""What a controller tells of its lines for the one after it, and what that one makes of it.

Public names: body_of, taken_of.
"""

from __future__ import annotations

import logging

from edge.core.values.handed import LinesTaken, later
from edge.core.values.lease import LeaseTold
from edge.core.values.state import CoreState
from edge.journal.record import JournalError, decode_all, encode

log = logging.getLogger(__name__)


def body_of(state: CoreState, node: str, epoch: int, at_us: int, whole: bool) -> str:
    """The lines and PLCs as they are now; ``whole``: with what only a hand-over has time for."""
    return encode(
        LinesTaken(
            at_us=at_us,
            node=node,
            epoch=epoch,
            lines=state.lines,
            plcs=state.plcs,
            bound=state.book.bound if whole else {},
            loads=state.loads if whole else None,
        )
    )


def taken_of(told: LeaseTold | None, epoch: int, at_us: int, store_us: int) -> LinesTaken:
    """What is taken now, ``at_us``, when the store's clock says ``store_us``.

    The other machine's clock is asked nothing: how long ago it told says the store's.
    """
    nothing = LinesTaken(at_us=at_us, node="", epoch=epoch)
    if told is None:
        return nothing
    try:
        found = decode_all(LinesTaken.__name__, told.body)
    except JournalError as error:
        log.warning("what %s told of the lines is another version's, and not taken: %s", told.node, error)
        return nothing
    assert isinstance(found, LinesTaken)
    ahead_us = at_us - (store_us - told.at_us) - found.at_us
    found = later(found, ahead_us)
    return LinesTaken(
        at_us=at_us,
        node=told.node,
        epoch=epoch,
        lines=found.lines,
        plcs=found.plcs,
        bound=found.bound,
        loads=found.loads,
    )
