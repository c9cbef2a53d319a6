"""What Grafana's own code makes of every panel, from a real database: names, units, gaps, colours, days of nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from grafana_panels import Asked, Judge, asked, chosen
from influx_peer import Influxd
from pure_site import example
from telemetry_day import day, lives

from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.schema import SeriesPoint
from grafana.ask import Span, ask
from grafana.shown import Json, PanelShown, placed

DATABASE = "lanewise"
COLUMN_PX = 60
"""A column of 24 on a screen of 1,440 pixels."""
PIECE_US = 600_000_000
"""How long the day of telemetry_day.py is."""
DEAD = range(2, 5)
"""Which tens of minutes of this hour the controller is dead."""
GOOD = "#7b8794"
LETTER_PX, IDEOGRAPH_PX, PADDING_PX = 6.9, 13.0, 16.0


class Filled(NamedTuple):
    """An influxd with an hour in it, half of which the controller was dead."""

    influxd: Influxd
    url: str
    span: Span
    dead: Span


@pytest.fixture(scope="module")
def filled(project: Path, peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    points = day(project)
    begin_us = min(point.time_ns for point in points) // 1000
    influxd = Influxd(peer("influxd"), tmp_path_factory.mktemp("influxd"))
    influxd.start()
    try:
        influxd.query(f"CREATE DATABASE {DATABASE}")
        for piece in range(6):
            if piece not in DEAD:
                moved = [_moved(point, piece * PIECE_US * 1000) for point in points]
                influxd.write(DATABASE, LineEncoder(("demo", "edge1")).lines(moved))
        begin_ms, piece_ms = begin_us // 1000, PIECE_US // 1000
        dead = Span(begin_ms + DEAD.start * piece_ms + 60_000, begin_ms + DEAD.stop * piece_ms - 60_000)
        yield Filled(influxd, f"http://127.0.0.1:{influxd.port}", Span(begin_ms, begin_ms + 6 * piece_ms), dead)
    finally:
        influxd.kill()


def _moved(point: SeriesPoint, by_ns: int) -> SeriesPoint:
    return point._replace(time_ns=point.time_ns + by_ns)


@pytest.fixture(scope="module")
def judge(npm: Callable[[str], Path], peer: Callable[[str], str]) -> Judge:
    return Judge(npm("grafana-data"), peer("node"))


def pages(project: Path, language: str = "en") -> list[Json]:
    return [json.loads(file.read_text()) for file in sorted((project / "grafana/dashboards" / language).glob("*.json"))]


TYPED = {"subject": "", "track": "7"}


def of_page(filled: Filled, page: Json, span: Span) -> list[Asked]:
    return asked(filled.url, DATABASE, placed(page["panels"], chosen(filled.url, DATABASE, page, span)), span, TYPED)


@pytest.fixture(scope="module")
def hour(project: Path, filled: Filled, judge: Judge) -> dict[str, list[PanelShown]]:
    """Every page over the hour, by its title."""
    titled = [(page["title"], one) for language in ("en", "zh-Hant") for page in pages(project, language)
              for one in of_page(filled, page, filled.span)]  # fmt: skip
    made: dict[str, list[PanelShown]] = {}
    for (title, _), shown in zip(titled, judge.shown([one for _, one in titled], filled.span.to_ms), strict=True):
        made.setdefault(title, []).append(shown)
    return made


def step_ms_of(shown: PanelShown, span: Span) -> int:
    return span.step_s(shown.panel["maxDataPoints"], shown.panel["interval"]) * 1000


def every(hour: dict[str, list[PanelShown]]) -> Iterator[tuple[str, PanelShown]]:
    for page, panels in hour.items():
        for shown in panels:
            yield f"{page}: {shown.title}", shown


def test_tags_are_words(hour: dict[str, list[PanelShown]]) -> None:
    """No lane is written as a percentage or in thousands."""
    wrong = [
        f"{place}: {column.name}: {value} is written {text}"
        for place, shown in every(hour)
        for column in shown.columns
        if column.type == "string"
        for value, text in zip(column.values, column.texts, strict=True)
        if value is not None and text != value and value
    ]
    assert not wrong, wrong


def test_every_column_and_line_has_a_name_of_its_own(hour: dict[str, list[PanelShown]]) -> None:
    raw = re.compile(r"[a-z_]+\.[a-z_]+|[a-z]+(_[a-z]+)+|\$.*|Value|.*\{.*")
    wrong = []
    for place, shown in every(hour):
        assert "${" not in shown.title, place
        names = [column.name for column in shown.columns] or [line.name for line in shown.lines]
        wrong += [f"{place}: {name!r}" for name in names if raw.fullmatch(name) and not name.startswith("drive")]
        wrong += [f"{place}: {name!r} twice" for name in set(names) if names.count(name) > 1]
        titles = {transformed for one in shown.panel.get("transformations", ())
                  for transformed in one["options"].get("renameByName", {}).values()}  # fmt: skip
        wrong += [f"{place}: column {column.name!r}" for column in shown.columns if column.name not in titles]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_cut_off(hour: dict[str, list[PanelShown]]) -> None:
    """A column is as wide as the widest of its numbers and times; names of lines stand where there is room."""
    wrong = []
    for place, shown in every(hour):
        width = shown.panel["gridPos"]["w"] * COLUMN_PX - 32
        free = [column for column in shown.columns if not column.width]
        rest = (width - sum(column.width for column in shown.columns)) / max(1, len(free))
        for column in shown.columns:
            texts = [text for text in column.texts if " " not in text or column.type != "string"]  # sentences wrap
            need = max((_px(text) for text in (column.name, *texts)), default=0) + PADDING_PX
            if need > (column.width or rest) and not column.bar:
                wrong.append(f"{place}: {column.name}: {need:.0f} px of {column.width or rest:.0f}")
        legend = shown.panel["options"].get("legend", {})
        if shown.panel["type"] == "timeseries":
            assert legend["calcs"] == ["lastNotNull"], place
            if len(shown.lines) > 5:
                assert legend["placement"] == "right" and legend["displayMode"] == "table", place
    assert not wrong, "\n".join(wrong)


def _px(text: str) -> float:
    return sum(IDEOGRAPH_PX if letter > "⺀" else LETTER_PX for letter in text)


def test_lines_can_be_told_apart(hour: dict[str, list[PanelShown]]) -> None:
    """By colour and stroke; and no colour of a line is that of a limit."""
    wrong = []
    for place, shown in every(hour):
        if shown.panel["type"] != "timeseries":
            continue
        looks = [(line.color, tuple(line.dash)) for line in shown.lines]
        wrong += [f"{place}: {look} twice" for look in set(looks) if looks.count(look) > 1]
        steps = {step["color"] for step in shown.panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]}
        wrong += [f"{place}: {color}" for color, _ in looks for limit in steps if _distance(color, limit) < 90]
        colors = sorted({color for color, _ in looks})
        wrong += [
            f"{place}: {one} and {other}"
            for at, one in enumerate(colors)
            for other in colors[at + 1 :]
            if _distance(one, other) < 40
        ]
    assert not wrong, "\n".join(wrong)


def _distance(one: str, other: str) -> float:
    return math.dist(*([int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in (one, other)))


def test_points_of_one_axis_have_one_unit(hour: dict[str, list[PanelShown]]) -> None:
    for place, shown in every(hour):
        assert len({line.unit for line in shown.lines}) <= 1, place
    points = [shown for shown in hour["PLCs and points"] if shown.panel.get("repeat") == "point"]
    assert {len(shown.lines) for shown in points} <= {0, 1} and len(points) > 1


def test_numbers_are_written_in_full(hour: dict[str, list[PanelShown]], judge: Judge) -> None:
    """Nobody compares 3.48 K with 3.51 K."""
    for place, shown in every(hour):
        texts = [text for column in shown.columns for text in column.texts if column.type == "number"]
        texts += [text for line in shown.lines for text in line.legend] + [one.text for one in shown.texts]
        assert not [text for text in texts if re.search(r"\d (K|Mil|Bil)$", text)], place


def test_outages_are_gaps(hour: dict[str, list[PanelShown]], filled: Filled) -> None:
    """Nothing is drawn while the controller is dead; what is counted is nothing then."""
    held, drawn = [], 0
    for place, shown in every(hour):
        counted = all("fill(0)" in target["query"] for target in shown.panel["targets"])
        step_ms = step_ms_of(shown, filled.span)
        for line in shown.lines:
            inside = [
                value
                for at_ms, value in zip(line.times, line.values, strict=True)
                if filled.dead.from_ms < at_ms < filled.dead.to_ms - step_ms
            ]
            if counted:
                assert set(inside) <= {0, None}, place
                continue
            if any(value is not None for value in inside):
                held.append(f"{place}: {line.name}: {inside[:3]}")
            drawn += sum(value is not None for value in line.values)
            assert not shown.panel["fieldConfig"]["defaults"]["custom"].get("spanNulls"), place
    assert not held, "\n".join(held)
    assert drawn > 1000
    told = [shown for page in ("PLCs and points", "Shipments") for shown in hour[page]]
    for title in ("Mode", "Speed", "Products", "Door lights", "Must come back"):
        line = next(line for shown in told if shown.title == title for line in shown.lines)
        alive = [at for at, at_ms in enumerate(line.times) if not filled.dead.from_ms < at_ms < filled.dead.to_ms]
        known = sum(line.values[at] is not None for at in alive)
        assert known > 0.9 * len(alive), f"{title}: {known} of {len(alive)} steps are told"


def test_a_jam_counts_while_it_lasts(hour: dict[str, list[PanelShown]]) -> None:
    """telemetry_day.py has a jam that lasts for two minutes without an end."""
    told = {shown.title: shown for shown in hour["Reliability"]}
    assert told["Free of jams"].texts[0].text == "89.17%"
    assert told["Longest jam"].texts[0].text == "110 s"
    alarm, lasted = told["Time jammed"].columns
    assert (alarm.texts, lasted.texts) == (["jam.sorter.8", "jam.sorter.5"], ["360 s", "30 s"])


def test_steps_of_time_end_now_and_are_whole(hour: dict[str, list[PanelShown]], filled: Filled) -> None:
    """The newest step is as long as the others: throughput does not fall at the right edge of every graph."""
    (items,) = (shown for shown in hour["Line overview"] if shown.title == "Items an hour, sorter")
    (line,) = items.lines
    step_ms = step_ms_of(items, filled.span)
    assert line.times[-1] == pytest.approx(filled.span.to_ms - step_ms, abs=1)
    assert {after - before for before, after in zip(line.times, line.times[1:], strict=False)} == {step_ms}
    for _, shown in every(hour):
        for target in shown.panel["targets"]:
            for every_s in re.findall(r"time\(([^)]*)\)", target["query"]):
                assert every_s == "$__interval, ${__to}001u"
            if "count(" in target["query"] and "an hour" in shown.title:
                assert "* 3600000 / $__interval_ms" in target["query"], shown.title


@pytest.mark.parametrize("hours", [1, 24, 24 * 7, 24 * 29])
def test_no_range_gives_more_than_some_thousand_points(hours: int, project: Path, filled: Filled) -> None:
    span = Span(filled.span.to_ms - hours * 3_600_000, filled.span.to_ms)
    for page in pages(project):
        for panel, given, _ in of_page(filled, page, span):
            points = sum(len(frame["fields"][0]["values"]) for frame in given)
            assert points <= 4_000, f"{page['title']}: {panel['title']}: {points}"


def test_the_step_is_grafanas(judge: Judge) -> None:
    ranges = [(minutes * 60_000, points, least) for minutes in (5, 17, 60, 95, 360, 1440, 4000, 10_080, 41_760)
              for points, least in ((200, "30s"), (200, "5m"), (137, "1h"), (1000, "1m"))]  # fmt: skip
    ours = [Span(0, range_ms).step_s(points, least) * 1000 for range_ms, points, least in ranges]
    assert ours == judge.steps_ms(ranges)


def test_a_day_of_nothing_does_not_look_broken(project: Path, judge: Judge) -> None:
    """Without an answer of the database every panel says what that means: 0, 100 %, or that there is nothing."""
    panels: list[Asked] = [
        (panel, [], {}) for page in pages(project) for panel in page["panels"] if panel["type"] != "row"
    ]
    for shown in judge.shown(panels, 1_764_000_000_000):
        said = [one.text for one in shown.texts] or [shown.none]
        assert said in (["0"], ["–"], ["100 %"]), f"{shown.title}: {said}"
        assert all(one.color in ("", GOOD) for one in shown.texts), f"{shown.title}: {shown.texts}"
    reliability = next(page for page in pages(project) if page["uid"] == "lanewise-reliability-en")
    told = {panel["title"]: panel["fieldConfig"]["defaults"]["noValue"] for panel in reliability["panels"][1:7]}
    assert told["Jams"] == "0" and told["Free of jams"] == "100 %" and told["Longest jam"] == "–"


def test_a_line_that_never_moved_has_its_panels(project: Path, filled: Filled) -> None:
    """Lines, doors, PLCs and readers are known by what they tell every ten seconds, not by what passes."""
    filled.influxd.query("CREATE DATABASE fresh")
    measures = Measures(example(project).layouts())
    points = [point for seq, value in enumerate(lives(), 1) for point in measures.points(seq, value)]
    filled.influxd.write("fresh", LineEncoder(("demo", "edge1")).lines(points))
    for page in pages(project):
        known = chosen(filled.url, "fresh", page, filled.span)
        told_of_passing = {"portal", "point"}
        assert [name for name, values in known.items() if not values and name not in told_of_passing] == [], page["uid"]


def test_what_is_now_is_now(hour: dict[str, list[PanelShown]], filled: Filled) -> None:
    """What says "now" is the sum of the newest values of all lines, and nothing once nobody tells."""
    told = {shown.title: shown for shown in hour["Line overview"]}
    newest = ask(filled.url, DATABASE, 'SELECT last("tracks") FROM "line" GROUP BY "line"')
    (belts,) = told["On the belts now"].texts
    assert int(belts.text) == pytest.approx(sum(float(one.rows[0][1] or 0) for one in newest), abs=3)
