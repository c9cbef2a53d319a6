"""Stop always ends: any sequence of signals at any moment, for every process, with everything stored.

Public names: none; run by pytest. The whole of it, as the suite has no time for: `LANEWISE_STOPS=200 make test
ARGS="--timeout 0 tests/test_stop.py"`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from house import HANGS_S, House, make_house
from ports import free_port
from shipped import begin
from waiting import wait_until

from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader

STOPS = int(os.environ.get("LANEWISE_STOPS", "4"))
"""How often each process is stopped, at another moment and by other signals each time; the first is its very start."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("LINE.toml",),
    "sim": ("LINE.toml", "--alone", "--report", "var/truth.json", "--control", "var/control", "--quiet"),
    "publish": ("LINE.toml",),
    "api": ("SITE.toml",),
    "opcua": ("LINE.toml",),
}
ENDS = (0, -signal.SIGTERM, -signal.SIGINT)
"""In order; or, by the signal itself, before there was anything to store and after it was stored."""


@dataclass(frozen=True)
class Place:
    """Where the processes run. ``listens``: by process the port, or else the file, that is there when it is up."""

    house: House
    listens: dict[str, int | str]

    def is_up(self, name: str) -> bool:
        there = self.listens[name]
        if isinstance(there, str):
            return (self.house.folder / "var" / there).exists()
        with suppress(OSError), socket.create_connection(("127.0.0.1", there)):
            return True
        return False

    def check(self, name: str) -> None:
        """Whether all is stored of a process that was up."""
        match name:
            case "run":
                reader = JournalReader(self.house.folder / "var" / "journal.sqlite")
                try:
                    found = reader.checkpoint(CoreState)
                    assert (found[0] if found else 0) == reader.last()
                finally:
                    reader.close()
            case "sim":
                truth = self.house.folder / "var" / "truth.json"
                assert json.loads(truth.read_text())["parcels_inducted"] >= 0
                truth.unlink()


@pytest.fixture
def place(project: Path, tmp_path: Path, shared: Path) -> Place:
    house = make_house(project, tmp_path)
    face = free_port()
    tables = f"""
[publish.nowhere]
kind = "influx"
url = "http://127.0.0.1:9"
bucket = "b"

[opcua_server]
nodesets = "{shared / "opcua"}"
anonymous = true
listen = "127.0.0.1:{face}"
"""
    line = house.folder / "LINE.toml"
    line.write_text(line.read_text(encoding="utf-8") + tables, encoding="utf-8")
    (house.folder / "var").mkdir()
    files: dict[str, int | str] = {"run": "journal.sqlite", "sim": "control", "publish": "publish.sqlite"}
    return Place(house, files | {"api": house.ports["site"], "opcua": face})


def volley(process: ForkServerProcess, rng: random.Random) -> None:
    """Signals in turns, as close together as they can be sent, some more while it ends, until it has."""
    assert process.pid is not None
    numbers = [signal.SIGTERM, signal.SIGINT]
    for _ in range(rng.choice((1, 2, 3, 50))):
        with suppress(ProcessLookupError):
            os.kill(process.pid, numbers[0])
        rng.shuffle(numbers)
    for _ in range(rng.choice((0, 5))):
        process.join(0.02)
        with suppress(ProcessLookupError):
            os.kill(process.pid, rng.choice(numbers))
    process.join(HANGS_S)


@pytest.mark.parametrize("name", COMMANDS)
def test_any_signals_at_any_moment_end_it_with_everything_stored(place: Place, name: str) -> None:
    rng = random.Random(name)
    log = place.house.folder / "log"
    log.touch()
    for moment in range(STOPS):
        process = begin(place.house.folder, name, *COMMANDS[name], out=log, err=log)
        try:
            if moment % 4:
                wait_until(lambda its=process: not its.is_alive() or place.is_up(name))  # type: ignore[misc]
            process.join(rng.random() * (moment // 4) / max(1, STOPS // 4))
            was_up = moment % 4 > 0
            volley(process, rng)
            said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
            assert process.exitcode is not None, f"it hangs: {said}"
            assert process.exitcode in ENDS, (process.exitcode, said)
            assert "Traceback" not in said, said
            if was_up:
                place.check(name)
        finally:
            process.kill()
            process.join(HANGS_S)
