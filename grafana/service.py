"""Service: what customers get, on time and right, what went wrong and why, and what it costs; this day so far.

Public names: SERVICE.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import FIGURES_NOW, Influx, select, totals
from grafana.panels import ALARM, NEUTRAL, Panel, T, bars, number, trend

_TODAY = T("This day so far; docs/kpis.md says what counts.", "今日至今；計算方式見 docs/kpis.md。")


def _of(kpi: str, dimension: str = "site") -> str:
    return f"\"kpi\" = '{kpi}' AND \"dimension\" = '{dimension}'"


def _share(title: T, kpi: str, least: float) -> Panel:
    query = select(schema.KPI, 'last("value")', where=f"{_of(kpi)} AND {FIGURES_NOW}")
    return number(
        title, _TODAY, query, none="–", unit="percentunit", decimals=1, base=ALARM, limits=((least, NEUTRAL),)
    )


def _bad(title: T, kpi: str, most: float) -> Panel:
    query = select(schema.KPI, 'last("value")', where=f"{_of(kpi)} AND {FIGURES_NOW}")
    return number(title, _TODAY, query, none="–", unit="percentunit", decimals=2, limits=((most, ALARM),))


def _by(title: T, kpi: str, dimension: str, unit: str, what: str = "value") -> Panel:
    query = totals(schema.KPI, f'last("{what}")', by=("member",), where=f"{_of(kpi, dimension)} AND {FIGURES_NOW}")
    return bars(title, _TODAY, query, unit=unit)


def _over(title: T, names: tuple[str, ...], unit: str) -> Panel:
    which = "|".join(names)
    where = f'"kpi" =~ /^({which})$/ AND "dimension" = \'site\''
    query = select(schema.KPI, 'last("value")', by=("kpi",), where=where, every=True)
    return trend(title, _TODAY, query, "$tag_kpi", unit=unit, width=12, names=names, step="15m")


def _whole(kpi: str) -> str:
    return select(schema.KPI, 'last("value")', where=_of(kpi), every=True)


SERVICE = Board(
    "service",
    T("Service", "服務品質"),
    T(
        "What customers get, on time and right, what went wrong, and what it costs. `lanewise publish SITE.toml` tells it.",
        "準時與正確、異常與原因，以及成本。由 lanewise publish SITE.toml 提供。",
    ),
    (
        Section(
            T("Today", "今日"),
            (
                _share(T("Out on time", "準時出倉"), "on-time-departed", 0.95),
                _share(T("Delivered on time", "準時送達"), "on-time-delivered", 0.95),
                _share(T("Picked right", "揀貨正確"), "pick-accuracy", 0.98),
                _share(T("Fill rate", "滿足率"), "fill-rate", 0.98),
                _share(T("Stock right", "庫存正確"), "stock-accuracy", 0.98),
                _share(T("Touchless", "免人工"), "touchless", 0.8),
                _bad(T("No-reads", "未讀"), "no-read", 0.01),
                _bad(T("Missorted", "錯分"), "mis-sort", 0.005),
                _bad(T("Wrong door", "走錯門"), "wrong-door", 0.005),
                _bad(T("Short", "短缺"), "short", 0.02),
                _bad(T("Held", "暫停"), "held", 0.1),
                _bad(T("In trouble", "異常包裹"), "parcel-trouble", 0.02),
                _bad(T("Wrong goods", "錯發"), "mis-ship", 0.002),
                _bad(T("Returned", "退貨"), "return-rate", 0.1),
                _bad(T("Cases overdue", "逾期案件"), "case.overdue", 0.05),
                _bad(T("Refused at quality", "品檢不符"), "quality-refused", 0.05),
                number(
                    T("Satisfaction", "滿意度"),
                    _TODAY,
                    select(schema.KPI, 'last("value")', where=f"{_of('satisfaction')} AND {FIGURES_NOW}"),
                    none="–",
                    unit="none",
                    decimals=1,
                ),
                number(
                    T("Carriage a parcel", "每件運費"),
                    _TODAY,
                    select(schema.KPI, 'last("value")', where=f"{_of('cost.parcel')} AND {FIGURES_NOW}"),
                    none="–",
                    unit="none",
                    decimals=0,
                ),
            ),
        ),
        Section(
            T("On time", "準時"),
            (
                _over(
                    T("On time, over the day", "今日準時走勢"), ("on-time-departed", "on-time-delivered"), "percentunit"
                ),
                _over(
                    T("Right, over the day", "今日正確走勢"),
                    ("pick-accuracy", "fill-rate", "stock-accuracy"),
                    "percentunit",
                ),
                _by(T("Out on time by carrier", "各承運商準時出倉"), "on-time-departed", "carrier", "percentunit"),
                _by(T("Delivered by carrier", "各承運商準時送達"), "on-time-delivered", "carrier", "percentunit"),
                _by(T("Out on time by channel", "各通路準時出倉"), "on-time-departed", "channel", "percentunit"),
            ),
        ),
        Section(
            T("Exceptions", "異常"),
            (
                _over(
                    T("Wrong, over the day", "今日異常走勢"),
                    ("no-read", "mis-sort", "wrong-door", "refused", "short"),
                    "percentunit",
                ),
                _over(T("Forecasts that came true", "預測命中走勢"), ("late-forecast",), "percentunit"),
                _by(T("Refused by cause", "不符原因"), "refused", "reason", "none", "numerator"),
                _by(T("Short by cause", "短缺原因"), "short", "reason", "none", "numerator"),
                _by(T("Stock wrong by cause", "庫存不符原因"), "stock-accuracy", "reason", "none", "numerator"),
            ),
        ),
        Section(
            T("Returns and cases", "退貨與案件"),
            (
                _over(T("Returns and wrong goods", "退貨與錯發走勢"), ("return-rate", "mis-ship"), "percentunit"),
                _over(T("Trouble, over the day", "異常包裹走勢"), ("parcel-trouble",), "percentunit"),
                _by(T("Trouble by kind", "異常種類"), "parcel-trouble", "reason", "none", "numerator"),
                _by(T("Returned by reason", "退貨原因"), "return-rate", "reason", "none", "numerator"),
                _by(T("Quality faults", "品檢缺陷"), "quality-refused", "reason", "none", "numerator"),
                _by(T("Time to resolve", "解決時間"), "case.resolved", "reason", "µs"),
                _by(T("Overdue by class", "逾期類別"), "case.overdue", "reason", "percentunit"),
            ),
        ),
        Section(
            T("Cost", "成本"),
            (
                _by(T("Carriage a parcel", "每件運費"), "cost.parcel", "carrier", "none"),
                _by(T("Carriage an order", "每單運費"), "cost.order", "channel", "none"),
                _by(T("Parcels by carrier", "各承運商包裹"), "cost.parcel", "carrier", "none", "denominator"),
                trend(
                    T("A parcel's cost, over the day", "每件成本走勢"),
                    _TODAY,
                    (
                        Influx(_whole("cost.parcel"), "carriage"),
                        Influx(_whole("cost.material"), "material", ref="B"),
                    ),
                    unit="none",
                    width=12,
                    names=("carriage", "material"),
                    step="15m",
                ),
                _over(T("Material a parcel, over the day", "每件包材走勢"), ("material",), "none"),
            ),
        ),
    ),
    hours=12,
)
