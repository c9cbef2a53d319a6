"""Report decoding side by side: the same RO_ACCESS_REPORT octets through sllurp and through ours, in one run.

Public names: main. Run: ``python -m bench.llrp_decode``.

sllurp is GPL: it is installed for this bench alone, in an environment of its own under ``.bench/``, and runs in a
process of its own. Both sides get the same reports, decode them over and over for the same processor time, and take
short turns. The ratio is the median over pairs of turns: a processor that changes its speed changes it for both; tags/s
are the best turn's. Ours cuts the frame from the stream and makes what the controller takes, columns of reads (a
``TagRead`` where a report has one tag); sllurp makes its dictionaries. Judged are reports of many tags; in small ones
the message itself costs more than its tags, and the rows say how much is left.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import venv
from itertools import product
from pathlib import Path
from statistics import median
from time import process_time
from typing import IO

from rfid.driver import ReaderClock, TagRead
from rfid.llrp.codec import Parameter
from rfid.llrp.frames import Frame, Frames
from rfid.llrp.reports import ReportDecoder
from rfid.llrp.rospec import REPORT_CONTENT
from rfid.llrp_device.report_encoder import ReportEncoder

PEER = "sllurp==3.0.5"
TAGS = (1, 10, 100)
"""Tags per report."""
_JUDGED = 100
_WANTED = 50
CONTENTS = {
    "what we ask": REPORT_CONTENT,
    "everything": Parameter("TagReportContentSelector", tuple(1 for _ in REPORT_CONTENT.fields)),
}
"""What a tag's report holds: what our own ROSpec asks readers for, or all that LLRP 1.0.1 can select."""
_REPORTS = 50
"""Different reports of one size."""
_EPCS = 200
"""Different tags: a few totes' worth, read again and again as at a portal."""

_PEER_PROGRAM = """
import json, sys
from time import process_time
from sllurp.llrp import LLRPMessage
for line in sys.stdin:
    order = json.loads(line)
    reports = [bytes.fromhex(text) for text in order["reports"]]
    first = LLRPMessage(msgbytes=reports[0]).msgdict["RO_ACCESS_REPORT"]["TagReportData"]
    assert len(first) == order["tags"], first
    count, start = 0, process_time()
    while (spent := process_time() - start) < order["seconds"]:
        for report in reports:
            LLRPMessage(msgbytes=report)
        count += len(reports)
    print(json.dumps(count * order["tags"] / spent), flush=True)
"""


def main(argv: list[str] | None = None) -> int:
    """Prints tags per second of both and the ratio, for each size of report; 1 where the goal is not met."""
    options = argparse.ArgumentParser(description="report decoding: ours beside sllurp's")
    options.add_argument("--rounds", type=int, default=41, help="turns of each side")
    options.add_argument("--seconds", type=float, default=0.05, help="time of one turn")
    given = options.parse_args(argv)
    python = _environment(Path(__file__).resolve().parents[1] / ".bench" / "sllurp")
    good = True
    with subprocess.Popen(
        [python, "-c", _PEER_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as peer:
        assert peer.stdin is not None and peer.stdout is not None
        print(f"{'a tag holds':>12}  {'tags a report':>13}  {'sllurp tags/s':>13}  {'ours tags/s':>13}  {'ratio':>6}")
        for (content, selector), tags in product(CONTENTS.items(), TAGS):
            reports = _reports(selector, tags)
            theirs, ours = list[float](), list[float]()
            for _ in range(given.rounds):
                theirs.append(_ask(peer.stdin, peer.stdout, reports, tags, given.seconds))
                ours.append(_ours(reports, tags, given.seconds))
            ratio = median(our / their for our, their in zip(ours, theirs, strict=True))
            told = ""
            if tags == _JUDGED:
                good = good and ratio >= _WANTED
                told = f"  goal: at least {_WANTED}: {'met' if ratio >= _WANTED else 'NOT MET'}"
            print(
                f"{content:>12}  {tags:>13}  {max(theirs):>13,.0f}  {max(ours):>13,.0f}  {ratio:>6.1f}{told}",
                flush=True,
            )
        peer.stdin.close()
    return 0 if good else 1


def _environment(folder: Path) -> str:
    """The python of the peer's environment, made at the first run."""
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"installing {PEER} in {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True)
        (folder / "ready").touch()
    return str(python)


def _reports(selector: Parameter, tags: int) -> list[bytes]:
    """Whole messages."""
    chance = random.Random(1)
    epcs = [f"30{chance.getrandbits(88):022X}" for _ in range(_EPCS)]
    encoder = ReportEncoder(selector, 1, ReaderClock.UTC)
    reports = []
    for number in range(_REPORTS):
        at_us = 1_700_000_000_000_000 + number * 10_000
        reads = [
            TagRead(chance.choice(epcs), chance.randint(1, 4), chance.randint(-75, -35), at_us + place, 1)
            for place in range(tags)
        ]
        reports.append(encoder.encode(reads, number))
    return reports


def _ask(to_peer: IO[str], from_peer: IO[str], reports: list[bytes], tags: int, seconds: float) -> float:
    order = {"reports": [report.hex() for report in reports], "tags": tags, "seconds": seconds}
    to_peer.write(json.dumps(order) + "\n")
    to_peer.flush()
    return float(json.loads(from_peer.readline()))


def _ours(reports: list[bytes], tags: int, seconds: float) -> float:
    frames, decoder = Frames(), ReportDecoder()
    count, start = 0, process_time()
    while (spent := process_time() - start) < seconds:
        for report in reports:
            for frame in frames.feed(report):
                assert isinstance(frame, Frame)
                decoder.decode(frame.body)
        count += len(reports)
    return count * tags / spent


if __name__ == "__main__":
    sys.exit(main())
