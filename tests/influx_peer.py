"""InfluxDB for tests: Debian's influxd 1.6, and in front of it a door that speaks `/api/v2/write`.

Public names: Influxd, VictoriaMetrics, V2Door, Answer, FakeInflux, StorageEngine, before.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from ports import free_port
from waiting import wait_until

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
max-values-per-tag = 0
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[logging]
level = "error"
[continuous_queries]
enabled = false
"""


class Influxd:
    """One influxd; survives being killed with what it acknowledged."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._program = program
        self._config = folder / "influxd.toml"
        self._config.write_text(CONFIG.format(rpc=free_port(), port=self.port, folder=folder))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-config", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _answers(self._process, f"http://127.0.0.1:{self.port}/ping")

    @property
    def pid(self) -> int:
        """Of the process, which was started."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def query(self, text: str, database: str = "") -> Any:
        asked = urllib.parse.urlencode({"q": text, "db": database, "epoch": "ns"}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/query", asked, timeout=60) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, result
        return result

    def write(self, database: str, lines: Iterable[bytes]) -> None:
        url = f"http://127.0.0.1:{self.port}/write?db={database}&precision=n"
        with urllib.request.urlopen(url, b"\n".join(lines), timeout=60):
            pass

    def rows(self, database: str) -> dict[str, list[dict[str, Any]]]:
        """All points by measurement, each with its tags and fields, those that are absent left out."""
        found: dict[str, list[dict[str, Any]]] = {}
        for series in self.query("SELECT * FROM /.*/", database).get("series", []):
            columns = series["columns"]
            found[series["name"]] = [
                {name: value for name, value in zip(columns, row, strict=True) if value is not None}
                for row in series["values"]
            ]
        return found

    def count(self, database: str) -> int:
        """How many points there are."""
        total = 0
        for series in self.query("SHOW MEASUREMENTS", database).get("series", []):
            for (name,) in series["values"]:
                (counted,) = self.query(f'SELECT count(*) FROM "{name}"', database)["series"]
                total += max(number for number in counted["values"][0][1:] if number is not None)
        return total


class VictoriaMetrics:
    """One victoria-metrics with what it was given; milliseconds and numbers only."""

    def __init__(self, program: str, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program,
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'vm'}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-loggerLevel=ERROR",
            "-memory.allowedBytes=64MB",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _answers(self._process, f"{self.url}/health")

    def samples(self) -> dict[tuple[tuple[str, str], ...], dict[int, float]]:
        """By series (labels, sorted) the values by millisecond."""
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30):
            pass
        with urllib.request.urlopen(f"{self.url}/api/v1/export?match[]={{__name__!=''}}", timeout=60) as answer:
            told = [json.loads(line) for line in answer]
        found: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
        for one in told:
            series = found.setdefault(tuple(sorted(one["metric"].items())), {})
            series.update(zip(one["timestamps"], one["values"], strict=True))
        return found

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _answers(process: subprocess.Popen[bytes], url: str) -> None:
    """Waits until a server that was started does."""

    def so() -> bool:
        assert process.poll() is None, f"{process.args!r} does not start"
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return True
        return False

    wait_until(so, lambda: f"{url} does not answer")


class Answer(NamedTuple):
    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class _Door(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that was killed is no news."""


class V2Door:
    """`/api/v2/write` as InfluxDB 2 has it: token, organisation, bucket, precision and gzip are insisted on.

    ``take(lines)`` says what becomes of a request. ``taken``: every line that was acknowledged, as often and in the
    order in which it was; ``closed``: nothing is answered but 503. ``delay_s`` before each answer.
    """

    def __init__(
        self,
        take: Callable[[list[bytes]], Answer],
        token: str = "s3cret-s3cret-s3cret-s3cret",
        org: str = "acme",
        port: int = 0,
    ) -> None:
        self.taken: list[bytes] = []
        self.requests = 0
        self.widest = 0
        self.delay_s = 0.0
        self.closed = False
        self.counted = ""
        self.token = token
        self._org = org
        self._take = take
        self._turn = threading.Lock()
        self._under_way = 0
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                told = door.counted.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):  # the client died while it sent
                    self.close_connection = True
                    return
                answer = door._answer(self.path, dict(self.headers), body)
                told = answer.body.encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Door(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        where = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if self.closed:
            return Answer(503, '{"code": "unavailable", "message": "closed"}')
        if headers.get("Authorization") != f"Token {self.token}":
            return Answer(401, '{"code": "unauthorized", "message": "unauthorized access"}')
        if where.path != "/api/v2/write" or asked.get("org") != self._org:
            return Answer(404, '{"code": "not found", "message": "organization name not found"}')
        if asked.get("bucket") != "lanewise":
            return Answer(404, '{"code": "not found", "message": "bucket not found"}')
        if asked.get("precision") != "ns" or headers.get("Content-Encoding") != "gzip":
            return Answer(400, '{"code": "invalid", "message": "not as the test wants it"}')
        lines = gzip.decompress(body).split(b"\n")
        with self._turn:
            self._under_way += 1
            self.requests += 1
            self.widest = max(self.widest, self._under_way)
        if self.delay_s:
            time.sleep(self.delay_s)
        try:
            answer = self._take(lines)
        except OSError:
            answer = Answer(503, '{"code": "unavailable", "message": "nothing behind the door"}')
        with self._turn:
            self._under_way -= 1
            if answer.status == 204:
                self.taken += lines
        return answer


def before(influxd: Influxd) -> Callable[[list[bytes]], Answer]:
    """What a door in front of influxd 1.6 does: its answer in the words of 2.x."""

    def take(lines: list[bytes]) -> Answer:
        try:
            influxd.write("lanewise", lines)
        except urllib.error.HTTPError as error:
            with error:
                reason = json.loads(error.read())["error"]
            return Answer(422, json.dumps({"code": "unprocessable entity", "message": f"failure writing: {reason}"}))
        return Answer(204)

    return take


class FakeInflux:
    """Takes lines, and refuses those with ``poison`` in them as 1.x, 2.x or 3 Core would.

    Sources: InfluxDB 2.x `/api/v2/write`: 400 = nothing of the request was written, 422 = the rest of it was;
    InfluxDB 3 Core, "Partial writes": 400, the rest was written and every refused line is named.
    """

    def __init__(self, speaks: str) -> None:
        self.speaks = speaks
        self.written: list[bytes] = []

    def take(self, lines: list[bytes]) -> Answer:
        bad = [number for number, line in enumerate(lines, 1) if b"poison" in line]
        good = [line for line in lines if b"poison" not in line]
        if not bad:
            self.written += lines
            return Answer(204)
        if self.speaks != "2.x parse":
            self.written += good
        match self.speaks:
            case "2.x parse":
                reason = f"unable to parse '{lines[bad[0] - 1].decode()}': invalid number"
                return Answer(400, json.dumps({"code": "invalid", "message": reason}))
            case "2.x conflict":
                reason = f"partial write: field type conflict: input field dropped={len(bad)}"
                return Answer(422, json.dumps({"code": "unprocessable entity", "message": reason}))
            case "1.x conflict":
                return Answer(400, json.dumps({"error": "field type conflict"}))
            case "3 Core":
                data = [
                    {"original_line": lines[number - 1].decode(), "line_number": number, "error_message": "wrong type"}
                    for number in bad
                ]
                return Answer(400, json.dumps({"error": "partial write of line protocol occurred", "data": data}))
            case _:
                raise AssertionError(self.speaks)


_OUTSIDE = (
    "dropped {old} points outside retention policy of duration 720h0m0s - oldest {oldest}, newest {newest} "
    "dropped={old} for database: {database} for retention policy: autogen"
)
_OF_2 = (422, "failure writing points to database: ", _OUTSIDE.replace("{database}", "0123456789abcdef"))
WORDS: dict[str, tuple[int, str, str]] = {
    "1.6": (422, "failure writing: ", "points beyond retention policy dropped={old}"),
    "1.12.4": (400, "", _OUTSIDE.replace("{database}", "lanewise")),
    "2.7.12": _OF_2,
    "2.9": _OF_2,
}
"""By version the status, what stands before `partial write: `, and what is said of old points: docs/adr/0026."""


class StorageEngine:
    """Takes lines as the storage of InfluxDB 1.x and 2.x does, and answers in the words of a version.

    Older than ``keeps_us`` is dropped; of a text ``poison`` the type is wrong; ``timed`` stands for a field `time`
    beside others, of which 2.9 says that nothing was dropped. A conflict is told alone.
    """

    def __init__(self, version: str, keeps_us: int) -> None:
        self.version = version
        self.keeps_ns = keeps_us * 1_000
        self.written: list[bytes] = []

    def take(self, lines: list[bytes]) -> Answer:
        status, before, of_old = WORDS[self.version]
        times = {line: int(line.rpartition(b" ")[2]) for line in lines}
        old = sorted((line for line in lines if times[line] < self.keeps_ns), key=times.__getitem__)
        bad = [line for line in lines if b"poison" in line and line not in old]
        self.written += [line for line in lines if line not in old and line not in bad]
        reason = ""
        if bad:
            conflict = 'field type conflict: input field "text" on measurement "notice" is type integer'
            reason = f"{conflict}, already exists as type string dropped={len(bad)}"
        elif self.version == "2.9" and any(b"timed" in line and line not in old for line in lines):
            reason = 'invalid field name: input field "time" on measurement "notice" is invalid dropped=0'
        elif old:
            oldest, newest = (
                f"point {line.split(b' ')[0].decode()} at {_utc(times[line])} dropped because it violates a Retention "
                f"Policy Lower Bound at {_utc(self.keeps_ns)}"
                for line in (old[0], old[-1])
            )
            reason = of_old.format(old=len(old), oldest=oldest, newest=newest)
        if not reason:
            return Answer(204)
        message = f"{before}partial write: {reason}"
        told = {"error": message} if status == 400 else {"code": "unprocessable entity", "message": message}
        return Answer(status, json.dumps(told))


def _utc(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ns % 1_000_000_000:09}Z"
