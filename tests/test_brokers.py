"""Brokers that are not mosquitto: mochi-mqtt, which cuts the link for what it does not take, and keeps nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from mochi import Mochi
from mosquitto import Heard
from published import START_US, Published, set_up
from waiting import wait_until

from edge.core.events import DeviceChanged
from edge.core.values.layout import LineLayout
from edge.journal.record import Value
from edge.publish.cursors import read_cursors, read_set_aside


@pytest.fixture
def mochi(npm: Callable[[str], Path]) -> Path:
    return npm("mochi") / "mochi"


def devices(reasons: list[str]) -> list[Value]:
    return [DeviceChanged(START_US + at, "reader.r", bool(at % 2), reason) for at, reason in enumerate(reasons)]


def test_a_message_for_which_the_link_is_cut_is_set_aside_alone(
    mochi: Path, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    """With its size and what the broker did; what is before and behind it arrives in order."""
    long = {7, 8, 30}
    values = devices(["x" * (3_000 * (at in long)) for at in range(60)])
    with Mochi(mochi, largest=1_500) as broker, Heard(listens, broker.port, "lanewise/+/+/+/event/#", qos=0) as heard:
        published = Published(tmp_path, layouts, broker.port)
        published.write(values)
        with published.going():
            published.delivered()
            fine = [at for at in range(60) if at not in long]

            def arrived() -> list[int]:
                return list(dict.fromkeys(one["data"]["at_us"] - START_US for one in heard.told("")))

            wait_until(lambda: arrived() == fine, arrived)
            published.write(devices(["after"]))  # what was set aside is not tried again with what comes
            published.delivered()
    (cursor,) = read_cursors(tmp_path / "p.sqlite")
    aside = [one for one, _ in read_set_aside(tmp_path / "p.sqlite", "broker")]
    assert cursor.set_aside == len(aside) == 2 * len(long)
    assert {one.seq - 1 for one in aside} == long
    assert all(" bytes: the link is cut for it each time: broker 127.0.0.1:" in one.reason for one in aside)


def test_a_broker_that_keeps_nothing_is_told_what_is_so_again(
    mochi: Path, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    """Restarts, retained state, receive maximum: two messages at once, and all that was retained after a restart."""
    broker = Mochi(mochi, at_once=2)
    published = Published(tmp_path, layouts, broker.port)
    with published.going() as follower:
        with broker:
            published.write(devices(["first"] * 50))
            published.delivered()
        wait_until(lambda: not follower._publisher._connection.connected)  # type: ignore[union-attr]
        with broker:
            published.write([DeviceChanged(START_US + 60, "reader.other", True, "")])
            published.delivered()
            with Heard(listens, broker.port, "lanewise/demo/_edge/edge1/device/+", qos=0) as later:
                wait_until(lambda: {one["device"] for one in later.told("")} == {"reader.r", "reader.other"})
                assert all(retained for _, retained, _ in later.messages())


def test_the_last_will_and_the_session_on_another_broker(
    mochi: Path, listens: str, tmp_path: Path, project: Path
) -> None:
    with Mochi(mochi) as broker, Heard(listens, broker.port, "lanewise/+/+/+/status") as heard:
        publishing, writer = set_up(tmp_path, project, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}')
        with publishing:
            writer.append(devices([""]))
            writer.flush()
            wait_until(lambda: publishing.cursor().seq == 1)
            publishing.end(signal.SIGKILL)
            wait_until(lambda: [one["online"] for one in heard.told("/status")] == [True, False])
            with Heard(listens, broker.port, "lanewise/+/+/+/status", qos=0) as later:
                wait_until(lambda: [json.loads(told)["online"] for _, _, told in later.messages()] == [False])
        writer.close()
