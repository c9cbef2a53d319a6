"""What a portal has learned, from its passages, as numbers and as a picture.

Public names: Learned, learned, learned_of, picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from edge.core.events import PassageSeen, Stage
from edge.journal.record import Record


@dataclass(frozen=True, slots=True)
class Learned:
    """What a portal has learned. Times in microseconds.

    ``antennas``: reads by antenna. ``sees_us``: by antenna, middle of its reads of a tag less the middle of the tag's
    passage (median). ``margins``: how many times stronger than its best neighbour each tag was claimed,
    smallest first. ``places_us``: middle of each tag's reads less the middle of its passage.
    """

    passages: int
    offset_us: int
    dwell_us: int
    cycle_us: int
    antennas: dict[int, int]
    sees_us: dict[int, int]
    background: tuple[str, ...]
    margins: tuple[float, ...]
    places_us: tuple[int, ...]


def learned(records: Iterable[Record], line: str, portal: str = "") -> Learned | None:
    """What a portal of a line had learned by the end of a journal; None without a passage. ``portal``: as there."""
    values = (record.value for record in records if record.line == line and record.kind == PassageSeen.__name__)
    finals = [value for value in values if isinstance(value, PassageSeen) and value.stage is Stage.FINAL]
    seen = [value for value in finals if value.portal == portal]
    return learned_of(seen, ()) if seen else None


def picture(known: Learned, title: str) -> str:
    """Where tags are read, as an SVG: the histogram of ``places_us`` with the learned offset and the bell."""
    width, height, left, base = 760, 300, 40, 250
    reach = max(known.dwell_us, *(abs(place - known.offset_us) for place in known.places_us), 1)
    bins = Counter((place - known.offset_us) * 30 // reach for place in known.places_us)
    tallest = max(bins.values(), default=1)
    scale = (width - 2 * left) / 60
    bars = "".join(
        f'<rect x="{left + (place + 30) * scale:.1f}" y="{base - 190 * count / tallest:.1f}" '
        f'width="{scale - 1:.1f}" height="{190 * count / tallest:.1f}" fill="#5b7fa6"/>'
        for place, count in sorted(bins.items())
    )
    sigma = known.dwell_us / 2 / reach * 30 * scale
    middle, right, below = left + 30 * scale, width - left, base + 20
    ends = [f"{(known.offset_us + end) / 1000:.0f} ms" for end in (-reach, 0, reach)]
    words = (
        f"{_plain(title)}: {known.passages} passages, offset {known.offset_us / 1000:.0f} ms, "
        f"{known.dwell_us / 1000:.0f} ms in the photo-eye, {known.cycle_us / 1000:.0f} ms from one to the next"
    )
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" ',
            'font-family="sans-serif" font-size="13">',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<text x="{left}" y="24">{words}</text>',
            f'<rect x="{middle - sigma:.1f}" y="40" width="{2 * sigma:.1f}" height="{base - 40}" ',
            'fill="#5b7fa6" opacity=".15"/>',
            bars,
            f'<path d="M{middle:.1f} 40V{base}" stroke="#b3261e" stroke-dasharray="4 3"/>',
            f'<path d="M{left} {base}H{right}" stroke="#333"/>',
            f'<text x="{left}" y="{below}">{ends[0]}</text>',
            f'<text x="{middle:.1f}" y="{below}" text-anchor="middle">{ends[1]}</text>',
            f'<text x="{right}" y="{below}" text-anchor="end">{ends[2]}</text>',
            f'<text x="{left}" y="{below + 20}">each tag: middle of its reads after the middle of its passage; ',
            "shaded: the bell</text></svg>\n",
        )
    )


def learned_of(seen: Sequence[PassageSeen], background: tuple[str, ...]) -> Learned:
    """What passages show, in order; ``background``: tags that are always there."""
    middles = [(one.start_us + one.stop_us) // 2 for one in seen]
    antennas: Counter[int] = Counter()
    sees: dict[int, list[int]] = {}
    margins: list[float] = []
    places: list[int] = []
    for one, middle in zip(seen, middles, strict=True):
        owned = set(one.owned)
        for tag in one.tags:
            antennas[tag.antenna] += tag.count
            if tag.epc in owned:
                places.append((tag.first_us + tag.last_us) // 2 - middle)
                sees.setdefault(tag.antenna, []).append(places[-1])
        margins += [claim.weight / claim.rival for claim in one.own if claim.rival > 0]
    gaps = [later - earlier for earlier, later in pairwise(middles)]
    return Learned(
        passages=len(seen),
        offset_us=seen[-1].offset_us if seen else 0,
        dwell_us=int(median([one.stop_us - one.start_us for one in seen])) if seen else 0,
        cycle_us=int(median(gaps)) if gaps else 0,
        antennas=dict(sorted(antennas.items())),
        sees_us={antenna: int(median(some)) for antenna, some in sorted(sees.items())},
        background=background,
        margins=tuple(sorted(margins)),
        places_us=tuple(places),
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
