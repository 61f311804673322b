"""What is read of Chatwoot's answers: Conversations, Messages and Reporting Events of its API reference.

Servers are of many versions: names stand here that only some of them have.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from flows.sources.api import Flag, Id, Instant, Listed, Loosely, Record, Text, Whole

INCOMING, ACTIVITY, AUTOMATIC = {"0", "incoming"}, {"2", "activity"}, {"3", "template"}  # 1 is outgoing


class Named(Record):
    """Anything with an id."""

    id: Id


class Activity(Record):
    """When something last happened in a conversation: what the list is ordered by."""

    last_activity_at: Instant = None
    timestamp: Instant = None

    @property
    def active(self) -> str | None:
        return self.last_activity_at or self.timestamp


class Contact(Record):
    id: Loosely[Text] = None
    name: Loosely[Text] = None
    email: Loosely[Text] = None
    phone_number: Loosely[Text] = None

    not_read = """
        additional_attributes availability_status identifier thumbnail custom_attributes blocked last_activity_at
        created_at updated_at contact_inboxes type channel company_id
        """


class Meta(Record):
    sender: Loosely[Contact] = None
    channel: Loosely[Text] = None

    not_read = "assignee assignee_type team hmac_verified"


class Conversation(Activity):
    """A conversation of the list."""

    id: Id
    status: Loosely[Text] = None
    created_at: Instant = None
    meta: Loosely[Meta] = Field(default=None, exclude=True)  # its part in the lake has it as `KnownConversation`

    not_read = """
        messages account_id inbox_id uuid additional_attributes agent_last_seen_at assignee_last_seen_at can_reply
        contact_last_seen_at custom_attributes labels muted snoozed_until updated_at first_reply_created_at
        unread_count last_non_activity_message priority waiting_since sla_policy_id applied_sla sla_events
        display_id contact_inbox contact_id assignee_id team_id campaign_id
        """


class KnownConversation(Activity):
    """A conversation as its part in the lake has it."""

    id: Id
    status: Loosely[Text] = None
    created_at: Instant = None
    channel: Loosely[Text] = None
    contact: Loosely[Contact] = None


class SurveyAnswer(Record):
    rating: Loosely[Whole] = None

    not_read = "feedback_message"


class SubmittedValues(Record):
    """What a shopper answered to a message: of a survey one object, of a form a list of which nothing is read."""

    csat_survey_response: Loosely[SurveyAnswer] = None

    is_open = True


class ContentAttributes(Record):
    submitted_values: Loosely[Listed[SubmittedValues]] = None

    is_open = True


class Sender(Record):
    type: Loosely[Text] = None

    not_read = """
        id name available_name avatar_url thumbnail email phone_number identifier availability_status blocked
        description additional_attributes custom_attributes created_at updated_at account_id role confirmed
        auto_offline custom_role_id
        """


class MessageKind(Record):
    """What says whether the other side could read a message."""

    message_type: Text = None
    private: Flag = False

    @property
    def is_message(self) -> bool:
        """Notes, and what Chatwoot writes down about itself, are none."""
        return not self.private and (self.message_type or "") not in ACTIVITY


class Message(MessageKind):
    id: Id
    content: Text = None
    content_attributes: Loosely[ContentAttributes] = None
    created_at: Instant = None
    sender_type: Loosely[Text] = None
    sender: Loosely[Sender] = None

    not_read = """
        account_id inbox_id conversation_id content_type status source_id updated_at sender_id external_source_ids
        additional_attributes processed_message_content sentiment conversation attachment attachments echo_id
        client_message_id call contact
        """

    @property
    def rating(self) -> int | None:
        """The answer to Chatwoot's survey, from 1 to 5."""
        answers = (self.content_attributes and self.content_attributes.submitted_values) or ()
        found = [one.csat_survey_response.rating for one in answers if one.csat_survey_response]
        return next((one for one in found if one is not None and 1 <= one <= 5), None)


class Event(Record):
    id: Id
    name: Text = None
    conversation_id: Text = None
    user_id: Loosely[Text] = None
    event_end_time: Instant = None
    created_at: Instant = None

    not_read = "value value_in_business_hours event_start_time account_id inbox_id updated_at"

    @property
    def ended(self) -> str | None:
        return self.event_end_time or self.created_at


class Page(Record):
    """Messages, or events."""

    payload: Listed[Any]

    not_read = "meta"


class ConversationPage(Record):
    data: Page
