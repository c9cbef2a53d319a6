"""How many orders are where, for Prometheus: what the site noted last, with its age.

Public names: FlowMetrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.metrics import Sample


class FlowMetrics:
    """What was read last; whoever asks for metrics waits for no store."""

    def __init__(self) -> None:
        self._at_us = 0
        self._values: Mapping[str, float] = {}

    def take(self, at_us: int, values: Mapping[str, float]) -> None:
        """What was noted at an instant, by names as ``orders.held`` and ``oldest_us.held``."""
        self._at_us, self._values = at_us, values

    def samples(self, now_us: int) -> Iterator[Sample]:
        """Nothing before anything was noted."""
        if not self._at_us:
            return
        yield Sample("api_flow_age_seconds", "since the site noted where orders are", (now_us - self._at_us) / 1e6)
        for name, number in self._values.items():
            what, _, stage = name.partition(".")
            label = (("stage", stage),)
            if what == "orders":
                text = "orders by stage; parcels that wait, cases that are overdue, events that a webhook was not told"
                yield Sample("api_flow_orders", text, number, label)
            else:
                yield Sample("api_flow_oldest_seconds", "how long the first of them has waited", number / 1e6, label)
