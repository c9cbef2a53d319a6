"""What engineers look at: the newest numbers of each device, what connected with what, and what portals learn.

Public names: Workings, DeviceWorkings, AntennaWorkings, ControllerWorkings, LineTrial, clock_shown.

Pure: time comes in with the records. Everything is bounded, however long it runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.core.events import Anomaly, AnomalyCode, DeviceChanged, Measured, PassageSeen, PlcConnected, Stage, Started
from edge.core.iso_time import iso
from edge.journal.record import Value
from edge.views.given_texts import text_told
from edge.views.portal_picture import Learned, learned_of
from edge.views.words.phrase import Phrase, Word, phrase

KEEP_PASSAGES = 400
_EVERY_S = 10.0
_ANTENNA = ("reads", "rssi_dbm")
_COUNTS_US = 10 * 365 * 86_400_000_000
"""A clock that is so far behind shows no time of day: it counts from its start."""
_OFF_US = 1_000_000
"""A clock that shows the time of day and is so far off misleads whoever reads the device's own log."""
_DAY_US = 86_400_000_000
"""By which a clock is off that somebody set wrongly."""


@dataclass(frozen=True, slots=True)
class AntennaWorkings:
    """``per_s``: reads a second over the last ten; ``rssi_dbm``: their mean; None = it read nothing in them.
    ``seen_us``: when it last had read something, 0 = never since the picture began.
    """

    antenna: int
    per_s: float
    rssi_dbm: float | None
    seen_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWorkings:
    """A PLC, reader or part of the controller. ``up`` None: not heard of. ``values``: the newest numbers by name;
    ``session``: of a PLC, 0 = it never connected. ``told_us``: when they were told. ``said``: the reason in the words
    of any language.
    """

    device: str
    up: bool | None
    reason: str
    since_us: int
    told_us: int
    values: dict[str, float]
    antennas: tuple[AntennaWorkings, ...] = ()
    session: int = 0
    said: Word = ""


@dataclass(frozen=True, slots=True)
class ControllerWorkings:
    """A controller since its newest start. ``flags``: by which it decides otherwise than 0.1.0."""

    controller: str
    version: str
    started_us: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineTrial:
    """A line's commissioning mode. ``on``: it is in it; ``text``: what was told of it last; ``refused``: that something
    is not done. ``said``: the text in the words of any language.
    """

    on: bool
    text: str
    at_us: int
    refused: bool = False
    said: Word = ""


def clock_shown(values: Mapping[str, float]) -> tuple[Phrase, bool]:
    """How a device's clock stands to the controller's by its newest numbers, and whether somebody should set it."""
    if (ahead_us := values.get("clock_ahead_us")) is None:
        return phrase("tech.clock.none"), False
    unsure = f"{values.get('clock_unsure_us', 0) / 1000:.1f}"
    if ahead_us < -_COUNTS_US:
        return phrase("tech.clock.counts", since=iso(int(-ahead_us)), unsure=unsure), False
    off, ms, days = abs(ahead_us) > _OFF_US, f"{abs(ahead_us) / 1000:,.1f}", f"{abs(ahead_us) / _DAY_US:,.1f}"
    if ahead_us <= -_DAY_US:
        return phrase("tech.clock.days.behind", days=days), off
    if ahead_us >= _DAY_US:
        return phrase("tech.clock.days.ahead", days=days), off
    if ahead_us < 0:
        return phrase("tech.clock.behind", ms=ms, unsure=unsure), off
    return phrase("tech.clock.ahead", ms=ms, unsure=unsure), off


def _trial(told: Anomaly, *, on: bool, refused: bool = False) -> LineTrial:
    return LineTrial(on, told.text, told.at_us, refused, text_told(told.text))


NO_TRIAL = LineTrial(on=False, text="", at_us=0)


class Workings:
    """A fold over the records of all journals. ``devices``: shown before they are heard of."""

    def __init__(self, devices: Iterable[str]) -> None:
        self._measured: dict[str, Measured] = {}
        self._changed: dict[str, DeviceChanged] = {}
        self._connected: dict[str, PlcConnected] = {}
        self._started: dict[str, Started] = {}
        self._passages: dict[tuple[str, str], deque[PassageSeen]] = {}
        self._read: dict[tuple[str, int], int] = {}
        self._devices = dict.fromkeys(devices)
        self._trials: dict[str, LineTrial] = {}

    def apply(self, value: Value) -> None:
        """Takes the next record of a journal."""
        match value:
            case Measured():
                self._measured[value.device] = value
                for name, number in value.values:
                    what, dot, part = name.partition(".")
                    if dot and what == "reads" and part.isdigit() and number:
                        self._read[value.device, int(part)] = value.at_us
            case DeviceChanged():
                self._changed[value.device] = value
            case PlcConnected():
                self._connected[f"plc.{value.plc}"] = value
            case Started():
                self._started[value.controller] = value
            case PassageSeen(stage=Stage.FINAL):
                kept = self._passages.setdefault((value.line, value.portal), deque(maxlen=KEEP_PASSAGES))
                kept.append(value)
            case Anomaly(code=AnomalyCode.TRIAL_BEGAN | AnomalyCode.TRIAL_LANE):
                self._trials[value.line] = _trial(value, on=True)
            case Anomaly(code=AnomalyCode.TRIAL_ENDED):
                self._trials[value.line] = _trial(value, on=False)
            case Anomaly(code=AnomalyCode.TRIAL_REFUSED):
                self._trials[value.line] = _trial(value, on=self.trial(value.line).on, refused=True)
            case _:
                pass

    def trial(self, line: str) -> LineTrial:
        """Whether a line is in commissioning mode, and what was told of it last."""
        return self._trials.get(line, NO_TRIAL)

    def devices(self) -> tuple[DeviceWorkings, ...]:
        """All that is known, by name."""
        known = sorted({**self._devices, **self._measured, **self._changed})
        return tuple(self._device(name) for name in known if not name.startswith(("line.", "dock.")))

    def controllers(self) -> tuple[ControllerWorkings, ...]:
        """All that began since the picture did."""
        return tuple(
            ControllerWorkings(name, its.version, its.at_us, its.flags) for name, its in sorted(self._started.items())
        )

    def learned(self, line: str, portal: str = "") -> Learned | None:
        """What a portal learned from its newest passages; None = there was none. ``portal``: as in PassageSeen."""
        seen = self._passages.get((line, portal))
        return learned_of(tuple(seen), ()) if seen else None

    def _device(self, name: str) -> DeviceWorkings:
        measured, changed = self._measured.get(name), self._changed.get(name)
        values = {} if measured is None else dict(measured.values)
        up = changed.up if changed is not None else bool(values["up"]) if "up" in values else None
        connected = self._connected.get(name)
        antennas = {int(part) for key in values if (part := key.rpartition(".")[2]).isdigit()}
        antennas |= {antenna for device, antenna in self._read if device == name}
        return DeviceWorkings(
            device=name,
            up=up,
            reason="" if changed is None else changed.reason,
            since_us=0 if changed is None else changed.at_us,
            told_us=0 if measured is None else measured.at_us,
            values={
                key: number for key, number in values.items() if key.partition(".")[0] not in _ANTENNA or "." not in key
            },
            antennas=tuple(
                AntennaWorkings(
                    one,
                    values.get(f"reads.{one}", 0) / _EVERY_S,
                    values.get(f"rssi_dbm.{one}"),
                    self._read.get((name, one), 0),
                )
                for one in sorted(antennas)
                if name.startswith("reader.")
            ),
            session=0 if connected is None else connected.session,
            said="" if changed is None else text_told(changed.reason),
        )
