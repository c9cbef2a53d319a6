"""What a device sends without a pause is taken a portion a turn of the loop, in order, and others have their turns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from socket import create_server, socket
from typing import Any, cast

import pytest
import uvloop
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from waiting import HANGS_S

from edge.config.readers import ReaderConfig
from edge.devices.reader_drivers import make_reader
from rfid.driver import ReaderError
from rfid.tcp import Portions

MOST = 7


class Pipe:
    """A transport that brings what it is given while it is read."""

    def __init__(self) -> None:
        self.read = True
        self.over = False
        self.unread = 0

    def is_closing(self) -> bool:
        return self.over

    def abort(self) -> None:
        self.over = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        assert self.read
        self.read = False

    def resume_reading(self) -> None:
        assert not self.read
        self.read = True


@given(st.lists(st.binary(min_size=1, max_size=5 * MOST), max_size=8), st.none() | st.integers(0, 12))
def test_all_of_it_comes_in_order_a_portion_a_turn(run: Run, chunks: list[bytes], over_at: int | None) -> None:
    async def main() -> None:
        pipe, taken, turn = Pipe(), list[tuple[int, bytes]](), 0

        def take(octets: bytes) -> None:
            taken.append((turn, octets))
            pipe.over = pipe.over or len(taken) == over_at

        portions = Portions(cast("asyncio.Transport", pipe), MOST, take)
        for chunk in chunks:
            while not pipe.read and not pipe.over:
                turn += 1
                await asyncio.sleep(0)
            if pipe.over:
                break
            turn += 1
            portions.came(chunk)
        for _ in range(5 * MOST):
            turn += 1
            await asyncio.sleep(0)
        came, whole = b"".join(octets for _, octets in taken), b"".join(chunks)
        assert all(0 < len(octets) <= MOST for _, octets in taken)
        assert len({at for at, _ in taken}) == len(taken)
        assert came == whole or (pipe.over and len(taken) == over_at and whole.startswith(came))
        assert pipe.read or pipe.over

    run(main())


def flood(server: socket, octets: bytes, ends: threading.Event) -> None:
    with suppress(OSError):
        client, _ = server.accept()
        with client:
            while not ends.is_set():
                client.sendall(octets)


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (lambda port: {"driver": "barcode", "host": "127.0.0.1", "port": port}, "rfid.barcode.ScanFrames.feed"),
        (
            lambda port: {"driver": "serial", "device": f"socket://127.0.0.1:{port}"},
            "rfid.serial_frames.CardFrames.feed",
        ),
    ],
    ids=["barcode", "serial"],
)
def test_a_flood_leaves_the_others_their_turns(
    run: Run, monkeypatch: pytest.MonkeyPatch, keys: Callable[[int], dict[str, Any]], place: str
) -> None:
    """Of the loop that the product has, which reads megabytes in one turn where it may."""
    turn, taken = 0, dict[int, int]()

    def feed(_: object, octets: bytes, *_more: object) -> list[object]:
        taken[turn] = taken.get(turn, 0) + len(octets)
        return []

    async def main() -> None:
        nonlocal turn
        reader = make_reader("r", TypeAdapter(ReaderConfig).validate_python(keys(server.getsockname()[1])))
        task = asyncio.create_task(reader.run(lambda _: None))
        async with asyncio.timeout(HANGS_S):
            while sum(taken.values()) < 1_000_000:
                turn += 1
                await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError, ReaderError):
            await task

    monkeypatch.setattr(place, feed)
    ends = threading.Event()
    with create_server(("127.0.0.1", 0)) as server:
        device = threading.Thread(target=flood, args=(server, bytes(range(256)) * 4_096, ends))
        device.start()
        try:
            run(main(), loop=uvloop.new_event_loop)
        finally:
            ends.set()
            device.join(HANGS_S)
    assert max(taken.values()) <= 512, max(taken.values())
