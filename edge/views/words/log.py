"""The words of the event log, and what each kind of notice means, said to who has never seen a mailbox.

Public names: LOG.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

LOG: Rows = {
    "log.title": ("Event log", "事件紀錄"),
    "log.from": ("From", "從"),
    "log.to": ("To", "到"),
    "log.line": ("Line", "產線"),
    "log.device": ("Device", "設備"),
    "log.text": ("Text", "文字"),
    "log.least": ("At least", "至少"),
    "log.show": ("Show", "顯示"),
    "log.more": ("What came then", "之後的事件"),
    "log.none": ("Nothing happened in this time.", "這段時間沒有事件。"),
    "log.time": ("Time", "時間"),
    "log.where": ("Where", "位置"),
    "log.what": ("What happened", "事件"),
    "log.kinds": ("What about", "類別"),
    "log.story": ("story", "完整紀錄"),
    "log.files": ("As a file:", "匯出："),
    "log.away": ("Not all is shown: {why}", "未能全部顯示：{why}"),
    "log.kind.alarms": ("Alarms", "警報"),
    "log.kind.requests": ("Requests", "要求"),
    "log.kind.lanes": ("Lanes", "道"),
    "log.kind.devices": ("Devices", "設備"),
    "log.kind.configuration": ("Configuration", "設定"),
    "log.kind.notices": ("Notices", "留意事項"),
    "log.kind.docks": ("Docks", "月台"),
    "log.kind.orders": ("Orders", "訂單"),
    "log.kind.items": ("Totes and parcels", "物流箱與包裹"),
    "log.kind.signals": ("Signals of devices", "設備訊號"),
    "log.weight.high": ("high", "高"),
    "log.weight.medium": ("medium", "中"),
    "log.weight.low": ("low", "低"),
    "log.weight.plain": ("everything", "全部"),
    # ---- sentences ----
    "started-changed": (
        "Controller {controller} {version} started with another configuration: {changes:; }",
        "控制器 {controller} {version} 以不同的設定啟動：{changes:；}",
    ),
    "changed.line-gone": ("line {line} is gone", "產線 {line} 已移除"),
    "changed.line-new": ("line {line} is new", "新增產線 {line}"),
    "changed.lanes": ("lanes of {line}", "{line} 的道"),
    "changed.line": ("belt, portal or times of {line}", "{line} 的輸送帶、讀取門或時間"),
    "changed.alarms": ("alarms: {kinds:, }", "警報：{kinds:、}"),
    "changed.docks": ("dock doors", "月台門"),
    "changed.version": ("the program was version {version} before", "先前程式為 {version} 版"),
    # ---- what each kind of notice means ----
    "anomaly.about.command-dropped": (
        "An order to the PLC did not reach it; an item may take the default lane.",
        "給 PLC 的命令未送達；物件可能走預設道。",
    ),
    "anomaly.about.command-refused": (
        "The PLC did not do what it was told; an item may take the default lane.",
        "PLC 未執行命令；物件可能走預設道。",
    ),
    "anomaly.about.events-missed": (
        "Part of what the PLC told was lost; where some items are is not known.",
        "PLC 的部分訊息遺失；部分物件的位置不明。",
    ),
    "anomaly.about.plc-restarted": (
        "The PLC started anew and has forgotten what was on the belt: look what lies there.",
        "PLC 重新啟動，已不記得輸送帶上的物件：請查看輸送帶。",
    ),
    "anomaly.about.jam": ("Something stands at a photo-eye.", "有物件停在光電感測器前。"),
    "anomaly.about.jam-cleared": ("The photo-eye is free again.", "光電感測器已恢復暢通。"),
    "anomaly.about.stray": (
        "Something is on the belt that did not come over the induction, as laid on by hand.",
        "輸送帶上有未經上線點的物件，例如以手放上。",
    ),
    "anomaly.about.machine-state": ("The machine does not run.", "機台未運轉。"),
    "anomaly.about.unknown-event": (
        "The PLC told something that this version does not know; it was left out.",
        "PLC 傳來此版本不認識的訊息，已略過。",
    ),
    "anomaly.about.unknown-track": (
        "The PLC told of an item that nobody here knows, as after a start.",
        "PLC 提到此處不認識的物件，例如剛啟動之後。",
    ),
    "anomaly.about.unknown-induction": (
        "An item came in where no line begins: compare the lines with the PLC.",
        "物件從不屬於任何產線的上線點進入：請比對產線設定與 PLC。",
    ),
    "anomaly.about.track-forgotten": (
        "What became of an item was never told: look in the lanes.",
        "物件的去向一直沒有回報：請查看各道。",
    ),
    "anomaly.about.unconfirmed": (
        "An item should have come to its lane and was not seen there.",
        "物件應已進入其道，但未被看到。",
    ),
    "anomaly.about.verdict-changed": (
        "With all that was read in the end, the tote was judged otherwise than it was sent: look into it.",
        "依最終讀取結果，物流箱的核對結果與分流時不同：請開箱查看。",
    ),
    "anomaly.about.identity-changed": (
        "With all that was read in the end, it is another parcel: look at its label.",
        "依最終讀取結果，這是另一件包裹：請查看其標籤。",
    ),
    "anomaly.about.contradiction": (
        "Its tag and its barcode, or two portals, name different ones: look at the label.",
        "標籤與條碼，或兩座讀取門，指不同物件：請查看標籤。",
    ),
    "anomaly.about.cancelled-sorted": (
        "Take this parcel out of its carrier's lane: its order was cancelled.",
        "請從承運商的道取出此包裹：其訂單已取消。",
    ),
    "anomaly.about.no-such-lane": ("Somebody asked for a lane that there is not.", "有人要求不存在的道。"),
    "anomaly.about.incompatible": (
        "The PLC's program does not fit this controller, or it obeys another one.",
        "PLC 的程式與此控制器不符，或聽從另一個控制器。",
    ),
    "anomaly.about.gpi-changed": ("A signal at a reader changed.", "讀取器的輸入訊號改變。"),
    "anomaly.about.antenna-changed": (
        "An antenna came or went: look at its cable.",
        "天線接上或中斷：請檢查線路。",
    ),
    "anomaly.about.reader-refused": (
        "A device that is not the expected reader tried to connect.",
        "有非預期的裝置嘗試以讀取器身分連線。",
    ),
    "anomaly.about.reader-notice": (
        "A reader has a trouble of its own and goes on.",
        "讀取器自身有異常，仍繼續運作。",
    ),
    "anomaly.about.clock-jumped": (
        "The clock of a reader or PLC was set, or this machine stood still; what passed meanwhile goes to quality.",
        "讀取器或 PLC 的時鐘被調整，或本機曾停頓；其間通過的貨件送品檢道。",
    ),
    "anomaly.about.input-failed": (
        "One thing was left out by a fault of this program; all else goes on.",
        "因程式錯誤略過一件事，其餘照常運作。",
    ),
    "anomaly.about.reader-floods": (
        "A reader sees many tags that belong to no order: goods may lie beside it.",
        "讀取器讀到許多不屬於任何訂單的標籤：旁邊可能堆放貨物。",
    ),
    "anomaly.about.route-kept": (
        "After a restart it was decided otherwise than the PLC had accepted; it went where the PLC had it.",
        "重啟後的決定與 PLC 已接受的不同；物件依 PLC 原來的去向送達。",
    ),
    "anomaly.about.trial-began": (
        "Lanes may be tried; parcels of orders end it.",
        "可以試各道口；有訂單的包裹會使其結束。",
    ),
    "anomaly.about.trial-ended": ("The line sorts as ever.", "產線恢復正常分揀。"),
    "anomaly.about.trial-lane": (
        "The next item without an order goes to that lane.",
        "下一件沒有訂單的物件會送到該道。",
    ),
    "anomaly.about.trial-refused": ("Nothing was tried.", "未執行試分流。"),
    "anomaly.about.unaccounted-commands": (
        "Another computer gives the PLC orders.",
        "另一台電腦在對 PLC 下命令。",
    ),
    "anomaly.item": ("item {track}", "物件 {track}"),
}
