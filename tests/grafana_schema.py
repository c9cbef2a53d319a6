"""Grafana's own types of dashboards and panels, from npm, as a JSON schema.

Public names: grafana_schema, PANELS.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from waiting import HANGS_S

PANELS = {
    "timeseries": "FieldConfig",
    "stat": "",
    "state-timeline": "FieldConfig",
    "table": "FieldConfig",
}
"""Panel plugins, each with its type of ``fieldConfig.defaults.custom``; empty = it has none."""


def grafana_schema(peer_folder: Path, node: str, work: Path) -> dict[str, Any]:
    """A JSON schema with the properties ``dashboard``, and ``<panel>`` with ``options`` and ``custom``."""
    modules = peer_folder.resolve() / "node_modules"
    types = modules / "@grafana" / "schema" / "dist" / "types" / "raw"
    lines = [f'import {{ Dashboard }} from "{types}/dashboard/x/types.gen";']
    members = ["dashboard: Dashboard;"]
    for panel, custom in PANELS.items():
        name = panel.replace("-", "")
        lines.append(f'import * as {name} from "{types}/composable/{name}/panelcfg/x/types.gen";')
        own = f"custom: {name}.{custom};" if custom else ""
        members.append(f'"{panel}": {{ options: {name}.Options; {own} }};')
    entry = work / "everything.ts"
    entry.write_text("\n".join((*lines, "export interface Everything {", *members, "}\n")), encoding="utf-8")
    generator = modules / ".bin" / "ts-json-schema-generator"
    # Types of different panels have the same names: nothing is exposed by its name.
    options = ("--type", "Everything", "--no-type-check", "--expose", "none")
    made = subprocess.run(
        [node, str(generator), "--path", str(entry), *options],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=True,
    )
    schema: dict[str, Any] = json.loads(made.stdout)
    return schema
