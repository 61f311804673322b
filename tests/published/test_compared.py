"""A range that is not over was compared with a whole one: every morning, every figure had fallen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.published.figures import STATUSES
from flows.published.performance import Compared, compared, key_figures
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, ZONE, Shop

AS_OF = datetime(2026, 6, 7, 12, tzinfo=UTC)
NINE = time(9)  # of AS_OF in the account's zone
TODAY = date(2026, 6, 7)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def steady_shop() -> Shop:
    """Something every seven hours until as-of, and everything at the very instants at which a day is cut."""
    shop = Shop()
    began = MIDNIGHT - 20 * DAY
    starts = [began + timedelta(hours=7 * number) for number in range(91)]
    starts += [
        AS_OF - 7 * DAY,
        AS_OF - 7 * DAY + MOMENT,
        AS_OF - 7 * DAY - MOMENT,
        AS_OF - 7 * DAY + timedelta(hours=1),
    ]
    for number, at in enumerate(starts):
        key = f"c{number:03}"
        status = STATUSES[number % 4]
        reason = ("running", "unanswered")[number // 4 % 2] if status == "open" else None
        channel = ("web_chat", "sms")[number % 3 // 2]
        shop.conversation(key, status, at=at, channel=channel, open_reason=reason, is_deflected=number % 5 == 0)
        shop.click(key, 0)
        shop.click(key, 24 * 60, "link_click")
        shop.click(key, 60, "add_to_cart", quantity=number % 3 + 1)
        shop.sell(key, f"line {number}", f"order {number // 2}", f"{number}.2500", hours=0, net_revenue="1.5000")
    shop.conversation("elsewhere", account_id="other", at=AS_OF - 7 * DAY)
    return shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return steady_shop()


@pytest.fixture(scope="module")
def reader(read: Read, shop: Shop) -> Reader:
    return read(shop)


def compare(reader: Reader, first: date, last: date, *, channels: tuple[str, ...] = (), **more: Any) -> Compared:
    publication: Publication = replace(newest_publication(reader), **more)
    return compared(reader, account_of(reader), publication, first, last, channels=channels)


def counted(shop: Shop, holds: Callable[[datetime], bool], channels: tuple[str, ...] = ()) -> dict[str, Any]:
    """What happened at the instants for which it holds, given in the account's zone."""

    def rows(table: str, instant: str) -> list[dict[str, Any]]:
        mine = [one for one in shop.rows[table] if one["account_id"] == "shop"]
        of_channels = [one for one in mine if not channels or shop.of(one["conversation_id"])["channel"] in channels]
        return [one for one in of_channels if holds(one[instant].astimezone(ZONE))]

    started, lines = rows("conversations", "started_at"), rows("attributed_order_lines", "placed_at")
    clicks = rows("interactions", "occurred_at")
    return {
        "volume": len(started),
        **{status: sum(one["status"] == status for one in started) for status in STATUSES},
        "deflected": sum(one["is_deflected"] for one in started),
        "running": sum(one["open_reason"] == "running" for one in started),
        "unanswered": sum(one["open_reason"] == "unanswered" for one in started),
        "attributed_revenue": sum((Decimal(one["revenue"]) for one in lines), Decimal(0)),
        "net_attributed_revenue": sum((Decimal(one["net_revenue"]) for one in lines), Decimal(0)),
        "attributed_orders": len({one["order_id"] for one in lines}),
        "link_clicks": sum(one["type"] != "add_to_cart" for one in clicks),
        "add_to_cart_items": sum(one["quantity"] for one in clicks if one["type"] == "add_to_cart"),
    }


def told(found: Compared, names: dict[str, Any]) -> dict[str, Any]:
    was = found.before
    return {name: getattr(was if hasattr(was, name) else was.conversations, name) for name in names}


@pytest.mark.parametrize("channels", [(), ("sms",), ("sms", "web_chat"), ("it's none",)])
@pytest.mark.parametrize(
    ("first", "last", "cut"),
    [
        (date(2026, 6, 1), TODAY, date(2026, 5, 31)),
        (TODAY, TODAY, date(2026, 6, 6)),
        (date(2026, 6, 6), date(2026, 6, 12), date(2026, 5, 31)),  # a week of which five dates are still to come
        (date(2026, 5, 31), date(2026, 6, 29), date(2026, 5, 8)),  # where there is nothing yet
    ],
)
def test_the_period_before_is_cut_where_the_range_is(
    reader: Reader, shop: Shop, first: date, last: date, cut: date, channels: tuple[str, ...]
) -> None:
    found = compare(reader, first, last, channels=channels)
    assert found.now == key_figures(reader, account_of(reader), first, last, channels)
    assert (found.until, found.last) == (AS_OF, cut)
    assert (found.last - found.first, first - found.first) == (TODAY - first, last - first + DAY)
    begins = datetime.combine(found.first, time(), ZONE)
    ends = datetime.combine(cut, NINE, ZONE)
    expected = counted(shop, lambda at: begins <= at <= ends, channels)
    assert told(found, expected) == expected
    assert bool(expected["volume"]) == (cut > date(2026, 5, 13) and channels != ("it's none",))
    whole = counted(shop, lambda at: begins.date() <= at.date() <= cut, channels)
    assert (expected["volume"] < whole["volume"]) == bool(expected["volume"])


def test_a_range_that_is_over_is_compared_with_as_many_whole_dates(reader: Reader) -> None:
    first, last = date(2026, 5, 31), date(2026, 6, 6)
    found = compare(reader, first, last)
    assert (found.first, found.last, found.until) == (date(2026, 5, 24), date(2026, 5, 30), None)
    assert found.before == key_figures(reader, account_of(reader), found.first, found.last)
    assert found.before.conversations.volume > 20


def test_dates_that_are_yet_to_come_are_compared_with_nothing(reader: Reader) -> None:
    found = compare(reader, date(2026, 6, 8), date(2026, 6, 14))
    assert (found.until, found.first, found.last) == (AS_OF, date(2026, 6, 1), date(2026, 5, 31))
    assert (found.now.conversations.volume, found.before.conversations.volume) == (0, 0)
    assert (found.before.link_clicks, found.before.attributed_orders) == (0, 0)


def test_where_nothing_came_for_days_the_period_before_is_cut_at_the_newest_event(reader: Reader, shop: Shop) -> None:
    """Sources that had not answered since Thursday looked like shoppers who stayed away."""
    newest = AS_OF - 3 * DAY - timedelta(hours=2)
    found = compare(reader, date(2026, 6, 1), TODAY, data_up_to=newest)
    assert (found.until, found.first, found.last) == (newest, date(2026, 5, 25), date(2026, 5, 28))
    ends = newest.astimezone(ZONE) - 7 * DAY
    expected = counted(shop, lambda at: date(2026, 5, 25) <= at.date() and at <= ends)
    assert told(found, expected) == expected
    over = compare(reader, date(2026, 6, 1), date(2026, 6, 5), data_up_to=newest)
    assert (over.until, over.last) == (newest, date(2026, 5, 30))
    assert compare(reader, date(2026, 6, 1), TODAY, data_up_to=None).until == AS_OF
    assert compare(reader, date(2026, 6, 1), TODAY, data_up_to=AS_OF - timedelta(hours=8)).until == AS_OF
