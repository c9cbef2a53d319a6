"""How a process is told to stop: SIGTERM or SIGINT, any number of them, at any moment; or to look at its configuration.

Public names: told_to_stop, SIGNALS, LOOK_AGAIN.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_AGAIN = signal.SIGHUP
"""Its configuration may be another one."""
_OVER = b"\0"


@contextmanager
def told_to_stop(then: Callable[[], object], look_again: Callable[[], object] | None = None) -> Iterator[None]:
    """Calls ``then`` at the first signal, and never again; those that come later do nothing. Calls ``look_again`` at
    each SIGHUP before that; None = that one ends the process, as it does unless somebody asks for it.

    It is called in a thread of its own, so it may take locks: a signal may come while what it interrupts holds any of
    them. That thread is told by the interpreter's own handler in C: one in Python waits for the main thread, which may
    be about to wait for something else. For the main thread, within its event loop where it has one.
    """
    end, told = os.pipe()
    os.set_blocking(told, False)

    def wait() -> None:
        heard = False
        while (octet := os.read(end, 1)) != _OVER:
            if heard:
                continue
            if octet[0] in SIGNALS:
                heard = True
                then()
            elif octet[0] == LOOK_AGAIN and look_again is not None:
                look_again()

    thread = threading.Thread(target=wait, name="told to stop", daemon=True)
    thread.start()
    woken_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    listened = SIGNALS if look_again is None else (*SIGNALS, LOOK_AGAIN)
    before = {number: signal.signal(number, lambda *_: None) for number in listened}
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
