"""What readers and scanners and the ways to them give in English, as they connect, refuse and fall silent.

Public names: GIVEN_READERS.

As in `edge.views.words.given_floor`, the English words are those of the code that gives them, here `rfid`.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

GIVEN_READERS: Rows = {
    # ---- what a reader is ----
    "given.about.json-http": ("{vendor} JSON by HTTP from {place}", "{vendor} JSON，經 HTTP 來自 {place}"),
    "given.about.json-push": (
        "{vendor} JSON by {way} from {peer} at {place}",
        "{vendor} JSON，經 {way} 由 {peer} 送到 {place}",
    ),
    "given.about.json-mqtt": (
        "{vendor} JSON by MQTT broker {place}, {names}",
        "{vendor} JSON，經 MQTT broker {place}，{names}",
    ),
    "given.about.json-mqtt-old": (
        "{vendor} JSON by MQTT broker {place} of version 3.1.1, {names}",
        "{vendor} JSON，經 3.1.1 版的 MQTT broker {place}，{names}",
    ),
    "given.about.scanner": ("barcode scanner at {place}", "條碼掃描器，位於 {place}"),
    "given.about.card": ("card reader on {place}, {count} baud", "讀卡機，位於 {place}，{count} baud"),
    "given.about.card-pyrfid": (
        "card reader on {place}, {count} baud, through pyrfid",
        "讀卡機，位於 {place}，{count} baud，經 pyrfid",
    ),
    "given.about.card-at": ("card reader at {place}", "讀卡機，位於 {place}"),
    "given.about.llrp": (
        "{text} model {model}, firmware {version}, {count} antennas",
        "{text} 型號 {model}，韌體 {version}，{count} 支天線",
    ),
    "given.about.llrp-power": (
        "{text} model {model}, firmware {version}, {count} antennas, {number} dBm",
        "{text} 型號 {model}，韌體 {version}，{count} 支天線，{number} dBm",
    ),
    "given.about.maker": ("maker {number}", "廠牌 {number}"),
    "given.about.llrp-any": ("LLRP reader", "LLRP 讀取器"),
    "given.about.autoid": ("AutoID device {words}, antennas {names}", "AutoID 設備 {words}，天線 {names}"),
    # ---- what it tells ----
    "given.antenna-on": ("antenna {number} on", "天線 {number} 已連接"),
    "given.antenna-off": ("antenna {number} off", "天線 {number} 已斷開"),
    "given.gpi-on": ("gpi {number} on", "輸入 {number} 開"),
    "given.gpi-off": ("gpi {number} off", "輸入 {number} 關"),
    "given.output-on": ("output {number} on: {text}", "輸出 {number} 開：{text}"),
    "given.output-off": ("output {number} off: {text}", "輸出 {number} 關：{text}"),
    "given.no-outputs": ("not connected, or a reader without outputs", "未連線，或讀取器沒有輸出"),
    "given.access": ("access order {number}: {text}", "存取指令 {number}：{text}"),
    "given.access-on": (
        "access order {number}, operation {other} on {epc}: {text}",
        "存取指令 {number} 的操作 {other}，對 {epc}：{text}",
    ),
    "given.not-now": ("not now: {text}", "目前不行：{text}"),
    "given.no-output": ("output {number} is not in 1..{most}", "沒有輸出 {number}，只有 1 到 {most}"),
    "given.in-use": ("its number is in use", "其號碼已使用"),
    "given.output-gone": ("it may be set: {text}", "可能已設定：{text}"),
    # ---- connections ----
    "given.lost": ("connection lost", "連線中斷"),
    "given.reader-closed": ("the reader closed the connection", "讀取器關閉了連線"),
    "given.reader-ended": ("the reader ended the connection", "讀取器結束了連線"),
    "given.scanner-ended": ("the scanner ended the connection", "掃描器結束了連線"),
    "given.closed": ("closed", "已關閉"),
    "given.ended-it": ("it ended the connection", "對方結束了連線"),
    "given.held-own": (
        "a connection that the reader made itself holds the reader",
        "讀取器被它自行建立的連線占用",
    ),
    "given.held": ("another client holds the reader", "讀取器被其他程式占用"),
    "given.held-it": ("another client holds it", "被其他程式占用"),
    "given.refused-silently": (
        "the reader refused the connection and gave no reason",
        "讀取器拒絕連線，未說明原因",
    ),
    "given.refused-status": (
        "the reader refused the connection with status {code}",
        "讀取器拒絕連線，狀態 {code}",
    ),
    "given.before-greeting": ("closed before the reader's greeting", "讀取器回應前已關閉"),
    "given.no-answer": ("no answer within {ms} ms", "{ms} 毫秒內沒有回應"),
    "given.no-answer-while": ("no answer within {ms} ms while {text}", "{text}時，{ms} 毫秒內沒有回應"),
    "given.no-keepalive": ("no keepalive for {ms} ms", "已 {ms} 毫秒沒有 keepalive"),
    "given.slow": (
        "slow: no keepalive for {ms} ms, although it reports",
        "回應緩慢：仍有讀取回報，但已 {ms} 毫秒沒有 keepalive",
    ),
    "given.slow-gap": ("slow: {ms} ms between two keepalives", "回應緩慢：兩次 keepalive 相隔 {ms} 毫秒"),
    "given.no-word": ("no word for {s} s", "已 {s} 秒沒有訊息"),
    "given.nothing": ("nothing for {s} s, not even a blank line", "已 {s} 秒沒有任何訊息，連空行也沒有"),
    "given.no-message": (
        "no message for {s} s: is the reader up, and are the topics right?",
        "已 {s} 秒沒有訊息：讀取器是否運作？主題是否正確？",
    ),
    "given.cannot-listen": ("cannot listen: {text}", "無法接聽連線：{text}"),
    "given.did-not-connect": (
        "{words} did not connect within {s} s: is the reader set to this address?",
        "{words} 在 {s} 秒內未連線：讀取器是否設定為此位址？",
    ),
    "given.scanner-did-not": (
        "{words} did not connect within {s} s: is the scanner set to this address?",
        "{words} 在 {s} 秒內未連線：掃描器是否設定為此位址？",
    ),
    "given.reader-did-not": (
        "the reader did not connect within {s} s: is the reader set to this address?",
        "讀取器在 {s} 秒內未連線：是否設定為此位址？",
    ),
    "given.the-scanner-did-not": (
        "the scanner did not connect within {s} s: is the scanner set to this address?",
        "掃描器在 {s} 秒內未連線：是否設定為此位址？",
    ),
    "given.not-let-in": ("{peer} was not let in, {text}", "{peer} 的連線被拒：{text}"),
    "given.only": ("only {host} may connect", "只有 {host} 可以連線"),
    "given.other-path": ("it asked for {words}, not for {more}", "它要求的是 {words}，不是 {more}"),
    "given.without-token": (
        "without the token, as bearer or as the password of a login",
        "未附權杖（bearer 或登入密碼）",
    ),
    # ---- LLRP ----
    "given.no-sense": ("the stream makes no sense any more: {text}", "已無法解讀資料流：{text}"),
    "given.phase-error": ("{phase}: the reader answered with an error: {words}", "{phase}：讀取器回應錯誤：{words}"),
    "given.phase-why": ("{phase}: {text}", "{phase}：{text}"),
    "given.phase.greeting": ("waiting for the reader's greeting", "等待讀取器的首次回應"),
    "given.phase.asking": ("asking what the reader can", "查詢讀取器的能力"),
    "given.phase.extending": ("enabling Impinj's extensions", "啟用 Impinj 擴充功能"),
    "given.phase.looking": ("asking what the reader does", "查詢讀取器的現況"),
    "given.phase.configuring": ("configuring the reader", "設定讀取器"),
    "given.phase.clearing": ("deleting old ROSpecs", "刪除舊的 ROSpec"),
    "given.phase.forgetting": ("deleting old AccessSpecs", "刪除舊的 AccessSpec"),
    "given.phase.adding": ("adding the ROSpec", "新增 ROSpec"),
    "given.phase.enabling": ("enabling the ROSpec", "啟用 ROSpec"),
    "given.phase.checking": ("checking the ROSpec", "檢查 ROSpec"),
    "given.phase.antennas": ("asking for the antennas", "查詢天線"),
    "given.phase.inputs": ("asking for the inputs", "查詢輸入"),
    "given.phase.reading": ("reading", "讀取中"),
    "given.phase.closing": ("closing the connection", "關閉連線"),
    "given.phase.ended": ("ended", "已結束"),
    "given.stopped-reading": ("the reader stopped reading by itself", "讀取器自行停止讀取"),
    "given.reader-error": ("error from the reader: {words}", "讀取器回報錯誤：{words}"),
    "given.reader-exception": ("exception in the reader: {words}", "讀取器內部異常：{words}"),
    "given.not-asked": ("{name} {number} was not asked for", "收到未要求的 {name} {number}"),
    "given.unknown-type": ("message of unknown type {number}", "未知種類 {number} 的訊息"),
    "given.custom": ("a custom message of another kind", "其他種類的自訂訊息"),
    "given.no-status": ("an answer without LLRPStatus", "回應中沒有 LLRPStatus"),
    "given.no-rospec": ("there is no ROSpec {number}", "沒有 ROSpec {number}"),
    "given.rospec-disabled": ("ROSpec {number} is disabled", "ROSpec {number} 已停用"),
    "given.disobeys": (
        "the reader does not do what it was asked: {text}",
        "讀取器未照要求執行：{text}",
    ),
    "given.differs": (
        "{name}: {words} was asked, the reader has {more}",
        "{name}：要求 {words}，讀取器為 {more}",
    ),
    "given.lacks": ("{name}: was asked, the reader has none", "{name}：已要求，讀取器沒有"),
    "given.other-client": ("another client tried to connect", "有其他程式嘗試連線"),
    "given.attempt": ("connection attempt event with status {code}", "連線嘗試事件，狀態 {code}"),
    "given.buffer": ("the reader's buffer is {number} % full", "讀取器的緩衝區已用 {number} %"),
    "given.buffer-over": (
        "the reader's buffer ran over; reads are lost",
        "讀取器的緩衝區溢出，讀取資料遺失",
    ),
    "given.no-antenna": ("antenna {number} is not in 1..{most}", "沒有天線 {number}，只有 1 到 {most}"),
    "given.not-impinj": ("impinj: {text} is not Impinj", "impinj：{text} 不是 Impinj"),
    "given.no-input": ("start: input {number} is not in 1..{most}", "start：沒有輸入 {number}，只有 1 到 {most}"),
    "given.no-powers": (
        "power_dbm: the reader does not tell its powers",
        "power_dbm：讀取器未提供其功率",
    ),
    "given.power": ("power_dbm: {number} is not in {range}", "power_dbm：{number} 不在 {range} 之內"),
    "given.mode": ("mode: {name} is not one of {names}", "mode：{name} 不在 {names} 之中"),
    # ---- what is no message ----
    "given.bad-frame": ("bad frame number {count}: {text}: {hex}", "第 {count} 個錯誤訊框：{text}：{hex}"),
    "given.bad-message": ("bad message number {count}: {known}: {words}", "第 {count} 則錯誤訊息：{known}：{words}"),
    "given.bad-message-as": ("bad message number {count}: {words}", "第 {count} 則錯誤訊息：{words}"),
    "given.length": ("length {has} is not in {range}", "長度 {has} 不在 {range} 之內"),
    "given.llrp-version": (
        "version {has} with reserved bits {number} is not 1 or 2",
        "版本 {has}（保留位元 {number}）不是 1 或 2",
    ),
    "given.llrp-octets": ("it has {count} octets", "有 {count} 個位元組"),
    "given.broke-off": ("the frame broke off", "訊框中斷"),
    "given.frame-in-frame": ("a frame began within a frame", "訊框中又開始了訊框"),
    "given.outside-frame": ("octets outside a frame", "訊框之外的位元組"),
    "given.no-end": ("no end of a frame", "訊框沒有結尾"),
    "given.no-end-within": ("no end of a frame within {count} octets", "{count} 個位元組內訊框沒有結尾"),
    "given.twelve-digits": ("a frame has twelve hexadecimal digits", "訊框應有十二個十六進位數字"),
    "given.checksum": ("checksum {has} must be {needs}", "校驗和 {has} 應為 {needs}"),
    "given.control": ("a code holds control characters", "條碼含有控制字元"),
    "given.more-octets": ("more than {count} octets", "超過 {count} 個位元組"),
    "given.message-octets": ("a message of more than {count} octets", "訊息超過 {count} 個位元組"),
    "given.no-list": ("more than {count} octets that are no list", "超過 {count} 個位元組，且不是清單"),
    "given.entry-octets": ("an entry of more than {count} characters", "一個項目超過 {count} 個字元"),
    "given.no-json": ("not JSON: {text}", "不是 JSON：{text}"),
    "given.json-between": (
        "neither comma nor bracket behind entry {number}",
        "第 {number} 個項目後沒有逗號或括號",
    ),
    "given.json-behind": ("something stands behind its list", "清單之後還有內容"),
    "given.json-entries": (
        "entry {number}: {text}; {count} of {most} entries left out",
        "第 {number} 個項目：{text}；{most} 個項目中略過 {count} 個",
    ),
    "given.json-event-keys": (
        "{count} keys that end with Event, one is needed",
        "以 Event 結尾的鍵有 {count} 個，應為一個",
    ),
    "given.json-transition": (
        "transition {words} must be low-to-high or high-to-low",
        "transition {words} 應為 low-to-high 或 high-to-low",
    ),
    "given.json-no-event": (
        "{name} is no event of the IoT Device Interface",
        "{name} 不是 IoT Device Interface 的事件",
    ),
    "given.json-neither": (
        "neither data.idHex, as tag data has, nor data and type, as a management event has",
        "既沒有標籤資料的 data.idHex，也沒有管理事件的 data 與 type",
    ),
    "given.json-object": ("{type} where an object is needed", "應為物件，卻是 {type}"),
    "given.json-missing": ("{key} is missing", "缺少 {key}"),
    "given.json-missing-hint": ("{key} is missing: {text}", "缺少 {key}：{text}"),
    "given.json-hint-impinj": (
        "enable it in the preset's eventConfig.tagInventory",
        "請在 preset 的 eventConfig.tagInventory 中啟用",
    ),
    "given.json-hint-zebra": (
        "add it to tagMetaData of the operating mode",
        "請加入 operating mode 的 tagMetaData",
    ),
    "given.json-hint-zebra-as": (
        "add it to tagMetaData of the operating mode as {name}",
        "請加入 operating mode 的 tagMetaData，名為 {name}",
    ),
    "given.json-type": ("{key} {words} must be of type {type}", "{key} {words} 的型別應為 {type}"),
    "given.json-range": ("{key} {number} is not in {range}", "{key} {number} 不在 {range} 之內"),
    "given.json-base64": ("{key} {words} is not base64", "{key} {words} 不是 base64"),
    "given.json-words": (
        "{key} {words} must be 1 to 31 words of four hexadecimal digits",
        "{key} {words} 應為 1 到 31 個四位十六進位數字",
    ),
    "given.json-hex": (
        "{key} {words} must be an even number of hexadecimal digits",
        "{key} {words} 應為偶數個十六進位數字",
    ),
    "given.json-time": (
        "{key} {words} must be a time such as 2026-01-31T23:59:59.123456789Z",
        "{key} {words} 應為時間，如 2026-01-31T23:59:59.123456789Z",
    ),
    "given.json-no-time": ("{key} {words} is no time of a day", "{key} {words} 不是一天中的時間"),
    "given.json-idle": (
        "the reader does not read: its inventory is idle; start a preset on it",
        "讀取器未在讀取：盤點閒置中，請在其上啟動 preset",
    ),
    "given.json-ended": ("the inventory ended: {words}", "盤點已結束：{words}"),
    "given.json-dropped": (
        "the reader dropped events: more reads than its connection carries",
        "讀取器捨棄了事件：讀取量超過連線負荷",
    ),
    "given.json-diagnostic": ("diagnostic: {words}", "診斷：{words}"),
    # ---- HTTP, WebSocket and MQTT ----
    "given.no-http": ("this is no HTTP: {words}", "這不是 HTTP：{words}"),
    "given.no-websocket": ("this is no WebSocket: {words}", "這不是 WebSocket：{words}"),
    "given.no-mqtt": ("this is no MQTT: {words}", "這不是 MQTT：{words}"),
    "given.http-status": (
        "HTTP status {code} where 200 is needed: {text}",
        "HTTP 狀態 {code}，應為 200：{text}",
    ),
    "given.http-owner": (
        "look at the reader's own page who may have its data",
        "請在讀取器自己的頁面查看誰可取得資料",
    ),
    "given.http-page": ("look at the reader's own page", "請查看讀取器自己的頁面"),
    "given.http-password": ("look at user and password_file", "請檢查 user 與 password_file"),
    "given.http-login": ("it wants a login: give user and password_file", "需要登入：請設定 user 與 password_file"),
    "given.http-path": (
        "look at the path of url, and whether the reader's interface is switched on",
        "請檢查 url 的路徑，以及讀取器的介面是否已啟用",
    ),
    "given.http-elsewhere": (
        "it sends elsewhere; give that address as url",
        "它轉往別處，請以該位址作為 url",
    ),
    "given.http-ended": ("the reader ended the stream", "讀取器結束了資料流"),
    "given.http-ended-line": (
        "the reader ended the stream, in the middle of a line",
        "讀取器在一行中間結束了資料流",
    ),
    "given.broker": ("MQTT broker {place}: {text}", "MQTT broker {place}：{text}"),
    "given.broker-gone": ("the broker is gone: {text}", "broker 已離線：{text}"),
    "given.broker-no-answer": (
        "{text}, without an answer to CONNECT: {known}",
        "{text}，CONNECT 沒有回應：{known}",
    ),
    "given.broker-silent": ("the broker gave no answer within {s} s", "broker 在 {s} 秒內沒有回應"),
    "given.broker-refused": ("refused: {words}: {known}", "被拒：{words}：{known}"),
    "given.broker-version": (
        "refused: unsupported protocol version: {known}",
        "被拒：不支援此協定版本：{known}",
    ),
    "given.broker-maybe-old": (
        "perhaps it speaks MQTT 3.1.1 alone, which is tried next",
        "可能只支援 MQTT 3.1.1，接著以此版本嘗試",
    ),
    "given.broker-neither": (
        "perhaps it speaks neither MQTT 5 nor 3.1.1: a broker of one of these is needed",
        "可能既不支援 MQTT 5 也不支援 3.1.1：需要其中一種的 broker",
    ),
    "given.broker-log": ("look at the broker's log", "請查看 broker 的記錄"),
    "given.broker-password": (
        "look at user and password_file, and at the broker's log",
        "請檢查 user 與 password_file，以及 broker 的記錄",
    ),
    "given.broker-topic": (
        "topic {topic} refused: {words}: look at the broker's access list",
        "主題 {topic} 被拒：{words}：請查看 broker 的存取清單",
    ),
    # ---- serial lines ----
    "given.line-gone": ("the line is gone: was the reader unplugged?", "線路已消失：讀取器被拔除了嗎？"),
    "given.no-device": ("no such device: is the reader plugged in?", "沒有此裝置：讀取器插上了嗎？"),
    "given.no-permission": (
        "permission denied: put the user into the group of the device, often dialout",
        "沒有權限：請將使用者加入該裝置的群組，通常為 dialout",
    ),
    "given.line-taken": ("another program has the line: end it", "線路被其他程式占用：請結束該程式"),
    "given.server-closed": (
        "the serial device server closed the connection",
        "序列埠伺服器關閉了連線",
    ),
    "given.no-pyrfid": (
        (
            "driver 'pyrfid' needs a library that is not installed: pip install 'lanewise[pyrfid]', or take driver "
            "'serial'"
        ),
        "驅動程式 pyrfid 需要尚未安裝的程式庫：pip install 'lanewise[pyrfid]'，或改用驅動程式 serial",
    ),
    # ---- AutoID ----
    "given.autoid-error": ("the device says that it is in error", "設備回報自身異常"),
    "given.autoid-lost": (
        "the device had more events than its server keeps: reads are lost",
        "設備的事件超過其伺服器所能保存，讀取資料遺失",
    ),
    "given.autoid-ended": ("the subscription ended: {name}", "訂閱已結束：{name}"),
    "given.autoid-none": ("the server knows no AutoID devices ({words})", "伺服器沒有 AutoID 設備（{words}）"),
    "given.autoid-no-reader": ("no RFID reader {words}: it has {names}", "沒有 RFID 讀取器 {words}：有的是 {names}"),
    "given.autoid-which": (
        "say which RFID reader with `device`: it has {names}",
        "請以 device 指定 RFID 讀取器：有的是 {names}",
    ),
    "given.autoid-start": (
        "ScanStart: AutoIdOperationStatus {code}: see the device",
        "ScanStart：AutoIdOperationStatus {code}：請查看設備",
    ),
    "given.autoid-structure": ("{type} instead of a structure", "應為結構，卻是 {type}"),
    "given.autoid-type": ("type {words} is not RfidScanResult", "型別 {words} 不是 RfidScanResult"),
    "given.autoid-strength": ("strength {number} is not in {range}", "強度 {number} 不在 {range} 之內"),
    "given.autoid-no-epc": ("{words} is no EPC in hexadecimal", "{words} 不是十六進位的 EPC"),
    "given.octet": ("octet {number}: {text}", "第 {number} 個位元組：{text}"),
    "given.autoid-fit": ("{count} sightings do not fit", "{count} 筆讀取放不下"),
    "given.autoid-kind": (
        "ScanData of kind {kind}: allowed are 1 ByteString, 2 String, 3 Epc",
        "ScanData 種類 {kind}：允許的是 1 ByteString、2 String、3 Epc",
    ),
    "given.autoid-place": (
        "Location of kind {kind}: allowed are 1 to 4",
        "Location 種類 {kind}：允許的是 1 到 4",
    ),
    "given.octets-needed": (
        "{count} octets are needed, {number} are left",
        "需要 {count} 個位元組，只剩 {number} 個",
    ),
    "given.octets-many": ("{count} octets too many", "多出 {count} 個位元組"),
    "given.no-utf8": ("a text that is not UTF-8", "文字不是 UTF-8"),
}
