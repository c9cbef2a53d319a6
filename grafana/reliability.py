"""Reliability: what stops the line, how often and for how long, and whether there are more alarms than people can handle.

Public names: RELIABILITY.

Source: ANSI/ISA-18.2-2016, 16.5: about one alarm in 10 minutes is manageable for an operator, above 10 it is a flood.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import HOUR, recent, select, totals
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
                    none="0",
                    unit="none",
                ),
                number(
                    T("Mean time between", "平均間隔 MTBF"),
                    T("The chosen time over the number of jams in it.", "所選時間除以其中的堵塞次數。"),
                    select(schema.PLC_EVENT, '$__range_s / count("detail")', where=_BEGAN),
                    none="–",
                    unit="s",
                ),
                number(
                    T("Mean time to clear", "平均排除 MTTR"),
                    T(
                        "From the alarm until the jam was over, of those that are.",
                        "從警報到排除的平均時間，僅計已排除者。",
                    ),
                    select(schema.ALARM, 'mean("active_us")', where=_OVER),
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Longest jam", "最長堵塞"),
                    T("Also of one that lasts; looked at every 10 s.", "包含仍持續者；每 10 秒查看一次。"),
                    select(schema.ALARM_ACTIVE, 'max("active_us")', where=_JAM),
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Free of jams", "無堵塞比例"),
                    T(
                        "Share of the chosen time without a jam, those that last counted too; photo-eyes taken one by one.",
                        "所選時間內無堵塞的比例，仍持續者亦計入，逐一光眼計算。",
                    ),
                    select(schema.ALARM_ACTIVE, '1 - count("active_us") * 10 / $__range_s', where=_JAM),
                    none="100 %",
                    unit="percentunit",
                    decimals=2,
                    limits=((0.98, NEUTRAL),),
                    base=WARN,
                ),
                number(
                    T("Not as sent", "未達指定道口"),
                    T(
                        "Ends that were not confirmed: missorted, by default, failed or lost.",
                        "未確認的結果：分錯、走預設、失敗或遺失。",
                    ),
                    select(schema.OUTCOME, 'sum("bad")'),
                    none="0",
                    unit="none",
                    limits=((1, ALARM),),
                ),
                bars(
                    T("Where it jams", "堵塞位置"),
                    T("Jams by photo-eye, as the PLC numbers them.", "各光眼的堵塞次數，按 PLC 編號。"),
                    totals(schema.PLC_EVENT, 'count("detail")', by=("plc", "station"), where=_BEGAN),
                    unit="none",
                ),
                bars(
                    T("Time jammed", "堵塞時間"),
                    T(
                        "Sum by photo-eye, of jams that last too; looked at every 10 s.",
                        "按光眼合計，含仍持續者；每 10 秒查看一次。",
                    ),
                    totals(schema.ALARM_ACTIVE, 'count("active_us") * 10000000', by=("alarm",), where=_JAM),
                    unit="µs",
                ),
                trend(
                    T("Jams an hour", "每小時堵塞"),
                    T("Jams that began, over all chosen PLCs.", "所選 PLC 開始的堵塞數。"),
                    select(schema.PLC_EVENT, f'count("detail") * {HOUR}', where=_BEGAN, every=True, fill="0"),
                    "jams",
                    unit="none",
                    decimals=1,
                    step="30m",
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
                    select(schema.ALARM, f'count("annunciated") / 6 * {HOUR}', where=_CALLED, every=True, fill="0"),
                    "alarms",
                    unit="none",
                    decimals=1,
                    step="10m",
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
                    unit="none",
                    width=12,
                ),
                bars(
                    T("By priority", "按優先級"),
                    T(
                        "Times that people were called, by priority; few should be high.",
                        "按優先級的呼叫次數；高級應佔少數。",
                    ),
                    totals(schema.ALARM, 'count("annunciated")', by=("priority",), where=_CALLED),
                    unit="none",
                ),
                bars(
                    T("Time active", "作用時間"),
                    T(
                        "Sum by kind, of alarms that last too; looked at every 10 s.",
                        "按種類合計，含仍持續者；每 10 秒查看一次。",
                    ),
                    totals(schema.ALARM_ACTIVE, 'count("active_us") * 10000000', by=("kind",)),
                    unit="µs",
                ),
                bars(
                    T("Unexpected", "異常"),
                    T(
                        "Anomalies by code; what to do about each: docs/operations.md.",
                        "各代碼的異常數；處置見 docs/operations.md。",
                    ),
                    totals(schema.ANOMALY, 'count("track")', by=("code",)),
                    unit="none",
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
