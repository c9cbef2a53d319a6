"""The second half of an order's way, by the commands of its page: what people wait for before they go on.

Public names: PAGE, PARCEL, KETTLE, OTHER, seen, Desk, personal, outside.
"""

from __future__ import annotations

import csv
import io
import json
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from order_way import Shop, item

from edge.cli import main
from edge.config.load import load_line
from edge.journal.record import encode
from edge.journal.source import JournalSource
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.namespace import Namespace
from edge.site.store import SiteStore

PAGE = "to-the-door-and-back.md"
KETTLE, OTHER = item("KET-S", 42), item("KET-S", 43)
PARCEL = "095211410000000021"
_ADDRESS = "127.0.0.1:8000"


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
        name, _, words = command.rpartition("=$(")
        words = re.sub(r"\$(\w+)", lambda found: self._known[found[1]], words.removesuffix(")") if name else words)
        words, _, pipe = words.partition(" | ")
        program, *rest = shlex.split(words.replace(_ADDRESS, self._shop.address))
        if program == "python":
            self._monkeypatch.setattr(sys, "argv", rest)
            runpy.run_path(rest[0], run_name="__main__")
        else:
            assert main(rest) == status, (words, self._capsys.readouterr())
        said = self._capsys.readouterr().out
        if name:
            piped = subprocess.run(["sh", "-c", pipe], input=said, capture_output=True, text=True, check=True)
            self._known[name] = piped.stdout.strip()
        self.said[command] = said
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


def personal(project: Path) -> set[str]:
    """Every name, street, part of an address and phone that the files of examples/orders bring."""
    text = (project / "examples" / "orders" / "tmall-orders.csv").read_bytes().decode("gb18030")
    found: set[str] = set()
    for row in csv.DictReader(io.StringIO(text)):
        parts = [
            part for part in row["收货地址"].split() if len(part) > 2 and not part.isdigit()
        ]  # city, district and street
        found |= {row["收货人姓名"], row["联系手机"].strip("'"), row["收货地址"], *parts}
    return found


def outside(shop: Shop, store_url: str) -> dict[str, str]:
    """All that leaves the consignees' rows, as text: by what it is."""
    config = load_line(shop.folder / "LINE.toml")
    layouts = config.layouts()
    namespace, measures = Namespace("shop", "edge1", layouts), Measures(layouts)
    encoder = LineEncoder((config.site, config.controller))
    found = dict.fromkeys(("journal", "mqtt", "influx", "feed", "outbox"), "")
    with closing(JournalSource(config.journal, config.controller)) as source:
        for record in source.open().every():
            found["journal"] += f"{record}\n"
            body = encode(record.value)
            found["mqtt"] += f"{namespace.messages(record.seq, f'edge1@1/{record.seq}', record.value, body)}\n"
            found["influx"] += f"{encoder.lines(measures.points(record.seq, record.value))}\n"
    store = SiteStore(store_url, readonly=True)
    with closing(store):
        found["feed"] = "\n".join(str(one) for one in store.feed(0, 10_000))
        found["outbox"] = "\n".join(str(one) for one in store.outbox(0, 10_000))
    found["events"] = json.dumps(shop.get("/api/v1/events", after="0", limit="1000"), ensure_ascii=False)
    found["epcis"] = json.dumps(json.loads((shop.folder / "way.json").read_text()), ensure_ascii=False)
    found["logs"] = shop.logs()
    return found
