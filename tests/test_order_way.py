"""One order's way from a marketplace's file to its carrier's lane: real processes, HTTP, a folder, simulated belts."""

from __future__ import annotations

from pathlib import Path

from order_way import WAY, open_shop


def test_from_the_file_to_the_lane(project: Path, tmp_path: Path, store_url: str) -> None:
    with open_shop(project, tmp_path / "shop", store_url) as shop:
        for step in WAY:
            shop.do(step)
            print("DONE", step.name)
        for n in (2, 3):
            for e in shop.story(n):
                print(n, e["at"], "|", e["place"], "|", e["text"], "|", e["cause"])
