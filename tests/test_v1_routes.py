"""Every route of `/api/v1` bears whatever is asked: what is wrong is a problem of RFC 9457 with its field, never a 500.

Requests are schemathesis's own, made of the API's OpenAPI, right ones and wrong ones by turns, to a warehouse whose
orders are held, accepted, planned, released and in somebody's hands.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from example_site import client_of, example_site
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.config import SanitizationConfig
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.openapi import from_dict
from schemathesis.transport.prepare import prepare_request
from sold import sold
from stocked import NOW_US, accept, planning, stocked

from api.app import create_app
from edge.config.label import LabelTable
from edge.orders.sscc import SsccRange
from edge.site import drafts, parcels, releasing, rounds

EXAMPLES = 8
"""Of each operation: of what it takes and of what it does not, as schemathesis likes it."""
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def app(project: Path, tmp_path: Path) -> FastAPI:
    site = example_site(project, tmp_path)
    return create_app(site.model_copy(update={"label": LabelTable(prefix="9521141")}))


def filled(app: FastAPI) -> dict[str, list[str]]:
    """By the name of a parameter what there is: orders that are held, accepted, planned, released, in Ann's hands."""
    store, by = app.state.site.store(), planning(totes=2)
    stocked(store, units=20)
    orders = accept(store, [(at, {at % 8: 1, (at + 3) % 8: 2}) for at in range(1, 7)])
    waves = drafts.plan(store.connections, by, NOW_US).new
    assert releasing.release(store.connections, waves[0], by.limits, "Ann", NOW_US) is not None
    task = rounds.claim(store.connections, "Ann", NOW_US)
    assert task is not None
    app.state.site.desk().take([sold(9), sold(10)], NOW_US)
    parcel = next(line.fulfilment for line in task.lines)
    label = parcels.give_label(store.connections, store.keys, SsccRange("9521141"), parcel, "Ann", NOW_US)
    return {
        "order_id": [*orders, "shop-9", "shop-10"],
        "wave": list(waves),
        "task": [task.id],
        "n": ["1"],
        "sku": ["SKU-0", "SKU-1"],
        "seq": ["1"],
        "tote": ["T1"],
        "kind": ["zpl", "pdf"],
        "sscc": [label.sscc],
    }


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # schemathesis does
def test_no_request_is_a_fault_of_ours(app: FastAPI) -> None:
    schema = from_dict(app.openapi()).include(path_regex="^/api/v1/")
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) > 50
    with asyncio.Runner() as runner:
        entered = client_of(app)
        client = runner.run(entered.__aenter__())
        try:
            known = filled(app)
            for operation in operations:
                bears(operation, known, lambda made: runner.run(client.send(made)))
        finally:
            runner.run(entered.__aexit__(None, None, None))


def bears(
    operation: APIOperation, known: dict[str, list[str]], answered: Callable[[httpx.Request], httpx.Response]
) -> None:
    """Whatever is asked of it, of what there is and of what there is not."""
    ways = st.one_of([operation.as_strategy(way, feedback=NO_FEEDBACK) for way in GenerationMode])

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(ways, st.data())
    def law(case: Case, data: st.DataObject) -> None:
        for name in case.path_parameters or ():
            if name in known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        made = prepare_request(case, None, config=SanitizationConfig(enabled=False), base_url=HERE)
        answer = answered(httpx.Request(made.method, made.url, headers=dict(made.headers), content=made.body or b""))
        here = (made.method, made.url, dict(made.headers), str(made.body)[:300], answer.status_code, answer.text[:400])
        assert answer.status_code < 500, here
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", here
            said = answer.json()
            assert said["status"] == answer.status_code and said["problems"], here
            fields = [one["field"] for one in said["errors"]]
            assert all(fields) and (fields or answer.status_code != 422), here

    law()


def test_who_knows_an_answer_is_told_only_that_it_still_is_so(app: FastAPI) -> None:
    same, other = [], []

    async def talk() -> None:
        async with client_of(app) as client:
            known = filled(app)
            for path, operations in app.openapi()["paths"].items():
                if "304" not in operations.get("get", {}).get("responses", {}):
                    continue
                where = re.sub(r"{(\w+)}", lambda name: known.get(name[1], ["x"])[0], path)
                first = await client.get(where)
                if first.status_code != 200:
                    continue
                tag = first.headers.get("etag", "")
                assert re.fullmatch('"[^"]+"', tag), (where, first.headers)
                again = await client.get(where, headers={"if-none-match": f'"old", W/{tag}'})
                if again.status_code == 304:
                    assert (again.content, again.headers["etag"]) == (b"", tag) and "content-type" not in again.headers
                    same.append(path)
                else:  # what it says changes with time, or its tag is a version
                    assert again.status_code == 200 and (again.content != first.content or len(tag) < 20), where
                    other.append(path)
            parts = "/api/v1/stock?limit=1", "/api/v1/stock"
            tags = [(await client.get(part)).headers["etag"] for part in parts]
            assert tags[0] != tags[1]
            assert (await client.get(parts[0], headers={"if-none-match": tags[1]})).status_code == 200
            assert (await client.get("/api/lines", headers={"if-none-match": "*"})).status_code == 200

    asyncio.run(talk())
    assert len(same) > 20 and len(other) < 8, (same, other)


def test_a_key_that_there_is_not_is_refused_with_those_that_there_are(app: FastAPI) -> None:
    """In every body, also in the parts of it."""
    asked = 0

    async def talk() -> None:
        nonlocal asked
        described = app.openapi()
        async with client_of(app) as client:
            for path, operations in described["paths"].items():
                for method, operation in operations.items():
                    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                    for body, name in spoilt(content.get("schema", {}), described["components"]["schemas"]):
                        where = re.sub(r"{n}|{seq}", "1", re.sub(r"{(?!n}|seq})\w+}", "x", path))
                        answer = await client.request(method, where, json=body, headers={"if-match": "*"})
                        assert answer.status_code in (400, 422), (where, body, answer.text)
                        assert f"unknown key: did you mean '{name}'? allowed: " in answer.text, (
                            where,
                            body,
                            answer.text,
                        )
                        asked += 1

    asyncio.run(talk())
    assert asked > 60


def spoilt(schema: dict[str, Any], known: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Bodies that have one key too many, and the key it is like: in the whole, and in the first of each list."""
    schema = next((one for one in schema.get("anyOf", ()) if "type" in one or "$ref" in one), schema)
    schema = known[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if schema.get("type") == "array":
        yield from (([body], name) for body, name in spoilt(schema["items"], known))
        return
    properties = schema.get("properties", {})
    if properties and not schema.get("additionalProperties"):
        name = max(properties, key=len)
        yield {f"{name}z": 1}, name
    for key, its in properties.items():
        if its.get("type") == "array":
            yield from (({key: body}, name) for body, name in spoilt(its, known))
