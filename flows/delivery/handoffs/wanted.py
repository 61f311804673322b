"""The hand-offs that are published, which of them want a ticket (rule 13.6), and what stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from flows.delivery.handoffs.ticket import Line, NewTicket, Product, external_id
from flows.delivery.handoffs.transcript import one_line, safe
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import published_account
from flows.published.products import Product as Shown
from flows.published.products import products
from flows.warehouses.reader import Reader

REACH = timedelta(days=7)  # who accepted earlier than that has gone elsewhere
ACCEPTED = ("waiting", "lost", "no_person")  # outcomes of a hand-off that was accepted and that nobody has taken
MOST_SHOWN = 50  # products of a ticket
LONGEST_QUESTION = 5_000  # characters
HANDOFFS = """
select handoffs.conversation_id, handoffs.channel, handoffs.profile_id, handoffs.email, handoffs.tag, handoffs.reason,
    handoffs.accepted_at, handoffs.created_at, handoffs.replied_at, handoffs.outcome, handoffs.platform,
    handoffs.ticket_id
from metrics.handoffs as handoffs
where handoffs.account_id = {account} and {condition}
order by handoffs.accepted_at, handoffs.conversation_id
"""
MESSAGES = """
select messages.conversation_id, messages.message_id, messages.sender, messages.sent_at,
    messages.text, messages.recommended_product_ids
from metrics.messages
where messages.account_id = {account} and messages.conversation_id in ({ids})
order by messages.conversation_id, messages.position, messages.message_id
"""
QUESTIONS = """
select conversation_id, message_id, asked_at from metrics.knowledge_gap_questions
where account_id = {account} and conversation_id in ({ids})
order by asked_at, message_id
"""
NAMES = """
select profiles.profile_id, profiles.name
from metrics.profiles
where profiles.account_id = {account} and profiles.profile_id in ({ids})
"""


@dataclass(frozen=True)
class Handoff:
    """A row of `metrics.handoffs`. Instants are UTC."""

    account: str
    conversation_id: str
    channel: str
    profile_id: str | None
    email: str | None
    tag: str | None
    reason: str | None
    accepted_at: datetime
    created_at: datetime | None
    replied_at: datetime | None
    outcome: str
    platform: str | None
    ticket_id: str | None

    def taken_because(self) -> str | None:
        """Why nobody waits for a ticket of it (rule 13.6); None where somebody does."""
        if self.replied_at is not None:
            return "a person has replied"
        if self.created_at is not None:
            which = " ".join(filter(None, (self.platform, self.ticket_id)))
            return f"a ticket is there already ({which or 'nobody knows which'})"
        if self.outcome == "not_known":
            return "the message to the shopper went already"
        if self.outcome not in ACCEPTED:
            return "the shopper declined"
        return None

    def is_late(self, now: datetime) -> bool:
        """Whether the shopper has gone elsewhere by now."""
        return now - self.accepted_at >= REACH


def accepted(reader: Reader, account: str, since: Mapping[str, datetime], now: datetime) -> list[Handoff]:
    """Those of each channel that were accepted after an instant and want a ticket, or will once an email is known."""
    if not since:
        return []
    channels = " or ".join(
        f"(handoffs.channel = {literal(channel)} and handoffs.accepted_at > {literal(max(begun, now - REACH))})"
        for channel, begun in since.items()
    )
    outcomes = ", ".join(map(literal, ACCEPTED))
    return _handoffs(
        reader, account, f"({channels}) and handoffs.created_at is null and handoffs.outcome in ({outcomes})"
    )


def those_of(reader: Reader, account: str, conversations: Sequence[str]) -> dict[str, Handoff]:
    """The accepted hand-offs of these conversations, as far as they are published."""
    if not conversations:
        return {}
    ids = ", ".join(map(literal, conversations))
    condition = f"handoffs.conversation_id in ({ids}) and handoffs.accepted_at is not null"
    return {one.conversation_id: one for one in _handoffs(reader, account, condition)}


def known_handoffs(reader: Reader) -> None:
    """Raises InputError where what is published is from before there were hand-offs."""
    if not reader.sees("metrics.handoffs", "accepted_at"):
        what = "the publication comes from a version that knew no hand-offs"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")


def tickets(reader: Reader, handoffs: Sequence[Handoff], page: str | None) -> Iterator[NewTicket]:
    """The tickets of hand-offs of one account whose email is known; `page` is the address of the page."""
    if not handoffs:
        return
    account = published_account(reader, handoffs[0].account)
    asked = {"account": literal(account.account_id)}
    ids = ", ".join(literal(one.conversation_id) for one in handoffs)
    lines: dict[str, list[Line]] = {}
    shown: dict[str, list[str]] = {}
    messages: dict[str, Line] = {}
    for conversation, message, sender, sent_at, text, recommended in reader.rows(MESSAGES.format(**asked, ids=ids)):
        messages[message] = Line(sender, sent_at.astimezone(UTC), text or "")
        lines.setdefault(conversation, []).append(messages[message])
        shown.setdefault(conversation, []).extend(one for one in recommended or () if one is not None)
    accepted_at = {one.conversation_id: one.accepted_at for one in handoffs}
    questions = {  # the last one: a yes, a thank-you or an address that comes after it asks nothing (8.1)
        conversation: messages[message]
        for conversation, message, asked_at in reader.rows(QUESTIONS.format(**asked, ids=ids))
        if asked_at <= accepted_at[conversation] and safe(messages[message].text)
    }
    profiles = ", ".join(literal(one.profile_id) for one in handoffs if one.profile_id is not None)
    names = dict(reader.rows(NAMES.format(**asked, ids=profiles))) if profiles else {}
    known = products(reader, account, (one for of in shown.values() for one in of))
    for one in handoffs:
        said = lines.get(one.conversation_id, [])
        first = next((line for line in said if line.sender == "visitor" and safe(line.text)), None)
        asking = questions.get(one.conversation_id, first)
        question = safe(asking.text) if asking else ""
        name = names.get(one.profile_id)
        yield NewTicket(
            account_id=one.account,
            conversation_id=one.conversation_id,
            external_id=external_id(one.account, one.conversation_id),
            email=(one.email or "").strip(),
            name=one_line(name, 100) or None if name else None,
            profile_id=one.profile_id,
            channel=one.channel,
            subject=one_line(question, 120) or "Hand-off from the AI agent",
            question=question[:LONGEST_QUESTION],
            asked_at=asking.at if asking else one.accepted_at,
            tag=one_line(one.tag, 100) or None if one.tag else None,
            reason=one_line(one.reason, 100) or None if one.reason else None,
            products=_products(known, shown.get(one.conversation_id, [])),
            lines=tuple(said),
            link=link(page, one.account, one.conversation_id),
            accepted_at=one.accepted_at,
            zone=account.timezone,
        )


def link(page: str | None, account: str, conversation_id: str) -> str | None:
    """The conversation in the page, where that has an address."""
    return f"{page}/?{urlencode({'account': account, 'conversation': conversation_id})}" if page else None


def _products(known: Mapping[str, Shown], shown: Sequence[str]) -> tuple[Product, ...]:
    each = [known[one] for one in dict.fromkeys(shown)][:MOST_SHOWN]
    return tuple(Product(one_line(one.title or one.product_id, 200), one.url) for one in each)


def _handoffs(reader: Reader, account: str, condition: str) -> list[Handoff]:
    found = []
    for row in reader.rows(HANDOFFS.format(account=literal(account), condition=condition)):
        *ids, accepted_at, created_at, replied_at, outcome, platform, ticket_id = row
        times = accepted_at.astimezone(UTC), _utc(created_at), _utc(replied_at)
        conversation, channel, profile, email, tag, reason = ids
        found.append(
            Handoff(account, conversation, channel, profile, email, tag, reason, *times, outcome, platform, ticket_id)
        )
    return found


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.astimezone(UTC)
