"""Who asks: by a session's cookie, a key or the token; looked up in the store, and remembered for a moment.

Public names: Identities, Who, Way, WrongSecret, Busy, cookie_of, welcome.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from starlette.datastructures import Headers

from edge.config.accounts import DEMO_OPERATOR, AccountTable
from edge.config.secret import read_api_token
from edge.core.values.rights import EVERYTHING, MAY, Action, Role
from edge.intake.operators import Asker
from edge.journal.host_time import now_us
from edge.site.account_rows import SessionRules
from edge.site.accounts import Accounts
from edge.site.audit import Deed
from edge.site.passwords import hashed
from edge.site.store import SiteStore

T = TypeVar("T")
KNOWN_S = 2.0
"""So long what the store said of somebody is taken for true: so late a change by a command is seen."""
_KEPT = 10_000
_SLOW = 16


class Way(StrEnum):
    """How somebody is known."""

    SESSION = "session"
    KEY = "key"
    TOKEN = "token"  # noqa: S105  # a way, no secret


class Busy(Exception):  # noqa: N818  # it is what we are
    """Too many sign in at once."""


class WrongSecret(Exception):  # noqa: N818  # it is what is wrong
    """A token or key was brought that opens nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody who may ask. ``session``: its hash; ``form_secret``: what its forms bring; ``lock_s``: its station locks
    itself so long after the last request, 0 = it does not. ``demo``: whoever looks at a demo, who has no account.
    """

    name: str
    title: str
    way: Way
    may: frozenset[Action]
    role: Role | None = None
    session: str = ""
    form_secret: str = ""
    lock_s: int = 0
    must_change: bool = False
    demo: bool = False

    @property
    def asker(self) -> Asker:
        """As whom what it asks is noted."""
        return Asker(self.name, for_others=self.way is Way.TOKEN)


class Identities:
    """Of one site. ``store``: gives its store, raises StoreError, as all calls do. Raises ConfigError for a machine
    without a token.
    """

    def __init__(self, site: str, table: AccountTable, token: str | None, store: Callable[[], SiteStore]) -> None:
        self.cookie = f"lanewise-{site}-session"
        self.table = table
        self.rules = SessionRules(
            table.idle_min * 60_000_000, table.longest_h * 3_600_000_000, table.station_lock_s * 1_000_000
        )
        self._holders = [] if token is None else [(token.encode(), "token", frozenset(table.token))]
        for name, its in table.machine.items():
            self._holders.append((read_api_token(its.token_file).encode(), name, frozenset(its.may)))
        self._store = store
        self._slow = ThreadPoolExecutor(2, "passwords")
        self._noting = ThreadPoolExecutor(1, "audit")
        self._waiting = 0
        self._deeds: list[Deed] = []
        self._known: dict[tuple[str, bool], tuple[float, Who | None]] = {}
        self._anybody = _demo_operator() if table.demo else None

    @property
    def accounts(self) -> Accounts:
        """What the store keeps."""
        return Accounts(self._store().connections)

    def close(self) -> None:
        """Ends its threads."""
        for pool in (self._slow, self._noting):
            pool.shutdown()

    async def slowly(self, call: Callable[[], T]) -> T:
        """Calls what takes a password, which is slow on purpose: few at a time, and none holds up anything else.

        Raises Busy where too many wait already.
        """
        if self._waiting >= _SLOW:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, call)
        finally:
            self._waiting -= 1

    async def note(self, deed: Deed) -> None:
        """Notes what was done, together with all that waits meanwhile."""
        self._deeds.append(deed)
        await asyncio.get_running_loop().run_in_executor(self._noting, self._note)

    def _note(self) -> None:
        count = len(self._deeds)
        if count:
            self._store().note(self._deeds[:count])
            del self._deeds[:count]

    def forget(self) -> None:
        """Asks the store again of everybody, as after a change here."""
        self._known.clear()

    async def who(self, headers: Headers, used: bool = True) -> Who | None:
        """Who brings these headers; None = nobody. Raises WrongSecret for a token or key that opens nothing."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given.strip():
            found = self._holder(given.strip())
            found = found or await self._remembered(given.strip(), used, self._by_key)
            if found is None:
                raise WrongSecret
            return found
        if self._anybody is not None:
            return self._anybody
        cookie = cookie_of(headers, self.cookie)
        return await self._remembered(cookie, used, partial(self._by_session, used)) if cookie else None

    async def while_in(self, headers: Headers, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A stream that ends with the session or key by which it was opened."""
        async with aclosing(messages) as told:  # type: ignore[type-var]  # async generators of ours
            async for message in told:
                try:
                    if await self.who(headers, used=False) is None:
                        return
                except WrongSecret:
                    return
                yield message

    def _holder(self, given: str) -> Who | None:
        brought = given.encode(errors="replace")
        for token, name, may in self._holders:
            if hmac.compare_digest(brought, token):
                return Who(name=name, title=name, way=Way.TOKEN, may=may)
        return None

    async def _remembered(self, secret: str, used: bool, look: Callable[[str], Who | None]) -> Who | None:
        mark, now_s = (hashed(secret), used), time.monotonic()
        at_s, who = self._known.get(mark, (now_s - KNOWN_S, None))
        if now_s - at_s < KNOWN_S:
            return who
        who = await asyncio.to_thread(look, secret)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[mark] = (now_s, who)
        return who

    def _by_key(self, given: str) -> Who | None:
        key = self.accounts.key(given, now_us())
        return None if key is None else Who(name=key.name, title=key.name, way=Way.KEY, may=key.scope)

    def _by_session(self, used: bool, given: str) -> Who | None:
        found = self.accounts.session(given, now_us(), used)
        if found is None:
            return None
        session, account = found
        return Who(
            name=account.name,
            title=account.title,
            way=Way.SESSION,
            may=MAY[account.role],
            role=account.role,
            session=session.id,
            form_secret=hashed(f"forms of {given}"),
            lock_s=session.idle_us // 1_000_000 if session.way == "badge" else 0,
            must_change=account.must_change,
        )


def _demo_operator() -> Who:
    """Whoever opens a page of a demo, for as long as this process runs: all pages are theirs but that of accounts."""
    return Who(
        name=DEMO_OPERATOR,
        title=DEMO_OPERATOR,
        way=Way.SESSION,
        may=EVERYTHING - {Action.ACCOUNTS},
        form_secret=secrets.token_hex(32),
        demo=True,
    )


def welcome(store: SiteStore) -> None:
    """Says the first administrator's password on the terminal, where there is no account. Raises StoreError."""
    made = Accounts(store.connections).first(now_us())
    if made is not None:
        said = f"the first administrator is {made.name!r}, the password for one sign-in is {made.secret}"
        print(f"lanewise: accounts: {said}", file=sys.stderr, flush=True)


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty = there is none."""
    given = [one.strip().partition("=") for one in headers.get("cookie", "").split(";")]
    return next((value for known, _, value in given if known == name), "")
