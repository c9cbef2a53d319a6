"""`lanewise epcis`: what a journal proves, as a document of EPCIS 2.0 that a repository captures.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TextIO

from edge.commands.command_line import CommandError
from edge.config.load import load_line
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.source import JournalSource
from edge.publish.epcis_events import EpcisNames, Event, epcis_document, epcis_events, order_before


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise epcis`."""
    parser.add_argument("config", type=Path, metavar="LINE.toml")
    parser.add_argument("--since", type=_time, default=0, metavar="TIME", help="from here, as 2026-11-28T06:00:00Z")
    parser.add_argument("--until", type=_time, metavar="TIME", help="until before here; none = until now")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a file, whole or not at all; none = print it")
    parser.add_argument(
        "--place",
        action="append",
        default=[],
        metavar="NAME=URI",
        help="the URI of a line or door, as https://id.gs1.org/414/GLN/254/NAME; may be given again",
    )
    parser.add_argument(
        "--base",
        default="urn:lanewise",
        metavar="URI",
        help="what other URIs of ours begin with (default: urn:lanewise)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Writes it; 0. Raises ConfigError, JournalError, CommandError, OSError."""
    config = load_line(arguments.config)
    known = [*config.line, *(door.name for door in config.dock)]
    places = {}
    for given in arguments.place:
        name, _, uri = given.partition("=")
        if name not in known or ":" not in uri:
            raise CommandError(f"--place {given}: allowed is NAME=URI, with one of {', '.join(known)}")
        places[name] = uri
    until_us = now_us() if arguments.until is None else arguments.until
    with closing(JournalSource(config.journal, config.controller)) as source:
        reader = source.open()
        names = EpcisNames(config.site, source.node(reader), arguments.base, places)
        found = _events(reader, names, arguments.since, until_us)
        if arguments.output is None:
            _write(sys.stdout, found, until_us)
            return 0
        made = arguments.output.with_name(f".{arguments.output.name}.new")
        with made.open("w", encoding="utf-8") as file:
            count = _write(file, found, until_us)
            file.flush()
            os.fsync(file.fileno())
        made.replace(arguments.output)
    print(f"{arguments.output}: {count} events")
    return 0


def _events(reader: JournalReader, names: EpcisNames, since_us: int, until_us: int) -> Iterator[Event]:
    for record in takewhile(lambda one: one.at_us < until_us, reader.every(reader.older(since_us))):
        if record.at_us >= since_us:
            yield from epcis_events(record.seq, record.value, names, partial(order_before, reader, record.seq))


def _write(file: TextIO, events: Iterator[Event], created_us: int) -> int:
    """A line for each event, so that a day needs no more room than one of them."""
    head, foot = json.dumps(epcis_document([], created_us), ensure_ascii=False).rsplit("[]", 1)
    file.write(f"{head}[")
    count = 0
    for count, event in enumerate(events, 1):
        file.write(f"{',' if count > 1 else ''}\n{json.dumps(event, ensure_ascii=False)}")
    file.write(f"\n]{foot}\n")
    return count


def _time(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: a zone is missing, as Z or +08:00")
    return round(moment.timestamp() * 1_000_000)
