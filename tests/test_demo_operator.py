"""Who opens a page of the demo is signed in; a foreign page, another host and whoever is not of the demo are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from example_site import asked, client_of

from api.app import create_app
from edge.commands.demo import CREW, TOKEN, _fresh_folder, _write_configuration
from edge.config.accounts import DEMO_MARK, DEMO_OPERATOR
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.config.secret import bearer
from edge.core.values.inputs import LaneRequested
from edge.site.audit import AuditFilter, deeds
from edge.site.store import SiteStore

HERE = "http://127.0.0.1:8000"
LANE = "/api/lines/sorter/lanes/3"
LIST = "/orders/blocklist"
FORM = re.compile(r'name="form_secret" value="(\w+)"')


@pytest.fixture
def site(tmp_path: Path) -> SiteConfig:
    """As the demo writes it."""
    with _fresh_folder(tmp_path / "demo") as folder, ExitStack() as held:
        _write_configuration(folder, None, True, 0, held)
    return load_site(folder / "SITE.toml")


def test_who_opens_a_page_is_the_demo_operator(
    site: SiteConfig, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    app, folder = create_app(site), site.controller[0].config.parent

    async def way() -> None:
        async with client_of(app) as client:
            first = await client.get("/stock")
            assert first.status_code == 200 and f"Demo: {DEMO_OPERATOR}" in first.text and "/logout" not in first.text
            assert "示範：" in (await client.get("/stock?lang=zh-Hant")).text
            live = await client.get("/")
            assert f'data-me="{DEMO_OPERATOR}"' in live.text and 'data-text="demo.here"' in live.text
            assert 'name="by"' not in (await client.get("/cases")).text, "pages ask for no name"
            assert (await client.get("/audit")).status_code == 200
            assert (await client.get("/accounts")).status_code == 403, "nobody would sign in with one"
            secret, form = FORM.findall((await client.get(LIST)).text)[0], {"as": "phone", "reason": "why", "by": "Eve"}

            # what a foreign page can have a browser send
            form["who"] = "+49 30 000001"
            own = {"origin": HERE}
            assert (await client.post(LIST, data=form, headers=own)).status_code == 403, "without the secret"
            wrong = {"form_secret": secret[::-1], **form}
            assert (await client.post(LIST, data=wrong, headers=own)).status_code == 403
            right = {"form_secret": secret, **form}
            for foreign in (
                {"origin": "https://evil.example"},
                {"origin": "null"},
                {"sec-fetch-site": "cross-site"},
                {},
            ):
                assert (await client.post(LIST, data=right, headers=foreign)).status_code == 403, foreign
                said = await client.post(LANE, json={"enabled": False, "by": "Eve"}, headers=foreign)
                assert said.status_code == 403, foreign
            for elsewhere, status in (
                ({"host": "evil.example:8000", "origin": "http://evil.example:8000"}, 421),
                ({"x-forwarded-for": "203.0.113.5", **own}, 403),
            ):
                for page in ("/", "/stock", "/api/state", "/login"):
                    assert (await client.get(page, headers=elsewhere)).status_code == status, page
                assert (await client.post(LIST, data=right, headers=elsewhere)).status_code == status
            for leave in ("/logout", "/account/password"):
                assert (await client.post(leave, data={"form_secret": secret}, headers=own)).status_code == 403
            assert (await client.get("/api/v1/blocklist")).json() == [], "none of it was done"

            # who does something, by the store, the feed and the audit
            assert (await client.post(LIST, data=right, headers=own)).status_code == 303
            assert (await client.post(LANE, json={"enabled": False, "by": "Eve"}, headers=own)).status_code == 202
            assert asked(site.store, LaneRequested).by == DEMO_OPERATOR
            (listed,) = (await client.get("/api/v1/blocklist")).json()
            assert listed["by"] == DEMO_OPERATOR
            machine = await by_token(client, folder / f"{CREW}.token")
            assert (machine, asked(site.store, LaneRequested).by) == (202, f"{CREW}: Lee")
            assert site.token_file == folder / TOKEN
            assert await by_token(client, site.token_file) == 202
            assert asked(site.store, LaneRequested).by == "token: Lee"

    run(way())
    store = SiteStore(site.store, readonly=True)
    with store.connections.reading() as db:
        done = [(row.who, row.object) for row in reversed(deeds(db, AuditFilter(outcome="done"), 9))]
        assert "Eve" not in {row.who for row in deeds(db, AuditFilter(), 99)}
    store.close()
    assert done == [(DEMO_OPERATOR, f"POST {LIST}"), *((who, f"POST {LANE}") for who in (DEMO_OPERATOR, CREW, "token"))]
    assert "administrator" not in capsys.readouterr().err


async def by_token(client: httpx.AsyncClient, file: Path) -> int:
    answer = await client.post(LANE, json={"enabled": True, "by": "Lee"}, headers=bearer(file))
    return answer.status_code


def test_no_other_site_lets_in_whoever_comes(site: SiteConfig, tmp_path: Path) -> None:
    file = tmp_path / "demo" / "SITE.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub('listen = "127.0.0.1', 'plain = true\nlisten = "0.0.0.0', text), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"demo: only for this machine: listen on 127\.0\.0\.1"):
        load_site(file)
    file.write_text(text, encoding="utf-8")
    assert load_site(file).listen == site.listen
    (tmp_path / "demo" / DEMO_MARK).unlink()
    with pytest.raises(ConfigError, match="demo: only `lanewise demo` lets people in without a password"):
        load_site(file)
