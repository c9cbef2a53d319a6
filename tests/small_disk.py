"""A disk of a few megabytes that is full when a test wants it: a tmpfs in a mount namespace of its own, without root.

Public names: SmallDisk, small_disk.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """``join`` is called first in a process that is to see it, as ``before`` of `shipped.begin`."""

    folder: Path
    holder: int

    @property
    def join(self) -> partial[None]:
        return partial(_join, self.holder)

    @property
    def seen_here(self) -> Path:
        """Its folder for this process, for plain files only: SQLite asks the kernel for the path, and gets ours."""
        return Path(f"/proc/{self.holder}/root{self.folder}")

    def fill(self) -> None:
        """Leaves no block free."""
        with (self.seen_here / "filler").open("ab", buffering=0) as filler:
            try:
                while filler.write(bytes(65_536)) == 65_536:
                    pass
            except OSError:
                pass

    def make_room(self) -> None:
        (self.seen_here / "filler").unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Skips the test where the kernel lets nobody make namespaces."""
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" && echo there && exec sleep infinity'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stderr is not None
            if holder.stdout.readline() != "there\n":
                pytest.skip(f"no small disk can be made here: {holder.stderr.read().strip()}")
            yield SmallDisk(folder, holder.pid)
        finally:
            holder.kill()


def _join(holder: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    where = Path.cwd()
    for kind in ("user", "mnt"):
        with Path(f"/proc/{holder}/ns/{kind}").open("rb") as namespace:
            if libc.setns(namespace.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"setns {kind}")
    os.chdir(where)
