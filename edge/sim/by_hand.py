"""`lanewise put`: somebody puts a load on a belt of a simulated floor that runs, or carries one through a dock door.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge.sim.control import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise put`."""
    parser.add_argument("socket", type=Path, metavar="SOCKET", help="what `lanewise sim --control` was given")
    parser.add_argument("line", metavar="LINE", help="whose belt, or which dock door, as LINE.toml names it")
    parser.add_argument("--back", action="store_true", help="in again through a dock door, not out")
    parser.add_argument(
        "tags", nargs="+", metavar="TAG", help="hexadecimal: of the tote or the parcel's label, then of what lies in it"
    )


def main(arguments: argparse.Namespace) -> int:
    """Puts it there; 0 = done, 1 = refused. Raises ``OSError``."""
    ((_, answer),) = tell(
        arguments.socket, [" ".join(("back" if arguments.back else "put", arguments.line, *arguments.tags))]
    )
    if answer == "ok":
        return 0
    print(f"lanewise put: {answer.removeprefix('no: ')}", file=sys.stderr)
    return 1
