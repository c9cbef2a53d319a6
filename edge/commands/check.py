"""`lanewise check`: everything that is wrong with a configuration, and with the files and disks that it names.

Public names: add_arguments, main.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.commands.command_line import is_site
from edge.config.certificates import warnings
from edge.config.label import label_warnings
from edge.config.lines import LineConfig, SiteConfig
from edge.config.problem import ConfigError
from edge.config.remote_io import io_margins
from edge.config.shipping import contract_findings
from edge.config.slow_links import slow_link_margins
from edge.config.surroundings import check_line, check_site, exposed
from edge.config.unheard import unheard_notes
from edge.intake.calendars import CalendarError, local_day
from edge.intake.care import care_rules
from edge.intake.planning import planning_of
from edge.journal.damage import look_for_damage
from edge.journal.disk import free_bytes
from edge.journal.host_time import local, now_us
from edge.journal.sign import shown
from edge.views.troubles import unwritable

_LOOK_S = 10.0
"""How long it looks for damage in each file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise check`."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="LINE.toml or SITE.toml")


def main(arguments: argparse.Namespace) -> int:
    """Says all of it; 0 = good, 1 = something is wrong or damaged."""
    path: Path = arguments.config
    damaged = False
    line: LineConfig | None = None
    site: SiteConfig | None = None
    try:
        if is_site(path):
            site = check_site(path)
            try:
                planning_of(site.service, site.plan, now_us())
            except CalendarError as error:
                raise ConfigError(path, [f"service: {error}"]) from None
            try:
                care_rules(site.team, site.returns, site.care)
            except CalendarError as error:
                raise ConfigError(path, [f"team, returns: {error}"]) from None
            print(f"{path}: good: site {site.site}, {len(site.controller)} controller(s), listens on {site.listen}")
            today = local_day(now_us(), site.plan.time_zone)
            told = [*exposed(site), *label_warnings(site.label), *contract_findings(site.service, today)]
        else:
            line = check_line(path)
            print(
                f"{path}: good: {len(line.line)} line(s), {len(line.plc)} PLC(s), {len(line.reader)} reader(s)"
                + (f", {len(line.dock)} dock door(s)" if line.dock else "")
            )
            for name, plc in line.plc.items():
                if plc.io is not None:
                    (layout,) = (one for one in line.layouts() if one.plc == name)
                    print("\n".join(io_margins(f"{path}: plc.{name}.io", plc.io, layout, plc.poll_ms)))
            for note in (*slow_link_margins(line), *unheard_notes(line)):
                print(f"{path}: {note}")
            told = [*exposed(line), *warnings(line, now_us())]
        for warning in told:
            print(f"{path}: warning: {warning}")
        for text, is_damage in _files_of(line, site):
            damaged = damaged or is_damage
            print(f"{path}: {'' if is_damage else 'warning: '}{text}", file=sys.stderr if is_damage else sys.stdout)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return int(damaged)


def _files_of(line: LineConfig | None, site: SiteConfig | None) -> Iterator[tuple[str, bool]]:
    """What is wrong with the files and disks of a configuration, and whether that is damage."""
    config = line or site
    assert config is not None
    files = line.files() if line is not None else {"store": config.store_file}
    for name, file in files.items():
        if file is None:
            continue
        try:
            if damage := look_for_damage(file, _LOOK_S).damage:
                yield f"{name}: {file}: damaged: {damage}: see file-damaged in docs/alarms.md", True
            free_mb = free_bytes(file) // 1_000_000
        except OSError as error:
            yield f"{name}: {error}", False
            continue
        if free_mb < config.disk.low_mb:
            yield f"{name}: {file.parent}: {free_mb:,} MB are free on its disk, low_mb is {config.disk.low_mb:,}", False
    if line is not None and (sign := shown(line.journal)) is not None and sign.why is not None:
        trouble = unwritable(line.controller, sign.why, sign.since_s * 1_000_000, str(line.journal.parent))
        yield f"{trouble.text}, since {local(trouble.since_us)}. {trouble.advice}", False
