"""Stock, waves and picking over HTTP and by commands: what is taken, what is refused and with which field."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from conftest import Run
from example_site import client_of, example_site
from made_up_floor import tote
from ports import free_port
from stocked import accept
from waiting import wait_until

from api.app import create_app
from api.server import listen, server
from edge.cli import main
from edge.config.lines import SiteConfig
from edge.config.shipping import PlanTable, ServiceTable, ZoneTable, shipping_problems
from edge.intake.calendars import CalendarError, instant_us
from edge.intake.planning import planning_of
from edge.intake.stock_rows import read_stock
from edge.orders.articles import Goods, Stance
from rfid.epc.identity import describe

CSV = """sku,name,gtins,mass_g,bin,aisle,place,quantity,lot,expires
SKU-0,pen,4006381333931 14006381333938*10,20,A-1,1,1,5,L1,2027-01-31
SKU-0,,,,A-2,1,2,7,,
SKU-1,ink,,300,B-1,2,1,3,,
"""
TIMES = ("00:00", "06:00", "12:00", "18:00", "23:59")
ALWAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), TIMES)
SERVICE = {
    "carrier": "Post",
    "cutoffs": ALWAYS,
    "transit_days": {"home": 1},
    "rates": {"home": [[30_000, 100]]},
}


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    made = example_site(project, tmp_path)
    return made.model_copy(
        update={
            "service": {"post": ServiceTable.model_validate(SERVICE)},
            "plan": PlanTable(zone={"home": ZoneTable()}, lead_minutes=0, margin_minutes=0),
        }
    )


def test_an_order_goes_its_way_over_http(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        app = create_app(site)
        async with client_of(app) as client:
            csv = {"content-type": "text/csv"}
            answer = await client.post("/api/v1/stock/imports", content=CSV, headers=csv)
            assert answer.json() == {"articles_new": 2, "articles_changed": 0, "bins": 3, "receipts": 3, "known": 0}
            answer = await client.post("/api/v1/stock/imports", content=CSV, headers=csv)
            assert answer.json()["known"] == 3
            answer = await client.post("/api/v1/stock/imports", content=CSV.replace("B-1,2", "B-1,x"), headers=csv)
            assert answer.status_code == 422
            assert [one["field"] for one in answer.json()["errors"]] == ["row 4, aisle"]
            await asyncio.to_thread(accept, app.state.site.store(), [(1, {0: 2}), (2, {1: 9})])
            plan = (await client.post("/api/v1/waves/plan", json={"by": "Ann"})).json()
            assert (plan["members"], len(plan["new"]), plan["waiting"]) == (1, 1, [["shop-2", [["SKU-1", 6]]]])
            (wave,) = plan["new"]
            for again in (False, True):
                released = (await client.post(f"/api/v1/waves/{wave}/release", json={"by": "Ann"})).json()
                assert (released["members"], released["tasks"], released["again"]) == (1, 1, again)
            (row,) = (await client.get("/api/v1/waves")).json()
            assert (row["id"], row["state"]) == (wave, "released")
            claimed = await client.post("/api/v1/pick-tasks/claim", json={"picker": "Bob"})
            task = claimed.json()
            assert claimed.headers["etag"] == '"2"' and task["lines"][0]["at"]["bin"] == "A-1"
            assert (await client.post("/api/v1/pick-tasks/claim", json={"picker": "Eve"})).status_code == 204
            path = f"/api/v1/pick-tasks/{task['id']}/lines/1"
            body: dict[str, Any] = {"picker": "Bob", "units": 1, "tote": tote(1)}
            for headers, said, status, field in (
                ({}, body, 428, "If-Match"),
                ({"if-match": "three"}, body, 412, "If-Match"),
                ({"if-match": '"9"'}, body, 412, f"task {task['id']}"),
                ({"if-match": '"2"'}, body, 409, f"task {task['id']} line 1"),
                ({"if-match": '"2"'}, {**body, "tote": "x"}, 422, "tote"),
                ({"if-match": '"2"'}, {**body, "units": -1}, 422, "units"),
                ({"if-match": '"2"'}, {**body, "reason": "lazy"}, 422, "reason"),
            ):
                refused = await client.post(path, json=said, headers=headers)
                assert refused.headers["content-type"] == "application/problem+json"
                assert (refused.status_code, refused.json()["errors"][0]["field"]) == (status, field)
            body |= {"reason": "empty"}
            answer = await client.post(path, json=body, headers={"if-match": '"2"'})
            assert [line["at"]["bin"] for line in answer.json()["lines"]] == ["A-1", "A-2"]
            element = describe(tote(1))["element_string"]
            assert (await client.get("/api/orders/shop-1")).json()["tote"] == element
            other = await client.put(f"/api/v1/totes/{tote(1)}", json={"fulfilment": "shop-9"})
            assert other.status_code == 409
            assert (await client.get("/api/v1/stock/audit")).json() == []
            freed = await client.post(f"/api/v1/totes/{tote(1)}/emptied", json={"by": "Bob"})
            assert freed.json() == {"fulfilment": "shop-1"}
            for wrong in ("/api/v1/stock/none", "/api/v1/waves/none", "/api/v1/pick-tasks/none"):
                assert (await client.get(wrong)).status_code == 404
            moved = {"cause": {"kind": "test", "id": "1"}, "kind": "receipt", "sku": "SKU-0", "quantity": 1}
            for wrong_one, status in (
                ({**moved, "target": "nowhere"}, 409),
                ({**moved, "target": ""}, 409),
                ({**moved, "target": "A-1", "quantity": 0}, 422),
                ({**moved, "target": "a\u0000b"}, 422),
            ):
                answer = await client.post("/api/v1/stock/movements", json={"by": "Ann", "movements": [wrong_one]})
                assert answer.status_code == status and answer.json()["errors"], answer.text
            assert (await client.get("/api/v1/stock?after=%00")).status_code == 422
            assert (await client.get("/api/v1/put-backs")).json() == []
            assert (await client.get("/api/v1/waves/late")).status_code == 200

    run(talk())


def workbook(*rows: tuple[object, ...], notes: bool = False) -> bytes:
    """An XLSX with these rows below two empty ones; with ``notes`` behind a sheet of something else."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"default_date_format": "yyyy-mm-dd"}) as book:
        if notes:
            book.add_worksheet("Notes").write_row(0, 0, ["ask Ann", 7])
        sheet = book.add_worksheet("Stock")
        for number, row in enumerate(rows, 2):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell)
    return made.getvalue()


HEADER = ("SKU", "name", "gtins", "bin", "aisle", "quantity", "lot", "expires", "single_lot")


def test_a_workbook_says_what_its_csv_says() -> None:
    """As people make it: numbers typed as numbers, a day as a day, a truth as a truth."""
    rows = (("SKU-0", "pen", 4006381333931, "A-1", 1, 5, 17.0, date(2027, 1, 31), True), (700, "ink", "", "B-1", 2, 3))
    csv = (
        "sku,name,gtins,bin,aisle,quantity,lot,expires,single_lot\n"
        "SKU-0,pen,4006381333931,A-1,1,5,17,2027-01-31,true\n700,ink,,B-1,2,3,,,\n"
    )
    read = read_stock(csv.encode(), "Asia/Taipei", 7)
    assert not read.problems and len(read.receipts) == 2
    texts = (csv.encode("utf-16"), csv.replace(",", "\t").encode(), csv.replace(",", ";").encode("utf-8-sig"))
    for body in (workbook(HEADER, *rows), workbook(HEADER, *rows, notes=True), *texts):
        again = read_stock(body, "Asia/Taipei", 7)
        assert (again.problems, again.articles, again.bins, again.lots) == ((), read.articles, read.bins, read.lots)
        assert [one.target for one in again.receipts] == [one.target for one in read.receipts]
        assert len({one.cause for one in again.receipts}) == 2


def test_how_goods_are_packed_comes_with_them() -> None:
    """H37: an edge alone is no size; what a row does not say is not known. UN numbers are limited quantities here."""
    header = "sku,mass_g,length_mm,width_mm,height_mm,stance,on_top_g,un,packing_group,inner_ml,sealed\n"
    read = read_stock(f"{header}A,900,60,60,180,upright,0,1263,II,750,false\nB,,,,,,,,,,\n".encode(), "UTC", 7)
    (paint, _, _), (unknown, _, _) = read.articles
    assert (paint.edges_mm, paint.stance, paint.on_top_g, paint.sealed) == ((60, 60, 180), Stance.UPRIGHT, 0, False)
    assert (paint.goods, paint.longest_mm, paint.volume_mm3) == (Goods.LIMITED_QUANTITY, 180, 648_000)
    assert (unknown.edges_mm, unknown.on_top_g, unknown.un, unknown.sealed) == ((0, 0, 0), None, "", True)
    wrong = read_stock(f"{header}A,,60,,180,sideways,,12,IV,,\nB,,60,,180,,,,,,\n".encode(), "UTC", 7).problems
    assert [one.partition(": ")[0] for one in wrong] == [
        "row 2, stance",
        "row 2, un",
        "row 2, packing_group",
        "row 3, length_mm",
    ]


def test_what_is_wrong_in_a_workbook_stands_with_its_cell() -> None:
    rows = (
        ("SKU-0", "pen", "4006381333932", "A-1", 1, 5),
        ("SKU-1", "ink", "", "B-1", 1.5, 3),
        (4006381333931000001, "cap", "", "B-1", 2, 3),
        ("SKU-3", "nib", "", "", 2, 3),
        ("SKU-4", "bag", "", "B-2", 2, 3, "", "soon"),
    )
    said = [one.partition(": ")[0] for one in read_stock(workbook(HEADER, *rows), "UTC", 7).problems]
    assert said == [
        "Stock, row 4, C4 gtins",
        "Stock, row 5, E5 aisle",
        "Stock, row 6, A6 sku",
        "Stock, row 7, D7 bin",
        "Stock, row 8, H8 expires",
    ]
    (one,) = read_stock(workbook(("sku", "colour")), "UTC", 7).problems
    assert one.startswith("Stock, row 3, 'colour': allowed are")
    assert read_stock(workbook(("x",), notes=True), "UTC", 7).problems == (
        "row 1, sku: missing: no sheet has this column",
    )
    assert read_stock(b"PK\x03\x04junk", "UTC", 7).problems[0].startswith("body: not a workbook")
    assert read_stock("sku,name\n1,é".encode("latin-1"), "UTC", 7).problems[0].startswith("body: byte 11 is not UTF-8")


def test_commands_ask_the_api(
    site: SiteConfig, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    app = create_app(site.model_copy(update={"listen": f"127.0.0.1:{port}"}))
    toml = tmp_path / "asked.toml"
    text = (tmp_path / "SITE.toml").read_text(encoding="utf-8")
    toml.write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{port}"), encoding="utf-8")
    file = tmp_path / "stock.csv"
    file.write_text(CSV)
    with listen("127.0.0.1", port) as listener:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: running.started)
            accept(app.state.site.store(), [(1, {0: 2})])

            def asks(*words: str, status: int = 0) -> str:
                command, name, *rest = words
                assert main([command, name, "--site", str(toml), *rest]) == status
                return capsys.readouterr().out

            assert "2 articles new" in asks("stock", "import", str(file))
            book = tmp_path / "stock.xlsx"
            book.write_bytes(workbook(HEADER, ("SKU-8", "nib", "", "C-1", 3, 6)))
            assert "1 articles new, 0 changed, 1 bins, 1 receipts" in asks("stock", "import", str(book))
            book.write_bytes(workbook(HEADER, ("SKU-8", "nib", "", "C-1", 3, "six")))
            assert main(["stock", "import", "--site", str(toml), str(book)]) == 2
            assert "stock.xlsx: Stock, row 4, F4 quantity: 'six'" in capsys.readouterr().err
            assert asks("stock", "receive", "SKU-1", "4", "B-1", "--by", "Ann", "--cause", "7") == "booked\n"
            assert "known" in asks("stock", "receive", "SKU-1", "4", "B-1", "--by", "Ann", "--cause", "7")
            assert asks("stock", "move", "SKU-1", "1", "B-1", "A-1", "--by", "Ann") == "booked\n"
            assert asks("stock", "count", "SKU-1", "B-1", "6", "--by", "Ann") == "booked\n"
            assert asks("stock", "list", "SKU-1").splitlines()[0] == "SKU-1: 7 sellable, 0 promised  ink"
            assert asks("stock", "audit") == "the books agree\n"
            assert asks("waves", "plan", "--by", "Ann").startswith("1 orders: 1 new drafts")
            name = asks("waves", "list").partition(":")[0]
            assert "1 orders in 1 rounds" in asks("waves", "release", name, "--by", "Ann")
            assert f"{name}-1: order, open" in asks("picks", "list", "--wave", name)
            assert "assigned, Bob" in asks("picks", "claim", "--by", "Bob")
            assert "nothing" in asks("picks", "claim", "--by", "Eve", status=1)
            assert "order, done" in asks("picks", "pick", f"{name}-1", "1", "2", "--tote", tote(1), "--by", "Bob")
            assert "it was of shop-1" in asks("picks", "emptied", tote(1), "--by", "Bob")
            assert asks("waves", "measured").startswith("pick-line: planned with 20.0 s; configured 20.0 s, measured")
            assert asks("picks", "put-backs") == ""
            assert main(["picks", "pick", "--site", str(toml), f"{name}-1", "1", "2", "--by", "Bob"]) == 2
            assert "ended already" in capsys.readouterr().err
        finally:
            running.should_exit = True
            thread.join()


def test_services_of_a_site_become_instants() -> None:
    taipei = ServiceTable.model_validate({**SERVICE, "time_zone": "Asia/Taipei", "cutoffs": {"mon": ["16:00"]}})
    plan = PlanTable(
        zone={"north": ZoneTable(countries=("TW",), postcodes=("1", "2")), "home": ZoneTable(countries=("TW",))},
        time_zone="Asia/Taipei",
        horizon_days=10,
    )
    monday = instant_us(date(2026, 11, 30), time(16), "Asia/Taipei")
    made = planning_of({"post": taipei}, plan, monday - 1)
    first, second = made.pickups
    assert (first.cutoff_us, second.cutoff_us) == (monday, monday + 7 * 86_400_000_000)
    assert first.arrives == (("home", instant_us(date(2026, 12, 2), time(), "Asia/Taipei")),)
    assert made.terms.release_by_us[first.id] == monday - 100 * 60_000_000
    assert [made.zone_of("TW", "", code) for code in ("106", "700")] == ["north", "home"]
    assert made.zone_of("DE", "", "1") == ""
    assert made.promised_us("TW", "2026-12-01") == instant_us(date(2026, 12, 2), time(), "Asia/Taipei")
    wrong = ServiceTable.model_validate({**SERVICE, "rates": {"moon": [[5, 1], [5, 2]]}})
    assert list(shipping_problems({"post": wrong}, plan)) == [
        "service.post.rates.moon: no such zone: allowed are north, home",
        "service.post.transit_days.moon: missing: there is a rate into this zone",
        "service.post.rates.moon: grams must rise from step to step",
    ]
    with pytest.raises(CalendarError):
        planning_of({}, PlanTable(time_zone="Mars/Olympus"), 0)
