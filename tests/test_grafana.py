"""The dashboards: every query gives rows of real points in InfluxDB, and the lint finds what must not be."""

from __future__ import annotations

import copy
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_schema import PANELS, grafana_schema
from influx_peer import Influxd
from jsonschema import Draft7Validator
from telemetry_day import day

from edge.publish.line_protocol import LineEncoder
from grafana.ask import Span, ask, filled_in
from grafana.influxql import SCOPES
from grafana.lint import problems, rule_problems

Page = dict[str, Any]
DATABASE = "lanewise"


@pytest.fixture(scope="module")
def filled(
    project: Path, peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Span]]:
    """The URL of an InfluxDB with a short day in it, and when that day was."""
    points = day(project)
    times = [point.time_ns // 1_000_000 for point in points]
    influxd = Influxd(peer("influxd"), tmp_path_factory.mktemp("influxd"))
    influxd.start()
    try:
        influxd.query(f"CREATE DATABASE {DATABASE}")
        influxd.write(DATABASE, LineEncoder(("demo", "edge1")).lines(points))
        yield f"http://127.0.0.1:{influxd.port}", Span(min(times), max(times))
    finally:
        influxd.kill()


def pages(project: Path) -> list[Page]:
    files = sorted((project / "grafana" / "dashboards").rglob("*.json"))
    assert len(files) == 20
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def queries(page: Page) -> Iterator[tuple[str, str]]:
    """Every query of a page with its place."""
    for panel in page["panels"]:
        for target in panel.get("targets", ()):
            yield f"{page['title']}: {panel['title']}", target["query"]
    for mark in page["annotations"]["list"]:
        yield f"{page['title']}: {mark['name']}", mark["target"]["query"]
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            yield f"{page['title']}: ${variable['name']}", variable["query"]


def test_every_query_gives_rows(project: Path, filled: tuple[str, Span]) -> None:
    url, span = filled
    routed = ask(url, DATABASE, 'SELECT last("track") FROM "outcome" WHERE "line" = \'sorter\' AND "bad" = 0')
    variables = dict.fromkeys((*SCOPES, "subject"), ".*") | {"track": str(routed[0].rows[0][1])}
    empty, count = [], 0
    for page in pages(project):
        for place, query in queries(page):
            asked = filled_in(query, span, variables)
            assert "$" not in asked.replace("$/", ""), asked
            answer = ask(url, DATABASE, asked)
            if not any(value is not None for one in answer for row in one.rows for value in row[1:]):
                empty.append(f"{place}: {asked}")
            count += 1
    for rule in rules(project)["groups"][0]["rules"]:
        asked = filled_in(rule["data"][0]["model"]["query"], span, {})
        if not any(one.rows for one in ask(url, DATABASE, asked)):
            empty.append(f"{rule['title']}: {asked}")
        count += 1
    assert not empty, "\n".join(empty)
    assert count > 300


def rules(project: Path) -> Page:
    file: Page = json.loads((project / "grafana/provisioning/alerting/rules.yaml").read_text(encoding="utf-8"))
    return file


FAULTS: dict[str, tuple[Callable[[Page], object], str]] = {
    "overlap": (lambda page: panel(page)["gridPos"].update(y=2), "overlaps"),
    "off the page": (lambda page: panel(page)["gridPos"].update(x=20, w=8), "allowed: 0..24"),
    "no title": (lambda page: panel(page).update(title=""), "no title"),
    "no description": (lambda page: panel(page).pop("description"), "no description"),
    "no unit": (lambda page: panel(page)["fieldConfig"]["defaults"].pop("unit"), "no unit"),
    "a data source by name": (lambda page: panel(page)["datasource"].update(uid="mine"), "data source"),
    "no query": (lambda page: panel(page).update(targets=[]), "no query"),
    "empty query": (lambda page: panel(page)["targets"][0].update(query=" "), "empty query"),
    "all of time": (lambda page: panel(page)["targets"][0].update(query="SELECT 1"), "$timeFilter"),
    "unknown variable": (lambda page: page["links"][0].update(url="${nowhere}"), "$nowhere: unknown"),
    "unused variable": (lambda page: page["templating"]["list"].append({"name": "idle"}), "$idle: nothing uses it"),
    "too long": (lambda page: page["time"].update({"from": "now-7d"}), "allowed: now-1h..now-24h"),
    "an id twice": (lambda page: panel(page).update(id=1), "same id twice"),
}


def panel(page: Page) -> Page:
    found: Page = next(one for one in reversed(page["panels"]) if one["type"] == "timeseries")
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_the_lint_finds(fault: str, project: Path) -> None:
    page = pages(project)[0]
    assert not list(problems(page))
    plant, said = FAULTS[fault]
    plant(page)
    assert any(said in problem for problem in problems(page)), list(problems(page))


def test_the_lint_finds_faults_of_alert_rules(project: Path) -> None:
    good = rules(project)
    assert not list(rule_problems(good))
    for key, value in (("execErrState", "OK"), ("condition", "Z"), ("uid", good["groups"][0]["rules"][1]["uid"])):
        bad = copy.deepcopy(good)
        bad["groups"][0]["rules"][0][key] = value
        assert list(rule_problems(bad)), key
    for model in ({"query": ""}, {"query": "SELECT ${line}"}):
        bad = copy.deepcopy(good)
        bad["groups"][0]["rules"][0]["data"][0]["model"] = model
        assert list(rule_problems(bad)), model
    for rule in good["groups"][0]["rules"]:
        rule["noDataState"] = "OK"
    assert "silence" in "".join(rule_problems(good))


def test_both_languages_ask_the_same(project: Path) -> None:
    folders = [project / "grafana" / "dashboards" / language for language in ("en", "zh-Hant")]
    for english in folders[0].iterdir():
        pair = [json.loads((folder / english.name).read_text(encoding="utf-8")) for folder in folders]
        assert [list(map(str, panel["targets"])) for panel in pair[0]["panels"] if "targets" in panel] == [
            list(map(str, panel["targets"])) for panel in pair[1]["panels"] if "targets" in panel
        ]
        chinese = [text for one in pair[1]["panels"] for text in (one["title"], one.get("description", "件"))]
        assert all(any("一" <= letter <= "鿿" for letter in text) or text == "PLC" for text in chinese), chinese


def test_what_grafana_is_provisioned_with_fits_compose(project: Path) -> None:
    """Folders, secrets, addresses and variables that one file names are those of the other."""
    provisioning = project / "grafana" / "provisioning"
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in provisioning.glob("*/*.yaml")}
    compose = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    grafana = compose["services"]["grafana"]
    mounted = {inside: project / here for here, inside, *_ in (one.split(":") for one in grafana["volumes"])}
    assert (mounted["/etc/grafana/provisioning"] / "datasources").is_dir()
    (source,) = (yaml.safe_load(path.read_text()) for path in provisioning.glob("datasources/*.yaml"))
    (source,) = source["datasources"]
    secret = re.fullmatch(r"\$__file\{/run/secrets/(\w+)\}", source["secureJsonData"]["basicAuthPassword"])
    assert secret is not None and secret[1] in {one["target"] for one in grafana["secrets"] if isinstance(one, dict)}
    assert source["url"] == "http://influxdb:8086"
    asked = {part["datasourceUid"] for rule in rules(project)["groups"][0]["rules"] for part in rule["data"]}
    assert asked == {source["uid"], "__expr__"}
    known = {(page["uid"], str(panel["id"])) for page in pages(project) for panel in page["panels"]}
    for rule in rules(project)["groups"][0]["rules"]:
        assert (rule["annotations"]["__dashboardUid__"], rule["annotations"]["__panelId__"]) in known
    (receiver,) = files["contact"]["contactPoints"][0]["receivers"]
    assert receiver["settings"]["url"].lstrip("$") in grafana["environment"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    inside, dashboards = next((inside, here) for inside, here in mounted.items() if home.startswith(inside))
    assert (dashboards / home.removeprefix(inside).lstrip("/")).is_file()
    for path in provisioning.glob("dashboards/*.yaml"):
        for provider in yaml.safe_load(path.read_text())["providers"]:
            folder = dashboards / provider["options"]["path"].removeprefix(inside).lstrip("/")
            assert len(list(folder.glob("*.json"))) == 10, folder


def test_every_page_has_its_picture(project: Path) -> None:
    """Drawn when the page was as it is: with these panels under these titles."""
    for file in sorted((project / "grafana" / "dashboards").rglob("*.json")):
        page = json.loads(file.read_text(encoding="utf-8"))
        name = f"{file.stem}.{file.parent.name}.svg"
        drawn = html.unescape((project / "docs" / "pictures" / "dashboards" / name).read_text(encoding="utf-8"))
        for text in (page["title"], *(panel["title"].partition("${")[0] for panel in page["panels"])):
            assert text in drawn, f"{name}: {text}: python scripts/dashboard_pictures.py"


def test_pages_are_what_grafana_says_they_are(
    project: Path, peer: Callable[[str], str], npm: Callable[[str], Path], tmp_path: Path
) -> None:
    schema = grafana_schema(npm("grafana-schema"), peer("node"), tmp_path)

    def holds(value: object, *place: str) -> None:
        part = schema["definitions"]["Everything"]
        for name in place:
            part = part["properties"][name]
        found = Draft7Validator({**part, "definitions": schema["definitions"]}).iter_errors(value)
        wrong = [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:2000]}" for error in found]
        assert not wrong, "\n".join(wrong)

    used = set()
    for page in pages(project):
        for mark in page["annotations"]["list"]:
            del mark["target"]  # the type has only that of Grafana's own data source
        holds(page, "dashboard")
        for one in page["panels"]:
            if one["type"] != "row":
                used.add(one["type"])
                holds(one["options"], one["type"], "options")
                if PANELS[one["type"]]:
                    holds(one["fieldConfig"]["defaults"].get("custom", {}), one["type"], "custom")
    assert used == set(PANELS)
    page["panels"][1]["gridPos"]["w"] = "wide"
    with pytest.raises(AssertionError, match="gridPos"):
        holds(page, "dashboard")
