"""QuestDB takes what is published as for InfluxDB: whole, once, and without what it refuses, in the tables of docs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pure_site import PureSite, example
from questdb import QuestDb

from edge.cli import main
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.core.events import Event, Journaled
from edge.journal.record import Record
from edge.publish.cursors import SetAside
from edge.publish.follow import Entry
from edge.publish.influx import InfluxPublisher
from edge.publish.measures import Measures
from edge.publish.schema import BASE_TAGS, MEASUREMENTS, SeriesPoint


@pytest.fixture(scope="module")
def server(
    peer: Callable[[str], str], npm: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QuestDb]:
    server = QuestDb(peer("java"), npm("questdb"), tmp_path_factory.mktemp("questdb"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ran(project: Path) -> list[Journaled | Event]:
    return PureSite(example(project), 5, {"sorter": 120, "tote1": 12}).run(600).journal


def config_for(project: Path, folder: Path, url: str) -> LineConfig:
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    (folder / "token").write_text("s3cret-s3cret-s3cret-s3cret\n")
    table = f'kind = "influx"\nurl = "{url}"\norg = "acme"\nbucket = "lanewise"\ntoken_file = "token"'
    (folder / "LINE.toml").write_text(f"{text}\n[publish.quest]\n{table}\n")
    return load_line(folder / "LINE.toml")


def make_tables(server: QuestDb, project: Path) -> None:
    text = "\n".join(
        line for line in (project / "docs" / "questdb.sql").read_text().splitlines() if not line.startswith("--")
    )
    for statement in filter(str.strip, text.split(";")):
        server.query(statement)


def test_twice_is_once_in_the_tables_of_docs_and_twice_in_its_own(
    server: QuestDb, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_for(project, tmp_path, server.url)
    ask = ["publish", str(tmp_path / "LINE.toml"), "quest", "--check"]
    server.query("DROP TABLE IF EXISTS lanewise_check")
    assert main(ask) == 0
    assert "is there 2 times" in capsys.readouterr().out
    server.query("DROP TABLE lanewise_check")
    make_tables(server, project)
    assert main(ask) == 0
    assert "is there once, as it must be" in capsys.readouterr().out


def test_it_has_every_point_once_with_all_that_it_holds(
    server: QuestDb, project: Path, tmp_path: Path, ran: list[Journaled | Event]
) -> None:
    make_tables(server, project)
    config = config_for(project, tmp_path, server.url)
    publisher = InfluxPublisher("quest", config.publish["quest"], config)  # type: ignore[arg-type]
    told = [
        Entry(Record(seq, value.at_us, "", type(value).__name__, ""), value, f"edge1@1/{seq}")
        for seq, value in enumerate(ran, 1)
    ]
    for _ in range(2):  # once more, as after a crash
        assert publisher.prepare(told)() == []
    publisher.close()
    server.settled()
    measures = Measures(config.layouts())
    wanted = [point for seq, value in enumerate(ran, 1) for point in measures.points(seq, value)]
    assert len(wanted) > 1_000
    for name, measurement in MEASUREMENTS.items():
        columns = ", ".join(f'"{column}"' for column in (*BASE_TAGS, *measurement.tags))
        rows = server.query(f'select timestamp::long as at_ns, * from "{name}" order by timestamp, {columns}')
        kept = [{key: value for key, value in row.items() if value is not None and key != "timestamp"} for row in rows]
        ours = [as_row(point, config) for point in wanted if point.measurement is measurement]
        assert sorted(kept, key=repr_of) == sorted(ours, key=repr_of), name


def as_row(point: SeriesPoint, config: LineConfig) -> dict[str, object]:
    tags = zip((*BASE_TAGS, *point.measurement.tags), (config.site, config.controller, *point.tags), strict=True)
    texts = {tag: value for tag, value in tags if value}
    return {"at_ns": point.time_ns, **texts, **point.fields}


def repr_of(row: dict[str, object]) -> str:
    return repr(sorted(row.items()))


def test_what_it_refuses_is_set_aside_alone(server: QuestDb, project: Path, tmp_path: Path) -> None:
    make_tables(server, project)
    config = config_for(project, tmp_path, server.url)
    publisher = InfluxPublisher("quest", config.publish["quest"], config)  # type: ignore[arg-type]
    values = ['"no"' if at == 7 else f"{at}i" for at in range(20)]
    lines = [
        SetAside(at, f"device,site=poisoned,controller=c,device=d up={value} {at + 1}", "")
        for at, value in enumerate(values)
    ]
    (refused,) = publisher.lines(lines)()
    publisher.close()
    assert isinstance(refused, SetAside) and refused.seq == 7 and "column: up" in refused.reason
    server.settled()
    rows = server.query("select up from device where site = 'poisoned' order by timestamp")
    assert [row["up"] for row in rows] == [at for at in range(20) if at != 7]
