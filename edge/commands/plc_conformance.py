"""`lanewise plc conformance`: the rules of a mailbox tried at a PLC, and the report on paper and for programs.

Public names: try_rules, report_text, report_json, chosen_plc, how_reached.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version

from edge.commands.command_line import check_alone
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.plcs import PlcConfig
from edge.config.slow_links import fastest_mm_s
from edge.core.iso_time import iso
from edge.devices.plc_drivers import plc_link
from edge.journal.host_time import now_us
from plc.conformance.check import Belt, ConformanceReport, RuleOutcome, check
from plc.driver import PlcError, PlcLink
from plc.modbus import ModbusLink

TRIPS = 9
LEARNS = 5
HOST_GONE_MS = 500
"""Source: docs/plc-mailbox.md, host_heartbeat."""


def try_rules(arguments: argparse.Namespace) -> int:
    """Tries the rules and reports; 1 = one is broken. Raises OSError."""
    config, name, plc = chosen_plc(arguments)
    if not plc.mailbox:
        raise OSError(f"{arguments.config}: plc.{name}.mailbox: false: there are no rules of a mailbox to try")
    check_alone(arguments, f"plc.{name}", config.journal)
    lines = [line for line in config.line.values() if line.plc == name]
    lanes = sorted({lane.number for line in lines for lane in line.lane} | set(arguments.lane or ()))
    belts = [
        Belt(
            line.induction,
            tuple(lane.number for lane in line.lane),
            line.default_lane,
            line.decision_mm * 1000 // line.speed_mm_s,
        )
        for line in lines
    ]
    if arguments.parcels and not belts:
        raise OSError(f"{arguments.config}: --parcels: plc.{name} drives no line: add [line.NAME], with its lanes")
    began_us = now_us()
    link = plc_link(name, plc)
    trips_ms: list[float] = []

    async def checked() -> ConformanceReport:
        trips_ms.extend(await _trips_ms(link))
        return await check(
            link,
            lanes,
            wrap=arguments.wrap,
            belts=belts,
            parcels_s=arguments.parcels,
            restart_s=arguments.restart,
            say=lambda text: print(f"{name}: {text}", file=sys.stderr, flush=True),
        )

    try:
        report = asyncio.run(checked())
    except PlcError as error:
        raise OSError(str(error)) from None
    found = [f'write = "{link.writes}"'] if isinstance(link, ModbusLink) and link.writes is not None else []
    found += _slow_link(config, name, trips_ms, at_once=link.reads_and_writes_at_once)
    render = report_json if arguments.json else report_text
    text = render(report, name, how_reached(plc), began_us, found)
    if arguments.report is not None:
        arguments.report.write_text(text, encoding="utf-8")
    print(text, end="")
    return 1 if report.failed else 0


async def _trips_ms(link: PlcLink) -> list[float]:
    """How long some looks at the mailbox take, shortest first; a slow way is learned first. Raises PlcError."""
    trips_ms: list[float] = []
    failures = 0
    try:
        while len(trips_ms) < TRIPS:
            try:
                await link.connect()
                while len(trips_ms) < TRIPS:
                    began_s = time.monotonic()
                    await link.read_up()
                    trips_ms.append((time.monotonic() - began_s) * 1000)
            except PlcError:
                failures += 1
                if failures > LEARNS:
                    raise
    finally:
        await link.close()
    return sorted(trips_ms)


def _slow_link(config: LineConfig, name: str, trips_ms: list[float], *, at_once: bool) -> Iterator[str]:
    """What a round trip allows the belts of a PLC."""
    yield f"round trip {trips_ms[len(trips_ms) // 2]:.1f} ms (median), {trips_ms[-1]:.1f} ms (most)"
    for line_name, line in config.line.items():
        if line.plc == name:
            fastest = fastest_mm_s(line, config.plc[name].poll_ms, trips_ms[-1])
            yield f"line.{line_name}: such a link allows up to {fastest} mm/s, it has {line.speed_mm_s} mm/s"
    if trips_ms[-1] * (1 if at_once else 2) > HOST_GONE_MS:
        yield f"too slow for any belt: after {HOST_GONE_MS} ms without a write the PLC takes the host for gone"


def report_text(report: ConformanceReport, name: str, where: str, began_us: int, found: Sequence[str] = ()) -> str:
    """The report on paper, with lines to sign. ``found``: keys of the configuration as the PLC has them."""
    figures = report.figures
    kept, open_ = report.count(RuleOutcome.PASS), report.count(RuleOutcome.UNPROVABLE)
    lines = [
        f"Mailbox: conformance of PLC {name} ({where})",
        f"{iso(began_us)}, Lanewise {version('lanewise')}",
        "",
        f"{len(report.failed)} rule(s) broken, {kept} kept, {open_} that could not be proven",
        "",
    ]
    for verdict in report.verdicts:
        lines.append(f"{verdict.outcome.value.upper():12}  {verdict.rule:16}  {verdict.says}")
        lines += textwrap.wrap(verdict.detail, 100, initial_indent=" " * 32, subsequent_indent=" " * 32)
    lines += [
        "",
        f"session {figures.session}, PackML state {figures.plc_state}",
        f"epoch {figures.epoch_before} before, {figures.epoch_after} after",
        f"{figures.commands} commands, {figures.events} events",
        f"handled after {figures.handled_median_ms} ms (median), {figures.handled_most_ms} ms (most)",
        f"UP seen at least every {figures.cycle_ms} ms",
        *(f"found out: {one}" for one in found),
    ]
    if figures.foreign_events:
        lines.append(f"{len(figures.foreign_events)} event(s) of the floor were acknowledged meanwhile:")
        lines += [f"  {text}" for text in figures.foreign_events]
    blank = "_" * 30
    lines += ["", f"PLC program and version  {blank}", "", f"Name, date, signature    {blank}{blank}"]
    return "\n".join(lines) + "\n"


def report_json(report: ConformanceReport, name: str, where: str, began_us: int, found: Sequence[str] = ()) -> str:
    """The report for programs: one object. ``found``: see report_text."""
    told = {
        "plc": name,
        "where": where,
        "at": iso(began_us),
        "lanewise": version("lanewise"),
        "mailbox_version": 1,
        "broken": [verdict.rule for verdict in report.failed],
        "rules": [asdict(verdict) for verdict in report.verdicts],
        "figures": asdict(report.figures),
        "found": list(found),
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def chosen_plc(arguments: argparse.Namespace) -> tuple[LineConfig, str, PlcConfig]:
    """The line's configuration, and which of its PLCs is meant. Raises OSError, ConfigError."""
    config = load_line(arguments.config, whole=False)
    if not config.plc:
        raise OSError(f"{arguments.config}: plc: missing: there is no PLC, add [plc.NAME]")
    name = arguments.plc or (next(iter(config.plc)) if len(config.plc) == 1 else "")
    if name not in config.plc:
        said = f"{name!r}: no such PLC" if name else "there are several PLCs: choose one with --plc"
        raise OSError(f"{arguments.config}: {said}, allowed: {', '.join(config.plc)}")
    return config, name, config.plc[name]


def how_reached(plc: PlcConfig) -> str:
    """By what, and where."""
    return f"{'opcua' if plc.driver == 'opcua' else plc.transport.value} {plc.where}"
