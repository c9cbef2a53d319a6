"""`lanewise kpis …`: key figures of days, what is behind one, a shift, who needs training, and days counted anew.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.orders.kpis import BY_NAME, Unit
from edge.orders.money import digits_of, priced
from edge.views.kpi_board import Price, said_value
from edge.views.words.phrase import phrase
from edge.views.words.table import say


def add_arguments(kpis: argparse.ArgumentParser) -> None:
    """The commands below `lanewise kpis`."""
    commands = kpis.add_subparsers(metavar="COMMAND", required=True)
    shown = add_command(commands, "show", _show, "figures of days, of the whole site or by a dimension")
    add_site(shown)
    _add_days(shown)
    shown.add_argument("--kpi", default="", metavar="NAME", help="one figure; none = all")
    shown.add_argument("--dimension", default="site", metavar="DIMENSION", help="channel, carrier, ...")
    shown.add_argument("--json", action="store_true", help="one JSON line each")
    book = add_command(commands, "export", _export, "figures of days as CSV or XLSX")
    add_site(book)
    _add_days(book)
    book.add_argument("file", type=Path, metavar="FILE", help="ends with .csv or .xlsx")
    behind = add_command(commands, "behind", _behind, "the orders behind a figure of a day, what is worst first")
    add_site(behind)
    behind.add_argument("kpi", metavar="NAME")
    behind.add_argument("--day", default="", metavar="DAY", help="as 2026-11-29 (default: today)")
    behind.add_argument("--dimension", default="site", metavar="DIMENSION")
    behind.add_argument("--member", default="", metavar="NAME", help="of the dimension")
    shift = add_command(commands, "shift", _shift, "a shift's figures beside the same one a day before")
    add_site(shift)
    shift.add_argument("shift", metavar="SHIFT", help="as SITE.toml names it")
    shift.add_argument("--day", default="", metavar="DAY", help="the day on which it began (default: today)")
    people = add_command(commands, "people", _people, "who erred how often, for those who train people")
    add_site(people)
    _add_days(people)
    listed = add_command(commands, "definitions", _definitions, "what each figure counts")
    add_site(listed)
    counted = add_command(commands, "count", _count, "counts days anew, as after a repair")
    add_site(counted)
    _add_days(counted)
    add_by(counted)


def _add_days(command: argparse.ArgumentParser) -> None:
    command.add_argument("--since", default="", metavar="DAY", help="the first day, as 2026-11-29 (default: --until)")
    command.add_argument("--until", default="", metavar="DAY", help="the last day (default: today)")


def _days(arguments: argparse.Namespace, **more: str) -> str:
    asked = {"since": arguments.since, "until": arguments.until, **more}
    return urlencode({key: value for key, value in asked.items() if value})


def _show(arguments: argparse.Namespace) -> int:
    asked, site = _days(arguments, kpi=arguments.kpi, dimension=arguments.dimension), load_site(arguments.site)
    for row in json.loads(ask(site, f"/api/v1/kpis?{asked}")):
        print(json.dumps(row, ensure_ascii=False) if arguments.json else _line(row, _price(site)))
    return 0


def _price(site: SiteConfig) -> Price:
    """As the pages show it."""
    currency = site.plan.currency
    return priced(currency, digits_of(currency, site.review.digits))


def _line(row: dict[str, Any], price: Price) -> str:
    kpi = BY_NAME.get(row["kpi"])
    if kpi is None:  # of a newer api
        return f"{row['day']} {row['kpi']} {row['member']}: {row['numerator']} of {row['denominator']}"
    member = f" {row['member']}" if row["member"] else ""
    many = (
        say(phrase("kpi.of", numerator=row["numerator"], denominator=row["denominator"]))
        if kpi.unit is Unit.SHARE
        else say(phrase("kpi.count", count=row["denominator"]))
    )
    late = (
        f", {say(phrase('kpi.p90'))} {say(said_value(kpi, row['p90_us'], price))}" if row["p90_us"] is not None else ""
    )
    return f"{row['day']} {kpi.name}{member}: {say(said_value(kpi, row['value'], price))} ({many}{late})"


def _export(arguments: argparse.Namespace) -> int:
    ending = arguments.file.suffix.lower().lstrip(".")
    if ending not in ("csv", "xlsx"):
        print(f"{arguments.file}: allowed are files that end with .csv or .xlsx", file=sys.stderr)
        return 2
    arguments.file.write_bytes(ask(load_site(arguments.site), f"/api/v1/kpis/days.{ending}?{_days(arguments)}"))
    return 0


def _behind(arguments: argparse.Namespace) -> int:
    asked = {"day": arguments.day, "dimension": arguments.dimension, "member": arguments.member}
    path = f"/api/v1/kpis/{quote(arguments.kpi, safe='')}/behind?{urlencode({k: v for k, v in asked.items() if v})}"
    for row in json.loads(ask(load_site(arguments.site), path)):
        print(f"{row['subject'] or '-'}: {row['hit']} of {row['weight']}")
    return 0


def _shift(arguments: argparse.Namespace) -> int:
    day = urlencode({"day": arguments.day}) if arguments.day else ""
    path = f"/api/v1/kpis/shifts/{quote(arguments.shift, safe='')}?{day}"
    site = load_site(arguments.site)
    told, price = json.loads(ask(site, path)), _price(site)
    before = {one["kpi"]: one["value"] for one in told["before"] if one["dimension"] == "site"}
    for row in told["figures"]:
        if row["dimension"] == "site" and (kpi := BY_NAME.get(row["kpi"])) is not None:
            earlier = say(said_value(kpi, before.get(kpi.name), price))
            print(f"{_line(row, price)}{f', a day before {earlier}' if earlier else ''}")
    return 0


def _people(arguments: argparse.Namespace) -> int:
    for row in json.loads(ask(load_site(arguments.site), f"/api/v1/kpis/people?{_days(arguments)}")):
        print(f"{row['person']}: {row['kpi']} {row['cause']}: {row['count']}")
    return 0


def _definitions(arguments: argparse.Namespace) -> int:
    for row in json.loads(ask(load_site(arguments.site), "/api/v1/kpis/definitions")):
        print(f"{row['kpi']}: {row['title']} ({row['unit']}, better {row['better']})")
        print(f"    {row['numerator']}; of {row['denominator']}; from {row['source']}; left out: {row['exclusions']}")
    return 0


def _count(arguments: argparse.Namespace) -> int:
    asked = {"since": arguments.since or None, "until": arguments.until or None, "by": who(arguments)}
    done = json.loads(ask(load_site(arguments.site), "/api/v1/kpis/count", asked))
    print(f"{done['rows']} rows")
    return 0
