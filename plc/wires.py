"""Where a Modbus device is and how it is reached: TCP, TLS or a serial line, as values.

Public names: Tcp, Tls, Serial, RtuOverTcp, Parity, Wire, Writes, Habits, NO_HABITS.

Source: MODBUS Messaging on TCP/IP V1.0b, 3.1; MODBUS/TCP Security V36, 8 (TLS 1.2 or later, port 802, both sides with
certificates); MODBUS over Serial Line V1.02, 2.5 and 3.3.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


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
    """Modbus TCP within TLS.

    ``context`` is asked for every connection: what is checked of the PLC's certificate, and what is shown of ours.
    Raises PlcError. ``server_name``: the name in the PLC's certificate, empty = ``host``.
    """

    host: str
    port: int
    context: Callable[[], ssl.SSLContext]
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


@dataclass(frozen=True, slots=True)
class RtuOverTcp:
    """Modbus RTU through a serial device server, which passes octets on as they are."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"socket://{self.host}:{self.port}"


Wire: TypeAlias = Tcp | Tls | Serial | RtuOverTcp


class Writes(StrEnum):
    """By which functions a device is written: 5 and 6, one each, or 15 and 16."""

    SINGLE = "single"
    MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True)
class Habits:
    """What is peculiar to a device.

    ``connect_wait_ms``: it hears nothing for so long after a connection is made. ``any_unit``: its answers may carry
    unit 0 or 255 in place of the asked one. ``writes``: None = multiple, and single where it does not serve that.
    """

    connect_wait_ms: int = 0
    any_unit: bool = False
    writes: Writes | None = None


NO_HABITS = Habits()
