"""`[[dock]]` of LINE.toml: dock doors with their antennas or photo-eyes, lights and buzzers.

Public names: DockTable, dock_layout, dock_problems, dock_stations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from edge.config.plcs import PlcConfig
from edge.config.readers import ReaderConfig
from edge.config.table import Frozen, Name
from edge.core.values.dock import DockEyes, DockLayout, Output, Side

Antennas = tuple[Annotated[int, Field(ge=1, le=64)], ...]
Eye = Annotated[int, Field(ge=1, le=65535)]


class OutputTable(Frozen):
    """A digital output, of a reader or of a PLC."""

    reader: str = Field(default="", description="the reader whose general purpose output it is")
    plc: str = Field(default="", description="or the PLC that gets the command OUTPUT")
    port: int = Field(ge=1, le=65535, description="its number there")


class EyesTable(Frozen):
    """Two photo-eyes across the way through a door, less far apart than the shortest parcel is long."""

    plc: Name = Field(description="the PLC that reports them in ENTERED and LEFT, or as INPUT")
    inside: Eye = Field(description="number of the one on the house's side")
    outside: Eye = Field(description="number of the one on the trailer's side")


class DockTable(Frozen):
    """A dock door. The direction comes from antennas that look to either side, or from photo-eyes."""

    name: Name = Field(description="its name, no line's")
    title: str = Field(default="", max_length=40, description="what people call it")
    reader: Name = Field(description="its reader, by the name in `[reader]`; several doors may share one")
    inside: Antennas = Field(default=(), description="antennas that look into the house")
    outside: Antennas = Field(default=(), description="antennas that look into the trailer")
    through: Antennas = Field(default=(), description="with `eyes`: antennas of the door")
    eyes: EyesTable | None = Field(default=None, description="photo-eyes that tell the direction")
    light: OutputTable | None = Field(default=None, description="on when a wrong parcel went out")
    buzzer: OutputTable | None = Field(default=None, description="sounds when a wrong parcel went out")
    light_s: float = Field(default=60, gt=0, le=86_400, description="the light is on for so long at most")
    buzzer_s: float = Field(default=3, gt=0, le=3_600, description="the buzzer is on for so long at most")

    @property
    def sides(self) -> tuple[tuple[Side, Antennas], ...]:
        """The antennas by the side that they look at."""
        return (Side.INSIDE, self.inside), (Side.OUTSIDE, self.outside), (Side.THROUGH, self.through)


def dock_layout(table: DockTable) -> DockLayout:
    """What the decisions need to know of a door."""
    return DockLayout(
        name=table.name,
        reader=table.reader,
        antennas=tuple((antenna, side) for side, antennas in table.sides for antenna in antennas),
        eyes=None if table.eyes is None else DockEyes(table.eyes.plc, table.eyes.inside, table.eyes.outside),
        light=None if table.light is None else _output(table.light),
        buzzer=None if table.buzzer is None else _output(table.buzzer),
        light_us=round(table.light_s * 1_000_000),
        buzzer_us=round(table.buzzer_s * 1_000_000),
    )


def _output(table: OutputTable) -> Output:
    return Output(f"reader.{table.reader}" if table.reader else f"plc.{table.plc}", table.port)


def dock_stations(docks: tuple[DockTable, ...]) -> Iterator[tuple[str, str, int]]:
    """The photo-eyes of all doors: path of the key, PLC and number."""
    for index, dock in enumerate(docks):
        if dock.eyes is not None:
            yield f"dock.{index}.eyes.inside", dock.eyes.plc, dock.eyes.inside
            yield f"dock.{index}.eyes.outside", dock.eyes.plc, dock.eyes.outside


def dock_problems(
    docks: tuple[DockTable, ...],
    readers: Mapping[str, ReaderConfig],
    plcs: Mapping[str, PlcConfig],
    lines: Collection[str],
    portal_readers: Mapping[str, str],
) -> Iterator[str]:
    """What the keys of the doors say against each other and the rest. ``portal_readers``: reader -> its line."""
    names: set[str] = set()
    antennas: dict[tuple[str, int], str] = {}
    outputs: dict[Output, str] = {}
    for index, dock in enumerate(docks):
        here = f"dock.{index}"
        if dock.name in names or dock.name in lines:
            yield f"{here}.name: {dock.name!r}: another dock or line has this name, give each its own"
        names.add(dock.name)
        reader = readers.get(dock.reader)
        if reader is None:
            yield f"{here}.reader: {dock.reader!r}: no such reader, allowed: {', '.join(readers)}"
        elif dock.reader in portal_readers:
            yield f"{here}.reader: {dock.reader!r}: already reads for line.{portal_readers[dock.reader]}"
        yield from _side_problems(here, dock)
        for side, numbers in dock.sides:
            for antenna in numbers:
                if reader is not None and antenna not in reader.antennas:
                    allowed = list(reader.antennas)
                    yield f"{here}.{side}: {antenna}: not among reader.{dock.reader}.antennas {allowed}"
                other = antennas.setdefault((dock.reader, antenna), f"{here}.{side}")
                if other != f"{here}.{side}":
                    yield f"{here}.{side}: {antenna}: {other} has this antenna already"
        if dock.eyes is not None and dock.eyes.plc not in plcs:
            yield f"{here}.eyes.plc: {dock.eyes.plc!r}: no such PLC, allowed: {', '.join(plcs)}"
        for key, table in (("light", dock.light), ("buzzer", dock.buzzer)):
            if table is None:
                continue
            if bool(table.reader) == bool(table.plc):
                yield f"{here}.{key}: give either reader or plc"
            elif table.reader and table.reader not in readers:
                yield f"{here}.{key}.reader: {table.reader!r}: no such reader, allowed: {', '.join(readers)}"
            elif table.plc and table.plc not in plcs:
                yield f"{here}.{key}.plc: {table.plc!r}: no such PLC, allowed: {', '.join(plcs)}"
            output = _output(table)
            taken = outputs.setdefault(output, f"{here}.{key}")
            if taken != f"{here}.{key}":
                yield f"{here}.{key}.port: {table.port}: {taken} is on that output, give each its own"


def _side_problems(here: str, dock: DockTable) -> Iterator[str]:
    if dock.eyes is None:
        for key in ("inside", "outside"):
            if not getattr(dock, key):
                yield f"{here}.{key}: missing: without eyes the antennas of either side tell the direction"
        if dock.through:
            yield f"{here}.through: {list(dock.through)}: only with eyes, else give inside and outside"
        return
    for key in ("inside", "outside"):
        if getattr(dock, key):
            yield f"{here}.{key}: {list(getattr(dock, key))}: with eyes every antenna stands in through"
    if not dock.through:
        yield f"{here}.through: missing: the antennas of the door"
    if dock.eyes.inside == dock.eyes.outside:
        yield f"{here}.eyes.outside: {dock.eyes.outside}: the same as inside, two photo-eyes are needed"
