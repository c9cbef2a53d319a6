"""A line without a PLC program: the wiring of its remote I/O in LINE.toml, and whether it can be tracked safely.

Public names: IoConfig, io_layout, io_wiring, io_problems, io_margins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from edge.config.table import Frozen
from edge.core.values.layout import LineLayout
from plc.io_layout import Eye, IoLayout, Outlet, fastest_mm_s, is_safe, limits, slowest_ms, watchdog_us
from plc.io_link import IoWiring
from plc.points import Table

Bit = Annotated[int, Field(ge=0, le=255)]
Address = Annotated[int, Field(ge=0, le=65_535)]


class IoEyeConfig(Frozen):
    """One more photo-eye over the belt."""

    number: int = Field(ge=1, le=65_535, description="its number in the journal")
    input: Bit = Field(description="its input")
    mm: int = Field(ge=1, le=1_000_000, description="where it is, in mm behind the induction photo-eye")


class IoLaneConfig(Frozen):
    """How one lane is wired."""

    lane: int = Field(ge=1, le=64, description="the lane's number")
    coil: Bit | None = Field(default=None, description="output that moves its divert; none = the belt's end")
    confirm: Bit | None = Field(
        default=None, description="input of the photo-eye in the lane; none = arrivals are reckoned, and said to be"
    )
    full: Bit | None = Field(default=None, description="input that is on while the lane is full")


class EncoderConfig(Frozen):
    """An encoder on the belt, counted by the I/O device."""

    register_: Address = Field(alias="register", description="register of the counter, counted from 0")
    table: Literal["input", "holding"] = Field(default="input", description="its table")
    bits: Literal[16, 32] = Field(default=16, description="width of the counter; 32 = high word first")
    um_per_count: int = Field(ge=1, le=1_000_000, description="belt travel per count, in micrometres")


class IoConfig(Frozen):
    """Remote I/O in place of a PLC, with driver `remote-io`; the parcels are tracked here (docs/small-lines.md)."""

    induction: Bit = Field(description="input of the induction photo-eye")
    portal: Bit = Field(description="input of the portal's photo-eye")
    eyes: tuple[IoEyeConfig, ...] = Field(default=(), description="more photo-eyes over the belt")
    lanes: tuple[IoLaneConfig, ...] = Field(min_length=1, description="every lane of the line")
    dark_is_off: bool = Field(default=False, description="photo-eyes whose input goes off while something is there")
    inputs: Literal["discrete", "coil", "input", "holding"] = Field(
        default="discrete", description="table of the inputs; 16 a register in the last two"
    )
    first_input: Address = Field(default=0, description="address of input 0")
    outputs: Literal["coil", "holding"] = Field(default="coil", description="table of the outputs")
    first_output: Address = Field(default=0, description="address of output 0")
    lights: tuple[Bit, ...] = Field(default=(), description="outputs that may be switched by command, as a stack light")
    encoder: EncoderConfig | None = Field(default=None, description="none = the belt never stops nor changes its speed")
    running: Bit | None = Field(default=None, description="input that is on while the belt moves; with `encoder`")
    tolerance_percent: float = Field(
        default=2.0, ge=0, le=20, description="how far belt or encoder may be off, slip included"
    )
    min_length_mm: int = Field(ge=10, le=10_000, description="shortest parcel")
    max_length_mm: int = Field(ge=10, le=10_000, description="longest parcel")
    min_gap_mm: int = Field(ge=1, le=10_000, description="smallest gap between two parcels")
    hold_mm: int = Field(
        default=50, ge=0, le=5_000, description="a divert holds until the parcel's front is so far past"
    )
    confirm_ms: int = Field(
        default=2_000, ge=50, le=60_000, description="the photo-eye in a lane sees a parcel within this time"
    )
    answer_ms: int = Field(
        default=15,
        ge=1,
        le=1_000,
        description="an answer takes no longer; what is read later takes the default lane",
    )


def io_layout(io: IoConfig, line: LineLayout, poll_ms: int) -> IoLayout:
    """What the tracker needs of a line whose lanes ``io`` wires."""
    wired = {one.lane: one for one in io.lanes}
    eyes = [
        Eye(line.portal.eye, io.portal, line.portal.eye_mm),
        Eye(line.induction, io.induction, 0),
        *(Eye(eye.number, eye.input, eye.mm) for eye in io.eyes),
    ]
    outlets = [
        Outlet(
            lane.number, lane.divert_mm, wired[lane.number].coil, wired[lane.number].confirm, wired[lane.number].full
        )
        for lane in line.lanes
        if lane.number in wired
    ]
    return IoLayout(
        speed_mm_s=line.speed_mm_s,
        tolerance=io.tolerance_percent / 100,
        induction=line.induction,
        portal=line.portal.eye,
        eyes=tuple(sorted(eyes, key=lambda eye: eye.mm)),
        outlets=tuple(sorted(outlets, key=lambda outlet: outlet.mm)),
        decision_mm=line.decision_mm,
        lead_us=line.actuation_us,
        hold_mm=io.hold_mm,
        confirm_us=io.confirm_ms * 1000,
        scan_us=(poll_ms + io.answer_ms) * 1000,
        min_length_mm=io.min_length_mm,
        max_length_mm=io.max_length_mm,
        min_gap_mm=io.min_gap_mm,
        encoder_um=None if io.encoder is None else io.encoder.um_per_count,
        encoder_bits=16 if io.encoder is None else io.encoder.bits,
        running=io.running,
        outputs=io.lights,
    )


def io_wiring(io: IoConfig) -> IoWiring:
    """Where the bits stand in the device."""
    dark = [io.induction, io.portal, *(eye.input for eye in io.eyes)]
    dark += [one.confirm for one in io.lanes if one.confirm is not None]
    inputs = [*dark, *(one.full for one in io.lanes if one.full is not None)]
    inputs += [] if io.running is None else [io.running]
    outputs = [*io.lights, *(one.coil for one in io.lanes if one.coil is not None)]
    return IoWiring(
        inputs=Table[io.inputs.upper()],
        first_input=io.first_input,
        input_count=max(inputs) + 1,
        outputs=Table[io.outputs.upper()],
        first_output=io.first_output,
        output_count=max(outputs, default=0) + 1,
        inverted=sum(1 << bit for bit in set(dark)) if io.dark_is_off else 0,
        encoder=None if io.encoder is None else (Table[io.encoder.table.upper()], io.encoder.register_),
    )


def io_problems(here: str, io: IoConfig, lines: list[LineLayout], poll_ms: int) -> Iterator[str]:
    """What the wiring says against its line, and every limit of safe tracking that the line is outside of."""
    if len(lines) != 1:
        yield f"{here}: {len(lines)} lines: remote I/O drives one line, give each a station of its own"
        return
    (line,) = lines
    wired = [one.lane for one in io.lanes]
    known = {lane.number for lane in line.lanes}
    for index, lane in enumerate(wired):
        if lane not in known:
            yield f"{here}.lanes.{index}.lane: {lane}: line.{line.name} has no such lane, allowed: {sorted(known)}"
        if lane in wired[:index]:
            yield f"{here}.lanes.{index}.lane: {lane}: wired twice"
    for lane in sorted(known - set(wired)):
        yield f"{here}.lanes: lane {lane} of line.{line.name} is missing"
    ends = [one.lane for one in io.lanes if one.coil is None]
    last = max(line.lanes, key=lambda lane: lane.divert_mm)
    if ends != [last.number]:
        yield f"{here}.lanes: lanes without coil: {ends}: only the last, lane {last.number}, is the belt's end"
    if line.default_lane != last.number:
        yield (
            f"line.{line.name}.default_lane: {line.default_lane}: what nobody decides goes straight on, "
            f"allowed: {last.number}"
        )
    if io.max_length_mm < io.min_length_mm:
        yield f"{here}.max_length_mm: {io.max_length_mm}: shorter than min_length_mm, {io.min_length_mm}"
    if io.running is not None and io.encoder is None:
        yield f"{here}.running: {io.running}: where a belt stops, only an encoder tells how far it went: add encoder"
    if set(wired) != known:
        return
    layout = io_layout(io, line, poll_ms)
    for limit in limits(layout):
        if not limit.holds:
            yield f"{here}: not safe: {limit}: {limit.change}"
    if not is_safe(layout):
        yield f"{here}: not safe: with everything else as it is, {_would_be_safe(layout)}"


def io_margins(here: str, io: IoConfig, line: LineLayout, poll_ms: int) -> Iterator[str]:
    """How far a line that is safe is within each limit."""
    layout = io_layout(io, line, poll_ms)
    reading_ms = layout.scan_us // 1000
    yield f"{here}: safe at {layout.speed_mm_s} mm/s and a reading every {reading_ms} ms; {_would_be_safe(layout)}"
    dog_ms = watchdog_us(layout) // 1000
    yield f"  set the device's own watchdog to {dog_ms} ms at most: no divert may stay out longer when nobody drives it"
    for limit in limits(layout):
        yield f"  {limit}"


def _would_be_safe(layout: IoLayout) -> str:
    speed_mm_s, scan_ms = fastest_mm_s(layout), slowest_ms(layout)
    speed = f"up to {speed_mm_s} mm/s" if speed_mm_s else "at no speed"
    scan = (
        f"up to {scan_ms} ms from one reading (poll_ms + answer_ms) to the next"
        if scan_ms
        else "no poll time is short enough"
    )
    return f"safe {speed}, or {scan}"
