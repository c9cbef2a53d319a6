"""The shipped command in processes forked from one that has imported it, once for all tests: starts are mostly imports.

Public names: begin. As commands of a shell they start in tests/test_compose.py and tests/test_floor_demo.py.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from edge.cli import run_as_script

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        f"edge.{name}"
        for name in ("commands.demo", "controller.controller", "journal.replay", "publish.process", "sim.server")
    ]
    + ["api.server"]
)


def begin(
    folder: Path,
    *command: object,
    out: Path | None = None,
    err: Path | None = None,
    before: Callable[[], None] | None = None,
) -> ForkServerProcess:
    """A started ``lanewise``; ``out`` and ``err`` are added to. ``before`` is called in it first."""
    process = _FORKS.Process(target=_lanewise, args=(folder, [str(word) for word in command], before, out, err))
    process.start()
    return process


def _lanewise(folder: Path, command: list[str], before: Callable[[], None] | None, *files: Path | None) -> None:
    os.chdir(folder)
    if before is not None:
        before()
    for number, file in enumerate(files, 1):
        opened = os.open(file or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["lanewise", *command]
    run_as_script()
