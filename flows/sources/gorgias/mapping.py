"""From Gorgias's tickets, messages and surveys to rows of the landing contract; pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.sources.api import JsonObject, Misshapen, Part, Row
from flows.sources.gorgias.settings import GorgiasSettings

NO_PERSON = {"api", "rule", "self_service", "offline_capture"}  # ways by which programs write
SATISFACTION = {"1": "bad", "2": "bad", "4": "good", "5": "good"}  # 3 is neither
OPENING = timedelta(minutes=1)  # a ticket that an agent begins has its first message in this time
# Of a message; its texts are not needed.
KEPT = ("id", "ticket_id", "created_datetime", "sent_datetime", "channel", "via", "from_agent", "public", "rule_id")
# Of a ticket: no subject, no excerpt.
KEPT_OF_TICKET = (
    *("id", "external_id", "meta", "status", "from_agent", "satisfaction_survey"),
    *("created_datetime", "updated_datetime", "closed_datetime", "trashed_datetime"),
)
KEPT_OF_CUSTOMER = ("id", "email", "external_id")


def ticket_part(ticket: JsonObject) -> Part:
    """A ticket, as it was last changed."""
    customer = ticket.get("customer") or {}
    kept = {name: ticket[name] for name in KEPT_OF_TICKET if name in ticket}
    kept["customer"] = {name: customer[name] for name in KEPT_OF_CUSTOMER if name in customer} or None
    return Part(_of(ticket, "id"), "ticket", "", kept, _text(ticket.get("updated_datetime")))


def reply_parts(message: JsonObject, automatic_senders: Collection[str]) -> Iterator[Part]:
    """The message, if a person of the shop wrote it to the shopper."""
    if not _is_human_reply(message, automatic_senders):
        return
    kept = {name: message.get(name) for name in KEPT} | {"sender_id": (message.get("sender") or {}).get("id")}
    yield Part(_of(message, "ticket_id"), "reply", identifier(message, "id"), kept, _text(_sent(message)))


def survey_parts(survey: JsonObject) -> Iterator[Part]:
    """The survey, if it was answered."""
    if survey.get("score") is not None:
        yield Part(_of(survey, "ticket_id"), "survey", "", survey, _text(survey.get("scored_datetime")))


def ticket_rows(account: str, parts: Sequence[Part], settings: GorgiasSettings) -> Iterator[Row]:
    """A ticket from all that is known of it; nothing as long as the ticket itself is not."""
    ticket: JsonObject | None = next((part.record for part in parts if part.kind == "ticket"), None)
    if ticket is None:
        return
    survey = next((part.record for part in parts if part.kind == "survey"), ticket.get("satisfaction_survey")) or {}
    customer = ticket.get("customer") or {}
    reply = _first_reply(ticket, [part.record for part in parts if part.kind == "reply"])
    yield Row(
        "tickets",
        {
            "account_id": account,
            "platform": "gorgias",
            "ticket_id": identifier(ticket, "id"),
            "conversation_id": _conversation(ticket, settings.conversation_field),
            "profile_id": customer.get("external_id") if settings.profile_is_external_id else None,
            "email": customer.get("email"),
            "status": "trashed" if ticket.get("trashed_datetime") else ticket.get("status"),
            "created_at": ticket.get("created_datetime"),
            "first_human_reply_at": _sent(reply) if reply else None,
            "solved_at": ticket.get("closed_datetime") if ticket.get("status") == "closed" else None,
            "satisfaction": _satisfaction(survey.get("score")),
            "updated_at": ticket.get("updated_datetime"),
        },
        {"ticket": ticket, "first_human_reply": reply, "satisfaction_survey": survey or None},
    )


def instant(text: object) -> datetime | None:
    """A time; Gorgias writes UTC, with an offset or without."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def identifier(record: JsonObject, name: str) -> str:
    """An id as text. Raises Misshapen where there is none."""
    if not record.get(name):
        raise Misshapen(f"it has no {name}")
    return str(record[name])


def _is_human_reply(message: JsonObject, automatic_senders: Collection[str]) -> bool:
    """Rules, flows and programs write as the shop, too, and notes are for agents only."""
    email = str((message.get("sender") or {}).get("email") or "").lower()
    return (
        message.get("from_agent") is True
        and message.get("public") is not False
        and "internal-note" not in {message.get("channel"), (message.get("source") or {}).get("type")}
        and message.get("rule_id") is None
        and message.get("via") not in NO_PERSON
        and not email.startswith("bot@")  # Gorgias's own
        and email not in automatic_senders
        and not message.get("failed_datetime")
    )


def _first_reply(ticket: JsonObject, replies: Sequence[JsonObject]) -> JsonObject | None:
    """The earliest reply; with what an agent began the ticket is none."""
    created = instant(ticket.get("created_datetime"))
    timed = [(at, reply) for reply in replies if (at := instant(_sent(reply)))]
    if ticket.get("from_agent") is True and created is not None:
        timed = [(at, reply) for at, reply in timed if at > created + OPENING]
    return min(timed, key=lambda one: one[0])[1] if timed else None


def _sent(message: JsonObject) -> Any:
    return message.get("sent_datetime") or message.get("created_datetime")


def _satisfaction(score: object) -> str | None:
    return SATISFACTION.get(str(score))


def _conversation(ticket: JsonObject, field: str) -> str | None:
    name, _, key = field.partition(":")
    found = ticket.get(name)
    if name == "meta":
        found = found.get(key) if isinstance(found, dict) else None
    return str(found).strip() or None if isinstance(found, str | int) and not isinstance(found, bool) else None


def _of(record: JsonObject, name: str) -> str:
    return f"gorgias:{identifier(record, name)}"


def _text(at: object) -> str | None:
    found = instant(at)
    return found.isoformat() if found else None
