"""The doors of carriers: messages that they sign, read and stored before they are answered.

Public names: hook_routes, MAX_HOOK.

A message needs no token: it is believed by its signature. Where the store is away it is refused with 503, and the
carrier sends it again. What was signed and cannot be read is kept and counted all the same: refusing it would change
nothing, and some carriers end a door that refuses.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response

from api.answers import json_answer
from api.crowd import address_of
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from edge.intake.carrier_words import CarrierFileError, WordsRead, read_message
from edge.intake.hook_signatures import HookRefused, signed_id
from edge.journal.host_time import now_us
from edge.site import hooks
from edge.site.tracking import Took

MAX_HOOK = 1_000_000
"""Bytes of a message."""
_MESSAGE = {
    "requestBody": {
        "required": True,
        "description": "As the carrier writes it; `[carrier.NAME.hook]` of SITE.toml says how it is read.",
        "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
    }
}


def hook_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/hooks", responses=V1_PROBLEMS, tags=["tracking"])

    @routes.post("/{carrier}", response_model=Took, openapi_extra=_MESSAGE)
    async def take(carrier: Annotated[str, Path(max_length=80)], request: Request) -> Response:
        """What a carrier tells of parcels, signed; the same message again changes nothing."""
        key = site.doors.keys.get(carrier)
        if key is None:
            raise HTTPException(404, f"carrier {carrier}: has no door here: see [carrier.NAME.hook] in SITE.toml")
        body = await request.body()
        if len(body) > MAX_HOOK:
            raise HTTPException(413, f"body: {len(body):,} bytes: allowed are {MAX_HOOK:,}")
        at_us = now_us()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            name = signed_id(key, request.method, request.url.path, headers, body, at_us)
        except HookRefused as error:
            site.doors.refused(carrier, str(error), at_us)
            await _doubted(site, request)
            raise HTTPException(401, str(error), {"www-authenticate": "Signature"}) from None
        return json_answer(await asyncio.to_thread(_take, site, carrier, name, body, at_us))

    return routes


async def _doubted(site: Site, request: Request) -> None:
    """Whoever tries signatures is answered late, as with tokens. Raises HTTPException where too many wait."""
    address = address_of(request.client.host if request.client else "")
    held_s = site.doubts.wrong(address, asyncio.get_running_loop().time())
    if held_s is None:
        raise HTTPException(429, "too many wrong signatures come from this address: ask later", {"retry-after": "2"})
    try:
        await asyncio.sleep(held_s)
    finally:
        site.doubts.answered(address)


def _take(site: Site, carrier: str, name: str, body: bytes, at_us: int) -> Took:
    try:
        read = read_message(body, site.config.carrier[carrier])
    except CarrierFileError as error:
        read = WordsRead(problems=[str(error)])
    text = body.decode("utf-8", "replace").replace("\0", "\ufffd")
    at, rules = site.store().connections, site.doors.rules
    took = hooks.take_message(at, carrier, name, text, read.words, read.numbers, read.problems, at_us, rules)
    site.doors.took(carrier, took, len(read.problems))
    return took
