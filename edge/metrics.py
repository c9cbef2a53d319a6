"""Numbers of a process in Prometheus' text format, at `/metrics` of an address of its own.

The only importer of prometheus_client. Public names: Sample, Metrics, text, serve, CONTENT_TYPE.

Numbers are plain values that the process keeps anyway, read when somebody asks, in a thread of their own: nothing is
counted twice and nothing of Prometheus runs where decisions are made. Who asks has a few seconds for it, and of many at
once the oldest gives way to a newcomer: half requests hold up nobody, and cost no threads.

Source: RFC 9112, 3 and 9.5 (as much of HTTP/1.1 as a scrape needs).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias, cast

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rfid.tcp import stop_listening

CONTENT_TYPE = CONTENT_TYPE_LATEST
ASKS_S = 5.0
"""Question and answer take no longer, or are ended."""
AT_ONCE = 32
"""Connections; above it the oldest is ended."""
_LONGEST = 16_384
_TOLD_S = 60.0

log = logging.getLogger(__name__)


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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host.strip("[]"), int(port)), family=family)
    except OSError as error:
        raise OSError(f"metrics: {listen}: {error.strerror or error}: give `metrics` another port") from None
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    desk = _Desk(listen, _registry(metrics))
    thread = threading.Thread(target=lambda: loop.run_until_complete(desk.answer(listener, over)), name="metrics")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


class _Desk:
    """Everybody who asks at one address."""

    def __init__(self, listen: str, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._listen = listen
        self._asking: dict[_Asking, None] = {}
        self._told_s = -_TOLD_S

    async def answer(self, listener: socket.socket, over: asyncio.Event) -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Asking(self), sock=listener)
        await over.wait()
        await stop_listening(server)
        for one in list(self._asking):
            one.end()
        await asyncio.sleep(0)  # a transport that is aborted closes its socket in the next turn
        await server.wait_closed()

    def came(self, one: _Asking) -> None:
        self._asking[one] = None
        if len(self._asking) > AT_ONCE:
            self.end(next(iter(self._asking)))

    def end(self, one: _Asking) -> None:
        """Somebody took too long, or gives way."""
        one.end()
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= _TOLD_S:
            self._told_s = now_s
            log.warning("metrics: %s: questions from %s that do not become whole are ended", self._listen, one.peer)

    def left(self, one: _Asking) -> None:
        self._asking.pop(one, None)


class _Asking(asyncio.Protocol):
    """One connection: one question, one answer."""

    def __init__(self, desk: _Desk) -> None:
        self.peer = ""
        self._desk = desk
        self._came = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.peer = str((transport.get_extra_info("peername") or [""])[0])
        self._timer = asyncio.get_running_loop().call_later(ASKS_S, self._desk.end, self)
        self._desk.came(self)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if b"\r\n\r\n" in self._came or len(self._came) > _LONGEST:
            self._transport.pause_reading()
            self._transport.write(self._answer())
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._timer.cancel()
        self._desk.left(self)

    def end(self) -> None:
        self._desk.left(self)
        self._timer.cancel()
        self._transport.abort()

    def _answer(self) -> bytes:
        method, target, *_ = [*bytes(self._came).partition(b"\r\n")[0].split(b" "), b"", b""]
        if method not in (b"GET", b"HEAD"):
            status, body = "405 Method Not Allowed", b"GET\n"
        elif target.partition(b"?")[0] != b"/metrics":
            status, body = "404 Not Found", b"/metrics\n"
        else:
            status, body = "200 OK", generate_latest(self._desk.registry)
        kind = CONTENT_TYPE if status == "200 OK" else "text/plain"
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        return head.encode() + (b"" if method == b"HEAD" else body)
