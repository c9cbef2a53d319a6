"""The client's side of an LLRP connection: octets and time in, events and octets to send out.

Public names: LlrpSession, Phase, SessionOutput, Send, Notice, Ended.

From the reader's first word to reading: ConnectionAttemptEvent, GET_READER_CAPABILITIES, SET_READER_CONFIG,
DELETE_ROSPEC of all, ADD_ROSPEC, ENABLE_ROSPEC. Whatever comes in, nothing is raised: a message that cannot be
understood costs that message (``BadFrame``), and a connection that cannot go on says so once (``Ended``).

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 6.1, 8, 9, 10, 13.1 and 18.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rfid.driver import PortChanged, ReaderReady, Reads
from rfid.llrp_codec import LlrpError, Message, Parameter, RawMessage, decode, encode, message
from rfid.llrp_frames import HEADER, BadFrame, Frame, Frames
from rfid.llrp_reports import REPORT, ReportDecoder
from rfid.llrp_schema import ENUMERATIONS
from rfid.llrp_settings import (
    ROSPEC_ID,
    LlrpSettings,
    about,
    add_rospec,
    capability_error,
    reader_config,
)


class Phase(Enum):
    """Where the connection stands; the values are for people."""

    GREETING = "waiting for the reader's greeting"
    ASKING = "asking what the reader can"
    CONFIGURING = "configuring the reader"
    CLEARING = "deleting old ROSpecs"
    ADDING = "adding the ROSpec"
    ENABLING = "enabling the ROSpec"
    READING = "reading"
    CLOSING = "closing the connection"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Send:
    """Octets for the reader."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader said that changes nothing here, for a log."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is of no more use; close it. The last output of a session."""

    reason: str


SessionOutput = Send | Reads | ReaderReady | PortChanged | BadFrame | Notice | Ended

_RESPONSES = {
    Phase.ASKING: "GET_READER_CAPABILITIES_RESPONSE",
    Phase.CONFIGURING: "SET_READER_CONFIG_RESPONSE",
    Phase.CLEARING: "DELETE_ROSPEC_RESPONSE",
    Phase.ADDING: "ADD_ROSPEC_RESPONSE",
    Phase.ENABLING: "ENABLE_ROSPEC_RESPONSE",
    Phase.CLOSING: "CLOSE_CONNECTION_RESPONSE",
}
_KEEPALIVE = 62
_KEEPALIVE_ACK = 72
_REFUSALS = {
    1: "a connection that the reader made itself holds the reader",
    2: "another client holds the reader",
    3: "the reader refused the connection and gave no reason",
}


class LlrpSession:
    """One connection. Every method gives what is to be done now, in order; times are monotonic microseconds."""

    __slots__ = ("_capabilities", "_decoder", "_frames", "_heard_us", "_id", "_since_us", "phase", "settings")

    def __init__(self, settings: LlrpSettings, at_us: int) -> None:
        self.settings = settings
        self.phase = Phase.GREETING
        self._frames = Frames()
        self._decoder = ReportDecoder()
        self._id = 0
        self._since_us = at_us
        self._heard_us = at_us
        self._capabilities = Message("GET_READER_CAPABILITIES_RESPONSE", 0)

    @property
    def deadline_us(self) -> int | None:
        """Call ``expire`` then, unless something comes before; None once the session has ended."""
        match self.phase:
            case Phase.ENDED:
                return None
            case Phase.READING:
                return self._heard_us + self.settings.keepalive_ms * 2_500
            case _:
                return self._since_us + self.settings.response_ms * 1_000

    def receive(self, octets: bytes, at_us: int) -> list[SessionOutput]:
        """What the octets mean. Any split of the stream gives the same events."""
        found: list[SessionOutput] = []
        for frame in self._frames.feed(octets):
            if self.phase is Phase.ENDED:
                break
            if isinstance(frame, BadFrame):
                found.append(frame)
                if frame.desynchronised:
                    found += self._end(f"the stream makes no sense any more: {frame.reason}")
                continue
            self._heard_us = at_us
            try:
                if frame.number == REPORT:
                    found += self._decoder.decode(frame.body)
                elif frame.number == _KEEPALIVE:
                    found.append(Send(HEADER.pack(1 << 10 | _KEEPALIVE_ACK, HEADER.size, frame.id)))
                else:
                    found += self._handle(decode(frame), at_us)
            except LlrpError as error:
                found.append(BadFrame(str(error), _head(frame), desynchronised=False))
        return found

    def expire(self, at_us: int) -> list[SessionOutput]:
        """Time has come to ``at_us``; ends the session when a deadline has passed."""
        deadline_us = self.deadline_us
        if deadline_us is None or at_us < deadline_us:
            return []
        if self.phase is Phase.READING:
            return self._end(f"no keepalive for {(at_us - self._heard_us) // 1_000} ms")
        return self._end(f"no answer within {self.settings.response_ms} ms while {self.phase.value}")

    def close(self, at_us: int) -> list[SessionOutput]:
        """Asks the reader to close; ``Ended`` follows with its answer or the deadline."""
        if self.phase in (Phase.CLOSING, Phase.ENDED):
            return []
        if self.phase is Phase.GREETING:
            return self._end("closed before the reader's greeting")
        return self._ask(Phase.CLOSING, message("CLOSE_CONNECTION", self._next_id()), at_us)

    def _handle(self, got: Message | RawMessage, at_us: int) -> list[SessionOutput]:
        if isinstance(got, RawMessage):
            return [Notice(f"message of unknown type {got.number}")]
        if got.name == "READER_EVENT_NOTIFICATION":
            return self._events(got, at_us)
        if got.name == "ERROR_MESSAGE":
            text = _failure(got) or "success"
            if self.phase in _RESPONSES and got.id in (self._id, 0):
                return self._end(f"{self.phase.value}: the reader answered with an error: {text}")
            return [Notice(f"error from the reader: {text}")]
        if got.name != _RESPONSES.get(self.phase) or got.id != self._id:
            return [Notice(f"{got.name} {got.id} was not asked for")]
        failure = _failure(got)
        if failure is not None and self.phase is not Phase.CLOSING:
            return self._end(f"{self.phase.value}: {failure}")
        return self._advance(got, at_us)

    def _advance(self, got: Message, at_us: int) -> list[SessionOutput]:
        """The next step after the response to the last one."""
        settings = self.settings
        match self.phase:
            case Phase.ASKING:
                error = capability_error(settings, got)
                if error is not None:
                    return self._end(error)
                self._capabilities = got
                return self._ask(Phase.CONFIGURING, reader_config(settings, self._next_id()), at_us)
            case Phase.CONFIGURING:
                return self._ask(Phase.CLEARING, message("DELETE_ROSPEC", self._next_id(), ROSpecID=0), at_us)
            case Phase.CLEARING:
                return self._ask(Phase.ADDING, add_rospec(settings, self._capabilities, self._next_id()), at_us)
            case Phase.ADDING:
                enable = message("ENABLE_ROSPEC", self._next_id(), ROSpecID=ROSPEC_ID)
                return self._ask(Phase.ENABLING, enable, at_us)
            case Phase.ENABLING:
                self.phase = Phase.READING
                ready = ReaderReady(about(self._capabilities))
                can = self._capabilities.first("LLRPCapabilities")
                if can is not None and can.number("SupportsEventAndReportHolding"):
                    # A reader told by an earlier client to hold its reports keeps them back until it hears this.
                    return [Send(encode(message("ENABLE_EVENTS_AND_REPORTS", self._next_id()))), ready]
                return [ready]
            case _:
                return self._end("closed")

    def _events(self, got: Message, at_us: int) -> list[SessionOutput]:
        found: list[SessionOutput] = []
        for notification in got.all("ReaderEventNotificationData"):
            for event in notification.parameters:
                if isinstance(event, Parameter) and self.phase is not Phase.ENDED:
                    found += self._event(event, at_us)
        return found

    def _event(self, event: Parameter, at_us: int) -> list[SessionOutput]:
        match event.name:
            case "ConnectionAttemptEvent":
                return self._greeted(event.number("Status"), at_us)
            case "ConnectionCloseEvent":
                return self._end("closed" if self.phase is Phase.CLOSING else "the reader closed the connection")
            case "GPIEvent":
                return [PortChanged("gpi", event.number("GPIPortNumber"), bool(event.number("GPIEvent")))]
            case "AntennaEvent":
                return [PortChanged("antenna", event.number("AntennaID"), bool(event.number("EventType")))]
            case "ROSpecEvent":
                ended = event.number("EventType") != 0 and event.number("ROSpecID") == ROSPEC_ID
                if ended and self.phase is Phase.READING:
                    return self._end("the reader stopped reading by itself")
            case "ReaderExceptionEvent":
                return [Notice(f"exception in the reader: {event.text('Message')}")]
            case "ReportBufferOverflowErrorEvent":
                return [Notice("the reader's buffer ran over; reads are lost")]
        return []

    def _greeted(self, status: int, at_us: int) -> list[SessionOutput]:
        if status == 4:
            return [Notice("another client tried to connect")]
        if self.phase is not Phase.GREETING:
            return [Notice(f"connection attempt event with status {status}")]
        if status != 0:
            return self._end(_REFUSALS.get(status, f"the reader refused the connection with status {status}"))
        ask = message("GET_READER_CAPABILITIES", self._next_id(), RequestedData="All")
        return self._ask(Phase.ASKING, ask, at_us)

    def _next_id(self) -> int:
        self._id += 1
        return self._id

    def _ask(self, phase: Phase, request: Message, at_us: int) -> list[SessionOutput]:
        self.phase = phase
        self._since_us = at_us
        return [Send(encode(request))]

    def _end(self, reason: str) -> list[SessionOutput]:
        self.phase = Phase.ENDED
        return [Ended(reason)]


def _failure(response: Message) -> str | None:
    """Why the request failed, or None when it did not."""
    status = response.first("LLRPStatus")
    if status is None:
        return "an answer without LLRPStatus"
    code = status.number("StatusCode")
    if code == 0:
        return None
    where = [status.text("ErrorDescription")]
    for error in status.all("FieldError", "ParameterError"):
        number = error.number("FieldNum" if error.name == "FieldError" else "ParameterType")
        kind = "field" if error.name == "FieldError" else "parameter"
        where.append(f"{kind} {number} {ENUMERATIONS['StatusCode'].get(error.number('ErrorCode'), '')}")
    said = "; ".join(part.strip() for part in where if part)
    name = ENUMERATIONS["StatusCode"].get(code, f"status {code}")
    return f"{name}: {said}" if said else name


def _head(frame: Frame) -> bytes:
    packed = HEADER.pack(frame.version << 10 | frame.number, HEADER.size + len(frame.body), frame.id)
    return packed + frame.body[:54]
