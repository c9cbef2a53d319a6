"""`lanewise site …`: the site store backed up and restored, while everything runs.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.config.load import load_site
from edge.site.copies import Copied, backup, restore


def add_arguments(site: argparse.ArgumentParser) -> None:
    """The commands below `lanewise site`."""
    commands = site.add_subparsers(metavar="COMMAND", required=True)
    for name, command, text in (
        ("backup", _backup, "writes the site store as it is now to a file, also while it is in use"),
        ("restore", _restore, "puts a backup in the place of the site store, also while it is in use"),
    ):
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(command=command)
        made.add_argument("config", type=Path, metavar="SITE.toml")
        made.add_argument("file", type=Path, metavar="FILE", help="the backup")


def _backup(arguments: argparse.Namespace) -> int:
    print(f"{arguments.file}: {_told(backup(load_site(arguments.config).store, arguments.file))}")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    store = load_site(arguments.config).store
    print(f"{store}: {_told(restore(store, arguments.file))}; controllers take all orders again, by themselves")
    return 0


def _told(copied: Copied) -> str:
    return f"{copied.orders} orders, feed up to {copied.newest}, epoch {copied.epoch}"
