"""The host's clock, by which records are stamped, and its zone, in which the command line says them.

Public names: now_us, local.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from edge.core.iso_time import iso


def now_us() -> int:
    """Microseconds since 1970 UTC; they jump when the host's clock is set."""
    return time.time_ns() // 1000


def local(at_us: int, digits: int = 0) -> str:
    """A moment as clocks in the host's zone show it, with how far that is from UTC: ``2026-01-31T23:59:59+08:00``.

    ``digits`` of a second, 0..6. In UTC, and for a moment that no calendar of the host has, as `iso` says it.
    """
    try:
        offset = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone().utcoffset()
    except (ValueError, OverflowError, OSError):
        offset = None
    if not offset:
        return iso(at_us, digits)
    seconds = int(offset.total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{iso(at_us + seconds * 1_000_000, digits)[:-1]}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
