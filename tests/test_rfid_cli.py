"""Readers are found, and what they read is shown, by the command line and over real sockets."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Run
from ports import free_port

from edge.cli import main
from edge.commands.read_table import ReadTable
from edge.config.load import load_line
from edge.journal.host_time import now_us
from edge.journal.writer import Journal
from rfid.driver import ReaderReady, TagDetail, TagRead
from rfid.epc.identity import sgtin96
from rfid.llrp.client import LlrpReader
from rfid.llrp.settings import LlrpSettings
from rfid.llrp_device.simulator import ReaderFault, SimulatedReader

ITEM, OTHER, LATE = (sgtin96("9521141", "050000", serial) for serial in (7, 8, 9))


def test_readers_are_found_and_left_as_they_were(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    async def subnet() -> list[int]:
        free, held = SimulatedReader("free", clock=now_us, maker=25882), SimulatedReader("held", clock=now_us)
        await free.start("127.0.0.2", free_port())  # which nobody has at another address
        await held.start("127.0.0.3", free.port)
        mute = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.4", free.port)
        ready = asyncio.Event()
        reader = LlrpReader(LlrpSettings("held"), "127.0.0.3", held.port)
        client = asyncio.create_task(reader.run(lambda event: ready.set() if isinstance(event, ReaderReady) else None))
        await asyncio.wait_for(ready.wait(), 60)
        port = ["--port", str(free.port), "--seconds", "30"]
        statuses = [await asyncio.to_thread(main, ["rfid", "discover", "127.0.0.0/29", "--json", *port])]
        assert held.reading and not client.done(), "who holds a reader is not disturbed"
        await asyncio.wait_for(free.released(), 60)
        statuses.append(await asyncio.to_thread(main, ["rfid", "discover", "127.0.0.6/31", *port]))
        client.cancel()
        await asyncio.gather(client, return_exceptions=True)
        mute.close()
        await free.stop()
        await held.stop()
        return statuses

    assert run(subnet()) == [0, 1]
    out, err = capsys.readouterr()
    found = {one["host"]: one for one in map(json.loads, out.splitlines())}
    assert {host: one["answer"] for host, one in found.items()} == {
        "127.0.0.2": "free",
        "127.0.0.3": "busy",
        "127.0.0.4": "other",
    }
    assert found["127.0.0.2"]["about"].startswith("Impinj model")
    assert "6 addresses, 2 reader(s)" in err
    assert main(["rfid", "discover", "10.0.0.0/8"]) == 2
    assert "16777216 addresses, allowed: 4096" in capsys.readouterr().err


def test_a_reader_is_watched_by_its_address(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    async def site() -> tuple[int, int]:
        reader = await SimulatedReader("r", clock=now_us).start()

        async def tags() -> None:
            for number in range(10**6):
                reader.report([TagRead(ITEM, 1 + number % 2, -50.0 - number % 5, 1_700_000_000_000_000 + number, 1)])
                await asyncio.sleep(0.01)

        reading = asyncio.create_task(tags())
        address = f"127.0.0.1:{reader.port}"
        status = await asyncio.to_thread(main, ["rfid", "watch", address, "--json", "--seconds", "2"])
        reader.fault(ReaderFault.REFUSAL)
        refused = await asyncio.to_thread(main, ["rfid", "watch", address, "--seconds", "60"])
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await reader.stop()
        return status, refused

    assert run(site()) == (0, 2)
    out, err = capsys.readouterr()
    last = json.loads(out.splitlines()[-1])
    (tag,) = last["tags"]
    assert tag["epc"] == ITEM and tag["antennas"] == [1, 2] and tag["best_dbm"] == -50.0
    assert tag["identity"].startswith("(01)")
    assert last["reads_s"] > 0 and tag["reads"] > 5
    assert "4 antennas" in err and "the reader refused the connection" in err


def test_a_tag_is_read_written_and_locked(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.commands.tagging._LOOK_S", 0.6)
    (tmp_path / "password").write_text("12345678\n")
    (tmp_path / "wrong").write_text("87654321\n")
    new, again = "urn:epc:tag:sgtin-96:1.9521141.012345.77", "urn:epc:tag:sgtin-96:1.9521141.012345.78"
    password, wrong = str(tmp_path / "password"), str(tmp_path / "wrong")
    asked = [
        ["memory", "--user", "2", "--seconds", "1"],
        ["write", new],  # two tags are there
        ["write", new, "--epc", ITEM, "--lock", "--new-password", password, "--seconds", "60"],
        ["write", again, "--epc", new, "--seconds", "60"],
        ["write", again, "--epc", new, "--password", wrong, "--seconds", "60"],
        ["write", again, "--epc", new, "--password", password, "--seconds", "60"],
        ["write", again, "--epc", LATE, "--seconds", "0.3"],  # it comes when nobody asks any more
        ["write", again, "--epc", ITEM, "--lock"],
        ["write", "urn:epc:tag:sgtin-96:1.9521141"],
        ["write", "30342"],
        ["write", again, "--password", str(tmp_path / "password2")],
    ]

    async def site() -> tuple[list[int], str]:
        reader = await SimulatedReader("r", clock=now_us).start()

        async def tags() -> None:
            while True:
                reader.report([TagRead(epc, 1, -50.0, now_us(), 1) for epc in (ITEM, OTHER)])
                await asyncio.sleep(0.01)

        reading = asyncio.create_task(tags())
        address = f"127.0.0.1:{reader.port}"
        statuses = [await asyncio.to_thread(main, ["rfid", ask[0], address, *ask[1:]]) for ask in asked]
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        reader.report([TagRead(LATE, 1, -50.0, 1_700_000_000_000_000, 1)])
        late = reader.tag(LATE).epc
        await reader.stop()
        return statuses, late

    assert run(site()) == ([0, 1, 0, 1, 1, 0, 1, 2, 2, 2, 2], LATE)
    out, err = capsys.readouterr()
    first, second, *written = map(json.loads, out.splitlines())
    assert {first["epc"], second["epc"]} == {ITEM, OTHER}
    assert first["tid"].startswith("E280") and first["user"] == "00000000" and not first["trouble"]
    assert [one["trouble"] for one in written] == [
        "",
        "writing EPC: tag memory locked error",
        "writing EPC: tag memory locked error",
        "",
        "it did not answer within 0.3 s",
    ]
    assert written[0]["identity"] == "(01)09521141123454(21)77" and written[3]["epc"] == written[0]["new"]
    assert "2 tags are there" in err and "a tag without access password lets everybody in" in err
    assert "SGTIN has 3 parts" in err and "'30342': give an EPC as 4 to 124" in err and "password2" in err


def test_a_name_that_is_not_configured_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = str(project / "examples" / "warehouse" / "LINE.toml")
    assert main(["rfid", "watch", "tote9", "--config", line]) == 2
    assert "reader.tote9: no such reader, allowed: tote1, tote2, sorter" in capsys.readouterr().err


@pytest.mark.parametrize("reader", ["sorter", "127.0.0.1:9"])
@pytest.mark.parametrize("command", ["write", "memory", "report"])
def test_a_reader_that_a_controller_has_is_left_alone(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reader: str,
    command: str,
) -> None:
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    (tmp_path / "LINE.toml").write_text(text.replace("15083", "9"))
    (tmp_path / "R.toml").write_text('[[report]]\nname = "all"\n')
    monkeypatch.chdir(tmp_path)
    asked = {"write": [reader, ITEM], "memory": [reader], "report": ["R.toml", "--reader", reader]}[command]
    with closing(Journal(load_line(tmp_path / "LINE.toml").journal)):  # as `lanewise run` has it
        assert main(["rfid", command, *asked]) == 2
        assert "reader.sorter: `lanewise run` has it and writes " in capsys.readouterr().err
        assert main(["rfid", command, *asked, "--beside-run"]) == 2
        assert "connection refused" in capsys.readouterr().err


def test_the_table_shows_the_newest_first() -> None:
    table = ReadTable()
    details = [TagDetail(None, None, ""), TagDetail(0.5, -2.0, "E28011052000")]
    table.take([TagRead(f"{0:024X}", 1, -60.0, 0, 1), TagRead(ITEM, 3, -40.0, 0, 2)], 0, details)
    for number in range(1, 50):
        table.take([TagRead(f"{number:024X}", 1, -60.0, 0, 1), TagRead(ITEM, 3, -40.0, 0, 2)], number * 100_000)
    table.take([TagRead(ITEM, 1, -70.0, 0, 0), TagRead(ITEM, 3, -40.0, 0, 0)], 4_900_000)
    lines = table.told("r", 5_000_000)
    assert lines[0] == "r: 51 tags, 20 reads/s"
    assert (
        lines[3].split()[:3] == ["100", "-40.0", "-40.0"] and "  3 (-40), 1 (-70)  " in lines[3] and "(01)" in lines[3]
    )
    assert lines[3].endswith("  TID E28011052000")
    tag = next(tag for tag in table.described("r", 5_000_000)["tags"] if tag["epc"] == ITEM)  # type: ignore[attr-defined]
    assert (tag["tid"], tag["phase_rad"], tag["doppler_hz"]) == ("E28011052000", 0.5, -2.0)
    assert lines[-1] == "and 11 more"
