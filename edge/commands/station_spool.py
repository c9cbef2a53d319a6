"""What a packing station keeps while nobody answers: its own numbers, what it packed with them, and what was sent.

Public names: Spool, SpoolError.

One file of JSON lines that only grows: ``{"block", "station"}``, ``{"pack"}``, ``{"sent"}``, ``{"refused", "why"}``. A
line counts once it is on the disk, and a number is used by the line that names it, before anybody is told of it. What
is sent twice is taken once, by its number.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

PackWish = dict[str, Any]


class SpoolError(OSError):
    """The spool cannot be used; names the file and why."""


class Spool:
    """A station's file, held alone within the context. Raises SpoolError where another process has it."""

    def __init__(self, path: Path, station: str) -> None:
        self._path, self._station = path, station

    def __enter__(self) -> Spool:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with ExitStack() as opening:
            opening.callback(os.close, self._file)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SpoolError(f"{self._path}: another process packs with it") from None
            self._read()
            opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    @property
    def left(self) -> int:
        """Numbers that are not used yet."""
        return len(self._numbers)

    @property
    def waiting(self) -> list[PackWish]:
        """What was packed and not answered, in order."""
        return list(self._waiting.values())

    def add_block(self, numbers: Sequence[str]) -> None:
        """Numbers that were drawn for this station."""
        self._write({"block": list(numbers), "station": self._station})
        self._numbers += numbers

    def take(self, wish: Mapping[str, object]) -> PackWish:
        """The wish with a number of its own, which is used from now on. Raises SpoolError where none is left."""
        if not self._numbers:
            raise SpoolError(f"{self._path}: no number is left: `lanewise stations draw` while the api answers")
        sscc = self._numbers[0]
        numbered: PackWish = {**wish, "sscc": sscc}
        self._write({"pack": numbered})
        del self._numbers[0]
        self._waiting[sscc] = numbered
        return numbered

    def sent(self, sscc: str) -> None:
        """It was taken."""
        self._write({"sent": sscc})
        self._waiting.pop(sscc, None)

    def refused(self, sscc: str, why: str) -> None:
        """It was refused for good: somebody must look at that parcel."""
        self._write({"refused": sscc, "why": why})
        self._waiting.pop(sscc, None)

    def _read(self) -> None:
        self._numbers: list[str] = []
        self._waiting: dict[str, PackWish] = {}
        text = self._path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):  # it was never said to be written
            os.ftruncate(self._file, whole)
        used: set[str] = set()
        for n, line in enumerate(text[:whole].decode(errors="replace").splitlines(), 1):
            try:
                said: dict[str, Any] = json.loads(line)
                if said.get("station", self._station) != self._station:
                    raise SpoolError(f"{self._path}: is of station {said['station']}, not {self._station}")
                self._numbers += said.get("block", ())
                if pack := said.get("pack"):
                    used.add(pack["sscc"])
                    self._waiting[pack["sscc"]] = pack
                self._waiting.pop(said.get("sent", "") or said.get("refused", ""), None)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SpoolError(f"{self._path}: line {n}: is none of a spool: {error}") from None
        self._numbers = [one for one in self._numbers if one not in used]

    def _write(self, said: dict[str, object]) -> None:
        os.write(self._file, json.dumps(said, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file)
