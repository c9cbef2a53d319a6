"""Texts that the code gives in English, in the words of every language: reasons, alarms, notices, troubles, refusals.

Public names: text_told, reason_told, GIVEN.

A text is known again by its English words among the words themselves (`edge.views.words`), and in English it stays as
it is. A journal keeps the words of its time: what is not known here, a device's own words, and an operating system's
are told as they stand there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from edge.views.words.phrase import Phrase, Word, phrase
from edge.views.words.table import WORDS

GIVEN: dict[str, str] = {code: row[0] for code, row in WORDS.items() if code.startswith(("given.", "why."))}
"""The English words that texts are known by, by their codes."""

_PLACE = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_TOLD = ("text", "side", "aside", "act")
"""Places of what is told again by itself, and stays as it is where it is not known."""
_KNOWN = ("known", "known_too")
"""The same, and without knowing it the whole is not known."""
_ONE_OF = {"phase": "given.phase.", "kinds": "given.found."}
"""Places of texts whose codes begin so, and of no others."""
_LISTS = ("acts", "kinds")
"""Places of a list, whose parts are told again by themselves."""
_BETWEEN = ", "
_FREE = ("words", "names", "others", "more", "wanted", "its", "takes", "path", "file", "since", "acts", *_TOLD, *_KNOWN)
"""Places that may hold anything; all others hold something without a blank."""
_NUMBERS = ("count", "number", "ms", "s", "most")
_LONGEST = 2_000
"""Characters of a text that is looked at, so that nobody's text keeps us busy."""
_DEEPEST = 6
"""A device, its address, a table, an exception, what it means: so deep are texts within texts."""


def text_told(text: str) -> Word:
    """A text of ours as a phrase; as it is, where it is not known."""
    return _told(text, _DEEPEST)


def reason_told(text: str) -> Word:
    """A reason as `edge.core` gives it, with all that may stand behind it after ``; ``."""
    return tuple(map(text_told, text.split("; "))) if "; " in text else text_told(text)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    made = [
        f"(?P<{part}>{_shape(part, first=not parts[0] and at == 1)})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    ]
    return re.compile("".join(made), re.DOTALL)


def _shape(place: str, *, first: bool) -> str:
    if place in _ONE_OF:
        one = "|".join(re.escape(words) for code, words in GIVEN.items() if code.startswith(_ONE_OF[place]))
        return f"(?:{one})(?:{_BETWEEN}(?:{one}))*" if place in _LISTS else one
    match place:
        case "of":  # a text behind another's end is no name
            return "[^;]+?"
        case "words" if first:  # nor is the name of who gave the text
            return "(?:(?!: ).)+?"
        case _ if place in _FREE:
            return ".+?"
        case _:
            return r"-?[\d.,]*\d" if place in _NUMBERS else r"\S*[^\s:;,]"


def _says(code: str) -> int:
    """How much of a text its own words are: what says most is looked for first."""
    return len(_PLACE.sub("", GIVEN[code]))


_OF, _BOTH = "given.of", "given.both"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, _pattern(GIVEN[code])) for code in sorted(GIVEN, key=_says, reverse=True) if code not in (_OF, _BOTH)
)
_NAMED = _pattern(GIVEN[_OF])


@lru_cache(4_096)
def _told(text: str, deep: int) -> Word:
    if not deep or len(text) > _LONGEST:
        return text
    for known, pattern in _PATTERNS:
        if (told := _by(known, pattern, text, deep)) is not None:
            return told
    if "; " in text:
        parts = tuple(_told(part, deep - 1) for part in text.split("; "))
        if any(isinstance(part, Phrase) for part in parts):
            return phrase("given.both", texts=parts)
    return _by(_OF, _NAMED, text, deep) or text


def _by(known: str, pattern: re.Pattern[str], text: str, deep: int) -> Phrase | None:
    if (found := pattern.fullmatch(text)) is None:
        return None
    values = {place: _value(place, one, deep - 1) for place, one in found.groupdict().items()}
    if not all(isinstance(values[place], Phrase) for place in _KNOWN if place in values):
        return None
    ours, name = known.startswith("given."), known.partition(".")[2]
    code = f"given.{name}" if ours else f"why.{name}"
    return Phrase(code, values)


def _value(place: str, text: str, deep: int) -> Word:
    if place in _LISTS:
        return tuple(_told(part, deep) for part in text.split(_BETWEEN))
    return _told(text, deep) if place in (*_TOLD, *_KNOWN, *_ONE_OF) else text
