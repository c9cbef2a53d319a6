"""TLS: the keys of any table that has them, what is wrong with these, and what they come to.

Public names: TlsTable, server_context, tls_problems, of_transport, of_url.

Source: RFC 8446, RFC 6125; MODBUS/TCP Security V36, 8 (TLS 1.2 or later).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from edge.config.problem import ConfigError
from edge.config.table import Frozen, Given, pair_problems


class TlsTable(Frozen):
    """The keys of TLS; their files are PEM."""

    ca: Given | None = Field(
        default=None,
        description="with TLS: PEM file of who may sign the other side's certificate; none = whom this machine trusts",
    )
    certificate: Given | None = Field(
        default=None, description="with TLS: PEM file of our certificate; none = we show none"
    )
    key: Given | None = Field(default=None, description="with TLS: PEM file of its key, without password")

    def context(self) -> ssl.SSLContext:
        """What checks the other side's certificate and name, and shows ours. The files are read now: they may be
        changed while we run. Raises ConfigError.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            try:
                context.load_verify_locations(self.ca)
            except OSError as error:
                raise ConfigError(self.ca, [f"authorities: {_trouble(error)}"]) from None
        if self.certificate is not None:
            _show(context, self.certificate, self.key)
        return context


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """What shows our certificate to those that connect to us. The files are read now. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _show(context, certificate, key)
    return context


def tls_problems(here: str, table: TlsTable, needed: str) -> Iterator[str]:
    """What the keys say against each other; ``needed``: what the table lacks to have TLS, empty = nothing."""
    for key in sorted(table.model_fields_set & TlsTable.model_fields.keys()):
        if needed:
            yield f"{here}.{key}: only with {needed}"
    yield from pair_problems(here, table, "certificate", "key")


def of_transport(transport: str) -> str:
    """What a table with this transport lacks to have TLS; empty = nothing."""
    return "" if transport == "tls" else f"transport 'tls', this one has {transport!r}"


def of_url(url: str) -> str:
    """What a table with this URL lacks to have TLS; empty = nothing."""
    return "" if url.startswith("https:") else f"an https url, this one is {url!r}"


def _show(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:
        raise ConfigError(certificate, [f"certificate, with key {key}: {_trouble(error)}"]) from None


def _trouble(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not PEM, or not a pair ({error.reason or error})"
    return (error.strerror or str(error)).lower()


def _no_password() -> str:
    raise OSError("the key has a password, and nobody could give it")
