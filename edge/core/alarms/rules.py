"""How each kind of alarm is treated, what hides it, and what people are told about it.

Public names: RULES, SUPPRESSED_BY.
"""

from __future__ import annotations

from edge.core.alarms.words import ALARM_WORDS
from edge.core.values.alarm import AlarmKind, AlarmRule, Priority

_S = 1_000_000
_MIN = 60 * _S

SUPPRESSED_BY: dict[AlarmKind, tuple[AlarmKind, ...]] = {
    AlarmKind.PLC_DOWN: (AlarmKind.INCOMPATIBLE,),
    AlarmKind.POINTS_DOWN: (AlarmKind.PLC_DOWN,),
    AlarmKind.PACKML_DOWN: (AlarmKind.PLC_DOWN,),
    AlarmKind.EVENTS_MISSED: (AlarmKind.PLC_DOWN, AlarmKind.FENCED),
    AlarmKind.COMMANDS_REFUSED: (AlarmKind.PLC_DOWN, AlarmKind.MACHINE_STOPPED),
    AlarmKind.MACHINE_STOPPED: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.JAM: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.LANE_FULL: (AlarmKind.PLC_DOWN,),
    AlarmKind.NO_READS: (AlarmKind.PLC_DOWN, AlarmKind.READER_DOWN),
    AlarmKind.TOTES_REFUSED: (AlarmKind.PLC_DOWN, AlarmKind.READER_DOWN, AlarmKind.READER_FLOODS),
    AlarmKind.MISSORTS: (AlarmKind.PLC_DOWN, AlarmKind.JAM),
    AlarmKind.DEFAULTS: (AlarmKind.JOURNAL_DOWN, AlarmKind.PLC_DOWN, AlarmKind.FENCED, AlarmKind.JAM),
    AlarmKind.UNCONFIRMED: (AlarmKind.PLC_DOWN, AlarmKind.FENCED, AlarmKind.EVENTS_MISSED, AlarmKind.JAM),
}
"""Which causes at the same PLC, line or controller hide an alarm. A jam is hidden by an earlier one of its PLC."""


def _rule(
    kind: AlarmKind,
    priority: Priority,
    *,
    on_delay_us: int = 0,
    off_delay_us: int = 0,
    latched: bool = False,
    limit: float = 0.0,
    deadband: float = 0.0,
) -> AlarmRule:
    def told(part: str) -> str:
        return ALARM_WORDS[f"alarm.{kind}.{part}"][0]

    return AlarmRule(
        kind=kind,
        priority=priority,
        cause=told("cause"),
        consequence=told("consequence"),
        action=told("action"),
        on_delay_us=on_delay_us,
        off_delay_us=off_delay_us,
        latched=latched,
        limit=limit,
        deadband=deadband,
    )


RULES: tuple[AlarmRule, ...] = (
    _rule(AlarmKind.PLC_DOWN, Priority.HIGH, on_delay_us=3 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.READER_DOWN, Priority.HIGH, on_delay_us=3 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.SCANNER_DOWN, Priority.MEDIUM, on_delay_us=3 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.SCANNER_REFUSED, Priority.MEDIUM, off_delay_us=60 * _S),
    _rule(AlarmKind.READER_FLOODS, Priority.MEDIUM, off_delay_us=60 * _S),
    _rule(AlarmKind.POINTS_DOWN, Priority.LOW, on_delay_us=20 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.PACKML_DOWN, Priority.LOW, on_delay_us=20 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.SITE_STORE_DOWN, Priority.MEDIUM, on_delay_us=20 * _S, off_delay_us=5 * _S),
    _rule(AlarmKind.FEED_CHANGED, Priority.MEDIUM, off_delay_us=60 * _S),
    _rule(AlarmKind.PROGRAM_FAULT, Priority.MEDIUM, off_delay_us=10 * _MIN),
    _rule(AlarmKind.JOURNAL_DOWN, Priority.HIGH, on_delay_us=1 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.JOURNAL_FULL, Priority.MEDIUM, off_delay_us=60 * _S),
    _rule(AlarmKind.DISK_LOW, Priority.MEDIUM),
    _rule(AlarmKind.DISK_SLOW, Priority.HIGH, off_delay_us=10 * _S),
    _rule(AlarmKind.FILE_DAMAGED, Priority.HIGH),
    _rule(AlarmKind.CONFIG_REFUSED, Priority.LOW),
    _rule(AlarmKind.NO_STANDBY, Priority.MEDIUM, on_delay_us=20 * _S, off_delay_us=5 * _S),
    _rule(AlarmKind.TARGET_DOWN, Priority.MEDIUM, on_delay_us=60 * _S, off_delay_us=10 * _S),
    _rule(AlarmKind.INCOMPATIBLE, Priority.HIGH, off_delay_us=30 * _S),
    _rule(AlarmKind.FENCED, Priority.HIGH, off_delay_us=1 * _S),
    _rule(AlarmKind.OTHER_HOST, Priority.HIGH, off_delay_us=30 * _S, latched=True),
    _rule(AlarmKind.EVENTS_MISSED, Priority.MEDIUM, off_delay_us=60 * _S),
    _rule(AlarmKind.COMMANDS_REFUSED, Priority.MEDIUM, limit=0.06, deadband=0.04),
    _rule(AlarmKind.MACHINE_STOPPED, Priority.MEDIUM, on_delay_us=2 * _S, off_delay_us=2 * _S),
    _rule(AlarmKind.JAM, Priority.HIGH, on_delay_us=500_000, off_delay_us=3 * _S),
    _rule(AlarmKind.LANE_FULL, Priority.LOW, on_delay_us=60 * _S, off_delay_us=5 * _S),
    _rule(AlarmKind.NO_READS, Priority.MEDIUM, limit=0.10, deadband=0.04),
    _rule(AlarmKind.TOTES_REFUSED, Priority.MEDIUM, limit=0.40, deadband=0.10),
    _rule(AlarmKind.MISSORTS, Priority.HIGH, limit=0.02, deadband=0.02),
    _rule(AlarmKind.DEFAULTS, Priority.MEDIUM, limit=0.06, deadband=0.04),
    _rule(AlarmKind.UNCONFIRMED, Priority.MEDIUM, limit=0.06, deadband=0.04),
    _rule(AlarmKind.CERTIFICATE_ENDS, Priority.MEDIUM),
    _rule(AlarmKind.WRONG_LOAD, Priority.HIGH),
)
"""The rules where LINE.toml says nothing else."""
