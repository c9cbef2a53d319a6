"""The rows of a table that belong to one order, and what a cell of a channel's column says.

Public names: View, Group, OrderProblem, grouped, repeated, is_taken, set_aside, limited, money, among.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from edge.config.channels import ChannelTable, ItemsTable
from edge.config.problem import shown
from edge.intake.cells import identifier_of, is_empty, lost_digits, money_of, shortened, text_of
from edge.intake.rows import BadRow, Cell, LineSetAside, OrderTable, Row
from edge.intake.sheets import cell_name, header_key, parts_of

_Value = TypeVar("_Value")
_LENGTHS = {"order": 100, "sku": 100, "line": 100, "phone": 100, "postcode": 20, "street": 500, "note": 2000}
_LENGTH = 200
_FOOTER_CELLS = 3


class OrderProblem(Exception):  # noqa: N818  # what is wrong with an order, not with the program
    """A cell that says what is not allowed: with its row and column."""

    def __init__(self, row: int, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.row, self.column, self.value, self.reason = row, column, value, reason


class View:
    """A table as its channel reads it: for each key the columns that may say it."""

    def __init__(self, table: OrderTable, spec: ItemsTable) -> None:
        self.table = table
        self._places: dict[str, list[list[int]]] = {}
        for key in type(spec).model_fields:
            places = []
            for name in getattr(spec, key):
                found = [table.columns.get(header_key(part)) for part in parts_of(name)]
                if found[0] is not None:
                    places.append([index for index in found if index is not None])
            self._places[key] = places

    def has(self, key: str) -> bool:
        """Whether the table has a column for a key."""
        return bool(self._places[key])

    def cells(self, row: Row | BadRow, key: str) -> list[tuple[Cell, int]]:
        """The cells of the first alternative that is not empty, with their places in the row; none = all are."""
        for indexes in self._places[key]:
            found = [
                (row.cells[index], index)
                for index in indexes
                if index < len(row.cells) and not is_empty(row.cells[index])
            ]
            if found:
                return found
        return []

    def value(self, row: Row, key: str, convert: Callable[[Cell], _Value]) -> _Value | None:
        """What a row says; None = nothing. Raises OrderProblem."""
        found = self.cells(row, key)
        if not found:
            return None
        try:
            if len(found) == 1:
                return convert(found[0][0])
            return convert(" ".join(text_of(cell) for cell, _ in found))
        except ValueError as error:
            cell, index = found[0]
            raise self.problem(row.number, index, cell, str(error)) from None

    def problem(self, row: int, index: int, value: object, reason: str) -> OrderProblem:
        """A problem with a cell."""
        return OrderProblem(row, cell_name(self.table, row, index), value, reason)

    def column(self, key: str) -> str:
        """What the column of a key is called; empty = there is none."""
        places = self._places[key]
        return str(self.table.header.cells[places[0][0]]).strip() if places else ""


@dataclass(slots=True)
class Group:
    """The rows of one order in one table."""

    number: str
    view: View
    rows: list[Row] = field(default_factory=list)
    problems: list[OrderProblem] = field(default_factory=list)


def grouped(
    view: View, channel: ChannelTable, *, apart: bool = False
) -> tuple[dict[str, Group], list[LineSetAside], int]:
    """Orders by number, rows that are of none, and how many rows there are.

    A row whose number is missing or cannot be read may be of the order above, and one whose number lost digits of every
    order that begins alike, but not where each order has one row, ``apart``, and has it: these have a problem then.
    Where the channel says that the number stands in the first row only, a row without one is of the order above.
    """
    groups: dict[str, Group] = {}
    stray: list[LineSetAside] = []
    lost: dict[tuple[int, str], int] = {}
    above: Group | None = None
    rows = 0
    footers = tuple(channel.footers)
    for row in view.table.rows:
        if view.table.header.number and _is_footer(row, footers):
            continue
        rows += 1
        found = view.cells(row, "order")
        number = ""
        problem = OrderProblem(row.number, "", "", row.reason) if isinstance(row, BadRow) else None
        if isinstance(row, BadRow) and row.value:
            problem = OrderProblem(row.number, row.column, row.value, row.reason)
        if found:
            try:
                number = limited("order", identifier_of(found[0][0]))
            except ValueError as error:
                problem = problem or view.problem(row.number, found[0][1], found[0][0], str(error))
        elif channel.rows == "first" and above is not None and isinstance(row, Row):
            number = above.number
        elif problem is None:
            problem = OrderProblem(row.number, view.column("order"), "", "missing: a row without an order's number")
        if not number:
            assert problem is not None
            stray.append(set_aside(view.table, problem))
            if found and (left := lost_digits(found[0][0])):
                lost.update(dict.fromkeys(left, row.number))
            elif above is not None and view.table.header.number:  # in JSON every order stands for itself
                reason = f"row {row.number} below may be of this order and cannot be read: {problem.reason}"
                above.problems.append(OrderProblem(above.rows[0].number if above.rows else 0, "", "", reason))
            continue
        above = groups.setdefault(number, Group(number, view))
        if problem is not None:
            above.problems.append(problem)
        if isinstance(row, Row):
            above.rows.append(row)
    for decimals in sorted({decimals for decimals, _ in lost}):
        for group in () if apart else groups.values():
            if group.number.isdecimal() and (at := lost.get((decimals, shortened(group.number, decimals)))):
                reason = f"row {at} may be of this order: its number lost digits"
                group.problems.append(OrderProblem(group.rows[0].number if group.rows else at, "", "", reason))
    return groups, stray, rows


def set_aside(table: OrderTable, problem: OrderProblem, order: str = "") -> LineSetAside:
    """A problem as it is told."""
    return LineSetAside(
        file=table.file,
        sheet=table.sheet,
        row=problem.row,
        column=problem.column,
        value="" if problem.value == "" else shown(problem.value),
        reason=problem.reason,
        order=order,
    )


def limited(key: str, text: str) -> str:
    """The text. Raises ValueError where it is longer than such a text may be."""
    limit = _LENGTHS.get(key, _LENGTH)
    if len(text) > limit:
        raise ValueError(f"{len(text)} characters: allowed are {limit}")
    return text


def money(view: View, row: Row, key: str, channel: ChannelTable) -> int | None:
    """An amount; columns that belong together are added up."""
    found = view.cells(row, key)
    total = 0
    for cell, index in found:
        try:
            total += money_of(cell, channel.digits, channel.decimal)
        except ValueError as error:
            raise view.problem(row.number, index, cell, str(error)) from None
    return total if found else None


def among(text: str, words: Iterable[str]) -> bool:
    return bool(text) and header_key(text) in {header_key(word) for word in words}


def is_taken(status: str, channel: ChannelTable) -> bool:
    """Whether orders in such a state are taken."""
    return not channel.take or among(status, channel.take)


def _is_footer(row: Row | BadRow, words: tuple[str, ...]) -> bool:
    said = [cell for cell in row.cells if not is_empty(cell)]
    return bool(said) and len(said) <= _FOOTER_CELLS and isinstance(said[0], str) and said[0].strip().startswith(words)


def repeated(groups: Sequence[Group]) -> bool:
    """Whether several tables say the same of an order."""
    first, *others = (Counter(tuple(row.cells) for row in group.rows) for group in groups)
    return all(one == first for one in others)
