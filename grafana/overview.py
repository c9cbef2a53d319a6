"""Line overview: is everything well, and how much comes through?

Public names: OVERVIEW.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import HOUR, NOW, recent, select, totals
from grafana.panels import ALARM, OFF, WARN, Column, T, bars, number, rows, timeline, trend

UP = {1: (T("up", "正常"), OFF), 0: (T("down", "中斷"), ALARM)}

OVERVIEW = Board(
    "line-overview",
    T("Line overview", "產線總覽"),
    T("Is everything well, and how much comes through?", "一切正常嗎？通過量多少？"),
    (
        Section(
            T("The chosen time, and now", "所選時間與目前"),
            (
                number(
                    T("Came in", "進件數"),
                    T("Parcels and totes inducted in the chosen time.", "所選時間內導入的包裹與物流箱。"),
                    select(schema.INDUCTION, 'count("track")'),
                    none="0",
                    unit="none",
                ),
                number(
                    T("On the belts now", "目前帶上件數"),
                    T(
                        "Between induction and end, over all chosen lines, in the newest 30 seconds.",
                        "導入口到末端之間，所選各線合計，最近 30 秒。",
                    ),
                    select(schema.LINE, 'mean("tracks")', by=("line",), where=NOW),
                    none="–",
                    unit="none",
                    decimals=0,
                    total=True,
                ),
                number(
                    T("Confirmed", "確認比例"),
                    T("Share that ended in the lane it was sent to.", "到達指定道口的比例。"),
                    select(schema.OUTCOME, '1 - mean("bad")'),
                    none="–",
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
                    none="–",
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
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Too late", "逾時"),
                    T(
                        "Routes that the PLC could not follow in time; none is right.",
                        "PLC 來不及執行的路線數；應為零。",
                    ),
                    select(schema.REACTION, 'sum("late")'),
                    none="0",
                    unit="none",
                    limits=((1, ALARM),),
                ),
            ),
        ),
        Section(
            T("Throughput", "通過量"),
            (
                trend(
                    T("Items an hour, ${line}", "每小時件數，${line}"),
                    T("Inducted by the line, in the steps of the graph.", "該線導入數，按圖中時段。"),
                    select(schema.INDUCTION, f'count("track") * {HOUR}', by=("line",), every=True, fill="0"),
                    "$tag_line",
                    unit="none",
                    decimals=0,
                    width=12,
                    repeat="line",
                    step="1m",
                ),
                trend(
                    T("Where they ended, an hour", "每小時結果"),
                    T("Ends by outcome, in the steps of the graph.", "各種結果的件數，按圖中時段。"),
                    select(schema.OUTCOME, f'count("bad") * {HOUR}', by=("outcome",), every=True, fill="0"),
                    "$tag_outcome",
                    unit="none",
                    decimals=0,
                    width=24,
                    stacked=True,
                    names=("confirmed", "missorted", "defaulted", "failed", "lost"),
                    step="1m",
                ),
                bars(
                    T("Totes by verdict", "物流箱判定"),
                    T("Totes whose content was right, and those that were refused.", "內容正確與被拒絕的物流箱。"),
                    totals(schema.CHECK, 'count("track")', by=("line", "verdict")),
                    unit="none",
                    width=12,
                ),
                bars(
                    T("Routes by reason", "路線原因"),
                    T("Why parcels and totes were sent where they were sent.", "包裹與物流箱被送往各處的原因。"),
                    totals(schema.ROUTE, 'count("track")', by=("reason",)),
                    unit="none",
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
                    select(schema.PLC, 'min("up")', by=("plc",), every=True),
                    "$tag_plc",
                    UP,
                ),
                timeline(
                    T("Readers", "讀取器"),
                    T("Whether each reader answers.", "各讀取器是否回應。"),
                    select(schema.READER, 'min("up")', by=("reader",), every=True),
                    "$tag_reader",
                    UP,
                ),
                timeline(
                    T("Full lanes", "滿道"),
                    T("When each lane was full.", "各道口滿載的時段。"),
                    select(schema.LANE, 'max("full")', by=("line", "lane"), every=True),
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
