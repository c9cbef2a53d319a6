"""Events told over HTTP: in order, signed, until they are taken; what a door refuses for good is kept beside.

Public names: Webhook, WebhookState, Herald, tell, states, tell_again, refused_of, UnknownWebhook.

An event is told at least once, always with the same id. A door that is away, or says that it has a trouble of its own
(408, 425, 429, 5xx), is asked again after 5 s, then after twice as long each time, up to a quarter of an hour, or when
it says by ``Retry-After``. One that refuses an event (any other 3xx or 4xx) is asked five times; then the event is set
aside.
Source: Standard Webhooks 1.0 (webhook-id, webhook-timestamp, webhook-signature).
"""

from __future__ import annotations

import hmac
import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from edge.config.connections import Connections
from edge.config.problem import ConfigError
from edge.config.web import advised_s
from edge.site import outbox
from edge.site.cloud_events import EVENT_TYPE, cloud_event
from edge.site.duties import Duty
from edge.site.outbox import OutboxRow
from edge.site.tables import webhooks as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

PORTION = 100
PORTIONS = 10
"""In one turn of a door, one event after the other, as its order is kept: what it can take is set by its answers."""
EVERY_US = 1_000_000
LATE_US = 300_000_000
"""So long one may be told in vain before the pages say it."""
_FIRST_S, _LAST_S, _LONGEST_S = 5, 900, 86_400
_TRIES = 5
_LATER = frozenset({408, 425, 429})
_TEXT = 200


class UnknownWebhook(ValueError):  # noqa: N818  # it is what the webhook is
    """No door of that name was told anything yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A door. ``types``: how the types begin that it is told, empty = all; ``context``: None = no TLS."""

    name: str
    site: str
    url: str
    key: bytes
    types: tuple[str, ...] = ()
    timeout_s: float = 10.0
    context: Callable[[], ssl.SSLContext] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """``after``: the last event that it was told or refused; ``behind``: so many events since, of all types,
    from 10,000 on at most.

    ``since_us``: since when the next one is told in vain, ``tries`` times, ``trouble`` why; 0 = it is not.
    ``told_us``: when it took something last, 0 = never; ``told``: so many ever; ``refused``: set aside.
    """

    name: str
    after: int
    behind: int
    told: int
    told_us: int
    refused: int
    tries: int
    since_us: int
    next_us: int
    trouble: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """``status`` 0: there was none. ``rest_s``: so long it wants to be left alone."""

    status: int
    text: str
    rest_s: float = 0.0

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return 300 <= self.status < 500 and self.status not in _LATER


class Herald:
    """Tells some doors, by a duty for each. ``states``: how they stand, by name, of those that it told."""

    def __init__(self, doors: Iterable[Webhook]) -> None:
        self.states: dict[str, WebhookState] = {}
        self._doors = tuple(doors)
        self._links = Connections()

    def duties(self) -> Iterator[Duty]:
        """They are for the process that does what the site does by itself."""
        for door in self._doors:
            yield Duty(f"webhook {door.name}", EVERY_US, partial(self._tell, door))

    def late(self, at_us: int) -> Iterator[WebhookState]:
        """Those that are told in vain for so long that people should know."""
        return (one for one in self.states.values() if one.tries and at_us - one.since_us > LATE_US)

    def give_up(self) -> None:
        """The process ends: who waits for an answer waits no more. By any thread."""
        self._links.cut()

    def _tell(self, door: Webhook, at: StoreConnections, at_us: int) -> str:
        after = -1
        for _ in range(PORTIONS):
            tell(at, door, self._links, at_us)
            with at.reading() as db:
                (self.states[door.name],) = (now,) = states(db, (door.name,))
            if now.tries or not now.behind or now.after == after:
                break
            after = now.after
        return ""


def tell(at: StoreConnections, door: Webhook, links: Connections, at_us: int) -> int:
    """Tells a door what it was not told yet, up to a portion; how many it took. A new door is told from now on."""
    with at.reading() as db:
        known = db.execute(sa.select(tables.webhooks).where(tables.webhooks.c.name == door.name)).first()
        newest = outbox.newest(db)
    if known is None:
        _put(at, door.name, {"after": newest, **_WELL, "told_us": 0, "told": 0}, new=True)
        return 0
    if known.next_us > at_us:
        return 0
    with at.reading() as db:
        again = _again(db, door.name)
        rows = outbox.rows_behind(db, known.after, PORTION)
    with closing(_Line(door, links)) as line:
        return _told(at, line, known, again, rows, at_us)


def _told(
    at: StoreConnections,
    line: _Line,
    known: sa.Row[tuple[object, ...]],
    again: list[OutboxRow],
    rows: list[OutboxRow],
    at_us: int,
) -> int:
    door = line.door
    told = _tell_again(at, line, again, at_us)
    after, tries, count = known.after, known.tries, 0
    for row in rows:
        if not door.types or row.told.type.startswith(door.types):
            answer = _post(line, row, at_us)
            if not answer.taken:
                break
            count += 1
        after, tries = row.seq, 0
    else:
        if after != known.after or told:
            _put(at, door.name, {"after": after, **_WELL, **_took(known, told + count, at_us)})
        return told + count
    tries += 1
    if answer.refused and tries >= _TRIES:
        _set_aside(at, door.name, row.seq, answer.text, at_us)
        _put(at, door.name, {"after": row.seq, **_WELL, **_took(known, told + count, at_us)})
        return told + count
    rest_s = max(min(_FIRST_S * 2 ** (tries - 1), _LAST_S), min(answer.rest_s, _LONGEST_S))
    since_us = known.since_us if known.since_us and after == known.after else at_us
    trouble: dict[str, int | str] = {
        "tries": tries, "since_us": since_us, "next_us": at_us + round(rest_s * 1e6), "trouble": answer.text,
    }  # fmt: skip
    _put(at, door.name, {"after": after, **trouble, **_took(known, told + count, at_us)})
    return told + count


def states(db: sa.Connection, names: tuple[str, ...]) -> list[WebhookState]:
    """How some doors stand, by name; those that were told nothing yet are left out."""
    its, gone = tables.webhooks.c, tables.refused.c
    aside = sa.select(sa.func.count()).where(gone.name == its.name).scalar_subquery()
    query = sa.select(tables.webhooks, aside.label("refused")).where(its.name.in_(names)).order_by(its.name)
    return [WebhookState(**row._asdict(), behind=outbox.behind(db, row.after)) for row in db.execute(query)]


def refused_of(db: sa.Connection, name: str, limit: int = 100) -> list[tuple[int, int, str]]:
    """What a door refused for good, the newest first: sequence, time, reason."""
    its = tables.refused.c
    query = sa.select(its.seq, its.at_us, its.reason).where(its.name == name).order_by(its.seq.desc()).limit(limit)
    return [(row.seq, row.at_us, row.reason) for row in db.execute(query)]


def tell_again(at: StoreConnections, name: str, after: int | None) -> int:
    """Tells a door everything behind an event once more, or, with None, what it refused; from which event on it goes.

    What waited for a later try is told at once. Raises UnknownWebhook.
    """
    with at.writing() as db:
        its = tables.webhooks
        known = db.execute(sa.select(its.c.after).where(its.c.name == name)).scalar()
        if known is None:
            raise UnknownWebhook(f"webhook {name}: nothing was told there yet")
        if after is None:
            db.execute(tables.refused.update().where(tables.refused.c.name == name).values(again=True))
        behind = int(known) if after is None else after
        db.execute(its.update().where(its.c.name == name).values(after=behind, **_WELL))
        return behind


_WELL: dict[str, int | str] = {"tries": 0, "since_us": 0, "next_us": 0, "trouble": ""}


def _took(known: sa.Row[tuple[object, ...]], count: int, at_us: int) -> dict[str, int]:
    return {"told": known.told + count, "told_us": at_us} if count else {}


def _put(at: StoreConnections, name: str, values: dict[str, int | str], *, new: bool = False) -> None:
    with at.writing() as db:
        its = tables.webhooks
        if not new:
            db.execute(its.update().where(its.c.name == name).values(values))
        elif db.execute(sa.select(its.c.name).where(its.c.name == name)).scalar() is None:
            db.execute(its.insert().values(name=name, **values))


def _set_aside(at: StoreConnections, name: str, seq: int, reason: str, at_us: int) -> None:
    with at.writing() as db:
        its = tables.refused
        db.execute(its.delete().where(its.c.name == name, its.c.seq == seq))
        db.execute(its.insert().values(name=name, seq=seq, at_us=at_us, reason=reason, again=False))


def _again(db: sa.Connection, name: str) -> list[OutboxRow]:
    """Refused events that somebody wants told once more."""
    its = tables.refused.c
    wanted = sa.select(its.seq).where(its.name == name, its.again).order_by(its.seq).limit(PORTION)
    return outbox.rows_of(db, db.execute(wanted).scalars())


def _tell_again(at: StoreConnections, line: _Line, rows: list[OutboxRow], at_us: int) -> int:
    """How many it takes now; the others stay aside."""
    taken = 0
    for row in rows:
        answer = _post(line, row, at_us)
        its = tables.refused
        which = sa.and_(its.c.name == line.door.name, its.c.seq == row.seq)
        with at.writing() as db:
            if answer.taken:
                db.execute(its.delete().where(which))
            else:
                db.execute(its.update().where(which).values(again=not answer.refused, reason=answer.text))
        if not answer.taken and not answer.refused:
            break
        taken += answer.taken
    return taken


class _Line:
    """A connection to a door, kept from one event to the next for as long as the door keeps it."""

    def __init__(self, door: Webhook, links: Connections) -> None:
        self.door, self._links = door, links
        self._link: http.client.HTTPConnection | None = None

    def asked(self, body: bytes, headers: dict[str, str], at_us: int) -> _Answer:
        """What it says to a message. Raises ConfigError, OSError, HTTPException, ValueError."""
        kept = self._link is not None
        try:
            return self._asked(body, headers, at_us)
        except (ConnectionError, http.client.BadStatusLine):
            if not kept:
                raise
            return self._asked(body, headers, at_us)  # it had ended what was kept

    def _asked(self, body: bytes, headers: dict[str, str], at_us: int) -> _Answer:
        where, timeout_s = urlsplit(self.door.url), self.door.timeout_s
        link, self._link = self._link or self._connected(), None
        assert link.sock is not None, "it is connected"
        limit = threading.Timer(timeout_s, _end, (link.sock,))
        limit.start()  # also of an answer that comes octet by octet
        try:
            link.request("POST", f"{where.path or '/'}{f'?{where.query}' if where.query else ''}", body, headers)
            answer = link.getresponse()
            said = " ".join(answer.read1(2_000).decode("utf-8", "replace").split())
            text = f"{self.door.url}: {answer.status} {answer.reason}{f': {said}' if said else ''}"
            if (answer.isclosed() or answer.length == 0) and not answer.will_close:
                answer.close()
                self._link = link
            return _Answer(answer.status, text[:_TEXT], advised_s(answer.headers.get("Retry-After", ""), at_us / 1e6))
        finally:
            limit.cancel()
            if self._link is None:
                link.close()

    def _connected(self) -> http.client.HTTPConnection:
        where, timeout_s = urlsplit(self.door.url), self.door.timeout_s
        tls = None if self.door.context is None else self.door.context()
        host, port = where.hostname or "", where.port or (80 if tls is None else 443)
        link = http.client.HTTPConnection(host, port, timeout=timeout_s)
        link.sock = self._links.connect(host, port, timeout_s, tls)
        link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are sent apart
        return link

    def close(self) -> None:
        """Ends it."""
        if self._link is not None:
            self._link.close()


def _post(line: _Line, row: OutboxRow, at_us: int) -> _Answer:
    door = line.door
    event = cloud_event(door.site, row)
    body, stamp = msgspec.json.encode(event), str(at_us // 1_000_000)
    signed = hmac.digest(door.key, b".".join((event.id.encode(), stamp.encode(), body)), sha256)
    headers = {
        "Content-Type": EVENT_TYPE,
        "User-Agent": "Lanewise",
        "webhook-id": event.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(signed).decode()}",
    }
    try:
        return line.asked(body, headers, at_us)
    except TimeoutError:
        return _Answer(0, f"{door.url}: no answer within {door.timeout_s:g} s")
    except (ConfigError, OSError, http.client.HTTPException, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        return _Answer(0, f"{door.url}: {said}"[:_TEXT])


def _end(link: socket.socket) -> None:
    with suppress(OSError):  # it is over
        socket.socket.shutdown(link, socket.SHUT_RDWR)  # below TLS, which another thread is within
