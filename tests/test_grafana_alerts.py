"""Every alert rule over made-up hours: it fires once and in time, and is resolved once, whenever Grafana evaluates."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_alerting import Evaluator, Json, Told, seconds
from influx_peer import Influxd

from grafana.ask import Series, Span, filled_in

BEGIN_S = 1_700_000_400
"""A full ten minutes: every seam of the calendar falls on one of a scenario."""
MINUTE_S = 60
END_S = BEGIN_S + 90 * MINUTE_S
EVERY_S = 30
OFFSETS_S = (0, 10, 20)
FAULTS = {"steady": (1210, 10**9), "seam": (1200, 3000), "ends": (1237, 3011)}
"""From and until which second there is a fault."""

Point = tuple[str, str, str]


def healthy_and_not(at_s: int, *, fault: bool, faulty_s: int) -> Iterator[Point]:
    """What is written every 10 s: measurement, tags, fields; all faults of the table of rules at once."""
    yield "plc", "plc=sorter", f"up={int(not fault)}i,heartbeat_age_us={9_000_000 if fault else 20_000}i"
    yield "plc", "plc=tote1", "up=1i,heartbeat_age_us=20000i"
    yield "reader", "reader=tote1", f"up={int(not fault)}i"
    yield "reaction", "line=sorter,plc=sorter", f"late={int(fault)}i,reaction_us={60_000 if fault else 4_000}i"
    yield "passage", "line=tote1,portal=tote1", f"empty={int(fault and at_s // 10 % 4 == 0)}i"
    yield "outcome", "line=sorter,lane=1", f"bad={int(fault and at_s % 20 == 0)}i"
    yield "alarm", "alarm=a,kind=jam", f"annunciated={int(fault and at_s % 20 == 0)}i"
    yield "backlog", "follower=influx", f"records={60_000 if fault else 3}i"
    yield "publisher", "publisher=influx,kind=influx", f"up=1i,set_aside={faulty_s // 10}i"
    yield "order_flow", "stage=held", f"orders=3i,oldest_us={5 * 3_600_000_000 if fault else 60_000_000}i"
    for stage, hours in (("labelled", 3), ("sorted", 30), ("case-overdue", 2), ("untold", 1)):
        waits_us = hours * 3_600_000_000 if fault else 0
        yield "order_flow", f"stage={stage}", f"orders={int(fault)}i,oldest_us={waits_us}i"
    yield "pickup", "carrier=SF,service=express", f"open=9i,missed={int(fault)}i"
    yield "late_forecast", "reason=all", f"orders={3 * fault}i"
    yield "kpi", "kpi=on-time-departed,dimension=site", f"value={0.5 if fault else 0.99}"
    yield "kpi", "kpi=parcel-trouble,dimension=site", f"value={0.05 if fault else 0.001}"
    yield "controller", "", f"journal_records={at_s}i,disk_free_bytes={9e8 if fault else 4e9}"


class Floor:
    """An influxd with an hour and a half for each scenario, and what rules are told from it."""

    def __init__(self, influxd: Influxd) -> None:
        self._influxd = influxd

    def write(self, database: str, points: Iterator[tuple[int, str, Point]]) -> None:
        self._influxd.query(f"CREATE DATABASE {database}")
        lines = [
            f"{name},site=demo,controller={controller}{',' if tags else ''}{tags} {fields} {at_s}000000000".encode()
            for at_s, controller, (name, tags, fields) in points
        ]
        self._influxd.write(database, lines)

    def told(self, rule: Json, database: str, offset_s: int, *, dead: range = range(0)) -> list[Told]:
        """All that people are told of a rule. ``dead``: while the database gives errors."""
        evaluator = Evaluator(rule)
        times = [at_s + offset_s for at_s in range(BEGIN_S, END_S, EVERY_S)]
        parts = [part for part in rule["data"] if part["datasourceUid"] != "__expr__"]
        queries = [
            filled_in(part["model"]["query"], Span((at_s - part["relativeTimeRange"]["from"]) * 1000, at_s * 1000), {})
            for at_s in times
            for part in parts
        ]
        answers = iter(self._ask(database, queries))
        for at_s in times:
            found = {part["refId"]: next(answers) for part in parts}
            evaluator.evaluate(at_s, None if at_s in dead else found)
        return evaluator.told

    def _ask(self, database: str, queries: list[str]) -> Iterator[list[Series]]:
        url = f"http://127.0.0.1:{self._influxd.port}/query"
        for at in range(0, len(queries), 60):
            asked = urllib.parse.urlencode({"db": database, "epoch": "ms", "q": ";".join(queries[at : at + 60])})
            with urllib.request.urlopen(url, asked.encode(), timeout=120) as answer:
                for result in json.load(answer)["results"]:
                    assert "error" not in result, result
                    yield [
                        Series(
                            one["name"], one.get("tags", {}), tuple(one["columns"]), tuple(map(tuple, one["values"]))
                        )
                        for one in result.get("series", ())
                    ]


@pytest.fixture(scope="module")
def floor(peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    influxd = Influxd(peer("influxd"), tmp_path_factory.mktemp("influxd"))
    influxd.start()
    floor = Floor(influxd)
    times = range(BEGIN_S - 1200, END_S, 10)
    for name, (from_s, until_s) in FAULTS.items():

        def points(from_s: int = from_s, until_s: int = until_s) -> Iterator[tuple[int, str, Point]]:
            for at_s in times:
                since_s = at_s - BEGIN_S
                fault, faulty_s = from_s <= since_s < until_s, max(0, min(since_s, until_s) - from_s)
                for point in healthy_and_not(at_s, fault=fault, faulty_s=faulty_s):
                    yield at_s + 3, "edge1", point

        floor.write(name, points())
    try:
        yield floor
    finally:
        influxd.kill()


def rules(project: Path) -> dict[str, Json]:
    file: dict[str, Any] = json.loads((project / "grafana/provisioning/alerting/rules.yaml").read_text())
    assert file["groups"][0]["interval"] == f"{EVERY_S}s"
    return {rule["uid"].removeprefix("lanewise-"): rule for rule in file["groups"][0]["rules"]}


OF_SILENCE = {"line-data-stale", "publisher-stale", "database-unreachable", "order-flow-stale"}


def test_every_rule_fires_once_in_time_and_is_resolved_once(project: Path, floor: Floor) -> None:
    wrong = []
    for name, rule in rules(project).items():
        over_s = rule["data"][0]["relativeTimeRange"]["from"]
        for scenario, (from_s, until_s) in FAULTS.items():
            for offset_s in OFFSETS_S:
                told = floor.told(rule, scenario, offset_s)
                expected = [] if name in OF_SILENCE else [True] if scenario == "steady" else [True, False]
                if [one.fires for one in told] != expected:
                    wrong.append(f"{name}, {scenario}, {offset_s} s: {[(at - BEGIN_S, up) for at, _, up in told]}")
                elif told:
                    latest = BEGIN_S + from_s + over_s + seconds(rule["for"]) + 2 * EVERY_S
                    assert BEGIN_S + from_s <= told[0].at_s <= latest, (name, scenario, told)
                    assert len(told) == 1 or told[1].at_s <= BEGIN_S + until_s + over_s + 3 * EVERY_S, (name, told)
    assert not wrong, "\n".join(wrong)
    assert len(rules(project)) == 24


def living(at_s: int) -> list[Point]:
    return [
        point for point in healthy_and_not(at_s, fault=False, faulty_s=0) if point[0] in ("controller", "publisher")
    ]


@pytest.mark.parametrize("offset_s", OFFSETS_S)
@pytest.mark.parametrize(("silent", "called"), [("controller", "line-data-stale"), ("both", "publisher-stale")])
def test_who_is_silent_is_told_truly(silent: str, called: str, offset_s: int, project: Path, floor: Floor) -> None:
    """One of two controllers falls silent after ten minutes: one alert, for it alone, that stays; none flickers."""
    database = f"silent_{silent}_{offset_s}"

    def points() -> Iterator[tuple[int, str, Point]]:
        for at_s in range(BEGIN_S - 1200, END_S, 10):
            for controller in ("edge1", "edge2"):
                for point in living(at_s):
                    gone = controller == "edge1" and at_s >= BEGIN_S + 607
                    if not gone or (silent == "controller" and point[0] == "publisher"):
                        yield at_s, controller, point

    floor.write(database, points())
    for name in sorted(OF_SILENCE):
        told = floor.told(rules(project)[name], database, offset_s)
        assert [(dict(one.labels)["controller"], one.fires) for one in told] == (
            [("edge1", True)] if name == called else []
        )
        assert all(one.at_s <= BEGIN_S + 607 + 330 for one in told)


def test_a_dead_database_is_told_once_by_one_rule(project: Path, floor: Floor) -> None:
    dead = range(BEGIN_S + 3100, BEGIN_S + 4000)
    for name, rule in rules(project).items():
        if name in ("plc-link", "backlog", *OF_SILENCE):
            told = floor.told(rule, "steady", 10, dead=dead)
            during = [one.fires for one in told if one.at_s >= BEGIN_S + 3100]
            assert during == ([True, False] if name == "database-unreachable" else []), (name, told)
