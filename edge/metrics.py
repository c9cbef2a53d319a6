"""Numbers of a process in Prometheus' text format, at `/metrics` of an address of its own.

The only importer of prometheus_client. Public names: Sample, Metrics, text, serve, CONTENT_TYPE.

Numbers are plain values that the process keeps anyway, read when somebody asks, in a thread of their own: nothing is
counted twice and nothing of Prometheus runs where decisions are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Sample(NamedTuple):
    """One number. Samples of one name have the same labels, text and ``counts`` (it only grows)."""

    name: str
    text: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    counts: bool = False


Metrics: TypeAlias = Callable[[], Iterable[Sample]]


class _Collector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._metrics():
            family = families.get(sample.name)
            if family is None:
                made = CounterMetricFamily if sample.counts else GaugeMetricFamily
                names = [name for name, _ in sample.labels]
                family = families[sample.name] = made(f"lanewise_{sample.name}", sample.text, labels=names)
            family.add_metric([value for _, value in sample.labels], sample.value)
        yield from families.values()


def _registry(metrics: Metrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    ProcessCollector(registry=registry)
    return registry


def text(metrics: Metrics) -> bytes:
    """The numbers of a process, and its CPU time, memory and files, as CONTENT_TYPE."""
    return generate_latest(_registry(metrics))


@contextmanager
def serve(listen: str | None, metrics: Metrics) -> Iterator[None]:
    """Answers at ``host:port`` meanwhile; None = nothing is served. Raises OSError for an address that is taken."""
    if listen is None:
        yield
        return
    host, _, port = listen.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), _registry(metrics))
    except OSError as error:
        raise OSError(f"metrics: {listen}: {error.strerror or error}: give `metrics` another port") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
