"""`lanewise fault`: makes things go wrong in a simulated floor that runs, through its control socket.

Public names: add_arguments, main, listen.

The control socket is a Unix stream socket that only its owner may use. A line with a fault is answered by a line,
``ok`` or ``no: <why>``; the line ``?`` by what may be ordered, a line a device, and an empty line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from edge.sim.faults import FORM, MEND, FaultError, FaultOrder, Faults

_ANSWER_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise fault`."""
    parser.add_argument("socket", type=Path, metavar="SOCKET", help="what `lanewise sim --control` was given")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{FORM}; none = say what may be ordered")


def main(arguments: argparse.Namespace) -> int:
    """Orders the faults one after the other; 0 = all taken, 1 = one was refused. Raises ``OSError``."""
    refused = False
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S)
        try:
            client.connect(str(arguments.socket))
        except FileNotFoundError:
            raise OSError(
                f"{arguments.socket}: is not there: start `lanewise sim --control {arguments.socket}`"
            ) from None
        except ConnectionRefusedError:
            raise OSError(f"{arguments.socket}: nobody listens: the simulated floor has ended") from None
        with client.makefile("rw", encoding="utf-8") as talk:
            for order in arguments.faults or ["?"]:
                talk.write(" ".join(order.split()) + "\n")
                talk.flush()
                while answer := talk.readline().rstrip("\n"):
                    refused |= answer.startswith("no: ")
                    if order == "?":
                        print(answer)
                        continue
                    if answer == "ok":
                        print(f"{order}: ok")
                    else:
                        print(f"lanewise fault: {answer.removeprefix('no: ')}", file=sys.stderr)
                    break
    return int(refused)


@asynccontextmanager
async def listen(path: Path, faults: Faults) -> AsyncIterator[None]:
    """Takes orders at ``path`` meanwhile. Raises ``OSError`` for a path that cannot be used or is in use."""
    with socket.socket(socket.AF_UNIX) as knock, suppress(FileNotFoundError, ConnectionRefusedError):
        knock.connect(str(path))
        raise OSError(f"{path}: another simulated floor listens there: give --control another path")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(_answer(faults, line.decode("utf-8", "replace").strip()).encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or its line never ends
        finally:
            writer.close()

    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(talk, str(path))
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _answer(faults: Faults, line: str) -> str:
    if line == "?":
        told = [
            f"{name}: {', '.join([*map(_kind, device.amounts.items()), MEND])}"
            for name, device in faults.devices.items()
        ]
        return "\n".join(told) + "\n\n"
    try:
        faults.order([FaultOrder.parse(line)])
    except FaultError as error:
        return f"no: {error}\n"
    return "ok\n"


def _kind(fault: tuple[str, range]) -> str:
    name, amounts = fault
    return f"{name}[={amounts[0]}..{amounts[-1]}]" if amounts else name
