"""Who did what: the page for administrators, its export, and the check of its chain.

Public names: audit_page_routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from starlette.responses import StreamingResponse

from api.answers import json_answer
from api.pages import asked, rendered
from api.site_state import Site
from api.v1_bodies import Limit
from edge.core.iso_time import iso
from edge.site.audit import AuditFilter, AuditRow, check_chain, deeds, head
from edge.views.account_words import of_outcome
from edge.views.csv_table import csv_table
from edge.views.words.phrase import Word, phrase

_ROOM = 100
_PORTION = 2_000
OUTCOMES = ("done", "refused", "failed")
_Us = Annotated[int, Query(ge=0, le=2**53, description="us since 1970 UTC; 0 = any")]
_Text = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True, slots=True)
class ChainChecked:
    """``whole``: every row is as it was written, none is missing; else ``what`` is wrong from row ``seq`` on.

    ``rows`` and ``hash``: how many there are and the newest's hash, which an earlier check may be compared with.
    """

    whole: bool
    rows: int
    hash: str
    seq: int = 0
    what: str = ""


def audit_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/api/v1/audit", response_model=tuple[AuditRow, ...], tags=["accounts"])
    def audit(
        who: _Text = "",
        action: _Text = "",
        outcome: _Text = "",
        since_us: _Us = 0,
        until_us: _Us = 0,
        before: _Us = 0,
        limit: Limit = 500,
    ) -> Response:
        """Who did what, the newest first; further with ``before``: the number of the last row."""
        which = AuditFilter(
            who=_bare(who),
            action=_bare(action),
            outcome=_bare(outcome),
            since_us=since_us,
            until_us=until_us,
            before=before,
        )
        with site.store().connections.reading() as db:
            return json_answer(deeds(db, which, limit))

    @app.get("/api/v1/audit/check", response_model=ChainChecked, tags=["accounts"])
    def check() -> Response:
        """Whether each row is as it was written."""
        return json_answer(_checked(site))

    @app.get("/audit", include_in_schema=False)
    def page(request: Request) -> Response:
        which, given = _asked(request)
        with site.store().connections.reading() as db:
            rows = deeds(db, which, _ROOM)
        checked: Word = ""
        if request.query_params.get("check") == "1":
            its = _checked(site)
            checked = (
                phrase("audit.whole", count=its.rows, hash=its.hash)
                if its.whole
                else phrase("audit.broken", seq=its.seq, what=its.what)
            )
        more = urlencode({**given, "before": rows[-1].seq}) if len(rows) == _ROOM else ""
        return rendered(
            site,
            request,
            "audit.html",
            phrase("audit.title"),
            rows=rows,
            given=given,
            more=more,
            checked=checked,
            outcomes=OUTCOMES,
            of_outcome=of_outcome,
            export=urlencode(given),
        )

    @app.get("/audit/export.csv", include_in_schema=False)
    def export(request: Request) -> Response:
        which, _ = _asked(request)
        headers = {"content-disposition": 'attachment; filename="who-did-what.csv"'}
        return StreamingResponse(_lines(site, which), headers=headers, media_type="text/csv; charset=utf-8")


def _asked(request: Request) -> tuple[AuditFilter, dict[str, str]]:
    given = {key: asked(request, key, 80).strip() for key in ("who", "action", "outcome")}
    before = asked(request, "before", 16)
    number = int(before) if before.isascii() and before.isdigit() else 0
    known = {key: value for key, value in given.items() if value}
    return AuditFilter(who=given["who"], action=given["action"], outcome=given["outcome"], before=number), known


def _checked(site: Site) -> ChainChecked:
    with site.store().connections.reading() as db:
        (rows, newest), broken = head(db), check_chain(db)
    if broken is None:
        return ChainChecked(True, rows, newest)
    return ChainChecked(False, rows, newest, broken.seq, broken.what)


def _lines(site: Site, which: AuditFilter) -> Iterator[bytes]:
    columns = ("seq", "at", "who", "origin", "action", "object", "outcome", "reason", "hash")
    before, heads = which.before, csv_table(columns, ())
    while True:
        part = AuditFilter(who=which.who, action=which.action, outcome=which.outcome, before=before)
        with site.store().connections.reading() as db:
            rows = deeds(db, part, _PORTION)
        cells = [
            (
                str(row.seq),
                iso(row.at_us),
                row.who,
                row.origin,
                row.action,
                row.object,
                row.outcome,
                row.reason,
                row.hash,
            )
            for row in rows
        ]
        told = csv_table(columns, cells)
        yield (told if before == which.before else told.removeprefix(heads)).encode(errors="backslashreplace")
        if len(rows) < _PORTION:
            return
        before = rows[-1].seq


def _bare(text: str) -> str:
    return text.replace("\0", "")
