"""`lanewise publish`: every publisher of a LINE.toml or SITE.toml in a thread of its own; and how they stand.

Public names: KINDS, Outlets, open_publisher, add_arguments, main, main_of_site, journal_outlets, outlets_of, publish,
run.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from edge.config.change import InForce, looked_at, name_of
from edge.config.late import loaded
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_line
from edge.config.mqtt import MqttConfig
from edge.config.problem import ConfigError
from edge.journal.host_time import local, now_us
from edge.journal.notify import alive, ready, reloading
from edge.journal.record import JournalError
from edge.journal.source import JournalSource
from edge.journal.stop import told_to_stop
from edge.metrics import Sample, serve
from edge.publish.cursors import (
    STAND_EVERY_S,
    Cursor,
    CursorError,
    Cursors,
    read_cursors,
    read_in_vain,
    read_set_aside,
    read_standings,
    read_too_old,
    trouble_of,
)
from edge.publish.follow import Following, Publisher, TargetDown, TargetFollower
from edge.publish.site_numbers import NumbersRead, SiteNumbers, SiteOutbox

log = logging.getLogger(__name__)

_C = TypeVar("_C", LineConfig, SiteConfig)
Outlets = tuple[tuple[LineConfig, JournalSource], ...]
"""What is published, with the publishers of each; where the first's numbers are shown, there are those of all."""
GIVES_S = 5.0
"""So long deliveries that were given up have to end, when this process does."""
SAY_EVERY_S = 30.0
"""How often the log says what a publisher is busy with."""
KINDS: dict[str, str] = {
    "epcis": "edge.publish.epcis:EpcisPublisher",
    "files": "edge.publish.event_files:EventFiles",
    "influx": "edge.publish.influx:InfluxPublisher",
    "mqtt": "edge.publish.mqtt:open_mqtt",
    "sparkplug": "edge.publish.sparkplug:SparkplugPublisher",
}
"""How each ``kind`` of [publish.NAME] is opened: ``module:function(name, its table, LineConfig) -> Publisher``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise publish`."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="LINE.toml: its journal; SITE.toml: its order flow")
    parser.add_argument("target", nargs="?", default="", metavar="TARGET", help="of --again and --check")
    questions = parser.add_mutually_exclusive_group()
    questions.add_argument("--status", action="store_true", help="say how far each publisher is, and end")
    questions.add_argument("--check", action="store_true", help="write TARGET a point twice, and say if it has it once")
    parser.add_argument(
        "--again",
        action="store_true",
        help="send TARGET its history once more, with --set-aside what it refused",
    )
    parser.add_argument("--since", type=_time, metavar="TIME", help="for --again: from here, as 2026-11-28T06:00:00Z")
    parser.add_argument("--until", type=_time, metavar="TIME", help="for --again: until before here; none = until now")
    questions.add_argument(
        "--set-aside", action="store_true", help="show what the targets refused for good, the newest 100, and end"
    )


def main(arguments: argparse.Namespace) -> int:
    """Publishes until SIGTERM or SIGINT, or answers a question. Raises ConfigError, CursorError, OSError."""
    return publish(arguments, load_line, journal_outlets)


def journal_outlets(config: LineConfig) -> Outlets:
    """What a line publishes: its journal."""
    return ((config, JournalSource(config.journal, config.controller)),)


def main_of_site(
    arguments: argparse.Namespace, read: Callable[[Path], SiteConfig], outlets: Callable[[SiteConfig], Outlets]
) -> int:
    """The same of what a site notes of its order flow, and of its outbox.

    Raises ConfigError, CursorError, OSError.
    """
    if arguments.again:
        raise ConfigError(arguments.config, ["--again: of a LINE.toml only: a site keeps its numbers for two weeks"])
    return publish(arguments, read, outlets)


def outlets_of(site: SiteConfig, read: NumbersRead, told: NumbersRead, mark: Callable[[], str]) -> Outlets:
    """What a site publishes: its numbers, and its outbox; ``mark``: a name that no other store has."""
    config, herald = site.as_publisher(), site.as_herald()
    return ((config, SiteNumbers(config.controller, read)), (herald, SiteOutbox(told, mark)))


def publish(arguments: argparse.Namespace, read: Callable[[Path], _C], outlets: Callable[[_C], Outlets]) -> int:
    """Publishes what sources have until SIGTERM or SIGINT, or answers a question. At SIGHUP the file is read again."""
    config = read(arguments.config)
    both = outlets(config)
    if not any(one.publish for one, _ in both):
        log.warning("%s: no [publish.NAME]: there is nothing to publish to", arguments.config)
    if arguments.again or arguments.check:
        its = next((one for one, _ in both if arguments.target in one.publish), both[0][0])
        return _once(its, arguments)
    if arguments.target:
        raise ConfigError(arguments.config, [f"{arguments.target}: a target is for --again and --check"])
    if arguments.status or arguments.set_aside:
        for one, source in both:
            for line in _status(one, source) if arguments.status else _set_aside(one):
                print(line)
        return 0
    os.nice(10)  # a divert goes before a point
    # A batch is many small values without cycles: looking for cycles among them would take a third of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    tables = [item for one, _ in both for item in one.publish.items()]
    targets = ", ".join(f"{name} ({table.kind})" for name, table in tables) or "nothing"
    print(f"lanewise publish: {arguments.config}: {both[0][0].controller} to {targets}", flush=True)
    stop, over = threading.Event(), threading.Event()
    standing = InForce(name_of(config), now_us())

    def end() -> None:
        stop.set()
        over.set()

    def look_again() -> None:
        nonlocal config
        reloading()
        found = looked_at(arguments.config, read, config, standing, now_us())
        if found is None:
            ready(standing.refused or f"configuration {standing.name}")
        else:
            config = found
            over.set()

    with told_to_stop(end, look_again):
        while True:
            run(both, over, standing)
            over.clear()
            if stop.is_set():
                return 0
            both = outlets(config)


def _once(config: LineConfig, arguments: argparse.Namespace) -> int:
    """Sends something again, or tries a store. Raises ConfigError, JournalError, CursorError."""
    name, table = arguments.target, config.publish.get(arguments.target)
    if problem := _why_not(config, name, arguments):
        raise ConfigError(arguments.config, [problem])
    again = loaded("edge.publish.mqtt_again" if isinstance(table, MqttConfig) else "edge.publish.again")
    told: Iterator[str]
    if arguments.check:
        told = again.check_store(config, name, table)
    elif arguments.set_aside:
        told = again.send_set_aside(config, name, table)
    else:
        told = again.send_history(config, name, table, arguments.since, arguments.until or now_us())
    try:
        for line in told:
            print(line)
    except TargetDown as error:
        print(f"{error}; what was said before is done", file=sys.stderr)
        return 1
    return 0


def _why_not(config: LineConfig, name: str, arguments: argparse.Namespace) -> str:
    """Why that cannot be done with that target; empty = it can."""
    table = config.publish.get(name)
    kinds = ("influx",) if arguments.check else ("epcis", "influx", "mqtt")
    if table is None or table.kind not in kinds:
        there = ", ".join(name for name, its in config.publish.items() if its.kind in kinds) or "none"
        why = (
            "a node of Sparkplug has one connection and tells what is; " if table and table.kind == "sparkplug" else ""
        )
        return f"publish.{name}: {why}a target of kind {' or '.join(map(repr, kinds))} is needed; there are: {there}"
    if arguments.again and not arguments.set_aside and arguments.since is None:
        return "--again: give --since, from when on history is sent again, or --set-aside"
    return ""


def _time(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, as Z or +08:00")
    return int(moment.timestamp() * 1_000_000)


def run(outlets: Outlets, stop: threading.Event, standing: InForce | None = None) -> int:
    """Publishes until ``stop`` what sources have. ``standing``: is shown with it.

    A publisher that a fault of the program ends begins anew.
    """
    config = outlets[0][0]
    cursors = Cursors(config.publish_state)
    publishing = {
        name: TargetFollower(name, its, cursors, partial(open_publisher, name, one))
        for one, its in outlets
        for name in one.publish
    }

    threads = [
        threading.Thread(target=its.run, args=(stop,), name=f"publish-{name}", daemon=True)
        for name, its in publishing.items()
    ]
    try:
        for thread in threads:
            thread.start()
        with serve(config.metrics.publish, lambda: _samples([one.following for one in publishing.values()], standing)):
            ready(f"{len(publishing)} publisher(s)")
            due_s = say_s = 0.0
            while not stop.wait(1.0):
                alive()
                if (now_s := time.monotonic()) >= due_s:
                    due_s = now_s + STAND_EVERY_S
                    standings = [its.standing(now_us()) for its in publishing.values()]
                    with suppress(CursorError):  # whoever delivers says so, and who reads finds the old one
                        cursors.stand(standings)
                    if now_s >= say_s:
                        say_s = now_s + SAY_EVERY_S
                        for one in standings:
                            if one.doing:
                                log.warning("publisher %s: %s", one.publisher, one.doing)
    finally:
        stop.set()
        for its in publishing.values():
            its.give_up()
        until_s = time.monotonic() + GIVES_S
        for thread in threads:  # one that waits for a store whose server says nothing is left: nothing is lost with it
            thread.join(max(0.0, until_s - time.monotonic()))
        with suppress(CursorError):
            cursors.stand([its.standing(now_us()) for its in publishing.values()])
        for _, source in outlets:
            source.close()
        cursors.close()
    return 0


def _samples(followings: Sequence[Following], standing: InForce | None) -> Iterator[Sample]:
    if standing is not None:
        yield from standing.samples()
    for one in followings:
        label = (("publisher", one.publisher),)
        yield Sample("publisher_up", "1 = the newest delivery succeeded", int(not one.trouble), label)
        yield Sample("publisher_backlog", "records not yet delivered", one.backlog, label)
        yield Sample("publisher_records", "records delivered since the start", one.records, label, counts=True)
        yield Sample("publisher_failures", "failed deliveries since the start", one.failures, label, counts=True)
        yield Sample("publisher_set_aside", "points or messages that the target refused, ever", one.set_aside, label)
        for how, count in (("refused", one.requests.refused), ("failed", one.requests.failed)):
            text = "requests that it had no room for, or that ended by a fault of this program"
            yield Sample("publisher_requests_in_vain", text, count, (*label, ("how", how)))


def open_publisher(name: str, config: LineConfig) -> Publisher:
    """The publisher of [publish.NAME]; nothing is connected yet."""
    table = config.publish[name]
    module, _, function = KINDS[table.kind].partition(":")
    made: Publisher = getattr(loaded(module), function)(name, table, config)
    return made


def _status(config: LineConfig, source: JournalSource) -> Iterator[str]:
    newest, node = 0, ""
    with suppress(JournalError):
        reader = source.open()
        newest, node = reader.last(), source.node(reader)
    source.close()
    cursors = {cursor.publisher: cursor for cursor in read_cursors(config.publish_state) if cursor.node == node}
    in_vain, too_old = read_in_vain(config.publish_state), read_too_old(config.publish_state)
    standings = {one.publisher: one for one in read_standings(config.publish_state)}
    for name, table in config.publish.items():
        cursor = cursors.get(name)
        seq = cursor.seq if cursor else 0
        since = f", moved {local(cursor.at_us)}" if cursor else ", never moved"
        aside = cursor.set_aside if cursor else 0
        yield f"{name} ({table.kind}): {seq} of {newest} records, {newest - seq} to go, {aside} set aside{since}"
        if asked := in_vain.get(name):
            why = f": {asked.why}" if asked.why else ""
            yield f"    requests: {asked.refused} without room, {asked.failed} failed, newest {local(asked.at_us)}{why}"
        if name in too_old:
            points, why, at_us = too_old[name]
            yield f"    {points} points were older than its target keeps, newest {local(at_us)}: {why}"
        known = cursor or Cursor(name, node, 0, 0, 0)
        if trouble := trouble_of(known, standings.get(name), newest, now_us()):
            yield f"    {trouble}"
        if (one := standings.get(name)) and one.doing:
            yield f"    {one.doing}"


def _set_aside(config: LineConfig) -> Iterator[str]:
    for name in config.publish:
        for one, at_us in read_set_aside(config.publish_state, name):
            yield f"{local(at_us)} {name}: record {one.seq}: {one.reason}\n    {one.what}"
