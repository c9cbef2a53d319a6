"""What the devices of the simulated floor say: tag reads as JSON of their maker, cards, packets and frames, as octets.

Public names: read_of, alive_of, card_of, scan_of, frame_of, connect_packet, publish_packet, text_frame.

Source: Impinj IoT Device Interface, "Reader Event"; Zebra IoT Connector, "Tag Data Events" and "Management Events";
data sheets of the ID-12 and RDM6300, "output data format, ASCII"; MQTT Version 3.1.1, 2.2, 3.1 and 3.3; RFC 6455, 5.2.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Sequence
from functools import reduce
from operator import xor

from edge.core.iso_time import iso
from rfid.barcode import Framing
from rfid.driver import TagRead
from rfid.vendor_json import Vendor

_LEVEL = 4
"""MQTT 3.1.1 by its number in CONNECT."""


def read_of(vendor: Vendor, name: str, read: TagRead) -> bytes:
    """One sighting of a tag by the reader ``name``."""
    at = iso(read.at_us, 6)
    if vendor is Vendor.IMPINJ:
        tag = {
            "epc": b2a_base64(bytes.fromhex(read.epc), newline=False).decode(),
            "antennaPort": read.antenna,
            "peakRssiCdbm": round(read.rssi_dbm * 100),
            "lastSeenTime": at,
        }
        return _json({"timestamp": at, "hostname": name, "eventType": "tagInventory", "tagInventoryEvent": tag})
    data = {
        "eventNum": 1,
        "format": "epc",
        "idHex": read.epc.lower(),
        "antenna": read.antenna,
        "peakRssi": round(read.rssi_dbm),
        "reads": read.seen,
    }
    return _json({"type": "SIMPLE", "timestamp": at, "data": data})


def alive_of(vendor: Vendor, name: str, at_us: int) -> bytes:
    """What a reader says while it hears no tag."""
    at = iso(at_us, 6)
    if vendor is Vendor.IMPINJ:
        status = {"inventoryStatus": "running"}
        return _json(
            {"timestamp": at, "hostname": name, "eventType": "inventoryStatus", "inventoryStatusEvent": status}
        )
    return _json({"component": "RC", "eventNum": 1, "timestamp": at, "type": "heartbeat", "data": {"radio": "active"}})


def card_of(card: str) -> bytes:
    """The frame of a 125 kHz card, ten hexadecimal digits."""
    return f"\x02{card}{reduce(xor, bytes.fromhex(card)):02X}\r\n\x03".encode()


def scan_of(codes: Sequence[str], framing: Framing, separator: str, no_read: str) -> bytes:
    """What a scanner found on one object; GS1 identities as GS1-128 with their AIM identifier. None: ``no_read``."""
    texts = [f"]C1{code.replace('(', '').replace(')', '')}" if code.startswith("(") else code for code in codes]
    return frame_of((separator.join(texts) if separator else "".join(texts[:1])) or no_read, framing)


def frame_of(text: str, framing: Framing) -> bytes:
    """A scanner's frame."""
    return (f"\x02{text}\x03" if framing is Framing.STX_ETX else f"{text}\r\n").encode()


def connect_packet(client: str, user: str, password: str, keepalive_s: int) -> bytes:
    """MQTT's CONNECT; ``user`` empty = without a login."""
    flags = 0x02 | (0xC0 if user else 0)
    named = (client, user, password) if user else (client,)
    head = _text("MQTT") + bytes((_LEVEL, flags)) + keepalive_s.to_bytes(2, "big")
    return _packet(0x10, head + b"".join(map(_text, named)))


def publish_packet(topic: str, message: bytes) -> bytes:
    """MQTT's PUBLISH with quality of service 0."""
    return _packet(0x30, _text(topic) + message)


def text_frame(message: bytes, mask: bytes) -> bytes:
    """A whole message of a WebSocket's client; ``mask``: four octets."""
    size = len(message)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0x80 | 127,)) + size.to_bytes(8, "big")
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return b"\x81" + length + mask + (int.from_bytes(message, "big") ^ key).to_bytes(size, "big")


def _json(message: dict[str, object]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _text(text: str) -> bytes:
    octets = text.encode()
    return len(octets).to_bytes(2, "big") + octets


def _packet(kind: int, body: bytes) -> bytes:
    left, length = len(body), bytearray()
    while True:
        left, digit = left >> 7, left & 0x7F
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes((kind,)) + bytes(length) + body
