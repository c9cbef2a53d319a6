"""EPC decoding side by side: the same tags through epcpy and through ours, in one run, scheme by scheme.

Public names: main. Run: ``python -m bench.epc_decode``.

``epcpy``: it makes its object and from it the element string, or of a GID the pure identity. Ours makes the same, the
identity that the controller works with; the two texts are compared for each tag. ``a read``: what portals bring, every
tag of a carton ``_READS_OF_A_TAG`` times, through ``identity_of_hex``, the controller's own call, which remembers tags;
epcpy remembers nothing. ``new tag``: each tag once, through ``quick_identity``, which remembers only what tags share,
company prefix and article. ``decode``: all parts of a tag with nothing remembered. Each turn has tags that nobody saw
before. All take turns, one right after the other: a ratio is the median of those within a turn, as a machine that
others use is quick and slow by turns; microseconds are of the best turn.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from time import process_time
from timeit import Timer
from typing import Any

from rfid.epc.identity import Epc, EpcTag, Scheme, decode, encode, identity_of_hex
from rfid.epc.quick import quick_identity
from rfid.epc.schemes import ROWS, Form, Partitioned, Plus

_ARTICLES = 50
_READS_OF_A_TAG = 12
_CARTON = 20
_WANTED = 20
_SAMPLES = {
    "SGTIN": ("9521141", "012345", ""),
    "SSCC": ("9521141", "0123456789", ""),
    "SGLN": ("9521141", "12345", ""),
    "GRAI": ("9521141", "12345", ""),
    "GIAI": ("9521141", "5678", ""),
    "GSRN": ("9521141", "1234567890", ""),
    "GSRNP": ("9521141", "1234567890", ""),
    "GDTI": ("9521141", "12345", ""),
    "CPI": ("9521141", "12345", ""),
    "SGCN": ("9521141", "12345", ""),
    "ITIP": ("9521141", "012345", "0104"),
    "GID": ("31415", "271828", ""),
}


def main(argv: list[str] | None = None) -> int:
    """Prints microseconds a tag of both and the ratio, for each scheme that both know."""
    options = argparse.ArgumentParser(description="EPC decoding: ours beside epcpy's")
    options.add_argument("--tags", type=int, default=300, help="tags of each scheme in a turn")
    options.add_argument("--rounds", type=int, default=60, help="turns of each side")
    given = options.parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its regular expressions are no raw strings
        epcpy: Any = importlib.import_module("epcpy")
    print(
        f"{'scheme':>10}  {'epcpy us':>8}  {'a read us':>9}  {'ratio':>6}  {'new tag us':>10}  {'ratio':>6}  decode us"
    )
    read_ratios: dict[Scheme, float] = {}
    new_ratios: dict[Scheme, float] = {}
    for scheme, row in ROWS.items():
        if isinstance(row, Plus):
            continue  # epcpy has none of them
        chance = Random(1)
        sample = _tags(scheme, given.tags, chance)

        def foreign(tag: str, keyed: bool = scheme is not Scheme.GID_96) -> object:
            made = epcpy.hex_to_tag_encodable(tag)
            return made.gs1_element_string() if keyed else made.epc_uri

        for tag in sample:
            assert foreign(tag) == quick_identity(tag), (tag, foreign(tag), quick_identity(tag))
        sides = [_us(foreign), _us(identity_of_hex), _us(quick_identity), _us(_decoded)]
        turns: list[tuple[float, ...]] = []
        for _ in range(given.rounds):
            tags = _tags(scheme, given.tags, chance)
            turns.append(tuple(us(_reads(tags) if us is sides[1] else tags) for us in sides))
        theirs, read, new, whole = (min(times) for times in zip(*turns, strict=True))
        read_ratio = read_ratios[scheme] = median(turn[0] / turn[1] for turn in turns)
        new_ratio = new_ratios[scheme] = median(turn[0] / turn[2] for turn in turns)
        print(
            f"{scheme:>10}  {theirs:>8.1f}  {read:>9.2f}  {read_ratio:>6.1f}  {new:>10.2f}  {new_ratio:>6.1f}  "
            f"{whole:>9.2f}",
            flush=True,
        )
    _sum_up(f"a read, each tag {_READS_OF_A_TAG} times", read_ratios)
    _sum_up("a new tag", new_ratios)
    return 0


def _sum_up(what: str, ratios: dict[Scheme, float]) -> None:
    below = ", ".join(scheme for scheme, ratio in ratios.items() if ratio < _WANTED)
    print(
        f"{what}: smallest ratio {min(ratios.values()):.1f}, median {median(ratios.values()):.1f}; "
        f"every scheme at least {_WANTED} times as fast: {f'NOT MET, below: {below}' if below else 'met'}"
    )


def _reads(tags: list[str]) -> list[str]:
    """The reads of one carton after the other."""
    return [tag for at in range(0, len(tags), _CARTON) for tag in tags[at : at + _CARTON] * _READS_OF_A_TAG]


def _decoded(tag: str) -> str:
    return decode(tag).epc.identity


def _us(call: Callable[[str], object]) -> Callable[[Sequence[str]], float]:
    """Microseconds a tag, in a loop of its own: one loop for several would be fitted to each of them anew."""
    space: dict[str, object] = {"call": call, "gc": gc}
    timer = Timer("for tag in own_tags: own(tag)", "gc.enable(); own, own_tags = call, tags", process_time, space)

    def measured(tags: Sequence[str]) -> float:
        space["tags"] = tags
        return timer.timeit(1) / len(tags) * 1e6

    return measured


def _tags(scheme: Scheme, count: int, chance: Random) -> list[str]:
    """Tags of some articles, each with a serial of its own."""
    row = ROWS[scheme]
    found: list[str] = []
    prefix, reference, pieces = _SAMPLES[row.kind.upper()]
    while len(found) < count:
        number = chance.randrange(1, 10**8)
        serial = f"{number:X}/a" if isinstance(row, Partitioned) and row.serial_form is Form.ASCII7 else str(number)
        article = f"{chance.randrange(1, _ARTICLES):0{len(reference)}d}"
        if scheme in (Scheme.CPI_96, Scheme.CPI_VAR, Scheme.GID_96):
            article = article.lstrip("0")
        if isinstance(row, Partitioned) and row.serial_form is Form.NONE:
            article = serial if row.reference_form is not Form.PADDED else f"{number:0{len(reference)}d}"
            serial = ""
        found.append(encode(EpcTag(scheme, 0, Epc(row.kind, prefix, article, serial, pieces))))
    return found


if __name__ == "__main__":
    sys.exit(main())
