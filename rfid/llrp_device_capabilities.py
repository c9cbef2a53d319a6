"""What the simulated reader says it can: an ETSI reader with 81 powers, four channels and one mode.

Public names: capabilities.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 9.2 and 15.2.1.
"""

from __future__ import annotations

from rfid.llrp_codec import Parameter, parameter


def capabilities(antennas: int, utc: bool, most_rospecs: int) -> tuple[Parameter, ...]:
    """General, LLRP, regulatory and Gen2 capabilities, in the order in which they can be requested."""
    return (_general(antennas, utc), _llrp(most_rospecs), _REGULATORY, _GEN2)


def _general(antennas: int, utc: bool) -> Parameter:
    return parameter(
        "GeneralDeviceCapabilities",
        parameter("ReceiveSensitivityTableEntry", Index=1, ReceiveSensitivityValue=0),
        parameter("GPIOCapabilities", NumGPIs=4, NumGPOs=4),
        *(parameter("PerAntennaAirProtocol", AntennaID=one, ProtocolID=b"\x01") for one in range(1, antennas + 1)),
        MaxNumberOfAntennaSupported=antennas,
        CanSetAntennaProperties=0,
        HasUTCClockCapability=int(utc),
        DeviceManufacturerName=0,
        ModelName=1,
        ReaderFirmwareVersion="simulated",
    )


def _llrp(most_rospecs: int) -> Parameter:
    return parameter(
        "LLRPCapabilities",
        CanDoRFSurvey=0,
        CanReportBufferFillWarning=0,
        SupportsClientRequestOpSpec=0,
        CanDoTagInventoryStateAwareSingulation=0,
        SupportsEventAndReportHolding=1,
        MaxNumPriorityLevelsSupported=1,
        ClientRequestOpSpecTimeout=0,
        MaxNumROSpecs=most_rospecs,
        MaxNumSpecsPerROSpec=32,
        MaxNumInventoryParameterSpecsPerAISpec=1,
        MaxNumAccessSpecs=0,
        MaxNumOpSpecsPerAccessSpec=0,
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
            parameter(
                "C1G2UHFRFModeTableEntry",
                ModeIdentifier=0,
                DRValue="DRV_64_3",
                EPCHAGTCConformance=0,
                MValue="MV_4",
                ForwardLinkModulation="PR_ASK",
                SpectralMaskIndicator="DI",
                BDRValue=250_000,
                PIEValue=2_000,
                MinTariValue=12_500,
                MaxTariValue=25_000,
                StepTariValue=0,
            ),
        ),
    ),
    CountryCode=276,
    CommunicationsStandard="ETSI_302_208",
)
_GEN2 = parameter("C1G2LLRPCapabilities", CanSupportBlockErase=0, CanSupportBlockWrite=0, MaxNumSelectFiltersPerQuery=0)
