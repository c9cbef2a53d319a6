"""125 kHz card readers on a serial line or USB, with our own parser.

Public names: SerialReader.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping

import serial  # type: ignore[import-untyped]

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderClock, ReaderError, ReaderEvent, ReaderFailure, ReaderReached, ReaderReady, Reads, TagRead
from rfid.serial_frames import CardFrames, Garbled, Presence

RSSI_DBM = -50.0
"""Card readers tell no power; every sighting counts the same."""


class SerialReader:
    """A card reader at ``device``, as ``/dev/ttyUSB0``; see ``rfid.driver.Reader`` for ``run``.

    ``debounce_ms``: a card is told once, until it was away for so long. Reads have antenna 1, no time of their own, and
    as ``epc`` what ``epcs`` has for the card, otherwise the card's ten hexadecimal digits.
    """

    def __init__(
        self, name: str, device: str, baud: int = 9_600, debounce_ms: int = 1_000, epcs: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.bad = BadMessages()
        self._device = device
        self._baud = baud
        self._presence = Presence(debounce_ms * 1000)
        self._epcs = epcs or {}
        self._about = f"card reader on {device}, {baud} baud"
        self._heard = False

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Opens the line and reads until it is gone or the task is cancelled. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        self._heard = False
        try:
            port = serial.Serial(self._device, self._baud, timeout=0, exclusive=True)
        except OSError as error:
            raise no_line(self.name, self._device, error) from error
        frames = CardFrames()
        ended: asyncio.Future[None] = loop.create_future()

        def readable() -> None:
            if ended.done():
                return
            try:
                self._take(frames.feed(port.read(4096), int(loop.time() * 1e6)), int(loop.time() * 1e6), emit)
            except OSError as error:
                ended.set_exception(no_line(self.name, self._device, error, ReaderFailure.LOST))
            except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
                ended.set_exception(error)

        descriptor = port.fileno()
        try:
            loop.add_reader(descriptor, readable)
            emit(ReaderReached(self._about))
            await ended
        finally:
            loop.remove_reader(descriptor)
            port.close()

    def _take(self, found: list[str | Garbled], now_us: int, emit: Callable[[ReaderEvent], None]) -> None:
        for one in found:
            if isinstance(one, Garbled):
                notice = self.bad.notice(one.reason, one.octets)
                if notice is not None:
                    emit(notice)
                continue
            if not self._heard:
                self._heard = True
                emit(ReaderReady(self._about))
            if self._presence.comes(one, now_us):
                emit(card_read(self._epcs.get(one, one)))


def card_read(epc: str) -> Reads:
    """One sighting of a card."""
    return Reads((TagRead(epc, 1, RSSI_DBM, 0, 1),), ReaderClock.NONE)


def no_line(name: str, device: str, error: OSError, failure: ReaderFailure = ReaderFailure.UNREACHABLE) -> ReaderError:
    """The error for a serial line that cannot be opened, or is gone; says what to do."""
    if failure is ReaderFailure.LOST:
        reason = "the line is gone: was the reader unplugged?"
    else:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                reason = "no such device: is the reader plugged in?"
            case errno.EACCES | errno.EPERM:
                reason = "permission denied: put the user into the group of the device, often dialout"
            case errno.EAGAIN | errno.EBUSY:
                reason = "another program has the line: end it"
            case _:
                reason = str(error)
    return ReaderError(f"{name}: {device}: {reason}", failure)
