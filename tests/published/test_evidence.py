"""Sales down to their lines, on both warehouses."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest

from flows.published.evidence import SalesTotals, SoldLine, lines, totals
from flows.published.products import Product
from flows.published.report import report
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, Shop

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 2)


def sold_shop() -> Shop:
    shop = Shop()
    shop.product("shoe", "Shoe", "https://shop.example/shoe")
    shop.conversation("web", profile_name="Ana", profile_id="p")
    shop.conversation("sms", channel="sms")
    shop.sell("web", "before", "o0", "1000", hours=-0.001)
    shop.sell("web", "b", "o1", "0.0001", hours=0, net_revenue="0.0001")
    shop.sell("web", "a", "o1", "10.5", hours=0, quantity=3)
    shop.sell("sms", "c", "o2", "7", hours=47.999, net_revenue="6.5", touch_type="open", product_id="gone")
    shop.sell("sms", "after", "o3", "1000", hours=48)
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(sold_shop())


def test_totals_are_those_of_the_report(reader: Reader) -> None:
    """Rules 5.4 and 5.5: by the local date on which the order was placed, orders are distinct."""
    account = account_of(reader)
    found = totals(reader, account, FIRST, LAST)
    assert found == SalesTotals(3, 2, Decimal("17.5001"), Decimal("6.5001"))
    told = report(reader, "shop", FIRST, LAST)
    assert (told.attributed_orders, told.attributed_revenue) == (found.orders, found.revenue)
    assert told.net_attributed_revenue == found.net_revenue
    assert totals(reader, account, FIRST, LAST, ("sms",)) == SalesTotals(1, 1, Decimal(7), Decimal("6.5"))
    assert totals(reader, account, FIRST, LAST, ("sms", "web_chat")) == found
    assert totals(reader, account, FIRST, LAST, ("x' or 1=1",)) == SalesTotals(0, 0, Decimal(0), Decimal(0))


def test_lines_lead_to_the_touch_and_the_conversation(reader: Reader) -> None:
    account = account_of(reader)
    found = lines(reader, account, FIRST, LAST)
    assert [one.order_line_id for one in found] == ["c", "a", "b"]
    assert found[1] == SoldLine(
        order_id="o1",
        order_line_id="a",
        conversation_id="web",
        channel="web_chat",
        profile_id="p",
        profile_name="Ana",
        product=Product("shoe", "Shoe", "https://shop.example/shoe"),
        quantity=Decimal(3),
        revenue=Decimal("10.5"),
        net_revenue=Decimal(0),
        touch_type="click",
        touch_id="web/touch",
        touched_at=MIDNIGHT,
        placed_at=MIDNIGHT,
    )
    assert found[0].product == Product("gone", None, None)
    assert found[0].placed_at.tzinfo is UTC
    assert sum(one.revenue for one in found) == totals(reader, account, FIRST, LAST).revenue


def test_lines_come_in_pages_and_by_channel(reader: Reader) -> None:
    account = account_of(reader)
    pages = [lines(reader, account, FIRST, LAST, offset=at, limit=1) for at in range(4)]
    assert [[one.order_line_id for one in several] for several in pages] == [["c"], ["a"], ["b"], []]
    assert [one.order_line_id for one in lines(reader, account, FIRST, LAST, ("sms",))] == ["c"]
    assert lines(reader, account, LAST + timedelta(days=3), date.max) == ()


def test_without_sales_all_is_zero(read: Read) -> None:
    shop = Shop()
    shop.conversation("only")
    reader = read(shop)
    assert totals(reader, account_of(reader), FIRST, LAST) == SalesTotals(0, 0, Decimal(0), Decimal(0))
    assert lines(reader, account_of(reader), FIRST, LAST) == ()


def test_who_sees_no_names_sees_the_lines(read_limited: Read) -> None:
    limited = read_limited(sold_shop())
    found = lines(limited, account_of(limited), FIRST, LAST)
    assert [(one.profile_name, one.revenue) for one in found] == [
        (None, Decimal(7)),
        (None, Decimal("10.5")),
        (None, Decimal("0.0001")),
    ]
