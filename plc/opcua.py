"""The mailbox over OPC UA: two variables `Up` and `Down`, subscribed to where the server can, else polled.

Public names: OpcUaLink, Address.

Source: OPC 10000-4 1.05, 5.11 (attributes), 5.13 and 5.14 (subscriptions).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.uaerrors import UaError

from plc.driver import PlcError
from plc.opcua_session import Security, UaSession

_UP_WORDS = (102, 104)
"""In version 1 and 2 of the mailbox."""
_DOWN_WORDS = (74,)
_SILENT_S = 0.25
"""A subscription that says nothing for so long is asked: the PLC's heartbeat alone changes every 100 ms."""


@dataclass(frozen=True, slots=True)
class Address:
    """``url``: ``opc.tcp://host:port/path``. ``up``, ``down``: node ids as text, ``ns=2;s=Up``, ``nsu=URI;s=Up``."""

    url: str
    up: str
    down: str


class OpcUaLink:
    """One session with the OPC UA server of the PLC ``name`` (a PlcLink).

    ``publish_ms``: the interval that is asked of a subscription to `Up`; 0 = never subscribe. Where there is none, or
    the server grants none that short (twice as long at most), or it falls silent, `Up` is read. ``timeout_ms`` and what
    contradicts each other: see UaSession. Any fault ends the session.
    """

    def __init__(
        self, name: str, address: Address, security: Security | None, timeout_ms: int = 1000, publish_ms: int = 10
    ) -> None:
        self._session = UaSession(name, address.url, security, timeout_ms)
        self._name = name
        self._address = address
        self._publish_ms = publish_ms
        self._up: Node | None = None
        self._down: Node | None = None
        self._newest: Sequence[int] | None = None
        self._heard = 0.0
        self._subscribed = False

    @property
    def reads_and_writes_at_once(self) -> bool:
        return False

    @property
    def subscribed(self) -> bool:
        """Whether `Up` comes by itself."""
        return self._subscribed

    async def connect(self) -> None:
        """Opens a session; one that is open is closed before."""
        await self.close()
        await self._session.open(self._open)

    async def read_up(self) -> Sequence[int]:
        newest = self._newest if self._session.is_open else None
        if newest is not None and asyncio.get_running_loop().time() - self._heard <= _SILENT_S:
            return newest
        return await self._read(self._up, "Up", _UP_WORDS)

    async def read_down(self) -> Sequence[int]:
        return await self._read(self._down, "Down", _DOWN_WORDS)

    async def write_down(self, words: Sequence[int]) -> None:
        if len(words) not in _DOWN_WORDS:
            raise ValueError(f"{self._name}: {len(words)} words for DOWN, which has {_or(_DOWN_WORDS)}")
        value = ua.DataValue(ua.Variant(list(words), ua.VariantType.UInt16, is_array=True))
        node = self._node(self._down)
        await self._session.within(node.write_value(value), "Down")

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        await self.write_down(words)
        return await self.read_up()

    async def close(self) -> None:
        self._newest, self._up, self._down, self._subscribed = None, None, None, False
        await self._session.close()

    def datachange_notification(self, _: Node, value: Any, __: Any) -> None:
        """The subscription's callback."""
        if isinstance(value, list) and len(value) in _UP_WORDS:
            self._newest = value
            self._heard = asyncio.get_running_loop().time()

    async def _open(self, client: Client) -> None:
        self._up = await self._session.node(self._address.up)
        self._down = await self._session.node(self._address.down)
        for node, what, counts in ((self._up, "Up", _UP_WORDS), (self._down, "Down", _DOWN_WORDS)):
            value = (await node.read_data_value()).Value
            if value is None or value.VariantType is not ua.VariantType.UInt16 or len(_words(value)) not in counts:
                kind = "nothing" if value is None else f"{len(_words(value))} values of {value.VariantType.name}"
                raise PlcError(f"{self._session.where}: {what} holds {kind}, it must be {_or(counts)} of UInt16")
        if self._publish_ms:
            with suppress(UaError):  # a server without subscriptions is read
                await self._subscribe(client, self._up)

    async def _subscribe(self, client: Client, up: Node) -> None:
        """Lets `Up` come by itself, unless the server would send it so rarely that reading is faster."""
        subscription = await client.create_subscription(self._publish_ms, self)
        granted_ms = subscription.parameters.RequestedPublishingInterval  # the server's answer has replaced the wish
        if granted_ms > 2 * self._publish_ms:
            await subscription.delete()
            return
        await subscription.subscribe_data_change(up, queuesize=1, sampling_interval=ua.Double(self._publish_ms))
        self._subscribed = True

    async def _read(self, node: Node | None, what: str, counts: Collection[int]) -> Sequence[int]:
        value = await self._session.within(self._node(node).read_value(), what)
        if not isinstance(value, list) or len(value) not in counts:
            await self.close()
            words = len(_words(ua.Variant(value)))
            raise PlcError(f"{self._session.where}: {what}: {words} words came, {_or(counts)} were expected")
        return value

    def _node(self, node: Node | None) -> Node:
        if node is None or not self._session.is_open:
            raise PlcError(f"{self._session.where}: not connected")
        return node


def _or(counts: Collection[int]) -> str:
    return " or ".join(map(str, counts))


def _words(value: ua.Variant) -> Sequence[Any]:
    return value.Value if isinstance(value.Value, list) else [value.Value]
