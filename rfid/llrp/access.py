"""Work on tags' memories: orders to AccessSpecs, and the reader's results back. Pure.

Public names: Bank, LockField, Privilege, ReadMemory, WriteMemory, LockMemory, Operation, AccessOrder, read_tid,
read_user, write_epc, access_spec, accessed, MAX_ORDER, MAX_OPERATIONS.

An operation's OpSpecID is 8 times its order's number plus its place, so that a result alone tells what it answers.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 11, 13.2.3 and 15.2; UHF Class 1 Gen 2, 6.3.2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from rfid.driver import OperationResult, Reads, TagAccessed
from rfid.llrp.codec import BitString, Parameter, parameter
from rfid.llrp.schema import ENUMERATIONS

MAX_ORDER = 8_191
MAX_OPERATIONS = 8
_EPC_FIRST_BIT = 32
"""In the EPC bank the CRC and the protocol control word come first."""


class Bank(IntEnum):
    """A tag's memory banks."""

    RESERVED = 0
    EPC = 1
    TID = 2
    USER = 3


class LockField(IntEnum):
    """What can be locked."""

    KILL_PASSWORD = 0
    ACCESS_PASSWORD = 1
    EPC = 2
    TID = 3
    USER = 4


class Privilege(IntEnum):
    """How: with the access password only, for ever, open for ever, open."""

    LOCK = 0
    LOCK_FOR_EVER = 1
    OPEN_FOR_EVER = 2
    OPEN = 3


@dataclass(frozen=True, slots=True)
class ReadMemory:
    """Reads ``words`` words of 16 bit from ``first_word`` on; 0 words for all to the bank's end."""

    bank: Bank
    first_word: int
    words: int
    password: int = 0


@dataclass(frozen=True, slots=True)
class WriteMemory:
    """Writes whole words from ``first_word`` on."""

    bank: Bank
    first_word: int
    octets: bytes
    password: int = 0


@dataclass(frozen=True, slots=True)
class LockMemory:
    """Changes how a field may be written. ``password``: the access password; 0 where the tag has none."""

    field: LockField
    privilege: Privilege
    password: int = 0


Operation = ReadMemory | WriteMemory | LockMemory


@dataclass(frozen=True, slots=True)
class AccessOrder:
    """Operations that the reader carries out, in order, on each tag it finds while it reads.

    ``number``: 1..8191, of the caller's choice. ``operations``: 1 to 8. ``epc``: hexadecimal of the one tag that is
    meant; empty for any. ``antenna``: 0 for any. ``times``: on so many tags, 0 until ended; 1..65535.
    Raises ``ValueError`` naming value and limit.
    """

    number: int
    operations: tuple[Operation, ...]
    epc: str = ""
    antenna: int = 0
    times: int = 1

    def __post_init__(self) -> None:
        limits = [
            ("number", self.number, 1, MAX_ORDER),
            ("operations", len(self.operations), 1, MAX_OPERATIONS),
            ("antenna", self.antenna, 0, 65_535),
            ("times", self.times, 0, 65_535),
        ]
        for one in self.operations:
            limits.append(("password", one.password, 0, 0xFFFF_FFFF))
            if not isinstance(one, LockMemory):
                limits.append(("first_word", one.first_word, 0, 65_535))
            if isinstance(one, ReadMemory):
                limits.append(("words", one.words, 0, 255))
            if isinstance(one, WriteMemory):
                limits.append(("octets", len(one.octets), 2, 510))
                if len(one.octets) % 2:
                    raise ValueError(f"access order {self.number}: {len(one.octets)} octets are not whole words")
        for name, value, low, high in limits:
            if not low <= value <= high:
                raise ValueError(f"access order {self.number}: {name}: {value} is not in {low}..{high}")
        bytes.fromhex(self.epc)


def read_tid(number: int, words: int = 6, *, epc: str = "", times: int = 0) -> AccessOrder:
    """Reads the chip's own memory of every tag, or of one."""
    return AccessOrder(number, (ReadMemory(Bank.TID, 0, words),), epc, 0, times)


def read_user(number: int, words: int, *, epc: str = "", times: int = 0) -> AccessOrder:
    """Reads user memory from its start."""
    return AccessOrder(number, (ReadMemory(Bank.USER, 0, words),), epc, 0, times)


def write_epc(number: int, new_epc: str, *, epc: str = "", password: int = 0, lock: bool = True) -> AccessOrder:
    """Gives the tag ``epc``, or whichever comes first, a new EPC, and locks it.

    ``new_epc``: hexadecimal of 1 to 31 whole words; its length is written with it, as the EPC of a GS1 tag.
    Raises ``ValueError`` for any other.
    """
    octets = bytes.fromhex(new_epc)
    words, rest = divmod(len(octets), 2)
    if rest or not 1 <= words <= 31:
        raise ValueError(f"access order {number}: EPC {new_epc}: {len(octets)} octets are not 1 to 31 words")
    control = words << 11
    write = WriteMemory(Bank.EPC, 1, control.to_bytes(2, "big") + octets, password)
    locked = (LockMemory(LockField.EPC, Privilege.LOCK, password),) if lock else ()
    return AccessOrder(number, (write, *locked), epc)


def access_spec(order: AccessOrder, rospec_id: int) -> Parameter:
    """The AccessSpec; its results come with the tag's next report."""
    octets = bytes.fromhex(order.epc)
    data = BitString(len(octets) * 8, octets)
    mask = BitString(len(octets) * 8, b"\xff" * len(octets))
    target = parameter("C1G2TargetTag", MB=Bank.EPC, Match=1, Pointer=_EPC_FIRST_BIT, TagMask=mask, TagData=data)
    return parameter(
        "AccessSpec",
        parameter(
            "AccessSpecStopTrigger",
            AccessSpecStopTrigger="Operation_Count" if order.times else "Null",
            OperationCountValue=order.times,
        ),
        parameter(
            "AccessCommand",
            parameter("C1G2TagSpec", target),
            *(_op_spec(one, order.number * MAX_OPERATIONS + place) for place, one in enumerate(order.operations)),
        ),
        parameter("AccessReportSpec", AccessReportTrigger="Whenever_ROReport_Is_Generated"),
        AccessSpecID=order.number,
        AntennaID=order.antenna,
        ProtocolID="EPCGlobalClass1Gen2",
        CurrentState="Disabled",
        ROSpecID=rospec_id,
    )


def _op_spec(operation: Operation, op_spec_id: int) -> Parameter:
    match operation:
        case ReadMemory(bank, first_word, words, password):
            return parameter(
                "C1G2Read",
                OpSpecID=op_spec_id,
                AccessPassword=password,
                MB=bank,
                WordPointer=first_word,
                WordCount=words,
            )
        case WriteMemory(bank, first_word, octets, password):
            return parameter(
                "C1G2Write",
                OpSpecID=op_spec_id,
                AccessPassword=password,
                MB=bank,
                WordPointer=first_word,
                WriteData=struct.unpack(f">{len(octets) // 2}H", octets),
            )
        case LockMemory(field, privilege, password):
            payload = parameter("C1G2LockPayload", Privilege=privilege, DataField=field)
            return parameter("C1G2Lock", payload, OpSpecID=op_spec_id, AccessPassword=password)
        case _:
            assert_never(operation)


_RESULTS = {
    "C1G2ReadOpSpecResult": "C1G2ReadResultType",
    "C1G2WriteOpSpecResult": "C1G2WriteResultType",
    "C1G2LockOpSpecResult": "C1G2LockResultType",
}


def accessed(tag: Parameter, read: Reads) -> Iterator[TagAccessed]:
    """What a TagReportData says about operations, order by order. ``read``: the same tag's read."""
    found: dict[int, list[OperationResult]] = {}
    for one in tag.all(*_RESULTS):
        order, place = divmod(one.number("OpSpecID"), MAX_OPERATIONS)
        found.setdefault(order, []).append(_result(one, place))
    ((epc, antenna, _, at_us, _),) = read.reads
    for order, results in found.items():
        yield TagAccessed(order, epc, antenna, at_us, read.clock, tuple(results))


def _result(one: Parameter, place: int) -> OperationResult:
    code = one.number("Result")
    if code:
        name = ENUMERATIONS[_RESULTS[one.name]].get(code, f"result {code}")
        return OperationResult(place, name.replace("_", " ").lower())
    match one.fields:
        case _, _, tuple(words):
            return OperationResult(place, octets=struct.pack(f">{len(words)}H", *words))
        case _, _, int(words):
            return OperationResult(place, words=words)
        case _:
            return OperationResult(place)
