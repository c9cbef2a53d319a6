"""What the tables of a site and its lines become in the api process: webhooks, names of devices, and that names differ.

Public names: door_of, devices_of, layouts_of, check_names.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from edge.config.lines import LineConfig, SiteConfig
from edge.config.problem import ConfigError
from edge.config.webhooks import WebhookTable, signing_key
from edge.core.events import Started
from edge.core.values.layout import LineLayout
from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.site.webhooks import Webhook


def door_of(site: str, name: str, table: WebhookTable) -> Webhook:
    """A webhook as it is told. Raises ConfigError for files that cannot be read."""
    if secure := table.url.startswith("https:"):
        table.context()
    return Webhook(
        name=name,
        site=site,
        url=table.url,
        key=signing_key(table.secret_file),
        types=table.types,
        timeout_s=table.timeout_ms / 1000,
        context=table.context if secure else None,
    )


def devices_of(controller: LineConfig) -> tuple[str, ...]:
    """A controller's devices as `edge.core.events.DeviceChanged` names them."""
    points = [f"points.{name}" for name, table in controller.plc.items() if table.point]
    plcs = [f"plc.{name}" for name, table in controller.plc.items() if table.mailbox]
    return (*plcs, *points, *(f"reader.{name}" for name in controller.reader))


def layouts_of(controller: LineConfig) -> tuple[LineLayout, ...]:
    """The lines as the controller runs them, by its journal; those that it has not run yet as the file says."""
    known: dict[str, LineLayout] = {}
    with suppress(JournalError):
        reader = JournalReader(controller.journal)
        try:
            begin, state = reader.checkpoint(CoreState) or (0, None)
            started = None if state is None else state.started
            for record in reader.newest(Started.__name__, begin):
                if isinstance(record.value, Started):
                    started = record.value
        finally:
            reader.close()
        if started is not None and started.controller == controller.controller:
            known = {layout.name: layout for layout in started.layouts}
    return tuple(known.get(layout.name, layout) for layout in controller.layouts())


def check_names(config: SiteConfig, controllers: list[LineConfig]) -> None:
    """Names that people and look-ups use must be one thing's only, across all controllers. Raises ConfigError."""
    problems: list[str] = []
    first: dict[tuple[str, str], int] = {}
    for index, controller in enumerate(controllers):
        names = [("controller", controller.controller)]
        names += [("dock", dock.name) for dock in controller.dock]
        names += [("line", name) for name in controller.line] + [("plc", name) for name in controller.plc]
        for kind, name in names:
            other = first.setdefault((kind, name), index)
            if other != index:
                path = config.controller[index].config
                problems.append(f"controller.{index}: {path}: {kind} {name!r}: controller.{other} has the same name")
    if problems:
        raise ConfigError(Path("SITE.toml"), problems)
