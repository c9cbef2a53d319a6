"""`lanewise list …`: what lies where and why.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
from urllib.parse import urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import add_site
from edge.config.load import load_site
from edge.core.iso_time import iso

_NAMES = ("aside", "orders", "loads", "wrong", "late")


def add_arguments(listed: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise list`."""
    listed.add_argument(
        "name", choices=_NAMES, help="set aside and why, orders by state, loads that left, today's wrong or late ones"
    )
    add_site(listed)
    listed.add_argument("--state", default="", metavar="STATE", help="of orders: only in this state, as packed")
    listed.add_argument("--day", default="", metavar="DAY", help="of wrong and late: as 2026-11-29 (default: today)")
    listed.add_argument("--language", choices=("en", "zh-Hant"), default="en", help="of the sentences (default: en)")
    form = listed.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON line each")
    form.add_argument("--csv", action="store_true", help="as CSV")


def main(arguments: argparse.Namespace) -> int:
    """Prints all of a list."""
    site, after = load_site(arguments.site), ""
    asked = {"state": arguments.state, "day": arguments.day}
    if arguments.csv:
        path = f"/api/v1/lists/{arguments.name}.csv?{urlencode({**asked, 'language': arguments.language})}"
        print(ask(site, path).decode(), end="")
        return 0
    while True:
        part = json.loads(ask(site, f"/api/v1/lists/{arguments.name}?{urlencode({**asked, 'after': after})}"))
        for row in part["rows"]:
            when = f"{iso(row['at_us'])} " if row["at_us"] else ""
            where = f" {row['place']}" if row["place"] else ""
            said = f"{when}{row['key']}{where}: {row['text'][arguments.language]}"
            print(json.dumps(row, ensure_ascii=False) if arguments.json else said)
        after = part["after"]
        if not after:
            return 0
