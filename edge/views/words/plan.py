"""The words of stock, plan and picking: reasons, findings and states.

Public names: PLAN.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

PLAN: Rows = {
    "carrier.not-wished": ("another service was ordered", "訂單指定了別的服務"),
    "carrier.suspended": ("suspended: {reason}", "暫停中：{reason}"),
    "carrier.cut-off-passed": ("would have to be released by {limit}", "最遲須於 {limit} 釋出"),
    "carrier.no-zone": ("does not deliver there", "不配送該區"),
    "carrier.goods": ("does not take {goods:, }", "不收{goods:、}"),
    "carrier.too-long": ("too long: at most {limit} mm", "過長：最多 {limit} mm"),
    "carrier.cod-limit": ("collects at most {limit} at the door", "代收金額最多 {limit}"),
    "carrier.too-heavy": ("too heavy: at most {limit} g", "過重：最多 {limit} g"),
    "carrier.leaves-late": (
        "leaves at {value}, to be handed over by {limit}",
        "{value} 交運，須於 {limit} 以前交運",
    ),
    "carrier.too-late": ("arrives by {value}, promised by {limit}", "{value} 以前送達，承諾為 {limit} 以前"),
    "carrier.full": ("full", "已滿"),
    "goods.limited-quantity": ("limited quantities of dangerous goods", "限量危險品"),
    "goods.liquid": ("liquids", "液體"),
    "goods.fragile": ("fragile goods", "易碎品"),
    "goods.battery": ("batteries", "電池"),
    "goods.cod": ("cash on delivery", "貨到付款"),
    "goods.ground-only": ("goods that must not fly", "禁止空運的商品"),
    "order-late": (
        "{fulfilment} will miss its cut-off at {cutoff}{more}: {reason}",
        "{fulfilment} 將趕不上 {cutoff} 的截止時間{more}：{reason}",
    ),
    "late.finish": (", it will be ready at {time}", "，預計 {time} 完成"),
    "late.stock": ("goods are missing", "缺貨"),
    "late.pick": ("picking is behind", "揀貨落後"),
    "late.line": ("the line is behind", "產線落後"),
    "late.lane": ("its lanes are off", "道口都停用了"),
    "late.cut-off": ("there was never time enough", "原本就來不及"),
    "order-displaced": (
        "{order} lost {quantity} of {sku} to the urgent {urgent}",
        "{order} 的 {sku} 有 {quantity} 件讓給急單 {urgent}",
    ),
    "stock-corrected": ("{epc} left, but {found}", "{epc} 已離開，但{found}"),
    "stock.found.other-bin": ("the book had it in another bin", "帳上在別的儲位"),
    "stock.found.other-lot": ("it is of another lot than planned", "批號與計畫不同"),
    "stock.found.not-sellable": ("it was never released for sale", "從未放行銷售"),
    "stock.found.not-on-hand": ("the book had nothing left there", "帳上該處已無存貨"),
    "stock.found.lot-refused": ("its lot is not allowed for this order", "此訂單不允許該批號"),
    "stock.found.other-order": ("another order's open parcel has it", "已在別張訂單的包裹中"),
    "stock.passed.suspect": ("suspect until counted", "存疑，待盤點"),
    "stock.passed.not-sellable": ("not for sale", "不可銷售"),
    "stock.passed.expired": ("expired", "已到期"),
    "stock.passed.life-too-short": ("expires too soon after delivery", "送達後剩餘效期不足"),
    "stock.passed.lots-not-mixed": ("no lot alone has enough", "沒有單一批號足量"),
    "stock.cover.shortage": ("orders wait for it", "有訂單在等貨"),
    "stock.cover.low": ("running low", "存量偏低"),
    "stock.cover.overstock": ("too much", "存量過多"),
    "stock.cover.slow-mover": ("nobody wants it", "滯銷"),
    "pick.short.empty": ("bin empty", "儲位是空的"),
    "pick.short.damaged": ("damaged", "損壞"),
    "pick.short.wrong-item": ("another article lies there", "放的是別的商品"),
    "pick.short.could-not-locate": ("not to be found", "找不到"),
    "pick.short.expired": ("expired", "已過期"),
}
