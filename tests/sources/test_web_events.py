"""The queries and the pixel of docs/web-events.md: nobody had tried what shops were told to copy."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright._impl._driver import compute_driver_executable
from psycopg.types.json import Jsonb

from flows.ground.progress import Silent
from flows.lake import Lake
from flows.sources.files import pull
from flows.sources.sql.client import Client
from flows.sources.sql.settings import SqlSettings
from tests.sources.pulled import ACCOUNT, current, pulled
from tests.warehouses import servers

PAGE = (Path(__file__).parents[2] / "docs" / "web-events.md").read_text("utf-8")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOME, PRODUCT = "https://shop.example/?chat=c1", "https://shop.example/products/shirt?a=b&chat=c1#top"
# what happened, minute by minute: name of the event, browser, address, product, quantity, order
HAPPENED = [
    ("page", "v1", HOME, None, None, None),
    ("page", "v1", PRODUCT, None, None, None),
    ("viewed", "v1", PRODUCT, "11", 1, None),
    ("added", "v1", PRODUCT, "11", 2, None),
    ("viewed", "v2", "https://shop.example/products/hat", "12", 1, None),
    ("page", "v2", "https://shop.example/?chat=", None, None, None),
    ("identified", "v1", HOME, None, None, None),
    ("ordered", "v1", HOME, None, None, "1001"),
]


def block(heading: str, language: str) -> str:
    """The code of a chapter of the page."""
    (chapter,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with servers.wheel() as running:
        yield running


def happened() -> Iterator[tuple[int, datetime, str, str, str, str | None, int | None, str | None]]:
    for number, event in enumerate(HAPPENED):
        yield number, NOON + timedelta(minutes=number), *event


def in_tables_of_events(db: psycopg.Connection, schema: str, page: str, path: str, trait: str) -> None:
    """As Segment and RudderStack make them."""
    own = "id text, anonymous_id text, user_id text, context_page_url text, context_page_path text, "
    stamps = '"timestamp" timestamptz, received_at timestamptz, uuid_ts timestamptz'
    more = {
        "pages": "url text, path text, ",
        "product_viewed": "product_id text, ",
        "product_added": "product_id text, quantity integer, ",
        "order_completed": "order_id text, ",
        "identifies": f"{trait} text, ",
    }
    db.execute(f"create schema {schema}")
    for table, columns in more.items():
        db.execute(f"create table {schema}.{table} ({own}{columns}{stamps})")
    names = {"page": "pages", "viewed": "product_viewed", "added": "product_added", "identified": "identifies"}
    for number, at, event, visitor, url, product, quantity, order in happened():
        table = names.get(event, "order_completed")
        path_of = "/" + url.split("/", 3)[3].partition("?")[0]
        row = {"id": f"e{number}", "anonymous_id": visitor, "context_page_url": url, "context_page_path": path_of}
        row |= {"pages": {page: url, path: path_of}, "identifies": {trait: "P1"}}.get(table, {})
        row |= {"product_id": product} if product else {}
        row |= {"quantity": str(quantity)} if table == "product_added" else {}
        row |= {"order_id": order} if order else {}
        names_of, marks = ", ".join(row), ", ".join(["%s"] * (len(row) + 3))
        db.execute(
            f'insert into {schema}.{table} ({names_of}, "timestamp", received_at, uuid_ts) values ({marks})',
            [*row.values(), at, at, at + timedelta(minutes=5)],
        )


def in_segment(db: psycopg.Connection) -> None:
    in_tables_of_events(db, "segment", "url", "path", "klaviyo_profile_id")


def in_rudderstack(db: psycopg.Connection) -> None:
    in_tables_of_events(db, "rudder", "context_page_url", "context_page_path", "context_traits_klaviyo_profile_id")


def in_snowplow(db: psycopg.Connection) -> None:
    ecommerce = "atomic.com_snowplowanalytics_snowplow_ecommerce_"
    action, product, transaction = (
        f"{ecommerce}{name}_1" for name in ("snowplow_ecommerce_action", "product", "transaction")
    )
    for statement in (
        "create schema atomic",
        """create table atomic.events (event_id text, event_name text, derived_tstamp timestamp, load_tstamp timestamp,
            domain_userid text, user_id text, page_url text, page_urlpath text)""",
        f"create table {action} (root_id text, root_tstamp timestamp, type text)",
        f"create table {product} (root_id text, root_tstamp timestamp, id text, quantity integer)",
        f"create table {transaction} (root_id text, root_tstamp timestamp, transaction_id text)",
    ):
        db.execute(statement)
    types = {"viewed": "product_view", "added": "add_to_cart", "ordered": "transaction"}
    for number, at, event, visitor, url, what, quantity, order in happened():
        plain, root = at.replace(tzinfo=None), f"e{number}"
        name = "snowplow_ecommerce_action" if event in types else "page_view"
        profile = "P1" if event == "identified" else None
        address = "" if event == "identified" else url
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        values = (root, name, plain, plain + timedelta(minutes=5), visitor, profile, address, path)
        db.execute("insert into atomic.events values (%s, %s, %s, %s, %s, %s, %s, %s)", values)
        if event in types:
            db.execute(f"insert into {action} values (%s, %s, %s)", (root, plain, types[event]))
        if what:
            amount = quantity if event == "added" else None
            db.execute(f"insert into {product} values (%s, %s, %s, %s)", (root, plain, what, amount))
        if order:
            db.execute(f"insert into {transaction} values (%s, %s, %s)", (root, plain, order))


def in_ga4(db: psycopg.Connection) -> None:
    db.execute("create schema ga4")
    db.execute(
        """create table ga4.events (event_date text, event_timestamp bigint, event_name text, event_params jsonb,
        user_id text, user_pseudo_id text, items jsonb, ecommerce jsonb, batch_event_index bigint)"""
    )
    names = {"page": "page_view", "viewed": "view_item", "added": "add_to_cart", "ordered": "purchase"}
    for number, at, event, visitor, url, product, quantity, order in happened():
        params = [
            {"key": "ga_session_id", "value": {"int_value": 7}},
            {"key": "page_location", "value": {"string_value": url}},
        ]
        items = [{"item_id": product, "item_name": "A", "quantity": quantity}] if product else []
        values = (
            *(f"{at:%Y%m%d}", int(at.timestamp() * 1_000_000), names.get(event, "sign_in"), Jsonb(params)),
            *("P1" if event == "identified" else None, visitor, Jsonb(items)),
            *(Jsonb({"transaction_id": order} if order else {}), number),
        )
        db.execute("insert into ga4.events values (%s, %s, %s, %s, %s, %s, %s, %s, %s)", values)


@pytest.mark.parametrize(
    ("heading", "made"),
    [
        ("Segment", in_segment),
        ("RudderStack", in_rudderstack),
        ("Snowplow", in_snowplow),
        ("Google Analytics 4", in_ga4),
    ],
)
def test_a_warehouse_gives_clicks_carts_visitors_and_whose_an_order_is(
    heading: str, made: Any, server: str, lake: Lake
) -> None:
    url = servers.fresh(server)
    with psycopg.connect(url, autocommit=True) as db:
        made(db)
    tables = tomllib.loads(block(heading, "toml"))["accounts"]["sources"]["sql"]["tables"]
    client = Client(ACCOUNT, SqlSettings(tables=tables), {"SQL_DATABASE_URL": url}, lambda _: None)
    summary = pulled("sql", client, lake)
    again = pulled("sql", client, lake)
    assert (summary.refused, summary.ignored_columns, again.loads) == ({}, {}, [])
    clicks = sorted(current(lake, "interactions").values(), key=lambda row: row["occurred_at"])
    assert [
        (row["type"], row["conversation_id"], row["product_id"], row["quantity"], row["visitor_id"]) for row in clicks
    ] == [
        ("link_click", "c1", None, 1, "v1"),
        ("product_card_click", "c1", "11", 1, "v1"),
        ("add_to_cart", "c1", "11", 2, "v1"),
    ]
    assert [row["occurred_at"] for row in clicks] == [NOON + timedelta(minutes=one) for one in (0, 2, 3)]
    events = sorted(current(lake, "product_events").values(), key=lambda row: row["occurred_at"])
    assert [(row["type"], row["product_id"], row["visitor_id"]) for row in events] == [
        ("viewed", "11", "v1"),
        ("added_to_cart", "11", "v1"),
        ("viewed", "12", "v2"),
    ]
    (visitor,) = current(lake, "visitors").values()
    assert (visitor["visitor_id"], visitor["profile_id"]) == ("v1", "P1")
    assert {name: row["profile_id"] for name, row in current(lake, "order_profiles").items()} == {"1001": "P1"}


def test_an_order_of_the_same_database_has_its_visitor(server: str, lake: Lake) -> None:
    url = servers.fresh(server)
    with psycopg.connect(url, autocommit=True) as db:
        in_segment(db)
        db.execute("create schema shop")
        columns = "id text, created_at timestamptz, currency text, email text, updated_at timestamptz"
        db.execute(f"create table shop.orders ({columns})")
        db.execute("insert into shop.orders select n, now(), 'EUR', null, now() from unnest(array['1001', '1002']) n")
    tables = tomllib.loads(block("The visitor of an order", "toml"))["accounts"]["sources"]["sql"]["tables"]
    client = Client(ACCOUNT, SqlSettings(tables=tables), {"SQL_DATABASE_URL": url}, lambda _: None)
    assert pulled("sql", client, lake).refused == {}
    orders = current(lake, "orders")
    assert {name: row["visitor_id"] for name, row in orders.items()} == {"1001": "v1", "1002": None}


SANDBOX = """
const sent = [], subscribers = {}, stored = {};
const analytics = { subscribe: (name, call) => { subscribers[name] = call; } };
const browser = { sessionStorage: {
  getItem: async (key) => stored[key] ?? null, setItem: async (key, value) => { stored[key] = value; } } };
globalThis.fetch = async (url, given) => { sent.push({ url, ...given }); };
"""


def test_the_pixel_of_a_shopify_shop_sends_rows_that_the_files_source_reads(lake: Lake, tmp_path: Path) -> None:
    product = {"id": "gid://shopify/Product/11"}
    events = []
    for number, at, event, visitor, url, what, quantity, _ in happened():
        name = {"page": "page_viewed", "viewed": "product_viewed", "added": "product_added_to_cart"}.get(event)
        if name is None or visitor != "v1":
            continue
        # the cart is filled on a later page, whose address names no conversation
        address = "https://shop.example/cart" if event == "added" else url
        data: dict[str, Any] = (
            {"cartLine": {"quantity": quantity, "merchandise": {"product": product}}} if event == "added" else {}
        )
        data |= {"productVariant": {"product": product}} if event == "viewed" else {}
        events.append(
            {
                "id": f"sh-{number}",
                "name": name,
                "clientId": visitor,
                "timestamp": at.isoformat(),
                "context": {"document": {"location": {"href": address}}},
                "data": data if what else {},
            }
        )
    play = f"for (const event of {json.dumps(events)}) await subscribers[event.name](event);"
    told = "console.log(JSON.stringify(sent));"
    program = tmp_path / "pixel.mjs"
    program.write_text(f"{SANDBOX}\n{block('A pixel for Shopify', 'js')}\n{play}\n{told}", "utf-8")
    node, _ = compute_driver_executable()  # which Playwright brings along
    done = subprocess.run([node, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "folder"
    for request in json.loads(done.stdout):
        assert (request["url"], request["method"]) == ("https://collect.shop.example/rows", "POST")
        body = json.loads(request["body"])
        file = folder / body["table"] / "2026-06-01.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(body["row"]) + "\n")
    summary = pull(folder, lake, Silent())
    assert (summary.refused, summary.ignored_columns) == ({}, {})
    clicks = sorted(current(lake, "interactions").values(), key=lambda row: row["occurred_at"])
    assert [(row["type"], row["conversation_id"], row["product_id"], row["quantity"]) for row in clicks] == [
        ("link_click", "c1", None, 1),
        ("product_card_click", "c1", "11", 1),
        ("add_to_cart", "c1", "11", 2),
    ]
    assert {row["visitor_id"] for row in clicks} == {"v1"}
    events_of = sorted(current(lake, "product_events").values(), key=lambda row: row["occurred_at"])
    assert [(row["type"], row["product_id"]) for row in events_of] == [("viewed", "11"), ("added_to_cart", "11")]
