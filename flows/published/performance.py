"""The key figures of the page, and conversations over time: chapter 6, from `daily_performance` and the order lines.

`daily_performance` has a row per date, channel, status and tag, so a range costs as many rows and not as many
conversations; distinct orders alone do not add up and are counted where their lines are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import OPEN_REASONS, Conversations, Figures, by_mark, by_status, has_status, sales
from flows.published.measured import not_measured, of_channels
from flows.published.spans import MONDAY, first_of, span_of, spans
from flows.warehouses.publication import Publication
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
# The same of one date until a time of day, from the rows that `daily_performance` sums up.
STARTED = f"""
select {by_status()}, {{marks}} from metrics.conversations
where account_id = {{account}} and started_on = {{day}} and {{started}} and {{channels}}
"""
CLICKED = """
select count(*) filter (where clicks.type in ('product_card_click', 'link_click')),
    coalesce(sum(clicks.quantity) filter (where clicks.type = 'add_to_cart'), 0)
from metrics.interactions as clicks
inner join metrics.conversations
    on conversations.account_id = clicks.account_id and conversations.conversation_id = clicks.conversation_id
where clicks.account_id = {account} and {on_day} and {clicked} and {channels}
"""
SOLD = f"""
select {sales("")} from metrics.attributed_order_lines
where account_id = {{account}} and placed_on = {{day}} and {{placed}} and {{channels}}
"""
BARS = """
select started_on, grouped_by, sum(counted) from ({parts}) as counted where counted > 0
group by started_on, grouped_by order by started_on, grouped_by
"""
BARS_PART = """
select {start} as started_on, {group} as grouped_by, {counted} as counted
from metrics.daily_performance
where account_id = {account} and date between {first} and {last} and {channels} and {among}
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


@dataclass(frozen=True)
class Compared:
    """The figures of a range beside those of the period before it, like with like.

    `until` is None where the range is over. Else it is the instant, in UTC, up to which anything of it can be there: it
    may lie before the range. The period before then ends at the same time of day, as many dates after its first one.
    `before` is of the local dates `first` to `last`; `last` is before `first` where the range has not begun.
    """

    now: Figures
    before: Figures
    first: date
    last: date
    until: datetime | None


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


def compared(
    reader: Reader,
    account: PublishedAccount,
    publication: Publication,
    first: date,
    last: date,
    *,
    channels: tuple[str, ...] = (),
) -> Compared:
    """The figures of `first` to `last`, both included, and of the period before, cut where the range is not over."""
    begins, ends = before(first, last)
    now = key_figures(reader, account, first, last, channels)
    until = delivered_until(account, publication)
    today = account.day_of(until)
    if last < today:
        was = key_figures(reader, account, begins, ends, channels)
        return Compared(now, was, begins, ends, None)
    ends = begins + (today - first)
    was = _until(reader, account, begins, ends, account.local(until).time(), channels=channels)
    return Compared(now, was, begins, ends, until)


def delivered_until(account: PublishedAccount, publication: Publication) -> datetime:
    """The as-of, in UTC; where nothing at all came of its date, the newest event that did come."""
    newest = publication.data_up_to
    is_behind = newest is not None and account.day_of(newest) < account.day_of(publication.as_of)
    return newest if newest and is_behind else publication.as_of


def _until(
    reader: Reader, account: PublishedAccount, first: date, last: date, at: time, *, channels: tuple[str, ...]
) -> Figures:
    """The figures of `first` to `last`, of this last date until a local time; of nothing where it is before `first`."""
    whole = key_figures(reader, account, first, last - timedelta(days=1), channels)
    if last < first:
        return whole
    values = _values(account, first, last, channels) | {
        "day": literal(last),
        "on_day": account.on_dates("clicks.occurred_at", last, last),
        "started": account.until("started_at", at),
        "clicked": account.until("clicks.occurred_at", at),
        "placed": account.until("placed_at", at),
    }
    ((*conversations,),) = reader.rows(STARTED.format(**values, marks=by_mark(reader)))
    ((clicks, items),) = reader.rows(CLICKED.format(**values))
    ((revenue, net_revenue, *_),) = reader.rows(SOLD.format(**values))
    placed = f"(placed_on < {values['day']} or {values['placed']})"
    ((orders,),) = reader.rows(f"{ORDERS.format(**values)} and {placed}")
    return replace(
        whole,
        conversations=whole.conversations + Conversations(*conversations),
        attributed_revenue=whole.attributed_revenue + Decimal(revenue),
        net_attributed_revenue=whole.net_attributed_revenue + Decimal(net_revenue),
        attributed_orders=orders,
        link_clicks=whole.link_clicks + clicks,
        add_to_cart_items=whole.add_to_cart_items + int(items),
    )


def channels_of(reader: Reader, *accounts: PublishedAccount) -> tuple[str, ...]:
    """The channels of which these accounts have figures, by name: the list is open (rule 2.6)."""
    ids = ", ".join(literal(one.account_id) for one in accounts)
    return tuple(channel for (channel,) in reader.rows(CHANNELS.format(accounts=ids)))


def bars(
    reader: Reader,
    account: PublishedAccount,
    first: date,
    last: date,
    *,
    by: str,
    channels: tuple[str, ...] = (),
    week: int = MONDAY,
) -> tuple[Bar, ...]:
    """Conversations started per day, week (from the weekday `week`) or month, cut to the range, and group: of GROUPS.

    By status, what is open is parted into OPEN_REASONS (rule 3.5), where the version that published knew them.
    """
    unit = unit_of(first, last)
    values = {"start": first_of(unit, "date", week), **_values(account, first, last, channels)}
    parts = [(by, "conversations", "true")]
    if by == "status" and reader.sees("metrics.daily_performance", "running_conversations"):
        parts = [(by, "conversations", f"not {has_status('open')}")]
        parts += [(literal(one), f"{one}_conversations", has_status("open")) for one in OPEN_REASONS]
        rest = " - ".join(("conversations", *(f"{one}_conversations" for one in OPEN_REASONS)))
        parts.append((literal("open"), rest, has_status("open")))
    found = [BARS_PART.format(group=group, counted=counted, among=among, **values) for group, counted, among in parts]
    rows = reader.rows(BARS.format(parts=" union all ".join(found)))
    return tuple(Bar(*span_of(unit, begin, first, last, week), group, int(count)) for begin, group, count in rows)


def all_spans(first: date, last: date, week: int = MONDAY) -> tuple[tuple[date, date], ...]:
    """First and last date of every bar that there can be between these dates, also where there is none."""
    return tuple(spans(unit_of(first, last), first, last, week))


def filled(bars: tuple[Bar, ...], first: date, last: date, week: int = MONDAY) -> tuple[Bar, ...]:
    """The bars, and one of 0 for each span between these dates that has none."""
    there = {bar.first for bar in bars}
    return (*bars, *(Bar(begin, end, "", 0) for begin, end in all_spans(first, last, week) if begin not in there))


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
