"""What the simulated reader says it can: an ETSI reader with 81 powers, four channels and two modes.

Public names: capabilities.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9.2 and 15.2.1.
"""

from __future__ import annotations

from rfid.llrp.codec import Parameter, parameter
from rfid.llrp_device.config import PORTS
from rfid.llrp_device.rospecs import MOST_ROSPECS
from rfid.llrp_device.tags import MOST_ACCESS_SPECS


def capabilities(antennas: int, utc: bool, maker: int = 0) -> tuple[Parameter, ...]:
    """General, LLRP, regulatory and Gen2 capabilities, in the order in which they can be requested."""
    return (_general(antennas, utc, maker), _LLRP, _REGULATORY, _GEN2)


def _general(antennas: int, utc: bool, maker: int) -> Parameter:
    return parameter(
        "GeneralDeviceCapabilities",
        parameter("ReceiveSensitivityTableEntry", Index=1, ReceiveSensitivityValue=0),
        parameter("GPIOCapabilities", NumGPIs=PORTS, NumGPOs=PORTS),
        *(parameter("PerAntennaAirProtocol", AntennaID=one, ProtocolID=b"\x01") for one in range(1, antennas + 1)),
        MaxNumberOfAntennaSupported=antennas,
        CanSetAntennaProperties=0,
        HasUTCClockCapability=int(utc),
        DeviceManufacturerName=maker,
        ModelName=1,
        ReaderFirmwareVersion="simulated",
    )


_LLRP = parameter(
    "LLRPCapabilities",
    CanDoRFSurvey=0,
    CanReportBufferFillWarning=0,
    SupportsClientRequestOpSpec=0,
    CanDoTagInventoryStateAwareSingulation=0,
    SupportsEventAndReportHolding=1,
    MaxNumPriorityLevelsSupported=1,
    ClientRequestOpSpecTimeout=0,
    MaxNumROSpecs=MOST_ROSPECS,
    MaxNumSpecsPerROSpec=32,
    MaxNumInventoryParameterSpecsPerAISpec=1,
    MaxNumAccessSpecs=MOST_ACCESS_SPECS,
    MaxNumOpSpecsPerAccessSpec=8,
)


def _mode(identifier: int, code: str, bits_s: int) -> Parameter:
    return parameter(
        "C1G2UHFRFModeTableEntry",
        ModeIdentifier=identifier,
        DRValue="DRV_64_3",
        EPCHAGTCConformance=0,
        MValue=code,
        ForwardLinkModulation="PR_ASK",
        SpectralMaskIndicator="DI",
        BDRValue=bits_s,
        PIEValue=2_000,
        MinTariValue=12_500,
        MaxTariValue=25_000,
        StepTariValue=0,
    )


_REGULATORY = parameter(
    "RegulatoryCapabilities",
    parameter(
        "UHFBandCapabilities",
        *(
            parameter("TransmitPowerLevelTableEntry", Index=place + 1, TransmitPowerValue=1_000 + 25 * place)
            for place in range(81)
        ),
        parameter(
            "FrequencyInformation",
            parameter("FixedFrequencyTable", Frequency=(865_700, 866_300, 866_900, 867_500)),
            Hopping=0,
        ),
        parameter(
            "C1G2UHFRFModeTable",
            _mode(0, "MV_4", 250_000),
            _mode(2, "MV_8", 170_600),
        ),
    ),
    CountryCode=276,
    CommunicationsStandard="ETSI_302_208",
)
_GEN2 = parameter("C1G2LLRPCapabilities", CanSupportBlockErase=0, CanSupportBlockWrite=0, MaxNumSelectFiltersPerQuery=0)
