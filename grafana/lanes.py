"""Lanes: who gets what, which are full or switched off, and what went elsewhere.

Public names: LANES.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import HOUR, recent, select, totals
from grafana.panels import ALARM, NUMBERS, OFF, WARN, Column, T, bars, rows, timeline, trend

REASONS = (
    "verified", "assigned", "refused", "alternative", "recirculate", "reject", "no-read", "ambiguous", "contradiction",
    "no-order", "cancelled", "quality", "duplicate", "no-lane", "trial",
)  # fmt: skip
"""Why a lane was chosen: the tag `reason` of routes."""

LANES = Board(
    "lanes",
    T("Lanes", "道口"),
    T(
        "Who gets what, which lanes are full or switched off, and what went elsewhere.",
        "各道口的分配、滿道與停用，以及改道情形。",
    ),
    (
        Section(
            T("Load", "負載"),
            (
                trend(
                    T("Items an hour, ${line}", "每小時件數，${line}"),
                    T(
                        "Ends in each lane of the line, in the steps of the graph; 0 = still on the line or lost.",
                        "到達該線各道口的件數，按圖中時段；0 = 仍在線上或遺失。",
                    ),
                    select(schema.OUTCOME, f'count("bad") * {HOUR}', by=("lane",), every=True, fill="0"),
                    "$tag_lane",
                    unit="none",
                    decimals=0,
                    width=24,
                    names=(*NUMBERS[:-1], "0"),
                    repeat="line",
                    step="5m",
                ),
                bars(
                    T("Items", "件數"),
                    T(
                        "Ends in each lane in the chosen time; lane 0 = still on the line or lost.",
                        "所選時間內到達各道口的件數；0 = 仍在線上或遺失。",
                    ),
                    totals(schema.OUTCOME, 'count("bad")', by=("line", "lane")),
                    unit="none",
                    width=12,
                ),
                bars(
                    T("Way through the line", "通過時間"),
                    T("Mean time from induction to the lane.", "從導入口到道口的平均時間。"),
                    totals(schema.OUTCOME, 'mean("transit_us")', by=("line", "lane")),
                    unit="µs",
                    width=12,
                ),
                bars(
                    T("Not as sent", "未達指定道口"),
                    T("Ends that were not confirmed, by the lane where the item is.", "未確認的結果，按實際所在道口。"),
                    totals(schema.OUTCOME, 'sum("bad")', by=("line", "lane")),
                    unit="none",
                    width=12,
                    limits=((1, ALARM),),
                ),
            ),
        ),
        Section(
            T("Condition", "狀態"),
            (
                timeline(
                    T("Full", "滿道"),
                    T("When each lane was full, as its PLC says.", "PLC 回報的各道口滿載時段。"),
                    select(schema.LANE, 'max("full")', by=("line", "lane"), every=True),
                    "$tag_line $tag_lane",
                    {0: (T("free", "可用"), OFF), 1: (T("full", "已滿"), WARN)},
                    width=12,
                ),
                timeline(
                    T("Switched off", "停用"),
                    T("When each lane was disabled.", "各道口停用的時段。"),
                    select(schema.LANE, 'max("disabled")', by=("line", "lane"), every=True),
                    "$tag_line $tag_lane",
                    {0: (T("enabled", "啟用"), OFF), 1: (T("disabled", "停用"), WARN)},
                    width=12,
                ),
                bars(
                    T("Share of time full", "滿道時間比例"),
                    T(
                        "How much of the chosen time each lane was full. From 20 % on it needs emptying more often.",
                        "所選時間內滿道的比例；達 20 % 應更常清空。",
                    ),
                    totals(schema.LANE, 'mean("full")', by=("line", "lane")),
                    unit="percentunit",
                    width=12,
                    limits=((0.2, WARN),),
                ),
                rows(
                    T("Asked for by operators", "操作員要求"),
                    T("Lanes that people switched on or off.", "人員啟用或停用道口的紀錄。"),
                    recent(
                        schema.REQUEST, '"line", "lane", "action", "asked_by"', where='"action" =~ /^(enable|disable)$/'
                    ),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("line", T("Line", "線")),
                        Column("lane", T("Lane", "道口")),
                        Column("action", T("What", "動作")),
                        Column("asked_by", T("Who", "人員")),
                    ),
                    width=12,
                    height=7,
                ),
            ),
        ),
        Section(
            T("Went elsewhere", "改道"),
            (
                trend(
                    T("Routes by reason, an hour", "每小時路線原因"),
                    T(
                        "Decisions by reason: `alternative`, `recirculate` and `reject` mean that lanes were full or off.",
                        "各原因的決定數；alternative、recirculate、reject 表示道口已滿或停用。",
                    ),
                    select(schema.ROUTE, f'count("track") * {HOUR}', by=("reason",), every=True, fill="0"),
                    "$tag_reason",
                    unit="none",
                    decimals=0,
                    width=24,
                    stacked=True,
                    names=REASONS,
                    step="5m",
                ),
                trend(
                    T("Rounds, ${line}", "再循環，${line}"),
                    T(
                        "Mean number of rounds that an item had made when its lane was decided.",
                        "決定道口時平均已循環的次數。",
                    ),
                    select(schema.ROUTE, 'mean("round")', by=("line",), every=True),
                    "$tag_line",
                    unit="none",
                    decimals=2,
                    width=12,
                    repeat="line",
                    step="5m",
                ),
            ),
        ),
    ),
)
