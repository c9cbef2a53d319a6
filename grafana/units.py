"""Values as Grafana writes them: a few of its units, short.

Public names: written.
"""

from __future__ import annotations

from datetime import UTC, datetime

from grafana.ask import Value

_TIMES = ((1e6, "s"), (1e3, "ms"), (1, "µs"))
_BYTES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_SHORT = ((1e6, " Mil"), (1e3, " K"), (1, ""))


def written(value: Value, unit: str, decimals: int | None = None, now_ms: float = 0) -> str:
    """A value with its unit; a text as it is, what is missing as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    match unit:
        case "percentunit":
            return f"{value * 100:.{1 if decimals is None else decimals}f}%"
        case "µs":
            return _scaled(value, _TIMES, 1, " ")
        case "s":
            return f"{value / 60:.1f} min" if value >= 60 else f"{value:.0f} s"
        case "bytes":
            return _scaled(value, _BYTES, 1, " ")
        case "dBm":
            return f"{value:.1f} dBm"
        case "mwatt":
            return f"{value:.3g} mW"
        case "dateTimeAsIso":
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        case "dateTimeFromNow":
            minutes = round((value - now_ms) / 60_000)
            return f"in {minutes} min" if minutes >= 0 else f"{-minutes} min ago"
        case "short":
            return _scaled(value, _SHORT, 2 if decimals is None else decimals, "")
        case _:
            return f"{value:.6g}"


def _scaled(value: float, steps: tuple[tuple[float, str], ...], decimals: int, space: str) -> str:
    factor, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    text = f"{value / factor:.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{space}{name}"
