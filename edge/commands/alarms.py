"""`lanewise alarms`: the alarms of a site as its api process knows them, what came, and what an operator asks of them.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge.commands.api_client import ApiError, ask
from edge.commands.command_line import add_by, who
from edge.commands.spans import add_span, span_query
from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.core.events import AlarmChanged
from edge.core.values.alarm import AlarmAction
from edge.journal.host_time import local
from edge.journal.record import JournalError, decode
from edge.views.alarm_words import of_kind, of_length
from edge.views.words.phrase import note, phrase
from edge.views.words.table import say

_DAY_US = 86_400_000_000
_MEANINGS = {
    AlarmAction.ACKNOWLEDGE: "somebody has seen it",
    AlarmAction.RESET: "a latched alarm is over",
    AlarmAction.SHELVE: "silent for --minutes",
    AlarmAction.UNSHELVE: "back from the shelf now",
    AlarmAction.OUT_OF_SERVICE: "silent until it is put in service",
    AlarmAction.IN_SERVICE: "in service again",
    AlarmAction.TAKE_OVER: "of a PLC that obeys another controller: take it back at once",
    AlarmAction.TAKE_CONFIG: "of config-refused.CONTROLLER: look at its LINE.toml again, take it if it is good",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise alarms`."""
    parser.add_argument("config", type=Path, nargs="?", default=Path("SITE.toml"), metavar="SITE.toml")
    parser.add_argument("--all", action="store_true", help="also those that are normal")
    parser.add_argument("--json", action="store_true", help="one JSON line each")
    parser.add_argument("--history", action="store_true", help="each time that one called people in a span")
    parser.add_argument("--figures", action="store_true", help="which come most in a span, what chatters, what stands")
    add_span(parser, "a day ago")
    parser.add_argument("--line", default="", metavar="LINE", help="of one line")
    parser.add_argument("--kind", default="", metavar="KIND", help="of one kind, as jam")
    parser.add_argument("--priority", default="", metavar="PRIORITY", help="of one priority: high, medium, low")
    parser.add_argument("--csv", action="store_true", help="the list, or the history, as CSV")
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
            ask(site, f"/api/v1/alarms/{quote(alarm, safe='')}/{action}", wish)
            print(f"{alarm}: {action}: asked; its controller does it at once, or says with the list why not")
            return 0
    which = {"line": arguments.line, "kind": arguments.kind, "priority": arguments.priority}
    if arguments.figures:
        del which["kind"]
    if arguments.history or arguments.figures:
        return _past(arguments, site, span_query(arguments, _DAY_US, **which))
    everything = str(arguments.all).lower()
    if arguments.csv:
        sys.stdout.write(ask(site, f"/api/v1/alarms/list.csv?everything={everything}").decode())
        return 0
    for line in (*_troubles(ask(site, "/api/health")), *_lanes_off(site)):
        print(line, file=sys.stderr if arguments.json else sys.stdout)
    asked = urlencode({"everything": everything, **{name: its for name, its in which.items() if its}})
    for line in _lines(ask(site, f"/api/v1/alarms?{asked}"), arguments.json):
        print(line)
    return 0


def _past(arguments: argparse.Namespace, site: SiteConfig, query: str) -> int:
    """What came in a span, or the figures of it."""
    if arguments.history and arguments.csv:
        sys.stdout.write(ask(site, f"/api/v1/alarms/history.csv?{query}").decode())
        return 0
    try:
        found = json.loads(ask(site, f"/api/v1/alarms/{'history' if arguments.history else 'figures'}?{query}"))
        if arguments.history:
            told = found["calls"] if arguments.json else (_call(one, found["until_us"]) for one in found["calls"])
        else:
            told = [found] if arguments.json else _figures(found)
        for one in told:
            print(json.dumps(one, ensure_ascii=False) if arguments.json else one)
        for trouble in found.get("troubles", ()):
            print(f"lanewise: not all is shown: {trouble}", file=sys.stderr)
        return int(bool(found.get("troubles")))
    except (ValueError, LookupError) as error:
        raise ApiError(f"/api/v1/alarms: not what it should be ({error}): is another version running?") from None


def _call(one: dict[str, Any], until_us: int) -> str:
    lasted = say(of_length((one["over_us"] or until_us) - one["came_us"]))
    goes = "" if one["over_us"] else f", {say(phrase('alarms.goes'))}"
    seen = f"acknowledged {local(one['acknowledged_us'])} by {one['by']}" if one["acknowledged_us"] else ""
    more = seen or (f"{one['aside']} by {one['by']}" if one["aside"] and one["by"] else "acknowledged by nobody")
    title = say((of_kind(one["kind"]), *note(one["text"])))
    return f"{local(one['came_us'])}  {one['priority']:<6}  {one['alarm']}: {title}: {lasted}{goes}, {more}"


def _figures(found: dict[str, Any]) -> Iterator[str]:
    begin, end = local(found["from_us"]), local(found["until_us"])
    yield f"{begin} to {end}: {found['count']} alarms, {found['unseen']} of them acknowledged by nobody"
    if found["busiest"]:
        yield f"at most {found['busiest']} in ten minutes, from {local(found['busiest_us'])}"
    for title, rows in (("by kind", found["by_kind"]), ("by device and place", found["by_place"])):
        yield f"{title}:"
        for one in rows:
            lasted = say(of_length(one["lasted_us"]))
            yield f"  {one['count']:>5}  {one['percent']:>5.1f} %  {one['together']:>5.1f} %  {one['name']}  ({lasted})"
    for one in found["chattering"]:
        yield f"chatters: {one['alarm']}: {one['count']} times, up to {one['most']} in a minute"
    for one in found["standing"]:
        yield f"stands: {one['alarm']}: since {local(one['came_us'])}"


def _lanes_off(site: SiteConfig) -> Iterator[str]:
    """The lanes that are off, and who turned them off."""
    try:
        names = {
            (info["layout"]["name"], lane["number"]): lane["name"]
            for info in json.loads(ask(site, "/api/lines"))
            for lane in info["layout"]["lanes"]
        }
        for line, its in json.loads(ask(site, "/api/state"))["lines"].items():
            for lane in its["lanes"]:
                if not lane["disabled"]:
                    continue
                since = local(lane["off_us"]) if lane["off_us"] else "-"
                who = f"turned off by {lane['by']}" if lane["by"] else "not turned off from here"
                number = lane["number"]
                name = names[line, number]
                yield f"{since}  {'off':<25} {'low':<6}  lane {number} ({name}) of {line} is off: {who}"
    except (ValueError, LookupError) as error:
        raise ApiError(f"/api/state: not what it should be ({error}): is another version running?") from None


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
        raise ApiError(f"/api/v1/alarms: not a list of alarms ({error}): is another version running?") from None


def _told(alarm: AlarmChanged) -> str:
    since = local(alarm.since_us or alarm.at_us) if alarm.at_us else "-"
    told = [phrase("alarms.first")] if alarm.first_out else []
    told += [phrase("alarms.because", alarm=alarm.suppressed_by)] if alarm.suppressed_by else []
    told += [phrase("alarms.until", time=local(alarm.until_us))] if alarm.until_us else []
    told += [phrase("alarms.by", name=alarm.by)] if alarm.by else []
    title = say((phrase(f"alarm.{alarm.kind}"), *note(alarm.text)))
    text = f"{since}  {alarm.state:<25} {alarm.priority:<6}  {alarm.alarm}: {', '.join([title, *map(say, told)])}"
    return f"{text}\n    {alarm.consequence} {alarm.action}" if alarm.active else text
