"""Pictures of the pages of a demo that runs: `make pictures` writes docs/pictures/pages.

Needs Chromium, which `make peers` installs, and the fonts that it brings for Chinese.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import Browser  # noqa: E402

THERE = ROOT / "docs/pictures/pages"
PAGES = {
    "orders": "/orders",
    "held": "/orders?stage=held",
    "stock": "/stock",
    "waves": "/waves",
    "pack": "/station/pack",
    "parcels": "/parcels",
    "carriers": "/carriers",
    "tracking": "/tracking",
    "cases": "/cases",
    "kpis": "/kpis",
    "docks": "/docks.html",
}
LANGUAGES = ("en", "zh-Hant")
SIZE = (1366, 900)


def main() -> int:
    """Runs the demo, looks at its pages; 0 = all are drawn and none complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=150, help="how long the demo runs before it is looked at")
    seconds: int = parser.parse_args().seconds
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("Chromium is missing: make peers", file=sys.stderr)
        return 1
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    THERE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "demo", "--port", str(port), "--dir", folder], cwd=ROOT
        )
        try:
            _listening(demo, site)
            time.sleep(seconds)
            complaints = _pictures(chromium, site)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return bool(complaints)


def _listening(demo: subprocess.Popen[bytes], site: str) -> None:
    end = time.monotonic() + 60
    while demo.poll() is None and time.monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(f"{site}/api/health"):
            return
        time.sleep(0.2)
    raise SystemExit("the demo does not listen")


def _pictures(chromium: str, site: str) -> list[str]:
    with Browser(chromium, *SIZE) as browser:
        for language in LANGUAGES:
            browser.open(f"{site}/")
            browser.until("document.body.innerText.length", lambda length: length > 500)
            browser.ask(f"localStorage.setItem('lanewise.language', '{language}')")
            for name, path in {"live": "/", **PAGES}.items():
                browser.open(f"{site}{path}{'&' if '?' in path else '?'}lang={language}")
                browser.until("document.body.innerText.length", lambda length: length > 40)
                time.sleep(1)
                browser.picture(THERE / f"{name}.{language}.png")
        return browser.errors


if __name__ == "__main__":
    raise SystemExit(main())
