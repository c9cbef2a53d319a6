"""The watched folder: what is whole, where files go, and that who is killed at any step loses and doubles nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shop_files import channel, taobao_items, taobao_orders

from edge.config.channels import ChannelTable
from edge.intake.channels import FilesTaken
from edge.intake.folder import ChannelFolder
from edge.orders.sales import Draft
from edge.views.csv_table import csv_table

HEADER = b"order,sku,quantity,name\n"
S = 1_000_000


class Shop:
    """A folder, a clock that is turned by hand, and what was handed over."""

    def __init__(self, folder: Path, table: ChannelTable) -> None:
        self.folder, self.table = folder, table
        self.handed: list[Draft] = []
        self.now_us = 0
        folder.mkdir(exist_ok=True)
        self.begin()

    def begin(self) -> None:
        self._watcher = ChannelFolder("shop", self.table, self.folder, self.hand, csv_table)

    def hand(self, taken: FilesTaken) -> None:
        self.handed += [replace(draft, where="") for draft in taken.drafts]

    def step(self, seconds: float = 3) -> list[str]:
        self.now_us += int(seconds * S)
        return [
            place.relative_to(self.folder).as_posix()
            for done in self._watcher.step(self.now_us)
            for place in done.places
        ]

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    @property
    def waiting(self) -> tuple[str, ...]:
        return self._watcher.waiting


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "in", channel("generic"))


def test_a_file_is_taken_when_it_does_not_change_any_more(shop: Shop) -> None:
    path = shop.folder / "a.csv"
    path.write_bytes(HEADER + b"1,A,1,n\n")
    (shop.folder / "b.csv.part").write_bytes(HEADER)
    (shop.folder / ".c.csv").write_bytes(HEADER)
    (shop.folder / "~$d.xlsx").write_bytes(HEADER)
    assert shop.step() == [] and shop.step(1) == []
    with path.open("ab") as file:
        file.write(b"2,A,1,n\n")
    assert shop.step(1.5) == [] and shop.step(1) == []
    assert shop.step(1) == ["done/a.csv"]
    assert [draft.order.external for draft in shop.handed] == ["1", "2"]
    assert shop.files() == [".c.csv", "b.csv.part", "done/a.csv", "~$d.xlsx"]


def test_what_is_set_aside_lies_beside_the_file_and_calculates_nothing(shop: Shop) -> None:
    (shop.folder / "a.csv").write_bytes(HEADER + b"=1+1,A,x,n\n2,A,1,n\n")
    (shop.folder / "b.csv").write_bytes(b"nothing,here\n")
    shop.step()
    assert shop.step() == ["done/a.csv", "refused/b.csv"]
    (report,) = (shop.folder / "done").glob("a.csv.*.report.csv")
    text = report.read_text(encoding="utf-8")
    assert text.startswith("\ufefffile,sheet,row,column,value,order,reason")
    assert "a.csv,,2,quantity,'x',\"'=1+1\",allowed is a whole number" in text.replace("'x','=1+1,", "'x',\"'=1+1\",")
    assert len(list((shop.folder / "refused").glob("b.csv.*.report.csv"))) == 1
    assert [draft.order.external for draft in shop.handed] == ["2"]


def test_another_file_of_one_name_is_kept_beside_the_first(shop: Shop) -> None:
    for number in (1, 2, 2):
        (shop.folder / "a.csv").write_bytes(HEADER + b"%d,A,1,n\n" % number)
        shop.step()
        assert len(shop.step()) == 1
    assert len([name for name in shop.files() if name.startswith("done/a")]) == 2
    assert [draft.order.external for draft in shop.handed] == ["1", "2", "2"]


def test_while_the_store_is_away_files_stay(shop: Shop) -> None:
    (shop.folder / "a.csv").write_bytes(HEADER + b"1,A,1,n\n")
    shop.step()
    given = shop.hand

    def away(taken: FilesTaken) -> None:
        raise ConnectionError("the store is away")

    shop.hand = away  # type: ignore[method-assign]
    shop.begin()
    shop.step()
    with pytest.raises(ConnectionError):
        shop.step()
    assert shop.files() == ["taken/a.csv"] and shop.waiting == ("a.csv",)
    shop.hand = given  # type: ignore[method-assign]
    shop.begin()
    assert shop.step() == ["done/a.csv"]


def test_a_channel_of_two_files_waits_for_the_half_that_is_missing(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "in", channel("taobao"))
    (shop.folder / "orders1.csv").write_bytes(taobao_orders({"订单编号": "1"}))
    shop.step()
    assert shop.step() == [] and shop.waiting == ("orders1.csv",)
    (shop.folder / "orders2.csv").write_bytes(taobao_orders({"订单编号": "2"}))
    (shop.folder / "items2.csv").write_bytes(taobao_items({"订单编号": "2"}))
    shop.step()
    assert shop.step() == ["done/items2.csv", "done/orders2.csv"]
    (shop.folder / "items1.csv").write_bytes(taobao_items({"订单编号": "1"}))
    shop.step()
    assert shop.step() == ["done/items1.csv", "done/orders1.csv"]
    assert [draft.order.external for draft in shop.handed] == ["2", "1"]
    assert not [name for name in shop.files() if "report" in name]


class KilledError(BaseException):
    """Nothing catches it, as nothing catches a signal 9."""


def killed_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> Callable[[], int]:
    """Every change of a file counts twice, before and after it; at a count nothing goes on. Gives the count."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*given: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment:
                raise KilledError
            result = real(*given, **more)
            count += 1
            if count == moment:
                raise KilledError
            return result

        return change

    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", counted(os.fsync))
    monkeypatch.setattr(Shop, "hand", counted(Shop.hand))
    return lambda: count


def filled(tmp_path: Path, moment: int) -> Shop:
    shop = Shop(tmp_path / f"in{moment}", channel("taobao"))
    (shop.folder / "orders.csv").write_bytes(taobao_orders({"订单编号": "1"}, {"订单编号": "2"}, {"订单编号": "3"}))
    (shop.folder / "items.csv").write_bytes(taobao_items({"订单编号": "1"}, {"订单编号": "2"}))
    return shop


def moments() -> Iterator[int]:
    yield from range(1, 1000)


def test_who_is_killed_at_any_step_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filled(tmp_path, 0)
    whole.step()
    whole.step()
    for moment in moments():
        shop = filled(tmp_path, moment)
        with monkeypatch.context() as patch:
            count = killed_at(patch, moment)
            shop.begin()
            try:
                shop.step()
                shop.step()
            except KilledError:
                pass
            if count() < moment:
                break
        shop.begin()
        for _ in range(3):
            shop.step()
        assert shop.files() == whole.files(), moment
        assert {draft.order.external: draft for draft in shop.handed} == {
            draft.order.external: draft for draft in whole.handed
        }
    assert moment > 10
