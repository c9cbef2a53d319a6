"""InfluxDB 1.x as a foreign peer: a server of its own in a folder, written to and asked by HTTP.

Public names: influxd.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

HANGS_S = 30
_SETTINGS = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
"""


@dataclass(frozen=True)
class Influx:
    """A running server."""

    url: str

    def write(self, database: str, lines: Iterable[str]) -> None:
        """Writes line protocol; a line that is refused raises HTTPError."""
        self._post(f"/query?q=CREATE%20DATABASE%20{database}", b"")
        self._post(f"/write?db={database}", "\n".join(lines).encode())

    def _post(self, path: str, body: bytes) -> None:
        with urlopen(Request(self.url + path, data=body, method="POST"), timeout=HANGS_S) as answer:
            answer.read()


@contextmanager
def influxd(executable: str, folder: Path) -> Iterator[Influx]:
    """A server with nothing in it, until the end of the block."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    http, rpc = (one.getsockname()[1] for one in held)
    for one in held:
        one.close()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "influxd.conf").write_text(_SETTINGS.format(folder=folder, http=http, rpc=rpc), encoding="utf-8")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([executable, "-config", str(folder / "influxd.conf")], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{http}"
            until = time.monotonic() + HANGS_S
            while not _answers(url):
                assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.02)
            yield Influx(url)
        finally:
            process.terminate()
            process.wait(HANGS_S)


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/ping", timeout=HANGS_S) as answer:
            return bool(answer.status == 204)
    except (URLError, OSError):
        return False
