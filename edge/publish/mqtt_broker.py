"""A broker, and what goes to it and comes from it.

Public names: Broker, Outgoing, RefusedMessage, Arrived, BrokerDown, LinkCut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.config.mqtt import BrokerConfig
from edge.publish.namespace import MqttMessage

STRIKES = 3
"""So often the link is cut for a message that is alone under way, and then it is set aside."""


class BrokerDown(Exception):  # noqa: N818  # what is down is the word of the trade
    """There is no connection, or it broke. The text names the broker and the reason."""


class LinkCut(BrokerDown):
    """The broker ended the connection and did not say that it goes, or that the fault is ours: perhaps for a message
    that it does not take.
    """


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
    """Messages on their way, in order; by place in ``messages`` which were acknowledged, and which refused for good.

    ``cuts``: how often the link was cut meanwhile. From the second time on the messages from ``singly_from`` on go one
    by one, and ``struck`` counts how often it was cut for one that was alone under way.
    """

    messages: Sequence[MqttMessage]
    qos: int = 1
    acknowledged: set[int] = field(default_factory=set)
    refused: dict[int, RefusedMessage] = field(default_factory=dict)
    cuts: int = 0
    singly_from: int | None = None
    struck: Counter[int] = field(default_factory=Counter)

    def left(self) -> list[int]:
        """What is still to be sent."""
        places = range(len(self.messages))
        return [place for place in places if place not in self.acknowledged and place not in self.refused]

    def cut(self, reason: str) -> bool:
        """The link was cut. True: try again at once, since the message that it is cut for is being found.

        The broker took another message of ours on the same connection each time, so a link that breaks for itself is
        not mistaken for one that is cut for a message.
        """
        left = self.left()
        if not left:
            return False
        self.cuts += 1
        if self.singly_from is None:
            if self.cuts >= 2:
                self.singly_from = left[0]
            return self.cuts >= 2
        first = left[0]
        if first < self.singly_from:  # it was not alone
            self.singly_from = first
            return False
        self.singly_from = first
        self.struck[first] += 1
        if self.struck[first] >= STRIKES:
            message = self.messages[first]
            size = len(message.payload)
            self.refused[first] = RefusedMessage(message, f"{size} bytes: the link is cut for it each time: {reason}")
        return True
