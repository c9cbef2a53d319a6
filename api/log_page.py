"""The page of the event log: what happened in a span of time, with filters and the stories behind it.

Public names: log_page_routes.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from api.alarm_pages import span_form
from api.event_log import LogAsked, after_of, log_of
from api.pages import asked, rendered
from api.site_state import Site
from api.spans import QUARTER_US
from edge.core.iso_time import iso
from edge.views import alarm_words
from edge.views.event_log import USUAL, LogKind, LogWeight
from edge.views.words.phrase import phrase

_ROOM = 300


def log_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the route."""

    @app.get("/log", include_in_schema=False)
    def log(request: Request) -> Response:
        form = span_form(site, request, QUARTER_US)
        kinds = frozenset(kind for kind in LogKind if kind in request.query_params.getlist("kind"))
        least = next((one for one in LogWeight if one == asked(request, "least", 10)), LogWeight.PLAIN)
        given = {name: asked(request, name) for name in ("line", "device", "text", "after")}
        which = LogAsked(kinds, given["line"], given["device"], least, given["text"], given["after"], _ROOM)
        page = log_of(site, form.span, which)
        own = [(name, its) for name, its in given.items() if its and name != "after"]
        own += [("kind", kind) for kind in kinds] + ([("least", least)] if least is not LogWeight.PLAIN else [])
        query = "&".join(filter(None, (form.query, urlencode(own))))
        # What comes then is of the same span, also where that ended now.
        fixed = [("from", iso(form.span.from_us, 6)), ("to", iso(form.span.until_us, 6))]
        return rendered(
            site,
            request,
            "log.html",
            phrase("log.title"),
            form=form,
            which=which,
            kinds=[str(kind) for kind in LogKind],
            chosen=kinds or USUAL,
            weights=[str(one) for one in LogWeight],
            lines=list(site.lines),
            entries=page.entries,
            troubles=page.troubles,
            files=query,
            more=urlencode([*fixed, *own, ("after", after_of(page))]) if page.after else "",
            path=lambda name: quote(name, safe=""),
            of_kind=alarm_words.of_log_kind,
            of_weight=alarm_words.of_weight,
        )
