"""Where the processor time of a parcel goes, in this tree and another, as a table and as a picture.

Public names: main, shares, picture, PARTS.

Run: ``python -m bench.profile --against REV [--plcs 24]``. Each tree's `lanewise run` has so many PLCs and parcels as
in `bench.plcs`, and py-spy looks at it 250 times a second: at the thread that holds the interpreter, and at what it
does there. A look counts for the innermost part that it finds. What is beside the interpreter is no part of it: the
disk, and SQLite while it writes. py-spy is installed into `.bench` when it is not there; to look at another process it
needs to be root, or ``kernel.yama.ptrace_scope`` 0.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from bench._worktree import worktree

ROOT = Path(__file__).resolve().parents[1]
SAMPLER = "py-spy==0.4.1"
LOOKS_A_SECOND = 250
PARTS = {
    "whose tag it is": r"edge/core/portal/|edge/line/(passage|quiet|offsets|background|evidence|scans)",
    "alarms": r"edge/(core/alarms/|line/alarm)",
    "decisions": r"edge/(core|line)/",
    "records as text": r"edge/journal/record\.py",
    "the journal": r"edge/journal",
    "mailboxes": r"plc/(mailbox|command_ring|words|host_signals|gathering)|edge/(devices/)?(plc|lookout|clocks)",
    "requests to PLCs": r"plc/|pymodbus/",
    "readers": r"rfid/|edge/(devices/)?reader",
    "the runtime": r"edge/",
    "the loop": r"",
}
"""By part, of which files its frames are, also as they were called before ADR 0020; the first that fits."""
COLOURS = ("#0b5fa5", "#7a4fb5", "#2b8a9d", "#b8860b", "#8a6d1d", "#2f855a", "#5a9e4b", "#c0562f", "#6b7280", "#b0b5bd")
"""Of the parts, in their order; all of them legible on white and on black."""
WIDTH, BAR, ROW = 900, 34, 62


def shares(looks: Iterable[str]) -> dict[str, float]:
    """By part, its share of the looks, given as py-spy's raw lines: frames from the outermost on, and how often."""
    counted: Counter[str] = Counter()
    for look in looks:
        frames, _, count = look.rpartition(" ")
        counted[_part(frames.split(";"))] += int(count)
    every = sum(counted.values())
    return {part: counted[part] / max(1, every) for part in PARTS}


def _part(frames: Sequence[str]) -> str:
    *parts, last = PARTS
    return next((part for frame in reversed(frames) for part in parts if re.search(PARTS[part], frame)), last)


def picture(parcels: Mapping[str, Mapping[str, float]], title: str) -> str:
    """SVG: a bar a tree, each part as wide as its microseconds a parcel."""
    longest = max(sum(parts.values()) for parts in parcels.values())
    height = 90 + ROW * len(parcels) + 24 * ((len(PARTS) + 2) // 3)
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="24" y="34" font-size="17" fill="#1a202c">{escape(title)}</text>',
    ]
    for row, (tree, parts) in enumerate(parcels.items()):
        top, left = 62 + ROW * row, 24.0
        drawn.append(f'<text x="24" y="{top + 8}" fill="#1a202c">{escape(tree)}: {sum(parts.values()):,.0f} µs</text>')
        for (part, us), colour in zip(parts.items(), COLOURS, strict=True):
            wide = us / longest * (WIDTH - 48)
            told = escape(f"{part}: {us:,.0f} µs")
            drawn.append(
                f'<rect x="{left:.1f}" y="{top + 16}" width="{wide:.1f}" height="{BAR}" fill="{colour}">'
                f"<title>{told}</title></rect>"
            )
            if wide > 34:
                middle = f'x="{left + wide / 2:.1f}" y="{top + 38}" text-anchor="middle"'
                drawn.append(f'<text {middle} fill="#ffffff">{us:,.0f}</text>')
            left += wide
    for at, (part, colour) in enumerate(zip(PARTS, COLOURS, strict=True)):
        left, top = 24 + at % 3 * 290, 78 + ROW * len(parcels) + 24 * (at // 3)
        drawn.append(f'<rect x="{left}" y="{top}" width="14" height="14" rx="3" fill="{colour}"/>')
        drawn.append(f'<text x="{left + 22}" y="{top + 12}" fill="#1a202c">{escape(part)}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _sampler(folder: Path) -> Path:
    program = folder / "bin" / "py-spy"
    if not program.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([str(uv), "pip", "install", "--quiet", "--target", str(folder), SAMPLER], check=True)
    return program


def _looked_at(tree: Path, count: int, seconds: float, sampler: Path) -> dict[str, float]:
    """By part, microseconds of a parcel."""
    with tempfile.TemporaryDirectory(prefix="lanewise-profile-") as name:
        raw = Path(name) / "looks"
        looks = ("record", "--pid", "{pid}", "--gil", "--rate", str(LOOKS_A_SECOND))
        done = subprocess.run(
            [
                *(sys.executable, "-P", str(Path(__file__).with_name("_of_tree.py")), str(count), f"{seconds}"),
                *(str(sampler), *looks, "--duration", f"{seconds:.0f}", "--format", "raw", "--output", str(raw)),
            ],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=subprocess.PIPE,
            check=True,
        )
        parcel_us = json.loads(done.stdout)["parcel_us"]
        found = shares(raw.read_text(encoding="utf-8").splitlines())
    return {part: share * parcel_us for part, share in found.items()}


def main() -> int:
    """Prints the table and writes the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", required=True, metavar="REV", help="the other revision of this repository")
    parser.add_argument("--plcs", type=int, default=12, help="PLCs at 40,000 parcels/h each (default 12)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long parcels come (default 20)")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs/pictures/parcel-time.svg", help="where it goes")
    given = parser.parse_args()
    sampler = _sampler(ROOT / ".bench" / "py-spy")
    with worktree(given.against) as other:
        (other / ".bench").mkdir(exist_ok=True)
        parcels = {
            name: _looked_at(tree, given.plcs, given.seconds, sampler)
            for name, tree in ((given.against, other), ("this revision", ROOT))
        }
    print(f"{'':20}" + "".join(f"{name:>16}" for name in parcels))
    for part in PARTS:
        print(f"{part:20}" + "".join(f"{parts[part]:13,.0f} us" for parts in parcels.values()))
    print(f"{'a parcel':20}" + "".join(f"{sum(parts.values()):13,.0f} us" for parts in parcels.values()))
    title = f"Processor time of a parcel beside {given.plcs} PLCs, {given.plcs * 40_000:,} parcels an hour"
    given.picture.parent.mkdir(parents=True, exist_ok=True)
    given.picture.write_text(picture(parcels, title), encoding="utf-8")
    print(f"drawn: {given.picture}, load {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
