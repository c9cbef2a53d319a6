"""How we come into an OPC UA server, and how others come into ours; what is wrong with either beyond a single key.

Public names: UaClientConfig, PackmlConfig, UaServerConfig, UaFiles, UaPolicy, UaMode, ua_problems, ua_server_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from edge.config.login import FIRST_LINE, LoginTable, login_problems
from edge.config.table import Beside, Frozen, Listen, Name, Url, is_loopback, pair_problems


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


@dataclass(frozen=True, slots=True)
class UaFiles:
    """Our certificate and its key, and the folder of the certificates that we trust."""

    certificate: Path
    key: Path
    trusted: Path


class UaOwnTable(Frozen):
    """The keys of an application that secures its channels."""

    certificate: Beside | None = Field(default=None, description="DER file of our certificate; none without security")
    key: Beside | None = Field(default=None, description="PEM file of its key, without password")
    trusted: Beside | None = Field(
        default=None,
        description="folder of certificates, DER or PEM, of others that are trusted or who may sign theirs",
    )

    def files(self) -> UaFiles:
        """All three. Raises ValueError without one; where there is security, loading has said so before."""
        if self.certificate is None or self.key is None or self.trusted is None:
            raise ValueError("certificate, key and trusted name no files")
        return UaFiles(self.certificate, self.key, self.trusted)


class UaClientConfig(UaOwnTable, LoginTable):
    """An OPC UA server and how we come in. `lanewise plc cert` makes certificate and key."""

    url: Url = Field(default="", pattern=r"^$|^opc\.tcp://.+", description="`opc.tcp://host:port/path`")
    policy: UaPolicy = Field(
        default=UaPolicy.BASIC256SHA256, description="security policy; `None` only in a safe network"
    )
    mode: UaMode = Field(
        default=UaMode.SIGN_AND_ENCRYPT, description="what is done to messages; not with policy `None`"
    )
    # Keys and passwords come after the table: `lanewise plc cert` reads it to make them.
    password_file: Beside | None = Field(default=None, description=FIRST_LINE)
    user_certificate: Beside | None = Field(default=None, description="login by certificate: DER file")
    user_key: Beside | None = Field(default=None, description="login by certificate: PEM file of its key")


class PackmlConfig(UaClientConfig):
    """The machine's PackML object (OPC 30050) on an OPC UA server, whatever its driver; states and counts are read."""

    node: str = Field(min_length=3, description="node id of the object, as `ns=4;s=machine`")
    every_ms: int = Field(default=1_000, ge=50, le=3_600_000, description="how often it is read")
    timeout_ms: int = Field(
        default=1_000, ge=10, le=60_000, description="an answer later than this ends the connection"
    )


class UaServerConfig(UaOwnTable):
    """The OPC UA server of `lanewise opcua`, which shows portals and lines and can only be read."""

    listen: Listen = Field(
        default="127.0.0.1:4840",
        pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$",
        description="address and port; the name or address must stand in our certificate",
    )
    nodesets: Beside = Field(
        description="folder with the OPC Foundation's NodeSets of DI, AutoID and PackML, named as they are there"
    )
    user: dict[Name, Beside] = Field(default={}, description=f"logins: name = {FIRST_LINE}")
    anonymous: bool = Field(
        default=False, description="anybody may read, without security and login; only on a loopback address"
    )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.listen.rpartition(":")
        return host, int(port)


def ua_server_problems(here: str, given: UaServerConfig) -> Iterator[str]:
    """What the keys of the server's table say against each other; ``here`` is its path."""
    host, port = given.address
    if not 1 <= port <= 65_535:
        yield f"{here}.listen: {given.listen!r}: port {port} is not one of 1..65535"
    if given.anonymous:
        if not is_loopback(host):
            yield f"{here}.anonymous: true: only on a loopback address (127.0.0.1, localhost, [::1]), not on {host}"
        for key in sorted(given.model_fields_set & {*UaOwnTable.model_fields, "user"}):
            yield f"{here}.{key}: not with anonymous, which has no security"
        return
    yield from _own_problems(here, given, "only anonymous goes without")
    if not given.user:
        yield f"{here}.user: missing: nobody could log in"


def _own_problems(here: str, given: UaOwnTable, unless: str) -> Iterator[str]:
    for key in UaOwnTable.model_fields:
        if getattr(given, key) is None:
            yield f"{here}.{key}: missing: {unless}"


def ua_problems(here: str, given: UaClientConfig) -> Iterator[str]:
    """What the keys of a table `opcua` say against each other; ``here`` is its path."""
    if not given.url:
        yield f"{here}.url: missing: where the OPC UA server is"
    secure = given.policy is not UaPolicy.NONE
    needed = "" if secure else f"a policy other than {UaPolicy.NONE.value!r}"
    if secure:
        yield from _own_problems(here, given, f"only policy {UaPolicy.NONE.value!r} goes without")
    elif given.user_certificate is not None:
        yield f"{here}.user_certificate: only with {needed}"
    yield from login_problems(here, given, urlsplit(given.url).hostname or "", needed)
    yield from pair_problems(here, given, "user_certificate", "user_key")
    if given.user and given.user_certificate is not None:
        yield f"{here}.user: {given.user!r}: a login is by name or by certificate, not both"
