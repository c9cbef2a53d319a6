"""InfluxDB 2.x and 3 Core: points as line protocol over `/api/v2/write`. The only importer of influxdb_client.

Public names: InfluxPublisher, refused_lines.

A batch goes out in several requests at once (3 Core answers each after about a second), each with whole series, so that
the order within a series is kept. Writing a point again changes nothing: points name their time and series themselves.
Answers: 2xx taken; 400, 413 or 422 something in the request is bad: the lines that the answer names are set aside and
the rest is sent again, and where it names none the request is halved until all of one is bad; anything else is tried
again later. A line counts as bad only where the server takes a good one: a wrong setting sets nothing aside.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError, NewConnectionError

from edge.config.lines import LineConfig
from edge.config.problem import ConfigError
from edge.config.publish import InfluxConfig
from edge.config.secret import read_token
from edge.journal.host_time import now_us
from edge.journal.record import Record
from edge.publish import schema
from edge.publish.connections import Connections
from edge.publish.cursors import SetAside
from edge.publish.follow import NONE_IN_VAIN, Delivery, Entry, Following, TargetDown
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import WINDOW, Measures
from edge.publish.schema import SeriesPoint

_POINTLESS = frozenset({"CommandSent", "AlarmDue"})
_FINAL = '"stage":"final"'
_BAD_REQUEST = frozenset({400, 413, 422})
_DROPPED = re.compile(r"dropped=(\d+)$")
"""How many points 1.x and 2.x dropped, of all of a request where they are older than the bucket keeps."""


_Line: TypeAlias = tuple[int, bytes]
"""The record that a line tells of, and the line. One of many: a class of its own would take a tenth more time."""


@dataclass(slots=True)
class _Share:
    """What one request of a batch carries: some series, whole and in order. ``refused``: line and reason."""

    lines: list[_Line] = field(default_factory=list)
    refused: list[tuple[_Line, str]] = field(default_factory=list)


class _Refused(Exception):  # noqa: N818  # as the server says
    """The server says that something in a request is bad. ``lines``: by their index, where it names them;
    ``count``: how many, where that is known.
    """

    def __init__(self, reason: str, lines: dict[int, str], sent: int) -> None:
        super().__init__(reason)
        self.lines = lines
        dropped = _DROPPED.search(reason)
        self.count = 1 if sent == 1 else int(dropped[1]) if dropped else 0


class InfluxPublisher:
    """One bucket. Raises TargetDown for a secret or certificate that cannot be read."""

    lookback = WINDOW
    portion = 10_000
    requests = NONE_IN_VAIN

    def __init__(self, name: str, table: InfluxConfig, config: LineConfig) -> None:
        try:
            token = None if table.token_file is None else read_token(table.token_file)
            context = table.context() if table.url.startswith("https:") else None
        except ConfigError as error:
            raise TargetDown(str(error)) from None
        self._name = name
        self._table = table
        self._measures = Measures(config.layouts())
        self._encoder = LineEncoder((config.site, config.controller))
        self._client = InfluxDBClient(
            table.url,
            token,  # type: ignore[arg-type]  # None = no header
            timeout=table.timeout_ms,
            connection_pool_maxsize=table.requests,
        )
        self._connections = Connections()
        self._http = self._client.api_client.rest_client.pool_manager.connection_from_url(table.url)
        self._http.ConnectionCls = _cuttable(self._http.ConnectionCls, self._connections, context)
        self._service = WriteService(self._client.api_client)  # type: ignore[no-untyped-call]  # the library's
        self._pool = ThreadPoolExecutor(table.requests, f"influx-{name}")

    def wants(self, record: Record) -> bool:
        """Whether a record has points."""
        kind = record.kind
        return kind not in _POINTLESS and (kind != "PassageSeen" or _FINAL in record.body)

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """Makes the points."""
        return self.delivery((record.seq, self._measures.points(record.seq, value)) for record, value, _ in entries)

    def delivery(self, points: Iterable[tuple[int, Sequence[SeriesPoint]]]) -> Delivery:
        """Makes the lines of some points, each with its record's sequence, and shares them out by series."""
        shares = [_Share() for _ in range(self._table.requests)]
        its: dict[str, list[_Line]] = {}
        for seq, series, line in self._encoder.numbered(points):
            lines = its.get(series)
            if lines is None:
                lines = its[series] = shares[zlib.crc32(series.encode()) % len(shares)].lines
            lines.append((seq, line))
        return partial(self._send, shares)

    def tell(self, following: Following) -> None:
        """Writes the publisher's own state; lost when the target is down."""
        self._write_own(following)

    def give_up(self) -> None:
        """Cuts the requests that are under way."""
        self._connections.cut()

    def close(self) -> None:
        """Ends the connections."""
        self._pool.shutdown()
        self._http.close()  # the library leaves that to the garbage collector
        self._client.close()  # type: ignore[no-untyped-call]  # the library's

    def _send(self, shares: Sequence[_Share]) -> Sequence[SetAside]:
        answers = [self._pool.submit(self._send_share, share) for share in shares if share.lines]
        troubles = [error for answer in answers if (error := answer.exception()) is not None]
        for trouble in troubles:
            raise trouble
        return [SetAside(seq, line.decode(), reason) for share in shares for (seq, line), reason in share.refused]

    def _send_share(self, share: _Share) -> None:
        """Sends what is left of a share; what went out or was refused is left out the next time."""
        waiting, proven = [share.lines], False
        while waiting:
            lines = waiting.pop()
            try:
                self._write([line for _, line in lines])
            except _Refused as error:
                if not proven:
                    self._write_own(Following(self._name, trouble=""))
                    proven = True
                if error.lines:
                    share.refused += [(lines[index], reason) for index, reason in error.lines.items()]
                    rest = [line for index, line in enumerate(lines) if index not in error.lines]
                    if rest:
                        waiting.append(rest)
                elif error.count == len(lines):
                    share.refused += [(line, str(error)) for line in lines]
                else:
                    half = len(lines) // 2
                    waiting += [lines[half:], lines[:half]]
            share.lines = [line for part in reversed(waiting) for line in part]

    def _write(self, lines: Sequence[bytes]) -> None:
        """One request. Raises TargetDown, or _Refused."""
        table = self._table
        packer = zlib.compressobj(1, wbits=31)  # gzip; a higher level costs more than the network that it saves
        body = packer.compress(b"\n".join(lines)) + packer.flush()
        try:
            self._service.post_write(  # type: ignore[no-untyped-call]  # the library's
                table.org, table.bucket, body, precision="ns", content_encoding="gzip"
            )
        except ApiException as error:
            text = str(error.body or error.reason or "")
            if error.status in _BAD_REQUEST:
                raise _Refused(_message(text), refused_lines(text, len(lines)), len(lines)) from None
            raise TargetDown(f"{table.url}: HTTP {error.status}: {_message(text)}{_advice(error.status)}") from None
        except (HTTPError, OSError, ValueError) as error:
            raise TargetDown(f"{table.url}: {_reason(error)}") from None

    def _write_own(self, following: Following) -> None:
        """A point about this publisher. Raises TargetDown, also when that is refused."""
        at_us = now_us()
        fields: dict[str, schema.FieldValue] = {
            "records": following.records,
            "backlog": following.backlog,
            "set_aside": following.set_aside,
            "failures": following.failures,
            "up": int(not following.trouble),
        }
        if following.at_us:
            fields["lag_us"] = max(0, at_us - following.at_us)
        point = SeriesPoint(schema.PUBLISHER, (self._name, "influx"), fields, at_us * 1000)
        try:
            self._write(self._encoder.lines([point]))
        except _Refused as error:
            raise TargetDown(f"{self._table.url}: refuses every point: {error}") from None


def _cuttable(kind: type[Any], connections: Connections, tls: ssl.SSLContext | None) -> type[Any]:
    """The library's connections, made where another thread may cut them."""

    class Cuttable(kind):  # type: ignore[misc]
        is_verified = tls is not None

        def connect(self) -> None:
            try:
                self.sock = connections.connect(self.host, self.port, self.timeout, tls)
            except ssl.SSLError:
                raise
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    return Cuttable


def refused_lines(body: str, count: int) -> dict[int, str]:
    """The lines of a request of ``count`` that an answer names as bad, by their index, with the reason.

    3 Core names each by number; 2.x and 1.x tell of one or none: empty.
    Source: InfluxDB 3 Core, HTTP API, "Partial writes": ``data`` with ``line_number`` (from 1) and ``error_message``.
    """
    try:
        told = json.loads(body)["data"]
        told = [told] if isinstance(told, dict) else told
        named = {int(one["line_number"]) - 1: str(one["error_message"]) for one in told}
    except (ValueError, TypeError, KeyError):
        return {}
    return {index: reason for index, reason in named.items() if 0 <= index < count}


def _message(body: str) -> str:
    """The reason in an answer: ``message`` of 2.x, ``error`` of 1.x and 3 Core, or its beginning."""
    try:
        told = json.loads(body)
        return str(told.get("message") or told["error"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return body[:200].strip()


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return "; give `token_file` a token that may write the bucket"
        case 404:
            return "; give `org` and `bucket` as the server has them"
        case _:
            return ""


def _reason(error: Exception) -> str:
    """The innermost reason of what went wrong with a connection."""
    cause: BaseException = error
    while (inner := getattr(cause, "reason", None) or cause.__cause__) and isinstance(inner, BaseException):
        cause = inner
    return str(cause) or type(cause).__name__
