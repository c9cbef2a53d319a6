"""Shipments: what came in, what is still open, and what went out by carrier, lane and dock door.

Public names: SHIPMENTS.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import HOUR, NOW, recent, select, totals
from grafana.panels import ALARM, OFF, Column, T, bars, number, rows, timeline, trend

_OPEN = "\"state\" = 'open'"
_TRACE = "/d/lanewise-parcel-trace-LANGUAGE?var-subject=${__value.raw}&${__url_time_range}"

SHIPMENTS = Board(
    "shipments",
    T("Shipments", "出貨"),
    T(
        "What came in, what is still open, and what went out by carrier and lane.",
        "進單、未結訂單，以及按承運商與道口的出貨。",
    ),
    (
        Section(
            T("Orders", "訂單"),
            (
                number(
                    T("Came in", "進單"),
                    T("Orders that came or changed while open in the chosen time.", "所選時間內新增或變更的未結訂單。"),
                    select(schema.ORDERS, 'count("items")', where=_OPEN),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Cancelled", "取消"),
                    T("Orders that were cancelled in the chosen time.", "所選時間內取消的訂單。"),
                    select(schema.ORDERS, 'count("items")', where="\"state\" = 'cancelled'"),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Shipped", "出貨"),
                    T("Parcels in a lane of their carrier in the chosen time.", "所選時間內進入承運商道口的包裹。"),
                    select(schema.SHIPMENT, 'count("order_id")'),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Open now", "目前未結"),
                    T(
                        "Orders that the chosen controllers know and that are not shipped.",
                        "所選控制器已知但未出貨的訂單。",
                    ),
                    select(schema.CONTROLLER, 'mean("orders_open")', by=("controller",), where=NOW),
                    none="–",
                    unit="none",
                    decimals=0,
                    total=True,
                ),
                number(
                    T("Pieces ordered", "訂購件數"),
                    T("Pieces of the orders that came in.", "進單的總件數。"),
                    select(schema.ORDERS, 'sum("items")', where=_OPEN),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Pieces an order", "每單件數"),
                    T("Mean of the orders that came in.", "進單的平均件數。"),
                    select(schema.ORDERS, 'mean("items")', where=_OPEN),
                    none="–",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Orders an hour by state", "每小時訂單狀態變化"),
                    T("Changes of orders by the state that they came to.", "訂單變更為各狀態的數量。"),
                    select(schema.ORDERS, f'count("items") * {HOUR}', by=("state",), every=True, fill="0"),
                    "$tag_state",
                    unit="none",
                    decimals=0,
                    width=24,
                    names=("open", "shipped", "cancelled"),
                    step="1m",
                ),
                trend(
                    T("Open orders, ${controller}", "未結訂單，${controller}"),
                    T("Orders that the controller knows and that are not shipped.", "該控制器已知但未出貨的訂單。"),
                    select(schema.CONTROLLER, 'last("orders_open")', by=("controller",), every=True),
                    "$tag_controller",
                    unit="none",
                    decimals=0,
                    width=12,
                    repeat="controller",
                ),
                trend(
                    T("Shipped an hour, ${line}", "每小時出貨，${line}"),
                    T(
                        "Parcels that came to a lane of their carrier, in the steps of the graph.",
                        "進入承運商道口的包裹數，按圖中時段。",
                    ),
                    select(schema.SHIPMENT, f'count("order_id") * {HOUR}', by=("line",), every=True, fill="0"),
                    "$tag_line",
                    unit="none",
                    decimals=0,
                    width=12,
                    repeat="line",
                    step="1m",
                ),
            ),
        ),
        Section(
            T("Dock doors", "月台"),
            (
                rows(
                    T("Loads", "裝載"),
                    T(
                        "Loads that were opened or closed, the time until their cut-off, and what a closing found.",
                        "開啟與關閉的裝載、距截止時間，以及關閉時的結果。",
                    ),
                    recent(
                        schema.LOAD,
                        '"dock", "load_id", "carrier", "action", "cutoff_ms", "departure_ms", "aboard", "wrong", "missing", "undetermined"',
                    ),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("dock", T("Door", "月台"), width=90),
                        Column("load_id", T("Load", "裝載"), width=130),
                        Column("carrier", T("Carrier", "承運商"), width=80),
                        Column("action", T("What", "動作"), width=80),
                        Column("cutoff_ms", T("Cut-off", "截止"), "dateTimeFromNow", width=140),
                        Column("departure_ms", T("Departure", "發車"), "dateTimeFromNow", width=140),
                        Column("aboard", T("Aboard", "已裝"), width=90),
                        Column("wrong", T("Wrong", "錯裝"), width=90),
                        Column("missing", T("Missing", "缺少"), width=90),
                        Column("undetermined", T("Perhaps", "未定"), width=90),
                    ),
                    width=24,
                    height=7,
                ),
                bars(
                    T("Past the doors", "過門判定"),
                    T(
                        "Parcels past each door by verdict; `wrong` and `unknown` went out and must come back.",
                        "各門的包裹判定；wrong 與 unknown 已出門，必須追回。",
                    ),
                    totals(schema.GATE, 'count("bad")', by=("dock", "verdict")),
                    unit="none",
                ),
                timeline(
                    T("Door lights", "門燈"),
                    T("When the light of each door called somebody.", "各門警示燈亮起的時段。"),
                    select(schema.DOCK, 'max("light")', by=("dock",), every=True),
                    "$tag_dock",
                    {0: (T("off", "熄"), OFF), 1: (T("on", "亮"), ALARM)},
                ),
            ),
        ),
        Section(
            T("Door ${dock}", "月台 ${dock}"),
            (
                trend(
                    T("Through the door, an hour", "每小時過門數"),
                    T("Parcels by direction, in the steps of the graph.", "各方向的包裹數，按圖中時段。"),
                    select(schema.GATE, f'count("bad") * {HOUR}', by=("direction",), every=True, fill="0"),
                    "$tag_direction",
                    unit="none",
                    decimals=0,
                    width=12,
                    names=("out", "in", "undetermined"),
                    step="1m",
                ),
                trend(
                    T("Must come back", "必須追回"),
                    T(
                        "Parcels that went out at the door and must come back.",
                        "該門已出門且必須追回的包裹數。",
                    ),
                    select(schema.DOCK, 'max("wrong")', by=("dock",), every=True),
                    "$tag_dock",
                    width=12,
                    unit="none",
                    decimals=0,
                    limits=((1, ALARM),),
                ),
            ),
            repeat="dock",
        ),
        Section(
            T("Carriers and lanes", "承運商與道口"),
            (
                bars(
                    T("Orders by carrier", "承運商訂單"),
                    T("Orders that came in, by carrier and service.", "進單，按承運商與服務。"),
                    totals(schema.ORDERS, 'count("items")', by=("carrier", "service"), where=_OPEN),
                    unit="none",
                ),
                bars(
                    T("Shipped by lane", "道口出貨"),
                    T("Parcels that reached each lane of their carrier.", "到達承運商各道口的包裹。"),
                    totals(schema.SHIPMENT, 'count("order_id")', by=("line", "lane")),
                    unit="none",
                ),
                bars(
                    T("Orders by channel", "訂單來源"),
                    T("Where orders came from.", "訂單的來源。"),
                    totals(schema.ORDERS, 'count("items")', by=("channel",), where=_OPEN),
                    unit="none",
                ),
                rows(
                    T("Shipped, the newest first", "最近出貨"),
                    T("Click a parcel or an order for its trace.", "點選包裹或訂單查看追蹤。"),
                    recent(schema.SHIPMENT, '"line", "lane", "order_id", "parcel_id"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("order_id", T("Order", "訂單"), link=_TRACE),
                        Column("parcel_id", T("Parcel", "包裹"), link=_TRACE),
                        Column("line", T("Line", "線"), width=120),
                        Column("lane", T("Lane", "道口"), width=80),
                    ),
                ),
            ),
        ),
    ),
)
