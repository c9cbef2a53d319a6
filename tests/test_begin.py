"""A site begins: what was answered becomes files that the next commands take, or nothing at all is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cli import main
from edge.config.beginning import Beginning, answered, line_text, site_text
from edge.config.load import load_controllers, load_line, load_site
from edge.core.values.layout import LaneRole
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal
from edge.publish.cursors import Cursors
from edge.site.copies import backup
from edge.site.store import SiteStore

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
CARRIER = st.text(min_size=1, max_size=40).filter(
    lambda name: name.isprintable() and name.strip() == name and "," not in name
)
CARRIERS = st.lists(CARRIER, min_size=1, max_size=30, unique_by=str.casefold)
ANSWERS = ["--plc", "10.0.0.5", "--reader", "10.0.0.21:5085"]


@given(NAMES, NAMES, st.sampled_from(["sort", "verify"]), CARRIERS)
def test_whatever_is_answered_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory, site: str, line: str, job: str, carriers: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("site")
    said = {
        "site": site,
        "line": line,
        "job": job,
        "plc": "[fe80::1]:1502",
        "reader": "reader",
        "data": f'{folder}/a"b',
    }
    its = answered(Path("answers"), {**said, "carriers": ",".join(carriers)})
    for name, text in {"LINE.toml": line_text(its), "SITE.toml": site_text(its)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (read,) = load_controllers(load_site(folder / "SITE.toml"))
    assert (read.site, read.controller, list(read.line)) == (site, line, [line])
    assert (read.plc[line].host, read.plc[line].port) == ("[fe80::1]", 1502)
    lanes = read.line[line].lane
    taken = [lane.carrier for lane in lanes if lane.role is LaneRole.CARRIER]
    assert taken == (carriers if job == "sort" else [])
    assert read.store_file == load_site(folder / "SITE.toml").store_file == Path(f'{folder}/a"b/site.sqlite')


def test_it_is_checked_said_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "site"
    assert main(["site", "init", str(folder), *ANSWERS]) == 0
    told = capsys.readouterr().out
    assert f"lanewise check {folder}/SITE.toml" in told and "http://127.0.0.1:8000" in told
    assert main(["check", str(folder / "SITE.toml")]) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"LINE.toml", "SITE.toml", "units"}
    assert main(["site", "init", str(folder), *ANSWERS]) == 2
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}

    (tmp_path / "answers.toml").write_text('plc = "plc"\nreader = "r"\njob = "verify"\ndecision_mm = 2500\n')
    given = ["--answers", str(tmp_path / "answers.toml")]
    assert main(["site", "init", str(tmp_path / "second"), *given, "--line", "tote1"]) == 0
    assert load_line(tmp_path / "second" / "LINE.toml").line["tote1"].decision_mm == 2500
    capsys.readouterr()
    for wrong, said in {
        "--decision-mm=5000": "line.sorter.lane 1.divert_mm: 3000: before the decision point, allowed: 5000 or more",
        "--speed-mm-s=fast": "speed_mm_s: 'fast'",
        "--antennas=1,10.0.0.21": "antennas: '10.0.0.21': input should be a valid integer",
        "--listen=0.0.0.0:80": "listen: for others set token_file and TLS",
        "--carriers=,": "carriers: one at least",
    }.items():
        assert main(["site", "init", str(tmp_path / "third"), *ANSWERS, wrong]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "third" / "LINE.toml").exists()


def test_whoever_sits_there_is_asked(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong answer is asked again, an empty one keeps the default."""
    said = iter(["hall-3", "", "", "", "10.0.0.5", "10.0.0.21", "all", "1,3", "SF, POST", "fast", "1500", *[""] * 6])
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    assert main(["site", "init", str(tmp_path / "site")]) == 0
    line = load_line(tmp_path / "site" / "LINE.toml")
    assert (line.site, line.line["sorter"].speed_mm_s) == ("hall-3", 1500)
    assert [lane.carrier for lane in line.line["sorter"].lane[:2]] == ["SF", "POST"]
    assert line.reader["sorter"].antennas == (1, 3)
    assert next(said, None) is None, f"{len(Beginning.model_fields)} questions"


def test_the_packages_parts_are_what_their_readers_take(
    project: Path, peer: Callable[[str], str], tmp_path: Path
) -> None:
    """Units, scripts and the licences of what comes along; all of it in a Debian: `make deb-try`."""
    sys.path.insert(0, str(project / "scripts"))
    try:
        from deb import version_of
        from licences import Licence, refused
    finally:
        sys.path.pop(0)
    assert [version_of(one) for one in ("0.2.0.dev0", "1.0rc1", "1.0")] == ["0.2.0~dev0", "1.0~rc1", "1.0"]
    said = ["MIT", "LGPL-3.0-only", "GPL-3.0 OR MIT", "GPL-2.0", "MIT AND AGPL-3.0-only", ""]
    bad = refused([Licence(one or "none", "1", one) for one in said])
    assert [text.split()[0] for text in bad] == ["GPL-2.0", "MIT", "none"]

    debian = project / "deploy" / "debian"
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", str(debian / script)], check=True)
    units = tmp_path / "units"
    (units / "lanewise-.service.d").mkdir(parents=True)
    (units / "lanewise-.service.d" / "hardening.conf").write_text((debian / "hardening.conf").read_text())
    for unit in debian.glob("*.service"):
        named = units / unit.name.replace("@.", "@LINE.")
        named.write_text(unit.read_text().replace("/usr/bin/lanewise", "/bin/true"))
        verified = subprocess.run(
            [peer("systemd-analyze"), "verify", "--man=no", "--generators=no", str(named)],
            capture_output=True,
            text=True,
            env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        )
        ours = [line for line in verified.stderr.splitlines() if "lanewise" in line and "not found" not in line]
        assert not ours, "\n".join(ours)


def test_files_of_databases_are_for_their_group_where_the_umask_says_so(tmp_path: Path) -> None:
    """SQLite alone leaves a group no right to write, and then a reader of another user locks out the writer."""
    before = os.umask(0o007)
    try:
        journal, store = Journal(tmp_path / "j.sqlite"), SiteStore(f"sqlite:///{tmp_path}/s.sqlite")
        cursors = Cursors(tmp_path / "c.sqlite")
        with closing(JournalReader(tmp_path / "j.sqlite")):
            modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("*.sqlite*")}
        cursors.close()
        store.close()
        assert journal.close()
        backup(f"sqlite:///{tmp_path}/s.sqlite", tmp_path / "b.sqlite")
        modes["b.sqlite"] = oct((tmp_path / "b.sqlite").stat().st_mode & 0o777)
    finally:
        os.umask(before)
    assert {"j.sqlite-shm", "s.sqlite-wal", "c.sqlite", "b.sqlite"} <= set(modes)
    assert set(modes.values()) == {"0o660"}, modes
