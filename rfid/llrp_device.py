"""The reader's side of LLRP: what a client asks comes in, answers and reports go out. Pure; the simulator's inside.

Public names: LlrpDevice, Reply, Complaint, complaint, MOST_ROSPECS.

Does what an inventory needs: capabilities, configuration, ROSpecs, keepalives, reports, events. Start triggers are
Null and Immediate; a stop trigger's duration is taken and never ends anything. ROSpecs and configuration outlive a
connection, as on real readers. There is room for no access spec.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 6, 9, 10, 12, 13 and 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rfid.driver import ReaderClock, TagRead
from rfid.llrp_codec import (
    LlrpError,
    Message,
    Parameter,
    RawMessage,
    RawParameter,
    decode,
    encode,
    message,
    parameter,
)
from rfid.llrp_device_capabilities import capabilities
from rfid.llrp_frames import BadFrame, Frame, Frames
from rfid.llrp_reports import ReportEncoder
from rfid.llrp_schema import ENUMERATIONS, MESSAGES, MESSAGES_BY_NAME, PARAMETERS_BY_NAME

_DISABLED, _INACTIVE, _ACTIVE = range(3)
MOST_ROSPECS = 8
"""How many ROSpecs the reader keeps."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Octets for the client; then close the connection if ``close``."""

    octets: bytes = b""
    close: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a request. ``status``: name of a StatusCode, ``below``: FieldError or ParameterError."""

    status: str
    text: str
    below: Parameter | None = None


class _RefusedError(Exception):
    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


class LlrpDevice:
    """One reader: its configuration, its ROSpecs and at most one client.

    ``clock``: which time it stamps events and reads with; NONE leaves reads without time and events with uptime.
    """

    def __init__(self, name: str, antennas: int = 4, clock: ReaderClock = ReaderClock.UTC) -> None:
        self.name = name
        self.antennas = antennas
        self.clock = clock
        self._rospecs: dict[int, Parameter] = {}
        self._encoders: dict[int, ReportEncoder] = {}
        self._frames: Frames | None = None
        self._next_id = 0
        self._reset()

    @property
    def connected(self) -> bool:
        """Whether a client holds the reader."""
        return self._frames is not None

    @property
    def reading(self) -> bool:
        """Whether a client holds the reader and one of its ROSpecs is active."""
        return self.connected and self._active() is not None

    @property
    def keepalive_ms(self) -> int:
        """How often the client wants a keepalive; 0 for never."""
        return self._keepalive.number("PeriodicTriggerValue") if self._keepalive.number("KeepaliveTriggerType") else 0

    def connect(self, at_us: int) -> bytes:
        """The greeting for a new client."""
        self._frames = Frames()
        return self._notification(at_us, parameter("ConnectionAttemptEvent", Status="Success"))

    def refuse(self, at_us: int) -> bytes:
        """The greeting for a client that comes while another holds the reader."""
        status = "Failed_A_Client_Initiated_Connection_Already_Exists"
        return self._notification(at_us, parameter("ConnectionAttemptEvent", Status=status))

    def attempted(self, at_us: int) -> bytes:
        """What the client is told when another one tried."""
        return self._notification(at_us, parameter("ConnectionAttemptEvent", Status="Another_Connection_Attempted"))

    def disconnect(self) -> None:
        """The connection is gone."""
        self._frames = None

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

    def report(self, reads: Sequence[TagRead]) -> bytes | None:
        """One RO_ACCESS_REPORT of what the active ROSpec's antennas read; None when there is nothing to send."""
        rospec = self._active() if self.connected else None
        if rospec is None:
            return None
        wanted = {antenna for spec in rospec.all("AISpec") for antenna in _antennas(spec)}
        if 0 not in wanted:
            reads = [read for read in reads if read.antenna in wanted]
        if not reads:
            return None
        return self._encoders[rospec.number("ROSpecID")].encode(reads, self._id())

    def gpi(self, port: int, on: bool, at_us: int) -> bytes | None:
        """A general purpose input changed; None when the client does not want to know."""
        return self._event(at_us, 1, parameter("GPIEvent", GPIPortNumber=port, GPIEvent=int(on)))

    def antenna(self, antenna: int, on: bool, at_us: int) -> bytes | None:
        """An antenna was connected or lost; None when the client does not want to know."""
        return self._event(at_us, 8, parameter("AntennaEvent", EventType=int(on), AntennaID=antenna))

    def _event(self, at_us: int, event_type: int, event: Parameter) -> bytes | None:
        if not self.connected or event_type not in self._events:
            return None
        return self._notification(at_us, event)

    def _reset(self) -> None:
        self._keepalive = parameter("KeepaliveSpec", KeepaliveTriggerType="Null", PeriodicTriggerValue=0)
        self._report = parameter("ROReportSpec", _selector(), ROReportTrigger="Upon_N_Tags_Or_End_Of_ROSpec", N=1)
        self._events: frozenset[int] = frozenset()
        self._hold = parameter("EventsAndReports", HoldEventsAndReportsUponReconnect=0)

    def _id(self) -> int:
        self._next_id = self._next_id % 0xFFFF_FFFF + 1
        return self._next_id

    def _active(self) -> Parameter | None:
        return next((one for one in self._rospecs.values() if one.number("CurrentState") == _ACTIVE), None)

    def _notification(self, at_us: int, event: Parameter) -> bytes:
        stamp = "UTCTimestamp" if self.clock is ReaderClock.UTC else "Uptime"
        body = parameter("ReaderEventNotificationData", parameter(stamp, Microseconds=at_us), event)
        return encode(message("READER_EVENT_NOTIFICATION", self._id(), body))

    def _answer(self, frame: Frame, at_us: int) -> Reply:
        try:
            asked = decode(frame)
            if isinstance(asked, RawMessage) or f"{asked.name}_RESPONSE" not in MESSAGES_BY_NAME:
                return self._unanswered(asked)
            response = self._respond(asked)
        except LlrpError as error:
            return Reply(encode(self._error(frame.id, "M_ParameterError", str(error))))
        except _RefusedError as refused:
            wrong = refused.complaint
            status = _status(wrong.status, f"{self.name}: {wrong.text}", wrong.below)
            return Reply(encode(Message(f"{MESSAGES[frame.number].name}_RESPONSE", frame.id, (), (status,))))
        return Reply(encode(response), close=response.name == "CLOSE_CONNECTION_RESPONSE")

    def _unanswered(self, asked: Message | RawMessage) -> Reply:
        if isinstance(asked, Message) and asked.name in ("KEEPALIVE_ACK", "ENABLE_EVENTS_AND_REPORTS", "GET_REPORT"):
            return Reply()
        said = asked.name if isinstance(asked, Message) else f"type {asked.number}"
        return Reply(encode(self._error(asked.id, "M_UnsupportedMessage", f"{said} is not supported")))

    def _error(self, message_id: int, status: str, text: str) -> Message:
        return Message("ERROR_MESSAGE", message_id, (), (_status(status, f"{self.name}: {text}"),))

    def _respond(self, asked: Message) -> Message:
        wrong = complaint(asked)
        if wrong is not None:
            raise _RefusedError(wrong)
        content: tuple[Parameter, ...] = ()
        match asked.name:
            case "GET_READER_CAPABILITIES":
                content = self._capabilities(asked.number("RequestedData"))
            case "GET_READER_CONFIG":
                content = self._config(asked.number("RequestedData"), asked.number("AntennaID"))
            case "SET_READER_CONFIG":
                self._configure(asked)
            case "GET_ROSPECS":
                content = tuple(self._rospecs.values())
            case "ADD_ROSPEC":
                self._add(next(asked.all("ROSpec")))
            case "CLOSE_CONNECTION" | "GET_ACCESSSPECS":
                pass
            case "DELETE_ACCESSSPEC" | "ENABLE_ACCESSSPEC" | "DISABLE_ACCESSSPEC":
                number = asked.number("AccessSpecID")
                if number:
                    raise _refused("M_FieldError", f"AccessSpec {number} does not exist", _field_error(1))
            case "ADD_ACCESSSPEC":
                raise _refused("M_OverflowParameter", "more than 0 AccessSpecs")
            case "DELETE_ROSPEC" | "ENABLE_ROSPEC" | "DISABLE_ROSPEC" | "START_ROSPEC" | "STOP_ROSPEC":
                self._control(asked.name, asked.number("ROSpecID"))
            case _:
                raise _refused("M_UnsupportedMessage", f"{asked.name} is not supported")
        return Message(f"{asked.name}_RESPONSE", asked.id, (), (_status("M_Success"), *content))

    def _configure(self, asked: Message) -> None:
        if asked.number("ResetToFactoryDefault"):
            self._reset()
        self._keepalive = asked.first("KeepaliveSpec") or self._keepalive
        self._report = asked.first("ROReportSpec") or self._report
        self._hold = asked.first("EventsAndReports") or self._hold
        notifications = asked.first("ReaderEventNotificationSpec")
        for state in notifications.all("EventNotificationState") if notifications else ():
            one = frozenset((state.number("EventType"),))
            self._events = self._events | one if state.number("NotificationState") else self._events - one

    def _add(self, rospec: Parameter) -> None:
        number = rospec.number("ROSpecID")
        if number == 0 or number in self._rospecs:
            raise _wrong_field("ROSpec", 1, f"ROSpecID {number} is {'in use' if number else 'not allowed'}")
        if len(self._rospecs) >= MOST_ROSPECS:
            raise _refused("M_OverflowParameter", f"more than {MOST_ROSPECS} ROSpecs")
        if rospec.number("CurrentState") != _DISABLED:
            raise _wrong_field("ROSpec", 3, "a ROSpec must be added disabled")
        for spec in rospec.all("AISpec"):
            for antenna in _antennas(spec):
                if antenna > self.antennas:
                    raise _wrong_field("AISpec", 1, f"antenna {antenna} is not in 1..{self.antennas}")
        boundary = rospec.first("ROBoundarySpec")
        start = boundary.first("ROSpecStartTrigger") if boundary else None
        if start is not None and start.number("ROSpecStartTriggerType") > 1:
            raise _wrong_field("ROSpecStartTrigger", 1, "start triggers are Null and Immediate")
        own = rospec.first("ROReportSpec") or self._report
        selector = own.first("TagReportContentSelector") or _selector()
        self._encoders[number] = ReportEncoder(selector, number, self.clock)
        self._rospecs[number] = rospec

    def _control(self, command: str, number: int) -> None:
        if number == 0 and command in ("DELETE_ROSPEC", "ENABLE_ROSPEC", "DISABLE_ROSPEC"):
            for each in tuple(self._rospecs):
                self._control(command, each)
            return
        rospec = self._rospecs.get(number)
        if rospec is None:
            raise _refused("M_FieldError", f"ROSpec {number} does not exist", _field_error(1))
        state = rospec.number("CurrentState")
        if command == "DELETE_ROSPEC":
            del self._rospecs[number]
            return
        if state == _DISABLED and command in ("START_ROSPEC", "STOP_ROSPEC"):
            raise _refused("M_FieldError", f"ROSpec {number} is disabled", _field_error(1))
        match command:
            case "ENABLE_ROSPEC":
                state = (_ACTIVE if _starts_at_once(rospec) else _INACTIVE) if state == _DISABLED else state
            case "DISABLE_ROSPEC":
                state = _DISABLED
            case "START_ROSPEC":
                state = _ACTIVE
            case "STOP_ROSPEC":
                state = _INACTIVE
        self._rospecs[number] = replace(rospec, fields=(*rospec.fields[:2], state))

    def _capabilities(self, requested: int) -> tuple[Parameter, ...]:
        everything = capabilities(self.antennas, self.clock is ReaderClock.UTC, MOST_ROSPECS)
        if requested > len(everything):
            raise _refused("M_FieldError", f"RequestedData {requested} is not in 0..4", _field_error(1))
        return everything if requested == 0 else everything[requested - 1 : requested]

    def _config(self, requested: int, antenna: int) -> tuple[Parameter, ...]:
        antennas = range(1, self.antennas + 1) if antenna == 0 else (antenna,)
        states = ENUMERATIONS["NotificationEventType"]
        everything: dict[int, tuple[Parameter, ...]] = {
            1: (parameter("Identification", IDType="MAC_Address", ReaderID=self.name.encode()[:8].rjust(8, b"\0")),),
            2: tuple(
                parameter("AntennaProperties", AntennaConnected=1, AntennaID=one, AntennaGain=0) for one in antennas
            ),
            3: tuple(parameter("AntennaConfiguration", AntennaID=one) for one in antennas),
            5: (
                parameter(
                    "ReaderEventNotificationSpec",
                    *(
                        parameter("EventNotificationState", EventType=one, NotificationState=int(one in self._events))
                        for one in states
                    ),
                ),
            ),
            4: (self._report,),
            6: (parameter("AccessReportSpec", AccessReportTrigger="End_Of_AccessSpec"),),
            7: (parameter("LLRPConfigurationStateValue", LLRPConfigurationStateValue=0),),
            8: (self._keepalive,),
            11: (self._hold,),
        }
        if requested > max(everything):
            raise _refused("M_FieldError", f"RequestedData {requested} is not in 0..11", _field_error(2))
        if requested:
            return everything.get(requested, ())
        return tuple(one for several in everything.values() for one in several)


def complaint(element: Message | Parameter) -> Complaint | None:
    """The first sub-parameter that is missing, repeated or unexpected, at any depth; None when all is as it must be."""
    given = list(element.parameters)
    for child in element.definition.children:
        mine = [one for one in given if isinstance(one, Parameter) and one.name in child.names]
        if child.required and not mine:
            number = PARAMETERS_BY_NAME[child.names[0]].number
            text = f"{element.name} without {' or '.join(child.names)}"
            return Complaint("M_MissingParameter", text, _parameter_error(number, "M_MissingParameter"))
        if len(mine) > 1 and not child.many:
            number = PARAMETERS_BY_NAME[mine[1].name].number
            text = f"{element.name} with {len(mine)} of {mine[1].name}"
            return Complaint("M_DuplicateParameter", text, _parameter_error(number, "M_DuplicateParameter"))
        given = [one for one in given if one not in mine]
    for one in given:
        number = one.number if isinstance(one, RawParameter) else PARAMETERS_BY_NAME[one.name].number
        code = "M_UnknownParameter" if isinstance(one, RawParameter) else "M_UnexpectedParameter"
        text = f"{element.name} with parameter {number}"
        return Complaint(code, text, _parameter_error(min(number, 0xFFFF), code))
    below = (complaint(one) for one in element.parameters if isinstance(one, Parameter))
    return next((one for one in below if one is not None), None)


def _antennas(spec: Parameter) -> tuple[int, ...]:
    found = spec["AntennaIDs"]
    assert isinstance(found, tuple)
    return found


def _starts_at_once(rospec: Parameter) -> bool:
    boundary = rospec.first("ROBoundarySpec")
    start = boundary.first("ROSpecStartTrigger") if boundary else None
    return start is not None and start.number("ROSpecStartTriggerType") == 1


def _status(code: str, text: str = "", below: Parameter | None = None) -> Parameter:
    return parameter("LLRPStatus", *((below,) if below else ()), StatusCode=code, ErrorDescription=text)


def _field_error(number: int) -> Parameter:
    return parameter("FieldError", FieldNum=number, ErrorCode="M_FieldError")


def _parameter_error(number: int, code: str) -> Parameter:
    return parameter("ParameterError", ParameterType=number, ErrorCode=code)


def _refused(status: str, text: str, below: Parameter | None = None) -> _RefusedError:
    return _RefusedError(Complaint(status, text, below))


def _wrong_field(name: str, number: int, text: str) -> _RefusedError:
    inside = parameter(
        "ParameterError",
        parameter("FieldError", FieldNum=number, ErrorCode="P_FieldError"),
        ParameterType=PARAMETERS_BY_NAME[name].number,
        ErrorCode="P_FieldError",
    )
    return _refused("M_ParameterError", text, inside)


def _selector() -> Parameter:
    """Everything that a tag report can hold."""
    fields = PARAMETERS_BY_NAME["TagReportContentSelector"].index
    return parameter("TagReportContentSelector", **dict.fromkeys(fields, 1))
