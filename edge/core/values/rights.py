"""Who may do what at a site: the roles of people, what there is to do, and one table of both.

Public names: Role, Action, MAY, BY_BADGE, EVERYTHING, HOLDER, may, actions_of.

Which action a request is stands in `api.rights`; docs/rights.md is written from both. What no role is given here nobody
may do.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is at the site; one for each account."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PICKER = "picker"
    PACKER = "packer"
    LEAD = "lead"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """What there is to do. Whatever is only looked at is one of the first five."""

    VIEW = "view"  # the floor, stock, waves, parcels, carriers, figures: nothing of persons
    PERSON = "person"  # orders, parcels on their way and cases, with the persons in them
    PEOPLE = "people"  # key figures of those who work here
    EVENTS = "events"  # what is told to other systems, and the numbers of the processes
    AUDIT = "audit"  # who did what
    LANE = "lane"
    ALARM = "alarm"
    POINT = "point"
    LOAD = "load"
    ORDER = "order"
    STOCK = "stock"
    WAVE = "wave"
    PICK = "pick"
    PACK = "pack"
    QUALITY = "quality"
    LOT = "lot"
    CARRIER = "carrier"
    TRACK = "track"
    RETURN = "return"
    CASE = "case"
    COUNT = "count"  # days of key figures anew
    ENGINEERING = "engineering"
    CONFIGURE = "configure"
    ACCOUNTS = "accounts"


EVERYTHING = frozenset(Action)
HOLDER = EVERYTHING - {Action.AUDIT, Action.ACCOUNTS, Action.PEOPLE}
"""What the token of token_file may do where SITE.toml does not say less: all that it always could."""
_FLOOR = frozenset({Action.VIEW, Action.LANE, Action.ALARM, Action.LOAD})
_STATIONS = frozenset({Action.PICK, Action.PACK, Action.QUALITY, Action.RETURN})

MAY: dict[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.VIEW}),
    Role.OPERATOR: _FLOOR | {Action.POINT},
    Role.PICKER: frozenset({Action.VIEW, Action.PICK}),
    Role.PACKER: frozenset({Action.VIEW}) | _STATIONS,
    Role.LEAD: EVERYTHING - {Action.ENGINEERING, Action.CONFIGURE, Action.ACCOUNTS, Action.AUDIT, Action.POINT},
    Role.ENGINEER: _FLOOR | {Action.POINT, Action.EVENTS, Action.ENGINEERING, Action.CONFIGURE},
    Role.ADMINISTRATOR: EVERYTHING,
}
BY_BADGE = frozenset({Role.VIEWER, Role.OPERATOR, Role.PICKER, Role.PACKER})
"""Who may sign in by a badge alone, which can be lent, lost and copied."""


def may(role: Role, action: Action) -> bool:
    """Whether somebody of this role may do it."""
    return action in MAY[role]


def actions_of(named: str) -> frozenset[Action]:
    """Actions by their names with blanks between, as a key's scope is stored. Raises ValueError for what is none."""
    return frozenset(Action(one) for one in named.split())
