"""Cases: what went wrong or comes back, how far it is, what moves it, and what it may be about.

Public names: ServiceCase, CaseKind, CaseState, CaseTurn, CASE_ARROWS, CaseError, UnknownCaseError, ComplaintClass,
ContactChannel, CustomerWant, CauseKind, case_moved, may, OVER.

An exception, a complaint or a repair is a case as a return is. Each has somebody who looks after it and an instant by
which it shall be done, until it is closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class CaseError(ValueError):
    """What cannot be done with a case; names it and what is allowed."""


class UnknownCaseError(CaseError):
    """There is no case of that number."""


class CaseKind(StrEnum):
    """What a case is about."""

    EXCEPTION = "exception"  # of a parcel: late, lost, damaged
    RETURN = "return"
    EXCHANGE = "exchange"
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"
    REPAIR = "repair"  # under warranty


class ComplaintClass(StrEnum):
    """What a complaint is about."""

    QUALITY = "quality"
    TRANSPORT = "transport"
    PACKING = "packing"
    WRONG_OR_MISSING = "wrong-or-missing"
    DELAY = "delay"
    USE = "use"
    SERVICE = "service"
    INVOICE = "invoice"


class ContactChannel(StrEnum):
    """How somebody told of it."""

    PHONE = "phone"
    CHAT = "chat"
    MAIL = "mail"
    MARKETPLACE = "marketplace"
    PAGE = "page"  # the customer's own, behind a token
    SITE = "site"  # nobody: a rule or a gate found it


class CustomerWant(StrEnum):
    """What the customer wishes for goods that come back."""

    REFUND = "refund"
    EXCHANGE = "exchange"
    REPAIR = "repair"


class CauseKind(StrEnum):
    """Where a root cause lies."""

    READER = "reader"
    ANTENNA = "antenna"
    PICKER = "picker"
    PACKER = "packer"
    SKU = "sku"
    CARRIER = "carrier"


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    PERSON = "person"  # the policy cannot decide, somebody must
    AUTHORISED = "authorised"
    REFUSED = "refused"
    WAITING = "waiting"  # a label is out, the goods are under way
    EXPIRED = "expired"  # nothing came in time
    RECEIVED = "received"
    INSPECTED = "inspected"  # each unit that came has its disposition
    RESOLVED = "resolved"
    CLOSED = "closed"


class CaseTurn(StrEnum):
    """What happens to a case."""

    ASKED = "asked"  # a person is to decide
    AUTHORISED = "authorised"
    REFUSED = "refused"
    LABELLED = "labelled"
    CAME = "came"  # the gate, or a station, saw goods of it
    LAPSED = "lapsed"
    INSPECTED = "inspected"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


_S, _T = CaseState, CaseTurn
_BEFORE = (_S.OPEN, _S.PERSON, _S.AUTHORISED, _S.WAITING, _S.EXPIRED, _S.REFUSED)
CASE_ARROWS: dict[tuple[CaseState, CaseTurn], CaseState] = {
    (_S.OPEN, _T.ASKED): _S.PERSON,
    **{(here, _T.AUTHORISED): _S.AUTHORISED for here in (_S.OPEN, _S.PERSON, _S.REFUSED, _S.EXPIRED)},
    **{(here, _T.REFUSED): _S.REFUSED for here in (_S.OPEN, _S.PERSON, _S.AUTHORISED, _S.WAITING)},
    (_S.AUTHORISED, _T.LABELLED): _S.WAITING,
    **{(here, _T.CAME): _S.RECEIVED for here in (*_BEFORE, _S.RECEIVED, _S.INSPECTED, _S.RESOLVED, _S.CLOSED)},
    **{(here, _T.LAPSED): _S.EXPIRED for here in (_S.AUTHORISED, _S.WAITING)},
    (_S.RECEIVED, _T.INSPECTED): _S.INSPECTED,
    **{(here, _T.RESOLVED): _S.RESOLVED for here in (*_BEFORE[:-1], _S.RECEIVED, _S.INSPECTED)},
    **{(here, _T.CLOSED): _S.CLOSED for here in (_S.RESOLVED, _S.REFUSED, _S.EXPIRED)},
    **{(here, _T.REOPENED): _S.PERSON for here in (_S.RESOLVED, _S.CLOSED, _S.REFUSED, _S.EXPIRED)},
}
"""What moves a case, and where to. Goods that come are received whatever was decided: they lie there."""
OVER = frozenset({_S.RESOLVED, _S.CLOSED})
"""Nobody works at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCase:
    """A case as it stands, without anything personal. Times in microseconds, 0 = not yet or none.

    ``cause``: what opened it, once. ``class_``: a `ComplaintClass` of a complaint, else the code of what happened.
    ``order``: the sales order, empty = none; ``parcels``, ``items``: SSCCs and EPCs that it is about. ``number``: of
    its return label. ``goods_by_us``: until then goods are expected. ``linked``: the order that is sent in exchange.
    ``first_us``: somebody answered. ``escalations``: so often its owner's lead was told that it is overdue.
    """

    id: int
    cause: str
    kind: CaseKind
    class_: str
    state: CaseState
    order: str
    reason: str
    owner: str
    opened_us: int
    due_us: int
    parcels: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    want: CustomerWant | None = None
    channel: ContactChannel = ContactChannel.SITE
    priority: int = 0
    team: str = ""
    policy: str = ""
    number: str = ""
    freight: str = ""  # who pays the way back: customer, seller
    goods_by_us: int = 0
    linked: str = ""
    first_due_us: int = 0
    first_us: int = 0
    overdue_us: int = 0
    escalations: int = 0
    resolved_us: int = 0
    closed_us: int = 0
    version: int = 1


def may(case: ServiceCase, turn: CaseTurn) -> bool:
    """Whether the arrows lead anywhere."""
    return (case.state, turn) in CASE_ARROWS


def case_moved(case: ServiceCase, turn: CaseTurn, at_us: int) -> ServiceCase:
    """The case where the arrows lead.

    Raises:
        CaseError: nothing leads there from where it is.
    """
    state = CASE_ARROWS.get((case.state, turn))
    if state is None:
        ways = ", ".join(str(one) for here, one in CASE_ARROWS if here is case.state)
        raise CaseError(f"case {case.id}: is {case.state}: cannot be {turn}; it can be {ways}")
    now = replace(case, state=state)
    if turn is CaseTurn.RESOLVED:
        return replace(now, resolved_us=at_us)
    if turn is CaseTurn.CLOSED:
        return replace(now, closed_us=at_us, resolved_us=case.resolved_us or at_us)
    if state not in OVER:
        return replace(now, resolved_us=0, closed_us=0)
    return now
