"""What a device says that is no message: counted, and told without flooding the journal.

Public names: BadMessages.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid.driver import ReaderNotice

SHOWN = 80


@dataclass(slots=True)
class BadMessages:
    """Counts over all connections."""

    count: int = 0

    def notice(self, reason: str, octets: bytes) -> ReaderNotice | None:
        """One more. The first is told, then whenever their number has doubled."""
        self.count += 1
        if self.count & (self.count - 1):
            return None
        shown = ascii(octets[:SHOWN].decode("latin-1")) + ("…" if len(octets) > SHOWN else "")
        return ReaderNotice(f"bad message number {self.count}: {reason}: {shown}")
