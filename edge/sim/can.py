"""What of a line the simulated floor cannot stand in for, said before anything begins.

Public names: UnsimulatedError, unsimulated, left_out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from edge.config.lines import LineConfig
from edge.config.opcua import UaPolicy
from edge.config.plcs import OpcUaConfig, PlcConfig, Transport
from edge.config.readers import (
    AutoIdConfig,
    BarcodeConfig,
    HttpJsonConfig,
    LlrpConfig,
    MqttJsonConfig,
    PushJsonConfig,
    ReaderConfig,
    SerialConfig,
)

_TLS = "TLS needs the device's own key, which the simulated one does not have"


class UnsimulatedError(Exception):
    """The simulated floor has no such devices; ``problems`` names each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n  ".join(("not simulated:", *problems)))
        self.problems = tuple(problems)


def unsimulated(config: LineConfig) -> list[str]:
    """Each device of the file that cannot be stood in for: its key, what it says, and why."""
    found = [problem for name, plc in config.plc.items() for problem in _plc(f"plc.{name}", plc)]
    return found + [problem for name, reader in config.reader.items() for problem in _reader(f"reader.{name}", reader)]


def left_out(config: LineConfig) -> list[str]:
    """What the floor goes on without, and the controller will find missing."""
    return [
        f"plc.{name}.packml: nobody serves the machine's PackML object"
        for name, plc in config.plc.items()
        if plc.packml is not None
    ]


def _plc(here: str, plc: PlcConfig) -> Iterator[str]:
    if plc.driver == "opcua":
        if plc.opcua.policy is not UaPolicy.NONE:
            yield f"{here}.opcua.policy: {plc.opcua.policy.value!r}: simulated is 'None' only"
        for key in ("up", "down"):
            if getattr(plc.opcua, key) != (usual := OpcUaConfig.model_fields[key].default):
                yield f"{here}.opcua.{key}: {getattr(plc.opcua, key)!r}: simulated is {usual!r} only"
        return
    match plc.transport:
        case Transport.TLS:
            yield f"{here}.transport: 'tls': {_TLS}"
        case Transport.RTU if plc.io is not None:
            yield f"{here}.transport: 'rtu': remote I/O is simulated with 'tcp' only"
        case Transport.RTU if plc.serial_server is None:
            yield f"{here}.device: {plc.device!r}: a serial line of this machine: simulated is socket://host:port only"
        case _:
            pass


def _reader(here: str, reader: ReaderConfig) -> Iterator[str]:
    match reader:
        case LlrpConfig() | MqttJsonConfig():
            if reader.transport == "tls":
                yield f"{here}.transport: 'tls': {_TLS}"
        case HttpJsonConfig():
            if reader.url.startswith("https:"):
                yield f"{here}.url: {reader.url!r}: {_TLS}"
        case PushJsonConfig():
            if reader.certificate is not None:
                yield f"{here}.certificate: a reader that checks our certificate is not simulated"
        case SerialConfig():
            if reader.driver == "pyrfid":
                yield f"{here}.driver: 'pyrfid': opens a line of this machine: simulated is 'serial' only"
            elif reader.server is None:
                yield f"{here}.device: {reader.device!r}: simulated is socket://host:port only"
        case AutoIdConfig():
            yield f"{here}.driver: 'autoid': an OPC UA server with the AutoID model is not simulated"
        case BarcodeConfig():
            pass
        case _:
            assert_never(reader)
