"""HiveMQ CE as a real broker that keeps on disk what it acknowledged.

Public names: HiveMq.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ports import free_port
from waiting import HANGS_S

CONFIG = """<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener><port>{port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>
  </listeners>
  <mqtt>
    <receive-maximum><server-receive-maximum>{at_once}</server-receive-maximum></receive-maximum>
    <session-expiry><max-interval>{session_s}</max-interval></session-expiry>
    <packets><max-packet-size>{largest}</max-packet-size></packets>
  </mqtt>
  <persistence><mode>file</mode></persistence>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
"""


class HiveMq:
    """A broker on one port, started again after it was stopped or killed. ``peer``: what scripts/peers_java made.

    ``largest``: octets of a packet, which it announces; ``at_once``: how many messages it takes at once;
    ``session_s``: how long a session lasts at most, whatever a client asks.
    """

    def __init__(
        self, java: str, peer: Path, folder: Path, largest: int = 268_435_460, at_once: int = 10, session_s: int = 3600
    ) -> None:
        self.port = free_port()
        self._log = folder / "hivemq.log"
        for name in ("conf", "data", "extensions"):
            (folder / name).mkdir()
        (folder / "conf" / "config.xml").write_text(
            CONFIG.format(port=self.port, largest=largest, at_once=at_once, session_s=session_s)
        )
        light = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        self._command = [java, *light, "-cp", f"{peer}/lib:{peer}/lib/*", "HiveBroker", str(folder)]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> HiveMq:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == "up\n":
                return self
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """Lets it end by itself."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate(timeout=HANGS_S)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self.stop()

    def __exit__(self, *_: object) -> None:
        self.kill()
