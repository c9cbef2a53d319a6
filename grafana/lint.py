"""What is wrong with a dashboard or with alert rules, from their JSON alone: as Grafana would get them.

Public names: problems, rule_problems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

COLUMNS = 24
LONGEST_H = 24
BUILT_IN = frozenset({"__interval", "__interval_ms", "__range_s", "__to", "__value", "__url_time_range", "timeFilter"})
_VARIABLE = re.compile(r"\$\{?(\w+)")
_TAG_ALIAS = re.compile(r"tag_\w+|col")
_Json = dict[str, Any]


def problems(page: _Json) -> Iterator[str]:
    """A line for everything wrong with a dashboard: where, what it is, what is allowed."""
    variables = {one["name"]: one for one in page["templating"]["list"]}
    hours = re.fullmatch(r"now-(\d+)h", page["time"]["from"])
    if hours is None or int(hours[1]) > LONGEST_H or page["time"]["to"] != "now":
        yield f"time {page['time']}: allowed: now-1h..now-{LONGEST_H}h until now"
    used = {"datasource"} & variables.keys()
    asked = [one.get("query") for one in variables.values()]
    for text in _texts([page["panels"], page["annotations"], page["links"], asked]):
        for name in _VARIABLE.findall(text):
            if name in variables:
                used.add(name)
            elif name not in BUILT_IN and not _TAG_ALIAS.fullmatch(name):
                yield f"variable ${name}: unknown, allowed: {', '.join(sorted(variables))}"
    for name in sorted(variables.keys() - used):
        yield f"variable ${name}: nothing uses it"
    numbers = [panel["id"] for panel in page["panels"]]
    if len(set(numbers)) < len(numbers):
        yield f"panels: the same id twice in {numbers}"
    for panel in page["panels"]:
        yield from (f"panel {panel.get('title')!r}: {problem}" for problem in _panel_problems(panel))
    yield from _overlaps(page["panels"])


def rule_problems(file: _Json) -> Iterator[str]:
    """A line for everything wrong with provisioned alert rules."""
    rules = [rule for group in file["groups"] for rule in group["rules"]]
    uids = [rule["uid"] for rule in rules]
    if len(set(uids)) < len(uids):
        yield f"rules: the same uid twice in {uids}"
    for rule in rules:
        here = f"rule {rule['uid']!r}"
        if rule["execErrState"] not in ("KeepLast", "Alerting"):
            yield f"{here}: execErrState {rule['execErrState']!r}: allowed: KeepLast, Alerting"
        parts = {part["refId"]: part for part in rule["data"]}
        if rule["condition"] not in parts:
            yield f"{here}: condition {rule['condition']!r}: allowed: {', '.join(parts)}"
        for part in rule["data"]:
            model = part["model"]
            if part["datasourceUid"] == "__expr__":
                asked = re.findall(r"\$(\w+)", model["expression"]) or [model["expression"]]
                for name in set(asked) - parts.keys():
                    yield f"{here}: expression {name!r}: allowed: {', '.join(parts)}"
            elif not model.get("query", "").strip():
                yield f"{here}: empty query"
            else:
                for name in set(_VARIABLE.findall(model["query"])) - {"timeFilter"}:
                    yield f"{here}: variable ${name}: an alert rule has none"
    if not any(rule["noDataState"] == "Alerting" for rule in rules):
        yield "rules: none takes silence for a fault (noDataState Alerting)"
    if sum(rule["execErrState"] == "Alerting" for rule in rules) != 1:
        yield "rules: one, and only one, must take a database that gives an error for its alert (execErrState Alerting)"


def _panel_problems(panel: _Json) -> Iterator[str]:
    if not panel.get("title"):
        yield "no title"
    place = panel["gridPos"]
    if place["x"] < 0 or place["w"] < 1 or place["x"] + place["w"] > COLUMNS:
        yield f"x {place['x']} and width {place['w']}: allowed: 0..{COLUMNS} together"
    if panel["type"] == "row":
        return
    if not panel.get("description"):
        yield "no description"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "no unit"
    if panel.get("datasource", {}).get("uid") != "${datasource}":
        yield f"data source {panel.get('datasource')}: allowed: ${{datasource}}"
    if not panel.get("targets"):
        yield "no query"
    for target in panel.get("targets", ()):
        if not target.get("query", "").strip():
            yield "empty query"
        if target.get("datasource", {}).get("uid") != "${datasource}":
            yield f"data source of a query {target.get('datasource')}: allowed: ${{datasource}}"
        if "$timeFilter" not in target.get("query", ""):
            yield "a query without $timeFilter reads everything that was ever stored"


def _overlaps(panels: list[_Json]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place, title = panel["gridPos"], panel.get("title", "")
        cells = (
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        )
        others = {taken.setdefault(cell, title) for cell in cells} - {title}
        for other in sorted(others):
            yield f"panel {title!r}: overlaps {other!r}"


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            for one in value.values():
                yield from _texts(one)
        case _:
            pass
