"""What happened to orders and parcels, for those who pull; and how those stand who are told.

Public names: event_routes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import Field

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body, Limit
from edge.intake.operators import By
from edge.site import webhooks
from edge.site.cloud_events import BATCH_TYPE, CloudEvent, events_behind
from edge.site.webhooks import UnknownWebhook, WebhookState

_Number = Annotated[int, Query(ge=0, le=2**53, description="the `sequence` of the last event that is known")]


class AgainBody(Body):
    """``after``: everything behind that event once more; none = what was refused."""

    by: By
    after: Annotated[int, Field(ge=0, le=2**53)] | None = None


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Behind which event it goes on."""

    after: int


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that was refused for good."""

    seq: int
    at_us: int
    reason: str


def event_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["events"])
    names = tuple(site.config.webhook)

    def known(name: str) -> str:
        if name not in names:
            raise HTTPException(404, f"webhook {name}: SITE.toml has {', '.join(names) or 'none'}")
        return name

    @routes.get("/events", response_model=tuple[CloudEvent, ...], responses={200: {"content": {BATCH_TYPE: {}}}})
    def events(after: _Number = 0, limit: Limit = 500) -> Response:
        """Events as a batch of CloudEvents, in order; ask again behind the last ``sequence``. Empty = no more yet."""
        with site.store().connections.reading() as db:
            told = events_behind(db, site.config.site, after, limit)
        return Response(msgspec.json.encode(told), media_type=BATCH_TYPE)

    @routes.get("/webhooks", response_model=tuple[WebhookState, ...])
    def hooks() -> Response:
        """How the webhooks of SITE.toml stand; one that is new is told from its first second on."""
        with site.store().connections.reading() as db:
            return json_answer(webhooks.states(db, names))

    @routes.get("/webhooks/{name}/refused", response_model=tuple[RefusedEvent, ...])
    def refused(name: str, limit: Limit = 100) -> Response:
        """What one refused for good, the newest first."""
        with site.store().connections.reading() as db:
            return json_answer([RefusedEvent(*one) for one in webhooks.refused_of(db, known(name), limit)])

    @routes.post("/webhooks/{name}/again", response_model=GoesOn)
    async def again(name: str, body: AgainBody) -> Response:
        """Tells one something once more, and at once what waits."""
        known(name)
        try:
            after = await asyncio.to_thread(lambda: webhooks.tell_again(site.store().connections, name, body.after))
        except UnknownWebhook as error:
            raise HTTPException(409, str(error)) from None
        return json_answer(GoesOn(after))

    return routes
