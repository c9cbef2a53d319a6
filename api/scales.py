"""A packing station's scale over TCP: one weight that stands still.

Public names: weigh.
"""

from __future__ import annotations

import socket
import time

from edge.intake.scales import ScaleError, read_frames

_WAITS_S = 5.0
_READ = 4_096


def weigh(name: str, address: str, asks: str, waits_s: float = _WAITS_S) -> int:
    """Grams. ``asks``: what the scale wants to be asked, empty = it tells by itself. Raises ScaleError."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + waits_s
    try:
        with socket.create_connection((host.strip("[]"), int(port)), waits_s) as talk:
            rest = b""
            while (left := end - time.monotonic()) > 0:
                talk.settimeout(left)
                if asks:
                    talk.sendall(asks.encode() + b"\r\n")
                if not (more := talk.recv(_READ)):
                    break
                found, rest = read_frames(rest + more)
                for one in found:
                    if one.stable and one.grams > 0:
                        return one.grams
    except TimeoutError:
        pass
    except OSError as error:
        raise ScaleError(f"scale of {name} at {address}: {error.strerror or error}: type the weight") from None
    raise ScaleError(f"scale of {name} at {address}: no weight that stands still: type it")
