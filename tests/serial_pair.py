"""Two ends of a serial line that does not exist, for programs that open a serial device.

Public names: serial_pair.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serial_pair() -> Iterator[tuple[str, str]]:
    """The paths of two devices; what is written to one is read from the other. Terminals have no parity bit."""
    (first, far), (second, near) = os.openpty(), os.openpty()
    stop, stopped = os.pipe()
    for line in (far, near):
        tty.setraw(line)

    def carry() -> None:
        to = {first: second, second: first}
        while True:
            for line in select.select([first, second, stop], [], [])[0]:
                if line == stop:
                    return
                os.write(to[line], os.read(line, 4096))

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(far), os.ttyname(near)
    finally:
        os.close(stopped)
        thread.join()
        for line in (first, far, second, near, stop):
            os.close(line)
