"""PostgreSQL as a real server for tests: one cluster, reached by its socket alone, with a new database for each test.

Public names: Cluster, programs_path.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from waiting import HANGS_S, wait_until

_USER = "lanewise"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "listen_addresses": "",
    "lc_messages": "C",
}


def programs_path() -> str:
    """Where Debian keeps the programs of its newest server, behind what is on the PATH."""
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return os.pathsep.join((os.environ["PATH"], *(str(path) for path in reversed(servers))))


class Cluster:
    """Made with ``find``, see the fixture `peer`; its server refuses to run as root, and then runs as another user.

    ``settings``: others of postgresql.conf.
    """

    def __init__(self, find: Callable[[str], str], settings: dict[str, str] | None = None) -> None:
        self.folder = Path(mkdtemp(prefix="lanewise-pg-"))
        self._names = itertools.count(1)
        self._postgres = find("postgres")
        self._as: dict[str, object] = {"cwd": self.folder}
        if os.getuid() == 0:
            named = {user.pw_name: user for user in pwd.getpwall()}
            user = named.get("postgres") or named["nobody"]
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        made = [find("initdb"), "--pgdata", str(self.data), "--username", _USER, "--auth", "trust"]
        made += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        done = subprocess.run(made, **self._as, capture_output=True, text=True, timeout=HANGS_S)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr
        self._settings = _SETTINGS | {"unix_socket_directories": str(self.folder)} | (settings or {})
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def data(self) -> Path:
        """The server's own folder."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """The process id of the server, whose children serve the connections."""
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            command = [self._postgres, "-D", str(self.data), *options]
            self._server = subprocess.Popen(command, **self._as, stdout=log, stderr=log)  # type: ignore[call-overload]
        wait_until(self._answers, lambda: (self.folder / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends the server: SIGINT as one does, SIGQUIT as a loss of power."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(HANGS_S)
            self._server = None

    def end(self) -> None:
        """Ends it for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def database(self, like: str = "template1") -> str:
        """The URL of a new database, a copy of another that nobody is connected to; without that empty."""
        name = f"site{next(self._names)}"
        with closing(self.connect("postgres")) as db:
            db.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY FILE_COPY')
        return self.url(name)

    def name(self, url: str) -> str:
        """The name of the database that has this URL."""
        return url.partition("@/")[2].partition("?")[0]

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://{_USER}@/{name}?host={self.folder}"

    def connect(self, name: str) -> psycopg.Connection:
        """A connection to a database, each statement for itself."""
        return psycopg.connect(dbname=name, user=_USER, host=str(self.folder), autocommit=True)

    def _answers(self) -> bool:
        assert self._server is not None and self._server.poll() is None, (self.folder / "log").read_text()
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True
