"""The simulated reader's ROSpecs: their states, start and stop triggers. Pure.

Public names: RoSpecs, MOST_ROSPECS, antennas_of.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 10.
"""

from __future__ import annotations

from dataclasses import replace

from rfid.driver import ReaderClock
from rfid.llrp.codec import Parameter
from rfid.llrp.impinj import selected
from rfid.llrp_device.answers import field_error, refused, wrong_field
from rfid.llrp_device.config import PORTS, everything_selected
from rfid.llrp_device.report_encoder import ReportEncoder

_DISABLED, _INACTIVE, _ACTIVE = range(3)
_IMMEDIATE, _GPI = 1, 3
_DURATION, _GPI_STOP = 1, 2
MOST_ROSPECS = 8
"""How many ROSpecs the reader keeps."""


class RoSpecs:
    """ROSpecs by number; those with the start triggers Null, Immediate and GPI, and any stop trigger."""

    def __init__(self, antennas: int, clock: ReaderClock) -> None:
        self._antennas = antennas
        self._clock = clock
        self._rospecs: dict[int, Parameter] = {}
        self._encoders: dict[int, ReportEncoder] = {}
        self._ends: dict[int, int] = {}

    @property
    def all(self) -> tuple[Parameter, ...]:
        """As GET_ROSPECS shows them."""
        return tuple(self._rospecs.values())

    @property
    def active(self) -> Parameter | None:
        """The one that reads now."""
        return next((one for one in self._rospecs.values() if one.number("CurrentState") == _ACTIVE), None)

    @property
    def enabled(self) -> bool:
        """Whether one reads, or will when its trigger comes."""
        return any(one.number("CurrentState") != _DISABLED for one in self._rospecs.values())

    @property
    def deadline_us(self) -> int | None:
        """When a duration ends; call ``expire`` then."""
        return min(self._ends.values(), default=None)

    def encoder(self, rospec: Parameter) -> ReportEncoder:
        """What writes this ROSpec's reports."""
        return self._encoders[rospec.number("ROSpecID")]

    def add(self, rospec: Parameter, report: Parameter) -> None:
        """ADD_ROSPEC; ``report``: the ROReportSpec for one without. Raises ``RefusedError``."""
        number = rospec.number("ROSpecID")
        if number == 0 or number in self._rospecs:
            raise wrong_field("ROSpec", 1, f"ROSpecID {number} is {'in use' if number else 'not allowed'}")
        if len(self._rospecs) >= MOST_ROSPECS:
            raise refused("M_OverflowParameter", f"more than {MOST_ROSPECS} ROSpecs")
        if rospec.number("CurrentState") != _DISABLED:
            raise wrong_field("ROSpec", 3, "a ROSpec must be added disabled")
        for spec in rospec.all("AISpec"):
            for antenna in antennas_of(spec):
                if antenna > self._antennas:
                    raise wrong_field("AISpec", 1, f"antenna {antenna} is not in 1..{self._antennas}")
        kind, port, _ = _start(rospec)
        if kind not in (0, _IMMEDIATE, _GPI):
            raise wrong_field("ROSpecStartTrigger", 1, "start triggers are Null, Immediate and GPI")
        if kind == _GPI and not 1 <= port <= PORTS:
            raise wrong_field("GPITriggerValue", 1, f"port {port} is not in 1..{PORTS}")
        own = rospec.first("ROReportSpec") or report
        selector = own.first("TagReportContentSelector") or everything_selected()
        self._encoders[number] = ReportEncoder(selector, number, self._clock, selected(own))
        self._rospecs[number] = rospec

    def control(self, command: str, number: int, at_us: int) -> None:
        """DELETE, ENABLE, DISABLE, START or STOP; 0 is all, for the first three. Raises ``RefusedError``."""
        if number == 0 and command in ("DELETE_ROSPEC", "ENABLE_ROSPEC", "DISABLE_ROSPEC"):
            for each in tuple(self._rospecs):
                self.control(command, each, at_us)
            return
        rospec = self._rospecs.get(number)
        if rospec is None:
            raise refused("M_FieldError", f"ROSpec {number} does not exist", field_error(1))
        state = rospec.number("CurrentState")
        if state == _DISABLED and command in ("START_ROSPEC", "STOP_ROSPEC"):
            raise refused("M_FieldError", f"ROSpec {number} is disabled", field_error(1))
        match command:
            case "DELETE_ROSPEC":
                del self._rospecs[number]
                self._ends.pop(number, None)
            case "ENABLE_ROSPEC":
                if state == _DISABLED:
                    self._change(number, _ACTIVE if _start(rospec)[0] == _IMMEDIATE else _INACTIVE, at_us)
            case "DISABLE_ROSPEC":
                self._change(number, _DISABLED, at_us)
            case "START_ROSPEC":
                self._change(number, _ACTIVE, at_us)
            case "STOP_ROSPEC":
                self._change(number, _INACTIVE, at_us)
            case _:
                raise ValueError(f"{command} is no command for a ROSpec")

    def input_changed(self, port: int, on: bool, at_us: int) -> list[tuple[int, bool]]:
        """Which ROSpecs began or ended by this input."""
        changed: list[tuple[int, bool]] = []
        for number, rospec in self._rospecs.items():
            state = rospec.number("CurrentState")
            if state == _INACTIVE and _start(rospec) == (_GPI, port, on):
                changed.append((number, True))
            elif state == _ACTIVE and _stop(rospec)[:3] == (_GPI_STOP, port, on):
                changed.append((number, False))
        for number, begun in changed:
            self._change(number, _ACTIVE if begun else _INACTIVE, at_us)
        return changed

    def expire(self, at_us: int) -> list[int]:
        """Which ROSpecs ended by their duration."""
        over = [number for number, end_us in self._ends.items() if end_us <= at_us]
        for number in over:
            self._change(number, _INACTIVE, at_us)
        return over

    def _change(self, number: int, state: int, at_us: int) -> None:
        rospec = self._rospecs[number]
        self._rospecs[number] = replace(rospec, fields=(*rospec.fields[:2], state))
        self._ends.pop(number, None)
        kind, _, _, duration_ms = _stop(rospec)
        if state == _ACTIVE and kind == _DURATION:
            self._ends[number] = at_us + duration_ms * 1_000


def antennas_of(spec: Parameter) -> tuple[int, ...]:
    """An AISpec's antennas; 0 is all."""
    found = spec["AntennaIDs"]
    assert isinstance(found, tuple)
    return found


def _start(rospec: Parameter) -> tuple[int, int, bool]:
    """Type of the start trigger, and the input and its level, if any."""
    (boundary,) = rospec.all("ROBoundarySpec")
    (start,) = boundary.all("ROSpecStartTrigger")
    value = start.first("GPITriggerValue")
    port, on = (value.number("GPIPortNum"), bool(value.number("GPIEvent"))) if value else (0, False)
    return start.number("ROSpecStartTriggerType"), port, on


def _stop(rospec: Parameter) -> tuple[int, int, bool, int]:
    """Type of the stop trigger, the input and its level, and the duration in ms."""
    (boundary,) = rospec.all("ROBoundarySpec")
    (stop,) = boundary.all("ROSpecStopTrigger")
    value = stop.first("GPITriggerValue")
    port, on = (value.number("GPIPortNum"), bool(value.number("GPIEvent"))) if value else (0, False)
    return stop.number("ROSpecStopTriggerType"), port, on, stop.number("DurationTriggerValue")
