"""What people ask: a wish becomes a request word for word, a feed of 0.1.0 is read, and words are one readable line."""

from __future__ import annotations

import argparse
import json
import queue
import re
import sqlite3
import sys
import threading
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_floor import order
from ports import free_port
from waiting import HANGS_S

from api.app import create_app
from api.server import listen, server
from edge.cli import main, parser
from edge.config.load import load_line, load_site
from edge.config.mqtt import MqttConfig
from edge.core.events import (
    AlarmRequested,
    LaneRequested,
    LoadRequested,
    OrderChanged,
    PointWriteRequested,
    Requested,
)
from edge.core.values.alarm import AlarmAction
from edge.core.values.load import Load, LoadAction
from edge.core.values.text import one_line
from edge.core.values.wishes import AlarmWish, LaneWish, LoadWish, PointWish, Wish, requested
from edge.journal.record import Record, encode
from edge.publish.mqtt_broker import Arrived
from edge.publish.mqtt_commands import REQUESTS, CommandDesk
from edge.publish.namespace import Namespace
from edge.site.store import SiteStore
from rfid.epc.identity import grai96, identify

# ---- wishes and the feed ---------------------------------------------------------------------------------------------


@given(wish=st.from_type(Wish), at_us=st.integers(1, 2**50), seq=st.integers(1, 2**40))  # type: ignore[arg-type]
def test_a_wish_is_requested_word_for_word(wish: Wish, at_us: int, seq: int) -> None:
    asked = requested(wish, at_us, seq)
    told = {field.name: getattr(asked, field.name) for field in fields(asked)}
    assert (told.pop("at_us"), told.pop("feed_seq"), told.pop("asked_us", at_us)) == (at_us, seq, at_us)
    assert told == {field.name: getattr(wish, field.name) for field in fields(wish)}


WISHES: tuple[tuple[Wish, int], ...] = (
    (LaneWish("sorter", 3, False, "Ann"), 6),
    (AlarmWish("jam.sorter.3", AlarmAction.SHELVE, "Ann", 1_800_000_000, "new antenna"), 7),
    (PointWish("tote1", "drive/setpoint", 1.25, "Ann"), 8),
    (LoadWish(action=LoadAction.OPEN, load_id="L1", by="Ann", load=Load(id="L1", dock="door1", carrier="DHL")), 9),
    (LoadWish(action=LoadAction.CLOSE, load_id="L1", by="Ann", forced=True, reason="the trailer leaves"), 10),
)
REQUESTED: tuple[OrderChanged | Requested, ...] = (
    OrderChanged(5, 1, order(1)),
    LaneRequested(at_us=6, feed_seq=2, line="sorter", lane=3, enabled=False, by="Ann"),
    AlarmRequested(
        at_us=7,
        feed_seq=3,
        alarm="jam.sorter.3",
        action=AlarmAction.SHELVE,
        by="Ann",
        for_us=1_800_000_000,
        comment="new antenna",
    ),
    PointWriteRequested(at_us=8, feed_seq=4, plc="tote1", point="drive/setpoint", value=1.25, by="Ann", asked_us=8),
    LoadRequested(
        at_us=9,
        feed_seq=5,
        action=LoadAction.OPEN,
        load_id="L1",
        by="Ann",
        load=Load(id="L1", dock="door1", carrier="DHL"),
    ),
    LoadRequested(
        at_us=10,
        feed_seq=6,
        action=LoadAction.CLOSE,
        load_id="L1",
        by="Ann",
        forced=True,
        reason="the trailer leaves",
    ),
)
ROWS_OF_0_1_0 = """
1|5|OrderChanged|{"at_us":5,"feed_seq":0,"order":{"id":"A-1001","carrier":"DHL","service":"express","lines":[{"gtin":"09521234000006","quantity":1,"sku":"","name":"","epcs":["(01)09521234000006(21)1012"]},{"gtin":"09521234000013","quantity":1,"sku":"","name":"","epcs":["(01)09521234000013(21)1013"]},{"gtin":"09521234000020","quantity":1,"sku":"","name":"","epcs":["(01)09521234000020(21)1014"]},{"gtin":"09521234000105","quantity":1,"sku":"","name":"","epcs":[]}],"tote":null,"parcel":"(00)095212340000000013","channel":"api","external":"","state":"open","codes":[]}}
2|6|LaneRequested|{"at_us":6,"feed_seq":0,"line":"sorter","lane":3,"enabled":false,"by":"Ann"}
3|7|AlarmRequested|{"at_us":7,"feed_seq":0,"alarm":"jam.sorter.3","action":"shelve","by":"Ann","for_us":1800000000,"comment":"new antenna"}
4|8|PointWriteRequested|{"at_us":8,"feed_seq":0,"plc":"tote1","point":"drive/setpoint","value":1.25,"by":"Ann","asked_us":8}
5|9|LoadRequested|{"at_us":9,"feed_seq":0,"action":"open","load_id":"L1","by":"Ann","load":{"id":"L1","dock":"door1","carrier":"DHL","trailer":"","services":[],"departure_us":0,"cutoff_us":0,"parcels":[]},"parcel":"","forced":false,"reason":""}
6|10|LoadRequested|{"at_us":10,"feed_seq":0,"action":"close","load_id":"L1","by":"Ann","load":null,"parcel":"","forced":true,"reason":"the trailer leaves"}
"""  # noqa: E501  # as they stood in its database


def test_a_feed_of_0_1_0_is_read_and_may_be_read_by_0_1_0(tmp_path: Path) -> None:
    """An api may be newer or older than the controllers for a while: what is written is the same, too."""
    rows = [
        (int(seq), int(at_us), *rest)
        for seq, at_us, *rest in (row.split("|", 3) for row in ROWS_OF_0_1_0.split("\n") if row)
    ]
    old, new = SiteStore(f"sqlite:///{tmp_path}/old.sqlite"), SiteStore(f"sqlite:///{tmp_path}/new.sqlite")
    with sqlite3.connect(tmp_path / "old.sqlite") as db:
        db.executemany("INSERT INTO feed VALUES(?,?,?,?)", rows)
        db.executemany("INSERT INTO feed_ref VALUES(?,?)", [("A-1001", 1), ("jam.sorter.3", 3), ("L1", 5), ("L1", 6)])
    db.close()
    assert new.put_orders([order(1)], 5).new == 1
    assert [new.request(wish, at_us) for wish, at_us in WISHES] == [2, 3, 4, 5, 6]
    with sqlite3.connect(tmp_path / "new.sqlite") as db:
        written = db.execute("SELECT seq, at_us, kind, body FROM feed").fetchall()
        # Which it passes over: to it, what was cancelled is not in the order, what quality refused may leave, what a
        # station bound is in no parcel, and a test divert, in a mode that it never begins, is no wish.
        later = re.compile(r',"cancelled":0|,"refused":false,"items":\[\]|,"trial":"","reason":""')
        assert [(*rest, later.sub("", body)) for *rest, body in written] == rows
    db.close()
    for store in (old, new):
        assert tuple(store.feed(0)) == REQUESTED
        assert store.by_ref("L1") == [
            Record(value.feed_seq, value.at_us, "", "LoadRequested", encode(value)) for value in REQUESTED[4:]
        ]
        store.close()


# ---- words -----------------------------------------------------------------------------------------------------------


def test_a_line_of_text_holds_what_can_be_read_and_nothing_else() -> None:
    for code in range(sys.maxunicode + 1):
        one, category = chr(code), unicodedata.category(chr(code))
        if category == "Zs":
            assert one_line(f"{one}王{one}小明 ") == "王 小明"
        elif category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            with pytest.raises(ValueError, match=rf"^character U\+{code:04X}: allowed are printable characters only$"):
                one_line(f"Ann{one}")
    for name in ("O’Neill", "Ægir Þór", "Zoë", "שרה", "李雷", "👷"):
        assert one_line(f" {name}\u3000") == name


BAD = ("A\0n", "A\x1b[31mn", "Ann\n", "A\x7fn", "A\x85n", "\u202eAnn", "A\u2066n", "A\u200bn", "A\u2028n", "A\ud800n")
LONGER = "/api/v1/cases/{number}/{action}"
"""Where a reason may be what somebody said on the telephone."""
LIMITS = {"by": 80, "dock": 80, "carrier": 80, "trailer": 80, "comment": 400, "reason": 400, "services.0": 80}
FILLED = {
    "line": "sorter", "lane": "3", "alarm": "missorts.sorter", "action": "shelve", "load_id": "L1",
    "plc": "tote1", "station": "drive", "role": "setpoint",
}  # fmt: skip
PARCEL = "(00)095212340000000013"
HTTP: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "/api/lines/{line}/lanes/{lane}": ({"enabled": True}, ("by",)),
    "/api/alarms/{alarm}/{action}": ({}, ("by", "comment")),
    "/api/plcs/{plc}/points/{station}/{role}": ({"value": 1.0}, ("by",)),
    "/api/loads": ({"dock": "door1", "carrier": "DHL"}, ("by", "dock", "carrier", "trailer")),
    "/api/loads/{load_id}/close": ({"forced": True}, ("by", "reason")),
    "/api/loads/{load_id}/add": ({"parcel": PARCEL}, ("by",)),
    "/api/loads/{load_id}/remove": ({"parcel": PARCEL}, ("by",)),
}
MQTT: dict[str, dict[str, Any]] = {
    "lane": {"line": "sorter", "lane": 3, "enabled": True, "by": "Ann"},
    "alarm": {"alarm": "missorts.sorter", "action": "shelve", "by": "Ann", "comment": ""},
}
CLI: dict[str, tuple[list[str], dict[str, str]]] = {
    "alarms": (["{site}", "--shelve", "missorts.sorter"], {"--by": "by", "--comment": "comment"}),
    "plc write": (["{site}", "tote1/drive/setpoint", "1"], {"--by": "by"}),
    "load open": (
        ["door1", "DHL", "--site", "{site}"],
        {"--by": "by", "--trailer": "trailer", "--service": "services.0"},
    ),
    "load close": (["L1", "--site", "{site}"], {"--by": "by", "--force": "reason"}),
    "load add": (["L1", PARCEL, "--site", "{site}"], {"--by": "by"}),
    "load remove": (["L1", PARCEL, "--site", "{site}"], {"--by": "by"}),
    "orders hold": (["1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "orders release": (["1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "orders cancel": (["1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "orders merge": (["1", "2", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "stock receive": (["SKU", "1", "A-1", "--site", "{site}"], {"--by": "by"}),
    "stock move": (["SKU", "1", "A-1", "A-2", "--site", "{site}"], {"--by": "by"}),
    "stock count": (["SKU", "A-1", "1", "--site", "{site}"], {"--by": "by"}),
    "waves plan": (["--site", "{site}"], {"--by": "by"}),
    "waves release": (["1", "--site", "{site}"], {"--by": "by"}),
    "waves withdraw": (["1", "--site", "{site}"], {"--by": "by"}),
    "picks claim": (["--site", "{site}"], {"--by": "picker"}),
    "picks emptied": ([identify(grai96("9521141", "12345", 1)), "--site", "{site}"], {"--by": "by"}),
    "picks put-back": (["1", "--site", "{site}"], {"--by": "by"}),
    "orders block": (
        ["--phone", "0912345678", "--reason", "x", "--site", "{site}"],
        {"--by": "by", "--reason": "reason"},
    ),
    "orders pay": (["A-1", "1", "--site", "{site}"], {"--by": "by"}),
    "orders unblock": (["1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "stations refuse": (
        ["1", "SKU", "label/label-wrong", "--site", "{site}"],
        {"--by": "by", "--note": "note"},
    ),
    "stations settle": (["1", "rework", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "stations pack": (
        ["1", "--station", "pack1", "--site", "{site}"],
        {
            "--by": "by",
            "--unverified": "unverified",
            "--differs": "differs",
            "--overruled": "overruled",
            "--again": "again",
        },
    ),
    "stations block-lot": (["SKU", "L1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "stations free-lot": (["SKU", "L1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "parcels label": (["1", "--site", "{site}"], {"--by": "by", "--again": "again"}),
    "parcels void": ([PARCEL, "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "parcels block": (["pack1", "--site", "{site}"], {"--by": "by"}),
    "kpis count": (["--site", "{site}"], {"--by": "by"}),
    "events again": (["erp", "--site", "{site}"], {"--by": "by"}),
    **{
        f"cases {what}": (["1", "x", "--site", "{site}"], {"--by": "by"})
        for what in ("answer", "authorise", "note", "refuse", "reopen")
    },
    **{f"cases {what}": (["1", "--site", "{site}"], {"--by": "by"}) for what in ("close", "settle", "take")},
    "cases came": (["3034257BF7194E4000001A85", "--cause", "x", "--site", "{site}"], {"--by": "by"}),
    "cases inspect": (["1", "1", "restock", "--site", "{site}"], {"--by": "by"}),
    "cases return": (["1", "--site", "{site}"], {"--by": "by"}),
    "tracking number": ([PARCEL, "x", "--site", "{site}"], {"--by": "by"}),
    "carriers suspend": (["carrier", "x", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
    "carriers resume": (["1", "--reason", "x", "--site", "{site}"], {"--by": "by", "--reason": "reason"}),
}
ASK_FIRST = {"orders import", "orders amend", "picks pick", "picks hand-back", "stations draw"}
"""Commands that post a form, keep a file, or ask for a round first; what they say is tried by its route."""
V1: dict[str, set[str]] = {
    "/api/v1/alarms/{alarm}/{action}": {"by", "comment"},
    "/api/v1/lines/{line}/trial": {"by", "reason"},
    "/api/v1/blocklist": {"by", "email", "order", "phone", "reason"},
    "/api/v1/blocklist/{seq}/remove": {"by", "reason"},
    "/api/v1/cases": {"by", "class", "key", "order", "words"},
    "/api/v1/cases/actions": {"owner", "value", "what"},
    "/api/v1/cases/returns": {"by", "key", "order", "words"},
    "/api/v1/cases/gate": {"by", "cause", "number"},
    "/api/v1/cases/{number}/units/{unit}": {"bin", "by", "code"},
    "/api/v1/cases/{number}/settle": {"by", "reason"},
    "/api/v1/cases/{number}/take": {"by", "owner"},
    "/api/v1/cases/{number}/close": {"by"},
    "/api/v1/cases/{number}/causes": {"by", "value"},
    "/api/v1/cases/{number}/{action}": {"by", "reason"},
    "/api/v1/services/suspensions": {"by", "reason", "carrier", "service", "lane", "from", "until"},
    "/api/v1/services/suspensions/{seq}/end": {"by", "reason"},
    "/api/v1/services/{service}/suspend": {"by", "reason"},
    "/api/v1/services/what-if": set(),
    "/api/v1/lines/{line}/config": {"by"},
    "/api/v1/kpis/count": {"by"},
    "/api/v1/lots/block": {"by", "lot", "reason", "sku"},
    "/api/v1/lots/free": {"by", "lot", "reason", "sku"},
    "/api/v1/lots/supplier": {"by", "lot", "sku", "supplier"},
    "/api/v1/packing/plan": {"service"},
    "/api/v1/tracking/numbers": {"by"},
    "/api/v1/parcels": {"again", "by", "order"},
    "/api/v1/quality/{seq}/settle": {"by", "reason"},
    "/api/v1/stations/{station}/pack": {"again", "by", "carton", "differs", "order", "overruled", "unverified"},
    "/api/v1/stations/{station}/quality": {"by", "lot", "note", "order"},
    "/api/v1/parcels/blocks": {"by", "station"},
    "/api/v1/parcels/{sscc}/print": {"printer"},
    "/api/v1/parcels/{sscc}/void": {"by", "reason"},
    "/api/v1/webhooks/{name}/again": {"by"},
    "/api/v1/pick-tasks/claim": {"picker"},
    "/api/v1/pick-tasks/{task}/hand-back": {"picker"},
    "/api/v1/pick-tasks/{task}/lines/{n}": {"over", "bin", "picker"},
    "/api/v1/put-backs/{seq}/done": {"by"},
    "/api/v1/stock/counts": {"bin", "sku", "lot", "why", "by"},
    "/api/v1/stock/movements": {"by"},
    "/api/v1/totes/{tote}/emptied": {"by"},
    "/api/v1/waves/plan": {"by"},
    "/api/v1/waves/{wave}/release": {"by"},
    "/api/v1/waves/{wave}/withdraw": {"by"},
}
"""Of the routes that answer as RFC 9457 says."""


class Site:
    """A real api, and every way to ask it for something; what is asked is answered with the problems."""

    def __init__(self, folder: Path, project: Path) -> None:
        for name in ("LINE.toml", "SITE.toml"):
            (folder / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
        port = free_port()
        self._path = folder / "SITE.toml"
        self._path.write_text(
            self._path.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}") + "[channels.shop]\n"
        )
        self.app = create_app(load_site(self._path))
        self._listener = listen("127.0.0.1", port)
        self._serving = server(self.app)
        self._thread = threading.Thread(target=self._serving.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        self._url = f"http://127.0.0.1:{port}"
        self._told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        config = MqttConfig(kind="mqtt", host="nowhere", commands=("lane", "alarm"), api=self._url)
        namespace = Namespace("demo", "edge1", load_line(folder / "LINE.toml").layouts())
        self._desk = CommandDesk(config, namespace, lambda message, _: self._told.put(message.payload), refuse)

    def close(self) -> None:
        self._desk.close()
        self._serving.should_exit = True
        self._thread.join(HANGS_S)
        self._listener.close()

    def http(self, path: str, key: str, text: str) -> list[str]:
        body, _ = HTTP[path]
        wish = json.dumps({"by": "Ann", **body, key: text}).encode()
        request = urllib.request.Request(self._url + path.format(**FILLED), wish, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=HANGS_S)
        with error.value as answer:
            assert answer.code == 422
            problems: list[str] = json.loads(answer.read())["problems"]
            return problems

    def v1(self, path: str, key: str, text: str) -> list[str]:
        """What is wrong with one key, among all that is missing."""
        names = {
            "service": "x",
            "station": "pack1",
            "name": "erp",
            "number": "1",
            "unit": "1",
            "action": "refuse",
            "line": "sorter",
        }
        given = path.format(alarm="missorts.sorter", task="1", n="1", seq="1", tote="T1", wave="1", sscc="1", **names)
        headers = {"Content-Type": "application/json", "If-Match": '"1"'}
        request = urllib.request.Request(self._url + given, json.dumps({key: text}).encode(), headers)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=HANGS_S)
        with error.value as answer:
            assert answer.code == 422
            assert answer.headers.get_content_type() == "application/problem+json"
            told = json.loads(answer.read())["errors"]
            return [f"{one['field']}: {one['detail']}" for one in told if one["field"] == key]

    def mqtt(self, what: str, key: str, text: str) -> list[str]:
        payload = json.dumps({**MQTT[what], key: text}).encode()
        topic = f"lanewise/demo/_edge/edge1/command/{what}"
        self._desk.take(Arrived(topic, payload, "", b"", {}, None, False, time.monotonic(), lambda: None))
        answer = json.loads(self._told.get(timeout=HANGS_S))
        assert answer["status"] == 422
        problems: list[str] = answer["problems"]
        return problems

    def cli(self, command: str, option: str, text: str) -> list[str]:
        words, _ = CLI[command]
        with redirect_stderr(StringIO()) as said:
            status = main([*command.split(), *(word.format(site=self._path) for word in words), f"{option}={text}"])
        assert status == 2
        return said.getvalue().removeprefix("lanewise: ").rstrip("\n").split("; ")


def refuse(message: object, correlation: bytes) -> None:
    raise AssertionError("nothing is refused here")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"), project)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("way", "where", "place", "key"),
    [("http", path, key, key) for path, (_, keys) in HTTP.items() for key in keys]
    + [("mqtt", what, key, key) for what, told in MQTT.items() for key in told if isinstance(told[key], str)]
    + [("v1", path, key, key) for path, keys in V1.items() for key in sorted(keys)]
    + [("cli", command, option, key) for command, (_, keys) in CLI.items() for option, key in keys.items()],
)
def test_what_people_write_is_one_readable_line_whichever_way_it_comes(
    site: Site, way: str, where: str, place: str, key: str
) -> None:
    ask: Callable[[str, str, str], list[str]] = getattr(site, way)
    for text in BAD:
        wrong = f"character U+{next(ord(one) for one in text if not one.isprintable()):04X}"
        assert ask(where, place, text) == [f"{key}: {text!r}: {wrong}: allowed are printable characters only"]
    if key in LIMITS and where != LONGER:
        limit = f"string should have at most {LIMITS[key]} characters"
        assert ask(where, place, "x" * (LIMITS[key] + 1)) == [f"{key}: '{'x' * 78}…: {limit}"]
    if key == "by":
        for text in ("", " \u3000"):
            assert ask(where, place, text) == ["by: '': string should have at least 1 character"]


def test_no_way_to_write_something_is_forgotten(site: Site) -> None:
    api = site.app.openapi()
    found = {}
    for path, methods in api["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if ref := content.get("application/json", {}).get("schema", {}).get("$ref"):
            keys = api["components"]["schemas"][ref.rpartition("/")[2]]["properties"]
            found[path] = {
                key
                for key, told in keys.items()
                if told.get("type") == "string" and not told.keys() & {"enum", "format"}
            } - {"parcel", "contract", "currency"}
    assert found == {path: set(keys) for path, (_, keys) in HTTP.items()} | V1
    texts_of = {
        what: {key for key in wanted | more if (wanted | more)[key] is str} for what, (wanted, more) in REQUESTS.items()
    }
    assert texts_of == {what: {key for key in told if isinstance(told[key], str)} for what, told in MQTT.items()}
    asking = {command: options for command, options in _commands(parser(), "") if options}
    assert asking.keys() - CLI.keys() == ASK_FIRST
    assert all(asking[command] == set(options) for command, (_, options) in CLI.items())


def _commands(of: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, set[str]]]:
    """Commands by which people ask for something, and the options that take words of theirs."""
    options = {one.option_strings[0]: one.metavar for one in of._actions if one.option_strings}
    if "--by" in options:
        yield name.strip(), {option for option, metavar in options.items() if metavar in ("NAME", "TEXT", "REASON")}
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part, its in action.choices.items():
                yield from _commands(its, f"{name} {part}")
