"""Configuration: everything that is wrong, at once, with path, value and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cli import main
from edge.config.load import ConfigError, load_line, load_site
from edge.config.places import places_of
from edge.config.readers import LlrpConfig
from edge.config.review import ReviewTable
from edge.config.review_rules import review_rules
from edge.config.unheard import unheard_notes
from edge.orders.review import ReviewRule, ReviewRules, Weight
from plc.opcua_trust import Own, make_own


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        (load_site if path.name.startswith("SITE") else load_line)(path)
    return caught.value.problems


@pytest.fixture
def good(project: Path) -> str:
    return (project / "examples" / "warehouse" / "LINE.toml").read_text()


def test_all_problems_at_once(tmp_path: Path, good: str) -> None:
    wrong = good
    for old, new in (
        ("port = 15021", "port = 70000"),
        ("antennas = [1, 2]", 'antennas = [1, 2]\ncolour = "red"'),
        ("speed_mm_s = 2500", 'speed_mm_s = "fast"'),
        ("recirculate_limit = 2\n", "recirculate_limit = -1\n"),
    ):
        assert old in wrong
        wrong = wrong.replace(old, new, 1)
    assert problems(tmp_path / "LINE.toml", wrong) == [
        "plc.tote1.port: 70000: input should be less than or equal to 65535",
        f"reader.sorter.colour: unknown key: allowed: {', '.join(LlrpConfig.model_fields)}",
        "line.sorter.speed_mm_s: 'fast': input should be a valid integer, unable to parse string as an integer",
        "line.sorter.recirculate_limit: -1: input should be greater than or equal to 0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'plc = "sorter"',
            'plc = "sorted"',
            r"line\.sorter\.plc: 'sorted': no such PLC, allowed: tote1, tote2, sorter",
        ),
        ('readers = ["sorter"]', 'readers = ["x"]', r"portal\.readers: 'x': no such reader"),
        ('readers = ["tote2"]', 'readers = ["tote1"]', r"'tote1': already reads for line\.tote1"),
        (
            'plc = "tote2"',
            'plc = "tote1"',
            r"tote2\.lane 1\.number: 1: line\.tote1 has the same number",
        ),
        (
            "port = 15083",
            'port = 15083\nca = "ca.pem"',
            r"reader\.sorter\.ca: only with transport 'tls', this one has 'tcp'",
        ),
        (
            "port = 15083",
            'transport = "tls"\nkey = "k.pem"',
            r"reader\.sorter\.certificate: missing: certificate and key belong together",
        ),
        ("port = 15083", 'transport = "tls"\nca = "no.pem"', r"reader\.sorter\.ca: '.*no\.pem': no such file"),
        ("port = 15083", "read_ms = 100", r"reader\.sorter\.read_ms: only with start_gpi"),
        (
            "port = 15083",
            'search_mode = "best"',
            r"reader\.sorter\.search_mode: 'best': input should be 'reader-selected'",
        ),
        ("number = 3,", "number = 4,", r"lane 4\.number: 4: used by another lane"),
        ("alternatives = [8]", "alternatives = [33]", r"alternatives: 33: no such lane, allowed: 1, 2, 3"),
        ("default_lane = 10", "default_lane = 12", r"line\.sorter\.default_lane: 12: no such lane"),
        ('role = "reject"', 'role = "quality"', r"no lane of role 'reject'"),
        ("decision_mm = 2000", "decision_mm = 300", r"decision_mm: 300: reached 120 ms"),
        ("decision_mm = 2000", "decision_mm = 9000", r"lane 1\.divert_mm: 3000: before the decision point"),
        ('carrier = "UPS", ', "", r"lane 3\.carrier: missing"),
        (
            'role = "quality", divert_mm = 10200',
            'role = "quality", carrier = "X", divert_mm = 10200',
            r"carrier: 'X': only lanes",
        ),
        (
            "eye_mm = -1000, antenna_mm = -900",
            "eye_mm = -1000, antenna_mm = -900, facing = [7]",
            r"facing: \[7\]: not among",
        ),
        (
            "eye_mm = -1000, antenna_mm = -900",
            "eye_mm = -1000, antenna_mm = -900, facing = [1], upstream = [1]",
            r"portal.upstream: 1: is facing already",
        ),
        ("[plc.tote1]", "[plc.Tote1]", r"plc\.Tote1"),
        (
            'carrier = "FedEx", services',
            'carrier = "UPS", services',
            r"lane 4\.carrier: 'UPS': lane 3 takes the same parcels: give the lanes different services",
        ),
        ("port = 15022", "port = 15021", r"plc\.tote2\.up: 0: up of plc\.tote1 is there, on the same device"),
        ("port = 15082", "port = 15081", r"reader\.tote2\.host: 127\.0\.0\.1:15081: reader\.tote1 has this address"),
        ("port = 15082", "port = 15021", r"reader\.tote2\.host: 127\.0\.0\.1:15021: plc\.tote1 has this address"),
        (
            'carrier = "FedEx", services',
            'carrier = "ups", services',
            r"lane 4\.carrier: 'ups': another lane writes it 'UPS': carriers are told apart by the exact letters",
        ),
        (
            'door1 = "FedEx"',
            'door1 = "fedex"',
            r"sim\.docks\.door1: 'fedex': another lane writes it 'FedEx': .*: did you mean 'FedEx'\?",
        ),
        (
            "eye_mm = 1500, antenna_mm = 1700",
            "eye_mm = 1800, antenna_mm = 1700",
            r"eye_mm: 1800: behind antenna_mm 1700",
        ),
        ('host = "127.0.0.1"', 'host = "192.168.1.300"', r"plc\.tote1\.host: '192\.168\.1\.300': no address: allowed"),
        (
            'host = "127.0.0.1"',
            'host = "192.168.1.30:502"',
            r"host: '192\.168\.1\.30:502': no address: .* a key of its own",
        ),
        ('host = "127.0.0.1"', 'host = "tcp://plc1"', r"host: 'tcp://plc1': neither a name nor an address"),
        ('site = "demo"', "", r"site: missing"),
        ('site = "demo"', "site = demo", r"not TOML: .*line"),
    ],
)
def test_each_problem_names_path_value_and_limit(tmp_path: Path, good: str, old: str, new: str, said: str) -> None:
    assert old in good
    assert any(re.search(said, one) for one in problems(tmp_path / "LINE.toml", good.replace(old, new, 1)))


def test_no_reader_stands_where_a_plc_is(tmp_path: Path, good: str) -> None:
    for number, (table, where) in enumerate(
        (
            ('driver = "barcode"\nhost = "localhost"\nport = 15021', "host: 127.0.0.1:15021"),
            ('driver = "serial"\ndevice = "socket://localhost:15021"', "device: 127.0.0.1:15021"),
            ('driver = "http-json"\nurl = "http://127.0.0.1:15021/data"', "url: 127.0.0.1:15021/data"),
        )
    ):
        found = problems(tmp_path / "LINE.toml", f"{good}\n[reader.more{number}]\n{table}\n")
        assert found == [f"reader.more{number}.{where}: plc.tote1 has this address already"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path, good: str) -> None:
    (tmp_path / "plain.toml").write_text(good, encoding="utf-8")
    (tmp_path / "marked.toml").write_text(good, encoding="utf-8-sig")
    assert load_line(tmp_path / "marked.toml") == load_line(tmp_path / "plain.toml")


def test_site_listens_wide_only_with_a_secret(tmp_path: Path) -> None:
    text = 'site = "demo"\nstore = "sqlite:///s.sqlite"\nlisten = "{}"\n[[controller]]\nconfig = "LINE.toml"\n'
    found = problems(tmp_path / "SITE.toml", text.format("0.0.0.0:8000"))
    assert found == [
        "listen: '0.0.0.0:8000': not a loopback address: set token_file or [accounts], or listen on 127.0.0.1"
    ]
    (tmp_path / "token").write_text("a-token-of-twenty-four-characters")
    far = text.format("0.0.0.0:8000").replace("[[", 'token_file = "token"\n[[')
    assert re.fullmatch(
        r"listen: '0\.0\.0\.0:8000': the token would go in the clear: only on 127\.0\.0\.1 behind a proxy with TLS, "
        r"or plain = true in a network that nobody else hears",
        *problems(tmp_path / "SITE.toml", far),
    )
    (tmp_path / "SITE.toml").write_text(far.replace("[[", "plain = true\n[["))
    assert load_site(tmp_path / "SITE.toml").plain
    (tmp_path / "SITE.toml").write_text(text.format("[::1]:8000"))
    site = load_site(tmp_path / "SITE.toml")
    assert site.store == f"sqlite:///{tmp_path}/s.sqlite"
    assert site.controller[0].config == tmp_path / "LINE.toml"


def test_review_takes_what_a_site_says_of_it(tmp_path: Path) -> None:
    head = 'site = "demo"\nstore = "sqlite:///s.sqlite"\n[[controller]]\nconfig = "LINE.toml"\n[review]\n'

    def said(table: str) -> list[str]:
        return problems(tmp_path / "SITE.toml", head + table)

    assert said('off = ["velocty", "x"]\nwarn = ["duplicate"]\nhold = ["duplicate", "phone-masked"]\n') == [
        "review.off.0: 'velocty': no such rule: did you mean 'velocity'?",
        f"review.off.1: 'x': no such rule: allowed: {', '.join(ReviewRule)}",
        "review.hold.0: 'duplicate': is in review.warn too, give it once",
    ]
    keys = ", ".join(ReviewTable.model_fields)
    assert said("unpaid_hours = 3\n") == [f"review.unpaid_hours: unknown key: did you mean 'unpaid_h'? allowed: {keys}"]
    assert said("cod_max = {twd = 3}\ndigits = {TWD = 7}\n")
    (tmp_path / "SITE.toml").write_text(
        head + 'hold = ["phone-masked"]\ncod_max = {TWD = 20_000}\ndigits = {TWD = 0}\n'
    )
    rules = review_rules(load_site(tmp_path / "SITE.toml").review)
    assert rules == ReviewRules(
        weights={ReviewRule.PHONE_MASKED: Weight.HOLD}, cod_max={"TWD": 20_000}, digits={"TWD": 0}
    )


def test_check_says_it_and_exits(tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = project / "examples" / "warehouse"
    assert main(["check", str(example / "LINE.toml")]) == 0
    assert main(["check", str(example / "SITE.toml")]) == 0
    assert "3 line(s)" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.toml")]) == 1
    assert "none.toml: no such file" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    assert main(["check", str(tmp_path / "bad.toml")]) == 1
    assert "not UTF-8" in capsys.readouterr().err


def test_check_looks_at_what_stands_around_the_files(
    tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(line: str, site: str = "", path: str = "SITE.toml") -> list[str]:
        (tmp_path / "LINE.toml").write_text(line)
        head = 'site = "demo"\nstore = "sqlite:///s.sqlite"\n'
        (tmp_path / "SITE.toml").write_text(f'{head}{site}\n[[controller]]\nconfig = "LINE.toml"\n')
        status = main(["check", str(tmp_path / path)])
        told = [re.split(r"E\.toml(?::\d+)?: ", one, maxsplit=1)[1] for one in capsys.readouterr().err.splitlines()]
        assert status == bool(told)
        return told

    assert said(good) == []
    assert said(good.replace('site = "demo"', 'site = "other"')) == [
        "site: 'other': SITE.toml, which names this file, says 'demo'"
    ]
    token = f"token_file: '{tmp_path}/token'"
    assert said(good, 'token_file = "token"')[0].startswith(f"{token}: No such file or directory")
    (tmp_path / "token").write_text("short\n")
    assert said(good, 'token_file = "token"') == [f"{token}: 5 characters: allowed are 24 or more"]
    publisher = '[publish.m]\nkind = "mqtt"\nhost = "localhost"\ncommands = ["lane"]\ntoken_file = "token"\n'
    assert said(good + publisher) == [f"publish.m.{token}: 5 characters: allowed are 24 or more"]
    (tmp_path / "file").touch()
    for journal in ("/proc/none/j.sqlite", f"{tmp_path}/file/j.sqlite"):
        (wrong,) = said(good.replace("var/journal.sqlite", journal), path="LINE.toml")
        assert re.match(rf"journal: '{journal}': '.*' cannot be written: ", wrong), wrong
    assert said(good.replace("var/journal.sqlite", "/tmp"), path="LINE.toml") == [
        "journal: '/tmp': is a folder, give a file in it"
    ]
    assert said(good.replace("var/journal.sqlite", "/dev/full"), path="LINE.toml") == [
        "journal: '/dev/full': is a device or pipe, which keeps nothing: give a file in a folder on a disk"
    ]


def test_every_secret_is_looked_at(
    tmp_path: Path, project: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(line: str) -> list[str]:
        (tmp_path / "LINE.toml").write_text(line)
        main(["check", str(tmp_path / "LINE.toml")])
        told = capsys.readouterr()
        return [*told.err.splitlines(), *(one for one in told.out.splitlines() if "warning" in one)]

    tmp_path.chmod(0o755)
    own = Own(tmp_path / "own.der", tmp_path / "own.pem")
    made = f'certificate = "{own.certificate}"\nkey = "{own.key}"\ntrusted = "trusted"\n'
    login = 'user = "u"\npassword_file = "password"\n'
    ua = f'url = "opc.tcp://h"\n{made}{login}'
    served = f'[opcua_server]\nnodesets = "."\n{made}user = {{ scada = "password" }}\n'
    tables = {
        "plc.a.opcua": f'[plc.a]\ndriver = "opcua"\n[plc.a.opcua]\n{ua}up = "ns=2;s=u"\ndown = "ns=2;s=d"\n',
        "plc.b.packml": f'[plc.b]\nhost = "h"\n[plc.b.packml]\n{ua}node = "ns=2;s=m"\n',
        "reader.c.opcua": f'[reader.c]\ndriver = "autoid"\n[reader.c.opcua]\n{ua}',
        "opcua_server": served,
    }
    line = good + "".join(tables.values())
    missing = said(line)
    for here in tables:
        assert any(f" {here}.certificate: {own.certificate}: No such file" in one for one in missing), here
        assert any(f" {here}.trusted: '{tmp_path}/trusted': no such folder" in one for one in missing), here
        key = "user.scada" if here == "opcua_server" else "password_file"
        assert any(f" {here}.{key}: '{tmp_path}/password': No such file" in one for one in missing), here
    (tmp_path / "trusted").mkdir()
    make_own(own, "h", 1000)
    (tmp_path / "password").write_text("\n")
    assert len(empty := said(line)) == 4 and all("/password': the first line is empty" in one for one in empty)
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o644)
    wide = said(line)
    assert len(wide) == 4 and all(
        "warning: " in one and "every user of this machine may read it" in one for one in wide
    )
    (tmp_path / "password").chmod(0o640)
    assert said(line) == []
    own.key.write_text("no key")
    assert all(f"{own.key}: no key in PEM" in one for one in said(line))
    tls = f'[reader.t]\nhost = "h"\ntransport = "tls"\ncertificate = "{own.certificate}"\nkey = "{own.key}"\n'
    (wrong,) = said(good + tls)
    assert f" reader.t.certificate: '{own.certificate}': certificate, with key {own.key}: not PEM" in wrong
    (tmp_path / "token").write_text("short\n")
    (tmp_path / "token").chmod(0o640)
    pushed = 'driver = "push-json"\nvendor = "zebra"\nlisten = "127.0.0.1:15999"\ntoken_file = "token"\n'
    pushed = f'[reader.p]\n{pushed}certificate = "{own.certificate}"\nkey = "{own.key}"\n'
    token, wrong, *more = said(good + pushed)
    assert token.endswith(f" reader.p.token_file: '{tmp_path}/token': 5 characters: allowed are 24 or more")
    assert f" reader.p.certificate: '{own.certificate}': certificate, with key {own.key}: not PEM" in wrong
    assert not more or all("warning: " in one for one in more)


def test_two_controllers_have_two_journals(tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    publish = '[publish.p]\nkind = "mqtt"\nhost = "localhost"\n'
    (tmp_path / "A.toml").write_text(good + publish)
    (tmp_path / "B.toml").write_text((good + publish).replace('controller = "', 'controller = "other-'))
    controllers = "".join(f'[[controller]]\nconfig = "{name}.toml"\n' for name in "AB")
    (tmp_path / "SITE.toml").write_text(f'site = "demo"\nstore = "sqlite:///s.sqlite"\n{controllers}')
    assert main(["check", str(tmp_path / "SITE.toml")]) == 1
    journal, state = (re.split(r"B\.toml(?::\d+)?: ", one)[1] for one in capsys.readouterr().err.splitlines())
    names = f"{tmp_path}/A.toml names this file as well: give each controller its own"
    assert journal == f"journal: '{tmp_path}/var/journal.sqlite': {names}"
    assert state == f"publish_state: '{tmp_path}/var/publish.sqlite': {names}"


def test_a_carrier_is_written_in_one_way_in_all_files(
    tmp_path: Path, good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "A.toml").write_text(good)
    other = good.replace('controller = "', 'controller = "other-').replace("var/", "other/")
    (tmp_path / "B.toml").write_text(other.replace('"FedEx"', '"FEDEX"'))
    site = 'site = "demo"\nstore = "sqlite:///s.sqlite"\n'
    zone = '[plan.zone.all]\ncountries = ["DE"]\n'
    service = zone + '[service.slow]\ncarrier = "Dhl"\ncutoffs = { mon = ["16:00"] }\ntransit_days = { all = 1 }\n'
    service += "rates = { all = [[1000, 100]] }\n"

    def said(*names: str) -> str:
        controllers = "".join(f'[[controller]]\nconfig = "{name}.toml"\n' for name in names)
        (tmp_path / "SITE.toml").write_text(f"{site}{controllers}{service}")
        assert main(["check", str(tmp_path / "SITE.toml")]) == 1
        return capsys.readouterr().err

    assert "B.toml" in (both := said("A", "B")) and "lane 4.carrier: 'FEDEX': another lane writes it 'FedEx'" in both
    assert re.search(r"service\.slow\.carrier: 'Dhl': another lane writes it 'DHL': .*did you mean 'DHL'\?", said("A"))


def test_a_dock_door_is_called_by_its_name(tmp_path: Path, good: str) -> None:
    doors = "".join(
        f'[[dock]]\nname = "{name}"\nreader = "dock1"\ninside = [1]\noutside = [{other}]\n'
        for name, other in (("north", 2), ("south", 9))
    )
    found = problems(tmp_path / "LINE.toml", good + doors)
    assert "dock.south.outside: 9: not among reader.dock1.antennas [1, 2, 3, 4]" in found
    assert not any(re.search(r"dock\.\d", one) for one in found)
    found = problems(tmp_path / "LINE.toml", good + doors.replace("inside", "insde", 1))
    assert (
        found[0].startswith("dock.north.insde: unknown key: did you mean 'inside'? allowed: name, ") and not found[1:]
    )


def test_a_problem_has_its_line_and_the_key_that_is_meant(tmp_path: Path, good: str) -> None:
    wrong = good
    for old, new in (
        ("antennas = [1, 2]", "antenas = [1, 2]"),
        ('{ number = 3, name = "UPS"', '{ number = 3, nam = "UPS"'),
        ("speed_mm_s = 2500", "speed_mms = 2500"),
        ("[sim]", "[simm]"),
    ):
        assert old in wrong
        wrong = wrong.replace(old, new, 1)
    wrong += (
        '[[dock]]\nname = "third"\nreader = "dock1"\ninsde = [1]\n[reader.r]\ndriver = "barcode"\nsepparator = ";"\n'
    )
    (path := tmp_path / "LINE.toml").write_text(wrong)
    with pytest.raises(ConfigError) as caught:
        load_line(path)
    lines = wrong.splitlines()
    told = dict(re.findall(r"^.*LINE\.toml:(\d+): (.*): unknown key: did you mean", str(caught.value), re.MULTILINE))
    keys = {"antenas", "nam", "speed_mms", "simm", "insde", "sepparator"}
    assert {path.rpartition(".")[2] for path in told.values()} == keys
    for line, path in told.items():
        assert path.rpartition(".")[2] in lines[int(line) - 1], (line, path)
    for key, meant in (("antenas", "antennas"), ("insde", "inside"), ("sepparator", "separator"), ("nam", "name")):
        assert any(f"{key}: unknown key: did you mean {meant!r}?" in one for one in caught.value.problems)
    assert any(one.startswith("line.sorter.lane 3.nam: ") for one in caught.value.problems)


@pytest.mark.parametrize("file", ["LINE", "SITE"])
def test_what_a_table_may_have_is_said_of_each(project: Path, tmp_path: Path, file: str) -> None:
    """A key that none has, in every table of the example and in one whose name is a key of its kind."""
    given = (project / "examples" / "warehouse" / f"{file}.toml").read_text(encoding="utf-8")
    if file == "LINE":
        given += '[plc.io]\nhost = "127.0.0.9"\n[reader.opcua]\ndriver = "serial"\ndevice = "/dev/ttyS9"\n'
    wrong = "zzqq = 1\n" + re.sub(r"^(\[.+\])$", r"\1\nzzqq = 1", given, flags=re.MULTILINE).replace(
        "{ ", "{ zzqq = 1, "
    )

    def walk(path: str, value: object) -> Iterator[tuple[str, set[str]]]:
        if isinstance(value, dict):
            if "zzqq" in value:
                yield f"{path}.zzqq".lstrip("."), set(value) - {"zzqq"}
            for key, inner in value.items():
                yield from walk(f"{path}.{key}", inner)
        if isinstance(value, list):
            for at, inner in enumerate(value):
                if isinstance(inner, dict):  # lanes are called by their numbers, doors by their names
                    lane, door = inner.get("number"), inner.get("name")
                    yield from walk(f"{path} {lane}" if lane else f"{path}.{door or at}", inner)

    there = dict(walk("", tomllib.loads(wrong)))
    found = [one.partition(": unknown key: allowed: ") for one in problems(tmp_path / f"{file}.toml", wrong)]
    told = {key: set(keys.split(", ")) for key, _, keys in found if keys}
    named = {key.split(".")[-2] for key in there.keys() - told.keys()}  # these have keys of any name
    assert named <= {"docks", "folders", "codes", "cutoffs", "rates", "shifts", "surcharges", "transit_days"}, named
    assert len(told) > 30
    assert [key for key in there if key in told and not there[key] <= told[key]] == []


def test_the_place_of_every_key_is_found(project: Path) -> None:
    def walk(path: str, value: object) -> Iterator[str]:
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in parts:
            yield f"{path}.{key}".lstrip(".")
            yield from walk(f"{path}.{key}".lstrip("."), inner)

    odd = """# [a]
        a = "#[b]\\"" # c = 1
        'b c' = [ [1, 2], { d = '\\', e = \"""x\"] = "
        f = 1\""" } , # ]
          3.5 ]
        [[t.u]]
        v.w = 1979-05-27T07:32:00Z
        [ t . u . x ]
        y = true
        [[t.u]]
        x = {}
    """
    texts = [path.read_text() for path in [*project.glob("**/*.toml")] if ".venv" not in path.parts]
    assert len(texts) > 20
    for text in (odd, *texts):
        places = places_of(text)
        lines = text.splitlines()
        assert set(walk("", tomllib.loads(text))) == set(places)
        for path, line in places.items():
            key = path.rpartition(".")[2]
            assert key.isdigit() or key in lines[line - 1], path
    assert [places_of(odd)[key] for key in ("b c.1.d", "b c.2", "t.u.0.x.y", "t.u.1.x")] == [3, 5, 9, 11]


def test_every_example_is_good(project: Path) -> None:
    for path in sorted((project / "examples").rglob("*E.toml")):  # LINE.toml, SITE.toml
        if path.parent.name == "opcua":  # keys and passwords are made by its commands
            load_line(path)
        elif path.parent.name != "containers":  # its secrets are made when it starts
            assert main(["check", str(path)]) == 0, path


def test_what_is_mute_until_it_reads_is_said_beforehand(project: Path) -> None:
    notes = list(unheard_notes(load_line(project / "examples" / "readers" / "LINE.toml")))
    assert [note.partition(": is not")[0] for note in notes] == [
        "line.totes.portal.readers: 'discs'",
        "line.returns.portal.readers: 'discs-returns'",
    ]
