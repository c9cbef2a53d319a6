"""mosquitto as a real broker for tests, a broker of MQTT 3.1.1 alone, and a foreign client that listens for long.

Public names: Mosquitto, Heard, old_broker.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ports import free_port
from waiting import HANGS_S, wait_until


class Mosquitto:
    """A broker that writes down what it has every second. ``more``: lines of mosquitto.conf."""

    def __init__(self, executable: str, folder: Path, more: str = "", port: int = 0) -> None:
        self.port = port or free_port()
        self._executable = executable
        self._config = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        access = "" if "allow_anonymous" in more else "allow_anonymous true\n"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n{access}{more}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nmax_queued_messages 0\nuser root\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Mosquitto:
        """Starts, and waits until it listens."""
        with self._log.open("ab") as log:
            command = [self._executable, "-c", str(self._config), "-v"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens, lambda: self._log.read_text()[-2000:])
        return self

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
            return True
        assert self._process is not None and self._process.poll() is None, self._log.read_text()
        return False

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Lets it write everything down and end."""
        self._end(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def log(self) -> str:
        """All that it said."""
        return self._log.read_text(errors="replace")

    def _end(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            self._process.wait(HANGS_S)
            self._process = None

    def __enter__(self) -> Mosquitto:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self._end(signal.SIGKILL)


@contextmanager
def old_broker(shared: Path, way: str) -> Iterator[int]:
    """The port of a broker that knows MQTT 3.1.1 alone; ``way``: how it says so, ``connack`` or ``close``."""
    port = free_port()
    program = [sys.executable, str(shared / "field" / "fake_broker_311.py"), str(port), "600", way]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), HANGS_S):
            return True
        return False

    try:
        wait_until(listens)
        yield port
    finally:
        process.kill()
        process.wait()


class Heard:
    """mosquitto_sub with a persistent session: what it was told, in order, as (topic, retained, payload)."""

    def __init__(self, executable: str, port: int, topic: str = "#", qos: int = 1, binary: bool = False) -> None:
        self._messages: list[tuple[str, bool, str]] = []
        self._lock = threading.Lock()
        shown = "%t\t%r\t%x" if binary else "%t\t%r\t%p"
        # Into a pipe it would tell what it heard only when 4 KiB are full.
        command = [
            "stdbuf",
            "-oL",
            executable,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-V",
            "5",
            "-i",
            f"heard-{qos}",
            "-q",
            str(qos),
        ]
        command += ["-t", topic, "-F", shown, "-x", "3600", "-c", "-d"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._thread.start()
        if not self._subscribed.wait(HANGS_S):
            self.close()
            raise AssertionError("mosquitto_sub is not subscribed")

    def _read(self, output: IO[str]) -> None:
        for line in output:
            if line.startswith("Subscribed"):
                self._subscribed.set()
            parts = line.rstrip("\n").split("\t", 2)
            if len(parts) == 3:
                with self._lock:
                    self._messages.append((parts[0], parts[1] == "1", parts[2]))

    def messages(self) -> list[tuple[str, bool, str]]:
        """What was heard until now."""
        with self._lock:
            return list(self._messages)

    def told(self, topic_end: str) -> list[Any]:
        """The JSON of messages whose topic ends so, in order."""
        return [json.loads(payload) for topic, _, payload in self.messages() if topic.endswith(topic_end)]

    def close(self) -> None:
        """Ends."""
        self._process.kill()
        self._process.wait()
        self._thread.join(HANGS_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
