"""The engineers' page: what each device does now, what portals learned, and what is wrong in which line of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_site import START_US, client_of, example_site, journal_of, write_journal
from waiting import until

from api import site_state
from api.app import create_app
from edge.core.events import Anomaly, AnomalyCode, Measured, PassageSeen, PlcConnected, Stage
from edge.journal.writer import Journal

NUMBERS = (
    PlcConnected(
        at_us=START_US + 30_400_000,
        plc="tote1",
        session=8,
        epoch=3,
        fresh=True,
        resumed=False,
        event_acked=0,
        events_lost=0,
        command_head=0,
        found=(),
        lanes_full=0,
        lanes_disabled=0,
    ),
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
    ),
    Measured(
        START_US + 31_000_000,
        "reader.sorter",
        (
            ("up", 1),
            ("reads", 420),
            ("reports", 90),
            ("reads.1", 300),
            ("rssi_dbm.1", -52.5),
            ("reads.2", 120),
            ("clock_ahead_us", -2_345_600),
            ("clock_unsure_us", 400),
        ),
    ),
    Measured(
        START_US + 31_000_000,
        "plc.sorter",
        (("up", 1), ("epoch", 3), ("packml_state", 6), ("fenced", 1), ("clock_ahead_us", -START_US)),
    ),
    Measured(START_US + 32_000_000, "controller", (("backlog.influx", 12), ("unstored", 0))),
)


def test_engineers_see_what_works_and_what_the_files_say(
    project: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_state, "BEAT_S", 3_600.0)  # what its journal has is weeks ago, and would leave the picture
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
            assert '<b class="urgent">2,345.6 ms behind this machine, ± 0.4 ms</b>' in page
            assert "counts since 2026-" in page and "tells no time" in page
            drawn = await client.get("/engineering/portal/sorter.svg")
            assert drawn.headers["content-type"] == "image/svg+xml" and "passages, offset" in drawn.text
            assert (await client.get("/engineering/portal/none.svg")).status_code == 404

            # A test divert: the wish is in the feed, and the answer is the controller's.
            wish = {"action": "begin", "by": "Eve", "reason": "a new lane"}
            late = await client.post("/api/v1/lines/sorter/trial", json=wish)
            assert late.status_code == 409 and "is on sorter" in late.json()["detail"]
            none = await client.post("/api/v1/lines/tote1/trial", json=wish | {"action": "divert", "lane": 1})
            assert none.status_code == 409 and "no commissioning mode" in none.json()["detail"]
            began = Anomaly(
                at_us=START_US + 40_000_000, line="tote1", code=AnomalyCode.TRIAL_BEGAN, text="tote1: begun"
            )
            refused = replace(began, at_us=began.at_us + 1, code=AnomalyCode.TRIAL_REFUSED, text="tote1: it is, by Eve")
            for one, done in ((began, True), (refused, False)):
                asking = asyncio.create_task(client.post("/api/v1/lines/tote1/trial", json=wish))
                await until(lambda one=one: len(app.state.site.store().feed(0)) == 1 + int(one is refused))
                journal = Journal(journal_of(site))
                journal.append([one])
                journal.flush()
                journal.close()
                answer = (await asking).json()
                assert (answer["done"], answer["on"], answer["text"]) == (done, True, one.text)
                code = answer["said"]["code"] if one is refused else answer["said"]
                assert code == ("given.of" if one is refused else one.text), "in any language, where it is known"
            newest = app.state.site.store().feed(0)[-1]
            assert (newest.line, newest.trial, newest.reason) == ("tote1", "begin", "a new lane")
            assert "commissioning mode</b>" in (await client.get("/engineering")).text
            for body, status in ((wish | {"action": "divert", "lane": 60}, 422), (wish | {"reason": ""}, 422)):
                assert (await client.post("/api/v1/lines/tote1/trial", json=body)).status_code == status
            assert (await client.post("/api/v1/lines/none/trial", json=wish)).status_code == 404

            chinese = {"accept-language": "zh-TW"}
            for form, status, said in (
                ({"line": "sorter"}, 409, "的包裹在 sorter 上：請等它進入道口"),
                ({"line": "none"}, 404, "產線：&#39;none&#39;：可用的有 tote1, "),
                ({"line": "tote1", "action": "divert", "lane": "60"}, 422, "道口：60：可用的有 1, "),
                ({"line": "tote1", "action": "divert", "lane": "x"}, 422, "應為整數"),
                ({"line": "tote1", "reason": ""}, 422, "原因：&#39;&#39;：至少需要 1 個字元"),
            ):
                refused_page = await client.post("/engineering/trial", data=wish | form, headers=chinese)
                assert refused_page.status_code == status and said in refused_page.text, refused_page.text[-3000:]
            assert "tote1：已在試車模式，由 Eve" in (await client.get("/engineering", headers=chinese)).text

            # A file that was spoilt meanwhile: the problem stands beside its line, a password does not.
            good = toml.read_text(encoding="utf-8")
            number = good.splitlines().index('job = "sort"') + 1
            toml.write_text(good.replace('job = "sort"', 'job = "fly"'), encoding="utf-8")
            (checked,) = (await told())["checked"]
            assert [its["number"] for its in checked["source"] if "fly" in its["problem"]] == [number]
            assert 'job = "fly"' in (await client.get("/engineering?lang=zh-Hant")).text.replace("&#34;", '"')

    run(scenario())
