"""The key figures as cards: value, change, whether that is better, and how far a rate can be trusted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.cards import HEIGHT, LEADING, WIDTH, Card, Cards, Maker, line_of
from flows.dashboard.language import language
from flows.dashboard.look import address
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
FIRST = ["volume", *LEADING, "sales", "unanswered"]
MORE = [rate.name for rate in RATES if rate.name not in (*LEADING, "unanswered_rate")] + ["orders", "carts", "clicks"]
OF_RATES = {*LEADING, *MORE[:-3]}
DAY = date(2026, 6, 1)


def made(now: Figures, was: Figures, currency: str = "BRL", code: str = "en") -> Cards:
    def to(section: str, **more: str) -> str:
        return address(section, more)

    return Maker(language(code), currency, to, now, was).all("", "the days before")


def shown(now: Figures, was: Figures, currency: str = "BRL") -> dict[str, Card]:
    found = made(now, was, currency)
    return {card.key: card for card in (*found.first, *found.more)}


def test_what_nobody_told_is_not_zero() -> None:
    """A shop whose clicks no source tells of saw 0 clicks and 0 sales, in the words of a measured 0."""
    untold = but(not_measured=frozenset({"attributed_revenue", "link_clicks"}), link_clicks=0)
    found = shown(untold, NOW)
    assert {key for key, card in found.items() if card.value == "Not measured"} == {"sales", "orders", "clicks"}
    assert found["clicks"].details[0].startswith("connect clicks")
    assert (found["clicks"].behind, found["clicks"].is_measured) == ("data", False)
    assert (found["clicks"].change, found["sales"].is_better) == ("", None)


def test_handoffs_that_nobody_tells_are_not_zero() -> None:
    """A shop whose hand-offs no source tells of saw "0.0% routed", which looked like an agent that never fails."""
    untold = but(not_measured=frozenset({"routed", "closed"}), routed=0, closed=0)
    found = shown(untold, NOW)
    untold_rates = {"ended_unresolved_rate", "routed_rate", "unresolved_rate"}
    assert {key for key, card in found.items() if card.value == "Not measured"} == untold_rates
    assert found["routed_rate"].details[0].startswith("connect hand-offs, tickets")
    assert (found["unresolved_rate"].change, found["unresolved_rate"].is_better) == ("", None)
    half = shown(but(not_measured=frozenset({"closed"}), closed=0), NOW)
    assert (half["routed_rate"].value, half["unresolved_rate"].value) == ("15.6%", "Not measured")
    assert half["unresolved_rate"].details[0].startswith("no source tells of hand-off messages")


def test_what_an_older_version_did_not_tell_is_not_zero() -> None:
    """Which conversations still run, and which were left unanswered."""
    older = but(not_measured=frozenset({"running", "unanswered"}), running=0, unanswered=0)
    found = shown(older, NOW)
    assert {key for key, card in found.items() if card.value == "Not measured"} == {*LEADING, "unanswered"}
    assert found["volume"].details == ()


def test_every_figure_has_its_card_with_a_definition() -> None:
    cards = made(NOW, NOW)
    assert [card.key for card in cards.first] == FIRST
    assert [card.key for card in cards.more] == MORE
    assert cards.earlier == "the days before"
    found = shown(NOW, NOW)
    assert {key: card.value for key, card in found.items()} == {
        "volume": "1,284",
        "ended_resolution_rate": "76.3%",
        "ended_unresolved_rate": "20.2%",
        "sales": "R$12,480.50",
        "unanswered": "41",
        "resolution_rate": "71.3%",
        "durable_resolution_rate": "68.2%",
        "routed_rate": "15.6%",
        "unresolved_rate": "18.9%",
        "deflection_rate": "6.0%",
        "orders": "R$58.32",
        "carts": "214",
        "clicks": "3,102",
    }
    assert all(card.definition.endswith(".") and card.title for card in found.values())
    assert found["volume"].details == ("84 still running",)
    assert found["unanswered"].details == ("3.4% of 1,200 ended",)
    assert found["ended_resolution_rate"].details[0] == "916 of 1,200 ended"
    assert found["resolution_rate"].details[0] == "916 of 1,284 started"
    assert found["durable_resolution_rate"].details[:2] == ("876 of 1,284 started", "40 withdrawn")
    assert found["unresolved_rate"].details[0] == "243 of 1,284 started"
    assert found["sales"].details == ("net R$11,902.00", "214 orders")
    assert found["orders"].details == ("214 orders",)


@pytest.mark.parametrize(
    ("key", "behind"),
    [
        ("volume", "conversations"),
        ("ended_resolution_rate", "conversations?statuses=resolved"),
        ("ended_unresolved_rate", "conversations?statuses=routed%2Cclosed"),
        ("sales", "sales"),
        ("unanswered", "conversations?open_reasons=unanswered"),
        ("durable_resolution_rate", "conversations?is_recontacted=yes"),
        ("routed_rate", "conversations?statuses=routed"),
        ("deflection_rate", "conversations?is_deflected=yes"),
        ("orders", "sales"),
        ("carts", None),
        ("clicks", "conversations?is_clicked=yes"),
    ],
)
def test_a_figure_leads_to_what_is_behind_it(key: str, behind: str | None) -> None:
    assert shown(NOW, NOW)[key].behind == behind


def test_rates_come_with_their_interval() -> None:
    """So that nobody celebrates three conversations."""
    low, high = wilson(916, 1284) or (0, 0)
    assert shown(NOW, NOW)["resolution_rate"].details[-1] == f"likely {100 * low:.0f}–{100 * high:.0f} %"
    three = Figures(conversations=Conversations(3, 3, 0, 0, 0), **NO_SALES)
    found = shown(three, NOTHING)
    assert found["resolution_rate"].value == "100.0%"
    assert found["resolution_rate"].details[-1] == "likely 44–100 %"
    assert found["routed_rate"].details[-1] == "likely 0–56 %"


def test_without_anything_there_are_no_rates_and_no_division() -> None:
    found = shown(NOTHING, NOTHING)
    assert {card.change for card in found.values()} == {""}
    assert {card.is_better for card in found.values()} == {None}
    assert not any("%" in one for card in found.values() for one in card.details)
    assert {found.pop(one).value for one in OF_RATES} == {"–"}
    assert {key: card.value for key, card in found.items()} == {
        "volume": "0",
        "sales": "R$0.00",
        "unanswered": "0",
        "orders": "–",
        "carts": "0",
        "clicks": "0",
    }


def test_the_first_period_has_nothing_before() -> None:
    found = shown(NOW, NOTHING)
    assert {card.is_better for card in found.values()} == {None}
    assert {found.pop(one).change for one in OF_RATES} == {""}
    assert {key: card.change for key, card in found.items()} == {**dict.fromkeys(found, "none before"), "orders": ""}
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
        (but(resolved=856), "ended_resolution_rate", "+5.0 pt", True),
        (but(routed=260), "ended_unresolved_rate", "−5.0 pt", True),
        (but(unanswered=82), "unanswered", "−50%", True),
        (but(unanswered=20), "unanswered", "+105%", False),
        (but(unanswered=0), "unanswered", "none before", False),
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
    card = shown(but(running=0) if key in MORE else NOW, was)[key]
    assert (card.change, card.is_better) == (change, is_better)


def test_rates_of_all_that_started_are_not_compared_while_some_run() -> None:
    """“Resolved 55.6 %, −16.2 pt” stood in red: what still ran counted as not resolved, and before nothing ran."""
    found = shown(NOW, but(running=0, resolved=1000))
    assert (found["resolution_rate"].change, found["resolution_rate"].is_better) == ("", None)
    assert found["ended_resolution_rate"].change


def test_what_is_shown_as_no_change_is_neither_better_nor_worse() -> None:
    """A figure that rounds to ±0 must not be green."""
    nearly = but(running=0, volume=100_000, resolved=70_001), but(volume=100_000, resolved=70_000)
    assert (shown(*nearly)["resolution_rate"].change, shown(*nearly)["resolution_rate"].is_better) == ("±0.0 pt", None)
    nearly = but(attributed_revenue=Decimal("1000.01")), but(attributed_revenue=Decimal(1000))
    assert (shown(*nearly)["sales"].change, shown(*nearly)["sales"].is_better) == ("±0%", None)
    nearly = but(unanswered=1001), but(unanswered=1000)
    assert (shown(*nearly)["unanswered"].change, shown(*nearly)["unanswered"].is_better) == ("±0%", None)


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
    points = [tuple(map(float, point.split(","))) for point in line_of(tuple(split)).split()]
    totals = [count for count in counts if count]
    if len(totals) < 3:
        assert points == []
        return
    assert len(points) == len(totals)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert [y for _, y in points].index(0) == totals.index(max(totals)) or max(totals) / HEIGHT > 20
    assert points[0][0] == 0
    assert points[-1][0] == WIDTH


@pytest.mark.parametrize(("code", "sales"), [("de", "12.480,50"), ("fr", "12 480,50"), ("pt", "12.480,50")])
def test_cards_are_in_the_visitor_s_language(code: str, sales: str) -> None:
    found = {card.key: card for card in made(NOW, NOW, code=code).first}
    assert sales in found["sales"].value.replace("\u202f", " ").replace("\xa0", " ")
    assert found["volume"].title != "Conversations" or code == "fr"
