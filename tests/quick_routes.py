"""The api's routes without their wait: pydantic compiles what they take and give once a process.

Most tests of the api begin with a new application, whose 200 routes have the same types as those of the one before.
Public names: adapter.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

_made: dict[object, TypeAdapter[Any]] = {}


def adapter(its: Any, *, config: Any = None) -> TypeAdapter[Any]:
    """Instead of ``TypeAdapter`` in FastAPI's fields.

    What a repr names by its address lives as long as the adapter, so that nothing else gets that address.
    """
    annotation = get_args(its)[0]
    key = (annotation, *(repr(one) for one in (annotation, *its.__metadata__, config)))
    if key not in _made:
        _made[key] = TypeAdapter(its, config=config)
    return _made[key]
