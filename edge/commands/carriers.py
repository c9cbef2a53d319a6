"""`lanewise carriers …`: contracts, suspensions, choices, scores, and what other contracts would cost.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import CommandError, add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.config.shipping import contract_findings
from edge.core.iso_time import iso
from edge.journal.host_time import local, now_us
from edge.orders.eligibility import RefusalCode, ServiceRefusal
from edge.views.plan_sentences import pickup_shown, tell_refusal
from edge.views.words.table import say

_HERE = "/api/v1/services"


def add_arguments(carriers: argparse.ArgumentParser) -> None:
    """The commands below `lanewise carriers`."""
    commands = carriers.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "services, pickups to come with their room, and what is suspended")
    add_site(listed)
    listed.add_argument("--json", action="store_true", help="one JSON line for each pickup")
    check = add_command(commands, "check", _check, "gaps and overlaps of contracts; status 1 = there are some")
    add_site(check)
    suspend = add_command(commands, "suspend", _suspend, "a carrier, service or lane takes nothing for a while")
    add_site(suspend)
    suspend.add_argument("what", choices=("carrier", "service", "lane"))
    suspend.add_argument("name", metavar="NAME", help="which one")
    suspend.add_argument("--reason", required=True, metavar="TEXT", help="why")
    suspend.add_argument("--from", default="", metavar="TIME", dest="from_", help="2026-11-29T18:00 (default: now)")
    suspend.add_argument("--until", default="", metavar="TIME", help="until then (default: until `resume`)")
    add_by(suspend)
    resume = add_command(commands, "resume", _resume, "a suspension is over; only what nobody released returns")
    add_site(resume)
    resume.add_argument("suspension", type=int, metavar="NUMBER", help="as `list` says it")
    resume.add_argument("--reason", required=True, metavar="TEXT", help="why")
    add_by(resume)
    stuck = add_command(commands, "stuck", _stuck, "parcels that no service takes, and why; status 1 = some")
    add_site(stuck)
    choice = add_command(commands, "choice", _choice, "who carries an order, what others cost, why not others")
    add_site(choice)
    choice.add_argument("order", metavar="ORDER")
    score = add_command(commands, "scorecard", _scorecard, "on time, days under way, loss, damage, cost, by service")
    add_site(score)
    other = add_command(commands, "what-if", _what_if, "what parcels that were sent would cost by other contracts")
    add_site(other)
    other.add_argument("file", type=Path, metavar="FILE", help="[service.NAME] tables as SITE.toml has them")
    for one, needed in ((score, False), (other, True)):
        for name, text in (("since", "the first day"), ("until", "the last day")):
            more = "" if needed else " (default: the last 30)"
            one.add_argument(f"--{name}", type=date.fromisoformat, required=needed, metavar="DAY", help=text + more)


def _asked(arguments: argparse.Namespace, path: str, wish: dict[str, object] | None = None) -> Any:
    return json.loads(ask(load_site(arguments.site), path, wish))


def _list(arguments: argparse.Namespace) -> int:
    pickups = _asked(arguments, f"{_HERE}/pickups")
    if arguments.json:
        for one in pickups:
            print(json.dumps(one, ensure_ascii=False))
        return 0
    for one in _asked(arguments, _HERE):
        held = next((row for row in one["rows"] if row["holds"]), None)
        row = "no row of its contract holds today" if held is None else _days(held)
        print(f"{one['id']}: {one['carrier']} {one['code']}, {one['mode']}: {row}")
    for one in pickups:
        stop = f", suspended: {one['suspended']}" if one["suspended"] else ""
        room = f"room for {one['parcels'] - one['taken']} of {one['parcels']}, {one['drafted']} in drafts"
        print(f"{one['service']} closes {local(one['cutoff_us'])}: {room}{stop}")
    for one in _asked(arguments, f"{_HERE}/suspensions"):
        what = next(f"{name} {one[name]}" for name in ("carrier", "service", "lane") if one[name])
        until = f" until {local(one['until_us'])}" if one["until_us"] else ""
        print(f"{one['seq']}: {what} is suspended since {local(one['from_us'])}{until}: {one['reason']} ({one['by']})")
    return 0


def _days(row: dict[str, Any]) -> str:
    return f"since {row['since'] or 'ever'} until {row['until'] or 'further notice'}"


def _check(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.site)
    today = date.fromisoformat(iso(now_us())[:10])
    found = list(contract_findings(site.service, today))
    for one in found:
        print(f"{arguments.site}: {one}")
    if not found:
        print(f"{arguments.site}: good: {len(site.service)} services, every day from today has one row of each")
    return 1 if found else 0


def _suspend(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {"by": who(arguments), "reason": arguments.reason}
    given = {arguments.what: arguments.name}
    times = {"from": arguments.from_, "until": arguments.until}
    wish |= {name: value for name, value in (given | times).items() if value}
    _print_followed(_asked(arguments, f"{_HERE}/suspensions", wish))
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {"by": who(arguments), "reason": arguments.reason}
    _print_followed(_asked(arguments, f"{_HERE}/suspensions/{arguments.suspension}/end", wish))
    return 0


def _print_followed(done: Any) -> None:
    its, followed = done["suspension"], done["followed"]
    what = next(f"{name} {its[name]}" for name in ("carrier", "service", "lane") if its[name])
    state = f"over since {local(its['ended_us'])}" if its["ended_us"] else f"from {local(its['from_us'])}"
    print(
        f"{its['seq']}: {what} {state}: {followed['moved']} parcels have another carrier, {followed['relabel']} of "
        f"them need another label, {followed['stays']} stay in their lanes, {followed['stuck']} fit nowhere; "
        f"{followed['told']} customers are told, {followed['drafts']} new drafts"
    )


def _stuck(arguments: argparse.Namespace) -> int:
    after, some = "", 0
    while rows := _asked(arguments, f"{_HERE}/stuck?after={quote(after)}"):
        for one in rows:
            why = "; ".join(map(_why, one["refusals"]))
            print(f"order {one['fulfilment']}: {one['service']} takes nothing since {local(one['since_us'])}: {why}")
        after, some = rows[-1]["fulfilment"], 1
    return some


def _why(one: dict[str, Any]) -> str:
    refusal = ServiceRefusal(one["pickup"], RefusalCode(one["code"]), one["value"], one["limit"], one["reason"])
    return f"{pickup_shown(refusal.pickup)}: {say(tell_refusal(refusal))}"


def _choice(arguments: argparse.Namespace) -> int:
    rows = _asked(arguments, f"{_HERE}/choices?{urlencode({'order': arguments.order})}")
    for one in rows:
        draft = "" if one["released"] else ", a draft"
        place = pickup_shown(one["pickup"])
        print(f"{one['fulfilment']}: {one['carrier']} {one['code']} by {place}: {one['freight']}{draft}")
        for its in one["best"]:
            trouble = its["lateness"] + its["damage"]
            parts = f"{its['rate']} + {its['surcharge']} surcharges + {trouble} trouble"
            print(f"  {pickup_shown(its['pickup'])}: {its['cost']} = {parts}")
        for its in one["refusals"]:
            print(f"  {_why(its)}")
    if len(rows) > 1:
        print(f"in all: {sum(one['freight'] for one in rows)}")
    return 0


def _scorecard(arguments: argparse.Namespace) -> int:
    days = {name: str(day) for name in ("since", "until") if (day := getattr(arguments, name)) is not None}
    for one in _asked(arguments, f"{_HERE}/scorecard?{urlencode(days)}"):
        transit = "nobody knows how long" if one["transit_us"] is None else f"{one['transit_us'] / 86.4e9:.1f} days"
        scan = "" if one["handover_us"] is None else f", first scan after {one['handover_us'] / 3.6e9:.1f} h"
        print(
            f"{one['service']}: {one['parcels']} parcels at {one['cost']}, {one['delivered']} delivered, late "
            f"{one['late']} of {one['promised']} by the promise, {one['overdue']} of {one['due']} by its own word, "
            f"{transit} under way{scan}, {one['lost']} lost, {one['damaged']} damaged"
        )
    return 0


def _what_if(arguments: argparse.Namespace) -> int:
    try:
        text = arguments.file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{arguments.file}: not text in UTF-8") from None
    wish = {"contract": text, "since": str(arguments.since), "until": str(arguments.until)}
    done = _asked(arguments, f"{_HERE}/what-if", wish)
    print(f"{done['parcels']} parcels, sent for {done['paid']}")
    for name, title in (("before", "by the contracts as they are"), ("after", f"by {arguments.file}")):
        its = done[name]
        print(f"{title}: {its['freight']}, {its['late']} late, {its['left']} that nobody carries")
        for one in its["services"]:
            print(f"  {one['service']}: {one['parcels']} parcels, {one['freight']}")
    return 0
