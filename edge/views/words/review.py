"""The words about shop orders: what review finds, why a wish is refused, stages and states.

Public names: REVIEW.

Findings have the places ``where``, ``value`` and ``limit``; each says what to do.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

REVIEW: Rows = {
    "rule.unknown-sku": ("Unknown article", "未知商品"),
    "rule.discontinued": ("Discontinued", "已停售"),
    "rule.quantity-unusual": ("Unusual quantity", "數量異常"),
    "rule.name-missing": ("No name", "缺收件人"),
    "rule.phone-implausible": ("Phone number wrong", "電話有誤"),
    "rule.phone-masked": ("Phone number masked", "電話遮罩"),
    "rule.address-incomplete": ("Address incomplete", "地址不完整"),
    "rule.address-contradiction": ("Address contradicts itself", "地址矛盾"),
    "rule.undeliverable-zone": ("Not delivered there", "無法配送"),
    "rule.no-service": ("Nobody carries it", "無可用承運"),
    "rule.unpaid": ("Not paid", "未付款"),
    "rule.balance-due": ("Balance due", "尾款未付"),
    "rule.amount-mismatch": ("Amounts do not add up", "金額不符"),
    "rule.overpaid": ("Too much is paid", "溢付"),
    "rule.cod-limit": ("Too much to collect", "代收金額過高"),
    "rule.out-of-stock": ("Out of stock", "缺貨"),
    "rule.duplicate": ("Duplicate", "重複訂單"),
    "rule.velocity": ("Many orders at once", "短時間大量下單"),
    "rule.blocklist": ("On the blocklist", "黑名單"),
    "rule.test-order": ("Test order", "測試訂單"),
    "rule.foreign-currency": ("Foreign currency", "外幣"),
    "rule.restricted-goods": ("Restricted goods", "限制商品"),
    "rule.promise-impossible": ("Promise cannot be kept", "無法如期"),
    "rule.person": ("Held by a person", "人工攔下"),
    "review.unknown-sku": (
        "{where}: nobody knows {value}: enter the article, or correct the channel's number",
        "{where}：查無商品 {value}，請建立商品或更正通路的料號",
    ),
    "review.discontinued": (
        "{where}: {value} is sold no more: offer another article, or cancel the line",
        "{where}：{value} 已停售，請提供替代商品或取消該行",
    ),
    "review.quantity-unusual": (
        "{where}: {value} pieces, more than {limit} is unusual: ask the customer",
        "{where}：訂購 {value} 件，超過 {limit} 件屬異常，請向客戶確認",
    ),
    "review.name-missing": (
        "No name of who gets it: ask the customer",
        "缺少收件人姓名，請向客戶詢問",
    ),
    "review.phone-implausible": (
        "The phone number \u201c{value}\u201d can be nobody's: ask by mail or through the channel",
        "電話號碼「{value}」不合理，請以電子郵件或透過通路詢問",
    ),
    "review.phone-masked": (
        "The channel hides the phone number ({value}): reach the customer through the channel",
        "通路隱藏了電話號碼（{value}），請透過通路聯絡客戶",
    ),
    "review.address-incomplete": (
        "The address lacks its {where} ({value}): ask the customer",
        "地址缺少 {where}（{value}），請向客戶詢問",
    ),
    "review.address-contradiction": (
        "The address contradicts itself or means several places, {where}: {value}: ask the customer",
        "地址互相矛盾或不只一處符合，{where}：{value}，請向客戶詢問",
    ),
    "review.undeliverable-zone": (
        "Nobody delivers to {value}: ask for another address, or cancel the order",
        "{value} 無法配送，請客戶另提供地址或取消訂單",
    ),
    "review.no-service": (
        "No carrier takes it by {value}, possible: {limit}: choose another service, or split the order",
        "沒有承運商能以 {value} 承運，可用：{limit}，請改選服務或拆分訂單",
    ),
    "review.unpaid": (
        "{value} is not paid: wait for it, or remind the customer",
        "尚未付款 {value}，請等候或提醒客戶",
    ),
    "review.balance-due": (
        "Of the balance {value} is still due, {limit} came as deposit: ask for it before it is shipped",
        "尾款尚欠 {value}，已收訂金 {limit}，請於出貨前催收",
    ),
    "review.overpaid": (
        "{value} is paid of {limit}: ask the customer, and pay back what is too much",
        "應付 {limit}，已付 {value}：請向客戶確認，退還溢付款",
    ),
    "review.amount-mismatch": (
        "The channel says {value} in all, its lines say {limit}: look at the order there",
        "通路總額為 {value}，各行合計為 {limit}，請至通路核對訂單",
    ),
    "review.cod-limit": (
        "{value} at the door, carriers collect {limit} at most: ask for payment in advance",
        "貨到付款 {value}，承運商最多代收 {limit}，請客戶預先付款",
    ),
    "review.out-of-stock": (
        "{where}: {value} pieces wanted, {limit} there: wait for goods, split the order, or cancel the rest",
        "{where}：需要 {value} 件，現有 {limit} 件，請等候到貨、拆分訂單或取消其餘",
    ),
    "review.duplicate": (
        "Goods and address are those of order {value}: ask whether both are meant",
        "商品與地址和訂單 {value} 相同，請確認是否重複下單",
    ),
    "review.velocity": (
        "{value} orders within a day with the same {where}, more than {limit}: look at all of them",
        "一天內同一 {where} 有 {value} 筆訂單，超過 {limit} 筆，請一併檢查",
    ),
    "review.blocklist": (
        "On the list of those to look at, {where}: {value}: let somebody decide who may",
        "列於管制名單，{where}：{value}，請由有權限者決定",
    ),
    "review.test-order": (
        "It looks like a test ({value}): cancel it, or say that it is real",
        "疑似測試訂單（{value}），請取消或確認為真實訂單",
    ),
    "review.foreign-currency": (
        "It is paid in {value}, taken is {limit}: look at the channel's settings",
        "以 {value} 付款，僅接受 {limit}，請檢查通路設定",
    ),
    "review.restricted-goods": (
        "{where}: {value}: {limit}: check it before the goods are released",
        "{where}：{value}：{limit}，請於放行前確認",
    ),
    "review.promise-impossible": (
        "Promised by {where} for {value}, possible is {limit}: tell the customer, or take a faster service",
        "承諾（{where}）為 {value}，最快可達 {limit}，請通知客戶或改用較快的服務",
    ),
    # ---- why a wish is refused ----
    "order-refused.no-name": (
        "A name and a reason are needed",
        "請填寫姓名與原因",
    ),
    "order-refused.stage": (
        "Order {order} is {stage}: that cannot be done now",
        "訂單 {order} 目前為「{stage}」，無法執行",
    ),
    "order-refused.unknown-line": (
        "Order {order} has no line {line}",
        "訂單 {order} 沒有第 {line} 行",
    ),
    "order-refused.added-line": (
        "A new line {line} needs a number of its own and one piece at least",
        "新增的第 {line} 行須有未用過的行號，且至少一件",
    ),
    "order-refused.amount": (
        "{amount} is not possible here",
        "{amount} 在此無效",
    ),
    "order-refused.judge-first": (
        "Goods of order {order} are on their way: what is wished must be reviewed first",
        "訂單 {order} 的商品已在作業中，須先審核變更內容",
    ),
    "order-refused.findings": (
        "Goods of order {order} are on their way, and what is wished would be held: {codes}. Waive it, or cancel",
        "訂單 {order} 的商品已在作業中，變更後將被攔下：{codes}，請先放行或取消訂單",
    ),
    "order-refused.together": (
        "Order {order} is in {fulfilment} together with {others}: split it off, or change them all",
        "訂單 {order} 與 {others} 同在 {fulfilment}，請先拆分或一併變更",
    ),
    "order-refused.picked": (
        "Goods of order {order} are picked already, {fulfilment} is {state}: cancel it instead",
        "訂單 {order} 的商品已揀取，{fulfilment} 為「{state}」，請改為取消",
    ),
    "order-refused.out-of-place": (
        "{fulfilment} is {state} and cannot be {turn}: look where its goods are",
        "{fulfilment} 為「{state}」，不可能「{turn}」，請查看商品所在",
    ),
    "order-refused.not-asked": (
        "{fulfilment}, line {line}: {units} picked, {waiting} asked for: put the rest back into its bin",
        "{fulfilment} 第 {line} 行：揀了 {units} 件，只需 {waiting} 件，其餘請放回儲位",
    ),
    "order-refused.not-delivered": (
        "Fulfilment {fulfilment} of order {order} has not departed, so nobody can have refused it",
        "訂單 {order} 的出貨單 {fulfilment} 尚未出車，不可能被拒收",
    ),
    "order-refused.not-put-back": (
        "{fulfilment}, line {line}: {units} seen, {waiting} to be put back: look what it is",
        "{fulfilment} 第 {line} 行：看到 {units} 件，待放回 {waiting} 件，請查明",
    ),
    "order-refused.there-already": (
        "There is a fulfilment {fulfilment} already",
        "已有出貨單 {fulfilment}",
    ),
    "order-refused.not-open": (
        "Order {order}, line {line}: {units} pieces are not open",
        "訂單 {order} 第 {line} 行沒有 {units} 件可安排",
    ),
    "order-refused.not-merged": (
        "Orders {others} are not merged: they cannot be in one parcel",
        "訂單 {others} 未合併，不能放在同一包裹",
    ),
    "order-refused.merge-stage": (
        "Orders {order} and {other} are not both accepted",
        "訂單 {order} 與 {other} 並非都已接受",
    ),
    "order-refused.merge-leads": (
        "Others are merged with order {other} already: merge {order} with it instead",
        "已有訂單併入 {other}，請改將 {order} 併入",
    ),
    "order-refused.merge-consignee": (
        "Orders {order} and {other} are not for the same person at the same address",
        "訂單 {order} 與 {other} 的收件人或地址不同",
    ),
    "order-refused.merge-service": (
        "Orders {order} and {other} go by different services: ship them together as two parcels",
        "訂單 {order} 與 {other} 的配送服務不同，可分兩件一起出貨",
    ),
    "order-refused.merge-unpaid": (
        "Something is due of order {order} or {other}: ship them together as two parcels",
        "訂單 {order} 或 {other} 尚有款項未結清，可分兩件一起出貨",
    ),
    "order-refused.merge-channel": (
        "A channel of orders {order} and {other} forbids it: ship them together as two parcels",
        "訂單 {order} 或 {other} 的通路不允許合併，可分兩件一起出貨",
    ),
    "order-refused.merge-begun": (
        "Goods of order {order} or {other} are on their way: ship them together as two parcels",
        "訂單 {order} 或 {other} 的商品已在作業中，可分兩件一起出貨",
    ),
    # ---- what was done to an order ----
    "sale.taken": ("Taken from {channel}", "已收單，來自 {channel}"),
    "sale.passed": ("Accepted: nothing holds it", "審核通過，已接受"),
    "sale.found": ("Held: {rules:, }", "已攔下：{rules:、}"),
    "sale.released": ("Released from hold{more}", "已解除攔下{more}"),
    "sale.held": ("Held{more}", "已攔下{more}"),
    "sale.judged": ("Found wanting: {rules:, }", "複審未通過：{rules:、}"),
    "sale.amended": ("Amended{more}", "已變更{more}"),
    "sale.cancelled": ("Cancelled{more}", "已取消{more}"),
    "sale.merged": ("Ships together{more}", "合併出貨{more}"),
    "sale.split": ("Split{more}", "已拆分{more}"),
    "sale.paid": ("Paid{more}", "已付款{more}"),
    "sale.contact": ("The customer is asked{more}", "聯絡客戶{more}"),
    "sale.put-back": ("Put back{more}", "已放回{more}"),
    "sale.delivery-refused": ("Refused at the door{more}", "收件人拒收{more}"),
    "sale.person-erased": ("The person is erased{more}", "已刪除個人資料{more}"),
    "sale.again-unclear": (
        "Came again, otherwise, and goods are on their way: somebody decides{more}",
        "訂單內容重複送達且不同，商品已在作業中，須由人員決定{more}",
    ),
    "sale.again-refused": ("Came again, otherwise, too late for that{more}", "訂單內容重複送達且不同，為時已晚{more}"),
    "sale.planned": ("Planned with {by}, cut-off {cutoff}", "已規劃由 {by} 承運，截單 {cutoff}"),
    "sale.wave-released": ("Released to pickers and line as {fulfilment}", "已釋出揀貨與輸送線，出貨單 {fulfilment}"),
    "sale.withdrawn": ("{fulfilment} was taken back, to be planned again", "{fulfilment} 已收回，將重新規劃"),
    "sale.claimed": ("{by} takes the round", "{by} 領取任務"),
    "sale.handed-back": ("{by} gives the round back", "{by} 交還任務"),
    "sale.picked": ("{by} picked {units} of {sku}", "{by} 揀取 {sku} {units} 件"),
    "sale.short": (
        "{units} of {sku} short: {why}; bin {bin} is to be counted",
        "{sku} 短缺 {units} 件：{why}；儲位 {bin} 待盤點",
    ),
    "sale.to-put-back": ("{units} of {sku} must go back to bin {bin}", "{sku} {units} 件須放回儲位 {bin}"),
    "sale.back-in-bin": ("{units} of {sku} are back", "{sku} {units} 件已放回"),
    "sale.labelled": ("Parcel {sscc} is labelled", "包裹 {sscc} 已貼標"),
    "sale.label-void": ("The label {sscc} is void", "標籤 {sscc} 已作廢"),
    "at.row": ("{file}, row {row}", "{file} 第 {row} 列"),
    "at.channel": ("channel {channel}", "通路 {channel}"),
    "at.review": ("review", "審核"),
    "at.desk": ("order desk", "訂單處理"),
    "at.wave": ("wave {wave}", "波次 {wave}"),
    "at.round": ("round {round}", "任務 {round}"),
    "at.bin": ("bin {bin}", "儲位 {bin}"),
    "at.tote": ("tote {tote}", "物流箱 {tote}"),
    "at.packing": ("packing", "包裝"),
    "at.floor": ("floor", "現場"),
    "at.feed": ("order feed", "訂單資料流"),
    "at.track": ("{line}, track {track}", "{line} 追蹤號 {track}"),
    "at.lane": ("{line}, lane {lane}", "{line} 道口 {lane}"),
    "at.plc": ("PLC {plc}", "PLC {plc}"),
    "because.import": ("import {run}", "匯入 {run}"),
    "because.rules": ("rules of review", "審核規則"),
    "because.person": ("{by}", "{by}"),
    "because.person-why": ("{by}: {reason}", "{by}：{reason}"),
    "because.pickup": ("pickup {pickup}", "收件班次 {pickup}"),
    "because.line": ("round {round}, line {line}", "任務 {round} 第 {line} 行"),
    "because.cancelled": ("cancelled", "已取消"),
    "because.reason": ("{reason}", "{reason}"),
    "because.feed": ("entry {number} of the feed", "資料流第 {number} 筆"),
    "because.record": ("record {number} of the journal", "日誌第 {number} 筆"),
    "sale.floor": ("{fulfilment}: {state}", "{fulfilment}：{state}"),
    "sale.more.of": (", {of}", "，{of}"),
    "sale.more.codes": (", {codes:, }", "，{codes:、}"),
    "sale.more.lines": (", lines {lines:, }", "，行 {lines:、}"),
    "sale.more.by": (", by {by}", "，{by}"),
    "sale.more.reason": (": {reason}", "：{reason}"),
    "sale.more.outcome": (": {outcome}", "：{outcome}"),
    # ---- stages and states ----
    "review.person": ("Held by {where}: {value}", "由 {where} 攔下：{value}"),
    "order-stage.review": ("to be reviewed", "待審核"),
    "order-stage.held": ("held", "已攔下"),
    "order-stage.accepted": ("accepted", "已接受"),
    "order-stage.merged": ("merged", "已合併"),
    "order-stage.cancelling": ("being cancelled", "取消中"),
    "order-stage.cancelled": ("cancelled", "已取消"),
    "order-stage.closed": ("closed", "已結案"),
    "fulfilment.planned": ("planned", "已安排"),
    "fulfilment.released": ("released", "已放行"),
    "fulfilment.short": ("short", "缺貨"),
    "fulfilment.picked": ("picked", "已揀貨"),
    "fulfilment.refused": ("refused", "不符"),
    "fulfilment.verified": ("verified", "已驗證"),
    "fulfilment.packed": ("packed", "已包裝"),
    "fulfilment.sorted": ("sorted", "已分揀"),
    "fulfilment.loaded": ("loaded", "已裝車"),
    "fulfilment.unloaded": ("unloaded", "已卸下"),
    "fulfilment.departed": ("departed", "已出發"),
    "fulfilment.cancelling": ("being cancelled", "取消中"),
    "fulfilment.cancelled": ("cancelled", "已取消"),
    "fulfilment.split": ("split", "拆分"),
    "place.open": ("not planned yet", "尚未安排"),
    "place.waiting": ("in its bin", "在儲位"),
    "place.taken": ("picked", "已取出"),
    "place.putting-back": ("to be put back", "待放回"),
    "place.shipped": ("shipped", "已出貨"),
    "place.cancelled": ("cancelled", "已取消"),
    "contact.reached": ("reached, answers later", "已聯絡，稍後回覆"),
    "contact.no-answer": ("no answer", "無人接聽"),
    "contact.wrong-number": ("wrong number", "號碼錯誤"),
    "contact.confirmed": ("confirmed", "已確認"),
    "contact.changed": ("changed", "已變更"),
    "contact.cancelled": ("cancelled", "已取消"),
}
