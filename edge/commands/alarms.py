"""`lanewise alarms`: the alarms of a site as its api process knows them, and what an operator asks of them.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import add_by, who
from edge.config.load import load_site
from edge.core.events import AlarmChanged
from edge.core.values.alarm import AlarmAction
from edge.journal.host_time import local
from edge.journal.record import JournalError, decode
from edge.views.words.phrase import note, phrase
from edge.views.words.table import say

_MEANINGS = {
    AlarmAction.ACKNOWLEDGE: "somebody has seen it",
    AlarmAction.RESET: "a latched alarm is over",
    AlarmAction.SHELVE: "silent for --minutes",
    AlarmAction.UNSHELVE: "back from the shelf now",
    AlarmAction.OUT_OF_SERVICE: "silent until it is put in service",
    AlarmAction.IN_SERVICE: "in service again",
    AlarmAction.TAKE_OVER: "of a PLC that obeys another controller: take it back at once",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise alarms`."""
    parser.add_argument("config", type=Path, nargs="?", default=Path("SITE.toml"), metavar="SITE.toml")
    parser.add_argument("--all", action="store_true", help="also those that are normal")
    parser.add_argument("--json", action="store_true", help="one JSON line each")
    wishes = parser.add_mutually_exclusive_group()
    for action, meaning in _MEANINGS.items():
        wishes.add_argument(f"--{action}", dest=action.name, metavar="ALARM", help=meaning)
    parser.add_argument("--minutes", type=int, default=30, metavar="N", help="how long to shelve (default: 30)")
    add_by(parser)
    parser.add_argument("--comment", default="", metavar="TEXT", help="goes into the journal with the request")


def main(arguments: argparse.Namespace) -> int:
    """Lists the alarms, or passes one request on. Returns the exit status; raises ApiError."""
    site = load_site(arguments.config)
    for action in AlarmAction:
        alarm: str | None = getattr(arguments, action.name)
        if alarm is not None:
            wish: dict[str, str | int] = {"by": who(arguments), "comment": arguments.comment}
            if action is AlarmAction.SHELVE:
                wish["minutes"] = arguments.minutes
            ask(site, f"/api/alarms/{quote(alarm, safe='')}/{action}", wish)
            print(f"{alarm}: {action}: asked; its controller does it at once, or says with the list why not")
            return 0
    for line in _troubles(ask(site, "/api/health")):
        print(line, file=sys.stderr if arguments.json else sys.stdout)
    for line in _lines(ask(site, f"/api/alarms?everything={str(arguments.all).lower()}"), arguments.json):
        print(line)
    return 0


def _troubles(answer: bytes) -> Iterator[str]:
    """What is known without the journals, in which the alarms stand."""
    try:
        for its in json.loads(answer).get("troubles", ()):
            since = local(its["since_us"]) if its["since_us"] else "-"
            yield f"{since}  {'now':<25} {'high':<6}  {its['text']}\n    {its['advice']}"
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ApiError(f"/api/health: not what it should be ({error}): is another version running?") from None


def _lines(answer: bytes, as_json: bool) -> Iterator[str]:
    try:
        for item in json.loads(answer):
            body = json.dumps(item, ensure_ascii=False)
            alarm = decode(AlarmChanged.__name__, body)
            assert isinstance(alarm, AlarmChanged)
            yield body if as_json else _told(alarm)
    except (ValueError, JournalError) as error:
        raise ApiError(f"/api/alarms: not a list of alarms ({error}): is another version running?") from None


def _told(alarm: AlarmChanged) -> str:
    since = "-" if not alarm.at_us else local(alarm.at_us)
    told = [phrase("alarms.first")] if alarm.first_out else []
    told += [phrase("alarms.because", alarm=alarm.suppressed_by)] if alarm.suppressed_by else []
    told += [phrase("alarms.until", time=local(alarm.until_us))] if alarm.until_us else []
    told += [phrase("alarms.by", name=alarm.by)] if alarm.by else []
    title = say((phrase(f"alarm.{alarm.kind}"), *note(alarm.text)))
    text = f"{since}  {alarm.state:<25} {alarm.priority:<6}  {alarm.alarm}: {', '.join([title, *map(say, told)])}"
    return f"{text}\n    {alarm.consequence} {alarm.action}" if alarm.active else text
