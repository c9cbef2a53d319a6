"""What can be alarmed, how it is treated and what people are told about it.

Public names: AlarmKind, AlarmState, AlarmAction, Priority, AlarmRule, RULES, RATES, MOMENTS, UNPLACED, SUPPRESSED_BY,
ANNUNCIATED.

An alarm is one kind of thing at one place, and its name says both: ``jam.sorter.3``, ``reader-down.tote1``.

Source: ANSI/ISA-18.2-2016 (also IEC 62682), alarm state transition diagram; latching also OPC UA Part 9 1.05, 4.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_S = 1_000_000
_MIN = 60 * _S


class AlarmKind(StrEnum):
    """What can be alarmed; behind it what the name's second half is."""

    PLC_DOWN = "plc-down"  # PLC
    READER_DOWN = "reader-down"  # reader
    POINTS_DOWN = "points-down"  # PLC
    PACKML_DOWN = "packml-down"  # PLC
    SITE_STORE_DOWN = "site-store-down"  # controller
    JOURNAL_DOWN = "journal-down"  # controller
    JOURNAL_FULL = "journal-full"  # controller
    INCOMPATIBLE = "incompatible"  # PLC
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


class Priority(StrEnum):
    """How soon somebody must act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


ANNUNCIATED = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
"""States in which an alarm that is active is shown as one."""


@dataclass(frozen=True, slots=True)
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
    shelve_max_us: int = 8 * 60 * _MIN


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

MOMENTS = frozenset({AlarmKind.INCOMPATIBLE, AlarmKind.OTHER_HOST, AlarmKind.EVENTS_MISSED})
"""Kinds that happen instead of lasting: over when it did not happen again for ``off_delay_us``; never an on delay."""

UNPLACED = frozenset({AlarmKind.JAM, AlarmKind.POINTS_DOWN, AlarmKind.PACKML_DOWN})
"""Kinds whose places the layouts do not tell: such an alarm is known from the first time that it is told."""

SUPPRESSED_BY: dict[AlarmKind, tuple[AlarmKind, ...]] = {
    AlarmKind.PLC_DOWN: (AlarmKind.INCOMPATIBLE,),
    AlarmKind.POINTS_DOWN: (AlarmKind.PLC_DOWN,),
    AlarmKind.PACKML_DOWN: (AlarmKind.PLC_DOWN,),
    AlarmKind.EVENTS_MISSED: (AlarmKind.PLC_DOWN,),
    AlarmKind.COMMANDS_REFUSED: (AlarmKind.PLC_DOWN, AlarmKind.MACHINE_STOPPED),
    AlarmKind.MACHINE_STOPPED: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.JAM: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.LANE_FULL: (AlarmKind.PLC_DOWN,),
    AlarmKind.NO_READS: (AlarmKind.PLC_DOWN, AlarmKind.READER_DOWN),
    AlarmKind.TOTES_REFUSED: (AlarmKind.PLC_DOWN, AlarmKind.READER_DOWN),
    AlarmKind.MISSORTS: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.DEFAULTS: (AlarmKind.JOURNAL_DOWN, AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.UNCONFIRMED: (AlarmKind.PLC_DOWN, AlarmKind.EVENTS_MISSED, AlarmKind.JAM),
}
"""Which causes at the same PLC, line or controller hide an alarm. A jam is hidden by an earlier one of its PLC."""

RULES: tuple[AlarmRule, ...] = (
    AlarmRule(
        AlarmKind.PLC_DOWN,
        Priority.HIGH,
        "The PLC does not answer: power, cable, address, or it stopped.",
        "Its lines run on their own, and everything takes the default lane.",
        "Look at the PLC and its cable. It is taken up again by itself.",
        on_delay_us=3 * _S,
        off_delay_us=10 * _S,
    ),
    AlarmRule(
        AlarmKind.READER_DOWN,
        Priority.HIGH,
        "The reader does not answer: power, cable, or another client holds it.",
        "Totes are refused and parcels set aside on its line.",
        "Look at the reader and its cable. It is taken up again by itself.",
        on_delay_us=3 * _S,
        off_delay_us=10 * _S,
    ),
    AlarmRule(
        AlarmKind.POINTS_DOWN,
        Priority.LOW,
        "The PLC's points cannot be read: its server, a node id, an address or a type is not as configured.",
        "Their values are stale, and none can be written.",
        "Compare the points with the PLC: lanewise plc watch. They are read again by themselves.",
        on_delay_us=20 * _S,
        off_delay_us=10 * _S,
    ),
    AlarmRule(
        AlarmKind.PACKML_DOWN,
        Priority.LOW,
        "The machine's PackML object cannot be read: its server or the object is not as configured.",
        "Its state and counters are not known.",
        "Compare packml in LINE.toml with the machine's server. It is taken up again by itself.",
        on_delay_us=20 * _S,
        off_delay_us=10 * _S,
    ),
    AlarmRule(
        AlarmKind.SITE_STORE_DOWN,
        Priority.MEDIUM,
        "The site store cannot be read: the api process is down, or the path is wrong.",
        "New orders do not reach the lines.",
        "Start lanewise api, and compare store in LINE.toml and SITE.toml.",
        on_delay_us=20 * _S,
        off_delay_us=5 * _S,
    ),
    AlarmRule(
        AlarmKind.JOURNAL_DOWN,
        Priority.HIGH,
        "The journal cannot be written: the disk is full or broken.",
        "Nothing is acknowledged, and soon everything takes the default lane.",
        "Make room on the disk. It goes on by itself.",
        on_delay_us=1 * _S,
        off_delay_us=10 * _S,
    ),
    AlarmRule(
        AlarmKind.JOURNAL_FULL,
        Priority.MEDIUM,
        "The journal is above its quota, since a publisher or the site store is far behind.",
        "It grows until the disk is full, or loses what is not delivered, as drop_undelivered says.",
        "See who is behind: lanewise publish --status. Repair it, take it out of LINE.toml, or give more room.",
        off_delay_us=60 * _S,
    ),
    AlarmRule(
        AlarmKind.INCOMPATIBLE,
        Priority.HIGH,
        "The PLC has another mailbox, or obeys a newer host.",
        "This controller does not drive it.",
        "Compare up and down in LINE.toml with the PLC, and find which host has the line.",
        off_delay_us=30 * _S,
    ),
    AlarmRule(
        AlarmKind.OTHER_HOST,
        Priority.HIGH,
        "The PLC handled commands that nobody here sent.",
        "Two controllers route the same parcels.",
        "Find and stop the other one, then reset this alarm.",
        off_delay_us=30 * _S,
        latched=True,
    ),
    AlarmRule(
        AlarmKind.EVENTS_MISSED,
        Priority.MEDIUM,
        "Events of the PLC are lost: its buffer ran over, or another host acknowledged them.",
        "What became of some parcels is not known.",
        "Make sure that only one host is connected, and that it is quick enough.",
        off_delay_us=60 * _S,
    ),
    AlarmRule(
        AlarmKind.COMMANDS_REFUSED,
        Priority.MEDIUM,
        "The PLC refuses routes: mostly they come past the decision point.",
        "Those parcels take the default lane.",
        "Compare decision_mm, speed_mm_s and actuation_ms with the floor.",
        limit=0.06,
        deadband=0.04,
    ),
    AlarmRule(
        AlarmKind.MACHINE_STOPPED,
        Priority.MEDIUM,
        "The machine left Execute: an emergency stop, a fault, or somebody stopped it.",
        "Nothing moves.",
        "Look at the machine's own panel.",
        on_delay_us=2 * _S,
        off_delay_us=2 * _S,
    ),
    AlarmRule(
        AlarmKind.JAM,
        Priority.HIGH,
        "A photo-eye is covered for too long.",
        "What comes behind cannot pass.",
        "Stop the belt, clear the place, start it again.",
        on_delay_us=500_000,
        off_delay_us=3 * _S,
    ),
    AlarmRule(
        AlarmKind.LANE_FULL,
        Priority.LOW,
        "Nobody empties the lane, or its end is blocked.",
        "Its parcels go to alternatives, round again, and in the end to the reject lane.",
        "Empty the lane, or turn it off and send people to its alternatives.",
        on_delay_us=60 * _S,
        off_delay_us=5 * _S,
    ),
    AlarmRule(
        AlarmKind.NO_READS,
        Priority.MEDIUM,
        "Labels are not read: antenna, cable, power, or labels without a tag.",
        "Those parcels and totes go to people.",
        "Look at the antennas and at the labels of what was set aside.",
        limit=0.10,
        deadband=0.04,
    ),
    AlarmRule(
        AlarmKind.TOTES_REFUSED,
        Priority.MEDIUM,
        "Picking goes wrong, orders come late, or an antenna reads too little.",
        "The quality lane fills.",
        "Look at what the newest refusals have in common.",
        limit=0.40,
        deadband=0.10,
    ),
    AlarmRule(
        AlarmKind.MISSORTS,
        Priority.HIGH,
        "Diverts fail or come at the wrong moment, or parcels slip on the belt.",
        "Parcels are in a lane of another carrier, on the floor, or still on the belt.",
        "Look at the diverts and the tracking, and take the parcels out before they are loaded.",
        limit=0.02,
        deadband=0.02,
    ),
    AlarmRule(
        AlarmKind.DEFAULTS,
        Priority.MEDIUM,
        "Routes come too late, or not at all.",
        "Parcels and totes take the default lane.",
        "Look at the reaction time and at what else is alarmed.",
        limit=0.06,
        deadband=0.04,
    ),
    AlarmRule(
        AlarmKind.UNCONFIRMED,
        Priority.MEDIUM,
        "Photo-eyes in lanes are dirty, moved or dead, or parcels are taken off the belt.",
        "Where those parcels are is not known, and their orders stay open.",
        "Look at the photo-eyes of the lanes that the newest of them were sent to.",
        limit=0.06,
        deadband=0.04,
    ),
    AlarmRule(
        AlarmKind.CERTIFICATE_ENDS,
        Priority.MEDIUM,
        "Our certificate for the device ends within 30 days, or cannot be read.",
        "From its end on the device refuses us, and counts as one that does not answer.",
        "Move the old one away, make a new one with lanewise plc cert, and let the device trust it.",
    ),
    AlarmRule(
        AlarmKind.WRONG_LOAD,
        Priority.HIGH,
        "A parcel went out through a dock door and does not belong to the load there.",
        "It leaves with the wrong trailer.",
        "Bring it back in through a door. Acknowledging turns the light off.",
    ),
)
"""The rules where LINE.toml says nothing else."""
