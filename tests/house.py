"""The example's configuration in a folder of its own, on ports of its own, and commands that are run in it.

Public names: House, Said, make_house, AT_US.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from ports import free_port
from shipped import begin
from waiting import HANGS_S

from edge.config.load import load_line
from edge.core.events import DeviceChanged, Started
from edge.journal.writer import Journal

AT_US = 1_767_225_600_000_000


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int | None
    out: str
    err: str


@dataclass(frozen=True)
class House:
    """A folder with the example's LINE.toml and SITE.toml on ports of its own."""

    folder: Path
    ports: dict[str, int]

    def run(self, *command: object) -> Said:
        """Runs one command to its end in the folder. No traceback may come out of it, whatever is wrong."""
        with TemporaryDirectory() as heard:
            out, err = Path(heard) / "out", Path(heard) / "err"
            process = begin(self.folder, *command, out=out, err=err)
            process.join(HANGS_S)
            if process.exitcode is None:
                process.kill()
            said = Said(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))
        assert said.status is not None, f"{command} hangs: {said}"
        assert "Traceback" not in said.err and "Error(" not in said.err, said.err
        return said

    @contextmanager
    def starts(self) -> Iterator[Callable[..., None]]:
        """Begins commands, which end with the context."""
        begun: list[ForkServerProcess] = []
        try:
            yield lambda *command, **more: begun.append(begin(self.folder, *command, **more))
        finally:
            for process in reversed(begun):
                process.terminate()
                process.join(HANGS_S)
        assert all(process.exitcode is not None for process in begun)

    def refused(self, *command: object, status: int = 2) -> str:
        """The one message of a command that cannot be done."""
        said = self.run(*command)
        assert said.status == status, said
        assert said.out == ""
        assert said.err.startswith("lanewise"), said.err
        assert len(said.err.splitlines()) == 1, said.err
        return said.err

    def changed(self, name: str, *replacements: tuple[str, str], into: str = "changed.toml") -> str:
        """Another configuration with the lines that match replaced."""
        text = (self.folder / name).read_text(encoding="utf-8")
        for pattern, line in replacements:
            text, count = re.subn(pattern, line, text, flags=re.MULTILINE)
            assert count, pattern
        (self.folder / into).write_text(text, encoding="utf-8")
        return into

    def journal(self, *changes: str, name: str = "var/doctored.sqlite") -> Path:
        """A small good journal, then changed by SQL."""
        config = load_line(self.folder / "LINE.toml")
        path = self.folder / name
        journal = Journal(path)
        journal.append([Started(at_us=AT_US, controller="edge1", version="0", layouts=config.layouts())])
        journal.append([DeviceChanged(AT_US + number, "plc.sorter", bool(number % 2), "test") for number in range(5)])
        journal.flush()
        assert journal.close()
        with closing(sqlite3.connect(path)) as db:
            for change in changes:
                db.execute(change)
            db.commit()
        return path


def make_house(project: Path, tmp_path: Path) -> House:
    """The example warehouse in a folder, on free ports, with patience for the answers of PLCs on a busy machine."""
    for name in ("LINE.toml", "SITE.toml"):
        shutil.copy(project / "examples" / "warehouse" / name, tmp_path)
    config = load_line(tmp_path / "LINE.toml")
    names = [*(f"plc.{name}" for name in config.plc), *(f"reader.{name}" for name in config.reader), "site"]
    ports = {name: free_port() for name in names}
    for table, name in (name.split(".") for name in names if "." in name):
        old = getattr(config, table)[name].port
        text = (tmp_path / "LINE.toml").read_text(encoding="utf-8")
        new = f"port = {ports[f'{table}.{name}']}\n" + "timeout_ms = 10000\n" * (table == "plc")
        (tmp_path / "LINE.toml").write_text(text.replace(f"port = {old}\n", new))
    made = House(tmp_path, ports)
    made.changed("SITE.toml", (r"^listen = .*$", f'listen = "127.0.0.1:{ports["site"]}"'), into="SITE.toml")
    return made
