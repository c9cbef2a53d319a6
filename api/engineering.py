"""What engineers look at, gathered: controllers, devices, portals, lanes, configuration, room on the disks, clocks.

Public names: Bench, Files, Checked, SourceLine, gathered, checked_files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from api.follow import Followed
from api.host_clock import ClockState, host_clock
from api.site_state import Site
from edge.config.problem import ConfigError
from edge.config.surroundings import check_line
from edge.views.workings import ControllerWorkings, DeviceWorkings

_AROUND = 1
_SECRET = re.compile(r"^(\s*[\w.-]*(?:password|secret|token|key)\s*=\s*).+$", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^/@\s]*@")
_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Files:
    """A file that grows. ``free_bytes``: on its disk; -1 = it cannot be looked at."""

    name: str
    file: str
    used_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a configuration file, without what is secret. ``problem``: what is wrong there, empty = nothing."""

    number: int
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration file as `lanewise check` sees it. ``problems``: of no line, or without its line."""

    file: str
    problems: tuple[str, ...]
    source: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class Bench:
    """All of it. ``host``: None = the kernel says nothing of its clock."""

    version: str
    now_us: int
    controllers: tuple[ControllerWorkings, ...]
    followed: tuple[Followed, ...]
    devices: tuple[DeviceWorkings, ...]
    files: tuple[Files, ...]
    host: ClockState | None
    checked: tuple[Checked, ...]


def gathered(site: Site) -> Bench:
    """How it all is now; reads files."""
    health = site.health()
    followed = health.controllers
    grows = [(its.controller, Path(its.journal)) for its in followed]
    if (store := site.config.store_file) is not None:
        grows.append(("store", store))
    return Bench(
        version=health.version,
        now_us=health.now_us,
        controllers=site.workings.controllers(),
        followed=followed,
        devices=site.workings.devices(),
        files=tuple(_file(name, path) for name, path in grows),
        host=host_clock(),
        checked=tuple(checked_files(one.config for one in site.config.controller)),
    )


def _file(name: str, path: Path) -> Files:
    try:
        beside = [path.with_name(path.name + end) for end in _BESIDE]
        used = sum(one.stat().st_size for one in beside if one.exists())
        return Files(name, str(path), used, shutil.disk_usage(path.parent).free)
    except OSError:
        return Files(name, str(path), 0, -1)


def checked_files(paths: Iterable[Path]) -> list[Checked]:
    """Each LINE.toml as it stands in its file now, not as it is in use."""
    return [_checked(path) for path in paths]


def _checked(path: Path) -> Checked:
    try:
        check_line(path)
    except ConfigError as error:
        lines = list(error.lines) or [None] * len(error.problems)
        at = {line: problem for line, problem in zip(lines, error.problems, strict=True) if line is not None}
        nowhere = tuple(problem for line, problem in zip(lines, error.problems, strict=True) if line is None)
        return Checked(str(error.file), nowhere, tuple(_source(error.file, at)))
    return Checked(str(path), (), ())


def _source(path: Path, at: dict[int, str]) -> list[SourceLine]:
    """The lines with problems, and those around them."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    shown = sorted(
        {near for line in at for near in range(line - _AROUND, line + _AROUND + 1) if 0 < near <= len(lines)}
    )
    return [
        SourceLine(number, _PASSWORD.sub(r"\1***@", _SECRET.sub(r"\1***", lines[number - 1]))[:200], at.get(number, ""))
        for number in shown
    ]
