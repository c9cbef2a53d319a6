"""What a site notes of its order flow reaches its targets once and in order, whatever was away, and names nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest
from influx_peer import Answer, V2Door
from stocked import CUTOFF_US, NOW_US, accept, planning, stocked
from waiting import HANGS_S, wait_until

from edge.config.load import load_site
from edge.config.publish import InfluxConfig
from edge.core.events import Measured
from edge.journal.record import Record
from edge.orders.kpis import Dimension, Figure
from edge.publish.cursors import read_cursors
from edge.publish.measures import Measures
from edge.publish.process import run
from edge.publish.site_numbers import SiteNumbers
from edge.site import drafts, flow_numbers, kpi_days, releasing
from edge.site.store import SiteStore

MINUTE_US = 60_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SiteStore]:
    with closing(SiteStore(f"sqlite:///{tmp_path}/site.sqlite", secret_file=tmp_path / "site.secret")) as made:
        yield made


def test_numbers_of_a_site_are_told_once(store: SiteStore, project: Path, tmp_path: Path) -> None:
    """Through a store that is away at first, a target that is, and two lives of the process; then only what is new."""
    stocked(store, units=20)
    accept(store, [(number, {0: 1}) for number in range(3)])
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    assert releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US) is not None
    flow_numbers.note_flow(store.connections, NOW_US + MINUTE_US)
    day = date(2026, 9, 21)
    kpi_days.count_day(store.connections, day, "UTC", CUTOFF_US + MINUTE_US)
    flow_numbers.note_figures(store.connections, day, NOW_US + 2 * MINUTE_US)
    door = V2Door(lambda _: Answer(204))
    (tmp_path / "token").write_text(door.token, encoding="utf-8")
    target = InfluxConfig(kind="influx", url=door.url, org="acme", bucket="lanewise", token_file=tmp_path / "token")
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    given = {"publish": {"influx": target}, "publish_state": tmp_path / "publish.sqlite"}
    config = load_site(tmp_path / "SITE.toml").model_copy(update=given).as_publisher()
    away = iter([OSError("site store: away")])

    def read(after: int, limit: int) -> list[Record]:
        if (error := next(away, None)) is not None:
            raise error
        return store.numbers(after, limit)

    @contextmanager
    def publishing() -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=run, args=(config, stop, SiteNumbers("site", read)))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(HANGS_S)
        assert not thread.is_alive()

    def told() -> list[bytes]:
        return [one for one in door.taken if not one.startswith(b"publisher,")]

    def delivered() -> bool:
        newest = store.numbers(0, 1_000)[-1].seq
        return any(one.seq == newest for one in read_cursors(config.publish_state))

    try:
        door.closed = True
        with publishing():
            wait_until(lambda: next(away, None) is None)
            door.closed = False
            wait_until(delivered)
        first = told()
        flow_numbers.note_flow(store.connections, NOW_US + 3 * MINUTE_US)
        with publishing():
            wait_until(delivered)
        again = told()
    finally:
        door.close()
    assert len(set(first)) == len(first) and again[: len(first)] == first
    new = again[len(first) :]
    assert new and all(str((NOW_US + 3 * MINUTE_US) // 1_000_000).encode() in one for one in new)
    text = b"\n".join(again).decode()
    assert "order_flow,controller=site,site=" in text and "stage=released orders=3i" in text
    assert "pickup,carrier=Post,controller=site,service=48h" in text and "open=3i" in text
    assert "kpi,controller=site,dimension=carrier,kpi=on-time-departed,member=Post/48h" in text
    assert "shop-" not in text and "SKU-" not in text and "Ann" not in text


def test_persons_and_articles_are_told_to_nobody(store: SiteStore) -> None:
    """Few members of few dimensions: what is noted has no picker and no article, and a part for each point."""
    rows = [Figure("short", by, f"{by} {n}", n, 100) for by in Dimension for n in range(50) if by is not Dimension.SITE]
    rows.append(Figure("short", Dimension.SITE, "", 1, 100))
    kept = list(flow_numbers.few(rows))
    untold = {Dimension.PICKER, Dimension.SKU, Dimension.GOODS, Dimension.HOUR}
    assert {one.dimension for one in kept} == set(Dimension) - untold
    assert all(sum(one.dimension is by for one in kept) <= 40 for by in Dimension)
    told = Measured(1, "kpi.short", (("numerator.carrier:SF/a.b:c", 3), ("value.carrier:SF/a.b:c", 0.5), ("x.site", 1)))
    (point,) = Measures(()).points(1, told)
    assert point.tags == ("short", "carrier", "SF/a.b:c") and point.fields == {"numerator": 3, "value": 0.5}
