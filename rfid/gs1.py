"""GS1 keys: numbers with check digits, serials, element strings and Digital Links.

Public names: EpcError, Kind, Key, KEYS, DIGITS, check_digit, check_serial, identity, identity_of_element_string,
identity_of_digital_link, gtin_of, escape, unescape, quoted, PLAIN_IN_URN.

The identity of a thing is its GS1 element string with brackets: ``(00)095201234567891235``, ``(01)…(21)…``,
``(8003)…``. It needs no company prefix length, so a barcode, an order file and a tag come to the same key.

Source: GS1 General Specifications, clauses 3 (application identifiers), 7.9 (check digit), 7.11 (characters);
GS1 Digital Link Standard: URI Syntax, release 1.3, clause 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

DIGITS = re.compile(r"[0-9]*")
_SERIAL = re.compile(r"""[!"%-?A-Z_a-z]+""")  # the 82 characters of GS1 General Specifications, figure 7.11-1
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)(.*)", re.DOTALL)
_LINK = re.compile(r"https?://[^/?#]+((?:/[^/?#]+)*?)/(00|01|8003)/([0-9][^/?#]*)((?:/[^/?#]+)*)/?(?:[?#].*)?")

# What stands unescaped. Source: RFC 3986, clause 2.3 (links); TDS 2.3, table A-1 (URNs).
_PLAIN_IN_LINK = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PLAIN_IN_URN = _PLAIN_IN_LINK | frozenset("!'()*+,:;=")


class EpcError(ValueError):
    """This is not a valid EPC; the text says what is wrong and what is allowed. Trying again cannot help."""


class Kind(StrEnum):
    """Which GS1 key identifies the thing; the value is its name in EPC URIs."""

    SGTIN = "sgtin"  # one trade item
    SSCC = "sscc"  # one logistic unit: parcel, pallet
    GRAI = "grai"  # one returnable asset: tote


@dataclass(frozen=True, slots=True)
class Key:
    """How a GS1 key is written. ``digits``: company prefix and reference together, without check digit.

    ``inner``: the reference's first digit (indicator, extension) stands before the company prefix.
    ``serial_max``: longest serial in characters, 0 = the key has none. ``serial_ai`` empty: the serial follows
    the number within the same element. ``qualifiers``: what may stand between key and serial in a link.
    """

    ai: str
    lead: str
    digits: int
    inner: bool
    serial_ai: str
    serial_max: int
    qualifiers: str = ""

    def number(self, company_prefix: str, reference: str) -> str:
        """The digits of the key with leading zero and check digit; parts as in an EPC URI."""
        if self.inner:
            body = self.lead + reference[:1] + company_prefix + reference[1:]
        else:
            body = self.lead + company_prefix + reference
        return body + check_digit(body)

    def element_string(self, number: str, serial: str) -> str:
        between = f"({self.serial_ai})" if self.serial_ai else ""
        return f"({self.ai}){number}{between}{serial}"

    def digital_link(self, number: str, serial: str) -> str:
        between = f"/{self.serial_ai}/" if self.serial_ai else ""
        return f"https://id.gs1.org/{self.ai}/{number}{between}{escape(serial, _PLAIN_IN_LINK)}"

    @property
    def length(self) -> int:
        """Digits of the number with its leading zero and check digit."""
        return len(self.lead) + self.digits + 1


KEYS = {
    Kind.SGTIN: Key("01", "", 13, True, "21", 20, qualifiers="(?:/22/[^/]+)?(?:/10/[^/]+)?"),
    Kind.SSCC: Key("00", "", 17, True, "", 0),
    Kind.GRAI: Key("8003", "0", 12, False, "", 16),
}
_KIND_OF_AI = {key.ai: kind for kind, key in KEYS.items()}


def check_digit(digits: str) -> str:
    """The GS1 check digit of a number given without it: weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin_of(identity: str) -> str | None:
    """The GTIN, 14 digits, of a trade item's identity; ``None`` for other identities."""
    return identity[4:18] if identity.startswith("(01)") else None


def identity(text: str, kind: Kind, number: str, serial: str) -> str:
    """The element string of a checked number and serial; ``text`` is what the error names."""
    key, name = KEYS[kind], f"{quoted(text)}: {kind.upper()}"
    if len(number) != key.length or not DIGITS.fullmatch(number):
        raise EpcError(f"{name} number {quoted(number)} must have {key.length} digits")
    if not number.startswith(key.lead):
        raise EpcError(f"{name} number {number} must begin with {key.lead}")
    if number[-1] != check_digit(number[:-1]):
        raise EpcError(f"{name} check digit {number[-1]} must be {check_digit(number[:-1])}")
    check_serial(name, serial, key.serial_max)
    return key.element_string(number, serial)


def identity_of_element_string(text: str) -> str:
    """``(00)…``, ``(01)…(21)…`` or ``(8003)…``, checked; nothing else may stand in it. Raises ``EpcError``."""
    match = _ELEMENT.fullmatch(text)
    kind = _KIND_OF_AI.get(match[1]) if match else None
    if match is None or kind is None:
        raise EpcError(f"{quoted(text)}: the first application identifier must be (00), (01) or (8003)")
    key = KEYS[kind]
    rest = match[2].lstrip("0123456789")
    number = match[2][: min(key.length, len(match[2]) - len(rest))]
    rest = match[2][len(number) :]
    if key.serial_ai:
        head = f"({key.serial_ai})"
        if len(number) == key.length and rest and not rest.startswith(head):
            raise EpcError(f"{quoted(text)}: after the {key.length} digits of ({key.ai}) must follow {head}")
        rest = rest.removeprefix(head)
    return identity(text, kind, number, rest)


def identity_of_digital_link(text: str) -> str:
    """A GS1 Digital Link of any host and leading path; its query does not matter. Raises ``EpcError``."""
    match = _LINK.fullmatch(text)
    if match is None:
        raise EpcError(f"{quoted(text)}: a GS1 Digital Link has /00/, /01/ or /8003/ and a number in its path")
    kind = _KIND_OF_AI[match[2]]
    key, number, rest = KEYS[kind], match[3], match[4]
    if key.serial_ai:
        found = re.fullmatch(rf"{key.qualifiers}(?:/{key.serial_ai}/([^/]+))?", rest)
        if found is None:
            raise EpcError(f"{quoted(text)}: after /{key.ai}/{number} must follow /{key.serial_ai}/ and the serial")
        return identity(text, kind, number, unescape(text, found[1] or ""))
    if rest:
        raise EpcError(f"{quoted(text)}: nothing may follow /{key.ai}/{number} in the path")
    number = unescape(text, number)
    return identity(text, kind, number[: key.length], number[key.length :])


def check_serial(name: str, serial: str, longest: int) -> None:
    """Raises ``EpcError`` unless the serial has 1 to ``longest`` allowed characters; 0: there is none."""
    if longest == 0:
        if serial:
            raise EpcError(f"{name} has no serial, but {quoted(serial)} follows")
    elif not serial:
        raise EpcError(f"{name} without a serial names a class, not one thing; 1 to {longest} characters are needed")
    elif len(serial) > longest:
        raise EpcError(f"{name} serial {quoted(serial)} has {len(serial)} characters, at most {longest} are allowed")
    elif not _SERIAL.fullmatch(serial):
        raise EpcError(f"{name} serial {quoted(serial)} may hold letters, digits and !\"%&'()*+,-./:;<=>?_ only")


def escape(serial: str, plain: frozenset[str]) -> str:
    """Characters that are not ``plain`` as ``%XX``, upper case."""
    return "".join(char if char in plain else f"%{ord(char):02X}" for char in serial)


def unescape(text: str, serial: str) -> str:
    """``%XX`` to characters; a ``%`` that begins no such escape is refused."""
    if "%" in _ESCAPE.sub("", serial):
        raise EpcError(f"{quoted(text)}: % must be followed by two hexadecimal digits")
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), serial)


def quoted(text: str) -> str:
    """The text as an error shows it, quoted and at most 80 characters long."""
    return repr(text if len(text) <= 80 else text[:79] + "…")
