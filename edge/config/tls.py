"""TLS: the keys of any table that has them, what is wrong with these, and what they come to.

Public names: TlsTable, ServerTlsTable, ServerCertificate, server_context, tls_problems,
server_tls_problems, of_transport, of_url.

Source: RFC 8446, RFC 6125; MODBUS/TCP Security V36, 8 (TLS 1.2 or later).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from edge.config.problem import ConfigError
from edge.config.table import Frozen, Given, file_problems, pair_problems


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


class ServerTlsTable(Frozen):
    """The certificate that we show to those who connect to us."""

    certificate: Given | None = Field(
        default=None, description="PEM file of our certificate, with those that signed it"
    )
    key: Given | None = Field(default=None, description="PEM file of its key, without password")
    ca: Given | None = Field(
        default=None,
        description="PEM file of who signed it, for commands that ask the api; none = whom this machine trusts",
    )

    def context(self) -> ssl.SSLContext:
        """What shows it; the files are read now. Raises ConfigError."""
        assert self.certificate is not None
        return server_context(self.certificate, self.key)

    def asking(self) -> ssl.SSLContext:
        """What asks the one that shows it. Raises ConfigError."""
        return TlsTable(ca=self.ca).context()


class ServerCertificate:
    """The context of a server, which shows another certificate as soon as its files hold one."""

    def __init__(self, table: ServerTlsTable) -> None:
        self._table = table
        self._seen = self._stand()
        self.context = table.context()

    def look(self) -> bool:
        """Takes what the files hold, where they have changed: whether it has. Raises ConfigError once where they cannot
        be shown; what was shown before stays.
        """
        if (stand := self._stand()) == self._seen:
            return False
        self._seen = stand
        self._table.context()  # a pair that does not fit would spoil the one that is in use
        assert self._table.certificate is not None
        _show(self.context, self._table.certificate, self._table.key)
        return True

    def _stand(self) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = []
        for file in (self._table.certificate, self._table.key):
            try:
                told = None if file is None else file.stat()
            except OSError:
                told = None
            found.append(None if told is None else (told.st_mtime_ns, told.st_ino))
        return found


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


def server_tls_problems(here: str, table: ServerTlsTable) -> Iterator[str]:
    """What the keys say against each other, and files that are not there."""
    if table.certificate is None:
        yield f"{here}.certificate: missing: `lanewise site cert` makes one"
    yield from pair_problems(here, table, "certificate", "key")
    yield from file_problems(here, table)


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
