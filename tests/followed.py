"""A page of docs/ followed word by word: its commands, on ports of the test's own, and what goes on beside them.

Public names: WRITTEN, other_ports, ran, processes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ports import free_port
from shipped import begin
from waiting import HANGS_S

WRITTEN = re.compile(r"^```(sh|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""Kind and text of each block."""

ALONE = re.compile(r"lanewise [^\n|&;<>$`*]+")
"""A command of ours without anything of a shell's."""


def other_ports(*ports: str) -> Callable[[str], str]:
    """What makes of a text one with other numbers in the place of these."""
    taken = {name: str(free_port()) for name in ports}
    return lambda words: re.sub(r"\b({})\b".format("|".join(taken)), lambda found: taken[found[0]], words)


def ran(folder: Path, block: str, must: bool = True) -> str:
    """What a block says. ``must``: it ends well."""
    if ALONE.fullmatch(block):
        return _forked(folder, shlex.split(block)[1:], must)
    block = block.replace("python ", f"{shlex.quote(sys.executable)} ").replace(
        "lanewise ", f"{shlex.quote(sys.executable)} -m edge.cli "
    )
    ended = subprocess.run(
        ["bash", "-ec", block], cwd=folder, capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert not must or ended.returncode == 0, (block, ended.stdout, ended.stderr)
    return ended.stdout


def _forked(folder: Path, words: list[str], must: bool) -> str:
    with TemporaryDirectory() as aside:
        said, wrong = Path(aside, "out"), Path(aside, "err")
        one = begin(folder, *words, out=said, err=wrong)
        one.join(HANGS_S)
        told = said.read_text(encoding="utf-8")
        assert not must or one.exitcode == 0, (words, one.exitcode, told, wrong.read_text(encoding="utf-8"))
        return told


@contextmanager
def processes(folder: Path, commands: list[str], name: str = "log") -> Iterator[Callable[[], str]]:
    """Those that go on beside the page's commands; what they said, in the file of this name."""
    ours, theirs = [], []
    log = folder / name
    try:
        with log.open("w") as out:
            for command in commands:
                program, *words = shlex.split(command)
                if program == "lanewise":
                    ours.append(begin(folder, *words, out=log, err=log))
                    continue
                program = {"python": sys.executable}.get(program, program)
                theirs.append(subprocess.Popen([program, *words], cwd=folder, stdout=out, stderr=out))
        yield lambda: log.read_text(encoding="utf-8", errors="replace")
    finally:
        for one in (*ours, *theirs):
            one.terminate()
        for one in ours:
            one.join(HANGS_S)
        for other in theirs:
            other.wait(HANGS_S)
