"""Writes docs/asyncapi.json from the topics, events and requests; with --check fails when the file differs.

Public names: document, main.

Source: AsyncAPI 3.1.0; its bindings for MQTT 0.2.0; CloudEvents 1.0.2, JSON format.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from edge.publish.mqtt_commands import ANSWERS, EXPIRY, REQUESTS
from edge.publish.topics import (
    CHANNELS,
    CLOUD_EVENT_TYPE,
    COUNTED,
    EDGE_EVENTS,
    EVENTS,
    JSON_TYPE,
    ROOT,
    Channel,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "asyncapi.json"
PARAMETERS = {
    "site": "`site` of LINE.toml",
    "controller": "`controller` of LINE.toml",
    "line": "a line by its name in LINE.toml",
    "lane": "number of a lane in the PLC",
    "alarm": "name of an alarm: its kind and place, as `jam.sorter.3`",
    "device": "`controller`, `plc.NAME`, `reader.NAME`, `line.NAME`, `site-store`, `journal`, `disk` or `files`",
    "plc": "a PLC by its name in LINE.toml",
    "point": "a point by its name in LINE.toml",
    "publisher": "a publisher by its name in LINE.toml",
    "event": "name of the event",
    "command": "`orders`, `sales-orders`, `lane` or `alarm`",
}
_TYPES = {str: "string", int: "integer", bool: "boolean"}
Json = dict[str, Any]


def document() -> Json:
    """The whole document."""
    schemas = _schemas()
    messages = {**_events(schemas), **_states(), **_requests()}
    channels = {_name(channel): _channel(channel) for channel in CHANNELS}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Lanewise on MQTT",
            "version": "1.0.0",
            "description": "What `lanewise publish` tells an MQTT 5 broker, and may be asked there; docs/mqtt.md.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON_TYPE,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "description": "`host` and `port` of [publish.NAME]; within TLS with transport `tls`.",
                "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "1883"}},
            }
        },
        "channels": channels,
        "operations": {_name(channel): _operation(channel) for channel in CHANNELS if channel is not Channel.ANSWER},
        "components": {"messages": messages, "schemas": schemas},
    }


def _name(channel: Channel) -> str:
    head, *rest = channel.name.lower().split("_")
    return head + "".join(word.capitalize() for word in rest)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _of(channel: Channel) -> list[str]:
    """Names of the messages on a channel."""
    match channel:
        case Channel.EVENT:
            return [_camel(name) for name in EVENTS if name not in EDGE_EVENTS]
        case Channel.EDGE_EVENT:
            return [_camel(name) for name in EVENTS]
        case Channel.COMMAND:
            return ["OrdersRequest", "LaneRequest", "AlarmRequest"]
        case _:
            kind = CHANNELS[channel].kind
            assert kind is not None
            return [kind.__name__]


def _channel(channel: Channel) -> Json:
    address = f"{ROOT}/{{site}}/{channel}"
    return {
        "address": address,
        "description": CHANNELS[channel].text,
        "parameters": {name: {"description": PARAMETERS[name]} for name in re.findall(r"\{(\w+)\}", address)},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _of(channel)},
    }


def _operation(channel: Channel) -> Json:
    told = CHANNELS[channel]
    binding: Json = {"qos": 1, "retain": told.retain, "bindingVersion": "0.2.0"}
    if told.expiry_s:
        binding["messageExpiryInterval"] = told.expiry_s
    made: Json = {
        "action": "receive" if channel is Channel.COMMAND else "send",
        "channel": {"$ref": f"#/channels/{_name(channel)}"},
        "bindings": {"mqtt": binding},
    }
    if channel is Channel.COMMAND:
        made["reply"] = {
            "address": {
                "description": "The request's response topic, below `answer/`; without one `answer/COMMAND`.",
                "location": "$message.header#/responseTopic",
            },
            "channel": {"$ref": f"#/channels/{_name(Channel.ANSWER)}"},
        }
    return made


def _schemas() -> Json:
    kinds = [told.kind for told in CHANNELS.values() if told.kind is not None]
    data = [kind for kind, _ in EVENTS.values()]
    _, found = msgspec.json.schema_components([*kinds, *data], ref_template="#/components/schemas/{name}")
    for schema in found.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split()).replace("``", "`")
        schema.pop("title", None)
        if "properties" in schema:
            schema["additionalProperties"] = False
    found["Figures"]["properties"]["counts"] = {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0, "description": text} for name, text in COUNTED.items()},
        "required": list(COUNTED),
        "additionalProperties": False,
    }
    found["Answered"]["properties"]["status"] = {
        "type": "integer",
        "enum": list(ANSWERS),
        "description": "; ".join(f"{status}: {text}" for status, text in ANSWERS.items()),
    }
    for what, (wanted, optional) in REQUESTS.items():
        found[f"{_camel(what)}Request"] = {
            "type": "object",
            "properties": {key: {"type": _TYPES[kind]} for key, kind in (wanted | optional).items()},
            "required": list(wanted),
            "additionalProperties": False,
        }
    return dict(sorted(found.items()))


def _events(schemas: Json) -> Json:
    made = {}
    for name, (kind, text) in EVENTS.items():
        schemas[f"{_camel(name)}Event"] = {
            "type": "object",
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "minLength": 1},
                "source": {"type": "string", "format": "uri-reference"},
                "type": {"const": f"{ROOT}.{name}"},
                "subject": {"type": "string", "minLength": 1},
                "time": {"type": "string", "format": "date-time"},
                "datacontenttype": {"const": JSON_TYPE},
                "data": {"$ref": f"#/components/schemas/{kind.__name__}"},
            },
            "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
            "additionalProperties": False,
        }
        made[_camel(name)] = {
            "name": name,
            "title": text,
            "contentType": CLOUD_EVENT_TYPE,
            "payload": {"$ref": f"#/components/schemas/{_camel(name)}Event"},
        }
    return made


def _states() -> Json:
    kinds = {told.kind.__name__: told for told in CHANNELS.values() if told.kind is not None}
    return {
        name: {
            "name": name,
            "title": told.text,
            "contentType": JSON_TYPE,
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        for name, told in kinds.items()
    }


def _requests() -> Json:
    headers = {
        "type": "object",
        "description": "Properties of MQTT 5: response topic, correlation data, user property.",
        "properties": {
            "responseTopic": {"type": "string"},
            "correlationData": {
                "type": "string",
                "description": "The same again is answered again and not done again.",
            },
            EXPIRY: {"type": "string", "description": "Not done at or after this time, microseconds since 1970 UTC."},
        },
    }
    order = {"type": "object", "required": ["carrier", "lines"]}
    told = "One order or a list, all or nothing, with the keys that `POST /api/orders` takes."
    sale = {"type": "object", "required": ["payment", "lines"]}
    sold = "One order or a list, each by itself, with the keys that `POST /api/v1/sales-orders` takes."
    payloads: Json = {
        "orders": {"description": told, "oneOf": [order, {"type": "array", "items": order}]},
        "sales-orders": {"description": sold, "oneOf": [sale, {"type": "array", "items": sale}]},
        **{what: {"$ref": f"#/components/schemas/{_camel(what)}Request"} for what in REQUESTS},
    }
    return {
        f"{_camel(what)}Request": {
            "name": f"{what}-request",
            "contentType": JSON_TYPE,
            "headers": headers,
            "payload": payload,
        }
        for what, payload in payloads.items()
    }


def main() -> int:
    """Writes the file, or compares it."""
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE}: not what the topics say; run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
