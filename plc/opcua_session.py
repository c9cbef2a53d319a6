"""A session with an OPC UA server, secure unless told otherwise: what every client of ours begins with.

Public names: Security, Policy, Mode, User, UaSession, reason_of.

Source: OPC 10000-4 1.05, 5.6 (secure channels), 5.7 (sessions); OPC 10000-7 1.05, security policies: those that are
deprecated there are not offered here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.node import Node
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509

from plc.driver import PlcError
from plc.library_call import heeded
from plc.node_ids import at_place
from plc.opcua_trust import APPLICATION_URI, Own, TrustList, trouble_with
from plc.portions import TurnPortions

T = TypeVar("T")

_GOODBYE_S = 0.3
_PORTION = 8_192
"""Octets that are taken in one turn of the loop."""
_CHUNK_MOST = 1 << 20
"""Octets of one chunk; we tell servers to send no more than 65,535."""
SESSION_MS = 30_000
"""A session whose connection was cut takes the place of another for so long; some servers have one place."""
_AGAIN_S = (0.02, 0.05, 0.1, 0.2, 0.3)
"""Waits for a server that serves one connection at a time, until it knows that the one before is over."""

# What the library logs, a fault says with the name of the device.
logging.getLogger("asyncua").addHandler(logging.NullHandler())
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Policy(StrEnum):
    """Security policies that are not deprecated."""

    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128_Sha256_RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256_Sha256_RsaPss"


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
class User:
    """A login by name and password, or by certificate and key; neither = anonymous."""

    name: str = ""
    password: str = ""
    own: Own | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """A secure channel: who we are, whom we trust, and who logs in through it."""

    own: Own
    trusted: TrustList
    user: User = User()
    policy: Policy = Policy.BASIC256SHA256
    mode: Mode = Mode.SIGN_AND_ENCRYPT


class _InPortions(asyncio.Protocol):
    """What comes for the library's protocol, a portion a turn of the loop.

    It would wait for a chunk of gigabytes where a server that sends nonsense announces one, and copy all that it has
    of it whenever more comes.
    """

    def __init__(self, inner: UASocketProtocol) -> None:
        self._inner = inner

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        there = cast("asyncio.Transport", transport)
        self._portions = TurnPortions(there, _PORTION, self._took)
        self._inner.connection_made(there)

    def data_received(self, data: bytes) -> None:
        self._portions.came(data)

    def _took(self, octets: bytes) -> None:
        self._inner.data_received(octets)
        held = self._inner.receive_buffer or b""
        if int.from_bytes(held[4:8], "little") > _CHUNK_MOST:
            self._inner.disconnect_socket()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)


class _Client(Client):
    """The library's, which would wait in vain where the connection is lost again before it says its first word."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url, timeout=timeout, watchdog_intervall=3600)
        made = self.uaclient._make_protocol  # noqa: SLF001  nothing else of it makes connections
        in_portions: Callable[[], Any] = lambda: _InPortions(made())  # noqa: E731  the library calls it
        self.uaclient._make_protocol = in_portions  # type: ignore[method-assign]  # noqa: SLF001  as above

    async def connect_socket(self) -> None:
        await super().connect_socket()
        if self.uaclient.protocol is None or self.uaclient.protocol.is_closed:
            raise ConnectionError("the server ended the connection")


class UaSession:
    """One session of the device ``name`` with the server at ``url``; any fault ends it.

    ``security`` None: neither secured nor logged in. ``timeout_ms`` limits each call, ``open`` ten times that: keys are
    long. ``idle_ms``: how long nothing is asked at times. Raises ValueError for a URL that is none; every fault is
    raised as ``fault`` makes it from its text.
    """

    def __init__(
        self,
        name: str,
        url: str,
        security: Security | None,
        timeout_ms: int = 1000,
        *,
        idle_ms: int = 0,
        fault: Callable[[str], Exception] = PlcError,
    ) -> None:
        if urlsplit(url).scheme != "opc.tcp" or not urlsplit(url).hostname:
            raise ValueError(f"{name}: {url!r} is no address: opc.tcp://host:port is")
        self.where = f"{name}: {url}"
        self._url = url
        self._security = security
        self._timeout_s = timeout_ms / 1000
        self._session_ms = max(SESSION_MS, 3 * idle_ms)
        self._fault = fault
        self._client: Client | None = None
        self._namespaces: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether there is a session, as far as is known."""
        return self._client is not None

    @property
    def client(self) -> Client:
        """The library's own; a fault where there is no session."""
        if self._client is None:
            raise self._fault(f"{self.where}: not connected")
        return self._client

    async def open(self, prepare: Callable[[Client], Awaitable[None]] | None = None) -> None:
        """Opens a session and prepares it; one that is open is closed before."""
        await self.close()
        client = _Client(self._url, self._timeout_s)
        client.session_timeout = self._session_ms
        client.application_uri = APPLICATION_URI
        client.name = client.description = "Lanewise"
        self._client = client
        await self.within(self._open(client, prepare), "session", 10 * self._timeout_s)

    async def node(self, text: str) -> Node:
        """The node with an id as text; one of ``nsu=`` has the place that the server gives its namespace now.

        Raises ValueError for what is no node id here; for use within ``open`` and ``within``.
        """
        if text.startswith("nsu=") and not self._namespaces:
            self._namespaces = list(await self.client.get_namespace_array())
        return self.client.get_node(at_place(text, self._namespaces))

    async def close(self) -> None:
        """Says goodbye for a moment, then closes the socket."""
        client, self._client, self._namespaces = self._client, None, []
        if client is None:
            return
        protocol = client.uaclient.protocol
        goodbye = asyncio.ensure_future(client.disconnect())
        try:
            await asyncio.wait((goodbye,), timeout=_GOODBYE_S)
        finally:  # the library takes a cancellation for that of its own tasks: what it waits for must be gone first
            if protocol is not None and protocol.transport is not None:
                protocol.transport.abort()  # one that is closed waits for a peer that does not read
            client.disconnect_socket()
            goodbye.cancel()
            await asyncio.gather(goodbye, return_exceptions=True)

    async def within(self, call: Awaitable[T], what: str, limit_s: float = 0.0) -> T:
        """The call's result, in time; anything else ends the session and is a fault that names ``what``."""
        limit = asyncio.timeout(limit_s or self._timeout_s)
        try:
            async with limit:
                return await heeded(call)
        except TimeoutError:
            await self.close()
            waited_s = limit_s if limit.expired() and limit_s else self._timeout_s  # the library's own, of each request
            raise self._fault(f"{self.where}: {what}: no answer within {waited_s * 1000:.0f} ms") from None
        except (UaError, OSError, RuntimeError, ValueError) as error:
            await self.close()
            raise self._fault(f"{self.where}: {what}: {reason_of(error)}") from error
        except BaseException:
            await self.close()
            raise

    async def _open(self, client: Client, prepare: Callable[[Client], Awaitable[None]] | None) -> None:
        if self._security is not None:
            await self._secure(client, self._security)
            await self._connect(client)
        else:
            await client.connect()
        if prepare is not None:
            await prepare(client)

    async def _connect(self, client: Client) -> None:
        """Behind the connection by which the server's certificate was asked for, and which it may still serve."""
        for pause_s in _AGAIN_S:
            with suppress(ConnectionError):
                await client.connect()
                return
            await asyncio.sleep(pause_s)
        await client.connect()

    async def _secure(self, client: Client, security: Security) -> None:
        async def validate(certificate: x509.Certificate, server: ua.ApplicationDescription) -> None:
            host = urlsplit(self._url).hostname or ""
            if trouble := trouble_with(certificate, server.ApplicationUri or "", host, security.trusted):
                raise self._fault(f"{self.where}: {trouble}")

        own, user = security.own, security.user
        mode = ua.MessageSecurityMode[security.mode.name.title().replace("_A", "A").replace("_", "")]
        await client.set_security(_POLICIES[security.policy], _content(own.certificate), _content(own.key), mode=mode)
        client.certificate_validator = validate
        if user.name:
            client.set_user(user.name)
            client.set_password(user.password)
        elif user.own is not None:
            mine, secret = _content(user.own.certificate), _content(user.own.key)
            client.user_certificate = await uacrypto.load_certificate(mine.path_or_content, mine.extension)
            client.user_private_key = await uacrypto.load_private_key(secret.path_or_content, None, secret.extension)


def _content(file: Path) -> uacrypto.CertProperties:
    """A certificate or key, read here: the library's own reading leaves the file open when it is cancelled."""
    octets = file.read_bytes()
    return uacrypto.CertProperties(octets, "pem" if octets.lstrip().startswith(b"-----BEGIN") else "der")


def reason_of(error: Exception) -> str:
    """What went wrong, in the words of the standard where it has any."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, UaStatusCodeError):
        return f"{ua.status_codes.get_name_and_doc(error.code)[0]}"
    return str(error) or type(error).__name__
