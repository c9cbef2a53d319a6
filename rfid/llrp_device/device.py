"""The reader's side of LLRP: what a client asks comes in, answers and reports go out. Pure; the simulator's inside.

Public names: LlrpDevice, Reply, MOST_HELD.

Capabilities, configuration, ROSpecs, AccessSpecs, keepalives, reports, events. All of them outlive a connection, as
on real readers, and so do events and reports that nobody could take: they wait for the next client, and with
EventsAndReports for its ENABLE_EVENTS_AND_REPORTS.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 6, 9, 10, 11, 12, 13 and 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rfid.driver import ReaderClock, TagDetail, TagRead
from rfid.llrp.codec import (
    LlrpError,
    Message,
    Parameter,
    RawMessage,
    decode,
    encode,
    encoded_parameter,
    message,
    parameter,
)
from rfid.llrp.frames import BadFrame, Frame, Frames
from rfid.llrp.impinj import answer_extensions
from rfid.llrp.schema import MESSAGES, MESSAGES_BY_NAME
from rfid.llrp_device.answers import RefusedError, complaint, field_error, refused, status
from rfid.llrp_device.capabilities import capabilities
from rfid.llrp_device.config import DeviceConfig
from rfid.llrp_device.rospecs import RoSpecs, antennas_of
from rfid.llrp_device.tags import AccessSpecs, TagMemory

MOST_HELD = 10_000
"""Messages that wait for a client; after that new ones are lost, and the client is told so."""
_GPI_EVENT, _ROSPEC_EVENT, _ANTENNA_EVENT = 1, 2, 8


@dataclass(frozen=True, slots=True)
class Reply:
    """Octets for the client; then close the connection if ``close``."""

    octets: bytes = b""
    close: bool = False


class LlrpDevice:
    """One reader and at most one client.

    ``clock``: which time it stamps events and reads with; NONE leaves reads without time and events with uptime.
    ``maker``: IANA private enterprise number it gives itself; Impinj's makes it know Impinj's extensions.
    """

    def __init__(self, name: str, antennas: int = 4, clock: ReaderClock = ReaderClock.UTC, maker: int = 0) -> None:
        self.name = name
        self.antennas = antennas
        self.clock = clock
        self.maker = maker
        self.config = DeviceConfig(name, antennas)
        self._rospecs = RoSpecs(antennas, clock)
        self._access = AccessSpecs()
        self._frames: Frames | None = None
        self._waits = False
        self._held: list[bytes] = []
        self._overflowed = False
        self._next_id = 0

    @property
    def connected(self) -> bool:
        """Whether a client holds the reader."""
        return self._frames is not None

    @property
    def reading(self) -> bool:
        """Whether a client holds the reader and one of its ROSpecs is active."""
        return self.connected and self._rospecs.active is not None

    @property
    def ready(self) -> bool:
        """Whether a client holds the reader and one of its ROSpecs is enabled."""
        return self.connected and self._rospecs.enabled

    @property
    def held(self) -> int:
        """How many events and reports wait for a client."""
        return len(self._held)

    @property
    def keepalive_ms(self) -> int:
        """How often the client wants a keepalive; 0 for never."""
        return self.config.keepalive_ms

    @property
    def deadline_us(self) -> int | None:
        """Call ``expire`` then: a ROSpec's duration ends."""
        return self._rospecs.deadline_us

    def tag(self, epc: str) -> TagMemory:
        """The memory of the tag that reads call ``epc``."""
        return self._access.tag(epc)

    def connect(self, at_us: int) -> bytes:
        """The greeting for a new client, and what it missed unless it wants to ask for it."""
        self._frames = Frames()
        self._waits = self.config.holds
        greeting = self._notification(at_us, parameter("ConnectionAttemptEvent", Status="Success"))
        return greeting if self._waits else greeting + self._released(at_us)

    def refuse(self, at_us: int, status: str = "Failed_A_Client_Initiated_Connection_Already_Exists") -> bytes:
        """The greeting for a client that is not wanted, as when another holds the reader."""
        return self._notification(at_us, parameter("ConnectionAttemptEvent", Status=status))

    def attempted(self, at_us: int) -> bytes:
        """What the client is told when another one tried."""
        return self._notification(at_us, parameter("ConnectionAttemptEvent", Status="Another_Connection_Attempted"))

    def disconnect(self) -> None:
        """The connection is gone."""
        self._frames = None

    def hold(self, octets: bytes) -> None:
        """Keeps whole messages that could not be handed over for the next client."""
        if len(self._held) < MOST_HELD:
            self._held.append(octets)
        else:
            self._overflowed = True

    def keepalive(self) -> bytes:
        """A KEEPALIVE message."""
        return encode(message("KEEPALIVE", self._id()))

    def receive(self, octets: bytes, at_us: int) -> Reply:
        """The answers to what a client sent. Never raises."""
        answers: list[bytes] = []
        for frame in self._frames.feed(octets) if self._frames is not None else ():
            if isinstance(frame, BadFrame):
                answers.append(encode(self._error(0, "M_ParameterError", frame.reason)))
                return Reply(b"".join(answers), close=True)
            reply = self._answer(frame, at_us)
            answers.append(reply.octets)
            if reply.close:
                return Reply(b"".join(answers), close=True)
        return Reply(b"".join(answers))

    def report(self, reads: Sequence[TagRead], details: Sequence[TagDetail] = ()) -> bytes | None:
        """One RO_ACCESS_REPORT of what the active ROSpec's antennas read; None when there is nothing to send now."""
        octets = self._report(reads, details)
        return self._now_or_later(octets) if octets else None

    def gpi(self, port: int, on: bool, at_us: int) -> bytes | None:
        """A general purpose input changed; None when there is nothing to tell now."""
        self.config.inputs[port] = on
        if port not in self.config.enabled_inputs:
            return None
        told = self._event(at_us, _GPI_EVENT, parameter("GPIEvent", GPIPortNumber=port, GPIEvent=int(on)))
        for number, begun in self._rospecs.input_changed(port, on, at_us):
            told += self._rospec_event(number, begun, at_us)
        return self._now_or_later(told) if told else None

    def antenna(self, antenna: int, on: bool, at_us: int) -> bytes | None:
        """An antenna was connected or lost; None when there is nothing to tell now."""
        self.config.disconnected -= {antenna}
        self.config.disconnected |= set() if on else {antenna}
        told = self._event(at_us, _ANTENNA_EVENT, parameter("AntennaEvent", EventType=int(on), AntennaID=antenna))
        return self._now_or_later(told) if told else None

    def expire(self, at_us: int) -> bytes | None:
        """Durations end; None when there is nothing to tell now."""
        told = b"".join(self._rospec_event(number, False, at_us) for number in self._rospecs.expire(at_us))
        return self._now_or_later(told) if told else None

    def _report(self, reads: Sequence[TagRead], details: Sequence[TagDetail]) -> bytes | None:
        rospec = self._rospecs.active
        if rospec is None:
            return None
        wanted = {antenna for spec in rospec.all("AISpec") for antenna in antennas_of(spec)}
        if 0 not in wanted:
            places = [place for place, read in enumerate(reads) if read.antenna in wanted]
            reads = [reads[place] for place in places]
            details = [details[place] for place in places] if details else ()
        if not reads:
            return None
        results: list[bytes] = []
        if self._access.touched:
            worked = [self._access.work(read, rospec.number("ROSpecID")) for read in reads]
            reads = [read for read, _ in worked]
            results = [b"".join(map(encoded_parameter, done)) for _, done in worked]
        return self._rospecs.encoder(rospec).encode(reads, self._id(), details, results)

    def _now_or_later(self, octets: bytes) -> bytes | None:
        if self.connected and not self._waits:
            return octets
        self.hold(octets)
        return None

    def _released(self, at_us: int) -> bytes:
        """All that was held, once."""
        if self._overflowed:
            self._held.append(self._notification(at_us, parameter("ReportBufferOverflowErrorEvent")))
        octets = b"".join(self._held)
        self._held.clear()
        self._overflowed = False
        return octets

    def _rospec_event(self, number: int, begun: bool, at_us: int) -> bytes:
        kind = "Start_Of_ROSpec" if begun else "End_Of_ROSpec"
        event = parameter("ROSpecEvent", EventType=kind, ROSpecID=number, PreemptingROSpecID=0)
        return self._event(at_us, _ROSPEC_EVENT, event)

    def _event(self, at_us: int, event_type: int, event: Parameter) -> bytes:
        return self._notification(at_us, event) if event_type in self.config.events else b""

    def _id(self) -> int:
        self._next_id = self._next_id % 0xFFFF_FFFF + 1
        return self._next_id

    def _notification(self, at_us: int, event: Parameter) -> bytes:
        stamp = "UTCTimestamp" if self.clock is ReaderClock.UTC else "Uptime"
        body = parameter("ReaderEventNotificationData", parameter(stamp, Microseconds=at_us), event)
        return encode(message("READER_EVENT_NOTIFICATION", self._id(), body))

    def _answer(self, frame: Frame, at_us: int) -> Reply:
        try:
            asked = decode(frame)
            if isinstance(asked, RawMessage) or f"{asked.name}_RESPONSE" not in MESSAGES_BY_NAME:
                return self._unanswered(asked, at_us)
            response = self._respond(asked, at_us)
        except LlrpError as error:
            return Reply(encode(self._error(frame.id, "M_ParameterError", str(error))))
        except RefusedError as refusal:
            wrong = refusal.complaint
            failed = status(wrong.status, f"{self.name}: {wrong.text}", wrong.below)
            return Reply(encode(Message(f"{MESSAGES[frame.number].name}_RESPONSE", frame.id, (), (failed,))))
        return Reply(encode(response), close=response.name == "CLOSE_CONNECTION_RESPONSE")

    def _unanswered(self, asked: Message | RawMessage, at_us: int) -> Reply:
        if isinstance(asked, Message):
            if asked.name in ("KEEPALIVE_ACK", "GET_REPORT"):
                return Reply()
            if asked.name == "ENABLE_EVENTS_AND_REPORTS":
                self._waits = False
                return Reply(self._released(at_us))
            extended = answer_extensions(asked, self.maker, status("M_Success"))
            if extended is not None:
                return Reply(encode(extended))
        said = asked.name if isinstance(asked, Message) else f"type {asked.number}"
        return Reply(encode(self._error(asked.id, "M_UnsupportedMessage", f"{said} is not supported")))

    def _error(self, message_id: int, code: str, text: str) -> Message:
        return Message("ERROR_MESSAGE", message_id, (), (status(code, f"{self.name}: {text}"),))

    def _respond(self, asked: Message, at_us: int) -> Message:
        wrong = complaint(asked)
        if wrong is not None:
            raise RefusedError(wrong)
        content: tuple[Parameter, ...] = ()
        match asked.name:
            case "GET_READER_CAPABILITIES":
                content = self._capabilities(asked.number("RequestedData"))
            case "GET_READER_CONFIG":
                content = self.config.get(asked)
            case "SET_READER_CONFIG":
                self.config.set(asked)
            case "GET_ROSPECS":
                content = self._rospecs.all
            case "ADD_ROSPEC":
                self._rospecs.add(next(asked.all("ROSpec")), self.config.report)
            case "CLOSE_CONNECTION":
                pass
            case "GET_ACCESSSPECS":
                content = self._access.all
            case "ADD_ACCESSSPEC":
                self._access.add(next(asked.all("AccessSpec")))
            case "DELETE_ACCESSSPEC" | "ENABLE_ACCESSSPEC" | "DISABLE_ACCESSSPEC":
                self._access.control(asked.name, asked.number("AccessSpecID"))
            case "DELETE_ROSPEC" | "ENABLE_ROSPEC" | "DISABLE_ROSPEC" | "START_ROSPEC" | "STOP_ROSPEC":
                self._rospecs.control(asked.name, asked.number("ROSpecID"), at_us)
            case _:
                raise refused("M_UnsupportedMessage", f"{asked.name} is not supported")
        return Message(f"{asked.name}_RESPONSE", asked.id, (), (status("M_Success"), *content))

    def _capabilities(self, requested: int) -> tuple[Parameter, ...]:
        everything = capabilities(self.antennas, self.clock is ReaderClock.UTC, self.maker)
        if requested > len(everything):
            raise refused("M_FieldError", f"RequestedData {requested} is not in 0..4", field_error(1))
        return everything if requested == 0 else everything[requested - 1 : requested]
