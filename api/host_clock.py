"""Whether this machine's clock follows a time server, as its kernel tells anybody.

Public names: ClockState, host_clock.

Source: Linux adjtimex(2): struct timex, STA_UNSYNC, STA_NANO; asking changes nothing and needs no right.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

_LONG, _INT = ctypes.c_long, ctypes.c_int
_UNSYNC, _NANO = 0x0040, 0x2000


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, _LONG) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", _INT),
        *(
            (name, _LONG)
            for name in ("constant", "precision", "tolerance", "time_s", "time_us", "tick", "ppsfreq", "jitter")
        ),
        ("shift", _INT),
        *((name, _LONG) for name in ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")),
        ("tai", _INT),
        ("padding", _INT * 11),
    )


@dataclass(frozen=True, slots=True)
class ClockState:
    """``synchronised``: whether something keeps it right; ``offset_us``: what is still to be corrected;
    ``most_us``: how wrong it is at most, if it is synchronised.
    """

    synchronised: bool
    offset_us: int
    most_us: int


def host_clock() -> ClockState | None:
    """What the kernel says now; None where it says nothing."""
    told = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):  # another kernel, another C library
        return None
    if answer < 0:
        return None
    offset_us = told.offset // 1000 if told.status & _NANO else told.offset
    return ClockState(not told.status & _UNSYNC, int(offset_us), int(told.maxerror))
