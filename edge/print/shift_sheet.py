"""The report of a shift as PDF: each figure beside the same shift a day before, and what went wrong.

Public names: shift_sheet.
"""

from __future__ import annotations

from reportlab.lib.colors import grey, lightgrey
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from edge.print.fonts import Typeface, typeface
from edge.print.sheet import MARGIN, Sheet
from edge.views.kpi_board import ShiftReport
from edge.views.words.table import Language

_WIDTH = A4[0] - 2 * MARGIN


def shift_sheet(
    report: ShiftReport, site: str, span: tuple[str, str], language: Language, face: Typeface | None = None
) -> bytes:
    """The file. ``span``: begin and end as the site's clocks show them."""
    return _Sheet(language, face or typeface()).made(report, site, span)


class _Sheet(Sheet):
    def made(self, report: ShiftReport, site: str, span: tuple[str, str]) -> bytes:
        title = f"{self.t('kpi.shift.report')} · {site} · {report.day} · {report.shift}"
        return self.pdf(title, list(self._parts(report, title, span)))

    def _parts(self, report: ShiftReport, title: str, span: tuple[str, str]) -> list[Flowable]:
        parts: list[Flowable] = [self.text(title, 15)]
        parts.append(self.text(self.t("kpi.shift.span", begin=span[0], end=span[1]), 10))
        if report.goes_on:
            parts.append(self.text(self.t("kpi.shift.goes"), 10))
        if not self.face.embedded:
            parts.append(self.text(self.t("pick.font"), 8))
        parts.append(Spacer(0, 4 * mm))
        heads = ("kpi.figure", "kpi.shift.now", "kpi.shift.before", "kpi.denominator")
        rows = [
            [
                self.text(f"{'■ ' if one.bad else ''}{self.said(one.title)}", 10),
                self.text(self.said(one.value), 11),
                self.text(self.said(one.before), 9),
                self.text(self.said(one.counted), 9),
            ]
            for one in report.rows
        ]
        parts.append(self._table([[self.text(self.t(one), 8) for one in heads], *rows], [78, 34, 34, 36]))
        if report.causes:
            parts += [Spacer(0, 5 * mm), self.text(self.t("kpi.shift.causes"), 12)]
            causes = [
                [self.text(self.said(title), 9), self.text(self.said(cause), 9), self.text(str(count), 10)]
                for title, cause, count in report.causes
            ]
            parts.append(self._table(causes, [78, 74, 30]))
        return parts

    def _table(self, rows: list[list[Paragraph]], widths: list[float]) -> Flowable:
        if not rows or not rows[0]:
            return Spacer(0, 1)
        style = [("LINEBELOW", (0, 0), (-1, -1), 0.4, grey), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        if len(widths) > 3:
            style.append(("BACKGROUND", (0, 0), (-1, 0), lightgrey))
        return Table(rows, [one * mm for one in widths], repeatRows=int(len(widths) > 3), style=style)
