"""A publisher whose target misses what happens is an alarm: unreachable, not running, or running for nothing."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from controllers import UTC_US, stop
from journals import journal
from ports import free_port, on_free_ports
from pure_site import example
from virtual_time import run_virtual
from waiting import wait_until

from edge.cli import _targets
from edge.config.load import load_line
from edge.controller.controller import Controller
from edge.core.events import AlarmChanged, DeviceChanged
from edge.core.values.alarm import AlarmState
from edge.journal.host_time import now_us
from edge.journal.writer import Journal
from edge.publish.cursors import ABSENT_US, STILL_US, Cursor, Standing, read_standings, trouble_of
from edge.publish.process import journal_outlets
from edge.publish.process import run as publish

AT_US = 1_800_000_000_000_000


def test_what_stands_still_is_said_with_its_reason() -> None:
    never = Cursor("grafana", "edge1@1", 0, 0, 0)
    moved = Cursor("grafana", "edge1@1", 40, 0, AT_US)
    fine = Standing("grafana", "", AT_US)
    refused = Standing("grafana", "http://db:8086: Connection refused", AT_US)
    absent = "publisher grafana: lanewise publish does not run, "
    assert trouble_of(never, None, 0, AT_US) == f"{absent}and never did; its cursor stands at record 0"
    assert trouble_of(moved, fine, 40, AT_US + ABSENT_US) == ""
    assert trouble_of(moved, fine, 40, AT_US + ABSENT_US + 1) == (
        f"{absent}since 2027-01-15T08:00:00Z; its cursor stands at record 40 since 2027-01-15T08:00:00Z"
    )
    assert trouble_of(moved, refused, 40, AT_US + 1) == "publisher grafana: http://db:8086: Connection refused"
    lively = Standing("grafana", "", AT_US + STILL_US)
    assert trouble_of(moved, lively, 41, AT_US + STILL_US) == ""
    assert trouble_of(moved, lively, 41, AT_US + STILL_US + 1) == (
        "publisher grafana: it runs and delivers nothing; its cursor stands at record 40 since 2027-01-15T08:00:00Z"
    )


def test_the_process_says_how_its_publishers_stand(project: Path, tmp_path: Path) -> None:
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    dead = f'\n[publish.dead]\nkind = "influx"\nurl = "http://127.0.0.1:{free_port()}"\nbucket = "b"\n'
    (tmp_path / "LINE.toml").write_text(source + dead, encoding="utf-8")
    config = load_line(tmp_path / "LINE.toml")
    targets = _targets(config)
    assert targets is not None
    written = Journal(config.journal)
    written.append([DeviceChanged(AT_US, "plc.sorter", True, "")])
    written.flush()
    (text,) = targets(now_us()).values()
    assert text.startswith("publisher dead: lanewise publish does not run, and never did")
    ended = threading.Event()
    process = threading.Thread(target=publish, args=(journal_outlets(config), ended))
    process.start()
    try:
        wait_until(lambda: any("refused" in one.trouble for one in read_standings(config.publish_state)))
        (text,) = targets(now_us()).values()
        assert text.startswith("publisher dead: http://127.0.0.1:") and "refused" in text
    finally:
        ended.set()
        process.join()
        written.close()


def test_a_target_that_is_down_is_an_alarm_after_a_minute_and_over_when_it_is_reached(
    project: Path, tmp_path: Path
) -> None:
    whole = on_free_ports(example(project), tmp_path)
    config = whole.model_copy(update={"plc": {}, "reader": {}, "line": {}})
    trouble = ["publisher grafana: http://db:8086: Connection refused"]

    async def main() -> None:
        task = asyncio.create_task(
            Controller(
                config, threaded=False, zero_us=UTC_US, targets=lambda _: lambda _: {"grafana": trouble[0]}
            ).run()
        )
        await asyncio.sleep(65)
        trouble[0] = ""
        await asyncio.sleep(20)
        trouble[0] = "publisher grafana: http://db:8086: timed out"
        await asyncio.sleep(30)
        trouble[0] = ""  # before a minute is over: nobody is called
        await asyncio.sleep(60)
        trouble[0] = "publisher grafana: it runs and delivers nothing"
        await asyncio.sleep(80)
        await stop(task)

    run_virtual(main())
    told: list[Any] = [record.value for record in journal(config)]
    assert [(one.up, one.reason[:28]) for one in told if isinstance(one, DeviceChanged) and "publish" in one.device][
        :2
    ] == [(False, trouble[0][:19] + "http://db"), (True, "publisher grafana: delivers")]
    alarms = [one for one in told if isinstance(one, AlarmChanged) and one.alarm == "target-down.grafana"]
    assert [one.state for one in alarms] == [AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED, AlarmState.UNACKNOWLEDGED]
    assert alarms[0].text == "publisher grafana: http://db:8086: Connection refused"
    assert 70_000_000 <= alarms[0].at_us - UTC_US < 71_000_000, "a minute after it was seen"
    assert alarms[2].text == "publisher grafana: it runs and delivers nothing"
