"""Every conversation: filters in words, the list, and the whole thread of the one that is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flows.dashboard import rows
from flows.dashboard.chips import Chip, chips
from flows.dashboard.look import Look
from flows.ground.errors import InputError
from flows.published import conversations, words
from flows.published.conversations import ORDERS, escalation_reasons, tags
from flows.published.figures import OPEN_REASONS, STATUSES
from flows.published.filters import PARTS, RATINGS, Filters
from flows.published.segment_words import products

ASKS = frozenset({*PARTS, "from", "to", "order", "at", "conversation"})
ORDER_NAMES = dict(zip(ORDERS, ("last updated", "newest first", "oldest first", "messages", "sales"), strict=True))
MARK_NAMES = {
    "is_sold": "with sales",
    "is_clicked": "with clicks",
    "is_recontacted": "came back",
    "is_deflected": "sent elsewhere",
}
EVER = (date(1970, 1, 1), date.max - timedelta(days=2))


def values(look: Look) -> dict[str, Any]:
    asked, wrong = filters_of(look)
    order = look.query.get("order", ORDERS[0])
    if order not in ORDERS:
        wrong.append(look.say("Conversations cannot be sorted by “%(name)s”.", name=order))
        order = ORDERS[0]
    total = conversations.count(look.reader, look.account, asked)
    found = conversations.page(
        look.reader, look.account, asked, order=order, offset=rows.offset(look, total), limit=rows.PAGE
    )
    export = urlencode({"account": look.account.account_id, **asked.to_query()})
    shown: list[Chip] = chips(look, asked)
    return {
        "filters": asked,
        "wrong": wrong,
        "chips": shown,
        "rows": found,
        "part": rows.part(look, total, rows.PAGE),
        "export": f"conversations.csv?{export}" if total else None,
        "orders": [(name, look.say(text), name == order) for name, text in ORDER_NAMES.items()],
        "search": _search(look, asked),
        "found": words.found(look.reader, look.account, [one.conversation_id for one in found], asked.words),
        **_choices(look, asked),
        **rows.opened(look),
    }


def filters_of(look: Look) -> tuple[Filters, list[str]]:
    """The filters of the address; those of the dates alone, and why, where something in it is wrong."""
    first, last = look.period.first, look.period.last
    of_dates_alone = Filters(first, last, channels=look.channels)
    try:
        asked = Filters.from_query(look.query, first, last)
    except InputError as error:
        return of_dates_alone, [_not_applied(look, error.where)]
    if asked.words and not look.reader.sees("metrics.messages", "text"):
        return of_dates_alone, [_not_applied(look, "words")]
    first, last = max(first, asked.first), min(last, asked.last)
    if first > last:
        said = look.say("The filters are not applied: their dates are outside of those chosen above.")
        return of_dates_alone, [said]
    return replace(asked, first=first, last=last, channels=look.channels or asked.channels), []


def _not_applied(look: Look, name: str | None) -> str:
    return look.say("The filters are not applied: “%(name)s” is wrong in the address.", name=name)


def _search(look: Look, asked: Filters) -> dict[str, str]:
    """Words of whole threads; of first questions alone, and ids, for who may not see texts or asked for those."""
    say = look.say
    if asked.search or not look.reader.sees("metrics.messages", "text"):
        return {"name": "search", "value": asked.search, "hint": say("words of the first question, or an id")}
    return {"name": "words", "value": asked.words, "hint": say("words that somebody wrote, “a phrase”")}


def _choices(look: Look, asked: Filters) -> dict[str, Any]:
    """What the form offers: value, text, and whether it is chosen."""
    say = look.say
    return {
        "statuses": [(one, say(one.capitalize()), one in asked.statuses) for one in STATUSES],
        "tags": [(one, one, one in asked.tags) for one in tags(look.reader, look.account, *EVER)],
        "skills": [(skill, name, skill == asked.skill) for skill, name in look.skills.items()],
        "open_reasons": [(one, say(one.capitalize()), one in asked.open_reasons) for one in OPEN_REASONS],
        "reasons": [
            (one, say.term(one), one in asked.escalation_reasons)
            for one in escalation_reasons(look.reader, look.account, *EVER)
        ],
        "products": [
            (key, name, key == asked.shown_product)
            for name, key in products(look.reader, look.account, look.publication.as_of).items()
        ],
        "ratings": [(str(one), say.number(one), one in asked.ratings) for one in RATINGS],
        "marks": [(name, say(text), bool(getattr(asked, name))) for name, text in MARK_NAMES.items()],
    }
