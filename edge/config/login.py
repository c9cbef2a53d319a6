"""Who we are to others by name and password: the keys of any table that has them, and what is wrong with these.

Public names: LoginTable, PlainTable, Login, login_problems, token_problems, FIRST_LINE, OR_PLAIN.
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
OR_PLAIN = ", or plain = true in a network that nobody else hears"
"""What may be instead of TLS."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login by name and password; without a name there is none."""

    user: str = ""
    password: str = ""


class LoginTable(Frozen):
    """The keys of a login."""

    user: str = Field(default="", description="login by name; empty = none")
    password_file: Given | None = Field(default=None, description=FIRST_LINE)

    def login(self) -> Login:
        """The login, its password read now: it may be changed while we run. Raises ConfigError."""
        return Login() if self.password_file is None else Login(self.user, read_secret(self.password_file))


class PlainTable(Frozen):
    """The key of a table whose secrets may have to go without TLS."""

    plain: bool = Field(
        default=False,
        description="passwords and tokens may go in the clear beyond this machine: in a network that nobody else hears",
    )


def token_problems(here: str, table: PlainTable, token_file: Path | None, url: str) -> Iterator[str]:
    """What keeps the token that goes to a URL from being secret."""
    needed = of_url(url)
    if token_file is not None and needed and not table.plain and not is_loopback(urlsplit(url).hostname or ""):
        yield f"{here}.token_file: the token would go in the clear: only with {needed}{OR_PLAIN}"


def login_problems(here: str, table: LoginTable, needed: str = "") -> Iterator[str]:
    """What the keys say against each other; ``needed``: what it lacks to keep a password secret, empty = nothing."""
    if bool(table.user) != (table.password_file is not None):
        yield f"{here}.{'password_file' if table.user else 'user'}: missing: user and password belong together"
    if table.user and needed:
        more = OR_PLAIN if isinstance(table, PlainTable) else ""
        yield f"{here}.user: the password would go in the clear: only with {needed}{more}"
