"""The site store is away beneath a line at work: the line goes on with what it knows, and everything arrives once."""

from __future__ import annotations

import json
import signal
import sqlite3
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import Browser
from house import make_house
from order_way import BOWL, KETTLE, MUGS, PLATE, WAY, Shop, item, open_shop, parcel, tote
from postgres import Cluster, programs_path
from shop_files import taobao_items, taobao_orders
from waiting import wait_until

from edge.core.events import RouteDecided, RouteReason, Sorted, ToteChecked
from edge.intake.sales_orders import EXAMPLE
from edge.journal.reader import JournalReader
from edge.journal.record import Value
from edge.site.store import SiteStore
from edge.views.words.pages import PAGES
from rfid.epc.identity import identify

NEW = "4012345678901230006"
"""An order whose files come while nobody can store them."""
ATTENTION = "document.querySelector('#attention')?.textContent"
STRANGERS = (91, 92, 93)
"""Totes of orders that the line was never told of."""


@dataclass
class Store:
    """Where it is, and how it goes away and comes back."""

    url: str
    leave: Callable[[], None]
    come_back: Callable[[], None]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """SQLite: another program keeps the file's lock. PostgreSQL: its server is killed, and started again."""
    if request.param == "sqlite":
        file = tmp_path / "site.sqlite"
        with closing(sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)) as other:
            yield Store(f"sqlite:///{file}", lambda: _say(other, "BEGIN EXCLUSIVE"), lambda: _say(other, "ROLLBACK"))
        return
    monkeypatch.setenv("PATH", programs_path())
    cluster = Cluster(request.getfixturevalue("peer"), {"fsync": "on", "synchronous_commit": "on"})
    try:
        yield Store(cluster.database(), lambda: cluster.stop(signal.SIGQUIT), cluster.start)
    finally:
        cluster.end()


def _say(db: sqlite3.Connection, what: str) -> None:
    db.execute(what)


def test_the_line_goes_on_and_everything_arrives_once(project: Path, tmp_path: Path, store: Store) -> None:
    known = {1: [item("MUG-B", 13)], 2: [*MUGS, PLATE, BOWL], 4: [KETTLE]}
    with open_shop(project, tmp_path / "shop", store.url) as shop:
        for step in WAY[:14]:  # all is picked
            shop.do(step)
        wait_until(lambda: knows_totes(shop, store.url), shop.logs, pause_s=0.1)
        store.leave()
        for number, stranger in zip(known, STRANGERS, strict=True):
            shop.belt("tote1", tote(number), *known[number])
            shop.belt("tote1", tote(stranger), item("BOWL", stranger))
        bring(shop)
        shop.ask("POST", "/api/v1/sales-orders", 503, json=EXAMPLE)
        totes = [identify(tote(number)) for number in (*known, *STRANGERS)]
        wait_until(lambda: lanes_of(shop).keys() >= {*totes}, shop.logs, pause_s=0.1)
        assert [lanes_of(shop)[one] for one in totes] == [1, 1, 1, 2, 2, 2]
        reasons = {one.subject: one.reason for one in told(shop, RouteDecided) if one.subject in totes}
        assert [reasons[one] for one in totes] == [RouteReason.VERIFIED] * 3 + [RouteReason.NO_ORDER] * 3
        assert not (shop.folder / "in/tmall/done/new-orders.csv").exists()
        shop.until(lambda: not shop.get("/api/health")["ok"])
        store.come_back()
        shop.until(lambda: bool(shop.get("/api/health")["ok"]))
        shop.ask("POST", "/api/v1/sales-orders", 201, json=EXAMPLE)
        shop.until(lambda: bool(shop.get("/api/v1/sales-orders", q=NEW)["orders"]))
        shop.until(lambda: [shop.order(n)["fulfilments"][0]["state"] for n in known] == ["verified"] * 3)
        for step in WAY[-3:]:  # the line hears of a label again
            shop.do(step)
        shop.until(lambda: arrived(shop, store.url))
        assert shop.get("/api/v1/stock/audit") == []
        for number in known:
            story = Counter((one["code"], one["place"], one["cause"]) for one in shop.story(number))
            assert max(story.values()) == 1, story
        for stranger in STRANGERS:
            assert "no open order" in str(shop.get(f"/api/lookup/{tote(stranger)}"))


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_page_and_command_line_say_that_it_is_away_and_where_it_should_be(
    project: Path, tmp_path: Path, store: Store, peer: Callable[[str], str]
) -> None:
    """A night call in which nothing happens that is to be stored; one step is to look."""
    (tmp_path / "house").mkdir()
    house = make_house(project, tmp_path / "house")
    house.changed("SITE.toml", ("^store = .*", f'store = "{store.url}"'), into="SITE.toml")
    url = f"http://127.0.0.1:{house.ports['site']}"
    where = store.url.partition("?")[0].removeprefix("sqlite:///")
    with house.starts() as start, Browser(peer("chromium")) as page:
        start("api", "SITE.toml", err=house.folder / "log")
        wait_until(lambda: answers(url), (house.folder / "log").read_text)
        page.open(url)
        page.until("document.querySelectorAll('[data-language]').length")
        store.leave()
        for column, language in enumerate(("en", "zh-Hant")):
            page.ask(f"document.querySelector('[data-language={language}]').click()")
            title, todo = (PAGES[name][column] for name in ("trouble.store", "trouble.todo.store"))
            row = page.until(ATTENTION, lambda shown, title=title: title in (shown or ""))
            assert where in row and todo.removeprefix("{why}") in row, row
        page.open(url)  # whoever comes now sees it too
        page.until(ATTENTION, lambda shown: title in (shown or ""))
        said = house.run("alarms", "SITE.toml").out
        assert PAGES["trouble.store"][0] in said and where in said and "new ones are refused" in said
        store.come_back()
        page.until(ATTENTION, lambda shown: title not in (shown or ""))


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/api/health") as answer:
        return not json.loads(answer.read())["store_trouble"]
    return False


def knows_totes(shop: Shop, url: str) -> bool:
    """Whether the line has been told of the totes that were picked into."""
    opened = SiteStore(url, readonly=True)
    newest = opened.feed(0, 10_000)[-1].feed_seq
    opened.close()
    return any(getattr(value, "feed_seq", 0) == newest for value in values(shop))


def bring(shop: Shop) -> None:
    """The marketplace's next two files."""
    row = {"订单编号": NEW, "总金额": "59.50", "买家实际支付金额": "59.50", "收货人姓名": "周一", "宝贝总数量": "1"}
    inbox = shop.folder / "in" / "tmall"
    for name, body in (
        ("new-orders.csv", taobao_orders(row | {"收货地址": "江苏省 南京市 玄武区 中山路 7 号"})),
        ("new-items.csv", taobao_items({"订单编号": NEW, "购买数量": "1"})),
    ):
        (inbox / f"{name}.part").write_bytes(body)
        (inbox / f"{name}.part").rename(inbox / name)


def values(shop: Shop) -> list[Value]:
    """All that the journal has."""
    reader = JournalReader(shop.folder / "var" / "journal.sqlite")
    try:
        return [record.value for record in reader.every()]
    finally:
        reader.close()


def told(shop: Shop, kind: type) -> list:  # type: ignore[type-arg]
    """What the journal has of a kind."""
    return [value for value in values(shop) if isinstance(value, kind)]


def lanes_of(shop: Shop) -> dict[str, int]:
    """Where totes and parcels are, by the journal."""
    return {one.subject: one.lane for one in told(shop, Sorted)}


def arrived(shop: Shop, url: str) -> bool:
    """Whether the site has each verdict and each sorting of the journal as often as that; more would never end."""
    opened = SiteStore(url, readonly=True)
    found: Counter[str] = Counter()
    for name in {one.tote for one in told(shop, ToteChecked)} | {identify(parcel(1))}:
        found.update(record.kind for record in opened.by_ref(name) if record.kind in ("ToteChecked", "Sorted"))
    opened.close()
    return found == Counter(type(value).__name__ for value in values(shop) if isinstance(value, ToteChecked | Sorted))
