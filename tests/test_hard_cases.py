"""The page of hard cases has each of them, and what it names as shown by a test is one."""

from __future__ import annotations

import re
from pathlib import Path

CASES = 52


def test_every_hard_case_stands_there_with_tests_that_exist(project: Path) -> None:
    page = (project / "docs" / "hard-cases.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| H(\d+) \| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, CASES + 1))
    names = {
        name
        for file in (project / "tests").glob("test_*.py")
        for name in re.findall(r"^(?:def )?(test_\w+|Test\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    shown = {name: number for number, *_, tests in rows for name in re.findall(r"`(\w+)`", tests)}
    assert {name: number for name, number in shown.items() if name not in names} == {}
    assert all(re.search(r"`\w+`", tests) for *_, tests in rows)
