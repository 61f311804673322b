"""The key figures of the page, and conversations over time: chapter 6, from `daily_performance` and the order lines.

`daily_performance` has a row per date, channel, status and tag, so a range costs as many rows and not as many
conversations; distinct orders alone do not add up and are counted where their lines are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import Conversations, Figures, by_mark, by_status
from flows.published.measured import not_measured, of_channels
from flows.published.spans import first_of, span_of, spans
from flows.warehouses.reader import Reader

GROUPS = ("status", "channel", "tag")
FIGURES = f"""
select {by_status("sum(conversations)")}, {{marks}},
    coalesce(sum(link_clicks), 0), coalesce(sum(add_to_cart_items), 0),
    coalesce(sum(attributed_revenue), 0), coalesce(sum(net_attributed_revenue), 0)
from metrics.daily_performance
where account_id = {{account}} and date between {{first}} and {{last}} and {{channels}}
"""
ORDERS = """
select count(distinct order_id) from metrics.attributed_order_lines
where account_id = {account} and placed_on between {first} and {last} and {channels}
    and touch_type is distinct from 'inferred'
"""
BARS = """
select {start} as started_on, {group} as grouped_by, sum(conversations)
from metrics.daily_performance
where account_id = {account} and date between {first} and {last} and {channels} and conversations > 0
group by 1, 2 order by 1, 2
"""
CHANNELS = "select distinct channel from metrics.daily_performance where account_id in ({accounts}) order by channel"
MOST_DAYS, MOST_WEEKS = 92, 366


@dataclass(frozen=True)
class Bar:
    """Conversations that started on the dates `first` to `last`, both included, in one group."""

    first: date
    last: date
    group: str
    conversations: int


def key_figures(
    reader: Reader, account: PublishedAccount, first: date, last: date, channels: tuple[str, ...] = ()
) -> Figures:
    """The figures of `first` to `last`, both included; of all channels, or of these."""
    values = _values(account, first, last, channels)
    query = FIGURES.format(**values, marks=by_mark(reader, in_days=True))
    ((*conversations, clicks, items, revenue, net_revenue),) = reader.rows(query)
    ((orders,),) = reader.rows(ORDERS.format(**values))
    return Figures(
        conversations=Conversations(*map(int, conversations)),
        attributed_revenue=Decimal(revenue),
        net_attributed_revenue=Decimal(net_revenue),
        attributed_orders=orders,
        link_clicks=int(clicks),
        add_to_cart_items=int(items),
        not_measured=of_channels(not_measured(reader, account.account_id), channels),
    )


def channels_of(reader: Reader, *accounts: PublishedAccount) -> tuple[str, ...]:
    """The channels of which these accounts have figures, by name: the list is open (rule 2.6)."""
    ids = ", ".join(literal(one.account_id) for one in accounts)
    return tuple(channel for (channel,) in reader.rows(CHANNELS.format(accounts=ids)))


def bars(
    reader: Reader, account: PublishedAccount, first: date, last: date, *, by: str, channels: tuple[str, ...] = ()
) -> tuple[Bar, ...]:
    """Conversations started per day, week (from Monday) or month, cut to the range, and group: one of GROUPS."""
    unit = unit_of(first, last)
    values = _values(account, first, last, channels)
    rows = reader.rows(BARS.format(start=first_of(unit, "date"), group=by, **values))
    return tuple(Bar(*span_of(unit, begin, first, last), group, int(count)) for begin, group, count in rows)


def all_spans(first: date, last: date) -> tuple[tuple[date, date], ...]:
    """First and last date of every bar that there can be between these dates, also where there is none."""
    return tuple(spans(unit_of(first, last), first, last))


def filled(bars: tuple[Bar, ...], first: date, last: date) -> tuple[Bar, ...]:
    """The bars, and one of 0 for each span between these dates that has none."""
    there = {bar.first for bar in bars}
    return (*bars, *(Bar(begin, end, "", 0) for begin, end in all_spans(first, last) if begin not in there))


def unit_of(first: date, last: date) -> str:
    """What a bar stands for: day, or week or month where days would be too many to see."""
    days = (last - first).days + 1
    return "day" if days <= MOST_DAYS else "week" if days <= MOST_WEEKS else "month"


def before(first: date, last: date) -> tuple[date, date]:
    """The period before: as many dates, ending the day before `first`."""
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)


def _values(account: PublishedAccount, first: date, last: date, channels: tuple[str, ...]) -> dict[str, str]:
    of = f"channel in ({', '.join(literal(one) for one in channels)})" if channels else "true"
    return {
        "account": literal(account.account_id),
        "first": literal(first),
        "last": literal(last),
        "channels": of,
    }
