"""`lanewise tracking …`: parcels that left, files of carriers, codes that nobody explained, what customers say.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask, send
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.journal.host_time import local

_FILE_S = 300
_DAY_US = 86_400_000_000


def add_arguments(tracking: argparse.ArgumentParser) -> None:
    """The commands below `lanewise tracking`."""
    commands = tracking.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "parcels that left, those that moved last first")
    add_site(listed)
    listed.add_argument("--state", default="", metavar="STATE", help="only in this state, as in-transit")
    listed.add_argument("--carrier", default="", metavar="CARRIER", help="only of this carrier, as lanes name it")
    listed.add_argument(
        "--trouble", nargs="?", const="any", default="", metavar="KIND", help="only those in trouble, of a kind or any"
    )
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    shown = add_command(commands, "show", _show, "one parcel, with all that was told of it")
    add_site(shown)
    shown.add_argument("parcel", metavar="SSCC", help="in any spelling")
    shown.add_argument("--json", action="store_true", help="as JSON")
    taken = add_command(commands, "import", _import, "takes a file that a carrier sends, CSV; again it changes nothing")
    add_site(taken)
    taken.add_argument("carrier", metavar="CARRIER", help="NAME of [carrier.NAME] in SITE.toml")
    taken.add_argument("file", type=Path, metavar="FILE")
    number = add_command(commands, "number", _number, "says by which number a carrier knows a parcel")
    add_site(number)
    number.add_argument("parcel", metavar="SSCC", help="in any spelling")
    number.add_argument("number", metavar="NUMBER")
    add_by(number)
    codes = add_command(commands, "codes", _codes, "carriers' codes that nobody explained; status 1 = there are some")
    add_site(codes)
    survey = add_command(commands, "feedback", _feedback, "what customers say of their deliveries, as CSV")
    add_site(survey)
    for name, text in (("since", "from this day on, as 2026-11-01 (UTC)"), ("until", "before this day")):
        survey.add_argument(f"--{name}", type=date.fromisoformat, metavar="DAY", help=text)


def _list(arguments: argparse.Namespace) -> int:
    site, after = load_site(arguments.site), ""
    asked = {"state": arguments.state, "carrier": arguments.carrier, "trouble": arguments.trouble}
    while True:
        rows = json.loads(ask(site, f"/api/v1/tracking?{urlencode({**asked, 'after': after, 'limit': 500})}"))
        for row in rows:
            print(json.dumps(row, ensure_ascii=False) if arguments.json else _line(row))
        if len(rows) < 500:
            return 0
        after = rows[-1]["sscc"]


def _line(row: Mapping[str, Any]) -> str:
    its = row["its"]
    since = f" since {local(its['since_us'])}" if its["since_us"] else ""
    text = f"{row['sscc']}: {its['state']}{since}, {row['carrier']} {row['service']}, {row['fulfilment']}"
    text += f", promised {row['promised']}" if row["promised"] else ""
    return text + "".join(f", {one}" for one in (*its["flags"], *row["troubles"]))


def _show(arguments: argparse.Namespace) -> int:
    detail = json.loads(ask(load_site(arguments.site), f"/api/v1/tracking/{quote(arguments.parcel, safe='')}"))
    if arguments.json:
        print(json.dumps(detail, ensure_ascii=False, indent=2))
        return 0
    print(_line(detail["parcel"]))
    for one in detail["events"]:
        zone = f" (read in {one['zone']})" if one["zone"] else ""
        words = " ".join(filter(None, (one["code"], one["place"], f"[{one['given']}]" if one["given"] else "")))
        print(f"  {local(one['at_us'])}{zone} {one['source']}: {words}")
    for one in detail["troubles"]:
        print(f"  {local(one['at_us'])} trouble: {one['kind']}" + (f", case {one['case']}" if one["case"] else ""))
    for one in detail["mails"]:
        print(f"  {local(one['sent_us'] or one['at_us'])} mail {one['kind']}: {one['state']} {one['trouble']}".rstrip())
    return 0


def _import(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/tracking/imports?{urlencode({'carrier': arguments.carrier})}"
    body = arguments.file.read_bytes()
    done = json.loads(send(load_site(arguments.site), path, body, "text/csv", timeout_s=_FILE_S))
    said = f"{done['new']} new, {done['same']} known before"
    said += f", {done['noted']} with codes that nobody explained" if done["noted"] else ""
    print(said + (f", {done['strange']} of parcels that nobody knows" if done["strange"] else ""))
    for one in done["unread"]:
        print(f"  {one}")
    return 1 if done["unread"] else 0


def _number(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {
        "by": who(arguments),
        "numbers": [{"parcel": arguments.parcel, "number": arguments.number}],
    }
    ask(load_site(arguments.site), "/api/v1/tracking/numbers", wish)
    print(f"{arguments.parcel}: {arguments.number}")
    return 0


def _codes(arguments: argparse.Namespace) -> int:
    rows = json.loads(ask(load_site(arguments.site), "/api/v1/tracking/codes"))
    for row in rows:
        print(f"{row['source']}: {row['given']!r}: {row['count']} times, last {local(row['last_us'])}")
    return 1 if rows else 0


def _feedback(arguments: argparse.Namespace) -> int:
    days = {f"{name}_us": day for name in ("since", "until") if (day := getattr(arguments, name)) is not None}
    asked = {key: (day - date(1970, 1, 1)).days * _DAY_US for key, day in days.items()}
    print(ask(load_site(arguments.site), f"/api/v1/tracking/feedback.csv?{urlencode(asked)}").decode(), end="")
    return 0
