"""Parcels tracked from bare inputs: the PLC's side of the mailbox for a line whose PLC is only remote I/O.

Public names: Tracker.

Inputs and belt travel go in with each scan, coils come out; what a PLC's program would tell the host stands in ``side``
as the mailbox's events, and its commands are obeyed from there. So nothing above knows the difference. Where a parcel
is follows from the photo-eye that saw it last and the belt's travel since; what cannot be known for certain takes the
default lane at the belt's end, and the event's cause says why.

Source: docs/plc-mailbox.md, "Rules for the PLC"; docs/small-lines.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from plc.io_layout import Cause, Eye, IoLayout, Outlet
from plc.packml import PackmlState
from plc.plc_side import PlcSide
from plc.words import LANES, CommandRecord, EventType, LaneChange, Opcode, Refusal

HELD = 11
CONFIRM_EYE = 100
"""The photo-eye in lane n has the number 100 + n."""


@dataclass(slots=True, eq=False)
class _Parcel:
    """``zero_um``: the belt's travel when its leading edge was at 0 mm. ``eye``: index of the next photo-eye."""

    track_id: int
    zero_um: int
    seen_mm: int
    eye: int
    lane: int = 0
    doubt: Cause = Cause.NONE
    wanted: Outlet | None = None  # None until decided
    goes: Outlet | None = None  # where it is on its way to: wanted, or the belt's end where that failed
    fired: bool = False
    expected_us: int | None = None  # its lane's photo-eye must see it until then


class Tracker:
    """One line from one start to the next. ``session``: as the mailbox's; ``buffer``: as PlcSide's.

    Time is microseconds of any clock that only goes forward. After a pause that may hide a parcel, ``side`` is a new
    one with the next session: its tracks mean nothing any more.
    """

    def __init__(self, layout: IoLayout, session: int, buffer: int = 1024) -> None:
        self.layout = layout
        self.side = PlcSide(session, buffer=buffer)
        self._buffer = buffer
        self._end = layout.outlets[-1]
        self._outlets = {outlet.lane: outlet for outlet in layout.outlets}
        self._outputs = 0
        self._last_track = 0
        self._inputs: int | None = None
        self._counts: int | None = None
        self._forget()

    @property
    def tracked(self) -> int:
        """Parcels on the belt."""
        return len(self._parcels)

    def scan(self, at_us: int, inputs: int, counts: int | None, down_words: Sequence[int]) -> int:
        """One reading of the inputs, bit n = input n, with the encoder's counts; the coils, bit n = coil n."""
        late = self._move(at_us, counts)
        self.side.scan(down_words, at_us // 1000, self._obey)
        if self._inputs is None:
            self._inputs = inputs  # what is dark at the start was seen by nobody
        self._run(inputs)
        changed, self._inputs = self._inputs ^ inputs, inputs
        for index, eye in enumerate(self.layout.eyes):
            self._look(index, eye, bool(inputs >> eye.input & 1), bool(changed >> eye.input & 1), late)
        for outlet in self.layout.outlets:
            if outlet.full is not None and bool(inputs >> outlet.full & 1) != self._is_full(outlet):
                self._lane(outlet, full=not self._is_full(outlet))
            if outlet.confirm is not None and (changed & inputs) >> outlet.confirm & 1:
                self._confirm(outlet)
        for parcel in list(self._parcels):
            self._follow(parcel)
        return self._coils()

    # ---- travel ------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._parcels: list[_Parcel] = []
        self._inputs = None
        self._belt_um = self._middle_um = 0
        self._at_us = self._middle_us = 0
        self._counts = None
        self._out_until: dict[int, int] = {}
        self._over: dict[int, tuple[_Parcel, int]] = {}
        self._dark_us: dict[int, int] = {}
        self._jammed: set[int] = set()

    def _move(self, at_us: int, counts: int | None) -> bool:
        """The belt's travel until now. True where this reading came too late for exact places."""
        layout = self.layout
        first = self._inputs is None
        passed_us = 0 if first else at_us - self._at_us
        if passed_us > layout.blind_us:
            old = self.side
            self.side = PlcSide(old.session % 0xFFFF + 1, epoch=old.epoch, buffer=self._buffer)
            self.side.lanes_disabled = old.lanes_disabled
            self._forget()
            passed_us = 0
        if layout.encoder_um is None:
            moved_um = layout.speed_mm_s * passed_us // 1000
        else:
            before, self._counts = self._counts, counts
            span = 1 << layout.encoder_bits
            moved = 0 if before is None or counts is None else (counts - before) % span
            moved_um = (moved - span if moved >= span // 2 else moved) * layout.encoder_um
        self._middle_um, self._belt_um = self._belt_um + moved_um // 2, self._belt_um + moved_um
        self._middle_us, self._at_us = at_us - passed_us // 2, at_us
        return passed_us > layout.scan_us

    def _run(self, inputs: int) -> None:
        if self.layout.running is None:
            return
        state = PackmlState.EXECUTE if inputs >> self.layout.running & 1 else HELD
        if state != self.side.plc_state:
            self.side.plc_state = state
            self._say(EventType.STATE, value=state)

    def _front_mm(self, parcel: _Parcel) -> float:
        return (self._belt_um - parcel.zero_um) / 1000

    # ---- photo-eyes --------------------------------------------------------------------------------------------------

    def _look(self, index: int, eye: Eye, dark: bool, changed: bool, late: bool) -> None:
        if changed and dark:
            self._dark_us[index] = self._at_us
            parcel = self._arrived(index, eye)
            if parcel is not None:
                if late:
                    parcel.doubt = Cause.LATE
                self._over[index] = parcel, self._middle_um
                if eye.number == self.layout.portal:
                    self._say(EventType.ENTERED, parcel.track_id, eye.number, at_us=self._middle_us)
                if eye.number == self.layout.induction:
                    self._say(EventType.INDUCTED, parcel.track_id, eye.number, at_us=self._middle_us)
        elif changed:
            self._dark_us.pop(index, None)
            if index in self._jammed:
                self._jammed.discard(index)
                self._say(EventType.JAM, station=eye.number)
            over = self._over.pop(index, None)
            if over is not None:
                parcel, began_um = over
                longest_mm = self.layout.max_length_mm * (1 + self.layout.tolerance) + self.layout.scan_mm
                if self._middle_um - began_um > longest_mm * 1000:
                    parcel.doubt = Cause.DOUBLED
                if eye.number == self.layout.portal:
                    self._say(EventType.LEFT, parcel.track_id, eye.number, at_us=self._middle_us)
        elif dark and index not in self._jammed and self._dark_for_us(index) > self.layout.jam_us:
            self._jammed.add(index)
            self._say(EventType.JAM, station=eye.number, value=1)

    def _dark_for_us(self, index: int) -> int:
        """How long a photo-eye has been dark while the belt moved; 0 where it was dark before anybody looked."""
        if self.side.plc_state != PackmlState.EXECUTE and index in self._dark_us:
            self._dark_us[index] = self._at_us
        return self._at_us - self._dark_us.get(index, self._at_us)

    def _arrived(self, index: int, eye: Eye) -> _Parcel | None:
        """The parcel whose leading edge is at a photo-eye now; None = nobody knows it."""
        zero_um = self._middle_um - eye.mm * 1000
        near = [
            (abs(parcel.zero_um - zero_um), order, parcel)
            for order, parcel in enumerate(self._parcels)
            if parcel.eye == index and self._within(parcel, zero_um, eye)
        ]
        if near:
            parcel = min(near)[2]
            parcel.zero_um, parcel.seen_mm, parcel.eye = zero_um, eye.mm, index + 1
            return parcel
        parcel = _Parcel(self._new_track(), zero_um, eye.mm, index + 1)
        if eye.mm > 0:  # behind the induction: nobody sends it anywhere, and it is followed no further
            self._say(EventType.STRAY, parcel.track_id, eye.number, at_us=self._middle_us)
            return None
        self._parcels.append(parcel)
        return parcel

    def _within(self, parcel: _Parcel, zero_um: int, eye: Eye) -> bool:
        return abs(parcel.zero_um - zero_um) <= self.layout.match_mm(parcel.seen_mm, eye.mm) * 1000

    def _confirm(self, outlet: Outlet) -> None:
        """Something came into a lane."""
        coming = [parcel for parcel in self._parcels if parcel.goes is outlet and self._is_due(parcel, outlet)]
        if coming:
            self._ended(coming[0], outlet)
            return
        reach_mm = self.layout.travel_mm(self.layout.confirm_us)
        astray = [
            parcel
            for parcel in self._parcels
            if parcel.wanted is not None
            and -self._early_mm(parcel, outlet) <= self._front_mm(parcel) - outlet.mm < reach_mm
        ]
        if astray:
            self._ended(astray[0], outlet)
        else:
            self._say(EventType.STRAY, self._new_track(), CONFIRM_EYE + outlet.lane)

    def _is_due(self, parcel: _Parcel, outlet: Outlet) -> bool:
        return self._front_mm(parcel) >= outlet.mm - self._early_mm(parcel, outlet)

    def _early_mm(self, parcel: _Parcel, outlet: Outlet) -> float:
        return self.layout.divert_mm(parcel.seen_mm, outlet.mm) + 2 * self.layout.scan_mm

    # ---- parcels -----------------------------------------------------------------------------------------------------

    def _follow(self, parcel: _Parcel) -> None:
        layout, front_mm = self.layout, self._front_mm(parcel)
        if parcel.eye < len(layout.eyes):
            eye = layout.eyes[parcel.eye]
            if front_mm > eye.mm + layout.match_mm(parcel.seen_mm, eye.mm) + layout.scan_mm:
                self._lost(parcel)
                return
        if parcel.wanted is None and front_mm >= layout.decision_mm:
            routed = self._outlets.get(parcel.lane)
            parcel.wanted = parcel.goes = self._end if routed is None or parcel.doubt else routed
            if routed is None or parcel.doubt:
                self._say(EventType.DEFAULTED, parcel.track_id, self._end.lane, cause=parcel.doubt)
        goes = parcel.goes
        if goes is None:
            return
        error_mm = layout.divert_mm(parcel.seen_mm, goes.mm)
        if goes.coil is not None and not parcel.fired:
            latest_mm = goes.mm - layout.lead_mm - error_mm - layout.scan_mm
            if front_mm < latest_mm - layout.scan_mm:
                return
            bit = 1 << (goes.lane - 1)
            if front_mm > latest_mm or parcel.doubt or (self.side.lanes_full | self.side.lanes_disabled) & bit:
                parcel.goes = self._end
                return
            parcel.fired = True
            until_um = parcel.zero_um + round((goes.mm + error_mm + layout.hold_mm) * 1000)
            self._out_until[goes.coil] = max(until_um, self._out_until.get(goes.coil, until_um))
        passed = front_mm >= goes.mm + (error_mm + layout.hold_mm if goes.coil is not None else 0)
        if not passed:
            return
        if goes.confirm is None:
            self._ended(parcel, goes, Cause.RECKONED)
        elif parcel.expected_us is None:
            parcel.expected_us = self._at_us + layout.confirm_us
        elif self._at_us > parcel.expected_us:
            if goes is self._end or self._end.confirm is None:
                self._lost(parcel)
            else:  # the divert did not take it along: the belt's end will see it
                parcel.goes, parcel.expected_us = self._end, None

    def _ended(self, parcel: _Parcel, outlet: Outlet, cause: Cause = Cause.NONE) -> None:
        wanted = parcel.wanted or outlet
        if wanted is outlet:
            self._say(EventType.DIVERTED, parcel.track_id, outlet.lane, cause)
        else:
            self._say(EventType.DIVERT_FAILED, parcel.track_id, wanted.lane, parcel.doubt or cause, outlet.lane)
        self._parcels.remove(parcel)

    def _lost(self, parcel: _Parcel) -> None:
        self._say(EventType.LOST, parcel.track_id, self.layout.eyes[parcel.eye - 1].number)
        self._parcels.remove(parcel)

    def _new_track(self) -> int:
        self._last_track += 1
        return self._last_track

    def _say(
        self,
        what: EventType,
        track_id: int = 0,
        station: int = 0,
        cause: int = 0,
        value: int = 0,
        at_us: int | None = None,
    ) -> None:
        self.side.emit(what, track_id, station, cause, value, (self._at_us if at_us is None else at_us) // 1000)

    # ---- lanes and commands ------------------------------------------------------------------------------------------

    def _is_full(self, outlet: Outlet) -> bool:
        return bool(self.side.lanes_full >> (outlet.lane - 1) & 1)

    def _lane(self, outlet: Outlet, *, full: bool) -> None:
        self.side.lanes_full ^= 1 << (outlet.lane - 1)
        self._say(EventType.LANE, station=outlet.lane, value=LaneChange.FULL if full else LaneChange.FREE)

    def _obey(self, command: CommandRecord) -> Refusal | None:
        match command.opcode:
            case Opcode.ROUTE:
                parcel = next((one for one in self._parcels if one.track_id == command.value), None)
                if parcel is None:
                    return Refusal.UNKNOWN_TRACK
                if command.target not in self._outlets:
                    return Refusal.NO_TARGET
                if parcel.wanted is not None:
                    return Refusal.PAST_DECISION
                parcel.lane = command.target
            case Opcode.LANE:
                outlet = self._outlets.get(command.target)
                if outlet is None or outlet is self._end or not 1 <= command.target <= LANES:
                    return Refusal.NO_TARGET
                bit = 1 << (outlet.lane - 1)
                if bool(self.side.lanes_disabled & bit) == bool(command.value):
                    self.side.lanes_disabled ^= bit
                    change = LaneChange.ENABLED if command.value else LaneChange.DISABLED
                    self._say(EventType.LANE, station=outlet.lane, value=change)
            case Opcode.OUTPUT:
                if command.target not in self.layout.outputs:
                    return Refusal.NO_TARGET
                bit = 1 << command.target
                self._outputs = self._outputs | bit if command.value else self._outputs & ~bit
            case Opcode.RELEASE | Opcode.HOLD:
                return Refusal.NO_TARGET
            case _:
                assert_never(command.opcode)
        return None

    def _coils(self) -> int:
        coils = self._outputs
        for coil, until_um in list(self._out_until.items()):
            if self._belt_um >= until_um:
                del self._out_until[coil]
            else:
                coils |= 1 << coil
        return coils
