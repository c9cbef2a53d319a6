"""docs/asyncapi.json is valid for AsyncAPI's own parser, and every message that can be told is as it says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from published import happened, told_of

from edge.config.load import load_line
from edge.core.events import KINDS
from edge.core.values.layout import LineLayout
from edge.journal.record import encode
from edge.publish.mqtt_commands import ANSWERS, Answer
from edge.publish.namespace import MqttMessage, Namespace
from edge.publish.topics import CHANNELS, UNTOLD, Channel, PublisherNow

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
PARSE = """
const { Parser } = require("@asyncapi/parser");
new Parser().parse(require("fs").readFileSync(process.argv[1], "utf8")).then(({ document, diagnostics }) => {
  const operations = document?.operations().all().map((one) => [one.id(), one.action()]);
  console.log(JSON.stringify({ version: document?.version(), operations, diagnostics }));
});
"""
NAMES = {
    "site": "demo",
    "controller": "edge1",
    "line": "(tote1|tote2|sorter)",
    "lane": r"\d+",
    "alarm": ".*",
    "device": ".*",
    "plc": ".*",
    "point": ".*",
    "publisher": "[^/]+",
    "event": "[a-z-]+",
    "command": "[^/]+",
}


@pytest.fixture(scope="module")
def document(project: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((project / "docs/asyncapi.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def namespace(project: Path) -> Namespace:
    config = load_line(project / "examples/warehouse/LINE.toml")
    return Namespace("demo", "edge1", config.layouts())


def test_asyncapis_own_parser_finds_nothing_wrong(
    peer: Callable[[str], str], npm: Callable[[str], Path], project: Path
) -> None:
    folder = npm("asyncapi")
    done = subprocess.run(
        [peer("node"), "-e", PARSE, str(project / "docs/asyncapi.json")],
        env={"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["diagnostics"] == []
    operations = dict(told["operations"])
    assert len(operations) == len(CHANNELS) - 1 and operations.pop("command") == "receive"
    assert set(operations.values()) == {"send"}


def check(document: dict[str, Any], message: MqttMessage) -> str:
    """The message is on exactly one channel and as one of its messages; that one's name."""
    found = []
    for name, channel in document["channels"].items():
        pattern = re.sub(r"\{(\w+)\}", lambda slot: NAMES[slot[1]], channel["address"])
        if re.fullmatch(pattern, message.topic, re.DOTALL):
            found.append(name)
    assert len(found) == 1, (message.topic, found)
    body = json.loads(message.payload)
    fits = []
    for name in document["channels"][found[0]]["messages"]:
        told = document["components"]["messages"][name]
        schema = {"$ref": told["payload"]["$ref"], "components": document["components"]}
        if told["contentType"] == message.content_type and Draft202012Validator(schema).is_valid(body):
            fits.append(name)
    assert len(fits) == 1, (message, fits)
    operation = document["operations"].get(found[0])
    if operation:
        binding = operation["bindings"]["mqtt"]
        assert (binding["retain"], binding.get("messageExpiryInterval", 0)) == (message.retain, message.expiry_s)
    return fits[0]


def test_what_a_floor_does_is_told_as_the_document_says(
    document: dict[str, Any],
    namespace: Namespace,
    layouts: tuple[LineLayout, ...],
) -> None:
    seen = {check(document, message) for messages in told_of(layouts, happened(layouts, 30)) for message in messages}
    seen.add(check(document, namespace.status(True, 1, "1")))
    seen.add(check(document, namespace.publisher(PublisherNow(1, "broker", 2, 3, 4, 5, 6, 7, ""))))
    for status in ANSWERS:
        answer = Answer(status, {"feed_seq": 1} if status == 202 else None, ("why",))
        seen.add(
            check(document, namespace.answer("lane", namespace.topic(Channel.ANSWER, command="ann"), answer.encode()))
        )
    assert {
        "Status",
        "LaneNow",
        "Figures",
        "Numbers",
        "PublisherNow",
        "Answered",
        "ToteRefused",
        "OrderShipped",
    } <= seen


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_any_record_is_told_as_the_document_says(
    document: dict[str, Any], namespace: Namespace, kind: str, data: st.DataObject
) -> None:
    value = data.draw(st.from_type(KINDS[kind]))
    messages = namespace.messages(7, "edge1@1/7", value, encode(value))
    assert not (kind in UNTOLD and messages)
    for message in messages:
        check(document, message)
