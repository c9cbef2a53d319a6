"""Rounds: what is looked after that is no device: certificates, the journal's room and pace, disks, damage, targets.

Public names: Rounds, Targets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from edge.config.certificates import checked
from edge.config.lines import LineConfig
from edge.controller.retention import JournalRoom, Retention
from edge.core.alarms.facts import CERTIFICATE_WARN_US
from edge.core.events import CertificateChecked
from edge.devices.plc import PlcSession
from edge.journal.aside import Aside
from edge.journal.damage import DamageWatch
from edge.journal.disk import DiskWatch
from edge.journal.record import JournalError
from edge.journal.sign import Unwritable
from edge.journal.writer import Journal

log = logging.getLogger(__name__)
CERTIFICATES_EVERY_S = 3_600
ROOM_EVERY_S = 30
TARGETS_EVERY_S = 10
DISKS_EVERY_S = 30
PACE_EVERY_S = 0.5
SLOW_S = 3.0
"""A disk on which nothing could be stored for so long is too slow."""
FULL_S = 0.2
"""And so is one that holds the journal up for so long while a PLC has no room for more events."""
DAMAGE_EVERY_S = 86_400
LOOK_AGAIN_S = 600
"""After a look that could not be done."""

Targets = Callable[[int], Mapping[str, str]]
"""By publisher why its target lacks what it should have then; empty = it has it. Raises OSError, JournalError."""
_Found = TypeVar("_Found")


class TellStanding(Protocol):
    """Says how something stands that is no device: ``trouble`` None = well, which ``text`` says."""

    def __call__(self, device: str, trouble: str | None, text: str = "") -> None: ...


class Rounds:
    """One controller's. Every look is in a thread of its own, unless ``threaded`` is False; ``now``: host time.

    ``stands``: whether it was ever told how something stands. ``room``: of the journal, once it was looked at.
    """

    def __init__(
        self,
        config: LineConfig,
        now: Callable[[], int],
        tell: TellStanding,
        stands: Callable[[str], bool],
        threaded: bool,
    ) -> None:
        self._config = config
        self._now = now
        self._tell = tell
        self._stands = stands
        self._threaded = threaded
        self.room: JournalRoom | None = None
        self.disks = _disks(config)

    def follow(self, config: LineConfig) -> None:
        """Looks after what another configuration names."""
        before, self._config = self._config, config
        if (config.disk, config.files()) != (before.disk, before.files()):
            self.disks = _disks(config)

    async def look_at_room(self, retention: Retention, journal: Journal) -> None:
        """Looks after the journal's room."""

        def found(room: JournalRoom) -> None:
            self.room = room
            self._tell("journal-room", room.trouble or None, "the journal has room")

        await self._every(ROOM_EVERY_S, "retention", lambda: retention.look(journal, self._now()), found)

    async def look_at_disks(self) -> None:
        """Says when a disk of our files has little room."""

        def look() -> str:
            low = self.disks.look(self._now())
            return "" if low is None else low.text

        await self._every(DISKS_EVERY_S, "disk-watch", look, partial(self._files, "disk", "the disks have room"))

    async def look_at_pace(self, journal: Journal, plcs: Mapping[str, PlcSession]) -> None:
        """Says when the disk is too slow, and how slow it was; told anew when a PLC's room is used up."""
        told, most, longest_s = False, 0, 0.0
        full: list[str] = []
        while True:
            await asyncio.sleep(PACE_EVERY_S)
            count, since_us = journal.waits
            for_s = (self._now() - since_us) / 1e6 if count else 0.0
            filled = [name for name, plc in plcs.items() if plc.host.room == 0] if for_s > FULL_S else []
            slow = (for_s > SLOW_S or bool(filled)) and journal.sign.why in (None, Unwritable.SLOW)
            journal.mind(slow)
            if slow:
                most, longest_s = max(most, count), max(longest_s, for_s)
            if slow and (not told or set(filled) - set(full)):
                rooms = [f"{name} keeps {plcs[name].host.kept:,} events and has no room for more" for name in filled]
                waits = f"the disk is too slow: {count:,} records wait to be stored, the oldest for {for_s:.1f} s"
                self._tell("disk-slow", "; ".join((f"journal {self._config.journal}: {waits}", *rooms)))
            elif told and not slow:
                text = f"the disk stores again: up to {most:,} records had waited, the oldest for {longest_s:.1f} s"
                self._tell("disk-slow", None, f"journal {self._config.journal}: {text}")
                most, longest_s = 0, 0.0
            told, full = slow, filled if not slow else sorted({*full, *filled})
            self._goes_on("pace-watch")

    async def look_for_damage(self) -> None:
        """Says when a file of ours is damaged."""
        look = DamageWatch(self._config.files()).look
        await self._every(DAMAGE_EVERY_S, "damage-watch", look, partial(self._files, "files", "the files are sound"))

    async def look_at_targets(self, targets: Targets) -> None:
        """Says which publisher's target does not have what it should, and why."""

        def found(troubles: Mapping[str, str]) -> None:
            for name, trouble in troubles.items():
                self._tell(f"publish.{name}", trouble or None, f"publisher {name}: delivers")

        await asyncio.sleep(TARGETS_EVERY_S)
        await self._every(TARGETS_EVERY_S, "publish-state", lambda: targets(self._now()), found)

    async def look_at_certificates(
        self, certificates: Mapping[str, tuple[Path, ...]], give: Callable[[CertificateChecked], object]
    ) -> None:
        """Tells of our certificates at the start, and whenever one is new, gone, or comes near its end."""
        told: dict[str, tuple[str, bool]] = {}
        while True:
            for device, files in certificates.items():
                found = checked(device, files, self._now())
                new = found.text, found.ends_us - found.at_us < CERTIFICATE_WARN_US
                if told.get(device) != new:
                    told[device] = new
                    give(found)
                    if new[1]:
                        log.warning("%s: %s", device, found.text)
            self._goes_on("certificates")
            await asyncio.sleep(CERTIFICATES_EVERY_S)

    def _files(self, device: str, good: str, trouble: str) -> None:
        if trouble or self._stands(device):  # that all is well at the start is no news
            self._tell(device, trouble or None, good)

    def _goes_on(self, name: str) -> None:
        if self._stands(name):  # a fault had ended it
            self._tell(name, None, f"{name} goes on")

    async def _every(
        self, every_s: float, name: str, look: Callable[[], _Found], found: Callable[[_Found], None]
    ) -> None:
        """Looks, and says what it found, now and again every so often. ``name``: by which the controller keeps it."""
        aside = Aside(name) if self._threaded else None
        try:
            while True:
                rest_s = every_s
                try:
                    seen = look() if aside is None else await aside.call(look)
                except (JournalError, OSError) as error:
                    rest_s = min(every_s, LOOK_AGAIN_S)
                    log.warning("%s; looked at again in %d s", error, rest_s)
                else:
                    found(seen)
                    self._goes_on(name)
                await asyncio.sleep(rest_s)
        finally:
            if aside is not None:
                aside.end()


def _disks(config: LineConfig) -> DiskWatch:
    return DiskWatch(config.files(), config.disk.low_hours, config.disk.low_mb * 1_000_000)
