"""The numbers of logistic units: SSCCs of a company prefix, given out one after the other and again after a year.

Public names: SsccRange, REUSE_US, spaced.

Source: GS1 General Specifications, 3.2 (application identifier 00) and 4.4.1 (not again within one year).
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid.epc.identity import check_digit, sscc96

REUSE_US = 365 * 86_400_000_000
"""So long after its last use a number is not another unit's."""
_DIGITS = 17
_LOGISTIC_UNIT = 2


@dataclass(frozen=True, slots=True)
class SsccRange:
    """The numbers that are a site's to give.

    ``prefix``: GS1 company prefix; ``extensions``: the digits before it, each once; ``first``, ``last``: serial
    references, -1 = the highest that there is.
    """

    prefix: str
    extensions: str = "0"
    first: int = 0
    last: int = -1

    @property
    def serial_digits(self) -> int:
        """How long its serial references are."""
        return _DIGITS - 1 - len(self.prefix)

    @property
    def highest(self) -> int:
        """The last serial reference."""
        return 10**self.serial_digits - 1 if self.last < 0 else self.last

    @property
    def capacity(self) -> int:
        """How many numbers there are."""
        return len(self.extensions) * (self.highest - self.first + 1)

    @property
    def key(self) -> str:
        """By which a store knows how far it is."""
        return f"{self.prefix}/{self.extensions}/{self.first}-{self.highest}"

    def number(self, at: int) -> str:
        """The 18 digits of one of them, by how many were before it; behind the last comes the first."""
        extension, serial = divmod(at % self.capacity, self.highest - self.first + 1)
        body = f"{self.extensions[extension]}{self.prefix}{self.first + serial:0{self.serial_digits}d}"
        return body + check_digit(body)

    def days(self, per_day: int) -> int:
        """After how many days a number's turn comes again."""
        return self.capacity // max(1, per_day)

    def tag(self, sscc: str) -> str:
        """Hexadecimal of an SSCC-96 tag. Raises EpcError for a number of another prefix's length."""
        return sscc96(self.prefix, sscc[0] + sscc[1 + len(self.prefix) : _DIGITS], _LOGISTIC_UNIT)

    def has(self, sscc: str) -> bool:
        """Whether a number is one of them."""
        serial = sscc[1 + len(self.prefix) : _DIGITS]
        return (
            sscc[1 : 1 + len(self.prefix)] == self.prefix
            and sscc[0] in self.extensions
            and self.first <= int(serial) <= self.highest
        )


def spaced(sscc: str, prefix: str) -> str:
    """As people read it: extension, prefix, serial reference, check digit."""
    return f"(00) {sscc[0]} {prefix} {sscc[1 + len(prefix) : _DIGITS]} {sscc[-1]}"
