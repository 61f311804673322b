"""Chapter 6 in groups: under the dates and words of each thing, the same from both warehouses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pytest

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import accounts
from flows.published.breakdown import DIMENSIONS, Breakdown, breakdown
from flows.published.figures import Figures
from flows.published.performance import channels_of, key_figures
from flows.published.report import Report, report
from flows.warehouses.reader import Reader
from tests.published.conftest import Read
from tests.published.shop import MIDNIGHT, Shop
from tests.reference.deliveries import merged, random_deliveries
from tests.reference.derive import derive
from tests.reference.shops import AS_OF, random_shop
from tests.warehouses.candidates import Rows

Reports = Callable[..., Report]
Grouped = Callable[[str, date, date, str], Breakdown]

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 7)
READ = (
    "accounts",
    "conversations",
    "messages",
    "interactions",
    "attributed_order_lines",
    "skills",
    "daily_performance",
)
TODAY = AS_OF.date()
ADDITIVE = ("volume", "attributed_revenue", "net_attributed_revenue", "link_clicks", "add_to_cart_items")
RANGES = [
    (TODAY - timedelta(days=6), TODAY),
    (TODAY - timedelta(days=29), TODAY),
    (date(2026, 11, 1), date(2026, 11, 1)),  # 25 hours long in New York
    (date(2026, 1, 1), date(2026, 12, 31)),
    (date(2027, 1, 1), date(2027, 1, 3)),
]


def told(reader: Reader, by: str, first: date = FIRST, last: date = LAST, account: str = "shop") -> Breakdown:
    return breakdown(reader, report(reader, account, first, last), by)


def by_key(found: Breakdown, *names: str) -> dict[str, tuple[Any, ...]]:
    groups = found.to_json_dict()["groups"]
    return {group[found.by]: tuple(group[name] for name in names) for group in groups}


class RandomShops(Shop):
    """Awkward shops in several time zones, worked out by the second reading of the definitions."""

    def published_rows(self) -> Rows:
        rng = random.Random(6)
        loads = merged(random_deliveries(rng, random_shop(rng, f"shop {number}")) for number in range(24))
        derived = derive(loads, AS_OF).tables
        return {of: [{name: as_value(row[name]) for name in row} for row in derived[of]] for of in READ}


def as_value(value: Any) -> Any:
    """A value as candidates take it; no figure depends on texts and lists."""
    if isinstance(value, list) or (isinstance(value, str) and "\0" in value):
        return None
    return str(value) if isinstance(value, Decimal) else value


@pytest.fixture(scope="module")
def shops(read: Read) -> Reader:
    return read(RandomShops())


@pytest.fixture(scope="module")
def reports(shops: Reader) -> Reports:
    """The reports on those shops, each made once: they are compared with groups of every kind."""
    return cache(partial(report, shops))


@pytest.fixture(scope="module")
def grouped(shops: Reader, reports: Reports) -> Grouped:
    """And the groups of each."""
    return cache(lambda account, first, last, by: breakdown(shops, reports(account, first, last), by))


@pytest.mark.parametrize("by", [one for one in DIMENSIONS[:-1] if one != "agent"])
def test_groups_agree_with_daily_performance(shops: Reader, grouped: Grouped, by: str) -> None:
    keys = {
        "day": "date",
        "week": "greatest({first}, cast(date_trunc('week', date) as date))",
        "month": "greatest({first}, cast(date_trunc('month', date) as date))",
    }
    seen = 0
    for account in accounts(shops):
        for first, last in RANGES:
            key = keys.get(by, by).format(first=literal(first))
            expected = shops.rows(
                f"""select {key}, sum(conversations), sum(attributed_revenue), sum(net_attributed_revenue),
                    sum(link_clicks), sum(add_to_cart_items)
                from metrics.daily_performance
                where account_id = {literal(account.account_id)} and date between {literal(first)} and {literal(last)}
                group by 1"""
            )
            figures = by_key(grouped(account.account_id, first, last, by), *ADDITIVE)
            found = {name: (one[0], *map(Decimal, one[1:3]), *one[3:]) for name, one in figures.items() if any(one)}
            nothing = (0, Decimal("0.0000"), Decimal("0.0000"), 0, 0)
            # A day of inferred sales alone has none of these figures (5.6).
            told_by_day = {str(name): tuple(numbers) for name, *numbers in expected if any(numbers)}
            assert {name: one for name, one in found.items() if one != nothing} == told_by_day
            seen += sum(one[0] for one in found.values())
    assert seen > 100


@pytest.mark.parametrize("by", DIMENSIONS[:-1])
def test_groups_add_up_to_the_report_but_for_orders(shops: Reader, reports: Reports, grouped: Grouped, by: str) -> None:
    for account in accounts(shops):
        for first, last in RANGES:
            whole = reports(account.account_id, first, last)
            groups = grouped(account.account_id, first, last, by).groups
            for status in ("volume", "resolved", "routed", "closed", "open"):
                assert sum(getattr(one.conversations, status) for one in groups) == getattr(whole.conversations, status)
            for name in ADDITIVE[1:]:
                assert sum(getattr(one, name) for one in groups) == getattr(whole, name)
            assert sum(one.attributed_orders for one in groups) >= whole.attributed_orders


@pytest.mark.parametrize("by", ["status", "day", "week"])
def test_of_some_channels_report_and_groups_are_what_the_page_has_of_them(
    shops: Reader, reports: Reports, by: str
) -> None:
    """And not what happened in conversations of other channels."""
    seen = 0
    for account in accounts(shops):
        channels = channels_of(shops, account)
        for some in (channels[:1], channels[1:], ("no such' channel",)):
            if not some:
                continue
            first, last = RANGES[3]
            whole = reports(account.account_id, first, last, some)
            assert set(whole.by_channel) <= set(some)
            page = key_figures(shops, account, first, last, some)
            compared = {one.name: getattr(whole, one.name) for one in fields(Figures)}
            inferred = {"inferred_revenue": Decimal(0), "inferred_orders": 0}  # the page has none of it
            assert Figures(**{**compared, **inferred}) == page
            groups = breakdown(shops, whole, by).groups
            assert sum(one.conversations.volume for one in groups) == whole.conversations.volume
            for name in ADDITIVE[1:]:
                assert sum(getattr(one, name) for one in groups) == getattr(whole, name)
            seen += whole.conversations.volume + whole.link_clicks + whole.attributed_orders
    assert seen > 100


def test_each_figure_stands_under_its_own_date_and_where_its_conversation_is_now(read: Read) -> None:
    shop = Shop()
    hour = timedelta(hours=1)
    shop.conversation("earlier", "routed", at=MIDNIGHT - hour, channel="sms", tag="returns")
    shop.click("earlier", 60)  # at midnight
    shop.click("earlier", 61, "add_to_cart", quantity=3)
    shop.click("earlier", 62, "message_opened")
    shop.click("earlier", 59)
    shop.sell("earlier", "line 1", "order 1", "10.5000", hours=1, net_revenue="4.0001")
    shop.sell("earlier", "line 2", "order 1", "1.0000", hours=1)
    shop.conversation("in", "resolved", at=MIDNIGHT, tag=None)
    shop.sell("in", "line 3", "order 1", "5.0000", hours=2)
    shop.sell("in", "line 4", "order 2", "5.0000", hours=7 * 24)  # on 8 June
    shop.conversation("other", account_id="other", at=MIDNIGHT + 12 * hour)
    shop.conversation("last", "open", at=MIDNIGHT + timedelta(days=7) - timedelta(microseconds=1), channel="email")
    reader = read(shop)
    names = ("volume", "resolved", "attributed_revenue", "net_attributed_revenue", "attributed_orders", "link_clicks")
    channels = {
        "email": (1, 0, "0.0000", "0.0000", 0, 0),
        "sms": (0, 0, "11.5000", "4.0001", 1, 1),
        "web_chat": (1, 1, "5.0000", "0.0000", 1, 0),
    }
    assert by_key(told(reader, "channel"), *names) == channels
    of = ("volume", "add_to_cart_items", "resolution_rate", "unresolved_rate", "average_order_value")
    assert by_key(told(reader, "status"), *of) == {
        "resolved": (1, 0, 1.0, 0.0, "5.0000"),
        "routed": (0, 3, None, None, "11.5000"),
        "open": (1, 0, 0.0, 0.0, None),
    }
    assert by_key(told(reader, "tag"), "volume", "attributed_orders") == {"": (2, 1), "returns": (0, 1)}
    days = by_key(told(reader, "day"), "volume", "link_clicks", "add_to_cart_items", "attributed_orders")
    assert days.pop("2026-06-01") == (1, 1, 3, 1)
    assert days.pop("2026-06-07") == (1, 0, 0, 0)
    assert days == {f"2026-06-0{day}": (0, 0, 0, 0) for day in range(2, 7)}


def test_an_order_counts_in_each_group_and_once_in_the_whole(read: Read) -> None:
    shop = Shop()
    for channel in ("sms", "web_chat"):
        shop.conversation(channel, channel=channel)
        shop.sell(channel, f"line of {channel}", "order", "10.0000")
        shop.sell(channel, f"another of {channel}", "order", "2.0000")
    reader = read(shop)
    whole = report(reader, "shop", FIRST, LAST)
    assert (whole.attributed_orders, whole.average_order_value) == (1, Decimal("24.0000"))
    found = by_key(breakdown(reader, whole, "channel"), "attributed_orders", "average_order_value")
    assert found == {"sms": (1, "12.0000"), "web_chat": (1, "12.0000")}


def test_days_weeks_and_months_are_all_of_the_range_and_cut_to_it(read: Read) -> None:
    reader = read(Shop())
    first, last = date(2026, 4, 29), date(2026, 6, 2)  # a Wednesday and a Tuesday
    assert by_key(told(reader, "week", first, last), "to", "volume", "resolution_rate") == {
        "2026-04-29": ("2026-05-03", 0, None),
        "2026-05-04": ("2026-05-10", 0, None),
        "2026-05-11": ("2026-05-17", 0, None),
        "2026-05-18": ("2026-05-24", 0, None),
        "2026-05-25": ("2026-05-31", 0, None),
        "2026-06-01": ("2026-06-02", 0, None),
    }
    assert by_key(told(reader, "month", first, last), "to") == {
        "2026-04-29": ("2026-04-30",),
        "2026-05-01": ("2026-05-31",),
        "2026-06-01": ("2026-06-02",),
    }
    days = list(by_key(told(reader, "day", first, last)))
    assert (days[0], days[-1], len(days)) == ("2026-04-29", "2026-06-02", 35)
    assert by_key(told(reader, "week", FIRST, FIRST), "to") == {"2026-06-01": ("2026-06-01",)}
    assert by_key(told(reader, "month", date(2024, 2, 1), date(2024, 2, 29)), "to") == {"2024-02-01": ("2024-02-29",)}
    for by in ("channel", "status", "tag"):
        assert told(reader, by).to_json_dict() == {"by": by, "groups": []}


def test_what_happened_in_a_cut_week_counts_there(read: Read) -> None:
    shop = Shop()
    for day in range(14):
        shop.conversation(f"c{day}", at=MIDNIGHT + timedelta(days=day))
        shop.click(f"c{day}", 0)
        shop.sell(f"c{day}", f"line {day}", f"order {day // 2}", "1.0000", hours=0)
    found = told(read(shop), "week", date(2026, 6, 3), date(2026, 6, 9))
    assert by_key(found, "volume", "link_clicks", "attributed_revenue", "attributed_orders") == {
        "2026-06-03": (5, 5, "5.0000", 3),
        "2026-06-08": (2, 2, "2.0000", 2),
    }


@pytest.mark.parametrize(
    ("by", "last"), [("day", date(2036, 12, 13)), ("week", date(2102, 8, 27)), ("month", date(2359, 4, 30))]
)
def test_ages_are_refused(read: Read, by: str, last: date) -> None:
    reader = read(Shop())
    first = date(2026, 1, 1)
    assert len(told(reader, by, first, last).groups) == 4_000
    with pytest.raises(InputError, match=f"has more than 4,000 {by}s; ask for a shorter range"):
        told(reader, by, first, last + timedelta(days=7))
    for channels in ("channel", "skill"):
        told(reader, channels, date.min, date.max)
    with pytest.raises(InputError, match="has more than"):
        told(reader, by, date.min, date.max)
    ends = told(reader, by, date(9999, 12, 1), date.max).groups
    assert ends[-1].last == date.max


def test_skills_are_those_of_the_report(shops: Reader) -> None:
    used = 0
    for account in accounts(shops):
        whole = report(shops, account.account_id, *RANGES[2])
        expected = {"by": "skill", "groups": whole.to_json_dict()["skills"]}
        assert breakdown(shops, whole, "skill").to_json_dict() == expected
        used += len(whole.skills)
    assert used > 20


def test_tags_stand_by_their_volume_and_statuses_by_the_definitions(read: Read) -> None:
    shop = Shop()
    tags = ["b", "it's; -- 'x'", "it's; -- 'x'", "a", None, None, None]
    for number, tag in enumerate(tags):
        shop.conversation(f"c{number}", ("open", "closed", "routed", "resolved")[number % 4], tag=tag)
    reader = read(shop)
    assert list(by_key(told(reader, "tag"))) == ["", "it's; -- 'x'", "a", "b"]
    assert list(by_key(told(reader, "status"))) == ["resolved", "routed", "closed", "open"]


def test_another_word_is_answered_with_those_that_there_are(read: Read) -> None:
    with pytest.raises(InputError, match="by 'hour'; it can be channel, status, tag, agent, day, week, month or skill"):
        told(read(Shop()), "hour")


def test_noon_of_utc_is_no_day_of_the_account(read: Read) -> None:
    """At 02:59:59.999999 UTC it is still the day before in São Paulo."""
    shop = Shop()
    shop.conversation("c", at=datetime(2026, 6, 1, 12, tzinfo=UTC))
    shop.click("c", 15 * 60 - 1e-6)
    shop.click("c", 15 * 60)
    assert by_key(told(read(shop), "day", FIRST, date(2026, 6, 2)), "link_clicks") == {
        "2026-06-01": (1,),
        "2026-06-02": (1,),
    }


@pytest.mark.parametrize("by", ["channel", "tag", "day"])
def test_handoffs_that_nobody_tells_are_null_in_every_group(read: Read, by: str) -> None:
    shop = Shop()
    shop.conversation("c", "resolved")
    for figure, state in (("routed", "not_measured"), ("closed", "not_measured"), ("link_clicks", "measured")):
        shop.add("measured", figure=figure, state=state)
    names = ("routed", "closed", "routed_rate", "unresolved_rate")
    found = by_key(told(read(shop), by), *names, "link_clicks")
    assert set(found.values()) == {(None, None, None, None, 0)}
