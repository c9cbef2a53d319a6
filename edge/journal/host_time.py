"""The host's clock, by which records are stamped.

Public names: now_us.
"""

from __future__ import annotations

import time


def now_us() -> int:
    """Microseconds since 1970 UTC; they jump when the host's clock is set."""
    return time.time_ns() // 1000
