"""The LLRP session in virtual time: against the simulated reader's inside, others' dissector, and mutated frames."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llrp_talk import READ_96, READ_128, SETTINGS, Talk
from pcap import write_pcap

from rfid.driver import ClockSample, PortChanged, ReaderClock, ReaderFailure, ReaderNotice, ReaderReady, Reads
from rfid.llrp.access import read_tid, write_epc
from rfid.llrp.codec import BitString, Message, Parameter, RawMessage, decode, encode, message, parameter
from rfid.llrp.frames import HEADER, BadFrame, Frame, Frames
from rfid.llrp.impinj import ImpinjOptions
from rfid.llrp.phase import Ended, Phase, Send, SessionOutput
from rfid.llrp.session import LlrpSession
from rfid.llrp.settings import GpiStart, LlrpSettings
from rfid.llrp_device.answers import complaint
from rfid.llrp_device.device import LlrpDevice


def _work(talk: Talk) -> None:
    """Everything else that goes over the wire: outputs, tags' memories, what was held."""
    device, session = talk.device, talk.session
    talk.carry_out(session.set_output(3, True, 0))
    talk.carry_out(session.access(write_epc(1, "30" * 12, epc=READ_96.epc), 0))
    talk.carry_out(session.access(read_tid(2), 0))
    talk.from_reader(device.report([READ_96]))
    talk.from_reader(device.report([READ_128]))
    talk.carry_out(session.end_access(2, 0))


def _whole_life(work: Callable[[Talk], None] = lambda talk: None) -> Talk:
    talk = Talk().start()
    work(talk)
    for step in (
        lambda: talk.device.report([READ_96]),
        lambda: talk.device.report([READ_128, READ_96]),
        lambda: talk.device.keepalive(),
        lambda: talk.device.gpi(2, True, 5),
        lambda: talk.device.antenna(1, False, 6),
    ):
        talk.from_reader(step())
    talk.carry_out(talk.session.close(talk.now_us))
    return talk


def test_a_whole_life_from_greeting_to_goodbye() -> None:
    talk = _whole_life()
    assert [one.name for one in talk.said(by_client=True)] == [
        "GET_READER_CAPABILITIES",
        "GET_ROSPECS",
        "SET_READER_CONFIG",
        "DELETE_ROSPEC",
        "DELETE_ACCESSSPEC",
        "ADD_ROSPEC",
        "ENABLE_ROSPEC",
        "GET_ROSPECS",
        "GET_READER_CONFIG",
        "GET_READER_CONFIG",
        "ENABLE_EVENTS_AND_REPORTS",
        "KEEPALIVE_ACK",
        "CLOSE_CONNECTION",
    ]
    assert len(talk.said(by_client=False)) == 17
    assert talk.events == [
        ClockSample(0, ReaderClock.UTC),
        *(PortChanged("antenna", number, True) for number in (1, 2)),
        *(PortChanged("gpi", number, False) for number in (1, 2, 3, 4)),
        ReaderReady("maker 0 model 1, firmware simulated, 2 antennas, 19.75 dBm"),
        Reads((READ_96,), ReaderClock.UTC),
        Reads((READ_128, READ_96), ReaderClock.UTC),
        PortChanged("gpi", 2, True),
        PortChanged("antenna", 1, False),
        Ended("closed"),
    ]
    assert talk.session.deadline_us is None and talk.session.receive(b"\0" * 99, 0) == []


@pytest.mark.parametrize("clock", ReaderClock)
def test_reads_carry_the_readers_own_clock(clock: ReaderClock) -> None:
    talk = Talk(device=LlrpDevice("sim", clock=clock)).start()
    (event,) = talk.from_reader(talk.device.report([READ_96]))
    at_us = 0 if clock is ReaderClock.NONE else READ_96.at_us
    assert event == Reads((READ_96._replace(at_us=at_us),), clock)


def test_dissectors_of_others_understand_both_directions(peer: Callable[[str], str], tmp_path: Path) -> None:
    tshark = peer("tshark")
    talk = _whole_life(_work)
    # Not 0 (all) and 1: tshark 4.0 takes the Identification of any reader, recorded real ones too, for 2 octets less.
    asked = [encode(_config_request(number)) for number in range(2, 12)] + [encode(message("GET_ROSPECS", 77))]
    device = talk.device
    device.connect(9)
    for octets in asked:
        talk.wire += [(True, octets), (False, device.receive(octets, 9).octets)]
    capture = tmp_path / "llrp.pcap"
    write_pcap(capture, talk.wire, 5084)
    command = [tshark, "-r", str(capture), "-d", "tcp.port==5084,llrp", "-T", "fields"]
    command += ["-e", "tcp.srcport", "-e", "llrp.type", "-e", "_ws.malformed"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    seen: dict[bool, list[int]] = {True: [], False: []}
    for line in shown.splitlines():
        port, types, malformed = line.split("\t")
        assert not malformed, line
        seen[port != "5084"] += [int(one, 0) for one in types.split(",") if one]
    for by_client in (True, False):
        assert seen[by_client] == [one.definition.number for one in talk.said(by_client)]


def _config_request(number: int) -> Message:
    return message("GET_READER_CONFIG", number, AntennaID=0, RequestedData=number, GPIPortNum=0, GPOPortNum=0)


def _stream() -> bytes:
    return b"".join(octets for by_client, octets in _whole_life().wire if not by_client)


def _sent_and_told(outputs: list[SessionOutput]) -> tuple[bytes, list[SessionOutput]]:
    sent = b"".join(one.octets for one in outputs if isinstance(one, Send))
    return sent, [one for one in outputs if not isinstance(one, Send)]


_STREAM = _stream()
_BAD = HEADER.pack(1 << 10 | 61, 12, 0) + b"\x81\x00"


@given(st.lists(st.integers(0, len(_STREAM) + 20), max_size=12), st.sampled_from([b"", _BAD, b"garbage to the end"]))
def test_any_split_of_the_stream_gives_the_same_events(cuts: list[int], last: bytes) -> None:
    stream = _STREAM + last
    whole, split = LlrpSession(SETTINGS, 0), LlrpSession(SETTINGS, 0)
    outputs: list[SessionOutput] = []
    at = 0
    for cut in [*sorted(cuts), len(stream)]:
        outputs += split.receive(stream[at:cut], 0)
        at = cut
    assert _sent_and_told(outputs) == _sent_and_told(whole.receive(stream, 0))
    assert split.phase is whole.phase and split.deadline_us == whole.deadline_us


# -- time


def test_of_a_long_report_only_a_bad_tag_is_lost_and_no_step_has_many_that_the_codec_must_read() -> None:
    """A reader that tells odd EPCs, or tags of many layouts, sends as long reports as any other."""

    def odd(number: int) -> Parameter:
        return parameter("TagReportData", parameter("EPCData", EPC=BitString(92, number.to_bytes(12, "big"))))

    plain = [
        parameter(
            "TagReportData", parameter("EPC_96", EPC=number.to_bytes(12, "big")), parameter("AntennaID", AntennaID=1)
        )
        for number in range(256)
    ]
    several = [
        [odd(number) for number in range(250)],
        [plain[number] if number % 3 else odd(number) for number in range(250)],
    ]
    nothing = Parameter("TagReportData")
    for held in (True, False):
        for tags in several:
            session = Talk().start().session
            if not held:
                list(session.steps(encode(Message("RO_ACCESS_REPORT", 1, (), (odd(1),))), 1))
            report = encode(Message("RO_ACCESS_REPORT", 1, (), (*tags[:100], nothing, *tags[100:])))
            steps = list(session.steps(report, 10))
            bad = [one for step in steps for one in step if isinstance(one, BadFrame)]
            reads = [[read for one in step if isinstance(one, Reads) for read in one.reads] for step in steps]
            assert [int(read.epc, 16) >> 4 << 4 for step in reads for read in step] == [n >> 4 << 4 for n in range(250)]
            assert len(bad) == 1 and "TagReportData number 1 has no EPC" in bad[0].reason
            assert max(map(len, reads)) <= 32
        session = Talk().start().session
        (step,) = session.steps(encode(Message("RO_ACCESS_REPORT", 1, (), tuple(plain))), 10)
        assert [len(one.reads) for one in step if isinstance(one, Reads)] == [256], "a layout takes no time"
    status = parameter("LLRPStatus", StatusCode=0, ErrorDescription="")
    inputs = [parameter("GPIPortCurrentState", GPIPortNum=1, Config=1, State=1)] * 9_000
    (bad_one,) = session.receive(encode(Message("GET_READER_CONFIG_RESPONSE", 9, (), (status, *inputs))), 20)
    assert isinstance(bad_one, BadFrame) and "it has 720" in bad_one.reason and not bad_one.desynchronised


def test_two_missed_keepalives_end_a_reading_session_and_not_sooner() -> None:
    talk = Talk().start()
    for second in range(1, 50):
        talk.now_us = second * 1_000_000
        assert talk.session.expire(talk.now_us) == []
        talk.from_reader(talk.device.keepalive())
    assert talk.session.deadline_us == 50_600_000  # two keepalives are missing: slow, if it says anything else
    assert talk.session.expire(50_600_000) == [] and talk.session.deadline_us == 51_000_000
    assert talk.session.expire(50_999_999) == []
    assert talk.session.expire(51_000_000) == [Ended("no keepalive for 2000 ms", ReaderFailure.SILENT)]
    assert talk.session.expire(99_000_000) == [] and talk.session.deadline_us is None


@pytest.mark.parametrize("answers", range(11))
def test_a_reader_that_stops_answering_ends_the_session_in_every_phase(answers: int) -> None:
    device, session = LlrpDevice("sim", antennas=2), LlrpSession(SETTINGS, 7)
    assert session.deadline_us == 5_000_007
    octets = device.connect(0)
    for turn in range(answers):
        sent = [one for one in session.receive(octets, turn * 1_000_000) if isinstance(one, Send)]
        octets = b"".join(device.receive(one.octets, 0).octets for one in sent)
    phase, deadline_us = session.phase, session.deadline_us
    assert deadline_us is not None
    (ended,) = session.expire(deadline_us)
    assert isinstance(ended, Ended) and phase.value in ended.reason and "5000 ms" in ended.reason
    assert ended.failure is ReaderFailure.SILENT and list(Phase).index(phase) >= answers


# -- what readers answer when they do not want


def _answered(*parameters: Parameter, name: str = "READER_EVENT_NOTIFICATION", message_id: int = 0) -> bytes:
    if name == "READER_EVENT_NOTIFICATION":
        stamp = parameter("UTCTimestamp", Microseconds=0)
        parameters = (parameter("ReaderEventNotificationData", stamp, *parameters),)
    return encode(message(name, message_id, *parameters))


def _status(code: str, *below: Parameter) -> Parameter:
    return parameter("LLRPStatus", *below, StatusCode=code, ErrorDescription="not today")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (1, "the reader made itself"),
        (2, "another client holds the reader"),
        (3, "gave no reason"),
        (77, "status 77"),
    ],
)
def test_a_refused_connection_says_why(status: int, reason: str) -> None:
    (ended,) = LlrpSession(SETTINGS, 0).receive(_answered(parameter("ConnectionAttemptEvent", Status=status)), 0)
    assert isinstance(ended, Ended) and reason in ended.reason


def test_an_error_in_a_response_ends_with_the_readers_words() -> None:
    error = parameter("FieldError", FieldNum=2, ErrorCode="P_FieldError")
    for name, below, told in (
        ("GET_READER_CAPABILITIES_RESPONSE", (error,), "M_FieldError: not today; field 2 P_FieldError"),
        ("ERROR_MESSAGE", (), "answered with an error: M_FieldError: not today"),
    ):
        session = LlrpSession(SETTINGS, 0)
        session.receive(_answered(parameter("ConnectionAttemptEvent", Status=0)), 0)
        stranger = _answered(_status("M_FieldError"), name="GET_READER_CAPABILITIES_RESPONSE", message_id=99)
        assert isinstance(session.receive(stranger, 0)[0], ReaderNotice)
        (ended,) = session.receive(_answered(_status("M_FieldError", *below), name=name, message_id=1), 0)
        assert isinstance(ended, Ended) and told in ended.reason


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (LlrpSettings("p", antennas=(1, 3)), "antenna 3 is not in 1..2"),
        (LlrpSettings("p", power_dbm=9.9), "power_dbm: 9.9 is not in 10..30"),
        (LlrpSettings("p", mode="m2-640k"), "mode: m2-640k is not one of m4-250k (0), m8-170k (2)"),
        (LlrpSettings("p", mode=1), "mode: 1 is not one of m4-250k (0), m8-170k (2)"),
        (LlrpSettings("p", start=GpiStart(5)), "start: input 5 is not in 1..4"),
        (LlrpSettings("p", impinj=ImpinjOptions("tag-focus")), "impinj: maker 0 is not Impinj"),
    ],
)
def test_settings_that_the_reader_cannot_do_end_before_anything_is_changed(settings: LlrpSettings, reason: str) -> None:
    talk = Talk(settings).start()
    assert talk.events[1:] == [Ended(reason, ReaderFailure.SETUP)] and len(talk.said(by_client=True)) == 1
    with pytest.raises(ValueError, match=r"p: tag_session: 4 is not in 0\.\.3"):
        LlrpSettings("p", tag_session=4)


def test_events_while_reading() -> None:
    mine = {"ROSpecID": 1, "PreemptingROSpecID": 0}
    for event, expected in (
        (parameter("ConnectionAttemptEvent", Status=4), ReaderNotice("another client tried to connect")),
        (parameter("ConnectionCloseEvent"), Ended("the reader closed the connection")),
        (parameter("ROSpecEvent", EventType=1, **mine), None),  # not true, as it says when asked
        (parameter("ReaderExceptionEvent", Message="hot"), ReaderNotice("exception in the reader: hot")),
        (parameter("ROSpecEvent", EventType=0, **mine), None),
        (parameter("HoppingEvent", HopTableID=1, NextChannelIndex=2), None),
    ):
        assert Talk().start().from_reader(_answered(event)) == ([expected] if expected else [])
    assert Talk().start().from_reader(encode(RawMessage(999, 1, b""))) == [ReaderNotice("message of unknown type 999")]


def test_a_new_client_finds_a_reader_of_an_earlier_one_and_takes_it_over() -> None:
    first = Talk().start()
    device = first.device
    assert device.reading
    device.disconnect()
    assert not device.reading and device.report([READ_96]) is None
    second = Talk(device=device).start()
    assert second.session.phase is Phase.READING and device.report([READ_96])


# -- the simulated reader to clients that ask for the wrong


def test_the_device_refuses_with_the_status_of_the_standard() -> None:
    device = LlrpDevice("sim", antennas=2)
    device.connect(0)
    add = Talk().start().said(by_client=True)[5]
    (rospec,) = add.all("ROSpec")

    def ask(one: Message | RawMessage) -> tuple[str, int, str]:
        (frame,) = Frames().feed(device.receive(encode(one), 0).octets)
        assert isinstance(frame, Frame)
        answer = decode(frame)
        assert isinstance(answer, Message) and complaint(answer) is None and answer.id == one.id
        status = answer.first("LLRPStatus")
        assert status is not None
        return answer.name, status.number("StatusCode"), status.text("ErrorDescription")

    unknown = ask(message("ENABLE_ROSPEC", 4, ROSpecID=9))
    assert unknown == ("ENABLE_ROSPEC_RESPONSE", 101, "sim: ROSpec 9 does not exist")
    assert ask(add)[:2] == ("ADD_ROSPEC_RESPONSE", 0)
    assert ask(add)[1:] == (100, "sim: ROSpecID 1 is in use")
    assert ask(message("START_ROSPEC", 5, ROSpecID=1))[1:] == (101, "sim: ROSpec 1 is disabled")
    assert not device.reading
    for command, reading in (("ENABLE", True), ("STOP", False), ("START", True), ("DISABLE", False), ("DELETE", False)):
        assert ask(message(f"{command}_ROSPEC", 6, ROSpecID=1))[1] == 0
        assert device.reading == reading
    for wrong, code in (
        (Parameter("ROSpec", rospec.fields, rospec.parameters[1:]), 103),
        (Parameter("ROSpec", rospec.fields, (*rospec.parameters, rospec.parameters[0])), 104),
        (Parameter("ROSpec", rospec.fields, (*rospec.parameters, parameter("ROSpecID", ROSpecID=1))), 102),
        (Parameter("ROSpec", (2, 0, 2), rospec.parameters), 100),
        (Parameter("ROSpec", (0, 0, 0), rospec.parameters), 100),
    ):
        assert ask(Message("ADD_ROSPEC", 7, (), (wrong,)))[:2] == ("ADD_ROSPEC_RESPONSE", code)
    assert ask(message("GET_ACCESSSPECS", 8))[:2] == ("GET_ACCESSSPECS_RESPONSE", 0)
    for number, code in ((0, 0), (5, 101)):
        assert ask(message("DELETE_ACCESSSPEC", 8, AccessSpecID=number))[1] == code
    assert ask(RawMessage(46, 9, b""))[:2] == ("ERROR_MESSAGE", 109)
    assert ask(RawMessage(20, 10, b"\x00"))[:2] == ("ERROR_MESSAGE", 100)
    assert device.receive(b"GET / HTTP/1.1\r\n", 0).close


# -- mutated frames


def _mutated(frame: bytes, chance: random.Random) -> bytes:
    octets = bytearray(frame)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(7):
            case 0 | 1 if at < len(octets):
                octets[at] ^= 1 << chance.randrange(8)
            case 2 if at < len(octets):
                octets[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 3:
                octets[at:at] = chance.randbytes(chance.randrange(1, 6))
            case 4:
                del octets[at : at + chance.randrange(1, 6)]
            case 5:
                octets[at:at] = octets[: chance.randrange(len(octets) + 1)]
            case _:
                octets = octets[:at] or octets
    if chance.random() < 0.6 and len(octets) >= HEADER.size:
        octets[2:6] = len(octets).to_bytes(4, "big")  # well framed, so that the body's faults are met
    return bytes(octets)


def _frames(stream: bytes) -> Iterator[bytes]:
    for frame in Frames().feed(stream):
        assert isinstance(frame, Frame)
        length = HEADER.size + len(frame.body)
        yield HEADER.pack(frame.version << 10 | frame.number, length, frame.id) + frame.body


def test_mutated_frames_never_make_a_session_deaf() -> None:
    """LANEWISE_FUZZ sets how many; after each the session understands the next frame or says that it has ended."""
    chance = random.Random(7)
    frames = list(_frames(_STREAM))
    handshake, later = frames[:11], frames[11:-1]
    later += [_answered(parameter("ReaderExceptionEvent", Message="hot")), _BAD]
    probe = encode(message("KEEPALIVE", 0xABCD))
    heard = Send(encode(message("KEEPALIVE_ACK", 0xABCD)))
    report = frames[11]
    reads, _ = (one for one in _whole_life().events if isinstance(one, Reads))
    outcomes = dict.fromkeys(("understood", "ended", "bad frame"), 0)
    session: LlrpSession | None = None
    now_us = 0
    for _ in range(int(os.environ.get("LANEWISE_FUZZ", "20000"))):
        if session is None:
            session, now_us = LlrpSession(SETTINGS, 0), 0
            good = chance.randrange(11) if chance.random() < 0.3 else 11
            session.receive(b"".join(handshake[:good]), 0)
            frame = handshake[good] if good < 11 else chance.choice(later)
        else:
            frame = chance.choice(later)
        outputs = session.receive(_mutated(frame, chance), now_us)
        for _ in range(60):  # a second passes, the reader says something good
            now_us += 1_000_000
            outputs += session.expire(now_us)
            if heard in outputs or session.phase is Phase.ENDED:
                break
            outputs += session.receive(probe, now_us)
        if session.phase is Phase.READING:
            assert heard in outputs
            assert reads in session.receive(report, now_us)
            outcomes["understood"] += 1
        elif session.phase is Phase.ENDED:
            assert isinstance(outputs[-1], Ended) and sum(isinstance(one, Ended) for one in outputs) == 1
            outcomes["ended"] += 1
        outcomes["bad frame"] += any(isinstance(one, BadFrame) for one in outputs)
        if session.phase is not Phase.READING:
            deadline_us = session.deadline_us
            assert deadline_us is None or isinstance(session.expire(deadline_us)[-1], Ended)
            session = None
    assert min(outcomes.values()) > 0, outcomes
