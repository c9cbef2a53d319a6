"""GS1 keys: numbers with check digits, serials, element strings and Digital Links.

Public names: EpcError, Kind, Alphabet, Key, KEYS, DateKind, is_date, check_digit, identity, key_of_element_string,
key_of_digital_link, gtin_of, escape, unescape, quoted, PLAIN_IN_URN.

The identity of a thing is its GS1 element string with brackets: ``(00)095201234567891235``, ``(01)…(21)…``,
``(8003)…``. It needs no company prefix length, so a barcode, an order file and a tag come to the same key.

Source: GS1 General Specifications, clauses 3 (application identifiers), 7.9 (check digit), 7.11 (characters);
GS1 Digital Link Standard: URI Syntax, release 1.3, clause 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)")
_LINK = re.compile(r"https?://[^/?#]+/([^?#]*?)/?(?:[?#].*)?", re.DOTALL | re.IGNORECASE)
_DATES = "11|13|15|16|17|7006|7007"
_DATE_BEHIND = re.compile(rf"(.+)\((?:{_DATES})\)([0-9]{{6}})", re.DOTALL)

# What may stand beside a key and is no part of it: application identifiers, and the form of their values.
# Source: GS1 General Specifications, figure 3.2-1.
_TEXT = r"""[!"%-?A-Z_a-z]"""
_BESIDE = [
    (re.compile(ai), re.compile(value))
    for ai, value in (
        ("02", "[0-9]{14}"),
        ("1[1235-7]|700[67]", "[0-9]{6}"),
        ("20", "[0-9]{2}"),
        ("10|22|24[23]|25[01]|420", f"{_TEXT}{{1,30}}"),
        ("30|37", "[0-9]{1,8}"),
        ("3[1-6][0-9]{2}", "[0-9]{6}"),
        ("39[0-9]{2}", "[0-9]{1,18}"),
        ("24[01]|40[013]|42[1-7]", f"{_TEXT}{{1,30}}"),
        ("402", "[0-9]{17}"),
        ("41[0-35-7]", "[0-9]{13}"),
        ("9[0-9]", f"{_TEXT}{{1,90}}"),
    )
]

# What stands unescaped. Source: RFC 3986, clause 2.3 (links); TDS 2.3, table A-1 (URNs).
_PLAIN_IN_LINK = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PLAIN_IN_URN = _PLAIN_IN_LINK | frozenset("!'()*+,:;=")


class EpcError(ValueError):
    """This is not a valid EPC; the text says what is wrong and what is allowed. Trying again cannot help."""


class Kind(StrEnum):
    """Which key identifies the thing; the value is its name in EPC URIs."""

    SGTIN = "sgtin"  # one trade item
    SSCC = "sscc"  # one logistic unit: parcel, pallet
    SGLN = "sgln"  # a place
    GRAI = "grai"  # one returnable asset: tote
    GIAI = "giai"  # one fixed asset
    GSRN = "gsrn"  # a recipient of a service
    GSRNP = "gsrnp"  # a provider of a service
    GDTI = "gdti"  # one document
    CPI = "cpi"  # one component or part
    SGCN = "sgcn"  # one coupon
    ITIP = "itip"  # one piece of a trade item
    GID = "gid"  # General Identifier: no GS1 key, it has neither element string nor link


class DateKind(Enum):
    """The date that a DSGTIN+ carries: its number in the tag, and its application identifier.

    Source: TDS 2.3, clause 14.6.1 (DSGTIN+, date type indicator).
    """

    PRODUCTION = (0, "11")
    PACKAGING = (1, "13")
    BEST_BEFORE = (2, "15")
    SELL_BY = (3, "16")
    EXPIRATION = (4, "17")
    FIRST_FREEZE = (5, "7006")
    HARVEST = (6, "7007")

    @property
    def ai(self) -> str:
        return self.value[1]


class Alphabet(Enum):
    """Characters that a part of a key may hold: their pattern, and what an error says of them."""

    DIGITS = (re.compile("[0-9]+"), "digits only")
    NUMBER = (re.compile("0|[1-9][0-9]*"), "a number without leading zeros only")
    TEXT = (re.compile(r"""[!"%-?A-Z_a-z]+"""), "letters, digits and !\"%&'()*+,-./:;<=>?_ only")  # figure 7.11-1
    PART = (re.compile(r"[#\-/0-9A-Z]+"), "capital letters, digits and #-/ only")  # figure 7.11-2

    def check(self, what: str, text: str, longest: int) -> None:
        """Raises ``EpcError`` unless the text has 1 to ``longest`` of these characters."""
        pattern, allowed = self.value
        if len(text) > longest:
            raise EpcError(f"{what} {quoted(text)} has {len(text)} characters, at most {longest} are allowed")
        if not pattern.fullmatch(text):
            raise EpcError(f"{what} {quoted(text)} may hold {allowed}")


@dataclass(frozen=True, slots=True)
class Key:
    """How a GS1 key is written.

    The key's number has ``lead``, then ``digits`` digits of company prefix and reference, then the check digit,
    then ``pieces`` digits; with ``free`` set it is instead text of these characters, 30 at most, that begins with
    the company prefix. ``inner``: the reference's first digit (indicator, extension) stands before the prefix.
    ``serial_max``: longest serial in characters, 0 = the key has none. ``serial_ai`` empty: the serial follows
    the number within the same element. ``no_serial``: the serial that means there is none.
    ``qualifiers``: application identifiers that may stand between key and serial in a link.
    """

    ai: str
    digits: int
    lead: str = ""
    pieces: int = 0
    free: Alphabet | None = None
    inner: bool = False
    serial: Alphabet = Alphabet.TEXT
    serial_ai: str = ""
    serial_max: int = 0
    no_serial: str = ""
    qualifiers: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Characters of the number; of text the most."""
        return 30 if self.free else len(self.lead) + self.digits + 1 + self.pieces

    def number(self, company_prefix: str, reference: str, pieces: str = "") -> str:
        """The key's number; parts as in an EPC URI. A prefix of unknown length may be left in the reference."""
        if self.free:
            return company_prefix + reference
        if self.inner:
            body = self.lead + reference[:1] + company_prefix + reference[1:]
        else:
            body = self.lead + company_prefix + reference
        return body + check_digit(body) + pieces

    def element_string(self, number: str, serial: str) -> str:
        if serial == self.no_serial:
            return f"({self.ai}){number}"
        return f"({self.ai}){number}({self.serial_ai}){serial}" if self.serial_ai else f"({self.ai}){number}{serial}"

    def digital_link(self, number: str, serial: str) -> str:
        between = f"/{self.serial_ai}/" if self.serial_ai and serial != self.no_serial else ""
        behind = "" if serial == self.no_serial else escape(serial, _PLAIN_IN_LINK)
        return f"https://id.gs1.org/{self.ai}/{escape(number, _PLAIN_IN_LINK)}{between}{behind}"

    def check(self, name: str, number: str, serial: str) -> None:
        """Raises ``EpcError`` unless this is a key's number with its right check digit, and a serial of it."""
        self.check_number(name, number)
        self.check_serial(name, serial)

    def check_number(self, name: str, number: str) -> None:
        if self.free is not None:
            self.free.check(name, number, self.length)
            if not (len(number) > 4 and number[:4].isdigit()):
                raise EpcError(f"{name} {quoted(number)} must begin with the digits of a company prefix")
            return
        if len(number) != self.length or not (number.isascii() and number.isdigit()):
            raise EpcError(f"{name} number {quoted(number)} must have {self.length} digits")
        if not number.startswith(self.lead):
            raise EpcError(f"{name} number {number} must begin with {self.lead}")
        end = self.length - self.pieces
        if number[end - 1] != check_digit(number[: end - 1]):
            raise EpcError(f"{name} check digit {number[end - 1]} must be {check_digit(number[: end - 1])}")
        self.check_pieces(name, number[end:])

    def check_pieces(self, name: str, pieces: str) -> None:
        """Number of the piece and of all pieces, two digits each; nothing for keys without pieces."""
        if len(pieces) != self.pieces or (pieces and not (pieces.isascii() and pieces.isdigit())):
            raise EpcError(f"{name} pieces {quoted(pieces)} must have {self.pieces} digits")
        if pieces and not 1 <= int(pieces[:2]) <= int(pieces[2:]):
            raise EpcError(f"{name} piece {pieces[:2]} must be 01..{pieces[2:]}, the number of all pieces")

    def check_serial(self, name: str, serial: str) -> None:
        if self.serial_max == 0:
            if serial:
                raise EpcError(f"{name} has no serial, but {quoted(serial)} follows")
        elif not serial:
            longest = self.serial_max
            raise EpcError(
                f"{name} without a serial names a class, not one thing; 1 to {longest} characters are needed"
            )
        else:
            self.serial.check(f"{name} serial", serial, self.serial_max)
            if self.ai == "01" and ("(" in serial) and _undated(serial) != serial:
                raise EpcError(f"{name} serial {quoted(serial)} cannot be told from a serial and a date")


_LOT_AND_VARIANT = ("22", "10")
KEYS = {
    Kind.SGTIN: Key("01", 13, inner=True, serial_ai="21", serial_max=20, qualifiers=_LOT_AND_VARIANT),
    Kind.SSCC: Key("00", 17, inner=True),
    Kind.SGLN: Key("414", 12, serial_ai="254", serial_max=20, no_serial="0"),
    Kind.GRAI: Key("8003", 12, lead="0", serial_max=16),
    Kind.GIAI: Key("8004", 0, free=Alphabet.TEXT),
    Kind.GSRN: Key("8018", 17, qualifiers=("8019",)),
    Kind.GSRNP: Key("8017", 17, qualifiers=("8019",)),
    Kind.GDTI: Key("253", 12, serial_max=17),
    Kind.CPI: Key("8010", 0, free=Alphabet.PART, serial=Alphabet.NUMBER, serial_ai="8011", serial_max=12),
    Kind.SGCN: Key("255", 12, serial=Alphabet.DIGITS, serial_max=12),
    Kind.ITIP: Key("8006", 13, pieces=4, inner=True, serial_ai="21", serial_max=20, qualifiers=_LOT_AND_VARIANT),
}
_KIND_OF_AI = {key.ai: kind for kind, key in KEYS.items()}
_AIS = sorted(_KIND_OF_AI, key=lambda ai: (len(ai), ai))


def check_digit(digits: str) -> str:
    """The GS1 check digit of a number given without it: weights 3, 1, 3, … from the right."""
    codes = digits.encode()
    odd = codes[::-2]
    return "0123456789"[-(2 * sum(odd) + sum(codes) - 48 * (len(codes) + 2 * len(odd))) % 10]


def is_date(yymmdd: str) -> bool:
    """Whether this is a day of a month, or day 00, which means the month's last day."""
    if len(yymmdd) != 6 or not (yymmdd.isascii() and yymmdd.isdigit()):
        return False
    year, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    february = 29 if year % 4 == 0 else 28
    return 1 <= month <= 12 and day <= (31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def gtin_of(identity: str) -> str | None:
    """The GTIN, 14 digits, of a trade item's identity; ``None`` for other identities."""
    return identity[4:18] if identity.startswith("(01)") else None


def identity(kind: Kind, number: str, serial: str) -> str:
    """The element string of a checked number and serial. Raises ``EpcError``."""
    key = KEYS[kind]
    serial = serial or key.no_serial
    key.check(kind.upper(), number, serial)
    return key.element_string(number, serial)


def key_of_element_string(text: str) -> tuple[Kind, str, str]:
    """Kind, number and serial of an element string with brackets, not yet checked.

    Elements beside the key, as lot, date or content, are left out wherever they stand; what has not the form of an
    element is part of the serial before it. Of several keys a parcel's counts, else the first. Raises ``EpcError``.
    """
    begins = list(_ELEMENT.finditer(text))
    keys = [begin for begin in begins if begin[1] in _KIND_OF_AI]
    own = next((begin for begin in keys if begin[1] == "00" and _digits(text[begin.end() :]) == 18), None)
    own = own or next(iter(keys), None)
    kind = _KIND_OF_AI[own[1]] if own else Kind.GID
    key = KEYS[kind] if own else None
    value, serial, end, more = "", "", len(text), False
    for begin in reversed(begins):
        ai, its = begin[1], text[begin.end() : end]
        if begin is own:
            value = its
        elif key is not None and ai == key.serial_ai:
            if text.index(begin[0]) != begin.start():
                continue
            serial = its
        elif not _stands_beside(ai, its):
            continue
        else:
            more = True
        end = begin.start()
    if key is None or end:
        allowed = ", ".join(f"({ai})" for ai in _AIS)
        raise EpcError(f"the first application identifier must be one of {allowed}")
    if key.free:
        return kind, value, serial
    number = value[: min(key.length, _digits(value))]
    rest = value[len(number) :]
    if not key.serial_ai:
        return kind, number, rest
    if len(number) == key.length and (rest or (more and not serial and not key.no_serial)):
        raise EpcError(f"after the {key.length} digits of ({key.ai}) must follow ({key.serial_ai})")
    return kind, number + rest, serial or key.no_serial


def _stands_beside(ai: str, value: str) -> bool:
    """Whether this is an element of its own beside a key."""
    if ai in _KIND_OF_AI:
        key = KEYS[_KIND_OF_AI[ai]]
        return bool(value) if key.free else _digits(value) >= key.length
    if ai in _DATES.split("|"):
        return is_date(value)
    return any(known.fullmatch(ai) and form.fullmatch(value) for known, form in _BESIDE)


def _digits(text: str) -> int:
    """How many digits it begins with."""
    return len(text) - len(text.lstrip("0123456789"))


def key_of_digital_link(text: str) -> tuple[Kind, str, str]:
    """Kind, number and serial of a GS1 Digital Link, not yet checked.

    Any host and leading path will do, and the query does not matter. Raises ``EpcError``.
    """
    match = _LINK.fullmatch(text)
    steps = match[1].split("/") if match else []
    # Pairs of name and value are counted from the end: a leading path may look like a key.
    at = next((at for at in range(len(steps) - 2, -1, -2) if steps[at] in _KIND_OF_AI and all(steps[at:])), None)
    if at is None:
        allowed = ", ".join(f"/{ai}/" for ai in _AIS)
        raise EpcError(
            f"a GS1 Digital Link has one of {allowed} and a number in its path, then pairs of name and value"
        )
    kind, number = _KIND_OF_AI[steps[at]], unescape(steps[at + 1])
    key, names = KEYS[kind], steps[at + 2 :: 2]
    allowed_names = [*key.qualifiers, *([key.serial_ai] if key.serial_ai else [])]
    if names != [name for name in allowed_names if name in names]:
        if not allowed_names:
            raise EpcError(f"nothing may follow /{key.ai}/{number} in the path")
        wanted = "and ".join([f"/{name}/" for name in key.qualifiers] + [f"/{key.serial_ai}/"] * bool(key.serial_ai))
        raise EpcError(f"after /{key.ai}/{number} may follow {wanted} in this order, not /{'/, /'.join(names)}/")
    if key.serial_ai:
        serial = unescape(steps[-1]) if names[-1:] == [key.serial_ai] else key.no_serial
        return kind, number, serial
    return kind, number[: key.length], number[key.length :]


def escape(text: str, plain: frozenset[str]) -> str:
    """Characters that are not ``plain`` as ``%XX``, upper case."""
    return "".join(char if char in plain else f"%{ord(char):02X}" for char in text)


def unescape(text: str) -> str:
    """``%XX`` to characters; a ``%`` that begins no such escape is refused."""
    if "%" in _ESCAPE.sub("", text):
        raise EpcError("% must be followed by two hexadecimal digits")
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def quoted(text: str) -> str:
    """The text as an error shows it, quoted and at most 80 characters long."""
    return repr(text if len(text) <= 80 else text[:79] + "…")


def _undated(text: str) -> str:
    """The text without a date element at its end."""
    match = _DATE_BEHIND.fullmatch(text)
    return match[1] if match and is_date(match[2]) else text
