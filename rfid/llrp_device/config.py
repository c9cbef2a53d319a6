"""The simulated reader's configuration: what SET_READER_CONFIG changes and GET_READER_CONFIG shows. Pure.

Public names: DeviceConfig, PORTS, everything_selected.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 12.
"""

from __future__ import annotations

from rfid.llrp.codec import Message, Parameter, parameter
from rfid.llrp.schema import ENUMERATIONS, PARAMETERS_BY_NAME
from rfid.llrp_device.answers import field_error, refused, wrong_field

PORTS = 4
"""How many general purpose inputs there are, and as many outputs."""


def everything_selected() -> Parameter:
    """A TagReportContentSelector with all that a tag report can hold."""
    fields = PARAMETERS_BY_NAME["TagReportContentSelector"].index
    return parameter("TagReportContentSelector", **dict.fromkeys(fields, 1))


class DeviceConfig:
    """``inputs``, ``outputs``: levels by port; they are the world's and outlive a reset.

    ``disconnected``: antennas without a cable. ``events``: types the client wants to hear of. ``keepalive_ms``: 0 for
    never. ``report``: the ROReportSpec of ROSpecs without one.
    """

    def __init__(self, name: str, antennas: int) -> None:
        self.name = name
        self.antennas = antennas
        self.inputs = dict.fromkeys(range(1, PORTS + 1), False)
        self.outputs = dict.fromkeys(range(1, PORTS + 1), False)
        self.disconnected: set[int] = set()
        self.reset()

    def reset(self) -> None:
        """Back to factory settings."""
        self._keepalive = parameter("KeepaliveSpec", KeepaliveTriggerType="Null", PeriodicTriggerValue=0)
        self.report = parameter(
            "ROReportSpec", everything_selected(), ROReportTrigger="Upon_N_Tags_Or_End_Of_ROSpec", N=1
        )
        self.events: frozenset[int] = frozenset()
        self.enabled_inputs: frozenset[int] = frozenset()
        self._hold = parameter("EventsAndReports", HoldEventsAndReportsUponReconnect=0)

    @property
    def holds(self) -> bool:
        """Whether events and reports wait for ENABLE_EVENTS_AND_REPORTS."""
        return bool(self._hold.number("HoldEventsAndReportsUponReconnect"))

    @property
    def keepalive_ms(self) -> int:
        """How often the client wants a keepalive; 0 for never."""
        return self._keepalive.number("PeriodicTriggerValue") if self._keepalive.number("KeepaliveTriggerType") else 0

    def set(self, asked: Message) -> None:
        """SET_READER_CONFIG; nothing is changed when something is wrong. Raises ``RefusedError``."""
        for name, place in (("GPOWriteData", "GPOPortNumber"), ("GPIPortCurrentState", "GPIPortNum")):
            for one in asked.all(name):
                if not 1 <= one.number(place) <= PORTS:
                    raise wrong_field(name, 1, f"port {one.number(place)} is not in 1..{PORTS}")
        if asked.number("ResetToFactoryDefault"):
            self.reset()
        self._keepalive = asked.first("KeepaliveSpec") or self._keepalive
        self.report = asked.first("ROReportSpec") or self.report
        self._hold = asked.first("EventsAndReports") or self._hold
        for output in asked.all("GPOWriteData"):
            self.outputs[output.number("GPOPortNumber")] = bool(output.number("GPOData"))
        for port in asked.all("GPIPortCurrentState"):
            one_port = frozenset((port.number("GPIPortNum"),))
            enabled = self.enabled_inputs
            self.enabled_inputs = enabled | one_port if port.number("Config") else enabled - one_port
        notifications = asked.first("ReaderEventNotificationSpec")
        for state in notifications.all("EventNotificationState") if notifications else ():
            event = frozenset((state.number("EventType"),))
            self.events = self.events | event if state.number("NotificationState") else self.events - event

    def get(self, asked: Message) -> tuple[Parameter, ...]:
        """What GET_READER_CONFIG asks for. Raises ``RefusedError``."""
        requested = asked.number("RequestedData")
        everything = self._everything(asked.number("AntennaID"))
        if requested > max(everything):
            raise refused("M_FieldError", f"RequestedData {requested} is not in 0..{max(everything)}", field_error(2))
        if requested:
            return everything[requested]
        return tuple(one for several in everything.values() for one in several)

    def _everything(self, antenna: int) -> dict[int, tuple[Parameter, ...]]:
        antennas = range(1, self.antennas + 1) if antenna == 0 else (antenna,)
        return {
            1: (parameter("Identification", IDType="MAC_Address", ReaderID=self.name.encode()[:8].rjust(8, b"\0")),),
            2: tuple(
                parameter(
                    "AntennaProperties",
                    AntennaConnected=int(one not in self.disconnected),
                    AntennaID=one,
                    AntennaGain=0,
                )
                for one in antennas
            ),
            3: tuple(parameter("AntennaConfiguration", AntennaID=one) for one in antennas),
            5: (
                parameter(
                    "ReaderEventNotificationSpec",
                    *(
                        parameter("EventNotificationState", EventType=one, NotificationState=int(one in self.events))
                        for one in ENUMERATIONS["NotificationEventType"]
                    ),
                ),
            ),
            4: (self.report,),
            6: (parameter("AccessReportSpec", AccessReportTrigger="End_Of_AccessSpec"),),
            7: (parameter("LLRPConfigurationStateValue", LLRPConfigurationStateValue=0),),
            8: (self._keepalive,),
            9: tuple(
                parameter(
                    "GPIPortCurrentState", GPIPortNum=port, Config=int(port in self.enabled_inputs), State=int(on)
                )
                for port, on in self.inputs.items()
            ),
            10: tuple(
                parameter("GPOWriteData", GPOPortNumber=port, GPOData=int(on)) for port, on in self.outputs.items()
            ),
            11: (self._hold,),
        }
