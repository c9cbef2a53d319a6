"""A return over HTTP, whole: asked for, another unit named, the right one stock again, exchanged, sold again, verified.

The lines decide by the site's feed: the very item that was refused as shipped before is verified behind its return.
"""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from came_back import DAY_US, GTINS, draft, item, planning, ship
from conftest import Run
from example_site import client_of, example_site
from pypdf import PdfReader
from stocked import NOW_US

from api.app import create_app
from edge.cli import main
from edge.config.care import CareTable, ReturnsTable, TeamTable, care_problems
from edge.config.lines import SiteConfig
from edge.core.book import OrderBook
from edge.core.events import ItemReleased, OrderChanged, PassageSeen
from edge.core.line.verify import check_tote
from edge.core.values.evidence import Claim
from edge.core.values.order import OrderState
from edge.core.values.verdicts import Stage
from edge.site import case_care
from edge.site.store import SiteStore


@pytest.fixture
def site(project: Path, tmp_path: Path) -> SiteConfig:
    made = example_site(project, tmp_path)
    teams = {"care": TeamTable(lead="Lee", time_zone="Asia/Taipei")}
    policy = ReturnsTable(days=3_650, freight_amount=60)
    care = CareTable(bin="BACK-1", every_s=0, lines=("back",))
    return made.model_copy(update={"team": teams, "returns": {"all": policy}, "care": care})


