"""`lanewise replay`: every decision of a journal derived again.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from edge.commands.command_line import CommandError
from edge.journal.reader import JournalReader
from edge.journal.replay import BadRecord, begin_of, replay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise replay`."""
    parser.add_argument("journal", type=Path, metavar="JOURNAL")


def main(arguments: argparse.Namespace) -> int:
    """0 = all agree, 1 = one differs."""
    reader = JournalReader(arguments.journal)
    often = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)  # cyclic garbage is rare here; to look for it was a twentieth of the work
    try:
        begin, core = begin_of(reader)
        result = replay(reader.every(begin), core)
    except BadRecord as error:
        raise CommandError(f"journal {arguments.journal}: {error}; no journal of this version, or changed") from None
    finally:
        gc.set_threshold(*often)
        reader.close()
    if result.difference is None:
        print(f"{arguments.journal}: {result.inputs} inputs, {result.decisions} decisions derived again, all agree")
        return 0
    found = result.difference
    print(f"{arguments.journal}: after {result.decisions} decisions that agree, record {found.seq} differs")
    print(f"  journal: {found.journaled or 'nothing'}")
    print(f"  replay:  {found.derived or 'nothing'}")
    return 1
