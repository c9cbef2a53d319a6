"""What a page shows by which somebody might look for something: every number and name that is a thing's.

Public names: numbers_on.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

NAMED = re.compile(r"\(?[A-Za-z0-9#(\u2026][\w()#/:.@%~\u2026-]*[0-9]{4}[\w()/#~-]*")
"""A word with four digits in a row or more."""
NO_NAME = re.compile(
    r"(?:19|20)\d\d-\d\d(?:-\d\d)?(?:T.*)?|[\d.,]+\s*[A-Z]{3}|\+?\d{1,3}[\d-]{6,}|\d+\.\d+|\w+@\d{4}-.*", re.ASCII
)
"""Times, amounts, and phones, which are looked for by right."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("input", "meta", "link", "img", "br"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "main" in self._inside and not {"time", "option", "address"} & {*self._inside}:
            self.found |= {word: None for word in NAMED.findall(data) if not NO_NAME.fullmatch(word)}


def numbers_on(page: str) -> list[str]:
    """The numbers of things that a rendered page shows, in order."""
    reader = _Text()
    reader.feed(page)
    return list(reader.found)
