"""The kinds of panels, each with its one look: neutral while all is well, a colour only where somebody must act.

Public names: T, Language, Panel, Column, trend, number, bars, timeline, rows, NEUTRAL, WARN, ALARM.

Source: ANSI/ISA-101.01-2015, 5.2 and 5.3: colour is kept for the abnormal; ANSI/ISA-18.2 for what is alarmed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
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
    TableCellHeight,
    TimelineValueAlignment,
    TooltipDisplayMode,
    VisibilityMode,
    VizLegendOptions,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
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
_NAMES = re.compile(r'"(\w+)"')
DATA_SOURCE = DataSourceRef(type_val="influxdb", uid="${datasource}")

Kind: TypeAlias = Literal["timeseries", "stat", "bargauge", "state-timeline", "table"]
Limits: TypeAlias = Sequence[tuple[float, str]]
Drawn: TypeAlias = timeseries.Panel | stat.Panel | bargauge.Panel | statetimeline.Panel | table.Panel


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


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``link``: where a click on it leads; LANGUAGE in it is the page's."""

    name: str
    title: T
    unit: str = "none"
    link: str = ""
    width: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a page.

    ``unit``: Grafana's id of it. ``limits``: from which value on which colour; below the first it is ``base``.
    ``states``: what a number is called and coloured. ``width``: of 24; ``height``: in Grafana's rows of 30 px.
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

    def draw(self, language: Language, number: int, x: int, y: int) -> Drawn:
        """The panel as Grafana's builder, at a place of its own."""
        made = _DRAWN[self.kind](self, language)
        made.id(number).title(self.title.of(language)).description(self.text.of(language)).datasource(DATA_SOURCE)
        made.grid_pos(GridPos(self.height, self.width, x, y)).unit(self.unit)
        for query in self.queries:
            made.with_target(_Ready(query))
        if self.decimals is not None:
            made.decimals(self.decimals)
        if self.kind != "table":
            steps = [Threshold(None, self.base), *(Threshold(value, color) for value, color in self.limits)]
            made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
            mode = FieldColorModeId.THRESHOLDS if self.kind != "timeseries" else FieldColorModeId.SHADES
            color = dashboard.FieldColor().mode(mode)
            made.color_scheme(color if mode is FieldColorModeId.THRESHOLDS else color.fixed_color(NEUTRAL))
        if self.states:
            named = {
                str(value): ValueMappingResult(text=text.of(language), color=color, index=at)
                for at, (value, (text, color)) in enumerate(self.states.items())
            }
            made.mappings([ValueMap(named)])
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
) -> Panel:
    """Lines over time; ``limits`` are drawn as dashed lines. ``least``: where the axis begins at the latest."""
    made = _queries(query, alias)
    return Panel("timeseries", title, text, made, unit, width, limits=limits, stacked=stacked, least=least)


def number(
    title: T,
    text: T,
    query: str,
    *,
    unit: str,
    width: int = 4,
    limits: Limits = (),
    base: str = NEUTRAL,
    decimals: int | None = None,
) -> Panel:
    """One number for the chosen time."""
    made = _queries(query, "")
    return Panel("stat", title, text, made, unit, width, 4, limits, base, decimals=decimals)


def bars(title: T, text: T, query: str, *, unit: str, width: int = 8, limits: Limits = ()) -> Panel:
    """A bar for each row of a query by `totals`, the longest first."""
    return Panel("bargauge", title, text, (Influx(query, table=True),), unit, width, limits=limits)


def timeline(
    title: T, text: T, query: str, alias: str, states: Mapping[int, tuple[T, str]], *, width: int = 8
) -> Panel:
    """A band for each series that shows its state over time."""
    return Panel("state-timeline", title, text, _queries(query, alias), "none", width, states=states)


def rows(
    title: T, text: T, query: str, columns: Sequence[Column], *, width: int = 24, height: int = 8, order: str = ""
) -> Panel:
    """A table with these columns. ``order``: column by which it is sorted, the greatest first."""
    made = (Influx(query, table=True),)
    return Panel("table", title, text, made, "none", width, height, columns=tuple(columns), order=order)


# ---- how they are drawn ----------------------------------------------------------------------------------------------


def _legend() -> Builder[VizLegendOptions]:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )


def _reduce(panel: Panel) -> Builder[ReduceDataOptions]:
    return common.ReduceDataOptions().calcs([panel.reduce]).values(False)


def _timeseries(panel: Panel, _: Language) -> timeseries.Panel:
    made = timeseries.Panel().legend(_legend()).line_width(1).fill_opacity(20 if panel.stacked else 0)
    made.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    made.show_points(VisibilityMode.AUTO).line_interpolation(LineInterpolation.LINEAR).span_nulls(60_000)
    if panel.least is not None:
        made.axis_soft_min(panel.least)
    if panel.limits:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    return made


def _stat(panel: Panel, _: Language) -> stat.Panel:
    made = stat.Panel().reduce_options(_reduce(panel)).graph_mode(BigValueGraphMode.NONE)
    return made.color_mode(BigValueColorMode.VALUE if panel.limits else BigValueColorMode.NONE)


def _bargauge(panel: Panel, _: Language) -> bargauge.Panel:
    rows = common.ReduceDataOptions().calcs([panel.reduce]).values(True).limit(25)
    made = bargauge.Panel().reduce_options(rows).orientation(VizOrientation.HORIZONTAL)
    made.display_mode(BarGaugeDisplayMode.BASIC).name_placement(BarGaugeNamePlacement.LEFT).show_unfilled(False)
    tags = _NAMES.findall(panel.queries[0].query.partition(" GROUP BY ")[2])
    places = {name: at for at, name in enumerate((*tags, "value"))}
    organize = {"excludeByName": {"Time": True}, "indexByName": places}
    made.with_transformation(DataTransformerConfig("organize", options=organize))
    made.with_transformation(_sorted_by("value"))
    return made if panel.least is None else made.min(panel.least)


def _sorted_by(field: str) -> DataTransformerConfig:
    return DataTransformerConfig("sortBy", options={"fields": {}, "sort": [{"field": field, "desc": True}]})


def _statetimeline(_: Panel, __: Language) -> statetimeline.Panel:
    made = statetimeline.Panel().legend(_legend()).show_value(VisibilityMode.NEVER).row_height(0.8).line_width(0)
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
    for column in panel.columns:
        properties = [] if column.unit == "none" else [DynamicConfigValue("unit", column.unit)]
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
    "bargauge": _bargauge,
    "state-timeline": _statetimeline,
    "table": _table,
}
