"""Totes by numbers of the house's own: what they are called, and back; and what `check` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.load import ConfigError, load_line
from edge.config.totes import ToteTable
from edge.core.book import OrderBook
from edge.core.events import Claim, FindingKind
from edge.core.line.verify import check
from edge.core.totes import names_by, plan_problems
from edge.core.values.layout import TotePlan
from edge.core.values.order import Order, OrderLine
from edge.core.values.state import BookState
from edge.intake.keys import tote
from edge.intake.orders import read_json
from edge.sim.own_orders import OwnOrders
from edge.sim.tags import tag_of
from edge.sim.world import World
from edge.views.spoken import asked_for
from rfid.epc.identity import grai96, gtin_of, identify, identity_of_hex, sgtin96, sscc96

ARTICLE = identify(sgtin96("9521141", "099999", 1)).partition("(21)")[0]
HEX = TotePlan("hex:AC10{n:20x}", "T-{n:6}")
CODE = TotePlan("T-{n:6}", "T-{n:6}")
ITEM = TotePlan(f"{ARTICLE}(21){{n}}", "BOX{n}")
ASSET = TotePlan("(8004)9521141{s:a}", "GIAI/{s:a}")
CARD = TotePlan("hex:{n:10x}", "DISC-{n:10x}")
ALL = (HEX, CODE, ITEM, ASSET, CARD)
BOOK_GTIN = gtin_of(identify(sgtin96("9521141", "000001", 1))) or ""


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("AC10" + f"{482:020X}", "T-000482"),
        ("AC10" + f"{12345678:020X}", "T-12345678"),
        (sgtin96("9521141", "099999", 482), "BOX482"),
        (tag_of("(8004)9521141A-77"), "GIAI/A-77"),
        ("0A00345F1C", "DISC-0A00345F1C"),
        (grai96("9521141", "12345", 5), identify(grai96("9521141", "12345", 5))),
        (sgtin96("9521141", "000001", 482), None),
        (sscc96("9521141", "0000000001"), None),
        ("AC11" + f"{482:020X}", None),
    ],
)
def test_a_tag_is_called_by_its_plan_and_found_again(tag: str, name: str | None) -> None:
    names = names_by(ALL)
    assert names.of_tag(tag) == name
    if name is not None and not name.startswith("("):
        assert tag_of(names.tag_of(name) or "")[2:] == tag[2:] or identity_of_hex(tag) == names.tag_of(name)
        assert names.named(name) == name
        assert asked_for(tag, names).names.count(name) == 1


@given(st.integers(0, 10**9), st.sampled_from(["X{n:6}", "X{n}", "X{n:8x}", "X{n:3}-y"]))
def test_a_name_is_turned_back_into_what_bears_it(number: int, name: str) -> None:
    for pattern in ("hex:AC10{n:20x}", "hex:AC10{n:12}", "(8003)09521141123454{n}", "C/{n}", "C/{n:9}"):
        plans = (TotePlan(pattern, name),)
        assert not list(plan_problems(plans)), plans
        names = names_by(plans)
        text = pattern.removeprefix("hex:").replace("{n:20x}", f"{number:020X}").replace("{n:12}", f"{number:012}")
        text = text.replace("{n:9}", f"{number:09}").replace("{n}", str(number))
        called = names.of_tag(text) if pattern.startswith("hex:") else names.of_code(text)
        if number < 10**9 or pattern != "C/{n:9}":
            assert called is not None
            assert (names.tag_of(called) or names.code_of(called)) == text
            assert names.named(text) == names.named(called) == called


@pytest.mark.parametrize(
    ("pattern", "name", "said"),
    [
        ("(01)09521141123454(21){n}", "T{n}", ""),
        ("(01){g:14}(21){n}", "T{g:14}-{n}", "0.pattern: '(01){g:14}(21){n}': can match goods"),
        ("(01)09521141123455(21){n}", "T{n}", "can match goods: give the totes' own article whole"),
        ("(00)0952114112345{n:5}", "T{n}", "can match the SSCC"),
        ("hex:30{n:22x}", "T{n}", "begins with 30, as goods and parcels do"),
        ("hex:{n:24x}", "T{n}", "can match every tag"),
        ("hex:AC10{n:7x}", "T{n}", "has 11 digits"),
        ("hex:AC10{n}", "T{n}", "is not as long each time"),
        ("{n:18}", "T{n}", "can match the barcode of goods or of a parcel"),
        ("(414){n}", "T{n}", "such a key names no tote"),
        ("(8004){s:a}", "T{s:a}", "can match every asset"),
        ("T-{n:6}", "T", "name: 'T': cannot be turned back"),
        ("T-{n}-{m}", "T{n}{m}", "where {n} ends cannot be told"),
        ("T-{n:6}", "T{n:3}7", "where {n} ends cannot be told"),
        ("T-{n:6}{n:6}", "T{n}", "stands twice"),
        ("T-{n:6", "T{n}", "a brace that is no part"),
        ("T-1", "T-1", "names one tote alone"),
        ("T-{n:6}", "AC{n}", "one letter of G to Z"),
        ("T-{n:6}", "{n:6}", "begins with a letter"),
        ("T-{s:a}", "T{s}", "cannot be turned back"),
    ],
)
def test_what_could_deceive_is_refused(pattern: str, name: str, said: str) -> None:
    found = list(plan_problems((TotePlan(pattern, name),)))
    assert bool(found) == bool(said), found
    assert said in "; ".join(found)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (HEX, CODE, ""),  # a tag and a barcode of the same totes
        (HEX, TotePlan("hex:AC11{n:20x}", "U{n}"), ""),
        (HEX, TotePlan("hex:AC10{n:12x}", "U{n}"), ""),  # as long as no other
        (HEX, TotePlan("hex:AC{n:22x}", "U{n}"), "1.pattern: 'hex:AC{n:22x}': tote.0.pattern can match the same"),
        (HEX, TotePlan("hex:AC11{n:20x}", "T-{n}"), "1.name: 'T-{n}': tote.0.name can be the same"),
        (CODE, TotePlan("T-{n}", "U{n}"), "tote.0.pattern can match the same"),
        (CODE, TotePlan("T-{n:7}", "U{n}"), ""),
    ],
)
def test_two_plans_do_not_overlap(one: TotePlan, two: TotePlan, said: str) -> None:
    found = list(plan_problems((one, two)))
    assert (said in "; ".join(found)) if said else found == []


@given(st.lists(st.sampled_from((*ALL, TotePlan("hex:AC11{n:20x}", "U{n}"), TotePlan("X{n}", "X{n}"))), unique=True))
def test_plans_that_are_good_together_call_nothing_twice(plans: list[TotePlan]) -> None:
    assert not list(plan_problems(plans))
    for place in range(len(plans)):
        shown = names_by((plans[place],))
        name = shown.numbered(7) or ""
        together = names_by(tuple(plans))
        for text in filter(None, (shown.tag_of(name), shown.code_of(name))):
            hits = [one for plan in plans if (one := names_by((plan,)).named(text)) is not None]
            assert set(hits) == {together.named(text)}


def test_a_tote_of_ones_own_is_verified_by_tag_barcode_or_both() -> None:
    names, book = names_by(ALL), OrderBook(BookState())
    item = sgtin96("9521141", "000001", 1)
    book.put(Order(id="o", carrier="DHL", service="", lines=(OrderLine(BOOK_GTIN, 1),), tote="T-000482"))
    tag = Claim("AC10" + f"{482:020X}", 1.0, 0.0, 1.0)
    inside = Claim(item, 1.0, 0.0, 1.0)
    for claims, codes in (([tag, inside], ()), ([inside], ("T-000482",)), ([tag, inside], ("T-000482",))):
        found = check(claims, book, codes, names=names)
        assert (found.tote, found.order, found.findings) == ("T-000482", "o", ())
    other = check([tag, inside], book, ("T-000483",), names=names)
    assert [one.kind for one in other.findings if one.kind is FindingKind.CONTRADICTION]
    assert check([tag, inside], book).tote == ""  # without plans its tag means nothing


def test_orders_name_totes_as_they_are_called() -> None:
    names = names_by(ALL)
    body = b'{"id": "a", "carrier": "DHL", "tote": "%s", "lines": [{"gtin": "09521141001011", "quantity": 1}]}'
    assert read_json(body % b"T-000482", names).orders[0].tote == "T-000482"
    assert read_json(body % b"AC1000000000000000000000", names).orders[0].tote == "T-000000"
    assert read_json(body % b"T-000482").problems
    assert read_json(body % b"T-482", names).problems
    with pytest.raises(ValueError, match="T-482"):
        tote("T-482", names)


def test_a_wrong_plan_is_told_with_its_line(project: Path, tmp_path: Path) -> None:
    text = (project / "examples" / "small-line" / "LINE.toml").read_text(encoding="utf-8")
    path = tmp_path / "LINE.toml"
    path.write_text(text + '\n[[tote]]\npattern = "T-{n:6}"\n\n[[tote]]\npattern = "hex:30{n:22x}"\nname = "U{n}"\n')
    with pytest.raises(ConfigError) as error:
        load_line(path)
    assert str(error.value).startswith(f"{path}:{len(text.splitlines()) + 6}: ")
    assert "tote.1.pattern: 'hex:30{n:22x}': begins with 30" in str(error.value)


@pytest.mark.parametrize("plans", [(HEX, CODE), (ITEM,), (ASSET,), (CODE,), ()], ids=str)
def test_simulated_totes_bear_such_numbers(project: Path, plans: tuple[TotePlan, ...]) -> None:
    config = load_line(project / "examples" / "own-totes" / "LINE.toml")
    config = config.model_copy(update={"tote": tuple(ToteTable(pattern=one.pattern, name=one.name) for one in plans)})
    world, names = World(config, 3), names_by(plans)
    loads = [world.tote("totes", index) for index in range(50)]
    assert len({load.identity for load in loads}) == len(loads)
    (layout,) = config.layouts()
    own = OwnOrders([layout], 3, {})
    for load in loads:
        assert load.order is not None
        (coming,) = own.took(load.order)
        for its in (load, coming.load):
            assert its.identity == load.order.tote
            found = [name for tag in its.tags if (name := names.of_tag(tag.epc)) is not None]
            assert found == ([] if plans == (CODE,) else [its.identity])
            assert not its.barcode or names.of_code(its.barcode) == its.identity
