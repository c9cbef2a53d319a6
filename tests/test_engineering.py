"""The engineers' page: what each device does now, what portals learned, and what is wrong in which line of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from example_site import START_US, client_of, example_site, journal_of, write_journal
from waiting import until

from api.app import create_app
from edge.core.events import Measured, PassageSeen, Stage
from edge.journal.writer import Journal

NUMBERS = (
    PassageSeen(
        at_us=START_US + 30_500_000,
        line="sorter",
        passage=1,
        track_id=0,
        stage=Stage.FINAL,
        start_us=START_US,
        stop_us=START_US + 400_000,
        offset_us=9_000,
        claims=(),
        tags=(),
    ),  # fmt: skip
    Measured(
        START_US + 31_000_000,
        "reader.sorter",
        (("up", 1), ("reads", 420), ("reports", 90), ("reads.1", 300), ("rssi_dbm.1", -52.5), ("reads.2", 120)),
    ),
    Measured(START_US + 31_000_000, "plc.sorter", (("up", 1), ("epoch", 3), ("packml_state", 6), ("fenced", 1))),
    Measured(START_US + 32_000_000, "controller", (("backlog.influx", 12), ("unstored", 0))),
)


def test_engineers_see_what_works_and_what_the_files_say(
    project: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    site = example_site(project, tmp_path)
    write_journal(site, 30)
    journal = Journal(journal_of(site))
    journal.append(list(NUMBERS))
    journal.flush()
    journal.close()
    app = create_app(site)
    toml = site.controller[0].config

    async def scenario() -> None:
        async with client_of(app) as client:

            async def told() -> dict[str, Any]:
                return dict((await client.get("/api/v1/engineering")).json())

            async def heard() -> bool:
                return any("backlog.influx" in its["values"] for its in (await told())["devices"])

            await until(heard)
            bench = await told()
            devices = {its["device"]: its for its in bench["devices"]}
            antennas = [(its["antenna"], its["per_s"], its["rssi_dbm"]) for its in devices["reader.sorter"]["antennas"]]
            assert antennas == [(1, 30.0, -52.5), (2, 12.0, None)]
            assert devices["plc.sorter"]["values"]["epoch"] == 3
            assert devices["reader.tote1"]["antennas"] == [] and devices["plc.sorter"]["session"]
            journals = {its["name"]: its for its in bench["files"]}
            assert journals["edge1"]["used_bytes"] > 0 and journals["store"]["free_bytes"] > 0
            assert [its["problems"] for its in bench["checked"]] == [[]]
            page = (await client.get("/engineering")).text
            assert "obeys another controller" in page and "12 records to go" in page and "Execute" in page
            drawn = await client.get("/engineering/portal/sorter.svg")
            assert drawn.headers["content-type"] == "image/svg+xml" and "passages, offset" in drawn.text
            assert (await client.get("/engineering/portal/none.svg")).status_code == 404

            # A file that was spoilt meanwhile: the problem stands beside its line, a password does not.
            good = toml.read_text(encoding="utf-8")
            number = good.splitlines().index('job = "sort"') + 1
            toml.write_text(good.replace('job = "sort"', 'job = "fly"'), encoding="utf-8")
            (checked,) = (await told())["checked"]
            assert [its["number"] for its in checked["source"] if "fly" in its["problem"]] == [number]
            assert 'job = "fly"' in (await client.get("/engineering?lang=zh-Hant")).text.replace("&#34;", '"')

    run(scenario())
