"""The kinds of panels, each with its one look: neutral while all is well, a colour only where somebody must act.

Public names: T, Language, Panel, Column, trend, number, bars, timeline, rows, NEUTRAL, WARN, ALARM, NUMBERS, PALETTE.

Lines are told apart by eight muted colours and three kinds of strokes, which belong to names: those that are known
(outcomes, reasons) and numbers (lanes, antennas). What the site names, a line or a reader, gets panels of its own.

Source: ANSI/ISA-101.01-2015, 5.2 and 5.3: colour is kept for the abnormal; ANSI/ISA-18.2 for what is alarmed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import common, dashboard, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    ReduceDataOptions,
    SortOrder,
    StackingMode,
    TableAutoCellOptions,
    TableBarGaugeCellOptions,
    TableCellHeight,
    TimelineValueAlignment,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from grafana.influxql import Influx

NEUTRAL = "#7b8794"
WARN = "#d9a400"
ALARM = "#c9302c"
OFF = "#c8ced6"
PALETTE = ("#3f6ea3", "#a86f3c", "#4e9460", "#8a5fa3", "#3aa0b0", "#b8738f", "#7f7a35", "#3f464d")
"""Eight colours of like weight, none of them near WARN or ALARM."""
STROKES: tuple[Sequence[float], ...] = ((), (10, 6), (2, 5))
"""How often the palette can be used: solid, dashed, dotted."""
NUMBERS = tuple(str(number) for number in range(1, len(PALETTE) * len(STROKES) + 1))
STEPS = 200
"""Into so many steps of time a panel divides what it shows, whatever the range."""
LEAST = "30s"
"""No step is shorter: three times what is written every 10 s, so that none is empty while all is well."""
_NAMES = re.compile(r'"(\w+)"')
DATA_SOURCE = DataSourceRef(type_val="influxdb", uid="${datasource}")

COLUMNS = 24
"""How wide a page is."""

Kind: TypeAlias = Literal["timeseries", "stat", "state-timeline", "table"]
Limits: TypeAlias = Sequence[tuple[float, str]]
Drawn: TypeAlias = timeseries.Panel | stat.Panel | statetimeline.Panel | table.Panel


class Language(StrEnum):
    """The languages of the pages; the values are BCP 47 tags and folders."""

    ENGLISH = "en"
    CHINESE = "zh-Hant"


class T(NamedTuple):
    """A text in both languages."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """The text in one of them."""
        return self.en if language is Language.ENGLISH else self.zh


TAG_TITLES: Mapping[str, T] = {
    "alarm": T("Alarm", "警報"),
    "antenna": T("Antenna", "天線"),
    "carrier": T("Carrier", "承運商"),
    "channel": T("Channel", "來源"),
    "code": T("Code", "代碼"),
    "dock": T("Door", "月台"),
    "kind": T("Kind", "種類"),
    "kpi": T("Figure", "指標"),
    "lane": T("Lane", "道口"),
    "line": T("Line", "線"),
    "member": T("Which", "項目"),
    "opcode": T("Command", "命令"),
    "plc": T("PLC", "PLC"),
    "portal": T("Portal", "讀取門"),
    "priority": T("Priority", "優先級"),
    "publisher": T("Publisher", "發布者"),
    "reader": T("Reader", "讀取器"),
    "reason": T("Reason", "原因"),
    "service": T("Service", "服務"),
    "stage": T("Stage", "階段"),
    "station": T("Photo-eye", "光眼"),
    "verdict": T("Verdict", "判定"),
}
"""What tags are called over a column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``link``: where a click on it leads; LANGUAGE in it is the page's. ``bar``: drawn as one."""

    name: str
    title: T
    unit: str = "none"
    link: str = ""
    width: int = 0
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a page.

    ``unit``: Grafana's id of it. ``limits``: from which value on which colour; below the first it is ``base``.
    ``states``: what a number is called and coloured. ``width``: of 24; ``height``: in Grafana's rows of 30 px.
    ``none``: what is written where there is no value. ``names``: of the lines, as far as they are known before.
    ``repeat``: the variable for each of whose values there is a panel. ``step``: the shortest step of time.
    """

    kind: Kind
    title: T
    text: T
    queries: tuple[Influx, ...]
    unit: str = "none"
    width: int = 8
    height: int = 7
    limits: Limits = ()
    base: str = NEUTRAL
    states: Mapping[int, tuple[T, str]] | None = None
    columns: tuple[Column, ...] = ()
    order: str = ""
    reduce: str = "lastNotNull"
    stacked: bool = False
    decimals: int | None = None
    least: float | None = 0
    none: str = "–"
    names: tuple[str, ...] = ()
    repeat: str = ""
    step: str = LEAST
    total: bool = False

    def draw(self, language: Language, number: int, x: int, y: int) -> Drawn:
        """The panel as Grafana's builder, at a place of its own."""
        made = _DRAWN[self.kind](self, language)
        made.id(number).title(self.title.of(language)).description(self.text.of(language)).datasource(DATA_SOURCE)
        made.grid_pos(GridPos(self.height, self.width, x, y)).unit(self.unit)
        for query in self.queries:
            made.with_target(_Ready(query))
        made.no_value(self.none).max_data_points(STEPS).interval(self.step)
        if self.repeat:
            made.repeat(self.repeat).repeat_direction("h").max_per_row(COLUMNS // self.width)
        if self.decimals is not None:
            made.decimals(self.decimals)
        steps = [Threshold(None, self.base), *(Threshold(value, color) for value, color in self.limits)]
        made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        if self.kind == "timeseries":
            made.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PALETTE[0]))
        else:
            made.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        if self.states:
            named = {
                str(value): ValueMappingResult(text=text.of(language), color=color, index=at)
                for at, (value, (text, color)) in enumerate(self.states.items())
            }
            made.mappings([ValueMap(named)])
        elif self.kind == "stat":  # nothing is 0 to the limits, and nothing wrong
            calm = ValueMappingResult(text=self.none, color=NEUTRAL, index=0)
            made.mappings([SpecialValueMap(DashboardSpecialValueMapOptions(SpecialValueMatch.NULL, calm))])
        return made


class _Ready(Builder[Influx]):
    def __init__(self, query: Influx) -> None:
        self._query = query

    def build(self) -> Influx:
        return self._query


# ---- what the pages call ---------------------------------------------------------------------------------------------


def _queries(given: str | Sequence[Influx], alias: str) -> tuple[Influx, ...]:
    return (Influx(given, alias),) if isinstance(given, str) else tuple(given)


def trend(
    title: T,
    text: T,
    query: str | Sequence[Influx],
    alias: str = "",
    *,
    unit: str,
    width: int = 8,
    limits: Limits = (),
    stacked: bool = False,
    least: float | None = 0,
    decimals: int | None = None,
    names: Sequence[str] = (),
    repeat: str = "",
    step: str = LEAST,
) -> Panel:
    """Lines over time; ``limits`` are drawn as dashed lines. ``least``: where the axis begins at the latest.

    ``names``: of more lines than one, at most 24. Raises ValueError for more.
    """
    if len(names) > len(NUMBERS):
        raise ValueError(f"{title.en}: {len(names)} lines: allowed: up to {len(NUMBERS)}")
    return Panel(
        "timeseries", title, text, _queries(query, alias), unit, width, limits=limits, stacked=stacked, least=least,
        decimals=decimals, names=tuple(names), repeat=repeat, step=step,
    )  # fmt: skip


def number(
    title: T,
    text: T,
    query: str,
    *,
    unit: str,
    none: str,
    width: int = 4,
    limits: Limits = (),
    base: str = NEUTRAL,
    decimals: int | None = None,
    total: bool = False,
) -> Panel:
    """One number. ``none``: what it is while the query has no answer; ``total``: the sum of the query's series."""
    made = _queries(query, "")
    return Panel("stat", title, text, made, unit, width, 4, limits, base, decimals=decimals, none=none, total=total)


def bars(title: T, text: T, query: str, *, unit: str, width: int = 8, limits: Limits = ()) -> Panel:
    """A row with a bar for each row of a query by `totals`, the longest first: a table, for no name is cut there."""
    tags = _NAMES.findall(query.partition(" GROUP BY ")[2])
    columns = (*(Column(tag, TAG_TITLES[tag]) for tag in tags), Column("value", title, unit, bar=True))
    made = (Influx(query, table=True),)
    return Panel("table", title, text, made, "none", width, limits=limits, columns=columns, order="value")


def timeline(
    title: T, text: T, query: str, alias: str, states: Mapping[int, tuple[T, str]], *, width: int = 8
) -> Panel:
    """A band for each series that shows its state over time, and nothing while nothing was told."""
    return Panel("state-timeline", title, text, _queries(query, alias), "none", width, states=states)


def rows(
    title: T, text: T, query: str, columns: Sequence[Column], *, width: int = 24, height: int = 8, order: str = ""
) -> Panel:
    """A table with these columns. ``order``: column by which it is sorted, the greatest first."""
    made = (Influx(query, table=True),)
    return Panel("table", title, text, made, "none", width, height, columns=tuple(columns), order=order)


# ---- how they are drawn ----------------------------------------------------------------------------------------------


def _legend(*, many: bool) -> common.VizLegendOptions:
    """With the newest value of each line; beside the graph when there are many, so that no name is cut."""
    made = common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"])
    if many:
        return made.display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.RIGHT).width(170)
    return made.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _reduce(panel: Panel) -> Builder[ReduceDataOptions]:
    return common.ReduceDataOptions().calcs([panel.reduce]).values(False)


def _timeseries(panel: Panel, _: Language) -> timeseries.Panel:
    made = timeseries.Panel().legend(_legend(many=len(panel.names) > 5))
    made.line_width(1).fill_opacity(20 if panel.stacked else 0)
    made.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    made.show_points(VisibilityMode.AUTO).line_interpolation(LineInterpolation.LINEAR).span_nulls(False)
    if panel.least is not None:
        made.axis_soft_min(panel.least)
    if panel.limits:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for at, name in enumerate(panel.names):
        look = [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": PALETTE[at % len(PALETTE)]})]
        stroke = STROKES[at // len(PALETTE)]
        if stroke:
            look.append(DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": list(stroke)}))
        made.override_by_name(name, look)
    return made


def _stat(panel: Panel, _: Language) -> stat.Panel:
    made = stat.Panel().reduce_options(_reduce(panel)).graph_mode(BigValueGraphMode.NONE)
    if panel.total:
        made.with_transformation(DataTransformerConfig("joinByField", options={"byField": "Time", "mode": "outer"}))
        summed = {"mode": "reduceRow", "reduce": {"reducer": "sum"}, "replaceFields": True}
        made.with_transformation(DataTransformerConfig("calculateField", options=summed))
    return made.color_mode(BigValueColorMode.VALUE if panel.limits else BigValueColorMode.NONE)


def _sorted_by(field: str) -> DataTransformerConfig:
    return DataTransformerConfig("sortBy", options={"fields": {}, "sort": [{"field": field, "desc": True}]})


def _state_legend() -> common.VizLegendOptions:
    made = common.VizLegendOptions().show_legend(True)
    return made.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _statetimeline(_: Panel, __: Language) -> statetimeline.Panel:
    made = statetimeline.Panel().legend(_state_legend()).show_value(VisibilityMode.NEVER).row_height(0.8).line_width(0)
    return made.align_value(TimelineValueAlignment.LEFT).fill_opacity(80).merge_values(True)


def _table(panel: Panel, language: Language) -> table.Panel:
    made = table.Panel().show_header(True).cell_height(TableCellHeight.SM).cell_options(TableAutoCellOptions())
    named = {column.name: column.title.of(language) for column in panel.columns}
    hidden = {} if "Time" in named else {"Time": True}
    places = {column.name: at for at, column in enumerate(panel.columns)}
    organize = {"excludeByName": hidden, "indexByName": places, "renameByName": named}
    made.with_transformation(DataTransformerConfig("organize", options=organize))
    if panel.order:
        made.with_transformation(_sorted_by(named[panel.order]))
    made.override_by_field_type("string", [DynamicConfigValue("unit", "string")])  # else lane 3 is written in the unit
    for column in panel.columns:
        properties = [] if column.unit == "none" else [DynamicConfigValue("unit", column.unit)]
        if column.bar:
            bar = TableBarGaugeCellOptions(BarGaugeDisplayMode.BASIC, BarGaugeValueMode.TEXT)
            properties += [DynamicConfigValue("custom.cellOptions", bar), DynamicConfigValue("min", 0)]
        if column.width:
            properties.append(DynamicConfigValue("custom.width", column.width))
        if column.link:
            url = column.link.replace("LANGUAGE", language.lower())
            link = {"title": named[column.name], "url": url, "targetBlank": False}
            properties.append(DynamicConfigValue("links", [link]))
        if properties:
            made.override_by_name(named[column.name], properties)
    return made


_DRAWN: dict[Kind, Callable[[Panel, Language], Drawn]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "state-timeline": _statetimeline,
    "table": _table,
}
