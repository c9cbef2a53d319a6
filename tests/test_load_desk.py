"""Loads from the command line to the journal and back: controller, journal, api and command line as shipped."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dock_line import LINE
from house import House, Said, make_house
from made_up_floor import order, parcel
from waiting import HANGS_S

from api import docks
from edge.cli import main
from edge.commands import api_client
from edge.config.load import load_line, load_site
from edge.core.values.order import OrderState
from edge.journal.reader import JournalReader
from edge.journal.replay import replay
from edge.site.store import SiteStore
from rfid.epc.identity import identify


@pytest.fixture
def house(project: Path, tmp_path: Path) -> House:
    made = make_house(project, tmp_path)
    line = LINE.format(port=made.ports["reader.dock1"])
    (made.folder / "LINE.toml").write_text('store = "sqlite:///var/site.sqlite"\n' + line, encoding="utf-8")
    return made


@pytest.fixture
def start(house: House) -> Iterator[Callable[..., None]]:
    """Starts processes that end with the test."""
    with house.starts() as start:
        yield start


@pytest.fixture
def say(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """A command in this process, which begins sooner than one of its own."""
    monkeypatch.chdir(house.folder)
    monkeypatch.setattr(api_client, "_TIMEOUT_S", HANGS_S)

    def run(*command: str) -> Said:
        status = main(command)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


def _patient() -> None:
    """The api waits for the controller's answer."""
    docks.ANSWER_S = HANGS_S


def test_a_load_is_opened_checked_refused_and_closed(
    house: House, start: Callable[..., None], say: Callable[..., Said]
) -> None:
    site = load_site(house.folder / "SITE.toml")
    store = SiteStore(site.store)
    orders = [order(number, "DHL") for number in range(3)] + [order(9, "UPS")]
    changed = [
        type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"state": OrderState.SHIPPED})
        for one in orders
    ]
    store.put_orders(changed, time.time_ns() // 1000)
    store.close()
    assert "is `lanewise api` running?" in say("load", "list").err
    start("run", "LINE.toml")
    start("api", "SITE.toml", before=_patient)
    end = time.monotonic() + 3 * HANGS_S
    while (said := say("load", "open", "door1", "DHL", "--id", "L1", "--trailer", "KA-17", "--by", "Ann")).status:
        assert time.monotonic() < end, said
    while not (said := say("load", "list")).out.startswith("L1: door1, DHL, trailer KA-17, open since"):
        assert time.monotonic() < end, said
    assert "allowed are door1" in say("load", "open", "gate7", "DHL").err
    assert "load L1 is open there, close it first" in say("load", "open", "door1", "DHL").err
    while "3 missing" not in (said := say("load", "check", "L1")).out:
        assert time.monotonic() < end, said
    assert said.status == 1 and f"  {identify(parcel(1))}: missing" in said.out
    refused = say("load", "close", "L1").err
    assert "load L1: 3 missing: (00)" in refused
    for number in (0, 1):
        said = say("load", "add", "L1", parcel(number), "--by", "Ann")
        assert (said.status, said.out) == (0, f"{identify(parcel(number))}: is aboard\n"), said
    assert "it is for UPS express, the load takes DHL" in say("load", "add", "L1", identify(parcel(9))).err
    assert "is not aboard" in say("load", "remove", "L1", identify(parcel(2))).err
    assert "was taken off" in say("load", "remove", "L1", identify(parcel(1))).out
    said = say("load", "close", "L1", "--force", "truck leaves", "--by", "Ann")
    assert "closed since" in said.out and "1 aboard, 2 missing (truck leaves)" in said.out, said
    assert "none is open with this name" in say("load", "close", "L1").err

    # A closed load is told from the site store.
    while not (said := say("load", "manifest", "L1", "--csv")).out:
        assert time.monotonic() < end, said
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [(row["status"], row["order"], row["by"]) for row in rows] == [
        ("aboard", orders[0].id, "Ann"),
        ("missing", "", ""),
        ("missing", "", ""),
    ]
    told = json.loads(say("load", "manifest", "L1").out)
    assert (told["complete"], told["reason"], len(told["lines"])) == (False, "truck leaves", 3)
    assert say("load", "list", "--closed").out.startswith("L1: ")
    story = say("trace", "L1", "--config", "LINE.toml").out
    for sentence in (
        "Ann asks to open load L1",
        "Load L1 is open at door1 for DHL, trailer KA-17, by Ann",
        "Refused to",
        "Ann says: put aboard load L1 at door1",
        "Load L1 is closed by Ann with 1 parcels, 2 missing: truck leaves",
    ):
        assert sentence in story
    assert "put aboard load L1" in say("trace", orders[0].id, "--config", "LINE.toml").out
    reader = JournalReader(load_line(house.folder / "LINE.toml").journal)
    records = list(reader.every())
    reader.close()
    assert replay(records).difference is None
