"""Which font writes Chinese and Latin on paper: the one of its package, or else one that the reader of a PDF has.

Public names: Typeface, typeface, font_file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

log = logging.getLogger(__name__)
PLACES = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),  # Debian and Ubuntu, fonts-wqy-microhei
    Path("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc"),  # Fedora
    Path("/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc"),  # Arch
)
_READERS = "MSung-Light"
"""Traditional Chinese, as the PDF standard names it; not in the file, so its look is the reader's."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """``name``: as reportlab knows it. ``glyphs``: what it can write, None = all of the basic plane."""

    name: str
    glyphs: frozenset[int] | None

    @property
    def embedded(self) -> bool:
        """Whether it is in the file."""
        return self.glyphs is not None

    def shown(self, text: str) -> str:
        """A text with the numbers of characters in their place that the font lacks."""
        return "".join(one if self._has(ord(one)) else f"[U+{ord(one):04X}]" for one in text)

    def _has(self, code: int) -> bool:
        return code in self.glyphs if self.glyphs is not None else 0x20 <= code <= 0xFFFF


@cache
def typeface(places: Iterable[Path] = PLACES) -> Typeface:
    """The first font that is there, or the reader's own, which is told in the log once."""
    for place in places:
        try:
            font = TTFont("Lanewise", place, subfontIndex=0)
        except (TTFError, OSError):
            continue
        pdfmetrics.registerFont(font)
        return Typeface("Lanewise", frozenset(font.face.charToGlyph))
    log.warning("no font for Chinese is installed (Debian: fonts-wqy-microhei): papers use the reader's own")
    pdfmetrics.registerFont(UnicodeCIDFont(_READERS))
    return Typeface(_READERS, None)


def font_file(places: Iterable[Path] = PLACES) -> Path | None:
    """The file of the first font that is there; None = there is none."""
    return next((place for place in places if place.is_file()), None)
