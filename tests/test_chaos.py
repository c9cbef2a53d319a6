"""The fault campaign: what is lost is found, a disk and a clock fail for one process, a seed draws the same faults.

Public names: none; run by pytest. The campaign itself is `make chaos`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from struct import pack
from types import SimpleNamespace
from typing import cast

import pytest
from pure_site import PureSite, example

from chaos.books import Ledger, both
from chaos.faults import KINDS, draw
from chaos.links import Links, Way
from chaos.page import Flaw, Page, build
from chaos.site import Site
from edge.core.events import CommandSent, EventsMissed, PlcEvent
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal
from plc.words import EventType, Opcode

HANGS_S = 60


@pytest.mark.parametrize("spoilt", ["", "lost", "twice", "rerouted"])
def test_what_is_lost_doubled_or_routed_twice_is_found(project: Path, tmp_path: Path, spoilt: str) -> None:
    values = list(PureSite(example(project), 3, {"sorter": 4}).run(60).journal)
    events = [at for at, value in enumerate(values) if isinstance(value, PlcEvent)]
    (route, *_) = [
        (at, value)
        for at, value in enumerate(values)
        if isinstance(value, CommandSent) and value.opcode == Opcode.ROUTE
    ]
    match spoilt:
        case "lost":
            del values[events[3]]
        case "twice":
            values.insert(events[3], values[events[3]])
        case "rerouted":
            values.insert(route[0] + 1, replace(route[1], target=route[1].target + 1))
        case _:
            pass
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(values)
    journal.flush()
    ledger = Ledger()
    with closing(JournalReader(tmp_path / "j.sqlite")) as reader:
        ledger.read_on(reader)
    assert bool(ledger.troubles) == bool(spoilt), ledger.troubles
    assert journal.close()


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("", ""),
        ("lost", "PLC sorter: 1 events in neither journal, and 0 said to be missed"),
        ("missed", ""),
        ("otherwise", "PLC sorter, event 3 is told in two ways"),
        ("rerouted", "PLC sorter, track 7 was routed to lanes [2, 4]"),
    ],
)
def test_two_journals_say_together_what_one_may_not(tmp_path: Path, spoilt: str, said: str) -> None:
    """The first controller has the first three events, and the other those from the third on."""
    types = (EventType.ENTERED, EventType.LEFT, EventType.INDUCTED, EventType.ROUTED, EventType.ROUTED)
    events = [
        PlcEvent(
            at_us=seq,
            device_us=seq,
            plc="sorter",
            session=5,
            seq=seq,
            type=type_,
            track_id=7,
            station=2 if type_ == EventType.ROUTED else 0,
            cause=0,
            value=0,
            plc_ms=seq,
        )
        for seq, type_ in enumerate(types, 1)
    ]
    first: list[PlcEvent | EventsMissed] = [*events[:3]]
    other: list[PlcEvent | EventsMissed] = [*events[2:]]
    match spoilt:
        case "lost" | "missed":
            del first[1]
            if spoilt == "missed":
                other.append(EventsMissed(9, "sorter", 2, 2, 1))
        case "otherwise":
            other[0] = replace(events[2], track_id=8)
        case "rerouted":
            other[-1] = replace(events[-1], station=4)
        case _:
            pass
    ledgers = []
    for name, values in (("a", first), ("b", other)):
        journal = Journal(tmp_path / name)
        journal.append(values)
        journal.flush()
        assert journal.close()
        ledgers.append(Ledger(shared=True))
        with closing(JournalReader(tmp_path / name)) as reader:
            ledgers[-1].read_on(reader)
        assert ledgers[-1].troubles == []
    assert both(ledgers) == ([said] if said else [])


def test_a_disk_and_a_clock_fail_for_one_process(tmp_path: Path) -> None:
    page = Page(tmp_path / "page")
    library = build(tmp_path)
    asks = """
import os, sys, time
for line in sys.stdin:
    try:
        with open("file", "ab", buffering=0) as file:
            file.write(b"x")
            os.fsync(file.fileno())
        said = "done"
    except OSError as error:
        said = str(error.errno)
    print(said, int(time.time()), flush=True)
"""
    env = {**os.environ, "LD_PRELOAD": str(library), "CHAOS_PAGE": str(page.path)}
    with (
        closing(page),
        subprocess.Popen(
            [sys.executable, "-c", asks],
            cwd=tmp_path,
            env=env,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child,
    ):
        assert child.stdin is not None and child.stdout is not None

        def asked() -> tuple[str, int]:
            print(file=child.stdin, flush=True)
            assert child.stdout is not None
            said, at_s = child.stdout.readline().split()
            return said, int(at_s)

        said, first_s = asked()
        assert said == "done"
        for flaw, number in ((Flaw.FULL, "28"), (Flaw.FAILING, "5")):
            page.disk(flaw, True)
            assert asked()[0] == number
            page.disk(flaw, False)
            assert asked()[0] == "done"
        page.clock(1_000_000 * 10**9)
        assert asked()[1] >= first_s + 1_000_000
        page.clock(0)
        assert asked()[1] < first_s + 1_000_000
        child.stdin.close()


def test_links_are_cut_and_whole_again() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(HANGS_S)
    links = Links()
    with closing(server), closing(links):
        port = links.make("a", server.getsockname()[1])

        def through() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), HANGS_S) as near:
                server.settimeout(0.2)
                with suppress(TimeoutError):
                    far, _ = server.accept()
                    with far:
                        near.sendall(b"said")
                        return far.recv(4) == b"said"
            return False

        assert through()
        links.begin("a", Way.CUT)
        assert not through()
        links.over("a")
        assert through()
        for way in (Way.HALF, Way.STALL, Way.SLOW, Way.FLAP):
            links.begin("a", way, 0.001)
            links.over("a")
        assert through()


def test_who_talks_to_somebody_that_resets_is_reset() -> None:
    """Also while it has nothing to say: a link that knows that one side is gone lets the other one know."""
    server = socket.create_server(("127.0.0.1", 0))
    links = Links()
    server.settimeout(HANGS_S)
    client = socket.create_connection(("127.0.0.1", links.make("a", server.getsockname()[1])), HANGS_S)
    client.sendall(b"?")
    (other, _) = server.accept()
    assert other.recv(1) == b"?"
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    other.close()  # with a reset
    with suppress(ConnectionResetError):
        assert client.recv(1) == b""
    client.close()
    server.close()
    links.close()


def test_a_seed_draws_the_same(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    running = {name: SimpleNamespace(name=name, start=None) for name in ("sim", "run", "api", "publish")}
    names = ("plc.sorter", "broker")
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text("")
    links = SimpleNamespace(names=names)
    broker = SimpleNamespace(kill=None, stop=None)
    site = cast(
        Site,
        SimpleNamespace(
            running=running,
            folder=tmp_path,
            links=links,
            on_postgres=None,
            broker=broker,
            influx=None,
            control=None,
            ours=("run", "api", "publish"),
            hosts=(("run", "api", "publish"),),
        ),
    )
    first, again = ([str(draw(rng, site, frozenset())) for _ in range(300)] for rng in (Random("1/0"), Random("1/0")))
    assert first == again
    assert {text for kind in KINDS for text in first if text.startswith(kind)} == set(first)
