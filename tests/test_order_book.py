"""The order book answers by its orders, not by their history: the same live, from a checkpoint and in replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import book as book_of
from edge.core.book import OrderBook
from edge.core.core import Core
from edge.core.events import Input, ItemReleased, OrderChanged, Started
from edge.core.values.flags import FLAGS
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.state import BookState, CoreState

IDS, LABELS, TOTES, ITEMS = "ABCD", ("L1", "L2"), ("T1", "T2"), ("I1", "I2", "I3")
ORDERS = st.builds(
    lambda name, parcel, codes, tote, epcs, state: Order(
        id=name,
        carrier="DHL",
        service="",
        lines=(OrderLine("09521141000014", 3, epcs=tuple(sorted(epcs))),),
        parcel=parcel,
        codes=tuple(sorted(codes)),
        tote=tote,
        state=state,
    ),
    st.sampled_from(IDS),
    st.none() | st.sampled_from(LABELS),
    st.sets(st.sampled_from(LABELS)),
    st.none() | st.sampled_from(TOTES),
    st.sets(st.sampled_from(ITEMS)),
    st.sampled_from(OrderState),
)
HAPPENINGS = st.lists(
    ORDERS.map(lambda order: lambda book: book.put(order))
    | st.sampled_from(IDS).map(lambda name: lambda book: book.ship(known) if (known := book.order(name)) else None)
    | st.tuples(st.sampled_from(ITEMS), st.sampled_from(IDS)).map(lambda two: lambda book: book.bind(two[:1], two[1]))
    | st.sampled_from(ITEMS).map(lambda item: lambda book: book.release(item)),
    max_size=25,
)


def answers(book: OrderBook) -> list[Order | None]:
    return [
        *map(book.of_parcel, LABELS),
        *map(book.of_tote, TOTES),
        *map(book.of_item, ITEMS),
        *map(book.order, IDS),
    ]


def stored(state: BookState) -> BookState:
    return msgspec.json.decode(msgspec.json.encode(state), type=BookState)


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_of, "KEEP_CLOSED", 2)


@pytest.mark.usefixtures("short_memory")
@given(HAPPENINGS, st.integers(0, 25))
def test_live_from_a_checkpoint_and_anew_a_book_answers_the_same(
    happenings: list[Callable[[OrderBook], None]], cut: int
) -> None:
    live = OrderBook(state := BookState())
    for happening in happenings[:cut]:
        happening(live)
    started = OrderBook(kept := stored(state))
    assert answers(started) == answers(live)
    for happening in happenings[cut:]:
        for book in (live, started):
            happening(book)
        assert answers(started) == answers(live)
    assert kept == state and list(kept.closed) == list(state.closed)
    # What the orders were before, and which came first, says nothing: only which of the closed ones was closed last.
    anew = BookState(
        {name: state.orders[name] for name in sorted(state.orders)}, state.bound, state.closed, state.released
    )
    assert answers(OrderBook(anew)) == answers(live)


@pytest.mark.usefixtures("short_memory")
@given(st.lists(ORDERS | st.sampled_from(ITEMS), max_size=15), st.integers(0, 15))
def test_a_controller_decides_by_it_from_any_stored_state(told: list[Order | str], cut: int) -> None:
    begin = Started(at_us=1, controller="edge1", version="", layouts=(), flags=FLAGS)
    inputs: list[Input] = [
        begin,
        *(
            OrderChanged(at, at, one) if isinstance(one, Order) else ItemReleased(at, at, one, f"return {at}")
            for at, one in enumerate(told, 2)
        ),
    ]
    live = Core(())
    for value in inputs[: cut + 1]:
        live.step(value)
    started = Core((), msgspec.json.decode(msgspec.json.encode(live.state), type=CoreState), live=False)
    for value in inputs[cut + 1 :]:
        live.step(value)
        started.step(value)
    assert answers(started.book) == answers(live.book)


def test_which_order_a_name_means() -> None:
    """An open one ahead of a shipped one ahead of a cancelled one; and of closed ones that which was closed last."""
    book = OrderBook(BookState())
    first, second, third = (
        Order(id=name, carrier="DHL", service="", lines=(OrderLine("1", 1, epcs=("I",)),), parcel="L", tote="T")
        for name in "ABC"
    )
    for order in (second, first, third):
        book.put(order)
    assert book.of_parcel("L") == book.of_tote("T") == book.of_item("I") == first
    book.put(replace(first, parcel=None, tote=None))
    assert book.of_parcel("L") == book.of_tote("T") == second, "a label that one gives up is still the other's"
    book.put(replace(second, state=OrderState.CANCELLED))
    assert book.of_parcel("L") == book.of_tote("T") == third
    book.ship(third)
    assert book.of_parcel("L") == replace(third, state=OrderState.SHIPPED) and book.of_tote("T") is None
    book.put(replace(first, parcel="L", state=OrderState.SHIPPED))
    assert book.of_parcel("L") == replace(first, state=OrderState.SHIPPED)
    book.put(first)
    book.put(replace(first, state=OrderState.CANCELLED), again=True)
    assert book.of_parcel("L") == replace(first, state=OrderState.SHIPPED), "older copies say nothing of what has left"
    book.put(replace(second, lines=(), state=OrderState.CANCELLED))
    book.bind(["J"], "B")
    book.put(replace(second, id="D", lines=(OrderLine("1", 1, epcs=("J",)),), state=OrderState.CANCELLED))
    book.put(replace(third, lines=()))
    book.bind(["J"], "C")
    assert (owner := book.of_item("J")) is not None and owner.id == "C", "an item that was shipped is shipped"


def test_a_released_item_is_no_shipped_orders_any_more() -> None:
    """Whoever named or took it; an open order that names it waits for it still, and order of the feed decides."""
    book = OrderBook(state := BookState())
    first, second = (
        Order(id=name, carrier="DHL", service="", lines=(OrderLine("1", 1, epcs=epcs),))
        for name, epcs in (("A", ("I",)), ("B", ()))
    )
    book.put(first)
    book.release("I")
    assert book.of_item("I") == first, "it is to be picked for it"
    book.ship(first)
    shipped = replace(first, state=OrderState.SHIPPED)
    assert book.of_item("I") == shipped, "it left after it was released"
    book.bind(["I", "J"], "A")
    for item in "IJ":
        book.release(item)
        assert book.of_item(item) is None
    book.put(replace(shipped, codes=("1Z",)))
    assert book.of_item("I") is None and OrderBook(stored(state)).of_item("I") is None, (
        "another word of it changes nothing"
    )
    book.put(second)
    book.bind(["I"], "B")
    book.ship(second)
    assert book.of_item("I") == replace(second, state=OrderState.SHIPPED), "it was sold again, once"
    book.put(replace(first, state=OrderState.CANCELLED))
    book.put(first)
    assert book.of_item("I") == first and not state.released, "an order that is open again names what it names"
