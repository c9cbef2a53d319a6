"""The mailbox over OPC UA: two variables `Up` and `Down`, subscribed to where the server can, else polled.

Public names: OpcUaLink, Address, Security, Policy, Mode, User.

Source: OPC 10000-4 1.05, 5.6 (secure channels), 5.7 (sessions), 5.11 (attributes), 5.13 and 5.14 (subscriptions);
OPC 10000-7 1.05, security policies: those that are deprecated there are not offered here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.crypto import security_policies
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509

from plc.driver import PlcError
from plc.opcua_trust import APPLICATION_URI, Own, TrustList, trouble_with

T = TypeVar("T")

_UP_WORDS = 102
_DOWN_WORDS = 74
_SILENT_S = 0.25
"""A subscription that says nothing for so long is asked: the PLC's heartbeat alone changes every 100 ms."""
_GOODBYE_S = 0.3

# Every fault is raised as PlcError.
logging.getLogger("asyncua").addHandler(logging.NullHandler())
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Policy(StrEnum):
    """Security policies that are not deprecated, and none."""

    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128_Sha256_RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256_Sha256_RsaPss"
    NONE = "None"


class Mode(StrEnum):
    """What the secure channel does with messages."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


_POLICIES: dict[Policy, type[security_policies.SecurityPolicy]] = {
    Policy.BASIC256SHA256: security_policies.SecurityPolicyBasic256Sha256,
    Policy.AES128_SHA256_RSAOAEP: security_policies.SecurityPolicyAes128Sha256RsaOaep,
    Policy.AES256_SHA256_RSAPSS: security_policies.SecurityPolicyAes256Sha256RsaPss,
}


@dataclass(frozen=True, slots=True)
class Address:
    """``url``: ``opc.tcp://host:port/path``. ``up``, ``down``: node ids as text, ``ns=2;s=Up``."""

    url: str
    up: str
    down: str


@dataclass(frozen=True, slots=True)
class User:
    """A login by name and password, or by certificate and key; neither = anonymous."""

    name: str = ""
    password: str = ""
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """``own`` and ``trusted`` are needed unless ``policy`` is NONE."""

    policy: Policy = Policy.BASIC256SHA256
    mode: Mode = Mode.SIGN_AND_ENCRYPT
    own: Own | None = None
    trusted: TrustList | None = None
    user: User = User()


class OpcUaLink:
    """One session with the OPC UA server of the PLC ``name`` (a PlcLink).

    ``publish_ms``: the interval that is asked of a subscription to `Up`; 0 = never subscribe. Where there is none, or
    the server grants none that short (twice as long at most), or it falls silent, `Up` is read. ``timeout_ms`` limits
    each call, ``connect`` ten times that: keys are long. Any fault ends the session. Raises ValueError where settings
    contradict each other.
    """

    def __init__(
        self, name: str, address: Address, security: Security, timeout_ms: int = 1000, publish_ms: int = 10
    ) -> None:
        secure = security.policy is not Policy.NONE
        if secure and (security.own is None or security.trusted is None):
            raise ValueError(f"{name}: policy {security.policy} needs a certificate, its key and a trust list")
        if not secure and security.user.password:
            raise ValueError(f"{name}: policy None would send the password of {security.user.name!r} in the clear")
        if urlsplit(address.url).scheme != "opc.tcp" or not urlsplit(address.url).hostname:
            raise ValueError(f"{name}: {address.url!r} is no address: opc.tcp://host:port is")
        self._name = name
        self._address = address
        self._security = security
        self._timeout_s = timeout_ms / 1000
        self._publish_ms = publish_ms
        self._client: Client | None = None
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
        client = Client(self._address.url, timeout=self._timeout_s, watchdog_intervall=3600)
        client.application_uri = APPLICATION_URI
        client.name = client.description = "Lanewise"
        self._client = client
        await self._within(self._open(client), "session", 10 * self._timeout_s)

    async def read_up(self) -> Sequence[int]:
        newest = self._newest
        if newest is not None and asyncio.get_running_loop().time() - self._heard <= _SILENT_S:
            return newest
        return await self._read(self._up, "Up", _UP_WORDS)

    async def read_down(self) -> Sequence[int]:
        return await self._read(self._down, "Down", _DOWN_WORDS)

    async def write_down(self, words: Sequence[int]) -> None:
        if len(words) != _DOWN_WORDS:
            raise ValueError(f"{self._name}: {len(words)} words for DOWN, which has {_DOWN_WORDS}")
        value = ua.DataValue(ua.Variant(list(words), ua.VariantType.UInt16, is_array=True))
        node = self._node(self._down)
        await self._within(node.write_value(value), "Down")

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        await self.write_down(words)
        return await self.read_up()

    async def close(self) -> None:
        client, self._client = self._client, None
        self._newest, self._up, self._down, self._subscribed = None, None, None, False
        if client is None:
            return
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await client.disconnect()
        except (UaError, OSError, RuntimeError):  # TimeoutError is an OSError
            pass
        finally:
            client.disconnect_socket()

    def datachange_notification(self, _: Node, value: Any, __: Any) -> None:
        """The subscription's callback."""
        if isinstance(value, list) and len(value) == _UP_WORDS:
            self._newest = value
            self._heard = asyncio.get_running_loop().time()

    @property
    def _where(self) -> str:
        return f"{self._name}: {self._address.url}"

    async def _open(self, client: Client) -> None:
        security = self._security
        if security.policy is not Policy.NONE and security.own is not None:
            mode = ua.MessageSecurityMode[security.mode.name.title().replace("_A", "A").replace("_", "")]
            await client.set_security(_POLICIES[security.policy], security.own.certificate, security.own.key, mode=mode)
            client.certificate_validator = self._validate
        user = security.user
        if user.name:
            client.set_user(user.name)
            client.set_password(user.password)
        elif user.certificate is not None and user.key is not None:
            await client.load_client_certificate(str(user.certificate))
            await client.load_private_key(user.key)
        await client.connect()
        self._up = client.get_node(self._address.up)
        self._down = client.get_node(self._address.down)
        for node, what, count in ((self._up, "Up", _UP_WORDS), (self._down, "Down", _DOWN_WORDS)):
            value = (await node.read_data_value()).Value
            if value is None or value.VariantType is not ua.VariantType.UInt16 or len(_words(value)) != count:
                kind = "nothing" if value is None else f"{len(_words(value))} values of {value.VariantType.name}"
                raise PlcError(f"{self._where}: {what} holds {kind}, it must be {count} of UInt16")
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

    async def _validate(self, certificate: x509.Certificate, server: ua.ApplicationDescription) -> None:
        trusted = self._security.trusted
        assert trusted is not None
        host = urlsplit(self._address.url).hostname or ""
        if trouble := trouble_with(certificate, server.ApplicationUri or "", host, trusted):
            raise PlcError(f"{self._where}: {trouble}")

    async def _read(self, node: Node | None, what: str, count: int) -> Sequence[int]:
        value = await self._within(self._node(node).read_value(), what)
        if not isinstance(value, list) or len(value) != count:
            await self.close()
            raise PlcError(f"{self._where}: {what}: {len(_words(ua.Variant(value)))} words came, {count} were expected")
        return value

    def _node(self, node: Node | None) -> Node:
        if node is None:
            raise PlcError(f"{self._where}: not connected")
        return node

    async def _within(self, call: Awaitable[T], what: str, limit_s: float = 0.0) -> T:
        """The call's result, in time; anything else ends the session."""
        limit_s = limit_s or self._timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await call
        except TimeoutError:
            await self.close()
            raise PlcError(f"{self._where}: {what}: no answer within {limit_s * 1000:.0f} ms") from None
        except PlcError:
            await self.close()
            raise
        except (UaError, OSError, RuntimeError, ValueError) as error:
            await self.close()
            raise PlcError(f"{self._where}: {what}: {_reason(error)}") from error
        except BaseException:
            await self.close()
            raise


def _words(value: ua.Variant) -> Sequence[Any]:
    return value.Value if isinstance(value.Value, list) else [value.Value]


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, UaStatusCodeError):
        return f"{ua.status_codes.get_name_and_doc(error.code)[0]}"
    return str(error) or type(error).__name__
