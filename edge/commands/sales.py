"""`lanewise orders …`: the sales orders of a site as its api process knows them, and what people wish of them.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ApiError, ask, send
from edge.commands.command_line import Commands, add_by, add_command, who
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.core.values.text import readable
from edge.journal.host_time import local
from edge.views.order_words import of_stored
from edge.views.words.phrase import phrase
from edge.views.words.table import say

_PATH = "/api/v1/sales-orders"
_BLOCKLIST = "/api/v1/blocklist"
_IMPORT_S = 600
_JSON = "one JSON line each"


def add_arguments(orders: argparse.ArgumentParser) -> None:
    """The commands below `lanewise orders`."""
    commands = orders.add_subparsers(metavar="COMMAND", required=True)

    taken = _command(commands, "import", _import, "takes files of a channel; status 1 = something was set aside")
    taken.add_argument("channel", metavar="CHANNEL", help="of [channels] in SITE.toml")
    taken.add_argument("files", type=Path, nargs="+", metavar="FILE", help="read together, as a channel of two needs")
    taken.add_argument("--json", action="store_true", help="the whole report as JSON")
    add_by(taken)

    listed = _command(commands, "list", _list, "the orders, the newest first")
    listed.add_argument("--stage", default="", metavar="STAGE", help="only these, as held")
    listed.add_argument("--finding", default="", metavar="CODE", help="only those of which a rule found this")
    listed.add_argument(
        "--find", default="", metavar="TEXT", help="a number, tote, parcel, item, phone or mail address"
    )
    listed.add_argument("--json", action="store_true", help=_JSON)

    shown = _command(commands, "show", _show, "all that is known of an order, and what was done to it")
    shown.add_argument("order", metavar="ORDER")
    shown.add_argument("--json", action="store_true", help="as JSON")

    for name, text in (
        ("hold", "somebody wants to look at an order: it stays until it is released"),
        ("release", "what holds an order is none, by name and reason"),
        ("cancel", "nothing of an order is wanted any more"),
        ("merge", "another order ships with this one"),
        ("amend", "fewer or more of lines are wanted"),
    ):
        wish = _command(commands, name, _wish, text)
        wish.set_defaults(wish=name)
        wish.add_argument("order", metavar="ORDER")
        if name == "merge":
            wish.add_argument("other", metavar="OTHER")
        if name == "amend":
            wish.add_argument("wanted", type=_wanted, nargs="+", metavar="LINE=UNITS", help="2=0: nothing of line 2")
        wish.add_argument("--reason", required=True, metavar="TEXT", help="why; goes into its history")
        if name == "release":
            wish.add_argument(
                "--finding", action="append", default=[], metavar="CODE", help="only this one (default: all)"
            )
        add_by(wish)

    paid = _command(commands, "pay", _pay, "money came for an order")
    paid.add_argument("order", metavar="ORDER")
    paid.add_argument("amount", type=int, metavar="AMOUNT", help="in minor units")
    add_by(paid)

    blocked = _command(commands, "blocklist", _blocklist, "who is looked at before anything is shipped to him")
    blocked.add_argument("--json", action="store_true", help=_JSON)
    block = _command(commands, "block", _block, "puts somebody on the blocklist: his orders are held")
    whose = block.add_mutually_exclusive_group(required=True)
    whose.add_argument("--phone", default="", metavar="NUMBER")
    whose.add_argument("--email", default="", metavar="ADDRESS")
    whose.add_argument("--order", default="", metavar="ORDER", help="whoever gets it: phone, mail and address")
    off = _command(commands, "unblock", _unblock, "takes an entry off the blocklist")
    off.add_argument("number", type=int, metavar="NUMBER", help="as the list says it")
    for its in (block, off):
        its.add_argument("--reason", required=True, metavar="TEXT", help="why")
        add_by(its)


def _command(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    made = add_command(commands, name, command, text)
    made.add_argument("--site", dest="config", type=Path, default=Path("SITE.toml"), metavar="SITE.toml")
    return made


def _import(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    mark = token_hex(16)
    fields = (("channel", arguments.channel), ("by", who(arguments)))
    body = _form(mark, fields, [(path.name, path.read_bytes()) for path in arguments.files])
    kind = f"multipart/form-data; boundary={mark}"
    run = json.loads(send(site, "/api/v1/imports", body, kind, timeout_s=_IMPORT_S))
    if arguments.json:
        print(json.dumps(run, ensure_ascii=False))
    else:
        counts = [f"{count} {outcome}" for outcome, count in {**run["taken"], **run["skipped"]}.items()]
        print(f"{run['channel']}: {', '.join(counts) or 'no orders'}; report: /api/v1/imports/{run['id']}")
        for row in run["set_aside"]:
            where = ":".join(str(row[key]) for key in ("file", "sheet", "row", "column") if row[key])
            print(f"  {readable(where)}: {readable(row['reason'])}")
    return 1 if run["set_aside"] or run["taken"].get("refused") or run["taken"].get("conflict") else 0


def _form(mark: str, fields: Iterable[tuple[str, str]], files: Iterable[tuple[str, bytes]]) -> bytes:
    """Source: RFC 7578; names of files as HTML has them."""
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode(errors="replace")
        for name, value in fields
    ]
    for name, content in files:
        plain = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'
        parts.append(
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(errors="replace") + content + b"\r\n"
        )
    return b"".join(parts) + f"--{mark}--\r\n".encode()


def _list(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    asked = {"stage": arguments.stage, "finding": arguments.finding, "q": arguments.find, "limit": "500"}
    after = ""
    while True:
        page = _answer(
            site, f"{_PATH}?{urlencode({key: its for key, its in {**asked, 'after': after}.items() if its})}"
        )
        for row in page["orders"]:
            print(json.dumps(row, ensure_ascii=False) if arguments.json else _row(row))
        after = page["after"]
        if not after:
            return 0


def _row(row: dict[str, Any]) -> str:
    found = f"  {', '.join(row['findings'])}" if row["findings"] else ""
    its = row["stage"]
    stage = say(phrase(f"order-stage.{its}"))
    return (
        f"{local(row['taken_us'])}  {stage:<16}  {readable(row['id'])}  {row['units']} in {row['lines']} lines{found}"
    )


def _show(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    path = f"{_PATH}/{quote(arguments.order, safe='')}"
    detail, story = _answer(site, path), _answer(site, f"{path}/timeline")
    if arguments.json:
        print(json.dumps({**detail, "timeline": story["entries"]}, ensure_ascii=False))
        return 0
    order = detail["order"]
    print(f"{_stage(order)}, version {order['version']}")
    for line in order["lines"]:
        print(
            f"  {line['number']}  {line['quantity'] - line['cancelled']} of {line['quantity']}  {readable(line['sku'])}"
        )
    for one in detail["open"]:
        print(f"  ! {readable(say(of_stored(one['code'], one['where'], one['value'], one['limit'])))}")
    for parcel in detail["fulfilments"]:
        state = parcel["state"]
        print(f"  {readable(parcel['id'])}: {say(phrase(f'fulfilment.{state}'))}")
    for entry in story["entries"]:
        where, why = readable(entry["place"]), f" ({readable(entry['cause'])})" if entry["cause"] else ""
        print(f"{entry['at']}  {where:<24}  {readable(entry['text'])}{why}")
    return 0


def _wish(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    body: dict[str, object] = {"by": who(arguments), "reason": arguments.reason}
    if arguments.wish == "release":
        body["codes"] = arguments.finding
    if arguments.wish == "merge":
        body["other"] = arguments.other
    if arguments.wish == "amend":
        body["wanted"] = dict(arguments.wanted)
    path = f"{_PATH}/{quote(arguments.order, safe='')}/{arguments.wish}"
    order = json.loads(send(site, path, json.dumps(body).encode(), more={"If-Match": "*"}))["order"]
    print(_stage(order))
    return 0


def _pay(arguments: argparse.Namespace) -> int:
    body = {"by": who(arguments), "amount": arguments.amount}
    path = f"{_PATH}/{quote(arguments.order, safe='')}/pay"
    answer = send(load_site(arguments.config), path, json.dumps(body).encode(), more={"If-Match": "*"})
    print(_stage(json.loads(answer)["order"]))
    return 0


def _wanted(text: str) -> tuple[str, int]:
    """``2=0`` as line and units."""
    line, _, units = text.partition("=")
    if not (line.isdecimal() and units.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: write LINE=UNITS, as 2=0")
    return line, int(units)


def _stage(order: dict[str, Any]) -> str:
    stage = order["stage"]
    return f"{readable(order['id'])}: {say(phrase(f'order-stage.{stage}'))}"


def _answer(site: SiteConfig, path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(ask(site, path))
    except ValueError as error:
        raise ApiError(f"{path}: no answer of this version ({error}): is another one running?") from None
    return found


def _blocklist(arguments: argparse.Namespace) -> int:
    after = 0
    while rows := json.loads(ask(load_site(arguments.config), f"{_BLOCKLIST}?after={after}")):
        for row in rows:
            print(json.dumps(row, ensure_ascii=False) if arguments.json else _entry(row))
        after = rows[-1]["seq"]
    return 0


def _block(arguments: argparse.Namespace) -> int:
    who_is = {name: its for name in ("phone", "email", "order") if (its := getattr(arguments, name))}
    body = {**who_is, "by": who(arguments), "reason": arguments.reason}
    for row in json.loads(ask(load_site(arguments.config), _BLOCKLIST, body)):
        print(_entry(row))
    return 0


def _unblock(arguments: argparse.Namespace) -> int:
    body = {"by": who(arguments), "reason": arguments.reason}
    print(_entry(json.loads(ask(load_site(arguments.config), f"{_BLOCKLIST}/{arguments.number}/remove", body))))
    return 0


def _entry(row: dict[str, Any]) -> str:
    kind = row["kind"]
    what, gone = say(phrase(f"block.{kind}")), "off the list" if row["removed_us"] else "on the list"
    shown = readable(row["shown"]) or say(phrase("sales.erased"))
    return (
        f"{row['seq']}: {what} {shown}: {gone}: {readable(row['why'])} ({readable(row['by'])}, {local(row['at_us'])})"
    )
