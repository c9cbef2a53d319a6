"""`lanewise fault` and `lanewise put`: what people do to a simulated floor that runs, through its control socket.

Public names: add_arguments, main, listen, tell.

The control socket is a Unix stream socket that only its owner may use. A line with a fault is answered by a line,
``ok`` or ``no: <why>``; so is what `PutOrder` writes, a load put on a belt or carried through a dock door or a tag held
before a reader, where behind ``ok`` and tabs stands what was put; the line ``?`` is answered by what may be ordered, a
line a device, and an empty line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from edge.sim.faults import FORM, MEND, FaultError, FaultOrder, Faults
from edge.sim.put_order import PutOrder
from rfid.tcp import stop_listening

_ANSWER_S = 30.0
"""The site may have orders to take first."""
_Put: TypeAlias = Callable[[PutOrder], Awaitable[Sequence[str]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise fault`."""
    parser.add_argument("socket", type=Path, metavar="SOCKET", help="what `lanewise sim --control` was given")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{FORM}; none = say what may be ordered")


def main(arguments: argparse.Namespace) -> int:
    """Orders the faults one after the other; 0 = all taken, 1 = one was refused. Raises ``OSError``."""
    refused = False
    for order, answer in tell(arguments.socket, arguments.faults or ["?"]):
        if order == "?":
            print(answer)
        elif answer == "ok":
            print(f"{order}: ok")
        else:
            refused = True
            print(f"lanewise fault: {answer.removeprefix('no: ')}", file=sys.stderr)
    return int(refused)


def tell(path: Path, orders: Sequence[str]) -> list[tuple[str, str]]:
    """Says lines to a floor's control socket; each with what is answered. Raises ``OSError``."""
    told = []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S)
        try:
            client.connect(str(path))
        except FileNotFoundError:
            raise OSError(f"{path}: is not there: start `lanewise sim --control {path}`") from None
        except ConnectionRefusedError:
            raise OSError(f"{path}: nobody listens: the simulated floor has ended") from None
        with client.makefile("rw", encoding="utf-8") as talk:
            for order in orders:
                talk.write(" ".join(order.split()) + "\n")
                talk.flush()
                while answer := talk.readline().rstrip("\n"):
                    told.append((order, answer))
                    if order != "?":
                        break
    return told


@asynccontextmanager
async def listen(path: Path, faults: Faults, put: _Put) -> AsyncIterator[None]:
    """Takes orders at ``path`` meanwhile; its folder is made. Raises ``OSError`` for one that cannot be or is in use.

    ``put`` says what was put, a line each; it raises FaultError.
    """
    talks: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks[its := asyncio.current_task()] = writer
        try:
            while line := await reader.readline():
                writer.write((await _answer(faults, put, line.decode("utf-8", "replace").strip())).encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or its line never ends
        finally:
            del talks[its]
            writer.close()

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _somebody_listens(path):
            raise OSError("another simulated floor listens there")
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(talk, str(path))
        finally:
            os.umask(before)
    except OSError as error:
        raise OSError(f"{path}: {error.strerror or error}: give --control another path") from None
    try:
        yield
    finally:
        _remove(path)
        await stop_listening(server)
        for writer in talks.values():
            writer.transport.abort()
        await asyncio.gather(*filter(None, talks))


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _answer(faults: Faults, put: _Put, line: str) -> str:
    if line == "?":
        told = [
            f"{name}: {', '.join([*map(_kind, device.amounts.items()), MEND])}"
            for name, device in faults.devices.items()
        ]
        return "\n".join(told) + "\n\n"
    try:
        if line.split(" ", 1)[0] in ("put", "back"):
            return "\t".join(("ok", *await put(PutOrder.parse(line)))) + "\n"
        faults.order([FaultOrder.parse(line)])
    except FaultError as error:
        return f"no: {error}\n"
    return "ok\n"


def _kind(fault: tuple[str, range]) -> str:
    name, amounts = fault
    return f"{name}[={amounts[0]}..{amounts[-1]}]" if amounts else name
