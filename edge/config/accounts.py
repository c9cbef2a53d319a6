"""[accounts] of SITE.toml: that people sign in, for how long, and what the token of token_file may do then.

Public names: AccountTable, OidcTable, MachineTable, account_problems, DEMO_MARK, DEMO_OPERATOR.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from edge.config.login import PlainTable, told_problems
from edge.config.table import Beside, Frozen, Name, Url, is_loopback
from edge.config.tls import TlsTable, of_url, tls_problems
from edge.core.values.rights import HOLDER, Action, Role

DEMO_MARK = ".lanewise-demo"
"""A file in the folder of a run of `lanewise demo`, which may replace what is in there."""
DEMO_OPERATOR = "Demo operator"
"""As whom stands in audit and event log what somebody does on the pages of a demo."""


class OidcTable(TlsTable, PlainTable):
    """A provider of OpenID Connect at which people sign in."""

    issuer: Url = Field(
        pattern=r"^https?://[^/?#]+(/[^?#]*)?$",
        description="the provider, as it names itself: `https://id.example.com`",
    )
    title: str = Field(default="OpenID Connect", max_length=60, description="what the sign-in page calls it")
    client_id: str = Field(min_length=1, max_length=200, description="what the provider knows us as")
    client_secret_file: Beside | None = Field(
        default=None, description="file with our secret in its first line; none = a public client, by PKCE alone"
    )
    redirect: Url = Field(
        pattern=r"^https?://[^/?#]+/login/oidc/back$",
        description="where the provider sends people back to: `https://lanewise.example.com/login/oidc/back`",
    )
    scopes: tuple[str, ...] = Field(default=("openid", "profile", "email"), description="what we ask for")
    name_claim: str = Field(default="preferred_username", description="the claim that becomes the account's name")
    role_claim: str = Field(default="groups", description="the claim that says the role, a text or a list of texts")
    roles: dict[str, Role] = Field(
        default={}, description="values of `role_claim` and their roles; of several the first in this order"
    )
    role: Role | None = Field(default=None, description="whoever has none of these; none = is not let in")


class MachineTable(Frozen):
    """A machine of the site that brings a token of its own, as the publisher that passes commands of MQTT on."""

    token_file: Beside = Field(
        description="file with a secret of 24 characters or more in its first line; the machine brings it as "
        "`Authorization: Bearer`"
    )
    may: tuple[Action, ...] = Field(min_length=1, description="what it may do, see docs/rights.md")


class AccountTable(Frozen):
    """That people sign in. What requests may do is docs/rights.md."""

    idle_min: int = Field(default=480, ge=1, le=10_080, description="a session ends so long after its last request")
    longest_h: int = Field(default=24, ge=1, le=720, description="and so long after it began, whatever happens")
    station_lock_s: int = Field(
        default=300,
        ge=15,
        le=28_800,
        description="a session that began with a badge ends so long after its last request",
    )
    key_days: int = Field(default=365, ge=1, le=3_650, description="API keys end so many days after they were made")
    token: tuple[Action, ...] = Field(
        default=tuple(action for action in Action if action in HOLDER),
        description="what the token of `token_file` may do, as machines bring it",
    )
    oidc: OidcTable | None = Field(default=None, description="a provider of OpenID Connect; none = passwords of ours")
    machine: dict[Name, MachineTable] = Field(
        default={}, description="machines with a token of their own, by the name under which their wishes are noted"
    )
    demo: bool = Field(
        default=False,
        description="whoever opens a page is `Demo operator`, without a password; `lanewise demo` writes it for its "
        "own run, elsewhere it is refused",
    )


def account_problems(accounts: AccountTable | None, listen: str, folder: Path) -> Iterator[str]:
    """What the keys say against each other. ``listen``: the api's address; ``folder``: of SITE.toml."""
    if accounts is not None and accounts.demo:
        if not is_loopback(listen.rpartition(":")[0]):
            yield f"accounts.demo: only for this machine: listen on 127.0.0.1, not {listen!r}"
        if not (folder / DEMO_MARK).exists():
            yield "accounts.demo: only `lanewise demo` lets people in without a password, in a folder of its own"
    oidc = None if accounts is None else accounts.oidc
    if oidc is not None:
        yield from tls_problems("accounts.oidc", oidc, of_url(oidc.issuer))
        yield from told_problems("accounts.oidc", oidc, oidc.issuer)
        if not oidc.roles and oidc.role is None:
            yield "accounts.oidc.roles: missing: or role: nobody would be let in"
