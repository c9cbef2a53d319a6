"""Parcel labels for printers: ZPL II for thermal ones, PDF for all others.

Public names: zpl, label_pdf, return_zpl, return_pdf, LabelFontError.

In ZPL what is ASCII is the printer's own font, everything else a bitmap, since printers draw other scripts only with
fonts that were bought; the SSCC is GS1-128 by mode D, and a label with a tag writes its EPC. Source: Zebra, ZPL II
Programming Guide, ^A, ^BC, ^FH, ^GF, ^RF.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import assert_never

from PIL import Image, ImageDraw, ImageFont
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from edge.orders.parcel_label import (
    MODULE_MM,
    Bars,
    Code,
    Element,
    LabelWords,
    Paper,
    ParcelLabel,
    ReturnLabel,
    Stroke,
    Text,
    drawn,
    drawn_return,
)
from edge.print.fonts import Typeface, font_file, typeface
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_ESCAPED = {ord(char): f"_{ord(char):02X}" for char in "^~_"}
_FNC1 = "\xf1"
"""As reportlab names it."""


class LabelFontError(ValueError):
    """A label holds characters that the installed font lacks, or none is installed."""


def zpl(label: ParcelLabel, paper: Paper, language: Language) -> str:
    """One label. Raises LabelFontError."""
    return _zpl(drawn(label, paper, _words(label, language)), paper, label.tag)


def return_zpl(label: ReturnLabel, paper: Paper, language: Language) -> str:
    """The label of a return. Raises LabelFontError."""
    return _zpl(drawn_return(label, paper, *_return_words(label, language)), paper)


def _zpl(elements: Iterable[Element], paper: Paper, tag: str = "") -> str:
    dots = paper.dots_mm

    def place(x: float, y: float) -> str:
        return f"^FO{round(x * dots)},{round(y * dots)}"

    made = [f"^XA^CI28^PW{paper.width_mm * dots}^LL{paper.height_mm * dots}^LH0,0"]
    if tag:
        made.append(f"^RFW,H^FD{tag}^FS")
    for one in elements:
        match one:
            case Text() if one.text.isascii() and one.text.isprintable():
                high = round(one.size * dots)
                made.append(f"{place(one.x, one.y)}^A0N,{high},{high}^FH_^FD{one.text.translate(_ESCAPED)}^FS")
            case Text():
                made.append(f"{place(one.x, one.y)}{_bitmap(one.text, round(one.size * dots))}^FS")
            case Stroke():
                made.append(f"{place(one.x, one.y)}^GB{round(one.width * dots)},2,2^FS")
            case Bars():
                module = round(MODULE_MM * dots)
                made.append(
                    f"{place(one.x, one.y)}^BY{module}^BCN,{round(one.height * dots)},N,N,N,D^FD(00){one.sscc}^FS"
                )
            case Code():
                module = round(MODULE_MM * dots)
                made.append(f"{place(one.x, one.y)}^BY{module}^BCN,{round(one.height * dots)},N,N^FD{one.text}^FS")
            case _:
                assert_never(one)
    return "\n".join([*made, "^XZ", ""])


def label_pdf(label: ParcelLabel, paper: Paper, language: Language, face: Typeface | None = None) -> bytes:
    """One label on a page of its size; where the font is not installed it is drawn with the reader's own."""
    return _pdf(drawn(label, paper, _words(label, language)), paper, f"SSCC {label.sscc}", face)


def return_pdf(label: ReturnLabel, paper: Paper, language: Language, face: Typeface | None = None) -> bytes:
    """The label of a return, likewise."""
    title, order = _return_words(label, language)
    return _pdf(drawn_return(label, paper, title, order), paper, title, face)


def _pdf(elements: Iterable[Element], paper: Paper, title: str, face: Typeface | None) -> bytes:
    face, room = face or typeface(), BytesIO()
    high = paper.height_mm
    canvas = Canvas(room, pagesize=(paper.width_mm * mm, high * mm))
    canvas.setTitle(title)
    for one in elements:
        match one:
            case Text():
                plain = one.text.isascii()  # narrower than the font of all scripts, as on a thermal printer
                canvas.setFont("Helvetica" if plain else face.name, one.size * mm)
                canvas.drawString(
                    one.x * mm, (high - one.y - one.size * 0.85) * mm, one.text if plain else face.shown(one.text)
                )
            case Stroke():
                canvas.line(one.x * mm, (high - one.y) * mm, (one.x + one.width) * mm, (high - one.y) * mm)
            case Bars():
                bars = Code128(f"{_FNC1}00{one.sscc}", barWidth=MODULE_MM * mm, barHeight=one.height * mm, quiet=False)
                bars.drawOn(canvas, one.x * mm, (high - one.y - one.height) * mm)
            case Code():
                bars = Code128(one.text, barWidth=MODULE_MM * mm, barHeight=one.height * mm, quiet=False)
                bars.drawOn(canvas, (paper.width_mm * mm - bars.width) / 2, (high - one.y - one.height) * mm)
            case _:
                assert_never(one)
    canvas.showPage()
    canvas.save()
    return room.getvalue()


def _return_words(label: ReturnLabel, language: Language) -> tuple[str, str]:
    return (
        say(phrase("label.return", number=label.number), language),
        say(phrase("label.order", order=label.order), language) if label.order else "",
    )


def _words(label: ParcelLabel, language: Language) -> LabelWords:
    return LabelWords(
        say(phrase("label.order", order=label.order), language), say(phrase("label.cod", amount=label.cod), language)
    )


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    file = font_file()
    if file is None:
        raise LabelFontError("no font for other scripts is installed (Debian: fonts-wqy-microhei)")
    return ImageFont.truetype(file, size)


def _bitmap(text: str, size: int) -> str:
    """A line of text as graphic field."""
    font = _font(size)
    face = typeface()
    if lacking := [char for char in text if face.shown(char) != char]:
        raise LabelFontError(f"the font lacks {', '.join(f'U+{ord(char):04X}' for char in lacking)}")
    wide = max(1, round(font.getlength(text)))
    image = Image.new("1", (wide, round(size * 1.25)), 0)
    ImageDraw.Draw(image).text((0, 0), text, fill=1, font=font)
    octets = image.tobytes()
    row = (wide + 7) // 8
    return f"^GFA,{len(octets)},{len(octets)},{row},{octets.hex().upper()}"
