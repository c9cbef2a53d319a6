"""What is wrong with a configuration, or with a file that it names.

Public names: ConfigError, said_of, unknown, shown, first_of, MISSING, UNKNOWN, LISTED.

Needs nothing but Python: a script that runs before anything is installed uses it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

MISSING = "missing: this key is required"
UNKNOWN = "unknown key: remove it or correct its spelling"
LISTED = 100
"""So many problems of one input are told; of the others, how many there are."""
_SHOWN = 80


class ConfigError(Exception):
    """A configuration that cannot be used. ``problems``: one line each, ``path: value: what is allowed``.

    ``lines``: where in the file each stands, None = nowhere; empty = nobody looked.
    """

    def __init__(self, file: Path, problems: list[str], lines: Sequence[int | None] = ()) -> None:
        self.file = file
        self.problems = problems
        self.lines = tuple(lines)
        where = [f"{file}" if line is None else f"{file}:{line}" for line in lines or [None] * len(problems)]
        super().__init__("\n".join(f"{at}: {problem}" for at, problem in zip(where, problems, strict=True)))


def said_of(problem: Mapping[str, Any]) -> str:
    """One of the errors that a model of pydantic found, without its key: the value, and what is allowed."""
    if problem["type"] == "missing":
        return MISSING
    if problem["type"] == "extra_forbidden":
        return UNKNOWN
    text = str(problem["msg"]).removeprefix("Value error, ")
    text = text if text[:2].isupper() else f"{text[:1].lower()}{text[1:]}"
    return f"{shown(problem['input'])}: {text}"


def unknown(key: str, known: Iterable[str], what: str = "key") -> str:
    """What is said of a key that there is not: the one that may be meant, and those that are known, if any."""
    listed = list(known)
    near = "".join(f"did you mean {one!r}? " for one in get_close_matches(key, listed, n=1))
    return f"unknown {what}: {near}allowed: {', '.join(listed)}" if listed else UNKNOWN


def shown(value: object) -> str:
    """A value as a problem tells it: its beginning, or its type where it has parts; never a password in a URL."""
    text = repr(value) if value is None or isinstance(value, (str, int, float)) else type(value).__name__
    text = re.sub(r"(://[^:/@]*:)[^/]*@", r"\1***@", text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def first_of(problems: Iterable[str]) -> tuple[str, ...]:
    """The first `LISTED` of them, and then how many more there are; none of those is kept."""
    rest = iter(problems)
    listed = tuple(islice(rest, LISTED))
    more = sum(1 for _ in rest)
    return (*listed, f"and {more:,} more problems like these") if more else listed
