"""The words of key figures: what each is, as its definition has it, and those of its pages and papers.

Public names: KPI_WORDS.
"""

from __future__ import annotations

from edge.orders.kpis import CYCLES, KPIS, FlowStep
from edge.views.words.phrase import Rows

_PARTS = ("title", "numerator", "denominator", "source", "exclusions")
_STEPS = {
    FlowStep.TAKEN: "接單",
    FlowStep.ACCEPTED: "放行",
    FlowStep.RELEASED: "釋出",
    FlowStep.VERIFIED: "核對",
    FlowStep.PACKED: "包裝",
    FlowStep.SORTED: "分揀",
    FlowStep.DEPARTED: "離倉",
    FlowStep.DELIVERED: "送達",
}
_CHINESE: dict[str, tuple[str, ...]] = {
    "touchless": (
        "免人工訂單",
        "其中無人處理者",
        "當日接單且其後放行的訂單",
        "銷售訂單與其變更",
        "從未放行的訂單；通路自身的變更與貨物作業不算人工",
    ),
    "held": (
        "暫停訂單",
        "其中曾被暫停者，每個代碼計一次",
        "當日接單的訂單",
        "銷售訂單與寄件匣的 `order.held`",
        "無",
    ),
    "pick-accuracy": (
        "揀貨正確率",
        "其中首次核對即無誤者",
        "當日首次核對的物流箱",
        "產線日誌",
        "無訂單的物流箱；非最終的核對",
    ),
    "refused": (
        "物流箱不符原因",
        "其中不符者，按首項發現",
        "當日首次核對的物流箱",
        "產線日誌",
        "無訂單的物流箱；非最終的核對",
    ),
    "no-read": (
        "未讀",
        "其中未讀到者",
        "首次進線物件的路線決定",
        "產線日誌",
        "同一物件的再次循環",
    ),
    "mis-sort": (
        "錯分",
        "其中落入其他道口者",
        "當日結束的包裹與物流箱",
        "產線日誌",
        "PLC 遺失者",
    ),
    "wrong-door": (
        "走錯門",
        "其中不屬於該門者",
        "有訂單且由月台出去的包裹",
        "產線日誌",
        "無訂單的包裹；進入或未定者",
    ),
    "stock-accuracy": (
        "庫存正確率",
        "其中帳實相符者",
        "儲位盤點次數，加上由標籤證實位置不符的件數",
        "庫存異動",
        "收貨、移動、出貨",
    ),
    "fill-rate": (
        "滿足率",
        "其中已揀的件數",
        "當日結束的揀貨明細件數",
        "揀貨任務",
        "已撤回的明細；超揀件數",
    ),
    "short": (
        "短缺件數",
        "其中短缺的件數，按原因",
        "當日結束的揀貨明細件數",
        "揀貨任務",
        "已撤回的明細",
    ),
    "on-time-departed": (
        "準時出倉",
        "其中屆時已在承運商道口者",
        "截止時間在當日且已過的出貨單",
        "波次",
        "已取消者；從未釋出的草稿",
    ),
    "on-time-delivered": (
        "準時送達",
        "其中屆時已送達者",
        "承諾於當日送達且當日已過的離倉包裹",
        "承運商回報",
        "無承諾日或未離倉的包裹",
    ),
    "late-forecast": (
        "遲延預測命中",
        "其中確實錯過者",
        "被預測錯過當日截止且截止已過的出貨單",
        "遲延通知與波次",
        "已取消者",
    ),
    "cost.parcel": (
        "每件運費",
        "依合約的運費含附加費（最小貨幣單位）",
        "當日進入承運商道口的包裹",
        "波次",
        "不屬波次或運費未知的包裹",
    ),
    "cost.order": (
        "每單運費",
        "依合約的運費含附加費（最小貨幣單位）",
        "當日有包裹進入承運商道口的訂單",
        "波次",
        "不屬波次或運費未知的包裹",
    ),
    "material": (
        "每件包材",
        "出庫的包材件數",
        "當日貼標的包裹",
        "庫存異動與包裹",
        "包材的盤點與更正",
    ),
    "cost.material": (
        "每件包材費",
        "出庫包材的價值（最小貨幣單位）",
        "當日貼標的包裹",
        "庫存異動、商品價值與包裹",
        "包材的盤點與更正、無價值的包材",
    ),
    "parcel-trouble": (
        "異常包裹",
        "當日由規則發現異常的包裹，按種類",
        "當日進入承運商道口的包裹",
        "承運商回報",
        "無；異常包裹可能於數日前離倉",
    ),
    "mis-ship": (
        "錯發",
        "當日開立的錯貨或缺貨投訴",
        "當日進入承運商道口的包裹",
        "案件與產線日誌",
        "被駁回的投訴",
    ),
    "return-rate": (
        "退貨件數",
        "當日申請退回的件數，按原因",
        "當日隨包裹出庫的件數",
        "案件與庫存異動",
        "不退貨的投訴",
    ),
    "case.first-answer": (
        "案件首次回覆",
        "自開立至首次回覆的時間",
        "當日首次回覆的案件",
        "案件",
        "尚未回覆的案件",
    ),
    "case.resolved": (
        "案件解決時間",
        "自開立至解決的時間",
        "當日解決的案件",
        "案件",
        "尚未解決的案件",
    ),
    "case.overdue": (
        "逾期案件",
        "其中屆時未解決者",
        "當日到期的案件",
        "案件",
        "尚未到期的案件",
    ),
    "quality-refused": (
        "品檢不符",
        "其中不符者，按缺陷",
        "當日檢查的項目",
        "品檢站",
        "無",
    ),
    "weight-overruled": (
        "重量放行",
        "其中重量不符而由人員放行者",
        "當日秤重的包裹",
        "包裝站",
        "未秤重的包裹",
    ),
    "carton-fill": (
        "箱內填充率",
        "箱內商品體積",
        "當日包裝的紙箱體積",
        "包裝站與商品資料",
        "體積未知的紙箱與商品",
    ),
    "satisfaction": (
        "滿意度",
        "客戶給的分數，1 至 5",
        "當日評分的客戶",
        "客戶頁面",
        "無",
    ),
}
"""By figure its parts in their order."""


def _cycle(begin: FlowStep, end: FlowStep) -> tuple[str, ...]:
    first, last = _STEPS[begin], _STEPS[end]
    return (
        f"{first}至{last}",
        f"{first}至{last}的時間",
        f"當日{last}的{'訂單' if end is FlowStep.ACCEPTED else '出貨單'}",
        "產線日誌與站點事件；送達依承運商回報",
        f"未見{first}者、{first}晚於{last}者；重複的步驟只計第一次",
    )


_CHINESE |= {f"cycle.{begin}-{end}": _cycle(begin, end) for begin, end in CYCLES}
KPI_WORDS: Rows = {
    **{
        f"kpi.{part}.{one.name}": (str(getattr(one, part)), chinese)
        for one in KPIS
        for part, chinese in zip(_PARTS, _CHINESE[one.name], strict=True)
    },
    "kpi.page": ("Key figures", "關鍵指標"),
    "kpi.figure": ("Figure", "指標"),
    "kpi.day": ("Day", "日期"),
    "kpi.days": ("Days", "天數"),
    "kpi.show": ("Show", "顯示"),
    "kpi.before": ("The day before", "前一日"),
    "kpi.limit": ("Look from", "警戒值"),
    "kpi.of": ("{numerator} of {denominator}", "{denominator} 中 {numerator}"),
    "kpi.count": ("{count} counted", "共 {count}"),
    "kpi.p90": ("9 of 10 within", "九成在內"),
    "kpi.trend": ("Trend", "走勢"),
    "kpi.counted": ("Counted {time}", "統計於 {time}"),
    "kpi.none": ("Nothing was counted for these days.", "這些日期沒有統計。"),
    "kpi.numerator": ("Counted", "計入"),
    "kpi.denominator": ("Of", "總數"),
    "kpi.source": ("From", "來源"),
    "kpi.exclusions": ("Left out", "排除"),
    "kpi.better": ("Better", "較佳"),
    "kpi.better.up": ("more", "愈高"),
    "kpi.better.down": ("less", "愈低"),
    "kpi.by.site": ("Site", "全站"),
    "kpi.by.channel": ("Channel", "通路"),
    "kpi.by.carrier": ("Carrier", "承運商"),
    "kpi.by.station": ("Line, door or station", "線、門或站"),
    "kpi.by.picker": ("Picker", "揀貨員"),
    "kpi.by.goods": ("Goods", "商品類別"),
    "kpi.by.sku": ("Article", "商品"),
    "kpi.by.reason": ("Cause", "原因"),
    "kpi.cause.missing": ("Something missing", "缺件"),
    "kpi.cause.extra": ("Something too much", "多件"),
    "kpi.cause.foreign": ("Of another order", "屬於其他訂單"),
    "kpi.cause.duplicate": ("Shipped before", "先前已出貨"),
    "kpi.cause.contradiction": ("Tag and barcode differ", "標籤與條碼不符"),
    "kpi.cause.unreadable": ("Unreadable tag", "標籤無法辨識"),
    "kpi.cause.no-order": ("No open order", "沒有未結訂單"),
    "kpi.cause.count": ("Counted otherwise", "盤點不符"),
    "kpi.cause.correction": ("Seen elsewhere", "在他處發現"),
    "kpi.by.hour": ("Hour", "小時"),
    "kpi.upto": ("Up to here", "累計"),
    "kpi.behind": ("Behind the number", "明細"),
    "kpi.behind.of": ("{by}: {member}", "{by}：{member}"),
    "kpi.subject": ("Order or article", "訂單或商品"),
    "kpi.hit": ("Adds", "計入"),
    "kpi.weight": ("Of", "總數"),
    "kpi.nobody": ("nobody knows which", "未知"),
    "kpi.first": ("The first {count}, what is worst first.", "前 {count} 筆，最差者在前。"),
    "kpi.file": ("As a file:", "檔案："),
    "kpi.shift": ("Shift {shift}", "班別 {shift}"),
    "kpi.shift.report": ("Shift report", "班報"),
    "kpi.shift.span": ("{begin} to {end}", "{begin} 至 {end}"),
    "kpi.shift.goes": ("It is not over yet.", "尚未結束。"),
    "kpi.shift.now": ("This shift", "本班"),
    "kpi.shift.before": ("A day before", "前一日同班"),
    "kpi.shift.causes": ("What went wrong", "異常原因"),
    "kpi.shift.none": (
        "SITE.toml has no shifts: see [kpi] in docs/kpis.md.",
        "SITE.toml 未設定班別，見 docs/kpis.md 的 [kpi]。",
    ),
    "kpi.people": ("Who needs training", "培訓清單"),
    "kpi.people.hint": (
        "Errors of orders and lines that one person picked alone, to train and not to blame; seen by leads only.",
        "由一人獨力揀貨的錯誤，供培訓而非究責；僅主管可見。",
    ),
    "kpi.people.errors": ("Errors", "錯誤"),
    "kpi.hours": ("{value} h", "{value} 小時"),
    "kpi.minutes": ("{value} min", "{value} 分鐘"),
    "kpi.seconds": ("{value} s", "{value} 秒"),
}
