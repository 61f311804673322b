"""From Zendesk's tickets to rows of the landing contract; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.sources.api import Row
from flows.sources.ours import conversation_of
from flows.sources.zendesk.records import Metrics, Ticket, User
from flows.sources.zendesk.settings import ZendeskSettings

SCORES = {"good": "good", "good_with_comment": "good", "bad": "bad", "bad_with_comment": "bad"}
OVER = {"solved", "closed", "deleted"}


def ticket_row(
    account: str, ticket: Ticket, metrics: Metrics | None, requester: User | None, settings: ZendeskSettings
) -> Row:
    """A ticket, its metric set, and the user who asked for it."""
    metrics = metrics or Metrics()
    score = ticket.satisfaction_rating.score if ticket.satisfaction_rating else None
    profile = _field(requester, settings.profile_field) if requester and settings.profile_field else None
    return Row(
        "tickets",
        {
            "account_id": account,
            "platform": "zendesk",
            "ticket_id": ticket.id,
            "conversation_id": _conversation(account, ticket, settings.conversation_field),
            "profile_id": profile,
            "email": (requester.email if requester else None) or _sender(ticket),
            "status": ticket.status,
            "created_at": ticket.created_at,
            "first_human_reply_at": _first_reply(ticket, metrics),
            # a ticket that was opened again is not solved, whatever its metrics remember
            "solved_at": metrics.solved_at if ticket.status in OVER else None,
            "satisfaction": SCORES.get(score or ""),
            "reopen_count": metrics.reopens,
            "updated_at": ticket.updated_at,
        },
        {**ticket.kept(), "metric_set": metrics.kept() or None, "requester": requester.kept() if requester else None},
    )


def _first_reply(ticket: Ticket, metrics: Metrics) -> str | None:
    """The first public comment of an agent: minutes, for some channels seconds, after the ticket was made.

    The metric knows agents, not people: triggers and Zendesk's own bots do not count in it, a program that comments as
    an agent does.
    """
    created = _instant(ticket.created_at)
    seconds = metrics.reply_time_in_seconds.calendar if metrics.reply_time_in_seconds else None
    minutes = metrics.reply_time_in_minutes.calendar if metrics.reply_time_in_minutes else None
    if created is None or (seconds is None and minutes is None):
        return None
    after = timedelta(seconds=seconds) if seconds else timedelta(minutes=minutes or 0)
    return (created + after).astimezone(UTC).isoformat()


def _conversation(account: str, ticket: Ticket, field: str) -> str | None:
    """What the field says, and of a ticket that we made what its external id says."""
    named, ours = _field(ticket, field), conversation_of(ticket.external_id, account)
    return ours or named if field == "external_id" else named or ours


def _sender(ticket: Ticket) -> str | None:
    """The address from which an email made the ticket."""
    via = ticket.via
    if via is None or via.channel != "email" or via.source is None or via.source.sender is None:
        return None
    return via.source.sender.address


def _field(record: Ticket | User, field: str) -> str | None:
    """The id in a field of a ticket (`custom_field:<id>`) or a user (`user_field:<key>`), or its `external_id`."""
    name, _, key = field.partition(":")
    found: object = record.external_id
    if isinstance(record, Ticket) and name == "custom_field":
        found = next((one.value for one in record.custom_fields or () if one.id == key), None)
    if isinstance(record, User) and name == "user_field":
        found = (record.user_fields or {}).get(key)
    return str(found).strip() or None if isinstance(found, str | int) and not isinstance(found, bool) else None


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None  # the landing contract says so of created_at
    return found if found.tzinfo else found.replace(tzinfo=UTC)
