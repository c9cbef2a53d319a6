"""JSON of readers with an interface of their maker -> reader events: values in, values out.

Public names: Vendor, PushWay, heard, decode, BadJson, MOST.

A message is taken in steps, each some tens of microseconds, so that one with thousands of entries keeps nobody waiting.

Impinj: the reader events of the IoT Device Interface, one object a message or line; the kind is the key that ends with
``Event``. Zebra: the tag data and management events of the IoT Connector, an object or a list of them.

Source: Impinj IoT Device Interface, "Reader Event"; Zebra IoT Connector, "Tag Data Events" and "Management Events".
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Generator, Iterator, Mapping
from enum import StrEnum
from math import pi
from typing import Any, TypeAlias

from rfid.bad_messages import BadMessages
from rfid.driver import PortChanged, ReaderClock, ReaderEvent, ReaderNotice, Reads, TagDetail, TagRead
from rfid.epc.hexadecimal import plain_hex

_Table: TypeAlias = Mapping[str, Any]
_EPC = re.compile(r"(?:[0-9A-F]{4}){1,31}")
_HEX = re.compile(r"(?:[0-9A-F]{2})*")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:Z|([+-])(\d\d):?(\d\d))", re.ASCII
)
MOST = 1_000_000
"""Octets of a message."""
_SHOWN = 200
_AT_ONCE = 32_768
"""Octets of a message that is parsed in one step, or of an entry of a longer list: a millisecond."""
_DECODER = json.JSONDecoder()
_FEW = 20
"""Entries in one step that are only looked at."""
_BEGIN = re.compile(r"[ \t\n\r]*\[[ \t\n\r]*(\]?)[ \t\n\r]*")
_BETWEEN = re.compile(r"[ \t\n\r]*([,\]])[ \t\n\r]*")
_MOST_READS = (1 << 53) - 1  # what JSON carries exactly. Source: RFC 8259, clause 6
_DEGREE = pi / 180


class BadJson(ValueError):  # noqa: N818  # what is bad is the message
    """No message of this maker, or entries of its list are none; the text says why."""


class Vendor(StrEnum):
    """Whose JSON it is."""

    IMPINJ = "impinj"
    ZEBRA = "zebra"


class PushWay(StrEnum):
    """How a reader sends to an address of ours."""

    HTTP = "http"  # POST, an object, a list or lines in each
    WEBSOCKET = "websocket"  # an object or a list a message
    TCP = "tcp"  # an object or a list a line


def heard(
    vendor: Vendor,
    octets: bytes,
    bad: BadMessages,
    alive: Callable[[], None],
    tell: Callable[[ReaderEvent], None],
    where: str = "",
) -> Generator[None, None, bool]:
    """Takes one message or line in steps; the result is whether anything in it was right.

    ``alive`` is called as soon as something was, and ``tell`` with each event. What is wrong with it is counted in
    ``bad``, behind ``where``.
    """
    right = False
    try:
        for event in decode(vendor, octets):
            if event is not None:
                if not right:
                    right = True
                    alive()
                tell(event)
            yield
        if not right:
            right = True
            alive()
    except BadJson as error:
        notice = bad.notice(f"{where}{error}", octets)
        if notice is not None:
            tell(notice)
    return right


def decode(vendor: Vendor, octets: bytes) -> Iterator[ReaderEvent | None]:
    """The events of one message or line, None = a step without any; none for a sign of life.

    Raises ``BadJson``. Where a list has entries that are wrong, the others count, and it is raised behind them.
    """
    message = yield from _parsed(octets)
    of_one: Callable[[_Table], Iterator[ReaderEvent]] = _impinj if vendor is Vendor.IMPINJ else _zebra
    if not isinstance(message, list):
        yield from of_one(_table(message))
        return
    wrong, first, count = 0, "", len(message)
    message.reverse()
    for place in range(1, count + 1):
        try:
            yield from of_one(_table(message.pop()))
        except BadJson as error:
            wrong += 1
            first = first or f"entry {place}: {error}"
        if place % _FEW == 0:
            yield None
    if wrong:
        raise BadJson(f"{first}; {wrong} of {count} entries left out")


def _parsed(octets: bytes) -> Generator[None, None, Any]:
    """What stands in a message; of a long one, which must be a list, entry by entry."""
    if len(octets) > MOST:
        raise BadJson(f"more than {MOST} octets")
    try:
        if len(octets) <= _AT_ONCE:
            return json.loads(octets)
        text = octets.decode(json.detect_encoding(octets), "surrogatepass")
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}") from None
    entries: list[Any] = []
    try:
        yield from _of_list(text, entries)
    except (ValueError, RecursionError) as error:
        while entries:  # to forget thousands takes its time too
            del entries[-_FEW:]
            yield
        raise error if isinstance(error, BadJson) else BadJson(f"not JSON: {error}") from None
    return entries


def _of_list(text: str, entries: list[Any]) -> Iterator[None]:
    """Adds the values of a list. Raises ``BadJson``, ``ValueError``, ``RecursionError``."""
    begin = _BEGIN.match(text)
    if begin is None:
        raise BadJson(f"more than {_AT_ONCE} octets that are no list")
    at, more = begin.end(), not begin[1]
    while more:
        entry, at = _entry(text, at)
        entries.append(entry)
        between = _BETWEEN.match(text, at)
        if between is None:
            raise BadJson(f"not JSON: neither comma nor bracket behind entry {len(entries)}")
        at, more = between.end(), between[1] == ","
        if len(entries) % _FEW == 0:
            yield
    if at < len(text):
        raise BadJson("not JSON: something stands behind its list")


def _entry(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at a place, and where it ends. Raises ``BadJson``, ``ValueError``, ``RecursionError``."""
    for most in (1_024, _AT_ONCE):
        window = text[at : at + most]
        try:
            value, end = _DECODER.raw_decode(window)
        except ValueError:
            if most == _AT_ONCE or len(window) < most:
                raise
        else:
            if end < most:  # else a number may go on
                return value, at + end
    raise BadJson(f"an entry of more than {_AT_ONCE} characters")


# ---- Impinj ----------------------------------------------------------------------------------------------------------


def _impinj(message: _Table) -> Iterator[ReaderEvent]:
    kinds = [key for key in message if key.endswith("Event")]
    if len(kinds) != 1:
        raise BadJson(f"{len(kinds)} keys that end with Event, one is needed")
    kind = kinds[0].removesuffix("Event")
    event = _value(message, kinds[0], dict)
    match kind:
        case "tagInventory":
            yield _impinj_tag(message, event)
        case "antennaConnected" | "antennaDisconnected":
            yield PortChanged("antenna", _port(event, "antennaPort"), kind == "antennaConnected")
        case "gpiTransition":
            transition = _value(event, "transition", str)
            if transition not in ("low-to-high", "high-to-low"):
                raise BadJson(f"transition {transition!r} must be low-to-high or high-to-low")
            yield PortChanged("gpi", _port(event, "gpi"), transition == "low-to-high")
        case "inventoryStatus":
            if _value(event, "inventoryStatus", str) == "idle":
                yield ReaderNotice("the reader does not read: its inventory is idle; start a preset on it")
        case "inventoryTerminated":
            yield ReaderNotice(f"the inventory ended: {_shown(event)}")
        case "overflow":
            yield ReaderNotice("the reader dropped events: more reads than its connection carries")
        case "diagnostic":
            yield ReaderNotice(f"diagnostic: {_shown(event)}")
        case "antennaActivation" | "tagLocationEntry" | "tagLocationUpdate" | "tagLocationExit":
            pass
        case _:
            raise BadJson(f"{kinds[0]} is no event of the IoT Device Interface")


def _impinj_tag(message: _Table, event: _Table) -> Reads:
    where = "enable it in the preset's eventConfig.tagInventory"
    epc = _hex(event, "epcHex", _EPC) if "epcHex" in event else _checked(_base64(event, "epc", where), _EPC, "epc")
    power = _number(event, "peakRssiCdbm", -15_000, 3_000, where) / 100
    at_us = _time(event, "lastSeenTime") if "lastSeenTime" in event else _time(message, "timestamp")
    read = TagRead(epc, _port(event, "antennaPort", where), power, at_us, 1)
    tid = _hex(event, "tidHex") if "tidHex" in event else _base64(event, "tid", where) if "tid" in event else ""
    return _reads(read, _number(event, "phaseAngle", -360, 360) if "phaseAngle" in event else None, tid)


# ---- Zebra -----------------------------------------------------------------------------------------------------------


def _zebra(message: _Table) -> Iterator[ReaderEvent]:
    data = message.get("data")
    told = str(message.get("eventType", message.get("type", "")))
    if isinstance(data, dict) and "idHex" in data:
        yield _zebra_tag(message, data)
    elif "heartbeat" in told.lower():
        pass
    elif isinstance(data, dict) and "pin" in data and "state" in data:
        yield PortChanged("gpi", _port(data, "pin"), str(data["state"]).upper() in ("HIGH", "1", "TRUE"))
    elif data is not None and told:
        yield ReaderNotice(f"{told}: {_shown(data)}")
    else:
        raise BadJson("neither data.idHex, as tag data has, nor data and type, as a management event has")


def _zebra_tag(message: _Table, data: _Table) -> Reads:
    where = "add it to tagMetaData of the operating mode"
    power = _number(data, "peakRssi", -150, 30, f"{where} as RSSI")
    seen = int(_number(data, "reads", 1, _MOST_READS)) if "reads" in data else 1
    port = _port(data, "antenna", f"{where} as ANTENNA")
    read = TagRead(_hex(data, "idHex", _EPC), port, power, _time(message, "timestamp"), seen)
    phase = _number(data, "phase", -360, 360) if "phase" in data else None
    return _reads(read, phase, _hex(data, "TID") if "TID" in data else "")


# ---- parts -----------------------------------------------------------------------------------------------------------


def _reads(read: TagRead, phase_degrees: float | None, tid: str) -> Reads:
    if phase_degrees is None and not tid:
        return Reads((read,), ReaderClock.UTC)
    phase = None if phase_degrees is None else phase_degrees % 360 * _DEGREE
    return Reads((read,), ReaderClock.UTC, details=(TagDetail(phase, None, tid),))


def _table(value: Any) -> _Table:
    if not isinstance(value, dict):
        raise BadJson(f"{type(value).__name__} where an object is needed")
    return value


def _value(table: _Table, key: str, kind: type[Any], hint: str = "") -> Any:
    if key not in table:
        raise BadJson(f"{key} is missing" + (f": {hint}" if hint else ""))
    value = table[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadJson(f"{key} {_shown(value)} must be of type {kind.__name__}")
    return value


def _number(table: _Table, key: str, least: float, most: float, hint: str = "") -> float:
    value = table.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if least <= value <= most:
            return float(value)
        raise BadJson(f"{key} {value} is not in {least:g}..{most:g}")
    return float(_value(table, key, int, hint))


def _port(table: _Table, key: str, hint: str = "") -> int:
    value = table.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        table = {key: int(value)}
    number = int(_value(table, key, int, hint))
    if not 1 <= number <= 255:
        raise BadJson(f"{key} {number} is not in 1..255")
    return number


def _hex(table: _Table, key: str, pattern: re.Pattern[str] = _HEX) -> str:
    text = str(_value(table, key, str))
    return _checked(plain_hex(text) or text, pattern, key)


def _base64(table: _Table, key: str, hint: str) -> str:
    text = str(_value(table, key, str, hint)).replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True).hex().upper()
    except (Base64Error, ValueError):
        raise BadJson(f"{key} {_shown(table[key])} is not base64") from None


def _checked(text: str, pattern: re.Pattern[str], key: str) -> str:
    if not pattern.fullmatch(text):
        words = "1 to 31 words of four" if pattern is _EPC else "an even number of"
        raise BadJson(f"{key} {text[:_SHOWN]!r} must be {words} hexadecimal digits")
    return text


def _time(table: _Table, key: str) -> int:
    """Microseconds since 1970 UTC of an ISO 8601 time with its offset; digits beyond microseconds are left out."""
    text = _value(table, key, str)
    match = _TIME.fullmatch(text)
    if match is None:
        raise BadJson(f"{key} {_shown(text)} must be a time such as 2026-01-31T23:59:59.123456789Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60):
        raise BadJson(f"{key} {text!r} is no time of a day")
    offset_min = int(match[9] or 0) * 60 + int(match[10] or 0)
    seconds = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    seconds -= (-offset_min if match[8] == "-" else offset_min) * 60
    return seconds * 1_000_000 + int((match[7] or "").ljust(6, "0")[:6])


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar; the year is taken to begin in March."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
