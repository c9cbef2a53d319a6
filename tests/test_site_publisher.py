"""What a site notes of its order flow reaches its targets once and in order, whatever was away, and names nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from epcis_peer import CaptureDoor
from influx_peer import Answer, V2Door
from jsonschema import Draft7Validator
from mosquitto import Heard, Mosquitto
from stocked import CUTOFF_US, NOW_US, accept, planning, stocked
from waiting import HANGS_S, wait_until

from api.flow_metrics import FlowMetrics
from edge.cli import _outbox_delivered
from edge.config.load import load_site
from edge.config.mqtt import MqttConfig
from edge.config.publish import EpcisConfig, FilesConfig, InfluxConfig
from edge.core.events import Measured
from edge.journal.record import Record
from edge.orders.kpis import Dimension, Figure
from edge.publish.cursors import read_cursors
from edge.publish.measures import Measures
from edge.publish.process import run
from edge.publish.site_numbers import SiteNumbers, SiteOutbox
from edge.site import drafts, flow_numbers, kpi_days, outbox, releasing, tables
from edge.site.cloud_events import cloud_event
from edge.site.outbox import OutboxTold
from edge.site.store import Keep, SiteStore

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US


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
        thread = threading.Thread(target=run, args=(((config, SiteNumbers("site", read)),), stop))
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


def test_what_is_stuck_is_noted_and_measured(store: SiteStore) -> None:
    """Packed and in no lane, in its lane and not gone, overdue, untold: how many, and how long the first has waited."""
    stocked(store, units=20)
    one, two = accept(store, [(number, {0: 1}) for number in range(2)])
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    with store.connections.writing() as db:
        states, labels = tables.sales.fulfilment_states, tables.parcels.parcels
        for n, (name, state) in enumerate(((one, "packed"), (two, "sorted"))):
            db.execute(states.update().where(states.c.fulfilment_id == name).values(state=state))
            label = {"sscc": f"{n}", "drawn_us": NOW_US, "labelled_us": NOW_US, "used_us": NOW_US + MINUTE_US}
            blank = {one.name: "" if isinstance(one.type, sa.String) else 0 for one in labels.columns}
            db.execute(labels.insert().values(blank | label | {"fulfilment": name, "seq": n + 1}))
        webhook = {"after": 0, "told": 0, "told_us": 0, "tries": 0, "since_us": 0, "next_us": 0, "trouble": ""}
        db.execute(tables.webhooks.webhooks.insert().values(name="erp", **webhook))
        outbox.append(db, [OutboxTold("order.accepted.v1", one)], NOW_US)
    flow_numbers.note_flow(store.connections, NOW_US + 5 * MINUTE_US)
    metrics = FlowMetrics()
    metrics.take(*store.flow_now())
    found = {(sample.name, *sample.labels): sample.value for sample in metrics.samples(NOW_US + 6 * MINUTE_US)}
    for stage, count, minutes in (("labelled", 1, 5), ("sorted", 1, 4), ("case-overdue", 0, 0), ("untold", 4, 5)):
        assert found["api_flow_orders", ("stage", stage)] == count, stage
        assert found["api_flow_oldest_seconds", ("stage", stage)] == minutes * 60, stage
    assert found["api_flow_age_seconds",] == 60


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


def test_the_outbox_is_told_to_brokers_repositories_and_files_once(
    store: SiteStore, project: Path, tmp_path: Path, shared: Path, mosquitto: str, listens: str
) -> None:
    """With the ids that webhooks have; through two lives of the process; what came back is EPCIS."""
    epc = "(01)04006381333931(21)7"

    def tell(n: int, kind: str, subject: str, **body: str | int | list[str]) -> None:
        with store.connections.writing() as db:
            outbox.append(db, [OutboxTold(kind, subject, body)], NOW_US + n * DAY_US)

    tell(0, "order.accepted.v1", "shop-1")
    tell(0, "case.received.v1", "case-1", case=1, order="shop-1", findings=["right"], epcs=[epc])
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    door = CaptureDoor()
    with Mosquitto(mosquitto, tmp_path) as broker:
        given = {
            "publish": {
                "hall": MqttConfig(kind="mqtt", host="127.0.0.1", port=broker.port, events=True),
                "gs1": EpcisConfig(kind="epcis", url=door.url, plain=True),
                "days": FilesConfig(kind="files", folder=tmp_path / "events", days=2),
            },
            "publish_state": tmp_path / "publish.sqlite",
        }
        site = load_site(tmp_path / "SITE.toml").model_copy(update=given)
        config = site.as_herald()

        @contextmanager
        def publishing() -> Iterator[None]:
            stop, told = threading.Event(), SiteOutbox(partial(store.told, "demo"), lambda: store.mark)
            beside = SiteNumbers("site", store.numbers)
            thread = threading.Thread(target=run, args=(((site.as_publisher(), beside), (config, told)), stop))
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join(HANGS_S)
            assert not thread.is_alive()

        def delivered() -> bool:
            newest = store.outbox(0)[-1].seq
            seqs = {one.publisher: one.seq for one in read_cursors(config.publish_state) if one.seq}
            return [seqs.get(name) for name in config.publish] == [newest] * 3

        try:
            with Heard(listens, broker.port, "lanewise/demo/_edge/outbox/event/#") as heard:
                with publishing():
                    wait_until(delivered)
                for n, to in enumerate(("restock", "refurbish", "supplier", "scrap", "back"), 1):
                    tell(n, "case.inspected.v1", "case-1", case=1, order="shop-1", disposition=to, epcs=[epc])
                tell(5, "parcel.packed.v1", "shop-2", sscc="1", epcs=[])
                with publishing():
                    wait_until(delivered)
                wait_until(lambda: len({one["id"] for one in heard.told("")}) == 8)
                by_mqtt = {(one := json.loads(text))["id"]: (topic, one) for topic, _, text in heard.messages()}
        finally:
            door.close()
    events = [msgspec.to_builtins(cloud_event("demo", row)) for row in store.outbox(0)]
    assert [by_mqtt[one["id"]][1] for one in events] == events, "as webhooks tell it"
    assert by_mqtt[events[0]["id"]][0] == "lanewise/demo/_edge/outbox/event/order.accepted.v1"
    files = sorted((tmp_path / "events").iterdir())
    assert len(files) == 3, "older ones are gone"
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines == events[-4:]
    schema = json.loads((shared / "epcis/EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    judge = Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
    assert [error.message for one in door.documents for error in judge.iter_errors(one)] == []
    said = [(one["action"], one["bizStep"], one["disposition"]) for one in door.events.values()]
    bad, held = ("OBSERVE", "inspecting", "non_conformant"), ("OBSERVE", "holding", "non_sellable_other")
    assert said == [
        ("OBSERVE", "receiving", "returned"),
        ("OBSERVE", "inspecting", "conformant"),
        *(bad, ("OBSERVE", "repairing", "in_progress")),
        *(bad, held),
        *(bad, ("DELETE", "destroying", "destroyed")),
        *(bad, held),
    ]
    first = next(iter(door.events.values()))
    assert first["epcList"] == ["https://id.gs1.org/01/04006381333931/21/7"]
    assert {"type": "rma", "bizTransaction": "urn:lanewise:case:demo:case-1"} in first["bizTransactionList"]
    # What is old goes when all of them have it, and not before.
    tell(6, "order.accepted.v1", "shop-3")
    upto = _outbox_delivered(site, store.mark)
    assert upto == store.outbox(0)[-2].seq and _outbox_delivered(site, "another store") == 0
    assert _outbox_delivered(site.model_copy(update={"publish": {}}), store.mark) is None
    assert store.keep_up(Keep(months=1, published=0), NOW_US + 99 * DAY_US).told == 0
    store.keep_up(Keep(months=1, published=upto), NOW_US + 99 * DAY_US)
    assert [row.told.subject for row in store.outbox(0)] == ["shop-3"]
