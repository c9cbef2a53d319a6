"""Each finding is listed, can be run, states its packages, and runs without our code."""

from __future__ import annotations

import os
import re
from pathlib import Path


def test_every_finding_is_listed_and_stands_alone(project: Path) -> None:
    folder = project / "findings"
    page = (folder / "README.md").read_text(encoding="utf-8")
    scripts = sorted(path.name for path in folder.glob("*.sh"))
    assert re.findall(r"^\| \[[\w-]+\]\(([\w-]+\.sh)\) \|", page, re.MULTILINE) == scripts
    for name in scripts:
        text = (folder / name).read_text(encoding="utf-8")
        assert os.access(folder / name, os.X_OK), name
        assert re.search(r"^# Packages?: \S+[=@]", text, re.MULTILINE), f"{name} pins nothing"
        assert "# Guess: " in text and "# Behaviour: " in text, name
        assert not re.search(r"\b(?:from|import) (?:api|edge|plc|rfid)\b", text), f"{name} runs code of ours"
