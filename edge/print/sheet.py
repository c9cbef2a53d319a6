"""What all our papers of A4 have: text in one face, a foot with the page, words in one language.

Public names: Sheet, MARGIN.
"""

from __future__ import annotations

from functools import partial
from html import escape
from io import BytesIO

from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from edge.print.fonts import Typeface
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import Language, say

MARGIN = 14 * mm


class Sheet:
    """A paper in a language and a face."""

    def __init__(self, language: Language, face: Typeface) -> None:
        self.language = language
        self.face = face

    def pdf(self, title: str, parts: list[Flowable]) -> bytes:
        """The file, with the title at each page's foot."""
        room = BytesIO()
        margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
        document = SimpleDocTemplate(room, pagesize=A4, title=title, **margins)
        footed = partial(self._foot, title)
        document.build(parts, onFirstPage=footed, onLaterPages=footed)
        return room.getvalue()

    def text(self, text: str, size: float) -> Paragraph:
        """A text of a size in points; its lines break anywhere (CJK), names without blanks too."""
        style = ParagraphStyle("text", fontName=self.face.name, fontSize=size, leading=size * 1.3, wordWrap="CJK")
        return Paragraph(escape(self.face.shown(text)), style)

    def said(self, word: Word) -> str:
        """A word in the paper's language."""
        return say(word, self.language)

    def t(self, code: str, **values: Word) -> str:
        """A phrase in the paper's language, by its code."""
        return say(phrase(code, **values), self.language)

    def _foot(self, title: str, canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont(self.face.name, 8)
        canvas.setFillColor(black)
        canvas.drawRightString(A4[0] - MARGIN, 8 * mm, f"{self.face.shown(title)} · {document.page}")
