"""What is read of Intercom's answers: Conversations, Contacts and AI Agent of its API reference, 2.7 to 2.16."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from flows.sources.api import Id, Instant, Listed, Loosely, Record, Text, Whole

WRITTEN = {"comment", "quick_reply"}  # messages even without a text; others are messages where they have one


class ListOf(Record):
    """One of Intercom's lists, as its first field, also where there is a list alone, one record alone, or nothing."""

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, value: Any) -> Any:
        name = next(iter(cls.model_fields))
        is_list = isinstance(value, Mapping) and (name in value or str(value.get("type")).endswith("list"))
        return value if is_list else {name: value}


class Author(Record):
    type: Loosely[Text] = None
    id: Loosely[Text] = None
    from_ai_agent: Loosely[bool] = None
    is_ai_answer: Loosely[bool] = None

    not_read = "name email"


class Source(Record):
    """What opened the conversation; a text that is none refuses this message alone."""

    type: Loosely[Text] = None
    subject: Any = None
    body: Any = None
    author: Loosely[Author] = None
    attachments: Any = Field(default=None, exclude=True)

    not_read = "id delivered_as recipients reply_to url redacted email_message_metadata"


class Reference(Record):
    """Whom a conversation is assigned to, or who takes part in it."""

    type: Loosely[Text] = None
    id: Loosely[Text] = None

    not_read = "external_id"


class Contacts(ListOf):
    contacts: Listed[Loosely[Reference]] = ()

    not_read = "type"


class Channel(Record):
    initial: Loosely[Text] = None

    not_read = "current"


class Statistics(Record):
    last_close_at: Loosely[Instant] = None
    count_conversation_parts: Loosely[Whole] = None

    not_read = """
        type adjusted_handling_time assigned_team_first_response_time
        assigned_team_first_response_time_in_office_hours count_assignments count_reopens first_admin_reply_at
        first_assignment_at first_close_at first_contact_reply_at handling_time last_admin_reply_at
        last_assignment_admin_reply_at last_assignment_at last_closed_by_id last_contact_reply_at
        median_time_to_reply time_to_admin_reply time_to_assignment time_to_first_close time_to_last_close
        """


class ConversationRating(Record):
    rating: Loosely[Whole] = None

    not_read = "remark created_at updated_at contact teammate"


class ContentSource(Record):
    content_type: Loosely[Text] = None
    url: Text = None
    title: Loosely[Text] = None

    not_read = "locale"


class ContentSources(ListOf):
    content_sources: Listed[Any] = ()

    not_read = "type total_count"


class AiAgent(Record):
    resolution_state: Loosely[Text] = None
    rating: Loosely[Whole] = None
    content_sources: ContentSources = Field(default=ContentSources(), exclude=True)  # rows of their own

    not_read = "source_type source_title last_answer_type rating_remark created_at updated_at"


class PartKind(Record):
    """What says whether the other side could read a part."""

    part_type: Text = None
    body: Any = None

    @property
    def is_message(self) -> bool:
        kind = self.part_type or ""
        return "note" not in kind and (kind in WRITTEN or bool(self.body))


class ConversationPart(PartKind):
    id: Id
    body: Text = None
    created_at: Instant = None
    updated_at: Instant = None
    assigned_to: Loosely[Reference] = None
    author: Loosely[Author] = None

    not_read = """
        type notified_at attachments external_id redacted email_message_metadata metadata state tags event_details
        app_package_code seen_state external_reply_send_state translations
        """


class ConversationParts(ListOf):
    conversation_parts: Listed[Any] = ()
    total_count: Loosely[Whole] = None

    not_read = "type"


class Conversation(Record):
    id: Id
    created_at: Instant = None
    updated_at: Instant = None
    state: Loosely[Text] = None
    channel: Loosely[Channel] = None
    source: Loosely[Source] = Field(default=None, exclude=True)  # a row of its own, as the parts are
    contacts: Contacts = Contacts()
    statistics: Loosely[Statistics] = None
    conversation_rating: Loosely[ConversationRating] = None
    ai_agent: Loosely[AiAgent] = None
    conversation_parts: ConversationParts = Field(default=ConversationParts(), exclude=True)

    not_read = """
        type title waiting_since snoozed_until open read priority admin_assignee_id team_assignee_id company tags
        teammates custom_attributes first_contact_reply sla_applied linked_objects ai_agent_participated
        sales_agent_participated sales_agent external_references monitor_evaluations scorecards ai_topics topics
        ticket
        """

    @property
    def part_count(self) -> int | None:
        """How many parts it has by its own counter, None where it has none."""
        count = self.conversation_parts.total_count
        return self.statistics.count_conversation_parts if count is None and self.statistics else count


class Found(Record):
    """A conversation of a search, which has no parts: it is asked for by its id."""

    id: Id


class Contact(Record):
    id: Id
    email: Loosely[Text] = None
    phone: Loosely[Text] = None
    name: Loosely[Text] = None
    updated_at: Instant = None

    not_read = """
        type role external_id workspace_id email_domain formatted_phone owner_id has_hard_bounced
        marked_email_as_spam unsubscribed_from_emails created_at signed_up_at last_seen_at last_replied_at
        last_contacted_at last_email_opened_at last_email_clicked_at language_override browser browser_version
        browser_language os android_app_name android_app_version android_device android_os_version
        android_sdk_version android_last_seen_at ios_app_name ios_app_version ios_device ios_os_version
        ios_sdk_version ios_last_seen_at custom_attributes avatar tags notes companies location social_profiles
        merge_history enabled_push_messaging opted_in_subscription_types opted_out_subscription_types referrer
        utm_campaign utm_content utm_medium utm_source utm_term
        """


class NextPage(Record):
    starting_after: Text = None

    not_read = "page per_page"


class Pages(Record):
    next: Loosely[NextPage] = None

    not_read = "type page per_page total_pages"


class ConversationList(Record):
    """A page of the search of conversations."""

    conversations: Listed[Any]
    total_count: Loosely[Whole] = None
    pages: Loosely[Pages] = None

    not_read = "type"


class ContactList(ListOf):
    data: Listed[Any] = ()

    not_read = "type total_count pages"
