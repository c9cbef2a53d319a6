"""Prometheus: every process answers at /metrics, in a format that its own parser reads, and only where it may."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from conftest import Run
from ports import free_port
from prometheus_client.parser import text_string_to_metric_families
from virtual_time import run_virtual
from waiting import until

from api.app import create_app
from edge.config.load import ConfigError, load_line, load_site
from edge.controller.controller import Controller
from edge.controller.vitals import samples
from edge.core.events import Measured
from edge.journal.writer import Journal
from edge.metrics import ASKS_S, Sample, _Desk, _registry, serve, text
from edge.publish.process import journal_outlets
from edge.publish.process import run as run_publishers
from edge.sim.server import run_sim


def read(told: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """By name and labels; fails for what is no Prometheus text."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def fetched(address: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
        return read(answer.read().decode())


def test_what_was_measured_has_names_and_labels() -> None:
    told = {
        "plc.sorter": (("up", 1.0), ("round_trip_us", 310.0)),
        "reader.tote1": (("reads", 9.0), ("reads.2", 9.0)),
        "line.sorter": (("tracks", 3.0), ("lane.4", 1.0)),
        "controller": (("unstored", 2.0), ('backlog.graf"a\\na', 7.0)),
    }
    found = read(text(lambda: samples(told, Counter({"Sorted": 5}))).decode())
    assert found["lanewise_plc_round_trip_us", (("plc", "sorter"),)] == 310
    assert found["lanewise_reader_reads", (("reader", "tote1"),)] == 9
    assert found["lanewise_antenna_reads", (("antenna", "2"), ("reader", "tote1"))] == 9
    assert found["lanewise_lane_state", (("lane", "4"), ("line", "sorter"))] == 1
    assert found["lanewise_follower_backlog", (("follower", 'graf"a\\na'),)] == 7
    assert found["lanewise_records_total", (("kind", "Sorted"),)] == 5
    assert any(name == "process_resident_memory_bytes" for name, _ in found)


def test_run_and_sim_and_publish_answer(project: Path, tmp_path: Path, run: Run) -> None:
    ports = {name: f"127.0.0.1:{free_port()}" for name in ("run", "publish", "sim")}
    table = "\n[metrics]\n" + "".join(f'{name} = "{address}"\n' for name, address in ports.items())
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    for number in (15021, 15022, 15023, 15081, 15082, 15083, 15084, 15085):
        source = source.replace(str(number), str(free_port()))
    publish = '[publish.far]\nkind = "influx"\nurl = "http://127.0.0.1:9"\nbucket = "b"\n'
    (tmp_path / "LINE.toml").write_text(source + table + publish)
    config = load_line(tmp_path / "LINE.toml")
    stop = threading.Event()
    thread = threading.Thread(target=run_publishers, args=(journal_outlets(config), stop))

    async def work() -> None:
        controller = asyncio.create_task(Controller(config.model_copy(update={"store": ""})).run())
        floor = asyncio.create_task(run_sim(config))
        thread.start()
        try:
            wanted = {
                "run": ("lanewise_records_total", (("kind", "Started"),)),
                "publish": ("lanewise_publisher_failures_total", (("publisher", "far"),)),
                "sim": ("lanewise_sim_parcels_inducted", ()),
            }

            async def answered() -> bool:
                for name, key in list(wanted.items()):
                    try:
                        found = await asyncio.to_thread(fetched, ports[name])
                    except OSError:  # not up yet
                        continue
                    if found.get(key, 0) > 0 or (name == "sim" and key in found):
                        del wanted[name]
                return not wanted

            await until(answered, 100)
        finally:
            stop.set()
            for task in (controller, floor):
                task.cancel()
            await asyncio.gather(controller, floor, return_exceptions=True)
            await asyncio.to_thread(thread.join)

    run(work())


def test_the_api_answers_with_its_token_alone(project: Path, tmp_path: Path, run: Run) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text())
    (tmp_path / "token").write_text("a-token-of-twenty-four-characters")
    site = load_site(tmp_path / "SITE.toml").model_copy(update={"token_file": tmp_path / "token"})
    journal = Journal(load_line(site.controller[0].config).journal)
    journal.append([Measured(1_000_000, "controller", ())])
    journal.flush()
    journal.close()

    async def talk() -> None:
        app = create_app(site)
        async with app.state.site.running():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                assert (await client.get("/metrics")).status_code == 401
                head = {"authorization": "Bearer a-token-of-twenty-four-characters"}
                answer = await client.get("/metrics", headers=head)
                assert answer.headers["content-type"].startswith("text/plain")
                assert ("lanewise_api_journal_up", (("controller", "edge1"),)) in read(answer.text)

    run(talk())


def test_it_is_served_on_loopback_only(project: Path, tmp_path: Path) -> None:
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    for address, said in (
        ("0.0.0.0:9464", "not a loopback address"),
        ("127.0.0.1", "not a loopback address"),
        ("127.0.0.1:99999", "is not one of 1..65535"),
    ):
        (tmp_path / "LINE.toml").write_text(f'{source}\n[metrics]\nrun = "{address}"\n')
        with pytest.raises(ConfigError, match=said):
            load_line(tmp_path / "LINE.toml")
    taken = f"127.0.0.1:{free_port()}"
    with serve(taken, lambda: [Sample("x", "x", 1)]):
        assert fetched(taken)["lanewise_x", ()] == 1
        with pytest.raises(OSError, match="give `metrics` another port"), serve(taken, list):
            pass


def test_a_thousand_half_questions_hold_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    address = f"127.0.0.1:{free_port()}"
    with ExitStack() as opened, serve(address, lambda: [Sample("x", "x", 1)]):
        before = threading.active_count()
        for number in range(1_000):
            host, port = address.split(":")
            one = opened.enter_context(socket.create_connection((host, int(port)), 60))
            one.sendall(b"GET /metrics HTTP/1.1\r\nhost: h\r\nx: ")
            if not number % 250:
                assert fetched(address)["lanewise_x", ()] == 1
        assert fetched(address)["lanewise_x", ()] == 1
        assert threading.active_count() == before
        for wrong, status in (
            (b"POST /metrics", b"405"),
            (b"GET /", b"404"),
            (b"x" * 20_000, b"405"),
            (b"HEAD /metrics", b"200"),
        ):
            with socket.create_connection((host, int(port)), 60) as one:
                one.sendall(wrong + b" HTTP/1.1\r\n\r\n")
                assert one.recv(12) == b"HTTP/1.1 " + status
    assert caplog.messages[0] == f"metrics: {address}: questions from 127.0.0.1 that do not become whole are ended"


def test_a_half_question_has_its_time() -> None:
    async def main() -> None:
        over = asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        desk = asyncio.create_task(_Desk("here", _registry(list)).answer(listener, over))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET /metrics")
        assert await reader.read() == b"" and asyncio.get_running_loop().time() == ASKS_S
        writer.close()
        over.set()
        await desk

    run_virtual(main())
