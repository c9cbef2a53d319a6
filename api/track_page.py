"""What a customer sees of a parcel, behind a token that nobody guesses: the one page that needs no login.

Public names: track_page_routes, Views.

Nothing of it is personal: states, days, towns as carriers tell them. It has no cookies and no script, asks not to be
indexed, and is there only where SITE.toml says so and only for some time.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from time import monotonic

from fastapi import FastAPI, Request, Response

from api.crowd import address_of
from api.pages import bare, language_of
from api.site_state import Site
from edge.core.values.text import one_line
from edge.intake.calendars import local_day
from edge.journal.host_time import now_us
from edge.orders.tracking import BACKWARD, FORWARD, ParcelCode
from edge.site import tracking, tracking_shown
from edge.site.tracking_shown import REASONS
from edge.views.words.phrase import phrase

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_DAY_US = 86_400_000_000
_MINUTE_S = 60.0
_KEPT = 10_000
_SHOWN = frozenset({*FORWARD, *BACKWARD, ParcelCode.DELAYED, ParcelCode.HELD})


class Views:
    """How often an address asks in a minute: decisions only. Time is passed in, of any clock that only goes on."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allowed(self, address: str, now_s: float) -> bool:
        """Whether one more is."""
        since_s, count = self._seen.pop(address, (now_s, 0))
        if now_s - since_s >= _MINUTE_S:
            since_s, count = now_s, 0
        self._seen[address] = (since_s, count + 1)
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        return count < self._most


def track_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes, where SITE.toml wants them."""
    its = site.config.tracking
    if not its.public:
        return
    views = Views(its.views_per_minute)

    def busy(request: Request) -> Response | None:
        if views.allowed(address_of(request.client.host if request.client else ""), monotonic()):
            return None
        answer = _said(request, "track.busy", 429)
        answer.headers["retry-after"] = "60"
        return answer

    def shown(request: Request, token: str, thanks: bool = False) -> Response:
        language = language_of(request)
        if not _TOKEN.fullmatch(token):
            return _gone(request)
        with site.store().connections.reading() as db:
            track = tracking.by_token(db, token, now_us() - its.days * _DAY_US)
            state = tracking.state_of(db, track.sscc) if track is not None else None
            if track is None or state is None:
                return _gone(request)
            words = tracking.words_of(db, track.sscc)
            rated = tracking_shown.feedback_of(db, track.sscc)
        zone = site.config.plan.time_zone
        steps = dict.fromkeys(
            (str(local_day(row.at_us, zone)), ParcelCode(row.code), row.place)
            for row in reversed(words)
            if row.code in _SHOWN
        )
        return bare(
            "track.html",
            language,
            200,
            title=phrase("track.customer"),
            track=track,
            state=state,
            steps=list(steps),
            delivered=str(local_day(state.delivered_us, zone)) if state.delivered_us else "",
            rated=rated,
            reasons=REASONS,
            thanks=thanks,
            token=token,
        )

    @app.get("/track/{token}", include_in_schema=False)
    async def page(token: str, request: Request) -> Response:
        refused = busy(request)
        return refused if refused is not None else await asyncio.to_thread(shown, request, token)

    @app.post("/track/{token}", include_in_schema=False)
    async def rated(token: str, request: Request) -> Response:
        if (refused := busy(request)) is not None:
            return refused
        form = await request.form(max_files=0, max_fields=20)
        score = str(form.get("score", ""))
        reasons = [str(one) for one in form.getlist("reason")]
        try:
            said = one_line(" ".join(str(form.get("said", "")).split())[:1_000])
        except ValueError:  # control characters
            said = ""
        return await asyncio.to_thread(noted, request, token, score, reasons, said)

    def noted(request: Request, token: str, score: str, reasons: list[str], said: str) -> Response:
        if not _TOKEN.fullmatch(token):
            return _gone(request)
        at_us = now_us()
        with site.store().connections.reading() as db:
            track = tracking.by_token(db, token, at_us - its.days * _DAY_US)
        if track is None:
            return _gone(request)
        if score in ("1", "2", "3", "4", "5"):
            with site.store().connections.writing() as db:
                tracking_shown.rate(db, track.sscc, int(score), reasons, said, at_us)
        return shown(request, token, thanks=True)


def _gone(request: Request) -> Response:
    """The same for a token that never was and for one that is too old."""
    return _said(request, "track.gone", 404)


def _said(request: Request, code: str, status: int) -> Response:
    return bare("track_gone.html", language_of(request), status, title=phrase("track.customer"), said=phrase(code))
