"""Carriers' files: CSV with what became of parcels."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from edge.config.tracking import CarrierTable
from edge.intake.carrier_words import CarrierFileError, read_words_file
from fuzz.borders import Take

_TABLES = [
    CarrierTable.model_validate({"codes": {"DL": "delivered", "IT/A": "in-transit"}, **more})
    for more in (
        {"time_zone": "Asia/Taipei"},
        {
            "time_format": "%d.%m.%Y %H:%M", "encoding": "cp1252", "delimiter": ";", "time_zone": "Europe/Berlin",
            "columns": {"parcel": ["Sendung", "NVE"], "code": "Code + Unter", "at": "Datum + Zeit", "place": "Ort"},
        },
        {"time_format": "unix-ms", "delimiter": "\t", "encoding": "gb18030"},
    )
]  # fmt: skip


def seeds() -> Iterable[bytes]:
    """A file for each table; the first octet is the table."""
    yield b"\0parcel,code,time\n095211410000012344,DL,2026-11-30T09:30:00+08:00\n1Z1,XX,2026-11-30 09:30\n"
    yield b"\1Sendung;NVE;Code;Unter;Datum;Zeit;Ort\n1Z1;;IT;A;30.11.2026;09:30;K\xf6ln\n"
    yield b"\1NVE;Code;Unter;Datum;Zeit\n(00)095211410000012344;DL;;1.1.2026;0:00\n"
    yield b"\2parcel\tcode\ttime\n1Z1\tDL\t1790000000000\n"


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    with suppress(CarrierFileError):
        for word in read_words_file(octets[1:], _TABLES[octets[0] % len(_TABLES) if octets else 0]).words:
            word.raw.encode()
            assert word.at_us > 0
