"""`lanewise alarms`: the alarms of a site as its api process knows them, and what an operator asks of them.

Public names: add_arguments, main, DeskError.
"""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from edge.config import SiteConfig, load_site
from edge.journal import JournalError, decode
from edge.line.alarm_rules import AlarmAction
from edge.line.events import AlarmChanged
from edge.sentences import ALARM_TITLES

_TIMEOUT_S = 10
_REACHED = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]", "::1": "[::1]"}  # noqa: S104  listened on, not by us
_MEANINGS = {
    AlarmAction.ACKNOWLEDGE: "somebody has seen it",
    AlarmAction.RESET: "a latched alarm is over",
    AlarmAction.SHELVE: "silent for --minutes",
    AlarmAction.UNSHELVE: "back from the shelf now",
    AlarmAction.OUT_OF_SERVICE: "silent until it is put in service",
    AlarmAction.IN_SERVICE: "in service again",
}


class DeskError(OSError):
    """The api process cannot be asked, or refuses. The text says where, why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise alarms`."""
    parser.add_argument("config", type=Path, nargs="?", default=Path("SITE.toml"), metavar="SITE.toml")
    parser.add_argument("--all", action="store_true", help="also those that are normal")
    parser.add_argument("--json", action="store_true", help="one JSON line each")
    wishes = parser.add_mutually_exclusive_group()
    for action, meaning in _MEANINGS.items():
        wishes.add_argument(f"--{action}", dest=action.name, metavar="ALARM", help=meaning)
    parser.add_argument("--minutes", type=int, default=30, metavar="N", help="how long to shelve (default: 30)")
    parser.add_argument("--by", metavar="NAME", help="who asks (default: the user's name)")
    parser.add_argument("--comment", default="", metavar="TEXT", help="goes into the journal with the request")


def main(arguments: argparse.Namespace) -> int:
    """Lists the alarms, or passes one request on. Returns the exit status; raises DeskError."""
    site = load_site(arguments.config)
    for action in AlarmAction:
        alarm: str | None = getattr(arguments, action.name)
        if alarm is not None:
            wish: dict[str, str | int] = {"by": arguments.by or getpass.getuser(), "comment": arguments.comment}
            if action is AlarmAction.SHELVE:
                wish["minutes"] = arguments.minutes
            _ask(site, f"/api/alarms/{quote(alarm, safe='')}/{action}", wish)
            print(f"{alarm}: {action}: asked; its controller does it at once, or says with the list why not")
            return 0
    for line in _lines(_ask(site, f"/api/alarms?everything={str(arguments.all).lower()}"), arguments.json):
        print(line)
    return 0


def _lines(answer: bytes, as_json: bool) -> Iterator[str]:
    try:
        for item in json.loads(answer):
            body = json.dumps(item, ensure_ascii=False)
            alarm = decode(AlarmChanged.__name__, body)
            assert isinstance(alarm, AlarmChanged)
            yield body if as_json else _told(alarm)
    except (ValueError, JournalError) as error:
        raise DeskError(f"/api/alarms: not a list of alarms ({error}): is another version running?") from None


def _ask(site: SiteConfig, path: str, wish: dict[str, str | int] | None = None) -> bytes:
    """The answer's body. Raises DeskError, also for a token file that cannot be read."""
    host, _, port = site.listen.rpartition(":")
    url = f"http://{_REACHED.get(host, host)}:{port}{path}"
    headers = {"Content-Type": "application/json"}
    if site.token_file is not None:
        headers["Authorization"] = f"Bearer {site.token_file.read_text(encoding='utf-8').strip()}"
    body = None if wish is None else json.dumps(wish).encode()
    request = Request(url, body, headers)
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  as above
            told: bytes = answer.read()
            return told
    except HTTPError as error:
        raise DeskError(_problems(error)) from None
    except OSError as error:
        reason = error.reason if isinstance(error, URLError) else error
        why = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        raise DeskError(f"{url}: {why}: is `lanewise api` running?") from None


def _problems(error: HTTPError) -> str:
    try:
        return "; ".join(json.loads(error.read())["problems"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url}: HTTP {error.code}: is that `lanewise api`?"


def _told(alarm: AlarmChanged) -> str:
    since = "-" if not alarm.at_us else _time(alarm.at_us)
    text = f"{since}  {alarm.state:<25} {alarm.priority:<6}  {alarm.alarm}: {ALARM_TITLES[alarm.kind]}"
    text += f" ({alarm.text})" if alarm.text else ""
    text += ", first of its machine" if alarm.first_out else ""
    text += f", because of {alarm.suppressed_by}" if alarm.suppressed_by else ""
    text += f", until {_time(alarm.until_us)}" if alarm.until_us else ""
    text += f", by {alarm.by}" if alarm.by else ""
    return f"{text}\n    {alarm.consequence} {alarm.action}" if alarm.active else text


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
