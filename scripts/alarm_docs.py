"""Writes the states of alarms into docs/alarms.md from the tables that decide; with --check fails when they differ.

Public names: states, main.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge.core.alarms.alarms import BY_HAND, BY_ITSELF, REQUESTS
from edge.core.values.alarm import AlarmAction, AlarmState

PAGE = Path(__file__).resolve().parents[1] / "docs" / "alarms.md"
BEGIN, END = "<!-- written by `make docs` from edge/core/alarms/alarms.py -->\n", "<!-- end -->\n"
SHOWN = [state for state in AlarmState if state not in BY_HAND and state is not AlarmState.SUPPRESSED]
"""The states in the diagram's box: an arrow from the box is one from each of them."""


def states() -> str:
    """The diagram in Markdown."""
    leads: dict[tuple[str, AlarmState], set[AlarmState]] = {}
    for (state, why), to in (*BY_ITSELF.items(), *REQUESTS.items()):
        label = "unshelve, or its time is over" if why is AlarmAction.UNSHELVE else str(why)
        leads.setdefault((label, to), set()).add(state)
    arrows: dict[tuple[str, str], list[str]] = {}
    for (label, to), starts in leads.items():
        boxed = starts.issuperset(SHOWN)
        for start in ("shown", *(one for one in AlarmState if one in starts and not (boxed and one in SHOWN))):
            if start != "shown" or boxed:
                arrows.setdefault((_id(start), _id(to)), []).append(label)
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            "    state shown {",
            f"        [*] --> {_id(AlarmState.NORMAL)}",
            *(f"        {_id(state)}" for state in SHOWN),
            "    }",
            *(f"    {start} --> {to}: {' / '.join(labels)}" for (start, to), labels in arrows.items()),
            "```\n",
        ]
    )


def _id(state: str) -> str:
    return state.replace("-", "_")


def main() -> int:
    """Writes the part of the page, or compares it."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    text = before + BEGIN + states() + END + rest.partition(END)[2]
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if page == text:
        return 0
    print(f"{PAGE}: not what the tables say; run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
