"""One reader of the controller: its connections one after the other, and its events as inputs of the core.

Public names: ReaderSession, Versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, assert_never, runtime_checkable

from edge.config.readers import ReaderConfig
from edge.core.events import AnomalyCode, BarcodesRead, DeviceNotice, OutputSet, TagsRead
from edge.devices.clocks import DeviceClock, clock_set
from edge.devices.reader_drivers import make_reader
from rfid.driver import (
    AccessChanged,
    ClockSample,
    CodesRead,
    OutputWritten,
    PortChanged,
    ReadColumns,
    Reader,
    ReaderClock,
    ReaderError,
    ReaderEvent,
    ReaderNotice,
    ReaderReached,
    ReaderReady,
    Reads,
    TagAccessed,
    moved,
)


@runtime_checkable
class Outputs(Protocol):
    """A driver of a reader that has general purpose outputs."""

    def set_output(self, port: int, on: bool) -> None:
        """Sets one; ``OutputWritten`` says what came of it. Raises ``ReaderError`` when there is no connection."""
        ...


@runtime_checkable
class Versions(Protocol):
    """A driver that finds out which version of its protocol the other side takes."""

    version: str
    """That its next connection speaks."""


class ReaderSession:
    """What outlives a connection: the offset of the reader's clock, how its ports stood last, what version it takes."""

    def __init__(self, name: str, config: ReaderConfig) -> None:
        self.name = name
        self._config = config
        self._clock = DeviceClock()
        self._ports: dict[tuple[str, int], bool] = {}
        self._outputs: Outputs | None = None
        self._versions: Versions | None = None

    def proven(self, step_us: int, at_us: int) -> None:
        """A PLC's clock proved to have been set back, or ours leapt: then the reader's shows the same."""
        self._clock.proven(step_us, at_us)

    def clock_told(self) -> tuple[tuple[str, float], ...]:
        """How its clock stands to the host's, for `Measured`."""
        return self._clock.told()

    def set_output(self, port: int, on: bool) -> str:
        """Sets an output of the reader; why that cannot be done now, or empty. OutputSet tells what came of it."""
        if self._outputs is None:
            return "not connected, or a reader without outputs"
        try:
            self._outputs.set_output(port, on)
        except ReaderError as error:
            return str(error)
        return ""

    def reader(self) -> Reader:
        """A driver for one more connection, which knows the version that the one before found out.

        Raises ``ReaderError`` when it cannot be made from the configuration.
        """
        reader = make_reader(self.name, self._config)
        if isinstance(reader, Versions):
            if self._versions is not None:
                reader.version = self._versions.version
            self._versions = reader
        self._outputs = reader if isinstance(reader, Outputs) else None
        return reader

    def inputs(self, event: ReaderEvent, at_us: int) -> Iterator[TagsRead | BarcodesRead | DeviceNotice | OutputSet]:
        """What an event that came at ``at_us`` means to the core; whether it is up is the caller's."""
        match event:
            case Reads():
                yield from self._reads(event, at_us)
            case CodesRead(codes):
                yield BarcodesRead(at_us, self.name, codes)
            case ClockSample(device_us, _):
                yield from self._observed(device_us, at_us)
            case PortChanged(kind, port, on):
                if self._ports.get((kind, port), kind == "antenna") != on:
                    text = f"{self.name}: {kind} {port} {'on' if on else 'off'}"
                    yield DeviceNotice(at_us, self.name, AnomalyCode(f"{kind}-changed"), text)
                self._ports[kind, port] = on
            case ReaderNotice(text, refused):
                code = AnomalyCode.READER_REFUSED if refused else AnomalyCode.READER_NOTICE
                yield DeviceNotice(at_us, self.name, code, f"{self.name}: {text}")
            case OutputWritten(port, on, trouble):
                yield OutputSet(at_us, f"reader.{self.name}", port, on, trouble)
                if trouble:
                    yield self._notice(at_us, f"output {port} {'on' if on else 'off'}: {trouble}")
            case AccessChanged(order, _, trouble):
                if trouble:
                    yield self._notice(at_us, f"access order {order}: {trouble}")
            case TagAccessed(order, epc, _, _, _, results):
                for result in results:
                    if result.trouble:
                        what = f"access order {order}, operation {result.operation}"
                        yield self._notice(at_us, f"{what} on {epc}: {result.trouble}")
            case ReaderReached() | ReaderReady():
                pass
            case _:
                assert_never(event)

    def _reads(self, event: Reads, at_us: int) -> Iterator[TagsRead | DeviceNotice]:
        reads, clock, held, _ = event
        if clock is ReaderClock.NONE:
            yield TagsRead(at_us, self.name, moved(reads, lambda _: at_us))
            return
        if not held:
            newest_us = max(reads.at_us) if isinstance(reads, ReadColumns) else max(read.at_us for read in reads)
            yield from self._observed(newest_us, at_us)
        yield TagsRead(at_us, self.name, moved(reads, self._clock.host_us))

    def _observed(self, device_us: int, at_us: int) -> Iterator[DeviceNotice]:
        step_us = self._clock.observe(device_us, at_us)
        if step_us:
            yield DeviceNotice(at_us, self.name, AnomalyCode.CLOCK_JUMPED, clock_set(self.name, step_us))

    def _notice(self, at_us: int, text: str) -> DeviceNotice:
        return DeviceNotice(at_us, self.name, AnomalyCode.READER_NOTICE, f"{self.name}: {text}")
