"""What the api gives in English where it refuses something, as it stands in ``problems`` and on pages.

Public names: GIVEN_ANSWERS.

As in `edge.views.words.given_floor`, the English words are those of the code that gives them, here `api`, `edge.site`
and `edge.orders`.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

GIVEN_ANSWERS: Rows = {
    # ---- of what it is said ----
    "given.kind.alarm": ("alarm {names}: {text}", "警報 {names}：{text}"),
    "given.kind.order": ("order {names}: {text}", "訂單 {names}：{text}"),
    "given.kind.order-given": ("order: {text}", "訂單：{text}"),
    "given.kind.line": ("line {names}: {known}", "產線 {names}：{known}"),
    "given.kind.line-given": ("line: {known}", "產線：{known}"),
    "given.kind.lane": ("lane: {lane}: {known}", "道口：{lane}：{known}"),
    "given.kind.dock": ("dock {names}: {known}", "月台門 {names}：{known}"),
    "given.kind.carrier": ("carrier {names}: {known}", "承運商 {names}：{known}"),
    "given.kind.parcel": ("parcel {names}: {text}", "包裹 {names}：{text}"),
    "given.kind.case": ("case {names}: {text}", "案件 {names}：{text}"),
    "given.kind.wave": ("wave {names}: {known}", "波次 {names}：{known}"),
    "given.kind.task": ("task {names}: {text}", "揀貨任務 {names}：{text}"),
    "given.kind.task-line": ("task {names} line {number}: {text}", "揀貨任務 {names} 第 {number} 項：{text}"),
    "given.kind.sku": ("sku {names}: {known}", "商品 {names}：{known}"),
    "given.kind.station": ("station {names}: {known}", "工作站 {names}：{known}"),
    "given.kind.plc": ("plc {names}: {text}", "PLC {names}：{text}"),
    "given.kind.point": ("point {names}: {known}", "點位 {names}：{known}"),
    "given.kind.printer": ("printer {names}: {known}", "印表機 {names}：{known}"),
    "given.kind.printer-at": (
        "printer {names} at {place}: {words}: not printed",
        "印表機 {names}（{place}）：{words}：未列印",
    ),
    "given.kind.suspension": ("suspension {names}: {known}", "暫停 {names}：{known}"),
    "given.kind.blocklist": ("blocklist {names}: {known}", "封鎖名單 {names}：{known}"),
    "given.kind.webhook": ("webhook {names}: {known}", "webhook {names}：{known}"),
    "given.kind.kpi": ("kpi {names}: {known}", "指標 {names}：{known}"),
    "given.kind.shift": ("shift {names}: {known}", "班別 {names}：{known}"),
    "given.kind.refusal": ("refusal {names}: {text}", "不合格紀錄 {names}：{text}"),
    "given.kind.tote": ("tote {names}: {text}", "物流箱 {names}：{text}"),
    "given.kind.import": ("import {names}: {known}", "匯入 {names}：{known}"),
    "given.kind.prefix": ("prefix {names}: {known}", "前綴 {names}：{known}"),
    "given.kind.site-store": ("site store {names}: {text}", "站點資料庫 {names}：{text}"),
    "given.kind.scale": ("scale of {names} at {place}: {known}", "{names} 的磅秤（{place}）：{known}"),
    "given.kind.scale-os": (
        "scale of {names} at {place}: {words}: type the weight",
        "{names} 的磅秤（{place}）：{words}：請輸入重量",
    ),
    # ---- what is not there, and what is allowed ----
    "given.none": ("there is none", "沒有這一筆"),
    "given.none-name": ("there is none with this name", "沒有這個名稱"),
    "given.none-id": ("there is none with this id", "沒有這個編號"),
    "given.none-forgotten": ("there is none with this id, or it is forgotten", "沒有這個編號，或已不再保存"),
    "given.none-form": ("there is no such form", "沒有這個表單"),
    "given.none-article": ("there is no such article", "沒有這個商品"),
    "given.none-kpi": (
        "there is none; see /api/v1/kpis/definitions",
        "沒有這個指標；請見 /api/v1/kpis/definitions",
    ),
    "given.none-service": ("there is none in SITE.toml", "SITE.toml 中沒有"),
    "given.none-printer": (
        "there is none: [label.printer] in SITE.toml has {names}",
        "沒有：SITE.toml 的 [label.printer] 有 {names}",
    ),
    "given.none-carrier": (
        "there is none: [carrier.NAME] in SITE.toml has {names}",
        "沒有：SITE.toml 的 [carrier.NAME] 有 {names}",
    ),
    "given.site-has": ("SITE.toml has {names}", "SITE.toml 中有 {names}"),
    "given.nothing-here": ("{path}: there is nothing for {method} here", "{path}：這裡沒有可供 {method} 的內容"),
    "given.nothing-known": ("nothing is known under this name", "沒有此名稱的資料"),
    "given.nothing-known-of": ("nothing is known of it", "沒有它的資料"),
    "given.allowed": ("allowed is {text}", "允許的是 {text}"),
    "given.allowed-are": ("allowed are {words}", "可用的有 {words}"),
    "given.allowed-days": ("allowed are up to {count} days from {day}", "自 {day} 起至多 {count} 天"),
    "given.allowed-days-before": (
        "allowed are up to {count} days before until, {day}",
        "至多為迄日 {day} 之前 {count} 天",
    ),
    "given.allowed-days-on": ("allowed are days from {day} on", "限 {day} 以後的日期"),
    "given.allowed-day": ("allowed is a day as {day}", "日期應如 {day}"),
    "given.allowed-day-past": ("allowed is a day as {day}, today or before", "日期應如 {day}，且不晚於今天"),
    "given.allowed-hour": ("allowed is an hour as {hour}", "小時應如 {hour}"),
    "given.allowed-after": ("allowed is what the last answer said", "應為上一次回應所給的值"),
    "given.allowed-number": ("allowed is a number of 1 and more", "應為 1 以上的數字"),
    "given.allowed-minutes": (
        "minutes: {number}: allowed are {names}",
        "分鐘數：{number}：可用的有 {names}",
    ),
    "given.allowed-printable": (
        "allowed are {count} to {most} printable characters",
        "應為 {count} 到 {most} 個可列印字元",
    ),
    "given.no-day-behind": ("there is no day behind it", "其後沒有日期"),
    "given.kept-since": ("what it was counted of is kept since {since}", "其依據自 {since} 起保存"),
    "given.no-people": (
        "people: SITE.toml has no `people = true` in [kpi]",
        "people：SITE.toml 的 [kpi] 未設 people = true",
    ),
    # ---- the entrance and the guard ----
    "given.sign-in": (
        "Authorization: sign in at /login, or bring a key as Bearer",
        "未登入：請在 /login 登入，或以 Bearer 附上金鑰",
    ),
    "given.bearer": (
        "Authorization: required is Bearer and the token of token_file",
        "Authorization：需要 Bearer 與 token_file 的權杖",
    ),
    "given.lasting": (
        "Authorization: required is a key or token that lasts",
        "Authorization：需要有效的金鑰或權杖",
    ),
    "given.too-many-tokens": (
        "Authorization: too many wrong tokens come from this address: ask again later",
        "Authorization：此位址送來太多錯誤的權杖，請稍後再試",
    ),
    "given.too-many-signatures": (
        "too many wrong signatures come from this address: ask later",
        "此位址送來太多錯誤的簽章，請稍後再試",
    ),
    "given.only-signed-in": ("only for somebody who signed in", "限登入的人員使用"),
    "given.choose-password": (
        "password: it was for one sign-in: choose your own at /account",
        "密碼僅供登入一次：請在 /account 設定自己的密碼",
    ),
    "given.may-not": (
        "{words}: may not: {right} is for others, see docs/rights.md",
        "{words}：沒有權限 {right}，見 docs/rights.md",
    ),
    "given.origin-session": (
        "Origin: missing: a session writes from pages of this server only",
        "缺少 Origin：登入後只能由本伺服器的頁面送出",
    ),
    "given.origin-login": (
        "Origin: missing: people sign in from the page of this server",
        "缺少 Origin：請由本伺服器的頁面登入",
    ),
    "given.form-old": (
        "{field}: it is not this session's: load the page anew, and send it again",
        "{field}：不屬於此次登入：請重新載入頁面後再送出",
    ),
    "given.demo-only": (
        "{field}: a demo is for this machine alone, not for whom a proxy lets in",
        "{field}：示範僅供本機使用，不接受經代理伺服器連入",
    ),
    "given.host": ("Host {host}: allowed without a token: {names}", "Host {host}：沒有權杖時僅允許 {names}"),
    "given.origin": ("Origin {origin}: allowed are pages of {host} only", "Origin {origin}：僅允許 {host} 的頁面"),
    "given.fetch-site": (
        "Sec-Fetch-Site: allowed are pages of this server only",
        "Sec-Fetch-Site：僅允許本伺服器的頁面",
    ),
    "given.content-type": ("Content-Type {type}: allowed are {names}", "Content-Type {type}：可用的有 {names}"),
    "given.method": ("Method Not Allowed", "不允許此方法"),
    "given.body-ended": ("body: it ended before it was whole", "內容未傳完就中斷"),
    # ---- alarms ----
    "given.alarm.allowed": (
        "{act}: it is {text}, allowed are {acts:, }",
        "{act}：目前為「{text}」，可用的有 {acts:、}",
    ),
    "given.alarm.first": (
        "{act}: it is {text}, allowed are {acts:, }: {words} was first",
        "{act}：目前為「{text}」，可用的有 {acts:、}；{words} 已先處理",
    ),
    "given.alarm.asked": (
        "{act}: {words} asked for that, and its controller has not answered yet",
        "{act}：{words} 已提出要求，控制器尚未回應",
    ),
    "given.wish-asked": (
        "{words} asked for that, and its controller has not answered yet",
        "{words} 已提出要求，控制器尚未回應",
    ),
    "given.act.acknowledge": ("acknowledge", "確認"),
    "given.act.reset": ("reset", "重設"),
    "given.act.shelve": ("shelve", "擱置"),
    "given.act.unshelve": ("unshelve", "取消擱置"),
    "given.act.out": ("out-of-service", "停用警報"),
    "given.act.in": ("in-service", "恢復警報"),
    "given.act.take-over": ("take-over", "取回 PLC"),
    "given.act.take-config": ("take-config", "重新讀取設定檔"),
    "given.state.normal": ("normal", "正常"),
    "given.state.unacknowledged": ("unacknowledged", "新"),
    "given.state.acknowledged": ("acknowledged", "已確認"),
    "given.state.returned": ("returned-unacknowledged", "已恢復，未確認"),
    "given.state.latched-new": ("latched-unacknowledged", "已恢復，未確認，待重設"),
    "given.state.latched": ("latched", "已恢復，待重設"),
    "given.state.shelved": ("shelved", "擱置"),
    "given.state.suppressed": ("suppressed", "由其原因隱藏"),
    # ---- lines and points ----
    "given.lane-allowed": ("lane {lane}: allowed are {names}", "{lane} 號道：可用的有 {names}"),
    "given.trial-own": (
        "a parcel of order {order} is on {line}: wait until it is in its lane",
        "訂單 {order} 的包裹在 {line} 上：請等它進入道口",
    ),
    "given.trial-begin": (
        "{line} is in no commissioning mode: begin it first",
        "{line} 不在試車模式：請先開始試車模式",
    ),
    "given.no-passage-yet": ("no passage was seen yet", "尚無通過紀錄"),
    "given.point-secret": (
        "writing to a PLC needs a secret: set token_file in SITE.toml",
        "寫入 PLC 需要權杖：請在 SITE.toml 設定 token_file",
    ),
    "given.point-undeclared": ("is not declared writable in LINE.toml", "在 LINE.toml 中未宣告為可寫入"),
    # ---- docks ----
    "given.load.none": ("none is open with this name", "沒有此名稱的進行中裝載"),
    "given.load.none-closed": (
        "none is open with this name: {words} closed it",
        "沒有此名稱的進行中裝載：{words} 已結束",
    ),
    "given.load.never": ("there is and was none with this name", "從未有過此名稱的裝載"),
    "given.load.not-closed": ("no load of this name was closed", "沒有此名稱的已結束裝載"),
    "given.load.opened": ("{words} opened it", "{words} 已開始"),
    "given.load.closed-by": ("{words} closed it", "{words} 已結束"),
    "given.load.unanswered": ("its controller has not answered yet", "控制器尚未回應"),
    "given.dock.none": ("allowed are none, LINE.toml has no [[dock]]", "沒有可用的：LINE.toml 沒有 [[dock]]"),
    "given.dock.carrier": ("lanes write it {words}: did you mean {more}?", "道口寫作 {words}：是否指 {more}？"),
    # ---- the order flow ----
    "given.it-is": ("it is {words}'s, not {more}'s", "屬於 {words}，不是 {more}"),
    "given.it-is-nobodys": ("it is nobody's, not {more}'s", "無人負責，也不是 {more}"),
    "given.version-stands": (
        "version {version} is not {number}, which stands",
        "版本 {version} 不是現行的 {number}",
    ),
    "given.ended-already": ("ended already", "已經結束"),
    "given.claimed": ("it is claimed", "已有人負責"),
    "given.pick-less": ("{count} is less than the {number} that were picked", "{count} 少於已揀的 {number}"),
    "given.pick-no-reason": ("{count} of {number} without a reason", "{number} 件中的 {count} 件未說明原因"),
    "given.pick-yet": ("{reason} and yet {count} of {number}", "原因為 {reason}，數量卻是 {number} 中的 {count}"),
    "given.pick-more": (
        "{count} of {number}, more than wanted, without a reason",
        "{count} 多於所需的 {number}，且未說明原因",
    ),
    "given.tote-held": ("{holder} has it, {other} cannot", "已由 {holder} 使用，{other} 不能使用"),
    "given.tote-nobody": ("no open order has it", "沒有未結訂單使用它"),
    "given.tote-many": ("is of {count} orders", "屬於 {count} 張訂單"),
    "given.case-cannot": (
        "is {state}: cannot be {turn}; it can be {words}",
        "目前為 {state}：不能 {turn}；可以 {words}",
    ),
    "given.case-no-label": ("has no return label", "沒有退貨標籤"),
    "given.never-drawn": ("that number was never drawn here", "此號碼從未在此配發"),
    "given.nobody-follows": (
        "nobody follows it: it was not sorted yet, or is not ours",
        "未追蹤：尚未分揀，或不是我方的包裹",
    ),
    "given.no-station": ("it was packed at no station", "未在任何工作站包裝"),
    "given.no-scale": (
        "station: {name}: SITE.toml gives it no scale: type the weight",
        "工作站 {name}：SITE.toml 未設磅秤，請輸入重量",
    ),
    "given.no-scale-key": ("{key}: missing: type the weight", "缺少 {key}：請輸入重量"),
    "given.weight-unstill": ("no weight that stands still: type it", "重量不穩定，請輸入重量"),
    "given.scan-order": ("scan the tote, or the order's number", "請掃描物流箱或訂單號碼"),
    "given.neither-order": ("{words}: neither an order nor a tote", "{words}：不是訂單也不是物流箱"),
    "given.not-both": ("give an order, or items, and not both", "請給訂單或商品其中之一"),
    "given.label-not-open": (
        "is {state}: only an open order's parcel gets a label",
        "目前為 {state}：只有未結訂單的包裹可以列印標籤",
    ),
    "given.label-quality": (
        "quality refused something of it, and nobody settled that yet",
        "品檢不合格，尚未處理",
    ),
    "given.label-again": (
        "its parcel is {parcel}: say why it gets another one",
        "其包裹為 {parcel}：請說明為何要另一張標籤",
    ),
    "given.label-left": (
        "order {order} is in its lane: a label that left is not void",
        "訂單 {order} 已在道口：已送出的標籤不能作廢",
    ),
    "given.label-void": ("void: {words}", "已作廢：{words}"),
    "given.label-nobody": ("is no order’s yet", "尚不屬於任何訂單"),
    "given.label-other": (
        "the parcel of order {order} is {parcel} now",
        "訂單 {order} 的包裹現在是 {parcel}",
    ),
    "given.label-without": (
        "the parcel of order {order} is without a number now",
        "訂單 {order} 的包裹現在沒有號碼",
    ),
    "given.label-cancelled": ("order {order} is cancelled", "訂單 {order} 已取消"),
    "given.label-prefix": (
        "not of [label] {key}: it was given under another prefix",
        "不屬於 [label] {key}：以另一前綴配發",
    ),
    "given.label-erased": ("who gets order {order} was erased", "訂單 {order} 的收件人資料已刪除"),
    "given.label-unset": (
        "label.prefix: no company prefix is set: see [label] in docs/labels.md",
        "label.prefix：未設定公司前綴，見 docs/labels.md 的 [label]",
    ),
    "given.label-of": ("is of order {order}", "屬於訂單 {order}"),
    "given.label-is-void": ("is void", "已作廢"),
    "given.label-numbers": (
        (
            "of the next {count} of {number} numbers {most} are free, {needed} are needed: "
            "none is used twice in a year; see [label] in SITE.toml"
        ),
        (
            "{number} 個號碼中接下來的 {count} 個只有 {most} 個可用，需要 {needed} 個：同一號碼一年內不重複使用；見 "
            "SITE.toml 的 [label]"
        ),
    ),
    "given.quality-cancelled": ("is cancelled", "已取消"),
    "given.quality-not-in": ("{sku} is not in it", "其中沒有 {sku}"),
    "given.quality-no-fault": ("{fault} is no fault of {names}", "{fault} 不是 {names} 的缺陷"),
    "given.quality-which": ("say which article is refused", "請指明哪個商品不合格"),
    "given.quality-settled": (
        "{words} settled it meanwhile: {settlement}",
        "{words} 已先處理：{settlement}",
    ),
    "given.quality-order": ("order {order} is {state}: {text}", "訂單 {order} 目前為 {state}：{text}"),
    "given.quality-order-is": ("order {order} is {state}", "訂單 {order} 目前為 {state}"),
    "given.quality-in-tote": ("it is in a tote", "在物流箱中"),
    "given.quality-rework": (
        "rework it, or cancel what is refused at its order",
        "請重新處理，或在訂單中取消不合格的部分",
    ),
    "given.quality-in": ("{count} of {number} {sku} are in {name}", "{number} 件 {sku} 中有 {count} 件在 {name}"),
    "given.no-way-more": ("it is not on its way any more: begin anew", "已不在進行中：請重新開始"),
    "given.not-told-again": (
        "nothing is known by which anybody could be told again",
        "沒有可供日後辨識的資料",
    ),
    "given.file-not-taken": ("the file is not taken", "檔案未被接受"),
    "given.some-refused": (
        "some orders are refused; the others are taken",
        "部分訂單被拒，其餘已接受",
    ),
    "given.version-say": (
        "If-Match: missing: say which version you know, as in the ETag of the last answer",
        "缺少 If-Match：請給出所知的版本，如上一次回應的 ETag",
    ),
    "given.version-none": ("is no version", "不是版本"),
    "given.version-allowed": ("allowed is a version as ETag gives it", "應為 ETag 所給的版本"),
    "given.if-match": ("If-Match: {known}", "If-Match：{known}"),
    "given.no-door": (
        "has no door here: see [carrier.NAME.hook] in SITE.toml",
        "在此沒有入口：見 SITE.toml 的 [carrier.NAME.hook]",
    ),
    "given.body-bytes": ("body: {count} bytes: allowed are {most}", "內容 {count} 個位元組：至多 {most}"),
    "given.label-had": ("order {order} had {parcel}", "訂單 {order} 原為 {parcel}"),
    "given.turn-cannot": ("{state} cannot be {turn}", "{state} 不能 {turn}"),
    "given.store-replaced": (
        "replaced: it has {count} of {name}, {number} were taken",
        "已被更換：{name} 有 {count} 筆，先前已收 {number} 筆",
    ),
    "given.answered-before": (
        "what was answered before is not known now: {text}",
        "目前無法得知先前的回應：{text}",
    ),
    "given.stock-promised": (
        "promised {count} is not within {range}, what is sellable",
        "已承諾 {count} 不在可售的 {range} 之內",
    ),
    "given.stock-allocated": (
        "allocated {count} is not within {range}, what is on hand",
        "已配置 {count} 不在現有的 {range} 之內",
    ),
    "given.stock-ways": ("not from {source} to {target}", "不能由 {source} 到 {target}"),
    "given.stock-become": ("{source} cannot become {target}", "{source} 不能成為 {target}"),
    "given.stock-moves": ("{count} units cannot move", "{count} 件無法移動"),
    "given.gtin-digits": ("{words} is not a GTIN of 8, 12, 13 or 14 digits", "{words} 不是 8、12、13 或 14 位的 GTIN"),
    "given.gtin-check": ("the check digit is {number}", "檢查碼應為 {number}"),
    # ---- fields of a form or a body, as pydantic has it ----
    "given.field.by": ("by: {known}", "姓名：{known}"),
    "given.field.reason": ("reason: {known}", "原因：{known}"),
    "given.field.some-words": (
        "value should have at least {count} item after validation, not {number}",
        "至少需要 {count} 個字元，目前 {number} 個",
    ),
    "given.field.missing": ("missing: this key is required", "缺少：此欄位必填"),
    "given.field.unknown": ("unknown key: remove it or correct its spelling", "未知的欄位：請移除或更正"),
    "given.field.more": ("and {count} more problems like these", "另有 {count} 個類似問題"),
    "given.field.least-text": ("string should have at least {count} characters", "至少 {count} 個字元"),
    "given.field.some-text": ("string should have at least {count} character", "至少 {count} 個字元"),
    "given.field.most-text": ("string should have at most {count} characters", "至多 {count} 個字元"),
    "given.field.least": ("input should be greater than or equal to {number}", "應大於或等於 {number}"),
    "given.field.above": ("input should be greater than {number}", "應大於 {number}"),
    "given.field.most": ("input should be less than or equal to {number}", "應小於或等於 {number}"),
    "given.field.below": ("input should be less than {number}", "應小於 {number}"),
    "given.field.whole": ("input should be a valid integer", "應為整數"),
    "given.field.whole-text": (
        "input should be a valid integer, unable to parse string as an integer",
        "應為整數",
    ),
    "given.field.number": ("input should be a valid number", "應為數字"),
    "given.field.number-text": (
        "input should be a valid number, unable to parse string as a number",
        "應為數字",
    ),
    "given.field.text": ("input should be a valid string", "應為文字"),
    "given.field.pattern": ("string should match pattern {words}", "應符合格式 {words}"),
    "given.field.one-of": ("input should be {words}", "應為 {words}"),
}
