"""Mails to customers: queued once for each event of a parcel, sent by the site's mail server, tried again, logged.

Public names: MailRoute, MailRow, duties_of_mail, queue_mails, send_due, mails_of, MAIL_CURSOR.

The queue has no address: who gets it is looked up when it is sent, so that whoever is erased is not written to. What a
server answers is kept as its code alone, since its words name the address.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.config.mail import MailTable
from edge.site import dialect, outbox, sales
from edge.site.duties import Duty
from edge.site.outbox import OutboxRow
from edge.site.tables import carriers
from edge.site.tables import tracking as tables
from edge.site.tables import webhooks as cursors
from edge.views.track_words import of_mail
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

MAIL_CURSOR = ":mail"
"""How far the outbox was looked through, among those of the webhooks."""
PORTION = 200
EVERY_US = 5_000_000
_MINUTE_US = 60_000_000
_HELD_US = 10 * _MINUTE_US
"""A mail that somebody began to send so long ago is sent again, with the same Message-ID."""
_LONGEST_US = 60 * _MINUTE_US
_STATES = {"out-for-delivery", "failed-attempt", "delivered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """A mail of the queue. ``state``: waiting, sending, sent, none (nobody to write to), refused."""

    kind: str
    at_us: int
    state: str
    tries: int
    sent_us: int
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRoute:
    """``url``: where customers reach their parcel's page, empty = mails have no link."""

    site: str
    table: MailTable
    url: str = ""


def duties_of_mail(route: MailRoute) -> Iterator[Duty]:
    """They are for the process that does what the site does by itself."""

    def work(at: StoreConnections, at_us: int) -> str:
        queue_mails(at, route.table, at_us)
        sent = send_due(at, route, at_us)
        return f"{sent} mails" if sent else ""

    yield Duty("mail", EVERY_US, work)


def queue_mails(at: StoreConnections, table: MailTable, at_us: int) -> int:
    """Queues what happened since the last time; how many. What happened before the first time is nobody's news."""
    its = cursors.webhooks
    with at.writing() as db:
        after = db.execute(sa.select(its.c.after).where(its.c.name == MAIL_CURSOR)).scalar()
        if after is None:
            begun = {"name": MAIL_CURSOR, "after": outbox.newest(db), "trouble": "", "told": 0}
            db.execute(its.insert().values(**begun, tries=0, since_us=0, next_us=0, told_us=0))
            return 0
        rows = outbox.rows_behind(db, after, PORTION)
        if not rows:
            return 0
        since_us = at_us - table.hours * 60 * _MINUTE_US  # nobody is written to of what is long over
        wanted = {
            (kind, sscc, order): row
            for row in rows
            for kind, sscc, order in _news(row)
            if kind in table.events and row.at_us > since_us
        }
        track = tables.tracks.c
        whose = sa.or_(
            dialect.among(db, track.sscc, {sscc for _, sscc, _ in wanted}),
            dialect.among(db, track.fulfilment, {order for _, sscc, order in wanted if not sscc}),
        )
        known = db.execute(sa.select(track.sscc, track.fulfilment, track.sales_id, track.made_us).where(whose)).all()
        unwritten = _unwritten(db, {order for _, sscc, order in wanted if sscc and order})
        due: dict[str, tuple[object, ...]] = {}
        for (kind, sscc, order), row in wanted.items():
            if sscc and order and order not in unwritten:
                continue
            for one in known:
                if one.sales_id and (one.sscc == sscc or (not sscc and one.fulfilment == order)):
                    cause = f"{kind}:{one.sscc}@{one.made_us}"
                    due[cause] = (cause, kind, one.sscc, one.sales_id, row.at_us, "waiting", 0, at_us, 0, "")
        mail = tables.mails
        had = set(db.execute(sa.select(mail.c.cause).where(dialect.among(db, mail.c.cause, due))).scalars())
        columns = ("cause", "kind", "sscc", "sales_id", "at_us", "state", "tries", "next_us", "sent_us", "trouble")
        fresh = dialect.insert_new(db, mail, columns, [row for name, row in due.items() if name not in had], "cause")
        db.execute(its.update().where(its.c.name == MAIL_CURSOR).values(after=rows[-1].seq))
        return len(fresh)


def _unwritten(db: sa.Connection, fulfilments: set[str]) -> set[str]:
    """Of which it was told that they come later, and nobody was written to, as they were no parcels yet."""
    if not fulfilments:
        return set()
    late, track, mail = carriers.delays.c, tables.tracks.c, tables.mails.c
    had = sa.exists().where(mail.kind == "delayed", mail.sales_id == track.sales_id)
    query = sa.select(late.fulfilment).join(tables.tracks, track.fulfilment == late.fulfilment)
    return set(db.execute(query.where(dialect.among(db, late.fulfilment, fulfilments), ~had)).scalars())


def _news(row: OutboxRow) -> Iterator[tuple[str, str, str]]:
    """(kind of mail, SSCC, fulfilment) that an event may be worth; both names: if it was late before it was sorted."""
    told = row.told
    match told.type:
        case "parcel.departed.v1":
            yield "departed", told.subject, ""
            yield "delayed", told.subject, str(told.body["order"])
        case "parcel.event.v1" if told.body.get("state") in _STATES:
            yield str(told.body["state"]), told.subject, ""
        case "parcel.delayed.v1":
            yield "delayed", "", told.subject
        case "parcel.sorted.v1":
            yield "delayed", told.subject, str(told.body["order"])
        case _:  # nobody writes of it
            pass


def send_due(at: StoreConnections, route: MailRoute, at_us: int) -> int:
    """Sends what is due, over one connection; how many the server took. Raises nothing of the server's."""
    its = tables.mails
    waits = sa.and_(its.c.state.in_(("waiting", "sending")), its.c.next_us <= at_us)
    with at.writing() as db:
        query = dialect.claim(sa.select(its).where(waits).order_by(its.c.next_us, its.c.seq).limit(PORTION))
        due = db.execute(query).all()
        begun = its.update().where(its.c.seq == sa.bindparam("its"))
        if due:
            values = {"state": "sending", "next_us": at_us + _HELD_US}
            db.execute(begun.values(values), [{"its": row.seq} for row in due])
    if not due:
        return 0
    sent = 0
    server: smtplib.SMTP | None = None
    for row in due:
        state, trouble, server = _sent(at, route, row, server)
        tries = row.tries + (state == "waiting")
        if state == "waiting" and at_us - row.at_us > route.table.hours * 60 * _MINUTE_US:
            state = "refused"
        rest_us = min(_MINUTE_US * 2 ** min(tries, 10), _LONGEST_US)
        with at.writing() as db:
            db.execute(
                its.update()
                .where(its.c.seq == row.seq)
                .values(
                    state=state,
                    tries=tries,
                    trouble=trouble,
                    sent_us=at_us if state == "sent" else 0,
                    next_us=at_us + rest_us if state == "waiting" else 0,
                )
            )
        sent += state == "sent"
    if server is not None:
        _leave(server)
    return sent


def mails_of(db: sa.Connection, sscc: str) -> list[MailRow]:
    """What was written of a parcel, in order."""
    its = tables.mails.c
    columns = (its.kind, its.at_us, its.state, its.tries, its.sent_us, its.trouble)
    rows = db.execute(sa.select(*columns).where(its.sscc == sscc).order_by(its.seq))
    return [MailRow(**row._asdict()) for row in rows]


def trouble_of(db: sa.Connection) -> tuple[str, int]:
    """Why mails wait, and since when; empty = none does after a first try."""
    its = tables.mails.c
    query = sa.select(its.trouble, its.at_us).where(its.state == "waiting", its.tries > 1).order_by(its.seq).limit(1)
    row = db.execute(query).first()
    return ("", 0) if row is None else (row.trouble, row.at_us)


def _sent(
    at: StoreConnections, route: MailRoute, row: sa.Row[tuple[object, ...]], server: smtplib.SMTP | None
) -> tuple[str, str, smtplib.SMTP | None]:
    """How a mail stands now, why, and the connection that goes on."""
    with at.reading() as db:
        message = _message(db, route, row)
    if message is None:
        return "none", "", server
    try:
        server = server or _connect(route)
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        _reset(server)
        return ("refused" if min(codes) >= 500 else "waiting"), f"{min(codes)}: the address is refused", server
    except smtplib.SMTPNotSupportedError:
        return "refused", "the server takes no such address", server
    except smtplib.SMTPResponseException as error:
        if server is not None:
            _leave(server)
        return ("refused" if _for_good(error) else "waiting"), f"{error.smtp_code}: the server refuses it", None
    except OSError as error:  # as all of smtplib's are
        if server is not None:
            _leave(server)
        reason = error.strerror or type(error).__name__
        return "waiting", f"{route.table.host}:{route.table.port}: {reason}", None
    return "sent", "", server


def _for_good(error: smtplib.SMTPResponseException) -> bool:
    """A login that is refused is ours to mend, not the mail's fault."""
    return error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError)


def _connect(route: MailRoute) -> smtplib.SMTP:
    its = route.table
    wait_s = its.timeout_ms / 1000
    server: smtplib.SMTP
    if its.tls == "tls":
        server = smtplib.SMTP_SSL(its.host, its.port, timeout=wait_s, context=its.context())
    else:
        server = smtplib.SMTP(its.host, its.port, timeout=wait_s)
        if its.tls == "starttls":
            server.starttls(context=its.context())
    login = its.login()
    if login.user:
        server.login(login.user, login.password)
    return server


def _reset(server: smtplib.SMTP | None) -> None:
    if server is not None:
        try:
            server.rset()
        except OSError:
            server.close()


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except OSError:
        server.close()


def _message(db: sa.Connection, route: MailRoute, row: sa.Row[tuple[object, ...]]) -> EmailMessage | None:
    """The mail; None = there is nobody to write to."""
    person, order = sales.consignee_of(db, row.sales_id), sales.find(db, [row.sales_id]).get(row.sales_id)
    track = db.execute(sa.select(tables.tracks).where(tables.tracks.c.sscc == row.sscc)).first()
    if person is None or order is None or track is None or "@" not in person.email:
        return None
    its = route.table
    language: Language = "zh-Hant" if person.country in its.chinese else "en"
    day = say(phrase("mail.day", day=track.promised), language) if track.promised else ""
    values = {
        "order": order.external or order.id,
        "carrier": track.carrier,
        "number": track.number or row.sscc,
        "day": day,
        "link": f"{route.url}/track/{track.token}?lang={language}" if route.url else "",
    }
    subject, text = _words(its, row.kind, language, values)
    local, _, domain = its.sender.partition("@")
    message = EmailMessage()
    try:
        user, _, host = person.email.rpartition("@")
        message["To"] = Address(username=user, domain=host)
        message["From"] = Address(its.name, local, domain)
        message["Subject"] = " ".join(subject.split())
    except (MessageError, ValueError, IndexError):  # what is no address
        return None
    message["Date"] = format_datetime(datetime.fromtimestamp(row.at_us / 1e6, UTC))
    message["Message-ID"] = f"<{row.seq}.{row.at_us}.{route.site}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(line for line in text.splitlines() if line.strip()) + "\n")
    return message


def _words(table: MailTable, kind: str, language: Language, values: Mapping[str, str]) -> tuple[str, str]:
    for event, languages in table.text.items():
        if event == kind and language in languages:
            own = languages[language]
            return own.subject.format(**values), own.text.format(**values)
    code = f"mail.{kind}.text"
    return say(of_mail(kind, values["order"]), language), say(phrase(code, **values), language)
