"""Carriers' doors, the customer's page, exceptions and mails: over HTTP, judged by a foreign signer and a mail server.

Public names: none; run by pytest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from conftest import Run
from example_site import TOKEN, client_of, example_site
from fastapi import FastAPI
from journals import records
from ports import free_port
from pypdf import PdfReader
from sold import sold
from standardwebhooks import Webhook as Signer

from api.app import create_app
from api.guard import PAGE_COOKIE
from api.site_state import Site
from edge.config.load import load_site
from edge.core.events import LoadClosed
from edge.core.values.load import Aboard, Load
from edge.core.values.order import Order, OrderLine
from edge.journal.host_time import now_us
from edge.orders.articles import Article, Goods
from edge.orders.sales import Draft
from edge.site import catalogue, delays, mails, outbox, sales, tracking
from edge.site.mails import MailRoute
from edge.site.sales import SaleLink
from edge.site.store import SiteStore, StoreError
from edge.site.tables import sales as sales_tables
from edge.site.tables import tracking as tables

SECRET = b64encode(bytes(range(32))).decode()
PLAIN = "a-secret-of-slow"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
LOGIN = {"authorization": f"Bearer {TOKEN}"}
SHOWN = "[tracking]\npublic = true\nevery_minutes = 1\n"
CARRIERS = """
[tracking]
public = true
url = "https://parcels.example.org"
views_per_minute = 12

[carrier.acme]
carrier = "DHL"
time_zone = "Asia/Taipei"
manifests = "out"
codes = { PU = "handed-over", "IT/ARR" = "in-transit", FA = "failed-attempt", DL = "delivered", LO = "lost" }
columns = { parcel = "Sendung", code = "Status", at = "Datum + Zeit", place = "Ort" }

[carrier.acme.hook]
secret_file = "acme.secret"
events = "data.events"

[carrier.acme.hook.fields]
parcel = "sscc"
number = "$.data.number"
code = "status + detail"
at = "at"
place = "where.city"
id = "id"

[carrier.slow]
codes = { "4" = "delivered" }
time_format = "unix"

[carrier.slow.hook]
kind = "hmac"
secret_file = "slow.secret"
header = "X-Slow-Signature"
prefix = "sha256="
time_header = "X-Slow-Time"
signed = "{time}.{body}"
"""


def sscc(number: int) -> str:
    digits = f"{952114100000000 + number:017d}"
    return f"{digits}{-sum(int(one) * (3, 1)[at % 2] for at, one in enumerate(digits)) % 10}"


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    example_site(project, tmp_path)
    text = (tmp_path / "SITE.toml").read_text(encoding="utf-8").replace(SHOWN, "", 1)
    text = re.sub(r"^\[carrier\.\w+\]\n(?:\w.*\n)*", "", text, flags=re.MULTILINE) + CARRIERS
    (tmp_path / "SITE.toml").write_text(text.replace("[[controller]]", 'token_file = "token"\n[[controller]]', 1))
    for name, secret in (("acme.secret", SECRET), ("slow.secret", PLAIN), ("token", TOKEN)):
        (tmp_path / name).write_text(f"{secret}\n")
    return tmp_path


def leave(site: Site, numbers: range, hours: int = 1, draft: Draft | None = None) -> None:
    """Parcels leave with one load so long ago; each of an order of its own, in Taipei."""
    store, at_us = site.store(), now_us() - hours * HOUR_US
    drafts = [draft or sold(n, lines=1) for n in numbers]
    store.take_sales(drafts, at_us - 3)
    with store.connections.writing() as db:
        sales.link(db, [SaleLink(f"f-{n}", one.order.id, 1, 1) for n, one in zip(numbers, drafts, strict=True)])
        rows = [{"fulfilment_id": f"f-{n}", "state": "packed"} for n in numbers]
        db.execute(sales_tables.fulfilment_states.insert(), rows)
    lines = (OrderLine(gtin="", quantity=1, sku="SKU-1"),)
    store.put_orders(
        [Order(id=f"f-{n}", carrier="DHL", service="std", lines=lines, parcel=f"(00){sscc(n)}") for n in numbers], at_us
    )
    aboard = tuple(
        Aboard(
            parcel=f"(00){sscc(n)}", order=f"f-{n}", carrier="DHL", service="std", at_us=at_us, sorted_us=0, dock="d1"
        )
        for n in numbers
    )
    closed = LoadClosed(
        at_us=at_us, feed_seq=0, load=Load(id=f"L{numbers[0]}", dock="d1", carrier="DHL"), by="Ann", reason="",
        opened_us=at_us, aboard=aboard, wrong=(), missing=(), undetermined=(),
    )  # fmt: skip
    store.project(f"n@{numbers[0]}", records([closed]))


def message(name: str, *events: dict[str, Any], number: str = "", late_s: int = 0) -> tuple[bytes, dict[str, str]]:
    """As a foreign library signs it."""
    body = json.dumps({"data": {"events": events, "number": number}}).encode()
    stamp = datetime.now(UTC) - timedelta(seconds=late_s)
    signature = Signer(SECRET).sign(name, stamp, body.decode())
    headers = {"webhook-id": name, "webhook-timestamp": str(int(stamp.timestamp())), "webhook-signature": signature}
    return body, {**headers, "content-type": "application/json"}


def event(number: int, status: str, minutes: int, **more: Any) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(minutes=minutes)
    status, _, detail = status.partition("/")
    its = {
        "sscc": sscc(number),
        "status": status,
        "detail": detail,
        "at": moment.isoformat(),
        "id": f"{number}{status}",
    }
    return its | {"where": {"city": "Taipei"}, "name": "王小明"} | more


@asynccontextmanager
async def site_of(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Site]]:
    app: FastAPI = create_app(load_site(folder / "SITE.toml"))
    async with client_of(app) as client:
        yield client, app.state.site


def test_a_carrier_tells_by_a_signed_message_once(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """H25, H28, H49: signed, on time, once; what nobody explained moves nothing until somebody does."""

    async def talk() -> None:
        async with site_of(folder) as (client, site):
            leave(site, range(1, 3))
            body, headers = message("m1", event(1, "PU", 30), event(1, "IT/ARR", 20), event(2, "ZZ", 10))
            post = client.post
            answer = await post("/api/v1/hooks/acme", content=body, headers=headers)
            assert answer.json() == {"new": 3, "same": 0, "noted": 1, "strange": 0}, answer.text
            assert (await post("/api/v1/hooks/acme", content=body, headers=headers)).json()["same"] == 3
            other, its = message("m2", event(1, "PU", 30, id="1PU"))  # another message of the same event
            assert (await post("/api/v1/hooks/acme", content=other, headers=its)).json()["same"] == 1
            forged = await post("/api/v1/hooks/acme", content=body.replace(b"PU", b"DL"), headers=headers)
            assert forged.status_code == 401 and "signature" in forged.text
            for late_s in (400, -400):
                late, its = message("m3", event(1, "DL", 5), late_s=late_s)
                answer = await post("/api/v1/hooks/acme", content=late, headers=its)
                assert answer.status_code == 401 and "clocks" in answer.text
            health = (await client.get("/api/health", headers=LOGIN)).json()
            assert [one["code"] for one in health["troubles"] if one["code"] == "trouble.hook"] == ["trouble.hook"]
            assert (await post("/api/v1/hooks/nobody", content=body, headers=headers)).status_code == 404
            assert (await client.get("/api/v1/tracking")).status_code == 401, "all else needs the token"
            empty, its = message("m4")
            assert (await post("/api/v1/hooks/acme", content=empty, headers=its)).status_code == 200, (
                "kept, not understood"
            )
            with monkeypatch.context() as away:
                away.setattr(Site, "store", _away)
                body, headers = message("m5", event(1, "DL", 5, at="2026-11-01 08:00", id="d"), number="JD-1")
                refused = await post("/api/v1/hooks/acme", content=body, headers=headers)
                assert refused.status_code == 503 and refused.headers["retry-after"]
            assert (await post("/api/v1/hooks/acme", content=body, headers=headers)).json()["new"] == 1

            detail = (await client.get(f"/api/v1/tracking/{sscc(1)}", headers=LOGIN)).json()
            assert (detail["parcel"]["its"]["state"], detail["parcel"]["number"]) == ("delivered", "JD-1")
            told = [(one["code"], one["source"], one["zone"]) for one in detail["events"] if one["code"] == "delivered"]
            assert told == [("delivered", "acme", "Asia/Taipei")], "the assumption is said"
            assert detail["events"][0]["at_us"] == 1_793_491_200_000_000, "2026-11-01 00:00 UTC"
            page = await client.get(f"/parcels/{sscc(1)}", headers={**LOGIN, "accept-language": "zh-TW"})
            assert "已送達" in page.text and "Asia/Taipei" in page.text and "王小明" not in page.text

            codes = (await client.get("/api/v1/tracking/codes", headers=LOGIN)).json()
            assert [(one["source"], one["given"], one["count"]) for one in codes] == [("acme", "ZZ", 1)]
            (look,) = [one for one in site.duties() if one.name == "tracking"]
            look.work(site.store().connections, now_us())
            assert [one.code for one in site.health().troubles if "codes" in one.code] == ["trouble.carrier-codes"]
            signed = f"{now_us() // 1_000_000}"
            slow = json.dumps({"parcel": f"(00){sscc(2)}", "code": 4, "time": now_us() // 1_000_000 - 60}).encode()
            mac = hmac.new(PLAIN.encode(), f"{signed}.".encode() + slow, hashlib.sha256).hexdigest()
            headers = {"x-slow-time": signed, "x-slow-signature": f"sha256={mac}", "content-type": "application/json"}
            assert (await post("/api/v1/hooks/slow", content=slow, headers=headers)).json()["new"] == 1
            metrics = (await client.get("/metrics", headers=LOGIN)).text
            assert 'lanewise_api_carrier_words_total{carrier="acme",how="noted"} 1' in metrics, metrics[-3000:]
        text = (folder / "SITE.toml").read_text(encoding="utf-8")
        (folder / "SITE.toml").write_text(text.replace('PU = "handed-over"', 'PU = "handed-over", ZZ = "damaged"'))
        async with site_of(folder) as (client, site):
            (look,) = [one for one in site.duties() if one.name == "tracking"]
            look.work(site.store().connections, now_us())
            detail = (await client.get(f"/api/v1/tracking/{sscc(2)}", headers=LOGIN)).json()
            assert detail["parcel"]["its"]["flags"] == ["damaged"] and site.doors.codes == {}

    run(talk())


def _away(_: Site) -> SiteStore:
    raise StoreError("site store: away")


def test_a_customer_sees_and_rates_a_parcel_and_nothing_personal(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [5.0]
    monkeypatch.setattr("api.track_page.monotonic", lambda: clock[0])

    async def talk() -> None:
        async with site_of(folder) as (client, site):
            leave(site, range(1, 2))
            with site.store().connections.reading() as db:
                track = tracking.track_of(db, sscc(1))
            assert track is not None
            day = f"{datetime.now(UTC):%Y-%m-%d}"
            file = f"Sendung,Status,Datum,Zeit,Ort\n{sscc(1)},DL,{day},00:00,=Taipei\n{sscc(1)},QQ,x,y,z\n"
            answer = await client.post(
                "/api/v1/tracking/imports?carrier=acme", content=file.encode(),
                headers={**LOGIN, "content-type": "text/csv"},
            )  # fmt: skip
            assert answer.json()["new"] == 1 and len(answer.json()["unread"]) == 1, answer.text
            path = f"/track/{track.token}"
            english, chinese = await client.get(path), await client.get(f"{path}?lang=zh-Hant")
            assert "delivered" in english.text and "已送達" in chinese.text and english.status_code == 200
            assert "noindex" in english.headers["x-robots-tag"] and "set-cookie" not in chinese.headers
            person = sold(1).consignee
            for secret in (person.name, person.street, person.phone, person.phone_given, person.email, "106", "shop-1"):
                assert secret not in english.text + chinese.text
            form = {"score": "4", "reason": ["late", "nonsense"], "said": "=HYPERLINK(1)\tfine"}
            thanks = await client.post(path, data=form)
            assert "Thank you" in thanks.text, thanks.text
            await client.post(path, data={"score": "1"})
            wrong = await client.post(path, data=form, headers={"origin": "https://elsewhere.example"})
            assert wrong.status_code == 403
            rows = (await client.get("/api/v1/tracking/feedback.csv", headers=LOGIN)).text.splitlines()
            assert len(rows) == 2 and ",4,late,'=HYPERLINK(1) fine," in rows[1], "once, and no formula"
            for token in ("x" * 22, "a b", "a" * 300):
                assert (await client.get(f"/track/{token}")).status_code == 404
            asked = [(await client.get(path)).status_code for _ in range(12)]
            assert asked[-1] == 429 and set(asked) == {200, 429}
            clock[0] += 60
            assert (await client.get(path)).status_code == 200
            with site.store().connections.writing() as db:
                db.execute(tables.tracks.update().values(made_us=now_us() - 61 * DAY_US))
            assert (await client.get(path)).status_code == 404
            cookie = {"cookie": f"{PAGE_COOKIE}={site.page_secret}"}
            listed = await client.get("/tracking?trouble=any", headers=cookie)
            assert listed.status_code == 200 and sscc(1) not in listed.text
            assert sscc(1) in (await client.get("/tracking?state=delivered&carrier=DHL", headers=cookie)).text

    run(talk())


def test_parcels_in_trouble_are_cases_once(folder: Path, run: Run) -> None:
    """No scan, no movement, promise passed, failed twice, lost: each once, with an owner and a due time."""

    async def talk() -> None:
        async with site_of(folder) as (client, site):
            leave(site, range(1, 6), hours=30)
            late = sold(6, lines=1)
            leave(site, range(6, 7), 30, replace(late, order=replace(late.order, promised="2026-01-01")))
            events = [event(2, "PU", 1700), event(3, "PU", 1700), event(3, "FA", 60, id="a"), event(3, "FA", 5, id="b")]
            events += [event(4, "LO", 50), event(5, "PU", 1000), event(5, "DL", 10), event(6, "PU", 100)]
            body, headers = message("m", *events)
            await client.post("/api/v1/hooks/acme", content=body, headers=headers)
            (look,) = [one for one in site.duties() if one.name == "tracking"]
            at = site.store().connections
            said = look.work(at, now_us())
            assert said == "4 parcels in trouble", said
            assert look.work(at, now_us()) == ""
            with at.reading() as db:
                found = {(row.sscc, row.kind): row.case_id for row in db.execute(sa.select(tables.troubles))}
            assert {(name, kind) for name, kind in found} == {
                (sscc(1), "no-scan"), (sscc(3), "attempts"), (sscc(4), "lost"), (sscc(6), "late")
            }  # fmt: skip
            assert len(set(found.values())) == 4 and all(found.values())
            told = [(row.told.type, row.told.subject) for row in site.store().outbox(0, 1_000)]
            assert sum(kind == "parcel.exception.v1" for kind, _ in told) == 4
            assert [name for kind, name in told if kind == "parcel.delayed.v1"] == ["f-6"]
            look.work(at, now_us() + 4 * DAY_US)
            with at.reading() as db:
                rows = db.execute(sa.select(tables.troubles.c.sscc, tables.troubles.c.kind)).all()
            assert (sscc(2), "no-movement") in rows and not any(name == sscc(5) for name, _ in rows)
            asked = await client.get("/api/v1/tracking?trouble=lost", headers=LOGIN)
            assert [one["sscc"] for one in asked.json()] == [sscc(4)]
            (file,) = [one for one in site.duties() if one.name == "manifests"]
            assert file.work(at, now_us()) == "2 manifests" and file.work(at, now_us()) == ""
            made = sorted(path.name for path in (folder / "out").iterdir())
            assert made == ["L1.csv", "L1.json", "L6.csv", "L6.json"]
            assert len(json.loads((folder / "out" / "L1.json").read_text())["lines"]) == 5
            with site.store().connections.writing() as db:
                goods = Article(sku="SKU-1", mass_g=1_250, goods=Goods.LIMITED_QUANTITY)
                catalogue.put_skus(db, [catalogue.Sku(goods)])
            weighed = (await client.get("/api/loads/L1", headers=LOGIN)).json()
            assert (weighed["mass_g"], weighed["limited_g"]) == (6_250, 6_250)
            rows = (await client.get("/api/loads/L1/manifest.csv", headers=LOGIN)).text.splitlines()
            assert len(rows) == 6 and rows[1].endswith(",1250,1")
            paper = await client.get("/api/loads/L1/manifest.pdf?language=zh-Hant", headers=LOGIN)
            text = "".join(one.extract_text() for one in PdfReader(BytesIO(paper.content)).pages)
            assert "限量危險品：5 件，毛重 6.25 公斤" in text and f"(00){sscc(3)}" in text

    run(talk())


class Mailbox:
    """What a foreign mail server took. ``refuse``: the answer to the next recipients, by turns."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.refuse: list[str] = []

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802  # its name
        if self.refuse:
            return self.refuse.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        assert isinstance(envelope.content, bytes)
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def test_a_customer_is_written_to_once_in_his_language(
    folder: Path, run: Run, server: tuple[Mailbox, int], caplog: pytest.LogCaptureFixture
) -> None:
    box, port = server
    with (folder / "SITE.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[mail]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nsender = "shop@example.org"\nname = "Shop"\n'
        )
        file.write('text.delivered.en = { subject = "Here: {order}", text = "Own words. {link}" }\n')

    async def talk() -> None:
        async with site_of(folder) as (client, site):
            config, at = site.config, site.store().connections
            route = MailRoute(site="demo", table=config.mail, url=config.tracking.url)

            def turn(at_us: int) -> list[str]:
                del box.got[:]
                mails.queue_mails(at, config.mail, at_us)
                mails.send_due(at, route, at_us)
                return [str(one["subject"]) for one in box.got]

            assert turn(now_us()) == []
            leave(site, range(1, 2))
            english = sold(2, lines=1)
            english = replace(english, consignee=replace(english.consignee, country="DE"))
            leave(site, range(2, 3), 1, english)
            nobody = sold(3, lines=1)
            leave(site, range(3, 4), 1, replace(nobody, consignee=replace(nobody.consignee, email="")))
            box.refuse = ["451 4.2.1 later, ming1@example.org"]
            assert turn(now_us()) == ["Your order #2 is on its way"]
            later_us = now_us() + HOUR_US
            assert turn(later_us) == ["您的訂單 #1 已出貨"]
            (mail,) = box.got
            assert mail["to"] == "ming1@example.org" and mail["from"] == "Shop <shop@example.org>"
            assert "2026-12-24" in mail.get_content() and "https://parcels.example.org/track/" in mail.get_content()
            assert turn(later_us + DAY_US) == [], "once"
            body, headers = message("m", event(1, "DL", 5), event(2, "DL", 5))
            await client.post("/api/v1/hooks/acme", content=body, headers=headers)
            box.refuse = ["550 5.1.1 no ming1@example.org"]
            at_us = now_us() + DAY_US
            assert turn(at_us) == ["Here: #2"] and box.got[0].get_content().startswith("Own words. https://")
            assert turn(at_us + DAY_US) == []
            with at.reading() as db:
                rows = db.execute(sa.select(tables.mails.c.state, tables.mails.c.trouble)).all()
                states = [row.state for n in (1, 2, 3) for row in mails.mails_of(db, sscc(n))]
            assert states == ["sent", "refused", "sent", "sent", "none"]
            assert "550" in rows[3].trouble + rows[4].trouble and not any("@" in row.trouble for row in rows)
            page = await client.get(f"/parcels/{sscc(1)}", headers=LOGIN)
            assert "given up" in page.text
            story = (await client.get("/api/v1/sales-orders/shop-1/timeline", headers=LOGIN)).json()["entries"]
            said = [one["text"] for one in story]
            assert f"Parcel {sscc(1)}: handed over to the carrier" in said, said
            assert f"Parcel {sscc(1)}: delivered" in said and any("written to" in one for one in said)
            with at.writing() as db:  # its carrier was suspended while it was in its tote
                outbox.append(db, delays.tell_delays(db, [delays.Delay("f-4", 1, 0, "suspended")], at_us), at_us)
            assert turn(at_us) == [], "nobody follows it yet"
            leave(site, range(4, 5))
            assert {*turn(at_us)} == {"您的訂單 #4 已出貨", "您的訂單 #4 將延後送達"}

    run(talk())
    assert "ming1" not in caplog.text
