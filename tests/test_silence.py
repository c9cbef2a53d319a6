"""A reader that falls silent is down until it is heard again, whatever its connection does.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from controllers import UTC_US, stop
from journals import journal
from ports import free_port, on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.config.readers import BarcodeConfig, HttpJsonConfig, ReaderConfig
from edge.controller.controller import Controller
from edge.core.events import AlarmChanged, DeviceChanged
from edge.core.values.alarm import AlarmKind
from edge.journal.replay import replay

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SILENT_S = 2


def barcode(port: int) -> ReaderConfig:
    return BarcodeConfig(driver="barcode", host="127.0.0.1", port=port, silent_s=SILENT_S)


def http(port: int) -> ReaderConfig:
    url = f"http://127.0.0.1:{port}/"
    return HttpJsonConfig(driver="http-json", vendor="zebra", url=url, silent_s=SILENT_S)


def with_scanner(whole: LineConfig, scanner: ReaderConfig) -> LineConfig:
    """One line of them, with a scanner ``top`` over its portal."""
    line = whole.line["tote1"]
    portal = line.portal.model_copy(update={"scanners": ("top",), "scan_mm": 1_000})
    return whole.model_copy(
        update={
            "plc": {"tote1": whole.plc["tote1"]},
            "reader": {"tote1": whole.reader["tote1"], "top": scanner},
            "line": {"tote1": line.model_copy(update={"portal": portal})},
        }
    )


def test_a_scanner_that_is_not_let_in_is_alarmed_and_so_is_one_that_is_away(project: Path, tmp_path: Path) -> None:
    port = free_port()
    scanner = BarcodeConfig(driver="barcode", host="127.0.0.9", listen=f"127.0.0.1:{port}")
    config = with_scanner(on_free_ports(example(project), tmp_path), scanner)

    async def main() -> None:
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(1)  # virtual, as all that follows
        for _ in range(3):  # as a scanner that tries again
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(1)
            writer.close()
        await asyncio.sleep(20)
        await stop(task)

    run_virtual(main())
    records = journal(config)
    came = {
        value.kind: value.text
        for value in (record.value for record in records)
        if isinstance(value, AlarmChanged) and value.alarm.endswith(".top") and value.active
    }
    assert came == {
        AlarmKind.SCANNER_REFUSED: "top: 127.0.0.1 was not let in, only 127.0.0.9 may connect",
        AlarmKind.SCANNER_DOWN: f"top: 127.0.0.1:{port}: 127.0.0.9 did not connect within 10 s: "
        "is the scanner set to this address?",
    }
    assert replay(records).difference is None


@pytest.mark.parametrize(("made", "head", "word"), [(barcode, b"", b"X1\r\n"), (http, HEAD, b"1\r\n\n\r\n")])
def test_who_is_silent_is_down_until_it_is_heard(
    project: Path, tmp_path: Path, made: type[ReaderConfig], head: bytes, word: bytes
) -> None:
    whole = on_free_ports(example(project), tmp_path)

    async def main() -> LineConfig:
        connections: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            connections.append(writer)
            with suppress(ConnectionError):
                await reader.read()
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        config = whole.model_copy(
            update={
                "plc": {"tote1": whole.plc["tote1"]},
                "reader": {"tote1": made(server.sockets[0].getsockname()[1])},
                "line": {"tote1": whole.line["tote1"]},
            }
        )
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(5)  # virtual, as all that follows
        connections[-1].write(word)
        await asyncio.sleep(1)
        await stop(task)
        server.close()
        assert len(connections) >= 3
        return config

    values = [record.value for record in journal(run_virtual(main()))]
    changes = [value for value in values if isinstance(value, DeviceChanged) and value.device == "reader.tote1"]
    assert [value.up for value in changes] == [False, True], changes
    assert f"{SILENT_S} s" in changes[0].reason
    alarms = [value for value in values if isinstance(value, AlarmChanged) and value.alarm == "reader-down.tote1"]
    assert [value.active for value in alarms] == [True]


@pytest.mark.parametrize(
    ("made", "head", "nonsense"), [(barcode, b"", b"\x11\x8a\x05\xfe\r\n"), (http, HEAD, b"7\r\n<html>\n\r\n")]
)
def test_who_says_nothing_but_nonsense_is_not_heard(
    project: Path, tmp_path: Path, made: type[ReaderConfig], head: bytes, nonsense: bytes
) -> None:
    """As a login page at the url of a reader, or a scanner that sends pictures."""
    whole = on_free_ports(example(project), tmp_path)

    async def main() -> LineConfig:
        connections: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            connections.append(writer)
            with suppress(ConnectionError):
                await reader.read()
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        config = whole.model_copy(
            update={
                "plc": {"tote1": whole.plc["tote1"]},
                "reader": {"tote1": made(server.sockets[0].getsockname()[1])},
                "line": {"tote1": whole.line["tote1"]},
            }
        )
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        for _ in range(16):
            await asyncio.sleep(0.5)  # virtual
            connections[-1].write(nonsense)
        await stop(task)
        server.close()
        return config

    values = [record.value for record in journal(run_virtual(main()))]
    changes = [value for value in values if isinstance(value, DeviceChanged) and value.device == "reader.tote1"]
    assert [value.up for value in changes] == [False], changes
    alarms = [value for value in values if isinstance(value, AlarmChanged) and value.alarm == "reader-down.tote1"]
    assert [value.active for value in alarms] == [True]
