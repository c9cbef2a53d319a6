"""`lanewise reload`: has the processes of a configuration look at its file again, and says what came of it.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

from edge.commands.command_line import CommandError
from edge.config.change import name_of
from edge.config.load import load_controllers, load_line, load_site
from edge.core.events import DeviceChanged, Started
from edge.journal.reader import JournalReader
from edge.journal.stop import LOOK_AGAIN

WAITS_S = 10.0
"""A controller has answered by then, or does not."""
_LINE, _SITE = frozenset({"run", "publish", "opcua"}), frozenset({"api", "publish"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise reload`."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="LINE.toml or SITE.toml")


def main(arguments: argparse.Namespace) -> int:
    """Checks the file, tells the processes of this machine that were started with it, and waits for a controller.

    Raises ConfigError, CommandError, JournalError.
    """
    path: Path = arguments.config
    is_site = "[[controller]]" in path.read_text(encoding="utf-8-sig") if path.is_file() else False
    if is_site:
        load_controllers(load_site(path))
        told = [_tell(*one) for one in _processes(path, _SITE)]
        if not told:
            raise CommandError(f"{path}: no `lanewise api` of this machine was started with it")
        print("\n".join(told))
        return 0
    config = load_line(path)
    found = list(_processes(path, _LINE))
    if not found:
        raise CommandError(f"{path}: no process of this machine was started with it")
    runs = any(command == "run" for _, command in found)
    reader = JournalReader(config.journal) if runs else None
    seq = reader.last() if reader is not None else 0
    for one in found:
        print(_tell(*one))
    if reader is None:
        return 0
    try:
        return _wait(reader, seq, name_of(config))
    finally:
        reader.close()


def _tell(process: int, command: str) -> str:
    try:
        os.kill(process, LOOK_AGAIN)
    except PermissionError:
        raise CommandError(f"lanewise {command}, process {process}: is another user's: ask as that one") from None
    return f"lanewise {command}, process {process}: told"


def _wait(reader: JournalReader, seq: int, name: str) -> int:
    """Until the controller's journal says what became of it; the same refusal again is said nowhere a second time."""
    end = time.monotonic() + WAITS_S
    while time.monotonic() < end:
        for record in reader.of_kind(Started.__name__, 1):
            started = record.value
            if isinstance(started, Started) and started.config == name:
                lines = started.layouts
                lanes = [f"{one.name} lane {lane.number}" for one in lines for lane in one.lanes if lane.closing]
                closing = f"; closing until they are empty: {', '.join(lanes)}" if lanes else ""
                print(f"in force: configuration {name}{closing}")
                return 0
        if reader.last() > seq and (why := _refusal(reader, seq)):
            print(why)
            return 1
        time.sleep(0.05)
    if why := _refusal(reader, 0):
        print(why)
        return 1
    raise CommandError(f"journal {reader.path}: no word of it within {WAITS_S:.0f} s: see the log of `lanewise run`")


def _refusal(reader: JournalReader, behind: int) -> str:
    """Why the newest file was refused; empty = it was not, or not behind that sequence."""
    values = [one.value for one in reader.of_kind(DeviceChanged.__name__, 200) if one.seq > behind]
    told = [value for value in values if isinstance(value, DeviceChanged) and value.device == "config"]
    return told[-1].reason if told and not told[-1].up else ""


def _processes(path: Path, commands: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Processes of this machine that were started with a file, and by which command.

    Source: Linux proc(5), /proc/pid/cmdline and /proc/pid/cwd.
    """
    wanted = path.resolve()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = place.joinpath("cmdline").read_bytes().decode(errors="replace").split("\0")
            folder = place.joinpath("cwd").readlink()
        except OSError:
            continue  # it has ended, or is not ours to see
        for at, word in enumerate(words[:-1]):
            ours = Path(word).name == "lanewise" or word == "edge.cli"
            if (
                ours
                and words[at + 1] in commands
                and any((folder / one).resolve() == wanted for one in words[at + 2 :] if one)
            ):
                yield int(place.name), words[at + 1]
                break
