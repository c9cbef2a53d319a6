"""The words of the engineers' page.

Public names: ENGINEERING.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

ENGINEERING: Rows = {
    "tech.title": ("Engineering", "工程"),
    "tech.readers": ("Readers and antennas", "讀取器與天線"),
    "tech.reader": ("Reader", "讀取器"),
    "tech.antenna": ("Antenna", "天線"),
    "tech.rate": ("Reads", "讀取率"),
    "tech.per-s": ("/s", "次／秒"),
    "tech.seen": ("Last read", "最近讀取"),
    "tech.state": ("State", "狀態"),
    "tech.up": ("answers", "正常"),
    "tech.down": ("away", "中斷"),
    "tech.fenced": ("obeys another controller", "聽從另一控制器"),
    "tech.mailboxes": ("Mailboxes of the PLCs", "PLC 郵箱"),
    "tech.mailboxes.help": (
        "Of the newest ten seconds. Events: not acknowledged yet. Commands: waiting here + not handled by the PLC.",
        "取自最近十秒。事件：尚未確認；命令：此處等待 + PLC 尚未處理。",
    ),
    "tech.heartbeat": ("Heartbeat moved", "心跳距今"),
    "tech.poll": ("Read, mean / longest", "讀取時間 平均／最長"),
    "tech.epoch": ("Epoch", "控制代次"),
    "tech.session": ("Session", "連線代碼"),
    "tech.events": ("Events", "事件"),
    "tech.commands": ("Commands", "命令"),
    "tech.lanes": ("Carrier to lane", "承運商與道口"),
    "tech.lane": ("Lane", "道口"),
    "tech.role": ("For", "用途"),
    "tech.instead": ("Instead", "替代道"),
    "tech.divert": ("Divert at", "分流位置"),
    "tech.count": ("Items", "件數"),
    "tech.default": ("default", "預設"),
    "tech.trial": ("Test divert", "試分流"),
    "tech.trial.on": ("commissioning mode", "試車模式"),
    "tech.trial.help": (
        "The next parcel without an order goes to the lane asked for. A customer's goes where it belongs, and ends it.",
        "試車模式中，下一件沒有訂單的包裹會送到指定道口；客戶的包裹照常分揀，並結束試車模式。",
    ),
    "tech.trial.why": ("Reason", "原因"),
    "tech.trial.begin": ("Begin commissioning mode", "開始試車模式"),
    "tech.trial.end": ("End commissioning mode", "結束試車模式"),
    "tech.trial.divert": ("Divert the next one", "分流下一件"),
    "tech.trial.waits": (
        "The controller does not answer; it does it when it runs.",
        "控制器未回應，執行時再處理。",
    ),
    "tech.portals": ("What the portals learned", "通道門的學習結果"),
    "tech.portals.none": ("No passage was seen yet.", "尚無通過紀錄。"),
    "tech.portal.picture": ("Where tags are read at {line}", "{line} 的標籤讀取位置"),
    "tech.config": ("Configuration", "設定檔"),
    "tech.config.good": ("{file}: nothing is wrong", "{file}：沒有問題"),
    "tech.config.help": (
        "As the file stands now; what runs may be older. `lanewise check` says more.",
        "依檔案目前內容檢查；執行中的設定可能較舊。詳見 lanewise check。",
    ),
    "tech.processes": ("Processes and publishers", "程序與發佈"),
    "tech.controller": ("Controller", "控制器"),
    "tech.version": ("Version", "版本"),
    "tech.started": ("Began", "啟動時間"),
    "tech.newest": ("Newest record", "最新紀錄"),
    "tech.behind": ("Records not in the store yet", "尚未寫入資料庫"),
    "tech.publishers": ("Publishers", "發佈程序"),
    "tech.backlog": ("{count} records to go", "尚有 {count} 筆"),
    "tech.files": ("Files and clocks", "檔案與時鐘"),
    "tech.free": ("{mb} MB free", "剩餘 {mb} MB"),
    "tech.clocks": ("Clock of this machine", "本機時鐘"),
    "tech.clock.good": (
        "Follows a time server: {offset} µs to correct, at most {most} µs wrong",
        "已與時間伺服器同步：待校正 {offset} µs，誤差至多 {most} µs",
    ),
    "tech.clock.free": ("Follows no time server", "未與時間伺服器同步"),
    "tech.clock.unknown": ("Nothing is known of it", "無法得知"),
}
