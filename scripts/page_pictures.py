"""Pictures of the pages of a demo that runs, as docs/pages.md shows them: `make pictures`; `--dark FOLDER` in the dark.

Needs Chromium, which `make peers` installs, and the fonts that it brings for Chinese.
"""

from __future__ import annotations

import argparse
import json
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
DRAWN = tuple(page for page in PAGES if page.group != "account.title")
"""Whoever comes to a demo is its operator, and lets nobody in."""
NAMES = {"/index.html": "live", "/orders?stage=held": "held"}
"""Those that are called otherwise than their path."""
STORIES = {
    "order": ("/orders", "a[href^='/orders/o/']"),
    "wave": ("/waves", "a[href^='/waves/w/']"),
    "case": ("/cases", "a[href^='/cases/c/']"),
    "story": ("/lists/wrong", "a[href^='/t/']"),
}
"""Pages of one thing: on which page its link is looked for."""
TABLET = {"picks": "/picks", "pack": "/station/pack", "docks": "/docks.html"}
LANGUAGES = ("en", "zh-Hant")
SIZE, TABLET_SIZE = (1366, 768), (820, 1180)
COLOURS = 128
"""As many as a page has, so that a picture stays small."""


def main() -> int:
    """Runs the demo, looks at its pages; 0 = all are drawn and none complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=150, help="how long the demo runs before it is looked at")
    parser.add_argument("--dark", type=Path, metavar="FOLDER", help="draws them there as well, in the dark")
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
            complaints = _pictures(chromium, site, given.dark)
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


def name_of(path: str) -> str:
    """What the picture of a page is called, without language and ending."""
    return NAMES.get(path) or re.sub(r"\W+", "-", path.removesuffix(".html")).strip("-")


def _pictures(chromium: str, site: str, dark: Path | None) -> list[str]:
    with Browser(chromium, *SIZE) as browser:
        shown = {name_of(page.path): page.path for page in DRAWN}
        for name, (path, link) in STORIES.items():
            browser.open(f"{site}{path}")
            browser.until("document.querySelector('main').innerText.length", lambda length: length > 10)
            if found := browser.ask(f"document.querySelector({json.dumps(f'main {link}')})?.getAttribute('href')"):
                shown[name] = found.replace("/t/", "/index.html?story=", 1)  # where its address leads
            else:
                browser.errors.append(f"{path}: has no {link}: let the demo run for longer")
        for language in LANGUAGES:
            for name, path in shown.items():
                _drawn(browser, f"{site}{path}", language, THERE / f"{name}.{language}.webp")
                if dark is not None:
                    dark.mkdir(parents=True, exist_ok=True)
                    browser.scheme("dark")
                    _drawn(browser, f"{site}{path}", language, dark / f"{name}.{language}.webp")
                    browser.scheme("light")
            browser.resize(*TABLET_SIZE)
            browser.scheme("dark")
            for name, path in TABLET.items():
                _drawn(browser, f"{site}{path}", language, THERE / f"{name}.tablet.{language}.webp")
            browser.scheme("light")
            browser.resize(*SIZE)
        return browser.errors


def _drawn(browser: Browser, url: str, language: str, file: Path) -> None:
    browser.open(f"{url}{'&' if '?' in url else '?'}lang={language}")
    browser.until("document.querySelector('main').innerText.length", lambda length: length > 10)
    time.sleep(1)  # of a live page, until parcels are in their places
    picture = file.with_suffix(".png")
    browser.picture(picture)
    with Image.open(picture) as drawn:
        drawn.convert("RGB").quantize(COLOURS).save(file, lossless=True, quality=100, method=6)
    picture.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
