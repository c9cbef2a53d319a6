"""Key figures as people read them: values with their units, a line over the days, causes in order, shifts.

Public names: KpiRow, MemberRow, ShiftReport, ShiftRow, Price, said_value, rows_of, members_of, shift_report,
trend_line, meaning_of, of_dimension, of_cause, is_bad.

Pure. A line over the days is drawn in a box of 120 by 24; where a day has no value there is a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from edge.orders.kpis import KPIS, Better, Dimension, Figure, Kpi, Unit
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import WORDS

Price: TypeAlias = Callable[[int], str]
"""How an amount in minor units is shown, with its currency."""

WIDTH, HEIGHT = 120, 24
_PAD = 2
_CAUSES = 12
_NO_CAUSES = ("late-forecast",)
"""Its reasons are those of what was foretold."""
_COUNTED = frozenset(kpi.name for kpi in KPIS if kpi.unit in (Unit.SHARE, Unit.COUNT))
"""The numerators of others are no numbers of things."""
_HOUR_US, _MINUTE_US = 3_600_000_000, 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """A figure of the site on its newest day, the day before, and over all days. ``bad``: on its limit's wrong side."""

    kpi: Kpi
    title: Word
    value: Word
    before: Word
    counted: Word
    limit: Word
    p90: Word
    bad: bool
    line: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A member of a dimension, by its code and as it is said. ``share``, ``upto``: of causes, their part of all, and
    of those up to here.
    """

    member: str
    title: Word
    value: Word
    counted: Word
    bad: bool
    share: str = ""
    upto: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """A figure of a shift, and of the same shift a day before."""

    title: Word
    value: Word
    before: Word
    counted: Word
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftReport:
    """``causes``: figure, cause, how often, the most frequent first."""

    shift: str
    day: str
    begin_us: int
    end_us: int
    goes_on: bool
    rows: tuple[ShiftRow, ...]
    causes: tuple[tuple[Word, Word, int], ...]


def said_value(kpi: Kpi, value: float | None, price: Price = str) -> Word:
    """A value with its unit; empty = there is none. ``price``: by default amounts are minor units."""
    if value is None:
        return ""
    match kpi.unit:
        case Unit.SHARE:
            return f"{value * 100:.1f} %"
        case Unit.TIME:
            return _lasted(value)
        case Unit.MONEY:
            return price(round(value))
        case Unit.COUNT:
            return f"{value:.2f}"
        case _:
            assert_never(kpi.unit)


def _lasted(us: float) -> Word:
    if us >= 2 * _HOUR_US:
        return phrase("kpi.hours", value=f"{us / _HOUR_US:.1f}")
    if us >= 2 * _MINUTE_US:
        return phrase("kpi.minutes", value=f"{us / _MINUTE_US:.1f}")
    return phrase("kpi.seconds", value=f"{us / 1_000_000:.1f}")


def is_bad(kpi: Kpi, value: float | None) -> bool:
    """Whether people should look."""
    if kpi.limit is None or value is None:
        return False
    return value < kpi.limit if kpi.better is Better.UP else value > kpi.limit


def _counted(kpi: Kpi, its: Figure | None) -> Word:
    if its is None:
        return ""
    if kpi.unit is Unit.SHARE:
        return phrase("kpi.of", numerator=its.numerator, denominator=its.denominator)
    return phrase("kpi.count", count=its.denominator)


def rows_of(
    days: Sequence[str],
    figures: Mapping[tuple[str, str], Figure],
    kpis: Iterable[Kpi] = KPIS,
    price: Price = str,
) -> list[KpiRow]:
    """A row for each figure that any of the days has. ``figures``: of the site, by day and name."""
    found = []
    for kpi in kpis:
        over = [figures.get((day, kpi.name)) for day in days]
        if not any(over):
            continue
        now, before = over[-1], over[-2] if len(over) > 1 else None
        value = now.value if now else None
        found.append(
            KpiRow(
                kpi=kpi,
                title=phrase(f"kpi.title.{kpi.name}"),
                value=said_value(kpi, value, price),
                before=said_value(kpi, before.value if before else None, price),
                counted=_counted(kpi, now),
                limit=said_value(kpi, kpi.limit),
                p90=said_value(kpi, now.p90) if now and now.p90 is not None else "",
                bad=is_bad(kpi, value),
                line=trend_line([one.value if one else None for one in over]),
            )
        )
    return found


def trend_line(values: Sequence[float | None]) -> tuple[str, ...]:
    """Points of an SVG polyline for each run of days that have a value; none of one day alone."""
    known = [one for one in values if one is not None]
    if len(known) < 2:
        return ()
    low, high = min(known), max(known)
    runs: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        x = _PAD + (WIDTH - 2 * _PAD) * at / max(1, len(values) - 1)
        y = HEIGHT / 2 if high == low else HEIGHT - _PAD - (HEIGHT - 2 * _PAD) * (value - low) / (high - low)
        runs[-1].append(f"{x:.1f},{y:.1f}")
    return tuple(" ".join(run if len(run) > 1 else run * 2) for run in runs if run)


def members_of(kpi: Kpi, by: Dimension, figures: Sequence[Figure], price: Price = str) -> list[MemberRow]:
    """The members of a dimension: hours in order, causes with their shares, else the worst first."""
    if by is Dimension.HOUR:
        ordered = sorted(figures, key=lambda one: one.member)
    elif by is Dimension.REASON:
        ordered = sorted(figures, key=lambda one: (-one.numerator, one.member))
    else:
        sign = 1 if kpi.better is Better.UP else -1
        ordered = sorted(figures, key=lambda one: (sign * (one.value or 0.0), one.member))
    whole, upto = sum(one.numerator for one in ordered), 0
    rows = []
    for one in ordered:
        upto += one.numerator
        shares = (
            (f"{one.numerator / whole:.0%}", f"{upto / whole:.0%}") if by is Dimension.REASON and whole else ("", "")
        )
        rows.append(
            MemberRow(
                member=one.member,
                title=of_cause(kpi.name, one.member) if by is Dimension.REASON else one.member,
                value=said_value(kpi, one.value, price),
                counted=_counted(kpi, one),
                bad=by is not Dimension.REASON and is_bad(kpi, one.value),
                share=shares[0],
                upto=shares[1],
            )
        )
    return rows


def shift_report(
    shift: str,
    day: str,
    span: tuple[int, int],
    now_us: int,
    figures: Sequence[Figure],
    before: Sequence[Figure],
    price: Price = str,
) -> ShiftReport:
    """What a shift gave. ``figures``, ``before``: of it and of the same one a day before, of all dimensions."""
    whole = {one.kpi: one for one in figures if one.dimension is Dimension.SITE}
    earlier = {one.kpi: one.value for one in before if one.dimension is Dimension.SITE}
    causes = [
        one
        for one in figures
        if one.dimension is Dimension.REASON and one.numerator and one.kpi in _COUNTED and one.kpi not in _NO_CAUSES
    ]
    rows = tuple(
        ShiftRow(
            title=phrase(f"kpi.title.{kpi.name}"),
            value=said_value(kpi, its.value, price),
            before=said_value(kpi, earlier.get(kpi.name), price),
            counted=_counted(kpi, its),
            bad=is_bad(kpi, its.value),
        )
        for kpi in KPIS
        if (its := whole.get(kpi.name)) is not None
    )
    return ShiftReport(
        shift=shift,
        day=day,
        begin_us=span[0],
        end_us=span[1],
        goes_on=now_us < span[1],
        rows=rows,
        causes=tuple(
            (phrase(f"kpi.title.{one.kpi}"), of_cause(one.kpi, one.member), one.numerator)
            for one in sorted(causes, key=lambda one: (-one.numerator, one.kpi, one.member))[:_CAUSES]
        ),
    )


def meaning_of(kpi: Kpi) -> list[tuple[str, Word]]:
    """What a figure counts: the code of a heading, and what stands under it."""
    return [
        ("kpi.numerator", phrase(f"kpi.numerator.{kpi.name}")),
        ("kpi.denominator", phrase(f"kpi.denominator.{kpi.name}")),
        ("kpi.source", phrase(f"kpi.source.{kpi.name}")),
        ("kpi.exclusions", phrase(f"kpi.exclusions.{kpi.name}")),
        ("kpi.better", phrase(f"kpi.better.{kpi.better}")),
    ]


def of_dimension(by: Dimension) -> Word:
    """What a dimension is called."""
    return phrase(f"kpi.by.{by}")


def of_cause(kpi: str, code: str) -> Word:
    """A cause of a figure in words; what somebody wrote stays as it is."""
    match kpi:
        case "held":
            rule = "person" if code == "by-hand" else code
            said = phrase(f"rule.{rule}")
        case "short":
            said = phrase(f"pick.short.{code}")
        case "late-forecast":
            said = phrase(f"late.{code}")
        case _:
            said = phrase(f"kpi.cause.{code}")
            said = said if said.code in WORDS else phrase(f"case.class.{code}")
    return said if said.code in WORDS else code
