"""Order flow: where orders stand, what holds them, what is due at the next cut-offs, and who will miss one.

Public names: ORDER_FLOW.
"""

from __future__ import annotations

from edge.publish import schema
from edge.publish.schema import Measurement
from grafana.board import Board, Section
from grafana.influxql import FIGURES_NOW, FLOW_NOW, recent, select, totals
from grafana.panels import ALARM, WARN, Column, Panel, T, bars, number, rows, trend

STAGES = ("review", "held", "accepted", "released", "verified", "labelled", "sorted")
_STAGED = f'"stage" =~ /^({"|".join(STAGES)})$/'
REASONS = ("all", "stock", "pick", "line", "lane", "cut-off")
_NEWEST = "time > ${__to}ms - 65s"
"""One of what is written every minute."""
_CYCLES = '"kpi" =~ /^cycle/ AND "dimension" = \'site\''


def _stood(title: T, text: T, stage: str) -> Panel:
    query = select(schema.ORDER_FLOW, 'last("orders")', where=f"\"stage\" = '{stage}' AND {FLOW_NOW}")
    return number(title, text, query, none="–", unit="none", decimals=0)


def _due(source: Measurement, what: str) -> str:
    return select(source, f'last("{what}")', by=("carrier", "service"), where=FLOW_NOW)


ORDER_FLOW = Board(
    "order-flow",
    T("Order flow", "訂單流程"),
    T(
        "Where orders stand, what holds them, and what must be in its lane by the next cut-offs. `lanewise publish SITE.toml` tells it.",
        "訂單所在階段、暫停原因，以及下次截止前須入道口的包裹。由 lanewise publish SITE.toml 提供。",
    ),
    (
        Section(
            T("Now", "現在"),
            (
                _stood(T("Held", "暫停"), T("Orders that a person must look at.", "須人工處理的訂單。"), "held"),
                _stood(
                    T("Accepted", "已放行"),
                    T("Orders that may go, and are in no released wave.", "可出貨但尚未釋出的訂單。"),
                    "accepted",
                ),
                _stood(
                    T("Released", "已釋出"),
                    T("Parcels of released waves that are not verified.", "已釋出且尚未核對的包裹。"),
                    "released",
                ),
                _stood(
                    T("Verified", "已核對"),
                    T("Parcels that are verified and in no lane yet.", "已核對且尚未入道口的包裹。"),
                    "verified",
                ),
                number(
                    T("Will be late", "將遲延"),
                    T("Parcels that will miss their cut-off, as far as anybody can say.", "預測將錯過截止的包裹。"),
                    select(schema.LATE_FORECAST, 'last("orders")', where=f"\"reason\" = 'all' AND {FLOW_NOW}"),
                    none="–",
                    unit="none",
                    decimals=0,
                    limits=((1, WARN),),
                ),
                number(
                    T("Past their cut-off", "已過截止"),
                    T("Parcels of the last day that are in no lane, and late.", "近一日已過截止仍未入道口的包裹。"),
                    _due(schema.PICKUP, "missed"),
                    none="–",
                    unit="none",
                    decimals=0,
                    limits=((1, ALARM),),
                    total=True,
                ),
            ),
        ),
        Section(
            T("By stage", "各階段"),
            (
                trend(
                    T("Orders by stage", "各階段訂單數"),
                    T("How many orders, from `released` on parcels, stand where.", "各階段的訂單數，釋出後為包裹數。"),
                    select(schema.ORDER_FLOW, 'max("orders")', by=("stage",), where=_STAGED, every=True),
                    "$tag_stage",
                    unit="none",
                    decimals=0,
                    width=12,
                    names=STAGES,
                    step="3m",
                ),
                trend(
                    T("Longest wait by stage", "各階段最久等待"),
                    T("How long the order has waited that came there first.", "該階段最早到達者已等待的時間。"),
                    select(schema.ORDER_FLOW, 'max("oldest_us")', by=("stage",), where=_STAGED, every=True),
                    "$tag_stage",
                    unit="µs",
                    width=12,
                    names=STAGES,
                    step="3m",
                ),
                bars(
                    T("Median time", "時間中位數"),
                    T("From step to step, of what ended today.", "今日完成者各步驟間的時間。"),
                    totals(schema.KPI, 'last("value")', by=("kpi",), where=f"{_CYCLES} AND {FIGURES_NOW}"),
                    unit="µs",
                    width=12,
                ),
                bars(
                    T("Nine of ten within", "九成在此時間內"),
                    T("From step to step, of what ended today.", "今日完成者各步驟間的時間。"),
                    totals(schema.KPI, 'last("p90_us")', by=("kpi",), where=f"{_CYCLES} AND {FIGURES_NOW}"),
                    unit="µs",
                    width=12,
                ),
            ),
        ),
        Section(
            T("Holds", "暫停"),
            (
                trend(
                    T("Held orders", "暫停訂單"),
                    T("Orders that a person must look at.", "須人工處理的訂單。"),
                    select(schema.ORDER_FLOW, 'max("orders")', where="\"stage\" = 'held'", every=True),
                    T("held", "held").en,
                    unit="none",
                    decimals=0,
                    width=12,
                    step="3m",
                ),
                bars(
                    T("Held now by", "目前暫停原因"),
                    T("What holds orders now; one may be held by several.", "目前的暫停原因；一單可有多項。"),
                    totals(schema.ORDER_HOLD, 'last("orders")', by=("code",), where=FLOW_NOW),
                    unit="none",
                    width=6,
                ),
                bars(
                    T("Held today by", "今日暫停原因"),
                    T("Orders that were taken today and held, by cause.", "今日接單且曾暫停的訂單，按原因。"),
                    totals(
                        schema.KPI,
                        'last("numerator")',
                        by=("member",),
                        where=f"\"kpi\" = 'held' AND \"dimension\" = 'reason' AND {FIGURES_NOW}",
                    ),
                    unit="none",
                    width=6,
                ),
            ),
        ),
        Section(
            T("Cut-offs", "截止"),
            (
                rows(
                    T("Pickups", "取件"),
                    T(
                        "What must be in its lane by a cut-off of the next day, and how long until the next one.",
                        "次日內截止前須入道口的包裹，以及距下次截止的時間。",
                    ),
                    recent(schema.PICKUP, '"carrier", "service", "open", "missed", "left_us"', where=_NEWEST, limit=60),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("carrier", T("Carrier", "承運商")),
                        Column("service", T("Service", "服務")),
                        Column("open", T("To go", "待入道口"), width=110),
                        Column("missed", T("Late", "已遲"), width=110),
                        Column("left_us", T("Time left", "剩餘時間"), "µs", width=120),
                    ),
                    width=12,
                    height=7,
                    order="open",
                ),
                trend(
                    T("Late forecast by cause", "遲延預測原因"),
                    T("Parcels that will miss their cut-off, by what keeps them.", "將錯過截止的包裹，按阻礙。"),
                    select(schema.LATE_FORECAST, 'max("orders")', by=("reason",), every=True),
                    "$tag_reason",
                    unit="none",
                    decimals=0,
                    width=12,
                    names=REASONS,
                    step="3m",
                ),
                trend(
                    T("Shortest time left", "最短剩餘時間"),
                    T("Until the next cut-off of any carrier.", "距任一承運商下次截止的時間。"),
                    select(schema.PICKUP, 'min("left_us")', every=True),
                    "left",
                    unit="µs",
                    width=12,
                    step="3m",
                ),
                bars(
                    T("To go by carrier", "各承運商待入道口"),
                    T(
                        "Parcels that must be in their lane by a cut-off of the next day.",
                        "次日內截止前須入道口的包裹。",
                    ),
                    totals(schema.PICKUP, 'last("open")', by=("carrier", "service"), where=FLOW_NOW),
                    unit="none",
                    width=12,
                ),
            ),
        ),
    ),
    hours=12,
)
