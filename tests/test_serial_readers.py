"""Card readers on a serial line, by our parser and through pyrfid: every card as it is, whatever the line does.

Public names: none; run by pytest.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from loops import LOOPS, Loop
from reader_owner import ReaderOwner
from serial_pair import serial_pair

from edge.config.load import ConfigError, load_line
from edge.config.readers import SerialConfig
from rfid.driver import ReaderError, ReaderFailure
from rfid.epc.identity import grai96
from rfid.serial_frames import GAP_US, CardFrames, Garbled, Presence, card_of_pyrfid

CARDS = st.binary(min_size=5, max_size=5).map(lambda octets: octets.hex().upper())
DRIVERS = pytest.mark.parametrize("driver", ["serial", "pyrfid"])


def frame(card: str, end: bytes = b"") -> bytes:
    checksum = 0
    for octet in bytes.fromhex(card):
        checksum ^= octet
    return b"\x02" + card.encode() + b"%02X" % checksum + end + b"\x03"


def read(pieces: Sequence[bytes]) -> list[str]:
    frames = CardFrames()
    return [one for piece in pieces for one in frames.feed(piece, 0) if not isinstance(one, Garbled)]


# ---- frames ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(CARDS, st.sampled_from([b"", b"\r\n"]))), st.lists(st.integers(0, 200)), st.binary())
def test_any_split_and_any_garbage_before_give_the_same_cards(
    cards: list[tuple[str, bytes]], cuts: list[int], before: bytes
) -> None:
    stream = before.replace(b"\x02", b"").replace(b"\x03", b"") + b"".join(frame(*card) for card in cards)
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[begin:end] for begin, end in pairwise(ends)]
    assert read(pieces) == read([stream]) == [card for card, _ in cards]


@given(CARDS, CARDS, st.integers(0, 13), st.binary(min_size=1, max_size=1))
def test_no_two_cards_and_no_wrong_octet_give_one_id(first: str, second: str, place: int, octet: bytes) -> None:
    assert (read([frame(first)]) == read([frame(second)])) == (first == second)
    spoilt = frame(first)[:place] + octet + frame(first)[place + 1 :]
    assert read([spoilt]) in ([], [first])
    assert read([spoilt, frame(second)])[-1] == second
    codes = "".join(str(code) for code in frame(first)[1:-1])
    assert card_of_pyrfid(codes) == first
    assert card_of_pyrfid("".join(str(code) for code in frame(first)[1:-1].lower())) == first


def test_what_is_no_frame_is_said() -> None:
    frames = CardFrames()
    card = "1A2B3C4D5E"

    def reasons(octets: bytes, now_us: int = 0) -> list[str]:
        return [one.reason for one in frames.feed(octets, now_us) if isinstance(one, Garbled)]

    assert reasons(b"\x021A2B3C4D5E00\x03") == ["checksum 00 must be 1E"]
    assert reasons(b"\x021A2B3C4D5E\x03") == ["a frame has twelve hexadecimal digits"]
    assert reasons(frame(card)[5:] + b"\r\n" + frame(card)) == ["octets outside a frame"]
    assert reasons(frame(card)[:5] + frame(card)) == ["a frame began within a frame"]
    assert reasons(b"\x02" + b"7" * 20 + b"\x02") == ["no end of a frame", "octets outside a frame"]
    assert reasons(b"1A2B", 10) == []
    assert reasons(b"3C4D", 10 + GAP_US + 1) == ["the frame broke off"]
    for raw in ("", "4849", "4849" * 6 + "1", "9948" * 5 + "4847"):
        with pytest.raises(ValueError, match="twelve codes"):
            card_of_pyrfid(raw)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 2_000)), max_size=30))
def test_a_card_comes_once_until_it_was_away(sightings: list[tuple[str, int]]) -> None:
    presence, now, seen = Presence(1_000), 0, dict[str, int]()
    for card, later in sightings:
        now += later
        assert presence.comes(card, now) == (card not in seen or now - seen[card] >= 1_000)
        seen[card] = now


# ---- a line ----------------------------------------------------------------------------------------------------------


class Plug:
    """A reader's cable: a name in the file system that leads to a pty while it is plugged in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._line = ExitStack()
        self._reader = -1

    def plug(self) -> None:
        near, far = self._line.enter_context(serial_pair())
        self._reader = os.open(near, os.O_RDWR | os.O_NOCTTY)
        self._line.callback(os.close, self._reader)
        self.path.symlink_to(far)

    def unplug(self) -> None:
        self.path.unlink()
        self._line.close()

    def send(self, octets: bytes) -> None:
        os.write(self._reader, octets)


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    made = Plug(tmp_path / "card-reader")
    made.plug()
    yield made
    made.unplug()


@DRIVERS
@LOOPS
def test_every_card_is_read_whatever_the_line_does(run: Run, plug: Plug, driver: str, loop: Loop) -> None:
    # Cards that pyrfid's own rawTag and tagId take for one: their first digits and their codes agree.
    cards = ["0A00000001", "0A00000002", "0A000000A1", "0B00000001", "FFFFFFFFFF"]
    tote = grai96("9521141", "12345", 1)
    listed = plug.path.with_name("cards.csv")
    listed.write_text(f"card,epc\n{cards[2].lower()},0x{tote.lower()}\n", "utf-8")

    async def main() -> None:
        owner = ReaderOwner("cards", driver=driver, device=str(plug.path), debounce_ms=600_000, cards=listed)
        async with owner.kept():
            await owner.until(lambda: owner.reached == 1)
            plug.send(frame("0102030405")[6:])  # it was speaking already
            for card in cards[:3]:
                plug.send(frame(card)[:4])
                plug.send(frame(card)[4:] + frame(card))  # in pieces, and again while it lies there
            plug.send(frame("0102030405")[:-3] + b"00\x03" + b"\xff\x00xyz" + frame("0102030405")[:7])
            plug.send(frame(cards[3]))
            await owner.until(lambda: len(owner.epcs) == 4)
            assert owner.notices
            plug.send(frame("0102030405")[:7])
            plug.unplug()
            await owner.until(lambda: any(error.failure is ReaderFailure.LOST for error in owner.errors))
            await owner.until(lambda: owner.errors[-1].failure is ReaderFailure.UNREACHABLE)
            plug.plug()
            await owner.until(lambda: owner.reached == 2)
            plug.send(frame("0102030405")[7:] + frame(cards[4]))
            await owner.until(lambda: len(owner.epcs) == 5)
        assert owner.epcs == [*cards[:2], tote, *cards[3:]]
        assert all(str(error).startswith(f"cards: {plug.path}: ") for error in owner.errors)

    run(main(), loop=loop)


def test_a_taken_line_and_a_missing_library_are_said(run: Run, plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        first, second = (ReaderOwner("cards", driver="serial", device=str(plug.path)) for _ in range(2))
        async with first.kept():
            await first.until(lambda: first.reached == 1)
            with pytest.raises(ReaderError, match="another program has the line"):
                await second.reader.run(print)
        real = builtins.__import__

        def absent(name: str, *rest: object) -> object:
            if name.startswith("pyrfid"):
                raise ImportError(name)
            return real(name, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(builtins, "__import__", absent)
        with pytest.raises(ReaderError, match=r"pip install 'lanewise\[pyrfid\]'") as said:
            await ReaderOwner("cards", driver="pyrfid", device=str(plug.path)).reader.run(print)
        assert said.value.failure is ReaderFailure.SETUP

    run(main())


def test_a_reader_has_the_keys_of_its_driver(project: Path, tmp_path: Path) -> None:
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    head = text.index("[reader.tote1]")

    def problems(table: str) -> list[str]:
        path = tmp_path / "LINE.toml"
        path.write_text(f"{text[:head]}[reader.cards]\n{table}\n{text[head:]}", encoding="utf-8")
        try:
            load_line(path)
        except ConfigError as error:
            return error.problems
        return []

    assert problems('driver = "serial"\ndevice = "/dev/ttyUSB0"') == []
    cards = tmp_path / "cards.csv"
    listed = 'driver = "serial"\ndevice = "/dev/ttyUSB0"\ncards = "cards.csv"'
    assert problems(listed) == [f"reader.cards.cards: {str(cards)!r}: no such file"]
    cards.write_text("card,epc\n0a00345f1c,urn:epc:tag:grai-96:0.9521141.12345.1\nXY,00\n\n0A00345F1C,3034\n", "utf-8")
    assert problems(listed) == [
        f"reader.cards.cards: {str(cards)!r}: row 3: 'XY': a card is ten hexadecimal digits",
        f"reader.cards.cards: {str(cards)!r}: row 5: 0A00345F1C: stands twice",
    ]
    assert problems('driver = "serial"\ndevice = "x"\nport = 5') == [
        f"reader.cards.port: unknown key: allowed: {', '.join(SerialConfig.model_fields)}"
    ]
    assert problems('driver = "pyrfid"') == ["reader.cards.device: missing: this key is required"]
    assert problems("antennas = [1]") == ["reader.cards.host: missing: this key is required"]
    (said,) = problems('driver = "usb"')
    assert said.startswith("reader.cards.driver: 'usb': no such driver, allowed: llrp, ")
