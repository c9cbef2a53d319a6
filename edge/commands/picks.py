"""`lanewise picks …`: rounds of pickers listed, claimed, picked and handed back, totes freed, what goes back.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ask, send
from edge.commands.command_line import add_by, add_command, add_site, who
from edge.config.load import load_site


def add_arguments(picks: argparse.ArgumentParser) -> None:
    """The commands below `lanewise picks`."""
    commands = picks.add_subparsers(metavar="COMMAND", required=True)
    listed = add_command(commands, "list", _list, "the rounds, with their lines in the order of the way")
    add_site(listed)
    listed.add_argument("--wave", default="", metavar="WAVE", help="only of this wave")
    listed.add_argument("--state", default="", metavar="STATE", help="only open, assigned, picking, done or withdrawn")
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    paper = add_command(commands, "list-pdf", _list_pdf, "writes a round's pick list as PDF")
    add_site(paper)
    paper.add_argument("task", metavar="ROUND")
    paper.add_argument("file", type=Path, metavar="FILE")
    paper.add_argument("--language", choices=("en", "zh-Hant"), default="en")
    claimed = add_command(commands, "claim", _claim, "the next round, which nobody else gets; status 1 = none is left")
    add_site(claimed)
    add_by(claimed)
    picked = add_command(commands, "pick", _pick, "says how many were picked of a line of one's round")
    add_site(picked)
    picked.add_argument("task", metavar="ROUND")
    picked.add_argument("line", type=int, metavar="LINE")
    picked.add_argument("units", type=int, metavar="UNITS", help="picked of it in all")
    picked.add_argument("--tote", metavar="TOTE", help="the tote that was scanned, in any spelling")
    picked.add_argument("--bin", default="", metavar="BIN", help="the bin that was scanned")
    picked.add_argument(
        "--reason", metavar="CODE", help="why fewer: empty, damaged, wrong-item, could-not-locate or expired"
    )
    picked.add_argument("--over", default="", metavar="TEXT", help="why more")
    add_by(picked)
    back = add_command(commands, "hand-back", _hand_back, "gives a round back")
    add_site(back)
    back.add_argument("task", metavar="ROUND")
    add_by(back)
    free = add_command(commands, "emptied", _emptied, "says that a tote was seen empty: it is free")
    add_site(free)
    free.add_argument("tote", metavar="TOTE", help="in any spelling")
    add_by(free)
    backs = add_command(commands, "put-backs", _put_backs, "what lies in totes and is to go to its bin")
    add_site(backs)
    done = add_command(commands, "put-back", _put_back, "says that units were seen in their bin again")
    add_site(done)
    done.add_argument("number", type=int, metavar="NUMBER", help="as put-backs lists it")
    add_by(done)


def _show(task: Mapping[str, Any]) -> None:
    picker = f", {task['picker']}" if task["picker"] else ""
    print(f"{task['id']}: {task['mode']}, {task['state']}{picker}{', urgent' if task['urgent'] else ''}")
    for line in task["lines"]:
        at = line["at"]
        lot = f" lot {at['lot']}" if at["lot"] else ""
        state = "withdrawn" if line["withdrawn"] else line["reason"] or f"{line['picked']} picked"
        print(f"  {line['n']}. {at['bin']}: {line['quantity']} of {at['sku']}{lot} for {line['fulfilment']}, {state}")


def _list(arguments: argparse.Namespace) -> int:
    asked = {key: value for key in ("wave", "state") if (value := getattr(arguments, key))}
    after = ""
    while True:
        rows = json.loads(ask(load_site(arguments.site), f"/api/v1/pick-tasks?{urlencode({**asked, 'after': after})}"))
        for row in rows:
            if arguments.json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                _show(row)
        if not rows:
            return 0
        after = rows[-1]["id"]


def _list_pdf(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/pick-tasks/{quote(arguments.task, safe='')}/list.pdf?language={arguments.language}"
    arguments.file.write_bytes(ask(load_site(arguments.site), path))
    return 0


def _claim(arguments: argparse.Namespace) -> int:
    told = ask(load_site(arguments.site), "/api/v1/pick-tasks/claim", {"picker": who(arguments)})
    if not told:
        print("nothing is to be picked")
        return 1
    _show(json.loads(told))
    return 0


def _changed(arguments: argparse.Namespace, path: str, wish: Mapping[str, object]) -> int:
    site = load_site(arguments.site)
    here = f"/api/v1/pick-tasks/{quote(arguments.task, safe='')}"
    known = json.loads(ask(site, here))
    told = send(site, here + path, json.dumps(wish).encode(), more={"If-Match": f'"{known["version"]}"'})
    _show(json.loads(told))
    return 0


def _pick(arguments: argparse.Namespace) -> int:
    wish = {"picker": who(arguments), "units": arguments.units, "bin": arguments.bin, "over": arguments.over}
    more = {key: value for key in ("tote", "reason") if (value := getattr(arguments, key))}
    return _changed(arguments, f"/lines/{arguments.line}", {**wish, **more})


def _hand_back(arguments: argparse.Namespace) -> int:
    return _changed(arguments, "/hand-back", {"picker": who(arguments)})


def _emptied(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/totes/{quote(arguments.tote, safe='')}/emptied"
    whose = json.loads(ask(load_site(arguments.site), path, {"by": who(arguments)}))["fulfilment"]
    print(f"{arguments.tote}: free{f', it was of {whose}' if whose else ''}")
    return 0


def _put_backs(arguments: argparse.Namespace) -> int:
    after = 0
    while rows := json.loads(ask(load_site(arguments.site), f"/api/v1/put-backs?after={after}")):
        for row in rows:
            to = row["to"]
            tote = f" in tote {row['tote']}" if row["tote"] else ""
            what = f"{row['quantity']} of {to['sku']}{tote} of {row['fulfilment']}"
            print(f"{row['seq']}: {what} to {to['bin']}: {row['why']}")
        after = rows[-1]["seq"]
    return 0


def _put_back(arguments: argparse.Namespace) -> int:
    path = f"/api/v1/put-backs/{arguments.number}/done"
    row = json.loads(ask(load_site(arguments.site), path, {"by": who(arguments)}))
    print(f"{row['quantity']} of {row['to']['sku']} are in {row['to']['bin']}")
    return 0
