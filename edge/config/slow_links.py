"""How fast a belt may be whose PLC answers late, and how late an answer may be at the belt's speed.

Public names: fastest_mm_s, latest_ms, slow_link_margins.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.lines import LineConfig, LineTable

TRIPS = 2.5
"""Round trips from an induction to its route in the PLC at worst: a look just missed it, one finds it, half a write."""


def fastest_mm_s(line: LineTable, poll_ms: int, trip_ms: float) -> int:
    """The belt speed up to which a route is in time, at a round trip of ``trip_ms`` to the PLC."""
    return int(_way_mm(line) * 1000 / (TRIPS * trip_ms + poll_ms + line.actuation_ms + line.margin_ms))


def latest_ms(line: LineTable, poll_ms: int) -> int:
    """The longest round trip with which a route is in time at the line's own speed."""
    time_ms = _way_mm(line) * 1000 / line.speed_mm_s - poll_ms - line.actuation_ms - line.margin_ms
    return max(0, int(time_ms / TRIPS))


def _way_mm(line: LineTable) -> int:
    return line.decision_mm - max(0, *(portal.eye_mm or portal.antenna_mm for portal in line.portals.values()))


def slow_link_margins(config: LineConfig) -> Iterator[str]:
    """What `check` says of each line whose decisions travel to a PLC and back."""
    for name, line in config.line.items():
        plc = config.plc[line.plc]
        if plc.io is None:
            yield (
                f"line.{name}: in time at {line.speed_mm_s} mm/s while a round trip to plc.{line.plc} takes at most "
                f"{latest_ms(line, plc.poll_ms)} ms; at 400 ms up to {fastest_mm_s(line, plc.poll_ms, 400)} mm/s"
            )
