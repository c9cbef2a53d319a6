"""Who may ask what: every route and stream, every role, nobody and the token; and what is noted of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from example_site import TOKEN, example_site
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.doubts import Doubts
from api.entrance import Entrance
from api.guard import PAGE_COOKIE, Guard, WrongTokens, is_page, page_secret
from api.identities import Identities, Way, Who
from api.rights import OPEN, OWN, ROUTES
from edge.config.accounts import AccountTable
from edge.config.lines import SiteConfig
from edge.core.values.rights import BY_BADGE, HOLDER, MAY, Action, Role
from edge.intake.operators import who_asks
from edge.site import passwords
from edge.site.account_command import beside
from edge.site.account_rows import AccountError, SessionRules, SignInRefused
from edge.site.accounts import Accounts
from edge.site.audit import AuditFilter, Broken, Deed, check_chain, deeds, head
from edge.site.passwords import locked_for_us
from edge.site.store import SiteStore
from edge.site.tables import accounts as tables

HERE = "http://127.0.0.1:8000"
NOW_US = 1_790_000_000_000_000
MINUTE_US = 60_000_000
RULES = SessionRules(60 * MINUTE_US, 600 * MINUTE_US, 5 * MINUTE_US)
OURS = "a sentence of mine"
EVIL = "<script>alert('x')</script>"
SECRET = re.compile(r"<code>([^<]+)</code>")
FORM = re.compile(r'name="form_secret" value="(\w+)"')


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id all the same, of as little as it can be."""
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()
    kind = passwords.PasswordHasher
    monkeypatch.setattr(passwords, "PasswordHasher", lambda: kind(time_cost=1, memory_cost=8, parallelism=1))
    yield
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    (tmp_path / "token").write_text(TOKEN)
    given = {"accounts": AccountTable(), "token_file": tmp_path / "token"}
    return example_site(project, tmp_path).model_copy(update=given)


@pytest.fixture
def store(store_url: str) -> Iterator[SiteStore]:
    opened = SiteStore(store_url)
    yield opened
    opened.close()


# ---- the tables ------------------------------------------------------------------------------------------------------


def paths_of(app: FastAPI) -> list[tuple[str, str, str]]:
    """Method, template and a path of each route that the server has."""
    found = []
    for route in iter_route_contexts(app.router.routes):
        path = re.sub(r"\{(\w+):path\}", "a/b", route.path or "")
        found += [(method, route.path or "", re.sub(r"\{\w+\}", "1", path)) for method in sorted(route.methods or ())]
    return found


def test_every_route_is_for_whom_the_table_says_and_for_nobody_else(site: SiteConfig) -> None:
    app = create_app(site)
    routes = paths_of(app)
    public = {("GET", "/track/{token}"), ("POST", "/track/{token}")}
    oidc = {("GET", "/login/oidc"), ("GET", "/login/oidc/back")}
    assert set(ROUTES) - {(method, template) for method, template, _ in routes} <= public | oidc, (
        "lines without a route"
    )
    made = Who(name="w", title="w", way=Way.SESSION, may=frozenset(), form_secret="f")
    people = {str(role): replace(made, may=MAY[role], role=role) for role in Role}
    people["first sign-in"] = replace(made, may=MAY[Role.ADMINISTRATOR], must_change=True)
    people["token"] = replace(made, way=Way.TOKEN, may=HOLDER)
    people["key"] = replace(made, way=Way.KEY, may=frozenset({Action.ORDER}))
    reached = list[str]()

    async def inner(_: Scope, __: Receive, send: Send) -> None:
        reached.append("")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def asked(who: Who | None, method: str, path: str) -> int:
        async def known(*_: object, **__: object) -> Who | None:
            return who

        async def noted(_: Deed) -> None:
            return None

        identities.who, identities.note = known, noted  # type: ignore[method-assign]
        headers = [(b"origin", HERE.encode()), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": None,
        }
        told = list[Message]()

        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Message) -> None:
            told.append(message)

        await entrance(scope, receive, send)
        return int(told[0]["status"])

    identities: Identities = app.state.site.identities
    entrance = Entrance(inner, app, identities, WrongTokens(Doubts()))
    with asyncio.Runner() as runner:
        for method, template, path in routes:
            needs = ROUTES.get(("GET" if method == "HEAD" else method, template))
            assert needs is not None, f"{method} {template}: a line in api.rights is missing"
            for name, who in {"nobody": None, **people}.items():
                if needs == OPEN:
                    let = True
                elif who is None:
                    let = False
                elif needs == OWN:
                    let = who.way is Way.SESSION
                else:
                    let = not who.must_change and needs in who.may
                status = runner.run(asked(who, method, path))
                assert (status == 204) is let, (name, method, path, status)
                assert let or status in (401, 403) or (status == 303 and method in ("GET", "HEAD")), (
                    name,
                    path,
                    status,
                )
        administrator = people["administrator"]
        assert runner.run(asked(administrator, "GET", "/api/v1/not-there")) == 404
        assert runner.run(asked(administrator, "DELETE", "/api/orders")) == 404, "no line, nobody"
        assert runner.run(asked(None, "GET", "/style.css")) == 204
    identities.close()
    assert len(reached) > 500


def test_with_a_token_alone_every_route_wants_it(site: SiteConfig, run: Callable[..., None]) -> None:
    """Where nobody signs in: but for words, what the API says of itself, carriers and customers, and live pages."""
    app = create_app(site.model_copy(update={"accounts": None}))
    told = list[Message]()

    async def inner(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Message) -> None:
        told.append(message)

    guard = Guard(inner, TOKEN, WrongTokens(Doubts()), signed_in=False)

    async def asked(method: str, path: str, *brought: tuple[bytes, bytes]) -> int:
        told.clear()
        forms = is_page(path) or path.startswith("/track/")
        kind = b"application/x-www-form-urlencoded" if forms else b"application/json"
        headers = [(b"host", b"127.0.0.1:8000"), (b"origin", HERE.encode()), (b"content-type", kind), *brought]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": None,
        }
        await guard(scope, receive, send)
        return int(told[0]["status"])

    async def way() -> None:
        bearer, cookie = (
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"cookie", f"{PAGE_COOKIE}={page_secret(TOKEN.encode())}".encode()),
        )
        let = set[str]()
        for method, template, path in paths_of(app):
            status = await asked(method, path)
            if status == 204:
                let.add(template)
                continue
            reading = method in ("GET", "HEAD")
            assert status == (303 if is_page(path) and reading else 401), (method, path, status)
            assert await asked(method, path, cookie if is_page(path) else bearer) == 204, (method, path)
            if not is_page(path):
                assert await asked(method, path, cookie) == 401, "the pages' cookie is for pages"
        assert let == {
            "/",
            "/index.html",
            "/docks.html",
            "/api/words",
            "/api/openapi.json",
            "/api/v1/hooks/{carrier}",
            "/track/{token}",
        }

    run(way())


def test_roles_are_as_they_should_be() -> None:
    assert all(MAY[role] <= MAY[Role.ADMINISTRATOR] and Action.VIEW in MAY[role] for role in Role)
    only_administrators = {Action.ACCOUNTS, Action.AUDIT}
    assert all(not MAY[role] & only_administrators for role in Role if role is not Role.ADMINISTRATOR)
    assert not HOLDER & (only_administrators | {Action.PEOPLE})
    assert all(Action.PERSON not in MAY[role] for role in BY_BADGE), "a badge can be lent"


# ---- the store -------------------------------------------------------------------------------------------------------


def test_passwords_lock_sessions_end_and_keys_expire(store: SiteStore) -> None:
    its = Accounts(store.connections)
    first = its.first(NOW_US)
    assert first is not None and its.first(NOW_US) is None
    ann = its.add("ann", "Ann", Role.PICKER, "admin", "cli", NOW_US)
    with pytest.raises(AccountError, match="only administrator"):
        its.disable("admin", True, "admin", "cli", NOW_US)
    with pytest.raises(AccountError, match="only administrator"):
        its.give_role("admin", Role.VIEWER, "admin", "cli", NOW_US)
    for bad in ("", "Ann", "a b", "-a", "a" * 41):
        with pytest.raises(AccountError, match="allowed"):
            its.add(bad, "", Role.VIEWER, "admin", "cli", NOW_US)

    for tries in range(1, 6):
        with pytest.raises(SignInRefused, match="wrong password"):
            its.sign_in("ann", "no", RULES, "a", NOW_US + tries)
    with pytest.raises(SignInRefused, match="locked"):
        its.sign_in("ann", ann.secret, RULES, "a", NOW_US + 6)
    later_us = NOW_US + 6 + locked_for_us(5)
    session = its.sign_in("ann", ann.secret, RULES, "a", later_us)
    assert [locked_for_us(n) for n in (4, 5, 6, 7)] == [0, 15_000_000, 30_000_000, 60_000_000]
    assert locked_for_us(500) == 900_000_000
    with pytest.raises(SignInRefused, match="unknown name"):
        its.sign_in("nobody", "no", RULES, "a", later_us)

    found = its.session(session.secret, later_us)
    assert found is not None and found[1].must_change and found[1].name == "ann"
    assert its.session(session.secret, later_us + 60 * MINUTE_US) is None, "idle"
    at_us = later_us
    while at_us < later_us + 600 * MINUTE_US - 50 * MINUTE_US:
        at_us += 50 * MINUTE_US
        assert its.session(session.secret, at_us) is not None
    assert its.session(session.secret, later_us + 600 * MINUTE_US) is None, "whatever happens"

    badge = its.give_badge("ann", "admin", "cli", NOW_US)
    with pytest.raises(AccountError, match="badges are for"):
        its.give_badge("admin", "admin", "cli", NOW_US)
    at_station = its.sign_in_by_badge(badge.secret.lower(), RULES, "b", at_us)
    assert its.session(at_station.secret, at_us + 4 * MINUTE_US) is not None
    assert its.session(at_station.secret, at_us + 9 * MINUTE_US) is None
    again = its.give_badge("ann", "admin", "cli", NOW_US)
    for wrong in (badge.secret, "", "LWB0"):
        with pytest.raises(SignInRefused):
            its.sign_in_by_badge(wrong, RULES, "b", at_us)

    its.change_password("ann", ann.secret, OURS, "a", at_us)
    for short in ("short", f"my-ann-{'x' * 10}", OURS):
        with pytest.raises(AccountError):
            its.change_password("ann", OURS, short, "a", at_us)
    lasting = its.sign_in("ann", OURS, RULES, "a", at_us)
    for end in (
        lambda: its.give_role("ann", Role.LEAD, "admin", "cli", at_us),
        lambda: its.disable("ann", True, "admin", "cli", at_us),
    ):
        assert its.session(lasting.secret, at_us) is not None
        end()
        assert its.session(lasting.secret, at_us) is None
        lasting = lasting if its.all()[1].disabled else its.sign_in("ann", OURS, RULES, "a", at_us)
    with pytest.raises(SignInRefused, match="unknown badge"):  # a lead has none
        its.sign_in_by_badge(again.secret, RULES, "b", at_us)
    with pytest.raises(SignInRefused, match="disabled"):
        its.sign_in("ann", OURS, RULES, "a", at_us)

    key = its.add_key("wms", [Action.ORDER], 2, "admin", "cli", at_us)
    known = its.key(key.secret, at_us + 1)
    assert known is not None and known.scope == {Action.ORDER}
    assert its.key(f"{key.secret}x", at_us) is None and its.key("lwk_", at_us) is None and its.key(TOKEN, at_us) is None
    assert its.key(key.secret, at_us + 2 * 86_400_000_000) is None, "over"
    its.end_key(known.id, "admin", "cli", at_us + 5)
    assert its.key(key.secret, at_us + 6) is None
    with store.connections.reading() as db:
        stored = (tables.accounts, tables.sessions, tables.keys, tables.audit)
        everything = "\n".join(str(tuple(row)) for table in stored for row in db.execute(sa.select(table)))
    for secret in (first, ann, session, badge, again, lasting, key):
        assert secret.secret not in everything and secret.secret[-32:] not in everything
    assert "$argon2id$" in everything


def test_rows_of_the_audit_cannot_be_changed_unseen(store: SiteStore) -> None:
    for at in range(20):
        deed = Deed(
            at_us=at, who="ann", origin="a", action="lane", object=f"POST /{at}\n", reason=EVIL if at == 3 else ""
        )
        store.note([deed, replace(deed, outcome="refused")])
    with store.connections.reading() as db:
        assert check_chain(db) is None
        assert head(db)[0] == 40
        found = deeds(db, AuditFilter(outcome="refused", before=11), 3)
    assert [(row.seq, row.at_us) for row in found] == [(10, 4), (8, 3), (6, 2)]
    assert found[1].reason == EVIL and "\n" not in found[0].object
    for change, broken in (
        ("UPDATE audit SET who = 'bob' WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 7", 7),
        ("UPDATE audit SET at_us = at_us + 1 WHERE seq = 9", 9),
        ("UPDATE audit SET seq = 100 WHERE seq = 40", 40),
    ):
        with suppress(Undone), store.connections.writing() as db:
            assert db.execute(sa.text(change)).rowcount == 1
            said = check_chain(db)
            assert isinstance(said, Broken) and said.seq == broken, change
            raise Undone
    with store.connections.reading() as db:
        assert check_chain(db) is None


class Undone(Exception):  # noqa: N818  # it is what the change is
    """So that the next change begins at what was."""


def test_a_command_changes_accounts_beside_the_api(store: SiteStore, store_url: str) -> None:
    with beside(store_url) as at:
        made = Accounts(at).first(NOW_US)
    assert made is not None
    assert Accounts(store.connections).sign_in("admin", made.secret, RULES, "a", NOW_US).name == "admin"


# ---- over HTTP -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def entered(app: FastAPI) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Gives clients of a running application: browsers, each with cookies of its own."""
    clients = list[httpx.AsyncClient]()

    def client(**headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app)
        clients.append(httpx.AsyncClient(transport=transport, base_url=HERE, headers={"origin": HERE, **headers}))
        return clients[-1]

    async with app.state.site.running():
        yield client
        for one in clients:
            await one.aclose()


async def signed_in(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/login", data={"name": name, "password": password, "next": "/stock"})


async def form_secret(client: httpx.AsyncClient, page: str = "/account") -> str:
    answer = await client.get(page)
    found = FORM.findall(answer.text)
    assert found, (answer.status_code, answer.text[:400])
    forms = answer.text.count('method="post"')
    assert len(found) == forms, "every form brings it"
    return str(found[0])


async def newcomer(admin: httpx.AsyncClient, client: httpx.AsyncClient, name: str, role: Role) -> None:
    """Adds somebody by the page, who signs in and chooses a password."""
    secret = await form_secret(admin, "/accounts")
    data = {"form_secret": secret, "name": name, "title": f"{name} {EVIL}", "role": str(role)}
    answer = await admin.post("/accounts/add", data=data)
    assert answer.status_code == 200, answer.text
    assert EVIL not in answer.text
    once = SECRET.findall(answer.text)[0]
    assert (await signed_in(client, name, once)).headers["location"] == "/stock"
    await chosen(client, once)


async def chosen(client: httpx.AsyncClient, once: str) -> None:
    data = {"form_secret": await form_secret(client), "old": once, "new": OURS}
    answer = await client.post("/account/password", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account"), answer.text


def test_people_come_in_and_do_what_they_may(
    site: SiteConfig, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(site)

    async def way() -> None:
        async with entered(app) as client:
            once = re.findall(r"one sign-in is (\S+)", capsys.readouterr().err)[0]
            admin, stranger = client(), client()
            sent = await stranger.get("/orders?q=1")
            assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/orders%3Fq%3D1")
            assert (await stranger.get("/api/live")).status_code == 401
            shown = await stranger.get("/login?next=//evil.example")
            assert 'name="next" value="/"' in shown.text and "form_secret" not in shown.text

            # nobody brings a session of his choice, and nobody is in before the first password is changed
            admin.cookies.set("lanewise-warehouse-session", "of-my-choice", domain="127.0.0.1")
            answer = await signed_in(admin, "admin", once)
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "of-my-choice" not in cookie
            before = dict(admin.cookies)
            assert (await admin.get("/stock")).headers["location"] == "/account"
            assert (await admin.get("/api/state")).status_code == 403
            old = await form_secret(admin)
            await chosen(admin, once)
            stale = client()
            for name, value in before.items():
                stale.cookies.set(name, value, domain="127.0.0.1")
            assert (await stale.get("/account")).headers["location"].startswith("/login"), "ended with the password"
            assert (await signed_in(client(), "admin", once)).status_code == 403

            # forms of others, writes without an origin
            for secret in ("", old, "0" * 64):
                data = {"form_secret": secret, "name": "eve", "role": "administrator"}
                assert (await admin.post("/accounts/add", data=data)).status_code == 403
            lane = {"enabled": False, "by": "Mallory"}
            line, number = "/api/lines/sorter/lanes/", app.state.site.lines["sorter"].layout.lanes[0].number
            forged = {"origin": "http://evil.example"}
            assert (await admin.post(f"{line}{number}", json=lane, headers=forged)).status_code == 403
            bare = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE, cookies=admin.cookies)
            assert (await bare.post(f"{line}{number}", json=lane)).status_code == 403
            await bare.aclose()

            # who asks is who signed in
            ann, bob = client(), client()
            await newcomer(admin, ann, "ann", Role.OPERATOR)
            await newcomer(admin, bob, "bob", Role.PICKER)
            assert (await ann.post(f"{line}{number}", json=lane)).status_code == 202
            assert (await ann.post(f"{line}{number}", json={"enabled": True})).status_code == 202
            said = [value.by for value in app.state.site.store().feed(0)]
            assert said == ["ann", "ann"]
            assert (await bob.post(f"{line}{number}", json=lane)).status_code == 403
            assert (await bob.get("/orders")).status_code == 403 and (await bob.get("/picks")).status_code == 200
            page = (await bob.get("/picks")).text
            assert 'href="/orders"' not in page and 'name="picker" required' not in page and EVIL not in page
            for page in ("/orders/new", "/stock", "/waves", "/carriers", "/cases", "/parcels", "/kpis", "/", "/audit"):
                assert (await admin.get(page)).status_code == 200, page
                await form_secret(admin, page)

            # a shared station: who comes by badge is noted, and gone when the page locks, whatever asked meanwhile
            data = {"form_secret": await form_secret(admin, "/accounts"), "name": "bob"}
            badge = SECRET.findall((await admin.post("/accounts/badge", data=data)).text)[0]
            station = client()
            assert (await station.post("/login", data={"badge": badge, "next": "/picks"})).status_code == 303
            page = (await station.get("/picks")).text
            assert 'data-lock="300"' in page and "/lock.js" in page and '<b id="picker">' not in page
            by_badge = {"form_secret": await form_secret(station, "/picks"), "picker": "Mallory"}
            assert "Mallory" not in (await station.post("/picks/claim", data=by_badge)).text
            assert (await station.get("/login?next=/picks")).status_code == 303, "nobody locked it"
            locked = await station.get("/login?said=locked&next=/picks")
            assert locked.status_code == 200 and 'value="/picks"' in locked.text and "bob" not in locked.text
            assert (await station.get("/picks")).headers["location"].startswith("/login")
            assert (await ann.get("/login?said=locked&next=/stock")).headers["location"] == "/stock", "no station"

            # machines
            data = {"form_secret": await form_secret(admin, "/accounts"), "name": "wms", "days": "9", "scope": "lane"}
            given = SECRET.findall((await admin.post("/accounts/key", data=data)).text)[0]
            wms = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=HERE, headers={"authorization": f"Bearer {given}"}
            )
            assert (await wms.post(f"{line}{number}", json=lane)).status_code == 202
            assert (await wms.get("/api/state")).status_code == 403 and (await wms.get("/account")).status_code == 403
            holder = {"authorization": f"Bearer {TOKEN}"}
            assert (await wms.post(f"{line}{number}", json=lane, headers=holder)).status_code == 202
            assert (await wms.get("/api/v1/accounts", headers=holder)).status_code == 403
            wrong = {"authorization": f"Bearer {given}x"}
            assert (await wms.get("/api/state", headers=wrong)).status_code == 401
            said = [value.by for value in app.state.site.store().feed(0)]
            assert said == ["ann", "ann", "wms", "token: Mallory"]
            await wms.aclose()

            # a stream ends with its session
            transport = bob._transport
            assert isinstance(transport, httpx.ASGITransport)
            stream = app.state.site.identities.while_in(
                httpx.Request(
                    "GET", HERE, headers={"cookie": "; ".join(f"{k}={v}" for k, v in bob.cookies.items())}
                ).headers,
                ticks(),
            )
            assert await anext(stream) == b"tick"
            left = await bob.post("/logout", data={"form_secret": await form_secret(bob)})
            assert left.headers["location"] == "/login"
            assert [message async for message in stream] == []
            assert (await bob.get("/picks")).headers["location"].startswith("/login")

            rows = (await admin.get("/api/v1/audit")).json()
            noted = [(row["who"], row["action"], row["outcome"], row["reason"]) for row in reversed(rows)]
            for expected in (
                ("", "account", "done", "first administrator"),
                ("admin", "login", "refused", "wrong password"),
                ("admin", "login", "done", "password"),
                ("admin", "account", "done", "password changed"),
                ("ann", "lane", "done", "False"),
                ("bob", "logout", "done", ""),
                ("token", "lane", "done", "False"),
            ):
                assert expected in noted, expected
            refused = [(row["who"], row["object"]) for row in rows if row["outcome"] == "refused"]
            assert ("bob", f"POST {line}{number}") in refused and ("wms", "GET /api/state") in refused
            assert (await admin.get("/api/v1/audit/check")).json()["whole"] is True
            assert len((await admin.get("/audit/export.csv")).text.splitlines()) == len(rows) + 1
            assert TOKEN not in (await admin.get("/audit?check=1")).text

    run(way())


async def ticks() -> AsyncIterator[bytes]:
    while True:
        yield b"tick"
        await asyncio.sleep(0)


def test_without_accounts_everything_is_as_before(project: Path, tmp_path: Path, run: Callable[..., None]) -> None:
    app = create_app(example_site(project, tmp_path))

    async def way() -> None:
        async with entered(app) as client:
            anybody = client()
            assert (await anybody.get("/stock")).status_code == 200
            assert (await anybody.get("/accounts")).status_code == 404 == (await anybody.get("/login")).status_code
            assert (await anybody.get("/api/v1/session")).json()["accounts"] is False
            assert who_asks("Ann") == "Ann"

    run(way())
