"""The documentation as a site of its own: ``make site`` builds it into build/site.

The pages are those of this folder as they stand. What is added here: links to what lies outside of it become its
path, and diagrams are drawn by the copy of Mermaid that goes with the site, so that no reader asks another host.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
MERMAID = HERE.parent / ".peers/mermaid/node_modules/mermaid/dist/mermaid.min.js"
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#\s]+)\)")
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)

project = "Lanewise"
project_copyright = "the Lanewise developers; Apache-2.0"
version = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_title = f"Lanewise {version}"
html_favicon = "../api/web/icon.svg"
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False


def _as_site(_app: Sphinx, name: str, source: list[str]) -> None:
    """A page as the site has it."""
    page = HERE / f"{name}.md"

    def link(found: re.Match[str]) -> str:
        text, target = found.groups()
        there = page.parent / target
        inside = there.resolve().is_relative_to(HERE)
        if inside or (there.is_file() and there.suffix != ".md"):
            return found[0]
        return f"{text} (`{os.path.relpath(there, HERE.parent)}`)"

    def diagram(found: re.Match[str]) -> str:
        text = found[1].replace("&", "&amp;").replace("<", "&lt;").replace("\n\n", "\n")
        return f'<pre class="mermaid">\n{text}</pre>\n'

    source[0] = _DIAGRAM.sub(diagram, _LINK.sub(link, source[0]))


def _drawn(app: Sphinx, _page: str, _template: str, context: dict[str, object], _doctree: object) -> None:
    """Only pages with a diagram load what draws it."""
    if 'class="mermaid"' in str(context.get("body", "")):
        app.add_js_file("mermaid.min.js")
        app.add_js_file(None, body="mermaid.initialize({startOnLoad: true, theme: 'neutral'})")


def _beside(app: Sphinx, error: Exception | None) -> None:
    if error is None and MERMAID.is_file():
        shutil.copy(MERMAID, Path(app.outdir) / "_static")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _as_site)
    app.connect("html-page-context", _drawn)
    app.connect("build-finished", _beside)
