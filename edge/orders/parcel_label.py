"""A parcel's label: what stands on it, and where, for every printer alike.

Public names: ParcelLabel, ReturnLabel, Paper, LabelWords, Stroke, Text, Bars, Code, Element, drawn, drawn_return,
MODULE_MM.

All measures in millimetres from the upper left. Lines are broken here, by widths that no usual font exceeds: a full
width for Chinese, Japanese and Korean characters, six tenths for all others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edge.orders.sscc import spaced

MODULE_MM = 0.5
"""Width of the thinnest bar: GS1 asks for 0.495 mm at least on logistic units."""
_MODULES = 156
_LEAST_MM = 2.2
_LEADING = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLabel:
    """``sscc``: 18 digits; ``prefix``: the company's part of it; ``tag``: hexadecimal of its tag, empty = none is
    written. ``consignee``: the lines of an address; ``cod``: what the carrier is to collect, with its currency.
    """

    sscc: str
    prefix: str
    order: str
    carrier: str
    service: str
    tag: str = ""
    piece: int = 1
    pieces: int = 1
    sender: tuple[str, ...] = ()
    consignee: tuple[str, ...] = ()
    cod: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """How large labels are, and how fine a printer's dots."""

    width_mm: int = 100
    height_mm: int = 150
    dots_mm: int = 8


@dataclass(frozen=True, slots=True)
class Text:
    """A line; ``y``: its upper edge, ``size``: of its font."""

    x: float
    y: float
    size: float
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The SSCC as GS1-128, with modules of MODULE_MM."""

    x: float
    y: float
    height: float
    sscc: str


@dataclass(frozen=True, slots=True)
class Code:
    """A short name as Code 128, set B, across the middle of the paper, with modules of MODULE_MM."""

    x: float
    y: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line across."""

    x: float
    y: float
    width: float


Element: TypeAlias = Text | Bars | Code | Stroke


@dataclass(frozen=True, slots=True)
class LabelWords:
    """What a label says of its order and of what is to be collected, in its reader's language."""

    order: str
    cod: str


@dataclass(frozen=True, slots=True)
class ReturnLabel:
    """``number``: of the return; ``house``: the lines of where it goes. Who sends it is not on it."""

    number: str
    order: str
    house: tuple[str, ...] = ()


def drawn_return(label: ReturnLabel, paper: Paper, title: str, order: str) -> Iterator[Element]:
    """Everything that stands on a return's label; ``title`` and ``order``: in its reader's language."""
    wide, high, edge = paper.width_mm - 8, paper.height_mm / 150, 4.0
    yield from _block([title], edge, 6 * high, wide, 12 * high, 7)
    yield Stroke(edge, 20 * high, wide)
    yield from _block(label.house, edge, 24 * high, wide, 44 * high, 7)
    yield Stroke(edge, 70 * high, wide)
    yield from _block([order], edge, 73 * high, wide, 8 * high, 4)
    across = (paper.width_mm - (11 * (len(label.number) + 3) + 2) * MODULE_MM) / 2
    yield Code(max(edge, across), 90 * high, 36 * high, label.number)
    yield Text(max(edge, (paper.width_mm - len(label.number) * 3.4) / 2), 130 * high, 7, label.number)


def drawn(label: ParcelLabel, paper: Paper, words: LabelWords) -> Iterator[Element]:
    """Everything that stands on a label."""
    wide, high, edge = paper.width_mm - 8, paper.height_mm / 150, 4.0
    yield from _block(label.sender, edge, 4 * high, wide, 9 * high, 3)
    yield Stroke(edge, 14 * high, wide)
    service = " / ".join(filter(None, (label.carrier, label.service)))
    yield from _block([service], edge, 16 * high, wide - 28, 15 * high, 7)
    yield from _block([f"{label.piece}/{label.pieces}"], edge + wide - 26, 16 * high, 26, 15 * high, 6)
    yield Stroke(edge, 32 * high, wide)
    yield from _block(label.consignee, edge, 34 * high, wide, 50 * high, 5.5)
    yield Stroke(edge, 86 * high, wide)
    yield from _block([words.order], edge, 88 * high, wide, 7 * high, 4)
    if label.cod:
        yield from _block([words.cod], edge, 96 * high, wide, 7 * high, 5.5)
    across = (paper.width_mm - _MODULES * MODULE_MM) / 2
    yield Bars(across, 105 * high, 30 * high, label.sscc)
    number = spaced(label.sscc, label.prefix)
    yield Text(max(edge, (paper.width_mm - len(number) * 2.2) / 2), 138 * high, 4.5, number)


def _block(lines: Sequence[str], x: float, y: float, width: float, height: float, largest: float) -> Iterator[Text]:
    """Lines in the largest font that has room for all of them; of what has none in the smallest the last are left."""
    size = largest
    while True:
        broken = [part for line in lines for part in _broken(line, width / size)]
        if len(broken) * size * _LEADING <= height or size <= _LEAST_MM:
            break
        size = max(_LEAST_MM, size * 0.92)
    fits = max(1, int(height / (size * _LEADING)))
    for at, text in enumerate(broken[:fits]):
        yield Text(x, y + at * size * _LEADING, size, text)


def _broken(text: str, width: float) -> list[str]:
    """A text in lines of so many widths of a font: between words, or anywhere where one is too long."""
    whole = text.rstrip()
    if _width(whole) <= width:
        return [whole] if whole.strip() else []
    lines, line = [], ""
    for word in _words(text):
        if _width(line + word.rstrip()) <= width:
            line += word
            continue
        if line:
            lines.append(line.rstrip())
        line = ""
        for one in word:
            if _width(line + one) > width:
                lines.append(line)
                line = ""
            line += one
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    """Where a line may end: behind blanks, and behind every character of a full width."""
    word = ""
    for one in text:
        word += one
        if one == " " or _width(one) == 1:
            yield word
            word = ""
    if word:
        yield word


def _width(text: str) -> float:
    if text.isascii():
        return 0.6 * len(text)
    return sum(
        0.0 if unicodedata.combining(one) else 1.0 if unicodedata.east_asian_width(one) in "WF" else 0.6 for one in text
    )
