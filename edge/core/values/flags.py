"""Decision flags: each names something that is decided otherwise than by version 0.1.0, see docs/adr/0022.

Public names: FLAGS, UnknownFlag, check_flags.

A controller puts all that its version knows in force when it begins, and ``Started`` says so. Whoever decides by a flag
asks the ``Started`` in force, never this list: an older journal is decided as it was.
"""

from __future__ import annotations

from collections.abc import Iterable

FLAGS: tuple[str, ...] = (
    "orders-by-state",
    "refusals-named",
    "cancelled-after-sorting",
    "totes-kept-to-the-end",
    "texts-follow",
    "flapping-counts",
    "turned-on-the-belt",
    "routed-rules",
    "checked-again",
)
"""All that this version knows, the oldest first. None is ever taken out."""


class UnknownFlag(ValueError):  # noqa: N818  # the flag is what is unknown
    """Something was decided by a flag that this version does not know. The text names it, and says what to do."""


def check_flags(flags: Iterable[str]) -> None:
    """Raises UnknownFlag for the first that this version does not know."""
    for flag in flags:
        if flag not in FLAGS:
            raise UnknownFlag(f"written by a newer version: needs decision flag {flag!r}")
