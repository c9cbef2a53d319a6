"""What is said, without its words: a code, and the values that belong into its places.

Public names: Phrase, Word, phrase, note, switched, Rows, places, fill.

A row of words has its places in braces: ``{name}`` stands for a value; ``{name:, }`` for a list of values, with what
is written between them behind the colon. A value may be a phrase itself. What is said only sometimes is a list of
phrases that is shorter or empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Word: TypeAlias = "str | int | Phrase | tuple[Word, ...]"
else:  # as the API describes itself: words may stand in words
    Word = Any
Rows: TypeAlias = dict[str, tuple[str, str]]
"""By code: the words in English and in Chinese."""

_PLACE = re.compile(r"\{(\w+)(?::([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """``values``: by the names of the places that the code's words have, in every language the same."""

    code: str
    values: dict[str, Word]


def phrase(code: str, /, **values: Word) -> Phrase:
    """A phrase."""
    return Phrase(code, values)


def note(text: Word) -> tuple[Phrase, ...]:
    """What is said behind a sentence in brackets, if anything."""
    return (phrase("note", text=text),) if text else ()


def switched(on: bool) -> Phrase:
    """On or off."""
    return phrase("points.on" if on else "points.off")


def places(words: str) -> set[str]:
    """The names of the places in words."""
    return {place[1] for place in _PLACE.finditer(words)}


def fill(word: Word, rows: Rows, column: int, between: str = "") -> str:
    """A word with the phrases inside it. Raises KeyError for a code that has no row, or a place that has no value."""
    match word:
        case Phrase(code=code, values=values):
            return _PLACE.sub(lambda place: fill(values[place[1]], rows, column, place[2] or ""), rows[code][column])
        case tuple():
            return between.join(fill(one, rows, column) for one in word)
        case _:
            return str(word)
