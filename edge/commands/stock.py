"""`lanewise stock …`: what lies where and is promised, receipts, moves, counts, the audit, articles from a file.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from edge.commands.api_client import ApiError, ask, send
from edge.commands.command_line import CommandError, Commands, add_by, add_command, add_site, who
from edge.config.load import load_site


def add_arguments(stock: argparse.ArgumentParser) -> None:
    """The commands below `lanewise stock`."""
    commands = stock.add_subparsers(metavar="COMMAND", required=True)

    listed = _command(commands, "list", _list, "articles with what is sellable, promised, and in which bins")
    listed.add_argument("sku", nargs="?", metavar="SKU", help="only this one")
    listed.add_argument("--json", action="store_true", help="one JSON line each")

    received = _moving(commands, "receive", _receive, "books units that came")
    received.add_argument("bin", metavar="BIN", help="where they lie now")

    moved = _moving(commands, "move", _move, "books units that lie elsewhere now")
    moved.add_argument("source", metavar="FROM", help="the bin they lay in")
    moved.add_argument("bin", metavar="TO", help="the bin they lie in now")

    counted = _command(commands, "count", _count, "books what was found in a bin, which is suspected no more")
    counted.add_argument("sku", metavar="SKU")
    counted.add_argument("bin", metavar="BIN")
    counted.add_argument("seen", type=int, metavar="UNITS", help="what lies there, without what lies in totes")
    _more(counted)

    _command(commands, "audit", _audit, "compares both books, reservations and ledger; status 1 = they disagree")

    taken = _command(commands, "import", _import, "takes articles, bins and what lies in them from a file")
    taken.add_argument(
        "file", type=Path, metavar="FILE", help="CSV, TSV or XLSX: a row for each article, or each bin of it"
    )


def _command(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    made = add_command(commands, name, command, text)
    add_site(made)
    return made


def _moving(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    made = _command(commands, name, command, text)
    made.add_argument("sku", metavar="SKU")
    made.add_argument("quantity", type=int, metavar="UNITS")
    _more(made)
    return made


def _more(command: argparse.ArgumentParser) -> None:
    command.add_argument("--lot", default="", metavar="LOT", help="their lot")
    command.add_argument("--cause", metavar="ID", help="number of the paper: the same one again changes nothing")
    add_by(command)


def _cause(arguments: argparse.Namespace) -> dict[str, str]:
    return {"kind": "command", "id": arguments.cause or secrets.token_hex(8)}


def _list(arguments: argparse.Namespace) -> int:
    after = ""
    while True:
        asked = {"sku": arguments.sku} if arguments.sku else {"after": after}
        rows = json.loads(ask(load_site(arguments.site), f"/api/v1/stock?{urlencode(asked)}"))
        for row in rows:
            if arguments.json:
                print(json.dumps(row, ensure_ascii=False))
                continue
            print(f"{row['sku']}: {row['sellable']} sellable, {row['promised']} promised  {row['name']}".rstrip())
            print(f"  {_size(row)}")
            for lies in row["bins"]:
                marks = [
                    lies["lot"] and f"lot {lies['lot']}",
                    "" if lies["condition"] == "sellable" else lies["condition"],
                ]
                marks.append("suspect" if lies["suspect_us"] else "")
                more = ", ".join(filter(None, (f"{lies['allocated']} allocated", *marks)))
                print(f"  {lies['bin']}: {lies['on_hand']}, {more}")
        if arguments.sku and not rows:
            raise CommandError(f"{arguments.sku}: there is no such article")
        if arguments.sku or not rows:
            return 0
        after = rows[-1]["sku"]


def _size(row: Mapping[str, Any]) -> str:
    """What packing goes by."""
    size = " x ".join(map(str, row["edges_mm"])) + " mm" if all(row["edges_mm"]) else "size not known"
    mass = f"{row['mass_g']} g" if row["mass_g"] else "mass not known"
    return ", ".join(filter(None, (size, mass, row["un"] and f"UN {row['un']}")))


def _receive(arguments: argparse.Namespace) -> int:
    return _book(arguments, {"kind": "receipt", "target": arguments.bin})


def _move(arguments: argparse.Namespace) -> int:
    return _book(arguments, {"kind": "move", "source": arguments.source, "target": arguments.bin})


def _book(arguments: argparse.Namespace, movement: Mapping[str, object]) -> int:
    one = {"cause": _cause(arguments), "sku": arguments.sku, "quantity": arguments.quantity, "lot": arguments.lot}
    wish = {"by": who(arguments), "movements": [{**one, **movement}]}
    _say(json.loads(ask(load_site(arguments.site), "/api/v1/stock/movements", wish)))
    return 0


def _count(arguments: argparse.Namespace) -> int:
    wish = {
        "by": who(arguments),
        "cause": _cause(arguments),
        "bin": arguments.bin,
        "sku": arguments.sku,
        "lot": arguments.lot,
        "seen": arguments.seen,
    }
    _say(json.loads(ask(load_site(arguments.site), "/api/v1/stock/counts", wish)))
    return 0


def _say(done: Mapping[str, object]) -> None:
    print("booked" if done["new"] else "known: it was booked before")
    if (lost := done["gave_way"]) and isinstance(lost, list):
        print(f"planned again, as their units are not there: {', '.join(lost)}")


def _audit(arguments: argparse.Namespace) -> int:
    rows = json.loads(ask(load_site(arguments.site), "/api/v1/stock/audit"))
    for row in rows:
        print(f"{row['row']}: {row['what']} {row['has']}, should be {row['should']}")
    if not rows:
        print("the books agree")
    return 1 if rows else 0


def _import(arguments: argparse.Namespace) -> int:
    body = arguments.file.read_bytes()
    try:
        told = send(load_site(arguments.site), "/api/v1/stock/imports", body, "application/octet-stream")
    except ApiError as error:
        raise ApiError(f"{arguments.file}: {error}") from None
    done = json.loads(told)
    print(
        f"{arguments.file}: {done['articles_new']} articles new, {done['articles_changed']} changed, "
        f"{done['bins']} bins, {done['receipts']} receipts, {done['known']} known"
    )
    return 0
