"""Who we are to others by name and password: the keys of any table that has them, and what is wrong with these.

Public names: LoginTable, Login, login_problems, FIRST_LINE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from edge.config.secret import read_secret
from edge.config.table import Frozen, Given

FIRST_LINE = "file with the password in its first line"
"""What a key means that names a password's file."""


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


def login_problems(here: str, table: LoginTable, needed: str = "") -> Iterator[str]:
    """What the keys say against each other; ``needed``: what it lacks to keep a password secret, empty = nothing."""
    if bool(table.user) != (table.password_file is not None):
        yield f"{here}.{'password_file' if table.user else 'user'}: missing: user and password belong together"
    if table.user and needed:
        yield f"{here}.user: the password would go in the clear: only with {needed}"
