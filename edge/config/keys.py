"""Which keys may stand at a place of a file or body that a model of pydantic describes.

Public names: keys_at, said_at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from edge.config.problem import said_of, unknown


def keys_at(model: Any, place: Sequence[int | str]) -> list[str]:
    """The keys of the table at a place, as pydantic tells places, in its model's order; empty = no table.

    ``model``: of the whole, a table or several in a list.
    """
    kinds: list[Any] = [model]
    for part in place:
        kinds = [inner for kind in kinds for inner in _within(kind, part)]
    tables = [table for kind in kinds for table in _tables(kind)]
    return list(dict.fromkeys(field.alias or key for table in tables for key, field in table.model_fields.items()))


def said_at(model: Any, problem: Mapping[str, Any]) -> str:
    """As `said_of`; and of a key that there is not, the one that may be meant, and those that there are."""
    if problem["type"] != "extra_forbidden":
        return said_of(problem)
    place = problem["loc"]
    return unknown(str(place[-1]), keys_at(model, place[:-1]))


def _within(kind: Any, part: int | str) -> Iterator[Any]:
    """What a type has at one part of a place, which is a key, a number, or what tells tables of a union apart."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from (field.annotation for key, field in kind.model_fields.items() if part in (key, field.alias))
    elif get_origin(kind) is dict:
        yield get_args(kind)[1]
    elif get_origin(kind) in (tuple, list, Sequence):
        yield from get_args(kind)
    elif told := [table for table in _tables(kind) if part in _tags(table)]:
        yield from told
    else:
        for inner in get_args(kind):
            yield from _within(inner, part)


def _tables(kind: Any) -> Iterator[type[BaseModel]]:
    """The tables that a type may be."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) not in (dict, tuple, list, Sequence):
        for inner in get_args(kind):
            yield from _tables(inner)


def _tags(table: type[BaseModel]) -> set[Any]:
    """What the keys ``driver`` and ``kind`` of a table may say, which tell it from others."""
    fields = (table.model_fields.get(key) for key in ("driver", "kind"))
    return {value for field in fields if field is not None for value in get_args(field.annotation)}
