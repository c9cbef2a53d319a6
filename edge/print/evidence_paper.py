"""The evidence for a claim as PDF: what it comes to, and every journaled thing with its time.

Public names: evidence_paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO

from reportlab.lib.colors import grey
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from edge.print.fonts import Typeface, typeface

_MARGIN = 14 * mm


def evidence_paper(
    title: str, lines: Iterable[str], rows: Iterable[Sequence[str]], face: Typeface | None = None
) -> bytes:
    """The file. ``rows``: when, where, what; the first one is the heading, repeated on each page."""
    drawn = face or typeface()

    def text(words: str, size: float = 8) -> Paragraph:
        style = ParagraphStyle("text", fontName=drawn.name, fontSize=size, leading=size * 1.3, wordWrap="CJK")
        return Paragraph(escape(drawn.shown(words)), style)

    parts: list[Flowable] = [text(title, 14), Spacer(0, 3 * mm), *(text(line, 9) for line in lines)]
    width = A4[0] - 2 * _MARGIN
    ruled = [("LINEBELOW", (0, 0), (-1, -1), 0.3, grey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    cells = [[text(cell) for cell in row] for row in rows]
    parts += [Spacer(0, 3 * mm), Table(cells, [42 * mm, 24 * mm, width - 66 * mm], repeatRows=1, style=ruled)]
    room = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    SimpleDocTemplate(room, pagesize=A4, title=title, **margins).build(parts)
    return room.getvalue()
