"""What a reader shall do, as its engineer says it.

Public names: LlrpSettings, GpiStart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rfid.llrp.impinj import ImpinjOptions


@dataclass(frozen=True, slots=True)
class GpiStart:
    """Reading begins when input ``port`` (1..255) goes ``on``.

    ``read_ms``: for so long, 1..3600000; 0 until the input goes back.
    """

    port: int
    on: bool = True
    read_ms: int = 0


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """How one reader is to read.

    ``antennas``: their numbers, from 1; empty for all. ``report_every``: a report after this many tags, 1..65535;
    1 has the least delay. ``keepalive_ms``: 100..600000; a reader silent for two of them is dead.
    ``power_dbm``: -10..40, the reader's table gives the nearest not above; None leaves the reader's own.
    ``tag_session``: Gen2 inventory session 0..3, ``population``: tags expected in the field at a time, 1..65535.
    ``mode``: the reader's RF mode by identifier or name (see ``llrp_plan.mode_names``); None leaves the reader's own.
    ``start``: None to read always. ``hold``: the reader keeps its reports while nobody is connected.
    ``impinj``: extensions of Impinj readers. ``response_ms``: how long the reader may take for an answer, 100..60000.
    Raises ``ValueError`` naming reader, setting, value and limit.
    """

    name: str
    antennas: tuple[int, ...] = ()
    report_every: int = 1
    keepalive_ms: int = 1_000
    power_dbm: float | None = None
    tag_session: int | None = None
    population: int = 32
    mode: int | str | None = None
    start: GpiStart | None = None
    hold: bool = True
    impinj: ImpinjOptions = field(default=ImpinjOptions())
    response_ms: int = 5_000

    def __post_init__(self) -> None:
        start = self.start
        for setting, value, low, high in (
            ("report_every", self.report_every, 1, 65_535),
            ("keepalive_ms", self.keepalive_ms, 100, 600_000),
            ("power_dbm", self.power_dbm, -10, 40),
            ("tag_session", self.tag_session, 0, 3),
            ("population", self.population, 1, 65_535),
            ("response_ms", self.response_ms, 100, 60_000),
            ("start.port", start.port if start else None, 1, 255),
            ("start.read_ms", start.read_ms if start else None, 0, 3_600_000),
            *(("antennas", antenna, 1, 65_535) for antenna in self.antennas),
        ):
            if value is not None and not low <= value <= high:
                raise ValueError(f"{self.name}: {setting}: {value} is not in {low}..{high}")
