"""One way to declare a command of `lanewise`.

Public names: Commands, add_command.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], text: str, more: str = ""
) -> argparse.ArgumentParser:
    """``command`` returns the exit status. ``text``: what it does, without a capital; ``more``: below the options."""
    made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=more or None)
    made.set_defaults(command=command)
    return made
