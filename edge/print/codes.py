"""Barcodes: Code 128 of short names, QR of long ones and of what is not ASCII.

Public names: code_drawing, code_svg.
"""

from __future__ import annotations

from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.graphics.renderSVG import drawToString
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm

_LONGEST = 34
"""Characters of a Code 128 that a scanner reads from a sheet's width."""


def code_drawing(text: str, width_mm: float = 100, height_mm: float = 14) -> Drawing:
    """A code with its quiet zones, not larger than that; a QR is as wide as high, of error correction M."""
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST:
        return createBarcodeDrawing(
            "Code128", value=text, width=width_mm * mm, height=height_mm * mm, humanReadable=False, quiet=True
        )
    side = max(height_mm, 20) * mm
    return createBarcodeDrawing("QR", value=text, width=side, height=side, barLevel="M")


def qr_drawing(text: str, side_mm: float = 20) -> Drawing:
    """A QR of a name."""
    return createBarcodeDrawing("QR", value=text, width=side_mm * mm, height=side_mm * mm, barLevel="M")


def code_svg(text: str, width_mm: float = 80, height_mm: float = 14) -> str:
    """The same as an SVG element for a page."""
    drawn = drawToString(code_drawing(text, width_mm, height_mm))
    return str(drawn[drawn.index("<svg") :])
