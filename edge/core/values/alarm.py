"""What can be alarmed, and what can be said about how.

Public names: AlarmKind, AlarmState, AlarmAction, Priority, AlarmRule, RATES, MOMENTS, UNPLACED, ANNUNCIATED.

An alarm is one kind of thing at one place, and its name says both: ``jam.sorter.3``, ``reader-down.tote1``.

Source: ANSI/ISA-18.2-2016 (also IEC 62682), alarm state transition diagram; latching also OPC UA Part 9 1.05, 4.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_MIN_US = 60_000_000


class AlarmKind(StrEnum):
    """What can be alarmed; behind it what the name's second half is."""

    PLC_DOWN = "plc-down"  # PLC
    READER_DOWN = "reader-down"  # reader
    SCANNER_DOWN = "scanner-down"  # barcode scanner
    SCANNER_REFUSED = "scanner-refused"  # barcode scanner
    READER_FLOODS = "reader-floods"  # reader
    POINTS_DOWN = "points-down"  # PLC
    PACKML_DOWN = "packml-down"  # PLC
    SITE_STORE_DOWN = "site-store-down"  # controller
    FEED_CHANGED = "feed-changed"  # controller
    PROGRAM_FAULT = "program-fault"  # controller
    JOURNAL_DOWN = "journal-down"  # controller
    JOURNAL_FULL = "journal-full"  # controller
    DISK_LOW = "disk-low"  # controller
    DISK_SLOW = "disk-slow"  # controller
    FILE_DAMAGED = "file-damaged"  # controller
    CONFIG_REFUSED = "config-refused"  # controller
    NO_STANDBY = "no-standby"  # controller
    TARGET_DOWN = "target-down"  # publisher
    INCOMPATIBLE = "incompatible"  # PLC
    FENCED = "fenced"  # PLC
    OTHER_HOST = "other-host"  # PLC
    EVENTS_MISSED = "events-missed"  # PLC
    COMMANDS_REFUSED = "commands-refused"  # PLC
    MACHINE_STOPPED = "machine-stopped"  # PLC
    JAM = "jam"  # PLC and photo-eye
    LANE_FULL = "lane-full"  # line and lane
    NO_READS = "no-reads"  # line
    TOTES_REFUSED = "totes-refused"  # line
    MISSORTS = "missorts"  # line
    DEFAULTS = "defaults"  # line
    UNCONFIRMED = "unconfirmed"  # line
    CERTIFICATE_ENDS = "certificate-ends"  # device
    WRONG_LOAD = "wrong-load"  # dock door


class AlarmState(StrEnum):
    """Where an alarm stands. Every state but the first is worth a look; the last three are silent."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"  # over, waits for an acknowledgement and then a reset
    LATCHED = "latched"  # over and acknowledged, waits for a reset
    SHELVED = "shelved"  # an operator's, for a limited time
    SUPPRESSED = "suppressed"  # by design: another alarm is its cause
    OUT_OF_SERVICE = "out-of-service"  # until it is put in service again


class AlarmAction(StrEnum):
    """What an operator can ask of an alarm."""

    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    OUT_OF_SERVICE = "out-of-service"
    IN_SERVICE = "in-service"
    TAKE_OVER = "take-over"  # of a fenced PLC: take it back at once, though the other host lives
    TAKE_CONFIG = "take-config"  # of config-refused, raised or not: look at LINE.toml again and take it if it is good


class Priority(StrEnum):
    """How soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


ANNUNCIATED = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
"""States in which an alarm that is active is shown as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """How a kind of alarm is treated.

    ``on_delay_us``, ``off_delay_us``: how long it must be so, or be over, before that counts. ``latched``: over only
    when somebody resets it. ``limit``, ``deadband``: of a share (0..1) in the newest 50 items; active from ``limit``
    on, over at ``limit - deadband`` or less. ``shelve_max_us``: the longest shelving.
    """

    kind: AlarmKind
    priority: Priority
    cause: str
    consequence: str
    action: str
    on_delay_us: int = 0
    off_delay_us: int = 0
    latched: bool = False
    limit: float = 0.0
    deadband: float = 0.0
    shelve_max_us: int = 8 * 60 * _MIN_US


RATES = frozenset(
    {
        AlarmKind.COMMANDS_REFUSED,
        AlarmKind.NO_READS,
        AlarmKind.TOTES_REFUSED,
        AlarmKind.MISSORTS,
        AlarmKind.DEFAULTS,
        AlarmKind.UNCONFIRMED,
    }
)
"""Kinds with a limit."""

MOMENTS = frozenset(
    {
        AlarmKind.INCOMPATIBLE,
        AlarmKind.OTHER_HOST,
        AlarmKind.EVENTS_MISSED,
        AlarmKind.FEED_CHANGED,
        AlarmKind.PROGRAM_FAULT,
        AlarmKind.READER_FLOODS,
        AlarmKind.SCANNER_REFUSED,
    }
)
"""Kinds that happen instead of lasting: over when it did not happen again for ``off_delay_us``; never an on delay."""

UNPLACED = frozenset({AlarmKind.JAM, AlarmKind.POINTS_DOWN, AlarmKind.PACKML_DOWN, AlarmKind.TARGET_DOWN})
"""Kinds whose places the layouts do not tell: such an alarm is known from the first time that it is told."""
