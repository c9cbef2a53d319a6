"""Decision path: how quickly, with how much time left, and what stands between the floor and the journal.

Public names: DECISIONS.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import Influx, select
from grafana.panels import ALARM, NEUTRAL, WARN, T, number, trend

_ITSELF = '"publisher" =~ /^${follower:regex}$/'

DECISIONS = Board(
    "decision-path",
    T("Decision path", "決策路徑"),
    T("How quickly it is decided, how much time is left, and what waits.", "決策多快、餘裕多少、有何等待。"),
    (
        Section(
            T("In time", "時效"),
            (
                number(
                    T("Reaction, middle", "反應時間中位數"),
                    T(
                        "From the induction's arrival until the PLC handled the route: half are quicker.",
                        "從收到導入事件到 PLC 處理路線：半數更快。",
                    ),
                    select(schema.REACTION, 'percentile("reaction_us", 50)'),
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Reaction, 99 %", "反應時間 99 %"),
                    T("99 of 100 are quicker.", "100 件中 99 件更快。"),
                    select(schema.REACTION, 'percentile("reaction_us", 99)'),
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Longest reaction", "最長反應時間"),
                    T("The slowest in the chosen time.", "所選時間內最慢者。"),
                    select(schema.REACTION, 'max("reaction_us")'),
                    none="–",
                    unit="µs",
                ),
                number(
                    T("Least margin", "最小餘裕"),
                    T(
                        "Time from handled until the route would have expired; under 0 the item took the default lane.",
                        "從處理到路線失效的時間；低於 0 表示走預設道口。",
                    ),
                    select(schema.REACTION, 'min("margin_us")'),
                    none="–",
                    unit="µs",
                    limits=((0, NEUTRAL),),
                    base=ALARM,
                ),
                number(
                    T("Too late", "逾時"),
                    T("Routes that the PLC could not follow in time.", "PLC 來不及執行的路線數。"),
                    select(schema.REACTION, 'sum("late")'),
                    none="0",
                    unit="none",
                    limits=((1, ALARM),),
                ),
                number(
                    T("Dropped commands", "遺失命令"),
                    T("Commands that never reached a PLC.", "未送達 PLC 的命令數。"),
                    select(schema.COMMAND, 'count("why")', where="\"result\" = 'dropped'"),
                    none="0",
                    unit="none",
                    limits=((1, WARN),),
                ),
                trend(
                    T("Reaction", "反應時間"),
                    T(
                        "Middle, 99 % and longest, over all chosen lines that sort.",
                        "所選分揀線的中位數、99 % 與最長值。",
                    ),
                    (
                        Influx(
                            select(
                                schema.REACTION,
                                'percentile("reaction_us", 50) AS "50 %", percentile("reaction_us", 99) AS "99 %", max("reaction_us") AS "max"',
                                every=True,
                            ),
                            "$col",
                        ),
                    ),
                    unit="µs",
                    width=24,
                    names=("50 %", "99 %", "max"),
                    step="1m",
                ),
            ),
        ),
        Section(
            T("Line ${line}", "產線 ${line}"),
            (
                trend(
                    T("Margin", "餘裕"),
                    T(
                        "Time from handled until the route would have expired, the least of each line; the red line is too late.",
                        "從處理到路線失效的最短時間，各線；紅線以下為逾時。",
                    ),
                    select(schema.REACTION, 'min("margin_us")', by=("line",), every=True),
                    "$tag_line",
                    unit="µs",
                    step="1m",
                    limits=((0, ALARM),),
                ),
                trend(
                    T("Late answers", "逾時回應"),
                    T("Routes that came too late, in each step of the graph.", "逾時路線數，按圖中時段。"),
                    select(schema.REACTION, 'sum("late")', by=("line",), every=True, fill="0"),
                    "$tag_line",
                    unit="none",
                    decimals=0,
                    step="1m",
                    limits=((1, ALARM),),
                ),
                trend(
                    T("From decision to handled", "從決定到處理"),
                    T(
                        "Middle time until the PLC handled the route: network and PLC scan.",
                        "PLC 處理路線的中位時間：網路與 PLC 掃描。",
                    ),
                    select(schema.REACTION, 'median("handling_us")', by=("line",), every=True),
                    "$tag_line",
                    unit="µs",
                    step="1m",
                ),
            ),
            repeat="line",
        ),
        Section(
            T("Link to PLC ${plc}", "PLC ${plc} 連線"),
            (
                trend(
                    T("Round trip", "往返時間"),
                    T("Longest read of each PLC's mailbox in 10 s.", "每 10 秒內讀取 PLC 信箱的最長時間。"),
                    select(schema.PLC, 'max("round_trip_max_us")', by=("plc",), every=True),
                    "$tag_plc",
                    unit="µs",
                ),
                trend(
                    T("Heartbeat age", "心跳時間"),
                    T(
                        "Time since each PLC's heartbeat moved. From 1 s on the PLC's program does not run.",
                        "PLC 心跳上次變化至今；達 1 秒表示 PLC 程式未執行。",
                    ),
                    select(schema.PLC, 'max("heartbeat_age_us")', by=("plc",), every=True),
                    "$tag_plc",
                    unit="µs",
                    limits=((1_000_000, ALARM),),
                ),
                trend(
                    T("Commands that wait", "等待的命令"),
                    T(
                        "Commands without room or connection, and commands that the PLC has not handled.",
                        "等待空位或連線的命令，以及 PLC 尚未處理的命令。",
                    ),
                    select(
                        schema.PLC,
                        'max("commands_queued") AS "queued", max("commands_unhandled") AS "unhandled"',
                        by=("plc",),
                        every=True,
                    ),
                    "$col",
                    unit="none",
                    decimals=0,
                    names=("queued", "unhandled"),
                ),
            ),
            repeat="plc",
        ),
        Section(
            T("Controller ${controller}", "控制器 ${controller}"),
            (
                trend(
                    T("Not yet on the disk", "尚未寫入"),
                    T(
                        "Records decided and not yet stored; the PLCs' events wait for them.",
                        "已決定但尚未儲存的紀錄；PLC 事件等待其完成。",
                    ),
                    select(schema.CONTROLLER, 'max("unstored")', by=("controller",), every=True),
                    "$tag_controller",
                    unit="none",
                    decimals=0,
                ),
                trend(
                    T("Lateness of the controller", "控制器延遲"),
                    T(
                        "How much too late the controller took its measurements: it was busy for so long.",
                        "控制器量測延遲：其忙碌的時間。",
                    ),
                    select(schema.CONTROLLER, 'max("loop_late_us")', by=("controller",), every=True),
                    "$tag_controller",
                    unit="µs",
                ),
                trend(
                    T("Room on the disk", "磁碟空間"),
                    T("Free beside the journal, and the journal's size.", "日誌所在磁碟的可用空間，以及日誌大小。"),
                    select(
                        schema.CONTROLLER,
                        'min("disk_free_bytes") AS "free", max("journal_bytes") AS "journal"',
                        by=("controller",),
                        every=True,
                    ),
                    "$col",
                    unit="bytes",
                    names=("free", "journal"),
                ),
            ),
            repeat="controller",
        ),
        Section(
            T("Publisher ${follower}", "發布者 ${follower}"),
            (
                trend(
                    T("Backlog", "積壓"),
                    T("Journal records that it has not delivered yet.", "尚未送達的日誌紀錄。"),
                    select(schema.BACKLOG, 'max("records")', by=("follower",), every=True),
                    "$tag_follower",
                    unit="none",
                    decimals=0,
                    limits=((10_000, WARN),),
                ),
                trend(
                    T("Age of what is delivered", "送達延遲"),
                    T("Age of the newest record that it delivered.", "最新送達紀錄的時間差。"),
                    select(schema.PUBLISHER, 'max("lag_us")', by=("publisher",), where=_ITSELF, every=True),
                    "$tag_publisher",
                    unit="µs",
                ),
                trend(
                    T("Set aside", "擱置"),
                    T(
                        "Points that its target refused, ever; `lanewise publish --set-aside` shows them.",
                        "目標拒收的資料點累計；以 lanewise publish --set-aside 查看。",
                    ),
                    select(schema.PUBLISHER, 'max("set_aside")', by=("publisher",), where=_ITSELF, every=True),
                    "$tag_publisher",
                    unit="none",
                    decimals=0,
                    limits=((1, WARN),),
                ),
            ),
            repeat="follower",
        ),
    ),
)
