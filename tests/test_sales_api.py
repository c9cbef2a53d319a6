"""Sales orders over HTTP: each with its result, wishes that name the version they mean, no fault for any input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import Run
from example_site import client_of, example_site

from api.app import create_app
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.intake.sales_orders import EXAMPLE
from edge.site.store import SiteStore

SECRETS = ("王小明", "和平東路", "2345-6789", "+88622345", "ming@example.org")
ANY = {"if-match": "*"}


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    example_site(project, tmp_path)
    with (tmp_path / "SITE.toml").open("a", encoding="utf-8") as file:
        file.write('\n[channels.shop]\npreset = "shopify"\ncurrency = "TWD"\n')
    return load_site(tmp_path / "SITE.toml")


def order_of(number: int, **changed: Any) -> dict[str, Any]:
    consignee = {**EXAMPLE["consignee"], "email": "ming@example.org", "street": f"和平東路一段 {number} 號 3 樓"}
    paid = {"kind": "prepaid", "currency": "TWD", "total": 106_000, "freight": 6_000, "paid": 106_000}
    return {**EXAMPLE, "external": f"N{number}", "consignee": consignee, "payment": paid, **changed}


def test_orders_come_in_each_with_its_result(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            one = await client.post("/api/v1/sales-orders", json=order_of(1))
            assert (one.status_code, one.headers["etag"], one.json()["counts"]) == (201, '"1"', {"new": 1})
            assert (await client.post("/api/v1/sales-orders", json=order_of(1))).json()["counts"] == {"same": 1}
            bad = order_of(2, lines=[{"sku": "A", "quantity": 0}])
            wrong = await client.post("/api/v1/sales-orders", json=bad)
            assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
            assert [each["field"] for each in wrong.json()["errors"]] == ["lines.0.quantity"]
            many = await client.post("/api/v1/sales-orders", json=[order_of(1), bad, order_of(3)])
            assert [each["outcome"] for each in many.json()["results"]] == ["same", "refused", "new"]
            lines = (
                "\n".join(json.dumps(each) for each in (order_of(4), order_of(5, channel="other shop"))) + "\n{no JSON"
            )
            ndjson = {"content-type": "application/x-ndjson"}
            told = await client.post("/api/v1/sales-orders", content=lines.encode(), headers=ndjson)
            assert (told.status_code, told.json()["counts"]) == (200, {"new": 1, "refused": 2})

            files = [("file", ("orders.csv", SHOPIFY.encode(), "text/csv"))]
            upload = await client.post("/api/v1/imports", data={"channel": "shop", "by": "Ann"}, files=files)
            assert upload.status_code == 201, upload.text
            report = (await client.get(upload.headers["location"])).json()
            assert report["taken"] == {"new": 1} and [(row["row"], row["order"]) for row in report["set_aside"]] == [
                (3, "#1002")
            ]
            csv = await client.get(upload.headers["location"], headers={"accept": "text/csv"})
            assert csv.text.splitlines()[1].startswith("orders.csv,,3,")
            again = await client.post("/api/v1/imports", data={"channel": "shop"}, files=files)
            assert again.json()["taken"] == {"same": 1}
            none = await client.post("/api/v1/imports", data={"channel": "nowhere"}, files=[("x", b"")])
            assert [each["field"] for each in none.json()["errors"]] == ["channel", "file"]
            assert len((await client.get("/api/v1/imports")).json()) == 2
            assert (await client.get("/api/v1/imports/none")).status_code == 404

    run(talk())


_ROW = (
    "{0},paid,2026-11-30 09:31:00 +0800,TWD,500,60,560,2026-11-30 09:30:00 +0800,{1},Mug,500,MUG-B,{2},{3},臺北市,106,"
)
_ROW += "TW\n"
SHOPIFY = (
    "Name,Financial Status,Paid at,Currency,Subtotal,Shipping,Total,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem sku,Shipping Name,Shipping Street,Shipping City,Shipping Zip,Shipping Country\n"
    + _ROW.format("#1001", 1, "王小明", "和平東路一段 1 號")
    + _ROW.format("#1002", "some", "王小明", "和平東路一段 2 號")
)


def test_wishes_name_the_version_they_mean(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            unpaid = order_of(1, payment={**order_of(1)["payment"], "paid": 0})
            await client.post("/api/v1/sales-orders", json=[unpaid, order_of(2), order_of(3)])
            held = (await client.get("/api/v1/sales-orders", params={"stage": "held", "finding": "unpaid"})).json()
            assert [each["findings"] for each in held["orders"]] == [["unpaid"]]
            path = f"/api/v1/sales-orders/{held['orders'][0]['id']}"
            detail = await client.get(path)
            assert detail.headers["etag"] == '"1"' and detail.json()["consignee"]["name"] == "王小明"
            body = {"by": "Ann", "reason": "it is on its way"}
            assert (await client.post(f"{path}/release", json=body)).status_code == 428
            stale = await client.post(f"{path}/release", json=body, headers={"if-match": '"9"'})
            assert (stale.status_code, stale.json()["status"]) == (412, 412)
            no_name = await client.post(f"{path}/release", json={**body, "by": " "}, headers=ANY)
            assert [each["field"] for each in no_name.json()["errors"]] == ["by"]
            done = await client.post(f"{path}/release", json=body, headers={"if-match": '"1"'})
            assert (done.status_code, done.json()["order"]["stage"], done.headers["etag"]) == (200, "accepted", '"2"')
            twice = await client.post(f"{path}/release", json=body, headers=ANY)
            assert (twice.status_code, twice.json()["code"]) == (409, "order-refused.stage")

            two = "/api/v1/sales-orders/counter-N2"
            amended = await client.post(f"{two}/amend", json={**body, "wanted": {"1": 1}}, headers=ANY)
            assert [line["cancelled"] for line in amended.json()["order"]["lines"]] == [1]
            moved = {**body, "consignee": {**EXAMPLE["consignee"], "name": "林小華"}}
            assert (await client.post(f"{two}/amend", json=moved, headers=ANY)).json()["consignee"]["name"] == "林小華"
            split = await client.post(f"{two}/split", json={**body, "units": {"1": 1}}, headers=ANY)
            assert [each["id"] for each in split.json()["fulfilments"]] == ["counter-N2-1"]
            gone = await client.post(f"{two}/cancel", json=body, headers=ANY)
            assert gone.json()["order"]["stage"] == "cancelled" and gone.json()["refunded"] == 106_000
            told = (await client.get(f"{two}/timeline")).json()["entries"]
            assert [each["code"] for each in told] == [
                "sale.taken", "sale.passed", "sale.amended", "sale.amended", "sale.passed", "sale.split",
                "sale.cancelled",
            ]  # fmt: skip
            assert (await client.get("/api/v1/sales-orders/none")).status_code == 404
            assert (await client.get("/api/v1/sales-orders", params={"stage": "lost"})).status_code == 422

    run(talk())


def test_nothing_personal_is_in_lists_stories_feed_or_outbox(site: SiteConfig, run: Run) -> None:
    """O8, searched for."""

    async def talk() -> list[str]:
        async with client_of(create_app(site)) as client:
            masked = {**order_of(7)["consignee"], "phone": "09**345678"}
            await client.post(
                "/api/v1/sales-orders", json=[order_of(1), order_of(1, external="N1-b"), order_of(7, consignee=masked)]
            )
            names = [row["id"] for row in (await client.get("/api/v1/sales-orders")).json()["orders"]]
            for name in names:
                body = {"by": "Ann", "reason": "the customer rang"}
                await client.post(
                    f"/api/v1/sales-orders/{name}/contact", json={"by": "Ann", "note": "ming@example.org"}, headers=ANY
                )
                await client.post(f"/api/v1/sales-orders/{name}/cancel", json=body, headers=ANY)
            paths = ["/api/v1/sales-orders", "/api/v1/imports", "/api/state", "/metrics"]
            paths += [f"/api/v1/sales-orders/{name}/timeline" for name in names]
            found = await client.get("/api/v1/sales-orders", params={"q": "ming@example.org"})
            assert len(found.json()["orders"]) == 3
            return [found.text, *[(await client.get(path)).text for path in paths]]

    told = run(talk())
    store = SiteStore(site.store, readonly=True)
    told += [msgspec.json.encode(row).decode() for row in store.outbox(0)] + [repr(one) for one in store.feed(0)]
    store.close()
    for text in told:
        assert not [secret for secret in (*SECRETS, "345678") if secret in text]
