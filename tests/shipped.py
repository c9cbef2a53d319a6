"""The shipped command in processes forked from one that has imported it, once for all tests: starts are mostly imports.

Public names: begin, forked. As commands of a shell they start in tests/test_compose.py and tests/test_floor_demo.py.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest

from edge.cli import run_as_script

_FORKS = multiprocessing.get_context("forkserver")


def begin(
    folder: Path,
    *command: object,
    out: Path | None = None,
    err: Path | None = None,
    before: Callable[[], None] | None = None,
) -> ForkServerProcess:
    """A started ``lanewise``; ``out`` and ``err`` are added to. ``before`` is called in it first."""
    return forked(_lanewise, folder, [str(word) for word in command], before, out, err)


def forked(work: Callable[..., None], *told: object) -> ForkServerProcess:
    """A started process that does this work, a function of a module, with what it is told."""
    _serve()
    process = _FORKS.Process(target=work, args=told)
    process.start()
    return process


@cache
def _serve() -> None:
    """Starts the server, which finds a module of the tests by its environment alone."""
    _FORKS.set_forkserver_preload(["preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), os.pathsep)
        ensure_running()


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
