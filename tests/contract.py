"""What a contract asks of every driver, whatever it drives: it ends when told, leaves nothing, and bears any way.

Public names: SECOND_S, NONSENSE, FLOODS, MASKS, LOOPS, MeteredLoop, Belongings, ends_in_time, turns,
places, names_of; the way to a peer: Way, Then, Mouth, Relay, deaf, slams, passes, pulls, taken,
SLAMS, elsewhere; which habits of peers are tried with whom: HABITS, Tried.

A second is no measured time here: told to end, a driver gets a clock that stands while anybody has something to do, and
moves by the timers that are waited for. What it waits for itself is all that counts, whatever the machine does beside.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import selectors
import socket
import ssl
import struct
import threading
import time
import tty
from collections.abc import AsyncIterator, Callable, Collection, Container, Iterable, Iterator, Set
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, NamedTuple, Self, get_args, get_origin

import pytest
import uvloop
from waiting import HANGS_S

SECOND_S = 1.0
"""What a driver may wait for when it was told to end, all in all."""
NONSENSE = (
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    bytes(range(256)),
    b"\xff" * 300,
    b"\0" * 300,
    b"\x30\x06\x00\x03\xff\xfe\xfd\x00" + b"\x20\x08\x00\x00\x05\x1f\x00\x02\xff\xfe",  # MQTT but for its texts
)
"""What no driver's peer says."""
FLOODS = tuple(octets * (1_000_000 // len(octets)) for octets in (b"\xff", b"\x02", b"0", NONSENSE[1], NONSENSE[4]))
"""The same without an end, as somebody says whom nothing stops."""
HABITS = ("slam", "single connection", "busy", "silent after connect", "reset in every state", "flood", "garbage")
"""What peers do in the field, and every driver must bear; busy: all of it is there before anybody has looked."""
MASKS = (0xFF, 0x01, 0x80, 0x10)
"""What may be wrong with an octet, bit by bit."""
_LOOK_S = 0.01
_SLOWER, _GRACE_S, _OF_A_HANG = 4, 0.25, 0.05
"""How much slower than the metered clock the machine may be with what is on its way, in the kernel or from another
process: so many times a timer, at most so many seconds, and such a part of what hangs.
"""
_TURN_S = 0.00001
"""What a turn counts in which somebody had to do but nothing came, less than it takes: who looks again and again has no
timer.
"""
_EXECUTORS = ("asyncio_", "uvloop_")
"""How the names of a loop's own threads begin; they end with it."""


class _Meter(selectors.DefaultSelector):  # type: ignore[misc, valid-type]  # the platform's own class
    """Waits for sockets; once ``now_s`` is set for threads too, and its clock jumps to the next timer when for a moment
    nothing comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_s: float | None = None
        self.hangs_s = HANGS_S
        self.of_others: Set[threading.Thread] = frozenset()
        self._busy_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.now_s is None:
            return super().select(timeout)
        ready = super().select(0)
        if timeout is not None and timeout <= 0:
            self._turn(bool(ready))
            return ready
        self._busy_s = 0.0
        give_up_s = time.monotonic() + self.hangs_s
        while not ready and (timeout is None or _threads() - self.of_others):
            if time.monotonic() > give_up_s:
                self.of_others = _threads()
                break
            ready = super().select(_LOOK_S)
        ready = ready or super().select(0)  # what a thread said before it ended
        if not ready and timeout:
            ready = super().select(min(timeout * _SLOWER, _GRACE_S, self.hangs_s * _OF_A_HANG))
            if not ready:
                self.now_s += timeout
        return ready

    def _turn(self, came: bool) -> None:
        """Somebody is busy. The clock stands as long as that brings anything or a thread has its turn."""
        if came or not self._busy_s:
            self._busy_s = time.monotonic()
        elif not (_threads() - self.of_others):
            self.now_s = (self.now_s or 0.0) + _TURN_S
        elif time.monotonic() - self._busy_s > self.hangs_s:
            self.of_others = _threads()


class MeteredLoop(asyncio.SelectorEventLoop):
    """A loop of asyncio's whose clock can be metered, and then moves by nothing but timers that are waited for, and a
    little by each turn that brings nothing.

    While a thread lives that is not of others it is that thread's turn, and the clock stands.
    """

    def __init__(self) -> None:
        self._meter = _Meter()
        super().__init__(self._meter)

    def time(self) -> float:
        return super().time() if self._meter.now_s is None else self._meter.now_s

    def meter(self, of_others: Set[threading.Thread], hangs_s: float = HANGS_S) -> None:
        """From now on. A thread that takes longer than ``hangs_s`` of real time hangs."""
        self._meter.now_s, self._meter.of_others, self._meter.hangs_s = self.time(), of_others, hangs_s


LOOPS = pytest.mark.parametrize("loop", [MeteredLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


def _threads() -> frozenset[threading.Thread]:
    return frozenset(thread for thread in threading.enumerate() if not thread.name.startswith(_EXECUTORS))


def _files() -> frozenset[tuple[str, str]]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own
            found.add((link.name, str(link.readlink())))
    return frozenset(one for one in found if one[1] != os.devnull)  # uvloop keeps one in reserve


class Belongings(NamedTuple):
    """What this process has: its loop's tasks, threads, open files and sockets."""

    tasks: frozenset[asyncio.Task[Any]]
    threads: frozenset[threading.Thread]
    files: frozenset[tuple[str, str]]

    @classmethod
    def now(cls) -> Belongings:
        return cls(frozenset(asyncio.all_tasks()), _threads(), _files())

    def left(self) -> str:
        """What there is beyond; empty = nothing."""
        now = Belongings.now()
        said = [f"task {task}" for task in now.tasks - self.tasks if not task.done()]
        said += [f"thread {thread.name}" for thread in now.threads - self.threads]
        said += [f"open {link}" for _, link in now.files - self.files]
        return ", ".join(said)


async def ends_in_time(task: asyncio.Task[Any], before: Belongings, hangs_s: float = HANGS_S) -> None:
    """Waits until a task that was told to end has, and has left nothing of its own, within a second of its own waiting.

    ``before``: what there was before it began, apart from what its peer needs for its connection. An event loop without
    a meter, as uvloop, can only find a hang.
    """
    loop, limit_s = asyncio.get_running_loop(), hangs_s
    if isinstance(loop, MeteredLoop):
        loop.meter(before.threads, hangs_s)
        limit_s = SECOND_S
    left = ""
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.wait((task,))
            while left := before.left():  # noqa: ASYNC110  peers end their side of it
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        assert task.done(), f"it has not ended: {task}"
        raise AssertionError(f"it left behind: {left}") from None


async def turns(number: int = 5) -> None:
    """Lets everybody in the loop have so many turns."""
    for _ in range(number):
        await asyncio.sleep(0)


def places(total: int, most: int) -> list[int]:
    """All places of a stream of ``total`` octets, or ``most`` of them, evenly, the first and the last among them."""
    if total <= most:
        return list(range(total))
    return sorted({at * (total - 1) // (most - 1) for at in range(most)})


# ---- the way between a driver and its peer ---------------------------------------------------------------------------


class Then(Enum):
    """What becomes of a way after its last octet."""

    SILENCE = auto()
    CLOSE = auto()
    RESET = auto()


@dataclass(frozen=True)
class Way:
    """How the peer's octets come: cut at the places ``cuts``, and no more than ``most``, which ``last`` follow.

    ``spoilt``: a place, and what is wrong with the octet there, bit by bit. ``single``: of several connections at once
    only the first is served, the others are closed.
    """

    cuts: Container[int] = ()
    most: int | None = None
    then: Then = Then.SILENCE
    last: bytes = b""
    spoilt: tuple[int, int] = (-1, 0)
    single: bool = False

    def pieces(self, octets: bytes, at: int) -> Iterator[bytes]:
        """The pieces that octets come in, the first of which stands at ``at`` in the stream."""
        octets = octets if self.most is None else octets[: max(0, self.most - at)]
        place = self.spoilt[0] - at
        if 0 <= place < len(octets):
            octets = octets[:place] + bytes([octets[place] ^ self.spoilt[1]]) + octets[place + 1 :]
        begin = 0
        for end in range(1, len(octets) + 1):
            if end == len(octets) or at + end in self.cuts:
                yield octets[begin:end]
                begin = end

    def is_over(self, at: int) -> bool:
        """Whether so many octets are all."""
        return self.most is not None and at >= self.most


class Mouth:
    """Says octets as a way lets them through, on one connection; ``over`` is set after the last of them."""

    def __init__(
        self, way: Way, write: Callable[[bytes], object], close: Callable[[], None], over: asyncio.Event
    ) -> None:
        self._way, self._write, self._close, self._over = way, write, close, over
        self._at = 0
        self._ended = False

    async def say(self, octets: bytes) -> None:
        """Each piece has a few turns of the loop, so that it is read by itself."""
        for piece in self._way.pieces(octets, self._at):
            if self._ended:
                return
            self._write(piece)
            self._at += len(piece)
            await turns()
        if self._way.is_over(self._at):
            self.end()

    def end(self) -> None:
        """Nothing more comes than what the way has at its end."""
        if self._ended:
            return
        self._ended = True
        if self._way.last:
            self._write(self._way.last)
        if self._way.then is not Then.SILENCE:
            self._close()
        self._over.set()


class Relay:
    """A way over TCP to the port ``to``. ``said``: all that the other side said, on every connection.

    ``over`` is set when a connection has had all that its way lets through.
    """

    def __init__(self, to: int, way: Way, tls: ssl.SSLContext | None = None) -> None:
        self.said = bytearray()
        self.over = asyncio.Event()
        self.port = 0
        self._to = to
        self._way = way
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self._mouths: list[Mouth] = []
        self._serving: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        while self._serving:
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.wait(self._serving, timeout=_LOOK_S)

    def end(self) -> None:
        """Every connection has had all that its way lets through."""
        for mouth in self._mouths:
            mouth.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        if self._way.single and self._serving:
            writer.close()
            return
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        back, there = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += writer, there
        await asyncio.gather(self._ask(reader, there), self._answer(back, writer))

    async def _ask(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while octets := await reader.read(65_536):
                there.write(octets)
        there.transport.abort()

    async def _answer(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def write(octets: bytes) -> None:
            if not writer.transport.is_closing():
                writer.write(octets)

        def reset() -> None:
            if writer.transport.is_closing():
                return
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        close = reset if self._way.then is Then.RESET else writer.close
        mouth = Mouth(self._way, write, close, self.over)
        self._mouths.append(mouth)
        await mouth.say(b"")
        with suppress(OSError):
            while octets := await back.read(65_536):
                self.said += octets
                await mouth.say(octets)
        writer.close()


@asynccontextmanager
async def pulls(after: int, says: bytes = b"") -> AsyncIterator[str]:
    """The device of a serial line that says something and is pulled out, so many turns after it was opened."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device = os.ttyname(theirs)
    os.close(theirs)
    seen = select.poll()
    seen.register(ours, 0)
    with ExitStack() as end:
        end.callback(os.close, ours)

        async def pull() -> None:
            while seen.poll(0):  # noqa: ASYNC110  hung up: nobody has opened it, and the loop has no word for that
                await asyncio.sleep(0)
            await turns(after)
            if says:
                os.write(ours, says)
            end.close()

        task = asyncio.create_task(pull())
        try:
            yield device
        finally:
            task.cancel()
            await asyncio.wait((task,))


@contextmanager
def taken(device: str) -> Iterator[None]:
    """A serial line that another program has."""
    line = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
        yield
    finally:
        os.close(line)


class Tried:
    """Which habits of peers a suite tries, with which of its ``cases``."""

    def __init__(self, cases: Collection[str]) -> None:
        self._cases = cases
        self._cells: dict[str, set[str]] = {habit: set() for habit in HABITS}

    def __call__(self, habit: str, names: Iterable[str], argument: str = "name") -> pytest.MarkDecorator:
        """Runs a test of this habit with the cases of these names."""
        names = list(names)
        self._cells[habit].update(names)
        return pytest.mark.parametrize(argument, names)

    def missing(self) -> list[tuple[str, str]]:
        """Habits that are not tried, each with the case."""
        return [(habit, name) for habit, names in self._cells.items() for name in self._cases if name not in names]


def elsewhere(keys: Any, host: str) -> Any:
    """The same keys with another host in place of 127.0.0.1."""
    match keys:
        case dict():
            return {key: elsewhere(value, host) for key, value in keys.items()}
        case str():
            return keys.replace("127.0.0.1", host)
        case _:
            return keys


def names_of(models: Any, key: str) -> set[str]:
    """What a key of the configuration may say, over all models that may stand there."""
    if not isinstance(models, type):
        return {
            name
            for model in get_args(models)[: 1 if get_origin(models) is Annotated else None]
            for name in names_of(model, key)
        }
    return set(get_args(models.model_fields[key].annotation))


@contextmanager
def deaf() -> Iterator[int]:
    """A port where nobody answers, not even that there is nobody: it has more who wait than it lets in."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


SLAMS = [(after, reset) for after in (0, 1, 2, 3, 5, 8) for reset in (False, True)]
"""A connection that ends so many turns of the loop after it stands, closed or reset."""


@asynccontextmanager
async def slams(after: int, reset: bool, says: bytes = b"") -> AsyncIterator[int]:
    """A port that lets anybody in, ``says`` something and ends it, as a forwarder whose target is off; see SLAMS.

    With ``after`` 0 all of it happens while the loop is busy, and is there at once when it looks.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def slam() -> None:
            while True:  # no reader of the loop: it would come a turn late
                with suppress(BlockingIOError):
                    came, _ = listener.accept()
                    with came:  # also when it ends meanwhile
                        await turns(after)
                        came.send(says)
                        if reset:
                            came.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await asyncio.sleep(0)

        task = asyncio.create_task(slam())
        try:
            yield listener.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.wait((task,))


async def passes(host: str, port: int, after: int, reset: bool, says: bytes = b"") -> None:
    """Connects as soon as somebody listens there, ``says`` something and ends it; see SLAMS."""
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection((host, port)) as caller:
            await turns(after)
            with suppress(OSError):  # it was not wanted
                caller.send(says)
            if reset:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        await asyncio.sleep(0)
