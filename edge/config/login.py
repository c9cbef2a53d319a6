"""Who we are to others by name and password: the keys of any table that has them, and what is wrong with these.

Public names: LoginTable, PlainTable, Login, login_problems, token_problems, told_problems, shown_problems,
door_problems, FIRST_LINE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from edge.config.secret import read_secret
from edge.config.table import Frozen, Given, is_loopback
from edge.config.tls import of_url

FIRST_LINE = "file with the password in its first line"
"""What a key means that names a password's file."""
_OR_PLAIN = ", or plain = true in a network that nobody else hears"


@dataclass(frozen=True, slots=True)
class Login:
    """A login by name and password; without a name there is none."""

    user: str = ""
    password: str = ""


class PlainTable(Frozen):
    """The key of a table whose secrets may have to go without TLS."""

    plain: bool = Field(
        default=False,
        description="passwords and tokens may go in the clear beyond this machine: in a network that nobody else hears",
    )


class LoginTable(PlainTable):
    """The keys of a login."""

    user: str = Field(default="", description="login by name; empty = none")
    password_file: Given | None = Field(default=None, description=FIRST_LINE)

    def login(self) -> Login:
        """The login, its password read now: it may be changed while we run. Raises ConfigError."""
        return Login() if self.password_file is None else Login(self.user, read_secret(self.password_file))


def token_problems(here: str, table: PlainTable, token_file: Path | None, url: str) -> Iterator[str]:
    """What keeps the token that goes to a URL from being secret."""
    yield from shown_problems(here, table, token_file, urlsplit(url).hostname or "", of_url(url))


def shown_problems(here: str, table: PlainTable, token_file: Path | None, host: str, needed: str) -> Iterator[str]:
    """As ``token_problems``, for a token that goes to ``host`` or is brought there; ``needed``: empty = it has TLS."""
    if token_file is not None and needed and not table.plain and not is_loopback(host):
        yield f"{here}.token_file: the token would go in the clear: only with {needed}{_OR_PLAIN}"


def told_problems(here: str, table: PlainTable, url: str) -> Iterator[str]:
    """What keeps what is told a URL from being read on the way."""
    needed = of_url(url)
    if needed and not table.plain and not is_loopback(urlsplit(url).hostname or ""):
        yield f"{here}.url: what is told would go in the clear: only with {needed}{_OR_PLAIN}"


def door_problems(
    here: str,
    listen: str,
    table: PlainTable,
    token_file: Path | None,
    *,
    secure: bool = False,
    signed_in: bool = False,
) -> Iterator[str]:
    """What keeps others from our own address, or the token that they bring there from being secret; ``secure``: TLS.

    ``signed_in``: people need an account there, and their passwords and sessions are as secret as a token.
    """
    if is_loopback(listen.rpartition(":")[0]):
        return
    if token_file is None and not signed_in:
        yield f"{here}: {listen!r}: not a loopback address: set token_file or [accounts], or listen on 127.0.0.1"
    elif not table.plain and not secure:
        proxy = "on 127.0.0.1 behind a proxy with TLS"
        what = "passwords and sessions" if signed_in else "the token"
        yield f"{here}: {listen!r}: {what} would go in the clear: only {proxy}{_OR_PLAIN}"


def login_problems(here: str, table: LoginTable, host: str, needed: str) -> Iterator[str]:
    """What the keys say against each other; ``needed``: what it lacks to keep a password secret on its way to
    ``host``, empty = nothing.
    """
    if bool(table.user) != (table.password_file is not None):
        yield f"{here}.{'password_file' if table.user else 'user'}: missing: user and password belong together"
    if table.user and needed and not table.plain and not is_loopback(host):
        yield f"{here}.user: the password would go in the clear: only with {needed}{_OR_PLAIN}"
