"""`lanewise cases …`: what is due, what came back, what becomes of it, and why it happened.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site
from edge.journal.host_time import local
from edge.orders.cases import CaseKind, CaseState, CauseKind, CustomerWant
from edge.orders.returns import Disposition, ReturnReason
from edge.views import case_words
from edge.views.words.table import say

_HERE = "/api/v1/cases"
_WISHES = ("answer", "note", "authorise", "refuse", "reopen")


def add_arguments(cases: argparse.ArgumentParser) -> None:
    """The commands below `lanewise cases`."""
    commands = cases.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "open cases, what is overdue first; status 1 = something is")
    add_site(listed)
    listed.add_argument("--state", choices=[str(one) for one in CaseState])
    listed.add_argument("--kind", choices=[str(one) for one in CaseKind])
    listed.add_argument("--owner", default="", help="a person or a team")
    listed.add_argument("--order", default="", help="of a sales order")
    listed.add_argument("--overdue", action="store_true", help="only what is overdue")
    listed.add_argument("--all", action="store_true", help="also those that are over")
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    shown = add_command(commands, "show", _show, "all that is known of a case")
    add_site(shown)
    shown.add_argument("case", type=int, metavar="CASE")
    asked = add_command(commands, "return", _return, "asks for a return, an exchange or a repair")
    add_site(asked)
    asked.add_argument("order", metavar="ORDER", nargs="?", default="", help="none = the one that the item left with")
    asked.add_argument("--line", type=int, default=0, help="the order's line; none = the item's")
    asked.add_argument("--units", type=int, default=1)
    asked.add_argument("--epc", default="", help="the very item, in any spelling")
    asked.add_argument("--why", choices=[str(one) for one in ReturnReason], default="changed-mind")
    asked.add_argument("--want", choices=[str(one) for one in CustomerWant], default="refund")
    asked.add_argument("--condition", default="", help="as unopened, opened, used")
    add_by(asked)
    came = add_command(commands, "came", _came, "items are at the returns gate; status 1 = one of them is not right")
    add_site(came)
    came.add_argument("epc", nargs="+", metavar="EPC")
    came.add_argument("--label", default="", help="the return label that lies with them")
    came.add_argument("--cause", required=True, help="what says so; the same one counts once")
    add_by(came)
    looked = add_command(commands, "inspect", _inspect, "what becomes of a unit that came")
    add_site(looked)
    looked.add_argument("case", type=int, metavar="CASE")
    looked.add_argument("unit", type=int, metavar="UNIT")
    looked.add_argument("disposition", choices=[str(one) for one in Disposition])
    looked.add_argument("--code", default="", help="what was seen")
    looked.add_argument("--bin", default="", help="where it goes; none = it stays")
    add_by(looked)
    settled = add_command(commands, "settle", _settle, "resolves a case, with the money that follows")
    add_site(settled)
    settled.add_argument("case", type=int, metavar="CASE")
    settled.add_argument("--instead", default="", metavar="SKU:PRICE", help="what is sent in exchange")
    settled.add_argument("--goodwill", type=int, default=0, help="paid back besides, in minor units")
    add_by(settled)
    for name in _WISHES:
        made = add_command(commands, name, _wish, f"{name}: with a word why")
        made.set_defaults(action=name)
        add_site(made)
        made.add_argument("case", type=int, metavar="CASE")
        made.add_argument("reason", metavar="WORDS")
        add_by(made)
    for name, text in (("take", "you look after a case from now on"), ("close", "closes a case")):
        made = add_command(commands, name, _plain, text)
        made.set_defaults(action=name)
        add_site(made)
        made.add_argument("case", type=int, metavar="CASE")
        add_by(made)
    causes = add_command(commands, "causes", _causes, "why it happened: causes by cases and cost")
    add_site(causes)
    causes.add_argument("--kind", choices=[str(one) for one in CauseKind])
    causes.add_argument("--days", type=int, default=90)
    pack = add_command(commands, "evidence", _evidence, "what is known of a parcel for a claim, as a ZIP")
    add_site(pack)
    pack.add_argument("parcel", metavar="PARCEL", help="its SSCC, or a fulfilment")
    pack.add_argument("file", metavar="FILE", type=Path)


def _list(arguments: argparse.Namespace) -> int:
    asked = {
        "owner": arguments.owner, "order": arguments.order, "state": arguments.state, "kind": arguments.kind,
        "overdue": "true" if arguments.overdue else "", "everything": "true" if arguments.all else "",
    }  # fmt: skip
    known = {key: its for key, its in asked.items() if its}
    after, overdue = 0, 0
    while rows := json.loads(ask(load_site(arguments.site), f"{_HERE}?{urlencode({**known, 'after': after})}")):
        for row in rows:
            case = row["case"]
            overdue += row["overdue"]
            late = ", OVERDUE" if row["overdue"] else ""
            print(
                json.dumps(row, ensure_ascii=False)
                if arguments.json
                else f"{case['id']}: {case['kind']} {case['class_']}, {_state(case)}, order {case['order'] or 'none'}, "
                f"{case['owner']}, due {local(case['due_us'])}{late}"
            )
        after += len(rows)
    return 1 if overdue else 0


def _show(arguments: argparse.Namespace) -> int:
    detail = json.loads(ask(load_site(arguments.site), f"{_HERE}/{arguments.case}"))
    case = detail["case"]
    print(f"case {case['id']}: {case['kind']} {case['class_']}, {_state(case)}, {case['owner']}, order {case['order']}")
    if case["number"]:
        print(f"return label {case['number']}")
    for unit in detail["units"]:
        becomes = unit["disposition"] or "to inspect"
        print(f"unit {unit['seq']}: {unit['epc'] or unit['sku']}: {unit['finding']}, {becomes}")
    for one in detail["fewer"]:
        print(f"missing: {one['units'] - one['came']} of {one['sku']}")
    for row in detail["money"]:
        print(f"{local(row['at_us'])} {row['kind']} {row['amount']} {row['currency']} {row['order']}")
    for note in detail["notes"]:
        more = "".join(say(part) for part in case_words.more_of(note["what"], note["body"]))
        print(f"{local(note['at_us'])} {say(case_words.of_done(note['what']))}{more}{_by(note)}")
    return 0


def _by(note: dict[str, Any]) -> str:
    return f" ({note['by']})" if note["by"] else ""


def _state(case: dict[str, Any]) -> str:
    return say(case_words.of_state(CaseState(case["state"])))


def _return(arguments: argparse.Namespace) -> int:
    line = {
        "line": arguments.line, "units": arguments.units, "epc": arguments.epc, "reason": arguments.why,
        "condition": arguments.condition,
    }  # fmt: skip
    body = {"order": arguments.order, "lines": [line], "want": arguments.want, "by": who(arguments)}
    case = json.loads(ask(load_site(arguments.site), f"{_HERE}/returns", body))
    label = f", return label {case['number']}" if case["number"] else ""
    print(f"case {case['id']}: {_state(case)}{label}")
    return 0 if case["state"] != CaseState.REFUSED else 1


def _came(arguments: argparse.Namespace) -> int:
    body = {"cause": arguments.cause, "epcs": arguments.epc, "number": arguments.label, "by": who(arguments)}
    found = json.loads(ask(load_site(arguments.site), f"{_HERE}/gate", body))
    for one in found:
        unit = one["unit"]
        of = f"case {one['case']}, unit {unit['seq']}, order {unit['order'] or 'none'}"
        print(f"{unit['epc']}: {unit['finding']}, {of}")
    return 1 if any(one["unit"]["finding"] != "right" for one in found) else 0


def _inspect(arguments: argparse.Namespace) -> int:
    body = {"disposition": arguments.disposition, "code": arguments.code, "bin": arguments.bin, "by": who(arguments)}
    return _said(arguments, f"units/{arguments.unit}", body)


def _settle(arguments: argparse.Namespace) -> int:
    sku, _, price = arguments.instead.rpartition(":")
    body: dict[str, object] = {"goodwill": arguments.goodwill, "by": who(arguments)}
    if sku and price.isascii() and price.isdigit():
        body["instead"] = [{"sku": sku, "price": int(price)}]
    return _said(arguments, "settle", body)


def _wish(arguments: argparse.Namespace) -> int:
    return _said(arguments, arguments.action, {"by": who(arguments), "reason": arguments.reason})


def _plain(arguments: argparse.Namespace) -> int:
    return _said(arguments, arguments.action, {"by": who(arguments)})


def _said(arguments: argparse.Namespace, action: str, body: dict[str, object]) -> int:
    case = json.loads(ask(load_site(arguments.site), f"{_HERE}/{arguments.case}/{action}", body))
    linked = f", order {case['linked']}" if case["linked"] else ""
    print(f"case {case['id']}: {_state(case)}, {case['owner']}{linked}")
    return 0


def _causes(arguments: argparse.Namespace) -> int:
    asked = {"days": arguments.days, **({"kind": arguments.kind} if arguments.kind else {})}
    for row in json.loads(ask(load_site(arguments.site), f"{_HERE}/causes?{urlencode(asked)}")):
        cost = f", {row['amount']} {row['currency']}" if row["amount"] else ""
        print(f"{row['kind']} {row['value']}: {row['cases']} cases, {row['share'] / 10:.1f} %{cost}")
    return 0


def _evidence(arguments: argparse.Namespace) -> int:
    path = f"{_HERE}/evidence/{quote(arguments.parcel, safe='')}.zip"
    body = ask(load_site(arguments.site), path)
    arguments.file.write_bytes(body)
    print(f"{arguments.file}: {len(body)} bytes")
    return 0
