"""EPC patterns: which tags are meant, and into which groups they fall. Pure.

Public names: EpcPattern, pattern, PatternError, Fields, fields_of.

``urn:epc:pat:SCHEME:FIELDS`` speaks of tags, filter value first (``urn:epc:pat:sgtin-96:3.0614141.[0-199999].*``),
``urn:epc:idpat:KIND:FIELDS`` of what they name (``urn:epc:idpat:sgtin:0614141.*.*``). A field is a value, ``*`` for
any, ``[low-high]`` for a range of decimal numbers, both ends included, or in grouping ``X``: a group for each value.
What is no EPC of the pattern's scheme or kind does not match.

Source: GS1 Application Level Events 1.1.1 part 1, clauses 6.2.1.3 and 8.2.9; GS1 EPC Tag Data Standard 2.3, clause 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from rfid.epc.identity import EpcError, decode

_PATTERN = re.compile(r"urn:epc:(pat|idpat):([a-z0-9+-]+):(.+)")
_RANGE = re.compile(r"\[(\d{1,40})-(\d{1,40})\]")
_ALLOWED = "urn:epc:pat:SCHEME:FIELDS or urn:epc:idpat:KIND:FIELDS, as urn:epc:pat:sgtin-96:*.0614141.[0-999].*"

Fields: TypeAlias = tuple[tuple[str, str, str], ...]
"""What a tag is: for each URI it has, ``pat`` or ``idpat``, scheme or kind, and the fields as they stand there."""


class PatternError(ValueError):
    """A text that is no EPC pattern: what and what is allowed."""


@lru_cache(maxsize=1 << 16)
def fields_of(epc_hex: str) -> Fields:
    """A tag's fields; empty for what is no EPC."""
    try:
        tag = decode(epc_hex)
    except EpcError:
        return ()
    found = []
    for uri in (tag.tag_uri, tag.uri):
        if uri is not None:
            _, _, form, rest = uri.split(":", 3)
            scheme, _, fields = rest.partition(":")
            found.append(("pat" if form == "tag" else "idpat", scheme, fields))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class EpcPattern:
    """One pattern. ``fields``: literals, ``*``, ``X``, or a range as its two ends. Made by ``pattern``."""

    form: str
    scheme: str
    fields: tuple[str | tuple[int, int], ...]

    def __str__(self) -> str:
        fields = (one if isinstance(one, str) else f"[{one[0]}-{one[1]}]" for one in self.fields)
        return f"urn:epc:{self.form}:{self.scheme}:{'.'.join(fields)}"

    def matches(self, tag: Fields) -> bool:
        """Whether a tag is meant."""
        return self.group(tag) is not None

    def group(self, tag: Fields) -> str | None:
        """The name of the tag's group, the pattern with its value for each ``X``; None where it does not match."""
        values = self._values(tag)
        if values is None:
            return None
        named = []
        for wanted, value in zip(self.fields, values, strict=True):
            match wanted:
                case (low, high):
                    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
                        return None
                    named.append(f"[{low}-{high}]")
                case "*":
                    named.append("*")
                case "X":
                    named.append(value)
                case _:
                    if value != wanted:
                        return None
                    named.append(value)
        return f"urn:epc:{self.form}:{self.scheme}:{'.'.join(named)}"

    def _values(self, tag: Fields) -> list[str] | None:
        for form, scheme, text in tag:
            if (form, scheme) == (self.form, self.scheme):
                values = text.split(".", len(self.fields) - 1)  # a serial may itself hold dots
                return values if len(values) == len(self.fields) else None
        return None


def pattern(text: str, *, grouping: bool = False) -> EpcPattern:
    """A pattern from its URI. ``grouping``: ``X`` is allowed. Raises PatternError."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise PatternError(f"{text!r} is no EPC pattern: write {_ALLOWED}")
    fields: list[str | tuple[int, int]] = []
    for place, one in enumerate(found[3].split("."), 1):
        span = _RANGE.fullmatch(one)
        if span is not None:
            low, high = int(span[1]), int(span[2])
            if low > high:
                raise PatternError(f"{text!r}: field {place}: {one}: {low} is above {high}")
            fields.append((low, high))
        elif one == "X" and not grouping:
            raise PatternError(f"{text!r}: field {place}: X is for groups, write * for any value")
        elif not one or (re.search(r"[\[\]*]", one) and one != "*"):
            raise PatternError(
                f"{text!r}: field {place}: {one!r} is no value, *, [low-high]{' or X' if grouping else ''}"
            )
        else:
            fields.append(one)
    return EpcPattern(found[1], found[2], tuple(fields))
