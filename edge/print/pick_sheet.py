"""A pick list as PDF: the round's barcode, the totes', and a row for each bin in the order of the way.

Public names: pick_sheet.
"""

from __future__ import annotations

from reportlab.lib.colors import grey, lightgrey
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from edge.orders.pick_list import ListRow, PickList
from edge.print.codes import code_drawing, qr_drawing
from edge.print.fonts import Typeface, typeface
from edge.print.sheet import MARGIN, Sheet
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_ACROSS = 4
"""Totes in a row."""


def pick_sheet(listed: PickList, language: Language, face: Typeface | None = None) -> bytes:
    """The file. Where the font is not installed it says so, and is drawn with the reader's own."""
    sheet = _Sheet(language, face or typeface())
    return sheet.made(listed)


class _Sheet(Sheet):
    def made(self, listed: PickList) -> bytes:
        title = f"{self.t('pick.list')} {listed.code}"
        return self.pdf(title, self._parts(listed))

    def _parts(self, listed: PickList) -> list[Flowable]:
        width = A4[0] - 2 * MARGIN
        urgent = f" · {self.t('pick.urgent')}" if listed.urgent else ""
        head = Table(
            [
                [
                    [
                        self.text(f"{self.t('pick.list')}{urgent}", 16),
                        self.text(listed.code, 11),
                        self.text(self.t("pick.of", wave=listed.wave, units=listed.units, rows=len(listed.rows)), 9),
                        self.text(say(phrase(f"pick.mode.{listed.mode}"), self.language), 9),
                    ],
                    code_drawing(listed.code),
                ]
            ],
            colWidths=[width - 104 * mm, 104 * mm],
        )
        parts: list[Flowable] = [head]
        if not self.face.embedded:
            parts.append(Paragraph(say(phrase("pick.font")), ParagraphStyle("plain", fontName="Helvetica", fontSize=8)))
            if self.language != "en":
                parts.append(self.text(self.t("pick.font"), 8))
        parts += [Spacer(0, 3 * mm), *self._totes(listed, width), Spacer(0, 3 * mm), self._rows(listed, width)]
        if listed.materials:
            parts += [Spacer(0, 4 * mm), self.text(self.t("pick.material"), 12)]
            parts += [self.text(f"{one.quantity} × {one.sku}", 11) for one in listed.materials]
        return parts

    def _totes(self, listed: PickList, width: float) -> list[Flowable]:
        cells: list[list[object]] = [[qr_drawing(tote), self.text(tote, 7)] for tote in listed.totes]
        rows = [cells[at : at + _ACROSS] for at in range(0, len(cells), _ACROSS)]
        return (
            [Table([[*row, *[""] * (_ACROSS - len(row))] for row in rows], [width / _ACROSS] * _ACROSS)] if rows else []
        )

    def _rows(self, listed: PickList, width: float) -> Table:
        names = ("pick.bin", "pick.article", "pick.quantity", "pick.tote")
        made = [[self.text(self.t(name), 8) for name in names], *(self._row(row) for row in listed.rows)]
        style = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, grey),
            ("BACKGROUND", (0, 0), (-1, 0), lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
        return Table(made, [34 * mm, width - 108 * mm, 22 * mm, 52 * mm], repeatRows=1, style=style)

    def _row(self, row: ListRow) -> list[object]:
        marks = [say(phrase(f"goods.{mark}"), self.language) for mark in row.marks]
        if row.lot:
            marks.append(self.t("pick.lot", lot=row.lot))
        return [
            self.text(row.bin, 13),
            [self.text(row.name, 10), self.text(row.sku, 8), *(self.text(f"■ {mark}", 9) for mark in marks)],
            self.text(str(row.quantity), 20),
            [self.text(f"{units} → {tote}", 8) for tote, units in row.totes],
        ]
