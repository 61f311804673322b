"""From servers that fail now and then to published tables that are right: every shop beside Klaviyo, the whole job."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.main import main
from flows.ground.home import Home
from flows.lake import Lake
from flows.sources.klaviyo.endpoints import Group
from flows.sources.shopify import client as shopify
from tests.sources.fake_klaviyo import KEY, FakeKlaviyo
from tests.sources.fake_shopify import TOKEN, FakeShopify
from tests.sources.fake_woocommerce import FakeWooCommerce
from tests.sources.pulled import current

ORDERS = 40
REFUNDED = 7
NAMED = ["B-2"], ["1"]  # what is recommended in even and odd conversations
MORNING = datetime(2026, 5, 1, 9, tzinfo=UTC)  # an hour before the orders of the shops
KLAVIYO = """
[[accounts]]
account_id = "acme"
timezone = "UTC"
currency = "EUR"

[accounts.sources.klaviyo]
base_url = "{url}"
start = 2026-04-30
"""


@pytest.fixture
def klaviyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKlaviyo]:
    """In each conversation, by text message, one shopper is recommended product 1, or 2 by its SKU."""
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyo(faults=0.05, seed=7) as fake:
        started, recommended = fake.metric("Started Conversation"), fake.metric("Received Product Recommendation")
        for number in range(1, ORDERS + 1):
            at, who = MORNING + timedelta(minutes=number % 60), f"P{number}"
            fake.profile(who, at, email=f"Shopper{number}@example.com")
            fake.conversation(f"c{number}", at, ["What would you take?", "This one."])
            said = {"Conversation ID": f"c{number}"}
            fake.event(started, at, who, **said, Channel="SMS")
            fake.event(recommended, at + timedelta(minutes=1), who, **said, **{"Product IDs": NAMED[number % 2]})
        yield fake


def from_woocommerce(_folder: Path) -> Any:
    return FakeWooCommerce(faults=0.1, seed=3)


def from_shopify(_folder: Path) -> Any:
    return FakeShopify(faults=0.1, seed=4)


def from_a_database(folder: Path) -> Any:
    """A SQLite file with the same orders."""
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table orders (id, placed, currency, mail)")
        connection.execute("create table lines (id, o, product, sku, quantity, price, off, back)")
        for number in range(1, ORDERS + 1):
            back = "3.33" if number == REFUNDED else "0"
            at = f"2026-05-01 10:{number % 60:02}:00"
            order = (number, at, f"shopper{number}@example.com")
            connection.execute("insert into orders values (?, ?, 'EUR', ?)", order)
            lines = [
                (number * 10 + 1, number, 1, None, 3, "3.3334", "0.0002", back),
                (number * 10 + 2, number, 2, "B-2", 1, "20", "4.5", "0"),
            ]
            connection.executemany("insert into lines values (?, ?, ?, ?, ?, ?, ?, ?)", lines)
        connection.commit()
    return file


def settings_of(shop: Any) -> str:
    if isinstance(shop, Path):
        return '''
[accounts.sources.sql.tables.orders]
table = "orders"
columns = {order_id = "id", placed_at = "placed", email = "mail"}
[accounts.sources.sql.tables.order_lines]
query = """select id as order_line_id, o as order_id, product as product_id, sku, quantity, price as unit_price,
    off as discount, back as refunded_amount from lines"""
'''
    name = "shopify" if isinstance(shop, FakeShopify) else "woocommerce"
    return f'\n[accounts.sources.{name}]\nbase_url = "{shop.url}"\n'


@pytest.fixture
def job(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options of a run of which every pull is cut off after half a second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))
    secrets = {
        "KLAVIYO_API_KEY": KEY,
        "SHOPIFY_ACCESS_TOKEN": TOKEN,
        "WOOCOMMERCE_CONSUMER_KEY": "ck_canary",
        "WOOCOMMERCE_CONSUMER_SECRET": "cs_canary",
        "SQL_DATABASE_URL": f"sqlite:///{tmp_path / 'shop.db'}",
        "AGENT_METRICS_PULL_MINUTES": "0.01",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    return ["--home", str(home.root), "--json"]


def ran(job: list[str], capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["run", *job, *arguments]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def published(home: Home, query: str) -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.published_file}' as shop (read_only); use shop")
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("make", [from_shopify, from_woocommerce, from_a_database])
def test_sales_are_right_to_the_cent_whatever_fails_meanwhile(
    make: Callable[[Path], Any],
    klaviyo: FakeKlaviyo,
    job: list[str],
    home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = make(tmp_path)
    Path("agent-metrics.toml").write_text(KLAVIYO.format(url=klaviyo.url) + settings_of(shop), "utf-8")
    if not isinstance(shop, Path):
        shop.__enter__()
        for number in range(1, ORDERS + 1):
            shop.order(number, MORNING + timedelta(hours=2, seconds=number // 3))
        shop.refund(REFUNDED, REFUNDED * 10 + 1, "3.33", *([MORNING] if isinstance(shop, FakeWooCommerce) else []))
    try:
        for _ in range(60):
            done = ran(job, capsys, "--as-of", "2026-06-07")
            if not any(one["rows"] for one in done["pull"]) and not any(one["first_load"] for one in done["pull"]):
                break
        else:
            pytest.fail("no end of the first load")
    finally:
        if not isinstance(shop, Path):
            shop.__exit__(None, None, None)
    lines = published(
        home,
        """select order_id, product_id, conversation_id, profile_id, touch_type, revenue, net_revenue
        from metrics.attributed_order_lines""",
    )
    expected = []
    for n in range(1, ORDERS + 1):
        product, revenue = ("1", Decimal(10)) if n % 2 else ("2", Decimal("15.5"))
        net = Decimal("6.67") if n == REFUNDED else revenue
        expected.append((str(n), product, f"c{n}", f"P{n}", "delivery", revenue, net))
    assert sorted(lines) == sorted(expected)
    assert published(home, "select count(*), count(distinct conversation_id) from metrics.messages") == [
        (2 * ORDERS, ORDERS)
    ]
    assert published(home, "select count(*) from metrics.rejected_rows") == [(0,)]


def test_accounts_have_sources_and_credentials_of_their_own(
    job: list[str], home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZEBRA_KEY", "ck_zebra_canary")
    monkeypatch.setenv("ZEBRA_SECRET", "cs_zebra_canary")
    account = '[[accounts]]\naccount_id = "{0}"\ntimezone = "UTC"\ncurrency = "EUR"\n'
    source = '[accounts.sources.woocommerce]\nbase_url = "{0}"\n'
    theirs = 'consumer_key = "env:ZEBRA_KEY"\nconsumer_secret = "env:ZEBRA_SECRET"\n'
    with FakeWooCommerce() as first, FakeWooCommerce() as second:
        second.key, second.secret = "ck_zebra_canary", "cs_zebra_canary"
        first.product(1, MORNING)
        second.product(1, MORNING)
        second.product(2, MORNING)
        text = account.format("acme") + source.format(first.url)
        text += account.format("zebra") + source.format(second.url) + theirs
        Path("agent-metrics.toml").write_text(text, "utf-8")
        ran(job, capsys)
        counted = "select account_id, count(*) from metrics.products group by account_id order by account_id"
        assert published(home, counted) == [("acme", 1), ("zebra", 2)]
        second.key = "another"
        assert main(["run", *job]) == 5
        (unread,) = json.loads(capsys.readouterr().out)["unread"]
        assert unread["source"] == "woocommerce (zebra)"


def test_a_pull_that_was_killed_goes_on_after_what_it_committed(job: list[str], home: Home, tmp_path: Path) -> None:
    program = (
        "import sys; from flows.sources.api import loading; loading.COMMIT_ROWS = 200\n"
        "from flows.command.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "pull", *job]
    with FakeWooCommerce() as shop:
        text = KLAVIYO.partition("[accounts.sources")[0] + settings_of(shop)
        (tmp_path / "agent-metrics.toml").write_text(text, "utf-8")
        for number in range(1, 501):
            shop.order(number, MORNING + timedelta(seconds=number))
        running: list[subprocess.Popen[bytes]] = []

        def kill(_asked: Any) -> None:
            if len(shop.asked) == 4:
                running[0].send_signal(signal.SIGKILL)
                running[0].wait()

        shop.before = kill
        environment = {"AGENT_METRICS_PULL_MINUTES": "10"}
        running.append(subprocess.Popen(command, env={**os.environ, **environment}))
        assert running[0].wait(60) == -signal.SIGKILL
        before = len(current(Lake(home.lake), "orders"))
        assert 0 < before < 500
        again = subprocess.run(command, check=False, env={**os.environ, **environment}, capture_output=True, text=True)
        assert again.returncode == 0, again.stdout + again.stderr
    found = Lake(home.lake)
    assert len(current(found, "orders")) == 500
    assert sum(file.rows for file in found.files() if file.table == "orders") == 500
    assert not list(home.lake.rglob("*.jsonl"))
