"""A PLC and a station of remote I/O on libmodbus, as processes: built once, spoken to by lines.

Public names: LibmodbusPlc, LibmodbusIo, build_libmodbus_plc.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

SOURCE = Path(__file__).with_name("libmodbus_plc.c")


def build_libmodbus_plc(folder: Path, cc: str, pkg_config: str, source: Path = SOURCE) -> Path:
    """Compiles the PLC, or another ``source``, into ``folder``.

    Raises CalledProcessError, or FileNotFoundError without libmodbus.
    """
    found = subprocess.run([pkg_config, "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise FileNotFoundError(f"libmodbus: {found.stderr.strip()}")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / source.stem
    warnings = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([cc, *warnings, str(source), "-o", str(program), *shlex.split(found.stdout)], check=True)
    return program


class LibmodbusPlc:
    """One running PLC, on TCP or the line ``serial``; ``acted`` and ``refused``: what it printed so far, in order."""

    def __init__(self, program: Path, scan_us: int = 1000, serial: str = "") -> None:
        self._process = subprocess.Popen(
            [str(program), "0", str(scan_us), *filter(None, [serial])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.acted: list[tuple[int, int, int, int]] = []  # sequence, opcode, value, target
        self.refused: list[tuple[int, int]] = []  # sequence, reason
        self.entered_us: dict[int, int] = {}  # when a bench's tracks entered the portal, by the PLC's word
        self.port = int(self._line().removeprefix("listening "))

    def order(self, line: str) -> list[str]:
        """Gives an order; what it printed apart from handled commands."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer: list[str] = []
        while (said := self._line()) != "ok":
            self._sort(said, answer)
        return answer

    def status(self) -> dict[str, int]:
        (line,) = self.order("status")
        return {name: int(value) for name, value in (part.split("=") for part in line.split()[1:])}

    def bench(self, parcels: int, every_us: int, lead_us: int = 0, dwell_us: int = 0) -> None:
        """Begins a bench; with a lead every parcel passes the portal at photo-eye 11 that long before its INDUCTED."""
        self.order(f"bench {parcels} {every_us} {lead_us} {dwell_us}")

    def cut_bench(self) -> None:
        """Ends a bench early, while another thread waits for its result."""
        assert self._process.stdin is not None
        self._process.stdin.write("cut\n")
        self._process.stdin.flush()

    def bench_result_us(self, entered: Callable[[int], None] = lambda _: None) -> list[int]:
        """The reactions, -1 for a parcel without a route. ``entered`` gets each track that enters the portal."""
        while not (line := self._line()).startswith("reaction_us"):
            if line.startswith("entered "):
                track, at_us = map(int, line.split()[1:])
                self.entered_us[track] = at_us
                entered(track)
        assert self._line() == "bench done"
        return [int(value) for value in line.split()[1:]]

    def __enter__(self) -> LibmodbusPlc:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"the PLC ended with {self._process.wait()}")
        return line.rstrip("\n")

    def _sort(self, said: str, answer: list[str]) -> None:
        words = said.split()
        match words[0]:
            case "acted":
                seq, opcode, value, target = map(int, words[1:])
                self.acted.append((seq, opcode, value, target))
            case "refused":
                self.refused.append((int(words[1]), int(words[2])))
            case _:
                answer.append(said)


class LibmodbusIo:
    """One running station; ``said``: the coils and registers it printed, in order."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self.port = int(self._line().split()[1])

    def order(self, *lines: str) -> None:
        """Gives orders, one after the other."""
        assert self._process.stdin is not None
        for line in lines:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            while (said := self._line()) != "ok":
                self.said.append(said)

    def __enter__(self) -> LibmodbusIo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
