"""Whoever asks again after an answer that never came is answered again, and nothing is done twice.

A shift at a small warehouse: each thing is asked once at one site; at another three times at once and then again, with
its key; or so without one, where the state of things says that it is done. Both have as many rows in each table, and
the same money.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from came_back import draft, item, ship
from conftest import Run
from example_site import client_of, example_site
from fastapi import FastAPI

from api.app import create_app
from api.asked_again import KEY_FIELD, KEY_HEADER, REPLAYED
from edge.config.care import CareTable, ReturnsTable, TeamTable
from edge.config.label import LabelTable
from edge.config.shipping import PlanTable, ServiceTable, ZoneTable
from edge.intake.sales_orders import EXAMPLE
from edge.site import asked
from edge.site.asked_book import AskedBook, KeptAnswer
from edge.site.store import SiteStore, StoreError
from edge.site.tables import METADATA

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POST = {
    "carrier": "Post",
    "cutoffs": dict.fromkeys(DAYS, ("00:00", "12:00")),
    "transit_days": {"home": 1},
    "rates": {"home": [[30_000, 100]]},
}
BY = {"by": "Ann"}
WHY = {**BY, "reason": "the customer called"}
BESIDE = {"asked", "alembic_version"}
"""Tables that are not of the work itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is asked. ``path``, ``body``: with ``{names}`` of what earlier answers gave.

    ``state``: without a key it is done once all the same; ``learns``: what its answer gives, by name.
    """

    path: str
    body: object
    state: bool = False
    learns: Callable[[Any], dict[str, Any]] = lambda said: {}
    version: str = "*"


def sale(number: int, **changed: Any) -> dict[str, Any]:
    person = {
        **EXAMPLE["consignee"],
        "phone": f"09123{number:05d}",
        "email": f"n{number}@example.org",
        "street": f"{number}",
    }
    payment = {"kind": "prepaid", "currency": "TWD", "total": 200, "paid": 200}
    lines = [{"sku": "SKU-1", "quantity": 2, "price": 100}]
    return {
        "channel": "shop",
        "external": f"N{number}",
        "consignee": person,
        "lines": lines,
        "payment": payment,
        **changed,
    }


UNPAID = {"kind": "prepaid", "currency": "TWD", "total": 200, "paid": 0}


def receipt(bin_: str, n: int) -> dict[str, Any]:
    cause = {"kind": "receipt", "id": "delivery 1", "n": n}
    return {"cause": cause, "kind": "receipt", "sku": "SKU-1", "quantity": 5, "target": bin_}


STEPS = (
    Step(
        "/api/orders",
        {"channel": "wms", "external": "1", "carrier": "Post", "lines": [{"gtin": "09521141001011", "quantity": 1}]},
        state=True,
    ),
    Step("/api/v1/sales-orders", [sale(n) for n in range(11, 17)], state=True),
    Step("/api/v1/sales-orders", [sale(17, payment=UNPAID)], state=True),
    Step("/api/v1/stock/movements", {**BY, "movements": [receipt("B1-0", 0), receipt("B1-1", 1)]}, state=True),
    Step(
        "/api/v1/stock/counts",
        {**BY, "cause": {"kind": "count", "id": "c1"}, "bin": "B2-0", "sku": "SKU-2", "seen": 7},
        state=True,
    ),
    # wishes
    Step("/api/v1/sales-orders/shop-N17/pay", {**BY, "amount": 150}),
    Step("/api/v1/sales-orders/shop-N17/contact", {**BY, "note": "later"}),
    Step(
        "/api/v1/sales-orders/shop-N17/pay",
        {**BY, "amount": 50},
        learns=lambda said: {"version": said["order"]["version"]},
    ),
    Step("/api/v1/sales-orders/shop-N16/hold", WHY),
    Step("/api/v1/sales-orders/shop-N16/release", WHY),
    Step("/api/v1/sales-orders/shop-N16/amend", {**WHY, "added": [{"sku": "SKU-3", "quantity": 1, "price": 0}]}),
    Step("/api/v1/sales-orders/shop-N15/split", {**WHY, "units": {"1": 1}}),
    Step("/api/v1/sales-orders/shop-N14/cancel", WHY),
    Step(
        "/api/v1/blocklist",
        {**WHY, "order": "shop-N13", "kinds": ["phone"]},
        learns=lambda said: {"block": said[0]["seq"]},
    ),
    Step("/api/v1/blocklist/{block}/remove", WHY),
    # waves and rounds
    Step("/api/v1/waves/plan", BY, learns=lambda said: {"wave": said["new"][0]}),
    Step("/api/v1/waves/{wave}/release", BY, state=True),
    Step(
        "/api/v1/pick-tasks/claim",
        {"picker": "Pia"},
        state=True,
        learns=lambda said: {"task": said["id"], "round": said["version"]},
    ),
    Step("/api/v1/pick-tasks/{task}/hand-back", {"picker": "Pia"}, version='"{round}"'),
    Step(
        "/api/v1/pick-tasks/claim",
        {"picker": "Pia"},
        state=True,
        learns=lambda said: {"round": said["version"], "name": said["lines"][0]["fulfilment"]},
    ),
    Step(
        "/api/v1/pick-tasks/{task}/lines/1",
        {"picker": "Pia", "units": 1, "reason": "damaged", "tote": "(8003)09521141000106T1"},
        version='"{round}"',
        state=True,
    ),
    Step("/api/v1/totes/(8003)09521141000106T1/emptied", BY, state=True),
    # parcels
    Step("/api/v1/parcels/blocks", {**BY, "station": "pack1", "count": 5}),
    Step("/api/v1/parcels", {**BY, "order": "{name}"}, state=True, learns=lambda said: {"sscc": said["sscc"]}),
    Step("/api/v1/parcels/{sscc}/void", WHY, state=True),
    Step(
        "/api/v1/stations/quality/quality",
        {**BY, "order": "{name}", "aspects": ["appearance"], "sku": "SKU-1", "fault": "scratched"},
        learns=lambda said: {"refusal": said[0]["seq"]},
    ),
    Step("/api/v1/quality/{refusal}/settle", {**WHY, "settlement": "scrap"}, state=True),
    Step("/api/v1/lots/block", {**WHY, "sku": "SKU-1", "lot": "L1"}),
    Step("/api/v1/lots/free", {**WHY, "sku": "SKU-1", "lot": "L1"}),
    Step(
        "/api/v1/services/suspensions",
        {**WHY, "carrier": "Post"},
        learns=lambda said: {"stop": said["suspension"]["seq"]},
    ),
    Step("/api/v1/services/suspensions/{stop}/end", WHY, state=True),
    # returns and cases: shop-1 and shop-2 have left
    Step(
        "/api/v1/cases",
        {**BY, "kind": "complaint", "class": "quality", "key": "call 1", "order": "shop-1"},
        state=True,
        learns=lambda said: {"case": said["id"]},
    ),
    Step("/api/v1/cases/{case}/take", BY),
    Step("/api/v1/cases/{case}/answer", WHY),
    Step("/api/v1/cases/{case}/note", WHY),
    Step("/api/v1/cases/{case}/causes", {**BY, "kind": "carrier", "value": "Post"}),
    Step("/api/v1/cases/{case}/settle", {**WHY, "goodwill": 30}, state=True),
    Step("/api/v1/cases/{case}/close", BY, state=True),
    Step("/api/v1/cases/{case}/reopen", WHY),
    Step(
        "/api/v1/cases/actions",
        {"kind": "carrier", "value": "Post", "what": "talk", "owner": "Lee"},
        learns=lambda said: {"action": said["seq"]},
    ),
    Step("/api/v1/cases/actions/{action}/done", {}, state=True),
    Step(
        "/api/v1/cases/returns",
        {**BY, "order": "shop-1", "lines": [{"line": 1, "units": 2}], "want": "exchange"},
        state=True,
        learns=lambda said: {"back": said["id"]},
    ),
    Step(
        "/api/v1/cases/gate",
        {**BY, "cause": "box 1", "epcs": [item(1, 1)]},
        state=True,
        learns=lambda said: {"unit": said[0]["unit"]["seq"]},
    ),
    Step("/api/v1/cases/{back}/units/{unit}", {**BY, "disposition": "restock", "bin": "B1-0"}, state=True),
    Step("/api/v1/cases/{back}/settle", {**WHY, "instead": [{"sku": "SKU-3", "price": 500}]}, state=True),
    Step("/api/v1/cases/gate", {**BY, "cause": "box 2", "epcs": [item(2, 9)], "skus": {"SKU-4": 2}}, state=True),
)


def filled(store: SiteStore) -> None:
    """What left before the shift."""
    ship(store, draft(1, [(1, 2, 400)]), [item(1, 1), item(1, 2)])
    ship(store, draft(2, [(2, 1, 300)]), [item(2, 9)])


def app_of(project: Path, folder: Path, store: str) -> FastAPI:
    folder.mkdir(exist_ok=True)
    made = example_site(project, folder)
    return create_app(
        made.model_copy(
            update={
                "store": store,
                "service": {"post": ServiceTable.model_validate(POST)},
                "plan": PlanTable(zone={"home": ZoneTable()}, lead_minutes=0, margin_minutes=0, every_minutes=0),
                "team": {"care": TeamTable(lead="Lee", time_zone="Asia/Taipei")},
                "returns": {"all": ReturnsTable(days=3_650, freight_amount=60)},
                "care": CareTable(bin="BACK-1", every_s=0),
                "label": LabelTable(prefix="9521141"),
                "secret_file": folder / "site.secret",
            }
        )
    )


def rows_of(store: SiteStore) -> dict[str, int]:
    """How many rows each table has, and what money is booked."""
    with store.connections.reading() as db:
        found = {
            table.name: int(db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for table in METADATA.sorted_tables
            if table.name not in BESIDE
        }
        for table in METADATA.sorted_tables:
            for name in ("amount", "paid", "credited", "on_hand", "allocated", "promised", "sellable"):
                if name in table.c and isinstance(table.c[name].type, sa.Integer):
                    found[f"{table.name}.{name}"] = int(db.execute(sa.select(sa.func.sum(table.c[name]))).scalar() or 0)
    told = store.outbox(0, 1_000)
    return found | Counter(f"outbox {row.told.type}" for row in told)


def filled_in(told: Any, ids: dict[str, Any]) -> Any:
    """A body or path with what is known by now."""
    match told:
        case str():
            return re.sub(r"\{(\w+)\}", lambda name: str(ids[name[1]]), told)
        case dict():
            return {key: filled_in(value, ids) for key, value in told.items()}
        case list():
            return [filled_in(value, ids) for value in told]
        case _:
            return told


async def shift(app: FastAPI, how: str) -> dict[str, int]:
    """All of it, and the rows that there are then."""
    ids: dict[str, Any] = {}
    async with client_of(app) as client:
        store = app.state.site.store()
        await asyncio.to_thread(filled, store)
        for step in STEPS:
            path, body = filled_in(step.path, ids), filled_in(step.body, ids)
            headers = {"if-match": filled_in(step.version, ids)}
            if how != "state" or not step.state:
                headers[KEY_HEADER] = str(uuid4())

            async def ask() -> httpx.Response:
                return await client.post(path, json=body, headers=headers)  # noqa: B023

            times = 3 if how == "keys" or (how == "state" and step.state) else 1
            answers = await asyncio.gather(*(ask() for _ in range(times)))
            done = [one for one in answers if one.status_code < 300]
            here = (step.path, [(one.status_code, one.text[:300]) for one in answers])
            assert done, here
            if how == "keys":
                again = await ask()
                assert len(done) == times and again.status_code == done[0].status_code, (here, again.text)
                if REPLAYED in again.headers:
                    assert len({one.text for one in (*done, again)}) == 1, here
                    other = await client.post(path, json={"by": "somebody else"}, headers=headers)
                    assert other.status_code == 422 and KEY_HEADER in other.text, (here, other.text)
            ids |= step.learns(done[0].json())
        return await asyncio.to_thread(rows_of, store)


@pytest.mark.parametrize("how", ["keys", "state"])
def test_nothing_is_done_twice(store_url: str, project: Path, tmp_path: Path, run: Run, how: str) -> None:
    once = run(shift(app_of(project, tmp_path / "once", f"sqlite:///{tmp_path}/once.sqlite"), "once"))
    again = run(shift(app_of(project, tmp_path / "again", store_url), how))
    assert {name: (n, again.get(name)) for name, n in once.items() if n != again.get(name)} == {}


def test_a_form_is_done_once_and_with_other_words_again(project: Path, tmp_path: Path, run: Run) -> None:
    """A browser that sends its form a second time, or goes back and sends it, is led to where it was led before."""

    async def talk() -> None:
        app = app_of(project, tmp_path / "site", f"sqlite:///{tmp_path}/site.sqlite")
        async with client_of(app) as client:
            page = (await client.get("/cases")).text
            keys = re.findall(rf'name="{KEY_FIELD}" value="([\w-]+)"', page)
            assert len(keys) == len(set(keys)) == len(re.findall('method="post" action="/cases', page)) > 1
            form = {KEY_FIELD: keys[0], "kind": "carrier", "value": "Post", "what": "talk to them", "owner": "Lee"}
            answers = await asyncio.gather(*(client.post("/cases/act", data=form) for _ in range(3)))
            answers.append(await client.post("/cases/act", data=form))
            assert {one.status_code for one in answers} == {303}, [one.text[:200] for one in answers]
            assert len({one.headers["location"] for one in answers}) == 1
            assert (await client.post("/cases/act", data=form | {"what": "send it back"})).status_code == 303
            assert (await client.post("/cases/act", data=form | {KEY_FIELD: keys[1]})).status_code == 303
            found = (await client.get("/api/v1/cases/actions")).json()
            assert sorted(one["what"] for one in found) == ["send it back", "talk to them", "talk to them"]

    run(talk())


def test_what_was_refused_may_be_asked_again_and_what_was_done_never_is(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the api ended between its commit and its answer; and nobody's key is another one's."""
    monkeypatch.setattr("api.asked_again._WAIT_S", 0.0)

    async def talk() -> None:
        app = app_of(project, tmp_path / "site", f"sqlite:///{tmp_path}/site.sqlite")
        async with client_of(app) as client:
            store: SiteStore = app.state.site.store()
            await asyncio.to_thread(filled, store)
            of, key = "/api/v1/sales-orders/shop-N1", {"if-match": "*", KEY_HEADER: "mine"}
            assert (await client.post("/api/v1/sales-orders", json=sale(1, payment=UNPAID))).status_code == 201
            for wish, body in (
                ("pay", {"amount": 70}),
                ("amend", {"reason": "more", "added": [{"sku": "SKU-1", "quantity": 1}]}),
            ):
                keyless = await client.post(f"{of}/{wish}", json={**BY, **body}, headers={"if-match": "*"})
                assert keyless.status_code == 428 and KEY_HEADER in keyless.text, keyless.text
            late = await client.post(f"{of}/delivery-refused", json={**WHY, "fulfilment": "x"}, headers=key)
            assert late.status_code == 409
            with monkeypatch.context() as dying:
                dying.setattr(AskedBook, "keep", lambda *_: None)
                assert (await client.post(f"{of}/pay", json={**BY, "amount": 70}, headers=key)).status_code == 200
            again = await client.post(f"{of}/pay", json={**BY, "amount": 70}, headers=key)
            assert again.status_code == 409 and "was done" in again.text
            assert (await client.get(of)).json()["amounts"]["paid"] == 70
            wrong = await client.post(f"{of}/pay", json={**BY, "amount": 1}, headers={**key, KEY_HEADER: "x" * 201})
            assert wrong.status_code == 400 and KEY_HEADER in wrong.text
            told = await client.post(f"{of}/pay", json={**BY, "amount": 5}, headers={**key, KEY_HEADER: "other"})
            assert told.status_code == 200
            with store.connections.writing() as db:
                rows = db.execute(sa.select(METADATA.tables["asked"])).all()
                assert sorted(row.status for row in rows) == [0, 200]
                assert "shop-N1" not in "".join(row.body for row in rows), "nobody reads it in the database"
                asked.forget_answers(db)
                assert asked.forget_asked(1, max(row.at_us for row in rows) + 1, db) == 1
            again = await client.post(f"{of}/pay", json={**BY, "amount": 5}, headers={**key, KEY_HEADER: "other"})
            assert again.status_code == 409, "persons are erased, and what was done is not done again"

    run(talk())


def test_a_key_is_written_also_where_the_store_was_away_while_it_was_looked_up(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work writes it, or finds it; and where nobody can say what was answered, that is said."""
    gone = [0]
    look = AskedBook.look

    def looked(self: AskedBook, key: str) -> KeptAnswer | None:
        if gone[0]:
            gone[0] -= 1
            raise StoreError("site store: away")
        return look(self, key)

    async def talk() -> None:
        app = app_of(project, tmp_path / "site", f"sqlite:///{tmp_path}/site.sqlite")
        async with client_of(app) as client:
            await asyncio.to_thread(filled, app.state.site.store())
            of, key = "/api/v1/sales-orders/shop-N1", {"if-match": "*", KEY_HEADER: "mine"}
            assert (await client.post("/api/v1/sales-orders", json=sale(1, payment=UNPAID))).status_code == 201

            async def pay(away: int) -> httpx.Response:
                gone[0] = away
                return await client.post(f"{of}/pay", json={**BY, "amount": 70}, headers=key)

            assert (await pay(1)).status_code == 200  # the first time, and the store is away for a moment
            for away, status in ((1, 200), (2, 503), (0, 200)):
                again = await pay(away)
                assert again.status_code == status and (REPLAYED in again.headers) == (status == 200), again.text
            assert (await client.get(of)).json()["amounts"]["paid"] == 70

    monkeypatch.setattr(AskedBook, "look", looked)
    run(talk())
