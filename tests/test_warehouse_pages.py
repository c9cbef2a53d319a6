"""The pages about stock, waves and picking in a real browser: a round picked by scans alone, and what shows of it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from browser import Browser
from example_site import example_site
from made_up_floor import tote
from pypdf import PdfReader
from stocked import accept, stocked
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.config.shipping import PlanTable, ServiceTable, ZoneTable
from edge.orders.articles import Article
from edge.orders.picking import TaskState
from edge.site import catalogue, put_backs, rounds, stock_shown
from edge.site.store import SiteStore
from rfid.epc.identity import describe

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMES = ("00:00", "06:00", "12:00", "18:00", "23:59")
POST = {
    "carrier": "Post",
    "cutoffs": dict.fromkeys(DAYS, TIMES),
    "transit_days": {"home": 1},
    "rates": {"home": [[30_000, 100]]},
}
GTIN = "4006381333931"


@dataclass
class Served:
    """A served site on the loopback, which wants no token."""

    url: str
    store: SiteStore


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[Served]:
    plan = PlanTable(zone={"home": ZoneTable()}, lead_minutes=0, margin_minutes=0, cartons={"BOX": 1_000_000})
    services = {"post": ServiceTable.model_validate(POST)}
    app = create_app(
        example_site(project, tmp_path).model_copy(update={"service": services, "plan": plan, "carton": {}})
    )
    listener = listen("127.0.0.1", 0)
    serving = server(app)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    store = app.state.site.store()
    stocked(store, units=5)
    with store.connections.writing() as db:
        mug = Article(sku="SKU-0", gtins=((GTIN, 1),), mass_g=200)
        catalogue.put_skus(db, [catalogue.Sku(mug, "玻璃杯 <b>")])
    yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", store)
    serving.should_exit = True
    thread.join(HANGS_S)
    listener.close()


def send(page: Browser, form: str, **values: str) -> None:
    """Fills in a form, and presses its button, as a scanner does with enter; the page behind it is another one."""
    page.until(f"document.readyState === 'complete' && document.querySelector('{form}') !== null")
    page.ask("window.before = true")
    for name, value in values.items():
        page.ask(f"document.querySelector('{form} [name={name}]').value = '{value}'")
    page.ask(f"document.querySelector('{form} button').click()")
    page.until("window.before === undefined && document.readyState === 'complete'")


def text(page: Browser, which: str) -> str:
    return str(page.ask(f"document.querySelector('{which}')?.textContent ?? ''"))


def test_a_round_is_planned_released_and_picked_by_scans(
    site: Served, peer: Callable[[str], str], tmp_path: Path
) -> None:
    accept(site.store, [(1, {0: 2, 1: 1})])
    with Browser(peer("chromium")) as page:
        page.open(f"{site.url}/waves")
        send(page, "[data-wish=plan]", by="Ann")
        row = page.ask("document.querySelector('table.waves tbody tr').textContent")
        assert "Draft" in row and page.ask("document.querySelector('td.left').textContent").endswith("min")
        send(page, "[data-wish=release]", by="Ann")
        assert "Released" in text(page, "table.waves tbody tr")
        assert "20.0" in text(page, "#measured [data-what=pick-line]")

        page.open(f"{site.url}/picks")
        send(page, "[data-wish=claim]", picker="Bob")
        assert (text(page, "#bin"), text(page, "#quantity")) == ("B0-0", "2")
        assert "玻璃杯 <b>" in text(page, ".what"), "what others wrote is text"
        assert page.ask("document.activeElement.name") == "scan", "a scanner types there"
        scan = "[data-wish=scan]"
        send(page, scan, scan="B1-0")
        assert "go to B0-0" in text(page, ".problems")
        send(page, scan, scan="B0-0")
        send(page, scan, scan=GTIN)
        assert "is no tote" in text(page, ".problems")
        send(page, scan, scan=tote(1))
        send(page, scan, scan=GTIN)
        assert text(page, "#so-far") == "1 of 2"
        send(page, scan, scan="4006381333917")
        assert "is not SKU-0" in text(page, ".problems") and text(page, "#so-far") == "1 of 2"
        page.picture(tmp_path / "station.png")
        send(page, scan, scan=f"(01)0{GTIN}(21)7")
        assert text(page, "#bin") == "B1-0"

        # The second bin is empty: the rest is looked for elsewhere, in the same round.
        page.ask("document.querySelector('#short').open = true")
        send(page, "#short [data-wish=count]", units="0", reason="empty")
        assert text(page, "#bin") == "B1-1"
        send(page, "[data-wish=hand-back]")
        send(page, "[data-wish=claim]", picker="Bob")
        for one in ("B1-1", describe(tote(2))["element_string"]):
            send(page, scan, scan=one)
        send(page, scan, scan="SKU-1")
        assert "has tote" in text(page, ".problems"), "a fulfilment has one tote"
        page.open(f"{site.url}/picks?picker=Bob")
        for one in ("B1-1", tote(1), "SKU-1"):
            send(page, scan, scan=one)
        assert "is done" in text(page, "#ended")
        with site.store.connections.reading() as db:
            (task,) = rounds.tasks_where(db)
            assert task.state is TaskState.DONE and stock_shown.audit(db) == []
        known = site.store.order("shop-1")
        assert known is not None and known.tote == describe(tote(1))["element_string"]
        assert {line.sku: line.epcs for line in known.lines} == {"SKU-0": (f"(01)0{GTIN}(21)7",), "SKU-1": ()}

        page.open(f"{site.url}/stock?lang=zh-Hant")
        assert page.until("document.querySelector('h2').textContent") == "庫存"
        assert "B1-0" in text(page, "#suspects")
        page.open(f"{site.url}/stock/a/SKU-0")
        page.until("document.querySelector('#ledger')?.textContent ?? ''", lambda told: "receipt" in told)
        assert "B0-0" in text(page, "#bins")
        page.open(f"{site.url}/picks/t/{task.id}/list.html")
        assert page.until("document.querySelectorAll('svg.code rect').length", lambda n: n > 20)
        page.picture(tmp_path / "list.png")
        page.resize(820, 1180)
        page.open(f"{site.url}/picks")
        page.until("document.documentElement.scrollWidth", lambda width: width <= 820)
        refused = [error for error in page.errors if "409" not in error and "412" not in error]
        assert refused == []
        assert [url for url in page.requests if not url.startswith((site.url, "about:", "data:"))] == []


def test_what_is_too_many_in_a_tote_goes_back_by_scans(
    site: Served, peer: Callable[[str], str], tmp_path: Path
) -> None:
    """Over-picked with a reason, then taken out piece by piece and laid into its bin; on a tablet, in Chinese too."""
    accept(site.store, [(1, {0: 2, 1: 1})])
    with httpx.Client(base_url=site.url, timeout=HANGS_S) as client:
        client.post("/waves/plan", data={"by": "Ann"})
        wave = client.get("/api/v1/waves").json()[0]["id"]
        client.post("/waves/release", data={"by": "Ann", "wave": wave})
        client.post("/picks/claim", data={"picker": "Bob"})
    with Browser(peer("chromium")) as page:
        page.resize(820, 1180)
        page.open(f"{site.url}/picks?picker=Bob")
        for one in ("B0-0", tote(1)):
            send(page, "[data-wish=scan]", scan=one)
        others = httpx.get(f"{site.url}/picks?picker=Eve", timeout=HANGS_S).text
        assert "0 open, 1 given out, 0 begun" in others and "Bob" in others and "2 of 2 places left" in others
        page.ask("document.querySelector('#more').open = true")
        send(page, "#more [data-wish=count]", units="4", over="two stuck together, Cas says so")
        assert text(page, "#bin") == "B1-0"

        page.open(f"{site.url}/put-backs")
        assert "two stuck together" in text(page, "#open tbody tr")
        scan = "[data-wish=scan]"
        send(page, scan, by="Dee", scan=tote(2))
        assert "Nothing is to be put back out of" in text(page, ".problems")
        send(page, scan, scan=tote(1))
        assert (text(page, "#bin"), text(page, "#quantity"), text(page, "#so-far")) == ("B0-0", "2", "0 of 2")
        assert page.ask("document.activeElement.name") == "scan", "a scanner types there"
        send(page, scan, scan="B0-0")
        assert "First take out 2 more" in text(page, ".problems")
        item = f"(01)0{GTIN}(21)7"
        for one in (item, item):  # the same piece once more is no other piece
            send(page, scan, scan=one)
            assert text(page, "#so-far") == "1 of 2"
        send(page, scan, scan="SKU-1")
        assert "is not SKU-0" in text(page, ".problems")
        send(page, scan, scan="(01)04006381333917(21)7")
        assert "is not SKU-0" in text(page, ".problems") and text(page, "#so-far") == "1 of 2"
        send(page, scan, scan=GTIN)
        assert text(page, "#so-far") == "2 of 2"
        send(page, scan, scan="B1-0")
        assert "go to B0-0" in text(page, ".problems")
        page.until("document.documentElement.scrollWidth", lambda width: width <= 820)
        page.picture(tmp_path / "put-back.png")
        send(page, scan, scan="B0-0")
        assert "is in its bin" in text(page, "#done") and "Nothing is to be put back" in text(page, "#open")
        page.open(f"{site.url}/put-backs?lang=zh-Hant")
        assert page.until("document.querySelector('h2').textContent") == "歸位"
        with site.store.connections.reading() as db:
            assert put_backs.open_put_backs(db) == [] and stock_shown.audit(db) == []
        assert [error for error in page.errors if "409" not in error] == []


def test_pages_answer_what_is_wrong(site: Served) -> None:
    accept(site.store, [(1, {0: 2})])
    with httpx.Client(base_url=site.url, timeout=HANGS_S) as client:
        for path in ("/stock/a/none", "/waves/w/none", "/picks/t/none/list.html", "/picks/t/none/list.pdf"):
            assert client.get(path).status_code == 404
        assert client.post("/waves/plan", data={"by": ""}).status_code == 422
        assert client.post("/waves/dance", data={"by": "Ann"}).status_code == 404
        assert client.post("/picks/claim", data={"picker": ""}).status_code == 422
        assert "Nothing is to be picked" in client.post("/picks/claim", data={"picker": "Bob"}).text
        client.post("/waves/plan", data={"by": "Ann"})
        wave = client.get("/api/v1/waves").json()[0]["id"]
        assert client.post("/waves/release", data={"by": "Ann", "wave": wave}).status_code == 303
        assert client.get(f"/waves/w/{wave}").text.count("list.pdf") == 1
        assert "BOX" in client.get(f"/waves/w/{wave}").text
        claimed = client.post("/picks/claim", data={"picker": "Bob"})
        assert (claimed.status_code, claimed.headers["location"]) == (303, "/picks?picker=Bob")
        said = {"picker": "Bob", "task": f"{wave}-1", "version": "1", "line": "1", "scan": "B0-0"}
        assert client.post("/picks/scan", data=said).status_code == 412
        stale = client.post("/picks/hand-back", data=said)
        assert stale.status_code == 412
        known = client.post("/picks/count", data={**said, "version": "2", "units": "x"})
        assert known.status_code == 409
        paper = client.get(f"/picks/t/{wave}-1/list.pdf", headers={"accept-language": "zh-TW"})
        assert "B0-0" in PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
        assert client.get(f"/api/v1/pick-tasks/{wave}-1/list.html").status_code == 200
        over = client.post("/picks/count", data={**said, "version": "2", "units": "9"})
        assert (over.status_code, "9 of 2" in over.text) == (409, True), "why more is to be said"
        for content, status, word in (
            ("sku,name,bin,quantity\nSKU-9,cap,A-9,3\n", 200, "1 articles new"),
            ("sku,name,bin,quantity\nSKU-9,cap,A-9,x\n", 422, "stock.csv: row 2, quantity: "),
            ("sku\n\0", 422, "stock.csv: "),
        ):
            sent = client.post("/stock/import", data={"by": "Ann"}, files={"file": ("stock.csv", content)})
            assert (sent.status_code, word in sent.text) == (status, True), sent.text[:2_000]
        assert client.post("/stock/import", data={"by": "Ann"}).status_code == 422
        assert client.post("/put-backs/dance", data={"by": "Ann"}).status_code == 404
        assert client.post("/put-backs/scan", data={"by": "", "scan": "x"}).status_code == 422
        assert client.post("/put-backs/scan", data={"by": "Ann", "scan": "x"}).status_code == 409
        assert client.post("/put-backs/scan", data={"by": "Ann", "n": "77", "scan": "x"}).status_code == 412
        assert client.post("/put-backs/leave", data={"by": "Ann"}).status_code == 303
        forged = client.post("/picks/claim", data={"picker": "Eve"}, headers={"origin": "http://elsewhere"})
        assert forged.status_code == 403
