"""Node ids of OPC UA as text: `i=85`, `ns=2;s=Drive.Speed`, `nsu=http://vendor.com/UA/;s=Drive.Speed`.

Public names: node_id_trouble, at_place, ALLOWED.

Source: OPC 10000-6 1.05, 5.3.1.10 (NodeId) and 5.3.1.11 (ExpandedNodeId, whose URI has `;` and `%` escaped).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ALLOWED = "i=, s=, g= or b= and the identifier, after ns=0..65535; or nsu=URI; where it is not namespace 0"
_FORM = re.compile(r"(?:ns\s*=\s*(\d{1,5})\s*;\s*|nsu=([^;]+);\s*)?([isgb])\s*=(.+)", re.DOTALL)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PLACES = 65_535
_NUMBERS = 2**32 - 1


def node_id_trouble(text: str) -> str:
    """What is wrong with a node id; empty = nothing."""
    match = _FORM.fullmatch(text)
    if match is None or int(match[1] or 0) > _PLACES:
        return f"{text!r} is no node id: allowed is {ALLOWED}"
    kind, own = match[3], match[4].strip()
    if kind == "i" and not (own.isdecimal() and own.isascii() and int(own) <= _NUMBERS):
        return f"{text!r} is no node id: i= has a number of 0..{_NUMBERS}"
    if kind == "g" and not _GUID.fullmatch(own):
        return f"{text!r} is no node id: g= has a GUID, as 09087e75-8e5e-499b-954f-f2a9603db28a"
    return ""


def at_place(text: str, namespaces: Sequence[str]) -> str:
    """A node id with the place that its namespace has on one server, ``ns=4;s=Drive.Speed``.

    ``namespaces``: the server's array; only what begins with ``nsu=`` needs it. Raises ValueError, with the id.
    """
    if trouble := node_id_trouble(text):
        raise ValueError(trouble)
    match = _FORM.fullmatch(text)
    assert match is not None
    place, uri, kind, own = match.groups()
    if uri is not None:
        meant = uri.replace("%3B", ";").replace("%3b", ";").replace("%25", "%")
        found = next((at for at, known in enumerate(namespaces) if known in (uri, meant)), None)
        if found is None:
            raise ValueError(f"{text}: the server has no namespace {meant}, it has {', '.join(namespaces)}")
        place = str(found)
    return f"ns={int(place or 0)};{kind}={own}"
