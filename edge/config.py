"""LINE.toml and SITE.toml -> frozen values; every error at once, with the key's path, the value and what is allowed.

Public names: LineConfig, SiteConfig, SimConfig, load_line, load_site, load_table, with_sim, ConfigError.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from edge.config_devices import PlcConfig, plc_problems
from edge.config_docks import DockTable, dock_layout, dock_problems, dock_stations
from edge.config_io import io_problems
from edge.config_opcua import UaServerConfig, ua_server_problems
from edge.config_points import every_point
from edge.config_publish import SECRETS, MetricsConfig, PublisherConfig, RetentionConfig, publisher_problems
from edge.config_readers import AutoIdConfig, BarcodeConfig, ReaderConfig, card_problems, reader_problems
from edge.config_table import Frozen, Name
from edge.line.alarm_rules import MOMENTS, RATES, RULES, AlarmKind, AlarmRule, Priority
from edge.line.dock import DockLayout
from edge.line.layout import Job, Lane, LaneRole, LineLayout, Portal

Station = Annotated[int, Field(ge=1, le=65535)]
LaneNumber = Annotated[int, Field(ge=1, le=64)]
Table = TypeVar("Table", bound="Frozen")


class ConfigError(Exception):
    """A configuration that cannot be used. ``problems``: one line each, ``path: value: what is allowed``."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


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
    """One line: a belt with one induction, one portal and lanes."""

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
    lane: tuple[LaneConfig, ...] = Field(min_length=1, max_length=64, description="its lanes")


class SimFaults(Frozen):
    """Shares (0..1) of what is put in wrong on purpose."""

    missing: float = Field(default=0.02, ge=0, le=1, description="totes that lack an item")
    extra: float = Field(default=0.01, ge=0, le=1, description="totes with an item that nobody ordered")
    foreign: float = Field(default=0.02, ge=0, le=1, description="totes with another order's item")
    duplicate: float = Field(default=0.01, ge=0, le=1, description="totes with an item that was shipped before")
    dead_tag: float = Field(default=0.01, ge=0, le=1, description="totes with an item whose tag is dead")
    unprogrammed: float = Field(default=0.005, ge=0, le=1, description="totes with an item whose tag has no EPC")
    parcel_dead_tag: float = Field(default=0.005, ge=0, le=1, description="parcels whose label's tag is dead")
    parcel_unknown: float = Field(default=0.005, ge=0, le=1, description="parcels that no order knows")
    parcel_wrong_barcode: float = Field(
        default=0.005, ge=0, le=1, description="where scanners are: parcels with another one's barcode"
    )
    barcode_unreadable: float = Field(
        default=0.02, ge=0, le=1, description="where scanners are: barcodes that cannot be read"
    )
    wrong_door: float = Field(default=0.02, ge=0, le=1, description="parcels carried through a wrong dock door first")


class RoomKind(StrEnum):
    """Where the simulated portals stand."""

    OPEN = "open"  # nothing around that echoes
    HARD = "hard"  # metal around: tags lie worse, waves cancel, echoes from away from the portal


class SimConfig(Frozen):
    """The simulated floor of ``lanewise sim``; a real line has no such table."""

    seed: int = Field(default=1, ge=0, description="the same seed brings the same orders, items and tags")
    rate: int = Field(default=9_000, ge=1, le=60_000, description="parcels an hour at each sorting line")
    tote_rate: int = Field(default=1_100, ge=1, le=2_400, description="totes an hour at each verifying line")
    items_min: int = Field(default=5, ge=1, le=200, description="items in a tote, at least")
    items_max: int = Field(default=20, ge=1, le=200, description="items in a tote, at most")
    lane_capacity: int = Field(default=40, ge=1, le=10_000, description="parcels that a lane holds")
    lane_drain_s: float = Field(default=1.2, gt=0, le=3600, description="one is taken away every so often")
    room: RoomKind = Field(
        default=RoomKind.OPEN, description="where the portals stand; `hard` = among metal, with echoes and weak tags"
    )
    scan_ms: int = Field(default=5, ge=1, le=100, description="scan time of the simulated PLCs")
    docks: dict[Name, str] = Field(
        default={}, description="by dock door, the carrier whose parcels are carried out through it"
    )
    faults: SimFaults = Field(default=SimFaults(), description="what is wrong on purpose")


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
    journal: Path = Field(description="the journal's file; its folder is made")
    store: str = Field(
        default="",
        pattern=r"^$|^sqlite:///.+",
        description="the site store whose orders are followed, `sqlite:///path`; empty = none",
    )
    plc: dict[Name, PlcConfig] = Field(default={}, description="the PLCs, by name; one at least where there is a line")
    reader: dict[Name, ReaderConfig] = Field(
        default={},
        description="the readers, by name; without `driver` it is LLRP; one at least for a line or dock door",
    )
    line: dict[Name, LineTable] = Field(default={}, description="the lines, by name; a line or a dock door is needed")
    dock: tuple[DockTable, ...] = Field(default=(), description="the dock doors")
    opcua_server: UaServerConfig | None = Field(
        default=None, description="what `lanewise opcua` serves; none = nothing"
    )
    alarm: dict[AlarmKind, AlarmTable] = Field(default={}, description="alarms that are treated otherwise, by kind")
    publish: dict[Name, PublisherConfig] = Field(
        default={}, description="what `lanewise publish` publishes to, by name"
    )
    publish_state: Path | None = Field(
        default=None, description="the publishers' own file; none = `publish.sqlite` beside the journal"
    )
    retention: RetentionConfig = Field(default=RetentionConfig(), description="how long the journal keeps records")
    metrics: MetricsConfig = Field(default=MetricsConfig(), description="numbers of the processes for Prometheus")
    sim: SimConfig = Field(default=SimConfig(), description="the simulated floor")

    def layouts(self) -> tuple[LineLayout, ...]:
        """What the decisions need to know of each line."""
        return tuple(_layout(name, table) for name, table in self.line.items())

    def docks(self) -> tuple[DockLayout, ...]:
        """What the decisions need to know of each dock door."""
        return tuple(dock_layout(table) for table in self.dock)

    def alarms(self) -> tuple[AlarmRule, ...]:
        """How each kind of alarm is treated; kinds that are not enabled are left out."""
        tables = [(rule, self.alarm.get(rule.kind, AlarmTable())) for rule in RULES]
        return tuple(_alarm(rule, table) for rule, table in tables if table.enabled)


class SiteLine(Frozen):
    """A controller whose journal the site follows."""

    config: Path = Field(description="its LINE.toml")


class SiteConfig(Frozen):
    """SITE.toml: the api process and the site store. Paths are relative to the file's folder."""

    site: Name = Field(description="the site's name")
    store: str = Field(pattern=r"^sqlite:///.+", description="the site store, `sqlite:///path`")
    listen: str = Field(
        default="127.0.0.1:8000",
        pattern=r"^.+:\d{1,5}$",
        description="address and port; only loopback without a secret",
    )
    token_file: Path | None = Field(
        default=None,
        description="file with a secret of 24 characters or more; requests bring it as `Authorization: Bearer`",
    )
    controller: tuple[SiteLine, ...] = Field(min_length=1, description="the controllers whose journals are followed")


def load_line(path: Path, *, whole: bool = True) -> LineConfig:
    """Reads LINE.toml; raises ConfigError with everything that is wrong.

    ``whole`` False: it need not be a controller's yet, devices without a line will do.
    """
    here = path.resolve().parent
    config, wrong_points = _with_points(load_table(path, LineConfig), here)
    problems = [*_line_problems(config), *wrong_points]
    if whole and not config.line and not config.dock:
        problems.append("line: missing: a controller has a line, or a dock door, [[dock]]")
    if problems:
        raise ConfigError(path, problems)
    plcs = {
        name: _beside(plc, here, _PEM_FILES).model_copy(
            update={
                "opcua": _beside(plc.opcua, here, _UA_FILES),
                "packml": None if plc.packml is None else _beside(plc.packml, here, _UA_FILES),
            }
        )
        for name, plc in config.plc.items()
    }
    served = config.opcua_server
    if served is not None:
        users = {name: here / file for name, file in served.user.items()}
        served = _beside(served, here, (*_UA_FILES, "nodesets")).model_copy(update={"user": users})
    readers = {name: _reader_beside(reader, here) for name, reader in config.reader.items()}
    publishers = {name: _beside(publisher, here, SECRETS) for name, publisher in config.publish.items()}
    missing = [
        f"{kind}.{name}.{key}: {str(given)!r}: no such file"
        for kind, tables, keys in (
            ("plc", plcs, _PEM_FILES),
            ("reader", readers, _READER_FILES),
            ("publish", publishers, SECRETS),
        )
        for name, table in tables.items()
        for key in keys
        if (given := getattr(table, key, None)) is not None and not given.is_file()
    ]
    missing += [problem for name, one in readers.items() for problem in card_problems(f"reader.{name}", one)]
    if missing:
        raise ConfigError(path, missing)
    return config.model_copy(
        update={
            "journal": here / config.journal,
            "store": _store_url(here, config.store),
            "plc": plcs,
            "reader": readers,
            "opcua_server": served,
            "publish": publishers,
            "publish_state": here / (config.publish_state or config.journal.parent / "publish.sqlite"),
        }
    )


def load_site(path: Path) -> SiteConfig:
    """Reads SITE.toml; raises ConfigError with everything that is wrong."""
    config = load_table(path, SiteConfig)
    problems = list(_site_problems(config))
    if problems:
        raise ConfigError(path, problems)
    here = path.resolve().parent
    return config.model_copy(
        update={
            "store": _store_url(here, config.store),
            "token_file": None if config.token_file is None else here / config.token_file,
            "controller": tuple(SiteLine(config=here / line.config) for line in config.controller),
        }
    )


def with_sim(config: LineConfig, **values: float | None) -> LineConfig:
    """The configuration with other values in its [sim] table; None keeps one. Raises ConfigError out of range."""
    table = config.sim.model_dump() | {name: value for name, value in values.items() if value is not None}
    return config.model_copy(update={"sim": _checked(Path("command line"), SimConfig, table)})


def _with_points(config: LineConfig, folder: Path) -> tuple[LineConfig, list[str]]:
    """The configuration with the points of CSV files beside those of its tables, and what is wrong with any."""
    plcs: dict[Name, PlcConfig] = {}
    problems: list[str] = []
    for name, plc in config.plc.items():
        file = None if plc.points is None else folder / plc.points
        points, wrong = every_point(f"plc.{name}", plc.point, file, plc.driver)
        problems += wrong
        plcs[name] = plc.model_copy(update={"point": points})
    return config.model_copy(update={"plc": plcs}), problems


_PEM_FILES = ("ca", "certificate", "key")
_READER_FILES = (*_PEM_FILES, "password_file", "cards")
_UA_FILES = ("certificate", "key", "trusted", "password_file", "user_certificate", "user_key")


def _beside(table: Table, folder: Path, keys: Sequence[str]) -> Table:
    """The table with its paths made absolute, from ``folder``."""
    paths = {key: folder / value for key in keys if (value := getattr(table, key, None)) is not None}
    return table.model_copy(update=paths)


def _role_problems(here: str, portal: PortalConfig, reader: str, antennas: Sequence[int]) -> Iterator[str]:
    roles = {"facing": portal.facing, "upstream": portal.upstream, "downstream": portal.downstream}
    given: dict[int, str] = {}
    for role, ports in roles.items():
        if unknown := sorted(set(ports) - set(antennas)):
            yield f"{here}.{role}: {unknown}: not among reader.{reader}.antennas {list(antennas)}"
        for port in ports:
            if given.setdefault(port, role) != role:
                yield f"{here}.{role}: {port}: is {given[port]} already, an antenna has one role"
    if not portal.facing and (portal.upstream or portal.downstream):
        yield f"{here}.facing: missing: with upstream or downstream, say which antennas look at the belt"


def _reader_beside(reader: ReaderConfig, folder: Path) -> ReaderConfig:
    if isinstance(reader, AutoIdConfig):
        return reader.model_copy(update={"opcua": _beside(reader.opcua, folder, _UA_FILES)})
    return _beside(reader, folder, _READER_FILES)


def _layout(name: str, table: LineTable) -> LineLayout:
    portal = table.portal
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
        portal=Portal(
            portal.name,
            portal.readers,
            portal.eye or 0,
            portal.antenna_mm if portal.eye_mm is None else portal.eye_mm,
            portal.antenna_mm,
            portal.facing,
            portal.upstream,
            portal.downstream,
            None if portal.pre_roll_ms is None else portal.pre_roll_ms * 1000,
            None if portal.post_roll_ms is None else portal.post_roll_ms * 1000,
            scanners=portal.scanners,
            scan_mm=portal.scan_mm,
            scan_late_us=portal.scan_late_ms * 1000,
            quiet_us=0 if portal.eye is not None else portal.quiet_ms * 1000,
        ),
        lanes=tuple(
            Lane(lane.number, lane.name, lane.role, lane.divert_mm, lane.carrier, lane.services, lane.alternatives)
            for lane in table.lane
        ),
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


def _alarm_problems(config: LineConfig) -> Iterator[str]:
    for kind, table in config.alarm.items():
        here = f"alarm.{kind}"
        if kind not in RATES:
            for key in ("limit", "deadband"):
                if getattr(table, key) is not None:
                    yield f"{here}.{key}: {getattr(table, key)}: only {', '.join(sorted(RATES))} have one"
        if kind in MOMENTS and table.on_delay_ms:
            yield f"{here}.on_delay_ms: {table.on_delay_ms}: it happens and does not last, allowed: 0"
        if kind in MOMENTS and table.off_delay_ms == 0:
            yield f"{here}.off_delay_ms: 0: it would be over at once, allowed: 1 or more"
    for rule in config.alarms():
        if rule.kind in RATES and rule.deadband > rule.limit:
            yield f"alarm.{rule.kind}.deadband: {rule.deadband}: more than limit, allowed: 0..{rule.limit}"


def load_table(path: Path, model: type[Table]) -> Table:
    """Reads a TOML file by its model; raises ConfigError with everything that is wrong by the model."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(path, ["no such file: give the path of a TOML file"]) from None
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"byte {error.start}: not UTF-8: TOML files are UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"not TOML: {error}"]) from None
    return _checked(path, model, raw)


def _checked(source: Path, model: type[Table], raw: dict[str, Any]) -> Table:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(source, [_problem(dict(item)) for item in error.errors(include_url=False)]) from None


def _problem(item: dict[str, Any]) -> str:
    loc = item["loc"]
    if loc[0] in ("reader", "publish") and len(loc) > 2:
        loc = (*loc[:2], *loc[3:])  # between its name and the key stands the kind of its driver or target
    where = ".".join(f"{part}" for part in loc)
    match item["type"]:
        case "reader_driver":
            return f"{where}.driver: {item['input'].get('driver')!r}: {item['msg']}"
        case "extra_forbidden":
            return f"{where}: unknown key: remove it or correct its spelling"
        case "missing":
            return f"{where}: missing: this key is required"
        case "union_tag_not_found":
            return f"{where}.{item['ctx']['discriminator'].strip(chr(39))}: missing: this key is required"
        case "union_tag_invalid":
            said = item["ctx"]
            return f"{where}.{said['discriminator'].strip(chr(39))}: {said['tag']!r}: allowed: {said['expected_tags']}"
        case _:
            shown = item["input"] if not isinstance(item["input"], dict | list) else type(item["input"]).__name__
            return f"{where}: {shown!r}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _line_problems(config: LineConfig) -> Iterator[str]:
    """What a single key cannot say: references, and values that contradict each other."""
    layouts = config.layouts()
    for name, plc in config.plc.items():
        yield from plc_problems(f"plc.{name}", plc)
        if plc.driver == "remote-io" and plc.io is not None:
            lines = [layout for layout in layouts if layout.plc == name]
            yield from io_problems(f"plc.{name}.io", plc.io, lines, plc.poll_ms)
    for name, reader_config in config.reader.items():
        yield from reader_problems(f"reader.{name}", reader_config)
    stations: dict[tuple[str, str, int], str] = {}
    used_readers: dict[str, str] = {}
    eyes: dict[tuple[str, int], str] = {}
    for name, line in config.line.items():
        here = f"line.{name}"
        if line.plc not in config.plc:
            yield f"{here}.plc: {line.plc!r}: no such PLC, allowed: {', '.join(config.plc)}"
        yield from _scanner_problems(here, line, config.reader)
        known_readers = ", ".join(config.reader) or "none"
        for reader in (*line.portal.readers, *line.portal.scanners):
            if reader not in config.reader:
                yield f"{here}.portal.readers: {reader!r}: no such reader, allowed: {known_readers}"
            elif reader in used_readers:
                yield f"{here}.portal.readers: {reader!r}: already reads for line.{used_readers[reader]}"
            else:
                used_readers[reader] = name
            if reader in line.portal.readers and reader in config.reader:
                yield from _role_problems(f"{here}.portal", line.portal, reader, config.reader[reader].antennas)
        yield from _eye_problems(here, line, config)
        numbers = [("induction", line.induction)]
        if line.portal.eye is not None:
            numbers.append(("portal.eye", line.portal.eye))
            eyes[line.plc, line.portal.eye] = f"{here}.portal.eye"
        numbers += [(f"lane.{index}.number", lane.number) for index, lane in enumerate(line.lane)]
        for key, number in numbers:
            other = stations.setdefault((line.plc, key.split(".")[0], number), here)
            if other != here:
                yield f"{here}.{key}: {number}: {other} has the same number on PLC {line.plc!r}"
        yield from _lane_problems(here, line)
    for name in config.sim.docks:
        if name not in [dock.name for dock in config.dock]:
            yield f"sim.docks.{name}: no such dock, allowed: {', '.join(dock.name for dock in config.dock)}"
    yield from dock_problems(config.dock, config.reader, config.plc, config.line, used_readers)
    for key, plc_name, number in dock_stations(config.dock):
        other = eyes.setdefault((plc_name, number), key)
        if other != key:
            yield f"{key}: {number}: {other} has the same number on PLC {plc_name!r}"
    if config.opcua_server is not None:
        yield from ua_server_problems("opcua_server", config.opcua_server)
    yield from _alarm_problems(config)
    for name, publisher in config.publish.items():
        yield from publisher_problems(f"publish.{name}", publisher)


def _scanner_problems(here: str, line: LineTable, devices: Mapping[str, ReaderConfig]) -> Iterator[str]:
    portal = line.portal
    if not portal.readers and not portal.scanners:
        yield f"{here}.portal.readers: missing: a portal has readers, scanners or both"
    for key, names, wanted in (("readers", portal.readers, False), ("scanners", portal.scanners, True)):
        for name in names:
            if name in devices and isinstance(devices[name], BarcodeConfig) is not wanted:
                other = "scanners" if not wanted else "readers"
                yield f"{here}.portal.{key}: {name!r}: its driver is {devices[name].driver!r}: name it in {other}"
    if not portal.scanners:
        for key in sorted(portal.model_fields_set & {"scan_mm", "scan_late_ms"}):
            yield f"{here}.portal.{key}: only with scanners"
        return
    if "scan_mm" not in portal.model_fields_set:
        yield f"{here}.portal.scan_mm: missing: a portal with scanners needs it"
    left_ms = (line.decision_mm - portal.scan_mm) * 1000 // line.speed_mm_s - portal.scan_late_ms
    if left_ms <= line.actuation_ms + line.margin_ms:
        yield (
            f"{here}.portal.scan_mm: {portal.scan_mm}: codes are there {left_ms} ms before the decision point, "
            f"needs more than actuation_ms + margin_ms = {line.actuation_ms + line.margin_ms} ms"
        )


def _eye_problems(here: str, line: LineTable, config: LineConfig) -> Iterator[str]:
    portal, at = line.portal, f"{here}.portal"
    if (portal.eye is None) != (portal.eye_mm is None):
        yield f"{at}.{'eye' if portal.eye is None else 'eye_mm'}: missing: a photo-eye has eye and eye_mm"
        return
    if portal.eye is not None:
        if "quiet_ms" in portal.model_fields_set:
            yield f"{at}.quiet_ms: {portal.quiet_ms}: only without eye, the photo-eye says when something is there"
        return
    for key in ("scanners", "upstream", "downstream", "pre_roll_ms", "post_roll_ms"):
        if getattr(portal, key):
            yield f"{at}.{key}: {getattr(portal, key)}: only with a photo-eye, set eye and eye_mm"
    if not portal.readers:
        yield f"{at}.readers: missing: a portal without a photo-eye needs the tags"
    if line.plc in config.plc and config.plc[line.plc].io is not None:
        yield f"{at}.eye: missing: a line on remote I/O tracks its parcels by the portal's photo-eye"
    time_ms = (line.decision_mm - max(0, portal.antenna_mm)) * 1000 // line.speed_mm_s
    least_ms = line.actuation_ms + line.margin_ms + 2 * portal.quiet_ms
    if time_ms <= least_ms:
        yield (
            f"{here}.decision_mm: {line.decision_mm}: reached {time_ms} ms after antennas and induction, needs more "
            f"than actuation_ms + margin_ms + twice portal.quiet_ms = {least_ms} ms"
        )


def _lane_problems(here: str, line: LineTable) -> Iterator[str]:
    numbers = [lane.number for lane in line.lane]
    roles = {lane.role for lane in line.lane}
    known = f"allowed: {', '.join(map(str, sorted(set(numbers))))}"
    for index, lane in enumerate(line.lane):
        at = f"{here}.lane.{index}"
        if lane.number in numbers[:index]:
            yield f"{at}.number: {lane.number}: used by another lane of this line, give each its own (1..64)"
        if lane.divert_mm < line.decision_mm:
            yield f"{at}.divert_mm: {lane.divert_mm}: before the decision point, allowed: {line.decision_mm} or more"
        for other in lane.alternatives:
            if other not in numbers:
                yield f"{at}.alternatives: {other}: no such lane, {known}"
        if lane.role is LaneRole.CARRIER and not lane.carrier:
            yield f"{at}.carrier: missing: a lane of role 'carrier' names its carrier"
        if lane.role is not LaneRole.CARRIER and (lane.carrier or lane.services):
            yield f"{at}.carrier: {lane.carrier!r}: only lanes of role 'carrier' have a carrier and services"
    if line.default_lane not in numbers:
        yield f"{here}.default_lane: {line.default_lane}: no such lane, {known}"
    needed = {
        Job.VERIFY: (LaneRole.VERIFIED, LaneRole.QUALITY),
        Job.SORT: (LaneRole.CARRIER, LaneRole.QUALITY, LaneRole.REJECT),
    }[line.job]
    for role in needed:
        if role not in roles:
            yield f"{here}.lane: no lane of role {role.value!r}: a line with job {line.job.value!r} needs one"
    if line.portal.eye is None:
        return  # _eye_problems says what it needs
    reference_mm = max(0, line.portal.eye_mm or 0)
    time_ms = (line.decision_mm - reference_mm) * 1000 // line.speed_mm_s
    if time_ms <= line.actuation_ms + line.margin_ms:
        yield (
            f"{here}.decision_mm: {line.decision_mm}: reached {time_ms} ms after the last photo-eye, needs more than "
            f"actuation_ms + margin_ms = {line.actuation_ms + line.margin_ms} ms"
        )


def _site_problems(config: SiteConfig) -> Iterator[str]:
    host, _, port = config.listen.rpartition(":")
    if not 1 <= int(port) <= 65535:
        yield f"listen: {config.listen!r}: port {port} is not one of 1..65535"
    if host not in ("127.0.0.1", "localhost", "[::1]", "::1") and config.token_file is None:
        yield f"listen: {config.listen!r}: not a loopback address: set token_file, or listen on 127.0.0.1"


def _store_url(here: Path, url: str) -> str:
    """Makes the path of an SQLite URL absolute; other URLs stay as they are."""
    prefix = "sqlite:///"
    if url.startswith(prefix):
        return f"{prefix}{here / url.removeprefix(prefix)}"
    return url
