"""Barcode scanners: frames of both forms and what the codes in them name."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from edge.intake import keys
from fuzz.borders import Take
from rfid.barcode import BadScan, Framing, ScanFormat, ScanFrames, codes_of, identify_code, identify_key
from rfid.epc.identity import EpcError

_FORMS = (
    ScanFormat(),
    ScanFormat(Framing.STX_ETX, separator=";", heartbeat="HB"),
    ScanFormat(Framing.LINES, separator=",", no_read="?"),
)
_CODES = (
    "]C100095211410000012344", "]d20109521141001011\x1d2177", "01095211410010112177", "(00)095211410000012344",
    "https://id.gs1.org/01/09521141001011/21/77", "8003009521141000109", "42010001 9400100000000000000000",
    "[)>\x1e01\x1d961Z00000001\x1e\x04", "NOREAD", "HB", "A;B",
)  # fmt: skip


def seeds() -> Iterable[bytes]:
    """Each code in each form; the first octet is the form."""
    for number, form in enumerate(_FORMS):
        for code in _CODES:
            framed = f"{code}\r\n" if form.framing is Framing.LINES else f"\x02{code}\x03"
            yield bytes((number,)) + framed.encode()


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    form, stream = _FORMS[octets[0] % len(_FORMS) if octets else 0], octets[1:]
    found = ScanFrames(form).feed(stream)
    half, split = len(stream) // 2, ScanFrames(form)
    assert found == split.feed(stream[:half]) + split.feed(stream[half:]), "a split changes what is told"
    for one in found:
        for code in () if isinstance(one, BadScan) else one.codes:
            assert code == code.strip("\r\n"), "an end of a line is in a code"
    text = stream.decode("utf-8", "replace")
    assert identify_code(text) == codes_of(text)[0]
    with suppress(EpcError):
        identify_key(text)
    for named in (keys.item, keys.tote, keys.parcel, keys.code):
        with suppress(ValueError):
            named(text)
