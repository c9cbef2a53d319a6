"""The site's key figures, each as it is counted: numerator, denominator, source, what is left out; and its unit.

Public names: Kpi, KPIS, BY_NAME, Better, Unit, Dimension, FlowStep, CYCLES, Figure.

docs/kpis.md is written from here; pages say it as `edge.views.words.kpis` has it, in both languages, and
`edge.site.kpi_sources` has one query for each. A day begins at midnight in the site's zone; whatever is said of a day
holds for a shift too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple


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


class FlowStep(StrEnum):
    """What happens to an order on its way, in this order; each counts when it happens first."""

    TAKEN = "taken"
    ACCEPTED = "accepted"
    RELEASED = "released"
    VERIFIED = "verified"
    PACKED = "packed"
    SORTED = "sorted"
    DEPARTED = "departed"
    DELIVERED = "delivered"


CYCLES = (
    *pairwise(FlowStep),
    (FlowStep.TAKEN, FlowStep.DEPARTED),
    (FlowStep.TAKEN, FlowStep.DELIVERED),
)
"""From which step to which a time is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One figure. ``dimensions``: besides the whole site. ``limit``: on its wrong side people should look; None = there
    is none.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    numerator: str
    denominator: str
    source: str
    exclusions: str
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


_FLOOR = "the journals of the lines"
_NOTHING = "nothing"
_SHIPS = (Dimension.CHANNEL, Dimension.CARRIER, Dimension.HOUR)


def _cycle(begin: FlowStep, end: FlowStep) -> Kpi:
    what = "orders" if end is FlowStep.ACCEPTED else "fulfilments"
    return Kpi(
        name=f"cycle.{begin}-{end}",
        title=f"From {begin} to {end}",
        unit=Unit.TIME,
        better=Better.DOWN,
        numerator=f"time from {begin} to {end}",
        denominator=f"{what} that were {end} in the day",
        source="journals of the lines, the site's events; of deliveries what carriers tell",
        exclusions=f"what was never seen {begin}, or later than {end}; a step that comes again counts the first time",
        dimensions=(Dimension.CHANNEL, Dimension.HOUR) if end is FlowStep.ACCEPTED else _SHIPS,
    )


_OTHERS = (
    Kpi(
        name="touchless",
        title="Touchless orders",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them that nobody touched",
        denominator="orders taken in the day that were accepted since",
        source="sales orders and their changes",
        exclusions="orders that were never accepted; nor counts what the channel changes, or work on the goods",
        dimensions=(Dimension.CHANNEL,),
        limit=0.8,
    ),
    Kpi(
        name="held",
        title="Held orders",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that were held, by each code once",
        denominator="orders taken in the day",
        source="sales orders, `order.held` in the outbox",
        exclusions=_NOTHING,
        dimensions=(Dimension.CHANNEL, Dimension.REASON),
        limit=0.1,
    ),
    Kpi(
        name="pick-accuracy",
        title="Pick accuracy",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them that were verified at their first check",
        denominator="totes of an order checked for the first time in the day",
        source=_FLOOR,
        exclusions="totes without an order; checks that were not final",
        dimensions=(Dimension.STATION, Dimension.CHANNEL, Dimension.PICKER, Dimension.HOUR),
        limit=0.98,
    ),
    Kpi(
        name="refused",
        title="Refused totes by cause",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that were refused, by the first finding",
        denominator="totes of an order checked for the first time in the day",
        source=_FLOOR,
        exclusions="totes without an order; checks that were not final",
        dimensions=(Dimension.REASON, Dimension.STATION, Dimension.PICKER),
        limit=0.02,
    ),
    Kpi(
        name="no-read",
        title="No-reads",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them without a read",
        denominator="routes decided for what came onto a line for the first time",
        source=_FLOOR,
        exclusions="further rounds of the same object",
        dimensions=(Dimension.STATION, Dimension.HOUR),
        limit=0.01,
    ),
    Kpi(
        name="mis-sort",
        title="Missorted",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that ended in another lane",
        denominator="parcels and totes that ended in the day",
        source=_FLOOR,
        exclusions="what the PLC lost",
        dimensions=(Dimension.STATION, Dimension.CARRIER, Dimension.HOUR),
        limit=0.005,
    ),
    Kpi(
        name="wrong-door",
        title="Wrong door",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that did not belong there",
        denominator="parcels with an order that went out through a dock door",
        source=_FLOOR,
        exclusions="parcels of no order; what came in, or may have passed",
        dimensions=(Dimension.STATION, Dimension.CARRIER),
        limit=0.005,
    ),
    Kpi(
        name="stock-accuracy",
        title="Stock accuracy",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them at which the book was right",
        denominator="counts of a bin, and items that a tag proved to be elsewhere",
        source="stock movements",
        exclusions="receipts, moves, shipments",
        dimensions=(Dimension.GOODS, Dimension.REASON),
        limit=0.98,
    ),
    Kpi(
        name="fill-rate",
        title="Fill rate",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them that were picked",
        denominator="units of lines of rounds ended in the day",
        source="rounds of pickers",
        exclusions="lines that were withdrawn; units over what was wanted",
        dimensions=(Dimension.CHANNEL, Dimension.GOODS, Dimension.HOUR),
        limit=0.98,
    ),
    Kpi(
        name="short",
        title="Short units",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that were short, by reason",
        denominator="units of lines of rounds ended in the day",
        source="rounds of pickers",
        exclusions="lines that were withdrawn",
        dimensions=(Dimension.REASON, Dimension.PICKER, Dimension.SKU),
        limit=0.02,
    ),
    Kpi(
        name="on-time-departed",
        title="Out on time",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them in their carrier's lane by then",
        denominator="fulfilments whose cut-off was in the day and is over",
        source="waves",
        exclusions="cancelled ones; drafts that were never released",
        dimensions=_SHIPS,
        limit=0.95,
    ),
    Kpi(
        name="on-time-delivered",
        title="Delivered on time",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them delivered by then",
        denominator="departed parcels that were promised for the day, which is over",
        source="what carriers tell of parcels",
        exclusions="parcels without a promise, or that never left",
        dimensions=(Dimension.CHANNEL, Dimension.CARRIER),
        limit=0.95,
    ),
    Kpi(
        name="late-forecast",
        title="Late forecasts that came true",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="those of them that missed it",
        denominator="fulfilments that were said to miss a cut-off of the day, which is over",
        source="late notices and waves",
        exclusions="cancelled ones",
        dimensions=(Dimension.REASON,),
    ),
    Kpi(
        name="cost.parcel",
        title="Carriage for a parcel",
        unit=Unit.MONEY,
        better=Better.DOWN,
        numerator="what their carriers take by the contract, surcharges too, in minor units",
        denominator="parcels in their carrier's lane in the day",
        source="waves",
        exclusions="parcels of no wave, or whose freight nobody knows",
        dimensions=(Dimension.CHANNEL, Dimension.CARRIER),
    ),
    Kpi(
        name="cost.order",
        title="Carriage for an order",
        unit=Unit.MONEY,
        better=Better.DOWN,
        numerator="what their carriers take by the contract, surcharges too, in minor units",
        denominator="orders with a parcel in its carrier's lane in the day",
        source="waves",
        exclusions="parcels of no wave, or whose freight nobody knows",
        dimensions=(Dimension.CHANNEL,),
    ),
    Kpi(
        name="material",
        title="Material for a parcel",
        unit=Unit.COUNT,
        better=Better.DOWN,
        numerator="units of packing material that left the stock",
        denominator="parcels labelled in the day",
        source="stock movements, parcels",
        exclusions="counts and corrections of material",
        dimensions=(),
    ),
    Kpi(
        name="cost.material",
        title="Cost of material for a parcel",
        unit=Unit.MONEY,
        better=Better.DOWN,
        numerator="what packing material that left the stock is worth, in minor units",
        denominator="parcels labelled in the day",
        source="stock movements, articles' value, parcels",
        exclusions="counts and corrections of material, material without a value",
        dimensions=(),
    ),
    Kpi(
        name="parcel-trouble",
        title="Parcels in trouble",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="parcels that a rule found in trouble in the day, by kind",
        denominator="parcels in their carrier's lane in the day",
        source="what carriers tell of parcels",
        exclusions="nothing; trouble may be of parcels that left days before",
        dimensions=(Dimension.CARRIER, Dimension.REASON),
        limit=0.02,
    ),
    Kpi(
        name="mis-ship",
        title="Wrong goods sent",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="complaints of wrong or missing goods opened in the day",
        denominator="parcels in their carrier's lane in the day",
        source="cases, journals of the lines",
        exclusions="complaints that were refused",
        dimensions=(Dimension.CHANNEL,),
        limit=0.002,
    ),
    Kpi(
        name="return-rate",
        title="Returned units",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="units asked back in the day, by reason",
        denominator="units that left the stock with parcels in the day",
        source="cases, stock movements",
        exclusions="complaints without a return",
        dimensions=(Dimension.SKU, Dimension.REASON),
        limit=0.1,
    ),
    Kpi(
        name="case.first-answer",
        title="First answer to a case",
        unit=Unit.TIME,
        better=Better.DOWN,
        numerator="time from opening to the first answer",
        denominator="cases first answered in the day",
        source="cases",
        exclusions="cases that nobody answered yet",
        dimensions=(Dimension.REASON, Dimension.CHANNEL),
    ),
    Kpi(
        name="case.resolved",
        title="Time to resolve a case",
        unit=Unit.TIME,
        better=Better.DOWN,
        numerator="time from opening to the resolution",
        denominator="cases resolved in the day",
        source="cases",
        exclusions="cases that are not resolved",
        dimensions=(Dimension.REASON, Dimension.CHANNEL),
    ),
    Kpi(
        name="case.overdue",
        title="Cases overdue",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that were not resolved by then",
        denominator="cases that were due in the day",
        source="cases",
        exclusions="cases that are not due yet",
        dimensions=(Dimension.REASON,),
        limit=0.05,
    ),
    Kpi(
        name="quality-refused",
        title="Refused at quality",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them that were refused, by fault",
        denominator="aspects looked at in the day",
        source="quality stations",
        exclusions="nothing",
        dimensions=(Dimension.STATION, Dimension.SKU, Dimension.REASON),
        limit=0.05,
    ),
    Kpi(
        name="weight-overruled",
        title="Weights overruled",
        unit=Unit.SHARE,
        better=Better.DOWN,
        numerator="those of them whose weight somebody overruled",
        denominator="parcels weighed in the day",
        source="packing stations",
        exclusions="parcels that nobody weighed",
        dimensions=(Dimension.STATION,),
        limit=0.05,
    ),
    Kpi(
        name="carton-fill",
        title="Carton fill",
        unit=Unit.SHARE,
        better=Better.UP,
        numerator="volume of the articles in it",
        denominator="volume of the cartons packed in the day",
        source="packing stations, articles",
        exclusions="cartons and articles whose volume nobody knows",
        dimensions=(Dimension.STATION, Dimension.SKU),
    ),
    Kpi(
        name="satisfaction",
        title="Satisfaction",
        unit=Unit.COUNT,
        better=Better.UP,
        numerator="points given by customers, 1 to 5",
        denominator="customers who said something in the day",
        source="the customers' page",
        exclusions="nothing",
        dimensions=(Dimension.CHANNEL, Dimension.CARRIER),
        limit=4,
    ),
)
KPIS: tuple[Kpi, ...] = (*(_cycle(begin, end) for begin, end in CYCLES), *_OTHERS)
BY_NAME = {kpi.name: kpi for kpi in KPIS}
