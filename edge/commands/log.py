"""`lanewise log`: what happened in a span of time, over journals, alarms, requests and devices.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import add_site
from edge.commands.spans import add_span, span_query
from edge.config.load import load_site
from edge.core.values.text import readable
from edge.journal.host_time import local
from edge.views.event_log import LogKind, LogWeight

_QUARTER_US = 900_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise log`."""
    add_span(parser, "a quarter of an hour ago")
    parser.add_argument("--line", default="", metavar="LINE", help="of one line, its PLC and its readers")
    parser.add_argument("--device", default="", metavar="NAME", help="of one device, as plc.sorter or sorter")
    parser.add_argument(
        "--kind", action="append", choices=[str(kind) for kind in LogKind], default=[], metavar="KIND",
        help=f"of one kind, may be given again: {', '.join(LogKind)} (default: all but orders, items and signals)",
    )  # fmt: skip
    parser.add_argument(
        "--least", choices=[str(one) for one in LogWeight], default="", metavar="WEIGHT",
        help=f"that heavy or heavier: {', '.join(LogWeight)}",
    )  # fmt: skip
    parser.add_argument("--text", default="", metavar="TEXT", help="with this in the sentence")
    parser.add_argument("--json", action="store_true", help="one JSON line each")
    add_site(parser)


def main(arguments: argparse.Namespace) -> int:
    """Prints the entries in order of time. Returns 1 where a journal cannot be read; raises ApiError, CommandError."""
    asked = {"line": arguments.line, "device": arguments.device, "text": arguments.text, "least": arguments.least}
    query = span_query(arguments, _QUARTER_US, **asked)
    query += "".join(f"&{urlencode({'kind': kind})}" for kind in arguments.kind)
    troubles: dict[str, None] = {}
    for page in _pages(arguments, query):
        troubles.update(dict.fromkeys(page["troubles"]))
        for one in page["entries"]:
            print(json.dumps(one, ensure_ascii=False) if arguments.json else _told(one))
    for trouble in troubles:
        print(f"lanewise: not all is shown: {trouble}", file=sys.stderr)
    return int(bool(troubles))


def _pages(arguments: argparse.Namespace, query: str) -> Iterator[dict[str, Any]]:
    site, after = load_site(arguments.site), ""
    while True:
        more = f"&{urlencode({'after': after})}" if after else ""
        try:
            page: dict[str, Any] = json.loads(ask(site, f"/api/v1/log?{query}{more}"))
            after = str(page["after"])
        except (ValueError, LookupError) as error:
            raise ApiError(f"/api/v1/log: not a log ({error}): is another version running?") from None
        yield page
        if not after:
            return


def _told(one: dict[str, Any]) -> str:
    where = one["line"] or one["device"] or one["controller"]
    return f"{local(one['at_us'], 3)}  {one['weight']:<6}  {where:<16}  {readable(one['text'])}"
