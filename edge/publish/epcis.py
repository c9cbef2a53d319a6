"""EPCIS 2.0: what the journal proves, as documents for a repository's `POST /capture`.

Public names: EpcisPublisher.

An event has the same id whenever it is made, so that a repository that has it may pass it over. A document is captured
whole or not at all (``GS1-Capture-Error-Behaviour: rollback``). 202 names a job, which is asked until it has ended;
400, 413, 422 and a job that fails say that something in the document is bad: it is halved until a single event is, and
that one is set aside; anything else is tried again later. An event counts as bad only where the repository took another
one of ours: a wrong setting sets nothing aside.
Source: GS1, EPCIS 2.0, "REST bindings": capture interface.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from edge.config.connections import Connections
from edge.config.lines import LineConfig
from edge.config.problem import ConfigError
from edge.config.publish import EpcisConfig
from edge.config.secret import read_token
from edge.config.web import WebAnswer, advised_s, ask
from edge.core.values.order import Order
from edge.journal.host_time import now_us
from edge.journal.record import Record
from edge.journal.source import JournalSource
from edge.publish.cursors import SetAside
from edge.publish.epcis_events import TOLD_KINDS, EpcisNames, Event, epcis_document, epcis_events, order_before
from edge.publish.follow import NONE_IN_VAIN, Delivery, Entry, Following, TargetDown

_BAD = frozenset({400, 413, 422})
_FORGOTTEN = frozenset({404, 410})
"""A job that is there no more."""
_SPLITS_AN_EVENT = 12
"""At least log2 of the events that a document may have."""
_ASK_FIRST_S, _ASK_LAST_S = 0.05, 2.0
_REST_MAX_S = 900.0
_TEXT = 300


class _Numbered(NamedTuple):
    """An event with the record that it comes from."""

    seq: int
    event: Event


@dataclass(slots=True)
class _Document:
    """``job``: the address of its capture, once it was sent."""

    events: Sequence[_Numbered]
    job: str = ""


@dataclass(slots=True)
class _Batch:
    """What is to go out, the next one last. ``suspects``: refused before anything was taken."""

    documents: list[_Document]
    refused: list[SetAside] = field(default_factory=list)
    suspects: list[_Document] = field(default_factory=list)
    splits: int = 0


class EpcisPublisher:
    """One repository. Raises TargetDown for a secret or certificate that cannot be read."""

    lookback = 0
    portion = 2_000
    requests = NONE_IN_VAIN

    def __init__(self, _name: str, table: EpcisConfig, config: LineConfig) -> None:
        try:
            token = None if table.token_file is None else read_token(table.token_file)
            self._tls = table.context() if table.url.startswith("https:") else None
        except ConfigError as error:
            raise TargetDown(str(error)) from None
        self._url = table.url.rstrip("/")
        self._table = table
        self._site = config.site
        self._headers = {
            "Accept": "application/json",
            "GS1-EPCIS-Version": "2.0.0",
            "GS1-CBV-Version": "2.0.0",
            "User-Agent": "Lanewise",
        }
        if token is not None:
            named = table.token_header
            self._headers[named] = f"Bearer {token}" if named == "Authorization" else token
        self._source = JournalSource(config.journal, config.controller)
        self._links = Connections()
        self._over = threading.Event()
        self._proven = False
        self._batch: _Batch | None = None
        self._reason = ""

    def wants(self, record: Record) -> bool:
        """Whether a record may say something to a repository."""
        return record.kind in TOLD_KINDS

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """Makes the events."""
        made: list[_Numbered] = []
        for record, value, name in entries:
            names = EpcisNames(self._site, name.rpartition("/")[0], self._table.base, self._table.places)
            before = partial(self._before, record.seq)
            made += (_Numbered(record.seq, event) for event in epcis_events(record.seq, value, names, before))
        return self._delivery(made)

    def lines(self, refused: Iterable[SetAside]) -> Delivery:
        """Sends events as they were set aside."""
        return self._delivery([_Numbered(one.seq, json.loads(one.what)) for one in refused])

    def tell(self, following: Following) -> None:
        """A repository has no use for how we are."""

    def give_up(self) -> None:
        """Cuts what is under way."""
        self._over.set()
        self._links.cut()

    def close(self) -> None:
        """Nothing stays open between requests."""
        self._source.close()

    @property
    def doing(self) -> str:
        """What it takes apart."""
        batch = self._batch
        if batch is None or not batch.splits:
            return ""
        left = sum(len(one.events) for one in batch.documents)
        aside = len(batch.refused) + len(batch.suspects)
        return (
            f"{self._url} refuses some of what it is sent: {batch.splits} documents halved, {left} events to go, "
            f"{aside} refused: {self._reason}"
        )

    def _before(self, seq: int, order: str) -> Order | None:
        return order_before(self._source.open(), seq, order)

    def _delivery(self, events: Sequence[_Numbered]) -> Delivery:
        most = self._table.events
        parts = [_Document(events[at : at + most]) for at in range(0, len(events), most)]
        return partial(self._send, _Batch(parts[::-1]))

    def _send(self, batch: _Batch) -> Sequence[SetAside]:
        """Sends what is left of a batch; what went out or was refused is left out the next time."""
        self._batch = batch
        while batch.documents:
            document = batch.documents[-1]
            why = self._capture(document)
            batch.documents.pop()
            if why is None:
                self._proven = True
                continue
            self._reason = why
            events = document.events
            if len(events) > 1 and batch.splits <= (len(batch.refused) + 1) * _SPLITS_AN_EVENT:
                batch.splits += 1
                half = len(events) // 2
                batch.documents += [_Document(events[half:]), _Document(events[:half])]
            elif self._proven:
                batch.refused += _set_aside(events, why)
            else:
                batch.suspects.append(_Document(events))
        if batch.suspects and not self._proven:
            batch.documents, batch.suspects, batch.splits = batch.suspects[::-1], [], 0
            raise TargetDown(f"{self._url}: takes no event: {self._reason}")
        for one in batch.suspects:
            batch.refused += _set_aside(one.events, self._reason)
        batch.suspects.clear()
        self._batch = None
        return batch.refused

    def _capture(self, document: _Document) -> str | None:
        """Why a document is refused; None = it was taken. Raises TargetDown."""
        if not document.job:
            body = json.dumps(epcis_document([one.event for one in document.events], now_us()), ensure_ascii=False)
            more = {"Content-Type": "application/json", "GS1-Capture-Error-Behaviour": "rollback"}
            answer = self._ask("POST", f"{self._url}/capture", more, body.encode())
            if answer.status in _BAD:
                return _said(answer)
            document.job = self._job(answer)
            if not document.job:
                return None
        return self._outcome(document)

    def _job(self, answer: WebAnswer) -> str:
        """The address of the capture job that an answer names; empty = it names none, and all is taken.

        Its host is ours to know: a repository behind a proxy tells its own.
        """
        name = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not name and answer.status == 202:
            with suppress(ValueError, TypeError, KeyError):
                name = str(json.loads(answer.body)["captureID"])
        return f"{self._url}/capture/{name}" if name else ""

    def _outcome(self, document: _Document) -> str | None:
        wait_s, waited_s = _ASK_FIRST_S, 0.0
        while True:
            answer = self._ask("GET", document.job, {})
            if answer.status in _FORGOTTEN:
                gone, document.job = document.job, ""
                raise TargetDown(f"{gone}: {_said(answer)}: it is sent again")
            try:
                told = json.loads(answer.body)
                running, success = bool(told["running"]), bool(told.get("success"))
            except (ValueError, TypeError, KeyError, AttributeError):
                raise TargetDown(f"{document.job}: is no capture job: {_said(answer)}") from None
            if not running:
                document.job = ""
                return None if success else f"capture failed: {_errors(told)}"
            if waited_s >= self._table.job_s:
                raise TargetDown(f"{document.job}: not captured after {self._table.job_s:g} s")
            if self._over.wait(wait_s):
                raise TargetDown(f"{document.job}: given up")
            waited_s += wait_s
            wait_s = min(2 * wait_s, _ASK_LAST_S)

    def _ask(self, method: str, url: str, more: dict[str, str], body: bytes | None = None) -> WebAnswer:
        """An answer that says something of what was asked. Raises TargetDown for all others."""
        within_s = self._table.timeout_ms / 1000
        try:
            answer = ask(self._links, method, url, self._headers | more, body, timeout_s=within_s, tls=self._tls)
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise TargetDown(f"{self._url}: {said}"[:_TEXT]) from None
        if 200 <= answer.status < 300 or answer.status in (_BAD if method == "POST" else _FORGOTTEN):
            return answer
        rest_s = min(advised_s(answer.headers.get("retry-after", ""), now_us() / 1e6), _REST_MAX_S)
        asks = f"; it asks us to wait {rest_s:.0f} s" if rest_s else ""
        raise TargetDown(f"{self._url}: {_said(answer)}{_advice(answer.status)}{asks}", rest_s)


def _set_aside(events: Iterable[_Numbered], why: str) -> list[SetAside]:
    return [SetAside(one.seq, json.dumps(one.event, ensure_ascii=False), why) for one in events]


def _said(answer: WebAnswer) -> str:
    """An answer for people: RFC 9457's ``title`` and ``detail``, or how its body begins."""
    text = answer.body[:_TEXT].decode("utf-8", "replace")
    with suppress(ValueError, TypeError, AttributeError):
        told = json.loads(answer.body)
        text = ": ".join(filter(None, (str(told.get(key) or "") for key in ("title", "detail")))) or text
    return f"HTTP {answer.status} {answer.reason}: {' '.join(text.split())}"[:_TEXT].rstrip(": ")


def _errors(job: dict[str, Any]) -> str:
    found = job.get("errors")
    told = found if isinstance(found, list) else []
    texts = [str(one.get("title") or one.get("detail") or one) if isinstance(one, dict) else str(one) for one in told]
    return "; ".join(texts)[:_TEXT] or "it says no reason"


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return "; give `token_file` a token that may capture, and `token_header` if it goes elsewhere"
        case 404 | 405:
            return "; give `url` as what stands before /capture"
        case _:
            return ""
