"""Every route of `/api/v1` bears whatever is asked: what is wrong is a problem of RFC 9457 with its field, never a 500.

Requests are made of the API's own OpenAPI: mostly what it says is right, with some values that are not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from conftest import Run
from example_site import client_of, example_site
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import create_app
from edge.config.lines import SiteConfig
from edge.config.load import load_site

TEXTS = st.sampled_from(
    ["", "x", "1", "shop-1", "SKU-0", "\0", "\ud800", "a/b", "%00", "-1", "9" * 25, "1e400", "2" * 300, "\u202e"]
)
ODD = (
    st.none() | st.booleans() | st.integers(-1, 2**70) | st.floats(allow_nan=False) | TEXTS | st.just([]) | st.just({})
)
_METHODS = ("get", "post", "put", "delete", "patch")


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    example_site(project, tmp_path)
    return load_site(tmp_path / "SITE.toml")


def test_no_request_is_a_fault_of_ours(site: SiteConfig, run: Run) -> None:
    spec = create_app(site).openapi()
    every = [
        (method, path, operation)
        for path, its in sorted(spec["paths"].items())
        for method, operation in sorted(its.items())
        if path.startswith("/api/v1/") and method in _METHODS
    ]
    paths = {path for _, path, _ in every}
    assert {"/api/v1/blocklist", "/api/v1/waves/plan", "/api/v1/pick-tasks/claim", "/api/v1/stock/counts"} <= paths

    @settings(max_examples=12)
    @given(st.lists(st.sampled_from(every), min_size=6, max_size=12), st.data())
    def law(asked: list[tuple[str, str, dict[str, Any]]], data: st.DataObject) -> None:
        made = [_request(spec, *one, data) for one in asked]
        for answer in run(_answers(create_app(site), made)):
            here = (answer.request.method, answer.request.url, answer.request.content[:300], answer.text[:400])
            assert answer.status_code < 500, here
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", here
                said = answer.json()
                assert said["status"] == answer.status_code and said["problems"], here
                assert answer.status_code != 422 or all(one["field"] for one in said["errors"]), here

    law()


async def _answers(app: FastAPI, requests: list[tuple[str, str, bytes | None, dict[str, str]]]) -> list[httpx.Response]:
    async with client_of(app) as client:
        return [
            await client.request(method, path, content=body, headers=headers)
            for method, path, body, headers in requests
        ]


def _request(
    spec: dict[str, Any], method: str, path: str, operation: dict[str, Any], data: st.DataObject
) -> tuple[str, str, bytes | None, dict[str, str]]:
    asked: dict[str, str] = {}
    headers: dict[str, str] = {}
    for one in operation.get("parameters", ()):
        value = data.draw(_of(spec, one["schema"], 3))
        text = value if isinstance(value, str) else json.dumps(value)
        written = quote(text.encode(errors="replace"), safe="")
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", written or "x")
        elif one["in"] == "query" and data.draw(st.booleans()):
            asked[one["name"]] = text.encode(errors="replace").decode()
        elif one["in"] == "header":
            headers[one["name"]] = data.draw(st.sampled_from(["*", '"1"', "x", '"99999999999"']))
    if "sales-orders" in path and method == "post":
        headers["if-match"] = data.draw(st.sampled_from(["*", '"1"', "x"]))
    body = None
    for kind, its in operation.get("requestBody", {}).get("content", {}).items():
        headers["content-type"] = kind
        made = data.draw(_of(spec, its.get("schema", {}), 4) | ODD)
        body = json.dumps(made).encode() if kind != "text/csv" else str(made).encode(errors="replace")
        break
    return method.upper(), f"{path}?{urlencode(asked)}" if asked else path, body, headers


def _of(spec: dict[str, Any], schema: dict[str, Any], deep: int) -> st.SearchStrategy[Any]:
    """What a schema takes; in it now and then what it does not."""
    if ref := schema.get("$ref"):
        return _of(spec, spec["components"]["schemas"][ref.rpartition("/")[2]], deep)
    if some := schema.get("anyOf") or schema.get("oneOf"):
        return st.one_of([_of(spec, one, deep) for one in some])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]]) | ODD
    match schema.get("type"):
        case "object" if deep:
            known = schema.get("properties", {})
            needed = [name for name in schema.get("required", ()) if name in known]
            must = {name: _of(spec, known[name], deep - 1) for name in needed}
            may = {name: _of(spec, its, deep - 1) for name, its in known.items() if name not in needed}
            return st.fixed_dictionaries(must, optional=may)
        case "array" if deep:
            return st.lists(_of(spec, schema.get("items", {}), deep - 1), max_size=2)
        case "integer":
            return st.integers(max(0, schema.get("minimum", 0)), 9) | ODD
        case "boolean":
            return st.booleans()
        case "string":
            return st.sampled_from(["Ann", "shop-1", "SKU-0", "B0-0", "T1"]) | TEXTS
        case _:
            return ODD
