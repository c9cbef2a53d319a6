"""The pages of parcels that left: a list with those in trouble, and one parcel with all that was told of it.

Public names: tracking_page_routes.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response

from api.pages import rendered
from api.parcels import Sscc
from api.site_state import Site
from api.tracking import parcel_detail
from edge.orders.tracking import ParcelCode, ParcelTrouble
from edge.site import hooks, tracking_shown
from edge.site.tracking_shown import ParcelFilter
from edge.views.words.phrase import phrase

_ROOM = 50
_KEYS = ("state", "carrier", "trouble", "after")


def tracking_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/tracking", include_in_schema=False)
    def parcels(request: Request) -> Response:
        asked = {key: request.query_params.get(key, "")[:80].replace("\0", "") for key in _KEYS}
        which = ParcelFilter(**asked)
        with site.store().connections.reading() as db:
            rows = tracking_shown.parcel_rows(db, which, _ROOM)
            codes = hooks.unexplained(db, 20)
        known = {key: value for key, value in asked.items() if value}
        carriers = {service.carrier for service in site.config.service.values()} | {row.carrier for row in rows}
        return rendered(
            site,
            request,
            "tracking.html",
            phrase("track.title"),
            rows=rows,
            codes=codes,
            asked=which,
            states=list(ParcelCode)[:10],
            troubles=list(ParcelTrouble),
            carriers=sorted(carriers - {""}),
            more=urlencode({**known, "after": rows[-1].sscc}) if len(rows) == _ROOM else "",
        )

    @app.get("/parcels/{sscc}", include_in_schema=False)
    def parcel(sscc: Sscc, request: Request) -> Response:
        detail = parcel_detail(site, sscc)
        if detail is None:
            raise HTTPException(404, f"parcel {sscc}: nobody follows it: it was not sorted yet, or is not ours")
        return rendered(
            site, request, "parcel.html", phrase("track.parcel", sscc=sscc), detail=detail, row=detail.parcel
        )
