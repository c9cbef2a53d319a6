"""What is wrong with a configuration, or with a file that it names.

Public names: ConfigError.

Needs nothing but Python: a script that runs before anything is installed uses it as well.
"""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """A configuration that cannot be used. ``problems``: one line each, ``path: value: what is allowed``."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
