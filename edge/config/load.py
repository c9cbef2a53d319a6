"""LINE.toml and SITE.toml -> frozen values; every error at once, with the key's path, the value and what is allowed.

Public names: load_line, load_site, load_controllers, load_table, refused, with_sim, carrier_problems,
otherwise_spelled.
Their tables: `edge/config/lines.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from edge.config.accounts import account_problems
from edge.config.care import care_problems
from edge.config.channels import channel_problems
from edge.config.docks import dock_problems, dock_stations
from edge.config.keys import said_at
from edge.config.kpis import kpi_problems
from edge.config.label import label_problems
from edge.config.lines import LineConfig, LineTable, SiteConfig
from edge.config.login import door_problems
from edge.config.mail import mail_problems
from edge.config.opcua import ua_server_problems
from edge.config.packing import packing_problems
from edge.config.places import places_of
from edge.config.plcs import PlcConfig, plc_problems, shared_mailboxes
from edge.config.points import every_point
from edge.config.portals import portal_problems
from edge.config.problem import MISSING, ConfigError
from edge.config.publish import EpcisConfig, publisher_problems
from edge.config.readers import card_problems, reader_addresses, reader_problems
from edge.config.remote_io import io_problems
from edge.config.review_rules import review_problems
from edge.config.shipping import shipping_problems
from edge.config.sim import SimConfig
from edge.config.standby import standby_problems
from edge.config.stations import station_problems
from edge.config.table import Frozen, Name, file_problems
from edge.config.tls import server_tls_problems
from edge.config.totes import tote_plans
from edge.config.tracking import tracking_problems
from edge.config.webhooks import webhook_problems
from edge.core.totes import plan_problems
from edge.core.values.alarm import MOMENTS, RATES
from edge.core.values.layout import Job, LaneRole

Table = TypeVar("Table", bound="Frozen")
_LANE = re.compile(r"\bline\.([a-z0-9_-]+)\.lane\.(\d+)\b")
_DOCK = re.compile(r"\bdock\.(\d+)\b")


def load_line(path: Path, *, whole: bool = True) -> LineConfig:
    """Reads LINE.toml; raises ConfigError with everything that is wrong.

    ``whole`` False: it need not be a controller's yet, devices without a line will do.
    """
    config, wrong_points = _with_points(load_table(path, LineConfig))
    problems = [*_line_problems(config), *wrong_points]
    if whole and not config.line and not config.dock:
        problems.append("line: missing: a controller has a line, or a dock door, [[dock]]")
    if problems:
        raise refused(path, problems)
    return config


def load_site(path: Path) -> SiteConfig:
    """Reads SITE.toml; raises ConfigError with everything that is wrong."""
    config = load_table(path, SiteConfig)
    problems = list(_site_problems(config, path.parent))
    if problems:
        raise refused(path, problems)
    return config


def load_controllers(config: SiteConfig) -> list[LineConfig]:
    """What SITE.toml names; raises ConfigError with what is wrong with one, as that it belongs to another site."""
    lines = [(one.config, load_line(one.config)) for one in config.controller]
    holders: dict[Path, Path] = {}
    for path, line in lines:
        problems = []
        if line.site != config.site:
            problems.append(f"site: {line.site!r}: SITE.toml, which names this file, says {config.site!r}")
        files = [("journal", line.journal)] + ([("publish_state", line.publish_state)] if line.publish else [])
        for key, file in files:
            holder = holders.setdefault(file.resolve(), path)
            if holder != path:
                problems.append(f"{key}: {str(file)!r}: {holder} names this file as well: give each controller its own")
        if problems:
            raise refused(path, problems)
    return [line for _, line in lines]


def with_sim(config: LineConfig, **values: float | None) -> LineConfig:
    """The configuration with other values in its [sim] table; None keeps one. Raises ConfigError out of range."""
    table = config.sim.model_dump() | {name: value for name, value in values.items() if value is not None}
    return config.model_copy(update={"sim": _checked(Path("command line"), SimConfig, table)})


def _with_points(config: LineConfig) -> tuple[LineConfig, list[str]]:
    """The configuration with the points of CSV files beside those of its tables, and what is wrong with any."""
    plcs: dict[Name, PlcConfig] = {}
    problems: list[str] = []
    for name, plc in config.plc.items():
        points, wrong = every_point(f"plc.{name}", plc.point, plc.points, plc.driver)
        problems += wrong
        plcs[name] = plc.model_copy(update={"point": points})
    return config.model_copy(update={"plc": plcs}), problems


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
    _, raw = _read(path)
    try:
        return _checked(path, model, raw, path.resolve().parent)
    except ConfigError as error:
        raise refused(path, error.problems) from None


def refused(path: Path, problems: list[str]) -> ConfigError:
    """The error for problems whose paths count places in lists, with the lines of the file, lanes by number and doors
    by name.
    """
    try:
        text, raw = _read(path)
    except ConfigError:  # it has changed since
        return ConfigError(path, problems)
    places = places_of(text)

    def line(problem: str) -> int | None:
        key = problem.partition(": ")[0]
        while key and key not in places:
            key = key.rpartition(".")[0]
        return places.get(key)

    return ConfigError(path, [_with_names(problem, raw) for problem in problems], [line(one) for one in problems])


def _with_names(problem: str, raw: Mapping[str, Any]) -> str:
    """The problem with its lanes by their numbers and its dock doors by their names, where these have one."""

    def lane(match: re.Match[str]) -> str:
        try:
            number = raw["line"][match[1]]["lane"][int(match[2])]["number"]
        except (LookupError, TypeError):
            return match[0]
        return f"line.{match[1]}.lane {number}" if isinstance(number, int) else match[0]

    def dock(match: re.Match[str]) -> str:
        try:
            names = [door["name"] for door in raw["dock"]]
            name = names[int(match[1])]
        except (LookupError, TypeError):
            return match[0]
        known = isinstance(name, str) and name.isprintable() and names.count(name) == 1
        return f"dock.{name}" if known else match[0]

    return _DOCK.sub(dock, _LANE.sub(lane, problem))


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file and what it says. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows put a byte order mark in front
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(path, ["no such file: give the path of a TOML file"]) from None
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"byte {error.start}: not UTF-8: TOML files are UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"not TOML: {error}"]) from None


def _checked(source: Path, model: type[Table], raw: dict[str, Any], folder: Path | None = None) -> Table:
    try:
        return model.model_validate(raw, context=folder)
    except ValidationError as error:
        raise ConfigError(source, [_problem(model, dict(item)) for item in error.errors(include_url=False)]) from None


def _problem(model: type[Frozen], item: dict[str, Any]) -> str:
    loc = item["loc"]
    if loc[0] in ("reader", "publish") and len(loc) > 2:
        loc = (*loc[:2], *loc[3:])  # between its name and the key stands the kind of its driver or target
    where = ".".join(f"{part}" for part in loc)
    match item["type"]:
        case "reader_driver":
            return f"{where}.driver: {item['input'].get('driver')!r}: {item['msg']}"
        case "union_tag_not_found":
            return f"{where}.{item['ctx']['discriminator'].strip(chr(39))}: {MISSING}"
        case "union_tag_invalid":
            said = item["ctx"]
            return f"{where}.{said['discriminator'].strip(chr(39))}: {said['tag']!r}: allowed: {said['expected_tags']}"
        case _:
            return f"{where}: {said_at(model, item)}"


def _line_problems(config: LineConfig) -> Iterator[str]:
    """What a single key cannot say: references, and values that contradict each other."""
    yield from _device_problems(config)
    stations: dict[tuple[str, str, int], str] = {}
    used_readers: dict[str, str] = {}
    eyes: dict[tuple[str, int], str] = {}
    yield from carrier_problems(config, {})
    yield from standby_problems(config.standby, config.store)
    yield from (f"tote.{problem}" for problem in plan_problems(tote_plans(config.tote)))
    for name, line in config.line.items():
        here = f"line.{name}"
        if line.plc not in config.plc:
            yield f"{here}.plc: {line.plc!r}: no such PLC, allowed: {', '.join(config.plc)}"
        elif not config.plc[line.plc].mailbox:
            yield f"{here}.plc: {line.plc!r}: has mailbox = false, and a line needs one"
        yield from portal_problems(here, name, config, used_readers)
        yield from _eye_problems(here, line, config)
        numbers = [("induction", line.induction)]
        for key, portal in line.portals.items():
            if portal.eye is not None:
                numbers.append((f"{key}.eye", portal.eye))
                eyes[line.plc, portal.eye] = f"{here}.{key}.eye"
        numbers += [(f"lane.{index}.number", lane.number) for index, lane in enumerate(line.lane)]
        for key, number in numbers:
            kind = "portal" if key == "check.eye" else key.split(".")[0]
            other = stations.setdefault((line.plc, kind, number), here)
            if other != here:
                yield f"{here}.{key}: {number}: {other} has the same number on PLC {line.plc!r}"
        yield from _lane_problems(here, line)
    for name in config.sim.docks:
        if name not in [dock.name for dock in config.dock]:
            yield f"sim.docks.{name}: no such dock, allowed: {', '.join(dock.name for dock in config.dock)}"
    mailboxes = {name: plc for name, plc in config.plc.items() if plc.mailbox}
    yield from dock_problems(config.dock, config.reader, mailboxes, config.line, used_readers)
    for key, plc_name, number in dock_stations(config.dock):
        other = eyes.setdefault((plc_name, number), key)
        if other != key:
            yield f"{key}: {number}: {other} has the same number on PLC {plc_name!r}"
    if config.opcua_server is not None:
        yield from ua_server_problems("opcua_server", config.opcua_server)
    yield from _alarm_problems(config)
    for name, publisher in config.publish.items():
        yield from publisher_problems(f"publish.{name}", publisher)
        if isinstance(publisher, EpcisConfig):
            known = [*config.line, *(door.name for door in config.dock)]
            for place in publisher.places:
                if place not in known:
                    yield f"publish.{name}.places.{place}: no such line or door, allowed: {', '.join(known)}"


def _device_problems(config: LineConfig) -> Iterator[str]:
    for kind, tables in (("plc", config.plc), ("reader", config.reader), ("publish", config.publish)):
        for name, table in tables.items():
            yield from file_problems(f"{kind}.{name}", table)
    for name, plc in config.plc.items():
        yield from plc_problems(f"plc.{name}", plc)
        if plc.driver == "remote-io" and plc.io is not None:
            lines = [layout for layout in config.layouts() if layout.plc == name]
            yield from io_problems(f"plc.{name}.io", plc.io, lines, plc.poll_ms)
    yield from shared_mailboxes(config.plc)
    yield from _shared_lines(config)
    at_address = {plc.address: f"plc.{name}" for name, plc in config.plc.items() if plc.address}
    for name, reader_config in config.reader.items():
        yield from reader_problems(f"reader.{name}", reader_config)
        yield from card_problems(f"reader.{name}", reader_config)
        for key, address in reader_addresses(reader_config):
            on_plc = at_address.get(address.partition("/")[0], "")  # whatever a url asks for there
            other = on_plc or at_address.setdefault(address, f"reader.{name}")
            if other != f"reader.{name}":
                yield f"reader.{name}.{key}: {address}: {other} has this address already"


def _shared_lines(config: LineConfig) -> Iterator[str]:
    """Several units on one serial line share its settings."""
    first: dict[str, str] = {}
    for name, plc in config.plc.items():
        if not plc.device:
            continue
        other = config.plc[first.setdefault(plc.device, name)]
        for key in ("baud", "parity", "stop_bits"):
            if getattr(plc, key) != (wanted := getattr(other, key)):
                yield f"plc.{name}.{key}: {getattr(plc, key)}: plc.{first[plc.device]} has {wanted} on this line"


def carrier_problems(config: LineConfig, spelled: dict[str, str]) -> Iterator[str]:
    """An order's carrier is its lane's by the exact letters; ``spelled``: by folded case, how others write them."""
    named = [
        (f"line.{name}.lane.{index}.carrier", lane.carrier)
        for name, line in config.line.items()
        for index, lane in enumerate(line.lane)
    ]
    for path, carrier in [*named, *((f"sim.docks.{dock}", carrier) for dock, carrier in config.sim.docks.items())]:
        yield from otherwise_spelled(path, carrier, spelled.setdefault(carrier.casefold(), carrier))


def otherwise_spelled(path: str, carrier: str, known: str) -> Iterator[str]:
    """What is said of a carrier that a lane writes otherwise."""
    if carrier != known:
        yield (
            f"{path}: {carrier!r}: another lane writes it {known!r}: carriers are told apart by the exact letters: "
            f"did you mean {known!r}?"
        )


def _eye_problems(here: str, line: LineTable, config: LineConfig) -> Iterator[str]:
    portal, at = line.portal, f"{here}.portal"
    if (portal.eye is None) != (portal.eye_mm is None):
        yield f"{at}.{'eye' if portal.eye is None else 'eye_mm'}: missing: a photo-eye has eye and eye_mm"
        return
    if portal.eye is not None:
        if portal.eye_mm is not None and portal.eye_mm > portal.antenna_mm:
            yield (
                f"{at}.eye_mm: {portal.eye_mm}: behind antenna_mm {portal.antenna_mm}: the photo-eye stands before the "
                f"antennas or beside them, allowed: {portal.antenna_mm} or less"
            )
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
        for first in line.lane[:index]:
            both = set(lane.services) & set(first.services) or (not lane.services and not first.services)
            linked = lane.number in first.alternatives or first.number in lane.alternatives
            if lane.carrier and lane.carrier == first.carrier and both and not linked:
                yield (
                    f"{at}.carrier: {lane.carrier!r}: lane {first.number} takes the same parcels: give the lanes "
                    f"different services, or name one in the other's alternatives"
                )
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
    reference_mm = max(0, *(portal.eye_mm or 0 for portal in line.portals.values()))
    time_ms = (line.decision_mm - reference_mm) * 1000 // line.speed_mm_s
    if time_ms <= line.actuation_ms + line.margin_ms:
        yield (
            f"{here}.decision_mm: {line.decision_mm}: reached {time_ms} ms after the last photo-eye, needs more than "
            f"actuation_ms + margin_ms = {line.actuation_ms + line.margin_ms} ms"
        )


def _site_problems(config: SiteConfig, folder: Path) -> Iterator[str]:
    yield from review_problems(config.review)
    yield from channel_problems(config.channels)
    port = config.listen.rpartition(":")[2]
    if not 1 <= int(port) <= 65535:
        yield f"listen: {config.listen!r}: port {port} is not one of 1..65535"
    secure, signed_in = config.tls is not None, config.accounts is not None
    yield from door_problems("listen", config.listen, config, config.token_file, secure=secure, signed_in=signed_in)
    if config.tls is not None:
        yield from server_tls_problems("tls", config.tls)
    yield from account_problems(config.accounts, config.listen, folder)
    yield from shipping_problems(config.service, config.plan)
    yield from label_problems(config.label)
    yield from care_problems(config.team, config.returns)
    yield from station_problems(config.station, config.label.printer, config.quality)
    yield from webhook_problems(config.webhook)
    yield from kpi_problems(config.kpi)
    for name, publisher in config.publish.items():
        yield from publisher_problems(f"publish.{name}", publisher, of_site=True)
    yield from mail_problems(config.mail)
    yield from tracking_problems(config.carrier, config.tracking)
    yield from packing_problems(config.carton, config.filler, config.plan.cartons)
    yield from file_problems("goods", config.goods)
