"""A dashboard as a picture: what Grafana's own front-end code computed of its panels, drawn about as Grafana draws it.

Public names: picture, axis, Axis.

Names, texts, colours, gaps and the order of columns come with the panels (grafana/shown.py); here they are drawn. What
is not drawn: what moves, and colours of a theme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple, TypeAlias

from grafana.ask import Span
from grafana.shown import ColumnShown, Json, LineShown, PanelPlace, PanelShown

CELL_W, CELL_H, GAP = 60, 34, 8
HEAD_H = 64
PAGE_W = CELL_W * 24
INK, PALE, LINE, PAPER, CARD = "#2b333b", "#6b7680", "#d5dae0", "#eef0f3", "#ffffff"
FONT = "font-family=\"Inter, 'Noto Sans', 'Noto Sans CJK TC', 'Microsoft JhengHei', sans-serif\""
LETTER, IDEOGRAPH = 6.3, 11.0
"""Mean widths of letters at 11 px."""


class Axis(NamedTuple):
    """What a panel's axis shows: its ends, and the numbers on it."""

    low: float
    high: float
    ticks: list[float]


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float


def picture(
    page: Json,
    places: Sequence[PanelPlace],
    shown: Sequence[PanelShown],
    axes: Mapping[int, tuple[Axis, list[str]]],
    span: Span,
) -> str:
    """The page as SVG. ``shown``: its panels in the order of ``places``, without the headings; ``axes``: by their index."""
    rows = max(place.y + place.panel["gridPos"]["h"] for place in places)
    height = HEAD_H + rows * CELL_H + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE_W}" height="{height}" viewBox="0 0 {PAGE_W} {height}" {FONT}>',
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        _text(16, 28, page["title"], 19, weight="600"),
        _text(16, 50, page["description"], 12, PALE),
        _text(PAGE_W - 16, 28, _when(span), 12, PALE, anchor="end"),
        _text(PAGE_W - 16, 50, _choices(page), 12, PALE, anchor="end"),
    ]
    panels = iter(enumerate(shown))
    for place in places:
        x, y = place.x * CELL_W, HEAD_H + place.y * CELL_H
        if place.panel["type"] == "row":
            title = place.panel["title"]
            for name, value in place.variables.items():
                title = title.replace(f"${{{name}}}", value)
            parts.append(_text(x + 12, y + 24, f"▾ {title}", 14, weight="600"))
        else:
            at, panel = next(panels)
            parts += _panel(panel, x, y, axes.get(at), span)
    return "\n".join([*parts, "</svg>"]) + "\n"


def axis(panel: PanelShown) -> Axis | None:
    """The axis of lines over time; None = there is nothing to draw."""
    values = [value for line in _heights(panel) for value in line if value is not None]
    if not values:
        return None
    low, high = min(values), max(values)
    custom = panel.panel["fieldConfig"]["defaults"]["custom"]
    if "axisSoftMin" in custom:
        low = min(low, custom["axisSoftMin"])
    defaults = panel.panel["fieldConfig"]["defaults"]
    if defaults.get("unit") == "bytes":  # whole KiB, MiB or GiB
        size = 1024.0 ** max(0, (int(high).bit_length() - 1) // 10)
        first, last, ticks = _ticks(low / size, max(high, low + 1) / size)
        return Axis(first * size, last * size, [tick * size for tick in ticks])
    return _ticks(low, high if high > low else low + 1, 10.0 ** -defaults["decimals"] if "decimals" in defaults else 0)


def _heights(panel: PanelShown) -> list[list[float | None]]:
    """How high each point of each line is: its value, or on top of those below."""
    numbers = [[value if isinstance(value, int | float) else None for value in line.values] for line in panel.lines]
    if not _stacked(panel):
        return numbers
    sums: dict[float, float] = {}
    for line, values in zip(panel.lines, numbers, strict=True):
        for at, (at_ms, value) in enumerate(zip(line.times, values, strict=True)):
            if value is not None:
                values[at] = sums[at_ms] = sums.get(at_ms, 0.0) + value
    return numbers


def _stacked(panel: PanelShown) -> bool:
    mode: str = panel.panel["fieldConfig"]["defaults"]["custom"].get("stacking", {}).get("mode", "")
    return mode == "normal"


def _when(span: Span) -> str:
    begin, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (span.from_ms, span.to_ms))
    return f"{begin:%Y-%m-%d %H:%M} – {end:%H:%M} UTC"


def _choices(page: Json) -> str:
    return " · ".join(f"{one['label']}: All" for one in page["templating"]["list"] if one["type"] == "query")


def _panel(panel: PanelShown, x: float, y: float, axis: tuple[Axis, list[str]] | None, span: Span) -> Iterator[str]:
    place = panel.panel["gridPos"]
    outer = Box(x + GAP / 2, y + GAP / 2, place["w"] * CELL_W - GAP, place["h"] * CELL_H - GAP)
    yield f"<g><title>{escape(panel.panel['description'])}</title>"
    yield f'<rect x="{outer.x:g}" y="{outer.y:g}" width="{outer.w:g}" height="{outer.h:g}" rx="3" fill="{CARD}" stroke="{LINE}"/>'
    yield _text(outer.x + 10, outer.y + 20, panel.title, 12.5, weight="600")
    inner = Box(outer.x + 10, outer.y + 30, outer.w - 20, outer.h - 38)
    if panel.texts:
        yield from _stat(panel, inner)
    elif panel.columns:
        yield from _table(panel.columns, inner)
    elif panel.panel["type"] == "state-timeline" and panel.lines:
        yield from _state_timeline(panel, inner, span)
    elif axis is not None:
        yield from _timeseries(panel, inner, *axis, span)
    else:
        yield _text(outer.x + outer.w / 2, outer.y + outer.h / 2 + 6, panel.none, 13, PALE, anchor="middle")
    yield "</g>"


# ---- kinds of panels -------------------------------------------------------------------------------------------------


def _stat(panel: PanelShown, box: Box) -> Iterator[str]:
    one = panel.texts[0]
    color = one.color if panel.panel["options"]["colorMode"] == "value" else INK
    yield _text(box.x + box.w / 2, box.y + box.h / 2 + 16, one.text, 30, color, anchor="middle", weight="500")


def _table(columns: Sequence[ColumnShown], box: Box) -> Iterator[str]:
    free = max(40.0, (box.w - sum(column.width for column in columns)) / max(1, sum(not one.width for one in columns)))
    left = box.x
    yield f'<path d="M{box.x:g} {box.y + 18:g}h{box.w:g}" stroke="{LINE}"/>'
    for column in columns:
        width = column.width or free
        yield _text(left, box.y + 12, column.name, 11, INK, weight="600")
        most = max((value for value in column.values if isinstance(value, int | float)), default=0) or 1
        for at in range(min(len(column.texts), int((box.h - 18) // 19))):
            y, text, value = box.y + 34 + at * 19, column.texts[at], column.values[at]
            if column.bar and isinstance(value, int | float):
                length = max(1.0, (width - 80) * max(0.0, value) / most)
                yield f'<rect x="{left:.1f}" y="{y - 11:.1f}" width="{length:.1f}" height="13" fill="{column.colors[at]}"/>'
                yield _text(left + length + 6, y, text, 11, PALE)
                continue
            fits = max(3, int(width / LETTER) - 1)
            color = "#2f5d8a" if column.linked else INK
            yield _text(left, y, text if len(text) <= fits else f"{text[: fits - 1]}…", 11, color)
        left += width


def _state_timeline(panel: PanelShown, box: Box, span: Span) -> Iterator[str]:
    states: Json = panel.panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    names = min(box.w * 0.35, max(_width(one.name) for one in panel.lines) + 10)
    entries = [(state["text"], state["color"], ()) for state in states.values()]
    field = Box(box.x + names, box.y, box.w - names, box.h - 34 - 15 * (_rows(entries, box) - 1))
    step = field.h / len(panel.lines)
    for at, one in enumerate(panel.lines):
        y = field.y + at * step
        size = min(11, step * 0.95)
        yield _text(field.x - 6, y + step / 2 + size * 0.36, one.name, size, INK, anchor="end")
        for begin_ms, end_ms, value in _bands(one, span):
            left, right = _x(begin_ms, span, field), _x(end_ms, span, field)
            color = states.get(f"{value:g}", {}).get("color", PALE)
            yield f'<rect x="{left:.1f}" y="{y + step * 0.1:.1f}" width="{right - left:.1f}" height="{step * 0.8:.1f}" fill="{color}"/>'
    yield from _time_axis(field, span)
    yield from _legend(entries, box)


def _bands(line: LineShown, span: Span) -> list[tuple[float, float, float]]:
    bands: list[tuple[float, float, float]] = []
    for at_ms, until_ms, value in zip(line.times, [*line.times[1:], span.to_ms], line.values, strict=True):
        if not isinstance(value, int | float):
            continue
        if bands and bands[-1][1:] == (at_ms, value):
            bands[-1] = (bands[-1][0], until_ms, value)
        else:
            bands.append((max(at_ms, span.from_ms), until_ms, value))
    return bands


def _timeseries(panel: PanelShown, box: Box, axis: Axis, written: list[str], span: Span) -> Iterator[str]:
    defaults = panel.panel["fieldConfig"]["defaults"]
    beside = panel.panel["options"]["legend"]["placement"] == "right"
    entries = [(f"{line.name}\u2003{' '.join(line.legend)}", line.color, line.dash) for line in panel.lines]
    below_h = 20 if beside else 25 + 15 * _rows(entries, box)
    field = Box(box.x + 58, box.y + 2, box.w - (60 if not beside else 240), box.h - below_h)
    limits = [step for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    if defaults["custom"].get("thresholdsStyle", {}).get("mode") != "dashed":
        limits = []

    def y_of(value: float) -> float:
        return field.y + field.h * (1 - (value - axis.low) / (axis.high - axis.low))

    for tick, text in zip(axis.ticks, written, strict=True):
        yield f'<path d="M{field.x:g} {y_of(tick):.1f}h{field.w:g}" stroke="{LINE}" stroke-width="0.7"/>'
        yield _text(field.x - 6, y_of(tick) + 4, text, 10.5, PALE, anchor="end")
    yield from _time_axis(field, span)
    stacked, below = _stacked(panel), dict[float, float]()
    for line, heights in zip(panel.lines, _heights(panel), strict=True):
        path, held = [], False
        if stacked:
            yield from _filled(line, heights, below, lambda at_ms: _x(at_ms, span, field), y_of)
        for at, (at_ms, height) in enumerate(zip(line.times, heights, strict=True)):
            if height is not None:
                x, y = _x(at_ms, span, field), y_of(height)
                path.append(f"{'L' if held else 'M'}{x:.1f} {y:.1f}")
                if not held and (at + 1 == len(heights) or heights[at + 1] is None):  # alone, a line has no length
                    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{line.color}"/>'
            held = height is not None
        dash = f' stroke-dasharray="{" ".join(f"{one:g}" for one in line.dash)}"' if line.dash else ""
        yield f'<path d="{"".join(path)}" fill="none" stroke="{line.color}" stroke-width="1.4"{dash}/>'
    for limit in limits:
        if axis.low <= limit["value"] <= axis.high:
            y = y_of(limit["value"])
            yield f'<path d="M{field.x:g} {y:.1f}h{field.w:g}" stroke="{limit["color"]}" stroke-width="1.2" stroke-dasharray="6 4"/>'
    if beside:
        yield from _legend(entries, Box(field.x + field.w + 16, box.y, 160, box.h), down=True)
    else:
        yield from _legend(entries, box)


def _filled(
    line: LineShown,
    heights: Sequence[float | None],
    below: dict[float, float],
    x_of: Callable[[float], float],
    y_of: Callable[[float], float],
) -> Iterator[str]:
    """What is between a line and those below it, a piece for each stretch without a gap; ``below`` is then its own."""
    piece: list[tuple[float, float]] = []
    for at_ms, height in [*zip(line.times, heights, strict=True), (0.0, None)]:
        if height is not None:
            piece.append((at_ms, height))
            continue
        if len(piece) > 1:
            top = [f"{x_of(at):.1f} {y_of(high):.1f}" for at, high in piece]
            bottom = [f"{x_of(at):.1f} {y_of(below.get(at, 0.0)):.1f}" for at, _ in reversed(piece)]
            yield f'<path d="M{"L".join([*top, *bottom])}Z" fill="{line.color}" fill-opacity="0.2"/>'
        below.update(piece)
        piece = []


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


def _ticks(low: float, high: float, least: float = 0) -> Axis:
    """Limits of an axis and up to seven round values on it, which lie at least so far from each other."""
    step = 10.0 ** len(f"{int(high - low)}") / 10 if high - low >= 1 else 10.0 ** -len(f"{int(1 / (high - low))}")
    for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        if (high - low) / (step * factor) <= 5:
            step *= factor
            break
    step = max(step, least)
    first, last = low // step, -(-high // step)
    return Axis(first * step, last * step, [number * step for number in range(int(first), int(last) + 1)])


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


_Entry: TypeAlias = tuple[str, str, Sequence[float]]
"""Of a legend: a name, its colour and stroke."""


def _rows(entries: Sequence[_Entry], box: Box) -> int:
    """How many rows a legend below a graph has."""
    rows, x = 1, 0.0
    for name, _, _ in entries:
        width = _width(name) + 26
        if x and x + width > box.w:
            rows, x = rows + 1, 0.0
        x += width
    return rows


def _legend(entries: Sequence[_Entry], box: Box, *, down: bool = False) -> Iterator[str]:
    """Names with their colours and strokes: below the graph, or beside it one below the other."""
    x, y = (box.x, box.y + 10) if down else (box.x, box.y + box.h - 15 * (_rows(entries, box) - 1))
    for name, color, dash in entries:
        width = _width(name) + 26
        if down and y > box.y + box.h:
            yield _text(x, y, "…", 11, PALE)
            return
        if not down and x > box.x and x + width > box.x + box.w:
            x, y = box.x, y + 15
        stroke = f' stroke-dasharray="{" ".join(f"{one / 2:g}" for one in dash)}"' if dash else ""
        yield f'<path d="M{x:.1f} {y - 4:.1f}h12" stroke="{color}" stroke-width="3"{stroke}/>'
        yield _text(x + 16, y, name, 11, PALE)
        x, y = (x, y + 15) if down else (x + width, y)
