"""Where each key of a TOML file stands.

Public names: places_of.

Source: TOML 1.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLANK = re.compile(r"(?:[\s,]|#[^\n]*)*")
_PART = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'|([A-Za-z0-9_-]+)")
_TEXT = re.compile(r'"""(?:[^\\]|\\.)*?"""+|\'\'\'.*?\'\'\'+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_BARE = re.compile(r"[^,\]}\n#]+")


def places_of(text: str) -> Mapping[str, int]:
    """Lines, counted from 1, by the keys' paths, ``line.sorter.lane.0.number``; of text that tomllib takes."""
    return _Scan(text).places


class _Scan:
    def __init__(self, text: str) -> None:
        self.places: dict[str, int] = {}
        self._text = text
        self._at = 0
        self._newest: dict[str, int] = {}
        self._document()

    def _document(self) -> None:
        table = ""
        while self._skip():
            if self._text[self._at] != "[":
                self._pair(table)
                continue
            many = self._text.startswith("[[", self._at)
            line = self._line()
            self._at += 1 + many
            self._skip()
            table = self._key()
            self._at = self._text.index("]", self._at) + 1 + many
            if many:
                table = f"{table}.{self._newest.setdefault(table, -1) + 1}"
                self._newest[table.rpartition(".")[0]] += 1
            self._note(table, line)

    def _pair(self, table: str) -> None:
        line = self._line()
        path = self._key(table)
        self._note(path, line)
        self._at = self._text.index("=", self._at) + 1
        self._value(path)

    def _value(self, path: str) -> None:
        self._skip()
        opening = self._text[self._at]
        if opening in "[{":
            self._at += 1
            index = 0
            while self._skip() and self._text[self._at] not in "]}":
                if opening == "{":
                    self._pair(path)
                else:
                    self._note(f"{path}.{index}", self._line())
                    self._value(f"{path}.{index}")
                    index += 1
            self._at += 1
        elif (value := _TEXT.match(self._text, self._at) or _BARE.match(self._text, self._at)) is not None:
            self._at = value.end()

    def _key(self, table: str = "") -> str:
        """A dotted key behind that of its table; the newest entry of each array of tables on the way."""
        path = table
        while (part := _PART.match(self._text, self._at)) is not None:
            if path in self._newest:
                path = f"{path}.{self._newest[path]}"
            path = f"{path}.{part[1] or part[2] or part[3] or ''}".lstrip(".")
            self._at = part.end()
            dot = _DOT.match(self._text, self._at)
            if dot is None:
                break
            self._at = dot.end()
        return path

    def _skip(self) -> bool:
        blank = _BLANK.match(self._text, self._at)
        self._at = self._at if blank is None else blank.end()
        return self._at < len(self._text)

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _note(self, path: str, line: int) -> None:
        self.places.setdefault(path, line)
        while (path := path.rpartition(".")[0]) and path not in self.places:
            self.places[path] = line
