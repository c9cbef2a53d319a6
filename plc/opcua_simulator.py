"""The simulated PLC's OPC UA face: its mailbox as the variables `Up` and `Down` of a server.

Public names: OpcUaFace, UP_NODE, DOWN_NODE.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from asyncua import ua
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from cryptography import x509

from plc.opcua_points import from_node, to_node
from plc.opcua_trust import Own, TrustList
from plc.points import Point, PointFault, Uncertain
from plc.simulator import SimulatedPlc
from plc.words import DOWN_WORDS

UP_NODE = "ns=2;s=Up"
DOWN_NODE = "ns=2;s=Down"
_POINTS_S = 0.1

logging.getLogger("asyncua").addHandler(logging.NullHandler())


class OpcUaFace:
    """Serves the mailbox and the points of ``plc``.

    Scans it every ``scan_ms``; without ``scanning`` its owner does.

    With ``own`` and ``trusted`` only SignAndEncrypt by policies that are not deprecated, for applications in the trust
    list and users in ``users`` (name: password) or ``certificates``; without, anybody may do anything.
    """

    def __init__(
        self,
        plc: SimulatedPlc,
        scan_ms: int = 5,
        *,
        scanning: bool = True,
        own: Own | None = None,
        trusted: TrustList | None = None,
        users: Mapping[str, str] | None = None,
        certificates: Sequence[Path] = (),
    ) -> None:
        self._plc = plc
        self._scan_s = scan_ms / 1000
        self._scanning = scanning
        self._own = own
        self._trusted = trusted
        self._logins = _Logins(users or {}, [path.read_bytes() for path in certificates])
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 4840) -> None:
        """Listens. Raises OSError for a port that is taken."""
        server = Server(user_manager=self._logins if self._own else None)
        await server.init()
        self.url = f"opc.tcp://{host}:{port}"
        server.set_endpoint(self.url)
        server.set_server_name("Lanewise simulated PLC")
        if self._own is None or self._trusted is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            await server.set_application_uri("urn:lanewise:controller")
            server.set_security_policy(
                [
                    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
                ]
            )
            await server.load_certificate(str(self._own.certificate))
            await server.load_private_key(str(self._own.key))
            server.set_certificate_validator(partial(_validate, self._trusted))
            server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken])
        await server.register_namespace("urn:lanewise:mailbox")
        objects = server.nodes.objects
        up = await objects.add_variable(ua.NodeId.from_string(UP_NODE), "2:Up", *_value(self._plc.up_words))
        down = await objects.add_variable(ua.NodeId.from_string(DOWN_NODE), "2:Down", *_value([0] * DOWN_WORDS))
        await down.set_writable()
        points = [await self._add(server, point) for point in self._plc.points.points.values() if point.node]
        await server.start()
        self._server = server

        async def run() -> None:
            loop = asyncio.get_running_loop()
            due = points_due = loop.time()
            while True:
                if loop.time() >= points_due:
                    points_due = loop.time() + _POINTS_S
                    await self._move(points)
                self._plc.take_down(await down.read_value())
                if self._scanning:
                    self._plc.scan()
                await up.write_value(ua.DataValue(ua.Variant(*_value(self._plc.up_words), is_array=True)))
                due = max(due + self._scan_s, loop.time())
                await asyncio.sleep(due - loop.time())

        self._task = asyncio.create_task(run())

    async def _add(self, server: Server, point: Point) -> tuple[Point, Node]:
        value = self._plc.points.get(point.name)
        assert not isinstance(value, PointFault | Uncertain)
        held = to_node(point, value)
        name = f"2:{point.name}"
        node = await server.nodes.objects.add_variable(
            ua.NodeId.from_string(point.node), name, held.Value, held.VariantType
        )
        if point.writable:
            await node.set_writable()
        return point, node

    async def _move(self, points: Sequence[tuple[Point, Node]]) -> None:
        """What may be written is taken from its node, all else shown there."""
        memory = self._plc.points
        for point, node in points:
            if point.writable:
                value = from_node(point, await node.read_data_value())
                if not isinstance(value, PointFault | Uncertain):
                    memory.put(point.name, value)
            elif not isinstance(value := memory.get(point.name), PointFault):
                await node.write_value(ua.DataValue(to_node(point, value)))

    async def stop(self) -> None:
        """Closes every session and the listener."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop()


class _Logins(UserManager):
    """Who may log in."""

    def __init__(self, users: Mapping[str, str], certificates: Sequence[bytes]) -> None:
        self._users = users
        self._certificates = certificates

    def get_user(
        self, _: object, username: str | None = None, password: str | None = None, certificate: object = None
    ) -> User | None:
        if username is not None:  # the library gives the channel's certificate then, which is no login
            known = username in self._users and self._users[username] == password
        else:
            known = certificate in self._certificates
        return User(role=UserRole.User, name=username) if known else None


async def _validate(trusted: TrustList, certificate: x509.Certificate, _: ua.ApplicationDescription) -> None:
    if certificate not in trusted.certificates():
        raise ua.uaerrors.BadCertificateUntrusted


def _value(words: Sequence[int]) -> tuple[list[int], ua.VariantType]:
    return list(words), ua.VariantType.UInt16
