"""The pages about sales orders in a real browser: found, released and entered by forms alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from browser import Browser
from example_site import TOKEN, example_site
from sold import person, sold
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.config.load import load_site
from edge.orders.sales import Noted, OrderStage
from edge.site.desk import SalesDesk


@dataclass
class Served:
    """A served site that wants a token."""

    url: str
    desk: Callable[[], SalesDesk]


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[Served]:
    example_site(project, tmp_path)
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "token").chmod(0o600)
    text = (tmp_path / "SITE.toml").read_text(encoding="utf-8")
    channel = '\n[channels.shop]\ncurrency = "TWD"\ncountry = "TW"\ndigits = 0\n[review.digits]\nTWD = 0\n'
    (tmp_path / "SITE.toml").write_text(f'token_file = "token"\n{text}{channel}', encoding="utf-8")
    app = create_app(load_site(tmp_path / "SITE.toml"))
    listener = listen("127.0.0.1", 0)
    serving = server(app)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.site.desk)
    serving.should_exit = True
    thread.join(HANGS_S)
    listener.close()


def send(page: Browser, form: str, **values: str) -> None:
    """Fills in a form, and presses its button."""
    page.until(f"document.readyState === 'complete' && document.querySelector('{form}') !== null")
    for name, value in values.items():
        page.ask(f"document.querySelector('{form} [name={name}]').value = '{value}'")
    page.ask(f"document.querySelector('{form} button').click()")


def test_orders_are_found_released_and_entered(site: Served, peer: Callable[[str], str], tmp_path: Path) -> None:
    desk = site.desk()
    markup = replace(sold(2), order=replace(sold(2).order, note="<script>document.title='hacked'</script>"))
    desk.take([replace(sold(1), noted=(Noted("phone-implausible", "phone", "12<b>"),)), markup], 5)
    with Browser(peer("chromium")) as page:
        page.open(f"{site.url}/sign-in.html?next=/orders%3Fstage%3Dheld")
        page.until("document.getElementById('secret') !== null")
        page.ask(
            f"document.getElementById('secret').value = '{TOKEN}';"
            "document.querySelector('#token [type=submit]').click()"
        )
        page.until(
            "[...document.querySelectorAll('table.orders tbody th a')].map((a) => a.textContent)",
            lambda found: found == ["#1"],
        )
        assert "王" not in page.ask("document.body.textContent")
        page.resize(1366, 800)
        page.until("document.querySelector('header.top').offsetHeight", lambda high: high < 70)  # one row

        # A held order, its findings with a button each; the name is kept for the next form.
        page.ask("document.querySelector('table.orders tbody a').click()")
        finding = page.until("document.querySelector('#findings li.open')?.textContent")
        assert "12<b>" in finding
        assert "王小明1" in page.ask("document.getElementById('consignee').textContent")
        page.ask("document.querySelector('#findings details').open = true")
        send(page, "#findings form", by="Ann", reason="by mail")
        page.until("document.querySelector('#findings li.open') === null && document.querySelector('#story') !== null")
        assert "by Ann" in page.ask("document.getElementById('story').textContent")
        assert desk.detail("shop-1").order.stage is OrderStage.ACCEPTED
        page.until("document.querySelector('[data-wish=hold] [name=by]').value", lambda name: name == "Ann")

        # Somebody else was quicker: the page says so, and nothing is done.
        version = desk.detail("shop-1").order.version
        desk.hold("shop-1", version, "Bob", "wait", 9)
        send(page, "[data-wish=hold]", reason="no")
        page.until("document.querySelector('.problems')?.textContent", lambda text: "meanwhile" in (text or ""))

        # What is scanned leads to the order; its text is text.
        page.open(f"{site.url}/orders")
        send(page, ".search", q="0900000002")
        page.until("document.querySelector('blockquote')?.textContent", lambda text: "<script>" in (text or ""))
        assert page.ask("document.title") == "#2 · Lanewise"

        # An order by phone.
        page.open(f"{site.url}/orders/new")
        address = {"street": "信義路 5 號", "city": "臺北市", "district": "信義區", "postcode": "110"}
        goods = {
            "sku0": "MUG",
            "quantity0": "2",
            "price0": "5.5",
            "freight": "60",
            "external": "P-1",
            "currency": "TWD",
        }
        send(page, "form.entry", by="Ann", name="林小華", phone="0912345678", **address, **goods)
        page.until("document.querySelector('.problems')?.textContent", lambda text: "5.5" in (text or ""))
        send(page, "form.entry", price0="500")
        page.until("document.querySelector('#consignee')?.textContent", lambda text: "林小華" in (text or ""))
        order = desk.detail("phone-P-1").order
        assert (order.payment.total, order.payment.kind, order.lines[0].quantity) == (1060, "cod", 2)

        page.open(f"{site.url}/orders?lang=zh-Hant")
        page.until("document.querySelector('h2').textContent", lambda text: text == "訂單")
        page.picture(tmp_path / "orders.png")
        page.resize(390, 844)
        page.until("document.documentElement.scrollWidth", lambda width: width == 390)
        refused = [error for error in page.errors if "401" not in error and "412" not in error and "422" not in error]
        assert refused == []
        assert [url for url in page.requests if not url.startswith((site.url, "about:", "data:"))] == []


def test_pages_are_for_who_showed_the_token(site: Served, tmp_path: Path) -> None:
    desk = site.desk()
    desk.take([replace(sold(1), consignee=person(1))], 5)
    with httpx.Client(base_url=site.url) as client:
        asked = client.get("/orders/o/shop-1")
        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in.html?next=/orders/o/shop-1")
        form = {"by": "Ann", "reason": "no", "version": "1"}
        assert client.post("/orders/o/shop-1/hold", data=form).status_code == 401
        assert client.post("/api/v1/page-session", json={}).status_code == 401
        begun = client.post("/api/v1/page-session", json={}, headers={"authorization": f"Bearer {TOKEN}"})
        assert "HttpOnly" in begun.headers["set-cookie"] and TOKEN not in begun.headers["set-cookie"]
        assert client.get("/orders/o/shop-1").status_code == 200
        assert client.get("/api/v1/sales-orders").status_code == 401, "the cookie is for pages alone"
        forged = client.post("/orders/o/shop-1/hold", data=form, headers={"origin": "http://elsewhere"})
        assert forged.status_code == 403
        assert client.get("/orders/o/none").status_code == 404
        assert client.post("/orders/o/shop-1/hold", data=form).status_code == 303
        assert client.post("/orders/o/shop-1/dance", data=form).status_code == 404
