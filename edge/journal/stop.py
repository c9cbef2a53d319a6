"""How a process is told to stop: SIGTERM or SIGINT, any number of them, at any moment.

Public names: told_to_stop, SIGNALS.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_OVER = b"\0"


@contextmanager
def told_to_stop(then: Callable[[], object]) -> Iterator[None]:
    """Calls ``then`` at the first signal, and never again; those that come later do nothing.

    It is called in a thread of its own, so it may take locks: a signal may come while what it interrupts holds any of
    them. That thread is told by the interpreter's own handler in C: one in Python waits for the main thread, which may
    be about to wait for something else. For the main thread, within its event loop where it has one.
    """
    end, told = os.pipe()
    os.set_blocking(told, False)

    def wait() -> None:
        heard = False
        while (octet := os.read(end, 1)) != _OVER:
            if not heard and octet[0] in SIGNALS:
                heard = True
                then()

    thread = threading.Thread(target=wait, name="told to stop", daemon=True)
    thread.start()
    woken_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken_before)
        os.write(told, _OVER)
        thread.join()
        os.close(told)
        os.close(end)
