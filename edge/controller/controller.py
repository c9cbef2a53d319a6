"""The runtime: sources -> step -> PLC writes -> journal -> acknowledgements, and the retry loop of the devices.

Public names: Controller, OrderFeed, File.

Everything runs on one event loop; only the journal's writing and the order feed's reading have threads of their own.
Commands go out in the same turn of the loop in which the input came; an event is acknowledged when the journal says
that it is stored.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from edge.config.certificates import own_certificates
from edge.config.change import name_of
from edge.config.lines import LineConfig
from edge.config.opcua import PackmlConfig
from edge.controller.changes import File as File
from edge.controller.changes import NewFiles
from edge.controller.clock import HostClock
from edge.controller.deciding import Deciding
from edge.controller.feed import FeedFollower
from edge.controller.feed import OrderFeed as OrderFeed
from edge.controller.handing import body_of, taken_of
from edge.controller.mailboxes import Mailboxes
from edge.controller.retention import Retention
from edge.controller.rounds import Rounds, Targets
from edge.controller.sessions import Runs, Session, Sessions
from edge.controller.standby import Standby, boot_us
from edge.controller.turns import ReadTurns
from edge.controller.vitals import EVERY_S, Vitals, samples
from edge.core.alarms.facts import identity
from edge.core.events import (
    AlarmRequested,
    Command,
    CommandDropped,
    Input,
    LinesTaken,
    Measured,
    OutputSet,
    PointWriteRequested,
    SetOutput,
    Started,
)
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.core.values.flags import FLAGS
from edge.core.values.layout import LineLayout
from edge.core.values.lease import LeaseStore, LeaseTold
from edge.devices.packml import PackmlSession
from edge.devices.points import PointSession
from edge.devices.reader import ReaderSession
from edge.journal.disk import disk_samples
from edge.journal.notify import ping, ready
from edge.journal.record import JournalError
from edge.journal.sign import Unwritable
from edge.journal.writer import Journal
from edge.metrics import Sample, serve
from plc.modbus_bus import Buses
from rfid.driver import ReaderEvent, ReaderReached, ReaderReady, Reads

log = logging.getLogger(__name__)


class Controller:
    """One controller: its core, journal, PLCs, readers and order feed.

    ``threaded`` False keeps the journal's writing and the feed's reading in the loop, for tests in virtual time;
    ``zero_us``: see HostClock. ``retention``: None = every record stays. ``file``: where the configuration comes from,
    None = `look_again` finds nothing. ``lease``: where `[standby]` has it, None = the lines are always this one's.
    ``settled``: called when much has been taken up that stays, as the orders of a start.
    """

    def __init__(
        self,
        config: LineConfig,
        feed: OrderFeed | None = None,
        *,
        threaded: bool = True,
        zero_us: int | None = None,
        retention: Callable[[LineConfig], Retention] | None = None,
        targets: Callable[[LineConfig], Targets | None] | None = None,
        file: File | None = None,
        lease: LeaseStore | None = None,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._settled = settled
        self._feed = feed
        self._threaded = threaded
        self._zero_us = zero_us
        self._sessions = Sessions(self._give, self._now)
        self._reasons, self._device, self._is_up = self._sessions.reasons, self._sessions.tell, self._sessions.is_up
        self._turns: dict[str, ReadTurns] = {}
        self._buses = Buses()
        self._tasks_began = False
        self._points: dict[str, PointSession] = {}
        self._machines: dict[str, PackmlSession] = {}
        self._readers: dict[str, ReaderSession] = {}
        self._vitals = _vitals(config, config.layouts())
        self._flushing = False
        self._retention = retention
        self._targets = targets
        self._rounds = Rounds(config, self._now, self._device, self._reasons.__contains__, threaded)
        self._changes = NewFiles(
            config,
            file,
            core=lambda: self._deciding.core,
            take=self._take_config,
            follow=self._follow_config,
            tell=self._device,
            now_us=self._now,
            threaded=threaded,
        )
        self._told: dict[str, tuple[tuple[str, float], ...]] = {}
        self._lease = lease
        self._standby: Standby | None = None
        self._following = asyncio.Lock()
        self._more_stored = asyncio.Event()

    async def run(self) -> None:
        """Runs until cancelled; what was decided by then is stored.

        Raises JournalError, OSError at the start; later JournalError when the decisions failed and the journal cannot
        be read to go on from.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._clock = HostClock(loop, self._zero_us)
        path = self._config.journal
        self._journal = Journal(path, self._stored_from_thread, self._trouble_from_thread)
        try:
            self._deciding = deciding = Deciding(
                path, self._journal, self._clock, command=self._command, appended=self._appended, is_up=self._is_up
            )
            try:
                self._begin(deciding)
                with serve(self._config.metrics.run, self.metrics):
                    try:
                        await self._work()
                    except ExceptionGroup as group:
                        raise deciding.broken or group from None
            finally:
                deciding.end()
        finally:
            if not self._threaded:
                with suppress(sqlite3.Error):  # said below
                    self._journal.flush()
            if not self._journal.close():
                log.error("journal %s: not everything could be stored; the PLCs will send it again", path)

    def _begin(self, deciding: Deciding) -> None:
        """Raises JournalError where the journal is another controller's."""
        path = self._config.journal
        if deciding.seq:
            log.info("journal %s: %d records taken up", path, deciding.seq)
        before = deciding.core.state.started
        if before is not None and before.controller != self._config.controller:
            other = f"journal {path}: it is that of controller {before.controller!r}"
            raise JournalError(f"{other}, this one is {self._config.controller!r}; give `journal` a file of its own")
        self._standby = self._stands_by()
        self._mailboxes = Mailboxes(
            self._config,
            self._vitals,
            self._journal,
            self._clock,
            self._sessions,
            self._standby,
            self._buses,
            state=lambda: deciding.core.state,
            give=deciding.give,
            proven=self._proven,
        )
        if deciding.seq:  # of an earlier version it is stored whole, which takes the longer the more orders there are
            self._journal.checkpoint(deciding.seq, deciding.core.state)
        self._settled()
        if self._threaded:
            self._journal.start()
        deciding.start(self._start(self._config, deciding.core.following(self._config.layouts())))
        self._changes.standing.at_us = self._now()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end_when_broken())
            tasks.create_task(ping())
            self._tasks = tasks
            await self._sessions.follow(tasks, self._wanted())
            self._tasks_began = True
            ready(f"configuration {self._changes.standing.name}")

    def _wanted(self) -> dict[str, Runs]:
        """What is to run by the configuration in force."""
        config, rounds = self._config, self._rounds
        wanted = self._wanted_devices() if self.leads else {}
        files = config.disk, config.files()
        wanted["config"] = Runs(None, lambda: self._changes.run)
        if (standby := self._standby) is not None:
            wanted["standby"] = Runs(None, lambda: standby.run)
        wanted["disk-watch"] = Runs(files, lambda: rounds.look_at_disks)
        wanted["damage-watch"] = Runs(files, lambda: rounds.look_for_damage)
        wanted["pace-watch"] = Runs(None, lambda: partial(rounds.look_at_pace, self._journal, self._mailboxes.plcs))
        published = tuple(config.publish)
        if self._retention is not None:
            look = partial(rounds.look_at_room, self._retention(config), self._journal)
            wanted["journal-room"] = Runs((config.retention, published), lambda: look)
        if self._targets is not None and (found := self._targets(config)) is not None:
            targets = partial(rounds.look_at_targets, found)
            wanted["publish-state"] = Runs(published, lambda: targets)
        if certificates := own_certificates(config):
            certify = partial(rounds.look_at_certificates, certificates, self._give)
            wanted["certificates"] = Runs(certificates, lambda: certify)
        if (feed := self._feed) is not None:
            wanted["site-store"] = Runs(None, lambda: self._feed_follower(feed).run)
        return wanted

    def _wanted_devices(self) -> dict[str, Runs]:
        """What only the controller runs that commands the lines."""
        config = self._config
        wanted = {"measures": Runs(None, lambda: self._measure)}
        for name, table in config.plc.items():
            if table.mailbox:
                lines = [layout for layout in config.layouts() if layout.plc == name] if table.io else []
                wanted[f"plc.{name}"] = Runs((table.io, lines), partial(self._mailboxes.begin, name, self._tasks_began))
            if table.point:
                wanted[f"points.{name}"] = Runs(table, partial(self._begin_points, name))
            if table.packml is not None:
                wanted[f"packml.{name}"] = Runs(table.packml, partial(self._begin_machine, name, table.packml))
        for name, reader in config.reader.items():
            wanted[f"reader.{name}"] = Runs(reader, partial(self._begin_reader, name))
        return wanted

    def _feed_follower(self, feed: OrderFeed) -> FeedFollower:
        return FeedFollower(
            feed,
            state=lambda: self._deciding.core.state,
            now_us=self._now,
            stores=lambda: not self._reasons.get("journal"),
            take=self._take_fed,
            tell=self._device,
            threaded=self._threaded,
            settled=self._settled,
        )

    def _take_fed(self, given: Input) -> None:
        """An order, or what somebody asks; some of it is for a device."""
        self._take(given)
        if isinstance(given, PointWriteRequested) and given.plc in self._points:
            self._points[given.plc].ask(given)
        if isinstance(given, AlarmRequested) and given.action is AlarmAction.TAKE_OVER:
            for plc in self._mailboxes.plcs.values():
                if given.alarm == identity(AlarmKind.FENCED, plc.name):
                    plc.host.take_over()
        own = identity(AlarmKind.CONFIG_REFUSED, self._config.controller)
        if isinstance(given, AlarmRequested) and given.action is AlarmAction.TAKE_CONFIG and given.alarm == own:
            self.look_again(given.by)

    # ---- another controller ------------------------------------------------------------------------------------------

    @property
    def leads(self) -> bool:
        """Whether it commands the lines, or stands by for the controller that does."""
        return self._standby is None or self._standby.leads

    def _stands_by(self) -> Standby | None:
        table = self._config.standby
        if table is None or self._lease is None:
            return None
        return Standby(
            table.name,
            table.hold_ms,
            self._lease,
            body=lambda whole: body_of(self._deciding.core.state, table.name, self._epoch or 0, self._now(), whole),
            lead=self._lead,
            cease=self._cease,
            tell=self._device,
            threaded=self._threaded,
            clock=boot_us if self._threaded else self._now,
        )

    @property
    def _epoch(self) -> int | None:
        return None if self._standby is None else self._standby.epoch

    async def _lead(self, epoch: int, told: LeaseTold | None, now_us: int, ours: bool) -> None:
        """The lines are this controller's from now on; see `edge.controller.standby.Leads`."""
        if not ours:
            taken = taken_of(told, epoch, self._now(), now_us)
            if self._give(taken)[1] is not None and told is not None:  # said by the fault itself
                self._take(taken_of(None, epoch, self._now(), now_us))
        await self._until_stored()  # what a PLC's session takes for stored, it acknowledges
        self._mailboxes.lead(by_other=not ours)
        await self._follow_config()

    async def _cease(self, away: bool) -> None:
        """They are not this controller's any more; ``away``: another has them, or is offered them."""
        if away:
            self._give(LinesTaken(at_us=self._now(), node="", epoch=self._epoch or 0, away=True))
        for device, trouble in [*self._reasons.items()]:
            if trouble is not None and device.partition(".")[0] in ("plc", "host", "reader", "points", "packml"):
                self._device(device, None, "this controller stands by")
        await self._follow_config()

    async def _until_stored(self) -> None:
        """All that was taken by now."""
        seq = self._journal.seq
        while self._journal.stored < seq:
            self._more_stored.clear()
            await self._more_stored.wait()

    # ---- another configuration ---------------------------------------------------------------------------------------

    def look_again(self, by: str = "") -> None:
        """Looks at the configuration's file, and takes it if it is good. ``by``: who asked. In the loop's thread."""
        self._changes.ask(by)

    def _take_config(self, config: LineConfig, layouts: tuple[LineLayout, ...], by: str) -> None:
        """Decides by it from now on; raises what the decisions raised, and goes on as before then."""
        started = self._deciding.core.state.started
        before = () if started is None else started.layouts
        self._deciding.start(self._start(config, layouts, by))
        self._config = config
        self._rounds.follow(config)
        self._vitals = self._mailboxes.vitals = _vitals(config, layouts)
        self._mailboxes.follow(config, before, layouts)

    def _start(self, config: LineConfig, layouts: tuple[LineLayout, ...], by: str | None = None) -> Started:
        """``by``: who asked for another configuration; None = the process began."""
        return Started(
            at_us=self._now(),
            controller=config.controller,
            version=_version(),
            layouts=layouts,
            alarms=config.alarms(),
            docks=config.docks(),
            flags=FLAGS,
            config=name_of(config),
            running=by is not None,
            by=by or "",
        )

    async def _follow_config(self) -> None:
        async with self._following:
            await self._follow_wanted(self._wanted())

    async def _follow_wanted(self, wanted: dict[str, Runs]) -> None:
        await self._sessions.follow(self._tasks, wanted)
        self._told = {}  # what is gone is told no more
        self._points = {name: one for name, one in self._points.items() if f"points.{name}" in wanted}
        self._machines = {name: one for name, one in self._machines.items() if f"packml.{name}" in wanted}
        self._readers = {name: one for name, one in self._readers.items() if f"reader.{name}" in wanted}

    def _begin_points(self, name: str) -> Session:
        points = PointSession(name, self._config.plc[name], self._now, self._take, self._buses)
        self._points[name] = points
        return partial(self._point_session, points)

    def _begin_machine(self, name: str, table: PackmlConfig) -> Session:
        self._machines[name] = machine = PackmlSession(name, table, self._now, self._take)
        return partial(self._packml_session, machine)

    def _begin_reader(self, name: str) -> Session:
        self._readers[name] = ReaderSession(name, self._config.reader[name])
        self._turns[name] = ReadTurns(self._take, self._loop.call_soon, self._now)
        return partial(self._reader_session, name)

    # ---- what is decided ---------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock.now_us()

    def _take(self, given: Input) -> int:
        """One input through the core; see `Deciding`. Raises what the decisions raised, when the input is set aside."""
        return self._deciding.take(given)

    def _give(self, given: Input) -> tuple[int, Exception | None]:
        return self._deciding.give(given)

    async def _end_when_broken(self) -> None:
        await self._deciding.broke.wait()
        raise self._deciding.broken or JournalError("")

    def _command(self, command: Command) -> Sequence[OutputSet | CommandDropped]:
        """Sends a command; an output of a reader that cannot be set now, or what is no command, is said at once."""
        if not self.leads:
            return ()
        if not isinstance(command, SetOutput) or command.device.startswith("plc."):
            return self._mailboxes.command(command)
        device, port, on = command.device, command.port, command.on
        reader = self._readers.get(device.partition(".")[2])
        trouble = "there is no such reader" if reader is None else reader.set_output(port, on)
        return (OutputSet(self._now(), device, port, on, trouble),) if trouble else ()

    # ---- points and machines -----------------------------------------------------------------------------------------

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
        self._turns[name].begin()
        await session.reader().run(partial(self._reader_event, session))

    def _proven(self, step_us: int, at_us: int) -> None:
        """A PLC's clock was set back: a reader's may have been as well, see DeviceClock."""
        for reader in self._readers.values():
            reader.proven(step_us, at_us)

    def _reader_event(self, session: ReaderSession, event: ReaderEvent) -> None:
        device = f"reader.{session.name}"
        if isinstance(event, ReaderReady):
            self._device(device, None, f"{session.name}: {event.about}")
            return
        if isinstance(event, ReaderReached) and self._reasons.get(device) and device not in self._sessions.silent:
            self._device(device, f"{session.name}: connected again, and not heard yet: {event.about}")
        if isinstance(event, Reads):
            self._vitals.read(session.name, event.reads, event.held)
        for given in session.inputs(event, self._now()):
            self._turns[session.name].take(given)

    # ---- signs of life -----------------------------------------------------------------------------------------------

    async def _measure(self) -> None:
        """Says every EVERY_S how things are; one thing a turn of the loop, so that a divert need not wait for all."""
        due = self._loop.time()
        while True:
            due += EVERY_S
            await asyncio.sleep(due - self._loop.time())
            if self._reasons.get("journal"):  # what cannot be stored is not taken in
                continue
            late_us = int((self._loop.time() - due) * 1e6)
            self._vitals.left_out(self._deciding.core.left_out())
            for device, values in self._vitals.measured(
                {name: plc.host for name, plc in self._mailboxes.plcs.items()},
                {name: machine.now for name, machine in self._machines.items()},
                self._is_up,
                self._now,
                self._deciding.core.state,
                self._clock_of,
            ):
                self._told[device] = values
                self._give(Measured(self._now(), device, values))
                await asyncio.sleep(0)
            own = (
                ("loop_late_us", late_us),
                ("unstored", self._journal.seq - self._journal.stored),
                ("journal_records", self._journal.seq),
                ("orders_open", self._deciding.core.state.book.still_open),
                *self._vitals.alarms(self._deciding.core.state, self._now()),
                *(self._rounds.room.values() if self._rounds.room is not None else ()),
            )
            self._told["controller"] = own
            self._give(Measured(self._now(), "controller", own))
            if self._reasons.get("measures"):
                self._device("measures", None, "measures goes on")

    def _clock_of(self, device: str) -> tuple[tuple[str, float], ...]:
        kind, _, name = device.partition(".")
        its = self._mailboxes.plcs.get(name) if kind == "plc" else self._readers.get(name)
        return () if its is None else its.clock_told()

    def metrics(self) -> Iterator[Sample]:
        """For Prometheus, from any thread: what was told last, and what was stored."""
        yield from samples(dict(self._told), Counter(self._journal.kinds), self._deciding.core.left_out())
        sign = self._journal.sign
        why = "0 = the journal cannot be written, since journal_stands_since_seconds (1970 UTC)"
        yield Sample("journal_writable", why, int(sign.why in (None, Unwritable.SLOW)))
        count, since_us = self._journal.waits
        why = "how long the oldest record waits to be stored"
        yield Sample("journal_waits_seconds", why, (self._now() - since_us) / 1e6 if count else 0)
        yield Sample("journal_stands_since_seconds", why, sign.since_s)
        yield Sample("files_damaged", "1 = a file of ours is damaged", int(bool(self._reasons.get("files"))))
        yield from disk_samples(self._rounds.disks.rooms)
        if self._standby is not None:
            text = "1 = this controller commands the lines, 0 = it stands by"
            yield Sample("standby_leads", text, int(self._standby.leads))
            yield Sample("standby_epoch", "of the lease, as it was seen last", self._standby.epoch)
            yield Sample("standby_alone", "1 = no other controller stands by", int(bool(self._reasons.get("standby"))))
        yield from self._changes.standing.samples()

    # ---- the journal answers -----------------------------------------------------------------------------------------

    def _stored_from_thread(self, seq: int) -> None:
        if self._threaded:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to acknowledge
                self._loop.call_soon_threadsafe(self._stored, seq)
        else:
            self._stored(seq)

    def _stored(self, seq: int) -> None:
        self._mailboxes.stored(seq)
        self._more_stored.set()

    def _trouble_from_thread(self, text: str) -> None:
        if text:
            log.error("%s", text)
        else:
            log.warning("journal %s: stores again", self._config.journal)
        with suppress(RuntimeError):  # as above
            self._loop.call_soon_threadsafe(self._device, "journal", text or None, "the journal stores again")

    def _appended(self) -> None:
        """The journal has more to write, which its thread does; without one it is done in the next turn."""
        if not self._threaded and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

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


def _vitals(config: LineConfig, layouts: tuple[LineLayout, ...]) -> Vitals:
    lanes = {layout.name: tuple(lane.number for lane in layout.lanes) for layout in layouts}
    return Vitals(config.plc, config.reader, lanes, [dock.name for dock in config.dock])


def _version() -> str:
    try:
        return version("lanewise")
    except PackageNotFoundError:
        return "0"
