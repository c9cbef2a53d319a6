"""Sales orders from a folder and a command to a person's word: api and command line as shipped."""

from __future__ import annotations

import json
import time
from pathlib import Path

from house import make_house
from waiting import HANGS_S

CHANNEL = """
[channels.shop]
folder = "in/shop"
currency = "TWD"
country = "TW"
digits = 0
columns.order = "order"
"""
HEADER = "order,sku,quantity,price,total,paid,name,phone,street,city,district,postcode"


def rows(*numbers: int, paid: int = 500) -> str:
    its = (f"N{n},MUG,1,500,500,{paid},\u738b\u5c0f\u660e,09{n:08d},\u548c\u5e73\u6771\u8def {n} \u865f,"
           "\u81fa\u5317\u5e02,\u5927\u5b89\u5340,106" for n in numbers)  # fmt: skip
    return "\n".join([HEADER, *its]) + "\n"


def test_a_folder_s_orders_are_listed_held_released_and_cancelled(project: Path, tmp_path: Path) -> None:
    house = make_house(project, tmp_path)
    with (house.folder / "SITE.toml").open("a", encoding="utf-8") as file:
        file.write(CHANNEL)
    incoming = house.folder / "in/shop"
    incoming.mkdir(parents=True)
    assert "is `lanewise api` running?" in house.run("orders", "list").err
    with house.starts() as start:
        start("api", "SITE.toml")
        (incoming / ".part").write_text(rows(1, 2), encoding="utf-8")
        (incoming / ".part").rename(incoming / "orders.csv")
        end = time.monotonic() + HANGS_S
        while "shop-N2" not in (said := house.run("orders", "list")).out:
            assert time.monotonic() < end, said
        assert (incoming / "done/orders.csv").exists()
        (house.folder / "more.csv").write_text(
            rows(2, 3, paid=0).replace("500,500,0", "500,5x0,0", 1), encoding="utf-8"
        )
        taken = house.run("orders", "import", "shop", "more.csv", "--by", "Ann")
        assert taken.status == 1 and "shop: 1 new" in taken.out and "more.csv:2:total" in taken.out
        listed = [
            json.loads(line) for line in house.run("orders", "list", "--stage", "held", "--json").out.splitlines()
        ]
        assert [(row["id"], row["findings"]) for row in listed] == [("shop-N3", ["unpaid"])]
        assert "shop-N1" in house.run("orders", "list", "--find", "0900000001").out
        shown = house.run("orders", "show", "shop-N3").out
        assert "500 TWD" not in shown.splitlines()[0] and "is not paid" in shown
        done = house.run("orders", "release", "shop-N3", "--reason", "paid by hand", "--by", "Ann")
        assert done.out == "shop-N3: accepted\n"
        assert house.run("orders", "hold", "shop-N1", "--reason", "rang", "--by", "Ann").out == "shop-N1: held\n"
        refused = house.run("orders", "merge", "shop-N2", "shop-N3", "--reason", "saves a parcel", "--by", "Ann")
        assert refused.status == 2 and "not for the same person" in refused.err
        gone = house.run("orders", "cancel", "shop-N1", "--reason", "not wanted", "--by", "Ann")
        assert gone.out == "shop-N1: cancelled\n"
        assert house.run("orders", "show", "nobody").status == 2
