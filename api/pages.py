"""The pages about sales orders, rendered here: list with search and filters, one order, the entry form, imports.

Public names: page_routes, rendered, bare, amount_of, language_of, problems_of, asked, line_of,
form_of.

They work without a script; every form says which version of an order it means. Words are those of `edge.views.words`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Container, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import RedirectResponse

from api.answers import json_answer
from api.asked_again import KEY_FIELD
from api.entrance import who_of
from api.guard import FORM_FIELD, FORM_POLICY, PAGE_COOKIE
from api.identities import Who
from api.navigation import PAGES, Page, group_at, groups_of
from api.rights import needed
from api.sale_bodies import WISHES
from api.sale_stories import said_story
from api.sales import detail_of, take_entries, take_upload
from api.site_state import Site
from api.v1_bodies import body_of, known_id
from edge.core.iso_time import iso
from edge.core.values.text import one_line
from edge.intake.sales_orders import OrderEntry, entry_of
from edge.journal.host_time import now_us
from edge.orders.contact import ContactOutcome
from edge.orders.money import MoneyError, digits_of, minor, priced, shown
from edge.orders.review import ReviewRule
from edge.orders.sales import OrderStage
from edge.orders.stages import FulfilmentState, Place
from edge.orders.work import WishRefused
from edge.site import carriers_shown
from edge.site.desk import COUNTED, SaleFilter, SalesConflict
from edge.site.store import StoreError
from edge.views import order_words, track_words
from edge.views.given_texts import text_told
from edge.views.order_story import tell_change
from edge.views.plan_sentences import tell_refusal
from edge.views.spoken import shortened
from edge.views.words.phrase import Phrase, Word, phrase
from edge.views.words.table import LANGUAGES, Language, say

_LANGUAGE = "lanewise-language"
_NAMES: tuple[tuple[Language, str], ...] = (("en", "English"), ("zh-Hant", "\u7e41\u9ad4\u4e2d\u6587"))
_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')
_DONE_ONCE = re.compile(r'\baction="/(?!login|logout|account)')
"""Not of forms by which people sign in, nor of alarms, whose state says what was done."""
_OF_ACCOUNTS = ("/accounts", "/audit")
_ROWS = 8
_ROOM = 50
_YEAR_S = 31_536_000
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_WEB = Path(__file__).with_name("web")
_TRACK_WORDS = {name: getattr(track_words, name) for name in dir(track_words) if name.startswith("of_")}
_CONSIGNEE = ("name", "phone", "email", "country", "region", "city", "district", "street", "postcode")


def page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _list_routes(app, site)
    _entry_routes(app, site)
    _import_routes(app, site)
    _detail_routes(app, site)
    _live_routes(app, site)

    @app.post("/api/v1/page-session", include_in_schema=False)
    def begin(request: Request) -> Response:
        """Lets a browser that showed the token see the pages that are rendered here, until it is closed."""
        answer = json_answer({"ok": True})
        if site.token is not None:
            secure = request.url.scheme == "https"
            answer.set_cookie(PAGE_COOKIE, site.page_secret, httponly=True, samesite="lax", secure=secure, path="/")
        return answer


def _live_routes(app: FastAPI, site: Site) -> None:
    """The live pages are files; the head of each gets the table of all pages that the reader may open."""
    for name, paths in (("index.html", ("/", "/index.html")), ("docks.html", ("/docks.html",))):
        page = _page_of(site, (_WEB / name).read_text(encoding="utf-8"))
        for path in paths:
            app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)


def _page_of(site: Site, body: str) -> Callable[[Request], Response]:
    def page(request: Request) -> Response:
        who = who_of(request)
        navigation = _templates.get_template("navigation.html").render(
            groups=groups_of(_pages(site, who)),
            whole=True,
            badges={},
            here="",
            t=lambda _: "",
            me=who,
        )
        me = "" if who is None else f' data-me="{escape(who.name)}" data-lock="{who.lock_s}"'
        shown_page = body.replace("<nav></nav>", navigation).replace("<body>", f"<body{me}>")
        if who is not None and who.lock_s:
            shown_page = shown_page.replace("</head>", '<script type="module" src="lock.js"></script>\n</head>')
        answer = Response(with_form_secret(shown_page, who), media_type="text/html; charset=utf-8")
        if who is not None:
            answer.headers["content-security-policy"] = FORM_POLICY
            answer.headers["referrer-policy"] = "same-origin"
            answer.headers["cache-control"] = "no-store"
        return answer

    return page


def _pages(site: Site, who: Who | None) -> list[Page]:
    """Those that somebody may open; where nobody signs in, those that there are."""
    found = [one for one in PAGES if site.boards or one.path != "/docks.html"]
    if site.identities is None:
        return [one for one in found if one.path not in _OF_ACCOUNTS]
    may = frozenset[object]() if who is None else who.may
    return [one for one in found if needed("GET", one.path.partition("?")[0]) in may]


def with_form_secret(page: str, who: Who | None) -> str:
    """A page whose forms bring the secret of the session, first of all, and a key each by which it is done once.

    Text of others has no ``<`` in it.
    """
    secret = "" if who is None else who.form_secret
    first = f'<input type="hidden" name="{FORM_FIELD}" value="{secret}">' if secret else ""

    def with_fields(form: re.Match[str]) -> str:
        if not _DONE_ONCE.search(form[0]):
            return form[0] + first
        return f'{form[0]}{first}<input type="hidden" name="{KEY_FIELD}" value="{secrets.token_urlsafe(12)}">'

    return _FORM.sub(with_fields, page)


def _list_routes(app: FastAPI, site: Site) -> None:
    @app.get("/orders", include_in_schema=False)
    def orders(request: Request) -> Response:
        asked = {
            key: request.query_params.get(key, "")[:240].replace("\0", "") for key in ("q", "stage", "finding", "after")
        }
        stage = asked["stage"] if asked["stage"] in [*OrderStage] else ""
        which = SaleFilter(stage=stage, finding=asked["finding"][:40], after=asked["after"])
        desk = site.desk()
        page = desk.page(which, asked["q"].strip()[:200], _ROOM)
        if len(page.orders) == 1 and asked["q"] and not stage and not asked["finding"]:
            return RedirectResponse(_link(page.orders[0].id), 303)
        older = urlencode({**{key: its for key, its in asked.items() if its}, "after": page.after})
        return rendered(
            site,
            request,
            "list.html",
            phrase("sales.queue" if stage == OrderStage.HELD else "sales.title"),
            page=page,
            stage=stage,
            finding=asked["finding"],
            stages=[str(one) for one in OrderStage],
            rules=[str(one) for one in ReviewRule],
            older=older,
            q=asked["q"],
        )


def _detail_routes(app: FastAPI, site: Site) -> None:
    @app.get("/orders/o/{order_id:path}", include_in_schema=False)
    def order(order_id: str, request: Request) -> Response:
        return _detail(site, request, order_id)

    @app.post("/orders/o/{order_id:path}/{action}", include_in_schema=False)
    async def wish(order_id: str, action: str, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=40)
        given = {key: str(value) for key, value in form.multi_items()}
        return await asyncio.to_thread(_wished, site, request, order_id, action, given)


def _wished(site: Site, request: Request, name: str, action: str, given: dict[str, str]) -> Response:
    if action not in WISHES:
        return _detail(site, request, name, [action], 404)
    kind, wish = WISHES[action]
    version = given.pop("version", "")
    body: dict[str, object] = {key: value for key, value in given.items() if value}
    if "codes" in body:
        body["codes"] = [body["codes"]]
    read = body_of(kind, json.dumps(body).encode())
    if isinstance(read, Response):
        return _detail(site, request, name, problems_of(read), 422)
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    try:
        done = wish(site.desk(), known_id(name), number, read)
    except SalesConflict as stale:
        return _detail(site, request, name, [say(_meanwhile(stale), language_of(request))], 412)
    if isinstance(done, WishRefused):
        return _detail(site, request, name, [say(order_words.of_refusal(done), language_of(request))], 409)
    return RedirectResponse(_link(name), 303)


def _meanwhile(stale: SalesConflict) -> Phrase:
    """That somebody else was first: who, and what it was."""
    if (since := stale.since) is None:
        return phrase("sales.changed")
    did = tell_change(since.what, since.by, since.reason, since.body).said
    return phrase("sales.changed.since", did=did, more=(phrase("sale.more.by", by=since.by),) if since.by else ())


def _detail(site: Site, request: Request, name: str, problems: list[str] | None = None, status: int = 200) -> Response:
    desk = site.desk()
    detail = detail_of(desk, name)
    with site.store().connections.reading() as db:
        choices = carriers_shown.choices_of(db, [detail.order.merged_into or detail.order.id])
    return rendered(
        site,
        request,
        "detail.html",
        detail.order.external or detail.order.id,
        status,
        problems=problems or [],
        detail=detail,
        order=detail.order,
        story=said_story(site, name),
        choices=choices,
        amount=amount_of(site),
        of_refusal=tell_refusal,
        outcomes=list(ContactOutcome),
    )


def _entry_routes(app: FastAPI, site: Site) -> None:
    @app.get("/orders/new", include_in_schema=False)
    def new(request: Request) -> Response:
        return _entry(site, request, {}, [])

    @app.post("/orders/new", include_in_schema=False)
    async def entered(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=80)
        given = {key: str(value).strip() for key, value in form.multi_items()}
        return await asyncio.to_thread(_entered, site, request, given)


def _entered(site: Site, request: Request, given: dict[str, str]) -> Response:
    try:
        entry = _order_of(site, given)
    except (MoneyError, ValueError) as error:
        return _entry(site, request, given, [str(error)], 422)
    if entry.draft is None:
        return _entry(site, request, given, [f"{one.field}: {one.reason}" for one in entry.problems], 422)
    (said,) = take_entries(site.desk(), (entry,)).results
    if not said.id or said.errors:
        return _entry(site, request, given, [said.text], 422)
    return RedirectResponse(_link(said.id), 303)


def _order_of(site: Site, given: Mapping[str, str]) -> OrderEntry:
    """The order of a form. Raises MoneyError for an amount that is none."""
    currency = given.get("currency", "").upper()
    digits = digits_of(currency, site.review.digits)
    lines: list[dict[str, Any]] = []
    for n in range(_ROWS):
        if sku := given.get(f"sku{n}", ""):
            price = minor(given.get(f"price{n}") or "0", digits)
            lines.append({"sku": sku, "quantity": given.get(f"quantity{n}") or "1", "price": price})
    freight = minor(given.get("freight") or "0", digits)
    total = freight + sum(line["price"] * int(line["quantity"]) for line in lines if line["quantity"].isdecimal())
    kind = given.get("kind", "")
    payment = {"kind": kind, "currency": currency, "total": total, "freight": freight}
    if kind == "prepaid":
        payment["paid"] = total
    at_us = now_us()
    order: dict[str, Any] = {
        "channel": given.get("channel", ""),
        "external": given.get("external") or f"{at_us // 1000}",
        "ordered": iso(at_us),
        "urgent": given.get("urgent") == "1",
        "note": one_line(given.get("note", "")),
        "payment": payment,
        "lines": lines,
        "consignee": {key: given[key] for key in _CONSIGNEE if given.get(key)},
    }
    return entry_of(order | ({"promised": given["promised"]} if given.get("promised") else {}))


def _entry(site: Site, request: Request, given: Mapping[str, str], problems: list[str], status: int = 200) -> Response:
    language = language_of(request)
    table = next(iter(site.config.channels.values()), None)
    preset = {"currency": table.currency, "country": table.country} if table is not None else {}
    return rendered(
        site,
        request,
        "new.html",
        phrase("sales.new"),
        status,
        problems=problems,
        given={**preset, **given},
        sources=[
            ("phone", say(phrase("sales.from.phone"), language)),
            ("fax", say(phrase("sales.from.fax"), language)),
            ("counter", say(phrase("sales.from.shop"), language)),
        ],
        kinds=[
            ("cod", say(phrase("sales.ondelivery"), language)),
            ("prepaid", say(phrase("sales.prepaid"), language)),
            ("credit", say(phrase("sales.credit"), language)),
        ],
    )


def _import_routes(app: FastAPI, site: Site) -> None:
    @app.get("/orders/import", include_in_schema=False)
    def imports(request: Request) -> Response:
        return _imports(site, request)

    @app.get("/orders/import/{run_id}", include_in_schema=False)
    def report(run_id: str, request: Request) -> Response:
        return _imports(site, request, run_id.replace("\0", ""))

    @app.post("/orders/import", include_in_schema=False)
    async def imported(request: Request) -> Response:
        run = await take_upload(request, site)
        if isinstance(run, Response):
            problems = problems_of(run)
            return await asyncio.to_thread(_imports, site, request, "", problems, run.status_code)
        return RedirectResponse(f"/orders/import/{run.id}", 303)


def _imports(
    site: Site, request: Request, run_id: str = "", problems: list[str] | None = None, status: int = 200
) -> Response:
    desk = site.desk()
    run = desk.import_run(run_id) if run_id else None
    return rendered(
        site,
        request,
        "import.html",
        phrase("sales.import"),
        status,
        problems=problems or [],
        run=run,
        runs=desk.import_runs() or (),
        channels=list(site.config.channels),
        of_outcome=order_words.of_outcome,
    )


def rendered(site: Site, request: Request, template: str, title: Word, status: int = 200, **values: Any) -> Response:
    """A page of a template, in the reader's language."""
    language = language_of(request)
    try:
        counts = site.desk().counts()
    except StoreError:  # a page that needs nothing of the store is shown without it
        counts = {}

    def t(code: str, **its: Word) -> str:
        return say(phrase(code, **its), language)

    def money(amount: int, currency: str) -> str:
        return f"{shown(amount, digits_of(currency, site.review.digits))} {currency}"

    def with_language(name: str) -> str:
        return urlencode({**request.query_params, "lang": name})

    def said(word: Word) -> str:
        return say(word, language)

    def in_words(text: Word) -> str:
        return say(text_told(text) if isinstance(text, str) else text, language)

    def counted(count: int) -> str:
        return f"{count}+" if count >= COUNTED else str(count or "")

    groups = groups_of(_pages(site, who_of(request)))
    held = counted(counts.get("held", 0))
    head = {
        "groups": groups,
        "here": group_at(request.url.path, groups),
        "whole": False,
        "badges": {"sales.title": held, "sales.queue": held},
    }
    shown_values: dict[str, Any] = {"q": "", "problems": [], **_TRACK_WORDS, **values}
    who = who_of(request)
    body = _templates.get_template(template).render(
        language=language,
        languages=_NAMES,
        title=say(title, language),
        me=who,
        **head,
        counts={stage: counted(count) for stage, count in counts.items()},
        t=t,
        said=said,
        in_words=in_words,
        money=money,
        link=_link,
        iso=iso,
        with_language=with_language,
        of_stage=lambda one: order_words.of_stage(OrderStage(one)),
        of_state=lambda one: order_words.of_state(FulfilmentState(one)),
        of_place=lambda one: order_words.of_place(Place(one)),
        of_rule=order_words.of_rule,
        of_contact=lambda one: order_words.of_contact(ContactOutcome(one)),
        of_stored=order_words.of_stored,
        short=shortened,
        **shown_values,
    )
    body = with_form_secret(body, who)
    answer = Response(body.encode(errors="replace"), status, media_type="text/html; charset=utf-8")
    answer.headers["content-security-policy"] = FORM_POLICY
    answer.headers["referrer-policy"] = "same-origin"  # with none a form's Origin is null
    answer.headers["cache-control"] = "no-store"
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(_LANGUAGE, language, max_age=_YEAR_S, samesite="lax", path="/")
    return answer


def asked(request: Request, key: str, longest: int = 200) -> str:
    """A parameter of the address as it may be looked for."""
    return request.query_params.get(key, "")[:longest].replace("\0", "")


def line_of(key: str, given: object) -> str:
    """A field of a form, a line. Raises HTTPException for what is none."""
    try:
        return one_line(str(given))
    except ValueError as error:
        raise HTTPException(422, f"{key[:80]}: {error}") from None


async def form_of(request: Request, longest: int = 4_000, texts: Container[str] = ()) -> dict[str, str]:
    """The fields of a form without files, each a line, but for ``texts``. Raises HTTPException for what is none."""
    form = await request.form(max_files=0, max_fields=40)
    return {
        key: str(value).strip() if key in texts else line_of(key, value)[:longest] for key, value in form.multi_items()
    }


def bare(template: str, language: Language, status: int, **values: Any) -> Response:
    """A page for whoever is nobody of ours: no cookie, nothing around it, not to be indexed or kept."""

    def t(code: str, **its: Word) -> str:
        return say(phrase(code, **its), language)

    def said_of(word: Word) -> str:
        return say(word, language)

    shown_values: dict[str, Any] = {
        "language": language,
        "languages": _NAMES,
        "t": t,
        "said_of": said_of,
        **_TRACK_WORDS,
        **values,
    }
    body = _templates.get_template(template).render(**shown_values)
    answer = Response(body.encode(errors="replace"), status, media_type="text/html; charset=utf-8")
    answer.headers["content-security-policy"] = FORM_POLICY
    answer.headers["referrer-policy"] = "same-origin"
    answer.headers["cache-control"] = "no-store"
    answer.headers["x-robots-tag"] = "noindex, nofollow"
    return answer


def amount_of(site: Site) -> Callable[[int], str]:
    """How prices of carriers are shown."""
    currency = site.config.plan.currency
    return priced(currency, digits_of(currency, site.review.digits))


def language_of(request: Request) -> Language:
    """What the reader asked for, now or before, or else what the browser says."""
    for given in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE)):
        for name in LANGUAGES:
            if name == given:
                return name
    return "zh-Hant" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def _link(name: str) -> str:
    return f"/orders/o/{quote(name, safe='')}"


def problems_of(answer: Response) -> list[str]:
    """The lines of an answer that says what is wrong."""
    return [str(one) for one in json.loads(bytes(answer.body))["problems"]]
