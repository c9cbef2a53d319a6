"""Who is connected, how long each may take, and who gives way to a newcomer: decisions only.

Public names: Crowd, Stand, ENDINGS, address_of, standing_of, deadline_s, LEAST_S, LEAST_RATE.

A newcomer is always let in. Where an address has as many connections as it may, or all together have, the one gives way
that needs its own the least: one between requests, then one whose request is not whole, then one that does not take its
answer, and at last one that is served, of equals the one that has been so for longest. So whoever holds a thousand half
requests loses those, and a request that comes whole is answered, from the same address as well.

Source: RFC 9110, 15.5.9; RFC 9112, 9.5.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Hashable
from enum import IntEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar

LEAST_S = 10.0
"""So long anybody may take for a request, or for taking what waits of an answer..."""
LEAST_RATE = 8 * 1024
"""...and a second more for so many octets of it."""
_FAR, _NEAR = 128, 512
"""Connections of one address where nobody said how many, and of this machine itself, where a proxy may stand."""

ENDINGS = {
    "crowded": "more connections at once than it may have: those that are needed least are ended",
    "half-request": "requests that do not become whole in time",
    "slow-reader": "answers that are not taken in time",
    "no-request": "what is no request of HTTP",
}
"""Why connections are ended, and how it is said of an address."""

Who = TypeVar("Who", bound=Hashable)


class Stand(IntEnum):
    """Where a connection stands; the first of these give way first."""

    IDLE = 0  # between two requests
    HALF = 1  # a request is not whole yet
    STUCK = 2  # does not take its answer
    SERVED = 3  # is answered, or listens


def standing_of(*, whole: bool, answered: bool, stuck: bool, first: bool, begun: bool) -> Stand:
    """``whole``: the newest request; ``answered``: it was; ``first``: there was none before; ``begun``: octets of the
    next one are there.
    """
    if stuck:
        return Stand.STUCK
    if not whole:
        return Stand.HALF
    if not answered:
        return Stand.SERVED
    return Stand.HALF if first or begun else Stand.IDLE


def deadline_s(standing: Stand, since_s: float, octets: int) -> float:
    """When a connection has stood so for too long; ``octets``: what came since then, or is not taken yet."""
    if standing in (Stand.HALF, Stand.STUCK):
        return since_s + LEAST_S + octets / LEAST_RATE
    return math.inf  # between requests the server itself counts the seconds


def address_of(peer: str) -> str:
    """Whose a connection is: an address of IPv4, or the network of 64 bits that one host of IPv6 has to itself."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:  # a name, as tests have
        return peer
    if not isinstance(address, IPv6Address) or address.is_loopback:
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


class Crowd(Generic[Who]):
    """All connections. ``each``: how many one address may have, None = as many as is usual there; ``most``: all."""

    def __init__(self, each: int | None, most: int) -> None:
        self.ended: Counter[str] = Counter()
        """How many were ended, by reason."""
        self._each, self._most = each, most
        self._of: dict[Who, tuple[str, Stand]] = {}
        self._by: dict[str, tuple[OrderedDict[Who, None], ...]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def came(self, who: Who, address: str) -> Who | None:
        """Somebody connects, and a request is awaited. Who gives way, if somebody must."""
        crowded = ""
        if self._count(address) >= (self._each or (_NEAR if _is_near(address) else _FAR)):
            crowded = address
        elif len(self._of) >= self._most:
            crowded = max(self._by, key=self._count)
        gives_way = next((one for row in self._by[crowded] for one in row), None) if crowded else None
        self._of[who] = (address, Stand.HALF)
        self._by.setdefault(address, tuple(OrderedDict() for _ in Stand))[Stand.HALF][who] = None
        return gives_way

    def stands(self, who: Who, standing: Stand) -> bool:
        """Where a connection stands now; whether it stood otherwise before."""
        address, before = self._of[who]
        if standing is before:
            return False
        del self._by[address][before][who]
        self._by[address][standing][who] = None
        self._of[who] = (address, standing)
        return True

    def left(self, who: Who) -> None:
        """A connection is over, or about to be."""
        if who in self._of:
            address, standing = self._of.pop(who)
            del self._by[address][standing][who]
            if not any(self._by[address]):
                del self._by[address]

    def _count(self, address: str) -> int:
        return sum(map(len, self._by.get(address, ())))


def _is_near(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
