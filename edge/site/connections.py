"""The one way to the store's database: transactions for reading and writing, and whose turn it is.

Public names: StoreConnections, Turns, Wires.

With SQLite one process writes, on one connection; its threads take turns in the order in which they ask, so that a
batch which goes in by portions holds up nobody for longer than one portion takes. With PostgreSQL any number write.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

from edge.site import asked, dialect
from edge.site.dialect import Lock
from edge.site.engine import StoreError, engine, file_identity, held, named, sqlite_file, trouble_of


class Turns:
    """A lock that goes to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits, and has it while the context lasts."""
        mine = threading.Lock()
        mine.acquire()
        with self._guard:
            if self._taken:
                self._waiting.append(mine)
            else:
                self._taken = True
                mine.release()
        mine.acquire()
        try:
            yield
        finally:
            with self._guard:
                if self._waiting:
                    self._waiting.popleft().release()
                else:
                    self._taken = False


class Wires:
    """Connections to a server, to be cut by any thread: also one on which nothing was asked yet."""

    def __init__(self) -> None:
        self._given_up = False
        self._made: WeakSet[Any] = WeakSet()  # as psycopg makes them
        self._guard = threading.Lock()

    def connect(self, dialect: sa.Dialect, _: object, given: list[Any], named: dict[str, Any]) -> DBAPIConnection:
        """Makes one, for the event ``do_connect`` of an engine. Raises OSError when they are given up."""
        self._check()
        wire = dialect.connect(*given, **named)
        with self._guard:
            self._made.add(wire)
        if self._given_up:
            wire.close()
        self._check()
        return wire

    def give_up(self) -> None:
        """Cuts them, for good: whoever waits for an answer is told."""
        self._given_up = True
        with self._guard:
            made = tuple(self._made)
        for wire in made:
            if not wire.closed:
                with suppress(OSError), socket.socket(fileno=os.dup(wire.fileno())) as link:
                    link.shutdown(socket.SHUT_RDWR)

    def _check(self) -> None:
        if self._given_up:
            raise OSError("given up, as this process ends")


class StoreConnections:
    """One store's; may be used from several threads. Raises StoreError, StoreHeld where one writer is there already.

    ``name``: the store as messages name it. ``beside``: another process may write SQLite too, which is for tables that
    no process remembers anything of. ``wires``: by which it can be given up also before it is there.
    """

    def __init__(self, url: str, readonly: bool, beside: bool = False, wires: Wires | None = None) -> None:
        self.name = named(url)
        self._held = ExitStack()
        self.path: Path | None = sqlite_file(url)
        self._file: tuple[int, int] | None = None
        self._turns = Turns()
        self._batches = Turns()
        self._leading: sa.Connection | None = None
        self._leading_guard = threading.Lock()
        with ExitStack() as undone, self.errors():
            if self.path is not None and not readonly and not beside:
                told = f"site store {self.name}: another process writes it; stop that one or give `store` another path"
                self._held.enter_context(held(self.path, told))
                undone.enter_context(self._held)
            self._reader = engine(url, readonly=True)
            self._writer = None if readonly else engine(url, readonly=False)
            undone.pop_all()
        self._wires = wires or Wires()
        if self.path is None:
            for one in self._engines:
                sa.event.listen(one, "do_connect", self._wires.connect)

    def opened(self) -> None:
        """Remembers which file it is, once there is one."""
        self._file = file_identity(self.path) if self.path else None

    def close(self) -> None:
        """Closes every connection."""
        with self._leading_guard:
            self._lead_no_more()
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()
        self._held.close()

    @property
    def busy(self) -> bool:
        """Whether some thread is at the database now."""
        pools = (one.pool for one in self._engines)
        return sum(pool.checkedout() for pool in pools if isinstance(pool, sa.QueuePool)) > (self._leading is not None)

    def give_up(self) -> None:
        """Cuts all connections to a server, for good: whoever waits for its answer is told. By any thread."""
        self._wires.give_up()

    @property
    def _engines(self) -> tuple[sa.Engine, ...]:
        return (self._reader,) if self._writer is None else (self._reader, self._writer)

    @property
    def replaced(self) -> bool:
        """Whether another file stands in its place, or none; nothing can be written then."""
        return self.path is not None and file_identity(self.path) != self._file

    @contextmanager
    def first(self) -> Iterator[sa.Connection]:
        """A transaction before anything is known of the store: of the writer, else of a reader."""
        with self.errors(), (self._writer or self._reader).begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is there when the context is left, or not at all. Raises AskedBeforeError too."""
        if self._writer is None:
            raise StoreError(f"site store {self.name}: opened read-only")
        self._check_place()
        with ExitStack() as stack:
            if self.path is not None:
                stack.enter_context(self._turns.turn())
            with self.errors(), self._writer.begin() as db:
                request = asked.claim(db)
                yield db
        if request is not None:
            request.done = True
        self._check_place()  # what was written just now may be gone with it

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """What the store was at one moment."""
        with self.errors(), self._reader.connect() as db:
            yield db

    @contextmanager
    def batch(self, lock: Lock) -> Iterator[None]:
        """Keeps other batches of a kind away, of this process and others, for as long as the context lasts.

        Whoever is in it may take several turns at writing.
        """
        with self._batches.turn(), ExitStack() as stack:
            if self.path is None and self._writer is not None:
                stack.enter_context(self.errors())
                dialect.lock(stack.enter_context(self._writer.begin()), lock)
            yield

    def leads(self) -> bool:
        """Whether this process does what the site does by itself: the one that writes SQLite, and of those at one
        PostgreSQL the first that asked, for as long as its connection lives.
        """
        if self._writer is None or self.path is not None:
            return self._writer is not None
        with self._leading_guard, self.errors():
            if self._leading is not None:
                try:
                    self._leading.exec_driver_sql("SELECT 1")
                    return True
                except sa.exc.DBAPIError:
                    self._lead_no_more()
            self._leading = self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            if dialect.taken_for_life(self._leading, Lock.LEADER):
                return True
            self._leading.close()
            self._leading = None
            return False

    def _lead_no_more(self) -> None:
        if self._leading is not None:
            self._leading.invalidate()
            self._leading.close()
            self._leading = None

    @contextmanager
    def errors(self) -> Iterator[None]:
        """See `edge.site.engine.trouble_of`."""
        with trouble_of(self.name, self.path):
            yield

    def _check_place(self) -> None:
        if self.replaced:
            raise StoreError(f"site store {self.name}: gone, or another file stands in its place")
