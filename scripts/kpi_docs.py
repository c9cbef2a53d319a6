"""Writes the tables of docs/kpis.md, in both languages, from the definitions; with --check fails when they differ.

Public names: table, main.
"""

from __future__ import annotations

import sys
from pathlib import Path

from written_pages import write_or_check

from edge.orders.kpis import KPIS, Kpi
from edge.views.kpi_board import said_value
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import Language, say

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "kpis.md", "zh-Hant": DOCS / "kpis.zh-Hant.md"}
BEGIN, END = "<!-- written by `make docs` from edge/orders/kpis.py -->\n", "<!-- end -->\n"
_HEADS = ("kpi.figure", "kpi.numerator", "kpi.denominator", "kpi.source", "kpi.exclusions", "kpi.better", "kpi.limit")


def table(language: Language) -> str:
    """The definitions in Markdown."""

    def t(word: Word) -> str:
        return say(word, language)

    def row(kpi: Kpi) -> str:
        cells = [f"**{t(phrase(f'kpi.title.{kpi.name}'))}** `{kpi.name}`"]
        cells += [t(phrase(f"kpi.{part}.{kpi.name}")) for part in ("numerator", "denominator", "source", "exclusions")]
        cells += [t(phrase(f"kpi.better.{kpi.better}")), t(said_value(kpi, kpi.limit))]
        cells.append(", ".join(t(phrase(f"kpi.by.{one}")) for one in kpi.dimensions))
        return f"| {' | '.join(cells)} |"

    heads = [*(t(phrase(one)) for one in _HEADS), {"en": "by", "zh-Hant": "維度"}[language]]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *map(row, KPIS)]) + "\n"


def main() -> int:
    """Writes the parts of the pages, or compares them."""
    pages: dict[Path, str] = {}
    for language, path in PAGES.items():
        page = path.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        text = before + BEGIN + table(language) + END + rest.partition(END)[2]
        pages[path] = text
    return write_or_check(pages, "definitions")


if __name__ == "__main__":
    sys.exit(main())
