"""Writes the tables and the states of docs/alarms.md, in both languages, from what decides; --check compares.

Public names: kinds, told, states, diagram, main.
"""

from __future__ import annotations

import sys
from pathlib import Path

from written_pages import write_or_check

from edge.core.alarms.alarms import BY_HAND, BY_ITSELF, REQUESTS, Course
from edge.core.alarms.rules import RULES, SUPPRESSED_BY
from edge.core.values.alarm import RATES, AlarmAction, AlarmKind, AlarmRule, AlarmState
from edge.views.words.phrase import phrase
from edge.views.words.table import LANGUAGES, Language, say

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "alarms.md", "zh-Hant": DOCS / "alarms.zh-Hant.md"}
END = "<!-- end -->\n"
SHOWN = [state for state in AlarmState if state not in BY_HAND and state is not AlarmState.SUPPRESSED]
"""The states in the diagram's box: an arrow from the box is one from each of them."""

_Said = tuple[str, str]  # in the order of LANGUAGES
_PLC, _READER, _SCANNER = ("PLC", "PLC"), ("reader", "讀取器"), ("barcode scanner", "條碼掃描器")
_CONTROLLER, _LINE = ("controller", "控制器"), ("line", "產線")
_PLACES: dict[AlarmKind, _Said] = {
    AlarmKind.READER_DOWN: _READER,
    AlarmKind.SCANNER_DOWN: _SCANNER,
    AlarmKind.SCANNER_REFUSED: _SCANNER,
    AlarmKind.READER_FLOODS: _READER,
    AlarmKind.SITE_STORE_DOWN: _CONTROLLER,
    AlarmKind.FEED_CHANGED: _CONTROLLER,
    AlarmKind.PROGRAM_FAULT: _CONTROLLER,
    AlarmKind.JOURNAL_DOWN: _CONTROLLER,
    AlarmKind.JOURNAL_FULL: _CONTROLLER,
    AlarmKind.DISK_LOW: _CONTROLLER,
    AlarmKind.DISK_SLOW: _CONTROLLER,
    AlarmKind.FILE_DAMAGED: _CONTROLLER,
    AlarmKind.CONFIG_REFUSED: _CONTROLLER,
    AlarmKind.NO_STANDBY: _CONTROLLER,
    AlarmKind.TARGET_DOWN: ("publisher", "發布器"),
    AlarmKind.JAM: ("PLC and photo-eye", "PLC 與光電感測器"),
    AlarmKind.LANE_FULL: ("line and lane", "產線與道口"),
    AlarmKind.NO_READS: _LINE,
    AlarmKind.TOTES_REFUSED: ("line, totes only", "產線，僅物流箱"),
    AlarmKind.MISSORTS: _LINE,
    AlarmKind.DEFAULTS: _LINE,
    AlarmKind.UNCONFIRMED: _LINE,
    AlarmKind.CERTIFICATE_ENDS: ("device, as `plc.sorter`", "設備，如 `plc.sorter`"),
    AlarmKind.WRONG_LOAD: ("dock door", "月台門"),
}
"""What the name's second half is, where it is not a PLC."""

_MEANT: dict[AlarmState, _Said] = {
    AlarmState.NORMAL: ("it is not so, and nobody needs to do anything", "沒有發生，不必處理"),
    AlarmState.UNACKNOWLEDGED: ("it is so, and people are called", "正在發生，等人處理"),
    AlarmState.ACKNOWLEDGED: ("it is so, and somebody has said that they know", "正在發生，已有人表示知道"),
    AlarmState.RETURNED: ("it is over, and nobody has said that they know", "已恢復，但沒有人表示知道"),
    AlarmState.LATCHED_UNACKNOWLEDGED: (
        "it is over; it waits for an acknowledgement and then a reset",
        "已恢復；等人確認，之後重設",
    ),
    AlarmState.LATCHED: ("it is over and acknowledged; it waits for its reset", "已恢復且已確認；等人重設"),
    AlarmState.SHELVED: ("an operator made it silent for a limited time", "操作員使其靜音一段時間"),
    AlarmState.SUPPRESSED: (
        "suppressed by design: it is so because of another alarm, which is shown instead",
        "依設計隱藏：因另一則警報而發生，只顯示那一則",
    ),
    AlarmState.OUT_OF_SERVICE: ("silent until it is put in service again", "靜音，直到有人恢復警報"),
}
_COURSES: dict[Course, str] = {
    Course.ACTIVE: "發生",
    Course.HIDDEN: "因另一則警報而發生",
    Course.OVER: "恢復",
    Course.OVER_LATCHED: "恢復，須重設",
}
_BOX: dict[Language, str] = {"en": "shown", "zh-Hant": '"列出" as shown'}
_TABLES: dict[str, dict[Language, str]] = {
    "kinds": {
        "en": "| kind | place | priority | delays or limits | hidden by |\n|---|---|---|---|---|\n",
        "zh-Hant": "| 種類 | 位置 | 優先 | 延遲或限值 | 由何者隱藏 |\n|---|---|---|---|---|\n",
    },
    "told": {
        "en": "| kind | title | cause | consequence | action |\n|---|---|---|---|---|\n",
        "zh-Hant": "| 種類 | 名稱 | 原因 | 後果 | 處理方式 |\n|---|---|---|---|---|\n",
    },
    "states": {
        "en": "| state | on the pages | meaning |\n|---|---|---|\n",
        "zh-Hant": "| 狀態 | 頁面上 | 意義 |\n|---|---|---|\n",
    },
}


def kinds(language: Language) -> str:
    """How each kind is treated, in Markdown."""
    rows = (
        f"| `{rule.kind}` | {_in(language, _PLACES.get(rule.kind, _PLC))} "
        f"| {say(phrase(f'alarms.priority.{rule.priority}'), language)} | {_delays(rule, language)} "
        f"| {', '.join(f'`{kind}`' for kind in SUPPRESSED_BY.get(rule.kind, ())) or '-'} |\n"
        for rule in RULES
    )
    return _TABLES["kinds"][language] + "".join(rows)


def _delays(rule: AlarmRule, language: Language) -> str:
    if rule.kind in RATES:
        bad, good = f"{rule.limit:.0%}", f"{rule.limit - rule.deadband:.0%}"
        return _in(language, (f"{bad} of 50, over at {good}", f"50 件中 {bad}，降至 {good} 恢復"))
    on, off = f"{rule.on_delay_us / 1e6:g}", f"{rule.off_delay_us / 1e6:g}"
    return _in(language, (f"{on} s, {off} s", f"{on} 秒，{off} 秒")) + (
        _in(language, (", latched", "，須重設")) if rule.latched else ""
    )


def told(language: Language) -> str:
    """What people are told about each kind, in Markdown."""
    parts = ("", ".cause", ".consequence", ".action")
    rows = (
        f"| `{rule.kind}` | {' | '.join(say(phrase(f'alarm.{rule.kind}{part}'), language) for part in parts)} |\n"
        for rule in RULES
    )
    return _TABLES["told"][language] + "".join(rows)


def states(language: Language) -> str:
    """The states and what they mean, in Markdown."""
    rows = (
        f"| `{state}` | {say(phrase(f'alarms.state.{state}'), language)} | {_in(language, _MEANT[state])} |\n"
        for state in AlarmState
    )
    return _TABLES["states"][language] + "".join(rows)


def diagram(language: Language) -> str:
    """What leads from state to state, in Markdown."""
    leads: dict[tuple[str, AlarmState], set[AlarmState]] = {}
    for (state, why), to in (*BY_ITSELF.items(), *REQUESTS.items()):
        leads.setdefault((_why(why, language), to), set()).add(state)
    arrows: dict[tuple[str, str], list[str]] = {}
    for (label, to), starts in leads.items():
        boxed = starts.issuperset(SHOWN)
        for start in ("shown", *(one for one in AlarmState if one in starts and not (boxed and one in SHOWN))):
            if start != "shown" or boxed:
                arrows.setdefault((_id(start), _id(to)), []).append(label)
    aside = () if language == "en" else (state for state in AlarmState if state not in SHOWN)
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            *(f"    {_named(state, language)}" for state in aside),
            f"    state {_BOX[language]} {{",
            f"        [*] --> {_id(AlarmState.NORMAL)}",
            *(f"        {_named(state, language)}" for state in SHOWN),
            "    }",
            *(f"    {start} --> {to}: {' / '.join(labels)}" for (start, to), labels in arrows.items()),
            "```\n",
        ]
    )


def _why(why: Course | AlarmAction, language: Language) -> str:
    """What is written at an arrow: in English as requests and tables have it, in Chinese as the pages' buttons."""
    if language == "en":
        return "unshelve, or its time is over" if why is AlarmAction.UNSHELVE else str(why)
    if isinstance(why, Course):
        return _COURSES[why]
    return say(phrase(f"alarms.ask.{why}"), language) + ("，或時間已到" if why is AlarmAction.UNSHELVE else "")


def _named(state: AlarmState, language: Language) -> str:
    if language == "en":
        return _id(state)
    return f'state "{say(phrase(f"alarms.state.{state}"), language)}" as {_id(state)}'


def _id(state: str) -> str:
    return state.replace("-", "_")


def _in(language: Language, said: _Said) -> str:
    return said[LANGUAGES.index(language)]


_PARTS = {"kinds": kinds, "told": told, "states": states, "diagram": diagram}


def main() -> int:
    """Writes the parts of the pages, or compares them."""
    pages: dict[Path, str] = {}
    for language, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        for name, part in _PARTS.items():
            begin = f"<!-- {name}: written by `make docs` from edge/core/alarms -->\n"
            before, found, rest = text.partition(begin)
            if not found:
                print(f"{path}: has no place for {name}: {begin}", file=sys.stderr)
                return 1
            text = before + begin + part(language) + END + rest.partition(END)[2]
        pages[path] = text
    return write_or_check(pages, "tables")


if __name__ == "__main__":
    sys.exit(main())
