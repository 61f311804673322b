"""The figures of chapter 6 for one account and a range of its local dates, from the published tables alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contract import HANDED_OFF
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import published_account
from flows.published.endings import skill_endings
from flows.published.figures import NO_CONVERSATIONS, Conversations, Figures, by_mark, by_status, sales
from flows.published.filters import one_of, through
from flows.published.handoffs import Handoffs, handoffs
from flows.published.measured import Short, missing_rows, not_measured, of_channels
from flows.warehouses.publication import newest_publication
from flows.warehouses.reader import Reader

CONVERSATIONS = f"""
select channel, {by_status()}, {{marks}}
from metrics.conversations
where account_id = {{account}} and started_on between {{first}} and {{last}} and {{channels}}
group by channel order by channel
"""
SALES = f"""
select {sales("")}
from metrics.attributed_order_lines
where account_id = {{account}} and placed_on between {{first}} and {{last}} and {{through}}
"""
CLICKS = """
select count(*) filter (where type in ('product_card_click', 'link_click')),
    coalesce(sum(quantity) filter (where type = 'add_to_cart'), 0)
from metrics.interactions
where account_id = {account} and {clicked} and {through}
"""


@dataclass(frozen=True)
class SkillUsage:
    """Agent messages that used a skill, and the conversations in which they stand (rule 6.4)."""

    skill: str
    label: str
    messages: int
    conversations: int


@dataclass(frozen=True, kw_only=True)
class Report(Figures):
    """Figures of the dates `first` to `last`, both included, local to `timezone`; money in `currency`.

    They are of all channels where `channels` is empty, else of conversations of these.
    `handoffs` is None where nobody tells of any (rule 11.1), or a version without them published.
    """

    account: str
    account_name: str | None
    timezone: str
    currency: str
    first: date
    last: date
    as_of: datetime
    publication_id: str
    by_channel: dict[str, Conversations]
    skills: tuple[SkillUsage, ...]
    missing: tuple[Short, ...] = ()
    handoffs: Handoffs | None = None
    channels: tuple[str, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Dates and instants are ISO text; the rest is as in Figures."""
        return {
            "account": self.account,
            "account_name": self.account_name,
            "timezone": self.timezone,
            "currency": self.currency,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "as_of": utc_text(self.as_of),
            "publication_id": self.publication_id,
            **super().to_json_dict(),
            "by_channel": [
                {"channel": name, **figures.to_json_dict(self.not_measured)}
                for name, figures in self.by_channel.items()
            ],
            "skills": [asdict(usage) for usage in self.skills],
            "handoffs": self.handoffs.to_json_dict() if self.handoffs else None,
            "not_measured": sorted(self.not_measured),
            "missing": [asdict(one) for one in self.missing],
        }


def report(reader: Reader, account: str, first: date, last: date, channels: tuple[str, ...] = ()) -> Report:
    """What a warehouse tells about `account` for its local dates `first` to `last`, both included (rule 1.2).

    A sale or a click is of the channel of its conversation (rule 6.3).

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
        "marks": by_mark(reader),
        "channels": f"channel in {one_of(channels)}" if channels else "true",
        "through": through(known, channels),
    }
    by_channel = {channel: Conversations(*counts) for channel, *counts in reader.rows(CONVERSATIONS.format(**values))}
    ((revenue, net_revenue, orders, inferred_revenue, inferred_orders),) = reader.rows(SALES.format(**values))
    ((link_clicks, items),) = reader.rows(CLICKS.format(**values))
    used = skill_endings(reader, known, first, last, channels)
    untold = of_channels(not_measured(reader, account), channels)
    newest = newest_publication(reader)
    return Report(
        account=account,
        account_name=known.name,
        timezone=known.timezone,
        currency=known.currency,
        first=first,
        last=last,
        as_of=newest.as_of,
        publication_id=newest.publication_id,
        conversations=sum(by_channel.values(), NO_CONVERSATIONS),
        attributed_revenue=Decimal(revenue),
        net_attributed_revenue=Decimal(net_revenue),
        attributed_orders=orders,
        link_clicks=link_clicks,
        add_to_cart_items=int(items),
        inferred_revenue=Decimal(inferred_revenue),
        inferred_orders=inferred_orders,
        not_measured=untold,
        handoffs=told_handoffs(handoffs(reader, account, first, last, channels), untold),
        missing=missing_rows(reader, account),
        by_channel=by_channel,
        skills=tuple(SkillUsage(one.skill, one.label, one.messages, one.conversations) for one in used),
        channels=channels,
    )


def told_handoffs(found: Handoffs | None, untold: frozenset[str]) -> Handoffs | None:
    """What was found; None where there is nothing and nobody would tell of it."""
    return None if found and not found.count and untold >= {*HANDED_OFF} else found
