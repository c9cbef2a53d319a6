"""The English texts of some code, as it could give them, with something in their places; and words as they are sent."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

from edge.views.words.phrase import Phrase, Word

UNFIT = ("ValueError", "ConfigError", "EpcError", "TypeError", "KeyError", "LlrpError", "JournalError")
"""Whoever raises these tells of what he was given, a file or an argument, and not of a device."""
ASIDE = (
    *("Sample", "info", "warning", "error", "exception", "debug", "critical"),
    *("execute", "executescript", "executemany", "compile", "TypeVar", "Thread", "ThreadPoolExecutor"),
)
"""Calls whose texts stand on no page: numbers for Prometheus, the log, SQL, names of threads."""
FILLED = ("7", "not connected")
"""What may stand in a place: a value, or a text that is told by itself."""
_MOST = 256


def texts(path: Path, within: Collection[str] = ()) -> Iterator[ast.expr]:
    """Every text of a file that has two words, or one and a place; not what is raised as UNFIT, nor ASIDE, nor SQL.

    ``within``: only what stands in calls of these names; empty = all.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left: set[ast.AST] = set()
    inside: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                left.add(docstring)
            case ast.Raise(exc=ast.Call(func=ast.Name(name))) if name in UNFIT and not within:
                left.update(ast.walk(node))
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)):
                left.update(ast.walk(node) if name in ASIDE else ())
                inside.update(ast.walk(node) if name in within else ())
            case ast.JoinedStr(values=parts):
                left.update(one for one in parts if isinstance(one, ast.Constant))
                formats = [one.format_spec for one in parts if isinstance(one, ast.FormattedValue)]
                left.update(one for part in formats if part is not None for one in ast.walk(part))
            case _:
                pass
    for node in ast.walk(tree):
        said = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if said and node not in left and (not within or node in inside):
            assert isinstance(node, ast.expr)
            if _speaks(next(filled(node)), 2 - isinstance(node, ast.JoinedStr)):
                yield node


def filled(node: ast.expr) -> Iterator[str]:
    """A text with something in each place; where it chooses between texts, each of them."""
    yield from islice(("".join(parts) for parts in product(*_parts(node))), _MOST)


def word_of(sent: Any) -> Word:
    """A word as the api sent it in JSON."""
    match sent:
        case {"code": code, "values": values}:
            return Phrase(code, {name: word_of(value) for name, value in values.items()})
        case list():
            return tuple(map(word_of, sent))
        case _:
            return str(sent)


def _speaks(text: str, least: int) -> bool:
    words = [word.strip(",:;.()'") for word in text.split()]
    said = [word for word in words if word.isalpha() and not word.isupper() and len(word) > 2 - (least > 1)]
    return (
        len(said) >= least
        and " " in text.strip()
        and not text.lstrip().startswith(("SELECT ", "INSERT ", "DELETE ", "UPDATE ", "CREATE ", "BEGIN;"))
    )


def _parts(node: ast.expr) -> Iterator[tuple[str, ...]]:
    if isinstance(node, ast.Constant):
        yield (str(node.value),)
        return
    assert isinstance(node, ast.JoinedStr)
    for part in node.values:
        match part:
            case ast.Constant(value=text):
                yield (str(text),)
            case ast.FormattedValue(value=ast.IfExp(body=ast.Constant(value=one), orelse=ast.Constant(value=other))):
                yield str(one), str(other)
            case _:
                yield FILLED
