"""The words of looking for something: what was found, in a sentence each, and the lists of what lies where and why.

Public names: FINDING.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

FINDING: Rows = {
    "nav.floor": ("Floor", "現場"),
    "refused.nothing": ("Nothing is here", "這裡沒有資料"),
    "refused.title": ("This was not done", "未執行"),
    "refused.no-page": ("{path}: there is no page of this name", "{path}：沒有這個頁面"),
    "refused.find": (
        "Look for what you want above, or go on by the pages there.",
        "請用上方的查詢，或由上方選擇頁面。",
    ),
    "refused.back": (
        "Go back with the browser: what you entered is still there.",
        "請按瀏覽器的上一頁，輸入的內容仍在。",
    ),
    "find.title": ("Find", "查詢"),
    "find.hint": ("Scan or type any number", "掃描或輸入任何號碼"),
    "find.label": (
        "Find an order, tote, parcel, item, case or bin",
        "查詢訂單、物流箱、包裹、商品、案件或儲位",
    ),
    "find.go": ("Find", "查詢"),
    "find.help": (
        (
            "Anything printed, shown or scanned: orders and their external numbers, totes, parcels, tracking numbers, "
            "items, articles, bins, waves, rounds, cases, returns and loads, whole or {digits} digits and more of them."
        ),
        (
            "任何印出、顯示或掃描到的號碼：訂單及平台單號、物流箱、包裹、物流單號、商品、品項、儲位、波次、"
            "揀貨單、案件、退貨與裝載，可輸入完整號碼或其中至少 {digits} 位數字。"
        ),
    ),
    "find.nothing": ("Nothing has “{text}”.", "查無「{text}」。"),
    "find.more": (
        "Only the first {count} are shown: type more of it.",
        "僅顯示前 {count} 筆，請輸入更多號碼。",
    ),
    "find.exactly": ("Exactly this", "完全相符"),
    "find.partly": ("Part of it, or belongs to it", "部分相符或相關"),
    "find.what": ("What it is", "內容"),
    "list.aside": ("Set aside, and why", "待處理與原因"),
    "list.orders": ("Parcel orders by state", "各狀態出貨單"),
    "list.loads": ("Loads", "裝載"),
    "list.wrong": ("Wrong today", "今日錯誤"),
    "list.late": ("Late today", "今日逾時"),
    "list.state": ("State", "狀態"),
    "list.day": ("Day", "日期"),
    "list.when": ("When", "時間"),
    "list.what": ("What", "內容"),
    "list.where": ("Where", "位置"),
    "list.why": ("Why", "原因"),
    "list.nothing": ("Nothing is here.", "沒有資料。"),
    "find.kind": ("Kind", "類別"),
    "find.kind.order": ("Order", "訂單"),
    "find.kind.fulfilment": ("Parcel order", "出貨單"),
    "find.kind.tote": ("Tote", "物流箱"),
    "find.kind.parcel": ("Parcel", "包裹"),
    "find.kind.item": ("Item", "商品"),
    "find.kind.article": ("Article", "品項"),
    "find.kind.bin": ("Bin", "儲位"),
    "find.kind.wave": ("Wave", "波次"),
    "find.kind.round": ("Round", "揀貨單"),
    "find.kind.case": ("Case", "案件"),
    "find.kind.load": ("Load", "裝載"),
    "find.kind.shipment": ("Shipment", "出貨批次"),
    "find.kind.import": ("Import", "匯入"),
    "find.kind.pickup": ("Pickup", "收貨班次"),
    "find.kind.line": ("Line", "產線"),
    "find.kind.story": ("Story", "紀錄"),
    "find.order": ("Order {id} of {channel}: {state}", "{channel} 訂單 {id}：{state}"),
    "find.fulfilment": ("Parcel order {id}: {state}", "出貨單 {id}：{state}"),
    "find.fulfilment.of": ("Parcel order {id} of order {order}: {state}", "訂單 {order} 的出貨單 {id}：{state}"),
    "find.tote": ("{id}: nobody uses it now", "{id}：目前無人使用"),
    "find.tote.of": ("{id}: holds parcel order {order}", "{id}：用於出貨單 {order}"),
    "find.parcel": ("Parcel {id}", "包裹 {id}"),
    "find.parcel.of": ("Parcel {id} of parcel order {order}", "出貨單 {order} 的包裹 {id}"),
    "find.parcel.void": ("Parcel {id}: its label is void", "包裹 {id}：標籤已作廢"),
    "find.parcel.at": ("Parcel {id} of parcel order {order}: {state}", "出貨單 {order} 的包裹 {id}：{state}"),
    "find.item": ("{id}", "{id}"),
    "find.item.of": ("{id}: belongs to parcel order {order}", "{id}：屬於出貨單 {order}"),
    "find.item.in": ("{id}: {sku} in bin {bin}", "{id}：{sku}，在儲位 {bin}"),
    "find.article": ("Article {id} {name}", "品項 {id} {name}"),
    "find.bin": ("Bin {id}: {units} units of {articles} articles", "儲位 {id}：{articles} 個品項共 {units} 件"),
    "find.wave.of": ("Wave {id}: {state}, {service}", "波次 {id}：{state}，{service}"),
    "find.round.of": ("Round {id} of wave {wave}: {state}", "波次 {wave} 的揀貨單 {id}：{state}"),
    "find.case.of": ("Case {id}, {kind}: {state}", "案件 {id}（{kind}）：{state}"),
    "find.load": ("Load {id} of {carrier}: left with {pieces} parcels", "{carrier} 裝載 {id}：已載 {pieces} 件出發"),
    "find.load.open": ("Load {id} of {carrier}: open at {dock}", "{carrier} 裝載 {id}：於 {dock} 進行中"),
    "find.shipment": ("Shipment {id} of {carrier}: {pieces} parcels", "{carrier} 出貨批次 {id}：{pieces} 件"),
    "find.import": ("Import {id} of {channel}", "{channel} 匯入 {id}"),
    "find.pickup": ("Pickup {id}", "收貨班次 {id}"),
    "find.alarm": ("Alarm {id}", "警報 {id}"),
    "find.line": ("Line {id}", "產線 {id}"),
    "find.story": ("Everything about {id}", "{id} 的完整紀錄"),
    "round.open": ("nobody has it", "無人領取"),
    "round.assigned": ("given to somebody", "已指派"),
    "round.picking": ("being picked", "揀貨中"),
    "round.done": ("done", "完成"),
    "round.withdrawn": ("withdrawn", "已撤回"),
}
