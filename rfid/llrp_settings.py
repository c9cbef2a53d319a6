"""What a reader shall do, and the LLRP messages that tell it so.

Public names: LlrpSettings, ROSPEC_ID, reader_config, add_rospec, capability_error, about.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9.2, 10.2, 12.2 and 15.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid.llrp_codec import Message, Parameter, message, parameter

ROSPEC_ID = 1
"""The one ROSpec that the session provisions."""
_MAKERS = {25882: "Impinj"}
"""IANA private enterprise numbers; the others are shown as numbers."""


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """How one reader is to read.

    ``antennas``: their numbers, from 1; empty for all. ``report_every``: a report after this many tags, 1..65535;
    1 has the least delay. ``keepalive_ms``: 100..600000; a reader silent for two and a half of them is dead.
    ``power_index``: place in the reader's table of transmit powers; None leaves the reader's own.
    ``tag_session``: Gen2 inventory session 0..3, ``population``: tags expected in the field at a time, 1..65535,
    ``rf_mode``: the reader's mode identifier; None leaves the reader's own.
    ``response_ms``: how long the reader may take for an answer, 100..60000.
    Raises ``ValueError`` naming reader, setting, value and limit.
    """

    name: str
    antennas: tuple[int, ...] = ()
    report_every: int = 1
    keepalive_ms: int = 1_000
    power_index: int | None = None
    tag_session: int | None = None
    population: int = 32
    rf_mode: int | None = None
    response_ms: int = 5_000

    def __post_init__(self) -> None:
        for setting, value, low, high in (
            ("report_every", self.report_every, 1, 65_535),
            ("keepalive_ms", self.keepalive_ms, 100, 600_000),
            ("power_index", self.power_index, 1, 65_535),
            ("tag_session", self.tag_session, 0, 3),
            ("population", self.population, 1, 65_535),
            ("rf_mode", self.rf_mode, 0, 65_535),
            ("response_ms", self.response_ms, 100, 60_000),
            *(("antennas", antenna, 1, 65_535) for antenna in self.antennas),
        ):
            if value is not None and not low <= value <= high:
                raise ValueError(f"{self.name}: {setting}: {value} is not in {low}..{high}")


def reader_config(settings: LlrpSettings, message_id: int) -> Message:
    """SET_READER_CONFIG: back to factory settings, then keepalives and the events that the session understands."""
    wanted = ("GPI_Event", "ROSpec_Event", "Reader_Exception_Event", "Antenna_Event")
    return message(
        "SET_READER_CONFIG",
        message_id,
        parameter(
            "ReaderEventNotificationSpec",
            *(parameter("EventNotificationState", EventType=event, NotificationState=1) for event in wanted),
        ),
        parameter("KeepaliveSpec", KeepaliveTriggerType="Periodic", PeriodicTriggerValue=settings.keepalive_ms),
        ResetToFactoryDefault=1,
    )


def add_rospec(settings: LlrpSettings, capabilities: Message, message_id: int) -> Message:
    """ADD_ROSPEC: starts when enabled, never stops, reports antenna, power, first seen and count of each tag."""
    inventory = parameter(
        "InventoryParameterSpec",
        *_antenna_configurations(settings, capabilities),
        InventoryParameterSpecID=1,
        ProtocolID="EPCGlobalClass1Gen2",
    )
    return message(
        "ADD_ROSPEC",
        message_id,
        parameter(
            "ROSpec",
            parameter(
                "ROBoundarySpec",
                parameter("ROSpecStartTrigger", ROSpecStartTriggerType="Immediate"),
                parameter("ROSpecStopTrigger", ROSpecStopTriggerType="Null", DurationTriggerValue=0),
            ),
            parameter(
                "AISpec",
                parameter("AISpecStopTrigger", AISpecStopTriggerType="Null", DurationTrigger=0),
                inventory,
                AntennaIDs=settings.antennas or (0,),
            ),
            parameter(
                "ROReportSpec",
                REPORT_CONTENT,
                ROReportTrigger="Upon_N_Tags_Or_End_Of_ROSpec",
                N=settings.report_every,
            ),
            ROSpecID=ROSPEC_ID,
            Priority=0,
            CurrentState="Disabled",
        ),
    )


REPORT_CONTENT = parameter(
    "TagReportContentSelector",
    EnableROSpecID=0,
    EnableSpecIndex=0,
    EnableInventoryParameterSpecID=0,
    EnableAntennaID=1,
    EnableChannelIndex=0,
    EnablePeakRSSI=1,
    EnableFirstSeenTimestamp=1,
    EnableLastSeenTimestamp=0,
    EnableTagSeenCount=1,
    EnableAccessSpecID=0,
)


def _antenna_configurations(settings: LlrpSettings, capabilities: Message) -> tuple[Parameter, ...]:
    inside: list[Parameter] = []
    if settings.power_index is not None:
        band = _band(capabilities)
        frequencies = band.first("FrequencyInformation") if band else None
        table = frequencies.first("FrequencyHopTable") if frequencies else None
        hopping = frequencies is None or frequencies.number("Hopping")
        inside.append(
            parameter(
                "RFTransmitter",
                HopTableID=(table.number("HopTableID") if table else 1) if hopping else 0,
                ChannelIndex=0 if hopping else 1,
                TransmitPower=settings.power_index,
            )
        )
    inventory: list[Parameter] = []
    if settings.rf_mode is not None:
        inventory.append(parameter("C1G2RFControl", ModeIndex=settings.rf_mode, Tari=0))
    if settings.tag_session is not None:
        inventory.append(
            parameter(
                "C1G2SingulationControl",
                Session=settings.tag_session,
                TagPopulation=settings.population,
                TagTransitTime=0,
            )
        )
    if inventory:
        inside.append(parameter("C1G2InventoryCommand", *inventory, TagInventoryStateAware=0))
    if not inside:
        return ()
    return tuple(parameter("AntennaConfiguration", *inside, AntennaID=antenna) for antenna in settings.antennas or (0,))


def _band(capabilities: Message) -> Parameter | None:
    regulatory = capabilities.first("RegulatoryCapabilities")
    return regulatory.first("UHFBandCapabilities") if regulatory else None


def capability_error(settings: LlrpSettings, capabilities: Message) -> str | None:
    """Why a reader of these capabilities cannot do what the settings say, or None when it can."""
    general = capabilities.first("GeneralDeviceCapabilities")
    if general is not None:
        most = general.number("MaxNumberOfAntennaSupported")
        for antenna in settings.antennas:
            if antenna > most:
                return f"antenna {antenna} is not in 1..{most}"
    band = _band(capabilities)
    if settings.power_index is not None and band is not None:
        powers = [one.number("Index") for one in band.all("TransmitPowerLevelTableEntry")]
        if powers and settings.power_index not in powers:
            return f"power index {settings.power_index} is not in {min(powers)}..{max(powers)}"
    return None


def about(capabilities: Message) -> str:
    """Maker, model, firmware and antennas in a line for people."""
    general = capabilities.first("GeneralDeviceCapabilities")
    if general is None:
        return "LLRP reader"
    maker = general.number("DeviceManufacturerName")
    return (
        f"{_MAKERS.get(maker, f'maker {maker}')} model {general.number('ModelName')}, "
        f"firmware {general.text('ReaderFirmwareVersion')}, {general.number('MaxNumberOfAntennaSupported')} antennas"
    )
