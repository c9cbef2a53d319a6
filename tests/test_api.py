"""The api process: orders in, stories and the live picture out, and what it refuses."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from conftest import Run
from example_site import START_US, TOKEN, client_of, example_site, journal_of, write_journal
from hypothesis import given
from hypothesis import strategies as st
from made_up_floor import MadeUpFloor, item, order, parcel, tote
from waiting import HANGS_S, until

from api.app import MAX_BODY, create_app
from api.server import ServeError, listen, server
from api.stream import QUEUE, Hub
from edge.config.lines import SiteConfig
from edge.config.load import ConfigError, load_line
from edge.core.events import DeviceChanged, LaneRequested, Measured, Started, ToteChecked
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order
from edge.journal.writer import Journal
from edge.site.store import Put, SiteStore
from edge.views.live import LiveView
from edge.views.words.table import LANGUAGES, language
from rfid.epc.identity import describe, identify


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    return example_site(project, tmp_path)


def order_json(number: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(msgspec.json.encode(order(number, in_tote=True)))
    return body


def test_orders_come_in_once_and_all_or_none(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            answer = await client.post("/api/orders", json=[order_json(1), order_json(2)])
            assert (answer.status_code, answer.json()) == (200, {"new": 2, "changed": 0, "same": 0})
            changed = {**order_json(2), "carrier": "UPS"}
            answer = await client.post("/api/orders", json=[order_json(1), changed, order_json(3)])
            assert answer.json() == {"new": 1, "changed": 1, "same": 1}
            assert (await client.get("/api/orders/A-1002")).json() == changed
            bad = {**order_json(5), "tote": "no tote"}
            answer = await client.post("/api/orders", json=[order_json(4), bad])
            assert answer.status_code == 422
            assert [problem.split(":")[0] for problem in answer.json()["problems"]] == ["1.tote"]
            assert (await client.get("/api/orders/A-1004")).status_code == 404, "all or nothing"
            rows = "id,carrier,gtin,quantity\nC-1,DHL,4006381333931,2\n"
            answer = await client.post("/api/orders", content=rows, headers={"content-type": "text/csv; charset=utf-8"})
            assert answer.json() == {"new": 1, "changed": 0, "same": 0}
            answer = await client.post("/api/orders", content=rows, headers={"content-type": "Text/CSV ;charset=UTF-8"})
            assert answer.json()["same"] == 1
            unknown = {**order_json(7), "carrier": "DLH"}
            answer = await client.post("/api/orders", json=[unknown, {**order_json(8), "state": "cancelled"}])
            (finding,) = answer.json()["findings"]
            assert finding.startswith("order A-1007: carrier 'DLH': no lane takes it: lanes: DHL, ")
            assert finding.endswith("; did you mean 'DHL'?")
            for carrier, near in (("dhl", "; did you mean 'DHL'?"), ("Quux", "")):
                answer = await client.post("/api/orders", json=[{**order_json(7), "carrier": carrier}])
                assert re.search(r"POST, .*", answer.json()["findings"][0]) and near in answer.json()["findings"][0]
            load = {"by": "Ann", "dock": "door1", "carrier": "dhl"}
            answer = await client.post("/api/loads", json=load)
            assert answer.status_code == 422 and "'dhl': lanes write it 'DHL': did you mean 'DHL'?" in answer.text
            taken = {**order_json(9), "parcel": order_json(3)["parcel"]}
            answer = await client.post("/api/orders", json=taken)
            assert (answer.status_code, answer.json()["problems"]) == (
                409,
                [f"order A-1009: parcel {taken['parcel']}: open order A-1003 has it"],
            )
            shop = {**order_json(6), "channel": "shop", "external": "1"}
            assert (await client.post("/api/orders", json=shop)).status_code == 200
            clash = {**order_json(1), "channel": "shop", "external": "1"}
            answer = await client.post("/api/orders", json=clash)
            assert answer.status_code == 409 and "A-1006" in answer.json()["problems"][0]

    run(talk())


def test_what_people_ask_does_not_wait_for_orders(site: SiteConfig, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests with orders are under way: they are taken one after the other, beside everything else."""
    begun, go_on = threading.Event(), threading.Event()
    put_orders = SiteStore.put_orders
    collected: list[bool] = []

    def put_late(store: SiteStore, orders: tuple[Order, ...], at_us: int) -> Put:
        begun.set()
        collected.append(gc.isenabled())
        assert go_on.wait(HANGS_S)
        return put_orders(store, orders, at_us)

    monkeypatch.setattr(SiteStore, "put_orders", put_late)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            orders = [asyncio.create_task(client.post("/api/orders", json=order_json(one))) for one in range(50)]
            assert await asyncio.to_thread(begun.wait, HANGS_S)
            lane = await client.post("/api/lines/sorter/lanes/3", json={"enabled": False, "by": "Ann"})
            assert lane.status_code == 202 and not any(one.done() for one in orders)
            go_on.set()
            assert [(await one).json()["new"] for one in orders] == [1] * 50
        assert not any(collected) and gc.isenabled()

    run(talk())


def test_everything_is_found_under_every_name(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        store = SiteStore(site.store)
        store.put_orders([order(number, in_tote=True) for number in range(20)], START_US - 1)
        store.close()
        count = write_journal(site)
        async with client_of(create_app(site)) as client:
            await until(lambda: projected(client, count))
            by_order = (await client.get("/api/lookup/A-1003")).json()
            assert [one["id"] for one in by_order["orders"]] == ["A-1003"]
            codes = [entry["code"] for entry in by_order["entries"]]
            assert codes[0] == "order-new" and {"inducted", "route-decided", "sorted-confirmed"} < set(codes)
            words = (await client.get("/api/words")).json()["en"]
            assert [said(entry, words) for entry in by_order["entries"]] == [
                entry["text"] for entry in by_order["entries"]
            ]
            times = [entry["at_us"] for entry in by_order["entries"]]
            assert times == sorted(times)
            for hexadecimal in (tote(3), parcel(3), item(36)):
                for spelling in ("hex", "uri", "tag_uri", "element_string", "digital_link"):
                    key = str(describe(hexadecimal)[spelling])
                    answer = await client.get(httpx.URL(f"http://127.0.0.1:8000/api/lookup/{quoted(key)}"))
                    assert answer.status_code == 200, (key, answer.text)
                    assert {one["id"] for one in answer.json()["orders"]} == {"A-1003"}, key
            answer = await client.get("/api/lookup/tote1%231")
            assert answer.status_code == 200 and answer.json()["entries"]
            answer = await client.get("/api/lookup/nobody")
            assert answer.status_code == 404
            assert answer.json() == {
                "problems": ["nobody: nothing is known under this name"],
                "said": [
                    {
                        "code": "given.of",
                        "values": {"of": "nobody", "known": {"code": "given.nothing-known", "values": {}}},
                    }
                ],
            }

    run(talk())


def test_words_are_sent_once(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            answer = await client.get("/api/words")
            assert answer.json() == {name: language(name) for name in LANGUAGES}
            assert answer.headers["cache-control"] == "no-cache" and answer.headers["etag"].startswith('"')
            again = await client.get("/api/words", headers={"if-none-match": f'W/"old", {answer.headers["etag"]}'})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == answer.headers["etag"]

    run(talk())


def said(word: Any, words: dict[str, str], between: str = "") -> str:
    """What a program makes of code and values by /api/words alone."""
    match word:
        case {"code": code, "values": values}:
            place = re.compile(r"\{(\w+)(?::([^}]*))?\}")
            return place.sub(lambda its: said(values[its[1]], words, its[2] or ""), words[code])
        case list():
            return between.join(said(one, words) for one in word)
        case _:
            return str(word)


def quoted(key: str) -> str:
    return "".join(letter if letter.isalnum() else f"%{ord(letter):02X}" for letter in key)


async def projected(client: httpx.AsyncClient, count: int) -> bool:
    health = (await client.get("/api/health")).json()
    return bool(health["ok"]) and health["controllers"][0]["projected"] == health["controllers"][0]["seen"] == count


def test_operators_requests_reach_the_feed(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            answer = await client.post("/api/lines/sorter/lanes/3", json={"enabled": False, "by": " Ann "})
            assert (answer.status_code, answer.json()) == (202, {"feed_seq": 1})
            store = SiteStore(site.store, readonly=True)
            (asked,) = store.feed(0)
            store.close()
            assert isinstance(asked, LaneRequested)
            assert (asked.line, asked.lane, asked.enabled, asked.by) == ("sorter", 3, False, "Ann")
            for path, body, status, problem in (
                (
                    "nowhere/lanes/3",
                    {"enabled": True, "by": "A"},
                    404,
                    "line 'nowhere': allowed are tote1, ",
                ),
                ("tote1/lanes/3", {"enabled": True, "by": "A"}, 404, "line tote1: lane 3: allowed are 1, 2"),
                ("tote1/lanes/1", {"enabled": 1, "by": "A"}, 422, "enabled: "),
                ("tote1/lanes/1", {"enabled": True, "by": " "}, 422, "by: "),
                ("tote1/lanes/1", {"enabled": True}, 422, "by: missing: this key is required"),
            ):
                answer = await client.post(f"/api/lines/{path}", json=body)
                assert answer.status_code == status and answer.json()["problems"][0].startswith(problem), answer.text

    run(talk())


def test_pages_of_others_and_strangers_are_refused(site: SiteConfig, tmp_path: Path, run: Run) -> None:
    async def talk() -> None:
        local = create_app(site)
        async with client_of(local) as client:
            answer = await client.get("/api/state", headers={"host": "evil.example:8000"})
            assert answer.status_code == 421 and "evil.example" in answer.json()["problems"][0]
            for host in ("localhost", "[::1]:8000", "127.0.0.1"):
                assert (await client.get("/api/state", headers={"host": host})).status_code == 200
            post = {"url": "/api/orders", "json": order_json(1)}
            for headers, status in (
                ({"origin": "http://evil.example"}, 403),
                ({"origin": "null"}, 403),
                ({"origin": "http://127.0.0.1:9999"}, 403),
                ({"sec-fetch-site": "cross-site"}, 403),
                ({"content-type": "text/plain"}, 415),
                ({"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}, 200),
            ):
                assert (await client.post(**post, headers=headers)).status_code == status, headers
            answer = await client.post(
                "/api/orders", content=b" " * (MAX_BODY + 1), headers={"content-type": "application/json"}
            )
            assert answer.status_code == 413
            answer = await client.get("/")
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert (await client.get("/api/openapi.json")).json()["paths"].keys() >= {"/api/orders", "/api/live"}
            assert (await client.get("/docs")).status_code == 404
        secret = tmp_path / "token"
        secret.write_text(f"{TOKEN}\n")
        guarded = create_app(site.model_copy(update={"token_file": secret}))
        async with client_of(guarded) as client:
            assert (await client.get("/")).status_code == 200, "the page itself holds nothing"
            assert (await client.get("/api/words")).status_code == 200, "it asks for the token in words"
            for authorization in ("", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"):
                headers = [(b"authorization", authorization.encode())]
                answer = await client.get("/api/state", headers=headers)
                assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            headers_ok = {"authorization": f"Bearer {TOKEN}", "host": "lanes.example"}
            assert (await client.get("/api/state", headers=headers_ok)).status_code == 200
        secret.write_text("short")
        with pytest.raises(ConfigError, match="5 characters: allowed are 24 or more"):
            create_app(site.model_copy(update={"token_file": secret}))

    run(talk())


def test_health_says_what_is_missing_and_recovers(site: SiteConfig, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A journal that is not there yet, then is, then is another; a store that is no database, then is."""

    path = Path(site.store.removeprefix("sqlite:///"))
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            health = (await client.get("/api/health")).json()
            assert not health["ok"] and "not a database" in health["store_trouble"]
            answer = await client.post("/api/orders", json=order_json(1))
            assert answer.status_code == 503 and "not a database" in answer.json()["problems"][0]
            await until(lambda: trouble(client, "No such file"))
            assert [one.getMessage().count("not a database") for one in caplog.records].count(1) == 1, "said once"
            assert (await client.get("/api/state")).json()["lines"]["sorter"]["items"] == []
            remove_store(site)
            count = write_journal(site, 20)
            await until(lambda: projected(client, count))
            remove_journal(site)
            count = write_journal(site, 30, START_US + 3_600_000_000)
            await until(lambda: projected(client, count))
            store = SiteStore(site.store, readonly=True)
            assert len(store.by_ref("sorter#2005")) > 10, "tracks of both journals"
            store.close()

    run(talk())


def test_each_journal_is_open_once(site: SiteConfig, run: Run) -> None:
    """Picture, doors, the hour before and the store are all told from one open file."""
    count = write_journal(site, 20)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            await until(lambda: projected(client, count))
            assert opened(journal_of(site)) == 1

    run(talk())


def test_health_says_that_a_controller_is_silent(site: SiteConfig, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.follow.SILENT_S", 0.1)
    write_journal(site, 5)
    journal = Journal(journal_of(site))
    alive = Measured(START_US + 9_000_000, "controller", (("unstored", 0.0),))
    journal.append([alive])
    journal.flush()

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            await until(lambda: trouble(client, "is `lanewise run` running?"))

            async def lives() -> bool:
                journal.append([alive])
                journal.flush()
                return not (await client.get("/api/health")).json()["controllers"][0]["journal_trouble"]

            await until(lives)

    run(talk())
    journal.close()


def remove_store(site: SiteConfig) -> None:
    Path(site.store.removeprefix("sqlite:///")).unlink()


def remove_journal(site: SiteConfig) -> None:
    for old in journal_of(site).parent.glob("journal.sqlite*"):
        old.unlink()


def opened(path: Path) -> int:
    """How often this process has a file open."""
    return [one.resolve() for one in Path("/proc/self/fd").iterdir()].count(path.resolve())


async def trouble(client: httpx.AsyncClient, text: str) -> bool:
    return text in (await client.get("/api/health")).json()["controllers"][0]["journal_trouble"]


# ---- live ------------------------------------------------------------------------------------------------------------


def test_the_stream_begins_with_the_picture_and_ends_with_the_server(site: SiteConfig, run: Run) -> None:
    async def talk() -> None:
        write_journal(site, 20)
        app = create_app(site)
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            with pytest.raises(ServeError, match=f"127.0.0.1:{port}: Address already in use: end what uses it"):
                listen("127.0.0.1", port)
            serving = server(app)
            task = asyncio.create_task(serving.serve(sockets=[listener]))
            kinds: list[str] = []
            async with asyncio.timeout(100), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                await until(lambda: answers(client))
                async with client.stream("GET", "/api/live") as answer:
                    assert answer.headers["content-type"].startswith("text/event-stream")
                    kind, inducted = "", 0
                    async for line in answer.aiter_lines():
                        if line.startswith("event: "):
                            kind = line.removeprefix("event: ")
                            kinds.append(kind)
                        if not line.startswith("data: "):
                            continue
                        value = json.loads(line.removeprefix("data: "))
                        if kind == "snapshot":
                            inducted = value["lines"]["sorter"]["counts"]["inducted"]
                            write_more(site)
                        elif kind == "changes" and "sorter" in value["lines"]:
                            counts = value["lines"]["sorter"]["counts"]
                            if counts and counts["inducted"] == inducted + 1:
                                serving.should_exit = True
                await task
            assert kinds[:2] == ["snapshot", "health"] and "changes" in kinds

    run(talk())


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        health = (await client.get("/api/health")).json()
    except httpx.TransportError:
        return False
    return bool(health["controllers"][0]["seen"])


def write_more(site: SiteConfig) -> None:
    journal = Journal(journal_of(site))
    value = next(
        value
        for value in MadeUpFloor(load_line(site.controller[0].config).layouts(), START_US).until(START_US + 20_000_000)
        if type(value).__name__ == "PlcEvent"
        and getattr(value, "plc", "") == "sorter"
        and getattr(value, "type", 0) == 1
    )
    journal.append([msgspec.structs.replace(value, track_id=9) if isinstance(value, msgspec.Struct) else value])
    journal.flush()
    journal.close()


def test_a_slow_listener_holds_up_nobody_and_gets_a_new_picture(run: Run) -> None:
    async def talk() -> None:
        pictures = iter(range(100))
        hub = Hub(lambda: b"picture %d" % next(pictures))
        slow, quick = hub.listen(), hub.listen()
        assert (await anext(slow), await anext(quick)) == (b"retry: 1000\n\npicture 0", b"retry: 1000\n\npicture 1")
        got = []
        for number in range(QUEUE + 5):
            hub.publish(b"change %d" % number)
            got.append(await anext(quick))
        assert got == [b"change %d" % number for number in range(QUEUE + 5)]
        hub.close()
        late = [message async for message in slow]
        assert late == [b"picture 2", *(b"change %d" % number for number in range(QUEUE + 1, QUEUE + 5))]
        assert [message async for message in quick] == []
        assert [message async for message in hub.listen()] == []
        assert len(hub) == 0

    run(talk())


@given(seconds=st.integers(1, 40), cuts=st.lists(st.integers(1, 60), max_size=8))
def test_snapshot_and_changes_tell_the_same(project: Path, seconds: int, cuts: list[int]) -> None:
    """Whoever takes a snapshot and the changes behind it has what a later snapshot says."""
    layouts = load_line(project / "examples/warehouse/LINE.toml").layouts()
    view = LiveView(layouts)
    values = list(MadeUpFloor(layouts, START_US).until(START_US + seconds * 1_000_000))
    now_us = START_US
    held = msgspec.to_builtins(view.snapshot(now_us))
    items: dict[tuple[str, int], Any] = {}
    lanes: dict[tuple[str, int], Any] = {}
    verdicts: dict[tuple[str, int], Any] = {}
    counts = {name: line["counts"] for name, line in held["lines"].items()}
    while values:
        size = cuts.pop() if cuts else len(values)
        portion, values = values[:size], values[size:]
        for value in portion:
            view.apply(value)
            now_us = max(now_us, value.at_us)
        view.pass_time(now_us)
        for name, change in view.changes(now_us).lines.items():
            for item_view in change.items:
                items[name, item_view.track] = item_view
            for lane in change.lanes:
                lanes[name, lane.number] = lane
            for verdict in change.verdicts:
                verdicts[name, verdict.passage] = verdict
            counts[name] = change.counts or counts[name]
    end = view.snapshot(now_us)
    for name, line in end.lines.items():
        mine = {track: its for (of, track), its in items.items() if of == name and its.place == "belt"}
        assert mine == {its.track: its for its in line.items}
        for lane in line.lanes:
            assert lanes.get((name, lane.number), lane) == lane
        for verdict in line.verdicts:
            assert verdicts[name, verdict.passage] == verdict
        assert line.counts == counts[name]
    assert not view.changes(now_us)


def test_a_verdict_that_changes_is_counted_once(layouts: tuple[LineLayout, ...]) -> None:
    view = LiveView(layouts)
    checked = ToteChecked(
        at_us=START_US,
        line="tote1",
        track_id=4,
        passage=9,
        tote=identify(tote(1)),
        order="A-1",
        final=False,
        matched=(),
        findings=(),
    )
    view.apply(checked)
    view.apply(msgspec.convert({**msgspec.to_builtins(checked), "final": True}, ToteChecked))
    counts = view.snapshot(START_US).lines["tote1"].counts
    assert (counts.totes_verified, counts.totes_refused) == (1, 0)
    findings = [{"kind": "missing", "subject": "09521234000105"}]
    view.apply(msgspec.convert({**msgspec.to_builtins(checked), "final": True, "findings": findings}, ToteChecked))
    counts = view.snapshot(START_US).lines["tote1"].counts
    assert (counts.totes_verified, counts.totes_refused) == (0, 1)


def test_a_new_process_has_heard_no_reader(layouts: tuple[LineLayout, ...]) -> None:
    view = LiveView(layouts, ["reader.tote1", "reader.sorter", "plc.main"])
    for device, up in (("reader.tote1", True), ("reader.sorter", False), ("plc.main", True)):
        view.apply(DeviceChanged(START_US, device, up, "so"))
    began = Started(at_us=START_US + 1, controller="edge1", version="", layouts=layouts)
    for running in (True, False):
        before = {its.name: its.up for its in view.snapshot(START_US).devices}
        view.apply(replace(began, running=running))
    assert before == {"reader.tote1": True, "reader.sorter": False, "plc.main": True}
    assert {its.name: its.up for its in view.snapshot(START_US).devices} == before | {"reader.tote1": None}
    assert [its.name for its in view.changes(START_US).devices if its.up is None] == ["reader.tote1"]
