"""How fast each source is read, mapped and committed when nothing but us is slow.

    python benchmarks/sources.py [--records 30000]

A server of a process of its own speaks the source's API over HTTP on loopback and has every answer ready; limits are
lifted. One pull into an empty lake is timed, committing included. A record is one of the source's: an event, a ticket,
an order or a line of it. What the source itself would allow stands beside it. Writes sources.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from flows.ground.progress import Silent  # noqa: E402
from flows.lake import Lake  # noqa: E402
from flows.sources.api import pull  # noqa: E402
from flows.sources.gorgias.client import Client as Gorgias  # noqa: E402
from flows.sources.gorgias.settings import GorgiasSettings  # noqa: E402
from flows.sources.klaviyo.client import Client as Klaviyo  # noqa: E402
from flows.sources.klaviyo.endpoints import Group  # noqa: E402
from flows.sources.klaviyo.settings import KlaviyoSettings  # noqa: E402
from flows.sources.shopify.client import Client as Shopify  # noqa: E402
from flows.sources.shopify.settings import ShopifySettings  # noqa: E402
from flows.sources.sql.client import Client as Sql  # noqa: E402
from flows.sources.sql.settings import SqlSettings  # noqa: E402
from flows.sources.woocommerce import client as woocommerce_client  # noqa: E402
from flows.sources.woocommerce.client import Client as WooCommerce  # noqa: E402
from flows.sources.woocommerce.settings import WooCommerceSettings  # noqa: E402
from flows.sources.zendesk.client import Client as Zendesk  # noqa: E402
from flows.sources.zendesk.settings import ZendeskSettings  # noqa: E402
from tests.sources import (  # noqa: E402
    fake_gorgias,
    fake_klaviyo,
    fake_shopify,
    fake_woocommerce,
    fake_zendesk,
)
from tests.sources.fake_api import Answer, Asked, FakeApi  # noqa: E402

ACCOUNT = "bench"
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
# Records a second that the source's own limits allow, and why.
ALLOWED = {
    "klaviyo": (11_667, "3,500 pages of 200 events a minute"),
    "klaviyo, conversations": (1, "60 calls a minute, one per conversation"),
    "shopify": (250, "100 points a second of the standard plan, an order with two lines costs about 1.2"),
    "shopify, bulk": (None, "a file; no limit is documented"),
    "woocommerce": (6_000, "none is documented; 20 calls a second are kept for the shop's sake"),
    "zendesk": (167, "10 exports a minute of 1,000 tickets"),
    "gorgias": (200, "40 calls of 100 in 20 s"),
    "sql": (None, "the database"),
}


# Records of a history of n, where that is not n.
COUNTS: dict[str, Callable[[int], int]] = {
    "klaviyo": lambda n: 2 * n,  # an event and a profile
    "klaviyo, conversations": lambda n: n // 20 * 11,  # with ten messages each
    "shopify": lambda n: n // 3 * 3,  # an order and two lines
    "shopify, bulk": lambda n: n // 3 * 3,
    "woocommerce": lambda n: n // 3 * 3,
}


def ready(fake: FakeApi) -> None:
    """Answers are made once; instants in filters count by the day."""
    made, answer = {}, fake.answer

    def known(asked: Asked) -> Answer:
        filters = re.sub(r"T\d\d:\d\d:\d\dZ", "", json.dumps([dict(asked.params), asked.body.decode()], sort_keys=True))
        key = (asked.path, filters)
        if key not in made or asked.path.endswith(("access_token", "tokens")) or b"BulkOperation" in asked.body:
            found = answer(asked)
            made[key] = Answer(found.status, json.dumps(found.body).encode(), found.headers)
        return made[key]

    fake.answer = known  # type: ignore[method-assign]


@contextmanager
def served(make: Callable[[], FakeApi]) -> Iterator[str]:
    """The URL of the server that `make` makes, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()

    def serve() -> None:
        with make() as fake:
            ready(fake)
            theirs.send(fake.url)
            theirs.recv()

    process = multiprocessing.get_context("fork").Process(target=serve, daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def klaviyo(records: int) -> FakeApi:
    fake = fake_klaviyo.FakeKlaviyo()
    metric = fake.metric("Started Conversation")
    for number in range(records):
        at = AT + timedelta(seconds=number)
        fake.event(metric, at, **{"Conversation ID": f"c{number}", "Channel": "web chat", "First message": "Where?"})
        fake.lists["profiles"].append(
            {
                "type": "profile",
                "id": f"P{number}",
                "attributes": {"updated": fake_klaviyo.stamp(at), "email": f"shopper{number}@example.com"},
            }
        )
    return fake


def threads(records: int) -> FakeApi:
    fake = fake_klaviyo.FakeKlaviyo()
    for number in range(records // 20):
        fake.conversation(f"c{number}", AT + timedelta(seconds=number), ["Where is my order?", "There it is."] * 5)
    return fake


def shopify(records: int) -> FakeApi:
    fake = fake_shopify.FakeShopify(maximum=10**9, rate=10**9)
    for number in range(records // 3):
        fake.order(number + 1, AT + timedelta(seconds=number))
    return fake


def woocommerce(records: int) -> FakeApi:
    fake = fake_woocommerce.FakeWooCommerce()
    orders: list[Any] = []
    for number in range(records // 3):
        fake.records["orders"] = []  # else each is looked for among all before
        orders.append(fake.order(number + 1, AT + timedelta(seconds=number)))
    fake.records["orders"] = orders
    return fake


def zendesk(records: int) -> FakeApi:
    fake = fake_zendesk.FakeZendesk()
    fake.page = 1000
    for number in range(records):
        fake.ticket(number + 1, AT + timedelta(seconds=number), reply=5)
    return fake


def gorgias(records: int) -> FakeApi:
    fake = fake_gorgias.FakeGorgias()
    for number in range(records // 2):
        fake.ticket(number + 1, AT + timedelta(seconds=number))
        fake.message(number + 1, number + 1, AT + timedelta(seconds=number))
    return fake


def database(records: int, folder: Path) -> str:
    file = folder / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table lines (id integer, o integer, product integer, amount text, changed text)")
        rows = ((n, n // 2, n % 500, "19.90", f"2026-05-01T00:00:00.{n:06}") for n in range(records))
        connection.executemany("insert into lines values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{file}"


def timed(name: str, client: Any, folder: Path, records: int) -> dict[str, Any]:
    shutil.rmtree(folder / "lake", ignore_errors=True)
    before = time.process_time()
    began = time.perf_counter()
    done = pull(name, client, Lake(folder / "lake"), Silent(), 1000)
    seconds, ours = time.perf_counter() - began, time.process_time() - before
    assert sum(done.rows.values()) >= records, done
    return {
        "records": records,
        "seconds": round(seconds, 2),
        "a second": round(records / seconds),
        "a second of our processor time": round(records / ours),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=30_000)
    records = parser.parse_args().records
    woocommerce_client.LIMITS = ((10**9, 1.0),)
    Group.limits = property(lambda _: ((10**9, 1.0),))  # type: ignore[method-assign, assignment]
    secrets = {
        "KLAVIYO_API_KEY": fake_klaviyo.KEY,
        "SHOPIFY_ACCESS_TOKEN": fake_shopify.TOKEN,
        "WOOCOMMERCE_CONSUMER_KEY": fake_woocommerce.KEY,
        "WOOCOMMERCE_CONSUMER_SECRET": fake_woocommerce.SECRET,
        "ZENDESK_CLIENT_ID": fake_zendesk.CLIENT_ID,
        "ZENDESK_CLIENT_SECRET": fake_zendesk.CLIENT_SECRET,
        "GORGIAS_USERNAME": fake_gorgias.USERNAME,
        "GORGIAS_API_KEY": fake_gorgias.KEY,
    }
    start = (AT - timedelta(days=2)).date()
    cases: dict[str, tuple[Any, Any, Callable[[str], Any]]] = {
        "klaviyo": (klaviyo, Klaviyo, lambda url: KlaviyoSettings(base_url=url, start=start, orders=False)),
        "klaviyo, conversations": (
            threads,
            Klaviyo,
            lambda url: KlaviyoSettings(base_url=url, start=start, orders=False),
        ),
        "shopify": (shopify, Shopify, lambda url: ShopifySettings(base_url=url, bulk=False)),
        "shopify, bulk": (shopify, Shopify, lambda url: ShopifySettings(base_url=url)),
        "woocommerce": (woocommerce, WooCommerce, lambda url: WooCommerceSettings(base_url=url)),
        "zendesk": (
            zendesk,
            Zendesk,
            lambda url: ZendeskSettings(subdomain="shop", base_url=url, exports_per_minute=10**6),
        ),
        "gorgias": (
            gorgias,
            Gorgias,
            lambda url: GorgiasSettings(account="shop", base_url=url, calls_per_20_seconds=10**6),
        ),
    }
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="sources-") as place:
        folder = Path(place)
        for name, (make, client, settings) in cases.items():
            source = name.partition(",")[0]
            with served(lambda make=make: make(records)) as url:
                for _ in range(2):  # the first one makes the answers
                    one = client(ACCOUNT, settings(url), secrets, lambda _: None)
                    found[name] = timed(source, one, folder, COUNTS.get(name, lambda n: n)(records))
            print(name, found[name], flush=True)
        table = {"table": "lines", "cursor": "changed"}
        columns = {"order_line_id": "id", "order_id": "o", "product_id": "product", "unit_price": "amount"}
        lines = {**table, "columns": {**columns, "quantity": "id"}}
        url = database(records * 10, folder)
        sql = Sql(ACCOUNT, SqlSettings(tables={"order_lines": lines}), {"SQL_DATABASE_URL": url}, lambda _: None)
        found["sql"] = timed("sql", sql, folder, records * 10)
        print("sql", found["sql"], flush=True)
    for name, (most, why) in ALLOWED.items():
        found[name] |= {"the source allows": most, "because of": why}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    document = {"taken": taken(), "peak MiB": peak, "sources": found}
    (HERE / "sources.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
