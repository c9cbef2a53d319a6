"""The second half of one order's way: packed, rerouted, shipped, delivered, returned, sold again, each thing once."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from order_way import ORDER, Shop, commands_of, open_shop, parcel, told_in_order, tote
from second_half import OTHER, PAGE, PARCEL, Desk, outside, personal, seen

from edge.site.store import SiteStore

STORY = [
    ("sale.planned", "wave *", "pickup sf *"),
    ("tote-verified", "tote1, track *", "record * of the journal"),
    ("sale.labelled", "packing", "Eve"),
    ("sale.packed", "station pack1", "Eve"),
    ("route-decided", "sorter, lane 1", "record * of the journal"),
    ("sale.rerouted", "order desk", "Lee: their hub is closed"),
    ("order-changed", "order feed", "entry * of the feed"),
    ("route-decided", "sorter, lane 2", "record * of the journal"),
    ("sorted-confirmed", "sorter, lane 2", "record * of the journal"),
    ("gated-wrong", "dock door1", "record * of the journal"),
    ("gated-unloaded", "dock door1", "record * of the journal"),
    ("gated-right", "dock door2", "record * of the journal"),
]
WORDS = (
    *("handed over", "handed over", "on its way", "out for delivery", "delivered", "opened, does-not-fit"),
    *("ANOTHER UNIT of the same article", "back to the customer", "came back: right", "stock again"),
    *("money booked, credit 13900 CNY, freight 1000 CNY, moved 12900 CNY", "sent in exchange", "resolved"),
)
AGAIN = [
    ("sale.released", "order desk", "Ann: both are meant"),
    ("sale.picked", "bin B-2", "round *, line 1"),
    ("tote-verified", "tote1, track *", "record * of the journal"),
    ("sorted-confirmed", "tote1, lane 1", "record * of the journal"),
]


@pytest.mark.timeout(400)
def test_to_the_door_and_back(
    project: Path,
    tmp_path: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_shop(project, tmp_path / "shop", store_url, sorter_mm_s=300) as shop:
        monkeypatch.chdir(shop.folder)
        desk = Desk(shop, capsys, monkeypatch)
        desk.goes_through(commands_of(project, "from-file-to-lane.md", "The portal refuses"), {}, set())
        desk.types("lanewise parcels block pack1 --count 1")  # the first page's parcel
        door = f"lanewise put sim.sock door1 {parcel(2)}"
        waits = {
            f"lanewise put sim.sock tote1 {tote(4)}": seen(shop, 4, "sorted-confirmed", "tote1, lane 1"),
            "lanewise put sim.sock sorter": seen(shop, 4, "route-decided", "sorter"),
            "STOP=$(lanewise carriers suspend": seen(shop, 4, "sorted-confirmed", "sorter, lane 2"),
            f"{door} --back": seen(shop, 4, "gated-unloaded", ""),
            door: seen(shop, 4, "gated-wrong", ""),
            "lanewise put sim.sock door2": lambda: bool(shop.get("/api/loads/POST-1")["complete"]),
            f"lanewise put sim.sock tote1 {tote(5)}": lambda: any(
                "verified finally" in one["text"] for one in shop.story(5)
            ),
        }
        desk.goes_through(commands_of(project, PAGE), waits, {f"UNIT=$(lanewise cases came {OTHER}"})
        assert "marks limited-quantity" in next(said for of, said in desk.said.items() if "stations job" in of)
        shop.until(lambda: len(told_of(store_url, "order.delivered.v1")) == 1)
        story_once(shop)
        told_once(store_url)
        epcis_once(shop)
        nothing_personal(shop, store_url, project)


def story_once(shop: Shop) -> None:
    """Each step with its place and its cause."""
    told_in_order(shop.story(4), STORY)
    told_in_order(shop.story(5), AGAIN)
    said = " / ".join(one["text"] for one in shop.story(4) if one["code"] in ("sale.parcel-told", "sale.case"))
    assert re.search(".*".join(WORDS), said), said
    for number in (4, 5):
        once = Counter((one["code"], one["place"], one["cause"], one["text"]) for one in shop.story(number))
        assert {one: n for one, n in once.items() if n > 1} == {}


def told_of(store_url: str, *kinds: str) -> list[str]:
    """Of whom the outbox tells something of these kinds; none = all it tells."""
    with closing(SiteStore(store_url, readonly=True)) as store:
        rows = [row.told for row in store.outbox(0, 10_000)]
    return [one.subject if kinds else str(one) for one in rows if not kinds or one.type in kinds]


def told_once(store_url: str) -> None:
    """Whoever follows the outbox hears of each step, once."""
    once = Counter(told_of(store_url))
    assert {one: n for one, n in once.items() if n > 1} == {}
    kinds = ("labelled", "packed")
    assert told_of(store_url, *(f"parcel.{one}.v1" for one in kinds)) == [f"{ORDER}4"] * 2
    assert told_of(store_url, "parcel.sorted.v1", "parcel.departed.v1") == [PARCEL] * 2
    assert told_of(store_url, "service.suspended.v1", "service.resumed.v1") == ["SF"] * 2
    assert told_of(store_url, "fulfilment.rerouted.v1") == [f"{ORDER}{number}" for number in (1, 2, 4)]
    assert told_of(store_url, "load.departed.v1") == ["POST-1"]
    assert told_of(store_url, "order.shipped.v1", "order.delivered.v1") == [f"{ORDER}4"] * 2
    opened, resolved = told_of(store_url, "case.opened.v1", "case.resolved.v1")
    assert opened == resolved
    assert any(one.startswith(f"{ORDER}4-x") for one in told_of(store_url, "order.accepted.v1"))


def epcis_once(shop: Shop) -> None:
    """A repository hears of each step that a journal proves, once."""
    events = json.loads((shop.folder / "way.json").read_text())["epcisBody"]["eventList"]
    found = [
        (one["bizStep"], one["disposition"], one.get("readPoint", {}).get("id", "").rpartition(":")[2])
        for one in events
    ]
    assert found == [
        ("inspecting", "completeness_verified", "tote1"),
        ("packing", "in_progress", ""),
        ("staging_outbound", "in_progress", "sorter"),
        ("loading", "in_progress", "door1"),
        ("unloading", "in_progress", "door1"),
        ("loading", "in_progress", "door2"),
        ("departing", "in_transit", "door2"),
        ("stocking", "sellable_accessible", ""),
        ("inspecting", "completeness_verified", "tote1"),
    ]
    assert len({one["eventID"] for one in events}) == len(events)
    kettle = "https://id.gs1.org/01/09521141001042/21/42"
    assert [events[at].get("childEPCs", events[at].get("epcList")) for at in (0, 7, 8)] == [[kettle]] * 3


def nothing_personal(shop: Shop, store_url: str, project: Path) -> None:
    """Of all names, streets and phones that went in nothing is outside the consignees' rows; and they did go in."""
    names, found = personal(project), outside(shop, store_url)
    assert len(names) > 9 and all(found.values()), (names, {what: len(text) for what, text in found.items()})
    assert [(what, name) for what, text in found.items() for name in names if name in text] == []
    assert "陈大文" in json.dumps(shop.order(4), ensure_ascii=False)


def test_both_pages_have_the_same_commands(project: Path) -> None:
    assert commands_of(project, "to-the-door-and-back.zh-Hant.md") == commands_of(project, PAGE)
