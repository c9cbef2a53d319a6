"""Page and api by https: a certificate by the site's own authority, shown anew without a stop."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from ports import free_port
from waiting import wait_until

from api import server as api_server
from api.app import create_app
from api.site_state import Site
from edge.cli import main
from edge.commands.api_client import ApiError, ask
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.config.tls import ServerCertificate, TlsTable

TOKEN = "a-token-of-24-characters-or-more"


@contextmanager
def served(path: Path, port: int) -> Iterator[None]:
    server = api_server.server(create_app(load_site(path)))
    with api_server.listen("127.0.0.1", port) as listener:
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield
        finally:
            server.should_exit = True
            thread.join()


def shown_at(port: int, ca: Path) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port), ca_certs=str(ca), timeout=10)


def test_the_page_is_served_by_https_and_its_certificate_changed_while_it_is(
    tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    site, port = tmp_path / "SITE.toml", free_port()
    assert main(["site", "cert", str(site), "--name", "lane.example", "--show"]) == 1
    assert main(["site", "cert", str(site), "--name", "lane.example"]) == 0
    table = capsys.readouterr().out.partition("\n\n")[2].partition("\n\n")[0]
    text = site.read_text(encoding="utf-8").replace('"127.0.0.1:8000"', f'"127.0.0.1:{port}"\ntoken_file = "token"')
    site.write_text(f"{text}\n{table}\n", encoding="utf-8")
    (tmp_path / "token").write_text(TOKEN)
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o077 == 0
    assert main(["site", "cert", str(site), "--show"]) == 0
    wide = tmp_path / "WIDE.toml"
    wide.write_text(site.read_text().replace(f"127.0.0.1:{port}", f"0.0.0.0:{port}"))
    load_site(wide)  # others may come: the token goes by TLS
    monkeypatch.setattr(api_server, "_TICKS", 1)

    ca = tmp_path / "tls" / "ca.pem"
    with served(site, port):
        assert b'"site"' in ask(load_site(site), "/api/health")
        with urlopen(f"https://127.0.0.1:{port}/", timeout=10, context=TlsTable(ca=ca).context()) as page:
            assert page.headers["strict-transport-security"] == "max-age=31536000"
        with pytest.raises(ApiError):
            ask(load_site(site).model_copy(update={"tls": None}), "/api/health")
        first = shown_at(port, ca)
        assert main(["site", "cert", str(site)]) == 0
        wait_until(lambda: shown_at(port, ca) != first)
        assert b'"site"' in ask(load_site(site), "/api/health")


def test_a_certificate_that_cannot_be_shown_leaves_the_one_of_before(tmp_path: Path, project: Path) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    site = tmp_path / "SITE.toml"
    assert main(["site", "cert", str(site)]) == 0
    site.write_text(
        site.read_text() + '\n[tls]\ncertificate = "tls/site.pem"\nkey = "tls/site.key"\nca = "tls/ca.pem"\n'
    )
    table = load_site(site).tls
    assert table is not None
    shown = ServerCertificate(table)
    assert not shown.look()
    good = (tmp_path / "tls" / "site.pem").read_text()
    (tmp_path / "tls" / "site.pem").write_text("half")
    with pytest.raises(ConfigError, match=r"site\.pem: certificate, with key .*: not PEM"):
        shown.look()
    assert not shown.look()  # said once
    assert main(["check", str(site)]) == 1
    (tmp_path / "tls" / "site.pem").write_text(good)
    assert shown.look()
    (tmp_path / "tls" / "site.key").unlink()
    with pytest.raises(ConfigError, match=r"tls\.key: .*no such file"):
        load_site(site)


def test_the_first_line_says_where_it_is_and_who_may_in(tmp_path: Path, project: Path) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    site, others = tmp_path / "SITE.toml", tmp_path / "token"
    others.write_text(TOKEN)
    assert main(["site", "cert", str(site)]) == 0
    of_all = site.read_text(encoding="utf-8")
    its_tls = '\n[tls]\ncertificate = "tls/site.pem"\nkey = "tls/site.key"\n'
    for text, where, who in (
        (of_all, "http://127.0.0.1:8000", "nobody signs in, and whoever is on this machine may do everything"),
        (f'token_file = "token"\n{of_all}', "http://127.0.0.1:8000", "whoever brings the token may do everything"),
        (f"{of_all}{its_tls}[accounts]\n", "https://127.0.0.1:8000", "people sign in"),
    ):
        site.write_text(text, encoding="utf-8")
        said = api_server._where(Site(load_site(site)))
        assert where in said and said.endswith(f": {who}")
