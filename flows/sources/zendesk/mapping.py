"""From Zendesk's tickets to rows of the landing contract; pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.sources.api import JsonObject, Misshapen, Row

SCORES = {"good": "good", "good_with_comment": "good", "bad": "bad", "bad_with_comment": "bad"}
OVER = {"solved", "closed", "deleted"}


def ticket_row(account: str, ticket: JsonObject, metrics: JsonObject | None, conversation_field: str) -> Row:
    """A ticket and its metric set. Raises Misshapen for a shape that is not known."""
    metrics = metrics or {}
    return Row(
        "tickets",
        {
            "account_id": account,
            "platform": "zendesk",
            "ticket_id": ticket_id(ticket),
            "conversation_id": _conversation(ticket, conversation_field),
            "status": ticket.get("status"),
            "created_at": ticket.get("created_at"),
            "first_human_reply_at": _first_reply(ticket, metrics),
            # a ticket that was opened again is not solved, whatever its metrics remember
            "solved_at": metrics.get("solved_at") if ticket.get("status") in OVER else None,
            "satisfaction": SCORES.get((ticket.get("satisfaction_rating") or {}).get("score") or ""),
            "updated_at": ticket.get("updated_at"),
        },
        ticket if "metric_set" in ticket or not metrics else {**ticket, "metric_set": metrics},
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


def _conversation(ticket: JsonObject, field: str) -> str | None:
    name, _, number = field.partition(":")
    found = ticket.get(name)
    if name == "custom_field":
        fields = ticket.get("custom_fields") or ()
        found = next((one.get("value") for one in fields if str(one.get("id")) == number), None)
    return str(found).strip() or None if isinstance(found, str | int) and not isinstance(found, bool) else None


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None  # the landing contract says so of created_at
    return found if found.tzinfo else found.replace(tzinfo=UTC)
