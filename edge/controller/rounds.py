"""Rounds: what is looked after that is no device: certificates, the journal's room, disks, damage, publishers' targets.

Public names: Rounds, Targets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from edge.config.certificates import checked
from edge.config.lines import LineConfig
from edge.controller.retention import JournalRoom, Retention
from edge.core.alarms.facts import CERTIFICATE_WARN_US
from edge.core.events import CertificateChecked
from edge.journal.damage import DamageWatch
from edge.journal.disk import DiskWatch
from edge.journal.record import JournalError
from edge.journal.writer import Journal

log = logging.getLogger(__name__)
CERTIFICATES_EVERY_S = 3_600
ROOM_EVERY_S = 30
TARGETS_EVERY_S = 10
DISKS_EVERY_S = 30
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
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(1, name) if self._threaded else None
        try:
            while True:
                rest_s = every_s
                try:
                    seen = look() if pool is None else await loop.run_in_executor(pool, look)
                except (JournalError, OSError) as error:
                    rest_s = min(every_s, LOOK_AGAIN_S)
                    log.warning("%s; looked at again in %d s", error, rest_s)
                else:
                    found(seen)
                    self._goes_on(name)
                await asyncio.sleep(rest_s)
        finally:
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)


def _disks(config: LineConfig) -> DiskWatch:
    return DiskWatch(config.files(), config.disk.low_hours, config.disk.low_mb * 1_000_000)
