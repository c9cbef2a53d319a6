"""The tables of LINE.toml and SITE.toml, and what decisions are told of them.

Public names: LineConfig, SiteConfig, SiteRetention, LineTable, PortalConfig, LaneConfig, AlarmTable, SITE,
OUTBOX.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge.config.accounts import AccountTable
from edge.config.care import CareTable, ReturnsTable, TeamTable
from edge.config.channels import ChannelTable
from edge.config.docks import DockTable, dock_layout
from edge.config.finding import FindTable
from edge.config.intake import IntakeTable
from edge.config.kpis import KpiTable
from edge.config.label import LabelTable
from edge.config.login import PlainTable
from edge.config.mail import MailTable
from edge.config.mqtt import MqttConfig
from edge.config.opcua import UaServerConfig
from edge.config.packing import CartonTable, FillerTable, GoodsTable, ProtectionTable
from edge.config.plcs import PlcConfig
from edge.config.publish import (
    DiskConfig,
    EpcisConfig,
    FilesConfig,
    InfluxConfig,
    MetricsConfig,
    PublisherConfig,
    RetentionConfig,
    SitePublisherConfig,
)
from edge.config.readers import ReaderConfig
from edge.config.review import ReviewTable
from edge.config.shipping import PlanTable, ServiceTable
from edge.config.sim import SimConfig
from edge.config.standby import StandbyTable
from edge.config.stations import QualityTable, StationTable
from edge.config.stock import StockTable
from edge.config.table import SQLITE, Beside, Frozen, Listen, Name, StoreUrl
from edge.config.tls import ServerTlsTable
from edge.config.totes import ToteTable, tote_plans
from edge.config.tracking import CarrierTable, TrackingTable
from edge.config.webhooks import WebhookTable
from edge.core.alarms.rules import RULES
from edge.core.values.alarm import AlarmKind, AlarmRule, Priority
from edge.core.values.dock import DockLayout
from edge.core.values.layout import Job, Lane, LaneRole, LineLayout, Portal, TotePlan

Station = Annotated[int, Field(ge=1, le=65535)]
LaneNumber = Annotated[int, Field(ge=1, le=64)]
SITE = "site"
OUTBOX = "outbox"
_NUMBERS = (InfluxConfig, MqttConfig)
"""The controller that numbers of the site as a whole are told under."""


class PortalConfig(Frozen):
    """The portal of a line; positions in mm from the induction photo-eye."""

    name: Name = Field(description="its name")
    readers: tuple[Name, ...] = Field(default=(), description="its RFID readers, by their names in `[reader]`")
    scanners: tuple[Name, ...] = Field(default=(), description="its barcode scanners, by their names in `[reader]`")
    scan_mm: int = Field(default=0, ge=-100_000, le=1_000_000, description="`scanners`: where they look at the belt")
    scan_late_ms: int = Field(
        default=100,
        ge=0,
        le=5_000,
        description="`scanners`: how long after an object's end was there its codes may still arrive",
    )
    eye: Station | None = Field(
        default=None,
        description="number of the photo-eye beside it, as the PLC reports it in ENTERED and LEFT; none = "
        "there is none, new tags say when something comes",
    )
    eye_mm: int | None = Field(default=None, ge=-100_000, le=1_000_000, description="`eye`: where that photo-eye is")
    quiet_ms: int = Field(
        default=600,
        ge=50,
        le=60_000,
        description="without `eye`: a passage ends so long after its last new tag; and its item was before the "
        "antennas no further from its middle",
    )
    antenna_mm: int = Field(
        ge=-100_000, le=1_000_000, description="where the antennas are; a first guess, the true offset is learned"
    )
    facing: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(), description="antennas that look at the belt; empty, and the next two as well = all"
    )
    upstream: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(), description="antennas that look at what is still to come; they count a quarter"
    )
    downstream: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        default=(), description="antennas that look at what has passed; they count a quarter"
    )
    pre_roll_ms: int | None = Field(
        default=None,
        ge=0,
        le=600_000,
        description="how long before an item reaches the antennas a read counts for it; none = three quarters of its "
        "time in the photo-eye twice",
    )
    post_roll_ms: int | None = Field(
        default=None,
        ge=0,
        le=600_000,
        description="how long after it left them; the shorter, the sooner it is decided; none = as before",
    )


class LaneConfig(Frozen):
    """One lane of a line."""

    number: LaneNumber = Field(description="its number in the PLC")
    name: str = Field(min_length=1, max_length=40, description="what people call it")
    role: LaneRole = Field(description="what it is for")
    divert_mm: int = Field(ge=0, le=1_000_000, description="where its divert is")
    carrier: str = Field(default="", description="whose parcels it takes (role `carrier`)")
    services: tuple[str, ...] = Field(default=(), description="of which services; empty = all of the carrier's")
    alternatives: tuple[LaneNumber, ...] = Field(
        default=(), description="lanes to use instead while it is full or disabled, best first"
    )


class LineTable(Frozen):
    """One line: a belt with one induction, a portal or two, and lanes."""

    job: Job = Field(description="`verify` totes against their orders, or `sort` parcels into their carriers' lanes")
    title: str = Field(default="", description="what people call the line")
    plc: Name = Field(description="its PLC, by the name in `[plc]`")
    induction: Station = Field(default=1, description="number of the induction, as the PLC reports it in INDUCTED")
    speed_mm_s: int = Field(ge=10, le=10_000, description="speed of the belt")
    decision_mm: int = Field(ge=0, le=1_000_000, description="where the PLC must know the lane")
    actuation_ms: int = Field(default=80, ge=0, le=5_000, description="time a divert needs to move")
    margin_ms: int = Field(
        default=60, ge=5, le=5_000, description="reserve for network and PLC scan: decided this much before the expiry"
    )
    default_lane: LaneNumber = Field(description="where the PLC sends what got no route in time")
    recirculate_limit: int = Field(
        default=2, ge=0, le=100, description="rounds before a parcel goes to the reject lane"
    )
    portal: PortalConfig = Field(description="its portal")
    check: PortalConfig | None = Field(
        default=None, description="a second portal behind it, which names the same once more; none = one is enough"
    )
    lane: tuple[LaneConfig, ...] = Field(min_length=1, max_length=64, description="its lanes")

    @property
    def portals(self) -> dict[str, PortalConfig]:
        """By key, in the direction of travel."""
        return {"portal": self.portal} if self.check is None else {"portal": self.portal, "check": self.check}


class AlarmTable(Frozen):
    """One kind of alarm, treated otherwise than by default; the kinds and their defaults: docs/alarms.md."""

    enabled: bool = Field(default=True, description="whether there is such an alarm at all")
    priority: Priority | None = Field(default=None, description="how soon somebody must act")
    on_delay_ms: int | None = Field(default=None, ge=0, le=86_400_000, description="it must be so for so long")
    off_delay_ms: int | None = Field(default=None, ge=0, le=86_400_000, description="it must be over for so long")
    latched: bool | None = Field(default=None, description="over only when somebody resets it")
    limit: float | None = Field(default=None, gt=0, le=1, description="active from this share of the newest 50 on")
    deadband: float | None = Field(default=None, ge=0, le=1, description="over at `limit` less this")
    shelve_max_min: int | None = Field(default=None, ge=1, le=10_080, description="longest shelving in minutes")
    cause: str = Field(default="", max_length=400, description="what people are told of its cause")
    consequence: str = Field(default="", max_length=400, description="what people are told of what follows")
    action: str = Field(default="", max_length=400, description="what people are told to do")


class LineConfig(Frozen):
    """LINE.toml: one controller with its PLCs, readers and lines. Paths are relative to the file's folder."""

    controller: Name = Field(description="this controller's name in its journal")
    site: Name = Field(description="the site's name")
    journal: Beside = Field(description="the journal's file; its folder is made")
    store: StoreUrl = Field(
        default="",
        description="the site store whose orders are followed, `sqlite:///path` or `postgresql://user@host/database`; "
        "empty = none",
    )
    plc: dict[Name, PlcConfig] = Field(default={}, description="the PLCs, by name; one at least where there is a line")
    reader: dict[Name, ReaderConfig] = Field(
        default={},
        description="the readers, by name; without `driver` it is LLRP; one at least for a line or dock door",
    )
    line: dict[Name, LineTable] = Field(default={}, description="the lines, by name; a line or a dock door is needed")
    dock: tuple[DockTable, ...] = Field(default=(), description="the dock doors")
    tote: tuple[ToteTable, ...] = Field(default=(), description="totes by numbers of one's own, besides GRAIs")
    opcua_server: UaServerConfig | None = Field(
        default=None, description="what `lanewise opcua` serves; none = nothing"
    )
    alarm: dict[AlarmKind, AlarmTable] = Field(default={}, description="alarms that are treated otherwise, by kind")
    publish: dict[Name, PublisherConfig] = Field(
        default={}, description="what `lanewise publish` publishes to, by name"
    )
    publish_state_: Beside | None = Field(
        default=None,
        alias="publish_state",
        description="the publishers' own file; none = `publish.sqlite` beside the journal",
    )
    retention: RetentionConfig = Field(default=RetentionConfig(), description="how long the journal keeps records")
    disk: DiskConfig = Field(default=DiskConfig(), description="when the alarm `disk-low` comes")
    metrics: MetricsConfig = Field(default=MetricsConfig(), description="numbers of the processes for Prometheus")
    standby: StandbyTable | None = Field(
        default=None,
        description="another controller stands by for the same lines, see docs/standby.md; none = no other",
    )
    sim: SimConfig = Field(default=SimConfig(), description="the simulated floor")

    @property
    def publish_state(self) -> Path:
        """The publishers' own file."""
        return self.publish_state_ or self.journal.parent / "publish.sqlite"

    @property
    def store_file(self) -> Path | None:
        """The site store's file; None = none is followed, or it is no file."""
        return _file(self.store)

    def files(self) -> dict[str, Path]:
        """The files of the controller, its publishers and its orders, by what they are called."""
        found = {"journal": self.journal}
        if self.publish:
            found["publish_state"] = self.publish_state
        if self.store_file is not None:
            found["store"] = self.store_file
        return found

    def layouts(self) -> tuple[LineLayout, ...]:
        """What the decisions need to know of each line."""
        totes = tote_plans(self.tote)
        return tuple(_layout(name, table, totes) for name, table in self.line.items())

    def docks(self) -> tuple[DockLayout, ...]:
        """What the decisions need to know of each dock door."""
        return tuple(dock_layout(table) for table in self.dock)

    def alarms(self) -> tuple[AlarmRule, ...]:
        """How each kind of alarm is treated; kinds that are not enabled are left out."""
        tables = [(rule, self.alarm.get(rule.kind, AlarmTable())) for rule in RULES]
        return tuple(_alarm(rule, table) for rule, table in tables if table.enabled)


class SiteLine(Frozen):
    """A controller whose journal the site follows."""

    config: Beside = Field(description="its LINE.toml")


class SiteRetention(Frozen):
    """How long the site store keeps what only grows; the persons of orders go on a day of their own."""

    months: int = Field(
        default=0,
        ge=0,
        le=1200,
        description="records of the journals, what was told to others, movements and ended waves, in months of 30 days;"
        " 0 = for ever",
    )
    trim_feed: bool = Field(
        default=False,
        description="takes out of the feed what every controller did or knows a newer word of, a week later",
    )


class SiteConfig(PlainTable):
    """SITE.toml: the api process and the site store. Paths are relative to the file's folder."""

    site: Name = Field(description="the site's name")
    store: StoreUrl = Field(
        min_length=1, description="the site store, `sqlite:///path` or `postgresql://user@host/database`"
    )
    secret_file: Beside | None = Field(
        default=None,
        description="file with the secret of the keys by which persons are known again, made where it is missing; "
        "none = beside a store in SQLite; with PostgreSQL all api processes need the same",
    )
    listen: Listen = Field(
        default="127.0.0.1:8000",
        pattern=r"^.+:\d{1,5}$",
        description="address and port; only loopback without a secret",
    )
    token_file: Beside | None = Field(
        default=None,
        description="file with a secret of 24 characters or more in its first line; requests bring it as "
        "`Authorization: Bearer`",
    )
    tls: ServerTlsTable | None = Field(default=None, description="page and api by https; none = by http")
    accounts: AccountTable | None = Field(
        default=None, description="people sign in, see docs/accounts.md; none = whoever reaches it may do everything"
    )
    connections: int | None = Field(
        default=None,
        ge=8,
        le=10_000,
        description="connections of one address at once, as of a proxy; above it those needed least are ended; "
        "none = 128, of this machine 512",
    )
    disk: DiskConfig = Field(default=DiskConfig(), description="when the page says that the store's disk fills")
    controller: tuple[SiteLine, ...] = Field(min_length=1, description="the controllers whose journals are followed")
    review: ReviewTable = Field(default_factory=ReviewTable, description="when people must look at an order")
    intake: IntakeTable = Field(default=IntakeTable(), description="by which ways orders come in besides HTTP")
    channels: dict[Name, ChannelTable] = Field(default={}, description="where orders come from as files, by name")
    retention: SiteRetention = Field(default=SiteRetention(), description="how long the site store keeps what")
    service: dict[Name, ServiceTable] = Field(default={}, description="what carriers offer, see docs/planning.md")
    plan: PlanTable = Field(default=PlanTable(), description="how parcels are planned into waves")
    carrier: dict[Name, CarrierTable] = Field(default={}, description="what carriers tell, see docs/tracking.md")
    tracking: TrackingTable = Field(default=TrackingTable(), description="parcels that left, see docs/tracking.md")
    mail: MailTable = Field(default=MailTable(), description="mails to customers, see docs/tracking.md")
    webhook: dict[Name, WebhookTable] = Field(default={}, description="who is told events, see docs/events.md")
    label: LabelTable = Field(default=LabelTable(), description="numbers and labels of parcels, see docs/labels.md")
    kpi: KpiTable = Field(default=KpiTable(), description="days, shifts and key figures, see docs/kpis.md")
    publish: dict[Name, SitePublisherConfig] = Field(
        default={}, description="what `lanewise publish SITE.toml` tells of the order flow, by name"
    )
    publish_state: Beside = Field(
        default=Path("publish-site.sqlite"), validate_default=True, description="the file of these publishers"
    )
    team: dict[Name, TeamTable] = Field(default={}, description="who looks after cases, see docs/returns.md")
    returns: dict[Name, ReturnsTable] = Field(default={}, description="what may come back, the first one that fits")
    care: CareTable = Field(default=CareTable(), description="where goods come back, and what is done by itself")
    find: FindTable = Field(default=FindTable(), description="for what everybody may look, see docs/finding.md")
    stock: StockTable = Field(default=StockTable(), description="from when on a stock is told of, see docs/stock.md")
    quality: QualityTable = Field(default=QualityTable(), description="what is looked at, see docs/stations.md")
    station: dict[Name, StationTable] = Field(default={}, description="packing stations, see docs/stations.md")

    carton: dict[Name, CartonTable] = Field(default={}, description="cartons, by name, see docs/packing.md")
    filler: dict[Name, FillerTable] = Field(default={}, description="what fills them; the first one is taken")
    protection: dict[Name, ProtectionTable] = Field(default={}, description="wraps, bags and the like, by name")
    goods: GoodsTable = Field(default=GoodsTable(), description="rules for goods that are not like others")

    @property
    def store_file(self) -> Path | None:
        """The site store's file; None = it is a database of its own."""
        return _file(self.store)

    @property
    def time_zone(self) -> str:
        """Where the site's days begin."""
        return self.kpi.time_zone or self.plan.time_zone

    def as_publisher(self) -> LineConfig:
        """The site as publishers see it: a controller without lines, whose journal is what the store notes."""
        return self._publisher(SITE, {name: one for name, one in self.publish.items() if isinstance(one, _NUMBERS)})

    def as_herald(self) -> LineConfig:
        """The same whose journal is the outbox. A broker has another connection and name for it than for numbers."""
        of: dict[str, PublisherConfig] = {}
        for name, one in self.publish.items():
            if isinstance(one, MqttConfig) and one.events:
                client_id = f"{one.client_id}-events" if one.client_id else ""
                of[f"{name}-events"] = one.model_copy(update={"client_id": client_id, "commands": ()})
            elif isinstance(one, EpcisConfig | FilesConfig):
                of[name] = one
        return self._publisher(OUTBOX, of)

    def _publisher(self, controller: str, publish: dict[str, PublisherConfig]) -> LineConfig:
        return LineConfig(
            controller=controller,
            site=self.site,
            journal=Path("site"),
            publish=publish,
            publish_state=self.publish_state,
        )


def _file(store: str) -> Path | None:
    return Path(store.removeprefix(SQLITE)) if store.startswith(SQLITE) else None


def _layout(name: str, table: LineTable, totes: tuple[TotePlan, ...]) -> LineLayout:
    return LineLayout(
        name=name,
        job=table.job,
        plc=table.plc,
        induction=table.induction,
        speed_mm_s=table.speed_mm_s,
        decision_mm=table.decision_mm,
        actuation_us=table.actuation_ms * 1000,
        margin_us=table.margin_ms * 1000,
        default_lane=table.default_lane,
        recirculate_limit=table.recirculate_limit,
        portal=_portal(table.portal),
        lanes=tuple(
            Lane(
                number=lane.number,
                name=lane.name,
                role=lane.role,
                divert_mm=lane.divert_mm,
                carrier=lane.carrier,
                services=lane.services,
                alternatives=lane.alternatives,
            )
            for lane in table.lane
        ),
        totes=totes,
        check=None if table.check is None else _portal(table.check),
    )


def _portal(portal: PortalConfig) -> Portal:
    return Portal(
        name=portal.name,
        readers=portal.readers,
        eye=portal.eye or 0,
        eye_mm=portal.antenna_mm if portal.eye_mm is None else portal.eye_mm,
        antenna_mm=portal.antenna_mm,
        facing=portal.facing,
        upstream=portal.upstream,
        downstream=portal.downstream,
        pre_roll_us=None if portal.pre_roll_ms is None else portal.pre_roll_ms * 1000,
        post_roll_us=None if portal.post_roll_ms is None else portal.post_roll_ms * 1000,
        scanners=portal.scanners,
        scan_mm=portal.scan_mm,
        scan_late_us=portal.scan_late_ms * 1000,
        quiet_us=0 if portal.eye is not None else portal.quiet_ms * 1000,
    )


def _alarm(rule: AlarmRule, table: AlarmTable) -> AlarmRule:
    def micro(given: int | None, factor: int, default_us: int) -> int:
        return default_us if given is None else given * factor

    return AlarmRule(
        kind=rule.kind,
        priority=table.priority or rule.priority,
        cause=table.cause or rule.cause,
        consequence=table.consequence or rule.consequence,
        action=table.action or rule.action,
        on_delay_us=micro(table.on_delay_ms, 1_000, rule.on_delay_us),
        off_delay_us=micro(table.off_delay_ms, 1_000, rule.off_delay_us),
        latched=rule.latched if table.latched is None else table.latched,
        limit=rule.limit if table.limit is None else table.limit,
        deadband=rule.deadband if table.deadband is None else table.deadband,
        shelve_max_us=micro(table.shelve_max_min, 60_000_000, rule.shelve_max_us),
    )
