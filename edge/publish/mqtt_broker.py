"""A broker, and what goes to it and comes from it.

Public names: Broker, Outgoing, RefusedMessage, Arrived, BrokerDown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.config.mqtt import BrokerConfig
from edge.publish.namespace import MqttMessage


class BrokerDown(Exception):  # noqa: N818  # what is down is the word of the trade
    """There is no connection, or it broke. The text names the broker and the reason."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker and who we are to it. ``session_s``: how long it keeps what arrives for us while we are away; 0 =
    nothing, every connection is a new beginning.
    """

    config: BrokerConfig
    client_id: str
    in_flight: int
    session_s: int

    @property
    def where(self) -> str:
        """Its address, for people."""
        return f"{self.config.host}:{self.config.tcp_port}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that somebody sent us. ``expiry_s`` None: never. ``again``: it may have been here before."""

    topic: str
    payload: bytes
    response_topic: str
    correlation: bytes
    properties: dict[str, str]
    expiry_s: int | None
    again: bool
    at_s: float
    acknowledge: Callable[[], None]


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that the broker refused for good."""

    message: MqttMessage
    reason: str


@dataclass(slots=True)
class Outgoing:
    """Messages on their way, in order; by place in ``messages`` which were acknowledged, and which refused for good."""

    messages: Sequence[MqttMessage]
    qos: int = 1
    acknowledged: set[int] = field(default_factory=set)
    refused: dict[int, RefusedMessage] = field(default_factory=dict)

    def left(self) -> list[int]:
        """What is still to be sent."""
        places = range(len(self.messages))
        return [place for place in places if place not in self.acknowledged and place not in self.refused]
