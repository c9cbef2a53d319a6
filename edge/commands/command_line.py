"""One way to declare a command of `lanewise`, and to say what it cannot do.

Public names: Commands, CommandError, add_command, add_by, add_site, add_beside, check_alone, who, not_done,
sentence, is_site.
"""

from __future__ import annotations

import argparse
import getpass
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from edge.journal.writer import is_written

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  it has no other name


class CommandError(Exception):
    """What the command cannot do, said to the user; exit status 2."""


def add_command(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], text: str, more: str = ""
) -> argparse.ArgumentParser:
    """``command`` returns the exit status. ``text``: what it does, without a capital; ``more``: below the options."""
    made = commands.add_parser(name, help=text, description=sentence(text), epilog=more or None)
    made.set_defaults(command=command)
    return made


def add_beside(command: argparse.ArgumentParser) -> None:
    """The argument of every command that does what only one may do to a device."""
    command.add_argument("--beside-run", action="store_true", help="also while `lanewise run` has it")


def check_alone(arguments: argparse.Namespace, device: str, journal: Path) -> None:
    """Raises CommandError where the controller that writes this journal has the device, and the user does not know."""
    if not arguments.beside_run and is_written(journal):
        raise CommandError(
            f"{device}: `lanewise run` has it and writes {journal}: stop that one, or say --beside-run if you know it"
        )


def add_by(command: argparse.ArgumentParser) -> None:
    """The argument of every command that asks for something."""
    command.add_argument("--by", metavar="NAME", help="who asks (default: the user's name)")


def add_site(command: argparse.ArgumentParser) -> None:
    """The argument of every command that asks the api process of a site."""
    command.add_argument(
        "--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="the site (default: SITE.toml)"
    )


def who(arguments: argparse.Namespace) -> str:
    """Who asks. Raises CommandError where the system has no name for its user."""
    by: str | None = arguments.by
    try:
        return getpass.getuser() if by is None else by
    except (KeyError, OSError):  # KeyError before Python 3.13
        raise CommandError("--by: missing: the user has no name here, say who asks") from None


def not_done(error: OSError) -> int:
    """Says why a command could not do it, and its status. Raises ``error`` where nobody reads any more what it says."""
    if isinstance(error, BrokenPipeError):
        print(flush=True)  # raises one of its own, was it this pipe and none to another process
    print(f"lanewise: {f'{error.filename}: {error.strerror}' if error.filename else error}", file=sys.stderr)
    return 2


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


def is_site(path: Path) -> bool:
    """Whether a file means to be a SITE.toml: only that has ``listen`` or ``[[controller]]`` at its top."""
    try:
        top = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False  # load_line says what is wrong with it
    return "listen" in top or isinstance(top.get("controller"), list)
