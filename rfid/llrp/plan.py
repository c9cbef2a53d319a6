"""What was asked of a reader, in the reader's own numbers; or why it cannot do it. Pure.

Public names: Plan, plan, mode_names, about.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9.2 and 15.2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rfid.llrp.codec import Message, Parameter
from rfid.llrp.impinj import IMPINJ, MODES, ImpinjOptions
from rfid.llrp.schema import ENUMERATIONS
from rfid.llrp.settings import LlrpSettings

_MAKERS = {IMPINJ: "Impinj", 161: "Zebra", 5_771: "Alien", 22_695: "ThingMagic", 26_554: "Kathrein"}
"""IANA private enterprise numbers; the others are shown as numbers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``power_index``, ``hop_table`` and ``channel`` as RFTransmitter wants them; None leaves the reader's own.

    ``power_dbm``: what the index stands for. ``inputs``, ``outputs``: how many general purpose ports there are.
    """

    power_index: int | None
    power_dbm: float | None
    hop_table: int
    channel: int
    mode: int | None
    inputs: int
    outputs: int
    hold: bool


def plan(settings: LlrpSettings, capabilities: Message) -> Plan | str:
    """The settings in the numbers of a reader with these capabilities, or why it cannot do them, for people."""
    general = capabilities.first("GeneralDeviceCapabilities")
    ports = general.first("GPIOCapabilities") if general else None
    inputs, outputs = (ports.number("NumGPIs"), ports.number("NumGPOs")) if ports else (0, 0)
    if general is not None:
        most = general.number("MaxNumberOfAntennaSupported")
        for antenna in settings.antennas:
            if antenna > most:
                return f"antenna {antenna} is not in 1..{most}"
        if settings.impinj != ImpinjOptions() and general.number("DeviceManufacturerName") != IMPINJ:
            return f"impinj: {_maker(general)} is not Impinj"
    if settings.start is not None and settings.start.port > inputs:
        return f"start: input {settings.start.port} is not in 1..{inputs}"
    power = _power(settings, capabilities)
    if isinstance(power, str):
        return power
    mode = _mode(settings, capabilities)
    if isinstance(mode, str):
        return mode
    can = capabilities.first("LLRPCapabilities")
    holds = bool(can and can.number("SupportsEventAndReportHolding"))
    hop_table, channel = _channel(capabilities)
    return Plan(
        power and power[0], power and power[1], hop_table, channel, mode, inputs, outputs, settings.hold and holds
    )


def _power(settings: LlrpSettings, capabilities: Message) -> tuple[int, float] | str | None:
    """Index and dBm; the table's entries are in 1/100 dBm."""
    if settings.power_dbm is None:
        return None
    table = [
        (one.number("TransmitPowerValue"), one.number("Index"))
        for band in _bands(capabilities)
        for one in band.all("TransmitPowerLevelTableEntry")
    ]
    if not table:
        return "power_dbm: the reader does not tell its powers"
    allowed = [entry for entry in table if entry[0] <= round(settings.power_dbm * 100)]
    if not allowed:
        return f"power_dbm: {settings.power_dbm:g} is not in {min(table)[0] / 100:g}..{max(table)[0] / 100:g}"
    value, index = max(allowed)
    return index, value / 100


def mode_names(capabilities: Message) -> dict[str, int]:
    """The reader's RF modes: Impinj's names where it is one, else like ``m4-250k``: the tag's code and bits/s."""
    general = capabilities.first("GeneralDeviceCapabilities")
    maker = general.number("DeviceManufacturerName") if general else 0
    theirs = {mode: name for name, mode in MODES.items()} if maker == IMPINJ else {}
    found: dict[str, int] = {}
    for mode, entry in _modes(capabilities):
        code = ENUMERATIONS["C1G2MValue"].get(entry.number("MValue"), "").removeprefix("MV_").lower()
        plain = f"{code if code == 'fm0' else f'm{code}'}-{entry.number('BDRValue') // 1000}k"
        found.setdefault(theirs.get(mode, plain), mode)
    return found


def _mode(settings: LlrpSettings, capabilities: Message) -> int | str | None:
    if settings.mode is None:
        return None
    names = mode_names(capabilities)
    known = {mode for mode, _ in _modes(capabilities)}
    asked = str(settings.mode)
    mode = int(asked) if asked.isdecimal() else names.get(asked)
    if mode is None or mode not in known:
        return f"mode: {asked} is not one of {', '.join(f'{name} ({number})' for name, number in names.items())}"
    return mode


def _modes(capabilities: Message) -> Iterator[tuple[int, Parameter]]:
    for band in _bands(capabilities):
        for table in band.all("C1G2UHFRFModeTable"):
            for entry in table.all("C1G2UHFRFModeTableEntry"):
                yield entry.number("ModeIdentifier"), entry


def _bands(capabilities: Message) -> Iterator[Parameter]:
    for regulatory in capabilities.all("RegulatoryCapabilities"):
        yield from regulatory.all("UHFBandCapabilities")


def _channel(capabilities: Message) -> tuple[int, int]:
    """Hop table and channel: a hopping reader has no channel, a fixed one no hop table."""
    for band in _bands(capabilities):
        for frequencies in band.all("FrequencyInformation"):
            if not frequencies.number("Hopping"):
                return 0, 1
            table = frequencies.first("FrequencyHopTable")
            return table.number("HopTableID") if table else 1, 0
    return 1, 0


def about(capabilities: Message, made: Plan | None) -> str:
    """Maker, model, firmware, antennas and, where a plan was made, power in a line for people."""
    general = capabilities.first("GeneralDeviceCapabilities")
    if general is None:
        return "LLRP reader"
    power = "" if made is None or made.power_dbm is None else f", {made.power_dbm:g} dBm"
    return (
        f"{_maker(general)} model {general.number('ModelName')}, "
        f"firmware {general.text('ReaderFirmwareVersion')}, {general.number('MaxNumberOfAntennaSupported')} antennas"
        f"{power}"
    )


def _maker(general: Parameter) -> str:
    maker = general.number("DeviceManufacturerName")
    return _MAKERS.get(maker, f"maker {maker}")
