"""Where sales orders come in, one by one or by files, and are looked at: lists, one order, its story.

Public names: SalesCounter.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from edge.intake.channels import FilesTaken
from edge.intake.rows import LineSetAside
from edge.orders.money import apportioned
from edge.orders.planning import Planning
from edge.orders.review import ReviewRules
from edge.orders.sales import Draft
from edge.site import imports, sales, sales_list, taking
from edge.site.imports import ImportRun
from edge.site.sale_detail import SaleDetail, UnknownSale, detail_of
from edge.site.sales_list import SaleFilter, SalePage
from edge.site.sales_work import SaleWork
from edge.site.store import SiteStore
from edge.site.stories import SaleStory, story_of
from edge.site.taking import SaleOutcome, SaleTaken

_KEPT_US = 30 * 86_400_000_000
"""So long reports of imports stay: cells that were set aside may be somebody's."""
_RANKS = (SaleOutcome.NEWER, SaleOutcome.CHANGED)


class SalesCounter:
    """Takes the sales orders of one store, and shows them.

    ``rules``: of review; ``countries``: in which phones without one may be. ``planning``: what carriers are chosen by
    at an instant, None = nobody plans here. ``apart``: channels whose orders never ship with others. All calls raise
    StoreError; those about one order UnknownSale.
    """

    def __init__(
        self,
        store: SiteStore,
        rules: ReviewRules,
        countries: Sequence[str] = (),
        planning: Callable[[int], Planning] | None = None,
        apart: Collection[str] = (),
    ) -> None:
        self._store, self._rules, self._countries, self._planning = store, rules, tuple(countries), planning
        self._apart = frozenset(apart)

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def take(self, drafts: Iterable[Draft], at_us: int, run: str = "") -> list[SaleTaken]:
        """Takes orders and judges them, by portions, each one transaction; what became of each, in their order.

        ``run``: the import that brings them.
        """
        asked = [_apportioned(draft) for draft in drafts]
        found: list[SaleTaken] = []
        for at in range(0, len(asked), taking.AT_ONCE):
            portion = asked[at : at + taking.AT_ONCE]
            keys = self._store.keys
            with self._store.connections.writing() as db:
                work = SaleWork(db, keys, self._rules, at_us, self._planning)
                taken = taking.take_untold(db, keys, portion, at_us, work.first_stages)
                work.told += taking.told_of(taken)
                came = zip(portion, taken, strict=True)
                work.fresh({one.id: _place(draft, run) for draft, one in came if one.outcome is SaleOutcome.NEW})
                for number, (draft, one) in enumerate(zip(portion, taken, strict=True)):
                    if one.outcome in _RANKS:
                        taken[number] = work.again(draft, one)
                work.finish()
            found += taken
        return found

    def take_files(
        self, channel: str, by: str, files: Sequence[str], taken: FilesTaken, now_us: Callable[[], int]
    ) -> ImportRun:
        """Takes what files said, and keeps the report. A file that was taken before changes nothing."""
        run = ImportRun(id=secrets.token_hex(8), channel=channel, by=by, at_us=now_us(), files=tuple(files))
        with self._store.connections.writing() as db:
            imports.forget(db, run.at_us - _KEPT_US)
            imports.begin(db, run)
        results = self.take(taken.drafts, now_us(), run.id)
        found = Counter(str(one.outcome) for one in results)
        left = tuple(
            LineSetAside(file=draft.where, order=draft.order.external or draft.order.id, reason=one.text)
            for draft, one in zip(taken.drafts, results, strict=True)
            if one.text
        )
        run = replace(
            run,
            ended_us=now_us(),
            taken=dict(sorted(found.items())) | ({"same": found["same"] + taken.same} if taken.same else {}),
            skipped=dict(taken.skipped),
            set_aside=(*taken.set_aside, *left),
        )
        run = replace(run, aside=imports.by_file(run.set_aside))
        with self._store.connections.writing() as db:
            imports.end(db, run)
        return run

    def import_run(self, name: str) -> ImportRun | None:
        """What came of files, with what was set aside; None = there is no such run, or it is forgotten."""
        with self._store.connections.reading() as db:
            return imports.find_run(db, name)

    def import_runs(self, limit: int = 50, after: str = "") -> list[ImportRun] | None:
        """The newest runs; behind a run, None = there is no such one."""
        with self._store.connections.reading() as db:
            return imports.newest(db, limit, after)

    # ---- looked at ---------------------------------------------------------------------------------------------------

    def page(self, which: SaleFilter, q: str = "", limit: int = 100) -> SalePage:
        """A page of orders. ``q``: what names them, printed, typed or scanned; empty = all."""
        keys = self._store.keys if q else None
        with self._store.connections.reading() as db:
            if q:
                which = replace(which, named=sales_list.named_by(db, keys, q, self._countries))
            return sales_list.page_of(db, which, limit)

    def counts(self) -> dict[str, int]:
        """Orders by stage, of those that somebody works at, each `COUNTED` at most."""
        with self._store.connections.reading() as db:
            return sales_list.counts_of(db)

    def detail(self, name: str) -> SaleDetail:
        """All that is known of an order."""
        with self._store.connections.reading() as db:
            return detail_of(db, name, self._apart)

    def story(self, name: str) -> list[SaleStory]:
        """What was done to an order, in order; what the floor saw of its fulfilments stands in their timelines."""
        with self._store.connections.reading() as db:
            if found := story_of(db, name):
                return found
        raise UnknownSale(name)

    def fulfilments(self, name: str) -> list[str]:
        """The fulfilments in which something of an order is or was."""
        with self._store.connections.reading() as db:
            return sorted({one.fulfilment for one in sales.linked(db, orders=[name])})


def _place(draft: Draft, run: str) -> dict[str, str | int | list[str]]:
    """Where an order stood in what came: ``file``, ``row``, as far as there are some, and the ``run`` that read it."""
    file, _, row = draft.where.rpartition(", row ")
    where: dict[str, str | int | list[str]] = {"file": file, "row": int(row)} if file and row.isdecimal() else {}
    return where | ({"run": run} if run else {})


def _apportioned(draft: Draft) -> Draft:
    order = apportioned(draft.order)
    return draft if order is draft.order else replace(draft, order=order)
