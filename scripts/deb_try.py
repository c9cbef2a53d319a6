"""Tries the Debian package in a bare Debian 12 with its own systemd: python scripts/deb_try.py [--folder DIR].

Public names: main.

Begun by `lanewise site init`, started by its units, upgraded from 0.1.0 while parcels flow, its store restored from
a backup, removed, purged. Each step is printed with what was seen, and the first that is not as it must be ends it.
Needs root, and Debian's debootstrap and systemd-container.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
OLD = "c5da3ed^"
"""The last commit of version 0.1.0."""
MIRROR = "http://deb.debian.org/debian"
HANGS_S = 300.0
AWAY_S = 5.0
"""So long a line may be away at an upgrade."""
ETC, VAR = "etc/lanewise", "var/lib/lanewise"
UNITS = ("lanewise-run@LINE", "lanewise-api")


class NotSoError(Exception):
    """Something is not as it must be. The text says what."""


class Machine:
    """A Debian that was started in ``root``; ``leader``: its first process."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root, self._leader = root, leader

    def run(self, command: str, *, may_fail: bool = False) -> str:
        """What a shell command said, which must be done."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._leader), "--all", "sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode and not may_fail:
            raise NotSoError(f"{command}: status {done.returncode}\n{done.stdout}")
        return done.stdout.strip()

    def asked(self, sql: str, file: str = "journal.sqlite") -> int:
        """One number from a file in /var/lib/lanewise; 0 while that is not there yet."""
        path = self.root / VAR / file
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as db:
                (found,) = db.execute(sql).fetchone()
        except sqlite3.OperationalError:
            return 0
        return int(found or 0)

    def write(self, path: str, text: str) -> None:
        """A file of root's in the folder of the configuration."""
        (self.root / path).write_text(text, encoding="utf-8")


def step(text: str) -> None:
    print(f"\n== {text}", flush=True)


def seen(text: str) -> None:
    print("\n".join(f"   {line}" for line in text.splitlines()), flush=True)


def until(what: str, so: Callable[[], object]) -> None:
    """Waits for it within a limit that only a hang reaches."""
    end_s = time.monotonic() + HANGS_S
    while not so():
        if time.monotonic() > end_s:
            raise NotSoError(f"{what}: not within {HANGS_S:.0f} s")
        time.sleep(0.2)
    seen(f"{what}: yes")


# ---- what is tried ---------------------------------------------------------------------------------------------------


def begun_anew(machine: Machine, new: str) -> None:
    """A site that begins with this version, and ends with it."""
    step("a bare Debian installs the package")
    seen(machine.run(f"dpkg -i /dist/{new} && lanewise --version"))
    step("a site begins")
    carriers = "--carriers DHL,UPS,FedEx,SF,POST --plc 127.0.0.1:15023 --reader 127.0.0.1:15083"
    seen(machine.run(f"lanewise site init /etc/lanewise {carriers} --line sorter --site demo </dev/null"))
    seen(machine.run(f"! lanewise site init /etc/lanewise {carriers} </dev/null"))
    seen(machine.run("systemd-analyze verify --man=no lanewise-api.service lanewise-run@LINE.service 2>&1"))
    step("its units start, with a simulated floor before them")
    floor(machine)
    machine.run("systemctl enable --quiet --now $(cat /etc/lanewise/units)")
    runs(machine)
    until("parcels are decided", lambda: machine.asked("SELECT count(*) FROM record WHERE kind='RouteDecided'") > 20)
    seen(machine.run("systemctl show -p MainPID,StatusText,NRestarts,WatchdogUSec lanewise-run@LINE"))
    seen(
        machine.run(
            "systemd-analyze security --no-pager lanewise-run@LINE lanewise-api | grep -E 'UNIT|Overall|lanewise'"
        )
    )
    page = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/api/health').read(2000).decode())"
    until("the page answers", lambda: '"ok":true' in machine.run(f'python3 -c "{page}"', may_fail=True))
    until("the store follows", lambda: machine.asked("SELECT count(*) FROM mirror", "site.sqlite"))
    seen(machine.run("ls -l /var/lib/lanewise"))
    if "ERROR" in (said := machine.run("journalctl --no-pager -u 'lanewise-*'")):
        raise NotSoError(said)
    step("a controller that hangs is ended and begins anew")
    before = machine.run("systemctl show --value -p MainPID lanewise-run@LINE")
    machine.run(f"kill -STOP {before}")
    until("begun anew", lambda: machine.run("systemctl show --value -p MainPID lanewise-run@LINE") not in (before, "0"))
    removed(machine)


def upgraded(machine: Machine, old: str, new: str, tree: Path) -> None:
    """A site of 0.1.0 with its journal and store."""
    step("0.1.0 is installed and runs")
    seen(machine.run(f"dpkg -i /dist/{old} && lanewise --version"))
    for name in ("LINE.toml", "SITE.toml"):
        text = (tree / "examples" / "warehouse" / name).read_text(encoding="utf-8")
        machine.write(f"{ETC}/{name}", text.replace('"var/', f'"/{VAR}/').replace("///var/", f"////{VAR}/"))
    machine.run("chgrp lanewise /etc/lanewise/*.toml && chmod 640 /etc/lanewise/*.toml")
    for unit in reversed(UNITS):  # 0.1.0 makes files that only their user writes: the store's first of all by the api
        machine.run(f"systemctl enable --quiet --now {unit}")
        until(f"{unit} listens", lambda: machine.asked("SELECT count(*) FROM sqlite_schema", "site.sqlite"))
    runs(machine)
    floor(machine, "--orders http://127.0.0.1:8000")
    until("parcels are decided", lambda: machine.asked("SELECT count(*) FROM record WHERE kind='RouteDecided'") > 100)
    before = counts(machine)
    seen(told(before))

    step("what the upgrade would do, by the new version from elsewhere")
    machine.run(f"mkdir -p /tmp/new && dpkg-deb -x /dist/{new} /tmp/new")
    python = "PYTHONPATH=/tmp/new/usr/lib/lanewise/lib/python3.11/site-packages python3.11 -P -m edge.cli"
    seen(machine.run(f"{python} site upgrade /etc/lanewise/SITE.toml --dry-run; rm -rf /tmp/new"))

    step("the upgrade, while parcels flow")
    seen(machine.run(f"dpkg -i /dist/{new} && lanewise --version"))
    runs(machine)
    began = machine.asked("SELECT max(seq) FROM record WHERE kind='Started'")
    until(
        "parcels are decided by the new version",
        lambda: machine.asked(f"SELECT count(*) FROM record WHERE kind='RouteDecided' AND seq>{began}") > 50,
    )
    after = counts(machine)
    seen(told(after))
    if lost := [name for name, number in before.items() if after[name] < number]:
        raise NotSoError(f"fewer than before: {', '.join(lost)}")
    away_s = away(machine, began)
    seen(parts_of_away(machine, began))
    load, cores = max(os.getloadavg()), os.cpu_count() or 1
    starts = "import time, edge.cli, edge.controller.controller, edge.site.store; print(round(time.process_time(), 2))"
    needs_s = machine.run(f"/usr/lib/lanewise/bin/python3 -P -c '{starts}'")
    seen(f"the lines were away for {away_s:.2f} s, load {load:.0f} on {cores} cores; a start needs {needs_s} s of them")
    if load > 2 * cores:
        seen(f"not judged by {AWAY_S:.0f} s: others keep this machine busy")
    elif away_s > AWAY_S:
        raise NotSoError(f"allowed are {AWAY_S:.0f} s")
    seen(machine.run("lanewise check /etc/lanewise/SITE.toml"))

    step("backup, store and journal destroyed, restored")
    site = "/etc/lanewise/SITE.toml"
    as_api = "runuser -u lanewise-api -- sh -c"
    seen(machine.run(f"{as_api} 'umask 7; lanewise site backup {site} /{VAR}/backup/'"))
    saved = counts(machine, "backup/site.sqlite")
    machine.run(f"systemctl stop lanewise-api lanewise-run@LINE && rm /{VAR}/site.sqlite* /{VAR}/journal.sqlite*")
    seen(machine.run(f"umask 7; lanewise site restore {site} /{VAR}/backup/"))
    machine.run("systemctl start lanewise-run@LINE lanewise-api")
    back = counts(machine)
    seen(told(back))
    if any(back[name] < saved[name] for name in saved if name != "records of the journal"):
        raise NotSoError("the backup had more")
    until(
        "the line goes on, and follows the restored feed",
        lambda: machine.asked(
            f"SELECT count(*) FROM record WHERE kind='FeedFollowed' AND seq>{back['records of the journal']}"
        ),
    )

    step("the journal, across both versions, derived again")
    machine.run("systemctl stop lanewise-run@LINE lanewise-api floor")
    seen(machine.run("lanewise replay /var/lib/lanewise/journal.sqlite"))
    removed(machine)


def removed(machine: Machine) -> None:
    step("removed: the data stay; purged: they are gone")
    kept = machine.run("ls /var/lib/lanewise /etc/lanewise")
    seen(machine.run("systemctl stop floor 2>/dev/null; dpkg -r lanewise"))
    left = machine.run("ls /var/lib/lanewise /etc/lanewise").split()
    if taken := [name for name in kept.split() if name not in left and not name.endswith(("-wal", "-shm"))]:
        raise NotSoError(f"removal took {', '.join(taken)}")
    seen(machine.run("find /usr/lib/lanewise 2>/dev/null | head -3; systemctl list-units 'lanewise-*' --no-legend"))
    seen(machine.run("dpkg -P lanewise"))
    behind = machine.run(
        "ls -d /etc/lanewise /var/lib/lanewise /var/log/lanewise /usr/lib/lanewise /etc/systemd/system/*/lanewise*"
        " 2>/dev/null;"
        " getent passwd | grep lanewise; getent group | grep lanewise",
        may_fail=True,
    )
    if behind:
        raise NotSoError(f"left behind: {behind}")
    machine.run("systemctl daemon-reload; systemctl reset-failed")
    seen("nothing is left")


def floor(machine: Machine, *words: str) -> None:
    """The simulated floor, in a copy of the package that no upgrade touches."""
    machine.run("rm -rf /opt/floor && cp -a /usr/lib/lanewise /opt/floor && cp -r /etc/lanewise /opt/floor/etc")
    command = f"/opt/floor/bin/python3 -P -m edge.cli sim /opt/floor/etc/LINE.toml --quiet {' '.join(words)}"
    machine.run(f"systemd-run --quiet --unit=floor {command}")


def runs(machine: Machine) -> None:
    """Whether every unit runs, by its own word, and went on without a new start."""
    for unit in UNITS:
        until(f"{unit} runs", lambda unit=unit: machine.run(f"systemctl is-active {unit}", may_fail=True) == "active")


def counts(machine: Machine, store: str = "site.sqlite") -> dict[str, int]:
    """What must not become fewer."""
    return {
        "records of the journal": machine.asked("SELECT count(*) FROM record"),
        "orders of the store": machine.asked("SELECT count(*) FROM orders", store),
        "numbers of its feed": machine.asked("SELECT max(seq) FROM feed", store),
        "records told to the store": machine.asked("SELECT count(*) FROM mirror", store),
    }


def told(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def away(machine: Machine, began: int) -> float:
    """From the last record of the controller of before until all PLCs are up again, in s."""
    stopped = machine.asked(f"SELECT max(at_us) FROM record WHERE seq<{began}")
    plcs = f"kind='DeviceChanged' AND body LIKE '%\"device\":\"plc.%' AND json_extract(body, '$.up') AND seq>{began}"
    until("all PLCs are up", lambda: machine.asked(f"SELECT count(*) FROM record WHERE {plcs}"))
    each = f"SELECT min(at_us) at_us FROM record WHERE {plcs} GROUP BY json_extract(body, '$.device')"
    again = machine.asked(f"SELECT max(at_us) FROM ({each})")
    return (again - stopped) / 1e6


def parts_of_away(machine: Machine, began: int) -> str:
    """Where that time went: the old process ended, the new one imported and took up the journal, asked, decided."""
    monotonic_us = int(machine.run("systemctl show --value -p ExecMainStartTimestampMonotonic lanewise-run@LINE"))
    answered = machine.asked(f"SELECT min(seq) FROM record WHERE kind='PlcConnected' AND seq>{began}")
    decided = f"kind='RouteDecided' AND seq>{answered}"
    marks = {
        "": machine.asked(f"SELECT max(at_us) FROM record WHERE seq<{began}"),
        "until the new process began": int((time.time() - time.monotonic()) * 1e6) + monotonic_us,
        "until it had the journal": machine.asked(f"SELECT at_us FROM record WHERE seq={began}"),
        "until a PLC answered": machine.asked(f"SELECT at_us FROM record WHERE seq={answered}"),
        "until a parcel was decided": machine.asked(f"SELECT min(at_us) FROM record WHERE {decided}"),
    }
    times = list(marks.values())
    steps = zip(list(marks)[1:], times, times[1:], strict=False)
    return ", ".join(f"{(after - before) / 1e6:.2f} s {what}" for what, before, after in steps)


# ---- the machine -----------------------------------------------------------------------------------------------------


@contextmanager
def machine_in(root: Path, dist: Path, log: Path) -> Iterator[Machine]:
    """Starts it without a network, and ends it."""
    words = ("--quiet", "--register=no", "--keep-unit", "--private-network", f"--bind-ro={dist}:/dist", "--boot")
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            ["systemd-nspawn", "--directory", str(root), *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            machine = Machine(root, _leader(process, log))
            until(
                "Debian is up",
                lambda: machine.run("systemctl is-system-running", may_fail=True) in ("running", "degraded"),
            )
            yield machine
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(HANGS_S)


def _leader(process: subprocess.Popen[bytes], log: Path) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end_s = time.monotonic() + HANGS_S
    while time.monotonic() < end_s:
        if process.poll() is not None:
            raise NotSoError(f"systemd-nspawn: {log.read_text(encoding='utf-8')}")
        if (found := children.read_text().split()) and Path(f"/proc/{found[0]}/root/run/systemd/system").exists():
            return int(found[0])
        time.sleep(0.2)
    raise NotSoError("systemd-nspawn: does not start")


def base(folder: Path) -> Path:
    """A bare Debian 12 with what the package depends on, made once."""
    root = folder / "base"
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        command = [
            "debootstrap",
            "--variant=minbase",
            "--include=python3,systemd,systemd-sysv",
            "bookworm",
            str(root),
            MIRROR,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (root / "made").touch()
    return root


def package(tree: Path, dist: Path) -> str:
    """The name of the package of a tree, packed for a trial."""
    command = [sys.executable, str(HERE / "scripts" / "deb.py"), "--fast", "--tree", str(tree), "--out", str(dist)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.splitlines()[-1]).name


def main() -> int:
    """Tries all of it; 1 = something is not as it must be, 2 = it cannot be tried here."""
    parser = argparse.ArgumentParser(description="Tries the Debian package in a bare Debian 12.")
    parser.add_argument("--folder", type=Path, default=HERE / "build" / "deb-try", help="for the trial; the base stays")
    folder: Path = parser.parse_args().folder.absolute()
    missing = [name for name in ("debootstrap", "systemd-nspawn", "nsenter") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        print(
            f"needs root, and: {' '.join(missing) or 'nothing else'} (debootstrap, systemd-container)", file=sys.stderr
        )
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    tree, root, dist = folder / "0.1.0", folder / "root", folder / "dist"
    try:
        step("a package of this tree and one of 0.1.0")
        shutil.rmtree(dist, ignore_errors=True)
        subprocess.run(["git", "worktree", "prune"], cwd=HERE, check=True)
        if not tree.exists():
            subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), OLD], cwd=HERE, check=True)
        new, old = package(HERE, dist), package(tree, dist)
        seen(f"{old}\n{new}")
        step("a bare Debian 12, by debootstrap")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(base(folder)), str(root)], check=True)
        with machine_in(root, dist, folder / "console.log") as machine:
            try:
                begun_anew(machine, new)
                upgraded(machine, old, new, tree)
            except NotSoError:
                seen(machine.run("journalctl --no-pager -n 60 -u 'lanewise-*' -u floor", may_fail=True))
                raise
    except (NotSoError, subprocess.CalledProcessError) as error:
        print(f"\nNOT SO: {error}", file=sys.stderr)
        return 1
    finally:
        if tree.exists():
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=HERE, check=False)
        shutil.rmtree(root, ignore_errors=True)
    print("\nAll as it must be.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
