"""Fuzzes every border in turn and adds up what came: ``python -m fuzz --seconds 60 --only epc``.

Corpora, what raised and the counts stay in ``.fuzz``, so that each run goes on where the last one ended. What raised is
given again first, and is told until it raises no more. ``--input``
gives one kept input to its border again, with the traceback. Needs atheris: ``make fuzz`` installs it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz.borders import BORDERS, border

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".fuzz"
GOAL = 10_000_000
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"\bcov: (\d+)")
_END_S = 600
"""What a process may need beyond its time: imports are instrumented, and a corpus is read first."""


def main() -> int:
    """The exit code: 1 where anything raised."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of each border")
    parser.add_argument("--only", action="append", choices=[*BORDERS], help="this border, may be given again")
    parser.add_argument("--input", type=Path, help="one input, for the border of --only")
    arguments = parser.parse_args()
    names = arguments.only or [*BORDERS]
    if arguments.input is not None:
        for name in names:
            again(name, arguments.input.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is missing: `make fuzz` installs it, where there is a wheel of it", file=sys.stderr)
        return 2
    known = counts()
    print(f"{'border':14} {'inputs':>10} {'in a second':>12} {'covered':>8} {'in all':>11}  raised")
    raised = 0
    for name in names:
        inputs, seconds, covered = run(name, arguments.seconds)
        known[name] = known.get(name, 0) + inputs
        (KEPT / "counts.json").write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        places = [path for path in sorted((KEPT / "raised" / name).iterdir()) if path.suffix != ".txt"]
        raised += len(places) or int(not inputs)
        speed = inputs / seconds if seconds else 0
        print(f"{name:14} {inputs:>10,} {speed:>12,.0f} {covered:>8,} {known[name]:>11,}  {len(places)}", flush=True)
        for path in places:
            print(f"  {path.name}: python -m fuzz --only {name} --input {path.relative_to(ROOT)}")
    whole = sum(known.values())
    print(f"{whole:,} inputs in all runs, {whole / GOAL:.0%} of {GOAL:,}")
    return 1 if raised else 0


def counts() -> dict[str, int]:
    """Inputs of all runs before, by border."""
    path = KEPT / "counts.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def again(name: str, octets: bytes) -> None:
    """Gives a border one input; raises what that raises."""
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, border(name).opened(Path(folder)) as take:
        take(octets)


def run(name: str, seconds: int) -> tuple[int, float, int]:
    """Inputs, seconds, and places in the code that they reached."""
    corpus, seeds, crashes = (KEPT / kind / name for kind in ("corpus", "seeds", "raised"))
    for folder in (corpus, seeds, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    for path in crashes.iterdir():  # what raised before is given again first
        if path.suffix == ".txt":
            path.unlink()
        else:
            path.rename(corpus / hashlib.sha256(path.read_bytes()).hexdigest())
    for octets in border(name).seeds():
        (seeds / hashlib.sha256(octets).hexdigest()[:16]).write_bytes(octets)
    options = (
        f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/", "-print_final_stats=1", "-timeout=60",
        "-rss_limit_mb=2048", "-max_len=8192", "-verbosity=1", str(corpus), str(seeds),
    )  # fmt: skip
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.worker", name, scratch, str(crashes), *options],
            capture_output=True,
            text=True,
            errors="replace",
            cwd=ROOT,
            timeout=seconds + _END_S,
            check=False,
        )
    spent = time.monotonic() - begun
    found, covered = _RUNS.findall(done.stderr), _COVERED.findall(done.stderr)
    if not found:
        print(f"{name}: it did not run:\n{done.stderr[-3000:]}", file=sys.stderr)
        return 0, spent, 0
    if done.returncode:
        print(f"{name}: libFuzzer ended it:\n{done.stderr[-1500:]}", file=sys.stderr)
    return int(found[-1]), spent, int(covered[-1]) if covered else 0


if __name__ == "__main__":
    sys.exit(main())
