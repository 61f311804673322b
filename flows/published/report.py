"""The figures of chapter 6 for one account and a range of its local dates, from the published tables alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from flows.errors import InputError
from flows.published.accounts import PublishedAccount, accounts
from flows.warehouses.history import Reader, literal, read_published, utc_text

CENT_OF_A_CENT = Decimal("0.0001")
KNOWN_SHOWN = 20

CONVERSATIONS = """
select channel, count(*), count(*) filter (where status = 'resolved'), count(*) filter (where status = 'routed'),
    count(*) filter (where status = 'closed'), count(*) filter (where status = 'open')
from metrics.conversations
where account_id = {account} and started_on between {first} and {last}
group by channel order by channel
"""
SALES = """
select coalesce(sum(revenue), 0), coalesce(sum(net_revenue), 0), count(distinct order_id)
from metrics.attributed_order_lines
where account_id = {account} and placed_on between {first} and {last}
"""
CLICKS = """
select count(*) filter (where type in ('product_card_click', 'link_click')),
    coalesce(sum(quantity) filter (where type = 'add_to_cart'), 0)
from metrics.interactions
where account_id = {account} and {clicked}
"""
SKILLS = """
with used as (
    select skill, count(*) as messages, count(distinct conversation_id) as conversations
    from metrics.messages
    where account_id = {account} and sender = 'agent' and skill is not null and {sent}
    group by skill
)
select skills.skill, skills.label, coalesce(used.messages, 0) as messages, coalesce(used.conversations, 0)
from metrics.skills
left join used on used.skill = skills.skill
where skills.account_id = {account} and (skills.is_available or used.messages > 0)
order by messages desc, skills.skill
"""


@dataclass(frozen=True)
class Conversations:
    """Conversations by status (rule 6.1), and their rates between 0 and 1, None where there are none (rule 6.2)."""

    volume: int
    resolved: int
    routed: int
    closed: int
    open: int

    @property
    def resolution_rate(self) -> float | None:
        return self.resolved / self.volume if self.volume else None

    @property
    def routed_rate(self) -> float | None:
        return self.routed / self.volume if self.volume else None

    @property
    def unresolved_rate(self) -> float | None:
        return (self.routed + self.closed) / self.volume if self.volume else None

    def to_json_dict(self) -> dict[str, int | float | None]:
        return {
            **asdict(self),
            "resolution_rate": self.resolution_rate,
            "routed_rate": self.routed_rate,
            "unresolved_rate": self.unresolved_rate,
        }


@dataclass(frozen=True)
class SkillUsage:
    """Agent messages that used a skill, and the conversations in which they stand (rule 6.4)."""

    skill: str
    label: str
    messages: int
    conversations: int


@dataclass(frozen=True)
class Report:
    """Figures of the dates `first` to `last`, both included, local to `timezone`; money in `currency`."""

    account: str
    account_name: str | None
    timezone: str
    currency: str
    first: date
    last: date
    as_of: datetime
    publication_id: str
    conversations: Conversations
    attributed_revenue: Decimal
    net_attributed_revenue: Decimal
    attributed_orders: int
    link_clicks: int
    add_to_cart_items: int
    by_channel: dict[str, Conversations]
    skills: tuple[SkillUsage, ...]

    @property
    def average_order_value(self) -> Decimal | None:
        return average_order_value(self.attributed_revenue, self.attributed_orders)

    def to_json_dict(self) -> dict[str, Any]:
        """Money is text with 4 places, dates and instants are ISO text, rates have full precision."""
        average = self.average_order_value
        return {
            "account": self.account,
            "account_name": self.account_name,
            "timezone": self.timezone,
            "currency": self.currency,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "as_of": utc_text(self.as_of),
            "publication_id": self.publication_id,
            **self.conversations.to_json_dict(),
            "attributed_revenue": f"{self.attributed_revenue:.4f}",
            "net_attributed_revenue": f"{self.net_attributed_revenue:.4f}",
            "attributed_orders": self.attributed_orders,
            "average_order_value": None if average is None else f"{average:.4f}",
            "link_clicks": self.link_clicks,
            "add_to_cart_items": self.add_to_cart_items,
            "by_channel": [{"channel": name, **figures.to_json_dict()} for name, figures in self.by_channel.items()],
            "skills": [asdict(usage) for usage in self.skills],
        }


def average_order_value(revenue: Decimal, orders: int) -> Decimal | None:
    """Attributed revenue per distinct order (rule 5.5), to 4 places, half up; None without orders."""
    if not orders:
        return None
    with localcontext(prec=60):
        return (revenue / orders).quantize(CENT_OF_A_CENT, ROUND_HALF_UP)


def report(reader: Reader, account: str, first: date, last: date) -> Report:
    """What a warehouse tells about `account` for its local dates `first` to `last`, both included (rule 1.2).

    Raises InputError for an unknown account, and for `first` after `last`.
    """
    if first > last:
        raise InputError(f"the range begins on {first} but ends on {last}", remedy="give the earlier date first")
    known = published_account(reader, account)
    values = {
        "account": literal(account),
        "first": literal(first),
        "last": literal(last),
        "clicked": known.on_dates("occurred_at", first, last),
        "sent": known.on_dates("sent_at", first, last),
    }
    by_channel = {channel: Conversations(*counts) for channel, *counts in reader.rows(CONVERSATIONS.format(**values))}
    ((revenue, net_revenue, orders),) = reader.rows(SALES.format(**values))
    ((link_clicks, items),) = reader.rows(CLICKS.format(**values))
    skills = reader.rows(SKILLS.format(**values))
    standing = read_published(reader)
    if standing is None:
        raise InputError("nothing is published yet", remedy="run `agent-metrics run` first")
    newest = standing.newest
    return Report(
        account=account,
        account_name=known.name,
        timezone=known.timezone,
        currency=known.currency,
        first=first,
        last=last,
        as_of=newest.as_of,
        publication_id=newest.publication_id,
        conversations=_total(list(by_channel.values())),
        attributed_revenue=Decimal(revenue),
        net_attributed_revenue=Decimal(net_revenue),
        attributed_orders=orders,
        link_clicks=link_clicks,
        add_to_cart_items=int(items),
        by_channel=by_channel,
        skills=tuple(SkillUsage(*skill) for skill in skills),
    )


def published_account(reader: Reader, account: str) -> PublishedAccount:
    """The account of this id. Raises InputError, which names those that there are, for an unknown one."""
    known = {one.account_id: one for one in accounts(reader)}
    if account not in known:
        shown = ", ".join(list(known)[:KNOWN_SHOWN]) or "there are none"
        more = f" and {len(known) - KNOWN_SHOWN} more" if len(known) > KNOWN_SHOWN else ""
        raise InputError(f"there is no account {account!r}", remedy=f"the published ones are: {shown}{more}")
    return known[account]


def _total(parts: list[Conversations]) -> Conversations:
    return Conversations(
        volume=sum(part.volume for part in parts),
        resolved=sum(part.resolved for part in parts),
        routed=sum(part.routed for part in parts),
        closed=sum(part.closed for part in parts),
        open=sum(part.open for part in parts),
    )
