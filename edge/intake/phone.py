"""Phones as shops and marketplaces write them: with extensions, masks and numbers that stand for another one.

Public names: Phone, read_phone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

import phonenumbers

_MASKED = re.compile(r"[*•●×∗]|\d[xX]{2,}")
_EXTENSION = re.compile(
    r"(?:转|轉|分机|分機|内线|內線|extension|ext|x|#)\s*[.:号號]?\s*(\d{1,8})\s*$",
    re.IGNORECASE,
)
_DASHED = re.compile(r"-\s*(\d{1,6})\s*$")
_SEVERAL = re.compile(r"[/;、|]")
_VIRTUAL_DIGITS = 3
"""A mobile phone has no extension: so many digits behind its number are a marketplace's, which leads to another one."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it was understood. ``number``: E.164, empty = it could not be read, or not all of it is there.

    ``masked``: digits are hidden. ``virtual``: a marketplace's number that stands for the customer's and expires.
    """

    number: str = ""
    extension: str = ""
    masked: bool = False
    virtual: bool = False


@lru_cache(maxsize=4096)
def read_phone(text: str, country: str) -> Phone:
    """The first number in a text that is one. ``country``: two letters, for numbers without theirs; empty = unknown.

    Extensions and masks are taken off before the library looks: it makes one number of ``0755-26712345-803`` and a
    possible one of ``138****8000``.
    """
    if not text:
        return Phone()
    plain = normalize("NFKC", text).replace("–", "-").replace("—", "-").strip()
    if _MASKED.search(plain):
        return Phone(masked=True)
    read = [_read(part, country) for part in _SEVERAL.split(plain)]
    return next((phone for phone in read if phone.number), Phone())


def _read(text: str, country: str) -> Phone:
    if found := _EXTENSION.search(text):
        return _with_extension(text[: found.start()], found[1], country)
    if number := _valid(text, country):
        return Phone(_e164(number), number.extension or "")
    if found := _DASHED.search(text):
        return _with_extension(text[: found.start()], found[1], country)
    return Phone()


def _with_extension(text: str, extension: str, country: str) -> Phone:
    number = _valid(text.rstrip(" ,.-("), country)
    if number is None:
        return Phone()
    mobile = phonenumbers.number_type(number) is phonenumbers.PhoneNumberType.MOBILE
    return Phone(_e164(number), extension, virtual=mobile and len(extension) >= _VIRTUAL_DIGITS)


def _valid(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
