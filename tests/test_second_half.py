"""The second half of one order's way: packed, rerouted, shipped, delivered, returned, and sold again, each thing once."""

from __future__ import annotations

from pathlib import Path

import pytest
from order_way import ORDER, Shop, open_shop, parcel, tote
from second_half import KETTLE, OTHER, PAGE, PARCEL, Desk, commands_of, seen


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
            "lanewise carriers suspend": seen(shop, 4, "sorted-confirmed", "sorter, lane 2"),
            f"{door} --back": seen(shop, 4, "gated-unloaded", ""),
            door: seen(shop, 4, "gated-wrong", ""),
            "lanewise put sim.sock door2": lambda: bool(shop.get("/api/loads/POST-1")["complete"]),
            f"lanewise put sim.sock tote1 {tote(5)}": seen(shop, 5, "tote-verified", "tote1"),
        }
        desk.goes_through(commands_of(project, PAGE), waits, {f"lanewise cases came {OTHER}"})
        for said in desk.said.items():
            print(*said)
        print(*((one["code"], one["place"], one["cause"], one["text"]) for one in shop.story(4)), sep="\n")
        assert 0
