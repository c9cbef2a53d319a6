"""What is asked of a reader while it reads: outputs and access orders, each matched with its answer. Pure.

Public names: Requests, failure.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 8, 11, 12 and 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from rfid.driver import AccessChanged, OutputWritten, Reads, TagAccessed
from rfid.llrp.access import AccessOrder, access_spec, accessed
from rfid.llrp.codec import Message, message, parameter
from rfid.llrp.rospec import ROSPEC_ID
from rfid.llrp.schema import ENUMERATIONS

Outcome = OutputWritten | AccessChanged | TagAccessed


def failure(response: Message) -> str | None:
    """Why a request failed, by the LLRPStatus of its response; None when it did not."""
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


@dataclass(frozen=True, slots=True)
class _Asked:
    response: str
    what: OutputWritten | AccessChanged
    deadline_us: int


class Requests:
    """Requests under way on one connection, and the access orders that are active."""

    __slots__ = ("_asked", "_left", "_response_us")

    def __init__(self, response_ms: int) -> None:
        self._response_us = response_ms * 1_000
        self._asked: dict[int, _Asked] = {}
        self._left: dict[int, int | None] = {}

    @property
    def accessing(self) -> bool:
        """Whether reports may hold results of operations."""
        return bool(self._left)

    @property
    def deadline_us(self) -> int | None:
        """When the next answer is due."""
        return min((one.deadline_us for one in self._asked.values()), default=None)

    def has(self, order: int) -> bool:
        """Whether an access order of this number is active."""
        return order in self._left

    def output(self, port: int, on: bool, message_id: int, at_us: int) -> Message:
        """Sets a general purpose output; ``OutputWritten`` follows."""
        data = parameter("GPOWriteData", GPOPortNumber=port, GPOData=int(on))
        self._ask(message_id, "SET_READER_CONFIG_RESPONSE", OutputWritten(port, on), at_us)
        return message("SET_READER_CONFIG", message_id, data, ResetToFactoryDefault=0)

    def access(self, order: AccessOrder, message_id: int, at_us: int) -> Message:
        """Adds an access order; ``AccessChanged`` follows, then ``TagAccessed`` with each tag."""
        self._left[order.number] = order.times or None
        self._ask(message_id, "ADD_ACCESSSPEC_RESPONSE", AccessChanged(order.number, True), at_us)
        return message("ADD_ACCESSSPEC", message_id, access_spec(order, ROSPEC_ID))

    def end_access(self, number: int, message_id: int, at_us: int) -> Message:
        """Ends an access order; ``AccessChanged`` follows."""
        self._ask(message_id, "DELETE_ACCESSSPEC_RESPONSE", AccessChanged(number, False), at_us)
        return message("DELETE_ACCESSSPEC", message_id, AccessSpecID=number)

    def answered(self, got: Message, next_id: int, at_us: int) -> tuple[Message | None, list[Outcome]] | None:
        """What to ask next, under ``next_id``, and what came of a request; None for an answer to none of them."""
        asked = self._asked.get(got.id)
        if asked is None or got.name not in (asked.response, "ERROR_MESSAGE"):
            return None
        del self._asked[got.id]
        trouble = failure(got)
        if trouble is not None:
            return None, [self._failed(asked.what, trouble)]
        match asked.what:
            case AccessChanged(number, True) if asked.response == "ADD_ACCESSSPEC_RESPONSE":
                self._ask(next_id, "ENABLE_ACCESSSPEC_RESPONSE", asked.what, at_us)
                return message("ENABLE_ACCESSSPEC", next_id, AccessSpecID=number), []
            case AccessChanged(number, False):
                self._left.pop(number, None)
            case _:
                pass  # an output is set or an order enabled: there is no more to ask
        return None, [asked.what]

    def expire(self, at_us: int) -> list[Outcome]:
        """What has not been answered in time."""
        late = [number for number, asked in self._asked.items() if at_us >= asked.deadline_us]
        return [
            self._failed(self._asked.pop(number).what, f"no answer within {self._response_us // 1_000} ms")
            for number in late
        ]

    def results(self, report: Message, reads: tuple[Reads, ...]) -> list[Outcome]:
        """Results of operations in a report whose reads these are; an order that is done ends by itself."""
        found: list[Outcome] = []
        every = (Reads((read,), one.clock) for one in reads for read in one.reads)
        for tag, read in zip(report.all("TagReportData"), every, strict=True):
            for result in accessed(tag, read):
                found.append(result)
                left = self._left.get(result.order)
                if left is None:
                    continue
                self._left[result.order] = left - 1
                if left == 1:
                    del self._left[result.order]
                    found.append(AccessChanged(result.order, False))
        return found

    def _ask(self, message_id: int, response: str, what: OutputWritten | AccessChanged, at_us: int) -> None:
        self._asked[message_id] = _Asked(response, what, at_us + self._response_us)

    def _failed(self, what: OutputWritten | AccessChanged, trouble: str) -> Outcome:
        match what:
            case OutputWritten(port, on):
                return OutputWritten(port, on, trouble)
            case AccessChanged(number, begun):
                if begun:
                    self._left.pop(number, None)
                return AccessChanged(number, False, trouble)
            case _:
                assert_never(what)
