"""The site's key figures, each as it is counted: numerator, denominator, source, what is left out; and its unit.

Public names: Kpi, KPIS, BY_NAME, Better, Unit, Dimension, Both, Step, STEPS, STEP_NAMES, CYCLES, Figure.

docs/kpis.md is written from here, the pages say it word for word, and `edge.site.kpi_sources` has one query for each.
A day begins at midnight in the site's zone; whatever is said of a day holds for a shift too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple


class Both(NamedTuple):
    """A text in English and in Traditional Chinese."""

    en: str
    zh: str


class Better(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"


class Unit(StrEnum):
    """What a figure is: ``share``: numerator of denominator; ``time``: microseconds, median and ninth decile besides
    the sum; ``money``: minor units for each of the denominator; ``count``: so many for each of the denominator.
    """

    SHARE = "share"
    TIME = "time"
    MONEY = "money"
    COUNT = "count"


class Dimension(StrEnum):
    """By what a figure is told apart; each also for the whole site."""

    SITE = "site"
    CHANNEL = "channel"
    CARRIER = "carrier"  # with its service, `SF/express`
    STATION = "station"  # line, dock or station
    PICKER = "picker"
    GOODS = "goods"  # class of articles: `plain`, `fragile`, ...
    SKU = "sku"
    REASON = "reason"
    HOUR = "hour"  # 00 .. 23 of the day, or of the shift


class Step(StrEnum):
    """What happens to an order on its way, in this order; each counts when it happens first."""

    TAKEN = "taken"
    ACCEPTED = "accepted"
    RELEASED = "released"
    VERIFIED = "verified"
    PACKED = "packed"
    SORTED = "sorted"
    DEPARTED = "departed"
    DELIVERED = "delivered"


STEPS = tuple(Step)
CYCLES = (
    *pairwise(STEPS),
    (Step.TAKEN, Step.DEPARTED),
    (Step.TAKEN, Step.DELIVERED),
)
"""From which step to which a time is told."""
STEP_NAMES = {
    Step.TAKEN: Both("taken", "接單"),
    Step.ACCEPTED: Both("accepted", "放行"),
    Step.RELEASED: Both("released", "下發"),
    Step.VERIFIED: Both("verified", "核對"),
    Step.PACKED: Both("packed", "包裝"),
    Step.SORTED: Both("sorted", "分揀"),
    Step.DEPARTED: Both("departed", "離倉"),
    Step.DELIVERED: Both("delivered", "送達"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One figure. ``dimensions``: besides the whole site. ``limit``: on its wrong side people should look; None = there
    is none.
    """

    name: str
    title: Both
    unit: Unit
    better: Better
    numerator: Both
    denominator: Both
    source: Both
    exclusions: Both
    dimensions: tuple[Dimension, ...]
    limit: float | None = None


class Figure(NamedTuple):
    """A figure of a day or shift. ``member``: of the dimension, empty = the whole site. ``p50``, ``p90``: of a time,
    None where there is none, or it is no time.
    """

    kpi: str
    dimension: Dimension
    member: str
    numerator: int
    denominator: int
    p50: int | None = None
    p90: int | None = None

    @property
    def value(self) -> float | None:
        """Numerator over denominator, of a time the median; None = there was nothing to count."""
        if self.p50 is not None:
            return float(self.p50)
        return self.numerator / self.denominator if self.denominator else None


_FLOOR = Both("the journals of the lines", "產線日誌")
_NOTHING = Both("nothing", "無")
_SHIPS = (Dimension.CHANNEL, Dimension.CARRIER, Dimension.HOUR)


def _cycle(begin: Step, end: Step) -> Kpi:
    first, last = STEP_NAMES[begin], STEP_NAMES[end]
    what = Both("orders", "訂單") if end is Step.ACCEPTED else Both("fulfilments", "出貨單")
    return Kpi(
        name=f"cycle.{begin}-{end}",
        title=Both(f"From {first.en} to {last.en}", f"{first.zh}至{last.zh}"),
        unit=Unit.TIME,
        better=Better.DOWN,
        numerator=Both(f"time from {first.en} to {last.en}", f"{first.zh}至{last.zh}的時間"),
        denominator=Both(f"{what.en} that were {last.en} in the day", f"當日{last.zh}的{what.zh}"),
        source=Both("the order flow's steps (`flow_step`)", "訂單流程步驟（`flow_step`）"),
        exclusions=Both(
            f"what was never seen {first.en}, or later than {last.en}; a step that comes again counts the first time",
            f"未見{first.zh}者、{first.zh}晚於{last.zh}者；重複的步驟只計第一次",
        ),
        dimensions=(Dimension.CHANNEL, Dimension.HOUR) if end is Step.ACCEPTED else _SHIPS,
    )


_OTHERS = (
    Kpi(
        name="touchless",
        title=Both("Touchless orders", "免人工訂單"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them that nobody touched", "其中無人處理者"),
        denominator=Both("orders taken in the day that were accepted since", "當日接單且其後放行的訂單"),
        source=Both("sales orders and their changes", "銷售訂單與其變更"),
        exclusions=Both(
            "orders that were never accepted; nor counts what the channel changes, or work on the goods",
            "從未放行的訂單；通路自身的變更與貨物作業不算人工",
        ),
        dimensions=(Dimension.CHANNEL,),
        limit=0.8,
    ),
    Kpi(
        name="held",
        title=Both("Held orders", "暫停訂單"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them that were held, by each code once", "其中曾被暫停者，每個代碼計一次"),
        denominator=Both("orders taken in the day", "當日接單的訂單"),
        source=Both("sales orders, `order.held` in the outbox", "銷售訂單與寄件匣的 `order.held`"),
        exclusions=_NOTHING,
        dimensions=(Dimension.CHANNEL, Dimension.REASON),
        limit=0.1,
    ),
    Kpi(
        name="pick-accuracy",
        title=Both("Pick accuracy", "揀貨正確率"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them that were verified at their first check", "其中首次核對即無誤者"),
        denominator=Both("totes of an order checked for the first time in the day", "當日首次核對的物流箱"),
        source=_FLOOR,
        exclusions=Both("totes without an order; checks that were not final", "無訂單的物流箱；非最終的核對"),
        dimensions=(Dimension.STATION, Dimension.CHANNEL, Dimension.PICKER, Dimension.HOUR),
        limit=0.98,
    ),
    Kpi(
        name="refused",
        title=Both("Refused totes by cause", "物流箱不符原因"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them that were refused, by the first finding", "其中不符者，按首項發現"),
        denominator=Both("totes of an order checked for the first time in the day", "當日首次核對的物流箱"),
        source=_FLOOR,
        exclusions=Both("totes without an order; checks that were not final", "無訂單的物流箱；非最終的核對"),
        dimensions=(Dimension.REASON, Dimension.STATION, Dimension.PICKER),
        limit=0.02,
    ),
    Kpi(
        name="no-read",
        title=Both("No-reads", "未讀"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them without a read", "其中未讀到者"),
        denominator=Both("routes decided for what came onto a line for the first time", "首次進線物件的路線決定"),
        source=_FLOOR,
        exclusions=Both("further rounds of the same object", "同一物件的再次循環"),
        dimensions=(Dimension.STATION, Dimension.HOUR),
        limit=0.01,
    ),
    Kpi(
        name="mis-sort",
        title=Both("Missorted", "錯分"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them that ended in another lane", "其中落入其他滑道者"),
        denominator=Both("parcels and totes that ended in the day", "當日結束的包裹與物流箱"),
        source=_FLOOR,
        exclusions=Both("what the PLC lost", "PLC 遺失者"),
        dimensions=(Dimension.STATION, Dimension.CARRIER, Dimension.HOUR),
        limit=0.005,
    ),
    Kpi(
        name="wrong-door",
        title=Both("Wrong door", "走錯門"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them that did not belong there", "其中不屬於該門者"),
        denominator=Both("parcels with an order that went out through a dock door", "有訂單且由碼頭門出去的包裹"),
        source=_FLOOR,
        exclusions=Both("parcels of no order; what came in, or may have passed", "無訂單的包裹；進入或未定者"),
        dimensions=(Dimension.STATION, Dimension.CARRIER),
        limit=0.005,
    ),
    Kpi(
        name="stock-accuracy",
        title=Both("Stock accuracy", "庫存正確率"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them at which the book was right", "其中帳實相符者"),
        denominator=Both(
            "counts of a bin, and items that a tag proved to be elsewhere", "儲位盤點次數，加上由標籤證實位置不符的件數"
        ),
        source=Both("stock movements", "庫存異動"),
        exclusions=Both("receipts, moves, shipments", "收貨、移動、出貨"),
        dimensions=(Dimension.GOODS, Dimension.REASON),
        limit=0.98,
    ),
    Kpi(
        name="fill-rate",
        title=Both("Fill rate", "滿足率"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them that were picked", "其中已揀的件數"),
        denominator=Both("units of lines of rounds ended in the day", "當日結束的揀貨明細件數"),
        source=Both("rounds of pickers", "揀貨任務"),
        exclusions=Both("lines that were withdrawn; units over what was wanted", "已撤回的明細；超揀件數"),
        dimensions=(Dimension.CHANNEL, Dimension.GOODS, Dimension.HOUR),
        limit=0.98,
    ),
    Kpi(
        name="short",
        title=Both("Short units", "短缺件數"),
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator=Both("those of them that were short, by reason", "其中短缺的件數，按原因"),
        denominator=Both("units of lines of rounds ended in the day", "當日結束的揀貨明細件數"),
        source=Both("rounds of pickers", "揀貨任務"),
        exclusions=Both("lines that were withdrawn", "已撤回的明細"),
        dimensions=(Dimension.REASON, Dimension.PICKER, Dimension.SKU),
        limit=0.02,
    ),
    Kpi(
        name="on-time-departed",
        title=Both("Out on time", "準時出倉"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them in their carrier's lane by then", "其中屆時已在承運商滑道者"),
        denominator=Both("fulfilments whose cut-off was in the day and is over", "截止時間在當日且已過的出貨單"),
        source=Both("waves", "波次"),
        exclusions=Both("cancelled ones; drafts that were never released", "已取消者；從未下發的草稿"),
        dimensions=_SHIPS,
        limit=0.95,
    ),
    Kpi(
        name="on-time-delivered",
        title=Both("Delivered on time", "準時送達"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them delivered by then", "其中屆時已送達者"),
        denominator=Both(
            "departed fulfilments that their carrier was to deliver in the day", "已離倉且承運商應於當日送達的出貨單"
        ),
        source=Both("waves, what carriers tell", "波次與承運商回報"),
        exclusions=Both("carriers that tell nothing at all", "完全不回報的承運商"),
        dimensions=(Dimension.CHANNEL, Dimension.CARRIER),
        limit=0.95,
    ),
    Kpi(
        name="late-forecast",
        title=Both("Late forecasts that came true", "遲延預測命中"),
        unit=Unit.SHARE,
        better=Better.UP,
        numerator=Both("those of them that missed it", "其中確實錯過者"),
        denominator=Both(
            "fulfilments that were said to miss a cut-off of the day, which is over",
            "被預測錯過當日截止且截止已過的出貨單",
        ),
        source=Both("late notices and waves", "遲延通知與波次"),
        exclusions=Both("cancelled ones", "已取消者"),
        dimensions=(Dimension.REASON,),
    ),
    Kpi(
        name="cost.parcel",
        title=Both("Carriage for a parcel", "每件運費"),
        unit=Unit.MONEY,
        better=Better.DOWN,
        numerator=Both("what their carriers cost by the plan, in minor units", "計畫的運費（最小貨幣單位）"),
        denominator=Both("parcels in their carrier's lane in the day", "當日進入承運商滑道的包裹"),
        source=Both("waves", "波次"),
        exclusions=Both("parcels of no wave", "不屬波次的包裹"),
        dimensions=(Dimension.CHANNEL, Dimension.CARRIER),
    ),
    Kpi(
        name="cost.order",
        title=Both("Carriage for an order", "每單運費"),
        unit=Unit.MONEY,
        better=Better.DOWN,
        numerator=Both("what their carriers cost by the plan, in minor units", "計畫的運費（最小貨幣單位）"),
        denominator=Both("orders with a parcel in its carrier's lane in the day", "當日有包裹進入承運商滑道的訂單"),
        source=Both("waves", "波次"),
        exclusions=Both("parcels of no wave", "不屬波次的包裹"),
        dimensions=(Dimension.CHANNEL,),
    ),
    Kpi(
        name="material",
        title=Both("Material for a parcel", "每件包材"),
        unit=Unit.COUNT,
        better=Better.DOWN,
        numerator=Both("units of packing material that left the stock", "出庫的包材件數"),
        denominator=Both("parcels labelled in the day", "當日貼標的包裹"),
        source=Both("stock movements, parcels", "庫存異動與包裹"),
        exclusions=Both("counts and corrections of material", "包材的盤點與更正"),
        dimensions=(),
    ),
)
KPIS: tuple[Kpi, ...] = (*(_cycle(begin, end) for begin, end in CYCLES), *_OTHERS)
BY_NAME = {kpi.name: kpi for kpi in KPIS}
