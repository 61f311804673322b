"""The report, MetricFlow and the page say the same of the same dates."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from flows.dashboard.language import language
from flows.ground.home import Home
from flows.published.report import report
from flows.warehouses.reader import Reader
from tests.dashboard.browser import served
from tests.metrics_layer.conftest import Ask
from tests.metrics_layer.shop import ACCOUNTS
from tests.metrics_layer.test_metrics import COMPARED, RANGES, RATES, Figures, compared, of, reported

SAY = language("en")
VALUE = re.compile(r'data-figure="(\w+)">.*?<p class="value">(?:<a [^>]*>)?([^<]*)<', re.DOTALL)


@pytest.fixture(scope="module")
def address(published: Home) -> Iterator[str]:
    with served(published) as one:
        yield one


def as_shown(figures: Figures, currency: str) -> dict[str, str]:
    """The figures as the page writes them; of who went unanswered it shows the number."""
    return {
        "volume": SAY.number(figures["volume"]),
        **{name: SAY.percent(figures[name]) for name in RATES if name != "unanswered_rate"},
        "sales": SAY.money(figures["ai_sales"], currency),
        "orders": SAY.money(figures["average_order_value"], currency),
        "carts": SAY.number(figures["add_to_cart_items"]),
        "clicks": SAY.number(figures["link_clicks"]),
    }


@pytest.mark.parametrize("account", ACCOUNTS)
def test_all_three_say_the_same(ask: Ask, reader: Reader, address: str, account: str) -> None:
    for name, (first, last) in RANGES.items():
        told = report(reader, account, first, last)
        (row,) = ask(COMPARED, [], *of(account, first, last))
        assert compared(row) == reported(told), name
        page = httpx.get(
            address, params={"account": account, "dates": f"{first}..{last}", "language": "en"}, timeout=60
        )
        wanted = as_shown(reported(told), told.currency)
        shown = {key: value for key, value in VALUE.findall(page.text) if key in wanted}
        assert shown == wanted, name
