"""What people read about codes and reasons is what the code says, in the page for engineers and on the screens."""

from __future__ import annotations

import re
from pathlib import Path

from edge.line.events import AnomalyCode, RouteReason


def listed(page: str, heading: str) -> set[str]:
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))


def test_the_operations_page_names_every_code(project: Path) -> None:
    page = (project / "docs" / "operations.md").read_text(encoding="utf-8")
    assert listed(page, "Anomalies") == set(AnomalyCode)
    assert listed(page, "Why a parcel or tote went where it went") == set(RouteReason)


def test_the_screens_have_words_for_every_code_in_both_languages(project: Path) -> None:
    words = (project / "api" / "web" / "words.js").read_text(encoding="utf-8")
    for code in AnomalyCode:
        assert words.count(f'"anomaly.{code}"') == 2, code
