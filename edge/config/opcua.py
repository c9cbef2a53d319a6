"""How we come into an OPC UA server, and how others come into ours; what is wrong with either beyond a single key.

Public names: UaClientConfig, PackmlConfig, UaServerConfig, UaPolicy, UaMode, ua_problems, ua_server_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from edge.config.table import Frozen, Name


class UaPolicy(StrEnum):
    """OPC UA security policies that are not deprecated, and none."""

    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128_Sha256_RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256_Sha256_RsaPss"
    NONE = "None"


class UaMode(StrEnum):
    """What the secure channel does with messages."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


class UaClientConfig(Frozen):
    """An OPC UA server and how we come in. `lanewise plc cert` makes certificate and key."""

    url: str = Field(default="", pattern=r"^$|^opc\.tcp://.+", description="`opc.tcp://host:port/path`")
    policy: UaPolicy = Field(
        default=UaPolicy.BASIC256SHA256, description="security policy; `None` only in a safe network"
    )
    mode: UaMode = Field(
        default=UaMode.SIGN_AND_ENCRYPT, description="what is done to messages; not with policy `None`"
    )
    certificate: Path | None = Field(default=None, description="DER file of our certificate; not with policy `None`")
    key: Path | None = Field(default=None, description="PEM file of its key, without password")
    trusted: Path | None = Field(
        default=None,
        description="folder of certificates, DER or PEM, of servers that are trusted or who may sign theirs",
    )
    user: str = Field(default="", description="login by name; empty = anonymous, or by certificate")
    password_file: Path | None = Field(default=None, description="file with the password in its first line")
    user_certificate: Path | None = Field(default=None, description="login by certificate: DER file")
    user_key: Path | None = Field(default=None, description="login by certificate: PEM file of its key")


class PackmlConfig(UaClientConfig):
    """The machine's PackML object (OPC 30050) on an OPC UA server, whatever its driver; states and counts are read."""

    node: str = Field(min_length=3, description="node id of the object, as `ns=4;s=machine`")
    every_ms: int = Field(default=1_000, ge=50, le=3_600_000, description="how often it is read")
    timeout_ms: int = Field(
        default=1_000, ge=10, le=60_000, description="an answer later than this ends the connection"
    )


class UaServerConfig(Frozen):
    """The OPC UA server of `lanewise opcua`, which shows portals and lines and can only be read."""

    listen: str = Field(
        default="127.0.0.1:4840",
        pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$",
        description="address and port; the name or address must stand in our certificate",
    )
    nodesets: Path = Field(
        description="folder with the OPC Foundation's NodeSets of DI, AutoID and PackML, named as they are there"
    )
    certificate: Path | None = Field(default=None, description="DER file of our certificate; not with `anonymous`")
    key: Path | None = Field(default=None, description="PEM file of its key, without password")
    trusted: Path | None = Field(default=None, description="folder of the clients' certificates, DER or PEM")
    user: dict[Name, Path] = Field(default={}, description="logins: name = file with the password in its first line")
    anonymous: bool = Field(
        default=False, description="anybody may read, without security and login; only on a loopback address"
    )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.listen.rpartition(":")
        return host, int(port)


_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def ua_server_problems(here: str, given: UaServerConfig) -> Iterator[str]:
    """What the keys of the server's table say against each other; ``here`` is its path."""
    host, port = given.address
    if not 1 <= port <= 65_535:
        yield f"{here}.listen: {given.listen!r}: port {port} is not one of 1..65535"
    if given.anonymous:
        if host not in _LOOPBACK:
            yield f"{here}.anonymous: true: only on a loopback address ({', '.join(_LOOPBACK)}), not on {host}"
        for key in sorted(given.model_fields_set & {"certificate", "key", "trusted", "user"}):
            yield f"{here}.{key}: not with anonymous, which has no security"
        return
    for key in ("certificate", "key", "trusted"):
        if getattr(given, key) is None:
            yield f"{here}.{key}: missing: only anonymous goes without"
    if not given.user:
        yield f"{here}.user: missing: nobody could log in"


def ua_problems(here: str, given: UaClientConfig) -> Iterator[str]:
    """What the keys of a table `opcua` say against each other; ``here`` is its path."""
    if not given.url:
        yield f"{here}.url: missing: where the OPC UA server is"
    if given.policy is not UaPolicy.NONE:
        for key in ("certificate", "key", "trusted"):
            if getattr(given, key) is None:
                yield f"{here}.{key}: missing: only policy 'None' goes without"
    elif given.user or given.user_certificate is not None:
        yield f"{here}.policy: 'None': a login would go in the clear, choose a policy"
    if bool(given.user) != (given.password_file is not None):
        yield f"{here}.{'password_file' if given.user else 'user'}: missing: user and password belong together"
    if (given.user_certificate is None) != (given.user_key is None):
        absent = "user_key" if given.user_key is None else "user_certificate"
        yield f"{here}.{absent}: missing: certificate and key belong together"
    if given.user and given.user_certificate is not None:
        yield f"{here}.user: {given.user!r}: a login is by name or by certificate, not both"
