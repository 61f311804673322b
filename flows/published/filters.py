"""Which conversations are meant: one set of filters for the table, its count, its export and its address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import MARKS, STATUSES
from flows.published.wording import check_search, check_text, has_words
from flows.warehouses.reader import Reader

SKILLED = "select conversation_id from metrics.messages where account_id = {} and sender = 'agent' and skill = {}"
ASKED = "select conversation_id from metrics.knowledge_gap_questions where account_id = {} and topic_id = {}"
OF_PRODUCT = "select conversation_id from metrics.knowledge_gap_questions where account_id = {} and product_id = {}"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Filters:
    """Conversations that started on the local dates `first` to `last`, both included, and meet all that is asked.

    `search`: each of its blank-separated words is in the first question, or it is the conversation's id; `profile` is
    the same for the profile. Empty `channels`, `statuses` and `tags` are all; the tag '' is none. `updated_…` are local
    dates of the last message, included. `topic` has a question in it, `product` an unanswered one about it, `skill` was
    used by the agent, `is_sold` has an attributed line, `is_clicked` a link click. Raises InputError, which names the
    parameter of the address.
    """

    first: date
    last: date
    search: str = ""
    profile: str = ""
    channels: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    least_messages: int | None = None
    most_messages: int | None = None
    updated_from: date | None = None
    updated_to: date | None = None
    topic: str | None = None
    product: str | None = None
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
        check_search("search", self.search)
        check_search("profile", self.profile)
        for name, values in (("channels", self.channels), ("statuses", self.statuses), ("tags", self.tags)):
            check_text(name, "".join(values))
        check_text("topic", self.topic or "")
        check_text("product", self.product or "")
        check_text("skill", self.skill or "")
        for name, number in (("least_messages", self.least_messages), ("most_messages", self.most_messages)):
            if number is not None and not 0 <= number < 2**63:
                raise InputError(f"{number} is not a number of messages", where=name)

    def condition(self, reader: Reader, account: PublishedAccount) -> str:
        """SQL over `metrics.conversations`. A reader who may not see a text finds by ids only."""
        of = literal(account.account_id)
        parts = [
            f"conversations.account_id = {of}",
            f"conversations.started_on between {literal(self.first)} and {literal(self.last)}",
        ]
        if self.search.strip():
            parts.append(_found(reader, "first_question", "conversation_id", self.search))
        if self.profile.strip():
            parts.append(_found(reader, "profile_name", "profile_id", self.profile))
        if self.channels:
            parts.append(f"conversations.channel in {one_of(self.channels)}")
        if self.statuses:
            parts.append(f"conversations.status in {one_of(self.statuses)}")
        if self.tags:
            parts.append(f"coalesce(conversations.tag, '') in {one_of(self.tags)}")
        if self.least_messages is not None:
            parts.append(f"conversations.message_count >= {literal(self.least_messages)}")
        if self.most_messages is not None:
            parts.append(f"conversations.message_count <= {literal(self.most_messages)}")
        if self.updated_from or self.updated_to:
            parts.append(account.on_dates("conversations.last_message_at", self.updated_from, self.updated_to))
        for found, query in ((self.topic, ASKED), (self.product, _left_open(reader)), (self.skill, SKILLED)):
            if found:
                parts.append(f"conversations.conversation_id in ({query.format(of, literal(found))})")
        if self.is_sold:
            parts.append("conversations.attributed_orders > 0")
        if self.is_clicked:
            parts.append("conversations.link_clicks > 0")
        parts += [_marked(reader, column) for column in MARKS.values() if getattr(self, column)]
        return " and ".join(parts)

    def to_query(self) -> dict[str, str]:
        """What is asked, as parameters of an address; what is not asked has none."""
        values: dict[str, str | None] = {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "search": self.search,
            "profile": self.profile,
            "channels": _joined(self.channels),
            "statuses": _joined(self.statuses),
            "tags": _joined(self.tags),
            "least_messages": None if self.least_messages is None else str(self.least_messages),
            "most_messages": None if self.most_messages is None else str(self.most_messages),
            "updated_from": _iso(self.updated_from),
            "updated_to": _iso(self.updated_to),
            "topic": self.topic,
            "product": self.product,
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
            profile=query.get("profile", ""),
            channels=_read("channels", query, _split, ()),
            statuses=_read("statuses", query, _statuses, ()),
            tags=_read("tags", query, _split, ()),
            least_messages=_read("least_messages", query, _number, None),
            most_messages=_read("most_messages", query, _number, None),
            updated_from=_read("updated_from", query, _date, None),
            updated_to=_read("updated_to", query, _date, None),
            topic=query.get("topic") or None,
            product=query.get("product") or None,
            skill=query.get("skill") or None,
            is_sold=_read("is_sold", query, _yes, default=False),
            is_clicked=_read("is_clicked", query, _yes, default=False),
            is_recontacted=_read("is_recontacted", query, _yes, default=False),
            is_deflected=_read("is_deflected", query, _yes, default=False),
        )


def one_of(values: tuple[str, ...]) -> str:
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


def _joined(values: tuple[str, ...]) -> str:
    """With commas, which read well in an address; as JSON where a value would not come back from that."""
    if any(not one or "," in one or one.startswith("[") for one in values):
        return json.dumps(values, ensure_ascii=False)
    return ",".join(values)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _split(text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return tuple(text.split(","))
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("give values with commas between them, or a JSON list of texts")
    return tuple(values)


def _statuses(text: str) -> tuple[str, ...]:
    if unknown := set(values := _split(text)) - set(STATUSES):
        raise ValueError(f"there is no status {min(unknown)!r}, only {', '.join(STATUSES)}")
    return values


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
