"""Pages by which people sign in and out, of their own account, and of all accounts for administrators.

Public names: account_page_routes, session_route, let_in, there_of, origin_of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.answers import json_answer
from api.crowd import address_of
from api.entrance import who_of
from api.identities import Busy, Identities, Who
from api.pages import asked, bare, language_of, rendered
from api.site_state import Site
from edge.core.values.rights import BY_BADGE, Action, Role
from edge.journal.host_time import now_us
from edge.site.account_rows import Account, AccountError, Made, SignInRefused
from edge.views.account_words import of_right, of_role, of_way
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import say

_SENT = {"locked": phrase("login.locked")}
"""Why a page sent somebody to sign in."""


@dataclass(frozen=True, slots=True)
class SessionShown:
    """Who is signed in. ``accounts``: whether people sign in at all; empty ``name``: nobody is."""

    accounts: bool
    name: str = ""
    title: str = ""
    role: str = ""
    may: tuple[str, ...] = ()
    lock_s: int = 0


def session_route(app: FastAPI, site: Site) -> None:
    """Adds the route by which a page learns who looks at it."""

    @app.get("/api/v1/session", response_model=SessionShown, tags=["accounts"])
    async def session(request: Request) -> Response:
        """Who is signed in, and what it may do."""
        who = who_of(request)
        if who is None:
            return json_answer(SessionShown(site.identities is not None))
        return json_answer(
            SessionShown(True, who.name, who.title, str(who.role or ""), tuple(sorted(who.may)), who.lock_s)
        )


def account_page_routes(app: FastAPI, site: Site, identities: Identities) -> None:
    """Adds the routes."""
    _entrance_routes(app, site, identities)
    _own_routes(app, site, identities)
    _people_routes(app, site, identities)


# ---- in and out ------------------------------------------------------------------------------------------------------


def _entrance_routes(app: FastAPI, site: Site, identities: Identities) -> None:
    oidc = identities.table.oidc

    def shown(request: Request, there: str, problem: Word = "", status: int = 200, name: str = "") -> Response:
        return bare(
            "login.html",
            language_of(request),
            status,
            title=phrase("login.title"),
            site=site.config.site,
            next=there,
            problem=problem,
            name=name,
            keep=f"&{urlencode({'next': there})}",
            provider=oidc.title if oidc is not None else "",
        )

    @app.get("/login", include_in_schema=False)
    def login(request: Request) -> Response:
        there, said, who = there_of(asked(request, "next", 400)), asked(request, "said", 10), who_of(request)
        if who is not None and said == "locked" and who.lock_s:  # a page that asks by itself had kept it alive
            identities.accounts.sign_out(who.session, who.name, origin_of(request), now_us())
            identities.forget()
            request.scope["lanewise.who"] = who = None
        if who is not None:
            return RedirectResponse(there, 303)
        return shown(request, there, _SENT.get(said, ""))

    @app.post("/login", include_in_schema=False)
    async def enter(request: Request) -> Response:
        if "origin" not in request.headers:
            raise HTTPException(403, "Origin: missing: people sign in from the page of this server")
        given = await _fields(request)
        there, origin, name = there_of(given.get("next", "")), origin_of(request), given.get("name", "").strip().lower()
        badge, accounts = given.get("badge", ""), identities.accounts
        if badge:
            call = partial(accounts.sign_in_by_badge, badge, identities.rules, origin, now_us())
        else:
            call = partial(accounts.sign_in, name, given.get("password", ""), identities.rules, origin, now_us())
        try:
            made = await identities.slowly(call)
        except Busy:
            return await asyncio.to_thread(shown, request, there, phrase("login.busy"), 429, name)
        except SignInRefused as refused:
            busy = await _kept_back(site, origin, refused.who)
            problem, status = (phrase("login.busy"), 429) if busy else (phrase("login.refused"), 403)
            return await asyncio.to_thread(shown, request, there, problem, status, name)
        return let_in(request, identities, made, RedirectResponse(there, 303))

    @app.post("/logout", include_in_schema=False)
    async def leave(request: Request) -> Response:
        who = _known(request)
        await asyncio.to_thread(identities.accounts.sign_out, who.session, who.name, origin_of(request), now_us())
        identities.forget()
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(identities.cookie, path="/", httponly=True, samesite="strict")
        answer.headers["clear-site-data"] = '"cache"'
        return answer


async def _kept_back(site: Site, origin: str, name: str) -> bool:
    """Waits with the answer to a wrong password, longer with each from this address and of this account; whether it is
    refused at once, since too many wait.
    """
    marks = [origin, *([f"account {name}"] if name else [])]
    now_s = asyncio.get_running_loop().time()
    held = [(mark, site.doubts.wrong(mark, now_s)) for mark in marks]
    try:
        if any(held_s is None for _, held_s in held):
            return True
        await asyncio.sleep(max(held_s or 0.0 for _, held_s in held))
        return False
    finally:
        for mark, held_s in held:
            if held_s is not None:
                site.doubts.answered(mark)


def let_in(request: Request, identities: Identities, made: Made, answer: Response) -> Response:
    """An answer with which a browser gets its new session, whatever session it brought."""
    identities.forget()
    secure = request.url.scheme == "https"
    answer.set_cookie(identities.cookie, made.secret, httponly=True, samesite="strict", secure=secure, path="/")
    return answer


# ---- one's own -------------------------------------------------------------------------------------------------------


def _own_routes(app: FastAPI, site: Site, identities: Identities) -> None:
    def shown(request: Request, problems: list[str], status: int = 200) -> Response:
        who = _known(request)
        return rendered(
            site,
            request,
            "account.html",
            phrase("account.own"),
            status,
            problems=problems,
            sessions=identities.accounts.sessions(now_us(), who.name),
            rights=sorted(who.may, key=lambda one: say(of_right(one), language_of(request))),
            **_SAID,
        )

    @app.get("/account", include_in_schema=False)
    def own(request: Request) -> Response:
        return shown(request, [])

    @app.post("/account/password", include_in_schema=False)
    async def change(request: Request) -> Response:
        who, given, language = _known(request), await _fields(request), language_of(request)
        old, new, origin = given.get("old", ""), given.get("new", ""), origin_of(request)
        accounts, rules = identities.accounts, identities.rules
        try:
            await identities.slowly(partial(accounts.change_password, who.name, old, new, origin, now_us()))
            identities.forget()
            made = await identities.slowly(partial(accounts.sign_in, who.name, new, rules, origin, now_us()))
        except AccountError as error:
            return await asyncio.to_thread(shown, request, [str(error)], 422)
        except Busy:
            return await asyncio.to_thread(shown, request, [say(phrase("login.busy"), language)], 429)
        except SignInRefused as refused:
            await _kept_back(site, origin, refused.who)
            return await asyncio.to_thread(shown, request, [say(phrase("account.password.wrong"), language)], 403)
        return let_in(request, identities, made, RedirectResponse("/account", 303))

    @app.post("/account/session", include_in_schema=False)
    async def end(request: Request) -> Response:
        who, given = _known(request), await _fields(request)
        call = identities.accounts.end_session
        try:
            await asyncio.to_thread(call, given.get("id", ""), who.name, origin_of(request), now_us(), who.name)
        except AccountError as error:
            return await asyncio.to_thread(shown, request, [str(error)], 409)
        identities.forget()
        return RedirectResponse("/account", 303)


# ---- everybody's -----------------------------------------------------------------------------------------------------


def _people_routes(app: FastAPI, site: Site, identities: Identities) -> None:
    def shown(request: Request, problems: list[str], status: int = 200, made: Made | None = None) -> Response:
        accounts, at_us = identities.accounts, now_us()
        return rendered(
            site,
            request,
            "accounts.html",
            phrase("account.title"),
            status,
            problems=problems,
            made=made,
            people=accounts.all(),
            sessions=accounts.sessions(at_us),
            keys=accounts.keys(),
            roles=list(Role),
            actions=list(Action),
            by_badge=BY_BADGE,
            days=identities.table.key_days,
            now_us=at_us,
            state_of=partial(_state, at_us),
            **_SAID,
        )

    @app.get("/accounts", include_in_schema=False)
    def people(request: Request) -> Response:
        return shown(request, [])

    @app.get("/api/v1/accounts", response_model=tuple[Account, ...], tags=["accounts"])
    def listed() -> Response:
        """The accounts by name, without anything secret."""
        return json_answer(identities.accounts.all())

    @app.post("/accounts/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=60)
        given = {key: str(value) for key, value in form.multi_items() if key != "scope"}
        scope = [str(one) for one in form.getlist("scope")]
        who = _known(request)
        do = _deed(identities, action, given, scope, who.name, origin_of(request))
        if do is None:
            raise HTTPException(404, f"{action}: there is no such form")
        try:
            made = await identities.slowly(do)
        except (AccountError, ValueError) as error:
            return await asyncio.to_thread(shown, request, [str(error)], 409)
        except Busy:
            return await asyncio.to_thread(shown, request, [say(phrase("login.busy"), language_of(request))], 429)
        identities.forget()
        if isinstance(made, Made):
            return await asyncio.to_thread(shown, request, [], 200, made)
        return RedirectResponse("/accounts", 303)


def _deed(
    identities: Identities, action: str, given: Mapping[str, str], scope: list[str], by: str, origin: str
) -> Callable[[], Made | None] | None:
    """What a form of the page of accounts does; None = there is no such form."""
    accounts, at_us, name = identities.accounts, now_us(), given.get("name", "").strip().lower()
    deeds: dict[str, Callable[[], Made | None]] = {
        "add": lambda: accounts.add(name, given.get("title", ""), Role(given.get("role", "")), by, origin, at_us),
        "role": lambda: accounts.give_role(name, Role(given.get("role", "")), by, origin, at_us),
        "reset": lambda: accounts.reset(name, by, origin, at_us),
        "badge": lambda: accounts.give_badge(name, by, origin, at_us),
        "disable": lambda: accounts.disable(name, True, by, origin, at_us),
        "enable": lambda: accounts.disable(name, False, by, origin, at_us),
        "session": lambda: accounts.end_session(given.get("id", ""), by, origin, at_us),
        "key": lambda: accounts.add_key(
            name, [Action(one) for one in scope], _days(given.get("days", ""), identities), by, origin, at_us
        ),
        "end-key": lambda: accounts.end_key(given.get("id", ""), by, origin, at_us),
    }
    return deeds.get(action)


def _days(given: str, identities: Identities) -> int:
    longest = identities.table.key_days
    days = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    if not 1 <= days <= longest:
        raise AccountError(f"days: {given!r}: allowed are 1 to {longest}, see key_days in SITE.toml")
    return days


_SAID = {"of_role": of_role, "of_way": of_way, "of_right": of_right}


def _state(at_us: int, its: Account) -> Word:
    if its.disabled:
        return phrase("account.state.off")
    if its.locked_us > at_us:
        return phrase("account.state.locked")
    return phrase("account.state.new" if its.must_change else "account.state.on")


async def _fields(request: Request) -> dict[str, str]:
    """A form as it was typed: a password is no text to be shown, and may hold what others may not."""
    form = await request.form(max_files=0, max_fields=20)
    return {key: str(value)[:1_000] for key, value in form.multi_items()}


def _known(request: Request) -> Who:
    who = who_of(request)
    assert who is not None, "the entrance let nobody else in"
    return who


def origin_of(request: Request) -> str:
    """The address that it came from."""
    return address_of(request.client.host if request.client else "")


def there_of(given: str) -> str:
    """A page of ours to go on to; the first one where it is none."""
    ours = given.startswith("/") and not given.startswith(("//", "/\\", "/login")) and given.isprintable()
    return given if ours and "\\" not in given else "/"
