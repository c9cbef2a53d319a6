"""Carriers' hooks: signed messages, and what stands in them."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from edge.config.tracking import CarrierTable, HookTable
from edge.intake.carrier_words import CarrierFileError, read_message
from edge.intake.hook_signatures import HookKey, HookRefused, signed_id
from fuzz.borders import Take

_AT_US = 1_790_000_000_000_000
_SECRET = b"a secret of twenty-four octets"
_FIELDS = {"parcel": ["$.parcel", "sscc"], "number": "no", "code": "status.code + status.sub", "at": "at", "id": "id"}
_HOOKS = (
    {"kind": "standard-webhooks", "secret_file": "s"},
    {
        "kind": "hmac", "secret_file": "s", "header": "x-signature", "prefix": "sha256=",
        "signed": "{time}.{id}.{body}", "time_header": "x-time", "id_header": "x-id",
        "events": "shipment.events", "fields": _FIELDS,
    },
)  # fmt: skip
_TABLES = [
    CarrierTable.model_validate(
        {"codes": {"DL": "delivered", "IT/A": "in-transit"}, "time_zone": zone, "time_format": form, "hook": hook}
    )
    for hook in _HOOKS
    for zone, form in (("Asia/Taipei", ""), ("UTC", "unix"), ("Europe/Berlin", "%d.%m.%Y %H:%M"))
]


def seeds() -> Iterable[bytes]:
    """Messages for each table behind a line with the headers; the first octet is the table."""
    event = {"sscc": "095211410000012344", "parcel": "1Z1", "code": "DL", "no": "1Z1", "id": "7"}
    event |= {"status": {"code": "IT", "sub": "A"}}  # type: ignore[dict-item]
    for number, table in enumerate(_TABLES):
        at = {"": "2026-11-30T09:30:00+08:00", "unix": "1790000000"}.get(table.time_format, "30.11.2026 09:30")
        one = event | {"at": at, "time": at}
        events: object = {"parcel": "1Z1", "shipment": {"events": [one, one]}} if number >= 3 else [one]
        body = json.dumps(events).encode()
        made = hmac.digest(_SECRET, b"m1.1790000000." + body, "sha256")
        yield bytes((number,)) + b"v1," + b64encode(made) + b" 1790000000 m1\n" + body


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    table = _TABLES[octets[0] % len(_TABLES) if octets else 0]
    head, _, body = octets[1:].partition(b"\n")
    given = head.decode("latin-1").split(" ")  # as servers have headers
    signature, time, name = [*given, "", "", ""][:3]
    headers = {"webhook-signature": signature, "webhook-timestamp": time, "webhook-id": name}
    headers |= {"x-signature": signature, "x-time": time, "x-id": name}
    hook = table.hook
    assert isinstance(hook, HookTable)
    with suppress(HookRefused):
        assert len(signed_id(HookKey(hook, _SECRET), "POST", "/api/v1/hooks/a", headers, body, _AT_US)) <= 120
    with suppress(CarrierFileError):
        for word in read_message(body, table).words:
            word.raw.encode()
            assert word.at_us > 0
