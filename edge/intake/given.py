"""What a key of an order may say, whichever kind of order it is, and what is wrong with one that says something else.

Public names: Given, each_once, whole_number, problems_of, gtin, quantity, unshortened, Text, ProductName, OrderId,
External, TWICE, ID_LENGTH.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from edge.config.keys import said_at
from edge.config.problem import shown
from edge.core.values.text import one_line, plain_line
from edge.intake.keys import ID_LENGTH
from rfid.epc.identity import check_digit

_DIGITS = re.compile(r"[0-9]+")
_QUANTITY = re.compile(r"[0-9]{1,9}")
_SHORT = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{2,}")
"""A long number as spreadsheets show it, of which the last digits are lost."""
_LONGEST = 1_000
"""Digits: more than any text of an order may have, fewer than Python's limit."""
TWICE = object()
"""What stands for the value of a key that is there twice."""


def gtin(text: str) -> str:
    """The 14 digits of a GTIN. Raises ValueError."""
    digits = text.strip()
    if not _DIGITS.fullmatch(digits) or len(digits) not in (8, 12, 13, 14):
        raise ValueError("allowed is a GTIN with 8, 12, 13 or 14 digits")
    if digits[-1] != check_digit(digits[:-1]):
        raise ValueError(f"check digit {digits[-1]} must be {check_digit(digits[:-1])}")
    if not digits.strip("0"):
        raise ValueError("all zeros name nothing")
    return digits.zfill(14)


def quantity(given: object) -> object:
    """A quantity before pydantic makes a number of it, which takes more spellings. Raises ValueError."""
    if isinstance(given, bool | float) or (isinstance(given, str) and not _QUANTITY.fullmatch(given)):
        raise ValueError("allowed is a whole number in plain digits")
    return given


def unshortened(text: str) -> str:
    """A number that may be long. Raises ValueError for what a spreadsheet made of one."""
    if _SHORT.fullmatch(text):
        raise ValueError("a number that a spreadsheet shortened: format its column as text")
    return text


def _line(given: object) -> object:
    return plain_line(given) if isinstance(given, str) else given


Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(one_line)]
ProductName = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_line)]
OrderId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ID_LENGTH, pattern=r"^[^\s(][^\s]*$"),
    AfterValidator(one_line),
    AfterValidator(unshortened),
]
External = Annotated[Text, AfterValidator(unshortened)]


class Given(BaseModel):
    """An object of JSON: unknown keys and keys that stand twice are errors, ``null`` is absence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_once(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        for key, value in given.items():
            if value is TWICE:
                raise ValueError(f"key {shown(key)} stands twice: allowed is each key once")
        return {key: value for key, value in given.items() if value is not None}


def each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON, with `TWICE` at each key that it has twice; for `json.loads`."""
    made = dict(pairs)
    if len(made) < len(pairs):
        made |= {key: TWICE for key, count in Counter(key for key, _ in pairs).items() if count > 1}
    return made


def whole_number(digits: str) -> int | str:
    """A whole number of JSON; for `json.loads`. One that Python makes none of stays text, which no key takes at its
    length: so it is refused by its key.
    """
    return int(digits) if len(digits) <= _LONGEST else digits


def problems_of(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[str, str]]:
    """What ``model`` found: the key's path, as ``lines.0.gtin``, and the value with what is allowed."""
    items = error.errors(include_url=False)
    for item in items:
        depth = len(item["loc"])
        # Parts that are wrong are not counted by pydantic; that there are too few is then no problem of its own.
        if item["type"] == "too_short" and any(its["loc"][:depth] == item["loc"] for its in items if its is not item):
            continue
        where = ".".join(_part(part) for part in item["loc"])
        if item["type"] == "model_type":
            yield where, f"{type(item['input']).__name__}: allowed is an object with the keys of an order"
        else:
            yield where, said_at(model, item)


def _part(part: int | str) -> str:
    """A key of a path as it can be shown, whatever it holds."""
    text = str(part)
    return text if text.isprintable() and len(text) <= ID_LENGTH else shown(text)
