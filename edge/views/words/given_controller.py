"""What the controller gives in English of its parts: the journal, disks, files, orders, its standby and publishers.

Public names: GIVEN_CONTROLLER.

As in `edge.views.words.given_floor`, the English words are those of the code that gives them, here `edge.controller`,
`edge.journal` and `edge.publish.cursors`.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

GIVEN_CONTROLLER: Rows = {
    # ---- the controller ----
    "given.answers": (
        "{plc} answers, session {session}, epoch {epoch}",
        "{plc} 已回應，連線代碼 {session}，代次 {epoch}",
    ),
    "given.obeys-again": ("{plc} obeys this controller again, epoch {epoch}", "{plc} 再次聽從本控制器，代次 {epoch}"),
    "given.fenced": (
        "epoch {epoch} of another controller is obeyed since {since}, ours is {ours}",
        "自 {since} 起聽從另一控制器的代次 {epoch}，本控制器為 {ours}",
    ),
    "given.follows": ("{plc} follows again", "{plc} 恢復運作"),
    "given.points-read": ("points of {plc} are read", "正在讀取 {plc} 的點位"),
    "given.packml-read": ("its PackML object is read", "正在讀取其 PackML 物件"),
    "given.reached": ("connected again, and not heard yet: {text}", "已重新連線，尚無訊息：{text}"),
    "given.line-anew": ("its line begins anew after a fault", "發生錯誤後，其產線重新開始"),
    "given.no-lease": ("the lease is not this controller's any more", "租約已不屬於本控制器"),
    "given.stands-by": ("this controller stands by", "本控制器為備援"),
    "given.anew-stored": (
        "begins anew when the journal has stored record {seq}",
        "日誌存妥第 {seq} 筆紀錄後重新開始",
    ),
    "given.no-reader": ("there is no such reader", "沒有這個讀取器"),
    "given.measures": ("{name} goes on", "{name} 恢復"),
    "given.new-settings": ("takes its new settings", "正在採用新設定"),
    "given.ended": ("the connection ended", "連線已結束"),
    "given.store-answers": ("site store answers", "站點資料庫已回應"),
    "given.store-why": ("site store: {text}", "站點資料庫：{text}"),
    "given.config-refused": ("refused, nothing changed: {text}", "設定被拒，未作任何變更：{text}"),
    "given.config-force": ("configuration {name} is in force", "設定 {name} 已生效"),
    "given.io-belt": (
        "{count} on the belt, which remote I/O follows by itself: let the belt run empty, then ask again",
        "輸送帶上有 {count} 件，由遠端 I/O 自行追蹤：請待輸送帶淨空後再要求",
    ),
    "given.lease-out": ("the lease ran out, or another controller took it", "租約已到期，或由另一控制器取得"),
    "given.lease-why": ("the lease: {text}", "租約：{text}"),
    "given.lease-silent": ("the store of the lease does not answer", "租約所在的資料庫沒有回應"),
    "given.lease-given": ("they are handed over, as somebody asked", "依要求移交產線"),
    "given.same-name": (
        "another process calls itself {name}, or a run before ended just now",
        "另有程序也叫 {name}，或前一次執行剛剛結束",
    ),
    "given.standby": ("{name} stands by", "{name} 為備援"),
    "given.no-standby": ("no other controller stands by for {name}", "沒有其他控制器為 {name} 備援"),
    # ---- journal, disks and files ----
    "given.journal-why": ("journal {path}: {known}", "日誌 {path}：{known}"),
    "given.journal-os": ("journal {path}: {words}", "日誌 {path}：{words}"),
    "given.journal-stores": ("the journal stores again", "日誌恢復寫入"),
    "given.journal-kept": (
        "{text}; nothing is acknowledged until it can be written",
        "{text}；可寫入前不作任何確認",
    ),
    "given.journal-room": ("the journal has room", "日誌有空間"),
    "given.journal-full": (
        "{count} of {most} MB, full, and kept beyond its quota for those who are behind: {text}",
        "{most} MB 已用 {count} MB，已滿；為尚未跟上者保留超出配額的內容：{text}",
    ),
    "given.journal-drops": (
        (
            "{count} of {most} MB, full: what is not delivered is taken out up to record {number}, as drop_undelivered "
            "says; {text}"
        ),
        "{most} MB 已用 {count} MB，已滿：依 drop_undelivered，第 {number} 筆以前未送達的也刪除；{text}",
    ),
    "given.to-go": ("{name} has {count} to go", "{name} 尚有 {count} 筆"),
    "given.to-go-more": ("{name} has {count} to go, {known}", "{name} 尚有 {count} 筆，{known}"),
    "given.journal-unknown": (
        "{count} of {most} MB, who has what cannot be read: {words}",
        "{most} MB 已用 {count} MB，無法得知各方進度：{words}",
    ),
    "given.no-space": (
        (
            "no space left, the disk is full: {free} MB are free in {path}, {count} MB are needed at least: "
            "make room there"
        ),
        "磁碟已滿：{path} 剩 {free} MB，至少需要 {count} MB：請清出空間",
    ),
    "given.own-file": ("{text}; give `journal` a file of its own", "{text}；請給 journal 專用的檔案"),
    "given.own-path": ("{text}; give `journal` a path that can be written", "{text}；請給 journal 可寫入的路徑"),
    "given.disk-slow": (
        "the disk is too slow: {count} records wait to be stored, the oldest for {s} s",
        "磁碟太慢：{count} 筆紀錄等待寫入，最久的已等 {s} 秒",
    ),
    "given.plc-room": (
        "{name} keeps {count} events and has no room for more",
        "{name} 保存 {count} 個事件，已無空間",
    ),
    "given.disk-again": (
        "the disk stores again: up to {count} records had waited, the oldest for {s} s",
        "磁碟恢復寫入：最多曾有 {count} 筆等待，最久 {s} 秒",
    ),
    "given.disks-room": ("the disks have room", "磁碟有空間"),
    "given.files-sound": ("the files are sound", "檔案完好"),
    "given.table": ("table {name}: {words}", "資料表 {name}：{words}"),
    "given.certificate": ("our certificate {path} ends on {day}", "我方憑證 {path} 於 {day} 到期"),
    "given.certificate-bad": ("our certificate {text}", "我方憑證 {text}"),
    "given.certificate-none": ("no certificate is configured", "未設定憑證"),
    "given.no-journal": ("not a journal of Lanewise", "不是 Lanewise 的日誌"),
    "given.no-file": ("no such file", "沒有這個檔案"),
    "given.not-file": ("not a file", "不是檔案"),
    "given.unwritable": ("cannot be written since {since}: {words}", "自 {since} 起無法寫入：{words}"),
    "given.nothing-new": (
        "nothing new for {s} s: is `lanewise run` running?",
        "{s} 秒沒有新紀錄：lanewise run 是否在執行？",
    ),
    "given.form": (
        (
            "its form is {form}, this version knows {needs}: start the version that wrote it, "
            "or give `journal` another path"
        ),
        "其格式為 {form}，此版本支援 {needs}：請啟動寫入它的版本，或給 journal 另一路徑",
    ),
    # ---- publishers, as the controller sees them ----
    "given.publisher-why": ("publisher {name}: {text}", "發佈程序 {name}：{text}"),
    "given.publisher-good": ("publisher {name}: delivers", "發佈程序 {name}：正常送出"),
    "given.publish.away": (
        "lanewise publish does not run, since {since}; {text}",
        "lanewise publish 自 {since} 起未執行；{text}",
    ),
    "given.publish.never": (
        "lanewise publish does not run, and never did; {text}",
        "lanewise publish 未執行，也從未執行過；{text}",
    ),
    "given.publish.cursor": ("its cursor stands at record {seq}", "進度停在第 {seq} 筆紀錄"),
    "given.publish.cursor-since": (
        "its cursor stands at record {seq} since {since}",
        "自 {since} 起進度停在第 {seq} 筆紀錄",
    ),
    "given.publish.last": ("{known}; its last trouble: {text}", "{known}；最近的問題：{text}"),
    "given.publish.nothing": ("it runs and delivers nothing", "執行中，但沒有送出任何資料"),
    "given.publish.busy": (
        "it is busy with what its target refuses: {text}",
        "正忙於處理目標拒收的資料：{text}",
    ),
    "given.publish.not-begun": ("not begun", "尚未開始"),
    "given.publish.broker": ("broker {place}: {text}", "broker {place}：{text}"),
    "given.publish.given-up": ("given up", "已放棄"),
    "given.publish.no-connect": ("no answer to CONNECT", "CONNECT 沒有回應"),
    "given.publish.refuses": ("{place} refuses every point: {words}", "{place} 拒收所有資料：{words}"),
    "given.publish.rest": ("{text}; it asks us to wait {s} s", "{text}；對方要求等待 {s} 秒"),
    "given.publish.http": ("HTTP {code}: {words}", "HTTP {code}：{words}"),
    "given.publish.token": (
        "{text}; give `token_file` a token that may write the bucket",
        "{text}；請給 token_file 可寫入該 bucket 的權杖",
    ),
    "given.publish.bucket": (
        "{text}; give `org` and `bucket` as the server has them",
        "{text}；org 與 bucket 請與伺服器一致",
    ),
    "given.publish.halved": (
        (
            "{place} refuses some of what it is sent: {count} requests halved, {number} points to go, "
            "{most} set aside, {old} too old: {words}"
        ),
        "{place} 拒收部分資料：{count} 個請求減半，尚有 {number} 點，{most} 點擱置，{old} 點過舊：{words}",
    ),
    "given.publish.undivided": (
        "not taken apart any further after {count} requests, perhaps written: {words}",
        "{count} 個請求後不再細分，可能已寫入：{words}",
    ),
    "given.publish.again": ("its target answers again", "目標已恢復回應"),
    "given.publish.delivers": ("delivers again", "恢復送出"),
    "given.publish.old-broker": (
        "a broker of MQTT 3.1.1; a broker of version 5 is needed",
        "MQTT 3.1.1 的 broker；需要版本 5 的 broker",
    ),
    "given.publish.maybe-old": (
        (
            "{text}: no answer to CONNECT of MQTT 5: perhaps it is a broker of MQTT 3.1.1; a broker of version 5 is "
            "needed"
        ),
        "{text}：MQTT 5 的 CONNECT 沒有回應：可能是 MQTT 3.1.1 的 broker；需要版本 5 的 broker",
    ),
    "given.publish.refuses-us": ("refuses us: {words}", "拒絕我們：{words}"),
    "given.publish.refuses-old": (
        "refuses us: {words}: it is a broker of MQTT 3.1.1; a broker of version 5 is needed",
        "拒絕我們：{words}：它是 MQTT 3.1.1 的 broker；需要版本 5 的 broker",
    ),
    "given.publish.answers": ("answers CONNECT with {words}", "以 {words} 回應 CONNECT"),
    "given.publish.ended": ("the broker ended the connection", "broker 結束了連線"),
    "given.publish.ended-why": ("the broker ended the connection: {words}", "broker 結束了連線：{words}"),
    "given.publish.lost-why": ("connection lost: {words}", "連線中斷：{words}"),
    "given.publish.no-connect-s": ("no answer to CONNECT within {s} s", "{s} 秒內 CONNECT 沒有回應"),
    "given.publish.no-subscribe-s": ("no answer to SUBSCRIBE within {s} s", "{s} 秒內 SUBSCRIBE 沒有回應"),
    "given.publish.no-subscribe": ("no answer to SUBSCRIBE", "SUBSCRIBE 沒有回應"),
    "given.publish.unacknowledged": (
        "{count} messages are not acknowledged within {s} s",
        "{count} 則訊息在 {s} 秒內未獲確認",
    ),
    "given.publish.topic": ("topic name invalid", "主題名稱無效"),
    "given.publish.packet": ("packet too large", "封包太大"),
    "given.publish.payload": ("payload format invalid", "內容格式無效"),
    "given.publish.too-large": (
        "{count} bytes: the broker takes packets of {most}",
        "{count} 個位元組：broker 的封包上限為 {most}",
    ),
    "given.publish.cut": (
        "{count} bytes: the link is cut for it each time: {text}",
        "{count} 個位元組：每次送出連線都被切斷：{text}",
    ),
    "given.publish.one-by-one": (
        "{text}: sends {count} of {most} messages one by one, {number} set aside",
        "{text}：{most} 則訊息中的 {count} 則逐一送出，{number} 則擱置",
    ),
    "given.publish.changes": (
        "{text}: sends {count} changes one by one, {number} set aside",
        "{text}：{count} 項變更逐一送出，{number} 項擱置",
    ),
    "given.publish.primary": (
        "primary host {host} is not online by {topic}: what happens waits for it",
        "依 {topic}，主要主機 {host} 未上線：事件等它上線",
    ),
    "given.publish.birth": (
        "{text}: {topic}: a birth of {count} bytes: perhaps more than the broker takes; raise its limit",
        "{text}：{topic}：birth 有 {count} 個位元組，可能超過 broker 上限，請提高上限",
    ),
    "given.publish.documents": (
        (
            "{place} refuses some of what it is sent: {count} documents halved, {number} events to go, "
            "{most} refused: {words}"
        ),
        "{place} 拒收部分資料：{count} 份文件減半，尚有 {number} 個事件，{most} 個被拒：{words}",
    ),
    "given.publish.no-reason": ("it says no reason", "未說明原因"),
    "given.publish.capture-token": (
        "{text}; give `token_file` a token that may capture, and `token_header` if it goes elsewhere",
        "{text}；請給 token_file 可 capture 的權杖，若放在別處請設 token_header",
    ),
    "given.publish.capture-url": (
        "{text}; give `url` as what stands before /capture",
        "{text}；url 應為 /capture 之前的部分",
    ),
    "given.publish.no-event": ("{place}: takes no event: {words}", "{place}：不接受任何事件：{words}"),
    "given.publish.sent-again": ("{place}: {words}: it is sent again", "{place}：{words}：將再次送出"),
    "given.publish.capture-failed": ("capture failed: {text}", "capture 失敗：{text}"),
    "given.publish.not-captured": ("{place}: not captured after {s} s", "{place}：{s} 秒後仍未 capture"),
    "given.publish.no-job": ("{place}: is no capture job: {words}", "{place}：不是 capture 作業：{words}"),
}
