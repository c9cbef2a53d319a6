"""People who sign in, their sessions, and the keys of machines: what the store keeps of them, each by its hash alone.

Public names: Accounts.

A password is stored as Argon2id, slow on purpose: whoever calls with one does so in a thread. What is random and long,
as sessions, keys and badges, is stored as SHA-256. Every change stands in the audit of the same transaction.
Source: OWASP ASVS 5.0, 7 (sessions).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.values.rights import BY_BADGE, Action, Role
from edge.site import account_rows, passwords
from edge.site.account_rows import Account, AccountError, MachineKey, Made, Session, SessionRules, SignInRefused
from edge.site.audit import Deed, note
from edge.site.tables import accounts as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DAY_US = 86_400_000_000
_TOUCH = 8
"""A session's last request is noted when an eighth of its idle time has gone since the one noted before."""
_account, _session, _key = tables.accounts.c, tables.sessions.c, tables.keys.c


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
            return [
                account_rows.account_of(row) for row in db.execute(sa.select(tables.accounts).order_by(_account.name))
            ]

    def first(self, at_us: int) -> Made | None:
        """The first administrator, with a password for one sign-in; None = there is or was one already."""
        known = sa.select(_account.name).where(_account.role == str(Role.ADMINISTRATOR)).limit(1)
        with self._at.reading() as db:
            if db.execute(known).first():
                return None
        secret = passwords.one_time()
        stored = passwords.hasher().hash(secret)
        with self._at.writing() as db:
            if db.execute(known).first():
                return None
            name = account_rows.free_name(db, "admin")
            account_rows.insert(db, name, "Administrator", Role.ADMINISTRATOR, stored, at_us)
            note(db, [account_rows.deed(at_us, "", "start", name, "first administrator")])
        return Made(name, secret)

    def add(self, name: str, title: str, role: Role, by: str, origin: str, at_us: int) -> Made:
        """An account with a password for one sign-in."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"name {name!r}: allowed are up to 40 of a-z, 0-9, dot, _ and -, a letter or digit first"
            )
        secret = passwords.one_time()
        stored = passwords.hasher().hash(secret)
        with self._at.writing() as db:
            if account_rows.row(db, name) is not None:
                raise AccountError(f"name {name!r}: there is an account with it")
            account_rows.insert(db, name, title.strip()[:80] or name, role, stored, at_us)
            note(db, [account_rows.deed(at_us, by, origin, name, f"added as {role}")])
        return Made(name, secret)

    def give_role(self, name: str, role: Role, by: str, origin: str, at_us: int) -> None:
        """Another role, which ends the sessions; a badge stays only where the role may have one."""
        with self._at.writing() as db:
            row = account_rows.known(db, name)
            account_rows.keep_one(db, row, role, disabled=bool(row.disabled))
            changed: dict[str, object] = {"role": str(role)} | ({} if role in BY_BADGE else {"badge": None})
            account_rows.change(db, name, changed, ends=True)
            note(db, [account_rows.deed(at_us, by, origin, name, f"role {row.role} -> {role}")])

    def disable(self, name: str, disabled: bool, by: str, origin: str, at_us: int) -> None:
        """Nobody signs in with it until it is enabled again; its sessions end."""
        with self._at.writing() as db:
            row = account_rows.known(db, name)
            account_rows.keep_one(db, row, Role(row.role), disabled=disabled)
            account_rows.change(db, name, {"disabled": disabled, "fails": 0, "locked_us": 0}, ends=True)
            note(db, [account_rows.deed(at_us, by, origin, name, "disabled" if disabled else "enabled")])

    def reset(self, name: str, by: str, origin: str, at_us: int) -> Made:
        """A new password for one sign-in; the lock and all sessions end."""
        secret = passwords.one_time()
        stored = passwords.hasher().hash(secret)
        with self._at.writing() as db:
            account_rows.known(db, name)
            changed = {"password": stored, "must_change": True, "fails": 0, "locked_us": 0}
            account_rows.change(db, name, changed, ends=True)
            note(db, [account_rows.deed(at_us, by, origin, name, "password reset")])
        return Made(name, secret)

    def give_badge(self, name: str, by: str, origin: str, at_us: int) -> Made:
        """A new badge; the one before opens nothing any more."""
        secret = f"LWB{secrets.token_hex(10).upper()}"
        with self._at.writing() as db:
            row = account_rows.known(db, name)
            if Role(row.role) not in BY_BADGE:
                allowed = ", ".join(sorted(BY_BADGE))
                raise AccountError(f"account {name}: {row.role}: badges are for {allowed}; others use a password")
            account_rows.change(db, name, {"badge": passwords.hashed(secret)}, ends=False)
            note(db, [account_rows.deed(at_us, by, origin, name, "badge given")])
        return Made(name, secret)

    def change_password(self, name: str, old: str, new: str, origin: str, at_us: int) -> None:
        """Somebody's own. Ends all sessions; whoever asked begins a new one. Raises SignInRefused for a wrong one."""
        if not passwords.LEAST_PASSWORD <= len(new) <= passwords.MOST_PASSWORD:
            raise AccountError(
                f"password: {len(new)} characters: allowed are {passwords.LEAST_PASSWORD} to {passwords.MOST_PASSWORD}"
            )
        if new == old or name in new.casefold():
            raise AccountError("password: allowed is one that is new and does not hold the account's name")
        self._check(name, old, origin, at_us)
        stored = passwords.hasher().hash(new)
        with self._at.writing() as db:
            account_rows.change(db, name, {"password": stored, "must_change": False}, ends=True)
            note(db, [account_rows.deed(at_us, name, origin, name, "password changed")])

    # ---- sign in and out ---------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, rules: SessionRules, origin: str, at_us: int) -> Made:
        """Begins a session. Raises SignInRefused, after as long whatever is wrong."""
        self._check(name, password, origin, at_us)
        return self._begin(name, "password", rules.idle_us, rules, origin, at_us)

    def sign_in_by_badge(self, code: str, rules: SessionRules, origin: str, at_us: int) -> Made:
        """Begins a session that ends soon without a request. Raises SignInRefused."""
        with self._at.reading() as db:
            row = db.execute(
                sa.select(tables.accounts).where(_account.badge == passwords.hashed(code.strip().upper()))
            ).first()
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
                known = account_rows.free_name(db, name)
                account_rows.insert(db, known, title.strip()[:80] or known, role, "", at_us, subject)
                note(db, [account_rows.deed(at_us, known, origin, known, f"added as {role} by the provider")])
            else:
                known = row.name
                if row.role != role:
                    account_rows.change(db, known, {"role": str(role)}, ends=True)
                    note(
                        db,
                        [account_rows.deed(at_us, known, origin, known, f"role {row.role} -> {role} by the provider")],
                    )
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
        query = sa.select(tables.sessions).where(*account_rows.lasting(at_us)).order_by(_session.began_us.desc())
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
            note(db, [account_rows.deed(at_us, by, origin, whose, "session ended")])

    def session(self, secret: str, at_us: int, used: bool = True) -> tuple[Session, Account] | None:
        """Whose session it is that a browser brings; None = none that lasts. ``used``: a request, not a stream."""
        ident = passwords.hashed(secret)
        with self._at.reading() as db:
            found = (
                db.execute(sa.select(tables.sessions).where(_session.id == ident, *account_rows.lasting(at_us)))
                .mappings()
                .first()
            )
            if found is None:
                return None
            its = Session(**found)
            row = account_rows.row(db, its.account)
        if row is None or row.disabled:
            return None
        if used and at_us - its.seen_us > its.idle_us // _TOUCH:
            with self._at.writing() as db:
                db.execute(tables.sessions.update().where(_session.id == ident).values(seen_us=at_us))
        return its, account_rows.account_of(row)

    # ---- keys --------------------------------------------------------------------------------------------------------

    def keys(self) -> list[MachineKey]:
        """The newest first."""
        with self._at.reading() as db:
            return [
                account_rows.key_of(row) for row in db.execute(sa.select(tables.keys).order_by(_key.made_us.desc()))
            ]

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
            values = {
                "id": ident,
                "name": name,
                "secret": passwords.hashed(secret),
                "scope": " ".join(wanted),
                "made_by": by,
            }
            db.execute(tables.keys.insert().values(**values, made_us=at_us, ends_us=ends_us, used_us=0))
            note(db, [account_rows.deed(at_us, by, origin, name, f"key {ident}: {' '.join(wanted)}", "key")])
        return Made(name, f"lwk_{ident}_{secret}")

    def end_key(self, ident: str, by: str, origin: str, at_us: int) -> None:
        """A key opens nothing from now on. Raises AccountError."""
        with self._at.writing() as db:
            row = db.execute(sa.select(tables.keys).where(_key.id == ident)).first()
            if row is None or row.ends_us <= at_us:
                raise AccountError(f"key {ident}: none that lasts has this number")
            db.execute(tables.keys.update().where(_key.id == ident).values(ends_us=at_us))
            note(db, [account_rows.deed(at_us, by, origin, row.name, f"key {ident} ended", "key")])

    def key(self, given: str, at_us: int) -> MachineKey | None:
        """The key that a machine brings; None = none that lasts."""
        start, _, rest = given.partition("_")
        ident, _, secret = rest.partition("_")
        if start != "lwk" or not ident or not secret:
            return None
        with self._at.reading() as db:
            row = db.execute(sa.select(tables.keys).where(_key.id == ident[:20], _key.ends_us > at_us)).first()
        if row is None or not hmac.compare_digest(row.secret, passwords.hashed(secret)):
            return None
        if at_us - row.used_us > 60_000_000:
            with self._at.writing() as db:
                db.execute(tables.keys.update().where(_key.id == ident).values(used_us=at_us))
        return account_rows.key_of(row)

    # ------------------------------------------------------------------------------------------------------------------

    def _check(self, name: str, password: str, origin: str, at_us: int) -> None:
        """Raises SignInRefused. A name that nobody has costs as much time as a wrong password."""
        with self._at.reading() as db:
            row = account_rows.row(db, name)
        stored = row.password if row is not None and row.password else passwords.nobodys()
        right = passwords.verified(stored, password) and row is not None and bool(row.password)
        if row is None:
            self._refuse("", "unknown name", origin, at_us)  # which is a password at times
            raise SignInRefused("", "unknown name")
        why = "disabled" if row.disabled else "locked" if row.locked_us > at_us else "" if right else "wrong password"
        again = (
            passwords.hasher().hash(password) if not why and passwords.hasher().check_needs_rehash(stored) else stored
        )
        with self._at.writing() as db:
            now = account_rows.known(db, name)
            if not why and now.password != row.password:
                why = "changed meanwhile"
            if why == "wrong password":
                fails = now.fails + 1
                account_rows.change(
                    db, name, {"fails": fails, "locked_us": at_us + passwords.locked_for_us(fails)}, ends=False
                )
            elif not why:
                account_rows.change(db, name, {"fails": 0, "locked_us": 0, "password": again}, ends=False)
            if why:
                note(db, [account_rows.refusal(name, why, origin, at_us)])
        if why:
            raise SignInRefused(name, why)

    def _refuse(self, name: str, why: str, origin: str, at_us: int) -> None:
        with self._at.writing() as db:
            note(db, [account_rows.refusal(name, why, origin, at_us)])

    def _begin(self, name: str, way: str, idle_us: int, rules: SessionRules, origin: str, at_us: int) -> Made:
        secret = secrets.token_urlsafe(32)
        with self._at.writing() as db:
            db.execute(tables.sessions.delete().where(_session.ends_us <= at_us))
            db.execute(
                tables.sessions.insert().values(
                    id=passwords.hashed(secret),
                    account=name,
                    way=way,
                    origin=origin[:80],
                    began_us=at_us,
                    seen_us=at_us,
                    idle_us=idle_us,
                    ends_us=at_us + rules.longest_us,
                )
            )
            account_rows.change(db, name, {"seen_us": at_us}, ends=False)
            note(db, [Deed(at_us=at_us, who=name, origin=origin, action="login", object=name, reason=way)])
        return Made(name, secret)
