"""The runtime: sources -> step -> PLC writes -> journal -> acknowledgements, and the retry loop of the devices.

Public names: Controller, HostClock.

Everything runs on one event loop; only the journal's writing and the order feed's reading have threads of their own.
Commands go out in the same turn of the loop in which the input came; an event is acknowledged when the journal says
that it is stored.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.config.certificates import checked, own_certificates
from edge.config.lines import LineConfig
from edge.controller.retention import JournalRoom, Retention
from edge.controller.vitals import EVERY_S, Vitals, samples
from edge.core.alarms.facts import CERTIFICATE_WARN_US, identity
from edge.core.events import (
    AlarmRequested,
    Command,
    DeviceChanged,
    Event,
    FeedFollowed,
    Input,
    Journaled,
    Measured,
    OutputSet,
    PointWriteRequested,
    SetOutput,
    Started,
    TagsRead,
    Tick,
)
from edge.core.iso_time import iso
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.core.values.flags import FLAGS
from edge.devices.packml import PackmlSession
from edge.devices.plc import PlcSession
from edge.devices.points import PointSession
from edge.devices.reader import ReaderSession
from edge.journal.host_time import now_us
from edge.journal.record import JournalError
from edge.journal.replay import recover
from edge.journal.writer import Journal
from edge.metrics import Sample, serve
from plc.driver import PlcError
from plc.host_signals import Connected, Fenced, HostSignal, Incompatible, LinkFresh, LinkStale
from plc.modbus_bus import Buses
from plc.words import MailboxError
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderReached, ReaderReady, Reads

log = logging.getLogger(__name__)

FEED_EVERY_S = 0.1
FEED_PORTION = 200
CHECKPOINT_EVERY = 100_000
"""Records between two checkpoints: what a start has to read again at most."""
CERTIFICATES_EVERY_S = 3_600
ROOM_EVERY_S = 30
TARGETS_EVERY_S = 10

Targets = Callable[[int], Mapping[str, str]]
"""By publisher why its target lacks what it should have then; empty = it has it. Raises OSError, JournalError."""
WATCH_S = 0.05
"""How often a PLC that obeys another controller is looked at; that one writes at least every 0.1 s."""
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 2.0

OrderFeed = Callable[[FeedPlace, int], FeedPortion]
"""(place, limit) -> what stands behind a place in the feed; raises OSError while the store cannot be read."""


class HostClock:
    """Host time in microseconds since 1970 UTC that never jumps: UTC at the start, the loop's clock from then on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, zero_us: int | None = None) -> None:
        """``zero_us``: host time at the loop's time 0; None = as the system's clock says now."""
        self._loop = loop
        self._zero_us = now_us() - int(loop.time() * 1e6) if zero_us is None else zero_us

    def now_us(self) -> int:
        """Now."""
        return self._zero_us + int(self._loop.time() * 1e6)

    def loop_time(self, at_us: int) -> float:
        """The loop's time of a host time."""
        return (at_us - self._zero_us) / 1e6


class Controller:
    """One controller: its core, journal, PLCs, readers and order feed.

    ``threaded`` False keeps the journal's writing and the feed's reading in the loop, for tests in virtual time;
    ``zero_us``: see HostClock. ``retention``: None = every record stays.
    """

    def __init__(
        self,
        config: LineConfig,
        feed: OrderFeed | None = None,
        *,
        threaded: bool = True,
        zero_us: int | None = None,
        retention: Retention | None = None,
        targets: Targets | None = None,
    ) -> None:
        self._config = config
        self._feed = feed
        self._threaded = threaded
        self._zero_us = zero_us
        self._reasons: dict[str, str | None] = {}
        self._silent: set[str] = set()
        """Readers that were last given up because they said nothing: that they are connected again is no news."""
        self._plcs: dict[str, PlcSession] = {}
        self._points: dict[str, PointSession] = {}
        self._machines: list[PackmlSession] = []
        self._readers = {name: ReaderSession(name, reader) for name, reader in config.reader.items()}
        lanes = {name: tuple(lane.number for lane in line.lane) for name, line in config.line.items()}
        self._vitals = Vitals(config.plc, config.reader, lanes)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us: int | None = None
        self._flushing = False
        self._next_checkpoint = 0
        self._started = 0
        self._retention = retention
        self._targets = targets
        self._room: JournalRoom | None = None
        self._told: dict[str, tuple[tuple[str, float], ...]] = {}

    async def run(self) -> None:
        """Runs until cancelled; what was decided by then is stored. Raises JournalError, OSError at the start only."""
        self._loop = loop = asyncio.get_running_loop()
        self._clock = HostClock(loop, self._zero_us)
        layouts, docks = self._config.layouts(), self._config.docks()
        self._journal = Journal(self._config.journal, self._stored_from_thread, self._trouble_from_thread)
        closed = False
        try:
            self._core, seq = recover(self._config.journal)
            if seq:
                log.info("journal %s: %d records taken up", self._config.journal, seq)
            buses = Buses()
            for name, table in self._config.plc.items():
                lines = [layout for layout in layouts if layout.plc == name]
                if table.mailbox:
                    self._plcs[name] = PlcSession(name, table, self._core.state.plcs.get(name), lines, buses)
                if table.packml is not None:
                    self._machines.append(PackmlSession(name, table.packml, self._now, self._take))
                if table.point:
                    self._points[name] = PointSession(name, table, self._now, self._take, buses)
            if self._threaded:
                self._journal.start()
            self._started = self._take(
                Started(
                    at_us=self._now(),
                    controller=self._config.controller,
                    version=_version(),
                    layouts=layouts,
                    alarms=self._config.alarms(),
                    docks=docks,
                    flags=FLAGS,
                )
            )
            self._next_checkpoint = self._journal.seq + CHECKPOINT_EVERY
            with serve(self._config.metrics.run, self.metrics):
                await self._work()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self._next_checkpoint:
                self._journal.checkpoint(self._journal.seq, self._core.state, self._started)
            if not self._threaded:
                with suppress(sqlite3.Error):  # said below
                    self._journal.flush()
            closed = self._journal.close()
            if not closed:
                log.error(
                    "journal %s: not everything could be stored; the PLCs will send it again", self._config.journal
                )

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for plc in self._plcs.values():
                tasks.create_task(self._keep(f"plc.{plc.name}", partial(self._plc_session, plc)))
            for points in self._points.values():
                tasks.create_task(self._keep(f"points.{points.name}", partial(self._point_session, points)))
            for machine in self._machines:
                tasks.create_task(self._keep(f"packml.{machine.name}", partial(self._packml_session, machine)))
            for name in self._config.reader:
                tasks.create_task(self._keep(f"reader.{name}", partial(self._reader_session, name)))
            tasks.create_task(self._measure())
            if self._retention is not None:
                tasks.create_task(self._keep("journal-room", partial(self._keep_room, self._retention)))
            if self._targets is not None:
                tasks.create_task(self._keep("publish-state", partial(self._watch_targets, self._targets)))
            if certificates := own_certificates(self._config):
                tasks.create_task(self._watch_certificates(certificates))
            if self._feed is not None:
                tasks.create_task(self._keep("site-store", partial(self._follow_orders, self._feed)))

    # ---- the hot path ------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock.now_us()

    def _take(self, given: Input) -> int:
        """One input through the core; commands to the mailboxes, the rest to the journal. Returns the last sequence."""
        results = self._core.step(given)
        values: list[Journaled | Event] = [] if isinstance(given, TagsRead | Tick) else [given]
        troubles: list[OutputSet] = []
        for result in results:
            if isinstance(result, Command):
                troubles += self._command(result)
            else:
                values.append(result)
        self._set_timer()
        if not values:
            return self._journal.seq
        seq = self._journal.append(values)
        if not self._threaded and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        if seq >= self._next_checkpoint > 0:
            self._next_checkpoint = seq + CHECKPOINT_EVERY
            self._journal.checkpoint(seq, self._core.state, self._started)
        for trouble in troubles:
            self._take(trouble)
        return seq

    def _command(self, command: Command) -> list[OutputSet]:
        """Sends a command; an output of a reader that cannot be set now is said at once."""
        if not isinstance(command, SetOutput):
            self._plcs[command.plc].command(command)
            return []
        kind, _, name = command.device.partition(".")
        if kind == "plc":
            self._plcs[name].command(command)
            return []
        trouble = self._readers[name].set_output(command.port, command.on)
        return [OutputSet(self._now(), command.device, command.port, command.on, trouble)] if trouble else []

    def _set_timer(self) -> None:
        due_us = self._core.deadline_us()
        if due_us == self._timer_us and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_us = None, due_us
        if due_us is not None:
            self._timer = self._loop.call_at(self._clock.loop_time(due_us) + 0.0005, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._take(Tick(self._now()))

    # ---- PLCs --------------------------------------------------------------------------------------------------------

    async def _plc_session(self, plc: PlcSession) -> None:
        """One connection to a PLC, polled until it fails. Raises PlcError."""
        link = plc.link
        poll_s = plc.config.poll_ms / 1000
        host = plc.host
        try:
            await link.connect()
            await self._take_plc(plc)
            due = self._loop.time()
            while True:
                if host.fenced:
                    await self._take_plc(plc)
                    due = self._loop.time()
                block, at_once = self._down(plc), link.reads_and_writes_at_once
                if block is not None and at_once:
                    due = self._loop.time()  # a command does not wait for the next poll, it is one
                else:
                    if block is not None:
                        await link.write_down(block)
                    due += poll_s
                    if (expected_us := plc.lookout.next_us(self._now())) is not None:
                        due = min(due, self._clock.loop_time(expected_us))
                    due = max(due, self._loop.time())
                    await asyncio.sleep(due - self._loop.time())
                    # What came due meanwhile, as acknowledgements, goes with the poll.
                    block = self._down(plc) if at_once else None
                asked_us = self._now()
                up = await (link.read_up() if block is None else link.exchange(block))
                at_us = self._now()
                self._vitals.polled(plc.name, at_us - asked_us)
                plc.observe(up, at_us)
                signals = host.on_up(up, at_us)
                if signals:
                    self._signals(plc, signals, at_us)
        finally:
            await link.close()

    async def _take_plc(self, plc: PlcSession) -> None:
        """The handshake; while the PLC obeys another controller, it is looked at until it is ours. Raises PlcError."""
        while True:
            up = await plc.link.read_up()
            down = await plc.link.read_down()
            at_us = self._now()
            self._signals(plc, plc.host.connect(up, down, at_us), at_us)
            if not plc.host.fenced:
                return
            _, signals = plc.host.down(at_us)
            self._signals(plc, signals, at_us)
            await asyncio.sleep(WATCH_S)

    def _down(self, plc: PlcSession) -> Sequence[int] | None:
        """The block to write now; None = nothing to say."""
        block, signals = plc.host.down(self._now())
        if signals:
            self._signals(plc, signals, self._now())
        return block

    def _signals(self, plc: PlcSession, signals: Sequence[HostSignal], at_us: int) -> None:
        for signal in signals:
            match signal:
                case Connected(session=session, epoch=epoch):
                    self._device(f"plc.{plc.name}", None, f"{plc.name} answers, session {session}, epoch {epoch}")
                    if self._reasons.get(f"host.{plc.name}"):
                        self._device(f"host.{plc.name}", None, f"{plc.name} obeys this controller again, epoch {epoch}")
                case Fenced(other, ours, since_us):
                    why = f"epoch {other} of another controller is obeyed since {iso(since_us)}, ours is {ours}"
                    self._device(f"host.{plc.name}", f"{plc.name}: {why}")
                case LinkStale(why):
                    self._device(f"plc.{plc.name}", f"{plc.name}: {why}")
                case LinkFresh():
                    self._device(f"plc.{plc.name}", None, f"{plc.name} follows again")
                case _:
                    pass
        for given, acknowledges in plc.inputs(signals, at_us):
            seq = self._take(given)
            if acknowledges:
                plc.unstored(seq, acknowledges)
        for signal in signals:
            if isinstance(signal, Incompatible):
                raise PlcError(f"{plc.name}: {signal.why}")

    async def _point_session(self, points: PointSession) -> None:
        """One connection to a PLC's points. Raises PlcError."""
        device = f"points.{points.name}"
        await points.run(lambda: self._device(device, None, f"points of {points.name} are read"))

    async def _packml_session(self, machine: PackmlSession) -> None:
        """One connection to a machine's PackML object. Raises PlcError."""
        device = f"packml.{machine.name}"
        await machine.run(lambda: self._device(device, None, f"{machine.name}: its PackML object is read"))

    # ---- readers -----------------------------------------------------------------------------------------------------

    async def _reader_session(self, name: str) -> None:
        """One connection to a reader. Raises ReaderError."""
        session = self._readers[name]
        await session.reader().run(partial(self._reader_event, session))

    def _reader_event(self, session: ReaderSession, event: ReaderEvent) -> None:
        device = f"reader.{session.name}"
        if isinstance(event, ReaderReady):
            self._device(device, None, f"{session.name}: {event.about}")
            return
        if isinstance(event, ReaderReached) and self._reasons.get(device) and device not in self._silent:
            self._device(device, f"{session.name}: connected again, and not heard yet: {event.about}")
        if isinstance(event, Reads):
            self._vitals.read(session.name, event.reads)
        for given in session.inputs(event, self._now()):
            self._take(given)

    async def _watch_certificates(self, certificates: Mapping[str, tuple[Path, ...]]) -> None:
        """Tells of our certificates at the start, and whenever one is new, gone, or comes near its end."""
        told: dict[str, tuple[str, bool]] = {}
        while True:
            for device, files in certificates.items():
                found = checked(device, files, self._now())
                new = found.text, found.ends_us - found.at_us < CERTIFICATE_WARN_US
                if told.get(device) != new:
                    told[device] = new
                    self._take(found)
                    if new[1]:
                        log.warning("%s: %s", device, found.text)
            await asyncio.sleep(CERTIFICATES_EVERY_S)

    # ---- signs of life -----------------------------------------------------------------------------------------------

    async def _measure(self) -> None:
        """Says every EVERY_S how things are; one thing a turn of the loop, so that a divert need not wait for all."""
        hosts = {name: plc.host for name, plc in self._plcs.items()}
        due = self._loop.time()
        while True:
            due += EVERY_S
            await asyncio.sleep(due - self._loop.time())
            if self._reasons.get("journal"):  # what cannot be stored is not taken in
                continue
            late_us = int((self._loop.time() - due) * 1e6)
            self._vitals.left_out(self._core.left_out())
            for device, values in self._vitals.measured(hosts, self._is_up, self._now, self._core.state):
                self._told[device] = values
                self._take(Measured(self._now(), device, values))
                await asyncio.sleep(0)
            own = (
                ("loop_late_us", late_us),
                ("unstored", self._journal.seq - self._journal.stored),
                ("journal_records", self._journal.seq),
                ("orders_open", self._core.state.book.still_open),
                *(self._room.values() if self._room is not None else ()),
            )
            self._told["controller"] = own
            self._take(Measured(self._now(), "controller", own))

    def metrics(self) -> Iterator[Sample]:
        """For Prometheus, from any thread: what was told last, and what was stored."""
        return samples(dict(self._told), Counter(self._journal.kinds), self._core.left_out())

    async def _keep_room(self, retention: Retention) -> None:
        """Looks after the journal's room, in a thread of its own."""
        pool = ThreadPoolExecutor(1, "retention")
        try:
            while True:
                try:
                    room = await self._loop.run_in_executor(pool, retention.look, self._journal, self._now())
                except (JournalError, OSError) as error:
                    log.warning("%s; its room is looked after again in %d s", error, ROOM_EVERY_S)
                else:
                    self._room = room
                    self._device("journal-room", room.trouble or None, "the journal has room")
                await asyncio.sleep(ROOM_EVERY_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _watch_targets(self, targets: Targets) -> None:
        """Says which publisher's target does not have what it should, and why, in a thread of its own."""
        pool = ThreadPoolExecutor(1, "targets") if self._threaded else None
        try:
            while True:
                await asyncio.sleep(TARGETS_EVERY_S)
                try:
                    if pool is None:
                        troubles = targets(self._now())
                    else:
                        troubles = await self._loop.run_in_executor(pool, targets, self._now())
                except (JournalError, OSError) as error:
                    log.warning("%s; the publishers are looked after again in %d s", error, TARGETS_EVERY_S)
                    continue
                for name, trouble in troubles.items():
                    self._device(f"publish.{name}", trouble or None, f"publisher {name}: delivers")
        finally:
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)

    def _is_up(self, device: str) -> bool:
        return device in self._reasons and self._reasons[device] is None

    # ---- devices come and go -----------------------------------------------------------------------------------------

    async def _keep(self, device: str, session: Callable[[], Awaitable[None]]) -> None:
        """Devices have this one retry loop: session after session, with capped back-off and jitter, while we run.

        Whatever a session raises ends that session, and nothing else; what no driver may raise comes with a traceback.
        """
        backoff_s = BACKOFF_FIRST_S
        while True:
            began = self._loop.time()
            try:
                await session()
                reason = f"{device}: the connection ended"
            except (PlcError, ReaderError, MailboxError) as error:
                _end_if_cancelled()  # a driver may fail while it is told to end
                reason = str(error)
                if isinstance(error, ReaderError) and error.failure is ReaderFailure.SILENT:
                    self._silent.add(device)
                else:
                    self._silent.discard(device)
            except (Exception, asyncio.CancelledError) as error:  # a library may cancel itself as well
                _end_if_cancelled()
                reason = f"{device}: a fault of this program: {error!r}"
                if self._reasons.get(device) != reason:
                    log.exception("%s: its session ended by a fault, and begins anew", device)
            self._device(device, reason)
            if self._loop.time() - began > 5:
                backoff_s = BACKOFF_FIRST_S
            await asyncio.sleep(backoff_s * (1 - random.random() / 2))
            backoff_s = min(BACKOFF_LAST_S, backoff_s * 2)

    def _device(self, device: str, trouble: str | None, text: str = "") -> None:
        """Says once that a device is down (``trouble``) or up (None)."""
        if device in self._reasons and self._reasons[device] == trouble:
            return
        was_down = self._reasons.get(device) is not None
        self._reasons[device] = trouble
        if trouble is None:
            log.info("%s", text)
        elif not was_down:
            log.warning("%s", trouble)
        self._take(DeviceChanged(self._now(), device, trouble is None, trouble or text))

    # ---- orders ------------------------------------------------------------------------------------------------------

    async def _follow_orders(self, feed: OrderFeed) -> None:
        """Takes order changes and operators' requests as the site store numbers them."""
        pool = ThreadPoolExecutor(1, "orders") if self._threaded else None
        try:
            while True:
                if self._reasons.get("journal"):  # what cannot be stored is not taken in
                    await asyncio.sleep(1)
                    continue
                state = self._core.state
                place = FeedPlace(state.feed_seq, state.feed_epochs, state.feed_known)
                try:
                    if pool is None:
                        portion = feed(place, FEED_PORTION)
                    else:
                        portion = await self._loop.run_in_executor(pool, feed, place, FEED_PORTION)
                except OSError as error:
                    self._device("site-store", f"site store: {error}")
                    await asyncio.sleep(1)
                    continue
                self._device("site-store", None, "site store answers")
                if portion.anew or portion.epochs != place.epochs:
                    self._feed_followed(portion, place)
                for item in portion.values:
                    given = replace(item, at_us=self._now())
                    self._take(given)
                    if isinstance(given, PointWriteRequested) and given.plc in self._points:
                        self._points[given.plc].ask(given)
                    if isinstance(given, AlarmRequested) and given.action is AlarmAction.TAKE_OVER:
                        for plc in self._plcs.values():
                            if given.alarm == identity(AlarmKind.FENCED, plc.name):
                                plc.host.take_over()
                    if len(portion.values) > 20:
                        await asyncio.sleep(0)  # a long catch-up must not hold up a divert
                if len(portion.values) < FEED_PORTION and not portion.anew:
                    await asyncio.sleep(FEED_EVERY_S)
        finally:
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)

    def _feed_followed(self, portion: FeedPortion, place: FeedPlace) -> None:
        """The feed has another epoch than before, or is another one."""
        if portion.anew:
            log.warning(
                "site store: replaced, all its orders are taken again: %s was reached, see the alarm", place.seq
            )
        self._take(
            FeedFollowed(
                at_us=self._now(),
                store=portion.store,
                epochs=portion.epochs,
                newest=portion.newest,
                before=place.seq,
                anew=portion.anew,
                known=portion.known,
            )
        )

    # ---- the journal answers -----------------------------------------------------------------------------------------

    def _stored_from_thread(self, seq: int) -> None:
        if self._threaded:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to acknowledge
                self._loop.call_soon_threadsafe(self._stored, seq)
        else:
            self._stored(seq)

    def _stored(self, seq: int) -> None:
        for plc in self._plcs.values():
            plc.stored(seq)

    def _trouble_from_thread(self, text: str) -> None:
        if text:
            log.error("%s", text)
        else:
            log.warning("journal %s: stores again", self._config.journal)
        with suppress(RuntimeError):  # as above
            self._loop.call_soon_threadsafe(self._device, "journal", text or None, "the journal stores again")

    def _flush(self) -> None:
        try:
            self._journal.flush()
        except sqlite3.Error as error:
            self._device("journal", f"journal {self._config.journal}: {error}")
            self._loop.call_later(Journal.RETRY_S, self._flush)
            return
        self._flushing = False
        if self._reasons.get("journal"):
            self._device("journal", None, "the journal stores again")


def _version() -> str:
    try:
        return version("lanewise")
    except PackageNotFoundError:
        return "0"


def _end_if_cancelled() -> None:
    """Raises CancelledError where what a session raised came in its place."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
