"""The report of a shift as PDF: each figure beside the same shift a day before, and what went wrong.

Public names: shift_sheet.
"""

from __future__ import annotations

from functools import partial
from html import escape
from io import BytesIO

from reportlab.lib.colors import black, grey, lightgrey
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from edge.print.fonts import Typeface, typeface
from edge.views.kpi_board import ShiftReport
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import Language, say

_MARGIN = 14 * mm
_WIDTH = A4[0] - 2 * _MARGIN


def shift_sheet(
    report: ShiftReport, site: str, span: tuple[str, str], language: Language, face: Typeface | None = None
) -> bytes:
    """The file. ``span``: begin and end as the site's clocks show them."""
    return _Sheet(language, face or typeface()).made(report, site, span)


class _Sheet:
    def __init__(self, language: Language, face: Typeface) -> None:
        self._language = language
        self._face = face

    def made(self, report: ShiftReport, site: str, span: tuple[str, str]) -> bytes:
        room = BytesIO()
        title = f"{self._t('kpi.shift.report')} · {site} · {report.day} · {report.shift}"
        margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
        document = SimpleDocTemplate(room, pagesize=A4, title=title, **margins)
        footed = partial(self._foot, title)
        document.build(list(self._parts(report, title, span)), onFirstPage=footed, onLaterPages=footed)
        return room.getvalue()

    def _parts(self, report: ShiftReport, title: str, span: tuple[str, str]) -> list[Flowable]:
        parts: list[Flowable] = [self._text(title, 15)]
        parts.append(self._text(self._t("kpi.shift.span", begin=span[0], end=span[1]), 10))
        if report.goes_on:
            parts.append(self._text(self._t("kpi.shift.goes"), 10))
        if not self._face.embedded:
            parts.append(self._text(self._t("pick.font"), 8))
        parts.append(Spacer(0, 4 * mm))
        heads = ("kpi.figure", "kpi.shift.now", "kpi.shift.before", "kpi.denominator")
        rows = [
            [
                self._text(f"{'■ ' if one.bad else ''}{self._said(one.title)}", 10),
                self._text(self._said(one.value), 11),
                self._text(self._said(one.before), 9),
                self._text(self._said(one.counted), 9),
            ]
            for one in report.rows
        ]
        parts.append(self._table([[self._text(self._t(one), 8) for one in heads], *rows], [78, 34, 34, 36]))
        if report.causes:
            parts += [Spacer(0, 5 * mm), self._text(self._t("kpi.shift.causes"), 12)]
            causes = [
                [self._text(self._said(title), 9), self._text(cause, 9), self._text(str(count), 10)]
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

    def _text(self, text: str, size: float) -> Paragraph:
        style = ParagraphStyle("text", fontName=self._face.name, fontSize=size, leading=size * 1.3, wordWrap="CJK")
        return Paragraph(escape(self._face.shown(text)), style)

    def _foot(self, title: str, canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(self._face.name, 8)
        canvas.setFillColor(black)
        canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, f"{self._face.shown(title)} · {document.page}")

    def _said(self, word: Word) -> str:
        return say(word, self._language)

    def _t(self, code: str, **values: Word) -> str:
        return say(phrase(code, **values), self._language)
