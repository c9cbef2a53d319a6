"""Barcodes: Code 128 of short names, QR of long ones and of what is not ASCII.

Public names: code_drawing, qr_drawing, bars, code_svg.
"""

from __future__ import annotations

from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.graphics.shapes import Drawing, Group, Rect
from reportlab.graphics.widgetbase import Widget
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


def bars(shape: object, across: float = 1, up: float = 1) -> list[tuple[float, float, float, float]]:
    """The dark rectangles of a drawing whose groups only scale: (x, y from below, width, height)."""
    if isinstance(shape, Rect):
        dark = shape.fillColor is not None and shape.fillColor.rgb() == (0, 0, 0)
        return [(shape.x * across, shape.y * up, shape.width * across, shape.height * up)] if dark else []
    if isinstance(shape, Widget):
        return bars(shape.draw(), across, up)
    if isinstance(shape, Group):
        across, up = across * shape.transform[0], up * shape.transform[3]
        return [bar for one in shape.contents for bar in bars(one, across, up)]
    return []


def code_svg(text: str, height_mm: float = 14) -> str:
    """A code as an SVG element for a page, without scripts and styles; its text is to stand beside it."""
    drawing = code_drawing(text, 80, height_mm)
    high = drawing.height
    rects = "".join(
        f'<rect x="{x:.2f}" y="{high - y - tall:.2f}" width="{wide:.2f}" height="{tall:.2f}"/>'
        for x, y, wide, tall in bars(drawing)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="code" viewBox="0 0 {drawing.width:.2f} {high:.2f}"'
        f' width="{drawing.width / mm:.1f}mm" height="{high / mm:.1f}mm" shape-rendering="crispEdges"'
        f' aria-hidden="true">{rects}</svg>'
    )
