"""InfluxDB 2.x and 3 Core: points as line protocol over `/api/v2/write`. The only importer of influxdb_client.

Public names: InfluxPublisher, refused_lines.

A batch goes out in several requests at once (3 Core answers each after about a second), each with whole series, so that
the order within a series is kept. Writing a point again changes nothing: points name their time and series themselves.
Answers: 2xx taken; 400, 413 or 422 something in the request is bad: the lines that the answer names are set aside and
the rest is sent again, and where it names none the request is halved until all of one is bad; anything else is tried
again later, after `Retry-After` where that is said. Of a request whose only trouble is age the rest is written, and the
old points are counted. A line counts as bad only where the server takes a good one: a wrong setting sets nothing aside.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError, NewConnectionError

from edge.config.connections import Connections
from edge.config.lines import LineConfig
from edge.config.problem import ConfigError
from edge.config.publish import InfluxConfig
from edge.config.secret import read_token
from edge.config.web import advised_s
from edge.journal.host_time import now_us
from edge.journal.record import Record
from edge.publish import schema
from edge.publish.cursors import Refused, SetAside, TooOld
from edge.publish.follow import NONE_IN_VAIN, Delivery, Entry, Following, TargetDown
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import WINDOW, Measures
from edge.publish.schema import SeriesPoint
from edge.publish.told import SiteTold

_POINTLESS = frozenset({"CommandSent", "AlarmDue"})
_FINAL = '"stage":"final"'
_BAD_REQUEST = frozenset({400, 413, 422})
_DROPPED = re.compile(r"\bdropped=(\d+)")
"""How many points 1.x and 2.x dropped; 2.7.12, 2.8, 2.9 and 1.12 name the database behind it. Where several stand, the
last: names of ours may stand before it.
"""
_OLD = re.compile(r"""^[^'"]*partial write: (?:points beyond|dropped \d+ points outside) retention policy""")
"""All else of the request was written: a shard that refuses something is named in its place.

Source: influxdb 1.12.4 and 2.7.12, `coordinator/points_writer.go`, WritePointsPrivileged; docs/adr/0026.
"""
_UNREAD = re.compile("unable to parse|cannot be parsed")
_ASK_TIMES = 10
_ASK_EVERY_S = 0.5
_REST_MAX_S = 900.0
"""So long a server may ask us to wait."""


_Line: TypeAlias = tuple[int, bytes]
"""The record that a line tells of, and the line. One of many: a class of its own would take a tenth more time."""


@dataclass(slots=True)
class _Share:
    """What one request of a batch carries: some series, whole and in order; where something in it is refused, parts of
    it, the next one last. ``refused``: line and reason. ``old``: how many are older than is kept, from which record on,
    and what the server said. ``splits``: refused requests that had to be halved; ``bad``: lines that were found so.
    """

    parts: list[list[_Line]]
    refused: list[tuple[_Line, str]] = field(default_factory=list)
    old: int = 0
    old_seq: int = 0
    old_reason: str = ""
    splits: int = 0
    bad: int = 0
    proven: bool = False

    def split(self, lines: list[_Line]) -> bool:
        """Halves what is refused. False: not, since that has cost more than bad lines can explain.

        To find a bad line among n by halving takes at most log2(n) refused requests; a server that refuses more of
        them refuses together what it takes apart.
        """
        if self.splits > (self.bad + 1) * _SPLITS_A_LINE:
            return False
        self.splits += 1
        half = len(lines) // 2
        self.parts += [lines[half:], lines[:half]]
        return True


_SPLITS_A_LINE = 20
"""At least log2 of the lines that a request may have."""


class _Refused(Exception):  # noqa: N818  # as the server says
    """The server says that something in a request is bad. ``lines``: by their index, where it names them;
    ``count``: how many were dropped, where that is known, else None.
    """

    def __init__(self, reason: str, lines: dict[int, str], status: int) -> None:
        super().__init__(reason)
        self.lines = lines
        dropped = _DROPPED.findall(reason)
        self.count = int(dropped[-1]) if dropped else None
        self.old = _OLD.search(reason) is not None
        self.too_long = status == 413


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
        self._token = token
        self._sending: Sequence[_Share] = ()
        self._reason = ""
        self._pool = ThreadPoolExecutor(table.requests, f"influx-{name}")

    def wants(self, record: Record) -> bool:
        """Whether a record has points."""
        kind = record.kind
        return kind not in _POINTLESS and (kind != "PassageSeen" or _FINAL in record.body)

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """Makes the points."""
        return self.delivery(
            (record.seq, self._measures.points(record.seq, value))
            for record, value, _ in entries
            if not isinstance(value, SiteTold)
        )

    def delivery(self, points: Iterable[tuple[int, Sequence[SeriesPoint]]]) -> Delivery:
        """Makes the lines of some points, each with its record's sequence, and shares them out by series."""
        shares: list[list[_Line]] = [[] for _ in range(self._table.requests)]
        its: dict[str, list[_Line]] = {}
        for seq, series, line in self._encoder.numbered(points):
            lines = its.get(series)
            if lines is None:
                lines = its[series] = shares[zlib.crc32(series.encode()) % len(shares)]
            lines.append((seq, line))
        return partial(self._send, [_Share([lines]) for lines in shares if lines])

    def lines(self, refused: Iterable[SetAside]) -> Delivery:
        """Sends lines as they were set aside."""
        lines = [(one.seq, one.what.encode()) for one in refused]
        return partial(self._send, [_Share([lines])] if lines else [])

    def written_twice(self) -> int | None:
        """Writes a point, the same once more, and counts it; None where the store cannot be asked.

        Asked are InfluxQL (`/query`: 1.x, 2.x, 3 Core) and QuestDB (`/exec`). Raises TargetDown.
        """
        probe = secrets.token_hex(8)
        line = f"lanewise_check,probe={probe} times=1i {now_us() * 1_000}".encode()
        for _ in range(2):
            try:
                self._write([line])
            except _Refused as error:
                raise TargetDown(f"{self._table.url}: refuses every point: {error}") from None
        for _ in range(_ASK_TIMES):  # some show what they took a little later
            for ask in (self._counted_by_influxql, self._counted_by_questdb):
                if count := ask(probe):
                    return count
            time.sleep(_ASK_EVERY_S)
        return None

    def _counted_by_influxql(self, probe: str) -> int:
        text = f"SELECT count(times) FROM lanewise_check WHERE probe = '{probe}'"  # noqa: S608  # hexadecimal digits of ours
        told = self._asked("/query", {"db": self._table.bucket, "q": text})
        try:
            return int(told["results"][0]["series"][0]["values"][0][1])
        except (LookupError, TypeError, ValueError):
            return 0

    def _counted_by_questdb(self, probe: str) -> int:
        text = f"select count() from lanewise_check where probe = '{probe}'"  # noqa: S608  # likewise
        told = self._asked("/exec", {"query": text})
        try:
            return int(told["dataset"][0][0])
        except (LookupError, TypeError, ValueError):
            return 0

    def _asked(self, path: str, fields: dict[str, str]) -> Any:
        """The answer to a question, as JSON; None where there is none."""
        headers = {"Authorization": f"Token {self._token}"} if self._token else {}
        url = f"{urlsplit(self._table.url).path.rstrip('/')}{path}?{urlencode(fields)}"
        within_s = self._table.timeout_ms / 1000
        try:
            answer = self._http.request("GET", url, headers=headers, timeout=within_s, retries=False)
            return json.loads(answer.data)
        except (HTTPError, OSError, ValueError):
            return None

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

    @property
    def doing(self) -> str:
        """What it takes apart."""
        shares = [share for share in self._sending if share.splits]
        if not shares:
            return ""
        left = sum(len(part) for share in shares for part in share.parts)
        aside, old = (sum(counts) for counts in zip(*((len(one.refused), one.old) for one in shares), strict=True))
        requests = sum(share.splits for share in shares)
        return (
            f"{self._table.url} refuses some of what it is sent: {requests} requests halved, {left} points to go, "
            f"{aside} set aside, {old} too old: {self._reason}"
        )

    def _send(self, shares: Sequence[_Share]) -> Sequence[Refused]:
        self._sending = shares
        answers = [self._pool.submit(self._send_share, share) for share in shares if share.parts]
        troubles = [error for answer in answers if (error := answer.exception()) is not None]
        for trouble in sorted(troubles, key=lambda one: isinstance(one, TargetDown) and -one.rest_s):
            raise trouble
        self._sending = ()
        told: list[Refused] = [TooOld(one.old_seq, one.old, one.old_reason) for one in shares if one.old]
        told += [SetAside(seq, line.decode(), reason) for share in shares for (seq, line), reason in share.refused]
        return told

    def _send_share(self, share: _Share) -> None:
        """Sends what is left of a share; what went out or was refused is left out the next time."""
        while share.parts:
            lines = share.parts[-1]
            try:
                self._write([line for _, line in lines])
            except _Refused as error:
                if error.old:
                    share.old += len(lines) if error.count is None else min(error.count, len(lines))
                    share.bad += 1
                    share.old_seq, share.old_reason = share.old_seq or lines[0][0], str(error)
                    share.parts.pop()
                else:
                    self._take_apart(share, lines, error)
            else:
                share.parts.pop()

    def _take_apart(self, share: _Share, lines: list[_Line], error: _Refused) -> None:
        """Sets aside what is bad of a request, or halves it. Raises TargetDown where nothing is taken."""
        if not share.proven:
            self._write_own(Following(self._name, trouble=""))
            share.proven = True
        self._reason = str(error)
        share.parts.pop()
        if error.lines:
            share.refused += [(lines[index], reason) for index, reason in error.lines.items()]
            if rest := [line for index, line in enumerate(lines) if index not in error.lines]:
                share.parts.append(rest)
        elif len(lines) > 1 and error.too_long:
            half = len(lines) // 2
            share.parts += [lines[half:], lines[:half]]
        elif error.count == 0 and len(lines) == 1 and not _UNREAD.search(str(error)):
            share.bad += 1  # and written, but for a field called `time`
        elif len(lines) in (1, error.count):
            share.refused += [(line, str(error)) for line in lines]
            share.bad += len(lines)
        elif not share.split(lines):
            why = f"not taken apart any further after {share.splits} requests, perhaps written: {error}"
            share.refused += [(line, why) for line in lines]

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
                raise _Refused(_message(text), refused_lines(text, len(lines)), error.status) from None
            asked = error.headers["Retry-After"] if error.headers and "Retry-After" in error.headers else ""
            rest_s = min(advised_s(asked, now_us() / 1e6), _REST_MAX_S)
            asks = f"; it asks us to wait {rest_s:.0f} s" if rest_s else ""
            why = f"{table.url}: HTTP {error.status}: {_message(text)}{_advice(error.status)}{asks}"
            raise TargetDown(why, rest_s) from None
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
