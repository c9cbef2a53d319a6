"""A target for every publisher.

Public names: PublisherCase, PUBLISHERS, publisher_table.

Brokers are mosquitto; in InfluxDB's place stands a door that takes what it is given (tests/influx_peer.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from contract import Relay, Way
from epcis_peer import CaptureDoor
from influx_peer import Answer, V2Door
from programs import Programs
from pydantic import TypeAdapter

from edge.config.publish import PublisherConfig

TOKEN = "s3cret-s3cret-s3cret-s3cret"


@dataclass(frozen=True, slots=True)
class PublisherCase:
    """``keys``: of its table in LINE.toml, for a port. ``where``: how its errors name its target."""

    stand: Callable[[Programs, Way], AbstractAsyncContextManager[Relay]]
    keys: Callable[[Programs, int], dict[str, Any]]
    secure: Callable[[Programs, int], dict[str, Any]]
    where: str


def publisher_table(keys: dict[str, Any]) -> PublisherConfig:
    made: PublisherConfig = TypeAdapter(PublisherConfig).validate_python(keys)
    return made


def influx_keys(programs: Programs, port: int) -> dict[str, Any]:
    token = programs.folder / "token"
    token.write_text(f"{TOKEN}\n")
    return {
        "kind": "influx",
        "url": f"http://127.0.0.1:{port}",
        "org": "acme",
        "bucket": "lanewise",
        "token_file": token,
        "timeout_ms": 120_000,
        "requests": 2,
    }


def secure_influx(programs: Programs, port: int) -> dict[str, Any]:
    return influx_keys(programs, port) | {
        "url": f"https://127.0.0.1:{port}",
        "ca": programs.authority.certificate,
    }


@asynccontextmanager
async def influx(_: Programs, way: Way) -> AsyncIterator[Relay]:
    door = V2Door(lambda lines: Answer(204), TOKEN)
    try:
        async with Relay(int(door.url.rpartition(":")[2]), way) as relay:
            yield relay
    finally:
        door.close()


def epcis_keys(programs: Programs, port: int) -> dict[str, Any]:
    token = programs.folder / "epcis-token"
    token.write_text(f"{TOKEN}\n")
    url = f"http://127.0.0.1:{port}/epcis"
    return {"kind": "epcis", "url": url, "token_file": token, "timeout_ms": 120_000, "events": 2, "job_s": 600}


def secure_epcis(programs: Programs, port: int) -> dict[str, Any]:
    return epcis_keys(programs, port) | {
        "url": f"https://127.0.0.1:{port}/epcis",
        "ca": programs.authority.certificate,
    }


@asynccontextmanager
async def epcis(_: Programs, way: Way) -> AsyncIterator[Relay]:
    door = CaptureDoor(TOKEN)
    try:
        async with Relay(door.port, way) as relay:
            yield relay
    finally:
        door.close()


def broker_keys(kind: str) -> Callable[[Programs, int], dict[str, Any]]:
    return lambda _, port: {"kind": kind, "host": "127.0.0.1", "port": port, "keepalive_s": 600}


def secure_broker(kind: str) -> Callable[[Programs, int], dict[str, Any]]:
    return lambda programs, port: (
        broker_keys(kind)(programs, port)
        | {
            "transport": "tls",
            "ca": programs.authority.certificate,
        }
    )


@asynccontextmanager
async def broker(programs: Programs, way: Way) -> AsyncIterator[Relay]:
    async with Relay(programs.broker, way) as relay:
        yield relay


PUBLISHERS: dict[str, PublisherCase] = {
    "epcis": PublisherCase(epcis, epcis_keys, secure_epcis, "http://127.0.0.1:{}/epcis"),
    "influx": PublisherCase(influx, influx_keys, secure_influx, "http://127.0.0.1:{}: "),
    "mqtt": PublisherCase(broker, broker_keys("mqtt"), secure_broker("mqtt"), "broker 127.0.0.1:{}: "),
    "sparkplug": PublisherCase(broker, broker_keys("sparkplug"), secure_broker("sparkplug"), "broker 127.0.0.1:{}: "),
}
