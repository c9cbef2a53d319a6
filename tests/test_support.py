"""What goes to those who help: enough to help with, no secret that the configuration knows, and nobody's name."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from sold import sold

from edge.cli import main
from edge.commands import support
from edge.config.bared import secret_files
from edge.config.lines import LineConfig, SiteConfig
from edge.config.load import load_line
from edge.core.events import Started
from edge.core.values.inputs import LaneRequested
from edge.journal.writer import Journal
from edge.orders.sales import Consignee
from edge.site.store import SiteStore

NO_SECRETS = {
    "journal", "publish_state_", "publish_state", "config", "folder", "folders", "points", "cards", "file", "nodesets",
    "manifests", "trusted", "ca", "certificate", "user_certificate",
}  # fmt: skip
"""Keys whose file is no secret. A new key that names a file belongs here, or is one that `secret_files` finds."""
PERSON = Consignee(name="Wang Daming", phone="+886912345678", email="daming@example.tw", street="Heping Road 77")
LINE = """
[plc.drive]
driver = "opcua"
[plc.drive.opcua]
url = "opc.tcp://drive:4840"
policy = "Basic256Sha256"
user = "fitter"
password_file = "{0}"
certificate = "own.der"
key = "{1}"
trusted = "."
[plc.drive.point."drive/speed"]
node = "ns=2;s=Speed"
type = "REAL"
[reader.json]
driver = "mqtt-json"
vendor = "impinj"
host = "127.0.0.1"
topics = ["t"]
user = "broker-user"
password_file = "{2}"
[publish.influx]
kind = "influx"
url = "http://127.0.0.1:8086"
bucket = "b"
token_file = "{3}"
[publish.mqtt]
kind = "mqtt"
host = "127.0.0.1"
user = "teller"
password_file = "{4}"
"""
SITE = """
[webhook.erp]
url = "https://hooks.example.com/services/T0/{6}"
secret_file = "{5}"
[team.night-desk]
lead = "Lee Meiling"
[mail]
host = "127.0.0.1"
sender = "orders@shop.example"
user = "mailer"
password_file = "{7}"
"""


def models(of: object, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Every table that a type may hold."""
    if isinstance(of, type) and issubclass(of, BaseModel) and of not in seen:
        seen.add(of)
        yield of
        for field in of.model_fields.values():
            yield from models(field.annotation, seen)
    for part in get_args(of):
        yield from models(part, seen)


def names_files(of: Any) -> bool:
    return of is Path or (
        (get_origin(of) in (Union, UnionType, dict, tuple) or bool(get_args(of)))
        and any(names_files(part) for part in get_args(of))
    )


def test_every_key_that_names_a_file_is_known_to_hold_a_secret_or_none() -> None:
    seen: set[type[BaseModel]] = set()
    tables = [*models(LineConfig, seen), *models(SiteConfig, seen)]
    keys = {(table, key) for table in tables for key, its in table.model_fields.items() if names_files(its.annotation)}
    assert len(keys) > 25
    for table, key in sorted(keys, key=lambda one: (one[0].__name__, one[1])):
        place = {"x": Path("x")} if get_origin(table.model_fields[key].annotation) is dict else Path("x")
        empty = dict.fromkeys(table.model_fields)
        found = list(secret_files(table.model_construct(None, **{**empty, key: place})))
        assert bool(found) is (key not in NO_SECRETS), f"{table.__name__}.{key}"


def test_no_secret_and_nobody_goes_along(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = [f"planted+secret/{at}-with-24-characters-or-more" for at in range(8)]
    for at, said in enumerate(planted):
        (tmp_path / f"s{at}").write_text(f"{said}\n")
    del planted[6]  # in its place a path is the secret
    planted[5] = "whsec_cGxhbnRlZC1zZWNyZXQtb2YtMzItYnl0ZXMtb3ItbW9yZSE="
    (tmp_path / "s5").write_text(planted[5])
    (tmp_path / "own.der").write_bytes(b"x")
    names = [f"s{at}" for at in range(6)] + ["path-that-is-a-secret", "s7"]
    for name, more in (("LINE.toml", LINE), ("SITE.toml", SITE)):
        text = (project / "examples" / "warehouse" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text + more.format(*names), encoding="utf-8")
    log = tmp_path / "log"
    log.mkdir()
    (log / "api.log").write_text("".join(f"token {said} refused\n" for said in planted) + "a line that helps\n")
    monkeypatch.setattr(support, "_LOGS", log)

    (tmp_path / "var").mkdir()
    journal = Journal(tmp_path / "var" / "journal.sqlite")
    journal.append([Started(at_us=1, controller="edge1", version="0", layouts=())])
    journal.append([LaneRequested(at_us=2, feed_seq=0, line="sorter", lane=1, enabled=False, by="Chen Operator")])
    journal.flush()
    assert journal.close()
    store = SiteStore(f"sqlite:///{tmp_path}/var/site.sqlite")
    store.take_sales([replace(sold(7), consignee=PERSON)], 5)
    store.close()

    bundle = tmp_path / "bundle.tar.gz"
    load_line(tmp_path / "LINE.toml")
    assert main(["support", str(tmp_path), "--out", str(bundle)]) == 0, capsys.readouterr().err
    assert bundle.stat().st_mode & 0o777 == 0o600
    with tarfile.open(bundle) as opened:
        files = {one.name.partition("/")[2]: opened.extractfile(one) for one in opened.getmembers()}
        told = {name: file.read().decode() for name, file in files.items() if file is not None}
    assert {"versions.txt", "files.txt", "config/LINE.json", "config/SITE.json", "check/LINE.txt", "check/SITE.txt",
            "journal/LINE.jsonl", "metrics/SITE-api.txt", "log/api.log"} <= set(told)  # fmt: skip
    everything = "\n".join(told.values())
    people = [
        PERSON.name,
        PERSON.phone,
        PERSON.email,
        PERSON.street,
        "Lee Meiling",
        "Chen Operator",
        "orders@shop.example",
    ]
    hidden = [*planted, "path-that-is-a-secret", "fitter", "broker-user", "teller", "mailer", *people]
    assert [said for said in hidden if said in everything] == []
    assert "a line that helps" in told["log/api.log"] and "token *** refused" in told["log/api.log"]
    assert '"kind": "LaneRequested"' in told["journal/LINE.jsonl"] and '"lane": 1' in told["journal/LINE.jsonl"]
    assert (
        '"speed_mm_s": 2500' in told["config/LINE.json"] and "https://hooks.example.com/***" in told["config/SITE.json"]
    )
    assert "SQLAlchemy" in told["versions.txt"] and "journal.sqlite" in told["files.txt"]
    assert "status" in told["check/LINE.txt"]

    (tmp_path / "LINE.toml").write_text("controller = 3")
    assert main(["support", str(tmp_path / "LINE.toml"), "--out", str(bundle)]) == 0
    assert main(["support", str(tmp_path / "log"), "--out", str(bundle)]) == 2
