"""Everybody's pages in one browser: each role does its part by clicks and keys, then every page is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from browser import Browser
from order_way import BOWL, FILES, KETTLE, ORDER, Shop, is_sorted, open_shop, parcel, tote
from people import ENTER, ESCAPE, Person

from api.navigation import PAGES
from api.rights import ROUTES
from edge.sim.control import tell
from rfid.epc.identity import describe

TOKEN = "a-token-of-twenty-four-characters"
PEOPLE = {"lee": "lead", "bob": "picker", "eve": "packer", "max": "operator"}
SIGNED_IN = """[accounts]

[kpi]
people = true
shifts = { day = ["00:00", "12:00"], night = ["12:00", "00:00"] }

[channels.tmall]"""
KETTLE_4 = f"{ORDER}4"

DESK, WALL, TABLET = (1366, 768), (1920, 1080), (820, 1180)
LOOKS = tuple(product(("light", "dark"), (DESK, WALL, TABLET)))
TAKEN = {"en": (0, 4), "zh-Hant": (2,)}
"""Which of the looks, from one on that is another for each page; all of them with LANEWISE_WALK=all. Its width is
measured at all sizes.
"""
MOST_OCTETS = 300_000
NO_PAGE = re.compile(r"^/(api|metrics|login|track|t)(/|$)|\.(csv|pdf|svg|zip)$|\.\{kind\}$")
TEMPLATES = {
    template: re.compile(re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+:path\}", ".+", re.sub(r"\.", r"\\.", template))))
    for method, template in ROUTES
    if method == "GET" and not NO_PAGE.search(template)
}
"""Every page that somebody signed in may see, by the route's template."""
MANIFEST = "/manifest.html"
READY = {
    "/index.html": "document.querySelectorAll('.line .belt').length && document.querySelector('.figure') !== null",
    "/docks.html": "document.querySelector('.door') !== null",
    MANIFEST: "document.querySelector('#manifest table') !== null",
}
"""By its template, what a page shows first that is drawn in the browser."""

SERIOUS = """axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
  .filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => [one.id, ...one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]))"""
WRONG = r"""(() => {
  const said = document.querySelector('main').innerText;
  const top = document.querySelector('.paper > .top');
  return {
    wide: document.documentElement.scrollWidth > innerWidth,
    rows: innerWidth >= 1366 && top !== null && top.offsetHeight > 64,
    odd: said.match(/.{0,40}(undefined|NaN|\[object|\{\w+\}).{0,20}/g),
    titled: document.title === '' || document.querySelectorAll('main h1, main h2').length === 0,
  };
})()"""
LINKS = "[...document.querySelectorAll('a[href]')].map((one) => one.href)"


@pytest.mark.timeout(600)
def test_everybody_does_their_part_by_the_pages_and_every_page_is_sound(
    project: Path, tmp_path: Path, peer: Callable[[str], str], npm: Callable[[str], Path]
) -> None:
    axe = (npm("axe") / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    store = f"sqlite:///{tmp_path}/site.sqlite"
    with (
        open_shop(
            project, tmp_path / "shop", store, replaced={"[channels.tmall]": SIGNED_IN}, sorter_mm_s=600, token=TOKEN
        ) as shop,
        Browser(peer("chromium"), *DESK) as page,
    ):
        page.keep_nothing()
        person = Person(page, f"http://{shop.address}")
        faults: list[Any] = []
        for language in TAKEN:
            look_at(person, axe, "/login", language, faults)
        own = the_administrator_lets_people_in(person, shop)
        person.signs_in("lee", own["lee"])
        the_lead_takes_orders_and_releases_them(person, shop)
        person.leaves()
        person.signs_in("bob", own["bob"])
        the_picker_picks(person)
        person.leaves()
        person.signs_in("max", own["max"])
        the_operator_sees_why_a_tote_is_refused(person, shop)
        the_operator_works_on_an_alarm(person, shop)
        the_operator_sees_that_it_was_put_right(person, shop)
        person.leaves()
        person.signs_in("eve", own["eve"])
        the_packer_packs(person)
        person.leaves()
        person.signs_in("max", own["max"])
        the_operator_loads_a_trailer(person, shop)
        person.leaves()
        person.signs_in("eve", own["eve"])
        the_packer_takes_a_return(person)
        person.leaves()
        person.signs_in("lee", own["lee"])
        the_lead_puts_it_back_into_stock(person)
        person.leaves()
        person.signs_in("admin", own["admin"])
        assert page.errors == []
        shop.post("/api/v1/kpis/count", {})
        every_page_is_sound(person, axe, faults)
        assert [url for url in page.requests if not url.startswith((person.url, "about:", "data:"))] == []


# ---- people ----------------------------------------------------------------------------------------------------------


def the_administrator_lets_people_in(admin: Person, shop: Shop) -> dict[str, str]:
    """By the password that the terminal says; everybody chooses one of their own."""
    said = re.search(r"password for one sign-in is (\S+)", (shop.folder / "api.log").read_text())
    assert said is not None
    own = {name: f"a sentence of mine, number {at}" for at, name in enumerate(("admin", *PEOPLE))}
    admin.signs_in("admin", said[1], own["admin"])
    given = {}
    for name, role in PEOPLE.items():
        admin.goes("/accounts")
        admin.sends("[data-wish=add]", "button", name=name, title=name.title(), role=role)
        given[name] = admin.sees(".problems code")
    admin.leaves()
    for name in PEOPLE:
        admin.signs_in(name, given[name], own[name])
        admin.leaves()
    return own


def the_lead_takes_orders_and_releases_them(lead: Person, shop: Shop) -> None:
    lead.goes("/stock")
    lead.sends("[data-wish=import]", file=shop.folder / "stock.csv")
    assert "5 articles new" in lead.sees("#taken")
    lead.goes("/orders/import")
    lead.sends("form.entry", file=tuple(shop.folder / name for name in FILES))
    assert FILES[0] in lead.sees("#report")
    lead.goes("/orders?stage=held")
    assert lead.page.ask("document.querySelectorAll('tr.held').length") == 2
    lead.clicks("table.orders tbody a[href$='1']")
    lead.sends("#findings form", reason="reached through the channel")
    lead.sees(".stage.accepted")
    lead.goes(f"/orders/o/{KETTLE_4}")
    lead.sends("[data-wish=hold]", reason="the customer rang")
    lead.sees(".stage.held")
    lead.sends("[data-wish=release]", reason="rang again: send it")
    lead.sees(".stage.accepted")
    assert "rang again: send it" in lead.sees("#story")
    lead.goes("/waves")
    lead.sends("[data-wish=plan]")
    while lead.page.ask("document.querySelector('[data-wish=release]') !== null"):
        lead.sends("[data-wish=release]")
    assert lead.page.ask("document.querySelectorAll('table.waves tbody tr').length") > 0


def the_picker_picks(picker: Person) -> None:
    totes = {describe(tote(n))["element_string"]: n for n in range(1, 6)}
    picker.goes("/picks")
    while True:
        picker.sends("[data-wish=claim]")
        if not picker.page.ask("document.querySelector('#bin') !== null"):
            break
        while picker.page.ask("document.querySelector('#ended') === null"):
            picker.scans(picker.sees("#bin"))
            whose = picker.sees("#tote")
            picker.scans(tote(totes.get(whose) or int(whose.removeprefix(ORDER)[0])))
            sku, count = picker.sees(".what small"), int(picker.sees("#quantity"))
            picker.scans(*[sku] * count)
    assert "Nothing is to be picked" in picker.sees(".problems")


def the_operator_sees_why_a_tote_is_refused(operator: Person, shop: Shop) -> None:
    """A bowl lies where the kettle should be."""
    operator.goes("/index.html")
    operator.sees(".line")
    passes(shop, BOWL, verified=False)
    operator.sees("#verdicts li.refused")
    operator.clicks("#verdicts li.refused button:enabled")  # a tote that was not read has no story
    assert "refused" in operator.sees("#story[open] .timeline")
    why = operator.sees("#story[open] [data-code=tote-refused] .said")
    assert "missing" in why and "extra" in why, why
    operator.page.press(*ESCAPE)
    operator.page.until("document.querySelector('#story[open]') === null")


def the_operator_sees_that_it_was_put_right(operator: Person, shop: Shop) -> None:
    operator.goes("/index.html")
    passes(shop, KETTLE, verified=True)
    operator.sees("#verdicts li.verified")


def passes(shop: Shop, tag: str, *, verified: bool) -> None:
    """Somebody puts tote 4 on its belt with this in it, again where a machine that stood still had it go by unseen."""

    def verdicts() -> list[dict[str, Any]]:
        return [one for one in shop.get("/api/state")["lines"]["tote1"]["verdicts"] if one["final"]]

    def there() -> bool:
        before = len(verdicts())
        shop.belt("tote1", tote(4), tag)
        shop.until(lambda: len(verdicts()) > before, verdicts)
        newest = max(verdicts(), key=lambda one: int(one["at_us"]))
        return newest["order"] == KETTLE_4 and newest["verified"] is verified

    shop.until(there, verdicts)


def the_packer_packs(packer: Person) -> None:
    packer.goes("/station/pack")
    packer.scans(tote(4))
    assert packer.sees("#order") == KETTLE_4 and packer.sees("#verified:not(.urgent)")
    packer.scans(KETTLE)
    packer.page.ask("for (const one of document.querySelectorAll('[name=checked]')) one.click()")
    packer.sends("[data-wish=pack]", weight_g="640")
    assert "is packed" in packer.sees("#done")


def the_operator_loads_a_trailer(operator: Person, shop: Shop) -> None:
    """Carried through the wrong door, back, and through the right one; the load is closed."""
    is_sorted(shop, 4)
    operator.goes("/docks.html")
    for door, carrier in (("door1", "SF"), ("door2", "POST")):
        operator.clicks(f"[data-dock={door}] [data-ask=open]")
        operator.sees("#ask[open] form")
        for field, text in (("carrier", carrier), ("id", f"{carrier}-1")):
            operator.page.ask(f"document.getElementById('f-{field}').focus()")
            operator.page.type(text)
        operator.page.press(*ENTER)
        operator.sees(f"[data-dock={door}].open")
        operator.page.until("document.querySelector('#ask[open]') === null")
    carried(shop, "put door2")
    operator.sees("[data-dock=door2].wrong .call")
    carried(shop, "back door2")
    operator.page.until("document.querySelector('.door.wrong, .door .call, .door li.wrong') === null")
    carried(shop, "put door1")
    operator.sees("[data-dock=door1] [data-count=aboard] dd", lambda text: text == "1")
    operator.clicks("[data-dock=door1] [data-ask=close]")
    operator.clicks("#ask[open] [type=submit]")
    operator.page.until("document.querySelector('[data-dock=door1].open') === null")


def carried(shop: Shop, how: str) -> None:
    ((_, answer),) = tell(shop.folder / "sim.sock", [f"{how} {parcel(1)}"])
    assert answer.startswith("ok\t"), answer


def the_operator_works_on_an_alarm(operator: Person, shop: Shop) -> None:
    """A reader falls silent: it is acknowledged, then shelved."""
    row = "#list [data-alarm='reader-down.dock2']"
    tell(shop.folder / "sim.sock", ["reader.dock2:refusal"])
    operator.goes("/alarms")
    operator.clicks(f"{row}.unacknowledged [formaction$=acknowledge]")
    operator.sees(f"{row}.acknowledged", lambda text: "Max" in text or "max" in text)
    operator.goes("/alarms/a/reader-down.dock2")
    operator.sends("#work", "[formaction$=shelve]", comment="is being changed")
    operator.sees(f"{row}.shelved")
    tell(shop.folder / "sim.sock", ["reader.dock2:mend"])

    def up() -> bool:
        return any(one["name"] == "reader.dock2" and one["up"] for one in shop.get("/api/state")["devices"])

    shop.until(up)


def the_packer_takes_a_return(packer: Person) -> None:
    packer.goes("/station/returns")
    packer.scans(KETTLE)
    packer.sends("[data-wish=finish]")
    assert "KET-S" in packer.sees("#found")


def the_lead_puts_it_back_into_stock(lead: Person) -> None:
    lead.goes("/cases")
    lead.clicks("table.cases tbody a")
    lead.sends("#units [data-wish=inspect]", disposition="restock", bin="B-2")
    assert "B-2" in lead.sees("#units")


# ---- pages -----------------------------------------------------------------------------------------------------------


def template_of(path: str) -> str:
    """The template of a page's route; empty = it is no page."""
    if path == MANIFEST:
        return path
    return next((name for name, pattern in TEMPLATES.items() if pattern.fullmatch(path)), "")


def every_page_is_sound(admin: Person, axe: str, faults: list[Any]) -> None:
    """Those of the head, and one of each kind that they lead to."""
    seen: dict[str, str] = {}
    left = [*dict.fromkeys(["/account", *(one.path for one in PAGES), "/find?q=4012345678901230"])]
    while left:
        path = left.pop(0)
        seen.setdefault(template_of(urlsplit(path).path), path)
        look_at(admin, axe, path, "en", faults)
        for link in admin.page.ask(LINKS):
            there = urlsplit(link)
            name = template_of(there.path)
            if link.startswith(admin.url) and name and name not in seen:
                seen[name] = there.path + (f"?{there.query}" if there.query else "")
                left.append(seen[name])
    assert not {*TEMPLATES, MANIFEST} - {*seen, "/"}, "nothing leads there"
    for path in dict.fromkeys([*(one.path for one in PAGES), *seen.values()]):
        look_at(admin, axe, path, "zh-Hant", faults)
    assert faults == []
    assert admin.page.errors == []


def look_at(admin: Person, axe: str, path: str, language: str, faults: list[Any]) -> None:
    page = admin.page
    page.resize(*DESK)
    admin.goes(f"{path}{'&' if '?' in path else '?'}lang={language}")
    sound(page, axe, path, language, faults)


def looks(path: str, language: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The themes and sizes at which a page is looked at."""
    first = crc32(path.partition("?")[0].encode())
    taken = range(len(LOOKS)) if os.environ.get("LANEWISE_WALK") == "all" else TAKEN[language]
    return (LOOKS[(first + one) % len(LOOKS)] for one in taken)


def sound(page: Browser, axe: str, path: str, language: str, faults: list[Any]) -> None:
    """Adds to the faults what is wrong with the page that is open."""
    page.until(
        READY.get(template_of(urlsplit(path).path), "document.querySelector('main').innerText.length > 20"), bool
    )
    assert page.ask("document.documentElement.lang") == language, path
    if page.weight > MOST_OCTETS:
        faults.append((path, language, f"{page.weight} octets"))
    page.ask(f"{axe};0")
    for theme, size in looks(path, language):
        page.scheme(theme)
        page.resize(*size)
        faults += [(path, language, theme, *one) for one in page.until(SERIOUS, lambda all_: isinstance(all_, list))]
    for size in (DESK, WALL, TABLET):
        page.resize(*size)
        found = page.ask(WRONG)
        faults += [(path, language, size, what, its) for what, its in found.items() if its]
