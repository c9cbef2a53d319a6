"""What each 125 kHz card is: a CSV file, and everything that is wrong with it.

Public names: Cards, read_cards.

Columns ``card`` (ten hexadecimal digits) and ``epc`` (EPC memory in hexadecimal or a tag URI, ``urn:epc:tag:...``),
with a header. Card and tag are then one: the disc on a tote is the tote's tag.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import EpcError, decode, encode, parse_tag_uri

_CARD = re.compile(r"[0-9A-F]{10}")


@dataclass(frozen=True, slots=True)
class Cards:
    """EPC memory in hexadecimal by card, or what is wrong; with a problem there are none."""

    epcs: dict[str, str]
    problems: tuple[str, ...] = ()


def read_cards(path: Path) -> Cards:
    """Reads a file; its problems read ``row 3: value: what is allowed``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return Cards({}, (f"{str(path)!r}: {error}",))
    if not rows or [cell.strip() for cell in rows[0]] != ["card", "epc"]:
        return Cards({}, (f"{str(path)!r}: row 1: the columns must be card,epc",))
    epcs: dict[str, str] = {}
    problems: list[str] = []
    for number, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        here = f"{str(path)!r}: row {number}"
        card = plain_hex(cells[0]) or cells[0]
        if len(cells) != 2:
            problems.append(f"{here}: {len(cells)} cells: allowed are 2, card and epc")
        elif not _CARD.fullmatch(card):
            problems.append(f"{here}: {cells[0]!r}: a card is ten hexadecimal digits")
        elif card in epcs:
            problems.append(f"{here}: {card}: stands twice")
        else:
            try:
                epcs[card] = _epc(cells[1])
            except EpcError as error:
                problems.append(f"{here}: {error}")
    return Cards({}, tuple(problems)) if problems else Cards(epcs)


def _epc(text: str) -> str:
    if text.startswith("urn:"):
        return encode(parse_tag_uri(text)).upper()
    epc = plain_hex(text) or text
    decode(epc)
    return epc
