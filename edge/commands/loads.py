"""`lanewise load …`: the loads of a site as its api process knows them, and what people ask of them.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import Commands, add_by, add_command, who
from edge.config.load import load_site
from edge.journal.host_time import local

_STATUS = {
    "aboard": "aboard",
    "wrong": "aboard, and wrong",
    "missing": "missing",
    "undetermined": "may be aboard, undetermined",
}


def add_arguments(load: argparse.ArgumentParser) -> None:
    """The commands below `lanewise load`."""
    commands = load.add_subparsers(metavar="COMMAND", required=True)

    opened = _command(commands, "open", _open, "opens a load at a dock door")
    opened.add_argument("dock", metavar="DOCK", help="the door's name in LINE.toml")
    opened.add_argument("carrier", metavar="CARRIER", help="whose parcels it takes")
    opened.add_argument("--id", metavar="LOAD", help="the load's name (default: made of door and time)")
    opened.add_argument("--service", action="append", default=[], metavar="NAME", help="only these services")
    opened.add_argument("--trailer", default="", metavar="TEXT", help="number plate or number of the trailer")
    opened.add_argument("--departure", metavar="TIME", help="when it leaves, as 2026-11-23T18:00+01:00")
    opened.add_argument("--cutoff", metavar="TIME", help="parcels sorted later need not come along")
    opened.add_argument(
        "--parcels", type=Path, metavar="FILE", help="a file of parcels, one a line: exactly these belong to it"
    )
    add_by(opened)

    listed = _command(commands, "list", _list, "the loads that are open")
    listed.add_argument("--closed", action="store_true", help="the newest ones that are closed instead")
    listed.add_argument("--json", action="store_true", help="one JSON line each")

    checked = _command(commands, "check", _check, "is a load complete? status 1 = no, with every parcel that lacks")
    checked.add_argument("load", metavar="LOAD")

    closed = _command(commands, "close", _close, "closes a load; refused while it is not complete")
    closed.add_argument("load", metavar="LOAD")
    closed.add_argument("--force", metavar="REASON", help="close it incomplete, and say why")
    add_by(closed)

    for name, text in (
        ("add", "says that a parcel is aboard, which no door saw"),
        ("remove", "says that a parcel was taken off"),
    ):
        said = _command(commands, name, _say, text)
        said.set_defaults(said=name)
        said.add_argument("load", metavar="LOAD")
        said.add_argument("parcel", metavar="PARCEL", help="in any spelling")
        add_by(said)

    manifest = _command(commands, "manifest", _manifest, "a load's manifest, also after it was closed")
    manifest.add_argument("load", metavar="LOAD")
    manifest.add_argument("--csv", action="store_true", help="as CSV instead of JSON")
    manifest.add_argument("--pdf", type=Path, metavar="FILE", help="writes it as PDF")
    manifest.add_argument("--language", choices=("en", "zh-Hant"), default="en", help="of the PDF")


def _command(
    commands: Commands,
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    made = add_command(commands, name, command, text)
    made.add_argument(
        "--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="the site (default: SITE.toml)"
    )
    return made


def _asked(arguments: argparse.Namespace, path: str, wish: dict[str, object] | None = None) -> Any:
    body = ask(load_site(arguments.site), path, wish)
    try:
        return json.loads(body)
    except ValueError as error:
        raise ApiError(f"{path}: no JSON ({error}): is another version running?") from None


def _path(load: str, rest: str = "") -> str:
    return f"/api/loads/{quote(load, safe='')}{rest}"


def _open(arguments: argparse.Namespace) -> int:
    parcels: list[str] = []
    if arguments.parcels is not None:
        parcels = [line.strip() for line in arguments.parcels.read_text(encoding="utf-8").splitlines() if line.strip()]
    wish: dict[str, object] = {
        "by": who(arguments),
        "dock": arguments.dock,
        "carrier": arguments.carrier,
        "services": arguments.service,
        "trailer": arguments.trailer,
        "parcels": parcels,
    }
    wish |= {key: value for key in ("id", "departure", "cutoff") if (value := getattr(arguments, key)) is not None}
    answer = _asked(arguments, "/api/loads", wish)
    if "load" in answer:
        print(f"{answer['load']['id']}: open at {answer['load']['dock']}")
    else:
        print(f"asked; {answer['told']}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    for manifest in _asked(arguments, f"/api/loads?closed={str(arguments.closed).lower()}"):
        print(json.dumps(manifest, ensure_ascii=False) if arguments.json else _summary(manifest))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    manifest = _asked(arguments, _path(arguments.load))
    print(_summary(manifest))
    for line in manifest["lines"]:
        if line["status"] != "aboard":
            print(f"  {line['parcel']}: {_STATUS[line['status']]}" + (f": {line['note']}" if line["note"] else ""))
    return 0 if manifest["complete"] else 1


def _close(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {"by": who(arguments)}
    if arguments.force is not None:
        wish |= {"forced": True, "reason": arguments.force}
    answer = _asked(arguments, _path(arguments.load, "/close"), wish)
    print(_summary(answer) if "lines" in answer else f"asked; {answer['told']}")
    return 0


def _say(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {"by": who(arguments), "parcel": arguments.parcel}
    answer = _asked(arguments, _path(arguments.load, f"/{arguments.said}"), wish)
    done = {"add": "is aboard", "remove": "was taken off"}[arguments.said]
    print(f"{answer['parcel']}: {done}" if "parcel" in answer else f"asked; {answer['told']}")
    return 0


def _manifest(arguments: argparse.Namespace) -> int:
    if arguments.pdf is not None:
        path = _path(arguments.load, f"/manifest.pdf?language={arguments.language}")
        arguments.pdf.write_bytes(ask(load_site(arguments.site), path))
    elif arguments.csv:
        body = ask(load_site(arguments.site), _path(arguments.load, "/manifest.csv"))
        print(body.decode(), end="")
    else:
        print(json.dumps(_asked(arguments, _path(arguments.load)), ensure_ascii=False, indent=2))
    return 0


def _summary(manifest: Any) -> str:
    load = manifest["load"]
    counts = {status: sum(line["status"] == status for line in manifest["lines"]) for status in _STATUS}
    since_us = manifest["closed_us"] or manifest["opened_us"]
    text = f"{load['id']}: {load['dock']}, {' '.join((load['carrier'], *load['services']))}"
    text += f", trailer {load['trailer']}" if load["trailer"] else ""
    text += f", {'closed' if manifest['closed_us'] else 'open'} since {local(since_us)} by {manifest['by']}: "
    return text + ", ".join(_counted(counts)) + (f" ({manifest['reason']})" if manifest["reason"] else "")


def _counted(counts: dict[str, int]) -> Iterator[str]:
    yield f"{counts['aboard']} aboard"
    for status, count in counts.items():
        if count and status != "aboard":
            yield f"{count} {status}"
