"""A return over HTTP, whole: asked for, another unit named, the right one stock again, exchanged, sold again, verified.

A line decides by the site's feed as it comes: the item that it refused as shipped is verified behind its return.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from came_back import RULES, draft, floor_says, release, ship
from example_site import example_site
from ports import free_port
from pure_site import example
from pypdf import PdfReader
from stocked import NOW_US
from waiting import HANGS_S, wait_until

from api.app import create_app
from api.server import listen, server
from edge.cli import main
from edge.config.care import CareTable, ReturnsTable, TeamTable
from edge.config.shipping import PlanTable, ServiceTable, ZoneTable
from edge.core.core import Core
from edge.core.events import (
    Claim,
    DeviceChanged,
    OrderShipped,
    PassageSeen,
    PlcEvent,
    Stage,
    TagsRead,
    Tick,
    ToteChecked,
)
from edge.intake.care import care_rules
from edge.site import case_care
from edge.site.desk import SalesDesk
from edge.site.store import SiteStore
from plc.words import EventType
from rfid.driver import TagRead
from rfid.epc.identity import grai96, identity_of_hex, sgtin96

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POST = {
    "carrier": "Post",
    "cutoffs": dict.fromkeys(DAYS, ("00:00", "12:00")),
    "transit_days": {"home": 1},
    "rates": {"home": [[30_000, 100]]},
}


def tag(article: int, serial: int) -> str:
    """What a tag says of an item; its identity is `came_back.item`."""
    return sgtin96("9521141", f"0{article:05d}", serial)


def identity(epc: str) -> str:
    found = identity_of_hex(epc)
    assert found is not None
    return found


class Line:
    """A portal's controller: its core follows the feed of a store, and totes pass it."""

    def __init__(self, project: Path, store: SiteStore) -> None:
        layout = next(one for one in example(project).layouts() if one.name == "tote1")
        self.layout, self.store, self.core = layout, store, Core([layout])
        self.fed, self.at_us, self.track = 0, NOW_US, 0
        for reader in layout.portal.readers:
            self.core.step(DeviceChanged(NOW_US, f"reader.{reader}", True, "reads"))

    def follow(self) -> None:
        while values := self.store.feed(self.fed):
            for value in values:
                self.at_us = max(self.at_us, value.at_us)
                self.core.step(replace(value, at_us=self.at_us))
                self.fed = value.feed_seq

    def _plc(self, kind: EventType, station: int) -> list[object]:
        self.at_us += 1_000
        plc_ms = self.at_us // 1_000 % 2**32
        said = PlcEvent(
            at_us=self.at_us, device_us=self.at_us, plc=self.layout.plc, session=1, seq=1, type=kind,
            track_id=self.track, station=station, cause=0, value=0, plc_ms=plc_ms,
        )  # fmt: skip
        return [*self.core.step(said)]

    def passes(self, tote: str, *tags: str) -> ToteChecked:
        """A tote with items goes through the portal; what is said of it in the end."""
        self.follow()
        for _ in range(2):  # neighbours in between, so that no tag is one's too
            self._passed(grai96("9521141", "00010", 1_000 + self.track))
        return self._passed(tote, *tags)

    def _passed(self, *tags: str) -> ToteChecked:
        self.track += 1
        eye = self.layout.portal.eye
        assert eye is not None
        found = self._plc(EventType.INDUCTED, self.layout.induction) + self._plc(EventType.ENTERED, eye)
        for _ in range(40):
            self.at_us += 20_000
            reads = tuple(TagRead(one, 1, -40.0, self.at_us, 1) for one in tags)
            found += self.core.step(TagsRead(self.at_us, self.layout.portal.readers[0], reads))
        found += self._plc(EventType.LEFT, eye)
        for _ in range(40):
            self.at_us += 500_000
            found += self.core.step(Tick(self.at_us))
        return [one for one in found if isinstance(one, ToteChecked) and one.final][-1]

    def leaves(self, checked: ToteChecked) -> None:
        """Its parcel is in its lane."""
        assert checked.verified, checked.findings
        floor_says(self.store, checked, OrderShipped(self.at_us + 1, "sorter", checked.order, "", 1))
        self.follow()


class Served:
    """A served site, and how one asks it."""

    def __init__(self, url: str, toml: Path, store: SiteStore) -> None:
        self.toml, self.store = toml, store
        self.http = httpx.Client(base_url=url, timeout=HANGS_S)

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object, status: int = 200, **headers: str) -> Any:
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def page(self, path: str, **form: str) -> str:
        """A page, or what a form leads to."""
        answer = self.http.post(path, data=form) if form else self.http.get(path)
        if answer.status_code == 303:
            answer = self.http.get(answer.headers["location"])
        assert answer.status_code == 200, answer.text
        return answer.text


@contextmanager
def served(project: Path, folder: Path) -> Iterator[Served]:
    port = free_port()
    made = example_site(project, folder)
    services = {"post": ServiceTable.model_validate(POST)}
    site = made.model_copy(
        update={
            "listen": f"127.0.0.1:{port}",
            "service": services,
            "plan": PlanTable(zone={"home": ZoneTable()}, lead_minutes=0, margin_minutes=0, every_minutes=0),
            "team": {"care": TeamTable(lead="Lee", time_zone="Asia/Taipei")},
            "returns": {"all": ReturnsTable(days=3_650, freight_amount=60)},
            "care": CareTable(bin="BACK-1", every_s=0, lines=("back",)),
        }
    )
    toml = folder / "asked.toml"
    text = (folder / "SITE.toml").read_text(encoding="utf-8")
    toml.write_text(text.replace("127.0.0.1:8000", site.listen), encoding="utf-8")
    app = create_app(site)
    with listen("127.0.0.1", port) as listener:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: running.started)
            its = Served(f"http://{site.listen}", toml, app.state.site.store())
            with its.http:
                yield its
        finally:
            running.should_exit = True
            thread.join(HANGS_S)


def test_the_same_item_is_sold_again_and_verified(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """H18, H19, H20 over HTTP, pages and commands; each step in the order's timeline and the outbox, once."""
    mine, other, cart = tag(1, 11), tag(1, 99), grai96("9521141", "00010", 7)
    with served(project, tmp_path) as site:
        line = Line(project, site.store)
        for number, epc in ((1, mine), (2, other)):
            sell(site, line, number, cart, epc)

        asked = {"order": "shop-1", "lines": [{"epc": mine, "reason": "does-not-fit"}], "want": "exchange", "by": "Ann"}
        case = site.post("/api/v1/cases/returns", asked, 201)
        assert (case["state"], case["policy"]) == ("waiting", "all")
        assert site.post("/api/v1/cases/returns", {**asked, "order": ""}, 201) == case, "its item says whose it is"
        here, label = f"/api/v1/cases/{case['id']}", case["number"]

        page = site.page("/station/returns/scan", by="Eve", scan=label)
        assert label in page
        known = {"by": "Eve", "number": label, "begun": "1"}
        page = site.page("/station/returns/finish", epcs=other, **known)
        assert "ANOTHER UNIT of the same article" in page, page[page.index('id="found') :]
        assert "1 of SKU-1 did not come" in page
        (swapped,) = site.get(here)["units"]
        site.post(f"{here}/units/{swapped['seq']}", {"disposition": "back", "by": "Eve"})
        gate = {"cause": "gate 2", "epcs": [mine], "by": "Eve"}
        (right,) = site.post("/api/v1/cases/gate", gate)
        assert (right["case"], right["unit"]["finding"]) == (case["id"], "right")
        assert site.post("/api/v1/cases/gate", gate) == [right]
        wish = {"by": "Ann", "instead": [{"sku": "SKU-2", "price": 450}]}
        assert "nobody inspected it" in site.post(f"{here}/settle", wish, 409)["detail"]

        again = order_in_tote(site, 3, cart)
        refused = line.passes(cart, mine)
        assert [str(one.kind) for one in refused.findings] == ["duplicate", "missing"], "it is not stock again yet"
        site.page(f"/cases/c/{case['id']}/inspect", unit=str(right["unit"]["seq"]), disposition="restock", by="Eve")
        checked = line.passes(cart, mine)
        assert (checked.verified, checked.order, checked.matched) == (True, again, (identity(mine),))
        line.leaves(checked)

        done = site.post(f"{here}/settle", wish)
        assert (done["state"], done["linked"]) == ("resolved", f"shop-1-x{case['id']}")
        amounts = [(row["kind"], row["amount"]) for row in site.get("/api/v1/cases/ledger?order=shop-1")]
        assert amounts == [("payment", 333), ("moved", 273), ("credit", 333), ("freight", -60), ("moved", -273)]
        new = site.get(f"/api/v1/sales-orders/{done['linked']}")
        assert (new["amounts"]["due"], new["order"]["stage"]) == (177, "held")
        site.post(
            f"/api/v1/sales-orders/{done['linked']}/pay",
            {"by": "Ann", "amount": 177},
            **{"if-match": "*", "idempotency-key": "paid"},
        )
        assert site.get(f"/api/v1/sales-orders/{done['linked']}")["order"]["stage"] == "accepted"

        its = site.get("/api/v1/sales-orders/shop-1/timeline")["entries"]
        story = [one["text"] for one in its if one["code"] == "sale.case"]
        counts = [sum(word in one for one in story) for word in ("opened", "came back", "inspected", "in exchange")]
        assert counts == [1, 2, 2, 1], story
        assert "another unit" in " ".join(story).lower()
        told = [one["type"] for one in events(site) if one["subject"] == f"case-{case['id']}"]
        assert told.count("com.lanewise.case.opened.v1") == told.count("com.lanewise.case.resolved.v1") == 1
        outbox = json.dumps(events(site))
        assert "王小明" not in outbox and "+8869" not in outbox

        with zipfile.ZipFile(io.BytesIO(site.http.get("/api/v1/cases/evidence/shop-1.zip").content)) as pack:
            found = json.loads(pack.read("parcel.json"))
            paper = PdfReader(io.BytesIO(pack.read("parcel.pdf"))).pages[0].extract_text()
        assert found["verified"] and [one["epc"] for one in found["items"]] == [identity(mine)]
        assert identity(mine) in paper.replace("\n", "")
        commands(site, case["id"], capsys)
        gate_line(site, mine)
        pages(site, case["id"])


def events(site: Served) -> list[dict[str, Any]]:
    return list(site.get("/api/v1/events?after=0&limit=1000"))


def order_in_tote(site: Served, number: int, cart: str) -> str:
    """An order of one piece is released, and picked into a tote."""
    desk = SalesDesk(site.store, RULES, ["TW"])
    (taken,) = desk.take([draft(number, [(1, 1, 333)])], NOW_US)
    release(site.store, NOW_US)
    (name,) = desk.fulfilments(taken.id)
    answer = site.http.put(f"/api/v1/totes/{cart}", json={"fulfilment": name})
    assert answer.status_code == 204, answer.text
    return name


def sell(site: Served, line: Line, number: int, cart: str, epc: str) -> None:
    """An order is sold, and leaves with one item."""
    if number == 1:
        ship(site.store, draft(90, [(3, 1, 10)]), [])  # and the warehouse is there
    name = order_in_tote(site, number, cart)
    checked = line.passes(cart, epc)
    assert checked.order == name, checked
    line.leaves(checked)


def commands(site: Served, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    def asks(*words: str, status: int = 0) -> str:
        name, *rest = words
        assert main(["cases", name, "--site", str(site.toml), *rest]) == status
        return capsys.readouterr().out

    assert f"{number}: exchange does-not-fit, resolved" in asks("list", "--all")
    shown = asks("show", str(number))
    assert "right, restock" in shown and "moved -273 TWD" in shown and "ANOTHER UNIT" in shown
    made = asks("return", "shop-2", "--line", "1", "--why", "defective", "--by", "Ann")
    assert "return label R" in made
    asked = made.split()[1].rstrip(":")
    assert "closed" in asks("close", str(number), "--by", "Ann")
    assert "somebody must decide" in asks("reopen", str(number), "still wrong", "--by", "Ann")
    assert f"case {asked}" in asks("take", asked, "--by", "Bob") and "Bob" in asks("show", asked)
    site.post(
        f"/api/v1/cases/{asked}/causes", {"kind": "sku", "value": "SKU-1", "amount": 5, "currency": "TWD", "by": "A"}
    )
    assert asks("causes") == "sku SKU-1: 1 cases, 100.0 %, 5 TWD\n"
    assert "refused" in asks("refuse", asked, "it works after all", "--by", "Ann")
    assert ["sku", "SKU-1"] in site.get(f"/api/v1/cases/{asked}/suggestions")


def gate_line(site: Served, epc: str) -> None:
    """What passes the portal of a returns line has come back; looked at again, nothing changes."""
    seen = PassageSeen(
        at_us=NOW_US, line="back", passage=1, track_id=1, stage=Stage.FINAL, start_us=NOW_US, stop_us=NOW_US,
        offset_us=0, claims=(Claim(epc, 1.0, 0.0, 1.0),), tags=(), settled=True,
    )  # fmt: skip
    floor_says(site.store, seen)
    care = care_rules({}, {}, CareTable(bin="BACK-1", lines=("back",)))
    at_us = NOW_US + 10**12
    assert [case_care.watch_gate(site.store.connections, care, at_us + n) for n in range(2)] == [1, 0]
    (row,) = site.get("/api/v1/cases?order=shop-3")
    assert (row["case"]["state"], row["case"]["class_"]) == ("received", "not-asked")


def pages(site: Served, number: int) -> None:
    listed = site.page("/cases?lang=zh-Hant")
    assert "案件" in listed and f'data-case="{number}"' in listed
    one = site.page(f"/cases/c/{number}?lang=en")
    assert "the way back" in one and "somebody must decide" in one
    opened = site.page(
        "/cases/open", by="Ann", kind="complaint", **{"class": "delay"}, channel="chat", words="where is it <b>"
    )
    assert "where is it &lt;b&gt;" in opened and "delay" in opened
    assert "/cases?everything=1" in site.page("/orders/o/shop-1")
    assert site.http.get("/cases/c/99999").status_code == 404
    assert (
        site.http.post(
            f"/cases/c/{number}/inspect", data={"by": "E", "disposition": "restock", "unit": "9"}
        ).status_code
        == 409
    )
