"""The figures of the page are those of the report, and its bars plain counts; the same from both warehouses."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.ground.home import Home
from flows.published.breakdown import breakdown
from flows.published.figures import RATES, Conversations, Figures
from flows.published.measured import sentences
from flows.published.performance import Bar, all_spans, bars, before, key_figures, unit_of
from flows.published.report import report
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.reader import Reader
from tests.gaps.shop import publish_to
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, Shop, asked_shop, rows_by_id

FIRST = date(2026, 6, 1)
NO_SALES: dict[str, Any] = dict.fromkeys(
    ("attributed_revenue", "net_attributed_revenue", "attributed_orders", "link_clicks", "add_to_cart_items"), 0
)
NOTHING = Figures(conversations=Conversations(0, 0, 0, 0, 0), **NO_SALES)
RANGES = [
    (FIRST, FIRST),
    (FIRST, date(2026, 6, 3)),
    (date(2026, 5, 31), date(2026, 6, 8)),
    (date(2026, 6, 8), date(2026, 12, 31)),
    (date(2026, 1, 1), date(2027, 3, 1)),
    (date(2025, 1, 1), date(2025, 1, 31)),
]


def sold_shop() -> Shop:
    """With clicks, carts and sales at the edges of dates, and orders whose lines are in several conversations."""
    shop = asked_shop()
    for number in range(5, 60, 5):  # `c00` is in both accounts
        shop.click(f"c{number:02}", number * 20)
        shop.click(f"c{number:02}", 24 * 60 - 1, "add_to_cart", quantity=number % 4 + 1)
        shop.click(f"c{number:02}", 2, "message_opened")
        shop.click(f"c{number:02}", 3 * 24 * 60, "link_click")
        shop.sell(f"c{number:02}", f"more {number}", f"order {number % 3}", "19.9901", hours=number, net_revenue="9.99")
    shop.sell("c01", "first", "order of two channels", "0.0001")
    shop.sell("c02", "second", "order of two channels", "1000000.0001")
    shop.conversation("at the end", "resolved", at=MIDNIGHT + timedelta(days=1, microseconds=-1), channel="whatsapp")
    return shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return sold_shop()


@pytest.fixture(scope="module")
def reader(read: Read, shop: Shop) -> Reader:
    return read(shop)


@pytest.mark.parametrize(("first", "last"), RANGES)
@pytest.mark.parametrize("account_id", ["shop", "other"])
def test_key_figures_are_those_of_the_report(reader: Reader, account_id: str, first: date, last: date) -> None:
    """Rules 6.1 to 6.3 and 5.5."""
    found = key_figures(reader, account_of(reader, account_id), first, last)
    told = report(reader, account_id, first, last)
    assert found == Figures(**{field.name: getattr(told, field.name) for field in fields(Figures)})
    assert found.average_order_value == told.average_order_value


def test_figures_are_of_the_channels_that_are_asked(reader: Reader, shop: Shop) -> None:
    account, days = account_of(reader), (date(2026, 5, 31), date(2026, 6, 30))
    whole = key_figures(reader, account, *days)
    assert whole.conversations.volume == 62
    assert whole.link_clicks == 23
    assert whole.attributed_orders == sold(shop, "web_chat", "sms", "email")
    parts = {name: key_figures(reader, account, *days, (name,)) for name in ("web_chat", "sms", "email", "whatsapp")}
    assert [one.conversations.volume for one in parts.values()] == [21, 20, 20, 1]
    for figure in ("link_clicks", "add_to_cart_items", "attributed_revenue", "net_attributed_revenue"):
        assert sum(getattr(one, figure) for one in parts.values()) == getattr(whole, figure), figure
    for status in ("volume", "resolved", "routed", "closed", "open"):
        counted = sum(getattr(one.conversations, status) for one in parts.values())
        assert counted == getattr(whole.conversations, status), status
    assert parts["sms"].attributed_orders == sold(shop, "sms")
    both = key_figures(reader, account, *days, ("sms", "email"))
    assert (both.conversations.volume, both.attributed_orders) == (40, sold(shop, "sms", "email"))
    apart = parts["sms"].attributed_orders + parts["email"].attributed_orders
    assert both.attributed_orders < apart  # an order with lines of both is one
    assert key_figures(reader, account, *days, ("no such' channel",)) == NOTHING


def test_what_still_runs_is_in_no_rate_of_ended_conversations_6_5(reader: Reader, shop: Shop) -> None:
    """The last days looked worse than all others, as their conversations had had no time to end."""
    found = key_figures(reader, account_of(reader), date(2026, 5, 31), date(2026, 6, 30)).conversations
    reasons = Counter(one.get("open_reason") for one in rows_by_id(shop).values())
    assert (found.running, found.unanswered) == (reasons["running"], reasons["unanswered"]) == (8, 7)
    told = found.to_json_dict()
    assert told["ended"] == found.volume - 8
    assert told["ended_resolution_rate"] == found.resolved / (found.volume - 8)
    assert told["unanswered_rate"] == 7 / (found.volume - 8)
    assert told["resolution_rate"] == found.resolved / found.volume


def test_a_version_that_did_not_tell_what_runs_has_no_rates_of_ended_conversations(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, sold_shop())
    home.published_file.chmod(0o644)
    with duckdb.connect(str(home.published_file)) as connection:
        connection.execute("alter table metrics.conversations drop column open_reason")
        connection.execute("alter table metrics.daily_performance drop column running_conversations")
        connection.execute("alter table metrics.daily_performance drop column unanswered_conversations")
    with DuckDBFile(home).read() as reader:
        found = key_figures(reader, account_of(reader), date(2026, 5, 31), date(2026, 6, 30))
        told = found.to_json_dict()
        untold = {"running", "unanswered", "ended", "ended_resolution_rate", "ended_unresolved_rate", "unanswered_rate"}
        assert {name: told[name] for name in untold} == dict.fromkeys(untold)
        assert told["resolution_rate"] == found.conversations.resolved / 62
        whole = report(reader, "shop", date(2026, 5, 31), date(2026, 6, 30))
        assert whole.to_json_dict()["by_channel"][0]["ended"] is None
        assert {group.to_json_dict()["running"] for group in breakdown(reader, whole, "tag").groups} == {None}
        (said,) = [one for one in sentences(found.not_measured) if one.startswith("rates of ended")]
        assert "did not tell which still run" in said


def sold(shop: Shop, *channels: str) -> int:
    lines = shop.rows["attributed_order_lines"]
    return len({one["order_id"] for one in lines if one["channel"] in channels})


@pytest.mark.parametrize("by", ["status", "channel", "tag"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST, date(2026, 6, 3)),  # days
        (date(2026, 6, 3), date(2026, 9, 4)),  # weeks, the first cut on a Wednesday
        (date(2026, 3, 1), date(2026, 6, 3)),  # and the last
        (date(2026, 6, 4), date(2027, 6, 5)),  # months
        (date(2025, 6, 1), date(2026, 6, 3)),
        (date(2025, 1, 1), date(2025, 1, 7)),
    ],
)
def test_bars_are_plain_counts(reader: Reader, shop: Shop, by: str, first: date, last: date) -> None:
    found = bars(reader, account_of(reader), first, last, by=by)
    counted = Counter(
        (*span(row["started_on"], first, last), (by == "status" and row.get("open_reason")) or row[by] or "")
        for row in shop.rows["conversations"]
        if row["account_id"] == "shop" and first <= row["started_on"] <= last
    )
    assert {(one.first, one.last, one.group): one.conversations for one in found} == counted
    assert len(found) == len(counted)
    assert [one.first for one in found] == sorted(one.first for one in found)
    some = bars(reader, account_of(reader), first, last, by=by, channels=("sms",))
    sms = [row for row in shop.rows["conversations"] if row["channel"] == "sms"]
    assert sum(one.conversations for one in some) == sum(first <= row["started_on"] <= last for row in sms)


def span(day: date, first: date, last: date) -> tuple[date, date]:
    """The dates of the bar that holds the day, by the calendar."""
    days = (last - first).days + 1
    begin, end = day, day
    if 92 < days <= 366:
        begin, end = day - timedelta(days=day.weekday()), day + timedelta(days=6 - day.weekday())
    elif days > 366:
        begin = day.replace(day=1)
        end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return max(begin, first), min(end, last)


@pytest.mark.parametrize("week", [0, 4, 5, 6])  # Monday, Friday, Saturday and Sunday, as weeks begin somewhere
def test_bars_of_weeks_begin_on_any_weekday(reader: Reader, shop: Shop, week: int) -> None:
    first, last = date(2026, 4, 1), date(2026, 8, 5)
    found = bars(reader, account_of(reader), first, last, by="channel", week=week)
    counted = Counter(
        (row["started_on"], row["channel"]) for row in shop.rows["conversations"] if row["account_id"] == "shop"
    )
    assert all(one.first.weekday() == week or one.first == first for one in found)
    assert all((one.last - one.first).days == 6 or first == one.first or last == one.last for one in found)
    assert [one.conversations for one in found] == [
        sum(count for (day, channel), count in counted.items() if one.first <= day <= one.last and channel == one.group)
        for one in found
    ]
    assert {(one.first, one.last) for one in found} <= set(all_spans(first, last, week))


def test_bars_leave_out_dates_on_which_nothing_started(reader: Reader) -> None:
    """A click on a date, or a sale, makes a row of `daily_performance` and no bar."""
    last = date(2026, 6, 14)
    clicks = key_figures(reader, account_of(reader), date(2026, 6, 10), last)
    assert (clicks.conversations.volume, clicks.link_clicks > 0) == (0, True)
    assert bars(reader, account_of(reader), date(2026, 6, 10), last, by="status") == ()


def test_one_conversation(read: Read) -> None:
    shop = Shop()
    shop.conversation("only", "resolved", tag="it's")
    reader = read(shop)
    account = account_of(reader)
    only = Figures(conversations=Conversations(1, 1, 0, 0, 0), **NO_SALES)
    assert key_figures(reader, account, FIRST, FIRST) == only
    assert only.average_order_value is None
    assert bars(reader, account, FIRST, FIRST, by="tag") == (Bar(FIRST, FIRST, "it's", 1),)
    year = (date(2026, 3, 1), date(2027, 3, 1))
    assert bars(reader, account, *year, by="tag") == (Bar(FIRST, date(2026, 6, 7), "it's", 1),)
    longer = (date(2026, 2, 27), date(2027, 3, 1))
    assert bars(reader, account, *longer, by="tag") == (Bar(FIRST, date(2026, 6, 30), "it's", 1),)


def test_nothing_published_for_the_account(read: Read) -> None:
    reader = read(Shop())
    assert key_figures(reader, account_of(reader), FIRST, FIRST) == NOTHING
    assert [rate.of(NOTHING.conversations) for rate in RATES] == [None] * len(RATES)
    assert bars(reader, account_of(reader), FIRST, FIRST, by="channel") == ()


def test_who_sees_no_texts_sees_the_same_figures(read_limited: Read, shop: Shop) -> None:
    limited = read_limited(shop)
    account = account_of(limited)
    assert key_figures(limited, account, *RANGES[2]).conversations.volume == 62
    assert sum(one.conversations for one in bars(limited, account, *RANGES[2], by="tag")) == 62


@pytest.mark.parametrize(
    ("days", "unit"), [(1, "day"), (92, "day"), (93, "week"), (366, "week"), (367, "month"), (4000, "month")]
)
def test_what_a_bar_stands_for(days: int, unit: str) -> None:
    assert unit_of(FIRST, FIRST + timedelta(days=days - 1)) == unit


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 2000))
def test_the_period_before_is_as_long_and_ends_the_day_before(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    begin, end = before(first, last)
    assert (last - first, end + timedelta(days=1)) == (end - begin, first)


def test_the_week_before() -> None:
    """Rule 1.2: both ends are included."""
    assert before(FIRST, date(2026, 6, 7)) == (date(2026, 5, 25), date(2026, 5, 31))
    assert before(FIRST, FIRST) == (date(2026, 5, 31), date(2026, 5, 31))


def test_sums_of_the_small_shop_are_those_of_rule_6_3(shop: Shop) -> None:
    """What `daily_performance` is made of here, counted in another way."""
    rows = shop.published_rows()["daily_performance"]
    assert sum(int(one["conversations"]) for one in rows) == len(shop.rows["conversations"])
    assert len({(*list(one.values())[:5],) for one in rows}) == len(rows)
