"""The second half of an order's way, by the commands of its page: what people wait for before they go on.

Public names: PAGE, commands_of, Desk, KETTLE, OTHER.
"""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from order_way import ORDER, Shop, item, parcel

from edge.cli import main

PAGE = "to-the-door-and-back.md"
KETTLE, OTHER = item("KET-S", 42), item("KET-S", 43)
PARCEL = "095211410000000021"
_ADDRESS = "127.0.0.1:8000"


def commands_of(project: Path, page: str, until: str = "") -> list[str]:
    """The commands of a page, without those of its first block, up to a heading."""
    text = (project / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {until}\n" if until else "\0")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks[1:] for line in block.splitlines()]


def seen(shop: Shop, number: int, code: str, place: str) -> Callable[[], bool]:
    """Whether an order's timeline has it."""
    return lambda: any(one["code"] == code and place in one["place"] for one in shop.story(number))


class Desk:
    """Somebody who types a page's commands, one after the other, and looks before the next one."""

    def __init__(self, shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._shop, self._capsys, self._monkeypatch = shop, capsys, monkeypatch
        self._known: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def types(self, command: str, status: int = 0) -> str:
        """Gives a command; what it says."""
        began = __import__("time").monotonic()
        name, _, words = command.rpartition("=$(")
        words, _, pipe = re.sub(r"\$(\w+)", lambda found: self._known[found[1]], words).partition(" |")
        program, *rest = shlex.split(words.replace(_ADDRESS, self._shop.address))
        if program == "python":
            self._monkeypatch.setattr(sys, "argv", rest)
            runpy.run_path(rest[0], run_name="__main__")
        else:
            assert main(rest) == status, (words, self._capsys.readouterr())
        said = self._capsys.readouterr().out
        wanted = re.search(r"grep (\w+)", pipe)
        self._known[name] = next((one.partition(":")[0] for one in said.splitlines() if not wanted or wanted[1] in one), "")
        self.said[command] = f"{__import__('time').monotonic() - began:.1f} {said}"
        return said

    def goes_through(self, commands: list[str], waits: Mapping[str, Callable[[], bool]], refused: set[str]) -> None:
        """Types commands. ``waits``: what there must be behind one that begins so, in order; ``refused``: status 1."""
        left = dict(waits)
        for command in commands:
            self.types(command, int(any(command.startswith(one) for one in refused)))
            for words in [one for one in left if command.startswith(one)][:1]:
                self._shop.until(left.pop(words), lambda command=command: (command, self._story()))
        assert not left, left

    def _story(self) -> list[tuple[Any, ...]]:
        return [(one["code"], one["place"], one["text"]) for one in self._shop.story(4)]
