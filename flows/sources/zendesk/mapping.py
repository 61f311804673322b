"""From Zendesk's tickets to rows of the landing contract; pure functions."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from flows.sources.api import JsonObject, Misshapen, Row
from flows.sources.api.rows import UNEXPECTED
from flows.sources.zendesk.settings import ZendeskSettings

SCORES = {"good": "good", "good_with_comment": "good", "bad": "bad", "bad_with_comment": "bad"}
OVER = {"solved", "closed", "deleted"}
# What is kept of records; no texts.
KEPT = {
    *("id", "external_id", "requester_id", "status", "custom_fields", "satisfaction_rating"),
    *("created_at", "updated_at", "generated_timestamp"),
}
KEPT_OF_REQUESTER = {"id", "email", "external_id"}


def ticket_row(
    account: str,
    ticket: JsonObject,
    metrics: JsonObject | None,
    requester: JsonObject | None,
    settings: ZendeskSettings,
) -> Row:
    """A ticket, its metric set, and the user who asked for it. Raises Misshapen for a shape that is not known."""
    metrics, requester = metrics or {}, requester or {}
    return Row(
        "tickets",
        {
            "account_id": account,
            "platform": "zendesk",
            "ticket_id": ticket_id(ticket),
            "conversation_id": _field(ticket, settings.conversation_field),
            "profile_id": _field(requester, settings.profile_field) if settings.profile_field else None,
            "email": requester.get("email") or _sender(ticket),
            "status": ticket.get("status"),
            "created_at": ticket.get("created_at"),
            "first_human_reply_at": _first_reply(ticket, metrics),
            # a ticket that was opened again is not solved, whatever its metrics remember
            "solved_at": metrics.get("solved_at") if ticket.get("status") in OVER else None,
            "satisfaction": SCORES.get((ticket.get("satisfaction_rating") or {}).get("score") or ""),
            "updated_at": ticket.get("updated_at"),
        },
        {
            **{name: value for name, value in ticket.items() if name in KEPT},
            "metric_set": metrics or None,
            "requester": {name: value for name, value in requester.items() if name in KEPT_OF_REQUESTER} or None,
        },
    )


def ticket_id(ticket: JsonObject) -> str:
    """The id of a ticket. Raises Misshapen where there is none."""
    if not ticket.get("id"):
        raise Misshapen("it has no id")
    return str(ticket["id"])


def _first_reply(ticket: JsonObject, metrics: JsonObject) -> str | None:
    """The first public comment of an agent: minutes, for some channels seconds, after the ticket was made.

    The metric knows agents, not people: triggers and Zendesk's own bots do not count in it, a program that comments as
    an agent does.
    """
    created = _instant(ticket.get("created_at"))
    seconds = (metrics.get("reply_time_in_seconds") or {}).get("calendar")
    minutes = (metrics.get("reply_time_in_minutes") or {}).get("calendar")
    if created is None or (seconds is None and minutes is None):
        return None
    after = timedelta(seconds=float(seconds)) if seconds else timedelta(minutes=float(minutes or 0))
    return (created + after).astimezone(UTC).isoformat()


def _sender(ticket: JsonObject) -> object:
    """The address from which an email made the ticket."""
    with suppress(*UNEXPECTED):
        return ticket["via"]["source"]["from"]["address"] if ticket["via"]["channel"] == "email" else None
    return None


def _field(record: JsonObject, field: str) -> str | None:
    """The id in a field of a ticket (`custom_field:<id>`) or a user (`user_field:<key>`), or in one of that name."""
    name, _, key = field.partition(":")
    found = record.get(name)
    if name == "custom_field":
        fields = record.get("custom_fields") or ()
        found = next((one.get("value") for one in fields if str(one.get("id")) == key), None)
    if name == "user_field":
        found = (record.get("user_fields") or {}).get(key)
    return str(found).strip() or None if isinstance(found, str | int) and not isinstance(found, bool) else None


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None  # the landing contract says so of created_at
    return found if found.tzinfo else found.replace(tzinfo=UTC)
