"""What comes from outside is text on every page of ours, however it came: nothing of it is markup, nothing is executed.

By files, JSON, CSV, carriers' hooks, forms, devices' words in the journal, names in LINE.toml, and what stands in an
address. The pages are those that links lead to from the head, rendered ones and live ones.
"""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin

import httpx
import pytest
from browser import Browser
from example_site import START_US, example_site, journal_of, write_journal
from sold import sold
from standardwebhooks import Webhook
from stocked import NOW_US, accept, planning, stocked
from waiting import HANGS_S, wait_until

from api import site_state
from api.app import WEB, create_app
from api.navigation import PAGES
from api.server import listen, server
from edge.config.label import LabelTable
from edge.config.lines import SiteConfig
from edge.config.load import load_line, load_site
from edge.core.core import Core
from edge.core.events import (
    AlarmRequested,
    Anomaly,
    AnomalyCode,
    DeviceChanged,
    DeviceNotice,
    Event,
    Journaled,
    LaneRequested,
    Route,
    SetLane,
    SetOutput,
    Started,
)
from edge.core.values.alarm import AlarmAction
from edge.intake.orders import CSV_EXAMPLE, ORDER_EXAMPLE
from edge.intake.sales_orders import EXAMPLE
from edge.journal.host_time import now_us
from edge.journal.writer import Journal
from edge.orders.articles import Article
from edge.orders.picking import BinPlace
from edge.site import catalogue, drafts, releasing, rounds

EVIL = "<i/id=evil>&\"'"
"""Short enough for every field, without a space for ids. Whoever takes it for markup has an element of this name."""
SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
HOOK = """
[carrier.acme]
carrier = "DHL"
codes = { PU = "handed-over" }

[carrier.acme.hook]
secret_file = "acme.secret"
"""
KEYS = (
    "q", "by", "picker", "order", "owner", "station", "said", "done", "trouble", "settled", "state", "stage", "kind",
    "finding", "after", "next", "line", "device", "text", "from", "to", "day", "alarm", "asked", "priority", "sku",
    "bin", "lot", "sscc", "number", "carrier", "source", "zone", "member", "overdue", "shift", "lang",
)  # fmt: skip
"""Whatever pages look for in their addresses, and more."""


class Tags(HTMLParser):
    """Whether a page has the element, or an attribute made of what stood in another."""

    def __init__(self) -> None:
        super().__init__()
        self.evil = 0
        self.links = set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.evil += given.get("id") == "evil" or any(name.startswith(("on", "evil")) or "'" in name for name in given)
        if tag == "a" and (link := given.get("href")):
            self.links.add(link)


@pytest.fixture
def url(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A served site of which everything that people, shops, carriers and devices may name is called so."""
    monkeypatch.setattr(site_state, "BEAT_S", 3_600.0)  # what its journal has is weeks ago, and would leave the picture
    example_site(project, tmp_path)
    (tmp_path / "acme.secret").write_text(f"{SECRET}\n")
    line, toml = tmp_path / "LINE.toml", tmp_path / "SITE.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + HOOK, encoding="utf-8")
    text = line.read_text(encoding="utf-8")
    for name in ("Parcel sorter", "DHL Express", "Door 1"):
        assert f'"{name}"' in text
        text = text.replace(f'"{name}"', json.dumps(f"{name} {EVIL}"))
    line.write_text(text, encoding="utf-8")
    site = load_site(toml).model_copy(update={"label": LabelTable(prefix="9521141")})
    write_journal(site, 30)
    told_by_devices(site)
    app = create_app(site)
    listener = listen("127.0.0.1", 0)
    serving = server(app)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        wait_until(lambda: app.state.site.alarm("reader-down.sorter").active)
        filled(app.state.site, here)
        yield here
    finally:
        serving.should_exit = True
        thread.join(HANGS_S)
        listener.close()


def told_by_devices(site: SiteConfig) -> None:
    """What readers, PLCs and operators said, as a controller journals it."""
    its = load_line(site.controller[0].config)
    core, values, at_us = Core(()), list[Journaled | Event](), START_US + 31_000_000

    def give(given: Journaled) -> None:
        values.append(given)
        values.extend(one for one in core.step(given) if not isinstance(one, Route | SetLane | SetOutput))

    give(
        Started(
            at_us=at_us, controller=its.controller, version=EVIL, layouts=its.layouts(), alarms=its.alarms(),
            docks=its.docks(),
        )
    )  # fmt: skip
    give(DeviceChanged(at_us + 1, "reader.sorter", False, EVIL))
    give(DeviceChanged(at_us + 20_000_000, "plc.tote1", False, EVIL))
    give(DeviceNotice(at_us + 20_000_001, "reader.tote1", AnomalyCode.TRIAL_REFUSED, EVIL))
    give(LaneRequested(at_us=at_us + 20_000_002, feed_seq=1, line="sorter", lane=1, enabled=False, by=EVIL))
    shelved = {"alarm": "reader-down.sorter", "by": EVIL, "comment": EVIL}
    give(AlarmRequested(at_us=at_us + 20_000_003, feed_seq=2, action=AlarmAction.ACKNOWLEDGE, **shelved))
    odd = {"line": "sorter", "code": AnomalyCode.TRIAL_REFUSED, "text": EVIL, "subject": EVIL}
    values.append(Anomaly(at_us=at_us + 20_000_004, **odd))
    journal = Journal(journal_of(site))
    journal.append(values)
    journal.flush()
    journal.close()


def filled(site: site_state.Site, here: str) -> None:
    """What comes by HTTP and by files."""
    store = site.store()
    stocked(store, units=20)
    with store.connections.writing() as db:
        catalogue.put_skus(db, [catalogue.Sku(Article(sku=sku, mass_g=200), EVIL) for sku in ("SKU-0", EVIL)])
        catalogue.put_bins(db, {EVIL: BinPlace(0, 9)})
    accept(store, [(at, {at % 8: 1}) for at in range(1, 4)])
    for wave in drafts.plan(store.connections, planning(), NOW_US).new:
        releasing.release(store.connections, wave, planning().limits, EVIL, NOW_US)
    rounds.claim(store.connections, EVIL, NOW_US)
    site.desk().take([sold(9)], NOW_US)
    header, row = csv.reader(CSV_EXAMPLE.splitlines())
    known = dict(zip(header, row, strict=True)) | {"sku": EVIL, "external": EVIL, "service": EVIL}
    rows = io.StringIO()
    csv.writer(rows).writerows((known.keys(), known.values()))
    consignee = EXAMPLE["consignee"] | dict.fromkeys(("name", "city", "region", "street"), EVIL)
    lines = [EXAMPLE["lines"][0] | {"sku": EVIL, "name": EVIL}]
    sale = EXAMPLE | {"external": EVIL, "note": EVIL, "consignee": consignee, "lines": lines}
    order = ORDER_EXAMPLE | {"id": EVIL, "tote": None, "parcel": "(00)095211410000000014"}
    order["lines"] = [ORDER_EXAMPLE["lines"][0] | {"sku": EVIL, "name": EVIL}]  # type: ignore[index]
    move = {"kind": "receipt", "quantity": 3, "target": EVIL, "lot": EVIL, "why": EVIL}
    wishes: list[tuple[str, dict[str, object]]] = [
        ("/api/v1/sales-orders", sale),
        ("/api/orders", {key: its for key, its in order.items() if its is not None}),
        ("/api/v1/stock/movements", {"by": EVIL, "movements": [
            {**move, "sku": sku, "cause": {"kind": EVIL, "id": sku}} for sku in ("SKU-0", EVIL)]}),
        ("/api/v1/services/suspensions", {"by": EVIL, "reason": EVIL, "carrier": "DHL"}),
        ("/api/v1/blocklist", {"by": EVIL, "reason": EVIL, "order": "shop-9"}),
        ("/api/v1/stations/pack1/quality", {
            "by": EVIL, "order": EVIL, "aspects": ["label"], "sku": EVIL, "fault": "label-wrong", "note": EVIL}),
        ("/api/v1/cases", {"kind": "complaint", "class": "quality", "key": EVIL, "by": EVIL, "words": EVIL}),
        ("/api/v1/cases/1/take", {"by": EVIL, "owner": EVIL}),
        ("/api/v1/cases/1/note", {"by": EVIL, "reason": EVIL}),
        ("/api/v1/cases/1/causes", {"by": EVIL, "kind": "packer", "value": EVIL}),
        ("/api/v1/cases/actions", {"kind": "packer", "value": EVIL, "what": EVIL, "owner": EVIL}),
    ]  # fmt: skip
    answers = [(path, httpx.post(f"{here}{path}", json=body, timeout=HANGS_S)) for path, body in wishes]
    refused = [(path, answer.text) for path, answer in answers if answer.status_code >= 300]
    assert not refused, "\n".join(map(str, refused))
    text = {"content-type": "text/csv"}
    answer = httpx.post(f"{here}/api/orders", content=rows.getvalue().encode(), headers=text, timeout=HANGS_S)
    assert answer.status_code == 200, answer.text
    told = json.dumps({"parcel": "(00)095211410000000014", "code": EVIL, "place": EVIL, "time": "2026-11-01T08:00:00Z"})
    stamp = now_us() // 1_000_000
    signed = Webhook(SECRET).sign("m1", datetime.fromtimestamp(stamp, UTC), told)
    headers = {"webhook-id": "m1", "webhook-timestamp": str(stamp), "webhook-signature": signed}
    headers["content-type"] = "application/json"
    answer = httpx.post(f"{here}/api/v1/hooks/acme", content=told.encode(), headers=headers, timeout=HANGS_S)
    assert answer.status_code == 200, answer.text


def test_what_comes_from_outside_is_text_on_every_page(url: str, peer: Callable[[str], str]) -> None:
    shown = Counter[str]()
    with httpx.Client(base_url=url, timeout=HANGS_S, follow_redirects=True) as client:
        ways = [page.path for page in PAGES if page.path not in ("/accounts", "/audit")]
        ways += [
            f"/t/{quote(EVIL)}",
            "/alarms/a/reader-down.sorter",
            "/log?day=2026-09-21",
            "/engineering/portal/sorter.svg",
        ]
        known = {*ways}
        asked = dict.fromkeys(KEYS, EVIL)
        while ways:
            way = ways.pop()
            for values in ({}, {"lang": "zh-Hant"}, asked):
                answer = client.get(way, params=httpx.URL(urljoin(url, way)).params.merge(values))
                kind = answer.headers["content-type"].partition(";")[0]
                assert answer.status_code < 500, (way, answer.text)
                assert answer.headers["x-content-type-options"] == "nosniff", way
                if kind not in ("text/html", "image/svg+xml"):
                    continue
                assert "script-src 'self'" in answer.headers["content-security-policy"], way
                page = Tags()
                page.feed(answer.text)
                assert not page.evil and EVIL[:11] not in answer.text, (way, values)
                shown[way.split("?")[0].split("/")[1]] += escape(EVIL[:11]) in answer.text
                ours = {link.partition("#")[0] for link in page.links if link.startswith("/")}
                ways += sorted(link for link in ours - known if len(known) < 400)
                known |= ours
    rooms = {"orders", "stock", "waves", "picks", "carriers", "cases", "alarms", "engineering", "find", "t", "station"}
    assert rooms <= {name for name, count in shown.items() if count}, shown

    for script in WEB.glob("*.js"):
        made = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function", script.read_text()
        )
        assert not made, f"{script.name}: what is read becomes text, by textContent"
    with Browser(peer("chromium")) as page:
        for path, where in (("/", "DHL Express"), ("/docks.html", "Door 1")):
            page.open(f"{url}{path}")
            page.until(f"document.body.textContent.includes({json.dumps(f'{where} {EVIL}')})")
            assert page.ask("document.getElementById('evil')") is None
        assert not page.errors, page.errors
