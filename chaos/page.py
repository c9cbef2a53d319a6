"""The page by which a process's disk and clock are made to fail, and the library that reads it (`chaos/hard.c`).

Public names: Page, Flaw, build.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from enum import IntEnum
from pathlib import Path

_SIZE = struct.calcsize("=qiii")
_SOURCE = Path(__file__).with_name("hard.c")


class Flaw(IntEnum):
    """What may be wrong with a disk, by its place in the page."""

    HELD = 8  # fsync waits
    FAILING = 12  # fsync fails with EIO
    FULL = 16  # nothing can be written


class Page:
    """What is wrong with one process, whoever it is by now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _SIZE)

    def clock(self, ahead_ns: int) -> None:
        """Its clock is so far ahead of the machine's."""
        struct.pack_into("=q", self._page, 0, ahead_ns)

    def disk(self, flaw: Flaw, on: bool) -> None:
        """Its disk has that flaw, or no more."""
        struct.pack_into("=i", self._page, flaw, on)

    def close(self) -> None:
        """Nobody asks any more."""
        self._page.close()


def build(folder: Path) -> Path:
    """The library. Raises FileNotFoundError where there is no C compiler."""
    cc = shutil.which("cc")
    if cc is None:
        raise FileNotFoundError("cc builds chaos/hard.c: `make peers` installs it")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "hard.so"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([cc, *flags, str(_SOURCE), "-o", str(library), "-ldl"], check=True)
    return library
