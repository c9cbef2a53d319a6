"""One sender, many listeners, none of whom can hold up the others.

Public names: Hub, event.

A listener gets a whole picture first and then what changes. One who is too slow to take what changes gets a whole
picture again instead.
Source: HTML Living Standard, 9.2 Server-sent events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

QUEUE = 64
"""Messages that may wait for one listener; at ten a second, six seconds."""


def event(kind: str, body: bytes) -> bytes:
    """One server-sent event. ``body``: JSON in one line."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), body)


class Hub:
    """Sends to all listeners. ``picture``: makes the messages that a listener begins with."""

    def __init__(self, picture: Callable[[], bytes]) -> None:
        self._picture = picture
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._queues)

    def publish(self, message: bytes) -> None:
        """Gives a message to every listener, without waiting for any."""
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                message_or_picture = self._picture()
            else:
                message_or_picture = message
            queue.put_nowait(message_or_picture)

    def close(self) -> None:
        """Ends every listener's stream."""
        self._closed = True
        for queue in self._queues:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def listen(self) -> AsyncIterator[bytes]:
        """The messages for one listener, until the hub is closed or the listener is gone."""
        if self._closed:
            return
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)
        queue.put_nowait(b"retry: 1000\n\n" + self._picture())
        self._queues.add(queue)
        try:
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._queues.discard(queue)
