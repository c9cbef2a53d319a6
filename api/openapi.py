"""What the API says of itself at ``/api/openapi.json``, and the page that shows it, ``/api.html``.

Public names: describe, TAGS, ANSWERS, FILES, EXAMPLES, WORDS_OF_FIELDS.

FastAPI knows the routes, their parameters and most bodies. Added here: what routes answer that write their JSON
themselves, a tag for each, a summary that is a sentence of its docstring, and an example for each body.

Source: OpenAPI 3.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import TypeAdapter, WithJsonSchema

from api.answers import SCHEMAS, Problems
from api.asked_again import KEY_PARAMETER
from api.guard import HOOKS
from api.problem_details import Problem
from api.sale_bodies import WISHES
from api.sales import OrdersSaid
from api.unchanged import KNOWN_PARAMETER
from edge.core.events import LoadOpened
from edge.intake.operators import WHO
from edge.site.cloud_events import BATCH_TYPE
from edge.site.desk import ImportRun, SaleDetail, SalePage
from edge.views.manifest import Manifest

TAGS = {
    "sales": "Orders of shops and marketplaces: taken, reviewed, changed, until they are with the lines.",
    "line orders": "Orders that a line needs to know, from a WMS that plans and picks by itself.",
    "stock": "What lies where.",
    "waves": "Orders in waves, by cut-off.",
    "picking": "Rounds of pickers and totes.",
    "stations": "Quality and packing stations.",
    "packing": "What orders would be packed into.",
    "parcels": "SSCCs and labels.",
    "carriers": "Contracts, choices, suspensions.",
    "tracking": "Where parcels are.",
    "cases": "Exceptions, returns, complaints.",
    "docks": "Doors and loads.",
    "events": "What happened, to pull or to be told.",
    "key figures": "What days came to.",
    "search": "Whatever is printed, shown or scanned.",
    "accounts": "Who is signed in, people and keys, who did what.",
    "alarms": "What needs people, and what did.",
    "event log": "What happened from when to when.",
    "lists": "What lies where and why, and what goes wrong today.",
    "engineering": "Readers, PLCs, lanes to be tried.",
    "lines": "Lines, lanes, alarms, points, and what is known of anything printed.",
}
_TAG_OF = (
    ("/api/v1/sales-orders", "sales"),
    ("/api/v1/imports", "sales"),
    ("/api/orders", "line orders"),
    ("/api/loads", "docks"),
    ("/api/docks", "docks"),
    ("/api/", "lines"),
)
_TEXT = {"type": "string"}
_ENTRY = dict.fromkeys(("at", "code", "text", "place", "cause", "by", "reason", "fulfilment"), _TEXT)
_TIMELINE = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "order": _TEXT,
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {**_ENTRY, "at_us": {"type": "integer"}, "values": {"type": "object"}},
                        "required": ["at", "at_us", "code", "text", "values"],
                    },
                },
            },
            "required": ["order", "entries"],
        }
    ),
]
"""`api.sale_stories.SaleEntry`, whose words hold words, which pydantic does not follow."""
ANSWERS: dict[tuple[str, str], tuple[str, Any]] = {
    ("post", "/api/v1/sales-orders"): ("200 201", OrdersSaid),
    ("get", "/api/v1/sales-orders"): ("200", SalePage),
    ("get", "/api/v1/sales-orders/{order_id}"): ("200", SaleDetail),
    **{("post", f"/api/v1/sales-orders/{{order_id}}/{wish}"): ("200", SaleDetail) for wish in WISHES},
    ("get", "/api/v1/sales-orders/{order_id}/timeline"): ("200", _TIMELINE),
    ("get", "/api/v1/imports"): ("200", list[ImportRun]),
    ("get", "/api/v1/imports/{run_id}"): ("200", ImportRun),
    ("post", "/api/v1/imports"): ("201", ImportRun),
    ("post", "/api/loads"): ("201", LoadOpened),
    **{("post", f"/api/loads/{{load_id}}/{wish}"): ("200", Manifest) for wish in ("close", "add", "remove")},
}
"""What routes answer that write their JSON themselves, with each status that has it."""
FILES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    "label.{kind}": "application/octet-stream",
}
"""What a path answers that ends so."""
EXAMPLES: dict[str, dict[str, object]] = {
    "/api/v1/sales-orders/{order_id}/amend": {"by": "Ann", "reason": "one fewer, by phone", "wanted": {"1": 1}},
    "/api/v1/sales-orders/{order_id}/split": {"by": "Ann", "reason": "the rest comes later", "units": {"1": 1}},
    "/api/v1/sales-orders/{order_id}/contact": {"by": "Ann", "outcome": "no-answer", "note": "again after 18:00"},
    "/api/v1/stock/movements": {
        "by": "Ann",
        "movements": [
            {
                "cause": {"kind": "delivery-note", "id": "DN-4711"},
                "kind": "receipt",
                "sku": "MUG-B",
                "quantity": 40,
                "target": "A-01-1",
            }
        ],
    },
    "/api/v1/stock/counts": {
        "by": "Ann",
        "cause": {"kind": "count", "id": "2026-W48/A-01-1"},
        "bin": "A-01-1",
        "sku": "MUG-B",
        "seen": 38,
        "why": "two broken",
    },
    "/api/v1/services/suspensions": {"by": "Lee", "reason": "typhoon", "carrier": "POST"},
    "/api/v1/cases": {"kind": "complaint", "class": "damage", "key": "mail-4711", "order": "shop-1001", "by": "Ann"},
    "/api/v1/cases/actions": {"kind": "reader", "value": "tote1", "what": "move the antenna", "owner": "engineering"},
    "/api/v1/cases/returns": {
        "order": "shop-1001",
        "key": "rma-17",
        "want": "refund",
        "lines": [{"line": 1, "units": 1, "reason": "changed-mind"}],
        "by": "Ann",
    },
    "/api/v1/cases/gate": {"cause": "trolley 7", "epcs": ["(01)09521141001011(21)17"], "by": "Ann"},
    "/api/v1/cases/{number}/causes": {"kind": "reader", "value": "tote1", "by": "Ann"},
    "/api/v1/blocklist": {"by": "Ann", "reason": "two parcels refused", "order": "shop-1001"},
    "/api/v1/services/what-if": {
        "contract": '[service.post]\ncarrier = "POST"\ntime_zone = "UTC"\ncutoffs = { mon = ["18:00"] }\n'
        "transit_days = { china = 2 }\nrates = { china = [[5000, 1500]] }\n",
        "since": "2026-11-01",
        "until": "2026-11-28",
    },
    "/api/v1/packing/plan": {"order": "shop-1001"},
    "/api/v1/stations/{station}/pack": {
        "order": "shop-1001",
        "by": "Ann",
        "from_tote": True,
        "weight_g": 1240,
        "carton": "M",
    },
    "/api/v1/hooks/{carrier}": {"events": [{"id": "1", "parcel": "095211410000000175", "code": "DLV"}]},
}
"""Bodies of which a value for each field that must be there would not say enough."""
WORDS_OF_FIELDS: dict[str, object] = {
    "amount": 19900,
    "aspects": ["appearance", "quantity"],
    "by": "Ann",
    "carrier": "POST",
    "dock": "door1",
    "fulfilment": "shop-1001",
    "key": "mail-4711",
    "lot": "L-0815",
    "number": "1Z999AA10123456784",
    "order": "shop-1001",
    "other": "shop-1002",
    "parcel": "095211410000000175",
    "phone": "+886 2 0000 0000",
    "picker": "Ann",
    "printer": "pack-1",
    "reason": "the customer called",
    "since": "2026-11-01",
    "sku": "MUG-B",
    "station": "pack-1",
    "supplier": "Acme",
    "units": 2,
    "until": "2026-11-30",
}
"""By the name of a body's field a value of it, for examples; where such a field is of another type, that counts."""


def describe(app: FastAPI) -> None:
    """Completes what the application says of itself; made once, as FastAPI's documentation has it."""
    plain = app.openapi

    def told() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = told  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    answers = {where: answer for where, (_, answer) in ANSWERS.items()} | {one: one for one in (Problem, Problems)}
    shapes, known = TypeAdapter.json_schemas(
        [(where, "serialization", TypeAdapter(answer)) for where, answer in answers.items()],
        ref_template=f"{SCHEMAS}{{model}}",
    )
    document["components"]["schemas"] = {**known.get("$defs", {}), **schemas}
    document["info"] |= {"version": version("lanewise"), "summary": "Orders in, what became of them, events out."}
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    for (method, path), (statuses, _) in ANSWERS.items():
        shape = shapes[(method, path), "serialization"]
        for status in statuses.split():
            answer = document["paths"][path][method]["responses"].setdefault(status, {"description": "done"})
            answer["content"] = {"application/json": {"schema": shape}}
    batch = document["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
    batch[BATCH_TYPE]["schema"] = batch["application/json"]["schema"]
    for path, method, operation in _operations(document):
        if kind := next((kind for end, kind in FILES.items() if path.endswith(end)), ""):
            operation["responses"]["200"]["content"] = {kind: {"schema": {"type": "string", "format": "binary"}}}
        if method in ("post", "put") and not path.startswith(HOOKS):
            operation["parameters"] = [*operation.get("parameters", ()), KEY_PARAMETER]
        elif method == "get" and path.startswith("/api/v1/"):
            answers = operation["responses"]
            if "application/json" in answers["200"].get("content", ()):
                operation["parameters"] = [*operation.get("parameters", ()), KNOWN_PARAMETER]
                answers.setdefault("304", {"description": "as the answer that has this ETag"})
        operation.setdefault("tags", [next(tag for begin, tag in _TAG_OF if path.startswith(begin))])
        if sentence := operation.get("description", "").partition("\n\n")[0]:
            operation["description"] = operation["description"].replace("``", "`")
            operation["summary"] = " ".join(sentence.replace("``", "").split()).partition(". ")[0].rstrip(".")
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/json" and path in EXAMPLES:
                content["example"] = EXAMPLES[path]
            elif (schema := content.get("schema")) and "properties" in _resolved(document, schema):
                content.setdefault("example", _example(document, schema))
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while name := str(schema.get("$ref", "")).removeprefix(SCHEMAS):
        schema = document["components"]["schemas"][name]
    return schema


def _example(document: dict[str, Any], schema: dict[str, Any], name: str = "") -> object:
    """A value of a schema: what must be there, with who asks, and no more."""
    schema = _resolved(document, schema)
    for said in ("example", "const"):
        if said in schema:
            return schema[said]
    if choice := schema.get("examples") or schema.get("enum"):
        return choice[0]
    for either in ("anyOf", "oneOf", "allOf"):
        if either in schema:
            return _example(document, schema[either][0], name)
    word = WORDS_OF_FIELDS.get(name)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            wanted = {key for key, field in fields.items() if field.get("description") == WHO}.union(
                schema.get("required", ())
            )
            return {key: _example(document, field, key) for key, field in fields.items() if key in wanted}
        case "array":
            return word if isinstance(word, list) else [_example(document, schema["items"], name.removesuffix("s"))]
        case "integer" | "number":
            return word if isinstance(word, int) else schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return word if isinstance(word, str) else _text(schema, name)


def _text(schema: dict[str, Any], name: str) -> str:
    match schema.get("format"):
        case "date":
            return "2026-11-29"
        case "date-time":
            return "2026-11-29T17:30:00+08:00"
        case _:
            return name or "text"
