"""Signing in at a provider of OpenID Connect: the authorisation code flow with PKCE, state and nonce.

Public names: Provider, Pending, NamedPerson, OidcError, oidc_routes.

The provider's word of somebody's role counts at each sign-in. Its keys are fetched again where a token is not signed by
one that is known. What a browser keeps on its way there is in a cookie of its own, which ends with the way.
Source: OpenID Connect Core 1.0, 3.1; OpenID Connect Discovery 1.0, 4; RFC 7636 (PKCE); RFC 9207 (iss); RFC 9700, 2.1.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from fastapi import FastAPI
from fastapi import Request as Asked
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import RedirectResponse, Response

from api.account_pages import let_in, origin_of, there_of
from api.identities import Identities
from api.pages import asked, bare, language_of
from api.site_state import Site
from edge.config.accounts import OidcTable
from edge.config.secret import read_secret
from edge.core.values.rights import Role
from edge.core.values.text import readable
from edge.journal.host_time import now_us
from edge.site.account_rows import SignInRefused
from edge.site.audit import Deed
from edge.views.words.phrase import phrase

_BACK = "/login/oidc"
_WAY_S = 600
_TIMEOUT_S = 10
_MOST = 1 << 20
_FRESH_S = 3600.0
_AGAIN_S = 30.0
_LEEWAY_S = 60
_SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""By keys that the provider alone has; never by a shared secret."""


class OidcError(Exception):
    """The provider cannot be asked, or what it said is not what it must be. The text names it, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a browser keeps on its way to the provider and back."""

    state: str
    nonce: str
    verifier: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """Whom the provider named. ``subject``: for ever the same; ``role``: None = it has none here."""

    subject: str
    name: str
    title: str
    role: Role | None


class Provider:
    """One, as SITE.toml has it. Calls of the network raise OidcError, and are for threads."""

    def __init__(self, table: OidcTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._known_s = self._keys_s = -_FRESH_S
        self._keys = KeySet([])
        self._opener = build_opener(ProxyHandler({}), HTTPSHandler(context=table.context()), _NoRedirects())

    def begin(self, there: str) -> tuple[str, Pending]:
        """Where a browser goes, and what it keeps."""
        its, pending = self._table, _leaving(there)
        url = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            client_id=its.client_id,
            response_type="code",
            redirect_uri=its.redirect,
            scope=" ".join(its.scopes),
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
        )
        return url, pending

    def finish(self, given: Mapping[str, str], pending: Pending) -> NamedPerson:
        """Whom the provider named, by what a browser brought back from it."""
        if not secrets.compare_digest(given.get("state", "").encode(), pending.state.encode()):
            raise OidcError("state: not the one that this browser left with")
        if given.get("iss", self._table.issuer) != self._table.issuer:
            raise OidcError(f"iss: {readable(given['iss'][:200])!r}: another provider's answer")
        if error := given.get("error"):
            raise OidcError(f"the provider says {readable(error[:80])}")
        told = self._token(given.get("code", ""), pending.verifier)
        claims = self._claims(told, pending.nonce)
        return _named(self._table, claims)

    def _token(self, code: str, verifier: str) -> dict[str, Any]:
        its = self._table
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": its.redirect,
            "code_verifier": verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if its.client_secret_file is None:
            form["client_id"] = its.client_id
        else:
            login = f"{quote(its.client_id, safe='')}:{quote(read_secret(its.client_secret_file), safe='')}"
            headers["authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        return self._fetch(self._endpoint("token_endpoint"), urlencode(form).encode(), headers)

    def _claims(self, told: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        its, given = self._table, told.get("id_token")
        if not isinstance(given, str):
            raise OidcError("the answer of the provider has no id_token")
        try:
            try:
                token = jwt.decode(given, self._key_set(), algorithms=_SIGNED)
            except (JoseError, ValueError):
                token = jwt.decode(given, self._key_set(anew=True), algorithms=_SIGNED)  # its keys may have changed
            wanted = {
                "iss": {"essential": True, "value": its.issuer},
                "aud": {"essential": True, "value": its.client_id},
                "nonce": {"essential": True, "value": nonce},
            }
            params = {"nonce": nonce, "client_id": its.client_id, "access_token": told.get("access_token")}
            claims = CodeIDToken(token.claims, token.header, wanted, params)
            claims.validate(now=now_us() // 1_000_000, leeway=_LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError) as error:
            raise OidcError(f"id_token: {readable(str(error)[:200])}") from None
        return dict(claims)

    def _endpoint(self, name: str) -> str:
        with self._lock:
            if time.monotonic() - self._known_s > _FRESH_S:
                where = f"{self._table.issuer.rstrip('/')}/.well-known/openid-configuration"
                found = self._fetch(where)
                if found.get("issuer") != self._table.issuer:
                    raise OidcError(
                        f"{where}: issuer {readable(str(found.get('issuer'))[:200])!r} is not the one asked"
                    )
                self._known, self._known_s = found, time.monotonic()
            url = self._known.get(name)
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise OidcError(f"{self._table.issuer}: it tells no {name}")
        if url.startswith("http://") and self._table.issuer.startswith("https://"):
            raise OidcError(f"{self._table.issuer}: {name} has no TLS")
        return url

    def _key_set(self, anew: bool = False) -> KeySet:
        where = self._endpoint("jwks_uri")
        with self._lock:
            if time.monotonic() - self._keys_s > (_AGAIN_S if anew and self._keys.keys else _FRESH_S):
                self._keys, self._keys_s = KeySet.import_key_set(self._fetch(where)), time.monotonic()  # type: ignore[arg-type]
            return self._keys

    def _fetch(self, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        request = Request(url, body, {"accept": "application/json", **(headers or {})})  # noqa: S310  as configured
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                found = json.loads(answer.read(_MOST))
        except HTTPError as error:
            with error:
                raise OidcError(
                    f"{url}: HTTP {error.code}: {readable(error.read(300).decode('utf-8', 'replace'))}"
                ) from None
        except (OSError, ValueError) as error:
            raise OidcError(f"{url}: {getattr(error, 'reason', error)}") from None
        if not isinstance(found, dict):
            raise OidcError(f"{url}: no JSON object")
        return found


class _NoRedirects(HTTPRedirectHandler):
    """A provider's own addresses answer themselves."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _named(table: OidcTable, claims: Mapping[str, Any]) -> NamedPerson:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise OidcError("sub: not a text of 1 to 255 characters")
    given = claims.get(table.role_claim, ())
    values = {given} if isinstance(given, str) else {one for one in given if isinstance(one, str)}
    role = next((role for value, role in table.roles.items() if value in values), table.role)
    name = claims.get(table.name_claim)
    title = claims.get("name")
    return NamedPerson(
        subject=f"{table.issuer} {subject}"[:400],
        name=readable(name)[:80] if isinstance(name, str) and name else subject[:80],
        title=readable(title)[:80] if isinstance(title, str) else "",
        role=role,
    )


# ---- pages -----------------------------------------------------------------------------------------------------------


def oidc_routes(app: FastAPI, site: Site, identities: Identities, table: OidcTable) -> None:
    """Adds the routes. Raises ConfigError for its certificates."""
    provider, cookie = Provider(table), f"{identities.cookie}-way"

    def shown(request: Asked, template: str, status: int, **values: Any) -> Response:
        return bare(
            template, language_of(request), status, title=phrase("login.title"), site=site.config.site, **values
        )

    async def refused(request: Asked, who: str, why: str, status: int) -> Response:
        deed = Deed(at_us=now_us(), who=who, origin=origin_of(request), action="login", object=who, outcome="refused")
        await identities.note(Deed(**{**{name: getattr(deed, name) for name in deed.__slots__}, "reason": why}))
        problem = phrase("login.provider.failed", name=table.title)
        values = {"next": "/", "problem": problem, "name": "", "provider": table.title}
        return await asyncio.to_thread(partial(shown, request, "login.html", status, **values))

    @app.get(_BACK, include_in_schema=False)
    async def leave(request: Asked) -> Response:
        try:
            url, pending = await asyncio.to_thread(provider.begin, there_of(asked(request, "next", 400)))
        except OidcError as error:
            return await refused(request, "", str(error), 502)
        answer = RedirectResponse(url, 303)
        kept = json.dumps([pending.state, pending.nonce, pending.verifier, pending.there])
        secure = request.url.scheme == "https"
        answer.set_cookie(cookie, quote(kept), max_age=_WAY_S, httponly=True, samesite="lax", secure=secure, path=_BACK)
        return answer

    @app.get(f"{_BACK}/back", include_in_schema=False)
    async def back(request: Asked) -> Response:
        pending = _kept(request.cookies.get(cookie, ""))
        try:
            if pending is None:
                raise OidcError("this browser is on no way to the provider")
            named = await asyncio.to_thread(provider.finish, dict(request.query_params), pending)
            if named.role is None:
                raise OidcError(f"{table.role_claim}: nothing in it is a role here")
            come = partial(identities.accounts.sign_in_by_provider, named.name, named.title, named.subject, named.role)
            made = await asyncio.to_thread(come, identities.rules, origin_of(request), now_us())
        except OidcError as error:
            answer = await refused(request, "", str(error), 403)
        except SignInRefused:
            answer = await asyncio.to_thread(
                partial(
                    shown, request, "login.html", 403, next="/", problem=phrase("login.refused"), name="", provider=""
                )
            )
        else:
            # a page of ours goes on: a redirect that began elsewhere would leave the new cookie at home
            page = await asyncio.to_thread(partial(shown, request, "login_on.html", 200, there=pending.there))
            answer = let_in(request, identities, made, page)
        answer.delete_cookie(cookie, path=_BACK, httponly=True, samesite="lax")
        return answer


def _leaving(there: str) -> Pending:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Pending(state, nonce, verifier, there)


def _kept(given: str) -> Pending | None:
    try:
        found = json.loads(unquote(given))
    except ValueError:
        return None
    if not isinstance(found, list) or len(found) != 4 or not all(isinstance(one, str) and one for one in found):
        return None
    return Pending(found[0], found[1], found[2], there_of(found[3]))
