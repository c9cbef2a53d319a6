"""Pictures of the pages of a demo that runs: `make pictures` writes those that docs/ shows; `--all FOLDER` all others.

Needs Chromium, which `make peers` installs, and the fonts that it brings for Chinese.
"""

from __future__ import annotations

import argparse
import re
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
from PIL import Image  # noqa: E402

from api.navigation import PAGES  # noqa: E402

THERE = ROOT / "docs/pictures/pages"
SHOWN = {
    "live": "/index.html",
    "kpis": "/kpis",
    "held": "/orders?stage=held",
    "docks": "/docks.html",
    "tracking": "/tracking",
}
"""By their names in docs/."""
LANGUAGES = ("en", "zh-Hant")
SIZE = (1366, 768)
COLOURS = 128
"""As many as a page has, so that a picture stays small."""


def main() -> int:
    """Runs the demo, looks at its pages; 0 = all are drawn and none complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=150, help="how long the demo runs before it is looked at")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="draws every page there, in both themes")
    given = parser.parse_args()
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
            time.sleep(given.seconds)
            complaints = _pictures(chromium, site, given.all)
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


def _pictures(chromium: str, site: str, everything: Path | None) -> list[str]:
    with Browser(chromium, *SIZE) as browser:
        for language in LANGUAGES:
            for name, path in SHOWN.items():
                _drawn(browser, f"{site}{path}", language, THERE / f"{name}.{language}.png")
            if everything is None:
                continue
            everything.mkdir(parents=True, exist_ok=True)
            for theme in ("light", "dark"):
                browser.scheme(theme)
                for page in PAGES:
                    name = re.sub(r"[^a-z]+", "-", page.path).strip("-")
                    _drawn(browser, f"{site}{page.path}", language, everything / f"{name}.{language}.{theme}.png")
            browser.scheme("light")
        return browser.errors


def _drawn(browser: Browser, url: str, language: str, file: Path) -> None:
    browser.open(f"{url}{'&' if '?' in url else '?'}lang={language}")
    browser.until("document.querySelector('main').innerText.length", lambda length: length > 40)
    time.sleep(1)  # of a live page, until parcels are in their places
    browser.picture(file)
    with Image.open(file) as drawn:
        drawn.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
