"""Laws of tracking: whatever comes twice, late or shuffled, a parcel is where the set of what was told says (H23, H24).

Public names: none; run by pytest.
"""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from edge.orders.tracking import (
    BACKWARD,
    FORWARD,
    ParcelCode,
    ParcelTrouble,
    ParcelWord,
    Tracked,
    TrackRules,
    on_time,
    tracked,
    troubles_from,
)

C = ParcelCode
DAY_US = 86_400_000_000
WORDS = st.builds(
    ParcelWord,
    code=st.sampled_from(list(C)),
    at_us=st.integers(1, 9),
    source=st.sampled_from(["dock", "acme", "file"]),
    id=st.sampled_from("abcdef"),
    place=st.sampled_from(["", "Taipei"]),
    corrects=st.sampled_from(["", "", "a", "b"]),
)


def word(code: ParcelCode, at_us: int, source: str = "acme", corrects: str = "", place: str = "") -> ParcelWord:
    return ParcelWord(
        code=code, at_us=at_us, source=source, id=f"{code}{at_us}{source}", corrects=corrects, place=place
    )


@given(st.lists(WORDS, max_size=5))
def test_all_permutations_and_repeats_are_one_state(words: list[ParcelWord]) -> None:
    """H23."""
    expected = tracked(words)
    for order in permutations(words):
        assert tracked(order) == expected
    assert tracked([*words, *words, *words[:2]]) == expected


@given(st.lists(WORDS, max_size=8), WORDS)
def test_only_a_correction_lowers_a_state(words: list[ParcelWord], more: ParcelWord) -> None:
    """H24: a later word of a lower rank, and one of another source, take nothing back."""
    before, after = tracked(words), tracked([*words, more])
    if more.code is not C.CORRECTED:
        assert rank(after) >= rank(before)
        assert after.attempts >= before.attempts and after.moved_us >= before.moved_us
        if before.delivered_us:
            assert 0 < after.delivered_us <= before.delivered_us
    elif all(one.source != more.source for one in words):
        assert after == before


def rank(its: Tracked) -> int:
    return BACKWARD.get(its.state, -10) + 10 or FORWARD.get(its.state, 0)


def test_a_delivery_stays_beside_the_way_back_and_its_source_may_take_it_back() -> None:
    """H24."""
    way = [word(C.HANDED_OVER, 1, "dock"), word(C.IN_TRANSIT, 2), word(C.DELIVERED, 5)]
    assert tracked([*way, word(C.IN_TRANSIT, 9)]).state is C.DELIVERED
    back = tracked([*way, word(C.RETURNING, 8), word(C.BACK, 12)])
    assert (back.state, back.delivered_us, back.ended) == (C.BACK, 5, True)
    assert tracked([*way, word(C.CORRECTED, 6, "file")]).state is C.DELIVERED
    for correction in (word(C.CORRECTED, 6), word(C.CORRECTED, 6, corrects=way[-1].id)):
        its = tracked([correction, *way])
        assert (its.state, its.delivered_us) == (C.IN_TRANSIT, 0)
        assert tracked([correction, *way, word(C.DELIVERED, 7)]).delivered_us == 7


def test_flags_stand_beside_the_state_and_attempts_are_counted_once() -> None:
    failed = word(C.FAILED_ATTEMPT, 5)
    told = [
        word(C.OUT_FOR_DELIVERY, 4), failed, word(C.FAILED_ATTEMPT, 5, "file"), word(C.HELD, 3), word(C.DAMAGED, 2),
        word(C.NOTED, 99),
    ]  # fmt: skip
    its = tracked(told)
    assert (its.state, its.attempts, its.flags, its.moved_us) == (C.FAILED_ATTEMPT, 1, (C.DAMAGED,), 5)
    again = tracked([*told, word(C.OUT_FOR_DELIVERY, 8), word(C.HELD, 9)])
    assert (again.state, again.flags) == (C.OUT_FOR_DELIVERY, (C.DAMAGED, C.HELD))


def test_troubles_begin_when_nothing_more_is_told() -> None:
    rules, promised_us = TrackRules(no_scan_us=DAY_US, no_movement_us=3 * DAY_US, attempts=2), 9 * DAY_US
    left = tracked([word(C.HANDED_OVER, DAY_US, "dock")])
    assert troubles_from(left, promised_us, rules) == {
        ParcelTrouble.NO_SCAN: 2 * DAY_US, ParcelTrouble.LATE: promised_us
    }  # fmt: skip
    seen = tracked([word(C.HANDED_OVER, DAY_US, "dock"), word(C.IN_TRANSIT, 2 * DAY_US)])
    assert troubles_from(seen, 0, rules) == {ParcelTrouble.NO_MOVEMENT: 5 * DAY_US}
    there = tracked([word(C.DELIVERED, promised_us - 1), word(C.DAMAGED, 3)])
    assert troubles_from(there, promised_us, rules) == {ParcelTrouble.DAMAGED: promised_us - 1}
    assert on_time(there, promised_us) is True and on_time(there, promised_us - 1) is False  # H28: before the day ends
    assert on_time(seen, promised_us) is None
    assert troubles_from(tracked([word(C.LOST, 4)]), promised_us, rules) == {ParcelTrouble.LOST: 4}
