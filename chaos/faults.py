"""What goes wrong: faults that a seed draws, each with its beginning and its end.

Public names: Fault, KINDS, draw.
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from chaos.links import Way
from chaos.page import Flaw
from chaos.site import GoneWrongError, Running, Site, begin
from edge.sim.control import tell
from edge.site.leases import Leases
from plc.simulated_faults import PlcFault
from rfid.llrp_device.simulator import ReaderFault

_DAY_NS = 86_400_000_000_000
_PLCS = ("tote1", "tote2", "sorter")
_READERS = (*_PLCS, "dock1", "dock2")
_EYE = 11
_TIGHT_BYTES = 4 << 20
"""Above what a process has, where its memory is limited."""
_BAD = 'controller = "edge1"\nthis is no TOML\n'
_REFUSED = 2
"""How a second controller on a journal ends."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``target``, ``others``: who must not have another one meanwhile. ``may_end``: the process may end of it, and is
    begun again. ``lasts_s``: between ``begin`` and ``end``.
    """

    kind: str
    target: str
    what: str
    lasts_s: float
    begin: Callable[[], None]
    end: Callable[[], None] = lambda: None
    may_end: bool = False
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.target}{f' {self.what}' if self.what else ''}, {self.lasts_s:.1f} s"


def draw(rng: Random, site: Site, only: frozenset[str]) -> Fault:
    """The next one of these kinds; empty = of all."""
    names = [name for name in KINDS if not only or name in only]
    (kind,) = rng.choices(names, [KINDS[name][0] for name in names])
    return KINDS[kind][1](rng, site)


def _lasts_s(rng: Random) -> float:
    """Mostly short, so that much happens; sometimes longer than anybody waits for an answer."""
    return rng.uniform(*rng.choice(((0.05, 0.8), (0.2, 1.5), (1.0, 5.0))))


# ---- processes -------------------------------------------------------------------------------------------------------


def _kill(rng: Random, site: Site) -> Fault:
    one = site.running[rng.choice(site.ours)]
    return Fault(
        "kill", one.name, "", rng.uniform(0.0, 1.5), lambda: _ends(one, signal.SIGKILL, -signal.SIGKILL), one.start
    )


def _term(rng: Random, site: Site) -> Fault:
    one = site.running[rng.choice(site.ours)]
    number = rng.choice((signal.SIGTERM, signal.SIGINT))
    return Fault("stop", one.name, number.name, rng.uniform(0.0, 1.0), lambda: _ends(one, number, 0), one.start)


def _ends(one: Running, number: int, status: int) -> None:
    if (found := one.end(number)) != status:
        raise GoneWrongError(f"{one.name} ended with {found} at signal {number}, not with {status}")


def _freeze(rng: Random, site: Site) -> Fault:
    one = site.running[rng.choice((*site.ours, "sim"))]
    return Fault(
        "freeze", one.name, "", _lasts_s(rng), lambda: one.signal(signal.SIGSTOP), lambda: one.signal(signal.SIGCONT)
    )


def _host(rng: Random, site: Site) -> Fault:
    """Of two hosts one dies or stands still as a whole, or is asked to hand over; of one, a process is killed."""
    if len(site.hosts) == 1:
        return _kill(rng, site)
    names = rng.choice(site.hosts)
    ones = [site.running[name] for name in names]
    way = rng.choice(("killed", "frozen", "handed over"))
    lasts_s = rng.uniform(*rng.choice(((0.2, 1.5), (1.0, 8.0))))

    def signals(number: int) -> None:
        for one in ones:
            one.signal(number)

    def killed() -> None:
        for one in ones:
            _ends(one, signal.SIGKILL, -signal.SIGKILL)

    def started() -> None:
        for one in ones:
            one.start()

    match way:
        case "killed":
            return Fault("host", "host", f"{names[0]} {way}", lasts_s, killed, started, others=names)
        case "frozen":
            stops, goes = partial(signals, signal.SIGSTOP), partial(signals, signal.SIGCONT)
            return Fault("host", "host", f"{names[0]} {way}", lasts_s, stops, goes, others=names)
        case _:
            return Fault("host", "host", way, 0.0, partial(_asks, site))


def _asks(site: Site) -> None:
    standby = site.config.standby
    assert standby is not None
    with suppress(OSError), closing(Leases(standby.store, standby.lease, own=False)) as leases:
        leases.ask_hand_over()


def _signals(rng: Random, site: Site) -> Fault:
    """SIGHUP in a burst, with the file good and bad in turn, and good at the end."""
    one = site.running[rng.choice(site.ours)]
    end = "-b" if one.name.endswith("-b") else ""
    file = site.folder / f"{'SITE' if one.name.startswith('api') else 'LINE'}{end}.toml"
    good = file.read_text(encoding="utf-8")
    count = rng.randrange(2, 30)

    def burst() -> None:
        for number in range(count):
            file.write_text(_BAD if number % 2 else good, encoding="utf-8")
            one.signal(signal.SIGHUP)
            time.sleep(rng.uniform(0.0, 0.05))
        file.write_text(good, encoding="utf-8")
        one.signal(signal.SIGHUP)

    return Fault("signals", one.name, f"{count} SIGHUP", 0.0, burst)


def _second(rng: Random, site: Site) -> Fault:
    """Another controller on the same journal is refused, and changes nothing."""

    def begun() -> None:
        log = site.folder / "log" / "second.log"
        process = begin(site.folder, "run", "LINE.toml", out=log, err=log)
        process.join(60)
        if process.exitcode != _REFUSED:
            process.kill()
            raise GoneWrongError(f"a second controller on the journal ended with {process.exitcode}: {log.read_text()}")

    return Fault("second", "run", "", 0.0, begun)


def _memory(rng: Random, site: Site) -> Fault:
    one = site.running[rng.choice(site.ours)]
    more = rng.randrange(0, _TIGHT_BYTES)

    def tight() -> None:
        with suppress(OSError):
            pages = int(Path(f"/proc/{one.pid}/statm").read_text(encoding="ascii").split()[0])
            limit = pages * resource.getpagesize() + more
            resource.prlimit(one.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def roomy() -> None:
        with suppress(OSError):
            resource.prlimit(one.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return Fault("memory", one.name, f"{more >> 10} KiB left", _lasts_s(rng), tight, roomy, may_end=True)


# ---- disks and clocks ------------------------------------------------------------------------------------------------


def _disk(flaw: Flaw) -> Callable[[Random, Site], Fault]:
    def drawn(rng: Random, site: Site) -> Fault:
        one = site.running[rng.choice(site.ours)]
        return Fault(
            f"disk {flaw.name.lower()}",
            one.name,
            "",
            _lasts_s(rng),
            lambda: one.page.disk(flaw, True),
            lambda: one.page.disk(flaw, False),
        )

    return drawn


def _clock(rng: Random, site: Site) -> Fault:
    """A clock is set, and set right again."""
    one = site.running[rng.choice(site.ours)]
    ahead_ns = rng.choice((-1, 1)) * rng.choice(
        (rng.randrange(1_000_000, 2_000_000_000), rng.randrange(2_000_000_000, 7_200_000_000_000), _DAY_NS)
    )
    return Fault(
        "clock",
        one.name,
        f"{ahead_ns / 1e9:+.3f} s",
        _lasts_s(rng),
        lambda: one.page.clock(ahead_ns),
        lambda: one.page.clock(0),
    )


# ---- what is between, and whom they talk to --------------------------------------------------------------------------


def _link(rng: Random, site: Site) -> Fault:
    name = rng.choice(site.links.names)
    way = rng.choice(tuple(Way))
    slow_s = rng.choice((0.005, 0.03, 0.2, 1.0)) if way is Way.SLOW else 0.0
    what = f"{way} {slow_s * 1000:.0f} ms" if slow_s else str(way)
    return Fault(
        "link",
        f"link.{name}",
        what,
        _lasts_s(rng),
        lambda: site.links.begin(name, way, slow_s),
        lambda: site.links.over(name),
    )


def _store(rng: Random, site: Site) -> Fault:
    """The store is away: another program keeps SQLite's lock; PostgreSQL stands still, or dies."""
    lasts_s = _lasts_s(rng)
    server = site.on_postgres
    if server is None:
        held: list[sqlite3.Connection] = []
        return Fault("store", "store", "locked", lasts_s, lambda: held.append(_locked(site)), lambda: _free(held.pop()))
    if rng.random() < 0.5:
        return Fault("store", "store", "killed", lasts_s, lambda: server.stop(signal.SIGQUIT), server.start)
    return Fault("store", "store", "ended", lasts_s, lambda: server.stop(signal.SIGINT), server.start)


def _locked(site: Site) -> sqlite3.Connection:
    db = sqlite3.connect(site.folder / "var" / "site.sqlite", timeout=60, isolation_level=None)
    with suppress(sqlite3.OperationalError):  # it is busy for so long: then that was it
        db.execute("BEGIN EXCLUSIVE")
    return db


def _free(db: sqlite3.Connection) -> None:
    with closing(db):
        if db.in_transaction:
            db.execute("ROLLBACK")


def _broker(rng: Random, site: Site) -> Fault:
    way = rng.choice(("killed", "ended", "frozen"))
    lasts_s = _lasts_s(rng)
    if way == "frozen":
        return Fault(
            "broker",
            "broker",
            way,
            lasts_s,
            lambda: site.broker.signal(signal.SIGSTOP),
            lambda: site.broker.signal(signal.SIGCONT),
        )
    ends = site.broker.kill if way == "killed" else site.broker.stop
    return Fault("broker", "broker", way, lasts_s, ends, lambda: _started(site))


def _started(site: Site) -> None:
    site.broker.start()


def _influx(rng: Random, site: Site) -> Fault:
    """InfluxDB has no time: 503, or answers that come late."""
    door = site.influx
    delay_s = rng.choice((0.0, 0.3, 2.0))

    def begun() -> None:
        door.closed, door.delay_s = not delay_s, delay_s

    def over() -> None:
        door.closed, door.delay_s = False, 0.0

    return Fault("influx", "influx", f"{delay_s:.1f} s late" if delay_s else "503", _lasts_s(rng), begun, over)


# ---- the floor's devices ---------------------------------------------------------------------------------------------

_ONCE = (PlcFault.RESET, PlcFault.RESTART)
_PLC_FAULTS = tuple(fault for fault in PlcFault if fault is not PlcFault.EMERGENCY_STOP)  # nothing would move
_PLC_AMOUNTS: Mapping[PlcFault, tuple[int, ...]] = {
    PlcFault.SLOW: (20, 100, 400),
    PlcFault.TWICE: (5, 20, 200),
    PlcFault.LATE: (10, 50, 300),
    PlcFault.TORN: (1, 3, 20),
    PlcFault.JAM: (_EYE,),
    PlcFault.LANE_FULL: (1, 2, 3),
}
_READER_AMOUNTS: Mapping[ReaderFault, tuple[int, ...]] = {
    ReaderFault.GARBAGE: (1, 100, 5_000),
    ReaderFault.SLOW: (50, 2_000),
    ReaderFault.CLOCK_JUMP: (-3_600_000, -200, 200, 86_400_000),
    ReaderFault.FLOOD: (300, 2_000),
}


def _plc(rng: Random, site: Site) -> Fault:
    fault = rng.choice(_PLC_FAULTS)
    return _device(rng, site, "plc", rng.choice(_PLCS), fault, _PLC_AMOUNTS.get(fault, ()))


def _reader(rng: Random, site: Site) -> Fault:
    fault = rng.choice(tuple(ReaderFault))
    return _device(rng, site, "reader", rng.choice(_READERS), fault, _READER_AMOUNTS.get(fault, ()))


def _device(
    rng: Random, site: Site, kind: str, name: str, fault: PlcFault | ReaderFault, amounts: tuple[int, ...]
) -> Fault:
    device = f"{kind}.{name}"
    what = f"{fault}={rng.choice(amounts)}" if amounts else str(fault)
    lasts_s = _lasts_s(rng)
    return Fault(
        kind, device, what, lasts_s, lambda: _order(site, f"{device}:{what}"), lambda: _order(site, f"{device}:mend")
    )


def _order(site: Site, order: str) -> None:
    with suppress(OSError):  # the floor has run empty meanwhile
        for _, answer in tell(site.control, [order]):
            if answer != "ok":
                raise GoneWrongError(f"the floor refuses {order}: {answer}")


KINDS: Mapping[str, tuple[float, Callable[[Random, Site], Fault]]] = {
    "kill": (2, _kill),
    "stop": (1, _term),
    "freeze": (2, _freeze),
    "host": (1.5, _host),
    "signals": (1, _signals),
    "second": (0.3, _second),
    "memory": (1, _memory),
    "disk full": (1, _disk(Flaw.FULL)),
    "disk held": (1, _disk(Flaw.HELD)),
    "disk failing": (1, _disk(Flaw.FAILING)),
    "clock": (1.5, _clock),
    "link": (4, _link),
    "store": (1, _store),
    "broker": (0.7, _broker),
    "influx": (0.7, _influx),
    "plc": (3, _plc),
    "reader": (3, _reader),
}
"""By name how often it is drawn, against the others, and what draws it."""
