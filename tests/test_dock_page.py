"""The page of the dock doors and the manifest in a real browser, in both languages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import Browser
from dock_doors import Doors, label
from dock_line import one_door
from example_site import asked
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.config.load import load_site
from edge.core.events import LoadRequested
from edge.core.values.dock import Direction
from edge.core.values.load import LoadAction
from edge.journal.writer import Journal
from rfid.epc.identity import identify


@dataclass
class Site:
    """A served site; ``tell`` journals what the doors did since the last call."""

    url: str
    store: str
    doors: Doors
    tell: Callable[[], None]


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[Site]:
    line = one_door(tmp_path, 5084)
    text = (project / "examples/warehouse/SITE.toml").read_text(encoding="utf-8")
    (tmp_path / "SITE.toml").write_text(text, encoding="utf-8")
    config = load_site(tmp_path / "SITE.toml")
    journal = Journal(line.journal)
    doors, told = Doors(line.docks()), 0

    def tell() -> None:
        nonlocal told
        journal.append(doors.journal[told:])
        told = len(doors.journal)
        journal.flush()

    doors.open(trailer="KA-17")
    doors.pass_door(1, Direction.OUT)
    tell()
    listener = listen("127.0.0.1", 0)
    serving = server(create_app(config))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", config.store, doors, tell)
    serving.should_exit = True
    thread.join(HANGS_S)
    listener.close()
    journal.close()


def test_the_dock_page(site: Site, peer: Callable[[str], str]) -> None:
    with Browser(peer("chromium")) as page:
        page.open(f"{site.url}/docks.html")
        count = "document.querySelector('[data-dock=door1] [data-count={}] dd')?.textContent"
        page.until(count.format("aboard"), lambda text: text == "1")
        assert page.ask(count.format("missing")) == "1"
        assert "DHL · trailer KA-17" in page.ask("document.querySelector('.door .load').textContent")
        site.doors.pass_door(3, Direction.OUT)
        site.tell()
        call = page.until("document.querySelector('.door.wrong .call')?.textContent")
        assert "Wrong parcel: bring it back" in call and identify(label(3)) in call
        assert "Wrong load" in page.ask("document.querySelector('.door ol li').textContent")
        site.doors.pass_door(3, Direction.IN)
        site.tell()
        page.until("document.querySelector('.door .call') === null")

        # What lacks is named; a person says that it is aboard.
        page.ask("document.querySelector('[data-ask=check]').click()")
        page.until(
            "document.querySelector('#ask[open] .missing')?.textContent",
            lambda text: identify(label(2)) in (text or ""),
        )
        page.ask(
            f"document.getElementById('f-parcel').value = '{label(2)}';document.getElementById('f-by').value = 'Ann';"
            "document.querySelector('#ask [type=submit]').click()"
        )
        wish = asked(site.store, LoadRequested)
        assert (wish.action, wish.load_id, wish.parcel, wish.by) == (LoadAction.ADD, "L1", identify(label(2)), "Ann")

        page.ask("document.querySelector('[data-language=zh-Hant]').click()")
        page.until("document.querySelector('.door .counts').textContent", lambda text: "尚缺" in text)
        page.resize(390, 844)
        page.until("document.documentElement.scrollWidth", lambda width: width == 390)
        page.open(f"{site.url}/manifest.html?load=L1")
        rows = page.until("[...document.querySelectorAll('#manifest tbody tr')].map((row) => row.textContent)")
        assert [identify(label(number)) in row for number, row in zip((1, 2), rows, strict=True)] == [True, True]
        assert page.errors == []
        assert all(url.startswith((site.url, "about:")) for url in page.requests), "no request leaves the site"
