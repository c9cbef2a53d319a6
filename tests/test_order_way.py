"""One order's way from a marketplace's file to its carrier's lane: real processes, HTTP, a folder and simulated belts."""

from __future__ import annotations

import shutil
from pathlib import Path

from order_way import ORDER, Shop, Tags, open_shop
from waiting import wait_until


def test_from_the_file_to_the_lane(project: Path, tmp_path: Path, store_url: str) -> None:
    with open_shop(project, tmp_path / "shop", store_url) as shop:
        shop.send("/api/v1/stock/imports", (shop.folder / "stock.csv").read_bytes())
        inbox = shop.folder / "in" / "tmall"
        inbox.mkdir(parents=True, exist_ok=True)
        for name in ("tmall-orders.csv", "tmall-items.csv"):
            shutil.copy(shop.folder / name, inbox)
        wait_until(lambda: bool(shop.get("/api/v1/imports")) and shop.get("/api/v1/imports")[0]["ended_us"] > 0, shop._logs)
        print(shop.get("/api/v1/imports"))
        for n in range(1, 6):
            o = shop.order(n)
            print(n, o["order"]["stage"], [(f["code"], f["value"]) for f in o["findings"]], [(m["into"], m["other"], m["why_not"]) for m in o["merges"]])
        again = shop.upload(shop.folder / "tmall-orders.csv", shop.folder / "tmall-items.csv")
        print(again["taken"])
        shop.wish(1, "release", by="Ann", reason="reached through the channel", codes=["phone-masked"])
        shop.wish(2, "merge", by="Ann", reason="one consignee", other=f"{ORDER}3")
        plan = shop.post("/api/v1/waves/plan", {"by": "Ann"})
        print(plan)
        for wave in plan["new"]:
            print(shop.post(f"/api/v1/waves/{wave}/release", {"by": "Ann"}))
        print(shop.get(f"/api/orders/{ORDER}2"))
        tasks = []
        while task := shop.post("/api/v1/pick-tasks/claim", {"picker": "Bob"}) if len(shop.get("/api/v1/pick-tasks", state="open")) else None:
            print(task)
            break
        print(shop.story(2))
        for e in shop.story(2): print(e["at"], e["text"])
        for e in shop.story(1): print(e["at"], e["text"])
