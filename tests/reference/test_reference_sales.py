"""Chapters 4 and 5 of the reference, held against examples worked out by hand from the definitions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.reference.story import Story, at


def test_4_1_a_visitor_belongs_to_the_greater_profile_of_its_newest_rows() -> None:
    story = Story()
    story.rows[1][1]["visitor_id"] = "v"
    for profile_id, time in (("z", "10:00"), ("a", "11:00"), ("b", "11:00"), ("c", "12:00")):
        story.has("visitors", visitor_id="v", profile_id=profile_id, seen_at=at(time))
    assert story.conversation("11:00")["profile_id"] == "b"
    assert story.conversation("12:00")["profile_id"] == "c"


def test_4_2_own_profile_then_visitor_then_latest_email() -> None:
    story = (
        Story().has("profiles", profile_id="q", email="ANA@x.com ").has("profiles", profile_id="p", email="ana@X.com")
    )
    story.has("profiles", profile_id="a", email="  ")
    story.step("e1", "email_provided", "10:01", email="bob@x.com").step(
        "e2", "email_provided", "10:02", email=" Ana@x.com"
    )
    story.step("e3", "email_provided", "10:03").step("e4", "email_provided", "10:04", email=" ")
    assert story.conversation()["profile_id"] == "p"  # the smallest id of two with one email
    story.step("e5", "email_provided", "10:05", email="nobody@x.com")
    assert story.conversation()["profile_id"] is None
    story.has("visitors", visitor_id="v", profile_id="of visitor", seen_at=at("09:00"))
    story.rows[1][1]["visitor_id"] = "v"
    assert story.conversation()["profile_id"] == "of visitor"
    story.rows[1][1]["profile_id"] = "own"
    assert story.conversation()["profile_id"] == "own"


def test_4_2_only_ascii_letters_are_equal_in_both_cases() -> None:
    story = (
        Story().has("profiles", profile_id="p", email="É@x.com").step("e", "email_provided", "10:01", email="é@x.com")
    )
    assert story.conversation()["profile_id"] is None


@pytest.mark.parametrize(
    ("click", "order", "is_one_shopper"),
    [
        ({"visitor_id": "v"}, {"visitor_id": "v"}, True),
        ({"visitor_id": "v", "profile_id": "A"}, {"visitor_id": "v", "profile_id": "B"}, False),
        ({"visitor_id": "v", "profile_id": "A"}, {"visitor_id": "v"}, True),  # one has no profile: visitors decide
        ({"visitor_id": "v", "profile_id": "A"}, {"visitor_id": "w", "profile_id": "A"}, True),
        ({"visitor_id": None}, {"visitor_id": "of conversation"}, True),
        ({"visitor_id": None, "profile_id": "A"}, {"visitor_id": None}, False),
        ({"visitor_id": "known"}, {"visitor_id": None, "email": "k@x.com"}, True),
        ({"visitor_id": "v", "profile_id": "K"}, {"visitor_id": "stranger", "email": "K@X.com"}, True),
    ],
)
def test_4_3_who_is_one_shopper(click: dict[str, Any], order: dict[str, Any], is_one_shopper: bool) -> None:
    story = Story().has("profiles", profile_id="K", email="k@x.com")
    story.has("visitors", visitor_id="known", profile_id="K", seen_at=at("23:00"))
    story.rows[1][1]["visitor_id"] = "of conversation"
    story.clicks("i", "10:00", **click).buys("o", "11:00", **order)
    assert story.sales() == ({"o": "click i"} if is_one_shopper else {})


@pytest.mark.parametrize(
    ("placed_at", "is_attributed"),
    [
        ("09:59:59.999999", False),
        ("10:00", True),
        ("2026-06-02T10:00:00+00:00", True),
        ("2026-06-02T10:00:00.000001+00:00", False),
    ],
)
def test_5_2_both_ends_of_the_window_belong_to_it(placed_at: str, is_attributed: bool) -> None:
    assert bool(Story().clicks("i", "10:00").buys("o", placed_at).sales()) is is_attributed


def test_5_1_windows_are_elapsed_hours_and_dates_local_when_the_clocks_change() -> None:
    story = Story(timezone="America/New_York")  # 1 November 2026 has 25 hours there
    story.clicks("i", "2026-11-01T04:30:00+00:00").buys("in", "2026-11-02T04:30:00+00:00")
    story.buys("out", "2026-11-02T04:30:00.000001+00:00").buys("next day", "2026-11-02T05:00:00+00:00")
    story.clicks("j", "2026-11-02T05:00:00+00:00")
    lines = story.told("2026-12-01T00:00:00+00:00").tables["attributed_order_lines"]
    assert {row["order_id"]: row["placed_on"] for row in lines} == {
        "in": date(2026, 11, 1),
        "next day": date(2026, 11, 2),
    }


def test_5_2_the_last_touch_and_among_equals_click_open_delivery_then_the_smaller_id() -> None:
    story = Story("sms").says("m2", "agent", "10:00", recommended_product_ids=["p", "p", "q"])
    story.rows[1][1]["visitor_id"] = "v"
    opened: dict[str, Any] = {"kind": "message_opened", "message_id": "m2", "product_id": None}
    story.buys("o", "12:00").buys("q", "12:00", product_id="q").buys("before", "10:30")
    assert story.sales() == {"o": "delivery m2", "q": "delivery m2", "before": "delivery m2"}
    story.clicks("y", "11:00", **opened).clicks("x", "11:00", **opened)
    assert story.sales() == {"o": "open x", "q": "open x", "before": "delivery m2"}
    story.clicks("\uff5e", "11:00", "link_click").clicks("😀", "11:00")
    assert story.sales() == {"o": "click \uff5e", "q": "open x", "before": "delivery m2"}  # 2.4 UTF-8, not UTF-16
    story.clicks("late", "11:30", **opened)
    assert story.sales() == {"o": "open late", "q": "open late", "before": "delivery m2"}


@pytest.mark.parametrize(
    ("message_id", "counts"), [("m2", True), ("m1", False), ("of another", False), ("unknown", False), (None, False)]
)
def test_5_1_only_an_agents_message_of_the_same_conversation_is_opened(message_id: str | None, counts: bool) -> None:
    story = Story("sms", sms_delivery_window_hours=0).says("m2", "agent", "10:00", recommended_product_ids=["p"])
    story.rows[2][1]["recommended_product_ids"] = ["p"]
    story.has("conversations", conversation_id="d", channel="sms", created_at=at("09:00"))
    story.says("n", "visitor", "09:00", conversation_id="d")
    story.says("of another", "agent", "09:01", conversation_id="d", recommended_product_ids=["p"])
    story.clicks("i", "11:00", "message_opened", message_id=message_id, product_id="p").buys("o", "12:00")
    assert bool(story.sales()) is counts


@pytest.mark.parametrize(
    ("channel", "kind", "counts"),
    [
        ("web_chat", "product_card_click", True),
        ("web_chat", "link_click", False),
        ("sms", "link_click", True),
        ("sms", "add_to_cart", False),
        ("email", "product_card_click", False),
        ("whatsapp", "link_click", False),
    ],
)
def test_5_1_what_is_a_click_depends_on_the_channel(channel: str, kind: str, counts: bool) -> None:
    assert bool(Story(channel).clicks("i", "10:00", kind).buys("o", "11:00").sales()) is counts


def test_5_1_a_window_of_0_switches_the_kind_off_even_at_the_same_instant() -> None:
    assert Story(web_chat_click_window_hours=0).clicks("i", "10:00").buys("o", "10:00").sales() == {}


@pytest.mark.parametrize(
    ("line", "revenue", "net_revenue"),
    [
        ({}, "20", "20"),
        ({"discount": "5.00005"}, "14.9999", "14.9999"),
        ({"discount": "50", "refunded_amount": "1"}, "0", "0"),
        ({"refunded_amount": "30"}, "20", "0"),
        ({"cancelled_at": at("12:00")}, "20", "0"),
        ({"cancelled_at": at("12:00:00.000001")}, "20", "20"),  # 1.3 not yet
    ],
)
def test_5_4_revenue_and_net_revenue_are_never_below_0(line: dict[str, Any], revenue: str, net_revenue: str) -> None:
    (row,) = Story().clicks("i", "10:00").buys("o", "11:00", **line).told("12:00").tables["attributed_order_lines"]
    assert (row["revenue"], row["net_revenue"]) == (Decimal(revenue), Decimal(net_revenue))


def test_5_2_the_line_has_the_orders_profile_else_that_of_the_touch() -> None:
    story = Story().clicks("i", "10:00", profile_id="A").buys("o", "11:00")
    assert story.told().tables["attributed_order_lines"][0]["profile_id"] == "A"
    story.rows[1][1]["profile_id"] = "of the conversation"
    story.buys("p", "11:00", profile_id="A", visitor_id=None)
    assert {row["profile_id"] for row in story.told().tables["attributed_order_lines"]} == {"A"}


def test_a_conversation_shows_its_own_clicks_carts_and_sales() -> None:
    story = Story().clicks("i", "10:00").clicks("j", "10:30", "link_click")
    story.clicks("k", "10:40", "add_to_cart", quantity=3).clicks("l", "10:50", "message_opened", quantity=7)
    story.has("conversations", conversation_id="d", channel="web_chat", created_at=at("09:00"))
    story.says("n", "visitor", "10:00", conversation_id="d").clicks("x", "10:00", conversation_id="d", product_id="q")
    story.buys("o", "11:00", discount="1").buys("p", "11:00", refunded_amount="5").buys("q", "11:00", product_id="q")
    tables = story.told().tables
    names = ("link_clicks", "add_to_cart_items", "attributed_orders", "attributed_revenue", "net_attributed_revenue")
    assert {row["conversation_id"]: [row[name] for name in names] for row in tables["conversations"]} == {
        "c": [2, 3, 2, Decimal(39), Decimal(34)],
        "d": [1, 0, 1, Decimal(20), Decimal(20)],
    }
    assert sorted(row["interaction_id"] for row in tables["interactions"]) == ["i", "j", "k", "l", "x"]
