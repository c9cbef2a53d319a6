"""Portals and antennas: is everything read that passes, and what tells that it soon will not be?

Public names: PORTALS.
"""

from __future__ import annotations

from edge.publish import schema
from grafana.board import Board, Section
from grafana.influxql import Influx, recent, select, totals
from grafana.overview import UP
from grafana.panels import ALARM, NEUTRAL, NUMBERS, WARN, Column, T, bars, number, rows, timeline, trend

PORTALS = Board(
    "portals",
    T("Portals and antennas", "讀取門與天線"),
    T("Is everything read that passes, and what tells that it soon will not be?", "經過的都讀到了嗎？有無惡化的徵兆？"),
    (
        Section(
            T("Reading", "讀取"),
            (
                number(
                    T("Passages", "通過數"),
                    T("Parcels and totes past the portals in the chosen time.", "所選時間內經過讀取門的件數。"),
                    select(schema.PASSAGE, 'count("track")'),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Without a tag", "無標籤"),
                    T("Share of passages to which no tag belongs.", "沒有任何標籤的通過比例。"),
                    select(schema.PASSAGE, 'mean("empty")'),
                    none="–",
                    unit="percentunit",
                    limits=((0.02, WARN), (0.05, ALARM)),
                    decimals=2,
                ),
                number(
                    T("Missed", "漏讀"),
                    T("Items of totes' orders that were not seen.", "訂單中未讀到的品項數。"),
                    select(schema.CHECK, 'sum("missing")'),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Stray", "多讀"),
                    T("Items in totes that nobody ordered, or another order's.", "無人訂購或屬於其他訂單的品項數。"),
                    select(schema.CHECK, 'sum("extra") + sum("foreign")'),
                    none="0",
                    unit="none",
                ),
                number(
                    T("Clearness, weakest", "明確度最弱"),
                    T(
                        "Weakest own tag of all passages over its best neighbour's claim. Under 2 a tag may change its owner; "
                        "once may be chance, the graph shows whether it goes on.",
                        "所有通過中自身最弱標籤與鄰件的比值；低於 2 時標籤可能誤判。單次可能是偶然，請看圖中是否持續。",
                    ),
                    select(schema.PASSAGE, 'min("clarity")'),
                    none="–",
                    unit="none",
                    limits=((2, NEUTRAL),),
                    base=WARN,
                    decimals=1,
                ),
                number(
                    T("Doubtful", "存疑"),
                    T(
                        "Passages with less evidence than there should be, as when a reader was away.",
                        "證據不足的通過數，例如讀取器曾中斷。",
                    ),
                    select(schema.PASSAGE, 'sum("doubtful")'),
                    none="0",
                    unit="none",
                    limits=((1, WARN),),
                ),
                trend(
                    T("Missed and stray", "漏讀與多讀"),
                    T(
                        "Items of totes that were not seen, and items seen that do not belong there, in each step of the graph.",
                        "未讀到的品項與不屬於該箱的品項，按圖中時段。",
                    ),
                    (
                        Influx(
                            select(
                                schema.CHECK,
                                'sum("missing") AS "missed", sum("extra") AS "extra", sum("foreign") AS "foreign"',
                                every=True,
                                fill="0",
                            ),
                            "$col",
                        ),
                    ),
                    unit="none",
                    decimals=0,
                    width=24,
                    names=("missed", "extra", "foreign"),
                    step="15m",
                ),
            ),
        ),
        Section(
            T("Portal ${portal}", "讀取門 ${portal}"),
            (
                trend(
                    T("Not read", "未讀"),
                    T("Share of passages without a tag.", "無標籤通過的比例。"),
                    select(schema.PASSAGE, 'mean("empty")', by=("portal",), every=True),
                    "$tag_portal",
                    step="5m",
                    unit="percentunit",
                    limits=((0.02, WARN),),
                ),
                trend(
                    T("Neighbours' tags", "鄰件標籤"),
                    T(
                        "Mean number of tags that were read but belong to a neighbour or the background: power or spacing.",
                        "讀到但屬於鄰件或背景的平均標籤數：功率或間距問題。",
                    ),
                    select(schema.PASSAGE, 'mean("tags_rejected")', by=("portal",), every=True),
                    "$tag_portal",
                    step="5m",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Reads of a passage", "每次通過讀取數"),
                    T(
                        "Mean number of reads of all tags: it sinks before items are missed.",
                        "所有標籤的平均讀取數：漏讀之前會先下降。",
                    ),
                    select(schema.PASSAGE, 'mean("reads")', by=("portal",), every=True),
                    "$tag_portal",
                    step="5m",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Clearness", "明確度"),
                    T(
                        "Middle of the weakest own tag over its best neighbour's claim.",
                        "自身最弱標籤與鄰件比值的中位數。",
                    ),
                    select(schema.PASSAGE, 'median("clarity")', by=("portal",), every=True),
                    "$tag_portal",
                    step="5m",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Learned offset", "學得偏移"),
                    T(
                        "Learned way from photo-eye to antennas, as time: it moves when belt or antennas do.",
                        "學得的光眼到天線時間：輸送帶或天線變動時會改變。",
                    ),
                    select(schema.PASSAGE, 'mean("offset_us")', by=("portal",), every=True),
                    "$tag_portal",
                    step="5m",
                    unit="µs",
                    least=None,
                ),
            ),
            repeat="portal",
        ),
        Section(
            T("Readers and antennas", "讀取器與天線"),
            (
                timeline(
                    T("Readers", "讀取器"),
                    T("Whether each reader answers.", "各讀取器是否回應。"),
                    select(schema.READER, 'min("up")', by=("reader",), every=True),
                    "$tag_reader",
                    UP,
                ),
                bars(
                    T("Evidence by antenna", "各天線證據"),
                    T("Mean summed power of a passage that each antenna brought.", "各天線每次通過的平均功率。"),
                    totals(schema.PASSAGE_ANTENNA, 'mean("weight")', by=("portal", "antenna")),
                    unit="mwatt",
                ),
                bars(
                    T("Scanners without a code", "掃描器未讀"),
                    T(
                        "Share of what passed a barcode scanner and showed it no code.",
                        "經過條碼掃描器而未讀到條碼的比例。",
                    ),
                    totals(schema.SCAN, 'mean("no_read")', by=("reader",)),
                    unit="percentunit",
                    limits=((0.02, WARN),),
                ),
                rows(
                    T("What readers and PLCs said", "讀取器與 PLC 訊息"),
                    T("Notices of devices, the newest first.", "裝置訊息，最新在前。"),
                    recent(schema.NOTICE, '"device", "code", "text"'),
                    (
                        Column("Time", T("Time", "時間"), "dateTimeAsIso", width=170),
                        Column("device", T("Device", "裝置"), width=140),
                        Column("code", T("Code", "代碼"), width=140),
                        Column("text", T("Text", "內容")),
                    ),
                    width=24,
                    height=6,
                ),
            ),
        ),
        Section(
            T("Reader ${reader}", "讀取器 ${reader}"),
            (
                trend(
                    T("Reads a second", "每秒讀取數"),
                    T("Of the reader, whatever belongs to it.", "該讀取器的所有讀取。"),
                    select(schema.READER, 'mean("reads") / 10', by=("reader",), every=True),
                    "$tag_reader",
                    unit="none",
                    decimals=1,
                ),
                trend(
                    T("Reads a second by antenna", "各天線每秒讀取數"),
                    T(
                        "An antenna that falls behind its sisters has a cable, a connector or a place to look at.",
                        "落後的天線應檢查纜線、接頭或位置。",
                    ),
                    select(schema.ANTENNA, 'mean("reads") / 10', by=("antenna",), every=True),
                    "$tag_antenna",
                    unit="none",
                    decimals=1,
                    names=NUMBERS[:8],
                ),
                trend(
                    T("Signal by antenna", "各天線訊號"),
                    T("Mean strength of its reads.", "讀取的平均強度。"),
                    select(schema.ANTENNA, 'mean("rssi_dbm")', by=("antenna",), every=True),
                    "$tag_antenna",
                    unit="dBm",
                    names=NUMBERS[:8],
                    least=None,
                ),
            ),
            repeat="reader",
        ),
    ),
)
