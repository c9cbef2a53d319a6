"""Readers that say nothing before they read something: what a line does until then, and what to do about it.

Public names: unheard_notes.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.lines import LineConfig, LineTable
from edge.config.readers import HttpJsonConfig, MqttJsonConfig, PushJsonConfig, SerialConfig
from edge.core.values.layout import Job

_UNTIL = {Job.VERIFY: "every tote is refused", Job.SORT: "no parcel is known by its tag"}


def unheard_notes(config: LineConfig) -> Iterator[str]:
    """What `check` says of each portal with a reader that may be as mute as a dead one."""
    for name, line in config.line.items():
        for key, portal in line.portals.items():
            for reader in portal.readers:
                if not (what := _heard_by(config, reader)):
                    continue
                yield (
                    f"line.{name}.{key}.readers: {reader!r}: is not heard before {what}, and a dead one is as mute: "
                    f"after each start {_until(line)} until it is, so hold one before it"
                )


def _heard_by(config: LineConfig, reader: str) -> str:
    match config.reader[reader]:
        case SerialConfig():
            return "its first card"
        case MqttJsonConfig(silent_s=0) | HttpJsonConfig(silent_s=0) | PushJsonConfig(silent_s=0):
            return "its first tag or sign of life"
        case _:
            return ""


def _until(line: LineTable) -> str:
    return _UNTIL[line.job] if line.check is None else "what it sees does not count"
