"""Where a Modbus device is and how it is reached: TCP, TLS or a serial line, as values.

Public names: Tcp, Tls, Serial, Parity, Wire, tls_context.

Source: MODBUS Messaging on TCP/IP V1.0b, 3.1; MODBUS/TCP Security V36, 8 (TLS 1.2 or later, port 802, both sides with
certificates); MODBUS over Serial Line V1.02, 2.5 and 3.3.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from plc.driver import PlcError


class Parity(StrEnum):
    """The parity bit of a character."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"


@dataclass(frozen=True, slots=True)
class Tcp:
    """Modbus TCP."""

    host: str
    port: int = 502

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """Modbus TCP within TLS; PEM files.

    ``ca``: who may have signed the PLC's certificate; None = the authorities that this machine trusts. ``certificate``
    and ``key``: our own, None = we show none. ``server_name``: the name in the PLC's certificate, empty = ``host``.
    """

    host: str
    port: int = 802
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Serial:
    """Modbus RTU on a serial line, 8 data bits."""

    device: str
    baud: int = 115_200
    parity: Parity = Parity.EVEN
    stop_bits: int = 1

    def __str__(self) -> str:
        return self.device


Wire: TypeAlias = Tcp | Tls | Serial


def tls_context(name: str, wire: Tls) -> ssl.SSLContext:
    """A context for the PLC ``name`` that checks its certificate and name. Raises PlcError for a bad file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if wire.ca is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            context.load_verify_locations(wire.ca)
    except OSError as error:
        raise PlcError(f"{name}: certificates of authorities {wire.ca}: {file_trouble(error)}") from error
    try:
        if wire.certificate is not None:
            context.load_cert_chain(wire.certificate, wire.key, password=_no_password)
    except OSError as error:
        raise PlcError(f"{name}: certificate {wire.certificate}, key {wire.key}: {file_trouble(error)}") from error
    return context


def file_trouble(error: OSError) -> str:
    """What is wrong with a file of certificates or keys."""
    if isinstance(error, ssl.SSLError):
        return f"not PEM, or not a pair ({error.reason or error})"
    return (error.strerror or str(error)).lower()


def _no_password() -> str:
    raise ssl.SSLError("the key has a password, and nobody could give it")
