"""Processor time of the decisions, and of deriving them again, beside another revision of this repository.

Public names: main. Run: ``python -m bench.decisions --against c3fd558 [--rounds 5]``.

``example``: the example's lines at 3,600 parcels and 2,000 totes an hour, decided without a wire in floor time, each
input followed by the question for the next deadline, as the controller asks it. ``sorters``: twelve of them at 40,000
parcels an hour each, one read a parcel, with their alarms, as `bench.plcs` has them. Each tree decides as it does and
derives its own journal again. In turns, the best of each tree: a machine that is shared makes some longer, and none
shorter.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench._worktree import worktree

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--against", metavar="REV", default="c3fd558", help="a revision of this repository")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(argv)
    with worktree(given.against) as other:
        turns = [[_turn(tree) for tree in (ROOT, other)] for _ in range(given.rounds)]
    print(f"{'':34}{'this':>10}{given.against:>10}{'ratio':>8}")
    for name in turns[0][0]:
        ours, theirs = (min(turn[at][name] for turn in turns) for at in (0, 1))
        print(f"{name:34}{ours:10.1f}{theirs:10.1f}{ours / theirs:8.2f}")
    return 0


def _turn(tree: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("_decisions_of_tree.py"))],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
