"""Parcel trace: what happened to one parcel, tote or order, and to one track on the belt.

Public names: TRACE.

Typed in are an order, a tote or a parcel, or a part of its name; empty = all. The evidence on the belt knows only the
PLC's track number: a click on it shows its way. Every detail, as the journal has it: the live page and `lanewise trace`.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import recent
from grafana.panels import Column, T, rows

_TIME = Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170)
_LINE = Column("line", T("Line", "線"), width=110)
_STORY = "${live}/t/${__value.raw:percentencode}"
"""The address of its page, or of its story, in the live pages."""
_ORDER = Column("order_id", T("Order", "訂單"), link=_STORY, width=150)
_SUBJECT = Column("subject", T("Parcel or tote", "包裹或物流箱"), link=_STORY, width=220)
_TRACK = Column(
    "track", T("Track", "追蹤號"), link="?var-subject=${subject}&var-track=${__value.raw}&${__url_time_range}", width=90
)


def _any(*fields: str) -> str:
    return "({})".format(" OR ".join(f'"{field}" =~ /${{subject:regex}}/' for field in fields))


_ON_BELT = '"track" = ${track}'

TRACE = Board(
    "parcel-trace",
    T("Parcel trace", "包裹追蹤"),
    T(
        "What happened to one parcel, tote or order. Type it, or a part of it, above; then click a track.",
        "單一包裹、物流箱或訂單的經過。請在上方輸入全部或部分編號，再點選追蹤號。",
    ),
    (
        Section(
            T("By name", "按編號"),
            (
                rows(
                    T("Order", "訂單"),
                    T("What came in, and every change.", "進單與所有變更。"),
                    recent(
                        schema.ORDERS,
                        '"order_id", "state", "carrier", "service", "items", "tote_id", "parcel_id"',
                        where=_any("order_id", "tote_id", "parcel_id"),
                    ),
                    (
                        _TIME,
                        _ORDER,
                        Column("state", T("State", "狀態"), width=90),
                        Column("carrier", T("Carrier", "承運商"), width=100),
                        Column("service", T("Service", "服務"), width=100),
                        Column("items", T("Pieces", "件數"), width=80),
                        Column("tote_id", T("Tote", "物流箱"), link=_STORY),
                        Column("parcel_id", T("Parcel", "包裹"), link=_STORY),
                    ),
                    height=6,
                ),
                rows(
                    T("Content of the tote", "物流箱內容"),
                    T("Its verdict and what was found.", "判定與發現的問題。"),
                    recent(
                        schema.CHECK,
                        '"line", "track", "tote_id", "order_id", "verdict", "matched", "missing", "extra", "foreign", "duplicate", "unreadable"',
                        where=_any("order_id", "tote_id"),
                    ),
                    (
                        _TIME,
                        _LINE,
                        _TRACK,
                        Column("tote_id", T("Tote", "物流箱"), link=_STORY, width=240),
                        _ORDER,
                        Column("verdict", T("Verdict", "判定"), width=80),
                        Column("matched", T("Right", "正確")),
                        Column("missing", T("Missing", "缺少")),
                        Column("extra", T("Extra", "多餘")),
                        Column("foreign", T("Foreign", "他單")),
                        Column("duplicate", T("Duplicate", "重複")),
                        Column("unreadable", T("Unreadable", "無法辨識")),
                    ),
                    height=6,
                ),
                rows(
                    T("Decided", "決定"),
                    T("The lane that was decided, and why.", "決定的道口與原因。"),
                    recent(
                        schema.ROUTE,
                        '"line", "track", "subject", "order_id", "lane", "reason", "round"',
                        where=_any("subject", "order_id"),
                    ),
                    (
                        _TIME,
                        _LINE,
                        _TRACK,
                        _SUBJECT,
                        _ORDER,
                        Column("lane", T("Lane", "道口"), width=80),
                        Column("reason", T("Why", "原因")),
                        Column("round", T("Rounds before", "已循環"), width=110),
                    ),
                    height=6,
                ),
                rows(
                    T("Ended", "結果"),
                    T("Where it ended, and how long it took.", "最終位置與所需時間。"),
                    recent(
                        schema.OUTCOME,
                        '"line", "track", "subject", "order_id", "outcome", "lane", "wanted", "transit_us"',
                        where=_any("subject", "order_id"),
                    ),
                    (
                        _TIME,
                        _LINE,
                        _TRACK,
                        _SUBJECT,
                        _ORDER,
                        Column("outcome", T("Outcome", "結果")),
                        Column("lane", T("Lane", "道口"), width=80),
                        Column("wanted", T("Sent to", "指定道口"), width=90),
                        Column("transit_us", T("Took", "歷時"), "µs", width=100),
                    ),
                    height=6,
                ),
                rows(
                    T("Past a dock door", "過月台"),
                    T(
                        "Which way it went through which door, and whether it belongs there.",
                        "經過哪個門、方向，以及是否正確。",
                    ),
                    recent(
                        schema.GATE,
                        '"dock", "direction", "verdict", "parcel_id", "order_id", "load_id", "asked_by"',
                        where=_any("parcel_id", "order_id"),
                    ),
                    (
                        _TIME,
                        Column("dock", T("Door", "月台"), width=110),
                        Column("direction", T("Way", "方向"), width=110),
                        Column("verdict", T("Verdict", "判定"), width=130),
                        Column("parcel_id", T("Parcel", "包裹"), link=_STORY),
                        _ORDER,
                        Column("load_id", T("Load", "裝載"), link=_STORY),
                        Column("asked_by", T("Who", "人員"), width=110),
                    ),
                    height=6,
                ),
            ),
        ),
        Section(
            T("By track", "按追蹤號"),
            (
                rows(
                    T("Came in", "導入"),
                    T(
                        "Inductions of the track; a PLC gives a number again after some hours.",
                        "該追蹤號的導入；PLC 數小時後會重複使用號碼。",
                    ),
                    recent(schema.INDUCTION, '"line", "plc", "track", "round"', where=_ON_BELT),
                    (_TIME, _LINE, Column("plc", T("PLC", "PLC")), _TRACK, Column("round", T("Round", "循環"))),
                    width=12,
                    height=6,
                ),
                rows(
                    T("At the portal", "讀取門"),
                    T("Its passage: tags that are its own, and how clearly.", "通過紀錄：自身標籤與明確度。"),
                    recent(
                        schema.PASSAGE,
                        '"line", "track", "tags_owned", "tags_rejected", "reads", "clarity"',
                        where=_ON_BELT,
                    ),
                    (
                        _TIME,
                        _LINE,
                        _TRACK,
                        Column("tags_owned", T("Own tags", "自身標籤")),
                        Column("tags_rejected", T("Not own", "鄰件標籤")),
                        Column("reads", T("Reads", "讀取數")),
                        Column("clarity", T("Clearness", "明確度")),
                    ),
                    width=12,
                    height=6,
                ),
                rows(
                    T("Handled by the PLC", "PLC 處理"),
                    T("How quickly the PLC had its route, and with how much time left.", "PLC 收到路線的快慢與餘裕。"),
                    recent(schema.REACTION, '"line", "track", "result", "reaction_us", "margin_us"', where=_ON_BELT),
                    (
                        _TIME,
                        _LINE,
                        _TRACK,
                        Column("result", T("Result", "結果")),
                        Column("reaction_us", T("Reaction", "反應時間"), "µs"),
                        Column("margin_us", T("Margin", "餘裕"), "µs"),
                    ),
                    width=12,
                    height=6,
                ),
                rows(
                    T("Told by the PLC", "PLC 回報"),
                    T("Events of the track: diverted, failed, lost.", "該追蹤號的事件：已分流、失敗、遺失。"),
                    recent(schema.PLC_EVENT, '"plc", "track", "event", "station"', where=_ON_BELT),
                    (
                        _TIME,
                        Column("plc", T("PLC", "PLC")),
                        _TRACK,
                        Column("event", T("Event", "事件")),
                        Column("station", T("Station", "站點")),
                    ),
                    width=12,
                    height=6,
                ),
            ),
        ),
    ),
    texts=(("subject", T("Parcel, tote or order", "包裹、物流箱或訂單"), ""), ("track", T("Track", "追蹤號"), "0")),
)
