"""One order's way from a marketplace's file to its carrier's lane: real processes, HTTP, a folder, simulated belts."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from order_way import ORDER, WAY, Shop, commands_of, dies_at, open_shop, passes, told_in_order

from edge.cli import main
from edge.site.store import SiteStore

STORY = [  # of the order that leads: code, place, cause; of what is by chance the kind alone
    ("sale.taken", "tmall-orders.csv, row 3", "import *"),
    ("sale.passed", "review", "rules of review"),
    ("sale.merged", "order desk", "Ann: one consignee"),
    ("sale.planned", "wave *", "pickup sf *"),
    ("sale.wave-released", "wave *", "Lee"),
    ("order-new", "order feed", "entry * of the feed"),
    ("sale.claimed", "round *", "Bob"),
    ("sale.short", "bin A-1", "round *, line 2"),
    ("order-changed", "order feed", "entry * of the feed"),  # its tote
    ("sale.picked", "bin A-2", "round *, line 3"),
    ("sale.picked", "bin A-3", "round *, line 4"),
    ("sale.picked", "bin B-1", "round *, line 6"),
    ("sale.picked", "bin B-1", "round *, line 7"),
    ("tote-refused", "tote1, track *", "record * of the journal"),
    ("sorted-confirmed", "tote1, lane 2", "record * of the journal"),
    ("sale.to-put-back", "tote *", "cancelled"),
    ("order-changed", "order feed", "entry * of the feed"),  # without its plate
    ("tote-refused", "tote1, track *", "record * of the journal"),
    ("sorted-confirmed", "tote1, lane 2", "record * of the journal"),
    ("sale.back-in-bin", "bin A-2", "Eve"),
    ("tote-verified", "tote1, track *", "record * of the journal"),
    ("route-decided", "tote1, lane 1", "record * of the journal"),
    ("sorted-confirmed", "tote1, lane 1", "record * of the journal"),
    ("sale.labelled", "packing", "Eve"),
    ("order-changed", "order feed", "entry * of the feed"),  # its label
    ("inducted", "sorter, track *", "record * of the journal"),
    ("route-decided", "sorter, lane 1", "record * of the journal"),
    ("command-sent", "PLC sorter", "record * of the journal"),
    ("sorted-confirmed", "sorter, lane 1", "record * of the journal"),
    ("shipped", "sorter, lane 1", "record * of the journal"),
]
MERGED = [
    ("sale.taken", "tmall-orders.csv, row 4", "import *"),
    ("sale.amended", "order desk", "Ann: the customer rang"),
]
HELD = [
    ("sale.taken", "tmall-orders.csv, row 2", "import *"),
    ("sale.found", "review", "rules of review"),
    ("sale.released", "order desk", "Ann: reached through the channel"),
    ("sale.passed", "review", "rules of review"),
    ("sale.picked", "bin A-1", "round *, line 1"),
]


def test_from_the_file_to_the_lane(project: Path, tmp_path: Path, postgres_url: str) -> None:
    """On SQLite it is the page's, below."""
    with open_shop(project, tmp_path / "shop", postgres_url) as shop:
        for step in WAY:
            shop.do(step)
        at_its_end(shop, postgres_url)
        page = {language: shop.page(2, language) for language in ("en", "zh-Hant")}
        assert "bin A-1" in page["en"] and "tmall-orders.csv, row 3" in page["en"]
        assert "儲位 A-1" in page["zh-Hant"] and "tmall-orders.csv 第 3 列" in page["zh-Hant"]


@pytest.mark.timeout(400)
def test_the_api_process_is_killed_all_the_way(project: Path, tmp_path: Path, store_url: str) -> None:
    """Before a write in some transaction, again and again; people look, and ask once more."""
    lives = count()
    with open_shop(project, tmp_path / "shop", store_url, lambda: partial(dies_at, 12 + 6 * next(lives))) as shop:
        for step in WAY:
            shop.do(step)
        shop.until(lambda: at_its_end(shop, store_url))
        assert shop.ended > 5


def at_its_end(shop: Shop, store_url: str) -> bool:
    """Everything is where it belongs, whatever happened on the way."""
    orders = {number: shop.order(number) for number in range(1, 6)}
    assert {number: its["order"]["stage"] for number, its in orders.items()} == {
        1: "accepted", 2: "accepted", 3: "merged", 4: "accepted", 5: "held"
    }  # fmt: skip
    assert [one["code"] for one in orders[5]["open"]] == ["duplicate"]
    assert [(one["code"], one["by"]) for one in orders[1]["waivers"]] == [("phone-masked", "Ann")]
    assert {number: [(one["id"], one["state"]) for one in its["fulfilments"]] for number, its in orders.items()} == {
        1: [(f"{ORDER}1", "picked")], 2: [(f"{ORDER}2", "sorted")], 3: [(f"{ORDER}2", "sorted")],
        4: [(f"{ORDER}4", "picked")], 5: [],
    }  # fmt: skip
    assert {line["sku"]: line["cancelled"] for line in orders[3]["order"]["lines"]} == {"BOWL": 0, "PLA-W": 1}
    assert (orders[3]["refunded"], orders[3]["order"]["payment"]["paid"]) == (3_600, 2_400)
    assert shop.get("/api/v1/stock/audit") == []
    assert {row["sku"]: (row["sellable"], row["promised"]) for row in shop.get("/api/v1/stock")} == {
        "MUG-B": (9, 1), "PLA-W": (10, 0), "BOWL": (9, 0), "KET-S": (10, 1),
        "KET-L": (5, 0),
    }  # fmt: skip
    ledger = shop.get("/api/v1/stock/movements", limit="1000")
    assert Counter(row["kind"] for row in ledger) == {"receipt": 6, "count": 1, "ship": 3}
    assert max(Counter(str(row["cause"]) for row in ledger).values()) == 1
    assert shop.get("/api/v1/put-backs") == []
    store = SiteStore(store_url, readonly=True)
    rows = [row.told for row in store.outbox(0, 10_000)]
    store.close()
    # A tote that is refused comes back by another track.
    told = Counter((its.type, its.subject.removeprefix(ORDER), its.body.get("track")) for its in rows)
    assert {what: n for what, n in told.items() if n != 1} == {}
    kinds = Counter(its.type for its in rows)
    assert kinds.keys() >= {"order.taken.v1", "order.held.v1", "order.accepted.v1", "wave.released.v1"}
    assert kinds["tote.set-aside.v1"] == 2, "as the page has it: changed, and put back"
    assert told_in_order(shop.story(2), STORY) and told_in_order(shop.story(3), MERGED)
    assert told_in_order(shop.story(1), HELD)
    once = Counter((one["code"], one["place"], one["cause"]) for one in shop.story(2))
    assert not [one for one, n in once.items() if n > 1 and one[2]], "each cause once"
    return True


@pytest.mark.parametrize("page", ["from-file-to-lane.md", "from-file-to-lane.zh-Hant.md"])
def test_both_pages_have_the_same_commands(project: Path, page: str) -> None:
    assert commands_of(project, page) == commands_of(project, "from-file-to-lane.md")
    assert len(commands_of(project, page)) > 25


def test_the_page_s_way_by_hand(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/site.sqlite"
    with open_shop(project, tmp_path / "shop", url) as shop:
        monkeypatch.chdir(shop.folder)
        known: dict[str, str] = {}
        times = count(1)
        for command in commands_of(project, "from-file-to-lane.md"):
            name, _, words = command.rpartition("=$(")
            words = re.sub(r"\$(\w+)", lambda found: known[found[1]], words.partition(" |")[0])

            def said(words: str = words) -> str:
                assert main(shlex.split(words)[1:]) == 0, (words, capsys.readouterr())
                return capsys.readouterr().out

            if " tote1 " in command:
                passes(shop, next(times), said)
            else:
                known[name] = said().partition(":")[0]
        shop.until(lambda: bool(shop.get(f"/api/orders/{ORDER}2")["state"] == "shipped"))
        at_its_end(shop, url)
        assert main(["orders", "show", f"{ORDER}2"]) == 0
        assert re.search(r"Z  bin A-1 +1 of MUG-B short.*\(round .*, line 2\)$", capsys.readouterr().out, re.MULTILINE)
