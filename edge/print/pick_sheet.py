"""A pick list as PDF: the round's barcode, the totes', and a row for each bin in the order of the way.

Public names: pick_sheet.
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

from edge.orders.pick_list import ListRow, PickList
from edge.print.codes import code_drawing, qr_drawing
from edge.print.fonts import Typeface, typeface
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import Language, say

_MARGIN = 14 * mm
_ACROSS = 4
"""Totes in a row."""


def pick_sheet(listed: PickList, language: Language, face: Typeface | None = None) -> bytes:
    """The file. Where the font is not installed it says so, and is drawn with the reader's own."""
    sheet = _Sheet(language, face or typeface())
    return sheet.made(listed)


class _Sheet:
    def __init__(self, language: Language, face: Typeface) -> None:
        self._language = language
        self._face = face

    def made(self, listed: PickList) -> bytes:
        room = BytesIO()
        title = f"{self._t('pick.list')} {listed.code}"
        document = SimpleDocTemplate(
            room,
            pagesize=A4,
            title=title,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN,
        )
        footed = partial(self._foot, title)
        document.build(self._parts(listed), onFirstPage=footed, onLaterPages=footed)
        return room.getvalue()

    def _parts(self, listed: PickList) -> list[Flowable]:
        width = A4[0] - 2 * _MARGIN
        urgent = f" · {self._t('pick.urgent')}" if listed.urgent else ""
        head = Table(
            [
                [
                    [
                        self._text(f"{self._t('pick.list')}{urgent}", 16),
                        self._text(listed.code, 11),
                        self._text(self._t("pick.of", wave=listed.wave, units=listed.units, rows=len(listed.rows)), 9),
                        self._text(say(phrase(f"pick.mode.{listed.mode}"), self._language), 9),
                    ],
                    code_drawing(listed.code),
                ]
            ],
            colWidths=[width - 104 * mm, 104 * mm],
        )
        parts: list[Flowable] = [head]
        if not self._face.embedded:
            parts.append(Paragraph(say(phrase("pick.font")), ParagraphStyle("plain", fontName="Helvetica", fontSize=8)))
            if self._language != "en":
                parts.append(self._text(self._t("pick.font"), 8))
        parts += [Spacer(0, 3 * mm), *self._totes(listed, width), Spacer(0, 3 * mm), self._rows(listed, width)]
        if listed.materials:
            parts += [Spacer(0, 4 * mm), self._text(self._t("pick.material"), 12)]
            parts += [self._text(f"{one.quantity} × {one.sku}", 11) for one in listed.materials]
        return parts

    def _totes(self, listed: PickList, width: float) -> list[Flowable]:
        cells: list[list[object]] = [[qr_drawing(tote), self._text(tote, 7)] for tote in listed.totes]
        rows = [cells[at : at + _ACROSS] for at in range(0, len(cells), _ACROSS)]
        return (
            [Table([[*row, *[""] * (_ACROSS - len(row))] for row in rows], [width / _ACROSS] * _ACROSS)] if rows else []
        )

    def _rows(self, listed: PickList, width: float) -> Table:
        names = ("pick.bin", "pick.article", "pick.quantity", "pick.tote")
        made = [[self._text(self._t(name), 8) for name in names], *(self._row(row) for row in listed.rows)]
        style = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, grey),
            ("BACKGROUND", (0, 0), (-1, 0), lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
        return Table(made, [34 * mm, width - 108 * mm, 22 * mm, 52 * mm], repeatRows=1, style=style)

    def _row(self, row: ListRow) -> list[object]:
        marks = [say(phrase(f"goods.{mark}"), self._language) for mark in row.marks]
        if row.lot:
            marks.append(self._t("pick.lot", lot=row.lot))
        return [
            self._text(row.bin, 13),
            [self._text(row.name, 10), self._text(row.sku, 8), *(self._text(f"■ {mark}", 9) for mark in marks)],
            self._text(str(row.quantity), 20),
            [self._text(f"{units} → {tote}", 8) for tote, units in row.totes],
        ]

    def _text(self, text: str, size: float) -> Paragraph:
        # CJK breaks lines anywhere, names without blanks too
        style = ParagraphStyle("text", fontName=self._face.name, fontSize=size, leading=size * 1.3, wordWrap="CJK")
        return Paragraph(escape(self._face.shown(text)), style)

    def _foot(self, title: str, canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(self._face.name, 8)
        canvas.setFillColor(black)
        canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, f"{self._face.shown(title)} · {document.page}")

    def _t(self, code: str, **values: Word) -> str:
        return say(phrase(code, **values), self._language)
