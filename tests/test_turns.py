"""A long report of one reader: taken in order, all of it, and others have their turn between any two portions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.controller.turns import EACH, MOST, PORTION, ReadTurns
from edge.core.events import BarcodesRead, Input, TagsRead
from rfid.driver import ReadColumns, TagRead


class Loop:
    """The turns of a loop, and what was given in each."""

    def __init__(self, raises_at: int | None = None) -> None:
        self.soon: deque[Callable[[], None]] = deque()
        self.given: list[list[Input]] = [[]]
        self.raises_at = raises_at
        self.now_us = 100
        self.turns = ReadTurns(self.give, self.soon.append, lambda: self.now_us)

    def give(self, given: Input) -> None:
        if sum(map(len, self.given)) == self.raises_at:
            self.raises_at = None
            raise ZeroDivisionError
        self.given[-1].append(given)

    def turn(self) -> None:
        self.now_us += 1
        self.given.append([])
        for _ in range(len(self.soon)):
            self.soon.popleft()()

    @property
    def all(self) -> list[object]:
        return [
            one
            for turn in self.given
            for given in turn
            for one in (given.reads if isinstance(given, TagsRead) else (given,))
        ]


def report(at_us: int, first: int, count: int, columns: bool) -> TagsRead:
    reads = tuple(TagRead(f"{number:024X}", 1, -50.0, number, 1) for number in range(first, first + count))
    return TagsRead(at_us, "r", ReadColumns(*map(list, zip(*reads, strict=True))) if columns and reads else reads)


def cost(given: Input) -> int:
    return EACH + (len(given.reads) if isinstance(given, TagsRead) else 0)


@given(st.lists(st.tuples(st.integers(0, 3 * PORTION), st.booleans(), st.booleans()), max_size=12))
def test_everything_comes_in_order_and_no_turn_has_more_than_a_portion(happens: list[tuple[int, bool, bool]]) -> None:
    loop, told = Loop(), list[object]()
    for count, columns, turn in happens:
        given: Input = (
            report(loop.now_us, len(told), count, columns) if count else BarcodesRead(loop.now_us, "r", ("X",))
        )
        told += given.reads if isinstance(given, TagsRead) else (given,)
        loop.turns.take(given)
        if turn:
            loop.turn()
    while loop.soon:
        loop.turn()
    assert [one if isinstance(one, TagRead) else None for one in loop.all] == [
        one if isinstance(one, TagRead) else None for one in told
    ]
    assert all(sum(map(cost, turn)) <= PORTION + EACH for turn in loop.given)
    times = [given.at_us for turn in loop.given for given in turn]
    assert times == sorted(times)


def test_what_is_told_faster_than_it_is_taken_does_not_grow() -> None:
    loop = Loop()
    for number in range(3 * MOST):
        loop.turns.take(report(100, number * PORTION, PORTION, True))
    assert sum(map(len, loop.given)) == 2 * MOST
    assert len(loop.turns._waiting) == MOST


def test_a_fault_in_a_later_turn_ends_the_session_with_what_it_says_next() -> None:
    loop = Loop(raises_at=1)
    loop.turns.take(report(100, 0, 3 * PORTION, True))
    loop.turn()
    with pytest.raises(ZeroDivisionError):
        loop.turns.take(report(100, 0, 1, False))
    loop.turns.begin()
    loop.turns.take(report(100, 0, 1, False))
    loop.turn()
    assert len(loop.all) == PORTION + 1
