"""A TCP conversation as a capture file that dissectors read.

Public names: write_pcap, MAX_SEGMENT.

Source: libpcap file format (draft-ietf-opsawg-pcap), link type 101 (raw IP); RFC 791, RFC 1071, RFC 9293.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

MAX_SEGMENT = 1400
"""Payload octets of one segment; a longer payload becomes several segments in a row."""

_CLIENT = (b"\x7f\x00\x00\x02", 40_000)
_SERVER_ADDRESS = b"\x7f\x00\x00\x01"
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10


def write_pcap(
    path: str | Path, conversation: Sequence[tuple[bool, bytes]], server_port: int, *, step_us: int = 1_000
) -> None:
    """Writes one whole connection, handshake to close, with right lengths, sequences and checksums.

    ``conversation`` holds (from the client, payload) in order of time; packets are ``step_us`` apart, the
    first at 1 s after the epoch. An empty payload is left out. One payload per write keeps what the
    peers sent together in one segment, up to MAX_SEGMENT.
    """
    with Path(path).open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101))
        for number, packet in enumerate(_packets(conversation, server_port)):
            seconds, micros = divmod(1_000_000 + number * step_us, 1_000_000)
            file.write(struct.pack("<IIII", seconds, micros, len(packet), len(packet)) + packet)


def _packets(conversation: Sequence[tuple[bool, bytes]], server_port: int) -> Iterator[bytes]:
    sent = {True: 1_000, False: 5_000}  # next sequence number of each side

    def packet(from_client: bool, flags: int, payload: bytes = b"") -> bytes:
        acked = sent[not from_client] if flags & _ACK else 0
        made = _packet(from_client, server_port, sent[from_client], acked, flags, payload)
        sent[from_client] = (sent[from_client] + len(payload) + bool(flags & (_SYN | _FIN))) % 2**32
        return made

    yield packet(True, _SYN)
    yield packet(False, _SYN | _ACK)
    yield packet(True, _ACK)
    for from_client, payload in conversation:
        for at in range(0, len(payload), MAX_SEGMENT):
            yield packet(from_client, _PUSH | _ACK, bytes(payload[at : at + MAX_SEGMENT]))
            yield packet(not from_client, _ACK)
    yield packet(True, _FIN | _ACK)
    yield packet(False, _FIN | _ACK)
    yield packet(True, _ACK)


def _packet(from_client: bool, server_port: int, sequence: int, acked: int, flags: int, payload: bytes) -> bytes:
    client, server = _CLIENT, (_SERVER_ADDRESS, server_port)
    (source, source_port), (target, target_port) = (client, server) if from_client else (server, client)
    tcp = struct.pack(">HHIIBBHHH", source_port, target_port, sequence, acked, 5 << 4, flags, 65_535, 0, 0)
    pseudo = source + target + struct.pack(">BBH", 0, 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0x4000, 64, 6, 0, source, target)
    ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
    return ip + tcp + payload


def _checksum(octets: bytes) -> int:
    """The ones' complement sum of RFC 1071."""
    padded = octets + b"\x00" * (len(octets) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
