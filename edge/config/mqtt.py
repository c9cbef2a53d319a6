"""The brokers of LINE.toml, and the publishers that speak MQTT.

Public names: BrokerTable, BrokerConfig, MqttConfig, SparkplugConfig, broker_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Literal

from pydantic import Field

from edge.config.login import LoginTable, login_problems, token_problems
from edge.config.table import Given, Host, Tcp, Url
from edge.config.tls import TlsTable, of_transport, tls_problems

Command = Literal["orders", "sales-orders", "lane", "alarm"]


class BrokerTable(TlsTable, LoginTable):
    """Where an MQTT broker is, and how it is reached."""

    host: Host = Field(min_length=1, description="the broker's name or address")
    port: Tcp | None = Field(default=None, description="TCP port; none = 1883, with `tls` 8883")
    transport: Literal["tcp", "tls"] = Field(default="tcp", description="MQTT as it is, or within TLS")

    @property
    def tcp_port(self) -> int:
        """The port, or the transport's own."""
        return self.port or (8883 if self.transport == "tls" else 1883)


class BrokerConfig(BrokerTable):
    """A broker that is published to, and who we are to it."""

    client_id: str = Field(
        default="",
        max_length=200,
        description="our name, which no other client may have; empty = `lanewise-SITE-CONTROLLER-NAME`",
    )
    keepalive_s: int = Field(
        default=15, ge=2, le=3600, description="the broker tells our last will after one and a half times as long"
    )


class MqttConfig(BrokerConfig):
    """A unified namespace on an MQTT 5 broker; docs/mqtt.md has its topics."""

    kind: Literal["mqtt"] = Field(description="kind of publisher")
    in_flight: int = Field(
        default=100, ge=1, le=65_535, description="messages under way at once; the broker may allow fewer"
    )
    events: bool = Field(
        default=False, description="in SITE.toml: tell the events of orders and parcels too (docs/events.md)"
    )
    commands: tuple[Command, ...] = Field(
        default=(), description="what may be asked over MQTT: `orders`, `lane`, `alarm`; empty = nothing"
    )
    api: Url = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^/?#]+$",
        description="`commands`: where `lanewise api` listens, which does what is asked",
    )
    token_file: Given | None = Field(
        default=None, description="`commands`: file with the token of that api in its first line"
    )


class SparkplugConfig(BrokerConfig):
    """An edge node of Sparkplug B on an MQTT broker; each line is a device. Needs the extra `sparkplug`."""

    kind: Literal["sparkplug"] = Field(description="kind of publisher")
    group: str = Field(
        default="", pattern=r"^[^/+#]*$", max_length=80, description="Sparkplug group id; empty = the site's name"
    )
    primary_host: str = Field(
        default="",
        pattern=r"^[^/+#]*$",
        max_length=80,
        description="id of the primary host: nothing is told while its STATE is not online; empty = none is waited for",
    )


def broker_problems(here: str, broker: BrokerConfig) -> Iterator[str]:
    """What the keys of one broker say against each other; ``here`` is its path."""
    yield from tls_problems(here, broker, of_transport(broker.transport))
    yield from login_problems(here, broker, broker.host, of_transport(broker.transport))
    if isinstance(broker, SparkplugConfig) and not _has_protobuf():
        yield f"{here}.kind: 'sparkplug' needs a library that is not installed: pip install 'lanewise[sparkplug]'"
    if isinstance(broker, MqttConfig) and broker.token_file is not None and not broker.commands:
        yield f"{here}.token_file: only with commands, there are none"
    if isinstance(broker, MqttConfig):
        yield from token_problems(here, broker, broker.token_file, broker.api)


def _has_protobuf() -> bool:
    try:
        return find_spec("google.protobuf") is not None
    except ModuleNotFoundError:  # not even the package around it
        return False
