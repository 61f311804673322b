"""The figures of chapter 6 by channel, status, tag, agent, period or skill, from the published tables alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount, published_account
from flows.published.figures import NO_CONVERSATIONS, STATUSES, Conversations, Figures, by_mark, by_status, sales
from flows.published.filters import through
from flows.published.measured import of_channels
from flows.published.report import Report, SkillUsage
from flows.published.spans import UNITS, first_of, spans
from flows.warehouses.reader import Reader

# Of a conversation, as of now (rule 6.1); a sale or a click goes where its conversation does (rule 6.3).
ATTRIBUTES = {
    "channel": "coalesce(conversations.channel, '')",
    "status": "coalesce(conversations.status, '')",
    "tag": "coalesce(conversations.tag, '')",
    "agent": "coalesce(conversations.agent, '')",
}
DIMENSIONS = (*ATTRIBUTES, *UNITS, "skill")
MOST_PERIODS = 4_000

CONVERSATIONS = f"""
select {{key}}, {by_status(status="conversations.status")}, {{marks}}
from metrics.conversations
where conversations.account_id = {{account}} and conversations.started_on between {{first}} and {{last}}
    and {{through}}
group by 1
"""
SALES = f"""
select {{key}}, {sales("lines.")}
from metrics.attributed_order_lines as lines
{{conversations}}
where lines.account_id = {{account}} and lines.placed_on between {{first}} and {{last}} and {{through}}
group by 1
"""
CLICKS = """
select {key}, count(*) filter (where clicks.type in ('product_card_click', 'link_click')),
    coalesce(sum(clicks.quantity) filter (where clicks.type = 'add_to_cart'), 0)
from metrics.interactions as clicks
{conversations}
where clicks.account_id = {account} and clicks.type in ('product_card_click', 'link_click', 'add_to_cart')
    and {clicked} and {through}
group by 1
"""
OF_CONVERSATION = """left join metrics.conversations
    on conversations.account_id = {fact}.account_id and conversations.conversation_id = {fact}.conversation_id"""


@dataclass(frozen=True, kw_only=True)
class Group(Figures):
    """Figures of one channel, status, tag, agent or period, each under its own date (rules 6.1 to 6.3).

    `key` is the channel, status, tag or agent, '' for none, or the first date; `last` is the last date of a period.
    Everything adds up over the groups but orders: an order counts in each group that has a line of it.
    """

    key: str | date
    last: date | None

    def named(self, by: str) -> dict[str, Any]:
        """The figures as JSON after the name of the group; dates are ISO text."""
        until = {"to": str(self.last)} if by in ("week", "month") else {}
        return {by: str(self.key), **until, **self.to_json_dict()}


@dataclass(frozen=True)
class Breakdown:
    """A report in groups; by skill, those are its skills."""

    by: str
    groups: tuple[Group, ...] = ()
    skills: tuple[SkillUsage, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        groups = [asdict(one) for one in self.skills] or [one.named(self.by) for one in self.groups]
        return {"by": self.by, "groups": groups}


def breakdown(reader: Reader, report: Report, by: str) -> Breakdown:
    """The figures of a report in groups, of the publication that it comes from, if the reader is the same.

    Channels, statuses, tags and agents are those with any figure; periods are all of the range, cut to it.
    Raises InputError for a `by` that is none of DIMENSIONS, and for more than MOST_PERIODS days, weeks or months.
    """
    check_dimension(by)
    if by == "skill":
        return Breakdown(by, skills=report.skills)
    account = published_account(reader, report.account)
    # first, so that a range of ages is refused before the database is asked
    periods = _periods(by, report.first, report.last) if by in UNITS else []
    found = _found(reader, account, report, by)
    if by in UNITS:
        nothing = _nothing()
        told = report.not_measured
        return Breakdown(by, tuple(_group(first, last, found.get(first, nothing), told) for first, last in periods))
    groups = [_group(key, None, figures, _told(by, key, report.not_measured)) for key, figures in found.items()]
    return Breakdown(by, tuple(sorted(groups, key=lambda one: _order(by, one))))


def check_dimension(by: str) -> None:
    """Raises InputError where the figures are not known by that."""
    if by not in DIMENSIONS:
        remedy = f"it can be {', '.join(DIMENSIONS[:-1])} or {DIMENSIONS[-1]}"
        raise InputError(f"a report cannot be broken down by {by!r}", where="--by", remedy=remedy)


def _found(reader: Reader, account: PublishedAccount, report: Report, by: str) -> dict[Any, dict[str, Any]]:
    """What there is, by the key of the group: a text, or the first date of a period within the range."""
    first, last = report.first, report.last

    def query(template: str, fact: str, on: str) -> str:
        key = ATTRIBUTES.get(by) or f"greatest({literal(first)}, {first_of(by, on)})"
        return template.format(
            key=key,
            conversations=OF_CONVERSATION.format(fact=fact) if by in ATTRIBUTES else "",
            account=literal(account.account_id),
            first=literal(first),
            last=literal(last),
            clicked=account.on_dates("clicks.occurred_at", first, last),
            marks=by_mark(reader),
            through=through(account, report.channels, f"{fact}.conversation_id"),
        )

    found: dict[Any, dict[str, Any]] = {}
    for key, *counts in reader.rows(query(CONVERSATIONS, "conversations", "conversations.started_on")):
        found.setdefault(key, _nothing())["conversations"] = Conversations(*counts)
    for key, revenue, net_revenue, orders, *inferred in reader.rows(query(SALES, "lines", "lines.placed_on")):
        money = {"attributed_revenue": Decimal(revenue), "net_attributed_revenue": Decimal(net_revenue)}
        apart = {"inferred_revenue": Decimal(inferred[0]), "inferred_orders": inferred[1]}
        found.setdefault(key, _nothing()).update(**money, attributed_orders=orders, **apart)
    for key, link_clicks, items in reader.rows(query(CLICKS, "clicks", account.date_of("clicks.occurred_at"))):
        found.setdefault(key, _nothing()).update(link_clicks=link_clicks, add_to_cart_items=int(items))
    return found


def _nothing() -> dict[str, Any]:
    money = dict.fromkeys(("attributed_revenue", "net_attributed_revenue"), Decimal(0))
    counts = dict.fromkeys(("attributed_orders", "link_clicks", "add_to_cart_items"), 0)
    return {"conversations": NO_CONVERSATIONS, **money, **counts}


def _group(key: str | date, last: date | None, figures: dict[str, Any], not_measured: frozenset[str]) -> Group:
    return Group(key=key, last=last, not_measured=not_measured, **figures)


def _told(by: str, key: str, not_measured: frozenset[str]) -> frozenset[str]:
    return of_channels(not_measured, [key]) if by == "channel" else not_measured


def _order(by: str, one: Group) -> tuple[Any, ...]:
    """Statuses as rule 3.5 has them, tags by what they have most of, channels and agents by their names."""
    if by == "status":
        return (STATUSES.index(str(one.key)) if one.key in STATUSES else len(STATUSES), one.key)
    return (-one.conversations.volume, -one.attributed_revenue, one.key) if by == "tag" else (one.key,)


def _periods(by: str, first: date, last: date) -> list[tuple[date, date]]:
    """The spans of the range. Raises InputError where there are more than anybody reads."""
    found = list(islice(spans(by, first, last), MOST_PERIODS + 1))
    if len(found) > MOST_PERIODS:
        what = f"{first} to {last} has more than {MOST_PERIODS:,} {by}s"
        raise InputError(what, where="--by", remedy="ask for a shorter range, or for longer periods")
    return found
