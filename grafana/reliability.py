"""Reliability: what stops the line, how often and for how long, and whether there are more alarms than people can handle.

Public names: RELIABILITY.

Source: ANSI/ISA-18.2-2016, 16.5: about one alarm in 10 minutes is manageable for an operator, above 10 it is a flood.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import recent, select, totals
from grafana.panels import ALARM, NEUTRAL, WARN, Column, T, bars, number, rows, trend

_JAM = "\"kind\" = 'jam'"
_OVER = f'{_JAM} AND "active" = 0'
_BEGAN = '"event" = \'jam\' AND "detail" = 1'
_CALLED = '"annunciated" = 1'

RELIABILITY = Board(
    "reliability",
    T("Reliability", "可靠度"),
    T(
        "What stops the line, how often and for how long; and are there more alarms than people can handle?",
        "停線的原因、頻率與時間；警報是否超出人員負荷？",
    ),
    (
        Section(
            T("Jams", "堵塞"),
            (
                number(
                    T("Jams", "堵塞次數"),
                    T("That began in the chosen time.", "所選時間內開始的堵塞。"),
                    select(schema.PLC_EVENT, 'count("detail")', where=_BEGAN),
                    unit="short",
                ),
                number(
                    T("Mean time between", "平均間隔 MTBF"),
                    T("The chosen time over the number of jams in it.", "所選時間除以其中的堵塞次數。"),
                    select(schema.PLC_EVENT, '$__range_s / count("detail")', where=_BEGAN),
                    unit="s",
                ),
                number(
                    T("Mean time to clear", "平均排除 MTTR"),
                    T("From the alarm until the jam was over.", "從警報到排除的平均時間。"),
                    select(schema.ALARM, 'mean("active_us")', where=_OVER),
                    unit="µs",
                ),
                number(
                    T("Longest jam", "最長堵塞"),
                    T("Of those that were over in the chosen time.", "所選時間內已排除者之最長。"),
                    select(schema.ALARM, 'max("active_us")', where=_OVER),
                    unit="µs",
                ),
                number(
                    T("Free of jams", "無堵塞比例"),
                    T(
                        "Share of the chosen time without a jam, photo-eyes taken one by one.",
                        "所選時間內無堵塞的比例，逐一光眼計算。",
                    ),
                    select(schema.ALARM, '1 - sum("active_us") / ($__range_s * 1000000)', where=_OVER),
                    unit="percentunit",
                    decimals=2,
                    limits=((0.98, NEUTRAL),),
                    base=WARN,
                ),
                number(
                    T("Lost or failed", "遺失或失敗"),
                    T("Ends that were not confirmed.", "未確認的結果。"),
                    select(schema.OUTCOME, 'sum("bad")'),
                    unit="short",
                    limits=((1, ALARM),),
                ),
                bars(
                    T("Where it jams", "堵塞位置"),
                    T("Jams by photo-eye, as the PLC numbers them.", "各光眼的堵塞次數，按 PLC 編號。"),
                    totals(schema.PLC_EVENT, 'count("detail")', by=("plc", "station"), where=_BEGAN),
                    unit="short",
                ),
                bars(
                    T("Time jammed", "堵塞時間"),
                    T("Sum by photo-eye of what was over in the chosen time.", "所選時間內已排除堵塞的合計，按光眼。"),
                    totals(schema.ALARM, 'sum("active_us")', by=("alarm",), where=_OVER),
                    unit="µs",
                ),
                trend(
                    T("Jams an hour", "每小時堵塞"),
                    T("Jams that began, by PLC.", "各 PLC 開始的堵塞數。"),
                    select(schema.PLC_EVENT, 'count("detail")', by=("plc",), where=_BEGAN, every="1h", fill="0"),
                    "$tag_plc",
                    unit="short",
                ),
            ),
        ),
        Section(
            T("Alarms", "警報"),
            (
                trend(
                    T("Alarm rate", "警報率"),
                    T(
                        "Times that people were called, in 10 minutes. One can be handled, ten are a flood.",
                        "每 10 分鐘呼叫人員次數；一次可應付，十次即為氾濫。",
                    ),
                    select(schema.ALARM, 'count("annunciated")', where=_CALLED, every="10m", fill="0"),
                    "alarms",
                    unit="short",
                    width=12,
                    limits=((1, WARN), (10, ALARM)),
                ),
                bars(
                    T("What calls most", "警報柏拉圖"),
                    T(
                        "Times that people were called, by alarm. The first few are worth an engineer's day.",
                        "各警報的呼叫次數；前幾名值得工程師處理。",
                    ),
                    totals(schema.ALARM, 'count("annunciated")', by=("alarm",), where=_CALLED),
                    unit="short",
                    width=12,
                ),
                bars(
                    T("By priority", "按優先級"),
                    T(
                        "Times that people were called, by priority; few should be high.",
                        "按優先級的呼叫次數；高級應佔少數。",
                    ),
                    totals(schema.ALARM, 'count("annunciated")', by=("priority",), where=_CALLED),
                    unit="short",
                ),
                bars(
                    T("Time active", "作用時間"),
                    T("Sum by kind of what was over in the chosen time.", "所選時間內已結束警報的合計，按種類。"),
                    totals(schema.ALARM, 'sum("active_us")', by=("kind",), where='"active" = 0'),
                    unit="µs",
                ),
                trend(
                    T("Unexpected", "異常"),
                    T("Anomalies by code, counted over 15 minutes.", "各代碼的異常數，每 15 分鐘統計。"),
                    select(schema.ANOMALY, 'count("track")', by=("code",), every="15m", fill="0"),
                    "$tag_code",
                    unit="short",
                ),
                rows(
                    T("Jams, the newest first", "最近的堵塞"),
                    T("Each change of a jam's alarm.", "堵塞警報的每次變化。"),
                    recent(schema.ALARM, '"alarm", "state", "text", "active_us", "asked_by"', where=_JAM),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("alarm", T("Alarm", "警報"), link="${live}/#alarms", width=180),
                        Column("state", T("State", "狀態"), width=200),
                        Column("text", T("What was seen", "內容")),
                        Column("active_us", T("Lasted", "持續"), "µs", width=100),
                        Column("asked_by", T("Who", "人員"), width=100),
                    ),
                ),
            ),
        ),
    ),
)
