"""The words of packing plans: why something is in no parcel, marks, papers, materials.

Public names: PACKING.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

PACKING: Rows = {
    "pack.why.size-unknown": ("its size is not known", "尺寸未知"),
    "pack.why.mass-unknown": ("its weight is not known", "重量未知"),
    "pack.over.no-carton": (
        "no carton holds it: {value} mm, at most {limit} mm",
        "沒有放得下的紙箱：{value} mm，最多 {limit} mm",
    ),
    "pack.over.too-heavy": ("too heavy: {value} g, at most {limit} g", "過重：{value} g，最多 {limit} g"),
    "pack.not-taken": ("the carrier does not take {goods:, }", "承運商不收{goods:、}"),
    "pack.not-checked": ("the plan did not stand the check: {faults:, }", "裝箱方案未通過檢核：{faults:、}"),
    "pack.why.not-in-table": (
        "its UN number and packing group are not in the table of dangerous goods",
        "其 UN 編號與包裝等級不在危險品表中",
    ),
    "pack.why.no-limited-quantity": ("may not go as a limited quantity", "不得以限量方式運送"),
    "pack.why.inner-unknown": ("what an inner packaging holds is not known", "內包裝容量未知"),
    "pack.over.inner-too-large": (
        "an inner packaging holds {value}, at most {limit} is a limited quantity",
        "內包裝容量 {value}，限量上限為 {limit}",
    ),
    "pack.over.not-by-air": (
        "not by aircraft: an inner packaging holds {value}, at most {limit} may fly",
        "不得空運：內包裝容量 {value}，空運上限為 {limit}",
    ),
    "pack.why.no-intermediate": (
        "needs a rigid packaging between glass and carton, and SITE.toml has none",
        "玻璃容器與紙箱之間須有堅固的中間包裝，但 SITE.toml 未設定",
    ),
    "pack.fault.outside": ("something stands out", "超出紙箱"),
    "pack.fault.overlap": ("two pieces in one place", "兩件重疊"),
    "pack.fault.turned": ("a piece lies as it may not", "放置方向不允許"),
    "pack.fault.unsupported": ("a piece hangs in the air", "支撐不足"),
    "pack.fault.overloaded": ("a piece bears too much", "承重超過上限"),
    "pack.fault.leaks": (
        "an open liquid is not on the floor, or bears something",
        "未密封液體未置於箱底，或上方有物品",
    ),
    "pack.fault.units": ("other pieces than asked for", "件數不符"),
    "pack.fault.too-heavy": ("too heavy", "過重"),
    "pack.mark.limited-quantity": ("mark for limited quantities", "限量標記"),
    "pack.mark.limited-quantity-air": ("mark for limited quantities with Y, for aircraft", "空運限量標記（Y）"),
    "pack.mark.this-way-up": ("arrows: this way up", "向上箭頭"),
    "pack.mark.fragile": ("fragile", "易碎標記"),
    "pack.mark.oversized": ("oversized or heavy", "超大或超重標記"),
    "pack.paper.limited-quantity-mass": (
        "tell the carrier the gross mass of limited quantities",
        "告知承運商限量危險品總重",
    ),
    "pack.paper.air-declaration": ("shipper's declaration for aircraft", "空運託運人申報單"),
    "pack.paper.valuable": ("signature and insurance", "簽收與保險"),
    "pack.need.wrap": ("wrap", "緩衝包材"),
    "pack.need.leak-bag": ("leak bag", "防漏袋"),
    "pack.need.intermediate": ("rigid packaging between", "中間包裝"),
    "pack.need.corners": ("corners and straps", "護角與束帶"),
    "pack.need.seal": ("seal", "封條"),
}
