"""Key figures as a workbook (XLSX): a sheet of values by day, and one of what each figure means.

Public names: figure_book, BookRow.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

import xlsxwriter

from edge.orders.kpis import BY_NAME, KPIS, Figure, Unit
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_DAY_US = 86_400_000_000


class BookRow(NamedTuple):
    """A figure of a day."""

    day: str
    figure: Figure


def figure_book(rows: Iterable[BookRow], language: Language, currency: str = "", digits: int = 0) -> bytes:
    """The file. Numbers are numbers: shares as per cent, times as hours, minutes and seconds, money in units of its
    currency. ``digits``: of its minor unit; without a currency both stay as they are.
    """

    def t(code: str) -> str:
        return say(phrase(code), language)

    room = BytesIO()
    book = xlsxwriter.Workbook(
        room, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold = book.add_format({"bold": True})
    formats = {
        Unit.SHARE: book.add_format({"num_format": "0.0%"}),
        Unit.TIME: book.add_format({"num_format": "[h]:mm:ss"}),
        Unit.MONEY: book.add_format({"num_format": _money_format(currency, digits)}),
        Unit.COUNT: book.add_format({"num_format": "0.00"}),
    }
    scales = {Unit.TIME: _DAY_US, Unit.MONEY: 10**digits if currency else 1}
    sheet = book.add_worksheet(t("kpi.page"))
    names = (t("kpi.day"), "kpi", "dimension", "member", "numerator", "denominator", "value", "p90")
    sheet.write_row(0, 0, names, bold)
    last = 0
    for last, (day, one) in enumerate(rows, 1):
        kpi = BY_NAME.get(one.kpi)
        sheet.write_row(last, 0, (day, one.kpi, str(one.dimension), one.member, one.numerator, one.denominator))
        scale = scales.get(kpi.unit, 1) if kpi is not None else 1
        shown = formats[kpi.unit] if kpi is not None else None
        for column, value in ((6, one.value), (7, one.p90)):
            if value is not None:
                sheet.write_number(last, column, value / scale, shown)
    sheet.autofilter(0, 0, last, len(names) - 1)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(names) - 1, 16)
    meaning = book.add_worksheet(t("kpi.figure"))
    meaning.write_row(0, 0, ("kpi", *(t(one) for one in _MEANING)), bold)
    for row, kpi in enumerate(KPIS, 1):
        said = (t(f"kpi.title.{kpi.name}"), t(f"kpi.numerator.{kpi.name}"), t(f"kpi.denominator.{kpi.name}"))
        meaning.write_row(row, 0, (kpi.name, *said, t(f"kpi.source.{kpi.name}"), t(f"kpi.exclusions.{kpi.name}")))
    meaning.set_column(0, len(_MEANING), 36)
    book.close()
    return room.getvalue()


def _money_format(currency: str, digits: int) -> str:
    if not currency:
        return "0"
    return f'0{"." if digits else ""}{"0" * digits} "{currency}"'


_MEANING = ("kpi.figure", "kpi.numerator", "kpi.denominator", "kpi.source", "kpi.exclusions")
