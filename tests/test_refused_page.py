"""Who looks with a browser is told by a page; who is not known, or asks for another host, is told nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from example_site import TOKEN, client_of, example_site

from api.app import create_app
from edge.config.accounts import AccountTable

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HERE = "http://127.0.0.1:8000"
INSIDE = 'href="/stock"'
"""Of the navigation, which tells of the site."""


def test_a_browser_is_told_by_a_page_what_was_refused(project: Path, tmp_path: Path, run: Callable[..., None]) -> None:
    async def talk() -> None:
        async with client_of(create_app(example_site(project, tmp_path))) as client:
            for path, said in (
                ("/nothing/at/all", "/nothing/at/all: there is no page of this name"),
                ("/cases/c/99999", "case 99999: there is none"),
                ("/orders/o/x", "order x: there is none with this id"),
                ("/alarms/a/&lt;b&gt;", "there is none with this name"),
            ):
                program = await client.get(path)
                assert program.status_code == 404 and program.headers["content-type"].startswith("application/")
                page = await client.get(path, headers=BROWSER)
                assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")
                assert said in page.text and INSIDE in page.text and "<title>Nothing is here" in page.text
                assert "default-src" in page.headers["content-security-policy"]
                assert page.headers["x-content-type-options"] == "nosniff" and "<b>" not in page.text
                chinese = await client.get(path, headers={**BROWSER, "accept-language": "zh-TW"})
                assert "這裡沒有資料" in chinese.text and "there is n" not in chinese.text
            form = await client.post("/orders/o/x/hold", data={"by": "Ann", "reason": "why"}, headers=BROWSER)
            assert form.status_code >= 400 and "Go back with the browser" in form.text
            api = await client.get("/api/v1/cases/99999", headers=BROWSER)
            assert api.headers["content-type"] == "application/problem+json", "the api answers programs, whoever asks"
            other = await client.get("/nothing", headers={**BROWSER, "host": "elsewhere.example"})
            assert other.status_code == 421 and INSIDE not in other.text

    run(talk())


def test_who_is_signed_in_is_told_by_a_page_also_what_is_not_for_him(
    project: Path, tmp_path: Path, run: Callable[..., None]
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    given = {"token_file": tmp_path / "token", "accounts": AccountTable(demo=True)}
    site = example_site(project, tmp_path).model_copy(update=given)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            for path, status, said in (
                ("/nothing", 404, "/nothing: there is nothing for GET here"),
                ("/cases/c/99999", 404, "case 99999: there is none"),
                ("/accounts", 403, "may not: accounts is for others"),
            ):
                page = await client.get(path, headers=BROWSER)
                assert (page.status_code, page.headers["content-type"][:9]) == (status, "text/html"), page.text
                assert said in page.text and INSIDE in page.text
                machine = await client.get(path, headers={**BROWSER, "authorization": f"Bearer {TOKEN}"})
                assert machine.status_code in (403, 404) and INSIDE not in machine.text
            chinese = await client.get("/nothing", headers={**BROWSER, "accept-language": "zh-TW"})
            assert "/nothing：這裡沒有可供 GET 的內容" in chinese.text
            form = await client.post("/waves/plan", data={"by": "Ann"}, headers={**BROWSER, "origin": HERE})
            assert form.status_code == 403 and "load the page anew" in form.text and INSIDE in form.text

    run(talk())


@pytest.mark.parametrize("accounts", [False, True])
def test_nobody_is_told_of_the_site(project: Path, tmp_path: Path, run: Callable[..., None], accounts: bool) -> None:
    (tmp_path / "token").write_text(TOKEN)
    given = {"token_file": tmp_path / "token"} | ({"accounts": AccountTable()} if accounts else {})
    site = example_site(project, tmp_path).model_copy(update=given)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:
            for path in ("/nothing", "/cases/c/99999", "/orders", "/accounts", "/stock"):
                answer = await client.get(path, headers=BROWSER)
                assert answer.status_code != 200 and INSIDE not in answer.text, path

    run(talk())
