"""A load's manifest as PDF: what the carrier takes over, what it weighs, and the dangerous goods that it must know of.

Public names: manifest_pdf.
"""

from __future__ import annotations

from reportlab.lib.colors import grey, lightgrey
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from edge.core.iso_time import iso
from edge.print.fonts import Typeface, typeface
from edge.print.sheet import MARGIN, Sheet
from edge.views.manifest import Manifest, ManifestLine
from edge.views.words.table import Language


def manifest_pdf(manifest: Manifest, language: Language, face: Typeface | None = None) -> bytes:
    """The file. Where the font is not installed it is drawn with the reader's own."""
    return _Paper(language, face or typeface()).made(manifest)


class _Paper(Sheet):
    def made(self, manifest: Manifest) -> bytes:
        title = self.t("manifest.title", load=manifest.load.id)
        return self.pdf(title, self._parts(manifest, title))

    def _parts(self, manifest: Manifest, title: str) -> list[Flowable]:
        load, aboard = manifest.load, manifest.aboard
        limited = [line for line in aboard if line.limited]
        unweighed = sum(1 for line in aboard if not line.mass_g)
        head = {"carrier": " ".join((load.carrier, *load.services)), "by": manifest.by}
        parts: list[Flowable] = [
            self.text(title, 16),
            self.text(
                self.t("manifest.carrier", at=iso(manifest.closed_us), **head)
                if manifest.closed_us
                else self.t("manifest.open", **head),
                10,
            ),
            self.text(self.t("manifest.dock", dock=load.dock, trailer=load.trailer), 10),
            self.text(self.t("manifest.total", pieces=len(aboard), mass=_kg(manifest.mass_g)), 12),
            self.text(self.t("manifest.limited", pieces=len(limited), mass=_kg(manifest.limited_g)), 10),
        ]
        if unweighed:
            parts.append(self.text(self.t("manifest.unweighed", pieces=unweighed), 10))
        parts += [Spacer(0, 4 * mm), self._rows(aboard), Spacer(0, 14 * mm), self.text(self.t("manifest.signed"), 9)]
        return parts

    def _rows(self, lines: tuple[ManifestLine, ...]) -> Table:
        width = A4[0] - 2 * MARGIN
        names = ("manifest.parcel", "track.order", "manifest.service", "manifest.mass", "manifest.mark")
        made = [[self.text(self.t(name), 8) for name in names]]
        for line in lines:
            mark = self.t("manifest.mark") if line.limited else ""
            cells = (line.parcel, line.order, line.service, _kg(line.mass_g) if line.mass_g else "", mark)
            made.append([self.text(cell, 8) for cell in cells])
        style = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, grey),
            ("BACKGROUND", (0, 0), (-1, 0), lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
        return Table(made, [52 * mm, width - 124 * mm, 34 * mm, 20 * mm, 18 * mm], repeatRows=1, style=style)


def _kg(mass_g: int) -> str:
    return f"{mass_g / 1000:.2f}"
