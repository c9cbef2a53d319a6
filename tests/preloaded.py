"""What the server that tests/shipped.py forks from has done before: imports, an application of the api, memory frozen.

That server alone imports it. An api that is forked compiles its routes and tables no more, see quick_routes.py and
quick_tables.py; and what is frozen no fork looks through for garbage, nor copies for that.
"""

from __future__ import annotations

import gc
import importlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import fastapi._compat.v2 as fields
import quick_routes
import quick_tables
from example_site import example_site

from api.app import create_app
from edge.site import tables
from edge.site.store import SiteStore

for _name in (
    "api.server", "edge.commands.demo", "edge.controller.controller", "edge.journal.replay", "edge.publish.process",
    "edge.sim.server", "holidays.countries.china",
):  # fmt: skip
    importlib.import_module(_name)

# What tests/shipped.py put before the others is for this file.
_others = os.environ.pop("PYTHONPATH").partition(os.pathsep)[2]
if _others:
    os.environ["PYTHONPATH"] = _others
fields.TypeAdapter = quick_routes.adapter  # type: ignore[assignment,misc]
tables.METADATA.create_all = quick_tables.create_all  # type: ignore[assignment,method-assign]
with TemporaryDirectory() as _folder:
    create_app(example_site(Path(os.environ.get("LANEWISE_ROOT") or Path(__file__).parents[1]), Path(_folder)))
    SiteStore(f"sqlite:///{_folder}/site.sqlite").close()
gc.collect()
gc.freeze()
