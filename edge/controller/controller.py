"""The runtime: sources -> step -> PLC writes -> journal -> acknowledgements, and the retry loop of the devices.

Public names: Controller, HostClock, OrderFeed, File.

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
from typing import assert_never

from edge.config.certificates import own_certificates
from edge.config.change import name_of
from edge.config.lines import LineConfig
from edge.config.opcua import PackmlConfig
from edge.controller.changes import File as File
from edge.controller.changes import NewFiles
from edge.controller.faults import Rests, failed, part_of, shown
from edge.controller.feed import FeedFollower
from edge.controller.feed import OrderFeed as OrderFeed
from edge.controller.handing import body_of, taken_of
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
    DeviceChanged,
    Input,
    InputFailed,
    Journaled,
    LinesTaken,
    Measured,
    OutputSet,
    PassageSeen,
    PointWriteRequested,
    Route,
    SetLane,
    SetOutput,
    Started,
    TagsRead,
    Tick,
)
from edge.core.iso_time import iso
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.core.values.flags import FLAGS
from edge.core.values.layout import LineLayout
from edge.core.values.lease import LeaseStore, LeaseTold
from edge.devices.packml import PackmlSession
from edge.devices.plc import PlcSession
from edge.devices.points import PointSession
from edge.devices.reader import ReaderSession
from edge.journal.disk import disk_samples
from edge.journal.host_time import now_us
from edge.journal.notify import ping, ready
from edge.journal.record import Entered, JournalError, Value, kept
from edge.journal.replay import recover
from edge.journal.sign import Unwritable
from edge.journal.writer import Journal
from edge.metrics import Sample, serve
from plc.driver import PlcError
from plc.host_signals import Connected, Fenced, HostSignal, Incompatible, LinkFresh, LinkStale
from plc.modbus_bus import Buses
from plc.words import MailboxError, Opcode
from rfid.driver import ReaderEvent, ReaderReached, ReaderReady, Reads

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 10_000
"""Records between two checkpoints: what is read again at most at a start, or after a fault while the lines run; so
many take about a quarter of a second."""
WATCH_S = 0.05
"""How often a PLC that obeys another controller is looked at; that one writes at least every 0.1 s."""


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
        self._rests = Rests()
        self._anew: dict[str, int] = {}
        """PLCs that begin anew, as at a start, when the journal has so many records."""
        self._broken: JournalError | None = None
        self._turns: dict[str, ReadTurns] = {}
        self._buses = Buses()
        self._tasks_began = False
        self._plcs: dict[str, PlcSession] = {}
        self._points: dict[str, PointSession] = {}
        self._machines: dict[str, PackmlSession] = {}
        self._readers: dict[str, ReaderSession] = {}
        self._vitals = _vitals(config, config.layouts())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us: int | None = None
        self._flushing = False
        self._next_checkpoint = 0
        self._started = 0
        self._retention = retention
        self._targets = targets
        self._rounds = Rounds(config, self._now, self._device, self._reasons.__contains__, threaded)
        self._changes = NewFiles(
            config,
            file,
            core=lambda: self._core,
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
        self._new_hosts: set[str] = set()
        """PLCs whose session was made when the lease was taken."""

    async def run(self) -> None:
        """Runs until cancelled; what was decided by then is stored.

        Raises JournalError, OSError at the start; later JournalError when the decisions failed and the journal cannot
        be read to go on from.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._broke = asyncio.Event()
        self._clock = HostClock(loop, self._zero_us)
        self._journal = Journal(self._config.journal, self._stored_from_thread, self._trouble_from_thread)
        closed = False
        try:
            self._core, seq = recover(self._config.journal)
            if seq:
                log.info("journal %s: %d records taken up", self._config.journal, seq)
            before = self._core.state.started
            if before is not None and before.controller != self._config.controller:
                other = f"journal {self._config.journal}: it is that of controller {before.controller!r}"
                raise JournalError(
                    f"{other}, this one is {self._config.controller!r}; give `journal` a file of its own"
                )
            self._standby = self._stands_by()
            self._plcs = {name: self._plc(name) for name, table in self._config.plc.items() if table.mailbox}
            if seq:  # of an earlier version it is stored whole, which takes the longer the more orders there are
                self._journal.checkpoint(seq, self._core.state)
            self._settled()
            if self._threaded:
                self._journal.start()
            self._started = self._take(self._start(self._config, self._core.following(self._config.layouts())))
            self._changes.standing.at_us = self._now()
            self._next_checkpoint = self._journal.seq + CHECKPOINT_EVERY
            with serve(self._config.metrics.run, self.metrics):
                try:
                    await self._work()
                except ExceptionGroup as group:
                    raise self._broken or group from None
        finally:
            if self._timer is not None:
                self._timer.cancel()
            try:
                if self._next_checkpoint and self._broken is None:
                    self._journal.checkpoint(self._journal.seq, self._core.state, self._started)
            finally:
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
        wanted["pace-watch"] = Runs(None, lambda: partial(rounds.look_at_pace, self._journal, self._plcs))
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
                wanted[f"plc.{name}"] = Runs((table.io, lines), partial(self._begin_plc, name))
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
            state=lambda: self._core.state,
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
            for plc in self._plcs.values():
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
            body=lambda whole: body_of(self._core.state, table.name, self._epoch or 0, self._now(), whole),
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
        self._plcs |= {name: self._plc(name, by_other=not ours) for name in self._plcs}
        self._new_hosts = set(self._plcs)
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

    def _check_lease(self, plc: PlcSession) -> None:
        """Raises PlcError where another controller may command by now."""
        if self._standby is not None and not self._standby.may_write():
            raise PlcError(f"{plc.name}: the lease is not this controller's any more")

    # ---- another configuration ---------------------------------------------------------------------------------------

    def look_again(self, by: str = "") -> None:
        """Looks at the configuration's file, and takes it if it is good. ``by``: who asked. In the loop's thread."""
        self._changes.ask(by)

    def _take_config(self, config: LineConfig, layouts: tuple[LineLayout, ...], by: str) -> None:
        """Decides by it from now on; raises what the decisions raised, and goes on as before then."""
        before = {} if self._core.state.started is None else {one.name: one for one in self._core.state.started.layouts}
        self._started = self._take(self._start(config, layouts, by))
        self._config = config
        self._rounds.follow(config)
        self._vitals = _vitals(config, layouts)
        for name, plc in self._plcs.items():
            lines = [layout for layout in layouts if layout.plc == name]
            plc.follow(lines)
            new = {(one.name, lane.number) for one in lines for lane in one.lanes}
            if new - {(one.name, lane.number) for one in before.values() for lane in one.lanes}:
                for given in plc.stands(self._now()):  # what is known of its lanes was asked of others
                    self._give(given)

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

    def _begin_plc(self, name: str) -> Session:
        if name in self._new_hosts:
            self._new_hosts.remove(name)
        elif self._tasks_began:
            self._anew[name] = self._journal.seq
        return partial(self._plc_session, name)

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

    # ---- the hot path ------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock.now_us()

    def _take(self, given: Input) -> int:
        """One input through the core; commands to the mailboxes, the rest to the journal. Returns the last sequence.

        Raises what the decisions raised, when the input is set aside.
        """
        seq, fault = self._give(given)
        if fault is not None:
            raise fault
        return seq

    def _give(self, given: Input) -> tuple[int, Exception | None]:
        """As _take, for what no session gives that could end; what the decisions raised comes back."""
        if self._broken is not None:
            return self._journal.seq, self._broken
        core, fault = self._core, None
        values: list[Entered[Value]] = []
        if not isinstance(given, TagsRead | Tick):
            try:
                values.append(kept(given))
            except Exception as error:  # noqa: BLE001  # as below; nothing was decided by it
                return self._leave_out(given, error), error
            given = values[0].value  # type: ignore[assignment]  # it is of the same kind
        try:
            results = core.step(given)
        except Exception as error:  # noqa: BLE001  # whatever it is, what others give is decided on
            if not core.acting:
                return self._mend(given, error), error
            results, fault = core.done, error
        seen: PassageSeen | None = None
        for result in results:
            if isinstance(result, Command):
                continue
            seen = result if isinstance(result, PassageSeen) else seen
            try:
                values.append(kept(result))
            except Exception as error:  # noqa: BLE001  # as above
                part = part_of(result, core.state) if isinstance(given, Tick) else ""
                weighing = seen if seen is not None and part == f"line.{seen.line}" else None
                return self._mend(given, error, part, weighing, whole=True), error
        seq = self._journal.append(values)
        if values and not self._threaded and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        troubles = [trouble for result in results if isinstance(result, Command) for trouble in self._command(result)]
        if fault is not None:
            seq = self._mend(given, fault)
        self._set_timer()
        if seq >= self._next_checkpoint > 0:
            self._checkpoint(seq)
        for trouble in troubles:
            self._give(trouble)
        return seq, None

    def _checkpoint(self, seq: int) -> None:
        self._next_checkpoint = seq + CHECKPOINT_EVERY
        self._journal.checkpoint(seq, self._core.state, self._started)

    def _leave_out(self, given: Journaled, error: Exception) -> int:
        """No journal gives back what was given: nothing is decided by it. Returns the last sequence."""
        log.error("a fault of this program at %s %s", type(given).__name__, shown(given), exc_info=error)
        if self._next_checkpoint and not isinstance(given, InputFailed):
            self._give(failed(given, error, "", None))
        return self._journal.seq

    def _mend(
        self,
        given: Input,
        error: Exception,
        acting: str = "",
        weighing: PassageSeen | None = None,
        *,
        whole: bool = False,
    ) -> int:
        """The decisions failed and may be half changed: they begin anew from the journal, as far as it goes.

        What failed is journaled as set aside. ``acting``, ``weighing``: as a Core's, where that does not tell them.
        ``whole``: nothing that the step came to is journaled. Returns the last sequence.
        """
        before, part = self._core, acting or self._core.acting
        log.error("a fault of this program at %s %s", part or type(given).__name__, shown(given), exc_info=error)
        if not self._next_checkpoint:
            return 0  # the first input; there is nothing to go on from
        try:
            self._core, _ = recover(self._config.journal, self._journal.unstored())
        except JournalError as unread:
            self._broken = unread
            self._broke.set()
            return self._journal.seq
        lost = self._core.take_over(before, whole)
        if part:
            self._core.rest(part, self._rests.until_us(part, max(given.at_us, self._now())))
        self._set_timer()
        if not isinstance(given, InputFailed):
            self._give(failed(given, error, part, weighing or before.weighing))
        for layout in lost:
            for name in (*layout.readers, *layout.scanners):
                if self._is_up(device := f"reader.{name}"):
                    self._give(DeviceChanged(self._now(), device, True, f"{name}: its line begins anew after a fault"))
        self._checkpoint(self._journal.seq)
        return self._journal.seq

    async def _end_when_broken(self) -> None:
        await self._broke.wait()
        raise self._broken or JournalError("")

    def _command(self, command: Command) -> list[OutputSet | CommandDropped]:
        """Sends a command; an output of a reader that cannot be set now, or what is no command, is said at once."""
        if not self.leads:
            return []
        match command:
            case Route(plc) if self._standby is not None and not self._plcs[plc].was_connected:
                return []  # when it is, all that is decided goes out
            case Route(plc, track_id, lane, _):
                return self._queue(plc, command, Opcode.ROUTE, track_id, lane)
            case SetLane(plc, lane, enabled, _):
                return self._queue(plc, command, Opcode.LANE, int(enabled), lane)
            case SetOutput(device, port, on, _):
                kind, _, name = device.partition(".")
                if kind == "plc":
                    return self._queue(name, command, Opcode.OUTPUT, int(on), port)
                reader = self._readers.get(name)
                trouble = "there is no such reader" if reader is None else reader.set_output(port, on)
                return [OutputSet(self._now(), device, port, on, trouble)] if trouble else []
            case _:
                assert_never(command)

    def _queue(
        self, plc: str, command: Command, opcode: Opcode, value: int, target: int
    ) -> list[OutputSet | CommandDropped]:
        try:
            self._plcs[plc].command(command)
        except MailboxError as error:
            at_us, why = self._now(), str(error)
            return [CommandDropped(at_us=at_us, plc=plc, opcode=int(opcode), value=value, target=target, why=why)]
        return []

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
        self._give(Tick(self._now()))

    # ---- PLCs --------------------------------------------------------------------------------------------------------

    def _plc(self, name: str, by_other: bool = False) -> PlcSession:
        lines = [layout for layout in self._config.layouts() if layout.plc == name]
        known, epoch = self._core.state.plcs.get(name), self._epoch or None
        return PlcSession(name, self._config.plc[name], known, lines, self._buses, epoch, by_other)

    async def _plc_session(self, name: str) -> None:
        """One connection to a PLC, polled until it fails. Raises PlcError."""
        if (seq := self._anew.get(name)) is not None:
            if self._journal.stored < seq:  # what it takes for stored, it acknowledges
                raise PlcError(f"{name}: begins anew when the journal has stored record {seq}")
            del self._anew[name]
            self._plcs[name] = self._plc(name)
        plc = self._plcs[name]
        link, host, now_us = plc.link, plc.host, self._clock.now_us
        poll_us = plc.config.poll_ms * 1000
        try:
            await link.connect()
            await self._take_plc(plc)
            due_us = at_us = now_us()
            while True:
                if host.fenced:
                    await self._take_plc(plc)
                    due_us = at_us = now_us()
                block, at_once = self._down(plc, at_us), link.reads_and_writes_at_once
                if block is not None and at_once:
                    due_us = at_us  # a command does not wait for the next poll, it is one
                else:
                    if block is not None:
                        await link.write_down(block)
                        at_us = now_us()
                    due_us += poll_us - due_us % poll_us  # PLCs are polled together: to wake up costs more than a poll
                    if (expected_us := plc.lookout.next_us(at_us)) is not None:
                        due_us = min(due_us, expected_us)
                    due_us = max(due_us, at_us)
                    whole = await plc.rest(self._clock.loop_time(due_us))
                    at_us = now_us()
                    if not whole:
                        due_us = at_us - poll_us
                        continue
                    # What came due meanwhile, as acknowledgements, goes with the poll.
                    block = self._down(plc, at_us) if at_once else None
                asked_us = at_us
                up = await (link.read_up() if block is None else link.exchange(block))
                self._check_lease(plc)
                at_us = now_us()
                self._vitals.polled(plc.name, at_us - asked_us)
                step_us = plc.observe(up, at_us, asked_us)
                signals = host.on_up(up, at_us)
                if signals:
                    self._signals(plc, signals, at_us)
                if step_us:
                    for reader in self._readers.values() if step_us < 0 else ():
                        reader.proven(step_us, at_us)
                    self._give(plc.clock_set(step_us, at_us))
        finally:
            await link.close()

    async def _take_plc(self, plc: PlcSession) -> None:
        """The handshake; while the PLC obeys another controller, it is looked at until it is ours. Raises PlcError."""
        while True:
            up = await plc.link.read_up()
            down = await plc.link.read_down()
            self._check_lease(plc)
            at_us = self._now()
            if self._standby is not None:
                plc.host.lease(self._standby.epoch)
            self._signals(plc, plc.host.connect(up, down, at_us), at_us)
            if not plc.host.fenced:
                return
            if self._standby is not None and (other := plc.host.to_pass) is not None:
                self._standby.pass_epoch(other)
            _, signals = plc.host.down(at_us)
            self._signals(plc, signals, at_us)
            await asyncio.sleep(WATCH_S)

    def _down(self, plc: PlcSession, at_us: int) -> Sequence[int] | None:
        """The block to write now; None = nothing to say. Raises PlcError."""
        if not plc.host.has_to_say(at_us):
            return None
        self._check_lease(plc)
        block, signals = plc.host.down(at_us)
        if signals:
            self._signals(plc, signals, at_us)
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
            seq, fault = self._give(given)
            if fault is not None:  # our half of its mailbox knows more now than the decisions do
                self._anew[plc.name] = self._journal.seq
                raise fault
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
        self._turns[name].begin()
        await session.reader().run(partial(self._reader_event, session))

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
            self._vitals.left_out(self._core.left_out())
            for device, values in self._vitals.measured(
                {name: plc.host for name, plc in self._plcs.items()},
                {name: machine.now for name, machine in self._machines.items()},
                self._is_up,
                self._now,
                self._core.state,
                self._clock_of,
            ):
                self._told[device] = values
                self._give(Measured(self._now(), device, values))
                await asyncio.sleep(0)
            own = (
                ("loop_late_us", late_us),
                ("unstored", self._journal.seq - self._journal.stored),
                ("journal_records", self._journal.seq),
                ("orders_open", self._core.state.book.still_open),
                *self._vitals.alarms(self._core.state, self._now()),
                *(self._rounds.room.values() if self._rounds.room is not None else ()),
            )
            self._told["controller"] = own
            self._give(Measured(self._now(), "controller", own))
            if self._reasons.get("measures"):
                self._device("measures", None, "measures goes on")

    def _clock_of(self, device: str) -> tuple[tuple[str, float], ...]:
        kind, _, name = device.partition(".")
        its = self._plcs.get(name) if kind == "plc" else self._readers.get(name)
        return () if its is None else its.clock_told()

    def metrics(self) -> Iterator[Sample]:
        """For Prometheus, from any thread: what was told last, and what was stored."""
        yield from samples(dict(self._told), Counter(self._journal.kinds), self._core.left_out())
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
        for plc in self._plcs.values():
            plc.stored(seq)
        self._more_stored.set()

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


def _vitals(config: LineConfig, layouts: tuple[LineLayout, ...]) -> Vitals:
    lanes = {layout.name: tuple(lane.number for lane in layout.lanes) for layout in layouts}
    return Vitals(config.plc, config.reader, lanes, [dock.name for dock in config.dock])


def _version() -> str:
    try:
        return version("lanewise")
    except PackageNotFoundError:
        return "0"
