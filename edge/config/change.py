"""From one configuration to another while a process runs: how each is called, and what cannot change by the way.

Public names: InForce, name_of, needs_restart, looked_at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from edge.config.lines import LineConfig, SiteConfig
from edge.config.problem import ConfigError
from edge.core.iso_time import iso
from edge.metrics import Sample

log = logging.getLogger(__name__)
Config = TypeVar("Config", LineConfig, SiteConfig)
_PROCESS = ("controller", "site", "journal", "store", "publish_state", "metrics", "standby")
"""Keys of LINE.toml by which a controller is known and found."""
_ANYTIME = frozenset({"point", "points", "points_ms", "points_hole", "packml", "io"})
"""Keys of a PLC with a mailbox beside those of its mailbox."""
_LINE = ("plc", "job")
_RESTART = "cannot change while it runs: restart `lanewise run`"


def name_of(config: LineConfig | SiteConfig) -> str:
    """Twelve characters by which a configuration is told from others: of what it says, not of how it is written."""
    return sha256(config.model_dump_json().encode()).hexdigest()[:12]


def needs_restart(before: LineConfig, after: LineConfig) -> Iterator[str]:
    """What a controller that runs cannot take, as problems of the new file."""
    for key in _PROCESS:
        if getattr(before, key) != getattr(after, key):
            yield f"{key}: {_RESTART}"
    for name in before.line.keys() | after.line.keys():
        old, new = before.line.get(name), after.line.get(name)
        if old is None or new is None:
            yield f"line{'' if new is None else f'.{name}'}: {name!r} is {'new' if old is None else 'gone'}: {_RESTART}"
            continue
        for key in _LINE:
            if getattr(old, key) != getattr(new, key):
                yield f"line.{name}.{key}: {getattr(new, key)!r}, before {getattr(old, key)!r}: {_RESTART}"
    for name in before.plc.keys() | after.plc.keys():
        plc, other = before.plc.get(name), after.plc.get(name)
        mailboxes = [bool(one and one.mailbox) for one in (plc, other)]
        if mailboxes == [False, False]:
            continue  # points alone
        if plc is None or other is None or mailboxes != [True, True]:
            yield f"plc{'' if other is None else f'.{name}'}: {name!r}: a mailbox comes or goes: {_RESTART}"
            continue
        for key in type(other).model_fields:
            if key not in _ANYTIME and getattr(plc, key) != getattr(other, key):
                yield f"plc.{name}.{key}: {_RESTART}"


@dataclass(slots=True)
class InForce:
    """By which configuration a process goes since when, and why the newest one was refused; empty = it was not."""

    name: str
    at_us: int
    refused: str = ""
    refusals: int = 0

    def took(self, name: str, at_us: int) -> None:
        """Another one is in force."""
        self.name, self.at_us, self.refused = name, at_us, ""

    def refuse(self, why: str) -> None:
        """The newest one was not taken."""
        self.refused, self.refusals = why, self.refusals + 1

    def samples(self) -> Iterator[Sample]:
        """For Prometheus."""
        text = "the configuration in force, and since when"
        yield Sample("config_loaded_info", text, 1, (("hash", self.name), ("since", iso(self.at_us))))
        text = "1 = the newest configuration was refused, an earlier one is in force"
        yield Sample("config_refused", text, int(bool(self.refused)))
        yield Sample("config_refusals", "configurations refused since the start", self.refusals, counts=True)


def looked_at(path: Path, read: Callable[[Path], Config], now: Config, standing: InForce, at_us: int) -> Config | None:
    """The configuration that a file says where it is another than ``now``; None = there is nothing to take.

    What is refused is logged, and told by ``standing``.
    """
    try:
        found = read(path)
    except ConfigError as error:
        standing.refuse(str(error))
        log.error("%s", f"{path}: refused, nothing changed:\n{error}")
        return None
    standing.took(name_of(found), standing.at_us if found == now else at_us)
    log.info("%s", f"{path}: {'says what is in force' if found == now else 'taken'}, configuration {standing.name}")
    return None if found == now else found
