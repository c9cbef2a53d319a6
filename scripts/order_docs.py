"""Writes what happens to sales orders into docs/sales-orders.md and its translation from the tables that decide; with
--check compares.

Public names: parts, main.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from written_pages import write_or_check

from edge.orders.moments import MOMENTS, Elsewhere, Less
from edge.orders.review import WEIGHTS, ReviewRule
from edge.orders.sales import OrderStage
from edge.orders.stages import FULFILMENT_ARROWS, ORDER_ARROWS, FulfilmentState, FulfilmentTurn, OrderTurn
from edge.views.words.table import WORDS, Language

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "sales-orders.md", "zh-Hant": DOCS / "sales-orders.zh-Hant.md"}
BEGIN, END = "<!-- {}: written by `make docs` -->\n", "<!-- end -->\n"
_ORDER_TURNS: dict[StrEnum, str] = {
    OrderTurn.PASSED: "審核通過",
    OrderTurn.STOPPED: "攔下",
    OrderTurn.AMENDED: "變更",
    OrderTurn.PAID: "付款",
    OrderTurn.MERGED: "合併",
    OrderTurn.PARTED: "分開",
    OrderTurn.EMPTIED: "全數取消，部分尚未看到",
    OrderTurn.FREED: "全數取消",
    OrderTurn.LEFT: "仍已出發",
    OrderTurn.DONE: "完成",
}
_FULFILMENT_TURNS: dict[StrEnum, str] = {
    FulfilmentTurn.RELEASED: "放行",
    FulfilmentTurn.WITHDRAWN: "收回",
    FulfilmentTurn.SHORT: "缺貨",
    FulfilmentTurn.PICKED: "揀貨",
    FulfilmentTurn.REFUSED: "不符",
    FulfilmentTurn.VERIFIED: "驗證",
    FulfilmentTurn.PACKED: "包裝",
    FulfilmentTurn.SORTED: "分揀",
    FulfilmentTurn.LOADED: "裝車",
    FulfilmentTurn.UNLOADED: "卸下",
    FulfilmentTurn.DEPARTED: "出發",
    FulfilmentTurn.RELABELLED: "換標籤",
    FulfilmentTurn.REDUCED: "減少",
    FulfilmentTurn.STOPPED: "全部不出貨",
    FulfilmentTurn.EMPTIED: "清空",
    FulfilmentTurn.RESTORED: "其餘續出",
}
_MEANINGS: dict[Less | Elsewhere, str] = {
    Less.FREED: "恢復可用",
    Less.WITHDRAWN: "不再揀；已在物流箱內則放回",
    Less.PULLED: "讀取門拒收物流箱；放回",
    Less.UNPACKED: "送往品檢道口，拆開並放回",
    Less.STOPPED: "月台門顯示裝錯；拆開並放回",
    Less.REMOVED: "月台門要求卸下；拆開並放回",
    Less.INTERCEPTED: "請承運商送回；不行則辦退貨",
    Less.NOTHING: "與先前相同",
    Elsewhere.PLANNED: "重新規劃",
    Elsewhere.WAVE: "重新規劃；承運商不變則留在原波次",
    Elsewhere.TOTE: "重新規劃；物流箱不變",
    Elsewhere.LABEL: "換新標籤，舊標籤作廢",
    Elsewhere.REMOVED: "月台門要求卸下；換新標籤",
    Elsewhere.REDIRECTED: "請承運商改送",
    Elsewhere.NOTHING: "無",
}
_HEADS: dict[Language, dict[str, tuple[str, ...]]] = {
    "en": {
        "moments": ("fulfilment is", "less of it", "another address or service", "merge", "yes", "no"),
        "rules": ("code", "it", "what people read", "holds", "warns"),
    },
    "zh-Hant": {
        "moments": ("出貨單", "減少", "換地址或服務", "合併", "可", "不可"),
        "rules": ("代碼", "結果", "顯示文字", "攔下", "提醒"),
    },
}


def parts(language: Language) -> dict[str, str]:
    """The written parts of a page, by their names."""
    english, heads = language == "en", _HEADS[language]
    *moments, yes, no = heads["moments"]
    *rules, holds, warns = heads["rules"]

    def state(one: FulfilmentState) -> str:
        return one if english else WORDS[f"fulfilment.{one}"][1]

    def means(one: Less | Elsewhere) -> str:
        return one if english else _MEANINGS[one]

    return {
        "stages": _diagram(ORDER_ARROWS.items(), list(OrderStage), "order-stage", {} if english else _ORDER_TURNS),
        "fulfilments": _diagram(
            FULFILMENT_ARROWS.items(), list(FulfilmentState), "fulfilment", {} if english else _FULFILMENT_TURNS
        ),
        "moments": _table(
            moments,
            (
                (state(one), means(meaning.less), means(meaning.elsewhere), yes if meaning.merge else no)
                for one, meaning in MOMENTS.items()
            ),
        ),
        "rules": _table(
            rules,
            (
                (f"`{rule}`", {"hold": holds, "warn": warns}[WEIGHTS[rule]], WORDS[f"review.{rule}"][not english])
                for rule in ReviewRule
            ),
        ),
    }


def _diagram(
    arrows: Iterable[tuple[tuple[StrEnum, StrEnum], StrEnum]],
    states: list[StrEnum],
    words: str,
    turns_said: Mapping[StrEnum, str],
) -> str:
    """``words``: what the words of the states are called; ``turns_said``: in Chinese, empty = all is English."""
    labels: dict[tuple[StrEnum, StrEnum], list[str]] = {}
    for (start, turn), end in arrows:
        labels.setdefault((start, end), []).append(turns_said.get(turn, turn.value))
    named = [f'    state "{WORDS[f"{words}.{one}"][1]}" as {one}' for one in states] if turns_said else []
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            *named,
            f"    [*] --> {states[0]}",
            *(f"    {start} --> {end}: {' / '.join(turns)}" for (start, end), turns in labels.items()),
            "```\n",
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * lines[0].count(" | ") + "|---|", *lines[1:], ""])


def main() -> int:
    """Writes the parts of the pages, or compares them."""
    pages: dict[Path, str] = {}
    for language, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        for name, part in parts(language).items():
            begin = BEGIN.format(name)
            before, found, rest = text.partition(begin)
            if not found:
                print(f"{path}: no place for {name}: {begin}", file=sys.stderr)
                return 1
            text = before + begin + part + END + rest.partition(END)[2]
        pages[path] = text
    return write_or_check(pages, "tables")


if __name__ == "__main__":
    sys.exit(main())
