"""What narrows the conversations, in words and never as ids, each with the address without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flows.dashboard.language import NONE
from flows.dashboard.look import Look
from flows.ground.sql import literal
from flows.published.filters import Filters
from flows.published.gaps import visible

TOPIC = "select {} from metrics.knowledge_gap_topics where account_id = {} and topic_id = {}"
PRODUCT = "select title from metrics.products where account_id = {} and product_id = {}"


@dataclass(frozen=True)
class Chip:
    """`text` may hold words of strangers."""

    text: str
    without: str


def chips(look: Look, asked: Filters) -> list[Chip]:
    found = []
    if (asked.first, asked.last) != (look.period.first, look.period.last):
        days = look.say.days(asked.first, asked.last)
        found.append(Chip(look.say("started %(dates)s", dates=days), look.here(**{"from": None, "to": None})))
    for name, said in SAID.items():
        value = getattr(asked, name)
        if value not in (None, "", (), False) and not (name == "channels" and look.channel):
            found.append(Chip(said(look, value), look.here(**{name: None})))
    return found


def _several(look: Look, values: Iterable[str]) -> str:
    return look.say.either(values)


SAID: Mapping[str, Callable[[Look, Any], str]] = {
    "search": lambda look, text: look.say("first question has “%(words)s”", words=text),
    "words": lambda look, text: look.say("said: “%(words)s”", words=text),
    "profile": lambda look, text: look.say("shopper is “%(words)s”", words=text),
    "statuses": lambda look, names: _several(look, (look.say(one.capitalize()) for one in names)),
    "open_reasons": lambda look, names: _several(look, (look.say(one.capitalize()) for one in names)),
    "escalation_reasons": lambda look, names: look.say(
        "handed off for: %(reasons)s",
        reasons=_several(look, (look.say.term(one) if one else look.say("no reason given") for one in names)),
    ),
    "ratings": lambda look, ratings: look.say(
        "rated %(ratings)s", ratings=_several(look, (look.say.number(one) for one in ratings))
    ),
    "tags": lambda look, tags: look.say("tagged %(tags)s", tags=_several(look, (one or NONE for one in tags))),
    "channels": lambda look, names: look.say(
        "by %(channels)s", channels=_several(look, (look.say.channel(one) for one in names))
    ),
    "least_messages": lambda look, count: look.say.many(
        count, "at least %(count)s message", "at least %(count)s messages"
    ),
    "most_messages": lambda look, count: look.say.many(
        count, "at most %(count)s message", "at most %(count)s messages"
    ),
    "updated_from": lambda look, day: look.say("updated from %(day)s on", day=look.say.day(day)),
    "updated_to": lambda look, day: look.say("updated until %(day)s", day=look.say.day(day)),
    "topic": lambda look, key: look.say(
        "asked about: %(topic)s", topic=_topic(look, key) or look.say("a topic that is not there any more")
    ),
    "product": lambda look, key: look.say(
        "unanswered question about: %(product)s",
        product=_name(look, PRODUCT, key) or look.say("a product without a name"),
    ),
    "shown_product": lambda look, key: look.say(
        "with the product: %(product)s", product=_name(look, PRODUCT, key) or look.say("a product without a name")
    ),
    "skill": lambda look, key: look.say("skill: %(skill)s", skill=look.skill(key)),
    "is_sold": lambda look, _: look.say("with sales"),
    "is_clicked": lambda look, _: look.say("with clicks"),
    "is_recontacted": lambda look, _: look.say("came back"),
    "is_deflected": lambda look, _: look.say("sent elsewhere"),
}
"""How each part of the filters is said."""


def _topic(look: Look, key: str) -> str | None:
    label = visible(look.reader, "knowledge_gap_topics", "label", "coalesce(label, representative_question)")
    return _name(look, TOPIC.format(label, "{}", "{}"), key)


def _name(look: Look, query: str, key: str) -> str | None:
    found = look.reader.rows(query.format(literal(look.account.account_id), literal(key)))
    return found[0][0] if found else None
