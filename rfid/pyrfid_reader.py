"""125 kHz card readers through the library pyrfid 1.2, which comes with ``pip install 'lanewise[pyrfid]'``.

Public names: PyrfidReader.

The library blocks for ever in ``readTag``, gives wrong ids on Python 3, and does not find its way back into the stream.
So it runs in a thread, its serial port stands behind ``_Line``, which ends a read when told and after garbage begins
with the next STX, and cards are made from the characters that it keeps (``card_of_pyrfid``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderReached, ReaderReady
from rfid.reader_thread import Tell, run_in_thread
from rfid.serial_frames import GAP_US, STX, Presence, card_of_pyrfid
from rfid.serial_line import card_read, no_line, silent

_WAKE_S = 0.1
"""How often the thread looks whether it is to end."""


class PyrfidReader:
    """A card reader at ``device`` through pyrfid; delivers what ``rfid.serial_line.SerialReader`` does."""

    def __init__(
        self,
        name: str,
        device: str,
        baud: int = 9_600,
        debounce_ms: int = 1_000,
        epcs: Mapping[str, str] | None = None,
        silent_s: float = 0,
    ) -> None:
        self.name = name
        self.bad = BadMessages()
        self._device = device
        self._baud = baud
        self._presence = Presence(debounce_ms * 1000)
        self._epcs = epcs or {}
        self._silent_s = silent_s

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Reads in a thread until the line is gone or the task is cancelled. Raises ``ReaderError``."""
        try:
            from pyrfid.pyrfid import PyRfid  # type: ignore[import-untyped]
        except ImportError:
            what = "driver 'pyrfid' needs a library that is not installed: pip install 'lanewise[pyrfid]'"
            raise ReaderError(f"{self.name}: {what}, or take driver 'serial'", ReaderFailure.SETUP) from None
        await run_in_thread(f"pyrfid {self.name}", partial(self._read, PyRfid), emit)

    def _read(self, make: Callable[[str, int], Any], stop: threading.Event, tell: Tell) -> None:
        """The thread's life. Raises ``ReaderError``."""
        try:
            reader = make(self._device, self._baud)
        except OSError as error:
            raise no_line(self.name, self._device, error) from error
        except Exception as error:  # the library knows no other kind
            raise ReaderError(f"{self.name}: {self._device}: {error}", ReaderFailure.UNREACHABLE) from error
        port = reader._PyRfid__serial  # noqa: SLF001  the library shows its port to nobody
        try:
            port.exclusive = True
            line = _Line(port, stop, self._silent_s)
        except OSError as error:
            port.close()
            raise no_line(self.name, self._device, error) from error
        reader._PyRfid__serial = line  # noqa: SLF001  nor takes one
        about, heard = f"card reader on {self._device}, {self._baud} baud, through pyrfid", False
        tell(ReaderReached(about))
        try:
            while not stop.is_set():
                try:
                    reader.readTag()
                    card = card_of_pyrfid(reader._PyRfid__rawTag)  # noqa: SLF001  what it shows is cut to ten digits
                except OSError as error:
                    raise no_line(self.name, self._device, error, ReaderFailure.LOST) from error
                except _Stopped:
                    return
                except _Silent:
                    raise silent(self.name, self._device, self._silent_s) from None
                except Exception as error:  # noqa: BLE001  the library knows no other kind for what is no frame
                    notice = self.bad.notice(str(error), line.taken())
                    if notice is not None:
                        tell(notice)
                    continue
                line.taken()
                line.heard()
                if not heard:
                    heard = True
                    tell(ReaderReady(about))
                if self._presence.comes(card, time.monotonic_ns() // 1000):
                    tell(card_read(self._epcs.get(card, card)))
        finally:
            line.close()


class _Stopped(BaseException):
    """The thread is to end; no ``Exception``, so that nobody on the way keeps it."""


class _Silent(BaseException):
    """The reader said nothing for too long; no ``Exception`` for the same reason."""


class _Line:
    """The serial port as the library sees it; it is asked for one octet at a time."""

    def __init__(self, port: Any, stop: threading.Event, silent_s: float) -> None:
        self._port = port
        self._stop = stop
        self._silent_s = silent_s
        self.heard()
        self._frame = bytearray()
        self._again = b""
        port.timeout = _WAKE_S

    def read(self) -> bytes:
        """The next octet of a frame, or of nothing that is one: what stands before an STX is left out.

        Raises ``_Stopped``, ``_Silent``, ``ValueError`` for a frame that broke off, and ``OSError``.
        """
        newest = time.monotonic()
        while not self._stop.is_set():
            if 0 < self._silent_s < time.monotonic() - self._heard_s:
                raise _Silent
            octet: bytes = self._again or self._port.read()
            self._again = b""
            if self._frame and time.monotonic() - newest > GAP_US / 1e6:
                self._again = octet
                raise ValueError("the frame broke off")
            if octet and (self._frame or octet[0] == STX):
                self._frame += octet
                return octet
        raise _Stopped

    def taken(self) -> bytes:
        """What the library took since the last time; a frame that began in its midst is kept for it."""
        taken = bytes(self._frame)
        self._frame.clear()
        if len(taken) > 1 and taken[-1] == STX:
            self._again = taken[-1:]
        return taken

    def heard(self) -> None:
        """A card came."""
        self._heard_s = time.monotonic()

    def isOpen(self) -> bool:  # noqa: N802  # pyserial's name, which the library asks for
        return bool(self._port.is_open)

    def close(self) -> None:
        with suppress(OSError):
            self._port.close()
