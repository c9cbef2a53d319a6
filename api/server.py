"""The api process: listens, serves until it is told to stop, and ends although pages are open.

Public names: serve, listen, server, ServeError.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.connection import GuardedConnection, connection_of
from api.crowd import Crowd
from api.renewal import Renewal
from api.site_state import GIVES_S, Delivered, Site
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.config.tls import ServerCertificate
from edge.journal.stop import told_to_stop
from edge.site.store import StoreError

log = logging.getLogger(__name__)
_OWN_FILES = 128
"""Files that are no connections: journals, stores, the log."""
_TICKS = 10
"""Turns of the library's own round, ten a second, between two looks at the certificate."""
_FILES = 16_384
_GRACE_S = 10
"""So long requests have to end, when this process does; longer than a store that does not answer."""


class ServeError(OSError):
    """The address cannot be listened on. The text names it, the reason and what to do."""


def serve(path: Path, delivered: Delivered | None = None) -> None:
    """Serves the site of a SITE.toml until SIGINT or SIGTERM; at SIGHUP by what the file says then.

    ``delivered``: up to where publishers have its outbox; None = there are none.
    Raises ConfigError, ServeError and StoreHeld before it begins.
    """
    sys.setswitchinterval(0.001)  # many orders are read beside what people ask, and must not hold that up
    config = load_site(path)
    app = Renewal(path, config, load_site, delivered)
    app.site.open_store()
    host, _, port = config.listen.rpartition(":")
    with listen(host.strip("[]"), int(port)) as listener:
        print(f"lanewise api: {_where(app.site)}", flush=True)
        _server(app, lambda: app.site, app.look_again).run(sockets=[listener])


def _where(site: Site) -> str:
    """Where it answers, of what, and to whom."""
    try:
        store = f"store {site.store().connections.name}"
    except StoreError:  # which was said
        store = "its store is away"
    journals = ", ".join(site.journals.controllers) or "none"
    scheme = "http" if site.config.tls is None else "https"
    if site.identities is not None and site.identities.table.demo:
        who = "whoever is on this machine is the demo operator"
    elif site.identities is not None:
        who = "people sign in"
    elif site.token is not None:
        who = "whoever brings the token may do everything"
    else:
        who = "nobody signs in, and whoever is on this machine may do everything"
    return f"site {site.config.site} at {scheme}://{site.config.listen}, {store}, journals of {journals}: {who}"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ServeError."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except OSError as error:
        what = f"listen: {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ServeError(f"{what}: end what uses it, or choose another port in SITE.toml") from None


def server(app: FastAPI) -> uvicorn.Server:
    """A server for `api.app.create_app`'s application."""
    return _server(app, lambda: app.state.site, None)


def _server(
    app: FastAPI | Renewal, site_of: Callable[[], Site], look_again: Callable[[], None] | None
) -> uvicorn.Server:
    site = site_of()
    crowd: Crowd[GuardedConnection] = Crowd(site.config.connections, _file_limit() - _OWN_FILES)
    site.connections = crowd
    certificate = None if site.config.tls is None else ServerCertificate(site.config.tls)
    settings = uvicorn.Config(
        app,
        http=connection_of(crowd),
        ws="none",
        log_level="warning",
        loop="uvloop",
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
        ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
    )
    return _Server(settings, site_of, look_again, certificate)


def _file_limit() -> int:
    """How many files this process may have open, after having it raised as far as anybody may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


class _Server(uvicorn.Server):
    """Ends the live streams first; they would keep the server from ending. It always ends in order: where the library
    takes a second Ctrl-C for leave to drop everything, one is as good as many.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        site_of: Callable[[], Site],
        look_again: Callable[[], None] | None,
        certificate: ServerCertificate | None,
    ) -> None:
        super().__init__(config)
        self._site_of = site_of
        self._look_again = look_again
        self._certificate = certificate
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # whoever started it there ends it
            yield
            return
        self._loop = asyncio.get_running_loop()
        with told_to_stop(self._end, None if self._look_again is None else self._told):
            yield

    def _told(self) -> None:
        if self._loop is not None and self._look_again is not None:
            self._loop.call_soon_threadsafe(self._look_again)

    def _end(self) -> None:
        self.should_exit = True
        if not self.started and self._loop is not None:  # while it opens its store, which may not answer
            self._loop.call_soon_threadsafe(self._loop.call_later, GIVES_S, self._site_of().give_up_store)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            self._look()
        return await super().on_tick(counter)

    def _look(self) -> None:
        """Shows a certificate that was made anew."""
        try:
            if self._certificate is not None and self._certificate.look():
                log.info("tls: another certificate is shown from now on")
        except ConfigError as error:
            log.error("%s: the one of before is shown still", error)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        site = self._site_of()
        site.hub.close()
        patience = asyncio.get_running_loop().call_later(GIVES_S, site.give_up_store)  # who waits for it is told so
        await super().shutdown(sockets)
        patience.cancel()
