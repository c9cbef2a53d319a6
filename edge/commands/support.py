"""`lanewise support`: one file for those who help from afar, with what they ask first and nothing secret or personal.

Public names: add_arguments, main.

What goes in is made for it or picked; at the end every secret that the configuration names is looked for in all of it.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from http.client import HTTPException
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import CommandError
from edge.config.bared import HIDDEN, bared, secret_files
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_line, load_site
from edge.config.problem import ConfigError
from edge.core.iso_time import iso
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError

_RECORDS = 2_000
_LOG_BYTES = 2_000_000
_TIMEOUT_S = 20
_SAID = frozenset({"by", "comment", "reason"})
"""Words of a record that people typed, or that name them."""
_LOGS = Path("/var/log/lanewise")
_SHORT = 8
"""A secret below this length is looked for as a word, since its letters stand in others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise support`."""
    parser.add_argument("config", type=Path, metavar="DIR|FILE", help="a site's folder, or one SITE.toml or LINE.toml")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the bundle (default: lanewise-support-TIME.tar.gz here)"
    )


def main(arguments: argparse.Namespace) -> int:
    """Writes the bundle and says what is in it. Raises CommandError, OSError."""
    site, lines, unread = _configurations(arguments.config)
    files: dict[str, str] = {"versions.txt": _versions()}
    for path in _files(arguments.config):
        files[f"check/{path.stem}.txt"] = _check(path)
    files |= {f"config/{path.stem}.txt": said for path, said in unread.items()}
    for path, config in [*site.items(), *lines.items()]:
        files[f"config/{path.stem}.json"] = json.dumps(bared(config), ensure_ascii=False, indent=1)
    for path, line in lines.items():
        files[f"journal/{path.stem}.jsonl"] = _journal(line.journal)
        for process in ("run", "publish"):
            if (address := getattr(line.metrics, process)) is not None:
                files[f"metrics/{path.stem}-{process}.txt"] = _metrics(f"http://{address}/metrics")
    for path, its in site.items():
        files[f"metrics/{path.stem}-api.txt"] = _api_metrics(its)
    files["files.txt"] = _data_files(site.values(), lines.values())
    files |= _logs()
    hide = Hiding([*site.values(), *lines.values()])
    out = arguments.out or Path(f"lanewise-support-{re.sub('[^0-9]', '', iso(now_us()))[:14]}.tar.gz")
    _write(out, {name: hide(text) for name, text in files.items()})
    print(f"{out}: {len(files)} files: {', '.join(sorted(files))}")
    print("Secrets, people and what they typed are not in it. Look into it before you give it away: tar -xzf")
    return 0


# ---- what goes in ----------------------------------------------------------------------------------------------------


def _files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    if found := sorted(given.glob("*.toml")):
        return found
    raise CommandError(f"{given}: has no SITE.toml or LINE.toml")


def _configurations(given: Path) -> tuple[dict[Path, SiteConfig], dict[Path, LineConfig], dict[Path, str]]:
    """Sites and lines by their files, and of those that cannot be read what is wrong."""
    sites: dict[Path, SiteConfig] = {}
    lines: dict[Path, LineConfig] = {}
    unread: dict[Path, str] = {}
    for path in _files(given):
        try:
            sites[path] = load_site(path)
        except ConfigError as no_site:
            try:
                lines[path] = load_line(path)
            except ConfigError as no_line:  # whichever it is meant to be, fewer problems are its own
                unread[path] = str(min((no_site, no_line), key=lambda error: len(error.problems)))
    named = [one.config for site in sites.values() for one in site.controller]
    for path in named:
        if path.resolve() not in {known.resolve() for known in [*lines, *unread]}:
            try:
                lines[path] = load_line(path)
            except ConfigError as error:
                unread[path] = str(error)
    return sites, lines, unread


def _versions() -> str:
    own = [f"{one.name} {one.version}" for one in distributions()]
    machine = f"{platform.platform()}, {os.cpu_count()} cores, load {' '.join(f'{one:.1f}' for one in os.getloadavg())}"
    return "\n".join([f"Python {sys.version}", f"SQLite {sqlite3.sqlite_version}", machine, *sorted(set(own))]) + "\n"


def _check(path: Path) -> str:
    return _said([sys.executable, "-P", "-m", "edge.cli", "check", str(path)])


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603  commands of this file
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}\n"
    return f"{done.stdout}{done.stderr}status {done.returncode}\n"


def _journal(path: Path) -> str:
    """Its newest records, a line each, without what people typed."""
    try:
        with closing(JournalReader(path)) as reader:
            records = list(reader.every(max(0, reader.last() - _RECORDS)))
    except JournalError as error:
        return f"{error}\n"
    lines = []
    for record in records:
        body = _quiet(json.loads(record.body))
        told = {"seq": record.seq, "at": iso(record.at_us, 3), "line": record.line, "kind": record.kind, "body": body}
        lines.append(json.dumps(told, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _quiet(value: object) -> object:
    match value:
        case dict():
            return {key: HIDDEN if key in _SAID and one else _quiet(one) for key, one in value.items()}
        case list():
            return [_quiet(one) for one in value]
        case _:
            return value


def _metrics(url: str) -> str:
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  http, on loopback, as the configuration has it
            told: bytes = answer.read()
    except (OSError, HTTPException) as error:
        return f"{url}: {error}\n"
    return told.decode(errors="replace")


def _api_metrics(site: SiteConfig) -> str:
    try:
        return ask(site, "/metrics").decode(errors="replace")
    except (ApiError, ConfigError) as error:
        return f"{error}\n"


def _data_files(sites: Iterable[SiteConfig], lines: Iterable[LineConfig]) -> str:
    found = {file for line in lines for file in line.files().values()}
    found |= {file for site in sites if (file := site.store_file) is not None}
    told = []
    for folder in sorted({file.parent for file in found}):
        if folder.is_dir():
            free = shutil.disk_usage(folder).free
            told.append(f"{folder}: {free / 1e6:,.0f} MB are free")
            told += [f"  {one.name}: {one.stat().st_size:,} bytes" for one in sorted(folder.glob("*.sqlite*"))]
    return "\n".join(told) + "\n"


def _logs() -> dict[str, str]:
    """What journald has of our units, and the ends of our files."""
    found = {}
    if shutil.which("journalctl"):
        found["log/journald.txt"] = _said(
            ["journalctl", "--no-pager", "-n", "5000", "-o", "short-iso", "-u", "lanewise-*"]
        )
    for path in sorted(_LOGS.glob("*.log")) if _LOGS.is_dir() else ():
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            found[f"log/{path.name}"] = file.read().decode(errors="replace")
    return found


# ---- what does not ---------------------------------------------------------------------------------------------------


class Hiding:
    """Takes every secret that they name out of a text, in the forms in which it may stand there."""

    def __init__(self, configs: Iterable[SiteConfig | LineConfig]) -> None:
        forms: set[str] = set()
        for config in configs:
            for path in {*secret_files(config), *_beside_store(config)}:
                for said in _lines_of(path):
                    forms |= set(_forms(said))
        longest_first = sorted(forms, key=len, reverse=True)
        alike = [re.escape(one) if len(one) >= _SHORT else rf"(?<!\w){re.escape(one)}(?!\w)" for one in longest_first]
        self._pattern = re.compile("|".join(alike)) if alike else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def _beside_store(config: SiteConfig | LineConfig) -> Iterator[Path]:
    if config.store_file is not None:
        yield config.store_file.with_name(f"{config.store_file.name}.secret")


def _lines_of(path: Path) -> list[str]:
    try:
        return [line for one in path.read_bytes().decode(errors="replace").splitlines() if (line := one.strip())]
    except OSError:
        return []  # who may not read a secret has not written it anywhere either


def _forms(said: str) -> Iterator[str]:
    yield said
    yield quote(said, safe="")
    yield json.dumps(said)[1:-1]
    yield base64.b64encode(said.encode()).decode()


def _write(out: Path, files: dict[str, str]) -> None:
    """Whole or not at all, for its owner alone."""
    half = out.with_name(f"{out.name}.unfinished")
    opened = os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    with opened, tarfile.open(fileobj=opened, mode="w:gz") as bundle:
        for name, text in sorted(files.items()):
            body = text.encode(errors="backslashreplace")
            member = tarfile.TarInfo(f"lanewise-support/{name}")
            member.size, member.mode, member.mtime = len(body), 0o600, now_us() // 1_000_000
            bundle.addfile(member, io.BytesIO(body))
    half.replace(out)
