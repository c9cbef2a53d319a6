"""Draws faults and counts what came: ``python -m chaos --faults 100 --seed 1``.

A round is a new site in a new folder; ``--round`` gives one of a seed again, which draws the same faults. What was
given in all runs adds up in ``.chaos/counts.json``. The exit status is 1 where something must not be: then the round's
folder stays, with the faults in ``faults.log``, and the command that gives it again is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from random import Random

from chaos.books import Ledger, balanced, both, floor_troubles, read_journal
from chaos.faults import KINDS, Fault, draw
from chaos.page import build
from chaos.site import WITHIN_S, Cluster, GoneWrongError, Site, open_site, preloaded, programs_path, wait_for

KEPT = Path(__file__).resolve().parents[1] / ".chaos"
GOAL = 1_000
AT_ONCE = (1, 2, 4, 6, 8)
DRAINS_S = 240.0
"""The belts run empty, and everything is acknowledged."""
DEVICES = 8
"""PLCs and readers of the example."""
NEVER_SAID = ("Traceback (most recent call last)", "a fault of this program", "Task exception was never retrieved")


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faults", type=int, default=100, help="so many at least (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="another one draws others (default 1)")
    parser.add_argument("--round", type=int, help="this round of the seed alone")
    parser.add_argument("--seconds", type=float, default=90.0, help="of a round's inflow (default 90)")
    parser.add_argument("--rate", type=int, default=3600, help="parcels an hour (default 3600)")
    parser.add_argument("--only", action="append", choices=[*KINDS], default=[], help="this kind, may be given again")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), help="of every round (default: in turn)")
    parser.add_argument("--hosts", type=int, choices=(1, 2), help="of every round on PostgreSQL (default: in turn)")
    given = parser.parse_args()
    os.environ["PATH"] = f"{programs_path()}:/usr/sbin"
    preloaded(build(KEPT))
    counts: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    wrong = 0
    number = given.round or 0
    with ExitStack() as opened:
        cluster: Cluster | None = None
        while True:
            on = given.store or ("sqlite", "postgresql")[number % 2]
            if on == "postgresql" and cluster is None:
                cluster = Cluster(_found, {"fsync": "on", "synchronous_commit": "on"})
                opened.callback(cluster.end)
            good = _round(given, number, on, cluster if on == "postgresql" else None, counts, compared)
            wrong += not good
            if given.round is not None or counts.total() >= given.faults:
                break
            number += 1
    print("\n".join(f"{kind:14}{count:6}" for kind, count in sorted(counts.items())))
    print(", ".join(f"{count:,} {what}" for what, count in compared.items()))
    whole = _add_up(Counter())
    print(f"{counts.total()} faults, {wrong} rounds in which something was wrong; {whole:,} of {GOAL:,} in all runs")
    return 1 if wrong else 0


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: `make peers` installs it")
    return path


def _add_up(counts: Counter[str]) -> int:
    """How many in all runs, with these."""
    path = KEPT / "counts.json"
    known = Counter(json.loads(path.read_text("utf-8")) if path.exists() else {})
    known.update(counts)
    path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    return known.total()


def _round(
    given: argparse.Namespace,
    number: int,
    store: str,
    cluster: Cluster | None,
    counts: Counter[str],
    compared: Counter[str],
) -> bool:
    """Whether all was as it must be."""
    folder = Path(tempfile.mkdtemp(prefix=f"lanewise-chaos-{given.seed}-{number}-"))
    rng = Random(f"{given.seed}/{number}")
    site_of = open_site(
        folder,
        seed=given.seed * 1_000 + number,
        rate=given.rate,
        seconds=given.seconds,
        broker=_found("mosquitto"),
        listens=_found("mosquitto_sub"),
        on_postgres=cluster,
        hosts=1 if cluster is None else given.hosts or 1 + number // 2 % 2,
    )
    begun = time.monotonic()
    given_here: Counter[str] = Counter()
    try:
        with site_of as site:
            round_ = _Round(site, rng, frozenset(given.only), given_here)
            try:
                compared.update(round_.run())
            except GoneWrongError as why:
                (folder / "wrong.txt").write_text(f"{why}\n\n{site.logs()}\n", encoding="utf-8")
                raise
    except GoneWrongError as why:
        print(f"round {number} on {store}, fault {given_here.total()}: {why}")
        only = "".join(f" --only {kind!r}" for kind in given.only)
        hosts = f" --hosts {given.hosts}" if given.hosts else ""
        again = f"python -m chaos --seed {given.seed} --round {number} --store {store}{hosts}{only}"
        print(f"  it stays in {folder}; again: {again}", flush=True)
        return False
    finally:
        counts.update(given_here)
        _add_up(given_here)
    took = time.monotonic() - begun
    print(f"round {number} on {store}: {given_here.total()} faults in {took:.0f} s, all books balance", flush=True)
    shutil.rmtree(folder)
    return True


class _Round:
    """One site from its beginning until its books are compared."""

    def __init__(self, site: Site, rng: Random, only: frozenset[str], counts: Counter[str]) -> None:
        self._site, self._rng, self._only, self._counts = site, rng, only, counts
        self._ledgers = {run: Ledger(shared=len(site.hosts) > 1) for run in site.configs}
        self._seen: dict[str, int] = {}
        self._told = (site.folder / "faults.log").open("w", encoding="utf-8", buffering=1)
        self._begun = time.monotonic()

    def run(self) -> dict[str, int]:
        """How much of what was compared. Raises GoneWrongError."""
        site = self._site
        with self._told:
            wait_for(lambda: site.floor_s >= 1, lambda: f"the belts do not move\n{site.logs()}")
            self._good((), ())
            while not self._ending:
                self._group()
            self._say("the belts run empty")
            wait_for(lambda: site.running["sim"].status is not None, lambda: "the floor does not end", DRAINS_S)
            if status := site.running["sim"].status:
                raise GoneWrongError(f"the floor ended with {status}")
            return balanced(site, self._ledgers)

    @property
    def _ending(self) -> bool:
        return self._site.running["sim"].status is not None or self._site.floor_s >= self._site.seconds

    def _group(self) -> None:
        """Some faults side by side, and then all is well again."""
        drawn = [draw(self._rng, self._site, self._only) for _ in range(self._rng.choice(AT_ONCE))]
        group = list({fault.target: fault for fault in drawn}.values())
        whole = {name for fault in group for name in fault.others}
        group = [fault for fault in group if fault.target not in whole]
        begun = time.monotonic()
        for fault in group:
            self._say(f"begins: {fault}")
            self._counts[fault.kind] += 1
            fault.begin()
        for fault in sorted(group, key=lambda one: one.lasts_s):
            time.sleep(max(0.0, begun + fault.lasts_s - time.monotonic()))
            fault.end()
            self._say(f"over: {fault}")
        self._good(tuple(group), tuple(fault.target for fault in group if fault.may_end))

    def _good(self, group: tuple[Fault, ...], may_end: tuple[str, ...]) -> None:
        """Waits until everybody is there again, and looks at what must not be. Raises GoneWrongError."""
        site = self._site

        def there() -> bool:
            for name, one in site.running.items():
                if (status := one.status) is None:
                    continue
                if name in may_end:
                    self._say(f"{name} ended with {status}, and is begun again")
                    one.start()
                elif name != "sim" or status:
                    raise GoneWrongError(f"{name} ended with {status}")
            answer = all(site.numbers(name) for name in (*site.configs, "publish"))
            read = all(read_journal(config, self._ledgers[run]) for run, config in site.configs.items())
            return answer and read and self._devices() and self._healthy()

        told = ", ".join(map(str, group))
        wait_for(there, lambda: f"not all is there again after {told}: {self._missing()}", WITHIN_S)
        self._say("all there")
        self._logs(bool(may_end))
        told_wrong = [trouble for ledger in self._ledgers.values() for trouble in ledger.troubles]
        if troubles := told_wrong + both(list(self._ledgers.values())) + floor_troubles(site):
            raise GoneWrongError(f"after {told}: {'; '.join(troubles)}")

    def _leads(self) -> Ledger | None:
        """The journal of the controller that commands."""
        leads = self._site.leads()
        return None if leads < 0 else list(self._ledgers.values())[leads]

    def _devices(self) -> bool:
        if self._site.running["sim"].status is not None:
            return True
        if (ledger := self._leads()) is None:
            return False
        known = {name: up for name, up in ledger.up.items() if name.startswith(("plc.", "reader."))}
        return len(known) == DEVICES and all(known.values())

    def _healthy(self) -> bool:
        with suppress(OSError, HTTPException, ValueError):
            return all(self._site.ask("/api/health", host[1])["ok"] for host in self._site.hosts)
        return False

    def _missing(self) -> str:
        ledger = self._leads()
        away = ["who commands"] if ledger is None else [name for name, up in ledger.up.items() if not up]
        health: list[object] = []
        for _, api, *_ in self._site.hosts:
            with suppress(OSError, HTTPException, ValueError):
                health.append(self._site.ask("/api/health", api))
        return f"away: {', '.join(away) or 'nothing'}; health: {health or 'no answer'}"

    def _logs(self, forgiven: bool) -> None:
        """No log of ours speaks of a fault of the program, unless its memory was taken."""
        for name in self._site.ours:
            text = self._site.running[name].log.read_text(errors="replace")
            new, self._seen[name] = text[self._seen.get(name, 0) :], len(text)
            said = [line for line in new.splitlines() if any(word in line for word in NEVER_SAID)]
            if said and not forgiven:
                raise GoneWrongError(f"{name} says {said[0]!r}")

    def _say(self, text: str) -> None:
        self._told.write(f"{time.monotonic() - self._begun:8.2f} {self._site.floor_s:5.0f}  {text}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
