"""The telemetry that Lanewise gives to time series databases: every measurement, tag and field, with unit and meaning.

Public names: Measurement, Field, FieldKind, SeriesPoint, BASE_TAGS, TAGS, MEASUREMENTS, OF_SITE, point_ns, and each
measurement.

docs/telemetry.md is written from here. Tags are bounded: what the configuration or this code names. Identities of
orders, totes and parcels are text fields. No name is an InfluxQL keyword. Integers are 64 bit; a flag is 0 or 1, so
that it can be summed and averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

FieldValue: TypeAlias = int | float | str


class FieldKind(StrEnum):
    """The type of a field, the same in every point."""

    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``unit``: empty = a count, a flag, a number of something, or text."""

    name: str
    kind: FieldKind
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement. ``tags``: names besides BASE_TAGS, explained in TAGS."""

    name: str
    text: str
    tags: tuple[str, ...]
    fields: tuple[Field, ...]


class SeriesPoint(NamedTuple):
    """One point. ``tags`` in the measurement's order, empty = absent; ``fields`` by name, at least one."""

    measurement: Measurement
    tags: tuple[str, ...]
    fields: dict[str, FieldValue]
    time_ns: int


def point_ns(at_us: int, seq: int) -> int:
    """The time of a record's points in nanoseconds: the millisecond, and below it the record's place in the journal.

    So no two points of a series have the same time, unless a multiple of 1,000,000 records lies between them and they
    share a millisecond, and records of one millisecond stay in order.
    """
    return at_us // 1000 * 1_000_000 + seq % 1_000_000


def _i(name: str, text: str, unit: str = "") -> Field:
    return Field(name, FieldKind.INTEGER, unit, text)


def _f(name: str, text: str, unit: str = "") -> Field:
    return Field(name, FieldKind.FLOAT, unit, text)


def _s(name: str, text: str) -> Field:
    return Field(name, FieldKind.TEXT, "", text)


_TRACK = _i("track", "track number in the PLC")
_ORDER = _s("order_id", "order, where known")

BASE_TAGS = ("site", "controller")
TAGS: dict[str, str] = {
    "site": "`site` of LINE.toml; in every point",
    "controller": "`controller` of LINE.toml; in every point, `site` in those of the site as a whole",
    "action": "what somebody asked for: `enable`, `write`, an alarm's `acknowledge`, ..., a load's `open`, ...",
    "alarm": "an alarm's name, its kind and place, as `jam.sorter.3`",
    "antenna": "antenna port of the reader, 1..",
    "carrier": "the carrier as the order has it",
    "channel": "where an order came from",
    "code": "kind of anomaly, see docs/operations.md; of an order that is held, what was found at it",
    "device": "`plc.NAME`, `points.NAME` (a PLC's), `reader.NAME`, `publish.NAME`, `site-store`, `journal`, `disk`, "
    "`files`",
    "direction": "`out` of the house, `in`, `undetermined`",
    "dimension": "by what a key figure is told apart: `site` = not at all, `channel`, `carrier`, `station`, `reason`",
    "dock": "a dock door by its name in LINE.toml",
    "event": "kind of PLC event, in lower case as in docs/plc-mailbox.md, or its number",
    "follower": "a publisher of LINE.toml by its name, or `site-store`",
    "kind": "kind of alarm",
    "kpi": "a key figure by its name in docs/kpis.md",
    "lane": "lane number, 0 = none",
    "line": "a line by its name in LINE.toml",
    "member": "which of the dimension: a channel, `SF/express`, a line, `damaged`; absent for the whole site",
    "opcode": "kind of command: `route`, `lane`, ... or its number",
    "outcome": "`confirmed`, `missorted`, `defaulted`, `failed`, `lost`",
    "plc": "a PLC by its name in LINE.toml",
    "point": "a point by its name in LINE.toml, `station/role`",
    "portal": "a portal by its name in LINE.toml",
    "priority": "`high`, `medium`, `low`",
    "publisher": "a publisher by its name in LINE.toml",
    "reader": "a reader by its name in LINE.toml",
    "reason": "why a lane was chosen: `verified`, `no-read`, ...; why a door's light changed: `wrong-parcel`, ...; "
    "what keeps a late parcel: `pick`, `lane`, ...",
    "quality": "of a point: `good`, `uncertain`, `stale`, `bad`",
    "result": "of a command or a write: `accepted`, `refused`, `unknown`, `dropped`",
    "service": "the carrier's service as the order has it",
    "state": "state of an order: `open`, `shipped`, `cancelled`; of an alarm: `normal`, `unacknowledged`, ...",
    "stage": "where an order is: `review`, `held`, `accepted` (and not released), `released`, `verified`, `labelled` "
    "(and in no lane), `sorted` (and not gone); `case-overdue`, and `untold` events of webhooks",
    "station": "number of a photo-eye, lane, induction or input in the PLC",
    "verdict": "of a tote `verified` or `refused`; at a dock door `right`, `wrong`, `unknown`, `already-loaded`, ...",
}

# ---- what happens on the lines ---------------------------------------------------------------------------------------

INDUCTION = Measurement(
    "induction",
    "A parcel or tote came onto a line.",
    ("line", "plc"),
    (_TRACK, _i("round", "times it went round before")),
)
PASSAGE = Measurement(
    "passage",
    "A parcel or tote went past a portal; told once, when nothing can change it any more.",
    ("line", "portal"),
    (
        _TRACK,
        _i("tags_owned", "tags that are its own"),
        _i("tags_rejected", "tags that were read but belong to a neighbour or the background"),
        _i("reads", "reads of all tags by all antennas"),
        _i("empty", "1 = no tag is its own"),
        _f("clarity", "weakest own tag: its weight over its best neighbour's, at most 1000", "ratio"),
        _i("dwell_us", "time in the photo-eye", "µs"),
        _i("offset_us", "learned way from the photo-eye to the antennas, as time", "µs"),
        _i("doubtful", "1 = there may be less evidence than there should be"),
    ),
)
PASSAGE_ANTENNA = Measurement(
    "passage_antenna",
    "What one antenna saw of one passage.",
    ("line", "portal", "antenna"),
    (_i("tags", "tags that it saw"), _i("reads", "reads"), _f("weight", "summed linear power near the middle", "mW")),
)
SCAN = Measurement(
    "scan",
    "A barcode scanner saw something pass.",
    ("reader",),
    (_i("codes", "codes that it found"), _i("no_read", "1 = it found none")),
)
CHECK = Measurement(
    "tote_check",
    "A tote's content against its order, finally.",
    ("line", "verdict"),
    (
        _TRACK,
        _s("tote_id", "tote, where known"),
        _ORDER,
        _i("matched", "items of the order that were seen"),
        _i("missing", "items that lack"),
        _i("extra", "items that nobody ordered"),
        _i("foreign", "items of another order"),
        _i("duplicate", "items that were shipped before"),
        _i("contradiction", "1 = the tote's tag and its barcode name different totes"),
        _i("unreadable", "tags without a meaning"),
        _i("no_order", "1 = no open order for this tote"),
    ),
)
ROUTE = Measurement(
    "route",
    "A lane was decided for a parcel or tote.",
    ("line", "lane", "reason"),
    (
        _TRACK,
        _s("subject", "parcel or tote, where known"),
        _ORDER,
        _i("round", "times it went round before"),
        _i("no_read", "1 = nothing was read"),
    ),
)
REACTION = Measurement(
    "reaction",
    "The PLC handled a route: how quickly, and how much time was left.",
    ("line", "plc", "result"),
    (
        _TRACK,
        _i("reaction_us", "from the induction's arrival here until handled; sorters, no portal behind it", "µs"),
        _i("handling_us", "from the decision until handled", "µs"),
        _i("margin_us", "from handled until the route would have expired; negative = too late", "µs"),
        _i("late", "1 = too late: expired, past the decision point, or no margin left"),
        _i("refusal", "the mailbox's reason, 0 = accepted, -1 = unknown"),
    ),
)
COMMAND = Measurement(
    "command",
    "What became of a command.",
    ("plc", "opcode", "result"),
    (
        _i("target", "lane or other target"),
        _i("operand", "track, or what else the command is about"),
        _i("refusal", "the mailbox's reason, 0 = accepted, -1 = unknown"),
        _s("why", "of a dropped one"),
    ),
)
OUTCOME = Measurement(
    "outcome",
    "Where a parcel or tote ended.",
    ("line", "lane", "outcome"),
    (
        _TRACK,
        _s("subject", "parcel or tote, where known"),
        _ORDER,
        _i("wanted", "lane it was sent to"),
        _i("transit_us", "since its induction, where that is known", "µs"),
        _i("bad", "1 = not confirmed"),
    ),
)
LANE = Measurement(
    "lane",
    "A lane's state in the PLC: when it changes, and every 10 s.",
    ("line", "lane"),
    (_i("full", "1 = full"), _i("disabled", "1 = disabled")),
)
LINE = Measurement(
    "line", "A line, every 10 s.", ("line",), (_i("tracks", "parcels or totes between induction and end"),)
)
ANOMALY = Measurement(
    "anomaly",
    "Something unexpected.",
    ("line", "code"),
    (_TRACK, _s("text", "a sentence"), _s("subject", "identity, order or device")),
)
ALARM = Measurement(
    "alarm",
    "An alarm changed.",
    ("line", "plc", "alarm", "kind", "priority", "state"),
    (
        _i("active", "1 = it is so, whatever people are shown"),
        _i("annunciated", "1 = people are called now"),
        _i("active_us", "how long it was active; when it is over", "µs"),
        _s("before", "the state before"),
        _s("text", "what was seen"),
        _s("asked_by", "operator, empty = it came by itself"),
        _s("suppressed_by", "the alarm that is its cause"),
    ),
)
ALARM_ACTIVE = Measurement(
    "alarm_active",
    "An alarm that is active, every 10 s: one that lasts counts too. Ten seconds for each point are how long it was.",
    ("alarm", "kind"),
    (_i("active_us", "since it became active", "µs"),),
)
REQUEST = Measurement(
    "request",
    "An operator asked for something.",
    ("line", "lane", "action"),
    (_s("asked_by", "who"), _s("subject", "an alarm's name")),
)

# ---- orders ----------------------------------------------------------------------------------------------------------

ORDERS = Measurement(
    "order_change",
    "An order came or changed.",
    ("carrier", "service", "channel", "state"),
    (
        _ORDER,
        _s("tote_id", "its tote"),
        _s("parcel_id", "its parcel"),
        _i("lines", "articles"),
        _i("items", "pieces"),
    ),
)
SHIPMENT = Measurement(
    "shipment", "An order's parcel is in a lane of its carrier.", ("line", "lane"), (_ORDER, _s("parcel_id", "parcel"))
)

# ---- dock doors ------------------------------------------------------------------------------------------------------

GATE = Measurement(
    "gate",
    "A parcel passed a dock door, or may have.",
    ("dock", "direction", "verdict"),
    (
        _s("parcel_id", "parcel"),
        _ORDER,
        _s("load_id", "load"),
        _i("bad", "1 = it went out and must come back"),
        _s("asked_by", "who says so; empty = the door"),
    ),
)
LOAD = Measurement(
    "load",
    "A load was opened or closed; the numbers are those of its closing.",
    ("dock", "carrier", "action"),
    (
        _s("load_id", "load"),
        _s("asked_by", "who asked"),
        _i("aboard", "parcels"),
        _i("wrong", "parcels aboard that do not belong to it"),
        _i("missing", "parcels"),
        _i("undetermined", "parcels that may be aboard"),
        _i("cutoff_ms", "parcels sorted later need not come along; where there is such a time", "ms since 1970"),
        _i("departure_ms", "when the trailer leaves, where that is known", "ms since 1970"),
    ),
)
DOCK = Measurement(
    "dock",
    "A door's light or buzzer changed, with the reason; and every 10 s how they are, without.",
    ("dock", "reason"),
    (
        _i("light", "1 = on"),
        _i("buzzer", "1 = on"),
        _i("wrong", "parcels that went out and must come back"),
    ),
)

# ---- devices ---------------------------------------------------------------------------------------------------------

DEVICE = Measurement(
    "device",
    "A device came or went.",
    ("device",),
    (_i("up", "1 = up"), _s("why", "who and why in a sentence")),
)
PLC = Measurement(
    "plc",
    "A PLC's link, every 10 s; its machine, when that tells something, and every 10 s.",
    ("plc",),
    (
        _i("up", "1 = it answers and follows"),
        _i("polls", "reads of its mailbox in these 10 s"),
        _i("round_trip_us", "mean time of a read", "µs"),
        _i("round_trip_max_us", "longest read", "µs"),
        _i("heartbeat_age_us", "since its heartbeat moved", "µs"),
        _i("events_unacknowledged", "events that it keeps until they are acknowledged"),
        _i("events_room", "how many more it can keep, where its mailbox is of version 2"),
        _i("mailbox_version", "version of its mailbox"),
        _i("epoch", "with which we command it; 0 before the first connection"),
        _i("fenced", "1 = it obeys another controller, and we only watch"),
        _i("commands_queued", "commands that wait for room or a connection"),
        _i("commands_unhandled", "commands in its mailbox that it has not handled"),
        _i("clock_ahead_us", "its clock before the host's; one that counts from its start is long behind", "µs"),
        _i("clock_unsure_us", "how far that was another half a minute before", "µs"),
        _i("packml_state", "PackML state, 6 = Execute"),
        _i("packml_mode", "PackML mode, 1 = Producing; this and what follows where the machine tells it"),
        _i("processed", "products that the machine counted"),
        _i("defective", "products of these that it counted as defective"),
        _f("products_per_min", "its speed", "1/min"),
    ),
)
PLC_POINT = Measurement(
    "plc_point",
    "A point of a PLC: when it changes by more than its deadband, and every minute.",
    ("plc", "point", "quality"),
    (
        _f("number", "its value, in the point's unit; of a BOOL 0 or 1"),
        _s("text", "its value, of a STRING"),
        _i("age_us", "since it was read", "µs"),
        _s("why", "why it is not good"),
    ),
)
PLC_WRITE = Measurement(
    "plc_write",
    "What became of an operator's wish to write a point.",
    ("plc", "point", "result"),
    (_f("number", "what was to be written"), _s("text", "the same, of a STRING"), _s("why", "why it was not")),
)
PLC_EVENT = Measurement(
    "plc_event",
    "An event of a PLC, photo-eyes (ENTERED, LEFT) and inductions left out.",
    ("plc", "event", "station"),
    (
        _TRACK,
        _i("detail", "the event's value: of a jam 1 = began, 0 = over"),
        _s("change", "of a lane: `free`, `full`, `disabled`, `enabled`; of a jam: `began`, `over`"),
    ),
)
PLC_CONNECTION = Measurement(
    "plc_connection",
    "A PLC answers the handshake.",
    ("plc",),
    (
        _i("session", "number of the PLC's session"),
        _i("epoch", "ours"),
        _i("fresh", "1 = a new session: the PLC had restarted"),
    ),
)
EVENTS_MISSED = Measurement("events_missed", "Events of a PLC are lost.", ("plc",), (_i("events", "how many"),))
READER = Measurement(
    "reader",
    "A reader, every 10 s.",
    ("reader",),
    (
        _i("up", "1 = it answers"),
        _i("reads", "reads in these 10 s"),
        _i("held", "reads that it had kept while it could not tell them, not among `reads`; not told without"),
        _i("reports", "reports in these 10 s"),
        _i("left_out", "reads of these that were left out, as the reader floods; not told without"),
        _i("clock_ahead_us", "its clock before the host's; one that counts from its start is long behind", "µs"),
        _i("clock_unsure_us", "how far that was another half a minute before", "µs"),
    ),
)
ANTENNA = Measurement(
    "antenna",
    "An antenna, every 10 s.",
    ("reader", "antenna"),
    (_i("reads", "reads in these 10 s"), _f("rssi_dbm", "mean of the reads' RSSI", "dBm")),
)
NOTICE = Measurement("notice", "A device said something.", ("device", "code"), (_s("text", "a sentence"),))

# ---- ourselves -------------------------------------------------------------------------------------------------------

STARTED = Measurement(
    "controller_start", "A controller process began.", (), (_s("version", "of Lanewise"), _i("lines", "how many"))
)
CONTROLLER = Measurement(
    "controller",
    "The controller process, every 10 s; silence means that it is dead.",
    (),
    (
        _i("unstored", "records decided and not yet on disk"),
        _i("orders_open", "orders that the lines know and that are not shipped"),
        _i("loop_late_us", "how much too late this measurement was taken", "µs"),
        _i("journal_records", "the journal's newest sequence"),
        _i("journal_bytes", "size of the journal", "bytes"),
        _i("disk_free_bytes", "room left beside the journal", "bytes"),
    ),
)
BACKLOG = Measurement(
    "backlog",
    "How far a follower is behind the journal, every 10 s, as the controller sees it.",
    ("follower",),
    (_i("records", "records not yet delivered"),),
)
PUBLISHER = Measurement(
    "publisher",
    "A publisher about itself, every 10 s; not from the journal, and not kept while its target is down.",
    ("publisher", "kind"),
    (
        _i("records", "records delivered since the process began"),
        _i("backlog", "records not yet delivered"),
        _i("lag_us", "age of the newest delivered record", "µs"),
        _i("set_aside", "points that the target refused, ever"),
        _i("failures", "failed deliveries since the process began"),
        _i("up", "1 = the newest delivery succeeded"),
    ),
)

# ---- the order flow of a site, told by `lanewise publish SITE.toml` --------------------------------------------------

ORDER_FLOW = Measurement(
    "order_flow",
    "How many orders are where, every minute; silence means that the site does nothing by itself.",
    ("stage",),
    (
        _i("orders", "orders, from `released` on parcels"),
        _i("oldest_us", "how long the one has waited that came first", "µs"),
    ),
)
ORDER_HOLD = Measurement(
    "order_hold", "What holds orders now, every minute.", ("code",), (_i("orders", "orders that are held by it"),)
)
PICKUP = Measurement(
    "pickup",
    "Parcels of released and planned waves beside their carrier's cut-off, every minute.",
    ("carrier", "service"),
    (
        _i("open", "parcels that have to be in their lane by a cut-off of the next day"),
        _i("missed", "parcels of the last day that are not in their lane, and whose cut-off is over"),
        _i("left_us", "until the next cut-off", "µs"),
    ),
)
LATE_FORECAST = Measurement(
    "late_forecast",
    "Parcels that will miss their cut-off, as far as anybody can say, every minute; `all` of them, and by reason.",
    ("reason",),
    (_i("orders", "parcels"),),
)
KPI = Measurement(
    "kpi",
    "A key figure of this day so far, see docs/kpis.md; every five minutes.",
    ("kpi", "dimension", "member"),
    (
        _i("numerator", "of what is counted; of a time its sum"),
        _i("denominator", "what it is counted of"),
        _f("value", "numerator over denominator; of a time its median in µs"),
        _i("p90_us", "of a time: nine of ten are quicker", "µs"),
    ),
)
OF_SITE = frozenset({ORDER_FLOW.name, ORDER_HOLD.name, PICKUP.name, LATE_FORECAST.name, KPI.name})
"""Measurements of the site as a whole: of no controller and no line."""

MEASUREMENTS: dict[str, Measurement] = {
    measurement.name: measurement
    for measurement in (
        INDUCTION, PASSAGE, PASSAGE_ANTENNA, SCAN, CHECK, ROUTE, REACTION, COMMAND, OUTCOME, LANE, LINE, ANOMALY,
        ALARM, ALARM_ACTIVE, REQUEST, ORDERS, SHIPMENT, GATE, LOAD, DOCK, DEVICE, PLC, PLC_POINT, PLC_WRITE, PLC_EVENT,
        PLC_CONNECTION, EVENTS_MISSED, READER, ANTENNA, NOTICE, STARTED, CONTROLLER, BACKLOG, PUBLISHER,
        ORDER_FLOW, ORDER_HOLD, PICKUP, LATE_FORECAST, KPI,
    )
}  # fmt: skip
