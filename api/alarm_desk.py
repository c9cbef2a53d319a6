"""Alarms over HTTP: the list that is worked on, requests, what came in a span, and which come most.

Public names: alarm_desk_routes, allowed, ask_of, listed, calls_of, CallFilter, AlarmAsked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import Field

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.spans import OfDay, Within
from api.v1_bodies import Body, Key, Limit
from edge.core.alarms.alarms import requested_state
from edge.core.events import AlarmChanged
from edge.core.iso_time import iso
from edge.core.values.alarm import AlarmAction, AlarmKind, Priority
from edge.core.values.wishes import AlarmWish
from edge.intake.operators import By, Remark
from edge.site.store import StoreError, WishTakenError
from edge.views.alarm_history import AlarmFigures, Call, figures, urgency
from edge.views.csv_table import csv_table
from edge.views.picture import AlarmView

_Line = Annotated[str, Query(max_length=80, description="of one line; empty = all")]
_Kind = Annotated[AlarmKind | None, Query(description="of one kind; none = all")]
_Priority = Annotated[Priority | None, Query(description="of one priority; none = all")]
_COLUMNS = (
    "alarm", "kind", "place", "line", "plc", "priority", "came", "over", "lasted_s", "acknowledged", "by", "aside",
    "comment", "text",
)  # fmt: skip
_NOW = ("alarm", "kind", "line", "plc", "priority", "state", "since", "changed", "by", "comment", "text", "action")


@dataclass(frozen=True, slots=True)
class AlarmAsked:
    """Its place in the feed that the alarm's controller follows; the alarm changes when the controller does it."""

    feed_seq: int


@dataclass(frozen=True, slots=True)
class CallsFound:
    """What came in a span, in order; of more than were asked for the newest. ``troubles``: journals that cannot be
    read, a line each.
    """

    from_us: int
    until_us: int
    calls: tuple[Call, ...]
    troubles: tuple[str, ...]


class AlarmWishBody(Body):
    """Who wants something of an alarm, and why. ``minutes``: how long to shelve, at most as its rule allows."""

    by: By
    minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    comment: Remark = ""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which alarms; empty = any."""

    line: str = ""
    kind: str = ""
    priority: str = ""

    def takes(self, one: Call | AlarmChanged) -> bool:
        """Whether it is one of them."""
        return (
            self.line in ("", one.line)
            and self.kind in ("", str(one.kind))
            and self.priority in ("", str(one.priority))
        )


def allowed(alarm: AlarmChanged) -> list[AlarmAction]:
    """What can be asked of it as it is."""
    return [one for one in AlarmAction if requested_state(alarm.kind, alarm.state, one) is not None]


async def ask_of(site: Site, alarm: str, action: AlarmAction, by: str, minutes: int, comment: str) -> int:
    """Hands a request to the alarm's controller; its place in the feed. Raises HTTPException, StoreError."""
    known = site.alarm(alarm)
    if known is None:
        raise HTTPException(404, f"alarm {alarm}: there is none with this name")
    if action not in allowed(known):
        first = f": {known.by} was first" if known.by else ""
        raise HTTPException(
            409, f"alarm {alarm}: {action}: it is {known.state}, allowed are {', '.join(allowed(known))}{first}"
        )
    other = site.awaited.get(alarm)
    if other is not None and other.action is action and other.by != by:
        raise HTTPException(
            409, f"alarm {alarm}: {action}: {other.by} asked for that, and its controller has not answered yet"
        )
    wish = AlarmWish(alarm, action, by, minutes * 60_000_000 if action is AlarmAction.SHELVE else 0, comment)
    site.awaited[alarm] = wish
    try:
        return await site.ask(wish)
    except WishTakenError as taken:  # at another api of the site
        site.awaited.pop(alarm, None)
        raise HTTPException(409, str(taken)) from None
    except StoreError:
        site.awaited.pop(alarm, None)
        raise


def listed(site: Site, everything: bool, which: CallFilter) -> list[AlarmView]:
    """The alarms in the order in which they are worked on; ``everything``: the normal ones behind them."""
    raised = [one for one in site.alarms(everything) if which.takes(one)]
    return sorted(raised, key=lambda one: (not one.at_us, urgency(one)))


def calls_of(site: Site, span: Within, which: CallFilter) -> tuple[list[Call], AlarmFigures, tuple[str, ...]]:
    """What came in a span, the figures of it, and which journals cannot be read."""
    found = site.journals.alarms(*span)
    calls = [one for one in found.calls if which.takes(one)]
    return calls, figures(calls, *span), found.troubles


def alarm_desk_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/alarms", responses=V1_PROBLEMS, tags=["alarms"])

    @routes.get("", response_model=tuple[AlarmView, ...])
    def now(everything: bool = False, line: _Line = "", kind: _Kind = None, priority: _Priority = None) -> Response:
        """The alarms that are not normal: first those that nobody acknowledged, then by priority, then the newest.

        ``everything``: the normal ones behind them.
        """
        return json_answer(listed(site, everything, CallFilter(line, kind or "", priority or "")))

    @routes.get("/list.csv", response_class=Response)
    def now_as_csv(everything: bool = False) -> Response:
        """The same as CSV."""
        rows = (
            (
                one.alarm, str(one.kind), one.line, one.plc, str(one.priority), str(one.state), _time(one.since_us),
                _time(one.at_us), one.by, one.comment, one.text, one.action,
            )
            for one in listed(site, everything, CallFilter())
        )  # fmt: skip
        return _file(_NOW, rows, "alarms")

    @routes.get("/history", response_model=CallsFound)
    def history(
        within: OfDay, line: _Line = "", kind: _Kind = None,
        priority: _Priority = None, limit: Limit = 1_000,
    ) -> Response:  # fmt: skip
        """Each time that an alarm called people in a span, and those that were not over when it began; without a span
        of the last 24 hours.
        """
        calls, _, troubles = calls_of(site, within, CallFilter(line, kind or "", priority or ""))
        return json_answer(CallsFound(*within, tuple(calls[-limit:]), troubles))

    @routes.get("/history.csv", response_class=Response)
    def history_as_csv(
        within: OfDay, line: _Line = "", kind: _Kind = None,
        priority: _Priority = None,
    ) -> Response:  # fmt: skip
        """The same as CSV, all of it."""
        calls, _, _ = calls_of(site, within, CallFilter(line, kind or "", priority or ""))
        return _file(_COLUMNS, (_row(one, within.until_us) for one in calls), "alarm-history")

    @routes.get("/figures", response_model=AlarmFigures)
    def most_frequent(
        within: OfDay, line: _Line = "",
        priority: _Priority = None,
    ) -> Response:  # fmt: skip
        """Which kinds and devices alarm most in a span, what chatters, what stands, and how many came at the worst."""
        return json_answer(calls_of(site, within, CallFilter(line, "", priority or ""))[1])

    @routes.post("/{alarm}/{action}", status_code=202, response_model=AlarmAsked)
    async def ask(alarm: Key, action: AlarmAction, body: AlarmWishBody) -> Response:
        """Acknowledges, resets, shelves, unshelves an alarm, takes it out of service or puts it in service again."""
        return json_answer(AlarmAsked(await ask_of(site, alarm, action, body.by, body.minutes, body.comment)), 202)

    return routes


def _row(one: Call, until_us: int) -> tuple[str, ...]:
    return (
        one.alarm, str(one.kind), one.place, one.line, one.plc, str(one.priority), _time(one.came_us),
        _time(one.over_us), str(one.lasted_us(until_us) // 1_000_000), _time(one.acknowledged_us), one.by, one.aside,
        one.comment, one.text,
    )  # fmt: skip


def _time(at_us: int) -> str:
    return iso(at_us) if at_us else ""


def _file(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_table(columns, rows).encode(), media_type="text/csv; charset=utf-8", headers=headers)
