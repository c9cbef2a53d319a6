"""`lanewise packing plan`: what an order, or a list of articles, would be packed into, layer by layer.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.commands.api_client import ask
from edge.commands.command_line import CommandError, add_command, add_site
from edge.config.load import load_site
from edge.orders.cartons import Placement, ProtectionKind
from edge.orders.goods_rules import ParcelMark, ParcelPaper
from edge.views.pack_sentences import LETTERS, layers_of, tell_mark, tell_paper, tell_protection
from edge.views.words.table import Language, say


def add_arguments(packing: argparse.ArgumentParser) -> None:
    """The commands below `lanewise packing`."""
    commands = packing.add_subparsers(metavar="COMMAND", required=True)
    text = "what an order would be packed into, with places, materials and marks; status 1 = something is in no parcel"
    planned = add_command(commands, "plan", _plan, text)
    add_site(planned)
    planned.add_argument(
        "what", metavar="ORDER|FILE", help='an order, or a file of JSON: `[{"sku": "MUG", "units": 2}]`'
    )
    planned.add_argument("--service", default="", metavar="SERVICE", help="of SITE.toml, by which it shall go")
    planned.add_argument("--json", action="store_true", help="the plan as JSON")
    planned.add_argument("--language", choices=("en", "zh-Hant"), default="en")


def _plan(arguments: argparse.Namespace) -> int:
    wish: dict[str, object] = {"service": arguments.service}
    if (file := Path(arguments.what)).is_file():
        try:
            wish["items"] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CommandError(f"{file}: not JSON: {error}") from None
    else:
        wish["order"] = arguments.what
    plan = json.loads(ask(load_site(arguments.site), "/api/v1/packing/plan", wish))
    if arguments.json:
        print(json.dumps(plan, ensure_ascii=False))
        return 1 if plan["refusals"] else 0
    for n, parcel in enumerate(plan["parcels"], 1):
        _tell(f"{n}/{len(plan['parcels'])}", parcel, arguments.language)
    for one in plan["refusals"]:
        print(f"{one['units']} of {one['sku']}: {one['said']}")
    if any(code.startswith("limited-quantity") for parcel in plan["parcels"] for code in parcel["marks"]):
        print(f"dangerous goods by {plan['edition']}, {plan['source']}")
    return 1 if plan["refusals"] else 0


def _tell(piece: str, parcel: Mapping[str, Any], language: Language) -> None:
    room = tuple(parcel["inner_mm"])
    size = " x ".join(map(str, room))
    print(f"{piece}: {parcel['carton'] or '-'}  {size} mm, {parcel['least_g']} to {parcel['most_g']} g")
    for one in parcel["materials"]:
        what = one["what"] if one["what"] == "filler" else say(tell_protection(ProtectionKind(one["what"])), language)
        amount = f"{one['amount'] / 1000:.1f} l" if one["what"] == "filler" else str(one["amount"])
        print(f"  {what}: {amount} {one['name'] or '?'}")
    marks = [tell_mark(ParcelMark(code)) for code in parcel["marks"]]
    for told in (*marks, *(tell_paper(ParcelPaper(code)) for code in parcel["papers"])):
        print(f"  {say(told, language)}")
    placements = [
        Placement(one["sku"], one["units"], tuple(one["at_mm"]), tuple(one["edges_mm"])) for one in parcel["placements"]
    ]
    for height, rows in layers_of(placements, (room[0], room[1], room[2])):
        named = {letter for row in rows for letter in row} - {"."}
        print(f"  {height} mm up: " + ", ".join(_named(letter, placements) for letter in sorted(named)))
        print("\n".join(f"    |{row}|" for row in rows))


def _named(letter: str, placements: list[Placement]) -> str:
    at = LETTERS.find(letter)
    if at < 0:
        return "* more"
    one = placements[at]
    return f"{letter} {f'{one.units} of ' if one.units > 1 else ''}{one.sku}"
