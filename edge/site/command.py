"""`lanewise site …`: a site begun, its store backed up, restored, brought up to this version, and persons in it.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.config.load import load_controllers, load_site
from edge.journal.host_time import now_us
from edge.orders.sales import Consignee
from edge.site.begin import add_begin_arguments
from edge.site.certify import add_cert_arguments
from edge.site.copies import Copied, backup, begin_anew, restore
from edge.site.engine import StoreError, named, sqlite_file
from edge.site.keeping import told
from edge.site.outlook import outlook
from edge.site.schema import upgrade
from edge.site.store import SiteStore
from edge.site.whole_copies import back_up, bring_back


def add_arguments(site: argparse.ArgumentParser) -> None:
    """The commands below `lanewise site`."""
    commands = site.add_subparsers(metavar="COMMAND", required=True)
    made = commands.add_parser(
        "init",
        help="asks what a site is, and writes its first configuration",
        description="Asks what a site is, and writes a checked LINE.toml and SITE.toml and the list of its units.",
        epilog="On no terminal it asks nothing: what neither --answers nor an option says keeps its default.",
    )
    add_begin_arguments(made)
    made = commands.add_parser(
        "cert",
        help="a certificate authority of the site's own, and the api's certificate by it",
        description="Makes a certificate authority of the site's own, and the api's certificate by it, anew each time.",
    )
    add_cert_arguments(made)
    for name, command, text in (
        ("backup", _backup, "writes the site store to a file, or the whole site to a folder, also while it is in use"),
        (
            "restore",
            _restore,
            "puts a backup of the store in its place, also while it is in use; or of a site, what is gone",
        ),
    ):
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(command=command)
        made.add_argument("config", type=Path, metavar="SITE.toml")
        made.add_argument("file", metavar="FILE|FOLDER/", help="the store alone, or with all else that a site has")
    made = commands.add_parser(
        "upgrade",
        help="brings the site store up to this version; no api may run",
        description="Brings the site store up to this version, all of it or nothing; no api of the site may run.",
    )
    made.set_defaults(command=_upgrade)
    made.add_argument("config", type=Path, metavar="SITE.toml")
    made.add_argument("--dry-run", action="store_true", help="only says what it would do, tried on a copy")
    made.add_argument("--backup", type=Path, metavar="FILE", help="before it changes a store in SQLite: a copy there")
    made = commands.add_parser(
        "restored",
        help="says that the site store was restored by the tools of its database",
        description="Says that the site store was restored by the tools of its database: its feed begins an epoch.",
    )
    made.set_defaults(command=_restored)
    made.add_argument("config", type=Path, metavar="SITE.toml")
    made = commands.add_parser(
        "person",
        help="shows what is stored of a person, as JSON, or erases it; with SQLite while no api runs",
        description="Shows what is stored of a person, as JSON; or erases it, of all orders that are over.",
    )
    made.set_defaults(command=_person)
    made.add_argument("config", type=Path, metavar="SITE.toml")
    known = made.add_mutually_exclusive_group(required=True)
    known.add_argument(
        "--phone", default="", help="by a phone number, as international as it was given: +886 2 2345 6789"
    )
    known.add_argument("--email", default="", help="by an e-mail address")
    made.add_argument("--erase", action="store_true", help="erases; needs --by and --reason")
    made.add_argument("--by", default="", help="who says so")
    made.add_argument("--reason", default="", help="and why")


def _person(arguments: argparse.Namespace) -> int:
    if arguments.erase and not (arguments.by.strip() and arguments.reason.strip()):
        raise StoreError("--erase: a name and a reason are needed: --by and --reason")
    config = load_site(arguments.config)
    store = SiteStore(config.store, secret_file=config.secret_file)
    try:
        found = store.persons(Consignee(phone_given=arguments.phone, email=arguments.email))
        if not arguments.erase:
            print(told(found))
            return 0
        kept = store.forget([one.order for one in found], arguments.by, arguments.reason, now_us())
        print(f"erased of {len(found) - len(kept)} orders" + (f"; not over yet: {', '.join(kept)}" if kept else ""))
        return 0
    finally:
        store.close()


def _upgrade(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    store = site.store
    if arguments.dry_run:
        for line in outlook(store, load_controllers(site)):
            print(line, flush=True)
        return 0
    if arguments.backup is not None and sqlite_file(store) is None:
        raise StoreError(f"--backup: {named(store)} is no SQLite file: pg_dump makes one")
    if arguments.backup is not None and upgrade(store, dry_run=True):
        print(f"{arguments.backup}: {_told(backup(store, arguments.backup))}", flush=True)
    steps = upgrade(store, dry_run=False)
    for step in steps:
        print(f"{named(store)}: ran {step.revision}: {step.what}")
    if not steps:
        print(f"{named(store)}: of this version")
    return 0


def _restored(arguments: argparse.Namespace) -> int:
    store = load_site(arguments.config).store
    print(f"{named(store)}: epoch {begin_anew(store)}; controllers take all orders again, by themselves")
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    if _is_folder(arguments.file):
        for line in back_up(arguments.config, Path(arguments.file)):
            print(line, flush=True)
        return 0
    print(f"{arguments.file}: {_told(backup(load_site(arguments.config).store, Path(arguments.file)))}")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    again = "controllers take all orders again, by themselves"
    if _is_folder(arguments.file):
        for line in bring_back(arguments.config, Path(arguments.file)):
            print(line, flush=True)
        print(again)
        return 0
    store = load_site(arguments.config).store
    print(f"{named(store)}: {_told(restore(store, Path(arguments.file)))}; {again}")
    return 0


def _is_folder(named: str) -> bool:
    return named.endswith("/") or Path(named).is_dir()


def _told(copied: Copied) -> str:
    return f"{copied.orders} orders, feed up to {copied.newest}, epoch {copied.epoch}"
