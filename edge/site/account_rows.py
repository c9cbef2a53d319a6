"""The rows of accounts, sessions and keys, as values and within a transaction.

Public names: Account, Session, MachineKey, Made, SessionRules, AccountError, SignInRefused, and what is done with rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.core.values.rights import Action, Role, actions_of
from edge.site.audit import Deed
from edge.site.tables import accounts as tables

_account, _session = tables.accounts.c, tables.sessions.c


class AccountError(ValueError):
    """What is wanted of an account or key cannot be. The text says what and why."""


class SignInRefused(Exception):  # noqa: N818  # it is what was refused
    """Name and password do not open anything now. ``why`` is for the audit, and is not told to who tries."""

    def __init__(self, who: str, why: str) -> None:
        super().__init__(why)
        self.who, self.why = who, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``subject``: at the provider of OpenID Connect, None = it has none; ``locked_us``: no password before then."""

    name: str
    title: str
    role: Role
    password: bool
    must_change: bool
    badge: bool
    subject: str | None
    disabled: bool
    made_us: int
    seen_us: int
    locked_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``id``: its hash, by which nobody can be in it. ``way``: password, badge or oidc."""

    id: str
    account: str
    way: str
    origin: str
    began_us: int
    seen_us: int
    idle_us: int
    ends_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineKey:
    """``used_us``: about when it was used last, 0 = never."""

    id: str
    name: str
    scope: frozenset[Action]
    made_us: int
    made_by: str
    ends_us: int
    used_us: int


@dataclass(frozen=True, slots=True)
class Made:
    """What is shown once: ``secret`` of the account, session or key ``name``."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last; ``badge_us``: idle time of those that began with a badge."""

    idle_us: int
    longest_us: int
    badge_us: int


def insert(
    db: sa.Connection, name: str, title: str, role: Role, password: str, at_us: int, subject: str | None = None
) -> None:
    """A new account."""
    values = {"name": name, "title": title, "role": str(role), "password": password, "must_change": bool(password)}
    nothing = {"disabled": False, "seen_us": 0, "fails": 0, "locked_us": 0}
    db.execute(tables.accounts.insert().values(**values, **nothing, badge=None, subject=subject, made_us=at_us))


def change(db: sa.Connection, name: str, values: dict[str, object], ends: bool) -> None:
    """``ends``: all its sessions too."""
    db.execute(tables.accounts.update().where(_account.name == name).values(values))
    if ends:
        db.execute(tables.sessions.delete().where(_session.account == name))


def row(db: sa.Connection, name: str) -> sa.Row[Any] | None:
    """None = there is none."""
    return db.execute(sa.select(tables.accounts).where(_account.name == name[:40])).first()


def known(db: sa.Connection, name: str) -> sa.Row[Any]:
    """Until the transaction ends it is ours. Raises AccountError."""
    row = db.execute(sa.select(tables.accounts).where(_account.name == name[:40]).with_for_update()).first()
    if row is None:
        raise AccountError(f"account {name}: there is none with this name")
    return row


def keep_one(db: sa.Connection, row: sa.Row[Any], role: Role, disabled: bool) -> None:
    """Raises AccountError where nobody could administrate any more."""
    if row.role != Role.ADMINISTRATOR or row.disabled or (role is Role.ADMINISTRATOR and not disabled):
        return
    others = sa.select(_account.name).where(
        _account.role == str(Role.ADMINISTRATOR), _account.disabled.is_(False), _account.name != row.name
    )
    if db.execute(others.with_for_update()).first() is None:
        raise AccountError(f"account {row.name}: the only administrator: make another one first")


def free_name(db: sa.Connection, wanted: str) -> str:
    """A name like the wanted one that nobody has."""
    bare = re.sub(r"[^a-z0-9._-]+", "-", wanted.casefold()).strip("._-")[:36] or "somebody"
    number, name = 1, bare
    while row(db, name) is not None:
        number += 1
        name = f"{bare}.{number}"
    return name


def lasting(at_us: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Of sessions: that they last."""
    return _session.ends_us > at_us, _session.seen_us + _session.idle_us > at_us


def account_of(row: sa.Row[Any]) -> Account:
    """As a value."""
    return Account(
        name=row.name,
        title=row.title,
        role=Role(row.role),
        password=bool(row.password),
        must_change=row.must_change,
        badge=row.badge is not None,
        subject=row.subject,
        disabled=row.disabled,
        made_us=row.made_us,
        seen_us=row.seen_us,
        locked_us=row.locked_us,
    )


def key_of(row: sa.Row[Any]) -> MachineKey:
    """As a value."""
    return MachineKey(
        id=row.id,
        name=row.name,
        scope=actions_of(row.scope),
        made_us=row.made_us,
        made_by=row.made_by,
        ends_us=row.ends_us,
        used_us=row.used_us,
    )


def deed(at_us: int, by: str, origin: str, name: str, what: str, action: str = "account") -> Deed:
    """A change of an account or key, for the audit."""
    return Deed(at_us=at_us, who=by, origin=origin, action=action, object=name, reason=what)


def refusal(name: str, why: str, origin: str, at_us: int) -> Deed:
    """A sign-in that was refused, for the audit."""
    return Deed(at_us=at_us, who=name, origin=origin, action="login", object=name, outcome="refused", reason=why)
