"""What every table of the configuration files has in common.

Public names: Frozen, Name, Tcp, Host, Url, Listen, SerialDevice, Beside, Given, StoreUrl, SQLITE, file_problems,
pair_problems, address_of, is_loopback, serial_server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo

SQLITE = "sqlite:///"
_SERVER = re.compile(r"socket://(.+):([0-9]{1,5})")
_PORT_MOST = 65_535
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*\.?")


class Frozen(BaseModel):
    """A table of the file: unknown keys are errors, numbers are some, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


def _beside(path: Path, info: ValidationInfo) -> Path:
    if not str(path).isprintable():
        raise ValueError("a path has no control characters")
    return path if info.context is None else info.context / path


def _store(url: str, info: ValidationInfo) -> str:
    if url and not re.match(r"(sqlite:///|postgresql(\+psycopg)?://).", url):
        raise ValueError("allowed are sqlite:///path and postgresql://user@host/database")
    return f"{SQLITE}{_beside(Path(url.removeprefix(SQLITE)), info)}" if url.startswith(SQLITE) else url


def _host(host: str) -> str:
    """A name or an address. Raises ``ValueError`` for what looks like an address and is none."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if any(char.isspace() or char in "/[]" for char in bare):
        raise ValueError("neither a name nor an address: give it without scheme, port and path")
    if _NUMBERS.fullmatch(bare) or ":" in bare:
        try:
            ip_address(bare)
        except ValueError:
            raise ValueError(
                "no address: an IPv6 address, or four numbers of 0 to 255 with dots between; a port is a key of its own"
                if ":" in bare
                else "no address: allowed are four numbers of 0 to 255 with dots between, without leading zeros"
            ) from None
    return host


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        _host(parts.hostname or "")
        parts.port  # noqa: B018  # raises for what is no port
    except ValueError as error:
        raise ValueError(f"its host: {error}" if "address" in str(error) else str(error)) from None
    return url


def _listen(listen: str) -> str:
    _host(listen.rpartition(":")[0])
    return listen


def _serial_device(device: str) -> str:
    if device.startswith("socket:") and serial_server(device) is None:
        raise ValueError("allowed is socket://host:port, with a port of 1 to 65535")
    return device


def serial_server(device: str) -> tuple[str, int] | None:
    """Host and port of ``socket://host:port``; None for a line of this machine."""
    match = _SERVER.fullmatch(device)
    if match is None or not 1 <= int(match[2]) <= _PORT_MOST:
        return None
    return _host(match[1]).strip("[]"), int(match[2])


Host = Annotated[str, AfterValidator(_host)]
"""A name or address; empty = none."""
Url = Annotated[str, AfterValidator(_url)]
SerialDevice = Annotated[str, AfterValidator(_serial_device)]
"""A serial line, as ``/dev/ttyUSB0``, or ``socket://host:port`` of a serial device server that passes octets on."""
Listen = Annotated[str, AfterValidator(_listen)]
"""Our address and port, ``address:port``."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Tcp = Annotated[int, Field(ge=1, le=65535)]
Beside = Annotated[Path, AfterValidator(_beside)]
"""A path that is relative to the folder of the file which names it, and absolute once that is read."""
Given = Annotated[Path, AfterValidator(_beside), "must be there"]
"""The same of a file that must be there when the configuration is read; `file_problems` says so."""
StoreUrl = Annotated[str, AfterValidator(_store)]
"""The URL of a site store, whose path is as ``Beside``; empty = none."""


def file_problems(here: str, table: Frozen) -> Iterator[str]:
    """Each file that a table names by a key of type ``Given | None`` and that is not there; ``here`` is its path."""
    for key, field in type(table).model_fields.items():
        if field.annotation == Given | None and (file := getattr(table, key)) is not None and not file.is_file():
            yield f"{here}.{key}: {str(file)!r}: no such file"


def pair_problems(here: str, table: Frozen, certificate: str, key: str) -> Iterator[str]:
    """What two keys say against each other of which a table has both or none."""
    for one, other in ((certificate, key), (key, certificate)):
        if getattr(table, one) is None and getattr(table, other) is not None:
            yield f"{here}.{one}: missing: certificate and key belong together"


def address_of(host: str, port: int) -> str:
    """``host:port``, the same for every way to write the host that is known to mean the same."""
    return f"{'127.0.0.1' if is_loopback(host) else host.lower().rstrip('.')}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address, in brackets or not, is this machine for itself."""
    return host.strip("[]") in ("127.0.0.1", "::1", "localhost")
