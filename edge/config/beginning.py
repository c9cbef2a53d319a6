"""A first LINE.toml and SITE.toml of what a site answers: one controller with one line, ready to be written on.

Public names: Beginning, answered, line_text, site_text, UNITS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from edge.config.docks import Antennas
from edge.config.keys import said_at
from edge.config.problem import ConfigError
from edge.config.table import Beside, Frozen, Listen, Name, is_loopback
from edge.core.values.layout import Job

UNITS = ("lanewise-api.service", "lanewise-run@LINE.service")
"""The units of systemd that such a site consists of."""


def _words(given: object) -> object:
    return tuple(word.strip() for word in given.split(",") if word.strip()) if isinstance(given, str) else given


def _port_added(port: int) -> BeforeValidator:
    return BeforeValidator(lambda given: f"{given}:{port}" if isinstance(given, str) and ":" not in given else given)


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Millimetres = Annotated[int, Field(ge=-100_000, le=1_000_000)]


class Beginning(Frozen):
    """Each key is a question, an option and a key of the file of answers; positions are mm from the induction."""

    site: Name = Field(default="site", description="the site's name, in small letters")
    line: Name = Field(default="sorter", description="the line's name, in small letters")
    job: Job = Field(default=Job.SORT, description="sort parcels into carriers' lanes, or verify totes")
    plc: Annotated[Listen, _port_added(502), Field(pattern=r"^.+:\d{1,5}$")] = Field(
        description="address of the PLC with the mailbox over Modbus TCP, with its port where that is not 502"
    )
    reader: Annotated[Listen, _port_added(5084), Field(pattern=r"^.+:\d{1,5}$")] = Field(
        description="address of the portal's LLRP reader, with its port where that is not 5084"
    )
    antennas: Annotated[Antennas, BeforeValidator(_words), Field(min_length=1)] = Field(
        default=(1, 2), description="its antennas, as 1,2,3,4"
    )
    carriers: Annotated[Words, Field(max_length=60)] = Field(
        default=("DHL", "UPS"), description="sort: the carriers of lanes 1, 2, ... in order along the belt"
    )
    speed_mm_s: int = Field(default=2000, ge=10, le=10_000, description="speed of the belt")
    eye_mm: Millimetres = Field(default=-1000, description="where the portal's photo-eye is")
    antenna_mm: Millimetres = Field(default=-900, description="where its antennas are; a first guess, it is learned")
    decision_mm: int = Field(default=2000, ge=0, le=1_000_000, description="where the PLC must know the lane")
    first_mm: int = Field(default=3000, ge=0, le=1_000_000, description="where the first divert is")
    pitch_mm: int = Field(default=900, ge=1, le=100_000, description="from one divert to the next")
    listen: Listen = Field(
        default="127.0.0.1:8000", pattern=r"^.+:\d{1,5}$", description="where page and api listen; this machine only"
    )
    data: Beside = Field(description="folder of journal and site store")

    @model_validator(mode="after")
    def _fits(self) -> Beginning:
        if not is_loopback(self.listen.rpartition(":")[0]):
            raise ValueError("listen: for others set token_file and TLS in SITE.toml, see docs/security.md")
        if self.job is Job.SORT and not self.carriers:
            raise ValueError("carriers: one at least, a sorter without has no lane for anything")
        return self


def answered(source: Path, answers: Mapping[str, object]) -> Beginning:
    """The answers, checked; raises ConfigError of ``source`` with all that is wrong or missing."""
    try:
        return Beginning.model_validate(dict(answers))
    except ValidationError as error:
        told = [(".".join(map(str, one["loc"][:1])), _said(dict(one))) for one in error.errors()]
        problems = [f"{key}: {text}" if key else text.partition(": ")[2] for key, text in told]
        raise ConfigError(source, problems) from None


def _said(problem: dict[str, Any]) -> str:
    return said_at(Beginning, problem)


def line_text(its: Beginning) -> str:
    """LINE.toml."""
    lanes, default = _lanes(its)
    plc_host, _, plc_port = its.plc.rpartition(":")
    reader_host, _, reader_port = its.reader.rpartition(":")
    eye = f"eye = 11, eye_mm = {its.eye_mm}, antenna_mm = {its.antenna_mm}"
    return "\n".join([
        "# One controller with one line. All keys: docs/configuration.md. What is wrong: `lanewise check LINE.toml`.",
        "# Positions are millimetres along the belt from its induction photo-eye.",
        f"controller = {_text(its.line)}",
        f"site = {_text(its.site)}",
        f"journal = {_text(str(its.data / 'journal.sqlite'))}",
        f"store = {_text(f'sqlite:///{its.data}/site.sqlite')}",
        "",
        f"[plc.{its.line}]",
        f"host = {_text(plc_host)}",
        f"port = {plc_port}",
        "",
        f"[reader.{its.line}]",
        f"host = {_text(reader_host)}",
        f"port = {reader_port}",
        f"antennas = [{', '.join(map(str, its.antennas))}]",
        "",
        f"[line.{its.line}]",
        f"job = {_text(its.job)}",
        f"plc = {_text(its.line)}",
        f"speed_mm_s = {its.speed_mm_s}",
        f"decision_mm = {its.decision_mm}",
        f"default_lane = {default}",
        f"portal = {{ name = {_text(f'portal-{its.line}')}, readers = [{_text(its.line)}], {eye} }}",
        "lane = [",
        *(f"    {{ number = {number}, {lane}, divert_mm = {mm} }}," for number, lane, mm in lanes),
        "]",
        "",
    ])  # fmt: skip


def site_text(its: Beginning) -> str:
    """SITE.toml."""
    return "\n".join([
        "# Page, api and site store. All keys: docs/configuration.md. What is wrong: `lanewise check SITE.toml`.",
        f"site = {_text(its.site)}",
        f"store = {_text(f'sqlite:///{its.data}/site.sqlite')}",
        f"listen = {_text(its.listen)}",
        f"publish_state = {_text(str(its.data / 'publish-site.sqlite'))}",
        "",
        "[[controller]]",
        'config = "LINE.toml"',
        "",
    ])  # fmt: skip


def _lanes(its: Beginning) -> tuple[list[tuple[int, str, int]], int]:
    """Number, keys and place of each, and the number of that which takes what got no route in time."""
    if its.job is Job.VERIFY:
        named = ['name = "Quality", role = "quality"', 'name = "Packing", role = "verified"']
        default = 1
    else:
        named = [f'name = {_text(one)}, role = "carrier", carrier = {_text(one)}' for one in its.carriers]
        named += ['name = "Quality", role = "quality"', 'name = "Reject", role = "reject"']
        default = len(named)
    return [(at, keys, its.first_mm + (at - 1) * its.pitch_mm) for at, keys in enumerate(named, 1)], default


def _text(value: str) -> str:
    """As TOML writes it: JSON's strings are some of TOML's."""
    return json.dumps(value, ensure_ascii=False)
