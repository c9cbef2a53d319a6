"""Journals that are published: what happened on a floor, and who tells it, threads of this process or a process.

Public names: START_US, happened, told_of, Published, set_up, Story.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hardship import EVENTS_S, Publishing
from made_up_floor import MadeUpFloor, order
from waiting import HANGS_S, wait_until

from edge.config.mqtt import MqttConfig
from edge.core.events import DeviceChanged, Measured, OrderChanged
from edge.core.values.layout import LineLayout
from edge.journal.record import Value, encode
from edge.journal.source import JournalSource
from edge.journal.writer import Journal
from edge.publish.cursors import Cursors
from edge.publish.follow import TargetFollower
from edge.publish.mqtt import MqttPublisher
from edge.publish.namespace import MqttMessage, Namespace

START_US = 1_790_000_000_000_000


def happened(layouts: tuple[LineLayout, ...], seconds: int) -> list[Value]:
    """What a floor does, with an order and a measurement of each line every ten seconds."""
    values: list[Value] = []
    floor = MadeUpFloor(layouts, START_US)
    for second in range(10, seconds + 1, 10):
        at_us = START_US + second * 1_000_000
        values += floor.until(at_us)
        values.append(OrderChanged(at_us, second, order(second, in_tote=True)))
        for layout in layouts:
            lanes = tuple((f"lane.{lane.number}", 0.0) for lane in layout.lanes)
            values.append(Measured(at_us, f"line.{layout.name}", (("tracks", 3.0), *lanes)))
    return values


def told_of(layouts: tuple[LineLayout, ...], values: list[Value], begin: int = 0) -> list[list[MqttMessage]]:
    """The messages of each value from the ``begin``-th on."""
    namespace = Namespace("demo", "edge1", layouts)
    return [
        namespace.messages(seq, f"edge1@1/{seq}", value, encode(value))
        for seq, value in list(enumerate(values, 1))[begin:]
    ]


class Published:
    """A journal that is published by threads of this process."""

    def __init__(self, folder: Path, layouts: tuple[LineLayout, ...], port: int, **config: Any) -> None:
        self.folder = folder
        self.layouts = layouts
        self.config = MqttConfig(kind="mqtt", host="127.0.0.1", port=port, **config)
        self.writer = Journal(folder / "j.sqlite")
        self.stop = threading.Event()
        self.follower: TargetFollower | None = None

    def write(self, values: list[Value]) -> None:
        """They happen now."""
        self.writer.append(values)
        self.writer.flush()

    @contextmanager
    def going(self) -> Iterator[TargetFollower]:
        """Publishes, for as long as the context lasts."""
        cursors, source = Cursors(self.folder / "p.sqlite"), JournalSource(self.folder / "j.sqlite", "edge1")
        make = partial(MqttPublisher, "broker", self.config, "demo", "edge1", self.layouts)
        self.follower = TargetFollower("broker", source, cursors, make)
        self.stop.clear()
        thread = threading.Thread(target=self.follower.run, args=(self.stop,))
        thread.start()
        try:
            yield self.follower
        finally:
            self.stop.set()
            thread.join(HANGS_S)
            source.close()
            cursors.close()
            self.writer.close()
            assert not thread.is_alive()

    def delivered(self) -> None:
        """Waits until everything that was written is delivered."""
        assert self.follower is not None
        follower, seq = self.follower, self.writer.seq
        wait_until(lambda: follower.following.seq == seq, lambda: follower.following)


def set_up(folder: Path, project: Path, publish: str) -> tuple[Publishing, Journal]:
    """The example warehouse's journal, and its one publisher as a process that has not begun."""
    text = (project / "examples/warehouse/LINE.toml").read_text(encoding="utf-8")
    (folder / "LINE.toml").write_text(f"{text}\n[publish.target]\n{publish}\n", encoding="utf-8")
    publishing = Publishing(folder)
    return publishing, Journal(publishing.config.journal)


class Story:
    """What is written into a journal: an hour of a floor, then a reader that comes and goes, with a poisonous reason in
    every chapter and a clock that is set back.
    """

    CHAPTER = 500
    PACKET_MAX = 20_000

    def __init__(self, writer: Journal, layouts: tuple[LineLayout, ...]) -> None:
        self.values: list[Value] = []
        self._writer = writer
        self._write(happened(layouts, EVENTS_S))

    def go_on(self) -> None:
        """Another chapter."""
        begin_us = START_US + len(self.values) * 1_000 - 3_600_000_000 * (len(self.values) % 2)
        reasons = [str(at) for at in range(len(self.values), len(self.values) + self.CHAPTER)]
        reasons[self.CHAPTER // 2] += "x" * self.PACKET_MAX
        self._write(
            [DeviceChanged(begin_us + at, "reader.tote1", bool(at % 2), reason) for at, reason in enumerate(reasons)]
        )

    @property
    def chapters(self) -> int:
        """How many there are, each with one reason that no broker takes."""
        return sum(isinstance(value, DeviceChanged) and len(value.reason) > self.PACKET_MAX for value in self.values)

    def _write(self, values: list[Value]) -> None:
        self.values += values
        self._writer.append(values)
        self._writer.flush()
