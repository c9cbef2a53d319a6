"""A moment as text, the one spelling of it: UTC by ISO 8601 and RFC 3339.

Public names: iso.
"""

from __future__ import annotations


def iso(at_us: int, digits: int = 0) -> str:
    """Microseconds since 1970 as UTC, ``2026-01-31T23:59:59Z``, in the proleptic Gregorian calendar.

    ``digits`` of a second, 0..6; what is beyond them is left out.
    """
    seconds, micro = divmod(at_us, 1_000_000)
    days, second = divmod(seconds, 86_400)
    # Eras of 400 years have 146,097 days; a year begins in March here, so that leap days come last.
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month, year = (month + 3, year) if month < 10 else (month - 9, year + 1)
    part = f".{micro:06d}"[: digits + 1] if digits else ""
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{part}"
    return f"{year + 400 * era:04d}-{month:02d}-{day + 1:02d}T{clock}Z"
