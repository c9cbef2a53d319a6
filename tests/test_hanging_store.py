"""A process whose store's server says nothing any more ends in order all the same, when it is told to."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from example_site import example_site
from ports import free_port
from postgres import Cluster
from shipped import begin
from waiting import HANGS_S, wait_until

from chaos.links import Links, Way

STORE = "sqlite:///var/site.sqlite"
FILES = """
[publish.events]
kind = "files"
folder = "out"
"""


@pytest.mark.parametrize(("command", "file"), [("api", "SITE.toml"), ("run", "LINE.toml"), ("publish", "SITE.toml")])
def test_it_ends_when_it_is_told(command: str, file: str, postgresql: Cluster, project: Path, tmp_path: Path) -> None:
    name = postgresql.database().partition("@/")[2].partition("?")[0]
    links = Links()
    url = f"postgresql://lanewise@127.0.0.1:{links.make('store', postgresql.folder / '.s.PGSQL.5432')}/{name}"
    example_site(project, tmp_path)
    port = free_port()
    for one in ("SITE.toml", "LINE.toml"):
        text = (tmp_path / one).read_text(encoding="utf-8").replace(STORE, url).replace(":8000", f":{port}")
        text = re.sub(r"\b150\d\d\b", lambda _: str(free_port()), text)  # a demo on this machine has its own floor
        (tmp_path / one).write_text(f"{text}{FILES if one == 'SITE.toml' else ''}", encoding="utf-8")
    (tmp_path / "SITE.toml").write_text(
        (tmp_path / "SITE.toml").read_text(encoding="utf-8").replace(url, f'{url}"\nsecret_file = "site.secret', 1)
    )
    out, api = tmp_path / "out.log", f"http://127.0.0.1:{port}"
    processes = [begin(tmp_path, "api", "SITE.toml", out=out, err=out)]

    answers: list[int] = []

    def asked(path: str) -> bool:
        try:
            with urlopen(f"{api}{path}", timeout=HANGS_S) as answer:
                answers.append(answer.status)
        except HTTPError as error:
            answers.append(error.code)
        except OSError:
            return False
        return answers[-1] == 200

    try:
        wait_until(lambda: asked("/api/v1/stock"), out.read_text)
        if command != "api":  # which made the store
            api_process = processes.pop()
            api_process.terminate()
            api_process.join()
            wait_until(lambda: not users(postgresql, name), out.read_text)
            processes.append(begin(tmp_path, command, file, out=out, err=out))
            wait_until(lambda: users(postgresql, name) > 0, out.read_text)
        links.begin("store", Way.STALL)
        asks = Thread(target=asked, args=("/api/v1/stock",), daemon=True)
        if command == "api":
            asks.start()
        wait_until(lambda: links.held("store") > 0, out.read_text)
        (process,) = processes
        process.terminate()
        process.join(HANGS_S)
        assert process.exitcode == 0 and "Traceback" not in out.read_text(), out.read_text()
        if command == "api":
            asks.join()
            assert answers[-1] == 503, "who waited is told to ask again"
    finally:
        for process in processes:
            process.kill()
        links.close()


def users(server: Cluster, name: str) -> int:
    """Connections to a database, but for this one."""
    with closing(server.connect(name)) as db:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        count: int = db.execute(query, (name,)).fetchall()[0][0]
    return count
