"""Tags read and written at a tagging station, by one LLRP reader for one moment.

Public names: TagContents, Written, Passwords, read_memories, write_tag, password_of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import hexdigits
from typing import TypeAlias, TypeVar, assert_never

from edge.config.problem import ConfigError
from edge.config.readers import ReaderConfig
from edge.config.secret import read_secret
from edge.devices.reader_drivers import make_reader
from rfid.driver import (
    AccessChanged,
    OperationResult,
    ReaderError,
    ReaderEvent,
    ReaderFailure,
    ReaderReady,
    Reads,
    TagAccessed,
)
from rfid.llrp.access import (
    AccessOrder,
    Bank,
    LockField,
    LockMemory,
    Operation,
    Privilege,
    ReadMemory,
    WriteMemory,
    write_epc,
)
from rfid.llrp.client import LlrpReader

_ORDER = 1
_TID_WORDS = 6
_LOOK_S = 1.0
"""So long a tag that lies before the reader has to be read at least once."""
_PASSWORD_WORD = 2
"""Where in the reserved bank the access password is."""

_Events: TypeAlias = "asyncio.Queue[ReaderEvent]"
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class TagContents:
    """What a tag's memories hold, upper-case hexadecimal; ``trouble``: what could not be read, or empty."""

    epc: str
    tid: str
    user: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a tag. ``epc``: as it was before; ``trouble``: empty when everything was done."""

    epc: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Passwords:
    """Access passwords, 32 bits: ``has`` the tag's own, ``gets`` the one it is given; 0 = none."""

    has: int = 0
    gets: int = 0


async def read_memories(
    name: str, config: ReaderConfig, user_words: int, epc: str, seconds: float
) -> list[TagContents]:
    """TID and the first words of user memory of every tag, or of one, that answers in that time. Raises ReaderError."""
    operations = [ReadMemory(Bank.TID, 0, _TID_WORDS)]
    if user_words:
        operations.append(ReadMemory(Bank.USER, 0, user_words))
    order = AccessOrder(_ORDER, tuple(operations), epc, times=0)
    found: dict[str, TagContents] = {}

    async def work(reader: LlrpReader, events: _Events) -> list[TagContents]:
        await _ready(events)
        reader.access(order)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    match await events.get():
                        case TagAccessed(epc=of, results=results):
                            known = found.get(of)
                            if known is None or known.trouble:
                                tid, user, *_ = [one.octets.hex().upper() for one in results] + [""]
                                found[of] = TagContents(of, tid, user, _trouble(order.operations, results))
                        case AccessChanged(trouble=trouble) if trouble:
                            raise reader.error(trouble, ReaderFailure.SETUP)
                        case _:
                            pass  # reads and notices come in between
        return list(found.values())

    return await _at(name, config, work)


async def write_tag(
    name: str, config: ReaderConfig, new_epc: str, epc: str, passwords: Passwords, lock: bool, seconds: float
) -> Written | list[str]:
    """Gives the tag ``epc``, or the only one there, a new EPC, its password, and locks both.

    The tags that are there instead, when it is not clear which one is meant. Raises ReaderError.
    """
    writes = write_epc(_ORDER, new_epc, password=passwords.has, lock=False).operations
    if passwords.gets:
        octets = passwords.gets.to_bytes(4, "big")
        writes += (WriteMemory(Bank.RESERVED, _PASSWORD_WORD, octets, passwords.has),)
    if lock:
        password = passwords.gets or passwords.has
        fields = (LockField.EPC, LockField.ACCESS_PASSWORD)
        writes += tuple(LockMemory(field, Privilege.LOCK, password) for field in fields)

    async def work(reader: LlrpReader, events: _Events) -> Written | list[str]:
        await _ready(events)
        there = [epc] if epc else await _there(events)
        if len(there) != 1:
            return there
        reader.access(AccessOrder(_ORDER, writes, there[0]))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    match await events.get():
                        case TagAccessed(epc=of, results=results):
                            return Written(of, _trouble(writes, results))
                        case AccessChanged(trouble=trouble) if trouble:
                            raise reader.error(trouble, ReaderFailure.SETUP)
                        case _:
                            pass  # reads and notices come in between
        return Written(there[0], f"it did not answer within {seconds:g} s")

    return await _at(name, config, work)


def password_of(path: Path | None) -> int:
    """An access password, which its file has as 8 hexadecimal digits; 0 for none. Raises ConfigError."""
    if path is None:
        return 0
    text = read_secret(path)
    if len(text) != 8 or not set(text) <= set(hexdigits) or not int(text, 16):
        raise ConfigError(path, ["no access password: the first line must be 8 hexadecimal digits, not all zero"])
    return int(text, 16)


async def _at(name: str, config: ReaderConfig, work: Callable[[LlrpReader, _Events], Awaitable[_Done]]) -> _Done:
    """Connects, works, and leaves the reader without orders. Raises ReaderError."""
    reader = make_reader(name, config)
    if not isinstance(reader, LlrpReader):
        raise ReaderError(f"{name}: only LLRP readers reach the memories of tags", ReaderFailure.SETUP)
    events: _Events = asyncio.Queue()
    running = asyncio.ensure_future(reader.run(events.put_nowait))
    working = asyncio.ensure_future(work(reader, events))
    try:
        await asyncio.wait((running, working), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            running.result()  # raises: it ends by an error only
        return working.result()
    finally:
        with suppress(ReaderError):  # no connection any more; what was not done shall not be done later
            reader.end_access(_ORDER)
        for task in (running, working):
            task.cancel()
        await asyncio.gather(running, working, return_exceptions=True)


def _trouble(operations: tuple[Operation, ...], results: tuple[OperationResult, ...]) -> str:
    return "; ".join(f"{_named(operations[one.operation])}: {one.trouble}" for one in results if one.trouble)


def _named(operation: Operation) -> str:
    match operation:
        case ReadMemory(bank):
            return f"reading {bank.name}"
        case WriteMemory(Bank.RESERVED):
            return "writing the access password"
        case WriteMemory(bank):
            return f"writing {bank.name}"
        case LockMemory(field):
            return f"locking {field.name.replace('_', ' ')}"
        case _:
            assert_never(operation)


async def _ready(events: _Events) -> None:
    while not isinstance(await events.get(), ReaderReady):
        pass


async def _there(events: _Events) -> list[str]:
    """The tags that are read now, in the order in which they came."""
    found: dict[str, None] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            while True:
                event = await events.get()
                if isinstance(event, Reads) and not event.held:
                    found.update(dict.fromkeys(read.epc for read in event.reads))
    return list(found)
