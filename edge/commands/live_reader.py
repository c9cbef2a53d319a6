"""A reader that somebody looks at by hand: which one is meant, that nobody else has it, and what it says.

Public names: chosen_reader, check_reader_alone, listen, REFRESH_S.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge.commands.command_line import check_alone
from edge.config.load import load_line
from edge.config.readers import LlrpConfig, ReaderConfig
from edge.core.events import BarcodesRead, DeviceNotice, TagsRead
from edge.core.iso_time import iso
from edge.devices.reader import ReaderSession, Versions
from edge.journal.host_time import now_us
from rfid.driver import ReaderError, ReaderEvent, ReaderReached, ReaderReady, Reads, TagDetail
from rfid.llrp.client import LLRP_PORT

REFRESH_S = 0.5


def chosen_reader(reader: str, config: Path | None) -> tuple[str, ReaderConfig]:
    """A reader by its name in LINE.toml, or by its address."""
    path = config or Path("LINE.toml")
    if config is not None or path.is_file():
        known = load_line(path).reader
        if reader in known:
            return reader, known[reader]
        if config is not None:
            raise OSError(f"{path}: reader.{reader}: no such reader, allowed: {', '.join(known)}")
    host, _, port = reader.rpartition(":") if reader.count(":") == 1 else (reader, "", "")
    if port and not (port.isdigit() and 1 <= int(port) <= 65_535):
        raise OSError(f"{reader}: port {port!r} is not in 1..65535")
    given = LlrpConfig(host=host.strip("[]"), port=int(port) if port else None)
    return reader, given.model_copy(update={"antennas": ()})  # all that it has


def check_reader_alone(arguments: argparse.Namespace) -> None:
    """Raises CommandError where a controller has the reader, by its name or address, unless a broker is between."""
    path = arguments.config or Path("LINE.toml")
    if not path.is_file():
        return
    name, given = chosen_reader(arguments.reader, arguments.config)
    line = load_line(path)
    for known, one in line.reader.items():
        same = isinstance(given, LlrpConfig) and isinstance(one, LlrpConfig) and _address(given) == _address(one)
        if one.driver != "mqtt-json" and (known == name or same):
            check_alone(arguments, f"reader.{known}", line.journal)


def _address(reader: LlrpConfig) -> tuple[str, int]:
    return reader.host, reader.port or LLRP_PORT


async def _heard_out(session: ReaderSession, emit: Callable[[ReaderEvent], None]) -> None:
    """One connection, or one more with each version of its protocol that was not tried. Raises ReaderError."""
    tried = set[str]()
    while True:
        reader = session.reader()
        tried |= {reader.version} if isinstance(reader, Versions) else set()
        try:
            return await reader.run(emit)
        except ReaderError as error:
            if not isinstance(reader, Versions) or reader.version in tried:
                raise
            print(error, file=sys.stderr)


async def _hear(
    name: str,
    config: ReaderConfig,
    seconds: float | None,
    heard: Callable[[TagsRead, Sequence[TagDetail]], None],
    scanned: Callable[[BarcodesRead], None],
    tick: Callable[[], None],
) -> None:
    """Connects and listens until it is cancelled, the time is over, or the reader ends it; ``tick`` now and then."""
    session = ReaderSession(name, config)

    def emit(event: ReaderEvent) -> None:
        if isinstance(event, ReaderReached):
            print(f"{name}: connected, not heard yet: {event.about}", file=sys.stderr)
        if isinstance(event, ReaderReady):
            print(f"{name}: {event.about}", file=sys.stderr)
        details = event.details if isinstance(event, Reads) else ()
        for given in session.inputs(event, now_us()):
            if isinstance(given, TagsRead):
                heard(given, details)
            elif isinstance(given, BarcodesRead):
                scanned(given)
            elif isinstance(given, DeviceNotice):
                print(given.text, file=sys.stderr)

    async def ticking() -> None:
        while True:
            await asyncio.sleep(REFRESH_S / 2)
            tick()

    ticks = asyncio.create_task(ticking())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _heard_out(session, emit)
    finally:
        ticks.cancel()
        await asyncio.gather(ticks, return_exceptions=True)


def listen(
    arguments: argparse.Namespace,
    reader: str,
    heard: Callable[[TagsRead, Sequence[TagDetail]], None],
    tick: Callable[[], None],
) -> None:
    """Hears a reader until the time is over; ``tick`` now and then. Raises OSError."""
    name, config = chosen_reader(reader, arguments.config)

    def scanned(given: BarcodesRead) -> None:
        if getattr(arguments, "json", False):
            at = iso(given.at_us, 3)
            print(json.dumps({"at": at, "reader": name, "codes": given.codes}), flush=True)
        else:
            print(f"{name}: {', '.join(given.codes) or 'no barcode was found'}", flush=True)

    try:
        asyncio.run(_hear(name, config, arguments.seconds, heard, scanned, tick))
    except ReaderError as error:
        raise OSError(str(error)) from None
