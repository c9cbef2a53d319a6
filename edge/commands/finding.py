"""`lanewise find …`: whatever is printed, shown or scanned, what it is, and where it is shown.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
from urllib.parse import urlencode

from edge.commands.api_client import ask
from edge.commands.command_line import add_site
from edge.config.load import load_site


def add_arguments(find: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise find`."""
    find.add_argument("text", nargs="+", metavar="TEXT", help="a number, a part of one, or what a scanner sent")
    add_site(find)
    find.add_argument("--language", choices=("en", "zh-Hant"), default="en", help="of the sentences (default: en)")
    find.add_argument("--json", action="store_true", help="one JSON line each")


def main(arguments: argparse.Namespace) -> int:
    """Prints what was found, what was named whole first; 1 = nothing was."""
    asked = urlencode({"q": " ".join(arguments.text)})
    found = json.loads(ask(load_site(arguments.site), f"/api/v1/search?{asked}"))
    for hit in found["hits"]:
        said = f"{'' if hit['exact'] else '~ '}{hit['said'][arguments.language]}  {hit['address']}"
        print(json.dumps(hit, ensure_ascii=False) if arguments.json else said)
    if found["more"] and not arguments.json:
        print(f"only the first {len(found['hits'])} are shown: type more of it")
    return 0 if found["hits"] else 1
