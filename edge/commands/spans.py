"""A span of time as arguments of a command, by this machine's clock, and as parameters of the api.

Public names: add_span, span_query.
"""

from __future__ import annotations

import argparse
from urllib.parse import urlencode

from edge.commands.command_line import CommandError
from edge.core.iso_time import iso
from edge.intake.calendars import CalendarError
from edge.intake.spans import asked_span
from edge.journal.host_time import now_us


def add_span(parser: argparse.ArgumentParser, without: str) -> None:
    """From, to, shift and day. ``without``: what is meant where none of them is given."""
    when = "02:10 is the last one that was, or 2026-11-29T02:10"
    parser.add_argument("--from", dest="begin", default="", metavar="TIME", help=f"{when} (default: {without})")
    parser.add_argument("--to", dest="end", default="", metavar="TIME", help="until before then (default: now)")
    parser.add_argument("--shift", default="", metavar="SHIFT", help="a shift of SITE.toml in place of --from, --to")
    parser.add_argument("--day", default="", metavar="DAY", help="on which the shift began (default: the last one)")


def span_query(arguments: argparse.Namespace, length_us: int, **more: str) -> str:
    """The parameters; what is empty is left out. Raises CommandError."""
    if arguments.shift:
        span = {"shift": arguments.shift, "day": arguments.day}
    else:
        try:
            begin, end = asked_span(arguments.begin, arguments.end, now_us(), length_us)
        except CalendarError as error:
            raise CommandError(f"--from, --to: {error}") from None
        span = {"from": iso(begin, 6), "to": iso(end, 6)}
    return urlencode({name: its for name, its in {**span, **more}.items() if its})
