"""`lanewise parcels …`: labels given, read, printed and void, and blocks of numbers for stations.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.journal.host_time import local


def add_arguments(parcels: argparse.ArgumentParser) -> None:
    """The commands below `lanewise parcels`."""
    commands = parcels.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "parcels with their numbers, the newest first")
    add_site(listed)
    listed.add_argument("--order", default="", metavar="ORDER", help="only of this order")
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    given = add_command(commands, "label", _label, "gives an order's parcel its SSCC; the lines know it at once")
    add_site(given)
    given.add_argument("order", metavar="ORDER")
    given.add_argument("--sscc", metavar="SSCC", help="one of the station's own numbers; none = the next")
    given.add_argument("--again", default="", metavar="TEXT", help="why it gets another one")
    given.add_argument("--zpl", type=Path, metavar="FILE", help="writes the label for a thermal printer")
    given.add_argument("--pdf", type=Path, metavar="FILE", help="writes the label as PDF")
    given.add_argument("--printer", metavar="PRINTER", help="prints it on a printer of SITE.toml")
    _add_language(given)
    add_by(given)
    printed = add_command(commands, "print", _print, "prints a label on a printer of SITE.toml")
    add_site(printed)
    printed.add_argument("sscc", metavar="SSCC", help="in any spelling")
    printed.add_argument("printer", metavar="PRINTER")
    _add_language(printed)
    void = add_command(commands, "void", _void, "says that a label is no parcel's any more")
    add_site(void)
    void.add_argument("sscc", metavar="SSCC", help="in any spelling")
    void.add_argument("--reason", required=True, metavar="TEXT")
    add_by(void)
    block = add_command(
        commands, "block", _block, "draws numbers for a station that labels without the api, a line each"
    )
    add_site(block)
    block.add_argument("station", metavar="STATION")
    block.add_argument("--count", type=int, default=500, metavar="N", help="so many (default: 500)")
    add_by(block)


def _add_language(command: argparse.ArgumentParser) -> None:
    command.add_argument("--language", choices=("en", "zh-Hant"), default="en")


def _show(parcel: Mapping[str, Any]) -> None:
    state = f"void since {local(parcel['voided_us'])}: {parcel['reason']}" if parcel["voided_us"] else ""
    said = f"printed {parcel['prints']} times"
    print(
        f"{parcel['sscc']}: {parcel['fulfilment']}, labelled {local(parcel['labelled_us'])} by {parcel['by']}, "
        f"{state or said}"
    )


def _list(arguments: argparse.Namespace) -> int:
    site, before = load_site(arguments.site), 0
    while True:
        asked = urlencode({"order": arguments.order, "before": before})
        rows = json.loads(ask(site, f"/api/v1/parcels?{asked}"))
        for row in rows:
            if arguments.json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                _show(row)
        if not rows:
            return 0
        before = rows[-1]["seq"]


def _label(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.site)
    wish = {"order": arguments.order, "by": who(arguments), "again": arguments.again}
    parcel = json.loads(ask(site, "/api/v1/parcels", wish | ({"sscc": arguments.sscc} if arguments.sscc else {})))
    for kind in ("zpl", "pdf"):
        file: Path | None = getattr(arguments, kind)
        if file is not None:
            path = f"/api/v1/parcels/{parcel['sscc']}/label.{kind}?language={arguments.language}"
            file.write_bytes(ask(site, path))
    if arguments.printer:
        wish = {"printer": arguments.printer, "language": arguments.language}
        parcel = json.loads(ask(site, f"/api/v1/parcels/{parcel['sscc']}/print", wish))
    _show(parcel)
    return 0


def _print(arguments: argparse.Namespace) -> int:
    wish = {"printer": arguments.printer, "language": arguments.language}
    path = f"/api/v1/parcels/{quote(arguments.sscc, safe='')}/print"
    _show(json.loads(ask(load_site(arguments.site), path, wish)))
    return 0


def _void(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/parcels/{quote(arguments.sscc, safe='')}/void"
    _show(json.loads(ask(load_site(arguments.site), path, {"by": who(arguments), "reason": arguments.reason})))
    return 0


def _block(arguments: argparse.Namespace) -> int:
    wish = {"station": arguments.station, "count": arguments.count, "by": who(arguments)}
    print("\n".join(json.loads(ask(load_site(arguments.site), "/api/v1/parcels/blocks", wish))))
    return 0
