"""A process whose store's server says nothing any more ends in order all the same, when it is told to."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from example_site import example_site
from ports import free_port
from postgres import Cluster
from shipped import begin
from waiting import HANGS_S, wait_until

from chaos.links import Links, Way
from edge.site.store import SiteStore, StoreError

STORE = "sqlite:///var/site.sqlite"
FILES = """
[publish.events]
kind = "files"
folder = "out"
"""
COMMANDS = ("api SITE.toml", "run LINE.toml", "publish SITE.toml", "sim LINE.toml --from-store --quiet")
"""All that run until they are told to end, and hold a store meanwhile."""


class Site:
    """The example's, whose store is reached through a link; ``name``: its database."""

    def __init__(self, server: Cluster, project: Path, folder: Path) -> None:
        self.name = server.name(server.database())
        self.links = Links()
        self._server, self._folder = server, folder
        self._out = folder / "out.log"
        self._port = free_port()
        self._processes: list[ForkServerProcess] = []
        self.answers: list[int] = []
        link = self.links.make("store", server.folder / ".s.PGSQL.5432")
        url = f"postgresql://lanewise@127.0.0.1:{link}/{self.name}"
        example_site(project, folder)
        for one in ("SITE.toml", "LINE.toml"):
            text = (folder / one).read_text(encoding="utf-8").replace(STORE, url).replace(":8000", f":{self._port}")
            text = re.sub(r"\b150\d\d\b", lambda _: str(free_port()), text)  # a demo on this machine has its own floor
            if one == "SITE.toml":
                text = text.replace(url, f'{url}"\nsecret_file = "site.secret', 1) + FILES
            (folder / one).write_text(text, encoding="utf-8")

    def begin(self, command: str, before: Callable[[], None] | None = None) -> ForkServerProcess:
        process = begin(self._folder, *command.split(), out=self._out, err=self._out, before=before)
        self._processes.append(process)
        return process

    def asked(self, path: str) -> bool:
        """Whether the api says that all is well."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=HANGS_S) as answer:
                self.answers.append(answer.status)
        except HTTPError as error:
            self.answers.append(error.code)
        except OSError:
            return False
        return self.answers[-1] == 200

    def made(self) -> None:
        """By an api that has ended."""
        process = self.begin("api SITE.toml")
        self.wait(lambda: self.asked("/api/v1/stock"))
        self.ended(process)
        self.wait(lambda: not self.users())
        self.answers.clear()

    def ended(self, process: ForkServerProcess) -> None:
        process.terminate()
        process.join(HANGS_S)
        assert process.exitcode == 0 and "Traceback" not in self.said(), self.said()

    def said(self) -> str:
        return self._out.read_text(encoding="utf-8")

    def wait(self, holds: Callable[[], bool]) -> None:
        wait_until(holds, self.said)

    def users(self, waits_for: str = "%", asked: bool = False) -> int:
        """Connections to the database, but for this one; ``asked``: on which something was asked."""
        with closing(self._server.connect(self.name)) as db:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
                " AND coalesce(wait_event_type, '') LIKE %s AND backend_type = 'client backend'"
                " AND (query <> '' OR NOT %s)"
            )
            count: int = db.execute(query, (self.name, waits_for, asked)).fetchall()[0][0]
        return count

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Whoever opens the store waits for an answer."""
        with closing(self._server.connect(self.name)) as db, db.transaction():
            db.execute("LOCK TABLE schema_version IN ACCESS EXCLUSIVE MODE")
            yield

    def change(self) -> None:
        """Its configuration is another one."""
        file = self._folder / "SITE.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('"out"', '"out-2"'), encoding="utf-8")

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        self.links.close()


@pytest.fixture
def site(postgresql: Cluster, project: Path, tmp_path: Path) -> Iterator[Site]:
    with closing(Site(postgresql, project, tmp_path)) as made:
        yield made


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_when_it_is_told(command: str, site: Site) -> None:
    asks = Thread(target=site.asked, args=("/api/v1/stock",), daemon=True)
    if command.startswith("api"):
        process = site.begin(command)
        site.wait(lambda: site.asked("/api/v1/stock"))
    else:
        site.made()
        process = site.begin(command)
        site.wait(lambda: site.users(asked=True) > 0)  # it is connected, for which it would not wait long
    site.links.begin("store", Way.STALL)
    if command.startswith("api"):
        asks.start()
    site.wait(lambda: site.links.held("store") > 0)
    site.ended(process)
    if command.startswith("api"):
        asks.join()
        assert site.answers[-1] == 503, "who waited is told to ask again"


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_also_while_it_opens_its_store(command: str, site: Site) -> None:
    site.made()
    with site.locked():
        process = site.begin(command, away_at_first if command.startswith("api") else None)
        site.wait(lambda: site.users("Lock") > 0)
        site.ended(process)
    site.wait(lambda: not site.users())


def away_at_first() -> None:
    """The api looks for its store, and says where it is, before all else; it goes on where that is away."""
    connect, times = psycopg.connect, count(1)

    def fails(*args: Any, **kwargs: Any) -> psycopg.Connection:
        if next(times) <= 2:
            raise psycopg.OperationalError("away")
        return connect(*args, **kwargs)

    psycopg.connect = fails  # type: ignore[assignment]


@pytest.mark.parametrize("how", ["used", "reloaded"])
def test_an_api_ends_also_while_it_opens_its_store_later(how: str, site: Site) -> None:
    site.made()
    if how == "used":
        site.links.begin("store", Way.CUT)
    process = site.begin("api SITE.toml")
    site.wait(lambda: site.asked("/api/health"))
    with site.locked():
        if how == "used":
            site.links.over("store")
            Thread(target=site.asked, args=("/api/v1/stock",), daemon=True).start()
        else:
            site.change()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGHUP)
        site.wait(lambda: site.users("Lock") > 0)
        site.ended(process)
    site.wait(lambda: not site.users())


def test_a_connection_that_is_being_made_meanwhile_is_given_up_too(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, given_up = Event(), Event()
    connect = psycopg.connect
    wires: list[psycopg.Connection] = []

    def slowly(*args: Any, **kwargs: Any) -> psycopg.Connection:
        wires.append(connect(*args, **kwargs))
        making.set()
        assert given_up.wait(HANGS_S)
        return wires[0]

    store = SiteStore(postgres_url, readonly=True)
    store.connections.close()  # the next who reads needs another one
    monkeypatch.setattr(psycopg, "connect", slowly)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(store.cursor, "node")
        assert making.wait(HANGS_S)
        store.connections.give_up()
        store.close()
        given_up.set()
        with pytest.raises(StoreError, match="given up, as this process ends"):
            reading.result()
    assert wires[0].closed
