"""The pages that there are: a line for each, in the groups and the order in which the head of every page shows them.

Public names: Page, PageGroup, PAGES, STORIES, ROOTS, groups_of, group_at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """``word``: its name in `edge.views.words`; ``group``: that of its group, empty = it is alone in one."""

    path: str
    word: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages under one name. One page alone is shown by its own."""

    word: str
    pages: tuple[Page, ...]


PAGES = (
    Page("/orders", "sales.list", "sales.title"),
    Page("/orders?stage=held", "sales.queue", "sales.title"),
    Page("/orders/new", "sales.new", "sales.title"),
    Page("/orders/import", "sales.import", "sales.title"),
    Page("/orders/blocklist", "block.title", "sales.title"),
    Page("/stock", "stock.title"),
    Page("/waves", "wave.title", "nav.picks"),
    Page("/picks", "pick.station", "nav.picks"),
    Page("/put-backs", "back.title", "nav.picks"),
    Page("/station/quality", "quality.title", "nav.parcels"),
    Page("/station/pack", "station.title", "nav.parcels"),
    Page("/parcels", "label.title", "nav.parcels"),
    Page("/tracking", "track.title", "nav.parcels"),
    Page("/carriers", "carriers.title", "nav.parcels"),
    Page("/cases", "case.title", "case.title"),
    Page("/station/returns", "case.station", "case.title"),
    Page("/kpis", "kpi.page"),
    Page("/alarms", "alarms.title", "alarms.title"),
    Page("/alarms/history", "alarms.page.history", "alarms.title"),
    Page("/alarms/figures", "alarms.page.figures", "alarms.title"),
    Page("/log", "log.title", "alarms.title"),
    Page("/index.html", "dock.lines", "nav.floor"),
    Page("/docks.html", "dock.title", "nav.floor"),
    Page("/lists/aside", "list.aside", "nav.floor"),
    Page("/lists/orders", "list.orders", "nav.floor"),
    Page("/lists/loads", "list.loads", "nav.floor"),
    Page("/lists/wrong", "list.wrong", "nav.floor"),
    Page("/lists/late", "list.late", "nav.floor"),
    Page("/engineering", "tech.title", "nav.floor"),
    Page("/find", "find.title", "nav.floor"),
    Page("/accounts", "account.title", "account.title"),
    Page("/audit", "audit.title", "account.title"),
)
"""A page of a file, ``….html``, is live; the others are rendered here, and are for browsers that showed the token."""
STORIES = "/t"
"""Below it everything has an address: of its page, or of its story."""
ROOTS = (
    *{f"/{re.split('[/?]', page.path)[1]}": None for page in PAGES if not page.path.endswith(".html")},
    STORIES,
)
"""Where the paths of pages begin that are rendered here."""


def groups_of(pages: Sequence[Page]) -> tuple[PageGroup, ...]:
    """Pages by group, in the order in which the first of each stands."""
    found: dict[str, list[Page]] = {}
    for page in pages:
        found.setdefault(page.group or page.word, []).append(page)
    return tuple(PageGroup(word, tuple(its)) for word, its in found.items())


def group_at(path: str, groups: Sequence[PageGroup]) -> str:
    """The group of a page at a path, by the longest that it begins with; empty = none."""
    known = ((page.path, group.word) for group in groups for page in group.pages)
    its = [(len(one), word) for one, word in known if path == one or path.startswith(f"{one}/")]
    return max(its, default=(0, ""))[1]
