"""The event log over HTTP: what happened in a span of time, over journals, alarms, requests and devices.

Public names: log_routes, LogAsked, log_of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from api.answers import SaidValues, json_answer
from api.journals import LogPage, SpanAsked
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.spans import OfQuarter, Within
from api.v1_bodies import Limit
from edge.core.iso_time import iso
from edge.views.csv_table import csv_table
from edge.views.event_log import USUAL, LogEntry, LogFilter, LogKind, LogWeight
from edge.views.words.table import Language, say

_MOST = 20_000
_AFTER = re.compile(r"[\w.-]{1,80}:[0-9]{1,18}(,[\w.-]{1,80}:[0-9]{1,18}){0,99}")
_COLUMNS = ("time", "controller", "record", "kind", "weight", "line", "device", "text", "story")
_Text = Annotated[str, Query(max_length=200)]
_Kinds = Annotated[
    tuple[LogKind, ...], Query(alias="kind", description="several times for several; none = all but items and signals")
]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry: ``code`` and ``values`` say it in the words of ``/api/words``, ``text`` in English.

    ``key``: whose story it belongs to, for ``/api/lookup/``; empty = of none.
    """

    at_us: int
    controller: str
    seq: int
    kind: LogKind
    weight: LogWeight
    line: str
    device: str
    key: str
    code: str
    values: SaidValues
    text: str


@dataclass(frozen=True, slots=True)
class LogFound:
    """``after``: where to go on, to be given back as it is; empty = that was all. There may be more although few or no
    entries came: a filter was looked through so far.
    """

    from_us: int
    until_us: int
    entries: tuple[LogLine, ...]
    after: str
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogAsked:
    """What a question for the log says beside its span."""

    kinds: frozenset[LogKind]
    line: str = ""
    device: str = ""
    least: LogWeight = LogWeight.PLAIN
    text: str = ""
    after: str = ""
    limit: int = 500

    @property
    def which(self) -> LogFilter:
        """The filter."""
        return LogFilter(self.kinds or USUAL, self.line, self.device, self.least, self.text.strip())


def log_of(site: Site, span: Within, asked: LogAsked) -> LogPage:
    """A page of the log. Raises HTTPException."""
    after: Mapping[str, int] = {}
    if asked.after:
        if not _AFTER.fullmatch(asked.after):
            raise HTTPException(422, f"after: {asked.after[:40]!r}: allowed is what the last answer said")
        after = {name: int(seq) for name, seq in (one.split(":") for one in asked.after.split(","))}
    return site.journals.log(SpanAsked(*span, asked.which, asked.limit, after))


def after_of(page: LogPage) -> str:
    """Where a page goes on, as a parameter."""
    return ",".join(f"{name}:{seq}" for name, seq in page.after.items())


def log_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["event log"])

    @routes.get("/log", response_model=LogFound)
    def log(
        within: OfQuarter, kind: _Kinds = (), line: _Text = "",
        device: _Text = "", least: LogWeight = LogWeight.PLAIN, text: _Text = "", after: _Text = "", limit: Limit = 500,
    ) -> Response:  # fmt: skip
        """What happened, in order of time; without a span in the last quarter of an hour.

        ``device``: ``plc.sorter``, ``reader.tote1`` or the name alone. ``text``: part of the sentence, in English or
        Chinese.
        """
        page = log_of(site, within, LogAsked(frozenset(kind), line, device, least, text, after, limit))
        return json_answer(LogFound(*within, tuple(map(_line, page.entries)), after_of(page), page.troubles))

    @routes.get("/log.csv", response_class=Response)
    def as_csv(
        within: OfQuarter, kind: _Kinds = (), line: _Text = "",
        device: _Text = "", least: LogWeight = LogWeight.PLAIN, text: _Text = "", language: Language = "en",
    ) -> Response:  # fmt: skip
        """The same as CSV, at most 20,000 entries."""
        page = log_of(site, within, LogAsked(frozenset(kind), line, device, least, text, "", _MOST))
        rows = (
            (
                iso(one.at_us, 3), one.controller, str(one.seq), str(one.kind), str(one.weight), one.line, one.device,
                say(one.said, language), one.key,
            )
            for one in page.entries
        )  # fmt: skip
        headers = {"content-disposition": 'attachment; filename="log.csv"'}
        return Response(csv_table(_COLUMNS, rows).encode(), media_type="text/csv; charset=utf-8", headers=headers)

    return routes


def _line(one: LogEntry) -> LogLine:
    return LogLine(
        at_us=one.at_us,
        controller=one.controller,
        seq=one.seq,
        kind=one.kind,
        weight=one.weight,
        line=one.line,
        device=one.device,
        key=one.key,
        code=one.said.code,
        values=one.said.values,
        text=say(one.said),
    )
