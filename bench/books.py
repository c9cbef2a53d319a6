"""The demo's floor and shop with everything on for as long as one likes: do the books balance, and is nothing personal
anywhere but in the rows of those who get parcels?

Public names: main, Needles. Run: ``python -m bench.books --minutes 60``; status 1 where a book does not balance, or
somebody's name, phone, street or address is found.

Searched for is every name, phone, address and street that the shop's customers gave, in each spelling that the site
makes of it, in: the journal, what MQTT and InfluxDB are told of it, its EPCIS document, the feed, the outbox and the
logs of all processes. That the site knows these people at all is counted beside it.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from edge.config.load import load_line
from edge.journal.record import encode
from edge.journal.source import JournalSource
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.namespace import Namespace
from edge.sim.goods import House
from edge.sim.households import Customer
from edge.sim.sales import Customers
from edge.site import sales
from edge.site.store import SiteStore

LANEWISE = (sys.executable, "-m", "edge.cli")
PAGE = 1_000
SHOWN = 5


class Needles:
    """What must be nowhere, as one pattern: a tree of its letters, so that a thousand words cost as much as one."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(filter(None, words))
        tree: dict[str, Any] = {}
        for word in self.words:
            here = tree
            for letter in word:
                here = here.setdefault(letter, {})
            here[""] = {}
        self._found = re.compile(_pattern(tree)) if tree else None

    def within(self, text: str) -> set[str]:
        """Those that are there."""
        return set() if self._found is None else {one.group() for one in self._found.finditer(text)}


def _pattern(tree: dict[str, Any]) -> str:
    if "" in tree:  # the shortest one is enough
        return ""
    ways = [re.escape(letter) + _pattern(below) for letter, below in sorted(tree.items())]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def spelt(one: Customer) -> Iterator[str]:
    """What of somebody is personal, as it was given and as the site writes it."""
    yield from (one.name, one.phone, one.email, one.street)
    digits = re.sub(r"\D", "", one.phone)
    if "*" not in one.phone:
        yield digits
        yield digits.removeprefix("49") if one.country == "DE" else f"86{digits}"


def main(arguments: list[str] | None = None) -> int:
    """Runs the demo, compares and searches; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, help="parcels an hour at the sorter")
    parser.add_argument("--lost-answers", type=float, default=0.0, help="share of the site's answers that nobody gets")
    parser.add_argument("--dir", type=Path, help="folder of the run; none = a new one, which stays")
    given = parser.parse_args(arguments)
    folder = (given.dir or Path(tempfile.mkdtemp(prefix="lanewise-books-"))).resolve()
    rate = [] if given.rate is None else ["--rate", f"{given.rate}"]
    report = folder.with_name(f"{folder.name}.json")
    told = ["--headless", "--seconds", f"{given.minutes * 60}", "--seed", f"{given.seed}", "--report", f"{report}"]
    told += ["--lost-answers", f"{given.lost_answers}"]
    status = subprocess.run([*LANEWISE, "demo", *told, *rate, "--dir", f"{folder}"], check=False).returncode
    if not report.exists():
        return status or 2
    people = _people(folder, given.seed, given.minutes)
    needles = Needles(word for one in people for word in spelt(one))
    print(
        f"\nsearched for {len(needles.words)} names, phones, addresses and streets of {len(people)} orders in {folder}"
    )
    found = 0
    for where, texts in (*_outside(folder).items(), ("consignees", _consignees(folder))):
        begun, size, hits = perf_counter(), 0, Counter[str]()
        for text in texts:
            size += len(text)
            hits.update(needles.within(text))
        print(f"{where:<11}{size / 1e6:9.1f} million letters, {len(hits):5} found, {perf_counter() - begun:6.1f} s")
        if where == "consignees":
            if not hits:
                print("            the site knows nobody: was anything searched for?")
                found += 1
        elif hits:
            found += len(hits)
            print(f"            {', '.join(sorted(hits)[:SHOWN])}")
    return 1 if found or status else 0


def _people(folder: Path, seed: int, minutes: float) -> list[Customer]:
    shop = load_line(folder / "LINE.toml").sim.shop
    assert shop is not None, "the example has one"
    customers = Customers(House(seed), seed, shop.troubles)
    count = round(shop.rate * minutes / 60) + 10
    return [sale.customer for index in range(count) for sale in customers.sales(index)]


def _outside(folder: Path) -> dict[str, Iterator[str]]:
    """All that leaves the consignees' rows, as text, by what it is."""
    return {
        "journal": _journal(folder, "journal"),
        "mqtt": _journal(folder, "mqtt"),
        "influx": _journal(folder, "influx"),
        "epcis": _epcis(folder),
        "feed": _feed(folder),
        "outbox": _outbox(folder),
        "logs": (one.read_text(encoding="utf-8", errors="replace") for one in sorted((folder / "log").iterdir())),
    }


def _journal(folder: Path, what: str) -> Iterator[str]:
    config = load_line(folder / "LINE.toml")
    layouts = config.layouts()
    namespace, measures = Namespace(config.site, config.controller, layouts), Measures(layouts)
    encoder = LineEncoder((config.site, config.controller))
    with closing(JournalSource(config.journal, config.controller)) as source:
        for record in source.open().every():
            match what:
                case "journal":
                    yield f"{record.line} {record.kind} {record.body}"
                case "mqtt":
                    yield f"{namespace.messages(record.seq, f'1/{record.seq}', record.value, encode(record.value))}"
                case _:
                    yield f"{encoder.lines(measures.points(record.seq, record.value))}"


def _epcis(folder: Path) -> Iterator[str]:
    file = folder / "epcis.json"
    subprocess.run([*LANEWISE, "epcis", f"{folder / 'LINE.toml'}", "--output", f"{file}"], check=True)
    for event in json.loads(file.read_text(encoding="utf-8"))["epcisBody"]["eventList"]:
        yield json.dumps(event, ensure_ascii=False)


def _store(folder: Path) -> SiteStore:
    return SiteStore(load_line(folder / "LINE.toml").store, readonly=True)


def _feed(folder: Path) -> Iterator[str]:
    with closing(_store(folder)) as store:
        after = 0
        while values := store.feed(after, PAGE):
            yield from map(str, values)
            after = values[-1].feed_seq


def _outbox(folder: Path) -> Iterator[str]:
    with closing(_store(folder)) as store:
        after = 0
        while rows := store.outbox(after, PAGE):
            yield from map(str, rows)
            after = rows[-1].seq


def _consignees(folder: Path) -> Iterator[str]:
    """Where all of it must be."""
    with closing(_store(folder)) as store:
        names = sorted({row.told.subject for row in store.outbox(0, PAGE) if row.told.type.startswith("order.")})
        with store.connections.reading() as db:
            for name in names:
                yield f"{sales.consignee_of(db, name)}"


if __name__ == "__main__":
    sys.exit(main())
