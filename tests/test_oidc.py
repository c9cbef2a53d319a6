"""People sign in at a foreign provider of OpenID Connect, and nobody else does by what looks like it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from example_site import example_site

from api.app import create_app
from api.oidc import OidcError, Provider
from edge.config.accounts import AccountTable, OidcTable, account_problems
from edge.core.values.rights import Role
from edge.site.audit import AuditFilter, deeds

HERE = "http://127.0.0.1:8000"
BACK = f"{HERE}/login/oidc/back"


@pytest.fixture
def table(npm: Callable[[str], Path], peer: Callable[[str], str], tmp_path: Path) -> Iterator[OidcTable]:
    script = Path(__file__).with_name("oidc_provider.js")
    (tmp_path / "provider.mjs").write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    command = [peer("node"), str(tmp_path / "provider.mjs"), str(npm("oidc-provider").resolve()), BACK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None and process.stdin is not None
        issuer = json.loads(process.stdout.readline())["issuer"]
        (tmp_path / "secret").write_text("a secret of the client's\n")
        yield OidcTable(
            issuer=issuer,
            client_id="lanewise",
            client_secret_file=tmp_path / "secret",
            redirect=BACK,
            roles={"shift-leads": Role.LEAD, "floor": Role.OPERATOR},
        )
        process.stdin.close()


def signed_in_there(there: httpx.Client, url: str, who: str) -> str:
    """Signs in at the provider and consents, as people do; the address to which it sends them back."""
    for _ in range(12):
        answer = there.get(url)
        if answer.is_redirect:
            url = str(answer.next_request.url)  # type: ignore[union-attr]
            if url.startswith(BACK):
                return url
            continue
        action = re.findall(r'<form[^>]* action="([^"]+)"', answer.text)
        assert action, answer.text[:600]
        login = 'name="login"' in answer.text
        form = {"prompt": "login", "login": who, "password": "any"} if login else {"prompt": "consent"}
        answer = there.post(str(answer.url.join(action[0])), data=form)
        assert answer.is_redirect, answer.text[:600]
        url = str(answer.next_request.url)  # type: ignore[union-attr]
        if url.startswith(BACK):
            return url
    raise AssertionError(f"it does not send back: {url}")


def test_a_provider_names_people_and_their_roles(
    project: Path, tmp_path: Path, table: OidcTable, run: Callable[..., None]
) -> None:
    site = example_site(project, tmp_path).model_copy(update={"accounts": AccountTable(oidc=table)})
    app = create_app(site)

    async def way() -> None:
        transport = httpx.ASGITransport(app)

        async def come(who: str) -> tuple[httpx.AsyncClient, str]:
            """Somebody's browser, and where the provider sends it back to."""
            client = httpx.AsyncClient(transport=transport, base_url=HERE, headers={"origin": HERE})
            sent = await client.get("/login/oidc?next=/waves")
            cookie = sent.headers["set-cookie"]
            assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/login/oidc" in cookie
            asked = parse_qs(urlsplit(sent.headers["location"]).query)
            assert asked["code_challenge_method"] == ["S256"] and asked["state"] and asked["nonce"]
            with httpx.Client() as there:
                return client, signed_in_there(there, sent.headers["location"], who)

        async with app.state.site.running():
            ann, back = await come("Ann.Lee floor,shift-leads")
            stranger = httpx.AsyncClient(transport=transport, base_url=HERE)
            assert (await stranger.get(back)).status_code == 403, "another browser's answer"
            assert (await ann.get(re.sub(r"state=[^&]+", "state=x", back))).status_code == 403
            assert (await ann.get(back)).status_code == 403, "the way is over with the first answer"

            ann, back = await come("Ann.Lee floor,shift-leads")
            answer = await ann.get(back)
            assert answer.status_code == 200 and 'content="0; url=/waves"' in answer.text
            assert (await ann.get("/waves")).status_code == 200
            me = (await ann.get("/api/v1/session")).json()
            assert (me["name"], me["title"], me["role"]) == ("ann.lee", "Ann.Lee of the provider", "lead")
            assert (await ann.get(back)).status_code == 403, "a code opens once"

            bob, back = await come("Ann.Lee floor")  # another subject of the same name
            await bob.get(back)
            me = (await bob.get("/api/v1/session")).json()
            assert (me["name"], me["role"]) == ("ann.lee.2", "operator")
            eve, back = await come("eve visitors")
            assert (await eve.get(back)).status_code == 403
            assert (await eve.get("/waves")).status_code == 303

            with app.state.site.store().connections.reading() as db:
                rows = deeds(db, AuditFilter(action="login"), 50)
            assert [row.who for row in rows if row.outcome == "done"] == ["ann.lee.2", "ann.lee"]
            assert len([row for row in rows if row.outcome == "refused"]) == 5
            for client in (ann, bob, eve, stranger):
                await client.aclose()

    run(way())


def test_an_answer_must_be_the_providers_and_of_this_way(table: OidcTable) -> None:
    provider = Provider(table)

    def answered(who: str = "a floor") -> tuple[dict[str, str], object]:
        url, pending = provider.begin("/")
        with httpx.Client() as there:
            back = signed_in_there(there, url, who)
        return {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}, pending

    given, pending = answered()
    with pytest.raises(OidcError, match="another provider"):
        provider.finish({**given, "iss": "http://evil.example"}, pending)  # type: ignore[arg-type]
    with pytest.raises(OidcError, match="HTTP 400"):
        provider.finish(given, replace(pending, verifier="x" * 43))  # type: ignore[type-var]
    given, pending = answered()
    with pytest.raises(OidcError, match="nonce"):
        provider.finish(given, replace(pending, nonce="x"))  # type: ignore[type-var]
    given, pending = answered()
    with pytest.raises(OidcError, match="iss"):
        Provider(table.model_copy(update={"issuer": f"{table.issuer}/"})).begin("/")
    assert provider.finish(given, pending).role is Role.OPERATOR  # type: ignore[arg-type]
    with pytest.raises(OidcError, match="access_denied"):
        provider.finish({"state": pending.state, "error": "access_denied"}, pending)  # type: ignore[attr-defined, arg-type]
    open_to_all = table.model_copy(update={"issuer": "http://id.example.com", "roles": {}})
    found = list(account_problems(AccountTable(oidc=open_to_all), "127.0.0.1:8000", Path()))
    assert len(found) == 2 and "in the clear" in found[0] and "nobody would be let in" in found[1]
