"""The application of a site, which another configuration replaces while it serves.

Public names: Renewal.

A new one is made beside the old one, and takes its place when that has answered what it was asked; who asks meanwhile
waits. What cannot be made, or does not begin, is refused and told; the old one goes on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.site_state import Delivered, Site
from edge.config.change import InForce, looked_at, name_of
from edge.config.lines import SiteConfig
from edge.config.problem import ConfigError
from edge.journal.host_time import now_us
from edge.journal.notify import ping, ready, reloading

log = logging.getLogger(__name__)
ANSWERED_S = 5.0
"""So long the old one may take for what it was asked."""
AGAIN_S = 30.0
"""When a controller took other lines, and a LINE.toml cannot be read, it is tried again after this."""


class Renewal:
    """An ASGI application. ``read`` raises ConfigError. Raises ConfigError for what is wrong with the first one."""

    def __init__(
        self,
        path: Path,
        config: SiteConfig,
        read: Callable[[Path], SiteConfig],
        delivered: Delivered | None = None,
    ) -> None:
        self._path = path
        self._delivered = delivered
        self._config = config
        self._read = read
        self.standing = InForce(name_of(config), now_us())
        self._app = self._made(config)
        self._running: AbstractAsyncContextManager[None] | None = None
        self._asked, self._moved = asyncio.Event(), False
        self._open = asyncio.Event()
        self._idle = asyncio.Event()
        self._busy = 0

    @property
    def site(self) -> Site:
        """The one that answers now."""
        site: Site = self._app.state.site
        return site

    def look_again(self) -> None:
        """Looks at the file as soon as it can. In the loop's thread."""
        self._asked.set()

    def _follow(self) -> None:
        """A controller goes on with other lines than are shown."""
        self._moved = True
        self._asked.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        await self._open.wait()
        self._busy += 1
        self._idle.clear()
        try:
            await self._app(scope, receive, send)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._begin()
        except OSError as error:  # StoreHeld
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        tasks = [asyncio.create_task(self._renew_for_ever()), asyncio.create_task(ping())]
        tasks[0].add_done_callback(_ends_all)
        await send({"type": "lifespan.startup.complete"})
        ready(f"configuration {self.standing.name}")
        await receive()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _begin(self) -> None:
        running = self.site.running()
        await running.__aenter__()
        self._running = running
        self._open.set()

    async def _end(self) -> None:
        self._open.clear()
        running, self._running = self._running, None
        if running is not None:
            await running.__aexit__(None, None, None)

    async def _renew_for_ever(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            moved, self._moved = self._moved, False
            reloading()
            try:
                done = await self._renew()
                if moved and not done:
                    asyncio.get_running_loop().call_later(AGAIN_S, self._follow)
            finally:
                ready(self.standing.refused or f"configuration {self.standing.name}")

    async def _renew(self) -> bool:
        """Whether what is shown is what should be."""
        found = await asyncio.to_thread(looked_at, self._path, self._checked, self._config, self.standing, now_us())
        config = self._config if found is None else found
        before, connections = (self._config, self._app), self.site.connections
        try:
            if found is None and not await asyncio.to_thread(self._outdated):
                return True  # also where what a controller ran before is followed anew
            made = await asyncio.to_thread(self._made, config)
        except ConfigError as error:
            self.standing.refuse(str(error))
            log.error("%s", f"{self._path}: refused, nothing changed:\n{error}")
            return False
        self._open.clear()
        self.site.hub.close()
        try:
            async with asyncio.timeout(ANSWERED_S):
                while self._busy:
                    await self._idle.wait()
        except TimeoutError:
            log.warning("%d requests are not answered within %.0f s: they go on with what was", self._busy, ANSWERED_S)
        await self._end()
        self._config, self._app = config, made
        self.site.connections = connections
        try:
            await self._begin()
        except OSError as error:  # its store has another writer, or cannot be opened at all
            self.standing.refuse(str(error))
            log.error("%s", f"{self._path}: refused, nothing changed:\n{error}")
            self._config, self._app = before[0], await asyncio.to_thread(self._made, before[0])
            self.site.connections = connections
            await self._begin()
            return False
        return True

    def _made(self, config: SiteConfig) -> FastAPI:
        made = create_app(config)
        site: Site = made.state.site
        site.standing, site.outdated, site.delivered = self.standing, self._follow, self._delivered
        return made

    def _outdated(self) -> bool:
        """Whether a LINE.toml or a controller says otherwise than is shown."""
        return Site(self._config).shown != self.site.shown

    def _checked(self, path: Path) -> SiteConfig:
        config = self._read(path)
        if config.listen != self._config.listen:
            why = "cannot change while it runs: restart `lanewise api`"
            raise ConfigError(path, [f"listen: {config.listen!r}, before {self._config.listen!r}: {why}"])
        return config


def _ends_all(task: asyncio.Task[None]) -> None:
    """A fault of this program may have left nobody who answers: whoever keeps the process starts it again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a fault of this program while another configuration was taken", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)
