"""A page of panels: where each stands, its variables, the jams and lane changes marked in it, and its links.

Public names: Board, Section, LIVE_URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Dashboard as Made
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.dashboard import Panel as PanelModel
from grafana_foundation_sdk.models.table import Options as TableOptions

from edge.publish import schema
from edge.publish.schema import Measurement
from grafana.influxql import SCOPES, Annotation, AnnotationTarget, recent, values_of
from grafana.panels import ALARM, COLUMNS, DATA_SOURCE, NEUTRAL, Language, Panel, T

LIVE_URL = "http://127.0.0.1:8000"
TAG = "lanewise"
_USED = re.compile(r"\$\{(\w+)")

_SCOPE_SOURCES: dict[str, tuple[Measurement, T]] = {
    "site": (schema.CONTROLLER, T("Site", "站點")),
    "controller": (schema.CONTROLLER, T("Controller", "控制器")),
    "line": (schema.LINE, T("Line", "線")),
    "lane": (schema.LANE, T("Lane", "道口")),
    "reader": (schema.READER, T("Reader", "讀取器")),
    "portal": (schema.PASSAGE, T("Portal", "讀取門")),
    "plc": (schema.PLC, T("PLC", "PLC")),
    "point": (schema.PLC_POINT, T("Point", "點位")),
    "dock": (schema.DOCK, T("Door", "月台")),
    "follower": (schema.BACKLOG, T("Publisher", "發布者")),
}
_MARKS = (
    (
        T("Jams", "堵塞"),
        ALARM,
        Annotation(
            recent(schema.ALARM, '"text"', where='"kind" = \'jam\' AND "active" = 1', limit=200, scopes=("site",)),
            "text",
            "alarm",
        ),
    ),
    (
        T("Lane changes", "道口變更"),
        NEUTRAL,
        Annotation(
            recent(schema.PLC_EVENT, '"change"', where="\"event\" = 'lane'", limit=200, scopes=("site",)),
            "change",
            "station",
        ),
    ),
    (
        T("Controller starts", "控制器啟動"),
        NEUTRAL,
        Annotation(recent(schema.STARTED, '"version"', limit=50, scopes=("site",)), "version", "controller"),
    ),
)


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under a heading, from left to right and top to bottom. ``repeat``: all of it, for each value of a variable."""

    title: T
    panels: tuple[Panel, ...]
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One page. ``name``: its file, and with the language its uid. ``texts``: variables that people type in, with what they are at first."""

    name: str
    title: T
    text: T
    sections: tuple[Section, ...]
    hours: int = 6
    texts: tuple[tuple[str, T, str], ...] = ()

    def placed(self) -> Iterator[tuple[Section | Panel, int, int]]:
        """Every heading and panel with its place, x of 24 and y."""
        y = 0
        for section in self.sections:
            yield section, 0, y
            y += 1
            x = below = 0
            for panel in section.panels:
                if x + panel.width > COLUMNS or panel.repeat:  # what is repeated fills lines of its own
                    x, y, below = 0, y + below, 0
                yield panel, x, y
                x, below = COLUMNS if panel.repeat else x + panel.width, max(below, panel.height)
            y += below

    def scopes(self) -> tuple[str, ...]:
        """Variables that the queries use, in their order on the page; the site always."""
        queries = " ".join(
            query.query for section in self.sections for panel in section.panels for query in panel.queries
        )
        queries += " ".join(mark.query for _, _, mark in _MARKS)
        used = set(_USED.findall(queries)) | {section.repeat for section in self.sections}
        return tuple(scope for scope in SCOPES if scope in used)

    def uid(self, language: Language) -> str:
        """Under this the page is linked to."""
        return f"lanewise-{self.name}-{language.lower()}"

    def build(self, language: Language) -> Made:
        """The page in one language, as Grafana's model."""
        made = dashboard.Dashboard(self.title.of(language)).uid(self.uid(language))
        made.description(self.text.of(language)).tags([TAG, language.value]).readonly().time(
            f"now-{self.hours}h", "now"
        )
        made.timezone("browser").refresh("10s").tooltip(DashboardCursorSync.CROSSHAIR)
        made.timepicker(dashboard.TimePicker().refresh_intervals(["5s", "10s", "30s", "1m", "5m"]))
        self._variables(made, language)
        for title, color, mark in _MARKS:
            name = title.of(language)
            query = dashboard.AnnotationQuery().name(name).datasource(DATA_SOURCE).icon_color(color)
            made.annotation(query.target(_Given(AnnotationTarget(mark, name))))
        live = T("Live page", "現場畫面").of(language)
        made.link(
            dashboard.DashboardLink(live)
            .url("${live}")
            .type(DashboardLinkType.LINK)
            .target_blank(True)
            .icon("external link")
        )
        pages = T("Pages", "頁面").of(language)
        others = dashboard.DashboardLink(pages).type(DashboardLinkType.DASHBOARDS).tags([TAG, language.value])
        made.link(others.as_dropdown(True).include_vars(True).keep_time(True))
        for number, (what, x, y) in enumerate(self.placed(), start=1):
            if isinstance(what, Section):
                row = dashboard.Row(what.title.of(language)).id(number).grid_pos(GridPos(1, COLUMNS, 0, y))
                made.with_row(row.repeat(what.repeat) if what.repeat else row)
            else:
                made.with_panel(what.draw(language, number, x, y))
        page = made.build()
        for variable in page.templating.list_val or ():
            variable.auto = variable.auto_min = variable.auto_count = None  # of interval variables only
        for panel in page.panels or ():
            if isinstance(panel, PanelModel) and isinstance(panel.options, TableOptions):
                panel.options.footer = None  # Grafana 13 has none, this SDK gives one
        return page

    def _variables(self, made: dashboard.Dashboard, language: Language) -> None:
        source = dashboard.DatasourceVariable("datasource").label(T("Data source", "資料來源").of(language))
        made.with_variable(source.type("influxdb").hide(VariableHide.HIDE_LABEL))
        for scope in self.scopes():
            measurement, title = _SCOPE_SOURCES[scope]
            one = dashboard.QueryVariable(scope).label(title.of(language)).datasource(DATA_SOURCE)
            one.query(values_of(measurement, scope)).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            one.sort(VariableSort.NATURAL_ASC).multi(True).include_all(True).all_value(".*")
            made.with_variable(one.current(VariableOption(text=["All"], value=["$__all"], selected=True)))
        for name, title, first in self.texts:
            made.with_variable(dashboard.TextBoxVariable(name).label(title.of(language)).default_value(first))
        made.with_variable(dashboard.ConstantVariable("live").label("URL").value(LIVE_URL))


class _Given(Builder[AnnotationTarget]):
    def __init__(self, target: AnnotationTarget) -> None:
        self._target = target

    def build(self) -> AnnotationTarget:
        return self._target
