"""`lanewise put`: somebody puts a load on a simulated belt, carries it through a dock door or holds a tag to a reader.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge.sim.control import tell
from edge.sim.put_order import PutOrder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise put`."""
    parser.epilog = (
        "Without TAG a load is made up with which nothing is wrong but --wrong, and where the floor has --orders its "
        "order is brought to the site first. --order brings the load of an order once more, or on a sorting line the "
        "parcel into which its tote is packed."
    )
    parser.add_argument("socket", type=Path, metavar="SOCKET", help="what `lanewise sim --control` was given")
    parser.add_argument(
        "where", metavar="WHERE", help="whose belt or which dock door, as LINE.toml names it, or `reader.NAME`"
    )
    parser.add_argument(
        "tags",
        nargs="*",
        metavar="TAG",
        help="hexadecimal, or a name as '(00)…': of the tote or the parcel's label, then of what lies in it",
    )
    parser.add_argument(
        "--lane", type=int, action="append", default=[], metavar="N", help="a parcel for it; given twice: one for each"
    )
    parser.add_argument(
        "--wrong", default="", metavar="WHAT", help="what is wrong: a key of `[sim.faults]`, as `missing`"
    )
    parser.add_argument("--count", type=int, metavar="N", help="so many, one after the other as fast as [sim] says")
    parser.add_argument("--close", action="store_true", help="each right behind the one before, with the least gap")
    parser.add_argument("--order", default="", metavar="ORDER", help="what was put there for it; also through a door")
    parser.add_argument("--back", action="store_true", help="in again through a dock door, not out")
    parser.add_argument("--antenna", type=int, metavar="N", help="of a reader (default: its first)")
    parser.add_argument("--seconds", type=float, metavar="S", help="so long before a reader (default: 5)")


def main(arguments: argparse.Namespace) -> int:
    """Puts it there, and says what; 0 = done, 1 = refused. Raises ``OSError``."""
    wish = PutOrder(
        where=arguments.where,
        tags=tuple(arguments.tags),
        back=arguments.back,
        lanes=tuple(arguments.lane),
        wrong=arguments.wrong.replace("_", "-"),
        count=arguments.count,
        close=arguments.close,
        order=arguments.order,
        antenna=arguments.antenna,
        seconds=arguments.seconds,
    )
    ((_, answer),) = tell(arguments.socket, [str(wish)])
    done, *told = answer.split("\t")
    if done == "ok":
        print("\n".join(told))
        return 0
    print(f"lanewise put: {answer.removeprefix('no: ')}", file=sys.stderr)
    return 1
