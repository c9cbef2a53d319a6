"""Writes what happens to sales orders into docs/sales-orders.md from the tables that decide; with --check compares.

Public names: parts, main.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from edge.orders.moments import MOMENTS
from edge.orders.review import WEIGHTS, ReviewRule
from edge.orders.sales import OrderStage
from edge.orders.stages import FULFILMENT_ARROWS, ORDER_ARROWS, FulfilmentState
from edge.views.words.table import WORDS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sales-orders.md"
BEGIN, END = "<!-- {}: written by `make docs` -->\n", "<!-- end -->\n"


def parts() -> dict[str, str]:
    """The written parts of the page, by their names."""
    return {
        "stages": _diagram(ORDER_ARROWS.items(), list(OrderStage)),
        "fulfilments": _diagram(FULFILMENT_ARROWS.items(), list(FulfilmentState)),
        "moments": _table(
            ("fulfilment is", "less of it", "another address or service", "merge"),
            (
                (state, meaning.less, meaning.elsewhere, "yes" if meaning.merge else "no")
                for state, meaning in MOMENTS.items()
            ),
        ),
        "rules": _table(
            ("code", "it", "what people read", "\u986f\u793a\u6587\u5b57"),
            ((f"`{rule}`", f"{WEIGHTS[rule]}s", *WORDS[f"review.{rule}"]) for rule in ReviewRule),
        ),
    }


def _diagram(arrows: Iterable[tuple[tuple[StrEnum, StrEnum], StrEnum]], states: list[StrEnum]) -> str:
    labels: dict[tuple[StrEnum, StrEnum], list[str]] = {}
    for (start, turn), end in arrows:
        labels.setdefault((start, end), []).append(turn.value)
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {states[0]}",
            *(f"    {start} --> {end}: {' / '.join(turns)}" for (start, end), turns in labels.items()),
            "```\n",
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * lines[0].count(" | ") + "|---|", *lines[1:], ""])


def main() -> int:
    """Writes the parts of the page, or compares them."""
    page = text = PAGE.read_text(encoding="utf-8")
    for name, part in parts().items():
        begin = BEGIN.format(name)
        before, found, rest = text.partition(begin)
        if not found:
            print(f"{PAGE}: no place for {name}: {begin}", file=sys.stderr)
            return 1
        text = before + begin + part + END + rest.partition(END)[2]
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if page == text:
        return 0
    print(f"{PAGE}: not what the tables say; run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
