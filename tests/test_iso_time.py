"""A moment has one spelling, whoever tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.iso_time import iso


@given(at_us=st.integers(-(10**15), 2**53))
def test_times_are_those_of_the_calendar(at_us: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    assert iso(at_us, 6) == expected.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert datetime.fromisoformat(iso(at_us, 6)) == expected


@pytest.mark.parametrize(
    ("digits", "text"), [(0, "2026-12-31T23:59:59Z"), (1, "2026-12-31T23:59:59.9Z"), (3, "2026-12-31T23:59:59.999Z")]
)
def test_digits_that_are_not_asked_for_are_left_out(digits: int, text: str) -> None:
    end_us = 1_798_761_600_000_000  # of 2026
    assert iso(end_us - 1, digits) == text
    assert iso(end_us).startswith("2027-01-01T00:00:00")
