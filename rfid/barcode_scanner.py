"""Fixed barcode scanners over TCP: we connect to the scanner, or it connects to us.

Public names: BarcodeScanner, ScannerSettings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rfid.bad_messages import BadMessages
from rfid.barcode import BadScan, ScanFormat, ScanFrames
from rfid.driver import ReaderEvent
from rfid.tcp import host_port
from rfid.visit import Talk, Visit


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """Where a scanner is. ``listen_host`` empty: we connect to ``host``, ``port``.

    Otherwise the scanner connects to us, there and at ``port``, and only ``host``, its address in numbers, is let in.
    ``silent_s``: a scanner that says nothing for so long, not even its sign of life, is gone; 0 = never.
    """

    name: str
    host: str
    port: int
    form: ScanFormat
    listen_host: str = ""
    silent_s: float = 0


class BarcodeScanner:
    """One scanner; see ``rfid.driver.Reader`` for ``run``. ``bad`` counts what was no frame."""

    def __init__(self, settings: ScannerSettings) -> None:
        self.settings = settings
        self.bad = BadMessages()

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Reads until the connection ends or the task is cancelled. Raises ``ReaderError``."""
        given = self.settings
        visit = Visit(
            given.name,
            "scanner",
            given.listen_host or given.host,
            given.port,
            only=given.host if given.listen_host else "",
            single=True,
            silent_s=given.silent_s,
            emit=emit,
        )
        try:
            if given.listen_host:
                await visit.listen(lambda: _Line(visit, given, self.bad))
            else:
                await visit.call(lambda: _Line(visit, given, self.bad))
            await visit.ended
        finally:
            await visit.leave()


class _Line(Talk):
    PORTION = 256  # which may be dozens of frames

    def __init__(self, visit: Visit, settings: ScannerSettings, bad: BadMessages) -> None:
        super().__init__(visit)
        self._given = settings
        self._bad = bad
        self._frames = ScanFrames(settings.form)

    def began(self) -> None:
        given = self._given
        peer = self.peer or given.host
        self._about = f"barcode scanner at {peer if given.listen_host else host_port(peer, given.port)}"
        self.let_in = True
        self.visit.reached(self, self._about)

    def took(self, octets: bytes) -> None:
        words = self._frames.words
        found = self._frames.feed(octets)
        if self._frames.words > words:
            self.visit.heard(self._about)
        for one in found:
            told = self._bad.notice(one.reason, one.octets) if isinstance(one, BadScan) else one
            if told is not None:
                self.visit.tell(told)
