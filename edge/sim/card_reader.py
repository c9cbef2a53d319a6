"""A 125 kHz card reader of the simulated floor, behind a serial device server.

Public names: SimulatedCardReader.
"""

from __future__ import annotations

import asyncio

from edge.config.cards import read_cards
from edge.config.readers import SerialConfig
from edge.sim.device_words import card_of
from edge.sim.listening import Listening

_DIGITS = 10
"""Of a card."""
_TRIED = "0000000001"
"""The card that somebody holds before the reader when a host has come: until then nobody knows that it lives."""


class SimulatedCardReader:
    """Set up as its table says: every client of ``socket://host:port`` hears the cards that come before it.

    A tag is the card that the table's ``cards`` say it is; without a line there it is its own digits, where it has as
    many as a card. Raises ValueError for a reader on a line of this machine.
    """

    def __init__(self, name: str, config: SerialConfig) -> None:
        if config.server is None:
            raise ValueError(f"reader {name}: {config.device}: no serial device server")
        self.trouble = ""
        self._line = Listening(name, *config.server, _try)
        cards = {} if config.cards is None else read_cards(config.cards).epcs
        self._cards = {epc: card for card, epc in cards.items()}

    @property
    def ready(self) -> bool:
        """Whether somebody listens."""
        return self._line.ready

    async def start(self) -> None:
        """Listens. Raises ReaderError."""
        await self._line.start()

    async def stop(self) -> None:
        """Closes every socket."""
        await self._line.stop()

    def show(self, epc: str) -> bool:
        """Something with this tag passes; whether somebody was told."""
        card = self._cards.get(epc) or (epc if len(epc) == _DIGITS else "")
        return bool(card) and self._line.say(card_of(card))


async def _try(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(card_of(_TRIED))
    return True
