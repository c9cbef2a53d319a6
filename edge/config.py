"""LINE.toml and SITE.toml -> frozen values; every error at once, with the key's path, the value and what is allowed.

Public names: LineConfig, SiteConfig, SimConfig, load_line, load_site, ConfigError.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from edge.line.layout import Job, Lane, LaneRole, LineLayout, Portal

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Tcp = Annotated[int, Field(ge=1, le=65535)]
Station = Annotated[int, Field(ge=1, le=65535)]
LaneNumber = Annotated[int, Field(ge=1, le=64)]
Table = TypeVar("Table", bound="Frozen")


class ConfigError(Exception):
    """A configuration that cannot be used. ``problems``: one line each, ``path: value: what is allowed``."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


class Frozen(BaseModel):
    """A table of the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class PlcConfig(Frozen):
    """One PLC. ``up``, ``down``: first holding registers of the mailbox's blocks."""

    driver: Literal["modbus"] = "modbus"
    host: str = Field(min_length=1)
    port: Tcp = 502
    device_id: int = Field(default=1, ge=0, le=255)
    up: int = Field(default=0, ge=0, le=65536 - 102)
    down: int = Field(default=200, ge=0, le=65536 - 74)
    poll_ms: int = Field(default=5, ge=1, le=90)
    timeout_ms: int = Field(default=250, ge=10, le=10_000)


class ReaderConfig(Frozen):
    """One RFID reader. ``report_every``: tags a report. ``power_index``: entry of its table; none = its choice."""

    driver: Literal["llrp"] = "llrp"
    host: str = Field(min_length=1)
    port: Tcp = 5084
    antennas: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(default=(1,), min_length=1)
    report_every: int = Field(default=1, ge=1, le=1000)
    keepalive_ms: int = Field(default=2000, ge=100, le=60_000)
    power_index: int | None = Field(default=None, ge=1, le=255)
    session: int = Field(default=1, ge=0, le=3)


class PortalConfig(Frozen):
    """The portal of a line; positions in mm from the induction photo-eye."""

    name: Name
    readers: tuple[Name, ...] = Field(min_length=1)
    eye: Station
    eye_mm: int = Field(ge=-100_000, le=1_000_000)
    antenna_mm: int = Field(ge=-100_000, le=1_000_000)
    facing: tuple[Annotated[int, Field(ge=1, le=64)], ...] = ()


class LaneConfig(Frozen):
    """One lane of a line."""

    number: LaneNumber
    name: str = Field(min_length=1, max_length=40)
    role: LaneRole
    divert_mm: int = Field(ge=0, le=1_000_000)
    carrier: str = ""
    services: tuple[str, ...] = ()
    alternatives: tuple[LaneNumber, ...] = ()


class LineTable(Frozen):
    """One line: a belt with one induction, one portal and lanes."""

    job: Job
    title: str = ""
    plc: Name
    induction: Station = 1
    speed_mm_s: int = Field(ge=10, le=10_000)
    decision_mm: int = Field(ge=0, le=1_000_000)
    actuation_ms: int = Field(default=80, ge=0, le=5_000)
    margin_ms: int = Field(default=60, ge=5, le=5_000)
    default_lane: LaneNumber
    recirculate_limit: int = Field(default=2, ge=0, le=100)
    portal: PortalConfig
    lane: tuple[LaneConfig, ...] = Field(min_length=1, max_length=64)


class SimFaults(Frozen):
    """Shares (0..1) of totes with one thing put in wrong on purpose, and of parcels without a readable tag."""

    missing: float = Field(default=0.02, ge=0, le=1)
    extra: float = Field(default=0.01, ge=0, le=1)
    foreign: float = Field(default=0.02, ge=0, le=1)
    duplicate: float = Field(default=0.01, ge=0, le=1)
    dead_tag: float = Field(default=0.01, ge=0, le=1)
    unprogrammed: float = Field(default=0.005, ge=0, le=1)
    parcel_dead_tag: float = Field(default=0.005, ge=0, le=1)
    parcel_unknown: float = Field(default=0.005, ge=0, le=1)


class SimConfig(Frozen):
    """The simulated floor of ``lanewise sim``.

    ``rate``: parcels an hour at each sorting line; ``tote_rate``: totes an hour at each verifying line.
    ``lane_capacity``: parcels a lane holds; ``lane_drain_s``: one is taken away every so often.
    """

    seed: int = Field(default=1, ge=0)
    rate: int = Field(default=9_000, ge=1, le=60_000)
    tote_rate: int = Field(default=1_100, ge=1, le=2_400)
    items_min: int = Field(default=5, ge=1, le=200)
    items_max: int = Field(default=20, ge=1, le=200)
    lane_capacity: int = Field(default=40, ge=1, le=10_000)
    lane_drain_s: float = Field(default=1.2, gt=0, le=3600)
    scan_ms: int = Field(default=5, ge=1, le=100)
    faults: SimFaults = SimFaults()


class LineConfig(Frozen):
    """LINE.toml: one controller with its PLCs, readers and lines. Paths are relative to the file's folder."""

    controller: Name
    site: Name
    journal: Path
    store: str = ""
    plc: dict[Name, PlcConfig] = Field(min_length=1)
    reader: dict[Name, ReaderConfig] = Field(min_length=1)
    line: dict[Name, LineTable] = Field(min_length=1)
    sim: SimConfig = SimConfig()

    def layouts(self) -> tuple[LineLayout, ...]:
        """What the decisions need to know of each line."""
        return tuple(_layout(name, table) for name, table in self.line.items())


class SiteLine(Frozen):
    """A controller whose journal the site follows."""

    config: Path


class SiteConfig(Frozen):
    """SITE.toml: the api process and the site store. Paths are relative to the file's folder.

    ``listen``: address and port; another address than loopback needs ``token_file``, a file with one secret of at
    least 24 characters that every request must bring as ``Authorization: Bearer``.
    """

    site: Name
    store: str = Field(min_length=1)
    listen: str = Field(default="127.0.0.1:8000", pattern=r"^.+:\d{1,5}$")
    token_file: Path | None = None
    controller: tuple[SiteLine, ...] = Field(min_length=1)


def load_line(path: Path) -> LineConfig:
    """Reads LINE.toml; raises ConfigError with everything that is wrong."""
    config = _load(path, LineConfig)
    problems = list(_line_problems(config))
    if problems:
        raise ConfigError(path, problems)
    here = path.resolve().parent
    return config.model_copy(update={"journal": here / config.journal, "store": _store_url(here, config.store)})


def load_site(path: Path) -> SiteConfig:
    """Reads SITE.toml; raises ConfigError with everything that is wrong."""
    config = _load(path, SiteConfig)
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
        portal=Portal(portal.name, portal.readers, portal.eye, portal.eye_mm, portal.antenna_mm, portal.facing),
        lanes=tuple(
            Lane(lane.number, lane.name, lane.role, lane.divert_mm, lane.carrier, lane.services, lane.alternatives)
            for lane in table.lane
        ),
    )


def _load(path: Path, model: type[Table]) -> Table:
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
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(path, [_problem(dict(item)) for item in error.errors(include_url=False)]) from None


def _problem(item: dict[str, Any]) -> str:
    where = ".".join(f"{part}" for part in item["loc"])
    match item["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key: remove it or correct its spelling"
        case "missing":
            return f"{where}: missing: this key is required"
        case _:
            shown = item["input"] if not isinstance(item["input"], dict | list) else type(item["input"]).__name__
            return f"{where}: {shown!r}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _line_problems(config: LineConfig) -> Iterator[str]:
    """What a single key cannot say: references, and values that contradict each other."""
    stations: dict[tuple[str, str, int], str] = {}
    used_readers: dict[str, str] = {}
    for name, line in config.line.items():
        here = f"line.{name}"
        if line.plc not in config.plc:
            yield f"{here}.plc: {line.plc!r}: no such PLC, allowed: {', '.join(config.plc)}"
        for reader in line.portal.readers:
            if reader not in config.reader:
                yield f"{here}.portal.readers: {reader!r}: no such reader, allowed: {', '.join(config.reader)}"
            elif reader in used_readers:
                yield f"{here}.portal.readers: {reader!r}: already reads for line.{used_readers[reader]}"
            else:
                used_readers[reader] = name
                unknown = sorted(set(line.portal.facing) - set(config.reader[reader].antennas))
                if unknown:
                    yield (
                        f"{here}.portal.facing: {unknown}: not among reader.{reader}.antennas "
                        f"{list(config.reader[reader].antennas)}"
                    )
        for kind, number in (("induction", line.induction), ("eye", line.portal.eye)):
            other = stations.setdefault((line.plc, kind, number), here)
            if other != here:
                yield f"{here}.{kind}: {number}: {other} has the same number on PLC {line.plc!r}"
        yield from _lane_problems(here, line)


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
    reference_mm = max(0, line.portal.eye_mm)
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
