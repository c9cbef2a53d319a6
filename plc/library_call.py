"""Calls of libraries that may lose a cancellation.

Public names: heeded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def heeded(call: Awaitable[T]) -> T:
    """The call's result, or CancelledError where its task was cancelled meanwhile.

    ``asyncio.wait_for`` of Python 3.11, by which asyncua asks, forgets a cancellation that comes in the same turn of
    the loop as the result; the task goes on, and nobody tells it again. Source: CPython gh-86296.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    result = await call
    if task.cancelling() > before:
        raise asyncio.CancelledError
    return result
