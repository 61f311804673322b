"""The key figures as cards: value, change, whether that is better, and how far a rate can be trusted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.cards import HEIGHT, WIDTH, Card, cards
from flows.published.figures import RATES, Conversations, Figures
from flows.published.intervals import wilson
from flows.published.performance import Bar

OF_STATUS = {
    "volume": 1284,
    "resolved": 916,
    "routed": 200,
    "closed": 43,
    "open": 125,
    "recontacted": 40,
    "deflected": 77,
    "running": 84,
    "unanswered": 41,
}
OTHERS: dict[str, Any] = {
    "attributed_revenue": Decimal("12480.50"),
    "net_attributed_revenue": Decimal("11902.00"),
    "attributed_orders": 214,
    "link_clicks": 3102,
    "add_to_cart_items": 214,
}
NO_SALES: dict[str, Any] = dict.fromkeys(OTHERS, 0)


def but(**figures: Any) -> Figures:
    """The figures of a period, some of them others."""
    conversations = Conversations(**{name: figures.pop(name, count) for name, count in OF_STATUS.items()})
    return Figures(conversations=conversations, **{**OTHERS, **figures})


NOW = but()
NOTHING = Figures(conversations=Conversations(0, 0, 0, 0, 0), **NO_SALES)
KEYS = ["volume", *(rate.name for rate in RATES), "sales", "orders", "carts", "clicks"]
DAY = date(2026, 6, 1)


def shown(now: Figures, was: Figures, *bars: Bar, currency: str = "BRL") -> dict[str, Card]:
    return {card.key: card for card in cards(now, was, currency, bars)}


def test_what_nobody_told_is_not_zero() -> None:
    """A shop whose clicks no source tells of saw 0 clicks and 0 sales, in the words of a measured 0."""
    untold = but(not_measured=frozenset({"attributed_revenue", "link_clicks"}), link_clicks=0)
    found = shown(untold, NOW)
    assert {key for key, card in found.items() if card.value == "Not measured"} == {"sales", "orders", "clicks"}
    assert found["clicks"].detail.startswith("connect clicks")
    assert (found["clicks"].change, found["sales"].is_better) == ("", None)


def test_handoffs_that_nobody_tells_are_not_zero() -> None:
    """A shop whose hand-offs no source tells of saw "0.0% routed", which looked like an agent that never fails."""
    untold = but(not_measured=frozenset({"routed", "closed"}), routed=0, closed=0)
    found = shown(untold, NOW)
    untold_rates = {"ended_unresolved_rate", "routed_rate", "unresolved_rate"}
    assert {key for key, card in found.items() if card.value == "Not measured"} == untold_rates
    assert found["routed_rate"].detail.startswith("connect hand-offs, tickets")
    assert (found["unresolved_rate"].change, found["unresolved_rate"].is_better) == ("", None)
    half = shown(but(not_measured=frozenset({"closed"}), closed=0), NOW)
    assert (half["routed_rate"].value, half["unresolved_rate"].value) == ("15.6%", "Not measured")
    assert half["unresolved_rate"].detail.startswith("no source tells of hand-off messages")


def test_every_figure_has_its_card_with_a_definition() -> None:
    found = shown(NOW, NOW)
    assert list(found) == KEYS
    assert {key: card.value for key, card in found.items()} == {
        "volume": "1,284",
        "ended_resolution_rate": "76.3%",
        "ended_unresolved_rate": "20.2%",
        "unanswered_rate": "3.4%",
        "resolution_rate": "71.3%",
        "durable_resolution_rate": "68.2%",
        "routed_rate": "15.6%",
        "unresolved_rate": "18.9%",
        "deflection_rate": "6.0%",
        "sales": "R$12,480.50",
        "orders": "R$58.32",
        "carts": "214",
        "clicks": "3,102",
    }
    assert all(card.definition.endswith(".") and card.title for card in found.values())
    assert "916 conversations" in found["resolution_rate"].detail
    assert "876 conversations, 40 withdrawn" in found["durable_resolution_rate"].detail
    assert "243 conversations" in found["unresolved_rate"].detail
    assert "net R$11,902.00" in found["sales"].detail
    assert "214 orders" in found["orders"].detail


def test_rates_come_with_their_interval() -> None:
    """So that nobody celebrates three conversations."""
    low, high = wilson(916, 1284) or (0, 0)
    assert f"{100 * low:.0f} to {100 * high:.0f} %" in shown(NOW, NOW)["resolution_rate"].detail
    three = Figures(conversations=Conversations(3, 3, 0, 0, 0), **NO_SALES)
    found = shown(three, NOTHING)
    assert found["resolution_rate"].value == "100.0%"
    assert "44 to 100 %" in found["resolution_rate"].detail
    assert "0 to 56 %" in found["routed_rate"].detail


def test_without_anything_there_are_no_rates_and_no_division() -> None:
    found = shown(NOTHING, NOTHING)
    assert {card.change for card in found.values()} == {""}
    assert {card.is_better for card in found.values()} == {None}
    assert not any("%" in card.detail for card in found.values())
    assert found["volume"].line == ""
    assert {found.pop(rate.name).value for rate in RATES} == {"–"}
    assert [card.value for card in found.values()] == ["0", "R$0.00", "–", "0", "0"]


def test_the_first_period_has_nothing_before() -> None:
    found = shown(NOW, NOTHING)
    assert {card.is_better for card in found.values()} == {None}
    assert {found.pop(rate.name).change for rate in RATES} == {""}
    assert [card.change for card in found.values()] == ["none before", "none before", "", "none before", "none before"]
    assert {card.change for card in shown(NOTHING, NOW).values()} == {"−100%", ""}


@pytest.mark.parametrize(
    ("was", "key", "change", "is_better"),
    [
        (but(volume=1000, resolved=700, routed=200, closed=0), "volume", "+28%", None),
        (but(resolved=800), "resolution_rate", "+9.0 pt", True),
        (but(resolved=1000), "resolution_rate", "−6.5 pt", False),
        (but(routed=100), "routed_rate", "+7.8 pt", False),
        (but(routed=300), "routed_rate", "−7.8 pt", True),
        (but(closed=143), "unresolved_rate", "−7.8 pt", True),
        (but(closed=0), "unresolved_rate", "+3.3 pt", False),
        (but(attributed_revenue=Decimal("24961.00")), "sales", "−50%", False),
        (but(attributed_revenue=Decimal("6240.25")), "sales", "+100%", True),
        (but(attributed_orders=107), "orders", "−50%", None),
        (but(add_to_cart_items=107), "carts", "+100%", None),
        (but(link_clicks=6204), "clicks", "−50%", None),
        (NOW, "resolution_rate", "±0.0 pt", None),
        (NOW, "sales", "±0%", None),
    ],
)
def test_changes_and_whether_they_are_better(was: Figures, key: str, change: str, is_better: bool | None) -> None:
    card = shown(NOW, was)[key]
    assert (card.change, card.is_better) == (change, is_better)


def test_what_is_shown_as_no_change_is_neither_better_nor_worse() -> None:
    """A figure that rounds to ±0 must not be green."""
    nearly = but(volume=100_000, resolved=70_001), but(volume=100_000, resolved=70_000)
    assert (shown(*nearly)["resolution_rate"].change, shown(*nearly)["resolution_rate"].is_better) == ("±0.0 pt", None)
    nearly = but(attributed_revenue=Decimal("1000.01")), but(attributed_revenue=Decimal(1000))
    assert (shown(*nearly)["sales"].change, shown(*nearly)["sales"].is_better) == ("±0%", None)


def test_money_is_in_the_account_s_currency() -> None:
    yen = shown(NOW, NOW, currency="JPY")
    assert (yen["sales"].value, yen["orders"].value) == ("¥12,480", "¥58")


@given(st.lists(st.integers(0, 10**6), max_size=40))
def test_the_line_holds_every_total_within_its_frame(counts: list[int]) -> None:
    days = [DAY + timedelta(days=number) for number in range(len(counts))]
    split = [
        Bar(day, day, group, part)
        for day, count in zip(days, counts, strict=True)
        for group, part in (("open", count // 2), ("closed", count - count // 2))
        if count
    ]
    card = shown(NOW, NOW, *split)["volume"]
    points = [tuple(map(float, point.split(","))) for point in card.line.split()]
    totals = [count for count in counts if count]
    if len(totals) < 3:
        assert points == []
        return
    assert len(points) == len(totals)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert [y for _, y in points].index(0) == totals.index(max(totals)) or max(totals) / HEIGHT > 20
    assert points[0][0] == 0
    assert points[-1][0] == WIDTH
