"""`lanewise account …` and `lanewise audit …`: people who sign in, keys of machines, and who did what; in the store.

Public names: add_arguments, add_audit_arguments, beside.

They work beside an api that runs, and without one: for whoever lost the last password. An api hears of it within
seconds.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from edge.config.lines import SiteConfig
from edge.config.load import load_site
from edge.core.iso_time import iso
from edge.core.values.rights import BY_BADGE, Action, Role
from edge.core.values.text import readable
from edge.journal.host_time import now_us
from edge.site import schema
from edge.site.account_rows import AccountError, Made
from edge.site.accounts import Accounts
from edge.site.audit import AuditFilter, AuditRow, check_chain, deeds, head
from edge.site.connections import StoreConnections
from edge.site.engine import StoreError

_ORIGIN = "cli"
_PORTION = 2_000
_Do: TypeAlias = Callable[[Accounts, argparse.Namespace, SiteConfig, str, int], Made | None]


@contextmanager
def beside(url: str, readonly: bool = False) -> Iterator[StoreConnections]:
    """The store of a site, whether or not its api runs. Raises StoreError."""
    at = StoreConnections(url, readonly, beside=True)
    try:
        with at.first() as db:
            trouble = schema.read_trouble(db) if readonly else schema.take(db)
            at.opened()
        if trouble:
            raise StoreError(f"site store {at.name}: {trouble}")
        yield at
    finally:
        at.close()


def add_arguments(account: argparse.ArgumentParser) -> None:
    """The commands below `lanewise account`."""
    commands = account.add_subparsers(metavar="COMMAND", required=True)
    roles, badges = [str(one) for one in Role], ", ".join(sorted(BY_BADGE))

    def command(name: str, text: str, do: _Do, *named: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(command=lambda arguments: _done(do, arguments))
        for one in named:
            made.add_argument(one, metavar=one.upper())
        return _site_of(made)

    listed = commands.add_parser("list", help="the accounts", description="The accounts.")
    listed.set_defaults(command=_list)
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    _site_of(listed)
    add = command(
        "add",
        "adds somebody, with a password for one sign-in",
        lambda its, a, _, by, at_us: its.add(a.name, a.title, Role(a.role), by, _ORIGIN, at_us),
        "name",
    )
    add.add_argument("--role", choices=roles, required=True, help="what they are, see docs/rights.md")
    add.add_argument("--title", default="", help="what people call them (default: the name)")
    role = command(
        "role",
        "gives another role, and ends the sessions",
        lambda its, a, _, by, at_us: its.give_role(a.name, Role(a.role), by, _ORIGIN, at_us),
        "name",
    )
    role.add_argument("role", choices=roles, metavar="ROLE", help=", ".join(roles))
    for name, disabled, text in (
        ("disable", True, "keeps somebody out, and ends the sessions"),
        ("enable", False, "lets somebody in again"),
    ):
        command(
            name,
            text,
            lambda its, a, _, by, at_us, disabled=disabled: its.disable(a.name, disabled, by, _ORIGIN, at_us),  # type: ignore[misc]
            "name",
        )
    command(
        "reset",
        "a new password for one sign-in; ends the sessions and the lock",
        lambda its, a, _, by, at_us: its.reset(a.name, by, _ORIGIN, at_us),
        "name",
    )
    command(
        "badge",
        f"a new badge, to be printed as a barcode; for {badges}",
        lambda its, a, _, by, at_us: its.give_badge(a.name, by, _ORIGIN, at_us),
        "name",
    )
    _add_key_commands(commands)


def _add_key_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    key = commands.add_parser("key", help="keys of machines: list, add, end", description="Keys of machines.")
    below = key.add_subparsers(metavar="COMMAND", required=True)
    listed = below.add_parser("list", help="the keys, without their secrets", description="The keys.")
    listed.set_defaults(command=_list_keys)
    listed.add_argument("--json", action="store_true", help="one JSON line each")
    _site_of(listed)
    add = below.add_parser("add", help="makes a key, shown once", description="Makes a key, which is shown once.")
    add.set_defaults(command=lambda arguments: _done(_add_key, arguments))
    add.add_argument("name", metavar="NAME", help="of the machine or program; who asks, where it asks for something")
    add.add_argument(
        "scope",
        metavar="ACTION",
        nargs="+",
        choices=[str(one) for one in Action],
        help="what it may, see docs/rights.md",
    )
    add.add_argument("--days", type=int, help="that it lasts (default: key_days of SITE.toml)")
    _site_of(add)
    end = below.add_parser("end", help="ends a key", description="Ends a key.")
    end.set_defaults(
        command=lambda arguments: _done(lambda its, a, _, by, at_us: its.end_key(a.id, by, _ORIGIN, at_us), arguments)
    )
    end.add_argument("id", metavar="ID", help="its number, as `key list` says it")
    _site_of(end)


def add_audit_arguments(audit: argparse.ArgumentParser) -> None:
    """The commands below `lanewise audit`."""
    commands = audit.add_subparsers(metavar="COMMAND", required=True)
    for name, run, text in (
        ("list", _list_audit, "the newest rows, one line each"),
        ("export", _export_audit, "all rows as JSON lines, the oldest first, with the hash of each"),
        ("check", _check_audit, "whether each row is as it was written; status 1 = one is not"),
    ):
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(command=run)
        _site_of(made)
        if name == "list":
            made.add_argument("--who", default="", help="only of this account, key or token")
            made.add_argument("--action", default="", help="only this, as login, account, key, lane, order")
            made.add_argument("--outcome", default="", choices=["done", "refused", "failed"], help="only these")
            made.add_argument("--limit", type=int, default=100, metavar="N", help="so many (default: 100)")


def _site_of(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument(
        "--site", type=Path, default=Path("SITE.toml"), metavar="SITE.toml", help="the site (default: SITE.toml)"
    )
    return made


def _done(do: _Do, arguments: argparse.Namespace) -> int:
    config = load_site(arguments.site)
    if config.accounts is None:
        print(f"{arguments.site}: has no [accounts] yet: nobody signs in", file=sys.stderr)
    with beside(config.store) as at:
        try:
            made = do(Accounts(at), arguments, config, _by(), now_us())
        except AccountError as error:
            raise StoreError(str(error)) from None
    if made is not None:
        print(f"{made.name}: {made.secret}")
        print("shown once: it is stored as a hash", file=sys.stderr)
    return 0


def _by() -> str:
    try:
        return f"cli: {getpass.getuser()}"
    except (KeyError, OSError):  # KeyError before Python 3.13
        return "cli"


def _add_key(its: Accounts, arguments: argparse.Namespace, config: SiteConfig, by: str, at_us: int) -> Made:
    longest = 365 if config.accounts is None else config.accounts.key_days
    days: int = longest if arguments.days is None else arguments.days
    if not 1 <= days <= longest:
        raise AccountError(f"--days: {days}: allowed are 1 to {longest}, key_days of SITE.toml")
    return its.add_key(arguments.name, [Action(one) for one in arguments.scope], days, by, _ORIGIN, at_us)


def _list(arguments: argparse.Namespace) -> int:
    with beside(load_site(arguments.site).store, readonly=True) as at:
        found = Accounts(at).all()
    for one in found:
        if arguments.json:
            print(json.dumps(asdict(one)))
            continue
        state = "disabled" if one.disabled else "locked" if one.locked_us > now_us() else ""
        seen = f"seen {iso(one.seen_us)}" if one.seen_us else "never seen"
        print("  ".join(filter(None, (f"{one.name:<20} {one.role:<14}", seen, state, readable(one.title)))))
    return 0


def _list_keys(arguments: argparse.Namespace) -> int:
    with beside(load_site(arguments.site).store, readonly=True) as at:
        found = Accounts(at).keys()
    for one in found:
        if arguments.json:
            print(json.dumps({**asdict(one), "scope": sorted(one.scope)}))
            continue
        used = f"used {iso(one.used_us)}" if one.used_us else "never used"
        over = "over" if one.ends_us <= now_us() else f"until {iso(one.ends_us)}"
        print(f"{one.id}  {one.name:<20} {over}  {used}  {' '.join(sorted(one.scope))}")
    return 0


def _list_audit(arguments: argparse.Namespace) -> int:
    which = AuditFilter(who=arguments.who, action=arguments.action, outcome=arguments.outcome)
    with beside(load_site(arguments.site).store, readonly=True) as at, at.reading() as db:
        for row in reversed(deeds(db, which, max(1, min(arguments.limit, 100_000)))):
            said = (iso(row.at_us), row.who or "-", row.origin, row.action, row.object, row.outcome, row.reason)
            print("  ".join(filter(None, said)))
    return 0


def _export_audit(arguments: argparse.Namespace) -> int:
    with beside(load_site(arguments.site).store, readonly=True) as at:
        for row in _oldest_first(at):
            print(json.dumps({"seq": row.seq, **{key: its for key, its in asdict(row).items() if key != "seq"}}))
    return 0


def _oldest_first(at: StoreConnections) -> Iterator[AuditRow]:
    with at.reading() as db:
        newest, _ = head(db)
    for begin in range(1, newest + 1, _PORTION):
        with at.reading() as db:
            before = min(begin + _PORTION, newest + 1)
            yield from reversed(deeds(db, AuditFilter(before=before), before - begin))


def _check_audit(arguments: argparse.Namespace) -> int:
    with beside(load_site(arguments.site).store, readonly=True) as at, at.reading() as db:
        (rows, newest), broken = head(db), check_chain(db)
    if broken is not None:
        print(f"row {broken.seq}: {broken.what}")
        return 1
    print(f"{rows} rows, each as it was written; the newest hash is {newest}")
    return 0
