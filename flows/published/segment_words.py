"""What an account has of the things that definitions ask of, for people to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.conversations import tags
from flows.published.performance import channels_of
from flows.warehouses.reader import Reader

EVER = (date(1970, 1, 1), date.max - timedelta(days=2))
MOST_PRODUCTS = 200
LATELY = timedelta(days=90)
SKILLS = "select label, skill from metrics.skills where account_id = {} order by label, skill"
# Those that shoppers buy of late: a catalogue has more products than anybody chooses from.
PRODUCTS = """
select coalesce(products.title, lines.product_id), lines.product_id
from (
    select product_id, count(*) as line_count from metrics.order_lines
    where account_id = {account} and product_id is not null and placed_at > {since}
    group by product_id order by line_count desc, product_id limit {limit}
) as lines
left join metrics.products as products
    on products.account_id = {account} and products.product_id = lines.product_id
order by 1, 2
"""


@dataclass(frozen=True)
class Words:
    """Each as what people read -> what definitions say."""

    channels: dict[str, str]
    tags: dict[str, str]
    skills: dict[str, str]
    products: dict[str, str]


def words(reader: Reader, account: PublishedAccount, as_of: datetime) -> Words:
    """Those of the publication; the products are those that were ordered most in the last 90 days."""
    of = literal(account.account_id)
    return Words(
        {one: one for one in channels_of(reader, account)},
        {one: one for one in tags(reader, account, *EVER) if one},
        _distinct(reader.rows(SKILLS.format(of))),
        products(reader, account, as_of),
    )


def products(reader: Reader, account: PublishedAccount, as_of: datetime) -> dict[str, str]:
    """Those that were ordered most in the last 90 days, as what people read -> id; none where that is not told."""
    if not (reader.sees("metrics.order_lines", "product_id") and reader.sees("metrics.products", "title")):
        return {}
    values = {"account": literal(account.account_id), "since": literal(as_of - LATELY), "limit": MOST_PRODUCTS}
    return _distinct(reader.rows(PRODUCTS.format(**values)))


def _distinct(rows: list[tuple[str, str]]) -> dict[str, str]:
    """With the id where two are called alike."""
    names = [name for name, _ in rows]
    return {name if names.count(name) == 1 and name else f"{name} ({key})": key for name, key in rows}
