"""Whatever a page shows, a paper has printed or a scanner reads is found: the whole first, by indices alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from example_site import START_US, client_of, example_site, journal_of, write_journal
from hypothesis import given
from hypothesis import strategies as st
from numbers_shown import numbers_on
from sold import sold
from stocked import NOW_US, accept, planning, stocked
from waiting import until

from api.app import create_app
from edge.config.label import LabelTable
from edge.core.events import RouteDecided, Sorted, ToteChecked
from edge.intake.calendars import local_day
from edge.journal.reader import JournalReader
from edge.orders.articles import Article
from edge.orders.sscc import SsccRange
from edge.site import catalogue, dialect, drafts, finding, parcels, releasing, rounds, sales_list
from edge.site.finding import Hit
from edge.site.store import SiteStore
from edge.views.spoken import asked_for, shortened
from edge.views.words.table import LANGUAGES, say
from rfid.epc.identity import describe, grai96, sgtin96, sscc96

GTIN = "09521141001011"
EXPLAIN = {True: "EXPLAIN", False: "EXPLAIN QUERY PLAN"}
NEW = r"(?!.*USING (?:COVERING )?INDEX (?:ix_sales_order_taken|ix_feed_ref_seq))"
"""By which the newest are gone through, up to a number."""
THROUGH = {
    True: re.compile(r"Seq Scan on (?!progress)"),
    False: re.compile(rf"^SCAN (?!json_each|CONSTANT|anon|given|progress){NEW}"),
}
"""A table that is read from end to end, which only that of the journals may be."""
SERIALS = st.integers(1, 2**38 - 1)


@given(SERIALS, st.sampled_from(["tote", "parcel", "item"]))
def test_however_it_is_spelt_it_is_the_same_thing(serial: int, kind: str) -> None:
    """Hexadecimal, URIs, element string with and without brackets, link, as scanners send it, as pages say it."""
    tag = {
        "tote": lambda: grai96("9521141", "00010", serial),
        "item": lambda: sgtin96("9521141", "000101", serial),
        "parcel": lambda: sscc96("9521141", f"{serial % 10**10:010d}"),
    }[kind]()
    said = describe(tag)
    whole = str(said["identity"])
    plain = re.sub(r"[()]", "", whole)
    spelt = [tag, tag.lower(), said["uri"], said["tag_uri"], whole, said["digital_link"]]
    spelt += [f"{aim}{plain}" for aim in ("]C1", "]d2", "]Q3")]
    for text in spelt:
        assert whole in asked_for(str(text)).names, (text, asked_for(str(text)))
    for language in LANGUAGES:
        spoken = say(shortened(whole), language)
        ending = asked_for(spoken).ending
        assert ending and whole.endswith(ending), (spoken, ending)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("]E09521141001011", "9521141001011"),
        ("]C1010952114100101110LOT7", GTIN),
        ("https://id.gs1.org/01/09521141001011/10/LOT7", GTIN),
        ("(01)09521141001011(10)LOT7", GTIN),
        ("#1001", "1001"),
        ("Order A-1003", "A-1003"),
        ("訂單 A-1003", "A-1003"),
        ("Case 12", "12"),
    ],
)
def test_what_stands_around_a_number_is_no_part_of_it(text: str, name: str) -> None:
    assert name in asked_for(text).names


LEADS = re.compile(r"/(?:orders/o|stock/a|waves/w|parcels|cases/c)/[^/]+$|/picks/t/[^/]+/list.html$")


@contextmanager
def warehouse(url: str, secret: Path) -> Iterator[tuple[SiteStore, dict[str, str]]]:
    """Orders that are held, accepted, planned, released and in Ann's hands; one has a tote and a parcel."""
    with closing(SiteStore(url, secret_file=secret)) as store:
        yield store, filled(store)


def filled(store: SiteStore) -> dict[str, str]:
    """By what it is, a number that is whole."""
    by = planning(totes=2)
    stocked(store, units=20)
    with store.connections.writing() as db:
        catalogue.put_skus(db, [catalogue.Sku(Article(sku="SKU-0", gtins=((GTIN, 1),), mass_g=200), "杯子")])
    accept(store, [(4000 + at, {at % 8: 1, (at + 3) % 8: 2}) for at in range(1, 7)])
    waves = drafts.plan(store.connections, by, NOW_US).new
    assert releasing.release(store.connections, waves[0], by.limits, "Ann", NOW_US) is not None
    task = rounds.claim(store.connections, "Ann", NOW_US)
    assert task is not None
    name = task.lines[0].fulfilment
    label = parcels.give_label(store.connections, store.keys, SsccRange("9521141"), name, "Ann", NOW_US)
    store.take_sales([sold(123_456)], NOW_US)
    return {"wave": waves[0], "round": task.id, "fulfilment": name, "parcel": label.sscc}


def found(store: SiteStore, text: str, by_name: bool = False) -> list[Hit]:
    with store.connections.reading() as db:
        return finding.find(db, store.keys, asked_for(text), ("TW",), by_name)


def test_the_whole_comes_before_the_part_and_each_has_a_sentence(store_url: str, tmp_path: Path) -> None:
    with warehouse(store_url, tmp_path / "secret") as (store, there):
        for kind, name in there.items():
            hits = found(store, name)
            first = next(hit for hit in hits if hit.kind == kind)
            assert first.exact and first.key.removeprefix("(00)") == name, (name, hits)
            assert all(name in say(first.said, language) for language in LANGUAGES)
            assert [hit.exact for hit in hits] == sorted((hit.exact for hit in hits), reverse=True)
        sscc = there["parcel"]
        for part in (sscc[-6:], f"\u2026{sscc[-6:]}", f"Parcel \u2026{sscc[-6:]}", f"包裹 …{sscc[-6:]}", sscc[8:16]):
            assert ("parcel", f"(00){sscc}") in [(hit.kind, hit.key) for hit in found(store, part)], part
        assert [hit.key for hit in found(store, "#123456") if hit.exact] == ["shop-123456"]
        for part in ("3456", "1234", "#12345"):
            assert ("shop-123456", False) in [(hit.key, hit.exact) for hit in found(store, part)], part
        assert [hit.key for hit in found(store, f"]E0{GTIN[1:]}")] == ["SKU-0"]
        assert [hit.kind for hit in found(store, "B0-1")] == ["bin"]
        # Persons: by phone and mail for everybody who sees orders, by name for whom the site lets.
        for text in ("0900123456", "ming123456@example.org"):
            assert [hit.key for hit in found(store, text) if hit.kind == "order"] == ["shop-123456"]
        for text in ("王小明123456", "小明12345"):
            assert found(store, text) == []
            assert [hit.key for hit in found(store, text, by_name=True)] == ["shop-123456"]
        assert found(store, "") == found(store, "\ud800") == found(store, "no such thing") == []


def test_a_search_reads_no_table(store_url: str, tmp_path: Path) -> None:
    """Of each statement the plan: nothing is gone through but what is given, and the newest up to a number."""
    said: list[tuple[str, Any]] = []
    with warehouse(store_url, tmp_path / "secret") as (store, there):
        with store.connections.reading() as db:
            sa.event.listen(db, "before_cursor_execute", lambda *its: said.append((its[2], its[3])))
            postgresql = dialect.is_postgresql(db)
            for text in (*there.values(), "Tote 4563410944", "3456", there["parcel"][6:12]):
                finding.find(db, store.keys, asked_for(text), ("TW",), True)
                sales_list.named_by(db, store.keys, text, ("TW",))
        assert len(said) > 20
        with store.connections.reading() as db:
            if postgresql:  # which reads a small table whatever indices it has
                db.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for statement, values in said:
                rows = db.exec_driver_sql(f"{EXPLAIN[postgresql]} {statement}", values)
                plan = [str(row[-1]) for row in rows]
                read = [line for line in plan if THROUGH[postgresql].search(line)]
                assert not read, (statement, plan)


def test_whatever_a_page_shows_is_found(project: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    site = example_site(project, tmp_path).model_copy(update={"label": LabelTable(prefix="9521141")})
    write_journal(site, 30)
    app = create_app(site)

    async def scenario() -> None:
        async with client_of(app) as client:
            there = filled(app.state.site.store())
            await until(lambda: app.state.site.health().controllers[0].projected > 0)
            assert await shown_is_found(client) == []
            # An address for each: of its page, or of its story.
            for name, place in (
                (there["wave"], "/waves/w/"),
                ("shop-123456", "/orders/o/shop-123456"),
                ("B0-1", "/stock?bin=B0-1"),
            ):
                answer = await client.get(f"/t/{name}")
                assert (answer.status_code, answer.headers["location"][: len(place)]) == (303, place)
            state = (await client.get("/api/state")).json()
            subjects = {
                item["subject"] for line in state["lines"].values() for item in line["items"] if item["subject"]
            }
            subjects |= {its["tote"] for line in state["lines"].values() for its in line["verdicts"]}
            assert subjects
            for subject in sorted(subjects)[::8]:
                for text in (subject, *(say(shortened(subject), language) for language in LANGUAGES)):
                    hits = (await client.get("/api/v1/search", params={"q": text})).json()["hits"]
                    assert subject in [hit["key"] for hit in hits], (text, hits)
            await lists_say_what_the_journal_says(app.state.site, client)
            page = (await client.get("/find", params={"q": "400"})).text
            assert "Nothing has" in page

    run(scenario())


async def lists_say_what_the_journal_says(site: Any, client: httpx.AsyncClient) -> None:
    """By pages of one as by pages of many, as CSV as by JSON, and as somebody who reads the whole journal."""
    roles = {(its.name, lane.number): lane.role for its in site.layouts for lane in its.lanes}
    with closing(JournalReader(journal_of(site.config))) as journal:
        values = [record.value for record in journal.every()]
    wrong = [value.subject for value in values if isinstance(value, Sorted) and value.outcome != "confirmed"]
    wrong += [its.tote for its in values if isinstance(its, ToteChecked) and its.final and its.findings]
    lie: dict[str, tuple[str, int]] = {}
    for value in values:
        if isinstance(value, Sorted | RouteDecided | ToteChecked):
            name, visit = value.tote if isinstance(value, ToteChecked) else value.subject, (value.line, value.track_id)
            if not (isinstance(value, ToteChecked) and lie.get(name) == visit):
                lie.pop(name, None)
            if isinstance(value, Sorted) and roles.get((value.line, value.lane)) in ("quality", "reject"):
                lie[name] = visit
    day = str(local_day(START_US, site.config.time_zone))
    for name, keys in (("aside", [*lie]), ("wrong", wrong)):
        whole = (await client.get(f"/api/v1/lists/{name}", params={"limit": 1000, "day": day})).json()
        assert sorted(row["key"] for row in whole["rows"] if "#" not in row["key"]) == sorted(filter(None, keys)), name
        assert all(row["text"]["en"] and row["text"]["zh-Hant"] and row["code"] for row in whole["rows"])
        rows, after = list[Any](), ""
        while not rows or after:
            part = (await client.get(f"/api/v1/lists/{name}", params={"limit": 7, "after": after, "day": day})).json()
            rows, after = rows + part["rows"], part["after"]
        assert rows == whole["rows"] and not whole["after"]
        table = (await client.get(f"/lists/{name}.csv", params={"day": day})).text
        assert len(list(csv.reader(table.splitlines()))) == len(rows) + 1
        page = (await client.get(f"/lists/{name}", params={"day": day})).text
        assert len(re.findall("<tr data-key", page)) == min(100, len(rows))
    orders = (await client.get("/api/v1/lists/orders", params={"state": "released"})).json()["rows"]
    assert orders and {row["code"] for row in orders} == {"released"}
    for name in ("orders", "loads", "late"):
        assert (await client.get(f"/lists/{name}")).status_code == 200


async def shown_is_found(client: httpx.AsyncClient) -> list[str]:
    """Walks the pages that lead on from those of the head, and pastes each number that one shows; those not found."""
    ways = [
        "/orders",
        "/orders?stage=held",
        "/stock",
        "/waves",
        "/picks",
        "/put-backs",
        "/parcels",
        "/tracking",
        "/cases",
    ]
    known, lost, pasted = {*ways}, list[str](), set[str]()
    while ways:
        way = ways.pop()
        page = await client.get(way)
        assert page.status_code == 200, (way, page.text)
        links = {link for link in re.findall(r'href="(/[^"#?]+)"', page.text) if LEADS.match(link)}
        ways += links - known
        known |= links
        for text in set(numbers_on(page.text)) - pasted:
            pasted.add(text)
            answer = await client.get("/api/v1/search", params={"q": text})
            assert answer.status_code == 200, (text, answer.text)
            if not answer.json()["hits"]:
                lost.append(f"{way}: {text}")
    assert len(pasted) > 10
    return lost
