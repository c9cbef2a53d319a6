"""The disks on which files of ours lie: how much is free, how long that lasts, and errors that mean that nothing is.

Public names: DiskWatch, DiskRoom, begin_file, free_bytes, no_room, disk_samples, NEEDED_BYTES.
"""

from __future__ import annotations

import errno
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.journal.filling import Filling, RoomLeft, is_low
from edge.metrics import Sample

NEEDED_BYTES = 10_000_000
"""What a start writes before anything else, into a file of ours and its log, and a little more."""
_MB = 1_000_000
_STEPS_H = (24.0, 12.0, 6.0, 3.0, 1.0)
"""Below each of these it is said anew; and each time that half as much is free."""


def no_room(error: BaseException, path: Path) -> str:
    """What is wrong, where, and what to do, when an error of a file means that its disk is full; else empty."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    full = code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT)
    folder = _there(path)
    try:
        free = free_bytes(folder)
    except OSError:
        free = NEEDED_BYTES
    # SQLite cannot make its shared memory there, and calls that something else
    full = full or (code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and free < NEEDED_BYTES)
    if not full:
        return ""
    what = f"no space left, the disk is full: {free / _MB:,.1f} MB are free in {folder}"
    return f"{what}, {NEEDED_BYTES / _MB:,.0f} MB are needed at least: make room there"


def begin_file(path: Path) -> None:
    """Makes the file of a database, where there is none, with the rights that the umask leaves.

    SQLite makes it without a group's right to write, whatever the umask, and the files beside it likewise; then whoever
    only reads cannot share the memory that all of its users must. What keeps it from being made SQLite tells.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))


def free_bytes(path: Path) -> int:
    """What we may write more on the disk of a file, which need not be there yet. Raises OSError."""
    found = os.statvfs(_there(path))
    return found.f_bavail * found.f_frsize


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """One disk. ``files``: which of ours lie there; ``folder``: of the first of them."""

    files: tuple[str, ...]
    folder: Path
    left: RoomLeft

    @property
    def text(self) -> str:
        """Where and how much, in figures that need no language."""
        free = f"{self.left.free_bytes / _MB:,.0f} MB"
        if self.left.hours == math.inf:
            return f"{self.folder}: {free}"
        return f"{self.folder}: {self.left.hours:,.1f} h, {free}, -{self.left.bytes_per_hour / _MB:,.0f} MB/h"


class DiskWatch:
    """Looks at the disks of some files, by what they are called; each disk once. Used by one thread.

    ``rooms``: as last seen. ``low``: the one that is full soonest, of those that are within ``hours`` or have less than
    ``least_bytes``; it stays as it was first said until that is not so any more, or much less is left.
    """

    def __init__(self, files: Mapping[str, Path], hours: float, least_bytes: int) -> None:
        self._files = files
        self._limits = hours, least_bytes
        self._fillings: dict[int, Filling] = {}
        self._step: tuple[int, int, int] | None = None
        self.rooms: tuple[DiskRoom, ...] = ()
        self.low: DiskRoom | None = None

    def look(self, at_us: int) -> DiskRoom | None:
        """Looks at all of them, and gives ``low``. ``at_us``: of any clock that goes forward. Raises OSError."""
        found: dict[int, list[tuple[str, Path]]] = {}
        for name, file in self._files.items():
            folder = _there(file.parent)
            found.setdefault(folder.stat().st_dev, []).append((name, folder))
        rooms: dict[int, DiskRoom] = {}
        for device, files in found.items():
            folder = files[0][1]
            left = self._fillings.setdefault(device, Filling()).look(at_us, free_bytes(folder))
            rooms[device] = DiskRoom(tuple(name for name, _ in files), folder, left)
        self.rooms = tuple(rooms.values())
        hours, least_bytes = self._limits
        was = self._step[0] if self._step else None
        low = [device for device, room in rooms.items() if is_low(room.left, hours, least_bytes, device == was)]
        worst = min(low, key=lambda device: (rooms[device].left.hours, rooms[device].left.free_bytes), default=None)
        if worst is None:
            self._step = self.low = None
        else:
            left = rooms[worst].left
            step = (
                worst,
                sum(left.hours < one for one in _STEPS_H),
                (max(1, least_bytes) // (left.free_bytes + 1)).bit_length(),
            )
            if self._step is None or step[0] != self._step[0] or step > self._step:
                self._step, self.low = step, rooms[worst]
        return self.low


def disk_samples(rooms: Iterable[DiskRoom]) -> Iterator[Sample]:
    """For Prometheus."""
    for room in rooms:
        label = (("folder", str(room.folder)),)
        yield Sample("disk_free_bytes", "what is free on the disk of our files", room.left.free_bytes, label)
    for room in rooms:
        label = (("folder", str(room.folder)),)
        yield Sample("disk_hours_left", "until it is full, at its growth", room.left.hours, label)


def _there(path: Path) -> Path:
    """The folder where a file is or will be made: the nearest one that is there."""
    path = path.absolute()
    return next((one for one in (path, *path.parents) if one.is_dir()), Path("/"))
