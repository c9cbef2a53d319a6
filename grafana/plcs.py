"""PLCs and points: the link to each PLC, what its machine does, its points, and what became of events and commands.

Public names: PLCS.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import recent, select, totals
from grafana.overview import UP
from grafana.panels import ALARM, OFF, WARN, Column, T, bars, rows, timeline, trend

_EXECUTE = (T("Execute", "執行"), OFF)
PACKML = {
    2: (T("Stopped", "已停止"), WARN),
    4: (T("Idle", "閒置"), OFF),
    5: (T("Suspended", "暫停"), WARN),
    6: _EXECUTE,
    9: (T("Aborted", "已中止"), ALARM),
    11: (T("Held", "保持"), WARN),
    17: (T("Complete", "完成"), OFF),
}
"""States in which a machine may stay. Source: ANSI/ISA-TR88.00.02-2015, PackML unit states."""

EVENTS = (
    "diverted", "defaulted", "divert-failed", "lost", "stray", "jam", "lane", "state", "input", "refused",
)  # fmt: skip
"""Kinds of a PLC's events: the tag `event`."""

PLCS = Board(
    "plcs",
    T("PLCs and points", "PLC 與點位"),
    T(
        "The link to each PLC, what its machine does, its points, and what became of events and commands.",
        "各 PLC 的連線、機台狀態、點位，以及事件與命令的結果。",
    ),
    (
        Section(
            T("Link", "連線"),
            (
                timeline(
                    T("PLCs", "PLC"),
                    T("Whether each PLC answers and follows.", "各 PLC 是否回應並運作。"),
                    select(schema.PLC, 'min("up")', by=("plc",), every=True),
                    "$tag_plc",
                    UP,
                ),
                timeline(
                    T("Machines", "機台"),
                    T(
                        "PackML state of each machine; only in Execute does it act on routes.",
                        "各機台的 PackML 狀態；僅在「執行」時處理路線。",
                    ),
                    select(schema.PLC, 'last("packml_state")', by=("plc",), every=True),
                    "$tag_plc",
                    PACKML,
                ),
                rows(
                    T("Connections", "連線紀錄"),
                    T(
                        "Every handshake: the PLC's session, our epoch, and whether the PLC had restarted.",
                        "每次交握：PLC 工作階段、本端代次、PLC 是否重啟。",
                    ),
                    recent(schema.PLC_CONNECTION, '"plc", "session", "epoch", "fresh"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("plc", T("PLC", "PLC")),
                        Column("session", T("Session", "工作階段")),
                        Column("epoch", T("Epoch", "代次")),
                        Column("fresh", T("Restarted", "重啟")),
                    ),
                    width=12,
                    height=7,
                ),
                rows(
                    T("Came and went", "上下線"),
                    T("When each device came or went, and why.", "各裝置上下線的時間與原因。"),
                    recent(schema.DEVICE, '"device", "up", "why"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("device", T("Device", "裝置"), width=140),
                        Column("up", T("Up", "上線"), width=60),
                        Column("why", T("Why", "原因")),
                    ),
                    width=12,
                    height=7,
                ),
            ),
        ),
        Section(
            T("Modes", "模式"),
            (
                timeline(
                    T("Mode", "模式"),
                    T("PackML mode of each machine that tells it.", "回報模式的機台之 PackML 模式。"),
                    select(schema.PLC, 'last("packml_mode")', by=("plc",), every=True),
                    "$tag_plc",
                    {
                        1: (T("Producing", "生產"), OFF),
                        2: (T("Maintenance", "維護"), WARN),
                        3: (T("Manual", "手動"), WARN),
                    },
                ),
            ),
        ),
        Section(
            T("PLC ${plc}", "PLC ${plc} 的連線與機台"),
            (
                trend(
                    T("Round trip", "往返時間"),
                    T("Mean time of a read of the mailbox.", "讀取信箱的平均時間。"),
                    select(schema.PLC, 'mean("round_trip_us")', by=("plc",), every=True),
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
                    T("Events that wait", "等待的事件"),
                    T(
                        "Events that each PLC keeps until they are stored here. At 32 its buffer is full.",
                        "PLC 保留至本端儲存為止的事件；達 32 即滿。",
                    ),
                    select(schema.PLC, 'max("events_unacknowledged")', by=("plc",), every=True),
                    "$tag_plc",
                    unit="none",
                    decimals=0,
                    limits=((32, WARN),),
                ),
                trend(
                    T("Reads a second", "每秒讀取數"),
                    T("How often its mailbox is read.", "每秒讀取信箱的次數。"),
                    select(schema.PLC, 'mean("polls") / 10', by=("plc",), every=True),
                    "$tag_plc",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Speed", "速度"),
                    T("Products a minute, as the machine tells it.", "機台回報的每分鐘產品數。"),
                    select(schema.PLC, 'mean("products_per_min")', by=("plc",), every=True),
                    "$tag_plc",
                    unit="none",
                    decimals=0,
                ),
                trend(
                    T("Products", "產品數"),
                    T("What the machine counted, and what of it as defective.", "機台計數與其中的不良品。"),
                    select(
                        schema.PLC,
                        'max("processed") AS "processed", max("defective") AS "defective"',
                        by=("plc",),
                        every=True,
                    ),
                    "$col",
                    unit="none",
                    decimals=0,
                    names=("processed", "defective"),
                ),
                trend(
                    T("Events", "事件"),
                    T(
                        "Its events by kind, in each step of the graph; photo-eyes and inductions left out.",
                        "各種事件數，按圖中時段；不含光眼與導入。",
                    ),
                    select(schema.PLC_EVENT, 'count("track")', by=("event",), every=True, fill="0"),
                    "$tag_event",
                    unit="none",
                    decimals=0,
                    width=12,
                    names=EVENTS,
                    step="5m",
                ),
                trend(
                    T("Commands", "命令"),
                    T("What became of commands, in each step of the graph.", "命令結果，按圖中時段。"),
                    select(schema.COMMAND, 'count("target")', by=("result",), every=True, fill="0"),
                    "$tag_result",
                    unit="none",
                    decimals=0,
                    width=12,
                    names=("accepted", "refused", "unknown", "dropped"),
                    step="5m",
                ),
            ),
            repeat="plc",
        ),
        Section(
            T("Points", "點位"),
            (
                trend(
                    T("${point}", "點位 ${point}"),
                    T("The point's value in its own unit.", "該點位的數值，以其單位表示。"),
                    select(schema.PLC_POINT, 'mean("number")', by=("plc",), every=True),
                    "$tag_plc",
                    unit="none",
                    least=None,
                    repeat="point",
                    step="2m",
                ),
                trend(
                    T("Not good", "品質不佳"),
                    T(
                        "Reports of points that are uncertain, stale or bad, in each step.",
                        "可能不準、過期或異常的點位回報數，按時段。",
                    ),
                    select(
                        schema.PLC_POINT,
                        'count("age_us")',
                        by=("quality",),
                        where='"quality" =~ /^(uncertain|stale|bad)$/',
                        every=True,
                        fill="0",
                    ),
                    "$tag_quality",
                    unit="none",
                    decimals=0,
                    limits=((1, WARN),),
                    names=("uncertain", "stale", "bad"),
                    step="2m",
                    width=24,
                ),
                rows(
                    T("Newest values", "最新數值"),
                    T(
                        "Changes of points, the newest first, and why one is not good.",
                        "點位變化，最新在前，以及品質不佳的原因。",
                    ),
                    recent(schema.PLC_POINT, '"plc", "point", "number", "text", "quality", "why"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("plc", T("PLC", "PLC"), width=100),
                        Column("point", T("Point", "點位"), width=180),
                        Column("number", T("Number", "數值"), width=90),
                        Column("text", T("Text", "文字"), width=90),
                        Column("quality", T("Quality", "品質"), width=80),
                        Column("why", T("Why", "原因")),
                    ),
                    width=24,
                    height=7,
                ),
                rows(
                    T("Written by operators", "操作員寫入"),
                    T("What became of wishes to write a point.", "寫入點位要求的結果。"),
                    recent(schema.PLC_WRITE, '"plc", "point", "number", "text", "result", "why"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("plc", T("PLC", "PLC"), width=100),
                        Column("point", T("Point", "點位"), width=180),
                        Column("number", T("Number", "數值"), width=90),
                        Column("text", T("Text", "文字"), width=90),
                        Column("result", T("Result", "結果"), width=90),
                        Column("why", T("Why", "原因")),
                    ),
                    width=24,
                    height=7,
                ),
            ),
        ),
        Section(
            T("Events and commands", "事件與命令"),
            (
                bars(
                    T("Refused commands", "被拒命令"),
                    T(
                        "Commands that a PLC did not act on, by PLC and kind of command.",
                        "PLC 未執行的命令，按 PLC 與種類。",
                    ),
                    totals(schema.COMMAND, 'count("target")', by=("plc", "opcode"), where="\"result\" = 'refused'"),
                    unit="none",
                    limits=((1, WARN),),
                ),
                bars(
                    T("Lost events", "遺失事件"),
                    T("Events of each PLC that never came here.", "各 PLC 未送達的事件數。"),
                    totals(schema.EVENTS_MISSED, 'sum("events")', by=("plc",)),
                    unit="none",
                    limits=((1, ALARM),),
                ),
                rows(
                    T("Unexpected", "異常"),
                    T(
                        "Everything unexpected, the newest first; what to do about each code: docs/operations.md.",
                        "所有異常，最新在前；各代碼的處置見 docs/operations.md。",
                    ),
                    recent(schema.ANOMALY, '"code", "text"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("code", T("Code", "代碼"), width=130),
                        Column("text", T("Text", "內容")),
                    ),
                    width=8,
                    height=7,
                ),
            ),
        ),
    ),
)
