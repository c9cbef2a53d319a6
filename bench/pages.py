"""What pages cost: first paint and weight of each, frames a second with many parcels, the api's processor with viewers.

Public names: main.

A made-up floor is journaled in this process, and the shipped `lanewise api` follows it in one of its own. Pages are
opened by the Chromium that the tests drive, each fetched whole; frames are counted on the live page of a site with four
sorters while their belts hold as many parcels as are asked for. Then so many viewers listen to `/api/live` at the pace
of a full line, and what the api uses is read from /proc. Goals: 1 s, 300 kB, 30 frames/s with 1,000 parcels, half a
core with 200 viewers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from browser import Browser  # noqa: E402  it lives beside the tests
from example_site import example_site  # noqa: E402
from made_up_floor import MadeUpFloor  # noqa: E402
from ports import free_port  # noqa: E402

from api.navigation import PAGES  # noqa: E402
from edge.config.load import load_line  # noqa: E402
from edge.journal.writer import Journal  # noqa: E402

FULL_LINE = 9_000
"""Parcels an hour."""
SORTERS, SORTER_MM_S = 4, 500
ON_BELT_S = 17.0
"""So long a parcel is on the page at that speed."""
PAINTED = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0] ?? null"
FRAMES = """new Promise((done) => {
  const at = [];
  const frame = (now) => {
    at.push(now);
    if (now - at[0] < SPAN) requestAnimationFrame(frame);
    else done([(at.length - 1) / (now - at[0]) * 1000, Math.max(...at.slice(1).map((its, n) => its - at[n]))]);
  };
  requestAnimationFrame(frame);
})"""


def _with_sorters(line: Path, count: int) -> None:
    """The example's sorter so many times, each with a PLC, a reader and a portal of its own, and a slow belt."""
    text = line.read_text(encoding="utf-8")
    if count > 1:
        text = text.replace("speed_mm_s = 2500", f"speed_mm_s = {SORTER_MM_S}")
    tables = [table for table in text.split("\n\n") if re.match(r"\[(plc|reader|line)\.sorter\]", table)]
    for number in range(2, count + 1):
        for table in tables:
            its = re.sub(r"\bsorter\b", f"sorter{number}", table)
            text += "\n" + re.sub(r"(?m)(?<=^port = )1", str(number), its) + "\n"
    line.write_text(text, encoding="utf-8")


@contextmanager
def floor_of(folder: Path, rate: int, sorters: int = 1) -> Iterator[tuple[str, int]]:
    """A site whose floor goes on, ``rate`` parcels an hour on each sorter: its address, and the process of its api."""
    config = example_site(ROOT, folder)
    _with_sorters(folder / "LINE.toml", sorters)
    port = free_port()
    file = folder / "SITE.toml"
    file.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", file.read_text(encoding="utf-8")), "utf-8")
    line = load_line(config.controller[0].config)
    now_us = time.time_ns() // 1000
    journal = Journal(line.journal)
    floor = MadeUpFloor(line.layouts(), now_us - 30_000_000, rate=rate)
    journal.append(list(floor.until(now_us)))
    journal.start()
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(0.05):
            journal.append(list(floor.until(time.time_ns() // 1000)))

    going = threading.Thread(target=go_on)
    going.start()
    api = subprocess.Popen(
        [sys.executable, "-m", "edge.cli", "api", str(file)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _answers(url, api)
        yield url, api.pid
    finally:
        api.terminate()
        api.wait(60)
        ended.set()
        going.join()
        journal.close()


def _answers(url: str, api: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while api.poll() is None and time.monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(f"{url}/api/health"):
            return
        time.sleep(0.1)
    raise SystemExit("the api does not answer")


def painted(browser: Browser, url: str) -> Iterator[tuple[str, float, int]]:
    """Of every page in the head: its path, ms until something is seen, octets of all it fetched.

    The browser has painted before: its own start takes as long as ten pages.
    """
    browser.open(url)
    browser.until(PAINTED, lambda ms: ms is not None)
    for page in PAGES:
        if page.path in ("/accounts", "/audit"):  # nobody signs in here
            continue
        browser.open(f"{url}{page.path}")
        ms = float(browser.until(PAINTED, lambda ms: ms is not None))
        browser.until("1", lambda _: browser.coming <= {f"{url}/api/live"})
        yield page.path, ms, browser.weight


def frames(browser: Browser, url: str, parcels: int, span_s: float) -> tuple[int, float, float]:
    """Parcels on the screen, frames a second and the longest pause in ms."""
    browser.open(url)
    many = "[...document.querySelectorAll('.moving')].reduce((count, one) => count + one.drawn().length, 0)"
    browser.until(many)
    end = time.monotonic() + 30  # a busy machine brings fewer
    shown = int(browser.until(many, lambda count: count >= 0.9 * parcels or time.monotonic() > end))
    per_s, longest = browser.ask(FRAMES.replace("SPAN", str(span_s * 1000)))
    return shown, per_s, longest


def used_s(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def viewed(url: str, pid: int, viewers: int, span_s: float) -> tuple[float, float]:
    """With so many viewers: the api's share of a core, and octets a second for each of them."""
    host, _, port = url.removeprefix("http://").partition(":")
    octets = 0

    async def view(begun: asyncio.Event) -> None:
        nonlocal octets
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/live HTTP/1.1\r\nHost: %s:%s\r\n\r\n" % (host.encode(), port.encode()))
        while more := await reader.read(1 << 16):
            octets += len(more)
            begun.set()

    begun = [asyncio.Event() for _ in range(viewers)]
    tasks = [asyncio.create_task(view(one)) for one in begun]
    for one in begun:
        await one.wait()
    await asyncio.sleep(2)
    octets, before_s, at_s = 0, used_s(pid), time.monotonic()
    await asyncio.sleep(span_s)
    lasted_s = time.monotonic() - at_s
    share, each = (used_s(pid) - before_s) / lasted_s, octets / lasted_s / max(1, viewers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return share, each


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000, help="on the live page's belts at once")
    parser.add_argument("--viewers", type=int, default=200, help="who listen to the live picture")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    given = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as name, floor_of(Path(name), FULL_LINE) as (url, pid):
        if chromium is not None:
            with Browser(chromium, 1366, 768) as browser:
                browser.keep_nothing()
                seen = list(painted(browser, url))
            for path, ms, octets in sorted(seen, key=lambda one: -one[1]):
                print(f"{path:24} first paint {ms:5.0f} ms, {octets / 1000:4.0f} kB")
            print(f"{'median':24} first paint {median(ms for _, ms, _ in seen):5.0f} ms")
        for viewers in (0, given.viewers):
            share, each = asyncio.run(viewed(url, pid, viewers, given.seconds))
            print(f"{viewers} viewers: {share:.2f} of a core, {each / 1000:.1f} kB/s for each")
    if chromium is None:
        print("Chromium is missing: make peers", file=sys.stderr)
        return 1
    # A line's newest 400 are shown; so many are on a sorter's belt when so many come in an hour.
    rate = round(given.parcels / SORTERS * 3_600 / ON_BELT_S)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        url, _ = opened.enter_context(floor_of(folder, rate, SORTERS))
        browser = opened.enter_context(Browser(chromium))
        shown, per_s, longest_ms = frames(browser, url, given.parcels, given.seconds)
        print(f"{shown} parcels: {per_s:.0f} frames/s, the longest pause {longest_ms:.0f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
