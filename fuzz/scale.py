"""Scales: frames of three makers' dialects."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from edge.intake.scales import ScaleError, read_frame, read_frames
from fuzz.borders import Take


def seeds() -> Iterable[bytes]:
    """A frame of each dialect."""
    yield b"ST,GS,+  1.234kg\r\nUS,NT,-00012.5 g\r\nOL,GS,+9999999kg\r\n"
    yield b"N     +   1.234 kg\r\n      +   1.2    \r\n"
    yield b"S S      1.234 kg\r\nS D      0.5 lb\r\nS +\r\n"
    yield b"\x02\x31\x30\x30001234000000\r"


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    with suppress(ScaleError):
        read_frames(octets)
    with suppress(ScaleError):
        read_frame(octets)
