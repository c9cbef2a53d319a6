"""Payloads of Sparkplug B: protocol buffers whose description is built here, without a compiler.

Public names: encode, asks_rebirth, host_state, HostState, REBIRTH, BD_SEQ.

Needs the extra ``sparkplug``. Only what is told here is described: the payload and its metrics with scalar values.
Source: Sparkplug 3.0.0, 6.4 (payload), 6.4.14 (birth and death sequence), annex of sparkplug_b.proto.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from edge.publish.sparkplug_metrics import Metric, MetricType

BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
_PACKAGE = "org.eclipse.tahu.protobuf"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PAYLOAD: tuple[tuple[str, int, int], ...] = (
    ("timestamp", 1, _FIELD.TYPE_UINT64),
    ("seq", 3, _FIELD.TYPE_UINT64),
)
_METRIC: tuple[tuple[str, int, int], ...] = (
    ("name", 1, _FIELD.TYPE_STRING),
    ("alias", 2, _FIELD.TYPE_UINT64),
    ("timestamp", 3, _FIELD.TYPE_UINT64),
    ("datatype", 4, _FIELD.TYPE_UINT32),
    ("is_historical", 5, _FIELD.TYPE_BOOL),
    ("is_transient", 6, _FIELD.TYPE_BOOL),
    ("is_null", 7, _FIELD.TYPE_BOOL),
)
_VALUES: tuple[tuple[str, int, int], ...] = (
    ("int_value", 10, _FIELD.TYPE_UINT32),
    ("long_value", 11, _FIELD.TYPE_UINT64),
    ("float_value", 12, _FIELD.TYPE_FLOAT),
    ("double_value", 13, _FIELD.TYPE_DOUBLE),
    ("boolean_value", 14, _FIELD.TYPE_BOOL),
    ("string_value", 15, _FIELD.TYPE_STRING),
)


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="lanewise/sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    payload = file.message_type.add(name="Payload")
    metric = payload.nested_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    optional = _FIELD.LABEL_OPTIONAL
    for name, number, kind in _PAYLOAD:
        payload.field.add(name=name, number=number, type=kind, label=optional)
    payload.field.add(
        name="metrics",
        number=2,
        type=_FIELD.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.Payload.Metric",
        label=_FIELD.LABEL_REPEATED,
    )
    for name, number, kind in _METRIC:
        metric.field.add(name=name, number=number, type=kind, label=optional)
    for name, number, kind in _VALUES:
        metric.field.add(name=name, number=number, type=kind, label=optional, oneof_index=0)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


_Payload = _payload_class()


def encode(metrics: Iterable[Metric], at_us: int, seq: int | None, historical_before_us: int = 0) -> bytes:
    """A payload. ``seq`` 0..255, None in NDEATH. What was before ``historical_before_us`` is marked as history."""
    payload = _Payload(timestamp=max(0, at_us) // 1000)
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        told = payload.metrics.add(name=metric.name, timestamp=max(0, metric.at_us) // 1000, datatype=int(metric.kind))
        if metric.at_us < historical_before_us:
            told.is_historical = True
        match metric.value, metric.kind:
            case None, _:
                told.is_null = True
            case int() as value, MetricType.DATE_TIME:
                told.long_value = max(0, value) // 1000
            case int() as value, MetricType.INT64:
                told.long_value = value % 2**64
            case value, MetricType.DOUBLE:
                told.double_value = value
            case value, MetricType.BOOLEAN:
                told.boolean_value = value
            case _:
                told.string_value = str(metric.value)
    encoded: bytes = payload.SerializeToString()
    return encoded


class HostState(NamedTuple):
    """What a host application says of itself; ``at_ms``: since 1970 UTC, of the connection that it speaks of."""

    online: bool
    at_ms: int


def host_state(body: bytes) -> HostState | None:
    """A STATE message; None for what is none. Source: Sparkplug 3.0.0, 6.4.28 (STATE payload)."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    match told:
        case {"online": bool(online), "timestamp": int(at_ms)} if not isinstance(at_ms, bool):
            return HostState(online, at_ms)
        case _:
            return None


def asks_rebirth(body: bytes) -> bool:
    """Whether an NCMD asks for births; false for what is no payload."""
    try:
        payload = _Payload.FromString(body)
    except DecodeError:
        return False
    return any(metric.name == REBIRTH and metric.boolean_value for metric in payload.metrics)
