"""Every message and parameter of LLRP 1.0.1 as tables: numbers, fields in wire order, sub-parameters, enumerations.

Public names: WireKind, WireField, Child, Definition, MESSAGES, MESSAGES_BY_NAME, PARAMETERS, PARAMETERS_BY_NAME,
ENUMERATIONS.

A row reads ``number name field... / child...``; a row goes on where the next line is indented.
A field is ``Name:kind`` or ``Name:kind:Enumeration``; ``-7`` are seven reserved bits. A child is the name of a
sub-parameter, with ``?`` at most once, ``*`` any number, ``+`` at least once, else exactly once; names joined by
``|`` stand for each other. Enumerators count from 0 unless ``=`` says otherwise.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 16.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

_MESSAGES = """
1 GET_READER_CAPABILITIES RequestedData:u8:GetReaderCapabilitiesRequestedData / Custom*
2 GET_READER_CONFIG AntennaID:u16 RequestedData:u8:GetReaderConfigRequestedData GPIPortNum:u16
    GPOPortNum:u16 / Custom*
3 SET_READER_CONFIG ResetToFactoryDefault:u1 -7 / ReaderEventNotificationSpec? AntennaProperties*
    AntennaConfiguration* ROReportSpec? AccessReportSpec? KeepaliveSpec? GPOWriteData* GPIPortCurrentState*
    EventsAndReports? Custom*
4 CLOSE_CONNECTION_RESPONSE / LLRPStatus
11 GET_READER_CAPABILITIES_RESPONSE / LLRPStatus GeneralDeviceCapabilities? LLRPCapabilities?
    RegulatoryCapabilities? C1G2LLRPCapabilities? Custom*
12 GET_READER_CONFIG_RESPONSE / LLRPStatus Identification? AntennaProperties* AntennaConfiguration*
    ReaderEventNotificationSpec? ROReportSpec? AccessReportSpec? LLRPConfigurationStateValue? KeepaliveSpec?
    GPIPortCurrentState* GPOWriteData* EventsAndReports? Custom*
13 SET_READER_CONFIG_RESPONSE / LLRPStatus
14 CLOSE_CONNECTION
20 ADD_ROSPEC / ROSpec
21 DELETE_ROSPEC ROSpecID:u32
22 START_ROSPEC ROSpecID:u32
23 STOP_ROSPEC ROSpecID:u32
24 ENABLE_ROSPEC ROSpecID:u32
25 DISABLE_ROSPEC ROSpecID:u32
26 GET_ROSPECS
30 ADD_ROSPEC_RESPONSE / LLRPStatus
31 DELETE_ROSPEC_RESPONSE / LLRPStatus
32 START_ROSPEC_RESPONSE / LLRPStatus
33 STOP_ROSPEC_RESPONSE / LLRPStatus
34 ENABLE_ROSPEC_RESPONSE / LLRPStatus
35 DISABLE_ROSPEC_RESPONSE / LLRPStatus
36 GET_ROSPECS_RESPONSE / LLRPStatus ROSpec*
40 ADD_ACCESSSPEC / AccessSpec
41 DELETE_ACCESSSPEC AccessSpecID:u32
42 ENABLE_ACCESSSPEC AccessSpecID:u32
43 DISABLE_ACCESSSPEC AccessSpecID:u32
44 GET_ACCESSSPECS
50 ADD_ACCESSSPEC_RESPONSE / LLRPStatus
51 DELETE_ACCESSSPEC_RESPONSE / LLRPStatus
52 ENABLE_ACCESSSPEC_RESPONSE / LLRPStatus
53 DISABLE_ACCESSSPEC_RESPONSE / LLRPStatus
54 GET_ACCESSSPECS_RESPONSE / LLRPStatus AccessSpec*
60 GET_REPORT
61 RO_ACCESS_REPORT / TagReportData* RFSurveyReportData* Custom*
62 KEEPALIVE
63 READER_EVENT_NOTIFICATION / ReaderEventNotificationData
64 ENABLE_EVENTS_AND_REPORTS
72 KEEPALIVE_ACK
100 ERROR_MESSAGE / LLRPStatus
1023 CUSTOM_MESSAGE VendorIdentifier:u32 MessageSubtype:u8 Data:bytesToEnd
"""

_PARAMETERS = """
1 AntennaID AntennaID:u16
2 FirstSeenTimestampUTC Microseconds:u64
3 FirstSeenTimestampUptime Microseconds:u64
4 LastSeenTimestampUTC Microseconds:u64
5 LastSeenTimestampUptime Microseconds:u64
6 PeakRSSI PeakRSSI:s8
7 ChannelIndex ChannelIndex:u16
8 TagSeenCount TagCount:u16
9 ROSpecID ROSpecID:u32
10 InventoryParameterSpecID InventoryParameterSpecID:u16
11 C1G2_CRC CRC:u16
12 C1G2_PC PC_Bits:u16
13 EPC_96 EPC:u96
14 SpecIndex SpecIndex:u16
16 AccessSpecID AccessSpecID:u32
17 OpSpecID OpSpecID:u16
18 C1G2SingulationDetails NumCollisionSlots:u16 NumEmptySlots:u16
128 UTCTimestamp Microseconds:u64
129 Uptime Microseconds:u64
137 GeneralDeviceCapabilities MaxNumberOfAntennaSupported:u16 CanSetAntennaProperties:u1
    HasUTCClockCapability:u1 -14 DeviceManufacturerName:u32 ModelName:u32 ReaderFirmwareVersion:utf8v /
    ReceiveSensitivityTableEntry+ PerAntennaReceiveSensitivityRange* GPIOCapabilities PerAntennaAirProtocol+
139 ReceiveSensitivityTableEntry Index:u16 ReceiveSensitivityValue:s16
140 PerAntennaAirProtocol AntennaID:u16 ProtocolID:u8v:AirProtocols
141 GPIOCapabilities NumGPIs:u16 NumGPOs:u16
142 LLRPCapabilities CanDoRFSurvey:u1 CanReportBufferFillWarning:u1 SupportsClientRequestOpSpec:u1
    CanDoTagInventoryStateAwareSingulation:u1 SupportsEventAndReportHolding:u1 -3
    MaxNumPriorityLevelsSupported:u8 ClientRequestOpSpecTimeout:u16 MaxNumROSpecs:u32
    MaxNumSpecsPerROSpec:u32 MaxNumInventoryParameterSpecsPerAISpec:u32 MaxNumAccessSpecs:u32
    MaxNumOpSpecsPerAccessSpec:u32
143 RegulatoryCapabilities CountryCode:u16 CommunicationsStandard:u16:CommunicationsStandard /
    UHFBandCapabilities? Custom*
144 UHFBandCapabilities / TransmitPowerLevelTableEntry+ FrequencyInformation C1G2UHFRFModeTable+
145 TransmitPowerLevelTableEntry Index:u16 TransmitPowerValue:s16
146 FrequencyInformation Hopping:u1 -7 / FrequencyHopTable* FixedFrequencyTable?
147 FrequencyHopTable HopTableID:u8 -8 Frequency:u32v
148 FixedFrequencyTable Frequency:u32v
149 PerAntennaReceiveSensitivityRange AntennaID:u16 ReceiveSensitivityIndexMin:u16
    ReceiveSensitivityIndexMax:u16
177 ROSpec ROSpecID:u32 Priority:u8 CurrentState:u8:ROSpecState / ROBoundarySpec AISpec|RFSurveySpec|Custom+
    ROReportSpec?
178 ROBoundarySpec / ROSpecStartTrigger ROSpecStopTrigger
179 ROSpecStartTrigger ROSpecStartTriggerType:u8:ROSpecStartTriggerType / PeriodicTriggerValue?
    GPITriggerValue?
180 PeriodicTriggerValue Offset:u32 Period:u32 / UTCTimestamp?
181 GPITriggerValue GPIPortNum:u16 GPIEvent:u1 -7 Timeout:u32
182 ROSpecStopTrigger ROSpecStopTriggerType:u8:ROSpecStopTriggerType DurationTriggerValue:u32 /
    GPITriggerValue?
183 AISpec AntennaIDs:u16v / AISpecStopTrigger InventoryParameterSpec+ Custom*
184 AISpecStopTrigger AISpecStopTriggerType:u8:AISpecStopTriggerType DurationTrigger:u32 / GPITriggerValue?
    TagObservationTrigger?
185 TagObservationTrigger TriggerType:u8:TagObservationTriggerType -8 NumberOfTags:u16 NumberOfAttempts:u16
    T:u16 Timeout:u32
186 InventoryParameterSpec InventoryParameterSpecID:u16 ProtocolID:u8:AirProtocols / AntennaConfiguration*
    Custom*
187 RFSurveySpec AntennaID:u16 StartFrequency:u32 EndFrequency:u32 / RFSurveySpecStopTrigger Custom*
188 RFSurveySpecStopTrigger StopTriggerType:u8:RFSurveySpecStopTriggerType DurationPeriod:u32 N:u32
207 AccessSpec AccessSpecID:u32 AntennaID:u16 ProtocolID:u8:AirProtocols CurrentState:u1:AccessSpecState -7
    ROSpecID:u32 / AccessSpecStopTrigger AccessCommand AccessReportSpec? Custom*
208 AccessSpecStopTrigger AccessSpecStopTrigger:u8:AccessSpecStopTriggerType OperationCountValue:u16
209 AccessCommand / C1G2TagSpec C1G2Read | C1G2Write | C1G2Kill | C1G2Lock | C1G2BlockErase | C1G2BlockWrite
    | Custom+ Custom*
217 LLRPConfigurationStateValue LLRPConfigurationStateValue:u32
218 Identification IDType:u8:IdentificationType ReaderID:u8v
219 GPOWriteData GPOPortNumber:u16 GPOData:u1 -7
220 KeepaliveSpec KeepaliveTriggerType:u8:KeepaliveTriggerType PeriodicTriggerValue:u32
221 AntennaProperties AntennaConnected:u1 -7 AntennaID:u16 AntennaGain:s16
222 AntennaConfiguration AntennaID:u16 / RFReceiver? RFTransmitter? C1G2InventoryCommand*
223 RFReceiver ReceiverSensitivity:u16
224 RFTransmitter HopTableID:u16 ChannelIndex:u16 TransmitPower:u16
225 GPIPortCurrentState GPIPortNum:u16 Config:u1 -7 State:u8:GPIPortState
226 EventsAndReports HoldEventsAndReportsUponReconnect:u1 -7
237 ROReportSpec ROReportTrigger:u8:ROReportTriggerType N:u16 / TagReportContentSelector Custom*
238 TagReportContentSelector EnableROSpecID:u1 EnableSpecIndex:u1 EnableInventoryParameterSpecID:u1
    EnableAntennaID:u1 EnableChannelIndex:u1 EnablePeakRSSI:u1 EnableFirstSeenTimestamp:u1
    EnableLastSeenTimestamp:u1 EnableTagSeenCount:u1 EnableAccessSpecID:u1 -6 / C1G2EPCMemorySelector*
239 AccessReportSpec AccessReportTrigger:u8:AccessReportTriggerType
240 TagReportData / EPCData | EPC_96 ROSpecID? SpecIndex? InventoryParameterSpecID? AntennaID? PeakRSSI?
    ChannelIndex? FirstSeenTimestampUTC? FirstSeenTimestampUptime? LastSeenTimestampUTC?
    LastSeenTimestampUptime? TagSeenCount? C1G2_PC | C1G2_CRC* AccessSpecID? C1G2ReadOpSpecResult |
    C1G2WriteOpSpecResult | C1G2KillOpSpecResult | C1G2LockOpSpecResult | C1G2BlockEraseOpSpecResult |
    C1G2BlockWriteOpSpecResult | Custom* Custom*
241 EPCData EPC:u1v
242 RFSurveyReportData / ROSpecID? SpecIndex? FrequencyRSSILevelEntry+ Custom*
243 FrequencyRSSILevelEntry Frequency:u32 Bandwidth:u32 AverageRSSI:s8 PeakRSSI:s8 / UTCTimestamp|Uptime
244 ReaderEventNotificationSpec / EventNotificationState+
245 EventNotificationState EventType:u16:NotificationEventType NotificationState:u1 -7
246 ReaderEventNotificationData / UTCTimestamp|Uptime HoppingEvent? GPIEvent? ROSpecEvent?
    ReportBufferLevelWarningEvent? ReportBufferOverflowErrorEvent? ReaderExceptionEvent? RFSurveyEvent?
    AISpecEvent? AntennaEvent? ConnectionAttemptEvent? ConnectionCloseEvent? Custom*
247 HoppingEvent HopTableID:u16 NextChannelIndex:u16
248 GPIEvent GPIPortNumber:u16 GPIEvent:u1 -7
249 ROSpecEvent EventType:u8:ROSpecEventType ROSpecID:u32 PreemptingROSpecID:u32
250 ReportBufferLevelWarningEvent ReportBufferPercentageFull:u8
251 ReportBufferOverflowErrorEvent
252 ReaderExceptionEvent Message:utf8v / ROSpecID? SpecIndex? InventoryParameterSpecID? AntennaID?
    AccessSpecID? OpSpecID? Custom*
253 RFSurveyEvent EventType:u8:RFSurveyEventType ROSpecID:u32 SpecIndex:u16
254 AISpecEvent EventType:u8:AISpecEventType ROSpecID:u32 SpecIndex:u16 / C1G2SingulationDetails?
255 AntennaEvent EventType:u8:AntennaEventType AntennaID:u16
256 ConnectionAttemptEvent Status:u16:ConnectionAttemptStatusType
257 ConnectionCloseEvent
287 LLRPStatus StatusCode:u16:StatusCode ErrorDescription:utf8v / FieldError? ParameterError?
288 FieldError FieldNum:u16 ErrorCode:u16:StatusCode
289 ParameterError ParameterType:u16 ErrorCode:u16:StatusCode / FieldError? ParameterError?
327 C1G2LLRPCapabilities CanSupportBlockErase:u1 CanSupportBlockWrite:u1 -6 MaxNumSelectFiltersPerQuery:u16
328 C1G2UHFRFModeTable / C1G2UHFRFModeTableEntry+
329 C1G2UHFRFModeTableEntry ModeIdentifier:u32 DRValue:u1:C1G2DRValue EPCHAGTCConformance:u1 -6
    MValue:u8:C1G2MValue ForwardLinkModulation:u8:C1G2ForwardLinkModulation
    SpectralMaskIndicator:u8:C1G2SpectralMaskIndicator BDRValue:u32 PIEValue:u32 MinTariValue:u32
    MaxTariValue:u32 StepTariValue:u32
330 C1G2InventoryCommand TagInventoryStateAware:u1 -7 / C1G2Filter* C1G2RFControl? C1G2SingulationControl?
    Custom*
331 C1G2Filter T:u2:C1G2TruncateAction -6 / C1G2TagInventoryMask C1G2TagInventoryStateAwareFilterAction?
    C1G2TagInventoryStateUnawareFilterAction?
332 C1G2TagInventoryMask MB:u2 -6 Pointer:u16 TagMask:u1v
333 C1G2TagInventoryStateAwareFilterAction Target:u8:C1G2StateAwareTarget Action:u8:C1G2StateAwareAction
334 C1G2TagInventoryStateUnawareFilterAction Action:u8:C1G2StateUnawareAction
335 C1G2RFControl ModeIndex:u16 Tari:u16
336 C1G2SingulationControl Session:u2 -6 TagPopulation:u16 TagTransitTime:u32 /
    C1G2TagInventoryStateAwareSingulationAction?
337 C1G2TagInventoryStateAwareSingulationAction I:u1:C1G2TagInventoryStateAwareI
    S:u1:C1G2TagInventoryStateAwareS -6
338 C1G2TagSpec / C1G2TargetTag+
339 C1G2TargetTag MB:u2 Match:u1 -5 Pointer:u16 TagMask:u1v TagData:u1v
341 C1G2Read OpSpecID:u16 AccessPassword:u32 MB:u2 -6 WordPointer:u16 WordCount:u16
342 C1G2Write OpSpecID:u16 AccessPassword:u32 MB:u2 -6 WordPointer:u16 WriteData:u16v
343 C1G2Kill OpSpecID:u16 KillPassword:u32
344 C1G2Lock OpSpecID:u16 AccessPassword:u32 / C1G2LockPayload+
345 C1G2LockPayload Privilege:u8:C1G2LockPrivilege DataField:u8:C1G2LockDataField
346 C1G2BlockErase OpSpecID:u16 AccessPassword:u32 MB:u2 -6 WordPointer:u16 WordCount:u16
347 C1G2BlockWrite OpSpecID:u16 AccessPassword:u32 MB:u2 -6 WordPointer:u16 WriteData:u16v
348 C1G2EPCMemorySelector EnableCRC:u1 EnablePCBits:u1 -6
349 C1G2ReadOpSpecResult Result:u8:C1G2ReadResultType OpSpecID:u16 ReadData:u16v
350 C1G2WriteOpSpecResult Result:u8:C1G2WriteResultType OpSpecID:u16 NumWordsWritten:u16
351 C1G2KillOpSpecResult Result:u8:C1G2KillResultType OpSpecID:u16
352 C1G2LockOpSpecResult Result:u8:C1G2LockResultType OpSpecID:u16
353 C1G2BlockEraseOpSpecResult Result:u8:C1G2BlockEraseResultType OpSpecID:u16
354 C1G2BlockWriteOpSpecResult Result:u8:C1G2BlockWriteResultType OpSpecID:u16 NumWordsWritten:u16
1023 Custom VendorIdentifier:u32 ParameterSubtype:u32 Data:bytesToEnd
"""

_ENUMERATIONS = """
AirProtocols: Unspecified EPCGlobalClass1Gen2
GetReaderCapabilitiesRequestedData: All General_Device_Capabilities LLRP_Capabilities
    Regulatory_Capabilities LLRP_Air_Protocol_Capabilities
CommunicationsStandard: Unspecified US_FCC_Part_15 ETSI_302_208 ETSI_300_220 Australia_LIPD_1W
    Australia_LIPD_4W Japan_ARIB_STD_T89 Hong_Kong_OFTA_1049 Taiwan_DGT_LP0002 Korea_MIC_Article_5_2
ROSpecState: Disabled Inactive Active
ROSpecStartTriggerType: Null Immediate Periodic GPI
ROSpecStopTriggerType: Null Duration GPI_With_Timeout
AISpecStopTriggerType: Null Duration GPI_With_Timeout Tag_Observation
TagObservationTriggerType: Upon_Seeing_N_Tags_Or_Timeout Upon_Seeing_No_More_New_Tags_For_Tms_Or_Timeout
    N_Attempts_To_See_All_Tags_In_FOV_Or_Timeout
RFSurveySpecStopTriggerType: Null Duration N_Iterations_Through_Frequency_Range
AccessSpecState: Disabled Active
AccessSpecStopTriggerType: Null Operation_Count
GetReaderConfigRequestedData: All Identification AntennaProperties AntennaConfiguration ROReportSpec
    ReaderEventNotificationSpec AccessReportSpec LLRPConfigurationStateValue KeepaliveSpec
    GPIPortCurrentState GPOWriteData EventsAndReports
IdentificationType: MAC_Address EPC
KeepaliveTriggerType: Null Periodic
GPIPortState: Low High Unknown
ROReportTriggerType: None Upon_N_Tags_Or_End_Of_AISpec Upon_N_Tags_Or_End_Of_ROSpec
AccessReportTriggerType: Whenever_ROReport_Is_Generated End_Of_AccessSpec
NotificationEventType: Upon_Hopping_To_Next_Channel GPI_Event ROSpec_Event Report_Buffer_Fill_Warning
    Reader_Exception_Event RFSurvey_Event AISpec_Event AISpec_Event_With_Details Antenna_Event
ROSpecEventType: Start_Of_ROSpec End_Of_ROSpec Preemption_Of_ROSpec
RFSurveyEventType: Start_Of_RFSurvey End_Of_RFSurvey
AISpecEventType: End_Of_AISpec
AntennaEventType: Antenna_Disconnected Antenna_Connected
ConnectionAttemptStatusType: Success Failed_A_Reader_Initiated_Connection_Already_Exists
    Failed_A_Client_Initiated_Connection_Already_Exists Failed_Reason_Other_Than_A_Connection_Already_Exists
    Another_Connection_Attempted
StatusCode: M_Success M_ParameterError=100 M_FieldError M_UnexpectedParameter M_MissingParameter
    M_DuplicateParameter M_OverflowParameter M_OverflowField M_UnknownParameter M_UnknownField
    M_UnsupportedMessage M_UnsupportedVersion M_UnsupportedParameter P_ParameterError=200 P_FieldError
    P_UnexpectedParameter P_MissingParameter P_DuplicateParameter P_OverflowParameter P_OverflowField
    P_UnknownParameter P_UnknownField P_UnsupportedParameter A_Invalid=300 A_OutOfRange R_DeviceError=401
C1G2DRValue: DRV_8 DRV_64_3
C1G2MValue: MV_FM0 MV_2 MV_4 MV_8
C1G2ForwardLinkModulation: PR_ASK SSB_ASK DSB_ASK
C1G2SpectralMaskIndicator: Unknown SI MI DI
C1G2TruncateAction: Unspecified Do_Not_Truncate Truncate
C1G2StateAwareTarget: SL Inventoried_State_For_Session_S0 Inventoried_State_For_Session_S1
    Inventoried_State_For_Session_S2 Inventoried_State_For_Session_S3
C1G2StateAwareAction: AssertSLOrA_DeassertSLOrB AssertSLOrA_Noop Noop_DeassertSLOrB NegateSLOrABBA_Noop
    DeassertSLOrB_AssertSLOrA DeassertSLOrB_Noop Noop_AssertSLOrA Noop_NegateSLOrABBA
C1G2StateUnawareAction: Select_Unselect Select_DoNothing DoNothing_Unselect Unselect_DoNothing
    Unselect_Select DoNothing_Select
C1G2TagInventoryStateAwareI: State_A State_B
C1G2TagInventoryStateAwareS: SL Not_SL
C1G2LockPrivilege: Read_Write Perma_Lock Perma_Unlock Unlock
C1G2LockDataField: Kill_Password Access_Password EPC_Memory TID_Memory User_Memory
C1G2ReadResultType: Success Nonspecific_Tag_Error No_Response_From_Tag Nonspecific_Reader_Error
C1G2WriteResultType: Success Tag_Memory_Overrun_Error Tag_Memory_Locked_Error Insufficient_Power
    Nonspecific_Tag_Error No_Response_From_Tag Nonspecific_Reader_Error
C1G2KillResultType: Success Zero_Kill_Password_Error Insufficient_Power Nonspecific_Tag_Error
    No_Response_From_Tag Nonspecific_Reader_Error
C1G2LockResultType: Success Insufficient_Power Nonspecific_Tag_Error No_Response_From_Tag
    Nonspecific_Reader_Error
C1G2BlockEraseResultType: Success Tag_Memory_Overrun_Error Tag_Memory_Locked_Error Insufficient_Power
    Nonspecific_Tag_Error No_Response_From_Tag Nonspecific_Reader_Error
C1G2BlockWriteResultType: Success Tag_Memory_Overrun_Error Tag_Memory_Locked_Error Insufficient_Power
    Nonspecific_Tag_Error No_Response_From_Tag Nonspecific_Reader_Error
"""


class WireKind(Enum):
    """How a field stands on the wire; everything is big-endian."""

    U1 = "u1"
    U2 = "u2"
    U8 = "u8"
    S8 = "s8"
    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    U64 = "u64"
    U96 = "u96"  # 12 octets
    BITS = "u1v"  # u16 number of bits, then whole octets, filled from the most significant bit
    OCTETS = "u8v"  # u16 number of octets
    U16S = "u16v"  # u16 number of elements
    U32S = "u32v"  # u16 number of elements
    TEXT = "utf8v"  # u16 number of octets
    REST = "bytesToEnd"  # all that is left
    RESERVED = "-"


@dataclass(frozen=True, slots=True)
class WireField:
    """One field. ``bits``: width of a fixed one, 0 of the others. ``name`` of reserved bits is empty."""

    name: str
    kind: WireKind
    bits: int
    enumeration: str | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """Which sub-parameters may stand here, and how often."""

    names: tuple[str, ...]
    required: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """One message or parameter. ``index`` gives a field's place among the named ones."""

    number: int
    name: str
    fields: tuple[WireField, ...]
    children: tuple[Child, ...]
    index: MappingProxyType[str, int]
    may_repeat: frozenset[str]

    @property
    def named(self) -> tuple[WireField, ...]:
        """The fields without the reserved bits."""
        return tuple(field for field in self.fields if field.kind is not WireKind.RESERVED)


_BITS = {
    WireKind.U1: 1,
    WireKind.U2: 2,
    WireKind.U8: 8,
    WireKind.S8: 8,
    WireKind.U16: 16,
    WireKind.S16: 16,
    WireKind.U32: 32,
    WireKind.U64: 64,
    WireKind.U96: 96,
}


def _rows(table: str) -> Iterator[str]:
    """Logical rows, each on one line."""
    for row in re.split(r"\n(?! )", table.strip()):
        yield " ".join(row.split()).replace(" | ", "|")


def _field(word: str) -> WireField:
    if word.startswith("-"):
        return WireField("", WireKind.RESERVED, int(word[1:]))
    name, kind, *enumeration = word.split(":")
    return WireField(name, WireKind(kind), _BITS.get(WireKind(kind), 0), enumeration[0] if enumeration else None)


def _child(word: str) -> Child:
    names = tuple(word.rstrip("?*+").split("|"))
    return Child(names, required=not word.endswith(("?", "*")), many=word.endswith(("*", "+")))


def _definitions(table: str) -> MappingProxyType[int, Definition]:
    found = {}
    for row in _rows(table):
        own, _, below = row.partition(" /")
        number, name, *words = own.split()
        fields = tuple(map(_field, words))
        children = tuple(map(_child, below.split()))
        named = [field.name for field in fields if field.name]
        found[int(number)] = Definition(
            int(number),
            name,
            fields,
            children,
            MappingProxyType({field: place for place, field in enumerate(named)}),
            frozenset(name for child in children if child.many for name in child.names),
        )
    return MappingProxyType(found)


def _enumeration(names: str) -> MappingProxyType[int, str]:
    found: dict[int, str] = {}
    value = -1
    for word in names.split():
        name, _, given = word.partition("=")
        value = int(given) if given else value + 1
        found[value] = name
    return MappingProxyType(found)


MESSAGES = _definitions(_MESSAGES)
"""Messages by type number."""
PARAMETERS = _definitions(_PARAMETERS)
"""Parameters by type number; those below 128 are type-value encoded (one octet, no length)."""
MESSAGES_BY_NAME = MappingProxyType({found.name: found for found in MESSAGES.values()})
PARAMETERS_BY_NAME = MappingProxyType({found.name: found for found in PARAMETERS.values()})
ENUMERATIONS = MappingProxyType(
    {name: _enumeration(names) for name, _, names in (row.partition(":") for row in _rows(_ENUMERATIONS))}
)
"""Enumerators: name of the enumeration -> value -> name of the enumerator."""
