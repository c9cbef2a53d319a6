"""What engineers read about codes and reasons is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from edge.core.alarms.rules import RULES, SUPPRESSED_BY
from edge.core.events import AnomalyCode, RouteReason
from edge.core.values.alarm import RATES, AlarmKind, AlarmRule, AlarmState


def listed(page: str, heading: str) -> set[str]:
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))


def test_the_operations_page_names_every_code(project: Path) -> None:
    page = (project / "docs" / "operations.md").read_text(encoding="utf-8")
    assert listed(page, "Anomalies") == set(AnomalyCode)
    assert listed(page, "Why a parcel or tote went where it went") == set(RouteReason)


def test_the_page_of_alarms_says_the_rules(project: Path) -> None:
    page = (project / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert listed(page, "Kinds") == set(AlarmKind) == {rule.kind for rule in RULES}
    assert listed(page, "States") == set(AlarmState)
    for rule in RULES:
        assert treated(rule) in page
        assert f"| `{rule.kind}` | {rule.cause} | {rule.consequence} | {rule.action} |\n" in page


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
