"""A library that could not be loaded for a moment is loaded the next time."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from edge.config.late import loaded

FILES = {
    "__init__.py": "from halfway.client.door import Door\nfrom halfway.client.room import Room\n",
    "client/__init__.py": "",
    "client/door.py": "from halfway import client\nclass Door: ...\n",
    "client/room.py": "from halfway import Door\nimport wanting\nclass Room: ...\n",
}
"""As influxdb_client is made: its package imports its parts, and those the package."""


@pytest.mark.parametrize("load", [loaded, importlib.import_module])
def test_what_failed_once_is_loaded_afterwards(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    for name, text in FILES.items():
        (tmp_path / "halfway" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "halfway" / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    other = importlib.import_module("json.decoder")
    try:
        with pytest.raises(ModuleNotFoundError, match="wanting"):
            load("halfway.client.room")
        (tmp_path / "wanting.py").write_text("", encoding="utf-8")
        importlib.invalidate_caches()
        if load is loaded:
            assert load("halfway.client.room").Room
        else:  # why there is ours
            with pytest.raises(ImportError, match="circular"):
                load("halfway.client.room")
        assert sys.modules["json.decoder"] is other
    finally:
        for part in [name for name in sys.modules if name.partition(".")[0] in ("halfway", "wanting")]:
            del sys.modules[part]
