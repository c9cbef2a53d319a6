"""What PLCs and the ways to them give in English, while they cannot be used or read: `plc` says so.

Public names: GIVEN_PLCS.

As in `edge.views.words.given_floor`, the English words are those of the code that gives them.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

GIVEN_PLCS: Rows = {
    # ---- the mailbox ----
    "given.unaccounted": (
        "{plc} handled commands {first} to {last}, which this host did not send",
        "{plc} 處理了非本主機送出的命令 {first} 到 {last}",
    ),
    "given.heartbeat": (
        "word 2: heartbeat {number} unchanged for {ms} ms",
        "第 2 個字：心跳 {number} 已 {ms} 毫秒未變",
    ),
    "given.epoch-in-vain": (
        "word 14: epoch {epoch} is obeyed, {ours} is written in vain",
        "第 14 個字：聽從代次 {epoch}，寫入 {ours} 無效",
    ),
    "given.layout": ("word 0: layout {has} is not {needs}", "第 0 個字：版面 {has} 不是 {needs}"),
    "given.version": ("word 1: version {has} is not {names}", "第 1 個字：版本 {has} 不是 {names}"),
    "given.up-words": (
        "{count} words, UP has {number}, or {most} in version 1",
        "{count} 個字，UP 應有 {number} 個，版本 1 為 {most} 個",
    ),
    "given.up-words-of": (
        "{count} words, UP of version {version} has {number}",
        "{count} 個字，版本 {version} 的 UP 有 {number} 個",
    ),
    "given.ring": ("events: {count} records, the ring has {number}", "事件：{count} 筆，環狀區有 {number} 筆"),
    "given.word-range": ("{value} is not within {range}", "{value} 不在 {range} 之內"),
    "given.lanes-past": ("{mask} has lanes past {number}", "{mask} 含有超過 {number} 的道號"),
    "given.plc-anew": ("the PLC started anew with session {session}", "PLC 重新啟動，連線代碼 {session}"),
    "given.overlap": (
        "UP of version {version} at register {up} has {count} words, DOWN begins at {down}",
        "版本 {version} 的 UP 自暫存器 {up} 起有 {count} 個字，DOWN 卻自 {down} 開始",
    ),
    "given.sent-before": (
        "command {seq} of the controller before sent it to lane {lane}",
        "前一個控制器的命令 {seq} 已送它往 {lane} 號道",
    ),
    "given.expired-queue": (
        "expired in the queue at PLC time {ms} ms, now {most} ms",
        "等待中逾期：PLC 時間 {ms} 毫秒，現在 {most} 毫秒",
    ),
    # ---- what the tracker of remote I/O says ----
    "given.reckoned": (
        "reckoned from the belt's travel, no photo-eye stands there",
        "由輸送帶行程推算，該處沒有光電感測器",
    ),
    "given.doubled": (
        "longer than the longest parcel, so two without a gap",
        "比最長的包裹還長，應為兩件緊鄰",
    ),
    "given.inputs-late": (
        "the inputs were read too late to know its place",
        "輸入讀取太晚，無法得知其位置",
    ),
    "given.io-no-mailbox": (
        "remote I/O: there is no mailbox in it, the controller keeps it",
        "遠端 I/O：其中沒有信箱，由控制器代管",
    ),
    # ---- Modbus ----
    "given.holding": ("holding registers {place}: {text}", "保持暫存器 {place}：{text}"),
    "given.inputs": ("input registers {place}: {text}", "輸入暫存器 {place}：{text}"),
    "given.coils": ("coils {place}: {text}", "線圈 {place}：{text}"),
    "given.discrete": ("discrete inputs {place}: {text}", "離散輸入 {place}：{text}"),
    "given.exception": ("exception code {code} ({text})", "例外碼 {code}（{text}）"),
    "given.exception-more": (
        "exception code {code} ({text}); a bit of a register needs function 22",
        "例外碼 {code}（{text}）；寫入暫存器的單一位元需要功能 22",
    ),
    "given.modbus.function": ("function not served", "不支援此功能"),
    "given.modbus.address": ("no such address", "沒有這個位址"),
    "given.modbus.value": ("value not allowed", "不允許的值"),
    "given.modbus.failure": ("device failure", "設備故障"),
    "given.modbus.not-yet": ("not done yet", "尚未完成"),
    "given.modbus.busy": ("device busy", "設備忙碌"),
    "given.modbus.parity": ("parity error in its memory", "其記憶體同位元錯誤"),
    "given.modbus.path": ("gateway: no path to unit {unit}", "閘道器：沒有到站號 {unit} 的路徑"),
    "given.modbus.no-unit": ("gateway: no answer of unit {unit}", "閘道器：站號 {unit} 沒有回應"),
    "given.modbus.unknown": ("not in the standard", "不在標準中"),
    "given.bits-came": ("{count} bits came", "收到 {count} 個位元"),
    "given.registers-came": ("{count} registers came", "收到 {count} 個暫存器"),
    "given.written-at": ("{names} written at {place}", "{names} 寫在 {place}"),
    "given.answer-unread": ("its answer cannot be read: {text}", "無法解讀其回應：{text}"),
    "given.nothing-came": ("nothing came on this connection", "此連線沒有任何回應"),
    "given.no-answer-unit": ("no answer within {ms} ms by unit {unit}", "站號 {unit} 在 {ms} 毫秒內沒有回應"),
    "given.no-answer-odd": (
        "no answer within {ms} ms by unit {unit}: {known}",
        "站號 {unit} 在 {ms} 毫秒內沒有回應：{known}",
    ),
    "given.other-answer": (
        "an answer to request {number} came in place of one to {other}",
        "收到對請求 {number} 的回應，而非對 {other} 的",
    ),
    "given.other-unit": (
        "unit {unit} answered in place of unit {other}",
        "站號 {unit} 代替站號 {other} 回應",
    ),
    "given.other-unit-taken": (
        "unit {unit} answered in place of unit {other}: any_unit = true takes it",
        "站號 {unit} 代替站號 {other} 回應：設 any_unit = true 即可接受",
    ),
    "given.other-function": ("function {code} in place of {other}", "收到功能 {code}，而非 {other}"),
    "given.no-function-answer": (
        "{count} octets are no answer to function {code}",
        "{count} 個位元組不是功能 {code} 的回應",
    ),
    "given.byte-count": ("byte count {number} in {count} octets", "{count} 個位元組中的位元組數為 {number}"),
    "given.plc-closed": ("the PLC closed the connection", "PLC 關閉了連線"),
    # ---- connections, of whatever kind ----
    "given.not-connected": ("not connected", "未連線"),
    "given.refused": ("connection refused", "連線被拒"),
    "given.no-connection-ms": ("no connection within {ms} ms", "{ms} 毫秒內未能連線"),
    "given.no-connection-s": ("no connection within {s} s", "{s} 秒內未能連線"),
    "given.no-route": ("no route to it", "沒有到達的路徑"),
    "given.no-host": ("no such host", "沒有這個主機"),
    "given.no-name": (
        "no host has such a name: each of its parts has 1 to 63 characters",
        "沒有主機有這種名稱：每段應有 1 到 63 個字元",
    ),
    "given.tls-not-trusted": ("its certificate is not trusted: {words}", "其憑證不受信任：{words}"),
    "given.no-tls": ("no TLS: {words}", "沒有 TLS：{words}"),
    "given.tls": ("TLS: {text}", "TLS：{text}"),
    "given.tls-certificate": ("certificate not trusted: {words}", "憑證不受信任：{words}"),
    # ---- OPC UA ----
    "given.ua-no-answer": ("{what}: no answer within {ms} ms", "{what}：{ms} 毫秒內沒有回應"),
    "given.ua-no-answer-nodes": (
        "{count} nodes: no answer within {ms} ms",
        "{count} 個節點：{ms} 毫秒內沒有回應",
    ),
    "given.ua-ended": ("the server ended the connection", "伺服器結束了連線"),
    "given.ua-holds": (
        "{what} holds {kind}, it must be {names} of UInt16",
        "{what} 的內容為 {kind}，應為 {names} 個 UInt16",
    ),
    "given.ua-holds-values": (
        "{what} holds {count} values of {kind}, it must be {names} of UInt16",
        "{what} 的內容為 {count} 個 {kind}，應為 {names} 個 UInt16",
    ),
    "given.ua-words-came": (
        "{what}: {count} words came, {names} were expected",
        "{what}：收到 {count} 個字，應為 {names} 個",
    ),
    "given.ua-values-came": ("{count} values came for {number} nodes", "{number} 個節點收到 {count} 個值"),
    "given.ua-no-packml": ("the server knows no PackML ({words})", "伺服器沒有 PackML（{words}）"),
    "given.ua-no-packml-object": (
        "{node}: has no {path}: no PackML object",
        "{node}：沒有 {path}，不是 PackML 物件",
    ),
    "given.ua-point-holds": (
        "{node} holds {kind}, {type} needs {names}",
        "{node} 的內容為 {kind}，{type} 需要 {names}",
    ),
    "given.ua-point-several": (
        "{node} holds several of {kind}, {type} needs {names}",
        "{node} 的內容為多個 {kind}，{type} 需要 {names}",
    ),
    "given.ua-no-node": ("{words} is no node id: {more}", "{words} 不是節點代號：{more}"),
    "given.ua-no-namespace": (
        "{words}: the server has no namespace {meant}, it has {names}",
        "{words}：伺服器沒有命名空間 {meant}，有的是 {names}",
    ),
    "given.cert-file": ("{path}: no certificate, neither DER nor PEM", "{path}：不是憑證，既非 DER 也非 PEM"),
    "given.cert-password": (
        "{path}: it has a password, and nobody could give it",
        "{path}：設有密碼，無人可提供",
    ),
    "given.cert-no-key": ("{path}: no key in PEM", "{path}：不是 PEM 金鑰"),
    "given.cert-other-key": ("{path}: not the key of {file}", "{path}：不是 {file} 的金鑰"),
    "given.trust-list": ("trust list {path}: {words}", "信任清單 {path}：{words}"),
    "given.cert-untrusted": (
        "its certificate {print} ({words}) is not in the trust list {path}",
        "其憑證 {print}（{words}）不在信任清單 {path} 中",
    ),
    "given.cert-valid": (
        "its certificate {print} is valid from {begin} to {end} only",
        "其憑證 {print} 僅在 {begin} 到 {end} 有效",
    ),
    "given.cert-nameless": (
        "its certificate {print} names no application",
        "其憑證 {print} 未載明應用程式",
    ),
    "given.cert-application": (
        "its certificate {print} is not that of application {words}",
        "其憑證 {print} 不是應用程式 {words} 的",
    ),
    "given.cert-host": (
        "its certificate {print} is for {names}, not for {host}",
        "其憑證 {print} 屬於 {names}，不是 {host}",
    ),
    # ---- points ----
    "given.point.unread": ("not read yet", "尚未讀取"),
    "given.point.late": ("not read for {ms} ms", "已 {ms} 毫秒未讀取"),
    "given.point.none": (
        "there is no such point, allowed: {names}",
        "沒有這個點位，可用的有：{names}",
    ),
    "given.point.old": ("it was asked {s} s ago", "{s} 秒前的要求，已逾時"),
    "given.point.away": ("the PLC's points are not connected", "PLC 的點位未連線"),
    "given.point.gone": ("the PLC's points are not connected any more", "PLC 的點位已斷線"),
    "given.point.perhaps": ("it may have been written: {text}", "可能已寫入：{text}"),
    "given.point.stopped": ("the controller was stopped", "控制器已停止"),
    "given.point.read-only": ("is not declared writable", "未宣告為可寫入"),
    "given.point.header": ("its header says {count} octets of {most}", "其標頭為 {most} 中的 {count} 個位元組"),
    "given.point.no-text": (
        "octet {number} is no text in {encoding}: {words}",
        "第 {number} 個位元組不是 {encoding} 文字：{words}",
    ),
    "given.point.no-bcd": ("{words} is no BCD: each digit is 0..9", "{words} 不是 BCD：每位應為 0 到 9"),
    "given.point.no-number": ("{words} is no number that can be shown", "{words} 不是可顯示的數字"),
    "given.point.bool": ("true or false", "true 或 false"),
    "given.point.number": ("a number", "數字"),
    "given.point.type": ("what {type} holds", "{type} 可容納的值"),
    "given.point.text": (
        "text in {encoding} of at most {count} octets, without NUL, no line end behind it",
        "至多 {count} 個位元組的 {encoding} 文字，不含 NUL，結尾沒有換行",
    ),
}
