"""People who sign in, their sessions, and the keys of machines: what the store keeps of them, each by its hash alone.

Public names: Accounts, Account, Session, Key, SessionRules, Made, AccountError, SignInRefused, hashed, locked_for_us.

A password is stored as Argon2id, slow on purpose: whoever calls with one does so in a thread. What is random and long,
as sessions, keys and badges, is stored as SHA-256. Every change stands in the audit of the same transaction.
Source: RFC 9106 (Argon2), 4; OWASP ASVS 5.0, 7 (sessions).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from edge.core.values.rights import BY_BADGE, Action, Role, actions_of
from edge.site.audit import Deed, note
from edge.site.tables import accounts as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

LEAST_PASSWORD, MOST_PASSWORD = 10, 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DAY_US = 86_400_000_000
_TRIES = 5
_FIRST_US, _LONGEST_US = 15_000_000, 900_000_000
_TOUCH = 8
"""A session's last request is noted when an eighth of its idle time has gone since the one noted before."""
_account, _session, _key = tables.accounts.c, tables.sessions.c, tables.keys.c


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
class Key:
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


def hashed(secret: str) -> str:
    """What is stored of a long random secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def locked_for_us(fails: int) -> int:
    """How long an account takes no password after so many wrong ones: each time twice as long, up to 15 minutes."""
    return 0 if fails < _TRIES else min(_LONGEST_US, _FIRST_US << min(fails - _TRIES, 10))


class Accounts:
    """Of one store; every call is a transaction or two. All raise StoreError, changes AccountError.

    ``by`` and ``origin``: who changes something, and from where, for the audit.
    """

    def __init__(self, at: StoreConnections) -> None:
        self._at = at

    # ---- accounts ----------------------------------------------------------------------------------------------------

    def all(self) -> list[Account]:
        """By name."""
        with self._at.reading() as db:
            return [_account_of(row) for row in db.execute(sa.select(tables.accounts).order_by(_account.name))]

    def first(self, at_us: int) -> Made | None:
        """The first administrator, with a password for one sign-in; None = there is or was one already."""
        known = sa.select(_account.name).where(_account.role == str(Role.ADMINISTRATOR)).limit(1)
        with self._at.reading() as db:
            if db.execute(known).first():
                return None
        secret = _one_time()
        stored = _hasher().hash(secret)
        with self._at.writing() as db:
            if db.execute(known).first():
                return None
            name = _free_name(db, "admin")
            _insert(db, name, "Administrator", Role.ADMINISTRATOR, stored, at_us)
            note(db, [_deed(at_us, "", "start", name, "first administrator")])
        return Made(name, secret)

    def add(self, name: str, title: str, role: Role, by: str, origin: str, at_us: int) -> Made:
        """An account with a password for one sign-in."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"name {name!r}: allowed are up to 40 of a-z, 0-9, dot, _ and -, a letter or digit first"
            )
        secret = _one_time()
        stored = _hasher().hash(secret)
        with self._at.writing() as db:
            if _row(db, name) is not None:
                raise AccountError(f"name {name!r}: there is an account with it")
            _insert(db, name, title.strip()[:80] or name, role, stored, at_us)
            note(db, [_deed(at_us, by, origin, name, f"added as {role}")])
        return Made(name, secret)

    def give_role(self, name: str, role: Role, by: str, origin: str, at_us: int) -> None:
        """Another role, which ends the sessions; a badge stays only where the role may have one."""
        with self._at.writing() as db:
            row = _known(db, name)
            _keep_one(db, row, role, disabled=bool(row.disabled))
            changed: dict[str, object] = {"role": str(role)} | ({} if role in BY_BADGE else {"badge": None})
            _change(db, name, changed, ends=True)
            note(db, [_deed(at_us, by, origin, name, f"role {row.role} -> {role}")])

    def disable(self, name: str, disabled: bool, by: str, origin: str, at_us: int) -> None:
        """Nobody signs in with it until it is enabled again; its sessions end."""
        with self._at.writing() as db:
            row = _known(db, name)
            _keep_one(db, row, Role(row.role), disabled=disabled)
            _change(db, name, {"disabled": disabled, "fails": 0, "locked_us": 0}, ends=True)
            note(db, [_deed(at_us, by, origin, name, "disabled" if disabled else "enabled")])

    def reset(self, name: str, by: str, origin: str, at_us: int) -> Made:
        """A new password for one sign-in; the lock and all sessions end."""
        secret = _one_time()
        stored = _hasher().hash(secret)
        with self._at.writing() as db:
            _known(db, name)
            changed = {"password": stored, "must_change": True, "fails": 0, "locked_us": 0}
            _change(db, name, changed, ends=True)
            note(db, [_deed(at_us, by, origin, name, "password reset")])
        return Made(name, secret)

    def give_badge(self, name: str, by: str, origin: str, at_us: int) -> Made:
        """A new badge; the one before opens nothing any more."""
        secret = f"LWB{secrets.token_hex(10).upper()}"
        with self._at.writing() as db:
            row = _known(db, name)
            if Role(row.role) not in BY_BADGE:
                allowed = ", ".join(sorted(BY_BADGE))
                raise AccountError(f"account {name}: {row.role}: badges are for {allowed}; others use a password")
            _change(db, name, {"badge": hashed(secret)}, ends=False)
            note(db, [_deed(at_us, by, origin, name, "badge given")])
        return Made(name, secret)

    def change_password(self, name: str, old: str, new: str, origin: str, at_us: int) -> None:
        """Somebody's own. Ends all sessions; whoever asked begins a new one. Raises SignInRefused for a wrong one."""
        if not LEAST_PASSWORD <= len(new) <= MOST_PASSWORD:
            raise AccountError(f"password: {len(new)} characters: allowed are {LEAST_PASSWORD} to {MOST_PASSWORD}")
        if new == old or name in new.casefold():
            raise AccountError("password: allowed is one that is new and does not hold the account's name")
        self._check(name, old, origin, at_us)
        stored = _hasher().hash(new)
        with self._at.writing() as db:
            _change(db, name, {"password": stored, "must_change": False}, ends=True)
            note(db, [_deed(at_us, name, origin, name, "password changed")])

    # ---- sign in and out ---------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, rules: SessionRules, origin: str, at_us: int) -> Made:
        """Begins a session. Raises SignInRefused, after as long whatever is wrong."""
        self._check(name, password, origin, at_us)
        return self._begin(name, "password", rules.idle_us, rules, origin, at_us)

    def sign_in_by_badge(self, code: str, rules: SessionRules, origin: str, at_us: int) -> Made:
        """Begins a session that ends soon without a request. Raises SignInRefused."""
        with self._at.reading() as db:
            row = db.execute(sa.select(tables.accounts).where(_account.badge == hashed(code.strip().upper()))).first()
        if row is None or row.disabled or Role(row.role) not in BY_BADGE:
            why = "unknown badge" if row is None else "disabled"
            self._refuse("" if row is None else row.name, why, origin, at_us)
            raise SignInRefused("" if row is None else row.name, why)
        return self._begin(row.name, "badge", rules.badge_us, rules, origin, at_us)

    def sign_in_by_provider(
        self, name: str, title: str, subject: str, role: Role, rules: SessionRules, origin: str, at_us: int
    ) -> Made:
        """Begins a session of whom the provider named; the account is made, and its role follows the provider's word.

        ``name``: as the provider has it; where an account has it that is not this subject's, it gets a number.
        Raises SignInRefused where the account is disabled.
        """
        with self._at.writing() as db:
            row = db.execute(sa.select(tables.accounts).where(_account.subject == subject)).first()
            if row is None:
                known = _free_name(db, name)
                _insert(db, known, title.strip()[:80] or known, role, "", at_us, subject)
                note(db, [_deed(at_us, known, origin, known, f"added as {role} by the provider")])
            else:
                known = row.name
                if row.role != role:
                    _change(db, known, {"role": str(role)}, ends=True)
                    note(db, [_deed(at_us, known, origin, known, f"role {row.role} -> {role} by the provider")])
        if row is not None and row.disabled:
            self._refuse(known, "disabled", origin, at_us)
            raise SignInRefused(known, "disabled")
        return self._begin(known, "oidc", rules.idle_us, rules, origin, at_us)

    def sign_out(self, session: str, who: str, origin: str, at_us: int) -> None:
        """Ends a session, by its hash."""
        with self._at.writing() as db:
            db.execute(tables.sessions.delete().where(_session.id == session))
            note(db, [Deed(at_us=at_us, who=who, origin=origin, action="logout", object=who)])

    def sessions(self, at_us: int, account: str = "") -> list[Session]:
        """Those that last, the newest first; of one account, or all."""
        query = sa.select(tables.sessions).where(*_lasting(at_us)).order_by(_session.began_us.desc())
        with self._at.reading() as db:
            rows = db.execute(query.where(_session.account == account) if account else query)
            return [Session(**row) for row in rows.mappings()]

    def end_session(self, session: str, by: str, origin: str, at_us: int, account: str = "") -> None:
        """Ends somebody's session; with ``account`` only one of that account. Raises AccountError."""
        query = sa.select(_session.account).where(_session.id == session)
        with self._at.writing() as db:
            whose = db.execute(query).scalar()
            if whose is None or (account and whose != account):
                raise AccountError("session: there is none such any more")
            db.execute(tables.sessions.delete().where(_session.id == session))
            note(db, [_deed(at_us, by, origin, whose, "session ended")])

    def session(self, secret: str, at_us: int, used: bool = True) -> tuple[Session, Account] | None:
        """Whose session it is that a browser brings; None = none that lasts. ``used``: a request, not a stream."""
        ident = hashed(secret)
        with self._at.reading() as db:
            found = (
                db.execute(sa.select(tables.sessions).where(_session.id == ident, *_lasting(at_us))).mappings().first()
            )
            if found is None:
                return None
            its = Session(**found)
            row = _row(db, its.account)
        if row is None or row.disabled:
            return None
        if used and at_us - its.seen_us > its.idle_us // _TOUCH:
            with self._at.writing() as db:
                db.execute(tables.sessions.update().where(_session.id == ident).values(seen_us=at_us))
        return its, _account_of(row)

    # ---- keys --------------------------------------------------------------------------------------------------------

    def keys(self) -> list[Key]:
        """The newest first."""
        with self._at.reading() as db:
            return [_key_of(row) for row in db.execute(sa.select(tables.keys).order_by(_key.made_us.desc()))]

    def add_key(self, name: str, scope: Iterable[Action], days: int, by: str, origin: str, at_us: int) -> Made:
        """A key of a machine; its secret is shown once."""
        wanted = sorted(set(scope))
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"name {name!r}: allowed are up to 40 of a-z, 0-9, dot, _ and -, a letter or digit first"
            )
        if not wanted:
            raise AccountError(f"key {name}: scope: allowed are {', '.join(Action)}")
        ident, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
        with self._at.writing() as db:
            if db.execute(sa.select(_key.id).where(_key.name == name, _key.ends_us > at_us)).first():
                raise AccountError(f"key {name}: there is one that lasts: end it, or choose another name")
            ends_us = at_us + days * _DAY_US
            values = {"id": ident, "name": name, "secret": hashed(secret), "scope": " ".join(wanted), "made_by": by}
            db.execute(tables.keys.insert().values(**values, made_us=at_us, ends_us=ends_us, used_us=0))
            note(db, [_deed(at_us, by, origin, name, f"key {ident}: {' '.join(wanted)}", "key")])
        return Made(name, f"lwk_{ident}_{secret}")

    def end_key(self, ident: str, by: str, origin: str, at_us: int) -> None:
        """A key opens nothing from now on. Raises AccountError."""
        with self._at.writing() as db:
            row = db.execute(sa.select(tables.keys).where(_key.id == ident)).first()
            if row is None or row.ends_us <= at_us:
                raise AccountError(f"key {ident}: none that lasts has this number")
            db.execute(tables.keys.update().where(_key.id == ident).values(ends_us=at_us))
            note(db, [_deed(at_us, by, origin, row.name, f"key {ident} ended", "key")])

    def key(self, given: str, at_us: int) -> Key | None:
        """The key that a machine brings; None = none that lasts."""
        start, _, rest = given.partition("_")
        ident, _, secret = rest.partition("_")
        if start != "lwk" or not ident or not secret:
            return None
        with self._at.reading() as db:
            row = db.execute(sa.select(tables.keys).where(_key.id == ident[:20], _key.ends_us > at_us)).first()
        if row is None or not hmac.compare_digest(row.secret, hashed(secret)):
            return None
        if at_us - row.used_us > 60_000_000:
            with self._at.writing() as db:
                db.execute(tables.keys.update().where(_key.id == ident).values(used_us=at_us))
        return _key_of(row)

    # ------------------------------------------------------------------------------------------------------------------

    def _check(self, name: str, password: str, origin: str, at_us: int) -> None:
        """Raises SignInRefused. A name that nobody has costs as much time as a wrong password."""
        with self._at.reading() as db:
            row = _row(db, name)
        stored = row.password if row is not None and row.password else _nobodys()
        right = _verified(stored, password) and row is not None and bool(row.password)
        if row is None:
            self._refuse("", "unknown name", origin, at_us)  # which is a password at times
            raise SignInRefused("", "unknown name")
        why = "disabled" if row.disabled else "locked" if row.locked_us > at_us else "" if right else "wrong password"
        again = _hasher().hash(password) if not why and _hasher().check_needs_rehash(stored) else stored
        with self._at.writing() as db:
            now = _known(db, name)
            if not why and now.password != row.password:
                why = "changed meanwhile"
            if why == "wrong password":
                fails = now.fails + 1
                _change(db, name, {"fails": fails, "locked_us": at_us + locked_for_us(fails)}, ends=False)
            elif not why:
                _change(db, name, {"fails": 0, "locked_us": 0, "password": again}, ends=False)
            if why:
                note(db, [_refusal(name, why, origin, at_us)])
        if why:
            raise SignInRefused(name, why)

    def _refuse(self, name: str, why: str, origin: str, at_us: int) -> None:
        with self._at.writing() as db:
            note(db, [_refusal(name, why, origin, at_us)])

    def _begin(self, name: str, way: str, idle_us: int, rules: SessionRules, origin: str, at_us: int) -> Made:
        secret = secrets.token_urlsafe(32)
        with self._at.writing() as db:
            db.execute(tables.sessions.delete().where(_session.ends_us <= at_us))
            db.execute(
                tables.sessions.insert().values(
                    id=hashed(secret),
                    account=name,
                    way=way,
                    origin=origin[:80],
                    began_us=at_us,
                    seen_us=at_us,
                    idle_us=idle_us,
                    ends_us=at_us + rules.longest_us,
                )
            )
            _change(db, name, {"seen_us": at_us}, ends=False)
            note(db, [Deed(at_us=at_us, who=name, origin=origin, action="login", object=name, reason=way)])
        return Made(name, secret)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _verified(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, password[:MOST_PASSWORD])
    except (VerifyMismatchError, InvalidHashError):
        return False


def _one_time() -> str:
    text = secrets.token_hex(8)
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _insert(
    db: sa.Connection, name: str, title: str, role: Role, password: str, at_us: int, subject: str | None = None
) -> None:
    values = {"name": name, "title": title, "role": str(role), "password": password, "must_change": bool(password)}
    nothing = {"disabled": False, "seen_us": 0, "fails": 0, "locked_us": 0}
    db.execute(tables.accounts.insert().values(**values, **nothing, badge=None, subject=subject, made_us=at_us))


def _change(db: sa.Connection, name: str, values: dict[str, object], ends: bool) -> None:
    db.execute(tables.accounts.update().where(_account.name == name).values(values))
    if ends:
        db.execute(tables.sessions.delete().where(_session.account == name))


def _row(db: sa.Connection, name: str) -> sa.Row[Any] | None:
    return db.execute(sa.select(tables.accounts).where(_account.name == name[:40])).first()


def _known(db: sa.Connection, name: str) -> sa.Row[Any]:
    row = db.execute(sa.select(tables.accounts).where(_account.name == name[:40]).with_for_update()).first()
    if row is None:
        raise AccountError(f"account {name}: there is none with this name")
    return row


def _keep_one(db: sa.Connection, row: sa.Row[Any], role: Role, disabled: bool) -> None:
    """Raises AccountError where nobody could administrate any more."""
    if row.role != Role.ADMINISTRATOR or row.disabled or (role is Role.ADMINISTRATOR and not disabled):
        return
    others = sa.select(_account.name).where(
        _account.role == str(Role.ADMINISTRATOR), _account.disabled.is_(False), _account.name != row.name
    )
    if db.execute(others.with_for_update()).first() is None:
        raise AccountError(f"account {row.name}: the only administrator: make another one first")


def _free_name(db: sa.Connection, wanted: str) -> str:
    bare = re.sub(r"[^a-z0-9._-]+", "-", wanted.casefold()).strip("._-")[:36] or "somebody"
    number, name = 1, bare
    while _row(db, name) is not None:
        number += 1
        name = f"{bare}.{number}"
    return name


def _lasting(at_us: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _session.ends_us > at_us, _session.seen_us + _session.idle_us > at_us


def _account_of(row: sa.Row[Any]) -> Account:
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


def _key_of(row: sa.Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        scope=actions_of(row.scope),
        made_us=row.made_us,
        made_by=row.made_by,
        ends_us=row.ends_us,
        used_us=row.used_us,
    )


def _deed(at_us: int, by: str, origin: str, name: str, what: str, action: str = "account") -> Deed:
    return Deed(at_us=at_us, who=by, origin=origin, action=action, object=name, reason=what)


def _refusal(name: str, why: str, origin: str, at_us: int) -> Deed:
    return Deed(at_us=at_us, who=name, origin=origin, action="login", object=name, outcome="refused", reason=why)
