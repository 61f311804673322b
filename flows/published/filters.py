"""Which conversations are meant: one set of filters for the table, its count, its export and its address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import TypeVar

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import MARKS, OPEN_REASONS, STATUSES
from flows.published.wording import check_search, check_text, has_words
from flows.published.words import said, terms
from flows.warehouses.reader import Reader

SKILLED = "select conversation_id from metrics.messages where account_id = {} and sender = 'agent' and skill = {}"
ASKED = "select conversation_id from metrics.knowledge_gap_questions where account_id = {} and topic_id = {}"
OF_PRODUCT = "select conversation_id from metrics.knowledge_gap_questions where account_id = {} and product_id = {}"
# The products of a conversation: what the agent recommended in it, and what the shopper clicked or put into the cart.
WITH_PRODUCT = """
select conversation_id from metrics.messages
where account_id = {0} and sender = 'agent' and {1} = any(recommended_product_ids)
union all
select conversation_id from metrics.interactions
where account_id = {0} and product_id = {1} and type in ('product_card_click', 'link_click', 'add_to_cart')
"""
RATINGS = range(1, 6)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Filters:
    """Conversations that started on the local dates `first` to `last`, both included, and meet all that is asked.

    `search`: each of its blank-separated words is in the first question, or it is the conversation's id; `profile` is
    the same for the profile. `words`: each word, and each phrase in quotes, is in some message of it, whatever its case
    and accents. Empty `channels`, `statuses`, `tags` and the like are all; the tag '' is none, the escalation reason ''
    is a hand-off of which nobody said why. `updated_…` are local dates of the last message, included. `topic` has a
    question in it, `product` an unanswered one about it; `shown_product` was recommended, clicked or put into the cart.
    `skill` was used by the agent, `is_sold` has an attributed line, `is_clicked` a link click. Raises InputError, which
    names the parameter of the address.
    """

    first: date
    last: date
    search: str = ""
    words: str = ""
    profile: str = ""
    channels: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    open_reasons: tuple[str, ...] = ()
    escalation_reasons: tuple[str, ...] = ()
    ratings: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    least_messages: int | None = None
    most_messages: int | None = None
    updated_from: date | None = None
    updated_to: date | None = None
    topic: str | None = None
    product: str | None = None
    shown_product: str | None = None
    skill: str | None = None
    is_sold: bool = False
    is_clicked: bool = False
    is_recontacted: bool = False
    is_deflected: bool = False

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InputError(
                f"the range begins on {self.first} but ends on {self.last}",
                where="from",
                remedy="give the earlier date first",
            )
        for name in ("search", "words", "profile"):
            check_search(name, getattr(self, name))
        for name in ("channels", "statuses", "open_reasons", "escalation_reasons", "tags"):
            check_text(name, "".join(getattr(self, name)))
        for name in ("topic", "product", "shown_product", "skill"):
            check_text(name, getattr(self, name) or "")
        for rating in self.ratings:
            if rating not in RATINGS:
                raise InputError(f"{rating} is not a rating", where="ratings", remedy="a shopper rates from 1 to 5")
        for name, number in (("least_messages", self.least_messages), ("most_messages", self.most_messages)):
            if number is not None and not 0 <= number < 2**63:
                raise InputError(f"{number} is not a number of messages", where=name)

    def condition(self, reader: Reader, account: PublishedAccount) -> str:
        """SQL over `metrics.conversations`. A reader who may not see a text finds by ids only.

        Raises InputError where `words` are looked for by such a reader.
        """
        of = literal(account.account_id)
        parts = [
            f"conversations.account_id = {of}",
            f"conversations.started_on between {literal(self.first)} and {literal(self.last)}",
            *self._of_texts(reader, account),
            *self._of_values(reader),
        ]
        if self.updated_from or self.updated_to:
            parts.append(account.on_dates("conversations.last_message_at", self.updated_from, self.updated_to))
        for found, query in (
            (self.topic, ASKED),
            (self.product, _left_open(reader)),
            (self.shown_product, WITH_PRODUCT),
            (self.skill, SKILLED),
        ):
            if found:
                parts.append(f"conversations.conversation_id in ({query.format(of, literal(found))})")
        if self.is_sold:
            parts.append("conversations.attributed_orders > 0")
        if self.is_clicked:
            parts.append("conversations.link_clicks > 0")
        parts += [_marked(reader, column) for column in MARKS.values() if getattr(self, column)]
        return " and ".join(parts)

    def _of_texts(self, reader: Reader, account: PublishedAccount) -> Iterator[str]:
        if self.search.strip():
            yield _found(reader, "first_question", "conversation_id", self.search)
        if self.profile.strip():
            yield _found(reader, "profile_name", "profile_id", self.profile)
        if terms(self.words):
            yield f"conversations.conversation_id in ({said(reader, account, self.first, self.last, self.words)})"

    def _of_values(self, reader: Reader) -> Iterator[str]:
        why = (
            "case when conversations.handoff_method is not null then coalesce(conversations.escalation_reason, '') end"
        )
        values: tuple[tuple[str, tuple[str, ...] | tuple[int, ...]], ...] = (
            ("conversations.channel", self.channels),
            ("conversations.status", self.statuses),
            (_seen(reader, "open_reason"), self.open_reasons),
            (why, self.escalation_reasons),
            (_seen(reader, "rating"), self.ratings),
            ("coalesce(conversations.tag, '')", self.tags),
        )
        yield from (f"{value} in {one_of(wanted)}" for value, wanted in values if wanted)
        if self.least_messages is not None:
            yield f"conversations.message_count >= {literal(self.least_messages)}"
        if self.most_messages is not None:
            yield f"conversations.message_count <= {literal(self.most_messages)}"

    def to_query(self) -> dict[str, str]:
        """What is asked, as parameters of an address; what is not asked has none."""
        values: dict[str, str | None] = {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "search": self.search,
            "words": self.words,
            "profile": self.profile,
            "channels": joined(self.channels),
            "statuses": joined(self.statuses),
            "open_reasons": joined(self.open_reasons),
            "escalation_reasons": joined(self.escalation_reasons),
            "ratings": ",".join(map(str, self.ratings)),
            "tags": joined(self.tags),
            "least_messages": None if self.least_messages is None else str(self.least_messages),
            "most_messages": None if self.most_messages is None else str(self.most_messages),
            "updated_from": _iso(self.updated_from),
            "updated_to": _iso(self.updated_to),
            "topic": self.topic,
            "product": self.product,
            "shown_product": self.shown_product,
            "skill": self.skill,
            "is_sold": "yes" if self.is_sold else None,
            "is_clicked": "yes" if self.is_clicked else None,
            "is_recontacted": "yes" if self.is_recontacted else None,
            "is_deflected": "yes" if self.is_deflected else None,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], default_first: date | None = None, default_last: date | None = None
    ) -> Filters:
        """The filters of an address; an empty parameter asks nothing, one of another name is left alone.

        Raises InputError naming the parameter that is wrong, or missing where there is no default.
        """
        first, last = _wanted("from", query, default_first), _wanted("to", query, default_last)

        return cls(
            first=first,
            last=last,
            search=query.get("search", ""),
            words=query.get("words", ""),
            profile=query.get("profile", ""),
            channels=_read("channels", query, split, ()),
            statuses=_read("statuses", query, _listed("status", STATUSES), ()),
            open_reasons=_read("open_reasons", query, _listed("reason", OPEN_REASONS), ()),
            escalation_reasons=_read("escalation_reasons", query, split, ()),
            ratings=_read("ratings", query, _numbers, ()),
            tags=_read("tags", query, split, ()),
            least_messages=_read("least_messages", query, _number, None),
            most_messages=_read("most_messages", query, _number, None),
            updated_from=_read("updated_from", query, _date, None),
            updated_to=_read("updated_to", query, _date, None),
            topic=query.get("topic") or None,
            product=query.get("product") or None,
            shown_product=query.get("shown_product") or None,
            skill=query.get("skill") or None,
            is_sold=_read("is_sold", query, _yes, default=False),
            is_clicked=_read("is_clicked", query, _yes, default=False),
            is_recontacted=_read("is_recontacted", query, _yes, default=False),
            is_deflected=_read("is_deflected", query, _yes, default=False),
        )


PARTS = frozenset(one.name for one in fields(Filters)) - {"first", "last"}
"""The parts of an address that Filters reads, beside `from` and `to`."""


def one_of(values: tuple[str, ...] | tuple[int, ...]) -> str:
    """SQL: the values in brackets. There must be one."""
    return f"({', '.join(map(literal, values))})"


def through(account: PublishedAccount, channels: tuple[str, ...], conversation: str = "conversation_id") -> str:
    """SQL: the conversation of this column is of one of the channels; without any, always true."""
    if not channels:
        return "true"
    return (
        f"{conversation} in (select through.conversation_id from metrics.conversations as through"
        f" where through.account_id = {literal(account.account_id)} and through.channel in {one_of(channels)})"
    )


def _left_open(reader: Reader) -> str:
    """No conversation, where a version without the column published."""
    is_known = reader.sees("metrics.knowledge_gap_questions", "product_id")
    return f"{OF_PRODUCT} and is_unanswered" if is_known else "select '' where {} = {} and false"


def _marked(reader: Reader, column: str) -> str:
    """No conversation, where a version without the column published."""
    return f"conversations.{column}" if reader.sees("metrics.conversations", column) else "false"


def _seen(reader: Reader, column: str) -> str:
    """The column; null where a version without it published."""
    return f"conversations.{column}" if reader.sees("metrics.conversations", column) else "null"


def _found(reader: Reader, text: str, key: str, wanted: str) -> str:
    is_key = f"conversations.{key} in {one_of((wanted, wanted.strip()))}"
    if not reader.sees("metrics.conversations", text):
        return is_key
    return f"({is_key} or ({has_words(f'conversations.{text}', wanted)}))"


def _read(name: str, query: Mapping[str, str], parse: Callable[[str], Value], default: Value) -> Value:
    if not (text := query.get(name, "")):
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(f"{text[:100]!r} is wrong: {error}", where=name) from None


def _wanted(name: str, query: Mapping[str, str], default: date | None) -> date:
    day = _read(name, query, _date, default)
    if day is None:
        raise InputError("is missing", where=name, remedy="give a date like 2026-06-01")
    return day


def joined(values: tuple[str, ...]) -> str:
    """With commas, which read well in an address; as JSON where a value would not come back from that."""
    if any(not one or "," in one or one.startswith("[") for one in values):
        return json.dumps(values, ensure_ascii=False)
    return ",".join(values)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def split(text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return tuple(text.split(","))
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("give values with commas between them, or a JSON list of texts")
    return tuple(values)


def _listed(what: str, known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        if unknown := set(values := split(text)) - set(known):
            raise ValueError(f"there is no {what} {min(unknown)!r}, only {', '.join(known)}")
        return values

    return read


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(_number, text.split(",")))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("give a date like 2026-06-01") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise ValueError("give a whole number, 0 or more")
    return int(text)


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("give yes or no")
    return text == "yes"
