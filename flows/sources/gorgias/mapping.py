"""From Gorgias's tickets, messages and surveys to rows of the landing contract; pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from flows.sources.api import Misshapen, Part, Row
from flows.sources.api.rows import text_of
from flows.sources.gorgias.records import Message, SentSurvey, Survey, Ticket
from flows.sources.gorgias.settings import GorgiasSettings
from flows.sources.ours import conversation_of

NO_PERSON = {"api", "rule", "self_service", "offline_capture"}  # ways by which programs write
SATISFACTION = {"1": "bad", "2": "bad", "4": "good", "5": "good"}  # 3 is neither
OPENING = timedelta(minutes=1)  # a ticket that an agent begins has its first message in this time


def ticket_part(ticket: Ticket) -> Part:
    """A ticket, as it was last changed."""
    return Part(_of(ticket.id), "ticket", "", ticket.kept(), ticket.updated_datetime)


def reply_parts(message: Message, automatic_senders: Collection[str]) -> Iterator[Part]:
    """The message, if a person of the shop wrote it to the shopper."""
    if _is_human_reply(message, automatic_senders):
        yield Part(_of(message.ticket_id), "reply", message.id, message.kept(), message.sent_at)


def survey_parts(survey: SentSurvey) -> Iterator[Part]:
    """The survey, if it was answered."""
    if survey.score is not None:
        yield Part(_of(survey.ticket_id), "survey", "", survey.kept(), survey.scored_datetime)


def ticket_rows(account: str, parts: Sequence[Part], settings: GorgiasSettings) -> Iterator[Row]:
    """A ticket from all that is known of it; nothing as long as the ticket itself is not."""
    # What was kept was told of when it was read first.
    ticket = next((Ticket.model_validate(part.record) for part in parts if part.kind == "ticket"), None)
    if ticket is None:
        return
    surveys = (Survey.model_validate(part.record) for part in parts if part.kind == "survey")
    survey = next(surveys, ticket.satisfaction_survey)
    reply = _first_reply(ticket, [Message.model_validate(part.record) for part in parts if part.kind == "reply"])
    customer = ticket.customer
    yield Row(
        "tickets",
        {
            "account_id": account,
            "platform": "gorgias",
            "ticket_id": ticket.id,
            "conversation_id": _conversation(account, ticket, settings.conversation_field),
            "profile_id": customer.external_id if customer and settings.profile_is_external_id else None,
            "email": customer.email if customer else None,
            "status": "trashed" if ticket.trashed_datetime else ticket.status,
            "created_at": ticket.created_datetime,
            "first_human_reply_at": reply.sent_at if reply else None,
            "solved_at": ticket.closed_datetime if ticket.status == "closed" else None,
            "satisfaction": SATISFACTION.get((survey.score if survey else None) or ""),
            "updated_at": ticket.updated_datetime,
        },
        {
            "ticket": ticket.kept(),
            "first_human_reply": reply.kept() if reply else None,
            "satisfaction_survey": survey.kept() if survey else None,
        },
    )


def _is_human_reply(message: Message, automatic_senders: Collection[str]) -> bool:
    """Rules, flows and programs write as the shop, too, and notes are for agents only."""
    email = ((message.sender.email if message.sender else None) or "").lower()
    return (
        message.from_agent is True
        and message.public is not False
        and "internal-note" not in {message.channel, message.source.type if message.source else None}
        and message.rule_id is None
        and message.via not in NO_PERSON
        and not email.startswith("bot@")  # Gorgias's own
        and email not in automatic_senders
        and not message.failed_datetime
    )


def _first_reply(ticket: Ticket, replies: Sequence[Message]) -> Message | None:
    """The earliest reply; with what an agent began the ticket is none."""
    timed = [(datetime.fromisoformat(reply.sent_at), reply) for reply in replies if reply.sent_at]
    if ticket.from_agent and ticket.created_datetime:
        began = datetime.fromisoformat(ticket.created_datetime) + OPENING
        timed = [(at, reply) for at, reply in timed if at > began]
    return min(timed, key=lambda one: one[0])[1] if timed else None


def _conversation(account: str, ticket: Ticket, field: str) -> str | None:
    """What the field says, and of a ticket that we made what its external id says."""
    name, _, key = field.partition(":")
    ours = conversation_of(ticket.external_id, account)
    if ours and name != "meta":
        return ours
    with suppress(Misshapen):  # another thing than an id names no conversation
        return (text_of((ticket.meta or {}).get(key) if name == "meta" else ticket.external_id) or "").strip() or ours
    return ours


def _of(ticket_id: str) -> str:
    return f"gorgias:{ticket_id}"
