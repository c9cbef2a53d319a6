"""Line overview: is everything well, and how much comes through?

Public names: OVERVIEW.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import recent, select, totals
from grafana.panels import ALARM, OFF, WARN, Column, T, bars, number, rows, timeline, trend

UP = {1: (T("up", "正常"), OFF), 0: (T("down", "中斷"), ALARM)}

OVERVIEW = Board(
    "line-overview",
    T("Line overview", "產線總覽"),
    T("Is everything well, and how much comes through?", "一切正常嗎？通過量多少？"),
    (
        Section(
            T("Now", "目前"),
            (
                number(
                    T("Came in", "進件數"),
                    T("Parcels and totes inducted in the chosen time.", "所選時間內導入的包裹與物流箱。"),
                    select(schema.INDUCTION, 'count("track")'),
                    unit="short",
                ),
                number(
                    T("On the belts", "帶上件數"),
                    T(
                        "Between induction and end, over all chosen lines: the greatest number in the chosen time.",
                        "導入口到末端之間，所選各線合計：所選時間內的最大值。",
                    ),
                    select(schema.LINE, 'max("tracks")'),
                    unit="short",
                ),
                number(
                    T("Confirmed", "確認比例"),
                    T("Share that ended in the lane it was sent to.", "到達指定滑道的比例。"),
                    select(schema.OUTCOME, '1 - mean("bad")'),
                    unit="percentunit",
                    decimals=2,
                ),
                number(
                    T("Not read", "未讀比例"),
                    T(
                        "Share of routes decided without any tag. From 2 % on look at the portal.",
                        "沒有讀到任何標籤就決定路線的比例；達 2 % 請檢查讀取門。",
                    ),
                    select(schema.ROUTE, 'mean("no_read")'),
                    unit="percentunit",
                    limits=((0.02, WARN), (0.05, ALARM)),
                    decimals=2,
                ),
                number(
                    T("Reaction, 99 %", "反應時間 99 %"),
                    T(
                        "From the induction's arrival until the PLC handled the route: 99 of 100 are quicker.",
                        "從收到導入事件到 PLC 處理路線：100 件中 99 件比此更快。",
                    ),
                    select(schema.REACTION, 'percentile("reaction_us", 99)'),
                    unit="µs",
                ),
                number(
                    T("Too late", "逾時"),
                    T(
                        "Routes that the PLC could not follow in time; none is right.",
                        "PLC 來不及執行的路線數；應為零。",
                    ),
                    select(schema.REACTION, 'sum("late")'),
                    unit="short",
                    limits=((1, ALARM),),
                ),
            ),
        ),
        Section(
            T("Throughput", "通過量"),
            (
                trend(
                    T("Items an hour", "每小時件數"),
                    T("Inducted by line, counted by the minute.", "各線導入數，每分鐘統計。"),
                    select(schema.INDUCTION, 'count("track") * 60', by=("line",), every="1m", fill="0"),
                    "$tag_line",
                    unit="short",
                    width=12,
                ),
                trend(
                    T("Where they ended", "結果"),
                    T("Ends by outcome, counted by the minute.", "各種結果的件數，每分鐘統計。"),
                    select(schema.OUTCOME, 'count("bad")', by=("outcome",), every="1m", fill="0"),
                    "$tag_outcome",
                    unit="short",
                    width=12,
                    stacked=True,
                ),
                bars(
                    T("Totes by verdict", "物流箱判定"),
                    T("Totes whose content was right, and those that were refused.", "內容正確與被拒絕的物流箱。"),
                    totals(schema.CHECK, 'count("track")', by=("line", "verdict")),
                    unit="short",
                    width=12,
                ),
                bars(
                    T("Routes by reason", "路線原因"),
                    T("Why parcels and totes were sent where they were sent.", "包裹與物流箱被送往各處的原因。"),
                    totals(schema.ROUTE, 'count("track")', by=("reason",)),
                    unit="short",
                    width=12,
                ),
            ),
        ),
        Section(
            T("Condition", "狀態"),
            (
                timeline(
                    T("PLCs", "PLC"),
                    T("Whether each PLC answers and follows.", "各 PLC 是否回應並運作。"),
                    select(schema.PLC, 'min("up")', by=("plc",), every="$__interval"),
                    "$tag_plc",
                    UP,
                ),
                timeline(
                    T("Readers", "讀取器"),
                    T("Whether each reader answers.", "各讀取器是否回應。"),
                    select(schema.READER, 'min("up")', by=("reader",), every="$__interval"),
                    "$tag_reader",
                    UP,
                ),
                timeline(
                    T("Full lanes", "滿道"),
                    T("When each lane was full.", "各滑道滿載的時段。"),
                    select(schema.LANE, 'max("full")', by=("line", "lane"), every="$__interval"),
                    "$tag_line $tag_lane",
                    {0: (T("free", "可用"), OFF), 1: (T("full", "已滿"), WARN)},
                ),
                rows(
                    T("Alarms", "警報"),
                    T(
                        "The newest changes of alarms. What to do about each: the live page.",
                        "最新的警報變化；處置方式請看現場畫面。",
                    ),
                    recent(schema.ALARM, '"alarm", "priority", "state", "text"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("alarm", T("Alarm", "警報"), link="${live}/#alarms", width=220),
                        Column("priority", T("Priority", "優先級"), width=100),
                        Column("state", T("State", "狀態"), width=200),
                        Column("text", T("What was seen", "內容")),
                    ),
                    width=24,
                ),
            ),
        ),
    ),
)
