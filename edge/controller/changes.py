"""Another configuration while the lines run: looked at whole, then taken whole or not at all.

Public names: NewFiles, File.

What is taken is one journaled input, so a process that is killed then goes on with the one or the other. Lanes to which
parcels are on their way close first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from edge.config.change import InForce, name_of, needs_restart
from edge.config.lines import LineConfig
from edge.config.problem import ConfigError
from edge.controller.rounds import TellStanding
from edge.core.core import Core
from edge.core.values.layout import LineLayout
from edge.journal.notify import ready, reloading

log = logging.getLogger(__name__)
CLOSING_EVERY_S = 0.2


class TakeConfig(Protocol):
    """Goes on by a configuration and these lines. Raises what the decisions raised; nothing changed then."""

    def __call__(self, config: LineConfig, layouts: tuple[LineLayout, ...], by: str) -> None: ...


class File(NamedTuple):
    """Where a configuration comes from. ``read`` raises ConfigError; ``refuse`` makes one of problems."""

    path: Path
    read: Callable[[Path], LineConfig]
    refuse: Callable[[Path, list[str]], ConfigError] = ConfigError


class NewFiles:
    """One controller's. ``core``: as it is now. ``take``, then ``follow``: see TakeConfig and `Sessions.follow`.

    The file is read in a thread of its own, unless ``threaded`` is False.
    """

    def __init__(
        self,
        config: LineConfig,
        file: File | None,
        *,
        core: Callable[[], Core],
        take: TakeConfig,
        follow: Callable[[], Awaitable[None]],
        tell: TellStanding,
        now_us: Callable[[], int],
        threaded: bool,
    ) -> None:
        self.standing = InForce(name_of(config), 0)
        self._config = config
        self._file = file
        self._core = core
        self._take = take
        self._follow = follow
        self._tell = tell
        self._now_us = now_us
        self._threaded = threaded
        self._asked = asyncio.Event()
        self._by = ""

    def ask(self, by: str = "") -> None:
        """Looks at the file as soon as it can. ``by``: who asked."""
        self._by = by or self._by
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_EVERY_S if self._closing() else None):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                by, self._by = self._by, ""
                reloading()
                try:
                    await self._look(by)
                finally:
                    ready(self.standing.refused.partition("\n")[0] or f"configuration {self.standing.name}")
            elif (layouts := self._core().following(self._config.layouts())) != self._layouts():
                self._take(self._config, layouts, "")

    def _layouts(self) -> tuple[LineLayout, ...]:
        started = self._core().state.started
        return () if started is None else started.layouts

    def _closing(self) -> bool:
        return any(lane.closing for layout in self._layouts() for lane in layout.lanes)

    async def _look(self, by: str) -> None:
        if self._file is None:
            return
        path = self._file.path
        try:
            if self._threaded:
                config = await asyncio.get_running_loop().run_in_executor(None, self._file.read, path)
            else:
                config = self._file.read(path)
            if problems := [*needs_restart(self._config, config), *self._held(config)]:
                raise self._file.refuse(path, problems)
        except ConfigError as error:
            self.standing.refuse(str(error))
            log.error("%s", f"{path}: refused, nothing changed:\n{error}")
            self._tell("config", f"refused, nothing changed: {'; '.join(str(error).splitlines())}")
            return
        name, before = name_of(config), self._config
        if config != before:
            layouts = self._core().following(config.layouts())
            self._take(config, layouts, by)
            self._config = config
            await self._follow()
            closing = [f"{one.name} lane {lane.number}" for one in layouts for lane in one.lanes if lane.closing]
            more = f"; closing until it is empty: {', '.join(closing)}" if closing else ""
            log.info("%s", f"{path}: taken, configuration {name}{more}")
        else:
            log.info("%s", f"{path}: says what is in force, configuration {name}")
        if self.standing.refused:
            self._tell("config", None, f"configuration {name} is in force")
        self.standing.took(name, self._now_us() if config != before else self.standing.at_us)

    def _held(self, config: LineConfig) -> Iterator[str]:
        """What the floor does not allow now."""
        core = self._core()
        yield from core.held(config.layouts(), config.docks())
        for name, line in config.line.items():
            io = config.plc[line.plc].io
            before = self._config.line.get(name)
            if io is None or before is None or (before == line and self._config.plc[line.plc].io == io):
                continue
            if count := core.on_belt(name):
                yield (
                    f"line.{name}: {count} on the belt, which remote I/O follows by itself: let the belt run empty, "
                    "then ask again"
                )
