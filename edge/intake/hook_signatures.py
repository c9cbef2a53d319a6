"""Whether a message is from the carrier that it says: its signature, and that it is not an old one.

Public names: HookKey, HookRefused, signed_id, TOLERANCE_S.

Source: Standard Webhooks 1.0; others sign by an HMAC of what `[carrier.NAME.hook]` says.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from edge.config.tracking import HookTable

TOLERANCE_S = 300
"""A message that says to be older or newer is refused; its id is remembered for longer."""
_ID = 120


class HookRefused(ValueError):  # noqa: N818  # it is what the message is
    """``why``: missing, signature or time. The text says what is wrong."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, slots=True)
class HookKey:
    """How a carrier signs, and with what."""

    table: HookTable
    secret: bytes


def signed_id(key: HookKey, method: str, path: str, headers: Mapping[str, str], body: bytes, at_us: int) -> str:
    """The id of a message that its carrier signed; one without has that of its content. Raises HookRefused.

    ``headers``: by names in small letters.
    """
    if key.table.kind == "standard-webhooks":
        return _standard(key.secret, headers, body, at_us)
    its = key.table
    signature = _header(headers, its.header)
    parts = {"method": method.encode(), "path": path.encode(), "body": body}
    if its.time_header:
        parts["time"] = _header(headers, its.time_header).encode()
    name = f"={sha256(body).hexdigest()}"
    if its.id_header:
        name = _header(headers, its.id_header)
        parts["id"] = name.encode()
    made = hmac.digest(key.secret, _filled(its.signed, parts), its.algorithm)
    expected = made.hex() if its.encoding == "hex" else b64encode(made).decode()
    given = signature.removeprefix(its.prefix)
    if not hmac.compare_digest((given.lower() if its.encoding == "hex" else given).encode(), expected.encode()):
        raise HookRefused("signature", f"{its.header}: the signature is not that of this message")
    if its.time_header:
        _on_time(its.time_header, parts["time"].decode(), at_us)
    return name[:_ID]


def _standard(secret: bytes, headers: Mapping[str, str], body: bytes, at_us: int) -> str:
    name, stamp, given = (_header(headers, f"webhook-{one}") for one in ("id", "timestamp", "signature"))
    expected = hmac.digest(secret, b".".join((name.encode(), stamp.encode(), body)), "sha256")
    for one in given.split():
        version, _, signature = one.partition(",")
        try:
            if version == "v1" and hmac.compare_digest(b64decode(signature, validate=True), expected):
                break
        except (Error, ValueError):
            continue
    else:
        raise HookRefused("signature", "webhook-signature: none of this message")
    _on_time("webhook-timestamp", stamp, at_us)
    return name[:_ID]


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(name.lower(), "").strip()
    if not found:
        raise HookRefused("missing", f"{name}: the header is missing")
    return found


def _filled(template: str, parts: Mapping[str, bytes]) -> bytes:
    """A template with octets in its places."""
    filled = b""
    rest = template
    while rest:
        text, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}") if rest else ("", "", "")
        filled += text.encode() + parts.get(name, b"")
    return filled


def _on_time(header: str, stamp: str, at_us: int) -> None:
    """Raises HookRefused for what is older or newer than the tolerance."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 14):
        raise HookRefused("time", f"{header}: {stamp[:20]!r}: allowed are seconds since 1970")
    given_s = int(stamp) / (1000 if len(stamp) > 11 else 1)
    ahead_s = given_s - at_us / 1e6
    if abs(ahead_s) > TOLERANCE_S:
        how = "ahead of" if ahead_s > 0 else "behind"
        said = f"{abs(ahead_s):.0f} s {how} this clock, allowed are {TOLERANCE_S}"
        raise HookRefused("time", f"{header}: {said}: is one of the two clocks wrong?")
