"""What readers are made to do besides reading: triggers, outputs, tags' memories, going on where they were; and TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from llrp_talk import READ_96, READ_128, SETTINGS, Ear, Talk

from edge.config.tls import TlsTable
from rfid.driver import (
    AccessChanged,
    OperationResult,
    OutputWritten,
    PortChanged,
    ReaderClock,
    ReaderError,
    ReaderFailure,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagAccessed,
    TagDetail,
    TagRead,
)
from rfid.llrp.access import (
    AccessOrder,
    Bank,
    LockField,
    LockMemory,
    Privilege,
    ReadMemory,
    WriteMemory,
    read_tid,
    read_user,
    write_epc,
)
from rfid.llrp.client import LlrpReader
from rfid.llrp.codec import Parameter
from rfid.llrp.impinj import IMPINJ, ImpinjOptions
from rfid.llrp.phase import Ended, Phase
from rfid.llrp.rospec import difference
from rfid.llrp.session import LlrpSession
from rfid.llrp.settings import GpiStart, LlrpSettings
from rfid.llrp_device.device import LlrpDevice
from rfid.llrp_device.simulator import SimulatedReader

NEW = "30340F12345678900000BEEF"


def _accessed(order: int, read: TagRead, *results: OperationResult, epc: str = "") -> TagAccessed:
    return TagAccessed(order, epc or read.epc, read.antenna, read.at_us, ReaderClock.UTC, results)


# -- when to read


@pytest.mark.parametrize(("on", "read_ms"), [(True, 0), (False, 0), (True, 300)])
def test_an_input_starts_reading_and_its_end_or_a_time_stops_it(on: bool, read_ms: int) -> None:
    device = LlrpDevice("sim", antennas=2)
    talk = Talk(replace(SETTINGS, start=GpiStart(2, on, read_ms)), device).start()
    assert talk.session.phase is Phase.READING and not device.reading and device.report([READ_96]) is None
    talk.from_reader(device.gpi(1, on, 0))
    talk.from_reader(device.gpi(2, not on, 0))
    assert not device.reading
    assert talk.from_reader(device.gpi(2, on, 1_000)) == [PortChanged("gpi", 2, on)] and device.reading
    assert talk.from_reader(device.report([READ_96])) == [Reads((READ_96,), ReaderClock.UTC)]
    if read_ms:
        talk.from_reader(device.gpi(2, not on, 2_000))
        assert device.reading and device.deadline_us == 301_000
        assert talk.from_reader(device.expire(301_000)) == []
    else:
        talk.from_reader(device.gpi(2, not on, 2_000))
    assert not device.reading and talk.session.phase is Phase.READING
    talk.from_reader(device.gpi(2, not on, 3_000))
    talk.from_reader(device.gpi(2, on, 4_000))
    assert device.reading


# -- going on where the reader was


def test_reads_that_a_reader_held_are_told_once_and_marked_and_it_never_stopped() -> None:
    device = LlrpDevice("sim", antennas=2)
    Talk(device=device).start()
    device.disconnect()
    assert device.report([READ_96, READ_128]) is None and device.report([READ_96]) is None and device.held == 2
    talk = Talk(device=device)
    talk.now_us = READ_96.at_us + 5_000_000
    talk.start()
    told = [one for one in talk.events if isinstance(one, Reads)]
    assert told == [
        Reads((READ_96, READ_128), ReaderClock.UTC, held=True),
        Reads((READ_96,), ReaderClock.UTC, held=True),
    ]
    assert talk.events.index(told[0]) > [type(one) for one in talk.events].index(ReaderReady)
    assert device.held == 0
    assert not {"ADD_ROSPEC", "DELETE_ROSPEC"} & {one.name for one in talk.said(by_client=True)}
    now = READ_96._replace(at_us=talk.now_us)
    assert talk.from_reader(device.report([READ_128, now])) == [
        Reads((READ_128,), ReaderClock.UTC, held=True),
        Reads((now,), ReaderClock.UTC),
    ]
    back = READ_96  # from here on an old time is a clock that was set back
    assert talk.from_reader(device.report([back])) == [Reads((back,), ReaderClock.UTC)]


def test_other_settings_replace_what_the_reader_did() -> None:
    device = LlrpDevice("sim", antennas=2)
    Talk(device=device).start()
    device.disconnect()
    talk = Talk(replace(SETTINGS, antennas=(2,), hold=False), device).start()
    assert {"ADD_ROSPEC", "DELETE_ROSPEC"} <= {one.name for one in talk.said(by_client=True)}
    assert device.report([READ_96]) is None and device.report([READ_128]) is not None
    device.disconnect()
    device.report([READ_128])
    greeting = device.connect(0)  # nobody asked it to hold: what it has comes at once
    assert len(greeting) > 70 and device.held == 0


def test_more_than_a_reader_can_hold_is_said() -> None:
    device = LlrpDevice("sim", antennas=2)
    Talk(device=device).start()
    device.disconnect()
    for _ in range(10_005):
        device.report([READ_96])
    talk = Talk(device=device)
    talk.now_us = READ_96.at_us + 1
    talk.start()
    assert sum(isinstance(one, Reads) for one in talk.events) == 10_000
    assert talk.events[-1] == ReaderNotice("the reader's buffer ran over; reads are lost")


def test_a_reader_that_does_otherwise_is_a_typed_failure_that_says_what() -> None:
    class Disobedient(LlrpDevice):
        def connect(self, at_us: int) -> bytes:
            add = self._rospecs.add
            self._rospecs.add = lambda rospec, report: add(_changed(rospec), report)  # type: ignore[method-assign]
            return super().connect(at_us)

    talk = Talk(device=Disobedient("sim", antennas=2)).start()
    said = (
        "AISpec.InventoryParameterSpec.AntennaConfiguration.RFTransmitter.TransmitPower: 40 was asked, the reader has 7"
    )
    why = f"the reader does not do what it was asked: ROSpec.{said}"
    assert talk.events[-1] == Ended(why, ReaderFailure.SETUP)


def _changed(one: Parameter) -> Parameter:
    if one.name == "RFTransmitter":
        return replace(one, fields=(*one.fields[:2], 7))
    below = tuple(_changed(child) if isinstance(child, Parameter) else child for child in one.parameters)
    return replace(one, parameters=below)


def test_what_a_reader_adds_or_may_choose_is_no_difference() -> None:
    talk = Talk().start()
    (add,) = (one for one in talk.said(by_client=True) if one.name == "ADD_ROSPEC")
    (asked,) = add.all("ROSpec")
    more = replace(asked, fields=(1, 0, 2), parameters=(*asked.parameters, Parameter("Custom", (1, 2, b""))))
    assert difference(asked, more) is None
    less = replace(asked, parameters=asked.parameters[:1])
    assert difference(asked, less) == "ROSpec.AISpec: was asked, the reader has none"


# -- outputs and tags' memories


def test_outputs_are_written_and_what_cannot_be_is_said() -> None:
    talk = Talk().start()
    before = len(talk.events)
    talk.carry_out(talk.session.set_output(3, True, 0))
    assert talk.device.config.outputs == {1: False, 2: False, 3: True, 4: False}
    talk.carry_out(talk.session.set_output(5, True, 0))
    sent = talk.session.set_output(1, True, 1_000)  # the reader never answers
    assert sent and talk.session.deadline_us == 1_600_000
    for now_us in range(800_000, 6_000_000, 800_000):
        talk.now_us = now_us
        talk.carry_out(talk.session.expire(now_us))
        talk.from_reader(talk.device.keepalive())
    assert talk.events[before:] == [
        OutputWritten(3, True),
        OutputWritten(5, True, "output 5 is not in 1..4"),
        OutputWritten(1, True, "no answer within 5000 ms"),
    ]
    idle = LlrpSession(SETTINGS, 0)
    assert idle.set_output(1, True, 0) == [OutputWritten(1, True, "not now: waiting for the reader's greeting")]


def test_a_tagging_station_reads_writes_and_locks() -> None:
    talk = Talk().start()

    def work(order: AccessOrder, *reads: TagRead) -> list[object]:
        before = len(talk.events)
        talk.carry_out(talk.session.access(order, talk.now_us))
        for read in reads:
            talk.from_reader(talk.device.report([read]))
        return [one for one in talk.events[before:] if not isinstance(one, Reads)]

    begun, done = (lambda number: AccessChanged(number, True)), (lambda number: AccessChanged(number, False))
    tid = bytes(talk.device.tag(READ_96.epc).banks[2])
    assert work(read_tid(1, epc=READ_96.epc, times=1), READ_128, READ_96) == [
        begun(1),
        _accessed(1, READ_96, OperationResult(0, octets=tid)),
        done(1),
    ]
    assert work(write_epc(2, NEW, epc=READ_96.epc, password=0x1234), READ_128, READ_96) == [
        begun(2),
        _accessed(2, READ_96, OperationResult(0, words=7), OperationResult(1)),
        done(2),
    ]
    assert talk.from_reader(talk.device.report([READ_96])) == [Reads((READ_96._replace(epc=NEW),), ReaderClock.UTC)]
    # Locked now; a tag whose access password is zero lets everybody in, so give it one and come without.
    password = WriteMemory(Bank.RESERVED, 2, b"\0\0\x12\x34")
    assert work(AccessOrder(3, (password,), epc=NEW), READ_96)[-1] == done(3)
    refused = OperationResult(0, "tag memory locked error")
    assert _accessed(4, READ_96, refused, epc=NEW) in work(write_epc(4, READ_96.epc, epc=NEW, lock=False), READ_96)
    shorter = "E28011600000"
    told = work(write_epc(5, shorter, epc=NEW, password=0x1234), READ_96)
    assert told[1] == _accessed(5, READ_96, OperationResult(0, words=4), OperationResult(1), epc=NEW)
    assert talk.device.tag(READ_96.epc).epc == shorter
    user = AccessOrder(
        6,
        (
            WriteMemory(Bank.USER, 0, b"LANE"),
            ReadMemory(Bank.USER, 0, 2),
            ReadMemory(Bank.USER, 30, 9),
            LockMemory(LockField.TID, Privilege.OPEN),
        ),
        times=0,
    )
    results = (
        OperationResult(0, words=2),
        OperationResult(1, octets=b"LANE"),
        OperationResult(2, "nonspecific tag error"),
        OperationResult(3, "nonspecific tag error"),
    )
    assert work(user, READ_128, READ_128) == [begun(6), *[_accessed(6, READ_128, *results)] * 2]
    assert work(read_user(6, 2)) == [AccessChanged(6, True, "its number is in use")]
    talk.carry_out(talk.session.end_access(6, talk.now_us))
    assert talk.events[-1] == done(6)
    with pytest.raises(ValueError, match=r"access order 9: words: 300 is not in 0\.\.255"):
        read_tid(9, 300)
    with pytest.raises(ValueError, match="1 octets are not 1 to 31 words"):
        write_epc(9, "30")


def test_impinj_options_reach_the_reader_and_its_values_come_back() -> None:
    options = ImpinjOptions("tag-focus", details=True, fast_id=True)
    settings = LlrpSettings("p", antennas=(1,), mode="dense-m8", impinj=options)
    wrong = Talk(settings, LlrpDevice("sim", maker=IMPINJ)).start().events[-1]
    assert isinstance(wrong, Ended) and "max-throughput (0), dense-m4 (2)" in wrong.reason
    device = LlrpDevice("sim", maker=IMPINJ)
    talk = Talk(replace(settings, mode="dense-m4"), device).start()
    assert talk.session.phase is Phase.READING
    detail = TagDetail(0.0, -12.5, "E28011052000")
    octets = device.report([READ_96._replace(rssi_dbm=-51.27)], [detail])
    (reads,) = talk.from_reader(octets)
    assert reads == Reads((READ_96._replace(rssi_dbm=-51.27),), ReaderClock.UTC, False, (detail,))
    with pytest.raises(ValueError, match="search_mode: 'best' is not one of reader-selected"):
        ImpinjOptions("best")


# -- on sockets: outputs within the loop, IPv6, TLS


def _openssl(tool: str, folder: Path, *arguments: str) -> None:
    subprocess.run([tool, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def _certificates(tool: str, folder: Path) -> None:
    """ca.pem; reader.pem and client.pem signed by it, the reader's for 127.0.0.1 and ::1."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _openssl(tool, folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,IP:::1\n")
    for name in ("reader", "client"):
        _openssl(tool, folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        sign = ("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        _openssl(tool, folder, *sign, "-days", "2", "-extfile", "san", "-out", f"{name}.pem")


def test_tls_and_ipv6(run: Any, peer: Callable[[str], str], tmp_path: Path) -> None:
    _certificates(peer("openssl"), tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "reader.pem", tmp_path / "reader.key")
    server.load_verify_locations(tmp_path / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    files = {"ca": tmp_path / "ca.pem", "certificate": tmp_path / "client.pem", "key": tmp_path / "client.key"}
    client = TlsTable(**files).context()

    async def reads(simulated: SimulatedReader, host: str, tls: ssl.SSLContext | None) -> None:
        ear, reader = Ear(), LlrpReader(LlrpSettings("portal1"), host, simulated.port, tls)
        with pytest.raises(ReaderError, match="not connected"):
            reader.set_output(1, True)
        task = asyncio.create_task(reader.run(ear))
        await ear.ready()
        assert simulated.report([READ_96])
        assert await ear.next() == Reads((READ_96,), ReaderClock.UTC)
        reader.set_output(2, True)
        assert await ear.next() == OutputWritten(2, True)
        assert simulated.outputs[2]
        task.cancel()
        async with asyncio.timeout(60):
            with pytest.raises(asyncio.CancelledError):
                await task
        await simulated.released()

    async def fails(simulated: SimulatedReader, tls: ssl.SSLContext | None) -> ReaderError:
        # Who comes without TLS to a reader that has it waits for its greeting.
        settings = LlrpSettings("portal1", response_ms=60_000 if tls else 200)
        with pytest.raises(ReaderError) as caught:
            await LlrpReader(settings, "::1", simulated.port, tls).run(Ear())
        return caught.value

    async def scenario() -> None:
        plain = await SimulatedReader("sim1", clock=lambda: 0).start("::1")
        await reads(plain, "::1", None)
        await plain.stop()
        error = await fails(plain, None)
        assert str(error) == f"portal1: [::1]:{plain.port}: connection refused"
        assert error.failure is ReaderFailure.UNREACHABLE
        closed = await SimulatedReader("sim1", clock=lambda: 0).start("::1", tls=server)
        await reads(closed, "::1", client)
        error = await fails(closed, ssl.create_default_context())
        assert "TLS: certificate not trusted: " in str(error) and error.failure is ReaderFailure.REFUSED
        nothing_shown = TlsTable(ca=tmp_path / "ca.pem").context()
        assert isinstance(await fails(closed, nothing_shown), ReaderError)
        assert isinstance(await fails(closed, None), ReaderError)
        await closed.stop()

    run(scenario())
