"""One site as the api process holds it: configuration, store, picture, followers.

Public names: Site, LineInfo, Health.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec

from api.carrier_doors import CarrierDoors
from api.chores import Chores
from api.connection import GuardedConnection
from api.crowd import ENDINGS, Crowd
from api.doubts import Doubts
from api.flow_metrics import FlowMetrics
from api.follow import Followed, JournalWatch, Memory, Shown
from api.guard import page_secret
from api.identities import Identities, welcome
from api.intake import folder_looks
from api.journals import Journals
from api.site_tables import check_names, devices_of, door_of, layouts_of
from api.stream import Hub, event
from edge.config.change import InForce
from edge.config.goods import load_packing
from edge.config.lines import SiteConfig
from edge.config.load import load_controllers
from edge.config.points import point
from edge.config.problem import ConfigError
from edge.config.review_rules import review_rules
from edge.config.secret import read_api_token
from edge.core.alarms.alarms import unraised
from edge.core.events import AlarmRequested, Started
from edge.core.totes import names_by, plans_of
from edge.core.values.alarm import AlarmKind
from edge.core.values.layout import LineLayout
from edge.core.values.wishes import AlarmWish, Wish
from edge.intake.calendars import CalendarError
from edge.intake.care import care_rules
from edge.intake.planning import planning_of
from edge.journal.disk import NEEDED_BYTES, DiskWatch, disk_samples
from edge.journal.host_time import now_us
from edge.journal.record import Value
from edge.metrics import Sample
from edge.orders.picking import PickError
from edge.orders.planning import Planning
from edge.orders.stock import StockError
from edge.site.case_care import care_duties
from edge.site.case_desk import CaseDesk
from edge.site.cover_shown import DemandKept
from edge.site.desk import SalesDesk
from edge.site.duties import Duty, duties_of, turn
from edge.site.mails import MAIL_CURSOR
from edge.site.store import Keep, Kept, SiteStore, StoreError, StoreHeld, Wires
from edge.site.webhooks import Herald
from edge.views.docks import DockBoard, DockPicture
from edge.views.history import History, Window
from edge.views.live import LiveView
from edge.views.picture import AlarmView, PointView, Snapshot, alarm_view
from edge.views.troubles import (
    Trouble,
    chore_failed,
    codes_unexplained,
    config_refused,
    disk_fills,
    hook_refused,
    mail_waits,
    not_followed,
    store_away,
    store_full,
    unwritable,
    webhook_behind,
)
from edge.views.workings import Workings

log = logging.getLogger(__name__)
BEAT_S = 1.0
DISK_EVERY_S = 30.0
STORE_EVERY_S = 10.0
COVER_S = 5.0
KEEP_S = 3600.0
GIVES_S = 3.0
"""So long what asks the store has to end, when this process does."""
"""So often it is looked what of the store is due to go."""
Delivered = Callable[[SiteConfig, str], int | None]
"""Of a site and the mark of its store: up to which number all who publish its outbox have it, None = nobody does.

Raises OSError while that cannot be read.
"""


@dataclass(frozen=True, slots=True)
class LineInfo:
    """A line, until another configuration is taken. ``title`` empty: its name is its title."""

    title: str
    controller: str
    layout: LineLayout


@dataclass(frozen=True, slots=True)
class Health:
    """Whether everything is followed. ``store_trouble`` is empty while orders can be taken. ``troubles``: all that is
    known without the journals.
    """

    ok: bool
    site: str
    version: str
    now_us: int
    store_trouble: str
    controllers: tuple[Followed, ...]
    troubles: tuple[Trouble, ...]


class Site:
    """Everything that the routes ask. Raises ConfigError for what is wrong with the configuration."""

    def __init__(self, config: SiteConfig) -> None:
        self.config = config
        self.token = None if config.token_file is None else read_api_token(config.token_file)
        self.doubts = Doubts()
        its = config.accounts
        self.identities = None if its is None else Identities(config.site, its, self.token, self.store)
        """None: nobody signs in."""
        self.connections: Crowd[GuardedConnection] | None = None
        """None: no server of ours has them."""
        self.intake = ThreadPoolExecutor(1, "intake")
        """Where orders are read and stored, one request after the other; what people ask does not wait for it."""
        self._wishes = ThreadPoolExecutor(1, "wishes")
        self.packing = load_packing(config)
        self.packer = self.packing.packer()
        controllers = load_controllers(config)
        check_names(config, controllers)
        self.lines = {
            layout.name: LineInfo(controller.line[layout.name].title, controller.controller, layout)
            for controller in controllers
            for layout in layouts_of(controller)
        }
        self.shown = self.lines, tuple(controllers)
        """What is taken from the files of the controllers, and from their journals."""
        self.standing: InForce | None = None
        self.outdated: Callable[[], None] = lambda: None
        """Called when a controller goes on with other lines than are shown."""
        self._followers = tuple(controller.controller for controller in controllers if controller.store)
        self.layouts = tuple(info.layout for info in self.lines.values())
        self.totes = names_by(plans_of(layout.totes for layout in self.layouts))
        """What totes are called."""
        devices = [devices_of(controller) for controller in controllers]
        self.points = {
            (plc, name): point(name, one)
            for controller in controllers
            for plc, table in controller.plc.items()
            for name, one in table.point.items()
        }
        views = [PointView(plc, name, its.unit) for (plc, name), its in self.points.items()]
        self.live = LiveView(self.layouts, [name for names in devices for name in names], views)
        self._history = History(self.layouts)
        self.workings = Workings(name for names in devices for name in names)
        self._unraised = {
            alarm.alarm: alarm_view(alarm)
            for its in controllers
            for alarm in unraised(
                Started(at_us=0, controller=its.controller, version="", layouts=its.layouts(), alarms=its.alarms())
            )
        }
        self.awaited: dict[str, AlarmWish] = {}
        """What was asked last of an alarm whose controller has not journaled it yet, by name."""
        self.hub = Hub(self._picture)
        shown = Shown(self._begin, self._take, self._history.merge, self._docks_changed)
        boards = [DockBoard({dock.name: dock.title for dock in its.dock}) if its.dock else None for its in controllers]
        self.boards = tuple(board for board in boards if board is not None)
        self._watches = [
            JournalWatch(
                its.controller, its.journal, names, shown, self.store, lambda: History(self.layouts), board,
                tuple(info.layout for info in self.lines.values() if info.controller == its.controller),
            )
            for its, names, board in zip(controllers, devices, boards, strict=True)
        ]  # fmt: skip
        self.journals = Journals({its.controller: its.journal for its in controllers}, self.layouts)
        """All journals by time, for whoever asks what was."""
        self.review = review_rules(config.review)
        self.demand = DemandKept()
        try:
            self.care = care_rules(config.team, config.returns, config.care)
        except CalendarError as error:
            raise ConfigError(Path("SITE.toml"), [f"team, returns: {error}"]) from None
        self.page_secret = "" if self.token is None else page_secret(self.token.encode())
        self._countries = tuple(dict.fromkeys(one.country for one in config.channels.values() if one.country))
        self._apart = [name for name, one in config.channels.items() if not one.allow_merge]
        self._version = version("lanewise")
        self.doors = CarrierDoors(config)
        self.chores = Chores()
        self._flow = FlowMetrics()
        self.delivered: Delivered | None = None
        self.herald = Herald(door_of(config.site, name, table) for name, table in config.webhook.items())
        self._store: SiteStore | None = None
        self._wires = Wires()
        self._store_lock = threading.Lock()
        self._store_trouble = self._store_silent = ""
        files = {} if config.store_file is None else {"store": config.store_file}
        self._disk = DiskWatch(files, config.disk.low_hours, config.disk.low_mb * 1_000_000)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follows the journals for as long as the context lasts."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.to_thread(self.open_store)
            tasks += [asyncio.create_task(watch.run()) for watch in self._watches]
            again = (
                (BEAT_S, "page", self._beat),
                (DISK_EVERY_S, "store-disk", self._look_at_disk),
                (STORE_EVERY_S, "store", self._ask_store),
                (KEEP_S, "store-keeping", self._keep_up),
                (COVER_S, "stock-cover", self._add_up),
                *(
                    (self.config.intake.poll_s, f"channel {name}", look)
                    for name, look in folder_looks(self.config, self.desk, self.intake)
                ),
            )
            tasks += [asyncio.create_task(self.chores.every(*one)) for one in again]
            tasks += [asyncio.create_task(self.on_duty(one)) for one in self.duties()]
            yield
        finally:
            self.hub.close()
            self.herald.give_up()
            for task in tasks:
                task.cancel()
            await self._leave_store(tasks)
            if self.identities is not None:
                await asyncio.to_thread(self.identities.close)
            await asyncio.to_thread(self.journals.close)
            if self._store is not None:
                self._store.close()

    async def _leave_store(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Lets end what is under way; what a server does not answer for so long is given up."""
        at = None if self._store is None else self._store.connections
        ends = [*tasks, *(asyncio.create_task(asyncio.to_thread(its.shutdown)) for its in (self.intake, self._wishes))]
        until_s = time.monotonic() + GIVES_S
        await asyncio.wait(ends, timeout=GIVES_S)
        while at is not None and at.busy and time.monotonic() < until_s:  # noqa: ASYNC110  threads end without a word
            await asyncio.sleep(GIVES_S / 100)
        self.give_up_store()
        await asyncio.gather(*ends, return_exceptions=True)

    def give_up_store(self) -> None:
        """Whoever waits for an answer of its server is told that there is none, also who is just opening it."""
        self._wires.give_up()

    def open_store(self) -> None:
        """Begins to write the store. Raises StoreHeld where another process does; other trouble may end by itself."""
        try:
            self.store()
        except StoreHeld:
            raise
        except StoreError:
            pass  # it was said

    def store(self) -> SiteStore:
        """The site store, opened when it was not yet. Raises StoreError."""
        with self._store_lock:
            if self._store is not None and self._store.replaced:
                self._store.close()
                self._store = None
            if self._store is None:
                try:
                    its = self.config
                    self._store = SiteStore(
                        its.store, secret_file=its.secret_file, tracking=self.doors.rules, wires=self._wires
                    )
                    if self.identities is not None and not self.identities.table.demo:
                        welcome(self._store)
                except StoreError as error:
                    before, self._store_trouble = self._store_trouble, str(error)
                    if self._store_trouble != before and not isinstance(error, StoreHeld):
                        log.warning("%s: tried again with every use, and shown in health", error)
                    raise
                self._store_trouble = ""
            return self._store

    def desk(self) -> SalesDesk:
        """The sales orders of the store. Raises StoreError."""
        return SalesDesk(self.store(), self.review, self._countries, self.planning, self._apart)

    @property
    def countries(self) -> tuple[str, ...]:
        """Of phones that name none."""
        return self._countries

    @property
    def planning(self) -> Callable[[int], Planning] | None:
        """By what carriers are chosen at an instant; None = nobody plans here."""
        return self._planning if self.config.service else None

    def cases(self) -> CaseDesk:
        """The cases of the store. Raises StoreError."""
        planning = self._planning if self.config.service else None
        return CaseDesk(self.store(), self.care, self.review, planning)

    def _planning(self, at_us: int) -> Planning:
        return planning_of(self.config.service, self.config.plan, at_us)

    async def ask(self, wish: Wish) -> int:
        """Hands a wish to its controller; its place in the feed. Raises StoreError."""
        at_us = now_us()
        asks = copy_context()  # with the key of who asks
        asked = asyncio.get_running_loop().run_in_executor(
            self._wishes, asks.run, lambda: self.store().request(wish, at_us)
        )
        return await asked

    def snapshot(self) -> Snapshot:
        """The picture now."""
        return self.live.snapshot(now_us())

    def dock_picture(self) -> DockPicture:
        """The dock doors now."""
        return DockPicture(now_us(), tuple(view for board in self.boards for view in board.views()))

    def history(self, minutes: int) -> Window:
        """The key figures of the last minutes: 15, 30 or 60."""
        return self._history.window(now_us(), minutes)

    def alarm(self, name: str) -> AlarmView | None:
        """An alarm as it is now; None = no controller has it."""
        return self.live.alarm(name) or self._unraised.get(name)

    def alarms(self, everything: bool) -> tuple[AlarmView, ...]:
        """The alarms that are not normal, the newest change first; behind them the others, if wanted, by name."""
        raised = sorted(self.snapshot().alarms, key=lambda alarm: -alarm.at_us)
        names = {alarm.alarm for alarm in raised}
        others = [alarm for name, alarm in sorted(self._unraised.items()) if everything and name not in names]
        return (*raised, *others)

    def health(self) -> Health:
        """How it stands now."""
        controllers = tuple(watch.followed for watch in self._watches)
        troubles = (self._store_trouble, self._store_silent, *(its.store_trouble for its in controllers))
        trouble = next(filter(None, troubles), "")
        ok = not trouble and not any(its.journal_trouble for its in controllers)
        told = tuple(self._troubles(controllers, trouble))
        return Health(ok, self.config.site, self._version, now_us(), trouble, controllers, told)

    def _troubles(self, controllers: tuple[Followed, ...], store: str) -> Iterator[Trouble]:
        for its in controllers:
            if its.unwritable:
                folder = str(Path(its.journal).parent)
                yield unwritable(its.controller, its.unwritable, its.unwritable_us, folder)
            elif its.journal_trouble:
                yield not_followed(its.controller, its.journal_trouble)
        full = any(room.left.free_bytes < NEEDED_BYTES for room in self._disk.rooms)
        if store:
            file = self.config.store_file
            yield store_full(str(file.parent)) if full and file is not None else store_away(store)
        if self.standing is not None and self.standing.refused:
            yield config_refused(self.standing.refused)
        for name, (why, since_us) in tuple(self.chores.faults.items()):
            yield chore_failed(name, why, since_us)
        for state in self.herald.late(now_us()):
            yield webhook_behind(state.name, state.trouble, state.since_us)
        for name, codes in self.doors.codes.items():
            yield codes_unexplained(name, codes)
        for name, (why, since_us) in self.doors.troubles.items():
            yield hook_refused(name, why, since_us)
        if self.doors.mail_trouble[0]:
            yield mail_waits(*self.doors.mail_trouble)
        low = self._disk.low
        if low is not None and not (store and full) and not self._is_alarmed(AlarmKind.DISK_LOW):
            yield disk_fills(str(low.folder), low.left.hours, low.left.free_bytes // 1_000_000)

    def _is_alarmed(self, kind: AlarmKind) -> bool:
        """Whether a controller says it."""
        known = (self.live.alarm(name) for name, its in self._unraised.items() if its.kind is kind)
        return any(its is not None and its.active for its in known)

    def metrics(self) -> Iterator[Sample]:
        """What is followed, for Prometheus."""
        for its in self.health().controllers:
            label = (("controller", its.controller),)
            yield Sample(
                "api_journal_up", "1 = the controller's journal is followed", int(not its.journal_trouble), label
            )
            yield Sample("api_journal_writable", "0 = its controller cannot write it", int(not its.unwritable), label)
            yield Sample("api_store_up", "1 = the journal is projected", int(not its.store_trouble), label)
            yield Sample("api_journal_seen", "newest record on the live page", its.seen, label)
            yield Sample("api_journal_projected", "newest record in the site store", its.projected, label)
            yield Sample("api_journal_age_seconds", "age of the newest record", (now_us() - its.last_us) / 1e6, label)
        yield from disk_samples(self._disk.rooms)
        yield from self._flow.samples(now_us())
        if self.standing is not None:
            yield from self.standing.samples()
        for state in self.herald.states.values():
            label = (("webhook", state.name),)
            yield Sample("api_webhook_behind", "events that it was not told yet", state.behind, label)
            yield Sample("api_webhook_refused", "events that it refused for good", state.refused, label)
            yield Sample("api_webhook_tries", "tries in vain of the next one, 0 = it takes them", state.tries, label)
        for (carrier, how), count in sorted(self.doors.counts.items()):
            told = (("carrier", carrier), ("how", how))
            text = "words of carriers about parcels, and messages that were refused"
            yield Sample("api_carrier_words", text, count, told, counts=True)
        yield Sample("api_faults", "works of the process of which the last turn failed", len(self.chores.faults))
        yield Sample("api_pages", "live pages that listen", len(self.hub))
        for how, count in self.doubts.counts.items():
            text = "requests that were refused for their token"
            yield Sample("api_tokens_refused", text, count, (("token", how),), counts=True)
        if self.connections is not None:
            yield Sample("api_connections", "connections of HTTP", len(self.connections))
            for why in ENDINGS:
                text = "connections that took too long, or gave way to newer ones of their address"
                count = self.connections.ended[why]
                yield Sample("api_connections_ended", text, count, (("why", why),), counts=True)

    def _picture(self) -> bytes:
        docks = event("docks", msgspec.json.encode(self.dock_picture())) if self.boards else b""
        snapshot = event("snapshot", msgspec.json.encode(self.snapshot()))
        return snapshot + event("health", msgspec.json.encode(self.health())) + docks

    def _docks_changed(self) -> None:
        self.hub.publish(event("docks", msgspec.json.encode(self.dock_picture())))

    def _begin(self, memory: Memory) -> None:
        self.awaited.clear()
        self.live.begin_with(
            memory.lanes, memory.devices, memory.alarms, memory.machines, memory.entered_us, memory.hands
        )

    def _take(self, values: list[Value]) -> None:
        for value in values:
            self.live.apply(value)
            self._history.apply(value)
            if isinstance(value, Started) and value.running and self._is_new(value):
                self.outdated()
            self.workings.apply(value)
        for value in values:
            if isinstance(value, AlarmRequested):
                self.awaited.pop(value.alarm, None)
        self._publish()

    def _is_new(self, started: Started) -> bool:
        shown = {one.layout for one in self.lines.values() if one.controller == started.controller}
        docks = {name for board in self.boards for name in board.titles}
        return shown != set(started.layouts) or not {dock.name for dock in started.docks} <= docks

    def _publish(self) -> None:
        changes = self.live.changes(now_us())
        if changes:
            self.hub.publish(event("changes", msgspec.json.encode(changes)))

    async def _look_at_disk(self) -> None:
        """Looks at the room on the store's disk; the controllers look at theirs."""
        try:
            await asyncio.to_thread(self._disk.look, time.monotonic_ns() // 1_000)
        except OSError as error:
            log.warning("%s; the store's disk is looked at again in %d s", error, DISK_EVERY_S)

    async def _ask_store(self) -> None:
        """Asks the store for a sign of life: a night may bring nothing that is to be stored."""
        try:
            self._flow.take(*await asyncio.to_thread(lambda: self.store().flow_now()))
        except StoreError as error:
            self._store_silent = str(error)
        else:
            self._store_silent = ""

    async def _add_up(self) -> None:
        """Adds up what the page of the stock wants, where it does not wait for that."""
        with suppress(StoreError):  # whoever asks is told
            days = self.config.stock.used_days
            await asyncio.to_thread(lambda: self.demand.refresh(self.store().connections, days, now_us()))

    async def _keep_up(self) -> None:
        """Takes out of the store what is due, with PostgreSQL in one process of all that could."""
        rules = self.config.retention
        told = (*self.config.webhook, *([MAIL_CURSOR] if self.config.mail.host else ()))
        raw_days = self.config.tracking.raw_days
        keep = Keep(rules.months, self._followers if rules.trim_feed else (), told, raw_days)

        def keep_up() -> Kept:
            return self.store().keep_up(replace(keep, published=self._published()), now_us())

        try:
            kept = await asyncio.to_thread(keep_up)
            if kept != Kept():
                log.info("site store: taken out %s", kept)
        except StoreError as error:
            if str(error) != self._store_trouble:  # which was said
                log.warning("%s: what is due to go stays for now", error)

    def _published(self) -> int | None:
        try:
            return None if self.delivered is None else self.delivered(self.config, self.store().mark)
        except StoreError:
            raise
        except OSError as error:
            log.warning("%s: the outbox stays for now, as nobody knows who has it", error)
            return 0

    def duties(self) -> tuple[Duty, ...]:
        """What the site does by itself."""
        plan = self.config.plan

        def looked(_: object, at_us: int) -> str:
            gone = self.desk().look_again(at_us)
            return f"{gone} orders that were held for stock go on" if gone else ""

        again = (Duty("review-again", plan.again_minutes * 60_000_000, looked),) if plan.again_minutes else ()
        tracking = self.doors.duties(self.store)
        own = duties_of(self.config.service, plan, self.config.kpi, self.live.off_since_us)
        return (*own, *again, *tracking, *care_duties(self.care), *self.herald.duties())

    async def on_duty(self, duty: Duty) -> None:
        """Does what the site does by itself, for ever; what goes wrong ends the turn and nothing else."""
        await asyncio.sleep(duty.every_us / 1e6)
        await self.chores.every(duty.every_us / 1e6, duty.name, partial(self._do, duty))

    async def _do(self, duty: Duty) -> None:
        try:
            await asyncio.to_thread(lambda: turn(self.store().connections, duty, now_us()))
        except (StoreError, StockError, PickError) as error:
            log.warning("%s: %s; tried again in %d s", duty.name, error, duty.every_us // 1_000_000)

    async def _beat(self) -> None:
        """Once a second: what time alone changes, and a sign of life for the listeners."""
        self.live.pass_time(now_us())
        self._publish()
        self.hub.publish(event("health", msgspec.json.encode(self.health())))
