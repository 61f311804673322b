"""What is read of Gorgias's answers: Ticket, TicketMessage and SatisfactionSurvey of its reference pages."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from flows.sources.api import Id, Instant, Listed, Loosely, Record, Text


class Survey(Record):
    """A survey, as a ticket brings it."""

    score: Loosely[Text] = None
    scored_datetime: Loosely[Instant] = None

    not_read = "body_text created_datetime customer_id id meta sent_datetime should_send_datetime ticket_id uri"


class SentSurvey(Survey):
    """A survey of the list of surveys."""

    ticket_id: Id


class Customer(Record):
    id: Text = None
    email: Text = None
    external_id: Text = None

    not_read = """
        active channels created_datetime custom_fields customer data firstname integrations language lastname meta name
        note timezone updated_datetime uri
        """


class Ticket(Record):
    id: Id
    external_id: Loosely[Text] = None
    status: Text = None
    from_agent: Loosely[bool] = None
    customer: Loosely[Customer] = None
    satisfaction_survey: Loosely[Survey] = None
    meta: Loosely[dict[str, Any]] = None
    created_datetime: Instant = None
    updated_datetime: Instant = None
    closed_datetime: Instant = None
    trashed_datetime: Text = None

    not_read = """
        account assignee_team assignee_team_id assignee_user assignee_user_id channel custom_fields events excerpt
        first_message integrations is_unread language last_message last_message_datetime last_received_message_datetime
        last_sent_message_not_delivered messages messages_count opened_datetime priority reply_options snooze_datetime
        spam subject summary tags uri via
        """


class Sender(Record):
    id: Text = None
    email: Text = Field(default=None, exclude=True)  # tells whether a program writes, and is of no other use

    not_read = "bio customer external_id firstname lastname meta name"


class Origin(Record):
    type: Text = None

    not_read = "bcc cc extra from to"


class Message(Record):
    id: Id
    ticket_id: Id
    channel: Text = None
    via: Text = None
    from_agent: bool | None = None
    public: bool | None = None
    rule_id: Text = None
    sender: Loosely[Sender] = None
    source: Loosely[Origin] = None
    created_datetime: Loosely[Instant] = None
    sent_datetime: Loosely[Instant] = None
    failed_datetime: Text = None

    not_read = """
        actions attachments auth_customer_identity body_html body_text deleted_datetime external_id headers imported
        integration_id intents is_retriable last_sending_error macros mention_ids message_id meta opened_datetime
        processed_datetime receiver replied_by replied_to sentiments stripped_html stripped_signature stripped_text
        subject text uri
        """

    @property
    def sent_at(self) -> str | None:
        """When it was sent; of one that was not imported, when it was written."""
        return self.sent_datetime or self.created_datetime


class Stamps(Record):
    """By which lists are ordered."""

    created_datetime: Loosely[Instant] = None
    updated_datetime: Loosely[Instant] = None


class Meta(Record):
    next_cursor: Text = None

    not_read = "prev_cursor total_resources"


class Page(Record):
    """A page of a list; surveys may come as a list alone."""

    data: Listed[Any]
    meta: Loosely[Meta] = None

    not_read = "object uri"

    @model_validator(mode="before")
    @classmethod
    def _is_list_alone(cls, answer: Any) -> Any:
        return {"data": answer} if isinstance(answer, list) else answer
