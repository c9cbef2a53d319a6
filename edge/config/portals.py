"""[line.NAME.portal] and [line.NAME.check] of LINE.toml: what is wrong with the readers and places of portals.

Public names: portal_problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edge.config.lines import LineConfig, LineTable, PortalConfig
from edge.config.readers import BarcodeConfig, ReaderConfig


def portal_problems(here: str, name: str, config: LineConfig, used: dict[str, str]) -> Iterator[str]:
    """Of a line's portals, each as ``<path>: what is wrong and what to do``. ``here``: the line's path; ``used``: by
    reader the line that has it, to which this one's are added.
    """
    line = config.line[name]
    known = ", ".join(config.reader) or "none"
    for key, portal in line.portals.items():
        at = f"{here}.{key}"
        yield from _scanner_problems(at, line, portal, config.reader)
        for reader in (*portal.readers, *portal.scanners):
            if reader not in config.reader:
                yield f"{at}.readers: {reader!r}: no such reader, allowed: {known}"
            elif reader in used:
                yield f"{at}.readers: {reader!r}: already reads for line.{used[reader]}"
            else:
                used[reader] = name
            if reader in portal.readers and reader in config.reader:
                yield from _role_problems(at, portal, reader, config.reader[reader].antennas)
    yield from _check_problems(here, line, config)


def _check_problems(here: str, line: LineTable, config: LineConfig) -> Iterator[str]:
    first, check = line.portal, line.check
    if check is None:
        return
    at = f"{here}.check"
    if check.name == first.name:
        yield f"{at}.name: {check.name!r}: the first portal is called so: give it a name of its own"
    if line.plc in config.plc and config.plc[line.plc].io is not None:
        yield f"{at}: a line on remote I/O tracks its parcels by one photo-eye: leave it out, or let a PLC track them"
    if first.eye is None or check.eye is None:
        key = f"{here}.portal" if first.eye is None else at
        yield f"{key}.eye: missing: what two portals saw is told to be one by their photo-eyes, set eye and eye_mm"
        return
    if check.eye_mm is None:
        yield f"{at}.eye_mm: missing: a photo-eye has eye and eye_mm"
        return
    if check.eye_mm > check.antenna_mm:
        yield f"{at}.eye_mm: {check.eye_mm}: behind antenna_mm {check.antenna_mm}, allowed: {check.antenna_mm} or less"
    if first.eye_mm is not None and check.eye_mm <= first.antenna_mm:
        yield (
            f"{at}.eye_mm: {check.eye_mm}: the second portal is behind the first, whose antennas are at "
            f"{first.antenna_mm}, allowed: more than that"
        )
    if check.eye == first.eye:
        yield f"{at}.eye: {check.eye}: is the first portal's, each has its own"
    if "quiet_ms" in check.model_fields_set:
        yield f"{at}.quiet_ms: {check.quiet_ms}: only without eye, the photo-eye says when something is there"


def _role_problems(here: str, portal: PortalConfig, reader: str, antennas: Sequence[int]) -> Iterator[str]:
    roles = {"facing": portal.facing, "upstream": portal.upstream, "downstream": portal.downstream}
    given: dict[int, str] = {}
    for role, ports in roles.items():
        if unknown := sorted(set(ports) - set(antennas)):
            yield f"{here}.{role}: {unknown}: not among reader.{reader}.antennas {list(antennas)}"
        for port in ports:
            if given.setdefault(port, role) != role:
                yield f"{here}.{role}: {port}: is {given[port]} already, an antenna has one role"
    if not portal.facing and (portal.upstream or portal.downstream):
        yield f"{here}.facing: missing: with upstream or downstream, say which antennas look at the belt"


def _scanner_problems(
    here: str, line: LineTable, portal: PortalConfig, devices: Mapping[str, ReaderConfig]
) -> Iterator[str]:
    if not portal.readers and not portal.scanners:
        yield f"{here}.readers: missing: a portal has readers, scanners or both"
    for key, names, wanted in (("readers", portal.readers, False), ("scanners", portal.scanners, True)):
        for name in names:
            if name in devices and isinstance(devices[name], BarcodeConfig) is not wanted:
                other = "scanners" if not wanted else "readers"
                yield f"{here}.{key}: {name!r}: its driver is {devices[name].driver!r}: name it in {other}"
    if not portal.scanners:
        for key in sorted(portal.model_fields_set & {"scan_mm", "scan_late_ms"}):
            yield f"{here}.{key}: only with scanners"
        return
    if "scan_mm" not in portal.model_fields_set:
        yield f"{here}.scan_mm: missing: a portal with scanners needs it"
    left_ms = (line.decision_mm - portal.scan_mm) * 1000 // line.speed_mm_s - portal.scan_late_ms
    if left_ms <= line.actuation_ms + line.margin_ms:
        yield (
            f"{here}.scan_mm: {portal.scan_mm}: codes are there {left_ms} ms before the decision point, "
            f"needs more than actuation_ms + margin_ms = {line.actuation_ms + line.margin_ms} ms"
        )
