"""Every reader and scanner of the simulated floor, each on its own socket, and what the belts have them say.

Public names: ReaderRoom.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, assert_never

from edge.config.readers import (
    AutoIdConfig,
    BarcodeConfig,
    HttpJsonConfig,
    LlrpConfig,
    MqttJsonConfig,
    PushJsonConfig,
    ReaderConfig,
    SerialConfig,
)
from edge.sim.card_reader import SimulatedCardReader
from edge.sim.faults import Failing, failing
from edge.sim.json_reader import PublishingReader, PushingReader, StreamingReader
from edge.sim.scanner import SimulatedScanner
from rfid.driver import ReaderError, TagRead
from rfid.llrp_device.simulator import AMOUNTS, ReaderFault, SimulatedReader

_REPORT_TAGS = 32

_JsonReader: TypeAlias = PublishingReader | StreamingReader | PushingReader


class ReaderRoom:
    """The readers of a configuration. ``clock`` gives the time that they stamp with."""

    def __init__(self, configs: Mapping[str, ReaderConfig], clock: Callable[[], int]) -> None:
        self._configs = configs
        self._clock = clock
        self._llrp: dict[str, SimulatedReader] = {}
        self._json: dict[str, _JsonReader] = {}
        self._cards: dict[str, SimulatedCardReader] = {}
        self._scanners: dict[str, SimulatedScanner] = {}

    async def start(self) -> None:
        """Listens on every address, and begins to call. Raises ReaderError for what cannot be."""
        for name, config in self._configs.items():
            match config:
                case LlrpConfig():
                    await self._start_llrp(name, config)
                case MqttJsonConfig():
                    await self._start_json(name, PublishingReader(name, config, self._clock))
                case HttpJsonConfig():
                    await self._start_json(name, StreamingReader(name, config, self._clock))
                case PushJsonConfig():
                    await self._start_json(name, PushingReader(name, config, self._clock))
                case SerialConfig():
                    self._cards[name] = SimulatedCardReader(name, config)
                    await self._cards[name].start()
                case BarcodeConfig():
                    self._scanners[name] = SimulatedScanner(name, config)
                    await self._scanners[name].start()
                case AutoIdConfig():
                    raise ReaderError(f"reader {name}: driver {config.driver!r} is not simulated")
                case _:
                    assert_never(config)

    async def stop(self) -> None:
        """Closes every socket."""
        for device in (*self._llrp.values(), *self._json.values(), *self._cards.values(), *self._scanners.values()):
            await device.stop()

    def missing(self) -> list[str]:
        """Whom nobody listens to yet, a phrase each."""
        found = [f"a client on reader {name}" for name, reader in self._llrp.items() if not reader.ready]
        for what, devices in (("reader", {**self._json, **self._cards}), ("scanner", self._scanners)):
            for name, device in devices.items():
                if not device.ready:
                    found.append(f"a client on {what} {name}" + (f" ({device.trouble})" if device.trouble else ""))
        return found

    def llrp(self, name: str) -> SimulatedReader:
        """A reader that speaks LLRP."""
        return self._llrp[name]

    def report(self, name: str, reads: Sequence[TagRead]) -> int:
        """Has a reader report; how many reads were delivered."""
        if name in self._json:
            return len(reads) if self._json[name].report(reads) else 0
        portions = (reads[first : first + _REPORT_TAGS] for first in range(0, len(reads), _REPORT_TAGS))
        return sum(len(portion) for portion in portions if self._llrp[name].report(portion))

    def heard(self, name: str) -> bool:
        """Whether somebody listens to a reader or scanner."""
        devices = (self._llrp, self._json, self._cards, self._scanners)
        return any(device.ready for kind in devices for one, device in kind.items() if one == name)

    def speaks_codes(self, name: str) -> bool:
        """Whether it says cards or barcodes, and knows no antennas."""
        return name in self._cards or name in self._scanners

    def pass_by(self, name: str, codes: Sequence[str]) -> bool:
        """Cards or barcodes pass it; whether it knows them."""
        if name in self._scanners:
            self._scanners[name].say(codes)
            return True
        return all(self._cards[name].show(code) for code in codes)

    def scan(self, name: str, codes: Sequence[str]) -> None:
        """Has a scanner say what it found on an object."""
        self._scanners[name].say(codes)

    def show(self, name: str, epc: str) -> None:
        """A disc that means ``epc`` passes a card reader."""
        self._cards[name].show(epc)

    def trigger(self, name: str, on: bool) -> None:
        """The photo-eye of its portal is wired to the input that starts the reader, where it has one."""
        config = self._configs[name]
        if isinstance(config, LlrpConfig) and config.start_gpi is not None:
            self._llrp[name].gpi(config.start_gpi, on == (config.start_level == "high"))

    def failing(self) -> dict[str, Failing]:
        """Those that fail on command."""
        return {
            f"reader.{name}": failing(ReaderFault, AMOUNTS, reader.fault, reader.mend)
            for name, reader in self._llrp.items()
        }

    async def _start_json(self, name: str, reader: _JsonReader) -> None:
        self._json[name] = reader
        await reader.start()

    async def _start_llrp(self, name: str, config: LlrpConfig) -> None:
        self._llrp[name] = SimulatedReader(name, max(config.antennas), clock=self._clock)
        try:
            await self._llrp[name].start(config.host, config.tcp_port)
        except OSError as error:
            why = f"{config.host}:{config.tcp_port}: {os.strerror(error.errno or 0)}"
            raise ReaderError(f"reader {name}: cannot listen on {why}") from error
