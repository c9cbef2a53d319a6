"""The fast path of RO_ACCESS_REPORT gives what the codec gives, for any report."""

from __future__ import annotations

import math
from pathlib import Path

import llrp_values
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid.driver import ReaderClock, Reads, TagDetail, TagRead
from rfid.llrp.codec import BitString, LlrpError, Message, Parameter, RawParameter, decode, parameter
from rfid.llrp.frames import HEADER, Frame
from rfid.llrp.impinj import ImpinjOptions
from rfid.llrp.reports import REPORT, ReportDecoder, reads_of
from rfid.llrp.rospec import REPORT_CONTENT
from rfid.llrp.schema import PARAMETERS_BY_NAME
from rfid.llrp_device.report_encoder import ReportEncoder

_SWITCHES = tuple(PARAMETERS_BY_NAME["TagReportContentSelector"].index)


class _Slow:
    """Every report through the codec and ``reads_of`` alone; remembers what came last, as the decoder does."""

    def __init__(self) -> None:
        self.before: Reads | None = None

    def decode(self, body: bytes) -> tuple[Reads, ...] | str:
        try:
            message = decode(Frame(REPORT, 0, 1, body))
            assert isinstance(message, Message)
            found = reads_of(message) if self.before is None else reads_of(message, self.before)
        except LlrpError as error:
            return str(error)
        self.before = found[-1] if found else self.before
        return found


def _fast(decoder: ReportDecoder, body: bytes) -> tuple[Reads, ...] | str:
    try:
        return decoder.decode(body)
    except LlrpError as error:
        return str(error)


@given(st.lists(llrp_values.reports(), min_size=1, max_size=4))
def test_fast_and_slow_agree_on_any_reports_of_one_reader(reports: list[Message]) -> None:
    decoder, slow = ReportDecoder(), _Slow()
    for report in reports + reports[::-1]:
        body = llrp_values.bodies_of(report)
        assert _fast(decoder, body) == slow.decode(body)


@given(llrp_values.reports(), st.data())
def test_fast_and_slow_agree_on_mutated_reports(report: Message, data: st.DataObject) -> None:
    body = bytearray(llrp_values.bodies_of(report))
    decoder, slow = ReportDecoder(), _Slow()
    assert _fast(decoder, bytes(body)) == slow.decode(bytes(body))
    for _ in range(data.draw(st.integers(1, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    original = llrp_values.bodies_of(report)
    for mutated in (bytes(body), bytes(body[:-1]), bytes(body * 2), original * 29 + body, body + original * 29):
        assert _fast(decoder, bytes(mutated)) == slow.decode(bytes(mutated))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_fast_and_slow_agree_whatever_octet_of_our_own_reports_is_another(count: int) -> None:
    reads = [TagRead(f"30{number:022X}", 1 + number, -40.0, 1_000_000 + number, 1) for number in range(count)]
    good = ReportEncoder(REPORT_CONTENT, 1, ReaderClock.UTC).encode(reads, 1)[HEADER.size :]
    size = len(good) // count
    for place in {*range(size), *range(len(good) - size, len(good))}:
        decoder, slow = ReportDecoder(), _Slow()
        bad = good[:place] + bytes((good[place] ^ 0x41,)) + good[place + 1 :]
        for body in (good, bad, good):
            assert _fast(decoder, body) == slow.decode(body)


_READS = st.builds(
    TagRead,
    st.integers(0, 8)
    .flatmap(lambda words: st.binary(min_size=words * 2, max_size=words * 2))
    .map(lambda octets: octets.hex().upper()),
    st.integers(0, 8) | st.integers(0, 65_535),
    st.integers(-128, 127).map(float),
    st.integers(0, 2**64 - 1),
    st.integers(0, 8) | st.integers(0, 65_535),
)


@given(
    st.lists(_READS, max_size=8),
    st.sets(st.sampled_from(_SWITCHES)) | st.just({*_SWITCHES}),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from(ReaderClock),
)
def test_what_the_encoder_writes_is_what_the_selector_lets_through(
    reads: list[TagRead], on: set[str], memory: tuple[bool, bool], clock: ReaderClock
) -> None:
    epc_memory = parameter("C1G2EPCMemorySelector", EnableCRC=int(memory[0]), EnablePCBits=int(memory[1]))
    selector = parameter("TagReportContentSelector", epc_memory, **{switch: int(switch in on) for switch in _SWITCHES})
    encoder = ReportEncoder(selector, 7, clock)
    octets = encoder.encode(reads, 3)
    timed = clock is not ReaderClock.NONE and on & {"EnableFirstSeenTimestamp", "EnableLastSeenTimestamp"}
    expected = tuple(
        TagRead(
            read.epc,
            read.antenna if "EnableAntennaID" in on else 0,
            read.rssi_dbm if "EnablePeakRSSI" in on else -128.0,
            read.at_us if timed else 0,
            max(1, read.seen) if "EnableTagSeenCount" in on else 1,
        )
        for read in reads
    )
    stamps = clock if timed else ReaderClock.NONE
    decoder = ReportDecoder()
    for times in (1, 29, 1):  # a few tags, many
        body = encoder.encode(reads * times, 3)[HEADER.size :]
        assert decoder.decode(body) == ((Reads(expected * times, stamps),) if reads else ())
    message = decode(Frame(REPORT, 3, 1, octets[HEADER.size :]))
    assert isinstance(message, Message)
    for tag in message.all("TagReportData"):
        names = [one.name for one in tag.parameters if isinstance(one, Parameter)]
        assert ("ROSpecID" in names) == ("EnableROSpecID" in on)
        assert ("C1G2_CRC" in names, "C1G2_PC" in names) == memory


def test_a_thousand_tags_of_two_layouts_come_out_in_order() -> None:
    tags = [
        Parameter(
            "TagReportData",
            (),
            (
                Parameter("EPC_96", (number.to_bytes(12, "big"),))
                if long
                else Parameter("EPCData", (BitString(128, number.to_bytes(16, "big")),)),
                Parameter("FirstSeenTimestampUptime" if long else "FirstSeenTimestampUTC", (number,)),
            ),
        )
        for number, long in ((number, number < 700) for number in range(1_000))
    ]
    found = ReportDecoder().decode(llrp_values.bodies_of(Message("RO_ACCESS_REPORT", 1, (), tuple(tags))))
    assert [(one.clock, len(one.reads)) for one in found] == [(ReaderClock.UPTIME, 700), (ReaderClock.UTC, 300)]
    assert [read.at_us for one in found for read in one.reads] == list(range(1_000))
    uniform = llrp_values.bodies_of(Message("RO_ACCESS_REPORT", 1, (), tuple(tags[:700])))
    (reads,) = ReportDecoder().decode(uniform)
    assert [int(read.epc, 16) for read in reads.reads] == list(range(700))


def test_what_a_reader_leaves_out_is_as_it_was_with_the_tag_before() -> None:
    epc = parameter("EPC_96", EPC=bytes(12))
    said = (
        parameter("AntennaID", AntennaID=3),
        parameter("PeakRSSI", PeakRSSI=-40),
        parameter("FirstSeenTimestampUptime", Microseconds=77),
        parameter("TagSeenCount", TagCount=2),
    )
    everything, nothing = Parameter("TagReportData", (), (epc, *said)), Parameter("TagReportData", (), (epc,))
    other = Parameter("TagReportData", (), (epc, parameter("AntennaID", AntennaID=4)))
    decoder = ReportDecoder()

    def report(*tags: Parameter) -> list[tuple[int, float, int, int, str]]:
        body = llrp_values.bodies_of(Message("RO_ACCESS_REPORT", 1, (), tags))
        return [(*read[1:], one.clock.value) for one in decoder.decode(body) for read in one.reads]

    assert report(nothing) == [(0, -128.0, 0, 1, "none")]
    full, changed = (3, -40.0, 77, 2, "uptime"), (4, -40.0, 77, 2, "uptime")
    assert report(everything, nothing, other, nothing) == [full, full, changed, changed]
    assert report(nothing, nothing) == [changed, changed]
    for _ in range(2):  # both layouts are known the second time
        assert report(everything) == [full] and report(nothing) == [full]
        assert report(other) == [changed] and report(nothing) == [changed]


def test_impinj_values_come_with_the_read_and_power_is_finer() -> None:
    selector = parameter("TagReportContentSelector", **dict.fromkeys(_SWITCHES, 1))
    encoder = ReportEncoder(selector, 1, ReaderClock.UTC, ImpinjOptions(details=True, fast_id=True))
    reads = [TagRead(f"{number:024X}", 1, -60 - number / 100, number, 1) for number in range(1, 40)]
    details = [TagDetail(number * math.pi / 2048, number / -16, f"E2801160{number:016X}") for number in range(1, 40)]
    decoder = ReportDecoder()
    for first, last in ((0, 1), (0, 3), (3, 39)):  # one tag, a few, many
        octets = encoder.encode(reads[first:last], 1, details[first:last])
        assert decoder.decode(octets[HEADER.size :]) == (
            Reads(tuple(reads[first:last]), ReaderClock.UTC, False, tuple(details[first:last])),
        )
    plain = ReportEncoder(selector, 1, ReaderClock.UTC).encode(reads[:2], 1)
    together = decoder.decode(octets[HEADER.size :] + plain[HEADER.size :])
    assert [(len(one.reads), len(one.details)) for one in together] == [(36, 36), (2, 0)]


def test_an_epc_of_odd_length_is_filled_up_to_whole_words() -> None:
    tag = parameter("TagReportData", parameter("EPCData", EPC=BitString(12, b"\xab\xcf")))
    (reads,) = reads_of(Message("RO_ACCESS_REPORT", 1, (), (tag,)))
    assert reads == Reads((TagRead("ABC0", 0, -128.0, 0, 1),), ReaderClock.NONE)


def test_a_tag_without_epc_is_a_typed_error() -> None:
    body = llrp_values.bodies_of(
        Message("RO_ACCESS_REPORT", 1, (), (RawParameter(999, b""), Parameter("TagReportData")))
    )
    with pytest.raises(LlrpError, match="TagReportData number 1 has no EPC"):
        ReportDecoder().decode(body)


def test_recorded_reports_give_their_reads(shared: Path) -> None:
    decoder = ReportDecoder()
    bodies = [path.read_bytes() for path in sorted((shared / "llrp-recorded").rglob("ROAccessReport-*.bytes"))]
    assert len(bodies) == 9
    for body in bodies:
        (reads,) = decoder.decode(body)
        (read,) = reads.reads
        assert reads.clock is ReaderClock.UTC and len(read.epc) == 24 and read.antenna == 1 and read.rssi_dbm < -20
    (together,) = decoder.decode(b"".join(bodies))
    assert together.reads == tuple(read for body in bodies for one in decoder.decode(body) for read in one.reads)
