"""Files of a channel -> drafts of orders, what of them was set aside and why, and what stood there besides.

Public names: Source, FilesTaken, FileFacts, take.

The order of files and rows, where files are cut between orders, and what comes twice do not matter: the same drafts
come out, but for where they stood. An order comes whole or is set aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.config.channels import ChannelTable
from edge.intake.gather import draft_of, status_of
from edge.intake.grouping import Group, OrderProblem, View, grouped, is_taken, repeated, set_aside
from edge.intake.rows import FileError, LineSetAside
from edge.intake.sheets import read_tables
from edge.orders.sales import Draft


@dataclass(frozen=True, slots=True)
class Source:
    """A file by its name, for people."""

    file: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a file was. ``missing``: keys of the channel for which it has no column; ``encoding``: empty = no text."""

    file: str
    sheet: str
    of_items: bool
    encoding: str
    rows: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesTaken:
    """What came of files. ``skipped``: state -> orders that are in it and are not taken; ``same``: that came again."""

    drafts: tuple[Draft, ...]
    set_aside: tuple[LineSetAside, ...]
    files: tuple[FileFacts, ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    same: int = 0

    waits: tuple[str, ...] = ()
    """Files of a channel of two files of which no order was in the other half: that one may come yet."""


def take(name: str, channel: ChannelTable, sources: Iterable[Source]) -> FilesTaken:
    """Reads files of one channel together, which a channel of two files needs. ``name``: the channel's."""
    return _Taking(name, channel).of(sources)


class _Taking:
    """One taking, from the first file to the last order."""

    def __init__(self, name: str, channel: ChannelTable) -> None:
        self._name, self._channel = name, channel
        self._aside: list[LineSetAside] = []
        self._files: list[FileFacts] = []
        self._skipped: Counter[str] = Counter()
        self._passed: set[str] = set()
        """Orders that are in a state which is not taken: they need no articles."""
        self._same = 0

    def of(self, sources: Iterable[Source]) -> FilesTaken:
        orders: list[Group] = []
        items: dict[str, list[Group]] = {}
        numbers: dict[str, tuple[bool, set[str]]] = {}
        for source in sources:
            try:
                for table in read_tables(source.file, source.body, self._channel):
                    view = View(table, self._channel.items if table.of_items else self._channel.columns)
                    apart = self._channel.of_two_files and not table.of_items
                    groups, stray, rows = grouped(view, self._channel, apart=apart)
                    self._aside += stray
                    self._facts(view, rows)
                    numbers[table.file] = table.of_items, set(groups)
                    if table.of_items:
                        for number, group in groups.items():
                            items.setdefault(number, []).append(group)
                    else:
                        orders += groups.values()
            except FileError as error:
                self._aside.append(LineSetAside(file=source.file, reason=str(error)))
        drafts = self._drafts(orders, items)
        return FilesTaken(
            drafts=tuple(drafts),
            set_aside=tuple(self._aside),
            files=tuple(self._files),
            skipped=tuple(sorted(self._skipped.items())),
            same=self._same,
            waits=self._waits(orders, items, numbers) if self._channel.of_two_files else (),
        )

    def _waits(
        self, orders: Iterable[Group], items: Mapping[str, object], numbers: Mapping[str, tuple[bool, set[str]]]
    ) -> tuple[str, ...]:
        known = {group.number for group in orders}
        met = items.keys() | self._passed
        return tuple(
            sorted(file for file, (of_items, its) in numbers.items() if its and not its & (known if of_items else met))
        )

    def _facts(self, view: View, rows: int) -> None:
        table = view.table
        spec = self._channel.items if table.of_items else self._channel.columns
        missing = [key for key in type(spec).model_fields if getattr(spec, key) and not view.has(key)]
        if self._channel.of_two_files and not table.of_items:
            missing = [key for key in missing if key not in type(self._channel.items).model_fields]
        self._files.append(
            FileFacts(
                file=table.file,
                sheet=table.sheet,
                of_items=table.of_items,
                encoding=table.encoding,
                rows=rows,
                missing=tuple(missing),
            )
        )

    def _drafts(self, orders: Sequence[Group], items: dict[str, list[Group]]) -> list[Draft]:
        """One for each number, in the order of numbers."""
        made: dict[str, list[tuple[Draft, Group]]] = {}
        failed: set[str] = set()
        for group in orders:
            try:
                status = status_of(group)
            except OrderProblem as problem:
                self._refuse(group, [problem])
                failed.add(group.number)
                continue
            if not group.problems and not is_taken(status, self._channel):
                self._skipped[status] += 1
                self._passed.add(group.number)
                continue
            draft = self._draft(group, items.get(group.number, ()))
            if draft is None:
                failed.add(group.number)
            else:
                made.setdefault(group.number, []).append((draft, group))
        self._without_order({group.number for group in orders}, items)
        chosen = [self._chosen(ones) for number, ones in sorted(made.items()) if number not in failed]
        for number in sorted(failed & made.keys()):
            for _, group in made[number]:
                self._refuse(group, [_at_first(group, "stands elsewhere as well, where it was set aside")])
        return [draft for draft in chosen if draft is not None]

    def _draft(self, group: Group, items: Sequence[Group]) -> Draft | None:
        whole: Group | None = group
        if self._channel.of_two_files:
            whole = items[0] if items and (len(items) == 1 or repeated(items)) else None
        if whole is None:
            reason = "its articles stand differently in several files" if items else "its articles are in no file"
            self._refuse(group, [*group.problems, _at_first(group, f"{reason}: give both files together")])
            return None
        try:
            return draft_of(self._name, self._channel, group, whole)
        except* OrderProblem as errors:
            self._refuse(group, [error for error in errors.exceptions if isinstance(error, OrderProblem)])
        return None

    def _refuse(self, group: Group, problems: Iterable[OrderProblem]) -> None:
        self._aside += [set_aside(group.view.table, problem, group.number) for problem in problems]

    def _without_order(self, known: set[str], items: dict[str, list[Group]]) -> None:
        for number in sorted(items.keys() - known):
            for group in items[number]:
                self._refuse(group, [_at_first(group, "no order of this number: give both files together")])

    def _chosen(self, made: Sequence[tuple[Draft, Group]]) -> Draft | None:
        """Of drafts of one order that one; the latest revision counts, and two contents of one revision none."""
        latest = max(draft.order.revision for draft, _ in made)
        newest = [(draft, group) for draft, group in made if draft.order.revision == latest]
        if len({replace(draft, where="") for draft, _ in newest}) > 1:
            places = "; ".join(sorted(draft.where for draft, _ in newest))
            for _, group in newest:
                self._refuse(group, [_at_first(group, f"stands with different content: {places}")])
            return None
        self._same += len(made) - 1
        return min((draft for draft, _ in newest), key=lambda draft: draft.where)


def _at_first(group: Group, reason: str) -> OrderProblem:
    return OrderProblem(group.rows[0].number if group.rows else 0, "", "", reason)
