"""A load's manifest as PDF: what the carrier takes over, what it weighs, and the dangerous goods that it must know of.

Public names: manifest_pdf.
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

from edge.core.iso_time import iso
from edge.print.fonts import Typeface, typeface
from edge.views.manifest import Manifest, ManifestLine
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import Language, say

_MARGIN = 14 * mm


def manifest_pdf(manifest: Manifest, language: Language, face: Typeface | None = None) -> bytes:
    """The file. Where the font is not installed it is drawn with the reader's own."""
    return _Paper(language, face or typeface()).made(manifest)


class _Paper:
    def __init__(self, language: Language, face: Typeface) -> None:
        self._language = language
        self._face = face

    def made(self, manifest: Manifest) -> bytes:
        room = BytesIO()
        title = self._t("manifest.title", load=manifest.load.id)
        sides = {"leftMargin": _MARGIN, "rightMargin": _MARGIN, "topMargin": _MARGIN, "bottomMargin": _MARGIN}
        document = SimpleDocTemplate(room, pagesize=A4, title=title, **sides)
        footed = partial(self._foot, title)
        document.build(self._parts(manifest, title), onFirstPage=footed, onLaterPages=footed)
        return room.getvalue()

    def _parts(self, manifest: Manifest, title: str) -> list[Flowable]:
        load, aboard = manifest.load, manifest.aboard
        limited = [line for line in aboard if line.limited]
        unweighed = sum(1 for line in aboard if not line.mass_g)
        head = {"carrier": " ".join((load.carrier, *load.services)), "by": manifest.by}
        parts: list[Flowable] = [
            self._text(title, 16),
            self._text(
                self._t("manifest.carrier", at=iso(manifest.closed_us), **head)
                if manifest.closed_us
                else self._t("manifest.open", **head),
                10,
            ),
            self._text(self._t("manifest.dock", dock=load.dock, trailer=load.trailer), 10),
            self._text(self._t("manifest.total", pieces=len(aboard), mass=_kg(manifest.mass_g)), 12),
            self._text(self._t("manifest.limited", pieces=len(limited), mass=_kg(manifest.limited_g)), 10),
        ]
        if unweighed:
            parts.append(self._text(self._t("manifest.unweighed", pieces=unweighed), 10))
        parts += [Spacer(0, 4 * mm), self._rows(aboard), Spacer(0, 14 * mm), self._text(self._t("manifest.signed"), 9)]
        return parts

    def _rows(self, lines: tuple[ManifestLine, ...]) -> Table:
        width = A4[0] - 2 * _MARGIN
        names = ("manifest.parcel", "track.order", "manifest.service", "manifest.mass", "manifest.mark")
        made = [[self._text(self._t(name), 8) for name in names]]
        for line in lines:
            mark = self._t("manifest.mark") if line.limited else ""
            cells = (line.parcel, line.order, line.service, _kg(line.mass_g) if line.mass_g else "", mark)
            made.append([self._text(cell, 8) for cell in cells])
        style = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, grey),
            ("BACKGROUND", (0, 0), (-1, 0), lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
        return Table(made, [52 * mm, width - 124 * mm, 34 * mm, 20 * mm, 18 * mm], repeatRows=1, style=style)

    def _text(self, text: str, size: float) -> Paragraph:
        style = ParagraphStyle("text", fontName=self._face.name, fontSize=size, leading=size * 1.3, wordWrap="CJK")
        return Paragraph(escape(self._face.shown(text)), style)

    def _foot(self, title: str, canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(self._face.name, 8)
        canvas.setFillColor(black)
        canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, f"{self._face.shown(title)} · {document.page}")

    def _t(self, code: str, **values: Word) -> str:
        return say(phrase(code, **values), self._language)


def _kg(mass_g: int) -> str:
    return f"{mass_g / 1000:.2f}"
