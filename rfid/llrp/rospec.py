"""The messages that make a reader do what was planned, and the check that it took them. Pure.

Public names: ROSPEC_ID, REPORT_CONTENT, reader_config, rospec, difference.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 10.2, 12.2 and 15.2.2.
"""

from __future__ import annotations

from rfid.llrp.codec import Message, Parameter, Value, message, parameter
from rfid.llrp.impinj import inventory_parameters, report_parameters
from rfid.llrp.plan import Plan
from rfid.llrp.settings import LlrpSettings

ROSPEC_ID = 1
"""The one ROSpec that the session provisions."""
_EVENTS = ("GPI_Event", "ROSpec_Event", "Report_Buffer_Fill_Warning", "Reader_Exception_Event", "Antenna_Event")
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
"""Antenna, power, first seen and count of each tag."""


def reader_config(settings: LlrpSettings, made: Plan, message_id: int, *, reset: bool) -> Message:
    """SET_READER_CONFIG: keepalives, the events that the session understands, inputs on, reports held on reconnect.

    ``reset``: back to factory settings before. Keepalives come every four fifths of ``keepalive_ms``, so that two are
    surely missed when two of these have passed.
    """
    hold = (parameter("EventsAndReports", HoldEventsAndReportsUponReconnect=1),) if made.hold else ()
    return message(
        "SET_READER_CONFIG",
        message_id,
        parameter(
            "ReaderEventNotificationSpec",
            *(parameter("EventNotificationState", EventType=event, NotificationState=1) for event in _EVENTS),
        ),
        parameter(
            "KeepaliveSpec", KeepaliveTriggerType="Periodic", PeriodicTriggerValue=settings.keepalive_ms * 4 // 5
        ),
        *(
            parameter("GPIPortCurrentState", GPIPortNum=port, Config=1, State="Unknown")
            for port in range(1, made.inputs + 1)
        ),
        *hold,
        ResetToFactoryDefault=int(reset),
    )


def rospec(settings: LlrpSettings, made: Plan) -> Parameter:
    """ROSpec: reads on its antennas from its start trigger to its stop trigger, reports every N tags."""
    inventory = parameter(
        "InventoryParameterSpec",
        *_antenna_configurations(settings, made),
        InventoryParameterSpecID=1,
        ProtocolID="EPCGlobalClass1Gen2",
    )
    return parameter(
        "ROSpec",
        parameter("ROBoundarySpec", *_triggers(settings)),
        parameter(
            "AISpec",
            parameter("AISpecStopTrigger", AISpecStopTriggerType="Null", DurationTrigger=0),
            inventory,
            AntennaIDs=settings.antennas or (0,),
        ),
        parameter(
            "ROReportSpec",
            REPORT_CONTENT,
            *report_parameters(settings.impinj),
            ROReportTrigger="Upon_N_Tags_Or_End_Of_ROSpec",
            N=settings.report_every,
        ),
        ROSpecID=ROSPEC_ID,
        Priority=0,
        CurrentState="Disabled",
    )


def _triggers(settings: LlrpSettings) -> tuple[Parameter, Parameter]:
    start = settings.start
    if start is None:
        return (
            parameter("ROSpecStartTrigger", ROSpecStartTriggerType="Immediate"),
            parameter("ROSpecStopTrigger", ROSpecStopTriggerType="Null", DurationTriggerValue=0),
        )

    def goes(on: bool) -> Parameter:
        return parameter("GPITriggerValue", GPIPortNum=start.port, GPIEvent=int(on), Timeout=0)

    begin = parameter("ROSpecStartTrigger", goes(start.on), ROSpecStartTriggerType="GPI")
    if start.read_ms:
        end = parameter("ROSpecStopTrigger", ROSpecStopTriggerType="Duration", DurationTriggerValue=start.read_ms)
    else:
        end = parameter(
            "ROSpecStopTrigger", goes(not start.on), ROSpecStopTriggerType="GPI_With_Timeout", DurationTriggerValue=0
        )
    return begin, end


def _antenna_configurations(settings: LlrpSettings, made: Plan) -> tuple[Parameter, ...]:
    inside: list[Parameter] = []
    if made.power_index is not None:
        inside.append(
            parameter(
                "RFTransmitter", HopTableID=made.hop_table, ChannelIndex=made.channel, TransmitPower=made.power_index
            )
        )
    inventory: list[Parameter] = []
    if made.mode is not None:
        inventory.append(parameter("C1G2RFControl", ModeIndex=made.mode, Tari=0))
    if settings.tag_session is not None:
        inventory.append(
            parameter(
                "C1G2SingulationControl",
                Session=settings.tag_session,
                TagPopulation=settings.population,
                TagTransitTime=0,
            )
        )
    inventory += inventory_parameters(settings.impinj)
    if inventory:
        inside.append(parameter("C1G2InventoryCommand", *inventory, TagInventoryStateAware=0))
    if not inside:
        return ()
    return tuple(parameter("AntennaConfiguration", *inside, AntennaID=antenna) for antenna in settings.antennas or (0,))


# Fields where a reader may answer with its own choice: the state it is in, and what 0 leaves to it.
_FREE = {("ROSpec", "CurrentState")}
_FREE_WHEN_ZERO = {
    ("AISpec", "AntennaIDs"),
    ("AntennaConfiguration", "AntennaID"),
    ("C1G2RFControl", "Tari"),
    ("C1G2SingulationControl", "TagTransitTime"),
    ("RFTransmitter", "HopTableID"),
    ("RFTransmitter", "ChannelIndex"),
}


def difference(asked: Parameter, found: Parameter) -> str | None:
    """The first thing that a reader does otherwise than it was asked, with its path; None when it obeys.

    What the reader adds of its own is no difference, nor is another order of different parameters.
    """
    for name, wanted, given in zip(asked.definition.index, asked.fields, found.fields, strict=True):
        free = (asked.name, name) in _FREE or ((asked.name, name) in _FREE_WHEN_ZERO and wanted in (0, (0,)))
        if wanted != given and not free:
            return f"{asked.name}.{name}: {_shown(wanted)} was asked, the reader has {_shown(given)}"
    rest = [one for one in found.parameters if isinstance(one, Parameter)]
    for one in asked.parameters:
        assert isinstance(one, Parameter)
        same = [other for other in rest if _alike(one, other)]
        if not same:
            return f"{asked.name}.{one.name}: was asked, the reader has none"
        below = difference(one, same[0])
        if below is not None:
            return f"{asked.name}.{below}"
        rest.remove(same[0])
    return None


def _alike(asked: Parameter, found: Parameter) -> bool:
    """Whether the two speak of the same thing."""
    if asked.name != found.name:
        return False
    match asked.name:
        case "Custom":
            return asked.fields[:2] == found.fields[:2]
        case "AntennaConfiguration":
            return asked.fields in ((0,), found.fields)
        case _:
            return True


def _shown(value: Value) -> str:
    return value.hex().upper() if isinstance(value, bytes) else str(value)
