"""What engineers read about codes and reasons is what the code says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from api.navigation import PAGES
from edge.core.alarms.rules import RULES, SUPPRESSED_BY
from edge.core.alarms.words import ALARM_WORDS
from edge.core.events import AnomalyCode, RouteReason
from edge.core.values.alarm import RATES, AlarmKind, AlarmRule, AlarmState
from edge.core.values.verdicts import GateVerdict
from edge.orders.stock import MovementKind
from edge.views.words.table import LANGUAGES, Language, language


def listed(page: str, heading: str) -> set[str]:
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "anomalies", "reasons"),
    [
        ("operations.md", "Anomalies", "Why a parcel or tote went where it went"),
        ("operations.zh-Hant.md", "異常", "包裹或物流箱為何去那裡"),
    ],
)
def test_the_operations_page_names_every_code(project: Path, name: str, anomalies: str, reasons: str) -> None:
    page = (project / "docs" / name).read_text(encoding="utf-8")
    assert listed(page, anomalies) == set(AnomalyCode)
    assert listed(page, reasons) == set(RouteReason)
    said = language("zh-Hant" if "zh-Hant" in name else "en")
    assert all(f"\n| `{code}` | {said[f'anomaly.{code}']} | " in page for code in AnomalyCode)
    assert all(f"\n| `{reason}` | {said[f'reason.{reason}']} | " in page for reason in RouteReason)


@pytest.mark.parametrize(
    ("name", "headings"),
    [
        ("alarms.md", ("Kinds", "What people are told", "States")),
        ("alarms.zh-Hant.md", ("種類", "給人看的內容", "狀態")),
    ],
)
def test_the_page_of_alarms_names_every_kind_and_state(
    project: Path, name: str, headings: tuple[str, str, str]
) -> None:
    page = (project / "docs" / name).read_text(encoding="utf-8")
    assert listed(page, headings[0]) == listed(page, headings[1]) == set(AlarmKind) == {rule.kind for rule in RULES}
    assert listed(page, headings[2]) == set(AlarmState)


def test_the_page_of_alarms_says_the_rules(project: Path) -> None:
    page = (project / "docs" / "alarms.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert treated(rule) in page
        title = ALARM_WORDS[f"alarm.{rule.kind}"][0]
        assert f"| `{rule.kind}` | {title} | {rule.cause} | {rule.consequence} | {rule.action} |\n" in page


def test_pages_in_two_languages_lead_to_each_other_and_have_the_same_parts(project: Path) -> None:
    folder = project / "docs"
    for name in ("operations", "alarms", "dock", "orders", "stock"):
        english, chinese = ((folder / f"{name}{end}").read_text(encoding="utf-8") for end in (".md", ".zh-Hant.md"))
        assert f"*[繁體中文]({name}.zh-Hant.md)*" in english
        assert f"*[English]({name}.md)*" in chinese
        for part in (r"^#+ ", r"^\| ", r"^```\w*$", r"^!\["):
            assert len(re.findall(part, english, re.MULTILINE)) == len(re.findall(part, chinese, re.MULTILINE)), part


@pytest.mark.parametrize("to", LANGUAGES)
def test_verdicts_at_doors_and_movements_of_stock_are_called_as_on_their_pages(project: Path, to: Language) -> None:
    end, said = ("" if to == "en" else f".{to}"), language(to)
    for name, table, kinds in (("dock", "dock.verdict", GateVerdict), ("stock", "stock.movement", MovementKind)):
        page = (project / "docs" / f"{name}{end}.md").read_text(encoding="utf-8")
        assert all(f"\n| `{one}` | {said[f'{table}.{one}']} | " in page for one in kinds)


def treated(rule: AlarmRule) -> str:
    """The rule's row after its place."""
    delays = f"{rule.on_delay_us / 1e6:g} s, {rule.off_delay_us / 1e6:g} s"
    if rule.kind in RATES:
        delays = f"{rule.limit:.0%} of 50, over at {rule.limit - rule.deadband:.0%}"
    hidden = ", ".join(f"`{kind}`" for kind in SUPPRESSED_BY.get(rule.kind, ())) or "-"
    return f" | {rule.priority} | {delays}{', latched' if rule.latched else ''} | {hidden} |\n"


def test_every_decision_record_has_a_state_and_a_date_and_stands_in_the_index(project: Path) -> None:
    folder = project / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for page in folder.glob("0*.md"):
        text = page.read_text(encoding="utf-8")
        title = re.match(r"# (\d{4} .*)\n", text)
        state = re.search(r"^(Accepted|Replaced by \d{4}), (\d{4}-\d\d-\d\d)\.$", text, re.MULTILINE)
        assert title and state, page
        number, decision = title[1].split(" ", 1)
        assert f"| [{number}]({page.name}) | {decision} | {state[1].lower()} | {state[2]} |\n" in index


def test_each_point_of_security_names_a_test_that_there_is(project: Path) -> None:
    whole = (project / "docs" / "security.md").read_text(encoding="utf-8")
    page = whole.partition("\n## Twenty-four points\n")[2]
    points = re.findall(r"^\| (\d+) \| .* \| (`.*`) \|$", page, re.MULTILINE)
    assert [int(number) for number, _ in points] == list(range(1, 25))
    for _, named in points:
        for file, test in re.findall(r"`(test_\w+\.py)::(test_\w+)`", named):
            assert re.search(
                rf"^def {test}\(", Path(__file__).with_name(file).read_text(encoding="utf-8"), re.MULTILINE
            ), test
        assert "::" in named
    tests = "\n".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert all(f"\ndef {name}(" in tests for name in re.findall(r"`(test_\w+)`", whole))


def test_every_page_is_described_and_pictured_in_both_languages(project: Path) -> None:
    sys.path.insert(0, str(project / "scripts"))
    try:
        from page_pictures import DRAWN, STORIES, name_of
    finally:
        sys.path.pop(0)
    for of, words in (("", "en"), (".zh-Hant", "zh-Hant")):
        text = (project / "docs" / f"pages{of}.md").read_text(encoding="utf-8")
        for page in PAGES:
            assert f"`{page.path}`" in text, page.path
        for name in (*STORIES, *(name_of(page.path) for page in DRAWN)):
            assert f"pictures/pages/{name}.{words}.webp" in text, name
            assert (project / "docs/pictures/pages" / f"{name}.{words}.webp").is_file(), "make pictures"
