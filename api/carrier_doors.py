"""What a site knows of its carriers' doors: how each signs, what was told, and what the site does about parcels itself.

Public names: CarrierDoors.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from edge.config.lines import SiteConfig
from edge.config.tracking import hook_secret, table_of
from edge.core.events import LoadClosed
from edge.intake.calendars import day_end_us
from edge.intake.hook_signatures import HookKey
from edge.orders.tracking import TrackRules
from edge.site import hooks, mails
from edge.site.duties import Duty
from edge.site.mails import MailRoute
from edge.site.parcel_files import file_manifests
from edge.site.parcel_watch import watch
from edge.site.store import SiteStore
from edge.site.tracking import Took
from edge.views.manifest import Manifest, manifest_of

_HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000
_DAY_US = 24 * _HOUR_US
HOWS = ("new", "same", "noted", "strange", "unread", "refused")


class CarrierDoors:
    """One site's. Raises ConfigError for secrets that cannot be read.

    ``counts``: by carrier and one of `HOWS`. ``troubles``: by carrier, why its last message was refused and since when.
    ``codes``: by carrier, what nobody explained.
    """

    def __init__(self, config: SiteConfig) -> None:
        its = config.tracking
        self.rules = TrackRules(
            no_scan_us=its.no_scan_hours * _HOUR_US,
            no_movement_us=its.no_movement_days * _DAY_US,
            attempts=its.attempts,
        )
        self.keys = {
            name: HookKey(one.hook, hook_secret(one.hook.kind, one.hook.secret_file))
            for name, one in config.carrier.items()
            if one.hook is not None
        }
        self.counts: Counter[tuple[str, str]] = Counter()
        self.troubles: dict[str, tuple[str, int]] = {}
        self.codes: dict[str, tuple[str, ...]] = {}
        self.mail_trouble: tuple[str, int] = ("", 0)
        self._config = config
        self._guard = threading.Lock()

    def took(self, carrier: str, took: Took, unread: int) -> None:
        """A message or file of a carrier was taken."""
        with self._guard:
            for how in ("new", "same", "noted", "strange"):
                self.counts[carrier, how] += getattr(took, how)
            self.counts[carrier, "unread"] += unread
            self.troubles.pop(carrier, None)

    def refused(self, carrier: str, why: str, at_us: int) -> None:
        """A message that says to be a carrier's was refused."""
        with self._guard:
            self.counts[carrier, "refused"] += 1
            _, since_us = self.troubles.get(carrier, ("", at_us))
            self.troubles[carrier] = (why, since_us)

    def duties(self, store: Callable[[], SiteStore]) -> Iterator[Duty]:
        """What the site does about parcels that left."""
        its = self._config

        def looked(_: object, at_us: int) -> str:
            at = store().connections
            read = sum(hooks.explain(at, name, one.codes, at_us, self.rules) for name, one in its.carrier.items())
            found = watch(at, self.rules, self._promise_end_us, at_us)
            with at.reading() as db:
                codes: dict[str, tuple[str, ...]] = {}
                for one in hooks.unexplained(db):
                    codes[one.source] = (*codes.get(one.source, ()), one.given)
                self.codes = codes
                self.mail_trouble = mails.trouble_of(db)
            said = [f"{len(found)} parcels in trouble"] if found else []
            return "; ".join([*said, *([f"{read} words were explained"] if read else [])])

        def filed(_: object, at_us: int) -> str:
            done = file_manifests(store().connections, self._folder_of, lambda load: _manifest(store(), load), at_us)
            return f"{len(done)} manifests" if done else ""

        yield Duty("tracking", its.tracking.every_minutes * _MINUTE_US, looked)
        if any(one.manifests is not None for one in its.carrier.values()):
            yield Duty("manifests", _MINUTE_US, filed)
        if its.mail.host:
            yield from mails.duties_of_mail(MailRoute(site=its.site, table=its.mail, url=its.tracking.url))

    def _promise_end_us(self, day: str) -> int:
        try:
            return day_end_us(date.fromisoformat(day), self._config.plan.time_zone)
        except (ValueError, OverflowError):  # no day, or behind the last that there is
            return 0

    def _folder_of(self, carrier: str) -> Path | None:
        known = table_of(self._config.carrier, carrier)
        return None if known is None else known[1].manifests


def _manifest(store: SiteStore, load: str) -> Manifest | None:
    """Of a load that left; None = its journal is not there yet, or any more."""
    values = (record.value for record in store.by_ref(load))
    return next((manifest_of(one) for one in values if isinstance(one, LoadClosed) and one.load.id == load), None)
