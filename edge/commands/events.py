"""`lanewise events …`: what happened to orders and parcels, and how those stand who are told over HTTP.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from urllib.parse import quote

from edge.commands.api_client import ask
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.journal.host_time import local


def add_arguments(events: argparse.ArgumentParser) -> None:
    """The commands below `lanewise events`."""
    commands = events.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "events in order, a CloudEvent a line with --json")
    add_site(listed)
    listed.add_argument("--after", type=int, default=0, metavar="N", help="behind the event of this sequence")
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    hooks = add_command(commands, "webhooks", _webhooks, "how each webhook stands; status 1 = one is told in vain")
    add_site(hooks)
    refused = add_command(commands, "refused", _refused, "what a webhook refused for good, the newest 100")
    add_site(refused)
    refused.add_argument("webhook", metavar="WEBHOOK")
    again = add_command(commands, "again", _again, "tells a webhook at once what waits, and something once more")
    add_site(again)
    again.add_argument("webhook", metavar="WEBHOOK")
    again.add_argument("--after", type=int, metavar="N", help="everything behind this event; none = what it refused")
    add_by(again)


def _list(arguments: argparse.Namespace) -> int:
    site, after = load_site(arguments.site), arguments.after
    while rows := json.loads(ask(site, f"/api/v1/events?after={after}")):
        for row in rows:
            if arguments.json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                data = "".join(f" {key}={value}" for key, value in row["data"].items())
                print(f"{int(row['sequence'])} {row['time']} {row['type']} {row['subject']}{data}")
        after = int(rows[-1]["sequence"])
    return 0


def _webhooks(arguments: argparse.Namespace) -> int:
    rows = json.loads(ask(load_site(arguments.site), "/api/v1/webhooks"))
    for row in rows:
        last = f"took the last at {local(row['told_us'])}" if row["told_us"] else "took nothing yet"
        trouble = ""
        if row["tries"]:
            trouble = f"; in vain {row['tries']} times since {local(row['since_us'])}: {row['trouble']}"
        print(f"{row['name']}: {row['told']} told, {last}, {row['behind']} to go, {row['refused']} refused{trouble}")
    return int(any(row["tries"] for row in rows))


def _refused(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/webhooks/{quote(arguments.webhook, safe='')}/refused"
    for row in json.loads(ask(load_site(arguments.site), path)):
        print(f"{row['seq']} {local(row['at_us'])} {row['reason']}")
    return 0


def _again(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/webhooks/{quote(arguments.webhook, safe='')}/again"
    wish = {"by": who(arguments), **({} if arguments.after is None else {"after": arguments.after})}
    after = json.loads(ask(load_site(arguments.site), path, wish))["after"]
    print(f"{arguments.webhook}: goes on behind event {after}")
    return 0
