"""The client's side of an LLRP connection: octets and time in, events and octets to send out.

Public names: LlrpSession; Phase, SessionOutput, Send and Ended stand in ``llrp_phase``.

From the reader's first word to reading: its greeting, its capabilities, its ROSpecs. A reader that still has the very
ROSpec that is wanted goes on with it, so that the reads it held meanwhile are not lost; any other is configured anew:
SET_READER_CONFIG, DELETE_ROSPEC, DELETE_ACCESSSPEC, ADD_ROSPEC, ENABLE_ROSPEC, and GET_ROSPECS to see that it obeys.
Then antennas and inputs are asked for, and held events and reports released. Whatever comes in, nothing is raised: a
message that cannot be understood costs that message (``BadFrame``), and a connection that cannot go on says so once
(``Ended``).

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 6.1, 8, 9, 10, 12, 13 and 18.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfid.driver import (
    AccessChanged,
    ClockSample,
    OutputWritten,
    PortChanged,
    ReaderClock,
    ReaderFailure,
    ReaderNotice,
    ReaderReady,
)
from rfid.llrp.access import AccessOrder
from rfid.llrp.asking import Requests, failure
from rfid.llrp.codec import LlrpError, Message, Parameter, RawMessage, decode, encode, message
from rfid.llrp.frames import HEADER, BadFrame, Frame, Frames
from rfid.llrp.held import HeldReads
from rfid.llrp.impinj import ImpinjOptions, enable_extensions, extension_status
from rfid.llrp.phase import RESPONSES, Ended, Phase, Send, SessionOutput
from rfid.llrp.plan import Plan, about, plan
from rfid.llrp.reports import REPORT, ReportDecoder, pieces
from rfid.llrp.rospec import ROSPEC_ID, difference, reader_config, rospec
from rfid.llrp.settings import LlrpSettings

_KEEPALIVE = 62
_KEEPALIVE_ACK = 72
_MOST = 65_536
"""Octets of a message that are looked at: a tag has no more, and answers of real readers have a tenth of it."""
_SLOW_US = 1_600
"""Microseconds for each of ``keepalive_ms`` after which two keepalives are missing; they come every 800."""
_OPTIONAL = (Phase.LOOKING, Phase.FORGETTING, Phase.ANTENNAS, Phase.INPUTS)
"""Where a reader that cannot answer is used nevertheless."""
_REFUSALS = {
    1: "a connection that the reader made itself holds the reader",
    2: "another client holds the reader",
    3: "the reader refused the connection and gave no reason",
}
_STAMPS = {"UTCTimestamp": ReaderClock.UTC, "Uptime": ReaderClock.UPTIME}


class LlrpSession:
    """One connection. Every method gives what is to be done now, in order; times are monotonic microseconds."""

    __slots__ = (
        "_beat_us",
        "_capabilities",
        "_decoder",
        "_frames",
        "_heard_us",
        "_held",
        "_id",
        "_late",
        "_plan",
        "_recheck",
        "_requests",
        "_resumes",
        "_since_us",
        "_wanted",
        "phase",
        "settings",
    )

    def __init__(self, settings: LlrpSettings, at_us: int) -> None:
        self.settings = settings
        self.phase = Phase.GREETING
        self._frames = Frames()
        self._decoder = ReportDecoder()
        self._requests = Requests(settings.response_ms)
        self._id = 0
        self._since_us = at_us
        self._heard_us = at_us
        self._beat_us = at_us  # when the last keepalive came
        self._late = False
        self._capabilities = Message("GET_READER_CAPABILITIES_RESPONSE", 0)
        self._plan = Plan(None, None, 0, 0, None, 0, 0, False)
        self._wanted = Parameter("ROSpec")
        self._resumes = False
        self._recheck = 0  # id of the request that asks whether the reader still reads
        self._held = HeldReads(settings.keepalive_ms * 2_000)

    @property
    def deadline_us(self) -> int | None:
        """Call ``expire`` then, unless something comes before; None once the session has ended."""
        match self.phase:
            case Phase.ENDED:
                return None
            case Phase.READING:
                due_us = self._heard_us + self.settings.keepalive_ms * 2_000
                if not self._late:
                    due_us = min(due_us, self._beat_us + self.settings.keepalive_ms * _SLOW_US)
                answer_us = self._requests.deadline_us
                return due_us if answer_us is None else min(due_us, answer_us)
            case _:
                return self._since_us + self.settings.response_ms * 1_000

    def receive(self, octets: bytes, at_us: int) -> list[SessionOutput]:
        """What the octets mean. Any split of the stream gives the same events."""
        return [output for step in self.steps(octets, at_us) for output in step]

    def steps(self, octets: bytes, at_us: int) -> Iterator[Sequence[SessionOutput]]:
        """The same message by message, and a long report a few tags at a time."""
        for frame in self._frames.feed(octets):
            if self.phase is Phase.ENDED:
                break
            if isinstance(frame, BadFrame):
                reason = f"the stream makes no sense any more: {frame.reason}"
                yield [frame, *(self._end(reason, ReaderFailure.GARBAGE) if frame.desynchronised else ())]
                continue
            self._heard_us = at_us
            plain = frame.number == REPORT and not self._requests.accessing
            ready = self._decoder.at_once(frame.body) if plain else None
            if ready is not None:
                yield [*self._held.part(*ready, at_us)] if self._held.waiting else ready
                continue
            for piece in pieces(frame):
                yield from self._taken(piece, at_us)

    def _taken(self, piece: Frame, at_us: int) -> Iterator[Sequence[SessionOutput]]:
        """What cannot be understood costs a message, and of a report one tag."""
        self._heard_us = at_us
        try:
            if len(piece.body) > _MOST:
                raise LlrpError(f"message {piece.number}", _MOST, f"it has {len(piece.body)} octets")
            outputs = self._step(piece, at_us)
        except LlrpError as error:
            outputs = [BadFrame(str(error), _head(piece), desynchronised=False)]
            tags = [] if self._requests.accessing else list(pieces(piece, 0))
            if len(tags) > 1:
                for tag in tags:
                    yield from self._taken(tag, at_us)
                return
        yield outputs

    def _step(self, frame: Frame, at_us: int) -> Sequence[SessionOutput]:
        if frame.number == REPORT:
            if not (self._held.waiting or self._requests.accessing):
                return self._decoder.decode(frame.body)
            return list(self._report(frame, at_us))
        if frame.number == _KEEPALIVE:
            return list(self._beat(frame, at_us))
        return list(self._handle(decode(frame), at_us))

    def expire(self, at_us: int) -> list[SessionOutput]:
        """Time has come to ``at_us``; ends the session when a deadline has passed."""
        deadline_us = self.deadline_us
        if deadline_us is None or at_us < deadline_us:
            return []
        if self.phase is not Phase.READING:
            reason = f"no answer within {self.settings.response_ms} ms while {self.phase.value}"
            return self._end(reason, ReaderFailure.SILENT)
        silent_ms = (at_us - self._heard_us) // 1_000
        if silent_ms >= self.settings.keepalive_ms * 2:
            return self._end(f"no keepalive for {silent_ms} ms", ReaderFailure.SILENT)
        return [*self._slow(at_us), *self._requests.expire(at_us)]

    def _slow(self, at_us: int) -> Iterator[ReaderNotice]:
        """Two keepalives are missing; it is slow when it says other things, else silent soon."""
        period_us = self.settings.keepalive_ms * 1_000
        if self._late or at_us - self._beat_us < self.settings.keepalive_ms * _SLOW_US:
            return
        if at_us - self._heard_us < period_us:
            self._late = True
            yield ReaderNotice(f"slow: no keepalive for {(at_us - self._beat_us) // 1_000} ms, although it reports")
        else:
            self._beat_us += period_us // 2

    def set_output(self, port: int, on: bool, at_us: int) -> list[SessionOutput]:
        """Sets a general purpose output; ``OutputWritten`` says what came of it."""
        if self.phase is not Phase.READING:
            return [OutputWritten(port, on, f"not now: {self.phase.value}")]
        if not 1 <= port <= self._plan.outputs:
            return [OutputWritten(port, on, f"output {port} is not in 1..{self._plan.outputs}")]
        return [Send(encode(self._requests.output(port, on, self._next_id(), at_us)))]

    def access(self, order: AccessOrder, at_us: int) -> list[SessionOutput]:
        """Has operations carried out on tags; ``AccessChanged`` and ``TagAccessed`` say what came of it."""
        if self.phase is not Phase.READING:
            return [AccessChanged(order.number, False, f"not now: {self.phase.value}")]
        if self._requests.has(order.number):
            return [AccessChanged(order.number, True, "its number is in use")]
        return [Send(encode(self._requests.access(order, self._next_id(), at_us)))]

    def end_access(self, number: int, at_us: int) -> list[SessionOutput]:
        """Ends an access order; ``AccessChanged`` says when."""
        if self.phase is not Phase.READING:
            return [AccessChanged(number, False, f"not now: {self.phase.value}")]
        return [Send(encode(self._requests.end_access(number, self._next_id(), at_us)))]

    def close(self, at_us: int) -> list[SessionOutput]:
        """Asks the reader to close; ``Ended`` follows with its answer or the deadline."""
        if self.phase in (Phase.CLOSING, Phase.ENDED):
            return []
        if self.phase is Phase.GREETING:
            return self._end("closed before the reader's greeting")
        return self._ask(Phase.CLOSING, message("CLOSE_CONNECTION", self._next_id()), at_us)

    # -- reports and keepalives

    def _report(self, frame: Frame, at_us: int) -> Iterator[SessionOutput]:
        """A report with results of operations, or one that the reader may have held."""
        if self._requests.accessing:
            report = decode(frame)
            assert isinstance(report, Message)
            reads = self._decoder.take(report)
            yield from self._requests.results(report, reads)
        else:
            reads = self._decoder.decode(frame.body)
        for one in reads:
            yield from self._held.part(one, at_us)

    def _beat(self, frame: Frame, at_us: int) -> Iterator[SessionOutput]:
        yield Send(HEADER.pack(1 << 10 | _KEEPALIVE_ACK, HEADER.size, frame.id))
        gap_us = at_us - self._beat_us if self.phase is Phase.READING else 0
        self._beat_us = at_us
        late = gap_us > self.settings.keepalive_ms * 1_250
        if late and not self._late:
            yield ReaderNotice(f"slow: {gap_us // 1_000} ms between two keepalives")
        self._late = late

    # -- answers

    def _handle(self, got: Message | RawMessage, at_us: int) -> list[SessionOutput]:
        if isinstance(got, RawMessage):
            return [ReaderNotice(f"message of unknown type {got.number}")]
        if got.name == "READER_EVENT_NOTIFICATION":
            return self._events(got, at_us)
        answered = self._requests.answered(got, self._id + 1, at_us)
        if answered is not None:
            then, outcomes = answered
            if then is not None:
                self._next_id()
                return [Send(encode(then)), *outcomes]
            return [*outcomes]
        if got.name == "GET_ROSPECS_RESPONSE" and got.id == self._recheck and self.phase is Phase.READING:
            reads = any(
                one.number("ROSpecID") == ROSPEC_ID and one.number("CurrentState") == 2 for one in got.all("ROSpec")
            )
            return [] if reads else self._end("the reader stopped reading by itself", ReaderFailure.SETUP)
        if got.name == "ERROR_MESSAGE":
            text = failure(got) or "success"
            if self.phase in _OPTIONAL and got.id == self._id:
                return [ReaderNotice(f"{self.phase.value}: {text}"), *self._advance(got, at_us)]
            if self.phase in RESPONSES and got.id in (self._id, 0):
                reason = f"{self.phase.value}: the reader answered with an error: {text}"
                return self._end(reason, ReaderFailure.SETUP)
            return [ReaderNotice(f"error from the reader: {text}")]
        if got.name != RESPONSES.get(self.phase) or got.id != self._id:
            return [ReaderNotice(f"{got.name} {got.id} was not asked for")]
        trouble = self._trouble(got)
        if trouble is not None and self.phase in _OPTIONAL:
            return [ReaderNotice(f"{self.phase.value}: {trouble}"), *self._advance(got, at_us)]
        if trouble is not None and self.phase is not Phase.CLOSING:
            return self._end(f"{self.phase.value}: {trouble}", ReaderFailure.SETUP)
        return self._advance(got, at_us)

    def _trouble(self, got: Message) -> str | None:
        if got.name != "CUSTOM_MESSAGE":
            return failure(got)
        status = extension_status(got)
        return "a custom message of another kind" if status is None else failure(status)

    def _advance(self, got: Message, at_us: int) -> list[SessionOutput]:
        """The next step after the response to the last one."""
        settings = self.settings
        match self.phase:
            case Phase.ASKING:
                made = plan(settings, got)
                if isinstance(made, str):
                    return self._end(made, ReaderFailure.SETUP)
                self._capabilities, self._plan, self._wanted = got, made, rospec(settings, made)
                if settings.impinj != ImpinjOptions():
                    return self._ask(Phase.EXTENDING, enable_extensions(self._next_id()), at_us)
                return self._ask(Phase.LOOKING, message("GET_ROSPECS", self._next_id()), at_us)
            case Phase.EXTENDING:
                return self._ask(Phase.LOOKING, message("GET_ROSPECS", self._next_id()), at_us)
            case Phase.LOOKING:
                self._resumes = self._disobeys(got) is None
                config = reader_config(settings, self._plan, self._next_id(), reset=not self._resumes)
                return self._ask(Phase.CONFIGURING, config, at_us)
            case Phase.CONFIGURING if not self._resumes:
                return self._ask(Phase.CLEARING, message("DELETE_ROSPEC", self._next_id(), ROSpecID=0), at_us)
            case Phase.CONFIGURING | Phase.CLEARING:
                forget = message("DELETE_ACCESSSPEC", self._next_id(), AccessSpecID=0)
                return self._ask(Phase.FORGETTING, forget, at_us)
            case Phase.FORGETTING if not self._resumes:
                return self._ask(Phase.ADDING, message("ADD_ROSPEC", self._next_id(), self._wanted), at_us)
            case Phase.ADDING:
                enable = message("ENABLE_ROSPEC", self._next_id(), ROSpecID=ROSPEC_ID)
                return self._ask(Phase.ENABLING, enable, at_us)
            case Phase.FORGETTING | Phase.ENABLING:
                return self._ask(Phase.CHECKING, message("GET_ROSPECS", self._next_id()), at_us)
            case Phase.CHECKING:
                wrong = self._disobeys(got)
                if wrong is not None:
                    return self._end(f"the reader does not do what it was asked: {wrong}", ReaderFailure.SETUP)
                return self._ask(Phase.ANTENNAS, self._config_request("AntennaProperties"), at_us)
            case Phase.ANTENNAS:
                ask = self._ask(Phase.INPUTS, self._config_request("GPIPortCurrentState"), at_us)
                return [*self._antennas(got), *ask]
            case Phase.INPUTS:
                return [*self._inputs(got), *self._ready(at_us)]
            case _:
                return self._end("closed")

    def _disobeys(self, got: Message) -> str | None:
        """What the reader has otherwise than wanted; None when the ROSpec is there, as wanted and enabled."""
        for one in got.all("ROSpec"):
            if one.number("ROSpecID") == ROSPEC_ID:
                if one.number("CurrentState") == 0:
                    return f"ROSpec {ROSPEC_ID} is disabled"
                return difference(self._wanted, one)
        return f"there is no ROSpec {ROSPEC_ID}"

    def _config_request(self, requested: str) -> Message:
        return message(
            "GET_READER_CONFIG", self._next_id(), AntennaID=0, RequestedData=requested, GPIPortNum=0, GPOPortNum=0
        )

    def _antennas(self, got: Message) -> Iterator[PortChanged]:
        for one in got.all("AntennaProperties"):
            number = one.number("AntennaID")
            if number in self.settings.antennas or not self.settings.antennas:
                yield PortChanged("antenna", number, bool(one.number("AntennaConnected")))

    def _inputs(self, got: Message) -> Iterator[PortChanged]:
        for one in got.all("GPIPortCurrentState"):
            if one.number("State") in (0, 1):
                yield PortChanged("gpi", one.number("GPIPortNum"), bool(one.number("State")))

    def _ready(self, at_us: int) -> list[SessionOutput]:
        self.phase = Phase.READING
        self._beat_us = at_us
        self._held.released(at_us)
        ready = ReaderReady(about(self._capabilities, self._plan))
        can = self._capabilities.first("LLRPCapabilities")
        if can is not None and can.number("SupportsEventAndReportHolding"):
            # A reader told by an earlier client to hold its reports keeps them back until it hears this.
            return [ready, Send(encode(message("ENABLE_EVENTS_AND_REPORTS", self._next_id())))]
        return [ready]

    # -- events

    def _events(self, got: Message, at_us: int) -> list[SessionOutput]:
        found: list[SessionOutput] = []
        for notification in got.all("ReaderEventNotificationData"):
            stamp = notification.first(*_STAMPS)
            for event in notification.parameters:
                if isinstance(event, Parameter) and self.phase is not Phase.ENDED:
                    found += self._event(event, stamp, at_us)
        return found

    def _event(self, event: Parameter, stamp: Parameter | None, at_us: int) -> list[SessionOutput]:
        match event.name:
            case "ConnectionAttemptEvent":
                return self._attempted(event.number("Status"), stamp, at_us)
            case "ConnectionCloseEvent":
                return self._end("closed" if self.phase is Phase.CLOSING else "the reader closed the connection")
            case "GPIEvent":
                return [PortChanged("gpi", event.number("GPIPortNumber"), bool(event.number("GPIEvent")))]
            case "AntennaEvent":
                return [PortChanged("antenna", event.number("AntennaID"), bool(event.number("EventType")))]
            case "ROSpecEvent":
                ended = event.number("EventType") != 0 and event.number("ROSpecID") == ROSPEC_ID
                if not ended or self.phase is not Phase.READING or self.settings.start is not None:
                    return []
                # It may tell of a ROSpec that was deleted before; ask what is now.
                self._recheck = self._next_id()
                return [Send(encode(message("GET_ROSPECS", self._recheck)))]
            case "ReaderExceptionEvent":
                return [ReaderNotice(f"exception in the reader: {event.text('Message')}")]
            case "ReportBufferLevelWarningEvent":
                return [ReaderNotice(f"the reader's buffer is {event.number('ReportBufferPercentageFull')} % full")]
            case "ReportBufferOverflowErrorEvent":
                return [ReaderNotice("the reader's buffer ran over; reads are lost")]
            case _:
                return []

    def _attempted(self, status: int, stamp: Parameter | None, at_us: int) -> list[SessionOutput]:
        if status == 4:
            return [ReaderNotice("another client tried to connect")]
        if self.phase is not Phase.GREETING:
            return [ReaderNotice(f"connection attempt event with status {status}")]
        if status != 0:
            reason = _REFUSALS.get(status, f"the reader refused the connection with status {status}")
            return self._end(reason, ReaderFailure.REFUSED)
        ask = message("GET_READER_CAPABILITIES", self._next_id(), RequestedData="All")
        asked = self._ask(Phase.ASKING, ask, at_us)
        if stamp is None:
            return asked
        greeting = ClockSample(stamp.number("Microseconds"), _STAMPS[stamp.name])
        self._held.greeted(greeting)
        return [greeting, *asked]

    def _next_id(self) -> int:
        self._id += 1
        return self._id

    def _ask(self, phase: Phase, request: Message, at_us: int) -> list[SessionOutput]:
        self.phase = phase
        self._since_us = at_us
        return [Send(encode(request))]

    def _end(self, reason: str, why: ReaderFailure = ReaderFailure.LOST) -> list[SessionOutput]:
        self.phase = Phase.ENDED
        return [Ended(reason, why)]


def _head(frame: Frame) -> bytes:
    packed = HEADER.pack(frame.version << 10 | frame.number, HEADER.size + len(frame.body), frame.id)
    return packed + frame.body[:54]
