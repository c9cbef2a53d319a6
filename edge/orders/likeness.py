"""How alike two orders are: what must be equal, and what only nearly.

Public names: Likeness, Similar, numbers_of, blocking_keys, compare.

Numbers, of house, floor and phone, are compared exactly, text fuzzily, names never: "3F" and "13F" differ in one
character of many, and one name is written in two scripts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_DIGITS = "\u3007\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d"  # 0 to 9 in Chinese
_TEN = "\u5341"
# section, lane, alley, number (twice), floor (four times), room, of
_UNITS = "\u6bb5\u5df7\u5f04\u865f\u53f7\u6a13\u697c\u5c64\u5c42\u5ba4\u4e4b"
_WRITTEN = re.compile(f"[{_DIGITS}{_TEN}]+(?=[{_UNITS}])")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What of an order is compared: keys that intake made, in one width, case and script; empty = not known.

    ``phone``: with its extension; of a masked one none. ``goods``: what goes to a postcode. ``address``: where to.
    """

    order: str
    phone: str = ""
    goods: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Similar:
    """How an order is like another. ``score``: of the text of the address, 0 to 100."""

    order: str
    phone: bool
    goods: bool
    numbers: bool
    score: int

    def duplicate(self, least: int) -> bool:
        """Whether it is probably the same once more; ``least``: from which score texts count as one."""
        return self.goods and self.numbers and (self.phone or self.score >= least)


def numbers_of(address: str) -> tuple[str, ...]:
    """The numbers in an address in their order, without leading zeros; those before a unit also in Chinese digits."""
    digits = _WRITTEN.sub(lambda found: _number(found[0]), address)
    return tuple(found[0].lstrip("0") or "0" for found in _NUMBER.finditer(digits))


def blocking_keys(order: Likeness) -> frozenset[str]:
    """Only orders that share one of these are compared: never all with all."""
    return frozenset(f"{kind}:{key}" for kind, key in (("phone", order.phone), ("goods", order.goods)) if key)


def compare(one: Likeness, other: Likeness, score: Callable[[str, str], float]) -> Similar:
    """``score``: how alike two texts are, 0 to 100, as `rapidfuzz.fuzz.ratio` says."""
    texts = [_NUMBER.sub("", _WRITTEN.sub("", side.address)) for side in (one, other)]
    return Similar(
        order=other.order,
        phone=bool(one.phone) and one.phone == other.phone,
        goods=bool(one.goods) and one.goods == other.goods,
        numbers=numbers_of(one.address) == numbers_of(other.address),
        score=round(score(*texts)) if all(texts) else 0,
    )


def _number(written: str) -> str:
    """Of Chinese digits, digit by digit or with a ten."""
    tens, ten, ones = written.partition(_TEN)
    digits = "".join(str(_DIGITS.index(one)) for one in tens) or ("1" if ten else "")
    return digits + ("".join(str(_DIGITS.index(one)) for one in ones if one in _DIGITS) or ("0" if ten else ""))
