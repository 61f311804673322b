"""What nobody told of an account (rule 11.1): figures whose 0 says nothing, and what would have to be connected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import BESIDE
from flows.warehouses.reader import Reader

MEASURED = """select figure from metrics.measured
where account_id = {account} and state <> 'measured' and not (state = 'inferred' and figure = 'inferred_revenue')
order by figure"""
SHORT = """select source, thing, theirs, ours, since from metrics.completeness
where account_id = {account} and ours < theirs order by source, thing"""
# What each figure is called, and what has to be delivered for it.
WANTED = {
    "conversations": ("conversations", "no conversation was delivered"),
    "attributed_revenue": ("AI sales", "connect orders, and clicks on product cards or text messages with products"),
    "web_chat_attributed_revenue": ("AI sales of web chat", "connect orders and clicks on product cards"),
    "sms_attributed_revenue": ("AI sales of SMS", "connect orders and text messages with products"),
    "link_clicks": ("link clicks", "connect clicks: Klaviyo's setting `interactions`, web events, or a file"),
    "add_to_cart_items": ("carts", "connect carts: Klaviyo's setting `interactions`, web events, or a file"),
    "routed": (
        "routed",
        "connect hand-offs, tickets or the messages of your team; such conversations look resolved or open",
    ),
    "closed": ("closed", "no source tells of hand-off messages; such conversations look resolved or open"),
    "recontacted": (
        "durable resolution rate",
        "no shopper is known by a profile or a visitor id, or the account's `recontact_days` is 0",
    ),
    "deflected": ("deflection rate", "no message of the agent has a text"),
    "running": (
        "rates of ended conversations",
        "the publication comes from a version that did not tell which still run",
    ),
    "unanswered": ("unanswered", "the publication comes from a version that did not tell them"),
    "skill_usage": ("skills", "no source names the skill of an answer"),
    "tickets": ("tickets", "connect the helpdesk"),
    "knowledge_gaps": ("knowledge gaps", "connect the articles, with their texts"),
}


@dataclass(frozen=True)
class Short:
    """Rows that a source counts and that are not here (rule 11.2)."""

    source: str
    thing: str
    theirs: int
    ours: int


def not_measured(reader: Reader, account: str) -> frozenset[str]:
    """The figures of `metrics.measured` that are not measured, and those that a version before them did not count."""
    uncounted = {name for name, (column, _) in BESIDE.items() if not reader.sees("metrics.conversations", column)}
    if not reader.sees("metrics.measured", "figure"):
        return frozenset(uncounted)
    return frozenset({figure for (figure,) in reader.rows(MEASURED.format(account=literal(account)))} | uncounted)


def of_channels(figures: frozenset[str], channels: Collection[str]) -> frozenset[str]:
    """Those that are not measured of these channels alone: sales need touches of the channel (rule 5.1)."""
    untold = channels and all(f"{one}_attributed_revenue" in figures for one in channels)
    return figures | {"attributed_revenue"} if untold else figures


def missing_rows(reader: Reader, account: str) -> tuple[Short, ...]:
    """What did not come of what sources count."""
    if not reader.sees("metrics.completeness", "ours"):
        return ()
    return tuple(Short(*row[:4]) for row in reader.rows(SHORT.format(account=literal(account))))


def missing_until(reader: Reader, account: PublishedAccount, last: date) -> tuple[Short, ...]:
    """Of these, what is missing from a conversation or range that began on the local date `last` or before."""
    if not reader.sees("metrics.completeness", "ours"):
        return ()
    rows = reader.rows(SHORT.format(account=literal(account.account_id)))
    return tuple(Short(*row[:4]) for row in rows if row[4] is None or account.day_of(row[4]) <= last)


def wanted(figures: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of each figure that is not measured: what it is called, and what to connect."""
    names = set(figures)
    if "attributed_revenue" in names:  # says what its channels would say again
        names -= {"web_chat_attributed_revenue", "sms_attributed_revenue"}
    yield from (pair for figure, pair in WANTED.items() if figure in names)


def sentences(figures: Iterable[str]) -> Iterator[str]:
    """The same in English, a sentence for each."""
    yield from (f"{name}: {what}" for name, what in wanted(figures))
