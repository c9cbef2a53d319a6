"""Where an LLRP connection stands, what ends a phase, and what a session puts out.

Public names: Phase, RESPONSES, Send, Ended, SessionOutput.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rfid.driver import (
    AccessChanged,
    ClockSample,
    OutputWritten,
    PortChanged,
    ReaderFailure,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagAccessed,
)
from rfid.llrp.frames import BadFrame


class Phase(Enum):
    """Where the connection stands; the values are for people."""

    GREETING = "waiting for the reader's greeting"
    ASKING = "asking what the reader can"
    EXTENDING = "enabling Impinj's extensions"
    LOOKING = "asking what the reader does"
    CONFIGURING = "configuring the reader"
    CLEARING = "deleting old ROSpecs"
    FORGETTING = "deleting old AccessSpecs"
    ADDING = "adding the ROSpec"
    ENABLING = "enabling the ROSpec"
    CHECKING = "checking the ROSpec"
    ANTENNAS = "asking for the antennas"
    INPUTS = "asking for the inputs"
    READING = "reading"
    CLOSING = "closing the connection"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Send:
    """Octets for the reader."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is of no more use; close it. The last output of a session."""

    reason: str
    failure: ReaderFailure = ReaderFailure.LOST


SessionOutput = (
    Send
    | Reads
    | ReaderReady
    | ClockSample
    | PortChanged
    | OutputWritten
    | TagAccessed
    | AccessChanged
    | ReaderNotice
    | BadFrame
    | Ended
)

RESPONSES = {
    Phase.ASKING: "GET_READER_CAPABILITIES_RESPONSE",
    Phase.EXTENDING: "CUSTOM_MESSAGE",
    Phase.LOOKING: "GET_ROSPECS_RESPONSE",
    Phase.CONFIGURING: "SET_READER_CONFIG_RESPONSE",
    Phase.CLEARING: "DELETE_ROSPEC_RESPONSE",
    Phase.FORGETTING: "DELETE_ACCESSSPEC_RESPONSE",
    Phase.ADDING: "ADD_ROSPEC_RESPONSE",
    Phase.ENABLING: "ENABLE_ROSPEC_RESPONSE",
    Phase.CHECKING: "GET_ROSPECS_RESPONSE",
    Phase.ANTENNAS: "GET_READER_CONFIG_RESPONSE",
    Phase.INPUTS: "GET_READER_CONFIG_RESPONSE",
    Phase.CLOSING: "CLOSE_CONNECTION_RESPONSE",
}
"""The message that a phase waits for."""
