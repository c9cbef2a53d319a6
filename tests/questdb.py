"""QuestDB as a real store that does not overwrite by itself.

Public names: QuestDb.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from ports import free_port
from waiting import wait_until

CONFIG = """
http.bind.to=127.0.0.1:{port}
http.min.enabled=false
pg.enabled=false
line.tcp.enabled=false
telemetry.enabled=false
shared.worker.count=1
cairo.writer.data.append.page.size=64k
cairo.writer.misc.append.page.size=64k
cairo.wal.writer.data.append.page.size=64k
"""
"""Each column of each table takes a page at least; with those that QuestDB has of itself a run took 4.4 GB."""


class QuestDb:
    """One server with what it was given. ``peer``: what scripts/peers_java made."""

    def __init__(self, java: str, peer: Path, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (folder / "conf").mkdir()
        (folder / "conf" / "server.conf").write_text(CONFIG.format(port=port))
        (jar,) = (peer / "lib").glob("questdb-*.jar")
        light = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={folder}")
        command = [java, *light, "-p", str(jar), "-m", "io.questdb/io.questdb.ServerMain", "-d", str(folder)]
        self._folder, self._log = folder, folder / "questdb.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, lambda: self._log.read_text()[-2_000:])

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()[-2_000:]
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/ping", timeout=5):
            return True
        return False

    def query(self, text: str) -> list[dict[str, Any]]:
        """The rows of an answer; none of a statement."""
        asked = urllib.parse.urlencode({"query": text, "nm": "false"})
        with urllib.request.urlopen(f"{self.url}/exec?{asked}", timeout=60) as answer:
            told = json.load(answer)
        names = [column["name"] for column in told.get("columns", ())]
        return [dict(zip(names, row, strict=True)) for row in told.get("dataset", ())]

    def settled(self) -> None:
        """Waits until what was written can be read."""
        behind = "select name from wal_tables() where writerTxn != sequencerTxn or suspended"
        wait_until(lambda: not self.query(behind), lambda: self.query("wal_tables()"))

    def stop(self) -> None:
        """kill -9, and nothing of it stays."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)
