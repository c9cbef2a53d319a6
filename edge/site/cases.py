"""Cases within a transaction: opened once for each cause, looked up, changed, and what was done to each.

Public names: open_case, find_case, case_of, cases_where, changed_by, who_did, save_case, note_case, notes_of,
erase_words, words_of, CaseNote, OWNER.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from edge.orders.cases import (
    CaseError,
    CaseKind,
    CaseState,
    ContactChannel,
    CustomerWant,
    ServiceCase,
    UnknownCaseError,
)
from edge.site import dialect
from edge.site.tables import cases as tables

OWNER = "service"
"""Who looks after a case that nobody was named for, until its team is known."""
_DUE_US = 2 * 86_400_000_000
"""A case has so long where nobody says, until its team's calendar is asked."""
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class CaseNote:
    """Something that was done to a case. ``what``: a code; ``text``: somebody's words, may be personal."""

    at_us: int
    by: str
    what: str
    text: str
    body: Mapping[str, str | int | list[str]]


def open_case(
    db: sa.Connection,
    *,
    kind: CaseKind | str,
    class_: str,
    cause: str,
    order: str,
    parcels: Sequence[str] = (),
    items: Sequence[str] = (),
    reason: str,
    at_us: int,
    owner: str = "",
    due_us: int = 0,
    want: CustomerWant | None = None,
    channel: ContactChannel = ContactChannel.SITE,
    priority: int = 0,
    by: str = "",
) -> int:
    """Opens a case, once for each cause; its number, also of one that is known.

    ``cause``: of up to 200 characters; ``reason``: nothing personal. ``owner``: who looks after it, empty = its team;
    ``due_us``: 0 = as its team's calendar says. What is opened within another's transaction, the outbox is told by the
    site's next turn. Raises CaseError.
    """
    if not 0 < len(cause) <= 200 or not 0 <= due_us < _LARGEST or len(class_) > 40:
        raise CaseError(f"case of {cause[:40]!r}: a cause of 1 to 200 characters, and a class of up to 40, are needed")
    known = sa.select(tables.cases.c.id).where(tables.cases.c.cause == cause)
    if (found := db.execute(known).scalar()) is not None:
        return int(found)
    values: dict[str, object] = {
        **_row(
            ServiceCase(
                id=0,
                cause=cause,
                kind=CaseKind(kind),
                class_=class_,
                state=CaseState.OPEN,
                order=order,
                reason=reason,
                owner=owner or OWNER,
                opened_us=at_us,
                due_us=due_us or at_us + _DUE_US,
                parcels=tuple(parcels),
                items=tuple(items),
                want=want,
                channel=channel,
                priority=priority,
            )
        ),
        "dated": due_us > 0,
        "told": False,
    }
    taken = dialect.insert_new(db, tables.cases, tuple(values), [tuple(values.values())], "cause")
    number = int(db.execute(known).scalar_one())
    if taken:
        note_case(db, number, by, "opened", at_us, body={"kind": str(kind), "class": class_, "reason": reason})
    return number


def find_case(db: sa.Connection, number: int) -> ServiceCase | None:
    """A case by its number."""
    return next(iter(cases_where(db, tables.cases.c.id == number)), None)


def case_of(db: sa.Connection, number: int) -> ServiceCase:
    """The same of one that there must be. Raises UnknownCaseError."""
    found = find_case(db, number)
    if found is None:
        raise UnknownCaseError(f"case {number}: there is none")
    return found


def cases_where(db: sa.Connection, which: sa.ColumnElement[bool], limit: int = 1_000) -> list[ServiceCase]:
    """Cases in the order in which they are due."""
    query = sa.select(tables.cases).where(which).order_by(tables.cases.c.due_us, tables.cases.c.id).limit(limit)
    return [_case(row) for row in db.execute(query)]


def save_case(db: sa.Connection, case: ServiceCase) -> ServiceCase:
    """Stores a case in the place of its version, as one version more; raises CaseError if it has another."""
    its = tables.cases.c
    values = _row(case) | {"version": case.version + 1}
    done = tables.cases.update().where(its.id == case.id, its.version == case.version).values(values)
    if db.execute(done).rowcount != 1:
        raise CaseError(f"case {case.id}: changed since version {case.version}{changed_by(db, case.id)}")
    found = find_case(db, case.id)
    assert found is not None, "it was stored just now"
    return found


def changed_by(db: sa.Connection, number: int) -> str:
    """Who did something to a case last, and what, as the end of a sentence; empty = nobody did."""
    its = tables.notes.c
    query = sa.select(its.by, its.what).where(its.case == number).order_by(its.seq.desc()).limit(1)
    row = db.execute(query).first()
    return "" if row is None else f": {row.what} by {row.by or 'itself'}"


def who_did(db: sa.Connection, number: int, what: str) -> str:
    """Who did something to a case, the last time; empty = nobody, or it was by itself."""
    its = tables.notes.c
    query = sa.select(its.by).where(its.case == number, its.what == what).order_by(its.seq.desc()).limit(1)
    return str(db.execute(query).scalar() or "")


def note_case(
    db: sa.Connection,
    number: int,
    by: str,
    what: str,
    at_us: int,
    *,
    text: str = "",
    body: Mapping[str, str | int | list[str]] | None = None,
) -> None:
    """Adds to what was done to a case."""
    said = msgspec.json.encode(dict(body or {})).decode()
    db.execute(tables.notes.insert().values(case=number, at_us=at_us, by=by, what=what, text=text, body=said))


def notes_of(db: sa.Connection, numbers: Iterable[int]) -> dict[int, list[CaseNote]]:
    """What was done to cases, by number, in order."""
    its = tables.notes
    found: dict[int, list[CaseNote]] = {}
    for row in db.execute(sa.select(its).where(its.c.case.in_(sorted(set(numbers)))).order_by(its.c.seq)):
        note = CaseNote(row.at_us, row.by, row.what, row.text, msgspec.json.decode(row.body))
        found.setdefault(row.case, []).append(note)
    return found


def erase_words(db: sa.Connection, orders: Iterable[str]) -> None:
    """What people wrote of cases of some orders goes; what was done, and to which item, stays."""
    its, case = tables.notes, tables.cases.c
    mine = sa.select(case.id).where(dialect.among(db, case.order_id, orders), case.order_id != "")
    db.execute(its.update().where(its.c.case.in_(mine)).values(text=""))


def words_of(db: sa.Connection, order: str) -> tuple[str, ...]:
    """What people wrote of an order's cases."""
    its, case = tables.notes.c, tables.cases.c
    query = sa.select(its.text).join(tables.cases, case.id == its.case).where(case.order_id == order, its.text != "")
    return tuple(db.execute(query.order_by(its.seq)).scalars())


_SAME = ("cause", "reason", "owner", "priority", "team", "policy", "number", "freight", "goods_by_us", "linked",
         "opened_us", "due_us", "first_due_us", "first_us", "overdue_us", "escalations", "resolved_us", "closed_us",
         "version")  # fmt: skip


def _row(case: ServiceCase) -> dict[str, object]:
    return {name: getattr(case, name) for name in _SAME} | {
        "kind": str(case.kind),
        "class": case.class_,
        "state": str(case.state),
        "order_id": case.order,
        "parcels": msgspec.json.encode(case.parcels).decode(),
        "items": msgspec.json.encode(case.items).decode(),
        "want": str(case.want or ""),
        "channel": str(case.channel),
    }


def _case(row: sa.Row[tuple[object, ...]]) -> ServiceCase:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    return ServiceCase(
        id=said["id"],
        kind=CaseKind(said["kind"]),
        class_=said["class"],
        state=CaseState(said["state"]),
        order=said["order_id"],
        parcels=tuple(msgspec.json.decode(said["parcels"])),
        items=tuple(msgspec.json.decode(said["items"])),
        want=CustomerWant(said["want"]) if said["want"] else None,
        channel=ContactChannel(said["channel"]),
        **{name: said[name] for name in _SAME},
    )
