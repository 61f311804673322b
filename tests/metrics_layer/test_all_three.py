"""The report, MetricFlow and the page say the same of the same dates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from flows.dashboard import shown
from flows.ground.home import Home
from flows.published.report import report
from flows.warehouses.reader import Reader
from tests.dashboard.browser import Visitor, chromium, served
from tests.metrics_layer.conftest import Ask
from tests.metrics_layer.shop import ACCOUNTS
from tests.metrics_layer.test_metrics import COMPARED, RANGES, RATES, Figures, compared, of, reported

pytestmark = pytest.mark.xdist_group("metricflow")
SHOWN = ("volume", *RATES, "sales", "orders", "carts", "clicks")


@pytest.fixture(scope="module")
def address(published: Home) -> Iterator[str]:
    with served(published) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def as_shown(figures: Figures, currency: str) -> dict[str, str]:
    """The figures as the page writes them."""
    return {
        "volume": shown.number(figures["volume"]),
        **{name: shown.percent(figures[name]) for name in RATES},
        "sales": shown.money(figures["ai_sales"], currency),
        "orders": shown.money(figures["average_order_value"], currency),
        "carts": shown.number(figures["add_to_cart_items"]),
        "clicks": shown.number(figures["link_clicks"]),
    }


@pytest.mark.parametrize("account", ACCOUNTS)
def test_all_three_say_the_same(ask: Ask, reader: Reader, address: str, browser: Browser, account: str) -> None:
    visitor = Visitor(browser, address)
    for name, (first, last) in RANGES.items():
        told = report(reader, account, first, last)
        (row,) = ask(COMPARED, [], *of(account, first, last))
        assert compared(row) == reported(told), name
        visitor.open(account=account, dates=f"{first}..{last}")
        assert {key: visitor.figure(key) for key in SHOWN} == as_shown(reported(told), told.currency), name
    visitor.close()
