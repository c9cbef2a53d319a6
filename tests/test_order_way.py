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
        wait_until(
            lambda: bool(shop.get("/api/v1/imports")) and shop.get("/api/v1/imports")[0]["ended_us"] > 0, shop._logs
        )
        print(shop.get("/api/v1/imports"))
        for n in range(1, 6):
            o = shop.order(n)
            print(
                n,
                o["order"]["stage"],
                [(f["code"], f["value"]) for f in o["findings"]],
                [(m["into"], m["other"], m["why_not"]) for m in o["merges"]],
            )
        again = shop.upload(shop.folder / "tmall-orders.csv", shop.folder / "tmall-items.csv")
        print(again["taken"])
        shop.wish(1, "release", by="Ann", reason="reached through the channel", codes=["phone-masked"])
        shop.wish(2, "merge", by="Ann", reason="one consignee", other=f"{ORDER}3")
        plan = shop.post("/api/v1/waves/plan", {"by": "Ann"})
        print(plan)
        for wave in plan["new"]:
            print(shop.post(f"/api/v1/waves/{wave}/release", {"by": "Ann"}))
        print(shop.get(f"/api/orders/{ORDER}2"))
        task = shop.post("/api/v1/pick-tasks/claim", {"picker": "Bob"})
        totes = {n: Tags.tote(n) for n in range(1, 6)}

        def pick(sku, fulfilment, units, bin, **more):
            task = shop.post("/api/v1/pick-tasks/claim", {"picker": "Bob"})
            (line,) = [
                one
                for one in task["lines"]
                if (one["at"]["sku"], one["fulfilment"], one["at"]["bin"]) == (sku, f"{ORDER}{fulfilment}", bin)
                and not one["reason"]
            ]
            return shop.post(
                f"/api/v1/pick-tasks/{task['id']}/lines/{line['n']}",
                {"picker": "Bob", "units": units, "bin": bin, "tote": totes[fulfilment], **more},
                f'"{task["version"]}"',
            )

        pick("MUG-B", 1, 1, "A-1")
        print(pick("MUG-B", 2, 0, "A-1", reason="could-not-locate"))
        pick("PLA-W", 2, 1, "A-2")
        pick("BOWL", 2, 1, "A-3")
        pick("KET-S", 4, 1, "B-2")
        t = shop.post("/api/v1/pick-tasks/claim", {"picker": "Bob"})
        print(t["lines"])
        for line in [l for l in t["lines"] if l["at"]["bin"] == "B-1" and not l["picked"]]:
            print("LINE", line)
            t = shop.post(
                f"/api/v1/pick-tasks/{t['id']}/lines/{line['n']}",
                {"picker": "Bob", "units": line["quantity"], "tote": totes[2]},
                f'"{t["version"]}"',
            )
        print(t["state"])
        print(shop.get("/api/v1/stock"))
        print(shop.order(2)["fulfilments"], shop.order(2)["places"])
        items = [Tags.item("MUG-B", 11), Tags.item("MUG-B", 12), Tags.item("PLA-W", 21)]
        shop.belt("tote1", totes[2], *items, Tags.item("KET-S", 41))
        shop.await_story(2, lambda s: any("refused" in e["text"] for e in s))
        print(
            "CANCEL",
            shop.wish(
                3,
                "amend",
                by="Ann",
                reason="customer rang",
                wanted={2 if shop.order(3)["order"]["lines"][1]["sku"] == "PLA-W" else 1: 0},
            )["order"],
        )
        print(shop.order(2)["fulfilments"], shop.order(3)["places"])
        print(shop.get(f"/api/orders/{ORDER}2"))
        print(shop.get("/api/v1/put-backs"))
        n = len(shop.story(2))
        shop.belt("tote1", totes[2], *items, Tags.item("BOWL", 31))
        shop.await_story(
            2,
            lambda s: (
                len([e for e in s if e["code"] in ("confirmed", "sorted") or "onfirmed in lane" in e["text"]]) > 1
            ),
        )
        shop.belt("tote1", totes[2], *items[:2], Tags.item("BOWL", 31))
        shop.await_story(2, lambda s: any("verified" in e["text"] for e in s))
        print(shop.order(2)["fulfilments"], shop.order(3)["places"])
        for n in (2, 3):
            for e in shop.story(n):
                print(n, e["at"], e["code"], e["text"])
