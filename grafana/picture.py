"""A dashboard as a picture: its own JSON and what InfluxDB answered, drawn about as Grafana draws it.

Public names: picture, Answers.

What is drawn: rows, the five kinds of panels that the pages use, units, limits, states, legends, the order and names of
columns. What is not: what moves, and colours of a theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, NamedTuple, TypeAlias

from grafana.ask import Series, Span, Value
from grafana.units import written

Json: TypeAlias = dict[str, Any]
Answers: TypeAlias = Mapping[str, Sequence[Series]]
"""What InfluxDB answered, by query."""

CELL_W, CELL_H, GAP = 60, 34, 8
HEAD_H = 64
PAGE_W = CELL_W * 24
INK, PALE, LINE, PAPER, CARD = "#2b333b", "#6b7680", "#d5dae0", "#eef0f3", "#ffffff"
SHADES = ("#56636f", "#8b99a6", "#2f3a44", "#a9b5c0", "#6f7f8e", "#c3ccd4")
FONT = "font-family=\"Inter, 'Noto Sans', 'Noto Sans CJK TC', 'Microsoft JhengHei', sans-serif\""
LETTER, IDEOGRAPH = 6.3, 11.0
"""Mean widths of letters at 11 px."""


class Trace(NamedTuple):
    """One line, bar or band of a panel: its name and its values over time."""

    name: str
    points: list[tuple[float, Value]]

    @property
    def last(self) -> float | None:
        """The newest number."""
        return next((value for _, value in reversed(self.points) if isinstance(value, int | float)), None)


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float


def picture(page: Json, answers: Answers, span: Span) -> str:
    """The page as SVG."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in page["panels"])
    height = HEAD_H + rows * CELL_H + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE_W}" height="{height}" viewBox="0 0 {PAGE_W} {height}" {FONT}>',
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        _text(16, 28, page["title"], 19, weight="600"),
        _text(16, 50, page["description"], 12, PALE),
        _text(PAGE_W - 16, 28, _when(span), 12, PALE, anchor="end"),
        _text(PAGE_W - 16, 50, _choices(page), 12, PALE, anchor="end"),
    ]
    for panel in page["panels"]:
        parts += _panel(panel, answers, span)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _when(span: Span) -> str:
    begin, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (span.from_ms, span.to_ms))
    return f"{begin:%Y-%m-%d %H:%M} – {end:%H:%M} UTC"


def _choices(page: Json) -> str:
    return " · ".join(f"{one['label']}: All" for one in page["templating"]["list"] if one["type"] == "query")


def _panel(panel: Json, answers: Answers, span: Span) -> Iterator[str]:
    place = panel["gridPos"]
    x, y = place["x"] * CELL_W, HEAD_H + place["y"] * CELL_H
    if panel["type"] == "row":
        yield _text(x + 12, y + 24, f"▾ {panel['title']}", 14, weight="600")
        return
    outer = Box(x + GAP / 2, y + GAP / 2, place["w"] * CELL_W - GAP, place["h"] * CELL_H - GAP)
    yield f"<g><title>{escape(panel['description'])}</title>"
    yield f'<rect x="{outer.x:g}" y="{outer.y:g}" width="{outer.w:g}" height="{outer.h:g}" rx="3" fill="{CARD}" stroke="{LINE}"/>'
    yield _text(outer.x + 10, outer.y + 20, panel["title"], 12.5, weight="600")
    inner = Box(outer.x + 10, outer.y + 30, outer.w - 20, outer.h - 38)
    asked = [(target, series) for target in panel["targets"] for series in answers[target["query"]]]
    if not asked:
        yield _text(outer.x + outer.w / 2, outer.y + outer.h / 2 + 6, "No data", 13, PALE, anchor="middle")
    elif panel["type"] == "table":
        yield from _table(panel, [series for _, series in asked], inner, span)
    else:
        yield from _DRAWN[panel["type"]](
            panel, [one for target, series in asked for one in _named(target, series)], inner, span
        )
    yield "</g>"


def _named(target: Json, series: Series) -> Iterator[Trace]:
    """The series of an answer, a column each, by the query's alias."""
    if target["resultFormat"] == "table":  # a bar's row
        asked = target["query"].partition(" GROUP BY ")[2]
        tags = sorted(series.tags, key=lambda tag: asked.index(f'"{tag}"'))
        yield Trace(" ".join(series.tags[tag] for tag in tags), [(0.0, series.rows[0][1])])
        return
    for at, column in enumerate(series.columns[1:], start=1):
        name = target["alias"].replace("$col", column) or f"{series.name}.{column}"
        for tag, value in series.tags.items():
            name = name.replace(f"$tag_{tag}", value)
        yield Trace(name, [(float(row[0]), row[at]) for row in series.rows if isinstance(row[0], int | float)])


# ---- kinds of panels -------------------------------------------------------------------------------------------------


def _stat(panel: Json, series: Sequence[Trace], box: Box, _: Span) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    value = series[0].last
    color = _limit_color(defaults, value) if panel["options"]["colorMode"] == "value" else INK
    text = written(value, defaults["unit"], defaults.get("decimals"))
    yield _text(box.x + box.w / 2, box.y + box.h / 2 + 16, text, 30, color, anchor="middle", weight="500")


def _bargauge(panel: Json, series: Sequence[Trace], box: Box, _: Span) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    ordered = sorted(series, key=lambda one: one.last or 0, reverse=True)
    most = ordered[0].last or 1
    shown = ordered[: max(1, int(box.h // 13))]
    step = min(30.0, box.h / len(shown))
    names = min(box.w * 0.4, max(_width(one.name) for one in shown) + 10)
    for at, one in enumerate(shown):
        y, value = box.y + at * step, one.last or 0
        color = _limit_color(defaults, value)
        width = max(1.0, (box.w - names - 64) * max(0.0, value) / most)
        yield _text(box.x + names - 6, y + step / 2 + 4, one.name, 11, INK, anchor="end")
        yield f'<rect x="{box.x + names:.1f}" y="{y + step * 0.12:.1f}" width="{width:.1f}" height="{step * 0.72:.1f}" fill="{color}"/>'
        yield _text(box.x + names + width + 6, y + step / 2 + 4, written(value, defaults["unit"]), 11, PALE)


def _state_timeline(panel: Json, series: Sequence[Trace], box: Box, span: Span) -> Iterator[str]:
    states: Json = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    names = min(box.w * 0.35, max(_width(one.name) for one in series) + 10)
    field = Box(box.x + names, box.y, box.w - names, box.h - 34)
    step = field.h / len(series)
    for at, one in enumerate(series):
        y = field.y + at * step
        yield _text(field.x - 6, y + step / 2 + 4, one.name, 11, INK, anchor="end")
        for begin_ms, end_ms, value in _bands(one.points, span):
            left, right = _x(begin_ms, span, field), _x(end_ms, span, field)
            color = states.get(f"{value:g}", {}).get("color", PALE)
            yield f'<rect x="{left:.1f}" y="{y + step * 0.1:.1f}" width="{right - left:.1f}" height="{step * 0.8:.1f}" fill="{color}"/>'
    yield from _time_axis(field, span)
    yield from _legend([(state["text"], state["color"]) for state in states.values()], box)


def _bands(points: Iterable[tuple[float, Value]], span: Span) -> list[tuple[float, float, float]]:
    bands: list[tuple[float, float, float]] = []
    for at_ms, value in points:
        if not isinstance(value, int | float):
            continue
        end_ms = min(span.to_ms, at_ms + span.interval_s * 1000)
        if bands and bands[-1][2] == value and at_ms - bands[-1][1] < 60_000:
            bands[-1] = (bands[-1][0], end_ms, value)
        else:
            bands.append((max(at_ms, span.from_ms), end_ms, value))
    return bands


def _timeseries(panel: Json, series: Sequence[Trace], box: Box, span: Span) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    custom, unit = defaults.get("custom", {}), defaults["unit"]
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    lines = _stacked(series) if stacked else [(one.name, _numbers(one)) for one in series]
    values = [value for _, points in lines for _, value in points]
    if not values:
        yield _text(box.x + box.w / 2, box.y + box.h / 2, "No data", 13, PALE, anchor="middle")
        return
    low, high = min(values), max(values)
    if "axisSoftMin" in custom:
        low = min(low, custom["axisSoftMin"])
    limits = [step for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    if not limits or custom.get("thresholdsStyle", {}).get("mode") != "dashed":
        limits = []
    high = high if high > low else low + 1
    low, high, ticks = _ticks(low, high)
    field = Box(box.x + 58, box.y + 2, box.w - 60, box.h - 40)

    def y_of(value: float) -> float:
        return field.y + field.h * (1 - (value - low) / (high - low))

    for tick in ticks:
        yield f'<path d="M{field.x:g} {y_of(tick):.1f}h{field.w:g}" stroke="{LINE}" stroke-width="0.7"/>'
        yield _text(field.x - 6, y_of(tick) + 4, written(tick, unit), 10.5, PALE, anchor="end")
    yield from _time_axis(field, span)
    for at, (_, points) in reversed(list(enumerate(lines))):
        color = SHADES[at % len(SHADES)]
        path = _path(points, span, field, y_of)
        if stacked and len(points) > 1:
            ends = [_x(points[at][0], span, field) for at in (-1, 0)]
            yield f'<path d="{path}L{ends[0]:.1f} {field.y + field.h:.1f}L{ends[1]:.1f} {field.y + field.h:.1f}Z" fill="{color}" fill-opacity="0.35"/>'
        yield f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.3"/>'
        for at_ms, value in points if len(points) == 1 else ():
            yield f'<circle cx="{_x(at_ms, span, field):.1f}" cy="{y_of(value):.1f}" r="2.5" fill="{color}"/>'
    for limit in limits:
        if low <= limit["value"] <= high:
            y = y_of(limit["value"])
            yield f'<path d="M{field.x:g} {y:.1f}h{field.w:g}" stroke="{limit["color"]}" stroke-width="1.2" stroke-dasharray="6 4"/>'
    yield from _legend([(name, SHADES[at % len(SHADES)]) for at, (name, _) in enumerate(lines)], box)


def _numbers(one: Trace) -> list[tuple[float, float]]:
    return [(at_ms, value) for at_ms, value in one.points if isinstance(value, int | float)]


def _stacked(series: Sequence[Trace]) -> list[tuple[str, list[tuple[float, float]]]]:
    sums: dict[float, float] = {}
    made = []
    for one in series:
        points = []
        for at_ms, value in _numbers(one):
            sums[at_ms] = sums.get(at_ms, 0.0) + value
            points.append((at_ms, sums[at_ms]))
        made.append((one.name, points))
    return made


def _path(points: Sequence[tuple[float, float]], span: Span, field: Box, y_of: Any) -> str:
    parts, before = [], None
    for at_ms, value in points:
        near = before is not None and at_ms - before <= max(60_000, span.interval_s * 2_000, 600_000)
        parts.append(f"{'L' if near else 'M'}{_x(at_ms, span, field):.1f} {y_of(value):.1f}{'' if near else 'h.1'}")
        before = at_ms
    return "".join(parts)


def _table(panel: Json, answered: Sequence[Series], box: Box, span: Span) -> Iterator[str]:
    organize = next(one["options"] for one in panel["transformations"] if one["id"] == "organize")
    renamed, hidden = organize["renameByName"], organize["excludeByName"]
    order = sorted(renamed, key=lambda name: organize["indexByName"][name])
    columns = [name for name in order if not hidden.get(name)]
    overrides = {
        one["matcher"]["options"]: {each["id"]: each["value"] for each in one["properties"]}
        for one in panel["fieldConfig"]["overrides"]
    }
    lines = []
    for series in answered:
        names = ["Time", *series.columns[1:]]
        for row in series.rows:
            cells: dict[str, Value] = {**series.tags, **dict(zip(names, row, strict=True))}
            lines.append([cells.get(name) for name in columns])
    fixed = [overrides.get(renamed[name], {}).get("custom.width", 0) for name in columns]
    free = (box.w - sum(fixed)) / max(1, fixed.count(0))
    widths = [width or max(40.0, free) for width in fixed]
    scale = min(1.0, box.w / sum(widths))
    lefts = [box.x + sum(widths[:at]) * scale for at in range(len(widths))]
    for name, left in zip(columns, lefts, strict=True):
        yield _text(left, box.y + 12, renamed[name], 11, INK, weight="600")
    yield f'<path d="M{box.x:g} {box.y + 18:g}h{box.w:g}" stroke="{LINE}"/>'
    for at, line in enumerate(lines[: int((box.h - 18) // 19)]):
        y = box.y + 34 + at * 19
        for name, left, width, cell in zip(columns, lefts, widths, line, strict=True):
            style = overrides.get(renamed[name], {})
            text = written(cell, style.get("unit", "none"), now_ms=span.to_ms)
            most = max(3, int(width * scale / LETTER) - 1)
            color = "#2f5d8a" if "links" in style else INK
            yield _text(left, y, text if len(text) <= most else f"{text[: most - 1]}…", 11, color)


_DRAWN = {"stat": _stat, "bargauge": _bargauge, "state-timeline": _state_timeline, "timeseries": _timeseries}


# ---- parts -----------------------------------------------------------------------------------------------------------


def _text(
    x: float, y: float, text: str, size: float, color: str = INK, *, anchor: str = "start", weight: str = "400"
) -> str:
    attributes = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{color}"'
    attributes += "" if anchor == "start" else f' text-anchor="{anchor}"'
    attributes += "" if weight == "400" else f' font-weight="{weight}"'
    return f"<text {attributes}>{escape(text)}</text>"


def _width(text: str) -> float:
    return sum(IDEOGRAPH if letter > "⺀" else LETTER for letter in text)


def _x(at_ms: float, span: Span, field: Box) -> float:
    share = (at_ms - span.from_ms) / (span.to_ms - span.from_ms)
    return field.x + field.w * min(1.0, max(0.0, share))


def _limit_color(defaults: Json, value: float | None) -> str:
    steps = defaults["thresholds"]["steps"]
    found: str = steps[0]["color"]
    for step in steps[1:]:
        if value is not None and value >= step["value"]:
            found = step["color"]
    return found


def _ticks(low: float, high: float) -> tuple[float, float, list[float]]:
    """Limits of an axis and four to seven round values on it."""
    step = 10.0 ** len(f"{int(high - low)}") / 10 if high - low >= 1 else 10.0 ** -len(f"{int(1 / (high - low))}")
    for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        if (high - low) / (step * factor) <= 5:
            step *= factor
            break
    first, last = low // step, -(-high // step)
    return first * step, last * step, [number * step for number in range(int(first), int(last) + 1)]


def _time_axis(field: Box, span: Span) -> Iterator[str]:
    whole_s = (span.to_ms - span.from_ms) / 1000
    step_ms = (
        next(
            (step for step in (60, 120, 300, 600, 1800, 3600, 7200) if whole_s / step <= max(3, field.w / 110)), 14_400
        )
        * 1000
    )
    for at_ms in range(-(-span.from_ms // step_ms) * step_ms, span.to_ms, step_ms):
        text = f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M}"
        yield _text(_x(at_ms, span, field), field.y + field.h + 15, text, 10.5, PALE, anchor="middle")


def _legend(entries: Sequence[tuple[str, str]], box: Box) -> Iterator[str]:
    x, y = box.x, box.y + box.h
    for name, color in entries:
        width = _width(name) + 26
        if x + width > box.x + box.w:
            yield _text(x, y, "…", 11, PALE)
            return
        yield f'<rect x="{x:.1f}" y="{y - 6:.1f}" width="12" height="3" fill="{color}"/>'
        yield _text(x + 16, y, name, 11, PALE)
        x += width
