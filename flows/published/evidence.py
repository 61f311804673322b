"""The evidence of AI-generated sales: every attributed line, with its touch and its conversation (chapter 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.filters import one_of
from flows.published.gaps import visible
from flows.published.products import Product, products
from flows.warehouses.reader import Reader

TOTALS = """
select count(*), count(distinct sold.order_id), coalesce(sum(sold.revenue), 0), coalesce(sum(sold.net_revenue), 0)
from metrics.attributed_order_lines as sold
where {condition} and sold.touch_type is distinct from 'inferred'
"""
LINES = """
with shown as (
    select * from metrics.attributed_order_lines as sold
    where {condition} and sold.touch_type is distinct from 'inferred'
    order by sold.placed_at desc, sold.order_line_id
    limit {limit} offset {offset}
)
select shown.order_id, shown.order_line_id, shown.conversation_id, shown.channel, shown.profile_id, {profile_name},
    shown.product_id, shown.quantity, shown.revenue, shown.net_revenue, shown.touch_type, shown.touch_id,
    shown.touched_at, shown.placed_at
from shown
left join metrics.conversations
    on conversations.account_id = {account} and conversations.conversation_id = shown.conversation_id
order by shown.placed_at desc, shown.order_line_id
"""


@dataclass(frozen=True)
class SalesTotals:
    """Sums of lines, in the account's currency; `orders` are distinct ones (rule 5.5)."""

    lines: int
    orders: int
    revenue: Decimal
    net_revenue: Decimal


@dataclass(frozen=True)
class SoldLine:
    """One attributed line. `profile_name` is the conversation's, None if this reader may not see it. Instants: UTC."""

    order_id: str
    order_line_id: str
    conversation_id: str
    channel: str
    profile_id: str | None
    profile_name: str | None
    product: Product
    quantity: Decimal
    revenue: Decimal
    net_revenue: Decimal
    touch_type: str
    touch_id: str
    touched_at: datetime
    placed_at: datetime


def totals(
    reader: Reader, account: PublishedAccount, first: date, last: date, channels: tuple[str, ...] = ()
) -> SalesTotals:
    """Of orders placed on these local dates (rule 5.4), through these channels, or all."""
    return totals_of(reader, _placed(account, first, last, channels))


def lines(
    reader: Reader,
    account: PublishedAccount,
    first: date,
    last: date,
    channels: tuple[str, ...] = (),
    *,
    offset: int = 0,
    limit: int = 50,
) -> tuple[SoldLine, ...]:
    """The lines that make up these totals, the newest order first, then by the line's id."""
    return lines_of(reader, account, _placed(account, first, last, channels), offset=offset, limit=limit)


def totals_of(reader: Reader, condition: str) -> SalesTotals:
    """Of the lines that meet an SQL condition over `sold`."""
    ((count, orders, revenue, net_revenue),) = reader.rows(TOTALS.format(condition=condition))
    return SalesTotals(count, orders, Decimal(revenue), Decimal(net_revenue))


def lines_of(
    reader: Reader, account: PublishedAccount, condition: str, *, offset: int, limit: int
) -> tuple[SoldLine, ...]:
    """The lines of the account that meet an SQL condition over `sold`, in the order of `lines`."""
    rows = reader.rows(
        LINES.format(
            condition=condition,
            account=literal(account.account_id),
            profile_name=visible(reader, "conversations", "profile_name", "conversations.profile_name"),
            limit=literal(limit),
            offset=literal(offset),
        )
    )
    known = products(reader, account, (row[6] for row in rows))
    return tuple(
        SoldLine(*(*row[:6], known[row[6]], *map(Decimal, row[7:10]), *row[10:12], *map(_utc, row[12:])))
        for row in rows
    )


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _placed(account: PublishedAccount, first: date, last: date, channels: tuple[str, ...]) -> str:
    of = f"sold.account_id = {literal(account.account_id)}"
    placed = f"{of} and sold.placed_on between {literal(first)} and {literal(last)}"
    return f"{placed} and sold.channel in {one_of(channels)}" if channels else placed
