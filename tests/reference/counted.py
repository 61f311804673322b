"""Chapters 1 and 2: which of the delivered rows count."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contract import landing
from tests.reference.landing import Refused, Row, read

File = tuple[str, list[Row]]
"""A table and its raw rows, in file order."""
Load = list[File]
"""The files of one load, in path order."""

OLDEST = datetime.min.replace(tzinfo=UTC)
PARENTS = {  # 2.3
    "messages": ("conversations", "conversation_id"),
    "handoff_events": ("conversations", "conversation_id"),
    "interactions": ("conversations", "conversation_id"),
    "order_lines": ("orders", "order_id"),
}


@dataclass
class Shop:
    """One account and its rows that count."""

    account: Row
    as_of: datetime
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def on(self, instant: datetime) -> date:
        """1.1 The calendar date of `instant` in the account's timezone."""
        return instant.astimezone(ZoneInfo(self.account["timezone"])).date()


@dataclass
class Counted:
    """`refused` holds (table, payload); `held_back` the rows that wait for a parent, as they are published."""

    shops: list[Shop]
    refused: list[tuple[str, Row]]
    held_back: list[Row]


def count(deliveries: Iterable[Load], as_of: datetime, settings_accounts: Sequence[Row] = ()) -> Counted:
    """Read every delivered row in order and choose those that count as of `as_of` (aware)."""
    accepted: dict[str, list[tuple[Row, Row]]] = defaultdict(list)  # (raw, typed) in the order of loading
    refused: list[tuple[str, Row]] = []
    for load in deliveries:
        for table, raws in load:
            for raw in raws:
                try:
                    accepted[table].append((raw, read(table, raw)))
                except Refused:  # 2.2 the rest of its file counts
                    refused.append((table, raw))

    accounts = {row["account_id"]: row for row in newest("accounts", [row for _, row in accepted["accounts"]])}
    for setting in settings_accounts:  # replaces the delivered row whole
        row = read("accounts", dict(setting))
        accounts[row["account_id"]] = row

    # 2.2 A currency is compared with that of the account's row that counts, before the version of the order is
    # chosen (a row that is refused replaces nothing). With an unknown account there is nothing to compare with.
    orders = []
    for raw, row in accepted["orders"]:
        account = accounts.get(row["account_id"])
        if account is not None and row["currency"] != account["currency"]:
            refused.append(("orders", raw))
        else:
            orders.append(row)

    shops = {key: Shop(account, as_of) for key, account in accounts.items()}
    held_back: list[Row] = []
    for table in sorted(set(landing()) - {"accounts"}, key=lambda name: (name in PARENTS, name)):  # parents first
        versions = orders if table == "orders" else [row for _, row in accepted[table]]
        if table == "order_lines":
            versions = with_products(versions)
        for row in newest(table, versions):
            shop = shops.get(row["account_id"])
            if shop is None or not parent_counts(table, row, shop):
                held_back.append(waiting(table, row, is_known=shop is not None))
            elif is_due(table, row, as_of) and not has_left(table, row, shop):
                shop.rows[table].append(row)
    return Counted(list(shops.values()), once(refused), held_back)


def newest(table: str, rows: Iterable[Row]) -> list[Row]:
    """2.1 and landing.yml: the greatest `updated_at` of each key (null is the oldest), then what was loaded last."""
    best: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in landing()[table].key)
        if key not in best or (row["updated_at"] or OLDEST) >= (best[key]["updated_at"] or OLDEST):
            best[key] = row
    return list(best.values())


def with_products(lines: list[Row]) -> list[Row]:
    """2.7 The versions of order lines, each with the product by which the line counts."""
    named = {
        (row["account_id"], row["order_line_id"]): row["product_id"]
        for row in newest("order_lines", [row for row in lines if row["product_id"] is not None])
    }
    return [
        row
        | {
            "product_id": named.get(
                (row["account_id"], row["order_line_id"]), None if row["sku"] is None else f"sku:{row['sku']}"
            )
        }
        for row in lines
    ]


def parent_counts(table: str, row: Row, shop: Shop) -> bool:
    """2.3 The parent is known and counts itself."""
    if table not in PARENTS:
        return True
    parents, key = PARENTS[table]
    return any(parent[key] == row[key] for parent in shop.rows[parents])


def has_left(table: str, row: Row, shop: Shop) -> bool:
    """2.8 The order names its lines, and this is none of them."""
    if table != "order_lines":
        return False
    [order] = [order for order in shop.rows["orders"] if order["order_id"] == row["order_id"]]
    return order["order_line_ids"] is not None and row["order_line_id"] not in order["order_line_ids"]


def waiting(table: str, row: Row, *, is_known: bool) -> Row:
    """2.3 The row by its key, and its parent: the account where that is not known."""
    account, *more = landing()[table].key
    key = more or [account]
    parents, parent_key = PARENTS[table] if is_known else ("accounts", "account_id")
    ids = [row[name] for name in key]
    return {
        "account_id": row["account_id"],
        "table": table,
        "row_id": ids[0] if len(ids) == 1 else "/".join(one.replace("%", "%25").replace("/", "%2F") for one in ids),
        "parent_table": parents,
        "parent_id": row[parent_key],
        "source": "files",
    }


def is_due(table: str, row: Row, as_of: datetime) -> bool:
    """1.3 The version was chosen first; its event time must not lie after as-of."""
    event_time = landing()[table].event_time
    return event_time is None or row[event_time] <= as_of


def once(refused: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    """2.2 The same refused row delivered twice stands there once."""
    seen = {json.dumps([table, payload], sort_keys=True, default=str): (table, payload) for table, payload in refused}
    return list(seen.values())
