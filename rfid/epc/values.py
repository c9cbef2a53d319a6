"""What an EPC names and what a tag says of it, as values that are always valid.

Public names: Epc, EpcTag, PriorityDate.

Source: GS1 EPC Tag Data Standard 2.3, clauses 6.3 (URIs), 7 (element strings), 14.6 (what a scheme can hold).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from rfid.epc.bits import Method, holds
from rfid.epc.gs1 import KEYS, PLAIN_IN_URN, Alphabet, DateKind, EpcError, Kind, escape, is_date, quoted
from rfid.epc.schemes import ROWS, Form, General, Partitioned, Plus, Scheme

_NUMBER = re.compile(r"0|[1-9][0-9]*")
_BITS = re.compile(r"[01]*")


@dataclass(frozen=True, slots=True)
class Epc:
    """Pure identity of one thing. All parts are text: leading zeros count. Raises ``EpcError`` for what is none.

    ``company_prefix``: 6 to 12 digits; empty where its length is not known, as in '+' schemes, element strings and
    links: it then begins the reference. ``reference``: SGTIN and ITIP indicator digit and item reference, SSCC
    extension digit and serial reference, SGLN location, GRAI asset type, GSRN and GSRNP service reference, GDTI
    document type, SGCN coupon reference, all filled up to the key's length with zeros; GIAI individual asset
    reference and CPI component reference as they are. ``serial``: of the item, asset, document, part or coupon;
    SGLN extension, ``0`` = none; empty for SSCC, GIAI, GSRN and GSRNP. ``pieces``: ITIP number of the piece and of
    all pieces, two digits each; else empty. GID: general manager, object class and serial, without leading zeros.
    """

    kind: Kind
    company_prefix: str
    reference: str
    serial: str = ""
    pieces: str = ""

    def __post_init__(self) -> None:
        name = self.kind.upper()
        key = KEYS.get(self.kind)
        prefix, reference = self.company_prefix, self.reference
        if key is None:
            for part in (prefix, reference, self.serial):
                Alphabet.NUMBER.check(name, part, 11)
            return
        if prefix and not (6 <= len(prefix) <= 12 and prefix.isascii() and prefix.isdigit()):
            raise EpcError(f"{name}: company prefix {quoted(prefix)} must have 6 to 12 digits")
        beside = f" beside company prefix {prefix}" if prefix else ""
        if key.free is not None:
            key.free.check(f"{name}: reference", reference, key.length - len(prefix))
            key.check_number(name, prefix + reference)
        else:
            wanted = key.digits - len(prefix)
            if len(reference) != wanted or (reference and not (reference.isascii() and reference.isdigit())):
                raise EpcError(f"{name}: reference {quoted(reference)} must have {wanted} digits{beside}")
        key.check_serial(name, self.serial)
        if key.pieces or self.pieces:
            key.check_pieces(name, self.pieces)

    @property
    def identity(self) -> str:
        """The key everywhere inside: the element string; of a GID the pure identity URI."""
        key = KEYS.get(self.kind)
        if key is None:
            return f"urn:epc:id:gid:{self.parts()}"
        return key.element_string(key.number(self.company_prefix, self.reference, self.pieces), self.serial)

    @property
    def element_string(self) -> str | None:
        """GS1 element string with brackets; ``None`` for a GID."""
        return None if self.kind is Kind.GID else self.identity

    @property
    def uri(self) -> str | None:
        """Pure identity URI, ``urn:epc:id:…``; ``None`` where the company prefix is not known."""
        return f"urn:epc:id:{self.kind}:{self.parts()}" if self.company_prefix else None

    @property
    def digital_link(self) -> str | None:
        """Canonical GS1 Digital Link URI; ``None`` for a GID."""
        key = KEYS.get(self.kind)
        if key is None:
            return None
        return key.digital_link(key.number(self.company_prefix, self.reference, self.pieces), self.serial)

    def parts(self) -> str:
        """The parts as EPC URIs have them, between dots."""
        parts = [self.company_prefix, escape(self.reference, PLAIN_IN_URN), self.pieces[:2], self.pieces[2:]]
        if self.kind is not Kind.ITIP:
            del parts[2:]
        key = KEYS.get(self.kind)
        if key is None or key.serial_max:
            parts.append(escape(self.serial, PLAIN_IN_URN))
        return ".".join(parts)

    def with_company_prefix(self, digits: int) -> Epc:
        """The same thing, its company prefix known to have so many digits. Raises ``EpcError``."""
        key = KEYS.get(self.kind)
        if key is None or self.company_prefix:
            raise EpcError(f"{self.kind.upper()}: company prefix {self.company_prefix} is known")
        inner = int(key.inner)
        indicator, rest = self.reference[:inner], self.reference[inner:]
        return Epc(self.kind, rest[:digits], indicator + rest[digits:], self.serial, self.pieces)


@dataclass(frozen=True, slots=True)
class PriorityDate:
    """The date that a DSGTIN+ tag says before the item. ``yymmdd``: day 00 is the month's last day."""

    kind: DateKind
    yymmdd: str

    def __post_init__(self) -> None:
        if not is_date(self.yymmdd):
            raise EpcError(f"{self.kind.name.lower()} date {quoted(self.yymmdd)} must be a date YYMMDD")


@dataclass(frozen=True, slots=True)
class EpcTag:
    """What stands on a tag: an identity in a binary scheme. Raises ``EpcError`` when the scheme cannot hold it.

    ``filter_value``: 0..7, as TDS 2.3 clause 10; 0 for a GID, which has none. Of '+' schemes only: ``date`` of a
    DSGTIN+; ``aidc``: the bits of the +AIDC data behind the EPC as zeros and ones, ``None`` = the toggle bit says
    there is none; ``method``: encoding of the variable-length text, ``None`` = the shortest.
    """

    scheme: Scheme
    filter_value: int
    epc: Epc
    date: PriorityDate | None = None
    aidc: str | None = None
    method: Method | None = None

    def __post_init__(self) -> None:
        row = ROWS[self.scheme]
        if self.epc.kind is not row.kind:
            raise EpcError(f"{self.scheme} holds {row.kind.upper()}, not {self.epc.kind.upper()}")
        if not 0 <= self.filter_value <= 7:
            raise EpcError(f"{self.scheme}: filter value {self.filter_value} must be 0..7")
        match row:
            case Partitioned():
                self._check_plain()
                self._check_partitioned(row)
            case Plus():
                self._check_plus(row)
            case General():
                self._check_plain()
                if self.filter_value:
                    raise EpcError(f"{self.scheme}: filter value {self.filter_value} must be 0, it has none")
                parts = (self.epc.company_prefix, self.epc.reference, self.epc.serial)
                for part, width in zip(parts, row.widths, strict=True):
                    self._check_integer("part", part, (1 << width) - 1)
            case _:
                assert_never(row)

    @property
    def tag_uri(self) -> str | None:
        """Tag URI, ``urn:epc:tag:…``; ``None`` for '+' schemes, which have none."""
        row = ROWS[self.scheme]
        match row:
            case Partitioned():
                return f"urn:epc:tag:{self.scheme.lower()}:{self.filter_value}.{self.epc.parts()}"
            case General():
                return f"urn:epc:tag:{self.scheme.lower()}:{self.epc.parts()}"
            case Plus():
                return None
            case _:
                assert_never(row)

    @property
    def uri(self) -> str | None:
        """Pure identity URI, ``urn:epc:id:…``; ``None`` for '+' schemes, which do not say it."""
        return None if isinstance(ROWS[self.scheme], Plus) else self.epc.uri

    @property
    def element_string(self) -> str | None:
        """GS1 element string with brackets, of a DSGTIN+ with its date; ``None`` for a GID."""
        date = f"({self.date.kind.ai}){self.date.yymmdd}" if self.date else ""
        return f"{self.epc.identity}{date}" if self.epc.element_string else None

    @property
    def digital_link(self) -> str | None:
        """Canonical GS1 Digital Link URI, of a DSGTIN+ with its date; ``None`` for a GID."""
        date = f"?{self.date.kind.ai}={self.date.yymmdd}" if self.date else ""
        return f"{self.epc.digital_link}{date}" if self.epc.digital_link else None

    def variable_text(self) -> str:
        """The part of a '+' scheme whose encoding the tag may choose; may be empty."""
        row = ROWS[self.scheme]
        if not isinstance(row, Plus):
            return ""
        if KEYS[row.kind].free:
            return (self.epc.company_prefix + self.epc.reference).lstrip("0123456789")
        return self.epc.serial if row.serial_form is Form.VARIABLE else ""

    def _check_plain(self) -> None:
        if self.date or self.aidc is not None or self.method is not None:
            raise EpcError(f"{self.scheme} has no date, +AIDC data or encoding method")

    def _check_partitioned(self, row: Partitioned) -> None:
        epc = self.epc
        if not epc.company_prefix:
            raise EpcError(f"{self.scheme} needs to know how long the company prefix is")
        partition = 12 - len(epc.company_prefix)
        if row.reference_form is Form.INTEGER:
            digits, bits = row.reference_digits[partition], row.reference_bits[partition]
            self._check_integer("reference", epc.reference, min((1 << bits) - 1, 10**digits - 1))
        if row.serial_form is Form.INTEGER:
            self._check_integer("serial", epc.serial, (1 << row.serial_bits) - 1)

    def _check_plus(self, row: Plus) -> None:
        if row.dated != (self.date is not None):
            raise EpcError(f"{self.scheme} {'must have a' if row.dated else 'has no'} date")
        if self.aidc is not None and not _BITS.fullmatch(self.aidc):
            raise EpcError(f"{self.scheme}: +AIDC data {quoted(self.aidc)} must be zeros and ones")
        text = self.variable_text()
        if self.method is not None and not (text and holds(self.method, text)):
            raise EpcError(f"{self.scheme}: {self.method.name} cannot hold {quoted(text)}")

    def _check_integer(self, what: str, text: str, limit: int) -> None:
        if not _NUMBER.fullmatch(text) or int(text) > limit:
            raise EpcError(f"{self.scheme}: {what} {quoted(text)} must be a number 0..{limit} without leading zeros")
