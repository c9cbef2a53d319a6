"""`lanewise demo` as a user starts it, and what it says when it cannot start."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import pytest
from waiting import wait_until

from edge.commands.demo import _own_ports
from edge.commands.demo_report import lateness, wrong_with
from edge.sim.tally import percentiles_ms

DEMO = (sys.executable, "-m", "edge.cli", "demo")
HANGS_S = 150


def test_the_packaged_example_is_the_published_one(project: Path) -> None:
    published = project / "examples" / "warehouse"
    if not published.is_dir():
        pytest.skip(f"no examples at {published}")
    packaged = files("edge.sim") / "warehouse"
    for name in ("LINE.toml", "SITE.toml"):
        assert (packaged / name).read_text(encoding="utf-8") == (published / name).read_text(encoding="utf-8")


def test_headless_demo_tells_the_truth(tmp_path: Path) -> None:
    for attempt in range(5):
        report = tmp_path / f"report{attempt}.json"
        folder = tmp_path / f"run{attempt}"
        command = [*DEMO, "--headless", "--seconds", "3", "--rate", "20000", "--seed", "7"]
        ended = subprocess.run(
            [*command, "--report", str(report), "--dir", str(folder)], timeout=HANGS_S, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        told = json.loads(report.read_text(encoding="utf-8"))
        if not told["defaulted"]:  # else the machine stood still too long for a parcel
            break
    assert told["parcels_inducted"] == told["parcels_diverted"] > 10
    assert told["totes_inducted"] == told["totes_verified"] + told["totes_refused"] > 1
    for what in ("missorted", "defaulted", "false_accepts", "unacknowledged", "events_missing", "events_doubled"):
        assert told[what] == 0, what
    assert told["tag_reads"] > 500
    assert told["reaction_ms"]["n"] == told["parcels_inducted"]
    assert told["journal_events"] == sum(plc["events"] for plc in told["plc_events"].values())
    assert re.search(r"^verdict +nothing missorted or lost$", ended.stdout, re.MULTILINE)
    late = {**told, "defaulted": 2}
    assert wrong_with(late, late, ended=True) == [] and "2 parcels or totes without a route in time" in lateness(late)
    assert wrong_with({**told, "missorted": 1}, told, ended=False) == ["1 parcels in a lane of another carrier"]
    assert not _running(folder)


def test_the_demo_goes_from_the_shop_to_the_lane(tmp_path: Path) -> None:
    """What customers, pickers and packers know to be true is what the site says of them, though they never get a fifth
    of its answers, and ask again.
    """
    report = tmp_path / "report.json"
    for attempt in range(3):
        command = [*DEMO, "--headless", "--seconds", "50", "--seed", f"{attempt}", "--report", str(report)]
        command += ["--lost-answers", "0.2"]
        ended = subprocess.run(
            [*command, "--dir", str(tmp_path / f"run{attempt}")], timeout=2 * HANGS_S, capture_output=True, text=True
        )
        told = json.loads(report.read_text(encoding="utf-8"))
        shop = told["shop"]
        # A machine that stands still proves nothing: then people are slow, and parcels late.
        after = shop["after"]
        known = after["fates"].get("delivered") and not ended.returncode and not shop["late"] + told["defaulted"]
        if shop["sorted"] and known:
            break
    assert not any(shop["books"].values()), shop["differences"]
    assert after["packed"] >= shop["sorted"] >= len(after["fates"]) > 0 < after["told"], after
    assert min(after["paid"].values()) > 0 and after["stops"] == 1, after
    assert "books      orders, units, money, parcels, cases: all balance" in ended.stdout
    assert shop["differences"] == [] and shop["wrong"] == shop["late"] == told["false_accepts"] == 0, ended.stdout
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert shop["taken"] > shop["released"] >= shop["picked"] >= shop["sorted"] > 0
    assert shop["held"] >= shop["let_go"] > 0
    assert f"{shop['sorted']} in their lanes, 0 late; against the truth 0 with wrong goods" in ended.stdout


def test_no_two_demos_have_a_port_in_common() -> None:
    with ExitStack() as held:
        ports = [port for _ in range(30) for port in _own_ports(9, held)]
        assert len(set(ports)) == 30 * 9


def test_no_child_outlives_a_killed_demo(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with subprocess.Popen([*DEMO, "--headless", "--dir", str(folder)], stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            assert demo.stdout.readline(), "figures come once everything runs"
            assert len(_running(folder)) == 3
        finally:
            demo.kill()
    wait_until(lambda: not _running(folder), lambda: _running(folder))


def _running(folder: Path) -> list[str]:
    """Processes whose working folder is the run's."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if (process / "cwd").readlink() == folder.resolve():
                    found.append(process.name)
            except OSError:
                continue
    return found


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = _refused("--port", str(port), "--dir", str(tmp_path / "run"))
    assert f"port {port}" in ended or "port 150" in ended, "another demo may hold the first of them"
    assert "--headless" in ended


def test_a_folder_of_somebody_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    assert "not empty and not from a demo" in _refused("--headless", "--dir", str(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["precious"]


def test_a_rate_that_cannot_be_is_refused(tmp_path: Path) -> None:
    assert "rate" in _refused("--headless", "--rate", "0", "--dir", str(tmp_path / "run"))


def _refused(*arguments: str) -> str:
    ended = subprocess.run([*DEMO, *arguments], timeout=HANGS_S, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stdout
    return ended.stderr


def test_percentiles_are_by_nearest_rank() -> None:
    found = percentiles_ms([1000 * number for number in range(1000, 0, -1)])
    assert found == {"p50": 500.0, "p99": 990.0, "p999": 999.0, "n": 1000}
    assert percentiles_ms([]) == {"p50": 0.0, "p99": 0.0, "p999": 0.0, "n": 0}
