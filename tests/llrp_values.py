"""Random LLRP values for laws: any message, any parameter, any tag report.

Public names: messages, parameters, fields, tags, reports, bodies_of.
"""

from __future__ import annotations

from hypothesis import strategies as st

from rfid.llrp.codec import BitString, Message, Parameter, RawMessage, RawParameter, Value, encode, parameter
from rfid.llrp.frames import HEADER
from rfid.llrp.schema import MESSAGES, PARAMETERS, Definition, WireKind

_NUMBERS = {WireKind.S8: (-(2**7), 2**7 - 1), WireKind.S16: (-(2**15), 2**15 - 1)}


def _value(kind: WireKind, bits: int) -> st.SearchStrategy[Value]:
    match kind:
        case WireKind.U96:
            return st.binary(min_size=12, max_size=12)
        case WireKind.BITS:
            return st.integers(0, 200).flatmap(
                lambda count: st.binary(min_size=(count + 7) // 8, max_size=(count + 7) // 8).map(
                    lambda octets: BitString(count, octets)
                )
            )
        case WireKind.OCTETS | WireKind.REST:
            return st.binary(max_size=20)
        case WireKind.U16S:
            return st.lists(st.integers(0, 2**16 - 1), max_size=5).map(tuple)
        case WireKind.U32S:
            return st.lists(st.integers(0, 2**32 - 1), max_size=5).map(tuple)
        case WireKind.TEXT:
            return st.binary(max_size=20).map(lambda octets: octets.decode("utf-8", "surrogateescape"))
        case _:
            return st.integers(*_NUMBERS.get(kind, (0, 2**bits - 1)))


def fields(definition: Definition) -> st.SearchStrategy[tuple[Value, ...]]:
    """Values for the fields of one definition."""
    return st.tuples(*(_value(field.kind, field.bits) for field in definition.named))


def _reserved(definition: Definition) -> st.SearchStrategy[tuple[int, ...]]:
    spare = [field.bits for field in definition.fields if field.kind is WireKind.RESERVED]
    some = st.tuples(*(st.integers(0, 2**bits - 1) for bits in spare))
    return st.one_of(st.just(()), some.map(lambda given: given if any(given) else ()))


def _takes_children(definition: Definition) -> bool:
    return definition.number > 127 and all(field.kind is not WireKind.REST for field in definition.fields)


def parameters(depth: int = 2) -> st.SearchStrategy[Parameter | RawParameter]:
    """Any parameter with any sub-parameters, in any order."""
    raw = st.builds(
        RawParameter,
        st.integers(128, 0x7FFF).filter(lambda number: number not in PARAMETERS),
        st.binary(max_size=12),
    )
    known = st.sampled_from(sorted(PARAMETERS)).flatmap(lambda number: _element(PARAMETERS[number], depth))
    return st.one_of(known, known, raw)


def _element(definition: Definition, depth: int) -> st.SearchStrategy[Parameter]:
    below = (
        st.lists(parameters(depth - 1), max_size=3).map(tuple) if depth and _takes_children(definition) else st.just(())
    )
    return st.builds(Parameter, st.just(definition.name), fields(definition), below, _reserved(definition))


def messages() -> st.SearchStrategy[Message | RawMessage]:
    """Any message, known or not."""
    ids, versions = st.integers(0, 2**32 - 1), st.sampled_from([1, 2])

    def known(definition: Definition) -> st.SearchStrategy[Message]:
        takes = _takes_children(definition) or definition.number < 128
        below = st.lists(parameters(), max_size=3).map(tuple) if takes else st.just(())
        return st.builds(
            Message, st.just(definition.name), ids, fields(definition), below, versions, _reserved(definition)
        )

    numbers = st.integers(0, 1023).filter(lambda number: number not in MESSAGES)
    return st.one_of(
        st.sampled_from(sorted(MESSAGES)).flatmap(lambda number: known(MESSAGES[number])),
        st.builds(RawMessage, numbers, ids, st.binary(max_size=30), versions),
    )


_EPC = st.one_of(
    st.builds(lambda octets: Parameter("EPC_96", (octets,)), st.binary(min_size=12, max_size=12)),
    st.integers(0, 6).flatmap(
        lambda words: st.binary(min_size=words * 2, max_size=words * 2).map(
            lambda octets: Parameter("EPCData", (BitString(len(octets) * 8, octets),))
        )
    ),
    fields(PARAMETERS[241]).map(lambda given: Parameter("EPCData", given)),
)
_INSIDE = [
    "ROSpecID",
    "SpecIndex",
    "InventoryParameterSpecID",
    "AntennaID",
    "PeakRSSI",
    "ChannelIndex",
    "FirstSeenTimestampUTC",
    "FirstSeenTimestampUptime",
    "LastSeenTimestampUTC",
    "LastSeenTimestampUptime",
    "TagSeenCount",
    "C1G2_PC",
    "C1G2_CRC",
    "AccessSpecID",
    "C1G2ReadOpSpecResult",
    "Custom",
    "Impinj",
    "Impinj",
]


def _inside(name: str) -> st.SearchStrategy[Parameter]:
    if name == "Impinj":
        return _impinj()
    definition = next(one for one in PARAMETERS.values() if one.name == name)
    return fields(definition).map(lambda given: Parameter(name, given))


def _impinj() -> st.SearchStrategy[Parameter]:
    words = st.integers(0, 6).flatmap(lambda count: st.binary(min_size=count * 2, max_size=count * 2))
    tid = words.map(lambda octets: (25_882, 55, (len(octets) // 2).to_bytes(2, "big") + octets))
    value = st.tuples(st.just(25_882), st.sampled_from([55, 56, 57, 58, 68]), st.binary(min_size=1, max_size=3))
    whole = st.tuples(st.just(25_882), st.sampled_from([56, 57, 68]), st.binary(min_size=2, max_size=2))
    return st.one_of(whole, whole, tid, value).map(lambda given: Parameter("Custom", given))


def tags() -> st.SearchStrategy[list[Parameter | RawParameter]]:
    """A few TagReportData of one random layout, with values of their own."""
    extra = st.builds(RawParameter, st.sampled_from([15, 300, 1100]), st.binary(max_size=8))

    def of_layout(names: list[str]) -> st.SearchStrategy[list[Parameter | RawParameter]]:
        one = st.tuples(_EPC, *(_inside(name) for name in names))
        return st.lists(one.map(lambda given: Parameter("TagReportData", (), given)), min_size=1, max_size=4)

    def with_more(some: list[Parameter | RawParameter]) -> st.SearchStrategy[list[Parameter | RawParameter]]:
        last = some[-1]
        assert isinstance(last, Parameter)
        longer = extra.map(
            lambda raw: [*some[:-1], Parameter(last.name, (), (*last.parameters, raw))],
        )
        return st.one_of(st.just(some), st.just(some), longer)

    names = st.lists(st.sampled_from(_INSIDE), max_size=6)
    twice = names.map(lambda some: some + some)
    return st.one_of(names, names, twice).flatmap(of_layout).flatmap(with_more)


def reports() -> st.SearchStrategy[Message]:
    """Any RO_ACCESS_REPORT: one layout or several, sometimes with something else than tags."""
    other = st.one_of(
        st.builds(lambda octets: [RawParameter(700, octets)], st.binary(max_size=5)),
        st.just([parameter("Custom", VendorIdentifier=25882, ParameterSubtype=1, Data=b"\x01")]),
        st.just([Parameter("TagReportData", (), ())]),
    )
    repeated = st.tuples(tags(), st.integers(1, 3)).map(lambda given: given[0] * given[1])
    portions = st.lists(st.one_of(repeated, repeated, repeated, other), max_size=4)
    return portions.map(
        lambda several: Message("RO_ACCESS_REPORT", 1, (), tuple(one for some in several for one in some))
    )


def bodies_of(message: Message | RawMessage) -> bytes:
    """The message's body, encoded."""
    return encode(message)[HEADER.size :]
